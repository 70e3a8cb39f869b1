/* Commands and their options, as data: one table drives the parser, --help, --list-options (completions) and the manual's check. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/text.h"
#include "fede/types.h"

/* Exit codes, the same for every command. */
enum {
    EXIT_DONE = 0,
    EXIT_INTERNAL = 1,
    EXIT_USAGE = 2,
    EXIT_INPUT = 3,
    EXIT_NAME = 4,
    EXIT_TCP = 5,
    EXIT_TLS = 6,
    EXIT_CERTIFICATE = 7,
    EXIT_HTTP = 8,
    EXIT_NOTHING = 9,
    EXIT_FINDINGS = 10,
    EXIT_PERMISSION = 11,
    EXIT_CONTRADICTION = 12,
    EXIT_INCOMPLETE = 13,
    EXIT_TIME = 28,
    EXIT_SIGNAL = 130
};

/* What an exit code means, in a few words; never NULL. */
const char *exit_meaning(int code);

/* One option. Rows with the same key are synonyms. */
struct option_row {
    const char *name;     /* long form without dashes */
    char letter;          /* short form, 0: none */
    int key;              /* what it means to the command, from 1; from 1000 on: common to all commands */
    const char *argument; /* NULL: takes none; "FILE", "SECONDS" …: takes one; "[=FORM]": may have one, after '=' */
    const char *group;    /* heading in --help; NULL: that of the row above */
    const char *help;     /* one sentence */
    const char *refusal;  /* not NULL: the option is known but can't be used yet, and why; not shown in --help */
};

struct command {
    const char *name;
    const char *synopsis; /* "URL | HOST[:PORT]" */
    const char *summary;  /* one sentence */
    const char *examples; /* whole lines */
    const char *notes;    /* whole lines at the end of --help, or NULL */
    const struct option_row *options;
    size_t n_options;
    /* Handles one option; on failure says why in *why and returns false. */
    bool (*take)(void *settings, const struct option_row *row, const char *value, struct text *why);
    /* Does the work; argv[0] is the command's name. Returns the exit code. */
    int (*run)(int argc, char **argv);
};

/* Reads argv: calls command->take for each option (story_option in cli/output.h handles the common ones), prints help when
   asked, and moves the operands to the front of argv from index 1, their number in *n_operands. Returns -1 to go on, else the exit code. */
int options_parse(const struct command *command, void *settings, int argc, char **argv, int *n_operands);

/* Options that every command has: --help, -v, -q, --color, --json … with keys from 1000. */
enum {
    OPTION_HELP = 1000,
    OPTION_QUIET,
    OPTION_VERBOSE,
    OPTION_COLOUR,
    OPTION_LANG,
    OPTION_WIDTH,
    OPTION_JSON,
    OPTION_TRACE_TIME,
    OPTION_STDERR,
    OPTION_SHOW_SECRETS
};

extern const struct option_row common_options[];
extern const size_t n_common_options;

/* A usage mistake: prints it, where help is, and the exit line. Returns EXIT_USAGE. */
int usage_error(const struct command *command, const char *message);
/* A file that was to be written can't be: the same exit code for every command and option. */
int unwritten(const struct command *command, const char *message);

/* Values. Each says what is wrong in *why and returns false when value is not of the kind. */
bool value_number(const char *value, long lowest, long highest, long *out, struct text *why);
/* Decimal seconds to milliseconds: "2.5" is 2500. At least 1 ms, at most 10 years. */
bool value_seconds(const char *value, unsigned long *ms, struct text *why);
/* Seconds since 1970, or 2026-05-01, or 2026-05-01T12:00:00Z. */
bool value_time(const char *value, int64_t *out, struct text *why);
/* A colon- or comma-separated list of names; look_up is fede_suite_by_name and the like. At most size ids. */
bool value_code_points(const char *value, const char *kind, bool (*look_up)(const char *name, uint16_t *id), uint16_t *ids,
                       size_t size, size_t *n, struct text *why);
/* The whole of a file ("-": stdin), at most `most` bytes; with a NUL behind it. The caller frees with free(). */
char *value_file(const char *path, size_t most, size_t *len, struct text *why);

/* Help output used by main: the rows of one command, a topic. */
void help_command(const struct command *command);
void help_list_options(const struct command *command);
bool help_topic(const char *topic); /* false: no such topic */
const char *help_topics(void);      /* "times, ciphers, …" */

extern const struct command connect_command; /* connect.c */
extern const struct command serve_command;   /* serve.c */
extern const struct command explain_command; /* explain.c */
extern const struct command derive_command;  /* derive.c */
extern const struct command capture_command; /* capture.c */
extern const struct command diff_command;    /* diff.c */
extern const struct command keylog_command;  /* keylog.c */
extern const struct command lookup_command;  /* lookup.c */
extern const struct command cert_command;    /* cert.c */
extern const struct command ca_command;      /* ca.c */
extern const struct command lab_command;     /* lab.c */

/* Nearest of the names by edit distance, NULL when none is near. */
const char *nearest(const char *word, const char *const *names, size_t n);

#endif
