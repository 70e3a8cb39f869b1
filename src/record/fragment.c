/* record/fragment.c: whole handshake messages out of records: RFC 5246 6.2.1, 7.4.

   A message that lies whole in one record is handed out where it lies. Only one that spans records is copied
   together. Its memory grows with the bytes that have come, never with the length the peer merely announces; and a
   message longer than its kind can be is refused when its header is here. */
#include "base/error.h"
#include "record/record.h"

enum { MESSAGE_HEADER = 4, ROOM_FIRST = 256 };

static size_t longest(unsigned type, size_t limit);
static bool length_is_good(const uint8_t *header, size_t limit, fede_error *error);
static bool hold(struct fragments *f, const fede_allocator *from, size_t upto, fede_error *error);

void fragment_feed(struct fragments *f, bytes handshake_bytes)
{
    f->input = handshake_bytes;
}

enum fragment_outcome fragment_next(struct fragments *f, const fede_allocator *from, size_t limit, bytes *message,
                                    fede_error *error)
{
    *message = BYTES_NONE;
    if (f->held_len == 0 && f->input.len >= MESSAGE_HEADER) { /* the usual case */
        size_t whole = MESSAGE_HEADER + (size_t)load24(f->input.data + 1);
        if (!length_is_good(f->input.data, limit, error))
            return FRAGMENT_BAD;
        if (f->input.len >= whole) {
            *message = bytes_first(f->input, whole);
            f->input = bytes_skip(f->input, whole);
            return FRAGMENT_MESSAGE;
        }
    }
    if (f->input.len == 0)
        return FRAGMENT_MORE;
    if (!hold(f, from, MESSAGE_HEADER, error))
        return FRAGMENT_BAD;
    if (f->held_len < MESSAGE_HEADER)
        return FRAGMENT_MORE;
    if (!length_is_good(f->held, limit, error))
        return FRAGMENT_BAD;
    size_t whole = MESSAGE_HEADER + (size_t)load24(f->held + 1);
    if (!hold(f, from, whole, error))
        return FRAGMENT_BAD;
    if (f->held_len < whole)
        return FRAGMENT_MORE;
    *message = bytes_of(f->held, whole);
    f->held_len = 0; /* the bytes stay until the next call */
    return FRAGMENT_MESSAGE;
}

void fragments_end(struct fragments *f, const fede_allocator *from)
{
    memory_give(from, f->held, f->held_room);
    *f = (struct fragments){0};
}

/* Moves input to what is held, until that has upto bytes or the input is used up. */
static bool hold(struct fragments *f, const fede_allocator *from, size_t upto, fede_error *error)
{
    if (f->held_len >= upto)
        return true;
    size_t lack = upto - f->held_len, n = lack < f->input.len ? lack : f->input.len;
    if (f->held_len + n > f->held_room) {
        /* Twice what is needed now, so that a message in many small records is not copied over and over. */
        size_t twice = 2 * (f->held_len + n), room = twice < ROOM_FIRST ? ROOM_FIRST : twice;
        uint8_t *larger = memory_take(from, room);
        if (larger == NULL)
            return error_set(error, FEDE_OUT_OF_MEMORY, FEDE_ORIGIN_INTERNAL, "handshake message", (int64_t)room, 0);
        bytes_copy(larger, f->held, f->held_len);
        memory_give(from, f->held, f->held_room);
        f->held = larger;
        f->held_room = (uint32_t)room; /* lengths have 24 bits */
    }
    bytes_copy(f->held + f->held_len, f->input.data, n);
    f->held_len += (uint32_t)n;
    f->input = bytes_skip(f->input, n);
    return true;
}

static bool length_is_good(const uint8_t *header, size_t limit, fede_error *error)
{
    const size_t len = load24(header + 1), most = longest(header[0], limit);
    if (len <= most)
        return true;
    if (error->reason == FEDE_OK) {
        error_set(error, FEDE_MESSAGE_TOO_LONG, FEDE_ORIGIN_US, "length", (int64_t)len, (int64_t)most);
        error->message = header[0];
    }
    return false;
}

/* Most bytes the body of each kind can have: by its format, or by the largest keys (RSA and finite-field groups of 8192
   bits) where the format would allow much more. Kinds that are not here (certificates, names of CAs, ClientHello with
   anything in it) have the caller's limit. */
static size_t longest(unsigned type, size_t limit)
{
    // clang-format off
    static const struct { uint8_t type; uint32_t most; } rows[] = {
        {MSG_HELLO_REQUEST,         0},
        {MSG_SERVER_HELLO,          2 + 32 + 1 + 32 + 2 + 1 + 2 + 65535},
        {MSG_NEW_SESSION_TICKET,    4 + 2 + 65535},
        {MSG_END_OF_EARLY_DATA,     0},
        {MSG_ENCRYPTED_EXTENSIONS,  2 + 65535},
        {MSG_SERVER_KEY_EXCHANGE,   3 * (2 + 1024) + 4 + 1024},
        {MSG_SERVER_HELLO_DONE,     0},
        {MSG_CERTIFICATE_VERIFY,    4 + 1024},
        {MSG_CLIENT_KEY_EXCHANGE,   2 + 1024},
        {MSG_FINISHED,              HASH_MAX}, /* 12 in TLS 1.2, the hash's length in TLS 1.3 */
        {MSG_KEY_UPDATE,            1},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].type == type)
            return rows[i].most < limit ? rows[i].most : limit;
    return limit;
}
