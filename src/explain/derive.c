/* explain/derive.c: one value of the key schedule at a time, with everything that went into it and every step on the way.

   The result comes from keys/ and crypto/ as the engine has it; the steps A(i) and P(i) are made here with HMAC alone, and
   tests/unit/derived.c checks that they add up to the result. */
#include "explain/derive.h"

#include <stdio.h>

#include "explain/suite_parts.h"
#include "keys/schedule12.h"

static struct derivation *start(struct arena *arena, const char *name, const char *title, const char *section);
static void input(struct derivation *v, const char *name, bytes value, bool secret);
static void output(struct derivation *v, const char *name, bytes value, bool secret);
static bool run_prf(struct arena *arena, struct derivation *v, enum hash hash, bytes secret, const char *label,
                    bytes seed, size_t len);
static size_t rounds_of(enum hash hash, size_t len);
static bool run_p_hash(struct arena *arena, struct derivation *v, enum hash hash, bytes secret, bytes first, size_t len);
static const char *format(struct arena *arena, const char *form, const char *a, const char *b);
static bytes joined(struct arena *arena, bytes a, bytes b);

static const struct {
    enum hash hash;
    const char *title, *plain;
} hashes[] = {
    {HASH_SHA256, "SHA-256", "sha256"},
    {HASH_SHA384, "SHA-384", "sha384"},
    {HASH_SHA512, "SHA-512", "sha512"},
    {HASH_SHA1, "SHA-1", "sha1"},
    {HASH_MD5_SHA1, "MD5+SHA-1", "md5+sha1"},
};

const char *hash_title(enum hash hash)
{
    for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++)
        if (hashes[i].hash == hash)
            return hashes[i].title;
    return "unknown hash";
}

enum hash hash_by_name(const char *name)
{
    char plain[16];
    size_t n = 0;
    for (; *name != '\0' && n < sizeof plain - 1; name++)
        if (*name != '-')
            plain[n++] = (char)(*name >= 'A' && *name <= 'Z' ? *name - 'A' + 'a' : *name);
    plain[n] = '\0';
    for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++)
        if (strcmp(hashes[i].plain, plain) == 0)
            return hashes[i].hash;
    return 0;
}

struct derivation *derive_prf(struct arena *arena, enum hash hash, bytes secret, const char *label, bytes seed,
                              size_t len)
{
    struct derivation *v = start(arena, "prf", "output of the PRF", "RFC 5246 5");
    if (v == NULL || !run_prf(arena, v, hash, secret, label, seed, len))
        return NULL;
    output(v, "output", v->value, true);
    return v;
}

struct derivation *derive_master(struct arena *arena, enum hash hash, bytes premaster, bool extended, bytes seed)
{
    struct derivation *v = start(arena, "master_secret", extended ? "extended master secret" : "master secret",
                                 extended ? "RFC 7627 4" : "RFC 5246 8.1");
    if (v == NULL ||
        !run_prf(arena, v, hash, premaster, extended ? "extended master secret" : "master secret", seed, MASTER_LEN))
        return NULL;
    v->inputs[0].name = "premaster_secret";
    v->inputs[2].name = extended ? "session_hash" : "client_random + server_random";
    output(v, "master_secret", v->value, true);
    return v;
}

struct derivation *derive_key_block(struct arena *arena, uint16_t suite, uint16_t version, bytes master, bytes randoms,
                                    const char **why)
{
    struct suite_parts p = suite_parts(suite);
    *why = NULL;
    const enum hash prf = suite_prf(&p, version);
    if (!p.known || prf == 0 || p.tls13) {
        *why = p.tls13 ? "a suite of TLS 1.3 has no key block" : "the parts of this suite are not known";
        return NULL;
    }
    /* TLS 1.1 and later send the IV of CBC with each record. */
    size_t iv = p.cbc && version >= 0x0302 ? 0 : p.iv_len;
    size_t len = 2 * ((size_t)p.mac_len + p.key_len + iv);
    struct derivation *v = start(arena, "key_block", "key block", "RFC 5246 6.3");
    if (len == 0) {
        *why = "this suite needs no keys";
        return NULL;
    }
    if (v == NULL || !run_prf(arena, v, prf, master, "key expansion", randoms, len))
        return NULL;
    v->inputs[0].name = "master_secret";
    v->inputs[2].name = "server_random + client_random";
    struct key_slice slices[KEY_SLICES];
    size_t n = key_block_slices(suite, v->value, slices);
    for (size_t i = 0; i < n; i++)
        output(v, slices[i].name, slices[i].value, true);
    return v;
}

struct derivation *derive_verify_data(struct arena *arena, enum hash hash, bytes master, bool client,
                                      bytes transcript_hash)
{
    struct derivation *v = start(arena, client ? "client_verify_data" : "server_verify_data",
                                 client ? "verify_data of the client" : "verify_data of the server", "RFC 5246 7.4.9");
    if (v == NULL || !run_prf(arena, v, hash, master, client ? "client finished" : "server finished", transcript_hash,
                              VERIFY_DATA_LEN))
        return NULL;
    v->inputs[0].name = "master_secret";
    v->inputs[2].name = "transcript_hash";
    output(v, "verify_data", v->value, false);
    return v;
}

/* ---- key exchange ---- */

struct given {
    bytes key;
    bool used;
};

/* Hands out the given private key once: whoever asks again did not want it. */
static bool hand_out(void *arg, uint8_t *out, size_t n)
{
    struct given *g = arg;
    if (g->used || g->key.len != n)
        return false;
    g->used = true;
    bytes_copy(out, g->key.data, n);
    return true;
}

struct derivation *derive_ecdh(struct arena *arena, uint16_t id, bytes private_key, bytes peer, const char **why)
{
    const struct group *group = group_by_id(id);
    *why = NULL;
    if (group == NULL || group_is_legacy(group)) {
        *why = "this group is not computed here";
        return NULL;
    }
    uint8_t public[SHARE_MAX], secret[SECRET_MAX];
    size_t public_len = 0, secret_len = 0;
    struct given given = {.key = private_key};
    struct crypto_random source = {hand_out, &given};
    if (!crypto_start())
        return NULL;
    if (private_key.len != group->secret_len) {
        *why = "the private key has another length than this group's";
        return NULL;
    }
    struct crypto_share *own = crypto_share_new(group, &source, public, &public_len);
    if (own == NULL) {
        *why = "this is no private key of the group: zero, or not below its order";
        return NULL;
    }
    bool done = crypto_share_finish(own, peer, secret, &secret_len);
    crypto_share_free(own);
    if (!done) {
        *why = "the peer's share is no point of the group, or one that gives no secret";
        bytes_wipe(secret, sizeof secret);
        return NULL;
    }
    struct derivation *v =
        start(arena, "premaster_secret", "premaster secret", id == 0x001d ? "RFC 7748 5" : "RFC 8422 5.10");
    if (v != NULL) {
        v->method = format(arena,
                           id == 0x001d ? "%s(private key, peer's share)%s"
                                        : "x coordinate of private key times peer's point on %s%s",
                           group->name, "");
        input(v, "private_key", arena_copy(arena, private_key), true);
        input(v, "own_share", arena_copy(arena, bytes_of(public, public_len)), false);
        input(v, "peer_share", arena_copy(arena, peer), false);
        v->value = arena_copy(arena, bytes_of(secret, secret_len));
        output(v, "premaster_secret", v->value, true);
    }
    bytes_wipe(secret, sizeof secret);
    return v;
}

/* ---- records, TLS 1.3 ---- */

struct derivation *derive_nonce(struct arena *arena, bytes iv, bytes explicit_part, uint64_t sequence, const char **why)
{
    uint8_t nonce[12], number[8];
    store64(number, sequence);
    *why = NULL;
    bool joins = iv.len == 4 && (explicit_part.len == 8 || explicit_part.len == 0);
    if (!joins && (iv.len != 12 || explicit_part.len != 0)) {
        *why = "an IV has 4 bytes (with an explicit part of 8, AES-GCM) or 12";
        return NULL;
    }
    struct derivation *v =
        start(arena, "nonce", "nonce of a record", joins ? "RFC 5288 3" : "RFC 7905 2, RFC 9846 5.3");
    if (v == NULL)
        return NULL;
    input(v, "iv", arena_copy(arena, iv), true);
    if (joins) {
        if (explicit_part.len == 0)
            explicit_part = BYTES_OF(number); /* the usual choice */
        v->method = "IV, then the explicit part";
        input(v, "nonce_explicit", arena_copy(arena, explicit_part), false);
        bytes_copy(nonce, iv.data, 4);
        bytes_copy(nonce + 4, explicit_part.data, 8);
    } else {
        v->method = "IV XOR sequence number, which is filled with zeros on its left";
        input(v, "sequence_number", arena_copy(arena, BYTES_OF(number)), false);
        bytes_copy(nonce, iv.data, 12);
        for (size_t i = 0; i < 8; i++)
            nonce[4 + i] ^= number[i];
    }
    v->value = arena_copy(arena, BYTES_OF(nonce));
    output(v, "nonce", v->value, true);
    return v;
}

struct derivation *derive_hkdf_label(struct arena *arena, enum hash hash, bytes secret, const char *label,
                                     bytes context, size_t len, const char **why)
{
    enum { LABEL_MOST = 249, CONTEXT_MOST = 255, ROUNDS_MOST = 255 };
    const size_t unit = hash_len(hash), rounds = unit > 0 ? (len + unit - 1) / unit : 0, name = 6 + strlen(label);
    *why = NULL;
    if (strlen(label) > LABEL_MOST || context.len > CONTEXT_MOST || rounds > ROUNDS_MOST || rounds == 0) {
        *why = rounds == 0 || rounds > ROUNDS_MOST ? "the length has to be from 1 to 255 times that of the hash"
                                                   : "the label has at most 249 bytes, the context 255";
        return NULL;
    }
    struct derivation *v = start(arena, "hkdf_label", "output of HKDF-Expand-Label", "RFC 9846 7.1");
    uint8_t *out = arena_take(arena, rounds * unit), info[2 + 1 + CONTEXT_MOST + 1 + CONTEXT_MOST];
    if (v == NULL || out == NULL || (v->steps = arena_take(arena, (rounds + 1) * sizeof *v->steps)) == NULL)
        return NULL;
    store16(info, (uint16_t)len);
    info[2] = (uint8_t)name;
    bytes_copy(info + 3, "tls13 ", 6);
    bytes_copy(info + 9, label, strlen(label));
    info[3 + name] = (uint8_t)context.len;
    bytes_copy(info + 4 + name, context.data, context.len);
    v->method = format(arena, "HKDF-Expand with %s, label \"tls13 %s\"", hash_title(hash), label);
    input(v, "secret", arena_copy(arena, secret), true);
    input(v, "label", arena_copy(arena, bytes_of(info + 3, name)), false);
    input(v, "context", arena_copy(arena, context), false);
    bytes whole = arena_copy(arena, bytes_of(info, 4 + name + context.len)), before = BYTES_NONE;
    v->steps[v->n_steps++] = (struct derived_part){.name = "HkdfLabel", .value = whole};
    /* T(i) = HMAC(secret, T(i - 1) + HkdfLabel + i), RFC 5869 2.3. */
    struct crypto_hmac keyed;
    crypto_hmac_key(&keyed, hash, secret);
    for (size_t i = 0; i < rounds; i++) {
        uint8_t number = (uint8_t)(i + 1), *next = out + i * unit;
        char digits[32];
        crypto_hmac_of(&keyed, before, whole, bytes_of(&number, 1), next);
        before = bytes_of(next, unit);
        snprintf(digits, sizeof digits, "%zu", i + 1);
        v->steps[v->n_steps++] =
            (struct derived_part){.name = format(arena, "T(%s)%s", digits, ""), .value = before, .secret = true};
    }
    bytes_wipe(&keyed, sizeof keyed);
    v->value = bytes_of(out, len);
    output(v, "output", v->value, true);
    return v;
}

/* ---- parts ---- */

static struct derivation *start(struct arena *arena, const char *name, const char *title, const char *section)
{
    struct derivation *v = crypto_start() ? arena_take(arena, sizeof *v) : NULL;
    if (v == NULL)
        return NULL;
    v->name = name;
    v->title = title;
    v->section = section;
    v->method = "";
    return v;
}

static void input(struct derivation *v, const char *name, bytes value, bool secret)
{
    if (v->n_inputs < INPUTS_MOST)
        v->inputs[v->n_inputs++] = (struct derived_part){.name = name, .value = value, .secret = secret};
}

static void output(struct derivation *v, const char *name, bytes value, bool secret)
{
    if (v->n_outputs < OUTPUTS_MOST)
        v->outputs[v->n_outputs++] = (struct derived_part){.name = name, .value = value, .secret = secret};
}

/* A(0) is label and seed; A(i) = HMAC(secret, A(i - 1)); P(i) = HMAC(secret, A(i) + label + seed); the output is P(1), P(2) …
   one after the other, cut to length. Before TLS 1.2 that twice, with a half of the secret each, and both XORed. */
static bool run_prf(struct arena *arena, struct derivation *v, enum hash hash, bytes secret, const char *label,
                    bytes seed, size_t len)
{
    const bool halves = hash == HASH_MD5_SHA1;
    const size_t half = halves ? (secret.len + 1) / 2 : secret.len;
    uint8_t *out = len > 0 ? arena_take(arena, len) : NULL;
    bytes first = joined(arena, bytes_text(label), seed);
    v->steps = arena_take(arena, (2 * (rounds_of(HASH_MD5, len) + rounds_of(HASH_SHA1, len)) + 1) * sizeof *v->steps);
    if (out == NULL || v->steps == NULL || hash_len(hash) == 0)
        return false;
    v->method = format(arena, "PRF with %s, label \"%s\"", hash_title(hash), label);
    input(v, "secret", arena_copy(arena, secret), true);
    input(v, "label", arena_copy(arena, bytes_text(label)), false);
    input(v, "seed", arena_copy(arena, seed), false);
    v->steps[v->n_steps++] = (struct derived_part){.name = "A(0)", .value = first};
    bool done = halves ? run_p_hash(arena, v, HASH_MD5, bytes_first(secret, half), first, len) &&
                             run_p_hash(arena, v, HASH_SHA1, bytes_skip(secret, secret.len - half), first, len)
                       : run_p_hash(arena, v, hash, secret, first, len);
    prf12(hash, secret, label, seed, BYTES_NONE, out, len);
    v->value = bytes_of(out, len);
    return done;
}

static size_t rounds_of(enum hash hash, size_t len)
{
    return (len + hash_len(hash) - 1) / hash_len(hash);
}

static bool run_p_hash(struct arena *arena, struct derivation *v, enum hash hash, bytes secret, bytes first, size_t len)
{
    const size_t unit = hash_len(hash), rounds = rounds_of(hash, len);
    const char *mark = hash == HASH_MD5 ? " with MD5" : hash == HASH_SHA1 ? " with SHA-1" : "";
    uint8_t *work = arena_take(arena, 2 * rounds * unit);
    bytes a = first;
    struct crypto_hmac keyed;
    if (work == NULL)
        return false;
    crypto_hmac_key(&keyed, hash, secret);
    for (size_t i = 0; i < rounds; i++) {
        uint8_t *next = work + 2 * i * unit, *piece = next + unit;
        char name[32];
        crypto_hmac_of(&keyed, a, BYTES_NONE, BYTES_NONE, next);
        a = bytes_of(next, unit);
        crypto_hmac_of(&keyed, a, first, BYTES_NONE, piece);
        snprintf(name, sizeof name, "%zu", i + 1);
        v->steps[v->n_steps++] =
            (struct derived_part){.name = format(arena, "A(%s)%s", name, mark), .value = a, .secret = true};
        v->steps[v->n_steps++] = (struct derived_part){
            .name = format(arena, "P(%s)%s", name, mark), .value = bytes_of(piece, unit), .secret = true};
    }
    bytes_wipe(&keyed, sizeof keyed);
    return true;
}

static const char *format(struct arena *arena, const char *form, const char *a, const char *b)
{
    size_t size = strlen(form) + strlen(a) + strlen(b) + 1;
    char *out = arena_take(arena, size);
    if (out == NULL)
        return "";
    snprintf(out, size, form, a, b);
    return out;
}

static bytes joined(struct arena *arena, bytes a, bytes b)
{
    uint8_t *p = arena_take(arena, a.len + b.len > 0 ? a.len + b.len : 1);
    if (p == NULL)
        return BYTES_NONE;
    bytes_copy(p, a.data, a.len);
    bytes_copy(p + a.len, b.data, b.len);
    return bytes_of(p, a.len + b.len);
}
