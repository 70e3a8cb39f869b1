/* explain/linklayer.c: what lies between the capture file and TCP.

   Link types: Ethernet (with VLAN tags, QinQ, MPLS, PPPoE, SNAP), Linux cooked 1 and 2, raw IP, null and loop, PPP. Then IPv4
   with options and fragments (RFC 791), IPv6 with extension headers and fragments (RFC 8200), IP in IP (RFC 2003, RFC 4213), and the
   TCP header (RFC 9293). Lengths are believed only as far as the packet goes; a total length of 0 is one that hardware fills in
   later. The first copy of a fragment's bytes wins. */
#include "explain/linklayer.h"

#include <stdlib.h>

enum {
    DEPTH_MOST = 8, /* headers inside headers */
    DATAGRAM_MOST = 65535,
    FRAGMENTED_MOST = 256,        /* datagrams waiting for fragments */
    HELD_MOST = 16 * 1024 * 1024, /* their memory */
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
};
enum ethertype {
    TYPE_IP4 = 0x0800,
    TYPE_IP6 = 0x86dd,
    TYPE_VLAN = 0x8100,
    TYPE_QINQ = 0x88a8,
    TYPE_QINQ_OLD = 0x9100,
    TYPE_QINQ_OLDER = 0x9200,
    TYPE_MPLS = 0x8847,
    TYPE_MPLS_MULTI = 0x8848,
    TYPE_PPPOE = 0x8864
};

struct fragmented {
    struct fragmented *next;
    struct address from, to;
    uint32_t id;
    uint8_t protocol; /* next header behind the fragment header */
    uint8_t *data;
    size_t room, end;                         /* end 0: the last fragment has not come */
    size_t have;                              /* bytes filled */
    uint8_t filled[(DATAGRAM_MOST + 1) / 64]; /* a bit for each 8 bytes */
};

/* What is being looked at: the bytes, and how many more the wire had behind them. */
struct view {
    bytes data;
    size_t missing;
};

static bool ethernet(struct layers *l, struct view v, struct segment *out);
static bool cooked(struct layers *l, struct view v, struct segment *out);
static bool cooked2(struct layers *l, struct view v, struct segment *out);
static bool null_host(struct layers *l, struct view v, struct segment *out);
static bool null_network(struct layers *l, struct view v, struct segment *out);
static bool ppp(struct layers *l, struct view v, struct segment *out);
static bool raw_ip(struct layers *l, struct view v, struct segment *out);
static bool by_ethertype(struct layers *l, uint16_t type, struct view v, struct segment *out, int depth);
static bool mpls(struct layers *l, struct view v, struct segment *out, int depth);
static bool snap(struct layers *l, struct view v, struct segment *out, int depth);
static bool any_ip(struct layers *l, struct view v, struct segment *out, int depth);
static bool ip4(struct layers *l, struct view v, struct segment *out, int depth);
static bool ip6(struct layers *l, struct view v, struct segment *out, int depth);
static bool by_protocol(struct layers *l, uint8_t protocol, struct view v, struct segment *out, int depth);
static bool tcp(struct layers *l, struct view v, struct segment *out);
static bool fragment(struct layers *l, const struct segment *ends, uint32_t id, uint8_t protocol, size_t at, bool more,
                     bytes piece, uint8_t *whole_protocol, bytes *whole);
static struct fragmented *fragmented_find(struct layers *l, const struct segment *ends, uint32_t id, uint8_t protocol,
                                          struct fragmented ***link_to);
static void fragmented_drop(struct layers *l, struct fragmented **link_to);
static struct view view_skip(struct view v, size_t n);
static bool broken(struct layers *l);
static bool udp(struct layers *l, struct view v, const struct segment *ends);
static bool other(struct layers *l, enum packet_kind kind);

// clang-format off
static const struct link_row {
    uint16_t number;
    const char *name;
    bool (*read)(struct layers *l, struct view v, struct segment *out);
} links[] = {
    {1,   "Ethernet",               ethernet},
    {0,   "BSD loopback (null)",    null_host},
    {108, "OpenBSD loopback",       null_network},
    {9,   "PPP",                    ppp},
    {12,  "raw IP",                 raw_ip},
    {14,  "raw IP",                 raw_ip},
    {101, "raw IP",                 raw_ip},
    {228, "raw IPv4",               raw_ip},
    {229, "raw IPv6",               raw_ip},
    {113, "Linux cooked",           cooked},
    {276, "Linux cooked, version 2", cooked2},
};
// clang-format on

static const struct link_row *link_row(uint16_t number)
{
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
        if (links[i].number == number)
            return &links[i];
    return NULL;
}

const char *link_name(uint16_t link)
{
    const struct link_row *row = link_row(link);
    return row != NULL ? row->name : NULL;
}

void layers_start(struct layers *l)
{
    *l = (struct layers){0};
}

void layers_end(struct layers *l)
{
    while (l->first != NULL)
        fragmented_drop(l, &l->first);
    free(l->whole);
    l->whole = NULL;
}

bool layers_segment(struct layers *l, uint16_t link, bytes packet, uint32_t wire_len, struct segment *out)
{
    const struct link_row *row = link_row(link);
    *out = (struct segment){0};
    l->below = (struct below){.link = link};
    if (row == NULL) {
        l->unknown_link++;
        l->unknown = link;
        return false;
    }
    return row->read(l, (struct view){packet, wire_len > packet.len ? wire_len - packet.len : 0}, out);
}

/* ---- link layers ---- */

static bool ethernet(struct layers *l, struct view v, struct segment *out)
{
    if (v.data.len < 14)
        return broken(l);
    l->below.mac = true;
    bytes_copy(l->below.mac_to, v.data.data, 6);
    bytes_copy(l->below.mac_from, v.data.data + 6, 6);
    return by_ethertype(l, load16(v.data.data + 12), view_skip(v, 14), out, 0);
}

static bool cooked(struct layers *l, struct view v, struct segment *out)
{
    if (v.data.len < 16)
        return broken(l);
    return by_ethertype(l, load16(v.data.data + 14), view_skip(v, 16), out, 0);
}

static bool cooked2(struct layers *l, struct view v, struct segment *out)
{
    if (v.data.len < 20)
        return broken(l);
    return by_ethertype(l, load16(v.data.data), view_skip(v, 20), out, 0);
}

/* Four bytes of address family. Their value for IPv6 differs between systems: the packet itself says it better. */
static bool null_host(struct layers *l, struct view v, struct segment *out)
{
    if (v.data.len < 5)
        return broken(l);
    return any_ip(l, view_skip(v, 4), out, 0);
}

static bool null_network(struct layers *l, struct view v, struct segment *out)
{
    return null_host(l, v, out);
}

/* With or without the HDLC address; a protocol of one byte is odd (RFC 1661 2, 6.5). */
static bool ppp(struct layers *l, struct view v, struct segment *out)
{
    if (v.data.len >= 2 && v.data.data[0] == 0xff && v.data.data[1] == 0x03)
        v = view_skip(v, 2);
    if (v.data.len < 2)
        return broken(l);
    bool one = v.data.data[0] & 1;
    uint16_t protocol = one ? v.data.data[0] : load16(v.data.data);
    v = view_skip(v, one ? 1 : 2);
    return protocol == 0x21 || protocol == 0x57 ? any_ip(l, v, out, 0) : other(l, KIND_PPP);
}

static bool raw_ip(struct layers *l, struct view v, struct segment *out)
{
    return any_ip(l, v, out, 0);
}

static bool by_ethertype(struct layers *l, uint16_t type, struct view v, struct segment *out, int depth)
{
    if (depth > DEPTH_MOST)
        return broken(l);
    switch (type) {
    case TYPE_IP4:
    case TYPE_IP6:
        return any_ip(l, v, out, depth + 1);
    case TYPE_VLAN:
    case TYPE_QINQ:
    case TYPE_QINQ_OLD:
    case TYPE_QINQ_OLDER:
        if (v.data.len < 4)
            return broken(l);
        l->below.vlan = load16(v.data.data) & 0x0fff;
        return by_ethertype(l, load16(v.data.data + 2), view_skip(v, 4), out, depth + 1);
    case TYPE_MPLS:
    case TYPE_MPLS_MULTI:
        return mpls(l, v, out, depth + 1);
    case TYPE_PPPOE:
        if (v.data.len < 8)
            return broken(l);
        return ppp(l, view_skip(v, 6), out);
    default:
        return type < 1536 ? snap(l, v, out, depth + 1) : other(l, kind_of_ethertype(type));
    }
}

/* A stack of labels; what follows has to be guessed from its first four bits (RFC 3032, RFC 4385). */
static bool mpls(struct layers *l, struct view v, struct segment *out, int depth)
{
    for (bool bottom = false; !bottom; v = view_skip(v, 4)) {
        if (v.data.len < 4)
            return broken(l);
        bottom = v.data.data[2] & 1;
    }
    if (v.data.len < 1)
        return broken(l);
    if (v.data.data[0] >> 4 != 0)
        return any_ip(l, v, out, depth);
    v = view_skip(v, 4); /* a control word: Ethernet follows */
    if (v.data.len < 14)
        return broken(l);
    return by_ethertype(l, load16(v.data.data + 12), view_skip(v, 14), out, depth + 1);
}

/* IEEE 802.3 with 802.2 SNAP: the type field was a length. */
static bool snap(struct layers *l, struct view v, struct segment *out, int depth)
{
    static const uint8_t head[] = {0xaa, 0xaa, 0x03, 0, 0, 0};
    if (v.data.len < 8 || !bytes_equal(bytes_first(v.data, sizeof head), BYTES_OF(head)))
        return other(l, KIND_LLC);
    return by_ethertype(l, load16(v.data.data + 6), view_skip(v, 8), out, depth);
}

/* ---- IP ---- */

static bool any_ip(struct layers *l, struct view v, struct segment *out, int depth)
{
    if (v.data.len < 1 || depth > DEPTH_MOST)
        return broken(l);
    unsigned version = v.data.data[0] >> 4;
    return version == 4 ? ip4(l, v, out, depth + 1) : version == 6 ? ip6(l, v, out, depth + 1) : broken(l);
}

/* Cuts what lies behind the datagram (padding), or counts what the capture left out of it. */
static struct view cut(struct view v, size_t len)
{
    if (len <= v.data.len)
        return (struct view){bytes_first(v.data, len), 0};
    size_t lacks = len - v.data.len;
    return (struct view){v.data, lacks < v.missing ? lacks : v.missing};
}

static bool ip4(struct layers *l, struct view v, struct segment *out, int depth)
{
    if (v.data.len < 20)
        return broken(l);
    const uint8_t *p = v.data.data;
    size_t header = (size_t)(p[0] & 15) * 4, total = load16(p + 2);
    if (header < 20 || header > v.data.len || (total != 0 && total < header))
        return broken(l);
    out->from = (struct address){.family = 4};
    out->to = (struct address){.family = 4};
    bytes_copy(out->from.ip, p + 12, 4);
    bytes_copy(out->to.ip, p + 16, 4);
    if (total != 0)
        v = cut(v, total);
    uint16_t place = load16(p + 6);
    uint8_t protocol = p[9];
    uint32_t id = load16(p + 4);
    l->below.version = 4;
    l->below.hops = p[8];
    v = view_skip(v, header);
    bool more = place & 0x2000;
    size_t at = (size_t)(place & 0x1fff) * 8;
    if (!more && at == 0)
        return by_protocol(l, protocol, v, out, depth);
    bytes whole;
    if (!fragment(l, out, id, protocol, at, more, v.data, &protocol, &whole))
        return false;
    return by_protocol(l, protocol, (struct view){whole, 0}, out, depth);
}

/* RFC 8200 4.1: the headers between the fixed one and TCP. */
static bool ip6(struct layers *l, struct view v, struct segment *out, int depth)
{
    enum { HOP_BY_HOP = 0, ROUTING = 43, FRAGMENT = 44, AUTHENTICATION = 51, DESTINATION = 60, MOBILITY = 135 };
    if (v.data.len < 40)
        return broken(l);
    size_t len = load16(v.data.data + 4);
    uint8_t next = v.data.data[6];
    l->below.version = 6;
    l->below.hops = v.data.data[7];
    out->from = (struct address){.family = 6};
    out->to = (struct address){.family = 6};
    bytes_copy(out->from.ip, v.data.data + 8, 16);
    bytes_copy(out->to.ip, v.data.data + 24, 16);
    if (len != 0)
        v = cut(v, 40 + len);
    v = view_skip(v, 40);
    for (int headers = 0; headers < 16; headers++) {
        const uint8_t *p = v.data.data;
        if (next == HOP_BY_HOP || next == ROUTING || next == DESTINATION || next == MOBILITY ||
            next == AUTHENTICATION) {
            if (v.data.len < 8)
                return broken(l);
            size_t size = next == AUTHENTICATION ? ((size_t)p[1] + 2) * 4 : ((size_t)p[1] + 1) * 8;
            if (size > v.data.len)
                return broken(l);
            next = p[0];
            v = view_skip(v, size);
        } else if (next == FRAGMENT) {
            if (v.data.len < 8)
                return broken(l);
            uint16_t place = load16(p + 2);
            uint32_t id = load32(p + 4);
            next = p[0];
            v = view_skip(v, 8);
            if (place & 0xfff9) {
                bytes whole;
                if (!fragment(l, out, id, next, (size_t)(place & 0xfff8), place & 1, v.data, &next, &whole))
                    return false;
                v = (struct view){whole, 0};
            }
        } else {
            return by_protocol(l, next, v, out, depth);
        }
    }
    return broken(l);
}

static bool by_protocol(struct layers *l, uint8_t protocol, struct view v, struct segment *out, int depth)
{
    enum { IP4_INSIDE = 4, IP6_INSIDE = 41 };
    if (protocol == PROTOCOL_TCP)
        return tcp(l, v, out);
    if (protocol == IP4_INSIDE || protocol == IP6_INSIDE)
        return any_ip(l, v, out, depth + 1);
    if (protocol == PROTOCOL_UDP)
        return udp(l, v, out);
    return other(l, kind_of_protocol(protocol));
}

static bool tcp(struct layers *l, struct view v, struct segment *out)
{
    if (v.data.len < 20)
        return broken(l);
    const uint8_t *p = v.data.data;
    size_t header = (size_t)(p[12] >> 4) * 4;
    if (header < 20)
        return broken(l);
    if (header > v.data.len + v.missing)
        return broken(l);
    out->from.port = load16(p);
    out->to.port = load16(p + 2);
    out->seq = load32(p + 4);
    out->ack = load32(p + 8);
    out->flags = p[13];
    size_t missing = v.missing;
    if (header > v.data.len) /* cut within the options */
        missing -= header - v.data.len;
    out->payload = bytes_skip(v.data, header < v.data.len ? header : v.data.len);
    out->missing = missing;
    l->segments++;
    return true;
}

/* ---- fragments ---- */

/* Keeps a fragment; true when its datagram is complete: *whole stays until the next one is. */
static bool fragment(struct layers *l, const struct segment *ends, uint32_t id, uint8_t protocol, size_t at, bool more,
                     bytes piece, uint8_t *whole_protocol, bytes *whole)
{
    struct fragmented **link_to;
    if (more)
        piece.len -= piece.len % 8;
    if (piece.len == 0 || at + piece.len > DATAGRAM_MOST)
        return broken(l);
    struct fragmented *f = fragmented_find(l, ends, id, protocol, &link_to);
    if (f == NULL)
        return broken(l);
    if (at == 0)
        f->protocol = protocol; /* IPv6: only the first has the right one */
    if (f->room < at + piece.len) {
        size_t room = at + piece.len < 4096 ? 4096 : at + piece.len < 16384 ? 16384 : DATAGRAM_MOST;
        uint8_t *larger = realloc(f->data, room);
        if (larger == NULL) {
            fragmented_drop(l, link_to);
            return broken(l);
        }
        memset(larger + f->room, 0, room - f->room);
        l->held += room - f->room;
        f->data = larger;
        f->room = room;
    }
    if (!more && f->end == 0)
        f->end = at + piece.len;
    for (size_t i = 0; i < piece.len; i += 8) {
        size_t unit = (at + i) / 8, n = piece.len - i < 8 ? piece.len - i : 8;
        if (f->filled[unit / 8] >> unit % 8 & 1)
            continue;
        f->filled[unit / 8] = (uint8_t)(f->filled[unit / 8] | 1 << unit % 8);
        bytes_copy(f->data + at + i, piece.data + i, n);
        f->have += n;
    }
    if (f->end == 0 || f->have < f->end)
        return false;
    for (size_t unit = 0; unit * 8 < f->end; unit++)
        if (!(f->filled[unit / 8] >> unit % 8 & 1))
            return false;
    free(l->whole);
    l->whole = f->data;
    *whole = bytes_of(f->data, f->end);
    *whole_protocol = f->protocol;
    l->held -= f->room;
    f->data = NULL;
    f->room = 0;
    fragmented_drop(l, link_to);
    return true;
}

/* The datagram of that fragment, a new one if need be; the oldest make room. */
static struct fragmented *fragmented_find(struct layers *l, const struct segment *ends, uint32_t id, uint8_t protocol,
                                          struct fragmented ***link_to)
{
    bool four = ends->from.family == 4;
    for (struct fragmented **at = &l->first; *at != NULL; at = &(*at)->next) {
        struct fragmented *f = *at;
        if (f->id == id && f->from.family == ends->from.family && memcmp(f->from.ip, ends->from.ip, 16) == 0 &&
            memcmp(f->to.ip, ends->to.ip, 16) == 0 && (!four || f->protocol == protocol)) {
            *link_to = at;
            return f;
        }
    }
    while (l->first != NULL && (l->n_fragmented >= FRAGMENTED_MOST || l->held > HELD_MOST)) {
        struct fragmented **last = &l->first;
        while ((*last)->next != NULL)
            last = &(*last)->next;
        fragmented_drop(l, last);
        l->fragments_lost++;
    }
    struct fragmented *f = calloc(1, sizeof *f);
    if (f == NULL)
        return NULL;
    f->from = ends->from;
    f->to = ends->to;
    f->id = id;
    f->protocol = protocol;
    f->next = l->first;
    l->first = f;
    l->n_fragmented++;
    *link_to = &l->first;
    return f;
}

static void fragmented_drop(struct layers *l, struct fragmented **link_to)
{
    struct fragmented *f = *link_to;
    *link_to = f->next;
    l->n_fragmented--;
    l->held -= f->room;
    free(f->data);
    free(f);
}

/* ---- */

static struct view view_skip(struct view v, size_t n)
{
    return (struct view){bytes_skip(v.data, n < v.data.len ? n : v.data.len), v.missing};
}

static bool broken(struct layers *l)
{
    l->broken++;
    return false;
}

/* RFC 768. What it holds is told by its ports, for those who look further. */
static bool udp(struct layers *l, struct view v, const struct segment *ends)
{
    if (v.data.len < 8)
        return broken(l);
    size_t len = load16(v.data.data + 4);
    l->below.from = ends->from;
    l->below.to = ends->to;
    l->below.from.port = load16(v.data.data);
    l->below.to.port = load16(v.data.data + 2);
    l->below.udp = bytes_skip(len >= 8 ? bytes_first(v.data, len) : v.data, 8);
    return other(l, kind_of_ports(l->below.from.port, l->below.to.port, false));
}

static bool other(struct layers *l, enum packet_kind kind)
{
    l->below.kind = (uint8_t)kind;
    l->kinds[kind]++;
    l->other++;
    return false;
}
