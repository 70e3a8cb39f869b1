/* PEM, RFC 7468: blocks of base64 between BEGIN and END lines, anything around them.

   Lax where files are lax in practice (spaces, CR, any line length, text before and between blocks), strict in the base64
   itself: no foreign character, proper padding, no bits left over. Blocks with header lines (RFC 1421, "Proc-Type") are
   passed over: they are encrypted keys. */
#include "x509/x509.h"

static bool next_block(bytes *text, bytes *label, bytes *body);
static bool find(bytes in, const char *what, size_t *at);

bool pem_next(bytes *text, const char *label, struct arena *arena, bytes *der)
{
    bytes found, body;
    while (next_block(text, &found, &body)) {
        if (label != NULL && !bytes_equal(found, bytes_text(label)))
            continue;
        size_t len = body.len / 4 * 3 + 3;
        uint8_t *out = arena_take(arena, len);
        if (out == NULL)
            return false;
        if (base64_read(body, out, &len) && len > 0) {
            *der = (bytes){out, len};
            return true;
        }
    }
    return false;
}

/* Takes the next complete block out of *text. False: there is none. */
static bool next_block(bytes *text, bytes *label, bytes *body)
{
    size_t at;
    while (find(*text, "-----BEGIN ", &at)) {
        bytes rest = bytes_skip(*text, at + 11);
        size_t label_len, body_len;
        if (!find(rest, "-----", &label_len))
            break;
        *label = bytes_first(rest, label_len);
        *text = rest;
        rest = bytes_skip(rest, label_len + 5);
        if (!find(rest, "-----END ", &body_len))
            break;
        *body = bytes_first(rest, body_len);
        bytes end = bytes_skip(rest, body_len + 9);
        if (end.len >= label_len + 5 && bytes_equal(bytes_first(end, label_len), *label) &&
            bytes_equal(bytes_first(bytes_skip(end, label_len), 5), bytes_text("-----"))) {
            *text = bytes_skip(end, label_len + 5);
            return true;
        }
    }
    *text = BYTES_NONE;
    return false;
}

static bool find(bytes in, const char *what, size_t *at)
{
    bytes wanted = bytes_text(what);
    if (in.len == 0)
        return false;
    const uint8_t *p = in.data, *end = in.data + in.len;
    while (p < end && (size_t)(end - p) >= wanted.len) {
        p = memchr(p, what[0], (size_t)(end - p) - wanted.len + 1);
        if (p == NULL)
            return false;
        if (memcmp(p, wanted.data, wanted.len) == 0) {
            *at = (size_t)(p - in.data);
            return true;
        }
        p++;
    }
    return false;
}

enum { SP = 64 /* white space */, PD = 65 /* padding */, NO = 66 /* no base64 */ };

// clang-format off
static const uint8_t values[128] = {
    NO, NO, NO, NO, NO, NO, NO, NO, NO, SP, SP, NO, NO, SP, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    SP, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, 62, NO, NO, NO, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, NO, NO, NO, PD, NO, NO,
    NO,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, NO, NO, NO, NO, NO,
    NO, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, NO, NO, NO, NO, NO,
};
// clang-format on

static uint8_t value_of(uint8_t c)
{
    return c < sizeof values ? values[c] : (uint8_t)NO;
}

bool base64_read(bytes body, uint8_t *out, size_t *len)
{
    uint32_t bits = 0;
    size_t n = 0, pads = 0, count = 0;
    for (size_t i = 0; i < body.len; i++) {
        while (count % 4 == 0 && body.len - i >= 4) { /* four at once while nothing but base64 comes */
            const uint8_t *p = body.data + i;
            uint8_t a = value_of(p[0]), b = value_of(p[1]), c = value_of(p[2]), d = value_of(p[3]);
            if ((a | b | c | d) >= SP || pads > 0)
                break;
            store24(out + n, (uint32_t)a << 18 | (uint32_t)b << 12 | (uint32_t)c << 6 | d);
            n += 3;
            count += 4;
            i += 4;
        }
        if (i == body.len)
            break;
        uint8_t v = value_of(body.data[i]);
        if (v < SP) {
            if (pads > 0)
                return false;
            bits = bits << 6 | v;
            if (++count % 4 == 0) {
                store24(out + n, bits & 0xffffff);
                n += 3;
                bits = 0;
            }
        } else if (v == PD) {
            pads++;
        } else if (v == NO) {
            return false;
        }
    }
    size_t tail = count % 4;
    if (tail == 1 || (tail == 0 ? pads != 0 : tail + pads != 4))
        return false;
    if (tail == 2) {
        if ((bits & 0xf) != 0)
            return false;
        out[n++] = (uint8_t)(bits >> 4);
    } else if (tail == 3) {
        if ((bits & 3) != 0)
            return false;
        out[n++] = (uint8_t)(bits >> 10);
        out[n++] = (uint8_t)(bits >> 2);
    }
    *len = n;
    return true;
}
