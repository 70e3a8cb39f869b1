/* crypto/openssl_hash.c */
