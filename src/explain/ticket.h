/* Tickets of fede's own making, opened with the roots of their keys. */
#ifndef EXPLAIN_TICKET_H
#define EXPLAIN_TICKET_H

#include "base/text.h"

enum { TICKET_ROOT = 32, TICKET_MASTER = 48 };

/* Opens a ticket that was in use at that time, with one of the roots; keys change once a lifetime, which is tried as given and as
   usual. False: none of them sealed it. words: what is inside, escaped, without the master secret. */
bool ticket_open(const uint8_t (*roots)[TICKET_ROOT], size_t n, const uint32_t *lifetimes, size_t n_lifetimes, int64_t at,
                 bytes ticket, uint8_t master[TICKET_MASTER], struct text *words);

#endif
