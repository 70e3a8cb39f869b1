/* tls/credential.c */
