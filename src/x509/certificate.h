/* Parts of reading a certificate that certificate.c leaves to others in this folder. */
#ifndef X509_CERTIFICATE_H
#define X509_CERTIFICATE_H

#include "x509/der.h"
#include "x509/x509.h"

/* key.c: SubjectPublicKeyInfo into a public key. False: not that structure at all. A key that is not supported leaves
   kind 0 and says why in *problem (static text). */
bool public_key_read(bytes spki, struct public_key *out, const char **problem);
/* key.c: its algorithm, that one's parameters still to be read, and the bits of the key. */
bool public_key_open(bytes spki, bytes *oid, struct der *parameters, bytes *bits);
/* key.c: the TLS scheme a signature AlgorithmIdentifier (DER) stands for; 0: none. */
uint16_t algorithm_scheme(bytes algorithm);
/* key.c: the algorithm in words ("sha1WithRSAEncryption"), or its object identifier. */
size_t algorithm_text(bytes algorithm, char *out, size_t size);

/* names.c: is this DER element a Name with proper structure? */
bool name_read(bytes name);
/* names.c: are these contents of two SETs of attributes equal? */
bool rdn_equal(bytes a, bytes b);
/* names.c: are these GeneralNames of proper structure, IA5 strings of ASCII, addresses of 4 or 16 bytes? */
bool general_names_valid(bytes names);

/* certificate.c: the two names alone, for the search for candidates. False: certificate_read would refuse it too. */
bool certificate_peek(bytes der, bytes *issuer, bytes *subject);
/* names.c: c names issuer as its issuer: by name, and not by the identifier of another key (two CAs may have one name). */
bool certificate_names_issuer(const struct certificate *c, const struct certificate *issuer);
/* certificate.c: an extension's name in words; NULL when unknown. */
const char *extension_name(bytes oid);

#endif
