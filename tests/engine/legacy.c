/* engine/legacy.c: the quarantine in both roles, in one process: every suite of it with either order of MAC and encryption;
   what it is bound to (peers, date, reason); damage to every byte; each allocation failing; and ten thousand probes of the
   kinds of Bleichenbacher, Vaudenay and POODLE against a server, whose answers must not differ in anything.
   RFC 5246 6.2.3.2, 7.4.7.1, RFC 7366, RFC 7919. */
#include "check.h"
#include "crypto/legacy.h"
#include "pair.h"
#include "tls/handshake.h"

enum { ALL = FEDE_LEGACY_RSA | FEDE_LEGACY_DHE | FEDE_LEGACY_CBC };

static const char *const everyone[] = {"*"};

static bool allow(fede_config *config, unsigned what, const char *const *peers, size_t n)
{
    return fede_config_legacy(
        config,
        &(fede_legacy){.what = what, .peers = peers, .n_peers = n, .reason = "a test", .until = JUST_2030 + 3600});
}

static struct {
    unsigned what[2], times[2];
    uint64_t until;
    char reason[40];
} told;

static void hear(void *arg, const fede_event *event)
{
    int side = arg != NULL;
    if (event->kind != FEDE_EVENT_CHOICE || strcmp(event->label, "legacy") != 0)
        return;
    told.what[side] = event->what;
    told.times[side]++;
    told.until = event->number;
    snprintf(told.reason, sizeof told.reason, "%.*s", (int)event->bytes.len, (const char *)event->bytes.data);
}

/* suite 0: all that `what` allows. */
static void configs(fede_config **client, fede_config **server, unsigned what, const char *key, uint16_t suite)
{
    static char yes;
    *client = pair_client_config(NULL);
    *server = pair_server_config(NULL, key);
    fede_config_trace(*client, hear, NULL);
    fede_config_trace(*server, hear, &yes);
    CHECK(allow(*client, what, everyone, 1) && allow(*server, what & ALL, everyone, 1));
    if (suite != 0)
        CHECK(fede_config_suites(*client, &suite, 1) && fede_config_suites(*server, &suite, 1));
    memset(&told, 0, sizeof told);
}

static const char *key_for(const struct suite *suite)
{
    return suite->kx == SUITE_RSA ? "transport" : suite->auth == AUTH_RSA ? "rsa" : "p256";
}

/* ---- Every suite. */

static void one_suite(const struct suite *suite, bool etm, fede_ems ems)
{
    fede_config *client, *server;
    struct pair pair = {0};
    configs(&client, &server, etm ? ALL : ALL | FEDE_LEGACY_NO_ETM, key_for(suite), suite->id);
    fede_config_extended_master_secret(client, ems);
    pair_start(&pair, client, server, NULL);
    CHECK_AT(pair_pump(&pair) && pair_established(pair.client) && pair_established(pair.server), suite->id);
    if (!pair_established(pair.client)) {
        char text[500];
        const fede_error *error = fede_conn_error(pair.server);
        fede_error_text(error != NULL ? error : fede_conn_error(pair.client), text, sizeof text);
        printf("  %s: %s\n", suite->name, text);
    }
    unsigned needed = (suite->kx == SUITE_RSA   ? FEDE_LEGACY_RSA
                       : suite->kx == SUITE_DHE ? FEDE_LEGACY_DHE
                                                : 0u) |
                      (suite->mac != 0 ? FEDE_LEGACY_CBC : 0u);
    for (int side = 0; side < 2; side++) {
        fede_info info;
        fede_conn_info(side == 0 ? pair.client : pair.server, &info);
        CHECK_AT(info.suite == suite->id && info.legacy == needed, suite->id);
        CHECK_AT(info.encrypt_then_mac == (etm && suite->mac != 0), suite->id);
        CHECK_AT((info.group != 0) == (suite->kx != SUITE_RSA) && (info.scheme != 0) == (suite->kx != SUITE_RSA),
                 suite->id);
        CHECK_AT(told.what[side] == needed && told.times[side] == 1, suite->id);
    }
    CHECK(told.until == JUST_2030 + 3600 && strcmp(told.reason, "a test") == 0);
    static const size_t sizes[] = {1, 15, 16, 300, 16384, 40000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        CHECK_AT(pair_exchange(&pair, sizes[i]), suite->id);
    fede_release_buffers(pair.client);
    CHECK_AT(pair_exchange(&pair, 100), suite->id);
    fede_close(pair.client);
    pair_pump(&pair);
    CHECK_AT(fede_ending(pair.server) & FEDE_PEER_CLOSED, suite->id);
    pair_end(&pair);
    fede_config_free(client);
    fede_config_free(server);
}

static void every_suite(void)
{
    const struct suite *suite;
    for (size_t i = 0; (suite = suite_legacy_at(i)) != NULL; i++) {
        one_suite(suite, true, FEDE_EMS_OFFERED);
        one_suite(suite, false, FEDE_EMS_OFF);
    }
}

static void every_group(void)
{
    const struct group *group;
    for (size_t i = 0; (group = group_legacy_at(i)) != NULL; i++) {
        fede_config *client, *server;
        struct pair pair = {0};
        fede_info info;
        configs(&client, &server, ALL, "rsa", 0x009e);
        CHECK(fede_config_groups(client, &group->id, 1));
        pair_start(&pair, client, server, NULL);
        pair_pump(&pair);
        fede_conn_info(pair.client, &info);
        CHECK_AT(info.established && info.group == group->id, group->id);
        pair_end(&pair);
        fede_config_free(client);
        fede_config_free(server);
    }
}

/* A certificate for signatures alone is not used for RSA key transport. */
static void not_for_decrypting(void)
{
    fede_config *client, *server;
    struct pair pair = {0};
    configs(&client, &server, ALL, "rsa", 0x003d);
    pair_start(&pair, client, server, NULL);
    pair_pump(&pair);
    const fede_error *error = fede_conn_error(pair.server);
    CHECK(error != NULL && error->reason == FEDE_NO_COMMON_SUITE && strstr(error->detail, "keyUsage") != NULL);
    pair_end(&pair);
    fede_config_free(client);
    fede_config_free(server);
}

/* In small fragments the records of one message are shorter than the room kept for them. */
static void small_fragments(void)
{
    for (int etm = 0; etm < 2; etm++) {
        fede_config *client, *server;
        struct pair pair = {.chunk = 7};
        configs(&client, &server, etm ? ALL : ALL | FEDE_LEGACY_NO_ETM, "rsa", 0x0033);
        CHECK(fede_config_max_fragment(client, 64) && fede_config_max_fragment(server, 65));
        pair_start(&pair, client, server, NULL);
        pair_pump(&pair);
        CHECK(pair_established(pair.client) && pair_exchange(&pair, 1000));
        pair_end(&pair);
        fede_config_free(client);
        fede_config_free(server);
    }
}

/* ---- What it is bound to. */

/* Is 0x003c taken when both sides know it, and the client's permission is for these peers? */
static bool taken(const char *const *peers, size_t n, const char *name, const char *address, bool as_server)
{
    fede_config *client = pair_client_config(NULL), *server = pair_server_config(NULL, "transport");
    struct pair pair = {0};
    fede_info info;
    CHECK(allow(client, ALL, as_server ? everyone : peers, as_server ? 1 : n));
    CHECK(allow(server, ALL, as_server ? peers : everyone, as_server ? n : 1));
    uint16_t suite = 0x003c;
    CHECK(fede_config_suites(client, &suite, 1) && fede_config_suites(server, &suite, 1));
    pair_start(&pair, client, server, name);
    if (address != NULL)
        CHECK(fede_conn_peer_address(as_server ? pair.server : pair.client, address));
    pair_pump(&pair);
    fede_conn_info(pair.client, &info);
    bool established = info.established;
    const fede_error *error = fede_conn_error(pair.server);
    CHECK(established || (error != NULL && error->alert == FEDE_ALERT_HANDSHAKE_FAILURE) ||
          (error != NULL && error->alert == FEDE_ALERT_DECODE_ERROR));
    pair_end(&pair);
    fede_config_free(client);
    fede_config_free(server);
    return established;
}

static void peers(void)
{
    static const struct {
        const char *peer, *address;
        bool fits;
    } rows[] = {
        {"*", NULL, true},
        {"server.test", NULL, true},
        {"SERVER.test", NULL, true},
        {"other.test", NULL, false},
        {"*.test", NULL, true},
        {"*.server.test", NULL, false},
        {"est", NULL, false},
        {"192.0.2.7", "192.0.2.7", true},
        {"192.0.2.7", "192.0.2.6", false},
        {"192.0.2.7", NULL, false},
        {"192.0.2.0/24", "192.0.2.255", true},
        {"192.0.2.0/24", "192.0.3.0", false},
        {"192.0.2.128/25", "192.0.2.127", false},
        {"0.0.0.0/0", "203.0.113.9", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"2001:db8::/32", "2001:db8:ffff::1", true},
        {"2001:db8::/32", "2001:db9::1", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int as_server = 0; as_server < 2; as_server++)
            CHECK_AT(taken(&rows[i].peer, 1, NULL, rows[i].address, as_server) == rows[i].fits, i);
    static const char *const two[] = {"other.test", "server.test"};
    CHECK(taken(two, 2, NULL, NULL, false));
}

/* A suite needs all that it uses; without the call there is nothing. */
static void parts(void)
{
    const struct suite *suite;
    for (unsigned what = 1; what <= ALL; what++)
        for (size_t i = 0; (suite = suite_legacy_at(i)) != NULL; i++) {
            fede_config *config = pair_client_config(NULL);
            CHECK(allow(config, what, everyone, 1));
            unsigned needed = (suite->kx == SUITE_RSA   ? 1u
                               : suite->kx == SUITE_DHE ? 2u
                                                        : 0) |
                              (suite->mac != 0 ? 4 : 0);
            CHECK_AT(fede_config_suites(config, &suite->id, 1) == ((needed & ~what) == 0), suite->id);
            fede_config_free(config);
            config = pair_client_config(NULL);
            CHECK_AT(!fede_config_suites(config, &suite->id, 1), suite->id);
            fede_config_free(config);
        }
    fede_config *config = pair_client_config(NULL);
    uint16_t group = 0x0100, suite_id = 0x003c;
    CHECK(allow(config, ALL, everyone, 1) && fede_config_policy(config, "default"));
    CHECK(!fede_config_suites(config, &suite_id, 1));
    fede_config_free(config);
    config = pair_client_config(NULL);
    CHECK(allow(config, FEDE_LEGACY_CBC, everyone, 1) && !fede_config_groups(config, &group, 1));
    fede_config_free(config);
}

static int64_t now;
static int64_t wall(void *arg)
{
    (void)arg;
    return now;
}

static void setting(void)
{
    static const char *const bad[] = {"", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/x", "a b", "*.", "::1/129"};
    const fede_legacy good = {.what = ALL, .peers = everyone, .n_peers = 1, .reason = "r", .until = JUST_2030 + 1};
    struct {
        fede_legacy legacy;
        fede_reason reason;
    } rows[8] = {{good, FEDE_OK},
                 {good, FEDE_CONFIG_BAD_VALUE},
                 {good, FEDE_CONFIG_BAD_VALUE},
                 {good, FEDE_CONFIG_BAD_VALUE},
                 {good, FEDE_CONFIG_BAD_VALUE},
                 {good, FEDE_CONFIG_BAD_VALUE},
                 {good, FEDE_CONFIG_LEGACY_EXPIRED},
                 {good, FEDE_CONFIG_LEGACY_EXPIRED}};
    rows[1].legacy.what = 0;
    rows[2].legacy.what = 1u << 15;
    rows[3].legacy.reason = NULL;
    rows[4].legacy.reason = "";
    rows[5].legacy.n_peers = 0;
    rows[6].legacy.until = JUST_2030;
    rows[7].legacy.until = 0;
    for (size_t i = 0; i < 8 + sizeof bad / sizeof bad[0]; i++) {
        fede_config *config = pair_client_config(NULL);
        fede_legacy legacy = i < 8 ? rows[i].legacy : good;
        if (i >= 8)
            legacy.peers = &bad[i - 8];
        fede_reason reason = i < 8 ? rows[i].reason : FEDE_CONFIG_BAD_VALUE;
        CHECK_AT(fede_config_legacy(config, &legacy) == (reason == FEDE_OK), i);
        const fede_error *error = fede_config_error(config);
        CHECK_AT((error != NULL ? error->reason : FEDE_OK) == reason, i);
        /* Derived ones share the permission. */
        fede_config *derived = fede_config_derive(config);
        uint16_t id = 0x002f;
        CHECK_AT(fede_config_suites(derived, &id, 1) == (reason == FEDE_OK), i);
        fede_config_free(config);
        fede_config_free(derived);
    }
    /* Made in time; then time passes. */
    for (int late = 0; late < 2; late++) {
        fede_config *client, *server;
        struct pair pair = {0};
        configs(&client, &server, ALL, "transport", 0x003c);
        fede_config_clock(server, wall, NULL, NULL);
        now = JUST_2030 + 3600 - !late;
        pair_start(&pair, client, server, NULL);
        pair_pump(&pair);
        CHECK_AT(pair_established(pair.client) == !late, (size_t)late);
        pair_end(&pair);
        fede_config_free(client);
        fede_config_free(server);
    }
}

/* No ticket, no session id: each use is a handshake of its own. */
static void not_resumed(void)
{
    static const uint16_t suites[] = {0x003c, 0x009e, 0xc027};
    for (size_t i = 0; i < 3; i++) {
        fede_config *client, *server;
        struct pair pair = {0};
        configs(&client, &server, ALL, "transport", suites[i]);
        fede_config_sessions(client, true);
        pair_start(&pair, client, server, NULL);
        CHECK_AT(pair_pump(&pair) && pair_established(pair.client), i);
        CHECK_AT(fede_conn_session(pair.client).len == 0, i);
        pair_end(&pair);
        fede_config_free(client);
        fede_config_free(server);
    }
}

enum { SESSION_ROOM = 1024 };

/* The client's session, copied to kept; the connection is over. */
static fede_bytes end_and_keep(struct pair *pair, uint8_t kept[SESSION_ROOM], size_t where)
{
    fede_bytes session = fede_conn_session(pair->client);
    CHECK_AT(session.len > 0 && session.len <= SESSION_ROOM, where);
    memcpy(kept, session.data, session.len);
    pair_end(pair);
    *pair = (struct pair){0};
    return (fede_bytes){kept, session.len};
}

/* But with leave; and not when the client could do without the quarantine by now. */
static void resumed_once(uint16_t suite, const uint16_t *then, size_t n, bool wanted)
{
    fede_config *client, *server;
    struct pair pair = {0};
    fede_info info;
    uint8_t kept[SESSION_ROOM];
    configs(&client, &server, ALL, "transport", 0);
    CHECK(allow(client, ALL | FEDE_LEGACY_RESUMED, everyone, 1) && allow(server, ALL | FEDE_LEGACY_RESUMED, everyone, 1));
    CHECK(fede_config_suites(client, &suite, 1) && fede_config_sessions(client, true));
    fede_config *again = fede_config_derive(client);
    CHECK(fede_config_suites(again, then, n));
    pair_start(&pair, client, server, NULL);
    CHECK_AT(pair_pump(&pair) && pair_established(pair.client), suite);
    fede_bytes session = end_and_keep(&pair, kept, suite);
    pair_start(&pair, again, server, NULL);
    CHECK_AT(fede_conn_resume(pair.client, session) && pair_pump(&pair), suite);
    fede_conn_info(pair.client, &info);
    CHECK_AT(info.established && info.resumed == wanted && (info.legacy != 0) == wanted, suite);
    pair_end(&pair);
    fede_config_free(again);
    fede_config_free(client);
    fede_config_free(server);
}

static void resumed(void)
{
    static const uint16_t rsa = 0x003c, both[] = {0xc027, 0xc02f};
    resumed_once(rsa, &rsa, 1, true);
    resumed_once(both[0], both, 1, true);
    resumed_once(both[0], both, 2, false);
}

static int64_t servers_time;

static int64_t servers_clock(void *arg)
{
    (void)arg;
    return servers_time;
}

/* The session of one peer, brought by another that is not allowed, or after the date: no more than without a session. */
static void resumed_elsewhere(void)
{
    static const uint16_t suite = 0x003c;
    static const char *const here[] = {"192.0.2.0/24"};
    static const struct {
        const char *address;
        int64_t time;
        bool open;
    } rows[] = {{"192.0.2.7", JUST_2030, true}, {"198.51.100.7", JUST_2030, false}, {"192.0.2.7", JUST_2030 + 3700, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fede_config *client, *server;
        struct pair pair = {0};
        fede_info info;
        uint8_t kept[SESSION_ROOM];
        configs(&client, &server, ALL, "transport", 0);
        servers_time = JUST_2030;
        CHECK(allow(client, ALL | FEDE_LEGACY_RESUMED, everyone, 1) && allow(server, ALL | FEDE_LEGACY_RESUMED, here, 1));
        CHECK(fede_config_suites(client, &suite, 1) && fede_config_sessions(client, true));
        CHECK(fede_config_clock(server, servers_clock, NULL, NULL) && fede_config_tickets(server, 100000));
        pair_start(&pair, client, server, NULL);
        CHECK(fede_conn_peer_address(pair.server, "192.0.2.1"));
        CHECK_AT(pair_pump(&pair) && pair_established(pair.client), i);
        fede_bytes session = end_and_keep(&pair, kept, i);
        servers_time = rows[i].time;
        pair_start(&pair, client, server, NULL);
        CHECK(fede_conn_peer_address(pair.server, rows[i].address));
        CHECK_AT(fede_conn_resume(pair.client, session) && pair_pump(&pair), i);
        fede_conn_info(pair.server, &info);
        CHECK_AT(info.established == rows[i].open && info.resumed == rows[i].open, i);
        const fede_error *error = fede_conn_error(pair.server);
        CHECK_AT(rows[i].open || (error != NULL && error->reason == FEDE_NO_COMMON_SUITE), i);
        pair_end(&pair);
        fede_config_free(client);
        fede_config_free(server);
    }
}

/* ---- SHA-1, and the hello of SSL 2.0. */

static void sha1(void)
{
    static const uint16_t schemes[] = {0x0201, 0x0203};
    for (size_t i = 0; i < 4; i++) {
        bool there = i < 2; /* else the client alone may */
        fede_config *client = pair_client_config(NULL), *server = pair_server_config(NULL, i % 2 == 0 ? "rsa" : "p256");
        struct pair pair = {0};
        fede_info info;
        CHECK(allow(client, FEDE_LEGACY_SHA1, everyone, 1) && fede_config_schemes(client, &schemes[i % 2], 1));
        CHECK(!there || allow(server, FEDE_LEGACY_SHA1, everyone, 1));
        pair_start(&pair, client, server, NULL);
        pair_pump(&pair);
        fede_conn_info(pair.client, &info);
        CHECK_AT(info.established == there && (!there || info.scheme == schemes[i % 2]), i);
        CHECK_AT(there || fede_conn_error(pair.server)->reason == FEDE_NO_COMMON_SCHEME, i);
        pair_end(&pair);
        fede_config_free(client);
        fede_config_free(server);
    }
}

/* Up to the server's flight; whole handshakes of that kind are in tests/bogo. */
static void ssl2_hello(void)
{
    static const uint8_t hello[] = {0x80, 0x2c, 1, 3, 3, 0, 3, 0, 0, 0, 32, 0, 0, 0x9c};
    for (int i = 0; i < 4; i++) {
        uint8_t record[2 + 0x2c] = {0};
        fede_config *server = pair_server_config(NULL, "transport");
        memcpy(record, hello, sizeof hello);
        if (i == 1)
            record[10] = 31; /* the challenge is shorter than what is here */
        if (i != 2)
            CHECK(allow(server, FEDE_LEGACY_RSA | FEDE_LEGACY_SSL2_HELLO, i != 3 ? everyone : (const char *const[]){"a.test"}, 1));
        fede_conn *conn = fede_server_new(server);
        for (size_t at = 0; at < sizeof record && fede_needs(conn) & FEDE_RECEIVE;) { /* byte by byte */
            fede_room room = fede_to_fill(conn);
            room.data[0] = record[at++];
            fede_received(conn, 1);
        }
        fede_bytes out = fede_to_send(conn);
        if (i == 0)
            CHECK(fede_conn_error(conn) == NULL && out.len > 9 && out.data[0] == 22 && out.data[5] == 2);
        else
            CHECK_AT(fede_conn_error(conn) != NULL && fede_conn_error(conn)->reason == FEDE_SSL2_HELLO, (size_t)i);
        fede_conn_free(conn);
        fede_config_free(server);
    }
}

/* ---- Damage. */

struct damage {
    uint8_t from;
    size_t record, at;
    uint8_t by;
    size_t lens[3][16], n[3];
};

static void damage_record(struct pair *pair, uint8_t from, size_t index, uint8_t *record, size_t len)
{
    struct damage *d = pair->arg;
    if (index < 16) {
        d->lens[from][index] = len;
        d->n[from] = index + 1;
    }
    if (d->by != 0 && from == d->from && index == d->record && d->at < len)
        record[d->at] ^= d->by;
    pair_put(pair, from == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT, record, len);
}

static void damage_all(uint16_t suite, bool etm)
{
    fede_config *client, *server;
    struct damage plain = {0};
    configs(&client, &server, etm ? ALL : ALL | FEDE_LEGACY_NO_ETM, "transport", suite);
    struct pair pair = {.tap = damage_record, .arg = &plain};
    pair_start(&pair, client, server, NULL);
    CHECK_AT(pair_pump(&pair) && pair_established(pair.server), suite);
    pair_end(&pair);
    for (uint8_t from = FEDE_CLIENT; from <= FEDE_SERVER; from++)
        for (size_t r = 0; r < plain.n[from]; r++)
            for (size_t at = 0; at < plain.lens[from][r]; at += at < 12 ? 1 : 5) {
                struct damage d = {.from = from, .record = r, .at = at, .by = at % 2 ? 0x01 : 0x80};
                pair = (struct pair){.tap = damage_record, .arg = &d};
                pair_start(&pair, client, server, NULL);
                CHECK_AT(pair_pump(&pair), at);
                fede_conn *victim = from == FEDE_CLIENT ? pair.server : pair.client;
                bool header = r == 0 && at == 2; /* the version of the first record binds nobody */
                CHECK_AT(header || !pair_established(victim), r << 16 | at);
                bool key_exchange = from == FEDE_CLIENT && r == 1 && at >= 11 && suite_by_id(suite)->kx == SUITE_RSA;
                CHECK_AT(!key_exchange || pair_alert(victim) == FEDE_ALERT_BAD_RECORD_MAC, at);
                pair_end(&pair);
            }
    fede_config_free(client);
    fede_config_free(server);
}

/* ---- A server's share out of range, a prime that nobody knows. */

static void alter_exchange(struct pair *pair, uint8_t from, size_t index, uint8_t *record, size_t len)
{
    const int *which = pair->arg;
    if (from == FEDE_SERVER && record[5] == MSG_SERVER_KEY_EXCHANGE) {
        uint8_t *p = record + 9, *ys = p + 2 + load16(p) + 3;
        if (*which == 0)
            p[2 + 40] ^= 1;
        else if (*which == 1)
            p[2 + load16(p) + 2] = 5; /* the generator */
        else
            memset(ys + 2, *which == 2 ? 0 : 0xff, load16(ys));
    }
    (void)index;
    pair_put(pair, from == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT, record, len);
}

static void bad_groups(void)
{
    static const fede_reason reasons[] = {FEDE_DH_GROUP_UNKNOWN, FEDE_DH_GROUP_UNKNOWN, FEDE_SIGNATURE_BAD,
                                          FEDE_SIGNATURE_BAD};
    for (int which = 0; which < 4; which++) {
        fede_config *client, *server;
        configs(&client, &server, ALL, "rsa", 0x009e);
        struct pair pair = {.tap = alter_exchange, .arg = &which};
        pair_start(&pair, client, server, NULL);
        pair_pump(&pair);
        const fede_error *error = fede_conn_error(pair.client);
        CHECK_AT(error != NULL && error->reason == reasons[which], error != NULL ? error->reason : 0);
        CHECK(which > 1 || (error != NULL && error->alert == FEDE_ALERT_INSUFFICIENT_SECURITY));
        pair_end(&pair);
        fede_config_free(client);
        fede_config_free(server);
    }
}

/* ---- Memory. */

static size_t calls, fail_at;
static void *sparing(void *arg, size_t size)
{
    (void)arg;
    return ++calls == fail_at ? NULL : calloc(1, size);
}
static void give(void *arg, void *p, size_t size)
{
    (void)arg;
    for (size_t i = 0; i < size; i++)
        CHECK(((uint8_t *)p)[i] == 0);
    free(p);
}

static void without_memory(void)
{
    static const uint16_t suites[] = {0x003c, 0x0033};
    const fede_allocator spare = {sparing, give, NULL};
    for (size_t s = 0; s < 2; s++)
        for (size_t n = 1, reached = 1; reached; n++) {
            calls = 0;
            fail_at = n;
            fede_config *client = pair_client_config(&spare), *server = pair_server_config(&spare, "transport");
            bool set = client != NULL && server != NULL && allow(client, ALL, everyone, 1) &&
                       allow(server, ALL, everyone, 1) && fede_config_suites(client, &suites[s], 1) &&
                       fede_config_suites(server, &suites[s], 1);
            if (set) {
                fede_conn *probe = fede_server_new(server);
                fede_conn_free(probe);
                struct pair pair = {0};
                if (probe != NULL && (probe = fede_client_new(client, "server.test")) != NULL) {
                    fede_conn_free(probe);
                    size_t before = fail_at;
                    fail_at = calls < fail_at ? fail_at + 40 : 0; /* pair_start makes both again, and must not fail */
                    size_t mark = calls;
                    pair_start(&pair, client, server, NULL);
                    fail_at = before > mark ? before + (calls - mark) : 0;
                    pair_pump(&pair);
                    CHECK_AT(calls >= fail_at || pair_established(pair.client), n);
                    pair_end(&pair);
                }
            }
            reached = fail_at == 0 || calls >= fail_at;
            fede_config_free(client);
            fede_config_free(server);
            if (n > 2000)
                break;
        }
    fail_at = 0;
}

/* ---- Probes. */

/* All that a prober could see of the server: its records' types and lengths, after which of the client's records each came,
   the alert; and what it can't: reason and place of the error, and the order of the server's events. */
struct response {
    uint32_t events, seen;
    fede_reason reason;
    uint8_t alert;
    size_t records;
    int64_t got, wanted;
    const char *where, *detail;
};
static struct response answer;

static void note(uint32_t *sum, unsigned what)
{
    *sum = (*sum ^ what) * 16777619u;
}

static void watch(void *arg, const fede_event *event)
{
    (void)arg;
    note(&answer.events, event->kind);
    note(&answer.events, event->from);
    note(&answer.events, event->kind == FEDE_EVENT_RECORD || event->kind == FEDE_EVENT_MESSAGE ? event->what : 0);
}

struct probe {
    size_t number;
    bool open;             /* the handshake is over: the next record of the client is the one to alter */
    struct public_key key; /* the server's */
};

static uint8_t drawn(void)
{
    static uint32_t state = 12345;
    state = state * 1664525u + 1013904223u;
    return (uint8_t)(state >> 24);
}

/* PKCS#1 blocks, each wrong in its own way; the last ones right but for the version. */
static void bleichenbacher(struct probe *probe, uint8_t *record)
{
    uint8_t block[256], *encrypted = record + 5 + 4 + 2;
    for (size_t i = 0; i < sizeof block; i++)
        while ((block[i] = drawn()) == 0)
            ;
    const size_t at = sizeof block - PREMASTER_LEN;
    block[0] = 0;
    block[1] = 2;
    block[at - 1] = 0;
    store16(block + at, 0x0303);
    switch (probe->number % 12) {
    case 0: /* well formed, another premaster secret than the client's: what an attacker hopes to tell from the rest */
        break;
    case 1:
        block[0] = 1;
        break;
    case 2:
        block[1] = 1;
        break;
    case 3:
        block[at - 1] = 7;
        break;
    case 4:
        block[2 + probe->number % 8] = 0;
        break;
    case 5:
        block[10 + probe->number % (at - 11)] = 0;
        break;
    case 6:
        store16(block + at, 0x0302);
        break;
    case 7:
        store16(block + at, 0x0300);
        break;
    case 8:
        memset(block, 0, sizeof block);
        break;
    case 9: /* a premaster secret that is one byte shorter, or longer */
        block[at - 1] = 9;
        block[probe->number % 24 < 12 ? at : at - 2] = 0;
        break;
    case 10: /* not below the modulus */
        memset(block, 0xff, sizeof block);
        break;
    default: /* any number */
        for (size_t i = 0; i < sizeof block; i++)
            block[i] = drawn();
        block[0] &= 0x7f;
        break;
    }
    if (!crypto_rsa_recover(&probe->key, BYTES_OF(block), encrypted))
        bytes_copy(encrypted, block, sizeof block);
}

/* Whole records under the cipher: what comes out of the decryption is padding of every length, right and wrong. */
static void vaudenay(struct probe *probe, uint8_t *record, size_t *len)
{
    size_t end = *len;
    switch (probe->number % 6) {
    case 0: /* the last byte of the padding becomes every value but its own */
        record[end - 16 - 1] ^= (uint8_t)(1 + probe->number / 6 % 255);
        break;
    case 1: /* one byte of the padding */
        record[end - 16 - 2 - probe->number / 6 % 4] ^= (uint8_t)(1 + drawn() % 255);
        break;
    case 2: /* POODLE: another block of the record at its end */
        memmove(record + end - 16, record + 5 + 16 + probe->number / 6 % 3 * 16, 16);
        break;
    case 3: /* cut to fewer blocks */
        *len = end - 16 * (1 + probe->number / 6 % 4);
        break;
    case 4: /* blocks of anything at the end */
        for (size_t i = end - 32; i < end; i++)
            record[i] = drawn();
        break;
    default: /* the MAC */
        record[end - 48 - 1 - probe->number / 6 % 16] ^= (uint8_t)(1 + drawn() % 255);
        break;
    }
    store16(record + 3, (uint16_t)(*len - 5));
}

static void probe_record(struct pair *pair, uint8_t from, size_t index, uint8_t *record, size_t len)
{
    struct probe *probe = pair->arg;
    (void)index;
    if (from == FEDE_SERVER) {
        note(&answer.seen, record[0]);
        note(&answer.seen, (unsigned)len);
        note(&answer.seen, (unsigned)pair->records[FEDE_CLIENT]);
        answer.records++;
    } else if (!probe->open && record[0] == 22 && record[5] == MSG_CLIENT_KEY_EXCHANGE && len > 260) {
        bleichenbacher(probe, record);
    } else if (probe->open && record[0] == 23) {
        vaudenay(probe, record, &len);
    }
    pair_put(pair, from == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT, record, len);
}

static void probe_once(fede_config *client, fede_config *server, struct probe *probe, bool records,
                       struct response *first)
{
    struct pair pair = {.tap = probe_record, .arg = probe};
    answer = (struct response){0};
    probe->open = false;
    pair_start(&pair, client, server, NULL);
    pair_pump(&pair);
    if (records) {
        static const uint8_t data[48] = "GET /secret HTTP/1.1\r\nCookie: to be found\r\n\r\n";
        CHECK_AT(pair_established(pair.server), probe->number);
        probe->open = true;
        answer.seen = 0;
        answer.records = 0;
        fede_write(pair.client, BYTES_OF(data));
        pair_pump(&pair);
    }
    const fede_error *error = fede_conn_error(pair.server);
    CHECK_AT(error != NULL && !pair_established(pair.server) && fede_plaintext(pair.server).len == 0, probe->number);
    if (error != NULL) {
        answer.reason = error->reason;
        answer.alert = error->alert;
        answer.got = error->got;
        answer.wanted = error->wanted;
        answer.where = error->where;
        answer.detail = error->detail;
    }
    if (first->reason == FEDE_OK)
        *first = answer;
    CHECK_AT(memcmp(&answer, first, sizeof answer) == 0, probe->number);
    pair_end(&pair);
}

static void probes(void)
{
    enum { BLEICHENBACHER = 4000, CBC = 3000 };
    static const uint16_t cbc[] = {0x003c, 0xc023};
    struct probe probe = {0};
    fede_config *client, *server;
    struct response first = {0};
    size_t n = 0;

    configs(&client, &server, ALL | FEDE_LEGACY_NO_ETM, "transport", cbc[0]);
    fede_config_trace(server, watch, NULL);
    struct certificate leaf;
    fede_error none = {0};
    CHECK(certificate_read(fede_config_certificate(server, 0, 0), &leaf, &none));
    probe.key = leaf.key;
    CHECK(leaf.key.modulus.len == 256);
    for (probe.number = 0; probe.number < BLEICHENBACHER; probe.number++, n++)
        probe_once(client, server, &probe, false, &first);
    CHECK(first.reason == FEDE_RECORD_MAC && first.alert == FEDE_ALERT_BAD_RECORD_MAC && first.records > 0);
    printf("probes: %d like Bleichenbacher's, one answer: alert %d\n", BLEICHENBACHER, first.alert);
    fede_config_free(client);
    fede_config_free(server);

    /* With MAC-then-encrypt, and with encrypt-then-MAC. */
    for (int etm = 0; etm < 2; etm++) {
        first = (struct response){0};
        configs(&client, &server, etm ? ALL : ALL | FEDE_LEGACY_NO_ETM, "p256", cbc[1]);
        fede_config_trace(server, watch, NULL);
        for (probe.number = 0; probe.number < CBC; probe.number++, n++)
            probe_once(client, server, &probe, true, &first);
        CHECK(first.reason == FEDE_RECORD_MAC && first.alert == FEDE_ALERT_BAD_RECORD_MAC && first.records == 1);
        fede_config_free(client);
        fede_config_free(server);
    }
    printf("probes: 2 × %d like Vaudenay's and POODLE's, one answer: alert %d\n", CBC, first.alert);
    CHECK(n == 10000);
}

int main(void)
{
    every_suite();
    every_group();
    not_for_decrypting();
    small_fragments();
    peers();
    parts();
    setting();
    not_resumed();
    resumed();
    resumed_elsewhere();
    sha1();
    ssl2_hello();
    damage_all(0x003c, false);
    damage_all(0x009e, false);
    damage_all(0xc028, true);
    bad_groups();
    without_memory();
    probes();
    printf("legacy: %zu passed, %zu failed\n", passed, failed);
    return failed > 0;
}
