/* CompressedCertificate unpacked (RFC 8879): the body of the Certificate message in it. */
#ifndef EXPLAIN_UNPACK_H
#define EXPLAIN_UNPACK_H

#include "base/arena.h"

/* body: that of a CompressedCertificate. NULL: *out is the Certificate's body, in memory of the arena. Otherwise why it can't be
   had, static text; nothing was taken then but for what zlib itself found wrong. */
const char *certificate_unpack(struct arena *arena, bytes body, bytes *out);

#endif
