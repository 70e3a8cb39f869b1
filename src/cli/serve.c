/* cli/serve.c */
