/* tls/policy.c */
