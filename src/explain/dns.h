/* DNS messages in a capture (RFC 1035, 3596, 9460): what was asked, what was answered, and which answers led to an address.
   Names are kept in presentation form: printable ASCII, everything else as \DDD. */
#ifndef EXPLAIN_DNS_H
#define EXPLAIN_DNS_H

#include "base/text.h"
#include "explain/linklayer.h"

enum { DNS_NAME = 256 * 4, DNS_RECORDS_MOST = 64, DNS_ANSWERS_MOST = 4096, DNS_ASKED_MOST = 1024 };

struct dns_record {
    char *name, *text; /* owner; the data in words: address, name, "1 . alpn=h2 ech=(64 bytes)" */
    uint16_t type;
    uint32_t ttl;
    struct address address; /* A, AAAA: family 4 or 6; else 0 */
    bool has_ech;           /* HTTPS, SVCB: it has a configuration for Encrypted ClientHello */
};

struct dns_answer {
    char *name; /* what was asked */
    uint16_t type, id, flags;
    uint8_t rcode;
    bool tcp, cut;                                  /* over TCP; records were left out */
    uint64_t asked_us, at_us, asked_packet, packet; /* asked: 0 when the question is not in the capture */
    struct address client, server;
    struct dns_record *records; /* of the answer section */
    size_t n;
};

struct dns_asked {
    uint16_t id;
    struct address client;
    uint64_t at_us, packet;
};

struct dns {
    struct dns_answer **answers; /* oldest first */
    size_t n, room;
    struct dns_asked asked[DNS_ASKED_MOST];
    size_t next_asked;
    uint64_t questions, replies, broken, left_out;
};

/* One message. False: it is no DNS message that makes sense. */
bool dns_hear(struct dns *d, const struct address *from, const struct address *to, bytes message, bool tcp,
              uint64_t at_us, uint64_t packet);
void dns_end(struct dns *d);

/* Answers that led to that address by that time, the one for name (NULL: not known) first, and HTTPS records of the same name. */
size_t dns_led_to(const struct dns *d, const struct address *address, const char *name, uint64_t at_us,
                  const struct dns_answer *list[], size_t most);

void dns_type_name(uint16_t type, struct text *out);   /* "AAAA", "TYPE4711" */
void dns_rcode_name(uint8_t rcode, struct text *out);  /* "NXDOMAIN" */
void dns_flag_words(uint16_t flags, struct text *out); /* "answer, recursion desired, …" */
/* "alias.example → host.example → 192.0.2.1, 192.0.2.2": the chain of an answer. */
void dns_chain(const struct dns_answer *a, struct text *out);

#endif
