/* x509/anchors.c */
