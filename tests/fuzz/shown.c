/* Certificates under any bytes, as fede cert shows and judges them: cards, fields, every byte, findings, pins, a verification step
   by step. The first byte chooses; then a file: PEM with any number, or one in DER. The last is trusted too, when asked. */
#include <stdlib.h>

#include "base/bytes.h"
#include "fuzz/forms.h"
#include "report/cert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { AS_JSON = 1, LEVEL = 6 /* two bits */, LINT = 8, VERIFY = 16, ONE = 32, IN_CHINESE = 64, AS_LIST = 128 };

static void listed(const struct report_options *options, bytes der)
{
    static const char *const words[] = {"a"};
    fede_trust *trust = fede_trust_new();
    want(trust != NULL);
    fede_trust_add(trust, der);
    want(store_tell(options, trust, "any", words, der.len % 2, 1893456000) >= 0);
    fede_trust_free(trust);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3 || size > 50000)
        return 0;
    unsigned what = data[0];
    bytes file = {data + 1, size - 1};
    char *out = NULL, why[400], pin[100], title[300];
    size_t n = 0;
    FILE *stream = open_memstream(&out, &n);
    struct certs *certs = certs_new();
    want(stream != NULL && certs != NULL);
    struct cert_request q = {.report = {.out = stream, .form = what & AS_JSON ? REPORT_JSON : REPORT_TEXT, .level = 1 + (int)(what & LEVEL) / 2,
                                        .utf8 = true, .width = 80, .language = what & IN_CHINESE ? CHINESE : ENGLISH, .command = "fede cert"},
                             .certs = certs, .source = "any", .lint = what & LINT, .only = what & ONE ? 1 : 0, .fail_on = 2, .at = 1893456000};
    bool some = certs_add(certs, file);
    want(some == (certs_count(certs) > 0));
    certs_other(certs, file, "X509 CRL");
    for (size_t i = 0; i < certs_count(certs); i++)
        certs_pin(certs, i, pin, sizeof pin, title, sizeof title);
    fede_trust *trust = fede_trust_new();
    bytes chain[16];
    size_t n_chain = 0;
    for (; n_chain < 16 && n_chain < certs_count(certs); n_chain++)
        chain[n_chain] = certs_at(certs, n_chain);
    fede_verify_request request = {.chain = chain, .n_chain = n_chain, .trust = trust, .name = "server.test", .at = q.at};
    fede_verification *verification = NULL;
    want(trust != NULL);
    if (some && what & VERIFY) {
        fede_trust_add(trust, chain[n_chain - 1]);
        verification = fede_verify_chain(&request);
        want(verification != NULL);
        q.judged = &request;
        q.verification = verification;
        q.anchors = "one";
    }
    if (some && what & AS_LIST)
        listed(&q.report, chain[0]);
    else if (some)
        want(cert_tell(&q, why, sizeof why) != CERT_FAILED);
    want(fclose(stream) == 0);
    want_plain(out);
    if (what & AS_JSON && !(what & AS_LIST) && n > 0) {
        json_t *all = json_loadb(out, n, 0, NULL);
        want(json_is_object(all));
        json_decref(all);
    }
    fede_verification_free(verification);
    fede_trust_free(trust);
    certs_free(certs);
    free(out);
    return 0;
}
