/* tls/api.c: a connection as the application sees it (fede/fede.h): making one, moving bytes in and out, closing,
   asking. What happens to the bytes is in conn.c and handshake.c. */
#include "base/error.h"
#include "tls/handshake.h"
#include "tls/inform.h"

static fede_conn *conn_new(fede_config *config, uint8_t role, const char *name);
static void start(fede_conn *conn);
static bool take_name(fede_conn *conn, const char *name, struct host *host);
static bool prove_name(fede_conn *conn, const struct host *host);
static bool set_server_name(fede_conn *conn, const char *name);
static bool config_failed(fede_conn *conn);

/* ---- Making and freeing. */

fede_conn *fede_client_new(fede_config *config, const char *server_name)
{
    struct host host;
    bool good = server_name != NULL && host_read(server_name, &host) != HOST_BAD;
    fede_conn *conn = conn_new(config, FEDE_CLIENT, good ? host.text : NULL);
    if (conn == NULL || server_name == NULL)
        return conn;
    if (!good)
        take_name(conn, server_name, &host);
    else if (prove_name(conn, &host) && host.kind == HOST_DNS)
        conn->flags |= CONN_SEND_NAME;
    return conn;
}

fede_conn *fede_server_new(fede_config *config)
{
    return conn_new(config, FEDE_SERVER, NULL);
}

/* A name lies behind the connection, in the same block. */
static fede_conn *conn_new(fede_config *config, uint8_t role, const char *name)
{
    size_t name_size = name != NULL ? strlen(name) + 1 : 0;
    fede_conn *conn = memory_take(&config->allocator, sizeof *conn + name_size);
    if (conn == NULL)
        return NULL;
    conn->size = (uint16_t)(sizeof *conn + name_size);
    if (name != NULL) {
        conn->server_name = (char *)(conn + 1);
        bytes_copy(conn->server_name, name, name_size);
    }
    conn->home = conn->config = config;
    conn->role = role;
    conn->need = RECORD_HEADER;
    conn_give_window(conn, &conn->received);
    conn_give_window(conn, &conn->to_send);
    conn->handshake = handshake_new(conn);
    if (conn->handshake == NULL) {
        memory_give(&config->allocator, conn, conn->size);
        return NULL;
    }
    config_hold(config);
    config_hold(config); /* once as home, once as config */
    return conn;
}

void fede_conn_free(fede_conn *conn)
{
    if (conn == NULL)
        return;
    inform_ended(conn);
    fede_config *home = conn->home, *config = conn->config;
    handshake_free(conn->handshake);
    conn_give_window(conn, &conn->received);
    conn_give_window(conn, &conn->to_send);
    direction_end(&conn->in);
    direction_end(&conn->out);
    fragments_end(&conn->fragments, conn_memory(conn));
    conn_give_session(conn);
    conn_give_name(conn);
    identity_give(conn);
    if (conn->again != NULL)
        renegotiation_forget(conn);
    memory_give(&home->allocator, conn, conn->size);
    fede_config_free(config);
    fede_config_free(home);
}

/* ---- Names. */

static bool take_name(fede_conn *conn, const char *name, struct host *host)
{
    if (host_read(name, host) != HOST_BAD)
        return true;
    handshake_fail_detail(conn->handshake, FEDE_CONFIG_BAD_NAME, NULL, 0, 0, name[0] != '\0' ? name : "(empty)");
    conn_end_badly(conn);
    return false;
}

static bool set_server_name(fede_conn *conn, const char *name)
{
    char *copy = memory_text(conn_memory(conn), name);
    if (copy == NULL) {
        conn_fail(conn, FEDE_OUT_OF_MEMORY, NULL, 0, 0);
        conn_end_badly(conn);
        return false;
    }
    conn_give_name(conn);
    conn->server_name = copy;
    conn->flags |= CONN_SEND_NAME;
    return true;
}

void conn_give_name(fede_conn *conn)
{
    if (conn->server_name != NULL && conn->server_name != (char *)(conn + 1))
        memory_give(conn_memory(conn), conn->server_name, strlen(conn->server_name) + 1 + conn->id_room);
    conn->server_name = NULL;
    conn->id_room = 0;
}

bool fede_conn_server_name(fede_conn *conn, const char *name)
{
    struct host host;
    if (conn->role != FEDE_CLIENT || conn->flags & CONN_STARTED)
        return conn_misuse(conn, "the server name is set before a client starts");
    if (conn->ending & FEDE_ENDED_BADLY)
        return false;
    if (name == NULL) {
        conn->flags &= (uint16_t)~CONN_SEND_NAME;
        return true;
    }
    if (!take_name(conn, name, &host))
        return false;
    if (host.kind != HOST_DNS) { /* addresses may not stand in the extension, RFC 6066 3 */
        handshake_fail_detail(conn->handshake, FEDE_CONFIG_BAD_NAME, NULL, 0, 0, name);
        conn_end_badly(conn);
        return false;
    }
    return set_server_name(conn, host.text);
}

bool fede_conn_verify_name(fede_conn *conn, const char *name)
{
    struct host host;
    if (conn->role != FEDE_CLIENT || conn->flags & CONN_STARTED || name == NULL)
        return conn_misuse(conn, "the name to be verified is set before a client starts");
    return !(conn->ending & FEDE_ENDED_BADLY) && take_name(conn, name, &host) && prove_name(conn, &host);
}

static bool prove_name(fede_conn *conn, const struct host *host)
{
    struct handshake *hs = conn->handshake;
    if (hs->host == NULL)
        hs->host = arena_take(&hs->arena, sizeof *hs->host);
    if (hs->host == NULL) {
        handshake_no_memory(hs);
        conn_end_badly(conn);
        return false;
    }
    *hs->host = *host;
    return true;
}

void fede_conn_set_user(fede_conn *conn, void *user)
{
    conn->user = user;
}

void *fede_conn_user(const fede_conn *conn)
{
    return conn->user;
}

/* ---- What can happen now. */

unsigned fede_needs(fede_conn *conn)
{
    unsigned needs = 0;
    if (!(conn->flags & CONN_STARTED))
        start(conn);
    if (!bounds_time(conn))
        conn_end_badly(conn);
    bool pending = window_len(&conn->to_send) > 0 && !(conn->flags & CONN_BAD_SEND);
    if (pending)
        needs |= FEDE_SEND;
    if (!(conn->ending & FEDE_ENDED_BADLY)) {
        if (fede_ask(conn) != NULL)
            return needs | FEDE_DECIDE;
        if (conn->plain.len > 0)
            needs |= FEDE_READ;
        if (conn_wants_bytes(conn))
            needs |= FEDE_RECEIVE;
        bool writes = conn->handshake == NULL || (conn->flags & CONN_FALSE_START && !(conn->flags & CONN_OPEN));
        if (writes && !pending && !(conn->flags & CONN_BAD_SEND) && !(conn->ending & FEDE_WE_CLOSED))
            needs |= FEDE_WRITE;
    }
    if (needs == 0) {
        inform_ended(conn);
        return FEDE_OVER;
    }
    return needs;
}

static void start(fede_conn *conn)
{
    const fede_config *config = conn->config;
    const struct handshake *hs = conn->handshake;
    conn->flags |= CONN_STARTED;
    inform_started(conn);
    if (conn->ending & FEDE_ENDED_BADLY) {
        inform_ended(conn);
        return;
    }
    if (config_failed(conn))
        return;
    bool asks_hello = config->questions & FEDE_ASK_HELLO;
    bool must_prove = conn->role == FEDE_CLIENT && !config->unauthenticated && !(config->questions & FEDE_ASK_VERDICT);
    if (must_prove && hs->host == NULL)
        conn_fail(conn, FEDE_CONFIG_NO_NAME, NULL, 0, 0);
    else if (must_prove && anchors_count(config->trust->anchors) == 0)
        conn_fail(conn, FEDE_CONFIG_NO_TRUST, NULL, 0, 0);
    else if (conn->role == FEDE_SERVER && config->n_credentials == 0 && !asks_hello)
        conn_fail(conn, FEDE_CONFIG_NO_CREDENTIAL, NULL, 0, 0);
    else if (conn->role == FEDE_SERVER && !client_auth_can_judge(config) && !asks_hello)
        conn_fail(conn, FEDE_CONFIG_NO_TRUST, NULL, 0, 0);
    if (conn->error.reason != FEDE_OK) {
        conn->error.message = 0xffff;
        conn_end_badly(conn);
        return;
    }
    conn_drive(conn);
}

/* A setting that failed may have been the strict one: no connection goes on without it. */
static bool config_failed(fede_conn *conn)
{
    if (!conn->config->failed)
        return false;
    bool told = conn->handshake->client_hello.len > 0; /* someone waits for an answer */
    conn->error = conn->config->error;
    conn->error.alert = told ? FEDE_ALERT_INTERNAL_ERROR : FEDE_ALERT_NONE;
    conn_end_badly(conn);
    return true;
}

/* ---- Bytes out. */

fede_bytes fede_to_send(fede_conn *conn)
{
    const struct window *w = &conn->to_send;
    if (conn->flags & CONN_BAD_SEND)
        return BYTES_NONE;
    return bytes_of(w->data + w->start, window_len(w));
}

void fede_sent(fede_conn *conn, ptrdiff_t n)
{
    struct window *w = &conn->to_send;
    if (n < 0) { /* what the peer said before, an alert perhaps, may still be there to be received */
        conn->flags |= CONN_BAD_SEND;
        w->start = w->end = 0;
        if (conn->ending & (FEDE_TRANSPORT_ENDED | FEDE_PEER_CLOSED) && !(conn->ending & FEDE_WE_CLOSED)) {
            conn_fail(conn, FEDE_TRANSPORT_FAILED, NULL, 0, 0);
            conn->error.detail = conn->error.detail != NULL ? conn->error.detail : "sending failed";
            conn_end_badly(conn);
        }
        return;
    }
    if ((size_t)n > window_len(w)) {
        conn_misuse(conn, "more was sent than fede_to_send gave");
        return;
    }
    w->start += (uint32_t)n;
    if (w->start == w->end)
        w->start = w->end = 0;
}

size_t fede_write(fede_conn *conn, fede_bytes data)
{
    if (!(fede_needs(conn) & FEDE_WRITE) || data.len == 0)
        return 0;
    data = bytes_first(data, limits_out(conn));
    if (!conn_seal(conn, CONTENT_DATA, data, false)) {
        conn_end_badly(conn);
        return 0;
    }
    return data.len;
}

/* ---- Bytes in. */

fede_room fede_to_fill(fede_conn *conn)
{
    struct window *w = &conn->received;
    if (!(conn->flags & CONN_STARTED))
        start(conn);
    if (!conn_wants_bytes(conn) || fede_ask(conn) != NULL)
        return (fede_room){NULL, 0};
    if (w->start == w->end)
        w->start = w->end = 0;
    size_t ahead = conn->handshake != NULL ? WINDOW_FLIGHT : RECORD_HEADER + RECORD_CIPHER_MAX;
    size_t most = conn->config->read_ahead && ahead > conn->need ? ahead : conn->need;
    if (!conn_reserve(conn, w, most)) {
        conn_end_badly(conn);
        return (fede_room){NULL, 0};
    }
    return (fede_room){w->data + w->end, w->start + most - w->end};
}

void fede_received(fede_conn *conn, ptrdiff_t n)
{
    struct window *w = &conn->received;
    if (conn->ending & FEDE_ENDED_BADLY)
        return;
    if (n < 0) {
        bool orderly = conn->ending & FEDE_PEER_CLOSED || (conn->ending & FEDE_WE_CLOSED && !conn->config->half_close);
        conn->ending |= FEDE_TRANSPORT_ENDED;
        conn->flags |= CONN_BAD_SEND;
        if (orderly)
            return;
        conn_fail(conn, FEDE_TRANSPORT_FAILED, NULL, 0, 0);
        conn->error.detail = conn->error.detail != NULL ? conn->error.detail : "receiving failed";
        conn_end_badly(conn);
    } else if (n == 0) {
        conn->ending |= FEDE_TRANSPORT_ENDED;
        if (conn->plain.len == 0)
            conn_transport_ended(conn);
    } else if (!(conn->flags & CONN_STARTED) || (size_t)n > w->size - w->end) {
        conn_misuse(conn, "more was received than fede_to_fill had room for");
    } else {
        w->end += (uint32_t)n;
        if (w->used < w->end)
            w->used = w->end;
        if (bounds_time(conn) && bounds_bytes(conn, (size_t)n))
            conn_drive(conn);
        else
            conn_end_badly(conn);
    }
}

fede_bytes fede_plaintext(fede_conn *conn)
{
    return conn->plain;
}

void fede_consumed(fede_conn *conn, size_t n)
{
    if (n > conn->plain.len) {
        conn_misuse(conn, "more was consumed than fede_plaintext gave");
        return;
    }
    if (n == 0)
        return;
    conn->plain = bytes_skip(conn->plain, n);
    if (conn->plain.len > 0)
        return;
    conn_drive(conn);
    if (conn->ending & FEDE_TRANSPORT_ENDED && conn->plain.len == 0)
        conn_transport_ended(conn);
}

/* ---- The end. */

void fede_close(fede_conn *conn)
{
    if (conn->ending & (FEDE_WE_CLOSED | FEDE_ENDED_BADLY))
        return;
    bool open = conn->flags & (CONN_OPEN | CONN_FALSE_START), started = conn->flags & CONN_STARTED;
    conn->flags |= CONN_STARTED;
    if (!started)
        inform_started(conn);
    if (started && !(conn->flags & CONN_BAD_SEND) &&
        ((!open && !conn_alert(conn, false, FEDE_ALERT_USER_CANCELED)) ||
         !conn_alert(conn, false, FEDE_ALERT_CLOSE_NOTIFY)))
        conn_end_badly(conn);
    conn->ending |= FEDE_WE_CLOSED;
}

void fede_abort(fede_conn *conn, uint8_t alert)
{
    if (conn->ending & FEDE_ENDED_BADLY)
        return;
    conn_fail(conn, FEDE_ABORTED, NULL, alert, 0);
    conn->error.alert = alert;
    conn_end_badly(conn);
}

void fede_release_buffers(fede_conn *conn)
{
    bool borrowed = conn->plain.len > 0 || conn->fragments.input.len > 0 ||
                    (conn->handshake != NULL && conn->handshake->pending.len > 0);
    if (!borrowed && window_len(&conn->received) == 0)
        conn_give_window(conn, &conn->received);
    if (!borrowed && fragments_empty(&conn->fragments))
        fragments_end(&conn->fragments, conn_memory(conn));
    if (window_len(&conn->to_send) == 0)
        conn_give_window(conn, &conn->to_send);
    direction_rest(&conn->in);
    direction_rest(&conn->out);
}

unsigned fede_ending(const fede_conn *conn)
{
    return conn->ending;
}

/* An answer may come after the connection was closed. */
bool conn_no_question(fede_conn *conn, const char *what)
{
    return conn->ending & FEDE_WE_CLOSED ? false : conn_misuse(conn, what);
}

bool conn_misuse(fede_conn *conn, const char *what)
{
    conn_fail(conn, FEDE_CALL_ORDER, NULL, 0, 0);
    if (conn->error.reason == FEDE_CALL_ORDER && conn->error.detail == NULL)
        conn->error.detail = what;
    conn_end_badly(conn);
    return false;
}

/* ---- What is known. */

void fede_conn_info(const fede_conn *conn, fede_info *out)
{
    *out = (fede_info){
        .established = conn->flags & CONN_OPEN && !(conn->ending & FEDE_ENDED_BADLY),
        .verified = conn->flags & CONN_OPEN && conn->proofs & PROOF_CHAIN,
        .extended_master_secret = conn->flags & CONN_EMS,
        .client_certificate_asked = conn->flags & CONN_CERT_ASKED,
        .client_certificate_given = conn->flags & CONN_CERT_GIVEN,
        .exporter = identity_exports(conn),
        .renegotiation_wanted = conn->flags & CONN_WANTED,
        .encrypt_then_mac = conn->flags & CONN_ETM,
        .legacy = (uint8_t)(conn->suite != NULL ? quarantine_needed(conn->suite) : 0),
        .resumed = conn->flags & CONN_RESUMED,
        .false_start = conn->flags & CONN_FALSE_START,
        .secure_renegotiation = conn->flags & CONN_BOUND,
        .renegotiations = (uint8_t)renegotiation_count(conn),
        .version = conn->version,
        .suite = conn->suite != NULL ? conn->suite->id : 0,
        .group = conn->group,
        .scheme = conn->scheme,
        .client_scheme = conn->client_scheme,
        .server_name = conn->server_name,
        .max_sent = (uint16_t)limits_out(conn),
        .max_received = (uint16_t)limits_in(conn),
        .sent_records = conn->sent_records,
        .received_records = conn->received_records,
    };
    if (conn->alpn_len > 0)
        out->alpn = bytes_of(conn->config->alpn + conn->alpn_at, conn->alpn_len);
}

const fede_error *fede_conn_error(const fede_conn *conn)
{
    return conn->error.reason != FEDE_OK ? &conn->error : NULL;
}

fede_bytes fede_client_hello(const fede_conn *conn)
{
    return conn->handshake != NULL ? conn->handshake->client_hello : BYTES_NONE;
}

/* ---- Questions. */

const fede_question *fede_ask(const fede_conn *conn)
{
    const struct handshake *hs = conn->handshake;
    if (hs == NULL || conn->ending & (FEDE_ENDED_BADLY | FEDE_WE_CLOSED))
        return NULL;
    bool open = hs->hello_asked == ANSWER_OPEN || hs->verdict_asked == ANSWER_OPEN ||
                hs->session_asked == ANSWER_OPEN || hs->selection_asked == ANSWER_OPEN ||
                hs->signature_asked == ANSWER_OPEN;
    return open ? &hs->question : NULL;
}

bool fede_answer_config(fede_conn *conn, fede_config *config)
{
    const fede_question *question = fede_ask(conn);
    if (question == NULL || question->kind != FEDE_ASK_HELLO)
        return conn_no_question(conn, "no ClientHello waits for an answer");
    if (config != NULL && config != conn->config) {
        config_hold(config);
        fede_config_free(conn->config);
        conn->config = config;
        if (config_failed(conn))
            return false;
    }
    conn->handshake->hello_asked = ANSWER_YES;
    conn_drive(conn);
    return !(conn->ending & FEDE_ENDED_BADLY);
}

bool fede_answer_verdict(fede_conn *conn, bool accept)
{
    const fede_question *question = fede_ask(conn);
    if (question == NULL || question->kind != FEDE_ASK_VERDICT)
        return conn_no_question(conn, "no verdict waits for an answer");
    conn->handshake->verdict_asked = accept ? ANSWER_YES : ANSWER_NO;
    conn_drive(conn);
    return true;
}

bool fede_answer_refuse(fede_conn *conn, uint8_t alert)
{
    const fede_question *question = fede_ask(conn);
    if (question == NULL)
        return conn_no_question(conn, "no question is open");
    bool name = question->kind == FEDE_ASK_HELLO && alert == FEDE_ALERT_UNRECOGNIZED_NAME && conn->server_name != NULL;
    if (name)
        handshake_fail_detail(conn->handshake, FEDE_SNI_UNKNOWN, "server_name", 0, 0, conn->server_name);
    else
        conn_fail(conn, question->kind == FEDE_ASK_VERDICT ? FEDE_CERT_REFUSED : FEDE_ABORTED, NULL, alert, 0);
    conn->error.alert = alert;
    conn_end_badly(conn);
    return true;
}
