/* engine/limits.c: how long records are, in one process: record_size_limit and max_fragment_length offered, answered, both at
   once; every record counted on its way; records longer than agreed refused; answers that may not be; resumption, to which
   one of them belongs and the other does not. RFC 8449, RFC 6066 4. */
#include "check.h"
#include "pair.h"
#include "tls/conn.h"
#include "wire/messages.h"

/* The longest content of a record, by sender; in the clear and protected. */
static size_t longest[3][2];

static void hear(void *arg, const fede_event *event)
{
    (void)arg;
    if (event->kind != FEDE_EVENT_RECORD || !event->ours)
        return;
    size_t *most = &longest[event->from][event->epoch];
    *most = event->plain.len > *most ? event->plain.len : *most;
}

struct row {
    size_t limit, length; /* offered by the client; 0: not */
    size_t server;        /* the server's own record_size_limit; 0: not set */
    size_t to_server, to_client;
};

static void agreed(void)
{
    static const struct row rows[] = {
        {0, 0, 0, 16384, 16384},      {64, 0, 0, 16384, 64},      {16384, 0, 0, 16384, 16384},
        {500, 0, 100, 100, 500},      {0, 0, 100, 16384, 16384},  {0, 512, 0, 512, 512},
        {0, 4096, 0, 4096, 4096},     {0, 1024, 100, 1024, 1024}, {300, 512, 0, 16384, 300},
        {8000, 2048, 700, 700, 8000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        fede_config *cc = pair_client_config(NULL), *sc = pair_server_config(NULL, "p256");
        fede_config_trace(cc, hear, NULL);
        fede_config_trace(sc, hear, NULL);
        CHECK_AT(fede_config_record_size_limit(cc, r->limit) && fede_config_max_fragment_length(cc, r->length), i);
        CHECK_AT(fede_config_record_size_limit(sc, r->server), i);
        struct pair pair = {0};
        memset(longest, 0, sizeof longest);
        pair_start(&pair, cc, sc, NULL);
        CHECK_AT(pair_pump(&pair) && pair_exchange(&pair, 40000), i);
        fede_info c, s;
        fede_conn_info(pair.client, &c);
        fede_conn_info(pair.server, &s);
        CHECK_AT(c.max_sent == r->to_server && c.max_received == r->to_client, i);
        CHECK_AT(s.max_sent == r->to_client && s.max_received == r->to_server, i);
        CHECK_AT(longest[FEDE_CLIENT][1] == r->to_server && longest[FEDE_SERVER][1] == r->to_client, i);
        bool both_ways = r->length > 0 && r->limit == 0; /* from the ServerHello on */
        CHECK_AT((longest[FEDE_SERVER][0] <= 512) == (both_ways && r->length == 512), i);
        pair_end(&pair);
        fede_config_free(cc);
        fede_config_free(sc);
    }
    fede_config *config = fede_config_new();
    CHECK(!fede_config_record_size_limit(config, 63));
    fede_config_free(config);
    config = fede_config_new();
    CHECK(!fede_config_max_fragment_length(config, 8192));
    fede_config_free(config);
}

/* One byte more than agreed. */
static void too_long(void)
{
    static uint8_t data[600];
    for (int kind = 0; kind < 2; kind++)
        for (uint8_t from = FEDE_CLIENT; from <= FEDE_SERVER; from++) {
            fede_config *cc = pair_client_config(NULL), *sc = pair_server_config(NULL, "p256");
            if (kind == 0)
                fede_config_record_size_limit(cc, 512);
            else
                fede_config_max_fragment_length(cc, 512);
            fede_config_record_size_limit(sc, 512);
            struct pair pair = {0};
            pair_start(&pair, cc, sc, NULL);
            CHECK(pair_pump(&pair));
            fede_conn *sender = from == FEDE_CLIENT ? pair.client : pair.server;
            fede_conn *victim = from == FEDE_CLIENT ? pair.server : pair.client;
            for (size_t len = 512; len <= 513; len++) {
                uint8_t out[1024];
                fede_error error = {0};
                size_t n = record_seal(&sender->out, CONTENT_DATA, (bytes){data, len}, out, &error);
                pair_put(&pair, from == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT, out, n);
                CHECK(pair_pump(&pair));
                CHECK_AT((fede_plaintext(victim).len == len) == (len == 512), len);
                fede_consumed(victim, fede_plaintext(victim).len);
            }
            const fede_error *error = fede_conn_error(victim);
            CHECK(error != NULL && error->reason == FEDE_RECORD_OVERFLOW && error->got == 513 && error->wanted == 512);
            pair_end(&pair);
            fede_config_free(cc);
            fede_config_free(sc);
        }
}

/* A ServerHello with another answer: the last of its extensions is replaced. */
static uint8_t answer[16];
static size_t answer_len, cut;

static void another_answer(struct pair *pair, uint8_t from, size_t index, uint8_t *record, size_t len)
{
    uint8_t changed[256];
    if (from == FEDE_SERVER && index == 0) {
        size_t block = 5 + 4 + 2 + 32 + 1 + record[5 + 4 + 2 + 32] + 3;
        memcpy(changed, record, len);
        uint8_t *tail = NULL; /* the extension with that number */
        for (size_t at = block + 2; at + 4 <= len; at += 4 + (size_t)load16(changed + at + 2))
            if (load16(changed + at) == cut)
                tail = changed + at;
        if (tail != NULL) {
            size_t old = 4 + (size_t)load16(tail + 2), rest = (size_t)(changed + len - tail) - old;
            memmove(tail + answer_len, tail + old, rest);
            memcpy(tail, answer, answer_len);
            size_t grown = len - old + answer_len;
            store16(changed + 3, (uint16_t)(grown - 5));
            store24(changed + 6, (uint32_t)(grown - 9));
            store16(changed + block, (uint16_t)(grown - block - 2));
            pair_put(pair, FEDE_CLIENT, changed, grown);
            return;
        }
    }
    pair_put(pair, from == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT, record, len);
}

static void wrong_answers(void)
{
    static const struct {
        size_t replaced;
        uint8_t data[16], len;
        uint16_t reason;
    } rows[] = {
        {EXT_MAX_FRAGMENT_LENGTH, {0, 1, 0, 1, 2}, 5, FEDE_FIELD_VALUE},                     /* another length */
        {EXT_MAX_FRAGMENT_LENGTH, {0, 1, 0, 1, 9}, 5, FEDE_FIELD_VALUE},                     /* none that exists */
        {EXT_MAX_FRAGMENT_LENGTH, {0, 1, 0, 1, 1, 0, 28, 0, 2, 4, 0}, 11, FEDE_FIELD_VALUE}, /* both */
        {EXT_MAX_FRAGMENT_LENGTH, {0, 28, 0, 2, 0, 63}, 6, FEDE_FIELD_VALUE},                /* too small */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fede_config *cc = pair_client_config(NULL), *sc = pair_server_config(NULL, "p256");
        /* This server answers max_fragment_length alone because the offer of the other is hidden from it. */
        fede_config_max_fragment_length(cc, 512);
        struct pair pair = {.tap = another_answer};
        cut = rows[i].replaced;
        answer_len = rows[i].len;
        memcpy(answer, rows[i].data, sizeof answer);
        pair_start(&pair, cc, sc, NULL);
        CHECK_AT(pair_pump(&pair), i);
        const fede_error *error = fede_conn_error(pair.client);
        bool unasked = i >= 2 && error != NULL && error->reason == FEDE_EXTENSION_UNSOLICITED;
        CHECK_AT(error != NULL && (error->reason == rows[i].reason || unasked), i);
        CHECK_AT(unasked || pair_alert(pair.client) == FEDE_ALERT_ILLEGAL_PARAMETER, i);
        pair_end(&pair);
        fede_config_free(cc);
        fede_config_free(sc);
    }
    /* Both offered: the server answers the first; in its place come both. */
    fede_config *cc = pair_client_config(NULL), *sc = pair_server_config(NULL, "p256");
    fede_config_max_fragment_length(cc, 512);
    fede_config_record_size_limit(cc, 512);
    struct pair pair = {.tap = another_answer};
    cut = EXT_RECORD_SIZE_LIMIT;
    answer_len = 11;
    memcpy(answer, (const uint8_t[]){0, 1, 0, 1, 1, 0, 28, 0, 2, 64, 0}, 11);
    pair_start(&pair, cc, sc, NULL);
    CHECK(pair_pump(&pair));
    const fede_error *error = fede_conn_error(pair.client);
    CHECK(error != NULL && error->reason == FEDE_FIELD_VALUE && error->alert == FEDE_ALERT_ILLEGAL_PARAMETER);
    CHECK(error != NULL && error->detail != NULL && strstr(error->detail, "both") != NULL);
    pair_end(&pair);
    fede_config_free(cc);
    fede_config_free(sc);
}

static void resumed(void)
{
    static const struct {
        size_t length[2], limit[2]; /* first, then */
        bool resumes;
        size_t most;
    } rows[] = {
        {{512, 512}, {0, 0}, true, 512},     {{512, 1024}, {0, 0}, false, 1024}, {{0, 512}, {0, 0}, false, 512},
        {{512, 0}, {0, 0}, false, 16384},    {{0, 0}, {100, 200}, true, 200},    {{0, 0}, {100, 0}, true, 16384},
        {{512, 512}, {100, 200}, true, 200},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fede_config *sc = pair_server_config(NULL, "p256");
        static uint8_t kept[4096];
        size_t len = 0;
        for (int k = 0; k < 2; k++) {
            fede_config *cc = pair_client_config(NULL);
            fede_config_sessions(cc, true);
            fede_config_max_fragment_length(cc, rows[i].length[k]);
            fede_config_record_size_limit(cc, rows[i].limit[k]);
            struct pair pair = {0};
            pair_start(&pair, cc, sc, NULL);
            if (k == 1)
                CHECK_AT(fede_conn_resume(pair.client, (fede_bytes){kept, len}), i);
            CHECK_AT(pair_pump(&pair) && pair_exchange(&pair, 1000), i);
            fede_info info;
            fede_conn_info(pair.client, &info);
            CHECK_AT(k == 0 || info.resumed == rows[i].resumes, i);
            CHECK_AT(k == 0 || info.max_received == rows[i].most, i);
            len = fede_conn_session(pair.client).len;
            memcpy(kept, fede_conn_session(pair.client).data, len);
            pair_end(&pair);
            fede_config_free(cc);
        }
        fede_config_free(sc);
    }
}

int main(void)
{
    agreed();
    too_long();
    wrong_answers();
    resumed();
    printf("%zu passed, %zu failed\n", passed, failed);
    return failed > 0;
}
