/* BearSSL over the queues. One block of memory per connection, with its input and output buffer in it. */
#include "bench.h"

#include <bearssl.h>

#include <stdlib.h>
#include <string.h>

struct side {
    bool server;
    union {
        br_ssl_client_context client;
        br_ssl_server_context server;
        br_ssl_engine_context engine;
    } tls;
    br_x509_minimal_context x509;
    unsigned char buffer[BR_SSL_BUFSIZE_BIDI];
};

const char *const stack_name = "BearSSL";
static uint16_t suite;
static br_ec_impl curves;
static br_x509_certificate chain[2];
static br_x509_trust_anchor anchor;
static br_skey_decoder_context key;
static br_x509_decoder_context root;
static unsigned char root_name[512];

static const uint16_t suites[2][3] = {
    {BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
     BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256},
    {BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
     BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256},
};

const char *stack_version(void)
{
    return "BearSSL 0.6";
}

static void add_name(void *arg, const void *data, size_t len)
{
    (void)arg;
    if (anchor.dn.len + len <= sizeof root_name) {
        memcpy(root_name + anchor.dn.len, data, len);
        anchor.dn.len += len;
    }
}

bool stack_setup(const struct scenario *s)
{
    size_t len;
    suite = suites[strcmp(s->key, "rsa") == 0][s->cipher];
    curves = *br_ec_get_default();
    curves.supported_curves = UINT32_C(1) << BR_EC_secp256r1;
    if (strcmp(s->group, "x25519") == 0)
        curves.supported_curves |= UINT32_C(1) << BR_EC_curve25519;
    chain[0].data = bench_file(bench_path(s, "-leaf.der"), &chain[0].data_len);
    chain[1].data = bench_file(bench_path(s, "-int.der"), &chain[1].data_len);
    uint8_t *der = bench_file(bench_path(s, "-key.der"), &len);
    br_skey_decoder_init(&key);
    br_skey_decoder_push(&key, der, len);
    der = bench_file(bench_path(s, "-root.der"), &len);
    br_x509_decoder_init(&root, add_name, NULL);
    br_x509_decoder_push(&root, der, len);
    if (br_skey_decoder_last_error(&key) != 0 || br_x509_decoder_get_pkey(&root) == NULL)
        return bench_why("setup", "credentials", br_skey_decoder_last_error(&key)) == 0;
    anchor.dn.data = root_name;
    anchor.flags = BR_X509_TA_CA;
    anchor.pkey = *br_x509_decoder_get_pkey(&root);
    return true;
}

struct side *stack_new(bool server)
{
    struct side *side = malloc(sizeof *side);
    br_ssl_engine_context *e = &side->tls.engine;
    side->server = server;
    if (server && br_skey_decoder_get_rsa(&key) != NULL)
        br_ssl_server_init_full_rsa(&side->tls.server, chain, 2, br_skey_decoder_get_rsa(&key));
    else if (server)
        br_ssl_server_init_full_ec(&side->tls.server, chain, 2, BR_KEYTYPE_EC, br_skey_decoder_get_ec(&key));
    else
        br_ssl_client_init_full(&side->tls.client, &side->x509, &anchor, 1);
    br_ssl_engine_set_suites(e, &suite, 1);
    br_ssl_engine_set_versions(e, BR_TLS12, BR_TLS12);
    br_ssl_engine_set_ec(e, &curves);
    br_ssl_engine_set_buffer(e, side->buffer, sizeof side->buffer, 1);
    if (server)
        br_ssl_server_reset(&side->tls.server);
    else
        br_ssl_client_reset(&side->tls.client, BENCH_HOST, 0);
    return side;
}

/* Moves records between engine and queues until nothing more can be done; the engine's state. */
static unsigned pump(struct side *side, bool receive)
{
    br_ssl_engine_context *e = &side->tls.engine;
    for (;;) {
        unsigned state = br_ssl_engine_current_state(e);
        size_t n;
        if ((state & BR_SSL_SENDREC) != 0) {
            unsigned char *out = br_ssl_engine_sendrec_buf(e, &n);
            queue_put(side->server, out, n);
            br_ssl_engine_sendrec_ack(e, n);
        } else if (receive && (state & BR_SSL_RECVREC) != 0 && (state & BR_SSL_RECVAPP) == 0 &&
                   queue_waiting(side->server) > 0) {
            unsigned char *in = br_ssl_engine_recvrec_buf(e, &n);
            br_ssl_engine_recvrec_ack(e, queue_take(side->server, in, n));
        } else {
            return state;
        }
    }
}

int stack_handshake(struct side *side)
{
    unsigned state = pump(side, true);
    if ((state & BR_SSL_CLOSED) != 0)
        return bench_why("handshake", "error", br_ssl_engine_last_error(&side->tls.engine));
    return (state & BR_SSL_SENDAPP) != 0;
}

bool stack_write(struct side *side, const uint8_t *data, size_t len)
{
    br_ssl_engine_context *e = &side->tls.engine;
    while (len > 0) {
        size_t n;
        unsigned char *room = br_ssl_engine_sendapp_buf(e, &n);
        if (room == NULL)
            return false;
        n = n < len ? n : len;
        memcpy(room, data, n);
        br_ssl_engine_sendapp_ack(e, n);
        br_ssl_engine_flush(e, 0);
        pump(side, false);
        data += n;
        len -= n;
    }
    return true;
}

/* The data is looked at where it is. */
ptrdiff_t stack_read(struct side *side, uint8_t *out, size_t size)
{
    unsigned state = pump(side, true);
    size_t n;
    (void)out;
    if ((state & BR_SSL_CLOSED) != 0)
        return bench_why("read", "error", br_ssl_engine_last_error(&side->tls.engine));
    if ((state & BR_SSL_RECVAPP) == 0)
        return 0;
    br_ssl_engine_recvapp_buf(&side->tls.engine, &n);
    n = n < size ? n : size;
    br_ssl_engine_recvapp_ack(&side->tls.engine, n);
    return (ptrdiff_t)n;
}

void stack_rest(struct side *side)
{
    (void)side;
}

void stack_free(struct side *side)
{
    free(side);
}
