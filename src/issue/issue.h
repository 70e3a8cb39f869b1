/* What the files of issue/ share: a key, the CA that signs, and signing: of a certificate, a list, a response alike. */
#ifndef ISSUE_ISSUE_H
#define ISSUE_ISSUE_H

#include "fede/issue.h"
#include "issue/der_write.h"
#include "x509/certificate.h"

struct fede_key {
    struct crypto_key *key;
    char pem[8192];
};

/* Reads the CA's certificate and sees that the key is its. */
bool issue_read_issuer(bytes der, const fede_key *key, struct certificate *out, fede_error *error);
/* What was written, the algorithm and the signature in one SEQUENCE: RFC 5280 4.1, 5.1, RFC 6960 4.2.1. 0: *error says why. */
size_t issue_sign(struct der_out *tbs, const fede_key *key, unsigned flaws, uint8_t *out, size_t size, fede_error *error);

/* ocsp_ask.c: a CertID by SHA-1, which protects nothing here and is the one hash that all know (RFC 5019 2.1.1); extensions with
   the nonce alone, nothing when it is empty. */
void ocsp_write_id(struct der_out *w, const struct certificate *issuer, bytes serial);
void ocsp_write_nonce(struct der_out *w, uint8_t tag, bytes nonce);

#endif
