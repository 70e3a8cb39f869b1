/* report/live.c */
