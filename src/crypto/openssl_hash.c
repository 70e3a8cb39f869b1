/* crypto/openssl_hash.c: hashes as values, and HMAC (RFC 2104) over them.

   libcrypto's low-level hash functions work on a plain struct. It lives inside struct crypto_hash, so there is
   nothing to allocate or free, and a running hash is forked by assignment. Per call this costs a third of the EVP
   route; the same functions are present, and as fast, in every libcrypto from 3.0 on, where they are marked as
   deprecated. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/md5.h>
#include <openssl/sha.h>

#include "crypto/crypto.h"

_Static_assert(sizeof(SHA512_CTX) <= sizeof((struct crypto_hash){0}.state), "room for SHA-384 and SHA-512");
_Static_assert(sizeof(SHA256_CTX) <= sizeof((struct crypto_hash){0}.state), "room for SHA-256");
_Static_assert(sizeof(SHA_CTX) <= sizeof((struct crypto_hash){0}.state), "room for SHA-1");
struct md5_sha1 {
    MD5_CTX md5;
    SHA_CTX sha1;
};
_Static_assert(sizeof(struct md5_sha1) <= sizeof(SHA512_CTX), "copied and wiped with it");
_Static_assert(offsetof(struct md5_sha1, md5) == 0 && offsetof(SHA_CTX, h0) == 0 && offsetof(SHA256_CTX, h) == 0 &&
                   offsetof(SHA512_CTX, h) == 0, "found there without looking inside");
_Static_assert(_Alignof(SHA512_CTX) <= _Alignof(uint64_t), "aligned for libcrypto");

static size_t state_size(enum hash kind);
static void fork_hash(struct crypto_hash *to, const struct crypto_hash *from);

/* libcrypto alone looks inside: nothing here reads or writes the state but as a whole. */
#define SHA1_OF(h)     ((SHA_CTX *)(void *)(h)->state)
#define MD5_OF(h)      ((MD5_CTX *)(void *)(h)->state)
#define SHA1_BEHIND(h) ((SHA_CTX *)(void *)((uint8_t *)(h)->state + offsetof(struct md5_sha1, sha1)))
#define SHA256_OF(h)   ((SHA256_CTX *)(void *)(h)->state)
#define SHA512_OF(h)   ((SHA512_CTX *)(void *)(h)->state)

void crypto_hash_start(struct crypto_hash *h, enum hash kind)
{
    h->kind = (uint8_t)kind;
    h->len = (uint8_t)hash_len(kind);
    switch (kind) {
    case HASH_SHA1:
        SHA1_Init(SHA1_OF(h));
        break;
    case HASH_SHA256:
        SHA256_Init(SHA256_OF(h));
        break;
    case HASH_SHA384:
        SHA384_Init(SHA512_OF(h));
        break;
    case HASH_SHA512:
        SHA512_Init(SHA512_OF(h));
        break;
    case HASH_MD5:
        MD5_Init(MD5_OF(h));
        break;
    case HASH_MD5_SHA1:
        MD5_Init(MD5_OF(h));
        SHA1_Init(SHA1_BEHIND(h));
        break;
    }
}

void crypto_hash_add(struct crypto_hash *h, bytes data)
{
    if (data.len == 0)
        return;
    switch ((enum hash)h->kind) {
    case HASH_SHA1:
        SHA1_Update(SHA1_OF(h), data.data, data.len);
        break;
    case HASH_SHA256:
        SHA256_Update(SHA256_OF(h), data.data, data.len);
        break;
    case HASH_SHA384:
        SHA384_Update(SHA512_OF(h), data.data, data.len);
        break;
    case HASH_SHA512:
        SHA512_Update(SHA512_OF(h), data.data, data.len);
        break;
    case HASH_MD5:
        MD5_Update(MD5_OF(h), data.data, data.len);
        break;
    case HASH_MD5_SHA1:
        MD5_Update(MD5_OF(h), data.data, data.len);
        SHA1_Update(SHA1_BEHIND(h), data.data, data.len);
        break;
    }
}

void crypto_hash_end(struct crypto_hash *h, uint8_t *out)
{
    switch ((enum hash)h->kind) {
    case HASH_SHA1:
        SHA1_Final(out, SHA1_OF(h));
        break;
    case HASH_SHA256:
        SHA256_Final(out, SHA256_OF(h));
        break;
    case HASH_SHA384:
        SHA384_Final(out, SHA512_OF(h));
        break;
    case HASH_SHA512:
        SHA512_Final(out, SHA512_OF(h));
        break;
    case HASH_MD5:
        MD5_Final(out, MD5_OF(h));
        break;
    case HASH_MD5_SHA1:
        MD5_Final(out, MD5_OF(h));
        SHA1_Final(out + MD5_DIGEST_LENGTH, SHA1_BEHIND(h));
        break;
    }
}

void crypto_hash_peek(const struct crypto_hash *h, uint8_t *out)
{
    struct crypto_hash fork;
    fork_hash(&fork, h);
    crypto_hash_end(&fork, out);
}

void crypto_hash_once(enum hash kind, bytes data, uint8_t *out)
{
    struct crypto_hash h;
    crypto_hash_start(&h, kind);
    crypto_hash_add(&h, data);
    crypto_hash_end(&h, out);
    bytes_wipe(h.state, state_size(kind)); /* the data may be secret: its last block stays in the state */
}

void crypto_hmac_key(struct crypto_hmac *m, enum hash kind, bytes key)
{
    const size_t block = crypto_hash_block(kind);
    uint8_t pad[128] = {0};
    if (key.len > block)
        crypto_hash_once(kind, key, pad);
    else
        bytes_copy(pad, key.data, key.len);
    for (size_t i = 0; i < block; i++)
        pad[i] ^= 0x36;
    crypto_hash_start(&m->inner, kind);
    crypto_hash_add(&m->inner, bytes_of(pad, block));
    for (size_t i = 0; i < block; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    crypto_hash_start(&m->outer, kind);
    crypto_hash_add(&m->outer, bytes_of(pad, block));
    bytes_wipe(pad, sizeof pad);
}

void crypto_hmac_of(const struct crypto_hmac *m, bytes a, bytes b, bytes c, uint8_t *out)
{
    struct crypto_hash h;
    uint8_t inner[HASH_MAX];
    fork_hash(&h, &m->inner);
    crypto_hash_add(&h, a);
    crypto_hash_add(&h, b);
    crypto_hash_add(&h, c);
    crypto_hash_end(&h, inner);
    fork_hash(&h, &m->outer);
    crypto_hash_add(&h, bytes_of(inner, h.len));
    crypto_hash_end(&h, out);
    bytes_wipe(inner, sizeof inner);
    bytes_wipe(h.state, state_size((enum hash)h.kind));
}

size_t crypto_hash_block(enum hash kind)
{
    return kind == HASH_SHA384 || kind == HASH_SHA512 ? 128 : 64;
}

void crypto_hash_compress(struct crypto_hash *h, const uint8_t *block)
{
    switch ((enum hash)h->kind) {
    case HASH_SHA1:
        SHA1_Transform(SHA1_OF(h), block);
        break;
    case HASH_SHA256:
        SHA256_Transform(SHA256_OF(h), block);
        break;
    case HASH_SHA384:
    case HASH_SHA512:
        SHA512_Transform(SHA512_OF(h), block);
        break;
    case HASH_MD5: /* only read offline, where no length is secret */
    case HASH_MD5_SHA1:
        break;
    }
}

void crypto_hash_chaining(const struct crypto_hash *h, uint8_t *out)
{
    const uint8_t *words = (const uint8_t *)h->state; /* they stand first in each of the three */
    const size_t word = crypto_hash_block((enum hash)h->kind) / 16;
    for (size_t i = 0; i < h->len / word; i++) {
        uint64_t wide;
        uint32_t narrow;
        bytes_copy(&wide, words + i * word, word == 8 ? sizeof wide : 0);
        bytes_copy(&narrow, words + i * word, word == 4 ? sizeof narrow : 0);
        if (word == 8)
            store64(out + i * 8, wide);
        else
            store32(out + i * 4, narrow);
    }
}

static size_t state_size(enum hash kind)
{
    return kind == HASH_SHA256 ? sizeof(SHA256_CTX) : kind == HASH_SHA1 ? sizeof(SHA_CTX) : sizeof(SHA512_CTX);
}

/* As assignment, but only the bytes in use: half of them for SHA-256. */
static void fork_hash(struct crypto_hash *to, const struct crypto_hash *from)
{
    to->kind = from->kind;
    to->len = from->len;
    if (from->kind == HASH_SHA256)
        bytes_copy(to->state, from->state, sizeof(SHA256_CTX));
    else
        bytes_copy(to->state, from->state, sizeof(SHA512_CTX));
}
