/* Algorithm identifiers and public keys: RFC 3279, 4055, 5480, 8410, 8017 A.2.3.

   Keys are taken apart into numbers and points here; crypto/ makes usable keys of them. A key that is not supported is no
   error of reading: the certificate may belong to no path. Whether a point lies on its curve is asked when it is used. */
#include "x509/certificate.h"

#include "base/text.h"
#include "x509/der.h"

#define MAX_RSA_BITS 16384

/* ---- Object identifiers as DER content. */
static const uint8_t oid_rsa[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1};
static const uint8_t oid_pss[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10};
static const uint8_t oid_mgf1[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8};
static const uint8_t oid_ec[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1};
static const uint8_t oid_sha2[] = {0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2}; /* followed by 1, 2, 3: SHA-256, 384, 512 */

enum parameters { PARAMETERS_NULL = 1, PARAMETERS_NONE };

struct algorithm_row {
    uint8_t oid[9], oid_len;
    uint8_t parameters;
    uint16_t scheme; /* 0: known by name only */
    const char *name;
};

// clang-format off
#define PKCS1(n) {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, n}, 9
#define ECDSA(n) {0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, n}, 8

static const struct algorithm_row algorithms[] = {
    {PKCS1(11), PARAMETERS_NULL, 0x0401, "sha256WithRSAEncryption"},
    {ECDSA(2),  PARAMETERS_NONE, 0x0403, "ecdsa-with-SHA256"},
    {ECDSA(3),  PARAMETERS_NONE, 0x0503, "ecdsa-with-SHA384"},
    {PKCS1(12), PARAMETERS_NULL, 0x0501, "sha384WithRSAEncryption"},
    {PKCS1(13), PARAMETERS_NULL, 0x0601, "sha512WithRSAEncryption"},
    {ECDSA(4),  PARAMETERS_NONE, 0x0603, "ecdsa-with-SHA512"},
    {{0x2b, 0x65, 0x70}, 3, PARAMETERS_NONE, 0x0807, "Ed25519"},
    {{0x2b, 0x65, 0x71}, 3, PARAMETERS_NONE, 0x0808, "Ed448"},
    {PKCS1(10), 0, 0, "RSASSA-PSS"}, /* parameters decide: pss_scheme */
    {PKCS1(2),  0, 0, "md2WithRSAEncryption"},
    {PKCS1(4),  0, 0, "md5WithRSAEncryption"},
    {PKCS1(5),  0, 0, "sha1WithRSAEncryption"},
    {PKCS1(14), 0, 0, "sha224WithRSAEncryption"},
    {{0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1}, 7, 0, 0, "ecdsa-with-SHA1"},
    {ECDSA(1),  0, 0, "ecdsa-with-SHA224"},
    {{0x2a, 0x86, 0x48, 0xce, 0x38, 4, 3}, 7, 0, 0, "dsa-with-sha1"},
    {{0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 2}, 9, 0, 0, "dsa-with-sha256"},
};

static const struct curve_row {
    uint8_t oid[8], oid_len;
    uint8_t kind;
    uint16_t bits;
    const char *problem;
} curves[] = {
    {{0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7}, 8, KEY_EC_P256, 256, NULL},
    {{0x2b, 0x81, 4, 0, 34}, 5, KEY_EC_P384, 384, NULL},
    {{0x2b, 0x81, 4, 0, 35}, 5, KEY_EC_P521, 521, NULL},
    {{0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 1}, 8, 0, 192, "the elliptic curve secp192r1"},
    {{0x2b, 0x81, 4, 0, 33}, 5, 0, 224, "the elliptic curve secp224r1"},
    {{0x2b, 0x81, 4, 0, 10}, 5, 0, 256, "the elliptic curve secp256k1"},
};
// clang-format on

static bool read_rsa(bytes bits, struct public_key *out, const char **problem);
static bool read_ec(struct der *parameters, bytes bits, struct public_key *out, const char **problem);
static bool read_edwards(struct der *parameters, bytes bits, uint8_t last, struct public_key *out,
                         const char **problem);
static bool pss_parameters(bytes content, uint8_t *hash);
static bool hash_identifier(struct der *d, uint8_t *hash);
static const struct algorithm_row *algorithm_row(bytes algorithm, struct der *parameters);

bool public_key_read(bytes spki, struct public_key *out, const char **problem)
{
    bytes oid, bits;
    struct der a;
    *out = (struct public_key){.spki = spki};
    if (!public_key_open(spki, &oid, &a, &bits))
        return false;
    bool fine = false;
    if (bytes_equal(oid, BYTES_OF(oid_ec))) {
        fine = read_ec(&a, bits, out, problem);
    } else if (bytes_equal(oid, BYTES_OF(oid_rsa))) {
        bytes null;
        *problem = "rsaEncryption without its NULL parameter";
        fine = der_read(&a, DER_NULL, &null) && null.len == 0 && der_done(&a) && read_rsa(bits, out, problem);
        out->kind = KEY_RSA;
    } else if (bytes_equal(oid, BYTES_OF(oid_pss))) {
        bytes parameters;
        *problem = "RSASSA-PSS with parameters that are not supported";
        fine = der_done(&a) ||
               (der_read(&a, DER_SEQUENCE, &parameters) && der_done(&a) && pss_parameters(parameters, &out->pss_hash));
        fine = fine && read_rsa(bits, out, problem);
        out->kind = KEY_RSA_PSS;
    } else if (oid.len == 3 && oid.data[0] == 0x2b && oid.data[1] == 0x65) {
        fine = read_edwards(&a, bits, oid.data[2], out, problem);
    } else {
        *problem = "an unknown public key algorithm";
    }
    if (!fine)
        out->kind = 0;
    else
        *problem = NULL;
    return true;
}

bool public_key_open(bytes spki, bytes *oid, struct der *parameters, bytes *bits)
{
    bytes content, algorithm;
    unsigned unused;
    if (!der_only(spki, DER_SEQUENCE, &content))
        return false;
    struct der d = der_in(content);
    if (!der_read(&d, DER_SEQUENCE, &algorithm) || !der_bits(&d, bits, &unused) || unused != 0 || !der_done(&d))
        return false;
    *parameters = der_in(algorithm);
    return der_oid(parameters, oid);
}

/* RFC 8017 A.1.1. */
static bool read_rsa(bytes bits, struct public_key *out, const char **problem)
{
    bytes content;
    *problem = "an RSA key that is not a modulus and an exponent";
    if (!der_only(bits, DER_SEQUENCE, &content))
        return false;
    struct der d = der_in(content);
    if (!der_natural(&d, &out->modulus) || !der_natural(&d, &out->exponent) || !der_done(&d))
        return false;
    size_t n = out->modulus.len * 8;
    for (uint8_t top = out->modulus.data[0]; top != 0 && top < 0x80; top = (uint8_t)(top << 1))
        n--;
    out->bits = n > UINT16_MAX ? UINT16_MAX : (uint16_t)n;
    if (n > MAX_RSA_BITS) {
        *problem = "an RSA key of more than 16,384 bits";
        return false;
    }
    if ((out->modulus.data[out->modulus.len - 1] & 1) == 0) {
        *problem = "an RSA key with an even modulus";
        return false;
    }
    bytes e = out->exponent;
    if (e.len > 8 || (e.data[e.len - 1] & 1) == 0 || (e.len == 1 && e.data[0] < 3)) {
        *problem = "an RSA key whose exponent is even, 1, or longer than 64 bits";
        return false;
    }
    return true;
}

/* RFC 5480 2.1.1: named curves only; points uncompressed only. */
static bool read_ec(struct der *parameters, bytes bits, struct public_key *out, const char **problem)
{
    bytes oid;
    if (!der_oid(parameters, &oid) || !der_done(parameters)) {
        *problem = "an elliptic curve given by its parameters instead of its name";
        return false;
    }
    *problem = "an unknown elliptic curve";
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) {
        if (!bytes_equal(oid, (bytes){curves[i].oid, curves[i].oid_len}))
            continue;
        out->bits = curves[i].bits;
        out->kind = curves[i].kind;
        out->point = bits;
        if (out->kind == 0) {
            *problem = curves[i].problem;
            return false;
        }
        if (bits.len != 1 + 2 * ((size_t)(out->bits + 7) / 8) || bits.data[0] != 4) {
            *problem = "a point that is not in uncompressed form";
            return false;
        }
        return true;
    }
    return false;
}

/* RFC 8410 3 and 4: no parameters. */
static bool read_edwards(struct der *parameters, bytes bits, uint8_t last, struct public_key *out, const char **problem)
{
    *problem = "an unknown public key algorithm";
    if (last != 0x70 && last != 0x71)
        return false;
    size_t len = last == 0x70 ? 32 : 57;
    out->kind = last == 0x70 ? KEY_ED25519 : KEY_ED448;
    out->bits = last == 0x70 ? 253 : 456;
    out->point = bits;
    *problem = "an Edwards-curve key of the wrong length or with parameters";
    return bits.len == len && der_done(parameters);
}

/* RFC 4055 3.1, of which only what TLS has a scheme for is taken: one hash for message and mask, a salt of its length,
   trailer field 1. The defaults mean SHA-1 and are not taken. */
static bool pss_parameters(bytes content, uint8_t *hash)
{
    struct der d = der_in(content);
    bytes part, mask;
    uint8_t mask_hash;
    int32_t n;
    if (!der_read(&d, DER_CONTEXT_CONSTRUCTED(0), &part))
        return false;
    struct der inner = der_in(part);
    if (!hash_identifier(&inner, hash) || !der_done(&inner) || !der_read(&d, DER_CONTEXT_CONSTRUCTED(1), &part) ||
        !der_only(part, DER_SEQUENCE, &mask))
        return false;
    inner = der_in(mask);
    if (!der_oid(&inner, &part) || !bytes_equal(part, BYTES_OF(oid_mgf1)) || !hash_identifier(&inner, &mask_hash) ||
        !der_done(&inner) || mask_hash != *hash || !der_read(&d, DER_CONTEXT_CONSTRUCTED(2), &part))
        return false;
    inner = der_in(part);
    if (!der_count(&inner, &n) || !der_done(&inner) || (size_t)n != hash_len((enum hash) * hash))
        return false;
    if (der_more(&d)) { /* the default value 1 may be written out by mistake; nothing else */
        if (!der_read(&d, DER_CONTEXT_CONSTRUCTED(3), &part))
            return false;
        inner = der_in(part);
        return der_count(&inner, &n) && n == 1 && der_done(&inner) && der_done(&d);
    }
    return true;
}

/* AlgorithmIdentifier of a SHA-2 hash; parameters absent or NULL (RFC 4055 2.1 asks to accept both). */
static bool hash_identifier(struct der *d, uint8_t *hash)
{
    static const uint8_t kinds[] = {HASH_SHA256, HASH_SHA384, HASH_SHA512};
    bytes content, oid, null;
    if (!der_read(d, DER_SEQUENCE, &content))
        return false;
    struct der a = der_in(content);
    if (!der_oid(&a, &oid) || oid.len != sizeof oid_sha2 + 1 ||
        !bytes_equal(bytes_first(oid, sizeof oid_sha2), BYTES_OF(oid_sha2)))
        return false;
    uint8_t last = oid.data[oid.len - 1];
    if (last < 1 || last > 3 || (der_more(&a) && (!der_read(&a, DER_NULL, &null) || null.len != 0 || !der_done(&a))))
        return false;
    *hash = kinds[last - 1];
    return true;
}

static const struct algorithm_row *algorithm_row(bytes algorithm, struct der *parameters)
{
    bytes content, oid;
    if (!der_only(algorithm, DER_SEQUENCE, &content))
        return NULL;
    *parameters = der_in(content);
    if (!der_oid(parameters, &oid))
        return NULL;
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
        if (bytes_equal(oid, (bytes){algorithms[i].oid, algorithms[i].oid_len}))
            return &algorithms[i];
    return NULL;
}

uint16_t algorithm_scheme(bytes algorithm)
{
    struct der parameters;
    bytes content;
    uint8_t hash;
    const struct algorithm_row *row = algorithm_row(algorithm, &parameters);
    if (row == NULL)
        return 0;
    if (row->parameters == PARAMETERS_NULL) {
        bool null = der_read(&parameters, DER_NULL, &content) && content.len == 0 && der_done(&parameters);
        return null ? row->scheme : 0;
    }
    if (row->parameters == PARAMETERS_NONE)
        return der_done(&parameters) ? row->scheme : 0;
    if (row->oid_len == sizeof oid_pss && row->oid[8] == oid_pss[8] && row->oid[0] == oid_pss[0]) {
        bool fine =
            der_read(&parameters, DER_SEQUENCE, &content) && der_done(&parameters) && pss_parameters(content, &hash);
        return fine ? (uint16_t)(hash == HASH_SHA256 ? 0x0804 : hash == HASH_SHA384 ? 0x0805 : 0x0806) : 0;
    }
    return 0;
}

size_t algorithm_text(bytes algorithm, char *out, size_t size)
{
    struct der parameters;
    struct text t = text_in(out, size);
    const struct algorithm_row *row = algorithm_row(algorithm, &parameters);
    bytes content, oid;
    if (row != NULL) {
        text_add(&t, row->name);
        if (algorithm_scheme(algorithm) == 0 && (row->scheme != 0 || row->oid[8] == oid_pss[8]))
            text_add(&t, " with parameters that are not supported");
        return t.len;
    }
    der_only(algorithm, DER_SEQUENCE, &content);
    struct der d = der_in(content);
    if (!der_oid(&d, &oid)) {
        text_add(&t, "an unreadable algorithm");
        return t.len;
    }
    text_add(&t, "algorithm ");
    char number[64];
    der_oid_text(oid, number, sizeof number);
    text_add(&t, number);
    return t.len;
}
