/* wire/exchange12.c */
