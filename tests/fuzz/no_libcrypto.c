/* What the verifier's other parts ask of libcrypto, answered without it: for programs in which signatures and digests are good
   or bad by decree, which they define themselves. */
#include "crypto/crypto.h"

bool crypto_public_key_usable(const struct public_key *key)
{
    return key->kind != 0;
}

bool crypto_random(const struct crypto_random *source, uint8_t *out, size_t n)
{
    (void)source;
    memset(out, 1, n);
    return true;
}

void crypto_hmac_key(struct crypto_hmac *m, enum hash kind, bytes key)
{
    (void)m, (void)kind, (void)key;
}

void crypto_hmac_of(const struct crypto_hmac *m, bytes a, bytes b, bytes c, uint8_t *out)
{
    (void)m, (void)a, (void)b, (void)c;
    memset(out, 1, 32);
}

bool crypto_start(void)
{
    return true;
}
