/* explain/datagrams.c: DTLS (RFC 4347, RFC 6347, RFC 9147) and QUIC (RFC 9000, RFC 9369) by their looks.

   A connection is known by a first datagram that can hardly be anything else: a DTLS record with a ClientHello or ServerHello
   whose lengths agree, or several records that fill the datagram to its last byte; a long header of QUIC with a version that is
   known. From then on every datagram between the two is counted, for later ones show little. */
#include "explain/datagrams.h"

#include <stdlib.h>

#include "explain/dissection.h"
#include "wire/names.h"

enum {
    DTLS_HEADER = 13,
    DTLS_MESSAGE = 12,
    HEARTBEAT = 24,
    ACK = 26,
    RECORD_MOST = 16384 + 2048,
    FRAGMENT_MOST = 65535,
    HELLO_VERIFY = 3,
    RANDOM = 32,
    DTLS_13 = 0xfefc,
    DRAFT = 0x7f /* of DTLS 1.3: its number is the second byte */,
    QUIC_LONG = 7,
    QUIC_ID_MOST = 20,
    QUIC_1 = 1,
};
#define QUIC_2 UINT32_C(0x6b3343cf)

struct looks {
    uint8_t protocol;
    uint8_t from; /* FEDE_CLIENT, FEDE_SERVER: who says this; 0: does not show */
    bool chosen, negotiated;
    uint32_t version;
};

static bool dtls(bytes in, struct looks *out);
static bool dtls_hello(bytes m, struct looks *out);
static bool quic(bytes in, struct looks *out);
static bool same(const struct address *a, const struct address *b);
static struct datagram_flow *place_of(struct datagrams *g, const struct address *a, const struct address *b);

void datagrams_end(struct datagrams *g)
{
    free(g->flows);
    *g = (struct datagrams){0};
}

enum datagram_protocol datagrams_hear(struct datagrams *g, const struct address *from, const struct address *to,
                                      bytes content, uint64_t at_us)
{
    struct datagram_flow *f = g->flows != NULL ? place_of(g, from, to) : NULL;
    struct looks looks = {0};
    const bool known = f != NULL && f->protocol != DATAGRAM_NONE;
    bool says = (!known || f->protocol == DATAGRAM_DTLS) && dtls(content, &looks);
    if (!says && (!known || f->protocol == DATAGRAM_QUIC))
        says = quic(content, &looks);
    if (!known && !says)
        return DATAGRAM_NONE;
    if (g->flows == NULL && (g->flows = calloc(DATAGRAM_FLOWS, sizeof *g->flows)) != NULL)
        f = place_of(g, from, to);
    if (f == NULL || (!known && g->n >= DATAGRAM_FLOWS / 2)) {
        g->over++;
        return (enum datagram_protocol)looks.protocol;
    }
    if (!known) {
        const bool client = looks.from != FEDE_SERVER;
        *f = (struct datagram_flow){.ends = {client ? *from : *to, client ? *to : *from},
                                    .protocol = looks.protocol,
                                    .first_us = at_us,
                                    .number = g->n};
        g->n++;
    }
    const bool server = !same(&f->ends[0], from);
    f->datagrams[server]++;
    f->bytes[server] += content.len;
    f->last_us = at_us;
    const bool chosen = looks.chosen || (f->protocol == DATAGRAM_QUIC && server);
    if (says && looks.version != 0 && (chosen || !f->answered)) {
        f->version = looks.version;
        f->answered = f->answered || chosen;
    }
    f->negotiated = f->negotiated || looks.negotiated;
    return (enum datagram_protocol)f->protocol;
}

/* ---- DTLS ---- */

static bool is_dtls_version(uint32_t version)
{
    return version == 0xfeff || version == 0xfefd || version == 0xfefc || version == 0x0100;
}

static bool dtls(bytes in, struct looks *out)
{
    size_t records = 0;
    for (; in.len >= DTLS_HEADER; records++) {
        const size_t len = load16(in.data + 11);
        const uint8_t type = in.data[0];
        if (type < CONTENT_CCS || type > ACK || !is_dtls_version(load16(in.data + 1)) || len == 0 ||
            len > RECORD_MOST || DTLS_HEADER + len > in.len)
            break;
        if (out->protocol == DATAGRAM_NONE && type == CONTENT_HANDSHAKE && load16(in.data + 3) == 0)
            dtls_hello(bytes_of(in.data + DTLS_HEADER, len), out);
        in = bytes_skip(in, DTLS_HEADER + len);
    }
    if (records > 0 && in.len == 0)
        out->protocol = DATAGRAM_DTLS;
    return out->protocol == DATAGRAM_DTLS;
}

/* The first fragment of a hello: who speaks, and the version it offers or chooses. */
static bool dtls_hello(bytes m, struct looks *out)
{
    if (m.len < DTLS_MESSAGE + 2 || load24(m.data + 1) > FRAGMENT_MOST || load24(m.data + 6) != 0 ||
        load24(m.data + 9) > m.len - DTLS_MESSAGE)
        return false;
    const uint8_t type = m.data[0];
    bytes body = bytes_skip(m, DTLS_MESSAGE);
    if ((type != MSG_CLIENT_HELLO && type != MSG_SERVER_HELLO && type != HELLO_VERIFY) ||
        !is_dtls_version(load16(body.data)))
        return false;
    *out = (struct looks){.protocol = DATAGRAM_DTLS, .from = type == MSG_CLIENT_HELLO ? FEDE_CLIENT : FEDE_SERVER};
    if (type == HELLO_VERIFY)
        return true; /* its version says nothing: RFC 6347 4.2.1 */
    out->version = load16(body.data);
    out->chosen = type == MSG_SERVER_HELLO;
    /* Both hellos: id, then (ClientHello) cookie, suites, compressions. What is cut off is looked through as far as it goes. */
    bytes rest = bytes_skip(body, 2 + RANDOM);
    for (size_t i = 0, parts = out->chosen ? 1 : 4; i < parts; i++) {
        const size_t prefix = i == 2 ? 2 : 1;
        if (rest.len < prefix)
            return true;
        rest = bytes_skip(rest, prefix + (prefix == 2 ? load16(rest.data) : rest.data[0]));
    }
    rest = bytes_skip(rest, out->chosen ? 3 + 2 : 2);
    uint16_t id;
    bytes list;
    while (extensions_next(&rest, &id, &list))
        for (size_t at = out->chosen ? 0 : 1; id == EXT_SUPPORTED_VERSIONS && at + 2 <= list.len; at += 2)
            if (load16(list.data + at) == DTLS_13 || list.data[at] == DRAFT)
                out->version = load16(list.data + at);
    return true;
}

/* ---- QUIC ---- */

static bool is_quic_version(uint32_t version)
{
    const bool draft = version >> 8 == 0xff0000, google = version >> 24 == 'Q' || version >> 24 == 'T';
    return version == QUIC_1 || version == QUIC_2 || draft || (google && (version >> 16 & 0xff) == '0');
}

/* RFC 8999: what holds for every version. */
static bool quic(bytes in, struct looks *out)
{
    if (in.len < QUIC_LONG || (in.data[0] & 0x80) == 0)
        return false;
    const uint32_t version = load32(in.data + 1);
    const size_t to = in.data[5];
    if (to > QUIC_ID_MOST || in.len < QUIC_LONG + to)
        return false;
    const size_t from = in.data[6 + to], at = QUIC_LONG + to + from;
    if (from > QUIC_ID_MOST || in.len < at)
        return false;
    if (version == 0) { /* version negotiation: a list of them, and nothing else */
        bool some = in.len > at && (in.len - at) % 4 == 0;
        for (size_t i = at; i + 4 <= in.len && some; i += 4)
            some = is_quic_version(load32(in.data + i)) || (load32(in.data + i) & 0x0f0f0f0f) == 0x0a0a0a0a;
        if (some)
            *out = (struct looks){.protocol = DATAGRAM_QUIC, .from = FEDE_SERVER, .negotiated = true};
        return some;
    }
    if (!is_quic_version(version) || (in.data[0] & 0x40) == 0)
        return false;
    *out = (struct looks){.protocol = DATAGRAM_QUIC, .version = version};
    return true;
}

/* ---- which is which ---- */

static size_t ip_len(const struct address *a)
{
    return a->family == 4 ? 4 : sizeof a->ip;
}

static bool same(const struct address *a, const struct address *b)
{
    return a->family == b->family && a->port == b->port && memcmp(a->ip, b->ip, ip_len(a)) == 0;
}

static size_t hash_of(const struct address *a)
{
    size_t h = a->port;
    for (size_t i = 0; i < ip_len(a); i++)
        h = h * 31 + a->ip[i];
    return h;
}

/* Its place, or the free one where it would be; NULL: there is none. */
static struct datagram_flow *place_of(struct datagrams *g, const struct address *a, const struct address *b)
{
    const size_t first = (hash_of(a) ^ hash_of(b)) * 2654435761U;
    for (size_t i = 0; i < DATAGRAM_FLOWS; i++) {
        struct datagram_flow *f = &g->flows[(first + i) % DATAGRAM_FLOWS];
        if (f->protocol == DATAGRAM_NONE || (same(&f->ends[0], a) && same(&f->ends[1], b)) ||
            (same(&f->ends[0], b) && same(&f->ends[1], a)))
            return f;
    }
    return NULL;
}

const struct datagram_flow *datagrams_at(const struct datagrams *g, size_t n)
{
    for (size_t i = 0; n < g->n && i < DATAGRAM_FLOWS; i++)
        if (g->flows[i].protocol != DATAGRAM_NONE && g->flows[i].number == n)
            return &g->flows[i];
    return NULL;
}

static void quic_title(uint32_t version, struct text *out)
{
    text_add(out, "QUIC");
    if (version == QUIC_1 || version == QUIC_2) {
        text_add(out, version == QUIC_1 ? " version 1" : " version 2");
    } else if (version >> 8 == 0xff0000) {
        text_add(out, " draft ");
        text_number(out, version & 0xff);
    } else if (version != 0) {
        text_add(out, " ");
        for (int i = 24; i >= 0; i -= 8)
            text_char(out, (char)(version >> i & 0x7f));
    }
}

void datagram_title(const struct datagram_flow *f, struct text *out)
{
    if (f->protocol == DATAGRAM_QUIC) {
        quic_title(f->version, out);
        text_add(out, f->negotiated ? " (the server offers others)" : "");
        return;
    }
    if (f->version >> 8 == DRAFT) {
        text_add(out, f->answered ? "DTLS 1.3 (draft " : "DTLS (up to 1.3, draft ");
        text_number(out, f->version & 0xff);
        text_add(out, f->answered ? ")" : ", is offered)");
        return;
    }
    const char *name = f->version != 0 ? names_find(&version_names, f->version) : NULL;
    text_add(out, name == NULL ? "DTLS" : f->answered ? name : "DTLS (up to ");
    text_add(out, name == NULL || f->answered ? "" : name);
    text_add(out, name == NULL || f->answered ? "" : " is offered)");
}
