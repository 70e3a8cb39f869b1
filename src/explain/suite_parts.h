/* A cipher suite taken apart by its registered name, so that also suites which the engine does not implement are known. */
#ifndef EXPLAIN_SUITE_PARTS_H
#define EXPLAIN_SUITE_PARTS_H

#include "crypto/suites.h"
#include "explain/dissection.h"

enum suite_proof { PROOF_UNKNOWN, PROOF_RSA, PROOF_ECDSA, PROOF_DSS, PROOF_NONE /* anonymous */, PROOF_PSK, PROOF_OTHER,
                   PROOF_BY_SCHEME /* TLS 1.3: not the suite's matter */ };

struct suite_parts {
    const char *name;           /* the registry's; NULL: not registered */
    const char *exchange;       /* "ECDHE", "RSA key transport" */
    const char *authentication; /* "ECDSA or EdDSA certificate" */
    const char *cipher;         /* "AES" */
    const char *mode;           /* "GCM", "CBC", "stream" … */
    const char *mac;            /* "HMAC-SHA-1", "AEAD tag" */
    const char *prf;            /* "SHA-384": PRF, HKDF and transcript */
    const char *algorithm;      /* libcrypto's name of the cipher; NULL: it has none, or nothing is encrypted */
    uint8_t kx;                 /* enum key_exchange */
    uint8_t proof;              /* enum suite_proof: what the server proves itself with */
    uint8_t hash;               /* enum hash of the PRF in TLS 1.2 and later; 0: not known here */
    uint8_t mac_hash;           /* enum hash of the MAC; 0: AEAD, or not known here */
    uint16_t key_bits;          /* effective */
    uint8_t key_len, iv_len, mac_len; /* parts of the key block, for one direction */
    uint8_t explicit_len, tag_len, block;
    bool known;                 /* the cipher is: the lengths hold */
    bool aead, cbc, forward_secrecy, export_grade, tls13;
    uint16_t least;             /* lowest version it may be used with */
};
struct suite_parts suite_parts(uint16_t suite);
/* The hash of PRF and transcript in that version: before TLS 1.2 it is MD5 and SHA-1 for every suite (RFC 4346 5). */
enum hash suite_prf(const struct suite_parts *suite, uint16_t version);

#endif
