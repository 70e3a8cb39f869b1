/* TCP to a host by name. */
#ifndef IO_REACH_H
#define IO_REACH_H

#include "base/text.h"
#include "fede/error.h"

/* Resolves host and connects to its addresses in turn, until deadline (of reach_now_ms; -1: none). Returns a connected,
   non-blocking socket, or -1 with *reason set and in detail what was tried. */
int reach_host(const char *host, const char *port, int64_t deadline, fede_reason *reason, struct text *detail);
/* Adds what the system calls that errno; from any thread. */
void reach_why(struct text *t, int number);
/* Monotonic milliseconds. */
int64_t reach_now_ms(void);

#endif
