/* explain/session_messages.c: what handshake messages mean for the connection they belong to.

   Each is told, remembered for the transcript (RFC 9846 4.4.1, RFC 5246 7.4.9) and recomputed where something can be
   (session_checks.c); hellos set version, suite and what is resumed; in TLS 1.3 some change the keys. How messages come out of
   records is session.c's. */
#include "explain/session.h"
#include "explain/raw_key.h"
#include "explain/unpack.h"

#include <stdlib.h>

#include "base/memory.h"

enum { SPOKEN_MOST = 1024 * 1024 };

static bool hear_after(struct session *s, uint8_t type);
static void hear_server_hello(struct session *s, bytes body);
static void hear_certificates(struct session *s, uint8_t from, bytes body);
static size_t chain_of(const struct session *s, bytes body, bytes *out, size_t most);
static void retry(struct session *s);
static void act13(struct session *s, uint8_t from, uint8_t type);

enum { PACKED_MOST = 1024 * 1024 };

void session_message(struct session *s, int side, bytes m, bool protects)
{
    const uint8_t from = session_from(s, side), type = m.data[0];
    bytes body = bytes_skip(m, 4);
    const bool after13 = s->version >= 0x0304 && s->opened && s->ways[side].finished;
    const bool spoken = after13 ? hear_after(s, type)
                                : type != MSG_HELLO_REQUEST && (s->version < 0x0304 || type != MSG_NEW_SESSION_TICKET);
    if (s->unjudged[from] && type != MSG_CERTIFICATE_STATUS)
        session_judge(s, from);
    if (type == MSG_CLIENT_HELLO)
        session_hear_client_hello(s, body);
    fede_event e = {.kind = FEDE_EVENT_MESSAGE, .what = type, .bytes = m};
    session_tell(s, &e, from, protects);
    switch (type) {
    case MSG_CLIENT_HELLO:
        session_psk_offered(s, m);
        break;
    case MSG_SERVER_HELLO:
        hear_server_hello(s, body);
        break;
    case MSG_CERTIFICATE:
        s->shown_at[from] = s->spoken_len;
        s->unpacked[from] = BYTES_NONE;
        hear_certificates(s, from, body);
        break;
    case MSG_COMPRESSED_CERTIFICATE:
        arena_end(&s->packed[from]);
        arena_start(&s->packed[from], &memory_standard, PACKED_MOST);
        if (certificate_unpack(&s->packed[from], body, &s->unpacked[from]) == NULL)
            hear_certificates(s, from, s->unpacked[from]);
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
        session_remember(s, m);
    if (type == MSG_CLIENT_KEY_EXCHANGE)
        s->exchange_end = s->spoken_len;
    if (type == MSG_SERVER_HELLO && s->retried && !s->answered)
        retry(s);
    s->n_messages++;
    if (s->version >= 0x0304 && type == MSG_SERVER_HELLO)
        session_psk_answered(s, body);
    if (s->version >= 0x0304 && type == MSG_FINISHED && !after13)
        session_psk_finished(s, from);
    if (s->version >= 0x0304 && (!after13 || type == MSG_KEY_UPDATE))
        act13(s, from, type);
    if (after13 && type == MSG_FINISHED)
        s->spoken_len = s->handshake_end;
    if (s->ways[0].finished && s->ways[1].finished)
        session_opened(s);
}

/* Behind the handshake of TLS 1.3: what belongs to post-handshake authentication goes into its transcript, which is that of the
   handshake and the messages from CertificateRequest on (RFC 9846 4.4); NewSessionTicket and KeyUpdate do not. */
static bool hear_after(struct session *s, uint8_t type)
{
    if (s->handshake_end == 0)
        s->handshake_end = s->spoken_len;
    if (type == MSG_CERTIFICATE_REQUEST)
        s->spoken_len = s->handshake_end;
    return type == MSG_CERTIFICATE_REQUEST || type == MSG_CERTIFICATE || type == MSG_COMPRESSED_CERTIFICATE || type == MSG_CERTIFICATE_VERIFY ||
           type == MSG_FINISHED;
}

/* A new handshake begins: the first one, or a renegotiation. Not so behind a HelloRetryRequest. */
void session_hear_client_hello(struct session *s, bytes body)
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
    s->unpacked[FEDE_CLIENT] = s->unpacked[FEDE_SERVER] = BYTES_NONE;
    s->answer_at = s->status_at = s->verify_at = 0;
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
    bytes key;
    const bool raw = raw_key_of(body, s->version >= 0x0304, &key);
    size_t n = raw ? 0 : chain_of(s, body, list, CHAIN_MOST);
    s->certified[from] = raw || n > 0;
    s->unjudged[from] = n > 0;
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
    if (s->certified[from] && s->unpacked[from].len > 0)
        return s->unpacked[from];
    return s->certified[from] ? session_spoken(s, MSG_CERTIFICATE, s->shown_at[from]) : BYTES_NONE;
}

size_t session_chain(const struct session *s, uint8_t from, bytes *out, size_t most)
{
    return chain_of(s, session_certificates(s, from), out, most);
}

void session_remember(struct session *s, bytes m)
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
