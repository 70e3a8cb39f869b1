/* explain/suite_parts.c: a suite's name taken apart: TLS_key exchange_authentication_WITH_cipher_hash (RFC 5246 A.5, C;
   RFC 9846 B.4 for the short names of TLS 1.3).

   Works on the registered names, so that it also knows the suites that the engine does not implement. */
#include "explain/suite_parts.h"

#include "wire/names.h"

struct exchange_row {
    const char *begins;
    uint8_t kx, proof;
    bool forward;
    const char *exchange, *authentication;
};
struct cipher_row {
    const char *has, *algorithm, *cipher, *mode;
    uint16_t bits;
    uint8_t key, iv, explicit_len, tag, block;
    bool aead;
};

static const char *after(const char *text, const char *part);
static const struct exchange_row *exchange_row(const char *name);
static const struct cipher_row *cipher_row(const char *rest);
static void set_hashes(struct suite_parts *p, const char *rest);

// clang-format off
#define RSA_CERTIFICATE "RSA certificate"
#define ECDSA_CERTIFICATE "ECDSA or EdDSA certificate"
#define DSS_CERTIFICATE "DSA certificate"
#define PSK_KEY "pre-shared key"
/* Longer beginnings first. */
static const struct exchange_row exchanges[] = {
    {"TLS_ECDHE_ECDSA_",  KX_ECDHE,     PROOF_ECDSA,   true,  "ECDHE", ECDSA_CERTIFICATE},
    {"TLS_ECDHE_RSA_",    KX_ECDHE,     PROOF_RSA,     true,  "ECDHE", RSA_CERTIFICATE},
    {"TLS_ECDHE_PSK_",    KX_ECDHE_PSK, PROOF_PSK,     true,  "ECDHE and a pre-shared key", PSK_KEY},
    {"TLS_ECDHE_",        KX_ECDHE,     PROOF_UNKNOWN, true,  "ECDHE", "unknown"},
    {"TLS_DHE_PSK_",      KX_DHE_PSK,   PROOF_PSK,     true,  "DHE and a pre-shared key", PSK_KEY},
    {"TLS_PSK_DHE_",      KX_DHE_PSK,   PROOF_PSK,     true,  "DHE and a pre-shared key", PSK_KEY},
    {"TLS_DHE_RSA_",      KX_DHE,       PROOF_RSA,     true,  "DHE", RSA_CERTIFICATE},
    {"TLS_DHE_DSS_",      KX_DHE,       PROOF_DSS,     true,  "DHE", DSS_CERTIFICATE},
    {"TLS_DHE_",          KX_DHE,       PROOF_UNKNOWN, true,  "DHE", "unknown"},
    {"TLS_RSA_PSK_",      KX_RSA_PSK,   PROOF_RSA,     false, "RSA key transport and a pre-shared key", RSA_CERTIFICATE},
    {"TLS_ECDH_anon_",    KX_ECDH_ANON, PROOF_NONE,    true,  "ECDHE", "none (anonymous)"},
    {"TLS_DH_anon_",      KX_DH_ANON,   PROOF_NONE,    true,  "DHE", "none (anonymous)"},
    {"TLS_ECDH_ECDSA_",   KX_UNKNOWN,   PROOF_OTHER,   false, "ECDH with the certificate's key", "ECDH certificate signed with ECDSA"},
    {"TLS_ECDH_RSA_",     KX_UNKNOWN,   PROOF_OTHER,   false, "ECDH with the certificate's key", "ECDH certificate signed with RSA"},
    {"TLS_DH_RSA_",       KX_UNKNOWN,   PROOF_OTHER,   false, "DH with the certificate's key", "DH certificate signed with RSA"},
    {"TLS_DH_DSS_",       KX_UNKNOWN,   PROOF_OTHER,   false, "DH with the certificate's key", "DH certificate signed with DSA"},
    {"TLS_RSA_",          KX_RSA,       PROOF_RSA,     false, "RSA key transport", RSA_CERTIFICATE},
    {"TLS_PSK_",          KX_PSK,       PROOF_PSK,     false, "pre-shared key", PSK_KEY},
    {"TLS_KRB5_",         KX_UNKNOWN,   PROOF_OTHER,   false, "Kerberos", "Kerberos ticket"},
    {"TLS_SRP_SHA_RSA_",  KX_UNKNOWN,   PROOF_RSA,     true,  "SRP", "password and RSA certificate"},
    {"TLS_SRP_SHA_DSS_",  KX_UNKNOWN,   PROOF_DSS,     true,  "SRP", "password and DSA certificate"},
    {"TLS_SRP_SHA_",      KX_UNKNOWN,   PROOF_OTHER,   true,  "SRP", "password"},
    {"TLS_GOSTR341112_",  KX_UNKNOWN,   PROOF_OTHER,   false, "GOST R 34.10-2012 key transport", "GOST certificate"},
    {"TLS_GOSTR3410",     KX_UNKNOWN,   PROOF_OTHER,   false, "GOST R 34.10 key transport", "GOST certificate"},
    {"TLS_ECCPWD_",       KX_UNKNOWN,   PROOF_OTHER,   true,  "ECCPWD", "password"},
    {"TLS_ECJPAKE_",      KX_UNKNOWN,   PROOF_OTHER,   true,  "EC J-PAKE", "password"},
    {"TLS_NULL_",         KX_UNKNOWN,   PROOF_NONE,    false, "none", "none"},
    {"SSL_RSA_FIPS_",     KX_RSA,       PROOF_RSA,     false, "RSA key transport", RSA_CERTIFICATE},
    {"SSL_FORTEZZA_",     KX_UNKNOWN,   PROOF_OTHER,   false, "FORTEZZA KEA", "FORTEZZA certificate"},
};

/* Longer parts first. IV: the part that the key block has (in CBC that of TLS 1.0; TLS 1.1 and later send it). */
static const struct cipher_row ciphers[] = {
    {"AES_128_GCM",        "AES-128-GCM",      "AES",      "GCM",          128, 16, 4,  8, 16, 0,  true},
    {"AES_256_GCM",        "AES-256-GCM",      "AES",      "GCM",          256, 32, 4,  8, 16, 0,  true},
    {"AES_128_CCM_8",      "AES-128-CCM",      "AES",      "CCM with a short tag", 128, 16, 4, 8, 8, 0, true},
    {"AES_256_CCM_8",      "AES-256-CCM",      "AES",      "CCM with a short tag", 256, 32, 4, 8, 8, 0, true},
    {"AES_128_CCM",        "AES-128-CCM",      "AES",      "CCM",          128, 16, 4,  8, 16, 0,  true},
    {"AES_256_CCM",        "AES-256-CCM",      "AES",      "CCM",          256, 32, 4,  8, 16, 0,  true},
    {"CHACHA20_POLY1305",  "ChaCha20-Poly1305","ChaCha20", "Poly1305",     256, 32, 12, 0, 16, 0,  true},
    {"ARIA_128_GCM",       "ARIA-128-GCM",     "ARIA",     "GCM",          128, 16, 4,  8, 16, 0,  true},
    {"ARIA_256_GCM",       "ARIA-256-GCM",     "ARIA",     "GCM",          256, 32, 4,  8, 16, 0,  true},
    {"CAMELLIA_128_GCM",   NULL,               "Camellia", "GCM",          128, 16, 4,  8, 16, 0,  true},
    {"CAMELLIA_256_GCM",   NULL,               "Camellia", "GCM",          256, 32, 4,  8, 16, 0,  true},
    {"SM4_GCM",            NULL,               "SM4",      "GCM",          128, 16, 4,  8, 16, 0,  true},
    {"SM4_CCM",            NULL,               "SM4",      "CCM",          128, 16, 4,  8, 16, 0,  true},
    {"AEGIS_128L",         NULL,               "AEGIS-128L", "AEAD",       128, 16, 16, 0, 16, 0,  true},
    {"AEGIS_256",          NULL,               "AEGIS-256",  "AEAD",       256, 32, 32, 0, 16, 0,  true},
    {"AES_128_CBC",        "AES-128-CBC",      "AES",      "CBC",          128, 16, 16, 0, 0,  16, false},
    {"AES_256_CBC",        "AES-256-CBC",      "AES",      "CBC",          256, 32, 16, 0, 0,  16, false},
    {"CAMELLIA_128_CBC",   "CAMELLIA-128-CBC", "Camellia", "CBC",          128, 16, 16, 0, 0,  16, false},
    {"CAMELLIA_256_CBC",   "CAMELLIA-256-CBC", "Camellia", "CBC",          256, 32, 16, 0, 0,  16, false},
    {"ARIA_128_CBC",       "ARIA-128-CBC",     "ARIA",     "CBC",          128, 16, 16, 0, 0,  16, false},
    {"ARIA_256_CBC",       "ARIA-256-CBC",     "ARIA",     "CBC",          256, 32, 16, 0, 0,  16, false},
    {"SM4_CBC",            "SM4-CBC",          "SM4",      "CBC",          128, 16, 16, 0, 0,  16, false},
    {"SEED_CBC",           "SEED-CBC",         "SEED",     "CBC",          128, 16, 16, 0, 0,  16, false},
    {"IDEA_CBC",           "IDEA-CBC",         "IDEA",     "CBC",          128, 16, 8,  0, 0,  8,  false},
    {"3DES_EDE_CBC",       "DES-EDE3-CBC",     "Triple DES", "CBC",        112, 24, 8,  0, 0,  8,  false},
    {"DES40_CBC",          NULL,               "DES with 40 bits", "CBC",  40,  8,  8,  0, 0,  8,  false},
    {"DES_CBC",            "DES-CBC",          "DES",      "CBC",          56,  8,  8,  0, 0,  8,  false},
    {"RC2_CBC_40",         NULL,               "RC2",      "CBC",          40,  16, 8,  0, 0,  8,  false},
    {"RC2_CBC_56",         NULL,               "RC2",      "CBC",          56,  16, 8,  0, 0,  8,  false},
    {"RC4_128",            "RC4",              "RC4",      "stream",       128, 16, 0,  0, 0,  0,  false},
    {"RC4_56",             NULL,               "RC4",      "stream",       56,  16, 0,  0, 0,  0,  false},
    {"RC4_40",             NULL,               "RC4",      "stream",       40,  16, 0,  0, 0,  0,  false},
    {"WITH_NULL",          NULL,               "none",     "no encryption", 0,  0,  0,  0, 0,  0,  false},
};
// clang-format on

struct suite_parts suite_parts(uint16_t suite)
{
    static const struct exchange_row none = {"", KX_UNKNOWN, PROOF_UNKNOWN, false, "unknown", "unknown"};
    struct suite_parts p = {.name = names_find(&suite_names, suite), .cipher = "unknown", .mode = "unknown",
                            .mac = "unknown", .prf = "unknown", .least = 0x0300};
    const char *name = p.name != NULL && !names_is_grease(suite) ? p.name : "";
    const struct exchange_row *x = exchange_row(name);
    const char *rest = strstr(name, "_WITH_");
    p.tls13 = rest == NULL && x == NULL && (suite >> 8 == 0x13 || strstr(name, "_SM4_") != NULL);
    if (rest == NULL)
        rest = p.tls13 ? name : "";
    if (x == NULL)
        x = &none;
    p.kx = x->kx;
    p.proof = x->proof;
    p.exchange = x->exchange;
    p.authentication = x->authentication;
    p.forward_secrecy = x->forward;
    p.export_grade = strstr(name, "_EXPORT") != NULL;
    const struct cipher_row *c = cipher_row(rest);
    if (c != NULL) {
        p.known = true;
        p.cipher = c->cipher;
        p.algorithm = c->algorithm;
        p.mode = c->mode;
        p.key_bits = c->bits;
        p.key_len = c->key;
        p.iv_len = c->iv;
        p.explicit_len = c->explicit_len;
        p.tag_len = c->tag;
        p.block = c->block;
        p.aead = c->aead;
        p.cbc = strcmp(c->mode, "CBC") == 0;
    }
    set_hashes(&p, rest);
    if (p.tls13) {
        p.exchange = "settled apart from the suite (groups, pre-shared keys)";
        p.authentication = "settled apart from the suite (signature schemes)";
        p.proof = PROOF_BY_SCHEME;
        p.forward_secrecy = true;
        p.least = 0x0304;
        p.iv_len = p.iv_len < 12 ? 12 : p.iv_len;
        p.explicit_len = 0;
    } else if (p.aead || strstr(rest, "_SHA256") != NULL || strstr(rest, "_SHA384") != NULL) {
        p.least = 0x0303;
    }
    return p;
}

enum hash suite_prf(const struct suite_parts *suite, uint16_t version)
{
    return version < 0x0303 ? HASH_MD5_SHA1 : (enum hash)suite->hash;
}

enum key_exchange suite_key_exchange(uint16_t suite)
{
    const char *name = names_find(&suite_names, suite);
    const struct exchange_row *row = name != NULL ? exchange_row(name) : NULL;
    return row != NULL ? row->kx : KX_UNKNOWN;
}

const char *suite_cipher(uint16_t suite)
{
    static const char *const names[] = {
        [AEAD_AES_128_GCM] = "AES-128-GCM",
        [AEAD_AES_256_GCM] = "AES-256-GCM",
        [AEAD_CHACHA20_POLY1305] = "ChaCha20-Poly1305",
    };
    const struct suite *s = suite_by_id(suite);
    return s != NULL && s->aead < sizeof names / sizeof *names && names[s->aead] != NULL ? names[s->aead]
                                                                                         : suite_title(suite);
}

const char *suite_hash(uint16_t suite)
{
    static const char *const names[] = {
        [HASH_SHA256] = "SHA-256", [HASH_SHA384] = "SHA-384", [HASH_SHA512] = "SHA-512"};
    const struct suite *s = suite_by_id(suite);
    return s != NULL && s->hash < sizeof names / sizeof *names && names[s->hash] != NULL ? names[s->hash] : "";
}

/* MAC keys, write keys, IVs (RFC 5246 6.3); suites without one of these have no such slice. */
size_t key_block_slices(uint16_t suite, bytes block, struct key_slice slices[KEY_SLICES])
{
    static const char *const names[KEY_SLICES] = {"client write MAC key", "server write MAC key", "client write key",
                                                  "server write key",     "client write IV",      "server write IV"};
    struct suite_parts p = suite_parts(suite);
    /* From TLS 1.1 on CBC takes nothing for IVs from the key block; a block with them is one of TLS 1.0. */
    bool without_iv = p.cbc && block.len < 2 * ((size_t)p.mac_len + p.key_len + p.iv_len);
    size_t lens[] = {p.mac_len, p.key_len, without_iv ? 0 : p.iv_len}, n = 0;
    if (!p.known || p.tls13 || block.len < 2 * (lens[0] + lens[1] + lens[2]))
        return 0;
    for (size_t i = 0; i < KEY_SLICES; i++) {
        size_t len = lens[i / 2];
        if (len > 0)
            slices[n++] = (struct key_slice){names[i], bytes_first(block, len)};
        block = bytes_skip(block, len);
    }
    return n;
}

static const struct exchange_row *exchange_row(const char *name)
{
    for (size_t i = 0; i < sizeof exchanges / sizeof *exchanges; i++)
        if (strncmp(name, exchanges[i].begins, strlen(exchanges[i].begins)) == 0)
            return strstr(name, "_WITH_") != NULL ? &exchanges[i] : NULL;
    return NULL;
}

static const struct cipher_row *cipher_row(const char *rest)
{
    for (size_t i = 0; i < sizeof ciphers / sizeof *ciphers; i++)
        if (strstr(rest, ciphers[i].has) != NULL)
            return &ciphers[i];
    return NULL;
}

/* The last word is the MAC's hash; for AEAD, and from SHA-256 on, that of the PRF too (RFC 5246 5, RFC 5289 2). */
static void set_hashes(struct suite_parts *p, const char *rest)
{
    static const struct {
        const char *ends, *mac, *prf;
        uint8_t len, hash, mac_hash;
    } rows[] = {
        {"_SHA384", "HMAC-SHA-384", "SHA-384", 48, HASH_SHA384, HASH_SHA384},
        {"_SHA256", "HMAC-SHA-256", "SHA-256", 32, HASH_SHA256, HASH_SHA256},
        {"_SHA512", "HMAC-SHA-512", "SHA-512", 64, HASH_SHA512, HASH_SHA512},
        {"_MD5", "HMAC-MD5", "SHA-256", 16, HASH_SHA256, HASH_MD5},
        {"_SHA1", "HMAC-SHA-1", "SHA-256", 20, HASH_SHA256, HASH_SHA1},
        {"_SHA", "HMAC-SHA-1", "SHA-256", 20, HASH_SHA256, HASH_SHA1},
        {"_SM3", "HMAC-SM3", "SM3", 32, 0, 0},
    };
    if (*rest == '\0')
        return;
    p->prf = "SHA-256";
    p->hash = HASH_SHA256;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *end = after(rest, rows[i].ends);
        if (end == NULL || (*end != '\0' && *end != ' '))
            continue;
        p->mac = rows[i].mac;
        p->prf = rows[i].prf;
        p->mac_len = rows[i].len;
        p->hash = rows[i].hash;
        p->mac_hash = rows[i].mac_hash;
        break;
    }
    if (p->aead) {
        p->mac = "the AEAD's tag";
        p->mac_len = p->mac_hash = 0;
    }
}

/* Behind the last occurrence of part; NULL when there is none. */
static const char *after(const char *text, const char *part)
{
    const char *found = NULL;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++)
        found = at + strlen(part);
    return found;
}
