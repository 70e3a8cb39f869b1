/* Mbed TLS 2.28 over the queues. */
#include "bench.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>

#include <stdlib.h>
#include <string.h>

const char *const stack_name = "Mbed-TLS";
static mbedtls_ssl_config configs[2];
static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context drbg;
static mbedtls_x509_crt root, chain;
static mbedtls_pk_context private_key;
static int suites[2];
static mbedtls_ecp_group_id groups[3];

static const int offered[2][3] = {
    {MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
     MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256},
    {MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
     MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256},
};

const char *stack_version(void)
{
    return MBEDTLS_VERSION_STRING_FULL;
}

static int failed(const char *what, int code)
{
    char text[120];
    mbedtls_strerror(code, text, sizeof text);
    return bench_why(what, text, code);
}

static int receive(void *server, unsigned char *out, size_t size)
{
    size_t n = queue_take(server != NULL, out, size);
    return n > 0 ? (int)n : MBEDTLS_ERR_SSL_WANT_READ;
}

static int transmit(void *server, const unsigned char *data, size_t len)
{
    queue_put(server != NULL, data, len);
    return (int)len;
}

bool stack_setup(const struct scenario *s)
{
    suites[0] = offered[strcmp(s->key, "rsa") == 0][s->cipher];
    groups[0] = strcmp(s->group, "x25519") == 0 ? MBEDTLS_ECP_DP_CURVE25519 : MBEDTLS_ECP_DP_SECP256R1;
    groups[1] = groups[0] == MBEDTLS_ECP_DP_SECP256R1 ? MBEDTLS_ECP_DP_NONE : MBEDTLS_ECP_DP_SECP256R1;
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&drbg);
    mbedtls_ctr_drbg_seed(&drbg, mbedtls_entropy_func, &entropy, NULL, 0);
    mbedtls_x509_crt_init(&root);
    mbedtls_x509_crt_init(&chain);
    mbedtls_pk_init(&private_key);
    int r = mbedtls_x509_crt_parse_file(&root, bench_path(s, "-root.pem"));
    r = r != 0 ? r : mbedtls_x509_crt_parse_file(&chain, bench_path(s, "-chain.pem"));
    r = r != 0 ? r : mbedtls_pk_parse_keyfile(&private_key, bench_path(s, "-leaf.key"), NULL);
    if (r != 0)
        return failed("credentials", r) == 0;
    for (int i = 0; i < 2; i++) {
        mbedtls_ssl_config *c = &configs[i];
        mbedtls_ssl_config_init(c);
        mbedtls_ssl_config_defaults(c, i, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
        mbedtls_ssl_conf_rng(c, mbedtls_ctr_drbg_random, &drbg);
        mbedtls_ssl_conf_ciphersuites(c, suites);
        mbedtls_ssl_conf_curves(c, groups);
        mbedtls_ssl_conf_session_tickets(c, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
    }
    mbedtls_ssl_conf_ca_chain(&configs[0], &root, NULL);
    mbedtls_ssl_conf_authmode(&configs[0], MBEDTLS_SSL_VERIFY_REQUIRED);
    r = mbedtls_ssl_conf_own_cert(&configs[1], &chain, &private_key);
    return r == 0 || failed("credentials", r) == 0;
}

struct side *stack_new(bool server)
{
    mbedtls_ssl_context *ssl = malloc(sizeof *ssl);
    mbedtls_ssl_init(ssl);
    if (mbedtls_ssl_setup(ssl, &configs[server]) != 0)
        return NULL;
    if (!server)
        mbedtls_ssl_set_hostname(ssl, BENCH_HOST);
    mbedtls_ssl_set_bio(ssl, server ? configs : NULL, transmit, receive, NULL);
    return (struct side *)ssl;
}

int stack_handshake(struct side *side)
{
    int r = mbedtls_ssl_handshake((mbedtls_ssl_context *)side);
    if (r == 0)
        return 1;
    return r == MBEDTLS_ERR_SSL_WANT_READ ? 0 : failed("handshake", r);
}

bool stack_write(struct side *side, const uint8_t *data, size_t len)
{
    while (len > 0) {
        int n = mbedtls_ssl_write((mbedtls_ssl_context *)side, data, len);
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

ptrdiff_t stack_read(struct side *side, uint8_t *out, size_t size)
{
    int n = mbedtls_ssl_read((mbedtls_ssl_context *)side, out, size);
    if (n > 0)
        return n;
    return n == MBEDTLS_ERR_SSL_WANT_READ ? 0 : failed("read", n);
}

void stack_rest(struct side *side)
{
    (void)side;
}

void stack_free(struct side *side)
{
    mbedtls_ssl_free((mbedtls_ssl_context *)side);
    free(side);
}
