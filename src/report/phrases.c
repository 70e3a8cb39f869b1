/* report/phrases.c: looking up phrases. English is the key, as it stands in the source; the rows are few and looked up for what
   a person reads, so they are compared one by one. */
#include "report/phrases.h"

#include <string.h>

static const struct {
    const char *english, *chinese;
} rows[] = {
#define PHRASE(english, chinese) {english, chinese},
#include "report/phrases_zh.def"
#undef PHRASE
};

enum { ROWS = sizeof rows / sizeof *rows, HOLES_MOST = 6, DEEPEST = 4 };

struct holes {
    bytes values[HOLES_MOST];
};

static void part(enum language language, bytes s, unsigned values, struct text *out);
static bool fits(const char *form, bytes s, struct holes *holes);
static void as_it_is(struct text *out, bytes s);

const char *phrase(enum language language, const char *english)
{
    for (size_t i = 0; i < ROWS && language == CHINESE; i++)
        if (strcmp(rows[i].english, english) == 0)
            return rows[i].chinese;
    return english;
}

void phrase_text(enum language language, const char *english, struct text *out)
{
    part(language, bytes_text(english), 0, out);
}

/* values: how deep in values of phrases this is. */
static void part(enum language language, bytes s, unsigned values, struct text *out)
{
    struct holes holes = {0}, best = {0};
    const char *form = NULL, *english = "";
    for (size_t i = 0; i < ROWS && language == CHINESE && values < DEEPEST; i++) {
        if (strlen(rows[i].english) > strlen(english) && fits(rows[i].english, s, &holes)) {
            form = rows[i].chinese; /* the longest says most */
            english = rows[i].english;
            best = holes;
        }
    }
    if (form == NULL) {
        as_it_is(out, s);
        return;
    }
    size_t n = 0;
    for (const char *at; (at = strchr(form, '{')) != NULL && n < HOLES_MOST; n++) {
        bool ours = at[1] == '!';
        as_it_is(out, (bytes){(const uint8_t *)form, (size_t)(at - form)});
        if (ours)
            part(language, best.values[n], values + 1, out);
        else
            as_it_is(out, best.values[n]);
        form = at + (ours ? 3 : 2);
    }
    text_add(out, form);
}

/* Is s the phrase, with something in place of each {}? A value is as short as it can be. */
static bool fits(const char *form, bytes s, struct holes *holes)
{
    size_t n = 0, at = 0;
    for (;;) {
        const char *next = strstr(form, "{}");
        size_t len = next != NULL ? (size_t)(next - form) : strlen(form);
        bool last = next == NULL;
        if (n > 0) { /* where the value before this piece ends */
            size_t end = at + 1;
            while (end + len <= s.len && (memcmp(s.data + end, form, len) != 0 || (last && end + len != s.len)))
                end++;
            if (end + len > s.len)
                return false;
            holes->values[n - 1] = (bytes){s.data + at, end - at};
            at = end;
        } else if (len > s.len || memcmp(s.data, form, len) != 0) {
            return false;
        }
        at += len;
        if (last)
            return at == s.len;
        if (++n > HOLES_MOST)
            return false;
        form = next + 2;
    }
}

static void as_it_is(struct text *out, bytes s)
{
    for (size_t i = 0; i < s.len; i++)
        text_char(out, (char)s.data[i]);
}

void phrases_json(struct json_text *w, enum language language)
{
    for (size_t i = 0; i < ROWS && language == CHINESE; i++)
        put_words(w, rows[i].english, rows[i].chinese);
}
