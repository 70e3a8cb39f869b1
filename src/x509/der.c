/* x509/der.c */
