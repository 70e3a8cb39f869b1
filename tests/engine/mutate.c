/* engine/mutate.c: a live handshake damaged on its way, one damage at a time, in both directions: every byte of every record
   changed with several patterns, every record cut at every length, dropped, doubled, swapped with its neighbour. Whatever
   happens, the side that gets the damage must not end up with a connection, must say why, and must answer with an alert
   that the standard allows there. Two handshakes at every byte, then every kind of handshake there is: every seventh byte, with
   `mutate --all` every one. The last table counts the alerts. RFC 5246 7.2.2. */
#include "flows.h"
#include "wire/messages.h"

enum damage { NOTHING, FLIP, CUT, DROP, TWICE, SWAP };

struct plan {
    enum damage damage;
    uint8_t from;      /* whose record is damaged */
    size_t record, at; /* which one, which byte of it */
    uint8_t pattern;
    uint8_t held[20000]; /* SWAP: the record that waits for the next one */
    size_t held_len;
    bool closed; /* CUT: nothing more goes through */
    bool missed; /* the byte to be damaged was not there */
};

/* What an undamaged handshake looks like: lengths of its records, the byte that is a header's, where its parts begin. */
enum { MOST_RECORDS = 16 };
static size_t lengths[3][MOST_RECORDS], n_records[3];
static bool ends_flight[3][MOST_RECORDS];
static const struct flow *flow; /* NULL: the variants below */
static fede_config *client_config, *server_config;
static size_t passed, failed, alerts[3][256];

static uint8_t last_from; /* of the record before, while learning */

static void damage_record(struct pair *pair, uint8_t from, size_t index, uint8_t *record, size_t len)
{
    struct plan *plan = pair->arg;
    uint8_t to = from == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT;
    if (plan->damage == NOTHING) {
        if (index < MOST_RECORDS) {
            lengths[from][index] = len;
            n_records[from] = index + 1;
            ends_flight[from][index] = true; /* until the same side goes on */
            if (index > 0 && last_from == from)
                ends_flight[from][index - 1] = false;
            last_from = from;
        }
        pair_put(pair, to, record, len);
        return;
    }
    if (plan->closed && from == plan->from)
        return;
    bool hit = from == plan->from && index == plan->record;
    if (hit && plan->at >= len)
        plan->missed = true; /* signatures are not always of the same length */
    else if (hit && plan->damage == FLIP)
        record[plan->at] ^= plan->pattern;
    if (hit && plan->damage == DROP)
        return;
    if (hit && plan->damage == CUT && !plan->missed) {
        plan->closed = true;
        pair_put(pair, to, record, plan->at);
        return;
    }
    if (hit && plan->damage == SWAP) {
        memcpy(plan->held, record, len);
        plan->held_len = len;
        return;
    }
    pair_put(pair, to, record, len);
    if (hit && plan->damage == TWICE)
        pair_put(pair, to, record, len);
    if (from == plan->from && plan->damage == SWAP && plan->held_len > 0) {
        pair_put(pair, to, plan->held, plan->held_len);
        plan->held_len = 0;
    }
}

static void complain(const struct plan *plan, const char *what, struct pair *pair)
{
    static const char *const names[] = {"nothing", "flip", "cut", "drop", "twice", "swap"};
    char client[300] = "-", server[300] = "-";
    if (fede_conn_error(pair->client) != NULL)
        fede_error_text(fede_conn_error(pair->client), client, sizeof client);
    if (fede_conn_error(pair->server) != NULL)
        fede_error_text(fede_conn_error(pair->server), server, sizeof server);
    failed++;
    if (failed < 20)
        printf("not ok: %s: %s: %s of record %zu of the %s, byte %zu ^ %02x\n    client: %s\n    server: %s\n",
               flow != NULL ? flow->name : "variant", what, names[plan->damage], plan->record, plan->from == FEDE_CLIENT ? "client" : "server", plan->at,
               plan->pattern, client, server);
}

/* Alerts that a damaged handshake may be answered with: each has a rule in RFC 5246 7.2.2 or the extension's RFC. */
static bool is_legal(uint8_t alert)
{
    static const uint8_t legal[] = {
        FEDE_ALERT_UNEXPECTED_MESSAGE,     FEDE_ALERT_BAD_RECORD_MAC,        FEDE_ALERT_RECORD_OVERFLOW,
        FEDE_ALERT_HANDSHAKE_FAILURE,      FEDE_ALERT_BAD_CERTIFICATE,       FEDE_ALERT_UNSUPPORTED_CERTIFICATE,
        FEDE_ALERT_CERTIFICATE_EXPIRED,    FEDE_ALERT_ILLEGAL_PARAMETER,     FEDE_ALERT_UNKNOWN_CA,
        FEDE_ALERT_DECODE_ERROR,           FEDE_ALERT_DECRYPT_ERROR,         FEDE_ALERT_PROTOCOL_VERSION,
        FEDE_ALERT_INAPPROPRIATE_FALLBACK, FEDE_ALERT_UNSUPPORTED_EXTENSION, FEDE_ALERT_NO_APPLICATION_PROTOCOL,
        FEDE_ALERT_INSUFFICIENT_SECURITY /* RFC 7919 4 */, FEDE_ALERT_BAD_CERTIFICATE_STATUS_RESPONSE /* RFC 6066 8 */,
    };
    return memchr(legal, alert, sizeof legal) != NULL;
}

/* The version in the header of the first record each way is not checked closely (RFC 5246 E.1) and not authenticated. */
static bool is_free(const struct plan *plan)
{
    return plan->damage == FLIP && plan->record == 0 && plan->at == 2;
}

/* Does the record end with a signature: ServerKeyExchange, CertificateVerify? */
static bool is_signed(const struct plan *plan)
{
    int kind = flow_kind(flow != NULL ? flow : &flows[0], plan->from, plan->record);
    return kind == MSG_SERVER_KEY_EXCHANGE || kind == MSG_CERTIFICATE_VERIFY;
}

/* What must come of damage at places where the standard leaves no choice; 0: anything legal. */
static uint8_t required(const struct plan *plan)
{
    bool client = plan->from == FEDE_CLIENT;
    size_t last = n_records[plan->from] - 1;
    if (plan->damage != FLIP)
        return 0;
    if (plan->at == 0 && plan->pattern == 0xff)
        return FEDE_ALERT_UNEXPECTED_MESSAGE; /* a record type that does not exist */
    if (plan->at == 2 && plan->record > 0)
        return FEDE_ALERT_PROTOCOL_VERSION;
    if (plan->record == last && plan->at >= 5)
        return FEDE_ALERT_BAD_RECORD_MAC; /* the protected Finished */
    if (plan->record == last - 1 && plan->at == 5)
        return FEDE_ALERT_DECODE_ERROR; /* the one byte of ChangeCipherSpec */
    if (is_signed(plan) && plan->at == lengths[plan->from][plan->record] - 1)
        return FEDE_ALERT_DECRYPT_ERROR;
    if (plan->record == 0 && plan->at == 5 && plan->pattern == 0x80)
        return FEDE_ALERT_UNEXPECTED_MESSAGE; /* another message instead of a hello */
    if (!client && plan->record == 0 && plan->at == 9 && plan->pattern == 0x01)
        return FEDE_ALERT_PROTOCOL_VERSION; /* server_version */
    return 0;
}

static void start(struct pair *pair)
{
    if (flow != NULL)
        flow_start(flow, pair, client_config, server_config);
    else
        pair_start(pair, client_config, server_config, NULL);
}

static void run(struct plan *plan)
{
    static struct pair pair;
    pair = (struct pair){.tap = damage_record, .arg = plan};
    start(&pair);
    bool ended = pair_pump(&pair);
    fede_conn *victim = plan->from == FEDE_CLIENT ? pair.server : pair.client;
    fede_conn *other = plan->from == FEDE_CLIENT ? pair.client : pair.server;
    bool open = pair_established(victim); /* before the end of the stream makes an error of it */
    pair_cut(&pair);
    const fede_error *error = fede_conn_error(victim), *others = fede_conn_error(other);
    size_t before = failed;
    if (!ended)
        complain(plan, "the exchange does not end", &pair);
    else if (is_free(plan) || plan->missed)
        ;
    else if (open && !(plan->damage == TWICE && plan->record == n_records[plan->from] - 1))
        complain(plan, "a connection in spite of the damage", &pair);
    else if (error == NULL || others == NULL)
        complain(plan, "no error", &pair);
    else {
        /* Damage may be seen by the other side first: the hellos decide what keys the Finished is protected with. */
        const fede_error *first = error->origin == FEDE_ORIGIN_US ? error : others;
        if (first->origin != FEDE_ORIGIN_US) {
            bool waits = plan->damage == CUT || plan->damage == DROP || plan->damage == FLIP;
            if (!waits)
                complain(plan, "nobody objects", &pair);
            else
                alerts[plan->from][FEDE_ALERT_NONE]++; /* it waited for bytes that never came */
        } else {
            alerts[plan->from][first->alert]++;
            if (!is_legal(first->alert))
                complain(plan, "an alert that has no rule for this", &pair);
            else if (required(plan) != 0 && (first != error || required(plan) != first->alert))
                complain(plan, "not the alert that the standard demands", &pair);
        }
    }
    if (!(fede_needs(pair.client) & FEDE_OVER) && failed == before && !is_free(plan) && !plan->missed)
        complain(plan, "the client is not over", &pair);
    passed += failed == before;
    pair_end(&pair);
}

static void learn(void)
{
    static struct plan plan;
    struct pair pair = {.tap = damage_record, .arg = &plan};
    start(&pair);
    if (!pair_pump(&pair) || !pair_established(pair.client) || !pair_established(pair.server)) {
        complain(&plan, "the undamaged handshake fails", &pair);
        exit(1);
    }
    pair_end(&pair);
}

/* Every step-th byte, with so many patterns. */
static void flip_all(size_t step, size_t n)
{
    static const uint8_t patterns[] = {0x01, 0x80, 0xff};
    static struct plan plan;
    for (uint8_t from = FEDE_CLIENT; from <= FEDE_SERVER; from++)
        for (size_t r = 0; r < n_records[from]; r++)
            for (size_t at = 0; at < lengths[from][r]; at += step)
                for (size_t p = 0; p < n; p++) {
                    uint8_t pattern = patterns[(p + at / step) % sizeof patterns];
                    plan = (struct plan){.damage = FLIP, .from = from, .record = r, .at = at, .pattern = pattern};
                    run(&plan);
                }
}

static void cut_all(size_t step)
{
    static struct plan plan;
    for (uint8_t from = FEDE_CLIENT; from <= FEDE_SERVER; from++)
        for (size_t r = 0; r < n_records[from]; r++)
            for (size_t at = 0; at < lengths[from][r]; at += step) {
                plan = (struct plan){.damage = CUT, .from = from, .record = r, .at = at};
                run(&plan);
            }
}

static void disorder_all(void)
{
    static struct plan plan;
    for (uint8_t from = FEDE_CLIENT; from <= FEDE_SERVER; from++)
        for (size_t r = 0; r < n_records[from]; r++)
            for (int damage = DROP; damage <= SWAP; damage++) {
                if (damage == SWAP && ends_flight[from][r])
                    continue; /* no neighbour to be swapped with */
                plan = (struct plan){.damage = (enum damage)damage, .from = from, .record = r};
                run(&plan);
            }
}

/* Key, extended master secret or classic, and whether every byte is flipped. With the extended form an altered hello changes
   the keys, so that the record protection finds it; with the classic one Finished alone stands against it. */
static const struct {
    const char *key;
    fede_ems ems;
    bool flips;
} variants[] = {
    {"p256", FEDE_EMS_OFFERED, true},
    {"p256", FEDE_EMS_OFF, true},
    {"rsa", FEDE_EMS_OFFERED, false},
};

static void damage_flow(bool all)
{
    size_t before = passed + failed;
    if (!flow_configs(flow, &client_config, &server_config))
        return;
    n_records[FEDE_CLIENT] = n_records[FEDE_SERVER] = 0;
    learn();
    disorder_all();
    cut_all(all ? 1 : 7);
    flip_all(all ? 1 : 7, all ? 3 : 1);
    fede_config_free(client_config);
    fede_config_free(server_config);
    printf("%-36s %zu cases\n", flow->name, passed + failed - before);
}

int main(int argc, char **argv)
{
    static const char *const protocols[] = {"h2", "http/1.1"};
    for (size_t v = 0; v < sizeof variants / sizeof variants[0]; v++) {
        client_config = pair_client_config(NULL);
        server_config = pair_server_config(NULL, variants[v].key);
        fede_config_alpn(client_config, protocols, 2);
        fede_config_alpn(server_config, protocols, 2);
        fede_config_extended_master_secret(client_config, variants[v].ems);
        learn();
        disorder_all();
        cut_all(1);
        if (variants[v].flips)
            flip_all(1, 3);
        fede_config_free(client_config);
        fede_config_free(server_config);
    }
    for (flow = flows; flow < flows + n_flows; flow++)
        damage_flow(argc > 1 && strcmp(argv[1], "--all") == 0);
    printf("alert                          damage to the client's records   to the server's\n");
    for (unsigned a = 0; a < 256; a++)
        if (alerts[FEDE_CLIENT][a] + alerts[FEDE_SERVER][a] > 0)
            printf("%-36s %26zu %17zu\n",
                   a == FEDE_ALERT_NONE ? "(none: waits, then the stream ends)" : fede_alert_name(a),
                   alerts[FEDE_CLIENT][a], alerts[FEDE_SERVER][a]);
    printf("mutate: %zu passed, %zu failed\n", passed, failed);
    return failed != 0;
}
