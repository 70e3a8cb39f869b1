/* wire/auth.c */
