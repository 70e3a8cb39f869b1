/* A byte stream with a deadline: a plain socket, or one with TLS on top. Never blocks but in channel_wait and the line
   functions. */
#ifndef CLI_CHANNEL_H
#define CLI_CHANNEL_H

#include "base/text.h"
#include "fede/stream.h"

struct channel {
    int fd;               /* -1: none */
    fede_stream *stream;  /* NULL: plain */
    uint64_t deadline_us; /* of clock_ticks, 0: none */
    unsigned long limit_ms; /* what the deadline was made from, for the error */
    fede_error error;     /* of the plain socket and of the deadline */
    char detail[256];
    /* Answers the connection's question, if not NULL; false: it can't, and the connection has failed. */
    bool (*decide)(void *decider, struct channel *channel, fede_conn *conn);
    void *decider;
};

/* Takes a non-blocking socket. */
void channel_open(struct channel *channel, int fd);
/* Puts TLS on top; owns conn. The handshake is made by channel_handshake. false without memory. */
bool channel_secure(struct channel *channel, fede_conn *conn);
bool channel_handshake(struct channel *channel);
/* Closes: with TLS sends close_notify, unless the channel has failed. */
void channel_close(struct channel *channel);

/* As fede_stream_read and fede_stream_write without blocking: n > 0, 0 end in order, FEDE_WOULD_BLOCK, FEDE_STREAM_FAILED. */
ptrdiff_t channel_read(struct channel *channel, void *out, size_t size);
ptrdiff_t channel_write(struct channel *channel, const void *data, size_t len);
/* 1 all is with the kernel, 0 not yet, -1 failed. */
int channel_flush(struct channel *channel);
/* Waits until the channel can be read (or, with `writing`, written), `other` (a descriptor, or -1) is readable or has ended, ms have passed
   (-1: no such limit) or the deadline has. false: the deadline. *other_ready is set when not NULL. */
bool channel_wait(struct channel *channel, bool writing, int other, int ms, bool *other_ready, const char *doing);

/* From now on SIGINT and SIGTERM end channel_wait with FEDE_INTERRUPTED; the second one ends the program. */
void channel_catch_signals(void);

/* For whoever decides: the channel fails for this reason, with what stands in channel->detail. */
void channel_failed(struct channel *channel, fede_reason reason, uint8_t origin);

const fede_error *channel_error(const struct channel *channel);

/* The failure, if any, is not the peer's: the time was up, or a signal came. */
bool channel_stopped(const struct channel *channel);

/* Dialogues before TLS (STARTTLS, proxies), on a plain channel: nothing is read beyond what is asked for. channel_line
   reads up to and with '\n', without its line end; false: failed, the end came or the line is too long. */
bool channel_line(struct channel *channel, char *out, size_t size, const char *doing);
bool channel_exactly(struct channel *channel, uint8_t *out, size_t n, const char *doing);
bool channel_send(struct channel *channel, bytes data, const char *doing);

#endif
