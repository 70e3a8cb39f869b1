/* The only door to libcrypto. No OpenSSL type appears here. Hashes are values without heap memory, so that a transcript
   is forked by assignment. All functions that can fail return false or NULL and leave outputs untouched or zeroed. */
#ifndef CRYPTO_CRYPTO_H
#define CRYPTO_CRYPTO_H

#include "base/bytes.h"
#include "base/memory.h"
#include "crypto/suites.h"

/* Fetches every algorithm once per process (thread-safe, cheap when done). False: libcrypto lacks something. */
bool crypto_start(void);
const char *crypto_version(void);

/* Randomness: from libcrypto, unless a replacement is given. */
struct crypto_random {
    bool (*fill)(void *arg, uint8_t *out, size_t n); /* NULL: libcrypto */
    void *arg;
};
bool crypto_random(const struct crypto_random *source, uint8_t *out, size_t n);

/* ---- Hashes. A value: copying it forks it. */
struct crypto_hash {
    uint8_t kind; /* enum hash */
    uint8_t len;
    uint64_t state[27]; /* room for the largest libcrypto hash state */
};
void crypto_hash_start(struct crypto_hash *h, enum hash kind);
void crypto_hash_add(struct crypto_hash *h, bytes data);
void crypto_hash_end(struct crypto_hash *h, uint8_t *out);              /* h must be started again */
void crypto_hash_peek(const struct crypto_hash *h, uint8_t *out);      /* h goes on */
void crypto_hash_once(enum hash kind, bytes data, uint8_t *out);

/* The parts of a hash, for a length that must stay secret (legacy_cbc.c): bytes of a block; one compression; the chaining
   value as the digest would be written if the hash ended here. */
size_t crypto_hash_block(enum hash kind);
void crypto_hash_compress(struct crypto_hash *h, const uint8_t *block);
void crypto_hash_chaining(const struct crypto_hash *h, uint8_t *out);

/* ---- HMAC over them, with the keyed states kept. */
struct crypto_hmac { struct crypto_hash inner, outer; };
void crypto_hmac_key(struct crypto_hmac *m, enum hash kind, bytes key);
/* MAC over a then b then c (any may be empty). The key stays for the next call. */
void crypto_hmac_of(const struct crypto_hmac *m, bytes a, bytes b, bytes c, uint8_t *out);

/* ---- AEAD. One object per direction; a cache of the key that can be dropped and made anew. */
struct crypto_aead {
    void *cipher;         /* libcrypto's; NULL: no key is set */
    uint8_t kind;         /* enum aead */
    uint8_t way;          /* what the cipher is set up for */
    bool nonce_is_set;    /* the record calls have given libcrypto the fixed part */
    uint8_t nonce[12];    /* GCM sealing: the nonce libcrypto uses next; else the fixed part it has */
};
/* False: no memory, or the key has another length. */
bool crypto_aead_start(struct crypto_aead *a, enum aead kind, bytes key);
/* The same with the cipher that `from` had: no memory is taken. Afterwards `from` has ended. */
bool crypto_aead_take_over(struct crypto_aead *a, struct crypto_aead *from, bytes key);
void crypto_aead_end(struct crypto_aead *a);
struct crypto_aead *crypto_aead_new(enum aead kind, bytes key); /* as an object of its own */
void crypto_aead_free(struct crypto_aead *a);
/* out gets len(in) + 16 bytes; out may equal in.data. */
bool crypto_seal(struct crypto_aead *a, const uint8_t nonce[12], bytes aad, bytes in, uint8_t *out);
/* inout holds ciphertext and tag (len >= 16); on success its first len - 16 bytes are the plaintext, else they are
   wiped. */
bool crypto_open(struct crypto_aead *a, const uint8_t nonce[12], bytes aad, uint8_t *inout, size_t len);

/* The same for a whole TLS 1.2 record, with the nonce and additional data of RFC 5288 3, RFC 7905 2 and RFC 5246
   6.2.3.3: the cheap way. */
struct crypto_record {
    const uint8_t *iv; /* fixed part of the nonce: 4 bytes for GCM, 12 for ChaCha20-Poly1305 */
    uint64_t sequence;
    uint8_t type;
};
size_t crypto_record_explicit(enum aead kind); /* nonce bytes at the start of a record's body: 8 for GCM, else 0 */
/* body has room for the explicit nonce (its value is the sequence number), len bytes of plaintext that stand there
   already, and 16 bytes for the tag. */
bool crypto_seal_record(struct crypto_aead *a, const struct crypto_record *record, uint8_t *body, size_t len);
/* body holds explicit nonce, ciphertext and tag, len bytes in all; on success the plaintext stands behind the explicit
   nonce, len less that and 16 bytes; else body is wiped. */
bool crypto_open_record(struct crypto_aead *a, const struct crypto_record *record, uint8_t *body, size_t len);

/* ---- Key exchange, shaped like a KEM so that ECDH and hybrids fit alike. */
#define SHARE_MAX 1600  /* largest public share or reply, hybrids included */
#define SECRET_MAX 512 /* ffdhe4096 */
struct crypto_share;    /* own private key of one exchange */
/* Initiator: makes a key pair from random bytes; writes the public share (share_len of the group) to out. */
struct crypto_share *crypto_share_new(const struct group *group, const struct crypto_random *source, uint8_t *out,
                                      size_t *out_len);
/* Completes with the peer's public share; refuses invalid points and all-zero results (RFC 7748 6, RFC 8422 5.11), and
   numbers outside 2 to p - 2 (RFC 7919 5.1). The secret's length goes to *secret_len; that of a finite field has no leading
   zeros (RFC 5246 8.1.2). */
bool crypto_share_finish(struct crypto_share *own, bytes peer, uint8_t *secret, size_t *secret_len);
/* The private key's bytes, for traces that reveal secrets. */
size_t crypto_share_private(const struct crypto_share *own, uint8_t *out, size_t size);
void crypto_share_free(struct crypto_share *own);

/* ---- Signatures. */
#define SIGNATURE_MAX 1024
struct crypto_key;      /* a private key; may be used by several threads at once */
/* PEM (PKCS#8, PKCS#1, SEC1) or DER PKCS#8. NULL: not readable, encrypted, or a kind that is not supported. */
struct crypto_key *crypto_key_read(bytes pem_or_der);
void crypto_key_free(struct crypto_key *key);
enum key_kind crypto_key_kind(const struct crypto_key *key);
unsigned crypto_key_bits(const struct crypto_key *key);
/* True when spki (DER SubjectPublicKeyInfo) is this key's public half. */
bool crypto_key_matches(const struct crypto_key *key, bytes spki);
/* What a password opens: encrypted keys (PKCS#8, or PEM with headers of RFC 1421), PKCS#12 files. */
enum crypto_lock {
    LOCK_NONE,    /* nothing is locked here, or it is no such file */
    LOCK_OPENED,
    LOCK_CLOSED,  /* a password is needed, and none was given (NULL) */
    LOCK_WRONG,   /* not with this password */
    LOCK_UNKNOWN  /* encrypted in a way that libcrypto does not know */
};
struct crypto_opened {
    uint8_t *key; /* DER for crypto_key_read; secret */
    uint8_t *chain; /* PKCS#12: PEM, leaf first, without roots */
    size_t key_len, chain_len;
};
/* Both fill *out when LOCK_OPENED, to be given back; else there is nothing in it. */
enum crypto_lock crypto_open_key(bytes pem_or_der, const char *password, struct crypto_opened *out);
enum crypto_lock crypto_open_p12(bytes der, const char *password, struct crypto_opened *out);
/* The other way: chain in PEM, leaf first. Returns the length; 0: not possible, or more than size. */
size_t crypto_close_p12(const struct crypto_key *key, bytes chain, const char *password, const char *name, uint8_t *out,
                        size_t size);
void crypto_opened_free(struct crypto_opened *opened); /* wipes */
/* Makes a new key of a kind (bits: RSA alone) and writes it as PKCS#8 PEM with a final NUL. NULL: not possible. */
struct crypto_key *crypto_key_make(enum key_kind kind, unsigned bits, char *pem, size_t size);
/* Its public half as DER SubjectPublicKeyInfo; borrowed. */
bytes crypto_key_spki(const struct crypto_key *key);
/* With SHA-1, for certificates that are flawed on purpose: nothing in TLS uses it. */
bool crypto_sign_sha1(const struct crypto_key *key, bytes input, uint8_t *out, size_t *out_len);
bool crypto_sign(const struct crypto_key *key, const struct scheme *scheme, bytes input, uint8_t *out, size_t *out_len);

/* A public key as the parts a certificate holds; everything borrowed. Filled by x509 without libcrypto's decoders. */
struct public_key {
    uint8_t kind;     /* enum key_kind; 0: not supported */
    uint16_t bits;
    bytes point;      /* EC: the point as in the bit string; Ed: 32 or 57 bytes */
    bytes modulus, exponent; /* RSA: unsigned big-endian without leading zero */
    bytes spki;       /* the whole SubjectPublicKeyInfo */
    uint8_t pss_hash; /* KEY_RSA_PSS with parameters: the only hash allowed; 0: any */
};
/* Verifies signature over input. RSASSA-PSS: mask with the same hash, salt exactly as long as the hash (RFC 9846 4.2.3,
   and what certificates use). False too for schemes and keys that are not supported: SHA-1 is not. */
bool crypto_verify(const struct public_key *key, const struct scheme *scheme, bytes input, bytes signature);
/* signature to the power of the public exponent (RFC 8017 5.2.2): what the signer padded and signed, modulus.len bytes.
   For showing; judging is crypto_verify's. */
bool crypto_rsa_recover(const struct public_key *key, bytes signature, uint8_t out[SIGNATURE_MAX]);
/* Is the point on the curve, the modulus odd …: can the key be used at all? */
bool crypto_public_key_usable(const struct public_key *key);

#endif
