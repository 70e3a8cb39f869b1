/* engine/flows.h: every kind of handshake there is, each as a pair of configurations, for tests that try the same thing with
   all of them. */
#ifndef ENGINE_FLOWS_H
#define ENGINE_FLOWS_H

#include "pair.h"

struct flow {
    const char *name, *key; /* key: of the server */
    uint16_t suite;         /* 0: the default's choice */
    unsigned legacy;        /* FEDE_LEGACY_…; 0: none */
    bool staple, mutual, empty, ticket, resumed; /* mutual: the client shows a certificate; empty: it is asked and has none */
    const char *messages;   /* what each record holds, c: of the client, s: of the server */
};
extern const struct flow flows[];
extern const size_t n_flows;

/* Both configurations, which are the caller's. False: this build has no such handshake. */
bool flow_configs(const struct flow *flow, fede_config **client, fede_config **server);
/* The same with memory of each side's own; NULL: the usual. */
bool flow_configs_with(const struct flow *flow, const fede_allocator *clients, const fede_allocator *servers, fede_config **client,
                       fede_config **server);
/* Makes the pair ready to run: with the session of an earlier connection where the flow resumes. */
void flow_start(const struct flow *flow, struct pair *pair, fede_config *client, fede_config *server);
/* The kind of message (enum msg) in record `index` from that side; -1: there is none. */
int flow_kind(const struct flow *flow, uint8_t from, size_t index);

#endif
