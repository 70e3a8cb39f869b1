/* keys/transcript.c: the handshake hash, RFC 5246 7.4.9.

   The driver adds each message, sent or received; nobody else does. Until the suite is chosen, and with it the hash,
   the driver keeps the ClientHello's bytes and adds them after transcript_start. */
#include "keys/transcript.h"

void transcript_start(struct transcript *t, enum hash hash)
{
    crypto_hash_start(&t->hash, hash);
    t->started = true;
}

void transcript_add(struct transcript *t, bytes message)
{
    if (t->started)
        crypto_hash_add(&t->hash, message);
}

size_t transcript_so_far(const struct transcript *t, uint8_t out[HASH_MAX])
{
    if (!t->started)
        return 0;
    crypto_hash_peek(&t->hash, out);
    return t->hash.len;
}
