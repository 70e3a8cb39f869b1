/* crypto/legacy_dh.c: Diffie-Hellman in finite fields: RFC 7919, RFC 5246 8.1.2.

   Only groups that are known by name: primes of RFC 7919, and, to recognise them, those of RFC 3526 from 2048 bits on. All
   are safe primes with the generator 2, so a share between 2 and p - 2 lies in a large subgroup, and nothing can be learned
   from a small one. The primes come from libcrypto; what is computed with them in constant time too. Keys are used once, which
   leaves Raccoon nothing to gather. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <pthread.h>

#include "crypto/legacy.h"

enum { FIELDS = 6, FIELD_MAX = 512 };

static const struct group unnumbered[] = {
    {0, "modp_2048", "modp_2048", 256, 256, 32},
    {0, "modp_3072", "modp_3072", 384, 384, 40},
    {0, "modp_4096", "modp_4096", 512, 512, 48},
};

/* Made once, then constant and shared. */
static struct field {
    const struct group *group;
    BIGNUM *p, *most; /* most: p - 2 */
    BN_MONT_CTX *montgomery;
    uint8_t prime[FIELD_MAX];
} fields[FIELDS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_fields(void);
static bool make_field(struct field *f, const struct group *group);
static bool power(const struct field *f, const BIGNUM *base, const uint8_t *exponent, uint8_t *out);

static const struct field *field_of(const struct group *group)
{
    if (pthread_once(&once, make_fields) != 0)
        return NULL;
    for (size_t i = 0; i < FIELDS; i++)
        if (fields[i].group == group)
            return &fields[i];
    return NULL;
}

static void make_fields(void)
{
    size_t n = 0;
    const struct group *group;
    for (size_t i = 0; (group = group_legacy_at(i)) != NULL && n < FIELDS; i++)
        n += make_field(&fields[n], group);
    for (size_t i = 0; i < sizeof unnumbered / sizeof unnumbered[0] && n < FIELDS; i++)
        n += make_field(&fields[n], &unnumbered[i]);
}

static bool make_field(struct field *f, const struct group *group)
{
    char name[16];
    EVP_PKEY *pkey = NULL;
    snprintf(name, sizeof name, "%s", group->name);
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, 0),
        OSSL_PARAM_construct_end(),
    };
    ERR_set_mark();
    EVP_PKEY_CTX *making = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
    BN_CTX *scratch = BN_CTX_new();
    struct field made = {.montgomery = BN_MONT_CTX_new()};
    bool good = making != NULL && scratch != NULL && made.montgomery != NULL && EVP_PKEY_fromdata_init(making) == 1 &&
                EVP_PKEY_fromdata(making, &pkey, EVP_PKEY_KEY_PARAMETERS, parameters) == 1 &&
                EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_FFC_P, &made.p) == 1 &&
                BN_bn2binpad(made.p, made.prime, group->share_len) == group->share_len &&
                (made.most = BN_dup(made.p)) != NULL && BN_sub_word(made.most, 2) == 1 &&
                BN_MONT_CTX_set(made.montgomery, made.p, scratch) == 1;
    EVP_PKEY_free(pkey);
    EVP_PKEY_CTX_free(making);
    BN_CTX_free(scratch);
    ERR_pop_to_mark();
    if (good) {
        *f = made;
        f->group = group;
        return true;
    }
    BN_free(made.p);
    BN_free(made.most);
    BN_MONT_CTX_free(made.montgomery);
    return false;
}

bool crypto_dh_public(const struct group *group, const uint8_t *exponent, uint8_t *out)
{
    const struct field *f = field_of(group);
    BIGNUM *two = BN_new();
    bool made = f != NULL && two != NULL && BN_set_word(two, 2) == 1 && power(f, two, exponent, out);
    BN_free(two);
    return made;
}

bool crypto_dh_agree(const struct group *group, const uint8_t *exponent, bytes peer, uint8_t *secret,
                     size_t *secret_len)
{
    const struct field *f = field_of(group);
    uint8_t whole[FIELD_MAX];
    if (f == NULL || peer.len > group->share_len)
        return false;
    ERR_set_mark();
    BIGNUM *share = BN_bin2bn(peer.data, (int)peer.len, NULL);
    bool agreed = share != NULL && BN_cmp(share, BN_value_one()) > 0 && BN_cmp(share, f->most) <= 0 &&
                  power(f, share, exponent, whole);
    BN_free(share);
    ERR_pop_to_mark();
    if (agreed) {
        size_t zeros = 0;
        while (zeros < group->share_len - 1u && whole[zeros] == 0)
            zeros++;
        *secret_len = group->share_len - zeros;
        bytes_copy(secret, whole + zeros, *secret_len);
    }
    bytes_wipe(whole, sizeof whole);
    return agreed;
}

static bool power(const struct field *f, const BIGNUM *base, const uint8_t *exponent, uint8_t *out)
{
    const int len = f->group->share_len;
    BN_CTX *scratch = BN_CTX_secure_new(); /* wiped when freed */
    BIGNUM *x = BN_bin2bn(exponent, f->group->exponent_len, NULL), *result = BN_secure_new();
    if (x != NULL)
        BN_set_flags(x, BN_FLG_CONSTTIME);
    bool made = scratch != NULL && x != NULL && result != NULL && !BN_is_zero(x) &&
                BN_mod_exp_mont_consttime(result, base, x, f->p, scratch, f->montgomery) == 1 &&
                BN_bn2binpad(result, out, len) == len;
    BN_clear_free(result);
    BN_clear_free(x);
    BN_CTX_free(scratch);
    return made;
}

bool crypto_dh_params(const struct group *group, bytes *p, bytes *g)
{
    static const uint8_t two[] = {2};
    const struct field *f = field_of(group);
    if (f == NULL)
        return false;
    *p = bytes_of(f->prime, group->share_len);
    *g = BYTES_OF(two);
    return true;
}

static bytes without_zeros(bytes number)
{
    while (number.len > 1 && number.data[0] == 0)
        number = bytes_skip(number, 1);
    return number;
}

const struct group *crypto_dh_find(bytes p, bytes g)
{
    p = without_zeros(p);
    g = without_zeros(g);
    if (g.len != 1 || g.data[0] != 2 || pthread_once(&once, make_fields) != 0)
        return NULL;
    for (size_t i = 0; i < FIELDS; i++)
        if (fields[i].group != NULL && bytes_equal(p, bytes_of(fields[i].prime, fields[i].group->share_len)))
            return fields[i].group;
    return NULL;
}
