/* Unit tests of src/base: bytes, memory and its meter, the arena's ceiling and wiping, text that never overruns,
   errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

/* ---- Bytes. */

static void test_bytes(void **state)
{
    (void)state;
    uint8_t a[40], b[40];
    memset(a, 0x5a, sizeof a);
    memset(b, 0x5a, sizeof b);
    for (size_t n = 0; n <= sizeof a; n++) {
        assert_true(bytes_equal(bytes_of(a, n), bytes_of(b, n)));
        assert_true(bytes_equal_secret(bytes_of(a, n), bytes_of(b, n)));
        for (size_t i = 0; i < n; i++) {
            b[i] ^= 0x80;
            assert_false(bytes_equal(bytes_of(a, n), bytes_of(b, n)));
            assert_false(bytes_equal_secret(bytes_of(a, n), bytes_of(b, n)));
            b[i] ^= 0x80;
        }
        if (n > 0) {
            assert_false(bytes_equal(bytes_of(a, n), bytes_of(b, n - 1)));
            assert_false(bytes_equal_secret(bytes_of(a, n - 1), bytes_of(b, n)));
        }
    }
    assert_true(bytes_equal(BYTES_NONE, bytes_of(a, 0)));
    assert_true(bytes_equal_secret(BYTES_NONE, bytes_of(a, 0)));

    bytes all = BYTES_OF(a);
    assert_ptr_equal(bytes_skip(all, 3).data, a + 3);
    assert_int_equal(bytes_skip(all, 3).len, 37);
    assert_int_equal(bytes_skip(all, 40).len, 0);
    assert_int_equal(bytes_skip(all, 41).len, 0);
    assert_null(bytes_skip(all, 41).data);
    assert_int_equal(bytes_skip(BYTES_NONE, 0).len, 0);
    assert_int_equal(bytes_first(all, 7).len, 7);
    assert_int_equal(bytes_first(all, 70).len, 40);
    assert_int_equal(bytes_text(NULL).len, 0);
    assert_int_equal(bytes_text("four").len, 4);

    bytes_copy(NULL, NULL, 0); /* defined here, unlike memcpy */
    bytes_move(NULL, NULL, 0);
    bytes_wipe(NULL, 0);
    for (size_t i = 0; i < sizeof a; i++)
        a[i] = (uint8_t)i;
    bytes_move(a + 1, a, 39);
    assert_int_equal(a[1], 0);
    assert_int_equal(a[39], 38);
    bytes_wipe(a + 1, 38);
    assert_int_equal(a[0], 0);
    assert_int_equal(a[38], 0);
    assert_int_equal(a[39], 38);

    static const uint8_t numbers[] = {0x01, 0x02, 0xf3, 0x04, 0x05, 0x06, 0x07, 0x88};
    uint8_t out[8];
    assert_int_equal(load16(numbers + 2), 0xf304);
    assert_int_equal(load24(numbers + 2), 0xf30405);
    assert_int_equal(load32(numbers + 2), 0xf3040506);
    store64(out, 0x0102f30405060788);
    assert_memory_equal(out, numbers, 8);
    store16(out, 0xf304);
    store24(out + 2, 0xa1b2c3);
    assert_int_equal(load16(out), 0xf304);
    assert_int_equal(load24(out + 2), 0xa1b2c3);
}

/* ---- Memory. */

static uint8_t *freed;
static size_t freed_size;
static bool freed_was_zero, freed_keeps_ff;

static void *seen_alloc(void *arg, size_t size)
{
    (void)arg;
    void *p = malloc(size);
    memset(p, 0xee, size); /* the caller must not rely on luck */
    return p;
}

static void seen_free(void *arg, void *p, size_t size)
{
    (void)arg;
    freed = p;
    freed_size = size;
    freed_was_zero = true;
    freed_keeps_ff = false;
    for (size_t i = 0; i < size; i++) {
        freed_was_zero = freed_was_zero && freed[i] == 0;
        freed_keeps_ff = freed_keeps_ff || freed[i] == 0xff;
    }
    free(p);
}

static const fede_allocator seen = {seen_alloc, seen_free, NULL};

static void test_memory(void **state)
{
    (void)state;
    uint8_t *p = memory_take(&seen, 100);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(p[i], 0);
    memset(p, 0x77, 100);
    memory_give(&seen, p, 100);
    assert_true(freed_was_zero);
    assert_int_equal(freed_size, 100);
    freed_size = 12345;
    memory_give(&seen, NULL, 7);
    assert_int_equal(freed_size, 12345); /* not called for nothing */

    p = memory_take(&memory_standard, 0); /* none wanted is not the same as none left */
    assert_non_null(p);
    memory_give(&memory_standard, p, 0);
    char *text = memory_text(&memory_standard, "text");
    assert_string_equal(text, "text");
    memory_give(&memory_standard, text, 5);

    struct memory_meter meter;
    memory_meter_start(&meter);
    void *a = memory_take(&meter.allocator, 10), *b = memory_take(&meter.allocator, 20);
    assert_int_equal(meter.live, 30);
    memory_give(&meter.allocator, a, 10);
    a = memory_take(&meter.allocator, 5);
    assert_int_equal(meter.calls, 3);
    assert_int_equal(meter.blocks, 2);
    assert_int_equal(meter.live, 25);
    assert_int_equal(meter.peak, 30);
    meter.fail_at = 4;
    assert_null(memory_take(&meter.allocator, 1));
    assert_null(memory_take(&meter.allocator, 1)); /* and all after it */
    assert_null(memory_text(&meter.allocator, "x"));
    memory_give(&meter.allocator, a, 5);
    memory_give(&meter.allocator, b, 20);
    assert_int_equal(meter.live, 0);
    assert_int_equal(meter.blocks, 0);
}

/* ---- Arena. */

static void test_arena(void **state)
{
    (void)state;
    struct memory_meter meter;
    struct arena arena;
    memory_meter_start(&meter);
    arena_start(&arena, &meter.allocator, 100000);
    assert_int_equal(meter.calls, 0); /* nothing is taken before it is needed */
    uint8_t *last = NULL;
    for (size_t i = 1; i < 400; i++) {
        uint8_t *p = arena_take(&arena, i);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t n = 0; n < i; n++)
            assert_int_equal(p[n], 0);
        memset(p, 0xff, i); /* no two overlap: the next one is zero again */
        if (last != NULL)
            assert_int_equal(last[0], 0xff);
        last = p;
    }
    assert_true(arena.used <= 100000);
    assert_true(meter.calls < 10);
    bytes copy = arena_copy(&arena, bytes_text("copied"));
    assert_true(bytes_equal(copy, bytes_text("copied")));
    assert_null(arena_copy(&arena, BYTES_NONE).data);
    assert_false(arena.over);
    assert_null(arena_take(&arena, 100000));
    assert_true(arena.over);
    assert_null(arena_take(&arena, SIZE_MAX));
    assert_null(arena_take(&arena, SIZE_MAX - 8));
    arena_end(&arena);
    assert_int_equal(meter.live, 0);
    assert_int_equal(meter.blocks, 0);
    assert_int_equal(arena.used, 0);
    assert_non_null(arena_take(&arena, 50000)); /* may be used again; larger than any chunk */
    arena_end(&arena);
    assert_int_equal(meter.live, 0);

    /* Exactly up to the ceiling. */
    arena_start(&arena, &meter.allocator, 1024);
    for (int i = 0; i < 64; i++)
        assert_non_null(arena_take(&arena, 16));
    assert_null(arena_take(&arena, 1));
    assert_true(arena.over);
    assert_non_null(arena_take(&arena, 0));
    arena_end(&arena);

    /* No memory is not the same as the ceiling. */
    arena_start(&arena, &meter.allocator, 100000);
    meter.fail_at = meter.calls + 2;
    assert_non_null(arena_take(&arena, 5030));
    assert_null(arena_take(&arena, 4000));
    assert_false(arena.over);
    assert_null(
        arena_copy(&arena, bytes_text("a text that has no room left, as long as it may be, xxxxxxxxxxxxxxxxxxxxxx"))
            .data);
    arena_end(&arena);
    assert_int_equal(meter.live, 0);

    arena_start(&arena, &seen, 1000);
    memset(arena_take(&arena, 600), 0xff, 600);
    arena_end(&arena);
    assert_false(freed_keeps_ff); /* what was taken is wiped; the rest was never written to */
}

/* ---- Text. */

static void test_text(void **state)
{
    (void)state;
    char out[64];
    for (size_t size = 0; size <= sizeof out; size++) {
        memset(out, '#', sizeof out);
        struct text t = text_in(out, size);
        text_add(&t, "abc");
        text_add(&t, NULL);
        text_char(&t, ' ');
        text_number(&t, -1234567890123);
        text_char(&t, ' ');
        text_hex(&t, bytes_text("\x01\xfe"));
        text_char(&t, ' ');
        text_hex_number(&t, 0x2a, 4);
        static const char *const want = "abc -1234567890123 01fe 0x002a";
        assert_int_equal(t.len, strlen(want));
        if (size > 0) {
            size_t shown = size - 1 < strlen(want) ? size - 1 : strlen(want);
            assert_int_equal(strlen(out), shown);
            assert_memory_equal(out, want, shown);
        }
        for (size_t i = size; i < sizeof out; i++)
            assert_int_equal(out[i], '#'); /* nothing behind the room */
    }
}

static void test_numbers(void **state)
{
    (void)state;
    static const int64_t numbers[] = {0, 1, -1, 9, 10, INT64_MAX, INT64_MIN, INT64_MIN + 1};
    char out[64], want[64];
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct text t = text_in(out, sizeof out);
        text_number(&t, numbers[i]);
        snprintf(want, sizeof want, "%lld", (long long)numbers[i]);
        assert_string_equal(out, want);
    }
    for (int digits = 0; digits < 20; digits++) {
        static const uint64_t values[] = {0, 1, 0xf, 0x10, 0xc02f, UINT64_MAX};
        for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
            struct text t = text_in(out, sizeof out);
            text_hex_number(&t, values[i], digits);
            snprintf(want, sizeof want, "0x%0*llx", digits, (unsigned long long)values[i]);
            assert_string_equal(out, want);
        }
    }
}

static void test_time(void **state)
{
    (void)state;
    char out[64], want[64];
    static const struct {
        int64_t at;
        const char *text;
    } rows[] = {
        {0, "1970-01-01 00:00:00 UTC"},
        {-1, "1969-12-31 23:59:59 UTC"},
        {951782400, "2000-02-29 00:00:00 UTC"},
        {1777593600, "2026-05-01 00:00:00 UTC"},
        {4107542400, "2100-03-01 00:00:00 UTC"},
        {-62135596800, "0001-01-01 00:00:00 UTC"},
        {253402300799, "9999-12-31 23:59:59 UTC"},
        {-62135596801, "out of range (-62135596801)"},
        {253402300800, "out of range (253402300800)"},
        {INT64_MIN, "out of range (-9223372036854775808)"},
        {INT64_MAX, "out of range (9223372036854775807)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct text t = text_in(out, sizeof out);
        text_time(&t, rows[i].at);
        assert_string_equal(out, rows[i].text);
    }
    for (int64_t at = -62135596800; at < 253402300799; at += 86400 * 11 + 4567) { /* the C library as second opinion */
        struct text t = text_in(out, sizeof out);
        time_t clock = (time_t)at;
        struct tm tm;
        text_time(&t, at);
        gmtime_r(&clock, &tm);
        snprintf(want, sizeof want, "%04d-%02d-%02d %02d:%02d:%02d UTC", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                 tm.tm_hour, tm.tm_min, tm.tm_sec);
        assert_string_equal(out, want);
    }
}

static void test_escaping(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"plain text, 100%", "plain text, 100%"},
        {"a\\b", "a\\\\b"},
        {"\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"},
        {"line\r\nline\t", "line\\x0d\\x0aline\\x09"},
        {"\x7f", "\\x7f"},
        {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"}, /* two bytes */
        {"\xe2\x82\xac", "\xe2\x82\xac"},             /* three */
        {"\xf0\x9f\x94\x92", "\xf0\x9f\x94\x92"},     /* four */
        {"\xc2\x9b", "\\xc2\\x9b"},                   /* C1 control sequence introducer */
        {"\x9b", "\\x9b"},
        {"\xc3", "\\xc3"},          /* cut */
        {"\xc0\xaf", "\\xc0\\xaf"}, /* not the shortest form */
        {"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},          /* surrogate */
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* beyond U+10FFFF */
        {"\xff\xfe", "\\xff\\xfe"},
        {"a\xe2\x80\xae"
         "b",
         "a\\xe2\\x80\\xae"
         "b"}, /* turns the direction of writing */
        {"\xef\xbb\xbf", "\\xef\\xbb\\xbf"},
    };
    char out[400];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct text t = text_in(out, sizeof out);
        text_escaped(&t, bytes_text(rows[i].in));
        assert_string_equal(out, rows[i].out);
        assert_int_equal(t.len, strlen(rows[i].out));
        for (size_t size = 0; size <= t.len; size++) { /* cut anywhere: still well-formed as far as it goes */
            struct text cut = text_in(out, size);
            text_escaped(&cut, bytes_text(rows[i].in));
            assert_int_equal(cut.len, strlen(rows[i].out));
            if (size > 0) {
                assert_true(strlen(out) < size);
                assert_memory_equal(out, rows[i].out, strlen(out));
            }
        }
    }
    struct text t = text_in(out, sizeof out);
    text_escaped(&t, BYTES_OF("nul\0!"));
    assert_string_equal(out, "nul\\x00!\\x00");
    /* Every pair of bytes: nothing that a terminal could take for a command comes out. */
    for (unsigned a = 0; a < 256; a++) {
        for (unsigned b = 0; b < 256; b++) {
            uint8_t in[2] = {(uint8_t)a, (uint8_t)b};
            t = text_in(out, sizeof out);
            text_escaped(&t, BYTES_OF(in));
            for (const char *p = out; *p != '\0'; p++)
                assert_true((uint8_t)*p >= 0x20 && *p != 0x7f);
            if (a == 0xc2 && b < 0xa0)
                assert_int_equal(out[0], '\\');
        }
    }
    /* Cut inside a character of several bytes: none of it is shown, and nothing after it. */
    t = text_in(out, 4);
    text_escaped(&t, bytes_text("ab\xe2\x82\xac"
                                "cd"));
    assert_string_equal(out, "ab");
    assert_int_equal(t.len, 7);
}

/* ---- Errors. */

static void test_errors(void **state)
{
    (void)state;
    fede_error error = {0};
    assert_false(error_set(&error, FEDE_RECORD_MAC, FEDE_ORIGIN_US, "record", 7, 8));
    assert_int_equal(error.reason, FEDE_RECORD_MAC);
    assert_int_equal(error.alert, FEDE_ALERT_BAD_RECORD_MAC);
    assert_int_equal(error.origin, FEDE_ORIGIN_US);
    assert_int_equal(error.message, 0xffff);
    assert_int_equal(error.certificate, 0xffff);
    assert_true(error.offset == UINT32_MAX);
    assert_string_equal(error.where, "record");
    assert_int_equal(error.got, 7);
    assert_int_equal(error.wanted, 8);
    assert_null(error.detail);
    assert_false(error_set(&error, FEDE_OUT_OF_MEMORY, FEDE_ORIGIN_INTERNAL, "later", 1, 2)); /* the first one stays */
    assert_int_equal(error.reason, FEDE_RECORD_MAC);
    assert_int_equal(error.got, 7);

    assert_string_equal(reason_row(FEDE_RECORD_MAC)->name, "RECORD_MAC");
    for (unsigned i = 0; i < FEDE_REASON_COUNT + 10u; i++) {
        assert_non_null(reason_row(i));
        assert_true(strlen(reason_row(i)->sentence) > 10);
    }
    assert_string_equal(reason_row(FEDE_REASON_COUNT)->name, "unknown");
    assert_string_equal(reason_row(UINT32_MAX)->name, "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),    cmocka_unit_test(test_memory),  cmocka_unit_test(test_arena),
        cmocka_unit_test(test_text),     cmocka_unit_test(test_numbers), cmocka_unit_test(test_time),
        cmocka_unit_test(test_escaping), cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
