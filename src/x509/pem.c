/* x509/pem.c */
