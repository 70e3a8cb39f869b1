/* Signatures of certificates, RSASSA-PSS among them with parameters that TLS has no scheme for. */
#ifndef EXPLAIN_PSS_H
#define EXPLAIN_PSS_H

#include "x509/x509.h"

/* RSASSA-PSS with parameters that can be computed here. */
bool signature_is_pss(const struct certificate *c);

/* c's signature by issuer's key; c's algorithm has a scheme of TLS, or is RSASSA-PSS. */
bool signature_computed(const struct certificate *c, const struct certificate *issuer);

#endif
