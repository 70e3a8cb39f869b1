/* explain/verified.c: a certificate's signature by another one, computed once. Two certificates make one place in a table,
   found by the SHA-256 of both; who comes later takes the place. DER says its own length, so both behind each other are
   still two. */
#include "explain/verified.h"

#include "crypto/crypto.h"
#include "explain/pss.h"

bool verified_signature(struct verified *v, const struct certificate *c, const struct certificate *issuer)
{
    uint8_t digest[HASH_MAX];
    struct crypto_hash hash;
    if (v == NULL)
        return signature_computed(c, issuer);
    crypto_hash_start(&hash, HASH_SHA256);
    crypto_hash_add(&hash, issuer->der);
    crypto_hash_add(&hash, c->der);
    crypto_hash_end(&hash, digest);
    size_t at = digest[0] % VERIFIED_KEPT;
    bool known = v->slots[at].known && memcmp(v->slots[at].digest, digest, sizeof v->slots[at].digest) == 0;
    if (!known) {
        bytes_copy(v->slots[at].digest, digest, sizeof v->slots[at].digest);
        v->slots[at].good = signature_computed(c, issuer);
        v->slots[at].known = true;
    }
    return v->slots[at].good;
}
