/* tls/status.c: what is known about a certificate beside the chain: the OCSP response that a server staples, asked for with
   status_request (RFC 6066 8), timestamps of logs (RFC 6962 3.3.1), and revocation lists given to a config. All end up in the request to the verifier, which
   judges them with the chain (x509/revocation.c); a certificate that promises a staple is held to it there (RFC 7633).

   Not here: status_request_v2 (RFC 6961). It is recognised, for whoever reads a ClientHello, and never answered. */
#include "tls/handshake.h"
#include "x509/crl.h"
#include "x509/sct.h"

enum { STATUS_OCSP = 1, MOST_RESPONSE = 0xffffff, MOST_LIST = 16000 };

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

/* Item n of what goes with credentials. */
static bool beside(fede_config *config, struct shelf **shelf, size_t n, bytes value, size_t most)
{
    if (!config_changeable(config))
        return false;
    if (n >= config->n_credentials || value.len > most)
        return config_refuse(config, FEDE_CONFIG_BAD_VALUE, (int64_t)n, 0,
                             "there is no credential with that number, or this is too long for it");
    struct shelf *made = shelf_put(&config->allocator, *shelf, n, value);
    if (made == NULL)
        return config_refuse(config, FEDE_OUT_OF_MEMORY, 0, 0, NULL);
    shelf_free(*shelf);
    *shelf = made;
    return true;
}

bool fede_config_staple(fede_config *config, size_t n, fede_bytes response)
{
    return beside(config, &config->staples, n, response, MOST_RESPONSE);
}

bool fede_config_sct_list(fede_config *config, size_t n, fede_bytes list)
{
    if (list.len > 0 && (list.len < 3 || load16(list.data) != list.len - 2) && config_changeable(config))
        return config_refuse(config, FEDE_CONFIG_BAD_VALUE, (int64_t)list.len, 0,
                             "a SignedCertificateTimestampList begins with its length");
    return beside(config, &config->sct_lists, n, list, MOST_LIST);
}

bool fede_config_scts(fede_config *config, bool ask)
{
    if (!config_changeable(config))
        return false;
    config->scts = ask;
    return true;
}

bool fede_config_ct_logs(fede_config *config, fede_ct_logs *logs)
{
    if (!config_changeable(config))
        return false;
    ct_logs_hold(logs);
    fede_ct_logs_free(config->ct_logs);
    config->ct_logs = logs;
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
    if (hs->conn->config->scts)
        e->present |= 1u << HAS_SCT;
    if (!hs->conn->config->status_request)
        return;
    e->present |= 1u << HAS_STATUS_REQUEST;
    e->status_type = STATUS_OCSP;
}

enum outcome status_accept(struct handshake *hs, const struct extensions *e)
{
    if (ext_has(e, HAS_STATUS_REQUEST))
        hs->facts |= FACT_STAPLE;
    if (!ext_has(e, HAS_SCT))
        return DONE;
    uint8_t *list = arena_take(&hs->arena, 2 + e->sct.len);
    if (list == NULL)
        return handshake_no_memory(hs);
    store16(list, (uint16_t)e->sct.len);
    bytes_copy(list + 2, e->sct.data, e->sct.len);
    hs->scts = bytes_of(list, 2 + e->sct.len);
    return DONE;
}

fede_bytes fede_conn_scts(const fede_conn *conn)
{
    const struct handshake *hs = conn->handshake;
    return hs != NULL && conn->role == FEDE_CLIENT ? hs->scts : BYTES_NONE;
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
    const bool client = handshake_is_client(hs); /* what a server holds is about its own chain, not about the client's */
    request->staple = !client ? BYTES_NONE : hs->fetched.len > 0 ? hs->fetched : hs->staple;
    request->staple_asked = client && config->status_request;
    request->revocation = config->revocation;
    request->ct_logs = config->ct_logs;
    request->scts = client ? hs->scts : BYTES_NONE;
    request->crls = shelf_all(config->crls);
    request->n_crls = shelf_count(config->crls);
}

/* ---- A server answers when it was asked in the one way there is and has a response for the chosen credential. */

void status_choose(struct handshake *hs)
{
    const struct fede_config *config = hs->conn->config;
    const struct extensions *e = &hs->offer.extensions;
    bool staples = ext_has(e, HAS_STATUS_REQUEST) && e->status_type == STATUS_OCSP;
    if (hs->facts & FACT_RESUMED)
        return;
    for (size_t i = 0; i < config->n_credentials; i++)
        if (config->credentials[i] == hs->credential) {
            hs->staple = staples ? shelf_at(config->staples, i) : BYTES_NONE;
            hs->scts = ext_has(e, HAS_SCT) ? shelf_at(config->sct_lists, i) : BYTES_NONE;
        }
    if (hs->staple.len > 0)
        hs->facts |= FACT_STAPLE;
}

void status_answer(const struct handshake *hs, struct extensions *e)
{
    if (hs->facts & FACT_STAPLE)
        e->present |= 1u << HAS_STATUS_REQUEST;
    if (hs->scts.len > 0) {
        e->present |= 1u << HAS_SCT;
        e->sct = bytes_skip(hs->scts, 2);
    }
}

enum written write_certificate_status(struct handshake *hs, size_t *room)
{
    hs->msg.certificate_status = (struct certificate_status){.type = STATUS_OCSP, .response = hs->staple};
    *room = 4 + hs->staple.len;
    return WRITTEN;
}
