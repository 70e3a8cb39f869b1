/* Files that come into being whole or not at all, readable by their owner alone, and over nothing that exists unless asked. */
#ifndef CLI_NEW_FILE_H
#define CLI_NEW_FILE_H

#include <stdio.h>

#include "base/text.h"

struct new_file {
    FILE *out;
    const char *path;  /* NULL or "-": standard output */
    char made[4096];   /* what is written to until all is well */
    bool replaces;
};

/* False: why says what is in the way. */
bool new_file_open(struct new_file *f, const char *path, bool overwrite, struct text *why);
/* keep: it is as it should be; otherwise nothing of it stays. False: it could not be written whole. */
bool new_file_close(struct new_file *f, bool keep, struct text *why);

#endif
