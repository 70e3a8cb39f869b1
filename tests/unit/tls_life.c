/* unit/tls_life.c: A connection's life: bytes in portions of any size, verification and giving it up, questions, the four ways to
   end, other protocols on the port. */
#include "tls.h"

/* ---- Portions. */

void any_portions(void **state)
{
    static const size_t chunks[] = {1, 2, 3, 4, 5, 6, 7, 13, 64, 1000, 0};
    static const size_t fragments[] = {64, 65, 100, 1000, 16383, 16384};
    (void)state;
    for (size_t c = 0; c < sizeof chunks / sizeof chunks[0]; c++)
        for (size_t f = 0; f < sizeof fragments / sizeof fragments[0]; f++)
            for (int ahead = 0; ahead < 2; ahead++) {
                fede_config *client = pair_client_config(NULL),
                            *server = pair_server_config(NULL, f & 1 ? "rsa" : "p256");
                fede_config *both[] = {client, server};
                for (int i = 0; i < 2; i++) {
                    assert_true(fede_config_max_fragment(both[i], fragments[f]));
                    assert_true(fede_config_read_ahead(both[i], ahead));
                }
                struct pair pair = {.chunk = chunks[c]};
                pair_start(&pair, client, server, NULL);
                assert_true(pair_pump(&pair));
                assert_open(&pair);
                assert_true(pair_exchange(&pair, 20000));
                fede_close(pair.client);
                assert_true(pair_pump(&pair));
                assert_true(fede_needs(pair.client) & FEDE_OVER);
                assert_true(fede_needs(pair.server) & FEDE_OVER);
                assert_null(fede_conn_error(pair.client));
                assert_null(fede_conn_error(pair.server));
                finish(&pair);
            }
}

/* Room is given for what the current record lacks and no more: what lies behind the connection is never taken. */
void never_reads_too_much(void **state)
{
    uint8_t out[4096];
    (void)state;
    struct pair pair = meet(pair_client_config(NULL), pair_server_config(NULL, "p256"), NULL);
    assert_open(&pair);
    assert_int_equal(fede_to_fill(pair.client).len, 5);
    fede_write(pair.server, (fede_bytes){(const uint8_t *)"hello", 5});
    size_t len = drain(pair.server, out, sizeof out);
    assert_int_equal(len, 5 + 8 + 5 + 16);
    assert_int_equal(feed(pair.client, out, 3), 3);
    assert_int_equal(fede_to_fill(pair.client).len, 2);
    assert_int_equal(feed(pair.client, out + 3, 2), 2);
    assert_int_equal(fede_to_fill(pair.client).len, len - 5);
    assert_int_equal(feed(pair.client, out + 5, len - 5), len - 5);
    assert_true(fede_needs(pair.client) & FEDE_READ);
    assert_false(fede_needs(pair.client) & FEDE_RECEIVE);
    assert_int_equal(fede_plaintext(pair.client).len, 5);
    fede_consumed(pair.client, 2);
    assert_memory_equal(fede_plaintext(pair.client).data, "llo", 3);
    fede_consumed(pair.client, 3);
    assert_true(fede_needs(pair.client) & FEDE_RECEIVE);
    fede_close(pair.server);
    len = drain(pair.server, out, sizeof out);
    memcpy(out + len, "next", 4); /* another protocol goes on behind close_notify */
    assert_int_equal(feed(pair.client, out, len + 4), len);
    finish(&pair);
}

/* A flight is one stretch of bytes to send, and a write is one record, taken only when nothing waits. */
void flights_and_writes(void **state)
{
    uint8_t out[8192];
    (void)state;
    fede_config *client = pair_client_config(NULL), *server = pair_server_config(NULL, "p256");
    struct pair pair = {0};
    pair_start(&pair, client, server, NULL);
    assert_int_equal(fede_needs(pair.client), FEDE_SEND | FEDE_RECEIVE);
    size_t len = drain(pair.client, out, sizeof out);
    assert_memory_equal(out, "\x16\x03\x01", 3); /* the first record's version is TLS 1.0 for old servers' sake */
    assert_int_equal(feed(pair.server, out, len), len);
    fede_bytes flight = fede_to_send(pair.server);
    size_t records = 0;
    for (size_t at = 0; at + 5 <= flight.len; at += 5 + (size_t)(flight.data[at + 3] << 8 | flight.data[at + 4]))
        records++;
    assert_int_equal(records, 4);
    assert_int_equal(fede_write(pair.client, (fede_bytes){out, 1}), 0);
    pair_pump(&pair);
    assert_open(&pair);
    uint8_t data[40000] = {0};
    assert_int_equal(fede_write(pair.client, (fede_bytes){data, sizeof data}), 16384);
    assert_false(fede_needs(pair.client) & FEDE_WRITE);
    assert_int_equal(fede_write(pair.client, (fede_bytes){data, 1}), 0);
    assert_int_equal(fede_to_send(pair.client).len, 5 + 8 + 16384 + 16);
    pair_pump(&pair);
    assert_int_equal(fede_plaintext(pair.server).len, 16384);
    finish(&pair);
}

/* ---- Certificates. */

static int64_t clock_at(void *arg)
{
    return *(int64_t *)arg;
}

void certificates(void **state)
{
    static const struct {
        const char *name, *key;
        bool trust;
        int64_t at;
        unsigned reason, alert;
    } rows[] = {
        {"server.test", "p256", true, JUST_2030, 0, 0},
        {"SERVER.TEST", "p256", true, JUST_2030, 0, 0},
        {"server.test.", "p256", true, JUST_2030, 0, 0},
        {"other.test", "p256", true, JUST_2030, FEDE_CERT_NAME_MISMATCH, FEDE_ALERT_BAD_CERTIFICATE},
        {"192.0.2.1", "p256", true, JUST_2030, FEDE_CERT_NO_NAMES, FEDE_ALERT_BAD_CERTIFICATE},
        {"server.test", "p256", false, JUST_2030, FEDE_CERT_UNKNOWN_ISSUER, FEDE_ALERT_UNKNOWN_CA},
        {"server.test", "rsa", true, 4800000000, FEDE_CERT_EXPIRED, FEDE_ALERT_CERTIFICATE_EXPIRED},
        {"server.test", "rsa", true, 1000000000, FEDE_CERT_NOT_YET_VALID, FEDE_ALERT_BAD_CERTIFICATE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fede_config *client = rows[i].trust ? pair_client_config(NULL) : fede_config_new();
        if (!rows[i].trust) { /* another leaf, without the CA that stands behind it in the file */
            fede_bytes other = pair_file("other.pem");
            const char *end = strstr((const char *)other.data, "-----END CERTIFICATE-----");
            assert_true(
                fede_config_trust(client, (fede_bytes){other.data, (size_t)(end + 26 - (const char *)other.data)}));
        }
        struct pair pair = {0};
        if (rows[i].at != JUST_2030 || !rows[i].trust) {
            static int64_t now;
            now = rows[i].at;
            fede_config_clock(client, clock_at, NULL, &now);
        }
        pair_start(&pair, client, pair_server_config(NULL, rows[i].key), rows[i].name);
        assert_true(pair_pump(&pair));
        assert_reason(pair.client, rows[i].reason);
        if (rows[i].reason != 0) {
            assert_int_equal(pair_alert(pair.client), rows[i].alert);
            assert_int_equal(pair_alert(pair.server), rows[i].alert);
            assert_false(pair_established(pair.client));
            assert_int_equal(fede_write(pair.client, (fede_bytes){(const uint8_t *)"x", 1}), 0);
        } else {
            assert_open(&pair);
        }
        finish(&pair);
    }
}

/* Nothing verifies by forgetting something; giving up the proof has a name. */
void unauthenticated(void **state)
{
    (void)state;
    fede_config *client = fede_config_new();
    struct pair pair = meet(client, pair_server_config(NULL, "p256"), NULL);
    assert_reason(pair.client, FEDE_CONFIG_NO_TRUST);
    assert_true(fede_needs(pair.client) & FEDE_OVER);
    finish(&pair);

    client = pair_client_config(NULL);
    fede_conn *conn = fede_client_new(client, NULL);
    assert_int_equal(fede_needs(conn), FEDE_OVER);
    assert_reason(conn, FEDE_CONFIG_NO_NAME);
    fede_conn_free(conn);
    /* Nor by calls in an odd order: bytes before there was room for any, */
    conn = fede_client_new(client, NULL);
    fede_received(conn, 5);
    assert_reason(conn, FEDE_CALL_ORDER);
    fede_conn_free(conn);
    /* and should the look at the start be missed, no proof comes of a chain that was proved for no name. */
    pair = (struct pair){0};
    pair_start(&pair, client, pair_server_config(NULL, "p256"), NULL);
    fede_conn_free(pair.client);
    pair.client = fede_client_new(client, NULL);
    pair.client->flags |= CONN_STARTED;
    conn_drive(pair.client);
    assert_true(pair_pump(&pair));
    assert_reason(pair.client, FEDE_INTERNAL);
    assert_false(pair_established(pair.client));
    fede_config_free(pair.server_config);
    pair_end(&pair);
    conn = fede_client_new(client, "not a name");
    assert_reason(conn, FEDE_CONFIG_BAD_NAME);
    assert_int_equal(fede_needs(conn), FEDE_OVER);
    fede_conn_free(conn);
    fede_config_free(client);

    client = fede_config_new();
    assert_true(fede_config_unauthenticated_encryption(client));
    pair = meet(client, pair_server_config(NULL, "p256"), "anything.test");
    assert_open(&pair);
    fede_info info;
    fede_conn_info(pair.client, &info);
    assert_false(info.verified);
    assert_true(pair_exchange(&pair, 100));
    finish(&pair);
}

/* ---- Questions. */

void question_of_the_hello(void **state)
{
    (void)state;
    fede_config *front = fede_config_new(), *back = pair_server_config(NULL, "p256");
    assert_true(fede_config_ask(front, FEDE_ASK_HELLO));
    struct pair pair = meet(pair_client_config(NULL), front, NULL);
    assert_int_equal(fede_needs(pair.server), FEDE_DECIDE);
    const fede_question *question = fede_ask(pair.server);
    assert_int_equal(question->kind, FEDE_ASK_HELLO);
    assert_string_equal(question->server_name, "server.test");
    assert_int_equal(question->client_hello.data[0], 1);
    assert_int_equal(fede_to_fill(pair.server).len, 0);
    assert_true(fede_answer_config(pair.server, back));
    assert_false(fede_config_max_fragment(back, 100)); /* it is in use now */
    assert_null(fede_ask(pair.server));
    fede_config_free(back);
    assert_true(pair_pump(&pair));
    assert_open(&pair);
    assert_true(pair_exchange(&pair, 1000));
    finish(&pair);

    for (int known = 0; known < 2; known++) {
        front = pair_server_config(NULL, "p256");
        fede_config_ask(front, FEDE_ASK_HELLO);
        pair = meet(pair_client_config(NULL), front, NULL);
        if (known) {
            assert_true(fede_answer_config(pair.server, NULL));
            assert_true(pair_pump(&pair));
            assert_open(&pair);
        } else {
            assert_true(fede_answer_refuse(pair.server, FEDE_ALERT_UNRECOGNIZED_NAME));
            assert_true(pair_pump(&pair));
            assert_reason(pair.server, FEDE_SNI_UNKNOWN);
            assert_reason(pair.client, FEDE_PEER_ALERT);
            assert_int_equal(pair_alert(pair.client), FEDE_ALERT_UNRECOGNIZED_NAME);
        }
        finish(&pair);
    }
}

/* Whoever closes has no more questions; an answer on its way comes too late and does no harm. */
void question_left_open(void **state)
{
    (void)state;
    for (int verdict = 0; verdict < 2; verdict++) {
        fede_config *client = pair_client_config(NULL), *server = pair_server_config(NULL, "p256");
        assert_true(fede_config_ask(verdict ? client : server, verdict ? FEDE_ASK_VERDICT : FEDE_ASK_HELLO));
        struct pair pair = meet(client, server, NULL);
        fede_conn *asks = verdict ? pair.client : pair.server;
        uint8_t out[100];
        assert_int_equal(fede_needs(asks), FEDE_DECIDE);
        fede_close(asks);
        assert_null(fede_ask(asks));
        assert_int_equal(drain(asks, out, sizeof out), 7 + 7); /* user_canceled, close_notify */
        assert_int_equal(fede_needs(asks), FEDE_OVER);
        assert_false(verdict ? fede_answer_verdict(asks, true) : fede_answer_config(asks, NULL));
        assert_false(fede_answer_refuse(asks, FEDE_ALERT_ACCESS_DENIED));
        assert_null(fede_conn_error(asks));
        assert_int_equal(fede_needs(asks), FEDE_OVER);
        finish(&pair);
    }
}

void question_of_the_verdict(void **state)
{
    static const struct {
        bool good, accept, refuse;
        unsigned reason;
        bool verified;
    } rows[] = {
        {true, true, false, 0, true},
        {true, false, false, FEDE_CERT_REFUSED, false},
        {false, true, false, 0, false},
        {false, false, false, FEDE_CERT_UNKNOWN_ISSUER, false},
        {true, false, true, FEDE_CERT_REFUSED, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fede_config *client = fede_config_new();
        if (rows[i].good) {
            fede_config_free(client);
            client = pair_client_config(NULL);
        }
        fede_config_ask(client, FEDE_ASK_VERDICT);
        struct pair pair = meet(client, pair_server_config(NULL, "p256"), NULL);
        assert_int_equal(fede_needs(pair.client), FEDE_DECIDE);
        const fede_question *question = fede_ask(pair.client);
        assert_int_equal(question->kind, FEDE_ASK_VERDICT);
        assert_int_equal(question->verdict->accepted, rows[i].good);
        assert_true(fede_peer_certificate(pair.client, 1).len > 0);
        assert_int_equal(fede_peer_certificate(pair.client, 2).len, 0);
        assert_false(fede_answer_config(pair.server, NULL)); /* the server asks nothing: a wrong call ends it */
        fede_conn_free(pair.server);
        pair.server = NULL;
        if (rows[i].refuse)
            assert_true(fede_answer_refuse(pair.client, FEDE_ALERT_BAD_CERTIFICATE));
        else
            assert_true(fede_answer_verdict(pair.client, rows[i].accept));
        assert_reason(pair.client, rows[i].reason);
        finish(&pair);

        client = rows[i].good ? pair_client_config(NULL) : fede_config_new();
        fede_config_ask(client, FEDE_ASK_VERDICT);
        pair = meet(client, pair_server_config(NULL, "p256"), NULL);
        if (!rows[i].refuse)
            fede_answer_verdict(pair.client, rows[i].accept);
        assert_true(pair_pump(&pair));
        fede_info info;
        fede_conn_info(pair.client, &info);
        assert_int_equal(info.established, rows[i].reason == 0);
        assert_int_equal(info.verified, rows[i].verified);
        finish(&pair);
    }
}

/* ---- Ends. */

void ends(void **state)
{
    (void)state;
    /* In order. */
    struct pair pair = meet(pair_client_config(NULL), pair_server_config(NULL, "p256"), NULL);
    fede_close(pair.client);
    assert_int_equal(fede_ending(pair.client), FEDE_WE_CLOSED);
    assert_true(pair_pump(&pair));
    assert_int_equal(fede_ending(pair.server), FEDE_WE_CLOSED | FEDE_PEER_CLOSED);
    assert_int_equal(fede_ending(pair.client), FEDE_WE_CLOSED | FEDE_PEER_CLOSED);
    assert_int_equal(fede_needs(pair.client), FEDE_OVER);
    assert_int_equal(fede_needs(pair.server), FEDE_OVER);
    fede_received(pair.client, 0);
    assert_null(fede_conn_error(pair.client));
    finish(&pair);

    /* Cut. */
    pair = meet(pair_client_config(NULL), pair_server_config(NULL, "p256"), NULL);
    fede_received(pair.client, 0);
    assert_reason(pair.client, FEDE_TRUNCATED);
    assert_int_equal(fede_ending(pair.client), FEDE_TRANSPORT_ENDED | FEDE_ENDED_BADLY);
    assert_int_equal(fede_needs(pair.client), FEDE_OVER);
    /* Cut with data not yet read: first the data, then the truth. */
    fede_conn_free(pair.client);
    pair.client = NULL;
    finish(&pair);
    pair = meet(pair_client_config(NULL), pair_server_config(NULL, "p256"), NULL);
    fede_write(pair.client, (fede_bytes){(const uint8_t *)"last", 4});
    pair_pump(&pair);
    fede_received(pair.server, 0);
    assert_true(fede_needs(pair.server) & FEDE_READ);
    assert_null(fede_conn_error(pair.server));
    fede_consumed(pair.server, 4);
    assert_reason(pair.server, FEDE_TRUNCATED);
    finish(&pair);

    /* After our own close the peer may just go. */
    pair = meet(pair_client_config(NULL), pair_server_config(NULL, "p256"), NULL);
    fede_close(pair.client);
    assert_true(fede_needs(pair.client) & FEDE_SEND);
    fede_sent(pair.client, (ptrdiff_t)fede_to_send(pair.client).len);
    fede_received(pair.client, 0);
    assert_null(fede_conn_error(pair.client));
    assert_int_equal(fede_needs(pair.client), FEDE_OVER);
    finish(&pair);

    /* The transport fails. */
    pair = meet(pair_client_config(NULL), pair_server_config(NULL, "p256"), NULL);
    fede_received(pair.client, -1);
    assert_reason(pair.client, FEDE_TRANSPORT_FAILED);
    fede_write(pair.server, (fede_bytes){(const uint8_t *)"x", 1});
    fede_sent(pair.server, -1);
    assert_int_equal(fede_needs(pair.server), FEDE_RECEIVE); /* an alert may be waiting there */
    fede_received(pair.server, 0);
    assert_reason(pair.server, FEDE_TRUNCATED);
    finish(&pair);

    /* In the handshake. */
    fede_config *client = pair_client_config(NULL);
    fede_conn *conn = fede_client_new(client, "server.test");
    fede_needs(conn);
    fede_received(conn, 0);
    assert_reason(conn, FEDE_TRANSPORT_CLOSED_IN_HANDSHAKE);
    assert_int_equal(fede_conn_error(conn)->message, MSG_SERVER_HELLO);
    fede_conn_free(conn);
    conn = fede_client_new(client, "server.test");
    uint8_t out[1024];
    static const uint8_t close_notify[] = {21, 3, 3, 0, 2, 1, 0}, failure[] = {21, 3, 3, 0, 2, 2, 40};
    drain(conn, out, sizeof out);
    feed(conn, close_notify, sizeof close_notify);
    assert_reason(conn, FEDE_PEER_CLOSED_EARLY);
    assert_int_equal(fede_ending(conn), FEDE_ENDED_BADLY | FEDE_WE_CLOSED);
    assert_int_equal(drain(conn, out, sizeof out), sizeof close_notify); /* answered all the same */
    assert_memory_equal(out, close_notify, sizeof close_notify);
    assert_int_equal(fede_needs(conn), FEDE_OVER);
    fede_conn_free(conn);
    conn = fede_client_new(client, "server.test");
    fede_needs(conn);
    feed(conn, failure, sizeof failure);
    assert_reason(conn, FEDE_PEER_ALERT);
    assert_int_equal(fede_conn_error(conn)->origin, FEDE_ORIGIN_PEER);
    char advice[400];
    assert_true(fede_error_advice(fede_conn_error(conn), advice, sizeof advice) > 20);
    assert_non_null(strstr(advice, "cipher suite"));
    fede_conn_free(conn);
    conn = fede_client_new(client, "server.test");
    fede_needs(conn);
    fede_close(conn); /* gives up: user_canceled, close_notify, then over */
    size_t len = drain(conn, out, sizeof out);
    assert_memory_equal(out + len - 14, "\x15\3\3\0\2\1\x5a\x15\3\3\0\2\1\0", 14);
    assert_int_equal(fede_needs(conn), FEDE_OVER);
    fede_conn_free(conn);
    fede_config_free(client);

    /* By the application. */
    pair = meet(pair_client_config(NULL), pair_server_config(NULL, "p256"), NULL);
    fede_abort(pair.server, FEDE_ALERT_ACCESS_DENIED);
    pair_pump(&pair);
    assert_reason(pair.server, FEDE_ABORTED);
    assert_reason(pair.client, FEDE_PEER_ALERT);
    assert_int_equal(pair_alert(pair.client), FEDE_ALERT_ACCESS_DENIED);
    finish(&pair);
}

void half_close(void **state)
{
    (void)state;
    fede_config *client = pair_client_config(NULL), *server = pair_server_config(NULL, "p256");
    fede_config_half_close(client, true);
    fede_config_half_close(server, true);
    struct pair pair = meet(client, server, NULL);
    fede_close(pair.client);
    pair_pump(&pair);
    assert_int_equal(fede_ending(pair.server), FEDE_PEER_CLOSED);
    assert_int_equal(fede_needs(pair.server), FEDE_WRITE);
    assert_int_equal(fede_write(pair.server, (fede_bytes){(const uint8_t *)"answer", 6}), 6);
    pair_pump(&pair);
    assert_int_equal(fede_plaintext(pair.client).len, 6);
    assert_int_equal(fede_write(pair.client, (fede_bytes){(const uint8_t *)"x", 1}), 0);
    fede_consumed(pair.client, 6);
    fede_close(pair.server);
    pair_pump(&pair);
    assert_int_equal(fede_needs(pair.server), FEDE_OVER);
    assert_int_equal(fede_needs(pair.client), FEDE_OVER);
    assert_null(fede_conn_error(pair.client));
    finish(&pair);
    /* Over, because nothing can be sent any more and nothing more will come: then no alert is made either. */
    client = pair_client_config(NULL), server = pair_server_config(NULL, "p256");
    fede_config_half_close(server, true);
    pair = meet(client, server, NULL);
    fede_sent(pair.server, -1);
    fede_close(pair.client);
    pair_pump(&pair);
    assert_int_equal(fede_needs(pair.server), FEDE_OVER);
    fede_info before, after;
    fede_conn_info(pair.server, &before);
    fede_abort(pair.server, FEDE_ALERT_ACCESS_DENIED);
    fede_conn_info(pair.server, &after);
    assert_int_equal(after.sent_records, before.sent_records);
    assert_int_equal(fede_needs(pair.server), FEDE_OVER);
    finish(&pair);
    /* Here a cut answer is an error even after our close. */
    client = pair_client_config(NULL), server = pair_server_config(NULL, "p256");
    fede_config_half_close(client, true);
    pair = meet(client, server, NULL);
    fede_close(pair.client);
    fede_sent(pair.client, (ptrdiff_t)fede_to_send(pair.client).len);
    fede_received(pair.client, 0);
    assert_reason(pair.client, FEDE_TRUNCATED);
    finish(&pair);
}

void foreign_protocols(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        unsigned reason;
    } rows[] = {
        {"HTTP/1.1 400 Bad Request\r\n", 26, FEDE_PLAIN_HTTP},
        {"220 mail.test ESMTP\r\n", 21, FEDE_PLAIN_OTHER},
        {"SSH-2.0-OpenSSH_9\r\n", 19, FEDE_PLAIN_OTHER},
        {"\x80\x2e\x01\x03\x01 ", 6, FEDE_SSL2_HELLO},
        {"\x00\x01\x02\x03\x04", 5, FEDE_NOT_TLS},
        {"\x16\x03\x03\x40\x01", 5, FEDE_RECORD_OVERFLOW},
        {"\x16\x03\x03\x00\x00", 5, FEDE_RECORD_EMPTY},
        {"\x16\x03\x03\x00\x04\x02\x7f\xff\xff", 9, FEDE_MESSAGE_TOO_LONG},
    };
    (void)state;
    fede_config *config = pair_client_config(NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fede_conn *conn = fede_client_new(config, "server.test");
        fede_needs(conn);
        feed(conn, (const uint8_t *)rows[i].bytes, rows[i].len);
        assert_reason(conn, rows[i].reason);
        fede_conn_free(conn);
    }
    fede_config_free(config);
}
