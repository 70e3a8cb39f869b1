/* report/text.c */
