/* wolfSSL over the queues. */
#include "bench.h"

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include <stdio.h>
#include <string.h>

const char *const stack_name = "wolfSSL";
static WOLFSSL_CTX *contexts[2];

static const char *const ciphers[] = {"AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"};

const char *stack_version(void)
{
    static char text[40];
    snprintf(text, sizeof text, "wolfSSL %s", wolfSSL_lib_version());
    return text;
}

static int failed(const char *what, int code)
{
    char text[120];
    wolfSSL_ERR_error_string_n((unsigned long)code, text, sizeof text);
    return bench_why(what, text, code);
}

static int receive(WOLFSSL *ssl, char *out, int size, void *server)
{
    size_t n = queue_take(server != NULL, out, (size_t)size);
    (void)ssl;
    return n > 0 ? (int)n : WOLFSSL_CBIO_ERR_WANT_READ;
}

static int transmit(WOLFSSL *ssl, char *data, int len, void *server)
{
    (void)ssl;
    queue_put(server != NULL, data, (size_t)len);
    return len;
}

bool stack_setup(const struct scenario *s)
{
    char list[80];
    snprintf(list, sizeof list, "ECDHE-%s-%s", strcmp(s->key, "rsa") == 0 ? "RSA" : "ECDSA", ciphers[s->cipher]);
    wolfSSL_Init();
    for (int i = 0; i < 2; i++) {
        WOLFSSL_CTX *c = contexts[i] =
            wolfSSL_CTX_new(i == 0 ? wolfTLSv1_2_client_method() : wolfTLSv1_2_server_method());
        if (wolfSSL_CTX_set_cipher_list(c, list) != WOLFSSL_SUCCESS)
            return failed("suite", 0) == 0;
        wolfSSL_CTX_SetIORecv(c, receive);
        wolfSSL_CTX_SetIOSend(c, transmit);
        if (strcmp(s->group, "x25519") == 0)
            wolfSSL_CTX_UseSupportedCurve(c, WOLFSSL_ECC_X25519);
        wolfSSL_CTX_UseSupportedCurve(c, WOLFSSL_ECC_SECP256R1);
        wolfSSL_CTX_set_session_cache_mode(c, WOLFSSL_SESS_CACHE_OFF);
    }
    wolfSSL_CTX_NoTicketTLSv12(contexts[1]);
    wolfSSL_CTX_set_verify(contexts[0], WOLFSSL_VERIFY_PEER, NULL);
    if (wolfSSL_CTX_load_verify_locations(contexts[0], bench_path(s, "-root.pem"), NULL) != WOLFSSL_SUCCESS ||
        wolfSSL_CTX_use_certificate_chain_file(contexts[1], bench_path(s, "-chain.pem")) != WOLFSSL_SUCCESS ||
        wolfSSL_CTX_use_PrivateKey_file(contexts[1], bench_path(s, "-leaf.key"), WOLFSSL_FILETYPE_PEM) !=
            WOLFSSL_SUCCESS)
        return failed("credentials", 0) == 0;
    return true;
}

struct side *stack_new(bool server)
{
    WOLFSSL *ssl = wolfSSL_new(contexts[server]);
    if (ssl == NULL)
        return NULL;
    wolfSSL_SetIOReadCtx(ssl, server ? contexts : NULL);
    wolfSSL_SetIOWriteCtx(ssl, server ? contexts : NULL);
    if (!server) {
        wolfSSL_UseSNI(ssl, WOLFSSL_SNI_HOST_NAME, BENCH_HOST, (unsigned short)strlen(BENCH_HOST));
        wolfSSL_check_domain_name(ssl, BENCH_HOST);
    }
    return (struct side *)ssl;
}

int stack_handshake(struct side *side)
{
    WOLFSSL *ssl = (WOLFSSL *)side;
    int r = wolfSSL_is_server(ssl) ? wolfSSL_accept(ssl) : wolfSSL_connect(ssl);
    if (r == WOLFSSL_SUCCESS)
        return 1;
    int code = wolfSSL_get_error(ssl, r);
    return code == WOLFSSL_ERROR_WANT_READ ? 0 : failed("handshake", code);
}

bool stack_write(struct side *side, const uint8_t *data, size_t len)
{
    return wolfSSL_write((WOLFSSL *)side, data, (int)len) == (int)len;
}

ptrdiff_t stack_read(struct side *side, uint8_t *out, size_t size)
{
    int r = wolfSSL_read((WOLFSSL *)side, out, (int)size);
    if (r > 0)
        return r;
    int code = wolfSSL_get_error((WOLFSSL *)side, r);
    return code == WOLFSSL_ERROR_WANT_READ ? 0 : failed("read", code);
}

void stack_rest(struct side *side)
{
    (void)side;
}

void stack_free(struct side *side)
{
    wolfSSL_free((WOLFSSL *)side);
}
