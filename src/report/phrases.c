/* report/phrases.c: looking up phrases. English is the key, as it stands in the source: those of the page (phrases_zh.def), those of
   the story (story_zh.def), the sentences and advice of failures (fede/reasons.def, whose twins are in reasons_zh.def).

   A form has holes for values. What was put together from several statements with "; " between them is looked up statement by
   statement when no form has the whole. It is done for what a person reads, so the rows are compared one by one; most differ in
   their first letter. */
#include "report/phrases.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

struct row {
    const char *english, *chinese;
};

static const struct row page_rows[] = {
#define PHRASE(english, chinese) {english, chinese},
#include "report/phrases_zh.def"
},
                        story_rows[] = {
#include "report/story_zh.def"
#undef PHRASE
};

static const struct {
    const char *sentence, *advice;
} reasons[FEDE_REASON_COUNT] = {
#define REASON(name, sentence, advice) [FEDE_##name] = {sentence, advice},
#include "report/reasons_zh.def"
#undef REASON
};

enum {
    PAGE_ROWS = sizeof page_rows / sizeof *page_rows,
    STORY_ROWS = sizeof story_rows / sizeof *story_rows,
    REASON_ROWS = PAGE_ROWS + STORY_ROWS,
    ROWS = REASON_ROWS + 2 * FEDE_REASON_COUNT,
    HOLES_MOST = 6,
    DEEPEST = 4
};

struct holes {
    bytes values[HOLES_MOST], names[HOLES_MOST];
    size_t n;
};

static bool statements(enum language language, bytes s, unsigned values, struct text *out);
static size_t next_statement(bytes s);
static bool failure(enum language language, bytes s, unsigned values, struct text *out);
static void place(enum language language, bytes s, unsigned values, struct text *out);
static bool whole(enum language language, bytes s, unsigned values, struct text *out);
static bool fits(const char *form, bytes s, struct holes *holes);
static void fill(enum language language, const char *form, const struct holes *holes, unsigned values,
                 struct text *out);
static const bytes *hole_of(const struct holes *holes, bytes name, size_t turn);
static void as_it_is(struct text *out, bytes s);

/* A row without a twin is none: english is empty then. */
static struct row row_at(size_t i)
{
    if (i < PAGE_ROWS)
        return page_rows[i];
    if (i < REASON_ROWS)
        return story_rows[i - PAGE_ROWS];
    const size_t reason = (i - REASON_ROWS) / 2;
    const bool advice = (i - REASON_ROWS) % 2 == 1;
    const struct reason_row *english = reason_row((fede_reason)reason);
    const char *chinese = advice ? reasons[reason].advice : reasons[reason].sentence;
    if (chinese == NULL || chinese[0] == '\0')
        return (struct row){"", ""};
    return (struct row){advice ? english->advice : english->sentence, chinese};
}

const char *phrase(enum language language, const char *english)
{
    for (size_t i = 0; i < REASON_ROWS && language == CHINESE; i++) {
        const struct row row = row_at(i);
        if (row.english[0] == english[0] && strcmp(row.english, english) == 0)
            return row.chinese;
    }
    return english;
}

void phrase_text(enum language language, const char *english, struct text *out)
{
    statements(language, bytes_text(english), 0, out);
}

/* values: how deep in values of phrases this is. Says whether any of it was a phrase. */
static bool statements(enum language language, bytes s, unsigned values, struct text *out)
{
    if (language == ENGLISH || values >= DEEPEST || s.len == 0) {
        as_it_is(out, s);
        return false;
    }
    if (whole(language, s, values, out) || failure(language, s, values, out))
        return true;
    const size_t at = next_statement(s);
    if (at == s.len) {
        as_it_is(out, s);
        return false;
    }
    /* What a peer said may have a semicolon too: it stays when nothing around it is ours. */
    const size_t begun = out->len;
    const bool first = statements(language, bytes_first(s, at), values, out);
    text_add(out, "；");
    const bool second = statements(language, bytes_skip(s, at + 2), values, out);
    if (first || second)
        return true;
    out->len = begun;
    as_it_is(out, s);
    return false;
}

/* Where the "; " before the next one stands; the end when there is none. */
static size_t next_statement(bytes s)
{
    for (size_t at = 0; at + 1 < s.len; at++)
        if (s.data[at] == ';' && s.data[at + 1] == ' ')
            return at;
    return s.len;
}

/* Without its holes. */
static size_t own_len(const char *form)
{
    size_t len = 0;
    for (bool hole = false; *form != '\0'; form++) {
        hole = hole || *form == '{';
        len += !hole;
        hole = hole && *form != '}';
    }
    return len;
}

static bool whole(enum language language, bytes s, unsigned values, struct text *out)
{
    struct holes holes, best = {.n = 0};
    struct row found = {"", ""};
    size_t most = 0;
    for (size_t i = 0; i < ROWS; i++) {
        const struct row row = row_at(i);
        if (row.english[0] != '{' && row.english[0] != (char)s.data[0])
            continue;
        if (i < PAGE_ROWS && strstr(row.english, "{}") != NULL)
            continue; /* a template of the page's script */
        const size_t says = own_len(row.english);
        if (says > most && fits(row.english, s, &holes)) {
            found = row; /* the longest says most */
            best = holes;
            most = says;
        }
    }
    if (found.english[0] == '\0')
        return false;
    fill(language, found.chinese, &best, values, out);
    return true;
}

/* A reason's sentence with its place behind it, "(certificate 0, notAfter; alert certificate_expired; RFC 5280 4.1.2.5)", its
   advice, or both. */
static bool failure(enum language language, bytes s, unsigned values, struct text *out)
{
    char form[800];
    for (size_t i = REASON_ROWS; i < ROWS; i += 2) {
        struct holes holes;
        const struct row row = row_at(i);
        if (row.english[0] != '{' && row.english[0] != (char)s.data[0])
            continue;
        snprintf(form, sizeof form, "%s {rest}", row.english);
        if (row.english[0] == '\0' || !fits(form, s, &holes))
            continue;
        bytes rest = holes.values[holes.n - 1];
        const uint8_t *end = rest.data[0] == '(' ? memchr(rest.data, ')', rest.len) : NULL;
        fill(language, row.chinese, &holes, values, out);
        if (end != NULL) {
            const size_t len = (size_t)(end - rest.data);
            text_add(out, "（");
            place(language, bytes_skip(bytes_first(rest, len), 1), values + 1, out);
            text_add(out, "）");
            rest = bytes_skip(rest, len + 1);
        }
        statements(language, rest.len > 0 && rest.data[0] == ' ' ? bytes_skip(rest, 1) : rest, values, out);
        return true;
    }
    return false;
}

static void place(enum language language, bytes s, unsigned values, struct text *out)
{
    while (s.len > 0) {
        size_t at = 0;
        while (at + 1 < s.len && !((s.data[at] == ';' || s.data[at] == ',') && s.data[at + 1] == ' '))
            at++;
        const bool last = at + 1 >= s.len;
        statements(language, last ? s : bytes_first(s, at), values, out);
        text_add(out, last ? "" : s.data[at] == ';' ? "；" : "，");
        s = last ? BYTES_NONE : bytes_skip(s, at + 2);
    }
}

/* Holes without a name hold no "; ", for there another statement begins; {#} holds digits and what stands between them. */
static bool may_hold(bytes hole, bytes value)
{
    if (hole.len == 1 && hole.data[0] == '#')
        for (size_t i = 0; i < value.len; i++)
            if (memchr("0123456789,.:-", value.data[i], 14) == NULL)
                return false;
    return hole.len > 0 || next_statement(value) == value.len;
}

/* Is s the phrase, with something in place of each hole? A value is as short as it can be. */
static bool fits(const char *form, bytes s, struct holes *holes)
{
    size_t at = 0;
    holes->n = 0;
    for (;;) {
        const char *next = strchr(form, '{'), *end = next != NULL ? strchr(next, '}') : NULL;
        size_t len = end != NULL ? (size_t)(next - form) : strlen(form);
        bool last = end == NULL;
        if (holes->n > 0) { /* where the value before this piece ends */
            size_t stop = at + 1;
            while (stop + len <= s.len &&
                   (memcmp(s.data + stop, form, len) != 0 || (last && stop + len != s.len)))
                stop++;
            const bytes value = {s.data + at, stop - at};
            if (stop + len > s.len || !may_hold(holes->names[holes->n - 1], value))
                return false;
            holes->values[holes->n - 1] = value;
            at = stop;
        } else if (len > s.len || memcmp(s.data, form, len) != 0) {
            return false;
        }
        at += len;
        if (last)
            return at == s.len;
        if (holes->n == HOLES_MOST)
            return false;
        holes->names[holes->n++] = (bytes){(const uint8_t *)next + 1, (size_t)(end - next - 1)};
        form = end + 1;
    }
}

static void fill(enum language language, const char *form, const struct holes *holes, unsigned values,
                 struct text *out)
{
    size_t turn = 0;
    for (const char *at, *end; (at = strchr(form, '{')) != NULL && (end = strchr(at, '}')) != NULL; form = end + 1) {
        bool ours = at[1] == '!';
        const char *name = at + 1 + ours;
        const bytes *value = hole_of(holes, (bytes){(const uint8_t *)name, (size_t)(end - name)}, turn++);
        as_it_is(out, (bytes){(const uint8_t *)form, (size_t)(at - form)});
        if (value != NULL && ours)
            statements(language, *value, values + 1, out);
        else if (value != NULL)
            as_it_is(out, *value);
    }
    text_add(out, form);
}

/* By its number from 1 on, by its name in the English form, or in turn. */
static const bytes *hole_of(const struct holes *holes, bytes name, size_t turn)
{
    if (name.len == 1 && name.data[0] >= '1' && name.data[0] <= '9')
        turn = (size_t)(name.data[0] - '1');
    for (size_t i = 0; i < holes->n; i++)
        if (name.len > 0 && bytes_equal(holes->names[i], name))
            turn = i;
    return turn < holes->n ? &holes->values[turn] : NULL;
}

static void as_it_is(struct text *out, bytes s)
{
    for (size_t i = 0; i < s.len; i++)
        text_char(out, (char)s.data[i]);
}

void phrases_json(struct json_text *w, enum language language)
{
    for (size_t i = 0; i < PAGE_ROWS && language == CHINESE; i++)
        put_words(w, page_rows[i].english, page_rows[i].chinese);
}
