/* engine/renegotiate.c: a second handshake asked for, in one process: refused, ended, ignored, as a config says, by both roles;
   begun by a client that was allowed to, with what must be in its ClientHello, while data still comes and none can be sent;
   ended in the middle; each allocation failing. Whole ones are in tests/interop (real servers) and tests/errors (a server that
   breaks the rules). RFC 5246 7.4.1.1, RFC 5746. */
#include "check.h"
#include "pair.h"
#include "tls/conn.h"
#include "wire/messages.h"

static size_t refusals, hellos; /* warnings no_renegotiation, ClientHellos */
static uint8_t bound[255];      /* renegotiated_connection of the last ClientHello, and its length */
static size_t bound_len;
static uint8_t finished[12]; /* the client's, of the first handshake */

static void hear(void *arg, const fede_event *event)
{
    (void)arg;
    if (event->kind == FEDE_EVENT_ALERT && event->ours)
        refusals += event->what == FEDE_ALERT_NO_RENEGOTIATION && event->number == 1;
    if (event->kind != FEDE_EVENT_MESSAGE || !event->ours)
        return;
    if (event->what == MSG_FINISHED && event->from == FEDE_CLIENT && hellos == 1)
        memcpy(finished, event->bytes.data + 4, sizeof finished);
    if (event->what != MSG_CLIENT_HELLO)
        return;
    struct wire w = wire_reader((bytes){event->bytes.data + 4, event->bytes.len - 4});
    struct client_hello m;
    hellos++;
    wire_client_hello(&w, &m);
    CHECK(wire_done(&w) && ext_has(&m.extensions, HAS_RENEGOTIATION_INFO));
    bound_len = m.extensions.renegotiated_connection.len;
    if (bound_len > 0)
        memcpy(bound, m.extensions.renegotiated_connection.data, bound_len);
}

static struct pair opened(fede_config *cc, fede_config *sc, unsigned allowed)
{
    struct pair pair = {0};
    refusals = hellos = 0;
    pair_start(&pair, cc, sc, NULL);
    if (allowed > 0 && pair.client != NULL)
        fede_conn_allow_renegotiation(pair.client, allowed);
    return pair;
}

/* A server asks with HelloRequest; a client, with a ClientHello of any content. */
static void ask(struct pair *pair, uint8_t from)
{
    static const uint8_t request[] = {0, 0, 0, 0}, hello[] = {1, 0, 0, 2, 3, 3};
    fede_conn *conn = from == FEDE_SERVER ? pair->server : pair->client;
    bytes message = from == FEDE_SERVER ? BYTES_OF(request) : BYTES_OF(hello);
    CHECK(conn_seal(conn, CONTENT_HANDSHAKE, message, false));
    CHECK(pair_pump(pair));
}

static void not_allowed(void)
{
    for (int answer = FEDE_RENEGOTIATION_WARN; answer <= FEDE_RENEGOTIATION_IGNORE; answer++)
        for (uint8_t from = FEDE_CLIENT; from <= FEDE_SERVER; from++) {
            size_t n = 10 * (size_t)answer + from;
            fede_config *cc = pair_client_config(NULL), *sc = pair_server_config(NULL, "p256");
            fede_config *asked = from == FEDE_SERVER ? cc : sc;
            fede_config_trace(asked, hear, NULL);
            CHECK_AT(fede_config_renegotiation(asked, (fede_renegotiation)answer), n);
            struct pair pair = opened(cc, sc, 0);
            CHECK_AT(pair_pump(&pair) && pair_exchange(&pair, 100), n);
            fede_conn *victim = from == FEDE_SERVER ? pair.client : pair.server;
            fede_conn *other = from == FEDE_SERVER ? pair.server : pair.client;
            fede_info info;
            fede_conn_info(victim, &info);
            CHECK_AT(info.secure_renegotiation && info.renegotiations == 0, n);
            ask(&pair, from);
            if (answer == FEDE_RENEGOTIATION_END) {
                CHECK_AT(fede_conn_error(victim) != NULL &&
                             fede_conn_error(victim)->reason == FEDE_RENEGOTIATION_FORBIDDEN,
                         n);
                CHECK_AT(fede_conn_error(other) != NULL && pair_alert(other) == FEDE_ALERT_NO_RENEGOTIATION, n);
            } else {
                bool silent = answer == FEDE_RENEGOTIATION_IGNORE && from == FEDE_SERVER;
                CHECK_AT(refusals == (silent ? 0 : 1) && pair_exchange(&pair, 100), n);
                for (int i = 0; i < 3; i++)
                    ask(&pair, from);
                CHECK_AT(fede_conn_error(victim) != NULL &&
                             fede_conn_error(victim)->reason == FEDE_RENEGOTIATION_REFUSED,
                         n);
            }
            pair_end(&pair);
            fede_config_free(cc);
            fede_config_free(sc);
        }
}

/* The server of the test does not go on with it; what it has under way still arrives. */
static void begun(void)
{
    static const uint8_t text[] = "under way";
    fede_config *cc = pair_client_config(NULL), *sc = pair_server_config(NULL, "p256");
    fede_config_trace(cc, hear, NULL);
    for (int half = 0; half < 2; half++) {
        fede_config *one = fede_config_derive(cc);
        fede_config_half_close(one, half);
        struct pair pair = opened(one, sc, 1);
        CHECK(pair_pump(&pair) && hellos == 1 && bound_len == 0);
        CHECK(fede_write(pair.server, BYTES_OF(text)) == sizeof text && pair_pump(&pair));
        CHECK(conn_seal(pair.server, CONTENT_HANDSHAKE, bytes_of((const uint8_t *)"\0\0\0\0", 4), false));
        CHECK(fede_write(pair.server, BYTES_OF(text)) == 0); /* a record at a time */
        CHECK(pair_pump(&pair));
        CHECK(fede_plaintext(pair.client).len == sizeof text && hellos == 1);
        fede_consumed(pair.client, sizeof text);
        CHECK(pair_pump(&pair) && hellos == 2);
        CHECK(bound_len == sizeof finished && memcmp(bound, finished, sizeof finished) == 0);
        CHECK(!(fede_needs(pair.client) & FEDE_WRITE));
        CHECK(fede_write(pair.client, BYTES_OF(text)) == 0);
        CHECK(fede_write(pair.server, BYTES_OF(text)) == sizeof text && pair_pump(&pair));
        CHECK(fede_plaintext(pair.client).len == sizeof text);
        fede_consumed(pair.client, sizeof text);
        fede_info info;
        fede_conn_info(pair.client, &info);
        CHECK(info.established && info.renegotiations == 1);
        ask(&pair, FEDE_SERVER); /* again: ignored while the first lasts */
        CHECK(hellos == 2 && fede_conn_error(pair.client) == NULL);
        fede_close(pair.client);
        CHECK(pair_pump(&pair) && fede_needs(pair.client) == FEDE_OVER && fede_conn_error(pair.client) == NULL);
        CHECK(fede_ending(pair.server) & FEDE_PEER_CLOSED);
        pair_end(&pair);
        fede_config_free(one);
    }
    fede_config_free(cc);
    fede_config_free(sc);
}

/* Over HTTP/2, more often than allowed, forbidden again, allowed too late. */
static void bounds(void)
{
    static const char *const h2[] = {"h2"};
    fede_config *cc = pair_client_config(NULL), *sc = pair_server_config(NULL, "p256");
    fede_config *c2 = pair_client_config(NULL), *s2 = pair_server_config(NULL, "p256");
    fede_config_trace(cc, hear, NULL);
    fede_config_trace(c2, hear, NULL);
    fede_config_alpn(c2, h2, 1);
    fede_config_alpn(s2, h2, 1);
    struct pair pair = opened(c2, s2, 5);
    CHECK(pair_pump(&pair));
    ask(&pair, FEDE_SERVER);
    CHECK(hellos == 1 && refusals == 1 && pair_exchange(&pair, 100));
    pair_end(&pair);

    pair = opened(cc, sc, 5);
    CHECK(pair_pump(&pair) && fede_conn_allow_renegotiation(pair.client, 0));
    ask(&pair, FEDE_SERVER);
    CHECK(hellos == 1 && refusals == 1 && pair_exchange(&pair, 100));
    CHECK(!fede_conn_allow_renegotiation(pair.client, 1) && fede_conn_error(pair.client)->reason == FEDE_CALL_ORDER);
    pair_end(&pair);

    pair = opened(cc, sc, 0);
    CHECK(!fede_conn_allow_renegotiation(pair.server, 1) && fede_conn_error(pair.server)->reason == FEDE_CALL_ORDER);
    pair_end(&pair);
    fede_config_free(cc);
    fede_config_free(sc);
    fede_config_free(c2);
    fede_config_free(s2);
}

/* The application begins it when it likes. */
static void waits(void)
{
    fede_config *cc = pair_client_config(NULL), *sc = pair_server_config(NULL, "p256");
    fede_info info;
    fede_config_trace(cc, hear, NULL);
    CHECK(fede_config_renegotiation(cc, FEDE_RENEGOTIATION_WAIT));
    struct pair pair = opened(cc, sc, 1);
    CHECK(pair_pump(&pair) && !fede_conn_renegotiate(pair.client));
    ask(&pair, FEDE_SERVER);
    fede_conn_info(pair.client, &info);
    CHECK(info.renegotiation_wanted && info.renegotiations == 0 && hellos == 1 && pair_exchange(&pair, 100));
    CHECK(fede_conn_renegotiate(pair.client) && hellos == 2);
    fede_conn_info(pair.client, &info);
    CHECK(!info.renegotiation_wanted && info.renegotiations == 1 && !fede_conn_renegotiate(pair.client));
    pair_end(&pair);

    pair = opened(cc, sc, 0); /* not allowed: as END */
    CHECK(pair_pump(&pair));
    ask(&pair, FEDE_SERVER);
    CHECK(fede_conn_error(pair.client) != NULL && fede_conn_error(pair.client)->reason == FEDE_RENEGOTIATION_FORBIDDEN);
    CHECK(!fede_conn_renegotiate(pair.client));
    pair_end(&pair);
    fede_config_free(cc);
    fede_config_free(sc);
}

static void no_memory(void)
{
    fede_config *sc = pair_server_config(NULL, "p256");
    for (size_t n = 1; n < 400; n++) {
        struct memory_meter meter;
        memory_meter_start(&meter);
        fede_config *cc = pair_client_config(&meter.allocator);
        size_t before = meter.calls;
        meter.fail_at = before + n;
        struct pair pair = opened(cc, sc, 1);
        bool all = false;
        if (pair.client != NULL) {
            CHECK_AT(pair_pump(&pair), n);
            if (pair_established(pair.client))
                ask(&pair, FEDE_SERVER);
            all = pair_established(pair.client) && meter.calls < meter.fail_at;
            CHECK_AT(all || fede_conn_error(pair.client) != NULL, n);
        }
        pair_end(&pair);
        fede_config_free(cc);
        CHECK_AT(meter.blocks == 0 && meter.live == 0, n);
        if (all)
            break;
    }
    fede_config_free(sc);
}

int main(void)
{
    not_allowed();
    begun();
    bounds();
    waits();
    no_memory();
    printf("%zu passed, %zu failed\n", passed, failed);
    return failed > 0;
}
