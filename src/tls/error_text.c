/* tls/error_text.c */
