/* What is inside a private key, for the files of this folder alone. */
#ifndef CRYPTO_OPENSSL_KEY_H
#define CRYPTO_OPENSSL_KEY_H

#include <openssl/types.h>

#include "crypto/crypto.h"

/* Borrowed. */
EVP_PKEY *crypto_key_pkey(const struct crypto_key *key);
/* NULL: not a KEY_RSA. Borrowed. */
RSA *crypto_key_rsa(const struct crypto_key *key);

#endif
