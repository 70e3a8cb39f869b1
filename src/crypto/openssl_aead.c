/* crypto/openssl_aead.c */
