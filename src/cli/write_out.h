/* --write-out: variables of a finished run, as in curl. */
#ifndef CLI_WRITE_OUT_H
#define CLI_WRITE_OUT_H

#include <stdbool.h>
#include <stdio.h>

struct client;

/* Prints format with %{name}, %%, \n, \t, \r replaced. */
void write_out(FILE *out, const char *format, const struct client *client);
/* false: names a variable that does not exist; its name is in *name (len *len). */
bool write_out_check(const char *format, const char **name, size_t *len);
void write_out_help(void);

#endif
