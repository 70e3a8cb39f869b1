/* explain/lineage.c: a table of fixed size, so that no capture makes it grow: each name has one place, and the later one wins. */
#include "explain/lineage.h"

#include <stdlib.h>

#include "crypto/crypto.h"

enum { SLOTS = 16384 };

static void mark_of(enum lineage_kind kind, bytes name, uint8_t mark[32])
{
    const uint8_t first = (uint8_t)kind;
    struct crypto_hash h;
    crypto_hash_start(&h, HASH_SHA256);
    crypto_hash_add(&h, bytes_of(&first, 1));
    crypto_hash_add(&h, name);
    crypto_hash_end(&h, mark);
}

void lineage_add(struct lineage *l, enum lineage_kind kind, bytes name, const struct ancestor *a)
{
    if (l == NULL || name.len == 0 || (l->slots == NULL && (l->slots = calloc(SLOTS, sizeof *l->slots)) == NULL))
        return;
    uint8_t mark[32];
    mark_of(kind, name, mark);
    struct ancestor *slot = &l->slots[load32(mark) % SLOTS];
    *slot = *a;
    bytes_copy(slot->mark, mark, sizeof mark);
}

struct ancestor *lineage_find(struct lineage *l, enum lineage_kind kind, bytes name)
{
    uint8_t mark[32];
    if (l == NULL || l->slots == NULL || name.len == 0)
        return NULL;
    mark_of(kind, name, mark);
    struct ancestor *slot = &l->slots[load32(mark) % SLOTS];
    return slot->connection != 0 && memcmp(slot->mark, mark, sizeof mark) == 0 ? slot : NULL;
}

void lineage_end(struct lineage *l)
{
    if (l->slots != NULL)
        bytes_wipe(l->slots, SLOTS * sizeof *l->slots);
    free(l->slots);
    l->slots = NULL;
}
