/* Reading the tables of order: which messages may come next, every legal sequence, and what steps and facts are called.
   The walk itself, with its messages and actions, is the engine's (tls/handshake.c). */
#include "flow/flow.h"

enum { LONGEST = 24, MOST = 128 }; /* messages in a sequence; sequences of a table */

/* What the roles decide by themselves; all other facts are learned on the way. */
static const uint16_t decided_freely =
    FACT_RESUMED | FACT_SERVER_AUTH | FACT_KEY_EXCHANGE | FACT_STAPLE | FACT_CLIENT_CERT | FACT_TICKET;

struct sequence {
    uint16_t kinds[LONGEST];
    uint8_t from[LONGEST];
    size_t n;
};

struct enumeration {
    const struct flow_step *table;
    size_t rows;
    flow_sequence_fn *each;
    void *arg;
    struct sequence found[MOST];
    size_t n;
};

static void follow(struct enumeration *all, struct sequence so_far, size_t at, uint16_t facts, uint16_t decided);
static void found(struct enumeration *all, const struct sequence *sequence, uint16_t facts);

static bool silent(uint16_t what)
{
    return what >= ACT_CHOOSE;
}

size_t flow_expected(const struct flow_step *table, size_t n, size_t at, uint16_t facts, uint16_t *kinds, size_t max)
{
    size_t count = 0;
    uint8_t speaker = 0;
    for (; at < n; at++) {
        const struct flow_step *step = &table[at];
        if (!flow_applies(step, facts) || silent(step->what))
            continue;
        if (speaker && step->from != speaker)
            break;
        speaker = step->from;
        if (count < max)
            kinds[count++] = step->what;
        if (!step->optional)
            break;
    }
    return count;
}

size_t flow_enumerate(const struct flow_step *table, size_t n, flow_sequence_fn *each, void *arg)
{
    struct enumeration all = {.table = table, .rows = n, .each = each, .arg = arg};
    follow(&all, (struct sequence){.n = 0}, 0, 0, 0);
    return all.n;
}

/* Goes on from row `at`. A free fact is decided, both ways, at the first row that depends on it. */
static void follow(struct enumeration *all, struct sequence so_far, size_t at, uint16_t facts, uint16_t decided)
{
    for (; at < all->rows; at++) {
        const struct flow_step *step = &all->table[at];
        uint16_t open = (uint16_t)((step->when | step->unless) & decided_freely & ~decided);
        bool hopeless = (step->when & ~open & ~facts) || (step->unless & ~open & facts);
        if (hopeless)
            continue;
        if (open) {
            uint16_t fact = (uint16_t)(open & -open);
            follow(all, so_far, at, facts, decided | fact);
            follow(all, so_far, at, facts | fact, decided | fact);
            return;
        }
        if (step->optional)
            follow(all, so_far, at + 1, facts, decided);
        if (!silent(step->what) && so_far.n < LONGEST) {
            so_far.kinds[so_far.n] = step->what;
            so_far.from[so_far.n++] = step->from;
        }
        facts |= step->learn;
    }
    found(all, &so_far, facts);
}

/* Two ways of deciding can look the same on the wire, as when something was announced and then left out. */
static void found(struct enumeration *all, const struct sequence *sequence, uint16_t facts)
{
    for (size_t i = 0; i < all->n; i++)
        if (memcmp(&all->found[i], sequence, sizeof *sequence) == 0)
            return;
    if (all->n == MOST)
        return;
    bytes_copy(&all->found[all->n++], sequence, sizeof *sequence);
    if (all->each)
        all->each(all->arg, sequence->kinds, sequence->from, sequence->n, facts);
}

const char *flow_step_name(uint16_t what)
{
    // clang-format off
    static const struct { uint16_t what; const char *name; } names[] = {
        {MSG_HELLO_REQUEST, "HelloRequest"},
        {MSG_CLIENT_HELLO, "ClientHello"},
        {MSG_SERVER_HELLO, "ServerHello"},
        {MSG_NEW_SESSION_TICKET, "NewSessionTicket"},
        {MSG_END_OF_EARLY_DATA, "EndOfEarlyData"},
        {MSG_ENCRYPTED_EXTENSIONS, "EncryptedExtensions"},
        {MSG_CERTIFICATE, "Certificate"},
        {MSG_SERVER_KEY_EXCHANGE, "ServerKeyExchange"},
        {MSG_CERTIFICATE_REQUEST, "CertificateRequest"},
        {MSG_SERVER_HELLO_DONE, "ServerHelloDone"},
        {MSG_CERTIFICATE_VERIFY, "CertificateVerify"},
        {MSG_CLIENT_KEY_EXCHANGE, "ClientKeyExchange"},
        {MSG_FINISHED, "Finished"},
        {MSG_CERTIFICATE_STATUS, "CertificateStatus"},
        {MSG_KEY_UPDATE, "KeyUpdate"},
        {MSG_CCS, "ChangeCipherSpec"},
        {ACT_CHOOSE, "choose"},
        {ACT_VERIFY_PEER, "verify certificate"},
        {ACT_SHARE, "key share"},
        {ACT_SELECT, "select certificate"},
        {ACT_SIGN, "sign"},
        {ACT_MASTER_SECRET, "master secret"},
        {ACT_FALSE_START, "false start"},
        {ACT_OPEN, "open"},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].what == what)
            return names[i].name;
    return "unknown message";
}

const char *flow_fact_name(uint16_t fact)
{
    switch (fact) {
    case FACT_RESUMED:
        return "resumed";
    case FACT_SERVER_AUTH:
        return "server certificate";
    case FACT_KEY_EXCHANGE:
        return "server key exchange";
    case FACT_STAPLE:
        return "certificate status";
    case FACT_CLIENT_AUTH:
        return "client certificate asked for";
    case FACT_CLIENT_CERT:
        return "client certificate";
    case FACT_TICKET:
        return "session ticket";
    case FACT_FALSE_START:
        return "false start";
    default:
        return "unknown fact";
    }
}
