/* base/memory.c: the allocator hook.

   Everything fede takes from the heap passes memory_take and goes back through memory_give, which wipes it: whatever
   held a secret holds none afterwards. The raw pair spares large blocks the clearing of what nobody wrote to. The meter serves tests: it counts, and it makes the n-th allocation fail. */
#include "base/memory.h"

#include <stdlib.h>

#include "base/bytes.h"

void *memory_take(const fede_allocator *from, size_t size)
{
    void *p = memory_take_raw(from, size);
    if (p != NULL)
        memset(p, 0, size);
    return p;
}

void *memory_take_raw(const fede_allocator *from, size_t size)
{
    return from->alloc(from->arg, size);
}

void memory_give(const fede_allocator *from, void *p, size_t size)
{
    memory_give_used(from, p, size, size);
}

void memory_give_used(const fede_allocator *from, void *p, size_t size, size_t used)
{
    if (p == NULL)
        return;
    bytes_wipe(p, used);
    from->free(from->arg, p, size);
}

char *memory_text(const fede_allocator *from, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = memory_take(from, size);
    if (copy != NULL)
        bytes_copy(copy, text, size);
    return copy;
}

/* ---- The standard allocator. */

static void *standard_alloc(void *arg, size_t size)
{
    (void)arg;
    return malloc(size > 0 ? size : 1); /* malloc(0) may be NULL, which here means: no memory */
}

static void standard_free(void *arg, void *p, size_t size)
{
    (void)arg;
    (void)size;
    free(p);
}

const fede_allocator memory_standard = {standard_alloc, standard_free, NULL};

/* ---- The meter. */

static void *meter_alloc(void *arg, size_t size)
{
    struct memory_meter *meter = arg;
    meter->calls++;
    if (meter->fail_at != 0 && meter->calls >= meter->fail_at)
        return NULL;
    void *p = malloc(size > 0 ? size : 1);
    if (p == NULL)
        return NULL;
    meter->blocks++;
    meter->live += size;
    if (meter->live > meter->peak)
        meter->peak = meter->live;
    return p;
}

static void meter_free(void *arg, void *p, size_t size)
{
    struct memory_meter *meter = arg;
    if (p == NULL)
        return;
    meter->blocks--;
    meter->live -= size;
    free(p);
}

void memory_meter_start(struct memory_meter *meter)
{
    *meter = (struct memory_meter){.allocator = {meter_alloc, meter_free, meter}};
}
