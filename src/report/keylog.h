/* Key logs checked, put together, put into captures and taken out of them. */
#ifndef REPORT_KEYLOG_H
#define REPORT_KEYLOG_H

#include "report/live.h"

struct keylog_request {
    const char *const *files;    /* key logs; captures stand for the secrets blocks in them; "-" is standard input */
    size_t n_files;
    const char *const *captures; /* check: what the lines are to fit. inject, strip: the one to copy */
    size_t n_captures;
    bool all;                    /* inject: lines that fit no connection too */
    bool only_blocks;            /* merge: files are captures, and nothing else will do */
    struct report_options report; /* check */
    const char *command;         /* for messages on standard error: "fede keylog merge" */
};

enum keylog_outcome {
    KEYLOG_DONE,
    KEYLOG_FAILED,     /* no memory, or the output can't be written */
    KEYLOG_UNREADABLE, /* a file can't be opened, or is not what it should be */
    KEYLOG_NOTHING,    /* no entry; none that fits; no block */
    KEYLOG_FINDINGS,   /* lines are wrong */
    KEYLOG_INCOMPLETE  /* connections that no line opens; a capture that is cut */
};

/* why: what the outcome means here, one line. */
enum keylog_outcome keylog_check(const struct keylog_request *request, char *why, size_t size);
/* Each entry once, in the order of the files. */
enum keylog_outcome keylog_merge(const struct keylog_request *request, FILE *out, char *why, size_t size);
/* The capture with the lines that fit its connections. */
enum keylog_outcome keylog_inject(const struct keylog_request *request, FILE *out, char *why, size_t size);
enum keylog_outcome keylog_strip(const struct keylog_request *request, FILE *out, char *why, size_t size);

#endif
