/* engine/floods.c: a peer that repeats itself without end on an open connection, protected as it should be: warning alerts, empty
   records, both in turns, requests to renegotiate, ChangeCipherSpec, empty records of other types, a message of which one byte
   comes in each record, a record of data a byte long. In every kind of handshake, to both sides: each has an end after a number
   of records that is known, with a reason and an alert, and what it takes in memory does not grow. Data alone may go on.
   RFC 5246 6.2.1, 7.1, 7.2, 7.4.1.1. */
#include "check.h"
#include "flows.h"
#include "tls/conn.h"
#include "wire/messages.h"

/* One round of a flood: a record, or two that take turns. */
static const struct flood {
    const char *name;
    struct { uint8_t type, len, data[6]; } say[2]; /* type 0: none */
    uint8_t to;       /* 0: either side */
    uint16_t reason;  /* FEDE_OK: may go on for ever */
    uint8_t alert;
    size_t most;      /* records that are borne */
} floods_known[] = {
    {"warning alerts", {{CONTENT_ALERT, 2, {1, 90}}}, 0, FEDE_ALERT_TOO_MANY, FEDE_ALERT_UNEXPECTED_MESSAGE, 5},
    {"empty records", {{CONTENT_DATA, 0, {0}}}, 0, FEDE_RECORD_TOO_MANY_EMPTY, FEDE_ALERT_UNEXPECTED_MESSAGE, 33},
    {"alerts and empty records in turns", {{CONTENT_ALERT, 2, {1, 90}}, {CONTENT_DATA, 0, {0}}}, 0, FEDE_ALERT_TOO_MANY,
     FEDE_ALERT_UNEXPECTED_MESSAGE, 9},
    {"data and alerts in turns", {{CONTENT_DATA, 1, {'x'}}, {CONTENT_ALERT, 2, {1, 90}}}, 0, FEDE_OK, 0, 0},
    {"data and empty records in turns", {{CONTENT_DATA, 1, {'x'}}, {CONTENT_DATA, 0, {0}}}, 0, FEDE_OK, 0, 0},
    {"HelloRequests", {{CONTENT_HANDSHAKE, 4, {0, 0, 0, 0}}}, FEDE_CLIENT, FEDE_RENEGOTIATION_REFUSED,
     FEDE_ALERT_UNEXPECTED_MESSAGE, 4},
    {"HelloRequests and data in turns", {{CONTENT_HANDSHAKE, 4, {0, 0, 0, 0}}, {CONTENT_DATA, 1, {'x'}}}, FEDE_CLIENT,
     FEDE_RENEGOTIATION_REFUSED, FEDE_ALERT_UNEXPECTED_MESSAGE, 7},
    {"ClientHellos", {{CONTENT_HANDSHAKE, 6, {1, 0, 0, 2, 3, 3}}}, FEDE_SERVER, FEDE_RENEGOTIATION_REFUSED,
     FEDE_ALERT_UNEXPECTED_MESSAGE, 4},
    {"ClientHellos and data in turns", {{CONTENT_HANDSHAKE, 6, {1, 0, 0, 2, 3, 3}}, {CONTENT_DATA, 1, {'x'}}}, FEDE_SERVER,
     FEDE_RENEGOTIATION_REFUSED, FEDE_ALERT_UNEXPECTED_MESSAGE, 7},
    {"HelloRequests to a server", {{CONTENT_HANDSHAKE, 4, {0, 0, 0, 0}}}, FEDE_SERVER, FEDE_MESSAGE_AFTER_HANDSHAKE,
     FEDE_ALERT_UNEXPECTED_MESSAGE, 1},
    {"ChangeCipherSpec", {{CONTENT_CCS, 1, {1}}}, 0, FEDE_RECORD_AFTER_HANDSHAKE, FEDE_ALERT_UNEXPECTED_MESSAGE, 1},
    {"empty handshake records", {{CONTENT_HANDSHAKE, 0, {0}}}, 0, FEDE_RECORD_EMPTY, FEDE_ALERT_UNEXPECTED_MESSAGE, 1},
    {"empty ChangeCipherSpec", {{CONTENT_CCS, 0, {0}}}, 0, FEDE_RECORD_EMPTY, FEDE_ALERT_UNEXPECTED_MESSAGE, 1},
};

enum { ROUNDS = 400, GROWTH = 4096 };

/* How many records the victim bore; its plaintext is taken as it comes. */
static size_t pour(struct pair *pair, const struct flood *flood, uint8_t to)
{
    fede_conn *victim = to == FEDE_CLIENT ? pair->client : pair->server;
    fede_conn *other = to == FEDE_CLIENT ? pair->server : pair->client;
    size_t n = 0, kinds = flood->say[1].type != 0 ? 2 : 1;
    for (; n < ROUNDS && fede_conn_error(victim) == NULL; n++) {
        const uint8_t *data = flood->say[n % kinds].data;
        if (!conn_seal(other, (enum content)flood->say[n % kinds].type, bytes_of(data, flood->say[n % kinds].len), false) ||
            !pair_pump(pair))
            break;
        fede_consumed(victim, fede_plaintext(victim).len);
    }
    return n;
}

static void drown(const struct flow *flow, const struct flood *flood, uint8_t to)
{
    fede_config *client, *server;
    struct pair pair = {0};
    if ((flood->to != 0 && flood->to != to) || !flow_configs(flow, &client, &server))
        return;
    flow_start(flow, &pair, client, server);
    fede_conn *victim = to == FEDE_CLIENT ? pair.client : pair.server;
    fede_conn *other = to == FEDE_CLIENT ? pair.server : pair.client;
    const size_t at = (size_t)(flood - floods_known);
    CHECK_AT(pair_pump(&pair) && pair_established(victim), at);
    size_t room = victim->received.size + victim->to_send.size;
    size_t n = pour(&pair, flood, to);
    if (flood->reason == FEDE_OK) {
        CHECK_AT(n == ROUNDS && pair_exchange(&pair, 100), at);
    } else {
        const fede_error *error = fede_conn_error(victim);
        CHECK_AT(error != NULL && error->reason == flood->reason, at);
        CHECK_AT(pair_alert(victim) == flood->alert && pair_alert(other) == flood->alert, at);
        CHECK_AT(n == flood->most, at);
    }
    CHECK_AT(victim->received.size + victim->to_send.size <= room + GROWTH, at);
    pair_end(&pair);
    pair = (struct pair){0};
    flow_start(flow, &pair, client, server);
    CHECK_AT(pair_pump(&pair) && pair_exchange(&pair, 100), at);
    pair_end(&pair);
    fede_config_free(client);
    fede_config_free(server);
}

/* A message of the greatest length that is allowed, a byte in each record: what is kept of it has an end too. */
static void trickle(uint8_t to)
{
    enum { MOST = 200000 };
    struct memory_meter meter;
    memory_meter_start(&meter);
    fede_config *client = pair_client_config(to == FEDE_CLIENT ? &meter.allocator : NULL);
    fede_config *server = pair_server_config(to == FEDE_SERVER ? &meter.allocator : NULL, "p256");
    struct pair pair = {0};
    pair_start(&pair, client, server, NULL);
    fede_conn *victim = to == FEDE_CLIENT ? pair.client : pair.server;
    fede_conn *other = to == FEDE_CLIENT ? pair.server : pair.client;
    CHECK(pair_pump(&pair) && pair_established(victim));
    size_t before = meter.live, n = 0;
    const uint8_t head[] = {to == FEDE_CLIENT ? MSG_HELLO_REQUEST : MSG_CLIENT_HELLO, 0xff, 0xff, 0xff};
    meter.peak = meter.live;
    for (; n < MOST && fede_conn_error(victim) == NULL; n++) {
        const uint8_t byte = n < sizeof head ? head[n] : 0;
        pair.rounds = 0;
        if (!conn_seal(other, CONTENT_HANDSHAKE, bytes_of(&byte, 1), false) || !pair_pump(&pair))
            break;
    }
    CHECK_AT(fede_conn_error(victim) != NULL && n < MOST, n);
    CHECK_AT(meter.peak - before <= 64 * 1024, meter.peak - before);
    pair_end(&pair);
    fede_config_free(client);
    fede_config_free(server);
}

int main(void)
{
    for (size_t i = 0; i < n_flows; i++)
        for (size_t k = 0; k < sizeof floods_known / sizeof *floods_known; k++)
            for (uint8_t to = FEDE_CLIENT; to <= FEDE_SERVER; to++)
                drown(&flows[i], &floods_known[k], to);
    trickle(FEDE_CLIENT);
    trickle(FEDE_SERVER);
    printf("floods: %zu passed, %zu failed\n", passed, failed);
    return failed != 0;
}
