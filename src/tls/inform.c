/* tls/inform.c */
