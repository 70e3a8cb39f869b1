/* Setting an error: first one wins. Sentences are made in tls/error_text.c, which knows the registries. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "fede/error.h"

/* Sets *error unless it holds one already. Alert comes from the reason's row. Always returns false. */
bool error_set(fede_error *error, fede_reason reason, uint8_t origin, const char *where, int64_t got, int64_t wanted);

/* One row of reasons.def. */
struct reason_row {
    const char *name, *sentence, *advice, *section;
    uint8_t alert;
};
const struct reason_row *reason_row(unsigned reason); /* never NULL */

#endif
