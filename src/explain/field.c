/* explain/field.c */
