/* From a captured packet to a TCP segment: link layer, IP version 4 and 6, fragments put together. Check sums are not looked
   at: hardware makes them after the capture has seen the packet. */
#ifndef EXPLAIN_LINKLAYER_H
#define EXPLAIN_LINKLAYER_H

#include "base/bytes.h"
#include "explain/kinds.h"

struct address {
    uint8_t family; /* 4 or 6 */
    uint8_t ip[16]; /* the first 4 for IPv4 */
    uint16_t port;
};

enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16 };

struct segment {
    struct address from, to;
    uint32_t seq, ack;
    uint8_t flags;
    bytes payload;   /* borrowed from the packet, or from the layers until the next call */
    size_t missing;  /* payload bytes that were on the wire but are not in the capture */
};

/* What lies below TCP in the packet that was read last. */
struct below {
    uint16_t link;
    bool mac;             /* Ethernet: the addresses are known */
    uint8_t mac_from[6], mac_to[6];
    uint16_t vlan;        /* the innermost tag, 0: none */
    uint8_t version;      /* of IP: 4, 6; 0: none */
    uint8_t hops;         /* time to live, hop limit */
    uint8_t kind;         /* enum packet_kind */
    struct address from, to; /* KIND_UDP and those above it */
    bytes udp;            /* what a UDP datagram holds; borrowed from the packet */
};

struct layers {
    struct fragmented *first;  /* datagrams that are not complete, newest first */
    size_t n_fragmented, held; /* how many, and their memory */
    uint8_t *whole;            /* the one that was completed last */
    struct below below;
    uint64_t kinds[KINDS];     /* packets of each kind that hold no TCP */
    uint64_t segments, other;  /* TCP; anything else that is well formed */
    uint64_t broken;           /* headers that can't be right, or are cut */
    uint64_t unknown_link;     /* packets of link types that are not read */
    uint16_t unknown;          /* one of them */
    uint64_t fragments_lost;   /* datagrams given up */
};

void layers_start(struct layers *l);
void layers_end(struct layers *l);
/* wire_len: bytes the packet had when it was captured. True when the packet holds a TCP segment, or completes one. */
bool layers_segment(struct layers *l, uint16_t link, bytes packet, uint32_t wire_len, struct segment *out);

const char *link_name(uint16_t link); /* "Ethernet"; NULL: not one that is read here */

#endif
