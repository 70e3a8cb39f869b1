/* record/frame.c */
