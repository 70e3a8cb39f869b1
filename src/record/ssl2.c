/* record/ssl2.c: a ClientHello in the format of SSL 2.0, rewritten as the ClientHello it stands for: version, suites, and the
   challenge as random. RFC 5246 E.2; RFC 6176 3 lets a server take it, for the quarantine decides whether (tls/quarantine.c).

   Two bytes of length with the top bit set; type 1, version, the lengths of suites (three bytes each), session id and
   challenge, then these. Suites that begin with another byte than 0 are SSL 2.0's own. */
#include "record/record.h"

enum { FRONT = 9, RANDOM = 32, CHALLENGE_LEAST = 16 };

size_t ssl2_hello_len(bytes in)
{
    if (in.len < 5 || (in.data[0] & 0x80) == 0 || in.data[2] != MSG_CLIENT_HELLO || in.data[3] != 3)
        return 0;
    return 2 + (size_t)((in.data[0] & 0x7f) << 8 | in.data[1]);
}

size_t ssl2_hello_rewrite(bytes body, uint8_t *out)
{
    if (body.len < FRONT)
        return 0;
    size_t suites = load16(body.data + 3), id = load16(body.data + 5), challenge = load16(body.data + 7);
    if (suites == 0 || suites % 3 != 0 || challenge < CHALLENGE_LEAST || body.len != FRONT + suites + id + challenge)
        return 0;
    const uint8_t *suite = body.data + FRONT, *random = suite + suites + id;
    size_t kept = challenge < RANDOM ? challenge : RANDOM, at = 4 + 2 + RANDOM + 1, n = 0;
    memset(out, 0, at + 2);
    out[0] = MSG_CLIENT_HELLO;
    store16(out + 4, load16(body.data + 1));
    bytes_copy(out + 4 + 2 + RANDOM - kept, random, kept); /* zeros in front of a shorter one */
    for (size_t i = 0; i < suites; i += 3)
        if (suite[i] == 0)
            store16(out + at + 2 + 2 * n++, load16(suite + i + 1));
    store16(out + at, (uint16_t)(2 * n));
    at += 2 + 2 * n;
    out[at++] = 1; /* compression: none */
    out[at++] = 0;
    store24(out + 1, (uint32_t)(at - 4));
    return at;
}
