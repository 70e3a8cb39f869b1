/* Writes the first inputs for the client and server fuzzers: what each side of whole connections receives, with some data and
   an orderly end. Run by hand: fuzz_seeds tests/fuzz/corpus. */
#include "drive.h"

static void record(struct pair *pair, uint8_t from, size_t index, uint8_t *bytes, size_t len)
{
    struct queue *heard = pair->arg;
    (void)index;
    queue_add(&heard[from == FEDE_CLIENT ? 1 : 0], bytes, len);
    pair_put(pair, from == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT, bytes, len);
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
    printf("%u connections\n", n);
    return 0;
}
