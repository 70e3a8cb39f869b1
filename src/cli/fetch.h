/* A small thing fetched over plain HTTP for a command's own needs: what an OCSP responder answers. */
#ifndef CLI_FETCH_H
#define CLI_FETCH_H

#include "base/text.h"
#include "fede/types.h"

struct fetch_order {
    const char *url;                 /* http:// alone: what comes is signed */
    const char *sends, *takes;       /* media types */
    fede_bytes body;                 /* sent by POST */
    unsigned long limit_ms;          /* for all of it */
};
/* Returns the length of the answer's content in out; 0: *why says what went wrong, and *late that it was the time. */
size_t fetch(const struct fetch_order *order, uint8_t *out, size_t size, bool *late, struct text *why);

#endif
