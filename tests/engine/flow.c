/* engine/flow.c: every kind of message and record at every place of the handshake, and behind it: what does not
   belong there is answered with unexpected_message. Legal at more than one place are only HelloRequest for a client
   (ignored, RFC 5246 7.4.1.1) and, at their place, optional messages. */
#include "flows.h"
#include "tls/conn.h"

static size_t passed, failed;

static void check(bool good, const char *what, uint8_t from, size_t place, unsigned kind, const struct pair *pair)
{
    if (good) {
        passed++;
        return;
    }
    char text[300] = "-";
    const fede_conn *victim = from == FEDE_CLIENT ? pair->server : pair->client;
    if (fede_conn_error(victim) != NULL)
        fede_error_text(fede_conn_error(victim), text, sizeof text);
    if (++failed < 20)
        printf("not ok: %s: kind %u instead of record %zu of the %s\n    %s\n", what, kind, place,
               from == FEDE_CLIENT ? "client" : "server", text);
}

/* ---- In place of record `place` of one side comes a record of another content. */

struct plan {
    uint8_t from, type; /* of the record */
    uint8_t body[64];
    size_t len, place;
    bool instead; /* or in front of what belongs there */
};

static size_t n_records[3];

static void replace(struct pair *pair, uint8_t from, size_t index, uint8_t *record, size_t len)
{
    const struct plan *plan = pair->arg;
    uint8_t to = from == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT;
    if (plan == NULL) {
        n_records[from] = index + 1;
    } else if (from == plan->from && index == plan->place) {
        /* The last record is protected; its stand-in gets the same keys and number. */
        const struct fede_conn *conn = from == FEDE_CLIENT ? pair->client : pair->server;
        struct direction way = {0};
        if (index + 1 == n_records[from]) {
            way = conn->out;
            way.aead.cipher = NULL;
            way.sequence = 0;
        }
        uint8_t out[256];
        fede_error error = {0};
        size_t n = record_seal(&way, (enum content)plan->type, (bytes){plan->body, plan->len}, out, &error);
        direction_rest(&way); /* the keys of CBC are the connection's */
        pair_put(pair, to, out, n);
        if (plan->instead)
            return;
    }
    pair_put(pair, to, record, len);
}

static fede_config *client_config, *server_config;
static const struct flow *flow;

static struct pair run(struct plan *plan)
{
    struct pair pair = {.tap = replace, .arg = plan};
    flow_start(flow, &pair, client_config, server_config);
    pair_pump(&pair);
    return pair;
}

/* The kind of message in a record of the flow under test, and what else may stand there. */
static int expected(uint8_t from, size_t place)
{
    return flow_kind(flow, from, place);
}

/* A server may ask for a certificate; a staple that was announced may be left out. */
static bool may_come(uint8_t from, size_t place, unsigned kind)
{
    if (from != FEDE_SERVER)
        return false;
    if (kind == MSG_CERTIFICATE_REQUEST && expected(from, place) == MSG_SERVER_HELLO_DONE && !flow->mutual)
        return true;
    return expected(from, place) == MSG_CERTIFICATE_STATUS && (int)kind == expected(from, place + 1);
}

static void wrong_messages(void)
{
    for (uint8_t from = FEDE_CLIENT; from <= FEDE_SERVER; from++)
        for (size_t place = 0; place < n_records[from]; place++)
            for (unsigned kind = 0; kind < 256; kind++) {
                if ((int)kind == expected(from, place) || may_come(from, place, kind))
                    continue;
                struct plan plan = {
                    .from = from, .type = CONTENT_HANDSHAKE, .body = {(uint8_t)kind}, .len = 4, .place = place};
                bool ignored = from == FEDE_SERVER && kind == MSG_HELLO_REQUEST;
                bool protect = place + 1 == n_records[from];
                plan.instead = !(ignored && !protect); /* an ignored one leaves room for what belongs there */
                struct pair pair = run(&plan);
                const fede_conn *victim = from == FEDE_CLIENT ? pair.server : pair.client;
                const fede_error *error = fede_conn_error(victim);
                if (ignored && !protect)
                    check(pair_established(pair.client) && pair_established(pair.server), "not ignored", from, place,
                          kind, &pair);
                else if (ignored)
                    check(!pair_established(victim) && error == NULL, "not ignored", from, place, kind, &pair);
                else
                    check(!pair_established(victim) && error != NULL && error->reason == FEDE_MESSAGE_UNEXPECTED &&
                              pair_alert(victim) == FEDE_ALERT_UNEXPECTED_MESSAGE,
                          "no unexpected_message", from, place, kind, &pair);
                pair_end(&pair);
            }
}

static void wrong_records(void)
{
    static const struct {
        uint8_t type, body[2];
        uint8_t len;
    } records[] = {
        {CONTENT_CCS, {1}, 1}, {CONTENT_DATA, "x", 1},      {CONTENT_DATA, "", 0},
        {CONTENT_CCS, {2}, 1}, {CONTENT_HEARTBEAT, "x", 1}, {CONTENT_CCS, {1, 1}, 2},
    };
    for (uint8_t from = FEDE_CLIENT; from <= FEDE_SERVER; from++)
        for (size_t place = 0; place < n_records[from]; place++)
            for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
                struct plan plan = {
                    .from = from, .type = records[i].type, .len = records[i].len, .place = place, .instead = true};
                memcpy(plan.body, records[i].body, sizeof records[i].body);
                bool ccs_place = expected(from, place) == MSG_CCS, ccs = records[i].type == CONTENT_CCS;
                if (ccs_place && ccs && i == 0)
                    continue;
                struct pair pair = run(&plan);
                const fede_conn *victim = from == FEDE_CLIENT ? pair.server : pair.client;
                uint8_t wanted = ccs && ccs_place ? FEDE_ALERT_DECODE_ERROR : FEDE_ALERT_UNEXPECTED_MESSAGE;
                check(!pair_established(victim) && fede_conn_error(victim) != NULL && pair_alert(victim) == wanted,
                      "the record is not refused as it should be", from, place, records[i].type, &pair);
                pair_end(&pair);
            }
}

/* Every kind of handshake with every message and record at every place. Undisturbed it must be what the list says. */
static void every_flow(void)
{
    for (size_t i = 0; i < n_flows; i++) {
        size_t before = passed;
        flow = &flows[i];
        if (!flow_configs(flow, &client_config, &server_config)) {
            printf("%s: not in this build\n", flow->name);
            continue;
        }
        struct pair pair = run(NULL);
        bool as_listed = true;
        for (uint8_t from = FEDE_CLIENT; from <= FEDE_SERVER; from++)
            as_listed &= n_records[from] > 0 && expected(from, n_records[from] - 1) == MSG_FINISHED &&
                         expected(from, n_records[from]) == -1;
        check(pair_established(pair.client) && pair_established(pair.server) && as_listed, "the undisturbed handshake", 0,
              n_records[FEDE_CLIENT], (unsigned)n_records[FEDE_SERVER], &pair);
        pair_end(&pair);
        wrong_messages();
        wrong_records();
        fede_config_free(client_config);
        fede_config_free(server_config);
        printf("%s: %zu wrong messages and records refused\n", flow->name, passed - before - 1);
    }
    flow = &flows[0];
}

/* ---- Half a message in front of ChangeCipherSpec, and other tricks with record borders. */

static void keys_mid_message(void)
{
    for (uint8_t from = FEDE_CLIENT; from <= FEDE_SERVER; from++) {
        size_t place = from == FEDE_CLIENT ? 2 : 4;
        struct plan plan = {
            .from = from, .type = CONTENT_HANDSHAKE, .body = {MSG_FINISHED, 0}, .len = 2, .place = place};
        struct pair pair = run(&plan);
        const fede_conn *victim = from == FEDE_CLIENT ? pair.server : pair.client;
        check(!pair_established(victim) && fede_conn_error(victim) != NULL &&
                  fede_conn_error(victim)->reason == FEDE_KEYS_MID_MESSAGE &&
                  pair_alert(victim) == FEDE_ALERT_UNEXPECTED_MESSAGE,
              "keys change inside a message", from, place, 0, &pair);
        pair_end(&pair);
    }
}

/* The same with the beginning of a message behind a whole one, in one record. */
static void lengthen(struct pair *pair, uint8_t from, size_t index, uint8_t *record, size_t len)
{
    uint8_t to = from == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT;
    if (from == FEDE_CLIENT && index == 1) {
        uint8_t longer[512];
        memcpy(longer, record, len);
        longer[len] = MSG_FINISHED;
        longer[4]++;
        pair_put(pair, to, longer, len + 1);
    } else {
        pair_put(pair, to, record, len);
    }
}

static void keys_behind_message(void)
{
    struct pair pair = {.tap = lengthen};
    pair_start(&pair, client_config, server_config, NULL);
    pair_pump(&pair);
    check(fede_conn_error(pair.server) != NULL && fede_conn_error(pair.server)->reason == FEDE_KEYS_MID_MESSAGE,
          "keys change behind the beginning of a message", FEDE_CLIENT, 1, 0, &pair);
    pair_end(&pair);
}

/* The beginning of a message that a client ignores is no more welcome there than that of any other. */
static void keys_mid_request(void)
{
    struct plan plan = {
        .from = FEDE_SERVER, .type = CONTENT_HANDSHAKE, .body = {MSG_HELLO_REQUEST, 0}, .len = 2, .place = 4};
    struct pair pair = run(&plan);
    check(fede_conn_error(pair.client) != NULL && fede_conn_error(pair.client)->reason == FEDE_KEYS_MID_MESSAGE,
          "keys change inside a HelloRequest", FEDE_SERVER, 4, 0, &pair);
    pair_end(&pair);
}

/* Behind Finished, in the same record, come more messages. The client finishes first and the server last (RFC 5246 7.3), so
   neither can know there that the handshake is complete: a message is early. Only a HelloRequest may come at any time. */
static void extend(struct pair *pair, uint8_t from, size_t index, uint8_t *record, size_t len)
{
    const struct plan *plan = pair->arg;
    uint8_t to = from == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT;
    if (from != plan->from || index + 1 != n_records[from]) {
        pair_put(pair, to, record, len);
        return;
    }
    struct direction way = (from == FEDE_CLIENT ? pair->client : pair->server)->out;
    struct frame frame;
    size_t need;
    fede_error error = {0};
    uint8_t both[128], out[256];
    bytes finished;
    way.aead.cipher = NULL;
    way.sequence = 0;
    frame_next((bytes){record, len}, false, true, FEDE_TLS12, &frame, &need, &error);
    check(record_open(&way, record, &frame, &finished, &error), "Finished does not open", from, index, 0, pair);
    memcpy(both, finished.data, finished.len);
    memcpy(both + finished.len, plan->body, plan->len);
    way.sequence = 0;
    size_t n = record_seal(&way, CONTENT_HANDSHAKE, (bytes){both, finished.len + plan->len}, out, &error);
    direction_end(&way);
    pair_put(pair, to, out, n);
}

static void behind_finished(void)
{
    for (uint8_t from = FEDE_CLIENT; from <= FEDE_SERVER; from++) {
        uint8_t request = from == FEDE_CLIENT ? MSG_CLIENT_HELLO : MSG_HELLO_REQUEST;
        struct plan plans[] = {
            {.from = from, .body = {request}, .len = 4},
            {.from = from, .body = {MSG_FINISHED}, .len = 4},
            {.from = from, .body = {request, 0, 0, 0, request, 0, 0, 0, request, 0, 0, 0, request}, .len = 16},
        };
        for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
            struct pair pair = {.tap = extend, .arg = &plans[i]};
            pair_start(&pair, client_config, server_config, NULL);
            pair_pump(&pair);
            const fede_conn *victim = from == FEDE_CLIENT ? pair.server : pair.client;
            const fede_error *error = fede_conn_error(victim);
            check((error != NULL ? error->reason : 0) == FEDE_MESSAGE_EARLY, "a message behind Finished", from, i, request,
                  &pair);
            check(pair_alert(victim) == FEDE_ALERT_UNEXPECTED_MESSAGE && !pair_established(victim),
                  "a message behind Finished does not end the handshake", from, i, request, &pair);
            pair_end(&pair);
        }
    }
}

/* Sends a record from one side, past its engine. */
static void inject(struct pair *pair, uint8_t from, uint8_t type, const void *body, size_t len)
{
    struct fede_conn *conn = from == FEDE_CLIENT ? pair->client : pair->server;
    uint8_t out[2048];
    fede_error error = {0};
    size_t n = record_seal(&conn->out, (enum content)type, (bytes){body, len}, out, &error);
    pair_put(pair, from == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT, out, n);
    pair_pump(pair);
}

static void after_handshake(void)
{
    for (uint8_t from = FEDE_CLIENT; from <= FEDE_SERVER; from++)
        for (unsigned kind = 0; kind < 256; kind++) {
            struct pair pair = run(NULL);
            fede_conn *victim = from == FEDE_CLIENT ? pair.server : pair.client;
            fede_conn *other = from == FEDE_CLIENT ? pair.client : pair.server;
            const uint8_t body[4] = {(uint8_t)kind};
            inject(&pair, from, CONTENT_HANDSHAKE, body, sizeof body);
            if (kind == (from == FEDE_CLIENT ? MSG_CLIENT_HELLO : MSG_HELLO_REQUEST)) {
                /* Refused with a warning, and the connection goes on; but not for ever. */
                check(fede_conn_error(victim) == NULL && fede_conn_error(other) == NULL && pair_exchange(&pair, 10),
                      "the connection does not go on", from, 0, kind, &pair);
                for (int i = 0; i < 3; i++)
                    inject(&pair, from, CONTENT_HANDSHAKE, body, sizeof body);
                check(fede_conn_error(victim) != NULL && fede_conn_error(victim)->reason == FEDE_RENEGOTIATION_REFUSED,
                      "renegotiation without end", from, 0, kind, &pair);
            } else {
                check(fede_conn_error(victim) != NULL &&
                          fede_conn_error(victim)->reason == FEDE_MESSAGE_AFTER_HANDSHAKE &&
                          pair_alert(victim) == FEDE_ALERT_UNEXPECTED_MESSAGE &&
                          pair_alert(other) == FEDE_ALERT_UNEXPECTED_MESSAGE,
                      "a late message", from, 0, kind, &pair);
            }
            pair_end(&pair);
        }
}

static void late_records(void)
{
    static const uint8_t close_notify[] = {1, 0}, canceled[] = {1, 90}, fatal[] = {2, 40}, odd_level[] = {3, 40},
                         one[] = {1};
    static const struct {
        const uint8_t *body;
        uint8_t len, type, times;
        uint16_t reason; /* 0: the connection goes on, or ends in order */
    } rows[] = {
        {canceled, 2, CONTENT_ALERT, 4, 0},
        {canceled, 2, CONTENT_ALERT, 5, FEDE_ALERT_TOO_MANY},
        {NULL, 0, CONTENT_DATA, 32, 0},
        {NULL, 0, CONTENT_DATA, 33, FEDE_RECORD_TOO_MANY_EMPTY},
        {fatal, 2, CONTENT_ALERT, 1, FEDE_PEER_ALERT},
        {odd_level, 2, CONTENT_ALERT, 1, FEDE_ALERT_LEVEL},
        {fatal, 1, CONTENT_ALERT, 1, FEDE_ALERT_BAD},
        {one, 1, CONTENT_CCS, 1, FEDE_RECORD_AFTER_HANDSHAKE},
        {close_notify, 2, CONTENT_ALERT, 1, 0},
        {NULL, 0, CONTENT_HANDSHAKE, 1, FEDE_RECORD_EMPTY},
        {NULL, 0, CONTENT_ALERT, 1, FEDE_RECORD_EMPTY},
    };
    for (uint8_t from = FEDE_CLIENT; from <= FEDE_SERVER; from++)
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            struct pair pair = run(NULL);
            fede_conn *victim = from == FEDE_CLIENT ? pair.server : pair.client;
            for (int k = 0; k < rows[i].times; k++)
                inject(&pair, from, rows[i].type, rows[i].body, rows[i].len);
            const fede_error *error = fede_conn_error(victim);
            check(rows[i].reason == (error != NULL ? error->reason : 0), "a late record", from, i, rows[i].type, &pair);
            if (rows[i].body == close_notify)
                check((fede_ending(victim) & (FEDE_PEER_CLOSED | FEDE_WE_CLOSED)) ==
                          (FEDE_PEER_CLOSED | FEDE_WE_CLOSED),
                      "close_notify is not answered", from, i, rows[i].type, &pair);
            else if (rows[i].reason == 0)
                check(pair_exchange(&pair, 10), "the connection does not go on", from, i, rows[i].type, &pair);
            pair_end(&pair);
        }
}

/* Alerts and empty records in turn: neither makes the other harmless. */
static void taking_turns(void)
{
    static const uint8_t canceled[] = {1, 90};
    for (uint8_t from = FEDE_CLIENT; from <= FEDE_SERVER; from++) {
        struct pair pair = run(NULL);
        const fede_conn *victim = from == FEDE_CLIENT ? pair.server : pair.client;
        for (int i = 0; i < 40 && fede_conn_error(victim) == NULL; i++) {
            inject(&pair, from, CONTENT_ALERT, canceled, sizeof canceled);
            inject(&pair, from, CONTENT_DATA, NULL, 0);
        }
        check(fede_conn_error(victim) != NULL && fede_conn_error(victim)->reason == FEDE_ALERT_TOO_MANY,
              "alerts and empty records without end", from, 0, 0, &pair);
        pair_end(&pair);
    }
}

int main(void)
{
    every_flow();
    client_config = pair_client_config(NULL);
    server_config = pair_server_config(NULL, "p256");
    struct pair pair = run(NULL);
    check(pair_established(pair.client) && pair_established(pair.server) && n_records[FEDE_CLIENT] == 4 &&
              n_records[FEDE_SERVER] == 6,
          "the undisturbed handshake is not as expected", FEDE_CLIENT, 0, 0, &pair);
    pair_end(&pair);
    if (failed == 0) {
        keys_mid_message();
        keys_behind_message();
        keys_mid_request();
        behind_finished();
        after_handshake();
        late_records();
        taking_turns();
    }
    fede_config_free(client_config);
    fede_config_free(server_config);
    printf("flow: %zu passed, %zu failed\n", passed, failed);
    return failed != 0;
}
