/* cli/respond1.c */
