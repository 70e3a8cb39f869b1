/* crypto/suites.c: what fede implements, as tables; the order is the order of preference.

   Suites: RFC 5289 (ECDHE with AES-GCM), RFC 7905 (ChaCha20-Poly1305). Groups: RFC 8422 5.1.1, RFC 7748. Signature
   schemes: RFC 5246 7.4.1.4.1, RFC 8422 5.1.3, RFC 9846 4.2.3. Whatever is not here can't be negotiated; what stands in the tables
   of the quarantined only where a configuration says so (tls/quarantine.h). */
#include "crypto/suites.h"

// clang-format off
static const struct suite suites[] = {
    {0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",       "ECDHE-ECDSA-AES128-GCM-SHA256", AEAD_AES_128_GCM,       HASH_SHA256, AUTH_ECDSA, 16, 4, 8, 0x0303},
    {0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",         "ECDHE-RSA-AES128-GCM-SHA256",   AEAD_AES_128_GCM,       HASH_SHA256, AUTH_RSA,   16, 4, 8, 0x0303},
    {0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",       "ECDHE-ECDSA-AES256-GCM-SHA384", AEAD_AES_256_GCM,       HASH_SHA384, AUTH_ECDSA, 32, 4, 8, 0x0303},
    {0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",         "ECDHE-RSA-AES256-GCM-SHA384",   AEAD_AES_256_GCM,       HASH_SHA384, AUTH_RSA,   32, 4, 8, 0x0303},
    {0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305", AEAD_CHACHA20_POLY1305, HASH_SHA256, AUTH_ECDSA, 32, 12, 0, 0x0303},
    {0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",   "ECDHE-RSA-CHACHA20-POLY1305",   AEAD_CHACHA20_POLY1305, HASH_SHA256, AUTH_RSA,   32, 12, 0, 0x0303},
};

/* The quarantined: forward secrecy first, AEAD before CBC, SHA-1 last. RFC 5288, RFC 5289 3.1, RFC 7905, RFC 8422 6, RFC
   5246 A.5. The explainer reads them too. */
static const struct suite legacy_suites[] = {
    {0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",        "DHE-RSA-AES128-GCM-SHA256",      AEAD_AES_128_GCM, HASH_SHA256, AUTH_RSA,   16, 4, 8, 0x0303, SUITE_DHE, 0},
    {0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",        "DHE-RSA-AES256-GCM-SHA384",      AEAD_AES_256_GCM, HASH_SHA384, AUTH_RSA,   32, 4, 8, 0x0303, SUITE_DHE, 0},
    {0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256",  "DHE-RSA-CHACHA20-POLY1305",      AEAD_CHACHA20_POLY1305, HASH_SHA256, AUTH_RSA,   32, 12, 0, 0x0303, SUITE_DHE, 0},
    {0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",    "ECDHE-ECDSA-AES128-SHA256",      0, HASH_SHA256, AUTH_ECDSA, 16, 0, 16, 0x0303, SUITE_ECDHE, HASH_SHA256},
    {0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",    "ECDHE-ECDSA-AES256-SHA384",      0, HASH_SHA384, AUTH_ECDSA, 32, 0, 16, 0x0303, SUITE_ECDHE, HASH_SHA384},
    {0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",      "ECDHE-RSA-AES128-SHA256",        0, HASH_SHA256, AUTH_RSA,   16, 0, 16, 0x0303, SUITE_ECDHE, HASH_SHA256},
    {0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",      "ECDHE-RSA-AES256-SHA384",        0, HASH_SHA384, AUTH_RSA,   32, 0, 16, 0x0303, SUITE_ECDHE, HASH_SHA384},
    {0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",       "ECDHE-ECDSA-AES128-SHA",         0, HASH_SHA256, AUTH_ECDSA, 16, 0, 16, 0x0303, SUITE_ECDHE, HASH_SHA1},
    {0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",       "ECDHE-ECDSA-AES256-SHA",         0, HASH_SHA256, AUTH_ECDSA, 32, 0, 16, 0x0303, SUITE_ECDHE, HASH_SHA1},
    {0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",         "ECDHE-RSA-AES128-SHA",           0, HASH_SHA256, AUTH_RSA,   16, 0, 16, 0x0303, SUITE_ECDHE, HASH_SHA1},
    {0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",         "ECDHE-RSA-AES256-SHA",           0, HASH_SHA256, AUTH_RSA,   32, 0, 16, 0x0303, SUITE_ECDHE, HASH_SHA1},
    {0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256",        "DHE-RSA-AES128-SHA256",          0, HASH_SHA256, AUTH_RSA,   16, 0, 16, 0x0303, SUITE_DHE, HASH_SHA256},
    {0x006b, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256",        "DHE-RSA-AES256-SHA256",          0, HASH_SHA256, AUTH_RSA,   32, 0, 16, 0x0303, SUITE_DHE, HASH_SHA256},
    {0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA",           "DHE-RSA-AES128-SHA",             0, HASH_SHA256, AUTH_RSA,   16, 0, 16, 0x0303, SUITE_DHE, HASH_SHA1},
    {0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA",           "DHE-RSA-AES256-SHA",             0, HASH_SHA256, AUTH_RSA,   32, 0, 16, 0x0303, SUITE_DHE, HASH_SHA1},
    {0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256",            "AES128-GCM-SHA256",              AEAD_AES_128_GCM, HASH_SHA256, AUTH_RSA,   16, 4, 8, 0x0303, SUITE_RSA, 0},
    {0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384",            "AES256-GCM-SHA384",              AEAD_AES_256_GCM, HASH_SHA384, AUTH_RSA,   32, 4, 8, 0x0303, SUITE_RSA, 0},
    {0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256",            "AES128-SHA256",                  0, HASH_SHA256, AUTH_RSA,   16, 0, 16, 0x0303, SUITE_RSA, HASH_SHA256},
    {0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256",            "AES256-SHA256",                  0, HASH_SHA256, AUTH_RSA,   32, 0, 16, 0x0303, SUITE_RSA, HASH_SHA256},
    {0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA",               "AES128-SHA",                     0, HASH_SHA256, AUTH_RSA,   16, 0, 16, 0x0303, SUITE_RSA, HASH_SHA1},
    {0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA",               "AES256-SHA",                     0, HASH_SHA256, AUTH_RSA,   32, 0, 16, 0x0303, SUITE_RSA, HASH_SHA1},
};

/* RFC 7919; private keys are twice as long as the field is strong, rounded up to whole bytes (RFC 7919 5.2). */
static const struct group legacy_groups[] = {
    {0x0101, "ffdhe3072", "ffdhe3072", 384, 384, 40},
    {0x0100, "ffdhe2048", "ffdhe2048", 256, 256, 32},
    {0x0102, "ffdhe4096", "ffdhe4096", 512, 512, 48},
};

/* Share: 1 + 2 coordinates for the NIST curves (uncompressed points only). */
static const struct group groups[] = {
    {0x001d, "x25519",    "X25519", 32,  32},
    {0x0017, "secp256r1", "P-256",  65,  32},
    {0x0018, "secp384r1", "P-384",  97,  48},
    {0x0019, "secp521r1", "P-521",  133, 66},
};

static const struct scheme schemes[] = {
    {0x0403, "ecdsa_secp256r1_sha256", HASH_SHA256, KEY_EC_P256, false, AUTH_ECDSA},
    {0x0503, "ecdsa_secp384r1_sha384", HASH_SHA384, KEY_EC_P384, false, AUTH_ECDSA},
    {0x0603, "ecdsa_secp521r1_sha512", HASH_SHA512, KEY_EC_P521, false, AUTH_ECDSA},
    {0x0807, "ed25519",                0,           KEY_ED25519, false, AUTH_ECDSA},
    {0x0808, "ed448",                  0,           KEY_ED448,   false, AUTH_ECDSA},
    {0x0804, "rsa_pss_rsae_sha256",    HASH_SHA256, KEY_RSA,     true,  AUTH_RSA},
    {0x0805, "rsa_pss_rsae_sha384",    HASH_SHA384, KEY_RSA,     true,  AUTH_RSA},
    {0x0806, "rsa_pss_rsae_sha512",    HASH_SHA512, KEY_RSA,     true,  AUTH_RSA},
    {0x0809, "rsa_pss_pss_sha256",     HASH_SHA256, KEY_RSA_PSS, true,  AUTH_RSA},
    {0x080a, "rsa_pss_pss_sha384",     HASH_SHA384, KEY_RSA_PSS, true,  AUTH_RSA},
    {0x080b, "rsa_pss_pss_sha512",     HASH_SHA512, KEY_RSA_PSS, true,  AUTH_RSA},
    {0x0401, "rsa_pkcs1_sha256",       HASH_SHA256, KEY_RSA,     false, AUTH_RSA},
    {0x0501, "rsa_pkcs1_sha384",       HASH_SHA384, KEY_RSA,     false, AUTH_RSA},
    {0x0601, "rsa_pkcs1_sha512",       HASH_SHA512, KEY_RSA,     false, AUTH_RSA},
};
/* The quarantined, which only TLS 1.2 knows: RFC 9155 forbids them. Any curve goes with the second. */
static const struct scheme legacy_schemes[] = {
    {0x0201, "rsa_pkcs1_sha1",         HASH_SHA1,   KEY_RSA,     false, AUTH_RSA},
    {0x0203, "ecdsa_sha1",             HASH_SHA1,   KEY_EC_P256, false, AUTH_ECDSA},
};
// clang-format on

enum {
    N_SUITES = sizeof suites / sizeof suites[0],
    N_GROUPS = sizeof groups / sizeof groups[0],
    N_LEGACY_SUITES = sizeof legacy_suites / sizeof legacy_suites[0],
    N_LEGACY_SCHEMES = sizeof legacy_schemes / sizeof legacy_schemes[0],
    N_LEGACY_GROUPS = sizeof legacy_groups / sizeof legacy_groups[0],
    N_SCHEMES = sizeof schemes / sizeof schemes[0]
};

const struct suite *suite_by_id(uint16_t id)
{
    for (size_t i = 0; i < N_SUITES; i++)
        if (suites[i].id == id)
            return &suites[i];
    for (size_t i = 0; i < N_LEGACY_SUITES; i++)
        if (legacy_suites[i].id == id)
            return &legacy_suites[i];
    return NULL;
}

const struct group *group_by_id(uint16_t id)
{
    for (size_t i = 0; i < N_GROUPS; i++)
        if (groups[i].id == id)
            return &groups[i];
    for (size_t i = 0; i < N_LEGACY_GROUPS; i++)
        if (legacy_groups[i].id == id)
            return &legacy_groups[i];
    return NULL;
}

const struct scheme *scheme_by_id(uint16_t id)
{
    for (size_t i = 0; i < N_SCHEMES; i++)
        if (schemes[i].id == id)
            return &schemes[i];
    return NULL;
}

const struct scheme *scheme_any(uint16_t id)
{
    for (size_t i = 0; i < N_LEGACY_SCHEMES; i++)
        if (legacy_schemes[i].id == id)
            return &legacy_schemes[i];
    return scheme_by_id(id);
}

const struct suite *suite_at(size_t n)
{
    return n < N_SUITES ? &suites[n] : NULL;
}

const struct group *group_at(size_t n)
{
    return n < N_GROUPS ? &groups[n] : NULL;
}

const struct suite *suite_legacy_at(size_t n)
{
    return n < N_LEGACY_SUITES ? &legacy_suites[n] : NULL;
}

const struct scheme *scheme_legacy_at(size_t n)
{
    return n < N_LEGACY_SCHEMES ? &legacy_schemes[n] : NULL;
}

const struct group *group_legacy_at(size_t n)
{
    return n < N_LEGACY_GROUPS ? &legacy_groups[n] : NULL;
}

const struct scheme *scheme_at(size_t n)
{
    return n < N_SCHEMES ? &schemes[n] : NULL;
}

static bool is_ec(enum key_kind kind)
{
    return kind == KEY_EC_P256 || kind == KEY_EC_P384 || kind == KEY_EC_P521;
}

bool scheme_fits_key(const struct scheme *scheme, enum key_kind key, uint16_t version)
{
    if (scheme->key == key)
        return version < 0x0304 || key != KEY_RSA || scheme->pss; /* RFC 9846 4.2.3: no PKCS#1 v1.5 in TLS 1.3 */
    return version < 0x0304 && is_ec(scheme->key) && is_ec(key);
}

size_t hash_len(enum hash hash)
{
    static const uint8_t lengths[] = {[HASH_SHA256] = 32, [HASH_SHA384] = 48, [HASH_SHA512] = 64,
                                      [HASH_SHA1] = 20,   [HASH_MD5] = 16,    [HASH_MD5_SHA1] = 36};
    return (unsigned)hash < sizeof lengths ? lengths[hash] : 0;
}
