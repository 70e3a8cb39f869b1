/* A raw public key in place of certificates (RFC 7250), and the key of whatever a side has shown. */
#ifndef EXPLAIN_RAW_KEY_H
#define EXPLAIN_RAW_KEY_H

#include "x509/x509.h"

/* Whether the body of a Certificate message holds a raw public key; *spki becomes that SubjectPublicKeyInfo. new: TLS 1.3. */
bool raw_key_of(bytes body, bool new, bytes *spki);

/* The key of a certificate, or a raw one. False: neither. Its kind is 0 when it is not supported. */
bool shown_key(bytes der, struct public_key *out);

#endif
