/* crypto/legacy_cbc.c: AES-CBC with HMAC: MAC-then-encrypt (RFC 5246 6.2.3.2) and encrypt-then-MAC (RFC 7366).

   Opening MAC-then-encrypt is where Vaudenay's attack, POODLE and Lucky 13 get in: the receiver must remove a padding that
   nothing authenticates before it knows where the MAC is. So nothing here depends on the padding's length but through masks.
   The padding is checked over as many bytes as it could have. The MAC is taken out of the stretch where it could lie, with a
   scan that touches each byte once. The hash runs over all blocks that the longest possible plaintext has, and the value it
   would have had at each of the possible ends is kept or dropped by a mask: the number of compressions follows from the
   record's length alone. One mask says in the end whether all was well; without it the plaintext is zeroed, in the same
   pass as with it.

   Padding is as short as possible when sealing, and IVs are random. */
#include <openssl/evp.h>
#include <stdlib.h>

#include "crypto/constant_time.h"
#include "crypto/legacy.h"
#include "crypto/openssl_start.h"

enum { MAC_MAX = 48, PREFIX = 13, BLOCK_MAX = 128, PADDING_MAX = 256 };

struct crypto_cbc {
    EVP_CIPHER_CTX *cipher;
    struct crypto_hmac mac;
    const struct crypto_random *source;
    uint16_t version;
    uint8_t mac_len, hash;
    bool seals, encrypt_then_mac;
};

static void prefix_of(const struct crypto_cbc *c, const struct crypto_record *record, size_t len, uint8_t out[PREFIX]);
static bool run(struct crypto_cbc *c, const uint8_t *iv, uint8_t *data, size_t len);
static uint32_t padding_of(const uint8_t *end, size_t len, uint32_t least, uint32_t *good);
static void mac_secret_len(const struct crypto_cbc *c, const uint8_t prefix[PREFIX], bytes data, uint32_t len,
                           uint32_t longest, uint8_t out[MAC_MAX]);
static void last_block(const uint8_t prefix[PREFIX], bytes data, uint32_t len, size_t at, size_t block,
                       uint8_t out[BLOCK_MAX]);
static void take_mac(bytes data, uint32_t at, size_t first, size_t mac_len, uint8_t out[MAC_MAX]);

struct crypto_cbc *crypto_cbc_new(const struct crypto_cbc_setup *setup)
{
    struct crypto_cbc *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    const struct suite *suite = setup->suite;
    c->cipher = EVP_CIPHER_CTX_new();
    if (c->cipher == NULL || suite->mac == 0 || setup->key.len != suite->key_len ||
        EVP_CipherInit_ex2(c->cipher, fetched->cbc[suite->key_len == 32], setup->key.data, NULL, setup->seals, NULL) !=
            1 ||
        EVP_CIPHER_CTX_set_padding(c->cipher, 0) != 1) {
        crypto_cbc_free(c);
        return NULL;
    }
    crypto_hmac_key(&c->mac, (enum hash)suite->mac, setup->mac_key);
    c->hash = suite->mac;
    c->mac_len = (uint8_t)hash_len((enum hash)suite->mac);
    c->encrypt_then_mac = setup->encrypt_then_mac;
    c->seals = setup->seals;
    c->version = setup->version;
    c->source = setup->source;
    return c;
}

void crypto_cbc_free(struct crypto_cbc *c)
{
    if (c == NULL)
        return;
    EVP_CIPHER_CTX_free(c->cipher); /* wipes the key schedule */
    bytes_wipe(c, sizeof *c);
    free(c);
}

/* ---- Lengths. */

static size_t padded(size_t len) /* at least one byte of padding */
{
    return (len / CBC_BLOCK + 1) * CBC_BLOCK;
}

size_t crypto_cbc_sealed_len(const struct crypto_cbc *c, size_t len)
{
    return CBC_BLOCK + (c->encrypt_then_mac ? padded(len) + c->mac_len : padded(len + c->mac_len));
}

size_t crypto_cbc_overhead(const struct crypto_cbc *c)
{
    return CBC_BLOCK + c->mac_len + CBC_BLOCK;
}

/* ---- Sealing. */

bool crypto_cbc_seal(struct crypto_cbc *c, const struct crypto_record *record, uint8_t *body, size_t len)
{
    uint8_t prefix[PREFIX], *text = body + CBC_BLOCK;
    if (len > UINT16_MAX / 2 || !crypto_random(c->source, body, CBC_BLOCK))
        return false;
    size_t inside = len;
    if (!c->encrypt_then_mac) {
        prefix_of(c, record, len, prefix);
        crypto_hmac_of(&c->mac, BYTES_OF(prefix), bytes_of(text, len), BYTES_NONE, text + len);
        inside += c->mac_len;
    }
    size_t whole = padded(inside);
    memset(text + inside, (int)(whole - inside - 1), whole - inside);
    if (!run(c, body, text, whole))
        return false;
    if (c->encrypt_then_mac) {
        prefix_of(c, record, CBC_BLOCK + whole, prefix);
        crypto_hmac_of(&c->mac, BYTES_OF(prefix), bytes_of(body, CBC_BLOCK + whole), BYTES_NONE, text + whole);
    }
    return true;
}

/* Sequence number, type, version, length: RFC 5246 6.2.3.1. With encrypt-then-MAC the length is that of IV and ciphertext
   (RFC 7366 3). */
static void prefix_of(const struct crypto_cbc *c, const struct crypto_record *record, size_t len, uint8_t out[PREFIX])
{
    store64(out, record->sequence);
    out[8] = record->type;
    store16(out + 9, c->version);
    store16(out + 11, (uint16_t)len);
}

static bool run(struct crypto_cbc *c, const uint8_t *iv, uint8_t *data, size_t len)
{
    int n = 0;
    return EVP_CipherInit_ex2(c->cipher, NULL, NULL, iv, c->seals, NULL) == 1 &&
           EVP_CipherUpdate(c->cipher, data, &n, data, (int)len) == 1 && (size_t)n == len;
}

/* ---- Opening. */

bool crypto_cbc_open(struct crypto_cbc *c, const struct crypto_record *record, uint8_t *body, size_t len,
                     size_t *plain_len)
{
    uint8_t prefix[PREFIX], expected[MAC_MAX], found[MAC_MAX], *text = body + CBC_BLOCK;
    const size_t behind = c->encrypt_then_mac ? c->mac_len : 0; /* what is not encrypted */
    const size_t inside = c->encrypt_then_mac ? 0 : c->mac_len;
    *plain_len = 0;
    /* Lengths are no secret. */
    if (len > UINT16_MAX || len < CBC_BLOCK + padded(inside) + behind || (len - behind) % CBC_BLOCK != 0) {
        bytes_wipe(body, len);
        return false;
    }
    const size_t whole = len - behind - CBC_BLOCK;
    if (c->encrypt_then_mac) { /* forged records end here, undecrypted */
        prefix_of(c, record, len - behind, prefix);
        crypto_hmac_of(&c->mac, BYTES_OF(prefix), bytes_of(body, len - behind), BYTES_NONE, expected);
        if (!bytes_equal_secret(bytes_of(expected, c->mac_len), bytes_of(text + whole, c->mac_len))) {
            bytes_wipe(body, len);
            return false;
        }
    }
    uint32_t good = ~0u;
    if (!run(c, body, text, whole)) {
        bytes_wipe(body, len);
        return false;
    }
    uint32_t padding = padding_of(text + whole, whole, (uint32_t)inside, &good);
    uint32_t n = (uint32_t)(whole - inside) - padding;
    if (!c->encrypt_then_mac) {
        const uint32_t longest = (uint32_t)(whole - inside - 1);
        const size_t first = longest > PADDING_MAX - 1 ? longest - (PADDING_MAX - 1) : 0;
        prefix_of(c, record, 0, prefix);
        prefix[11] = (uint8_t)(n >> 8);
        prefix[12] = (uint8_t)n;
        mac_secret_len(c, prefix, bytes_of(text, whole), n, longest, expected);
        take_mac(bytes_of(text, whole), n, first, c->mac_len, found);
        uint32_t differ = 0;
        for (size_t i = 0; i < c->mac_len; i++)
            differ |= (uint32_t)(expected[i] ^ found[i]);
        good &= mask_zero(differ);
    }
    for (size_t i = 0; i < whole; i++)
        text[i] &= (uint8_t)good;
    *plain_len = good & n;
    bytes_wipe(expected, sizeof expected);
    bytes_wipe(found, sizeof found);
    return good & 1;
}

/* Bytes of padding with its length byte: 1 to 256. Each must have the same value, and least bytes must be left in front;
   otherwise good becomes 0 and the padding counts as one byte, so that there is a MAC to compute all the same. */
static uint32_t padding_of(const uint8_t *end, size_t len, uint32_t least, uint32_t *good)
{
    const uint32_t value = end[-1];
    const size_t most = len < PADDING_MAX ? len : PADDING_MAX;
    uint32_t differ = 0;
    for (size_t i = 0; i < most; i++)
        differ |= ~mask_below(value, (uint32_t)i) & (value ^ end[-1 - (ptrdiff_t)i]);
    *good &= mask_zero(differ) & ~mask_below((uint32_t)len, value + 1 + least);
    return mask_select(*good, value + 1, 1);
}

/* HMAC over prefix and the first len bytes of data; len is secret, between longest - 255 (or 0) and longest. */
static void mac_secret_len(const struct crypto_cbc *c, const uint8_t prefix[PREFIX], bytes data, uint32_t len,
                           uint32_t longest, uint8_t out[MAC_MAX])
{
    const size_t block = crypto_hash_block((enum hash)c->hash), length_field = block / 8;
    const size_t least = PREFIX + (longest > PADDING_MAX - 1 ? longest - (PADDING_MAX - 1) : 0);
    const size_t known = least / block; /* blocks that are the same whatever len is */
    const size_t most = (PREFIX + longest + 1 + length_field + block - 1) / block;
    const uint32_t last =
        (PREFIX + len + (uint32_t)length_field) >> (block == 64 ? 6 : 7); /* dividing takes its time */
    const uint32_t bits = ((uint32_t)block + PREFIX + len) * 8;           /* the key's block counts */
    struct crypto_hash h = c->mac.inner;
    uint8_t piece[BLOCK_MAX] = {0}, value[HASH_MAX] = {0}, inner[HASH_MAX] = {0};
    if (known > 0) {
        crypto_hash_add(&h, bytes_of(prefix, PREFIX));
        crypto_hash_add(&h, bytes_first(data, known * block - PREFIX));
    }
    for (size_t b = known; b < most; b++) {
        const uint32_t ends = mask_equal((uint32_t)b, last);
        last_block(prefix, data, len, b * block, block, piece);
        for (size_t i = 0; i < 4; i++)
            piece[block - 1 - i] |= (uint8_t)(ends & bits >> 8 * i);
        crypto_hash_compress(&h, piece);
        crypto_hash_chaining(&h, value);
        for (size_t i = 0; i < c->mac_len; i++)
            inner[i] |= (uint8_t)(ends & value[i]);
    }
    h = c->mac.outer;
    crypto_hash_add(&h, bytes_of(inner, c->mac_len));
    crypto_hash_end(&h, out);
    bytes_wipe(&h, sizeof h);
    bytes_wipe(inner, sizeof inner);
    bytes_wipe(value, sizeof value);
    bytes_wipe(piece, sizeof piece);
}

/* The block at `at` of prefix, data up to len, 0x80 and zeros. */
static void last_block(const uint8_t prefix[PREFIX], bytes data, uint32_t len, size_t at, size_t block,
                       uint8_t out[BLOCK_MAX])
{
    for (size_t i = 0; i < block; i++) {
        const size_t p = at + i;
        const uint32_t byte = p < PREFIX ? prefix[p] : p - PREFIX < data.len ? data.data[p - PREFIX] : 0;
        const uint32_t before = mask_below((uint32_t)p, PREFIX + len), end = mask_equal((uint32_t)p, PREFIX + len);
        out[i] = (uint8_t)((before & byte) | (end & 0x80));
    }
}

/* The MAC begins at the secret place `at`, not before first. Its bytes come into a ring, each at its distance from first;
   where the ring begins is then turned away one bit of the distance after the other. */
static void take_mac(bytes data, uint32_t at, size_t first, size_t mac_len, uint8_t out[MAC_MAX])
{
    uint8_t ring[MAC_MAX] = {0}, turned[MAC_MAX];
    uint32_t begin = 0;
    for (size_t i = first, k = 0; i < data.len; i++, k = k + 1 == mac_len ? 0 : k + 1) {
        const uint32_t inside = ~mask_below((uint32_t)i, at) & mask_below((uint32_t)i, at + (uint32_t)mac_len);
        ring[k] |= (uint8_t)(inside & data.data[i]);
        begin |= mask_equal((uint32_t)i, at) & (uint32_t)k;
    }
    for (size_t step = 1; step < mac_len; step <<= 1) {
        const uint32_t turn = 0u - (begin & 1);
        begin >>= 1;
        for (size_t i = 0; i < mac_len; i++)
            turned[i] = (uint8_t)mask_select(hidden(turn), ring[(i + step) % mac_len], ring[i]);
        bytes_copy(ring, turned, mac_len);
    }
    bytes_copy(out, ring, mac_len);
    bytes_wipe(ring, sizeof ring);
    bytes_wipe(turned, sizeof turned);
}
