/* inside/http1.c: HTTP/1.0 and 1.1 (RFC 9112) read from outside, both sides, by http_parser.

   Requests and answers belong together by their order: the answer to HEAD has no content whatever its head says, and that to
   CONNECT makes a tunnel of the connection. Behind a gap a side is silent until something begins that looks like a head. */
#include <http_parser.h>

#include "inside/parts.h"

enum { ASKED_MOST = 256, PART_MOST = 64 * 1024 };

struct part {
    char *data;
    size_t len, room;
    bool cut;
};

struct http1_side {
    http_parser parser;
    struct http1 *h;
    struct inside_message *m;
    struct part line, name, value; /* line: target or reason */
    uint8_t from;
    bool in_value, lost;
};

struct http1 {
    struct inside *x;
    struct http1_side sides[3];
    struct {
        uint64_t exchange;
        uint8_t method;
    } asked[ASKED_MOST]; /* requests without an answer yet */
    size_t first, n;
    bool over; /* no HTTP any more */
    const struct inside_place *at;
};

static int on_begin(http_parser *p);
static int on_line(http_parser *p, const char *at, size_t len);
static int on_name(http_parser *p, const char *at, size_t len);
static int on_value(http_parser *p, const char *at, size_t len);
static int on_head(http_parser *p);
static int on_body(http_parser *p, const char *at, size_t len);
static int on_end(http_parser *p);
static int head_of_answer(struct http1 *h, struct http1_side *s);
static void start(struct http1_side *s);

static const http_parser_settings callbacks = {
    .on_message_begin = on_begin,
    .on_url = on_line,
    .on_status = on_line,
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_headers_complete = on_head,
    .on_body = on_body,
    .on_message_complete = on_end,
};

struct http1 *http1_new(struct inside *x)
{
    struct http1 *h = calloc(1, sizeof *h);
    if (h == NULL)
        return NULL;
    h->x = x;
    for (uint8_t from = FEDE_CLIENT; from <= FEDE_SERVER; from++) {
        h->sides[from].h = h;
        h->sides[from].from = from;
        start(&h->sides[from]);
    }
    return h;
}

static void start(struct http1_side *s)
{
    http_parser_init(&s->parser, s->from == FEDE_CLIENT ? HTTP_REQUEST : HTTP_RESPONSE);
    s->parser.data = s;
}

static void drop(struct http1_side *s, const struct inside_place *at)
{
    if (s->m != NULL)
        message_over(s->h->x, s->m, false, at);
    s->m = NULL;
    s->line.len = s->name.len = s->value.len = 0;
    s->in_value = false;
}

void http1_free(struct http1 *h, const struct inside_place *at)
{
    if (h == NULL)
        return;
    for (uint8_t from = FEDE_CLIENT; from <= FEDE_SERVER; from++) {
        struct http1_side *s = &h->sides[from];
        http1_over(h, from, at);
        drop(s, at);
        free(s->line.data);
        free(s->name.data);
        free(s->value.data);
    }
    free(h);
}

/* A method of capital letters and a space, or the version of an answer. */
bool http1_begins(bytes data, uint8_t from, bool *undecided)
{
    static const char answer[] = "HTTP/1.";
    enum { METHOD_MOST = 18 };
    if (from == FEDE_SERVER) {
        size_t n = data.len < 7 ? data.len : 7;
        bool same = bytes_equal(bytes_first(data, n), bytes_of(answer, n));
        *undecided = same && n < 7;
        return same && n == 7;
    }
    size_t n = 0;
    while (n < data.len && n < METHOD_MOST && ((data.data[n] >= 'A' && data.data[n] <= 'Z') || data.data[n] == '-'))
        n++;
    if (n == data.len && n < METHOD_MOST) {
        *undecided = true;
        return false;
    }
    for (unsigned method = 0; n >= 3 && n < data.len && data.data[n] == ' ' && method < 64; method++) {
        const char *name = http_method_str((enum http_method)method);
        if (strlen(name) == n && memcmp(name, data.data, n) == 0) {
            /* SUBSCRIBE and the like are words of other protocols too: an URI or * follows. */
            bytes rest = bytes_skip(data, n + 1);
            *undecided = rest.len == 0;
            bool connect = method == HTTP_CONNECT;
            return rest.len > 0 && (connect || rest.data[0] == '/' || rest.data[0] == '*' || rest.data[0] == 'h' ||
                                    rest.data[0] == 'H');
        }
    }
    return false;
}

bytes http1_data(struct http1 *h, uint8_t from, bytes data, const struct inside_place *at)
{
    struct http1_side *s = &h->sides[from];
    bool undecided = false;
    if (h->over)
        return data;
    if (s->lost) {
        if (!http1_begins(data, from, &undecided))
            return BYTES_NONE;
        s->lost = false;
        start(s);
    }
    h->at = at;
    size_t n = http_parser_execute(&s->parser, &callbacks, (const char *)data.data, data.len);
    if (h->over)
        return bytes_skip(data, n < data.len ? n : data.len);
    if (HTTP_PARSER_ERRNO(&s->parser) != HPE_OK) {
        char line[200];
        struct text t = text_in(line, sizeof line);
        text_add(&t, "this is not HTTP as RFC 9112 has it: ");
        text_add(&t, http_errno_description(HTTP_PARSER_ERRNO(&s->parser)));
        inside_say(h->x, from, line, at);
        if (s->m != NULL)
            s->m->problem = "it is malformed from here on";
        drop(s, at);
        s->lost = true;
    }
    return BYTES_NONE;
}

void http1_gap(struct http1 *h, uint8_t from, const struct inside_place *at)
{
    struct http1_side *s = &h->sides[from];
    if (s->m != NULL)
        s->m->problem = "bytes are missing from the capture";
    drop(s, at);
    s->lost = true;
}

/* An answer without a length ends with the connection. */
void http1_over(struct http1 *h, uint8_t from, const struct inside_place *at)
{
    struct http1_side *s = &h->sides[from];
    if (h->over || s->lost || s->m == NULL)
        return;
    h->at = at;
    http_parser_execute(&s->parser, &callbacks, NULL, 0);
    drop(s, at);
    s->lost = true;
}

/* ---- what the parser says ---- */

static void add(struct part *p, const char *at, size_t len)
{
    if (p->len + len > PART_MOST) {
        p->cut = true;
        len = PART_MOST - p->len;
    }
    if (p->room - p->len < len) {
        size_t room = 2 * (p->len + len) + 64;
        char *larger = realloc(p->data, room);
        if (larger == NULL) {
            p->cut = true;
            return;
        }
        p->data = larger;
        p->room = room;
    }
    if (len == 0) /* an empty reason: there may be no room yet */
        return;
    bytes_copy(p->data + p->len, at, len);
    p->len += len;
}

static int on_begin(http_parser *parser)
{
    struct http1_side *s = parser->data;
    drop(s, s->h->at);
    s->m = message_new(s->h->x, s->from, s->from == FEDE_CLIENT, s->h->at);
    return s->m == NULL;
}

static int on_line(http_parser *parser, const char *at, size_t len)
{
    struct http1_side *s = parser->data;
    add(&s->line, at, len);
    return 0;
}

static void keep_header(struct http1_side *s)
{
    if (s->name.len > 0 || s->value.len > 0)
        message_header(s->m, bytes_of(s->name.data, s->name.len), bytes_of(s->value.data, s->value.len));
    s->m->headers_cut = s->m->headers_cut || s->name.cut || s->value.cut;
    s->name.len = s->value.len = 0;
    s->in_value = false;
}

static int on_name(http_parser *parser, const char *at, size_t len)
{
    struct http1_side *s = parser->data;
    if (s->in_value)
        keep_header(s);
    add(&s->name, at, len);
    return 0;
}

static int on_value(http_parser *parser, const char *at, size_t len)
{
    struct http1_side *s = parser->data;
    s->in_value = true;
    add(&s->value, at, len);
    return 0;
}

static int on_head(http_parser *parser)
{
    struct http1_side *s = parser->data;
    struct http1 *h = s->h;
    struct inside_message *m = s->m;
    keep_header(s);
    m->major = (uint8_t)parser->http_major;
    m->minor = (uint8_t)parser->http_minor;
    m->last = *h->at;
    m->chunked = parser->flags & F_CHUNKED;
    bytes line = s->line.len > 0 ? arena_copy(&m->arena, bytes_of(s->line.data, s->line.len)) : BYTES_NONE;
    s->line.len = 0;
    if (!m->request) {
        m->reason = line;
        m->status = (uint16_t)parser->status_code;
        return head_of_answer(h, s);
    }
    m->target = line;
    m->method = bytes_text(http_method_str((enum http_method)parser->method));
    m->exchange = ++h->x->exchanges;
    if (h->n < ASKED_MOST) {
        size_t at = (h->first + h->n++) % ASKED_MOST;
        h->asked[at].exchange = m->exchange;
        h->asked[at].method = (uint8_t)parser->method;
    }
    parser->upgrade = 0; /* whether it becomes something else the answer says */
    message_headed(h->x, m);
    return 0;
}

static int head_of_answer(struct http1 *h, struct http1_side *s)
{
    struct inside_message *m = s->m;
    int method = -1;
    if (h->n > 0) {
        m->exchange = h->asked[h->first].exchange;
        method = h->asked[h->first].method;
    } else {
        m->exchange = ++h->x->exchanges; /* the question is not in the capture */
    }
    m->interim = m->status >= 100 && m->status < 200 && m->status != 101;
    if (!m->interim && h->n > 0) {
        h->first = (h->first + 1) % ASKED_MOST;
        h->n--;
    }
    if (m->status == 101) {
        bytes to = inside_header(m, "upgrade");
        m->becomes = header_is(to, "websocket") ? "websocket" : header_is(to, "h2c") ? "h2c" : "another protocol";
    } else if (method == HTTP_CONNECT && m->status >= 200 && m->status < 300) {
        m->becomes = "tunnel";
    }
    message_headed(h->x, m);
    if (m->becomes != NULL) {
        h->over = true;
        return 2;
    }
    return method == HTTP_HEAD ? 1 : 0;
}

static int on_body(http_parser *parser, const char *at, size_t len)
{
    struct http1_side *s = parser->data;
    message_body(s->h->x, s->m, bytes_of(at, len), s->h->at);
    return 0;
}

static int on_end(http_parser *parser)
{
    struct http1_side *s = parser->data;
    if (s->in_value || s->name.len > 0)
        keep_header(s); /* trailers */
    message_over(s->h->x, s->m, true, s->h->at);
    s->m = NULL;
    return 0;
}
