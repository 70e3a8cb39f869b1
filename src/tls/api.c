/* tls/api.c */
