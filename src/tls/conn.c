/* tls/conn.c: records in and out of the two windows, alerts, and what goes on once the handshake is done.

   Received bytes lie in one window and are opened in place; what the application or a handler reads borrows from it.
   Outgoing records are sealed straight into the send window, as many as belong to one flight. Both windows live in small
   buffers inside the connection until more is needed. RFC 5246 6.2, 7.2. What an application calls is in api.c. */
#include "tls/conn.h"

#include "tls/handshake.h"
#include "tls/inform.h"

enum {
    MOST_EMPTY_RECORDS = 32, /* in a row */
    MOST_WARNINGS = 4,       /* in a row */
    DATA_WINDOW = RECORD_HEADER + RECORD_PLAIN_MAX + 64,
    READ_WINDOW = RECORD_HEADER + RECORD_CIPHER_MAX
};

static enum outcome next_record(struct fede_conn *conn, struct content_in *content);
static enum outcome open_record(struct fede_conn *conn, const struct frame *frame, struct content_in *content);
static enum outcome count_empty(struct fede_conn *conn, const struct content_in *content);
static enum outcome hear_alert(struct fede_conn *conn, bytes plain);
static enum outcome hear_close(struct fede_conn *conn);
static enum outcome after_handshake(struct fede_conn *conn, struct content_in *content);
static enum outcome hear_late_message(struct fede_conn *conn);
static void spread_fragments(uint8_t *room, size_t len, size_t piece, size_t plain_at, size_t overhead);
static bool seal_one(struct fede_conn *conn, enum content type, bytes plain);
static size_t window_size(size_t n);
static uint8_t *half_of_pair(struct fede_conn *conn, const struct window *w);

void conn_drive(struct fede_conn *conn)
{
    enum outcome o = DONE;
    if (conn->ending & FEDE_ENDED_BADLY || !conn_listens(conn))
        return;
    struct content_in content;
    do {
        if (conn->handshake != NULL) {
            o = handshake_run(conn->handshake);
            if (o == DONE) /* messages behind Finished in the same record */
                o = hear_late_message(conn);
        }
        while (o == DONE && conn->handshake == NULL && conn->plain.len == 0 && !(conn->ending & FEDE_PEER_CLOSED)) {
            o = conn_next(conn, &content);
            if (o == DONE)
                o = after_handshake(conn, &content);
        }
    } while (o == DONE && conn->handshake != NULL); /* the peer wants another, and may have it */
    if (o == FAIL)
        conn_end_badly(conn);
}

/* ---- Records in. */

enum outcome conn_next(struct fede_conn *conn, struct content_in *content)
{
    for (;;) {
        enum outcome o = next_record(conn, content);
        if (o == DONE)
            o = count_empty(conn, content);
        if (o == DONE && content->type == CONTENT_ALERT) {
            o = hear_alert(conn, content->plain);
            if (o == DONE)
                continue;
        }
        if (o == DONE && content->plain.len > 0)
            conn->warnings = 0;
        return o;
    }
}

static enum outcome next_record(struct fede_conn *conn, struct content_in *content)
{
    struct window *w = &conn->received;
    bytes in = bytes_of(w->data + w->start, window_len(w));
    struct frame frame;
    size_t need = RECORD_HEADER;
    bool first = !(conn->flags & CONN_SEEN), protect = conn->in.suite != NULL;
    if (first && quarantine_takes_ssl2(conn, in))
        return quarantine_read_ssl2(conn, in, content);
    switch (frame_next(in, first, protect, conn->version, &frame, &need, &conn->error)) {
    case FRAME_MORE:
        conn->need = (uint32_t)need;
        return WAIT;
    case FRAME_BAD:
        return FAIL;
    case FRAME_WHOLE:
        break;
    }
    conn->need = RECORD_HEADER;
    conn->flags |= CONN_SEEN;
    return open_record(conn, &frame, content);
}

static enum outcome open_record(struct fede_conn *conn, const struct frame *frame, struct content_in *content)
{
    struct window *w = &conn->received;
    uint8_t *record = w->data + w->start, *copy = NULL;
    uint64_t number = conn->in.sequence;
    content->type = frame->header.type;
    if (inform_wanted(conn)) { /* opening destroys what the trace wants to see */
        copy = memory_take(conn_memory(conn), frame->total);
        if (copy == NULL)
            return conn_fail(conn, FEDE_OUT_OF_MEMORY, NULL, 0, 0);
        bytes_copy(copy, record, frame->total);
    }
    if (conn->handshake != NULL)
        direction_take_over(&conn->in, &conn->out);
    bool good = record_open(&conn->in, record, frame, &content->plain, &conn->error);
    w->start += (uint32_t)frame->total;
    if (copy != NULL) {
        inform_record(conn, false, content->type, bytes_of(copy, frame->total), good ? content->plain : BYTES_NONE,
                      number);
        memory_give(conn_memory(conn), copy, frame->total);
    }
    conn->received_records++;
    if (good && content->plain.len > limits_in(conn))
        return conn_fail(conn, FEDE_RECORD_OVERFLOW, "record.length", (int64_t)content->plain.len,
                         (int64_t)limits_in(conn));
    return good ? DONE : FAIL;
}

static enum outcome count_empty(struct fede_conn *conn, const struct content_in *content)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): DONE means that content was filled */
    if (content->plain.len > 0) {
        if (content->type != CONTENT_ALERT) /* else alerts and empty records could take turns for ever */
            conn->empty_records = 0;
        return DONE;
    }
    if (content->type != CONTENT_DATA)
        return conn_fail(conn, FEDE_RECORD_EMPTY, NULL, content->type, 0);
    if (++conn->empty_records > MOST_EMPTY_RECORDS)
        return conn_fail(conn, FEDE_RECORD_TOO_MANY_EMPTY, NULL, conn->empty_records, MOST_EMPTY_RECORDS);
    return DONE;
}

/* DONE: nothing to do about it. */
static enum outcome hear_alert(struct fede_conn *conn, bytes plain)
{
    if (plain.len != 2)
        return conn_fail(conn, FEDE_ALERT_BAD, NULL, (int64_t)plain.len, 2);
    enum { WARNING = 1, FATAL = 2 };
    uint8_t level = plain.data[0], description = plain.data[1];
    inform_alert(conn, false, level, description);
    if (level != WARNING && level != FATAL)
        return conn_fail(conn, FEDE_ALERT_LEVEL, "level", level, 0);
    if (description == FEDE_ALERT_CLOSE_NOTIFY)
        return hear_close(conn);
    if (level == FATAL) {
        conn_fail(conn, FEDE_PEER_ALERT, NULL, description, 0);
        if (conn->handshake != NULL && conn->handshake->facts & FACT_CLIENT_AUTH &&
            conn->error.reason == FEDE_PEER_ALERT)
            conn->error.detail =
                conn->flags & CONN_CERT_GIVEN
                    ? NULL
                    : "The peer asked for a client certificate and got none; it seems to insist on one.";
        return FAIL;
    }
    if (++conn->warnings > MOST_WARNINGS)
        return conn_fail(conn, FEDE_ALERT_TOO_MANY, NULL, conn->warnings, MOST_WARNINGS);
    return DONE;
}

static enum outcome hear_close(struct fede_conn *conn)
{
    if (!(conn->flags & CONN_OPEN)) {
        conn_fail(conn, FEDE_PEER_CLOSED_EARLY, NULL, 0, 0);
        if (!(conn->flags & CONN_BAD_SEND) && conn_alert(conn, false, FEDE_ALERT_CLOSE_NOTIFY))
            conn->ending |= FEDE_WE_CLOSED; /* answered in any state: RFC 5246 7.2.1 */
        return FAIL;
    }
    conn->ending |= FEDE_PEER_CLOSED;
    if (!conn->config->half_close)
        fede_close(conn);
    return conn->error.reason == FEDE_OK ? WAIT : FAIL;
}

/* ---- After the handshake. */

static enum outcome after_handshake(struct fede_conn *conn, struct content_in *content)
{
    switch (content->type) {
    case CONTENT_DATA:
        if (!fragments_empty(&conn->fragments)) /* a message is whole before anything else comes, RFC 5246 6.2.1 */
            return conn_fail(conn, FEDE_RECORD_UNEXPECTED, NULL, content->type, conn->fragments.held[0]);
        conn->plain = content->plain;
        return DONE;
    case CONTENT_HANDSHAKE:
        fragment_feed(&conn->fragments, content->plain);
        return hear_late_message(conn);
    default:
        return conn_fail(conn, FEDE_RECORD_AFTER_HANDSHAKE, NULL, content->type, 0);
    }
}

static enum outcome hear_late_message(struct fede_conn *conn)
{
    bytes message;
    for (;;) {
        switch (
            fragment_next(&conn->fragments, conn_memory(conn), conn->config->message_limit, &message, &conn->error)) {
        case FRAGMENT_BAD:
            return FAIL;
        case FRAGMENT_MORE:
            return DONE;
        case FRAGMENT_MESSAGE:
            break;
        }
        inform_message(conn, false, message);
        uint8_t type = message.data[0];
        if (type != (conn->role == FEDE_CLIENT ? MSG_HELLO_REQUEST : MSG_CLIENT_HELLO)) {
            return conn_fail(conn, FEDE_MESSAGE_AFTER_HANDSHAKE, NULL, type, 0);
        }
        if (type == MSG_HELLO_REQUEST && message.len != 4) {
            return conn_fail(conn, FEDE_DECODE_TRAILING, NULL, type, (int64_t)message.len - 4);
        }
        enum outcome o = renegotiate(conn);
        if (o != DONE || conn->handshake != NULL)
            return o;
    }
}

/* ---- Records out. */

size_t conn_sealed_len(const struct fede_conn *conn, size_t plain)
{
    size_t most = limits_out(conn), pieces = (plain + most - 1) / most;
    return plain + (pieces > 0 ? pieces : 1) * record_overhead(&conn->out);
}

uint8_t *conn_room(struct fede_conn *conn, size_t n)
{
    struct window *w = &conn->to_send;
    if (w->start == w->end)
        w->start = w->end = 0;
    if (!conn_reserve(conn, w, window_len(w) + n))
        return NULL;
    if (w->used < w->end + n)
        w->used = (uint32_t)(w->end + n);
    return w->data + w->end;
}

bool conn_seal(struct fede_conn *conn, enum content type, bytes plain, bool in_place)
{
    size_t most = limits_out(conn);
    uint8_t *room = conn_room(conn, conn_sealed_len(conn, plain.len));
    if (room == NULL)
        return false;
    if (in_place) {
        size_t plain_at = record_plain_at(&conn->out), overhead = record_overhead(&conn->out);
        spread_fragments(room, plain.len, most, plain_at, overhead);
        const uint8_t *at = room + plain_at;
        for (size_t left = plain.len; left > 0; at += most + overhead) {
            bytes piece = bytes_of(at, left < most ? left : most);
            if (!seal_one(conn, type, piece))
                return false;
            left -= piece.len;
        }
        return true;
    }
    do {
        bytes piece = bytes_first(plain, most);
        if (!seal_one(conn, type, piece))
            return false;
        plain = bytes_skip(plain, piece.len);
    } while (plain.len > 0);
    return true;
}

/* Moves the pieces of a message, which lie behind one another from room + plain_at on, to the places where their records
   want them, or behind those if records turn out shorter than they may be. The last one first, as each moves up. */
static void spread_fragments(uint8_t *room, size_t len, size_t piece, size_t plain_at, size_t overhead)
{
    for (size_t i = len > 0 ? (len - 1) / piece : 0; i > 0; i--) {
        size_t n = len - i * piece < piece ? len - i * piece : piece;
        bytes_move(room + i * (piece + overhead) + plain_at, room + plain_at + i * piece, n);
    }
}

/* One record behind the others in the send window, which has room for it. */
static bool seal_one(struct fede_conn *conn, enum content type, bytes plain)
{
    uint8_t *out = conn->to_send.data + conn->to_send.end, *copy = NULL;
    uint64_t number = conn->out.sequence;
    if (inform_wanted(conn) && plain.len > 0) { /* sealing in place destroys what the trace wants to see */
        copy = memory_take(conn_memory(conn), plain.len);
        if (copy == NULL)
            return conn_fail(conn, FEDE_OUT_OF_MEMORY, NULL, 0, 0) == DONE;
        bytes_copy(copy, plain.data, plain.len);
    }
    if (conn->handshake != NULL)
        direction_take_over(&conn->out, &conn->in);
    size_t len = record_seal(&conn->out, type, plain, out, &conn->error);
    if (len > 0 && conn->sent_records == 0 && conn->role == FEDE_CLIENT)
        store16(out + 1, 0x0301); /* what even an old server lets pass, RFC 5246 E.1 */
    if (len > 0) {
        conn->to_send.end += (uint32_t)len;
        conn->sent_records++;
        inform_record(conn, true, (uint8_t)type, bytes_of(out, len), bytes_of(copy, plain.len), number);
    }
    memory_give(conn_memory(conn), copy, plain.len);
    return len > 0;
}

bool conn_alert(struct fede_conn *conn, bool fatal, uint8_t description)
{
    uint8_t alert[2] = {fatal ? 2 : 1, description};
    inform_alert(conn, true, alert[0], description);
    uint8_t *room = conn_room(conn, record_overhead(&conn->out) + sizeof alert);
    return room != NULL && seal_one(conn, CONTENT_ALERT, BYTES_OF(alert));
}

/* ---- Windows. */

bool conn_reserve(struct fede_conn *conn, struct window *w, size_t n)
{
    if (w->size - w->start >= n)
        return true;
    size_t held = window_len(w);
    if (w->size < n) {
        size_t size = window_size(n);
        uint8_t *data = size > UINT32_MAX       ? NULL
                        : size == WINDOW_FLIGHT ? half_of_pair(conn, w)
                                                : memory_take_raw(conn_memory(conn), size);
        if (data == NULL)
            return conn_fail(conn, FEDE_OUT_OF_MEMORY, NULL, 0, 0) == DONE;
        bytes_copy(data, w->data + w->start, held);
        conn_give_window(conn, w);
        w->data = data;
        w->size = (uint32_t)size;
    } else {
        bytes_move(w->data, w->data + w->start, held);
    }
    w->start = 0;
    w->end = (uint32_t)held;
    if (w->used < held)
        w->used = (uint32_t)held;
    return true;
}

static size_t window_size(size_t n)
{
    static const size_t sizes[] = {WINDOW_FLIGHT, DATA_WINDOW, READ_WINDOW};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (n <= sizes[i])
            return sizes[i];
    return n + n / 2;
}

/* One block for both windows of a handshake, the bytes received first; it goes when neither uses it any more. */
static uint8_t *half_of_pair(struct fede_conn *conn, const struct window *w)
{
    bool in = w == &conn->received;
    const struct window *other = in ? &conn->to_send : &conn->received;
    uint8_t *block = other->size != WINDOW_FLIGHT ? memory_take_raw(conn_memory(conn), (size_t)2 * WINDOW_FLIGHT)
                     : in                         ? other->data - WINDOW_FLIGHT
                                                  : other->data;
    return block == NULL || in ? block : block + WINDOW_FLIGHT;
}

void conn_give_window(struct fede_conn *conn, struct window *w)
{
    bool in = w == &conn->received;
    const struct window *other = in ? &conn->to_send : &conn->received;
    uint8_t *small = in ? conn->small_in : conn->small_out;
    if (w->size == WINDOW_FLIGHT) {
        bytes_wipe(w->data, w->used);
        if (other->size != WINDOW_FLIGHT)
            memory_give_used(conn_memory(conn), in ? w->data : w->data - WINDOW_FLIGHT, (size_t)2 * WINDOW_FLIGHT, 0);
    } else if (w->data != small && w->data != NULL) {
        memory_give_used(conn_memory(conn), w->data, w->size, w->used);
    }
    *w = (struct window){.data = small, .size = in ? SMALL_IN : SMALL_OUT};
}

bool conn_wants_bytes(const struct fede_conn *conn)
{
    if (conn->ending & (FEDE_TRANSPORT_ENDED | FEDE_PEER_CLOSED | FEDE_ENDED_BADLY) || conn->plain.len > 0)
        return false;
    return conn_listens(conn);
}

/* ---- The end. */

void conn_transport_ended(struct fede_conn *conn)
{
    bool open = conn->flags & CONN_OPEN, writes = open || conn->flags & CONN_FALSE_START;
    if (conn->ending & (FEDE_PEER_CLOSED | FEDE_ENDED_BADLY))
        return;
    if (conn->ending & FEDE_WE_CLOSED && !(writes && conn->config->half_close))
        return; /* whoever closed need not wait for the answer, nor must it come: RFC 5246 7.2.1 */
    conn_fail(conn, open ? FEDE_TRUNCATED : FEDE_TRANSPORT_CLOSED_IN_HANDSHAKE, NULL, 0, 0);
    conn_end_badly(conn);
}

enum outcome conn_fail(struct fede_conn *conn, fede_reason reason, const char *where, int64_t got, int64_t wanted)
{
    static const struct {
        uint16_t reason;
        uint8_t origin;
    } origins[] = {
        {FEDE_OUT_OF_MEMORY, FEDE_ORIGIN_INTERNAL},
        {FEDE_CRYPTO_FAILED, FEDE_ORIGIN_INTERNAL},
        {FEDE_INTERNAL, FEDE_ORIGIN_INTERNAL},
        {FEDE_NO_RANDOM, FEDE_ORIGIN_INTERNAL},
        {FEDE_PEER_ALERT, FEDE_ORIGIN_PEER},
        {FEDE_PEER_CLOSED_EARLY, FEDE_ORIGIN_PEER},
        {FEDE_TRUNCATED, FEDE_ORIGIN_TRANSPORT},
        {FEDE_TRANSPORT_CLOSED_IN_HANDSHAKE, FEDE_ORIGIN_TRANSPORT},
        {FEDE_TRANSPORT_FAILED, FEDE_ORIGIN_TRANSPORT},
        {FEDE_CONFIG_NO_CREDENTIAL, FEDE_ORIGIN_CALLER},
        {FEDE_CONFIG_NO_TRUST, FEDE_ORIGIN_CALLER},
        {FEDE_CONFIG_NO_NAME, FEDE_ORIGIN_CALLER},
        {FEDE_CONFIG_BAD_NAME, FEDE_ORIGIN_CALLER},
        {FEDE_CALL_ORDER, FEDE_ORIGIN_CALLER},
        {FEDE_ABORTED, FEDE_ORIGIN_CALLER},
        {FEDE_CERT_REFUSED, FEDE_ORIGIN_CALLER},
        {FEDE_SIGNER_BAD, FEDE_ORIGIN_CALLER},
        {FEDE_SNI_UNKNOWN, FEDE_ORIGIN_CALLER},
    };
    uint8_t origin = FEDE_ORIGIN_US;
    for (size_t i = 0; i < sizeof origins / sizeof origins[0]; i++)
        if (origins[i].reason == reason)
            origin = origins[i].origin;
    if (conn->error.reason != FEDE_OK)
        return FAIL; /* the first one stands */
    error_set(&conn->error, reason, origin, where, got, wanted);
    if (reason == FEDE_PEER_ALERT)
        conn->error.alert = (uint8_t)got;
    const struct handshake *hs = conn->handshake;
    if (origin != FEDE_ORIGIN_CALLER && hs != NULL && hs->at < hs->steps && hs->flow[hs->at].what < 256)
        conn->error.message = hs->flow[hs->at].what;
    return FAIL;
}

void conn_end_badly(struct fede_conn *conn)
{
    if (conn->ending & FEDE_ENDED_BADLY)
        return;
    fede_error *error = &conn->error;
    bool alerted = error->alert != FEDE_ALERT_NONE;
    if (alerted && conn->proofs & PROOF_FINISHED && conn->role == FEDE_SERVER && conn->config->store != NULL)
        store_forget(conn->config->store, bytes_first(bytes_of(conn->session, conn->session_len), SESSION_ID_LEN));
    conn_give_session(conn); /* a connection that ends with an alert takes its session along, RFC 5246 7.2.2 */
    bool tell =
        error->origin != FEDE_ORIGIN_PEER && error->origin != FEDE_ORIGIN_TRANSPORT && !(conn->flags & CONN_BAD_SEND);
    conn->ending |= FEDE_ENDED_BADLY;
    conn->plain = BYTES_NONE;
    identity_forget(conn);
    if (tell && error->alert != FEDE_ALERT_NONE && conn->flags & CONN_STARTED && !(conn->ending & FEDE_WE_CLOSED))
        conn_alert(conn, true, error->alert);
    direction_end(&conn->in);
    direction_end(&conn->out);
    if (conn->handshake != NULL)
        handshake_forget(conn->handshake);
    inform_ended(conn);
}
