/* cli/ca_respond.c: fede ca ocsp --listen: an OCSP responder over HTTP (RFC 6960 A.1), GET and POST, for certificates of one CA.
   What is revoked, and what was issued at all, is read from the CA's folder for each request, so that a revocation counts at once.

   One event loop; each connection brings one request in bounded room and time, and is closed after the answer. */
#include <arpa/inet.h>
#include <http_parser.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <uv.h>

#include "cli/ca.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/words.h"

enum { GUESTS_MOST = 64, BODY_MOST = 1 << 14, TARGET_MOST = 1 << 13, GUEST_MS = 10000, DAY = 86400 };

struct responder {
    const struct ca_options *options;
    const struct ca_pair *ca, *signer; /* signer: the CA, or whom it put in charge */
    uv_loop_t loop;
    uv_tcp_t listener;
    uv_signal_t ends[2];
    unsigned guests, number;
};

struct guest {
    uv_tcp_t tcp;
    uv_timer_t timer;
    uv_write_t write;
    struct responder *responder;
    http_parser parser;
    char read[4096], head[256];
    char target[TARGET_MOST];
    uint8_t body[BODY_MOST], answer[DER_MOST];
    size_t target_len, body_len;
    int open; /* handles not closed yet */
    bool complete, too_much;
};

static void arrive(uv_stream_t *listener, int status);
static void answer(struct guest *guest);
static size_t decode_target(struct guest *guest);

/* ---- What the folder says. */

struct records {
    fede_revoked revoked[REVOKED_MOST];
    uint8_t serials[REVOKED_MOST][20];
    size_t n;
    const char *folder;
};

static fede_ocsp_status status_of(void *arg, fede_bytes serial, fede_revoked *revoked)
{
    const struct records *records = arg;
    for (size_t i = 0; i < records->n; i++) {
        if (bytes_equal(records->revoked[i].serial, serial)) {
            *revoked = records->revoked[i];
            return FEDE_OCSP_REVOKED;
        }
    }
    return ca_issued(records->folder, serial) ? FEDE_OCSP_GOOD : FEDE_OCSP_UNKNOWN;
}

static size_t respond(const struct responder *responder, fede_bytes request, uint8_t *out, struct text *why)
{
    static struct records records;
    const struct ca_options *o = responder->options;
    fede_error error;
    records.folder = o->folder;
    if (!ca_revoked(o->folder, records.revoked, records.serials, REVOKED_MOST, &records.n, why))
        return 0;
    int64_t now = (int64_t)time(NULL);
    bool own = responder->signer == responder->ca;
    const fede_responder how = {.issuer = bytes_of(responder->ca->der, responder->ca->len),
                                .delegate = own ? BYTES_NONE : bytes_of(responder->signer->der, responder->signer->len),
                                .key = responder->signer->key,
                                .status = status_of,
                                .arg = &records,
                                .this_update = now - 60,
                                .next_update = now - 60 + (o->days > 0 ? o->days : 1) * (int64_t)DAY};
    size_t len = fede_issue_answer(&how, request, out, DER_MOST, &error);
    if (len == 0) {
        char sentence[600];
        fede_error_text(&error, sentence, sizeof sentence);
        text_add(why, sentence);
    }
    return len;
}

/* ---- One guest. */

static void gone(uv_handle_t *handle)
{
    struct guest *guest = handle->data;
    if (--guest->open > 0)
        return;
    guest->responder->guests--;
    free(guest);
}

static void leave(struct guest *guest)
{
    if (uv_is_closing((uv_handle_t *)&guest->tcp))
        return;
    uv_close((uv_handle_t *)&guest->tcp, gone);
    uv_close((uv_handle_t *)&guest->timer, gone);
}

static void too_late(uv_timer_t *timer)
{
    leave(timer->data);
}

static void room(uv_handle_t *handle, size_t wanted, uv_buf_t *out)
{
    struct guest *guest = handle->data;
    (void)wanted;
    *out = uv_buf_init(guest->read, sizeof guest->read);
}

static bool keep(struct guest *guest, void *to, size_t *len, size_t size, fede_bytes more)
{
    if (more.len > size - *len) {
        guest->too_much = true;
        return false;
    }
    bytes_copy((uint8_t *)to + *len, more.data, more.len);
    *len += more.len;
    return true;
}

static int on_target(http_parser *parser, const char *at, size_t len)
{
    struct guest *guest = parser->data;
    return !keep(guest, guest->target, &guest->target_len, sizeof guest->target, bytes_of(at, len));
}

static int on_body(http_parser *parser, const char *at, size_t len)
{
    struct guest *guest = parser->data;
    return !keep(guest, guest->body, &guest->body_len, sizeof guest->body, bytes_of(at, len));
}

static int on_complete(http_parser *parser)
{
    struct guest *guest = parser->data;
    guest->complete = true;
    http_parser_pause(parser, 1);
    return 0;
}

static void sent(uv_write_t *write, int status)
{
    (void)status;
    leave(write->data);
}

static void send_answer(struct guest *guest, const char *status, fede_bytes body)
{
    snprintf(guest->head, sizeof guest->head,
             "HTTP/1.1 %s\r\nContent-Type: application/ocsp-response\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
             status, body.len);
    uv_buf_t parts[2] = {uv_buf_init(guest->head, (unsigned)strlen(guest->head)),
                         uv_buf_init((char *)guest->answer, (unsigned)body.len)};
    guest->write.data = guest;
    uv_read_stop((uv_stream_t *)&guest->tcp);
    if (uv_write(&guest->write, (uv_stream_t *)&guest->tcp, parts, body.len > 0 ? 2 : 1, sent) != 0)
        leave(guest);
}

static void heard(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
    static const http_parser_settings told = {.on_url = on_target, .on_body = on_body, .on_message_complete = on_complete};
    struct guest *guest = stream->data;
    if (n < 0) {
        leave(guest);
        return;
    }
    http_parser_execute(&guest->parser, &told, buffer->base, (size_t)n);
    enum http_errno problem = HTTP_PARSER_ERRNO(&guest->parser);
    if (guest->too_much)
        send_answer(guest, "413 Content Too Large", BYTES_NONE);
    else if (guest->complete)
        answer(guest);
    else if (problem != HPE_OK || guest->parser.upgrade)
        send_answer(guest, "400 Bad Request", BYTES_NONE);
}

static void answer(struct guest *guest)
{
    char reason[700] = "";
    struct text why = text_in(reason, sizeof reason);
    bool get = guest->parser.method == HTTP_GET;
    if (!get && guest->parser.method != HTTP_POST) {
        send_answer(guest, "405 Method Not Allowed", BYTES_NONE);
        return;
    }
    if (get)
        guest->body_len = decode_target(guest);
    size_t len = respond(guest->responder, bytes_of(guest->body, guest->body_len), guest->answer, &why);
    printf("%u %s %zu bytes: %s%zu bytes\n", ++guest->responder->number, get ? "GET" : "POST", guest->body_len,
           len > 0 ? "" : reason, len);
    fflush(stdout);
    send_answer(guest, len > 0 ? "200 OK" : "500 Internal Server Error", bytes_of(guest->answer, len));
}

/* GET /{base64 of the request}, percent-encoded where it must be: RFC 6960 A.1. What is no base64 is an empty request, which is
   answered as malformed. */
static size_t decode_target(struct guest *guest)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = 0;
    unsigned n_bits = 0;
    size_t len = 0;
    for (size_t i = 1; i < guest->target_len; i++) {
        char c = guest->target[i];
        if (c == '%' && i + 2 < guest->target_len) {
            const char pair[3] = {guest->target[i + 1], guest->target[i + 2], '\0'};
            c = (char)strtoul(pair, NULL, 16);
            i += 2;
        }
        const char *at = c != '\0' ? strchr(digits, c) : NULL;
        if (c == '=')
            break;
        if (at == NULL)
            return 0;
        bits = bits << 6 | (uint32_t)(at - digits);
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            guest->body[len++] = (uint8_t)(bits >> n_bits);
        }
    }
    return len;
}

static void arrive(uv_stream_t *listener, int status)
{
    struct responder *responder = listener->data;
    struct guest *guest = status == 0 ? calloc(1, sizeof *guest) : NULL;
    if (guest == NULL)
        return;
    guest->responder = responder;
    guest->open = 2;
    guest->tcp.data = guest->timer.data = guest;
    uv_tcp_init(&responder->loop, &guest->tcp);
    uv_timer_init(&responder->loop, &guest->timer);
    http_parser_init(&guest->parser, HTTP_REQUEST);
    guest->parser.data = guest;
    bool full = responder->guests++ == GUESTS_MOST;
    if (uv_accept(listener, (uv_stream_t *)&guest->tcp) != 0 || full ||
        uv_timer_start(&guest->timer, too_late, GUEST_MS, 0) != 0 ||
        uv_read_start((uv_stream_t *)&guest->tcp, room, heard) != 0)
        leave(guest);
}

/* ---- The whole. */

static void close_any(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, handle->type == UV_SIGNAL || handle->data == handle->loop->data ? NULL : gone);
}

static void stop(uv_signal_t *handle, int number)
{
    (void)number;
    uv_walk(handle->loop, close_any, NULL);
}

/* ADDRESS:PORT, the address in brackets when it is one of IPv6. */
static bool read_address(const char *text, struct sockaddr_storage *out, struct text *why)
{
    char host[64];
    const char *colon = strrchr(text, ':');
    bool six = text[0] == '[';
    long port;
    size_t len = colon != NULL ? (size_t)(colon - text) : 0;
    if (six && len > 2 && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    if (len > 0 && len < sizeof host && value_number(colon + 1, 0, 65535, &port, why)) {
        snprintf(host, sizeof host, "%.*s", (int)len, text);
        if ((six ? uv_ip6_addr(host, (int)port, (struct sockaddr_in6 *)out)
                 : uv_ip4_addr(host, (int)port, (struct sockaddr_in *)out)) == 0)
            return true;
    }
    text_add(why, "--listen takes ADDRESS:PORT, as in 127.0.0.1:8080 or [::1]:0");
    return false;
}

static bool begin(struct responder *responder, const struct sockaddr_storage *address, struct text *why)
{
    struct sockaddr_storage bound;
    int len = sizeof bound;
    char host[64] = "";
    responder->loop.data = responder;
    responder->listener.data = responder;
    uv_tcp_init(&responder->loop, &responder->listener);
    for (int i = 0; i < 2; i++) {
        uv_signal_init(&responder->loop, &responder->ends[i]);
        uv_signal_start(&responder->ends[i], stop, i == 0 ? SIGINT : SIGTERM);
    }
    int problem = uv_tcp_bind(&responder->listener, (const struct sockaddr *)address, 0);
    if (problem == 0)
        problem = uv_listen((uv_stream_t *)&responder->listener, GUESTS_MOST, arrive);
    if (problem != 0) {
        text_format(why, "%s can't be listened on: %s", responder->options->listen, uv_strerror(problem));
        return false;
    }
    uv_tcp_getsockname(&responder->listener, (struct sockaddr *)&bound, &len);
    bool six = bound.ss_family == AF_INET6;
    const void *at = six ? (const void *)&((struct sockaddr_in6 *)&bound)->sin6_addr
                         : (const void *)&((struct sockaddr_in *)&bound)->sin_addr;
    inet_ntop(bound.ss_family, at, host, sizeof host);
    printf("fede ca ocsp answers at http://%s%s%s:%d/\n", six ? "[" : "", host, six ? "]" : "",
           ntohs(six ? ((struct sockaddr_in6 *)&bound)->sin6_port : ((struct sockaddr_in *)&bound)->sin_port));
    fflush(stdout);
    return true;
}

int ca_respond(const struct ca_options *o, struct text *why)
{
    static struct ca_pair ca, signer;
    static struct responder responder;
    struct sockaddr_storage address = {0};
    char *above = NULL;
    int code = EXIT_INPUT;
    if (!read_address(o->listen, &address, why))
        return EXIT_USAGE;
    responder.options = o;
    responder.ca = responder.signer = &ca;
    if (ca_load(o->folder, &ca, &above, why) && (o->signer == NULL || ca_load_pair(o->signer, &signer, why))) {
        if (o->signer != NULL)
            responder.signer = &signer;
        code = EXIT_TCP;
        uv_loop_init(&responder.loop);
        if (begin(&responder, &address, why)) {
            uv_run(&responder.loop, UV_RUN_DEFAULT);
            code = EXIT_DONE;
        }
        uv_walk(&responder.loop, close_any, NULL);
        uv_run(&responder.loop, UV_RUN_DEFAULT);
        uv_loop_close(&responder.loop);
    }
    fede_key_free(signer.key);
    fede_key_free(ca.key);
    free(above);
    return code;
}
