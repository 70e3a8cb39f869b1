/* tests/unit/report.c: the story as text and JSON, told from events made of recorded messages. With --write DIR it writes
   sample stories, which story_schema.py checks against the schema. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "report/phrases.h"
#include "report/live.h"
#include "report/page.h"

struct play {
    const char *path;    /* recording */
    uint8_t role;        /* who tells the story */
    bool open, fail;     /* the handshake was completed; it ended with an error */
    unsigned data;       /* records of application data */
    bool secrets;        /* the engine hands out secrets */
    const char *hostile; /* put into phases, notes and names */
};

static char *tell(const struct report_options *options, const struct play *play);
static void tell_into(struct report *r, const struct play *play);
static struct report_options plain(int level);

static const uint8_t master[48] = {0xde, 0xad, 0xbe, 0xef, 0xfe, 0xed, 0xfa, 0xce};
static const struct play good = {.path = "tests/unit/recorded/ecdsa.txt", .role = FEDE_CLIENT, .open = true, .data = 3};

/* ---- lines ---- */

static unsigned count_lines(const char *text)
{
    unsigned n = 0;
    for (; *text != '\0'; text++)
        n += *text == '\n';
    return n;
}

/* Cells of a line of these tests: no wide characters, no combining marks. */
static size_t cells(const char *line, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)line[i] & 0xc0) != 0x80;
    return n;
}

static void check_text(const char *text, unsigned width, bool ascii)
{
    assert_true(strlen(text) > 0);
    assert_int_equal(text[strlen(text) - 1], '\n');
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        if (cells(text, len) > width)
            fail_msg("wider than %u: %.*s", width, (int)len, text);
        if (len > 0 && text[len - 1] == ' ')
            fail_msg("ends in a blank: %.*s|", (int)len, text);
        for (size_t i = 0; i < len; i++) {
            unsigned char c = (unsigned char)text[i];
            if (c < 0x20 || c == 0x7f || (ascii && c >= 0x80))
                fail_msg("character %02x in: %.*s", c, (int)len, text);
        }
        text += len + 1;
    }
}

static void widths_and_characters(void **state)
{
    (void)state;
    static const unsigned widths[] = {60, 80, 100, 120, 200};
    static const char *const recordings[] = {"ecdsa", "rsa_mutual", "dhe", "rsa_kx", "chromium", "tls13", "refused"};
    for (int level = 0; level <= 4; level++) {
        for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
            for (size_t i = 0; i < sizeof recordings / sizeof *recordings; i++) {
                char path[100];
                snprintf(path, sizeof path, "tests/unit/recorded/%s.txt", recordings[i]);
                struct play play = {
                    .path = path, .role = i % 2 ? FEDE_SERVER : FEDE_CLIENT, .open = i < 5, .fail = i >= 5, .data = 2};
                struct report_options options = plain(level);
                options.width = widths[w];
                options.utf8 = w % 2 == 0;
                options.times = w == 2;
                char *text = tell(&options, &play);
                if (level > 0 || play.fail)
                    check_text(text, widths[w], !options.utf8);
                else
                    assert_string_equal(text, "");
                free(text);
            }
        }
    }
}

static void default_fits(void **state)
{
    (void)state;
    struct report_options options = plain(1);
    char *text = tell(&options, &good);
    if (count_lines(text) > 40)
        fail_msg("%u lines:\n%s", count_lines(text), text);
    static const char *const wanted[] = {"ClientHello (1)",
                                         "ServerHello (2)",
                                         "Certificate (11)",
                                         "ServerKeyExchange (12)",
                                         "ServerHelloDone (14)",
                                         "ClientKeyExchange (16)",
                                         "ChangeCipherSpec",
                                         "Finished (20)",
                                         "NewSessionTicket (4)",
                                         "SNI localhost",
                                         "ALPN h2",
                                         "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
                                         "encrypted from here on",
                                         "2 round trips",
                                         "listening",
                                         "impersonation",
                                         "alteration",
                                         "C=NL, O=Fede Test, CN=localhost",
                                         "exit 0: all done",
                                         "OUT",
                                         "IN"};
    const char *at = text;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (strstr(text, wanted[i]) == NULL)
            fail_msg("%s is missing in:\n%s", wanted[i], text);
    for (size_t i = 0; i < 6; i++) { /* the messages in their order */
        at = strstr(at, wanted[i]);
        assert_non_null(at);
    }
    assert_null(strchr(text, 0x1b));
    free(text);
}

/* What users of curl -v look for. */
static void verbose_lines(void **state)
{
    (void)state;
    struct report_options options = plain(2);
    options.width = 160;
    char *text = tell(&options, &good);
    static const char *const wanted[] = {
        "Trying 127.0.0.1:443...",
        "ALPN: offers h2, http/1.1",
        "SSL connection using TLSv1.2 / TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 / x25519 / ecdsa_secp256r1_sha256",
        "ALPN: server accepted h2",
        "SSL certificate verify ok.",
        "subjectAltName: host \"localhost\" matched",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 (0xc030)",
        "supported_groups (10)",
        "x25519 (0x001d)",
        "not checked",
        "serial"};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (strstr(text, wanted[i]) == NULL)
            fail_msg("%s is missing in:\n%s", wanted[i], text);
    free(text);
}

/* With -vvv the bytes on the left, taken together, are the message. */
static void every_byte(void **state)
{
    (void)state;
    struct report_options options = plain(4);
    char *text = tell(&options, &good);
    char hex[40000] = "";
    size_t n = 0;
    char *at = strstr(text, "Certificate (11)");
    assert_non_null(at);
    at = strchr(at, '\n') + 1;
    for (; at[8] == ' ' || strspn(at, " 0123456789") >= 6; at = strchr(at, '\n') + 1) {
        const char *p = at + 8;
        if (strcspn(at, "\n") < 10 || strspn(at, " ") == 8)
            continue;
        while (strspn(p, "0123456789abcdef") == 2 && p < at + 8 + 24) {
            hex[n++] = p[0];
            hex[n++] = p[1];
            p += p[2] == ' ' ? 3 : 2;
        }
        if (strchr(at, '\n') == NULL)
            break;
    }
    hex[n] = '\0';
    FILE *file = fopen(good.path, "r");
    static char line[40000];
    bool found = false;
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "server handshake 0b", 19) == 0) {
            assert_string_equal(hex, line + 17);
            found = true;
        }
    }
    fclose(file);
    assert_true(found);
    assert_non_null(strstr(text, "32 fresh random bytes"));
    free(text);
}

/* ---- colour ---- */

static void colour_says_nothing_alone(void **state)
{
    (void)state;
    for (int level = 1; level <= 4; level++) {
        struct report_options options = plain(level);
        char *without = tell(&options, &good);
        options.colour = true;
        char *with = tell(&options, &good);
        assert_non_null(strchr(with, 0x1b));
        char *to = with;
        for (const char *from = with; *from != '\0';) {
            if (*from == 0x1b) {
                from += strcspn(from, "m") + 1;
                continue;
            }
            *to++ = *from++;
        }
        *to = '\0';
        assert_string_equal(with, without);
        free(with);
        free(without);
    }
}

/* ---- secrets ---- */

static void secrets_only_on_request(void **state)
{
    (void)state;
    struct play play = good;
    play.secrets = true;
    for (int level = 1; level <= 4; level++) {
        for (int form = REPORT_TEXT; form <= REPORT_JSON_LINES; form++) {
            struct report_options options = plain(level);
            options.form = (enum report_form)form;
            char *text = tell(&options, &play);
            assert_null(strstr(text, "deadbeef"));
            assert_null(strstr(text, "de ad be ef"));
            free(text);
            options.show_secrets = true;
            text = tell(&options, &play);
            if (strstr(text, form == REPORT_TEXT ? "de ad be ef" : "deadbeef") == NULL)
                fail_msg("no secret at level %d, form %d", level, form);
            free(text);
        }
    }
}

/* ---- hostile words ---- */

static void hostile_words(void **state)
{
    (void)state;
    struct play play = good;
    play.hostile = "a\033[31mb\rc\nd\x7f\xc2\x9b"
                   "e\xff";
    for (int level = 1; level <= 4; level++) {
        for (int utf8 = 0; utf8 <= 1; utf8++) {
            struct report_options options = plain(level);
            options.utf8 = utf8;
            options.title = play.hostile;
            options.number = (unsigned)(utf8 * 7);
            char *text = tell(&options, &play);
            for (const char *c = text; *c != '\0'; c++)
                if (((unsigned char)*c < 0x20 && *c != '\n') || *c == 0x7f)
                    fail_msg("character %02x", (unsigned char)*c);
            assert_null(strstr(text, "\xc2\x9b"));
            assert_null(strchr(text, '\xff'));
            free(text);
        }
    }
    for (int form = REPORT_JSON; form <= REPORT_JSON_LINES; form++) {
        struct report_options options = plain(1);
        options.form = (enum report_form)form;
        options.title = play.hostile;
        char *text = tell(&options, &play);
        for (const char *c = text; *c != '\0'; c++)
            if (((unsigned char)*c < 0x20 && *c != '\n') || *c == 0x7f)
                fail_msg("JSON: character %02x", (unsigned char)*c);
        free(text);
    }
}

/* ---- JSON ---- */

static void document(void **state)
{
    (void)state;
    struct report_options options = plain(1);
    options.form = REPORT_JSON;
    char *text = tell(&options, &good);
    json_error_t error;
    json_t *story = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (story == NULL)
        fail_msg("%s at line %d", error.text, error.line);
    assert_int_equal(json_integer_value(json_object_get(story, "story")), 1);
    assert_int_equal(json_array_size(json_object_get(story, "messages")), 11 + 1);
    assert_int_equal(json_integer_value(json_object_get(story, "round_trips")), 2);
    json_t *hello = json_array_get(json_object_get(story, "messages"), 0);
    assert_string_equal(json_string_value(json_object_get(hello, "name")), "ClientHello");
    json_t *suite = json_object_get(json_object_get(story, "choice"), "cipher_suite");
    assert_int_equal(json_integer_value(json_object_get(suite, "number")), 0xc02c);
    json_t *traffic = json_object_get(json_object_get(json_object_get(story, "traffic"), "server"), "data_records");
    assert_int_equal(json_integer_value(traffic), 3);
    json_decref(story);
    free(text);
}

/* ---- long connections, many connections ---- */

static void does_not_grow(void **state)
{
    (void)state;
    size_t sizes[2];
    for (int i = 0; i < 2; i++) {
        struct play play = good;
        play.data = i == 0 ? 10 : 20000;
        struct report_options options = plain(1);
        options.form = REPORT_JSON;
        char *text = tell(&options, &play);
        sizes[i] = strlen(text);
        free(text);
    }
    assert_true(sizes[1] < sizes[0] + 200);
}

static void alerts_without_end(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    struct report_options options = plain(1);
    options.form = REPORT_JSON;
    options.out = open_memstream(&text, &size);
    struct report *r = report_new(&options);
    tell_into(r, &good);
    fede_event e = {.kind = FEDE_EVENT_ALERT,
                    .from = FEDE_SERVER,
                    .what = 100,
                    .number = 1,
                    .epoch = 1,
                    .bytes = BYTES_OF("\1\144")};
    e.bytes.len = 2;
    for (int i = 0; i < 100000; i++)
        report_trace(r, &e);
    report_end(r, NULL, 0, NULL);
    report_free(r);
    fclose(options.out);
    assert_true(size < 400000);
    assert_non_null(strstr(text, "messages_left_out"));
    free(text);
}

struct job {
    FILE *out;
    unsigned first;
    int level;
};

static void *many(void *arg)
{
    const struct job *job = arg;
    for (unsigned i = 0; i < 50; i++) {
        struct report_options options = plain(job->level);
        options.out = job->out;
        options.number = job->first + i;
        options.title = "127.0.0.1:12345";
        struct report *r = report_new(&options);
        tell_into(r, &good);
        report_end(r, NULL, 0, NULL);
        report_free(r);
    }
    return NULL;
}

/* A line is always one connection's, however many threads write. */
static void threads(void **state)
{
    (void)state;
    for (int level = 1; level <= 2; level++) {
        FILE *out = tmpfile();
        assert_non_null(out);
        pthread_t thread[4];
        struct job jobs[4];
        for (unsigned i = 0; i < 4; i++) {
            jobs[i] = (struct job){out, 1 + 100 * i, level};
            assert_int_equal(pthread_create(&thread[i], NULL, many, &jobs[i]), 0);
        }
        for (unsigned i = 0; i < 4; i++)
            pthread_join(thread[i], NULL);
        size_t size = (size_t)ftell(out);
        char *text = calloc(1, size + 1);
        rewind(out);
        assert_int_equal(fread(text, 1, size, out), size);
        fclose(out);
        unsigned lines = 0, ended[400] = {0};
        for (char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1, lines++) {
            unsigned number = 0;
            int len = 0;
            assert_int_equal(sscanf(line, "[%u]%n", &number, &len), 1);
            assert_in_range(number, 1, 399);
            if (level == 1)
                ended[number]++;
        }
        if (level == 1) {
            assert_int_equal(lines, 200);
            for (unsigned i = 0; i < 4; i++)
                for (unsigned k = 0; k < 50; k++)
                    assert_int_equal(ended[1 + 100 * i + k], 1);
            assert_non_null(
                strstr(text, "127.0.0.1:12345 TLS 1.2 TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 x25519 h2 localhost"));
        }
        free(text);
    }
}

/* ---- the page ---- */

static void check_said(const char *english, const char *chinese)
{
    char out[600];
    struct text t = text_in(out, sizeof out);
    phrase_text(CHINESE, english, &t);
    assert_string_equal(out, chinese);
    t = text_in(out, sizeof out);
    phrase_text(ENGLISH, english, &t);
    assert_string_equal(out, english);
}

static void phrases_hold_values(void **state)
{
    (void)state;
    assert_string_equal(phrase(CHINESE, "Keys"), "密钥");
    assert_string_equal(phrase(ENGLISH, "Keys"), "Keys");
    assert_string_equal(phrase(CHINESE, "no such phrase"), "no such phrase");
    check_said("certificate for a.example up to trust anchor CN=x; y", "适用于 a.example 的证书，上至信任锚 CN=x; y");
    check_said("round trip 7", "往返 7");
    check_said("round trip ", "round trip ");
    check_said("round trip x", "round trip x"); /* a hole for numbers holds nothing else */
    check_said("text/html; charset=utf-8", "text/html; charset=utf-8"); /* a semicolon that is not ours */
    check_said("no SNI; charset=utf-8", "无 SNI；charset=utf-8");
    check_said("client: 12 bytes from byte 3 on came twice with different content; the first copy counts (00), not the second (01)",
               "客户端：从字节 3 起的 12 字节来了两次且内容不同；以第一次为准（00），而非第二次（01）");
    check_said("The server's certificate ended on 2021-01-01 00:00:00 UTC; the clock here says 2026-11-01 00:00:00 UTC. "
               "(certificate 0, notAfter; alert certificate_expired; RFC 5280 4.1.2.5)",
               "服务器的证书已于 2021-01-01 00:00:00 UTC 到期；此处的时钟为 2026-11-01 00:00:00 UTC。（证书 0，notAfter；警报 "
               "certificate_expired；RFC 5280 4.1.2.5）");
    check_said("", "");
    check_said("x25519 key exchange (forward secrecy), AES", "x25519 密钥交换（前向保密），AES");
    check_said("After {} nothing", "After {} nothing");
}

static void page_layout(void **state)
{
    (void)state;
    struct page p;
    page_start(&p, 40, false, true);
    page_put(&p, PLAIN, "tag");
    page_to(&p, 6);
    page_words(&p, PLAIN, 6, "one two three four five six seven eight nine");
    page_line(&p);
    page_right(&p, PLAIN, 6, "12");
    page_to(&p, 3);
    page_put(&p, PLAIN, "behind");
    page_line(&p);
    page_words(&p, PLAIN, 0, "123456789012345678901234567890123456789012345");
    page_line(&p);
    assert_string_equal(page_text(&p), "tag   one two three four five six seven\n"
                                       "      eight nine\n"
                                       "    12 behind\n"
                                       "1234567890123456789012345678901234567890\n"
                                       "12345\n");
    page_end(&p);
    page_start(&p, 40, false, false);
    page_put(&p, PLAIN, "→ ✓ … é");
    page_line(&p);
    assert_string_equal(page_text(&p), "-> ok ... \\xc3\\xa9\n");
    page_end(&p);
    page_start(&p, 40, false, true);
    page_put(&p, PLAIN, "世界");
    assert_int_equal(p.column, 4);
    page_end(&p);
    /* Chinese has no blanks: lines end between characters, but never before a full stop or behind an opening bracket. */
    page_start(&p, 40, false, true);
    page_words(&p, PLAIN, 0, "客户端开始握手：说明自己的能力，请服务器选。择（RFC 5246）密码套件 cipher suite");
    page_line(&p);
    page_words(&p, PLAIN, 0, "一二三四五六七八九十一二三四五六七八九（括号");
    page_line(&p);
    assert_string_equal(page_text(&p), "客户端开始握手：说明自己的能力，请服务器\n"
                                       "选。择（RFC 5246）密码套件 cipher suite\n"
                                       "一二三四五六七八九十一二三四五六七八九\n"
                                       "（括号\n");
    page_end(&p);
}

static int write_samples(const char *folder);

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--write") == 0)
        return write_samples(argv[2]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(widths_and_characters),
        cmocka_unit_test(default_fits),
        cmocka_unit_test(verbose_lines),
        cmocka_unit_test(every_byte),
        cmocka_unit_test(colour_says_nothing_alone),
        cmocka_unit_test(secrets_only_on_request),
        cmocka_unit_test(hostile_words),
        cmocka_unit_test(document),
        cmocka_unit_test(does_not_grow),
        cmocka_unit_test(alerts_without_end),
        cmocka_unit_test(threads),
        cmocka_unit_test(page_layout),
        cmocka_unit_test(phrases_hold_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

static int write_samples(const char *folder)
{
    static const char *const recordings[] = {"ecdsa", "rsa_mutual", "dhe", "rsa_kx", "chromium", "tls13", "refused"};
    for (size_t i = 0; i < 4 * (sizeof recordings / sizeof *recordings); i++) {
        char path[100], name[600];
        bool lines = i % 2, most = i / 2 % 2;
        const char *recording = recordings[i / 4];
        struct play play = {.role = most ? FEDE_SERVER : FEDE_CLIENT,
                            .open = i / 4 < 5,
                            .fail = i / 4 >= 5,
                            .data = 2,
                            .secrets = most,
                            .hostile = most ? "\033\xff\"</script>" : NULL};
        play.path = path;
        struct report_options options = plain(most ? 4 : 1);
        options.form = lines ? REPORT_JSON_LINES : REPORT_JSON;
        options.show_secrets = most;
        options.number = most ? 5 : 0;
        snprintf(path, sizeof path, "tests/unit/recorded/%s.txt", recording);
        snprintf(name, sizeof name, "%s/%s%d.%s", folder, recording, most, lines ? "jsonl" : "json");
        options.out = fopen(name, "w");
        if (options.out == NULL)
            return 1;
        struct report *r = report_new(&options);
        tell_into(r, &play);
        report_end(r, NULL, play.fail ? 6 : 0, NULL);
        report_free(r);
        fclose(options.out);
    }
    return 0;
}

/* ---- telling ---- */

static struct report_options plain(int level)
{
    return (struct report_options){
        .form = REPORT_TEXT, .level = level, .utf8 = true, .width = 80, .title = "https://localhost/"};
}

static char *tell(const struct report_options *options, const struct play *play)
{
    char *text = NULL;
    size_t size = 0;
    struct report_options o = *options;
    o.out = open_memstream(&text, &size);
    struct report *r = report_new(&o);
    assert_non_null(r);
    tell_into(r, play);
    report_end(r, NULL, play->fail ? 6 : 0, NULL);
    report_free(r);
    fclose(o.out);
    return text;
}

static void record(struct report *r, fede_event e, uint16_t type, bytes content, uint64_t number)
{
    static _Thread_local uint8_t whole[40000];
    size_t extra = e.epoch ? 24 : 0;
    whole[0] = (uint8_t)type;
    whole[1] = whole[2] = 3;
    store16(whole + 3, (uint16_t)(content.len + extra));
    bytes_copy(whole + 5, content.data, content.len);
    memset(whole + 5 + content.len, 0, extra);
    e.kind = FEDE_EVENT_RECORD;
    e.what = type;
    e.bytes = bytes_of(whole, 5 + content.len + extra);
    e.plain = content;
    e.number = number;
    report_trace(r, &e);
}

static void tell_verdict(struct report *r, const struct play *play, uint64_t at_us)
{
    static const fede_check checks[] = {
        {.kind = FEDE_CHECK_SIGNATURE, .outcome = FEDE_PASSED, .certificate = 0, .detail = "by itself"},
        {.kind = FEDE_CHECK_NAME, .outcome = FEDE_PASSED, .certificate = 0, .detail = "localhost is among its names"},
        {.kind = FEDE_CHECK_REVOCATION, .outcome = FEDE_NOT_CHECKED, .certificate = 0},
        {.kind = FEDE_CHECK_VALIDITY, .outcome = FEDE_FAILED, .certificate = 1, .reason = FEDE_CERT_EXPIRED},
    };
    fede_verdict verdict = {.accepted = !play->fail,
                            .reason = play->fail ? FEDE_CERT_EXPIRED : 0,
                            .n_checks = play->fail ? 4 : 3,
                            .checks = checks,
                            .at = 1795254600,
                            .name = play->hostile != NULL ? play->hostile : "localhost"};
    fede_event e = {.kind = FEDE_EVENT_VERDICT, .from = FEDE_CLIENT, .ours = true, .at_us = at_us, .verdict = &verdict};
    report_trace(r, &e);
}

static void tell_into(struct report *r, const struct play *play)
{
    const char *word = play->hostile != NULL ? play->hostile : "localhost";
    uint64_t now = 5000000, numbers[3] = {0};
    report_phase(r, "url", true, "https; host localhost", now, now);
    report_phase(r, "dns", true, word, now, now + 300);
    report_note(r, 2, "Trying 127.0.0.1:443...");
    report_note(r, 1, word);
    report_phase(r, "tcp", true, "connected", now + 300, now + 400);
    FILE *file = fopen(play->path, "r");
    assert_non_null(file);
    static _Thread_local char line[40000];
    static _Thread_local uint8_t data[20000];
    bool protects[3] = {false};
    fede_event e = {
        .kind = FEDE_EVENT_STARTED, .from = play->role, .ours = true, .what = play->role, .label = NULL, .at_us = now};
    report_trace(r, &e);
    while (fgets(line, sizeof line, file) != NULL) {
        char side[16], kind[16];
        int at = 0;
        assert_int_equal(sscanf(line, "%15s %15s %n", side, kind, &at), 2);
        size_t len = strspn(line + at, "0123456789abcdef") / 2;
        for (size_t i = 0; i < len; i++) {
            char two[3] = {line[at + 2 * (int)i], line[at + 2 * (int)i + 1], '\0'};
            data[i] = (uint8_t)strtoul(two, NULL, 16);
        }
        now += 400;
        uint8_t from = strcmp(side, "client") == 0 ? FEDE_CLIENT : FEDE_SERVER;
        e = (fede_event){.from = from,
                         .ours = from == play->role,
                         .epoch = protects[from],
                         .at_us = now,
                         .bytes = bytes_of(data, len)};
        uint16_t type = 22;
        e.kind = FEDE_EVENT_MESSAGE;
        e.what = data[0];
        if (strcmp(kind, "ccs") == 0) {
            e.kind = FEDE_EVENT_CCS;
            type = 20;
        } else if (strcmp(kind, "alert") == 0) {
            e.kind = FEDE_EVENT_ALERT;
            e.number = data[0];
            e.what = data[1];
            type = 21;
            if (play->open) /* the closing alert comes below */
                continue;
        }
        if (!e.ours)
            record(r, e, type, e.bytes, numbers[from]++);
        report_trace(r, &e);
        if (e.ours)
            record(r, e, type, e.bytes, numbers[from]++);
        if (e.kind == FEDE_EVENT_CCS) {
            protects[from] = true;
            numbers[from] = 0;
        }
        if (e.kind == FEDE_EVENT_MESSAGE && data[0] == 14 && play->role == FEDE_CLIENT) {
            tell_verdict(r, play, now);
            if (play->secrets) {
                fede_event s = {.kind = FEDE_EVENT_SECRET,
                                .from = FEDE_CLIENT,
                                .ours = true,
                                .at_us = now,
                                .label = "CLIENT_RANDOM",
                                .bytes = BYTES_OF(master)};
                report_trace(r, &s);
            }
        }
    }
    fclose(file);
    e = (fede_event){.kind = FEDE_EVENT_OPENED, .from = play->role, .ours = true, .epoch = 1, .at_us = now};
    if (play->open)
        report_trace(r, &e);
    report_phase(r, "request", true, "GET / HTTP/1.1", now, now);
    memset(data, 'x', 500);
    for (unsigned i = 0; i < play->data; i++) {
        e = (fede_event){.from = FEDE_SERVER, .ours = play->role == FEDE_SERVER, .epoch = 1, .at_us = ++now};
        record(r, e, 23, bytes_of(data, 500), numbers[FEDE_SERVER]++);
    }
    report_phase(r, "response", true, "HTTP/1.1 200 OK", now, now);
    data[0] = 1;
    data[1] = 0;
    e = (fede_event){.kind = FEDE_EVENT_ALERT,
                     .from = FEDE_SERVER,
                     .ours = play->role == FEDE_SERVER,
                     .epoch = 1,
                     .number = 1,
                     .at_us = ++now,
                     .bytes = bytes_of(data, 2)};
    if (play->open)
        report_trace(r, &e);
    fede_error error = {.reason = FEDE_CERT_EXPIRED,
                        .alert = 45,
                        .origin = FEDE_ORIGIN_US,
                        .message = 11,
                        .certificate = 0,
                        .offset = UINT32_MAX,
                        .where = "notAfter",
                        .got = 1777593600,
                        .wanted = 1795254600};
    e = (fede_event){.kind = FEDE_EVENT_ENDED, .from = play->role, .ours = true, .at_us = ++now};
    e.error = play->fail ? &error : NULL;
    report_trace(r, &e);
}
