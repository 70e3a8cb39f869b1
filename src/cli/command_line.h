/* The command line in words: for reports that others read. */
#ifndef CLI_COMMAND_LINE_H
#define CLI_COMMAND_LINE_H

#include "cli/options.h"

/* "fede connect --cacert ca.pem https://localhost/"; the values of options that may hold passwords are left out. To be called
   before options_parse, which moves the words. */
void command_line(struct text *out, const struct command *command, int argc, char **argv);

#endif
