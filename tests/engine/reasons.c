/* engine/reasons.c: a peer that does one thing wrong, and the reason and alert that must come of it. Each row changes one
   record of a live handshake on its way, or one setting; the handshake is the same without it. Signed messages whose
   signature no longer fits are no hindrance: what is looked for comes before the signature is checked. */
#include "pair.h"
#include "tls/handshake.h"

static size_t passed, failed;

static void check(const char *what, const fede_conn *conn, unsigned reason, unsigned alert)
{
    const fede_error *error = fede_conn_error(conn);
    char text[600] = "no error";
    if (error != NULL)
        fede_error_text(error, text, sizeof text);
    if (error != NULL && error->reason == reason && error->alert == alert && !pair_established(conn)) {
        passed++;
        return;
    }
    failed++;
    printf("not ok: %s: wanted %s with %s\n    %s\n", what, fede_reason_name(reason), fede_alert_name(alert), text);
}

/* ---- One record altered. Offsets count from the record's start: header 5, message header 4. */

enum { SKE = 9, SH_SUITE = 9 + 2 + 32 + 1, CH_SUITES = 9 + 2 + 32 + 1 + 2 };

struct change {
    const char *what;
    uint8_t from, record, at, n, bytes[4];
    const char *key;
    bool classic;   /* without extended master secret */
    uint16_t group; /* the server's; 0: its first */
    uint16_t reason;
    uint8_t alert;
};

// clang-format off
static const struct change changes[] = {
    {"a group that was not offered", FEDE_SERVER, 2, SKE + 1, 2, {0x00, 0x15}, "p256", false, 0, FEDE_GROUP_NOT_OFFERED, FEDE_ALERT_ILLEGAL_PARAMETER},
    {"an explicit curve", FEDE_SERVER, 2, SKE, 1, {1}, "p256", false, 0, FEDE_CURVE_TYPE, FEDE_ALERT_HANDSHAKE_FAILURE},
    {"a share of the wrong length", FEDE_SERVER, 2, SKE + 1, 2, {0x00, 0x17}, "p256", false, 0, FEDE_SHARE_INVALID, FEDE_ALERT_ILLEGAL_PARAMETER},
    {"a scheme that was not offered", FEDE_SERVER, 2, SKE + 36, 2, {0x02, 0x03}, "p256", false, 0, FEDE_SCHEME_NOT_OFFERED, FEDE_ALERT_ILLEGAL_PARAMETER},
    {"a scheme for another key", FEDE_SERVER, 2, SKE + 36, 2, {0x08, 0x07}, "p256", false, 0, FEDE_SCHEME_WRONG_KEY, FEDE_ALERT_ILLEGAL_PARAMETER},
    {"a suite for another key", FEDE_SERVER, 0, SH_SUITE, 2, {0xc0, 0x2f}, "p256", false, 0, FEDE_SUITE_WRONG_KEY, FEDE_ALERT_ILLEGAL_PARAMETER},
    {"a suite of GREASE", FEDE_SERVER, 0, SH_SUITE, 2, {0x0a, 0x0a}, "p256", false, 0, FEDE_SUITE_NOT_OFFERED, FEDE_ALERT_ILLEGAL_PARAMETER},
    {"a wrong signature", FEDE_SERVER, 2, SKE + 50, 1, {0}, "rsa", false, 0, FEDE_SIGNATURE_BAD, FEDE_ALERT_DECRYPT_ERROR},
    {"another hello, classic", FEDE_CLIENT, 0, CH_SUITES, 2, {0x12, 0x34}, "p256", true, 0, FEDE_FINISHED_BAD, FEDE_ALERT_DECRYPT_ERROR},
    {"another hello, extended", FEDE_CLIENT, 0, CH_SUITES, 2, {0x12, 0x34}, "p256", false, 0, FEDE_RECORD_MAC, FEDE_ALERT_BAD_RECORD_MAC},
    {"a point off the curve", FEDE_CLIENT, 1, 9 + 1 + 1, 4, {1, 2, 3, 4}, "p256", false, 0x17, FEDE_SHARE_INVALID, FEDE_ALERT_ILLEGAL_PARAMETER},
    {"a compressed point", FEDE_CLIENT, 1, 9 + 1, 1, {2}, "p256", false, 0x17, FEDE_SHARE_INVALID, FEDE_ALERT_ILLEGAL_PARAMETER},
    {"a Certificate without certificates", FEDE_SERVER, 1, 3, 0, {0}, "p256", false, 0, FEDE_CERT_NONE, FEDE_ALERT_BAD_CERTIFICATE},
    {"a Certificate of garbage", FEDE_SERVER, 1, 9 + 3 + 3, 4, {1, 2, 3, 4}, "p256", false, 0, FEDE_CERT_UNREADABLE, FEDE_ALERT_DECODE_ERROR},
    {"ChangeCipherSpec before its time", FEDE_SERVER, 3, 0, 1, {20}, "p256", false, 0, FEDE_CCS_UNEXPECTED, FEDE_ALERT_UNEXPECTED_MESSAGE},
    {"application data before its time", FEDE_CLIENT, 1, 0, 1, {23}, "p256", false, 0, FEDE_RECORD_UNEXPECTED, FEDE_ALERT_UNEXPECTED_MESSAGE},
    {"a message left over", FEDE_SERVER, 3, 8, 0, {0}, "p256", false, 0, FEDE_MESSAGE_TOO_LONG, FEDE_ALERT_DECODE_ERROR},
    {"a Finished that is altered", FEDE_CLIENT, 3, 5 + 8, 1, {0}, "p256", false, 0, FEDE_RECORD_MAC, FEDE_ALERT_BAD_RECORD_MAC},
    {"a record too short for its tag", FEDE_CLIENT, 3, 4, 0, {0}, "p256", false, 0, FEDE_RECORD_TOO_SHORT, FEDE_ALERT_BAD_RECORD_MAC},
};
// clang-format on

static void alter(struct pair *pair, uint8_t from, size_t index, uint8_t *record, size_t len)
{
    const struct change *change = pair->arg;
    uint8_t to = from == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT;
    if (change == NULL || from != change->from || index != change->record) {
        pair_put(pair, to, record, len);
    } else if (change->reason == FEDE_CERT_NONE) {
        static const uint8_t empty[] = {22, 3, 3, 0, 7, 11, 0, 0, 3, 0, 0, 0};
        pair_put(pair, to, empty, sizeof empty);
    } else if (change->reason == FEDE_MESSAGE_TOO_LONG) {
        static const uint8_t done[] = {22, 3, 3, 0, 5, 14, 0, 0, 1, 0};
        pair_put(pair, to, done, sizeof done);
    } else if (change->reason == FEDE_RECORD_TOO_SHORT) {
        static const uint8_t brief[] = {22, 3, 3, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8};
        pair_put(pair, to, brief, sizeof brief);
    } else {
        for (size_t i = 0; i < change->n; i++) /* a zero alters whatever stands there */
            record[change->at + i] =
                change->n == 1 && change->bytes[0] == 0 ? record[change->at] ^ 0x55 : change->bytes[i];
        pair_put(pair, to, record, len);
    }
}

static void altered_records(void)
{
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct change change = changes[i];
        fede_config *client = pair_client_config(NULL), *server = pair_server_config(NULL, change.key);
        if (change.classic)
            fede_config_extended_master_secret(client, FEDE_EMS_OFF);
        if (change.group != 0)
            fede_config_groups(server, &change.group, 1);
        struct pair pair = {.tap = alter, .arg = &change};
        pair_start(&pair, client, server, NULL);
        pair_pump(&pair);
        check(change.what, change.from == FEDE_CLIENT ? pair.server : pair.client, change.reason, change.alert);
        check(change.what, change.from == FEDE_CLIENT ? pair.client : pair.server, FEDE_PEER_ALERT, change.alert);
        pair_end(&pair);
        fede_config_free(client);
        fede_config_free(server);
    }
}

/* ---- Versions that this release does not have: the rules are there, and hold when the range is widened from inside. */

static const uint8_t sentinel_hello[] = "DOWNGRD\1";

static void put_sentinel(struct pair *pair, uint8_t from, size_t index, uint8_t *record, size_t len)
{
    if (from == FEDE_SERVER && index == 0 && pair->arg != NULL)
        memcpy(record + 9 + 2 + 24, sentinel_hello, 8);
    if (from == FEDE_SERVER && index == 0 && pair->arg == NULL)
        record[10] = 2; /* TLS 1.1 */
    pair_put(pair, from == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT, record, len);
}

static void other_versions(void)
{
    fede_config *client = pair_client_config(NULL), *server = pair_server_config(NULL, "p256");
    int yes;
    client->highest = FEDE_TLS13;
    struct pair pair = {.tap = put_sentinel, .arg = &yes};
    pair_start(&pair, client, server, NULL);
    pair_pump(&pair);
    check("a downgrade", pair.client, FEDE_DOWNGRADE_SENTINEL, FEDE_ALERT_ILLEGAL_PARAMETER);
    pair_end(&pair);
    fede_config_free(client);
    client = pair_client_config(NULL);
    client->lowest = 0x0302;
    pair = (struct pair){.tap = put_sentinel};
    pair_start(&pair, client, server, NULL);
    pair_pump(&pair);
    check("a suite of TLS 1.2 in TLS 1.1", pair.client, FEDE_SUITE_WRONG_VERSION, FEDE_ALERT_ILLEGAL_PARAMETER);
    pair_end(&pair);
    fede_config_free(client);
    fede_config_free(server);
}

/* ---- Limits, chains, randomness. */

static void long_chain(void)
{
    static char chain[80000];
    fede_bytes leaf = pair_file("p256.pem"), more = pair_file("issuing.pem");
    size_t len = leaf.len;
    memcpy(chain, leaf.data, leaf.len);
    for (int i = 0; i < 60; i++, len += more.len)
        memcpy(chain + len, more.data, more.len);
    /* 60 certificates take some 27,000 bytes: more than one record, and for one client more than it will keep. */
    for (int strict = 0; strict < 2; strict++) {
        fede_config *client = pair_client_config(NULL), *server = fede_config_new();
        if (!fede_config_credential(server, (fede_bytes){(uint8_t *)chain, len}, pair_file("p256.key")))
            failed++;
        if (strict)
            fede_config_limits(client, 0, 16384);
        struct pair pair = {0};
        pair_start(&pair, client, server, NULL);
        pair_pump(&pair);
        if (strict)
            check("a chain too long for the client's memory", pair.client, FEDE_HANDSHAKE_TOO_BIG,
                  FEDE_ALERT_HANDSHAKE_FAILURE);
        else if (pair_established(pair.client) && pair_established(pair.server))
            passed++;
        else
            check("a long chain", pair.client, 0, 0);
        pair_end(&pair);
        fede_config_free(client);
        fede_config_free(server);
    }
}

static void broken_chain(void)
{
    char chain[8192];
    fede_bytes whole = pair_file("p256.pem");
    memcpy(chain, whole.data, whole.len);
    char *second = strstr(chain + 30, "-----BEGIN") + 70;
    memcpy(second, "AAAAAAAA", 8);
    fede_config *config = fede_config_new();
    bool taken = fede_config_credential(config, (fede_bytes){(uint8_t *)chain, whole.len}, pair_file("p256.key"));
    if (!taken && fede_config_error(config)->reason == FEDE_CONFIG_CERT_BAD && fede_config_error(config)->got == 1)
        passed++;
    else
        failed++, printf("not ok: a broken second certificate in a chain\n");
    fede_config_free(config);
}

static bool no_random(void *arg, uint8_t *out, size_t n)
{
    (void)arg, (void)out, (void)n;
    return false;
}

static void without_randomness(void)
{
    fede_config *client = pair_client_config(NULL), *server = pair_server_config(NULL, "p256"), *poor;
    struct pair pair = {0};
    poor = fede_config_derive(client);
    fede_config_random(poor, no_random, NULL);
    pair_start(&pair, poor, server, NULL);
    pair_pump(&pair);
    check("a client without randomness", pair.client, FEDE_NO_RANDOM, FEDE_ALERT_INTERNAL_ERROR);
    pair_end(&pair);
    fede_config_free(poor);
    poor = fede_config_derive(server);
    fede_config_random(poor, no_random, NULL);
    pair_start(&pair, client, poor, NULL);
    pair_pump(&pair);
    check("a server without randomness", pair.server, FEDE_NO_RANDOM, FEDE_ALERT_INTERNAL_ERROR);
    check("its client", pair.client, FEDE_PEER_ALERT, FEDE_ALERT_INTERNAL_ERROR);
    pair_end(&pair);
    fede_config_free(poor);
    fede_config_free(client);
    fede_config_free(server);
}

int main(void)
{
    altered_records();
    other_versions();
    long_chain();
    broken_chain();
    without_randomness();
    printf("reasons: %zu passed, %zu failed\n", passed, failed);
    return failed != 0;
}
