/* report/onlooker_around.c: comments and counts, as text and JSON. */
#include "report/onlooker_around.h"

#include <stdlib.h>

#include "base/text.h"

void comments_add(struct comments *c, const struct capture_item *item)
{
    char *words = c->n < COMMENTS_MOST ? malloc(COMMENT_LEN) : NULL;
    if (words == NULL)
        return;
    struct text t = text_in(words, COMMENT_LEN);
    text_escaped(&t, bytes_first(item->data, COMMENT_LEN / 4 - 4));
    text_add(&t, item->data.len > COMMENT_LEN / 4 - 4 ? "..." : "");
    c->list[c->n].packet = item->number;
    c->list[c->n++].text = words;
}

void comments_clear(struct comments *c)
{
    for (size_t i = 0; i < c->n; i++)
        free(c->list[i].text);
    c->n = 0;
}

static void kinds_text(struct page *p, const char *title, const uint64_t counts[KINDS])
{
    char words[1200];
    struct text t = text_in(words, sizeof words);
    for (size_t k = 0; k < KINDS; k++) {
        if (counts[k] == 0)
            continue;
        text_add(&t, t.len > 0 ? "; " : title);
        text_number(&t, (int64_t)counts[k]);
        text_char(&t, ' ');
        text_add(&t, kind_name((enum packet_kind)k));
    }
    if (t.len == 0)
        return;
    page_parts(p, FAINT, 0, words, "; ");
    page_line(p);
}

/* What is TLS inside, but not over TCP: that it is there, and how much of it. */
static void datagrams_text(const struct datagrams *g, struct page *p)
{
    enum { SHOWN = 20 };
    const struct datagram_flow *f;
    char words[300], digits[32];
    for (size_t i = 0; i < SHOWN && (f = datagrams_at(g, i)) != NULL; i++) {
        struct text t = text_in(words, sizeof words);
        datagram_title(f, &t);
        text_add(&t, " over UDP, not taken apart: client ");
        endpoint_text(&f->ends[0], &t);
        text_add(&t, ", server ");
        endpoint_text(&f->ends[1], &t);
        for (size_t side = 0; side < 2; side++) {
            text_add(&t, side == 0 ? "; " : ", ");
            text_number(&t, (int64_t)f->datagrams[side]);
            text_add(&t, side == 0 ? f->datagrams[side] == 1 ? " datagram of the client (" : " datagrams of the client (" : " of the server (");
            text_add(&t, page_grouped(digits, f->bytes[side]));
            text_add(&t, " bytes)");
        }
        page_words(p, PLAIN, 0, words);
        page_line(p);
    }
    const uint64_t more = g->n > SHOWN ? g->n - SHOWN : 0;
    struct text t = text_in(words, sizeof words);
    text_number(&t, (int64_t)more);
    text_add(&t, " more connections of DTLS or QUIC over UDP");
    if (g->over > 0) {
        text_add(&t, ", and ");
        text_number(&t, (int64_t)g->over);
        text_add(&t, " datagrams of others");
    }
    if (more > 0) {
        page_words(p, FAINT, 0, words);
        page_line(p);
    }
}

static void datagrams_json(const struct datagrams *g, struct json_text *w)
{
    const struct datagram_flow *f;
    char words[120];
    put_list(w, "datagram_connections");
    for (size_t i = 0; (f = datagrams_at(g, i)) != NULL; i++) {
        put_object(w, NULL);
        put_words(w, "protocol", f->protocol == DATAGRAM_DTLS ? "DTLS" : "QUIC");
        struct text t = text_in(words, sizeof words);
        datagram_title(f, &t);
        put_words(w, "title", words);
        put_number(w, "version", f->version);
        put_flag(w, "answered", f->answered);
        for (size_t side = 0; side < 2; side++) {
            t = text_in(words, sizeof words);
            endpoint_text(&f->ends[side], &t);
            put_words(w, side == 0 ? "client" : "server", words);
            put_number(w, side == 0 ? "client_datagrams" : "server_datagrams", f->datagrams[side]);
            put_number(w, side == 0 ? "client_bytes" : "server_bytes", f->bytes[side]);
        }
        put_object_end(w);
    }
    put_list_end(w);
}

void around_text(const struct analysis *a, const struct comments *c, struct page *p)
{
    datagrams_text(&a->datagrams, p);
    kinds_text(p, "packets without TCP: ", a->layers.kinds);
    kinds_text(p, "TCP connections without TLS: ", a->plain);
    for (size_t i = 0; i < c->n; i++) {
        char words[COMMENT_LEN + 60];
        struct text t = text_in(words, sizeof words);
        text_add(&t, "comment");
        if (c->list[i].packet != 0) {
            text_add(&t, " on packet ");
            text_number(&t, (int64_t)c->list[i].packet);
        }
        text_add(&t, ": ");
        text_add(&t, c->list[i].text);
        page_words(p, PLAIN, 0, words);
        page_line(p);
    }
}

static void kinds_json(struct json_text *w, const char *key, const uint64_t counts[KINDS])
{
    put_object(w, key);
    for (size_t k = 0; k < KINDS; k++)
        if (counts[k] > 0)
            put_number(w, kind_name((enum packet_kind)k), counts[k]);
    put_object_end(w);
}

void around_json(const struct analysis *a, const struct comments *c, struct json_text *w)
{
    kinds_json(w, "other_packets", a->layers.kinds);
    kinds_json(w, "other_connections", a->plain);
    datagrams_json(&a->datagrams, w);
    put_list(w, "comments");
    for (size_t i = 0; i < c->n; i++) {
        put_object(w, NULL);
        if (c->list[i].packet != 0)
            put_number(w, "packet", c->list[i].packet);
        put_words(w, "text", c->list[i].text);
        put_object_end(w);
    }
    put_list_end(w);
}
