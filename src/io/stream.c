/* io/stream.c: a connected byte stream over a socket, around the engine that does no I/O.

   The socket is always non-blocking; a blocking stream waits in poll, with the time limit. One function, drive, moves bytes
   both ways until a goal is reached (handshake complete, data there, room to write, all sent). Everything about failures of the
   transport is decided here: a reset, a time limit, a name that does not resolve. What a failing peer said last is read before
   a failed send is reported, because its alert explains the failure (RFC 5246 7.2.1 allows it to close right after).

   Does not live here: names and TCP (reach.c), TLS (tls/). */
#include "fede/stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "io/reach.h"

/* How long close may wait for a peer that does not read, when the stream has no limit of its own. */
enum { CLOSE_LIMIT_MS = 2000, DRAIN_BYTES = 65536 };

struct fede_stream {
    int fd; /* -1: none */
    fede_conn *conn;
    bool blocking, quiet_end; /* quiet_end: the transport broke after the peer's close_notify, nobody's loss */
    unsigned limit_ms;
    int send_number;       /* why sending failed: a system error, 0: it did not; what came in can still be read */
    fede_error error;      /* of the transport and of calls; those of TLS are in conn */
    fede_error send_error; /* nothing more can be sent; reading is not concerned */
    char detail[1024];     /* what error.detail points to */
    char send_why[256];    /* and send_error.detail */
};

/* What a call waits for. */
enum goal { GOAL_OPEN, GOAL_READ, GOAL_WRITE, GOAL_SENT };
enum outcome { REACHED, BLOCKED, ENDED /* the peer closed in order */, FAILED };

static enum outcome drive(fede_stream *stream, enum goal goal);
static enum outcome drive_until(fede_stream *stream, enum goal goal, int64_t deadline, bool wait);
static bool reached(const fede_stream *stream, enum goal goal, unsigned need);
static bool is_open(const fede_stream *stream);
static enum outcome send_some(fede_stream *stream);
static enum outcome receive_some(fede_stream *stream);
static void send_failed(fede_stream *stream, int number);
static bool can_send(fede_stream *stream);
static enum outcome nothing_more(fede_stream *stream, enum goal goal);
static void transport_failed(fede_stream *stream, int number);
static bool failed(const fede_stream *stream);
static bool fail(fede_stream *stream, fede_reason reason, uint8_t origin, const char *where, int64_t got,
                 int64_t wanted);
static enum outcome wait_for(fede_stream *stream, short events, int64_t deadline, const char *what);
static int64_t deadline_in(unsigned ms);
static void drain(int fd);

/* ---- The three calls -------------------------------------------------------------------------------------------- */

static fede_stream *stream_new(void);
static bool reach(fede_stream *stream, const char *host, const char *port, int64_t deadline);
static bool make_conn(fede_stream *stream, const char *host, fede_config *config);
static void tell_address(fede_stream *stream);
static const char *without_brackets(const char *host, char *out, size_t size);

fede_stream *fede_connect(const char *host, const char *port, fede_config *config, unsigned limit_ms)
{
    fede_stream *stream = stream_new();
    if (!stream)
        return NULL;
    stream->limit_ms = limit_ms;
    int64_t deadline = deadline_in(limit_ms);
    char plain[64];
    host = without_brackets(host ? host : "", plain, sizeof plain);

    /* The connection object first: a wrong name or an unreadable trust store is found without a packet. */
    if (make_conn(stream, host, config) && reach(stream, host, port ? port : "443", deadline)) {
        tell_address(stream);
        drive_until(stream, GOAL_OPEN, deadline, true);
    }
    stream->limit_ms = 0;
    return stream;
}

fede_stream *fede_stream_over(int fd, fede_conn *conn)
{
    fede_stream *stream = stream_new();

    if (!stream) {
        close(fd);
        fede_conn_free(conn);
        return NULL;
    }
    stream->fd = fd;
    stream->conn = conn;
    tell_address(stream);
    int flags = fcntl(fd, F_GETFL);
    if (!conn)
        fail(stream, FEDE_OUT_OF_MEMORY, FEDE_ORIGIN_INTERNAL, "fede_stream_over", 0, 0);
    else if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        transport_failed(stream, errno);
    return stream;
}

/* Permissions may be bound to it; a connection that runs already is past that. */
static void tell_address(fede_stream *stream)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    char text[INET6_ADDRSTRLEN] = "";
    if (stream->conn == NULL || getpeername(stream->fd, (struct sockaddr *)&address, &len) != 0)
        return;
    const void *ip = address.ss_family == AF_INET6 ? (const void *)&((struct sockaddr_in6 *)&address)->sin6_addr
                                                   : (const void *)&((struct sockaddr_in *)&address)->sin_addr;
    if ((address.ss_family == AF_INET || address.ss_family == AF_INET6) &&
        inet_ntop(address.ss_family, ip, text, sizeof text) != NULL)
        fede_conn_peer_address(stream->conn, text);
}

ptrdiff_t fede_stream_read(fede_stream *stream, void *out, size_t size)
{
    if (!size) {
        if (!failed(stream))
            text_add(&(struct text){stream->detail, sizeof stream->detail, 0}, "a read needs room for one byte");
        fail(stream, FEDE_CALL_ORDER, FEDE_ORIGIN_CALLER, "fede_stream_read", 0, 1);
        return FEDE_STREAM_FAILED;
    }
    enum outcome outcome = drive(stream, GOAL_READ);
    if (outcome == REACHED) {
        fede_bytes data = fede_plaintext(stream->conn);
        size_t n = data.len < size ? data.len : size;
        bytes_copy(out, data.data, n);
        fede_consumed(stream->conn, n);
        return (ptrdiff_t)n;
    }
    return outcome == ENDED ? 0 : outcome == BLOCKED ? FEDE_WOULD_BLOCK : FEDE_STREAM_FAILED;
}

ptrdiff_t fede_stream_write(fede_stream *stream, const void *data, size_t len)
{
    bytes left = bytes_of(data, len);

    if (!len)
        return failed(stream) ? FEDE_STREAM_FAILED : 0;
    int64_t deadline = deadline_in(stream->limit_ms);
    while (left.len) {
        enum outcome outcome = drive_until(stream, GOAL_WRITE, deadline, stream->blocking);
        if (outcome == FAILED || outcome == ENDED)
            return FEDE_STREAM_FAILED;
        if (outcome == BLOCKED)
            return left.len < len ? (ptrdiff_t)(len - left.len) : FEDE_WOULD_BLOCK;
        left = bytes_skip(left, fede_write(stream->conn, left));
    }
    if (drive_until(stream, GOAL_SENT, deadline, stream->blocking) == FAILED)
        return FEDE_STREAM_FAILED;
    return (ptrdiff_t)len;
}

bool fede_stream_finish(fede_stream *stream)
{
    if (failed(stream))
        return false;
    fede_close(stream->conn);
    return drive(stream, GOAL_SENT) == REACHED;
}

bool fede_stream_close(fede_stream *stream)
{
    bool good = false;

    if (!stream)
        return true;
    if (stream->fd >= 0 && stream->conn) {
        if (!failed(stream))
            fede_close(stream->conn);
        /* After a failure this sends the alert, if one waits. */
        unsigned limit = stream->limit_ms ? stream->limit_ms : CLOSE_LIMIT_MS;
        drive_until(stream, GOAL_SENT, deadline_in(limit), stream->blocking);
    }
    good = !failed(stream) && !stream->send_error.reason;
    if (stream->fd >= 0) {
        drain(stream->fd);
        close(stream->fd);
    }
    fede_conn_free(stream->conn);
    memory_give(&memory_standard, stream, sizeof *stream);
    return good;
}

int fede_stream_handshake(fede_stream *stream)
{
    enum outcome outcome = drive(stream, GOAL_OPEN);
    return outcome == REACHED ? 1 : outcome == BLOCKED ? 0 : -1;
}

int fede_stream_flush(fede_stream *stream)
{
    enum outcome outcome = drive(stream, GOAL_SENT);
    return outcome == REACHED ? 1 : outcome == BLOCKED ? 0 : -1;
}

void fede_stream_limit(fede_stream *stream, unsigned ms)
{
    stream->limit_ms = ms;
}

void fede_stream_blocking(fede_stream *stream, bool on)
{
    stream->blocking = on;
}

short fede_stream_wants(fede_stream *stream)
{
    if (!stream->conn || stream->fd < 0 || stream->error.reason)
        return 0;
    unsigned need = fede_needs(stream->conn);
    return (short)((need & FEDE_SEND ? POLLOUT : 0) | (need & FEDE_RECEIVE ? POLLIN : 0));
}

int fede_stream_fd(const fede_stream *stream)
{
    return stream->fd;
}

fede_conn *fede_stream_conn(fede_stream *stream)
{
    return stream->conn;
}

const fede_error *fede_stream_error(const fede_stream *stream)
{
    const fede_error *tls = stream->conn && !stream->quiet_end ? fede_conn_error(stream->conn) : NULL;

    if (stream->error.reason || tls)
        return stream->error.reason ? &stream->error : tls;
    return stream->send_error.reason ? &stream->send_error : NULL;
}

static fede_stream *stream_new(void)
{
    fede_stream *stream = memory_take(&memory_standard, sizeof *stream);

    if (stream) {
        stream->fd = -1;
        stream->blocking = true;
        stream->error.message = stream->error.certificate = 0xffff;
        stream->error.offset = UINT32_MAX;
        stream->error.alert = FEDE_ALERT_NONE;
    }
    return stream;
}

/* ---- Moving bytes ----------------------------------------------------------------------------------------------- */

static enum outcome drive(fede_stream *stream, enum goal goal)
{
    return drive_until(stream, goal, deadline_in(stream->limit_ms), stream->blocking);
}

static enum outcome drive_until(fede_stream *stream, enum goal goal, int64_t deadline, bool wait)
{
    while (!stream->error.reason && stream->conn) {
        unsigned need = fede_needs(stream->conn);
        short events = 0;

        if (need & FEDE_SEND) {
            if (send_some(stream) != BLOCKED)
                continue;
            events = POLLOUT;
        }
        /* Data that came before a failure is handed out before the failure is. */
        if (reached(stream, goal, need))
            return REACHED;
        if (failed(stream) && !events)
            return FAILED;
        if ((goal == GOAL_WRITE || goal == GOAL_SENT) && is_open(stream) && !can_send(stream))
            return FAILED;
        if (need & FEDE_DECIDE)
            return BLOCKED;
        /* While data waits to be sent a writer does not read: the caller may not be ready for data. */
        if (need & FEDE_RECEIVE && goal != GOAL_SENT && (goal != GOAL_WRITE || !is_open(stream))) {
            if (receive_some(stream) != BLOCKED)
                continue;
            events |= POLLIN;
        }
        if (!events)
            return nothing_more(stream, goal);
        if (!wait)
            return BLOCKED;
        const char *what = goal == GOAL_OPEN || !is_open(stream) ? "the TLS handshake was not complete"
                           : events & POLLOUT                    ? "the peer does not take what is sent"
                                                                 : "nothing came from the peer";
        if (wait_for(stream, events, deadline, what) == FAILED)
            break;
    }
    /* Plaintext that came with the end stays readable. */
    if (goal == GOAL_READ && stream->conn && fede_needs(stream->conn) & FEDE_READ)
        return REACHED;
    return FAILED;
}

static bool reached(const fede_stream *stream, enum goal goal, unsigned need)
{
    switch (goal) {
    case GOAL_OPEN:
        return is_open(stream) && !(need & FEDE_SEND) && !failed(stream);
    case GOAL_READ:
        return need & FEDE_READ;
    case GOAL_WRITE:
        return need & FEDE_WRITE && !failed(stream);
    case GOAL_SENT:
        /* After the peer's close_notify nobody waits for what could not be sent. */
        return !(need & FEDE_SEND) && (!stream->send_number || fede_ending(stream->conn) & FEDE_PEER_CLOSED) &&
               !failed(stream);
    }
    return false;
}

static bool is_open(const fede_stream *stream)
{
    fede_info info;

    fede_conn_info(stream->conn, &info);
    return info.established || (info.false_start && !fede_conn_error(stream->conn));
}

static enum outcome send_some(fede_stream *stream)
{
    fede_bytes out = fede_to_send(stream->conn);
    ssize_t n;

    do
        n = send(stream->fd, out.data, out.len, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n >= 0) {
        fede_sent(stream->conn, n);
        return REACHED;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return BLOCKED;
    send_failed(stream, errno);
    return FAILED;
}

static enum outcome receive_some(fede_stream *stream)
{
    fede_room room = fede_to_fill(stream->conn);
    ssize_t n;

    do
        n = recv(stream->fd, room.data, room.len, 0);
    while (n < 0 && errno == EINTR);
    if (n == 0 && stream->send_number) { /* after a reset some systems tell the end of the stream */
        transport_failed(stream, stream->send_number);
        return FAILED;
    }
    if (n >= 0) {
        fede_received(stream->conn, n);
        return REACHED;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return BLOCKED;
    transport_failed(stream, errno);
    return FAILED;
}

/* A send fails when the peer is gone. What it said before, an answer or an alert, is still in the socket and stays readable;
   an alert that lies there explains the failure, so it is looked for as far as no data has to be read first. */
static void send_failed(fede_stream *stream, int number)
{
    bool more = true;

    stream->send_number = number;
    fede_sent(stream->conn, -1);
    while (more && !fede_conn_error(stream->conn) && fede_needs(stream->conn) & FEDE_RECEIVE) {
        fede_room room = fede_to_fill(stream->conn);
        ssize_t n = recv(stream->fd, room.data, room.len, 0);
        if (n > 0)
            fede_received(stream->conn, n);
        else
            more = n < 0 && errno == EINTR;
    }
}

/* Why nothing can be sent on an open connection, if so. */
static bool can_send(fede_stream *stream)
{
    unsigned ending = fede_ending(stream->conn);
    int number = stream->send_number;

    if (ending & FEDE_PEER_CLOSED && !(fede_needs(stream->conn) & (FEDE_SEND | FEDE_WRITE)))
        return error_set(&stream->send_error, FEDE_CLOSED_BY_PEER, FEDE_ORIGIN_PEER, NULL, 0, 0);
    if (number) {
        bool reset = number == ECONNRESET || number == EPIPE;
        error_set(&stream->send_error, reset ? FEDE_TRANSPORT_RESET : FEDE_TRANSPORT_FAILED, FEDE_ORIGIN_TRANSPORT,
                  NULL, number, 0);
        stream->send_why[0] = '\0';
        reach_why(&(struct text){stream->send_why, sizeof stream->send_why, 0}, number);
        stream->send_error.detail = stream->send_why;
        return false;
    }
    if (!(ending & FEDE_WE_CLOSED) || fede_needs(stream->conn) & FEDE_SEND)
        return true;
    error_set(&stream->send_error, FEDE_CALL_ORDER, FEDE_ORIGIN_CALLER, "fede_stream_write", 0, 0);
    stream->send_error.detail = "this side has sent its close_notify";
    return false;
}

/* Neither to send nor to receive. In order it is when the peer said so; that the bytes just stop is not, even if we closed
   before: what was still to come may be cut. */
static enum outcome nothing_more(fede_stream *stream, enum goal goal)
{
    unsigned ending = fede_ending(stream->conn);

    if (failed(stream) || (goal == GOAL_SENT && !can_send(stream)))
        return FAILED;
    if (goal != GOAL_SENT && ending & FEDE_PEER_CLOSED)
        return ENDED;
    if (ending & FEDE_TRANSPORT_ENDED)
        fail(stream, FEDE_TRUNCATED, FEDE_ORIGIN_TRANSPORT, NULL, 0, 0);
    else
        fail(stream, FEDE_CALL_ORDER, FEDE_ORIGIN_CALLER, NULL, 0, 0);
    return FAILED;
}

/* A transport that fails after the connection has ended in order, or after another failure, is not the news. */
static void transport_failed(fede_stream *stream, int number)
{
    fede_conn *conn = stream->conn;
    bool ended = conn && (fede_ending(conn) & FEDE_PEER_CLOSED);
    bool known = conn && fede_conn_error(conn);

    if (ended && !known)
        stream->quiet_end = true;
    if (!ended && !known) {
        bool reset = number == ECONNRESET || number == EPIPE;
        reach_why(&(struct text){stream->detail, sizeof stream->detail, 0}, number);
        fail(stream, reset ? FEDE_TRANSPORT_RESET : FEDE_TRANSPORT_FAILED, FEDE_ORIGIN_TRANSPORT, NULL, number, 0);
    }
    if (conn) {
        if (fede_needs(conn) & FEDE_SEND)
            fede_sent(conn, -1);
        fede_received(conn, -1);
    }
}

static bool failed(const fede_stream *stream)
{
    return stream->error.reason || !stream->conn || (!stream->quiet_end && fede_conn_error(stream->conn));
}

/* detail was put into stream->detail before. */
static bool fail(fede_stream *stream, fede_reason reason, uint8_t origin, const char *where, int64_t got,
                 int64_t wanted)
{
    if (!stream->error.reason) {
        static const char *const order = "there is nothing more to do on this stream";
        error_set(&stream->error, reason, origin, where, got, wanted);
        stream->error.detail = stream->detail[0] ? stream->detail : reason == FEDE_CALL_ORDER ? order : NULL;
    }
    return false;
}

static enum outcome wait_for(fede_stream *stream, short events, int64_t deadline, const char *what)
{
    for (;;) {
        int64_t left = deadline < 0 ? -1 : deadline - reach_now_ms();
        struct pollfd one = {stream->fd, events, 0};
        int n = deadline >= 0 && left <= 0 ? 0 : poll(&one, 1, left < 0 ? -1 : left > 60000 ? 60000 : (int)left);
        if (n > 0)
            return REACHED;
        if (n < 0 && errno != EINTR) {
            transport_failed(stream, errno);
            return FAILED;
        }
        if (n == 0 && deadline >= 0 && reach_now_ms() >= deadline) {
            struct text t = text_in(stream->detail, sizeof stream->detail);
            text_add(&t, what);
            fail(stream, FEDE_TIME_LIMIT, FEDE_ORIGIN_TRANSPORT, NULL, 0, stream->limit_ms);
            return FAILED;
        }
    }
}

/* -1: never. */
static int64_t deadline_in(unsigned ms)
{
    return ms ? reach_now_ms() + ms : -1;
}

/* Unread bytes in the socket would turn close into a reset, which can destroy the alert or close_notify just sent. */
static void drain(int fd)
{
    uint8_t waste[4096];

    shutdown(fd, SHUT_WR);
    for (size_t total = 0; total < DRAIN_BYTES;) {
        ssize_t n = recv(fd, waste, sizeof waste, MSG_DONTWAIT);
        if (n <= 0)
            break;
        total += (size_t)n;
    }
    bytes_wipe(waste, sizeof waste);
}

/* ---- What fede_connect is made of -------------------------------------------------------------------------------- */

/* With config NULL: verified against the system's trust anchors. */
static bool make_conn(fede_stream *stream, const char *host, fede_config *config)
{
    fede_config *own = NULL;

    if (!config) {
        own = config = fede_config_new();
        if (!own)
            return fail(stream, FEDE_OUT_OF_MEMORY, FEDE_ORIGIN_INTERNAL, "fede_config_new", 0, 0);
        fede_config_read_ahead(own, true);
        if (!fede_config_trust_system(own)) {
            const fede_error *error = fede_config_error(own);
            struct text t = text_in(stream->detail, sizeof stream->detail);
            text_add(&t, error && error->detail ? error->detail : "");
            fail(stream, error ? (fede_reason)error->reason : FEDE_CONFIG_NO_TRUST, FEDE_ORIGIN_CALLER,
                 error ? error->where : NULL, error ? error->got : 0, error ? error->wanted : 0);
        }
    }
    if (!stream->error.reason) {
        stream->conn = fede_client_new(config, host);
        if (!stream->conn)
            fail(stream, FEDE_OUT_OF_MEMORY, FEDE_ORIGIN_INTERNAL, "fede_client_new", 0, 0);
    }
    fede_config_free(own);
    return !failed(stream);
}

/* "[::1]" is a way to write "::1". */
static const char *without_brackets(const char *host, char *out, size_t size)
{
    size_t len = strlen(host);

    if (len <= 2 || len >= size || host[0] != '[' || host[len - 1] != ']')
        return host;
    bytes_copy(out, host + 1, len - 2);
    out[len - 2] = 0;
    return out;
}

static bool reach(fede_stream *stream, const char *host, const char *port, int64_t deadline)
{
    struct text detail = text_in(stream->detail, sizeof stream->detail);
    fede_reason reason = FEDE_OK;

    stream->fd = reach_host(host, port, deadline, &reason, &detail);
    if (stream->fd >= 0)
        stream->detail[0] = 0;
    uint8_t origin = reason == FEDE_CONFIG_BAD_VALUE ? FEDE_ORIGIN_CALLER : FEDE_ORIGIN_TRANSPORT;
    return stream->fd >= 0 || fail(stream, reason, origin, NULL, 0, stream->limit_ms);
}
