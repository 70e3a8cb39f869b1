/* report/cert_verify.c: a verification step by step (RFC 5280 6.1): for each certificate of the path who could have issued it
   and which of them was taken, what was checked and with which values, and for each signature the digest that was signed
   against the digest the bytes have. */
#include "report/attempts.h"
#include "report/certs.h"

enum { NUMBER = 3, SIGN = 4, NAME = 7, DETAIL = 28 };
static const struct check_look look = {NUMBER, SIGN, NAME, DETAIL, "pass", "FAIL", PLAIN};

static void candidates(struct report *r, const struct cert_request *q, bytes der, bytes taken);
static void signature(struct report *r, bytes der, bytes issuer);
static void value(struct report *r, const char *label, const char *text);
static void hex_value(struct report *r, const char *label, bytes b, const char *after);
static void end(struct report *r, const struct cert_request *q);

void cert_verification(struct report *r, const struct cert_request *q)
{
    static const char *const purposes[] = {"for a server", "for a client", "for any purpose"};
    static const char *const profiles[] = {"the rules for TLS", "the web's rules", "RFC 5280's rules alone"};
    const fede_verdict *v = fede_verification_verdict(q->verification);
    struct page *p = &r->page;
    char line[700], when[64];
    struct text t = text_in(line, sizeof line), w = text_in(when, sizeof when);
    size_t number = 0;
    if (r->options.level > 0) {
        text_time(&w, v->at);
        page_line(p);
        text_add(&t, "verification ");
        text_add(&t, purposes[q->judged->purpose]);
        if (q->judged->name != NULL) {
            text_add(&t, " named ");
            text_escaped(&t, bytes_text(q->judged->name));
        }
        text_add(&t, " at ");
        text_add(&t, when);
        text_add(&t, " by ");
        text_add(&t, profiles[q->judged->profile]);
        text_add(&t, "; trusted: ");
        text_add(&t, q->anchors);
        page_words(p, STRONG, 0, line);
        page_line(p);
        if (q->asked != NULL && q->asked[0] != '\0') {
            page_to(p, 1);
            page_put(p, FAINT, "asked");
            page_to(p, NAME + 2);
            page_words(p, PLAIN, NAME + 2, q->asked);
            page_line(p);
        }
    }
    for (unsigned at = 0; r->options.level > 0 && at <= UINT8_MAX; at++) {
        bool headed = false;
        for (size_t i = 0; i < v->n_checks; i++) {
            const fede_check *c = &v->checks[i];
            if (c->certificate != at)
                continue;
            if (!headed && at < v->path_len) {
                t = text_in(line, sizeof line);
                page_line(p);
                page_to(p, 1);
                bool anchor = v->accepted && at + 1u == v->path_len;
                page_put(p, FAINT, at == 0 ? "leaf" : anchor ? "anchor" : "issuer");
                page_to(p, NAME + 2);
                certificate_title(v->path[at], &t);
                text_add(&t, ", ");
                cert_origin(q, v->path[at], &t);
                page_words(p, STRONG, NAME + 2, line);
                page_line(p);
                headed = true;
            }
            text_check(r, c, ++number, &look);
            bool has_issuer = at + 1u < v->path_len;
            if (c->kind == FEDE_CHECK_ISSUER && at < v->path_len)
                candidates(r, q, v->path[at], has_issuer ? v->path[at + 1] : BYTES_NONE);
            if (c->kind == FEDE_CHECK_ANCHOR && !v->accepted && c->outcome == FEDE_FAILED && at < v->path_len)
                candidates(r, q, v->path[at], BYTES_NONE);
            if (c->kind == FEDE_CHECK_SIGNATURE && has_issuer)
                signature(r, v->path[at], v->path[at + 1]);
        }
    }
    if (r->options.level > 0 && v->n_attempts + v->attempts_more > 0) {
        page_line(p);
        page_to(p, 1);
        page_put(p, STRONG, ATTEMPTS_TITLE);
        page_line(p);
        text_attempts(r, v, &look, r->options.level > 1);
    }
    end(r, q);
}

/* All whose subject is the issuer's name: several when a CA has certificates of several others, or a new key. */
static void candidates(struct report *r, const struct cert_request *q, bytes der, bytes taken)
{
    static const char *const keys[] = {"no key identifier to compare", "key identifier different",
                                       "key identifier equal"};
    static const char *const outcomes[] = {"", "signature verifies", "signature does NOT verify",
                                           "signature not checked"};
    struct issuer_candidate found[CANDIDATES_MOST];
    size_t n = issuer_candidates(der, &q->certs->chain, cert_anchor_at, q->judged->trust, found);
    for (size_t i = 0; i < n; i++) {
        char line[300];
        struct text t = text_in(line, sizeof line);
        if (found[i].anchor) {
            text_add(&t, "a trust anchor");
        } else {
            text_add(&t, "certificate ");
            text_number(&t, (int64_t)found[i].at);
            text_add(&t, " of the list");
        }
        text_add(&t, ": ");
        text_add(&t, keys[found[i].same_key_id + 1]);
        text_add(&t, ", ");
        text_add(&t, outcomes[found[i].signature <= SIGNATURE_UNCHECKED ? found[i].signature : 0]);
        text_add(&t, taken.len > 0 && bytes_equal(taken, found[i].der) ? "; taken" : "");
        value(r, "candidate", line);
    }
    if (n == 0)
        value(r, "candidates", "none: no certificate of that name was sent, none is trusted");
}

static void signature(struct report *r, bytes der, bytes issuer)
{
    struct signature_story s;
    char line[300];
    struct text t = text_in(line, sizeof line);
    if (!certificate_signature(der, issuer, &s))
        return;
    value(r, "algorithm", s.algorithm);
    if (s.digest_a.data != NULL) {
        if (r->options.level > 1) {
            hex_value(r, "signature opened", bytes_of(s.block, s.block_len), " (to the power of the public exponent)");
            hex_value(r, "DigestInfo", s.digest_info, "");
        }
        text_add(&t, " out of the signature, opened with the issuer's public key; DigestInfo names ");
        text_add(&t, s.digest_info_hash);
        hex_value(r, "digest A", s.digest_a, line);
    }
    if (s.digest_len > 0) {
        t = text_in(line, sizeof line);
        text_add(&t, " ");
        text_add(&t, s.hash);
        text_add(&t, " of the ");
        text_number(&t, (int64_t)s.signed_len);
        text_add(&t, " bytes of tbsCertificate");
        hex_value(r, s.recovered ? "digest B" : "digest", bytes_of(s.digest_b, s.digest_len), line);
    }
    t = text_in(line, sizeof line);
    if (s.outcome == SIGNATURE_UNCHECKED) {
        text_add(&t, "not checked: ");
    } else if (s.digest_a.data != NULL) {
        bool same = bytes_equal(s.digest_a, bytes_of(s.digest_b, s.digest_len));
        text_add(&t, s.outcome == SIGNATURE_VERIFIES ? "A equals B: the issuer's private key signed exactly these bytes"
                     : same                          ? "A equals B, and yet the signature's form is wrong"
                            : "A DIFFERS from B: the bytes were changed after signing, or another key signed");
    } else {
        text_add(&t, s.outcome == SIGNATURE_VERIFIES
                         ? "verifies: only the holder of the issuer's private key could make it"
                         : "does NOT verify with the issuer's public key");
        text_add(&t, s.outcome == SIGNATURE_VERIFIES ? " (this kind of signature does not contain the digest)" : "");
    }
    if (s.why != NULL) {
        text_add(&t, s.outcome == SIGNATURE_UNCHECKED ? "" : "; ");
        text_add(&t, s.why);
    }
    value(r, "so", line);
}

static void value(struct report *r, const char *label, const char *text)
{
    struct page *p = &r->page;
    page_to(p, NAME + 2);
    page_put(p, FAINT, label);
    page_to(p, DETAIL);
    page_words(p, PLAIN, DETAIL, text);
    page_line(p);
}

static void hex_value(struct report *r, const char *label, bytes b, const char *after)
{
    char text[2 * SIGNATURE_MAX + SIGNATURE_MAX / 4 + 500];
    struct text t = text_in(text, sizeof text);
    for (size_t i = 0; i < b.len; i += 8) {
        text_add(&t, i > 0 ? " " : "");
        text_hex(&t, bytes_first(bytes_skip(b, i), 8));
    }
    text_add(&t, after);
    value(r, label, text);
}

static void end(struct report *r, const struct cert_request *q)
{
    const fede_verdict *v = fede_verification_verdict(q->verification);
    const fede_error *error = fede_verification_error(q->verification);
    struct page *p = &r->page;
    char line[1200];
    if (r->options.level > 0)
        page_line(p);
    if (v->accepted) {
        if (r->options.level == 0)
            return;
        page_put(p, GOOD, "✓ accepted");
        page_line(p);
        return;
    }
    page_put(p, BAD, "✗ NOT accepted: ");
    fede_error_text(error, line, sizeof line);
    page_words(p, BAD, 2, line);
    page_line(p);
    if (fede_error_advice(error, line, sizeof line) > 0) {
        page_to(p, 2);
        page_words(p, PLAIN, 2, line);
        page_line(p);
    }
}
