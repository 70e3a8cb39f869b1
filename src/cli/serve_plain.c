/* The engine's shape without TLS: bytes pass as they are. For `fede serve --plain`, which shows what a listener on the
   way sees of plain HTTP. The calls mean what those of fede/fede.h mean. */
#include <errno.h>
#include <stdlib.h>

#include "cli/serve.h"

struct plain {
    uint8_t *in, *out; /* there while they hold something, RECORD_MOST bytes each */
    size_t in_at, in_end, out_at, out_end;
    unsigned ending;
    fede_error error;
};

struct plain *plain_new(void)
{
    return calloc(1, sizeof(struct plain));
}

void plain_free(struct plain *plain)
{
    if (!plain)
        return;
    free(plain->in);
    free(plain->out);
    free(plain);
}

unsigned plain_needs(const struct plain *plain)
{
    unsigned ended = plain->ending & (FEDE_TRANSPORT_ENDED | FEDE_ENDED_BADLY), needs = 0;
    if (plain->ending & FEDE_ENDED_BADLY)
        return FEDE_OVER;
    if (plain->out_at < plain->out_end)
        needs |= FEDE_SEND;
    else if (!(plain->ending & FEDE_WE_CLOSED))
        needs |= FEDE_WRITE;
    else if (ended)
        return FEDE_OVER;
    if (plain->in_at < plain->in_end)
        needs |= FEDE_READ;
    else if (!ended)
        needs |= FEDE_RECEIVE;
    return needs;
}

static void fail(struct plain *plain, fede_reason reason)
{
    plain->ending |= FEDE_ENDED_BADLY;
    if (!plain->error.reason)
        plain->error = (fede_error){.reason = (uint16_t)reason,
                                    .alert = FEDE_ALERT_NONE,
                                    .origin = FEDE_ORIGIN_TRANSPORT,
                                    .message = 0xffff,
                                    .certificate = 0xffff,
                                    .offset = UINT32_MAX};
}

fede_bytes plain_to_send(struct plain *plain)
{
    return (fede_bytes){plain->out + plain->out_at, plain->out_end - plain->out_at};
}

void plain_sent(struct plain *plain, ptrdiff_t n)
{
    if (n < 0)
        fail(plain, FEDE_TRANSPORT_RESET);
    else
        plain->out_at += (size_t)n;
}

fede_room plain_to_fill(struct plain *plain)
{
    if (!plain->in && !(plain->in = malloc(RECORD_MOST))) {
        fail(plain, FEDE_OUT_OF_MEMORY);
        return (fede_room){NULL, 0};
    }
    plain->in_at = plain->in_end = 0;
    return (fede_room){plain->in, RECORD_MOST};
}

void plain_received(struct plain *plain, ptrdiff_t n)
{
    if (n > 0)
        plain->in_end = (size_t)n;
    else if (n < 0)
        fail(plain, FEDE_TRANSPORT_RESET);
    else
        plain->ending |= FEDE_TRANSPORT_ENDED | FEDE_PEER_CLOSED; /* without TLS nobody can tell them apart */
}

fede_bytes plain_plaintext(struct plain *plain)
{
    return (fede_bytes){plain->in + plain->in_at, plain->in_end - plain->in_at};
}

void plain_consumed(struct plain *plain, size_t n)
{
    plain->in_at += n;
}

size_t plain_write(struct plain *plain, fede_bytes data)
{
    if (!(plain_needs(plain) & FEDE_WRITE))
        return 0;
    if (!plain->out && !(plain->out = malloc(RECORD_MOST))) {
        fail(plain, FEDE_OUT_OF_MEMORY);
        return 0;
    }
    plain->out_at = 0;
    plain->out_end = data.len < RECORD_MOST ? data.len : RECORD_MOST;
    bytes_copy(plain->out, data.data, plain->out_end);
    return plain->out_end;
}

void plain_close(struct plain *plain)
{
    plain->ending |= FEDE_WE_CLOSED;
}

unsigned plain_ending(const struct plain *plain)
{
    return plain->ending;
}

const fede_error *plain_error(const struct plain *plain)
{
    return plain->error.reason ? &plain->error : NULL;
}

void plain_release_buffers(struct plain *plain)
{
    if (plain->in_at == plain->in_end) {
        free(plain->in);
        plain->in = NULL;
        plain->in_at = plain->in_end = 0;
    }
    if (plain->out_at == plain->out_end) {
        free(plain->out);
        plain->out = NULL;
        plain->out_at = plain->out_end = 0;
    }
}
