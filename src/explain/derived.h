/* What can be computed from a connection's messages and secrets, computed again: each value with its inputs and steps, each
   check with its verdict. An independent second user of keys/ and crypto/; the engine's own results are only compared. */
#ifndef EXPLAIN_DERIVED_H
#define EXPLAIN_DERIVED_H

#include "base/arena.h"
#include "explain/annotate.h"
#include "explain/derive.h"
#include "explain/dissection.h"

enum verdict_outcome { VERDICT_VERIFIED = 1, VERDICT_FAILED, VERDICT_OPEN /* can't be checked, and why */ };

struct derived_verdict {
    const char *name;        /* "server_finished" */
    const char *title;       /* "Finished of the server" */
    const char *section;
    uint8_t outcome;         /* enum verdict_outcome */
    uint8_t from;            /* FEDE_CLIENT, FEDE_SERVER: whose it is */
    int certificate;         /* place in the list of certificates, -1: none */
    char text[300];          /* over what and by which key, or why it can't be checked; escaped */
    bytes input;             /* what was signed or compared; may be empty */
};

enum { DERIVATIONS_MOST = 20, VERDICTS_MOST = 24 };

struct derived {
    struct derivation *values[DERIVATIONS_MOST]; /* in the order in which they are made */
    size_t n_values;
    struct derived_verdict *verdicts;
    size_t n_verdicts;
    bool cut;                /* memory did not suffice for all */
    /* Keys as recomputed; empty when not known. In the arena. */
    bytes master, keys;
};

/* Values come only with secrets; verdicts, when wanted, always, as far as they can be had. Everything lives in the arena. */
struct derived *derived_make(struct arena *arena, const struct dissection *d, bool verdicts);

/* One protected record, when the keys are known: its parts, and whether tag or MAC fits. */
struct derived_record {
    bytes explicit_nonce, iv, tag;   /* borrowed; iv: fixed part of the nonce, or that of CBC. tag empty: a MAC is inside */
    uint8_t nonce[12], additional[13];
    uint8_t nonce_len, additional_len; /* 0: this cipher has none */
    uint8_t mac[HASH_MAX], mac_len;  /* in CBC and stream ciphers, decrypted; additional stands before the content in it */
    size_t padding_len;              /* CBC: with its length byte */
    uint64_t sequence;
    uint8_t outcome;                 /* enum verdict_outcome */
    const char *why;                 /* when it is open or failed; static */
};
/* keys: the key block, as told or recomputed; TLS 1.3 has the traffic secret told instead. False: nothing can be said. */
bool derived_record(const struct dissection *d, bytes keys, uint8_t from, bytes record, uint64_t sequence,
                    struct derived_record *out);

/* The version in a premaster secret that the server's RSA key decrypted (derived_rsa.c); 0: there is none. */
uint16_t derived_rsa_version(const struct dissection *d);

const char *verdict_outcome_name(enum verdict_outcome outcome); /* "verified", "failed", "not checkable" */

#endif
