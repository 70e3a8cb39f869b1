/* What the files of `fede lab` share: lab.c holds the options, lab_up.c the servers, lab_files.c their certificates, lab_play.h
   says what plays cases in one process. */
#ifndef CLI_LAB_H
#define CLI_LAB_H

#include "cli/options.h"
#include "cli/output.h"

#define LAB_NAME "www.fede.test"

enum { LAB_PATH = 4096, LAB_BASE = 8440 };

struct lab_settings {
    struct story story;
    const char *folder, *report; /* NULL: not given */
    long base;
    bool privileged, diagram;
    char command[4096]; /* for pages */
};

/* lab_up.c */
int lab_up(const struct lab_settings *s, struct text *why);
int lab_down(const struct lab_settings *s, struct text *why);
void lab_list_servers(const struct lab_settings *s, FILE *out);

/* lab_play.c: plays a case, or prints a lesson; lab_cases.c: names them */
int lab_run_case(const struct lab_settings *s, const char *name, struct text *why);
void lab_list_cases(FILE *out);

/* lab_files.c: makes the CAs, certificates, staple and ticket key in an empty folder. */
bool lab_files(const char *folder, struct text *why);
/* Takes away what was made in a folder, and the folder. */
void lab_files_remove(const char *folder);
bool lab_path(char out[LAB_PATH], const char *folder, const char *name, struct text *why);

#endif
