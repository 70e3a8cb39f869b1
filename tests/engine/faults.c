/* engine/faults.c: what may go wrong around every kind of handshake: bytes one at a time, a source of randomness that fails at
   each call in turn, a clock that goes backwards or on and on, a peer that sends without end. Each has a clear end, and the next
   connection of the same configurations works. */
#include "flows.h"

static size_t passed, failed;

static void check(bool good, const char *what, const char *name, size_t n)
{
    if (good)
        passed++;
    else if (++failed < 20)
        printf("not ok: %s: %s (%zu)\n", name, what, n);
}

static uint16_t reason_of(const fede_conn *conn)
{
    const fede_error *error = fede_conn_error(conn);
    return error != NULL ? error->reason : 0;
}

static bool works(const struct flow *flow, fede_config *client, fede_config *server, size_t chunk)
{
    struct pair pair = {.chunk = chunk};
    flow_start(flow, &pair, client, server);
    bool good = pair_pump(&pair) && pair_established(pair.client) && pair_established(pair.server) &&
                pair_exchange(&pair, 300);
    pair_end(&pair);
    return good;
}

/* ---- Randomness: good for some calls, then not once, then good again. */

static struct poor {
    size_t calls, fails_at; /* 0: never */
    uint64_t state;
} poor;

static bool poor_random(void *arg, uint8_t *out, size_t n)
{
    struct poor *p = arg;
    if (++p->calls == p->fails_at)
        return false;
    for (size_t i = 0; i < n; i++) {
        p->state = p->state * UINT64_C(6364136223846793005) + 1442695040888963407;
        out[i] = (uint8_t)(p->state >> 56);
    }
    return true;
}

static void no_random(const struct flow *flow, bool of_client)
{
    size_t calls = 1, refused = 0;
    for (size_t at = 0; at <= calls; at++) { /* the first round counts */
        fede_config *client, *server;
        if (!flow_configs(flow, &client, &server))
            return;
        poor = (struct poor){.state = 1};
        fede_config_random(of_client ? client : server, poor_random, &poor);
        struct pair pair = {0};
        flow_start(flow, &pair, client, server);
        size_t before = poor.calls; /* of the connection that is to be resumed */
        poor.fails_at = at > 0 ? before + at : 0;
        check(pair_pump(&pair), "does not end", flow->name, at);
        fede_conn *victim = of_client ? pair.client : pair.server;
        if (at == 0) {
            calls = poor.calls - before;
            check(calls > 0 && pair_established(victim), "the undisturbed one", flow->name, calls);
        } else if (reason_of(victim) != 0) {
            refused++;
            check(!pair_established(victim) && (reason_of(victim) == FEDE_NO_RANDOM || reason_of(victim) == FEDE_CRYPTO_FAILED),
                  "another reason", flow->name, reason_of(victim));
        } else { /* a ticket may be left out */
            check(pair_established(victim) && flow->ticket, "goes on without randomness", flow->name, at);
        }
        pair_end(&pair);
        poor.fails_at = 0;
        check(works(flow, client, server, 0), "the next connection fails", flow->name, at);
        fede_config_free(client);
        fede_config_free(server);
    }
    check(refused > 0, "no failure was noticed", flow->name, calls);
}

/* ---- Time. */

static uint64_t ticks_now;

static int64_t wall(void *arg)
{
    (void)arg;
    return JUST_2030;
}

static uint64_t ticks(void *arg)
{
    (void)arg;
    return ticks_now;
}

static uint64_t ticks_back(void *arg)
{
    (void)arg;
    return ticks_now -= 1000000;
}

static void time_limit(const struct flow *flow)
{
    enum { MS = 5000 };
    for (uint8_t side = FEDE_CLIENT; side <= FEDE_SERVER; side++) {
        fede_config *client, *server;
        if (!flow_configs(flow, &client, &server))
            return;
        fede_config *victims = side == FEDE_CLIENT ? client : server;
        ticks_now = 1000000;
        check(fede_config_clock(victims, wall, ticks, NULL) && fede_config_handshake_limits(victims, 0, MS), "settings",
              flow->name, side);
        struct pair pair = {0};
        flow_start(flow, &pair, client, server);
        fede_conn *victim = side == FEDE_CLIENT ? pair.client : pair.server;
        fede_needs(victim);
        ticks_now += MS * 1000;
        check(!(fede_needs(victim) & FEDE_OVER) && reason_of(victim) == 0, "too early", flow->name, side);
        ticks_now += 1;
        fede_needs(victim);
        check(reason_of(victim) == FEDE_TIME_LIMIT && !pair_established(victim), "no limit", flow->name, side);
        pair_end(&pair);
        check(works(flow, client, server, 0), "the next connection fails", flow->name, side);
        fede_config_free(client);
        fede_config_free(server);
    }
}

static void backwards(const struct flow *flow)
{
    fede_config *client, *server;
    if (!flow_configs(flow, &client, &server))
        return;
    ticks_now = UINT64_C(1) << 60;
    fede_config_clock(client, wall, ticks_back, NULL);
    fede_config_clock(server, wall, ticks_back, NULL);
    check(works(flow, client, server, 0), "a clock that goes backwards", flow->name, 0);
    fede_config_free(client);
    fede_config_free(server);
}

/* ---- Too much. */

/* A peer that sends the same record without end, from the first moment on. */
static void flood(const char *name, const uint8_t *record, size_t len, uint8_t victim_side, uint16_t reason, size_t most)
{
    fede_config *client = pair_client_config(NULL), *server = pair_server_config(NULL, "p256");
    struct pair pair = {0};
    pair_start(&pair, client, server, NULL);
    fede_conn *victim = victim_side == FEDE_CLIENT ? pair.client : pair.server;
    if (victim_side == FEDE_CLIENT) /* its hello is out */
        while (fede_needs(victim) & FEDE_SEND)
            fede_sent(victim, (ptrdiff_t)fede_to_send(victim).len);
    size_t sent = 0;
    while (fede_needs(victim) & FEDE_RECEIVE && sent < 4 * most) {
        for (size_t at = 0; at < len;) {
            fede_room room = fede_to_fill(victim);
            size_t n = len - at < room.len ? len - at : room.len;
            if (n == 0)
                break;
            memcpy(room.data, record + at, n);
            fede_received(victim, (ptrdiff_t)n);
            at += n;
        }
        sent += len;
    }
    check(reason_of(victim) == reason && sent <= most, "the flood", name, sent);
    pair_end(&pair);
    check(works(&flows[0], client, server, 0), "the next connection fails", name, sent);
    fede_config_free(client);
    fede_config_free(server);
}

static void floods(void)
{
    static const uint8_t warning[] = {21, 3, 3, 0, 2, 1, 90}, request[] = {22, 3, 3, 0, 4, 0, 0, 0, 0};
    flood("warning alerts, client", warning, sizeof warning, FEDE_CLIENT, FEDE_ALERT_TOO_MANY, 100);
    flood("warning alerts, server", warning, sizeof warning, FEDE_SERVER, FEDE_ALERT_TOO_MANY, 100);
    flood("HelloRequests, client", request, sizeof request, FEDE_CLIENT, FEDE_MESSAGE_UNEXPECTED, 100);
}

/* A hello in fragments of one byte each, of which the limit lets through no more than it says. */
static void tiny_fragments(void)
{
    enum { LIMIT = 600 };
    fede_config *client = pair_client_config(NULL), *server = pair_server_config(NULL, "p256");
    check(!fede_config_handshake_limits(server, 100, 0), "a limit too small", "bytes", 100);
    fede_config_free(server);
    server = pair_server_config(NULL, "p256");
    check(fede_config_handshake_limits(server, LIMIT, 0), "the limit", "bytes", LIMIT);
    check(works(&flows[0], client, server, 0), "a handshake below the limit", "bytes", LIMIT);
    struct pair pair = {0};
    pair_start(&pair, client, server, NULL);
    const uint8_t head[] = {1, 0, 4, 0};
    size_t sent = 0;
    for (size_t i = 0; fede_needs(pair.server) & FEDE_RECEIVE && i < 2000; i++) {
        const uint8_t record[6] = {22, 3, 1, 0, 1, i < sizeof head ? head[i] : 3};
        pair_put(&pair, FEDE_SERVER, record, sizeof record);
        sent += sizeof record;
        for (fede_room room; (room = fede_to_fill(pair.server)).len > 0 && pair.to_server.at < pair.to_server.len;) {
            size_t have = pair.to_server.len - pair.to_server.at, n = have < room.len ? have : room.len;
            memcpy(room.data, pair.to_server.data + pair.to_server.at, n);
            pair.to_server.at += n;
            fede_received(pair.server, (ptrdiff_t)n);
        }
    }
    check(reason_of(pair.server) == FEDE_HANDSHAKE_TOO_LONG && sent <= LIMIT + 6 &&
              pair_alert(pair.server) == FEDE_ALERT_HANDSHAKE_FAILURE,
          "fragments of a byte each without end", "bytes", sent);
    pair_end(&pair);
    check(works(&flows[0], client, server, 0), "the next connection fails", "bytes", 0);
    fede_config_free(client);
    fede_config_free(server);
}

int main(void)
{
    for (size_t i = 0; i < n_flows; i++) {
        fede_config *client, *server;
        if (!flow_configs(&flows[i], &client, &server)) {
            printf("%s: not in this build\n", flows[i].name);
            continue;
        }
        for (size_t chunk = 1; chunk <= 8; chunk++)
            check(works(&flows[i], client, server, chunk), "in small pieces", flows[i].name, chunk);
        fede_config_free(client);
        fede_config_free(server);
        no_random(&flows[i], true);
        no_random(&flows[i], false);
        time_limit(&flows[i]);
        backwards(&flows[i]);
    }
    floods();
    tiny_fragments();
    printf("faults: %zu passed, %zu failed\n", passed, failed);
    return failed != 0;
}
