/* cli/fetch.c: one POST over plain HTTP/1.1 and its answer (RFC 9112), within a time and a size. No redirects, no proxies, no
   connection kept: whoever wants more uses fede connect. */
#include "cli/fetch.h"

#include <http_parser.h>
#include <stdio.h>

#include "cli/arrive.h"
#include "cli/channel.h"
#include "cli/output.h"

enum { HEAD_SIZE = TARGET_SIZE + 1024, PIECE = 4096 };

struct answer {
    uint8_t *out;
    size_t len, size;
    const char *takes;
    char field[32], type[80];
    bool type_next, too_much, complete;
};

static bool ask(struct channel *channel, const struct url *url, const struct fetch_order *order, struct text *why);
static bool hear(struct channel *channel, struct answer *answer, struct text *why);

size_t fetch(const struct fetch_order *order, uint8_t *out, size_t size, bool *late, struct text *why)
{
    static struct url url;
    struct channel channel = {.fd = -1};
    struct answer answer = {.out = out, .size = size, .takes = order->takes};
    uint64_t deadline = clock_ticks(NULL) + (uint64_t)order->limit_ms * 1000;
    *late = false;
    if (strncmp(order->url, "http://", 7) != 0) {
        text_add(why, "only http:// addresses are asked");
        return 0;
    }
    int fd = -1;
    fede_reason way = url_parse(order->url, &url, why) ? arrive(&url, deadline, &fd, why) : FEDE_URL_BAD;
    *late = way == FEDE_TIME_LIMIT;
    if (way != FEDE_OK)
        return 0;
    channel_open(&channel, fd);
    channel.deadline_us = deadline;
    channel.limit_ms = order->limit_ms;
    bool heard = ask(&channel, &url, order, why) && hear(&channel, &answer, why);
    const fede_error *error = channel_error(&channel);
    *late = error != NULL && error->reason == FEDE_TIME_LIMIT;
    if (*late)
        text_format(why, "no answer within %lu ms", order->limit_ms);
    else if (!heard && why->len == 0)
        text_add(why, "the connection ended before the answer was complete");
    channel_close(&channel);
    return heard ? answer.len : 0;
}

static bool ask(struct channel *channel, const struct url *url, const struct fetch_order *order, struct text *why)
{
    static char head[HEAD_SIZE];
    struct text t = text_in(head, sizeof head);
    text_format(&t, "POST %s HTTP/1.1\r\nHost: ", url->target);
    url_authority(url, &t);
    text_format(&t, "\r\nContent-Type: %s\r\nAccept: %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", order->sends,
                order->takes, order->body.len);
    if (t.len >= sizeof head) {
        text_add(why, "the address is too long");
        return false;
    }
    return channel_send(channel, bytes_text(head), "the question is not sent") &&
           channel_send(channel, order->body, "the question is not sent");
}

/* ---- The answer, as http_parser tells it. */

static int on_field(http_parser *parser, const char *at, size_t len)
{
    struct answer *answer = parser->data;
    snprintf(answer->field, sizeof answer->field, "%.*s", (int)(len < 31 ? len : 31), at);
    answer->type_next = strcasecmp(answer->field, "content-type") == 0;
    return 0;
}

static int on_value(http_parser *parser, const char *at, size_t len)
{
    struct answer *answer = parser->data;
    if (answer->type_next)
        snprintf(answer->type, sizeof answer->type, "%.*s", (int)(len < 79 ? len : 79), at);
    return 0;
}

static int on_body(http_parser *parser, const char *at, size_t len)
{
    struct answer *answer = parser->data;
    answer->too_much = len > answer->size - answer->len;
    if (answer->too_much)
        return 1;
    bytes_copy(answer->out + answer->len, at, len);
    answer->len += len;
    return 0;
}

static int on_complete(http_parser *parser)
{
    struct answer *answer = parser->data;
    answer->complete = true;
    return 0;
}

static bool hear(struct channel *channel, struct answer *answer, struct text *why)
{
    static const http_parser_settings told = {.on_header_field = on_field,
                                              .on_header_value = on_value,
                                              .on_body = on_body,
                                              .on_message_complete = on_complete};
    http_parser parser;
    char piece[PIECE];
    http_parser_init(&parser, HTTP_RESPONSE);
    parser.data = answer;
    while (!answer->complete) {
        ptrdiff_t n = channel_read(channel, piece, sizeof piece);
        if (n == FEDE_WOULD_BLOCK) {
            if (!channel_wait(channel, false, -1, -1, NULL, "the answer is not complete"))
                return false;
            continue;
        }
        if (n < 0)
            return false;
        size_t used = http_parser_execute(&parser, &told, piece, (size_t)n);
        if (n == 0)
            break;
        if (answer->too_much) {
            text_format(why, "the answer is longer than %zu bytes", answer->size);
            return false;
        }
        if (HTTP_PARSER_ERRNO(&parser) != HPE_OK || used != (size_t)n) {
            text_add(why, "the answer is not HTTP");
            return false;
        }
    }
    if (!answer->complete)
        return false;
    if (parser.status_code != 200) {
        text_format(why, "the answer has the status %u", parser.status_code);
        return false;
    }
    if (strncasecmp(answer->type, answer->takes, strlen(answer->takes)) != 0 || answer->len == 0) {
        text_format(why, "the answer is not of type %s, or empty", answer->takes);
        return false;
    }
    return true;
}
