/* The allocator hook, and allocators for tests: one that counts, one whose n-th call fails. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include "fede/types.h"

/* malloc and free. */
extern const fede_allocator memory_standard;

/* NULL when there is none; the bytes are zero. */
void *memory_take(const fede_allocator *from, size_t size);
/* Wipes, then frees. NULL is fine. */
void memory_give(const fede_allocator *from, void *p, size_t size);
/* For large blocks of which little may be used: bytes of any value, and wiped only up to the end of what was written. */
void *memory_take_raw(const fede_allocator *from, size_t size);
void memory_give_used(const fede_allocator *from, void *p, size_t size, size_t used);
/* A copy of text with its NUL; give back strlen + 1 bytes. */
char *memory_text(const fede_allocator *from, const char *text);

/* Counts calls and bytes in use; fails call number fail_at (from 1) and all after it when fail_at is not 0. */
struct memory_meter {
    fede_allocator allocator;   /* hand this to what is measured */
    size_t calls, live, peak, blocks;
    size_t fail_at;
};
void memory_meter_start(struct memory_meter *meter);

#endif
