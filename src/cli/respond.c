/* cli/respond.c */
