/* explain/lesson.c: see lesson.h. NIST SP 800-38D. */
#include "explain/lesson.h"

#include "crypto/crypto.h"

static struct crypto_aead *cipher(const uint8_t key[LESSON_KEY])
{
    return crypto_start() ? crypto_aead_new(AEAD_AES_128_GCM, bytes_of(key, LESSON_KEY)) : NULL;
}

bool lesson_seal(const uint8_t key[LESSON_KEY], const uint8_t nonce[LESSON_NONCE], bytes text, uint8_t *out)
{
    struct crypto_aead *a = cipher(key);
    bool done = a != NULL && crypto_seal(a, nonce, BYTES_NONE, text, out);
    crypto_aead_free(a);
    return done;
}

bool lesson_open(const uint8_t key[LESSON_KEY], const uint8_t nonce[LESSON_NONCE], uint8_t *inout, size_t len)
{
    struct crypto_aead *a = cipher(key);
    bool done = a != NULL && crypto_open(a, nonce, BYTES_NONE, inout, len);
    crypto_aead_free(a);
    return done;
}
