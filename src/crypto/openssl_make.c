/* crypto/openssl_make.c: private keys made: RSA (FIPS 186-5 A.1), EC (A.2), Ed25519 (RFC 8032 5.1.5), written as PKCS#8 (RFC 5958) in
   PEM. What is made is read back by the reader that reads everybody's keys. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "crypto/crypto.h"
#include "crypto/openssl_start.h"

enum { RSA_LEAST = 1024, RSA_MOST = 8192 };

static EVP_PKEY *make(enum key_kind kind, unsigned bits)
{
    switch (kind) {
    case KEY_RSA:
        return bits >= RSA_LEAST && bits <= RSA_MOST ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits) : NULL;
    case KEY_EC_P256:
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    case KEY_EC_P384:
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
    case KEY_EC_P521:
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-521");
    case KEY_ED25519:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    default:
        return NULL;
    }
}

struct crypto_key *crypto_key_make(enum key_kind kind, unsigned bits, char *pem, size_t size)
{
    struct crypto_key *key = NULL;
    char *text;
    ERR_set_mark();
    EVP_PKEY *made = make(kind, bits);
    BIO *out = BIO_new(BIO_s_secmem());
    if (made != NULL && out != NULL && PEM_write_bio_PKCS8PrivateKey(out, made, NULL, NULL, 0, NULL, NULL) == 1) {
        long len = BIO_get_mem_data(out, &text);
        if (len > 0 && (size_t)len < size) {
            bytes_copy(pem, text, (size_t)len);
            pem[len] = '\0';
            key = crypto_key_read(bytes_text(pem));
        }
    }
    BIO_free(out);
    EVP_PKEY_free(made);
    ERR_pop_to_mark();
    return key;
}
