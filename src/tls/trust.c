/* tls/trust.c: trust anchors with a count, so that derived configurations share them. Whoever adds to shared ones
   gets a copy of its own first. */
#include "tls/config.h"

struct trust *trust_new(const fede_allocator *from)
{
    struct trust *trust = memory_take(from, sizeof *trust);
    if (trust == NULL)
        return NULL;
    atomic_init(&trust->refs, 1);
    trust->allocator = *from;
    trust->anchors = anchors_new(&trust->allocator);
    if (trust->anchors == NULL) {
        memory_give(from, trust, sizeof *trust);
        return NULL;
    }
    return trust;
}

struct trust *trust_hold(struct trust *trust)
{
    atomic_fetch_add_explicit(&trust->refs, 1, memory_order_relaxed);
    return trust;
}

void trust_free(struct trust *trust)
{
    if (trust == NULL || atomic_fetch_sub_explicit(&trust->refs, 1, memory_order_acq_rel) != 1)
        return;
    fede_allocator from = trust->allocator;
    anchors_free(trust->anchors);
    memory_give(&from, trust, sizeof *trust);
}

struct anchors *trust_own(struct fede_config *config)
{
    struct trust *shared = config->trust;
    if (atomic_load_explicit(&shared->refs, memory_order_acquire) == 1)
        return shared->anchors;
    struct trust *own = trust_new(&config->allocator);
    if (own == NULL)
        return NULL;
    const struct certificate *anchor;
    for (size_t i = 0; (anchor = anchors_at(shared->anchors, i)) != NULL; i++)
        anchors_add(own->anchors, anchor->der);
    if (anchors_count(own->anchors) != anchors_count(shared->anchors)) { /* no memory */
        trust_free(own);
        return NULL;
    }
    config->trust = own;
    trust_free(shared);
    return own->anchors;
}
