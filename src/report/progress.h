/* A line on standard error that says how far long work has come: on a terminal only, from the second second on, and gone when
   the work is done (R67 of the design). */
#ifndef REPORT_PROGRESS_H
#define REPORT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/language.h"

struct progress {
    bool wanted, shown;
    enum language language;
    uint64_t began_us, shown_us;
};

void progress_start(struct progress *p, bool wanted, enum language language);
/* what: "packets"; whole 0: it is not known how much there is. Cheap when called too often. */
void progress_at(struct progress *p, uint64_t n, const char *what, uint64_t done, uint64_t whole);
void progress_end(struct progress *p);

#endif
