/* cli/pipe.c: the raw connection: standard input through the channel, what the peer says to the sink.

   Never hangs on standard input: both directions are watched together. At the end of the input close_notify is not sent,
   because most peers then drop what they were about to say (RFC 5246 7.2.1 tells them to); the connection stays until the peer
   closes or has been silent for a while, with --interactive for as long as the peer likes. */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "cli/connect.h"

enum { PIECE = 16384, ROUNDS = 16 };

struct pipe {
    struct client *client;
    uint8_t in[2 * PIECE]; /* with --crlf twice as much */
    bytes to_send;
    bool in_open, ended, told, closed_reader, deaf; /* deaf: the peer takes nothing more */
    uint64_t sent, began, quiet_since;
};

static bool read_input(struct pipe *pipe);
static void write_some(struct pipe *pipe, bool *blocked);
static bool read_some(struct pipe *pipe, bool *blocked);
static bool wait_for_more(struct pipe *pipe, bool *over);
static bool broken(struct pipe *pipe);
static void tell_input(struct pipe *pipe);
static void tell(struct pipe *pipe, bool good);

bool pipe_run(struct client *client)
{
    static struct pipe pipe;
    bool good = true, over = false;
    uint64_t began = clock_ticks(NULL);

    pipe = (struct pipe){.client = client, .in_open = true, .began = began, .quiet_since = began};
    client->facts.before_request = began;
    while (good && !over && !pipe.ended) {
        bool write_blocked = false, read_blocked = false;
        write_some(&pipe, &write_blocked);
        good = read_some(&pipe, &read_blocked);
        if (good && !pipe.ended && read_blocked)
            good = wait_for_more(&pipe, &over);
    }
    tell(&pipe, good);
    bytes_wipe(pipe.in, sizeof pipe.in);
    return good;
}

static void write_some(struct pipe *pipe, bool *blocked)
{
    struct channel *channel = &pipe->client->channel;

    while (pipe->to_send.len) {
        ptrdiff_t n = channel_write(channel, pipe->to_send.data, pipe->to_send.len);
        if (n == FEDE_WOULD_BLOCK) {
            *blocked = true;
            return;
        }
        if (n <
            0) { /* what the peer said before it stopped listening is read first, and shows whether that was in order */
            pipe->to_send = BYTES_NONE;
            pipe->in_open = false;
            pipe->deaf = true;
            return;
        }
        pipe->to_send = bytes_skip(pipe->to_send, (size_t)n);
        pipe->sent += (uint64_t)n;
        pipe->quiet_since = clock_ticks(NULL);
    }
    channel_flush(channel);
}

/* Some rounds at most, so that a peer that talks without pause does not keep us from writing. */
static bool read_some(struct pipe *pipe, bool *blocked)
{
    static uint8_t room[4 * PIECE];
    struct client *client = pipe->client;

    for (int i = 0; i < ROUNDS; i++) {
        ptrdiff_t n = channel_read(&client->channel, room, sizeof room);
        if (n == FEDE_WOULD_BLOCK) {
            *blocked = true;
            return true;
        }
        if (n < 0)
            return broken(pipe);
        if (n == 0) {
            pipe->ended = true;
            return true;
        }
        pipe->quiet_since = clock_ticks(NULL);
        if (!client->facts.first_byte)
            client->facts.first_byte = pipe->quiet_since;
        client->facts.downloaded += (uint64_t)n;
        struct text why = text_in(client->detail, sizeof client->detail);
        switch (sink_write(&client->sink, bytes_of(room, (size_t)n), &why)) {
        case SINK_TAKEN:
            break;
        case SINK_CLOSED:
            pipe->ended = pipe->closed_reader = true;
            return true;
        case SINK_FAILED:
            tell(pipe, false);
            return client_fail(client, FEDE_OUTPUT_FAILED, FEDE_ORIGIN_CALLER, 0, 0);
        }
    }
    return true;
}

static bool wait_for_more(struct pipe *pipe, bool *over)
{
    struct client *client = pipe->client;
    bool listen = pipe->in_open && !pipe->to_send.len, ready = false;
    int ms = -1;

    if (!pipe->in_open && !pipe->to_send.len && !client->set.interactive) {
        uint64_t quiet = (clock_ticks(NULL) - pipe->quiet_since) / 1000;
        if (quiet >= client->set.linger_ms) {
            *over = true;
            return true;
        }
        ms = (int)(client->set.linger_ms - quiet) + 1;
    }
    if (!channel_wait(&client->channel, pipe->to_send.len != 0, listen ? STDIN_FILENO : -1, ms, &ready,
                      "the connection is still open"))
        return broken(pipe);
    return !ready || read_input(pipe);
}

static bool read_input(struct pipe *pipe)
{
    struct client *client = pipe->client;
    uint8_t *from = pipe->in + (client->set.crlf ? PIECE : 0);
    ssize_t n = read(STDIN_FILENO, from, PIECE);

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    if (n < 0 && errno != EBADF) {
        struct text t = text_in(client->detail, sizeof client->detail);
        text_format(&t, "standard input: %s", strerror(errno));
        tell(pipe, false);
        return client_fail(client, FEDE_INPUT_FAILED, FEDE_ORIGIN_CALLER, errno, 0);
    }
    if (n <= 0) {
        pipe->in_open = false;
        pipe->quiet_since = clock_ticks(NULL);
        tell_input(pipe);
        return true;
    }
    size_t len = (size_t)n;
    if (client->set.crlf) {
        len = 0;
        for (ssize_t i = 0; i < n; i++) {
            if (from[i] == '\n')
                pipe->in[len++] = '\r';
            pipe->in[len++] = from[i];
        }
        from = pipe->in;
    }
    pipe->to_send = bytes_of(from, len);
    return true;
}

static bool broken(struct pipe *pipe)
{
    tell(pipe, false);
    return client_failed(pipe->client, channel_error(&pipe->client->channel));
}

/* At the end of the input, when all of it was sent. */
static void tell_input(struct pipe *pipe)
{
    char line[100];
    struct text t = text_in(line, sizeof line);

    text_bytes(&t, pipe->sent);
    text_add(&t, " bytes sent from standard input");
    text_add(&t, pipe->in_open ? "" : ", which has ended");
    report_phase(pipe->client->report, "request", true, line, pipe->began, clock_ticks(NULL));
}

static void tell(struct pipe *pipe, bool good)
{
    struct client *client = pipe->client;
    char line[200];
    struct text t = text_in(line, sizeof line);
    uint64_t now = clock_ticks(NULL);

    if (pipe->told)
        return;
    pipe->told = true;
    client->facts.uploaded = pipe->sent;
    if (pipe->in_open)
        tell_input(pipe);
    text_bytes(&t, client->facts.downloaded);
    text_add(&t, " bytes received");
    if (good && pipe->deaf)
        text_add(&t, "; the peer closed before it had taken all input");
    else if (good && pipe->closed_reader)
        text_add(&t, "; the reader of standard output went away");
    else if (good && !pipe->ended)
        text_format(&t, "; after the end of input the peer was silent for %lu.%lu s (--linger waits longer)",
                    client->set.linger_ms / 1000, client->set.linger_ms % 1000 / 100);
    report_phase(client->report, "response", good, line, client->facts.first_byte ? client->facts.first_byte : now,
                 now);
}
