/* tls/config.c */
