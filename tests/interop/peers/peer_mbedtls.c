/* Mbed TLS 2.28 as a peer. It has no Ed25519 and no OCSP stapling. */
#include "peer.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_cache.h>
#include <mbedtls/ssl_ticket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static mbedtls_ssl_config config;
static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context drbg;
static mbedtls_x509_crt chain, roots;
static mbedtls_pk_context private_key;
static int suites[32];
static mbedtls_ecp_group_id groups[5];
static mbedtls_ssl_ticket_context tickets;
static mbedtls_ssl_cache_context cache;
static mbedtls_ssl_session session; /* of a client's last connection, when it resumes */
static bool resumes, has_session;

static struct {
    unsigned char master[48], seed[64];
    mbedtls_tls_prf_types prf;
} secrets; /* one connection a process */

struct peer {
    mbedtls_ssl_context ssl;
    mbedtls_net_context net;
};

/* What the quarantine is about; which of them fit the certificate the library knows itself. */
static const int legacy[] = {
    MBEDTLS_TLS_RSA_WITH_AES_128_CBC_SHA, MBEDTLS_TLS_RSA_WITH_AES_256_CBC_SHA, MBEDTLS_TLS_RSA_WITH_AES_128_CBC_SHA256,
    MBEDTLS_TLS_RSA_WITH_AES_256_CBC_SHA256, MBEDTLS_TLS_RSA_WITH_AES_128_GCM_SHA256, MBEDTLS_TLS_RSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_DHE_RSA_WITH_AES_128_CBC_SHA, MBEDTLS_TLS_DHE_RSA_WITH_AES_256_CBC_SHA,
    MBEDTLS_TLS_DHE_RSA_WITH_AES_128_CBC_SHA256, MBEDTLS_TLS_DHE_RSA_WITH_AES_256_CBC_SHA256,
    MBEDTLS_TLS_DHE_RSA_WITH_AES_128_GCM_SHA256, MBEDTLS_TLS_DHE_RSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256, MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384, MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384, 0};

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

static int keep(void *arg, const unsigned char *master, const unsigned char *keys, size_t mac, size_t key, size_t iv,
                const unsigned char client[32], const unsigned char server[32], mbedtls_tls_prf_types prf)
{
    (void)arg, (void)keys, (void)mac, (void)key, (void)iv;
    memcpy(secrets.master, master, sizeof secrets.master);
    memcpy(secrets.seed, client, 32);
    memcpy(secrets.seed + 32, server, 32);
    secrets.prf = prf;
    return 0;
}

static bool choose_suites(const struct setup *s)
{
    const int *list = strcmp(s->key, "rsa") == 0 ? rsa : ecdsa;
    int suite = peer_index(peer_suites, s->suite);
    if (strncmp(s->suite, "TLS_", 4) == 0) {
        char name[64];
        snprintf(name, sizeof name, "%s", s->suite);
        for (char *p = name; *p != '\0'; p++)
            *p = *p == '_' ? '-' : *p;
        suites[0] = mbedtls_ssl_get_ciphersuite_id(name);
        if (suites[0] == 0)
            return peer_why("no suite %s", s->suite);
    } else if (peer_manner(s, "legacy", NULL))
        memcpy(suites, legacy, sizeof legacy);
    else if (suite >= 0)
        suites[0] = list[suite];
    else
        memcpy(suites, list, sizeof ecdsa);
    mbedtls_ssl_conf_ciphersuites(&config, suites);
    return true;
}

static void choose_groups(const struct setup *s)
{
    static const unsigned char p2048[] = MBEDTLS_DHM_RFC7919_FFDHE2048_P_BIN, p3072[] = MBEDTLS_DHM_RFC7919_FFDHE3072_P_BIN;
    static const unsigned char g[] = MBEDTLS_DHM_RFC7919_FFDHE2048_G_BIN;
    int curve = peer_index(peer_curves, s->curve), own = s->own_curve == NULL ? -1 : peer_index(peer_curves, s->own_curve);
    if (curve < 0)
        memcpy(groups, curves, sizeof curves);
    else
        groups[0] = curves[curve];
    if (curve >= 0 && own >= 0)
        groups[1] = curves[own];
    mbedtls_ssl_conf_curves(&config, groups);
    if (strcmp(s->manner, "legacy-ffdhe3072") == 0)
        mbedtls_ssl_conf_dh_param_bin(&config, p3072, sizeof p3072, g, sizeof g);
    else if (s->server)
        mbedtls_ssl_conf_dh_param_bin(&config, p2048, sizeof p2048, g, sizeof g);
}

/* Mbed TLS skips the certificates of a file that it can't read, and counts them: that is no failure here. */
static bool trust(const char *path)
{
    int r = mbedtls_x509_crt_parse_file(&roots, path);
    if (r < 0)
        return failed("root certificates", r);
    mbedtls_ssl_conf_ca_chain(&config, &roots, NULL);
    mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_REQUIRED);
    return true;
}

static bool show(const char *certificate, const char *key)
{
    int r = mbedtls_x509_crt_parse_file(&chain, certificate);
    if (r != 0)
        return failed("certificate", r);
    if ((r = mbedtls_pk_parse_keyfile(&private_key, key, NULL)) != 0)
        return failed("key", r);
    r = mbedtls_ssl_conf_own_cert(&config, &chain, &private_key);
    return r == 0 || failed("credential", r);
}

bool peer_configure(const struct setup *s)
{
    int r;
    resumes = peer_manner(s, "resume", NULL);
    if (peer_manner(s, "staple", NULL))
        return peer_why("no OCSP stapling");
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&drbg);
    mbedtls_ctr_drbg_seed(&drbg, mbedtls_entropy_func, &entropy, NULL, 0);
    mbedtls_ssl_config_init(&config);
    mbedtls_ssl_config_defaults(&config, s->server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
                                MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
    mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &drbg);
    mbedtls_ssl_conf_min_version(&config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_export_keys_ext_cb(&config, keep, NULL);
    if (strcmp(s->manner, "legacy-no-etm") == 0)
        mbedtls_ssl_conf_encrypt_then_mac(&config, MBEDTLS_SSL_ETM_DISABLED);
    mbedtls_x509_crt_init(&chain);
    mbedtls_x509_crt_init(&roots);
    mbedtls_pk_init(&private_key);
    if (!s->server && strcmp(s->manner, "resume-id") == 0)
        mbedtls_ssl_conf_session_tickets(&config, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
    choose_groups(s);
    if (!choose_suites(s))
        return false;
    if (!s->server)
        return trust(peer_path(s, "-root.pem")) &&
               (!peer_manner(s, "auth", NULL) ||
                show(peer_client_path(s, "-client-chain.pem"), peer_client_path(s, "-client.key")));
    if (peer_manner(s, "auth", NULL) && !trust(peer_all(s)))
        return false;
    mbedtls_ssl_cache_init(&cache);
    if (resumes)
        mbedtls_ssl_conf_session_cache(&config, &cache, mbedtls_ssl_cache_get, mbedtls_ssl_cache_set);
    mbedtls_ssl_ticket_init(&tickets);
    if ((r = mbedtls_ssl_ticket_setup(&tickets, mbedtls_ctr_drbg_random, &drbg, MBEDTLS_CIPHER_AES_256_GCM, 3600)) != 0)
        return failed("tickets", r);
    if (strcmp(s->manner, "resume-id") != 0)
        mbedtls_ssl_conf_session_tickets_cb(&config, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse, &tickets);
    return show(peer_path(s, "-chain.pem"), peer_path(s, ".key"));
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
    if (has_session && (r = mbedtls_ssl_set_session(&p->ssl, &session)) != 0) {
        failed("session", r);
        return NULL;
    }
    if ((r = mbedtls_ssl_handshake(&p->ssl)) != 0) {
        failed("handshake", r);
        return NULL;
    }
    if (resumes && config.endpoint == MBEDTLS_SSL_IS_CLIENT) {
        mbedtls_ssl_session_free(&session);
        mbedtls_ssl_session_init(&session);
        has_session = mbedtls_ssl_get_session(&p->ssl, &session) == 0;
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

bool peer_export(struct peer *p, uint8_t out[PEER_EXPORT])
{
    (void)p;
    int r = mbedtls_ssl_tls_prf(secrets.prf, secrets.master, sizeof secrets.master, PEER_LABEL, secrets.seed, sizeof secrets.seed,
                                out, PEER_EXPORT);
    return r == 0 || failed("export", r);
}

void peer_close(struct peer *p)
{
    mbedtls_ssl_close_notify(&p->ssl);
    mbedtls_ssl_free(&p->ssl);
    free(p);
}
