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
    printf("%u connections\n", n);
    return 0;
}
