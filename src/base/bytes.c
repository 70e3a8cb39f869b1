/* base/bytes.c */
