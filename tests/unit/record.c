/* Unit tests of src/record: framing and what is not TLS, protection with every suite, messages out of records cut
   anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "record/record.h"

/* ---- Frames. */

static enum frame_outcome frame(bytes in, bool first, bool protect, uint16_t version, struct frame *out, size_t *need,
                                fede_error *error)
{
    *error = (fede_error){0};
    *out = (struct frame){0};
    *need = 0;
    return frame_next(in, first, protect, version, out, need, error);
}

static void test_frames(void **state)
{
    (void)state;
    static uint8_t record[5 + 16384 + 2049];
    struct frame f;
    size_t need;
    fede_error error;
    static const uint8_t types[] = {CONTENT_CCS, CONTENT_ALERT, CONTENT_HANDSHAKE, CONTENT_DATA};
    static const size_t lengths[] = {1, 2, 100, 16384};
    for (size_t t = 0; t < sizeof types; t++) {
        for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
            size_t whole = 5 + lengths[l];
            record[0] = types[t];
            store16(record + 1, 0x0303);
            store16(record + 3, (uint16_t)lengths[l]);
            for (size_t n = 0; n < whole; n += n < 10 || n > whole - 10 ? 1 : 97) {
                assert_int_equal(frame(bytes_of(record, n), true, false, 0, &f, &need, &error), FRAME_MORE);
                assert_int_equal(need, n < 5 ? 5 : whole);
                assert_int_equal(error.reason, FEDE_OK);
            }
            for (size_t more = 0; more < 3; more++) {
                assert_int_equal(frame(bytes_of(record, whole + more), false, false, 0x0303, &f, &need, &error),
                                 FRAME_WHOLE);
                assert_int_equal(f.total, whole);
                assert_int_equal(f.header.type, types[t]);
                assert_int_equal(f.header.len, lengths[l]);
            }
        }
    }
    /* Lengths: 2^14 in the clear, 2^14 + 2048 protected; refused from the header alone. */
    record[0] = CONTENT_DATA;
    store16(record + 3, 16385);
    assert_int_equal(frame(bytes_of(record, 5), false, false, 0x0303, &f, &need, &error), FRAME_BAD);
    assert_int_equal(error.reason, FEDE_RECORD_OVERFLOW);
    assert_int_equal(error.got, 16385);
    assert_int_equal(error.wanted, 16384);
    assert_int_equal(frame(bytes_of(record, 5), false, true, 0x0303, &f, &need, &error), FRAME_MORE);
    store16(record + 3, 18432);
    assert_int_equal(frame(bytes_of(record, 5), false, true, 0x0303, &f, &need, &error), FRAME_MORE);
    store16(record + 3, 18433);
    assert_int_equal(frame(bytes_of(record, 5), false, true, 0x0303, &f, &need, &error), FRAME_BAD);
    assert_int_equal(error.reason, FEDE_RECORD_OVERFLOW);
    /* Empty ones: only application data. */
    for (size_t t = 0; t < sizeof types; t++) {
        record[0] = types[t];
        store16(record + 3, 0);
        enum frame_outcome outcome = frame(bytes_of(record, 5), false, false, 0x0303, &f, &need, &error);
        assert_int_equal(outcome, types[t] == CONTENT_DATA ? FRAME_WHOLE : FRAME_BAD);
        assert_int_equal(error.reason, types[t] == CONTENT_DATA ? FEDE_OK : FEDE_RECORD_EMPTY);
    }
    /* Versions: any 3.x before one is agreed on, then that one alone. */
    for (unsigned version = 0; version <= 0xffff; version += 0x55) {
        record[0] = CONTENT_HANDSHAKE;
        store16(record + 1, (uint16_t)version);
        store16(record + 3, 4);
        bool good = version >> 8 == 3;
        assert_int_equal(frame(bytes_of(record, 9), false, false, 0, &f, &need, &error),
                         good ? FRAME_WHOLE : FRAME_BAD);
        assert_int_equal(frame(bytes_of(record, 9), true, false, 0, &f, &need, &error), good ? FRAME_WHOLE : FRAME_BAD);
        assert_int_equal(error.reason, good ? FEDE_OK : FEDE_NOT_TLS);
        good = version == 0x0303;
        assert_int_equal(frame(bytes_of(record, 9), false, false, 0x0303, &f, &need, &error),
                         good ? FRAME_WHOLE : FRAME_BAD);
        assert_int_equal(error.reason, good ? FEDE_OK : FEDE_RECORD_VERSION);
    }
    /* Types: one byte is enough later on; at the start a few more are waited for, to say what it is. */
    for (unsigned type = 0; type < 256; type++) {
        record[0] = (uint8_t)type;
        store16(record + 1, 0x0303);
        bool good = type >= 20 && type <= 23;
        assert_int_equal(frame(bytes_of(record, 1), false, false, 0, &f, &need, &error), good ? FRAME_MORE : FRAME_BAD);
        assert_int_equal(error.reason, good ? FEDE_OK : FEDE_RECORD_TYPE);
        assert_int_equal(frame(bytes_of(record, 4), true, false, 0, &f, &need, &error), FRAME_MORE);
    }
}

static void test_not_tls(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        fede_reason reason;
        const char *detail; /* part of it */
    } rows[] = {
        {"HTTP/1.1 400 Bad Request\r\n", FEDE_PLAIN_HTTP, "HTTP/"},
        {"http/1.0 200", FEDE_PLAIN_HTTP, "HTTP/"},
        {"GET / HTTP/1.1\r\n", FEDE_PLAIN_HTTP, "GET"},
        {"POST /x", FEDE_PLAIN_HTTP, "POST"},
        {"HEAD / HTTP", FEDE_PLAIN_HTTP, "HEAD"},
        {"OPTIONS * HTTP", FEDE_PLAIN_HTTP, "OPTIONS"},
        {"CONNECT a:443", FEDE_PLAIN_HTTP, "CONNECT"},
        {"PRI * HTTP/2.0", FEDE_PLAIN_HTTP, "preface"},
        {"<html><body>", FEDE_PLAIN_HTTP, "HTML"},
        {"<!doctype html>", FEDE_PLAIN_HTTP, "HTML"},
        {"SSH-2.0-OpenSSH_9.2", FEDE_PLAIN_OTHER, "SSH"},
        {"220 mail.example ESMTP", FEDE_PLAIN_OTHER, "SMTP"},
        {"220-ftp.example", FEDE_PLAIN_OTHER, "FTP"},
        {"+OK ready", FEDE_PLAIN_OTHER, "POP3"},
        {"* OK [CAPABILITY", FEDE_PLAIN_OTHER, "IMAP"},
        {"EHLO me", FEDE_PLAIN_OTHER, "SMTP"},
        {"-ERR wrong", FEDE_PLAIN_OTHER, "Redis"},
        {"RFB 003.008", FEDE_PLAIN_OTHER, "VNC"},
        {"hello", FEDE_NOT_TLS, NULL},
        {"\x80\x2e\x01\x00\x02\x00\x15", FEDE_SSL2_HELLO, NULL},
        {"\x80\x2e\x01\x03\x01\x00\x15", FEDE_SSL2_HELLO, NULL},
        {"\x80\x2e\x02\x03\x01\x00\x15", FEDE_NOT_TLS, NULL},
    };
    struct frame f;
    size_t need;
    fede_error error;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bytes in = i < 19 ? bytes_text(rows[i].text) : bytes_of(rows[i].text, 7);
        for (size_t n = 1; n < 5; n++)
            assert_int_equal(frame(bytes_first(in, n), true, false, 0, &f, &need, &error), FRAME_MORE);
        for (size_t n = 5; n <= in.len; n++) {
            assert_int_equal(frame(bytes_first(in, n), true, false, 0, &f, &need, &error), FRAME_BAD);
            assert_int_equal(error.reason, rows[i].reason);
            assert_int_equal(error.got, load32(in.data));
            if (rows[i].detail != NULL)
                assert_non_null(strstr(error.detail, rows[i].detail));
            else
                assert_null(error.detail);
        }
        /* Later in a connection it is just a wrong record. */
        assert_int_equal(frame(in, false, false, 0x0303, &f, &need, &error), FRAME_BAD);
        assert_int_equal(error.reason, FEDE_RECORD_TYPE);
    }
}

/* ---- Protection. */

static void set_both(struct direction *out, struct direction *in, const struct suite *suite)
{
    uint8_t key[32], iv[12];
    for (uint8_t i = 0; i < 32; i++)
        key[i] = (uint8_t)(i + suite->id);
    for (uint8_t i = 0; i < 12; i++)
        iv[i] = (uint8_t)(0xf0 - i);
    *out = *in = (struct direction){0};
    direction_set(out, suite, key, iv);
    direction_set(in, suite, key, iv);
}

static size_t seal(struct direction *d, enum content type, const uint8_t *plain, size_t len, uint8_t *out)
{
    fede_error error = {0};
    size_t n = record_seal(d, type, bytes_of(plain, len), out, &error);
    assert_int_equal(error.reason, FEDE_OK);
    assert_int_equal(n, len + record_overhead(d));
    return n;
}

static bool open_record(struct direction *d, uint8_t *record, size_t len, bytes *plain, fede_error *error)
{
    struct frame f;
    size_t need;
    *error = (fede_error){0};
    if (frame_next(bytes_of(record, len), false, d->suite != NULL, 0x0303, &f, &need, error) != FRAME_WHOLE)
        return false;
    assert_int_equal(f.total, len);
    return record_open(d, record, &f, plain, error);
}

static uint8_t plain[16384 + 1], record[16384 + 128], copy[sizeof record];

static void fill_plain(void)
{
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = (uint8_t)(i * 31 + (i >> 8));
}

static void test_round_trips(void **state)
{
    (void)state;
    struct direction out, in;
    fede_error error;
    bytes got;
    fill_plain();
    for (size_t s = 0; s == 0 || suite_at(s - 1) != NULL; s++) {
        const struct suite *suite = s == 0 ? NULL : suite_at(s - 1); /* first: in the clear */
        out = in = (struct direction){0};
        if (suite != NULL)
            set_both(&out, &in, suite);
        uint64_t n = 0;
        for (size_t len = 0; len <= 16384; len += len < 300 || len > 16300 ? 1 : 1009, n++) {
            if (n % 50 == 7)
                direction_rest(n % 100 == 7 ? &out : &in); /* the key comes back by itself, and the count goes on */
            size_t whole;
            if (n % 2 == 0) {
                whole = seal(&out, CONTENT_DATA, plain, len, record);
            } else { /* already at its place */
                bytes_copy(record + record_plain_at(&out), plain, len);
                whole = seal(&out, CONTENT_DATA, record + record_plain_at(&out), len, record);
            }
            assert_int_equal(record[0], CONTENT_DATA);
            assert_int_equal(load16(record + 1), 0x0303);
            assert_int_equal(load16(record + 3), whole - 5);
            if (suite != NULL && suite->explicit_len == 8) { /* the explicit nonce is the sequence number */
                uint8_t count[8];
                store64(count, n);
                assert_memory_equal(record + 5, count, 8);
            }
            if (suite != NULL && len >= 16)
                assert_memory_not_equal(record + record_plain_at(&out), plain, len);
            assert_true(open_record(&in, record, whole, &got, &error));
            assert_true(bytes_equal(got, bytes_of(plain, len)));
            assert_int_equal(out.sequence, in.sequence);
            assert_int_equal(out.sequence, n + 1);
        }
        direction_end(&out);
        direction_end(&in);
        static const struct direction nothing;
        assert_memory_equal(&out, &nothing, sizeof out);
    }
}

/* CBC in both orders: whatever is altered is the one error, a body of impossible length too. */
static void test_cbc(void **state)
{
    (void)state;
    static const uint8_t key[32] = {1}, mac_key[48] = {2};
    fede_error error;
    bytes got;
    fill_plain();
    const struct suite *suite;
    for (size_t s = 0; (suite = suite_legacy_at(s)) != NULL; s++)
        for (int etm = 0; suite->mac != 0 && etm < 2; etm++) {
            struct direction out = {0}, in = {0};
            struct crypto_cbc_setup setup = {.suite = suite,
                                             .key = bytes_of(key, suite->key_len),
                                             .mac_key = bytes_of(mac_key, hash_len((enum hash)suite->mac)),
                                             .seals = true,
                                             .encrypt_then_mac = etm,
                                             .version = 0x0303};
            assert_true(direction_set_cbc(&out, &setup));
            setup.seals = false;
            assert_true(direction_set_cbc(&in, &setup));
            for (size_t len = 0; len <= 16384; len = len < 20 ? len + 1 : len < 16000 ? len * 5 / 2 : len + 384) {
                fede_error none = {0};
                size_t at = record_plain_at(&out), whole;
                bytes_copy(record + at, plain, len);
                whole = record_seal(&out, CONTENT_DATA, bytes_of(record + at, len), record, &none);
                assert_int_equal(none.reason, FEDE_OK);
                assert_in_range(whole, len + at + 1, len + record_overhead(&out));
                assert_int_equal(load16(record + 3), whole - RECORD_HEADER);
                bytes_copy(copy, record, whole);
                copy[RECORD_HEADER + len % (whole - RECORD_HEADER)] ^= 0x80;
                assert_false(open_record(&in, copy, whole, &got, &error));
                assert_int_equal(error.reason, FEDE_RECORD_MAC);
                bytes_copy(copy, record, whole);
                store16(copy + 3, (uint16_t)(whole - RECORD_HEADER - 1));
                assert_false(open_record(&in, copy, whole - 1, &got, &error));
                assert_int_equal(error.reason, FEDE_RECORD_MAC);
                direction_rest(&in);
                assert_true(open_record(&in, record, whole, &got, &error));
                assert_true(bytes_equal(got, bytes_of(plain, len)));
            }
            direction_end(&out);
            direction_end(&in);
        }
}

/* Every byte of a record, header included, and every cut of it. */
static void test_tampering(void **state)
{
    (void)state;
    struct direction out, in;
    fede_error error;
    bytes got;
    fill_plain();
    for (size_t s = 0; suite_at(s) != NULL; s++) {
        for (size_t len = 0; len <= 80; len += 40) {
            set_both(&out, &in, suite_at(s));
            size_t whole = seal(&out, CONTENT_DATA, plain, len, record);
            for (size_t n = 0; n < whole; n++) {
                for (int bit = 0; bit < 8; bit++) {
                    bytes_copy(copy, record, whole);
                    copy[n] ^= (uint8_t)(1 << bit);
                    if (n == 0 && copy[0] >= 20 && copy[0] <= 23) /* another type, same form */
                        assert_false(open_record(&in, copy, whole, &got, &error));
                    else if (n == 3 || n == 4) /* another length: the frame is not whole, or cut */
                        store16(copy + 3, load16(record + 3));
                    else
                        assert_false(open_record(&in, copy, whole, &got, &error));
                    assert_int_equal(in.sequence, 0);
                }
            }
            for (size_t n = 0; n < whole - 5; n++) { /* shorter, with a header that says so */
                bytes_copy(copy, record, whole);
                store16(copy + 3, (uint16_t)n);
                assert_false(open_record(&in, copy, 5 + n, &got, &error));
                size_t least = 16u + suite_at(s)->explicit_len;
                assert_int_equal(error.reason, n < least ? FEDE_RECORD_TOO_SHORT : FEDE_RECORD_MAC);
                assert_null(got.data);
            }
            bytes_copy(copy, record, whole);
            assert_true(open_record(&in, copy, whole, &got, &error));
            bytes_copy(copy, record, whole); /* replayed */
            assert_false(open_record(&in, copy, whole, &got, &error));
            assert_int_equal(error.reason, FEDE_RECORD_MAC);
            assert_int_equal(error.got, 1);
            direction_end(&out);
            direction_end(&in);
        }
    }
}

/* A sender's record that opens well but has no right content. */
static void test_content_rules(void **state)
{
    (void)state;
    struct direction out, in;
    fede_error error = {0};
    bytes got;
    for (size_t s = 0; suite_at(s) != NULL; s++) {
        set_both(&out, &in, suite_at(s));
        for (unsigned type = CONTENT_CCS; type <= CONTENT_DATA; type++) {
            size_t whole = seal(&out, (enum content)type, NULL, 0, record);
            bool good = open_record(&in, record, whole, &got, &error);
            assert_int_equal(good, type == CONTENT_DATA);
            assert_int_equal(error.reason, good ? FEDE_OK : FEDE_RECORD_EMPTY);
            in.sequence = out.sequence;
        }
        /* One byte too many under protection: record_seal refuses to make it, so it is made by hand. */
        error = (fede_error){0};
        assert_int_equal(record_seal(&out, CONTENT_DATA, bytes_of(plain, 16385), record, &error), 0);
        assert_int_equal(error.reason, FEDE_INTERNAL);
        struct crypto_record r = {out.iv, out.sequence, CONTENT_DATA};
        assert_true(crypto_seal_record(&out.aead, &r, record + 5, 16385));
        record[0] = CONTENT_DATA;
        store16(record + 1, 0x0303);
        size_t whole = record_overhead(&out) + 16385;
        store16(record + 3, (uint16_t)(whole - 5));
        assert_false(open_record(&in, record, whole, &got, &error));
        assert_int_equal(error.reason, FEDE_RECORD_OVERFLOW);
        direction_end(&out);
        direction_end(&in);
    }
}

static void test_limits(void **state)
{
    (void)state;
    struct direction out, in;
    fede_error error;
    bytes got;
    for (size_t s = 0; suite_at(s) != NULL; s++) {
        bool gcm = suite_at(s)->aead != AEAD_CHACHA20_POLY1305;
        set_both(&out, &in, suite_at(s));
        seal(&out, CONTENT_DATA, plain, 16384, record);
        assert_int_equal(out.blocks, gcm ? 1025 : 0);
        out.blocks = RECORD_BLOCKS_MAX - 3;
        size_t whole = seal(&out, CONTENT_DATA, plain, 32, record); /* fits exactly */
        in.sequence = 1;
        assert_true(open_record(&in, record, whole, &got, &error));
        error = (fede_error){0};
        size_t n = record_seal(&out, CONTENT_DATA, bytes_of(plain, 1), record, &error);
        assert_int_equal(n == 0, gcm);
        assert_int_equal(error.reason, gcm ? FEDE_RECORD_LIMIT : FEDE_OK);
        /* The sequence number never wraps. */
        out.blocks = 0;
        out.sequence = in.sequence = UINT64_MAX - 1;
        whole = seal(&out, CONTENT_DATA, plain, 32, record);
        assert_true(open_record(&in, record, whole, &got, &error));
        error = (fede_error){0};
        assert_int_equal(record_seal(&out, CONTENT_DATA, bytes_of(plain, 1), record, &error), 0);
        assert_int_equal(error.reason, FEDE_RECORD_LIMIT);
        assert_false(open_record(&in, record, whole, &got, &error));
        assert_int_equal(error.reason, FEDE_RECORD_LIMIT);
        direction_end(&out);
        direction_end(&in);
    }
}

/* ---- Fragments. */

enum { MESSAGES = 6 };

/* Messages of many lengths, one after the other. */
static size_t make_messages(uint8_t *out, size_t *starts)
{
    static const size_t lengths[MESSAGES] = {0, 1, 3, 300, 0, 40};
    size_t at = 0;
    for (size_t i = 0; i < MESSAGES; i++) {
        starts[i] = at;
        out[at] = MSG_CERTIFICATE;
        store24(out + at + 1, (uint32_t)lengths[i]);
        for (size_t n = 0; n < lengths[i]; n++)
            out[at + 4 + n] = (uint8_t)(i * 50 + n);
        at += 4 + lengths[i];
    }
    starts[MESSAGES] = at;
    return at;
}

static void feed_and_check(const uint8_t *all, const size_t *starts, size_t cut1, size_t cut2)
{
    struct fragments f = {0};
    struct memory_meter meter;
    fede_error error = {0};
    bytes message;
    size_t done = 0, cuts[] = {0, cut1, cut2, starts[MESSAGES]};
    memory_meter_start(&meter);
    for (size_t c = 0; c < 3; c++) {
        assert_true(f.input.len == 0);
        fragment_feed(&f, bytes_of(all + cuts[c], cuts[c + 1] - cuts[c]));
        enum fragment_outcome outcome;
        while ((outcome = fragment_next(&f, &meter.allocator, 65536, &message, &error)) == FRAGMENT_MESSAGE) {
            assert_true(done < MESSAGES);
            assert_true(bytes_equal(message, bytes_of(all + starts[done], starts[done + 1] - starts[done])));
            /* Not copied when it lies whole in this piece. */
            bool whole = starts[done] >= cuts[c] && starts[done + 1] <= cuts[c + 1];
            assert_int_equal(message.data == all + starts[done], whole);
            done++;
        }
        assert_int_equal(outcome, FRAGMENT_MORE);
        bool between = false;
        for (size_t i = 0; i <= MESSAGES; i++)
            between = between || starts[i] == cuts[c + 1];
        assert_int_equal(fragments_empty(&f), between);
        assert_true(meter.peak <= 2 * (2 * starts[MESSAGES] + 256));
    }
    assert_int_equal(done, MESSAGES);
    fragments_end(&f, &meter.allocator);
    assert_int_equal(meter.live, 0);
    assert_int_equal(meter.blocks, 0);
}

static void test_fragments(void **state)
{
    (void)state;
    uint8_t all[400];
    size_t starts[MESSAGES + 1], len = make_messages(all, starts);
    for (size_t a = 0; a <= len; a++) /* cut at any two places */
        for (size_t b = a; b <= len; b++)
            feed_and_check(all, starts, a, b);

    /* One byte at a time. */
    struct fragments f = {0};
    fede_error error = {0};
    bytes message;
    size_t done = 0;
    for (size_t n = 0; n < len; n++) {
        fragment_feed(&f, bytes_of(all + n, 1));
        while (fragment_next(&f, &memory_standard, 65536, &message, &error) == FRAGMENT_MESSAGE) {
            assert_true(bytes_equal(message, bytes_of(all + starts[done], starts[done + 1] - starts[done])));
            done++;
        }
    }
    assert_int_equal(done, MESSAGES);
    fragments_end(&f, &memory_standard);
}

static void test_fragment_limits(void **state)
{
    (void)state;
    static const struct {
        unsigned type;
        size_t most;
    } rows[] = {
        {MSG_HELLO_REQUEST, 0},  {MSG_SERVER_HELLO_DONE, 0}, {MSG_FINISHED, 64},       {MSG_CLIENT_KEY_EXCHANGE, 1026},
        {MSG_CERTIFICATE, 5000}, {MSG_CLIENT_HELLO, 5000},   {MSG_SERVER_HELLO, 5000}, {77, 5000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t cut = 0; cut <= 4; cut++) { /* the header in one piece or in two */
            for (size_t more = 0; more <= 1; more++) {
                struct fragments f = {0};
                struct memory_meter meter;
                fede_error error = {0};
                bytes message;
                uint8_t header[4] = {(uint8_t)rows[i].type};
                store24(header + 1, (uint32_t)(rows[i].most + more));
                memory_meter_start(&meter);
                fragment_feed(&f, bytes_of(header, cut));
                enum fragment_outcome outcome = fragment_next(&f, &meter.allocator, 5000, &message, &error);
                if (cut < 4) {
                    assert_int_equal(outcome, FRAGMENT_MORE);
                    fragment_feed(&f, bytes_of(header + cut, 4 - cut));
                    outcome = fragment_next(&f, &meter.allocator, 5000, &message, &error);
                }
                if (more == 1) {
                    assert_int_equal(outcome, FRAGMENT_BAD);
                    assert_int_equal(error.reason, FEDE_MESSAGE_TOO_LONG);
                    assert_int_equal(error.got, rows[i].most + 1);
                    assert_int_equal(error.wanted, rows[i].most);
                    assert_int_equal(error.message, rows[i].type);
                } else {
                    assert_int_equal(outcome, rows[i].most == 0 ? FRAGMENT_MESSAGE : FRAGMENT_MORE);
                    assert_int_equal(error.reason, FEDE_OK);
                }
                assert_true(meter.peak <= 256); /* what is announced takes no memory */
                fragments_end(&f, &meter.allocator);
                assert_int_equal(meter.live, 0);
            }
        }
    }
    /* The largest length there is. */
    struct fragments f = {0};
    fede_error error = {0};
    bytes message;
    fragment_feed(&f, BYTES_OF(((uint8_t[]){MSG_CERTIFICATE, 0xff, 0xff, 0xff, 0})));
    assert_int_equal(fragment_next(&f, &memory_standard, 65536, &message, &error), FRAGMENT_BAD);
    fragments_end(&f, &memory_standard);
}

static void test_fragment_no_memory(void **state)
{
    (void)state;
    uint8_t message[4 + 5000] = {MSG_CERTIFICATE};
    store24(message + 1, 5000);
    bool finished = false;
    for (size_t fail = 1; !finished; fail++) {
        struct fragments f = {0};
        struct memory_meter meter;
        fede_error error = {0};
        bytes got;
        memory_meter_start(&meter);
        meter.fail_at = fail;
        enum fragment_outcome outcome = FRAGMENT_MORE;
        for (size_t n = 0; n < sizeof message && outcome == FRAGMENT_MORE; n += 100) {
            fragment_feed(&f, bytes_of(message + n, sizeof message - n < 100 ? sizeof message - n : 100));
            outcome = fragment_next(&f, &meter.allocator, 65536, &got, &error);
        }
        finished = outcome == FRAGMENT_MESSAGE;
        if (!finished) {
            assert_int_equal(outcome, FRAGMENT_BAD);
            assert_int_equal(error.reason, FEDE_OUT_OF_MEMORY);
        }
        fragments_end(&f, &meter.allocator);
        assert_int_equal(meter.live, 0);
        assert_true(fail < 20);
    }
}

static int start(void **state)
{
    (void)state;
    return crypto_start() ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_not_tls),
        cmocka_unit_test(test_round_trips), cmocka_unit_test(test_cbc),
        cmocka_unit_test(test_tampering),
        cmocka_unit_test(test_content_rules),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_fragments),
        cmocka_unit_test(test_fragment_limits),
        cmocka_unit_test(test_fragment_no_memory),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
