/* Sets of trust anchors as applications make them: from files, folders, the system's store; and what of a verification is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fede/verify.h"

#define DATA "tests/engine/data/"

enum { IN_2030 = 1893456000 };

/* Each way adds, nothing is added twice, and what is not there adds nothing. */
static void ways_to_add(void **state)
{
    (void)state;
    fede_trust *trust = fede_trust_new();
    assert_non_null(trust);
    assert_int_equal(fede_trust_at(trust, 0).len, 0);
    assert_int_equal(fede_trust_file(trust, DATA "nosuch.pem"), 0);
    assert_int_equal(fede_trust_directory(trust, DATA "nosuch"), 0);
    assert_int_equal(fede_trust_file(trust, DATA "root.pem"), 1);
    assert_true(fede_trust_at(trust, 0).len > 0);
    assert_int_equal(fede_trust_at(trust, 1).len, 0);
    assert_true(fede_trust_directory(trust, DATA) >= 1);
    assert_true(fede_trust_at(trust, 1).len > 0);
    fede_trust_free(trust);
}

/* The system's store is where the environment says, as with other libraries. */
static void the_system(void **state)
{
    (void)state;
    fede_trust *trust = fede_trust_new();
    assert_int_equal(setenv("SSL_CERT_FILE", DATA "root.pem", 1), 0);
    assert_int_equal(setenv("SSL_CERT_DIR", DATA "nosuch", 1), 0);
    assert_int_equal(fede_trust_system(trust), 1);
    assert_true(fede_trust_at(trust, 0).len > 0);
    unsetenv("SSL_CERT_FILE");
    unsetenv("SSL_CERT_DIR");
    fede_trust_free(trust);
}

static void what_is_told(void **state)
{
    (void)state;
    static uint8_t text[8192];
    FILE *f = fopen(DATA "p256.pem", "rb");
    assert_non_null(f);
    const fede_bytes chain = {text, fread(text, 1, sizeof text, f)};
    fclose(f);
    fede_trust *trust = fede_trust_new();
    fede_verify_request request = {.chain = &chain, .n_chain = 1, .trust = trust, .name = "server.test", .at = IN_2030};
    fede_verification *v = fede_verify_chain(&request);
    assert_false(fede_verification_verdict(v)->accepted);
    assert_int_equal(fede_verification_error(v)->reason, fede_verification_verdict(v)->reason);
    fede_verification_free(v);
    assert_int_equal(fede_trust_file(trust, DATA "root.pem"), 1);
    v = fede_verify_chain(&request);
    assert_true(fede_verification_verdict(v)->accepted);
    assert_null(fede_verification_error(v));
    fede_verification_free(v);
    fede_trust_free(trust);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ways_to_add),
        cmocka_unit_test(the_system),
        cmocka_unit_test(what_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
