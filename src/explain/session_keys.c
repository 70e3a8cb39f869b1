/* explain/session_keys.c: which key opens a record, and opening it.

   Before TLS 1.3 every master secret that a key source has for the connection (session_masters.c) is tried on the first
   protected record; the tag or MAC says which one is right. TLS 1.3: each direction goes from early to handshake to traffic secrets; where a secret is missing, the
   next one is tried on every record until it opens one, so that a part of the secrets is enough for a part of the story.
   Behind a gap the sequence number is found by trying tags. What a wrong key does to a record is done to a copy. */
#include "explain/session.h"
#include "explain/ssl3.h"
#include "keys/hkdf.h"
#include "keys/schedule12.h"

enum {
    AHEAD_MOST = 2048,   /* sequence numbers tried behind a gap */
    TRIES_MOST = 50000,  /* of all kinds, without success, for one connection */
    KEY_BLOCK_MOST = 2 * (HASH_MAX + 32 + 32),
};

static bool open12(struct session *s, uint8_t from, bytes record, uint8_t *scratch, bytes *plain);
static bool open13(struct session *s, uint8_t from, bytes record, uint8_t *scratch, uint8_t *type, bytes *plain);
static bool try_ahead(struct session *s, struct way *w, bytes record, uint8_t *scratch, struct record_parts *parts);
static bool try_master(struct session *s, const struct session_master *m, void *arg);
static void set_key12(struct session *s, uint8_t from, const uint8_t master[48]);
static enum secret_label label_of(uint8_t from, enum stage stage);
static void tag_failed(struct session *s, uint8_t from, uint64_t sequence, const char *why);
static void reveal12(struct session *s, const struct session_master *m);
static void reveal(struct session *s, uint8_t from, const char *label, bytes secret);
static bytes client_random(const struct session *s);

const struct suite_parts *session_suite(const struct session *s)
{
    return s->answered && s->missing == NULL ? &s->suite_parts : NULL;
}

bool session_open(struct session *s, uint8_t from, bytes record, uint8_t *scratch, uint8_t *type, bytes *plain)
{
    struct way *w = session_way(s, from);
    bool open = false;
    *plain = BYTES_NONE;
    if (w->key.set && w->key.version < 0x0304) {
        open = open12(s, from, record, scratch, plain); /* also while a renegotiation has not got far */
    } else if (!s->answered && !(s->hello && from == FEDE_CLIENT)) {
        if (s->keys == KEYS_UNTOUCHED)
            s->keys = KEYS_NO_HANDSHAKE;
    } else if (s->answered && s->missing != NULL) {
        if (s->keys != KEYS_USED)
            s->keys = KEYS_UNSUPPORTED;
    } else if (s->answered && s->version < 0x0304) {
        open = open12(s, from, record, scratch, plain);
    } else {
        open = open13(s, from, record, scratch, type, plain);
    }
    if (!open)
        protection_next(&w->key, record);
    return open;
}

/* ---- before TLS 1.3 ---- */

void session_keys12(struct session *s, uint8_t from)
{
    struct way *w = session_way(s, from);
    protection_end(&w->key);
    w->key_tried = false;
    w->after_gap = false;
}

struct trial {
    uint8_t from;
    bool some; /* there was a candidate */
    uint64_t sequence;
    bytes record;
    uint8_t *scratch;
    struct record_parts *parts;
};

static bool open12(struct session *s, uint8_t from, bytes record, uint8_t *scratch, bytes *plain)
{
    struct way *w = session_way(s, from);
    struct record_parts parts = {0};
    const uint64_t sequence = w->key.sequence;
    bool open = false;
    if (!w->key.set && s->keyed) {
        set_key12(s, from, s->master);
    } else if (!w->key.set) {
        struct trial t = {
            .from = from, .sequence = sequence, .record = record, .scratch = scratch, .parts = &parts};
        open = session_masters(s, try_master, &t);
        if (!open) {
            if (s->keys == KEYS_USED || s->keys == KEYS_PARTIAL)
                s->keys = KEYS_PARTIAL; /* a renegotiation without a line of its own */
            else
                s->keys = t.some || s->rsa_unfit || s->keys == KEYS_WRONG ? KEYS_WRONG : KEYS_NO_LINE;
            return false;
        }
        /* A ticket opened comes later than the client's Finished: that one stays closed, and is not to blame. */
        if (sequence > 0 && !w->after_gap && s->ticketed != TICKET_MADE)
            tag_failed(s, from, 0, parts.why);
    }
    if (!open) {
        w->key.sequence = sequence;
        open = try_ahead(s, w, record, scratch, &parts);
    }
    if (!open) {
        if (!w->after_gap)
            tag_failed(s, from, sequence, parts.why);
        return false;
    }
    if (s->keys != KEYS_PARTIAL)
        s->keys = KEYS_USED;
    w->after_gap = false;
    protection_next(&w->key, record);
    *plain = bytes_of(scratch + parts.plain, parts.plain_len);
    return true;
}

static bool try_master(struct session *s, const struct session_master *m, void *arg)
{
    struct trial *t = arg;
    struct way *w = session_way(s, t->from);
    if (s->tries > TRIES_MOST)
        return false;
    s->tries++;
    t->some = true;
    set_key12(s, t->from, m->master);
    w->key.sequence = t->sequence;
    if (!try_ahead(s, w, t->record, t->scratch, t->parts)) {
        protection_end(&w->key);
        w->key.sequence = t->sequence;
        return false;
    }
    bytes_copy(s->master, m->master, MASTER_LEN);
    s->keyed = true;
    s->key_source = m->source;
    reveal12(s, m);
    return true;
}

/* The key block's length is the suite's matter; it is never longer than KEY_BLOCK_MOST. */
static size_t key_block_of(const struct session *s, const uint8_t master[48], uint8_t block[KEY_BLOCK_MOST])
{
    bytes none;
    const size_t len =
        protection_key_block(&s->suite_parts, s->version, true, BYTES_NONE, &none, &none, &none);
    const uint8_t *client = s->randoms, *server = s->randoms + 32;
    if (s->version == SSL3_VERSION) {
        uint8_t seed[64];
        bytes_copy(seed, server, 32);
        bytes_copy(seed + 32, client, 32);
        ssl3_expand(bytes_of(master, MASTER_LEN), BYTES_OF(seed), block, len);
        return len;
    }
    prf12(suite_prf(&s->suite_parts, s->version), bytes_of(master, MASTER_LEN), "key expansion",
          bytes_of(server, 32), bytes_of(client, 32), block, len);
    return len;
}

static void set_key12(struct session *s, uint8_t from, const uint8_t master[48])
{
    struct protection *p = &session_way(s, from)->key;
    uint8_t block[KEY_BLOCK_MOST];
    bytes mac_key = BYTES_NONE, key = BYTES_NONE, iv = BYTES_NONE;
    const size_t len = key_block_of(s, master, block);
    protection_key_block(&s->suite_parts, s->version, from == FEDE_CLIENT, bytes_of(block, len), &mac_key, &key, &iv);
    protection_set(p, &s->suite_parts, s->version, mac_key, key, iv);
    p->mac_last = s->mac_last;
    bytes_wipe(block, sizeof block);
}

/* ---- TLS 1.3 ---- */

static bytes logged(const struct session *s, enum secret_label label)
{
    return secrets_find(s->listener->secrets, label, client_random(s), 0);
}

static bytes secret13(const struct session *s, enum secret_label label)
{
    bytes told = logged(s, label);
    return told.data != NULL ? told : session_psk_secret(s, label);
}

void session_keys13(struct session *s, uint8_t from, enum stage stage)
{
    struct way *w = session_way(s, from);
    protection_end(&w->key);
    w->stage = (uint8_t)stage;
    w->key_tried = false;
    const struct suite_parts *suite = session_suite(s);
    bytes secret = secret13(s, label_of(from, stage));
    if (suite != NULL && secret.data != NULL)
        protection_set13(&w->key, suite, secret);
}

void session_key_update(struct session *s, uint8_t from)
{
    struct protection *p = &session_way(s, from)->key;
    if (!p->set)
        return;
    const struct suite_parts suite = p->suite;
    uint8_t next[HASH_MAX];
    const size_t len = hash_len(suite.hash);
    hkdf_expand_label(suite.hash, bytes_of(p->secret, len), "traffic upd", BYTES_NONE, next, len);
    protection_set13(p, &suite, bytes_of(next, len));
    bytes_wipe(next, sizeof next);
}

static enum secret_label label_of(uint8_t from, enum stage stage)
{
    bool client = from == FEDE_CLIENT;
    return stage == STAGE_EARLY       ? SECRET_CLIENT_EARLY
           : stage == STAGE_HANDSHAKE ? (client ? SECRET_CLIENT_HANDSHAKE : SECRET_SERVER_HANDSHAKE)
                                      : (client ? SECRET_CLIENT_TRAFFIC : SECRET_SERVER_TRAFFIC);
}

/* The next stage's key opens its first record with sequence number 0. */
static bool try_stage(struct session *s, uint8_t from, enum stage stage, const struct suite_parts *suite, bytes record,
                      uint8_t *scratch, struct record_parts *parts)
{
    struct way *w = session_way(s, from);
    struct protection key = {0};
    bytes secret = secret13(s, label_of(from, stage));
    if (secret.data == NULL || s->tries > TRIES_MOST || !protection_set13(&key, suite, secret))
        return false;
    s->tries++;
    if (!protection_open(&key, record, scratch, parts)) {
        protection_end(&key);
        return false;
    }
    protection_end(&w->key);
    w->key = key;
    w->stage = (uint8_t)stage;
    return true;
}

static bool open13(struct session *s, uint8_t from, bytes record, uint8_t *scratch, uint8_t *type, bytes *plain)
{
    static const uint16_t all[] = {0x1301, 0x1302, 0x1303, 0x1304, 0x1305};
    struct way *w = session_way(s, from);
    const struct suite_parts *suite = session_suite(s);
    struct record_parts parts = {0};
    const uint64_t sequence = w->key.sequence;
    bool open = try_ahead(s, w, record, scratch, &parts);
    if (!open)
        w->key.sequence = sequence;
    if (!s->answered || w->stage == STAGE_EARLY) { /* early data: the suite is that of the session it resumes */
        for (size_t i = 0; i < sizeof all / sizeof all[0] && !open && w->stage == STAGE_NONE; i++) {
            const struct suite_parts early = suite_parts(all[i]);
            open = try_stage(s, from, STAGE_EARLY, &early, record, scratch, &parts);
        }
    }
    if (!open && s->answered && w->stage < STAGE_HANDSHAKE)
        open = try_stage(s, from, STAGE_HANDSHAKE, suite, record, scratch, &parts);
    if (!open && s->answered && w->stage < STAGE_TRAFFIC && (!w->key.set || w->key.sequence > 0))
        open = try_stage(s, from, STAGE_TRAFFIC, suite, record, scratch, &parts);
    if (!open) {
        bool known = secrets_any(s->listener->secrets, client_random(s)) || session_psk_secret(s, label_of(from, (enum stage)w->stage)).len > 0;
        if (w->stage == STAGE_TRAFFIC && w->key.sequence > 0 && !w->after_gap)
            tag_failed(s, from, sequence, parts.why);
        if (s->keys == KEYS_USED)
            s->keys = !w->key.set ? KEYS_PARTIAL : KEYS_USED;
        else if (s->keys != KEYS_PARTIAL)
            s->keys = !known                  ? KEYS_NO_LINE
                      : w->key.set            ? KEYS_WRONG
                      : s->keys == KEYS_WRONG ? KEYS_WRONG
                                              : KEYS_NO_LINE;
        return false;
    }
    bool partial = s->keys == KEYS_PARTIAL || s->ways[0].closed + s->ways[1].closed > 0;
    s->keys = partial ? KEYS_PARTIAL : KEYS_USED;
    w->after_gap = false;
    if (w->key.sequence == 0)
        reveal(s, from, secret_label_name(label_of(from, (enum stage)w->stage)),
               bytes_of(w->key.secret, w->key.secret_len));
    s->key_source = logged(s, label_of(from, (enum stage)w->stage)).data != NULL ? "key log" : "pre-shared key";
    protection_next(&w->key, record);
    size_t len = parts.plain_len;
    const uint8_t *inner = scratch + parts.plain;
    while (len > 0 && inner[len - 1] == 0) /* padding, RFC 9846 5.4 */
        len--;
    if (len == 0) {
        session_note(s, "a protected record with nothing but zeros inside: it has no content type (RFC 9846 5.4)");
        return true;
    }
    *type = inner[len - 1];
    *plain = bytes_of(inner, len - 1);
    return true;
}

/* ---- opening ---- */

/* With the sequence number that is due; behind a gap also with later ones. */
static bool try_ahead(struct session *s, struct way *w, bytes record, uint8_t *scratch, struct record_parts *parts)
{
    enum { LEAST = 16 };
    const uint64_t due = w->key.sequence;
    if (!w->key.set)
        return false;
    if (protection_open(&w->key, record, scratch, parts))
        return true;
    uint64_t most = w->after_gap ? 1 + w->lost / (RECORD_HEADER + LEAST) : 0;
    for (uint64_t n = 1; n <= most && n <= AHEAD_MOST && s->tries < TRIES_MOST; n++) {
        s->tries++;
        w->key.sequence = due + n;
        if (protection_open(&w->key, record, scratch, parts))
            return true;
    }
    w->key.sequence = due;
    return false;
}

static void tag_failed(struct session *s, uint8_t from, uint64_t sequence, const char *why)
{
    struct way *w = session_way(s, from);
    char text[240];
    struct text t = text_in(text, sizeof text);
    if (w->failed++ >= 3)
        return;
    text_add(&t, "record ");
    text_number(&t, (int64_t)sequence);
    text_add(&t, ": ");
    text_add(&t, why != NULL ? why : "it does not open");
    text_add(&t, ": the record was altered, or is not where it belongs");
    session_tell_check(s, from, CHECK_FAILED, "record tag", text);
}

/* ---- telling ---- */

static void reveal12(struct session *s, const struct session_master *m)
{
    uint8_t block[KEY_BLOCK_MOST];
    const size_t len = key_block_of(s, s->master, block);
    if (m->rsa_block.len > 0)
        reveal(s, FEDE_CLIENT, "RSA block", m->rsa_block);
    if (m->premaster.len > 0)
        reveal(s, FEDE_CLIENT, "premaster secret", m->premaster);
    reveal(s, FEDE_CLIENT, "CLIENT_RANDOM", BYTES_OF(s->master));
    reveal(s, FEDE_CLIENT, "key block", bytes_of(block, len));
    bytes_wipe(block, sizeof block);
}

static void reveal(struct session *s, uint8_t from, const char *label, bytes secret)
{
    fede_event e = {.kind = FEDE_EVENT_SECRET,
                    .from = from,
                    .epoch = 1,
                    .version = s->version,
                    .at_us = s->now_us,
                    .label = label,
                    .bytes = secret,
                    .random = client_random(s),
                    .connection = s};
    s->listener->event(s->listener->arg, s, &e);
}

static bytes client_random(const struct session *s)
{
    return s->hello ? bytes_of(s->randoms, 32) : BYTES_NONE;
}
