/* HTTP/2 on a connection (RFC 9113), framed by nghttp2.

   nghttp2 holds the streams and the flow control; this file feeds it plaintext, takes its frames a record at a time, and
   reads bodies only when a frame is about to be sent, so that a slow reader costs no memory. A peer that asks for much
   and reads nothing is not read from either, once enough frames wait for it. */
#include <nghttp2/nghttp2.h>
#include <stdlib.h>

#include "cli/respond.h"

enum {
    STREAMS_MOST = 100,
    FRAMES_WAITING_MOST = 64,
    FRAME_HEAD = 9,
    DIRECT = 4096 /* from this size on a frame is sealed where it lies, not gathered with others */
};

struct stream {
    struct request request;
    struct answer answer;
    struct stream *before, *after; /* nghttp2 does not say which streams it drops with a session */
    bool answered;
};

struct http2 {
    nghttp2_session *session;
    bytes waiting; /* what is left of the last piece nghttp2 handed out */
    struct stream *streams;
    bool stopping, stop_said, closed;
    bool deaf; /* the peer broke HTTP/2: what it still says is thrown away */
};

static bool gather(struct peer *peer, struct http2 *http2, size_t room, size_t *filled);
static void close_when_done(struct peer *peer);
static nghttp2_session *session_new(struct peer *peer);
static void stream_free(struct http2 *http2, struct stream *stream);

static bool http2_start(struct peer *peer)
{
    struct http2 *http2 = calloc(1, sizeof *http2);
    if (!http2)
        return false;
    peer->talk = http2;
    http2->session = session_new(peer);
    const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, STREAMS_MOST},
                                               {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20},
                                               {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEAD_MOST}};
    if (!http2->session || nghttp2_submit_settings(http2->session, NGHTTP2_FLAG_NONE, settings, 3) != 0 ||
        nghttp2_session_set_local_window_size(http2->session, NGHTTP2_FLAG_NONE, 0, 1 << 20) != 0) {
        nghttp2_session_del(http2->session);
        free(http2);
        return false;
    }
    return true;
}

static size_t http2_take(struct peer *peer, bytes in)
{
    struct http2 *http2 = peer->talk;
    if (http2->closed || http2->deaf)
        return in.len;
    if (nghttp2_session_get_outbound_queue_size(http2->session) > FRAMES_WAITING_MOST)
        return 0;
    ssize_t used = nghttp2_session_mem_recv(http2->session, in.data, in.len);
    if (used < 0) { /* the peer does not speak HTTP/2, or memory ran out */
        nghttp2_session_terminate_session(http2->session,
                                          used == NGHTTP2_ERR_NOMEM ? NGHTTP2_INTERNAL_ERROR : NGHTTP2_PROTOCOL_ERROR);
        peer_tell_request(peer, nghttp2_strerror((int)used));
        http2->deaf = true;
        return in.len;
    }
    close_when_done(peer);
    return (size_t)used;
}

static bool http2_give(struct peer *peer)
{
    struct http2 *http2 = peer->talk;
    size_t room = peer->worker->server->fragment, filled = 0;
    if (http2->closed)
        return false;
    if (http2->stopping && !http2->stop_said) {
        http2->stop_said = true;
        nghttp2_submit_goaway(http2->session, NGHTTP2_FLAG_NONE,
                              nghttp2_session_get_last_proc_stream_id(http2->session), NGHTTP2_NO_ERROR, NULL, 0);
    }
    if (!gather(peer, http2, room, &filled)) {
        peer_break(peer);
        return true;
    }
    if (filled == 0 && http2->waiting.len > 0) {
        size_t taken = peer_write(peer, bytes_first(http2->waiting, room));
        http2->waiting = bytes_skip(http2->waiting, taken);
        return taken > 0;
    }
    if (filled > 0)
        return peer_write(peer, bytes_of(peer->worker->scratch, filled)) == filled;
    close_when_done(peer);
    return false;
}

/* Fills scratch with small frames up to room; leaves a large one in waiting, to be written by itself. */
static bool gather(struct peer *peer, struct http2 *http2, size_t room, size_t *filled)
{
    for (;;) {
        if (http2->waiting.len == 0) {
            const uint8_t *data = NULL;
            ssize_t n = nghttp2_session_mem_send(http2->session, &data);
            if (n <= 0)
                return n == 0;
            http2->waiting = bytes_of(data, (size_t)n);
        }
        if (http2->waiting.len >= DIRECT || (*filled > 0 && http2->waiting.len > room - *filled))
            return true;
        bytes part = bytes_first(http2->waiting, room - *filled);
        bytes_copy(peer->worker->scratch + *filled, part.data, part.len);
        *filled += part.len;
        http2->waiting = bytes_skip(http2->waiting, part.len);
        if (*filled == room)
            return true;
    }
}

static void close_when_done(struct peer *peer)
{
    struct http2 *http2 = peer->talk;
    bool nothing_open = http2->stop_said && !http2->streams && !nghttp2_session_want_write(http2->session);
    bool over = !nghttp2_session_want_read(http2->session) && !nghttp2_session_want_write(http2->session);
    if ((nothing_open || over) && http2->waiting.len == 0 && !http2->closed) {
        http2->closed = true;
        peer_close(peer);
    }
}

static bool http2_busy(const struct peer *peer)
{
    const struct http2 *http2 = peer->talk;
    return http2->streams || http2->waiting.len > 0 || nghttp2_session_want_write(http2->session) ||
           (http2->stopping && !http2->stop_said);
}

static void http2_stop(struct peer *peer)
{
    struct http2 *http2 = peer->talk;
    http2->stopping = true;
}

static void http2_end(struct peer *peer)
{
    struct http2 *http2 = peer->talk;
    nghttp2_session_del(http2->session);
    while (http2->streams) /* each takes itself out of the list */
        stream_free(http2, http2->streams); /* NOLINT(clang-analyzer-unix.Malloc): it does not see that */
    free(http2);
}

const struct talk_kind talk_http2 = {"HTTP/2", http2_start, http2_take, http2_give, http2_busy, http2_stop, http2_end};

/* ---- Answers ---------------------------------------------------------------------------------------------------- */

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *out, size_t room, uint32_t *flags,
                         nghttp2_data_source *source, void *user)
{
    struct stream *stream = source->ptr;
    struct peer *peer = user;
    size_t record = peer->worker->server->fragment;
    (void)session;
    (void)id;
    if (record > DIRECT && room > record - FRAME_HEAD) /* head and data in one TLS record */
        room = record - FRAME_HEAD;
    ptrdiff_t n = answer_body(&stream->answer, out, room);
    if (n < 0)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* resets the stream */
    stream->answer.at += (size_t)n;
    if (answer_complete(&stream->answer))
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return n;
}

static nghttp2_nv field(const char *name, const char *value)
{
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name), strlen(value),
                        NGHTTP2_NV_FLAG_NONE};
}

static int answer_stream(nghttp2_session *session, struct stream *stream, int32_t id, struct peer *peer)
{
    char status[12];
    struct fields fields;
    nghttp2_nv list[FIELDS_MOST + 1];
    nghttp2_data_provider provider = {.source.ptr = stream, .read_callback = read_body};
    stream->answered = true;
    respond(&stream->answer, &stream->request, peer);
    answer_fields(&stream->answer, &fields);
    struct text t = text_in(status, sizeof status);
    text_number(&t, stream->answer.status);
    list[0] = field(":status", status);
    for (size_t i = 0; i < fields.n; i++)
        list[i + 1] = field(fields.list[i].name, fields.list[i].value);
    bool body = !answer_complete(&stream->answer);
    return nghttp2_submit_response(session, id, list, fields.n + 1, body ? &provider : NULL) == 0
               ? 0
               : NGHTTP2_ERR_CALLBACK_FAILURE;
}

/* ---- nghttp2's callbacks ---------------------------------------------------------------------------------------- */

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct peer *peer = user;
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    struct stream *stream = calloc(1, sizeof *stream);
    if (!stream || nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, stream) != 0) {
        free(stream);
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    struct http2 *http2 = peer->talk;
    stream->answer.file = -1;
    stream->after = http2->streams;
    if (stream->after)
        stream->after->before = stream;
    http2->streams = stream;
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
                     const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
    struct stream *stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    (void)flags;
    (void)user;
    if (!stream || stream->answered)
        return 0;
    struct request *request = &stream->request;
    if (bytes_equal(bytes_of(name, name_len), bytes_text(":method")) && value_len < sizeof request->method) {
        bytes_copy(request->method, value, value_len);
    } else if (bytes_equal(bytes_of(name, name_len), bytes_text(":path"))) {
        bytes_copy(request->target, value, value_len < TARGET_MOST ? value_len : TARGET_MOST - 1);
        request->target_len = value_len;
    } else {
        request_field(request, bytes_of(name, name_len), bytes_of(value, value_len));
    }
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t len, void *user)
{
    struct stream *stream = nghttp2_session_get_stream_user_data(session, id);
    (void)flags;
    (void)data;
    (void)user;
    if (stream)
        stream->request.body += len;
    return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct stream *stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    bool request = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (!stream || stream->answered || !request)
        return 0;
    if (frame->hd.type == NGHTTP2_HEADERS && stream->request.expects_continue &&
        !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) {
        nghttp2_nv go_on = field(":status", "100");
        stream->request.expects_continue = false;
        return nghttp2_submit_headers(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NULL, &go_on, 1, NULL) < 0
                   ? NGHTTP2_ERR_CALLBACK_FAILURE
                   : 0;
    }
    if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
        return answer_stream(session, stream, frame->hd.stream_id, user);
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
    struct peer *peer = user;
    struct stream *stream = nghttp2_session_get_stream_user_data(session, id);
    (void)code;
    if (!stream)
        return 0;
    if (stream->answered)
        request_tell(&stream->request, &stream->answer, peer);
    nghttp2_session_set_stream_user_data(session, id, NULL);
    stream_free(peer->talk, stream);
    return 0;
}

static void stream_free(struct http2 *http2, struct stream *stream)
{
    if (stream->before)
        stream->before->after = stream->after;
    else
        http2->streams = stream->after;
    if (stream->after)
        stream->after->before = stream->before;
    answer_end(&stream->answer);
    free(stream);
}

static nghttp2_session *session_new(struct peer *peer)
{
    nghttp2_session_callbacks *callbacks = NULL;
    nghttp2_option *option = NULL;
    nghttp2_session *session = NULL;
    if (nghttp2_session_callbacks_new(&callbacks) == 0 && nghttp2_option_new(&option) == 0) {
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
        nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
        nghttp2_option_set_no_closed_streams(option, 1);
        nghttp2_option_set_max_deflate_dynamic_table_size(option, 0);
        if (nghttp2_session_server_new2(&session, callbacks, peer, option) != 0)
            session = NULL;
    }
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    return session;
}
