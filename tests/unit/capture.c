/* Capture files and link layers: forms and byte orders made by hand, damage, packed and cut files; headers down to TCP. Whole
   conversations are in tests/captures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <zlib.h>

#include <cmocka.h>

#include "explain/capture.h"
#include "explain/linklayer.h"
#include "explain/secrets.h"

/* ---- building files ---- */

struct build {
    uint8_t data[4096];
    size_t len;
    bool little;
};

static void put(struct build *b, const void *data, size_t len)
{
    assert_true(b->len + len <= sizeof b->data);
    memcpy(b->data + b->len, data, len);
    b->len += len;
}

static void put_n(struct build *b, uint64_t n, int size)
{
    uint8_t digits[8];
    for (int i = 0; i < size; i++)
        digits[b->little ? i : size - 1 - i] = (uint8_t)(n >> 8 * i);
    put(b, digits, (size_t)size);
}

static void pcap_header(struct build *b, uint32_t magic)
{
    put_n(b, magic, 4);
    put_n(b, 0x00020004, 4);
    put_n(b, 0, 4);
    put_n(b, 0, 4);
    put_n(b, 65535, 4);
    put_n(b, 101, 4);
}

static void pcap_packet(struct build *b, uint32_t seconds, uint32_t fraction, const char *data, uint32_t wire_len)
{
    put_n(b, seconds, 4);
    put_n(b, fraction, 4);
    put_n(b, strlen(data), 4);
    put_n(b, wire_len, 4);
    put(b, data, strlen(data));
}

static size_t block_begin(struct build *b, uint32_t type)
{
    size_t at = b->len;
    put_n(b, type, 4);
    put_n(b, 0, 4);
    return at;
}

static void block_end(struct build *b, size_t at)
{
    while (b->len % 4 != 0)
        put(b, "", 1);
    uint32_t total = (uint32_t)(b->len + 4 - at);
    put_n(b, total, 4);
    size_t end = b->len;
    b->len = at + 4;
    put_n(b, total, 4);
    b->len = end;
}

static void section(struct build *b)
{
    size_t at = block_begin(b, 0x0a0d0d0a);
    put_n(b, 0x1a2b3c4d, 4);
    put_n(b, 1, 2);
    put_n(b, 0, 2);
    put_n(b, UINT64_MAX, 8);
    block_end(b, at);
}

static void interface(struct build *b, uint16_t link, int resolution, int64_t offset)
{
    size_t at = block_begin(b, 1);
    put_n(b, link, 2);
    put_n(b, 0, 2);
    put_n(b, 0, 4);
    if (resolution >= 0) {
        put_n(b, 9, 2);
        put_n(b, 1, 2);
        put_n(b, (uint64_t)resolution, 1);
        put(b, "\0\0", 3);
        put_n(b, 14, 2);
        put_n(b, 8, 2);
        put_n(b, (uint64_t)offset, 8);
        put_n(b, 0, 4);
    }
    block_end(b, at);
}

static void enhanced(struct build *b, uint32_t which, uint64_t units, const char *data)
{
    size_t at = block_begin(b, 6);
    put_n(b, which, 4);
    put_n(b, units >> 32, 4);
    put_n(b, units & UINT32_MAX, 4);
    put_n(b, strlen(data), 4);
    put_n(b, strlen(data), 4);
    put(b, data, strlen(data));
    block_end(b, at);
}

/* ---- reading them ---- */

struct file {
    struct input *input;
    struct capture c;
};

static struct file open_bytes(const void *data, size_t len)
{
    struct file f = {.input = input_memory(bytes_of(data, len))};
    assert_non_null(f.input);
    capture_start(&f.c, f.input);
    return f;
}

static void close_file(struct file *f)
{
    capture_end(&f->c);
    input_free(f->input);
}

static void packet_is(struct file *f, const char *data, uint64_t at_us, uint16_t link)
{
    struct capture_item item = capture_next(&f->c);
    assert_int_equal(item.what, CAPTURE_PACKET);
    assert_int_equal(item.data.len, strlen(data));
    assert_memory_equal(item.data.data, data, item.data.len);
    assert_int_equal(item.at_us, at_us);
    assert_int_equal(item.link, link);
}

static void over(struct file *f, bool cut, bool problem)
{
    assert_int_equal(capture_next(&f->c).what, CAPTURE_END);
    assert_int_equal(f->c.problem != NULL, problem);
    assert_int_equal(f->c.cut, cut);
    assert_int_equal(capture_next(&f->c).what, CAPTURE_END);
    close_file(f);
}

static void pcap_in_every_form(void **state)
{
    (void)state;
    for (int form = 0; form < 4; form++) {
        struct build b = {.little = form & 1};
        pcap_header(&b, form & 2 ? 0xa1b23c4d : 0xa1b2c3d4);
        pcap_packet(&b, 1000, form & 2 ? 5999 : 5, "one", 3);
        pcap_packet(&b, 1001, 0, "", 9);
        pcap_packet(&b, 1002, 0, "three", 5);
        struct file f = open_bytes(b.data, b.len);
        packet_is(&f, "one", 1000000005, 101);
        packet_is(&f, "", 1001000000, 101);
        packet_is(&f, "three", 1002000000, 101);
        assert_int_equal(f.c.packets, 3);
        over(&f, false, false);
    }
}

static void pcapng_in_every_form(void **state)
{
    (void)state;
    for (int form = 0; form < 2; form++) {
        struct build b = {.little = form == 0};
        section(&b);
        interface(&b, 1, -1, 0);
        interface(&b, 276, 9, 100);     /* nanoseconds, and 100 s more */
        interface(&b, 0, 0x80 | 10, 0); /* units of 1/1024 s */
        enhanced(&b, 1, 7000001999u, "b");
        enhanced(&b, 0, 1234567, "a");
        enhanced(&b, 2, 1024 * 3 + 512, "c");
        enhanced(&b, 3, 1, "no such interface");
        size_t at = block_begin(&b, 0x77777777);
        put(&b, "something else", 14);
        block_end(&b, at);
        at = block_begin(&b, 3);
        put_n(&b, 4, 4);
        put(&b, "simp", 4);
        block_end(&b, at);
        b.little = !b.little;
        section(&b);
        interface(&b, 101, -1, 0);
        enhanced(&b, 0, 99, "other order");
        struct file f = open_bytes(b.data, b.len);
        packet_is(&f, "b", 107000001, 276);
        packet_is(&f, "a", 1234567, 1);
        packet_is(&f, "c", 3500000, 0);
        packet_is(&f, "simp", 3500000, 1);
        packet_is(&f, "other order", 99, 101);
        assert_int_equal(f.c.left_out, 1);
        over(&f, false, false);
    }
}

static void secrets_from_anywhere(void **state)
{
    (void)state;
    static const char line[] =
        "CLIENT_RANDOM 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff aabb\r\n";
    struct build b = {.little = true};
    section(&b);
    interface(&b, 1, -1, 0);
    enhanced(&b, 0, 1, "packet");
    size_t at = block_begin(&b, 10);
    put_n(&b, 0x544c534b, 4);
    put_n(&b, sizeof line - 1, 4);
    put(&b, line, sizeof line - 1);
    block_end(&b, at);
    struct file f = open_bytes(b.data, b.len);
    struct secrets s = {0};
    f.c.secrets_only = true;
    struct capture_item item = capture_next(&f.c);
    assert_int_equal(item.what, CAPTURE_SECRETS);
    secrets_lines(&s, item.data);
    uint8_t random[32];
    for (size_t i = 0; i < 32; i++)
        random[i] = (uint8_t)(i % 16 * 0x11);
    bytes secret = secrets_find(&s, SECRET_MASTER, BYTES_OF(random), 0);
    assert_int_equal(secret.len, 2);
    assert_memory_equal(secret.data, "\xaa\xbb", 2);
    assert_null(secrets_find(&s, SECRET_MASTER, BYTES_OF(random), 1).data);
    assert_null(secrets_find(&s, SECRET_CLIENT_TRAFFIC, BYTES_OF(random), 0).data);
    secrets_lines(&s, bytes_of(line, sizeof line - 1));
    secrets_lines(&s, bytes_text("what is this\n# comment\n\nCLIENT_RANDOM 00 aa\n"));
    assert_int_equal(s.used, 1);
    assert_int_equal(s.repeated, 1);
    assert_int_equal(s.foreign, 2);
    secrets_end(&s);
    over(&f, false, false);
}

static void damage_is_said(void **state)
{
    (void)state;
    struct build b = {.little = true};
    pcap_header(&b, 0xa1b2c3d4);
    pcap_packet(&b, 1, 0, "whole", 5);
    size_t whole = b.len;
    pcap_packet(&b, 2, 0, "cut off", 7);
    struct file f = open_bytes(b.data, whole + 7);
    packet_is(&f, "whole", 1000000, 101);
    assert_int_equal(f.c.problem == NULL, true);
    over(&f, true, true);
    f = open_bytes(b.data, b.len - 3); /* what is there of the packet is handed out */
    packet_is(&f, "whole", 1000000, 101);
    packet_is(&f, "cut ", 2000000, 101);
    over(&f, true, true);
    memset(b.data + whole + 8, 0xff, 4); /* a length beyond reason */
    f = open_bytes(b.data, b.len);
    packet_is(&f, "whole", 1000000, 101);
    over(&f, false, true);
    f = open_bytes("neither of them", 15);
    assert_int_equal(capture_next(&f.c).what, CAPTURE_END);
    assert_int_equal(f.c.form, CAPTURE_FOREIGN);
    over(&f, false, true);
    f = open_bytes("", 0);
    over(&f, false, true);
    b = (struct build){.little = true};
    section(&b);
    interface(&b, 1, -1, 0);
    size_t at = b.len;
    enhanced(&b, 0, 1, "packet");
    b.data[b.len - 4] ^= 4; /* the lengths differ */
    f = open_bytes(b.data, b.len);
    over(&f, false, true);
    b.data[b.len - 4] ^= 4;
    b.data[at + 4] = 11; /* too short for a block */
    f = open_bytes(b.data, b.len);
    over(&f, false, true);
}

static void gzip_of_these(void **state)
{
    (void)state;
    struct build b = {.little = true};
    uint8_t packed[1024];
    pcap_header(&b, 0xa1b2c3d4);
    pcap_packet(&b, 1, 0, "inside", 6);
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = b.data;
    z.avail_in = (uInt)b.len;
    z.next_out = packed;
    z.avail_out = sizeof packed;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t len = sizeof packed - z.avail_out;
    deflateEnd(&z);
    struct file f = open_bytes(packed, len);
    packet_is(&f, "inside", 1000000, 101);
    over(&f, false, false);
    f = open_bytes(packed, len - 12);
    while (capture_next(&f.c).what == CAPTURE_PACKET)
        ;
    assert_non_null(f.c.problem);
    assert_true(f.c.cut);
    close_file(&f);
    packed[len - 6] ^= 1; /* check sum */
    f = open_bytes(packed, len);
    while (capture_next(&f.c).what == CAPTURE_PACKET)
        ;
    assert_non_null(f.c.problem);
    close_file(&f);
}

/* ---- link layers ---- */

/* A TCP segment with "data" in an IPv4 packet; returns its length. */
static size_t ip4(uint8_t *out, uint16_t total)
{
    static const uint8_t header[40] = {0x45, 0, 0, 0,    0,    1, 0,    0, 64, 6, 0, 0, 127, 0, 0, 1,    127,
                                       0,    0, 2, 0x12, 0x34, 1, 0xbb, 0, 0,  0, 9, 0, 0,   0, 8, 0x50, 0x18};
    memcpy(out, header, sizeof header);
    memcpy(out + sizeof header, "data", 4);
    store16(out + 2, total);
    return 44;
}

static void is_data(const struct segment *s, const char *text)
{
    assert_int_equal(s->from.port, 0x1234);
    assert_int_equal(s->to.port, 443);
    assert_int_equal(s->seq, 9);
    assert_int_equal(s->payload.len, strlen(text));
    assert_memory_equal(s->payload.data, text, s->payload.len);
}

static void headers_below_tcp(void **state)
{
    (void)state;
    static const struct {
        uint16_t link;
        const char *head;
        size_t len;
    } rows[] = {
        {101, "", 0},
        {0, "\2\0\0\0", 4},
        {108, "\0\0\0\2", 4},
        {1, "222222111111\x08\0", 14},
        {1, "222222111111\x81\0\0\5\x08\0", 18},
        {1, "222222111111\x88\xa8\0\5\x81\0\0\6\x08\0", 22},
        {1, "222222111111\x88\x47\0\1\0\x40\0\2\1\x40", 22},
        {1, "222222111111\x88\x64\x11\0\0\1\0\x2e\0\x21", 22},
        {1, "222222111111\0\x40\xaa\xaa\3\0\0\0\x08\0", 22},
        {113, "\0\0\0\1\0\6\0\0\0\0\0\0\0\0\x08\0", 16},
        {276, "\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20},
        {9, "\xff\3\0\x21", 4},
    };
    struct layers l;
    struct segment s;
    layers_start(&l);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t packet[128];
        memcpy(packet, rows[i].head, rows[i].len);
        size_t len = rows[i].len + ip4(packet + rows[i].len, 44);
        memset(packet + len, 0xee, 10); /* padding */
        assert_non_null(link_name(rows[i].link));
        assert_true(layers_segment(&l, rows[i].link, bytes_of(packet, len + 10), (uint32_t)len + 10, &s));
        is_data(&s, "data");
        for (size_t cut = 0; cut < len - 4; cut++) { /* cut anywhere in the headers */
            uint8_t *exact = malloc(cut > 0 ? cut : 1);
            memcpy(exact, packet, cut);
            assert_false(layers_segment(&l, rows[i].link, bytes_of(exact, cut), (uint32_t)len, &s));
            free(exact);
        }
        ip4(packet + rows[i].len, 0); /* filled in later by hardware */
        assert_true(layers_segment(&l, rows[i].link, bytes_of(packet, len), (uint32_t)len, &s));
        is_data(&s, "data");
    }
    uint8_t packet[64];
    size_t len = ip4(packet, 44);
    assert_true(layers_segment(&l, 101, bytes_of(packet, len - 3), (uint32_t)len, &s)); /* snap length */
    is_data(&s, "d");
    assert_int_equal(s.missing, 3);
    assert_false(layers_segment(&l, 147, bytes_of(packet, len), (uint32_t)len, &s));
    assert_int_equal(l.unknown_link, 1);
    layers_end(&l);
}

static void fragments_in_any_order(void **state)
{
    (void)state;
    struct layers l;
    struct segment s;
    uint8_t whole[64], piece[3][64];
    size_t len[3], n = ip4(whole, 44) - 20;
    for (size_t i = 0; i < 3; i++) {
        size_t part = i < 2 ? 8 : n - 16;
        memcpy(piece[i], whole, 20);
        store16(piece[i] + 6, (uint16_t)(i | (i < 2 ? 0x2000 : 0)));
        memcpy(piece[i] + 20, whole + 20 + 8 * i, part);
        store16(piece[i] + 2, (uint16_t)(20 + part));
        len[i] = 20 + part;
    }
    static const int orders[][4] = {{0, 1, 2, -1}, {2, 1, 0, -1}, {1, 0, 2, -1}, {1, 1, 2, 0}};
    for (size_t k = 0; k < 4; k++) {
        layers_start(&l);
        bool done = false;
        for (size_t i = 0; i < 4 && orders[k][i] >= 0; i++) {
            int at = orders[k][i];
            assert_false(done);
            done = layers_segment(&l, 101, bytes_of(piece[at], len[at]), (uint32_t)len[at], &s);
        }
        assert_true(done);
        is_data(&s, "data");
        assert_int_equal(l.n_fragmented, 0);
        assert_int_equal(l.held, 0);
        layers_end(&l);
    }
    /* The first copy counts. */
    layers_start(&l);
    assert_false(layers_segment(&l, 101, bytes_of(piece[2], len[2]), (uint32_t)len[2], &s));
    memset(piece[2] + 20, 'x', len[2] - 20);
    assert_false(layers_segment(&l, 101, bytes_of(piece[2], len[2]), (uint32_t)len[2], &s));
    assert_false(layers_segment(&l, 101, bytes_of(piece[0], len[0]), (uint32_t)len[0], &s));
    assert_true(layers_segment(&l, 101, bytes_of(piece[1], len[1]), (uint32_t)len[1], &s));
    is_data(&s, "data");
    layers_end(&l);
    /* Nobody's memory is taken without end. */
    layers_start(&l);
    for (uint32_t i = 0; i < 5000; i++) {
        store16(piece[0] + 4, (uint16_t)i);
        assert_false(layers_segment(&l, 101, bytes_of(piece[0], len[0]), (uint32_t)len[0], &s));
    }
    assert_true(l.n_fragmented <= 256);
    assert_int_equal(l.fragments_lost, 5000 - l.n_fragmented);
    layers_end(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pcap_in_every_form),     cmocka_unit_test(pcapng_in_every_form),
        cmocka_unit_test(secrets_from_anywhere),  cmocka_unit_test(damage_is_said),
        cmocka_unit_test(gzip_of_these),          cmocka_unit_test(headers_below_tcp),
        cmocka_unit_test(fragments_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
