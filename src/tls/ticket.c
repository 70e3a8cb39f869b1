/* tls/ticket.c: the keys that seal tickets: AES-256-GCM under a key with a name of 16 bytes and a random nonce. RFC 5077 4
   gives the shape; its own recommendation, CBC with a MAC, is older than AEAD.

   Time is cut into periods as long as a ticket lives. The key of the present period seals; that of the one before it, and
   of the one after it (another machine's clock may be ahead), only open. So a ticket can be opened as long as it lives, and
   no key outlives two periods (RFC 9325 3.4). Without roots the keys are random and gone for good when they are dropped;
   with roots, shared by several processes, each key comes from a root and the period's number, so that all processes
   change keys together without a word between them. The first root seals, all open: a new root is put in front. */
#include <pthread.h>
#include <stdatomic.h>

#include "tls/session.h"

enum { ROOTS_MOST = 4, PERIODS = 3, SLOTS = ROOTS_MOST * PERIODS };

struct slot {
    struct crypto_aead *aead; /* NULL: free */
    int64_t period;
    uint8_t root;
    uint8_t name[TICKET_NAME];
};

struct tickets {
    atomic_uint refs;
    fede_allocator allocator;
    uint32_t lifetime;
    uint8_t roots[ROOTS_MOST][TICKET_KEY];
    uint8_t n_roots;
    pthread_mutex_t lock; /* around all below */
    int64_t period;       /* the slots are right for it */
    bool filled;
    struct slot slots[SLOTS];
};

static bool turn(struct tickets *tickets, const struct crypto_random *random, int64_t now);
static bool fill(struct tickets *tickets, const struct crypto_random *random, uint8_t root, int64_t period);
static struct slot *find(struct tickets *tickets, const uint8_t name[TICKET_NAME]);
static struct slot *sealing(struct tickets *tickets);
static void drop(struct slot *slot);

struct tickets *tickets_new(const fede_allocator *from, uint32_t lifetime, bytes roots)
{
    struct tickets *tickets = memory_take(from, sizeof *tickets);
    if (tickets == NULL)
        return NULL;
    if (pthread_mutex_init(&tickets->lock, NULL) != 0) {
        memory_give(from, tickets, sizeof *tickets);
        return NULL;
    }
    atomic_init(&tickets->refs, 1);
    tickets->allocator = *from;
    tickets->lifetime = lifetime;
    tickets->n_roots = (uint8_t)(roots.len / TICKET_KEY < ROOTS_MOST ? roots.len / TICKET_KEY : ROOTS_MOST);
    bytes_copy(tickets->roots, roots.data, tickets->n_roots * (size_t)TICKET_KEY);
    return tickets;
}

struct tickets *tickets_with_lifetime(struct tickets *tickets, uint32_t lifetime)
{
    return tickets_new(&tickets->allocator, lifetime, bytes_of(tickets->roots, tickets->n_roots * (size_t)TICKET_KEY));
}

struct tickets *tickets_hold(struct tickets *tickets)
{
    atomic_fetch_add_explicit(&tickets->refs, 1, memory_order_relaxed);
    return tickets;
}

void tickets_free(struct tickets *tickets)
{
    if (tickets == NULL || atomic_fetch_sub_explicit(&tickets->refs, 1, memory_order_acq_rel) != 1)
        return;
    fede_allocator from = tickets->allocator;
    for (size_t i = 0; i < SLOTS; i++)
        drop(&tickets->slots[i]);
    pthread_mutex_destroy(&tickets->lock);
    memory_give(&from, tickets, sizeof *tickets);
}

/* ---- Sealing and opening. */

bool tickets_seal(struct tickets *tickets, const struct crypto_random *random, int64_t now, bytes plain, uint8_t *out)
{
    if (!crypto_random(random, out + TICKET_NAME, TICKET_NONCE))
        return false;
    pthread_mutex_lock(&tickets->lock);
    struct slot *slot = turn(tickets, random, now) ? sealing(tickets) : NULL;
    bool sealed = slot != NULL;
    if (sealed) {
        bytes_copy(out, slot->name, TICKET_NAME);
        sealed = crypto_seal(slot->aead, out + TICKET_NAME, bytes_of(out, TICKET_NAME), plain,
                             out + TICKET_NAME + TICKET_NONCE);
    }
    pthread_mutex_unlock(&tickets->lock);
    return sealed;
}

bool tickets_open(struct tickets *tickets, const struct crypto_random *random, int64_t now, bytes ticket,
                  uint8_t *plain, size_t *len, bool *old)
{
    if (ticket.len < TICKET_OVERHEAD)
        return false;
    bytes sealed = bytes_skip(ticket, TICKET_NAME + TICKET_NONCE);
    bytes_copy(plain, sealed.data, sealed.len);
    pthread_mutex_lock(&tickets->lock);
    struct slot *slot = turn(tickets, random, now) ? find(tickets, ticket.data) : NULL;
    bool opened = slot != NULL && crypto_open(slot->aead, ticket.data + TICKET_NAME, bytes_first(ticket, TICKET_NAME),
                                              plain, sealed.len);
    *old = opened && slot != sealing(tickets);
    pthread_mutex_unlock(&tickets->lock);
    *len = opened ? sealed.len - TICKET_TAG : 0;
    return opened;
}

/* ---- Keys come and go. */

/* Makes the slots right for this time. False: the key that seals could not be made. */
static bool turn(struct tickets *tickets, const struct crypto_random *random, int64_t now)
{
    int64_t period = now / tickets->lifetime - (now % tickets->lifetime < 0);
    if (tickets->filled && tickets->period == period)
        return true;
    for (size_t i = 0; i < SLOTS; i++)
        if (tickets->slots[i].period < period - 1 || tickets->slots[i].period > period + 1)
            drop(&tickets->slots[i]);
    tickets->period = period;
    tickets->filled = true;
    for (uint8_t root = 0; root < tickets->n_roots; root++)
        for (int64_t p = period - 1; p <= period + 1; p++)
            tickets->filled &= fill(tickets, random, root, p);
    if (tickets->n_roots == 0)
        tickets->filled = fill(tickets, random, 0, period);
    return tickets->filled;
}

static bool fill(struct tickets *tickets, const struct crypto_random *random, uint8_t root, int64_t period)
{
    struct slot *slot = NULL;
    for (size_t i = 0; i < SLOTS; i++) {
        struct slot *s = &tickets->slots[i];
        if (s->aead != NULL && s->root == root && s->period == period)
            return true;
        if (s->aead == NULL && slot == NULL)
            slot = s;
    }
    uint8_t made[TICKET_NAME + TICKET_KEY];
    bool ok = slot != NULL;
    if (ok && tickets->n_roots > 0)
        ticket_key_of(tickets->roots[root], period, made, made + TICKET_NAME);
    else
        ok = ok && crypto_random(random, made, sizeof made);
    if (ok) {
        slot->aead = crypto_aead_new(AEAD_AES_256_GCM, bytes_of(made + TICKET_NAME, TICKET_KEY));
        slot->period = period;
        slot->root = root;
        bytes_copy(slot->name, made, TICKET_NAME);
        ok = slot->aead != NULL;
    }
    bytes_wipe(made, sizeof made);
    return ok;
}

static struct slot *find(struct tickets *tickets, const uint8_t name[TICKET_NAME])
{
    for (size_t i = 0; i < SLOTS; i++)
        if (tickets->slots[i].aead != NULL && memcmp(tickets->slots[i].name, name, TICKET_NAME) == 0)
            return &tickets->slots[i];
    return NULL;
}

static struct slot *sealing(struct tickets *tickets)
{
    for (size_t i = 0; i < SLOTS; i++) {
        struct slot *s = &tickets->slots[i];
        if (s->aead != NULL && s->root == 0 && s->period == tickets->period)
            return s;
    }
    return NULL;
}

static void drop(struct slot *slot)
{
    crypto_aead_free(slot->aead);
    *slot = (struct slot){0};
}
