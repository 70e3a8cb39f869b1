/* crypto/openssl_verify.c: verifying signatures with public keys given as parts.

   RSASSA-PKCS1-v1_5 and RSASSA-PSS (RFC 8017 8), ECDSA (FIPS 186-5 6.4), EdDSA (RFC 8032). The parts come out of our
   own certificate parser; libcrypto's decoders, which take a hundred times as long, never see them. What is refused
   here: SHA-1, signatures of the wrong length, ECDSA signatures that are not strict DER, points off the curve or
   compressed, RSA keys out of proportion. Everything here is public, so nothing needs constant time. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "crypto/offline.h"
#include "crypto/openssl_start.h"

/* More would only serve to cost us time. */
enum { RSA_MIN = 64, RSA_MAX = SIGNATURE_MAX, EXPONENT_MAX = 8, UNCOMPRESSED = 4 };

static bool verify_rsa(const struct public_key *key, const struct scheme *scheme, bytes digest, bytes signature);
static bool verify_ec(const struct public_key *key, bytes digest, bytes signature);
static bool verify_ed(const struct public_key *key, bytes input, bytes signature);
static bool rsa_is_sane(const struct public_key *key);
static RSA *rsa_of(const struct public_key *key);
static bool is_point(const struct public_key *key);
static EC_KEY *ec_of(const struct public_key *key);

bool crypto_verify(const struct public_key *key, const struct scheme *scheme, bytes input, bytes signature)
{
    if (key->kind == 0 || !scheme_fits_key(scheme, key->kind, 0x0303))
        return false;
    if (key->kind == KEY_RSA_PSS && key->pss_hash != 0 && key->pss_hash != scheme->hash)
        return false;
    uint8_t hash[HASH_MAX];
    bytes digest = bytes_of(hash, hash_len(scheme->hash));
    bool verified = false;
    ERR_set_mark(); /* a wrong signature is no news for the caller's error queue */
    if (scheme->hash == 0) {
        verified = verify_ed(key, input, signature);
    } else if (scheme->hash != HASH_SHA1) {
        crypto_hash_once(scheme->hash, input, hash);
        bool rsa = key->kind == KEY_RSA || key->kind == KEY_RSA_PSS;
        verified = rsa ? verify_rsa(key, scheme, digest, signature) : verify_ec(key, digest, signature);
    }
    ERR_pop_to_mark();
    return verified;
}

bool offline_verify(const struct public_key *key, uint16_t scheme, bytes input, bytes signature)
{
    enum { RSA_SHA1 = 0x0201, ECDSA_SHA1 = 0x0203 };
    bool rsa = key->kind == KEY_RSA, ec = key->kind >= KEY_EC_P256 && key->kind <= KEY_EC_P521;
    if ((scheme != 0 && scheme != (rsa ? RSA_SHA1 : ECDSA_SHA1)) || (!rsa && !ec))
        return false;
    uint8_t hash[HASH_MAX];
    enum hash kind = rsa && scheme == 0 ? HASH_MD5_SHA1 : HASH_SHA1;
    crypto_hash_once(kind, input, hash);
    return offline_verify_digest(key, bytes_of(hash, hash_len(kind)), signature);
}

bool offline_verify_digest(const struct public_key *key, bytes digest, bytes signature)
{
    enum { SHA1_LEN = 20 };
    const bool ec = key->kind >= KEY_EC_P256 && key->kind <= KEY_EC_P521;
    bool verified = false;
    if (digest.len < SHA1_LEN)
        return false;
    ERR_set_mark();
    if (ec) {
        verified = verify_ec(key, bytes_skip(digest, digest.len - SHA1_LEN), signature);
    } else if (key->kind == KEY_RSA && rsa_is_sane(key) && signature.len == key->modulus.len) {
        RSA *public = rsa_of(key);
        verified = public != NULL && RSA_verify(digest.len == SHA1_LEN ? NID_sha1 : NID_md5_sha1, digest.data,
                                                (unsigned)digest.len, signature.data, (unsigned)signature.len, public) == 1;
        RSA_free(public);
    }
    ERR_pop_to_mark();
    return verified;
}

bool offline_verify_pss(const struct public_key *key, enum hash hash, enum hash mask, int salt_len, bytes input, bytes signature)
{
    uint8_t digest[HASH_MAX], encoded[RSA_MAX];
    const int size = (int)signature.len;
    if ((key->kind != KEY_RSA && key->kind != KEY_RSA_PSS) || !rsa_is_sane(key) || signature.len != key->modulus.len || salt_len < 0)
        return false;
    crypto_hash_once(hash, input, digest);
    ERR_set_mark();
    RSA *rsa = rsa_of(key);
    bool verified = rsa != NULL && RSA_public_decrypt(size, signature.data, encoded, rsa, RSA_NO_PADDING) == size &&
                    RSA_verify_PKCS1_PSS_mgf1(rsa, digest, fetched->hash[hash], fetched->hash[mask], encoded, salt_len) == 1;
    RSA_free(rsa);
    ERR_pop_to_mark();
    return verified;
}

bool crypto_public_key_usable(const struct public_key *key)
{
    switch ((enum key_kind)key->kind) {
    case KEY_RSA:
    case KEY_RSA_PSS:
        return rsa_is_sane(key);
    case KEY_EC_P256:
    case KEY_EC_P384:
    case KEY_EC_P521: {
        ERR_set_mark();
        bool there = is_point(key);
        ERR_pop_to_mark();
        return there;
    }
    case KEY_ED25519:
        return key->point.len == 32;
    case KEY_ED448:
        return key->point.len == 57;
    }
    return false;
}

static bool verify_rsa(const struct public_key *key, const struct scheme *scheme, bytes digest, bytes signature)
{
    static const int names[] = {[HASH_SHA256] = NID_sha256, [HASH_SHA384] = NID_sha384, [HASH_SHA512] = NID_sha512};
    if (!rsa_is_sane(key) || signature.len != key->modulus.len)
        return false;
    RSA *rsa = rsa_of(key);
    const int size = (int)signature.len;
    bool verified = false;
    if (rsa != NULL && scheme->pss) {
        uint8_t encoded[RSA_MAX];
        const EVP_MD *hash = fetched->hash[scheme->hash];
        verified = RSA_public_decrypt(size, signature.data, encoded, rsa, RSA_NO_PADDING) == size &&
                   RSA_verify_PKCS1_PSS_mgf1(rsa, digest.data, hash, hash, encoded, RSA_PSS_SALTLEN_DIGEST) == 1;
    } else if (rsa != NULL) {
        verified = RSA_verify(names[scheme->hash], digest.data, (unsigned)digest.len, signature.data, (unsigned)size,
                              rsa) == 1;
    }
    RSA_free(rsa);
    return verified;
}

bool crypto_rsa_recover(const struct public_key *key, bytes signature, uint8_t out[SIGNATURE_MAX])
{
    if ((key->kind != KEY_RSA && key->kind != KEY_RSA_PSS) || !rsa_is_sane(key) || signature.len != key->modulus.len)
        return false;
    ERR_set_mark();
    RSA *rsa = rsa_of(key);
    const int size = (int)signature.len;
    bool recovered = rsa != NULL && RSA_public_decrypt(size, signature.data, out, rsa, RSA_NO_PADDING) == size;
    RSA_free(rsa);
    ERR_pop_to_mark();
    return recovered;
}

/* ECDSA_verify writes the signature it read as DER again and compares: nothing but the one encoding passes. */
static bool verify_ec(const struct public_key *key, bytes digest, bytes signature)
{
    if (signature.len > SIGNATURE_MAX)
        return false;
    EC_KEY *ec = ec_of(key);
    bool verified =
        ec != NULL && ECDSA_verify(0, digest.data, (int)digest.len, signature.data, (int)signature.len, ec) == 1;
    EC_KEY_free(ec);
    return verified;
}

static bool verify_ed(const struct public_key *key, bytes input, bytes signature)
{
    int type = key->kind == KEY_ED25519 ? EVP_PKEY_ED25519 : EVP_PKEY_ED448;
    EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(type, NULL, key->point.data, key->point.len);
    EVP_MD_CTX *verifying = EVP_MD_CTX_new();
    bool verified = pkey != NULL && verifying != NULL && EVP_DigestVerifyInit(verifying, NULL, NULL, NULL, pkey) == 1 &&
                    EVP_DigestVerify(verifying, signature.data, signature.len, input.data, input.len) == 1;
    EVP_MD_CTX_free(verifying);
    EVP_PKEY_free(pkey);
    return verified;
}

static bool rsa_is_sane(const struct public_key *key)
{
    bytes n = key->modulus, e = key->exponent;
    return n.len >= RSA_MIN && n.len <= RSA_MAX && n.data[0] != 0 && (n.data[n.len - 1] & 1) == 1 && e.len >= 1 &&
           e.len <= EXPONENT_MAX && e.data[0] != 0 && (e.data[e.len - 1] & 1) == 1 && !(e.len == 1 && e.data[0] == 1);
}

static RSA *rsa_of(const struct public_key *key)
{
    RSA *rsa = RSA_new();
    BIGNUM *n = BN_bin2bn(key->modulus.data, (int)key->modulus.len, NULL);
    BIGNUM *e = BN_bin2bn(key->exponent.data, (int)key->exponent.len, NULL);
    if (rsa != NULL && n != NULL && e != NULL && RSA_set0_key(rsa, n, e, NULL) == 1) /* takes n and e */
        return rsa;
    BN_free(n);
    BN_free(e);
    RSA_free(rsa);
    return NULL;
}

static bool uncompressed(const struct public_key *key)
{
    return key->point.len > 0 && key->point.data[0] == UNCOMPRESSED;
}

/* Is the point on its curve? */
static bool is_point(const struct public_key *key)
{
    const EC_GROUP *curve = fetched->curve[key->kind - KEY_EC_P256];
    EC_POINT *point = uncompressed(key) ? EC_POINT_new(curve) : NULL;
    bool there = point != NULL && EC_POINT_oct2point(curve, point, key->point.data, key->point.len, NULL) == 1;
    EC_POINT_free(point);
    return there;
}

/* The shared curve is copied into the key: 0.6 us, against 13 for making the curve from its name. */
static EC_KEY *ec_of(const struct public_key *key)
{
    EC_KEY *ec = uncompressed(key) ? EC_KEY_new() : NULL;
    if (ec != NULL && EC_KEY_set_group(ec, fetched->curve[key->kind - KEY_EC_P256]) == 1 &&
        EC_KEY_oct2key(ec, key->point.data, key->point.len, NULL) == 1)
        return ec;
    EC_KEY_free(ec);
    return NULL;
}
_Static_assert(KEY_EC_P384 - KEY_EC_P256 == CURVE_P384 && KEY_EC_P521 - KEY_EC_P256 == CURVE_P521, "same order");
