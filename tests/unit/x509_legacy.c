/* DSA and SHA-1 in certificates: taken where a request asks for them, refused everywhere else. The certificates come from
   tests/unit/certificates/make_old.py. Built with FEDE_LEGACY=OFF: nobody can ask. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/arena.h"
#include "x509/x509.h"

#define AT_2030 1893456000
#define FOLDER  "tests/unit/certificates/old/"

static struct arena arena;

static int start(void **state)
{
    (void)state;
    arena_start(&arena, &memory_standard, 1u << 20);
    return crypto_start() ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    arena_end(&arena);
    return 0;
}

static bytes load(const char *name, const char *label)
{
    char path[256], text[4096];
    bytes der = BYTES_NONE;
    snprintf(path, sizeof path, FOLDER "%s.%s", name, label[0] == 'C' ? "pem" : "crl");
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        fail_msg("%s can't be opened", path);
    bytes all = {(uint8_t *)text, fread(text, 1, sizeof text, f)};
    fclose(f);
    assert_true(pem_next(&all, label, &arena, &der));
    return der;
}

/* The reason a chain of names, ended by NULL, is refused for; FEDE_OK: accepted. */
static fede_verification *judge(const char *const *names, const fede_verify_request *asked)
{
    bytes chain[8];
    fede_verify_request request = *asked;
    fede_trust *trust = fede_trust_new();
    fede_trust_add(trust, load("root", "CERTIFICATE"));
    for (; names[request.n_chain] != NULL; request.n_chain++)
        chain[request.n_chain] = load(names[request.n_chain], "CERTIFICATE");
    request.chain = chain;
    request.trust = trust;
    request.at = AT_2030;
    fede_verification *v = fede_verify_chain(&request);
    assert_non_null(v);
    fede_trust_free(trust); /* nothing of it is looked at any more */
    return v;
}

static unsigned reason_of(const char *const *names, const fede_verify_request *asked)
{
    fede_verification *v = judge(names, asked);
    unsigned reason = fede_verification_verdict(v)->reason;
    assert_int_equal(reason == FEDE_OK, fede_verification_verdict(v)->accepted);
    fede_verification_free(v);
    return reason;
}

static const struct {
    const char *names[6];
    unsigned with, without; /* reasons, when asked for and when not */
} cases[] = {
    {{"dsa_leaf", "dsa", NULL}, FEDE_OK, FEDE_CERT_ALGORITHM},
    {{"dsa_sha1_leaf", "dsa", NULL}, FEDE_OK, FEDE_CERT_ALGORITHM},
    {{"small_leaf", "small", NULL}, FEDE_OK, FEDE_CERT_ALGORITHM},
    {{"heir_leaf", "heir", "dsa", NULL}, FEDE_OK, FEDE_CERT_ALGORITHM},
    {{"second_leaf", "second", "heir", "dsa", NULL}, FEDE_OK, FEDE_CERT_ALGORITHM},
    {{"second_leaf", "dsa", "heir", "second", NULL}, FEDE_OK, FEDE_CERT_ALGORITHM},
    {{"orphan_leaf", "orphan", NULL}, FEDE_CERT_SIGNATURE, FEDE_CERT_ALGORITHM},
    {{"heir_leaf", "heir", NULL}, FEDE_CERT_UNKNOWN_ISSUER, FEDE_CERT_UNKNOWN_ISSUER},
    {{"rsa_leaf", NULL}, FEDE_OK, FEDE_CERT_ALGORITHM},
    {{"curve_leaf", "curve", NULL}, FEDE_OK, FEDE_CERT_ALGORITHM},
};

static void with_and_without(void **state)
{
    (void)state;
    const fede_verify_request asks = {.profile = FEDE_PROFILE_RFC5280, .legacy_signatures = true};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
#ifdef FEDE_LEGACY
        assert_int_equal(reason_of(cases[i].names, &asks), cases[i].with);
#else
        assert_int_equal(reason_of(cases[i].names, &asks), FEDE_CONFIG_LEGACY_NOT_BUILT);
#endif
        for (uint8_t profile = FEDE_PROFILE_TLS; profile <= FEDE_PROFILE_RFC5280; profile++) {
            unsigned reason = reason_of(cases[i].names, &(fede_verify_request){.profile = profile});
            if (profile == FEDE_PROFILE_WEB)
                assert_int_not_equal(reason, FEDE_OK);
            else
                assert_int_equal(reason, cases[i].without);
        }
    }
}

static void other_profiles(void **state)
{
    (void)state;
    fede_verify_request asks = {.profile = FEDE_PROFILE_TLS, .legacy_signatures = true};
    assert_int_equal(reason_of(cases[0].names, &asks), FEDE_CONFIG_BAD_VALUE);
    asks.profile = FEDE_PROFILE_WEB;
    assert_int_equal(reason_of(cases[0].names, &asks), FEDE_CONFIG_BAD_VALUE);
}

#ifdef FEDE_LEGACY

/* The reason for a chain whose first or second certificate has one bit turned in its last byte or, if r is given, elsewhere. */
static unsigned altered(const char *leaf, const char *const *above, size_t which)
{
    bytes chain[4] = {load(leaf, "CERTIFICATE")};
    size_t n = 1;
    for (; *above != NULL; above++)
        chain[n++] = load(*above, "CERTIFICATE");
    chain[which] = arena_copy(&arena, chain[which]);
    ((uint8_t *)(uintptr_t)chain[which].data)[chain[which].len - 1] ^= 1;
    fede_trust *trust = fede_trust_new();
    fede_trust_add(trust, load("root", "CERTIFICATE"));
    fede_verify_request request = {.chain = chain,
                                   .n_chain = n,
                                   .trust = trust,
                                   .at = AT_2030,
                                   .profile = FEDE_PROFILE_RFC5280,
                                   .legacy_signatures = true};
    fede_verification *v = fede_verify_chain(&request);
    unsigned reason = fede_verification_verdict(v)->reason;
    fede_verification_free(v);
    fede_trust_free(trust);
    return reason;
}

static void wrong_signatures(void **state)
{
    (void)state;
    const char *const heir[] = {"heir", "dsa", NULL}, *const dsa[] = {"dsa", NULL}, *const none[] = {NULL};
    assert_int_equal(altered("dsa_leaf", dsa, 0), FEDE_CERT_SIGNATURE);
    assert_int_equal(altered("dsa_sha1_leaf", dsa, 0), FEDE_CERT_SIGNATURE);
    assert_int_equal(altered("heir_leaf", heir, 0), FEDE_CERT_SIGNATURE);
    assert_int_equal(altered("heir_leaf", heir, 1), FEDE_CERT_SIGNATURE);
    assert_int_equal(altered("rsa_leaf", none, 0), FEDE_CERT_SIGNATURE);
}

/* Signatures put off are in the trail like all others. */
static void trail(void **state)
{
    (void)state;
    const fede_verify_request asks = {.profile = FEDE_PROFILE_RFC5280, .legacy_signatures = true};
    const char *const orphan[] = {"orphan_leaf", "orphan", NULL}, *const heir[] = {"heir_leaf", "heir", "dsa", NULL},
                      *const lost[] = {"heir_leaf", "heir", NULL};
    static const unsigned outcomes[] = {FEDE_FAILED, FEDE_PASSED, FEDE_NOT_CHECKED};
    const char *const *chains[] = {orphan, heir, lost};
    for (size_t k = 0; k < 3; k++) {
        fede_verification *v = judge(chains[k], &asks);
        const fede_verdict *verdict = fede_verification_verdict(v);
        unsigned found = 0;
        for (size_t i = 0; i < verdict->n_checks; i++)
            if (verdict->checks[i].kind == FEDE_CHECK_SIGNATURE && verdict->checks[i].certificate == 0)
                found = verdict->checks[i].outcome;
        assert_int_equal(found, outcomes[k]);
        fede_verification_free(v);
    }
}

/* Lists signed with DSA, one by a key that inherits. */
static void lists(void **state)
{
    (void)state;
    const char *const good[] = {"heir_leaf", "heir", "dsa", NULL}, *const revoked[] = {"heir_revoked_leaf", "heir",
                                                                                       "dsa", NULL};
    bytes crls[] = {load("root", "X509 CRL"), load("dsa", "X509 CRL"), load("heir", "X509 CRL")};
    fede_verify_request asks = {.profile = FEDE_PROFILE_RFC5280, .legacy_signatures = true, .crls = crls, .n_crls = 3};
    assert_int_equal(reason_of(good, &asks), FEDE_OK);
    assert_int_equal(reason_of(revoked, &asks), FEDE_CERT_REVOKED);
    asks.n_crls = 2;
    assert_int_equal(reason_of(good, &asks), FEDE_CERT_REVOCATION_UNKNOWN);
    asks.n_crls = 3;
    crls[2] = arena_copy(&arena, crls[2]);
    ((uint8_t *)(uintptr_t)crls[2].data)[crls[2].len - 1] ^= 1;
    assert_int_equal(reason_of(good, &asks), FEDE_CERT_REVOCATION_UNKNOWN);
    assert_int_equal(reason_of(revoked, &asks), FEDE_CERT_REVOCATION_UNKNOWN);
}

/* The table of signatures verified before never holds them. */
static void not_remembered(void **state)
{
    (void)state;
    const char *const names[] = {"heir_leaf", "heir", "dsa", NULL};
    fede_signatures *table = fede_signatures_new(64);
    fede_verify_request asks = {.profile = FEDE_PROFILE_RFC5280, .legacy_signatures = true, .signatures = table};
    assert_int_equal(reason_of(names, &asks), FEDE_OK);
    asks.legacy_signatures = false;
    assert_int_equal(reason_of(names, &asks), FEDE_CERT_ALGORITHM);
    fede_signatures_free(table);
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(with_and_without, start, end),
        cmocka_unit_test_setup_teardown(other_profiles, start, end),
#ifdef FEDE_LEGACY
        cmocka_unit_test_setup_teardown(wrong_signatures, start, end),
        cmocka_unit_test_setup_teardown(trail, start, end),
        cmocka_unit_test_setup_teardown(lists, start, end),
        cmocka_unit_test_setup_teardown(not_remembered, start, end),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
