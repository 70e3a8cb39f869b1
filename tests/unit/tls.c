/* unit/tls.c: the engine as its public interface promises it: every suite with every group and kind of key, bytes in
   portions of any size, choices and refusals, questions, the four ways to end, events, errors as sentences, names.
   Client and server stand in one process (engine/pair.h); what damage does to them is tested in tests/engine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../engine/pair.h"
#include "keys/schedule12.h"
#include "tls/conn.h"

static void assert_reason(const fede_conn *conn, unsigned reason)
{
    const fede_error *error = fede_conn_error(conn);
    char text[1000] = "no error";
    if (error != NULL)
        fede_error_text(error, text, sizeof text);
    if ((error != NULL ? error->reason : 0u) != reason)
        print_message("wanted %s, got: %s\n", fede_reason_name(reason), text);
    assert_int_equal(error != NULL ? error->reason : 0, reason);
}

static void assert_open(struct pair *pair)
{
    if (!pair_established(pair->client))
        assert_reason(pair->client, 0);
    if (!pair_established(pair->server))
        assert_reason(pair->server, 0);
    assert_true(pair_established(pair->client) && pair_established(pair->server));
}

/* A pair that has shaken hands as far as it can. */
static struct pair meet(fede_config *client, fede_config *server, const char *name)
{
    struct pair pair = {0};
    pair_start(&pair, client, server, name);
    assert_true(pair_pump(&pair));
    return pair;
}

static void finish(struct pair *pair)
{
    fede_config *client = pair->client_config, *server = pair->server_config;
    pair_end(pair);
    fede_config_free(client);
    fede_config_free(server);
}

/* ---- The matrix. */

static void every_suite_group_and_key(void **state)
{
    static const struct {
        const char *key;
        bool rsa;
    } keys[] = {{"p256", false}, {"p384", false}, {"p521", false}, {"ed25519", false}, {"rsa", true}};
    size_t n = 0;
    (void)state;
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        fede_config *client = pair_client_config(NULL);
        for (size_t s = 0; fede_suite_list(s) != 0; s++)
            for (size_t g = 0; fede_group_list(g) != 0; g++) {
                uint16_t suite = fede_suite_list(s), group = fede_group_list(g);
                if ((strstr(fede_suite_name(suite), "ECDSA") == NULL) != keys[k].rsa)
                    continue;
                fede_config *server = pair_server_config(NULL, keys[k].key);
                assert_true(fede_config_suites(server, &suite, 1));
                assert_true(fede_config_groups(server, &group, 1));
                struct pair pair = meet(client, server, NULL);
                assert_open(&pair);
                fede_info info[2];
                fede_conn_info(pair.client, &info[0]);
                fede_conn_info(pair.server, &info[1]);
                for (int i = 0; i < 2; i++) {
                    assert_int_equal(info[i].suite, suite);
                    assert_int_equal(info[i].group, group);
                    assert_int_equal(info[i].version, FEDE_TLS12);
                    assert_int_equal(info[i].scheme, info[0].scheme);
                    assert_true(info[i].extended_master_secret);
                    assert_string_equal(info[i].server_name, "server.test");
                }
                assert_true(info[0].verified);
                assert_false(info[1].verified);
                assert_true(pair_exchange(&pair, 40000));
                pair_end(&pair);
                fede_config_free(server);
                n++;
            }
        fede_config_free(client);
    }
    assert_int_equal(n, 4 * 3 * 4 + 3 * 4);
}

static void every_scheme(void **state)
{
    static const char *const keys[] = {"p256", "p384", "p521", "ed25519", "rsa"};
    size_t open = 0;
    (void)state;
    for (size_t k = 0; k < 5; k++)
        for (size_t i = 0; fede_scheme_list(i) != 0; i++) {
            uint16_t scheme = fede_scheme_list(i);
            fede_config *client = pair_client_config(NULL), *server = pair_server_config(NULL, keys[k]);
            if (!fede_config_schemes(server, &scheme, 1)) { /* ed448: known, but no suite of the policy has it */
                fede_config_free(client);
                fede_config_free(server);
                continue;
            }
            struct pair pair = meet(client, server, NULL);
            fede_info info;
            fede_conn_info(pair.client, &info);
            if (pair_established(pair.client)) {
                assert_int_equal(info.scheme, scheme);
                open++;
            } else {
                assert_reason(pair.server, FEDE_NO_COMMON_SCHEME);
                assert_int_equal(pair_alert(pair.client), FEDE_ALERT_HANDSHAKE_FAILURE);
            }
            finish(&pair);
        }
    assert_int_equal(open, 3 * 3 + 1 + 6); /* each EC key with three hashes, Ed25519, RSA with PKCS #1 and PSS */
}

static void extended_master_secret_and_classic(void **state)
{
    static const struct {
        fede_ems client, server;
        unsigned client_reason, server_reason;
        bool used;
    } rows[] = {
        {FEDE_EMS_OFFERED, FEDE_EMS_OFFERED, 0, 0, true},
        {FEDE_EMS_OFF, FEDE_EMS_OFFERED, 0, 0, false},
        {FEDE_EMS_OFFERED, FEDE_EMS_OFF, 0, 0, false},
        {FEDE_EMS_REQUIRED, FEDE_EMS_REQUIRED, 0, 0, true},
        {FEDE_EMS_REQUIRED, FEDE_EMS_OFF, FEDE_NO_EXTENDED_MASTER_SECRET, FEDE_PEER_ALERT, false},
        {FEDE_EMS_OFF, FEDE_EMS_REQUIRED, FEDE_PEER_ALERT, FEDE_NO_EXTENDED_MASTER_SECRET, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fede_config *client = pair_client_config(NULL), *server = pair_server_config(NULL, "p256");
        fede_config_extended_master_secret(client, rows[i].client);
        fede_config_extended_master_secret(server, rows[i].server);
        struct pair pair = meet(client, server, NULL);
        assert_reason(pair.client, rows[i].client_reason);
        assert_reason(pair.server, rows[i].server_reason);
        if (rows[i].client_reason == 0) {
            fede_info info;
            fede_conn_info(pair.server, &info);
            assert_int_equal(info.extended_master_secret, rows[i].used);
            assert_true(pair_exchange(&pair, 1000));
        }
        finish(&pair);
    }
}

/* ---- Portions. */

static void any_portions(void **state)
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

/* Everything one side has to say up to now, taken away. */
static size_t drain(fede_conn *conn, uint8_t *out, size_t size)
{
    size_t len = 0;
    while (fede_needs(conn) & FEDE_SEND) {
        fede_bytes b = fede_to_send(conn);
        assert_true(len + b.len <= size);
        memcpy(out + len, b.data, b.len);
        len += b.len;
        fede_sent(conn, (ptrdiff_t)b.len);
    }
    return len;
}

/* Hands bytes over as far as they are wanted; returns how many were taken. */
static size_t feed(fede_conn *conn, const uint8_t *data, size_t len)
{
    size_t at = 0;
    while (at < len && fede_needs(conn) & FEDE_RECEIVE) {
        fede_room room = fede_to_fill(conn);
        size_t n = room.len < len - at ? room.len : len - at;
        if (n == 0)
            break;
        memcpy(room.data, data + at, n);
        fede_received(conn, (ptrdiff_t)n);
        at += n;
    }
    return at;
}

/* Room is given for what the current record lacks and no more: what lies behind the connection is never taken. */
static void never_reads_too_much(void **state)
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
static void flights_and_writes(void **state)
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

/* ---- Choices. */

static void application_protocols(void **state)
{
    static const char *const both[] = {"h2", "http/1.1"}, *const turned[] = {"http/1.1", "h2"},
                             *const other[] = {"imap"};
    static const struct {
        const char *const *client, *const *server;
        size_t client_n, server_n;
        const char *chosen;
        unsigned server_reason;
    } rows[] = {
        {both, turned, 2, 2, "http/1.1", 0}, /* the server's order counts */
        {both, both + 1, 2, 1, "http/1.1", 0},        {both, NULL, 2, 0, "", 0}, {NULL, both, 0, 2, "", 0},
        {other, both, 1, 2, "", FEDE_ALPN_NO_COMMON},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fede_config *client = pair_client_config(NULL), *server = pair_server_config(NULL, "p256");
        assert_true(fede_config_alpn(client, rows[i].client, rows[i].client_n));
        assert_true(fede_config_alpn(server, rows[i].server, rows[i].server_n));
        struct pair pair = meet(client, server, NULL);
        assert_reason(pair.server, rows[i].server_reason);
        fede_conn *sides[] = {pair.client, pair.server};
        for (int s = 0; s < 2; s++) {
            fede_info info;
            fede_conn_info(sides[s], &info);
            assert_int_equal(info.alpn.len, strlen(rows[i].chosen));
            assert_memory_equal(info.alpn.len ? info.alpn.data : (const uint8_t *)"", rows[i].chosen, info.alpn.len);
        }
        if (rows[i].server_reason != 0) {
            assert_int_equal(pair_alert(pair.server), FEDE_ALERT_NO_APPLICATION_PROTOCOL);
            assert_int_equal(pair_alert(pair.client), FEDE_ALERT_NO_APPLICATION_PROTOCOL);
        }
        finish(&pair);
    }
}

static fede_bytes leaf_of(const struct pair *pair)
{
    return fede_peer_certificate(pair->client, 0);
}

static bool accept_any(fede_conn *conn)
{
    const fede_question *question = fede_ask(conn);
    return question != NULL && question->kind == FEDE_ASK_VERDICT && fede_answer_verdict(conn, true);
}

/* By name first, then by what the client can verify; with no name the first one, or one for the same names. */
static void credentials(void **state)
{
    static const struct {
        const char *name;
        uint16_t suite; /* 0: all */
        const char *file;
    } rows[] = {
        {"server.test", 0, "p256.pem"}, {"other.test", 0, "other.pem"}, {"server.test", 0xc02f, "rsa.pem"},
        {"no.test", 0, "p256.pem"},     {"no.test", 0xc02f, "rsa.pem"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fede_config *client = pair_client_config(NULL), *server = pair_server_config(NULL, "p256");
        assert_true(fede_config_credential(server, pair_file("other.pem"), pair_file("other.key")));
        assert_true(fede_config_credential(server, pair_file("rsa.pem"), pair_file("rsa.key")));
        assert_true(fede_config_ask(client, FEDE_ASK_VERDICT));
        if (rows[i].suite != 0)
            assert_true(fede_config_suites(client, &rows[i].suite, 1));
        struct pair pair = meet(client, server, rows[i].name);
        fede_bytes leaf = leaf_of(&pair);
        assert_true(leaf.len > 0);
        fede_config *only = fede_config_new();
        assert_true(fede_config_trust(only, pair_file(rows[i].file)));
        assert_true(anchors_at(only->trust->anchors, 0) != NULL);
        fede_bytes wanted = anchors_at(only->trust->anchors, 0)->der;
        assert_int_equal(leaf.len, wanted.len);
        assert_memory_equal(leaf.data, wanted.data, leaf.len);
        fede_config_free(only);
        assert_true(accept_any(pair.client));
        assert_true(pair_pump(&pair));
        assert_open(&pair);
        fede_info info;
        fede_conn_info(pair.client, &info);
        assert_int_equal(info.verified, strcmp(rows[i].name, "no.test") != 0);
        finish(&pair);
    }
}

static void nothing_in_common(void **state)
{
    static const uint16_t rsa_suite = 0xc02f, x25519 = 0x001d, p256[] = {0x0017, 0x0018}, pss = 0x0804;
    (void)state;
    fede_config *client = pair_client_config(NULL), *server = pair_server_config(NULL, "p256");
    fede_config_suites(client, &rsa_suite, 1);
    struct pair pair = meet(client, server, NULL);
    assert_reason(pair.server, FEDE_NO_COMMON_SUITE);
    assert_reason(pair.client, FEDE_PEER_ALERT);
    assert_int_equal(pair_alert(pair.client), FEDE_ALERT_HANDSHAKE_FAILURE);
    finish(&pair);

    client = pair_client_config(NULL), server = pair_server_config(NULL, "rsa");
    fede_config_groups(client, &x25519, 1);
    fede_config_groups(server, p256, 2);
    pair = meet(client, server, NULL);
    assert_reason(pair.server, FEDE_NO_COMMON_GROUP);
    finish(&pair);

    client = pair_client_config(NULL), server = pair_server_config(NULL, "p384");
    fede_config_groups(client, &x25519, 1);
    pair = meet(client, server, NULL);
    assert_reason(pair.server, FEDE_NO_COMMON_GROUP); /* the certificate's curve must be offered too */
    finish(&pair);

    client = pair_client_config(NULL), server = pair_server_config(NULL, "p256");
    fede_config_schemes(client, &pss, 1);
    pair = meet(client, server, NULL);
    assert_reason(pair.server, FEDE_NO_COMMON_SCHEME);
    finish(&pair);
}

/* ---- Hellos made by hand, for what fede's own client never sends. */

struct hand {
    uint16_t version;
    const uint8_t *suites, *extensions, *compressions;
    size_t suites_len, extensions_len, compressions_len;
    unsigned reason, alert; /* 0: ServerHello comes */
};

static void hello_by_hand(const struct hand *hand)
{
    uint8_t m[1024] = {22, 3, 1, 0, 0, 1, 0, 0, 0, (uint8_t)(hand->version >> 8), (uint8_t)hand->version}, out[8192];
    size_t at = 11 + 32;
    m[at++] = 0;
    m[at++] = 0;
    m[at++] = (uint8_t)hand->suites_len;
    memcpy(m + at, hand->suites, hand->suites_len);
    at += hand->suites_len;
    m[at++] = (uint8_t)hand->compressions_len;
    memcpy(m + at, hand->compressions, hand->compressions_len);
    at += hand->compressions_len;
    if (hand->extensions != NULL) {
        m[at++] = (uint8_t)(hand->extensions_len >> 8);
        m[at++] = (uint8_t)hand->extensions_len;
        memcpy(m + at, hand->extensions, hand->extensions_len);
        at += hand->extensions_len;
    }
    m[3] = (uint8_t)((at - 5) >> 8);
    m[4] = (uint8_t)(at - 5);
    m[7] = (uint8_t)((at - 9) >> 8);
    m[8] = (uint8_t)(at - 9);
    fede_config *config = pair_server_config(NULL, "p256");
    fede_conn *server = fede_server_new(config);
    feed(server, m, at);
    size_t len = drain(server, out, sizeof out);
    assert_reason(server, hand->reason);
    if (hand->reason == 0) {
        assert_true(len > 5 && out[0] == 22 && out[5] == 2);
    } else {
        assert_int_equal(len, 7);
        assert_int_equal(out[6], hand->alert);
        assert_true(fede_needs(server) & FEDE_OVER);
    }
    fede_conn_free(server);
    fede_config_free(config);
}

static void hellos_by_hand(void **state)
{
#define GROUPS  "\0\x0a\0\x04\0\x02\0\x17"
#define SCHEMES "\0\x0d\0\x04\0\x02\x04\x03"
    static const struct {
        uint16_t version;
        const char *suites;
        size_t suites_len;
        const char *extensions;
        size_t extensions_len;
        const char *compressions;
        size_t compressions_len;
        unsigned reason, alert;
    } rows[] = {
#define ROW(version, suites, extensions, compressions, reason, alert)                                                  \
    {version, suites, sizeof(suites) - 1, extensions, sizeof(extensions) - 1, compressions, sizeof(compressions) - 1,  \
     reason,  alert}
        ROW(0x0303, "\xc0\x2b", GROUPS SCHEMES, "\0", 0, 0),
        ROW(0x0303, "\xc0\x2b", SCHEMES, "\0", 0, 0), /* no list of groups: P-256 */
        ROW(0x0303, "\xc0\x2b\x00\xff", GROUPS SCHEMES, "\0", 0, 0),
        ROW(0x0304, "\xc0\x2b", GROUPS SCHEMES, "\0", 0, 0), /* a higher version than any: RFC 5246 E.1 */
        ROW(0x0303, "\xc0\x2b", GROUPS SCHEMES "\0\x2b\0\x05\x04\x03\x04\x03\x03", "\0", 0, 0),
        ROW(0x0301, "\xc0\x2b", GROUPS SCHEMES "\0\x2b\0\x05\x04\x03\x04\x03\x03", "\0", 0,
            0), /* the list alone counts */
        ROW(0x0303, "\xc0\x2b", GROUPS SCHEMES "\0\x2b\0\x03\x02\x03\x04", "\0", FEDE_VERSION_NO_COMMON,
            FEDE_ALERT_PROTOCOL_VERSION),
        ROW(0x0302, "\xc0\x2b", GROUPS SCHEMES, "\0", FEDE_VERSION_TOO_OLD, FEDE_ALERT_PROTOCOL_VERSION),
        ROW(0x0300, "\xc0\x2b", GROUPS SCHEMES, "\0", FEDE_VERSION_TOO_OLD, FEDE_ALERT_PROTOCOL_VERSION),
        ROW(0x0302, "\xc0\x2b\x56\x00", GROUPS SCHEMES, "\0", FEDE_FALLBACK, FEDE_ALERT_INAPPROPRIATE_FALLBACK),
        ROW(0x0303, "\xc0\x2b\x56\x00", GROUPS SCHEMES, "\0", 0, 0),
        ROW(0x0303, "\xc0\x2b", GROUPS, "\0", FEDE_NO_COMMON_SCHEME, FEDE_ALERT_HANDSHAKE_FAILURE),
        ROW(0x0303, "\x00\x2f\x00\x35", GROUPS SCHEMES, "\0", FEDE_NO_COMMON_SUITE, FEDE_ALERT_HANDSHAKE_FAILURE),
        ROW(0x0303, "\xc0\x2b", GROUPS SCHEMES, "\x01", FEDE_NO_NULL_COMPRESSION, FEDE_ALERT_ILLEGAL_PARAMETER),
        ROW(0x0303, "\xc0\x2b", GROUPS SCHEMES, "\x01\0", 0, 0),
        ROW(0x0303, "\xc0\x2b", GROUPS SCHEMES "\xff\x01\0\x01\0", "\0", 0, 0),
        ROW(0x0303, "\xc0\x2b", GROUPS SCHEMES "\xff\x01\0\x02\x01\x07", "\0", FEDE_RENEGOTIATION_INFO,
            FEDE_ALERT_HANDSHAKE_FAILURE),
        ROW(0x0303, "\xc0\x2b", GROUPS SCHEMES "\0\x0b\0\x02\x01\x00", "\0", 0, 0),
        ROW(0x0303, "\xc0\x2b", GROUPS SCHEMES "\0\x0b\0\x02\x01\x01", "\0", FEDE_POINT_FORMAT,
            FEDE_ALERT_ILLEGAL_PARAMETER),
        ROW(0x0303, "\xc0\x2b", GROUPS GROUPS SCHEMES, "\0", FEDE_EXTENSION_TWICE, FEDE_ALERT_ILLEGAL_PARAMETER),
        ROW(0x0303, "\xc0\x2b", GROUPS SCHEMES "\x12\x34\0\0", "\0", 0, 0),
        ROW(0x0303, "\xc0\x2b", GROUPS SCHEMES "\0", "\0", FEDE_DECODE, FEDE_ALERT_DECODE_ERROR),
        ROW(0x0303, "\xc0\x2b", "\0\x0a\0\x03\0\x01\0" SCHEMES, "\0", FEDE_DECODE, FEDE_ALERT_DECODE_ERROR),
#undef ROW
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hand hand = {rows[i].version,
                            (const uint8_t *)rows[i].suites,
                            (const uint8_t *)rows[i].extensions,
                            (const uint8_t *)rows[i].compressions,
                            rows[i].suites_len,
                            rows[i].extensions_len,
                            rows[i].compressions_len,
                            rows[i].reason,
                            rows[i].alert};
        hello_by_hand(&hand);
    }
}

/* A ServerHello that answers fede's client, with one thing wrong. */
static void answers_by_hand(void **state)
{
    static const struct {
        const char *hello; /* version to extensions, random left out */
        size_t len;
        unsigned reason, alert;
    } rows[] = {
#define ROW(version, behind, reason, alert) {version behind, sizeof(version behind) - 1, reason, alert}
#define RI                                  "\xff\x01\0\x01\0"
        ROW("\3\3", "\0\xc0\x2b\0\0\5" RI, 0, 0),
        ROW("\3\2", "\0\xc0\x2b\0\0\5" RI, FEDE_VERSION_UNSUPPORTED, FEDE_ALERT_PROTOCOL_VERSION),
        ROW("\3\4", "\0\xc0\x2b\0\0\5" RI, FEDE_VERSION_UNSUPPORTED, FEDE_ALERT_PROTOCOL_VERSION),
        ROW("\3\3", "\0\x00\x2f\0\0\5" RI, FEDE_SUITE_NOT_OFFERED, FEDE_ALERT_ILLEGAL_PARAMETER),
        ROW("\3\3", "\0\x13\x01\0\0\5" RI, FEDE_SUITE_NOT_OFFERED, FEDE_ALERT_ILLEGAL_PARAMETER),
        ROW("\3\3", "\0\xc0\x2b\1\0\5" RI, FEDE_COMPRESSION, FEDE_ALERT_ILLEGAL_PARAMETER),
        ROW("\3\3", "\0\xc0\x2b\0", FEDE_NO_SECURE_RENEGOTIATION, FEDE_ALERT_HANDSHAKE_FAILURE),
        ROW("\3\3", "\0\xc0\x2b\0\0\6\xff\1\0\2\1\7", FEDE_RENEGOTIATION_INFO, FEDE_ALERT_HANDSHAKE_FAILURE),
        ROW("\3\3", "\0\xc0\x2b\0\0\x09" RI "\0\x23\0\0", FEDE_EXTENSION_UNSOLICITED, FEDE_ALERT_UNSUPPORTED_EXTENSION),
        ROW("\3\3", "\0\xc0\x2b\0\0\x09" RI "\x3a\x3a\0\0", FEDE_EXTENSION_UNSOLICITED,
            FEDE_ALERT_UNSUPPORTED_EXTENSION),
        ROW("\3\3", "\0\xc0\x2b\0\0\x0a" RI RI, FEDE_EXTENSION_TWICE, FEDE_ALERT_ILLEGAL_PARAMETER),
        ROW("\3\3", "\0\xc0\x2b\0\0\x0e" RI "\0\x10\0\5\0\3\2h2", 0, 0),
        ROW("\3\3", "\0\xc0\x2b\0\0\x0e" RI "\0\x10\0\5\0\3\2h3", FEDE_ALPN_NOT_OFFERED, FEDE_ALERT_ILLEGAL_PARAMETER),
        ROW("\3\3", "\0\xc0\x2b\0\0\x11" RI "\0\x10\0\x8\0\6\2h2\2h3", FEDE_DECODE, FEDE_ALERT_DECODE_ERROR),
        ROW("\3\3", "\0\xc0\x2b\0\0\x0b" RI "\0\x0b\0\2\1\1", FEDE_POINT_FORMAT, FEDE_ALERT_ILLEGAL_PARAMETER),
        ROW("\3\3", "\0\xc0\x2b\0\0\5" RI "x", FEDE_DECODE_TRAILING, FEDE_ALERT_DECODE_ERROR),
#undef RI
#undef ROW
    };
    static const char *const protocols[] = {"h2"};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int sentinel = 0; sentinel < 2; sentinel++) {
            uint8_t m[256] = {22, 3, 3, 0, 0, 2, 0, 0, 0}, out[1024];
            size_t body = rows[i].len + 32;
            memcpy(m + 9, rows[i].hello, 2);
            if (sentinel) /* a server that can do TLS 1.3 says so: no downgrade, as TLS 1.3 was not offered */
                memcpy(m + 11 + 24, "DOWNGRD\1", 8);
            memcpy(m + 11 + 32, rows[i].hello + 2, rows[i].len - 2);
            m[8] = (uint8_t)body;
            m[4] = (uint8_t)(body + 4);
            fede_config *config = pair_client_config(NULL);
            fede_config_alpn(config, protocols, 1);
            fede_conn *client = fede_client_new(config, "server.test");
            drain(client, out, sizeof out);
            feed(client, m, body + 9);
            assert_reason(client, rows[i].reason);
            if (rows[i].reason != 0) {
                assert_int_equal(drain(client, out, sizeof out), 7);
                assert_int_equal(out[6], rows[i].alert);
            }
            fede_conn_free(client);
            fede_config_free(config);
        }
}

/* GREASE: there, and not the same in every hello. */
static void grease(void **state)
{
    uint8_t out[1024];
    uint32_t suites = 0, firsts = 0, lasts = 0;
    (void)state;
    fede_config *config = pair_client_config(NULL);
    for (int i = 0; i < 64; i++) {
        fede_conn *client = fede_client_new(config, "server.test");
        drain(client, out, sizeof out);
        fede_bytes hello = fede_client_hello(client);
        assert_int_equal(hello.data[0], 1);
        const uint8_t *p = hello.data + 4 + 2 + 32 + 1 + 2;
        assert_int_equal(p[0], p[1]);
        assert_int_equal(p[0] & 0xf, 0xa);
        suites |= 1u << (p[0] >> 4);
        p += 2 + 6 * 2 + 2 + 2;
        assert_int_equal(p[0] & 0xf, 0xa);
        firsts |= 1u << (p[0] >> 4);
        const uint8_t *last = hello.data + hello.len - 5;
        assert_int_equal(last[0] & 0xf, 0xa);
        assert_memory_not_equal(p, last, 2);
        lasts |= 1u << (last[0] >> 4);
        fede_conn_free(client);
    }
    fede_config_free(config);
    assert_true((suites & (suites - 1)) != 0 && (firsts & (firsts - 1)) != 0 && (lasts & (lasts - 1)) != 0);
}

/* ---- Certificates. */

static int64_t clock_at(void *arg)
{
    return *(int64_t *)arg;
}

static void certificates(void **state)
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
static void unauthenticated(void **state)
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

static void question_of_the_hello(void **state)
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

static void question_of_the_verdict(void **state)
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

static void ends(void **state)
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
    fede_needs(conn);
    static const uint8_t close_notify[] = {21, 3, 3, 0, 2, 1, 0}, failure[] = {21, 3, 3, 0, 2, 2, 40};
    feed(conn, close_notify, sizeof close_notify);
    assert_reason(conn, FEDE_PEER_CLOSED_EARLY);
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
    uint8_t out[1024];
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

static void half_close(void **state)
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

static void foreign_protocols(void **state)
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

/* ---- Configurations. */

static void settings(void **state)
{
    static const char *const empty[] = {""};
    static const uint16_t unknown = 0x0005, none[1] = {0};
    (void)state;
#define REFUSED(call, reason_wanted)                                                                                   \
    do {                                                                                                               \
        fede_config *c = fede_config_new();                                                                            \
        assert_false(call);                                                                                            \
        assert_int_equal(fede_config_error(c)->reason, reason_wanted);                                                 \
        char text[400];                                                                                                \
        assert_true(fede_error_text(fede_config_error(c), text, sizeof text) > 10);                                    \
        fede_config_free(c);                                                                                           \
    } while (0)
    REFUSED(fede_config_policy(c, "ancient"), FEDE_CONFIG_UNKNOWN_POLICY);
    REFUSED(fede_config_policy(c, NULL), FEDE_CONFIG_UNKNOWN_POLICY);
    REFUSED(fede_config_versions(c, FEDE_TLS13, FEDE_TLS12), FEDE_CONFIG_NO_VERSION);
    REFUSED(fede_config_versions(c, 0x0302, FEDE_TLS12), FEDE_CONFIG_BAD_VALUE);
    REFUSED(fede_config_versions(c, FEDE_TLS12, FEDE_TLS13), FEDE_CONFIG_BAD_VALUE);
    REFUSED(fede_config_suites(c, &unknown, 1), FEDE_CONFIG_BAD_VALUE);
    REFUSED(fede_config_suites(c, none, 0), FEDE_CONFIG_NOTHING_TO_OFFER);
    REFUSED(fede_config_groups(c, &unknown, 1), FEDE_CONFIG_BAD_VALUE);
    REFUSED(fede_config_schemes(c, &unknown, 1), FEDE_CONFIG_BAD_VALUE);
    REFUSED(fede_config_alpn(c, empty, 1), FEDE_CONFIG_BAD_VALUE);
    REFUSED(fede_config_max_fragment(c, 63), FEDE_CONFIG_BAD_VALUE);
    REFUSED(fede_config_max_fragment(c, 16385), FEDE_CONFIG_BAD_VALUE);
    REFUSED(fede_config_limits(c, 1, 0), FEDE_CONFIG_BAD_VALUE);
    REFUSED(fede_config_ask(c, 64), FEDE_CONFIG_BAD_VALUE);
    REFUSED(fede_config_trust(c, pair_file("p256.key")), FEDE_CONFIG_PEM);
    REFUSED(fede_config_trust_file(c, "/does/not/exist"), FEDE_CONFIG_TRUST_SOURCE);
    REFUSED(fede_config_trust_directory(c, "/does/not/exist"), FEDE_CONFIG_TRUST_SOURCE);
    REFUSED(fede_config_credential(c, pair_file("p256.key"), pair_file("p256.key")), FEDE_CONFIG_PEM);
    REFUSED(fede_config_credential(c, pair_file("p256.pem"), pair_file("p256.pem")), FEDE_CONFIG_PEM);
    REFUSED(fede_config_credential(c, pair_file("p256.pem"), pair_file("p384.key")), FEDE_CONFIG_KEY_MISMATCH);
    REFUSED(fede_config_credential(c, pair_file("rsa.pem"), pair_file("p256.key")), FEDE_CONFIG_KEY_MISMATCH);
    REFUSED(fede_config_credential(c, pair_file("p256.pem"), pair_file("small.key")), FEDE_CONFIG_KEY_UNUSABLE);
    REFUSED(fede_config_extended_master_secret(c, (fede_ems)7), FEDE_CONFIG_BAD_VALUE);
#undef REFUSED
    fede_config *c = fede_config_new();
    assert_null(fede_config_error(c));
    assert_true(fede_config_policy(c, "2026-11") && fede_config_policy(c, "modern") &&
                fede_config_policy(c, "default"));
    assert_true(fede_config_versions(c, FEDE_TLS12, FEDE_TLS12) && fede_config_limits(c, 4096, 65536));
    /* In use: nothing changes any more, but derived ones may. */
    fede_conn *conn = fede_server_new(c);
    assert_false(fede_config_read_ahead(c, true));
    assert_int_equal(fede_config_error(c)->reason, FEDE_CONFIG_IN_USE);
    fede_config *derived = fede_config_derive(c);
    assert_null(fede_config_error(derived));
    assert_true(fede_config_read_ahead(derived, true));
    assert_int_equal(fede_needs(conn), FEDE_OVER);
    assert_reason(conn, FEDE_CONFIG_NO_CREDENTIAL);
    fede_config_free(c);
    fede_conn_free(conn);
    fede_config_free(derived);
}

static void derived_configurations(void **state)
{
    static const char *const protocols[] = {"h2"};
    (void)state;
    fede_config *base = pair_server_config(NULL, "p256"), *trusting = pair_client_config(NULL);
    fede_config_alpn(base, protocols, 1);
    fede_config *server = fede_config_derive(base), *client = fede_config_derive(trusting);
    assert_true(fede_config_trust(client, pair_file("other.pem"))); /* a copy from now on: the base keeps its own */
    assert_int_equal(anchors_count(client->trust->anchors), 1 + 2);
    assert_int_equal(anchors_count(trusting->trust->anchors), 1);
    fede_config_free(base);
    fede_config_free(trusting);
    fede_config_alpn(client, protocols, 1);
    struct pair pair = meet(client, server, NULL);
    assert_open(&pair);
    fede_info info;
    fede_conn_info(pair.client, &info);
    assert_int_equal(info.alpn.len, 2);
    finish(&pair);
}

/* Another name in the extension than the one to be proved. */
static void names_apart(void **state)
{
    (void)state;
    fede_config *client = pair_client_config(NULL), *server = pair_server_config(NULL, "p256");
    struct pair pair = {0};
    pair_start(&pair, client, server, "192.0.2.7");
    assert_true(fede_conn_verify_name(pair.client, "server.test"));
    assert_true(fede_conn_server_name(pair.client, "front.test"));
    int mine;
    fede_conn_set_user(pair.client, &mine);
    assert_ptr_equal(fede_conn_user(pair.client), &mine);
    pair_pump(&pair);
    assert_open(&pair);
    fede_info info;
    fede_conn_info(pair.server, &info);
    assert_string_equal(info.server_name, "front.test");
    assert_false(fede_conn_server_name(pair.client, "late.test"));
    assert_reason(pair.client, FEDE_CALL_ORDER);
    pair_end(&pair);
    pair_start(&pair, client, server, NULL);
    assert_true(fede_conn_server_name(pair.client, NULL));
    pair_pump(&pair);
    assert_open(&pair);
    fede_conn_info(pair.server, &info);
    assert_null(info.server_name);
    finish(&pair);
}

/* ---- Events. */

struct story {
    size_t kinds[FEDE_EVENT_ENDED + 1];
    char order[2000];
    char keylog[300];
    size_t secrets;
    bool well;
};

static void hear(void *arg, const fede_event *e)
{
    static const char letters[] = " SRMCAtck*VOE";
    struct story *story = arg;
    size_t len = strlen(story->order);
    story->kinds[e->kind]++;
    if (len + 1 < sizeof story->order)
        story->order[len] = letters[e->kind];
    if (e->kind == FEDE_EVENT_RECORD)
        story->well &= e->bytes.len >= 5 + e->plain.len && e->bytes.data[0] == e->what &&
                       (e->epoch != 0 || memcmp(e->bytes.data + 5, e->plain.data, e->plain.len) == 0) &&
                       (e->epoch == 0 || memcmp(e->bytes.data + 5, e->plain.data, e->plain.len) != 0);
    if (e->kind == FEDE_EVENT_MESSAGE)
        story->well &= e->bytes.len >= 4 && e->bytes.data[0] == e->what;
    if (e->kind == FEDE_EVENT_SECRET) {
        char line[256];
        size_t n = fede_keylog_line(e, line, sizeof line);
        story->secrets++;
        if (n > 0)
            memcpy(story->keylog, line, n);
    }
}

static void events(void **state)
{
    (void)state;
    for (int reveal = 0; reveal < 2; reveal++) {
        struct story client_story = {.well = true}, server_story = {.well = true};
        fede_config *client = pair_client_config(NULL), *server = pair_server_config(NULL, "p256");
        fede_config_trace(client, hear, &client_story);
        fede_config_trace(server, hear, &server_story);
        if (reveal) {
            fede_config_reveal_secrets(client);
            fede_config_reveal_secrets(server);
        }
        struct pair pair = meet(client, server, NULL);
        assert_open(&pair);
        fede_write(pair.client, (fede_bytes){(const uint8_t *)"data", 4});
        pair_pump(&pair);
        fede_consumed(pair.server, 4);
        fede_close(pair.client);
        pair_pump(&pair);
        assert_int_equal(fede_needs(pair.client) | fede_needs(pair.server), FEDE_OVER);
        finish(&pair);
        assert_true(client_story.well && server_story.well);
        if (reveal) {
            assert_int_equal(client_story.secrets, 4);
            assert_int_equal(server_story.secrets, 4);
            assert_string_equal(client_story.keylog, server_story.keylog);
            assert_int_equal(strlen(client_story.keylog), strlen("CLIENT_RANDOM ") + 64 + 1 + 96 + 1);
        } else {
            assert_string_equal(client_story.order, "SMRRMcccRMRMccRMVtMRtCRkMRRCkRMORARRAE");
            assert_string_equal(server_story.order, "SRMccccctMRMRtMRMRRMtRCkRMCRkMRORRAARE");
            assert_int_equal(client_story.secrets, 0);
        }
        for (unsigned kind = FEDE_EVENT_STARTED; kind <= FEDE_EVENT_ENDED; kind++)
            assert_int_equal(client_story.kinds[kind] > 0, kind != FEDE_EVENT_SECRET || reveal);
    }
}

/* The master secret is the one that premaster secret and messages, as told to the trace, must give: RFC 5246 8.1, RFC 7627 4. */
struct secrets {
    struct queue transcript;
    uint8_t premaster[SECRET_MAX], master[MASTER_LEN], client_random[32], server_random[32];
    size_t premaster_len;
    bool complete; /* the transcript is, for the session hash */
};

static void keep(void *arg, const fede_event *e)
{
    struct secrets *secrets = arg;
    if (e->kind == FEDE_EVENT_MESSAGE && !secrets->complete) {
        queue_add(&secrets->transcript, e->bytes.data, e->bytes.len);
        secrets->complete = e->what == MSG_CLIENT_KEY_EXCHANGE;
        if (e->what == MSG_SERVER_HELLO)
            memcpy(secrets->server_random, e->bytes.data + 6, 32);
    } else if (e->kind == FEDE_EVENT_SECRET && strcmp(e->label, "premaster secret") == 0) {
        memcpy(secrets->premaster, e->bytes.data, e->bytes.len);
        secrets->premaster_len = e->bytes.len;
    } else if (e->kind == FEDE_EVENT_SECRET && strcmp(e->label, "CLIENT_RANDOM") == 0) {
        memcpy(secrets->master, e->bytes.data, MASTER_LEN);
        memcpy(secrets->client_random, e->random.data, 32);
    }
}

static void master_secrets(void **state)
{
    static const uint16_t suites[] = {0xc02b, 0xc02c};
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct secrets secrets = {0};
        uint8_t expected[MASTER_LEN], session_hash[HASH_MAX];
        fede_config *client = pair_client_config(NULL);
        fede_config_suites(client, &suites[i & 1], 1);
        fede_config_extended_master_secret(client, i & 2 ? FEDE_EMS_OFF : FEDE_EMS_REQUIRED);
        fede_config_trace(client, keep, &secrets);
        fede_config_reveal_secrets(client);
        struct pair pair = meet(client, pair_server_config(NULL, "p256"), NULL);
        assert_open(&pair);
        finish(&pair);
        enum hash hash = i & 1 ? HASH_SHA384 : HASH_SHA256;
        bytes premaster = bytes_of(secrets.premaster, secrets.premaster_len);
        crypto_hash_once(hash, bytes_of(secrets.transcript.data, secrets.transcript.len), session_hash);
        if (i & 2)
            master_classic(hash, premaster, secrets.client_random, secrets.server_random, expected);
        else
            master_extended(hash, premaster, bytes_of(session_hash, hash_len(hash)), expected);
        assert_memory_equal(secrets.master, expected, MASTER_LEN);
        queue_end(&secrets.transcript);
    }
}

/* A failure: the verdict and the reason reach the trace, once. */
static void events_of_failure(void **state)
{
    struct story story = {.well = true};
    (void)state;
    fede_config *client = pair_client_config(NULL);
    fede_config_trace(client, hear, &story);
    struct pair pair = meet(client, pair_server_config(NULL, "other"), NULL);
    assert_reason(pair.client, FEDE_CERT_NAME_MISMATCH);
    finish(&pair);
    assert_int_equal(story.kinds[FEDE_EVENT_ENDED], 1);
    assert_int_equal(story.kinds[FEDE_EVENT_VERDICT], 1);
    assert_int_equal(story.kinds[FEDE_EVENT_ALERT], 1);
    assert_int_equal(story.kinds[FEDE_EVENT_OPENED], 0);
}

/* ---- Errors as sentences, names. */

static void sentences(void **state)
{
    char text[600];
    (void)state;
    fede_error e = {.reason = FEDE_CERT_EXPIRED,
                    .alert = FEDE_ALERT_CERTIFICATE_EXPIRED,
                    .origin = FEDE_ORIGIN_US,
                    .message = 11,
                    .certificate = 0,
                    .offset = UINT32_MAX,
                    .where = "notAfter",
                    .got = 1777593600,
                    .wanted = 1787356800};
    size_t len = fede_error_text(&e, text, sizeof text);
    assert_int_equal(len, strlen(text));
    assert_string_equal(
        text, "The server's certificate ended on 2026-05-01 00:00:00 UTC; the clock here says 2026-08-22 00:00:00 UTC. "
              "(certificate 0, notAfter; alert certificate_expired; RFC 5280 4.1.2.5)");
    assert_int_equal(fede_error_text(&e, text, 10), fede_error_text(&e, NULL, 0));
    assert_string_equal(text, "The serve");
    e = (fede_error){.reason = FEDE_SUITE_NOT_OFFERED,
                     .alert = FEDE_ALERT_ILLEGAL_PARAMETER,
                     .origin = FEDE_ORIGIN_US,
                     .message = 2,
                     .certificate = 0xffff,
                     .offset = UINT32_MAX,
                     .where = "cipher_suite",
                     .got = 0x1301};
    fede_error_text(&e, text, sizeof text);
    assert_string_equal(text, "The server chose the suite TLS_AES_128_GCM_SHA256 (0x1301), which was not offered. "
                              "(ServerHello.cipher_suite; alert illegal_parameter; RFC 5246 7.4.1.3)");
    e = (fede_error){.reason = FEDE_ALPN_NOT_OFFERED,
                     .alert = 255,
                     .origin = FEDE_ORIGIN_US,
                     .message = 0xffff,
                     .certificate = 0xffff,
                     .offset = UINT32_MAX,
                     .detail = "h\x1b[31m\xc2\x9b\n"};
    fede_error_text(&e, text, sizeof text);
    assert_string_equal(text,
                        "The server chose the application protocol h?[31m??, which was not offered. (RFC 7301 3.2)");
    /* Every reason has a sentence without slots left, and a name. */
    for (unsigned r = 1; r < FEDE_REASON_COUNT; r++) {
        e = (fede_error){.reason = (uint16_t)r,
                         .alert = 40,
                         .origin = FEDE_ORIGIN_US,
                         .message = 2,
                         .certificate = 1,
                         .offset = 7,
                         .where = "here",
                         .detail = "detail",
                         .got = 1,
                         .wanted = 2};
        assert_true(fede_error_text(&e, text, sizeof text) > 20);
        assert_null(strchr(text, '{'));
        assert_true(text[0] < 'a' || text[0] > 'z');
        fede_error_advice(&e, text, sizeof text);
        assert_null(strchr(text, '{'));
        for (const char *p = fede_reason_name(r); *p != '\0'; p++)
            assert_true((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '_');
        assert_non_null(fede_reason_section(r));
    }
    assert_string_equal(fede_reason_name(FEDE_CERT_EXPIRED), "cert_expired");
    assert_string_equal(fede_reason_name(FEDE_REASON_COUNT), "unknown");
    assert_string_equal(fede_alert_name(45), "certificate_expired");
    assert_string_equal(fede_alert_name(200), "unknown");
    /* Each alert a peer can send has its advice. */
    for (unsigned alert = 1; alert < 256; alert++)
        if (strcmp(fede_alert_name(alert), "unknown") != 0) {
            e = (fede_error){
                .reason = FEDE_PEER_ALERT, .got = alert, .alert = (uint8_t)alert, .origin = FEDE_ORIGIN_PEER};
            assert_true(fede_error_advice(&e, text, sizeof text) > 10);
        }
}

static void registry(void **state)
{
    uint16_t id = 0;
    (void)state;
    assert_string_equal(fede_suite_name(0xc02b), "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
    assert_null(fede_suite_name(0xfeed));
    assert_true(fede_suite_by_name("ECDHE-RSA-CHACHA20-POLY1305", &id) && id == 0xcca8);
    assert_true(fede_suite_by_name("tls_ecdhe_rsa_with_aes_256_gcm_sha384", &id) && id == 0xc030);
    assert_false(fede_suite_by_name("ROT13", &id));
    assert_true(fede_group_by_name("P-256", &id) && id == 0x17);
    assert_true(fede_group_by_name("x25519", &id) && id == 0x1d);
    assert_true(fede_scheme_by_name("rsa_pss_rsae_sha256", &id) && id == 0x0804);
    assert_string_equal(fede_group_name(0x18), "secp384r1");
    assert_string_equal(fede_scheme_name(0x0403), "ecdsa_secp256r1_sha256");
    for (size_t n = 0; fede_suite_list(n) != 0; n++)
        assert_non_null(fede_suite_name(fede_suite_list(n)));
    assert_int_equal(fede_suite_list(1000), 0);
    assert_non_null(strstr(fede_library_version(), "fede " FEDE_VERSION ", OpenSSL 3"));
}

/* Misuse ends the connection with a reason, never the process. */
static void wrong_calls(void **state)
{
    (void)state;
    struct pair pair = meet(pair_client_config(NULL), pair_server_config(NULL, "p256"), NULL);
    fede_consumed(pair.client, 1);
    assert_reason(pair.client, FEDE_CALL_ORDER);
    fede_sent(pair.server, 1);
    assert_reason(pair.server, FEDE_CALL_ORDER);
    pair_end(&pair);
    pair_start(&pair, pair.client_config, pair.server_config, NULL);
    fede_received(pair.client, 100000);
    assert_reason(pair.client, FEDE_CALL_ORDER);
    assert_int_equal(fede_to_fill(pair.client).len, 0);
    assert_false(fede_answer_verdict(pair.server, true));
    assert_false(fede_answer_refuse(pair.server, 40));
    finish(&pair);
    fede_conn_free(NULL);
    fede_config_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_suite_group_and_key),
        cmocka_unit_test(every_scheme),
        cmocka_unit_test(extended_master_secret_and_classic),
        cmocka_unit_test(any_portions),
        cmocka_unit_test(never_reads_too_much),
        cmocka_unit_test(flights_and_writes),
        cmocka_unit_test(application_protocols),
        cmocka_unit_test(credentials),
        cmocka_unit_test(nothing_in_common),
        cmocka_unit_test(hellos_by_hand),
        cmocka_unit_test(answers_by_hand),
        cmocka_unit_test(grease),
        cmocka_unit_test(certificates),
        cmocka_unit_test(unauthenticated),
        cmocka_unit_test(question_of_the_hello),
        cmocka_unit_test(question_of_the_verdict),
        cmocka_unit_test(ends),
        cmocka_unit_test(half_close),
        cmocka_unit_test(foreign_protocols),
        cmocka_unit_test(settings),
        cmocka_unit_test(derived_configurations),
        cmocka_unit_test(names_apart),
        cmocka_unit_test(events),
        cmocka_unit_test(events_of_failure),
        cmocka_unit_test(master_secrets),
        cmocka_unit_test(sentences),
        cmocka_unit_test(registry),
        cmocka_unit_test(wrong_calls),
    };
    return cmocka_run_group_tests_name("tls", tests, NULL, NULL);
}
