/* Old signatures, judged as crypto_verify of the same program judges all others. */
#include "crypto/legacy.h"
#include "crypto/offline.h"

bool offline_verify(const struct public_key *key, uint16_t scheme, bytes input, bytes signature)
{
    (void)scheme;
    return crypto_verify(key, NULL, input, signature);
}

bool crypto_dsa_usable(const struct dsa_key *key)
{
    return key->p.len >= 128;
}

bool crypto_dsa_verify(const struct dsa_key *key, enum hash hash, bytes input, bytes signature)
{
    (void)hash;
    return crypto_dsa_usable(key) && crypto_verify(NULL, NULL, input, signature);
}
