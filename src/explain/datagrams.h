/* Connections over UDP that are TLS inside: DTLS and QUIC, known by what their datagrams look like, on any port. They are
   named and counted, not taken apart. */
#ifndef EXPLAIN_DATAGRAMS_H
#define EXPLAIN_DATAGRAMS_H

#include "base/text.h"
#include "explain/linklayer.h"

enum datagram_protocol { DATAGRAM_NONE, DATAGRAM_DTLS, DATAGRAM_QUIC };
enum { DATAGRAM_FLOWS = 1024 };

struct datagram_flow {
    struct address ends[2];          /* client, server */
    uint8_t protocol;                /* enum datagram_protocol; DATAGRAM_NONE: the place is free */
    bool answered;                   /* version is the server's choice, not the client's offer */
    bool negotiated;                 /* QUIC: a server said which versions it has */
    uint32_t version;                /* 0: not seen */
    uint64_t datagrams[2], bytes[2]; /* by client, server; bytes: of their content */
    uint64_t first_us, last_us;
    size_t number; /* in the order of their first datagrams, from 0 */
};

struct datagrams {
    struct datagram_flow *flows; /* DATAGRAM_FLOWS of them, open addressing; NULL: none met */
    size_t n;
    uint64_t over; /* datagrams of connections for which there was no place */
};

void datagrams_end(struct datagrams *g);
/* Which of the two it is, if one. */
enum datagram_protocol datagrams_hear(struct datagrams *g, const struct address *from, const struct address *to,
                                      bytes content, uint64_t at_us);
/* The n-th that was met; NULL behind the last. */
const struct datagram_flow *datagrams_at(const struct datagrams *g, size_t n);
/* "DTLS 1.2", "QUIC version 1"; "DTLS (up to 1.2 is offered)" as long as nothing else is known. */
void datagram_title(const struct datagram_flow *f, struct text *out);

#endif
