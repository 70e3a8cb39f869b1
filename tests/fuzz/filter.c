/* Display filters and paths under any bytes: an expression, a zero byte, then lines of a story as JSON. An expression is a filter or
   the reason why not is said; what it says about a line is the same each time, and "not" says the opposite. The first byte
   says how rows are made of the lines that fit. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/want.h"
#include "report/select.h"
#include "report/story_path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Both hold a NUL-terminated text; what lies behind is lines. */
static void ask(const char *expression, const char *lines)
{
    char why[400], opposite[3000];
    struct text t = text_in(why, sizeof why);
    struct filter *f = filter_new(expression, &t), *other = NULL;
    want((f != NULL) == (t.len == 0));
    if (f == NULL)
        return;
    snprintf(opposite, sizeof opposite, "not ( %s )", expression);
    t = text_in(why, sizeof why);
    other = strlen(expression) < sizeof opposite - 10 ? filter_new(opposite, &t) : NULL; /* brackets have their limit */
    json_t *line = json_loads(lines, JSON_DISABLE_EOF_CHECK, NULL);
    if (line != NULL) {
        bool fits = filter_true(f, line);
        want(filter_true(f, line) == fits && (other == NULL || filter_true(other, line) != fits));
        filter_unmet(f);
    }
    json_decref(line);
    filter_free(f);
    filter_free(other);
}

/* The expression as a path. */
static void path(const char *text, const char *lines)
{
    json_t *line = json_loads(lines, JSON_DISABLE_EOF_CHECK, NULL);
    struct story_values values;
    char words[300];
    int64_t number;
    story_path_common(text);
    if (line == NULL)
        return;
    story_values(line, text, &values);
    want(values.n <= STORY_VALUES_MOST);
    for (size_t i = 0; i < values.n; i++) {
        struct text t = text_in(words, sizeof words);
        story_value_words(values.at[i], text, &t);
        story_value_number(values.at[i], &number);
        for (size_t n = 0; t = text_in(words, sizeof words), story_value_text(values.at[i], n, &t); n++)
            want(n < 8);
    }
    json_decref(line);
}

static void rows(uint8_t how, const char *expression, const char *lines)
{
    struct select_options o = {.filter = expression, .fields = {"sni", expression, "tls.handshake.type"}, .n_fields = how % 4,
                               .separator = '\t', .aggregator = ',', .quote = how & 4 ? '"' : '\0', .header = how & 8,
                               .occurrence = (enum select_occurrence)(how / 16 % 3)};
    char why[400], *out = NULL;
    size_t n = 0;
    struct text t = text_in(why, sizeof why);
    struct selection s;
    FILE *file = open_memstream(&out, &n);
    want(file != NULL);
    select_take(&o, expression, &t);
    t = text_in(why, sizeof why);
    if (select_start(&s, &o, file, &t)) {
        for (const char *end; *lines != '\0'; lines = end + (*end == '\n')) {
            end = strchr(lines, '\n');
            end = end == NULL ? lines + strlen(lines) : end;
            select_line(&s, lines, (size_t)(end - lines));
        }
        select_wants(&s, 1);
        select_end(&s);
    }
    want(fclose(file) == 0);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > 20000)
        return 0;
    char *text = malloc(size + 1);
    want(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    const char *expression = text + 1, *lines = memchr(expression, '\0', size - 1);
    lines = lines == NULL || lines + 1 > text + size ? "" : lines + 1;
    ask(expression, lines);
    path(expression, lines);
    rows(data[0], expression, lines);
    free(text);
    return 0;
}
