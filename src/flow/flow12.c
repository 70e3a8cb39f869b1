/* flow/flow12.c */
