/* The page under any bytes: as text between tags, as data in its script element, and, where they are JSON, as a whole story. No
   element may begin or end but those of the page itself, and the data has to come back as it went in. */
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/forms.h"
#include "report/html.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *put(enum html_place place, const char *text, size_t len)
{
    char *out = NULL;
    size_t n = 0;
    FILE *file = open_memstream(&out, &n);
    if (file == NULL)
        abort();
    html_put(file, place, text, len);
    if (fclose(file) != 0 || strlen(out) != n)
        abort();
    return out;
}

static void story(json_t *value)
{
    char *out = NULL;
    size_t n = 0;
    FILE *file = open_memstream(&out, &n);
    if (file == NULL || !html_story(file, value, ENGLISH) || fclose(file) != 0 || strlen(out) != n)
        abort();
    want_page(out, 1);
    const char *data = strstr(out, "class=\"story\">") + strlen("class=\"story\">");
    json_t *back = json_loadb(data, (size_t)(strstr(data, "</script>") - data), JSON_ALLOW_NUL, NULL);
    if (!json_equal(back, value))
        abort();
    json_decref(back);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *out = put(HTML_TEXT, (const char *)data, size);
    if (strpbrk(out, "<>\"'\r\t\x1b\x7f") != NULL)
        abort();
    free(out);
    out = put(HTML_DATA, (const char *)data, size);
    if (strpbrk(out, "<>&\x7f\n") != NULL)
        abort();
    free(out);
    json_t *value = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(value))
        story(value);
    json_decref(value);
    return 0;
}
