/* tls/handlers.c */
