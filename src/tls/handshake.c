/* tls/handshake.c */
