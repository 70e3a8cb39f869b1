/* tls/authenticate.c */
