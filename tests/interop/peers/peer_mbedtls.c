/* Mbed TLS 2.28 as a peer. It has no Ed25519. */
#include "peer.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>
#include <stdlib.h>
#include <string.h>

static mbedtls_ssl_config config;
static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context drbg;
static mbedtls_x509_crt chain, roots;
static mbedtls_pk_context private_key;
static int suites[4];
static mbedtls_ecp_group_id groups[3];
static mbedtls_ssl_ticket_context tickets;

struct peer {
    mbedtls_ssl_context ssl;
    mbedtls_net_context net;
};

static const int ecdsa[] = {MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                            MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                            MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256};
static const int rsa[] = {MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
                          MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256};
static const mbedtls_ecp_group_id curves[] = {MBEDTLS_ECP_DP_CURVE25519, MBEDTLS_ECP_DP_SECP256R1,
                                              MBEDTLS_ECP_DP_SECP384R1, MBEDTLS_ECP_DP_SECP521R1};

static bool failed(const char *what, int code)
{
    char text[120];
    mbedtls_strerror(code, text, sizeof text);
    return peer_why("%s: %s (-0x%04x)", what, text, (unsigned)-code);
}

bool peer_configure(const struct setup *s)
{
    const int *list = strcmp(s->key, "rsa") == 0 ? rsa : ecdsa;
    int r, suite = peer_index(peer_suites, s->suite);
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&drbg);
    mbedtls_ctr_drbg_seed(&drbg, mbedtls_entropy_func, &entropy, NULL, 0);
    mbedtls_ssl_config_init(&config);
    mbedtls_ssl_config_defaults(&config, s->server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
                                MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
    mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &drbg);
    mbedtls_ssl_conf_min_version(&config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    memcpy(suites, list, sizeof ecdsa);
    if (suite >= 0) {
        suites[0] = list[suite];
        suites[1] = 0;
    }
    mbedtls_ssl_conf_ciphersuites(&config, suites);
    groups[0] = curves[peer_index(peer_curves, s->curve)];
    if (s->own_curve != NULL)
        groups[1] = curves[peer_index(peer_curves, s->own_curve)];
    mbedtls_ssl_conf_curves(&config, groups);
    mbedtls_x509_crt_init(&chain);
    mbedtls_x509_crt_init(&roots);
    mbedtls_pk_init(&private_key);
    if (!s->server) {
        if ((r = mbedtls_x509_crt_parse_file(&roots, peer_path(s, "-root.pem"))) != 0)
            return failed("root certificate", r);
        mbedtls_ssl_conf_ca_chain(&config, &roots, NULL);
        mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_REQUIRED);
        return true;
    }
    if ((r = mbedtls_x509_crt_parse_file(&chain, peer_path(s, "-chain.pem"))) != 0)
        return failed("certificate", r);
    if ((r = mbedtls_pk_parse_keyfile(&private_key, peer_path(s, ".key"), NULL)) != 0)
        return failed("key", r);
    mbedtls_ssl_ticket_init(&tickets);
    if ((r = mbedtls_ssl_ticket_setup(&tickets, mbedtls_ctr_drbg_random, &drbg, MBEDTLS_CIPHER_AES_256_GCM, 3600)) != 0)
        return failed("tickets", r);
    mbedtls_ssl_conf_session_tickets_cb(&config, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse, &tickets);
    r = mbedtls_ssl_conf_own_cert(&config, &chain, &private_key);
    return r == 0 || failed("credential", r);
}

struct peer *peer_open(int fd)
{
    int r;
    struct peer *p = calloc(1, sizeof *p);
    p->net.fd = fd;
    mbedtls_ssl_init(&p->ssl);
    if ((r = mbedtls_ssl_setup(&p->ssl, &config)) != 0) {
        failed("setup", r);
        return NULL;
    }
    mbedtls_ssl_set_hostname(&p->ssl, PEER_HOST);
    mbedtls_ssl_set_bio(&p->ssl, &p->net, mbedtls_net_send, mbedtls_net_recv, NULL);
    if ((r = mbedtls_ssl_handshake(&p->ssl)) != 0) {
        failed("handshake", r);
        return NULL;
    }
    return p;
}

ptrdiff_t peer_read(struct peer *p, uint8_t *out, size_t size)
{
    int r = mbedtls_ssl_read(&p->ssl, out, size);
    if (r == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
        return 0;
    if (r == 0)
        r = MBEDTLS_ERR_SSL_CONN_EOF;
    return r > 0 ? r : (failed("read", r), -1);
}

bool peer_write(struct peer *p, const uint8_t *data, size_t len)
{
    while (len > 0) {
        int r = mbedtls_ssl_write(&p->ssl, data, len);
        if (r <= 0)
            return failed("write", r);
        data += r;
        len -= (size_t)r;
    }
    return true;
}

void peer_close(struct peer *p)
{
    mbedtls_ssl_close_notify(&p->ssl);
    mbedtls_ssl_free(&p->ssl);
    free(p);
}
