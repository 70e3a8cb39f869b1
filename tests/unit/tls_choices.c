/* unit/tls_choices.c: What is negotiated: every suite with every group and kind of key, schemes, the two forms of the master secret,
   application protocols, credentials, policies; hellos made by hand for what fede's own sides never send. */
#include "tls.h"

/* ---- The matrix. */

void every_suite_group_and_key(void **state)
{
    static const struct {
        const char *key;
        bool rsa;
    } keys[] = {{"p256", false}, {"p384", false}, {"p521", false}, {"ed25519", false},
                {"rsa", true},   {"pss", true},   {"pss384", true}};
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
    assert_int_equal(n, 4 * 3 * 4 + 3 * 3 * 4);
}

void every_scheme(void **state)
{
    static const char *const keys[] = {"p256", "p384", "p521", "ed25519", "rsa", "pss", "pss384"};
    size_t open = 0;
    (void)state;
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++)
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
    /* Each EC key with three hashes, Ed25519, RSA with PKCS #1 and PSS, RSA for PSS, and one bound to SHA-384. */
    assert_int_equal(open, 3 * 3 + 1 + 6 + 3 + 1);
}

void extended_master_secret_and_classic(void **state)
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

/* ---- Choices. */

void application_protocols(void **state)
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
void credentials(void **state)
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

void nothing_in_common(void **state)
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
    const char *policy;     /* NULL: the default */
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
    if (hand->policy != NULL)
        assert_true(fede_config_policy(config, hand->policy));
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

void hellos_by_hand(void **state)
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
        ROW(0x0303, "\xc0\x2b", GROUPS GROUPS SCHEMES, "\0", FEDE_EXTENSION_TWICE, FEDE_ALERT_DECODE_ERROR),
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

/* The stricter policy: extended master secret and RFC 5746 of everyone, nothing but its own groups and schemes. */
void modern_policy(void **state)
{
    static const uint16_t p521 = 0x0019, pkcs1 = 0x0401;
    static const char hello[] = GROUPS SCHEMES "\0\x17\0\0", with_info[] = GROUPS SCHEMES "\0\x17\0\0\xff\x01\0\x01\0";
    (void)state;
    fede_config *client = pair_client_config(NULL), *server = pair_server_config(NULL, "p256");
    assert_true(fede_config_policy(client, "modern") && fede_config_policy(server, "modern-2026-11"));
    fede_config *other = fede_config_derive(client);
    assert_false(fede_config_groups(other, &p521, 1));
    fede_config_free(other);
    other = fede_config_derive(client);
    assert_false(fede_config_schemes(other, &pkcs1, 1));
    fede_config_free(other);
    struct pair pair = meet(client, server, NULL);
    assert_open(&pair);
    finish(&pair);
    struct hand hand = {.version = 0x0303,
                        .suites = (const uint8_t *)"\xc0\x2b",
                        .suites_len = 2,
                        .compressions = (const uint8_t *)"",
                        .compressions_len = 1,
                        .policy = "modern"};
    hand.extensions = (const uint8_t *)hello;
    hand.extensions_len = sizeof hello - 1;
    hand.reason = FEDE_NO_SECURE_RENEGOTIATION;
    hand.alert = FEDE_ALERT_HANDSHAKE_FAILURE;
    hello_by_hand(&hand);
    hand.extensions = (const uint8_t *)with_info;
    hand.extensions_len = sizeof with_info - 1;
    hand.reason = 0;
    hello_by_hand(&hand);
    hand.extensions = (const uint8_t *)(GROUPS SCHEMES "\xff\x01\0\x01\0");
    hand.extensions_len = sizeof(GROUPS SCHEMES "\xff\x01\0\x01\0") - 1;
    hand.reason = FEDE_NO_EXTENDED_MASTER_SECRET;
    hello_by_hand(&hand);
}

/* A ServerHello that answers fede's client, with one thing wrong. */
void answers_by_hand(void **state)
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
        /* May never stand there: what was not asked for is unsolicited first. Key exchange modes, versions, schemes. */
        ROW("\3\3", "\0\xc0\x2b\0\0\x0b" RI "\0\x2d\0\2\1\1", FEDE_EXTENSION_UNSOLICITED,
            FEDE_ALERT_UNSUPPORTED_EXTENSION),
        ROW("\3\3", "\0\xc0\x2b\0\0\x0b" RI "\0\x2b\0\2\3\4", FEDE_EXTENSION_UNSOLICITED,
            FEDE_ALERT_UNSUPPORTED_EXTENSION),
        ROW("\3\3", "\0\xc0\x2b\0\0\x0d" RI "\0\x0d\0\4\0\2\4\3", FEDE_EXTENSION_MISPLACED,
            FEDE_ALERT_ILLEGAL_PARAMETER),
        ROW("\3\3", "\0\xc0\x2b\0\0\x0a" RI RI, FEDE_EXTENSION_TWICE, FEDE_ALERT_DECODE_ERROR),
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
void grease(void **state)
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

/* Suites that a server calls equal: the client's order decides among those, the server's between the groups. */
void equal_suites(void **state)
{
    enum { AES128 = 0xc02b, AES256 = 0xc02c, CHACHA = 0xcca9 };
    static const uint16_t list[] = {AES128, CHACHA, AES256};
    static const struct {
        uint8_t groups[3];
        uint16_t offer[3], chosen;
    } rows[] = {
        {{1, 2, 3}, {CHACHA, AES256, AES128}, AES128}, /* none is equal to another */
        {{1, 1, 2}, {CHACHA, AES256, AES128}, CHACHA},
        {{1, 1, 2}, {AES128, CHACHA, AES256}, AES128},
        {{1, 1, 2}, {AES256, CHACHA, CHACHA}, CHACHA}, /* the group counts more than the client's order */
        {{1, 2, 2}, {AES256, CHACHA, AES128}, AES128},
        {{1, 2, 2}, {AES256, CHACHA, CHACHA}, AES256},
        {{1, 2, 1}, {CHACHA, AES256, AES128}, AES128}, /* not side by side */
        {{7, 7, 7}, {AES256, CHACHA, AES128}, AES256},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fede_config *client = pair_client_config(NULL), *server = pair_server_config(NULL, "p256");
        fede_info info;
        assert_true(fede_config_suites(client, rows[i].offer, 3) && fede_config_suites(server, list, 3));
        assert_true(fede_config_suites_equal(server, rows[i].groups, 3));
        struct pair pair = meet(client, server, NULL);
        assert_open(&pair);
        fede_conn_info(pair.server, &info);
        assert_int_equal(info.suite, rows[i].chosen);
        pair_end(&pair);
        fede_config *again = fede_config_derive(server), *refused = fede_config_derive(server);
        assert_false(fede_config_suites_equal(refused, rows[i].groups, 2)); /* a number for each suite */
        assert_true(fede_config_suites(again, list, 3));                  /* undone */
        pair = meet(client, again, NULL);
        fede_conn_info(pair.server, &info);
        assert_int_equal(info.suite, i == 3 || i == 5 ? CHACHA : AES128);
        pair_end(&pair);
        fede_config_free(client);
        fede_config_free(server);
        fede_config_free(again);
        fede_config_free(refused);
    }
}
