/* inside/inside.c: which protocol it is, by what the first bytes look like, and who reads it.

   A client that begins with the preface of HTTP/2 speaks that; a method and a space, or "HTTP/1.", are HTTP/1; what else is
   text is a dialogue of lines (SMTP, IMAP, a terminal), anything else is bytes. Behind an upgrade or a CONNECT that was
   granted the same connection is bytes too. */
#include "inside/parts.h"

static enum inside_form recognise(const struct inside *x, uint8_t from, bytes data, bool *undecided);
static void hand_on(struct inside *x, uint8_t from, bytes data, const struct inside_place *at);
static void lines(struct inside *x, uint8_t from, bytes data, const struct inside_place *at);
static void flush(struct inside *x, uint8_t from, const struct inside_place *at);

struct inside *inside_new(const struct inside_listener *listener)
{
    struct inside *x = calloc(1, sizeof *x);
    if (x != NULL)
        x->listener = *listener;
    return x;
}

void inside_expect(struct inside *x, const char *protocol)
{
    x->expects2 = protocol != NULL && strcmp(protocol, "h2") == 0;
}

enum inside_form inside_form(const struct inside *x)
{
    return (enum inside_form)x->form;
}

enum inside_form inside_guess(bytes data, uint8_t from)
{
    const struct inside nothing = {0};
    bool undecided = false;
    if (data.len == 0)
        return INSIDE_UNKNOWN;
    enum inside_form form = recognise(&nothing, from, data, &undecided);
    return undecided ? INSIDE_UNKNOWN : form;
}

void inside_data(struct inside *x, uint8_t from, bytes data, const struct inside_place *at)
{
    struct way_in *w = &x->ways[from];
    if (data.len == 0)
        return;
    if (x->form != INSIDE_UNKNOWN) {
        hand_on(x, from, data, at);
        return;
    }
    size_t n = sizeof w->held - w->len < data.len ? sizeof w->held - w->len : data.len;
    bool undecided = false;
    bytes_copy(w->held + w->len, data.data, n);
    w->len += n;
    bytes seen = bytes_of(w->held, w->len);
    enum inside_form form = recognise(x, from, seen, &undecided);
    if (undecided && w->len < sizeof w->held)
        return;
    x->form = (uint8_t)form;
    if (form == INSIDE_HTTP1)
        x->http1 = http1_new(x);
    else if (form == INSIDE_HTTP2)
        x->http2 = http2_new(x);
    if ((form == INSIDE_HTTP1 && x->http1 == NULL) || (form == INSIDE_HTTP2 && x->http2 == NULL))
        x->form = INSIDE_BYTES;
    /* What the other side said meanwhile, then this. */
    for (int i = 0; i < 2; i++) {
        uint8_t side = (uint8_t)(i == 0 ? 3 - from : from);
        uint8_t copy[sizeof w->held];
        size_t len = x->ways[side].len;
        bytes_copy(copy, x->ways[side].held, len);
        x->ways[side].len = 0;
        hand_on(x, side, bytes_of(copy, len), at);
    }
    hand_on(x, from, bytes_skip(data, n), at);
}

void inside_gap(struct inside *x, uint8_t from, const struct inside_place *at)
{
    if (x->http1 != NULL && x->form == INSIDE_HTTP1)
        http1_gap(x->http1, from, at);
    else if (x->http2 != NULL)
        http2_gap(x->http2, from, at);
    else
        flush(x, from, at);
}

void inside_over(struct inside *x, uint8_t from, const struct inside_place *at)
{
    if (x->http1 != NULL && x->form == INSIDE_HTTP1)
        http1_over(x->http1, from, at);
}

void inside_end(struct inside *x, const struct inside_place *at)
{
    if (x->form == INSIDE_UNKNOWN && x->ways[FEDE_CLIENT].len + x->ways[FEDE_SERVER].len > 0)
        x->form = INSIDE_LINES;
    flush(x, FEDE_CLIENT, at);
    flush(x, FEDE_SERVER, at);
    http1_free(x->http1, at);
    http2_free(x->http2, at);
    x->http1 = NULL;
    x->http2 = NULL;
    if (x->form != INSIDE_UNKNOWN && x->form != INSIDE_LINES)
        x->form = INSIDE_BYTES;
}

void inside_free(struct inside *x)
{
    if (x == NULL)
        return;
    x->listener = (struct inside_listener){0};
    inside_end(x, &(struct inside_place){0});
    bytes_wipe(x, sizeof *x);
    free(x);
}

static bool is_text(bytes data)
{
    for (size_t i = 0; i < data.len; i++)
        if (data.data[i] < 0x20 && data.data[i] != '\t' && data.data[i] != '\r' && data.data[i] != '\n' &&
            data.data[i] != 0x1b)
            return false;
    return true;
}

static enum inside_form recognise(const struct inside *x, uint8_t from, bytes data, bool *undecided)
{
    static const uint8_t settings[] = {4, 0, 0, 0, 0, 0};
    size_t both = data.len < HTTP2_PREFACE ? data.len : HTTP2_PREFACE;
    if (from == FEDE_CLIENT && bytes_equal(bytes_first(data, both), bytes_of(http2_preface, both))) {
        *undecided = data.len < HTTP2_PREFACE;
        return INSIDE_HTTP2;
    }
    if (from == FEDE_SERVER && data.len < 9 && data.data[0] == 0) {
        *undecided = true;
        return INSIDE_BYTES;
    }
    /* A server may send its settings before the client's preface has come. */
    if (from == FEDE_SERVER && data.len >= 9 && load24(data.data) % 6 == 0 && load24(data.data) < 600 &&
        bytes_equal(bytes_of(data.data + 3, 6), BYTES_OF(settings)) && (x->expects2 || data.data[0] == 0))
        return INSIDE_HTTP2;
    if (http1_begins(data, from, undecided) || *undecided)
        return INSIDE_HTTP1;
    return is_text(data) ? INSIDE_LINES : INSIDE_BYTES;
}

static void hand_on(struct inside *x, uint8_t from, bytes data, const struct inside_place *at)
{
    if (data.len == 0)
        return;
    if (x->form == INSIDE_HTTP1) {
        data = http1_data(x->http1, from, data, at);
        if (data.len > 0)
            inside_raw(x, from, data, at);
    } else if (x->form == INSIDE_HTTP2) {
        http2_data(x->http2, from, data, at);
    } else {
        inside_raw(x, from, data, at);
        if (x->form == INSIDE_LINES)
            lines(x, from, data, at);
    }
}

static void lines(struct inside *x, uint8_t from, bytes data, const struct inside_place *at)
{
    struct way_in *w = &x->ways[from];
    while (data.len > 0) {
        const uint8_t *end = memchr(data.data, '\n', data.len);
        size_t n = end != NULL ? (size_t)(end - data.data) : data.len, room = sizeof w->held - w->len;
        bytes_copy(w->held + w->len, data.data, n < room ? n : room);
        w->len += n < room ? n : room;
        if (end != NULL)
            flush(x, from, at);
        data = bytes_skip(data, end != NULL ? n + 1 : n);
    }
}

static void flush(struct inside *x, uint8_t from, const struct inside_place *at)
{
    struct way_in *w = &x->ways[from];
    size_t len = w->len;
    w->len = 0;
    if (x->form != INSIDE_LINES || len == 0)
        return;
    if (w->held[len - 1] == '\r')
        len--;
    if (x->listener.line != NULL)
        x->listener.line(x->listener.arg, from, bytes_of(w->held, len), at);
}

void inside_raw(struct inside *x, uint8_t from, bytes data, const struct inside_place *at)
{
    if (x->listener.raw != NULL)
        x->listener.raw(x->listener.arg, from, data, at);
}

void inside_say(struct inside *x, uint8_t from, const char *text, const struct inside_place *at)
{
    if (x->listener.note != NULL)
        x->listener.note(x->listener.arg, from, text, at);
}
