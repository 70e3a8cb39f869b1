/* Signatures with DSA or SHA-1, for requests that ask for them: see legacy.c. Everywhere else such an algorithm is one that is
   not supported. */
#ifndef X509_LEGACY_H
#define X509_LEGACY_H

#include "x509/path.h"

/* Was this built with them? */
bool legacy_built(void);
/* Is this AlgorithmIdentifier (DER) one that the request takes beside those of all others? */
bool legacy_algorithm(const struct verify_request *request, bytes algorithm);
/* A DSA key (DER SubjectPublicKeyInfo) whose parameters, if it has any, have sizes that can be used; *bits: those of its
   prime, 0: it has no parameters of its own. */
bool legacy_key(const struct verify_request *request, bytes spki, unsigned *bits);
/* Is c's signature such a one, and the issuer's key one it can be checked with? */
bool legacy_checkable(const struct verify_request *request, const struct certificate *c,
                      const struct certificate *issuer);
/* A DSA key without parameters: it has those of its issuer's key (RFC 3279 2.3.2). */
bool legacy_inherits(const struct certificate *c);
/* Does the key of above[0] verify the signature of c, of which only algorithm, tbs and signature are looked at? above[1] to
   above[n - 1] are the certificates that above[0] may inherit its parameters from. */
bool legacy_good(const struct certificate *c, const struct link *above, size_t n);

#endif
