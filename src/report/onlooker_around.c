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

void around_text(const struct analysis *a, const struct comments *c, struct page *p)
{
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
