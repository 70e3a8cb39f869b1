/* HTTP/1.1 on a connection (RFC 9112): http_parser reads requests one at a time, answers go out piece by piece.

   While an answer is on its way nothing more is read from the peer, so a pipelining or slow peer costs at most one
   record of waiting input. A request and its answer exist only while they are dealt with: a quiet connection keeps the
   parser alone. */
#include <http_parser.h>
#include <stdlib.h>

#include "cli/respond.h"

enum { HEAD_ROOM = TARGET_MOST * 3 + 1024 }; /* a Location may be an escaped target */

struct exchange {
    struct request request;
    struct answer answer;
    char name[32], value[256]; /* the header field being read */
    size_t name_len, value_len;
    bool in_value, answering;
    size_t head_at, head_len; /* of the answer's head, sent before the body */
    char head[HEAD_ROOM];
};

struct http1 {
    http_parser parser;
    struct exchange *exchange; /* NULL between requests */
    bool last;                 /* no request after this one */
    bool closed;               /* whatever still comes is thrown away */
    bool continue_due;         /* "100 Continue" is to be sent */
};

static void refuse(struct peer *peer, int status, const char *what);
static void answer_start(struct peer *peer);
static void answer_finish(struct peer *peer);
static const http_parser_settings callbacks;

static bool http1_start(struct peer *peer)
{
    struct http1 *http1 = calloc(1, sizeof *http1);
    if (!http1)
        return false;
    http_parser_init(&http1->parser, HTTP_REQUEST);
    http1->parser.data = http1;
    peer->talk = http1;
    return true;
}

static size_t http1_take(struct peer *peer, bytes in)
{
    struct http1 *http1 = peer->talk;
    if (http1->closed)
        return in.len;
    if ((http1->exchange && http1->exchange->answering) || http1->continue_due)
        return 0;
    size_t used = http_parser_execute(&http1->parser, &callbacks, (const char *)in.data, in.len);
    enum http_errno error = HTTP_PARSER_ERRNO(&http1->parser);
    if (error == HPE_PAUSED) {
        http_parser_pause(&http1->parser, 0);
        answer_start(peer);
    } else if (error == HPE_CB_url || error == HPE_CB_header_field || error == HPE_CB_header_value ||
               error == HPE_HEADER_OVERFLOW) {
        bool target = http1->exchange && http1->exchange->request.target_len >= TARGET_MOST;
        refuse(peer, target ? 414 : 431, NULL);
        used = in.len;
    } else if (error != HPE_OK) {
        refuse(peer, 400, http_errno_description(error));
        used = in.len;
    }
    return used;
}

static bool http1_give(struct peer *peer)
{
    struct http1 *http1 = peer->talk;
    struct exchange *exchange = http1->exchange;
    uint8_t *out = peer->worker->scratch;
    size_t room = peer->worker->server->fragment;
    if (http1->continue_due) {
        static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
        http1->continue_due = false;
        return peer_write(peer, bytes_text(go_on)) > 0;
    }
    if (!exchange || !exchange->answering)
        return false;
    size_t head = exchange->head_len - exchange->head_at;
    head = head < room ? head : room;
    bytes_copy(out, exchange->head + exchange->head_at, head);
    ptrdiff_t body = answer_body(&exchange->answer, out + head, room - head);
    if (body < 0) {
        peer_break(peer);
        return true;
    }
    size_t taken = peer_write(peer, bytes_of(out, head + (size_t)body));
    size_t from_head = taken < head ? taken : head;
    exchange->head_at += from_head;
    exchange->answer.at += taken - from_head;
    if (exchange->head_at == exchange->head_len && answer_complete(&exchange->answer))
        answer_finish(peer);
    return taken > 0;
}

static bool http1_busy(const struct peer *peer)
{
    const struct http1 *http1 = peer->talk;
    return http1->exchange || http1->continue_due;
}

static void http1_stop(struct peer *peer)
{
    struct http1 *http1 = peer->talk;
    http1->last = true;
}

static void exchange_free(struct http1 *http1)
{
    if (!http1->exchange)
        return;
    answer_end(&http1->exchange->answer);
    free(http1->exchange);
    http1->exchange = NULL;
}

static void http1_end(struct peer *peer)
{
    struct http1 *http1 = peer->talk;
    exchange_free(http1);
    free(http1);
}

const struct talk_kind talk_http1 = {"HTTP/1.1", http1_start, http1_take, http1_give,
                                     http1_busy, http1_stop,  http1_end};

/* ---- Answers ---------------------------------------------------------------------------------------------------- */

static void head_make(struct exchange *exchange, bool last)
{
    struct fields fields;
    answer_fields(&exchange->answer, &fields);
    struct text t = text_in(exchange->head, sizeof exchange->head);
    text_format(&t, "HTTP/1.1 %d %s\r\n", exchange->answer.status, status_words(exchange->answer.status));
    for (size_t i = 0; i < fields.n; i++)
        text_format(&t, "%s: %s\r\n", fields.list[i].name, fields.list[i].value);
    text_format(&t, "connection: %s\r\n\r\n", last ? "close" : "keep-alive");
    exchange->head_at = 0;
    exchange->head_len = t.len < sizeof exchange->head ? t.len : sizeof exchange->head - 1;
    exchange->answering = true;
}

static void answer_start(struct peer *peer)
{
    struct http1 *http1 = peer->talk;
    struct exchange *exchange = http1->exchange;
    exchange->request.target[exchange->request.target_len] = '\0';
    bool modern = http1->parser.http_major > 1 || http1->parser.http_minor > 0;
    if (exchange->request.hosts > 1 || (modern && exchange->request.hosts == 0)) { /* RFC 9112 3.2 */
        refuse(peer, 400, "it must have one Host field");
        return;
    }
    respond(&exchange->answer, &exchange->request, peer);
    http1->last = http1->last || !http_should_keep_alive(&http1->parser) || http1->parser.method == HTTP_CONNECT;
    head_make(exchange, http1->last);
}

/* The request can't be read to its end: say so and close. */
static void refuse(struct peer *peer, int status, const char *what)
{
    struct http1 *http1 = peer->talk;
    if (!http1->exchange && !(http1->exchange = calloc(1, sizeof *http1->exchange))) {
        peer_break(peer);
        return;
    }
    struct exchange *exchange = http1->exchange;
    exchange->answer.file = -1;
    exchange->request
        .target[exchange->request.target_len < TARGET_MOST ? exchange->request.target_len : TARGET_MOST - 1] = 0;
    if (!exchange->request.method[0])
        bytes_copy(exchange->request.method, "?", 2);
    answer_message(&exchange->answer, status, "This request can't be read: %s.\n",
                   what            ? what
                   : status == 414 ? "its path is too long"
                                   : "its header fields are too long");
    http1->last = http1->closed = true;
    head_make(exchange, true);
}

static void answer_finish(struct peer *peer)
{
    struct http1 *http1 = peer->talk;
    request_tell(&http1->exchange->request, &http1->exchange->answer, peer);
    exchange_free(http1);
    if (http1->last) {
        http1->closed = true;
        peer_close(peer);
    }
}

/* ---- http_parser's callbacks: not 0 stops it with an error of that callback's name -------------------------------- */

static int on_begin(http_parser *parser)
{
    struct http1 *http1 = parser->data;
    http1->exchange = calloc(1, sizeof *http1->exchange);
    if (!http1->exchange)
        return 1;
    http1->exchange->answer.file = -1;
    return 0;
}

static int on_url(http_parser *parser, const char *at, size_t len)
{
    struct request *request = &((struct http1 *)parser->data)->exchange->request;
    size_t room = request->target_len < TARGET_MOST ? TARGET_MOST - request->target_len : 0;
    bytes_copy(request->target + request->target_len, at, len < room ? len : room);
    request->target_len += len;
    return request->target_len >= TARGET_MOST;
}

static int field_done(struct exchange *exchange)
{
    bool fits = true;
    if (exchange->in_value)
        fits = request_field(&exchange->request, bytes_of(exchange->name, exchange->name_len),
                             bytes_of(exchange->value, exchange->value_len));
    exchange->in_value = false;
    exchange->name_len = exchange->value_len = 0;
    return !fits;
}

/* A field too long to be one we know is counted, not kept. */
static void gather(char *to, size_t size, size_t *len, const char *at, size_t more, size_t *uncounted)
{
    size_t n = more < size - *len ? more : size - *len;
    bytes_copy(to + *len, at, n);
    *len += n;
    *uncounted += more - n;
}

static int on_header_field(http_parser *parser, const char *at, size_t len)
{
    struct exchange *exchange = ((struct http1 *)parser->data)->exchange;
    if (exchange->in_value && field_done(exchange))
        return 1;
    gather(exchange->name, sizeof exchange->name, &exchange->name_len, at, len, &exchange->request.head_len);
    return 0;
}

static int on_header_value(http_parser *parser, const char *at, size_t len)
{
    struct exchange *exchange = ((struct http1 *)parser->data)->exchange;
    exchange->in_value = true;
    gather(exchange->value, sizeof exchange->value, &exchange->value_len, at, len, &exchange->request.head_len);
    return exchange->request.head_len > HEAD_MOST;
}

static int on_headers_complete(http_parser *parser)
{
    struct http1 *http1 = parser->data;
    struct exchange *exchange = http1->exchange;
    field_done(exchange);
    struct text t = text_in(exchange->request.method, sizeof exchange->request.method);
    text_add(&t, http_method_str((enum http_method)parser->method));
    bool body = (parser->flags & F_CHUNKED) || (parser->content_length > 0 && parser->content_length != UINT64_MAX);
    http1->continue_due = exchange->request.expects_continue && body && parser->http_minor > 0;
    if (parser->method != HTTP_CONNECT)
        parser->upgrade = 0; /* an offered upgrade is not taken (RFC 9110 7.8) */
    return 0;
}

static int on_body(http_parser *parser, const char *at, size_t len)
{
    (void)at;
    ((struct http1 *)parser->data)->exchange->request.body += len;
    return 0;
}

static int on_complete(http_parser *parser)
{
    ((struct http1 *)parser->data)->continue_due = false;
    http_parser_pause(parser, 1);
    return 0;
}

static const http_parser_settings callbacks = {.on_message_begin = on_begin,
                                               .on_url = on_url,
                                               .on_header_field = on_header_field,
                                               .on_header_value = on_header_value,
                                               .on_headers_complete = on_headers_complete,
                                               .on_body = on_body,
                                               .on_message_complete = on_complete};
