/* base/error.c */
