/* Stories that were saved (--json, --json=lines), told again: as a page, as lines, as rows of fields, through a filter. */
#ifndef REPORT_SAVED_H
#define REPORT_SAVED_H

#include "report/onlooker.h"

/* Does the file begin as a story does? */
bool saved_is(const char *path);
/* Tells the first of the request's files. Text can't be made of it: that is ONLOOKER_UNREADABLE, and why says so. */
enum onlooker_outcome saved_tell(const struct onlooker_request *request, char *why, size_t size);

#endif
