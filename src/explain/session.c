/* explain/session.c: from the bytes of a TCP connection to the events of a TLS connection.

   Where TLS begins is session_find.c's. From there on it goes record by record, each opened when its key is known
   (session_keys.c), its handshake messages put together and handed to session_messages.c, alerts and changes of keys told.
   Nothing here trusts what it reads: a length that leads nowhere, a gap or nonsense puts a direction into a search for the
   next record header. Memory of a connection is its handshake's messages and at most one record per direction. */
#include "explain/session.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "explain/annotate.h"
#include "explain/dissection.h"

enum { MESSAGE_MOST = 256 * 1024, NOTES_MOST = 40 };

static void consume(struct session *s, int side);
static void record(struct session *s, int side, bytes whole);
static void handshake_bytes(struct session *s, int side, bytes plain, bool protects);
static void alert(struct session *s, int side, bytes plain, bool protects);
static void change_cipher(struct session *s, int side, bytes plain);

struct session *session_new(const struct session_listener *listener, struct stream *stream)
{
    struct session *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->listener = listener;
    s->stream = stream;
    return s;
}

void session_free(struct session *s)
{
    if (s == NULL)
        return;
    for (int i = 0; i < 2; i++) {
        struct way *w = &s->ways[i];
        free(w->held);
        fragments_end(&w->fragments, &memory_standard);
        protection_end(&w->key);
    }
    free(s->spoken);
    for (size_t i = 0; i < sizeof s->packed / sizeof *s->packed; i++)
        arena_end(&s->packed[i]);
    session_psk_end(s);
    bytes_wipe(s, sizeof *s);
    free(s);
}

/* ---- bytes ---- */

static bool append(struct way *w, bytes data)
{
    size_t len = w->held_len + data.len;
    if (len > w->held_room) {
        size_t room = 2 * len < 1024 ? 1024 : 2 * len;
        uint8_t *larger = realloc(w->held, room);
        if (larger == NULL)
            return false;
        w->held = larger;
        w->held_room = room;
    }
    bytes_copy(w->held + w->held_len, data.data, data.len);
    w->held_len = len;
    return true;
}

void session_data(struct session *s, int side, bytes data, uint64_t at_us, uint64_t packet)
{
    struct way *w = &s->ways[side];
    s->now_us = at_us;
    s->packet = packet;
    if (s->ended)
        return;
    if (w->state == WAY_SEARCH) {
        size_t n = sizeof w->opening - w->opening_len;
        n = n < data.len ? n : data.len;
        bytes_copy(w->opening + w->opening_len, data.data, n);
        w->opening_len = (uint8_t)(w->opening_len + n);
        bool fresh = w->held_len == 0;
        if (!append(w, data))
            return;
        size_t at = session_search(s, side, bytes_of(w->held, w->held_len), fresh);
        w->touched = true;
        if (at > 0 && s->listener->plain != NULL)
            s->listener->plain(s->listener->arg, s, side, bytes_of(w->held, at), at_us, packet);
        bytes_move(w->held, w->held + at, w->held_len - at);
        w->held_len -= at;
        w->at += at;
        if (w->state == WAY_SEARCH)
            return;
        w->record_packet = packet;
        data = BYTES_NONE;
    }
    if (w->held_len == 0)
        w->record_packet = packet;
    if (data.len > 0 && !append(w, data)) {
        session_note(s, "there was not enough memory: bytes are left out");
        session_gap(s, side, data.len, at_us);
        return;
    }
    consume(s, side);
}

void session_gap(struct session *s, int side, uint64_t len, uint64_t at_us)
{
    struct way *w = &s->ways[side];
    s->now_us = at_us;
    w->lost += len;
    if (w->state == WAY_SEARCH) {
        w->held_len = 0;
        w->touched = false; /* what comes next may begin anywhere */
        if (s->listener->plain != NULL)
            s->listener->plain(s->listener->arg, s, side, BYTES_NONE, at_us, s->packet);
        w->at += len;
        return;
    }
    char line[160];
    struct text t = text_in(line, sizeof line);
    text_number(&t, (int64_t)len);
    text_add(&t, len == 1 ? " byte of the " : " bytes of the ");
    text_add(&t, session_from(s, side) == FEDE_CLIENT ? "client" : "server");
    text_add(&t, " are missing from the capture");
    session_note(s, line);
    w->at += w->held_len + len;
    w->held_len = 0;
    w->state = WAY_LOST;
    w->after_gap = true;
    fragments_end(&w->fragments, &memory_standard);
    if (!s->opened)
        s->spoken_lost = true;
}

/* Whole records, one after the other. */
static void consume(struct session *s, int side)
{
    struct way *w = &s->ways[side];
    size_t at = 0;
    for (;;) {
        bytes rest = bytes_of(w->held + at, w->held_len - at);
        if (w->state == WAY_LOST) {
            size_t skip = session_resynchronise(s, side, rest);
            at += skip;
            if (w->state == WAY_LOST)
                break;
            continue;
        }
        if (w->ssl2) {
            size_t len = session_ssl2_record(s, side, rest);
            if (len == 0)
                break;
            w->record_packet = s->packet;
            at += len;
            continue;
        }
        if (rest.len < RECORD_HEADER)
            break;
        uint8_t type = rest.data[0];
        size_t len = load16(rest.data + 3);
        if (type < CONTENT_CCS || type > CONTENT_HEARTBEAT || rest.data[1] != 3 || len > RECORD_CIPHER_MAX) {
            char line[200];
            struct text t = text_in(line, sizeof line);
            text_add(&t, session_from(s, side) == FEDE_CLIENT ? "client" : "server");
            text_add(&t, ": at byte ");
            text_number(&t, (int64_t)(w->at + at));
            text_add(&t, " no record header follows, but ");
            text_hex(&t, bytes_first(rest, RECORD_HEADER));
            text_add(&t, len > RECORD_CIPHER_MAX && rest.data[1] == 3
                             ? " (record longer than 2^14 + 2048 bytes, RFC 5246 6.2.3)"
                             : "");
            session_note(s, line);
            w->state = WAY_LOST;
            w->after_gap = true;
            at++;
            continue;
        }
        if (rest.len < RECORD_HEADER + len)
            break;
        record(s, side, bytes_first(rest, RECORD_HEADER + len));
        w->record_packet = s->packet;
        at += RECORD_HEADER + len;
    }
    bytes_move(w->held, w->held + at, w->held_len - at);
    w->held_len -= at;
    w->at += at;
}

/* ---- records ---- */

static void record(struct session *s, int side, bytes whole)
{
    struct way *w = &s->ways[side];
    const uint8_t from = session_from(s, side);
    uint8_t type = whole.data[0], scratch[RECORD_HEADER + RECORD_CIPHER_MAX];
    bytes plain = bytes_skip(whole, RECORD_HEADER);
    bool tls13 = s->version >= 0x0304, protects = tls13 ? type == CONTENT_DATA : w->protects;
    bool readable = true;
    uint64_t number = w->records;
    w->records++;
    if (!tls13 && !s->answered && type == CONTENT_DATA)
        protects = true; /* early data, or a handshake that is not in the capture */
    if (protects) {
        number = w->key.sequence;
        readable = session_open(s, from, whole, scratch, &type, &plain);
        w->opened += readable;
        w->closed += !readable;
    }
    fede_event e = {.kind = FEDE_EVENT_RECORD,
                    .what = type,
                    .bytes = whole,
                    .plain = readable ? plain : BYTES_NONE,
                    .number = number};
    session_tell(s, &e, from, protects);
    if (type == CONTENT_DATA)
        w->data_seen = true;
    if (readable && tls13 && type == CONTENT_DATA && w->stage == STAGE_TRAFFIC)
        session_opened(s); /* perhaps without having read all of the handshake */
    if (!readable) {
        w->hidden_handshake = w->hidden_handshake || (type == CONTENT_HANDSHAKE && w->protects);
        w->alert_seen = w->alert_seen || type == CONTENT_ALERT;
        bool both = s->ways[0].hidden_handshake && s->ways[1].hidden_handshake;
        if (s->answered && (both || (tls13 && session_way(s, FEDE_CLIENT)->closed > 1)))
            session_opened(s);
    } else if (type == CONTENT_HANDSHAKE) {
        handshake_bytes(s, side, plain, protects);
    } else if (type == CONTENT_ALERT) {
        alert(s, side, plain, protects);
    } else if (type == CONTENT_CCS) {
        change_cipher(s, side, plain);
    }
    if (protects && readable)
        bytes_wipe(scratch, whole.len);
}

static void handshake_bytes(struct session *s, int side, bytes plain, bool protects)
{
    struct way *w = &s->ways[side];
    fragment_feed(&w->fragments, plain);
    for (;;) {
        fede_error error = {0};
        bytes m;
        enum fragment_outcome o = fragment_next(&w->fragments, &memory_standard, MESSAGE_MOST, &m, &error);
        if (o == FRAGMENT_MORE)
            return;
        if (o == FRAGMENT_BAD) {
            char line[200];
            struct text t = text_in(line, sizeof line);
            text_add(&t, message_title(error.message));
            text_add(&t, " claims ");
            text_number(&t, error.got);
            text_add(&t, " bytes, more than it can have (");
            text_number(&t, error.wanted);
            text_add(&t, "): the rest of this record is left out");
            session_note(s, line);
            fragments_end(&w->fragments, &memory_standard);
            s->spoken_lost = true;
            return;
        }
        session_message(s, side, m, protects);
    }
}

static void alert(struct session *s, int side, bytes plain, bool protects)
{
    struct way *w = &s->ways[side];
    if (plain.len != 2) {
        session_note(s, "an alert that is not two bytes long");
        return;
    }
    w->alert_seen = true;
    if (plain.data[1] == FEDE_ALERT_CLOSE_NOTIFY)
        w->close_notify = true;
    else if (!w->fatal && (plain.data[0] == 2 || (s->version >= 0x0304 && plain.data[1] != FEDE_ALERT_USER_CANCELED))) {
        w->fatal = true;
        w->alert = plain.data[1];
    }
    fede_event e = {.kind = FEDE_EVENT_ALERT, .what = plain.data[1], .number = plain.data[0], .bytes = plain};
    session_tell(s, &e, session_from(s, side), protects);
}

static void change_cipher(struct session *s, int side, bytes plain)
{
    struct way *w = &s->ways[side];
    const uint8_t from = session_from(s, side);
    fede_event e = {.kind = FEDE_EVENT_CCS, .bytes = plain};
    session_tell(s, &e, from, w->protects && s->version < 0x0304);
    if (s->version >= 0x0304)
        return; /* only for the eyes of others */
    w->protects = true;
    if (from == FEDE_SERVER && s->answered && !s->certified[FEDE_SERVER] && !session_way(s, FEDE_CLIENT)->protects) {
        s->resumed = true;
        session_resumes12(s);
    }
    session_keys12(s, from);
    e = (fede_event){.kind = FEDE_EVENT_KEYS};
    session_tell(s, &e, from, true);
}

void session_opened(struct session *s)
{
    if (s->opened)
        return;
    s->opened = true;
    session_made(s);
    fede_event e = {.kind = FEDE_EVENT_OPENED};
    session_tell(s, &e, FEDE_CLIENT, true);
}

/* ---- telling ---- */

void session_tell(struct session *s, fede_event *e, uint8_t from, bool protects)
{
    e->from = from;
    e->epoch = protects;
    e->version = s->version;
    e->at_us = s->now_us;
    e->connection = s;
    s->listener->event(s->listener->arg, s, e);
}

void session_note(struct session *s, const char *text)
{
    if (s->found && s->notes++ < NOTES_MOST)
        s->listener->note(s->listener->arg, s, s->now_us, text);
}

void session_end(struct session *s, enum stream_end how, int side, uint64_t at_us)
{
    if (s->ended)
        return;
    s->ended = true;
    s->how = (uint8_t)how;
    if (at_us > s->now_us)
        s->now_us = at_us;
    if (!s->found) {
        if (s->listener->unfound != NULL)
            s->listener->unfound(s->listener->arg, s);
        return;
    }
    check_ssl3_verify(s);
    for (int i = 0; i < 2; i++) {
        const struct way *w = &s->ways[i];
        char line[200];
        struct text t = text_in(line, sizeof line);
        if (w->state == WAY_SEARCH || w->held_len == 0)
            continue;
        text_add(&t, session_from(s, i) == FEDE_CLIENT ? "client" : "server");
        text_add(&t, ": the last ");
        text_number(&t, (int64_t)w->held_len);
        text_add(&t, w->state == WAY_LOST ? " bytes could not be read as records" : " bytes are the start of a record");
        s->ended = false;
        session_note(s, line);
        s->ended = true;
    }
    fede_event e = {.kind = FEDE_EVENT_ENDED};
    session_tell(s, &e, session_from(s, side), false);
    s->listener->ended(s->listener->arg, s);
}

/* ---- in words ---- */

const char *key_state_text(enum key_state state)
{
    static const char *const texts[] = {
        [KEYS_UNTOUCHED] = "not needed",
        [KEYS_USED] = "used",
        [KEYS_NO_LINE] = "no line",
        [KEYS_WRONG] = "wrong secret",
        [KEYS_NO_HANDSHAKE] = "handshake not captured",
        [KEYS_PARTIAL] = "partial",
        [KEYS_UNSUPPORTED] = "suite not supported",
    };
    return state < sizeof texts / sizeof texts[0] ? texts[state] : "";
}

void session_outcome(const struct session *s, struct text *out)
{
    const struct way *client = &s->ways[s->client], *server = &s->ways[1 - s->client];
    static const char *const names[] = {"client", "server"};
    for (int i = 0; i < 2; i++) {
        const struct way *w = i == 0 ? client : server;
        if (!w->fatal)
            continue;
        text_add(out, "the ");
        text_add(out, names[i]);
        text_add(out, " sent ");
        text_add(out,
                 names_find(&alert_names, w->alert) != NULL ? names_find(&alert_names, w->alert) : "an unknown alert");
        return;
    }
    if (!s->opened && (s->hello || s->answered)) {
        text_add(out, s->how == STREAM_RESET     ? "reset in the handshake"
                      : s->how == STREAM_STOPPED ? "the capture ends in the handshake"
                                                 : "closed in the handshake");
        return;
    }
    if (s->version != 0 && s->version < 0x0300) { /* SSL 2.0 has no close_notify */
        text_add(out, s->how == STREAM_RESET ? "reset" : s->how == STREAM_STOPPED ? "goes on" : "closed");
        return;
    }
    bool closed13 = s->version >= 0x0304 && client->closed + server->closed > 0 && s->keys != KEYS_USED;
    bool hidden = (client->alert_seen && !client->close_notify) || (server->alert_seen && !server->close_notify);
    if (client->close_notify && server->close_notify)
        text_add(out, "closed by both");
    else if (client->close_notify || server->close_notify)
        text_add(out, client->close_notify ? "closed by the client" : "closed by the server");
    else if (closed13 && s->how == STREAM_FINISHED)
        text_add(out, "ended; whether with close_notify is not visible");
    else if (hidden)
        text_add(out, "alert at the end, not readable");
    else
        text_add(out, s->how == STREAM_RESET     ? "reset"
                      : s->how == STREAM_STOPPED ? "goes on"
                                                 : "ended without close_notify");
}
