/* TCP reassembly: order, repeats, overlaps, wraps, gaps, beginnings and ends, bounds of memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "explain/streams.h"

/* What was told, in order: "C:hello" data, "S-3" a gap, "C!" a conflict, "." the end. */
static char told[8192];
static struct streams t;

static void say(const char *format, ...)
{
    size_t n = strlen(told);
    va_list list;
    va_start(list, format);
    vsnprintf(told + n, sizeof told - n, format, list);
    va_end(list);
}

static void data(void *arg, struct stream *s, int side, bytes d, uint64_t at_us, uint64_t packet)
{
    (void)arg;
    (void)s;
    (void)at_us;
    (void)packet;
    say("%c:%.*s ", "CS"[side], (int)d.len, (const char *)d.data);
}

static void gap(void *arg, struct stream *s, int side, uint64_t len, uint64_t at_us)
{
    (void)arg;
    (void)s;
    (void)at_us;
    say("%c-%u ", "CS"[side], (unsigned)len);
}

static void conflict(void *arg, struct stream *s, int side, int64_t at, bytes used, bytes other)
{
    (void)arg;
    (void)s;
    (void)at;
    say("%c!%.*s/%.*s ", "CS"[side], (int)used.len, (const char *)used.data, (int)other.len, (const char *)other.data);
}

static void ended(void *arg, struct stream *s, enum stream_end how, int side, uint64_t at_us)
{
    (void)arg;
    (void)s;
    (void)side;
    (void)at_us;
    say("%s", how == STREAM_FINISHED ? "fin " : how == STREAM_RESET ? "rst " : how == STREAM_REUSED ? "new " : "stop ");
}

static void begin(void)
{
    static const struct stream_listener listener = {.data = data, .gap = gap, .conflict = conflict, .ended = ended};
    told[0] = '\0';
    assert_true(streams_start(&t, &listener));
}

static uint64_t packet;

static void send_at(bool client, uint8_t flags, uint32_t seq, uint32_t ack, const char *text, size_t missing)
{
    struct segment g = {.seq = seq, .ack = ack, .flags = flags, .payload = bytes_text(text), .missing = missing};
    struct address a = {.family = 4, .ip = {10, 0, 0, 1}, .port = 40000},
                   b = {.family = 4, .ip = {10, 0, 0, 2}, .port = 443};
    g.from = client ? a : b;
    g.to = client ? b : a;
    packet++;
    streams_segment(&t, &g, packet * 1000, packet);
}

static void client(uint32_t seq, uint32_t ack, const char *text)
{
    send_at(true, TCP_ACK, seq, ack, text, 0);
}

static void server(uint32_t seq, uint32_t ack, const char *text)
{
    send_at(false, TCP_ACK, seq, ack, text, 0);
}

static void open_from(uint32_t c, uint32_t s)
{
    send_at(true, TCP_SYN, c - 1, 0, "", 0);
    send_at(false, TCP_SYN | TCP_ACK, s - 1, c, "", 0);
    client(c, s, "");
}

static void finish_is(const char *wanted)
{
    streams_finish(&t);
    assert_string_equal(told, wanted);
    assert_int_equal(t.held_bytes, 0);
    streams_end(&t);
}

static void in_order(void **state)
{
    (void)state;
    begin();
    open_from(100, 500);
    client(100, 500, "hello");
    server(500, 105, "hi");
    client(105, 502, "bye");
    send_at(true, TCP_FIN | TCP_ACK, 108, 502, "", 0);
    server(502, 109, "late"); /* half closed */
    send_at(false, TCP_FIN | TCP_ACK, 506, 109, "", 0);
    client(109, 507, "");
    finish_is("C:hello S:hi C:bye S:late fin ");
}

static void any_order(void **state)
{
    (void)state;
    begin();
    open_from(100, 500);
    server(500, 105, "hi"); /* answers what has not been seen yet */
    client(103, 500, "lo");
    client(103, 500, "lo");
    client(100, 500, "hel");
    client(102, 500, "llo"); /* again */
    finish_is("C:hel C:lo S:hi stop ");
}

static void across_the_wrap(void **state)
{
    (void)state;
    begin();
    open_from(0xfffffffe, 0);
    client(2, 0, "efg");
    client(0xfffffffe, 0, "abcd");
    server(0, 5, "x");
    finish_is("C:abcd C:efg S:x stop ");
}

static void first_copy_wins(void **state)
{
    (void)state;
    begin();
    open_from(100, 500);
    client(104, 500, "EFGH");
    client(102, 500, "cdefghij"); /* overlaps, and differs */
    client(100, 500, "ab");
    finish_is("C!EFGH/efgh C:ab C:cd C:EFGH C:ij stop ");
    begin(); /* also when the first copy was told long ago */
    open_from(100, 500);
    client(100, 500, "abcd");
    client(104, 500, "efgh");
    client(102, 500, "cdEFghij");
    client(100, 500, "abcd");
    client(107, 500, "?"); /* a probe */
    finish_is("C:abcd C:efgh C!cdefgh/cdEFgh C:ij stop ");
}

static void gaps_are_told(void **state)
{
    (void)state;
    begin();
    open_from(100, 500);
    client(105, 500, "later");
    server(500, 110, "ok");
    finish_is("C-5 C:later S:ok stop ");
    begin();
    open_from(100, 500);
    client(100, 500, "one");
    client(103, 530, "two"); /* acknowledges what nobody saw */
    finish_is("C:one S-30 C:two stop ");
    begin();
    open_from(100, 500);
    send_at(true, TCP_ACK, 100, 500, "cut", 7); /* the capture kept three bytes of ten */
    client(110, 500, "next");
    finish_is("C:cut C-7 C:next stop ");
}

static void without_a_beginning(void **state)
{
    (void)state;
    begin();
    client(1005, 500, "second");
    client(1000, 500, "first");
    server(500, 1011, "answer");
    finish_is("C:first C:second S:answer stop ");
    begin(); /* the SYN comes late */
    client(103, 500, "lo");
    client(100, 500, "hel");
    send_at(true, TCP_SYN, 99, 0, "", 0);
    finish_is("C:hel C:lo stop ");
    begin(); /* only the server's side */
    send_at(false, TCP_SYN | TCP_ACK, 499, 100, "", 0);
    server(500, 105, "a");
    server(501, 120, "b");
    finish_is("S:a S:b stop ");
}

static void ends(void **state)
{
    (void)state;
    begin();
    open_from(100, 500);
    client(100, 500, "x");
    send_at(false, TCP_RST, 500, 0, "", 0);
    client(101, 500, "after"); /* nobody listens */
    finish_is("C:x rst ");
    begin(); /* a reset far from what is spoken is somebody else's */
    open_from(100, 500);
    send_at(false, TCP_RST, 500 + 0x20000000, 0, "", 0);
    client(100, 500, "x");
    finish_is("C:x stop ");
    begin(); /* ports used anew */
    open_from(100, 500);
    client(100, 500, "old");
    open_from(7000, 9000);
    client(7000, 9000, "new");
    finish_is("C:old new C:new stop ");
    begin(); /* data in the SYN; a keep-alive probe */
    send_at(true, TCP_SYN, 99, 0, "early", 0);
    send_at(false, TCP_SYN | TCP_ACK, 499, 105, "", 0);
    client(104, 500, "?");
    client(105, 500, "more");
    finish_is("C:early C:more stop ");
}

static void memory_is_bounded(void **state)
{
    (void)state;
    static char block[1001];
    memset(block, 'x', sizeof block - 1);
    begin();
    t.listener.data = NULL;
    static const struct stream_listener quiet = {.data = data, .gap = gap, .ended = ended};
    t.listener = quiet;
    open_from(100, 500);
    size_t most = 0;
    for (uint32_t i = 1; i < 20000; i++) { /* all behind one missing byte */
        client(101 + i * 1000, 500, block);
        most = t.held_bytes > most ? t.held_bytes : most;
        told[20] = '\0';
    }
    assert_true(most < 6u * 1024 * 1024);
    assert_non_null(strstr(told, "C-1001 "));
    streams_finish(&t);
    streams_end(&t);
    begin(); /* a flood of beginnings */
    for (uint32_t i = 0; i < 100000; i++) {
        struct segment g = {.seq = i,
                            .flags = TCP_SYN,
                            .from = {.family = 4, .port = (uint16_t)i, .ip = {1, (uint8_t)(i >> 16)}},
                            .to = {.family = 4, .port = 443}};
        streams_segment(&t, &g, i, i);
        told[0] = '\0';
    }
    assert_true(t.n <= 65536);
    streams_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order),
        cmocka_unit_test(any_order),
        cmocka_unit_test(across_the_wrap),
        cmocka_unit_test(first_copy_wins),
        cmocka_unit_test(gaps_are_told),
        cmocka_unit_test(without_a_beginning),
        cmocka_unit_test(ends),
        cmocka_unit_test(memory_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
