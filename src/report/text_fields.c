/* report/text_fields.c: the fields of a message, at three levels of detail.

   -v    a line for each field at the top, what lies inside it in short;
   -vv   a line for each field: offset, length, name, value, nested by indentation;
   -vvv  every byte once, on the left; on the right what it is, and the first time a sentence about it. */
#include <stdlib.h>

#include "explain/glossary.h"
#include "explain/sections.h"
#include "report/report.h"

static void brief(struct report *r, const struct field *parent, unsigned depth);
static void brief_row(struct report *r, const struct field *f, unsigned depth);
static bool long_entries(const struct field *f);
static bool is_message_header(const struct field *f);
static void all(struct report *r, const struct field *root);
static void every_byte(struct report *r, const struct field *root);
static void beside(struct report *r, const struct field *f, const uint8_t *base);
static void zip(struct report *r, size_t offset, bytes hex, const char *text);
static bool is_value(const struct field *f, const char *text);
static void name_of(struct page *p, enum style style, unsigned indent, const struct field *f, bool colon);
static void value_of(const struct report *r, const struct field *f, struct text *out, bool short_form);
static struct text value_room(struct report *r, const struct field *f);
static unsigned bytes_in_row(const struct report *r);

enum { BRIEF = 2, ALL = 3, SHORT = 16, FIT = 32, CIPHERTEXT_SHOWN = 64 };

void text_fields(struct report *r, const struct annotation *a)
{
    struct page *p = &r->page;
    if (a->root == NULL)
        return;
    if (r->options.level <= BRIEF)
        brief(r, a->root, 0);
    else if (r->options.level == ALL)
        all(r, a->root);
    else
        every_byte(r, a->root);
    text_faults(r, &a->faults);
    if (a->inside != NULL || a->not_inside != NULL) {
        page_to(p, AT_TEXT);
        char line[120];
        struct text t = text_in(line, sizeof line);
        text_add(&t, a->inside != NULL ? "unpacked:" : "not unpacked: ");
        text_add(&t, a->inside != NULL ? "" : a->not_inside);
        page_words(p, PLAIN, AT_TEXT, line);
        page_line(p);
    }
    if (a->inside != NULL)
        text_fields(r, a->inside);
    if (a->cut) {
        page_to(p, AT_TEXT);
        page_put(p, WARNING, "not all fields are shown: no memory");
        page_line(p);
    }
}

void text_faults(struct report *r, const struct faults *faults)
{
    struct page *p = &r->page;
    for (const struct fault *f = faults->first; f != NULL; f = f->next) {
        page_to(p, AT_TAG);
        page_put(p, BAD, "ERR");
        text_sign(r, BAD, "✗");
        page_to(p, AT_TEXT);
        char line[1400];
        struct text t = text_in(line, sizeof line);
        text_add(&t, "malformed: ");
        fault_text(f, &t);
        page_words(p, BAD, AT_TEXT, line);
        page_line(p);
    }
}

/* ---- -v ---- */

static void brief(struct report *r, const struct field *parent, unsigned depth)
{
    for (const struct field *f = parent->first; f != NULL; f = f->next) {
        if (depth == 0 && is_message_header(f))
            continue;
        if (f->kind == FIELD_STRUCT && !f->numbered && f->words == NULL) {
            brief(r, f, depth);
            continue;
        }
        if (f->kind == FIELD_LIST && f->first != NULL && f->first->numbered) {
            for (const struct field *e = f->first; e != NULL; e = e->next)
                brief_row(r, e, depth);
            continue;
        }
        brief_row(r, f, depth);
    }
}

static void brief_row(struct report *r, const struct field *f, unsigned depth)
{
    enum { NAME = 10, VALUE = 32, BENEATH = NAME + 4 };
    struct page *p = &r->page;
    page_to(p, NAME + 2 * depth);
    name_of(p, FAINT, NAME + 2 * depth, f, false);
    if (long_entries(f)) {
        for (const struct field *e = f->first; e != NULL; e = e->next) {
            page_line(p);
            page_to(p, BENEATH);
            struct text t = value_room(r, e);
            field_brief(e, &t, SHORT);
            page_value_parts(p, PLAIN, BENEATH + 2, t.out, ", ");
        }
        page_line(p);
        return;
    }
    struct text t = value_room(r, f);
    field_brief(f, &t, SHORT);
    const char *value = strcmp(t.out, "empty") == 0 && f->numbered ? "" : t.out;
    unsigned after = p->column + 1 > VALUE ? p->column + 1 : VALUE;
    bool fits = after + page_cells(p, value) <= p->width;
    if (!fits) {
        page_line(p);
        after = BENEATH;
    }
    page_to(p, after);
    (is_value(f, value) ? page_value_parts : page_parts)(p, PLAIN, after, value, ", ");
    page_line(p);
}

/* Suites have names that deserve a line each. */
static bool long_entries(const struct field *f)
{
    if (f->kind != FIELD_LIST || f->n == 0)
        return false;
    char value[256];
    for (const struct field *e = f->first; e != NULL; e = e->next) {
        struct text t = text_in(value, sizeof value);
        field_brief(e, &t, SHORT);
        if (t.len > FIT)
            return true;
    }
    return false;
}

static bool is_message_header(const struct field *f)
{
    return strcmp(f->name, "msg_type") == 0 || strcmp(f->name, "length") == 0;
}

/* ---- -vv ---- */

static void all(struct report *r, const struct field *root)
{
    enum { OFFSET = 6, LEN = 12, NAME = 15, DEEP = 12 };
    struct page *p = &r->page;
    for (const struct field *f = field_next(root, root); f != NULL; f = field_next(f, root)) {
        char number[24];
        snprintf(number, sizeof number, "%zu", f->offset);
        page_right(p, FAINT, OFFSET, number);
        snprintf(number, sizeof number, "+%zu", f->len);
        page_right(p, FAINT, LEN, number);
        unsigned depth = field_depth(f) - 1, indent = NAME + 2 * (depth < DEEP ? depth : DEEP);
        page_to(p, indent);
        struct text t = value_room(r, f);
        value_of(r, f, &t, false);
        name_of(p, f->n > 0 ? STRONG : PLAIN, indent, f, t.len > 0);
        if (t.len > 0) {
            page_to(p, p->column + 1);
            (is_value(f, t.out) ? page_value_words : page_words)(p, PLAIN, indent + 2, t.out);
        }
        page_line(p);
    }
}

/* ---- -vvv ---- */

static void every_byte(struct report *r, const struct field *root)
{
    const uint8_t *base = root->value.data;
    for (const struct field *f = field_next(root, root); f != NULL; f = field_next(f, root))
        beside(r, f, base);
}

/* The field's own bytes, and beside them its name, value and sentence. */
static void beside(struct report *r, const struct field *f, const uint8_t *base)
{
    struct page side;
    unsigned column = 9 + 3 * bytes_in_row(r);
    unsigned depth = field_depth(f) - 1, most = (r->page.width - column) / 5,
             indent = 2 * (depth < most ? depth : most);
    page_start(&side, r->page.width > column + 20 ? r->page.width - column : 40, r->page.colour, r->page.utf8);
    side.language = r->page.language;
    side.width = r->page.width > column + 20 ? r->page.width - column : 20;
    page_to(&side, indent);
    struct text t = value_room(r, f);
    value_of(r, f, &t, true);
    name_of(&side, STRONG, indent, f, t.len > 0);
    if (t.len > 0) {
        page_to(&side, side.column + 1);
        (is_value(f, t.out) ? page_value_words : page_words)(&side, PLAIN, indent + 2, t.out);
    }
    page_line(&side);
    const struct glossary_row *row = glossary_of(f);
    if (row != NULL && r->seen != NULL && !r->seen[glossary_index(row)]) {
        r->seen[glossary_index(row)] = true;
        page_to(&side, indent + 2);
        char words[1200];
        struct text s = text_in(words, sizeof words);
        text_add(&s, glossary_sentence(row, r->options.language));
        text_add(&s, " (");
        text_add(&s, section_of_field(f));
        text_char(&s, ')');
        page_value_words(&side, FAINT, indent + 2, words);
        page_line(&side);
    }
    /* What the message itself will show needs no second showing. */
    bool elsewhere = f->kind == FIELD_STRUCT && f->n == 0 && strcmp(f->name, "fragment") == 0;
    bytes own = elsewhere ? BYTES_NONE : bytes_of(base + f->offset, field_own_len(f));
    if (own.len > CIPHERTEXT_SHOWN && !r->whole && strcmp(f->name, "ciphertext") == 0) {
        page_to(&side, indent + 2);
        page_put(&side, FAINT, "(its beginning; all of it is written to files)");
        page_line(&side);
        own.len = CIPHERTEXT_SHOWN;
    }
    zip(r, f->offset, own, page_text(&side));
    page_end(&side);
}

static void zip(struct report *r, size_t offset, bytes hex, const char *text)
{
    struct page *p = &r->page;
    unsigned row = bytes_in_row(r);
    for (bool first = true; first || hex.len > 0 || *text != '\0'; first = false) {
        if (hex.len > 0 || first) {
            char number[24];
            snprintf(number, sizeof number, "%zu", offset);
            page_right(p, FAINT, 6, number);
        }
        if (hex.len > 0) {
            bytes part = bytes_first(hex, row);
            page_to(p, 8);
            page_hex(p, PLAIN, part, " ");
            hex = bytes_skip(hex, part.len);
            offset += part.len;
        }
        size_t len = strcspn(text, "\n");
        if (len > 0) {
            /* Ready-made and already coloured: it is the last thing on its line. */
            page_to(p, 9 + 3 * row);
            page_ready(p, text, len);
        }
        text += len;
        text += *text == '\n';
        page_line(p);
    }
}

/* Application data: hexadecimal and, where printable, as text. On a terminal the beginning of each record. */
void text_dump(struct report *r, bytes data)
{
    enum { SHOWN = 64 };
    struct page *p = &r->page;
    unsigned row = p->width >= 74 ? 16 : 8;
    page_to(p, 8);
    page_put(p, FAINT, "in the clear:");
    page_line(p);
    size_t shown = r->whole || data.len <= SHOWN ? data.len : SHOWN;
    for (size_t at = 0; at < shown; at += row) {
        bytes part = bytes_first(bytes_skip(bytes_first(data, shown), at), row);
        char number[24], text[40] = "";
        snprintf(number, sizeof number, "%zu", at);
        page_right(p, FAINT, 6, number);
        page_to(p, 8);
        page_hex(p, PLAIN, part, " ");
        for (size_t i = 0; i < part.len; i++)
            text[i] = (char)(part.data[i] >= 0x20 && part.data[i] < 0x7f ? part.data[i] : '.');
        page_to(p, 9 + 3 * row);
        page_value(p, PLAIN, text);
        page_line(p);
    }
    if (shown < data.len) {
        char more[60];
        snprintf(more, sizeof more, "… and %zu bytes more", data.len - shown);
        page_to(p, 8);
        page_put(p, FAINT, more);
        page_line(p);
    }
}

/* ---- parts ---- */

/* What stood on the wire, or is a list of that; not what we say of it, such as "empty" or how many bytes there are. */
static bool is_value(const struct field *f, const char *text)
{
    return f->kind == FIELD_TEXT || strstr(text, ", ") != NULL;
}

/* An extension's name has its number with it. */
static void name_of(struct page *p, enum style style, unsigned indent, const struct field *f, bool colon)
{
    char name[120];
    struct text t = text_in(name, sizeof name);
    text_add(&t, f->name);
    if (f->numbered) {
        text_add(&t, " (");
        text_number(&t, (int64_t)f->number);
        text_char(&t, ')');
    }
    text_add(&t, colon ? ":" : "");
    page_value_words(p, style, indent + 2, name);
}

/* Next to the bytes a value in hexadecimal would say everything twice: its length will do. */
static void value_of(const struct report *r, const struct field *f, struct text *out, bool short_form)
{
    if (short_form && f->words == NULL && f->kind == FIELD_BYTES && f->value.len > 4) {
        text_number(out, (int64_t)f->value.len);
        text_add(out, " bytes");
        return;
    }
    if (f->numbered)
        return;
    if (f->words != NULL || f->kind != FIELD_BYTES || f->value.len <= SHORT) {
        field_text(f, out, 0);
        return;
    }
    /* In groups of four bytes, where lines can break. */
    size_t shown = r->whole || f->value.len <= FIT ? f->value.len : FIT;
    for (size_t at = 0; at < shown; at += 4) {
        text_add(out, at > 0 ? " " : "");
        text_hex(out, bytes_first(bytes_skip(bytes_first(f->value, shown), at), 4));
    }
    if (shown < f->value.len) {
        text_add(out, " … (");
        text_number(out, (int64_t)f->value.len);
        text_add(out, " bytes)");
    }
}

/* Room for all that a field's value can become: every byte escaped, names of numbers. */
static struct text value_room(struct report *r, const struct field *f)
{
    size_t size =
        f->words != NULL ? strlen(f->words) + 64 : 64 * (size_t)(f->len < 4096 ? f->len : 4096) + 4 * f->len + 1024;
    if (size > r->value_size) {
        free(r->value);
        r->value = malloc(size);
        r->value_size = r->value != NULL ? size : 0;
    }
    if (r->value == NULL) {
        r->page.failed = true;
        r->no_value[0] = '\0';
        return text_in(r->no_value, sizeof r->no_value);
    }
    return text_in(r->value, r->value_size);
}

static unsigned bytes_in_row(const struct report *r)
{
    return r->page.width >= 110 ? 16 : r->page.width >= 72 ? 8 : 4;
}
