/* report/json.c */
