/* keys/keylog.c */
