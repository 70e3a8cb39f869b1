/* tests/unit/html.c: what comes from the network stays text in a page: html_put byte by byte and over random bytes, and a whole
   page with markup in every string. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "report/html.h"

static char *put(enum html_place place, const char *text, size_t len)
{
    char *out = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&out, &size);
    assert_non_null(file);
    html_put(file, place, text, len);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(strlen(out), size); /* no NUL gets through */
    return out;
}

static void same(enum html_place place, const char *text, const char *wanted)
{
    char *out = put(place, text, strlen(text));
    assert_string_equal(out, wanted);
    free(out);
}

static void known(void **state)
{
    (void)state;
    same(HTML_TEXT, "", "");
    same(HTML_TEXT, "localhost", "localhost");
    same(HTML_TEXT, "</script><!-- & \"'", "&#60;/script&#62;&#60;!-- &#38; &#34;&#39;");
    same(HTML_TEXT, "a\nb\tc\rd\x1b[31m\x7f", "a\nb\\x09c\\x0dd\\x1b[31m\\x7f");
    same(HTML_TEXT, "\xc2\x80\xc2\x9f\xc2\xa0\xc3\xa9", "\\x80\\x9f\xc2\xa0\xc3\xa9");
    same(HTML_TEXT, "\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xae\xe2\x81\xa6\xd8\x9c\xef\xbb\xbf",
         "\\u2028\\u2029\\u202e\\u2066\\u061c\\ufeff");
    same(HTML_TEXT, "\xe4\xb8\xad \xf0\x9f\x98\x80", "\xe4\xb8\xad \xf0\x9f\x98\x80");
    /* No UTF-8: overlong, surrogate, beyond the end, cut off, a lone continuation. */
    same(HTML_TEXT, "\xc0\xbc", "\\ufffd\\ufffd");
    same(HTML_TEXT, "\xe0\x80\xbc", "\\ufffd\\ufffd\\ufffd");
    same(HTML_TEXT, "\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd");
    same(HTML_TEXT, "\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd");
    same(HTML_TEXT, "x\xe2\x80", "x\\ufffd\\ufffd");
    same(HTML_TEXT, "\xbc<", "\\ufffd&#60;");
    same(HTML_DATA, "{\"a\":\"</script><!--&\"}", "{\"a\":\"\\u003c/script\\u003e\\u003c!--\\u0026\"}");
    same(HTML_DATA, "\"\xe2\x80\xa8\xe2\x80\xae\x7f\"", "\"\\u2028\\u202e\\u007f\"");
}

/* Nothing that could end or begin an element, an attribute or a comment, whatever comes in. */
static void any_bytes(void **state)
{
    (void)state;
    uint32_t seed = 12345;
    for (unsigned round = 0; round < 20000; round++) {
        char in[64];
        size_t len = round % sizeof in;
        for (size_t i = 0; i < len; i++) {
            seed = seed * 1664525 + 1013904223;
            static const char liked[] = "<>&\"'/!-\xe2\x80\xa8\xae\x1b";
            in[i] = seed >> 31 ? liked[(seed >> 16) % (uint32_t)(sizeof liked - 1)] : (char)(seed >> 24);
        }
        char *out = put(HTML_TEXT, in, len);
        assert_null(strpbrk(out, "<>\"'\x1b\x7f\r\t"));
        assert_null(strstr(out, "\xe2\x80\xa8"));
        assert_null(strstr(out, "\xe2\x80\xae"));
        free(out);
        out = put(HTML_DATA, in, len);
        assert_null(strpbrk(out, "<>&\x7f"));
        assert_null(strstr(out, "\xe2\x80\xa8"));
        free(out);
    }
}

static size_t times(const char *text, const char *part)
{
    size_t n = 0;
    for (; (text = strstr(text, part)) != NULL; text += strlen(part))
        n++;
    return n;
}

/* A story whose every name and value is markup: the page has the elements of the template and of the plain form, no others,
   and the data comes back as it went in. */
static void whole_page(void **state)
{
    (void)state;
    static const char evil[] = "</noscript></script><script>x</script><img src=x><!--";
    json_t *story = json_object(), *messages = json_array(), *message = json_object(), *list = json_array(),
           *row = json_object();
    static const char *const keys[] = {"title", "command", "tool", "started", "server_name", "something_else", "a<b"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        json_object_set_new(story, keys[i], json_string(evil));
    static const char *const in_message[] = {"name", "from", "facts", "sentence", "another", "protocol"};
    for (size_t i = 0; i < sizeof in_message / sizeof *in_message; i++)
        json_object_set_new(message, in_message[i], json_string(evil));
    json_object_set_new(message, "bytes", json_string("0102"));
    json_object_set_new(row, "name", json_string(evil));
    json_object_set_new(row, "text", json_string(evil));
    json_object_set_new(row, "sentence", json_string(evil));
    json_object_set_new(row, "offset", json_integer(-5));
    json_object_set_new(row, "length", json_integer(1000000));
    json_array_append_new(list, row);
    json_object_set_new(message, "fields", list);
    json_array_append_new(messages, message);
    json_object_set_new(story, "messages", messages);
    json_t *table = json_array(), *cells = json_object();
    json_object_set_new(cells, evil, json_string(evil));
    json_array_append_new(table, cells);
    json_object_set_new(story, "findings", table);

    char *out = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&out, &size);
    assert_true(html_begin(file, evil, ENGLISH) && html_story(file, story, ENGLISH) && html_story(file, story, ENGLISH) && html_end(file));
    assert_int_equal(fclose(file), 0);
    char *template = malloc(html_page_top_len + html_page_middle_len + html_page_bottom_len + 1);
    assert_non_null(template);
    size_t len =
        (size_t)snprintf(template, html_page_top_len + html_page_middle_len + html_page_bottom_len + 1, "%.*s%.*s%.*s",
                         (int)html_page_top_len, (const char *)html_page_top, (int)html_page_middle_len,
                         (const char *)html_page_middle, (int)html_page_bottom_len, (const char *)html_page_bottom);
    assert_int_equal(len, html_page_top_len + html_page_middle_len + html_page_bottom_len);
    assert_true(len < 300000);
    assert_int_equal(times(out, "<script"), times(template, "<script") + 2);
    assert_int_equal(times(out, "</script"), times(template, "</script") + 2);
    assert_int_equal(times(out, "<noscript"), 2);
    assert_int_equal(times(out, "</noscript"), 2);
    assert_int_equal(times(out, "<img"), 0);
    assert_int_equal(times(out, "<!--"), 0);
    const char *data = strstr(out, "class=\"story\">");
    assert_non_null(data);
    data += strlen("class=\"story\">");
    json_t *back = json_loadb(data, (size_t)(strstr(data, "</script>") - data), 0, NULL);
    assert_true(json_equal(back, story));
    json_decref(back);
    json_decref(story);
    free(template);
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(known), cmocka_unit_test(any_bytes),
                                       cmocka_unit_test(whole_page)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
