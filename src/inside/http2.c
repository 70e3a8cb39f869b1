/* inside/http2.c: HTTP/2 (RFC 9113) read from outside: every frame named, header blocks unpacked by nghttp2's HPACK
   (RFC 7541), DATA frames joined to the content of their streams.

   A header block is not readable without all those before it: behind a gap a side's frames can't be followed. An onlooker
   knows less than the ends: a table size that was announced may only enlarge what the packed headers may ask for. */
#include <nghttp2/nghttp2.h>

#include "inside/parts.h"

enum { FRAME_HEAD = 9, BLOCK_MOST = 256 * 1024, STREAMS_MOST = 1024, TABLE_MOST = 1024 * 1024 };
enum { DATA = 0, HEADERS = 1, RST_STREAM = 3, SETTINGS = 4, PUSH_PROMISE = 5, CONTINUATION = 9 };
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4, PADDED = 8, PRIORITY = 0x20 };

struct http2_stream {
    struct http2_stream *next;
    uint32_t id;
    uint64_t exchange;
    struct inside_message *messages[3]; /* by side, as long as they are open */
    bool ended[3];
};

struct http2_side {
    nghttp2_hd_inflater *inflater;
    uint8_t head[FRAME_HEAD];
    size_t n_head, preface; /* bytes of them that came */
    uint32_t left;          /* bytes of the frame's payload that have not come */
    uint32_t padding;       /* of DATA: bytes at its end */
    bool in_frame, pad_known, lost, blocked /* a header block could not be read: the next ones can't either */;
    uint8_t *payload; /* of a frame other than DATA */
    size_t n_payload, room;
    uint8_t *block; /* header block, from several frames */
    size_t n_block, block_room;
    uint32_t block_stream;
    bool block_ends, block_pushes;
    uint8_t from;
};

struct http2 {
    struct inside *x;
    struct http2_side sides[3];
    struct http2_stream *streams;
    size_t n_streams;
};

static void frame_begins(struct http2 *h, struct http2_side *s, const struct inside_place *at);
static void frame_ends(struct http2 *h, struct http2_side *s, const struct inside_place *at);
static void data(struct http2 *h, struct http2_side *s, bytes piece, const struct inside_place *at);
static void headers(struct http2 *h, struct http2_side *s, uint8_t type, uint8_t flags, uint32_t stream, bytes p,
                    const struct inside_place *at);
static void block(struct http2 *h, struct http2_side *s, const struct inside_place *at);
static void settings(struct http2 *h, struct http2_side *s, bytes p);
static struct http2_stream *stream_of(struct http2 *h, uint32_t id, bool make);
static void end_side(struct http2 *h, uint32_t stream, uint8_t from, bool complete, const struct inside_place *at);
static void stream_drop(struct http2 *h, struct http2_stream **at, const struct inside_place *place);
static bool append(uint8_t **to, size_t *len, size_t *room, bytes data);

struct http2 *http2_new(struct inside *x)
{
    struct http2 *h = calloc(1, sizeof *h);
    if (h == NULL)
        return NULL;
    h->x = x;
    for (uint8_t from = FEDE_CLIENT; from <= FEDE_SERVER; from++) {
        h->sides[from].from = from;
        if (nghttp2_hd_inflate_new(&h->sides[from].inflater) != 0) {
            http2_free(h, &(struct inside_place){0});
            return NULL;
        }
    }
    h->sides[FEDE_SERVER].preface = HTTP2_PREFACE; /* it has none */
    return h;
}

void http2_free(struct http2 *h, const struct inside_place *at)
{
    if (h == NULL)
        return;
    while (h->streams != NULL)
        stream_drop(h, &h->streams, at);
    for (uint8_t from = FEDE_CLIENT; from <= FEDE_SERVER; from++) {
        nghttp2_hd_inflate_del(h->sides[from].inflater);
        free(h->sides[from].payload);
        free(h->sides[from].block);
    }
    free(h);
}

void http2_gap(struct http2 *h, uint8_t from, const struct inside_place *at)
{
    struct http2_side *s = &h->sides[from];
    if (!s->lost)
        inside_say(h->x, from, "bytes are missing: the frames behind them can't be followed", at);
    s->lost = true;
    for (struct http2_stream *t = h->streams; t != NULL; t = t->next)
        if (t->messages[from] != NULL)
            t->messages[from]->problem = "bytes are missing from the capture";
}

void http2_data(struct http2 *h, uint8_t from, bytes in, const struct inside_place *at)
{
    struct http2_side *s = &h->sides[from];
    if (s->preface < HTTP2_PREFACE) {
        size_t n = HTTP2_PREFACE - s->preface < in.len ? HTTP2_PREFACE - s->preface : in.len;
        if (!bytes_equal(bytes_first(in, n), bytes_of(http2_preface + s->preface, n))) {
            inside_say(h->x, from, "the client's preface of HTTP/2 is wrong", at);
            s->lost = true;
        }
        s->preface += n;
        in = bytes_skip(in, n);
    }
    while (in.len > 0 && !s->lost) {
        if (!s->in_frame) {
            size_t n = FRAME_HEAD - s->n_head < in.len ? FRAME_HEAD - s->n_head : in.len;
            bytes_copy(s->head + s->n_head, in.data, n);
            s->n_head += n;
            in = bytes_skip(in, n);
            if (s->n_head < FRAME_HEAD)
                return;
            frame_begins(h, s, at);
        }
        bytes piece = bytes_first(in, s->left);
        s->left -= (uint32_t)piece.len;
        in = bytes_skip(in, piece.len);
        if (s->head[3] == DATA)
            data(h, s, piece, at);
        else if (!append(&s->payload, &s->n_payload, &s->room, piece))
            s->blocked =
                s->blocked || s->head[3] == HEADERS || s->head[3] == PUSH_PROMISE || s->head[3] == CONTINUATION;
        if (s->left == 0)
            frame_ends(h, s, at);
    }
}

static void frame_begins(struct http2 *h, struct http2_side *s, const struct inside_place *at)
{
    (void)h;
    (void)at;
    s->in_frame = true;
    s->n_head = 0;
    s->n_payload = 0;
    s->left = load24(s->head);
    s->padding = 0;
    s->pad_known = s->head[3] != DATA || !(s->head[4] & PADDED);
}

static void data(struct http2 *h, struct http2_side *s, bytes piece, const struct inside_place *at)
{
    struct http2_stream *t = stream_of(h, load32(s->head + 5) & 0x7fffffff, false);
    if (!s->pad_known && piece.len > 0) {
        s->padding = piece.data[0];
        s->pad_known = true;
        piece = bytes_skip(piece, 1);
    }
    /* The last `padding` bytes of the frame are none of the content. */
    size_t behind = s->left, useful = piece.len + behind > s->padding ? piece.len + behind - s->padding : 0;
    piece = bytes_first(piece, useful);
    if (t != NULL && t->messages[s->from] != NULL && piece.len > 0)
        message_body(h->x, t->messages[s->from], piece, at);
}

static void frame_ends(struct http2 *h, struct http2_side *s, const struct inside_place *at)
{
    const uint8_t type = s->head[3], flags = s->head[4];
    const uint32_t stream = load32(s->head + 5) & 0x7fffffff;
    char words[600];
    struct text t = text_in(words, sizeof words);
    bytes p = bytes_of(s->payload, s->n_payload);
    s->in_frame = false;
    http2_describe(type, flags, type == DATA ? BYTES_NONE : p, &t);
    struct inside_frame f = {.from = s->from,
                             .type = type,
                             .flags = flags,
                             .stream = stream,
                             .length = load24(s->head),
                             .name = http2_frame_name(type),
                             .detail = words,
                             .place = *at};
    if (h->x->listener.frame != NULL)
        h->x->listener.frame(h->x->listener.arg, &f);
    switch (type) {
    case DATA:
        if (flags & END_STREAM)
            end_side(h, stream, s->from, true, at);
        break;
    case HEADERS:
    case PUSH_PROMISE:
    case CONTINUATION:
        headers(h, s, type, flags, stream, p, at);
        break;
    case SETTINGS:
        if (!(flags & ACK))
            settings(h, s, p);
        break;
    case RST_STREAM:
        end_side(h, stream, FEDE_CLIENT, false, at);
        end_side(h, stream, FEDE_SERVER, false, at);
        break;
    default:
        break;
    }
}

/* The fragment of a header block, without padding and priority; the whole of it at END_HEADERS. */
static void headers(struct http2 *h, struct http2_side *s, uint8_t type, uint8_t flags, uint32_t stream, bytes p,
                    const struct inside_place *at)
{
    if (type != CONTINUATION) {
        if (flags & PADDED) {
            size_t padding = p.len > 0 ? p.data[0] : 0;
            p = bytes_skip(p, p.len > 0);
            p = padding <= p.len ? bytes_first(p, p.len - padding) : BYTES_NONE;
        }
        if (type == HEADERS && flags & PRIORITY)
            p = bytes_skip(p, 5);
        s->n_block = 0;
        s->block_pushes = type == PUSH_PROMISE;
        s->block_stream = stream;
        s->block_ends = type == HEADERS && flags & END_STREAM;
        if (s->block_pushes && p.len >= 4) {
            s->block_stream = load32(p.data) & 0x7fffffff;
            p = bytes_skip(p, 4);
        }
    }
    if (!append(&s->block, &s->n_block, &s->block_room, p))
        s->blocked = true;
    if (flags & END_HEADERS)
        block(h, s, at);
}

static struct inside_message *message_of(struct http2 *h, struct http2_side *s, struct http2_stream *t,
                                         const struct inside_place *at)
{
    struct inside_message *m = t->messages[s->from];
    if (m != NULL && m->headed && !m->interim)
        return m; /* trailers */
    if (m != NULL)
        message_over(h->x, m, true, at);
    m = t->messages[s->from] = message_new(h->x, s->from, s->from == FEDE_CLIENT || s->block_pushes, at);
    if (m == NULL)
        return NULL;
    m->major = 2;
    m->stream = t->id;
    m->exchange = t->exchange;
    m->pushed = s->block_pushes;
    return m;
}

static void block(struct http2 *h, struct http2_side *s, const struct inside_place *at)
{
    struct http2_stream *t = stream_of(h, s->block_stream, true);
    struct inside_message *m = t != NULL && !t->ended[s->from] ? message_of(h, s, t, at) : NULL;
    bytes in = bytes_of(s->block, s->n_block);
    bool final = false;
    while (!final && !s->blocked) {
        nghttp2_nv nv;
        int flags = 0;
        ssize_t n = nghttp2_hd_inflate_hd2(s->inflater, &nv, &flags, in.data, in.len, 1);
        if (n < 0) {
            s->blocked = true;
            break;
        }
        in = bytes_skip(in, (size_t)n);
        if (flags & NGHTTP2_HD_INFLATE_EMIT && m != NULL)
            message_header(m, bytes_of(nv.name, nv.namelen), bytes_of(nv.value, nv.valuelen));
        final = flags & NGHTTP2_HD_INFLATE_FINAL;
        if (!final && n == 0 && !(flags & NGHTTP2_HD_INFLATE_EMIT))
            break;
    }
    nghttp2_hd_inflate_end_headers(s->inflater);
    s->n_block = 0;
    if (s->blocked) {
        inside_say(h->x, s->from, "a block of packed headers can't be read, nor those behind it (RFC 7541)", at);
        if (m != NULL)
            m->problem = "its headers can't be read";
    }
    if (m == NULL)
        return;
    if (!m->headed) {
        m->interim = !m->request && m->status >= 100 && m->status < 200;
        bytes protocol = inside_header(m, ":protocol");
        if (m->request && header_is(m->method, "connect"))
            m->becomes = header_is(protocol, "websocket") ? "websocket" : "tunnel";
        message_headed(h->x, m);
    }
    m->last = *at;
    if (m->pushed) {
        message_over(h->x, m, true, at); /* the content follows on that stream, as an answer */
        t->messages[s->from] = NULL;
        t->ended[FEDE_CLIENT] = true;
    } else if (s->block_ends) {
        end_side(h, t->id, s->from, true, at);
    }
}

/* Who announces a table size reads headers with it: it is the other side's packer that uses it. */
static void settings(struct http2 *h, struct http2_side *s, bytes p)
{
    enum { HEADER_TABLE_SIZE = 1 };
    for (; p.len >= 6; p = bytes_skip(p, 6)) {
        uint32_t size = load32(p.data + 2);
        if (load16(p.data) == HEADER_TABLE_SIZE && size > 4096)
            nghttp2_hd_inflate_change_table_size(h->sides[3 - s->from].inflater, size < TABLE_MOST ? size : TABLE_MOST);
    }
}

/* ---- streams ---- */

static struct http2_stream *stream_of(struct http2 *h, uint32_t id, bool make)
{
    struct http2_stream **at = &h->streams;
    for (; *at != NULL; at = &(*at)->next)
        if ((*at)->id == id)
            return *at;
    if (!make || id == 0 || h->n_streams >= STREAMS_MOST)
        return NULL;
    struct http2_stream *t = calloc(1, sizeof *t);
    if (t == NULL)
        return NULL;
    t->id = id;
    t->exchange = ++h->x->exchanges;
    *at = t;
    h->n_streams++;
    return t;
}

static void end_side(struct http2 *h, uint32_t stream, uint8_t from, bool complete, const struct inside_place *at)
{
    for (struct http2_stream **where = &h->streams; *where != NULL; where = &(*where)->next) {
        struct http2_stream *t = *where;
        if (t->id != stream)
            continue;
        if (t->messages[from] != NULL)
            message_over(h->x, t->messages[from], complete, at);
        t->messages[from] = NULL;
        t->ended[from] = true;
        if (t->ended[FEDE_CLIENT] && t->ended[FEDE_SERVER])
            stream_drop(h, where, at);
        return;
    }
}

static void stream_drop(struct http2 *h, struct http2_stream **at, const struct inside_place *place)
{
    struct http2_stream *t = *at;
    *at = t->next;
    h->n_streams--;
    for (uint8_t from = FEDE_CLIENT; from <= FEDE_SERVER; from++)
        message_over(h->x, t->messages[from], false, place);
    free(t);
}

static bool append(uint8_t **to, size_t *len, size_t *room, bytes more)
{
    if (*len + more.len > BLOCK_MOST)
        return false;
    if (more.len == 0) /* there may be no room yet */
        return true;
    if (*len + more.len > *room) {
        size_t larger = 2 * (*len + more.len) + 256;
        uint8_t *p = realloc(*to, larger);
        if (p == NULL)
            return false;
        *to = p;
        *room = larger;
    }
    bytes_copy(*to + *len, more.data, more.len);
    *len += more.len;
    return true;
}
