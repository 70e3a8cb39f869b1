/* Cryptography that lets everything through, so that a fuzzer of the engine gets behind the signature, the Finished and the
   record protection: the shared secret is constant, signatures are judged by their last bit, records are not encrypted and
   their tag is one byte sixteen times, verify_data depends on the role alone. Hashes and private keys stay real. */
#include "crypto/legacy.h"
#include "crypto/offline.h"
#include "keys/schedule12.h"

struct crypto_share {
    const struct group *group;
};

struct crypto_share *crypto_share_new(const struct group *group, const struct crypto_random *source, uint8_t *out,
                                      size_t *out_len)
{
    struct crypto_share *share = memory_take(&memory_standard, sizeof *share);
    (void)source;
    if (share == NULL)
        return NULL;
    share->group = group;
    memset(out, 4, group->share_len);
    *out_len = group->share_len;
    return share;
}

bool crypto_share_finish(struct crypto_share *own, bytes peer, uint8_t *secret, size_t *secret_len)
{
    if (peer.len != own->group->share_len || (peer.data[peer.len - 1] & 1) != 0)
        return false;
    memset(secret, 7, own->group->secret_len);
    *secret_len = own->group->secret_len;
    return true;
}

size_t crypto_share_private(const struct crypto_share *own, uint8_t *out, size_t size)
{
    (void)own;
    memset(out, 9, size < 32 ? size : 32);
    return size < 32 ? size : 32;
}

void crypto_share_free(struct crypto_share *own)
{
    memory_give(&memory_standard, own, sizeof *own);
}

/* ---- Records. */

enum { TAG = 16, TAG_BYTE = 0x55 };

bool crypto_aead_start(struct crypto_aead *a, enum aead kind, bytes key)
{
    static uint8_t something;
    (void)key;
    *a = (struct crypto_aead){.cipher = &something, .kind = (uint8_t)kind};
    return true;
}

bool crypto_aead_take_over(struct crypto_aead *a, struct crypto_aead *from, bytes key)
{
    (void)key;
    *a = *from;
    crypto_aead_end(from);
    return true;
}

void crypto_aead_end(struct crypto_aead *a)
{
    *a = (struct crypto_aead){0};
}

struct crypto_aead *crypto_aead_new(enum aead kind, bytes key)
{
    struct crypto_aead *a = memory_take(&memory_standard, sizeof *a);
    if (a != NULL)
        crypto_aead_start(a, kind, key);
    return a;
}

void crypto_aead_free(struct crypto_aead *a)
{
    memory_give(&memory_standard, a, sizeof *a);
}

size_t crypto_record_explicit(enum aead kind)
{
    return kind == AEAD_CHACHA20_POLY1305 ? 0 : 8;
}

bool crypto_seal_record(struct crypto_aead *a, const struct crypto_record *record, uint8_t *body, size_t len)
{
    size_t explicit_len = crypto_record_explicit((enum aead)a->kind);
    if (explicit_len > 0)
        store64(body, record->sequence);
    memset(body + explicit_len + len, TAG_BYTE, TAG);
    return true;
}

bool crypto_open_record(struct crypto_aead *a, const struct crypto_record *record, uint8_t *body, size_t len)
{
    (void)a, (void)record;
    return body[len - 1] == TAG_BYTE;
}

/* Tickets: the tag is all there is to them. */
bool crypto_seal(struct crypto_aead *a, const uint8_t nonce[12], bytes aad, bytes in, uint8_t *out)
{
    (void)a, (void)nonce, (void)aad;
    bytes_copy(out, in.data, in.len);
    memset(out + in.len, TAG_BYTE, TAG);
    return true;
}

bool crypto_open(struct crypto_aead *a, const uint8_t nonce[12], bytes aad, uint8_t *inout, size_t len)
{
    (void)a, (void)nonce, (void)aad;
    return len >= TAG && inout[len - 1] == TAG_BYTE;
}

/* ---- Signatures. */

bool crypto_verify(const struct public_key *key, const struct scheme *scheme, bytes input, bytes signature)
{
    (void)key, (void)scheme, (void)input;
    return signature.len > 0 && signature.data[signature.len - 1] != 0xee;
}

bool crypto_public_key_usable(const struct public_key *key)
{
    return key->kind != 0;
}

/* ---- Quarantined key exchanges. */

bool crypto_dh_params(const struct group *group, bytes *p, bytes *g)
{
    static const uint8_t prime[512] = {0xff};
    *p = bytes_of(prime, group->share_len);
    *g = bytes_of("\2", 1);
    return true;
}

const struct group *crypto_dh_find(bytes p, bytes g)
{
    return g.len == 1 && p.len > 0 && p.data[0] == 0xff ? group_legacy_at(1) : NULL;
}

bool crypto_rsa_wrap(const struct public_key *key, uint16_t version, const struct crypto_random *source,
                     uint8_t premaster[PREMASTER_LEN], uint8_t out[SIGNATURE_MAX])
{
    (void)version, (void)source;
    memset(premaster, 5, PREMASTER_LEN);
    memset(out, 6, key->modulus.len);
    return true;
}

bool crypto_rsa_unwrap(const struct crypto_key *key, bytes encrypted, uint16_t version,
                       const struct crypto_random *source, uint8_t premaster[PREMASTER_LEN])
{
    (void)key, (void)encrypted, (void)version, (void)source;
    memset(premaster, 5, PREMASTER_LEN);
    return true;
}

/* ---- The key schedule. */

void prf12(enum hash hash, bytes secret, const char *label, bytes seed1, bytes seed2, uint8_t *out, size_t len)
{
    (void)hash, (void)secret, (void)label, (void)seed1, (void)seed2;
    memset(out, 4, len);
}

void master_classic(enum hash hash, bytes premaster, const uint8_t client_random[32], const uint8_t server_random[32],
                    uint8_t master[MASTER_LEN])
{
    (void)hash, (void)premaster, (void)client_random, (void)server_random;
    memset(master, 1, MASTER_LEN);
}

void master_extended(enum hash hash, bytes premaster, bytes session_hash, uint8_t master[MASTER_LEN])
{
    (void)hash, (void)premaster, (void)session_hash;
    memset(master, 2, MASTER_LEN);
}

void key_block_make(const struct suite *suite, const uint8_t master[MASTER_LEN], const uint8_t client_random[32],
                    const uint8_t server_random[32], struct key_block *out)
{
    (void)master, (void)client_random, (void)server_random;
    memset(out, 3, sizeof *out);
    out->key_len = suite->key_len;
    out->iv_len = suite->iv_len;
    out->mac_len = (uint8_t)hash_len(suite->mac);
}

void verify_data_make(enum hash hash, const uint8_t master[MASTER_LEN], bool client, bytes transcript_hash,
                      uint8_t out[VERIFY_DATA_LEN])
{
    (void)hash, (void)master, (void)transcript_hash;
    memset(out, client ? 'c' : 's', VERIFY_DATA_LEN);
}
