/* What fede implements: suites, groups and signature schemes as tables. Names of everything registered are in
   wire/names. */
#ifndef CRYPTO_SUITES_H
#define CRYPTO_SUITES_H

#include "base/bytes.h"

enum hash { HASH_SHA256 = 1, HASH_SHA384, HASH_SHA512, HASH_SHA1 /* identification only: no signature */,
            /* Before TLS 1.2, for reading what others said: both after each other are the transcript's hash (RFC 4346 7.4.9). */
            HASH_MD5, HASH_MD5_SHA1 };
enum aead { AEAD_AES_128_GCM = 1, AEAD_AES_256_GCM, AEAD_CHACHA20_POLY1305 };
enum key_kind { KEY_RSA = 1, KEY_RSA_PSS, KEY_EC_P256, KEY_EC_P384, KEY_EC_P521, KEY_ED25519, KEY_ED448 };
/* How a TLS 1.2 suite agrees on a secret. All but the first are quarantined. */
enum suite_kx { SUITE_ECDHE, SUITE_DHE, SUITE_RSA };
enum suite_auth { AUTH_RSA = 1, AUTH_ECDSA /* and EdDSA, RFC 8422 */, AUTH_ANY };

#define HASH_MAX 64

struct suite {
    uint16_t id;
    const char *name, *openssl_name;
    uint8_t aead, hash, auth;   /* enum aead (0: CBC), hash (PRF and transcript), suite_auth */
    uint8_t key_len;            /* bytes of one write key */
    uint8_t iv_len;             /* fixed part from the key block: 4 for GCM, 12 for ChaCha20-Poly1305 */
    uint8_t explicit_len;       /* nonce or IV bytes sent in each record: GCM in TLS 1.2 8, CBC 16, else 0 */
    uint16_t version;           /* 0x0303 */
    uint8_t kx;                 /* enum suite_kx */
    uint8_t mac;                /* enum hash: AES-CBC with HMAC of this hash, and aead is 0; 0: an AEAD suite */
};

struct group {
    uint16_t id;
    const char *name, *other_name; /* secp256r1, P-256 */
    uint16_t share_len, secret_len;
    uint16_t exponent_len;       /* finite fields: bytes of a private key; 0: a curve */
};

struct scheme {
    uint16_t id;
    const char *name;
    uint8_t hash;               /* 0: the key's own (EdDSA) */
    uint8_t key;                /* enum key_kind it needs; for ECDSA in TLS 1.2 any EC key will do (RFC 8422 5.1.1) */
    bool pss;
    uint8_t auth;               /* enum suite_auth: which suites it can authenticate in TLS 1.2 */
};

const struct suite *suite_by_id(uint16_t id); /* NULL: not implemented */
const struct group *group_by_id(uint16_t id);
const struct scheme *scheme_by_id(uint16_t id);
const struct suite *suite_at(size_t n);       /* NULL at the end; order is preference; the quarantined are not here */
const struct group *group_at(size_t n);
const struct scheme *scheme_at(size_t n);
/* What RFC 9325 and RFC 10015 advise against, known all the same: static RSA, finite fields, CBC. */
const struct suite *suite_legacy_at(size_t n);
const struct group *group_legacy_at(size_t n);
const struct scheme *scheme_legacy_at(size_t n);
const struct scheme *scheme_any(uint16_t id); /* the quarantined too */
static inline bool suite_is_legacy(const struct suite *s) { return s->kx != SUITE_ECDHE || s->mac != 0; }
static inline bool scheme_is_legacy(const struct scheme *s) { return s->hash == HASH_SHA1; }
static inline bool group_is_legacy(const struct group *g) { return g->exponent_len != 0; }

/* May a key of this kind sign with the scheme in this version? TLS 1.2 does not tie ECDSA hashes to curves (RFC 5246
   7.4.1.4.1, RFC 8422 5.1.1); TLS 1.3 does. */
bool scheme_fits_key(const struct scheme *scheme, enum key_kind key, uint16_t version);

size_t hash_len(enum hash hash);

#endif
