/* Key sources of a request that are no key logs. */
#ifndef REPORT_ONLOOKER_KEYS_H
#define REPORT_ONLOOKER_KEYS_H

#include "explain/secrets.h"
#include "report/onlooker.h"

/* False: *where (a file, an option) could not be used because of *trouble. */
bool onlooker_keys(const struct onlooker_request *request, struct secrets *secrets, const char **where,
                   const char **trouble);

#endif
