/* explain/session_keys.c: which key opens a record, and opening it.

   TLS 1.2: every master secret that a key source has for the client random is tried on the first protected record; the tag says
   which one is right. TLS 1.3: each direction goes from early to handshake to traffic secrets; where a secret is missing, the
   next one is tried on every record until it opens one, so that a part of the secrets is enough for a part of the story.
   Behind a gap the sequence number is found by trying tags. What a wrong key does to a record is done to a copy. */
#include "explain/session.h"
#include "keys/hkdf.h"
#include "keys/schedule12.h"

enum {
    AHEAD_MOST = 2048,   /* sequence numbers tried behind a gap */
    TRIES_MOST = 50000,  /* of all kinds, without success, for one connection */
    CANDIDATES_MOST = 8, /* different secrets for the same client random */
    TAG = 16,
};

static bool open12(struct session *s, uint8_t from, bytes record, uint8_t *scratch, bytes *plain);
static bool open13(struct session *s, uint8_t from, bytes record, uint8_t *scratch, uint8_t *type, bytes *plain);
static bool try_ahead(struct session *s, struct way *w, bool tls13, bytes record, uint8_t *scratch);
static bool try_open(struct session_key *key, bool tls13, bytes record, uint8_t *scratch);
static void set_key12(struct session *s, uint8_t from, const uint8_t master[48], const struct suite *suite);
static bool set_key13(struct session_key *key, const struct suite *suite, bytes secret);
static enum secret_label label_of(uint8_t from, enum stage stage);
static void tag_failed(struct session *s, uint8_t from, uint64_t sequence);
static void reveal12(struct session *s);
static void reveal(struct session *s, uint8_t from, const char *label, bytes secret);
static bytes client_random(const struct session *s);

// clang-format off
static const struct suite suites[] = {
    {0x009c, NULL, NULL, AEAD_AES_128_GCM, HASH_SHA256, AUTH_ANY, 16, 4, 8, 0x0303}, /* RSA */
    {0x009d, NULL, NULL, AEAD_AES_256_GCM, HASH_SHA384, AUTH_ANY, 32, 4, 8, 0x0303},
    {0x009e, NULL, NULL, AEAD_AES_128_GCM, HASH_SHA256, AUTH_ANY, 16, 4, 8, 0x0303}, /* DHE_RSA */
    {0x009f, NULL, NULL, AEAD_AES_256_GCM, HASH_SHA384, AUTH_ANY, 32, 4, 8, 0x0303},
    {0x00a2, NULL, NULL, AEAD_AES_128_GCM, HASH_SHA256, AUTH_ANY, 16, 4, 8, 0x0303}, /* DHE_DSS */
    {0x00a3, NULL, NULL, AEAD_AES_256_GCM, HASH_SHA384, AUTH_ANY, 32, 4, 8, 0x0303},
    {0x00a6, NULL, NULL, AEAD_AES_128_GCM, HASH_SHA256, AUTH_ANY, 16, 4, 8, 0x0303}, /* DH_anon */
    {0x00a7, NULL, NULL, AEAD_AES_256_GCM, HASH_SHA384, AUTH_ANY, 32, 4, 8, 0x0303},
    {0x00a8, NULL, NULL, AEAD_AES_128_GCM, HASH_SHA256, AUTH_ANY, 16, 4, 8, 0x0303}, /* PSK */
    {0x00a9, NULL, NULL, AEAD_AES_256_GCM, HASH_SHA384, AUTH_ANY, 32, 4, 8, 0x0303},
    {0x00aa, NULL, NULL, AEAD_AES_128_GCM, HASH_SHA256, AUTH_ANY, 16, 4, 8, 0x0303}, /* DHE_PSK */
    {0x00ab, NULL, NULL, AEAD_AES_256_GCM, HASH_SHA384, AUTH_ANY, 32, 4, 8, 0x0303},
    {0x00ac, NULL, NULL, AEAD_AES_128_GCM, HASH_SHA256, AUTH_ANY, 16, 4, 8, 0x0303}, /* RSA_PSK */
    {0x00ad, NULL, NULL, AEAD_AES_256_GCM, HASH_SHA384, AUTH_ANY, 32, 4, 8, 0x0303},
    {0x1301, NULL, NULL, AEAD_AES_128_GCM, HASH_SHA256, AUTH_ANY, 16, 12, 0, 0x0304}, /* TLS 1.3 */
    {0x1302, NULL, NULL, AEAD_AES_256_GCM, HASH_SHA384, AUTH_ANY, 32, 12, 0, 0x0304},
    {0x1303, NULL, NULL, AEAD_CHACHA20_POLY1305, HASH_SHA256, AUTH_ANY, 32, 12, 0, 0x0304},
    {0xc02b, NULL, NULL, AEAD_AES_128_GCM, HASH_SHA256, AUTH_ANY, 16, 4, 8, 0x0303}, /* ECDHE_ECDSA */
    {0xc02c, NULL, NULL, AEAD_AES_256_GCM, HASH_SHA384, AUTH_ANY, 32, 4, 8, 0x0303},
    {0xc02d, NULL, NULL, AEAD_AES_128_GCM, HASH_SHA256, AUTH_ANY, 16, 4, 8, 0x0303}, /* ECDH_ECDSA */
    {0xc02e, NULL, NULL, AEAD_AES_256_GCM, HASH_SHA384, AUTH_ANY, 32, 4, 8, 0x0303},
    {0xc02f, NULL, NULL, AEAD_AES_128_GCM, HASH_SHA256, AUTH_ANY, 16, 4, 8, 0x0303}, /* ECDHE_RSA */
    {0xc030, NULL, NULL, AEAD_AES_256_GCM, HASH_SHA384, AUTH_ANY, 32, 4, 8, 0x0303},
    {0xc031, NULL, NULL, AEAD_AES_128_GCM, HASH_SHA256, AUTH_ANY, 16, 4, 8, 0x0303}, /* ECDH_RSA */
    {0xc032, NULL, NULL, AEAD_AES_256_GCM, HASH_SHA384, AUTH_ANY, 32, 4, 8, 0x0303},
    {0xcca8, NULL, NULL, AEAD_CHACHA20_POLY1305, HASH_SHA256, AUTH_ANY, 32, 12, 0, 0x0303}, /* ECDHE_RSA */
    {0xcca9, NULL, NULL, AEAD_CHACHA20_POLY1305, HASH_SHA256, AUTH_ANY, 32, 12, 0, 0x0303}, /* ECDHE_ECDSA */
    {0xccaa, NULL, NULL, AEAD_CHACHA20_POLY1305, HASH_SHA256, AUTH_ANY, 32, 12, 0, 0x0303}, /* DHE_RSA */
    {0xccab, NULL, NULL, AEAD_CHACHA20_POLY1305, HASH_SHA256, AUTH_ANY, 32, 12, 0, 0x0303}, /* PSK */
    {0xccac, NULL, NULL, AEAD_CHACHA20_POLY1305, HASH_SHA256, AUTH_ANY, 32, 12, 0, 0x0303}, /* ECDHE_PSK */
    {0xccad, NULL, NULL, AEAD_CHACHA20_POLY1305, HASH_SHA256, AUTH_ANY, 32, 12, 0, 0x0303}, /* DHE_PSK */
    {0xccae, NULL, NULL, AEAD_CHACHA20_POLY1305, HASH_SHA256, AUTH_ANY, 32, 12, 0, 0x0303}, /* RSA_PSK */
    {0xd001, NULL, NULL, AEAD_AES_128_GCM, HASH_SHA256, AUTH_ANY, 16, 4, 8, 0x0303}, /* ECDHE_PSK */
    {0xd002, NULL, NULL, AEAD_AES_256_GCM, HASH_SHA384, AUTH_ANY, 32, 4, 8, 0x0303},
};
// clang-format on

const struct suite *session_suite(uint16_t id)
{
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++)
        if (suites[i].id == id)
            return &suites[i];
    return NULL;
}

bool session_open(struct session *s, uint8_t from, bytes record, uint8_t *scratch, uint8_t *type, bytes *plain)
{
    struct way *w = session_way(s, from);
    bool open = false;
    *plain = BYTES_NONE;
    if (w->key.suite != NULL && w->key.suite->version < 0x0304) {
        open = open12(s, from, record, scratch, plain); /* also while a renegotiation has not got far */
    } else if (!s->answered && !(s->hello && from == FEDE_CLIENT)) {
        if (s->keys == KEYS_UNTOUCHED)
            s->keys = KEYS_NO_HANDSHAKE;
    } else if (s->answered && session_suite(s->suite) == NULL) {
        if (s->keys != KEYS_USED)
            s->keys = secrets_any(s->listener->secrets, client_random(s)) ? KEYS_UNSUPPORTED : KEYS_NO_LINE;
    } else if (s->answered && s->version < 0x0304) {
        open = open12(s, from, record, scratch, plain);
    } else {
        open = open13(s, from, record, scratch, type, plain);
    }
    if (!open)
        w->key.sequence++;
    return open;
}

void session_key_end(struct session_key *key)
{
    crypto_aead_free(key->aead);
    bytes_wipe(key, sizeof *key);
}

/* ---- TLS 1.2 ---- */

void session_keys12(struct session *s, uint8_t from)
{
    struct way *w = session_way(s, from);
    session_key_end(&w->key);
    w->key_tried = false;
    w->after_gap = false;
}

static bool open12(struct session *s, uint8_t from, bytes record, uint8_t *scratch, bytes *plain)
{
    struct way *w = session_way(s, from);
    const struct suite *suite = w->key.suite != NULL ? w->key.suite : session_suite(s->suite);
    const uint64_t sequence = w->key.sequence;
    bool open = false, some = false;
    if (w->key.aead == NULL && s->keyed) {
        set_key12(s, from, s->master, suite);
    } else if (w->key.aead == NULL) {
        for (size_t i = 0; i < CANDIDATES_MOST && !open; i++) {
            bytes secret = secrets_find(s->listener->secrets, SECRET_MASTER, client_random(s), i);
            if (secret.data == NULL)
                break;
            if (secret.len != MASTER_LEN)
                continue;
            some = true;
            set_key12(s, from, secret.data, suite);
            w->key.sequence = sequence;
            open = try_ahead(s, w, false, record, scratch);
            if (!open) {
                session_key_end(&w->key);
                w->key.sequence = sequence;
                continue;
            }
            bytes_copy(s->master, secret.data, MASTER_LEN);
            s->keyed = true;
            reveal12(s);
        }
        if (!open) {
            if (s->keys == KEYS_USED || s->keys == KEYS_PARTIAL)
                s->keys = KEYS_PARTIAL; /* a renegotiation without a line of its own */
            else
                s->keys = some || s->keys == KEYS_WRONG ? KEYS_WRONG : KEYS_NO_LINE;
            return false;
        }
        if (sequence > 0 && !w->after_gap)
            tag_failed(s, from, 0);
    }
    if (!open) {
        w->key.sequence = sequence;
        open = w->key.aead != NULL && try_ahead(s, w, false, record, scratch);
    }
    if (!open) {
        if (!w->after_gap)
            tag_failed(s, from, sequence);
        return false;
    }
    if (s->keys != KEYS_PARTIAL)
        s->keys = KEYS_USED;
    w->after_gap = false;
    w->key.sequence++;
    size_t before = RECORD_HEADER + (size_t)suite->explicit_len;
    *plain = bytes_of(scratch + before, record.len - before - TAG);
    return true;
}

static void set_key12(struct session *s, uint8_t from, const uint8_t master[48], const struct suite *suite)
{
    struct session_key *key = &session_way(s, from)->key;
    struct key_block block;
    session_key_end(key);
    key_block_make(suite, master, s->randoms, s->randoms + 32, &block);
    bool client = from == FEDE_CLIENT;
    key->suite = suite;
    key->aead = crypto_aead_new(suite->aead, bytes_of(client ? block.client_key : block.server_key, suite->key_len));
    bytes_copy(key->iv, client ? block.client_iv : block.server_iv, suite->iv_len);
    bytes_wipe(&block, sizeof block);
}

/* ---- TLS 1.3 ---- */

void session_keys13(struct session *s, uint8_t from, enum stage stage)
{
    struct way *w = session_way(s, from);
    session_key_end(&w->key);
    w->stage = (uint8_t)stage;
    w->key_tried = false;
    const struct suite *suite = session_suite(s->suite);
    bytes secret = secrets_find(s->listener->secrets, label_of(from, stage), client_random(s), 0);
    if (suite != NULL && secret.data != NULL)
        set_key13(&w->key, suite, secret);
}

void session_key_update(struct session *s, uint8_t from)
{
    struct way *w = session_way(s, from);
    if (w->key.suite == NULL)
        return;
    const struct suite *suite = w->key.suite;
    uint8_t next[HASH_MAX];
    size_t len = hash_len(suite->hash);
    hkdf_expand_label(suite->hash, bytes_of(w->key.secret, len), "traffic upd", BYTES_NONE, next, len);
    session_key_end(&w->key);
    set_key13(&w->key, suite, bytes_of(next, len));
    bytes_wipe(next, sizeof next);
}

static bool set_key13(struct session_key *key, const struct suite *suite, bytes secret)
{
    if (secret.len != hash_len(suite->hash))
        return false;
    uint8_t material[32];
    key->suite = suite;
    key->sequence = 0;
    key->secret_len = (uint8_t)secret.len;
    bytes_copy(key->secret, secret.data, secret.len);
    hkdf_expand_label(suite->hash, secret, "key", BYTES_NONE, material, suite->key_len);
    hkdf_expand_label(suite->hash, secret, "iv", BYTES_NONE, key->iv, sizeof key->iv);
    key->aead = crypto_aead_new(suite->aead, bytes_of(material, suite->key_len));
    bytes_wipe(material, sizeof material);
    return key->aead != NULL;
}

static enum secret_label label_of(uint8_t from, enum stage stage)
{
    bool client = from == FEDE_CLIENT;
    return stage == STAGE_EARLY       ? SECRET_CLIENT_EARLY
           : stage == STAGE_HANDSHAKE ? (client ? SECRET_CLIENT_HANDSHAKE : SECRET_SERVER_HANDSHAKE)
                                      : (client ? SECRET_CLIENT_TRAFFIC : SECRET_SERVER_TRAFFIC);
}

/* The next stage's key opens its first record with sequence number 0. */
static bool try_stage(struct session *s, uint8_t from, enum stage stage, const struct suite *suite, bytes record,
                      uint8_t *scratch)
{
    struct way *w = session_way(s, from);
    struct session_key key = {0};
    bytes secret = secrets_find(s->listener->secrets, label_of(from, stage), client_random(s), 0);
    if (secret.data == NULL || s->tries > TRIES_MOST || !set_key13(&key, suite, secret))
        return false;
    s->tries++;
    if (!try_open(&key, true, record, scratch)) {
        session_key_end(&key);
        return false;
    }
    session_key_end(&w->key);
    w->key = key;
    w->stage = (uint8_t)stage;
    return true;
}

static bool open13(struct session *s, uint8_t from, bytes record, uint8_t *scratch, uint8_t *type, bytes *plain)
{
    static const uint16_t all[] = {0x1301, 0x1302, 0x1303};
    struct way *w = session_way(s, from);
    const struct suite *suite = session_suite(s->suite);
    const uint64_t sequence = w->key.sequence;
    bool open = w->key.aead != NULL && try_ahead(s, w, true, record, scratch);
    if (!open)
        w->key.sequence = sequence;
    if (!s->answered || w->stage == STAGE_EARLY) { /* early data: the suite is that of the session it resumes */
        for (size_t i = 0; i < sizeof all / sizeof all[0] && !open && w->stage == STAGE_NONE; i++)
            open = try_stage(s, from, STAGE_EARLY, session_suite(all[i]), record, scratch);
    }
    if (!open && s->answered && w->stage < STAGE_HANDSHAKE)
        open = try_stage(s, from, STAGE_HANDSHAKE, suite, record, scratch);
    if (!open && s->answered && w->stage < STAGE_TRAFFIC && (w->key.aead == NULL || w->key.sequence > 0))
        open = try_stage(s, from, STAGE_TRAFFIC, suite, record, scratch);
    if (!open) {
        bool known = secrets_any(s->listener->secrets, client_random(s));
        if (w->stage == STAGE_TRAFFIC && w->key.sequence > 0 && !w->after_gap)
            tag_failed(s, from, sequence);
        if (s->keys == KEYS_USED)
            s->keys = w->key.aead == NULL ? KEYS_PARTIAL : KEYS_USED;
        else if (s->keys != KEYS_PARTIAL)
            s->keys = !known                  ? KEYS_NO_LINE
                      : w->key.aead != NULL   ? KEYS_WRONG
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
    w->key.sequence++;
    size_t len = record.len - RECORD_HEADER - TAG;
    const uint8_t *inner = scratch + RECORD_HEADER;
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
static bool try_ahead(struct session *s, struct way *w, bool tls13, bytes record, uint8_t *scratch)
{
    const uint64_t due = w->key.sequence;
    if (w->key.aead == NULL)
        return false;
    if (try_open(&w->key, tls13, record, scratch))
        return true;
    uint64_t most = w->after_gap ? 1 + w->lost / (RECORD_HEADER + TAG) : 0;
    for (uint64_t n = 1; n <= most && n <= AHEAD_MOST && s->tries < TRIES_MOST; n++) {
        s->tries++;
        w->key.sequence = due + n;
        if (try_open(&w->key, tls13, record, scratch))
            return true;
    }
    w->key.sequence = due;
    return false;
}

/* Leaves the sequence number as it is. */
static bool try_open(struct session_key *key, bool tls13, bytes record, uint8_t *scratch)
{
    const size_t len = record.len - RECORD_HEADER;
    if (key->aead == NULL || len < (size_t)key->suite->explicit_len + TAG)
        return false;
    bytes_copy(scratch, record.data, record.len);
    if (tls13) {
        uint8_t nonce[12], sequence[8];
        store64(sequence, key->sequence);
        bytes_copy(nonce, key->iv, sizeof nonce);
        for (size_t i = 0; i < sizeof sequence; i++)
            nonce[4 + i] ^= sequence[i];
        return crypto_open(key->aead, nonce, bytes_first(record, RECORD_HEADER), scratch + RECORD_HEADER, len);
    }
    struct crypto_record r = {.iv = key->iv, .sequence = key->sequence, .type = record.data[0]};
    return crypto_open_record(key->aead, &r, scratch + RECORD_HEADER, len);
}

static void tag_failed(struct session *s, uint8_t from, uint64_t sequence)
{
    struct way *w = session_way(s, from);
    char text[160];
    struct text t = text_in(text, sizeof text);
    if (w->failed++ >= 3)
        return;
    text_add(&t, "the tag of record ");
    text_number(&t, (int64_t)sequence);
    text_add(&t, " is not what its key gives: the record was altered, or is not where it belongs");
    session_tell_check(s, from, CHECK_FAILED, "record tag", text);
}

/* ---- telling ---- */

static void reveal12(struct session *s)
{
    const struct suite *suite = session_suite(s->suite);
    struct key_block k;
    uint8_t block[2 * (sizeof k.client_key + sizeof k.client_iv)];
    size_t at = 0;
    key_block_make(suite, s->master, s->randoms, s->randoms + 32, &k);
    const struct {
        const uint8_t *from;
        size_t len;
    } parts[] = {
        {k.client_key, k.key_len}, {k.server_key, k.key_len}, {k.client_iv, k.iv_len}, {k.server_iv, k.iv_len}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        bytes_copy(block + at, parts[i].from, parts[i].len);
        at += parts[i].len;
    }
    reveal(s, FEDE_CLIENT, "CLIENT_RANDOM", BYTES_OF(s->master));
    reveal(s, FEDE_CLIENT, "key block", bytes_of(block, at));
    bytes_wipe(&k, sizeof k);
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
