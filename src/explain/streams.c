/* explain/streams.c: TCP reassembly (RFC 9293), for an onlooker.

   A segment may be told when two things hold: its side's bytes before it have been told, and so have the other side's bytes
   that it acknowledges: whoever spoke had heard them. The second rule keeps a conversation in order even when the capture
   shuffled it. What may not be told yet is held, up to a limit of memory; then, and at the end, what is missing is given up and
   reported as a gap. Of bytes that come twice the first copy counts. Nothing needs a SYN: without one the lowest of the first
   few segments is taken for the beginning. */
#include "explain/streams.h"

#include <stdlib.h>

enum {
    SLOTS = 65536,
    STREAMS_MOST = 65536, /* remembered, those that are over included */
    SIDE_HELD_MOST = 4 * 1024 * 1024,
    ALL_HELD_MOST = 64 * 1024 * 1024,
    PIECE_COST = 64,               /* memory of a held piece beside its bytes */
    SETTLE_AFTER = 64,             /* segments without a SYN, until the lowest is the beginning */
    RECENT = 2048,                 /* bytes of each side kept behind what was told, to see other copies of them */
    RECENT_MOST = 8192,            /* sides for which they are kept */
    AHEAD_MOST = 64 * 1024 * 1024, /* an acknowledgement or sequence number further ahead is nonsense */
};

struct stream_piece {
    struct stream_piece *next;
    int64_t at;
    size_t len;
    uint64_t at_us, packet;
    uint32_t ack;
    bool acks;
    bool lost; /* the capture did not keep these bytes */
    uint8_t data[];
};

static struct stream *find(struct streams *t, const struct segment *g, int *side);
static struct stream *stream_new(struct streams *t, const struct segment *g, uint64_t at_us, int *side);
static void touch(struct streams *t, struct stream *s);
static void forget(struct streams *t, struct stream *s);
static bool begins_anew(const struct stream *s, int side, const struct segment *g);
static void learn_start(struct stream *s, int side, const struct segment *g);
static void settle(struct stream_side *side);
static void take(struct streams *t, struct stream *s, int side, const struct segment *g, uint64_t at_us,
                 uint64_t packet);
static void hold(struct streams *t, struct stream *s, int side, const struct stream_piece *like, bytes data);
static void drain(struct streams *t, struct stream *s);
static bool blocked(const struct stream *s, int side, bool acks, uint32_t ack, int64_t *upto);
static void tell_head(struct streams *t, struct stream *s, int side);
static void give_up(struct streams *t, struct stream *s, int side, int64_t upto);
static void remember(struct streams *t, struct stream_side *side, bytes data);
static void compare(struct streams *t, struct stream *s, int side, int64_t at, bytes data);
static bool force(struct streams *t, struct stream *s);
static void force_all(struct streams *t, struct stream *s);
static void finish(struct streams *t, struct stream *s, enum stream_end how, int side);
static void forget_recent(struct streams *t, struct stream_side *side);

bool streams_start(struct streams *t, const struct stream_listener *listener)
{
    *t = (struct streams){.listener = *listener, .held_most = ALL_HELD_MOST};
    t->slots = calloc(SLOTS, sizeof *t->slots);
    return t->slots != NULL;
}

void streams_segment(struct streams *t, const struct segment *g, uint64_t at_us, uint64_t packet)
{
    int side;
    struct stream *s = find(t, g, &side);
    bool syn = g->flags & TCP_SYN;
    if (s != NULL && syn && begins_anew(s, side, g)) {
        finish(t, s, STREAM_REUSED, side);
        forget(t, s);
        s = NULL;
    }
    if (s == NULL) {
        if (!syn && g->payload.len + g->missing == 0)
            return;
        s = stream_new(t, g, at_us, &side);
        if (s == NULL) {
            t->failed = true;
            return;
        }
    }
    touch(t, s);
    if (at_us > s->last_us)
        s->last_us = at_us;
    if (s->over)
        return;
    if (t->listener.segment != NULL)
        t->listener.segment(t->listener.arg, s, side, g, at_us, packet);
    struct stream_side *from = &s->sides[side];
    from->speaks = true;
    learn_start(s, side, g);
    if (g->payload.len + g->missing > 0 || g->flags & TCP_FIN)
        take(t, s, side, g, at_us, packet);
    drain(t, s);
    while (from->held_bytes > SIDE_HELD_MOST && force(t, s))
        drain(t, s);
    if (t->held_bytes > t->held_most)
        force_all(t, s);
    if (g->flags & TCP_RST) {
        /* One that is far from what is spoken was not sent by an end of this connection. */
        int64_t away = from->known ? (int32_t)(g->seq - from->next) : 0;
        if (away > -AHEAD_MOST && away < AHEAD_MOST) {
            from->reset = true;
            finish(t, s, STREAM_RESET, side);
        }
        return;
    }
    const struct stream_side *a = &s->sides[0], *b = &s->sides[1];
    if (a->fin && b->fin && a->known && b->known && a->delivered >= a->fin_at && b->delivered >= b->fin_at)
        finish(t, s, STREAM_FINISHED, side);
}

void streams_finish(struct streams *t)
{
    for (struct stream *s = t->oldest; s != NULL; s = s->newer)
        if (!s->over)
            finish(t, s, STREAM_STOPPED, 0);
}

void streams_end(struct streams *t)
{
    while (t->oldest != NULL)
        forget(t, t->oldest);
    free(t->slots);
    t->slots = NULL;
}

/* ---- which connection ---- */

static bool same_address(const struct address *a, const struct address *b)
{
    return a->port == b->port && a->family == b->family && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

/* Equal for both directions. */
static uint32_t slot_of(const struct segment *g)
{
    const struct address *ends[2] = {&g->from, &g->to};
    uint32_t sum = 0;
    for (int i = 0; i < 2; i++) {
        uint32_t h = 2166136261u;
        for (size_t k = 0; k < sizeof ends[i]->ip; k++)
            h = (h ^ ends[i]->ip[k]) * 16777619u;
        h = (h ^ (uint32_t)(ends[i]->port & 0xff)) * 16777619u;
        h = (h ^ (uint32_t)(ends[i]->port >> 8)) * 16777619u;
        sum += h ^ h >> 15;
    }
    return (sum ^ sum >> 16) % SLOTS;
}

bool streams_give_up(struct streams *t)
{
    if (t->oldest == NULL)
        return false;
    if (!t->oldest->over) {
        t->given_up++;
        finish(t, t->oldest, STREAM_STOPPED, 0);
    }
    forget(t, t->oldest);
    return true;
}

static struct stream *find(struct streams *t, const struct segment *g, int *side)
{
    for (struct stream *s = t->slots[slot_of(g)]; s != NULL; s = s->next_in_slot) {
        for (int i = 0; i < 2; i++) {
            if (same_address(&s->sides[i].address, &g->from) && same_address(&s->sides[1 - i].address, &g->to)) {
                *side = i;
                return s;
            }
        }
    }
    return NULL;
}

static struct stream *stream_new(struct streams *t, const struct segment *g, uint64_t at_us, int *side)
{
    if (t->n >= STREAMS_MOST)
        streams_give_up(t);
    struct stream *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    *side = (g->flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK) ? 1 : 0;
    s->sides[*side].address = g->from;
    s->sides[1 - *side].address = g->to;
    s->begun_us = s->last_us = at_us;
    s->slot = slot_of(g);
    s->next_in_slot = t->slots[s->slot];
    t->slots[s->slot] = s;
    s->older = t->newest;
    if (t->newest != NULL)
        t->newest->newer = s;
    else
        t->oldest = s;
    t->newest = s;
    t->n++;
    return s;
}

static void touch(struct streams *t, struct stream *s)
{
    if (t->newest == s)
        return;
    if (s->older != NULL)
        s->older->newer = s->newer;
    else
        t->oldest = s->newer;
    s->newer->older = s->older;
    s->older = t->newest;
    s->newer = NULL;
    t->newest->newer = s;
    t->newest = s;
}

static void drop_held(struct streams *t, struct stream_side *side)
{
    while (side->held != NULL) {
        struct stream_piece *p = side->held;
        side->held = p->next;
        bytes_wipe(p->data, p->len);
        free(p);
    }
    t->held_bytes -= side->held_bytes;
    side->held_bytes = side->held_pieces = 0;
}

static void forget(struct streams *t, struct stream *s)
{
    struct stream **at = &t->slots[s->slot];
    while (*at != s)
        at = &(*at)->next_in_slot;
    *at = s->next_in_slot;
    if (s->older != NULL)
        s->older->newer = s->newer;
    else
        t->oldest = s->newer;
    if (s->newer != NULL)
        s->newer->older = s->older;
    else
        t->newest = s->older;
    for (int side = 0; side < 2; side++) {
        drop_held(t, &s->sides[side]);
        forget_recent(t, &s->sides[side]);
    }
    t->n--;
    free(s);
}

/* A SYN that can't belong to the connection that is known. */
static bool begins_anew(const struct stream *s, int side, const struct segment *g)
{
    const struct stream_side *from = &s->sides[side];
    if (from->syn)
        return from->first != g->seq;
    if (s->over)
        return true;
    if (!from->speaks)
        return false;
    int64_t away = (int32_t)(g->seq + 1 - from->next) + from->delivered;
    return away > AHEAD_MOST || away < -(int64_t)AHEAD_MOST || (from->known && away != 0 && from->delivered > 0);
}

/* ---- where a side's bytes begin ---- */

static void learn_start(struct stream *s, int side, const struct segment *g)
{
    struct stream_side *from = &s->sides[side], *to = &s->sides[1 - side];
    bool syn = g->flags & TCP_SYN;
    if (syn && !from->syn) {
        from->syn = true;
        from->syn_data = g->payload.len > 0;
        from->first = g->seq;
        if (from->held == NULL && !from->known) {
            from->next = g->seq + 1;
        } else {
            from->delivered += (int32_t)(g->seq + 1 - from->next);
            from->next = g->seq + 1;
        }
        from->known = true;
        /* It answers the other side's SYN, which may have been missed. */
        if (g->flags & TCP_ACK && !to->known && to->speaks) {
            if (to->held != NULL)
                to->delivered += (int32_t)(g->ack - to->next);
            to->next = g->ack;
            to->known = true;
        }
        return;
    }
    if (!from->known && from->held == NULL && !syn)
        from->next = g->seq; /* for now: what positions are counted from */
}

/* The lowest of what came is the beginning. */
static void settle(struct stream_side *side)
{
    if (side->known || side->held == NULL)
        return;
    side->next += (uint32_t)(side->held->at - side->delivered);
    side->delivered = side->held->at;
    side->known = true;
}

/* ---- segments ---- */

static void take(struct streams *t, struct stream *s, int side, const struct segment *g, uint64_t at_us,
                 uint64_t packet)
{
    struct stream_side *from = &s->sides[side];
    uint32_t seq = g->seq + (g->flags & TCP_SYN ? 1 : 0);
    bytes data = g->payload;
    size_t missing = g->missing;
    int64_t at = from->delivered + (int32_t)(seq - from->next), end = at + (int64_t)(data.len + missing);
    if (at - from->delivered > AHEAD_MOST || at - from->delivered < -(int64_t)AHEAD_MOST)
        return;
    if (g->flags & TCP_FIN && !from->fin) {
        from->fin = true;
        from->fin_at = end;
    }
    if (end == at)
        return;
    from->segments++;
    from->payload += data.len;
    if (from->known && at < from->delivered)
        compare(t, s, side, at, data);
    if (from->known && end <= from->delivered) {
        from->repeated++;
        return;
    }
    struct stream_piece like = {.at = at, .at_us = at_us, .packet = packet, .ack = g->ack, .acks = g->flags & TCP_ACK};
    if (from->known && at < from->delivered) {
        size_t old = (size_t)(from->delivered - at);
        missing -= old > data.len ? old - data.len : 0;
        data = bytes_skip(data, old < data.len ? old : data.len);
        like.at = from->delivered;
    }
    int64_t upto;
    if (from->known && from->held == NULL && missing == 0 && like.at == from->delivered &&
        !blocked(s, side, like.acks, like.ack, &upto)) {
        from->delivered += (int64_t)data.len;
        from->next += (uint32_t)data.len;
        remember(t, from, data);
        t->listener.data(t->listener.arg, s, side, data, at_us, packet);
        return;
    }
    if (like.at != from->delivered)
        from->early++;
    hold(t, s, side, &like, data);
    if (missing > 0) {
        like.at += (int64_t)data.len;
        like.lost = true;
        hold(t, s, side, &like, bytes_of(NULL, missing));
    }
    if (!from->known && from->held_pieces >= SETTLE_AFTER)
        settle(from);
}

static bool insert(struct streams *t, struct stream_side *side, struct stream_piece **where,
                   const struct stream_piece *like, int64_t at, bytes data)
{
    size_t kept = like->lost ? 0 : data.len;
    struct stream_piece *p = malloc(sizeof *p + kept);
    if (p == NULL) {
        t->failed = true;
        return false;
    }
    *p = *like;
    p->at = at;
    p->len = data.len;
    if (!like->lost)
        bytes_copy(p->data, data.data, data.len);
    p->next = *where;
    *where = p;
    side->held_bytes += kept + PIECE_COST;
    t->held_bytes += kept + PIECE_COST;
    side->held_pieces++;
    return true;
}

static bytes part(bytes data, bool lost, size_t from, size_t len)
{
    return lost ? bytes_of(NULL, len) : bytes_first(bytes_skip(data, from), len);
}

/* Into the list, in order; only what is not there yet. */
static void hold(struct streams *t, struct stream *s, int side, const struct stream_piece *like, bytes data)
{
    struct stream_side *from = &s->sides[side];
    const int64_t start = like->at, end = like->at + (int64_t)data.len;
    int64_t at = start;
    bool some = false;
    struct stream_piece **where = &from->held;
    for (; *where != NULL && (*where)->at < end && at < end; where = &(*where)->next) {
        struct stream_piece *there = *where;
        int64_t there_end = there->at + (int64_t)there->len;
        if (there_end <= at)
            continue;
        if (there->at > at) {
            size_t n = (size_t)(there->at - at);
            if (!insert(t, from, where, like, at, part(data, like->lost, (size_t)(at - start), n)))
                return;
            some = true;
            at += (int64_t)n;
            where = &(*where)->next;
        }
        int64_t both = there_end < end ? there_end : end;
        if (!there->lost && !like->lost && both > at) {
            bytes used = bytes_of(there->data + (at - there->at), (size_t)(both - at));
            bytes other = bytes_first(bytes_skip(data, (size_t)(at - start)), (size_t)(both - at));
            if (!bytes_equal(used, other)) {
                from->conflicts++;
                if (t->listener.conflict != NULL)
                    t->listener.conflict(t->listener.arg, s, side, at, used, other);
            }
        }
        at = both > at ? both : at;
    }
    if (at < end)
        some =
            insert(t, from, where, like, at, part(data, like->lost, (size_t)(at - start), (size_t)(end - at))) || some;
    if (!some)
        from->repeated++;
}

/* ---- telling ---- */

/* Tells what may be told; of two pieces the one that was captured first. */
static void drain(struct streams *t, struct stream *s)
{
    for (;;) {
        int best = -1;
        for (int side = 0; side < 2; side++) {
            const struct stream_side *from = &s->sides[side];
            int64_t upto;
            if (!from->known || from->held == NULL || from->held->at > from->delivered)
                continue;
            if (blocked(s, side, from->held->acks, from->held->ack, &upto))
                continue;
            if (best < 0 || from->held->packet < s->sides[best].held->packet)
                best = side;
        }
        if (best < 0)
            return;
        tell_head(t, s, best);
    }
}

/* Does this acknowledge bytes of the other side that have not been told? */
static bool blocked(const struct stream *s, int side, bool acks, uint32_t ack, int64_t *upto)
{
    const struct stream_side *other = &s->sides[1 - side];
    if (!acks || !other->speaks)
        return false;
    if (!other->known) {
        *upto = other->delivered;
        return other->held != NULL;
    }
    int64_t ahead = (int32_t)(ack - other->next);
    if (other->fin && other->delivered + ahead > other->fin_at)
        ahead = other->fin_at - other->delivered;
    *upto = other->delivered + ahead;
    return ahead > 0 && ahead < AHEAD_MOST;
}

static void tell_head(struct streams *t, struct stream *s, int side)
{
    struct stream_side *from = &s->sides[side];
    struct stream_piece *p = from->held;
    from->held = p->next;
    from->held_pieces--;
    size_t cost = (p->lost ? 0 : p->len) + PIECE_COST;
    from->held_bytes -= cost;
    t->held_bytes -= cost;
    size_t old = from->delivered > p->at ? (size_t)(from->delivered - p->at) : 0;
    if (old < p->len && p->lost) {
        give_up(t, s, side, p->at + (int64_t)p->len);
    } else if (old < p->len) {
        bytes data = bytes_of(p->data + old, p->len - old);
        from->delivered += (int64_t)data.len;
        from->next += (uint32_t)data.len;
        remember(t, from, data);
        t->listener.data(t->listener.arg, s, side, data, p->at_us, p->packet);
    }
    if (!p->lost)
        bytes_wipe(p->data, p->len);
    free(p);
}

static void give_up(struct streams *t, struct stream *s, int side, int64_t upto)
{
    struct stream_side *from = &s->sides[side];
    if (upto <= from->delivered)
        return;
    uint64_t n = (uint64_t)(upto - from->delivered);
    from->lost += n;
    from->gaps++;
    from->delivered = upto;
    from->next += (uint32_t)n;
    from->n_recent = 0;
    t->listener.gap(t->listener.arg, s, side, n, s->last_us);
}

/* Keeps the last bytes told. */
static void remember(struct streams *t, struct stream_side *side, bytes data)
{
    if (side->recent == NULL) {
        if (t->n_recent >= RECENT_MOST || (side->recent = malloc(RECENT)) == NULL)
            return;
        t->n_recent++;
    }
    if (data.len >= RECENT) {
        data = bytes_skip(data, data.len - RECENT);
        side->n_recent = 0;
    }
    size_t keep = side->n_recent + data.len > RECENT ? RECENT - data.len : side->n_recent;
    bytes_move(side->recent, side->recent + side->n_recent - keep, keep);
    bytes_copy(side->recent + keep, data.data, data.len);
    side->n_recent = keep + data.len;
}

/* Another copy of what was told: the same, or not? A keep-alive probe's single byte says nothing. */
static void compare(struct streams *t, struct stream *s, int side, int64_t at, bytes data)
{
    struct stream_side *from = &s->sides[side];
    int64_t first = from->delivered - (int64_t)from->n_recent, end = at + (int64_t)data.len;
    int64_t low = at > first ? at : first, high = end < from->delivered ? end : from->delivered;
    if (from->n_recent == 0 || low >= high || data.len == 1)
        return;
    bytes used = bytes_of(from->recent + (low - first), (size_t)(high - low));
    bytes other = bytes_first(bytes_skip(data, (size_t)(low - at)), used.len);
    if (bytes_equal(used, other))
        return;
    from->conflicts++;
    if (t->listener.conflict != NULL)
        t->listener.conflict(t->listener.arg, s, side, low, used, other);
}

static void forget_recent(struct streams *t, struct stream_side *side)
{
    t->n_recent -= side->recent != NULL;
    free(side->recent);
    side->recent = NULL;
    side->n_recent = 0;
}

/* Gives up the least that lets something be told. False: nothing is held. */
static bool force(struct streams *t, struct stream *s)
{
    settle(&s->sides[0]);
    settle(&s->sides[1]);
    int first = -1;
    for (int side = 0; side < 2; side++) {
        const struct stream_side *from = &s->sides[side];
        if (from->held != NULL && (first < 0 || from->held->packet < s->sides[first].held->packet))
            first = side;
    }
    if (first < 0)
        return false;
    for (int i = 0; i < 2; i++) {
        int side = i == 0 ? first : 1 - first;
        struct stream_side *from = &s->sides[side], *other = &s->sides[1 - side];
        int64_t upto;
        if (from->held == NULL || from->held->at > from->delivered)
            continue;
        if (!blocked(s, side, from->held->acks, from->held->ack, &upto)) {
            tell_head(t, s, side);
        } else if (other->held != NULL && other->held->at <= other->delivered) {
            tell_head(t, s, first); /* each waits for the other: one acknowledgement lies */
        } else {
            give_up(t, s, 1 - side, other->held != NULL && other->held->at < upto ? other->held->at : upto);
        }
        return true;
    }
    give_up(t, s, first, s->sides[first].held->at);
    return true;
}

static void force_all(struct streams *t, struct stream *s)
{
    drain(t, s);
    while (force(t, s))
        drain(t, s);
}

static void finish(struct streams *t, struct stream *s, enum stream_end how, int side)
{
    if (s->over)
        return;
    force_all(t, s);
    s->over = true;
    forget_recent(t, &s->sides[0]);
    forget_recent(t, &s->sides[1]);
    t->listener.ended(t->listener.arg, s, how, side, s->last_us);
}
