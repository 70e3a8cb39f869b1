/* io/stream.c */
