/* Signatures of certificates that were checked already: a capture shows the same chain in thousands of connections. */
#ifndef EXPLAIN_VERIFIED_H
#define EXPLAIN_VERIFIED_H

#include "x509/x509.h"

enum { VERIFIED_KEPT = 256 };

/* All zero is empty. */
struct verified {
    struct {
        uint8_t digest[32]; /* of issuer and certificate */
        bool known, good;
    } slots[VERIFIED_KEPT];
};

/* Is c signed by the key of issuer? Its scheme has to be one of ours. v may be NULL. */
bool verified_signature(struct verified *v, const struct certificate *c, const struct certificate *issuer);

#endif
