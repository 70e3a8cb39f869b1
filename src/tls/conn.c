/* tls/conn.c */
