/* crypto/suites.c */
