/* What lies inside a connection, under any bytes. The first byte says what follows: 0 a DNS message (two of them when there is
   room, the second an answer), else pieces of a conversation: a byte (bit 0 the side, bit 1 a gap, bit 2 the side is over), two
   bytes of length, the piece. Whatever comes, a message has one head, content only behind it and one end; what is unpacked
   stays within bounds. */
#include <stdlib.h>

#include "explain/dns.h"
#include "fuzz/want.h"
#include "inside/inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t open_messages;

static void head(void *arg, struct inside_message *m)
{
    (void)arg;
    want(m->user == NULL && m->headed && m->n_head <= HEADERS_MOST && m->from >= 1 && m->from <= 2);
    for (size_t i = 0; i < m->n_headers; i++)
        want(m->headers[i].name.data != NULL && m->headers[i].value.data != NULL);
    m->user = m;
    open_messages++;
}

static void body(void *arg, struct inside_message *m, bytes piece)
{
    (void)arg;
    want(m->user == m && piece.len > 0 && m->decoded <= (uint64_t)BODY_OUT_MOST + piece.len);
}

static void message(void *arg, struct inside_message *m)
{
    (void)arg;
    want(m->n_headers >= m->n_head);
    open_messages -= m->user == m;
}

static void frame(void *arg, const struct inside_frame *f)
{
    (void)arg;
    want(f->detail != NULL && f->length < 1u << 24);
}

static void line(void *arg, uint8_t from, bytes text, const struct inside_place *at)
{
    (void)arg;
    (void)from;
    want(text.len <= 1024 && at != NULL);
}

static void names(bytes message)
{
    struct dns *d = calloc(1, sizeof *d);
    const struct address who = {.family = 4, .port = 53};
    const struct dns_answer *list[4];
    char words[4000];
    struct text t = text_in(words, sizeof words);
    want(d != NULL);
    dns_hear(d, &who, &who, message, false, 1, 1);
    dns_hear(d, &who, &who, bytes_skip(message, message.len / 2), true, 2, 2);
    for (size_t i = 0; i < d->n; i++) {
        const struct dns_answer *a = d->answers[i];
        dns_chain(a, &t);
        for (const char *c = a->name; *c != '\0'; c++)
            want(*c > 0x20 && *c < 0x7f);
        for (size_t k = 0; k < a->n; k++)
            want(a->records[k].name != NULL && a->records[k].text != NULL);
        want(dns_led_to(d, &who, a->name, 3, list, 4) <= 4);
    }
    dns_end(d);
    free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct inside_listener listener = {
        .head = head, .body = body, .message = message, .frame = frame, .line = line};
    if (size < 1)
        return 0;
    bytes in = bytes_of(data + 1, size - 1);
    if (data[0] == 0) {
        names(in);
        return 0;
    }
    struct inside_place at = {1, 1, 1};
    struct inside *x = inside_new(&listener);
    want(x != NULL);
    inside_expect(x, data[0] & 2 ? "h2" : NULL);
    while (in.len >= 3) {
        uint8_t what = in.data[0], from = (uint8_t)(1 + (what & 1));
        bytes piece = bytes_first(bytes_skip(in, 3), load16(in.data + 1));
        in = bytes_skip(in, 3 + piece.len);
        at.at_us++;
        at.record++;
        inside_guess(piece, from);
        if (what & 2)
            inside_gap(x, from, &at);
        inside_data(x, from, piece, &at);
        if (what & 4)
            inside_over(x, from, &at);
    }
    inside_end(x, &at);
    want(open_messages == 0);
    inside_free(x);
    return 0;
}
