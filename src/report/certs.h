/* What the files that tell of certificates share. */
#ifndef REPORT_CERTS_H
#define REPORT_CERTS_H

#include <jansson.h>

#include "explain/chain.h"
#include "explain/lint.h"
#include "explain/signature.h"
#include "report/cert.h"
#include "report/report.h"

struct certs {
    struct arena arena;
    struct chain chain;
};

/* The place of the n-th certificate for the linter: the first is a server's unless it is a CA. */
size_t cert_findings(const struct cert_request *q, size_t n, struct lint_finding out[LINT_MOST]);
const char *cert_oddity(const struct cert_request *q, size_t n); /* "" when nothing is odd about its place */
bool cert_chosen(const struct cert_request *q, size_t n);
bytes cert_anchor_at(const void *trust, size_t n);
/* Which certificate of the list has issued certificate n of a path, or the anchor: for headings. */
void cert_origin(const struct cert_request *q, bytes der, struct text *out);

/* cert_verify.c */
void cert_verification(struct report *r, const struct cert_request *q);
/* cert_json.c: false without memory. */
bool cert_json(const struct cert_request *q, enum cert_outcome outcome, const char *why);

#endif
