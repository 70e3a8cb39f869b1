/* explain/around.c: trails of packets, and DNS over TCP. Both belong to a stream and live as long as it does. */
#include "explain/around.h"

#include <stdlib.h>

static struct around *around_of(struct stream *s)
{
    if (s->around == NULL)
        s->around = calloc(1, sizeof(struct around));
    return s->around;
}

bool around_segment(struct stream *s, int side, const struct segment *g, const struct below *below, uint32_t wire_len,
                    uint64_t at_us, uint64_t packet, size_t *kept)
{
    struct around *a = around_of(s);
    if (a == NULL)
        return false;
    if (a->n == TRAIL_MOST || *kept >= TRAILS_MOST) {
        a->left_out++;
        return true;
    }
    if (a->n == a->room) {
        size_t room = a->room == 0 ? 16 : 2 * a->room;
        struct trail_packet *larger = realloc(a->packets, room * sizeof *larger);
        if (larger == NULL)
            return false;
        a->packets = larger;
        a->room = room;
    }
    struct trail_packet *p = &a->packets[a->n++];
    *p = (struct trail_packet){.number = packet,
                               .at_us = at_us,
                               .seq = g->seq,
                               .ack = g->ack,
                               .wire_len = wire_len,
                               .len = (uint32_t)(g->payload.len + g->missing),
                               .link = below->link,
                               .vlan = below->vlan,
                               .side = (uint8_t)side,
                               .flags = g->flags,
                               .version = below->version,
                               .hops = below->hops,
                               .mac = below->mac};
    bytes_copy(p->mac_from, below->mac_from, 6);
    bytes_copy(p->mac_to, below->mac_to, 6);
    ++*kept;
    return true;
}

void around_names(struct dns *dns, struct stream *s, int side, bytes data, uint64_t at_us, uint64_t packet)
{
    enum { ALL_MOST = 128 * 1024 };
    struct around *a = around_of(s);
    if (a == NULL || a->names[side].len + data.len > ALL_MOST)
        return;
    if (a->names[side].len + data.len > a->names[side].room) {
        size_t room = 2 * (a->names[side].len + data.len);
        uint8_t *larger = realloc(a->names[side].held, room);
        if (larger == NULL)
            return;
        a->names[side].held = larger;
        a->names[side].room = room;
    }
    bytes_copy(a->names[side].held + a->names[side].len, data.data, data.len);
    a->names[side].len += data.len;
    size_t at = 0, len;
    while (a->names[side].len - at >= 2 && (len = load16(a->names[side].held + at)) <= a->names[side].len - at - 2) {
        dns_hear(dns, &s->sides[side].address, &s->sides[1 - side].address, bytes_of(a->names[side].held + at + 2, len),
                 true, at_us, packet);
        at += 2 + len;
    }
    bytes_move(a->names[side].held, a->names[side].held + at, a->names[side].len - at);
    a->names[side].len -= at;
}

void around_end(struct stream *s, size_t *kept)
{
    struct around *a = s->around;
    if (a == NULL)
        return;
    *kept -= a->n;
    free(a->packets);
    free(a->names[0].held);
    free(a->names[1].held);
    free(a);
    s->around = NULL;
}

/* Where a side's numbers begin: its SYN; without one, the first that was seen. */
static uint32_t origin(const struct stream *s, int side)
{
    const struct around *a = s->around;
    if (s->sides[side].syn)
        return s->sides[side].first;
    for (size_t i = 0; a != NULL && i < a->n; i++)
        if (a->packets[i].side == side)
            return a->packets[i].seq;
    return 0;
}

void around_relative(const struct stream *s, const struct trail_packet *p, uint32_t *seq, uint32_t *ack)
{
    *seq = p->seq - origin(s, p->side);
    *ack = p->flags & TCP_ACK ? p->ack - origin(s, 1 - p->side) : 0;
}

void tcp_flag_words(uint8_t flags, struct text *out)
{
    static const char *const names[] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"};
    for (int i = 0; i < 8; i++) {
        if (!(flags >> i & 1))
            continue;
        text_add(out, out->len > 0 ? ", " : "");
        text_add(out, names[i]);
    }
}
