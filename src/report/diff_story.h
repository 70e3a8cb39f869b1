/* One connection's story out of a file, for comparing. */
#ifndef REPORT_DIFF_STORY_H
#define REPORT_DIFF_STORY_H

#include <jansson.h>

#include "base/text.h"
#include "report/diff.h"

/* The story as an object; NULL: *outcome and why say why not. */
json_t *diff_story(const struct diff_request *request, const struct diff_side *side, enum diff_outcome *outcome,
                   struct text *why);

#endif
