/* explain/pss.c: RSASSA-PSS as certificates have it (RFC 4055 3.1): hash, mask and salt length stand in the algorithm's parameters.
   The verifier takes only what TLS has a scheme for (x509/key.c); a story tells of every signature whether it holds. */
#include "explain/pss.h"

#include "crypto/offline.h"
#include "x509/certificate.h"

struct pss {
    uint8_t hash, mask;
    int32_t salt_len;
};

static bool parameters_of(bytes algorithm, struct pss *out);
static bool hash_of(struct der *d, uint8_t *hash);

bool signature_is_pss(const struct certificate *c)
{
    struct pss pss;
    return parameters_of(c->algorithm, &pss);
}

bool signature_computed(const struct certificate *c, const struct certificate *issuer)
{
    struct pss pss;
    if (scheme_by_id(c->scheme) != NULL)
        return crypto_verify(&issuer->key, scheme_by_id(c->scheme), c->tbs, c->signature);
    return parameters_of(c->algorithm, &pss) && (issuer->key.pss_hash == 0 || issuer->key.pss_hash == pss.hash) &&
           offline_verify_pss(&issuer->key, (enum hash)pss.hash, (enum hash)pss.mask, pss.salt_len, c->tbs, c->signature);
}

/* Hash and mask written out; the salt's length may be left out, and is then 20. */
static bool parameters_of(bytes algorithm, struct pss *out)
{
    static const uint8_t rsassa_pss[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10}, mgf1[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8};
    bytes content, oid, part, mask;
    *out = (struct pss){.salt_len = 20};
    if (!der_only(algorithm, DER_SEQUENCE, &content))
        return false;
    struct der d = der_in(content), inner;
    if (!der_oid(&d, &oid) || !bytes_equal(oid, BYTES_OF(rsassa_pss)) || !der_read(&d, DER_SEQUENCE, &content) || !der_done(&d))
        return false;
    d = der_in(content);
    if (!der_read(&d, DER_CONTEXT_CONSTRUCTED(0), &part))
        return false;
    inner = der_in(part);
    if (!hash_of(&inner, &out->hash) || !der_read(&d, DER_CONTEXT_CONSTRUCTED(1), &part) || !der_only(part, DER_SEQUENCE, &mask))
        return false;
    inner = der_in(mask);
    if (!der_oid(&inner, &oid) || !bytes_equal(oid, BYTES_OF(mgf1)) || !hash_of(&inner, &out->mask))
        return false;
    if (der_at(&d, DER_CONTEXT_CONSTRUCTED(2))) {
        der_read(&d, DER_CONTEXT_CONSTRUCTED(2), &part);
        inner = der_in(part);
        if (!der_count(&inner, &out->salt_len) || !der_done(&inner))
            return false;
    }
    return der_done(&d) || der_at(&d, DER_CONTEXT_CONSTRUCTED(3));
}

/* AlgorithmIdentifier of SHA-256, SHA-384, SHA-512. */
static bool hash_of(struct der *d, uint8_t *hash)
{
    static const uint8_t sha2[] = {0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2}, kinds[] = {HASH_SHA256, HASH_SHA384, HASH_SHA512};
    bytes content, oid;
    if (!der_read(d, DER_SEQUENCE, &content))
        return false;
    struct der a = der_in(content);
    if (!der_oid(&a, &oid) || oid.len != sizeof sha2 + 1 || memcmp(oid.data, sha2, sizeof sha2) != 0)
        return false;
    const uint8_t last = oid.data[sizeof sha2];
    *hash = last >= 1 && last <= 3 ? kinds[last - 1] : 0;
    return *hash != 0;
}
