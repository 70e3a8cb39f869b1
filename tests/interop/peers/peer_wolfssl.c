/* wolfSSL as a peer, through its own interface. */
#include "peer.h"

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static WOLFSSL_CTX *config;

struct peer {
    WOLFSSL *ssl;
};

static const char *const suites[] = {"AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"};
static const word16 octets[] = {32, 32, 48, 66};
static const word16 curves[] = {WOLFSSL_ECC_X25519, WOLFSSL_ECC_SECP256R1, WOLFSSL_ECC_SECP384R1,
                                WOLFSSL_ECC_SECP521R1};

static bool failed(const char *what, int code)
{
    char text[120];
    wolfSSL_ERR_error_string_n((unsigned long)code, text, sizeof text);
    return peer_why("%s: %s (%d)", what, text, code);
}

bool peer_configure(const struct setup *s)
{
    char list[200] = "";
    const char *kind = strcmp(s->key, "rsa") == 0 ? "RSA" : "ECDSA";
    int r, suite = peer_index(peer_suites, s->suite);
    wolfSSL_Init();
    config = wolfSSL_CTX_new(s->server ? wolfTLSv1_2_server_method() : wolfTLSv1_2_client_method());
    for (int i = 0; i < 3; i++)
        if (suite < 0 || suite == i)
            snprintf(list + strlen(list), sizeof list - strlen(list), "%sECDHE-%s-%s", list[0] != '\0' ? ":" : "", kind,
                     suites[i]);
    if (wolfSSL_CTX_set_cipher_list(config, list) != WOLFSSL_SUCCESS)
        return peer_why("no suite %s", list);
    if ((r = wolfSSL_CTX_UseSupportedCurve(config, curves[peer_index(peer_curves, s->curve)])) != WOLFSSL_SUCCESS)
        return failed("curve", r);
    if (s->own_curve != NULL)
        wolfSSL_CTX_UseSupportedCurve(config, curves[peer_index(peer_curves, s->own_curve)]);
    wolfSSL_CTX_SetTmpEC_DHE_Sz(config, octets[peer_index(peer_curves, s->curve)]); /* else the smallest is taken */
    if (!s->server) {
        if ((r = wolfSSL_CTX_load_verify_locations(config, peer_path(s, "-root.pem"), NULL)) != WOLFSSL_SUCCESS)
            return failed("root certificate", r);
        wolfSSL_CTX_set_verify(config, WOLFSSL_VERIFY_PEER, NULL);
        return true;
    }
    if ((r = wolfSSL_CTX_use_certificate_chain_file(config, peer_path(s, "-chain.pem"))) != WOLFSSL_SUCCESS)
        return failed("certificate", r);
    if ((r = wolfSSL_CTX_use_PrivateKey_file(config, peer_path(s, ".key"), WOLFSSL_FILETYPE_PEM)) != WOLFSSL_SUCCESS)
        return failed("key", r);
    return true;
}

struct peer *peer_open(int fd)
{
    struct peer *p = calloc(1, sizeof *p);
    p->ssl = wolfSSL_new(config);
    wolfSSL_set_fd(p->ssl, fd);
    if (!wolfSSL_is_server(p->ssl)) {
        wolfSSL_UseSNI(p->ssl, WOLFSSL_SNI_HOST_NAME, PEER_HOST, (unsigned short)strlen(PEER_HOST));
        wolfSSL_check_domain_name(p->ssl, PEER_HOST);
    }
    int r = wolfSSL_is_server(p->ssl) ? wolfSSL_accept(p->ssl) : wolfSSL_connect(p->ssl);
    if (r == WOLFSSL_SUCCESS)
        return p;
    failed("handshake", wolfSSL_get_error(p->ssl, r));
    return NULL;
}

ptrdiff_t peer_read(struct peer *p, uint8_t *out, size_t size)
{
    int r = wolfSSL_read(p->ssl, out, (int)size);
    if (r > 0)
        return r;
    int code = wolfSSL_get_error(p->ssl, r);
    return code == WOLFSSL_ERROR_ZERO_RETURN ? 0 : (failed("read", code), -1);
}

bool peer_write(struct peer *p, const uint8_t *data, size_t len)
{
    int r = wolfSSL_write(p->ssl, data, (int)len);
    return r == (int)len || failed("write", wolfSSL_get_error(p->ssl, r));
}

void peer_close(struct peer *p)
{
    wolfSSL_shutdown(p->ssl);
    wolfSSL_free(p->ssl);
    free(p);
}
