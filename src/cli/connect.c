/* cli/connect.c */
