/* What crypto_start fetches once, for the files of this folder alone. Constant afterwards, shared by all threads. */
#ifndef CRYPTO_OPENSSL_START_H
#define CRYPTO_OPENSSL_START_H

#include <openssl/ec.h>
#include <openssl/evp.h>

#include "crypto/suites.h"

enum curve { CURVE_P256, CURVE_P384, CURVE_P521, CURVES };

struct fetched {
    EVP_CIPHER *aead[AEAD_CHACHA20_POLY1305 + 1]; /* by enum aead */
    EVP_CIPHER *cbc[2];                           /* AES-128-CBC, AES-256-CBC */
    EVP_MD *hash[HASH_SHA512 + 1];                /* by enum hash, for the mask of RSASSA-PSS */
    EC_GROUP *curve[CURVES];
};
extern const struct fetched *const fetched;

#endif
