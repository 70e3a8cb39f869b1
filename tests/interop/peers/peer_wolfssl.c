/* wolfSSL as a peer, through its own interface. */
#include "peer.h"

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static WOLFSSL_CTX *config;
static struct setup setup;
static WOLFSSL_SESSION *session; /* of a client's last connection, when it resumes */

struct peer {
    WOLFSSL *ssl;
};

static const char *const suites[] = {"AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"};
static const word16 octets[] = {32, 32, 48, 66};
static const word16 curves[] = {WOLFSSL_ECC_X25519, WOLFSSL_ECC_SECP256R1, WOLFSSL_ECC_SECP384R1,
                                WOLFSSL_ECC_SECP521R1};

static const char legacy_rsa[] =
    "DHE-RSA-AES128-SHA:DHE-RSA-AES256-SHA:DHE-RSA-AES128-SHA256:DHE-RSA-AES256-SHA256:DHE-RSA-AES128-GCM-SHA256:"
    "DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA:ECDHE-RSA-AES128-SHA256:"
    "ECDHE-RSA-AES256-SHA384";
static const char legacy_ecdsa[] =
    "ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA384";

static bool failed(const char *what, int code)
{
    char text[120];
    wolfSSL_ERR_error_string_n((unsigned long)code, text, sizeof text);
    return peer_why("%s: %s (%d)", what, text, code);
}

static bool choose_suites(const struct setup *s)
{
    char list[1000] = "";
    const char *kind = strcmp(s->key, "rsa") == 0 ? "RSA" : "ECDSA";
    int suite = peer_index(peer_suites, s->suite);
    if (strncmp(s->suite, "TLS_", 4) == 0)
        snprintf(list, sizeof list, "%s", s->suite);
    else if (peer_manner(s, "legacy", NULL))
        snprintf(list, sizeof list, "%s", kind[0] == 'R' ? legacy_rsa : legacy_ecdsa);
    for (int i = 0; i < 3 && list[0] != 'T' && !peer_manner(s, "legacy", NULL); i++)
        if (suite < 0 || suite == i)
            snprintf(list + strlen(list), sizeof list - strlen(list), "%sECDHE-%s-%s", list[0] != '\0' ? ":" : "", kind,
                     suites[i]);
    return wolfSSL_CTX_set_cipher_list(config, list) == WOLFSSL_SUCCESS || peer_why("no suite %s", list);
}

static bool choose_groups(const struct setup *s)
{
    int r, curve = peer_index(peer_curves, s->curve);
    if (curve < 0) {
        for (int i = 0; i < 4; i++)
            wolfSSL_CTX_UseSupportedCurve(config, curves[i]);
    } else {
        if ((r = wolfSSL_CTX_UseSupportedCurve(config, curves[curve])) != WOLFSSL_SUCCESS)
            return failed("curve", r);
        if (s->own_curve != NULL)
            wolfSSL_CTX_UseSupportedCurve(config, curves[peer_index(peer_curves, s->own_curve)]);
        wolfSSL_CTX_SetTmpEC_DHE_Sz(config, octets[curve]); /* else the smallest is taken */
    }
    if (strcmp(s->manner, "legacy-ffdhe3072") == 0)
        wolfSSL_CTX_UseSupportedCurve(config, WOLFSSL_FFDHE_3072);
    else if (peer_manner(s, "legacy", NULL))
        wolfSSL_CTX_UseSupportedCurve(config, WOLFSSL_FFDHE_2048);
    return true;
}

static bool trust(const char *path, int how)
{
    int r = wolfSSL_CTX_load_verify_locations(config, path, NULL);
    if (r != WOLFSSL_SUCCESS)
        return failed("root certificates", r);
    wolfSSL_CTX_set_verify(config, how, NULL);
    return true;
}

static bool show(const char *certificate, const char *key)
{
    int r = wolfSSL_CTX_use_certificate_chain_file(config, certificate);
    if (r != WOLFSSL_SUCCESS)
        return failed("certificate", r);
    r = wolfSSL_CTX_use_PrivateKey_file(config, key, WOLFSSL_FILETYPE_PEM);
    return r == WOLFSSL_SUCCESS || failed("key", r);
}

/* The server asks its OCSP responder; this one answers from a file. */
static int respond(void *arg, const char *url, int url_len, unsigned char *request, int len, unsigned char **response)
{
    size_t size;
    (void)arg, (void)url, (void)url_len, (void)request, (void)len;
    *response = peer_file(peer_path(&setup, "-staple.der"), &size);
    return (int)size;
}

static void forget(void *arg, unsigned char *response)
{
    (void)arg;
    free(response);
}

/* Its server verifies what it staples, so it needs the issuers. */
static bool staple(const struct setup *s)
{
    int r = wolfSSL_CTX_EnableOCSPStapling(config);
    if (r != WOLFSSL_SUCCESS)
        return failed("stapling", r);
    if (!s->server)
        return wolfSSL_CTX_EnableOCSPMustStaple(config) == WOLFSSL_SUCCESS || peer_why("no must-staple");
    wolfSSL_CTX_EnableOCSP(config, WOLFSSL_OCSP_URL_OVERRIDE);
    wolfSSL_CTX_SetOCSP_OverrideURL(config, "http://127.0.0.1/");
    wolfSSL_CTX_SetOCSP_Cb(config, respond, forget, NULL);
    return trust(peer_path(s, "-root.pem"), WOLFSSL_VERIFY_NONE) && trust(peer_path(s, "-int.pem"), WOLFSSL_VERIFY_NONE);
}

static void choose_resumption(const struct setup *s)
{
    if (strcmp(s->manner, "resume-id") == 0 && s->server)
        wolfSSL_CTX_NoTicketTLSv12(config);
    else if (!s->server && strcmp(s->manner, "resume-ticket") == 0)
        wolfSSL_CTX_UseSessionTicket(config);
}

bool peer_configure(const struct setup *s)
{
    setup = *s;
    wolfSSL_Init();
    config = wolfSSL_CTX_new(s->server ? wolfTLSv1_2_server_method() : wolfTLSv1_2_client_method());
    if (!choose_suites(s) || !choose_groups(s))
        return false;
    if (peer_manner(s, "legacy", NULL))
        wolfSSL_CTX_AllowEncryptThenMac(config, strcmp(s->manner, "legacy-no-etm") != 0);
    choose_resumption(s);
    if (peer_manner(s, "staple", NULL) && !staple(s))
        return false;
    if (!s->server)
        return trust(peer_path(s, "-root.pem"), WOLFSSL_VERIFY_PEER) &&
               (!peer_manner(s, "auth", NULL) ||
                show(peer_client_path(s, "-client-chain.pem"), peer_client_path(s, "-client.key")));
    if (peer_manner(s, "auth", NULL) && !trust(peer_all(s), WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT))
        return false;
    return show(peer_path(s, "-chain.pem"), peer_path(s, ".key"));
}

struct peer *peer_open(int fd)
{
    struct peer *p = calloc(1, sizeof *p);
    p->ssl = wolfSSL_new(config);
    wolfSSL_set_fd(p->ssl, fd);
    wolfSSL_KeepArrays(p->ssl);
    if (!wolfSSL_is_server(p->ssl)) {
        wolfSSL_UseSNI(p->ssl, WOLFSSL_SNI_HOST_NAME, PEER_HOST, (unsigned short)strlen(PEER_HOST));
        wolfSSL_check_domain_name(p->ssl, PEER_HOST);
        if (peer_manner(&setup, "staple", NULL))
            wolfSSL_UseOCSPStapling(p->ssl, WOLFSSL_CSR_OCSP, 0);
        if (session != NULL)
            wolfSSL_set_session(p->ssl, session);
    }
    int r = wolfSSL_is_server(p->ssl) ? wolfSSL_accept(p->ssl) : wolfSSL_connect(p->ssl);
    if (r == WOLFSSL_SUCCESS)
        return p;
    int code = wolfSSL_get_error(p->ssl, r);
    failed(code == BAD_CERTIFICATE_STATUS_ERROR ? "staple" : "handshake", code);
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

bool peer_export(struct peer *p, uint8_t out[PEER_EXPORT])
{
    int r = wolfSSL_export_keying_material(p->ssl, out, PEER_EXPORT, PEER_LABEL, strlen(PEER_LABEL), NULL, 0, 0);
    return r == WOLFSSL_SUCCESS || failed("export", wolfSSL_get_error(p->ssl, r));
}

void peer_close(struct peer *p)
{
    if (peer_manner(&setup, "resume", NULL) && !setup.server) {
        wolfSSL_SESSION_free(session);
        session = wolfSSL_get1_session(p->ssl);
    }
    wolfSSL_shutdown(p->ssl);
    wolfSSL_free(p->ssl);
    free(p);
}
