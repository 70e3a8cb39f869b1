/* explain/protection.c: opening records of all suites: AEAD (RFC 5246 6.2.3.3, RFC 9846 5.2), CBC with the MAC inside (RFC 2246
   6.2.3.2, RFC 4346 6.2.3.2) or over the ciphertext (RFC 7366), stream ciphers and none (RFC 5246 6.2.3.1); all of them as SSL 3.0 had them (RFC 6101 5.2.3).

   AES-GCM and ChaCha20-Poly1305 are the engine's; everything else is put together here, for captures alone, and says which
   part did not fit. */
#include "explain/protection.h"
#include "explain/ssl3.h"

#include "base/bytes.h"
#include "crypto/offline.h"
#include "keys/hkdf.h"

enum { HEADER = 5, MAC_HEAD = 13 };

static bool open_aead(struct protection *p, uint8_t *record, struct record_parts *parts);
static bool open_cbc(struct protection *p, uint8_t *record, struct record_parts *parts);
static bool open_stream(struct protection *p, uint8_t *record, struct record_parts *parts);
static bool mac_fits(const struct protection *p, const uint8_t *record, bytes content, const uint8_t *mac);
static bool take_padding(const struct protection *p, uint8_t *record, struct record_parts *parts, size_t mac_len);
static enum aead common_aead(const char *algorithm);

const char *protection_missing(const struct suite_parts *suite, uint16_t version)
{
    bool null = suite->known && suite->algorithm == NULL && suite->key_len == 0;
    if (!suite->known || suite_prf(suite, version) == 0 || (!suite->aead && suite->mac_hash == 0))
        return "the parts of this suite are not known";
    if (suite->tls13 != (version >= 0x0304))
        return "this suite does not belong to this version";
    if (suite->export_grade)
        return "keys weakened for export are not computed";
    if (!null && suite->algorithm == NULL)
        return "libcrypto does not have this cipher";
    if (!null && common_aead(suite->algorithm) == 0 && !offline_cipher_known(suite->algorithm))
        return "this libcrypto does not have this cipher, or its legacy provider is not installed";
    return NULL;
}

size_t protection_key_block(const struct suite_parts *suite, uint16_t version, bool client, bytes block, bytes *mac_key,
                            bytes *key, bytes *iv)
{
    const size_t iv_len = suite->cbc && version >= 0x0302 ? 0 : suite->iv_len;
    const size_t need = 2 * ((size_t)suite->mac_len + suite->key_len + iv_len);
    if (block.len < need)
        return need;
    const size_t lens[] = {suite->mac_len, suite->key_len, iv_len};
    bytes *const out[] = {mac_key, key, iv};
    for (size_t i = 0; i < 3; i++) {
        *out[i] = bytes_first(bytes_skip(block, client ? 0 : lens[i]), lens[i]);
        block = bytes_skip(block, 2 * lens[i]);
    }
    return need;
}

bool protection_set(struct protection *p, const struct suite_parts *suite, uint16_t version, bytes mac_key, bytes key,
                    bytes iv)
{
    protection_end(p);
    if (iv.len > sizeof p->iv || mac_key.len > sizeof p->mac_key)
        return false;
    p->suite = *suite;
    p->version = version;
    bytes_copy(p->iv, iv.data, iv.len);
    bytes_copy(p->mac_key, mac_key.data, mac_key.len);
    enum aead common = suite->algorithm != NULL && suite->tag_len == 16 ? common_aead(suite->algorithm) : 0;
    if (common != 0)
        p->aead = crypto_aead_new(common, key);
    else if (suite->algorithm != NULL)
        p->cipher = offline_cipher_new(suite->algorithm, key, suite->tag_len);
    p->set = p->aead != NULL || p->cipher != NULL || suite->algorithm == NULL;
    return p->set;
}

bool protection_set13(struct protection *p, const struct suite_parts *suite, bytes secret)
{
    uint8_t key[32], iv[12];
    uint8_t kept[HASH_MAX];
    if (secret.len != hash_len(suite->hash) || suite->key_len > sizeof key || suite->hash == 0)
        return false;
    bytes_copy(kept, secret.data, secret.len);
    bytes copy = bytes_of(kept, secret.len);
    hkdf_expand_label(suite->hash, copy, "key", BYTES_NONE, key, suite->key_len);
    hkdf_expand_label(suite->hash, copy, "iv", BYTES_NONE, iv, sizeof iv);
    bool set = protection_set(p, suite, 0x0304, BYTES_NONE, bytes_of(key, suite->key_len), BYTES_OF(iv));
    bytes_copy(p->secret, copy.data, copy.len);
    p->secret_len = (uint8_t)copy.len;
    bytes_wipe(key, sizeof key);
    bytes_wipe(kept, sizeof kept);
    return set;
}

void protection_end(struct protection *p)
{
    crypto_aead_free(p->aead);
    offline_cipher_free(p->cipher);
    bytes_wipe(p, sizeof *p);
}

bool protection_parts(const struct suite_parts *suite, uint16_t version, bool mac_last, size_t record_len,
                      struct record_parts *out)
{
    *out = (struct record_parts){.nonce = HEADER};
    if (!suite->known || record_len < HEADER)
        return false;
    out->nonce_len = suite->cbc ? (version >= 0x0302 ? suite->block : 0) : suite->explicit_len;
    out->tag_len = suite->aead ? suite->tag_len : suite->cbc && mac_last ? suite->mac_len : 0;
    if (record_len < HEADER + out->nonce_len + out->tag_len)
        return false;
    out->cipher = HEADER + out->nonce_len;
    out->cipher_len = record_len - out->cipher - out->tag_len;
    out->tag = record_len - out->tag_len;
    return true;
}

bool protection_open(struct protection *p, bytes record, uint8_t *scratch, struct record_parts *parts)
{
    if (!p->set || !protection_parts(&p->suite, p->version, p->mac_last, record.len, parts)) {
        parts->why = "the record is too short for this suite";
        return false;
    }
    bytes_copy(scratch, record.data, record.len);
    return p->suite.aead  ? open_aead(p, scratch, parts)
           : p->suite.cbc ? open_cbc(p, scratch, parts)
                          : open_stream(p, scratch, parts);
}

void protection_next(struct protection *p, bytes record)
{
    struct record_parts parts;
    p->sequence++;
    if (p->set && p->suite.cbc && p->version < 0x0302 &&
        protection_parts(&p->suite, p->version, p->mac_last, record.len, &parts) && parts.cipher_len >= p->suite.block)
        bytes_copy(p->iv, record.data + parts.tag - p->suite.block, p->suite.block);
}

/* ---- AEAD ---- */

static bool open_aead(struct protection *p, uint8_t *record, struct record_parts *parts)
{
    uint8_t nonce[12], number[8], additional[MAC_HEAD], header[HEADER];
    bool tls13 = p->version >= 0x0304;
    parts->plain = parts->cipher;
    parts->plain_len = parts->cipher_len;
    parts->why = "the tag is not what its key gives";
    store64(number, p->sequence);
    protection_nonce(p, bytes_of(record + parts->nonce, parts->nonce_len), nonce);
    bytes_copy(header, record, HEADER);
    bytes_copy(additional, number, 8);
    bytes_copy(additional + 8, record, 3);
    store16(additional + 11, (uint16_t)parts->plain_len);
    bytes aad = tls13 ? BYTES_OF(header) : BYTES_OF(additional);
    uint8_t *body = record + parts->cipher;
    const size_t body_len = parts->cipher_len + parts->tag_len;
    if (p->aead != NULL ? !crypto_open(p->aead, nonce, aad, body, body_len)
                        : !offline_open(p->cipher, nonce, aad, body, body_len))
        return false;
    parts->why = NULL;
    return true;
}

void protection_nonce(const struct protection *p, bytes explicit_nonce, uint8_t nonce[12])
{
    const size_t fixed = 12 - explicit_nonce.len;
    uint8_t number[8];
    store64(number, p->sequence);
    bytes_copy(nonce, p->iv, fixed);
    bytes_copy(nonce + fixed, explicit_nonce.data, explicit_nonce.len);
    for (size_t i = 0; i < sizeof number && explicit_nonce.len == 0; i++)
        nonce[4 + i] ^= number[i];
}

static enum aead common_aead(const char *algorithm)
{
    return strcmp(algorithm, "AES-128-GCM") == 0         ? AEAD_AES_128_GCM
           : strcmp(algorithm, "AES-256-GCM") == 0       ? AEAD_AES_256_GCM
           : strcmp(algorithm, "ChaCha20-Poly1305") == 0 ? AEAD_CHACHA20_POLY1305
                                                         : 0;
}

/* ---- with a MAC ---- */

static bool open_cbc(struct protection *p, uint8_t *record, struct record_parts *parts)
{
    const size_t block = p->suite.block, mac_len = p->mac_last ? 0 : p->suite.mac_len;
    parts->why = "its length is not a multiple of the cipher's block, or too short";
    if (parts->cipher_len % block != 0 || parts->cipher_len < mac_len + 1)
        return false;
    if (p->mac_last) {
        parts->why = "the MAC over the ciphertext is not what its key gives";
        bytes content = bytes_of(record + parts->nonce, parts->nonce_len + parts->cipher_len);
        if (!mac_fits(p, record, content, record + parts->tag))
            return false;
    }
    parts->why = "it could not be decrypted";
    if (!offline_decrypt(p->cipher, parts->nonce_len > 0 ? record + parts->nonce : p->iv, record + parts->cipher,
                         parts->cipher_len))
        return false;
    parts->why = "the padding is wrong";
    if (!take_padding(p, record, parts, mac_len))
        return false;
    parts->why = "the MAC is not what its key gives";
    if (mac_len > 0 &&
        !mac_fits(p, record, bytes_of(record + parts->plain, parts->plain_len), record + parts->mac))
        return false;
    parts->why = NULL;
    return true;
}

/* Content, MAC, padding, length of the padding; every byte of the padding says its length (RFC 2246 6.2.3.2). */
static bool take_padding(const struct protection *p, uint8_t *record, struct record_parts *parts, size_t mac_len)
{
    const size_t end = parts->cipher + parts->cipher_len, padding = (size_t)record[end - 1] + 1;
    if (padding + mac_len > parts->cipher_len)
        return false;
    for (size_t i = end - padding; i < end && p->version != SSL3_VERSION; i++)
        if (record[i] != padding - 1)
            return false;
    if (p->version == SSL3_VERSION && padding > p->suite.block) /* RFC 6101 5.2.3.2: what is in it is not said (POODLE) */
        return false;
    parts->padding = end - padding;
    parts->padding_len = padding;
    parts->mac = parts->padding - mac_len;
    parts->mac_len = mac_len;
    parts->plain = parts->cipher;
    parts->plain_len = parts->mac - parts->plain;
    return true;
}

/* The key stream goes on only when the MAC fits: a copy tries. */
static bool open_stream(struct protection *p, uint8_t *record, struct record_parts *parts)
{
    const size_t mac_len = p->suite.mac_len;
    parts->why = "the record is too short for this suite";
    if (parts->cipher_len < mac_len)
        return false;
    struct offline_cipher *copy = p->cipher != NULL ? offline_cipher_copy(p->cipher) : NULL;
    parts->why = "it could not be decrypted";
    if (p->cipher != NULL &&
        (copy == NULL || !offline_decrypt(copy, NULL, record + parts->cipher, parts->cipher_len))) {
        offline_cipher_free(copy);
        return false;
    }
    parts->plain = parts->cipher;
    parts->plain_len = parts->cipher_len - mac_len;
    parts->mac = parts->plain + parts->plain_len;
    parts->mac_len = mac_len;
    bool fits = mac_fits(p, record, bytes_of(record + parts->plain, parts->plain_len), record + parts->mac);
    if (fits && copy != NULL) {
        struct offline_cipher *spent = p->cipher;
        p->cipher = copy;
        copy = spent;
    }
    offline_cipher_free(copy);
    parts->why = fits ? NULL : "the MAC is not what its key gives";
    return fits;
}

static bool mac_fits(const struct protection *p, const uint8_t *record, bytes content, const uint8_t *mac)
{
    uint8_t head[MAC_HEAD], wanted[HASH_MAX];
    struct crypto_hmac keyed;
    if (p->version == SSL3_VERSION) {
        ssl3_mac(p->suite.mac_hash, bytes_of(p->mac_key, p->suite.mac_len), p->sequence, record[0], content, wanted);
        return memcmp(wanted, mac, p->suite.mac_len) == 0;
    }
    store64(head, p->sequence);
    bytes_copy(head + 8, record, 3);
    store16(head + 11, (uint16_t)content.len);
    crypto_hmac_key(&keyed, p->suite.mac_hash, bytes_of(p->mac_key, p->suite.mac_len));
    crypto_hmac_of(&keyed, BYTES_OF(head), content, BYTES_NONE, wanted);
    bytes_wipe(&keyed, sizeof keyed);
    return memcmp(wanted, mac, p->suite.mac_len) == 0;
}
