/* bench/timing.c: does time tell good from bad? A statistical run in the manner of dudect: two classes of input, drawn at
   random, measured one by one with the time stamp counter, compared with Welch's t-test, on all samples and on those below
   several percentiles (which drops what interrupts add). |t| below 4.5 says that no difference was found at this number of
   samples; it proves nothing more. docs/constant-time.md has the figures.

   timing [SAMPLES]     samples for each class, 100,000 without it */
#include <math.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <x86intrin.h>

#include "crypto/legacy.h"

enum { CROPS = 5, BODY = 16 + 320, WARM = 1000 };
static const double crops[CROPS] = {1.0, 0.99, 0.95, 0.8, 0.5};

struct run {
    const char *name;
    void (*prepare)(int class); /* untimed */
    void (*measured)(void);
};

static uint32_t drawn(void)
{
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 16);
}

/* ---- CBC: one record, made anew for each sample; all of the same length. */

static const uint8_t key[32] = "a key", mac_key[48] = "another key";
static const struct suite *suite;
static struct crypto_cbc *opening;
static uint8_t body[BODY];
static int kind; /* of badness */

static void make_record(int class)
{
    static uint8_t text[BODY];
    struct crypto_hmac hmac;
    const size_t mac = hash_len((enum hash)suite->mac);
    /* Class 0: sound, with 16 bytes of padding. Class 1: by kind. */
    const size_t most = 1 + (BODY - 16 - mac - 1) % 256;
    const size_t padding = kind == 3 ? 16 + (size_t)(class == 1) * (most - 16) : 16;
    const size_t whole = BODY - 16, len = whole - mac - padding;
    for (size_t i = 0; i < whole; i++)
        text[i] = (uint8_t)drawn();
    uint8_t prefix[13] = {0};
    prefix[8] = 23;
    store16(prefix + 9, 0x0303);
    store16(prefix + 11, (uint16_t)len);
    crypto_hmac_key(&hmac, (enum hash)suite->mac, bytes_of(mac_key, mac));
    crypto_hmac_of(&hmac, BYTES_OF(prefix), bytes_of(text, len), BYTES_NONE, text + len);
    memset(text + len + mac, (int)padding - 1, padding);
    /* A wrong byte in the padding: what Vaudenay and POODLE look for. A wrong MAC behind a right padding: Lucky 13 looks for
       the length of the hash. A padding that says it is longer than any. The same steps for both classes, so that they
       leave the processor in the same state: class 0 is altered by nothing. */
    const size_t places[] = {whole - 2 - drawn() % 14, len + drawn() % mac, whole - 1, 0};
    const uint8_t values[] = {0x40, 0x40, 0xff ^ 15, 0};
    text[places[kind]] ^= (uint8_t)(values[kind] * (class == 1));
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    int n = 0;
    for (size_t i = 0; i < 16; i++)
        body[i] = (uint8_t)drawn();
    EVP_EncryptInit_ex(cipher, suite->key_len == 16 ? EVP_aes_128_cbc() : EVP_aes_256_cbc(), NULL, key, body);
    EVP_CIPHER_CTX_set_padding(cipher, 0);
    EVP_EncryptUpdate(cipher, body + 16, &n, text, (int)whole);
    EVP_CIPHER_CTX_free(cipher);
}

static void open_record(void)
{
    static const struct crypto_record record = {.type = 23};
    size_t len;
    crypto_cbc_open(opening, &record, body, BODY, &len);
}

/* ---- RSA: what the private operation gave, well padded or not. */

static uint8_t encoded[256], instead[PREMASTER_LEN], premaster[PREMASTER_LEN];

static void make_encoded(int class)
{
    for (size_t i = 0; i < sizeof encoded; i++)
        encoded[i] = (uint8_t)(1 + drawn() % 255);
    encoded[0] = 0;
    encoded[1] = 2;
    encoded[sizeof encoded - PREMASTER_LEN - 1] = 0;
    store16(encoded + sizeof encoded - PREMASTER_LEN, 0x0303);
    /* The same steps for both classes, so that they leave the processor in the same state. */
    static uint8_t spare[sizeof encoded];
    uint8_t *const to = class == 1 ? encoded : spare;
    const size_t inside = 2 + drawn() % 200, places[] = {0, 1, inside, sizeof encoded - PREMASTER_LEN - 1};
    const uint8_t values[] = {1, 1, 0, 9};
    const uint32_t which = drawn() % 4;
    to[places[which]] = values[which];
}

static void take(void)
{
    crypto_rsa_take_premaster(BYTES_OF(encoded), 0x0303, instead, premaster);
}

/* What must be found: a comparison that stops at the first wrong byte. */
static volatile int sink;
static void take_leaking(void)
{
    int good = encoded[0] == 0 && encoded[1] == 2;
    for (size_t i = 2; good && i < sizeof encoded - PREMASTER_LEN - 1; i++)
        good = encoded[i] != 0;
    sink = good;
}

/* ---- Statistics. */

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static double welch(uint64_t *const samples[2], const size_t n[2], uint64_t limit)
{
    double mean[2] = {0}, square[2] = {0}, count[2] = {0};
    for (int c = 0; c < 2; c++)
        for (size_t i = 0; i < n[c]; i++) {
            if (samples[c][i] > limit)
                continue;
            count[c]++;
            double delta = (double)samples[c][i] - mean[c];
            mean[c] += delta / count[c];
            square[c] += delta * ((double)samples[c][i] - mean[c]);
        }
    double spread = square[0] / (count[0] - 1) / count[0] + square[1] / (count[1] - 1) / count[1];
    return spread > 0 ? (mean[0] - mean[1]) / sqrt(spread) : 0;
}

static void run(const struct run *r, size_t each)
{
    uint64_t *samples[2] = {calloc(2 * each, sizeof(uint64_t)), calloc(2 * each, sizeof(uint64_t))};
    uint64_t *both = calloc(4 * each, sizeof(uint64_t));
    size_t n[2] = {0, 0}, all = 0;
    unsigned core;
    if (samples[0] == NULL || samples[1] == NULL || both == NULL)
        exit(2);
    for (int i = 0; i < WARM; i++) {
        r->prepare(i & 1);
        r->measured();
    }
    /* Drawn to the last: a stretch of one class alone would meet what the machine does just then. */
    while ((n[0] < each || n[1] < each) && n[0] < 2 * each && n[1] < 2 * each) {
        int class = drawn() & 1;
        r->prepare(class);
        _mm_mfence(); /* nothing of the preparation waits to be stored */
        _mm_lfence();
        uint64_t before = __rdtsc();
        _mm_lfence();
        r->measured();
        uint64_t after = __rdtscp(&core);
        _mm_lfence();
        samples[class][n[class]++] = after - before;
    }
    for (int c = 0; c < 2; c++)
        for (size_t i = 0; i < n[c]; i++)
            both[all++] = samples[c][i];
    qsort(both, all, sizeof *both, by_value);
    double worst = 0;
    printf("%-44s median %6llu cycles; t", r->name, (unsigned long long)both[all / 2]);
    for (int i = 0; i < CROPS; i++) {
        double t = welch(samples, n, both[(size_t)(crops[i] * (double)(all - 1))]);
        printf(" %6.2f", t);
        worst = fabs(t) > worst ? fabs(t) : worst;
    }
    printf("; worst %.2f\n", worst);
    free(samples[0]);
    free(samples[1]);
    free(both);
}

int main(int argc, char **argv)
{
    static const char *const kinds[] = {"a wrong byte in the padding", "a wrong MAC", "padding beyond the record",
                                        "other lengths of sound padding"};
    static const uint16_t suites[] = {0x002f, 0x003d, 0xc028};
    static const char *const hashes[] = {"SHA-1", "SHA-256", "SHA-384"};
    const size_t each = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
    if (each < 100 || !crypto_start())
        return 2;
    printf("%zu samples for each class; t for all and for the fastest 99, 95, 80 and 50 %%\n", each);
    for (size_t s = 0; s < 3; s++)
        for (kind = 0; kind < 4; kind++) {
            char name[80];
            suite = suite_by_id(suites[s]);
            opening = crypto_cbc_new(&(struct crypto_cbc_setup){.suite = suite,
                                                                .key = bytes_of(key, suite->key_len),
                                                                .mac_key = bytes_of(mac_key, hash_len(suite->mac)),
                                                                .version = 0x0303});
            snprintf(name, sizeof name, "CBC %s: %s", hashes[s], kinds[kind]);
            run(&(struct run){name, make_record, open_record}, each);
            crypto_cbc_free(opening);
        }
    run(&(struct run){"RSA: wrong paddings", make_encoded, take}, each);
    run(&(struct run){"to be found: stops at the first wrong byte", make_encoded, take_leaking}, each);
    return 0;
}
