/* engine/pair.c: see pair.h. */
#include "pair.h"

#ifndef ENGINE_DATA
#define ENGINE_DATA "tests/engine/data"
#endif

static void collect(struct pair *pair, uint8_t from);
static bool deliver(struct pair *pair, uint8_t to);

/* ---- Files and configurations. */

fede_bytes pair_file(const char *name)
{
    static struct {
        char name[64];
        uint8_t data[8192];
        size_t len;
    } files[40];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (strcmp(files[i].name, name) == 0)
            return (fede_bytes){files[i].data, files[i].len};
        if (files[i].name[0] != '\0')
            continue;
        char path[512];
        snprintf(path, sizeof path, "%s/%s", ENGINE_DATA, name);
        FILE *f = fopen(path, "rb");
        if (f == NULL) {
            fprintf(stderr, "can't open %s\n", path);
            exit(2);
        }
        files[i].len = fread(files[i].data, 1, sizeof files[i].data, f);
        fclose(f);
        snprintf(files[i].name, sizeof files[i].name, "%s", name);
        return (fede_bytes){files[i].data, files[i].len};
    }
    abort();
}

static int64_t fixed_wall(void *arg)
{
    (void)arg;
    return JUST_2030;
}

static uint64_t fixed_ticks(void *arg)
{
    static uint64_t ticks;
    (void)arg;
    return ++ticks;
}

/* Not cryptographic: tests only. A stream for each role, which goes on from connection to connection until pair_seed. */
static uint64_t seeds[2];

void pair_seed(uint64_t seed)
{
    seeds[0] = seed;
    seeds[1] = seed ^ 0x5555555555555555;
}

static bool seeded(void *arg, uint8_t *out, size_t n)
{
    uint64_t *state = arg;
    if (*state == 0)
        *state = 0x9e3779b97f4a7c15;
    for (size_t i = 0; i < n; i++) {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        out[i] = (uint8_t)(*state >> 24);
    }
    return true;
}

static fede_config *common(const fede_allocator *memory, int role)
{
    fede_config *config = memory != NULL ? fede_config_new_with(memory) : fede_config_new();
    if (config == NULL)
        return NULL;
    fede_config_clock(config, fixed_wall, fixed_ticks, NULL);
    fede_config_random(config, seeded, &seeds[role]);
    return config;
}

fede_config *pair_client_config(const fede_allocator *memory)
{
    fede_config *config = common(memory, 0);
    if (config != NULL)
        fede_config_trust(config, pair_file("root.pem"));
    return config;
}

fede_config *pair_server_config(const fede_allocator *memory, const char *key)
{
    fede_config *config = common(memory, 1);
    char chain[64], private[64];
    snprintf(chain, sizeof chain, "%s.pem", key);
    snprintf(private, sizeof private, "%s.key", key);
    if (config != NULL)
        fede_config_credential(config, pair_file(chain), pair_file(private));
    return config;
}

/* ---- The pair. */

void pair_start(struct pair *pair, fede_config *client, fede_config *server, const char *server_name)
{
    pair->client_config = client;
    pair->server_config = server;
    pair->client = fede_client_new(client, server_name != NULL ? server_name : "server.test");
    pair->server = fede_server_new(server);
    memset(pair->records, 0, sizeof pair->records);
    pair->rounds = 0;
}

void pair_end(struct pair *pair)
{
    fede_conn_free(pair->client);
    fede_conn_free(pair->server);
    queue_end(&pair->to_client);
    queue_end(&pair->to_server);
    queue_end(&pair->raw_client);
    queue_end(&pair->raw_server);
    pair->client = pair->server = NULL;
}

bool pair_pump(struct pair *pair)
{
    for (bool moved = true; moved;) {
        if (++pair->rounds > 2000000)
            return false;
        moved = false;
        for (uint8_t side = FEDE_CLIENT; side <= FEDE_SERVER; side++) {
            fede_conn *conn = side == FEDE_CLIENT ? pair->client : pair->server;
            if (conn == NULL)
                continue;
            unsigned needs = fede_needs(conn);
            if (needs & FEDE_SEND) {
                fede_bytes out = fede_to_send(conn);
                size_t n = pair->chunk != 0 && pair->chunk < out.len ? pair->chunk : out.len;
                queue_add(side == FEDE_CLIENT ? &pair->raw_server : &pair->raw_client, out.data, n);
                fede_sent(conn, (ptrdiff_t)n);
                collect(pair, side);
                moved = true;
            } else if (needs & FEDE_RECEIVE) {
                moved |= deliver(pair, side);
            }
        }
    }
    return true;
}

/* Cuts what was sent into records and lets the tap see each. */
static void collect(struct pair *pair, uint8_t from)
{
    struct queue *raw = from == FEDE_CLIENT ? &pair->raw_server : &pair->raw_client;
    for (;;) {
        size_t have = raw->len - raw->at;
        uint8_t *record = raw->data + raw->at;
        if (have < 5 || have < 5 + (size_t)(record[3] << 8 | record[4]))
            return;
        size_t len = 5 + (size_t)(record[3] << 8 | record[4]);
        raw->at += len;
        size_t index = pair->records[from]++;
        if (pair->tap != NULL)
            pair->tap(pair, from, index, record, len);
        else
            pair_put(pair, from == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT, record, len);
    }
}

void pair_put(struct pair *pair, uint8_t to, const uint8_t *data, size_t len)
{
    queue_add(to == FEDE_CLIENT ? &pair->to_client : &pair->to_server, data, len);
}

static bool deliver(struct pair *pair, uint8_t to)
{
    struct queue *queue = to == FEDE_CLIENT ? &pair->to_client : &pair->to_server;
    fede_conn *conn = to == FEDE_CLIENT ? pair->client : pair->server;
    size_t have = queue->len - queue->at;
    if (have == 0)
        return false;
    fede_room room = fede_to_fill(conn);
    if (room.len == 0)
        return fede_conn_error(conn) != NULL; /* no memory for it: there is an alert to be sent now */
    size_t n = have < room.len ? have : room.len;
    if (pair->chunk != 0 && n > pair->chunk)
        n = pair->chunk;
    memcpy(room.data, queue->data + queue->at, n);
    queue->at += n;
    fede_received(conn, (ptrdiff_t)n);
    return true;
}

void pair_cut(struct pair *pair)
{
    if (fede_needs(pair->client) & FEDE_RECEIVE)
        fede_received(pair->client, 0);
    if (fede_needs(pair->server) & FEDE_RECEIVE)
        fede_received(pair->server, 0);
    pair_pump(pair);
}

bool pair_established(const fede_conn *conn)
{
    fede_info info;
    fede_conn_info(conn, &info);
    return info.established;
}

uint8_t pair_alert(const fede_conn *conn)
{
    const fede_error *error = fede_conn_error(conn);
    return error != NULL ? error->alert : FEDE_ALERT_NONE;
}

static uint64_t data_seed;

static bool one_way(struct pair *pair, fede_conn *from, fede_conn *to, size_t len)
{
    uint8_t *sent = malloc(len), *got = malloc(len);
    size_t taken = 0, had = 0;
    seeded(&data_seed, sent, len);
    while (had < len) {
        size_t before = taken + had;
        if (taken < len)
            taken += fede_write(from, (fede_bytes){sent + taken, len - taken});
        pair_pump(pair);
        for (fede_bytes in; (in = fede_plaintext(to)).len > 0;) {
            if (in.len > len - had)
                break;
            memcpy(got + had, in.data, in.len);
            had += in.len;
            fede_consumed(to, in.len);
            pair_pump(pair);
        }
        if (taken + had == before)
            break;
    }
    bool same = had == len && memcmp(sent, got, len) == 0;
    free(sent);
    free(got);
    return same;
}

bool pair_exchange(struct pair *pair, size_t len)
{
    return one_way(pair, pair->client, pair->server, len) && one_way(pair, pair->server, pair->client, len);
}

/* ---- Queues. */

void queue_add(struct queue *queue, const uint8_t *data, size_t len)
{
    if (queue->at == queue->len)
        queue->at = queue->len = 0;
    if (queue->len + len > queue->size) {
        queue->size = 2 * (queue->len + len) + 4096;
        queue->data = realloc(queue->data, queue->size);
        if (queue->data == NULL)
            abort();
    }
    if (len > 0)
        memcpy(queue->data + queue->len, data, len);
    queue->len += len;
}

void queue_end(struct queue *queue)
{
    free(queue->data);
    *queue = (struct queue){0};
}
