/* cli/resolve.c */
