/* The raw primitives of libcrypto, each by its cheapest call: less than their sum no handshake and no record can cost,
   with this libcrypto on this machine. Prints "limit primitive NAME us"; bench/table.py adds them up.

   Cheapest does not mean recommended: EC_KEY, ECDSA_sign, RSA_sign and SHA256_Init are deprecated and go past
   providers, but are present and fast in OpenSSL 3 and 4. X25519 can be had through EVP only. */
#define _GNU_SOURCE
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/ec.h>
#include <openssl/ecdh.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static void key_exchange(void);
static void signatures(void);
static void hashes(void);
static void ciphers(void);
static void measure(const char *name, bool (*work)(void));
static EVP_PKEY *key_file(const char *name);

static uint8_t data[16384 + 64], copy[16384 + 64], digest[64], secret[72];
static double seconds = 0.05;

int main(int argc, char **argv)
{
    if (argc > 1)
        seconds = atof(argv[1]);
    printf("limit version %s\n", OpenSSL_version(OPENSSL_VERSION));
    RAND_bytes(data, sizeof data);
    memcpy(digest, data, sizeof digest);
    key_exchange();
    signatures();
    hashes();
    ciphers();
    return 0;
}

/* ---- key exchange ------------------------------------------------------------------------------------------- */

static EVP_PKEY_CTX *maker, *deriver;
static EC_KEY *ec[2];

static bool x25519_generate(void)
{
    EVP_PKEY *key = NULL;
    size_t len = 32;
    bool ok = EVP_PKEY_keygen(maker, &key) == 1 && EVP_PKEY_get_raw_public_key(key, secret, &len) == 1;
    EVP_PKEY_free(key);
    return ok;
}

static bool x25519_derive(void)
{
    size_t len = 32;
    return EVP_PKEY_derive(deriver, secret, &len) == 1;
}

static bool p256_generate(void)
{
    return EC_KEY_generate_key(ec[0]) == 1;
}

static bool p256_derive(void)
{
    return ECDH_compute_key(secret, 32, EC_KEY_get0_public_key(ec[1]), ec[0], NULL) == 32;
}

static void key_exchange(void)
{
    EVP_PKEY *keys[2] = {NULL, NULL};
    maker = EVP_PKEY_CTX_new_id(EVP_PKEY_X25519, NULL);
    EVP_PKEY_keygen_init(maker);
    for (int i = 0; i < 2; i++) {
        EVP_PKEY_keygen(maker, &keys[i]);
        ec[i] = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
        EC_KEY_generate_key(ec[i]);
    }
    deriver = EVP_PKEY_CTX_new_from_pkey(NULL, keys[0], NULL);
    EVP_PKEY_derive_init(deriver);
    EVP_PKEY_derive_set_peer(deriver, keys[1]);
    measure("x25519-generate", x25519_generate);
    measure("x25519-derive", x25519_derive);
    measure("p256-generate", p256_generate);
    measure("p256-derive", p256_derive);
}

/* ---- signatures --------------------------------------------------------------------------------------------- */

static EC_KEY *ec_key;
static RSA *rsa_key;
static uint8_t signature[512];
static unsigned signature_len;

static bool ecdsa_sign(void)
{
    signature_len = sizeof signature;
    return ECDSA_sign(0, digest, 32, signature, &signature_len, ec_key) == 1;
}

static bool ecdsa_verify(void)
{
    return ECDSA_verify(0, digest, 32, signature, (int)signature_len, ec_key) == 1;
}

static bool rsa_sign(void)
{
    return RSA_sign(NID_sha256, digest, 32, signature, &signature_len, rsa_key) == 1;
}

static bool rsa_verify(void)
{
    return RSA_verify(NID_sha256, digest, 32, signature, 256, rsa_key) == 1;
}

static void signatures(void)
{
    ec_key = EVP_PKEY_get1_EC_KEY(key_file("ec-leaf.key"));
    rsa_key = EVP_PKEY_get1_RSA(key_file("rsa-leaf.key"));
    measure("ecdsa-sign", ecdsa_sign);
    measure("ecdsa-verify", ecdsa_verify);
    measure("rsa-sign", rsa_sign);
    measure("rsa-verify", rsa_verify);
}

/* ---- hashes, PRF, random ------------------------------------------------------------------------------------ */

static SHA256_CTX running;

/* A handshake of about 2,000 bytes in nine messages. */
static bool transcript(void)
{
    SHA256_Init(&running);
    for (int i = 0; i < 9; i++)
        SHA256_Update(&running, data, 222);
    return true;
}

static bool fork_transcript(void)
{
    SHA256_CTX f = running;
    return SHA256_Final(secret, &f) == 1;
}

/* The two randoms and the parameters of ServerKeyExchange; a certificate. */
static bool hash_signed(void)
{
    SHA256_CTX c;
    SHA256_Init(&c);
    SHA256_Update(&c, data, 100);
    return SHA256_Final(secret, &c) == 1;
}

static bool hash_certificate(void)
{
    SHA256_CTX c;
    SHA256_Init(&c);
    SHA256_Update(&c, data, 420);
    return SHA256_Final(secret, &c) == 1;
}

struct hmac {
    SHA256_CTX inner, outer;
};

static void hmac_key(struct hmac *h, const uint8_t *key, size_t len)
{
    uint8_t pad[64];
    for (size_t i = 0; i < 64; i++)
        pad[i] = 0x36 ^ (i < len ? key[i] : 0);
    SHA256_Init(&h->inner);
    SHA256_Update(&h->inner, pad, 64);
    for (size_t i = 0; i < 64; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    SHA256_Init(&h->outer);
    SHA256_Update(&h->outer, pad, 64);
}

static void hmac(const struct hmac *h, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len, uint8_t out[32])
{
    SHA256_CTX c = h->inner;
    SHA256_Update(&c, a, a_len);
    SHA256_Update(&c, b, b_len);
    SHA256_Final(out, &c);
    c = h->outer;
    SHA256_Update(&c, out, 32);
    SHA256_Final(out, &c);
}

/* RFC 5246 5, with a seed (label included) of 47 or 77 bytes. */
static void prf(size_t seed, size_t len)
{
    struct hmac h;
    uint8_t a[32], block[32];
    hmac_key(&h, secret, 48);
    hmac(&h, data, 0, data, seed, a);
    for (size_t done = 0; done < len; done += 32) {
        hmac(&h, a, 32, data, seed, block);
        memcpy(copy + done, block, len - done < 32 ? len - done : 32);
        if (done + 32 < len)
            hmac(&h, a, 32, data, 0, a);
    }
}

/* Master secret, key block (two AES-128 keys and salts), both verify_data. */
static bool all_prf(void)
{
    prf(54, 48);
    prf(77, 40);
    prf(47, 12);
    prf(47, 12);
    return true;
}

/* Key block and both verify_data: the master secret is the session's. */
static bool resumed_prf(void)
{
    prf(77, 40);
    prf(47, 12);
    prf(47, 12);
    return true;
}

/* Both hellos, with a ticket, and both Finished: about 500 bytes in four messages. */
static bool resumed_transcript(void)
{
    SHA256_Init(&running);
    for (int i = 0; i < 4; i++)
        SHA256_Update(&running, data, 125);
    return true;
}

static bool random_bytes(void)
{
    return RAND_bytes(copy, 32) == 1;
}

static void hashes(void)
{
    measure("transcript", transcript);
    measure("transcript-fork", fork_transcript);
    measure("hash-signed", hash_signed);
    measure("hash-certificate", hash_certificate);
    measure("prf-handshake", all_prf);
    measure("prf-resumed", resumed_prf);
    measure("transcript-resumed", resumed_transcript);
    measure("random-32", random_bytes);
}

/* ---- ciphers ------------------------------------------------------------------------------------------------ */

static EVP_CIPHER *cipher;
static EVP_CIPHER_CTX *sealer, *opener;
static size_t record;
static uint8_t nonce[12], aad[13], tag[16], sealed[16384 + 64];

static bool cipher_key(void)
{
    return EVP_EncryptInit_ex(sealer, cipher, NULL, data, nonce) == 1;
}

static bool seal(void)
{
    int n;
    return EVP_EncryptInit_ex(sealer, NULL, NULL, NULL, nonce) == 1 &&
           EVP_EncryptUpdate(sealer, NULL, &n, aad, 13) == 1 &&
           EVP_EncryptUpdate(sealer, sealed, &n, data, (int)record) == 1 &&
           EVP_EncryptFinal_ex(sealer, sealed + n, &n) == 1 &&
           EVP_CIPHER_CTX_ctrl(sealer, EVP_CTRL_AEAD_GET_TAG, 16, tag) == 1;
}

static bool unseal(void)
{
    int n;
    return EVP_DecryptInit_ex(opener, NULL, NULL, NULL, nonce) == 1 &&
           EVP_DecryptUpdate(opener, NULL, &n, aad, 13) == 1 &&
           EVP_DecryptUpdate(opener, copy, &n, sealed, (int)record) == 1 &&
           EVP_CIPHER_CTX_ctrl(opener, EVP_CTRL_AEAD_SET_TAG, 16, tag) == 1 &&
           EVP_DecryptFinal_ex(opener, copy + n, &n) == 1;
}

/* One call for a whole TLS 1.2 record, in place: OpenSSL's cheapest for small ones. */
static bool seal_record(void)
{
    aad[11] = (uint8_t)((record + 8) >> 8);
    aad[12] = (uint8_t)(record + 8);
    return EVP_CIPHER_CTX_ctrl(sealer, EVP_CTRL_AEAD_TLS1_AAD, 13, aad) > 0 &&
           EVP_Cipher(sealer, sealed, sealed, (unsigned)record + 24) > 0;
}

static bool copy_record(void)
{
    memcpy(copy, data, record);
    __asm__ volatile("" ::: "memory");
    return true;
}

static void ciphers(void)
{
    static const char *const names[][2] = {
        {"AES-128-GCM", "aes128"}, {"AES-256-GCM", "aes256"}, {"ChaCha20-Poly1305", "chacha"}};
    static const size_t sizes[] = {16384, 1024, 16, 128}; /* 128: about what a ticket holds */
    char name[40];
    for (size_t c = 0; c < 3; c++) {
        cipher = EVP_CIPHER_fetch(NULL, names[c][0], NULL);
        sealer = EVP_CIPHER_CTX_new();
        opener = EVP_CIPHER_CTX_new();
        EVP_DecryptInit_ex(opener, cipher, NULL, data, nonce);
        snprintf(name, sizeof name, "%s-key", names[c][1]);
        measure(name, cipher_key);
        for (size_t i = 0; i < 4; i++) {
            record = sizes[i];
            snprintf(name, sizeof name, "%s-seal-%zu", names[c][1], record);
            measure(name, seal);
            snprintf(name, sizeof name, "%s-open-%zu", names[c][1], record);
            measure(name, unseal);
        }
        if (c == 2)
            continue;
        EVP_EncryptInit_ex(sealer, cipher, NULL, data, NULL);
        EVP_CIPHER_CTX_ctrl(sealer, EVP_CTRL_GCM_SET_IV_FIXED, 4, data);
        aad[8] = 23;
        aad[9] = aad[10] = 3;
        for (size_t i = 0; i < 3; i++) {
            record = sizes[i];
            snprintf(name, sizeof name, "%s-one-call-%zu", names[c][1], record);
            measure(name, seal_record);
        }
        memset(aad, 0, sizeof aad);
    }
    for (size_t i = 0; i < 2; i++) {
        record = sizes[i];
        snprintf(name, sizeof name, "copy-%zu", record);
        measure(name, copy_record);
    }
}

/* ---- measuring ---------------------------------------------------------------------------------------------- */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static long switches(void)
{
    struct rusage r;
    getrusage(RUSAGE_THREAD, &r);
    return r.ru_nivcsw + r.ru_nvcsw;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The median over batches of at least 20 us each, without those during which the thread was switched out. */
static void measure(const char *name, bool (*work)(void))
{
    enum { MOST = 20000 };
    static double samples[MOST];
    size_t n = 0, each = 1;
    double began = now();
    if (!work()) {
        fprintf(stderr, "limit: %s failed\n", name);
        exit(1);
    }
    while (now() - began < 2000) { /* warm up, and see how many make a batch */
        double t = now();
        for (size_t i = 0; i < each; i++)
            work();
        if (now() - t < 20)
            each *= 2;
    }
    for (double end = now() + seconds * 1e6; n < MOST && (n < 5 || now() < end);) {
        long before = switches();
        double t = now();
        for (size_t i = 0; i < each; i++)
            work();
        t = now() - t;
        if (switches() == before)
            samples[n++] = t / (double)each;
    }
    qsort(samples, n, sizeof *samples, by_size);
    printf("limit primitive %s us %.4f\n", name, samples[n / 2]);
}

static EVP_PKEY *key_file(const char *name)
{
    char path[400];
    const char *folder = getenv("BENCH_CERTS");
    snprintf(path, sizeof path, "%s/%s", folder != NULL ? folder : "certs", name);
    FILE *f = fopen(path, "r");
    EVP_PKEY *key = f != NULL ? PEM_read_PrivateKey(f, NULL, NULL, NULL) : NULL;
    if (key == NULL) {
        perror(path);
        exit(1);
    }
    fclose(f);
    return key;
}
