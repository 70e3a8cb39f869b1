/* Ciphers for reading what others said: whatever libcrypto still has, found by name. For captures alone: nothing here is fast
   or in constant time, no connection of our own uses it, and nothing is encrypted. */
#ifndef CRYPTO_OFFLINE_H
#define CRYPTO_OFFLINE_H

#include "crypto/crypto.h"

struct offline_cipher;
/* name: libcrypto's, "AES-128-CBC". tag_len: 0 for anything but AEAD. NULL: this libcrypto does not have it, or the key has
   another length. */
struct offline_cipher *offline_cipher_new(const char *name, bytes key, uint8_t tag_len);
/* A stream cipher goes on from where it is; a copy goes on from there too. */
struct offline_cipher *offline_cipher_copy(const struct offline_cipher *c);
void offline_cipher_free(struct offline_cipher *c);
bool offline_cipher_known(const char *name);

/* CBC without looking at the padding (iv: a block; NULL for a stream cipher). In place. */
bool offline_decrypt(struct offline_cipher *c, const uint8_t *iv, uint8_t *inout, size_t len);
/* AEAD with a nonce of 12 bytes: len includes the tag. In place. */
bool offline_open(struct offline_cipher *c, const uint8_t nonce[12], bytes aad, uint8_t *inout, size_t len);

/* in to the power of the private exponent, RFC 8017 5.1.2: in.len bytes, the modulus's length. False: no RSA key, or another
   length. */
bool offline_rsa(const struct crypto_key *key, bytes in, uint8_t *out);

/* RSASSA-PKCS1-v1_5 without DigestInfo over MD5 and SHA-1 (RSA), ECDSA over SHA-1 (EC): what TLS 1.0 and 1.1 sign with
   (RFC 4346 7.4.3, RFC 8422 5.4); PKCS1-v1_5 and ECDSA with SHA-1 in TLS 1.2, which the quarantine may allow. scheme: 0 before TLS 1.2, else
   0x0201 or 0x0203. */
bool offline_verify(const struct public_key *key, uint16_t scheme, bytes input, bytes signature);

/* RSASSA-PSS with any hash for message and mask and a salt of any length: TLS has schemes only where both are the same hash and
   the salt is as long as it (RFC 9846 4.2.3), certificates may have others (RFC 4055 3.1). */
bool offline_verify_pss(const struct public_key *key, enum hash hash, enum hash mask, int salt_len, bytes input, bytes signature);

/* The same over a digest that is there already, MD5 and SHA-1 in 36 bytes, or SHA-1 alone: SSL 3.0 makes it in its own way
   (RFC 6101 5.6.8). ECDSA has the last 20 bytes. */
bool offline_verify_digest(const struct public_key *key, bytes digest, bytes signature);

#endif
