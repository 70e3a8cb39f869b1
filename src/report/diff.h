/* Two connections side by side: what each offered, chose, said and proved, and where they differ. */
#ifndef REPORT_DIFF_H
#define REPORT_DIFF_H

#include "report/live.h"

struct diff_side {
    const char *path;    /* a capture, or a story saved as JSON */
    unsigned connection; /* which one in it, from 1 */
};

struct diff_request {
    struct diff_side sides[2];
    const char *const *keylogs; /* for captures */
    size_t n_keylogs;
    struct report_options report;
    const char *command;        /* for messages on standard error: "fede diff" */
};

enum diff_outcome {
    DIFF_EQUAL,
    DIFF_DIFFERENT,
    DIFF_FAILED,     /* no memory, or the output can't be written */
    DIFF_UNREADABLE, /* neither a capture nor a story */
    DIFF_NOTHING     /* no such connection in it */
};

/* why: what the outcome means here, one line. */
enum diff_outcome diff_tell(const struct diff_request *request, char *why, size_t size);

#endif
