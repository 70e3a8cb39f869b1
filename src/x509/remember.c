/* Signatures that were verified before: a bounded table shared by any number of threads, without a lock.

   An entry is the HMAC-SHA256, under a random key of the table's own, of a certificate and its issuer's public key. Nothing
   else is remembered: dates, names, constraints and revocation are judged each time. An entry is four words written one by
   one; one that two threads write at once is a mixture that no certificate has. Only good signatures are entered. */
#include <stdatomic.h>

#include "crypto/crypto.h"
#include "fede/verify.h"
#include "x509/remember.h"

enum { WORDS = 4, MOST = 1 << 20 };

struct fede_signatures {
    atomic_uint refs;
    fede_allocator allocator;
    size_t size;
    size_t mask; /* entries - 1 */
    struct crypto_hmac key;
    _Atomic uint64_t entries[][WORDS];
};

static void digest_of(const fede_signatures *s, bytes certificate, bytes issuer_key, uint64_t out[WORDS]);
static bool holds(const fede_signatures *s, const uint64_t digest[WORDS], size_t at);
static size_t place(const fede_signatures *s, const uint64_t digest[WORDS], int which);

fede_signatures *fede_signatures_new(size_t most)
{
    return fede_signatures_new_with(most, &memory_standard);
}

fede_signatures *fede_signatures_new_with(size_t most, const fede_allocator *allocator)
{
    uint8_t key[32];
    size_t entries = 8;
    while (entries < most && entries < MOST)
        entries *= 2;
    if (most == 0 || most > MOST || !crypto_start() || !crypto_random(NULL, key, sizeof key))
        return NULL;
    const size_t size = sizeof(struct fede_signatures) + entries * WORDS * sizeof(uint64_t);
    struct fede_signatures *s = memory_take(allocator, size);
    if (s != NULL) {
        s->allocator = *allocator;
        s->size = size;
        s->mask = entries - 1;
        atomic_init(&s->refs, 1);
        crypto_hmac_key(&s->key, HASH_SHA256, BYTES_OF(key));
    }
    bytes_wipe(key, sizeof key);
    return s;
}

fede_signatures *signatures_hold(fede_signatures *s)
{
    if (s != NULL)
        atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void fede_signatures_free(fede_signatures *s)
{
    if (s == NULL || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    fede_allocator from = s->allocator;
    memory_give(&from, s, s->size);
}

bool signatures_has(const fede_signatures *s, bytes certificate, bytes issuer_key)
{
    uint64_t digest[WORDS];
    digest_of(s, certificate, issuer_key, digest);
    return holds(s, digest, place(s, digest, 0)) || holds(s, digest, place(s, digest, 1));
}

void signatures_add(fede_signatures *s, bytes certificate, bytes issuer_key)
{
    uint64_t digest[WORDS];
    digest_of(s, certificate, issuer_key, digest);
    size_t first = place(s, digest, 0);
    bool taken = atomic_load_explicit(&s->entries[first][0], memory_order_relaxed) != 0;
    _Atomic uint64_t *entry = s->entries[taken ? place(s, digest, 1) : first];
    for (size_t i = 0; i < WORDS; i++)
        atomic_store_explicit(&entry[i], digest[i], memory_order_relaxed);
}

static void digest_of(const fede_signatures *s, bytes certificate, bytes issuer_key, uint64_t out[WORDS])
{
    uint8_t mac[WORDS * 8], length[8];
    store64(length, certificate.len);
    crypto_hmac_of(&s->key, BYTES_OF(length), certificate, issuer_key, mac);
    for (size_t i = 0; i < WORDS; i++)
        out[i] = (uint64_t)load32(mac + 8 * i) << 32 | load32(mac + 8 * i + 4);
}

/* Two places are possible for each. */
static size_t place(const fede_signatures *s, const uint64_t digest[WORDS], int which)
{
    return (which == 0 ? digest[1] : digest[2]) & s->mask;
}

static bool holds(const fede_signatures *s, const uint64_t digest[WORDS], size_t at)
{
    uint64_t differs = 0;
    for (size_t i = 0; i < WORDS; i++)
        differs |= digest[i] ^ atomic_load_explicit(&s->entries[at][i], memory_order_relaxed);
    return differs == 0;
}
