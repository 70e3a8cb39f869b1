/* Certificates: a client's start with the system store, a chain judged, chains built to explode. fede by its public interface,
   beside OpenSSL and the bare primitives, in one process and one run.

     certificates start            a client with the system store: libcrypto's own start, the first one, and later ones
     certificates chain            leaf and intermediate, ECDSA P-256, for a name: judged, with the table of signatures
                                   verified before and without, against the two bare verifications
     certificates judge NAME CHAIN ROOT    one chain (bench/hostile.py makes them): processor time, and the reason

   malloc and its kin are counted throughout. */
#define _GNU_SOURCE
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "fede/fede.h"
#include "fede/verify.h"

#define BUNDLE "/etc/ssl/certs/ca-certificates.crt"
#define NAME   "bench.example"

static size_t allocations;
static double seconds = 0.2;

static void start(void);
static void chain(void);
static void judge(const char *name, const char *chain, const char *root);

static void die(const char *what)
{
    fprintf(stderr, "certificates: %s failed\n", what);
    exit(1);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    unsetenv("SSL_CERT_FILE"); /* the store of the system it shall be */
    unsetenv("SSL_CERT_DIR");
    if (strcmp(what, "start") == 0)
        start();
    else if (strcmp(what, "chain") == 0)
        chain();
    else if (strcmp(what, "judge") == 0 && argc == 5)
        judge(argv[2], argv[3], argv[4]);
    else
        die("usage: certificates start | chain | judge NAME CHAIN ROOT: that");
    return 0;
}

/* ---- Time ------------------------------------------------------------------------------------------------------ */

/* Microseconds of processor time. */
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The median of single calls, without those during which the thread was switched out. */
static double median(void (*work)(void))
{
    enum { MOST = 20000, LEAST = 9 };
    static double samples[MOST];
    struct rusage before, after;
    size_t n = 0;
    work();
    work();
    for (double end = now() + seconds * 1e6; n < MOST && (n < LEAST || now() < end);) {
        getrusage(RUSAGE_THREAD, &before);
        double t = now();
        work();
        t = now() - t;
        getrusage(RUSAGE_THREAD, &after);
        if (before.ru_nivcsw == after.ru_nivcsw || n < LEAST)
            samples[n++] = t;
    }
    qsort(samples, n, sizeof *samples, by_size);
    return samples[n / 2];
}

static fede_bytes file(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data = malloc(64u << 20);
    if (f == NULL || data == NULL)
        die(path);
    size_t n = fread(data, 1, 64u << 20, f);
    fclose(f);
    return (fede_bytes){data, n};
}

static fede_bytes credential(const char *name)
{
    char path[400];
    const char *folder = getenv("BENCH_CERTS");
    snprintf(path, sizeof path, "%s/%s", folder != NULL ? folder : "certs", name);
    return file(path);
}

/* ---- A client's start ------------------------------------------------------------------------------------------- */

static void client(void)
{
    fede_config *config = fede_config_new();
    if (config == NULL || !fede_config_trust_system(config))
        die("the system store");
    fede_config_free(config);
}

static void openssl_store(void)
{
    X509_STORE *store = X509_STORE_new();
    if (store == NULL || X509_STORE_load_file(store, BUNDLE) != 1)
        die("OpenSSL's store");
    X509_STORE_free(store);
}

/* What nobody who trusts all of the bundle can leave out: reading it, and the bytes of its base64. */
static void bundle_decoded(void)
{
    static uint8_t text[1u << 20], out[1u << 20];
    FILE *f = fopen(BUNDLE, "rb");
    if (f == NULL)
        die(BUNDLE);
    size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    EVP_ENCODE_CTX *decoding = EVP_ENCODE_CTX_new();
    for (const char *at = (char *)text, *end = at + n;
         (at = memmem(at, (size_t)(end - at), "CERTIFICATE-----\n", 17));) {
        const char *last = memchr(at + 17, '-', (size_t)(end - at - 17));
        int len, rest;
        if (last == NULL)
            break;
        EVP_DecodeInit(decoding);
        EVP_DecodeUpdate(decoding, out, &len, (const uint8_t *)at + 17, (int)(last - at - 17));
        EVP_DecodeFinal(decoding, out + len, &rest);
        at = memmem(last, (size_t)(end - last), "-----\n", 6);
        at = at != NULL ? memmem(at + 6, (size_t)(end - at - 6), "-----BEGIN ", 11) : NULL;
        if (at == NULL)
            break;
    }
    EVP_ENCODE_CTX_free(decoding);
}

static void start(void)
{
    double t = now();
    fede_trust_free(fede_trust_new());
    printf("fede certificates start libcrypto_us %.1f", now() - t);
    t = now();
    client();
    printf(" first_us %.1f", now() - t);
    printf(" later_us %.1f\n", median(client));
    printf("OpenSSL certificates start later_us %.1f\n", median(openssl_store));
    printf("limit primitive bundle us %.1f\n", median(bundle_decoded));
}

/* ---- A chain of two ---------------------------------------------------------------------------------------------- */

static fede_bytes ders[3]; /* leaf, intermediate, root */
static fede_trust *trust;
static fede_signatures *table;
static X509 *parsed[3];
static X509_STORE *store;
static struct {
    EC_KEY *issuer;
    uint8_t tbs[2048];
    int tbs_len;
    const ASN1_BIT_STRING *signature;
} bare[2];

static void bare_verifications(void)
{
    for (int i = 0; i < 2; i++) {
        uint8_t digest[32];
        SHA256(bare[i].tbs, (size_t)bare[i].tbs_len, digest);
        if (ECDSA_verify(0, digest, 32, bare[i].signature->data, bare[i].signature->length, bare[i].issuer) != 1)
            die("a bare verification");
    }
}

/* The same by the interface that OpenSSL recommends. */
static void evp_verifications(void)
{
    for (int i = 0; i < 2; i++) {
        EVP_MD_CTX *verifying = EVP_MD_CTX_new();
        if (EVP_DigestVerifyInit_ex(verifying, NULL, "SHA256", NULL, NULL, X509_get0_pubkey(parsed[i + 1]), NULL) !=
                1 ||
            EVP_DigestVerify(verifying, bare[i].signature->data, (size_t)bare[i].signature->length, bare[i].tbs,
                             (size_t)bare[i].tbs_len) != 1)
            die("EVP_DigestVerify");
        EVP_MD_CTX_free(verifying);
    }
}

/* The digests that finding a certificate in the table costs. */
static void bare_digests(void)
{
    uint8_t digest[32];
    for (int i = 0; i < 2; i++)
        SHA256(ders[i].data, ders[i].len, digest);
}

static void fede_chain(void)
{
    fede_verify_request request = {.chain = ders, .n_chain = 2, .trust = trust, .name = NAME, .signatures = table};
    fede_verification *v = fede_verify_chain(&request);
    if (!fede_verification_verdict(v)->accepted)
        die("fede_verify_chain");
    fede_verification_free(v);
}

/* With a new table each time: nothing is found, and both are entered. */
static void fede_chain_missed(void)
{
    table = fede_signatures_new(64);
    fede_chain();
    fede_signatures_free(table);
    table = NULL;
}

static void openssl_chain(void)
{
    X509 *read[2];
    STACK_OF(X509) *untrusted = sk_X509_new_null();
    for (int i = 0; i < 2; i++) {
        const uint8_t *p = ders[i].data;
        read[i] = d2i_X509(NULL, &p, (long)ders[i].len);
        sk_X509_push(untrusted, read[i]);
    }
    X509_STORE_CTX *verifying = X509_STORE_CTX_new();
    X509_STORE_CTX_init(verifying, store, read[0], untrusted);
    X509_STORE_CTX_set_purpose(verifying, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set1_host(X509_STORE_CTX_get0_param(verifying), NAME, 0);
    if (X509_verify_cert(verifying) != 1)
        die("X509_verify_cert");
    X509_STORE_CTX_free(verifying);
    sk_X509_pop_free(untrusted, X509_free);
}

/* fede_ocsp_url reads a certificate from end to end and then looks for an address in it. */
static void parse(void)
{
    fede_ocsp_url(ders[0], 0);
    fede_ocsp_url(ders[1], 0);
}

static double allocated(void (*work)(void))
{
    enum { TIMES = 20 };
    size_t before = allocations;
    for (int i = 0; i < TIMES; i++)
        work();
    return (double)(allocations - before) / TIMES;
}

static void chain(void)
{
    static const char *const names[] = {"ec-leaf.der", "ec-int.der", "ec-root.der"};
    trust = fede_trust_new();
    store = X509_STORE_new();
    for (int i = 0; i < 3; i++) {
        ders[i] = credential(names[i]);
        const uint8_t *p = ders[i].data;
        parsed[i] = d2i_X509(NULL, &p, (long)ders[i].len);
    }
    fede_trust_add(trust, ders[2]);
    X509_STORE_add_cert(store, parsed[2]);
    for (int i = 0; i < 2; i++) {
        uint8_t *p = bare[i].tbs;
        bare[i].tbs_len = i2d_re_X509_tbs(parsed[i], &p);
        bare[i].issuer = EVP_PKEY_get1_EC_KEY(X509_get0_pubkey(parsed[i + 1]));
        X509_get0_signature(&bare[i].signature, NULL, parsed[i]);
    }
    printf("limit primitive chain-verifications us %.2f\n", median(bare_verifications));
    printf("limit primitive chain-evp us %.2f\n", median(evp_verifications));
    printf("limit primitive chain-digests us %.2f\n", median(bare_digests));
    printf("fede certificates chain us %.2f allocations %.1f\n", median(fede_chain), allocated(fede_chain));
    printf("fede certificates parse us %.2f allocations %.1f\n", median(parse), allocated(parse));
    printf("fede certificates miss us %.2f\n", median(fede_chain_missed));
    table = fede_signatures_new(1024);
    printf("fede certificates hit us %.2f allocations %.1f\n", median(fede_chain), allocated(fede_chain));
    printf("OpenSSL certificates chain us %.2f allocations %.1f\n", median(openssl_chain), allocated(openssl_chain));
}

/* ---- Chains built to explode ------------------------------------------------------------------------------------ */

static void judge(const char *name, const char *path, const char *root)
{
    fede_bytes pem = file(path);
    trust = fede_trust_new();
    fede_trust_add(trust, file(root));
    fede_verify_request request = {.chain = &pem, .n_chain = 1, .trust = trust, .name = NAME};
    double best = 1e12; /* of three: what the chain costs, not what the machine was doing */
    char reason[64] = "";
    for (int i = 0; i < 3; i++) {
        double t = now();
        fede_verification *v = fede_verify_chain(&request);
        t = now() - t;
        best = t < best ? t : best;
        const fede_verdict *verdict = fede_verification_verdict(v);
        snprintf(reason, sizeof reason, "%s", fede_reason_name((fede_reason)verdict->reason));
        fede_verification_free(v);
    }
    printf("fede hostile %s ms %.2f reason %s bytes %zu\n", name, best / 1000, reason, pem.len);
}

/* ---- Counting --------------------------------------------------------------------------------------------------- */

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);

void *malloc(size_t n)
{
    allocations++;
    return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    allocations++;
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    allocations++;
    return __libc_realloc(p, n);
}
