/* base/text.c */
