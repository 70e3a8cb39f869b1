/* cli/respond2.c */
