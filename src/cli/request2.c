/* cli/request2.c: one exchange over HTTP/2 (RFC 9113), framed by nghttp2.

   One connection, one stream. Frames are told at -vv. Fields that HTTP/2 does not know (Connection and its like, RFC 9113
   8.2.2) are left out; a Host given with -H becomes :authority. */
#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <strings.h>

#include "cli/request.h"

enum { STREAM_WINDOW = 1 << 20, CONNECTION_WINDOW = 1 << 24, NAMES_MOST = 128, FRAME_HEAD = 9 };

struct talk {
    struct exchange *x;
    nghttp2_session *session;
    int32_t stream;
    bytes body;
    uint64_t began_us;
    bool told, closed, refused, mute; /* refused: we ended it because of an error; mute: nothing more can be sent */
    uint32_t code;                    /* why the stream or connection ended */
    char detail[256];
};

static nghttp2_session *make_session(struct talk *talk);
static bool submit(struct talk *talk);
static bool write_some(struct talk *talk, bytes *pending, bool *blocked);
static bool read_some(struct talk *talk, bool *blocked);
static bool session_failed(struct talk *talk, int number);
static void say_goodbye(struct talk *talk);

bool exchange2_run(struct exchange *x)
{
    struct talk talk = {.x = x, .body = x->body, .began_us = clock_ticks(NULL)};
    bytes pending = BYTES_NONE;
    bool good;

    x->version = 20;
    talk.session = make_session(&talk);
    if (!talk.session)
        return client_fail(x->client, FEDE_OUT_OF_MEMORY, FEDE_ORIGIN_INTERNAL, 0, 0);
    good = submit(&talk);
    while (good && !x->complete) {
        bool write_blocked = false, read_blocked = false;
        good = write_some(&talk, &pending, &write_blocked) && (!talk.refused || session_failed(&talk, 0)) &&
               read_some(&talk, &read_blocked);
        bool writing = !talk.mute && (pending.len || nghttp2_session_want_write(talk.session));
        if (good && !x->complete && read_blocked && (write_blocked || !writing)) {
            const char *doing = x->head_done ? "the answer is not complete" : "the server has not answered";
            good = channel_wait(&x->client->channel, writing, -1, -1, NULL, doing) || exchange_broken(x);
        }
    }
    x->client->facts.uploaded = x->body.len - talk.body.len;
    if (good && !pending.len && !talk.mute)
        say_goodbye(&talk);
    nghttp2_session_del(talk.session);
    return good;
}

/* ---- Asking ------------------------------------------------------------------------------------------------------- */

static ssize_t on_body_wanted(nghttp2_session *session, int32_t stream, uint8_t *out, size_t size, uint32_t *flags,
                              nghttp2_data_source *source, void *user);
static nghttp2_nv pair(const char *name, const char *value);
static bool forbidden(const char *name);

static bool submit(struct talk *talk)
{
    static char names[NAMES_MOST][64];
    struct exchange *x = talk->x;
    nghttp2_nv fields[NAMES_MOST + 4];
    const char *host = fields_find(&x->fields, "host");
    size_t n = 0;
    const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                                               {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 100},
                                               {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW}};

    fields[n++] = pair(":method", x->method);
    fields[n++] = pair(":scheme", x->url->scheme);
    fields[n++] = pair(":authority", host ? host : x->authority);
    fields[n++] = pair(":path", x->url->target);
    for (size_t i = 0; i < x->fields.n && n < NAMES_MOST + 4; i++) {
        const struct field_line *one = &x->fields.list[i];
        if (!one->value || forbidden(one->name) || strlen(one->name) >= sizeof names[0])
            continue;
        char *lower = names[n - 4];
        snprintf(lower, sizeof names[0], "%s", one->name);
        for (char *p = lower; *p; p++)
            *p = *p >= 'A' && *p <= 'Z' ? (char)(*p | 0x20) : *p;
        fields[n++] = pair(lower, one->value);
    }
    int number =
        nghttp2_submit_settings(talk->session, NGHTTP2_FLAG_NONE, settings, sizeof settings / sizeof *settings);
    if (!number)
        number = nghttp2_session_set_local_window_size(talk->session, NGHTTP2_FLAG_NONE, 0, CONNECTION_WINDOW);
    nghttp2_data_provider provider = {.source = {.ptr = talk}, .read_callback = on_body_wanted};
    if (!number)
        number = talk->stream =
            nghttp2_submit_request(talk->session, NULL, fields, n, x->body.data ? &provider : NULL, NULL);
    return number >= 0 || session_failed(talk, number);
}

static nghttp2_nv pair(const char *name, const char *value)
{
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name), strlen(value),
                        NGHTTP2_NV_FLAG_NONE};
}

static bool forbidden(const char *name)
{
    static const char *const list[] = {"host",   "connection", "keep-alive", "proxy-connection", "transfer-encoding",
                                       "upgrade"};

    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        if (!strcasecmp(name, list[i]))
            return true;
    }
    return false;
}

static ssize_t on_body_wanted(nghttp2_session *session, int32_t stream, uint8_t *out, size_t size, uint32_t *flags,
                              nghttp2_data_source *source, void *user)
{
    struct talk *talk = source->ptr;
    size_t n = talk->body.len < size ? talk->body.len : size;

    (void)session;
    (void)stream;
    (void)user;
    bytes_copy(out, talk->body.data, n);
    talk->body = bytes_skip(talk->body, n);
    if (!talk->body.len)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

/* ---- Bytes -------------------------------------------------------------------------------------------------------- */

static bool write_some(struct talk *talk, bytes *pending, bool *blocked)
{
    struct channel *channel = &talk->x->client->channel;

    while (!talk->mute) {
        if (!pending->len) {
            const uint8_t *data;
            ssize_t len = nghttp2_session_mem_send(talk->session, &data);
            if (len < 0)
                return session_failed(talk, (int)len);
            if (!len) {
                channel_flush(channel);
                break;
            }
            *pending = bytes_of(data, (size_t)len);
        }
        ptrdiff_t n = channel_write(channel, pending->data, pending->len);
        if (n == FEDE_WOULD_BLOCK) {
            *blocked = true;
            return true;
        }
        if (n < 0) { /* the answer may be there all the same: reading decides */
            *pending = BYTES_NONE;
            talk->mute = true;
            return true;
        }
        *pending = bytes_skip(*pending, (size_t)n);
    }
    return true;
}

static bool read_some(struct talk *talk, bool *blocked)
{
    static uint8_t room[65536];
    struct exchange *x = talk->x;
    ptrdiff_t n = channel_read(&x->client->channel, room, sizeof room);

    if (n == FEDE_WOULD_BLOCK) {
        *blocked = true;
        return true;
    }
    if (n <= 0)
        return talk->code ? session_failed(talk, 0) : exchange_broken(x);
    ssize_t used = nghttp2_session_mem_recv(talk->session, room, (size_t)n);
    if (x->client->code || (x->stop && !x->complete))
        return false;
    if (used < 0 && !x->stop) /* nobody reads any more: the callback said so */
        return session_failed(talk, (int)used);
    bool over = !nghttp2_session_want_read(talk->session) && !nghttp2_session_want_write(talk->session);
    return x->complete || !(talk->closed || over) || session_failed(talk, 0);
}

/* number: nghttp2's error, or 0 when the peer ended the stream or connection with talk->code. */
static bool session_failed(struct talk *talk, int number)
{
    char detail[400];

    if (number && talk->detail[0])
        snprintf(detail, sizeof detail, "%s (%s)", nghttp2_strerror(number), talk->detail);
    else if (number)
        snprintf(detail, sizeof detail, "%s", nghttp2_strerror(number));
    else
        snprintf(detail, sizeof detail, "%s ended it with %s%s%s", talk->refused ? "fede" : "the server",
                 nghttp2_http2_strerror(talk->code), talk->detail[0] ? ": " : "", talk->detail);
    return exchange_failed(talk->x, FEDE_HTTP2_FAILED, detail);
}

/* GOAWAY, as far as it goes without waiting. */
static void say_goodbye(struct talk *talk)
{
    const uint8_t *data;
    struct channel *channel = &talk->x->client->channel;

    nghttp2_session_terminate_session(talk->session, NGHTTP2_NO_ERROR);
    while (!channel_error(channel)) {
        ssize_t len = nghttp2_session_mem_send(talk->session, &data);
        if (len <= 0 || channel_write(channel, data, (size_t)len) != (ptrdiff_t)len)
            break;
    }
}

/* ---- What nghttp2 finds -------------------------------------------------------------------------------------------- */

static int on_head_begins(nghttp2_session *session, const nghttp2_frame *frame, void *user);
static int on_field(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
                    const uint8_t *value, size_t value_len, uint8_t flags, void *user);
static int on_received(nghttp2_session *session, const nghttp2_frame *frame, void *user);
static int on_sent(nghttp2_session *session, const nghttp2_frame *frame, void *user);
static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data, size_t len,
                   void *user);
static int on_closed(nghttp2_session *session, int32_t stream, uint32_t code, void *user);
static int on_wrong(nghttp2_session *session, int number, const char *words, size_t len, void *user);
static void tell_frame(struct talk *talk, char direction, const nghttp2_frame *frame);

static nghttp2_session *make_session(struct talk *talk)
{
    nghttp2_session_callbacks *calls;
    nghttp2_session *session = NULL;

    if (nghttp2_session_callbacks_new(&calls))
        return NULL;
    nghttp2_session_callbacks_set_on_begin_headers_callback(calls, on_head_begins);
    nghttp2_session_callbacks_set_on_header_callback(calls, on_field);
    nghttp2_session_callbacks_set_on_frame_recv_callback(calls, on_received);
    nghttp2_session_callbacks_set_on_frame_send_callback(calls, on_sent);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_closed);
    nghttp2_session_callbacks_set_error_callback2(calls, on_wrong);
    if (nghttp2_session_client_new(&session, calls, talk))
        session = NULL;
    nghttp2_session_callbacks_del(calls);
    return session;
}

static int on_head_begins(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct talk *talk = user;

    (void)session;
    if (frame->hd.stream_id == talk->stream && !talk->x->client->facts.first_byte)
        talk->x->client->facts.first_byte = clock_ticks(NULL);
    return 0;
}

static int on_field(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
                    const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
    struct talk *talk = user;
    struct exchange *x = talk->x;

    (void)session;
    (void)flags;
    if (frame->hd.stream_id != talk->stream)
        return 0;
    if (name_len && name[0] == ':') {
        if (name_len == 7 && !memcmp(name, ":status", 7))
            x->status = atoi((const char *)value); /* nghttp2 has checked that it is three digits */
        return 0;
    }
    return fields_add(&x->answered, bytes_of(name, name_len), bytes_of(value, value_len))
               ? 0
               : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_received(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct talk *talk = user;
    struct exchange *x = talk->x;

    (void)session;
    tell_frame(talk, '<', frame);
    if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code) {
        struct text t = text_in(talk->detail, sizeof talk->detail);
        talk->code = frame->goaway.error_code;
        text_escaped(&t, bytes_of(frame->goaway.opaque_data, frame->goaway.opaque_data_len));
    }
    if (frame->hd.type != NGHTTP2_HEADERS || frame->hd.stream_id != talk->stream || x->head_done)
        return 0;
    if (x->status / 100 == 1) {
        exchange_interim(x);
        return 0;
    }
    const char *length = fields_find(&x->answered, "content-length");
    x->announced = length ? strtoll(length, NULL, 10) : -1;
    return exchange_head(x) ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_sent(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct talk *talk = user;

    (void)session;
    tell_frame(talk, '>', frame);
    uint32_t code = frame->hd.type == NGHTTP2_GOAWAY       ? frame->goaway.error_code
                    : frame->hd.type == NGHTTP2_RST_STREAM ? frame->rst_stream.error_code
                                                           : NGHTTP2_NO_ERROR;
    if (code && !talk->x->complete) {
        talk->refused = true;
        talk->code = code;
    }
    if (frame->hd.type == NGHTTP2_HEADERS && !talk->told) {
        talk->told = true;
        exchange_asked(talk->x, talk->began_us, frame->hd.length + FRAME_HEAD);
    }
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data, size_t len, void *user)
{
    struct talk *talk = user;

    (void)session;
    (void)flags;
    if (stream != talk->stream)
        return 0;
    return exchange_content(talk->x, bytes_of(data, len)) ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_closed(nghttp2_session *session, int32_t stream, uint32_t code, void *user)
{
    struct talk *talk = user;

    (void)session;
    if (stream != talk->stream)
        return 0;
    talk->closed = true;
    talk->code = code;
    /* A server that has said all may stop our content with NO_ERROR (RFC 9113 8.1). */
    talk->x->complete = talk->x->head_done && code == NGHTTP2_NO_ERROR;
    return 0;
}

static int on_wrong(nghttp2_session *session, int number, const char *words, size_t len, void *user)
{
    struct talk *talk = user;
    struct text t = text_in(talk->detail, sizeof talk->detail);

    (void)session;
    (void)number;
    text_escaped(&t, bytes_of(words, len));
    return 0;
}

/* "HTTP/2 < SETTINGS, stream 0, 18 bytes: …" */
static void tell_frame(struct talk *talk, char direction, const nghttp2_frame *frame)
{
    static const char *const types[] = {"DATA",         "HEADERS", "PRIORITY", "RST_STREAM",   "SETTINGS",
                                        "PUSH_PROMISE", "PING",    "GOAWAY",   "WINDOW_UPDATE"};
    static const char *const ids[] = {"",
                                      "HEADER_TABLE_SIZE",
                                      "ENABLE_PUSH",
                                      "MAX_CONCURRENT_STREAMS",
                                      "INITIAL_WINDOW_SIZE",
                                      "MAX_FRAME_SIZE",
                                      "MAX_HEADER_LIST_SIZE"};
    char line[512];
    struct text t = text_in(line, sizeof line);
    uint8_t type = frame->hd.type, flags = frame->hd.flags;

    if (talk->x->client->story.level < 3)
        return;
    text_format(&t, "HTTP/2 %c %s, stream %d, %zu bytes", direction, type < 9 ? types[type] : "unknown type",
                frame->hd.stream_id, frame->hd.length);
    if ((type == NGHTTP2_DATA || type == NGHTTP2_HEADERS) && flags & NGHTTP2_FLAG_END_STREAM)
        text_add(&t, ", END_STREAM");
    if ((type == NGHTTP2_SETTINGS || type == NGHTTP2_PING) && flags & NGHTTP2_FLAG_ACK)
        text_add(&t, ", ACK");
    for (size_t i = 0; type == NGHTTP2_SETTINGS && i < frame->settings.niv; i++) {
        const nghttp2_settings_entry *one = &frame->settings.iv[i];
        bool known = one->settings_id >= 1 && one->settings_id <= 6;
        text_format(&t, "%s%s", i ? ", " : ": ", known ? ids[one->settings_id] : "setting ");
        if (!known)
            text_format(&t, "0x%x", (unsigned)one->settings_id);
        text_format(&t, " %u", one->value);
    }
    if (type == NGHTTP2_WINDOW_UPDATE)
        text_format(&t, ": %d more", frame->window_update.window_size_increment);
    if (type == NGHTTP2_RST_STREAM)
        text_format(&t, ": %s", nghttp2_http2_strerror(frame->rst_stream.error_code));
    if (type == NGHTTP2_GOAWAY)
        text_format(&t, ": %s, last stream %d", nghttp2_http2_strerror(frame->goaway.error_code),
                    frame->goaway.last_stream_id);
    report_note(talk->x->client->report, 3, line);
}
