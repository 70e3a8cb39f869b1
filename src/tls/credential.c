/* tls/credential.c: a certificate chain and its private key. All reading happens here, once: the chain is kept in the
   form in which the Certificate message carries it, the leaf as parsed fields, the key ready to sign. RFC 5246 7.4.2. */
#include "base/arena.h"
#include "base/error.h"
#include "tls/conn.h"

enum { CHAIN_MOST = 1 << 20, LEAST_RSA_BITS = 2048 };

static bool read_chain(struct credential *credential, bytes chain, fede_error *error);
static bool next_certificate(bytes *text, struct arena *arena, bytes *der);
static bool read_key(struct credential *credential, const bytes *key, fede_error *error);

struct credential *credential_new(const fede_allocator *from, bytes chain, const bytes *key, fede_error *error)
{
    struct credential *credential = memory_take(from, sizeof *credential);
    if (credential == NULL) {
        error_set(error, FEDE_OUT_OF_MEMORY, FEDE_ORIGIN_INTERNAL, NULL, 0, 0);
        return NULL;
    }
    atomic_init(&credential->refs, 1);
    credential->allocator = *from;
    if (read_chain(credential, chain, error) && read_key(credential, key, error))
        return credential;
    credential_free(credential);
    return NULL;
}

struct credential *credential_hold(struct credential *credential)
{
    atomic_fetch_add_explicit(&credential->refs, 1, memory_order_relaxed);
    return credential;
}

void credential_free(struct credential *credential)
{
    if (credential == NULL || atomic_fetch_sub_explicit(&credential->refs, 1, memory_order_acq_rel) != 1)
        return;
    fede_allocator from = credential->allocator;
    crypto_key_free(credential->key);
    memory_give(&from, credential->list, credential->list_len);
    memory_give(&from, credential, sizeof *credential);
}

static bool read_chain(struct credential *credential, bytes chain, fede_error *error)
{
    struct arena arena;
    arena_start(&arena, &credential->allocator, 4 * (size_t)CHAIN_MOST);
    bytes rest = chain, der;
    size_t len = 0, at = 0;
    while (next_certificate(&rest, &arena, &der) && len < CHAIN_MOST)
        len += 3 + der.len;
    fede_reason reason = FEDE_OK;
    if (len == 0)
        reason = FEDE_CONFIG_PEM;
    else if (len >= CHAIN_MOST)
        reason = FEDE_CONFIG_CERT_BAD;
    else if ((credential->list = memory_take(&credential->allocator, len)) == NULL)
        reason = FEDE_OUT_OF_MEMORY;
    credential->list_len = credential->list != NULL ? len : 0;
    struct certificate other;
    fede_error why = {0};
    for (rest = chain; reason == FEDE_OK && at < len && next_certificate(&rest, &arena, &der); credential->n++) {
        uint8_t *to = credential->list + at;
        store24(to, (uint32_t)der.len);
        bytes_copy(to + 3, der.data, der.len);
        at += 3 + der.len;
        why = (fede_error){0};
        if (!certificate_read(bytes_of(to + 3, der.len), credential->n == 0 ? &credential->leaf : &other, &why))
            reason = FEDE_CONFIG_CERT_BAD;
    }
    if (reason == FEDE_OK && at != len)
        reason = FEDE_OUT_OF_MEMORY; /* the second walk found less than the first */
    arena_end(&arena);
    if (reason == FEDE_OK) {
        crypto_hash_once(HASH_SHA256, credential->leaf.der, credential->leaf_hash);
        return true;
    }
    uint8_t origin = reason == FEDE_OUT_OF_MEMORY ? FEDE_ORIGIN_INTERNAL : FEDE_ORIGIN_CALLER;
    error_set(error, reason, origin, NULL, (int64_t)credential->n - (credential->n > 0), 0);
    error->detail = reason == FEDE_CONFIG_CERT_BAD ? why.detail : "certificate";
    return false;
}

/* PEM with anything around it, or one certificate as DER. */
static bool next_certificate(bytes *text, struct arena *arena, bytes *der)
{
    if (text->len > 0 && text->data[0] == 0x30) {
        *der = *text;
        *text = BYTES_NONE;
        return true;
    }
    return pem_next(text, "CERTIFICATE", arena, der);
}

/* NULL: the application has it; then the certificate alone says what kind it is. */
static bool read_key(struct credential *credential, const bytes *key, fede_error *error)
{
    const struct public_key *public = &credential->leaf.key;
    credential->key = key != NULL ? crypto_key_read(*key) : NULL;
    if (credential->key == NULL && (key != NULL || public->kind == 0)) {
        struct crypto_opened opened;
        if (key != NULL && public->kind != 0 && crypto_open_key(*key, NULL, &opened) == LOCK_CLOSED) {
            error_set(error, FEDE_CONFIG_KEY_LOCKED, FEDE_ORIGIN_CALLER, NULL, 0, 0);
            error->detail = "private key";
            return false;
        }
        bool known = public->kind != 0; /* a key that libcrypto reads and TLS does not use ends here too */
        error_set(error, known ? FEDE_CONFIG_PEM : FEDE_CONFIG_KEY_UNUSABLE, FEDE_ORIGIN_CALLER, NULL, 0, 0);
        error->detail = known ? "private key" : credential->leaf.key_problem;
        return false;
    }
    unsigned bits = key != NULL ? crypto_key_bits(credential->key) : public->bits;
    credential->kind = key != NULL ? (uint8_t)crypto_key_kind(credential->key) : public->kind;
    bool rsa = credential->kind == KEY_RSA || credential->kind == KEY_RSA_PSS;
    credential->auth = rsa ? AUTH_RSA : AUTH_ECDSA;
    if (credential->kind == 0 || (rsa && bits < LEAST_RSA_BITS)) {
        error_set(error, FEDE_CONFIG_KEY_UNUSABLE, FEDE_ORIGIN_CALLER, NULL, bits, LEAST_RSA_BITS);
        error->detail = rsa ? "RSA" : "a kind of key that is not supported";
        return false;
    }
    if (key != NULL && !crypto_key_matches(credential->key, public->spki))
        return error_set(error, FEDE_CONFIG_KEY_MISMATCH, FEDE_ORIGIN_CALLER, NULL, 0, 0);
    return true;
}

/* ---- Signing. */

/* The first of ours that fits; a hash made for another curve is allowed in TLS 1.2, but not the first choice. */
struct codes schemes_permitted(const struct fede_conn *conn, const struct credential *credential)
{
    const struct codes *all = credential != NULL && credential->schemes.n > 0 ? &credential->schemes : &conn->config->schemes;
    struct codes taken = {.n = 0};
    for (size_t i = 0; i < all->n; i++) {
        uint16_t id = u16s_at(codes_list(all), i);
        if (conn->flags & CONN_LEGACY || !scheme_is_legacy(scheme_any(id)))
            codes_add(&taken, id);
    }
    return taken;
}

const struct scheme *credential_scheme(const struct credential *credential, struct u16s ours, struct u16s theirs,
                                       uint16_t version)
{
    const struct scheme *second = NULL;
    const bool strict = credential->schemes.n > 0; /* an order of its own stands as it is */
    for (size_t i = 0; i < ours.n; i++) {
        const struct scheme *scheme = scheme_any(u16s_at(ours, i));
        if (!u16s_has(theirs, scheme->id) || !credential_signs(credential, scheme, version))
            continue;
        if (strict || scheme->key == credential->kind)
            return scheme;
        if (second == NULL)
            second = scheme;
    }
    return second;
}

/* An RSA key for PSS may be bound to one hash (RFC 4055 1.2). */
bool credential_signs(const struct credential *credential, const struct scheme *scheme, uint16_t version)
{
    uint8_t only = credential->leaf.key.pss_hash;
    return scheme_fits_key(scheme, (enum key_kind)credential->kind, version) && (only == 0 || only == scheme->hash);
}

fede_bytes fede_config_certificate(const fede_config *config, size_t n, size_t i)
{
    if (n >= config->n_credentials || i >= config->credentials[n]->n)
        return BYTES_NONE;
    bytes list = bytes_of(config->credentials[n]->list, config->credentials[n]->list_len);
    for (; i > 0; i--)
        list = bytes_skip(list, 3 + (size_t)load24(list.data));
    return bytes_of(list.data + 3, load24(list.data));
}
