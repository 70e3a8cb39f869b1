/* explain/annotate.c */
