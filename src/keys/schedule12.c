/* keys/schedule12.c */
