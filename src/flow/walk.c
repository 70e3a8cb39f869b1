/* flow/walk.c */
