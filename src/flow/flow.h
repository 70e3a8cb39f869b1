/* The order of messages, as data: one table per version, walked by both roles, by the explainer and by the tests. */
#ifndef FLOW_FLOW_H
#define FLOW_FLOW_H

#include "base/bytes.h"
#include "wire/messages.h"

enum { FLOW_CLIENT = 1, FLOW_SERVER = 2, FLOW_BOTH = 3 };

/* Facts: only what changes the order of messages. */
enum fact {
    FACT_RESUMED = 1 << 0,       /* abbreviated handshake: by id or ticket */
    FACT_SERVER_AUTH = 1 << 1,   /* the server sends a certificate */
    FACT_KEY_EXCHANGE = 1 << 2,  /* ServerKeyExchange is sent: (EC)DHE */
    FACT_STAPLE = 1 << 3,        /* status_request was echoed: CertificateStatus may come */
    FACT_CLIENT_AUTH = 1 << 4,   /* CertificateRequest was sent */
    FACT_CLIENT_CERT = 1 << 5,   /* the client's certificate list was not empty */
    FACT_TICKET = 1 << 6,        /* NewSessionTicket was announced */
    FACT_FALSE_START = 1 << 7    /* the client writes before the server's Finished (RFC 7918); changes no order */
};

struct flow_step {
    uint8_t from;          /* who speaks; FLOW_BOTH marks a silent step of both */
    uint16_t what;         /* enum msg */
    uint16_t when, unless; /* facts this step needs (all), and facts that cancel it (any) */
    bool optional;         /* the speaker may leave it out */
    uint16_t learn;        /* facts established once it has happened */
};

extern const struct flow_step flow_tls12[];
extern const size_t flow_tls12_len;

static inline bool flow_applies(const struct flow_step *s, uint16_t facts)
{
    return (facts & s->when) == s->when && !(facts & s->unless);
}

const char *flow_step_name(uint16_t what); /* "ServerKeyExchange", "verify certificate" */
const char *flow_fact_name(uint16_t fact);

/* Message kinds legal from `at` on with these facts, before the speaker changes; returns how many (at most max). */
size_t flow_expected(const struct flow_step *table, size_t n, size_t at, uint16_t facts, uint16_t *kinds, size_t max);

/* Calls each with every legal sequence of message kinds (silent steps left out); returns how many. Facts that a role
   decides freely (RESUMED, KEY_EXCHANGE, STAPLE, TICKET) are tried both ways. */
typedef void flow_sequence_fn(void *arg, const uint16_t *kinds, const uint8_t *from, size_t n, uint16_t facts);
size_t flow_enumerate(const struct flow_step *table, size_t n, flow_sequence_fn *each, void *arg);

#endif
