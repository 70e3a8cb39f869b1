/* GnuTLS over the queues. */
#include "bench.h"

#include <gnutls/gnutls.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *const stack_name = "GnuTLS";
static gnutls_certificate_credentials_t credentials[2];
static gnutls_priority_t priority;

static const char *const ciphers[] = {"AES-128-GCM", "AES-256-GCM", "CHACHA20-POLY1305"};

const char *stack_version(void)
{
    static char text[40];
    snprintf(text, sizeof text, "GnuTLS %s", gnutls_check_version(NULL));
    return text;
}

static bool is_server(gnutls_transport_ptr_t p)
{
    return p != NULL;
}

static ssize_t pull(gnutls_transport_ptr_t p, void *out, size_t size)
{
    size_t n = queue_take(is_server(p), out, size);
    if (n > 0)
        return (ssize_t)n;
    errno = EAGAIN;
    return -1;
}

static ssize_t push(gnutls_transport_ptr_t p, const void *data, size_t len)
{
    queue_put(is_server(p), data, len);
    return (ssize_t)len;
}

static int failed(const char *what, int code)
{
    return bench_why(what, gnutls_strerror(code), code);
}

bool stack_setup(const struct scenario *s)
{
    char text[200];
    int r;
    snprintf(text, sizeof text,
             "NONE:+VERS-TLS1.2:+%s:+AEAD:+ECDHE-%s:%s+GROUP-SECP256R1:+SIGN-ALL:+CTYPE-X509:+COMP-NULL",
             ciphers[s->cipher], strcmp(s->key, "rsa") == 0 ? "RSA" : "ECDSA",
             strcmp(s->group, "x25519") == 0 ? "+GROUP-X25519:" : "");
    gnutls_global_init();
    if ((r = gnutls_priority_init(&priority, text, NULL)) != 0)
        return failed("priority", r) == 0;
    for (int i = 0; i < 2; i++)
        gnutls_certificate_allocate_credentials(&credentials[i]);
    if ((r = gnutls_certificate_set_x509_trust_file(credentials[0], bench_path(s, "-root.pem"), GNUTLS_X509_FMT_PEM)) <
        0)
        return failed("root certificate", r) == 0;
    r = gnutls_certificate_set_x509_key_file(credentials[1], bench_path(s, "-chain.pem"), bench_path(s, "-leaf.key"),
                                             GNUTLS_X509_FMT_PEM);
    return r >= 0 || failed("credentials", r) == 0;
}

struct side *stack_new(bool server)
{
    gnutls_session_t session;
    if (gnutls_init(&session, (server ? GNUTLS_SERVER : GNUTLS_CLIENT) | GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS) != 0)
        return NULL;
    gnutls_priority_set(session, priority);
    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials[server]);
    gnutls_transport_set_ptr(session, server ? credentials : NULL);
    gnutls_transport_set_pull_function(session, pull);
    gnutls_transport_set_push_function(session, push);
    if (!server) {
        gnutls_server_name_set(session, GNUTLS_NAME_DNS, BENCH_HOST, strlen(BENCH_HOST));
        gnutls_session_set_verify_cert(session, BENCH_HOST, 0);
    }
    return (struct side *)session;
}

int stack_handshake(struct side *side)
{
    int r = gnutls_handshake((gnutls_session_t)side);
    if (r == 0)
        return 1;
    return r == GNUTLS_E_AGAIN ? 0 : failed("handshake", r);
}

bool stack_write(struct side *side, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = gnutls_record_send((gnutls_session_t)side, data, len);
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

ptrdiff_t stack_read(struct side *side, uint8_t *out, size_t size)
{
    ssize_t n = gnutls_record_recv((gnutls_session_t)side, out, size);
    if (n > 0)
        return n;
    return n == GNUTLS_E_AGAIN ? 0 : failed("read", (int)n);
}

void stack_rest(struct side *side)
{
    (void)side;
}

void stack_free(struct side *side)
{
    gnutls_deinit((gnutls_session_t)side);
}
