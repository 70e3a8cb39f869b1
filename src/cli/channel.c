/* cli/channel.c: one way to read, write and wait, with TLS or without. All waiting of the client is here, under one
   deadline. */
#include "cli/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/output.h"

static void failed(struct channel *channel, fede_reason reason, const char *detail, int64_t got, int64_t wanted);
static void socket_failed(struct channel *channel, int number);

static volatile sig_atomic_t signalled;

static void on_signal(int number)
{
    signalled = number;
}

void channel_catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

void channel_open(struct channel *channel, int fd)
{
    *channel = (struct channel){.fd = fd};
    int flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

bool channel_secure(struct channel *channel, fede_conn *conn)
{
    channel->stream = fede_stream_over(channel->fd, conn);
    if (!channel->stream) {
        channel->fd = -1;
        failed(channel, FEDE_OUT_OF_MEMORY, NULL, 0, 0);
        return false;
    }
    fede_stream_blocking(channel->stream, false);
    return true;
}

/* In a handshake: the first, or one in the middle of data. */
static bool channel_asked(const struct channel *channel)
{
    return channel->decide && channel->stream && fede_ask(fede_stream_conn(channel->stream));
}

bool channel_handshake(struct channel *channel)
{
    for (;;) {
        int done = fede_stream_handshake(channel->stream);
        if (done)
            return done > 0;
        if (channel_asked(channel)) {
            if (!channel->decide(channel->decider, channel, fede_stream_conn(channel->stream)))
                return false;
        } else if (!channel_wait(channel, false, -1, -1, NULL, "the TLS handshake is not complete"))
            return false;
    }
}

void channel_close(struct channel *channel)
{
    if (channel->stream)
        fede_stream_close(channel->stream);
    else if (channel->fd >= 0)
        close(channel->fd);
    channel->stream = NULL;
    channel->fd = -1;
}

ptrdiff_t channel_read(struct channel *channel, void *out, size_t size)
{
    ssize_t n;

    if (channel->stream)
        return fede_stream_read(channel->stream, out, size);
    do
        n = recv(channel->fd, out, size, 0);
    while (n < 0 && errno == EINTR);
    if (n >= 0)
        return n;
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return FEDE_WOULD_BLOCK;
    socket_failed(channel, errno);
    return FEDE_STREAM_FAILED;
}

ptrdiff_t channel_write(struct channel *channel, const void *data, size_t len)
{
    ssize_t n;

    if (channel->stream)
        return fede_stream_write(channel->stream, data, len);
    do
        n = send(channel->fd, data, len, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n >= 0)
        return n;
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return FEDE_WOULD_BLOCK;
    socket_failed(channel, errno);
    return FEDE_STREAM_FAILED;
}

int channel_flush(struct channel *channel)
{
    return channel->stream ? fede_stream_flush(channel->stream) : 1;
}

bool channel_wait(struct channel *channel, bool writing, int other, int ms, bool *other_ready, const char *doing)
{
    short wants = channel->stream ? fede_stream_wants(channel->stream) : POLLIN;
    /* The engine takes data when nothing waits to be sent, so a writer waits for the same event. */
    struct pollfd polls[2] = {{channel->fd, (short)(wants | (writing ? POLLOUT : 0)), 0}, {other, POLLIN, 0}};

    if (other_ready)
        *other_ready = false;
    if (channel_asked(channel))
        return channel->decide(channel->decider, channel, fede_stream_conn(channel->stream));
    for (;;) {
        int wait = ms;
        if (signalled) {
            failed(channel, FEDE_INTERRUPTED, NULL, signalled, 0);
            return false;
        }
        if (channel->deadline_us) {
            int64_t left = ((int64_t)channel->deadline_us - (int64_t)clock_ticks(NULL)) / 1000;
            if (left <= 0) {
                failed(channel, FEDE_TIME_LIMIT, doing, 0, (int64_t)channel->limit_ms);
                return false;
            }
            left = left > 60000 ? 60000 : left + 1;
            wait = ms < 0 || left < ms ? (int)left : ms;
        }
        int n = poll(polls, other >= 0 ? 2 : 1, wait);
        if ((n < 0 && errno == EINTR) || (n == 0 && wait != ms))
            continue;
        if (other_ready)
            *other_ready = n > 0 && polls[1].revents != 0 && other >= 0;
        return true;
    }
}

const fede_error *channel_error(const struct channel *channel)
{
    if (channel->error.reason)
        return &channel->error;
    return channel->stream ? fede_stream_error(channel->stream) : NULL;
}

bool channel_stopped(const struct channel *channel)
{
    const fede_error *error = channel_error(channel);

    return error && (error->reason == FEDE_TIME_LIMIT || error->reason == FEDE_INTERRUPTED);
}

static void failed(struct channel *channel, fede_reason reason, const char *detail, int64_t got, int64_t wanted)
{
    if (channel->error.reason)
        return; /* the first one stands, and its detail */
    struct text t = text_in(channel->detail, sizeof channel->detail);
    text_add(&t, detail);
    error_set(&channel->error, reason, FEDE_ORIGIN_TRANSPORT, NULL, got, wanted);
    channel->error.detail = channel->detail;
}

void channel_failed(struct channel *channel, fede_reason reason, uint8_t origin)
{
    error_set(&channel->error, reason, origin, NULL, 0, 0);
    channel->error.detail = channel->detail;
}

static void socket_failed(struct channel *channel, int number)
{
    bool reset = number == ECONNRESET || number == EPIPE;

    failed(channel, reset ? FEDE_TRANSPORT_RESET : FEDE_TRANSPORT_FAILED, strerror(number), number, 0);
}

/* ---- Dialogues ---------------------------------------------------------------------------------------------------- */

bool channel_exactly(struct channel *channel, uint8_t *out, size_t n, const char *doing)
{
    while (n) {
        ptrdiff_t got = channel_read(channel, out, n);
        if (got == FEDE_WOULD_BLOCK) {
            if (!channel_wait(channel, false, -1, -1, NULL, doing))
                return false;
        } else if (got <= 0) {
            failed(channel, FEDE_TRANSPORT_FAILED, "the peer closed the connection", 0, 0);
            return false;
        } else {
            out += got;
            n -= (size_t)got;
        }
    }
    return true;
}

bool channel_line(struct channel *channel, char *out, size_t size, const char *doing)
{
    size_t len = 0;
    uint8_t one;

    while (channel_exactly(channel, &one, 1, doing)) {
        if (one == '\n') {
            len -= len && out[len - 1] == '\r';
            out[len] = 0;
            return true;
        }
        if (len + 1 == size)
            break;
        out[len++] = one ? (char)one : ' ';
    }
    failed(channel, FEDE_TRANSPORT_FAILED, "the peer's line has no end", 0, 0);
    return false;
}

bool channel_send(struct channel *channel, bytes data, const char *doing)
{
    while (data.len) {
        ptrdiff_t n = channel_write(channel, data.data, data.len);
        if (n == FEDE_WOULD_BLOCK) {
            if (!channel_wait(channel, true, -1, -1, NULL, doing))
                return false;
        } else if (n < 0) {
            return false;
        } else {
            data = bytes_skip(data, (size_t)n);
        }
    }
    return true;
}
