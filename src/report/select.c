/* report/select.c: lines of a story through a filter, and as rows of fields.

   A row is printed for a line that has at least one of the fields asked for, those that every line has not counted. Values of
   one field stand behind each other, joined by the aggregator, as tshark has it. */
#include "report/select.h"

#include <stdlib.h>
#include <string.h>

#include "report/story_path.h"

enum { VALUE_MOST = 70000 };

static bool one_sign(const char *value, char *out)
{
    if (strcmp(value, "/t") == 0)
        *out = '\t';
    else if (strcmp(value, "/s") == 0)
        *out = ' ';
    else if (value[0] != '\0' && value[1] == '\0')
        *out = value[0];
    else
        return false;
    return true;
}

bool select_take(struct select_options *o, const char *value, struct text *why)
{
    const char *equals = strchr(value, '='), *is = equals != NULL ? equals + 1 : "";
    size_t len = equals != NULL ? (size_t)(equals - value) : strlen(value);
    bool good = false, known = true;
    if (strncmp(value, "header", len) == 0 && len == 6) {
        good = strcmp(is, "y") == 0 || strcmp(is, "n") == 0;
        o->header = is[0] == 'y';
    } else if (strncmp(value, "separator", len) == 0 && len == 9) {
        good = one_sign(is, &o->separator);
    } else if (strncmp(value, "aggregator", len) == 0 && len == 10) {
        good = one_sign(is, &o->aggregator);
    } else if (strncmp(value, "occurrence", len) == 0 && len == 10) {
        good = strlen(is) == 1 && strchr("afl", is[0]) != NULL;
        o->occurrence = is[0] == 'f' ? OCCURRENCE_FIRST : is[0] == 'l' ? OCCURRENCE_LAST : OCCURRENCE_ALL;
    } else if (strncmp(value, "quote", len) == 0 && len == 5) {
        good = strlen(is) == 1 && strchr("dsn", is[0]) != NULL;
        o->quote = is[0] == 'd' ? '"' : is[0] == 's' ? '\'' : '\0';
    } else {
        known = false;
    }
    if (!known)
        text_add(why,
                 "there are header=y|n, separator=/t|/s|SIGN, aggregator=,|/s|SIGN, occurrence=a|f|l, quote=d|s|n");
    else if (!good)
        text_add(why, "its value is none of those that it can have");
    return good;
}

static void put_sign(struct selection *s, char c)
{
    if (c != '\0')
        s->failed = fputc(c, s->out) == EOF || s->failed;
}

bool select_start(struct selection *s, const struct select_options *options, FILE *out, struct text *why)
{
    *s = (struct selection){.options = options, .out = out, .rows = options->n_fields > 0};
    if (options->filter != NULL && (s->filter = filter_new(options->filter, why)) == NULL)
        return false;
    for (size_t i = 0; out != NULL && options->header && i < options->n_fields; i++) {
        put_sign(s, i > 0 ? options->separator : '\0');
        s->failed = fputs(options->fields[i], out) == EOF || s->failed;
        put_sign(s, i + 1 == options->n_fields ? '\n' : '\0');
    }
    return true;
}

static void remember(struct selection *s, unsigned connection)
{
    size_t at = connection / 8;
    if (at >= s->n_wanted) {
        size_t n = at < 128 ? 256 : 2 * at;
        unsigned char *larger = realloc(s->wanted, n);
        if (larger == NULL) {
            s->failed = true;
            return;
        }
        memset(larger + s->n_wanted, 0, n - s->n_wanted);
        s->wanted = larger;
        s->n_wanted = n;
    }
    s->wanted[at] |= (unsigned char)(1u << connection % 8);
}

bool select_wants(const struct selection *s, unsigned connection)
{
    return connection / 8 < s->n_wanted && (s->wanted[connection / 8] & 1u << connection % 8) != 0;
}

static void put_values(struct selection *s, const struct story_values *values, const char *path)
{
    const struct select_options *o = s->options;
    size_t first = o->occurrence == OCCURRENCE_LAST && values->n > 0 ? values->n - 1 : 0;
    size_t end = o->occurrence == OCCURRENCE_FIRST && values->n > 0 ? 1 : values->n;
    char *words = malloc(VALUE_MOST);
    if (words == NULL) {
        s->failed = true;
        return;
    }
    put_sign(s, values->n > 0 ? o->quote : '\0');
    for (size_t i = first; i < end; i++) {
        struct text t = text_in(words, VALUE_MOST);
        put_sign(s, i > first ? o->aggregator : '\0');
        story_value_words(values->at[i], path, &t);
        fputs(words, s->out);
    }
    put_sign(s, values->n > 0 ? o->quote : '\0');
    free(words);
}

static void put_row(struct selection *s, const json_t *line)
{
    const struct select_options *o = s->options;
    struct story_values values;
    bool all_common = true, some = false;
    for (size_t i = 0; i < o->n_fields && !some; i++) {
        bool common = story_path_common(o->fields[i]);
        all_common = all_common && common;
        if (!common) {
            story_values(line, o->fields[i], &values);
            some = values.n > 0;
        }
    }
    if (!some && !all_common)
        return;
    for (size_t i = 0; i < o->n_fields; i++) {
        put_sign(s, i > 0 ? o->separator : '\0');
        story_values(line, o->fields[i], &values);
        put_values(s, &values, o->fields[i]);
    }
    put_sign(s, '\n');
}

void select_line(void *selection, const char *text, size_t len)
{
    struct selection *s = selection;
    json_t *line = json_loadb(text, len, 0, NULL);
    if (line == NULL) {
        s->failed = true;
        return;
    }
    if (s->filter == NULL || filter_true(s->filter, line)) {
        const json_t *connection = json_object_get(line, "connection");
        s->lines++;
        if (json_is_integer(connection))
            remember(s, (unsigned)json_integer_value(connection));
        if (s->out != NULL && s->rows)
            put_row(s, line);
        else if (s->out != NULL)
            s->failed = fwrite(text, 1, len, s->out) != len || fputc('\n', s->out) == EOF || s->failed;
    }
    json_decref(line);
}

void select_end(struct selection *s)
{
    filter_free(s->filter);
    free(s->wanted);
    *s = (struct selection){0};
}
