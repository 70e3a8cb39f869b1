/* engine/threads.c: what threads share, all at once: one configuration of each side, from which others are derived and freed; a
   store of sessions, keys of tickets that change under way, the table of signatures that were good before; certificates of both
   sides, verified by both; and a server's configuration that is replaced while connections are made, as a reload does. Under
   ThreadSanitizer this shows that a config in use is only read, and that what changes has its locks. More rounds: threads N. */
#include <pthread.h>
#include <stdatomic.h>

#include "pair.h"

enum { THREADS = 6, ROUNDS = 40 };

static fede_config *client_config, *by_id_config, *lasting;
static atomic_llong seconds = JUST_2030; /* the clock goes on with each look at it */
static int rounds = ROUNDS;
static atomic_bool over;
static atomic_size_t reloads;

/* What a reload replaces: the application's own, with the application's lock. */
static struct {
    pthread_mutex_t lock;
    fede_config *config;
} live = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int64_t wall(void *arg)
{
    (void)arg;
    return atomic_fetch_add(&seconds, 1);
}

/* A server's configuration as it stands after a reload: another key each time, the same store, tickets and signatures. */
static fede_config *reloaded(size_t n)
{
    static const char *const keys[][2] = {{"p256.pem", "p256.key"}, {"rsa.pem", "rsa.key"}, {"ed25519.pem", "ed25519.key"}};
    fede_config *config = fede_config_derive(lasting);
    const char *const *pair = keys[n % 3];
    if (!fede_config_credential(config, pair_file(pair[0]), pair_file(pair[1])) ||
        !fede_config_client_certificate(config, FEDE_CLIENT_CERTIFICATE_OPTIONAL) || !fede_config_trust(config, pair_file("root.pem"))) {
        fprintf(stderr, "no configuration\n");
        exit(2);
    }
    return config;
}

static void *reload(void *arg)
{
    (void)arg;
    for (size_t n = 1; !atomic_load(&over); n++) {
        fede_config *next = reloaded(n), *last;
        pthread_mutex_lock(&live.lock);
        last = live.config;
        live.config = next;
        pthread_mutex_unlock(&live.lock);
        fede_config_free(last); /* its connections keep it */
        atomic_fetch_add(&reloads, 1);
    }
    return NULL;
}

static fede_conn *server_now(void)
{
    pthread_mutex_lock(&live.lock);
    fede_conn *conn = fede_server_new(live.config);
    pthread_mutex_unlock(&live.lock);
    return conn;
}

/* Bytes from one to the other; enough for a handshake without a queue between. */
static void carry(fede_conn *from, fede_conn *to)
{
    while (fede_needs(from) & FEDE_SEND) {
        fede_bytes out = fede_to_send(from);
        size_t at = 0;
        while (at < out.len && fede_needs(to) & FEDE_RECEIVE) {
            fede_room room = fede_to_fill(to);
            size_t n = out.len - at < room.len ? out.len - at : room.len;
            memcpy(room.data, out.data + at, n);
            fede_received(to, (ptrdiff_t)n);
            at += n;
        }
        fede_sent(from, (ptrdiff_t)out.len);
    }
}

static void *work(void *arg)
{
    size_t *open = arg;
    uint8_t session[8192];
    size_t len = 0;
    for (int i = 0; i < rounds; i++) {
        fede_config *derived = fede_config_derive(i & 8 ? by_id_config : client_config);
        fede_conn *client = fede_client_new(i & 1 ? derived : i & 8 ? by_id_config : client_config, "server.test");
        fede_conn *server = server_now();
        fede_config_free(derived);
        if (len > 0 && i % 8 != 0)
            fede_conn_resume(client, (fede_bytes){session, len});
        for (int k = 0; k < 3; k++) {
            carry(client, server);
            carry(server, client);
        }
        char text[300];
        open[0] += pair_established(client) && pair_established(server);
        fede_info info;
        fede_conn_info(server, &info);
        open[1] += info.resumed;
        open[2] += info.client_certificate_given;
        fede_bytes kept = fede_conn_session(client);
        len = kept.len <= sizeof session ? kept.len : 0;
        if (len > 0)
            memcpy(session, kept.data, len);
        if (fede_conn_error(client) != NULL)
            fede_error_text(fede_conn_error(client), text, sizeof text);
        fede_reason_name(1);
        fede_library_version();
        fede_conn_free(client);
        fede_conn_free(server);
    }
    return NULL;
}

static void configure(void)
{
    fede_store *store = fede_store_new(20);
    fede_signatures *signatures = fede_signatures_new(16);
    client_config = fede_config_new();
    lasting = fede_config_new();
    fede_config_trust(client_config, pair_file("root.pem"));
    fede_config_credential(client_config, pair_file("client.pem"), pair_file("client.key"));
    fede_config_clock(client_config, wall, NULL, NULL);
    fede_config_clock(lasting, wall, NULL, NULL);
    fede_config_sessions(client_config, true);
    fede_config_signatures(client_config, signatures);
    fede_config_signatures(lasting, signatures);
    fede_signatures_free(signatures);
    by_id_config = fede_config_derive(client_config);
    fede_config_tickets(by_id_config, 0);
    fede_config_tickets(lasting, 200);
    fede_config_store(lasting, store);
    fede_store_free(store);
    live.config = reloaded(0);
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS], reloader;
    size_t open[THREADS][3] = {{0}}, sums[3] = {0};
    rounds = argc > 1 ? atoi(argv[1]) : ROUNDS;
    configure();
    if (pthread_create(&reloader, NULL, reload, NULL) != 0)
        return 1;
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, work, open[i]) != 0)
            return 1;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        for (size_t k = 0; k < 3; k++)
            sums[k] += open[i][k];
    }
    atomic_store(&over, true);
    pthread_join(reloader, NULL);
    fede_config_free(client_config);
    fede_config_free(live.config);
    fede_config_free(lasting);
    fede_config_free(by_id_config);
    const size_t all = (size_t)(THREADS * rounds);
    printf("threads: %zu of %zu connections opened, %zu of them resumed, %zu with a client's certificate, %zu reloads\n", sums[0], all,
           sums[1], sums[2], atomic_load(&reloads));
    printf("threads: %zu passed, %zu failed\n", sums[0], all - sums[0]);
    return sums[0] != all || sums[1] < all / 4 || sums[2] == 0 || atomic_load(&reloads) == 0;
}
