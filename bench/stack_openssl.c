/* OpenSSL's libssl over a BIO of our own on the queues. */
#include "bench.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <string.h>

const char *const stack_name = "OpenSSL";
static SSL_CTX *contexts[2];
static BIO_METHOD *method;
static int resuming;
static SSL_SESSION *session;

static const char *const ciphers[] = {"AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"};

const char *stack_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION);
}

static bool is_server(BIO *bio)
{
    return BIO_get_data(bio) != NULL;
}

static int bio_read(BIO *bio, char *out, int size)
{
    size_t n = queue_take(is_server(bio), out, (size_t)size);
    BIO_clear_retry_flags(bio);
    if (n > 0)
        return (int)n;
    BIO_set_retry_read(bio);
    return -1;
}

static int bio_write(BIO *bio, const char *data, int len)
{
    BIO_clear_retry_flags(bio);
    queue_put(is_server(bio), data, (size_t)len);
    return len;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static int bio_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

static int failed(const char *what)
{
    char text[200];
    ERR_error_string_n(ERR_peek_error(), text, sizeof text);
    return bench_why(what, text, 0);
}

bool stack_resume(int how)
{
    resuming = how;
    return true;
}

bool stack_setup(const struct scenario *s)
{
    char list[80];
    const char *kind = strcmp(s->key, "rsa") == 0 ? "RSA" : "ECDSA";
    BIO_snprintf(list, sizeof list, "ECDHE-%s-%s", kind, ciphers[s->cipher]);
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "queue");
    BIO_meth_set_read(method, bio_read);
    BIO_meth_set_write(method, bio_write);
    BIO_meth_set_ctrl(method, bio_control);
    BIO_meth_set_create(method, bio_create);
    for (int i = 0; i < 2; i++) {
        SSL_CTX *c = contexts[i] = SSL_CTX_new(i == 0 ? TLS_client_method() : TLS_server_method());
        SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
        SSL_CTX_set_max_proto_version(c, TLS1_2_VERSION);
        if (resuming != RESUME_TICKET)
            SSL_CTX_set_options(c, SSL_OP_NO_TICKET);
        SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);
        SSL_CTX_set_session_cache_mode(c, resuming == RESUME_ID ? SSL_SESS_CACHE_BOTH : SSL_SESS_CACHE_OFF);
        SSL_CTX_set_session_id_context(c, (const uint8_t *)"bench", 5);
        if (SSL_CTX_set_cipher_list(c, list) != 1 ||
            SSL_CTX_set1_groups_list(c, strcmp(s->group, "x25519") == 0 ? "X25519:P-256" : "P-256") != 1)
            return failed("setup") == 0;
    }
    SSL_CTX_set_verify(contexts[0], SSL_VERIFY_PEER, NULL);
    if (SSL_CTX_load_verify_locations(contexts[0], bench_path(s, "-root.pem"), NULL) != 1 ||
        SSL_CTX_use_certificate_chain_file(contexts[1], bench_path(s, "-chain.pem")) != 1 ||
        SSL_CTX_use_PrivateKey_file(contexts[1], bench_path(s, "-leaf.key"), SSL_FILETYPE_PEM) != 1)
        return failed("credentials") == 0;
    return true;
}

struct side *stack_new(bool server)
{
    SSL *ssl = SSL_new(contexts[server]);
    BIO *bio = BIO_new(method);
    BIO_set_data(bio, server ? method : NULL);
    SSL_set_bio(ssl, bio, bio);
    if (server) {
        SSL_set_accept_state(ssl);
    } else {
        SSL_set_tlsext_host_name(ssl, BENCH_HOST);
        SSL_set1_host(ssl, BENCH_HOST);
        if (session != NULL)
            SSL_set_session(ssl, session);
        SSL_set_connect_state(ssl);
    }
    return (struct side *)ssl;
}

int stack_handshake(struct side *side)
{
    int r = SSL_do_handshake((SSL *)side);
    if (r == 1)
        return 1;
    return SSL_get_error((SSL *)side, r) == SSL_ERROR_WANT_READ ? 0 : failed("handshake");
}

bool stack_write(struct side *side, const uint8_t *data, size_t len)
{
    return SSL_write((SSL *)side, data, (int)len) == (int)len;
}

ptrdiff_t stack_read(struct side *side, uint8_t *out, size_t size)
{
    int r = SSL_read((SSL *)side, out, (int)size);
    if (r > 0)
        return r;
    return SSL_get_error((SSL *)side, r) == SSL_ERROR_WANT_READ ? 0 : -1;
}

/* SSL_MODE_RELEASE_BUFFERS does it at once. */
void stack_rest(struct side *side)
{
    (void)side;
}

void stack_free(struct side *side)
{
    if (resuming != RESUME_NOT && !SSL_is_server((SSL *)side)) {
        if (SSL_session_reused((SSL *)side) != (session != NULL))
            failed("resumption");
        if (session == NULL)
            session = SSL_get1_session((SSL *)side);
    }
    SSL_set_shutdown((SSL *)side, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free((SSL *)side);
}
