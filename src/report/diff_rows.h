/* What of a story is compared, one row each. */
#ifndef REPORT_DIFF_ROWS_H
#define REPORT_DIFF_ROWS_H

#include <jansson.h>

#include "base/text.h"

enum { DIFF_VALUE_MOST = 1200 };

struct diff_row {
    const char *group, *label;
    bool counts; /* a difference here makes the connections different; otherwise it is only told: times, sizes */
    void (*say)(const json_t *story, const struct diff_row *row, struct text *out); /* nothing: it has no such thing */
    const char *arg;
};
extern const struct diff_row diff_rows[];
extern const size_t n_diff_rows;

/* A list of both, told as what only one has, or as another order. Each side's own words; empty when both have the same. */
struct diff_list {
    const char *group, *label;
    /* The n-th entry in words; false: there is none. */
    bool (*entry)(const json_t *story, const char *arg, size_t n, struct text *out);
    const char *arg;
    bool ordered;
    const char *always; /* NULL, or what a story has that knows of the list: lines don't have everything */
};
extern const struct diff_list diff_lists[];
extern const size_t n_diff_lists;

/* A message as it stands in the course: who says what, and how; false: there is none. */
bool diff_message(const json_t *story, size_t n, struct text *out, uint64_t *length);

#endif
