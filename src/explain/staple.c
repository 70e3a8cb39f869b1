/* explain/staple.c: who signed a stapled OCSP response, and what it says. RFC 6960 3.2, 4.2.2.2.

   The issuer of the leaf is looked for by name in the chain, then among the trust anchors: it signed, or put in charge who did.
   The verdict is on the signature and on the answer; that a response is out of date is said beside it. */
#include "explain/staple.h"

#include "explain/dissection.h"
#include "x509/ocsp.h"

static bool find_issuer(const struct certificate *leaf, const bytes *chain, size_t n, const fede_trust *trust,
                        struct certificate *out);
static bool issued(bytes der, const struct certificate *leaf, struct certificate *out);

enum verdict_outcome staple_judge(bytes staple, const bytes *chain, size_t n, const fede_trust *trust, int64_t at,
                                  struct text *out)
{
    static const char *const answers[] = {
        [OCSP_GOOD] = "good", [OCSP_REVOKED] = "REVOKED", [OCSP_UNKNOWN_TO_RESPONDER] = "not known to the responder"};
    struct certificate leaf, issuer;
    struct ocsp_single single;
    fede_error error = {0};
    const char *problem = NULL;
    if (n == 0 || !certificate_read(chain[0], &leaf, &error)) {
        text_add(out, "the certificate it is about is not there, or can't be read");
        return VERDICT_OPEN;
    }
    if (!find_issuer(&leaf, chain, n, trust, &issuer)) {
        text_add(out, "the certificate of the issuer was not sent and is not known here");
        return VERDICT_OPEN;
    }
    enum ocsp_answer answer = ocsp_judge(staple, &leaf, &issuer, at, &single, &problem);
    if (answer == 0) {
        const char *signer = ocsp_signer_problem(staple, &issuer, at);
        text_add(out, signer != NULL ? signer : "signed by the issuer or by whom that put in charge, but it counts for nothing: ");
        text_add(out, signer != NULL ? "" : problem);
        return signer != NULL ? VERDICT_FAILED : VERDICT_VERIFIED;
    }
    certificate_title(leaf.der, out);
    text_add(out, " is ");
    text_add(out, answers[answer]);
    text_add(out, "; signed by ");
    certificate_title(issuer.der, out);
    text_add(out, " or whom that put in charge; in force from ");
    text_time(out, single.this_update);
    text_add(out, " to ");
    text_time(out, single.next_update);
    return answer == OCSP_GOOD ? VERDICT_VERIFIED : VERDICT_FAILED;
}

static bool find_issuer(const struct certificate *leaf, const bytes *chain, size_t n, const fede_trust *trust,
                        struct certificate *out)
{
    bytes anchor;
    for (size_t i = 1; i < n; i++)
        if (issued(chain[i], leaf, out))
            return true;
    for (size_t i = 0; trust != NULL && (anchor = fede_trust_at(trust, i)).len > 0; i++)
        if (issued(anchor, leaf, out))
            return true;
    return issued(leaf->der, leaf, out);
}

static bool issued(bytes der, const struct certificate *leaf, struct certificate *out)
{
    fede_error error = {0};
    return certificate_read(der, out, &error) && name_equal(out->subject, leaf->issuer);
}
