/* base/memory.c */
