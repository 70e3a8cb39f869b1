/* explain/input.c: bytes in order, from a file descriptor or from memory, with gzip (RFC 1952, by zlib) undone.

   One buffer holds what has been read and not yet taken. It starts at 256 KB and grows only for a single larger piece. Several
   gzip members in a row are one file, as gzip(1) has it; a cut or damaged one yields what could be unpacked, and the problem. */
#include "explain/input.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

enum { ROOM_FIRST = 256 * 1024, PACKED_ROOM = 64 * 1024 };

struct input {
    int fd;        /* -1: memory */
    bytes memory;  /* what is left of it */
    uint8_t *data; /* from at to len: not yet taken */
    size_t at, len, room;
    uint64_t taken;  /* bytes before at */
    uint8_t *packed; /* gzip as it came; NULL: not packed */
    z_stream z;
    bool started, inflating, between, ended;
    const char *problem;
};

static struct input *input_new(void);
static bool fill(struct input *in, size_t n);
static bool make_room(struct input *in);
static void begin(struct input *in);
static size_t unpack(struct input *in, uint8_t *out, size_t size);
static size_t raw(struct input *in, uint8_t *out, size_t size);

struct input *input_file(int fd)
{
    struct input *in = input_new();
    if (in != NULL)
        in->fd = fd;
    return in;
}

struct input *input_memory(bytes all)
{
    struct input *in = input_new();
    if (in != NULL)
        in->memory = all;
    return in;
}

static struct input *input_new(void)
{
    struct input *in = calloc(1, sizeof *in);
    if (in == NULL)
        return NULL;
    in->fd = -1;
    in->room = ROOM_FIRST;
    in->data = malloc(in->room);
    if (in->data != NULL)
        return in;
    free(in);
    return NULL;
}

void input_free(struct input *in)
{
    if (in == NULL)
        return;
    if (in->inflating)
        inflateEnd(&in->z);
    free(in->packed);
    if (in->data != NULL)
        bytes_wipe(in->data, in->room); /* files may hold keys */
    free(in->data);
    free(in);
}

bytes input_take(struct input *in, size_t n)
{
    if (n > INPUT_PIECE_MOST || !fill(in, n))
        return BYTES_NONE;
    bytes piece = bytes_of(in->data + in->at, n);
    in->at += n;
    in->taken += n;
    return piece;
}

bytes input_peek(struct input *in, size_t n)
{
    fill(in, n < INPUT_PIECE_MOST ? n : INPUT_PIECE_MOST);
    size_t left = in->len - in->at;
    return bytes_of(in->data + in->at, left < n ? left : n);
}

bool input_skip(struct input *in, uint64_t n)
{
    while (n > 0) {
        size_t left = in->len - in->at;
        if (left == 0) {
            if (!fill(in, 1))
                return false;
            continue;
        }
        size_t step = n < left ? (size_t)n : left;
        in->at += step;
        in->taken += step;
        n -= step;
    }
    return true;
}

uint64_t input_at(const struct input *in)
{
    return in->taken;
}

const char *input_problem(const struct input *in)
{
    return in->problem;
}

bool input_packed(const struct input *in)
{
    return in->packed != NULL;
}

/* At least n bytes in the buffer. */
static bool fill(struct input *in, size_t n)
{
    if (!in->started)
        begin(in);
    while (in->len - in->at < n) {
        if (in->ended || !make_room(in))
            return false;
        size_t more = in->packed != NULL ? unpack(in, in->data + in->len, in->room - in->len)
                                         : raw(in, in->data + in->len, in->room - in->len);
        in->ended = more == 0;
        in->len += more;
    }
    return true;
}

static bool make_room(struct input *in)
{
    if (in->at > 0) {
        bytes_move(in->data, in->data + in->at, in->len - in->at);
        in->len -= in->at;
        in->at = 0;
    }
    if (in->len < in->room)
        return true;
    /* Grows with what has come, not with what a length in the file claims. */
    size_t room = 2 * in->room;
    uint8_t *larger = malloc(room); /* NOLINT(clang-analyzer-optin.portability.UnixAPI): room begins above 0 */
    if (larger == NULL) {
        in->problem = "there is not enough memory for a piece of this size";
        in->ended = true;
        return false;
    }
    bytes_copy(larger, in->data, in->len);
    bytes_wipe(in->data, in->room);
    free(in->data);
    in->data = larger;
    in->room = room;
    return true;
}

/* Looks at the first bytes: gzip or not. */
static void begin(struct input *in)
{
    in->started = true;
    while (in->len < 2) {
        size_t more = raw(in, in->data + in->len, in->room - in->len);
        if (more == 0) {
            in->ended = true;
            return;
        }
        in->len += more;
    }
    if (in->data[0] != 0x1f || in->data[1] != 0x8b)
        return;
    in->packed = malloc(in->len > PACKED_ROOM ? in->len : PACKED_ROOM);
    if (in->packed == NULL || inflateInit2(&in->z, 15 + 16) != Z_OK) {
        free(in->packed);
        in->packed = NULL;
        in->len = 0;
        in->ended = true;
        in->problem = "there is not enough memory to unpack it";
        return;
    }
    in->inflating = true;
    bytes_copy(in->packed, in->data, in->len);
    in->z.next_in = in->packed;
    in->z.avail_in = (uInt)in->len;
    in->len = 0;
}

static size_t unpack(struct input *in, uint8_t *out, size_t size)
{
    in->z.next_out = out;
    in->z.avail_out = (uInt)size;
    while (in->z.avail_out == (uInt)size) {
        if (in->z.avail_in == 0) {
            size_t n = raw(in, in->packed, PACKED_ROOM);
            if (n == 0) {
                if (!in->between && in->problem == NULL)
                    in->problem = "the gzip data is cut";
                break;
            }
            in->z.next_in = in->packed;
            in->z.avail_in = (uInt)n;
        }
        if (in->between) { /* another member, or zeros and rubbish behind the last */
            if (in->z.next_in[0] != 0x1f) {
                if (in->z.next_in[0] != 0)
                    in->problem = "something that is no gzip data follows the gzip data";
                break;
            }
            inflateReset(&in->z);
            in->between = false;
        }
        int result = inflate(&in->z, Z_NO_FLUSH);
        if (result == Z_STREAM_END) {
            in->between = true;
        } else if (result != Z_OK && result != Z_BUF_ERROR) {
            in->problem = "the gzip data is damaged";
            break;
        }
    }
    return size - in->z.avail_out;
}

static size_t raw(struct input *in, uint8_t *out, size_t size)
{
    if (in->fd < 0) {
        size_t n = size < in->memory.len ? size : in->memory.len;
        bytes_copy(out, in->memory.data, n);
        in->memory = bytes_skip(in->memory, n);
        return n;
    }
    for (;;) {
        ssize_t n = read(in->fd, out, size);
        if (n >= 0)
            return (size_t)n;
        if (errno == EINTR)
            continue;
        in->problem = strerror(errno); /* NOLINT(concurrency-mt-unsafe): the tool reads captures in one thread */
        return 0;
    }
}
