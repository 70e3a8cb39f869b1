/* report/verdict.c: why a chain was not accepted, as the sentence that the failure has as an error. The check that failed has the
   values for it; with -k there is a verdict without an error. */
#include "fede/error.h"
#include "report/report.h"

void verdict_sentence(const fede_verdict *v, bool client, struct text *out)
{
    char sentence[700];
    fede_error e = {.reason = v->reason,
                    .alert = FEDE_ALERT_NONE,
                    .message = UINT16_MAX,
                    .certificate = client ? FEDE_CERTIFICATE_CLIENT : 0,
                    .offset = UINT32_MAX};
    for (size_t i = 0; i < v->n_checks; i++) {
        const fede_check *c = &v->checks[i];
        if (c->outcome != FEDE_FAILED || c->reason != v->reason)
            continue;
        e.got = c->got;
        e.wanted = c->wanted;
        e.detail = c->detail;
        e.certificate = c->certificate > 0 ? c->certificate : e.certificate;
        break;
    }
    fede_error_text(&e, sentence, sizeof sentence);
    text_add(out, sentence);
}
