/* explain/unpack.c: CompressedCertificate (RFC 8879 4), packed by zlib. The message says how long the Certificate is; no more than that
   is ever unpacked, it has to be met exactly, and neither a length that no chain needs nor one that so few bytes can't hold is
   believed: a message of a kilobyte makes no megabytes. */
#include "explain/unpack.h"

#include <zlib.h>

#include "wire/messages.h"

enum { ZLIB = 1, UNPACKED_MOST = 512 * 1024, ZLIB_BEST = 1040 /* bytes that one byte can stand for, and some */ };

const char *certificate_unpack(struct arena *arena, bytes body, bytes *out)
{
    struct compressed_certificate m = {0};
    struct wire w = wire_reader(body);
    *out = BYTES_NONE;
    wire_compressed_certificate(&w, &m);
    if (!wire_done(&w))
        return "the message can't be read";
    if (m.algorithm != ZLIB)
        return "this algorithm is not undone here";
    if (m.uncompressed_len == 0 || m.uncompressed_len > UNPACKED_MOST)
        return "it says to be longer than any chain of certificates";
    if (m.uncompressed_len / ZLIB_BEST > m.compressed.len)
        return "so few bytes can't be unpacked to what it says";
    uint8_t *room = arena_take(arena, m.uncompressed_len);
    uLongf len = m.uncompressed_len;
    uLong used = m.compressed.len;
    if (room == NULL)
        return "there was not enough memory";
    int result = uncompress2(room, &len, m.compressed.data, &used);
    if (result == Z_BUF_ERROR || (result == Z_OK && len != m.uncompressed_len))
        return "it does not have the length that it says";
    if (result != Z_OK || used != m.compressed.len)
        return "it is not what zlib makes";
    *out = bytes_of(room, len);
    return NULL;
}
