/* tls/inform.c: events. The only place that builds a fede_event; nothing is formatted here. fede/trace.h says what each kind
   holds. */
#include "tls/inform.h"

#include "keys/keylog.h"

static fede_event event_of(const struct fede_conn *conn, fede_event_kind kind, uint8_t from);
static void tell(const struct fede_conn *conn, const fede_event *event);
static uint8_t speaker(const struct fede_conn *conn, bool ours);

void inform_started(const struct fede_conn *conn)
{
    if (!inform_wanted(conn))
        return;
    fede_event e = event_of(conn, FEDE_EVENT_STARTED, conn->role);
    e.what = conn->role;
    e.label = conn->server_name;
    tell(conn, &e);
}

void inform_record(const struct fede_conn *conn, bool ours, uint8_t type, bytes record, bytes plain, uint64_t number)
{
    if (!inform_wanted(conn))
        return;
    fede_event e = event_of(conn, FEDE_EVENT_RECORD, speaker(conn, ours));
    e.what = type;
    e.bytes = record;
    e.plain = plain;
    e.number = number;
    tell(conn, &e);
}

void inform_message(const struct fede_conn *conn, bool ours, bytes message)
{
    if (!inform_wanted(conn))
        return;
    fede_event e = event_of(conn, FEDE_EVENT_MESSAGE, speaker(conn, ours));
    e.what = message.data[0];
    e.bytes = message;
    tell(conn, &e);
}

void inform_ccs(const struct fede_conn *conn, bool ours, bytes content)
{
    if (!inform_wanted(conn))
        return;
    fede_event e = event_of(conn, FEDE_EVENT_CCS, speaker(conn, ours));
    e.bytes = content;
    tell(conn, &e);
}

void inform_alert(const struct fede_conn *conn, bool ours, uint8_t level, uint8_t description)
{
    if (!inform_wanted(conn))
        return;
    uint8_t alert[2] = {level, description};
    fede_event e = event_of(conn, FEDE_EVENT_ALERT, speaker(conn, ours));
    e.what = description;
    e.number = level;
    e.bytes = BYTES_OF(alert);
    tell(conn, &e);
}

void inform_step(const struct fede_conn *conn, uint8_t from, const char *label)
{
    if (!inform_wanted(conn))
        return;
    fede_event e = event_of(conn, FEDE_EVENT_STEP, from);
    e.label = label;
    tell(conn, &e);
}

void inform_choice(const struct fede_conn *conn, const char *label, uint16_t what, bytes text)
{
    if (!inform_wanted(conn))
        return;
    fede_event e = event_of(conn, FEDE_EVENT_CHOICE, FEDE_SERVER);
    e.label = label;
    e.what = what;
    e.bytes = text;
    tell(conn, &e);
}

void inform_resumption(const struct fede_conn *conn, bool resumed, bool verified, const char *why_not)
{
    if (!inform_wanted(conn))
        return;
    fede_event e = event_of(conn, FEDE_EVENT_CHOICE, FEDE_SERVER);
    e.label = "resumption";
    e.what = resumed;
    e.number = verified;
    e.bytes = bytes_text(why_not);
    tell(conn, &e);
}

void inform_client_certificate(const struct fede_conn *conn, bool given, const char *why_not)
{
    if (!inform_wanted(conn))
        return;
    fede_event e = event_of(conn, FEDE_EVENT_CHOICE, FEDE_CLIENT);
    e.label = "client certificate";
    e.what = given;
    e.bytes = bytes_text(given ? NULL : why_not);
    tell(conn, &e);
}

void inform_legacy(const struct fede_conn *conn, uint16_t what, int64_t until, bytes reason)
{
    if (!inform_wanted(conn))
        return;
    fede_event e = event_of(conn, FEDE_EVENT_CHOICE, FEDE_SERVER);
    e.label = "legacy";
    e.what = what;
    e.number = (uint64_t)until;
    e.bytes = reason;
    tell(conn, &e);
}

void inform_keys(const struct fede_conn *conn, uint8_t from)
{
    if (!inform_wanted(conn))
        return;
    fede_event e = event_of(conn, FEDE_EVENT_KEYS, from);
    tell(conn, &e);
}

void inform_secret(const struct handshake *hs, const char *label, bytes secret)
{
    const struct fede_conn *conn = hs->conn;
    if (!inform_secrets(conn))
        return;
    fede_event e = event_of(conn, FEDE_EVENT_SECRET, conn->role);
    e.label = label;
    e.bytes = secret;
    e.random = BYTES_OF(hs->client_random);
    tell(conn, &e);
}

void inform_verdict(const struct fede_conn *conn, const fede_verdict *verdict, const fede_error *error)
{
    if (!inform_wanted(conn))
        return;
    fede_event e = event_of(conn, FEDE_EVENT_VERDICT, conn->role);
    e.verdict = verdict;
    e.error = error->reason != FEDE_OK ? error : NULL;
    tell(conn, &e);
}

void inform_opened(const struct fede_conn *conn)
{
    if (!inform_wanted(conn))
        return;
    fede_event e = event_of(conn, FEDE_EVENT_OPENED, conn->role);
    tell(conn, &e);
}

void inform_ended(struct fede_conn *conn)
{
    if (conn->flags & CONN_TOLD_END || !(conn->flags & CONN_STARTED))
        return;
    conn->flags |= CONN_TOLD_END;
    if (!inform_wanted(conn))
        return;
    bool peer = conn->error.origin == FEDE_ORIGIN_PEER || conn->error.origin == FEDE_ORIGIN_TRANSPORT;
    fede_event e = event_of(conn, FEDE_EVENT_ENDED, speaker(conn, !peer));
    e.error = conn->error.reason != FEDE_OK ? &conn->error : NULL;
    tell(conn, &e);
}

static fede_event event_of(const struct fede_conn *conn, fede_event_kind kind, uint8_t from)
{
    const struct direction *way = from == conn->role ? &conn->out : &conn->in;
    return (fede_event){
        .kind = (uint8_t)kind,
        .from = from,
        .epoch = way->suite != NULL,
        .ours = from == conn->role,
        .version = conn->version,
        .at_us = config_ticks(conn->config),
        .connection = conn,
        .user = conn->user,
    };
}

static void tell(const struct fede_conn *conn, const fede_event *event)
{
    conn->config->trace(conn->config->trace_arg, event);
}

static uint8_t speaker(const struct fede_conn *conn, bool ours)
{
    return ours == (conn->role == FEDE_CLIENT) ? FEDE_CLIENT : FEDE_SERVER;
}

size_t fede_keylog_line(const fede_event *event, char *out, size_t size)
{
    static const char *const labels[] = {"CLIENT_RANDOM"}; /* TLS 1.2's; TLS 1.3 has more */
    if (event->kind != FEDE_EVENT_SECRET || event->label == NULL)
        return 0;
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
        if (strcmp(event->label, labels[i]) == 0)
            return keylog_write(out, size, event->label, event->random, event->bytes);
    return 0;
}
