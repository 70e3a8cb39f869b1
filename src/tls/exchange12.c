/* tls/exchange12.c */
