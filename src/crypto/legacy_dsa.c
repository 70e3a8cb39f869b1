/* crypto/legacy_dsa.c: verifying DSA signatures, FIPS 186-4 4.7, for certificates of old archives.

   Nothing in TLS signs with it: FIPS 186-5 took it out, and no certificate for the web may use it. Keys come as numbers from
   x509/legacy.c, and libcrypto computes with them; only sizes that FIPS 186-4 4.2 has are let through to it. Signatures other
   than strict DER are refused there. Everything is public, so nothing needs constant time. */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "crypto/legacy.h"

enum { PRIME_MIN = 1024 / 8, PRIME_MAX = 3072 / 8 };

static EVP_PKEY *public_of(const struct dsa_key *key);

bool crypto_dsa_usable(const struct dsa_key *key)
{
    const size_t p = key->p.len, q = key->q.len;
    return p >= PRIME_MIN && p <= PRIME_MAX && (q == 20 || q == 28 || q == 32) && (key->p.data[p - 1] & 1) == 1 &&
           (key->q.data[q - 1] & 1) == 1 && key->g.len > 0 && key->g.len <= p && key->y.len > 0 && key->y.len <= p;
}

bool crypto_dsa_verify(const struct dsa_key *key, enum hash hash, bytes input, bytes signature)
{
    uint8_t digest[HASH_MAX];
    if (!crypto_dsa_usable(key) || signature.len > SIGNATURE_MAX)
        return false;
    crypto_hash_once(hash, input, digest);
    ERR_set_mark();
    EVP_PKEY *public = public_of(key);
    EVP_PKEY_CTX *verifying = public ? EVP_PKEY_CTX_new_from_pkey(NULL, public, NULL) : NULL;
    bool verified = verifying != NULL && EVP_PKEY_verify_init(verifying) == 1 &&
                    EVP_PKEY_verify(verifying, signature.data, signature.len, digest, hash_len(hash)) == 1;
    EVP_PKEY_CTX_free(verifying);
    EVP_PKEY_free(public);
    ERR_pop_to_mark();
    return verified;
}

static EVP_PKEY *public_of(const struct dsa_key *key)
{
    static const char *const names[] = {OSSL_PKEY_PARAM_FFC_P, OSSL_PKEY_PARAM_FFC_Q, OSSL_PKEY_PARAM_FFC_G,
                                        OSSL_PKEY_PARAM_PUB_KEY};
    const bytes parts[] = {key->p, key->q, key->g, key->y};
    BIGNUM *numbers[4] = {NULL};
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    bool made = build != NULL;
    for (size_t i = 0; i < 4 && made; i++) {
        numbers[i] = BN_bin2bn(parts[i].data, (int)parts[i].len, NULL);
        made = numbers[i] != NULL && OSSL_PARAM_BLD_push_BN(build, names[i], numbers[i]) == 1;
    }
    OSSL_PARAM *list = made ? OSSL_PARAM_BLD_to_param(build) : NULL;
    EVP_PKEY_CTX *making = list ? EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL) : NULL;
    EVP_PKEY *pkey = NULL;
    if (making == NULL || EVP_PKEY_fromdata_init(making) != 1 ||
        EVP_PKEY_fromdata(making, &pkey, EVP_PKEY_PUBLIC_KEY, list) != 1)
        pkey = NULL;
    EVP_PKEY_CTX_free(making);
    OSSL_PARAM_free(list);
    OSSL_PARAM_BLD_free(build);
    for (size_t i = 0; i < 4; i++)
        BN_free(numbers[i]);
    return pkey;
}
