/* crypto/openssl_key.c: private keys: reading, and signing with them.

   RSASSA-PKCS1-v1_5 and RSASSA-PSS (RFC 8017), ECDSA (FIPS 186-5 6), EdDSA (RFC 8032). RSA and EC keys are kept in
   libcrypto's old form: its calls take a tenth of a microsecond where the EVP form builds a context for each signature.
   Signing only reads the key (RSA blinding has its own lock), so threads can share one. Verification is in
   openssl_verify.c. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "crypto/crypto.h"
#include "crypto/openssl_key.h"
#include "crypto/openssl_start.h"

struct crypto_key {
    uint8_t kind;     /* enum key_kind */
    uint8_t pss_hash; /* KEY_RSA_PSS: the only hash allowed; 0: any */
    unsigned bits;
    EVP_PKEY *pkey;
    RSA *rsa;   /* RSA keys */
    EC_KEY *ec; /* EC keys */
    uint8_t *spki;
    size_t spki_len;
};

static EVP_PKEY *read_pem(bytes text);
static EVP_PKEY *read_der(bytes der);
static bool take_rsa(struct crypto_key *key);
static bool take_ec(struct crypto_key *key);
static bool take_spki(struct crypto_key *key);
static bool works(const struct crypto_key *key);
static bool sign_rsa(const struct crypto_key *key, const struct scheme *scheme, bytes digest, uint8_t *out,
                     size_t *out_len);
static bool sign_ec(const struct crypto_key *key, bytes digest, uint8_t *out, size_t *out_len);
static bool sign_ed(const struct crypto_key *key, bytes input, uint8_t *out, size_t *out_len);

/* ---- Reading. */

static enum key_kind kind_of(const EVP_PKEY *pkey)
{
    switch (EVP_PKEY_get_base_id(pkey)) {
    case EVP_PKEY_RSA:
        return KEY_RSA;
    case EVP_PKEY_RSA_PSS:
        return KEY_RSA_PSS;
    case EVP_PKEY_EC:
        return KEY_EC_P256; /* which curve: take_ec */
    case EVP_PKEY_ED25519:
        return KEY_ED25519;
    case EVP_PKEY_ED448:
        return KEY_ED448;
    default:
        return 0;
    }
}

struct crypto_key *crypto_key_read(bytes pem_or_der)
{
    struct crypto_key *key = calloc(1, sizeof *key);
    if (key == NULL)
        return NULL;
    ERR_set_mark();
    bool usable = false;
    key->pkey = read_pem(pem_or_der);
    if (key->pkey == NULL)
        key->pkey = read_der(pem_or_der);
    if (key->pkey != NULL) {
        key->kind = (uint8_t)kind_of(key->pkey);
        key->bits = (unsigned)EVP_PKEY_get_bits(key->pkey);
        if (key->kind == KEY_RSA || key->kind == KEY_RSA_PSS)
            usable = take_rsa(key);
        else if (key->kind == KEY_EC_P256)
            usable = take_ec(key);
        else
            usable = key->kind != 0;
        usable = usable && take_spki(key) && works(key);
    }
    ERR_pop_to_mark();
    if (usable)
        return key;
    crypto_key_free(key);
    return NULL;
}

void crypto_key_free(struct crypto_key *key)
{
    if (key == NULL)
        return;
    RSA_free(key->rsa); /* these wipe what is private */
    EC_KEY_free(key->ec);
    EVP_PKEY_free(key->pkey);
    OPENSSL_free(key->spki);
    free(key);
}

EVP_PKEY *crypto_key_pkey(const struct crypto_key *key)
{
    return key->pkey;
}

RSA *crypto_key_rsa(const struct crypto_key *key)
{
    return key->kind == KEY_RSA ? key->rsa : NULL;
}

enum key_kind crypto_key_kind(const struct crypto_key *key)
{
    return key->kind;
}

unsigned crypto_key_bits(const struct crypto_key *key)
{
    return key->bits;
}

bool crypto_key_matches(const struct crypto_key *key, bytes spki)
{
    return bytes_equal(bytes_of(key->spki, key->spki_len), spki);
}

bytes crypto_key_spki(const struct crypto_key *key)
{
    return bytes_of(key->spki, key->spki_len);
}

/* The first private key among the PEM blocks. Encrypted ones are refused: the header or the label says so, and nothing
   here ever asks for a password. */
static EVP_PKEY *read_pem(bytes text)
{
    BIO *in = text.len <= INT32_MAX ? BIO_new_mem_buf(text.data, (int)text.len) : NULL;
    EVP_PKEY *pkey = NULL;
    bool found = false;
    while (in != NULL && !found) {
        char *label = NULL, *header = NULL;
        unsigned char *der = NULL;
        long len = 0;
        if (PEM_read_bio(in, &label, &header, &der, &len) != 1)
            break;
        size_t label_len = strlen(label);
        found = label_len >= 11 && strcmp(label + label_len - 11, "PRIVATE KEY") == 0;
        if (found && strcmp(label, "ENCRYPTED PRIVATE KEY") != 0 && header[0] == '\0')
            pkey = read_der(bytes_of(der, (size_t)len));
        OPENSSL_free(label);
        OPENSSL_free(header);
        OPENSSL_clear_free(der, (size_t)len);
    }
    BIO_free(in);
    return pkey;
}

/* PKCS#8, PKCS#1 or SEC1, told apart by their form. All of it must be the key. */
static EVP_PKEY *read_der(bytes der)
{
    const unsigned char *at = der.data;
    if (der.len < 2 || der.len > INT32_MAX || der.data[0] != 0x30)
        return NULL;
    /* All three begin with a version number; an encrypted PKCS#8 does not. */
    bytes inside = bytes_skip(der, der.data[1] < 0x80 ? 2 : 2 + (der.data[1] & 0x7fu));
    if (inside.len == 0 || inside.data[0] != 0x02)
        return NULL;
    EVP_PKEY *pkey = d2i_AutoPrivateKey(NULL, &at, (long)der.len);
    if (pkey != NULL && at != der.data + der.len) {
        EVP_PKEY_free(pkey);
        pkey = NULL;
    }
    return pkey;
}

static const int hash_names[] = {[HASH_SHA256] = NID_sha256, [HASH_SHA384] = NID_sha384, [HASH_SHA512] = NID_sha512};

static bool take_rsa(struct crypto_key *key)
{
    int only, mandatory = 2; /* RFC 4055 1.2: a key may be for one hash alone */
    if (key->kind == KEY_RSA_PSS && EVP_PKEY_get_default_digest_nid(key->pkey, &only) == mandatory) {
        for (unsigned i = HASH_SHA256; i <= HASH_SHA512; i++)
            if (hash_names[i] == only)
                key->pss_hash = (uint8_t)i;
        if (key->pss_hash == 0)
            return false;
    }
    key->rsa = EVP_PKEY_get1_RSA(key->pkey);
    return key->rsa != NULL && RSA_size(key->rsa) <= SIGNATURE_MAX;
}

/* Named curves only. The key is put on the shared curve: its tables of multiples are then used, and the public half is
   written in the uncompressed form whatever the file had. */
static bool take_ec(struct crypto_key *key)
{
    static const struct {
        int nid, curve;
        enum key_kind kind;
    } rows[] = {
        {NID_X9_62_prime256v1, CURVE_P256, KEY_EC_P256},
        {NID_secp384r1, CURVE_P384, KEY_EC_P384},
        {NID_secp521r1, CURVE_P521, KEY_EC_P521},
    };
    EC_KEY *read = EVP_PKEY_get1_EC_KEY(key->pkey);
    bool good = false;
    for (size_t i = 0; read != NULL && i < CURVES; i++) {
        if (EC_GROUP_get_curve_name(EC_KEY_get0_group(read)) != rows[i].nid)
            continue;
        key->kind = (uint8_t)rows[i].kind;
        key->ec = EC_KEY_new();
        good = key->ec != NULL && EC_KEY_decoded_from_explicit_params(read) == 0 &&
               EC_KEY_set_group(key->ec, fetched->curve[rows[i].curve]) == 1 &&
               EC_KEY_set_private_key(key->ec, EC_KEY_get0_private_key(read)) == 1 &&
               EC_KEY_set_public_key(key->ec, EC_KEY_get0_public_key(read)) == 1 && EC_KEY_check_key(key->ec) == 1;
    }
    EC_KEY_free(read);
    return good;
}

static bool take_spki(struct crypto_key *key)
{
    int len;
    if (key->ec != NULL)
        len = i2d_EC_PUBKEY(key->ec, &key->spki);
    else
        len = i2d_PUBKEY(key->pkey, &key->spki);
    if (len <= 0)
        return false;
    key->spki_len = (size_t)len;
    return true;
}

/* Do the halves of an RSA key belong together? One number there and back, which also makes the values that signing
   caches. EC_KEY_check_key has answered it for EC keys; an EdDSA key has its public half computed. */
static bool works(const struct crypto_key *key)
{
    uint8_t number[SIGNATURE_MAX] = {0}, there[SIGNATURE_MAX], back[SIGNATURE_MAX];
    if (key->rsa == NULL)
        return true;
    int size = RSA_size(key->rsa);
    number[size - 1] = 3;
    return RSA_private_encrypt(size, number, there, key->rsa, RSA_NO_PADDING) == size &&
           RSA_public_decrypt(size, there, back, key->rsa, RSA_NO_PADDING) == size &&
           bytes_equal(bytes_of(number, (size_t)size), bytes_of(back, (size_t)size));
}

/* ---- Signing. */

bool crypto_sign(const struct crypto_key *key, const struct scheme *scheme, bytes input, uint8_t *out, size_t *out_len)
{
    if (!scheme_fits_key(scheme, key->kind, 0x0303) || scheme->hash == HASH_SHA1 ||
        (key->pss_hash != 0 && key->pss_hash != scheme->hash))
        return false;
    if (scheme->hash == 0)
        return sign_ed(key, input, out, out_len);
    uint8_t hash[HASH_MAX];
    crypto_hash_once(scheme->hash, input, hash);
    bytes digest = bytes_of(hash, hash_len(scheme->hash));
    if (key->rsa != NULL)
        return sign_rsa(key, scheme, digest, out, out_len);
    return sign_ec(key, digest, out, out_len);
}

bool crypto_sign_sha1(const struct crypto_key *key, bytes input, uint8_t *out, size_t *out_len)
{
    uint8_t hash[HASH_MAX];
    bytes digest = bytes_of(hash, hash_len(HASH_SHA1));
    unsigned len = 0;
    crypto_hash_once(HASH_SHA1, input, hash);
    if (key->ec != NULL)
        return sign_ec(key, digest, out, out_len);
    if (key->rsa == NULL || RSA_sign(NID_sha1, digest.data, (unsigned)digest.len, out, &len, key->rsa) != 1)
        return false;
    *out_len = len;
    return true;
}

static bool sign_rsa(const struct crypto_key *key, const struct scheme *scheme, bytes digest, uint8_t *out,
                     size_t *out_len)
{
    const int size = RSA_size(key->rsa);
    if (!scheme->pss) {
        unsigned len = 0;
        if (RSA_sign(hash_names[scheme->hash], digest.data, (unsigned)digest.len, out, &len, key->rsa) != 1)
            return false;
        *out_len = len;
        return true;
    }
    uint8_t encoded[SIGNATURE_MAX];
    const EVP_MD *hash = fetched->hash[scheme->hash];
    if (RSA_padding_add_PKCS1_PSS_mgf1(key->rsa, encoded, digest.data, hash, hash, RSA_PSS_SALTLEN_DIGEST) != 1 ||
        RSA_private_encrypt(size, encoded, out, key->rsa, RSA_NO_PADDING) != size)
        return false;
    *out_len = (size_t)size;
    return true;
}

static bool sign_ec(const struct crypto_key *key, bytes digest, uint8_t *out, size_t *out_len)
{
    unsigned len = 0;
    if (ECDSA_sign(0, digest.data, (int)digest.len, out, &len, key->ec) != 1)
        return false;
    *out_len = len;
    return true;
}

static bool sign_ed(const struct crypto_key *key, bytes input, uint8_t *out, size_t *out_len)
{
    size_t len = SIGNATURE_MAX;
    EVP_MD_CTX *signing = EVP_MD_CTX_new();
    bool made = signing != NULL && EVP_DigestSignInit(signing, NULL, NULL, NULL, key->pkey) == 1 &&
                EVP_DigestSign(signing, out, &len, input.data, input.len) == 1;
    EVP_MD_CTX_free(signing);
    if (made)
        *out_len = len;
    return made;
}
