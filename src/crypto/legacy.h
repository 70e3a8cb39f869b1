/* What only a quarantined configuration may use (tls/quarantine.h): AES-CBC with HMAC, RSA key transport, finite-field
   Diffie-Hellman. RFC 9325 4.1 and RFC 10015 advise against all three; they are here for peers that know nothing else.

   What must not show in time does not: opening a CBC record and unwrapping a premaster secret take the same instructions and
   the same memory accesses whatever is inside (tests/constant_time shows it). The build switch FEDE_LEGACY=OFF leaves out
   RSA and the finite fields; CBC stays, because the explainer reads recorded connections with it. */
#ifndef CRYPTO_LEGACY_H
#define CRYPTO_LEGACY_H

#include "crypto/crypto.h"

/* ---- AES-CBC with HMAC, RFC 5246 6.2.3.2; encrypt-then-MAC, RFC 7366. One object per direction, which keeps its keys. */
#define CBC_BLOCK 16
struct crypto_cbc;
struct crypto_cbc_setup {
    const struct suite *suite; /* its mac is not 0 */
    bytes key, mac_key;        /* key_len bytes; as many as the hash gives */
    bool seals;                         /* else it opens */
    bool encrypt_then_mac;
    uint16_t version;                   /* as it goes into the MAC: 0x0303, or 0x0302 */
    const struct crypto_random *source; /* of the IVs; NULL: libcrypto's; must outlive the object */
};
struct crypto_cbc *crypto_cbc_new(const struct crypto_cbc_setup *setup); /* NULL: no memory */
void crypto_cbc_free(struct crypto_cbc *c);
/* Length of a record's body with len bytes of plaintext, and most bytes it has beyond them. */
size_t crypto_cbc_sealed_len(const struct crypto_cbc *c, size_t len);
size_t crypto_cbc_overhead(const struct crypto_cbc *c);
/* body has room for sealed_len; the plaintext stands at body + CBC_BLOCK already. record's iv is not used. */
bool crypto_cbc_seal(struct crypto_cbc *c, const struct crypto_record *record, uint8_t *body, size_t len);
/* body holds IV, ciphertext and, with encrypt-then-MAC, the MAC: len bytes in all. True: *plain_len bytes of plaintext stand
   at body + CBC_BLOCK. False: whatever was wrong, nothing of the plaintext is left, *plain_len is 0, and it took as long. */
bool crypto_cbc_open(struct crypto_cbc *c, const struct crypto_record *record, uint8_t *body, size_t len,
                     size_t *plain_len);

/* ---- RSA key transport, RFC 5246 7.4.7.1. */
#define PREMASTER_LEN 48
/* Client: premaster is version and 46 random bytes; out (modulus.len bytes) gets it encrypted. */
bool crypto_rsa_wrap(const struct public_key *key, uint16_t version, const struct crypto_random *source,
                     uint8_t premaster[PREMASTER_LEN], uint8_t out[SIGNATURE_MAX]);
/* Server: premaster is what encrypted holds, or 48 random bytes if anything about it is wrong: length, padding, version. Which
   of the two is known to nobody. False only when there is no randomness; the key must be KEY_RSA. */
bool crypto_rsa_unwrap(const struct crypto_key *key, bytes encrypted, uint16_t version,
                       const struct crypto_random *source, uint8_t premaster[PREMASTER_LEN]);
/* The part of it behind the private operation: encoded is 0, 2, eight or more bytes that are not 0, 0, and the premaster
   secret that begins with version (RFC 8017 7.2.1). Otherwise instead is taken. */
void crypto_rsa_take_premaster(bytes encoded, uint16_t version, const uint8_t instead[PREMASTER_LEN],
                               uint8_t premaster[PREMASTER_LEN]);

/* ---- Finite fields, RFC 7919: behind crypto_share_new and crypto_share_finish. exponent: exponent_len bytes. */
bool crypto_dh_public(const struct group *group, const uint8_t *exponent, uint8_t *out);
bool crypto_dh_agree(const struct group *group, const uint8_t *exponent, bytes peer, uint8_t *secret,
                     size_t *secret_len);
/* Prime and generator as they stand in a ServerKeyExchange; borrowed for ever. False: libcrypto lacks the group. */
bool crypto_dh_params(const struct group *group, bytes *p, bytes *g);
/* The known group with these parameters: of RFC 7919, or of RFC 3526 with 2048 bits and more, which has no number in TLS (id
   0). NULL: unknown, and not to be trusted. */
const struct group *crypto_dh_find(bytes p, bytes g);

/* ---- DSA, FIPS 186-4, for verifying certificates of old archives (x509/legacy.c). Numbers: unsigned big-endian, no leading
   zero. */
struct dsa_key { bytes p, q, g, y; };
/* Are the sizes those of FIPS 186-4 4.2, from 1024 bits on? */
bool crypto_dsa_usable(const struct dsa_key *key);
bool crypto_dsa_verify(const struct dsa_key *key, enum hash hash, bytes input, bytes signature);

#endif
