/* inside/message.c: requests and answers while they come: headers kept within bounds, content unpacked and handed on. */
#include "inside/parts.h"

enum { ALL_OUT_MOST = 1024 * 1024 * 1024 };

struct inside_message *message_new(struct inside *x, uint8_t from, bool request, const struct inside_place *at)
{
    struct inside_message *m = calloc(1, sizeof *m);
    (void)x;
    if (m == NULL)
        return NULL;
    m->from = from;
    m->request = request;
    m->first = m->last = *at;
    arena_start(&m->arena, &memory_standard, HEADERS_ROOM + HEADERS_MOST * sizeof *m->headers);
    return m;
}

static bytes kept(struct inside_message *m, bytes b)
{
    static const uint8_t nothing[1];
    if (b.len == 0)
        return bytes_of(nothing, 0);
    bytes copy = arena_copy(&m->arena, b);
    m->headers_cut = m->headers_cut || copy.data == NULL;
    return copy;
}

static uint16_t status_of(bytes value)
{
    unsigned status = 0;
    for (size_t i = 0; i < value.len && i < 3; i++)
        status = status * 10 + (value.data[i] >= '0' && value.data[i] <= '9' ? (unsigned)(value.data[i] - '0') : 0u);
    return (uint16_t)status;
}

void message_header(struct inside_message *m, bytes name, bytes value)
{
    if (m->headers == NULL)
        m->headers = arena_take(&m->arena, HEADERS_MOST * sizeof *m->headers);
    if (m->headers == NULL || m->n_headers == HEADERS_MOST) {
        m->headers_cut = true;
        return;
    }
    struct inside_header h = {kept(m, name), kept(m, value)};
    if (h.name.data == NULL || h.value.data == NULL)
        return;
    m->headers[m->n_headers++] = h;
    if (header_is(name, ":method"))
        m->method = h.value;
    else if (header_is(name, ":path"))
        m->target = h.value;
    else if (header_is(name, ":status"))
        m->status = status_of(value);
}

bytes inside_header(const struct inside_message *m, const char *name)
{
    for (size_t i = 0; i < m->n_headers; i++)
        if (header_is(m->headers[i].name, name))
            return m->headers[i].value;
    return BYTES_NONE;
}

bool header_is(bytes name, const char *text)
{
    if (name.len != strlen(text))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.data[i];
        if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != (uint8_t)text[i])
            return false;
    }
    return true;
}

void message_headed(struct inside *x, struct inside_message *m)
{
    m->headed = true;
    m->n_head = m->n_headers;
    bytes coding = inside_header(m, "content-encoding");
    if (coding.len > 0 && !header_is(coding, "identity")) {
        m->coding = decoder_name(coding);
        if (m->coding == NULL)
            m->problem = "this content coding is not undone here";
        else if ((m->decoder = decoder_new(m->coding)) == NULL)
            m->problem = "there was not enough memory to undo the content coding";
    }
    if (x->listener.head != NULL)
        x->listener.head(x->listener.arg, m);
}

struct delivery {
    struct inside *x;
    struct inside_message *m;
};

static bool deliver(void *arg, bytes plain)
{
    struct delivery *d = arg;
    d->m->decoded += plain.len;
    d->x->decoded += plain.len;
    if (d->x->listener.body != NULL)
        d->x->listener.body(d->x->listener.arg, d->m, plain);
    return d->m->decoded < BODY_OUT_MOST && d->x->decoded < ALL_OUT_MOST;
}

void message_body(struct inside *x, struct inside_message *m, bytes data, const struct inside_place *at)
{
    struct delivery d = {x, m};
    m->last = *at;
    m->content += data.len;
    if (m->decoder != NULL) {
        m->problem = decoder_take(m->decoder, data, deliver, &d);
        if (m->problem == NULL)
            return;
        decoder_free(m->decoder); /* what was unpacked stays; the rest is counted only */
        m->decoder = NULL;
    } else if (m->coding == NULL) {
        m->decoded += data.len;
        if (x->listener.body != NULL)
            x->listener.body(x->listener.arg, m, data);
    }
}

void message_over(struct inside *x, struct inside_message *m, bool complete, const struct inside_place *at)
{
    if (m == NULL)
        return;
    m->complete = complete;
    m->last = *at;
    if (complete && m->decoder != NULL && m->content > 0 && !decoder_done(m->decoder))
        m->problem = "the packed content ends before its end";
    if (!m->headed)
        m->n_head = m->n_headers;
    if (x->listener.message != NULL)
        x->listener.message(x->listener.arg, m);
    decoder_free(m->decoder);
    arena_end(&m->arena);
    free(m);
}
