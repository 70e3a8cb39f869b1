/* unit/tls_words.c: What surrounds a connection: settings, events, errors as sentences, names, wrong calls. */
#include "tls.h"

/* ---- Configurations. */

void settings(void **state)
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
    REFUSED(fede_config_alpn(c, NULL, 1), FEDE_CONFIG_BAD_VALUE);
    REFUSED(fede_config_suites(c, NULL, 1), FEDE_CONFIG_NOTHING_TO_OFFER);
    REFUSED(fede_config_trust_file(c, NULL), FEDE_CONFIG_TRUST_SOURCE);
    REFUSED(fede_config_trust_directory(c, NULL), FEDE_CONFIG_TRUST_SOURCE);
    REFUSED(fede_config_max_fragment(c, 63), FEDE_CONFIG_BAD_VALUE);
    REFUSED(fede_config_max_fragment(c, 16385), FEDE_CONFIG_BAD_VALUE);
    REFUSED(fede_config_limits(c, 1, 0), FEDE_CONFIG_BAD_VALUE);
    REFUSED(fede_config_ask(c, 64), FEDE_CONFIG_BAD_VALUE);
    REFUSED(fede_config_trust(c, pair_file("p256.key")), FEDE_CONFIG_PEM);
    REFUSED(fede_config_trust_file(c, "/does/not/exist"), FEDE_CONFIG_TRUST_SOURCE);
    REFUSED(fede_config_trust_directory(c, "/does/not/exist"), FEDE_CONFIG_TRUST_SOURCE);
    REFUSED(fede_config_credential(c, pair_file("p256.key"), pair_file("p256.key")), FEDE_CONFIG_PEM);
    REFUSED(fede_config_credential(c, pair_file("p256.pem"), pair_file("p256.pem")), FEDE_CONFIG_PEM);
    REFUSED(fede_config_credential_locked(c, pair_file("p256.pem"), pair_file("p384.key"), "x"), FEDE_CONFIG_KEY_MISMATCH);
    REFUSED(fede_config_credential_p12(c, pair_file("p256.pem"), "x"), FEDE_CONFIG_PEM);
    REFUSED(fede_config_credential(c, pair_file("p256.pem"), pair_file("p384.key")), FEDE_CONFIG_KEY_MISMATCH);
    REFUSED(fede_config_credential(c, pair_file("rsa.pem"), pair_file("p256.key")), FEDE_CONFIG_KEY_MISMATCH);
    REFUSED(fede_config_credential(c, pair_file("p256.pem"), pair_file("small.key")), FEDE_CONFIG_KEY_UNUSABLE);
    REFUSED(fede_config_extended_master_secret(c, (fede_ems)7), FEDE_CONFIG_BAD_VALUE);
#undef REFUSED
    fede_config *c = fede_config_new();
    char words[32];
    assert_null(fede_config_error(c));
    assert_int_equal(fede_error_text(fede_config_error(c), words, sizeof words), strlen("Nothing is wrong."));
    assert_int_equal(fede_error_advice(NULL, words, sizeof words), 0);
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

/* A setting that failed may have been the strict one: no connection comes of it, derived or given as an answer. */
void failed_settings(void **state)
{
    (void)state;
    fede_config *config = pair_client_config(NULL);
    assert_false(fede_config_policy(config, "moderm"));
    fede_config *derived = fede_config_derive(config);
    fede_conn *conn = fede_client_new(config, "server.test");
    assert_int_equal(fede_needs(conn), FEDE_OVER);
    assert_reason(conn, FEDE_CONFIG_UNKNOWN_POLICY);
    fede_config_free(config);
    assert_string_equal(fede_conn_error(conn)->detail, "moderm");
    fede_conn_free(conn);
    conn = fede_client_new(derived, "server.test");
    fede_config_free(derived);
    assert_int_equal(fede_needs(conn), FEDE_OVER);
    assert_string_equal(fede_conn_error(conn)->detail, "moderm");
    fede_conn_free(conn);

    config = pair_server_config(NULL, "p256");
    assert_true(fede_config_ask(config, FEDE_ASK_HELLO));
    struct pair pair = meet(pair_client_config(NULL), config, NULL);
    fede_config *answer = pair_server_config(NULL, "p256");
    assert_false(fede_config_max_fragment(answer, 1));
    assert_false(fede_answer_config(pair.server, answer));
    fede_config_free(answer);
    pair_pump(&pair);
    assert_reason(pair.server, FEDE_CONFIG_BAD_VALUE);
    assert_int_equal(pair_alert(pair.client), FEDE_ALERT_INTERNAL_ERROR);
    finish(&pair);
}

/* As many protocol names as one hello can hold, and one more. */
void many_protocols(void **state)
{
    enum { N = 260, LEN = 249 };
    static char names[N][LEN + 1];
    const char *list[N + 1];
    (void)state;
    for (size_t i = 0; i < N; i++) {
        memset(names[i], 'a' + (int)(i % 26), LEN);
        names[i][0] = (char)('A' + (int)(i / 26));
        list[i] = names[i];
    }
    list[N] = "h2";
    fede_config *config = pair_client_config(NULL), *more = fede_config_derive(config);
    assert_true(fede_config_alpn(config, list, N)); /* 65,000 bytes */
    fede_conn *conn = fede_client_new(config, "server.test");
    assert_true(fede_needs(conn) & FEDE_SEND);
    assert_null(fede_conn_error(conn));
    fede_conn_free(conn);
    assert_false(fede_config_alpn(more, list, N + 1));
    assert_int_equal(fede_config_error(more)->reason, FEDE_CONFIG_BAD_VALUE);
    fede_config_free(config);
    fede_config_free(more);
}

void derived_configurations(void **state)
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
void names_apart(void **state)
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

void events(void **state)
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
            assert_string_equal(server_story.order, "SRMccccctMRMRttMRMRRMtRCkRMCRkMRORRAARE");
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

void master_secrets(void **state)
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
void events_of_failure(void **state)
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

void sentences(void **state)
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

void registry(void **state)
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
void wrong_calls(void **state)
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
