/* report/cert.c: a list of certificates as text. By default a card for each and what is odd about the order; -v every field,
   -vv every byte of the DER with what it means. Verification is told in cert_verify.c, JSON in cert_json.c. */
#include <stdlib.h>

#include "report/certs.h"

enum { LABEL = 3, VALUE = 19, ALL_FIELDS = 3, EVERY_BYTE = 4 };

static void head(struct report *r, const struct cert_request *q);
static void one(struct report *r, const struct cert_request *q, size_t n);
static void row(struct page *p, enum style style, const char *label, const char *value);
static void fields(struct report *r, bytes der);
static void findings(struct report *r, const struct cert_request *q);
static enum cert_outcome judge(const struct cert_request *q, char *why, size_t size);

struct certs *certs_new(void)
{
    struct certs *certs = calloc(1, sizeof *certs);
    if (certs != NULL)
        arena_start(&certs->arena, &memory_standard, 64u << 20);
    return certs;
}

void certs_free(struct certs *certs)
{
    if (certs != NULL)
        arena_end(&certs->arena);
    free(certs);
}

bool certs_add(struct certs *certs, fede_bytes file)
{
    return chain_read(&certs->chain, file, &certs->arena);
}

bool certs_add_der(struct certs *certs, fede_bytes der)
{
    bytes copy = arena_copy(&certs->arena, der);
    if (copy.data == NULL || certs->chain.n == CHAIN_MOST)
        return false;
    certs->chain.at[certs->chain.n++] = copy;
    return true;
}

size_t certs_count(const struct certs *certs)
{
    return certs->chain.n;
}

fede_bytes certs_at(const struct certs *certs, size_t n)
{
    return n < certs->chain.n ? certs->chain.at[n] : BYTES_NONE;
}

fede_bytes certs_other(struct certs *certs, fede_bytes file, const char *label)
{
    return chain_read_other(file, label, &certs->arena);
}

bool certs_pin(const struct certs *certs, size_t n, char *pin, size_t pin_size, char *title, size_t title_size)
{
    uint8_t hash[32];
    struct text t = text_in(pin, pin_size), w = text_in(title, title_size);
    certificate_title(certs_at(certs, n), &w);
    if (!certificate_pin(certs_at(certs, n), hash))
        return false;
    text_add(&t, "sha256//");
    base64_text(&t, BYTES_OF(hash));
    return true;
}

enum cert_outcome cert_tell(const struct cert_request *q, char *why, size_t size)
{
    enum cert_outcome outcome = judge(q, why, size);
    if (q->report.form == REPORT_JSON || q->report.form == REPORT_JSON_LINES)
        return cert_json(q, outcome, why) ? outcome : CERT_FAILED;
    struct report_options options = q->report;
    options.level = q->report.level <= 1 ? q->report.level : q->report.level == 2 ? ALL_FIELDS : EVERY_BYTE;
    struct report *r = report_new(&options);
    if (r == NULL)
        return CERT_FAILED;
    if (options.level > 0) {
        head(r, q);
        for (size_t n = 0; n < q->certs->chain.n; n++)
            if (cert_chosen(q, n))
                one(r, q, n);
    }
    if (q->verification != NULL)
        cert_verification(r, q);
    if (q->lint && options.level > 0)
        findings(r, q);
    bool failed = r->page.failed;
    page_write(&r->page, options.out);
    report_free(r);
    return failed ? CERT_FAILED : outcome;
}

/* Not accepted comes before findings. */
static enum cert_outcome judge(const struct cert_request *q, char *why, size_t size)
{
    struct text t = text_in(why, size);
    if (q->verification != NULL && !fede_verification_verdict(q->verification)->accepted) {
        fede_error_text(fede_verification_error(q->verification), why, size);
        return CERT_REFUSED;
    }
    for (size_t n = 0; q->fail_on > 0 && n < q->certs->chain.n; n++) {
        struct lint_finding found[LINT_MOST];
        size_t n_found = cert_chosen(q, n) ? cert_findings(q, n, found) : 0;
        for (size_t i = 0; i < n_found; i++) {
            if (found[i].level < q->fail_on)
                continue;
            text_add(&t, lint_level_name(found[i].level));
            text_add(&t, ": ");
            text_add(&t, found[i].sentence);
            return CERT_FINDINGS;
        }
    }
    text_add(&t, q->verification != NULL ? "accepted" : "shown");
    return CERT_DONE;
}

bool cert_chosen(const struct cert_request *q, size_t n)
{
    return q->only == 0 || q->only == n + 1;
}

size_t cert_findings(const struct cert_request *q, size_t n, struct lint_finding out[LINT_MOST])
{
    return certificate_lint(q->certs->chain.at[n], certificate_place(q->certs->chain.at[n]), q->at, out);
}

const char *cert_oddity(const struct cert_request *q, size_t n)
{
    static const char *const sentences[] = {
        [CHAIN_IN_ORDER] = "",
        [CHAIN_ROOT] = "a root: whoever trusts it has it already, so a server need not send it",
        [CHAIN_OUT_OF_ORDER] = "out of order: it did not issue the certificate before it",
        [CHAIN_REPEATED] = "the same as one before it",
        [CHAIN_UNREADABLE] = "not readable as a certificate",
    };
    return sentences[chain_oddity(&q->certs->chain, n)];
}

bytes cert_anchor_at(const void *trust, size_t n)
{
    return fede_trust_at(trust, n);
}

void cert_origin(const struct cert_request *q, bytes der, struct text *out)
{
    for (size_t n = 0; n < q->certs->chain.n; n++) {
        if (bytes_equal(q->certs->chain.at[n], der)) {
            text_add(out, "certificate ");
            text_number(out, (int64_t)n);
            text_add(out, " of the list");
            return;
        }
    }
    text_add(out, "from the trust anchors");
}

static void head(struct report *r, const struct cert_request *q)
{
    char line[400];
    struct text t = text_in(line, sizeof line);
    text_add(&t, q->source);
    text_add(&t, q->live ? " sent " : ": ");
    text_number(&t, (int64_t)q->certs->chain.n);
    text_add(&t, q->certs->chain.n == 1 ? " certificate" : " certificates");
    if (q->certs->chain.left_out > 0) {
        text_add(&t, ", ");
        text_number(&t, (int64_t)q->certs->chain.left_out);
        text_add(&t, " more left out");
    }
    page_words(&r->page, STRONG, 0, line);
    page_line(&r->page);
    if (q->live) {
        page_to(&r->page, LABEL);
        page_words(
            &r->page, WARNING, LABEL,
            "Fetched over a connection that was encrypted but trusted whoever answered; the verdict below, not the "
            "connection, says whether they are good.");
        page_line(&r->page);
    }
}

static void one(struct report *r, const struct cert_request *q, size_t n)
{
    struct page *p = &r->page;
    bytes der = q->certs->chain.at[n];
    char line[800];
    struct text t = text_in(line, sizeof line);
    page_line(p);
    page_put(p, FAINT, "");
    page_number(p, STRONG, n);
    page_to(p, LABEL);
    certificate_title(der, &t);
    page_words(p, STRONG, LABEL, line);
    page_line(p);
    const char *odd = cert_oddity(q, n);
    if (odd[0] != '\0')
        row(p, WARNING, "place", odd);
    struct card_row rows[CARD_ROWS];
    size_t n_rows = certificate_card(der, q->at, rows);
    for (size_t i = 0; i < n_rows; i++)
        row(p, rows[i].bad ? BAD : PLAIN, rows[i].label, rows[i].value);
    struct fact facts[FACTS_MOST];
    size_t n_facts = certificate_facts(der, facts);
    for (size_t i = 0; i < n_facts; i++) {
        static const char *const brief[] = {"kind", "purposes", "revocation", "transparency"};
        bool shown = r->options.level > 1;
        for (size_t k = 0; k < sizeof brief / sizeof *brief; k++)
            shown = shown || strcmp(facts[i].label, brief[k]) == 0;
        if (shown)
            row(p, PLAIN, facts[i].label, facts[i].value);
    }
    fields(r, der);
}

static void row(struct page *p, enum style style, const char *label, const char *value)
{
    page_to(p, LABEL);
    page_put(p, FAINT, label);
    page_to(p, VALUE);
    page_parts(p, style, VALUE, value, "; ");
    page_line(p);
}

/* -v: every field; -vv: every byte. */
static void fields(struct report *r, bytes der)
{
    if (r->options.level < ALL_FIELDS)
        return;
    page_line(&r->page);
    struct annotation a = annotate_certificate(&r->scratch, der);
    /* Below a field of its own, so that the outermost SEQUENCE is a line like the others. */
    struct field *file = field_new(&r->scratch, NULL, "file", FIELD_STRUCT);
    if (a.root != NULL && file != NULL) {
        file->value = der;
        file->len = der.len;
        file->n = 1;
        file->first = file->last = a.root;
        a.root->parent = file;
        a.root = file;
    }
    text_fields(r, &a);
    arena_end(&r->scratch);
}

static void findings(struct report *r, const struct cert_request *q)
{
    static const enum style styles[] = {PLAIN, FAINT, WARNING, BAD};
    struct page *p = &r->page;
    unsigned counts[4] = {0};
    page_line(p);
    page_put(p, STRONG, "findings");
    page_line(p);
    for (size_t n = 0; n < q->certs->chain.n; n++) {
        struct lint_finding found[LINT_MOST];
        size_t n_found = cert_chosen(q, n) ? cert_findings(q, n, found) : 0;
        for (unsigned level = LINT_ERROR; level >= LINT_NOTICE; level--) {
            for (size_t i = 0; i < n_found; i++) {
                char line[500];
                struct text t = text_in(line, sizeof line);
                if (found[i].level != level)
                    continue;
                counts[level]++;
                page_to(p, LABEL);
                page_put(p, styles[level], lint_level_name(level));
                page_to(p, 11);
                page_number(p, FAINT, n);
                page_to(p, 14);
                text_add(&t, found[i].field);
                text_add(&t, ": ");
                text_add(&t, found[i].sentence);
                text_add(&t, found[i].detail[0] != '\0' ? ": " : "");
                text_add(&t, found[i].detail);
                if (found[i].section[0] != '\0') {
                    text_add(&t, " (");
                    text_add(&t, found[i].section);
                    text_add(&t, ")");
                }
                page_words(p, level == LINT_ERROR ? BAD : PLAIN, 14, line);
                page_line(p);
            }
        }
    }
    char line[100];
    snprintf(line, sizeof line, "%u errors, %u warnings, %u notices", counts[LINT_ERROR], counts[LINT_WARNING],
             counts[LINT_NOTICE]);
    page_to(p, LABEL);
    page_put(p, STRONG, line);
    page_line(p);
}
