/* engine/rules.c: rules that a peer may break without the bytes being wrong in themselves: handshake bytes before its turn, a
   message cut by data, a message behind the last one. And two settings: the schemes a credential signs with, the signal
   of a fallback. RFC 5246 6.2.1, 7.3, RFC 7507. */
#include "check.h"
#include "pair.h"
#include "tls/conn.h"
#include "wire/messages.h"

/* ---- Before its turn: the last record of a flight gets a byte of the next message, or a whole one. */

struct more {
    uint8_t from;
    size_t record, n;
};

static void lengthen(struct pair *pair, uint8_t from, size_t index, uint8_t *record, size_t len)
{
    static const uint8_t whole[] = {16, 0, 0, 1, 0};
    struct more *more = pair->arg;
    uint8_t copy[4096];
    if (from != more->from || index != more->record || len + sizeof whole > sizeof copy) {
        pair_put(pair, from == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT, record, len);
        return;
    }
    memcpy(copy, record, len);
    memcpy(copy + len, whole, more->n);
    store16(copy + 3, (uint16_t)(load16(copy + 3) + more->n));
    pair_put(pair, from == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT, copy, len + more->n);
}

static void before_their_turn(void)
{
    fede_config *cc = pair_client_config(NULL), *sc = pair_server_config(NULL, "p256");
    static const struct more rows[] = {
        {FEDE_CLIENT, 0, 1},
        {FEDE_CLIENT, 0, 5}, /* behind ClientHello */
        {FEDE_SERVER, 3, 1},
        {FEDE_SERVER, 3, 5}, /* behind ServerHelloDone */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct more more = rows[i];
        struct pair pair = {.tap = lengthen, .arg = &more};
        pair_start(&pair, cc, sc, NULL);
        pair_pump(&pair);
        fede_conn *victim = more.from == FEDE_CLIENT ? pair.server : pair.client;
        const fede_error *error = fede_conn_error(victim);
        CHECK_AT(error != NULL && error->reason == FEDE_MESSAGE_EARLY, i);
        CHECK_AT(pair_alert(victim) == FEDE_ALERT_UNEXPECTED_MESSAGE, i);
        pair_end(&pair);
    }
    fede_config_free(cc);
    fede_config_free(sc);
}

/* Half a HelloRequest, then data. */
static void cut_by_data(void)
{
    static const uint8_t half[] = {0, 0};
    fede_config *cc = pair_client_config(NULL), *sc = pair_server_config(NULL, "p256");
    struct pair pair = {0};
    pair_start(&pair, cc, sc, NULL);
    CHECK(pair_pump(&pair) && conn_seal(pair.server, CONTENT_HANDSHAKE, BYTES_OF(half), false) && pair_pump(&pair));
    CHECK(fede_conn_error(pair.client) == NULL);
    CHECK(fede_write(pair.server, BYTES_OF(half)) == 2);
    pair_pump(&pair);
    CHECK(fede_conn_error(pair.client) != NULL && fede_conn_error(pair.client)->reason == FEDE_RECORD_UNEXPECTED);
    pair_end(&pair);
    fede_config_free(cc);
    fede_config_free(sc);
}

/* ---- Settings. */

static void signs_with(void)
{
    static const uint16_t order[] = {0x0503, 0x0403}, unknown[] = {0x0999};
    fede_config *cc = pair_client_config(NULL), *sc = pair_server_config(NULL, "p256");
    fede_config *other = pair_server_config(NULL, "p256"), *none = fede_config_new();
    CHECK(fede_config_sign_with(sc, order, 2)); /* the second would be first by the key's curve */
    struct pair pair = {0};
    fede_info info;
    pair_start(&pair, cc, sc, NULL);
    pair_pump(&pair);
    fede_conn_info(pair.client, &info);
    CHECK(info.established && info.scheme == 0x0503);
    pair_end(&pair);
    CHECK(!fede_config_sign_with(none, order, 2) && fede_config_error(none)->reason == FEDE_CONFIG_BAD_VALUE);
    CHECK(!fede_config_sign_with(other, unknown, 1) && fede_config_error(other)->reason == FEDE_CONFIG_BAD_VALUE);
    fede_config_free(cc);
    fede_config_free(sc);
    fede_config_free(other);
    fede_config_free(none);
}

static bool signalled;
static void hear(void *arg, const fede_event *event)
{
    (void)arg;
    if (event->kind != FEDE_EVENT_MESSAGE || event->what != MSG_CLIENT_HELLO)
        return;
    struct wire w = wire_reader((bytes){event->bytes.data + 4, event->bytes.len - 4});
    struct client_hello m;
    wire_client_hello(&w, &m);
    signalled = u16s_has(m.suites, 0x5600);
}

static void fallback(void)
{
    fede_config *sc = pair_server_config(NULL, "p256");
    for (int on = 0; on < 2; on++) {
        fede_config *cc = pair_client_config(NULL);
        fede_config_trace(cc, hear, NULL);
        CHECK(fede_config_fallback(cc, on));
        struct pair pair = {0};
        pair_start(&pair, cc, sc, NULL);
        CHECK(pair_pump(&pair) && pair_established(pair.client) && signalled == (on != 0));
        pair_end(&pair);
        fede_config_free(cc);
    }
    fede_config_free(sc);
}

int main(void)
{
    before_their_turn();
    cut_by_data();
    signs_with();
    fallback();
    printf("rules: %zu passed, %zu failed\n", passed, failed);
    return failed > 0;
}
