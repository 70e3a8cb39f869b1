/* record/fragment.c */
