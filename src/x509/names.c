/* x509/names.c */
