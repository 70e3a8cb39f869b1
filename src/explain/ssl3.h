/* SSL 3.0's own ways with secrets (RFC 6101 5.2.3.1, 5.6.8, 5.6.9, 6.1, 6.2.2): MD5 and SHA-1 nested, with paddings where TLS has
   HMAC and a PRF. For captures alone: nothing of our own speaks it. */
#ifndef EXPLAIN_SSL3_H
#define EXPLAIN_SSL3_H

#include "explain/derive.h"

enum { SSL3_VERSION = 0x0300, SSL3_HASHES = 36 /* MD5 and SHA-1, one behind the other */ };

/* MD5(secret + SHA-1("A" + secret + seed)), then the same with "BB", "CCC" …, cut to length. */
void ssl3_expand(bytes secret, bytes seed, uint8_t *out, size_t len);
/* Both hashes over the messages: that of Finished, by its sender FEDE_CLIENT or FEDE_SERVER; from 0: that of CertificateVerify. */
void ssl3_hashes(bytes master, uint8_t from, bytes messages, uint8_t out[SSL3_HASHES]);
/* The MAC of a record: hash MD5 or SHA-1. Its header has no version. */
void ssl3_mac(enum hash hash, bytes key, uint64_t sequence, uint8_t type, bytes content, uint8_t *out);

/* The same as values with their steps; NULL without memory. seed: both randoms in the order of the name. */
struct derivation *derive_ssl3_master(struct arena *arena, bytes premaster, bytes seed);
struct derivation *derive_ssl3_key_block(struct arena *arena, uint16_t suite, bytes master, bytes seed);
struct derivation *derive_ssl3_verify_data(struct arena *arena, bytes master, uint8_t from, bytes messages);

#endif
