/* record/protect.c */
