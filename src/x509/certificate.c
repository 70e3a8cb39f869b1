/* x509/certificate.c */
