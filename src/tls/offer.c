/* tls/offer.c */
