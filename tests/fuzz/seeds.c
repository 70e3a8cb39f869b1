/* Writes the first inputs for the client, server and session fuzzers: what each side of whole connections receives, with some
   data and an orderly end, one of them with a second handshake inside; sessions and tickets. Run by hand:
   fuzz_seeds tests/fuzz/corpus (target fuzz_seeds, not built by itself). */
#include "base/bytes.h"
#include "drive.h"
#include "tls/session.h"

static void record(struct pair *pair, uint8_t from, size_t index, uint8_t *text, size_t len)
{
    struct queue *heard = pair->arg;
    (void)index;
    queue_add(&heard[from == FEDE_CLIENT ? 1 : 0], text, len);
    pair_put(pair, from == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT, text, len);
}

static void save(const char *folder, const char *side, unsigned n, uint8_t options, const struct queue *queue)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s/whole-%02u", folder, side, n);
    FILE *f = fopen(path, "wb");
    want(f != NULL && fputc(options, f) != EOF && fwrite(queue->data, 1, queue->len, f) == queue->len &&
         fclose(f) == 0);
}

/* The same, resumed: by ticket and by id. What the client fuzzer offers, byte for byte, because the randomness is the same. */
static void resumed(const char *folder, unsigned n, bool ticket)
{
    fede_config *client = config_of(32, true), *server = config_of(32, false);
    fede_config *by_id = fede_config_derive(client);
    fede_config_tickets(by_id, 0);
    struct queue heard[2] = {{0}};
    fede_bytes session = session_of(ticket ? client : by_id, server, true);
    if (!ticket)
        fede_server_session = session_of(by_id, server, false);
    struct pair pair = {.tap = record, .arg = heard};
    pair_seed(1);
    pair_start(&pair, client, server, NULL);
    want(fede_conn_resume(pair.client, session));
    for (int i = 0; i < 3; i++) {
        want(pair_pump(&pair));
        const fede_question *question = fede_ask(pair.server);
        if (question != NULL && question->kind == FEDE_ASK_HELLO)
            fede_answer_config(pair.server, NULL);
        else if (question != NULL)
            fede_answer_session(pair.server, fede_server_session);
    }
    fede_info info;
    fede_conn_info(pair.client, &info);
    want(info.resumed && pair_exchange(&pair, 50));
    fede_close(pair.client);
    want(pair_pump(&pair));
    save(folder, "client", n, ticket ? 32 : 33, &heard[0]);
    save(folder, "server", n, 32, &heard[1]);
    pair_end(&pair);
    queue_end(&heard[0]);
    queue_end(&heard[1]);
    fede_config_free(by_id);
}

/* ---- A second handshake. */

/* As a protected record has it under fake_crypto.c: an explicit nonce, a tag. */
static void protected_record(struct queue *out, uint8_t type, bytes content)
{
    uint8_t record[5 + 8 + 2048 + 16] = {type, 3, 3};
    want(content.len <= 2048);
    store16(record + 3, (uint16_t)(8 + content.len + 16));
    bytes_copy(record + 13, content.data, content.len);
    memset(record + 13 + content.len, 0x55, 16);
    queue_add(out, record, 5 + 8 + content.len + 16);
}

/* A ServerHello of a first handshake as one of a second: renegotiation_info has both Finished (RFC 5746 3.7). */
static size_t bind_hello(uint8_t *hello, size_t len)
{
    static const uint8_t empty[] = {0xff, 1, 0, 1, 0};
    size_t extensions = 4 + 2 + 32 + 1 + hello[38] + 3, at = extensions + 2;
    while (at + sizeof empty <= len && memcmp(hello + at, empty, sizeof empty) != 0)
        at++;
    want(at + sizeof empty <= len);
    memmove(hello + at + 29, hello + at + 5, len - at - 5);
    store16(hello + at + 2, 25);
    hello[at + 4] = 24;
    memset(hello + at + 5, 'c', 12);
    memset(hello + at + 17, 's', 12);
    store16(hello + extensions, (uint16_t)(load16(hello + extensions) + 24));
    store16(hello + 2, (uint16_t)(load16(hello + 2) + 24));
    return len + 24;
}

/* What a client hears when its server asks for another handshake after the first, both made by servers of the first kind. */
static void renegotiated(const char *folder, unsigned n)
{
    static const uint8_t request[4] = {0};
    const uint16_t suite = 0xc02b;
    fede_config *client = fede_config_derive(config_of(0, true));
    fede_config_suites(client, &suite, 1);
    struct queue all = {0};
    for (int second = 0; second < 2; second++) {
        struct queue heard[2] = {{0}};
        struct pair pair = {.tap = record, .arg = heard};
        bool protects = false;
        pair_seed(1);
        pair_start(&pair, client, config_of(0, false), NULL);
        want(pair_pump(&pair) && pair_exchange(&pair, 50));
        for (uint8_t *r = heard[0].data, *end = r + heard[0].len; r < end; r += 5 + load16(r + 3)) {
            uint8_t copy[2048];
            size_t len = load16(r + 3);
            want(len < sizeof copy - 24);
            memcpy(copy, r + 5, len);
            if (second && !protects && r == heard[0].data)
                len = bind_hello(copy, len);
            if (second && !protects)
                protected_record(&all, r[0], bytes_of(copy, len));
            else
                queue_add(&all, r, 5 + len);
            protects |= r[0] == 20;
        }
        if (!second)
            protected_record(&all, 22, BYTES_OF(request));
        pair_end(&pair);
        queue_end(&heard[0]);
        queue_end(&heard[1]);
    }
    save(folder, "client", n, 0, &all);
    queue_end(&all);
    fede_config_free(client);
}

/* ---- Sessions: as they are, without their check, what lies in a ticket, a ticket. */
static void sessions(const char *folder)
{
    fede_config *client = config_of(32, true), *server = config_of(32, false), *by_id = fede_config_derive(client);
    fede_config_tickets(by_id, 0);
    const fede_bytes made[] = {session_of(client, server, true), session_of(by_id, server, true), session_of(by_id, server, false)};
    unsigned n = 0;
    for (size_t i = 0; i < 3; i++)
        for (uint8_t kind = 0; kind < 4; kind++) {
            uint8_t master[SESSION_MASTER];
            struct session s;
            bytes part = made[i];
            want(session_read(part, &s, master));
            if (kind == 1)
                part = bytes_first(part, part.len - 8);
            else if (kind > 1)
                part = s.handle;
            if (kind > 1 && !(s.flags & SESSION_TICKET))
                continue;
            if (kind == 2)
                part = bytes_first(bytes_skip(part, TICKET_NAME + TICKET_NONCE), part.len - TICKET_OVERHEAD);
            struct queue queue = {0};
            queue_add(&queue, part.data, part.len);
            save(folder, "session", n++, (uint8_t)(kind | (i < 2 ? 4 : 0)), &queue);
            queue_end(&queue);
        }
    fede_config_free(by_id);
}

int main(int argc, char **argv)
{
    static const uint16_t suites[] = {0xc02b, 0xc02c, 0xcca9};
    const char *folder = argc > 1 ? argv[1] : "tests/fuzz/corpus";
    unsigned n = 0;
    for (unsigned key = 0; key < KEYS; key++)
        for (unsigned more = 0; more < 3; more++, n++) {
            uint8_t options = (uint8_t)(key | (more & 1 ? 4 : 0) | (more == 2 ? 8 | 16 : 0) | more << 6);
            struct queue heard[2] = {{0}};
            struct pair pair = {.tap = record, .arg = heard};
            fede_config *client = fede_config_derive(config_of(options & 0xdf, true));
            fede_config_suites(client, &suites[more], 1);
            pair_seed(1);
            pair_start(&pair, client, config_of(options & 0xdf, false), NULL);
            want(pair_pump(&pair) && pair_exchange(&pair, 50));
            fede_close(pair.client);
            want(pair_pump(&pair));
            save(folder, "client", n, options, &heard[0]);
            save(folder, "server", n, options, &heard[1]);
            pair_end(&pair);
            queue_end(&heard[0]);
            queue_end(&heard[1]);
            fede_config_free(client);
        }
    resumed(folder, n++, true);
    resumed(folder, n++, false);
    renegotiated(folder, n++);
    sessions(folder);
    printf("%u connections\n", n);
    return 0;
}
