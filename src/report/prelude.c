/* report/prelude.c: the dialogues in front of TLS are short (SMTP's STARTTLS, CONNECT to a proxy); what is longer and no HTTP is
   forgotten, so that captures full of other things cost nothing. */
#include "report/prelude.h"

#include <stdlib.h>

#include "inside/inside.h"

enum { KEPT_MOST = 16 * 1024, PIECES_MOST = 400 };

struct piece {
    struct piece *next;
    uint64_t at_us, packet;
    size_t len;
    int side;
    bool gap;
    uint8_t data[];
};

struct prelude {
    struct piece *first, **last;
    size_t bytes, pieces;
    bool forgotten; /* of no interest any more */
};

static bool is_http(bytes data, uint8_t from)
{
    enum inside_form form = inside_guess(data, from);
    return form == INSIDE_HTTP1 || form == INSIDE_HTTP2;
}

static void clear(struct prelude *p)
{
    while (p->first != NULL) {
        struct piece *piece = p->first;
        p->first = piece->next;
        bytes_wipe(piece->data, piece->len);
        free(piece);
    }
    p->last = &p->first;
    p->bytes = p->pieces = 0;
}

bool prelude_take(struct prelude **at, int side, bytes data, uint64_t at_us, uint64_t packet)
{
    if (*at == NULL && (*at = calloc(1, sizeof **at)) == NULL)
        return false;
    struct prelude *p = *at;
    if (p->last == NULL)
        p->last = &p->first;
    if (p->forgotten)
        return false;
    struct piece *piece = malloc(sizeof *piece + data.len);
    if (piece == NULL)
        return false;
    *piece = (struct piece){.at_us = at_us, .packet = packet, .len = data.len, .side = side, .gap = data.data == NULL};
    bytes_copy(piece->data, data.data, data.len);
    *p->last = piece;
    p->last = &piece->next;
    p->bytes += data.len;
    if (++p->pieces < PIECES_MOST && p->bytes < KEPT_MOST)
        return false;
    if (prelude_is_http(p))
        return true;
    clear(p);
    p->forgotten = true;
    return false;
}

bool prelude_is_http(const struct prelude *p)
{
    if (p == NULL || p->forgotten || p->first == NULL)
        return false;
    bytes first = bytes_of(p->first->data, p->first->len);
    return is_http(first, FEDE_CLIENT) || is_http(first, FEDE_SERVER);
}

void prelude_replay(struct prelude **at, void (*hand)(void *arg, int side, bytes data, uint64_t at_us, uint64_t packet),
                    void *arg)
{
    struct prelude *p = *at;
    for (const struct piece *piece = p != NULL ? p->first : NULL; piece != NULL; piece = piece->next)
        hand(arg, piece->side, piece->gap ? BYTES_NONE : bytes_of(piece->data, piece->len), piece->at_us,
             piece->packet);
    prelude_free(at);
}

void prelude_free(struct prelude **at)
{
    if (*at == NULL)
        return;
    clear(*at);
    free(*at);
    *at = NULL;
}
