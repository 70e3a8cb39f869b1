/* engine/threads.c: one configuration of each side shared by several threads, each with its own connections, while
   others are derived from them and freed; sessions are resumed by id from one store and by tickets whose keys change under
   way. Under ThreadSanitizer this shows that a config in use is only read, and that store and keys have their locks. */
#include <pthread.h>
#include <stdatomic.h>

#include "pair.h"

enum { THREADS = 4, ROUNDS = 40 };

static fede_config *client_config, *server_config, *by_id_config;
static atomic_llong seconds = JUST_2030; /* the clock goes on with each look at it */

static int64_t wall(void *arg)
{
    (void)arg;
    return atomic_fetch_add(&seconds, 1);
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
    uint8_t session[2048];
    size_t len = 0;
    for (int i = 0; i < ROUNDS; i++) {
        fede_config *derived = fede_config_derive(server_config);
        fede_conn *client = fede_client_new(i & 8 ? by_id_config : client_config, "server.test");
        fede_conn *server = fede_server_new(i & 1 ? derived : server_config);
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

int main(void)
{
    pthread_t threads[THREADS];
    size_t open[THREADS][2] = {{0}}, all = 0, resumed = 0;
    fede_store *store = fede_store_new(20);
    client_config = fede_config_new();
    server_config = fede_config_new();
    fede_config_trust(client_config, pair_file("root.pem"));
    fede_config_clock(client_config, wall, NULL, NULL);
    fede_config_clock(server_config, wall, NULL, NULL);
    fede_config_sessions(client_config, true);
    fede_signatures *signatures = fede_signatures_new(16);
    fede_config_signatures(client_config, signatures);
    fede_signatures_free(signatures);
    by_id_config = fede_config_derive(client_config);
    fede_config_tickets(by_id_config, 0);
    fede_config_tickets(server_config, 200);
    fede_config_store(server_config, store);
    fede_store_free(store);
    fede_config_credential(server_config, pair_file("p256.pem"), pair_file("p256.key"));
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, work, open[i]) != 0)
            return 1;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        all += open[i][0];
        resumed += open[i][1];
    }
    fede_config_free(client_config);
    fede_config_free(server_config);
    fede_config_free(by_id_config);
    printf("threads: %zu of %d connections opened, %zu of them resumed\n", all, THREADS * ROUNDS, resumed);
    return all != THREADS * ROUNDS || resumed < THREADS * ROUNDS / 2;
}
