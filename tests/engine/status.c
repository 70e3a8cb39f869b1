/* engine/status.c: what comes beside the chain, in one process: OCSP responses stapled by a server and judged by a client, in
   every state they can be in; certificates that promise one; revocation lists of a config; and False Start: who may write
   when, and what is not readable before the server's Finished. RFC 6066 8, RFC 7633, RFC 7918. */
#include "check.h"
#include "pair.h"
#include "tls/conn.h"
#include "wire/messages.h"

/* ---- What was seen of the messages. */

static struct seen {
    size_t statuses, steps; /* CertificateStatus; steps named "false start" */
    fede_bytes staple;      /* what the client had when it was asked for its verdict */
    int revocation;         /* outcome of the leaf's check */
} seen;

static void hear(void *arg, const fede_event *event)
{
    (void)arg;
    if (event->kind == FEDE_EVENT_MESSAGE && event->what == MSG_CERTIFICATE_STATUS)
        seen.statuses++;
    if (event->kind == FEDE_EVENT_STEP && strcmp(event->label, "false start") == 0)
        seen.steps++;
    if (event->kind != FEDE_EVENT_VERDICT)
        return;
    seen.staple = fede_conn_staple(event->connection);
    for (size_t i = 0; i < event->verdict->n_checks; i++)
        if (event->verdict->checks[i].kind == FEDE_CHECK_REVOCATION && event->verdict->checks[i].certificate == 0)
            seen.revocation = event->verdict->checks[i].outcome;
}

static fede_config *client_with(const fede_allocator *memory, bool asks, fede_revocation unknown)
{
    fede_config *config = pair_client_config(memory);
    fede_config_trace(config, hear, NULL);
    fede_config_status_request(config, asks);
    fede_config_revocation(config, unknown);
    return config;
}

static fede_config *server_with(const fede_allocator *memory, const char *key, const char *staple)
{
    fede_config *config = pair_server_config(memory, key);
    if (staple != NULL)
        fede_config_staple(config, 0, pair_file(staple));
    return config;
}

/* ---- Staples: what was asked, what the server has, what must come of it. */

// clang-format off
static const struct {
    bool asks;
    uint8_t unknown; /* fede_revocation */
    const char *key, *staple;
    uint16_t reason; /* 0: the connection opens */
    uint8_t alert;
    int outcome;     /* of the check */
} staples[] = {
    {true,  FEDE_REVOCATION_IF_GIVEN, "p256", "good.ocsp",    0, 0, FEDE_PASSED},
    {true,  FEDE_REVOCATION_SOFT,     "p256", "good.ocsp",    0, 0, FEDE_PASSED},
    {true,  FEDE_REVOCATION_LEAF,     "p256", "good.ocsp",    0, 0, FEDE_PASSED},
    {true,  FEDE_REVOCATION_HARD,     "p256", "good.ocsp",    FEDE_CERT_REVOCATION_UNKNOWN, FEDE_ALERT_BAD_CERTIFICATE, FEDE_PASSED},
    {true,  FEDE_REVOCATION_IF_GIVEN, "p256", NULL,           0, 0, FEDE_NOT_CHECKED},
    {true,  FEDE_REVOCATION_LEAF,     "p256", NULL,           FEDE_CERT_REVOCATION_UNKNOWN, FEDE_ALERT_BAD_CERTIFICATE, FEDE_FAILED},
    {false, FEDE_REVOCATION_IF_GIVEN, "p256", "good.ocsp",    0, 0, FEDE_NOT_CHECKED},
    {false, FEDE_REVOCATION_IF_GIVEN, "p256", "revoked.ocsp", 0, 0, FEDE_NOT_CHECKED},
    {true,  FEDE_REVOCATION_IF_GIVEN, "p256", "old.ocsp",     FEDE_CERT_STAPLE_BAD, FEDE_ALERT_BAD_CERTIFICATE_STATUS_RESPONSE, FEDE_FAILED},
    {true,  FEDE_REVOCATION_SOFT,     "p256", "old.ocsp",     0, 0, FEDE_NOT_CHECKED},
    {true,  FEDE_REVOCATION_LEAF,     "p256", "old.ocsp",     FEDE_CERT_STAPLE_BAD, FEDE_ALERT_BAD_CERTIFICATE_STATUS_RESPONSE, FEDE_FAILED},
    {true,  FEDE_REVOCATION_IF_GIVEN, "p256", "forged.ocsp",  FEDE_CERT_STAPLE_BAD, FEDE_ALERT_BAD_CERTIFICATE_STATUS_RESPONSE, FEDE_FAILED},
    {true,  FEDE_REVOCATION_IF_GIVEN, "p256", "other.ocsp",   FEDE_CERT_STAPLE_BAD, FEDE_ALERT_BAD_CERTIFICATE_STATUS_RESPONSE, FEDE_FAILED},
    {true,  FEDE_REVOCATION_IF_GIVEN, "p256", "p256.pem",     FEDE_CERT_STAPLE_BAD, FEDE_ALERT_BAD_CERTIFICATE_STATUS_RESPONSE, FEDE_FAILED},
    {true,  FEDE_REVOCATION_IF_GIVEN, "p256", "revoked.ocsp", FEDE_CERT_REVOKED, FEDE_ALERT_CERTIFICATE_REVOKED, FEDE_FAILED},
    {true,  FEDE_REVOCATION_SOFT,     "p256", "revoked.ocsp", FEDE_CERT_REVOKED, FEDE_ALERT_CERTIFICATE_REVOKED, FEDE_FAILED},
    {true,  FEDE_REVOCATION_IF_GIVEN, "must", "must.ocsp",    0, 0, FEDE_PASSED},
    {true,  FEDE_REVOCATION_IF_GIVEN, "must", NULL,           FEDE_CERT_STAPLE_MISSING, FEDE_ALERT_BAD_CERTIFICATE_STATUS_RESPONSE, FEDE_FAILED},
    {true,  FEDE_REVOCATION_SOFT,     "must", NULL,           FEDE_CERT_STAPLE_MISSING, FEDE_ALERT_BAD_CERTIFICATE_STATUS_RESPONSE, FEDE_FAILED},
    {true,  FEDE_REVOCATION_SOFT,     "must", "good.ocsp",    FEDE_CERT_STAPLE_MISSING, FEDE_ALERT_BAD_CERTIFICATE_STATUS_RESPONSE, FEDE_FAILED},
    {false, FEDE_REVOCATION_IF_GIVEN, "must", NULL,           0, 0, FEDE_NOT_CHECKED},
};
// clang-format on

static void stapled(void)
{
    for (size_t i = 0; i < sizeof staples / sizeof *staples; i++) {
        fede_config *cc = client_with(NULL, staples[i].asks, (fede_revocation)staples[i].unknown);
        fede_config *sc = server_with(NULL, staples[i].key, staples[i].staple);
        struct pair pair = {.chunk = i % 2 ? 7 : 0};
        seen = (struct seen){0};
        pair_start(&pair, cc, sc, NULL);
        CHECK_AT(pair_pump(&pair), i);
        const fede_error *error = fede_conn_error(pair.client);
        CHECK_AT((error != NULL ? error->reason : 0) == staples[i].reason, i);
        if (staples[i].reason == 0) {
            CHECK_AT(pair_established(pair.client) && pair_established(pair.server), i);
            CHECK_AT(pair_exchange(&pair, 1000), i);
        } else {
            CHECK_AT(pair_alert(pair.client) == staples[i].alert && pair_alert(pair.server) == staples[i].alert, i);
        }
        CHECK_AT(seen.statuses == (staples[i].asks && staples[i].staple != NULL), i);
        CHECK_AT(seen.revocation == staples[i].outcome, i);
        CHECK_AT((seen.staple.len > 0) == (seen.statuses > 0), i);
        pair_end(&pair);
        fede_config_free(cc);
        fede_config_free(sc);
    }
}

/* A response that the client got elsewhere, in answer to the question about the verdict. */
static void fetched(void)
{
    static const struct {
        bool asks;
        const char *key, *response;
        uint16_t reason; /* 0: accepted */
    } rows[] = {{false, "p256", "good.ocsp", 0},
                {true, "p256", "good.ocsp", 0},
                {false, "p256", "revoked.ocsp", FEDE_CERT_REVOKED},
                {false, "p256", "other.ocsp", FEDE_CERT_STAPLE_BAD},
                {false, "p256", "p256.pem", FEDE_CERT_STAPLE_BAD},
                {false, "must", "must.ocsp", 0},
                {true, "must", "must.ocsp", FEDE_CERT_STAPLE_MISSING}}; /* the server owes it */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fede_config *cc = client_with(NULL, rows[i].asks, FEDE_REVOCATION_LEAF), *sc = pair_server_config(NULL, rows[i].key);
        CHECK(fede_config_ask(cc, FEDE_ASK_VERDICT));
        struct pair pair = {0};
        pair_start(&pair, cc, sc, NULL);
        seen = (struct seen){0};
        CHECK_AT(!fede_answer_staple(pair.client, pair_file(rows[i].response)), i); /* nothing is asked yet */
        pair_end(&pair);
        pair = (struct pair){0};
        pair_start(&pair, cc, sc, NULL);
        CHECK_AT(pair_pump(&pair) && fede_needs(pair.client) == FEDE_DECIDE && seen.revocation == 0, i);
        CHECK_AT(!fede_ask(pair.client)->verdict->accepted, i);
        CHECK_AT(fede_answer_staple(pair.client, pair_file(rows[i].response)), i);
        const fede_question *question = fede_ask(pair.client);
        CHECK_AT(question != NULL && question->verdict->accepted == (rows[i].reason == 0), i);
        CHECK_AT(question != NULL && question->verdict->reason == rows[i].reason && question->staple.len == 0, i);
        CHECK_AT(fede_answer_verdict(pair.client, question != NULL && question->verdict->accepted) && pair_pump(&pair), i);
        CHECK_AT(seen.revocation == (rows[i].reason == 0 ? FEDE_PASSED : FEDE_FAILED), i);
        CHECK_AT(pair_established(pair.server) == (rows[i].reason == 0), i);
        const fede_error *error = fede_conn_error(pair.client);
        CHECK_AT((error != NULL ? error->reason : 0) == rows[i].reason, i);
        pair_end(&pair);
        fede_config_free(cc);
        fede_config_free(sc);
    }
}

/* A derived config has another staple; the one it comes from keeps its own. The question shows what came. */
static void replaced(void)
{
    fede_config *cc = client_with(NULL, true, FEDE_REVOCATION_LEAF), *sc = server_with(NULL, "p256", "old.ocsp");
    fede_config *newer = fede_config_derive(sc), *none = fede_config_derive(sc);
    CHECK(fede_config_staple(newer, 0, pair_file("good.ocsp")));
    CHECK(fede_config_staple(none, 0, (fede_bytes){NULL, 0}));
    CHECK(fede_config_ask(cc, FEDE_ASK_VERDICT));
    fede_config *servers[] = {sc, newer, none};
    const char *files[] = {"old.ocsp", "good.ocsp", NULL};
    for (size_t i = 0; i < 3; i++) {
        struct pair pair = {0};
        pair_start(&pair, cc, servers[i], NULL);
        CHECK_AT(pair_pump(&pair) && fede_needs(pair.client) == FEDE_DECIDE, i);
        const fede_question *question = fede_ask(pair.client);
        fede_bytes wanted = files[i] != NULL ? pair_file(files[i]) : (fede_bytes){NULL, 0};
        bool same = question != NULL && question->staple.len == wanted.len &&
                    (wanted.len == 0 || memcmp(question->staple.data, wanted.data, wanted.len) == 0);
        CHECK_AT(same && fede_conn_staple(pair.client).len == wanted.len, i);
        CHECK_AT(question != NULL && question->verdict->accepted == (i == 1), i);
        CHECK_AT(fede_answer_verdict(pair.client, true) && pair_pump(&pair) && pair_established(pair.server), i);
        CHECK_AT(fede_conn_staple(pair.client).len == 0, i); /* with the certificates it is gone */
        pair_end(&pair);
    }
    fede_config *keeps = client_with(NULL, true, FEDE_REVOCATION_LEAF); /* longer, when asked for */
    CHECK(fede_config_keep(keeps, FEDE_KEEP_PEER));
    struct pair pair = {0};
    pair_start(&pair, keeps, newer, NULL);
    fede_bytes good = pair_file("good.ocsp");
    CHECK(pair_pump(&pair) && pair_established(pair.client) && fede_conn_staple(pair.client).len == good.len &&
          memcmp(fede_conn_staple(pair.client).data, good.data, good.len) == 0);
    pair_end(&pair);
    fede_config_free(keeps);
    fede_config *wrong = fede_config_derive(sc);
    CHECK(!fede_config_staple(wrong, 1, pair_file("good.ocsp")));
    CHECK(fede_config_error(wrong)->reason == FEDE_CONFIG_BAD_VALUE);
    fede_config_free(wrong);
    fede_config_free(newer);
    fede_config_free(none);
    fede_config_free(cc);
    fede_config_free(sc);
}

/* Lists of a config, with and without a staple beside them. */
static void listed(void)
{
    // clang-format off
    static const struct {
        const char *lists[3], *staple;
        uint16_t reason;
    } rows[] = {
        {{"issuing.crl", "root.crl"}, NULL, 0},
        {{"issuing.crl", "root.crl"}, "good.ocsp", 0},
        {{"revoked.crl", "root.crl"}, NULL, FEDE_CERT_REVOKED},
        {{"revoked.crl", "root.crl"}, "good.ocsp", FEDE_CERT_REVOKED},
        {{"issuing.crl", "root.crl"}, "revoked.ocsp", FEDE_CERT_REVOKED},
        {{"issuing.crl"}, NULL, FEDE_CERT_REVOCATION_UNKNOWN},
        {{"root.crl"}, NULL, FEDE_CERT_REVOCATION_UNKNOWN},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fede_config *base = client_with(NULL, true, FEDE_REVOCATION_IF_GIVEN);
        for (size_t k = 0; rows[i].lists[k] != NULL; k++)
            CHECK_AT(fede_config_crls(base, pair_file(rows[i].lists[k])), i);
        fede_config *cc = fede_config_derive(base), *sc = server_with(NULL, "p256", rows[i].staple);
        struct pair pair = {0};
        pair_start(&pair, cc, sc, NULL);
        CHECK_AT(pair_pump(&pair), i);
        const fede_error *error = fede_conn_error(pair.client);
        CHECK_AT((error != NULL ? error->reason : 0) == rows[i].reason, i);
        pair_end(&pair);
        fede_config_free(base);
        fede_config_free(cc);
        fede_config_free(sc);
    }
    fede_config *config = fede_config_new();
    CHECK(!fede_config_crls(config, pair_file("p256.pem")) && fede_config_error(config)->reason == FEDE_CRL_UNREADABLE);
    fede_config_free(config);
}

/* ---- Timestamps of logs: beside the chain, in it, asked for or not, judged or not. */

static struct {
    int outcomes[16];
    size_t n, len;
} timestamps;

static void hear_timestamps(void *arg, const fede_event *event)
{
    (void)arg;
    if (event->kind != FEDE_EVENT_VERDICT)
        return;
    timestamps.len = fede_conn_scts(event->connection).len;
    for (size_t i = 0; i < event->verdict->n_checks; i++)
        if (event->verdict->checks[i].kind == FEDE_CHECK_TRANSPARENCY) {
            const fede_check *made = &event->verdict->checks[i];
            timestamps.outcomes[timestamps.n++] = made->outcome;
            CHECK((made->reason == FEDE_CERT_TIMESTAMP) == (made->outcome == FEDE_FAILED) && made->detail[0] != 0);
        }
}

static void logged(void)
{
    static const int beside[] = {FEDE_PASSED, FEDE_FAILED, FEDE_NOT_CHECKED, FEDE_FAILED},
                     inside[] = {FEDE_PASSED, FEDE_FAILED};
    fede_ct_logs *logs = fede_ct_logs_read(pair_file("logs.json"));
    CHECK(logs != NULL && fede_ct_logs_count(logs) == 1);
    fede_config *sc = pair_server_config(NULL, "p256"), *embedded = pair_server_config(NULL, "embedded");
    CHECK(fede_config_sct_list(sc, 0, pair_file("p256.sct")));
    for (int bits = 0; bits < 4; bits++)
        for (int in = 0; in < 2; in++) {
            size_t at = (size_t)(10 * bits + in);
            fede_config *base = pair_client_config(NULL);
            fede_config_trace(base, hear_timestamps, NULL);
            CHECK_AT(fede_config_scts(base, bits & 1) && fede_config_ct_logs(base, bits & 2 ? logs : NULL), at);
            fede_config *cc = fede_config_derive(base);
            struct pair pair = {0};
            memset(&timestamps, 0, sizeof timestamps);
            pair_start(&pair, cc, in ? embedded : sc, NULL);
            CHECK_AT(pair_pump(&pair) && pair_established(pair.client) && pair_established(pair.server), at);
            CHECK_AT(timestamps.len == (!in && bits & 1 ? pair_file("p256.sct").len : 0), at);
            size_t n = !(bits & 2) ? 0 : in ? 2 : bits & 1 ? 4 : 0;
            CHECK_AT(timestamps.n == n, at);
            for (size_t i = 0; i < n && timestamps.n == n; i++)
                CHECK_AT(timestamps.outcomes[i] == (in ? inside[i] : beside[i]), 100 * at + i);
            pair_end(&pair);
            fede_config_free(base);
            fede_config_free(cc);
        }
    CHECK(!fede_config_sct_list(sc, 0, pair_file("p256.sct"))); /* in use */
    fede_config_free(sc);
    sc = pair_server_config(NULL, "p256");
    CHECK(!fede_config_sct_list(sc, 0, pair_file("p256.pem")));
    fede_config_free(sc);
    fede_config_free(embedded);
    fede_ct_logs_free(logs);
    fede_bytes json = pair_file("logs.json");
    for (size_t len = 0; len < json.len; len++) { /* cut anywhere */
        logs = fede_ct_logs_read((fede_bytes){json.data, len});
        CHECK_AT(logs != NULL && fede_ct_logs_count(logs) <= 1, len);
        fede_ct_logs_free(logs);
    }
}

/* ---- False Start. */

static void hold_back(struct pair *pair, uint8_t from, size_t index, uint8_t *record, size_t len)
{
    const size_t *most = pair->arg; /* records of the server that get through */
    if (from == FEDE_CLIENT || index < *most)
        pair_put(pair, from == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT, record, len);
}

enum { SERVER_HELLO_FLIGHT = 4 }; /* records: ServerHello, Certificate, ServerKeyExchange, ServerHelloDone */

static struct pair held_back(fede_config *cc, fede_config *sc, size_t *most)
{
    struct pair pair = {.tap = hold_back, .arg = most};
    seen = (struct seen){0};
    pair_start(&pair, cc, sc, NULL);
    CHECK(pair_pump(&pair));
    return pair;
}

static void early(void)
{
    static const uint8_t request[] = "GET / HTTP/1.1\r\n\r\n";
    fede_config *plain = client_with(NULL, false, FEDE_REVOCATION_IF_GIVEN), *cc = fede_config_derive(plain);
    fede_config *sc = pair_server_config(NULL, "p256");
    CHECK(fede_config_false_start(cc, true));
    for (int on = 0; on < 2; on++) {
        size_t most = SERVER_HELLO_FLIGHT;
        struct pair pair = held_back(on ? cc : plain, sc, &most);
        fede_info info;
        fede_conn_info(pair.client, &info);
        CHECK_AT(!info.established && info.false_start == on && seen.steps == (size_t)on, (size_t)on);
        CHECK_AT(!(fede_needs(pair.client) & FEDE_WRITE) == !on, (size_t)on);
        size_t taken = fede_write(pair.client, (fede_bytes){request, sizeof request});
        CHECK_AT(taken == (on ? sizeof request : 0), (size_t)on);
        CHECK_AT(pair_pump(&pair) && pair_established(pair.server), (size_t)on);
        CHECK_AT(fede_plaintext(pair.server).len == taken, (size_t)on);
        /* What the server answers now does not come before its Finished. */
        CHECK_AT(fede_plaintext(pair.client).len == 0 && !pair_established(pair.client), (size_t)on);
        pair_cut(&pair);
        const fede_error *error = fede_conn_error(pair.client);
        CHECK_AT(error != NULL && error->reason == FEDE_TRANSPORT_CLOSED_IN_HANDSHAKE, (size_t)on);
        pair_end(&pair);
    }
    fede_config_free(plain);
    fede_config_free(cc);
    fede_config_free(sc);
}

/* The whole way, and data in place of the server's Finished, and our close in between. */
static void goes_on(void)
{
    static const uint8_t request[] = "hello";
    fede_config *base = client_with(NULL, false, FEDE_REVOCATION_IF_GIVEN), *sc = pair_server_config(NULL, "p256");
    CHECK(fede_config_false_start(base, true));
    for (size_t half = 0; half < 2; half++) {
        fede_config *cc = fede_config_derive(base);
        fede_config_half_close(cc, half);
        size_t most = SIZE_MAX;
        struct pair pair = held_back(cc, sc, &most);
        CHECK(pair_established(pair.client) && pair_exchange(&pair, 20000));
        fede_info info;
        fede_conn_info(pair.client, &info);
        CHECK(info.false_start && seen.steps == 1);
        pair_end(&pair);

        most = SERVER_HELLO_FLIGHT;
        pair = held_back(cc, sc, &most);
        CHECK_AT(fede_write(pair.client, (fede_bytes){request, sizeof request}) == sizeof request, half);
        fede_needs(pair.client);
        CHECK(pair_pump(&pair));
        fede_close(pair.client);
        CHECK_AT(!(fede_needs(pair.client) & FEDE_RECEIVE) == !half, half);
        CHECK_AT(pair_pump(&pair) && fede_plaintext(pair.server).len == sizeof request, half);
        fede_consumed(pair.server, sizeof request);
        CHECK_AT(pair_pump(&pair), half);
        CHECK_AT(fede_ending(pair.server) & FEDE_PEER_CLOSED && fede_conn_error(pair.server) == NULL, half);
        pair_cut(&pair);
        CHECK_AT((fede_conn_error(pair.client) != NULL) == half, half);
        pair_end(&pair);
        fede_config_free(cc);
    }
    fede_config_free(base);
    fede_config_free(sc);
}

static void data_for_ccs(struct pair *pair, uint8_t from, size_t index, uint8_t *record, size_t len)
{
    static const uint8_t data[] = {23, 3, 3, 0, 5, 'h', 'e', 'l', 'l', 'o'};
    if (from == FEDE_SERVER && index == SERVER_HELLO_FLIGHT)
        pair_put(pair, FEDE_CLIENT, data, sizeof data);
    else
        pair_put(pair, from == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT, record, len);
}

static void nothing_before_finished(void)
{
    fede_config *cc = client_with(NULL, false, FEDE_REVOCATION_IF_GIVEN), *sc = pair_server_config(NULL, "p256");
    CHECK(fede_config_false_start(cc, true));
    struct pair pair = {.tap = data_for_ccs};
    pair_start(&pair, cc, sc, NULL);
    CHECK(pair_pump(&pair));
    const fede_error *error = fede_conn_error(pair.client);
    CHECK(error != NULL && error->reason == FEDE_RECORD_UNEXPECTED && fede_plaintext(pair.client).len == 0);
    CHECK(fede_write(pair.client, pair_file("p256.pem")) == 0);
    pair_end(&pair);
    fede_config_free(cc);
    fede_config_free(sc);
}

/* A chain that is refused, a signature that is wrong, a session resumed: no False Start. */
static void alter_key_exchange(struct pair *pair, uint8_t from, size_t index, uint8_t *record, size_t len)
{
    if (from == FEDE_SERVER && index == 2)
        record[len - 1] ^= 1;
    pair_put(pair, from == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT, record, len);
}

static void not_early(void)
{
    fede_config *cc = client_with(NULL, false, FEDE_REVOCATION_IF_GIVEN), *sc = pair_server_config(NULL, "p256");
    fede_config *wrong = pair_server_config(NULL, "other");
    CHECK(fede_config_false_start(cc, true) && fede_config_sessions(cc, true));
    for (int i = 0; i < 2; i++) {
        struct pair pair = {.tap = i == 0 ? NULL : alter_key_exchange};
        seen = (struct seen){0};
        pair_start(&pair, cc, i == 0 ? wrong : sc, NULL);
        CHECK_AT(pair_pump(&pair) && seen.steps == 0 && fede_conn_error(pair.client) != NULL, (size_t)i);
        CHECK_AT(!(fede_needs(pair.client) & FEDE_WRITE), (size_t)i);
        pair_end(&pair);
    }
    static uint8_t kept[4096];
    struct pair pair = {0};
    pair_start(&pair, cc, sc, NULL);
    CHECK(pair_pump(&pair) && fede_conn_session(pair.client).len > 0);
    size_t len = fede_conn_session(pair.client).len;
    memcpy(kept, fede_conn_session(pair.client).data, len);
    pair_end(&pair);
    seen = (struct seen){0};
    pair_start(&pair, cc, sc, NULL);
    CHECK(fede_conn_resume(pair.client, (fede_bytes){kept, len}));
    CHECK(pair_pump(&pair) && pair_exchange(&pair, 100));
    fede_info info;
    fede_conn_info(pair.client, &info);
    CHECK(info.resumed && !info.false_start && seen.steps == 0);
    pair_end(&pair);
    fede_config_free(cc);
    fede_config_free(sc);
    fede_config_free(wrong);
}

/* ---- Each allocation of settings and handshake fails in turn: an error, never a leak. */

static void no_memory(void)
{
    for (size_t n = 1; n < 400; n++) {
        struct memory_meter meter;
        memory_meter_start(&meter);
        meter.fail_at = n;
        fede_config *cc = fede_config_new_with(&meter.allocator), *sc = pair_server_config(NULL, "p256");
        fede_config_staple(sc, 0, pair_file("good.ocsp"));
        bool open = false;
        if (cc != NULL) {
            fede_config_trust(cc, pair_file("root.pem"));
            fede_config_status_request(cc, true);
            fede_config_crls(cc, pair_file("issuing.crl"));
            fede_config_crls(cc, pair_file("root.crl"));
            struct pair pair = {0};
            pair_start(&pair, cc, sc, NULL);
            if (pair.client != NULL) {
                CHECK_AT(pair_pump(&pair), n);
                open = pair_established(pair.client);
                CHECK_AT(open || fede_conn_error(pair.client) != NULL, n);
            }
            pair_end(&pair);
        }
        fede_config_free(cc);
        fede_config_free(sc);
        CHECK_AT(meter.blocks == 0 && meter.live == 0, n);
        if (open)
            return;
    }
    CHECK(false); /* it never has enough memory */
}

int main(void)
{
    stapled();
    fetched();
    replaced();
    listed();
    logged();
    early();
    goes_on();
    nothing_before_finished();
    not_early();
    no_memory();
    printf("%zu passed, %zu failed\n", passed, failed);
    return failed > 0;
}
