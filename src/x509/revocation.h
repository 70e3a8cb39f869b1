/* Is a certificate of a path revoked, by the CRLs and the OCSP response given? */
#ifndef X509_REVOCATION_H
#define X509_REVOCATION_H

#include "x509/crl.h"
#include "x509/path.h"

enum revocation { REVOCATION_GOOD = 1, REVOCATION_REVOKED, REVOCATION_UNKNOWN, REVOCATION_NOT_ASKED, REVOCATION_NO_MEMORY };

/* Is there anything to ask? Without lists, response and a demand for either there is not. */
bool revocation_asked(const struct verify_request *request, const struct certificate *leaf);

/* The lists of a request, read once, and what was found out about them. */
struct revocation_lists;
struct revocation_lists *revocation_lists_read(const struct verify_request *request, struct arena *arena);

/* Judges certificate i of the path: by the OCSP response if it is the leaf, by the lists. *f and words say what was found;
   words may be NULL. NOT_ASKED: its status is not known, and the request does not mind. */
enum revocation revocation_of(struct revocation_lists *lists, const struct path *path, size_t i, struct finding *f,
                              struct text *words);

#endif
