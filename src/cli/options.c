/* cli/options.c */
