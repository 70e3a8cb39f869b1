/* x509/verify.c */
