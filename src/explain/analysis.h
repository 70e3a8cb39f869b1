/* Capture files in, TLS connections out: all that lies between a file and the events of its connections. */
#ifndef EXPLAIN_ANALYSIS_H
#define EXPLAIN_ANALYSIS_H

#include "explain/around.h"
#include "explain/capture.h"
#include "explain/datagrams.h"
#include "explain/session.h"
#include "explain/verified.h"

struct analysis {
    struct session_listener listener;
    struct layers layers;
    struct lineage lineage;
    struct streams streams;
    struct verified verified;
    uint64_t packets, bytes;        /* of all files so far */
    uint64_t dropped, left_out;     /* as the files say; what could not be used of them */
    uint64_t first_us, last_us;
    uint64_t connections, other;    /* TCP connections with data; those without TLS */
    uint64_t conflicts, gaps;
    bool failed;                    /* memory was missing */
    bool trails;                    /* keep the packets of each connection: set before the first file */
    size_t kept;                    /* packets in trails */
    uint32_t wire_len;              /* of the packet that is read */
    uint64_t plain[KINDS];          /* TCP connections without TLS, by kind */
    struct datagrams datagrams;     /* DTLS and QUIC */
    struct dns dns;                 /* names that were resolved in the capture */
    struct secrets *live;           /* secrets blocks met on the way go there; NULL: they have been read before */
    bool stop;                      /* set by a listener: the rest of the files is not read */
    /* Called now and then while packets are read, when set after analysis_start. */
    void (*tick)(void *arg);
    void *tick_arg;
};

/* The listener's secrets have to be complete: see analysis_secrets. False: no memory. */
bool analysis_start(struct analysis *a, const struct session_listener *listener);
/* Reads a capture to its end; what is wrong with it is in c, which the caller started and ends. comment may be NULL. */
void analysis_file(struct analysis *a, struct capture *c,
                   void (*comment)(void *arg, const struct capture_item *item), void *arg);
/* All files are read: tells what is still open. */
void analysis_finish(struct analysis *a);
void analysis_end(struct analysis *a);

/* The secrets that a capture file carries, wherever they stand in it. */
void analysis_secrets(struct capture *c, struct secrets *secrets);

/* "127.0.0.1:443", "[::1]:443" */
void endpoint_text(const struct address *address, struct text *out);

#endif
