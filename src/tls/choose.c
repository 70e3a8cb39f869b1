/* tls/choose.c */
