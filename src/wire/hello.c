/* wire/hello.c */
