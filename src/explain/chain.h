/* Certificates as a list: read from files, their order, who issued whom, pins. */
#ifndef EXPLAIN_CHAIN_H
#define EXPLAIN_CHAIN_H

#include "base/arena.h"
#include "base/text.h"

enum { CHAIN_MOST = 256, CANDIDATES_MOST = 16 };

struct chain {
    bytes at[CHAIN_MOST]; /* DER; leaf first, if the file is as it should be */
    size_t n, left_out;   /* left_out: beyond the room */
};

/* Adds the certificates of a file: PEM, or one in DER. False: there is none in it. Bytes come from the arena. */
bool chain_read(struct chain *chain, bytes file, struct arena *arena);
/* The same for one CRL or OCSP response in PEM or DER; data NULL: there is none. */
bytes chain_read_other(bytes file, const char *label, struct arena *arena);

enum chain_oddity {
    CHAIN_IN_ORDER = 0,
    CHAIN_ROOT,       /* issued by itself: whoever trusts it has it already */
    CHAIN_OUT_OF_ORDER, /* it did not issue the one before it */
    CHAIN_REPEATED,
    CHAIN_UNREADABLE
};
/* What is odd about certificate n's place. RFC 5246 7.4.2: each certifies the one before it; the root may be left out. */
enum chain_oddity chain_oddity(const struct chain *chain, size_t n);

/* Who could have issued a certificate: whose subject is its issuer's name. */
struct issuer_candidate {
    bytes der;
    bool anchor;
    size_t at;          /* in the list, or in the trust store */
    int8_t same_key_id; /* 1 equal, 0 different, -1 not given */
    uint8_t signature;  /* enum signature_outcome */
};
/* anchor_at(arg, n): the n-th anchor, empty at the end. Anchors that are in the list too come once, as anchors. */
size_t issuer_candidates(bytes der, const struct chain *chain, bytes (*anchor_at)(const void *arg, size_t n), const void *arg,
                         struct issuer_candidate out[CANDIDATES_MOST]);

/* SHA-256 over the SubjectPublicKeyInfo. False: not readable. */
bool certificate_pin(bytes der, uint8_t out[32]);
void base64_text(struct text *t, bytes b);

/* What the short card has not: kind of validation, purposes, CA or not, transparency, revocation. Label and value; n counts
   from 0; false at the end. */
struct fact {
    const char *label;
    char value[700];
};
enum { FACTS_MOST = 14 };
size_t certificate_facts(bytes der, struct fact facts[FACTS_MOST]);

/* For searching a store: subject and dates. */
struct summary {
    char subject[400];
    int64_t not_before, not_after;
    char key[40];
    uint8_t sha256[32];
    bool readable;
};
void certificate_summary(bytes der, struct summary *out);

#endif
