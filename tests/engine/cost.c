/* engine/cost.c: what a connection takes, as numbers that are the same on every machine, so that a feature that makes the
   others dearer is seen: allocations of handshakes and resumptions by id and by ticket, fede's own by side and libcrypto's of
   both sides together, the most memory a handshake holds, what is left when it is over and when the connection rests. The
   limits are the figures of today; whoever betters one lowers it here. Times and their ratios are bench/run's. */
#include <openssl/crypto.h>

#include "pair.h"

enum { CLIENT, SERVER };

struct cost {
    const char *what;
    size_t libcrypto;  /* allocations, both sides; OpenSSL 3.0's, the dearest known */
    size_t own[2];     /* allocations */
    size_t peak[2];    /* bytes */
    size_t behind[2];  /* bytes, with the buffers of the handshake */
    size_t rested[2];  /* bytes */
};

static const struct cost limits[] = {
    {"handshake", 380, {4, 4}, {22070, 13870}, {8760, 8760}, {560, 560}}, /* a few depend on the random numbers */
    {"by ticket", 4, {4, 4}, {14310, 13870}, {9190, 8760}, {990, 560}},
    {"by id", 4, {4, 4}, {14160, 13910}, {9040, 8790}, {850, 590}},
};

static size_t libcrypto_calls, passed, failed;

static void *crypto_alloc(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    libcrypto_calls++;
    return malloc(size);
}

static void *crypto_realloc(void *p, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    libcrypto_calls++;
    return realloc(p, size);
}

static void crypto_free(void *p, const char *file, int line)
{
    (void)file, (void)line;
    free(p);
}

static void at_most(const char *what, const char *of, size_t is, size_t limit)
{
    if (is <= limit)
        passed++;
    else if (++failed)
        printf("not ok: %s: %s are %zu, at most %zu so far\n", what, of, is, limit);
}

/* ---- One connection, metered. */

struct kept {
    uint8_t data[4096];
    size_t len;
};

static struct cost connect_once(fede_config *configs[2], struct memory_meter meters[2], struct kept *session)
{
    struct cost cost = {0};
    struct memory_meter before[2] = {meters[CLIENT], meters[SERVER]};
    struct pair pair = {0};
    fede_info info;
    for (int i = 0; i < 2; i++)
        meters[i].peak = meters[i].live;
    size_t libcrypto = libcrypto_calls;
    pair_start(&pair, configs[CLIENT], configs[SERVER], NULL);
    bool offered = session->len > 0;
    if (offered)
        fede_conn_resume(pair.client, (fede_bytes){session->data, session->len});
    pair_pump(&pair);
    cost.libcrypto = libcrypto_calls - libcrypto;
    fede_conn_info(pair.client, &info);
    at_most("connection", "failures", !pair_established(pair.client) || info.resumed != offered, 0);
    for (int i = 0; i < 2; i++) {
        cost.own[i] = meters[i].calls - before[i].calls;
        cost.peak[i] = meters[i].peak - before[i].live;
        cost.behind[i] = meters[i].live - before[i].live;
        fede_release_buffers(i == CLIENT ? pair.client : pair.server);
        cost.rested[i] = meters[i].live - before[i].live;
    }
    fede_bytes kept = fede_conn_session(pair.client);
    if (!offered && kept.len > 0 && kept.len <= sizeof session->data)
        memcpy(session->data, kept.data, session->len = kept.len);
    pair_end(&pair);
    return cost;
}

static void compare(const struct cost *limit, const struct cost *is)
{
    static const char *const sides[] = {"client", "server"};
    printf("%-10s libcrypto's allocations %zu\n", limit->what, is->libcrypto);
    at_most(limit->what, "libcrypto's allocations", is->libcrypto, limit->libcrypto);
    for (int i = 0; i < 2; i++) {
        printf("%-10s %s: %zu allocations, %zu bytes at the peak, %zu behind the handshake, %zu at rest\n", "", sides[i],
               is->own[i], is->peak[i], is->behind[i], is->rested[i]);
        at_most(limit->what, "a side's own allocations", is->own[i], limit->own[i]);
        at_most(limit->what, "bytes at the peak", is->peak[i], limit->peak[i]);
        at_most(limit->what, "bytes behind the handshake", is->behind[i], limit->behind[i]);
        at_most(limit->what, "bytes at rest", is->rested[i], limit->rested[i]);
    }
}

int main(void)
{
    bool counted = CRYPTO_set_mem_functions(crypto_alloc, crypto_realloc, crypto_free) == 1;
    for (size_t row = 0; row < sizeof limits / sizeof limits[0]; row++) {
        struct memory_meter meters[2];
        struct kept session = {.len = 0};
        memory_meter_start(&meters[CLIENT]);
        memory_meter_start(&meters[SERVER]);
        fede_config *configs[2] = {pair_client_config(&meters[CLIENT].allocator),
                                   pair_server_config(&meters[SERVER].allocator, "p256")};
        if (row > 0)
            fede_config_sessions(configs[CLIENT], true);
        if (row == 2) {
            fede_store *store = fede_store_new(10);
            fede_config_tickets(configs[CLIENT], 0);
            fede_config_store(configs[SERVER], store);
            fede_store_free(store);
        }
        connect_once(configs, meters, &session); /* libcrypto looks things up once */
        if (row == 0)
            session.len = 0;
        struct cost cost = connect_once(configs, meters, &session);
        compare(&limits[row], &cost);
        fede_config_free(configs[CLIENT]);
        fede_config_free(configs[SERVER]);
    }
    if (!counted)
        printf("libcrypto keeps its own allocator: its allocations are not counted\n");
    printf("cost: %zu passed, %zu failed\n", passed, failed);
    return failed != 0;
}
