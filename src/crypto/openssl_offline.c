/* crypto/openssl_offline.c: old and rare ciphers, by name, for captures.

   What the default provider does not have is looked for in the legacy one (RC4, DES, SEED, IDEA, RC2), in a library context of
   its own: nothing of it can be reached from a connection. Both are fetched when a capture first needs them. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/offline.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <stdlib.h>

#include "crypto/openssl_key.h"
#include "crypto/openssl_start.h"

enum { KEY_MOST = 32, NONCE = 12 };

struct offline_cipher {
    EVP_CIPHER *kind;
    EVP_CIPHER_CTX *state;
    uint8_t key[KEY_MOST];
    uint8_t tag_len;
    bool counts; /* CCM: wants to know the length first */
};

static EVP_CIPHER *fetch(const char *name);

static pthread_once_t once = PTHREAD_ONCE_INIT;
static OSSL_LIB_CTX *apart;

static void start(void)
{
    apart = OSSL_LIB_CTX_new();
    if (apart == NULL)
        return;
    OSSL_PROVIDER_load(apart, "default");
    OSSL_PROVIDER_load(apart, "legacy"); /* may be missing: then its ciphers are */
}

static EVP_CIPHER *fetch(const char *name)
{
    if (pthread_once(&once, start) != 0 || apart == NULL)
        return NULL;
    ERR_set_mark();
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(apart, name, NULL);
    ERR_pop_to_mark();
    return cipher;
}

bool offline_cipher_known(const char *name)
{
    EVP_CIPHER *cipher = fetch(name);
    EVP_CIPHER_free(cipher);
    return cipher != NULL;
}

struct offline_cipher *offline_cipher_new(const char *name, bytes key, uint8_t tag_len)
{
    struct offline_cipher *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->kind = fetch(name);
    c->state = EVP_CIPHER_CTX_new();
    c->tag_len = tag_len;
    if (c->kind != NULL && c->state != NULL && key.len <= KEY_MOST) {
        bytes_copy(c->key, key.data, key.len);
        c->counts = EVP_CIPHER_get_mode(c->kind) == EVP_CIPH_CCM_MODE;
        if (EVP_DecryptInit_ex2(c->state, c->kind, NULL, NULL, NULL) == 1 &&
            EVP_CIPHER_CTX_set_key_length(c->state, (int)key.len) == 1 &&
            EVP_DecryptInit_ex2(c->state, NULL, c->key, NULL, NULL) == 1)
            return c;
    }
    offline_cipher_free(c);
    return NULL;
}

struct offline_cipher *offline_cipher_copy(const struct offline_cipher *c)
{
    struct offline_cipher *copy = calloc(1, sizeof *copy);
    if (copy == NULL)
        return NULL;
    *copy = *c;
    copy->state = EVP_CIPHER_CTX_new();
    if (EVP_CIPHER_up_ref(c->kind) != 1)
        copy->kind = NULL;
    if (copy->kind != NULL && copy->state != NULL && EVP_CIPHER_CTX_copy(copy->state, c->state) == 1)
        return copy;
    offline_cipher_free(copy);
    return NULL;
}

void offline_cipher_free(struct offline_cipher *c)
{
    if (c == NULL)
        return;
    EVP_CIPHER_CTX_free(c->state);
    EVP_CIPHER_free(c->kind);
    bytes_wipe(c, sizeof *c);
    free(c);
}

bool offline_decrypt(struct offline_cipher *c, const uint8_t *iv, uint8_t *inout, size_t len)
{
    int n = 0;
    if (len > INT_MAX || (iv != NULL && EVP_DecryptInit_ex2(c->state, NULL, NULL, iv, NULL) != 1))
        return false;
    EVP_CIPHER_CTX_set_padding(c->state, 0);
    return EVP_DecryptUpdate(c->state, inout, &n, inout, (int)len) == 1 && (size_t)n == len;
}

bool offline_open(struct offline_cipher *c, const uint8_t nonce[12], bytes aad, uint8_t *inout, size_t len)
{
    int n = 0;
    uint8_t none[16] = {0};
    if (len < c->tag_len || len > INT_MAX || aad.len > INT_MAX)
        return false;
    const size_t text = len - c->tag_len;
    if (EVP_DecryptInit_ex2(c->state, c->kind, NULL, NULL, NULL) != 1 ||
        EVP_CIPHER_CTX_ctrl(c->state, EVP_CTRL_AEAD_SET_IVLEN, NONCE, NULL) != 1 ||
        EVP_CIPHER_CTX_ctrl(c->state, EVP_CTRL_AEAD_SET_TAG, c->tag_len, inout + text) != 1 ||
        EVP_DecryptInit_ex2(c->state, NULL, c->key, nonce, NULL) != 1 ||
        (c->counts && EVP_DecryptUpdate(c->state, NULL, &n, NULL, (int)text) != 1) ||
        EVP_DecryptUpdate(c->state, NULL, &n, aad.data, (int)aad.len) != 1)
        return false;
    if ((text > 0 || c->counts) && EVP_DecryptUpdate(c->state, text > 0 ? inout : none, &n, inout, (int)text) != 1)
        return false;
    return c->counts || EVP_DecryptFinal_ex(c->state, none, &n) == 1;
}

bool offline_rsa(const struct crypto_key *key, bytes in, uint8_t *out)
{
    RSA *rsa = crypto_key_rsa(key);
    if (rsa == NULL || in.len != (size_t)RSA_size(rsa))
        return false;
    ERR_set_mark();
    bool done = RSA_private_decrypt((int)in.len, in.data, out, rsa, RSA_NO_PADDING) == (int)in.len;
    ERR_pop_to_mark();
    return done;
}
