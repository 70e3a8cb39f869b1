/* Signatures and digests that a fuzzer can hit, for targets that need no others: a signature is judged by its last byte. */
#include "crypto/crypto.h"

bool crypto_verify(const struct public_key *key, const struct scheme *scheme, bytes input, bytes signature)
{
    (void)key, (void)scheme, (void)input;
    return signature.len > 0 && (signature.data[signature.len - 1] & 7) != 0;
}

bool crypto_public_key_usable(const struct public_key *key)
{
    return key->kind != 0;
}

/* Digests that a fuzzer can hit: the first byte repeated. */
void crypto_hash_once(enum hash kind, bytes data, uint8_t *out)
{
    memset(out, data.len > 0 ? data.data[0] : 0, hash_len(kind));
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
