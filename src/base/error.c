/* base/error.c: setting an error, and the rows of reasons.def as a table.

   The sentences are put together in tls/error_text.c, which knows the registries; here is only what every folder
   needs to refuse something. */
#include "base/error.h"

static const struct reason_row rows[] = {
    {"ok", "Nothing is wrong.", "", "", FEDE_ALERT_NONE},
#define FEDE_REASON(name, alert, sentence, advice, section) {#name, sentence, advice, section, alert},
#include "fede/reasons.def"
#undef FEDE_REASON
};
_Static_assert(sizeof rows / sizeof rows[0] == FEDE_REASON_COUNT, "one row for each reason");

bool error_set(fede_error *error, fede_reason reason, uint8_t origin, const char *where, int64_t got, int64_t wanted)
{
    if (error->reason != FEDE_OK)
        return false;
    *error = (fede_error){
        .reason = (uint16_t)reason,
        .alert = reason_row(reason)->alert,
        .origin = origin,
        .message = 0xffff,
        .certificate = 0xffff,
        .offset = UINT32_MAX,
        .where = where,
        .got = got,
        .wanted = wanted,
    };
    return false;
}

const struct reason_row *reason_row(unsigned reason)
{
    static const struct reason_row unknown = {"unknown", "The reason is not known.", "", "", FEDE_ALERT_NONE};
    return reason < FEDE_REASON_COUNT ? &rows[reason] : &unknown;
}
