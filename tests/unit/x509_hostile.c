/* Chains built to waste time: each must be answered quickly and with a reason. Certificates are made here, byte by byte, and
   signatures are good or bad by decree, so that only the search itself is measured: see crypto_verify below. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/error.h"
#include "x509/certificate.h"
#include "x509/der.h"

#define AT_2030  1893456000
#define LIMIT_MS 50 /* of processor time; sanitizers get ten times as much */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLOWER 10
#else
#define SLOWER 2 /* built without optimisation */
#endif

static bool signatures_good;
static unsigned signatures_checked;

bool crypto_verify(const struct public_key *key, const struct scheme *scheme, bytes input, bytes signature)
{
    (void)key, (void)scheme, (void)input, (void)signature;
    signatures_checked++;
    return signatures_good;
}

/* No response in this program depends on digests; libcrypto stays out of it. */
void crypto_hash_once(enum hash kind, bytes data, uint8_t *out)
{
    (void)data;
    memset(out, 0, hash_len(kind));
}

/* ---- A writer of DER -------------------------------------------------------------------------------------------- */

static struct arena room;

static bytes wrap(uint8_t tag, bytes content)
{
    uint8_t *p = arena_take(&room, content.len + 6);
    size_t n = 0;
    p[n++] = tag;
    if (content.len < 128) {
        p[n++] = (uint8_t)content.len;
    } else {
        int more = content.len > 0xffff ? 3 : content.len > 0xff ? 2 : 1;
        p[n++] = (uint8_t)(0x80 | more);
        for (int i = more - 1; i >= 0; i--)
            p[n++] = (uint8_t)(content.len >> (8 * i));
    }
    bytes_copy(p + n, content.data, content.len);
    return (bytes){p, n + content.len};
}

/* Joins up to the first with data NULL. */
static bytes join(const bytes *parts)
{
    size_t len = 0;
    for (const bytes *p = parts; p->data != NULL; p++)
        len += p->len;
    uint8_t *out = arena_take(&room, len + 1);
    size_t n = 0;
    for (const bytes *p = parts; p->data != NULL; p++) {
        bytes_copy(out + n, p->data, p->len);
        n += p->len;
    }
    return (bytes){out, len};
}
#define JOIN(...) join((const bytes[]){__VA_ARGS__, BYTES_NONE})
#define RAW(...)  bytes_of(((const uint8_t[]){__VA_ARGS__}), sizeof((const uint8_t[]){__VA_ARGS__}))

static bytes name(const char *cn)
{
    bytes type = wrap(DER_OID, RAW(0x55, 4, 3)), value = wrap(DER_UTF8, bytes_text(cn));
    return wrap(DER_SEQUENCE, wrap(DER_SET, wrap(DER_SEQUENCE, JOIN(type, value))));
}

static bytes extension(bytes oid, bool critical, bytes value)
{
    bytes mark = critical ? RAW(1, 1, 0xff) : RAW(5, 0);
    bytes parts[] = {wrap(DER_OID, oid), critical ? mark : wrap(DER_OCTET_STRING, value),
                     critical ? wrap(DER_OCTET_STRING, value) : BYTES_NONE, BYTES_NONE};
    return wrap(DER_SEQUENCE, join(parts));
}

struct plan {
    const char *subject, *issuer;
    unsigned key; /* different keys for different numbers */
    bool ca, expired;
    bytes more; /* further extensions */
    bytes serial, spki;
};

static bytes certificate(const struct plan *p)
{
    bytes algorithm = wrap(DER_SEQUENCE, wrap(DER_OID, RAW(0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2)));
    bytes curve = wrap(DER_OID, RAW(0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7));
    bytes ec = wrap(DER_OID, RAW(0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1));
    uint8_t point[66] = {0, 4, (uint8_t)(p->key >> 8), (uint8_t)p->key};
    bytes spki = p->spki.data ? p->spki
                              : wrap(DER_SEQUENCE, JOIN(wrap(DER_SEQUENCE, JOIN(ec, curve)),
                                                        wrap(DER_BIT_STRING, bytes_of(point, sizeof point))));
    bytes validity =
        wrap(DER_SEQUENCE, JOIN(wrap(DER_UTC_TIME, bytes_text("200101000000Z")),
                                wrap(DER_UTC_TIME, bytes_text(p->expired ? "210101000000Z" : "400101000000Z"))));
    bytes basic = extension(RAW(0x55, 0x1d, 19), true, wrap(DER_SEQUENCE, p->ca ? RAW(1, 1, 0xff) : BYTES_OF("")));
    if (!p->ca)
        basic = extension(RAW(0x55, 0x1d, 19), true, RAW(0x30, 0));
    bytes more = p->more.data ? p->more : bytes_of("", 0);
    bytes extensions = wrap(DER_CONTEXT_CONSTRUCTED(3), wrap(DER_SEQUENCE, JOIN(basic, more)));
    bytes tbs = wrap(DER_SEQUENCE, JOIN(RAW(0xa0, 3, 2, 1, 2), p->serial.data ? p->serial : RAW(2, 1, 1), algorithm,
                                        name(p->issuer), validity, name(p->subject), spki, extensions));
    return wrap(DER_SEQUENCE, JOIN(tbs, algorithm, wrap(DER_BIT_STRING, RAW(0, 1))));
}

/* ---- The judgement ---------------------------------------------------------------------------------------------- */

static int start(void **state)
{
    (void)state;
    arena_start(&room, &memory_standard, 1u << 28);
    signatures_good = true;
    return 0;
}
static int end(void **state)
{
    (void)state;
    arena_end(&room);
    return 0;
}

static fede_reason judge(const bytes *chain, size_t n, bytes anchor, enum profile profile, const char *what)
{
    struct anchors *anchors = anchors_new(&memory_standard);
    struct arena arena;
    struct certificate leaf;
    bool leaf_read;
    fede_verdict verdict;
    fede_error error = {0};
    struct host host;
    host_read("www.example.com", &host);
    if (anchors_add(anchors, anchor) != 1)
        fail_msg("%s: the anchor can't be read", what);
    arena_start(&arena, &memory_standard, 1u << 20);
    struct verify_request request = {
        .chain = chain, .n = n, .anchors = anchors, .purpose = PURPOSE_ANY, .at = AT_2030, .profile = profile};
    request.explicit_policy = profile == PROFILE_RFC5280;
    signatures_checked = 0;
    clock_t before = clock();
    x509_verify(&request, &arena, &verdict, &leaf, &leaf_read, &error);
    double ms = (double)(clock() - before) * 1000 / CLOCKS_PER_SEC;
    print_message("%s: %s, %.1f ms, %u signature checks, %zu bytes\n", what, reason_row(error.reason)->name, ms,
                  signatures_checked, arena.used);
    assert_true(ms < LIMIT_MS * SLOWER);
    assert_true(signatures_checked <= 128 + 16);
    assert_int_not_equal(error.reason, FEDE_INTERNAL);
    fede_error told = {0}; /* the other paths cost something too, and change nothing */
    unsigned checked = signatures_checked;
    request.attempts = true;
    signatures_checked = 0;
    before = clock();
    arena_end(&arena);
    x509_verify(&request, &arena, &verdict, &leaf, &leaf_read, &told);
    assert_true((double)(clock() - before) * 1000 / CLOCKS_PER_SEC < LIMIT_MS * SLOWER);
    assert_int_equal(told.reason, error.reason);
    assert_int_equal(signatures_checked, checked);
    assert_true(verdict.n_attempts <= 32);
    arena_end(&arena);
    anchors_free(anchors);
    return (fede_reason)error.reason;
}

#define MANY 256

/* Many CAs of one name that all seem to have issued each other. */
static void one_name(void **state)
{
    (void)state;
    bytes chain[MANY];
    chain[0] = certificate(&(struct plan){"leaf", "X", 0, false});
    for (unsigned i = 1; i < MANY; i++)
        chain[i] = certificate(&(struct plan){"X", "X", i, true});
    bytes elsewhere = certificate(&(struct plan){"Y", "Y", 1000, true});
    bytes expired = certificate(&(struct plan){"X", "X", 1000, true, .expired = true});
    assert_int_equal(judge(chain, MANY, elsewhere, PROFILE_TLS, "one name, no anchor"), FEDE_CERT_SELF_SIGNED);
    fede_reason reason = judge(chain, MANY, expired, PROFILE_TLS, "one name, expired anchor");
    assert_true(reason == FEDE_CERT_BUDGET || reason == FEDE_CERT_SEARCH_BUDGET);
    signatures_good = false;
    assert_int_equal(judge(chain, MANY, expired, PROFILE_TLS, "one name, bad signatures"), FEDE_CERT_BUDGET);
    /* A good anchor among them is found at once. */
    signatures_good = true;
    bytes good = certificate(&(struct plan){"X", "X", 1000, true});
    assert_int_equal(judge(chain, MANY, good, PROFILE_TLS, "one name, good anchor"), FEDE_OK);
}

/* Layers of CAs, each issued by every CA of the layer above, under an anchor that forbids the leaf's name. */
static void layers(void **state)
{
    (void)state;
    bytes chain[MANY];
    size_t n = 1;
    char names[10][8];
    for (unsigned layer = 0; layer < 10; layer++)
        snprintf(names[layer], sizeof names[layer], "L%u", layer);
    bytes san = extension(RAW(0x55, 0x1d, 17), false,
                          wrap(DER_SEQUENCE, wrap(DER_CONTEXT(NAME_DNS), bytes_text("www.example.com"))));
    chain[0] = certificate(&(struct plan){"leaf", names[0], 0, false, .more = san});
    for (unsigned layer = 0; layer < 9; layer++)
        for (unsigned i = 0; i < 28; i++)
            chain[n++] = certificate(&(struct plan){names[layer], names[layer + 1], layer * 100 + i, true});
    bytes forbidden = wrap(DER_SEQUENCE, wrap(DER_CONTEXT(NAME_DNS), bytes_text("example.com")));
    bytes constraints =
        extension(RAW(0x55, 0x1d, 30), true, wrap(DER_SEQUENCE, wrap(DER_CONTEXT_CONSTRUCTED(1), forbidden)));
    bytes anchor = certificate(&(struct plan){names[9], names[9], 5000, true, .more = constraints});
    fede_reason reason = judge(chain, n, anchor, PROFILE_TLS, "layers, forbidden name");
    assert_true(reason == FEDE_CERT_BUDGET || reason == FEDE_CERT_SEARCH_BUDGET);
}

/* A thousand names under a thousand constraints, and ten times that. */
static void constraints(void **state)
{
    (void)state;
    for (unsigned count = 100; count <= 10000; count *= 10) {
        bytes *names = arena_take(&room, (count + 1) * sizeof *names),
              *trees = arena_take(&room, (count + 1) * sizeof *trees);
        for (unsigned i = 0; i < count; i++) {
            char text[64];
            snprintf(text, sizeof text, "host%u.example.com", i);
            names[i] = wrap(DER_CONTEXT(NAME_DNS), bytes_text(text));
            trees[i] = wrap(DER_SEQUENCE, names[i]);
        }
        bytes san = extension(RAW(0x55, 0x1d, 17), false, wrap(DER_SEQUENCE, join(names)));
        bytes limits =
            extension(RAW(0x55, 0x1d, 30), true, wrap(DER_SEQUENCE, wrap(DER_CONTEXT_CONSTRUCTED(0), join(trees))));
        bytes chain[] = {certificate(&(struct plan){"leaf", "CA", 0, false, .more = san}),
                         certificate(&(struct plan){"CA", "X", 1, true, .more = limits})};
        bytes anchor = certificate(&(struct plan){"X", "X", 2, true});
        char what[64];
        snprintf(what, sizeof what, "%u names, %u constraints", count, count);
        assert_int_equal(judge(chain, 2, anchor, PROFILE_TLS, what),
                         count == 100 ? FEDE_OK : FEDE_CERT_CONSTRAINT_BUDGET);
    }
}

/* Ten CAs that each map every one of 60 policies to every other. */
static void policies(void **state)
{
    (void)state;
    bytes list[61] = {BYTES_NONE}, pairs[65] = {BYTES_NONE};
    for (uint8_t i = 0; i < 60; i++)
        list[i] = wrap(DER_SEQUENCE, wrap(DER_OID, RAW(0x2a, i)));
    for (uint8_t i = 0; i < 64; i++)
        pairs[i] = wrap(DER_SEQUENCE,
                        JOIN(wrap(DER_OID, RAW(0x2a, (uint8_t)(i / 8))), wrap(DER_OID, RAW(0x2a, (uint8_t)(i % 8)))));
    bytes asserted = extension(RAW(0x55, 0x1d, 32), false, wrap(DER_SEQUENCE, join(list)));
    bytes mapped = extension(RAW(0x55, 0x1d, 33), true, wrap(DER_SEQUENCE, join(pairs)));
    bytes chain[11];
    char names[11][8];
    for (unsigned i = 0; i < 11; i++)
        snprintf(names[i], sizeof names[i], "P%u", i);
    chain[0] = certificate(&(struct plan){"leaf", names[0], 0, false, .more = asserted});
    for (unsigned i = 0; i < 10; i++)
        chain[i + 1] = certificate(&(struct plan){names[i], names[i + 1], i + 1, true, .more = JOIN(asserted, mapped)});
    bytes anchor = certificate(&(struct plan){names[10], names[10], 99, true});
    assert_int_equal(judge(chain, 11, anchor, PROFILE_RFC5280, "mapped policies"), FEDE_OK);
}

/* Names of a kilobyte that are equal, but never in the same spelling. */
static void spellings(void **state)
{
    (void)state;
    enum { N = 64, LEN = 1000 };
    bytes chain[N];
    char(*names)[LEN + 1] = arena_take(&room, 2 * N * sizeof *names);
    for (unsigned i = 0; i < 2 * N; i++) {
        memset(names[i], 'a', LEN);
        for (unsigned bit = 0; bit < 8; bit++)
            names[i][LEN - 1 - bit] = (i >> bit & 1) != 0 ? 'A' : 'a';
    }
    chain[0] = certificate(&(struct plan){"leaf", names[0], 0, false});
    for (unsigned i = 1; i < N; i++)
        chain[i] = certificate(&(struct plan){names[i], names[N + i], i, true});
    bytes anchor = certificate(&(struct plan){names[N], names[N], 1000, true, .expired = true});
    fede_reason reason = judge(chain, N, anchor, PROFILE_TLS, "one long name, many spellings");
    assert_true(reason == FEDE_CERT_BUDGET || reason == FEDE_CERT_SEARCH_BUDGET);
}

/* Nesting, integers and strings as large as a message may be. */
static void giants(void **state)
{
    (void)state;
    enum { LEN = 60000 };
    uint8_t *digits = arena_take(&room, LEN);
    memset(digits, 0x55, LEN);
    bytes giant = bytes_of(digits, LEN);
    bytes deep = RAW(5, 0);
    for (int i = 0; i < 10000 && deep.len < LEN; i++)
        deep = wrap(DER_SEQUENCE, deep);
    bytes rsa = wrap(DER_SEQUENCE, JOIN(wrap(DER_OID, RAW(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1)), RAW(5, 0)));
    bytes numbers = wrap(DER_SEQUENCE, JOIN(wrap(DER_INTEGER, giant), wrap(DER_INTEGER, RAW(1, 0, 1))));
    bytes spki = wrap(DER_SEQUENCE, JOIN(rsa, wrap(DER_BIT_STRING, JOIN(RAW(0), numbers))));
    bytes other = wrap(DER_CONTEXT_CONSTRUCTED(NAME_OTHER), deep);
    bytes san = extension(RAW(0x55, 0x1d, 17), false, wrap(DER_SEQUENCE, other));
    bytes anchor = certificate(&(struct plan){"X", "X", 2, true});
    bytes chain[] = {certificate(&(struct plan){"leaf", "X", 0, false, .spki = spki})};
    assert_int_equal(judge(chain, 1, anchor, PROFILE_TLS, "giant RSA key"), FEDE_CERT_KEY_UNSUPPORTED);
    chain[0] = certificate(&(struct plan){"leaf", "X", 0, false, .serial = wrap(DER_INTEGER, giant)});
    assert_int_equal(judge(chain, 1, anchor, PROFILE_TLS, "giant serial number"), FEDE_CERT_PROFILE);
    chain[0] = certificate(&(struct plan){"leaf", "X", 0, false, .more = san});
    assert_int_equal(judge(chain, 1, anchor, PROFILE_TLS, "deep nesting"), FEDE_OK);
    char *long_name = arena_take(&room, LEN + 1);
    memset(long_name, 'n', LEN);
    chain[0] = certificate(&(struct plan){long_name, "X", 0, false});
    assert_int_equal(judge(chain, 1, anchor, PROFILE_TLS, "giant name"), FEDE_OK);
}

/* What is signed is hashed for each issuer that is tried: a megabyte of it counts. */
static void long_leaf(void **state)
{
    (void)state;
    uint8_t *zeros = arena_take(&room, 1u << 20);
    bytes padding = extension(RAW(0x2a, 3), false, wrap(DER_OCTET_STRING, bytes_of(zeros, 1u << 20)));
    bytes chain[60] = {certificate(&(struct plan){"leaf", "X", 0, false, .more = padding})};
    for (unsigned i = 1; i < 60; i++)
        chain[i] = certificate(&(struct plan){"X", "Y", i, true});
    signatures_good = false;
    bytes anchor = certificate(&(struct plan){"Y", "Y", 99, true});
    assert_int_equal(judge(chain, 60, anchor, PROFILE_TLS, "a megabyte to hash"), FEDE_CERT_BUDGET);
    assert_in_range(signatures_checked, 1, 4);
}

/* An extension that stands twice, known or not. */
static void twice(void **state)
{
    (void)state;
    bytes known = extension(RAW(0x55, 0x1d, 19), true, RAW(0x30, 0)),
          unknown = extension(RAW(0x2a, 3), false, RAW(5, 0));
    struct certificate c;
    fede_error error = {0}, none = {0};
    assert_true(certificate_read(certificate(&(struct plan){"leaf", "X", 0, false, .more = unknown}), &c, &none));
    assert_false(certificate_read(certificate(&(struct plan){"leaf", "X", 0, false, .more = known}), &c, &error));
    assert_string_equal(error.detail, "one extension stands twice");
    assert_false(certificate_read(certificate(&(struct plan){"leaf", "X", 0, false, .more = JOIN(unknown, unknown)}),
                                  &c, &none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_name, start, end),
        cmocka_unit_test_setup_teardown(layers, start, end),
        cmocka_unit_test_setup_teardown(constraints, start, end),
        cmocka_unit_test_setup_teardown(policies, start, end),
        cmocka_unit_test_setup_teardown(spellings, start, end),
        cmocka_unit_test_setup_teardown(giants, start, end),
        cmocka_unit_test_setup_teardown(twice, start, end),
        cmocka_unit_test_setup_teardown(long_leaf, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
