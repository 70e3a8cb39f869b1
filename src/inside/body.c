/* inside/body.c: content codings undone (RFC 9110 8.4.1): gzip and deflate by zlib, br by Google's library where fede was built
   with it. Unpacked piece by piece in a fixed room; who takes the pieces decides when it is enough. "deflate" is zlib's format,
   but some send bare deflate: what does not begin as the one is read as the other. */
#include <zlib.h>

#ifdef FEDE_BROTLI
#include <brotli/decode.h>
#endif

#include "inside/parts.h"

enum { PIECE = 32 * 1024 };

struct decoder {
    z_stream zlib;
    bool brotli, deflate, started, done;
#ifdef FEDE_BROTLI
    BrotliDecoderState *state;
#endif
    uint8_t piece[PIECE];
};

const char *decoder_name(bytes coding)
{
    if (header_is(coding, "gzip") || header_is(coding, "x-gzip"))
        return "gzip";
    if (header_is(coding, "deflate"))
        return "deflate";
#ifdef FEDE_BROTLI
    if (header_is(coding, "br"))
        return "br";
#endif
    return NULL;
}

struct decoder *decoder_new(const char *name)
{
    struct decoder *d = calloc(1, sizeof *d);
    if (d == NULL)
        return NULL;
    d->brotli = strcmp(name, "br") == 0;
    d->deflate = strcmp(name, "deflate") == 0;
    bool good = false;
#ifdef FEDE_BROTLI
    if (d->brotli)
        good = (d->state = BrotliDecoderCreateInstance(NULL, NULL, NULL)) != NULL;
#endif
    if (!d->brotli)
        good = inflateInit2(&d->zlib, 15 + 32) == Z_OK; /* gzip or zlib, by its first bytes */
    if (!good) {
        free(d);
        return NULL;
    }
    return d;
}

void decoder_free(struct decoder *d)
{
    if (d == NULL)
        return;
#ifdef FEDE_BROTLI
    if (d->brotli)
        BrotliDecoderDestroyInstance(d->state);
#endif
    if (!d->brotli)
        inflateEnd(&d->zlib);
    bytes_wipe(d->piece, sizeof d->piece);
    free(d);
}

bool decoder_done(const struct decoder *d)
{
    return d->done;
}

#ifdef FEDE_BROTLI
static const char *take_brotli(struct decoder *d, bytes data, bool (*out)(void *arg, bytes plain), void *arg)
{
    const uint8_t *in = data.data;
    size_t left = data.len;
    for (;;) {
        uint8_t *to = d->piece;
        size_t room = sizeof d->piece;
        BrotliDecoderResult r = BrotliDecoderDecompressStream(d->state, &left, &in, &room, &to, NULL);
        if (r == BROTLI_DECODER_RESULT_ERROR)
            return "the packed content is damaged";
        if (room < sizeof d->piece && !out(arg, bytes_of(d->piece, sizeof d->piece - room)))
            return "it unpacks to more than is shown here";
        d->done = r == BROTLI_DECODER_RESULT_SUCCESS;
        if (r != BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT)
            return NULL;
    }
}
#endif

static const char *take_zlib(struct decoder *d, bytes data, bool (*out)(void *arg, bytes plain), void *arg)
{
    bool fresh = !d->started;
    d->started = true;
    d->zlib.next_in = (Bytef *)(uintptr_t)data.data;
    d->zlib.avail_in = (uInt)data.len;
    for (;;) {
        d->zlib.next_out = d->piece;
        d->zlib.avail_out = sizeof d->piece;
        int r = inflate(&d->zlib, Z_NO_FLUSH);
        if (r == Z_DATA_ERROR && fresh && d->deflate && d->zlib.total_out == 0 &&
            inflateReset2(&d->zlib, -15) == Z_OK) {
            fresh = false;
            d->zlib.next_in = (Bytef *)(uintptr_t)data.data;
            d->zlib.avail_in = (uInt)data.len;
            continue;
        }
        if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
            return "the packed content is damaged";
        size_t n = sizeof d->piece - d->zlib.avail_out;
        if (n > 0 && !out(arg, bytes_of(d->piece, n)))
            return "it unpacks to more than is shown here";
        if (r == Z_STREAM_END) {
            d->done = true;
            if (d->zlib.avail_in == 0 || d->deflate)
                return NULL;
            /* RFC 1952 2.2: a file may have several members. */
            if (inflateReset(&d->zlib) != Z_OK)
                return "the packed content is damaged";
            continue;
        }
        if (d->zlib.avail_out > 0)
            return NULL;
    }
}

const char *decoder_take(struct decoder *d, bytes data, bool (*out)(void *arg, bytes plain), void *arg)
{
    if (data.len == 0)
        return NULL;
    if (data.len > UINT32_MAX / 2)
        return "a piece of content has a size beyond reason";
#ifdef FEDE_BROTLI
    if (d->brotli)
        return take_brotli(d, data, out, arg);
#endif
    return take_zlib(d, data, out, arg);
}
