/* Bump allocation with a ceiling, wiped and freed as one. Lives as long as a handshake. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/bytes.h"
#include "base/memory.h"

struct arena {
    const fede_allocator *from;
    struct arena_chunk *chunks; /* newest first */
    size_t used, ceiling;       /* bytes taken; most that may be taken */
    bool over;                  /* the ceiling refused something (else NULL means: no memory) */
};

/* first: size of the first chunk, taken on first use. */
void arena_start(struct arena *arena, const fede_allocator *from, size_t ceiling);
/* Zeroed, aligned for any type; NULL when there is none or the ceiling is reached. */
void *arena_take(struct arena *arena, size_t size);
bytes arena_copy(struct arena *arena, bytes from); /* data NULL on failure (also when from is empty) */
/* Wipes and frees everything; the arena may be used again. */
void arena_end(struct arena *arena);

#endif
