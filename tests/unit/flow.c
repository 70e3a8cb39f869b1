/* The table of TLS 1.2 row by row: what may come next, where the silent steps stand, what things are called. The sequences as
   a whole are compared in tests/model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "flow/flow.h"

/* The silent steps: each role does what it must before it can go on. */
static size_t row_of(uint8_t from, uint16_t what)
{
    for (size_t i = 0; i < flow_tls12_len; i++)
        if (flow_tls12[i].what == what && flow_tls12[i].from == from)
            return i;
    fail_msg("no row %s", flow_step_name(what));
    return 0;
}

static void silent_steps_in_place(void **state)
{
    (void)state;
    assert_true(row_of(FLOW_SERVER, ACT_CHOOSE) < row_of(FLOW_SERVER, MSG_SERVER_HELLO));
    assert_true(row_of(FLOW_SERVER, ACT_SHARE) < row_of(FLOW_SERVER, MSG_SERVER_KEY_EXCHANGE));
    /* Verified before anything is sent that trusts it. */
    assert_true(row_of(FLOW_CLIENT, ACT_VERIFY_PEER) > row_of(FLOW_SERVER, MSG_SERVER_HELLO_DONE));
    assert_true(row_of(FLOW_CLIENT, ACT_VERIFY_PEER) < row_of(FLOW_CLIENT, MSG_CERTIFICATE));
    assert_true(row_of(FLOW_CLIENT, ACT_VERIFY_PEER) < row_of(FLOW_CLIENT, MSG_CLIENT_KEY_EXCHANGE));
    assert_true(row_of(FLOW_SERVER, ACT_VERIFY_PEER) > row_of(FLOW_CLIENT, MSG_CERTIFICATE));
    /* The extended master secret covers the messages up to ClientKeyExchange, and no more (RFC 7627 3). */
    assert_int_equal(row_of(FLOW_BOTH, ACT_MASTER_SECRET), row_of(FLOW_CLIENT, MSG_CLIENT_KEY_EXCHANGE) + 1);
    assert_int_equal(row_of(FLOW_BOTH, ACT_OPEN), flow_tls12_len - 1);
    /* A server with a certificate is verified in every full handshake, whatever else is true. */
    for (uint16_t facts = 0; facts < 1 << 7; facts++)
        if (facts & FACT_SERVER_AUTH && !(facts & FACT_RESUMED))
            assert_true(flow_applies(&flow_tls12[row_of(FLOW_CLIENT, ACT_VERIFY_PEER)], facts));
}

static void names_are_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < flow_tls12_len; i++)
        assert_string_not_equal(flow_step_name(flow_tls12[i].what), "unknown message");
    for (uint16_t fact = 1; fact <= FACT_TICKET; fact = (uint16_t)(fact << 1))
        assert_string_not_equal(flow_fact_name(fact), "unknown fact");
    assert_string_equal(flow_step_name(99), "unknown message");
    assert_string_equal(flow_fact_name(1 << 15), "unknown fact");
}

/* Row, facts, and what may come from there on, ended by 0xffff. */
struct expectation {
    uint8_t from;
    uint16_t what, facts;
    uint16_t kinds[4];
};

static void expected(void **state)
{
    (void)state;
    enum { C = FLOW_CLIENT, S = FLOW_SERVER, AUTH = FACT_SERVER_AUTH, KX = FACT_KEY_EXCHANGE, END = 0xffff };
    // clang-format off
    static const struct expectation all[] = {
        {C, MSG_CLIENT_HELLO, 0, {MSG_CLIENT_HELLO, END}},
        {S, ACT_CHOOSE, 0, {MSG_SERVER_HELLO, END}},
        {S, MSG_CERTIFICATE, AUTH | KX, {MSG_CERTIFICATE, END}},
        {S, MSG_CERTIFICATE, FACT_RESUMED, {MSG_CCS, END}},
        {S, MSG_CERTIFICATE, FACT_RESUMED | FACT_TICKET, {MSG_NEW_SESSION_TICKET, END}},
        {S, MSG_CERTIFICATE_STATUS, AUTH | KX | FACT_STAPLE, {MSG_CERTIFICATE_STATUS, MSG_SERVER_KEY_EXCHANGE, END}},
        {S, MSG_CERTIFICATE_STATUS, AUTH | FACT_STAPLE, {MSG_CERTIFICATE_STATUS, MSG_CERTIFICATE_REQUEST, MSG_SERVER_HELLO_DONE, END}},
        {S, MSG_CERTIFICATE_STATUS, AUTH | KX, {MSG_SERVER_KEY_EXCHANGE, END}},
        {S, MSG_CERTIFICATE_REQUEST, AUTH | KX, {MSG_CERTIFICATE_REQUEST, MSG_SERVER_HELLO_DONE, END}},
        {S, MSG_CERTIFICATE_REQUEST, KX, {MSG_SERVER_HELLO_DONE, END}},
        {C, ACT_VERIFY_PEER, AUTH | KX, {MSG_CLIENT_KEY_EXCHANGE, END}},
        {C, ACT_VERIFY_PEER, AUTH | KX | FACT_CLIENT_AUTH, {MSG_CERTIFICATE, END}},
        {C, MSG_CERTIFICATE_VERIFY, AUTH | KX | FACT_CLIENT_AUTH, {MSG_CCS, END}},
        {C, MSG_CERTIFICATE_VERIFY, AUTH | KX | FACT_CLIENT_AUTH | FACT_CLIENT_CERT, {MSG_CERTIFICATE_VERIFY, END}},
        {S, MSG_NEW_SESSION_TICKET, AUTH | KX | FACT_TICKET, {MSG_NEW_SESSION_TICKET, END}},
        {S, MSG_NEW_SESSION_TICKET, AUTH | KX, {MSG_CCS, END}},
        {FLOW_BOTH, ACT_OPEN, AUTH | KX, {END}},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        uint16_t kinds[4] = {END, END, END, END};
        size_t n = flow_expected(flow_tls12, flow_tls12_len, row_of(all[i].from, all[i].what), all[i].facts, kinds, 4),
               k = 0;
        while (k < 4 && all[i].kinds[k] != END) {
            assert_int_equal(kinds[k], all[i].kinds[k]);
            k++;
        }
        assert_int_equal(n, k);
        /* Less room: the first ones. */
        assert_int_equal(
            flow_expected(flow_tls12, flow_tls12_len, row_of(all[i].from, all[i].what), all[i].facts, kinds, 1),
            n < 1 ? n : 1);
    }
    assert_int_equal(flow_expected(flow_tls12, flow_tls12_len, flow_tls12_len, 0, NULL, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expected),
        cmocka_unit_test(silent_steps_in_place),
        cmocka_unit_test(names_are_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
