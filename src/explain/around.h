/* What lies around a connection: the packets that carried it, one row each; DNS over TCP is put together here too. Kept only when
   asked for, and up to a number, for packets are many. */
#ifndef EXPLAIN_AROUND_H
#define EXPLAIN_AROUND_H

#include "explain/dns.h"
#include "explain/streams.h"

enum { TRAIL_MOST = 2000 /* packets of a connection */, TRAILS_MOST = 500000 /* of all that are open */ };

struct trail_packet {
    uint64_t number, at_us;
    uint32_t seq, ack;      /* as in the packet */
    uint32_t wire_len, len; /* of the frame; of the TCP payload */
    uint16_t link, vlan;
    uint8_t side, flags, version, hops;
    bool mac;
    uint8_t mac_from[6], mac_to[6];
};

struct around {
    struct trail_packet *packets;
    size_t n, room;
    uint64_t left_out;
    struct {
        uint8_t *held;
        size_t len, room;
    } names[2]; /* DNS over TCP */
};

/* A segment's row in its connection's trail. False: there was no memory. */
bool around_segment(struct stream *s, int side, const struct segment *g, const struct below *below, uint32_t wire_len,
                    uint64_t at_us, uint64_t packet, size_t *kept);
/* A piece of DNS over TCP (RFC 7766): messages with two bytes of length in front. */
void around_names(struct dns *dns, struct stream *s, int side, bytes data, uint64_t at_us, uint64_t packet);
void around_end(struct stream *s, size_t *kept);

/* Sequence and acknowledgement numbers counted from the beginning of each side. */
void around_relative(const struct stream *s, const struct trail_packet *p, uint32_t *seq, uint32_t *ack);
void tcp_flag_words(uint8_t flags, struct text *out); /* "SYN, ACK" */

#endif
