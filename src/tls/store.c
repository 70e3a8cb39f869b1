/* tls/store.c: sessions of a server by session id, in memory: bounded, the oldest makes room for the newest. Shared by any
   number of configurations and threads, with one lock around moments of copying. RFC 5246 7.4.1.2, F.1.4. */
#include <pthread.h>
#include <stdatomic.h>

#include "base/memory.h"
#include "tls/session.h"

struct kept {
    struct kept *next; /* in its bucket */
    size_t slot;       /* in the ring */
    int64_t until;
    uint32_t len;
    uint8_t id[SESSION_ID_LEN];
    uint8_t data[];
};

struct fede_store {
    atomic_uint refs;
    fede_allocator allocator;
    pthread_mutex_t lock; /* around all below */
    size_t most, count, oldest;
    struct kept **ring;    /* most places, in the order of coming */
    struct kept **buckets; /* as many */
};

static struct kept **place_of(struct fede_store *store, bytes id);
static void take_out(struct fede_store *store, struct kept **place);

fede_store *fede_store_new(size_t most)
{
    return fede_store_new_with(most, &memory_standard);
}

fede_store *fede_store_new_with(size_t most, const fede_allocator *allocator)
{
    enum { MOST = 1 << 24 };
    if (most == 0 || most > MOST)
        return NULL;
    struct fede_store *store = memory_take(allocator, sizeof *store);
    if (store == NULL)
        return NULL;
    store->allocator = *allocator;
    store->most = most;
    atomic_init(&store->refs, 1);
    bool locked = pthread_mutex_init(&store->lock, NULL) == 0;
    store->ring = memory_take(allocator, most * sizeof(struct kept *));
    store->buckets = memory_take(allocator, most * sizeof(struct kept *));
    if (locked && store->ring != NULL && store->buckets != NULL)
        return store;
    memory_give(allocator, store->ring, most * sizeof(struct kept *));
    memory_give(allocator, store->buckets, most * sizeof(struct kept *));
    memory_give(allocator, store, sizeof *store);
    return NULL;
}

fede_store *store_hold(fede_store *store)
{
    atomic_fetch_add_explicit(&store->refs, 1, memory_order_relaxed);
    return store;
}

void fede_store_free(fede_store *store)
{
    if (store == NULL || atomic_fetch_sub_explicit(&store->refs, 1, memory_order_acq_rel) != 1)
        return;
    fede_allocator from = store->allocator;
    for (size_t i = 0; i < store->most; i++)
        if (store->ring[i] != NULL)
            memory_give(&from, store->ring[i], sizeof *store->ring[i] + store->ring[i]->len);
    pthread_mutex_destroy(&store->lock);
    memory_give(&from, store->ring, store->most * sizeof(struct kept *));
    memory_give(&from, store->buckets, store->most * sizeof(struct kept *));
    memory_give(&from, store, sizeof *store);
}

bool store_put(fede_store *store, const uint8_t id[SESSION_ID_LEN], bytes session, int64_t until)
{
    struct kept *kept = memory_take(&store->allocator, sizeof *kept + session.len);
    if (kept == NULL)
        return false;
    kept->len = (uint32_t)session.len;
    kept->until = until;
    bytes_copy(kept->id, id, SESSION_ID_LEN);
    bytes_copy(kept->data, session.data, session.len);
    pthread_mutex_lock(&store->lock);
    struct kept **place = place_of(store, bytes_of(id, SESSION_ID_LEN));
    if (*place != NULL)
        take_out(store, place);
    struct kept *old = store->ring[store->oldest];
    if (old != NULL)
        take_out(store, place_of(store, BYTES_OF(old->id)));
    place = place_of(store, bytes_of(id, SESSION_ID_LEN));
    *place = kept;
    kept->slot = store->oldest;
    store->ring[store->oldest] = kept;
    store->oldest = (store->oldest + 1) % store->most;
    store->count++;
    pthread_mutex_unlock(&store->lock);
    return true;
}

size_t store_get(fede_store *store, bytes id, int64_t now, uint8_t *out, size_t size)
{
    size_t len = 0;
    if (id.len != SESSION_ID_LEN)
        return 0;
    pthread_mutex_lock(&store->lock);
    struct kept **place = place_of(store, id);
    if (*place != NULL && (*place)->until <= now)
        take_out(store, place);
    else if (*place != NULL && (*place)->len <= size) {
        len = (*place)->len;
        bytes_copy(out, (*place)->data, len);
    }
    pthread_mutex_unlock(&store->lock);
    return len;
}

void store_forget(fede_store *store, bytes id)
{
    if (id.len != SESSION_ID_LEN)
        return;
    pthread_mutex_lock(&store->lock);
    struct kept **place = place_of(store, id);
    if (*place != NULL)
        take_out(store, place);
    pthread_mutex_unlock(&store->lock);
}

size_t store_count(fede_store *store)
{
    pthread_mutex_lock(&store->lock);
    size_t count = store->count;
    pthread_mutex_unlock(&store->lock);
    return count;
}

/* Where the entry is linked, or where it would be. Ids are random: their first bytes spread well, and a peer that makes
   ids up puts nothing here. */
static struct kept **place_of(struct fede_store *store, bytes id)
{
    struct kept **place = &store->buckets[load32(id.data) % store->most];
    while (*place != NULL && memcmp((*place)->id, id.data, SESSION_ID_LEN) != 0)
        place = &(*place)->next;
    return place;
}

static void take_out(struct fede_store *store, struct kept **place)
{
    struct kept *kept = *place;
    *place = kept->next;
    store->ring[kept->slot] = NULL;
    store->count--;
    memory_give(&store->allocator, kept, sizeof *kept + kept->len);
}
