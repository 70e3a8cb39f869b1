/* token/sign.c: signatures by a token, in the form that TLS wants.

   What is signed is hashed here where the token lets us: it then gets a digest whatever the length. Tokens without such a
   mechanism hash by themselves. A session can do one thing at a time; each thread takes one that is idle, or opens another.
   RFC 8017 8.1, 8.2, 9.2; RFC 3279 2.2.3 (ECDSA as DER); RFC 8032. */
#include <stdlib.h>

#include "crypto/crypto.h"
#include "token/inside.h"

#define NO_MECHANISM CK_UNAVAILABLE_INFORMATION

static size_t sign_data(struct token_key *key, ck_session_handle_t session, struct ck_mechanism *mechanism, bytes data,
                        uint8_t *out, ck_rv_t *rv);

/* clang-format off */
static const struct {
    uint8_t family, hash;
    ck_mechanism_type_t digest, whole; /* by which the token signs a digest; by which it hashes too */
} mechanisms[] = {
    {FAMILY_PKCS1, HASH_SHA1,   CKM_RSA_PKCS,     CKM_SHA1_RSA_PKCS},
    {FAMILY_PKCS1, HASH_SHA256, CKM_RSA_PKCS,     CKM_SHA256_RSA_PKCS},
    {FAMILY_PKCS1, HASH_SHA384, CKM_RSA_PKCS,     CKM_SHA384_RSA_PKCS},
    {FAMILY_PKCS1, HASH_SHA512, CKM_RSA_PKCS,     CKM_SHA512_RSA_PKCS},
    {FAMILY_PSS,   HASH_SHA256, CKM_RSA_PKCS_PSS, CKM_SHA256_RSA_PKCS_PSS},
    {FAMILY_PSS,   HASH_SHA384, CKM_RSA_PKCS_PSS, CKM_SHA384_RSA_PKCS_PSS},
    {FAMILY_PSS,   HASH_SHA512, CKM_RSA_PKCS_PSS, CKM_SHA512_RSA_PKCS_PSS},
    {FAMILY_EC,    HASH_SHA1,   CKM_ECDSA,        CKM_ECDSA_SHA1},
    {FAMILY_EC,    HASH_SHA256, CKM_ECDSA,        CKM_ECDSA_SHA256},
    {FAMILY_EC,    HASH_SHA384, CKM_ECDSA,        CKM_ECDSA_SHA384},
    {FAMILY_EC,    HASH_SHA512, CKM_ECDSA,        CKM_ECDSA_SHA512},
    {FAMILY_ED,    0,           NO_MECHANISM,     CKM_EDDSA},
};
/* clang-format on */

static bool token_has(const struct token *token, ck_mechanism_type_t type)
{
    struct ck_mechanism_info info;
    return type != NO_MECHANISM && token->module->C_GetMechanismInfo(token->slot, type, &info) == CKR_OK &&
           (info.flags & CKF_SIGN) != 0;
}

static enum family family_of(const struct scheme *scheme)
{
    bool rsa = scheme->key == KEY_RSA || scheme->key == KEY_RSA_PSS;
    return rsa ? (scheme->pss ? FAMILY_PSS : FAMILY_PKCS1) : scheme->hash == 0 ? FAMILY_ED : FAMILY_EC;
}

void ways_find(struct token_key *key)
{
    for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++) {
        struct way *way = &key->ways[mechanisms[i].family][mechanisms[i].hash];
        way->whole = !token_has(&key->token, mechanisms[i].digest);
        way->mechanism = way->whole ? mechanisms[i].whole : mechanisms[i].digest;
        way->possible = !way->whole || token_has(&key->token, mechanisms[i].whole);
    }
}

size_t token_schemes(const struct token_key *key, uint16_t *ids, size_t most, bool *all)
{
    const struct scheme *scheme;
    size_t n = 0;
    *all = true;
    for (size_t i = 0; (scheme = scheme_at(i)) != NULL; i++) {
        if (!scheme_fits_key(scheme, key->kind, 0x0303))
            continue;
        bool possible = key->ways[family_of(scheme)][scheme->hash].possible;
        *all = *all && possible;
        if (possible && n < most)
            ids[n++] = scheme->id;
    }
    return n;
}

/* ---- Sessions ----------------------------------------------------------------------------------------------------- */

static ck_rv_t session_take(struct token_key *key, ck_session_handle_t *session)
{
    pthread_mutex_lock(&key->lock);
    bool idle = key->n_idle > 0;
    if (idle)
        *session = key->idle[--key->n_idle];
    pthread_mutex_unlock(&key->lock);
    return idle ? CKR_OK : key->token.module->C_OpenSession(key->token.slot, CKF_SERIAL_SESSION, NULL, NULL, session);
}

/* One in which something failed may be in the middle of it. */
static void session_give(struct token_key *key, ck_session_handle_t session, bool good)
{
    pthread_mutex_lock(&key->lock);
    bool kept = good && key->n_idle < IDLE_MOST;
    if (kept)
        key->idle[key->n_idle++] = session;
    pthread_mutex_unlock(&key->lock);
    if (!kept)
        key->token.module->C_CloseSession(session);
}

/* ---- Forms -------------------------------------------------------------------------------------------------------- */

/* DigestInfo (RFC 8017 9.2, note 1). */
static size_t digest_info(enum hash hash, bytes digest, uint8_t *out)
{
    static const uint8_t sha2[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                   0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
    static const uint8_t sha1[] = {0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14};
    bytes head = hash == HASH_SHA1 ? BYTES_OF(sha1) : BYTES_OF(sha2);
    bytes_copy(out, head.data, head.len);
    bytes_copy(out + head.len, digest.data, digest.len);
    out[1] = (uint8_t)(head.len - 2 + digest.len);
    out[head.len - 1] = (uint8_t)digest.len;
    if (hash != HASH_SHA1)
        out[14] = (uint8_t)(hash - HASH_SHA256 + 1); /* 2.16.840.1.101.3.4.2.1 to .3 */
    return head.len + digest.len;
}

static size_t integer(bytes value, uint8_t *out)
{
    while (value.len > 1 && value.data[0] == 0)
        value = bytes_skip(value, 1);
    size_t zero = value.data[0] >> 7;
    out[0] = 0x02;
    out[1] = (uint8_t)(value.len + zero);
    out[2] = 0;
    bytes_copy(out + 2 + zero, value.data, value.len);
    return 2 + zero + value.len;
}

/* r and s one behind the other to ECDSA-Sig-Value, in place. */
static size_t ecdsa_der(uint8_t *out, size_t len)
{
    uint8_t two[2 * (3 + 66)];
    if (len < 2 || len > 132 || len % 2 != 0)
        return 0;
    size_t n = integer(bytes_of(out, len / 2), two);
    n += integer(bytes_of(out + len / 2, len / 2), two + n);
    size_t head = n < 0x80 ? 2 : 3;
    out[0] = 0x30;
    out[1] = 0x81;
    out[head - 1] = (uint8_t)n;
    bytes_copy(out + head, two, n);
    return head + n;
}

/* ---- Signing ------------------------------------------------------------------------------------------------------ */

static size_t field_len(uint8_t kind)
{
    return kind == KEY_EC_P256 ? 32 : kind == KEY_EC_P384 ? 48 : 66;
}

size_t token_sign(struct token_key *key, uint16_t id, bytes input, uint8_t *out, struct text *why)
{
    static const struct {
        ck_mechanism_type_t hash;
        ck_rsa_pkcs_mgf_type_t mask;
    } names[] = {[HASH_SHA256] = {CKM_SHA256, CKG_MGF1_SHA256},
                 [HASH_SHA384] = {CKM_SHA384, CKG_MGF1_SHA384},
                 [HASH_SHA512] = {CKM_SHA512, CKG_MGF1_SHA512}};
    const struct scheme *scheme = scheme_any(id);
    const struct way *way = scheme != NULL ? &key->ways[family_of(scheme)][scheme->hash] : NULL;
    if (way == NULL || !way->possible) {
        token_named(why, &key->token);
        text_add(why, " can't sign with this scheme");
        return 0;
    }
    enum family family = family_of(scheme);
    uint8_t digest[HASH_MAX], info[HASH_MAX + 20];
    bytes data = input;
    if (!way->whole) {
        crypto_hash_once(scheme->hash, input, digest);
        data = bytes_of(digest, hash_len(scheme->hash));
        if (family == FAMILY_PKCS1)
            data = bytes_of(info, digest_info(scheme->hash, data, info));
        if (family == FAMILY_EC)
            data = bytes_first(data, field_len(key->kind)); /* FIPS 186-5 6.4: its leftmost bits */
    }
    struct ck_mechanism mechanism = {.mechanism = way->mechanism};
    struct ck_rsa_pkcs_pss_params pss;
    if (family == FAMILY_PSS) {
        pss = (struct ck_rsa_pkcs_pss_params){names[scheme->hash].hash, names[scheme->hash].mask, hash_len(scheme->hash)};
        mechanism.parameter = &pss;
        mechanism.parameter_len = sizeof pss;
    }
    ck_session_handle_t session;
    ck_rv_t rv = session_take(key, &session);
    size_t len = 0;
    if (rv == CKR_OK) {
        len = sign_data(key, session, &mechanism, data, out, &rv);
        session_give(key, session, rv == CKR_OK);
    }
    if (len > 0 && family == FAMILY_EC)
        len = ecdsa_der(out, len);
    if (len == 0) {
        token_named(why, &key->token);
        text_add(why, " does not sign: ");
        text_add(why, rv != CKR_OK ? p11_kit_strerror(rv) : "its signature has no form that is known");
    }
    return len;
}

static size_t sign_data(struct token_key *key, ck_session_handle_t session, struct ck_mechanism *mechanism, bytes data,
                        uint8_t *out, ck_rv_t *rv)
{
    CK_FUNCTION_LIST *module = key->token.module;
    unsigned long len = SIGNATURE_MAX;
    *rv = module->C_SignInit(session, mechanism, key->object);
    if (*rv == CKR_OK && key->pin != NULL)
        *rv = module->C_Login(session, CKU_CONTEXT_SPECIFIC, (unsigned char *)key->pin, strlen(key->pin));
    if (*rv == CKR_OK)
        *rv = module->C_Sign(session, (unsigned char *)(uintptr_t)data.data, data.len, out, &len);
    return *rv == CKR_OK ? len : 0;
}
