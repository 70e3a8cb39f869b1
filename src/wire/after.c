/* wire/after.c */
