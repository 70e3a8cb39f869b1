/* explain/session_ssl2.c: connections that begin in the form of SSL 2.0.

   A ClientHello in that form that offers SSL 3.0 or later is answered in the form of that version, and from there on the
   connection is an ordinary one: only the hello's bytes count as they are in the transcript, and its challenge is the
   random (RFC 5246 E.2). Answered in SSL 2.0, the connection is told up to CLIENT-MASTER-KEY: behind it all is encrypted,
   and not decrypted here. */
#include <stdlib.h>

#include "explain/session.h"
#include "explain/ssl2.h"

enum {
    FRONT = 11 /* header and fixed part of a ClientHello */,
    CHALLENGE_LEAST = 16,
    CHALLENGE_MOST = 32,
    ANSWER_FRONT = 7,
    MORE_ROOM = 64
};

static void message(struct session *s, int side, bytes m);
static void hear_client_hello(struct session *s, int side, bytes m);
static void hear_server_hello(struct session *s, bytes m);
static void encrypted(struct session *s, uint8_t from, bytes whole);

enum ssl2_start session_ssl2_starts(const struct session *s, int side, bytes in)
{
    const uint8_t *p = in.data;
    if (s->found) { /* the answer to such a hello */
        if (!s->ssl2_asked || side == s->client || in.len == 0 || (p[0] & 0x80) == 0)
            return SSL2_NOT;
        if (in.len < ANSWER_FRONT)
            return in.len < 3 || p[2] == SSL2_SERVER_HELLO || p[2] == SSL2_ERROR
                       ? (in.len == 5 && p[2] == SSL2_ERROR ? SSL2_HERE : SSL2_MORE)
                       : SSL2_NOT;
        return (p[2] == SSL2_SERVER_HELLO && load16(p + 5) == SSL2_VERSION) || p[2] == SSL2_ERROR ? SSL2_HERE
                                                                                                  : SSL2_NOT;
    }
    if (in.len > 0 && (p[0] & 0x80) == 0)
        return SSL2_NOT;
    if (in.len > 2 && p[2] != SSL2_CLIENT_HELLO)
        return SSL2_NOT;
    if (in.len < FRONT) /* one byte or two say little: they are waited behind at the very start alone */
        return in.len > 2 || s->ways[side].at == 0 ? SSL2_MORE : SSL2_NOT;
    const size_t len = load16(p) & 0x7fff, suites = load16(p + 5), id = load16(p + 7), challenge = load16(p + 9);
    const uint16_t version = load16(p + 3);
    return (version == SSL2_VERSION || (version >= 0x0300 && version <= 0x0304)) && suites > 0 && suites % 3 == 0 &&
                   challenge >= CHALLENGE_LEAST && challenge <= CHALLENGE_MOST && id <= 32 &&
                   len == FRONT - 2 + suites + id + challenge
               ? SSL2_HERE
               : SSL2_NOT;
}

size_t session_ssl2_record(struct session *s, int side, bytes in)
{
    struct way *w = &s->ways[side];
    struct ssl2_record r;
    if (!ssl2_record_read(in, &r) || in.len < r.header + r.len)
        return 0;
    const uint8_t from = session_from(s, side);
    bytes whole = bytes_first(in, r.header + r.len), content = bytes_skip(whole, r.header);
    if (s->ssl2_secret) {
        encrypted(s, from, whole);
        return whole.len;
    }
    fede_event e = {
        .kind = FEDE_EVENT_RECORD, .what = CONTENT_HANDSHAKE, .bytes = whole, .plain = content, .number = w->records++};
    session_tell(s, &e, from, false);
    if (content.len > 0)
        message(s, side, content);
    return whole.len;
}

static void message(struct session *s, int side, bytes m)
{
    const uint8_t from = session_from(s, side), type = m.data[0];
    struct ssl2_master_key key;
    if (type == SSL2_CLIENT_HELLO)
        hear_client_hello(s, side, m);
    if (type == SSL2_SERVER_HELLO || type == SSL2_ERROR) {
        s->version = SSL2_VERSION;
        s->ways[0].ssl2 = s->ways[1].ssl2 = true;
    }
    fede_event e = {.kind = FEDE_EVENT_MESSAGE, .what = MSG_SSL2 | type, .bytes = m};
    session_tell(s, &e, from, false);
    s->n_messages++;
    if (type == SSL2_SERVER_HELLO)
        hear_server_hello(s, m);
    if (type == SSL2_ERROR) {
        s->ways[side].alert_seen = true;
        session_note(s, "SSL 2: one side says that it can't go on");
    }
    if (type == SSL2_CLIENT_MASTER_KEY) {
        s->ssl2_secret = true;
        session_note(s, ssl2_master_key_read(m, &key) && key.clear.len > 0
                            ? "SSL 2: from here on all is encrypted, with a key of which most bytes have just been "
                              "sent in the clear"
                            : "SSL 2: from here on all is encrypted; SSL 2 is not decrypted");
    }
}

/* What it stands for in the form of today is what the session goes on with. */
static void hear_client_hello(struct session *s, int side, bytes m)
{
    struct ssl2_client_hello hello;
    if (!ssl2_client_hello_read(m, &hello))
        return;
    s->ssl2_asked = true;
    s->ways[side].ssl2 = hello.version == SSL2_VERSION;
    s->hello = true;
    s->offered = hello.version;
    uint8_t *same = hello.version >= 0x0300 ? malloc(m.len + MORE_ROOM) : NULL;
    const size_t len = same != NULL ? ssl2_hello_rewrite(m, same) : 0;
    if (len > 0) {
        session_hear_client_hello(s, bytes_of(same + 4, len - 4));
        session_remember(s, m);
    }
    free(same);
}

static void hear_server_hello(struct session *s, bytes m)
{
    struct ssl2_server_hello hello;
    s->answered = true;
    s->missing = "SSL 2.0 is not decrypted";
    if (!ssl2_server_hello_read(m, &hello))
        return;
    s->resumed = hello.session_id_hit != 0;
    s->ssl2_secret = s->resumed;
    if (hello.certificate.len > 0)
        check_certificates(s, FEDE_SERVER, &hello.certificate, 1);
}

/* Which messages these are is not visible. CLIENT-FINISHED; SERVER-VERIFY and SERVER-FINISHED: then the handshake is over. */
static void encrypted(struct session *s, uint8_t from, bytes whole)
{
    struct way *w = session_way(s, from), *client = session_way(s, FEDE_CLIENT), *server = session_way(s, FEDE_SERVER);
    fede_event e = {.kind = FEDE_EVENT_RECORD, .what = CONTENT_DATA, .bytes = whole, .number = w->records++};
    w->closed++;
    s->keys = KEYS_UNSUPPORTED;
    session_tell(s, &e, from, true);
    if (!s->opened && client->closed > 0 && server->closed > 1) {
        s->opened = true;
        e = (fede_event){.kind = FEDE_EVENT_OPENED};
        session_tell(s, &e, FEDE_CLIENT, true);
    }
}
