/* Signatures and digests that a fuzzer can hit, for targets that need no others: a signature is judged by its last byte. */
#include "crypto/crypto.h"

bool crypto_verify(const struct public_key *key, const struct scheme *scheme, bytes input, bytes signature)
{
    (void)key, (void)scheme, (void)input;
    return signature.len > 0 && (signature.data[signature.len - 1] & 7) != 0;
}

/* Digests that a fuzzer can hit: the first byte repeated. */
void crypto_hash_once(enum hash kind, bytes data, uint8_t *out)
{
    memset(out, data.len > 0 ? data.data[0] : 0, hash_len(kind));
}
