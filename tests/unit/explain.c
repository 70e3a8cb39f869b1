/* tests/unit/explain.c: fields, glossary and facts, on messages of real peers (tests/unit/recorded, tests/wire/recorded),
   on every prefix of them, and on altered ones. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "explain/annotate.h"
#include "explain/dissection.h"
#include "explain/findings.h"
#include "explain/glossary.h"
#include "explain/sections.h"
#include "explain/oids.h"

struct line {
    uint8_t from, kind; /* FEDE_EVENT_MESSAGE, CCS, ALERT */
    bytes data;
};

static size_t read_recording(const char *path, struct line *lines, size_t most);
static void free_lines(struct line *lines, size_t n);
static void each_recording(void (*use)(struct line *lines, size_t n, void *arg), void *arg);
static fede_event event_of(const struct line *line);

enum { LINES = 64, ARENA = 16 * 1024 * 1024 };

/* Children follow one another without gap from the first on, inside their parent, and end where it ends: so each byte
   belongs to exactly one field. */
static void check_tiling(const struct field *root, size_t whole)
{
    assert_non_null(root);
    assert_int_equal(root->offset, 0);
    assert_int_equal(root->len, whole);
    for (const struct field *f = root; f != NULL; f = field_next(f, root)) {
        size_t at = f->offset + field_own_len(f);
        size_t n = 0;
        for (const struct field *c = f->first; c != NULL; c = c->next, n++) {
            if (c->offset != at)
                fail_msg("a gap before %s below %s: %zu, not %zu", c->name, f->name, c->offset, at);
            assert_ptr_equal(c->parent, f);
            at += c->len;
        }
        if (at != f->offset + f->len)
            fail_msg("%s ends at %zu, its parts at %zu", f->name, f->offset + f->len, at);
        assert_int_equal(n, f->n);
        assert_true(f->prefix <= f->len);
    }
}

static struct annotation annotate(struct arena *arena, const struct line *line, bytes data,
                                  const struct message_context *context)
{
    if (line->kind == FEDE_EVENT_CCS)
        return annotate_ccs(arena, data);
    if (line->kind == FEDE_EVENT_ALERT)
        return annotate_alert(arena, data);
    return annotate_message(arena, data, context);
}

/* ---- every field of every recorded message ---- */

static void walk_fields(struct line *lines, size_t n, void *arg)
{
    size_t *fields = arg;
    struct dissection d;
    dissection_start(&d);
    for (size_t i = 0; i < n; i++) {
        struct arena arena;
        arena_start(&arena, &memory_standard, ARENA);
        fede_event e = event_of(&lines[i]);
        dissection_event(&d, &e);
        struct annotation a = annotate(&arena, &lines[i], lines[i].data, &d.context);
        if (a.faults.first != NULL)
            fail_msg("%s: %s %s", a.root->name, a.faults.first->path, a.faults.first->why);
        assert_false(a.cut);
        check_tiling(a.root, lines[i].data.len);
        for (const struct field *f = a.root; f != NULL; f = field_next(f, a.root)) {
            char path[1000], value[4000];
            struct text t = text_in(path, sizeof path), v = text_in(value, sizeof value);
            field_path(f, &t);
            field_text(f, &v, 16);
            field_brief(f, &v, 16);
            if (glossary_of(f) == NULL)
                fail_msg("no sentence for %s", path);
            if (section_of_path(path)[0] == '\0')
                fail_msg("no section for %s", path);
            for (const char *c = value; *c != '\0'; c++)
                assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
            assert_null(strpbrk(path, " \t"));
            ++*fields;
        }
        char facts[800];
        struct text t = text_in(facts, sizeof facts);
        dissection_facts(&d, &e, &t);
        assert_null(strstr(facts, "malformed"));
        arena_end(&arena);
    }
    assert_false(d.incomplete);
    dissection_end(&d);
}

static void recorded_messages(void **state)
{
    (void)state;
    size_t fields = 0;
    each_recording(walk_fields, &fields);
    print_message("%zu fields, each with its sentence\n", fields);
    assert_true(fields > 4000);
}

/* ---- cut and altered messages ---- */

static void cut_one(struct line *lines, size_t n, void *arg)
{
    (void)arg;
    struct message_context context = {.version = 0x0303, .kx = KX_ECDHE};
    for (size_t i = 0; i < n; i++) {
        for (size_t len = 0; len < lines[i].data.len; len += len < 200 ? 1 : 37) {
            struct arena arena;
            arena_start(&arena, &memory_standard, ARENA);
            uint8_t *copy = malloc(len > 0 ? len : 1); /* so that ASan sees a read behind its end */
            bytes_copy(copy, lines[i].data.data, len);
            struct annotation a = annotate(&arena, &lines[i], bytes_of(copy, len), &context);
            check_tiling(a.root, len);
            assert_non_null(a.faults.first);
            arena_end(&arena);
            free(copy);
        }
    }
}

static void prefixes(void **state)
{
    (void)state;
    each_recording(cut_one, NULL);
}

static uint32_t next_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static void alter_one(struct line *lines, size_t n, void *arg)
{
    uint32_t *seed = arg;
    for (size_t i = 0; i < n; i++) {
        for (int round = 0; round < 60; round++) {
            struct message_context context = {.version = 0x0303, .kx = (uint8_t)(next_random(seed) % 12)};
            struct arena arena;
            arena_start(&arena, &memory_standard, round % 10 == 9 ? 5000 : ARENA);
            uint8_t *copy = malloc(lines[i].data.len + 1);
            bytes_copy(copy, lines[i].data.data, lines[i].data.len);
            for (uint32_t k = 0; k <= next_random(seed) % 3; k++)
                copy[next_random(seed) % lines[i].data.len] = (uint8_t)next_random(seed);
            struct annotation a = annotate(&arena, &lines[i], bytes_of(copy, lines[i].data.len), &context);
            if (!a.cut && a.root != NULL && !arena.over)
                check_tiling(a.root, lines[i].data.len);
            struct dissection d;
            dissection_start(&d);
            struct line altered = {lines[i].from, lines[i].kind, bytes_of(copy, lines[i].data.len)};
            fede_event e = event_of(&altered);
            dissection_event(&d, &e);
            char facts[800];
            struct text t = text_in(facts, sizeof facts);
            dissection_facts(&d, &e, &t);
            for (const char *c = facts; *c != '\0'; c++)
                assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
            struct card_row rows[CARD_ROWS];
            for (size_t k = 0; k < d.n_certificates; k++)
                certificate_card(d.certificates[k], 0, rows);
            dissection_end(&d);
            arena_end(&arena);
            free(copy);
        }
    }
}

static void altered(void **state)
{
    (void)state;
    uint32_t seed = 2463534242u;
    each_recording(alter_one, &seed);
}

/* ---- facts ---- */

static void facts_of(const char *path, const char *const *wanted)
{
    struct line lines[LINES];
    size_t n = read_recording(path, lines, LINES);
    assert_true(n > 0);
    struct dissection d;
    dissection_start(&d);
    for (size_t i = 0; i < n; i++) {
        fede_event e = event_of(&lines[i]);
        dissection_event(&d, &e);
        char facts[800];
        struct text t = text_in(facts, sizeof facts);
        dissection_facts(&d, &e, &t);
        assert_non_null(wanted[i]);
        assert_string_equal(facts, wanted[i]);
    }
    assert_null(wanted[n]);
    dissection_end(&d);
    free_lines(lines, n);
}

static void facts(void **state)
{
    (void)state;
    facts_of("tests/unit/recorded/ecdsa.txt",
             (const char *const[]){"up to TLS 1.2; 27 suites; SNI localhost; ALPN h2, http/1.1",
                                   "TLS 1.2; ALPN h2; TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
                                   "1 certificate: CN=localhost", "x25519 share; signed ecdsa_secp256r1_sha256",
                                   "the server waits for the client", "x25519 share", "client: encrypted from here on",
                                   "covers the 6 messages before it", "ticket of 176 bytes; lifetime hint 7200 s",
                                   "server: encrypted from here on", "covers the 8 messages before it",
                                   "warning: close_notify (0)", NULL});
    facts_of("tests/unit/recorded/refused.txt",
             (const char *const[]){"up to TLS 1.2; 27 suites; no SNI", "fatal: handshake_failure (40)", NULL});
}

/* ---- a connection's dissection ---- */

static void play(struct dissection *d, const char *path, bool open)
{
    struct line lines[LINES];
    size_t n = read_recording(path, lines, LINES);
    fede_event e = {
        .kind = FEDE_EVENT_STARTED, .from = FEDE_CLIENT, .ours = true, .what = FEDE_CLIENT, .label = "localhost"};
    dissection_event(d, &e);
    for (size_t i = 0; i < n; i++) {
        e = event_of(&lines[i]);
        e.at_us = 1000 * (i + 1);
        if (e.kind != FEDE_EVENT_ALERT)
            dissection_event(d, &e);
    }
    if (open) {
        e = (fede_event){.kind = FEDE_EVENT_OPENED, .from = FEDE_CLIENT, .ours = true, .at_us = 20000};
        dissection_event(d, &e);
    }
    free_lines(lines, n);
}

static void whole_connection(void **state)
{
    (void)state;
    struct dissection d;
    dissection_start(&d);
    play(&d, "tests/unit/recorded/ecdsa.txt", true);
    assert_int_equal(d.round_trips, 2);
    assert_int_equal(d.messages, 9);
    assert_int_equal(d.role, FEDE_CLIENT);
    assert_int_equal(d.suite, 0xc02c);
    assert_int_equal(d.group, 0x001d);
    assert_int_equal(d.scheme, 0x0403);
    assert_int_equal(d.extended, 1);
    assert_string_equal(d.alpn, "h2");
    assert_string_equal(d.alpn_offer, "h2, http/1.1");
    assert_string_equal(d.server_name, "localhost");
    assert_int_equal(d.n_certificates, 1);
    struct aim aims[3];
    dissection_aims(&d, aims);
    assert_int_equal(aims[0].state, AIM_REACHED);
    assert_string_equal(aims[0].text, "x25519 key exchange (forward secrecy), AES-256-GCM");
    /* Without a verdict nothing was proved about the server. */
    assert_int_equal(aims[1].state, AIM_MISSED);
    assert_int_equal(aims[2].state, AIM_REACHED);

    struct card_row rows[CARD_ROWS];
    size_t n = certificate_card(d.certificates[0], 1795254511 + 86400, rows);
    assert_true(n >= 6);
    assert_string_equal(rows[0].value, "C=NL, O=Fede Test, CN=localhost");
    assert_string_equal(rows[2].value, "localhost, 127.0.0.1");
    assert_false(rows[3].bad);
    certificate_card(d.certificates[0], 1795254511 + 40 * 86400, rows);
    assert_true(rows[3].bad);
    assert_non_null(strstr(rows[3].value, "expired"));
    dissection_end(&d);
}

static void nothing_claimed(void **state)
{
    (void)state;
    struct dissection d;
    struct aim aims[3];
    dissection_start(&d);
    play(&d, "tests/unit/recorded/ecdsa.txt", false);
    dissection_aims(&d, aims);
    for (size_t i = 0; i < 3; i++)
        assert_int_not_equal(aims[i].state, AIM_REACHED);
    /* A verdict that accepts reaches its aim only once the connection is open. */
    fede_verdict verdict = {.accepted = true, .name = "localhost", .at = 1795254511};
    fede_event e = {.kind = FEDE_EVENT_VERDICT, .from = FEDE_CLIENT, .ours = true, .verdict = &verdict};
    dissection_event(&d, &e);
    dissection_aims(&d, aims);
    assert_int_equal(aims[1].state, AIM_OPEN);
    e.kind = FEDE_EVENT_OPENED;
    dissection_event(&d, &e);
    dissection_aims(&d, aims);
    assert_int_equal(aims[1].state, AIM_REACHED);
    d.verdict->accepted = false;
    dissection_aims(&d, aims);
    assert_int_equal(aims[1].state, AIM_MISSED);
    dissection_end(&d);
}

static void does_not_grow(void **state)
{
    (void)state;
    struct dissection d;
    dissection_start(&d);
    play(&d, "tests/unit/recorded/ecdsa.txt", true);
    size_t used = d.kept.used;
    uint8_t record[1000] = {23, 3, 3, 3, 0xe3};
    fede_event e = {.kind = FEDE_EVENT_RECORD,
                    .from = FEDE_SERVER,
                    .what = 23,
                    .epoch = 1,
                    .bytes = BYTES_OF(record),
                    .plain = bytes_of(record, 900)};
    for (size_t i = 0; i < 200000; i++)
        dissection_event(&d, &e);
    assert_int_equal(d.kept.used, used);
    assert_int_equal(d.traffic[FEDE_SERVER].data_records, 200000);
    assert_int_equal(d.traffic[FEDE_SERVER].data_bytes, 200000ull * 900);
    dissection_end(&d);
}

/* What the network says never brings a control character along. */
static void hostile_names(void **state)
{
    (void)state;
    static const uint8_t hello[] = {
        1, 0,  0,    73,   3, 3,  0, 1,    2,   3,    4,   5,   6,    7,   8,    9,    0, 1, 2, 3,
        4, 5,  6,    7,    8, 9,  0, 1,    2,   3,    4,   5,   6,    7,   8,    9,    0, 1, 0, /* session_id */
        0, 2,  0xc0, 0x2b, 1, 0,  0, 32, /* suite, compression, extensions */
        0, 0,  0,    12,   0, 10, 0, 0,    7,   0x1b, '[', '3', '1',  'm', '\n', 0x9b, /* server_name */
        0, 16, 0,    12,   0, 10, 9, 0x1b, ']', '0',  ';', 'x', 0x07, 'h', 0x7f, 0x85};
    struct line line = {FEDE_CLIENT, FEDE_EVENT_MESSAGE, BYTES_OF(hello)};
    fede_event e = event_of(&line);
    struct dissection d;
    dissection_start(&d);
    dissection_event(&d, &e);
    char facts[800];
    struct text t = text_in(facts, sizeof facts);
    dissection_facts(&d, &e, &t);
    assert_non_null(strstr(facts, "\\x1b[31m\\x0a\\x9b"));
    assert_non_null(strstr(facts, "\\x1b]0;x\\x07h\\x7f\\x85"));
    assert_null(strchr(d.server_name, 0x1b));
    assert_null(strchr(d.alpn_offer, 0x1b));
    dissection_end(&d);
}

/* ---- words ---- */

static void oids(void **state)
{
    (void)state;
    char text[100];
    struct text t = text_in(text, sizeof text);
    oid_text(&t, BYTES_OF(((const uint8_t[]){0x55, 0x04, 0x03})));
    assert_string_equal(text, "commonName (2.5.4.3)");
    t = text_in(text, sizeof text);
    oid_text(&t, BYTES_OF(((const uint8_t[]){0x88, 0x37, 0x81, 0x00})));
    assert_string_equal(text, "2.999.128");
    t = text_in(text, sizeof text);
    oid_text(&t, BYTES_OF(((const uint8_t[]){0x2a, 0x86})));
    assert_string_equal(text, "unreadable");
    t = text_in(text, sizeof text);
    oid_text(&t, BYTES_OF(((const uint8_t[]){0x2a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})));
    assert_non_null(strstr(text, "unreadable"));
}

/* Chinese, to its end, and no English sentence left in it. */
static void is_chinese(const char *what, const char *sentence)
{
    static const char *const ends[] = {"。", "）"}, *const english[] = {" the ", " of ", " is ", " and ", " a ", "{"};
    size_t len = strlen(sentence);
    bool ended = false, wide = false;
    for (size_t i = 0; i < 2; i++)
        ended = ended || (len > 6 && strcmp(sentence + len - 3, ends[i]) == 0);
    for (size_t i = 0; i < len; i++)
        wide = wide || (unsigned char)sentence[i] >= 0xe4;
    for (size_t i = 0; i < sizeof english / sizeof *english; i++)
        if (strstr(sentence, english[i]) != NULL)
            fail_msg("%s: English in the Chinese sentence: %s", what, sentence);
    if (!ended || !wide)
        fail_msg("%s: no Chinese sentence: %s", what, sentence);
}

static void all_is_said_in_chinese(void **state)
{
    (void)state;
    for (size_t i = 0; i < glossary_count(); i++)
        is_chinese(glossary_at(i)->path, glossary_sentence(glossary_at(i), CHINESE));
    for (enum finding_id id = 0; id < FINDING_KINDS; id++)
        is_chinese(finding_row(id)->name, finding_sentence(finding_row(id), CHINESE));
    assert_string_equal(glossary_sentence(glossary_find("premaster-secret"), ENGLISH), glossary_find("premaster-secret")->sentence);
    assert_non_null(strstr(glossary_sentence(glossary_find("premaster-secret"), CHINESE), "预主密钥"));
}

static void glossary_is_sound(void **state)
{
    (void)state;
    assert_true(glossary_count() > 200);
    for (size_t i = 0; i < glossary_count(); i++) {
        const struct glossary_row *row = glossary_at(i);
        size_t len = strlen(row->sentence);
        if (glossary_find(row->path) != row)
            fail_msg("%s stands twice", row->path);
        if (len < 5 || (row->sentence[len - 1] != '.' && row->sentence[len - 1] != ')'))
            fail_msg("%s: no sentence", row->path);
        assert_int_equal(glossary_index(row), i);
    }
    assert_string_equal(glossary_find("server_hello.extensions.server_name")->sentence,
                        "Empty: the server used the name that the client sent.");
    assert_ptr_equal(glossary_find("encrypted_extensions.extensions.server_name"),
                     glossary_find("extensions.server_name"));
    assert_null(glossary_find("no_such_field"));
}

static void suites_apart(void **state)
{
    (void)state;
    assert_int_equal(suite_key_exchange(0xc02c), KX_ECDHE);
    assert_int_equal(suite_key_exchange(0x009c), KX_RSA);
    assert_int_equal(suite_key_exchange(0x009e), KX_DHE);
    assert_int_equal(suite_key_exchange(0x00a8), KX_PSK);
    assert_int_equal(suite_key_exchange(0xc035), KX_ECDHE_PSK);
    assert_int_equal(suite_key_exchange(0xeeee), KX_UNKNOWN);
    assert_string_equal(suite_cipher(0xcca9), "ChaCha20-Poly1305");
    assert_string_equal(suite_hash(0xc02c), "SHA-384");
    uint8_t block[88];
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (uint8_t)i;
    struct key_slice slices[KEY_SLICES];
    assert_int_equal(key_block_slices(0xc02c, BYTES_OF(block), slices), 4);
    assert_int_equal(slices[1].value.data[0], 32);
    assert_int_equal(slices[3].value.data[0], 68);
    assert_int_equal(slices[3].value.len, 4);
    assert_int_equal(key_block_slices(0xc02c, bytes_of(block, 71), slices), 0);
}

static void records(void **state)
{
    (void)state;
    uint8_t record[5 + 8 + 7 + 16] = {23, 3, 3, 0, 31};
    struct arena arena;
    arena_start(&arena, &memory_standard, ARENA);
    struct annotation a = annotate_record(&arena, BYTES_OF(record), (struct record_protection){0xc02c, 0x0303, false});
    check_tiling(a.root, sizeof record);
    assert_int_equal(field_find(a.root, "nonce_explicit")->len, 8);
    assert_int_equal(field_find(a.root, "ciphertext")->len, 7);
    assert_int_equal(field_find(a.root, "tag")->len, 16);
    a = annotate_record(&arena, BYTES_OF(record), (struct record_protection){0xcca9, 0x0303, false});
    assert_null(field_find(a.root, "nonce_explicit"));
    assert_int_equal(field_find(a.root, "ciphertext")->len, 15);
    a = annotate_record(&arena, BYTES_OF(record), (struct record_protection){0, 0x0303, false});
    assert_int_equal(field_find(a.root, "fragment")->len, 31);
    a = annotate_record(&arena, bytes_of(record, 12), (struct record_protection){0xc02c, 0x0303, false});
    assert_int_equal(field_find(a.root, "protected")->len, 7);
    a = annotate_record(&arena, bytes_of(record, 3), (struct record_protection){0xc02c, 0x0303, false});
    assert_non_null(a.faults.first);
    check_tiling(a.root, 3);
    arena_end(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_messages),
        cmocka_unit_test(prefixes),
        cmocka_unit_test(altered),
        cmocka_unit_test(facts),
        cmocka_unit_test(whole_connection),
        cmocka_unit_test(nothing_claimed),
        cmocka_unit_test(does_not_grow),
        cmocka_unit_test(hostile_names),
        cmocka_unit_test(oids),
        cmocka_unit_test(glossary_is_sound),
        cmocka_unit_test(all_is_said_in_chinese),
        cmocka_unit_test(suites_apart),
        cmocka_unit_test(records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* ---- recordings ---- */

static bytes from_hex(const char *hex)
{
    size_t len = strspn(hex, "0123456789abcdef") / 2;
    uint8_t *data = malloc(len + 1);
    for (size_t i = 0; i < len; i++) {
        char two[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        data[i] = (uint8_t)strtoul(two, NULL, 16);
    }
    return bytes_of(data, len);
}

/* Lines "client handshake HEX", "server ccs 01", "client alert HEX", or "client HEX" for a handshake message. */
static size_t read_recording(const char *path, struct line *lines, size_t most)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return 0;
    static char text[40000];
    size_t n = 0;
    while (n < most && fgets(text, sizeof text, file) != NULL) {
        bool client = strncmp(text, "client ", 7) == 0;
        if (!client && strncmp(text, "server ", 7) != 0)
            continue;
        const char *hex = text + 7;
        struct line *line = &lines[n++];
        line->from = client ? FEDE_CLIENT : FEDE_SERVER;
        line->kind = FEDE_EVENT_MESSAGE;
        if (strncmp(hex, "ccs ", 4) == 0)
            line->kind = FEDE_EVENT_CCS;
        if (strncmp(hex, "alert ", 6) == 0)
            line->kind = FEDE_EVENT_ALERT;
        const char *space = strchr(hex, ' ');
        line->data = from_hex(space != NULL ? space + 1 : hex);
    }
    fclose(file);
    return n;
}

static void free_lines(struct line *lines, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free((void *)(uintptr_t)lines[i].data.data);
}

static void each_recording(void (*use)(struct line *lines, size_t n, void *arg), void *arg)
{
    static const char *const folders[] = {"tests/unit/recorded", "tests/wire/recorded"};
    for (size_t i = 0; i < 2; i++) {
        DIR *folder = opendir(folders[i]);
        size_t files = 0;
        for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
            char path[600];
            struct line lines[LINES];
            snprintf(path, sizeof path, "%s/%s", folders[i], entry->d_name);
            size_t n = strstr(path, ".txt") || strstr(path, ".hex") ? read_recording(path, lines, LINES) : 0;
            if (n > 0)
                use(lines, n, arg);
            free_lines(lines, n);
            files += n > 0;
        }
        if (folder != NULL)
            closedir(folder);
        assert_true(files > 3);
    }
}

static fede_event event_of(const struct line *line)
{
    fede_event e = {.kind = line->kind, .from = line->from, .ours = line->from == FEDE_CLIENT, .bytes = line->data};
    if (line->kind == FEDE_EVENT_MESSAGE && line->data.len > 0)
        e.what = line->data.data[0];
    if (line->kind == FEDE_EVENT_ALERT && line->data.len == 2) {
        e.number = line->data.data[0];
        e.what = line->data.data[1];
    }
    return e;
}
