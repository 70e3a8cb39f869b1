/* Whole handshakes of every kind there is (engine/flows.c), damaged on their way: client certificates, staples, tickets, sessions,
   the quarantine, all reached without having to be guessed. The first byte chooses the kind, the second the configurations,
   then come edits: what is done to which record of which side. Cryptography as in fake_crypto.c, so that an edit of a protected
   record is one of its content. Whatever happens, both sides come to an end and can say why. */
#include "../engine/flows.h"
#include "base/bytes.h"
#include "drive.h"

enum { EDITS_MOST = 24, ROOM = 40000, STAGES = 5 };
enum what { FLIP, SET, INSERT, REMOVE, DROP, TWICE, BEFORE, CUT, SWAP, WHATS };
enum { FIT_RECORD = 16, FIT_MESSAGE = 32, PROTECTED = 64 };
enum { FALSE_START = 1, ASKS = 2, SMALL = 4, AHEAD = 8, RENEGOTIATES = 16, SESSIONS = 32 };

struct edit {
    uint8_t what, flags, from, record;
    uint16_t at;
    bytes text;
};
struct plan {
    struct edit edits[EDITS_MOST];
    size_t n;
    uint8_t held[3][ROOM]; /* SWAP: the record that waits for the next one of its side */
    size_t held_len[3];
    bool cut[3];
};

/* One kind of handshake under one set of options. */
struct kind {
    fede_config *client, *server;
    bytes session; /* empty: none is resumed */
};

static bool next_edit(bytes *in, struct edit *e);
static void damage(struct pair *pair, uint8_t from, size_t index, uint8_t *record, size_t len);
static struct kind *kind_of(size_t flow, uint8_t options);
static void play(struct pair *pair);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct plan plan;
    struct pair pair = {0};
    struct kind *kind = size < 2 ? NULL : kind_of(data[0] % n_flows, data[1] & 63);
    if (kind == NULL)
        return 0;
    static const size_t chunks[] = {0, 1, 7, 100};
    pair.chunk = chunks[data[1] >> 6];
    plan = (struct plan){0};
    for (bytes in = {data + 2, size - 2}; plan.n < EDITS_MOST && next_edit(&in, &plan.edits[plan.n]);)
        plan.n++;
    pair.tap = damage;
    pair.arg = &plan;
    pair_seed(1);
    pair_start(&pair, kind->client, kind->server, NULL);
    if (kind->session.len > 0)
        want(fede_conn_resume(pair.client, kind->session));
    if (data[1] & RENEGOTIATES)
        fede_conn_allow_renegotiation(pair.client, 2);
    play(&pair);
    pair_end(&pair);
    return 0;
}

/* What and flags; side and record; two bytes of place; the length of a text, the text. */
static bool next_edit(bytes *in, struct edit *e)
{
    if (in->len < 5)
        return false;
    const uint8_t *p = in->data;
    size_t len = p[4] & 127;
    *e = (struct edit){.what = (p[0] & 15) % WHATS, .flags = p[0] & 0xf0, .from = p[1] & 128 ? FEDE_SERVER : FEDE_CLIENT,
                       .record = p[1] & 31, .at = load16(p + 2), .text = bytes_first(bytes_skip(*in, 5), len)};
    *in = bytes_skip(*in, 5 + e->text.len);
    return true;
}

static void set_options(fede_config *c, uint8_t options)
{
    fede_config_keep(c, FEDE_KEEP_PEER | FEDE_KEEP_EXPORTER);
    fede_config_read_ahead(c, options & AHEAD);
    if (options & SMALL)
        fede_config_max_fragment(c, 64);
    if (options & SESSIONS)
        fede_config_sessions(c, true);
    if (options & ASKS) {
        fede_config_ask(c, FEDE_ASK_HELLO | FEDE_ASK_VERDICT | FEDE_ASK_SESSION | FEDE_ASK_SELECTION);
        fede_config_trace(c, no_trace, NULL);
    }
}

/* NULL: this build has no such handshake. */
static struct kind *kind_of(size_t flow, uint8_t options)
{
    static struct kind made[16][64];
    struct kind *kind = &made[flow][options];
    want(n_flows <= 16);
    if (kind->client != NULL)
        return kind;
    if (!flow_configs(&flows[flow], &kind->client, &kind->server))
        return NULL;
    set_options(kind->client, options);
    set_options(kind->server, options);
    if (options & FALSE_START)
        fede_config_false_start(kind->client, true);
    if (options & SMALL)
        fede_config_record_size_limit(kind->client, 200);
    if (options & RENEGOTIATES && options & ASKS)
        fede_config_renegotiation(kind->client, FEDE_RENEGOTIATION_WAIT);
    want(fede_config_error(kind->client) == NULL && fede_config_error(kind->server) == NULL);
    if (flows[flow].resumed)
        kind->session = session_of(kind->client, kind->server, true);
    return kind;
}

/* ---- What is done to records on their way. */

static void fit(uint8_t *record, size_t len, const struct edit *e)
{
    if (e->flags & FIT_RECORD && len >= 5)
        store16(record + 3, (uint16_t)(len - 5));
    if (e->flags & FIT_MESSAGE && len >= 9) {
        record[6] = 0;
        store16(record + 7, (uint16_t)(len - 9));
    }
}

static size_t change(uint8_t *record, size_t len, const struct edit *e)
{
    size_t at = e->at % (len + 1), n = e->text.len;
    switch ((enum what)e->what) {
    case FLIP:
    case SET:
        for (size_t i = 0; i < n && at + i < len; i++)
            record[at + i] = (uint8_t)(e->text.data[i] ^ (e->what == FLIP ? record[at + i] : 0));
        return len;
    case INSERT:
        if (len + n > ROOM)
            return len;
        memmove(record + at + n, record + at, len - at);
        bytes_copy(record + at, e->text.data, n);
        fit(record, len + n, e);
        return len + n;
    case REMOVE:
        n = n < len - at ? n : len - at;
        memmove(record + at, record + at + n, len - at - n);
        fit(record, len - n, e);
        return len - n;
    case DROP:
        return 0;
    default:
        return len;
    }
}

/* A record of its own: type, then content; as a protected one has it, with an explicit nonce and a tag. */
static void put_before(struct pair *pair, uint8_t to, const struct edit *e)
{
    uint8_t record[5 + 8 + 128 + 16];
    size_t front = e->flags & PROTECTED ? 8 : 0, n = e->text.len > 0 ? e->text.len - 1 : 0;
    if (e->text.len == 0)
        return;
    memset(record, 0x55, sizeof record);
    record[0] = e->text.data[0];
    store16(record + 1, 0x0303);
    bytes_copy(record + 5 + front, e->text.data + 1, n);
    n += front + (e->flags & PROTECTED ? 16 : 0);
    store16(record + 3, (uint16_t)n);
    pair_put(pair, to, record, 5 + n);
}

static void damage(struct pair *pair, uint8_t from, size_t index, uint8_t *record, size_t len)
{
    static uint8_t room[ROOM];
    struct plan *plan = pair->arg;
    uint8_t to = from == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT;
    bool twice = false, hold = false;
    want(len <= ROOM);
    bytes_copy(room, record, len);
    for (size_t i = 0; i < plan->n && !plan->cut[from]; i++) {
        const struct edit *e = &plan->edits[i];
        if (e->from != from || e->record != index)
            continue;
        if (e->what == BEFORE)
            put_before(pair, to, e);
        twice |= e->what == TWICE;
        hold |= e->what == SWAP;
        plan->cut[from] = e->what == CUT;
        len = plan->cut[from] ? e->at % (len + 1) : change(room, len, e);
    }
    if (plan->cut[from] && len == 0)
        return;
    if (hold && plan->held_len[from] == 0) {
        bytes_copy(plan->held[from], room, len);
        plan->held_len[from] = len;
        return;
    }
    for (int i = 0; i < 1 + twice; i++)
        pair_put(pair, to, room, len);
    pair_put(pair, to, plan->held[from], plan->held_len[from]);
    plan->held_len[from] = 0;
}

/* ---- Both sides as applications have them. */

static bool answer(fede_conn *conn)
{
    const fede_question *question = fede_ask(conn);
    if (question == NULL)
        return false;
    if (question->kind == FEDE_ASK_HELLO)
        fede_answer_config(conn, NULL);
    else if (question->kind == FEDE_ASK_VERDICT)
        fede_answer_verdict(conn, true);
    else if (question->kind == FEDE_ASK_SESSION)
        fede_answer_session(conn, BYTES_NONE);
    else if (!fede_answer_credential(conn, question->credential))
        fede_answer_credential(conn, FEDE_NO_CREDENTIAL);
    return true;
}

static bool take(fede_conn *conn)
{
    bytes in = fede_plaintext(conn);
    fede_info info;
    fede_conn_info(conn, &info);
    want(in.len == 0 || info.established);
    fede_consumed(conn, in.len);
    return in.len > 0 || (info.renegotiation_wanted && fede_conn_renegotiate(conn));
}

static void play(struct pair *pair)
{
    static const uint8_t text[] = "what one side says to the other";
    fede_conn *const sides[] = {pair->client, pair->server};
    unsigned moves = 0;
    for (int stage = 0; stage < STAGES;) {
        want(pair_pump(pair) && ++moves < 10000);
        bool moved = false;
        for (int i = 0; i < 2; i++)
            moved = answer(sides[i]) || take(sides[i]) || moved;
        if (moved)
            continue;
        stage++;
        for (int i = 0; i < 2; i++)
            if (stage <= 2)
                fede_write(sides[i], BYTES_OF(text));
        if (stage == 3 || stage == 4)
            fede_close(sides[stage - 3]);
    }
    pair_cut(pair);
    for (int i = 0; i < 2; i++) {
        uint8_t out[FEDE_BINDING_MOST];
        take(sides[i]);
        fede_channel_binding(sides[i], FEDE_BINDING_EXPORTER, out);
        fede_channel_binding(sides[i], FEDE_BINDING_SERVER_END_POINT, out);
        for (size_t k = 0; fede_peer_certificate(sides[i], k).len > 0 && k < 100; k++)
            want(k < 99);
        say_error(fede_conn_error(sides[i]));
    }
}
