/* cli/cert_ocsp.c: fede cert --ocsp: the responder that the certificate names is asked about it (RFC 6960, RFC 9654). What comes
   back is judged like a staple, by the same code; here is only whether it answers this question. */
#include <stdlib.h>
#include <sys/random.h>

#include "cli/cert.h"
#include "cli/fetch.h"
#include "cli/options.h"
#include "cli/words.h"

enum { NONCE_LEN = 32, REQUEST_MOST = 1024, RESPONSE_MOST = 1 << 16, URL_MOST = 2048 };

static bool fits(fede_bytes response, fede_bytes nonce, struct text *said);

bool cert_ask_responder(const fede_verdict *found, unsigned long limit_ms, struct certs *certs, fede_bytes *response,
                        struct text *said)
{
    static uint8_t request[REQUEST_MOST], answer[RESPONSE_MOST];
    uint8_t nonce[NONCE_LEN];
    char url[URL_MOST], reason[1200] = "";
    struct text why = text_in(reason, sizeof reason);
    bool late;
    *response = BYTES_NONE;
    if (found->path_len < 2) {
        text_add(said, "not asked: the issuer's certificate is not known");
        return false;
    }
    fede_bytes address = fede_ocsp_url(found->path[0], 0);
    if (address.len == 0 || address.len >= sizeof url) {
        text_add(said, "not asked: the certificate names no responder");
        return false;
    }
    snprintf(url, sizeof url, "%.*s", (int)address.len, (const char *)address.data);
    if (getrandom(nonce, sizeof nonce, 0) != sizeof nonce) {
        text_add(said, "not asked: no random bytes");
        return false;
    }
    size_t len = fede_ocsp_request(found->path[0], found->path[1], BYTES_OF(nonce), request, sizeof request);
    const struct fetch_order order = {.url = url,
                                      .sends = "application/ocsp-request",
                                      .takes = "application/ocsp-response",
                                      .body = bytes_of(request, len),
                                      .limit_ms = limit_ms};
    text_escaped(said, address);
    text_add(said, ": ");
    size_t got = len > 0 ? fetch(&order, answer, sizeof answer, &late, &why) : 0;
    if (got == 0) {
        text_add(said, "no answer: ");
        text_add(said, reason);
        return false;
    }
    text_format(said, "answer of %zu bytes, ", got);
    if (!fits(bytes_of(answer, got), BYTES_OF(nonce), said))
        return false;
    *response = certs_other(certs, bytes_of(answer, got), "OCSP RESPONSE");
    return response->len > 0;
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
