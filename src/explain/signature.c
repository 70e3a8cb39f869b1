/* explain/signature.c: how a certificate's signature is checked, with the values. RFC 8017 8.2.2 and 9.2: for RSA with PKCS #1
   padding the issuer's public key opens the signature, and in it lies the digest that was signed. ECDSA, EdDSA and PSS show
   no such thing: there is a yes or no. The verdict is the verifier's own, never a comparison made here. */
#include "explain/signature.h"

#include "explain/oids.h"
#include "x509/der.h"
#include "x509/path.h"

static void open_block(struct signature_story *s, const struct certificate *c, const struct certificate *issuer);
static void take_apart(struct signature_story *s);

static const struct {
    const char *algorithm, *name;
    uint8_t hash;
    bool pkcs1;
} hashes[] = {
    {"sha256WithRSAEncryption", "SHA-256", HASH_SHA256, true},
    {"sha384WithRSAEncryption", "SHA-384", HASH_SHA384, true},
    {"sha512WithRSAEncryption", "SHA-512", HASH_SHA512, true},
    {"sha1WithRSAEncryption", "SHA-1", HASH_SHA1, true},
    {"ecdsa-with-SHA256", "SHA-256", HASH_SHA256, false},
    {"ecdsa-with-SHA384", "SHA-384", HASH_SHA384, false},
    {"ecdsa-with-SHA512", "SHA-512", HASH_SHA512, false},
    {"ecdsa-with-SHA1", "SHA-1", HASH_SHA1, false},
};

bool certificate_signature(bytes der, bytes issuer_der, struct signature_story *out)
{
    struct certificate c, issuer;
    fede_error ignored = {0};
    bytes content, oid = BYTES_NONE;
    *out = (struct signature_story){.outcome = SIGNATURE_UNCHECKED};
    if (!certificate_read(der, &c, &ignored) || !certificate_read(issuer_der, &issuer, &ignored))
        return false;
    if (der_only(c.algorithm, DER_SEQUENCE, &content)) {
        struct der d = der_in(content);
        der_oid(&d, &oid);
    }
    struct text t = text_in(out->algorithm, sizeof out->algorithm);
    oid_text(&t, oid);
    out->signed_len = c.tbs.len;
    const char *name = oid_name(oid);
    for (size_t i = 0; name != NULL && i < sizeof hashes / sizeof *hashes; i++) {
        if (strcmp(name, hashes[i].algorithm) != 0)
            continue;
        out->hash = hashes[i].name;
        out->digest_len = hash_len(hashes[i].hash);
        crypto_hash_once(hashes[i].hash, c.tbs, out->digest_b);
        if (hashes[i].pkcs1)
            open_block(out, &c, &issuer);
    }
    const struct scheme *scheme = c.scheme != 0 ? scheme_by_id(c.scheme) : NULL;
    if (out->digest_len == 0 && scheme != NULL &&
        scheme->hash != 0) { /* RSASSA-PSS: the hash stands in its parameters */
        static const char *const names[] = {
            [HASH_SHA256] = "SHA-256", [HASH_SHA384] = "SHA-384", [HASH_SHA512] = "SHA-512"};
        out->hash = scheme->hash < sizeof names / sizeof *names ? names[scheme->hash] : NULL;
        out->digest_len = hash_len(scheme->hash);
        crypto_hash_once(scheme->hash, c.tbs, out->digest_b);
    }
    if (!signature_checkable(&c, &issuer))
        out->why = issuer.key.kind == 0 ? "the issuer's key is of a kind that is not supported"
                                        : "the algorithm is not accepted, so the signature counts for nothing";
    else
        out->outcome = signature_good(&c, &issuer) ? SIGNATURE_VERIFIES : SIGNATURE_FAILS;
    return true;
}

static void open_block(struct signature_story *s, const struct certificate *c, const struct certificate *issuer)
{
    s->recovered = crypto_rsa_recover(&issuer->key, c->signature, s->block);
    if (!s->recovered) {
        s->why = issuer->key.kind != KEY_RSA ? "the issuer's key is no RSA key"
                                             : "the signature is not as long as the issuer's key";
        return;
    }
    s->block_len = c->signature.len;
    take_apart(s);
    if (s->digest_a.data == NULL)
        s->why = "what the issuer's key makes of it is no padding and digest: another key signed, or bits were changed";
}

/* EMSA-PKCS1-v1_5: 00 01 ff … ff 00, then SEQUENCE { AlgorithmIdentifier, OCTET STRING }. */
static void take_apart(struct signature_story *s)
{
    enum { LEAST_PADDING = 8 };
    size_t at = 2;
    if (s->block_len < 11 || s->block[0] != 0 || s->block[1] != 1)
        return;
    while (at < s->block_len && s->block[at] == 0xff)
        at++;
    if (at < 2 + LEAST_PADDING || at >= s->block_len || s->block[at] != 0)
        return;
    bytes info = bytes_of(s->block + at + 1, s->block_len - at - 1), content, algorithm, digest, oid;
    if (!der_only(info, DER_SEQUENCE, &content))
        return;
    struct der d = der_in(content);
    if (!der_read(&d, DER_SEQUENCE, &algorithm) || !der_read(&d, DER_OCTET_STRING, &digest) || !der_done(&d))
        return;
    struct der a = der_in(algorithm);
    if (!der_oid(&a, &oid))
        return;
    struct text t = text_in(s->digest_info_hash, sizeof s->digest_info_hash);
    oid_text(&t, oid);
    s->padding = bytes_of(s->block, at + 1);
    s->digest_info = info;
    s->digest_a = digest;
}
