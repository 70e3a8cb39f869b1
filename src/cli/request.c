/* cli/request.c */
