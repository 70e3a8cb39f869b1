/* crypto/openssl_start.c */
