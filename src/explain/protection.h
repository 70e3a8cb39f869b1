/* How the records of one direction are protected, in every suite and version that can be read: opening one, and where its parts
   lie. Only for reading: nothing is sealed here. */
#ifndef EXPLAIN_PROTECTION_H
#define EXPLAIN_PROTECTION_H

#include "crypto/crypto.h"
#include "explain/suite_parts.h"

struct protection {
    struct suite_parts suite;
    bool set;                /* there is a key */
    bool mac_last;           /* CBC with the MAC over the ciphertext, RFC 7366 */
    uint16_t version;
    uint8_t iv[16];          /* fixed part of the nonce; CBC in TLS 1.0: the last block of the record before */
    uint8_t mac_key[HASH_MAX];
    uint8_t secret[HASH_MAX]; /* TLS 1.3: the traffic secret it comes from */
    uint8_t secret_len;
    uint64_t sequence;       /* of the record that is due */
    struct crypto_aead *aead;        /* the common ones */
    struct offline_cipher *cipher;   /* all others; neither: no encryption, only a MAC */
};

/* Where the parts of a record lie: offsets from its first byte. In CBC and stream ciphers mac, padding and plain are there
   only when decrypted. */
struct record_parts {
    size_t nonce, nonce_len;     /* explicit nonce, or IV of CBC */
    size_t cipher, cipher_len;   /* what is encrypted */
    size_t tag, tag_len;         /* AEAD's tag, or the MAC over the ciphertext */
    size_t plain, plain_len;
    size_t mac, mac_len;         /* inside */
    size_t padding, padding_len; /* with its length byte */
    const char *why;             /* what did not fit; NULL: opened */
};

/* NULL: records of that suite can be opened in that version; otherwise why not, static. */
const char *protection_missing(const struct suite_parts *suite, uint16_t version);
/* Bytes of key block one direction takes. */
size_t protection_key_block(const struct suite_parts *suite, uint16_t version, bool client, bytes block, bytes *mac_key,
                            bytes *key, bytes *iv);
bool protection_set(struct protection *p, const struct suite_parts *suite, uint16_t version, bytes mac_key, bytes key,
                    bytes iv);
/* TLS 1.3: keys from a traffic secret. */
bool protection_set13(struct protection *p, const struct suite_parts *suite, bytes secret);
void protection_end(struct protection *p);

/* What is visible without a key. False: too short for this suite. */
bool protection_parts(const struct suite_parts *suite, uint16_t version, bool mac_last, size_t record_len,
                      struct record_parts *out);
/* The nonce of AEAD for p->sequence. */
void protection_nonce(const struct protection *p, bytes explicit_nonce, uint8_t nonce[12]);
/* Opens a copy of the record in scratch (as long), with the sequence number p->sequence, which stays. */
bool protection_open(struct protection *p, bytes record, uint8_t *scratch, struct record_parts *parts);
/* The record is done with, opened or not: what the next one needs of it. The sequence number goes on. */
void protection_next(struct protection *p, bytes record);

#endif
