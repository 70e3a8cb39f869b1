/* crypto/openssl_start.c: everything that has to be looked up in libcrypto by name, looked up once; and randomness.

   A fetch takes libcrypto's locks and compares strings; with implicit fetching each hash or cipher call would pay for
   it again. What is fetched stays for the life of the process. */
#include "crypto/openssl_start.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <pthread.h>

#include "crypto/crypto.h"

static struct fetched table;
const struct fetched *const fetched = &table;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool complete;
static void fetch_all(void);

bool crypto_start(void)
{
    return pthread_once(&once, fetch_all) == 0 && complete;
}

static void fetch_all(void)
{
    table.aead[AEAD_AES_128_GCM] = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
    table.aead[AEAD_AES_256_GCM] = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    table.aead[AEAD_CHACHA20_POLY1305] = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
    table.cbc[0] = EVP_CIPHER_fetch(NULL, "AES-128-CBC", NULL);
    table.cbc[1] = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
    table.hash[HASH_SHA256] = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    table.hash[HASH_SHA384] = EVP_MD_fetch(NULL, "SHA2-384", NULL);
    table.hash[HASH_SHA512] = EVP_MD_fetch(NULL, "SHA2-512", NULL);
    table.curve[CURVE_P256] = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    table.curve[CURVE_P384] = EC_GROUP_new_by_curve_name(NID_secp384r1);
    table.curve[CURVE_P521] = EC_GROUP_new_by_curve_name(NID_secp521r1);

    bool all = table.cbc[0] != NULL && table.cbc[1] != NULL;
    for (int i = AEAD_AES_128_GCM; i <= AEAD_CHACHA20_POLY1305; i++)
        all = all && table.aead[i] != NULL;
    for (int i = HASH_SHA256; i <= HASH_SHA512; i++)
        all = all && table.hash[i] != NULL;
    for (int i = 0; i < CURVES; i++)
        all = all && table.curve[i] != NULL;
    complete = all;
}

const char *crypto_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION);
}

bool crypto_random(const struct crypto_random *source, uint8_t *out, size_t n)
{
    bool filled;
    if (source != NULL && source->fill != NULL)
        filled = source->fill(source->arg, out, n);
    else
        filled = n <= INT_MAX && RAND_bytes(out, (int)n) == 1;
    if (!filled)
        bytes_wipe(out, n);
    return filled;
}
