/* Handshake hash. Buffers nothing: until the hash is known, the driver keeps the ClientHello and adds it after the
   start. Before the start adding does nothing and there is no hash so far (length 0). */
#ifndef KEYS_TRANSCRIPT_H
#define KEYS_TRANSCRIPT_H

#include "crypto/crypto.h"

struct transcript {
    struct crypto_hash hash;
    bool started;
};
void transcript_start(struct transcript *t, enum hash hash);
void transcript_add(struct transcript *t, bytes message); /* whole messages with header, as on the wire */
size_t transcript_so_far(const struct transcript *t, uint8_t out[HASH_MAX]); /* length of the hash */

#endif
