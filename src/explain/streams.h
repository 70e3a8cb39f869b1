/* TCP connections out of segments: each side's bytes in order, the two sides in the order in which they were spoken. */
#ifndef EXPLAIN_STREAMS_H
#define EXPLAIN_STREAMS_H

#include "explain/linklayer.h"

enum stream_end { STREAM_FINISHED = 1 /* FIN both ways */, STREAM_RESET, STREAM_REUSED /* the ports are used anew */,
                  STREAM_STOPPED /* the capture ends, or the connection was given up for memory */ };

/* One side of a connection: what has been seen of it. side 0 sent the first SYN, or the first segment seen. */
struct stream_side {
    struct address address;
    bool known;          /* where its bytes begin: the SYN was seen, or had to be guessed */
    bool syn;            /* its SYN was seen */
    bool syn_data;       /* with bytes in it */
    bool fin, reset;
    bool speaks;         /* at least one segment of it was seen */
    uint32_t next;       /* sequence number of the byte at `delivered` */
    uint32_t first;      /* its SYN's sequence number */
    int64_t delivered;   /* bytes handed out or given up so far */
    int64_t fin_at;
    uint64_t segments, payload; /* with payload; payload bytes, copies included */
    uint64_t repeated;   /* segments that brought nothing new */
    uint64_t early;      /* segments that came before their turn */
    uint64_t lost, gaps; /* bytes given up, in how many stretches */
    uint64_t conflicts;  /* overlapping copies with other content */
    uint8_t *recent;     /* the last bytes told, to compare copies with; NULL: not kept */
    size_t n_recent;
    struct stream_piece *held;
    size_t held_bytes, held_pieces;
};

struct stream {
    struct stream_side sides[2];
    uint64_t begun_us, last_us;
    void *user, *around; /* of whoever listens */
    /* Below: of streams.c. */
    struct stream *next_in_slot, *newer, *older;
    uint32_t slot;
    bool over;
};

/* What is told about connections. data and gap come in order for each side. */
struct stream_listener {
    void (*data)(void *arg, struct stream *s, int side, bytes data, uint64_t at_us, uint64_t packet);
    void (*gap)(void *arg, struct stream *s, int side, uint64_t len, uint64_t at_us);
    /* Bytes that came twice with different content: the first copy was used. */
    void (*conflict)(void *arg, struct stream *s, int side, int64_t at, bytes used, bytes other);
    void (*ended)(void *arg, struct stream *s, enum stream_end how, int side, uint64_t at_us);
    /* May be NULL. Each segment as it is captured, before anything that it brings. */
    void (*segment)(void *arg, struct stream *s, int side, const struct segment *segment, uint64_t at_us, uint64_t packet);
    void *arg;
};

struct streams {
    struct stream_listener listener;
    struct stream **slots;
    struct stream *newest, *oldest;
    size_t n, held_bytes, n_recent; /* n_recent: sides whose last bytes are kept */
    size_t held_most;        /* bytes that wait for others, of all connections: settable before the first segment */
    uint64_t given_up;       /* connections that were ended to keep memory bounded */
    bool failed;             /* memory was missing for something */
};

bool streams_start(struct streams *t, const struct stream_listener *listener);
void streams_segment(struct streams *t, const struct segment *segment, uint64_t at_us, uint64_t packet);
/* Ends the connection that was silent longest, to have its memory; false when there is none. */
bool streams_give_up(struct streams *t);
/* Tells all that still waits and ends all connections. */
void streams_finish(struct streams *t);
void streams_end(struct streams *t);

#endif
