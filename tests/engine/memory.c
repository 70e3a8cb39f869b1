/* engine/memory.c: memory as a promise. How many allocations a handshake takes and how many bytes an idle connection keeps,
   with limits; and every allocation failing in turn, alone and with all that follow, in the configuration and over a full
   handshake, fede's own and libcrypto's: always a clean error, never a leak. */
#include <openssl/crypto.h>

#include "base/error.h"
#include "flows.h"

static size_t passed, failed;

static void check(bool good, const char *what, size_t n)
{
    if (good)
        passed++;
    else if (++failed < 20)
        printf("not ok: %s (%zu)\n", what, n);
}

/* ---- An allocator whose n-th call fails, alone or with all after it. */

struct failing {
    fede_allocator allocator;
    size_t calls, blocks, live, peak, fail_at;
    bool and_after;
};

static bool must_fail(size_t calls, size_t fail_at, bool and_after)
{
    return fail_at != 0 && (and_after ? calls >= fail_at : calls == fail_at);
}

static void *failing_alloc(void *arg, size_t size)
{
    struct failing *f = arg;
    if (must_fail(++f->calls, f->fail_at, f->and_after))
        return NULL;
    void *p = calloc(1, size); /* what nobody wrote to needs no wiping */
    f->blocks++;
    f->live += size;
    f->peak = f->live > f->peak ? f->live : f->peak;
    return p;
}

static uint8_t not_wiped; /* whatever may have held a secret must go back as zeros */

static void failing_free(void *arg, void *p, size_t size)
{
    struct failing *f = arg;
    for (size_t i = 0; i < size; i++)
        not_wiped |= ((uint8_t *)p)[i];
    f->blocks--;
    f->live -= size;
    free(p);
}

static void failing_start(struct failing *f)
{
    *f = (struct failing){.allocator = {failing_alloc, failing_free, NULL}};
    f->allocator.arg = f;
}

/* The same for libcrypto: it wants functions without an argument, and before its first allocation. */
static struct failing crypto_memory;

static void *crypto_alloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return must_fail(++crypto_memory.calls, crypto_memory.fail_at, crypto_memory.and_after) ? NULL : malloc(size);
}

static void *crypto_realloc(void *p, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return must_fail(++crypto_memory.calls, crypto_memory.fail_at, crypto_memory.and_after) ? NULL : realloc(p, size);
}

static void crypto_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

/* ---- Figures. */

static void measure(const char *key)
{
    struct failing client, server;
    failing_start(&client);
    failing_start(&server);
    fede_config *cc = pair_client_config(&client.allocator), *sc = pair_server_config(&server.allocator, key);
    const char *const protocols[] = {"h2", "http/1.1"};
    fede_config_alpn(cc, protocols, 2);
    fede_config_alpn(sc, protocols, 2);
    size_t client_live = client.live, server_live = server.live, client_calls = client.calls,
           server_calls = server.calls;
    size_t crypto_calls = crypto_memory.calls;
    client.peak = client.live;
    server.peak = server.live;
    struct pair pair = {0};
    pair_start(&pair, cc, sc, NULL);
    check(pair_pump(&pair) && pair_established(pair.client) && pair_established(pair.server), "the handshake fails", 0);
    size_t calls[2] = {client.calls - client_calls, server.calls - server_calls};
    crypto_calls = crypto_memory.calls - crypto_calls;
    size_t warm[2] = {client.live - client_live, server.live - server_live};
    fede_release_buffers(pair.client);
    fede_release_buffers(pair.server);
    size_t idle[2] = {client.live - client_live, server.live - server_live};
    check(pair_exchange(&pair, 1024), "data after a rest", 0);
    fede_release_buffers(pair.client);
    fede_release_buffers(pair.server);
    check(client.live - client_live == idle[0] && server.live - server_live == idle[1], "a rest after data frees less",
          0);
    fede_needs(pair.client);
    check(fede_to_fill(pair.client).len == 5 && client.live - client_live == idle[0],
          "waiting for a record takes memory", 0);
    printf("%-8s client: %zu allocations, %zu bytes at the peak, %zu behind the handshake, %zu idle\n", key, calls[0],
           client.peak - client_live, warm[0], idle[0]);
    printf("%-8s server: %zu allocations, %zu bytes at the peak, %zu behind the handshake, %zu idle\n", "", calls[1],
           server.peak - server_live, warm[1], idle[1]);
    printf("%-8s libcrypto: %zu allocations, both sides\n", "", crypto_calls);
    for (int i = 0; i < 2; i++) {
        check(calls[i] <= 8, "more than 8 allocations in a handshake", calls[i]);
        check(idle[i] <= 1024, "more than 1024 bytes idle", idle[i]);
    }
    pair_end(&pair);
    fede_config_free(cc);
    fede_config_free(sc);
    check(client.blocks == 0 && server.blocks == 0 && client.live == 0 && server.live == 0, "blocks are left",
          client.blocks);
}

/* ---- Every allocation fails in turn. */

/* True when the failing allocation was reached. */
static bool handshake_with(struct failing *f, bool for_client, size_t n, bool and_after)
{
    fede_config *cc = pair_client_config(for_client ? &f->allocator : NULL);
    fede_config *sc = pair_server_config(for_client ? NULL : &f->allocator, "rsa");
    size_t before = f->blocks, calls = f->calls;
    f->fail_at = calls + n;
    f->and_after = and_after;
    struct pair pair = {0};
    pair_start(&pair, cc, sc, NULL);
    bool ended = pair_pump(&pair);
    fede_conn *victim = for_client ? pair.client : pair.server, *other = for_client ? pair.server : pair.client;
    bool reached = f->calls >= f->fail_at;
    check(ended, "the exchange does not end", n);
    if (!reached)
        check(victim != NULL && pair_established(victim) && pair_established(other), "the handshake fails", n);
    else if (victim != NULL) {
        const fede_error *error = fede_conn_error(victim);
        check(error != NULL && error->reason == FEDE_OUT_OF_MEMORY, "the reason is not the lack of memory", n);
        check(!pair_established(victim) && (fede_needs(victim) & FEDE_OVER), "not over", n);
        if (!and_after && other != NULL && fede_conn_error(other) != NULL)
            check(pair_alert(other) == FEDE_ALERT_INTERNAL_ERROR, "the other side gets no internal_error", n);
    }
    pair_end(&pair);
    check(f->blocks == before, "a leak", n);
    f->fail_at = 0;
    fede_config_free(cc);
    fede_config_free(sc);
    return reached;
}

static void fail_handshakes(void)
{
    for (int variant = 0; variant < 4; variant++) {
        struct failing f;
        failing_start(&f);
        size_t n = 1;
        while (n < 1000 && handshake_with(&f, variant & 1, n, variant & 2))
            n++;
        check(n > 3 && n < 1000, "the count of allocations is odd", n);
        check(f.blocks == 0, "blocks are left", f.blocks);
    }
}

/* Every kind of handshake: what it takes at its peak, and each allocation of each side failing in turn. The connections
   are there before. True when the failing allocation was reached. */
static bool flow_with(const struct flow *flow, struct failing *f, bool for_client, size_t n)
{
    enum { PEAK = 40 * 1024 }; /* of both windows, the arena and what stays; the ceiling of hostile peers lies above */
    fede_config *cc, *sc;
    if (!flow_configs_with(flow, for_client ? &f->allocator : NULL, for_client ? NULL : &f->allocator, &cc, &sc))
        return false;
    size_t before = f->live;
    struct pair pair = {0};
    flow_start(flow, &pair, cc, sc);
    f->peak = f->live;
    f->fail_at = n > 0 ? f->calls + n : 0;
    check(pair_pump(&pair), flow->name, n);
    bool reached = n > 0 && f->calls >= f->fail_at;
    fede_conn *victim = for_client ? pair.client : pair.server;
    const fede_error *error = fede_conn_error(victim);
    if (!reached)
        check(pair_established(victim) && f->peak - before <= PEAK, flow->name, f->peak - before);
    else if (error == NULL) /* what is only remembered may be left out: a session, a ticket */
        check(pair_established(victim) && flow->ticket, flow->name, n);
    else
        check(error->reason == FEDE_OUT_OF_MEMORY && !pair_established(victim), flow->name, error->reason);
    if (n == 0)
        printf("%-32s %s: %zu bytes at the peak\n", flow->name, for_client ? "client" : "server", f->peak - before);
    pair_end(&pair);
    f->fail_at = 0;
    fede_config_free(cc);
    fede_config_free(sc);
    check(f->live == 0 && f->blocks == 0, "a leak", n);
    return n == 0 || reached;
}

static void fail_flows(void)
{
    for (size_t i = 0; i < n_flows; i++)
        for (int client = 0; client < 2; client++) {
            struct failing f;
            size_t n = 0;
            failing_start(&f);
            while (n < 200 && flow_with(&flows[i], &f, client, n))
                n++;
            check(n < 200, "allocations without end", n);
        }
}

static void fail_configs(void)
{
    const char *const protocols[] = {"h2"};
    for (size_t n = 1; n < 1000; n++) {
        struct failing f;
        failing_start(&f);
        f.fail_at = n;
        fede_config *config = fede_config_new_with(&f.allocator), *derived = NULL;
        if (config != NULL) {
            bool good = fede_config_trust(config, pair_file("root.pem")) && fede_config_alpn(config, protocols, 1) &&
                        fede_config_credential(config, pair_file("p256.pem"), pair_file("p256.key"));
            check(good == (fede_config_error(config) == NULL), "failure without an error, or an error without failure",
                  n);
            derived = fede_config_derive(config);
            if (derived != NULL)
                fede_config_trust(derived, pair_file("issuing.pem"));
        }
        fede_config_free(config);
        fede_config_free(derived);
        check(f.blocks == 0 && f.live == 0, "a config leaks", n);
        if (f.calls < n)
            return;
    }
    check(false, "configs take more than a thousand allocations", 0);
}

/* What libcrypto does without memory is its own affair: it must not crash, and nothing may open that was not proved. */
static size_t failures_seen;

static void fail_libcrypto(const char *key)
{
    for (int and_after = 0; and_after < 2; and_after++)
        for (size_t n = 1; n < 5000; n++) {
            fede_config *cc = pair_client_config(NULL), *sc = pair_server_config(NULL, key);
            struct pair pair = {0};
            crypto_memory.fail_at = crypto_memory.calls + n;
            crypto_memory.and_after = and_after != 0;
            pair_start(&pair, cc, sc, NULL);
            check(pair_pump(&pair), "the exchange does not end", n);
            bool reached = crypto_memory.calls >= crypto_memory.fail_at;
            crypto_memory.fail_at = 0;
            bool open = pair_established(pair.client) && pair_established(pair.server);
            const fede_error *errors[] = {fede_conn_error(pair.client), fede_conn_error(pair.server)};
            bool told = errors[0] != NULL || errors[1] != NULL;
            for (int i = 0; i < 2; i++)
                failures_seen += errors[i] != NULL && errors[i]->reason == FEDE_CRYPTO_FAILED;
            check(open || told, "neither open nor failed", n);
            check(!open || pair_exchange(&pair, 100), "open, but data does not come through", n);
            pair_end(&pair);
            fede_config_free(cc);
            fede_config_free(sc);
            if (!reached)
                break;
        }
}

int main(void)
{
    if (CRYPTO_set_mem_functions(crypto_alloc, crypto_realloc, crypto_free) != 1)
        printf("libcrypto keeps its own allocator\n");
    measure("p256");
    measure("p256");
    measure("rsa");
    measure("ed25519");
    fail_configs();
    fail_handshakes();
    fail_flows();
    fail_libcrypto("p256");
    fail_libcrypto("rsa");
    fail_libcrypto("ed25519");
    check(not_wiped == 0, "memory goes back without being wiped", not_wiped);
    check(failures_seen > 0, "libcrypto's failures are not called by their name", 0);
    printf("memory: %zu passed, %zu failed\n", passed, failed);
    return failed != 0;
}
