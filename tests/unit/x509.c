/* Certificates: DER, fields, names, anchors, paths, verdicts. The certificates come from tests/unit/certificates, made
   with the openssl command, and from the system's bundle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/error.h"
#include "x509/certificate.h"
#include "x509/constraints.h"
#include "x509/der.h"
#include "x509/host.h"
#include "x509/path.h"
#include "x509/remember.h"

#define AT_2030 1893456000 /* 2030-01-01 */
#define FOLDER  "tests/unit/certificates/"

/* ---- Help ------------------------------------------------------------------------------------------------------- */

static struct arena arena;

static int start(void **state)
{
    (void)state;
    arena_start(&arena, &memory_standard, 16u << 20);
    return crypto_start() ? 0 : -1;
}
static int end(void **state)
{
    (void)state;
    arena_end(&arena);
    return 0;
}

static bytes file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        fail_msg("%s can't be opened", path);
    fseek(f, 0, SEEK_END);
    size_t size = (size_t)ftell(f);
    rewind(f);
    uint8_t *data = arena_take(&arena, size);
    assert_non_null(data);
    size_t n = fread(data, 1, size, f);
    fclose(f);
    return (bytes){data, n};
}

/* The DER of one certificate of the folder. */
static bytes load(const char *name)
{
    char path[256];
    bytes der = BYTES_NONE;
    snprintf(path, sizeof path, FOLDER "%s.pem", name);
    bytes text = file(path);
    if (!pem_next(&text, "CERTIFICATE", &arena, &der))
        fail_msg("%s holds no certificate", path);
    return der;
}

static bytes load_list(const char *name)
{
    char path[256];
    bytes der = BYTES_NONE;
    snprintf(path, sizeof path, FOLDER "%s.crl", name);
    bytes text = file(path);
    assert_true(pem_next(&text, "X509 CRL", &arena, &der));
    return der;
}

static struct anchors *anchors_of(const char *name)
{
    struct anchors *a = anchors_new(&memory_standard);
    assert_int_equal(anchors_add(a, load(name)), 1);
    return a;
}

struct outcome {
    bool accepted, leaf_read;
    struct certificate leaf;
    fede_verdict verdict;
    fede_error error;
};

static struct outcome verify(const struct verify_request *request)
{
    struct outcome o = {0};
    o.accepted = x509_verify(request, &arena, &o.verdict, &o.leaf, &o.leaf_read, &o.error);
    assert_int_equal(o.accepted, o.verdict.accepted);
    assert_int_equal(o.accepted, o.error.reason == FEDE_OK);
    assert_int_equal(o.verdict.reason, o.error.reason);
    return o;
}

static const fede_check *failed_check(const fede_verdict *v, unsigned kind)
{
    for (size_t i = 0; i < v->n_checks; i++)
        if (v->checks[i].kind == kind && v->checks[i].outcome == FEDE_FAILED)
            return &v->checks[i];
    return NULL;
}

static size_t count_checks(const fede_verdict *v, unsigned outcome)
{
    size_t n = 0;
    for (size_t i = 0; i < v->n_checks; i++)
        n += v->checks[i].outcome == outcome;
    return n;
}

/* ---- DER -------------------------------------------------------------------------------------------------------- */

#define DER(...)                                                                                                       \
    {                                                                                                                  \
        {__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__})                                                                \
    }
struct bytes_case {
    uint8_t data[24];
    size_t len;
};

static void der_lengths(void **state)
{
    (void)state;
    static const struct bytes_case good[] = {DER(4, 0), DER(4, 1, 9), DER(0x30, 2, 5, 0)};
    static const struct bytes_case bad[] = {
        DER(4),                      /* no length */
        DER(4, 2, 9),                /* longer than what is there */
        DER(4, 0x80, 0, 0),          /* indefinite */
        DER(4, 0x81, 1, 9),          /* length not in the short form */
        DER(4, 0x82, 0, 1, 9),       /* leading zero */
        DER(0x1f, 1, 0),             /* tag of several bytes */
        DER(4, 0x85, 1, 0, 0, 0, 0), /* length of five bytes */
        DER(4, 0x84, 0xff, 0xff, 0xff, 0xff, 0),
    };
    uint8_t tag;
    bytes content;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct der d = der_in((bytes){good[i].data, good[i].len});
        assert_true(der_next(&d, &tag, &content) && der_done(&d));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct der d = der_in((bytes){bad[i].data, bad[i].len});
        const uint8_t *before = d.at;
        assert_false(der_next(&d, &tag, &content));
        assert_ptr_equal(d.at, before);
    }
    uint8_t padded[4 + 128] = {4, 0x82, 0, 128};
    struct der p = der_in((bytes){padded, sizeof padded});
    assert_false(der_next(&p, &tag, &content));
    uint8_t longer[3 + 128] = {4, 0x81, 128};
    struct der d = der_in((bytes){longer, sizeof longer});
    assert_true(der_next(&d, &tag, &content));
    assert_int_equal(content.len, 128);
}

static void der_values(void **state)
{
    (void)state;
    static const struct {
        struct bytes_case in;
        bool integer, natural, boolean, bits, oid;
    } cases[] = {
        {DER(2, 1, 0), .integer = true, .natural = true},
        {DER(2, 1, 0x80), .integer = true},
        {DER(2, 2, 0, 0x80), .integer = true, .natural = true},
        {DER(2, 2, 0, 0x7f)},    /* padded */
        {DER(2, 2, 0xff, 0x80)}, /* padded */
        {DER(2, 0)},
        {DER(1, 1, 0xff), .boolean = true},
        {DER(1, 1, 0), .boolean = true},
        {DER(1, 1, 1)},
        {DER(1, 2, 0xff, 0xff)},
        {DER(3, 1, 0), .bits = true},
        {DER(3, 1, 1)}, /* padding of nothing */
        {DER(3, 2, 7, 0x80), .bits = true},
        {DER(3, 2, 7, 0x81)}, /* padding not zero */
        {DER(3, 2, 8, 0)},
        {DER(3, 0)},
        {DER(6, 3, 0x55, 4, 3), .oid = true},
        {DER(6, 0)},
        {DER(6, 2, 0x55, 0x84)},       /* ends inside an arc */
        {DER(6, 3, 0x55, 0x80, 0x03)}, /* padded arc */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bytes in = {cases[i].in.data, cases[i].in.len}, out;
        bool value;
        unsigned unused;
        struct der d = der_in(in);
        assert_int_equal(der_integer(&d, &out), cases[i].integer);
        d = der_in(in);
        assert_int_equal(der_natural(&d, &out), cases[i].natural);
        d = der_in(in);
        assert_int_equal(der_boolean(&d, &value), cases[i].boolean);
        d = der_in(in);
        assert_int_equal(der_bits(&d, &out, &unused), cases[i].bits);
        d = der_in(in);
        assert_int_equal(der_oid(&d, &out), cases[i].oid);
    }
    char text[64];
    static const uint8_t oid[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d}, big[] = {0x88, 0x37};
    der_oid_text(BYTES_OF(oid), text, sizeof text);
    assert_string_equal(text, "1.2.840.113549");
    der_oid_text(BYTES_OF(big), text, sizeof text);
    assert_string_equal(text, "2.999");
}

static bool time_of(uint8_t tag, const char *s, int64_t *seconds)
{
    uint8_t room[40];
    size_t n = strlen(s);
    room[0] = tag;
    room[1] = (uint8_t)n;
    memcpy(room + 2, s, n);
    struct der d = der_in((bytes){room, n + 2});
    return der_time(&d, &tag, seconds);
}

static void der_times(void **state)
{
    (void)state;
    static const struct {
        uint8_t tag;
        const char *text;
        int64_t seconds;
    } good[] = {
        {DER_UTC_TIME, "700101000000Z", 0},
        {DER_UTC_TIME, "491231235959Z", 2524607999},
        {DER_UTC_TIME, "500101000000Z", -631152000},
        {DER_UTC_TIME, "000229120000Z", 951825600},
        {DER_GENERAL_TIME, "20500101000000Z", 2524608000},
        {DER_GENERAL_TIME, "99991231235959Z", 253402300799},
        {DER_GENERAL_TIME, "20000229000000Z", 951782400},
    };
    static const struct {
        uint8_t tag;
        const char *text;
    } bad[] = {
        {DER_UTC_TIME, "7001010000Z"},           /* no seconds */
        {DER_UTC_TIME, "700101000000"},          /* no zone */
        {DER_UTC_TIME, "700101000000+0000"},     /* zone not Z */
        {DER_UTC_TIME, "701301000000Z"},         /* month 13 */
        {DER_UTC_TIME, "700001000000Z"},         /* month 0 */
        {DER_UTC_TIME, "700100000000Z"},         /* day 0 */
        {DER_UTC_TIME, "700431000000Z"},         /* 31 April */
        {DER_UTC_TIME, "010229000000Z"},         /* no leap year */
        {DER_UTC_TIME, "700101240000Z"},         /* hour 24 */
        {DER_UTC_TIME, "700101006000Z"},         /* minute 60 */
        {DER_UTC_TIME, "700101000060Z"},         /* second 60 */
        {DER_UTC_TIME, "7001010000 0Z"},         /* blank */
        {DER_UTC_TIME, "20500101000000Z"},       /* the other type's form */
        {DER_GENERAL_TIME, "700101000000Z"},     /* the other type's form */
        {DER_GENERAL_TIME, "20500101000000.5Z"}, /* fraction */
        {DER_GENERAL_TIME, "21000229000000Z"},   /* no leap year */
    };
    int64_t seconds;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(time_of(good[i].tag, good[i].text, &seconds));
        assert_int_equal(seconds, good[i].seconds);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (time_of(bad[i].tag, bad[i].text, &seconds))
            fail_msg("%s was taken", bad[i].text);
}

/* ---- Certificates ----------------------------------------------------------------------------------------------- */

static void fields(void **state)
{
    (void)state;
    struct certificate c;
    fede_error error = {0};
    char text[128];
    bytes der = load("good");
    assert_true(certificate_read(der, &c, &error));
    assert_int_equal(c.version, 3);
    assert_int_equal(c.scheme, 0x0403);
    assert_int_equal(c.key.kind, KEY_EC_P256);
    assert_int_equal(c.key.point.len, 65);
    assert_int_equal(c.not_before, 1767225600);
    assert_int_equal(c.not_after, 2398377600);
    assert_true(c.has_basic && !c.is_ca && c.path_len == -1);
    assert_int_equal(c.key_usage, USAGE_DIGITAL_SIGNATURE);
    assert_int_equal(c.subject_key_id.len, 20);
    assert_false(c.self_issued);
    name_text(c.issuer, text, sizeof text);
    assert_string_equal(text, "C=NL, O=Example, CN=Example Intermediate");

    assert_true(certificate_read(load("utf8"), &c, &error));
    name_text(c.subject, text, sizeof text);
    assert_string_equal(text, "C=NL, O=Grüße & Söhne, CN=utf8");
    assert_true(certificate_read(load("root_pss"), &c, &error));
    assert_int_equal(c.key.kind, KEY_RSA_PSS);
    assert_int_equal(c.key.pss_hash, HASH_SHA256);
    assert_true(certificate_read(load("leaf_rsa_pss"), &c, &error));
    assert_int_equal(c.scheme, 0x0804);
    assert_true(certificate_read(load("explicit"), &c, &error));
    assert_int_equal(c.key.kind, 0);
    assert_non_null(strstr(c.key_problem, "by its parameters"));
}

/* Every beginning of a certificate, and a certificate with anything behind it, is refused with a place inside it. */
static void prefixes(void **state)
{
    (void)state;
    bytes der = load("good");
    struct certificate c;
    uint8_t *longer = arena_take(&arena, der.len + 1);
    memcpy(longer, der.data, der.len);
    for (size_t n = 0; n <= der.len + 1; n++) {
        fede_error error = {0};
        uint8_t *copy = malloc(n ? n : 1); /* so that reading beyond is found */
        memcpy(copy, longer, n);
        assert_int_equal(certificate_read((bytes){copy, n}, &c, &error), n == der.len);
        assert_int_equal(error.reason, n == der.len ? FEDE_OK : FEDE_CERT_UNREADABLE);
        assert_true(n == der.len || (error.where != NULL && error.detail != NULL && error.offset <= n));
        free(copy);
    }
}

static void system_bundle(void **state)
{
    (void)state;
    const char *path = "/etc/ssl/certs/ca-certificates.crt";
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        skip();
    fclose(f);
    bytes text = file(path), der;
    size_t n = 0;
    while (pem_next(&text, "CERTIFICATE", &arena, &der)) {
        struct certificate c;
        fede_error error = {0};
        if (!certificate_read(der, &c, &error))
            fail_msg("certificate %zu: %s: %s", n, error.where, error.detail);
        assert_true(c.is_ca && c.key.kind != 0 && c.unknown_critical.data == NULL && c.self_issued);
        n++;
    }
    assert_true(n > 50);
    struct anchors *a = anchors_new(&memory_standard);
    assert_int_equal(anchors_add_file(a, path), n);
    assert_true(anchors_count(a) <= n);
    for (size_t i = 0; i < anchors_count(a); i++) {
        const struct certificate *c = anchors_at(a, i), *found;
        bool has = false;
        for (size_t k = 0; (found = anchors_find(a, c->subject, k)) != NULL; k++)
            has = has || found == c;
        assert_true(has);
    }
    anchors_free(a);
}

/* ---- Names ------------------------------------------------------------------------------------------------------ */

static void hosts(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum host_kind kind;
    } cases[] = {
        {"www.example.com", HOST_DNS},
        {"www.example.com.", HOST_DNS},
        {"localhost", HOST_DNS},
        {"a_b.example", HOST_DNS},
        {"xn--bcher-kva.example", HOST_DNS},
        {"192.0.2.1", HOST_IP},
        {"::1", HOST_IP},
        {"[2001:db8::1]", HOST_IP},
        {"", HOST_BAD},
        {".", HOST_BAD},
        {"a..b", HOST_BAD},
        {".a", HOST_BAD},
        {"a b", HOST_BAD},
        {"b\xc3\xbc"
         "cher.example",
         HOST_BAD},
        {"192.0.2.256", HOST_BAD},
        {"1.2.3", HOST_BAD},
        {"-a.example", HOST_BAD},
        {"a-.example", HOST_BAD},
        {"[192.0.2.1]", HOST_BAD},
        {"*.example.com", HOST_BAD},
        {"[www.example.com]", HOST_BAD},
        {"::1%lo", HOST_BAD},
    };
    struct host host;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (host_read(cases[i].name, &host) != cases[i].kind)
            fail_msg("%s", cases[i].name);
    char label[80];
    memset(label, 'a', sizeof label);
    label[64] = '\0';
    assert_int_equal(host_read(label, &host), HOST_BAD);
    label[63] = '\0';
    assert_int_equal(host_read(label, &host), HOST_DNS);
}

/* A certificate with one DNS name and one address. */
static bool matches(const char *presented, const char *wanted)
{
    uint8_t names[300];
    size_t n = strlen(presented);
    names[0] = DER_CONTEXT(NAME_DNS);
    names[1] = (uint8_t)n;
    memcpy(names + 2, presented, n);
    memcpy(names + 2 + n, (uint8_t[]){DER_CONTEXT(NAME_IP), 4, 192, 0, 2, 1}, 6);
    struct certificate c = {.alt_names = {names, n + 8}};
    struct host host;
    return host_read(wanted, &host) != HOST_BAD && host_matches(&c, &host);
}

static void host_matching(void **state)
{
    (void)state;
    static const struct {
        const char *presented, *wanted;
        bool match;
    } cases[] = {
        {"www.example.com", "www.example.com", true},
        {"www.example.com", "WWW.Example.COM.", true},
        {"WWW.EXAMPLE.com", "www.example.com", true},
        {"*.example.com", "www.example.com", true},
        {"*.example.com", "example.com", false},
        {"*.example.com", "a.b.example.com", false},
        {"*.com", "example.com", false},
        {"*", "localhost", false},
        {"w*.example.com", "www.example.com", false},
        {"*w.example.com", "www.example.com", false},
        {"www.*.com", "www.example.com", false},
        {"*.*.com", "www.example.com", false},
        {"xn--*.example.com", "xn--a.example.com", false},
        {"www.example.com.", "www.example.com", false},
        {".example.com", "www.example.com", false},
        {"a_b.example.com", "a_b.example.com", true},
        {"example.com", "www.example.com", false},
        {"", "www.example.com", false},
        {"192.0.2.1", "192.0.2.1", true},  /* by the address entry */
        {"192.0.2.2", "192.0.2.2", false}, /* a DNS name is no address */
        {"*.0.2.2", "192.0.2.2", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (matches(cases[i].presented, cases[i].wanted) != cases[i].match)
            fail_msg("%s against %s", cases[i].presented, cases[i].wanted);
}

static void mailboxes(void **state)
{
    (void)state;
    static const struct {
        const char *presented, *wanted;
        bool match;
    } cases[] = {{"user@example.com", "user@EXAMPLE.com", true},
                 {"user@example.com", "User@example.com", false},
                 {"user@example.com", "user@www.example.com", false},
                 {"user@example.com", "example.com", false},
                 {"a@b@example.com", "a@b@example.com", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t names[64];
        size_t n = strlen(cases[i].presented);
        names[0] = DER_CONTEXT(NAME_EMAIL);
        names[1] = (uint8_t)n;
        memcpy(names + 2, cases[i].presented, n);
        struct certificate c = {.alt_names = {names, n + 2}};
        struct host host;
        bool match = mailbox_read(cases[i].wanted, &host) == HOST_MAILBOX && host_matches(&c, &host);
        if (match != cases[i].match)
            fail_msg("%s against %s", cases[i].presented, cases[i].wanted);
    }
}

/* A Name with one attribute of that string type. */
static bytes name_of(uint8_t type, uint8_t tag, const char *value, size_t len)
{
    uint8_t *p = arena_take(&arena, len + 16);
    uint8_t head[] = {
        0x30, (uint8_t)(len + 11), 0x31, (uint8_t)(len + 9), 0x30, (uint8_t)(len + 7), 6, 3, 0x55, 4, type,
        tag,  (uint8_t)len};
    memcpy(p, head, sizeof head);
    memcpy(p + sizeof head, value, len);
    return (bytes){p, len + sizeof head};
}

static void name_equality(void **state)
{
    (void)state;
    bytes base = name_of(3, DER_UTF8, "Example Root", 12);
    assert_true(name_read(base));
    static const struct {
        uint8_t type, tag;
        const char *value;
        size_t len;
        bool equal;
    } cases[] = {
        {3, DER_PRINTABLE, "Example Root", 12, true},
        {3, DER_PRINTABLE, "eXAMPLE rOOT", 12, true},
        {3, DER_UTF8, "  Example   Root ", 17, true},
        {3, DER_BMP, "\0E\0x\0a\0m\0p\0l\0e\0 \0R\0o\0o\0t", 24, true},
        {3, DER_UTF8, "ExampleRoot", 11, false},
        {3, DER_UTF8, "Example Roo", 11, false},
        {3, DER_UTF8, "Example Root\0", 13, false},
        {3, DER_UTF8, "Example Root2", 13, false},
        {3, DER_OCTET_STRING, "Example Root", 12, false},
        {10, DER_UTF8, "Example Root", 12, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bytes other = name_of(cases[i].type, cases[i].tag, cases[i].value, cases[i].len);
        if (name_equal(base, other) != cases[i].equal || name_equal(other, base) != cases[i].equal)
            fail_msg("case %zu", i);
        if (cases[i].equal)
            assert_int_equal(name_hash(base), name_hash(other));
    }
}

/* ---- Name constraints ------------------------------------------------------------------------------------------- */

/* One element, its length in one byte. */
static size_t element(uint8_t *out, uint8_t tag, const void *content, size_t len)
{
    out[0] = tag;
    out[1] = (uint8_t)len;
    memcpy(out + 2, content, len);
    return len + 2;
}

/* A CA with one permitted or excluded subtree. */
static struct certificate ca_with(uint8_t *room, bool permitted, uint8_t kind, const char *base, size_t len)
{
    uint8_t a[128], b[128];
    size_t n = element(a, kind == NAME_DIRECTORY ? DER_CONTEXT_CONSTRUCTED(kind) : DER_CONTEXT(kind), base, len);
    n = element(b, DER_SEQUENCE, a, n);
    n = element(a, permitted ? DER_CONTEXT_CONSTRUCTED(0) : DER_CONTEXT_CONSTRUCTED(1), b, n);
    n = element(room, DER_SEQUENCE, a, n);
    return (struct certificate){.name_constraints = {room, n}, .subject = BYTES_OF("\x30\0")};
}

#define S(text) text, sizeof(text) - 1
static void name_constraints(void **state)
{
    (void)state;
    static const struct {
        uint8_t kind;
        const char *base;
        size_t base_len;
        const char *name;
        size_t name_len;
        bool permitted,
            excluded; /* is the name allowed when the base is permitted; is it forbidden when it is excluded */
    } cases[] = {
        {NAME_DNS, S("example.com"), S("example.com"), true, true},
        {NAME_DNS, S("example.com"), S("www.EXAMPLE.com"), true, true},
        {NAME_DNS, S("example.com"), S("a.b.example.com"), true, true},
        {NAME_DNS, S("example.com"), S("badexample.com"), false, false},
        {NAME_DNS, S("example.com"), S("com"), false, false},
        {NAME_DNS, S(".example.com"), S("www.example.com"), true, true},
        {NAME_DNS, S(".example.com"), S("example.com"), false, false},
        {NAME_DNS, S(""), S("example.com"), true, true},
        {NAME_DNS, S("example.com"), S("*.example.com"), true, true},
        {NAME_DNS, S("www.example.com"), S("*.example.com"), false, true},
        {NAME_DNS, S("a.www.example.com"), S("*.example.com"), false, false},
        {NAME_DNS, S("example.com"), S(".example.com"), false, true}, /* no DNS name, can't be judged: refused */
        {NAME_DNS, S("example.com"), S("www.example.com."), false, true},
        {NAME_DNS, S("other.example"), S("a..b.test"), false, true},
        {NAME_DNS, S(""), S("*..test"), false, true},
        {NAME_IP, S("\xc0\0\x02\0\xff\xff\xff\0"), S("\xc0\0\x02\x07"), true, true},
        {NAME_IP, S("\xc0\0\x02\0\xff\xff\xff\0"), S("\xc0\0\x03\x07"), false, false},
        {NAME_IP, S("\xc0\0\x02\0\xff\xff\xff\0"), S("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"), false, false},
        {NAME_EMAIL, S("user@example.com"), S("user@EXAMPLE.com"), true, true},
        {NAME_EMAIL, S("user@example.com"), S("USER@example.com"), false, false},
        {NAME_EMAIL, S("example.com"), S("user@example.com"), true, true},
        {NAME_EMAIL, S("example.com"), S("user@www.example.com"), false, false},
        {NAME_EMAIL, S(".example.com"), S("user@www.example.com"), true, true},
        {NAME_EMAIL, S(".example.com"), S("user@example.com"), false, false},
        {NAME_EMAIL, S("example.com"), S("no mailbox"), false, true}, /* can't be judged: refused */
        {NAME_URI, S("example.com"), S("https://user@example.com:80/x"), true, true},
        {NAME_URI, S("example.com"), S("https://www.example.com"), false, false},
        {NAME_URI, S(".example.com"), S("https://www.example.com"), true, true},
        {NAME_URI, S("example.com"), S("https://192.0.2.1/"), false, true}, /* can't be judged: refused */
        {NAME_URI, S("example.com"), S("mailto:a@example.com"), false, true},
        {NAME_RID, S("\x2a\3"), S("\x2a\3"), false, true}, /* a form that is not understood */
        {NAME_RID, S("\x2a\3"), S("\x2a\4"), false, true},
    };
    struct finding f;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t room[128], names[128];
        size_t n = element(names, DER_CONTEXT(cases[i].kind), cases[i].name, cases[i].name_len);
        struct certificate c = {.alt_names = {names, n}, .subject = BYTES_OF("\x30\0")}, ca;
        c.subject.len = 2;
        for (int permitted = 0; permitted < 2; permitted++) {
            unsigned budget = CONSTRAINT_BUDGET;
            ca = ca_with(room, permitted, cases[i].kind, cases[i].base, cases[i].base_len);
            bool allowed = constraints_allow(&ca, &c, &budget, &f, NULL);
            if (allowed != (permitted ? cases[i].permitted : !cases[i].excluded))
                fail_msg("case %zu, %s", i, permitted ? "permitted" : "excluded");
            assert_true(allowed || f.reason == FEDE_CERT_NAME_CONSTRAINT);
            assert_true(budget < CONSTRAINT_BUDGET);
            /* Another form is not concerned. */
            ca = ca_with(room, permitted, cases[i].kind == NAME_DNS ? NAME_EMAIL : NAME_DNS, "other.example", 13);
            assert_true(constraints_allow(&ca, &c, &budget, &f, NULL));
        }
    }
    static const struct {
        uint8_t kind;
        const char *base;
        size_t len;
        bool valid, valid_strictly;
    } bases[] = {
        {NAME_DNS, S("example.com"), true, true},
        {NAME_DNS, S(".example.com"), true, false},
        {NAME_DNS, S("*.example.com"), false, false},
        {NAME_EMAIL, S("a@b@example.com"), false, false},
        {NAME_EMAIL, S("a@example.com"), true, true},
        {NAME_IP, S("\xc0\0\x02\1"), false, false},
        {NAME_IP, S("\xc0\0\x02\0\xff\0\xff\0"), false, false},
        {NAME_IP, S("\xc0\0\x02\0\xff\xff\xff\0"), true, true},
        {NAME_DIRECTORY, S("\x30\0"), true, true},
        {NAME_DIRECTORY, S("\x31\0"), false, false},
    };
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++) {
        uint8_t room[128];
        struct certificate ca = ca_with(room, true, bases[i].kind, bases[i].base, bases[i].len);
        struct verify_request request = {.profile = PROFILE_TLS};
        if (constraints_valid(&ca, &request, &f, NULL) != bases[i].valid)
            fail_msg("base %zu", i);
        request.profile = PROFILE_WEB;
        if (constraints_valid(&ca, &request, &f, NULL) != bases[i].valid_strictly)
            fail_msg("base %zu, strictly", i);
    }
    static const uint8_t empty[] = {0x30, 0}, both_empty[] = {0x30, 4, 0xa0, 0, 0xa1, 0},
                         minimum[] = {0x30, 10, 0xa0, 8, 0x30, 6, 0x82, 1, 'a', 0x80, 1, 1};
    const bytes malformed[] = {BYTES_OF(empty), BYTES_OF(both_empty), BYTES_OF(minimum)};
    for (size_t i = 0; i < 3; i++) {
        struct certificate ca = {.name_constraints = malformed[i]};
        assert_false(constraints_valid(&ca, &(struct verify_request){.profile = PROFILE_TLS}, &f, NULL));
    }
}

/* ---- PEM -------------------------------------------------------------------------------------------------------- */

static void pem(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int n; /* -1: nothing comes out */
    } cases[] = {
        {"-----BEGIN X-----\nAAEC\n-----END X-----\n", 3},
        {"before\r\n-----BEGIN X-----\r\nAA\r\nEC\r\n-----END X-----", 3},
        {"-----BEGIN X-----\nAAE=\n-----END X-----\n", 2},
        {"-----BEGIN X-----\nAA==\n-----END X-----\n", 1},
        {"-----BEGIN X-----\nAB==\n-----END X-----\n", -1}, /* bits left over */
        {"-----BEGIN X-----\nAAF=\n-----END X-----\n", -1},
        {"-----BEGIN X-----\nAA=\n-----END X-----\n", -1},
        {"-----BEGIN X-----\nAA\n-----END X-----\n", -1},
        {"-----BEGIN X-----\nA\n-----END X-----\n", -1},
        {"-----BEGIN X-----\nAA==AAAA\n-----END X-----\n", -1},
        {"-----BEGIN X-----\nAAE*\n-----END X-----\n", -1},
        {"-----BEGIN X-----\n-----END X-----\n", -1},
        {"-----BEGIN X-----\nAAEC\n-----END Y-----\n", -1},
        {"-----BEGIN X-----\nAAEC\n", -1},
        {"-----BEGIN Y-----\nAAEC\n-----END Y-----\n-----BEGIN X-----\nAAE=\n-----END X-----\n", 2},
        {"-----BEGIN X-----\nProc-Type: 4,ENCRYPTED\n\nAAEC\n-----END X-----\n-----BEGIN X-----\nAAE=\n-----END "
         "X-----\n",
         2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bytes text = bytes_text(cases[i].text), der;
        bool found = pem_next(&text, "X", &arena, &der);
        if (found != (cases[i].n >= 0) || (found && der.len != (size_t)cases[i].n))
            fail_msg("case %zu", i);
        if (found)
            assert_memory_equal(der.data, ((uint8_t[]){0, 1, 2}), der.len);
    }
}

/* ---- Verdicts --------------------------------------------------------------------------------------------------- */

struct chain_case {
    const char *chain[4]; /* as sent */
    const char *anchor, *host;
    fede_reason reason;
    unsigned check, certificate; /* what the first failure is about, and which certificate of the list */
    enum purpose purpose;
};

// clang-format off
static const struct chain_case chain_cases[] = {
    {{"good", "inter"}, "root", "www.example.com", FEDE_OK, 0, 0, PURPOSE_SERVER},
    {{"good", "inter"}, "root", "a.wild.example.com", FEDE_OK, 0, 0, PURPOSE_SERVER},
    {{"good", "inter"}, "root", "192.0.2.1", FEDE_OK, 0, 0, PURPOSE_SERVER},
    {{"good", "inter"}, "root", "2001:db8::1", FEDE_OK, 0, 0, PURPOSE_SERVER},
    {{"good", "inter"}, "root", NULL, FEDE_OK, 0, 0, PURPOSE_SERVER},
    {{"good", "inter", "root"}, "root", "www.example.com", FEDE_OK, 0, 0, PURPOSE_SERVER},
    {{"good", "root", "inter"}, "root", "www.example.com", FEDE_OK, 0, 0, PURPOSE_SERVER},
    {{"good", "other_root", "cross", "inter"}, "root", "www.example.com", FEDE_OK, 0, 0, PURPOSE_SERVER},
    {{"good", "inter", "cross"}, "other_root", "www.example.com", FEDE_OK, 0, 0, PURPOSE_SERVER},
    {{"good", "impostor", "inter", "cross"}, "other_root", "www.example.com", FEDE_OK, 0, 0, PURPOSE_SERVER},
    {{"good"}, "inter", "www.example.com", FEDE_OK, 0, 0, PURPOSE_SERVER},
    {{"good", "inter"}, "inter", "www.example.com", FEDE_OK, 0, 0, PURPOSE_SERVER},
    {{"no_ids"}, "root", "www.example.com", FEDE_OK, 0, 0, PURPOSE_SERVER},
    {{"self"}, "self", "www.example.com", FEDE_OK, 0, 0, PURPOSE_SERVER},
    {{"leaf_p384"}, "root_p384", "www.example.com", FEDE_OK, 0, 0, PURPOSE_SERVER},
    {{"leaf_p521"}, "root_p521", "www.example.com", FEDE_OK, 0, 0, PURPOSE_SERVER},
    {{"leaf_rsa2048"}, "root_rsa2048", "www.example.com", FEDE_OK, 0, 0, PURPOSE_SERVER},
    {{"leaf_rsa_pss"}, "root_rsa2048", "www.example.com", FEDE_OK, 0, 0, PURPOSE_SERVER},
    {{"leaf_pss"}, "root_pss", "www.example.com", FEDE_OK, 0, 0, PURPOSE_SERVER},
    {{"leaf_ed25519"}, "root_ed25519", "www.example.com", FEDE_OK, 0, 0, PURPOSE_SERVER},
    {{"leaf_ed448"}, "root_ed448", "www.example.com", FEDE_OK, 0, 0, PURPOSE_SERVER},
    {{"client_only", "inter"}, "root", "www.example.com", FEDE_OK, 0, 0, PURPOSE_CLIENT},

    {{"good"}, "root", "www.example.com", FEDE_CERT_UNKNOWN_ISSUER, FEDE_CHECK_ANCHOR, 0, PURPOSE_SERVER},
    {{"good", "inter"}, "other_root", "www.example.com", FEDE_CERT_UNKNOWN_ISSUER, FEDE_CHECK_ANCHOR, 1, PURPOSE_SERVER},
    {{"good", "inter", "root"}, "other_root", "www.example.com", FEDE_CERT_SELF_SIGNED, FEDE_CHECK_ANCHOR, 2, PURPOSE_SERVER},
    {{"self"}, "root", "www.example.com", FEDE_CERT_SELF_SIGNED, FEDE_CHECK_ANCHOR, 0, PURPOSE_SERVER},
    {{"self_ca"}, "self_ca", "www.example.com", FEDE_CERT_CA_AS_LEAF, FEDE_CHECK_CA, 0, PURPOSE_SERVER},
    {{"no_ids"}, "impostor", "www.example.com", FEDE_CERT_SIGNATURE, FEDE_CHECK_SIGNATURE, 0, PURPOSE_SERVER},
    {{"good", "inter"}, "impostor", "www.example.com", FEDE_CERT_SIGNATURE, FEDE_CHECK_SIGNATURE, 1, PURPOSE_SERVER},
    {{"good", "inter"}, "root", "www.example.org", FEDE_CERT_NAME_MISMATCH, FEDE_CHECK_NAME, 0, PURPOSE_SERVER},
    {{"good", "inter"}, "root", "192.0.2.2", FEDE_CERT_NAME_MISMATCH, FEDE_CHECK_NAME, 0, PURPOSE_SERVER},
    {{"nul", "inter"}, "root", "www.example.com", FEDE_CERT_NAME_MISMATCH, FEDE_CHECK_NAME, 0, PURPOSE_SERVER},
    {{"no_san", "inter"}, "root", "www.example.com", FEDE_CERT_NO_NAMES, FEDE_CHECK_NAME, 0, PURPOSE_SERVER},
    {{"expired", "inter"}, "root", "www.example.com", FEDE_CERT_EXPIRED, FEDE_CHECK_VALIDITY, 0, PURPOSE_SERVER},
    {{"early", "inter"}, "root", "www.example.com", FEDE_CERT_NOT_YET_VALID, FEDE_CHECK_VALIDITY, 0, PURPOSE_SERVER},
    {{"client_only", "inter"}, "root", "www.example.com", FEDE_CERT_EXTENDED_KEY_USAGE, FEDE_CHECK_PURPOSE, 0, PURPOSE_SERVER},
    {{"good", "inter"}, "root", "www.example.com", FEDE_CERT_EXTENDED_KEY_USAGE, FEDE_CHECK_PURPOSE, 0, PURPOSE_CLIENT},
    {{"encipher_only", "inter"}, "root", "www.example.com", FEDE_CERT_KEY_USAGE, FEDE_CHECK_KEY_USAGE, 0, PURPOSE_SERVER},
    {{"ca_leaf", "inter"}, "root", "www.example.com", FEDE_CERT_CA_AS_LEAF, FEDE_CHECK_CA, 0, PURPOSE_SERVER},
    {{"unknown_critical", "inter"}, "root", "www.example.com", FEDE_CERT_CRITICAL_EXTENSION, FEDE_CHECK_CRITICAL, 0, PURPOSE_SERVER},
    {{"rsa1024", "inter"}, "root", "www.example.com", FEDE_CERT_WEAK_KEY, FEDE_CHECK_KEY, 0, PURPOSE_SERVER},
    {{"secp256k1", "inter"}, "root", "www.example.com", FEDE_CERT_KEY_UNSUPPORTED, FEDE_CHECK_KEY, 0, PURPOSE_SERVER},
    {{"explicit", "inter"}, "root", "www.example.com", FEDE_CERT_KEY_UNSUPPORTED, FEDE_CHECK_KEY, 0, PURPOSE_SERVER},
    {{"sha1", "inter"}, "root", "www.example.com", FEDE_CERT_ALGORITHM, FEDE_CHECK_ALGORITHM, 0, PURPOSE_SERVER},
    {{"not_ca_leaf", "not_ca", "inter"}, "root", "www.example.com", FEDE_CERT_NOT_CA, FEDE_CHECK_CA, 1, PURPOSE_SERVER},
    {{"no_basic_leaf", "no_basic", "inter"}, "root", "www.example.com", FEDE_CERT_NOT_CA, FEDE_CHECK_CA, 1, PURPOSE_SERVER},
    {{"no_sign_leaf", "no_sign", "inter"}, "root", "www.example.com", FEDE_CERT_KEY_USAGE, FEDE_CHECK_KEY_USAGE, 1, PURPOSE_SERVER},
    {{"old_ca_leaf", "old_ca", "inter"}, "root", "www.example.com", FEDE_CERT_EXPIRED, FEDE_CHECK_VALIDITY, 1, PURPOSE_SERVER},
    {{"mail_ca_leaf", "mail_ca", "inter"}, "root", "www.example.com", FEDE_CERT_EXTENDED_KEY_USAGE, FEDE_CHECK_PURPOSE, 1, PURPOSE_SERVER},
    {{"zero_leaf", "zero", "inter"}, "root", "www.example.com", FEDE_OK, 0, 0, PURPOSE_SERVER},
    {{"under_zero_leaf", "under_zero", "zero", "inter"}, "root", "www.example.com", FEDE_CERT_PATH_LENGTH, FEDE_CHECK_PATH_LENGTH, 2, PURPOSE_SERVER},
    {{"names_leaf", "names", "inter"}, "root", "www.example.com", FEDE_CERT_NAME_CONSTRAINT, FEDE_CHECK_CONSTRAINTS, 0, PURPOSE_SERVER},
};
// clang-format on

static void chains(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof chain_cases / sizeof *chain_cases; i++) {
        const struct chain_case *c = &chain_cases[i];
        bytes chain[4];
        struct host host;
        struct verify_request request = {.chain = chain, .purpose = c->purpose, .at = AT_2030};
        for (; request.n < 4 && c->chain[request.n]; request.n++)
            chain[request.n] = load(c->chain[request.n]);
        struct anchors *a = anchors_of(c->anchor);
        request.anchors = a;
        if (c->host) {
            host_read(c->host, &host);
            request.host = &host;
        }
        struct outcome o = verify(&request);
        if (o.error.reason != c->reason)
            fail_msg("%s: %s instead of %s (%s)", c->chain[0], reason_row(o.error.reason)->name,
                     reason_row(c->reason)->name, o.error.detail ? o.error.detail : "");
        assert_true(o.leaf_read);
        if (c->reason != FEDE_OK) {
            const fede_check *check = failed_check(&o.verdict, c->check);
            if (check == NULL || check->reason != c->reason || o.error.certificate != c->certificate)
                fail_msg("%s: wrong check or certificate %u", c->chain[0], o.error.certificate);
            assert_non_null(o.error.where);
        } else {
            assert_int_equal(count_checks(&o.verdict, FEDE_FAILED), 0);
            assert_true(o.verdict.path_len >= 1);
            assert_true(count_checks(&o.verdict, FEDE_PASSED) >= 8u * o.verdict.path_len - 8u);
        }
        anchors_free(a);
    }
}

/* All that is wrong stands in the trail, not only what is reported. */
static void all_problems(void **state)
{
    (void)state;
    bytes chain[] = {load("expired")};
    struct host host;
    struct anchors *a = anchors_of("other_root");
    host_read("elsewhere.example.org", &host);
    struct outcome o = verify(&(struct verify_request){
        .chain = chain, .n = 1, .anchors = a, .purpose = PURPOSE_CLIENT, .host = &host, .at = AT_2030});
    assert_int_equal(o.error.reason, FEDE_CERT_UNKNOWN_ISSUER);
    assert_string_equal(o.error.detail, "C=NL, O=Example, CN=Example Intermediate");
    const fede_check *validity = failed_check(&o.verdict, FEDE_CHECK_VALIDITY);
    assert_non_null(validity);
    assert_int_equal(validity->got, 1767225599);
    assert_int_equal(validity->wanted, AT_2030);
    assert_string_equal(validity->detail, "2025-01-01 00:00:00 UTC to 2025-12-31 23:59:59 UTC");
    assert_non_null(failed_check(&o.verdict, FEDE_CHECK_PURPOSE));
    const fede_check *name = failed_check(&o.verdict, FEDE_CHECK_NAME);
    assert_non_null(name);
    assert_non_null(strstr(name->detail, "elsewhere.example.org is not among its names: www.example.com"));
    assert_int_equal(count_checks(&o.verdict, FEDE_FAILED), 4);
    for (unsigned kind = 1; kind <= FEDE_CHECK_POLICY; kind++)
        assert_string_not_equal(fede_check_name(kind), "unknown");
    assert_string_equal(fede_check_name(99), "unknown");
    anchors_free(a);
}

/* No chain with one bit changed in leaf or intermediate is accepted. */
static void flipped_bits(void **state)
{
    (void)state;
    bytes good = load("good"), inter = load("inter");
    struct anchors *a = anchors_of("root");
    struct host host;
    host_read("www.example.com", &host);
    for (int which = 0; which < 2; which++) {
        bytes original = which == 0 ? good : inter;
        for (size_t i = 0; i < original.len; i++) {
            struct arena small;
            arena_start(&small, &memory_standard, 1u << 17);
            uint8_t *copy = malloc(original.len);
            memcpy(copy, original.data, original.len);
            copy[i] ^= (uint8_t)(1u << (i % 8));
            bytes chain[] = {good, inter};
            chain[which] = (bytes){copy, original.len};
            struct verify_request request = {
                .chain = chain, .n = 2, .anchors = a, .purpose = PURPOSE_SERVER, .host = &host, .at = AT_2030};
            fede_verdict verdict;
            struct certificate leaf;
            bool leaf_read;
            fede_error error = {0};
            if (x509_verify(&request, &small, &verdict, &leaf, &leaf_read, &error))
                fail_msg("byte %zu of certificate %d", i, which);
            assert_true(error.reason != FEDE_OK && error.reason != FEDE_INTERNAL);
            free(copy);
            arena_end(&small);
        }
    }
    anchors_free(a);
}

/* Profiles differ where they should. */
static void profiles(void **state)
{
    (void)state;
    bytes chain[] = {load("no_ids")};
    struct anchors *a = anchors_of("root");
    struct verify_request request = {.chain = chain, .n = 1, .anchors = a, .purpose = PURPOSE_SERVER, .at = AT_2030};
    assert_true(verify(&request).accepted);
    request.profile = PROFILE_WEB;
    struct outcome o = verify(&request);
    assert_int_equal(o.error.reason, FEDE_CERT_PROFILE);
    assert_string_equal(o.error.where, "authorityKeyIdentifier");
    bytes ca[] = {load("ca_leaf"), load("inter")};
    request = (struct verify_request){
        .chain = ca, .n = 2, .anchors = a, .purpose = PURPOSE_SERVER, .at = AT_2030, .profile = PROFILE_RFC5280};
    assert_true(verify(&request).accepted == false); /* no EKU problem, but key usage lacks digitalSignature */
    request.key_usage = USAGE_CERT_SIGN;
    assert_true(verify(&request).accepted);
    anchors_free(a);
}

static void dates_on_the_edge(void **state)
{
    (void)state;
    bytes chain[] = {load("good"), load("inter")};
    struct anchors *a = anchors_of("root");
    struct verify_request request = {.chain = chain, .n = 2, .anchors = a, .purpose = PURPOSE_SERVER};
    static const struct {
        int64_t at;
        fede_reason reason;
    } cases[] = {{1767225599, FEDE_CERT_NOT_YET_VALID},
                 {1767225600, FEDE_OK},
                 {2398377600, FEDE_OK},
                 {2398377601, FEDE_CERT_EXPIRED},
                 {INT64_MIN, FEDE_CERT_NOT_YET_VALID},
                 {INT64_MAX, FEDE_CERT_EXPIRED}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        request.at = cases[i].at;
        assert_int_equal(verify(&request).error.reason, cases[i].reason);
    }
    anchors_free(a);
}

static void limits(void **state)
{
    (void)state;
    bytes chain[] = {load("zero_leaf"), load("zero"), load("inter")};
    struct anchors *a = anchors_of("root");
    struct verify_request request = {.chain = chain, .n = 3, .anchors = a, .purpose = PURPOSE_SERVER, .at = AT_2030};
    request.max_path = 1;
    struct outcome o = verify(&request);
    assert_int_equal(o.error.reason, FEDE_CERT_CHAIN_TOO_LONG);
    assert_int_equal(o.error.got, 2);
    assert_int_equal(o.error.wanted, 1);
    request.max_path = 2;
    assert_true(verify(&request).accepted);
    request.direct = true;
    assert_int_equal(verify(&request).error.reason, FEDE_CERT_CHAIN_TOO_LONG);
    request.direct = false;
    request.budget = 2;
    assert_int_equal(verify(&request).error.reason, FEDE_CERT_BUDGET);
    request.budget = 3;
    assert_true(verify(&request).accepted);
    request.n = 0;
    assert_int_equal(verify(&request).error.reason, FEDE_CERT_NONE);
    bytes nonsense[] = {BYTES_OF("nonsense")};
    request = (struct verify_request){.chain = nonsense, .n = 1, .anchors = a, .purpose = PURPOSE_SERVER};
    o = verify(&request);
    assert_int_equal(o.error.reason, FEDE_CERT_UNREADABLE);
    assert_false(o.leaf_read);
    assert_int_equal(o.verdict.checks[0].kind, FEDE_CHECK_PARSE);
    /* What can't be read and is not needed does no harm. */
    bytes with[] = {load("good"), BYTES_OF("nonsense"), BYTES_NONE, load("inter")};
    request = (struct verify_request){.chain = with, .n = 4, .anchors = a, .purpose = PURPOSE_SERVER, .at = AT_2030};
    assert_true(verify(&request).accepted);
    anchors_free(a);
}

/* ---- Policies, revocation, public suffixes ------------------------------------------------------------------------ */

static void policies(void **state)
{
    (void)state;
    static const uint8_t oid_4[] = {0x2a, 3, 4}, oid_5[] = {0x2a, 3, 5};
    bytes chain[] = {load("policy_leaf"), load("policy")}, other[] = {load("other_policy_leaf"), load("policy")};
    bytes plain[] = {load("good"), load("inter")}, wanted_4[] = {BYTES_OF(oid_4)}, wanted_5[] = {BYTES_OF(oid_5)};
    struct anchors *a = anchors_of("root");
    struct verify_request request = {.chain = chain, .n = 2, .anchors = a, .purpose = PURPOSE_SERVER, .at = AT_2030};
    struct outcome o = verify(&request);
    assert_true(o.accepted);
    request.policies = wanted_4;
    request.n_policies = 1;
    assert_true(verify(&request).accepted);
    request.policies = wanted_5;
    o = verify(&request);
    assert_int_equal(o.error.reason, FEDE_CERT_POLICY);
    assert_non_null(failed_check(&o.verdict, FEDE_CHECK_POLICY));
    request.n_policies = 0;
    request.chain = other;
    assert_int_equal(verify(&request).error.reason, FEDE_CERT_POLICY);
    request.chain = plain;
    assert_true(verify(&request).accepted);
    request.explicit_policy = true;
    assert_int_equal(verify(&request).error.reason, FEDE_CERT_POLICY);
    anchors_free(a);
}

static void revocation(void **state)
{
    (void)state;
    static const struct {
        const char *leaf, *lists[3];
        fede_reason reason;
        const char *detail;
    } cases[] = {
        {"good", {"root", "inter"}, FEDE_OK, ""},
        {"good", {"stale", "inter", "root"}, FEDE_OK, ""},
        {"revoked", {"root", "inter"}, FEDE_CERT_REVOKED, "revoked on"},
        {"good", {"inter"}, FEDE_CERT_REVOCATION_UNKNOWN, "none of the lists given covers it"},
        {"good", {"root"}, FEDE_CERT_REVOCATION_UNKNOWN, "none of the lists given covers it"},
        {"good", {"root", "stale"}, FEDE_CERT_REVOCATION_UNKNOWN, "out of date"},
        {"good", {"root", "unknown_critical"}, FEDE_CERT_REVOCATION_UNKNOWN, "not understood"},
        {"good", {"users_only", "inter"}, FEDE_CERT_REVOCATION_UNKNOWN, "none of the lists given covers it"},
    };
    struct anchors *a = anchors_of("root");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bytes chain[] = {load(cases[i].leaf), load("inter")}, lists[3];
        struct verify_request request = {
            .chain = chain, .n = 2, .anchors = a, .purpose = PURPOSE_SERVER, .at = AT_2030, .crls = lists};
        for (; request.n_crls < 3 && cases[i].lists[request.n_crls]; request.n_crls++)
            lists[request.n_crls] = load_list(cases[i].lists[request.n_crls]);
        for (request.profile = PROFILE_TLS; request.profile <= PROFILE_RFC5280; request.profile++) {
            struct outcome o = verify(&request);
            if (o.error.reason != cases[i].reason || (!o.accepted && !strstr(o.error.detail, cases[i].detail)))
                fail_msg("case %zu, profile %d: %s (%s)", i, request.profile, reason_row(o.error.reason)->name,
                         o.error.detail ? o.error.detail : "");
            if (!o.accepted)
                assert_non_null(failed_check(&o.verdict, FEDE_CHECK_REVOCATION));
        }
    }
    /* A list with any bit changed decides nothing in favour of the certificate. */
    bytes chain[] = {load("good"), load("inter")}, lists[] = {load_list("root"), load_list("inter")};
    uint8_t *copy = malloc(lists[1].len);
    memcpy(copy, lists[1].data, lists[1].len);
    lists[1].data = copy;
    for (size_t i = 0; i < lists[1].len; i++) {
        copy[i] ^= (uint8_t)(1u << (i % 8));
        struct outcome o = verify(&(struct verify_request){.chain = chain,
                                                           .n = 2,
                                                           .anchors = a,
                                                           .purpose = PURPOSE_SERVER,
                                                           .at = AT_2030,
                                                           .crls = lists,
                                                           .n_crls = 2});
        assert_int_equal(o.error.reason, FEDE_CERT_REVOCATION_UNKNOWN);
        copy[i] ^= (uint8_t)(1u << (i % 8));
    }
    free(copy);
    anchors_free(a);
}

static void public_suffixes(void **state)
{
    (void)state;
    static const char list[] = "// comment\n\ncom\nco.uk\n*.ck\n!www.ck\n\xe5\x85\xac\xe5\x8f\xb8.cn  text\nb\xc3\xbc"
                               "cher.example\n";
    static const struct {
        const char *name;
        bool is_public;
    } cases[] = {{"com", true},           {"anything", true},      {"example.com", false},
                 {"co.uk", true},         {"CO.UK", true},         {"example.co.uk", false},
                 {"a.ck", true},          {"www.ck", false},       {"b.a.ck", false},
                 {"uk.com", false},       {"xn--55qx5d.cn", true}, {"xn--bcher-kva.example", true},
                 {"bcher.example", false}};
    struct suffixes *s = suffixes_read(&memory_standard, bytes_text(list));
    assert_non_null(s);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (suffix_is_public(s, bytes_text(cases[i].name)) != cases[i].is_public)
            fail_msg("%s", cases[i].name);
    struct host host;
    uint8_t names[] = "\x82\x07*.co.uk";
    struct certificate c = {.alt_names = {names, sizeof names - 1}};
    assert_int_equal(host_read("example.co.uk", &host), HOST_DNS);
    assert_true(host_matches_below(&c, &host, NULL));
    assert_false(host_matches_below(&c, &host, s));
    suffixes_free(s);
}

/* Each allocation failing in turn: a clean refusal, or the right answer. */
static void no_memory(void **state)
{
    (void)state;
    bytes chain[] = {load("zero_leaf"), load("zero"), load("cross"), load("inter"), load("impostor")};
    struct anchors *a = anchors_of("root");
    bool accepted = false;
    for (size_t fail_at = 1; !accepted && fail_at < 100; fail_at++) {
        struct memory_meter meter;
        struct arena small;
        memory_meter_start(&meter);
        meter.fail_at = fail_at;
        arena_start(&small, &meter.allocator, 1u << 20);
        struct verify_request request = {
            .chain = chain, .n = 5, .anchors = a, .purpose = PURPOSE_SERVER, .at = AT_2030, .attempts = true};
        fede_verdict verdict;
        struct certificate leaf;
        bool leaf_read;
        fede_error error = {0};
        accepted = x509_verify(&request, &small, &verdict, &leaf, &leaf_read, &error);
        assert_int_equal(error.reason, accepted ? FEDE_OK : FEDE_OUT_OF_MEMORY);
        arena_end(&small);
        assert_int_equal(meter.live, 0);
    }
    assert_true(accepted);
    anchors_free(a);
    bytes pem_file = file(FOLDER "root.pem");
    size_t added = 0;
    for (size_t fail_at = 1; added == 0 && fail_at < 100; fail_at++) {
        struct memory_meter meter;
        memory_meter_start(&meter);
        meter.fail_at = fail_at;
        a = anchors_new(&meter.allocator);
        added = a ? anchors_add(a, pem_file) : 0;
        anchors_free(a);
        assert_int_equal(meter.live, 0);
    }
    assert_int_equal(added, 1);
}

/* ---- Signatures verified before ---------------------------------------------------------------------------------- */

static uint16_t judged(fede_signatures *table, bytes leaf, int64_t at)
{
    bytes chain[] = {leaf, load("inter")};
    fede_trust *trust = fede_trust_new();
    fede_trust_add(trust, load("root"));
    fede_verify_request request = {.chain = chain, .n_chain = 2, .trust = trust, .at = at, .signatures = table};
    fede_verification *v = fede_verify_chain(&request);
    uint16_t reason = fede_verification_verdict(v)->reason;
    fede_verification_free(v);
    fede_trust_free(trust);
    return reason;
}

static void signatures_remembered(void **state)
{
    (void)state;
    assert_null(fede_signatures_new(0));
    assert_null(fede_signatures_new((1u << 20) + 1));
    fede_signatures *table = fede_signatures_new(64);
    struct certificate inter, other;
    fede_error error = {0};
    assert_true(certificate_read(load("inter"), &inter, &error) && certificate_read(load("other_root"), &other, &error));
    bytes good = load("good"), expired = load("expired"), altered = arena_copy(&arena, good);
    ((uint8_t *)(uintptr_t)altered.data)[altered.len - 1] ^= 1;

    assert_false(signatures_has(table, good, inter.key.spki));
    assert_int_equal(judged(table, good, AT_2030), FEDE_OK);
    assert_true(signatures_has(table, good, inter.key.spki));
    assert_false(signatures_has(table, good, other.key.spki));
    assert_int_equal(judged(table, good, AT_2030), FEDE_OK);
    /* A wrong signature is not entered ... */
    assert_int_equal(judged(table, altered, AT_2030), FEDE_CERT_SIGNATURE);
    assert_false(signatures_has(table, altered, inter.key.spki));
    /* ... so that only a test can show that the table is what is asked. */
    signatures_add(table, altered, inter.key.spki);
    assert_int_equal(judged(table, altered, AT_2030), FEDE_OK);
    assert_int_equal(judged(NULL, altered, AT_2030), FEDE_CERT_SIGNATURE);
    /* Dates are judged each time. */
    assert_int_equal(judged(table, expired, AT_2030), FEDE_CERT_EXPIRED);
    assert_int_equal(judged(table, expired, AT_2030), FEDE_CERT_EXPIRED);
    /* Bounded: the newest is there, and not everything before it. */
    unsigned kept = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        uint8_t one[4];
        store32(one, i);
        signatures_add(table, BYTES_OF(one), inter.key.spki);
        assert_true(signatures_has(table, BYTES_OF(one), inter.key.spki));
    }
    for (uint32_t i = 0; i < 1000; i++) {
        uint8_t one[4];
        store32(one, i);
        kept += signatures_has(table, BYTES_OF(one), inter.key.spki);
    }
    assert_in_range(kept, 1, 64);
    signatures_hold(table);
    fede_signatures_free(table);
    fede_signatures_free(table);
    fede_signatures_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(der_lengths, start, end),
        cmocka_unit_test_setup_teardown(der_values, start, end),
        cmocka_unit_test_setup_teardown(der_times, start, end),
        cmocka_unit_test_setup_teardown(fields, start, end),
        cmocka_unit_test_setup_teardown(prefixes, start, end),
        cmocka_unit_test_setup_teardown(system_bundle, start, end),
        cmocka_unit_test_setup_teardown(hosts, start, end),
        cmocka_unit_test_setup_teardown(host_matching, start, end),
        cmocka_unit_test_setup_teardown(mailboxes, start, end),
        cmocka_unit_test_setup_teardown(name_equality, start, end),
        cmocka_unit_test_setup_teardown(name_constraints, start, end),
        cmocka_unit_test_setup_teardown(pem, start, end),
        cmocka_unit_test_setup_teardown(chains, start, end),
        cmocka_unit_test_setup_teardown(all_problems, start, end),
        cmocka_unit_test_setup_teardown(flipped_bits, start, end),
        cmocka_unit_test_setup_teardown(profiles, start, end),
        cmocka_unit_test_setup_teardown(dates_on_the_edge, start, end),
        cmocka_unit_test_setup_teardown(limits, start, end),
        cmocka_unit_test_setup_teardown(policies, start, end),
        cmocka_unit_test_setup_teardown(revocation, start, end),
        cmocka_unit_test_setup_teardown(public_suffixes, start, end),
        cmocka_unit_test_setup_teardown(signatures_remembered, start, end),
        cmocka_unit_test_setup_teardown(no_memory, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
