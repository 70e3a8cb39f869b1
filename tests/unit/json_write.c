/* tests/unit/json_write.c: what the writer of JSON writes is what jansson would have written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/text.h"
#include "report/json_write.h"

/* The string in jansson's writing; what it refuses, escaped before. */
static char *by_jansson(const char *words)
{
    char escaped[2000];
    json_t *s = json_string(words);
    if (s == NULL) {
        struct text t = text_in(escaped, sizeof escaped);
        text_escaped(&t, bytes_text(words));
        s = json_string(escaped);
    }
    char *out = json_dumps(s, JSON_ENCODE_ANY);
    json_decref(s);
    assert_non_null(out);
    return out;
}

static void same(const char *words)
{
    struct json_text t = {0};
    char *wanted = by_jansson(words);
    put_words(&t, NULL, words);
    assert_false(t.failed);
    assert_int_equal(t.len, strlen(wanted));
    assert_memory_equal(t.out, wanted, t.len);
    json_text_free(&t);
    free(wanted);
}

static void every_character(void **state)
{
    (void)state;
    char words[8];
    for (unsigned a = 1; a < 256; a++) {
        snprintf(words, sizeof words, "x%cy", (int)a);
        same(words);
        for (unsigned b = 1; b < 256; b++) {
            snprintf(words, sizeof words, "%c%c", (int)a, (int)b);
            same(words);
        }
    }
    static const char *const some[] = {"", "plain", "\xe2\x86\x92 \xf0\x9f\x94\x92", "\xe2\x86", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                       "\xc0\xaf", "a\\b\"c\n\t\x1f\x7f", "\xef\xbf\xbd", "\xe0\x80\xaf"};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++)
        same(some[i]);
}

static void long_ones(void **state)
{
    (void)state;
    enum { LONG = 70000 };
    char *words = malloc(LONG + 1);
    assert_non_null(words);
    for (size_t len = 4000; len <= LONG; len += 11003) {
        memset(words, 'a', len);
        words[len] = '\0';
        words[len / 2] = '"';
        same(words);
    }
    free(words);
}

static void structure(void **state)
{
    (void)state;
    struct json_text t = {0}, part = {0};
    put_object(&part, NULL);
    put_flag(&part, "yes", true);
    put_object_end(&part);
    for (int again = 0; again < 2; again++) { /* emptied, it begins anew */
        static const char wanted[] = "{\"list\":[1,{},[],\"\",18,{\"number\":771,\"name\":\"TLS 1.2\"}],\"part\":{\"yes\":true},"
                                     "\"most\":9223372036854775807,\"hex\":\"00ff\",\"no\":false}";
        put_object(&t, NULL);
        put_list(&t, "list");
        put_number(&t, NULL, 1);
        put_object(&t, NULL);
        put_object_end(&t);
        put_list(&t, NULL);
        put_list_end(&t);
        put_words(&t, NULL, NULL);
        put_number(&t, NULL, 18);
        put_registered(&t, NULL, &version_names, 0x0303);
        put_list_end(&t);
        put_text(&t, "part", &part);
        put_number(&t, "most", UINT64_MAX);
        put_hex(&t, "hex", bytes_of((const uint8_t *)"\0\xff", 2));
        put_flag(&t, "no", false);
        put_object_end(&t);
        assert_int_equal(t.len, sizeof wanted - 1);
        assert_memory_equal(t.out, wanted, t.len);
        json_text_clear(&t);
    }
    json_text_free(&t);
    json_text_free(&part);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_character), cmocka_unit_test(long_ones), cmocka_unit_test(structure)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
