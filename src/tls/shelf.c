/* tls/shelf.c: byte strings by number, in one piece of memory, counted and never changed: OCSP responses by credential,
   revocation lists. Derived configurations share them; a setting makes a new shelf and lets go of the old one. */
#include "tls/config.h"

struct shelf {
    atomic_uint refs;
    fede_allocator allocator;
    size_t size, n;
    bytes at[]; /* what they point to stands behind them */
};

struct shelf *shelf_put(const fede_allocator *from, const struct shelf *old, size_t i, bytes value)
{
    size_t n = shelf_count(old) > i ? shelf_count(old) : i + 1, size = sizeof(struct shelf) + n * sizeof(bytes);
    size_t at = size;
    for (size_t k = 0; k < n; k++)
        size += k == i ? value.len : shelf_at(old, k).len;
    struct shelf *shelf = memory_take(from, size);
    if (shelf == NULL)
        return NULL;
    atomic_init(&shelf->refs, 1);
    shelf->allocator = *from;
    shelf->size = size;
    shelf->n = n;
    for (size_t k = 0; k < n; k++) {
        bytes item = k == i ? value : shelf_at(old, k);
        shelf->at[k] = bytes_of((uint8_t *)shelf + at, item.len);
        bytes_copy((uint8_t *)shelf + at, item.data, item.len);
        at += item.len;
    }
    return shelf;
}

void shelf_hold(struct shelf *shelf)
{
    if (shelf != NULL)
        atomic_fetch_add_explicit(&shelf->refs, 1, memory_order_relaxed);
}

void shelf_free(struct shelf *shelf)
{
    if (shelf == NULL || atomic_fetch_sub_explicit(&shelf->refs, 1, memory_order_acq_rel) != 1)
        return;
    fede_allocator from = shelf->allocator;
    memory_give(&from, shelf, shelf->size);
}

bytes shelf_at(const struct shelf *shelf, size_t i)
{
    return i < shelf_count(shelf) ? shelf->at[i] : BYTES_NONE;
}

size_t shelf_count(const struct shelf *shelf)
{
    return shelf != NULL ? shelf->n : 0;
}

const bytes *shelf_all(const struct shelf *shelf)
{
    return shelf != NULL ? shelf->at : NULL;
}
