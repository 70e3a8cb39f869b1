/* explain/session_find.c: where TLS lies in the bytes of a TCP connection.

   It is found by what its hellos look like, on any port and behind any plain text (CONNECT, STARTTLS); without hellos, by a
   chain of record headers at a segment's start; behind a gap, by a header that leads to another one. Which of the two hosts is
   the client is decided here too. What the records say is session.c's. */
#include "explain/session.h"

#include "base/text.h"

enum {
    LOST_MOST = 64 * 1024, /* looked through for a record header at once */
    HELLO_LEN = 11,        /* bytes by which a hello is known */
    SHOWS_VERSION = 6,     /* of a hello: header and version */
};

static void found(struct session *s, int side, size_t at, bytes in);

/* A record that is shorter than a hello's header and version: the next one has to begin behind it (RFC 5246 6.2.1). */
static bool begins_small(const uint8_t *p, size_t record_len)
{
    enum { TYPE_AND_VERSION = 3 };
    size_t next = RECORD_HEADER + record_len, seen = HELLO_LEN - next;
    return p[0] == CONTENT_HANDSHAKE && p[1] == 3 && p[2] <= 4 && record_len > 0 &&
           (p[5] == MSG_CLIENT_HELLO || p[5] == MSG_SERVER_HELLO) &&
           memcmp(p + next, p, seen < TYPE_AND_VERSION ? seen : TYPE_AND_VERSION) == 0;
}

/* A record of a ClientHello or ServerHello: types, versions and lengths agree. A version that is none is shown as it is, when the
   lengths leave no doubt. */
static bool is_hello(const uint8_t *p)
{
    size_t record_len = load16(p + 3), message_len = load24(p + 6);
    if (record_len < SHOWS_VERSION)
        return begins_small(p, record_len);
    return p[0] == CONTENT_HANDSHAKE && p[1] == 3 && p[2] <= 4 &&
           (p[5] == MSG_CLIENT_HELLO || p[5] == MSG_SERVER_HELLO) && record_len <= RECORD_PLAIN_MAX &&
           message_len >= 38 && message_len < 65536 &&
           ((p[9] == 3 && p[10] <= 4) || record_len == message_len + 4);
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

/* The first bytes of a header that says something else than data: an answer may be a lone alert in the smallest segments. */
static bool begins_header(bytes in)
{
    return in.len > 0 && in.len < RECORD_HEADER && in.data[0] >= CONTENT_CCS && in.data[0] <= CONTENT_HEARTBEAT &&
           in.data[0] != CONTENT_DATA && (in.len < 2 || in.data[1] == 3) && (in.len < 3 || in.data[2] <= 4);
}

/* Returns how many bytes of in are done with. */
size_t session_search(struct session *s, int side, bytes in, bool segment_start)
{
    struct way *w = &s->ways[side];
    enum ssl2_start old = segment_start || w->ssl2_begun ? session_ssl2_starts(s, side, in) : SSL2_NOT;
    w->ssl2_begun = old == SSL2_MORE;
    w->ssl2 = old == SSL2_HERE;
    if (w->ssl2)
        found(s, side, 0, in);
    if (w->ssl2 || w->ssl2_begun)
        return 0;
    const bool start = segment_start || w->answer_begun;
    w->answer_begun = start && s->found && begins_header(in);
    if (w->answer_begun)
        return 0; /* more has to come */
    if (start && in.len >= RECORD_HEADER) {
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
    bool hello = w->ssl2 || (in.len - at >= HELLO_LEN && is_hello(in.data + at));
    const struct stream_side *sides = s->stream->sides;
    if (w->ssl2)
        s->client = (uint8_t)side;
    else if (hello)
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
size_t session_resynchronise(struct session *s, int side, bytes in)
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
