/* wire/names.c */
