/* cli/http1.c */
