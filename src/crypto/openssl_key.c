/* crypto/openssl_key.c */
