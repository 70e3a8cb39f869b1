/* keys/schedule12.c: from the premaster secret to keys in TLS 1.2.

   PRF (RFC 5246 5), master secret (RFC 5246 8.1, RFC 7627 4), key block (RFC 5246 6.3), Finished (RFC 5246 7.4.9). One
   label and one line each; what is secret is wiped where it ends. With HASH_MD5_SHA1 all of it is that of TLS 1.0 and 1.1. */
#include "keys/schedule12.h"

static void add_p_hash(enum hash hash, bytes secret, const char *label, bytes seed1, bytes seed2, uint8_t *out,
                       size_t len);
static void round_of(const struct crypto_hmac *keyed, bytes a, bytes label, bytes seed1, bytes seed2, uint8_t *out);

void prf12(enum hash hash, bytes secret, const char *label, bytes seed1, bytes seed2, uint8_t *out, size_t len)
{
    memset(out, 0, len);
    if (hash != HASH_MD5_SHA1) {
        add_p_hash(hash, secret, label, seed1, seed2, out, len);
        return;
    }
    /* Before TLS 1.2, RFC 4346 5: each hash gets one half of the secret; of an odd length both have the middle byte. */
    const size_t half = (secret.len + 1) / 2;
    add_p_hash(HASH_MD5, bytes_first(secret, half), label, seed1, seed2, out, len);
    add_p_hash(HASH_SHA1, bytes_skip(secret, secret.len - half), label, seed1, seed2, out, len);
}

/* P_hash, RFC 5246 5, by XOR onto what stands there. */
static void add_p_hash(enum hash hash, bytes secret, const char *label, bytes seed1, bytes seed2, uint8_t *out,
                       size_t len)
{
    const size_t unit = hash_len(hash);
    const bytes name = bytes_text(label);
    struct crypto_hmac keyed;
    uint8_t a[HASH_MAX], block[HASH_MAX];

    crypto_hmac_key(&keyed, hash, secret);
    crypto_hmac_of(&keyed, name, seed1, seed2, a); /* A(1) */
    for (;;) {
        round_of(&keyed, bytes_of(a, unit), name, seed1, seed2, block);
        size_t n = len < unit ? len : unit;
        for (size_t i = 0; i < n; i++)
            out[i] ^= block[i];
        out += n;
        len -= n;
        if (len == 0)
            break;
        crypto_hmac_of(&keyed, bytes_of(a, unit), BYTES_NONE, BYTES_NONE, a); /* A(i) from A(i - 1) */
    }
    bytes_wipe(&keyed, sizeof keyed);
    bytes_wipe(a, sizeof a);
    bytes_wipe(block, sizeof block);
}

void master_classic(enum hash hash, bytes premaster, const uint8_t client_random[32], const uint8_t server_random[32],
                    uint8_t master[MASTER_LEN])
{
    prf12(hash, premaster, "master secret", bytes_of(client_random, 32), bytes_of(server_random, 32), master,
          MASTER_LEN);
}

void master_extended(enum hash hash, bytes premaster, bytes session_hash, uint8_t master[MASTER_LEN])
{
    prf12(hash, premaster, "extended master secret", session_hash, BYTES_NONE, master, MASTER_LEN);
}

void key_block_make(const struct suite *suite, const uint8_t master[MASTER_LEN], const uint8_t client_random[32],
                    const uint8_t server_random[32], struct key_block *out)
{
    uint8_t block[2 * (sizeof out->client_mac + sizeof out->client_key + sizeof out->client_iv)];
    const uint8_t *at = block;
    const size_t mac_len = hash_len(suite->mac);
    /* The server's random comes first here, unlike in the master secret. */
    prf12(suite->hash, bytes_of(master, MASTER_LEN), "key expansion", bytes_of(server_random, 32),
          bytes_of(client_random, 32), block, 2u * (mac_len + suite->key_len + (size_t)suite->iv_len));
    *out = (struct key_block){.key_len = suite->key_len, .iv_len = suite->iv_len, .mac_len = (uint8_t)mac_len};
    bytes_copy(out->client_mac, at, mac_len);
    at += mac_len;
    bytes_copy(out->server_mac, at, mac_len);
    at += mac_len;
    bytes_copy(out->client_key, at, suite->key_len);
    at += suite->key_len;
    bytes_copy(out->server_key, at, suite->key_len);
    at += suite->key_len;
    bytes_copy(out->client_iv, at, suite->iv_len);
    at += suite->iv_len;
    bytes_copy(out->server_iv, at, suite->iv_len);
    bytes_wipe(block, sizeof block);
}

void verify_data_make(enum hash hash, const uint8_t master[MASTER_LEN], bool client, bytes transcript_hash,
                      uint8_t out[VERIFY_DATA_LEN])
{
    prf12(hash, bytes_of(master, MASTER_LEN), client ? "client finished" : "server finished", transcript_hash,
          BYTES_NONE, out, VERIFY_DATA_LEN);
}

/* HMAC(secret, A(i) + label + seed): crypto_hmac_of with one part more. */
static void round_of(const struct crypto_hmac *keyed, bytes a, bytes label, bytes seed1, bytes seed2, uint8_t *out)
{
    struct crypto_hash h = keyed->inner;
    uint8_t inner[HASH_MAX];
    crypto_hash_add(&h, a);
    crypto_hash_add(&h, label);
    crypto_hash_add(&h, seed1);
    crypto_hash_add(&h, seed2);
    crypto_hash_end(&h, inner);
    h = keyed->outer;
    crypto_hash_add(&h, bytes_of(inner, h.len));
    crypto_hash_end(&h, out);
    bytes_wipe(inner, sizeof inner);
    bytes_wipe(&h, sizeof h);
}
