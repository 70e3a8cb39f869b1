/* tls/handshake.c: the driver. It walks the flow table of the version in use, one row after the other, for both roles.

   Speaking: the row's handler fills a struct, the codec writes it, the transcript takes it, records carry it away. Hearing:
   the next whole message, is it this row's, the codec reads it, the handler judges it, the transcript takes it. A handler
   sees the transcript as it was before its own message. Waiting happens in two places only: where a message has not come,
   and in silent steps that need an answer; both come back to the same row. RFC 5246 7.3, 7.4. */
#include "tls/handshake.h"

#include "base/text.h"
#include "tls/inform.h"

enum { HEADER = 4, MOST_IGNORED_REQUESTS = 4 };

static enum outcome act(struct handshake *hs, const struct flow_step *step);
static enum outcome speak(struct handshake *hs, const struct flow_step *step);
static enum outcome speak_message(struct handshake *hs, const struct handler *handler, uint8_t type);
static enum outcome speak_ccs(struct handshake *hs);
static enum outcome hear(struct handshake *hs, const struct flow_step *step);
static enum outcome hear_ccs(struct handshake *hs, const struct flow_step *step);
static enum outcome refuse_before_ccs(struct handshake *hs, bytes seen, const struct flow_step *step);
static enum outcome next_message(struct handshake *hs, const struct flow_step *step);
static enum outcome ignore_request(struct handshake *hs, bytes message, const struct flow_step *step);
static enum outcome read_message(struct handshake *hs, const struct handler *handler, bytes message);
static enum outcome fail_decode(struct handshake *hs, const struct wire *w, uint8_t type);

enum outcome handshake_run(struct handshake *hs)
{
    struct fede_conn *conn = hs->conn;
    for (;;) {
        const struct flow_step *step = &hs->flow[hs->at];
        enum outcome o = DONE;
        if (flow_applies(step, hs->facts)) {
            if (handler_of(step->what)->act != NULL)
                o = step->from & (handshake_is_client(hs) ? FLOW_CLIENT : FLOW_SERVER) ? act(hs, step) : DONE;
            else
                o = step->from == (handshake_is_client(hs) ? FLOW_CLIENT : FLOW_SERVER) ? speak(hs, step)
                                                                                        : hear(hs, step);
        }
        if (o != DONE)
            return o; /* WAIT: come back to this same row */
        if (conn->handshake == NULL)
            return DONE; /* the last row gave everything back */
        if (++hs->at == hs->steps)
            return handshake_fail_detail(hs, FEDE_INTERNAL, NULL, 0, 0,
                                         "the flow table ends without an open connection");
    }
}

static enum outcome act(struct handshake *hs, const struct flow_step *step)
{
    struct fede_conn *conn = hs->conn;
    enum outcome o = handler_of(step->what)->act(hs);
    if (o == DONE &&
        conn->handshake != NULL) { /* the last step gives the handshake back, and has an event of its own */
        inform_step(conn, step->from == FLOW_BOTH ? conn->role : step->from, flow_step_name(step->what));
        hs->facts |= step->learn;
    }
    return o;
}

/* ---- Speaking. */

static enum outcome speak(struct handshake *hs, const struct flow_step *step)
{
    if (handshake_early_bytes(hs))
        return FAIL;
    if (step->what == MSG_CCS)
        return speak_ccs(hs);
    const struct handler *handler = handler_of(step->what);
    if (handler->write == NULL) {
        if (step->optional)
            return DONE;
        return handshake_fail_detail(hs, FEDE_INTERNAL, NULL, 0, 0, "a row of the flow table has nothing to say");
    }
    enum outcome o = speak_message(hs, handler, (uint8_t)step->what);
    if (o == WAIT)
        return DONE; /* left out */
    if (o == DONE)
        hs->facts |= step->learn;
    return o;
}

/* Our turn: what the peer sent up to here must be whole messages, all of them used. Bytes of the next one can't be an answer to
   what it has not seen. A HelloRequest in a record of the handshake would be one in its middle, and is none. */
bool handshake_early_bytes(struct handshake *hs)
{
    const struct fragments *f = &hs->conn->fragments;
    bytes rest = hs->pending.len > 0 ? hs->pending : f->input;
    if (rest.len == 0 && f->held_len == 0)
        return false;
    handshake_fail(hs, FEDE_MESSAGE_EARLY, NULL, hs->heard, 0);
    return true;
}

/* WAIT: the message is left out. */
static enum outcome speak_message(struct handshake *hs, const struct handler *handler, uint8_t type)
{
    struct fede_conn *conn = hs->conn;
    size_t room = 0;
    enum written written = handler->write(hs, &room);
    if (written != WRITTEN)
        return written == LEFT_OUT ? WAIT : FAIL;
    room += HEADER;
    uint8_t *out = conn_room(conn, conn_sealed_len(conn, room));
    if (out == NULL)
        return FAIL;
    out += record_plain_at(&conn->out);
    struct wire w = wire_writer(out + HEADER, room - HEADER);
    handler->codec(&w, &hs->msg);
    if (!wire_done(&w))
        return handshake_fail_detail(hs, FEDE_INTERNAL, w.bad_where, 0, 0, w.bad_why);
    out[0] = type;
    store24(out + 1, (uint32_t)w.at);
    bytes message = bytes_of(out, HEADER + w.at);
    inform_message(conn, true, message);
    if (type == MSG_CLIENT_HELLO) {
        hs->client_hello = arena_copy(&hs->arena, message);
        if (hs->client_hello.data == NULL)
            return handshake_no_memory(hs);
    }
    if (messages_add(hs, message) != DONE)
        return FAIL;
    return conn_seal(conn, CONTENT_HANDSHAKE, message, true) ? DONE : FAIL;
}

static enum outcome speak_ccs(struct handshake *hs)
{
    static const uint8_t one[] = {1};
    inform_ccs(hs->conn, true, BYTES_OF(one));
    if (!conn_seal(hs->conn, CONTENT_CCS, BYTES_OF(one), false))
        return FAIL;
    return switch_keys(hs, hs->conn->role);
}

/* ---- Hearing. */

static enum outcome hear(struct handshake *hs, const struct flow_step *step)
{
    if (step->what == MSG_CCS)
        return hear_ccs(hs, step);
    if (hs->pending.len == 0) {
        enum outcome o = next_message(hs, step);
        if (o != DONE)
            return o;
    }
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): there is room when nothing failed */
    uint8_t type = hs->pending.data[0];
    if (type != step->what && step->optional)
        return DONE; /* the message stays for the next row */
    bytes message = hs->pending;
    hs->pending = BYTES_NONE;
    hs->heard = type;
    inform_message(hs->conn, false, message);
    const struct handler *handler = handler_of(step->what);
    if (type != step->what || handler->read == NULL)
        return handshake_fail(hs, FEDE_MESSAGE_UNEXPECTED, NULL, type, step->what);
    enum outcome o = read_message(hs, handler, message);
    if (o == DONE)
        hs->facts |= step->learn;
    return o;
}

/* The next whole message into hs->pending. */
static enum outcome next_message(struct handshake *hs, const struct flow_step *step)
{
    struct fede_conn *conn = hs->conn;
    for (;;) {
        struct content_in content;
        bytes message;
        enum outcome o = DONE;
        switch (
            fragment_next(&conn->fragments, conn_memory(conn), conn->config->message_limit, &message, &conn->error)) {
        case FRAGMENT_BAD:
            return FAIL;
        case FRAGMENT_MESSAGE:
            if (message.data[0] != MSG_HELLO_REQUEST || !handshake_is_client(hs)) {
                hs->pending = message;
                return DONE;
            }
            o = ignore_request(hs, message, step);
            if (o != DONE)
                return o;
            continue;
        case FRAGMENT_MORE:
            break;
        }
        if (conn->plain.len > 0)
            return WAIT;
        o = conn_next(conn, &content);
        if (o != DONE)
            return o;
        if (content.type == CONTENT_DATA && renegotiating(hs) && step->what == MSG_SERVER_HELLO) {
            conn->plain = content.plain; /* on its way before the peer had our ClientHello */
            continue;
        }
        if (content.type == CONTENT_CCS)
            return handshake_fail(hs, FEDE_CCS_UNEXPECTED, NULL, 0, step->what);
        if (content.type != CONTENT_HANDSHAKE)
            return handshake_fail(hs, FEDE_RECORD_UNEXPECTED, NULL, content.type, step->what);
        fragment_feed(&conn->fragments, content.plain);
    }
}

/* Asked to negotiate while negotiating: ignored, and no part of the transcript (RFC 5246 7.4.1.1). */
static enum outcome ignore_request(struct handshake *hs, bytes message, const struct flow_step *step)
{
    inform_message(hs->conn, false, message);
    if (message.len != HEADER)
        return handshake_fail(hs, FEDE_DECODE_TRAILING, NULL, MSG_HELLO_REQUEST, (int64_t)message.len - HEADER);
    if (++hs->ignored_requests > MOST_IGNORED_REQUESTS)
        return handshake_fail(hs, FEDE_MESSAGE_UNEXPECTED, NULL, MSG_HELLO_REQUEST, step->what);
    return DONE;
}

/* ChangeCipherSpec is a record of its own, and may come only between two messages: keys never change inside one. In front
   of it nothing may stand but what a client ignores. */
static enum outcome hear_ccs(struct handshake *hs, const struct flow_step *step)
{
    struct fede_conn *conn = hs->conn;
    struct content_in content = {.type = CONTENT_HANDSHAKE};
    bytes message = hs->pending;
    if (message.len > 0)
        return refuse_before_ccs(hs, message, step);
    while (content.type == CONTENT_HANDSHAKE) {
        enum fragment_outcome f =
            fragment_next(&conn->fragments, conn_memory(conn), conn->config->message_limit, &message, &conn->error);
        if (f == FRAGMENT_BAD)
            return FAIL;
        if (f == FRAGMENT_MORE)
            message = bytes_of(conn->fragments.held, conn->fragments.held_len);
        if (message.len > 0 && (message.data[0] != MSG_HELLO_REQUEST || !handshake_is_client(hs)))
            return refuse_before_ccs(hs, message, step);
        enum outcome o = f == FRAGMENT_MESSAGE ? ignore_request(hs, message, step) : conn_next(conn, &content);
        if (o != DONE)
            return o;
        if (f == FRAGMENT_MORE && content.type == CONTENT_HANDSHAKE)
            fragment_feed(&conn->fragments, content.plain);
    }
    if (content.type == CONTENT_CCS && !fragments_empty(&conn->fragments))
        return refuse_before_ccs(hs, message, step);
    if (content.type != CONTENT_CCS)
        return handshake_fail(hs, FEDE_RECORD_UNEXPECTED, NULL, content.type, step->what);
    inform_ccs(conn, false, content.plain);
    struct wire w = wire_reader(content.plain);
    uint8_t one = 0;
    wire_ccs(&w, &one);
    if (!wire_done(&w))
        return handshake_fail(hs, FEDE_CCS_BAD, NULL, content.plain.data[0], (int64_t)content.plain.len);
    hs->facts |= step->learn;
    return switch_keys(hs, conn->role == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT);
}

/* Handshake bytes in front of the change of keys: a message that has no place here, or the beginning of one. */
static enum outcome refuse_before_ccs(struct handshake *hs, bytes seen, const struct flow_step *step)
{
    bool whole = seen.len >= HEADER && load24(seen.data + 1) <= seen.len - HEADER;
    return handshake_fail(hs, whole ? FEDE_MESSAGE_UNEXPECTED : FEDE_KEYS_MID_MESSAGE, NULL,
                          seen.len > 0 ? seen.data[0] : 0, step->what);
}

static enum outcome read_message(struct handshake *hs, const struct handler *handler, bytes message)
{
    if (message.data[0] == MSG_CLIENT_HELLO) { /* kept, and everything read from it borrows from the copy */
        message = hs->client_hello = arena_copy(&hs->arena, message);
        if (message.data == NULL)
            return handshake_no_memory(hs);
    }
    struct wire w = wire_reader(bytes_skip(message, HEADER));
    bytes_wipe(&hs->msg, sizeof hs->msg);
    const uint8_t type = message.data[0]; /* which layout the key exchange has is not written in its messages */
    if (type == MSG_SERVER_KEY_EXCHANGE)
        hs->msg.server_key_exchange.kx = exchange_of(hs->conn->suite);
    else if (type == MSG_CLIENT_KEY_EXCHANGE)
        hs->msg.client_key_exchange.kx = exchange_of(hs->conn->suite);
    handler->codec(&w, &hs->msg);
    if (!wire_done(&w))
        return fail_decode(hs, &w, message.data[0]);
    enum outcome o = handler->read(hs);
    return o == DONE ? messages_add(hs, message) : o; /* does nothing for a ClientHello: its hash is not known yet */
}

static enum outcome fail_decode(struct handshake *hs, const struct wire *w, uint8_t type)
{
    fede_error *error = &hs->conn->error;
    if (!w->bad) {
        handshake_fail(hs, FEDE_DECODE_TRAILING, NULL, type, (int64_t)(w->end - w->at));
        error->offset = (uint32_t)(w->at + HEADER);
        return FAIL;
    }
    /* Where it may stand at all is the codec's table; that it was not asked for is worse (RFC 5246 7.4.1.4). */
    uint32_t unasked = hs->msg.server_hello.extensions.present & ~hs->offer.extensions.present;
    if (w->reason == FEDE_EXTENSION_MISPLACED && type == MSG_SERVER_HELLO && unasked != 0) {
        unsigned bit = 0;
        while (!(unasked >> bit & 1))
            bit++;
        handshake_fail(hs, FEDE_EXTENSION_UNSOLICITED, "extensions", ext_id((enum ext_bit)bit), type);
        error->offset = (uint32_t)(w->bad_at + HEADER);
        return FAIL;
    }
    char detail[160];
    struct text t = text_in(detail, sizeof detail);
    text_add(&t, w->bad_where != NULL ? w->bad_where : "it");
    if (w->reason == FEDE_FIELD_VALUE) {
        text_add(&t, " is ");
        text_number(&t, w->got);
    } else {
        text_add(&t, " ");
        text_add(&t, w->bad_why != NULL ? w->bad_why : "is not as it must be");
    }
    bool plain = w->reason == FEDE_DECODE || w->reason == FEDE_OK;
    const char *where = w->bad_in != NULL ? w->bad_in : w->bad_where;
    handshake_fail_detail(hs, plain ? FEDE_DECODE : (fede_reason)w->reason, where, plain ? type : w->got, type, detail);
    error->offset = (uint32_t)(w->bad_at + HEADER);
    return FAIL;
}

/* ---- Making, ending, failing. */

struct handshake *handshake_new(struct fede_conn *conn)
{
    struct arena arena;
    arena_start(&arena, conn_memory(conn), conn->config->handshake_limit);
    struct handshake *hs = arena_take(&arena, sizeof *hs);
    if (hs == NULL) {
        arena_end(&arena);
        return NULL;
    }
    hs->conn = conn;
    hs->arena = arena;
    hs->flow = flow_tls12;
    hs->steps = (uint8_t)flow_tls12_len;
    return hs;
}

void handshake_free(struct handshake *hs)
{
    if (hs == NULL)
        return;
    handshake_forget(hs);
    struct arena arena = hs->arena; /* hs lies in it */
    arena_end(&arena);
}

void handshake_forget(struct handshake *hs)
{
    crypto_share_free(hs->share);
    hs->share = NULL;
    bytes_wipe(hs->premaster, hs->premaster_room);
    bytes_wipe(hs->master, sizeof hs->master);
    bytes_wipe(&hs->keys, sizeof hs->keys);
}

bool handshake_is_client(const struct handshake *hs)
{
    return hs->conn->role == FEDE_CLIENT;
}

enum outcome handshake_fail(struct handshake *hs, fede_reason reason, const char *where, int64_t got, int64_t wanted)
{
    return conn_fail(hs->conn, reason, where, got, wanted);
}

enum outcome handshake_fail_detail(struct handshake *hs, fede_reason reason, const char *where, int64_t got,
                                   int64_t wanted, const char *detail)
{
    bool first = hs->conn->error.reason == FEDE_OK;
    conn_fail(hs->conn, reason, where, got, wanted);
    if (first && detail != NULL)
        hs->conn->error.detail = (const char *)arena_copy(&hs->arena, bytes_of(detail, strlen(detail) + 1)).data;
    return FAIL;
}

enum outcome handshake_no_memory(struct handshake *hs)
{
    if (hs->arena.over)
        return handshake_fail(hs, FEDE_HANDSHAKE_TOO_BIG, NULL, (int64_t)hs->arena.used, (int64_t)hs->arena.ceiling);
    return handshake_fail(hs, FEDE_OUT_OF_MEMORY, NULL, 0, 0);
}
