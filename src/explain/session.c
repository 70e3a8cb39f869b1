/* explain/session.c: from the bytes of a TCP connection to the events of a TLS connection.

   TLS is found by what its hellos look like, on any port and behind any plain text (CONNECT, STARTTLS); without hellos, by a
   chain of record headers. From there on it goes record by record, each opened when its key is known (session_keys.c), its
   handshake messages put together, told and recomputed (session_checks.c). Nothing here trusts what it reads: a length that
   leads nowhere, a gap or nonsense puts a direction into a search for the next record header. Memory of a connection is its
   handshake's messages and at most one record per direction. */
#include "explain/session.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "explain/annotate.h"
#include "explain/dissection.h"

enum {
    SPOKEN_MOST = 1024 * 1024,
    MESSAGE_MOST = 256 * 1024,
    LOST_MOST = 64 * 1024, /* looked through for a record header at once */
    HELLO_LEN = 11,        /* bytes by which a hello is known */
    SHOWS_VERSION = 6,     /* of a hello: header and version */
    NOTES_MOST = 40,
};

static void consume(struct session *s, int side);
static size_t search(struct session *s, int side, bytes in, bool segment_start);
static size_t resynchronise(struct session *s, int side, bytes in);
static void found(struct session *s, int side, size_t at, bytes in);
static void record(struct session *s, int side, bytes whole);
static void handshake_bytes(struct session *s, int side, bytes plain, bool protects);
static void message(struct session *s, int side, bytes m, bool protects);
static bool hear_after(struct session *s, uint8_t type);
static void hear_client_hello(struct session *s, bytes body);
static void hear_server_hello(struct session *s, bytes body);
static void hear_certificates(struct session *s, uint8_t from, bytes body);
static size_t chain_of(const struct session *s, bytes body, bytes *out, size_t most);
static void remember(struct session *s, bytes m);
static void retry(struct session *s);
static void act13(struct session *s, uint8_t from, uint8_t type);
static void alert(struct session *s, int side, bytes plain, bool protects);
static void change_cipher(struct session *s, int side, bytes plain);
static void opened(struct session *s);

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
        size_t at = search(s, side, bytes_of(w->held, w->held_len), fresh);
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
            size_t skip = resynchronise(s, side, rest);
            at += skip;
            if (w->state == WAY_LOST)
                break;
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

/* ---- finding TLS ---- */

/* A record that is shorter than a hello's header and version: the next one has to begin behind it (RFC 5246 6.2.1). */
static bool begins_small(const uint8_t *p, size_t record_len)
{
    enum { TYPE_AND_VERSION = 3 };
    size_t next = RECORD_HEADER + record_len, seen = HELLO_LEN - next;
    return p[0] == CONTENT_HANDSHAKE && p[1] == 3 && p[2] <= 4 && record_len > 0 &&
           (p[5] == MSG_CLIENT_HELLO || p[5] == MSG_SERVER_HELLO) &&
           memcmp(p + next, p, seen < TYPE_AND_VERSION ? seen : TYPE_AND_VERSION) == 0;
}

/* A record of a ClientHello or ServerHello: types, versions and lengths agree. */
static bool is_hello(const uint8_t *p)
{
    size_t record_len = load16(p + 3), message_len = load24(p + 6);
    if (record_len < SHOWS_VERSION)
        return begins_small(p, record_len);
    return p[0] == CONTENT_HANDSHAKE && p[1] == 3 && p[2] <= 4 &&
           (p[5] == MSG_CLIENT_HELLO || p[5] == MSG_SERVER_HELLO) && record_len <= RECORD_PLAIN_MAX &&
           message_len >= 38 && message_len < 65536 && p[9] == 3 && p[10] <= 4;
}

static bool is_header(const uint8_t *p)
{
    return p[0] >= CONTENT_CCS && p[0] <= CONTENT_HEARTBEAT && p[1] == 3 && p[2] <= 4 &&
           load16(p + 3) <= RECORD_CIPHER_MAX && (load16(p + 3) > 0 || p[0] == CONTENT_DATA);
}

/* TLS that was going on before the capture began: at a segment's start, header upon header. */
static bool is_under_way(bytes in)
{
    size_t at = 0, records = 0;
    while (in.len - at >= RECORD_HEADER && is_header(in.data + at)) {
        size_t len = load16(in.data + at + 3);
        if (in.data[at + 2] == 0 || in.data[at + 2] == 4)
            return false;
        records++;
        if (len >= in.len - at - RECORD_HEADER)
            return len == in.len - at - RECORD_HEADER || records > 1 || (in.data[at] == CONTENT_DATA && len > 24);
        at += RECORD_HEADER + len;
    }
    return records > 2 && in.len - at < RECORD_HEADER;
}

/* Returns how many bytes of in are done with. */
static size_t search(struct session *s, int side, bytes in, bool segment_start)
{
    struct way *w = &s->ways[side];
    if (segment_start && in.len >= RECORD_HEADER) {
        bool answers = s->found && is_header(in.data) && in.data[0] != CONTENT_DATA;
        if (answers || (!w->touched && !s->stream->sides[side].syn && is_under_way(in))) {
            found(s, side, 0, in);
            return 0;
        }
    }
    size_t at = 0;
    while (at < in.len) {
        const uint8_t *p = memchr(in.data + at, CONTENT_HANDSHAKE, in.len - at);
        if (p == NULL)
            break;
        at = (size_t)(p - in.data);
        if (in.len - at < HELLO_LEN)
            return at; /* more has to come */
        if (is_hello(p)) {
            found(s, side, at, in);
            return at;
        }
        at++;
    }
    return in.len;
}

static void found(struct session *s, int side, size_t at, bytes in)
{
    struct way *w = &s->ways[side];
    w->before = w->at + at;
    w->state = WAY_RECORDS;
    if (s->found)
        return;
    bool hello = in.len - at >= HELLO_LEN && is_hello(in.data + at);
    const struct stream_side *sides = s->stream->sides;
    if (hello)
        s->client = (uint8_t)(in.data[at + 5] == MSG_CLIENT_HELLO ? side : 1 - side);
    else if (sides[0].syn || sides[1].syn)
        s->client = sides[0].syn ? 0 : 1;
    else
        s->client = sides[0].address.port >= sides[1].address.port ? 0 : 1;
    s->found = true;
    s->begun_us = s->now_us;
    s->first_packet = s->packet;
    s->listener->begun(s->listener->arg, s);
    fede_event e = {.kind = FEDE_EVENT_STARTED};
    session_tell(s, &e, FEDE_SERVER, false); /* not ours: so it is told from the client's side */
    if (sides[s->client].syn_data) {
        e = (fede_event){.kind = FEDE_EVENT_CHOICE, .label = "fast open"};
        session_tell(s, &e, FEDE_CLIENT, false);
    }
    if (!hello) {
        w->protects = true; /* whatever it is: the handshake is not there */
        s->ways[1 - side].protects = true;
        session_note(s, "the connection was under way when the capture began: its handshake is not there");
    } else if (w->before > 0) {
        char line[300];
        struct text t = text_in(line, sizeof line);
        text_add(&t, "TLS begins after ");
        text_number(&t, (int64_t)w->before);
        text_add(&t, w->before == 1 ? " byte of plain text: " : " bytes of plain text: ");
        size_t n = 0, most = w->before < w->opening_len ? (size_t)w->before : w->opening_len;
        while (n < most && w->opening[n] != '\r' && w->opening[n] != '\n')
            n++;
        text_escaped(&t, bytes_of(w->opening, n));
        session_note(s, line);
    }
}

/* The next place where a record header stands and another one where it says. */
static size_t resynchronise(struct session *s, int side, bytes in)
{
    struct way *w = &s->ways[side];
    for (size_t at = 0; at + RECORD_HEADER <= in.len; at++) {
        if (!is_header(in.data + at))
            continue;
        size_t next = at + RECORD_HEADER + load16(in.data + at + 3);
        if (next > in.len || (next < in.len && next + RECORD_HEADER > in.len)) {
            if (in.len - at > LOST_MOST)
                continue;
            return at; /* more has to come */
        }
        if (next != in.len && !is_header(in.data + next))
            continue;
        w->state = WAY_RECORDS;
        return at;
    }
    return in.len < RECORD_HEADER ? 0 : in.len - RECORD_HEADER + 1;
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
        opened(s); /* perhaps without having read all of the handshake */
    if (!readable) {
        w->hidden_handshake = w->hidden_handshake || (type == CONTENT_HANDSHAKE && w->protects);
        w->alert_seen = w->alert_seen || type == CONTENT_ALERT;
        bool both = s->ways[0].hidden_handshake && s->ways[1].hidden_handshake;
        if (s->answered && (both || (tls13 && session_way(s, FEDE_CLIENT)->closed > 1)))
            opened(s);
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
        message(s, side, m, protects);
    }
}

/* ---- messages ---- */

static void message(struct session *s, int side, bytes m, bool protects)
{
    const uint8_t from = session_from(s, side), type = m.data[0];
    bytes body = bytes_skip(m, 4);
    const bool after13 = s->version >= 0x0304 && s->opened && s->ways[side].finished;
    const bool spoken = after13 ? hear_after(s, type) : type != MSG_HELLO_REQUEST &&
                                                       (s->version < 0x0304 || type != MSG_NEW_SESSION_TICKET);
    if (s->unjudged[from] && type != MSG_CERTIFICATE_STATUS)
        session_judge(s, from);
    if (type == MSG_CLIENT_HELLO)
        hear_client_hello(s, body);
    fede_event e = {.kind = FEDE_EVENT_MESSAGE, .what = type, .bytes = m};
    session_tell(s, &e, from, protects);
    switch (type) {
    case MSG_SERVER_HELLO:
        hear_server_hello(s, body);
        break;
    case MSG_CERTIFICATE:
        s->shown_at[from] = s->spoken_len;
        hear_certificates(s, from, body);
        break;
    case MSG_SERVER_KEY_EXCHANGE:
        check_key_exchange(s, body);
        break;
    case MSG_CERTIFICATE_VERIFY:
        check_certificate_verify(s, from, body);
        break;
    case MSG_FINISHED:
        check_finished(s, from, body);
        s->ways[side].finished = true;
        break;
    default:
        break;
    }
    if (type == MSG_CLIENT_KEY_EXCHANGE)
        s->exchange_at = s->spoken_len;
    if (type == MSG_NEW_SESSION_TICKET)
        session_ticket(s, body);
    if (type == MSG_CLIENT_HELLO)
        s->hello_at = s->spoken_len;
    if (type == MSG_SERVER_HELLO)
        s->answer_at = s->spoken_len;
    if (type == MSG_CERTIFICATE_STATUS)
        s->status_at = s->spoken_len;
    if (spoken)
        remember(s, m);
    if (type == MSG_CLIENT_KEY_EXCHANGE)
        s->exchange_end = s->spoken_len;
    if (type == MSG_SERVER_HELLO && s->retried && !s->answered)
        retry(s);
    s->n_messages++;
    if (s->version >= 0x0304 && (!after13 || type == MSG_KEY_UPDATE))
        act13(s, from, type);
    if (after13 && type == MSG_FINISHED)
        s->spoken_len = s->handshake_end;
    if (s->ways[0].finished && s->ways[1].finished)
        opened(s);
}

/* Behind the handshake of TLS 1.3: what belongs to post-handshake authentication goes into its transcript, which is that of the
   handshake and the messages from CertificateRequest on (RFC 9846 4.4); NewSessionTicket and KeyUpdate do not. */
static bool hear_after(struct session *s, uint8_t type)
{
    if (s->handshake_end == 0)
        s->handshake_end = s->spoken_len;
    if (type == MSG_CERTIFICATE_REQUEST)
        s->spoken_len = s->handshake_end;
    return type == MSG_CERTIFICATE_REQUEST || type == MSG_CERTIFICATE || type == MSG_CERTIFICATE_VERIFY ||
           type == MSG_FINISHED;
}

/* A new handshake begins: the first one, or a renegotiation. Not so behind a HelloRetryRequest. */
static void hear_client_hello(struct session *s, bytes body)
{
    if (s->retried && !s->answered)
        return;
    s->handshakes++;
    s->answered = s->extended = s->keyed = s->retried = false;
    s->spoken_lost = false;
    s->spoken_len = 0;
    s->n_messages = 0;
    s->exchange_at = s->exchange_end = s->handshake_end = 0;
    s->inherited = s->rsa_unfit = false;
    s->ticketed = TICKET_CLOSED;
    s->certified[FEDE_CLIENT] = s->certified[FEDE_SERVER] = false;
    s->unjudged[FEDE_CLIENT] = s->unjudged[FEDE_SERVER] = false;
    s->answer_at = s->status_at = 0;
    s->ways[0].finished = s->ways[1].finished = false;
    s->ways[0].hidden_handshake = s->ways[1].hidden_handshake = false;
    s->hello = body.len >= 34;
    if (s->hello)
        bytes_copy(s->randoms, body.data + 2, 32);
    s->offered = s->hello ? load16(body.data) : 0;
    s->ancestor = 0;
    s->made_ticket = s->offered_ticket = false;
    s->made_id_len = s->offered_id_len = 0;
    struct wire w = wire_reader(body);
    struct client_hello m = {0};
    wire_client_hello(&w, &m);
    if (wire_done(&w))
        session_offers(s, &m);
}

static void hear_server_hello(struct session *s, bytes body)
{
    struct wire w = wire_reader(body);
    struct server_hello m = {0};
    wire_server_hello(&w, &m);
    if (!wire_done(&w))
        return;
    s->version = ext_has(&m.extensions, HAS_SUPPORTED_VERSIONS) ? m.extensions.version : m.legacy_version;
    s->suite = m.suite;
    s->suite_parts = suite_parts(m.suite);
    s->missing = protection_missing(&s->suite_parts, s->version);
    s->mac_last = s->suite_parts.cbc && ext_has(&m.extensions, HAS_ENCRYPT_THEN_MAC);
    if (memcmp(m.random, hello_retry_random, 32) == 0) {
        s->retried = true;
        return;
    }
    s->answered = true;
    s->extended = ext_has(&m.extensions, HAS_EXTENDED_MASTER_SECRET);
    bytes_copy(s->randoms + 32, m.random, 32);
    s->resumed = s->version >= 0x0304 && ext_has(&m.extensions, HAS_PRE_SHARED_KEY);
    s->made_id_len = (uint8_t)m.session_id.len;
    bytes_copy(s->made_id, m.session_id.data, m.session_id.len);
    if (s->resumed && m.extensions.pre_shared_key.len == 2)
        session_resumes13(s, load16(m.extensions.pre_shared_key.data));
}

static void hear_certificates(struct session *s, uint8_t from, bytes body)
{
    enum { CHAIN_MOST = 32 };
    bytes list[CHAIN_MOST];
    size_t n = chain_of(s, body, list, CHAIN_MOST);
    s->certified[from] = s->unjudged[from] = n > 0;
    if (n > 0)
        check_certificates(s, from, list, n);
}

static size_t chain_of(const struct session *s, bytes body, bytes *out, size_t most)
{
    struct certificate_message m = {0};
    struct wire w = wire_reader(body);
    bytes der, extensions;
    size_t n = 0;
    (s->version >= 0x0304 ? wire_certificate_13 : wire_certificate_12)(&w, &m);
    bytes rest = wire_done(&w) ? m.list : BYTES_NONE;
    while (n < most &&
           (s->version >= 0x0304 ? certificates_13_next(&rest, &der, &extensions) : certificates_next(&rest, &der)))
        out[n++] = der;
    return n;
}

/* ---- what was spoken ---- */

bytes session_spoken(const struct session *s, uint8_t type, size_t at)
{
    enum { HEADER = 4 };
    if (s->spoken_lost || at + HEADER > s->spoken_len || s->spoken[at] != type)
        return BYTES_NONE;
    const size_t len = load24(s->spoken + at + 1);
    return len <= s->spoken_len - at - HEADER ? bytes_of(s->spoken + at + HEADER, len) : BYTES_NONE;
}

bytes session_certificates(const struct session *s, uint8_t from)
{
    return s->certified[from] ? session_spoken(s, MSG_CERTIFICATE, s->shown_at[from]) : BYTES_NONE;
}

size_t session_chain(const struct session *s, uint8_t from, bytes *out, size_t most)
{
    return chain_of(s, session_certificates(s, from), out, most);
}

static void remember(struct session *s, bytes m)
{
    if (s->spoken_lost || s->spoken_len + m.len > SPOKEN_MOST) {
        s->spoken_lost = true;
        return;
    }
    if (s->spoken_len + m.len > s->spoken_room) {
        size_t room = 2 * (s->spoken_len + m.len);
        uint8_t *larger = realloc(s->spoken, room);
        if (larger == NULL) {
            s->spoken_lost = true;
            return;
        }
        s->spoken = larger;
        s->spoken_room = room;
    }
    bytes_copy(s->spoken + s->spoken_len, m.data, m.len);
    s->spoken_len += m.len;
}

/* RFC 9846 4.4.1: behind a HelloRetryRequest the first ClientHello counts as its hash. */
static void retry(struct session *s)
{
    const enum hash prf = suite_prf(&s->suite_parts, s->version);
    size_t first = s->spoken_len >= 4 ? 4 + (size_t)load24(s->spoken + 1) : 0;
    if (s->spoken_lost || prf == 0 || first == 0 || first > s->spoken_len) {
        s->spoken_lost = true;
        return;
    }
    uint8_t hash[HASH_MAX];
    size_t len = hash_len(prf);
    crypto_hash_once(prf, bytes_of(s->spoken, first), hash);
    if (4 + len > first)
        return;
    s->spoken[0] = 254; /* message_hash */
    store24(s->spoken + 1, (uint32_t)len);
    bytes_copy(s->spoken + 4, hash, len);
    bytes_move(s->spoken + 4 + len, s->spoken + first, s->spoken_len - first);
    s->spoken_len -= first - 4 - len;
}

/* TLS 1.3 changes keys with messages. */
static void act13(struct session *s, uint8_t from, uint8_t type)
{
    if (type == MSG_SERVER_HELLO && s->answered) {
        session_keys13(s, FEDE_SERVER, STAGE_HANDSHAKE);
        if (session_way(s, FEDE_CLIENT)->stage != STAGE_EARLY)
            session_keys13(s, FEDE_CLIENT, STAGE_HANDSHAKE);
    } else if (type == MSG_END_OF_EARLY_DATA) {
        session_keys13(s, FEDE_CLIENT, STAGE_HANDSHAKE);
    } else if (type == MSG_FINISHED) {
        session_keys13(s, from, STAGE_TRAFFIC);
    } else if (type == MSG_KEY_UPDATE) {
        session_key_update(s, from);
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

static void opened(struct session *s)
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
