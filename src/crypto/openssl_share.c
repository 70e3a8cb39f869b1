/* crypto/openssl_share.c: ephemeral key exchange: X25519 (RFC 7748) and the NIST curves (RFC 8422 5.10, 5.11).

   Private keys are made from bytes of crypto_random, so a handshake can be made again exactly. The NIST curves use
   libcrypto's point arithmetic directly: a third of the cost of its key objects for making a key. Multiplying a
   secret with one point, or with the generator, is what libcrypto does in constant time. X25519 is reachable only as
   EVP_PKEY. */
#include <openssl/bn.h>
#include <openssl/err.h>
#include <stdlib.h>

#include "crypto/crypto.h"
#include "crypto/legacy.h"
#include "crypto/openssl_start.h"

enum { X25519_LEN = 32, SCALAR_MAX = 66, UNCOMPRESSED = 4, TRIES = 128 };

struct crypto_share {
    const struct group *group;
    EVP_PKEY *x25519;            /* NULL for a NIST curve */
    uint8_t private[SCALAR_MAX]; /* secret_len bytes, exponent_len for a finite field */
};

static bool x25519_new(struct crypto_share *own, uint8_t *out);
static bool x25519_finish(const struct crypto_share *own, bytes peer, uint8_t *secret);
static bool curve_scalar(const EC_GROUP *curve, const struct crypto_random *source, uint8_t *out, size_t len);
static bool is_between(const uint8_t *number, const uint8_t *limit, size_t len);
static bool curve_new(const struct crypto_share *own, const EC_GROUP *curve, uint8_t *out);
static bool curve_finish(const struct crypto_share *own, const EC_GROUP *curve, bytes peer, uint8_t *secret);

static const EC_GROUP *curve_of(const struct group *group)
{
    switch (group->id) {
    case 0x0017:
        return fetched->curve[CURVE_P256];
    case 0x0018:
        return fetched->curve[CURVE_P384];
    case 0x0019:
        return fetched->curve[CURVE_P521];
    default:
        return NULL;
    }
}

struct crypto_share *crypto_share_new(const struct group *group, const struct crypto_random *source, uint8_t *out,
                                      size_t *out_len)
{
    const EC_GROUP *curve = curve_of(group);
    struct crypto_share *own = calloc(1, sizeof *own);
    if (own == NULL)
        return NULL;
    own->group = group;
    bool made;
    if (group_is_legacy(group))
        made = crypto_random(source, own->private, group->exponent_len) && crypto_dh_public(group, own->private, out);
    else if (curve != NULL)
        made = curve_scalar(curve, source, own->private, group->secret_len) && curve_new(own, curve, out);
    else
        made = crypto_random(source, own->private, X25519_LEN) && x25519_new(own, out);
    if (!made) {
        crypto_share_free(own);
        return NULL;
    }
    *out_len = group->share_len;
    return own;
}

bool crypto_share_finish(struct crypto_share *own, bytes peer, uint8_t *secret, size_t *secret_len)
{
    const EC_GROUP *curve = curve_of(own->group);
    if (group_is_legacy(own->group))
        return crypto_dh_agree(own->group, own->private, peer, secret, secret_len);
    if (peer.len != own->group->share_len)
        return false;
    ERR_set_mark(); /* what the peer sent may be wrong: leave no trace in the caller's error queue */
    bool finished = curve != NULL ? curve_finish(own, curve, peer, secret) : x25519_finish(own, peer, secret);
    ERR_pop_to_mark();
    if (finished)
        *secret_len = own->group->secret_len;
    else
        bytes_wipe(secret, own->group->secret_len);
    return finished;
}

size_t crypto_share_private(const struct crypto_share *own, uint8_t *out, size_t size)
{
    size_t len = group_is_legacy(own->group) ? own->group->exponent_len : own->group->secret_len;
    if (len > size)
        return 0;
    bytes_copy(out, own->private, len);
    return len;
}

void crypto_share_free(struct crypto_share *own)
{
    if (own == NULL)
        return;
    EVP_PKEY_free(own->x25519); /* wipes */
    bytes_wipe(own, sizeof *own);
    free(own);
}

/* ---- X25519. */

static bool x25519_new(struct crypto_share *own, uint8_t *out)
{
    size_t len = X25519_LEN;
    own->x25519 = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, own->private, X25519_LEN);
    return own->x25519 != NULL && EVP_PKEY_get_raw_public_key(own->x25519, out, &len) == 1 && len == X25519_LEN;
}

static bool x25519_finish(const struct crypto_share *own, bytes peer, uint8_t *secret)
{
    size_t len = X25519_LEN;
    /* The kind of key is copied from our own: half the cost of looking it up by name. Every 32 bytes are a public
       key, so there is nothing to validate; what must not pass shows in the result. */
    EVP_PKEY *theirs = EVP_PKEY_new();
    EVP_PKEY_CTX *derive = EVP_PKEY_CTX_new(own->x25519, NULL);
    bool derived = theirs != NULL && derive != NULL && EVP_PKEY_copy_parameters(theirs, own->x25519) == 1 &&
                   EVP_PKEY_set1_encoded_public_key(theirs, peer.data, peer.len) == 1 &&
                   EVP_PKEY_derive_init(derive) == 1 && EVP_PKEY_derive_set_peer_ex(derive, theirs, 0) == 1 &&
                   EVP_PKEY_derive(derive, secret, &len) == 1 && len == X25519_LEN;
    EVP_PKEY_CTX_free(derive);
    EVP_PKEY_free(theirs);
    static const uint8_t zero[X25519_LEN];
    return derived && !bytes_equal_secret(bytes_of(secret, X25519_LEN), BYTES_OF(zero)); /* RFC 7748 6.1 */
}

/* ---- NIST curves. */

/* A number from 1 to the order less one, by drawing until one fits (FIPS 186-5 A.2.2). Of honest random bytes the first
   or second fits; a source that always gives the same bytes must not hold us here for ever. */
static bool curve_scalar(const EC_GROUP *curve, const struct crypto_random *source, uint8_t *out, size_t len)
{
    const BIGNUM *order = EC_GROUP_get0_order(curve);
    const int spare = (int)len * 8 - BN_num_bits(order);
    uint8_t limit[SCALAR_MAX];
    if (BN_bn2binpad(order, limit, (int)len) != (int)len)
        return false;
    for (int i = 0; i < TRIES; i++) {
        if (!crypto_random(source, out, len))
            return false;
        out[0] = (uint8_t)(out[0] & 0xff >> spare);
        if (is_between(out, limit, len))
            return true;
    }
    return false;
}

/* 0 < number < limit, without a branch that depends on number but for the answer. */
static bool is_between(const uint8_t *number, const uint8_t *limit, size_t len)
{
    unsigned any = 0, borrow = 0;
    for (size_t i = len; i-- > 0;) {
        any |= number[i];
        borrow = ((unsigned)number[i] - limit[i] - borrow) >> 31; /* 1: less than zero so far */
    }
    return (any != 0) & (borrow != 0);
}

static BIGNUM *scalar_of(const struct crypto_share *own)
{
    BIGNUM *scalar = BN_bin2bn(own->private, own->group->secret_len, NULL);
    if (scalar != NULL)
        BN_set_flags(scalar, BN_FLG_CONSTTIME);
    return scalar;
}

static bool curve_new(const struct crypto_share *own, const EC_GROUP *curve, uint8_t *out)
{
    BN_CTX *scratch = BN_CTX_new(); /* wiped when freed */
    BIGNUM *scalar = scalar_of(own);
    EC_POINT *point = EC_POINT_new(curve);
    size_t len = own->group->share_len;
    bool made = scratch != NULL && scalar != NULL && point != NULL &&
                EC_POINT_mul(curve, point, scalar, NULL, NULL, scratch) == 1 &&
                EC_POINT_point2oct(curve, point, POINT_CONVERSION_UNCOMPRESSED, out, len, scratch) == len;
    EC_POINT_free(point);
    BN_clear_free(scalar);
    BN_CTX_free(scratch);
    return made;
}

static bool curve_finish(const struct crypto_share *own, const EC_GROUP *curve, bytes peer, uint8_t *secret)
{
    if (peer.data[0] != UNCOMPRESSED) /* RFC 8422 5.1.2: the only form there is; infinity has another */
        return false;
    BN_CTX *scratch = BN_CTX_new();
    BIGNUM *scalar = scalar_of(own), *x = BN_secure_new();
    EC_POINT *point = EC_POINT_new(curve);
    int len = own->group->secret_len;
    /* oct2point refuses coordinates out of range and points that are not on the curve. The curves have prime order,
       so the product is never infinity. x keeps its leading zeros (RFC 8422 5.10). */
    bool finished = scratch != NULL && scalar != NULL && x != NULL && point != NULL &&
                    EC_POINT_oct2point(curve, point, peer.data, peer.len, scratch) == 1 &&
                    EC_POINT_mul(curve, point, NULL, point, scalar, scratch) == 1 &&
                    EC_POINT_get_affine_coordinates(curve, point, x, NULL, scratch) == 1 &&
                    BN_bn2binpad(x, secret, len) == len;
    EC_POINT_clear_free(point);
    BN_clear_free(x);
    BN_clear_free(scalar);
    BN_CTX_free(scratch);
    return finished;
}
