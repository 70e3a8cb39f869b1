/* tls/status.c: what is known about a certificate beside the chain: the OCSP response that a server staples, asked for with
   status_request (RFC 6066 8), and revocation lists given to a config. Both end up in the request to the verifier, which
   judges them with the chain (x509/revocation.c); a certificate that promises a staple is held to it there (RFC 7633).

   Not here: status_request_v2 (RFC 6961). It is recognised, for whoever reads a ClientHello, and never answered. */
#include "tls/handshake.h"
#include "x509/crl.h"

enum { STATUS_OCSP = 1, MOST_RESPONSE = 0xffffff };

static bool add_list(fede_config *config, bytes der);

/* ---- Settings. */

bool fede_config_status_request(fede_config *config, bool on)
{
    if (!config_changeable(config))
        return false;
    config->status_request = on;
    return true;
}

bool fede_config_revocation(fede_config *config, fede_revocation unknown)
{
    if (!config_changeable(config))
        return false;
    if ((unsigned)unknown > FEDE_REVOCATION_LEAF)
        return config_refuse(config, FEDE_CONFIG_BAD_VALUE, unknown, 0, "a use of revocation that does not exist");
    config->revocation = unknown;
    return true;
}

bool fede_config_staple(fede_config *config, size_t n, fede_bytes response)
{
    if (!config_changeable(config))
        return false;
    if (n >= config->n_credentials || response.len > MOST_RESPONSE)
        return config_refuse(config, FEDE_CONFIG_BAD_VALUE, (int64_t)n, 0,
                             "a staple needs its credential, and is shorter than 16 MB");
    struct shelf *shelf = shelf_put(&config->allocator, config->staples, n, response);
    if (shelf == NULL)
        return config_refuse(config, FEDE_OUT_OF_MEMORY, 0, 0, NULL);
    shelf_free(config->staples);
    config->staples = shelf;
    return true;
}

bool fede_config_crls(fede_config *config, fede_bytes lists)
{
    if (!config_changeable(config))
        return false;
    if (lists.len > 0 && lists.data[0] == 0x30)
        return add_list(config, lists);
    struct arena arena;
    bytes der;
    size_t n = 0;
    bool good = true;
    arena_start(&arena, &config->allocator, 2 * lists.len + 1024);
    for (bytes rest = lists; good && pem_next(&rest, "X509 CRL", &arena, &der); n++)
        good = add_list(config, der);
    bool over = arena.over;
    arena_end(&arena);
    if (good && over)
        return config_refuse(config, FEDE_OUT_OF_MEMORY, 0, 0, NULL);
    return good && (n > 0 || config_refuse(config, FEDE_CRL_UNREADABLE, 0, 0, "it is neither DER nor PEM with a list"));
}

static bool add_list(fede_config *config, bytes der)
{
    struct crl crl;
    fede_error error = {0};
    if (!crl_read(der, &crl, &error))
        return config_refuse(config, FEDE_CRL_UNREADABLE, 0, 0, error.detail != NULL ? error.detail : error.where);
    struct shelf *shelf = shelf_put(&config->allocator, config->crls, shelf_count(config->crls), der);
    if (shelf == NULL)
        return config_refuse(config, FEDE_OUT_OF_MEMORY, 0, 0, NULL);
    shelf_free(config->crls);
    config->crls = shelf;
    return true;
}

/* ---- A client asks, and sees whether it will be answered. */

/* With neither responders nor extensions: whatever the server has will do. */
void status_offer(const struct handshake *hs, struct extensions *e)
{
    if (!hs->conn->config->status_request)
        return;
    e->present |= 1u << HAS_STATUS_REQUEST;
    e->status_type = STATUS_OCSP;
}

void status_accept(struct handshake *hs, const struct extensions *e)
{
    if (ext_has(e, HAS_STATUS_REQUEST))
        hs->facts |= FACT_STAPLE;
}

enum outcome read_certificate_status(struct handshake *hs)
{
    const struct certificate_status *m = &hs->msg.certificate_status;
    if (m->type != STATUS_OCSP)
        return handshake_fail_detail(hs, FEDE_FIELD_VALUE, "status_type", m->type, MSG_CERTIFICATE_STATUS,
                                     "status_type is not the one asked for, ocsp");
    hs->staple = arena_copy(&hs->arena, m->response);
    return hs->staple.data != NULL ? DONE : handshake_no_memory(hs);
}

/* What the verifier is to know. */
void status_ask(const struct handshake *hs, struct verify_request *request)
{
    const struct fede_config *config = hs->conn->config;
    request->staple = hs->staple;
    request->staple_asked = handshake_is_client(hs) && config->status_request;
    request->revocation = config->revocation;
    request->crls = shelf_all(config->crls);
    request->n_crls = shelf_count(config->crls);
}

/* ---- A server answers when it was asked in the one way there is and has a response for the chosen credential. */

void status_choose(struct handshake *hs)
{
    const struct fede_config *config = hs->conn->config;
    const struct extensions *e = &hs->offer.extensions;
    if (hs->facts & FACT_RESUMED || !ext_has(e, HAS_STATUS_REQUEST) || e->status_type != STATUS_OCSP)
        return;
    for (size_t i = 0; i < config->n_credentials; i++)
        if (config->credentials[i] == hs->credential)
            hs->staple = shelf_at(config->staples, i);
    if (hs->staple.len > 0)
        hs->facts |= FACT_STAPLE;
}

void status_answer(const struct handshake *hs, struct extensions *e)
{
    if (hs->facts & FACT_STAPLE)
        e->present |= 1u << HAS_STATUS_REQUEST;
}

enum written write_certificate_status(struct handshake *hs, size_t *room)
{
    hs->msg.certificate_status = (struct certificate_status){.type = STATUS_OCSP, .response = hs->staple};
    *room = 4 + hs->staple.len;
    return WRITTEN;
}
