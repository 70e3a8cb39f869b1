/* wire/extensions.c */
