/* tests/unit/findings.c: each finding is provoked by a connection made for it, and absent from the same connection without
   the flaw; reasons of alerts; recorded connections; altered ones. */
#include "played.h"

#include "base/error.h"
#include "explain/alerts.h"
#include "explain/findings.h"
#include "explain/ssl2.h"

enum { IN_2030 = 1893456000 };
#define GOOD_CLIENT                                                                                                    \
    "0000001400120000"                                                                                                 \
    "0f7777772e6578616d706c652e636f6d" GROUPS SCHEMES ALPN EMS RENEGOTIATION
#define GROUPS "000a00060004001d0017"
#define SCHEMES                                                                                                        \
    "000d000a0008040308040401"                                                                                         \
    "0601"
#define ALPN                                                                                                           \
    "00100005000302"                                                                                                   \
    "6832"
#define EMS                 "00170000"
#define RENEGOTIATION       "ff01000100"
#define CLIENT_WITHOUT_NAME GROUPS SCHEMES ALPN EMS RENEGOTIATION
#define X25519_SIGNED(scheme)                                                                                          \
    "03001d20"                                                                                                         \
    "0101010101010101010101010101010101010101010101010101010101010101" scheme "0003010203"

enum course {
    FALSE_START = 1,
    EARLY_CCS,
    LARGE_RECORD,
    EMPTY_ALERT,
    EMPTY_DATA,
    RECORD_11,
    HEARTBEAT,
    OVER_READ,
    AGAIN,
    CUT_OFF,
    WRONG_CHECK,
    WRONG_FINISHED,
    WRONG_BINDER,
    WRONG_CHAIN,
    WRONG_STAPLE,
    CUT_HELLO,
    TICKET_AGAIN,
    ID_AGAIN,
    FAST_OPEN,
    OLD_FORM,
    OLD_VERSION,
    OTHER_SECRET
};

struct spec {
    uint16_t client_version, version, suite; /* 0: the usual */
    const char *client_extensions, *server_extensions, *more_client, *more_server, *client_suites, *key_exchange,
        *random_end;
    const char *certificates[4];
    uint8_t compression, session_id_len;
    uint32_t clock;
    int64_t at;
    enum course course;
};

/* Messages of SSL 2.0, as few bytes as they need. */
static const char ssl2_hello[] = "01030300030000001000002f00112233445566778899aabbccddeeff",
                  ssl2_answer[] = "0400000002000000030010010080112233445566778899aabbccddeeff00",
                  ssl2_key[] = "02010080000000010000ff";
static struct dissection d;
static struct arena arena;

static void hello(const struct spec *s, bool client)
{
    static struct buffer b, list;
    static const uint8_t session[32] = {1};
    b.len = 0;
    put_number(&b, client ? (s->client_version ? s->client_version : 0x0303) : s->version ? s->version : 0x0303, 2);
    put_number(&b, client && s->clock ? s->clock : 0x11111111, 4);
    put_hex(&b, "2222222222222222222222222222222222222222");
    put_hex(&b, !client && s->random_end ? s->random_end : "3333333333333333");
    put_number(&b, client ? s->session_id_len : 0, 1);
    put(&b, session, client ? s->session_id_len : 0);
    uint16_t suite = s->suite ? s->suite : 0xc02b;
    if (client) {
        list.len = 0;
        put_number(&list, suite, 2);
        put_hex(&list, s->client_suites ? s->client_suites : "c02cc030");
        put_vector(&b, &list, 2);
        put_number(&b, s->compression ? 0x0201 : 1, s->compression ? 2 : 1);
        put_number(&b, 0, 1);
    } else {
        put_number(&b, suite, 2);
        put_number(&b, s->compression, 1);
    }
    list.len = 0;
    put_hex(&list, client                 ? (s->client_extensions ? s->client_extensions : GOOD_CLIENT)
                   : s->server_extensions ? s->server_extensions
                                          : EMS RENEGOTIATION);
    put_hex(&list, client ? (s->more_client ? s->more_client : "") : s->more_server ? s->more_server : "");
    if (list.len > 0)
        put_vector(&b, &list, 2);
    if (!client && s->course == CUT_HELLO)
        b.len -= 3;
    play_message(&d, client ? FEDE_CLIENT : FEDE_SERVER, client ? MSG_CLIENT_HELLO : MSG_SERVER_HELLO, &b);
}

static void record(uint8_t from, uint8_t type, uint16_t version, uint8_t epoch, size_t len, const char *content)
{
    static struct buffer b, body;
    static const uint8_t zeros[20000];
    b.len = body.len = 0;
    put_hex(&body, content);
    put(&body, zeros, len);
    put_number(&b, type, 1);
    put_number(&b, version, 2);
    put_vector(&b, &body, 2);
    fede_event e = {
        .kind = FEDE_EVENT_RECORD, .from = from, .what = type, .epoch = epoch, .bytes = bytes_of(b.data, b.len)};
    dissection_event(&d, &e);
}

/* A whole connection with the flaws of the spec. */
static void play_ssl2(uint8_t from, const char *hex)
{
    static struct buffer b;
    b.len = 0;
    put_hex(&b, hex);
    fede_event e = {.kind = FEDE_EVENT_MESSAGE, .from = from, .what = MSG_SSL2 | b.data[0], .bytes = bytes_of(b.data, b.len)};
    dissection_event(&d, &e);
}

static void play(const struct spec *s)
{
    static struct buffer b, list;
    static const struct buffer empty;
    uint16_t version = s->version ? s->version : 0x0303;
    dissection_start(&d);
    arena_start(&arena, &memory_standard, 4 * 1024 * 1024);
    fede_event e = {.kind = FEDE_EVENT_STARTED, .from = FEDE_CLIENT, .ours = true, .what = FEDE_CLIENT};
    dissection_event(&d, &e);
    if (s->course == OLD_FORM) { /* an engine tells the record as it was, and the hello that it stands for */
        b.len = 0;
        put_hex(&b, "801c");
        put_hex(&b, ssl2_hello);
        play_event(&d, FEDE_EVENT_RECORD, FEDE_CLIENT, bytes_of(b.data, b.len));
    } else {
        record(FEDE_CLIENT, 22, 0x0301, 0, 100, "");
    }
    hello(s, true);
    if (s->course == EARLY_CCS)
        play_event(&d, FEDE_EVENT_CCS, FEDE_SERVER, bytes_of("\1", 1));
    record(FEDE_SERVER, 22, version, 0, s->course == LARGE_RECORD ? 16385 : 100, "");
    hello(s, false);
    list.len = 0;
    if (s->certificates[0] == NULL) {
        put_certificate(&list, "good");
        put_certificate(&list, "inter");
    }
    for (size_t i = 0; i < 4 && s->certificates[i] != NULL; i++)
        if (strcmp(s->certificates[i], "unreadable") == 0)
            put_hex(&list, "0000043002"
                           "0500");
        else
            put_certificate(&list, s->certificates[i]);
    b.len = 0;
    put_vector(&b, &list, 3);
    play_message(&d, FEDE_SERVER, MSG_CERTIFICATE, &b);
    b.len = 0;
    put_hex(&b, s->key_exchange ? s->key_exchange : X25519_SIGNED("0403"));
    if (b.len > 0)
        play_message(&d, FEDE_SERVER, MSG_SERVER_KEY_EXCHANGE, &b);
    play_message(&d, FEDE_SERVER, MSG_SERVER_HELLO_DONE, &empty);
    if (s->course != EARLY_CCS) {
        b.len = 0;
        put_hex(&b, "20"
                    "0101010101010101010101010101010101010101010101010101010101010101");
        play_message(&d, FEDE_CLIENT, MSG_CLIENT_KEY_EXCHANGE, &b);
    }
    play_event(&d, FEDE_EVENT_CCS, FEDE_CLIENT, bytes_of("\1", 1));
    b.len = 0;
    put_hex(&b, "000102030405060708090a0b");
    play_message(&d, FEDE_CLIENT, MSG_FINISHED, &b);
    if (s->course == FALSE_START)
        record(FEDE_CLIENT, 23, 0x0303, 1, 50, "");
    if (s->course == RECORD_11)
        record(FEDE_SERVER, 22, 0x0302, 0, 50, "");
    play_event(&d, FEDE_EVENT_CCS, FEDE_SERVER, bytes_of("\1", 1));
    play_message(&d, FEDE_SERVER, MSG_FINISHED, &b);
    play_opened(&d);
    if (s->course == EMPTY_ALERT || s->course == EMPTY_DATA)
        record(FEDE_SERVER, s->course == EMPTY_DATA ? 23 : 21, 0x0303, 1, 24, "");
    if (s->course == HEARTBEAT || s->course == OVER_READ)
        record(FEDE_CLIENT, 24, 0x0303, 0, 0,
               s->course == OVER_READ ? "014000"
                                      : "01000100"
                                        "00000000000000000000000000000000");
    if (s->course == TICKET_AGAIN || s->course == ID_AGAIN) {
        e = (fede_event){.kind = FEDE_EVENT_CHOICE,
                         .from = FEDE_SERVER,
                         .label = s->course == ID_AGAIN ? "ancestor by session id" : "ancestor by ticket",
                         .what = 2,
                         .number = 7};
        dissection_event(&d, &e);
    }
    if (s->course == FAST_OPEN) {
        e = (fede_event){.kind = FEDE_EVENT_CHOICE, .from = FEDE_CLIENT, .label = "fast open"};
        dissection_event(&d, &e);
    }
    if (s->course == OLD_VERSION) {
        play_ssl2(FEDE_SERVER, ssl2_answer);
        play_ssl2(FEDE_CLIENT, ssl2_key);
    }
    if (s->course == OTHER_SECRET) { /* the block as the server's key decrypts it: for TLS 1.1 */
        b.len = 0;
        put_hex(&b, "0002" "aabbccddeeffaabb" "00" "0302");
        for (int i = 0; i < 46; i++)
            put_number(&b, (uint32_t)i, 1);
        e = (fede_event){.kind = FEDE_EVENT_SECRET, .from = FEDE_CLIENT, .label = "RSA block", .bytes = bytes_of(b.data, b.len)};
        dissection_event(&d, &e);
    }
    if (s->course == AGAIN)
        play_message(&d, FEDE_SERVER, MSG_HELLO_REQUEST, &empty);
    if (s->course == CUT_OFF) {
        fede_error error = {.reason = FEDE_TRUNCATED, .origin = FEDE_ORIGIN_TRANSPORT};
        e = (fede_event){.kind = FEDE_EVENT_ENDED, .from = FEDE_SERVER, .error = &error};
        dissection_event(&d, &e);
    }
    static const char *const wrong[] = {[WRONG_CHECK] = "certificate signature",
                                        [WRONG_FINISHED] = "server Finished",
                                        [WRONG_BINDER] = "PSK binder",
                                        [WRONG_CHAIN] = "certificate chain",
                                        [WRONG_STAPLE] = "stapled OCSP response"};
    if (s->course >= WRONG_CHECK && s->course <= WRONG_STAPLE)
        dissection_failed_check(&d, wrong[s->course], "made up");
}

static void stop(void)
{
    dissection_end(&d);
    arena_end(&arena);
}

static const struct finding *find(const struct findings *f, enum finding_id id)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->rows[i].row == finding_row((enum finding_id)id))
            return &f->rows[i];
    return NULL;
}

/* ---- one flaw each ---- */

#define DH(len_hex, bytes_of_p)                                                                                        \
    len_hex bytes_of_p "000102"                                                                                        \
                       "000103"                                                                                        \
                       "04030003010203"
#define Z8  "0000000000000000"
#define P64 "ff00000000000000" Z8 Z8 Z8 Z8 Z8 Z8 "00000000000000ff"
// clang-format off
static const struct flaw {
    enum finding_id id;
    const char *detail;      /* a part of it */
    struct spec spec;
} flaws[] = {
    {FOUND_VERSION_NOT_OFFERED, "TLS 1.2", {.client_version = 0x0302}},
    {FOUND_SUITE_NOT_OFFERED, "", {.random_end = NULL}}, /* the suite is changed below */
    {FOUND_GROUP_NOT_OFFERED, "secp521r1", {.key_exchange = "030019" "20" "0101010101010101010101010101010101010101010101010101010101010101" "04030003010203"}},
    {FOUND_SCHEME_NOT_OFFERED, "ecdsa_secp521r1_sha512", {.key_exchange = X25519_SIGNED("0603")}},
    {FOUND_ALPN_NOT_OFFERED, "spdy", {.more_server = "00100007000504" "73706479"}},
    {FOUND_COMPRESSION_NOT_OFFERED, "DEFLATE", {.compression = 1, .client_suites = "c02c"}}, /* not offered: see below */
    {FOUND_EXTENSION_UNASKED, "encrypt_then_mac", {.more_server = "00160000"}},
    {FOUND_EXTENSION_TWICE, "extended_master_secret", {.more_client = EMS}},
    {FOUND_MALFORMED, "server_hello", {.course = CUT_HELLO}},
    {FOUND_SENTINEL, "TLS 1.3", {.random_end = "444f574e47524401", .more_client = "002b0005" "0403040303"}},
    {FOUND_SENTINEL_HARMLESS, "up to TLS 1.2", {.random_end = "444f574e47524401"}},
    {FOUND_FALLBACK, "", {.client_suites = "c02c5600"}},
    {FOUND_VERSION_BROKEN, "SSL", {.client_version = 0x0300, .version = 0x0300, .suite = 0x000a, .key_exchange = ""}},
    {FOUND_SSL2, "RC4", {.course = OLD_VERSION}},
    {FOUND_SSL2_HELLO, "up to TLS 1.2", {.course = OLD_FORM}},
    {FOUND_VERSION_OLD, "TLS 1.0", {.client_version = 0x0301, .version = 0x0301, .suite = 0x002f, .key_exchange = ""}},
    {FOUND_EXPORT_SUITE, "EXPORT", {.suite = 0x0008, .key_exchange = ""}},
    {FOUND_NULL_SUITE, "NULL", {.suite = 0x003b, .key_exchange = ""}},
    {FOUND_ANONYMOUS_SUITE, "anon", {.suite = 0x00a6, .key_exchange = ""}},
    {FOUND_RC4, "RC4", {.suite = 0x0005, .key_exchange = ""}},
    {FOUND_SHORT_KEY, "3DES", {.suite = 0x000a, .key_exchange = ""}},
    {FOUND_CBC, "CBC", {.suite = 0xc023}},
    {FOUND_CBC_ENCRYPT_THEN_MAC, "CBC", {.suite = 0xc023, .more_client = "00160000", .more_server = "00160000"}},
    {FOUND_NO_FORWARD_SECRECY, "TLS_RSA_", {.suite = 0x009c, .key_exchange = ""}},
    {FOUND_DH_BROKEN, "512 bits", {.suite = 0x009e, .key_exchange = DH("0040", P64)}},
    {FOUND_DH_SMALL, "1024 bits", {.suite = 0x009e, .key_exchange = DH("0080", P64 P64)}},
    {FOUND_RSA_SMALL, "1024 bits", {.certificates = {"rsa1024", "inter"}}},
    {FOUND_SHA1_SIGNATURE, "sha1", {.key_exchange = X25519_SIGNED("0203")}},
    {FOUND_SHA1_CERTIFICATE, "SHA1", {.certificates = {"sha1", "inter"}}},
    {FOUND_COMPRESSION, "DEFLATE", {.compression = 1}},
    {FOUND_NO_EXTENDED_MASTER_SECRET, "the server does not", {.server_extensions = RENEGOTIATION}},
    {FOUND_PREMASTER_VERSION, "TLS 1.1 in the secret; the ClientHello offers TLS 1.2", {.suite = 0x009c, .key_exchange = "", .course = OTHER_SECRET}},
    {FOUND_RENEGOTIATION_MISSING, "the server does not", {.server_extensions = EMS}},
    {FOUND_RENEGOTIATION_WRONG, "13 bytes", {.server_extensions = EMS "ff01000d" "0c000102030405060708090a0b"}},
    {FOUND_RENEGOTIATED, "", {.course = AGAIN}},
    {FOUND_CERTIFICATE_UNREADABLE, "", {.certificates = {"good", "unreadable"}}},
    {FOUND_EXPIRED, "2025-12-31", {.certificates = {"expired", "inter"}}},
    {FOUND_NOT_YET_VALID, "2040-01-01", {.certificates = {"early", "inter"}}},
    {FOUND_NEAR_END, "2046-01-01", {.at = 2398377600 - 5 * 86400}},
    {FOUND_LONG_LIFETIME, "7305 days", {.at = 0}},
    {FOUND_NO_NAMES, "", {.certificates = {"no_san", "inter"}}},
    {FOUND_OTHER_NAME, "asked for www.example.org", {.client_extensions = "0000001400120000" "0f7777772e6578616d706c652e6f7267" CLIENT_WITHOUT_NAME}},
    {FOUND_SELF_SIGNED, "", {.certificates = {"self"}}},
    {FOUND_CHAIN_ORDER, "Example Root", {.certificates = {"good", "root", "inter"}}},
    {FOUND_SURPLUS_CERTIFICATE, "Other Root", {.certificates = {"good", "inter", "other_root"}}},
    {FOUND_SURPLUS_ROOT, "Example Root", {.certificates = {"good", "inter", "root"}}},
    {FOUND_STAPLE_MISSING, "", {.certificates = {"must_staple"}, .more_client = "000500050100000000"}},
    {FOUND_SIGNATURE_WRONG, "made up", {.course = WRONG_CHECK}},
    {FOUND_FINISHED_WRONG, "made up", {.course = WRONG_FINISHED}},
    {FOUND_BINDER_WRONG, "made up", {.course = WRONG_BINDER}},
    {FOUND_CHAIN_REFUSED, "made up", {.course = WRONG_CHAIN}},
    {FOUND_STAPLE_WRONG, "made up", {.course = WRONG_STAPLE}},
    {FOUND_NO_SERVER_NAME, "", {.client_extensions = CLIENT_WITHOUT_NAME}},
    {FOUND_CLOCK, "2030-01-01", {.clock = IN_2030 + 3600}},
    {FOUND_RESUMES, "", {.session_id_len = 32}},
    {FOUND_TICKET_TWICE, "connection 7", {.course = TICKET_AGAIN}},
    {FOUND_SESSION_ID_TWICE, "connection 7", {.course = ID_AGAIN}},
    {FOUND_FAST_OPEN, "", {.course = FAST_OPEN}},
    {FOUND_EARLY_CCS, "", {.course = EARLY_CCS}},
    {FOUND_FALSE_START, "", {.course = FALSE_START}},
    {FOUND_NO_CLOSE_NOTIFY, "", {.course = CUT_OFF}},
    {FOUND_RECORD_OVER_LIMIT, "", {.course = LARGE_RECORD}},
    {FOUND_RECORD_EMPTY, "alert", {.course = EMPTY_ALERT}},
    {FOUND_RECORD_EMPTY_DATA, "application_data", {.course = EMPTY_DATA}},
    {FOUND_RECORD_VERSION, "", {.course = RECORD_11}},
    {FOUND_HEARTBEAT, "", {.course = HEARTBEAT}},
    {FOUND_HEARTBEAT_OVER_READ, "", {.course = OVER_READ}},
};
// clang-format on

/* What the usual spec can't say: the client's list or compression without what the server takes. */
static void play_flaw(const struct flaw *flaw)
{
    play(&flaw->spec);
    struct kept_message *m = &d.handshake[0];
    uint8_t *body = (uint8_t *)(uintptr_t)m->bytes.data + 4 + 34 + 1;
    if (flaw->id == FOUND_SUITE_NOT_OFFERED)
        store16(body + 2, 0x009f);
    if (flaw->id == FOUND_COMPRESSION_NOT_OFFERED)
        body[2 + 4 + 1] = 64; /* the first of two methods */
}

static void each_is_found(void **state)
{
    (void)state;
    bool seen[FINDING_KINDS] = {false};
    for (size_t i = 0; i < sizeof flaws / sizeof *flaws; i++) {
        const struct flaw *flaw = &flaws[i];
        play_flaw(flaw);
        struct findings f = findings_make(&arena, &d, NULL, flaw->spec.at ? flaw->spec.at : IN_2030);
        const struct finding *one = find(&f, flaw->id);
        if (one == NULL)
            fail_msg("%s was not found", finding_row(flaw->id)->name);
        if (strstr(one->detail, flaw->detail) == NULL)
            fail_msg("%s: %s", one->row->name, one->detail);
        assert_false(f.cut);
        for (size_t k = 1; k < f.n; k++)
            assert_true(f.rows[k - 1].row->severity >= f.rows[k].row->severity);
        seen[flaw->id] = true;
        stop();
    }
    for (int id = 0; id < FINDING_KINDS; id++)
        if (!seen[id])
            fail_msg("no connection provokes %s", finding_row((enum finding_id)id)->name);
}

/* The connection without a flaw has none of them but the long lifetime of its certificate; and a flaw brings its own finding,
   not a heap of others. */
static void nothing_else_is_found(void **state)
{
    (void)state;
    static const struct spec none = {0};
    play(&none);
    struct findings f = findings_make(&arena, &d, NULL, IN_2030);
    assert_int_equal(f.n, 1);
    assert_ptr_equal(f.rows[0].row, finding_row(FOUND_LONG_LIFETIME));
    stop();
    static const struct spec for_11 = {.random_end = "444f574e47524400"}; /* the sentinel of TLS 1.1 and below */
    play(&for_11);
    f = findings_make(&arena, &d, NULL, IN_2030);
    assert_int_equal(f.n, 1);
    stop();
    for (size_t i = 0; i < sizeof flaws / sizeof *flaws; i++) {
        play_flaw(&flaws[i]);
        f = findings_make(&arena, &d, NULL, flaws[i].spec.at ? flaws[i].spec.at : IN_2030);
        if (f.n > 7) {
            for (size_t k = 0; k < f.n; k++)
                print_message("%s (%s)\n", f.rows[k].row->name, f.rows[k].detail);
            fail_msg("%s brings %zu findings", finding_row(flaws[i].id)->name, f.n);
        }
        stop();
    }
}

/* Evidence is a path of the field tree. */
static void paths_exist(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof flaws / sizeof *flaws; i++) {
        play_flaw(&flaws[i]);
        struct findings f = findings_make(&arena, &d, NULL, flaws[i].spec.at ? flaws[i].spec.at : IN_2030);
        const struct finding *one = find(&f, flaws[i].id);
        const char *dot = strchr(one->path, '.');
        bool of_message = dot != NULL && strncmp(one->path, "record", 6) != 0, there = !of_message;
        if (strncmp(one->path, "ssl2_server_hello.", 18) == 0) {
            static struct buffer b;
            b.len = 0;
            put_hex(&b, ssl2_answer);
            struct annotation a = annotate_ssl2_message(&arena, bytes_of(b.data, b.len));
            there = a.faults.first == NULL && field_find(a.root, one->path + 18) != NULL;
        }
        for (size_t k = 0; k < d.n_handshake && of_message && !there; k++) {
            struct annotation a = annotate_message(&arena, d.handshake[k].bytes, &d.context);
            size_t len = strlen(a.root->name);
            there = strncmp(one->path, a.root->name, len) == 0 && one->path[len] == '.' &&
                    field_find(a.root, one->path + len + 1) != NULL;
        }
        if (!there && flaws[i].id != FOUND_MALFORMED)
            fail_msg("%s points to %s, which is no field", one->row->name, one->path);
        stop();
    }
}

static void rows_are_sound(void **state)
{
    (void)state;
    for (int id = 0; id < FINDING_KINDS; id++) {
        const struct finding_row *row = finding_row((enum finding_id)id);
        assert_true(row->sentence[strlen(row->sentence) - 1] == '.');
        assert_true(strlen(row->section) > 3);
        assert_true(row->severity >= SEVERITY_NOTE && row->severity <= SEVERITY_ERROR);
        char name[60];
        struct text t = text_in(name, sizeof name);
        finding_name(row, &t);
        assert_true(t.len < sizeof name && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == t.len);
    }
}

/* ---- recorded and altered connections ---- */

static void recorded(const char *path)
{
    dissection_start(&d);
    arena_start(&arena, &memory_standard, 4 * 1024 * 1024);
    assert_true(play_recording(&d, path, NULL, NULL));
    struct findings f = findings_make(&arena, &d, NULL, 1795254511 + 86400);
    for (size_t i = 0; i < f.n; i++) {
        bool anonymous = strstr(path, "anon") != NULL && f.rows[i].row == finding_row(FOUND_ANONYMOUS_SUITE);
        if (f.rows[i].row->severity == SEVERITY_ERROR && !anonymous)
            fail_msg("%s: %s (%s)", path, f.rows[i].row->sentence, f.rows[i].detail);
    }
    stop();
}

static void real_peers_break_nothing(void **state)
{
    (void)state;
    assert_true(each_recording(recorded) > 20);
}

static uint32_t seed = 88172645u;
static uint32_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed;
}

static void spoil(uint8_t *message, size_t len, void *arg)
{
    (void)arg;
    for (uint32_t i = 0; len > 4 && i <= next_random() % 3; i++)
        message[4 + next_random() % (len - 4)] = (uint8_t)next_random();
}

static void altered(void **state)
{
    (void)state;
    static const char *const paths[] = {"tests/unit/recorded/chromium.txt", "tests/unit/recorded/rsa_mutual.txt",
                                        "tests/unit/recorded/dhe.txt", "tests/wire/recorded/openssl-ecdhe-ecdsa.hex"};
    for (unsigned i = 0; i < 2000; i++) {
        dissection_start(&d);
        arena_start(&arena, &memory_standard, i % 10 == 0 ? 20000 : 4 * 1024 * 1024);
        play_recording(&d, paths[i % 4], spoil, NULL);
        play_alert(&d, FEDE_CLIENT, 2, (uint8_t)next_random());
        play_alert(&d, FEDE_SERVER, 2, (uint8_t)next_random());
        struct alert_reason reasons[2];
        struct findings f = findings_make(&arena, &d, NULL, 1795254511);
        for (size_t k = 0; k < f.n; k++)
            for (const char *c = f.rows[k].detail; *c != '\0'; c++)
                assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
        for (size_t k = alert_reasons(&d, NULL, 1795254511, reasons); k-- > 0;)
            for (const char *c = reasons[k].text; *c != '\0'; c++)
                assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
        stop();
    }
}

/* Certificates of TLS 1.3 have another frame; signatures before TLS 1.2 another form, which is not malformed. */
static void other_versions(void **state)
{
    (void)state;
    dissection_start(&d);
    assert_true(play_recording(&d, "tests/unit/recorded/tls13.txt", NULL, NULL));
    assert_int_equal(d.version, 0x0304);
    assert_true(d.n_certificates >= 1);
    struct certificate c;
    fede_error error = {0};
    for (size_t i = 0; i < d.n_certificates; i++)
        assert_true(certificate_read(d.certificates[i], &c, &error));
    dissection_end(&d);
    static const struct spec old = {.client_version = 0x0301,
                                    .version = 0x0301,
                                    .suite = 0xc013,
                                    .key_exchange = "03001d20"
                                                    "0101010101010101010101010101010101010101010101010101010101010101"
                                                    "0003010203"};
    play(&old);
    struct findings f = findings_make(&arena, &d, NULL, IN_2030);
    assert_non_null(find(&f, FOUND_VERSION_OLD));
    assert_null(find(&f, FOUND_MALFORMED));
    stop();
}

/* ---- alerts ---- */

static void reason_is(uint8_t from, uint8_t description, const struct spec *spec, enum certainty certainty,
                      const char *text)
{
    play(spec);
    if (d.alerts[from - 1].from == 0)
        play_alert(&d, from, 2, description);
    struct alert_reason reasons[2];
    assert_int_equal(alert_reasons(&d, NULL, spec->at ? spec->at : IN_2030, reasons), 1);
    if (reasons[0].certainty != certainty || strstr(reasons[0].text, text) == NULL)
        fail_msg("%s, %s: %s", names_find(&alert_names, description), certainty_name(reasons[0].certainty),
                 reasons[0].text);
    assert_true(strlen(reasons[0].text) > 10 && strlen(reasons[0].text) < sizeof reasons[0].text - 1);
    stop();
}

static void reasons(void **state)
{
    (void)state;
    static const struct spec usual = {0}, expired = {.certificates = {"expired", "inter"}},
                             early = {.certificates = {"early", "inter"}}, self = {.certificates = {"self"}},
                             alone = {.certificates = {"good"}}, wrong = {.certificates = {"no_san", "inter"}},
                             cut = {.course = CUT_HELLO}, ccs = {.course = EARLY_CCS}, large = {.course = LARGE_RECORD},
                             again = {.course = AGAIN}, unasked = {.more_server = "00160000"},
                             retry = {.client_suites = "5600"},
                             elsewhere = {.client_extensions = "0000001400120000"
                                                               "0f7777772e6578616d706c652e6f7267" CLIENT_WITHOUT_NAME};
    reason_is(FEDE_CLIENT, 45, &expired, CERTAIN, "expired on 2025-12-31");
    reason_is(FEDE_CLIENT, 42, &early, LIKELY, "valid only from 2040-01-01");
    reason_is(FEDE_CLIENT, 46, &expired, LIKELY, "expired on");
    reason_is(FEDE_CLIENT, 42, &elsewhere, LIKELY, "not for www.example.org");
    reason_is(FEDE_CLIENT, 46, &wrong, LIKELY, "not for www.example.com");
    reason_is(FEDE_CLIENT, 42, &usual, NOT_VISIBLE, "not accepted");
    reason_is(FEDE_CLIENT, 48, &self, LIKELY, "signed with its own key");
    reason_is(FEDE_CLIENT, 48, &alone, LIKELY, "an intermediate is missing");
    reason_is(FEDE_CLIENT, 48, &usual, LIKELY, "Example Root");
    reason_is(FEDE_CLIENT, 50, &cut, CERTAIN, "ServerHello can't be read");
    reason_is(FEDE_CLIENT, 50, &usual, NOT_VISIBLE, "could not read");
    reason_is(FEDE_CLIENT, 10, &ccs, CERTAIN, "before its time");
    reason_is(FEDE_CLIENT, 10, &usual, LIKELY, "Finished");
    reason_is(FEDE_CLIENT, 22, &large, CERTAIN, "longer than allowed");
    reason_is(FEDE_CLIENT, 100, &again, CERTAIN, "does not renegotiate");
    reason_is(FEDE_CLIENT, 100, &usual, NOT_VISIBLE, "does not renegotiate");
    reason_is(FEDE_CLIENT, 110, &unasked, CERTAIN, "encrypt_then_mac");
    reason_is(FEDE_SERVER, 86, &retry, CERTAIN, "higher version");
    reason_is(FEDE_SERVER, 86, &usual, NOT_VISIBLE, "higher version");
    reason_is(FEDE_SERVER, 120, &usual, CERTAIN, "h2");
    reason_is(FEDE_SERVER, 112, &usual, CERTAIN, "www.example.com");
    reason_is(FEDE_SERVER, 20, &usual, LIKELY, "altered");
    reason_is(FEDE_SERVER, 80, &usual, NOT_VISIBLE, "inside the sender");
    reason_is(FEDE_SERVER, 199, &usual, NOT_VISIBLE, "Not a registered alert");
    reason_is(FEDE_CLIENT, 0, &elsewhere, LIKELY, "may have refused the name");
    reason_is(FEDE_CLIENT, 0, &usual, CERTAIN, "closes in order");
}

/* Before any ServerHello. */
static void refusals(void **state)
{
    (void)state;
    static const struct {
        struct spec spec;
        uint8_t description;
        enum certainty certainty;
        const char *text;
    } rows[] = {
        {{.client_suites = "c02f"}, 40, NOT_VISIBLE, "2 suites, 2 groups and 4 signature schemes"},
        {{.client_suites = "c02c"}, 40, LIKELY, "all need an ECDSA certificate"},
        {{.suite = 0xc02f, .client_suites = "c030"}, 40, LIKELY, "all need an RSA certificate"},
        {{.suite = 0x5600, .client_suites = "00ff"}, 40, CERTAIN, "no cipher suite"},
        {{.client_version = 0x0301}, 70, CERTAIN, "at most TLS 1.0"},
        {{.client_extensions = EMS}, 109, LIKELY, "no signature_algorithms"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        dissection_start(&d);
        hello(&rows[i].spec, true);
        play_alert(&d, FEDE_SERVER, 2, rows[i].description);
        struct alert_reason reason[2];
        assert_int_equal(alert_reasons(&d, NULL, IN_2030, reason), 1);
        if (reason[0].certainty != rows[i].certainty || strstr(reason[0].text, rows[i].text) == NULL)
            fail_msg("%zu: %s: %s", i, certainty_name(reason[0].certainty), reason[0].text);
        dissection_end(&d);
    }
}

static void a_missing_client_certificate(void **state)
{
    (void)state;
    static struct buffer b;
    static const struct spec usual = {0};
    static const uint8_t both[] = {116, 40, 42};
    for (size_t i = 0; i < 3; i++) {
        dissection_start(&d);
        hello(&usual, true);
        hello(&usual, false);
        b.len = 0;
        put_hex(&b, "010100"
                    "0204030000");
        play_message(&d, FEDE_SERVER, MSG_CERTIFICATE_REQUEST, &b);
        b.len = 0;
        put_hex(&b, "000000");
        play_message(&d, FEDE_CLIENT, MSG_CERTIFICATE, &b);
        play_alert(&d, FEDE_SERVER, 2, both[i]);
        struct alert_reason reason[2];
        assert_int_equal(alert_reasons(&d, NULL, IN_2030, reason), 1);
        assert_int_equal(reason[0].certainty, i == 0 ? CERTAIN : LIKELY);
        assert_non_null(strstr(reason[0].text, i == 0 ? "empty list" : "the client had none"));
        dissection_end(&d);
    }
}

/* What we refused ourselves, we know. */
static void our_own(void **state)
{
    (void)state;
    static const struct spec usual = {0};
    play(&usual);
    play_alert(&d, FEDE_CLIENT, 2, 42);
    fede_error error = {
        .reason = FEDE_CERT_NAME_MISMATCH, .alert = 42, .origin = FEDE_ORIGIN_US, .where = "subjectAltName"};
    fede_event e = {.kind = FEDE_EVENT_ENDED, .from = FEDE_CLIENT, .ours = true, .error = &error};
    dissection_event(&d, &e);
    struct alert_reason reason[2];
    assert_int_equal(alert_reasons(&d, NULL, IN_2030, reason), 1);
    assert_int_equal(reason[0].certainty, CERTAIN);
    assert_non_null(strstr(reason[0].text, "cert_name_mismatch (subjectAltName)"));
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_found),
        cmocka_unit_test(nothing_else_is_found),
        cmocka_unit_test(paths_exist),
        cmocka_unit_test(rows_are_sound),
        cmocka_unit_test(real_peers_break_nothing),
        cmocka_unit_test(altered),
        cmocka_unit_test(other_versions),
        cmocka_unit_test(reasons),
        cmocka_unit_test(refusals),
        cmocka_unit_test(a_missing_client_certificate),
        cmocka_unit_test(our_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
