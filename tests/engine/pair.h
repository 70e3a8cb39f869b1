/* engine/pair.h: a client and a server in one process, with everything between them in the test's hands: the clock, the
   randomness, the memory, how many bytes arrive at a time, and each record on its way. */
#ifndef ENGINE_PAIR_H
#define ENGINE_PAIR_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "fede/fede.h"

/* Bytes on their way to one side. */
struct queue {
    uint8_t *data;
    size_t len, at, size;
};

struct pair {
    fede_config *client_config, *server_config;
    fede_conn *client, *server;
    struct queue to_client, to_server;   /* records let through, not yet delivered */
    struct queue raw_client, raw_server; /* as sent by the other side, not yet cut into records */
    size_t chunk;                        /* most bytes delivered at a time; 0: any */
    size_t records[3];                   /* records seen from FEDE_CLIENT, FEDE_SERVER */
    /* May change, drop or double a record: what it puts goes on. NULL: everything goes on as it is. */
    void (*tap)(struct pair *pair, uint8_t from, size_t index, uint8_t *record, size_t len);
    void *arg;
    size_t rounds; /* safety: a pump that does not end is a failure */
};

enum { JUST_2030 = 1893456000 };

/* PEM files of tests/engine/data, read once. */
fede_bytes pair_file(const char *name);

/* A configuration with the fixed clock and seeded randomness; the client's trusts the test root. key: "p256", "rsa" … */
fede_config *pair_client_config(const fede_allocator *memory);
fede_config *pair_server_config(const fede_allocator *memory, const char *key);
/* Starts the randomness of both anew. */
void pair_seed(uint64_t seed);

/* Makes both connections; the configs stay the caller's. server_name NULL: "server.test". */
void pair_start(struct pair *pair, fede_config *client, fede_config *server, const char *server_name);
void pair_end(struct pair *pair);
/* Moves bytes until nothing moves any more. True when it ended by itself in time. */
bool pair_pump(struct pair *pair);
/* Tells each side that still waits that the stream ended. */
void pair_cut(struct pair *pair);
void pair_put(struct pair *pair, uint8_t to, const uint8_t *data, size_t len);
bool pair_established(const fede_conn *conn);
/* The alert in a side's error: sent or received; FEDE_ALERT_NONE. */
uint8_t pair_alert(const fede_conn *conn);
/* Sends len bytes each way and compares. */
bool pair_exchange(struct pair *pair, size_t len);

void queue_add(struct queue *queue, const uint8_t *data, size_t len);
void queue_end(struct queue *queue);

#endif
