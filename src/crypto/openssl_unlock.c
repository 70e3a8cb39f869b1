/* crypto/openssl_unlock.c: what opens with a password: encrypted PKCS#8 (RFC 5958 3, RFC 8018), the older encrypted PEM (RFC
   1421 4.6), PKCS#12 (RFC 7292). What comes out is plain: the key as DER for crypto_key_read, certificates as PEM, so that
   everything goes through the readers that read everybody's files. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>

#include "crypto/crypto.h"
#include "crypto/openssl_key.h"

enum { CHAIN_MOST = 16, ITERATIONS = 100000 };

static enum crypto_lock open_pem(bytes text, const char *password, struct crypto_opened *out);
static enum crypto_lock open_headed(const char *header, uint8_t *der, long len, const char *password,
                                    struct crypto_opened *out);
static enum crypto_lock open_pkcs8(bytes der, const char *password, struct crypto_opened *out);
static enum crypto_lock open_p12(PKCS12 *file, const char *password, struct crypto_opened *out);
static bool take_key(const PKCS8_PRIV_KEY_INFO *plain, struct crypto_opened *out);
static bool take_chain(X509 *leaf, STACK_OF(X509) *others, struct crypto_opened *out);

enum crypto_lock crypto_open_key(bytes pem_or_der, const char *password, struct crypto_opened *out)
{
    *out = (struct crypto_opened){.key_len = 0};
    if (pem_or_der.len < 2 || pem_or_der.len > INT32_MAX)
        return LOCK_NONE;
    ERR_set_mark();
    enum crypto_lock lock = pem_or_der.data[0] == 0x30 ? open_pkcs8(pem_or_der, password, out)
                                                       : open_pem(pem_or_der, password, out);
    ERR_pop_to_mark();
    return lock;
}

enum crypto_lock crypto_open_p12(bytes der, const char *password, struct crypto_opened *out)
{
    const unsigned char *at = der.data;
    *out = (struct crypto_opened){.key_len = 0};
    ERR_set_mark();
    PKCS12 *file = der.len <= INT32_MAX ? d2i_PKCS12(NULL, &at, (long)der.len) : NULL;
    enum crypto_lock lock = file != NULL ? open_p12(file, password, out) : LOCK_NONE;
    PKCS12_free(file);
    ERR_pop_to_mark();
    if (lock != LOCK_OPENED)
        crypto_opened_free(out);
    return lock;
}

void crypto_opened_free(struct crypto_opened *opened)
{
    OPENSSL_clear_free(opened->key, opened->key_len);
    OPENSSL_free(opened->chain);
    *opened = (struct crypto_opened){.key_len = 0};
}

/* ---- Keys. */

/* The first private key among the blocks, as crypto_key_read takes it. */
static enum crypto_lock open_pem(bytes text, const char *password, struct crypto_opened *out)
{
    BIO *in = BIO_new_mem_buf(text.data, (int)text.len);
    enum crypto_lock lock = LOCK_NONE;
    char *label = NULL, *header = NULL;
    unsigned char *der = NULL;
    long len = 0;
    for (bool found = false; in != NULL && !found && PEM_read_bio(in, &label, &header, &der, &len) == 1;) {
        size_t label_len = strlen(label);
        found = label_len >= 11 && strcmp(label + label_len - 11, "PRIVATE KEY") == 0;
        if (found && strcmp(label, "ENCRYPTED PRIVATE KEY") == 0)
            lock = open_pkcs8(bytes_of(der, (size_t)len), password, out);
        else if (found && header[0] != '\0')
            lock = open_headed(header, der, len, password, out);
        OPENSSL_free(label);
        OPENSSL_free(header);
        OPENSSL_clear_free(der, (size_t)len);
    }
    BIO_free(in);
    return lock;
}

static int tell_password(char *to, int size, int writing, void *password)
{
    size_t len = strlen(password);
    (void)writing;
    if (len > (size_t)size)
        return -1;
    bytes_copy(to, password, len);
    return (int)len;
}

/* One SEQUENCE and nothing else. With a wrong password the padding alone is right once in 256 times. */
static bool is_sequence(bytes der)
{
    size_t head = der.len < 2 || der.data[1] < 0x80 ? 2 : 2 + (der.data[1] & 0x7fu), inside = 0;
    if (der.len < head || der.len < 2 || der.data[0] != 0x30 || head > 5)
        return false;
    for (size_t i = 2; i < head; i++)
        inside = inside << 8 | der.data[i];
    return head + (head == 2 ? der.data[1] : inside) == der.len;
}

static enum crypto_lock open_headed(const char *header, uint8_t *der, long len, const char *password,
                                    struct crypto_opened *out)
{
    EVP_CIPHER_INFO cipher;
    char lines[200];
    size_t header_len = strlen(header);
    if (password == NULL)
        return LOCK_CLOSED;
    if (header_len >= sizeof lines)
        return LOCK_UNKNOWN;
    bytes_copy(lines, header, header_len + 1);
    if (PEM_get_EVP_CIPHER_INFO(lines, &cipher) != 1)
        return LOCK_UNKNOWN;
    void *word = (void *)(uintptr_t)password; /* the callback's argument is not const */
    if (PEM_do_header(&cipher, der, &len, tell_password, word) != 1 || !is_sequence(bytes_of(der, (size_t)len)))
        return LOCK_WRONG;
    out->key = OPENSSL_memdup(der, (size_t)len);
    out->key_len = out->key != NULL ? (size_t)len : 0;
    return out->key != NULL ? LOCK_OPENED : LOCK_NONE;
}

static enum crypto_lock open_pkcs8(bytes der, const char *password, struct crypto_opened *out)
{
    const unsigned char *at = der.data;
    X509_SIG *closed = d2i_X509_SIG(NULL, &at, (long)der.len);
    enum crypto_lock lock = LOCK_NONE;
    if (closed != NULL && password == NULL) {
        lock = LOCK_CLOSED;
    } else if (closed != NULL) {
        PKCS8_PRIV_KEY_INFO *plain = PKCS8_decrypt(closed, password, (int)strlen(password));
        unsigned long why = plain == NULL ? ERR_peek_last_error() : 0;
        bool known = ERR_GET_REASON(why) != EVP_R_UNKNOWN_PBE_ALGORITHM && ERR_GET_REASON(why) != ERR_R_UNSUPPORTED;
        lock = plain == NULL        ? (known ? LOCK_WRONG : LOCK_UNKNOWN)
               : take_key(plain, out) ? LOCK_OPENED
                                      : LOCK_NONE;
        PKCS8_PRIV_KEY_INFO_free(plain);
    }
    X509_SIG_free(closed);
    return lock;
}

static bool take_key(const PKCS8_PRIV_KEY_INFO *plain, struct crypto_opened *out)
{
    int len = i2d_PKCS8_PRIV_KEY_INFO(plain, &out->key);
    out->key_len = len > 0 ? (size_t)len : 0;
    return len > 0;
}

/* ---- PKCS#12. */

/* No password is written in two ways: as nothing, and as an empty string (which is two zero bytes there). */
static enum crypto_lock open_p12(PKCS12 *file, const char *password, struct crypto_opened *out)
{
    const char *word = password != NULL ? password : "";
    bool empty = word[0] == '\0', sealed = PKCS12_mac_present(file);
    if (sealed && PKCS12_verify_mac(file, word, -1) != 1 && !(empty && PKCS12_verify_mac(file, NULL, 0) == 1))
        return password == NULL ? LOCK_CLOSED : LOCK_WRONG;
    EVP_PKEY *pkey = NULL;
    X509 *leaf = NULL;
    STACK_OF(X509) *others = NULL;
    enum crypto_lock lock = LOCK_UNKNOWN;
    if (PKCS12_parse(file, word, &pkey, &leaf, &others) == 1) {
        PKCS8_PRIV_KEY_INFO *plain = pkey != NULL ? EVP_PKEY2PKCS8(pkey) : NULL;
        bool whole = plain != NULL && leaf != NULL && take_key(plain, out) && take_chain(leaf, others, out);
        lock = whole ? LOCK_OPENED : LOCK_NONE;
        PKCS8_PRIV_KEY_INFO_free(plain);
    }
    EVP_PKEY_free(pkey);
    X509_free(leaf);
    sk_X509_pop_free(others, X509_free);
    return lock;
}

/* The certificates come in any order: each behind the one that it issued, and no root, which whoever trusts it has. */
static bool take_chain(X509 *leaf, STACK_OF(X509) *others, struct crypto_opened *out)
{
    BIO *text = BIO_new(BIO_s_mem());
    bool good = text != NULL && PEM_write_bio_X509(text, leaf) == 1;
    X509 *below = leaf;
    for (int n = 0; good && n < CHAIN_MOST; n++) {
        X509 *next = NULL;
        for (int i = 0; next == NULL && i < sk_X509_num(others); i++) {
            X509 *one = sk_X509_value(others, i);
            bool issuer = X509_check_issued(one, below) == X509_V_OK;
            next = issuer && X509_self_signed(one, 1) != 1 ? one : NULL;
        }
        if (next == NULL)
            break;
        good = PEM_write_bio_X509(text, next) == 1;
        below = next;
    }
    char *data;
    long len = good ? BIO_get_mem_data(text, &data) : 0;
    out->chain = len > 0 ? OPENSSL_memdup(data, (size_t)len) : NULL;
    out->chain_len = out->chain != NULL ? (size_t)len : 0;
    BIO_free(text);
    return out->chain != NULL;
}

size_t crypto_close_p12(const struct crypto_key *key, bytes chain, const char *password, const char *name, uint8_t *out,
                        size_t size)
{
    ERR_set_mark();
    BIO *text = chain.len <= INT32_MAX ? BIO_new_mem_buf(chain.data, (int)chain.len) : NULL;
    X509 *leaf = text != NULL ? PEM_read_bio_X509(text, NULL, NULL, NULL) : NULL, *next;
    STACK_OF(X509) *others = sk_X509_new_null();
    while (leaf != NULL && others != NULL && (next = PEM_read_bio_X509(text, NULL, NULL, NULL)) != NULL)
        if (sk_X509_push(others, next) == 0)
            X509_free(next);
    PKCS12 *file = leaf != NULL && others != NULL
                       ? PKCS12_create(password, name, crypto_key_pkey(key), leaf, others, 0, 0, ITERATIONS, ITERATIONS, 0)
                       : NULL;
    int len = file != NULL ? i2d_PKCS12(file, NULL) : 0;
    uint8_t *at = out;
    len = len > 0 && (size_t)len <= size ? i2d_PKCS12(file, &at) : 0;
    PKCS12_free(file);
    sk_X509_pop_free(others, X509_free);
    X509_free(leaf);
    BIO_free(text);
    ERR_pop_to_mark();
    return len > 0 ? (size_t)len : 0;
}
