/* explain/analysis.c: file -> packets -> segments -> streams -> sessions. Each part knows only the one below it; here they
   are put together, and counted. */
#include "explain/analysis.h"

#include <arpa/inet.h>

enum { PACKETS_A_TICK = 4096 };

static void hear_datagram(struct analysis *a, uint64_t at_us);
static void hear_data(void *arg, struct stream *s, int side, bytes data, uint64_t at_us, uint64_t packet);
static void hear_gap(void *arg, struct stream *s, int side, uint64_t len, uint64_t at_us);
static void hear_conflict(void *arg, struct stream *s, int side, int64_t at, bytes used, bytes other);
static void hear_segment(void *arg, struct stream *s, int side, const struct segment *g, uint64_t at_us, uint64_t packet);
static void hear_end(void *arg, struct stream *s, enum stream_end how, int side, uint64_t at_us);

bool analysis_start(struct analysis *a, const struct session_listener *listener)
{
    *a = (struct analysis){.listener = *listener};
    a->listener.verified = &a->verified;
    a->listener.lineage = &a->lineage;
    layers_start(&a->layers);
    struct stream_listener streams = {
        .data = hear_data, .gap = hear_gap, .conflict = hear_conflict, .ended = hear_end, .segment = hear_segment, .arg = a};
    return crypto_start() && streams_start(&a->streams, &streams);
}

void analysis_file(struct analysis *a, struct capture *c,
                   void (*comment)(void *arg, const struct capture_item *item), void *arg)
{
    while (!a->stop) {
        struct capture_item item = capture_next(c);
        if (item.what == CAPTURE_END)
            break;
        if (item.what == CAPTURE_COMMENT && comment != NULL)
            comment(arg, &item);
        if (item.what == CAPTURE_SECRETS && a->live != NULL)
            secrets_lines(a->live, item.data);
        if (item.what != CAPTURE_PACKET)
            continue;
        a->packets++;
        if (a->packets % PACKETS_A_TICK == 0 && a->tick != NULL)
            a->tick(a->tick_arg);
        a->bytes += item.data.len;
        a->first_us = a->packets == 1 ? item.at_us : a->first_us;
        a->last_us = item.at_us;
        struct segment segment;
        a->wire_len = item.wire_len;
        if (layers_segment(&a->layers, item.link, item.data, item.wire_len, &segment))
            streams_segment(&a->streams, &segment, item.at_us, item.number);
        else if (a->layers.below.kind == KIND_DNS || a->layers.below.kind == KIND_MDNS || a->layers.below.kind == KIND_LLMNR)
            dns_hear(&a->dns, &a->layers.below.from, &a->layers.below.to, a->layers.below.udp, false, item.at_us,
                     item.number);
        else if (a->layers.below.udp.len > 0)
            hear_datagram(a, item.at_us);
    }
    a->dropped += c->dropped;
    a->left_out += c->left_out;
    a->failed = a->failed || a->streams.failed;
}

/* Known by its content it counts as what it is, not as what its port says. */
static void hear_datagram(struct analysis *a, uint64_t at_us)
{
    const struct below *b = &a->layers.below;
    const enum datagram_protocol p = datagrams_hear(&a->datagrams, &b->from, &b->to, b->udp, at_us);
    if (p == DATAGRAM_NONE)
        return;
    a->layers.kinds[b->kind]--;
    a->layers.kinds[p == DATAGRAM_DTLS ? KIND_DTLS : KIND_QUIC]++;
}

void analysis_finish(struct analysis *a)
{
    streams_finish(&a->streams);
}

void analysis_end(struct analysis *a)
{
    for (struct stream *s = a->streams.oldest; s != NULL; s = s->newer) {
        session_free(s->user);
        s->user = NULL;
        around_end(s, &a->kept);
    }
    datagrams_end(&a->datagrams);
    dns_end(&a->dns);
    streams_end(&a->streams);
    lineage_end(&a->lineage);
    layers_end(&a->layers);
}

void analysis_secrets(struct capture *c, struct secrets *secrets)
{
    c->secrets_only = true;
    for (struct capture_item item; (item = capture_next(c)).what != CAPTURE_END;) {
        if (item.what == CAPTURE_SECRETS)
            secrets_lines(secrets, item.data);
        else if (c->form == CAPTURE_PCAP)
            break; /* this form has none */
    }
}

void endpoint_text(const struct address *address, struct text *out)
{
    char ip[INET6_ADDRSTRLEN] = "?";
    inet_ntop(address->family == 4 ? AF_INET : AF_INET6, address->ip, ip, sizeof ip);
    text_add(out, address->family == 6 ? "[" : "");
    text_add(out, ip);
    text_add(out, address->family == 6 ? "]:" : ":");
    text_number(out, address->port);
}

/* ---- from streams to sessions ---- */

static struct session *session_of(struct analysis *a, struct stream *s)
{
    if (s->user == NULL) {
        s->user = session_new(&a->listener, s);
        a->connections += s->user != NULL;
        a->failed = a->failed || s->user == NULL;
    }
    return s->user;
}

static bool is_dns(const struct stream *s)
{
    enum { PORT = 53 };
    return s->sides[0].address.port == PORT || s->sides[1].address.port == PORT;
}

static void hear_segment(void *arg, struct stream *s, int side, const struct segment *g, uint64_t at_us, uint64_t packet)
{
    struct analysis *a = arg;
    if (a->trails &&
        !around_segment(s, side, g, &a->layers.below, a->wire_len, at_us, packet, &a->kept))
        a->failed = true;
}

static void hear_data(void *arg, struct stream *s, int side, bytes data, uint64_t at_us, uint64_t packet)
{
    struct analysis *a = arg;
    struct session *session = session_of(a, s);
    if (is_dns(s))
        around_names(&a->dns, s, side, data, at_us, packet);
    if (session != NULL)
        session_data(session, side, data, at_us, packet);
}

static void hear_gap(void *arg, struct stream *s, int side, uint64_t len, uint64_t at_us)
{
    struct analysis *a = arg;
    struct session *session = session_of(a, s);
    a->gaps++;
    if (session != NULL)
        session_gap(session, side, len, at_us);
}

static void hear_conflict(void *arg, struct stream *s, int side, int64_t at, bytes used, bytes other)
{
    struct analysis *a = arg;
    char line[300];
    struct text t = text_in(line, sizeof line);
    a->conflicts++;
    if (s->user == NULL)
        return;
    text_add(&t, session_from(s->user, side) == FEDE_CLIENT ? "client" : "server");
    text_add(&t, ": ");
    text_number(&t, (int64_t)used.len);
    text_add(&t, " bytes from byte ");
    text_number(&t, at);
    text_add(&t, " on came twice with different content; the first copy counts (");
    text_hex(&t, bytes_first(used, 16));
    text_add(&t, "), not the second (");
    text_hex(&t, bytes_first(other, 16));
    text_add(&t, ")");
    session_note(s->user, line);
}

static void hear_end(void *arg, struct stream *s, enum stream_end how, int side, uint64_t at_us)
{
    struct analysis *a = arg;
    struct session *session = s->user;
    if (session != NULL) {
        session_end(session, how, side, at_us);
        a->other += !session->found;
        if (!session->found)
            a->plain[kind_of_ports(s->sides[0].address.port, s->sides[1].address.port, true)]++;
        session_free(session);
        s->user = NULL;
    }
    around_end(s, &a->kept);
}
