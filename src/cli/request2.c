/* cli/http2.c */
