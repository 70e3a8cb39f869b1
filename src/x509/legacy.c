/* Signatures with DSA or SHA-1: RFC 3279 2.2, RFC 5758 3.1, for judging old archives and NIST's PKITS.

   A request must ask for them (legacy_signatures), and only path validation alone, PROFILE_RFC5280, can; no connection does.
   SHA-1 has had collisions since 2017, so that whoever asks gets to know no more than that someone signed something like it.

   A DSA key may come without its parameters p, q and g and then has those of its issuer's key (RFC 3279 2.3.2, RFC 5280 6.1.4
   (d) to (f)): what such a key verifies is known only when the path above it is. path.c puts these checks off until the path
   has reached an anchor. */
#include "x509/legacy.h"

#include "crypto/legacy.h"
#include "crypto/offline.h"
#include "x509/certificate.h"

enum old_key { OLD_DSA = 1, OLD_RSA, OLD_ECDSA };

static const uint8_t oid_dsa[] = {0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1};

/* scheme: as TLS 1.2 numbers it, RFC 5246 7.4.1.4.1. */
static const struct old_algorithm {
    uint8_t oid[9], oid_len;
    uint8_t key, hash;
    uint16_t scheme;
} algorithms[] = {
    {{0x2a, 0x86, 0x48, 0xce, 0x38, 4, 3}, 7, OLD_DSA, HASH_SHA1, 0x0202},
    {{0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 2}, 9, OLD_DSA, HASH_SHA256, 0x0402},
    {{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5}, 9, OLD_RSA, HASH_SHA1, 0x0201},
    {{0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1}, 7, OLD_ECDSA, HASH_SHA1, 0x0203},
};

static const struct old_algorithm *find(bytes algorithm);
static bool read_key(bytes spki, struct dsa_key *out);
static bool fits(const struct old_algorithm *a, const struct certificate *issuer);

bool legacy_built(void)
{
    return true;
}

bool legacy_algorithm(const struct verify_request *request, bytes algorithm)
{
    return request->legacy_signatures && find(algorithm) != NULL;
}

bool legacy_key(const struct verify_request *request, bytes spki, unsigned *bits)
{
    struct dsa_key key;
    if (!request->legacy_signatures || !read_key(spki, &key))
        return false;
    *bits = (unsigned)key.p.len * 8;
    return key.p.data == NULL || crypto_dsa_usable(&key);
}

bool legacy_checkable(const struct verify_request *request, const struct certificate *c,
                      const struct certificate *issuer)
{
    const struct old_algorithm *a = request->legacy_signatures && c->scheme == 0 ? find(c->algorithm) : NULL;
    return a != NULL && fits(a, issuer);
}

bool legacy_inherits(const struct certificate *c)
{
    struct dsa_key key;
    return c->key.kind == 0 && read_key(c->key.spki, &key) && key.p.data == NULL;
}

bool legacy_good(const struct certificate *c, const struct link *above, size_t n)
{
    const struct old_algorithm *a = find(c->algorithm);
    const struct certificate *issuer = above[0].c;
    struct dsa_key key, inherited;
    if (a == NULL || !fits(a, issuer))
        return false;
    if (a->key != OLD_DSA)
        return offline_verify(&issuer->key, a->scheme, c->tbs, c->signature);
    if (!read_key(issuer->key.spki, &key))
        return false;
    for (size_t i = 1; key.p.data == NULL; i++) {
        if (i >= n ||
            !read_key(above[i].c->key.spki, &inherited)) /* another kind of key: there is nothing to inherit */
            return false;
        inherited.y = key.y;
        key = inherited;
    }
    return crypto_dsa_verify(&key, (enum hash)a->hash, c->tbs, c->signature);
}

/* Parameters: none for DSA and ECDSA, NULL for RSA (RFC 3279 2.2). */
static const struct old_algorithm *find(bytes algorithm)
{
    bytes content, oid, null;
    if (!der_only(algorithm, DER_SEQUENCE, &content))
        return NULL;
    struct der d = der_in(content);
    if (!der_oid(&d, &oid))
        return NULL;
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++) {
        const struct old_algorithm *a = &algorithms[i];
        if (!bytes_equal(oid, (bytes){a->oid, a->oid_len}))
            continue;
        bool fine = a->key != OLD_RSA || (der_read(&d, DER_NULL, &null) && null.len == 0);
        return fine && der_done(&d) ? a : NULL;
    }
    return NULL;
}

static bool fits(const struct old_algorithm *a, const struct certificate *issuer)
{
    struct dsa_key key;
    uint8_t kind = issuer->key.kind;
    switch ((enum old_key)a->key) {
    case OLD_DSA:
        return kind == 0 && read_key(issuer->key.spki, &key);
    case OLD_RSA:
        return kind == KEY_RSA;
    case OLD_ECDSA:
        return kind == KEY_EC_P256 || kind == KEY_EC_P384 || kind == KEY_EC_P521;
    }
    return false;
}

/* RFC 3279 2.3.2: y as INTEGER; the parameters as SEQUENCE of p, q, g, or left out, or NULL, and then p has no data. */
static bool read_key(bytes spki, struct dsa_key *out)
{
    bytes oid, bits, content;
    struct der a;
    *out = (struct dsa_key){.p = BYTES_NONE};
    if (!public_key_open(spki, &oid, &a, &bits) || !bytes_equal(oid, BYTES_OF(oid_dsa)))
        return false;
    struct der k = der_in(bits);
    if (!der_natural(&k, &out->y) || !der_done(&k))
        return false;
    if (der_at(&a, DER_NULL))
        return der_read(&a, DER_NULL, &content) && content.len == 0 && der_done(&a);
    if (der_done(&a))
        return true;
    if (!der_read(&a, DER_SEQUENCE, &content) || !der_done(&a))
        return false;
    struct der p = der_in(content);
    return der_natural(&p, &out->p) && der_natural(&p, &out->q) && der_natural(&p, &out->g) && der_done(&p);
}
