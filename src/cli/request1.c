/* cli/request1.c: one exchange over HTTP/1.1 (RFC 9112), the answer read by http_parser.

   Writing and reading go on together, so that a server that answers before it has read everything is heard. The answer ends
   where its head says; without a length it ends with the connection, and with TLS only close_notify makes that a
   proper end (RFC 9112 9.8). */
#include <http_parser.h>
#include <stdlib.h>

#include "cli/request.h"

struct piece {
    char *data;
    size_t len, room;
};

struct reader {
    struct exchange *x;
    http_parser parser;
    struct piece name, value;
    bool in_value, failed, interim;
};

static bool make_head(struct exchange *x, struct piece *head);
static bool add(struct piece *piece, const char *data, size_t len);
static void write_some(struct exchange *x, bytes *head, bytes *body, bool *blocked);
static bool read_some(struct reader *r, bool *blocked);
static bool feed(struct reader *r, bytes data);

static int on_begin(http_parser *parser);
static int on_status(http_parser *parser, const char *at, size_t len);
static int on_name(http_parser *parser, const char *at, size_t len);
static int on_value(http_parser *parser, const char *at, size_t len);
static int on_head(http_parser *parser);
static int on_content(http_parser *parser, const char *at, size_t len);
static int on_end(http_parser *parser);

bool exchange1_run(struct exchange *x)
{
    struct client *client = x->client;
    struct reader r = {.x = x};
    struct piece head = {0};
    bool good = make_head(x, &head);
    bytes to_send = bytes_of(head.data, head.len), body = x->body;
    uint64_t began = clock_ticks(NULL);

    http_parser_init(&r.parser, HTTP_RESPONSE);
    r.parser.data = &r;
    if (!good)
        client_fail(client, FEDE_OUT_OF_MEMORY, FEDE_ORIGIN_INTERNAL, 0, 0);
    while (good && !x->complete) {
        bool write_blocked = false, read_blocked = false, told = to_send.len == 0;
        write_some(x, &to_send, &body, &write_blocked);
        if (!told && !to_send.len)
            exchange_asked(x, began, head.len);
        good = read_some(&r, &read_blocked);
        bool writing = to_send.len || body.len;
        if (good && !x->complete && read_blocked && (write_blocked || !writing)) {
            const char *doing = x->head_done ? "the answer is not complete" : "the server has not answered";
            good = channel_wait(&client->channel, writing, -1, -1, NULL, doing) || exchange_broken(x);
        }
    }
    free(head.data);
    free(r.name.data);
    free(r.value.data);
    return good;
}

static bool make_head(struct exchange *x, struct piece *head)
{
    char line[2 * TARGET_SIZE + 64];
    bool host = fields_find(&x->fields, "host") != NULL;
    int len = snprintf(line, sizeof line, "%s %s HTTP/1.1\r\n", x->method, x->target);
    bool good = len > 0 && (size_t)len < sizeof line && add(head, line, (size_t)len);

    if (good && !host) {
        len = snprintf(line, sizeof line, "Host: %s\r\n", x->authority);
        good = add(head, line, (size_t)len);
    }
    for (size_t i = 0; good && i < x->fields.n; i++) {
        const struct field_line *one = &x->fields.list[i];
        if (one->value)
            good = add(head, one->name, strlen(one->name)) && add(head, ": ", 2) &&
                   add(head, one->value, strlen(one->value)) && add(head, "\r\n", 2);
    }
    return good && add(head, "\r\n", 2);
}

static bool add(struct piece *piece, const char *data, size_t len)
{
    if (piece->room - piece->len < len + 1) {
        size_t room = 2 * (piece->len + len + 64);
        char *more = realloc(piece->data, room);
        if (!more)
            return false;
        piece->data = more;
        piece->room = room;
    }
    bytes_copy(piece->data + piece->len, data, len);
    piece->len += len;
    piece->data[piece->len] = 0;
    return true;
}

/* The head, then the content, as far as it goes. A peer that takes nothing more may still have answered: writing ends, and
   whether that is a failure shows when reading does. */
static void write_some(struct exchange *x, bytes *head, bytes *body, bool *blocked)
{
    struct client *client = x->client;

    while (head->len || body->len) {
        bytes *from = head->len ? head : body;
        ptrdiff_t n = channel_write(&client->channel, from->data, from->len < 65536 ? from->len : 65536);
        if (n == FEDE_WOULD_BLOCK) {
            *blocked = true;
            return;
        }
        if (n < 0) {
            *head = *body = BYTES_NONE;
            return;
        }
        *from = bytes_skip(*from, (size_t)n);
        client->facts.uploaded += from == body ? (uint64_t)n : 0;
        if (from == body)
            return; /* see first whether an answer came */
    }
    channel_flush(&client->channel);
}

static bool read_some(struct reader *r, bool *blocked)
{
    static uint8_t room[65536];
    struct exchange *x = r->x;
    ptrdiff_t n = channel_read(&x->client->channel, room, sizeof room);

    if (n == FEDE_WOULD_BLOCK) {
        *blocked = true;
        return true;
    }
    if (n > 0 && !x->client->facts.first_byte)
        x->client->facts.first_byte = clock_ticks(NULL);
    if (n >= 0 && !feed(r, bytes_of(room, (size_t)n)))
        return false;
    if (n > 0 || x->complete)
        return true;
    return exchange_broken(x); /* the end, and the answer was not complete */
}

/* len 0: the end of the stream. */
static bool feed(struct reader *r, bytes data)
{
    static const http_parser_settings settings = {.on_message_begin = on_begin,
                                                  .on_status = on_status,
                                                  .on_header_field = on_name,
                                                  .on_header_value = on_value,
                                                  .on_headers_complete = on_head,
                                                  .on_body = on_content,
                                                  .on_message_complete = on_end};
    struct exchange *x = r->x;
    char detail[256], start[64];

    http_parser_execute(&r->parser, &settings, (const char *)data.data, data.len);
    enum http_errno number = HTTP_PARSER_ERRNO(&r->parser);
    if (x->complete || (x->stop && x->client->code))
        return x->complete;
    if (number == HPE_OK)
        return true;
    if (number == HPE_INVALID_EOF_STATE)
        return exchange_broken(x);
    struct text t = text_in(start, sizeof start);
    text_escaped(&t, bytes_first(data, 24));
    snprintf(detail, sizeof detail, "%s%s%s%s", http_errno_description(number),
             x->head_done ? "" : "; it begins with \"", x->head_done ? "" : start, x->head_done ? "" : "\"");
    return exchange_failed(x, FEDE_HTTP_MALFORMED, detail);
}

/* ---- What http_parser finds ---------------------------------------------------------------------------------------- */

static bool end_field(struct reader *r);

static int on_begin(http_parser *parser)
{
    struct reader *r = parser->data;

    r->x->words[0] = 0;
    r->interim = false;
    return 0;
}

static int on_status(http_parser *parser, const char *at, size_t len)
{
    struct exchange *x = ((struct reader *)parser->data)->x;
    size_t have = strlen(x->words), room = sizeof x->words - 1 - have;

    len = len < room ? len : room;
    bytes_copy(x->words + have, at, len);
    x->words[have + len] = 0;
    return 0;
}

static int on_name(http_parser *parser, const char *at, size_t len)
{
    struct reader *r = parser->data;

    if (r->in_value && !end_field(r))
        return -1;
    return add(&r->name, at, len) ? 0 : -1;
}

static int on_value(http_parser *parser, const char *at, size_t len)
{
    struct reader *r = parser->data;

    r->in_value = true;
    return add(&r->value, at, len) ? 0 : -1;
}

static bool end_field(struct reader *r)
{
    bool good = fields_add(&r->x->answered, bytes_of(r->name.data, r->name.len), bytes_of(r->value.data, r->value.len));

    r->in_value = false;
    r->name.len = r->value.len = 0;
    return good;
}

/* 1: there is no content whatever the fields say. */
static int on_head(http_parser *parser)
{
    struct reader *r = parser->data;
    struct exchange *x = r->x;

    if (r->in_value && !end_field(r))
        return -1;
    x->status = (int)parser->status_code;
    x->version = parser->http_major == 1 && parser->http_minor == 0 ? 10 : 11;
    if (x->status / 100 == 1 && x->status != 101) {
        r->interim = true;
        exchange_interim(x);
        return 0;
    }
    bool chunked = parser->flags & F_CHUNKED;
    x->announced = chunked || parser->content_length == UINT64_MAX ? -1 : (int64_t)parser->content_length;
    if (x->status == 101) {
        exchange_failed(x, FEDE_HTTP_MALFORMED,
                        "the server changed to another protocol without being asked (status 101)");
        return -1;
    }
    if (!exchange_head(x))
        return -1;
    return !strcmp(x->method, "HEAD") || x->status == 204 || x->status == 304;
}

static int on_content(http_parser *parser, const char *at, size_t len)
{
    struct exchange *x = ((struct reader *)parser->data)->x;

    return exchange_content(x, bytes_of(at, len)) ? 0 : -1;
}

static int on_end(http_parser *parser)
{
    struct reader *r = parser->data;

    if (r->in_value && !end_field(r)) /* trailers */
        return -1;
    if (r->interim)
        return 0;
    r->x->complete = true;
    http_parser_pause(parser, 1); /* what follows is not for us */
    return 0;
}
