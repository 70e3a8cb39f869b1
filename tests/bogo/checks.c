/* bogo/checks.c: what must hold after a handshake and at the end, and what is kept of the trace for that. */
#include "shim.h"

enum { HANDSHAKE_TICKET = 4 };

static bool wrong(const char *what)
{
    fprintf(stderr, "unexpected: %s\n", what);
    return false;
}

/* ---- The trace. */

static void note(struct run *run, const char *line)
{
    size_t len = strlen(line);
    if (run->messages_len + len < sizeof run->messages) {
        memcpy(run->messages + run->messages_len, line, len + 1);
        run->messages_len += len;
    }
}

void checks_trace(void *arg, const fede_event *event)
{
    struct run *run = arg;
    char line[32] = "";
    const char *way = event->ours ? "write" : "read";
    if (event->kind == FEDE_EVENT_RECORD && !event->ours && event->bytes.len > 0 && event->bytes.data[0] & 0x80)
        snprintf(line, sizeof line, "%s v2clienthello\n", way), run->ssl2_hello = true;
    else if (event->kind == FEDE_EVENT_MESSAGE && !event->ours && run->ssl2_hello)
        run->ssl2_hello = false; /* the ClientHello that it stands for */
    else if (event->kind == FEDE_EVENT_MESSAGE)
        snprintf(line, sizeof line, "%s hs %u\n", way, event->what);
    else if (event->kind == FEDE_EVENT_CCS)
        snprintf(line, sizeof line, "%s ccs\n", way);
    else if (event->kind == FEDE_EVENT_ALERT)
        snprintf(line, sizeof line, "%s alert %u %u\n", way, (unsigned)event->number, event->what);
    else if (event->kind == FEDE_EVENT_CHOICE && strcmp(event->label, "resumption") == 0) {
        run->why_not_resumed_len = event->bytes.len < sizeof run->why_not_resumed ? event->bytes.len : 0;
        if (run->why_not_resumed_len > 0)
            memcpy(run->why_not_resumed, event->bytes.data, run->why_not_resumed_len);
        return;
    } else
        return;
    note(run, line);
    if (event->kind != FEDE_EVENT_MESSAGE)
        return;
    run->got_ticket |= event->what == HANDSHAKE_TICKET && !event->ours;
}

/* ---- After the handshake. */

static bool same_text(const char *wanted, const char *got)
{
    return wanted == NULL || (got != NULL && strcmp(wanted, got) == 0);
}

static bool check_session(const struct run *run, const fede_info *info)
{
    const struct options *o = run->options;
    bool session = fede_conn_session(run->conn).len > 0;
    if (info->resumed != (run->resuming && !o->expect_session_miss)) {
        fprintf(stderr, "the session was %sresumed: %.*s\n", info->resumed ? "" : "not ", (int)run->why_not_resumed_len,
                run->why_not_resumed);
        return false;
    }
    if (!o->server && !info->resumed && session == o->expect_no_session)
        return wrong(session ? "there is a session" : "there is no session");
    if (!o->server && info->resumed && run->got_ticket != o->expect_ticket_renewal)
        return wrong(run->got_ticket ? "the ticket was renewed" : "the ticket was not renewed");
    bool id = fede_conn_session_id(run->conn).len > 0;
    if (!run->resuming && ((o->expect_session_id && !id) || (o->expect_no_session_id && id)))
        return wrong(id ? "there is a session id" : "there is no session id");
    return true;
}

static bool check_choices(const struct run *run, const fede_info *info)
{
    const struct options *o = run->options;
    const char *alpn = o->server ? o->select_alpn : o->expect_alpn;
    size_t alpn_len = alpn != NULL ? strlen(alpn) : 0;
    if (o->expect_accept_early_data ||
        !same_text(o->expect_early_data_reason, "protocol_version")) /* the only one there is before TLS 1.3 */
        return wrong("early data");
    if (o->expect_version != 0 && o->expect_version != info->version)
        return wrong("version");
    if (o->expect_cipher != 0 && o->expect_cipher != info->suite)
        return wrong("suite");
    if (o->expect_curve_id != 0 && o->expect_curve_id != info->group)
        return wrong("group");
    if (o->expect_peer_signature_algorithm != 0 &&
        o->expect_peer_signature_algorithm != (o->server ? info->client_scheme : info->scheme))
        return wrong("the peer's signature scheme");
    if (!same_text(o->expect_server_name, info->server_name))
        return wrong("server name");
    if (info->alpn.len != alpn_len || (alpn_len > 0 && memcmp(info->alpn.data, alpn, alpn_len) != 0))
        return wrong("application protocol");
    if (o->expect_extended_master_secret && !info->extended_master_secret)
        return wrong("no extended master secret");
    if (o->expect_secure_renegotiation != info->secure_renegotiation &&
        (o->expect_secure_renegotiation || o->expect_no_secure_renegotiation))
        return wrong("secure renegotiation");
    return true;
}

/* ---- Who is there. */

static bool same_certificate(fede_bytes got, fede_bytes wanted)
{
    return got.len > 0 && got.len == wanted.len && memcmp(got.data, wanted.data, got.len) == 0;
}

/* The chain of a PEM file, read by the library: as a trust store it takes any certificate. */
static bool check_peer_chain(const struct run *run)
{
    const char *path = run->options->expect_peer_cert_file;
    fede_trust *chain = path != NULL ? fede_trust_new() : NULL;
    size_t n = 0;
    bool good = path == NULL || (chain != NULL && fede_trust_file(chain, path) > 0);
    for (; good && path != NULL && fede_trust_at(chain, n).len > 0; n++)
        good = same_certificate(fede_peer_certificate(run->conn, n), fede_trust_at(chain, n));
    if (path != NULL && fede_peer_certificate(run->conn, n).len > 0)
        good = false;
    fede_trust_free(chain);
    return good || wrong("the peer's certificates");
}

/* By the leaf: the runner's credentials differ in it wherever it asks. */
static int credential_shown(const struct run *run)
{
    fede_bytes own = fede_own_certificate(run->conn, 0);
    for (size_t i = 0; i < run->options->n_credentials; i++)
        if (same_certificate(own, fede_config_certificate(run->config, i, 0)))
            return (int)i;
    return -1;
}

static bool check_people(struct run *run, const fede_info *info)
{
    const struct options *o = run->options;
    if (o->expect_selected_credential != -2 && o->expect_selected_credential != credential_shown(run))
        return wrong("another credential");
    if (o->server && o->require_any_client_certificate && fede_peer_certificate(run->conn, 0).len == 0)
        return wrong("no client certificate");
    if (o->expect_verify_result && run->refused_chain != o->verify_fail && !info->resumed)
        return wrong("the verdict on the chain");
    return check_peer_chain(run);
}

bool checks_after_handshake(struct run *run)
{
    fede_info info;
    fede_conn_info(run->conn, &info);
    return info.established && check_session(run, &info) && check_choices(run, &info) && check_people(run, &info);
}

/* ---- At the end. */

bool checks_at_end(struct run *run)
{
    const struct options *o = run->options;
    fede_info info;
    fede_conn_info(run->conn, &info);
    if (info.renegotiations != o->expect_total_renegotiations)
        return wrong("number of renegotiations");
    if (o->expect_msg_callback != NULL && strcmp(o->expect_msg_callback, run->messages) != 0) {
        fprintf(stderr, "messages wanted:\n%sseen:\n%s", o->expect_msg_callback, run->messages);
        return false;
    }
    return true;
}
