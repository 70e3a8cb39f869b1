/* wire/wire.c */
