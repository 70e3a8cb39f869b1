/* cli/connect_tls.c: the TLS part of `fede connect`: a configuration from the settings, the handshake, the trace.

   The certificate is verified unless -k was given, and -k says so loudly. The key log (SSLKEYLOGFILE, --keylog) is written
   from the trace's secrets; the story recomputes with them, and shows them only with --show-secrets. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/connect.h"
#include "cli/trust.h"

enum { SESSION_MOST = 1 << 17, LISTS_MOST = 1 << 28 };

static bool set_trust(struct client *client);
static bool set_negotiation(struct client *client);
static bool set_status(struct client *client);
static bool set_logs(struct client *client);
static bool set_key_log(struct client *client);
static bool set_sessions(struct client *client);
static void offer_session(struct client *client);
static bool keep_session(struct client *client);
static bool write_session(struct client *client);
static void forget_session(struct client *client);
static int64_t judged_time(void *arg);
static uint64_t ticks(void *arg);
static void hear(void *arg, const fede_event *event);
static void note_verdict(struct client *client, const fede_event *event);
static void show_certificates(struct client *client);
static void write_key_log(struct client *client, const fede_event *event);
static void take_facts(struct client *client);

bool tls_prepare(struct client *client, const char *host)
{
    const struct connect_settings *set = &client->set;
    fede_config *config = client->config = fede_config_new();

    if (!config) {
        snprintf(client->detail, sizeof client->detail, "it does not start, or there is no memory");
        return client_fail(client, FEDE_CRYPTO_FAILED, FEDE_ORIGIN_INTERNAL, 0, 0);
    }
    if (!fede_config_clock(config, judged_time, ticks, client) || !fede_config_read_ahead(config, true) ||
        !fede_config_handshake_limits(config, 0, UINT32_MAX) || /* --connect-timeout has an alarm of its own */
        !fede_config_trace(config, hear, client))
        return tls_refused(client);
    if (set->no_ems && !fede_config_extended_master_secret(config, FEDE_EMS_OFF))
        return tls_refused(client);
    if (set->max_fragment && !fede_config_max_fragment(config, (size_t)set->max_fragment))
        return tls_refused(client);
    if ((set->record_limit && !fede_config_record_size_limit(config, (size_t)set->record_limit)) ||
        (set->fragment_length && !fede_config_max_fragment_length(config, (size_t)set->fragment_length)))
        return tls_refused(client);
    /* The story recomputes Finished with them; it shows them only when asked (--show-secrets). */
    if (!fede_config_reveal_secrets(config))
        return tls_refused(client);
    if (set->false_start && !fede_config_false_start(config, true))
        return tls_refused(client);
    if (!legacy_apply(&set->legacy, config, host)) /* not for those it may be sent on to */
        return tls_refused(client);
    return set_trust(client) && set_status(client) && set_negotiation(client) && set_key_log(client) &&
           set_sessions(client) && auth_prepare(client);
}

static bool set_trust(struct client *client)
{
    const struct connect_settings *set = &client->set;
    fede_config *config = client->config;

    for (size_t i = 0; i < set->n_anchor_files; i++) {
        if (!fede_config_trust_file(config, set->anchor_files[i]))
            return tls_refused(client);
    }
    for (size_t i = 0; i < set->n_anchor_directories; i++) {
        if (!fede_config_trust_directory(config, set->anchor_directories[i]))
            return tls_refused(client);
    }
    bool own = set->n_anchor_files || set->n_anchor_directories;
    if (set->insecure) {
        report_note(
            client->report, 1,
            "WARNING: -k: the server's identity is NOT verified. Whoever is on the way can read and alter everything.");
        if (!fede_config_unauthenticated_encryption(config))
            return tls_refused(client);
    }
    /* With -k the chain is still judged, so the anchors are wanted; but their absence is then no obstacle. */
    if (!own && !set->insecure && !fede_config_trust_system(config))
        return tls_refused(client);
    if (!own && set->insecure) {
        fede_config *with = fede_config_derive(config);
        if (with && fede_config_trust_system(with)) {
            fede_config_free(config);
            client->config = with;
        } else {
            fede_config_free(with);
        }
    }
    return true;
}

static bool set_logs(struct client *client)
{
    struct text why = text_in(client->detail, sizeof client->detail);
    if (client->set.ct_logs == NULL)
        return true;
    fede_ct_logs *logs = trust_logs(client->set.ct_logs, &why);
    if (logs == NULL)
        return client_fail(client, FEDE_INPUT_FAILED, FEDE_ORIGIN_CALLER, 0, 0);
    bool taken = fede_config_ct_logs(client->config, logs);
    fede_ct_logs_free(logs);
    return taken || tls_refused(client);
}

/* Revocation: by a staple, by lists. */
static bool set_status(struct client *client)
{
    const struct connect_settings *set = &client->set;
    fede_config *config = client->config;

    bool asks = set->ocsp && set->revocation == FEDE_REVOCATION_IF_GIVEN;
    if (!fede_config_status_request(config, set->status) ||
        !fede_config_revocation(config, asks ? FEDE_REVOCATION_LEAF : set->revocation) ||
        (set->ocsp && !fede_config_ask(config, FEDE_ASK_VERDICT)))
        return tls_refused(client);
    if (!fede_config_scts(config, set->scts) || !set_logs(client))
        return false;
    for (size_t i = 0; i < set->n_crl_files; i++) {
        struct text why = text_in(client->detail, sizeof client->detail);
        size_t len = 0;
        char *lists = value_file(set->crl_files[i], LISTS_MOST, &len, &why);
        if (!lists)
            return client_fail(client, FEDE_INPUT_FAILED, FEDE_ORIGIN_CALLER, 0, 0);
        bool taken = fede_config_crls(config, (fede_bytes){(const uint8_t *)lists, len});
        free(lists);
        if (!taken)
            return tls_refused(client);
    }
    return true;
}

static bool set_negotiation(struct client *client)
{
    static const char *const both[] = {"h2", "http/1.1"};
    const struct connect_settings *set = &client->set;
    fede_config *config = client->config;

    if (set->suites.n && !fede_config_suites(config, set->suites.ids, set->suites.n))
        return tls_refused(client);
    if (set->groups.n && !fede_config_groups(config, set->groups.ids, set->groups.n))
        return tls_refused(client);
    if (set->schemes.n && !fede_config_schemes(config, set->schemes.ids, set->schemes.n))
        return tls_refused(client);
    if (set->no_alpn)
        return true;
    if (set->n_alpn)
        return fede_config_alpn(config, set->alpn, set->n_alpn) || tls_refused(client);
    if (!set->wants_http)
        return true;
    return fede_config_alpn(config, both + set->http1, set->http1 ? 1 : 2) || tls_refused(client);
}

/* --keylog, else SSLKEYLOGFILE, which is told because it comes from outside the command line, and is no obstacle when it can't be
   written. */
static bool set_key_log(struct client *client)
{
    const char *variable = getenv("SSLKEYLOGFILE"), *path = client->set.keylog;
    bool given = path != NULL;
    char line[1300];

    if (!given && variable && *variable)
        path = variable;
    if (!path)
        return true;
    int number = key_out_open(&client->keylog, path);
    if (number && given) {
        struct text t = text_in(client->detail, sizeof client->detail);
        text_format(&t, "the key log %.1000s: %s", path, strerror(number));
        return client_fail(client, FEDE_OUTPUT_FAILED, FEDE_ORIGIN_CALLER, number, 0);
    }
    snprintf(line, sizeof line, "SSLKEYLOGFILE is set: the secrets of this connection %s %.1000s%s%s",
             number ? "can't be appended to" : "are appended to", path, number ? ": " : "",
             number ? strerror(number) : "");
    if (!given)
        report_note(client->report, 1, line);
    return true;
}

static bool set_sessions(struct client *client)
{
    const struct connect_settings *set = &client->set;
    struct text why = text_in(client->detail, sizeof client->detail);

    if (!set->session_in && !set->session_out && !set->reconnects)
        return true;
    if (!fede_config_sessions(client->config, true) || (set->no_ticket && !fede_config_tickets(client->config, 0)))
        return tls_refused(client);
    if (!set->session_in)
        return true;
    client->session = (uint8_t *)value_file(set->session_in, SESSION_MOST, &client->session_len, &why);
    return client->session || client_fail(client, FEDE_INPUT_FAILED, FEDE_ORIGIN_CALLER, 0, 0);
}

bool tls_refused(struct client *client)
{
    const fede_error *error = fede_config_error(client->config);

    return error ? client_failed(client, error) : client_fail(client, FEDE_OUT_OF_MEMORY, FEDE_ORIGIN_INTERNAL, 0, 0);
}

static int64_t judged_time(void *arg)
{
    const struct client *client = arg;

    return client->set.at_time == INT64_MIN ? clock_wall(NULL) : client->set.at_time;
}

static uint64_t ticks(void *arg)
{
    (void)arg;
    return clock_ticks(NULL);
}

/* ---- The handshake ------------------------------------------------------------------------------------------------ */

bool tls_start(struct client *client, const struct url *url)
{
    const struct connect_settings *set = &client->set;
    fede_conn *conn = fede_client_new(client->config, url->host);

    if (!conn)
        return client_fail(client, FEDE_OUT_OF_MEMORY, FEDE_ORIGIN_INTERNAL, 0, 0);
    client->trace = (struct client_trace){.conn = conn};
    client->facts.tls = true;
    if (set->server_name || set->no_server_name)
        fede_conn_server_name(conn, set->server_name);
    if (set->verify_name)
        fede_conn_verify_name(conn, set->verify_name);
    if (fede_conn_error(conn)) {
        client_failed(client, fede_conn_error(conn));
        client->trace.conn = NULL;
        fede_conn_free(conn);
        return false;
    }
    if (set->renegotiations)
        fede_conn_allow_renegotiation(conn, (unsigned)set->renegotiations);
    offer_session(client);
    client->channel.decide = connect_decide;
    client->channel.decider = client;
    if (!channel_secure(&client->channel, conn) || !channel_handshake(&client->channel)) {
        take_facts(client);
        return client_failed(client, channel_error(&client->channel));
    }
    take_facts(client);
    auth_export(client);
    return keep_session(client);
}

/* ---- Sessions ----------------------------------------------------------------------------------------------------- */

static void offer_session(struct client *client)
{
    if (client->session && !fede_conn_resume(client->trace.conn, (fede_bytes){client->session, client->session_len}))
        report_note(client->report, 1, "--sess-in: the file holds no session of this version of fede, or is damaged");
}

/* What this connection leaves takes the place of what was there before. */
static bool keep_session(struct client *client)
{
    fede_bytes session = fede_conn_session(client->trace.conn);
    const struct connect_settings *set = &client->set;

    if (!set->session_in && !set->session_out && !set->reconnects)
        return true;
    if (!session.len) {
        report_note(client->report, 1, "The server gave nothing by which this session could be resumed");
        return true;
    }
    uint8_t *copy = malloc(session.len);
    if (!copy)
        return client_fail(client, FEDE_OUT_OF_MEMORY, FEDE_ORIGIN_INTERNAL, 0, 0);
    forget_session(client);
    bytes_copy(copy, session.data, session.len);
    client->session = copy;
    client->session_len = session.len;
    return !set->session_out || write_session(client);
}

/* For its owner's eyes only, also where a file was already there; whole or not at all. */
static bool write_session(struct client *client)
{
    char path[1100];
    struct text why = text_in(client->detail, sizeof client->detail);

    snprintf(path, sizeof path, "%.1024s.XXXXXX", client->set.session_out);
    int fd = mkstemp(path); /* 0600 */
    bool good = fd >= 0 && write(fd, client->session, client->session_len) == (ssize_t)client->session_len;
    good = fd >= 0 && close(fd) == 0 && good && rename(path, client->set.session_out) == 0;
    if (good)
        return true;
    text_format(&why, "the session file %.1000s: %s", client->set.session_out, strerror(errno));
    if (fd >= 0)
        unlink(path);
    return client_fail(client, FEDE_OUTPUT_FAILED, FEDE_ORIGIN_CALLER, errno, 0);
}

static void forget_session(struct client *client)
{
    if (client->session)
        bytes_wipe(client->session, client->session_len);
    free(client->session);
    client->session = NULL;
    client->session_len = 0;
}

void tls_finish(struct client *client)
{
    forget_session(client);
    key_out_close(&client->keylog);
    fede_config_free(client->config);
    client->config = NULL;
    auth_finish(client);
}

static void take_facts(struct client *client)
{
    struct facts *facts = &client->facts;
    fede_info info;

    fede_conn_info(client->trace.conn, &info);
    facts->verified = info.verified;
    if (info.version)
        snprintf(facts->version, sizeof facts->version, "%s", info.version == FEDE_TLS12 ? "TLSv1.2" : "TLSv1.3");
    snprintf(facts->suite, sizeof facts->suite, "%s",
             info.suite && fede_suite_name(info.suite) ? fede_suite_name(info.suite) : "");
    snprintf(facts->group, sizeof facts->group, "%s",
             info.group && fede_group_name(info.group) ? fede_group_name(info.group) : "");
    snprintf(facts->scheme, sizeof facts->scheme, "%s",
             info.scheme && fede_scheme_name(info.scheme) ? fede_scheme_name(info.scheme) : "");
    struct text t = text_in(facts->alpn, sizeof facts->alpn);
    text_escaped(&t, info.alpn);
}

/* ---- The trace ---------------------------------------------------------------------------------------------------- */

static void hear(void *arg, const fede_event *event)
{
    struct client *client = arg;
    struct client_trace *trace = &client->trace;

    if (trace->told)
        return;
    if (event->kind == FEDE_EVENT_SECRET)
        write_key_log(client, event);
    if (event->kind == FEDE_EVENT_RECORD) {
        if (!event->ours && trace->last_was_ours && !trace->opened)
            client->facts.tls_round_trips++;
        trace->last_was_ours = event->ours;
    }
    if (event->kind == FEDE_EVENT_OPENED && !trace->opened) { /* not those of renegotiations */
        trace->opened = true;
        client->facts.secured = event->at_us;
    }
    report_trace(client->report, event);
    if (event->kind == FEDE_EVENT_VERDICT)
        note_verdict(client, event);
}

static void note_verdict(struct client *client, const fede_event *event)
{
    const fede_verdict *verdict = event->verdict;

    if (verdict && !verdict->accepted)
        snprintf(client->facts.reason, sizeof client->facts.reason, "%s", fede_reason_name(verdict->reason));
    if (client->set.show_certificates && client->story.form == REPORT_TEXT && client->trace.conn)
        show_certificates(client);
}

/* As s_client -showcerts does, but in the story: data is on standard output. JSON has the certificates anyway. */
static void show_certificates(struct client *client)
{
    for (size_t i = 0;; i++) {
        fede_bytes der = fede_peer_certificate(client->trace.conn, i);
        if (!der.len)
            break;
        write_pem(client->story.out, der);
    }
}

static void write_key_log(struct client *client, const fede_event *event)
{
    char line[600];
    struct text why = text_in(line, sizeof line);

    if (!key_out_add(&client->keylog, event, &why))
        report_note(client->report, 1, line);
}
