/* Certificates told: cards, fields, bytes; a verification step by step; findings; pins; the trust store. Text or JSON. */
#ifndef REPORT_CERT_H
#define REPORT_CERT_H

#include "report/live.h"

struct certs;
/* Certificates, read from files or a connection. NULL: no memory. */
struct certs *certs_new(void);
void certs_free(struct certs *certs);
/* Adds those of a file (PEM, or one in DER), or one in DER. False: none could be read. */
bool certs_add(struct certs *certs, fede_bytes file);
bool certs_add_der(struct certs *certs, fede_bytes der);
size_t certs_count(const struct certs *certs);
/* DER of the n-th: borrowed; empty beyond the last. */
fede_bytes certs_at(const struct certs *certs, size_t n);
/* The DER of a CRL ("X509 CRL") or OCSP response ("OCSP RESPONSE") in a file: borrowed; empty: there is none. */
fede_bytes certs_other(struct certs *certs, fede_bytes file, const char *label);

/* "sha256//…" of the n-th certificate's key, as curl's --pinnedpubkey takes it; its title. False: not readable. */
bool certs_pin(const struct certs *certs, size_t n, char *pin, size_t pin_size, char *title, size_t title_size);

struct cert_request {
    struct report_options report;
    const struct certs *certs;
    const char *source;          /* "site.pem", "example.org:443" */
    const fede_verify_request *judged; /* NULL: not verified */
    const fede_verification *verification;
    const char *anchors;         /* what is trusted, in words: "the system's 142 trust anchors" */
    const char *asked;           /* what became of asking a responder; "" or NULL: none was asked */
    bool live;                   /* they came over a connection that trusted nobody */
    bool lint;
    unsigned only;               /* the one to show: its number plus 1; 0: all */
    unsigned fail_on;            /* 1 notice, 2 warning, 3 error; 0: findings are no failure */
    int64_t at;                  /* the time to judge by */
};
enum cert_outcome { CERT_DONE, CERT_FAILED /* no memory, not written */, CERT_UNREADABLE, CERT_REFUSED, CERT_FINDINGS };
/* Tells all that is asked; why: what the outcome means, one line. */
enum cert_outcome cert_tell(const struct cert_request *request, char *why, size_t size);

/* Two lists compared, field by field. */
struct cert_comparison {
    struct report_options report;
    const struct certs *lists[2];
    const char *sources[2];
    unsigned only; /* as in cert_request */
};
enum cert_compared { CERT_SAME, CERT_DIFFERENT, CERT_NOT_COMPARED /* no memory, not written */ };
/* why: what the outcome means, one line. */
enum cert_compared cert_compare(const struct cert_comparison *comparison, char *why, size_t size);

/* The anchors whose subject holds every word, in any case; returns how many; -1: not written. */
long store_tell(const struct report_options *options, const fede_trust *trust, const char *source,
                const char *const *words, size_t n_words, int64_t at);

#endif
