/* BearSSL as a peer. Which curve is used is decided by handing it an elliptic curve implementation that knows only that
   one. It has no Ed25519. */
#include "peer.h"

#include <bearssl.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct setup setup;
static uint16_t suites[3];
static size_t n_suites;
static br_x509_certificate chain[2];
static br_x509_trust_anchor anchor;
static br_skey_decoder_context key;
static br_x509_decoder_context root;
static unsigned char root_name[512];
static br_ec_impl curves_allowed;
static br_ssl_session_cache_lru cache;
static unsigned char sessions[8192];
static br_ssl_session_parameters session; /* of a client's last connection, when it resumes */
static bool has_session;

struct peer {
    int fd;
    union {
        br_ssl_client_context client;
        br_ssl_server_context server;
        br_ssl_engine_context engine;
    } tls;
    br_x509_minimal_context x509;
    br_sslio_context io;
    unsigned char buffer[BR_SSL_BUFSIZE_BIDI];
};

static const uint16_t ecdsa[] = {BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                                 BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256};
static const uint16_t rsa[] = {BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
                               BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256};
static const int curves[] = {BR_EC_curve25519, BR_EC_secp256r1, BR_EC_secp384r1, BR_EC_secp521r1};

static void add_name(void *arg, const void *data, size_t len)
{
    (void)arg;
    if (anchor.dn.len + len <= sizeof root_name) {
        memcpy(root_name + anchor.dn.len, data, len);
        anchor.dn.len += len;
    }
}

bool peer_configure(const struct setup *s)
{
    const uint16_t *list = strcmp(s->key, "rsa") == 0 ? rsa : ecdsa;
    int suite = peer_index(peer_suites, s->suite);
    size_t len;
    setup = *s;
    if (strcmp(s->manner, "echo") != 0 && strcmp(s->manner, "resume-id") != 0)
        return peer_why("no part in %s", s->manner);
    br_ssl_session_cache_lru_init(&cache, sessions, sizeof sessions);
    if (strcmp(s->key, "ed25519") == 0)
        return peer_why("no Ed25519");
    n_suites = suite < 0 ? 3 : 1;
    memcpy(suites, list + (suite < 0 ? 0 : suite), n_suites * sizeof *suites);
    curves_allowed = *br_ec_get_default();
    int curve = peer_index(peer_curves, s->curve);
    if (curve >= 0)
        curves_allowed.supported_curves = UINT32_C(1) << curves[curve];
    if (s->own_curve != NULL && !s->server)
        curves_allowed.supported_curves |= UINT32_C(1) << curves[peer_index(peer_curves, s->own_curve)];
    if ((br_ec_get_default()->supported_curves & curves_allowed.supported_curves) != curves_allowed.supported_curves)
        return peer_why("no curve %s", s->curve);
    if (s->server) {
        chain[0].data = peer_file(peer_path(s, "-leaf.der"), &chain[0].data_len);
        chain[1].data = peer_file(peer_path(s, "-int.der"), &chain[1].data_len);
        uint8_t *der = peer_file(peer_path(s, "-key.der"), &len);
        br_skey_decoder_init(&key);
        br_skey_decoder_push(&key, der, len);
        return br_skey_decoder_last_error(&key) == 0 || peer_why("key: error %d", br_skey_decoder_last_error(&key));
    }
    uint8_t *der = peer_file(peer_path(s, "-root.der"), &len);
    br_x509_decoder_init(&root, add_name, NULL);
    br_x509_decoder_push(&root, der, len);
    if (br_x509_decoder_get_pkey(&root) == NULL)
        return peer_why("root certificate: error %d", br_x509_decoder_last_error(&root));
    anchor.dn.data = root_name;
    anchor.flags = BR_X509_TA_CA;
    anchor.pkey = *br_x509_decoder_get_pkey(&root);
    return true;
}

static int receive(void *p, unsigned char *out, size_t size)
{
    ssize_t n = read(((struct peer *)p)->fd, out, size);
    return n > 0 ? (int)n : -1;
}

static int transmit(void *p, const unsigned char *data, size_t len)
{
    ssize_t n = write(((struct peer *)p)->fd, data, len);
    return n > 0 ? (int)n : -1;
}

struct peer *peer_open(int fd)
{
    struct peer *p = calloc(1, sizeof *p);
    br_ssl_engine_context *e = &p->tls.engine;
    p->fd = fd;
    if (setup.server && br_skey_decoder_get_rsa(&key) != NULL)
        br_ssl_server_init_full_rsa(&p->tls.server, chain, 2, br_skey_decoder_get_rsa(&key));
    else if (setup.server)
        br_ssl_server_init_full_ec(&p->tls.server, chain, 2, BR_KEYTYPE_EC, br_skey_decoder_get_ec(&key));
    else
        br_ssl_client_init_full(&p->tls.client, &p->x509, &anchor, 1);
    br_ssl_engine_set_suites(e, suites, n_suites);
    br_ssl_engine_set_versions(e, BR_TLS12, BR_TLS12);
    br_ssl_engine_set_ec(e, &curves_allowed);
    br_ssl_engine_set_buffer(e, p->buffer, sizeof p->buffer, 1);
    if (setup.server && peer_manner(&setup, "resume", NULL))
        br_ssl_server_set_cache(&p->tls.server, &cache.vtable);
    if (has_session)
        br_ssl_engine_set_session_parameters(e, &session);
    if (setup.server)
        br_ssl_server_reset(&p->tls.server);
    else
        br_ssl_client_reset(&p->tls.client, PEER_HOST, has_session);
    br_sslio_init(&p->io, e, receive, p, transmit, p);
    if (br_sslio_flush(&p->io) == 0) {
        has_session = peer_manner(&setup, "resume", NULL) && !setup.server;
        if (has_session)
            br_ssl_engine_get_session_parameters(e, &session);
        return p;
    }
    peer_why("handshake: error %d", br_ssl_engine_last_error(e));
    return NULL;
}

ptrdiff_t peer_read(struct peer *p, uint8_t *out, size_t size)
{
    int r = br_sslio_read(&p->io, out, size), code = br_ssl_engine_last_error(&p->tls.engine);
    if (r > 0)
        return r;
    return code == BR_ERR_OK ? 0 : (peer_why("read: error %d", code), -1);
}

bool peer_write(struct peer *p, const uint8_t *data, size_t len)
{
    if (br_sslio_write_all(&p->io, data, len) == 0 && br_sslio_flush(&p->io) == 0)
        return true;
    return peer_why("write: error %d", br_ssl_engine_last_error(&p->tls.engine));
}

bool peer_export(struct peer *p, uint8_t out[PEER_EXPORT])
{
    (void)p, (void)out;
    return peer_why("no extended master secret, so nothing to export");
}

void peer_close(struct peer *p)
{
    br_sslio_close(&p->io);
    free(p);
}
