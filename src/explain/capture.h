/* Capture files: pcap and pcapng, in any byte order, packed with gzip or not, one packet after the other. */
#ifndef EXPLAIN_CAPTURE_H
#define EXPLAIN_CAPTURE_H

#include "explain/input.h"

enum capture_what {
    CAPTURE_END,     /* nothing more: see problem */
    CAPTURE_PACKET,
    CAPTURE_SECRETS, /* lines of a key log, from a decryption secrets block */
    CAPTURE_COMMENT  /* of the section (file) or a packet */
};

struct capture_item {
    uint8_t what;      /* enum capture_what */
    uint16_t link;     /* LINKTYPE_ number */
    uint16_t below_us; /* pcap with nanoseconds: those behind at_us */
    uint32_t wire_len; /* bytes the packet had; data.len of them were kept */
    uint64_t at_us;    /* microseconds since 1970 UTC; without a time stamp: that of the packet before */
    uint64_t number;   /* of the packet in this file, from 1 */
    bytes data;        /* borrowed until the next call */
};

enum capture_form { CAPTURE_FOREIGN, CAPTURE_PCAP, CAPTURE_PCAPNG };

struct capture {
    struct input *input;
    uint8_t form;          /* enum capture_form, known after the first call */
    bool swapped;          /* numbers are little-endian */
    bool nano, wide;       /* pcap: nanoseconds; packet headers with 8 bytes more */
    bool started;
    uint16_t link;         /* pcap */
    uint64_t packets, at_us;
    uint64_t left_out;     /* packets and blocks that could not be used: unknown interface, size beyond reason */
    uint64_t dropped;      /* packets that were lost in capturing, as the file says */
    bytes pending;         /* a packet's comment, to be told behind it; borrowed from the input */
    struct capture_interface *interfaces; /* pcapng: of the current section */
    size_t n_interfaces, room_interfaces;
    bool secrets_only;     /* set by the caller: packets are passed over unread */
    const char *problem;   /* NULL: the end was the end. Static text, or a system error */
    bool cut;              /* the file ends within a packet or block */
    uint64_t problem_at;   /* byte of the (unpacked) file where the problem lies */
};

void capture_start(struct capture *c, struct input *input);
void capture_end(struct capture *c); /* the input stays the caller's */
struct capture_item capture_next(struct capture *c);

#endif
