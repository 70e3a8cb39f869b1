/* explain/ssl3.c: what SSL 3.0 computes from its secrets, and the same step by step.

   The engine has none of it, and libcrypto no name for it any more: it is put together from MD5 and SHA-1 alone. */
#include "explain/ssl3.h"

#include <stdio.h>

#include "explain/suite_parts.h"
#include "fede/trace.h"
#include "keys/schedule12.h"

enum { MD5_LEN = 16, SHA1_LEN = 20, MD5_PAD = 48, SHA1_PAD = 40, INNER = 0x36, OUTER = 0x5c, ROUNDS_MOST = 26 };

static void add_pad(struct crypto_hash *h, enum hash hash, uint8_t what)
{
    uint8_t pad[MD5_PAD];
    memset(pad, what, sizeof pad);
    crypto_hash_add(h, bytes_of(pad, hash == HASH_MD5 ? MD5_PAD : SHA1_PAD));
}

/* One round; inner: the SHA-1 within. */
static void round_of(bytes secret, bytes seed, size_t n, uint8_t inner[SHA1_LEN], uint8_t out[MD5_LEN])
{
    uint8_t letters[ROUNDS_MOST];
    struct crypto_hash h;
    memset(letters, (int)('A' + n), n + 1);
    crypto_hash_start(&h, HASH_SHA1);
    crypto_hash_add(&h, bytes_of(letters, n + 1));
    crypto_hash_add(&h, secret);
    crypto_hash_add(&h, seed);
    crypto_hash_end(&h, inner);
    crypto_hash_start(&h, HASH_MD5);
    crypto_hash_add(&h, secret);
    crypto_hash_add(&h, bytes_of(inner, SHA1_LEN));
    crypto_hash_end(&h, out);
}

void ssl3_expand(bytes secret, bytes seed, uint8_t *out, size_t len)
{
    uint8_t inner[SHA1_LEN], round[MD5_LEN];
    for (size_t at = 0; at < len && at / MD5_LEN < ROUNDS_MOST; at += MD5_LEN) {
        round_of(secret, seed, at / MD5_LEN, inner, round);
        bytes_copy(out + at, round, len - at < MD5_LEN ? len - at : MD5_LEN);
    }
    bytes_wipe(inner, sizeof inner);
    bytes_wipe(round, sizeof round);
}

static bytes sender(uint8_t from)
{
    static const uint8_t client[] = {0x43, 0x4c, 0x4e, 0x54}, server[] = {0x53, 0x52, 0x56, 0x52};
    return from == FEDE_CLIENT ? BYTES_OF(client) : from == FEDE_SERVER ? BYTES_OF(server) : BYTES_NONE;
}

/* hash(master + pad_2 + hash(messages + sender + master + pad_1)) */
static void half(enum hash hash, bytes master, uint8_t from, bytes messages, uint8_t *inner, uint8_t *out)
{
    struct crypto_hash h;
    crypto_hash_start(&h, hash);
    crypto_hash_add(&h, messages);
    crypto_hash_add(&h, sender(from));
    crypto_hash_add(&h, master);
    add_pad(&h, hash, INNER);
    crypto_hash_end(&h, inner);
    crypto_hash_start(&h, hash);
    crypto_hash_add(&h, master);
    add_pad(&h, hash, OUTER);
    crypto_hash_add(&h, bytes_of(inner, hash_len(hash)));
    crypto_hash_end(&h, out);
}

void ssl3_hashes(bytes master, uint8_t from, bytes messages, uint8_t out[SSL3_HASHES])
{
    uint8_t inner[SHA1_LEN];
    half(HASH_MD5, master, from, messages, inner, out);
    half(HASH_SHA1, master, from, messages, inner, out + MD5_LEN);
}

void ssl3_mac(enum hash hash, bytes key, uint64_t sequence, uint8_t type, bytes content, uint8_t *out)
{
    uint8_t head[11], inner[SHA1_LEN];
    struct crypto_hash h;
    store64(head, sequence);
    head[8] = type;
    store16(head + 9, (uint16_t)content.len);
    crypto_hash_start(&h, hash);
    crypto_hash_add(&h, key);
    add_pad(&h, hash, INNER);
    crypto_hash_add(&h, BYTES_OF(head));
    crypto_hash_add(&h, content);
    crypto_hash_end(&h, inner);
    crypto_hash_start(&h, hash);
    crypto_hash_add(&h, key);
    add_pad(&h, hash, OUTER);
    crypto_hash_add(&h, bytes_of(inner, hash_len(hash)));
    crypto_hash_end(&h, out);
}

/* ---- with their steps ---- */

static struct derivation *start(struct arena *arena, const char *name, const char *title, const char *section,
                                size_t steps)
{
    struct derivation *v = crypto_start() ? arena_take(arena, sizeof *v) : NULL;
    if (v == NULL || (v->steps = arena_take(arena, steps * sizeof *v->steps)) == NULL)
        return NULL;
    v->name = name;
    v->title = title;
    v->section = section;
    return v;
}

static void step(struct arena *arena, struct derivation *v, const char *form, size_t n, bytes value, bool secret)
{
    char *name = arena_take(arena, 32);
    if (name != NULL)
        snprintf(name, 32, form, n);
    v->steps[v->n_steps++] = (struct derived_part){
        .name = name != NULL ? name : "step", .value = arena_copy(arena, value), .secret = secret};
}

static struct derivation *expanded(struct arena *arena, struct derivation *v, const char *secret_name, bytes secret,
                                   const char *seed_name, bytes seed, size_t len)
{
    uint8_t inner[SHA1_LEN], round[MD5_LEN], *out = arena_take(arena, len);
    if (v == NULL || out == NULL)
        return NULL;
    v->method = "MD5(secret + SHA-1(\"A\" + secret + seed)), then with \"BB\", \"CCC\" and so on";
    v->inputs[v->n_inputs++] =
        (struct derived_part){.name = secret_name, .value = arena_copy(arena, secret), .secret = true};
    v->inputs[v->n_inputs++] = (struct derived_part){.name = seed_name, .value = arena_copy(arena, seed)};
    for (size_t n = 0; n * MD5_LEN < len; n++) {
        round_of(secret, seed, n, inner, round);
        step(arena, v, "SHA-1(%zu)", n + 1, BYTES_OF(inner), true);
        step(arena, v, "MD5(%zu)", n + 1, BYTES_OF(round), true);
    }
    ssl3_expand(secret, seed, out, len);
    v->value = bytes_of(out, len);
    return v;
}

struct derivation *derive_ssl3_master(struct arena *arena, bytes premaster, bytes seed)
{
    struct derivation *v = start(arena, "master_secret", "master secret", "RFC 6101 6.1", 2 * MASTER_LEN / MD5_LEN);
    v = expanded(arena, v, "premaster_secret", premaster, "client_random + server_random", seed, MASTER_LEN);
    if (v != NULL)
        v->outputs[v->n_outputs++] = (struct derived_part){.name = "master_secret", .value = v->value, .secret = true};
    return v;
}

struct derivation *derive_ssl3_key_block(struct arena *arena, uint16_t suite, bytes master, bytes seed)
{
    const struct suite_parts p = suite_parts(suite);
    const size_t len = 2 * ((size_t)p.mac_len + p.key_len + p.iv_len);
    struct key_slice slices[KEY_SLICES];
    if (!p.known || len == 0 || len > ROUNDS_MOST * MD5_LEN)
        return NULL;
    struct derivation *v = start(arena, "key_block", "key block", "RFC 6101 6.2.2", 2 * (len / MD5_LEN + 1));
    v = expanded(arena, v, "master_secret", master, "server_random + client_random", seed, len);
    const size_t n = v != NULL ? key_block_slices(suite, v->value, slices) : 0;
    for (size_t i = 0; i < n; i++)
        v->outputs[v->n_outputs++] =
            (struct derived_part){.name = slices[i].name, .value = slices[i].value, .secret = true};
    return v;
}

struct derivation *derive_ssl3_verify_data(struct arena *arena, bytes master, uint8_t from, bytes messages)
{
    const bool client = from == FEDE_CLIENT;
    uint8_t inner[SHA1_LEN], out[SSL3_HASHES];
    struct derivation *v =
        start(arena, client ? "client_verify_data" : "server_verify_data",
              client ? "verify_data of the client" : "verify_data of the server", "RFC 6101 5.6.9", 2);
    if (v == NULL)
        return NULL;
    v->method = "MD5 and SHA-1 of: master secret + pad_2 + hash(messages + sender + master secret + pad_1)";
    v->inputs[v->n_inputs++] =
        (struct derived_part){.name = "master_secret", .value = arena_copy(arena, master), .secret = true};
    v->inputs[v->n_inputs++] = (struct derived_part){.name = "sender", .value = sender(from)};
    half(HASH_MD5, master, from, messages, inner, out);
    step(arena, v, "inner MD5%.0zu", 0, bytes_of(inner, MD5_LEN), false);
    half(HASH_SHA1, master, from, messages, inner, out + MD5_LEN);
    step(arena, v, "inner SHA-1%.0zu", 0, bytes_of(inner, SHA1_LEN), false);
    v->value = arena_copy(arena, BYTES_OF(out));
    v->outputs[v->n_outputs++] = (struct derived_part){.name = "verify_data", .value = v->value};
    return v;
}
