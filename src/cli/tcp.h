/* A TCP connection to the first of several addresses that answers. */
#ifndef CLI_TCP_H
#define CLI_TCP_H

#include "cli/resolve.h"
#include "report/live.h"

struct tcp_order {
    const struct resolution *to;
    const char *interface;  /* --interface: a device or an own address, or NULL */
    uint64_t deadline_us;   /* 0: none */
    struct report *report;
};

struct tcp_way {
    int fd; /* non-blocking, -1 when there is none */
    char remote[64], local[64];
    unsigned remote_port, local_port;
    char text[1024]; /* when it failed: each address and why */
};

enum tcp_result { TCP_CONNECTED, TCP_FAILED, TCP_LATE };

/* RFC 8305 5: families in turn, each attempt begins 250 ms after the one before or as soon as that has failed; the first
   that connects wins and the others are dropped. Every attempt is a phase in the report. */
enum tcp_result tcp_connect(const struct tcp_order *order, struct tcp_way *way);
/* The same over a socket in the file system. */
enum tcp_result tcp_connect_unix(const struct tcp_order *order, const char *path, struct tcp_way *way);

#endif
