/* The cursor and the codec, bound by bound: for each rule a message that keeps it and its neighbour that breaks it, and what
   the refusal says. Round trips over whole messages are in tests/wire. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/error.h"
#include "wire/messages.h"
#include "wire/names.h"

enum { ROOM = 70000 };

/* Hex with spaces; (NNNN) repeats the byte before it to that many. */
static size_t from_hex(const char *text, uint8_t *out)
{
    size_t n = 0;
    while (*text) {
        unsigned value;
        if (*text == ' ') {
            text++;
        } else if (*text == '(') {
            unsigned long times = strtoul(text + 1, NULL, 10);
            assert_true(n > 0 && n + times < ROOM);
            memset(out + n, out[n - 1], times - 1);
            n += times - 1;
            text = strchr(text, ')') + 1;
        } else {
            assert_int_equal(sscanf(text, "%2x", &value), 1);
            out[n++] = (uint8_t)value;
            text += 2;
        }
    }
    return n;
}

/* An exact copy on the heap, so that a sanitizer sees a byte too far. */
static bytes exact(const uint8_t *data, size_t n)
{
    uint8_t *copy = n ? malloc(n) : NULL;
    assert_true(copy || n == 0);
    bytes_copy(copy, data, n);
    return bytes_of(copy, n);
}

static void give_back(bytes b)
{
    free((void *)(uintptr_t)b.data);
}

/* ---- the cursor ---- */

static void numbers_both_ways(void **state)
{
    (void)state;
    uint8_t room[10], a = 0x12, fixed[2] = {0xaa, 0xbb};
    uint16_t b = 0x3456;
    uint32_t c = 0x789abc;
    struct wire w = wire_writer(room, sizeof room);
    wire_u8(&w, "a", &a, NULL);
    wire_u16(&w, "b", &b, NULL);
    wire_u24(&w, "c", &c);
    wire_fixed(&w, "d", fixed, 2);
    assert_true(wire_done(&w));
    assert_int_equal(w.at, 8);
    assert_memory_equal(room, "\x12\x34\x56\x78\x9a\xbc\xaa\xbb", 8);

    w = wire_reader(bytes_of(room, 8));
    a = 0, b = 0, c = 0;
    wire_u8(&w, "a", &a, NULL);
    wire_u16(&w, "b", &b, NULL);
    wire_u24(&w, "c", &c);
    assert_false(wire_done(&w));
    wire_fixed(&w, "d", fixed, 2);
    assert_true(wire_done(&w));
    assert_int_equal(a, 0x12);
    assert_int_equal(b, 0x3456);
    assert_int_equal(c, 0x789abc);

    c = 0xfedcba98;
    w = wire_writer(room, 4);
    wire_u32(&w, "e", &c, FIELD_NUMBER);
    assert_memory_equal(room, "\xfe\xdc\xba\x98", 4);
    c = 0;
    w = wire_reader(bytes_of(room, 4));
    wire_u32(&w, "e", &c, FIELD_NUMBER);
    assert_int_equal(c, 0xfedcba98);
}

/* The first error stays, nothing is touched after it. */
static void the_first_error_sticks(void **state)
{
    (void)state;
    const uint8_t in[] = {0, 5, 1, 2};
    uint8_t one = 77;
    bytes v = BYTES_NONE;
    struct wire w = wire_reader(bytes_of(in, sizeof in));
    wire_opaque16(&w, "first", &v, 0, 65535);
    assert_true(w.bad);
    wire_u8(&w, "second", &one, NULL);
    wire_fail(&w, "third", "too late");
    wire_fail_reason(&w, "third", FEDE_COMPRESSION, 9);
    assert_string_equal(w.bad_where, "first");
    assert_string_equal(w.bad_why, "is longer than what encloses it");
    assert_int_equal(w.bad_at, 0);
    assert_int_equal(w.reason, FEDE_DECODE);
    assert_int_equal(w.got, 5);
    assert_int_equal(one, 77);
    assert_null(v.data);
    assert_false(wire_done(&w));
}

static void empty_input_may_be_null(void **state)
{
    (void)state;
    bytes v = {(const uint8_t *)"x", 1};
    uint8_t one;
    struct wire w = wire_reader(BYTES_NONE);
    wire_rest(&w, "rest", &v);
    assert_true(wire_done(&w));
    assert_int_equal(v.len, 0);
    wire_u8(&w, "one", &one, NULL);
    assert_true(w.bad);
    w = wire_writer(NULL, 0);
    wire_rest(&w, "rest", &v);
    assert_true(wire_done(&w));
    wire_u8(&w, "one", &one, NULL);
    assert_true(w.bad);
}

typedef void vector_fn(struct wire *w, const char *name, bytes *v, size_t min, size_t max);

/* Both bounds, both ways, for each size of prefix. */
static void bounds_of_vectors(void **state)
{
    (void)state;
    static uint8_t in[300], out[300];
    vector_fn *const kinds[] = {wire_opaque8, wire_opaque16, wire_opaque24, wire_text8, wire_text16};
    const size_t prefix[] = {1, 2, 3, 1, 2};
    for (size_t k = 0; k < 5; k++)
        for (size_t len = 0; len < 12; len++)
            for (size_t left = 0; left < 16; left++) {
                bytes v = BYTES_NONE;
                memset(in, 0, sizeof in);
                in[prefix[k] - 1] = (uint8_t)len;
                bytes input = exact(in, prefix[k] + left);
                struct wire w = wire_reader(input);
                kinds[k](&w, "v", &v, 3, 10);
                assert_int_equal(!w.bad, len >= 3 && len <= 10 && len <= left);
                if (!w.bad)
                    assert_int_equal(v.len, len);
                give_back(input);

                v = bytes_of(in, len);
                w = wire_writer(out, left);
                kinds[k](&w, "v", &v, 3, 10);
                assert_int_equal(!w.bad, len >= 3 && len <= 10 && left >= prefix[k] + len);
                if (!w.bad)
                    assert_int_equal(w.at, prefix[k] + len);
            }
}

static void blocks_nest(void **state)
{
    (void)state;
    uint8_t room[16], value = 9;
    struct wire w = wire_writer(room, sizeof room);
    struct wire_block outer = wire_open(&w, "outer", 2, 0, 100, FIELD_STRUCT);
    struct wire_block inner = wire_open(&w, "inner", 1, 1, 2, FIELD_STRUCT);
    wire_u8(&w, "value", &value, NULL);
    wire_close(&w, &inner);
    wire_close(&w, &outer);
    assert_true(wire_done(&w));
    assert_int_equal(w.at, 4);
    assert_memory_equal(room, "\0\2\1\11", 4);

    /* Too much in it, seen when it closes. */
    w = wire_writer(room, sizeof room);
    inner = wire_open(&w, "inner", 1, 1, 1, FIELD_STRUCT);
    wire_u8(&w, "value", &value, NULL);
    wire_u8(&w, "value", &value, NULL);
    wire_close(&w, &inner);
    assert_true(w.bad);
    assert_string_equal(w.bad_why, "is too long");

    /* Not all of it read. */
    w = wire_reader(BYTES_OF("\2\1\1"));
    w.end = 3;
    inner = wire_open(&w, "inner", 1, 0, 9, FIELD_STRUCT);
    wire_u8(&w, "value", &value, NULL);
    wire_close(&w, &inner);
    assert_true(w.bad);
    assert_string_equal(w.bad_where, "inner");
    assert_string_equal(w.bad_why, "has bytes left over at its end");
    assert_int_equal(w.bad_at, 2);
    assert_int_equal(w.end, 3);
}

static void lists_of_numbers(void **state)
{
    (void)state;
    struct u16s list = {0};
    struct wire w = wire_reader(bytes_of("\0\4\0\1\1\2", 6));
    wire_u16_list(&w, "list", &list, 2, 2, 10, NULL);
    assert_true(wire_done(&w));
    assert_int_equal(list.n, 2);
    assert_int_equal(u16s_at(list, 1), 0x0102);
    assert_true(u16s_has(list, 1));
    assert_false(u16s_has(list, 0x0201));
    assert_false(u16s_has((struct u16s){NULL, 0}, 0));
    w = wire_reader(bytes_of("\0\3\0\1\1", 5));
    wire_u16_list(&w, "list", &list, 2, 2, 10, NULL);
    assert_true(w.bad);
    assert_string_equal(w.bad_why, "has an odd length");
    assert_int_equal(w.got, 3);
}

/* ---- extensions, one by one ---- */

struct extension_case {
    uint8_t place;
    const char *hex;   /* the block's content */
    const char *where; /* NULL: must be accepted */
    const char *why;   /* or NULL when the reason says it */
    uint16_t reason;   /* 0: FEDE_DECODE */
};

enum {
    CH = IN_CLIENT_HELLO,
    SH = IN_SERVER_HELLO,
    EE = IN_ENCRYPTED_EXTENSIONS,
    CT = IN_CERTIFICATE,
    CR = IN_CERTIFICATE_REQUEST,
    NST = IN_NEW_SESSION_TICKET,
    HRR = IN_HELLO_RETRY
};

#define SHORT "is too short"
#define LONG  "is too long"
#define EMPTY "is empty"
#define CUT   "is longer than what encloses it"
#define OVER  "has bytes left over at its end"
#define ODD   "has an odd length"
// clang-format off
static const struct extension_case extension_cases[] = {
    {CH, "", NULL, NULL, 0},
    /* the frame */
    {CH, "00", "extension_type", "is cut off", 0},
    {CH, "0017", "extension_data", "is cut off", 0},
    {CH, "0017 00", "extension_data", "is cut off", 0},
    {CH, "0017 0001", "extension_data", CUT, 0},
    {CH, "fffe 0001", "extension_data", CUT, 0},
    {CH, "fffe 0001 07", NULL, NULL, 0},
    {CH, "0017 0000 0016 0000", NULL, NULL, 0},
    {CH, "0017 0000 0017 0000", "extensions", NULL, FEDE_EXTENSION_TWICE},
    {CH, "fffe 0000 0017 0000 fffe 0000", "extensions", NULL, FEDE_EXTENSION_TWICE},
    {CH, "0a0a 0000 1a1a 0001 00", NULL, NULL, 0},
    {CH, "0a0a 0000 0a0a 0001 00", "extensions", NULL, FEDE_EXTENSION_TWICE},
    /* extensions whose presence says it all */
    {CH, "0017 0001 00", "extension_data", OVER, 0},
    {SH, "0017 0000", NULL, NULL, 0},
    {SH, "0017 0001 00", "extension_data", OVER, 0},
    {CH, "0016 0001 00", "extension_data", OVER, 0},
    {CH, "0031 0000", NULL, NULL, 0},
    {SH, "0031 0000", "post_handshake_auth", NULL, FEDE_EXTENSION_MISPLACED},
    /* server_name */
    {CH, "0000 0006 0004 00 0001 61", NULL, NULL, 0},
    {CH, "0000 0000", "server_name_list", "is cut off", 0},
    {CH, "0000 0002 0000", "server_name_list", EMPTY, 0},
    {CH, "0000 0005 0003 00 0000", "host_name", EMPTY, 0},
    {CH, "0000 0006 0004 00 0002 61", "host_name", CUT, 0},
    {CH, "0000 0006 0003 00 0001 61", "host_name", CUT, 0},
    {CH, "0000 0007 0004 00 0001 61 00", "extension_data", OVER, 0},
    {CH, "0000 0008 0006 00 0003 61 00 62", "host_name", "has a zero byte in it", 0},
    {CH, "0000 000a 0008 00 0001 61 00 0001 62", "server_name_list", "has two host names", 0},
    {CH, "0000 000a 0008 07 0001 61 00 0001 62", NULL, NULL, 0},
    {CH, "0000 000a 0008 00 0001 61 07 0001 62", NULL, NULL, 0},
    {SH, "0000 0000", NULL, NULL, 0},
    {EE, "0000 0000", NULL, NULL, 0},
    {SH, "0000 0006 0004 00 0001 61", "extension_data", OVER, 0},
    {CR, "0000 0000", "server_name", NULL, FEDE_EXTENSION_MISPLACED},
    /* max_fragment_length */
    {CH, "0001 0001 01", NULL, NULL, 0},
    {CH, "0001 0001 04", NULL, NULL, 0},
    {CH, "0001 0001 00", "max_fragment_length", NULL, FEDE_FIELD_VALUE},
    {SH, "0001 0001 05", "max_fragment_length", NULL, FEDE_FIELD_VALUE},
    {CH, "0001 0000", "max_fragment_length", "is cut off", 0},
    {CH, "0001 0002 01 00", "extension_data", OVER, 0},
    /* status_request */
    {CH, "0005 0005 01 0000 0000", NULL, NULL, 0},
    {CH, "0005 0008 01 0003 0001 61 0000", NULL, NULL, 0},
    {CH, "0005 0007 01 0002 0000 0000", "responder_id", EMPTY, 0},
    {CH, "0005 0004 01 0000 00", "request_extensions", "is cut off within its length", 0},
    {CH, "0005 0007 01 0000 0002 6161", NULL, NULL, 0},
    {CH, "0005 0003 07 0000", NULL, NULL, 0},
    {CH, "0005 0000", "status_type", "is cut off", 0},
    {SH, "0005 0000", NULL, NULL, 0},
    {SH, "0005 0001 01", "extension_data", OVER, 0},
    {CR, "0005 0000", NULL, NULL, 0},
    {CT, "0005 0005 01 000001 61", NULL, NULL, 0},
    {CT, "0005 0004 01 000000", "response", EMPTY, 0},
    {EE, "0005 0000", "status_request", NULL, FEDE_EXTENSION_MISPLACED},
    /* supported_groups */
    {CH, "000a 0004 0002 001d", NULL, NULL, 0},
    {CH, "000a 0002 0000", "named_group_list", EMPTY, 0},
    {CH, "000a 0003 0001 00", "named_group_list", SHORT, 0},
    {CH, "000a 0005 0003 001d 00", "named_group_list", ODD, 0},
    {CH, "000a 0005 0002 001d 00", "extension_data", OVER, 0},
    {CH, "000a 0004 0004 001d", "named_group_list", CUT, 0},
    {SH, "000a 0004 0002 001d", NULL, NULL, 0},
    /* ec_point_formats */
    {CH, "000b 0002 01 00", NULL, NULL, 0},
    {CH, "000b 0001 00", "ec_point_format_list", EMPTY, 0},
    {CH, "000b 0002 02 00", "ec_point_format_list", CUT, 0},
    {SH, "000b 0003 02 0001", NULL, NULL, 0},
    {SH, "000b 0003 01 0001", "extension_data", OVER, 0},
    {EE, "000b 0002 01 00", "ec_point_formats", NULL, FEDE_EXTENSION_MISPLACED},
    /* signature_algorithms */
    {CH, "000d 0004 0002 0403", NULL, NULL, 0},
    {CH, "000d 0002 0000", "supported_signature_algorithms", EMPTY, 0},
    {CH, "000d 0005 0003 0403 04", "supported_signature_algorithms", ODD, 0},
    {SH, "000d 0004 0002 0403", "signature_algorithms", NULL, FEDE_EXTENSION_MISPLACED},
    {CR, "000d 0004 0002 0403", NULL, NULL, 0},
    {CH, "0032 0004 0002 0403", NULL, NULL, 0},
    {CH, "0032 0002 0000", "supported_signature_algorithms", EMPTY, 0},
    /* ALPN */
    {CH, "0010 0005 0003 02 6832", NULL, NULL, 0},
    {CH, "0010 000e 000c 02 6832 08 687474702f312e31", NULL, NULL, 0},
    {CH, "0010 0002 0000", "protocol_name_list", EMPTY, 0},
    {CH, "0010 0003 0001 00", "protocol_name_list", SHORT, 0},
    {CH, "0010 0006 0004 02 6832 00", "protocol_name", EMPTY, 0},
    {CH, "0010 0006 0004 03 6832 31", NULL, NULL, 0},
    {CH, "0010 0006 0004 04 6832 31", "protocol_name", CUT, 0},
    {SH, "0010 0005 0003 02 6832", NULL, NULL, 0},
    {SH, "0010 0007 0005 02 6832 01 78", "protocol_name_list", "has more than one name", 0},
    {EE, "0010 0007 0005 02 6832 01 78", "protocol_name_list", "has more than one name", 0},
    {CR, "0010 0005 0003 02 6832", "application_layer_protocol_negotiation", NULL, FEDE_EXTENSION_MISPLACED},
    /* signed_certificate_timestamp */
    {CH, "0012 0000", NULL, NULL, 0},
    {CH, "0012 0001 00", "extension_data", OVER, 0},
    {SH, "0012 0005 0003 0001 61", NULL, NULL, 0},
    {SH, "0012 0000", "sct_list", "is cut off", 0},
    {SH, "0012 0002 0000", "sct_list", EMPTY, 0},
    {SH, "0012 0004 0002 0000", "serialized_sct", EMPTY, 0},
    {CT, "0012 0005 0003 0001 61", NULL, NULL, 0},
    {CR, "0012 0000", NULL, NULL, 0},
    /* padding */
    {CH, "0015 0000", NULL, NULL, 0},
    {CH, "0015 0200 00(512)", NULL, NULL, 0},
    {CH, "0015 0003 000001", "padding", NULL, FEDE_FIELD_VALUE},
    {SH, "0015 0000", "padding", NULL, FEDE_EXTENSION_MISPLACED},
    /* compress_certificate */
    {CH, "001b 0003 02 0002", NULL, NULL, 0},
    {CH, "001b 0001 00", "algorithms", EMPTY, 0},
    {CH, "001b 0004 03 0002 00", "algorithms", ODD, 0},
    {CH, "001b 0100 ff 00(255)", "algorithms", LONG, 0},
    /* record_size_limit */
    {CH, "001c 0002 0040", NULL, NULL, 0},
    {CH, "001c 0002 003f", "record_size_limit", NULL, FEDE_FIELD_VALUE},
    {CH, "001c 0001 40", "record_size_limit", "is cut off", 0},
    {EE, "001c 0002 4001", NULL, NULL, 0},
    /* delegated_credential */
    {CH, "0022 0004 0002 0403", NULL, NULL, 0},
    {CH, "0022 0002 0000", "supported_signature_algorithms", EMPTY, 0},
    {CT, "0022 000f 00000001 0403 000001 61 0403 0001 62", NULL, NULL, 0},
    {CT, "0022 000e 00000001 0403 000000 0403 0001 62 00", "ASN1_subjectPublicKeyInfo", EMPTY, 0},
    {CT, "0022 000e 00000001 0403 000001 61 0403 0000", "signature", EMPTY, 0},
    /* session_ticket */
    {CH, "0023 0000", NULL, NULL, 0},
    {CH, "0023 0003 616263", NULL, NULL, 0},
    {SH, "0023 0000", NULL, NULL, 0},
    {SH, "0023 0001 00", "extension_data", OVER, 0},
    {EE, "0023 0000", "session_ticket", NULL, FEDE_EXTENSION_MISPLACED},
    /* pre_shared_key */
    {CH, "002b 0003 02 0304 0029 002c 0007 0001 61 00000000 0021 20 00(32)", NULL, NULL, 0},
    {CH, "002b 0003 02 0304 0029 002c 0007 0001 61 00000000 0021 20 00(32) 0017 0000", "pre_shared_key", NULL, FEDE_EXTENSION_MISPLACED},
    {CH, "0017 0000 002b 0003 02 0304 0029 002c 0007 0001 61 00000000 0021 20 00(32)", NULL, NULL, 0},
    {CH, "002b 0003 02 0304 0029 002b 0006 0000 00000000 0021 20 00(32)", "identities", SHORT, 0},
    {CH, "002b 0003 02 0304 0029 002d 0008 0000 00000000 0000 0021 20 00(32)", "identity", EMPTY, 0},
    {CH, "002b 0003 02 0304 0029 002b 0007 0001 61 00000000 0020 1f 00(31)", "binders", SHORT, 0},
    {CH, "002b 0003 02 0304 0029 002d 0007 0001 61 00000000 0022 1f 00(33)", "psk_binder_entry", SHORT, 0},
    {CH, "0029 0001 00 0017 0000", NULL, NULL, 0}, /* means nothing without TLS 1.3 */
    {SH, "0029 0002 0000", NULL, NULL, 0},
    {SH, "0029 0001 00", "selected_identity", "is cut off", 0},
    {SH, "0029 0003 000000", "extension_data", OVER, 0},
    {EE, "0029 0002 0000", "pre_shared_key", NULL, FEDE_EXTENSION_MISPLACED},
    /* early_data */
    {CH, "002a 0000", NULL, NULL, 0},
    {EE, "002a 0000", NULL, NULL, 0},
    {NST, "002a 0004 00004000", NULL, NULL, 0},
    {NST, "002a 0000", "max_early_data_size", "is cut off", 0},
    {CH, "002a 0004 00004000", "extension_data", OVER, 0},
    {SH, "002a 0000", "early_data", NULL, FEDE_EXTENSION_MISPLACED},
    /* supported_versions */
    {CH, "002b 0003 02 0304", NULL, NULL, 0},
    {CH, "002b 0001 00", "versions", EMPTY, 0},
    {CH, "002b 0004 03 0304 03", "versions", ODD, 0},
    {CH, "002b 0100 ff 00(255)", "versions", LONG, 0},
    {CH, "002b 0100 fe 00(254) 00", "extension_data", OVER, 0},
    {SH, "002b 0002 0304", NULL, NULL, 0},
    {SH, "002b 0003 02 0304", "extension_data", OVER, 0},
    {HRR, "002b 0002 0304", NULL, NULL, 0},
    /* with TLS 1.3 chosen, a ServerHello has nothing but what makes the keys */
    {SH, "002b 0002 0304 0033 0005 001d 0001 61", NULL, NULL, 0},
    {SH, "002b 0002 0304 0017 0000", "extended_master_secret", NULL, FEDE_EXTENSION_MISPLACED},
    {SH, "0010 0005 0003 02 6832 002b 0002 0304", "application_layer_protocol_negotiation", NULL, FEDE_EXTENSION_MISPLACED},
    {SH, "002b 0002 0303 0017 0000", NULL, NULL, 0},
    /* cookie */
    {CH, "002c 0003 0001 61", NULL, NULL, 0},
    {HRR, "002c 0003 0001 61", NULL, NULL, 0},
    {HRR, "002c 0002 0000", "cookie", EMPTY, 0},
    {SH, "002c 0003 0001 61", "cookie", NULL, FEDE_EXTENSION_MISPLACED},
    /* psk_key_exchange_modes */
    {CH, "002d 0002 01 01", NULL, NULL, 0},
    {CH, "002d 0001 00", "ke_modes", EMPTY, 0},
    {SH, "002d 0002 01 01", "psk_key_exchange_modes", NULL, FEDE_EXTENSION_MISPLACED},
    /* certificate_authorities */
    {CH, "002f 0005 0003 0001 30", NULL, NULL, 0},
    {CH, "002f 0004 0002 0000", "authorities", SHORT, 0},
    {CH, "002f 0006 0004 0000 0000", "distinguished_name", EMPTY, 0},
    {CR, "002f 0005 0003 0001 30", NULL, NULL, 0},
    /* key_share */
    {CH, "0033 0002 0000", NULL, NULL, 0},
    {CH, "0033 0007 0005 001d 0001 61", NULL, NULL, 0},
    {CH, "0033 0006 0004 001d 0000", "key_exchange", EMPTY, 0},
    {CH, "0033 0007 0005 001d 0002 61", "key_exchange", CUT, 0},
    {SH, "0033 0005 001d 0001 61", NULL, NULL, 0},
    {SH, "0033 0006 001d 0001 61 00", "extension_data", OVER, 0},
    {SH, "0033 0002 001d", "key_exchange", "is cut off within its length", 0},
    {HRR, "0033 0002 001d", NULL, NULL, 0},
    {HRR, "0033 0005 001d 0001 61", "extension_data", OVER, 0},
    {EE, "0033 0005 001d 0001 61", "key_share", NULL, FEDE_EXTENSION_MISPLACED},
    /* next_protocol_negotiation */
    {CH, "3374 0000", NULL, NULL, 0},
    {CH, "3374 0002 0161", "extension_data", OVER, 0},
    {SH, "3374 0000", NULL, NULL, 0},
    {SH, "3374 0004 0161 0162", NULL, NULL, 0},
    {SH, "3374 0003 0161 00", "protocol_name", EMPTY, 0},
    {SH, "3374 0003 0161 01", "protocol_name", CUT, 0},
    /* application_settings, both numbers */
    {CH, "4469 0005 0003 02 6832", NULL, NULL, 0},
    {CH, "44cd 0005 0003 02 6832", NULL, NULL, 0},
    {CH, "44cd 0003 0001 00", "supported_protocols", SHORT, 0},
    {EE, "44cd 0002 6162", NULL, NULL, 0},
    {SH, "44cd 0000", "application_settings", NULL, FEDE_EXTENSION_MISPLACED},
    /* channel_id */
    {CH, "7550 0000", NULL, NULL, 0},
    {SH, "7550 0000", NULL, NULL, 0},
    {CH, "7550 0001 00", "channel_id", "is not empty", 0},
    /* trust_anchors */
    {CH, "ca34 0002 0000", NULL, NULL, 0},
    {CH, "ca34 0005 0003 02 0102", NULL, NULL, 0},
    {CH, "ca34 0003 0001 00", "trust_anchor_id", EMPTY, 0},
    {CT, "ca34 0000", NULL, NULL, 0},
    /* encrypted_client_hello */
    {CH, "fe0d 000c 00 0001 0001 07 0001 61 0001 62", NULL, NULL, 0},
    {CH, "fe0d 000a 00 0001 0001 07 0000 0000", "payload", EMPTY, 0},
    {CH, "fe0d 0001 01", NULL, NULL, 0},
    {CH, "fe0d 0001 02", "type", NULL, FEDE_FIELD_VALUE},
    {CH, "fe0d 0002 01 00", "extension_data", OVER, 0},
    {HRR, "fe0d 0008 00(8)", NULL, NULL, 0},
    {HRR, "fe0d 0007 00(7)", "confirmation", "is not eight bytes long", 0},
    {EE, "fe0d 0008 0006 fe0d 0002 6162", NULL, NULL, 0},
    {EE, "fe0d 0005 0003 fe0d 00", "retry_configs", SHORT, 0},
    {SH, "fe0d 0000", "encrypted_client_hello", NULL, FEDE_EXTENSION_MISPLACED},
    /* renegotiation_info */
    {CH, "ff01 0001 00", NULL, NULL, 0},
    {CH, "ff01 0002 01 61", NULL, NULL, 0},
    {CH, "ff01 0000", "renegotiated_connection", "is cut off within its length", 0},
    {CH, "ff01 0002 00 00", "extension_data", OVER, 0},
    {SH, "ff01 0001 00", NULL, NULL, 0},
    {EE, "ff01 0001 00", "renegotiation_info", NULL, FEDE_EXTENSION_MISPLACED},
};
// clang-format on

static void extensions_by_case(void **state)
{
    (void)state;
    static uint8_t buffer[ROOM];
    uint32_t seen = 0;
    for (size_t i = 0; i < sizeof extension_cases / sizeof *extension_cases; i++) {
        const struct extension_case *c = &extension_cases[i];
        size_t n = from_hex(c->hex, buffer + 2);
        store16(buffer, (uint16_t)n);
        bytes in = exact(buffer, n + 2);
        struct extensions e = {0};
        struct wire w = wire_reader(in);
        wire_extensions(&w, (enum ext_place)c->place, &e);
        if (w.bad && !c->where)
            fail_msg("%s (%d): refused: %s %s", c->hex, c->place, w.bad_where, w.bad_why);
        if (!w.bad && c->where)
            fail_msg("%s (%d): accepted, although %s %s", c->hex, c->place, c->where, c->why ? c->why : "is bad");
        if (w.bad) {
            uint16_t reason = c->reason ? c->reason : FEDE_DECODE;
            if (strcmp(w.bad_where, c->where) != 0 || (c->why && strcmp(w.bad_why, c->why) != 0) || w.reason != reason)
                fail_msg("%s: %s %s (%u) instead of %s %s (%u)", c->hex, w.bad_where, w.bad_why, w.reason, c->where,
                         c->why ? c->why : "", reason);
        } else {
            assert_true(wire_done(&w));
            assert_true(e.block);
            seen |= e.present;
        }
        give_back(in);
    }
    /* Every extension of the table was accepted somewhere. */
    assert_int_equal(seen, (uint32_t)((1ull << EXT_KNOWN) - 1));
}

static void misplaced_says_which(void **state)
{
    (void)state;
    struct extensions e = {0};
    struct wire w = wire_reader(bytes_of("\0\4\0\x15\0\0", 6));
    wire_extensions(&w, IN_SERVER_HELLO, &e);
    assert_int_equal(w.reason, FEDE_EXTENSION_MISPLACED);
    assert_int_equal(w.got, EXT_PADDING);
    w = wire_reader(bytes_of("\0\10\0\x17\0\0\0\x17\0\0", 10));
    wire_extensions(&w, IN_SERVER_HELLO, &e);
    assert_int_equal(w.reason, FEDE_EXTENSION_TWICE);
    assert_int_equal(w.got, EXT_EXTENDED_MASTER_SECRET);
    w = wire_reader(bytes_of("\0\5\0\x17\0\1\0", 7));
    wire_extensions(&w, IN_SERVER_HELLO, &e);
    assert_string_equal(w.bad_in, "extended_master_secret");
}

/* As many extensions as fit in a block: accepted when all differ, refused when two of the last are the same. */
static void many_unknown_extensions(void **state)
{
    (void)state;
    static uint8_t buffer[ROOM];
    enum { MANY = 16383 };
    size_t n = 0;
    for (uint32_t id = 0x8000; n < MANY; id++)
        if (ext_bit_of((uint16_t)id) < 0) {
            store16(buffer + 2 + 4 * n, (uint16_t)id);
            store16(buffer + 4 + 4 * n++, 0);
        }
    for (size_t count = 46; count <= MANY; count = count < 52 ? count + 1 : count == 52 ? MANY : MANY + 1) {
        struct extensions e = {0};
        store16(buffer, (uint16_t)(4 * count));
        struct wire w = wire_reader(bytes_of(buffer, 2 + 4 * count));
        wire_extensions(&w, IN_CLIENT_HELLO, &e);
        assert_true(wire_done(&w));
        assert_int_equal(e.unknown, count);
        for (size_t other = 0; other < count - 1; other += count / 5) {
            uint16_t kept = load16(buffer + 2 + 4 * (count - 1));
            store16(buffer + 2 + 4 * (count - 1), load16(buffer + 2 + 4 * other));
            w = wire_reader(bytes_of(buffer, 2 + 4 * count));
            wire_extensions(&w, IN_CLIENT_HELLO, &e);
            assert_int_equal(w.reason, FEDE_EXTENSION_TWICE);
            assert_int_equal(w.got, load16(buffer + 2 + 4 * other));
            store16(buffer + 2 + 4 * (count - 1), kept);
        }
    }
}

static void table_of_extensions(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < EXT_KNOWN; bit++) {
        uint16_t id = ext_id((enum ext_bit)bit);
        assert_int_equal(ext_bit_of(id), bit);
        assert_non_null(names_find(&extension_names, id));
        assert_true(ext_allowed_in(IN_CLIENT_HELLO) >> bit & 1);
    }
    size_t known = 0;
    for (uint32_t id = 0; id < 65536; id++)
        known += ext_bit_of((uint16_t)id) >= 0;
    assert_int_equal(known, EXT_KNOWN);
    /* Answers need a question, but for a retry's cookie and a ticket's early_data. */
    assert_int_equal(ext_reply_in(IN_CLIENT_HELLO), 0);
    assert_int_equal(ext_reply_in(IN_CERTIFICATE_REQUEST), 0);
    assert_int_equal(ext_reply_in(IN_SERVER_HELLO), ext_allowed_in(IN_SERVER_HELLO));
    assert_int_equal(ext_reply_in(IN_HELLO_RETRY), ext_allowed_in(IN_HELLO_RETRY) & ~(1u << HAS_COOKIE));
    assert_int_equal(ext_reply_in(IN_NEW_SESSION_TICKET), 0);
}

static const char *entered[4];
static size_t n_entered;
static void note_enter(struct narrator *n, const struct wire_field *f)
{
    (void)n;
    if (n_entered < 4)
        entered[n_entered++] = f->name;
}
static void note_field(struct narrator *n, const struct wire_field *f)
{
    (void)n;
    (void)f;
}
static void note_leave(struct narrator *n, size_t end)
{
    (void)n;
    (void)end;
}

/* The name of an extension's level is the registry's; GREASE has one too. */
static void names_of_levels(void **state)
{
    (void)state;
    struct narrator narrator = {note_field, note_enter, note_leave};
    uint8_t in[] = {0, 4, 0, 0, 0, 0};
    uint16_t ids[3] = {0x4a4a, 0x000c, 0xfffe};
    const char *names[3] = {"GREASE", "srp", "extension"};
    for (int i = 0; i < 3; i++) {
        struct extensions e = {0};
        store16(in + 2, ids[i]);
        n_entered = 0;
        struct wire w = wire_narrating(bytes_of(in, sizeof in), &narrator);
        wire_extensions(&w, IN_CLIENT_HELLO, &e);
        assert_int_equal(n_entered, 2);
        assert_string_equal(entered[0], "extensions");
        assert_string_equal(entered[1], names[i]);
    }
    for (unsigned bit = 0; bit < EXT_KNOWN; bit++) {
        struct extensions e = {0};
        store16(in + 2, ext_id((enum ext_bit)bit));
        n_entered = 0;
        struct wire w = wire_narrating(bytes_of(in, sizeof in), &narrator);
        wire_extensions(&w, IN_CLIENT_HELLO, &e);
        assert_string_equal(entered[1], names_find(&extension_names, ext_id((enum ext_bit)bit)));
    }
}

/* ---- messages ---- */

struct message_case {
    uint8_t type, kx;
    const char *hex, *where, *why;
    uint16_t reason;
};

#define RANDOM        "11(32)"
#define NO_EXTENSIONS "00 0002 c02f 01 00"
// clang-format off
static const struct message_case message_cases[] = {
    {MSG_CLIENT_HELLO, 0, "0303" RANDOM NO_EXTENSIONS, NULL, NULL, 0},
    {MSG_CLIENT_HELLO, 0, "0303" RANDOM NO_EXTENSIONS "0000", NULL, NULL, 0},
    {MSG_CLIENT_HELLO, 0, "0303" RANDOM NO_EXTENSIONS "00", "extensions", "is cut off", 0},
    {MSG_CLIENT_HELLO, 0, "0303" RANDOM NO_EXTENSIONS "0000 00", NULL, "", 0},
    {MSG_CLIENT_HELLO, 0, "0303" "11(31)", "random", "is cut off", 0},
    {MSG_CLIENT_HELLO, 0, "0303" RANDOM "20 00(32) 0002 c02f 01 00", NULL, NULL, 0},
    {MSG_CLIENT_HELLO, 0, "0303" RANDOM "21 00(33) 0002 c02f 01 00", "session_id", LONG, 0},
    {MSG_CLIENT_HELLO, 0, "0303" RANDOM "00 0000 01 00", "cipher_suites", EMPTY, 0},
    {MSG_CLIENT_HELLO, 0, "0303" RANDOM "00 0001 c0 01 00", "cipher_suites", SHORT, 0},
    {MSG_CLIENT_HELLO, 0, "0303" RANDOM "00 0003 c02f c0 01 00", "cipher_suites", ODD, 0},
    {MSG_CLIENT_HELLO, 0, "0303" RANDOM "00 0002 c02f 00", "compression_methods", EMPTY, 0},
    {MSG_CLIENT_HELLO, 0, "0303" RANDOM "00 0002 c02f", "compression_methods", "is cut off", 0},
    {MSG_SERVER_HELLO, 0, "0303" RANDOM "00 c02f 00", NULL, NULL, 0},
    {MSG_SERVER_HELLO, 0, "0303" RANDOM "00 c02f 00 0000", NULL, NULL, 0},
    {MSG_SERVER_HELLO, 0, "0303" RANDOM "00 c02f", "compression_method", "is cut off", 0},
    {MSG_SERVER_HELLO, 0, "0303" RANDOM "21 00(33) c02f 00", "session_id", LONG, 0},
    /* a retry is known by its random */
    {MSG_SERVER_HELLO, 0, "0303 cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c 00 1301 00 0006 0033 0002 0017", NULL, NULL, 0},
    {MSG_SERVER_HELLO, 0, "0303 cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339d 00 1301 00 0006 0033 0002 0017", "key_exchange", "is cut off within its length", 0},
    {MSG_SERVER_HELLO, 0, "0303 cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c 00 1301 00", "extensions", "is cut off", 0},
    {MSG_HELLO_REQUEST, 0, "", NULL, NULL, 0},
    {MSG_HELLO_REQUEST, 0, "00", NULL, "", 0},
    {MSG_SERVER_HELLO_DONE, 0, "", NULL, NULL, 0},
    {MSG_SERVER_HELLO_DONE, 0, "00", NULL, "", 0},
    {MSG_CERTIFICATE, 0, "000000", NULL, NULL, 0},
    {MSG_CERTIFICATE, 0, "000004 000001 30", NULL, NULL, 0},
    {MSG_CERTIFICATE, 0, "000003 000000", "certificate", EMPTY, 0},
    {MSG_CERTIFICATE, 0, "000004 000002 30", "certificate", CUT, 0},
    {MSG_CERTIFICATE, 0, "000005 000001 30", "certificate_list", CUT, 0},
    {MSG_CERTIFICATE, 0, "000004 000001 30 00", NULL, "", 0},
    {MSG_CERTIFICATE, 0, "000005 000001 30 00", "certificate", "is cut off within its length", 0},
    {MSG_SERVER_KEY_EXCHANGE, KX_ECDHE, "03 001d 01 61 0403 0001 62", NULL, NULL, 0},
    {MSG_SERVER_KEY_EXCHANGE, KX_ECDHE, "03 001d 01 61 0403 0000", NULL, NULL, 0},
    {MSG_SERVER_KEY_EXCHANGE, KX_ECDHE, "03 001d 00 0403 0001 62", "public", EMPTY, 0},
    {MSG_SERVER_KEY_EXCHANGE, KX_ECDHE, "03 001d 01 61", "algorithm", "is cut off", 0},
    {MSG_SERVER_KEY_EXCHANGE, KX_ECDHE, "01 001d 01 61 0403 0001 62", "curve_type", NULL, FEDE_CURVE_TYPE},
    {MSG_SERVER_KEY_EXCHANGE, KX_ECDHE, "03 001d 01 61 0403 0001 62 00", NULL, "", 0},
    {MSG_SERVER_KEY_EXCHANGE, KX_ECDH_ANON, "03 001d 01 61", NULL, NULL, 0},
    {MSG_SERVER_KEY_EXCHANGE, KX_ECDH_ANON, "03 001d 01 61 0403 0000", NULL, "", 0},
    {MSG_SERVER_KEY_EXCHANGE, KX_DHE, "0001 07 0001 02 0001 03 0401 0001 62", NULL, NULL, 0},
    {MSG_SERVER_KEY_EXCHANGE, KX_DHE, "0000 0001 02 0001 03 0401 0001 62", "dh_p", EMPTY, 0},
    {MSG_SERVER_KEY_EXCHANGE, KX_DHE, "0001 07 0000 0001 03 0401 0001 62", "dh_g", EMPTY, 0},
    {MSG_SERVER_KEY_EXCHANGE, KX_DHE, "0001 07 0001 02 0000 0401 0001 62", "dh_Ys", EMPTY, 0},
    {MSG_SERVER_KEY_EXCHANGE, KX_DH_ANON, "0001 07 0001 02 0001 03", NULL, NULL, 0},
    {MSG_SERVER_KEY_EXCHANGE, KX_PSK, "0000", NULL, NULL, 0},
    {MSG_SERVER_KEY_EXCHANGE, KX_PSK, "", "psk_identity_hint", "is cut off within its length", 0},
    {MSG_SERVER_KEY_EXCHANGE, KX_ECDHE_PSK, "0001 61 03 001d 01 61", NULL, NULL, 0},
    {MSG_SERVER_KEY_EXCHANGE, KX_RSA, "", "ServerKeyExchange", "has no place in this key exchange", 0},
    {MSG_SERVER_KEY_EXCHANGE, 0, "", "ServerKeyExchange", "has no place in this key exchange", 0},
    {MSG_SERVER_KEY_EXCHANGE, 200, "", "ServerKeyExchange", "has no place in this key exchange", 0},
    {MSG_CLIENT_KEY_EXCHANGE, KX_ECDHE, "01 61", NULL, NULL, 0},
    {MSG_CLIENT_KEY_EXCHANGE, KX_ECDHE, "00", "ecdh_Yc", EMPTY, 0},
    {MSG_CLIENT_KEY_EXCHANGE, KX_ECDHE, "01 61 00", NULL, "", 0},
    {MSG_CLIENT_KEY_EXCHANGE, KX_DHE, "0001 61", NULL, NULL, 0},
    {MSG_CLIENT_KEY_EXCHANGE, KX_DHE, "0000", "dh_Yc", EMPTY, 0},
    {MSG_CLIENT_KEY_EXCHANGE, KX_RSA, "0002 6162", NULL, NULL, 0},
    {MSG_CLIENT_KEY_EXCHANGE, KX_RSA, "0003 6162", "encrypted_pre_master_secret", CUT, 0},
    {MSG_CLIENT_KEY_EXCHANGE, KX_RSA_PSK, "0001 61 0001 62", NULL, NULL, 0},
    {MSG_CLIENT_KEY_EXCHANGE, 0, "", "ClientKeyExchange", "has no place in this key exchange", 0},
    {MSG_CERTIFICATE_REQUEST, 0, "01 40 0002 0403 0000", NULL, NULL, 0},
    {MSG_CERTIFICATE_REQUEST, 0, "00 0002 0403 0000", "certificate_types", EMPTY, 0},
    {MSG_CERTIFICATE_REQUEST, 0, "01 40 0000 0000", "supported_signature_algorithms", EMPTY, 0},
    {MSG_CERTIFICATE_REQUEST, 0, "01 40 0003 0403 04 0000", "supported_signature_algorithms", ODD, 0},
    {MSG_CERTIFICATE_REQUEST, 0, "01 40 0002 0403 0003 0001 30", NULL, NULL, 0},
    {MSG_CERTIFICATE_REQUEST, 0, "01 40 0002 0403 0002 0000", "distinguished_name", EMPTY, 0},
    {MSG_CERTIFICATE_VERIFY, 0, "0403 0001 61", NULL, NULL, 0},
    {MSG_CERTIFICATE_VERIFY, 0, "0403 0002 61", "signature", CUT, 0},
    {MSG_CERTIFICATE_STATUS, 0, "01 000001 30", NULL, NULL, 0},
    {MSG_CERTIFICATE_STATUS, 0, "01 000000", "response", EMPTY, 0},
    {MSG_CERTIFICATE_STATUS, 0, "02 000003 000000", NULL, NULL, 0},
    {MSG_CERTIFICATE_STATUS, 0, "02 000000", "ocsp_response_list", EMPTY, 0},
    {MSG_NEW_SESSION_TICKET, 0, "00000e10 0000", NULL, NULL, 0},
    {MSG_NEW_SESSION_TICKET, 0, "00000e10 0001", "ticket", CUT, 0},
    {MSG_NEW_SESSION_TICKET, 0, "00000e", "ticket_lifetime_hint", "is cut off", 0},
    {MSG_FINISHED, 0, "00(12)", NULL, NULL, 0},
    {MSG_FINISHED, 0, "00(11)", "verify_data", SHORT, 0},
    {MSG_FINISHED, 0, "00(64)", NULL, NULL, 0},
    {MSG_FINISHED, 0, "00(65)", "verify_data", LONG, 0},
};
// clang-format on

/* A message with nothing wrong in it but bytes left over has where NULL and why "". */
static void messages_by_case(void **state)
{
    (void)state;
    static uint8_t buffer[ROOM];
    for (size_t i = 0; i < sizeof message_cases / sizeof *message_cases; i++) {
        const struct message_case *c = &message_cases[i];
        bytes in = exact(buffer, from_hex(c->hex, buffer));
        struct wire w = wire_reader(in);
        if (c->type == MSG_SERVER_KEY_EXCHANGE) {
            struct server_key_exchange m = {.kx = c->kx};
            wire_server_key_exchange(&w, &m);
        } else if (c->type == MSG_CLIENT_KEY_EXCHANGE) {
            struct client_key_exchange m = {.kx = c->kx};
            wire_client_key_exchange(&w, &m);
        } else {
            wire_narrate(&w, c->type, NULL);
        }
        bool left_over = !c->where && c->why;
        if (wire_done(&w) != (!c->where && !left_over))
            fail_msg("message %u, %s: %s %s", c->type, c->hex, w.bad_where ? w.bad_where : "accepted",
                     w.bad_why ? w.bad_why : "");
        if (left_over)
            assert_false(w.bad);
        if (c->where)
            if (strcmp(w.bad_where, c->where) != 0 || (c->why && strcmp(w.bad_why, c->why) != 0) ||
                w.reason != (c->reason ? c->reason : FEDE_DECODE))
                fail_msg("message %u, %s: %s %s (%u)", c->type, c->hex, w.bad_where, w.bad_why, w.reason);
        give_back(in);
    }
}

/* What is signed is exactly the parameters; a signature is expected exactly where the key exchange has one. */
static void signed_stretch(void **state)
{
    (void)state;
    const uint8_t in[] = {3, 0, 29, 2, 'a', 'b', 4, 3, 0, 1, 'x'};
    struct server_key_exchange m = {.kx = KX_ECDHE};
    struct wire w = wire_reader(bytes_of(in, sizeof in));
    wire_server_key_exchange(&w, &m);
    assert_true(wire_done(&w) && m.is_signed);
    assert_ptr_equal(m.params.data, in);
    assert_int_equal(m.params.len, 6);
    assert_int_equal(m.group, 29);
    uint8_t out[6];
    w = wire_writer(out, sizeof out);
    wire_exchange_params(&w, &m);
    assert_true(wire_done(&w));
    assert_memory_equal(out, in, 6);
    m = (struct server_key_exchange){.kx = KX_ECDH_ANON, .is_signed = true};
    w = wire_reader(bytes_of(in, 6));
    wire_server_key_exchange(&w, &m);
    assert_true(wire_done(&w) && !m.is_signed);
}

static void small_ones(void **state)
{
    (void)state;
    uint8_t one = 0;
    struct wire w = wire_reader(bytes_of("\1", 1));
    wire_ccs(&w, &one);
    assert_true(wire_done(&w) && one == 1);
    w = wire_reader(bytes_of("\2", 1));
    wire_ccs(&w, &one);
    assert_int_equal(w.reason, FEDE_CCS_BAD);
    assert_int_equal(w.got, 2);
    struct alert_message alert = {0};
    w = wire_reader(bytes_of("\2\x28", 2));
    wire_alert(&w, &alert);
    assert_true(wire_done(&w) && alert.level == 2 && alert.description == 40);
    w = wire_reader(bytes_of("\2", 1));
    wire_alert(&w, &alert);
    assert_true(w.bad);
    struct record_header record = {0};
    w = wire_reader(bytes_of("\x16\3\1\1\2", 5));
    wire_record_header(&w, &record);
    assert_true(wire_done(&w) && record.type == 22 && record.version == 0x0301 && record.len == 0x0102);
    uint8_t type = 0;
    uint32_t len = 0;
    w = wire_reader(bytes_of("\1\0\1\0", 4));
    wire_header(&w, &type, &len);
    assert_true(wire_done(&w) && type == 1 && len == 256);
}

static void walking_lists(void **state)
{
    (void)state;
    bytes rest = bytes_of("\2h2\1x", 5), item;
    assert_true(alpn_next(&rest, &item) && item.len == 2);
    assert_true(alpn_next(&rest, &item) && item.len == 1 && *item.data == 'x');
    assert_false(alpn_next(&rest, &item));
    rest = bytes_of("\3h2", 3);
    assert_false(alpn_next(&rest, &item));
    rest = bytes_of("\0\0\2ab\0\0\1c", 9);
    assert_true(certificates_next(&rest, &item) && item.len == 2);
    assert_true(certificates_next(&rest, &item) && item.len == 1 && *item.data == 'c');
    assert_false(certificates_next(&rest, &item));
    rest = bytes_of("\0\0\2a", 4);
    assert_false(certificates_next(&rest, &item));
    uint16_t id;
    rest = bytes_of("\0\x17\0\0\xff\1\0\1\0", 9);
    assert_true(extensions_next(&rest, &id, &item) && id == 23 && item.len == 0);
    assert_true(extensions_next(&rest, &id, &item) && id == 0xff01 && item.len == 1);
    assert_false(extensions_next(&rest, &id, &item));
    rest = bytes_of("\0\x17\0\1", 4);
    assert_false(extensions_next(&rest, &id, &item));
}

/* ---- writing hellos ---- */

static void order_when_writing(void **state)
{
    (void)state;
    uint8_t out[400];
    struct extensions e = {
        .present = 1u << HAS_PRE_SHARED_KEY | 1u << HAS_EXTENDED_MASTER_SECRET | 1u << HAS_RENEGOTIATION_INFO,
        .pre_shared_key = bytes_of("\0\7\0\1a\0\0\0\0\0\x21\x20 2345678901234567890123456789012", 44),
        .has_first = true,
        .first = {0x0a0a, {NULL, 0}},
        .has_last = true,
        .last = {0x1a1a, {(const uint8_t *)"", 1}}};
    struct wire w = wire_writer(out, sizeof out);
    wire_extensions(&w, IN_CLIENT_HELLO, &e);
    assert_true(wire_done(&w));
    const uint16_t order[] = {0x0a0a, EXT_EXTENDED_MASTER_SECRET, EXT_RENEGOTIATION_INFO, 0x1a1a, EXT_PRE_SHARED_KEY};
    bytes rest = bytes_of(out + 2, w.at - 2), body;
    for (size_t i = 0; i < 5; i++) {
        uint16_t id;
        assert_true(extensions_next(&rest, &id, &body));
        assert_int_equal(id, order[i]);
    }
    assert_int_equal(rest.len, 0);
    /* Nothing to write: no block in a hello of TLS 1.2, an empty one elsewhere. */
    e = (struct extensions){0};
    w = wire_writer(out, sizeof out);
    wire_extensions(&w, IN_SERVER_HELLO, &e);
    assert_int_equal(w.at, 0);
    wire_extensions(&w, IN_ENCRYPTED_EXTENSIONS, &e);
    assert_int_equal(w.at, 2);
    /* Content that is malformed itself is not written. */
    e = (struct extensions){.present = 1u << HAS_ALPN, .alpn = bytes_of("\3h2", 3)};
    w = wire_writer(out, sizeof out);
    wire_extensions(&w, IN_CLIENT_HELLO, &e);
    assert_true(w.bad);
    e = (struct extensions){.present = 1u << HAS_SERVER_NAME};
    w = wire_writer(out, sizeof out);
    wire_extensions(&w, IN_CLIENT_HELLO, &e);
    assert_true(w.bad);
}

/* ---- the registries ---- */

static void registries_are_sorted(void **state)
{
    (void)state;
    const struct names *const all[] = {&content_type_names,
                                       &version_names,
                                       &handshake_names,
                                       &alert_names,
                                       &alert_level_names,
                                       &suite_names,
                                       &compression_names,
                                       &extension_names,
                                       &group_names,
                                       &scheme_names,
                                       &hash_names,
                                       &signature_names,
                                       &point_format_names,
                                       &curve_type_names,
                                       &name_type_names,
                                       &status_type_names,
                                       &certificate_type_names,
                                       &psk_mode_names,
                                       &certificate_compression_names,
                                       &key_update_names,
                                       &certificate_kind_names,
                                       &hpke_kem_names,
                                       &hpke_kdf_names,
                                       &hpke_aead_names};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        assert_true(all[i]->n > 0 && all[i]->title[0]);
        for (size_t k = 0; k < all[i]->n; k++) {
            const struct name_row *row = &all[i]->rows[k];
            assert_true(row->name && row->name[0] && row->section && row->status);
            if (k > 0 && row[-1].number >= row->number)
                fail_msg("%s: %u stands behind %u", all[i]->title, row->number, row[-1].number);
            assert_ptr_equal(names_row(all[i], row->number), row);
            if (all[i]->grease)
                assert_false(names_is_grease(row->number));
            for (size_t j = 0; j < k && strcmp(row->name, "GREASE") != 0; j++)
                if (strcmp(all[i]->rows[j].name, row->name) == 0)
                    fail_msg("%s: the name %s stands twice", all[i]->title, row->name);
        }
    }
}

static void names_known_by_heart(void **state)
{
    (void)state;
    // clang-format off
    static const struct { const struct names *names; uint32_t number; const char *name; } all[] = {
        {&suite_names, 0x0000, "TLS_NULL_WITH_NULL_NULL"},
        {&suite_names, 0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"},
        {&suite_names, 0x00ff, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"},
        {&suite_names, 0x1301, "TLS_AES_128_GCM_SHA256"},
        {&suite_names, 0x5600, "TLS_FALLBACK_SCSV"},
        {&suite_names, 0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
        {&suite_names, 0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
        {&suite_names, 0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
        {&suite_names, 0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
        {&suite_names, 0xccac, "TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256"},
        {&group_names, 0x0017, "secp256r1"},
        {&group_names, 0x001d, "x25519"},
        {&group_names, 0x11ec, "X25519MLKEM768"},
        {&scheme_names, 0x0401, "rsa_pkcs1_sha256"},
        {&scheme_names, 0x0804, "rsa_pss_rsae_sha256"},
        {&scheme_names, 0x0905, "mldsa65"},
        {&alert_names, 40, "handshake_failure"},
        {&alert_names, 120, "no_application_protocol"},
        {&handshake_names, 16, "client_key_exchange"},
        {&content_type_names, 23, "application_data"},
        {&version_names, 0x0303, "TLS 1.2"},
        {&extension_names, 0xff01, "renegotiation_info"},
        {&extension_names, 0x9a9a, "GREASE"},
        {&psk_mode_names, 0x0b, "GREASE"},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const char *name = names_find(all[i].names, all[i].number);
        assert_non_null(name);
        assert_string_equal(name, all[i].name);
        uint32_t number = 0;
        if (strcmp(name, "GREASE") != 0) {
            assert_true(names_number(all[i].names, name, &number));
            assert_int_equal(number, all[i].number);
        }
    }
    uint32_t number = 1;
    assert_true(names_number(&group_names, "X25519mlkem768", &number));
    assert_int_equal(number, 4588);
    assert_false(names_number(&group_names, "x2551", &number));
    assert_null(names_find(&suite_names, 0xffff));
    assert_null(names_row(&alert_names, 0x0a0a));
    assert_int_equal(names_row(&suite_names, 0xfafa)->number, 0xfafa);
    assert_true(suite_names.n > 370);
}

static void grease_by_form(void **state)
{
    (void)state;
    size_t n = 0;
    for (uint32_t number = 0; number < 0x20000; number++)
        n += names_is_grease(number);
    assert_int_equal(n, 16);
    assert_true(names_is_grease(0x0a0a) && names_is_grease(0xfafa));
    assert_false(names_is_grease(0x0a1a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_both_ways),
        cmocka_unit_test(the_first_error_sticks),
        cmocka_unit_test(empty_input_may_be_null),
        cmocka_unit_test(bounds_of_vectors),
        cmocka_unit_test(blocks_nest),
        cmocka_unit_test(lists_of_numbers),
        cmocka_unit_test(extensions_by_case),
        cmocka_unit_test(misplaced_says_which),
        cmocka_unit_test(many_unknown_extensions),
        cmocka_unit_test(table_of_extensions),
        cmocka_unit_test(names_of_levels),
        cmocka_unit_test(messages_by_case),
        cmocka_unit_test(signed_stretch),
        cmocka_unit_test(small_ones),
        cmocka_unit_test(walking_lists),
        cmocka_unit_test(order_when_writing),
        cmocka_unit_test(registries_are_sorted),
        cmocka_unit_test(names_known_by_heart),
        cmocka_unit_test(grease_by_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
