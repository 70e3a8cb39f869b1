/* base/arena.c: bump allocation with a ceiling.

   A list of chunks, newest first. What does not fit into the newest chunk opens a new one, twice as large as the last
   or as large as needed. The first holds a server's handshake, with the hellos of common clients. Nothing is given back alone; arena_end wipes and frees all. The ceiling counts the bytes
   taken, so it bounds what a peer can make a handshake hold. */
#include "base/arena.h"

#include <stdalign.h>

struct arena_chunk {
    struct arena_chunk *older;
    size_t size, used; /* of data */
    alignas(max_align_t) uint8_t data[];
};

enum {
    FIRST_CHUNK = 5120 - sizeof(struct arena_chunk),
    SECOND_CHUNK = 8192 - sizeof(struct arena_chunk),
    LARGEST_CHUNK = 32768
};

static struct arena_chunk *grow(struct arena *arena, size_t size);

void arena_start(struct arena *arena, const fede_allocator *from, size_t ceiling)
{
    *arena = (struct arena){.from = from, .ceiling = ceiling};
}

void *arena_take(struct arena *arena, size_t size)
{
    const size_t unit = alignof(max_align_t);
    if (size > arena->ceiling || arena->ceiling - size < arena->used) {
        arena->over = true;
        return NULL;
    }
    /* Rounding can't overflow: no ceiling is near SIZE_MAX, and chunks are multiples of the unit. */
    size_t rounded = (size + unit - 1) / unit * unit;
    if (rounded < size)
        return NULL;
    struct arena_chunk *chunk = arena->chunks;
    if (chunk == NULL || chunk->size - chunk->used < rounded)
        chunk = grow(arena, rounded);
    if (chunk == NULL)
        return NULL;
    uint8_t *p = chunk->data + chunk->used;
    memset(p, 0, rounded);
    chunk->used += rounded;
    arena->used = rounded < arena->ceiling - arena->used ? arena->used + rounded : arena->ceiling;
    return p;
}

bytes arena_copy(struct arena *arena, bytes from)
{
    if (from.len == 0)
        return BYTES_NONE;
    uint8_t *p = arena_take(arena, from.len);
    if (p == NULL)
        return BYTES_NONE;
    bytes_copy(p, from.data, from.len);
    return bytes_of(p, from.len);
}

void arena_end(struct arena *arena)
{
    struct arena_chunk *chunk = arena->chunks;
    while (chunk != NULL) {
        struct arena_chunk *older = chunk->older;
        memory_give_used(arena->from, chunk, sizeof *chunk + chunk->size, sizeof *chunk + chunk->used);
        chunk = older;
    }
    arena->chunks = NULL;
    arena->used = 0;
    arena->over = false;
}

static struct arena_chunk *grow(struct arena *arena, size_t size)
{
    const struct arena_chunk *last = arena->chunks;
    size_t room = last == NULL ? FIRST_CHUNK : last->size <= FIRST_CHUNK ? SECOND_CHUNK : last->size * 2;
    if (room > LARGEST_CHUNK)
        room = LARGEST_CHUNK;
    if (room < size)
        room = size;
    struct arena_chunk *chunk = memory_take_raw(arena->from, sizeof *chunk + room);
    if (chunk == NULL)
        return NULL;
    *chunk = (struct arena_chunk){.older = arena->chunks, .size = room};
    arena->chunks = chunk;
    return chunk;
}
