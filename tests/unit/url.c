/* Unit tests of src/cli/url.c: what a URL is taken apart into, what is refused, how references are resolved (RFC 3986 5.4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "cli/url.h"

static void test_accepted(void **state)
{
    (void)state;
    static const struct {
        const char *text, *scheme, *host, *port, *target;
        bool tls, http, address, default_port, bare;
    } rows[] = {
        {"https://www.example.org/a?b=c#d", "https", "www.example.org", "443", "/a?b=c", true, true, false, true, false},
        {"HTTPS://WWW.Example.ORG", "https", "www.example.org", "443", "/", true, true, false, true, false},
        {"https://h?q", "https", "h", "443", "/?q", true, true, false, true, false},
        {"http://h:8080/", "http", "h", "8080", "/", false, true, false, false, false},
        {"http://h:080/", "http", "h", "80", "/", false, true, false, false, false},
        {"https://[::1]:440/26-1", "https", "::1", "440", "/26-1", true, true, true, false, false},
        {"https://[2001:DB8::1]/", "https", "2001:db8::1", "443", "/", true, true, true, true, false},
        {"https://127.0.0.1/", "https", "127.0.0.1", "443", "/", true, true, true, true, false},
        {"https://h.", "https", "h", "443", "/", true, true, false, true, false},
        {"https://h:/x", "https", "h", "443", "/x", true, true, false, true, false},
        {"https://xn--bcher-kva.example/", "https", "xn--bcher-kva.example", "443", "/", true, true, false, true, false},
        {"https://a_b.example/", "https", "a_b.example", "443", "/", true, true, false, true, false},
        {"https://h/a/./b/../c/", "https", "h", "443", "/a/c/", true, true, false, true, false},
        {"https://h/../../x", "https", "h", "443", "/x", true, true, false, true, false},
        {"https://h/a/..", "https", "h", "443", "/", true, true, false, true, false},
        {"https://h/a/.?b/../c", "https", "h", "443", "/a/?b/../c", true, true, false, true, false},
        {"https://h/\xe4\xb8\xad|{}", "https", "h", "443", "/%E4%B8%AD%7C%7B%7D", true, true, false, true, false},
        {"https://h/%2e%2E/a", "https", "h", "443", "/%2e%2E/a", true, true, false, true, false},
        {"https://h/a:b@c", "https", "h", "443", "/a:b@c", true, true, false, true, false},
        {"tls://h:1", "tls", "h", "1", "/", true, false, false, false, false},
        {"imaps://h", "imaps", "h", "993", "/", true, false, false, true, false},
        {"localhost", "tls", "localhost", "443", "/", true, false, false, true, true},
        {"localhost:8443", "tls", "localhost", "8443", "/", true, false, false, false, true},
        {"[::1]:8443", "tls", "::1", "8443", "/", true, false, true, false, true},
        {"::1", "tls", "::1", "443", "/", true, false, true, true, true},
        {"localhost/x", "https", "localhost", "443", "/x", true, true, false, true, true},
        {"localhost:65535/x://y", "https", "localhost", "65535", "/x://y", true, true, false, false, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static struct url url;
        char reason[300];
        struct text why = text_in(reason, sizeof reason);
        if (!url_parse(rows[i].text, &url, &why))
            fail_msg("%s: %s", rows[i].text, reason);
        assert_string_equal(url.scheme, rows[i].scheme);
        assert_string_equal(url.host, rows[i].host);
        assert_string_equal(url.port, rows[i].port);
        assert_string_equal(url.target, rows[i].target);
        assert_int_equal(url.tls, rows[i].tls);
        assert_int_equal(url.http, rows[i].http);
        assert_int_equal(url.address, rows[i].address);
        assert_int_equal(url.default_port, rows[i].default_port);
        assert_int_equal(url.bare, rows[i].bare);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "", "https://", "https:///x", "https://user@h/", "https://user:pw@h/", "https://good.example@evil.example/",
        "https://h:0/", "https://h:65536/", "https://h:4294967739/", "https://h:44a/", "https://h:-1/", "https://h/a b", "https://h/\r\nX: y",
        "https://h/\x7f", "https://h/%", "https://h/%4", "https://h/%zz", "https://[::1", "https://[::1]x/", "https://[1.2.3.4]x/",
        "https://[::g]/", "https://[fe80::1%25eth0]/", "https://a..b/", "https://.a/", "https://h\\x/", "https://1.2.3/", "https://0x7f.1/",
        "https://256.1.1.1/", ("https://b\xc3\xbc" "cher.example/"), "ftp://h/", "file:///etc/passwd", "gopher://h", "https://a:b:c/", "a:b:c",
        "https://h%41/", ":443", "https://h,i/",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static struct url url;
        char reason[300];
        struct text why = text_in(reason, sizeof reason);
        if (url_parse(rows[i], &url, &why))
            fail_msg("%s was accepted as %s %s %s", rows[i], url.host, url.port, url.target);
        assert_true(why.len > 0);
    }
}

static void test_length(void **state)
{
    (void)state;
    static struct url url;
    static char text[20000], reason[300];
    for (size_t len = TARGET_SIZE - 3; len < TARGET_SIZE + 3; len++) {
        struct text why = text_in(reason, sizeof reason);
        memcpy(text, "https://h", 9);
        memset(text + 9, '/', 1);
        memset(text + 10, 'a', len - 1);
        text[9 + len] = 0;
        assert_int_equal(url_parse(text, &url, &why), len < TARGET_SIZE);
    }
    struct text why = text_in(reason, sizeof reason);
    memset(text, 'a', 300);
    memcpy(text + 300, ":1", 3);
    assert_false(url_parse(text, &url, &why));
}

/* RFC 3986 5.4, with the schemes that exist here. */
static void test_references(void **state)
{
    (void)state;
    static const struct {
        const char *reference, *whole;
    } rows[] = {
        {"g", "http://a/b/c/g"}, {"./g", "http://a/b/c/g"}, {"g/", "http://a/b/c/g/"}, {"/g", "http://a/g"}, {"//g", "http://g/"},
        {"?y", "http://a/b/c/d;p?y"}, {"g?y", "http://a/b/c/g?y"}, {"#s", "http://a/b/c/d;p?q"}, {"g#s", "http://a/b/c/g"},
        {";x", "http://a/b/c/;x"}, {"", "http://a/b/c/d;p?q"}, {".", "http://a/b/c/"}, {"./", "http://a/b/c/"}, {"..", "http://a/b/"},
        {"../g", "http://a/b/g"}, {"../..", "http://a/"}, {"../../g", "http://a/g"}, {"../../../g", "http://a/g"}, {"/./g", "http://a/g"},
        {"/../g", "http://a/g"}, {"g.", "http://a/b/c/g."}, {"..g", "http://a/b/c/..g"}, {"./../g", "http://a/b/g"}, {"./g/.", "http://a/b/c/g/"},
        {"g/./h", "http://a/b/c/g/h"}, {"g/../h", "http://a/b/c/h"}, {"g?y/./x", "http://a/b/c/g?y/./x"}, {"g?y/../x", "http://a/b/c/g?y/../x"},
        {"https://x:1/y", "https://x:1/y"}, {"HTTP://x", "http://x/"}, {"a b", "http://a/b/c/a%20b"},
    };
    static struct url base, url;
    char reason[300], whole[400];
    struct text why = text_in(reason, sizeof reason);
    assert_true(url_parse("http://a/b/c/d;p?q", &base, &why));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        why = text_in(reason, sizeof reason);
        struct text t = text_in(whole, sizeof whole);
        if (!url_resolve(&base, rows[i].reference, &url, &why))
            fail_msg("%s: %s", rows[i].reference, reason);
        url_text(&url, &t);
        assert_string_equal(whole, rows[i].whole);
    }
    static const char *const bad[] = {"mailto:x@y", "javascript:alert(1)", "ftp://x/", "//user@x/", "http://", "\x01"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        why = text_in(reason, sizeof reason);
        assert_false(url_resolve(&base, bad[i], &url, &why));
    }
}

static void test_text(void **state)
{
    (void)state;
    static const char *const rows[] = {"https://h/", "https://h:8443/a?b", "https://[::1]/", "https://[::1]:8443/", "http://h:443/", "https://h:80/"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static struct url url;
        char reason[300], whole[300];
        struct text why = text_in(reason, sizeof reason), t = text_in(whole, sizeof whole);
        assert_true(url_parse(rows[i], &url, &why));
        url_text(&url, &t);
        assert_string_equal(whole, rows[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted), cmocka_unit_test(test_refused), cmocka_unit_test(test_length),
        cmocka_unit_test(test_references), cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
