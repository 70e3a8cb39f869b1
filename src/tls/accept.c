/* tls/accept.c */
