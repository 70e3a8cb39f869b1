/* x509/path.c */
