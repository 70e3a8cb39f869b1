/* report/json_inside.c: HTTP, DNS and packets in the JSON story: "http", "http2_frames", "dialogue", "dns", "packets"
   (docs/story.schema.json). */
#include <arpa/inet.h>
#include <stdlib.h>

#include "explain/glossary.h"
#include "report/inside.h"

enum { SENTENCES = 4, SAMPLE = 1024 /* bytes of content in the story */, VALUE_MOST = 2000 /* and of a header */ };

static void escaped(struct json_text *w, const char *key, bytes b, size_t most)
{
    char words[4 * VALUE_MOST + 8];
    struct text t = text_in(words, sizeof words);
    text_escaped(&t, bytes_first(b, most < VALUE_MOST ? most : VALUE_MOST));
    text_add(&t, b.len > most || b.len > VALUE_MOST ? "..." : "");
    put_words(w, key, words);
}

static void place(struct report *r, struct json_text *w, const struct inside_place *first,
                  const struct inside_place *last, bool in_clear)
{
    json_when(r, w, first->at_us);
    put_number(w, "took_us", last->at_us > first->at_us ? last->at_us - first->at_us : 0);
    put_flag(w, "encrypted", !in_clear);
    if (first->record != 0) {
        put_number(w, "first_record", first->record);
        put_number(w, "last_record", last->record);
    }
    if (first->packet != 0) {
        put_number(w, "first_packet", first->packet);
        put_number(w, "packet", last->packet);
    }
}

static void header_list(struct report *r, struct json_text *w, const char *key, const struct inside_message *m,
                        size_t from, size_t to)
{
    put_list(w, key);
    for (size_t i = from; i < to; i++) {
        put_object(w, NULL);
        escaped(w, "name", m->headers[i].name, 200);
        if (inside_hidden(r, m->headers[i].name))
            put_words(w, "value", "(hidden)");
        else
            escaped(w, "value", m->headers[i].value, VALUE_MOST);
        put_object_end(w);
    }
    put_list_end(w);
}

/* The beginning of a message's content, kept while it comes: NUL-free text or not, it is escaped when it is shown. */
struct sample {
    struct inside_story *story;
    size_t len;
    uint8_t data[SAMPLE];
};

void json_inside_body(struct report *r, struct inside_message *m, bytes data)
{
    struct sample *s = m->user;
    if (!r->options.onlooker && !r->options.show_secrets)
        return;
    if (m->user == r->inside) {
        if ((s = arena_take(&m->arena, sizeof *s)) == NULL)
            return;
        s->story = r->inside;
        m->user = s;
    }
    size_t n = sizeof s->data - s->len < data.len ? sizeof s->data - s->len : data.len;
    bytes_copy(s->data + s->len, data.data, n);
    s->len += n;
}

/* Lines stay lines: JSON has a form for their ends. */
static void lines(struct json_text *w, const char *key, bytes b)
{
    char words[4 * SAMPLE + 8];
    struct text t = text_in(words, sizeof words);
    while (b.len > 0) {
        size_t n = 0;
        while (n < b.len && b.data[n] != '\n' && b.data[n] != '\t' && b.data[n] != '\r')
            n++;
        text_escaped(&t, bytes_first(b, n));
        if (n < b.len && b.data[n] != '\r')
            text_char(&t, (char)b.data[n]);
        b = bytes_skip(b, n < b.len ? n + 1 : n);
    }
    put_words(w, key, words);
}

static bool is_readable(bytes b)
{
    size_t odd = 0;
    for (size_t i = 0; i < b.len; i++)
        odd += b.data[i] < 0x20 && b.data[i] != '\t' && b.data[i] != '\n' && b.data[i] != '\r';
    return odd == 0;
}

static void content(struct report *r, struct json_text *w, const struct inside_message *m)
{
    put_object(w, "content");
    put_number(w, "length", m->content);
    put_flag(w, "complete", m->complete);
    if (m->chunked)
        put_words(w, "transfer", "chunked");
    if (m->coding != NULL) {
        put_words(w, "coding", m->coding);
        put_number(w, "decoded_length", m->decoded);
    }
    if (m->problem != NULL)
        put_words(w, "problem", m->problem);
    if (m->user != r->inside) {
        const struct sample *s = m->user;
        bytes b = bytes_of(s->data, s->len);
        if (is_readable(b))
            lines(w, "text", b);
        else
            put_hex(w, "bytes", b);
        put_flag(w, "cut", m->decoded > s->len);
    }
    put_object_end(w);
}

void json_inside_message(struct report *r, const struct inside_story *s, const struct inside_message *m)
{
    struct json_text *w = json_entry(r, HTTP);
    char version[16];
    put_number(w, "exchange", m->exchange);
    put_words(w, "kind", m->request ? "request" : m->interim ? "interim" : "response");
    put_words(w, "from", json_side(m->from));
    snprintf(version, sizeof version, m->major < 2 ? "HTTP/%u.%u" : "HTTP/%u", m->major, m->minor);
    put_words(w, "version", version);
    if (m->major >= 2)
        put_number(w, "stream", m->stream);
    if (m->request) {
        escaped(w, "method", m->method, 100);
        escaped(w, "target", m->target, VALUE_MOST);
    } else {
        put_number(w, "status", m->status);
        if (m->reason.len > 0)
            escaped(w, "reason", m->reason, 200);
    }
    if (m->pushed)
        put_flag(w, "pushed", true);
    if (m->becomes != NULL)
        put_words(w, "becomes", m->becomes);
    header_list(r, w, "headers", m, 0, m->n_head);
    if (m->n_headers > m->n_head)
        header_list(r, w, "trailers", m, m->n_head, m->n_headers);
    if (m->headers_cut)
        put_flag(w, "headers_left_out", true);
    content(r, w, m);
    place(r, w, &m->first, &m->last, s->in_clear);
    json_entry_end(r, w);
}

void json_inside_frame(struct report *r, const struct inside_frame *f)
{
    struct json_text *w = json_entry(r, FRAMES);
    put_object(w, "type");
    put_number(w, "number", f->type);
    put_words(w, "name", f->name != NULL ? f->name : "unknown");
    put_object_end(w);
    put_words(w, "from", json_side(f->from));
    put_number(w, "stream", f->stream);
    put_number(w, "flags", f->flags);
    put_number(w, "length", f->length);
    put_words(w, "facts", f->detail);
    char path[64];
    snprintf(path, sizeof path, "http2_frame.%s", f->name != NULL ? f->name : "");
    const struct glossary_row *row = r->options.level >= SENTENCES ? glossary_find(path) : NULL;
    if (row != NULL)
        put_words(w, "sentence", glossary_sentence(row, r->options.language));
    put_number(w, "record", f->place.record);
    if (f->place.packet != 0)
        put_number(w, "packet", f->place.packet);
    json_when(r, w, f->place.at_us);
    json_entry_end(r, w);
}

void json_inside_line(struct report *r, const struct inside_story *s, uint8_t from, bytes line,
                      const struct inside_place *at)
{
    struct json_text *w = json_entry(r, DIALOGUE);
    put_words(w, "from", json_side(from));
    escaped(w, "text", line, SAMPLE);
    place(r, w, at, at, s->in_clear);
    json_entry_end(r, w);
}

/* ---- DNS ---- */

static void name_of_type(struct json_text *w, uint16_t type)
{
    char words[32];
    struct text t = text_in(words, sizeof words);
    dns_type_name(type, &t);
    put_object(w, "type");
    put_number(w, "number", type);
    put_words(w, "name", words);
    put_object_end(w);
}

static void ip(struct json_text *w, const char *key, const struct address *a)
{
    char words[INET6_ADDRSTRLEN] = "";
    inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->ip, words, sizeof words);
    put_words(w, key, words);
}

void json_dns(struct report *r, const struct dns_answer *const list[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct dns_answer *a = list[i];
        struct json_text *w = json_entry(r, DNS);
        char words[400];
        struct text t = text_in(words, sizeof words);
        put_words(w, "name", a->name);
        name_of_type(w, a->type);
        put_number(w, "id", a->id);
        dns_flag_words(a->flags, &t);
        put_words(w, "flags", words);
        t = text_in(words, sizeof words);
        dns_rcode_name(a->rcode, &t);
        put_words(w, "rcode", words);
        ip(w, "server", &a->server);
        put_words(w, "transport", a->tcp ? "TCP" : "UDP");
        if (a->asked_us != 0) {
            put_number(w, "asked_packet", a->asked_packet);
            put_number(w, "took_us", a->at_us - a->asked_us);
        }
        put_number(w, "packet", a->packet);
        json_when(r, w, a->at_us);
        put_list(w, "records");
        for (size_t k = 0; k < a->n; k++) {
            const struct dns_record *d = &a->records[k];
            put_object(w, NULL);
            put_words(w, "name", d->name);
            name_of_type(w, d->type);
            put_number(w, "ttl", d->ttl);
            put_words(w, "text", d->text);
            if (d->has_ech)
                put_flag(w, "ech", true);
            put_object_end(w);
        }
        put_list_end(w);
        if (a->cut)
            put_flag(w, "records_left_out", true);
        json_entry_end(r, w);
    }
}

/* ---- packets ---- */

static void mac(struct json_text *w, const char *key, const uint8_t address[6])
{
    char words[20];
    snprintf(words, sizeof words, "%02x:%02x:%02x:%02x:%02x:%02x", address[0], address[1], address[2], address[3],
             address[4], address[5]);
    put_words(w, key, words);
}

static void layer(struct json_text *w, const char *name)
{
    put_object(w, NULL);
    put_words(w, "name", name);
}

/* From the outside in, as the bytes lie in the frame. */
static void layers_of(struct json_text *w, const struct stream *s, const struct trail_packet *p)
{
    const struct address *from = &s->sides[p->side].address, *to = &s->sides[1 - p->side].address;
    char words[64];
    struct text t = text_in(words, sizeof words);
    uint32_t seq, ack;
    put_list(w, "layers");
    layer(w, link_name(p->link) != NULL ? link_name(p->link) : "link layer");
    if (p->mac) {
        mac(w, "source", p->mac_from);
        mac(w, "destination", p->mac_to);
    }
    if (p->vlan != 0)
        put_number(w, "vlan", p->vlan);
    put_object_end(w);
    layer(w, p->version == 6 ? "IPv6" : "IPv4");
    ip(w, "source", from);
    ip(w, "destination", to);
    put_number(w, "hops_left", p->hops);
    put_object_end(w);
    layer(w, "TCP");
    around_relative(s, p, &seq, &ack);
    tcp_flag_words(p->flags, &t);
    put_number(w, "source_port", from->port);
    put_number(w, "destination_port", to->port);
    put_words(w, "flags", words);
    put_number(w, "relative_sequence", seq);
    if (p->flags & TCP_ACK)
        put_number(w, "relative_acknowledgement", ack);
    put_number(w, "payload", p->len);
    put_object_end(w);
    put_list_end(w);
}

void json_packets(struct report *r, const struct stream *s, uint8_t client)
{
    enum { EVERY_BYTE = 3 };
    const struct around *a = s->around;
    if (a == NULL || r->options.level < EVERY_BYTE)
        return;
    for (size_t i = 0; i < a->n; i++) {
        const struct trail_packet *p = &a->packets[i];
        struct json_text *w = json_entry(r, PACKETS);
        put_number(w, "number", p->number);
        put_words(w, "from", json_side(p->side == client ? FEDE_CLIENT : FEDE_SERVER));
        put_number(w, "length", p->wire_len);
        json_when(r, w, p->at_us);
        layers_of(w, s, p);
        json_entry_end(r, w);
    }
}
