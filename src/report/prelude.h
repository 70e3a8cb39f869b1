/* What a TCP connection said in the clear before TLS was found in it: kept until it is known whether TLS comes. */
#ifndef REPORT_PRELUDE_H
#define REPORT_PRELUDE_H

#include "explain/session.h"
#include "report/live.h"

struct prelude;
/* Keeps a piece (data NULL: a gap). True: this is HTTP and more than is kept; it is to be told now. NULL at *p: begins one. */
bool prelude_take(struct prelude **p, int side, bytes data, uint64_t at_us, uint64_t packet);
bool prelude_is_http(const struct prelude *p);
/* Hands the pieces on, in order, and forgets them. */
void prelude_replay(struct prelude **p, void (*piece)(void *arg, int side, bytes data, uint64_t at_us, uint64_t packet),
                    void *arg);
void prelude_free(struct prelude **p);

#endif
