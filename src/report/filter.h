/* Display filters (fede-filter(7)): tests of the fields of one line of a story, joined by and, or, not and brackets. */
#ifndef REPORT_FILTER_H
#define REPORT_FILTER_H

#include <jansson.h>
#include <stdbool.h>

#include "base/text.h"

struct filter;

/* NULL when the text is no filter: why says what is wrong, and in which column. */
struct filter *filter_new(const char *text, struct text *why);
/* Is it one? */
bool filter_check(const char *text, struct text *why);
bool filter_true(struct filter *f, const json_t *line);
/* The first path in it that no line so far has had; NULL: none. */
const char *filter_unmet(const struct filter *f);
void filter_free(struct filter *f);

#endif
