/* crypto/openssl_share.c */
