/* A certificate's signature taken apart: digest A, which its issuer signed, against digest B, which its bytes have. */
#ifndef EXPLAIN_SIGNATURE_H
#define EXPLAIN_SIGNATURE_H

#include "base/text.h"
#include "crypto/crypto.h"

enum signature_outcome { SIGNATURE_VERIFIES = 1, SIGNATURE_FAILS, SIGNATURE_UNCHECKED };

struct signature_story {
    char algorithm[100];            /* "sha256WithRSAEncryption (1.2.840.113549.1.1.11)" */
    const char *hash;               /* "SHA-256"; NULL: the algorithm takes the bytes themselves, or is unknown */
    size_t signed_len;              /* bytes of tbsCertificate */
    uint8_t outcome;                /* enum signature_outcome */
    const char *why;                /* when unchecked, or about the padding; NULL: nothing to add */
    uint8_t digest_b[HASH_MAX];
    size_t digest_len;              /* 0: no hash */
    /* RSASSA-PKCS1-v1_5 alone: */
    bool recovered;                 /* the signature could be opened with the issuer's key */
    uint8_t block[SIGNATURE_MAX];   /* 00 01 ff … ff 00 DigestInfo */
    size_t block_len;
    bytes padding, digest_info, digest_a; /* in block; data NULL: it has not that form */
    char digest_info_hash[60];      /* "sha256 (2.16.840…)" */
};

/* False when one of the two can't be read. */
bool certificate_signature(bytes der, bytes issuer, struct signature_story *out);

#endif
