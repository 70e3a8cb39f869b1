/* cli/responder.c: --ocsp: the responder that the certificate names is asked about it (RFC 6960, RFC 9654). What comes back is
   judged like a staple, by the same code; here is only whether it answers this question. */
#include "cli/responder.h"

#include <stdio.h>
#include <sys/random.h>

#include "cli/fetch.h"
#include "cli/words.h"

enum { NONCE_LEN = 32, REQUEST_MOST = 1024, URL_MOST = 2048 };

static bool fits(fede_bytes response, fede_bytes nonce, struct text *said);

size_t responder_ask(const fede_verdict *found, unsigned long limit_ms, uint8_t answer[RESPONDER_ANSWER_MOST],
                     struct text *said)
{
    uint8_t request[REQUEST_MOST], nonce[NONCE_LEN];
    char url[URL_MOST], reason[1200] = "";
    struct text why = text_in(reason, sizeof reason);
    bool late;
    if (found->path_len < 2) {
        text_add(said, "not asked: the issuer's certificate is not known");
        return 0;
    }
    fede_bytes address = fede_ocsp_url(found->path[0], 0);
    if (address.len == 0 || address.len >= sizeof url) {
        text_add(said, "not asked: the certificate names no responder");
        return 0;
    }
    snprintf(url, sizeof url, "%.*s", (int)address.len, (const char *)address.data);
    if (getrandom(nonce, sizeof nonce, 0) != sizeof nonce) {
        text_add(said, "not asked: no random bytes");
        return 0;
    }
    size_t len = fede_ocsp_request(found->path[0], found->path[1], BYTES_OF(nonce), request, sizeof request);
    const struct fetch_order order = {.url = url,
                                      .sends = "application/ocsp-request",
                                      .takes = "application/ocsp-response",
                                      .body = bytes_of(request, len),
                                      .limit_ms = limit_ms};
    text_escaped(said, address);
    text_add(said, ": ");
    size_t got = len > 0 ? fetch(&order, answer, RESPONDER_ANSWER_MOST, &late, &why) : 0;
    if (got == 0) {
        text_add(said, "no answer: ");
        text_add(said, reason);
        return 0;
    }
    text_format(said, "answer of %zu bytes, ", got);
    return fits(bytes_of(answer, got), BYTES_OF(nonce), said) ? got : 0;
}

/* Many responders sign their answers in advance and can't repeat a nonce (RFC 5019 4): then the dates alone say how old it is. */
static bool fits(fede_bytes response, fede_bytes nonce, struct text *said)
{
    fede_bytes came = fede_ocsp_nonce(response);
    if (came.len == 0) {
        text_add(said, "without a nonce");
        return true;
    }
    bool same = bytes_equal(came, nonce);
    text_add(said, same ? "with our nonce" : "with another nonce: it answers another question, and does not count");
    return same;
}
