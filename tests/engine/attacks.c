/* engine/attacks.c: attacks of docs/attacks.md that are one question to a server, asked as the attacker asked it. Ticketbleed: a
   ticket beside a session id of each length; what comes back is that id, and nothing behind it (CVE-2016-9244, RFC 5077 3.4).
   Raccoon: a server that uses its Diffie-Hellman key again, or has one in its certificate (CVE-2020-1968, RFC 9325 4.1). */
#include "check.h"
#include "flows.h"
#include "wire/messages.h"

enum { HEAD = 5 + 4 + 2 + 32, MOST = 24 }; /* record, message, version, random: then the session id */

static uint8_t asked[32], answered[32];
static size_t asked_len, answered_len;
static bool answers;

/* The client's hello goes on with another session id; what the server says to it is kept. */
static void other_id(struct pair *pair, uint8_t from, size_t index, uint8_t *record, size_t len)
{
    static uint8_t altered[20000];
    if (from == FEDE_SERVER && index == 0 && record[0] == CONTENT_HANDSHAKE && record[5] == MSG_SERVER_HELLO) {
        answers = true;
        answered_len = record[HEAD];
        if (answered_len <= sizeof answered)
            memcpy(answered, record + HEAD + 1, answered_len);
    }
    if (from != FEDE_CLIENT || index > 0) {
        pair_put(pair, from == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT, record, len);
        return;
    }
    size_t behind = HEAD + 1 + (size_t)record[HEAD], now = HEAD + 1 + asked_len + (len - behind);
    memcpy(altered, record, HEAD);
    altered[HEAD] = (uint8_t)asked_len;
    memcpy(altered + HEAD + 1, asked, asked_len);
    memcpy(altered + HEAD + 1 + asked_len, record + behind, len - behind);
    store16(altered + 3, (uint16_t)(now - 5));
    store24(altered + 6, (uint32_t)(now - 9));
    pair_put(pair, FEDE_SERVER, altered, now);
}

static void ticketbleed(void)
{
    const struct flow *flow = flows;
    while (!flow->resumed)
        flow++;
    for (asked_len = 0; asked_len <= sizeof asked; asked_len++) {
        fede_config *client, *server;
        struct pair pair = {.tap = other_id};
        CHECK(flow_configs(flow, &client, &server));
        flow_start(flow, &pair, client, server);
        for (size_t i = 0; i < sizeof asked; i++)
            asked[i] = (uint8_t)(0x80 + i + asked_len);
        answers = false;
        answered_len = 99;
        pair_pump(&pair);
        fede_info info;
        fede_conn_info(pair.server, &info);
        CHECK_AT(answers && (asked_len == 0 || info.resumed), asked_len); /* so the ticket was taken */
        CHECK_AT(asked_len == 0 || answered_len == asked_len, answered_len);
        CHECK_AT(asked_len == 0 || memcmp(answered, asked, asked_len) == 0, asked_len);
        CHECK_AT(!pair_established(pair.client), asked_len); /* the hello was altered */
        pair_end(&pair);
        fede_config_free(client);
        fede_config_free(server);
    }
}

static uint8_t keys[2][MOST][256]; /* the last bytes of each side's share */
static size_t n_keys[2];

static void keep_shares(struct pair *pair, uint8_t from, size_t index, uint8_t *record, size_t len)
{
    (void)index;
    pair_put(pair, from == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT, record, len);
    size_t side = from == FEDE_CLIENT, at;
    if (record[0] != CONTENT_HANDSHAKE || record[5] != (side ? MSG_CLIENT_KEY_EXCHANGE : MSG_SERVER_KEY_EXCHANGE) ||
        n_keys[side] == MOST)
        return;
    at = 9; /* the body: dh_p, dh_g, dh_Ys; or dh_Yc alone: RFC 5246 7.4.3, 7.4.7.2 */
    for (size_t skip = side ? 0 : 2; skip > 0; skip--)
        at += 2 + (size_t)load16(record + at);
    size_t n = load16(record + at);
    memcpy(keys[side][n_keys[side]++], record + at + 2, n < 256 ? n : 256);
}

static void raccoon(void)
{
    const struct flow *flow = flows;
    while (flow < flows + n_flows && flow->legacy != FEDE_LEGACY_DHE)
        flow++;
    fede_config *client, *server;
    for (size_t i = 0; fede_suite_list(i) != 0; i++)
        CHECK_AT(strncmp(fede_suite_name(fede_suite_list(i)), "TLS_DH_", 7) != 0, i);
    if (flow == flows + n_flows || !flow_configs(flow, &client, &server))
        return;
    for (size_t i = 0; i < MOST; i++) {
        struct pair pair = {.tap = keep_shares};
        flow_start(flow, &pair, client, server);
        CHECK_AT(pair_pump(&pair) && pair_established(pair.server), i);
        pair_end(&pair);
    }
    for (size_t side = 0; side < 2; side++) {
        CHECK_AT(n_keys[side] == MOST, n_keys[side]);
        for (size_t i = 0; i < n_keys[side]; i++)
            for (size_t k = 0; k < i; k++)
                CHECK_AT(memcmp(keys[side][i], keys[side][k], sizeof keys[side][i]) != 0, i);
    }
    fede_config_free(client);
    fede_config_free(server);
}

int main(void)
{
    ticketbleed();
    raccoon();
    printf("attacks: %zu passed, %zu failed\n", passed, failed);
    return failed != 0;
}
