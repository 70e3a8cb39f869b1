/* report/cert_compare.c: two lists of certificates, place by place and field by field (fede cert --compare).

   What is compared is the dissection: every field with its bytes, by its path; fields of one path, such as several names, count
   together. Offsets and lengths make no difference. A place that only one list has is a difference. Text or JSON. */
#include <stdlib.h>

#include "report/certs.h"

enum { SIGN = 3, FIELD = 5, PATH_MOST = 300, VALUE_MOST = 6000, GROUPS_MOST = 400 };

/* All fields of one path in one certificate. */
struct same_path {
    char path[PATH_MOST];
    const struct field *first; /* the others follow in reading order */
    const struct field *root;
};
struct side {
    struct same_path groups[GROUPS_MOST];
    size_t n;
};

static size_t compare_place(const struct cert_comparison *c, struct report *r, json_t *list, size_t n, struct side *sides);

enum cert_compared cert_compare(const struct cert_comparison *c, char *why, size_t size)
{
    bool as_json = c->report.form != REPORT_TEXT;
    struct report *r = as_json ? NULL : report_new(&c->report);
    struct side *sides = calloc(2, sizeof *sides);
    json_t *list = json_array();
    struct text t = text_in(why, size);
    size_t most = c->lists[0]->chain.n > c->lists[1]->chain.n ? c->lists[0]->chain.n : c->lists[1]->chain.n, different = 0;
    bool good = sides != NULL && (as_json || r != NULL);
    for (size_t n = 0; good && n < most; n++)
        if (c->only == 0 || c->only == n + 1)
            different += compare_place(c, r, list, n, sides) > 0;
    text_number(&t, (int64_t)different);
    text_add(&t, different == 1 ? " certificate differs" : " certificates differ");
    if (good && as_json) {
        json_t *o = json_pack("{s:[s,s],s:b,s:O,s:s}", "compared", c->sources[0], c->sources[1], "different", different > 0,
                              "certificates", list, "why", different > 0 ? why : "nothing differs");
        good = o != NULL && json_dumpf(o, c->report.out, c->report.form == REPORT_JSON ? JSON_INDENT(2) : JSON_COMPACT) == 0 &&
               fputc('\n', c->report.out) != EOF;
        json_decref(o);
    } else if (good) {
        if (different == 0 && c->report.level > 0) {
            page_put(&r->page, GOOD, "✓ nothing differs");
            page_line(&r->page);
        }
        good = !r->page.failed;
        page_write(&r->page, c->report.out);
    }
    json_decref(list);
    if (r != NULL)
        report_free(r);
    free(sides);
    return !good ? CERT_NOT_COMPARED : different > 0 ? CERT_DIFFERENT : CERT_SAME;
}

/* ---- Fields ------------------------------------------------------------------------------------------------------- */

/* What stands at the end of the tree and says something by itself: an extension's or attribute's type is in the path. */
static bool compared(const struct field *f)
{
    return f->first == NULL && strcmp(f->name, "extnID") != 0 && strcmp(f->name, "type") != 0;
}

/* "validity.notAfter": what every path begins with is left out. */
static void path_of(const struct field *f, char out[PATH_MOST])
{
    static const char *const heads[] = {"certificate.", "tbsCertificate."};
    char whole[PATH_MOST];
    const char *from = whole;
    struct text t = text_in(whole, sizeof whole);
    field_path(f, &t);
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        from += strncmp(from, heads[i], strlen(heads[i])) == 0 ? strlen(heads[i]) : 0;
    bytes_copy(out, from, strlen(from) + 1);
}

static void collect(struct side *side, const struct field *root)
{
    side->n = 0;
    for (const struct field *f = root; f != NULL && side->n < GROUPS_MOST; f = field_next(f, root)) {
        struct same_path *next = &side->groups[side->n];
        if (!compared(f))
            continue;
        path_of(f, next->path);
        size_t i = 0;
        while (strcmp(side->groups[i].path, next->path) != 0)
            i++;
        if (i < side->n)
            continue;
        next->first = f;
        next->root = root;
        side->n++;
    }
}

/* The next field of the group; NULL: there is none. */
static const struct field *next_in(const struct same_path *group, const struct field *f)
{
    char path[PATH_MOST];
    while ((f = field_next(f, group->root)) != NULL) {
        if (!compared(f))
            continue;
        path_of(f, path);
        if (strcmp(path, group->path) == 0)
            break;
    }
    return f;
}

static const struct same_path *find(const struct side *side, const char *path)
{
    for (size_t i = 0; i < side->n; i++)
        if (strcmp(side->groups[i].path, path) == 0)
            return &side->groups[i];
    return NULL;
}

static bool same(const struct same_path *a, const struct same_path *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    const struct field *f = a->first, *g = b->first;
    for (; f != NULL && g != NULL; f = next_in(a, f), g = next_in(b, g))
        if (!bytes_equal(f->value, g->value) || f->number != g->number)
            return false;
    return f == g;
}

static void value_of(const struct same_path *group, char out[VALUE_MOST])
{
    struct text t = text_in(out, VALUE_MOST);
    for (const struct field *f = group->first; f != NULL; f = next_in(group, f)) {
        text_add(&t, f != group->first ? ", " : "");
        field_text(f, &t, 0);
    }
}

/* ---- Telling ------------------------------------------------------------------------------------------------------ */

static void tell_side(struct report *r, const char *sign, enum style style, const struct same_path *group)
{
    char value[VALUE_MOST] = "absent";
    if (group != NULL)
        value_of(group, value);
    page_to(&r->page, FIELD);
    page_put(&r->page, style, sign);
    page_to(&r->page, FIELD + 2);
    page_words(&r->page, style, FIELD + 2, value[0] != '\0' ? value : "empty");
    page_line(&r->page);
}

/* whole: both lists have this place; else the fields are told at a higher level. */
static void tell_field(const struct cert_comparison *c, struct report *r, json_t *list, bool whole, const struct same_path *a,
                       const struct same_path *b)
{
    const char *path = a != NULL ? a->path : b->path;
    bool equal = same(a, b);
    if (r == NULL) {
        char values[2][VALUE_MOST];
        json_t *o = json_object();
        json_object_set_new(o, "field", json_string(path));
        for (int i = 0; i < 2; i++) {
            const struct same_path *group = i == 0 ? a : b;
            if (group != NULL)
                value_of(group, values[i]);
            json_object_set_new(o, i == 0 ? "a" : "b", group != NULL ? json_string(values[i]) : json_null());
        }
        if (!equal)
            json_array_append(list, o);
        json_decref(o);
    } else if (c->report.level > (equal || !whole ? 1 : 0)) {
        page_to(&r->page, SIGN);
        page_put(&r->page, equal ? FAINT : WARNING, equal ? "=" : "≠");
        page_to(&r->page, FIELD);
        page_words(&r->page, equal ? FAINT : PLAIN, FIELD, path);
        page_line(&r->page);
        if (equal) {
            tell_side(r, " ", FAINT, a);
        } else {
            tell_side(r, "A", BAD, a);
            tell_side(r, "B", GOOD, b);
        }
    }
}

static bool same_key(bytes a, bytes b)
{
    uint8_t pins[2][32];
    return certificate_pin(a, pins[0]) && certificate_pin(b, pins[1]) && memcmp(pins[0], pins[1], 32) == 0;
}

static void tell_head(struct report *r, size_t n, bytes a, bytes b, size_t different)
{
    char line[900];
    struct text t = text_in(line, sizeof line);
    text_number(&t, (int64_t)n);
    text_add(&t, "  ");
    a.len > 0 ? certificate_title(a, &t) : text_add(&t, "none");
    text_add(&t, " | ");
    b.len > 0 ? certificate_title(b, &t) : text_add(&t, "none");
    text_add(&t, ": ");
    if (different == 0) {
        text_add(&t, "the same certificate");
    } else if (a.len == 0 || b.len == 0) {
        text_add(&t, a.len == 0 ? "only in B" : "only in A");
    } else {
        text_number(&t, (int64_t)different);
        text_add(&t, different == 1 ? " field differs" : " fields differ");
        text_add(&t, same_key(a, b) ? "; the same key" : "; another key");
    }
    page_words(&r->page, STRONG, 0, line);
    page_line(&r->page);
}

static size_t count_different(const struct side *sides)
{
    size_t different = 0;
    for (size_t i = 0; i < sides[0].n; i++)
        different += !same(&sides[0].groups[i], find(&sides[1], sides[0].groups[i].path));
    for (size_t i = 0; i < sides[1].n; i++)
        different += find(&sides[0], sides[1].groups[i].path) == NULL;
    return different;
}

/* One place of both lists; how many fields differ. */
static size_t compare_place(const struct cert_comparison *c, struct report *r, json_t *list, size_t n, struct side *sides)
{
    struct arena arena;
    bytes der[2];
    arena_start(&arena, &memory_standard, SCRATCH_MOST);
    for (int i = 0; i < 2; i++) {
        der[i] = certs_at(c->lists[i], n);
        sides[i].n = 0;
        if (der[i].len > 0)
            collect(&sides[i], annotate_certificate(&arena, der[i]).root);
    }
    bool whole = der[0].len > 0 && der[1].len > 0;
    size_t different = bytes_equal(der[0], der[1]) ? 0 : count_different(sides);
    different += different == 0 && !bytes_equal(der[0], der[1]); /* in how it is encoded alone */
    json_t *differences = json_array();
    if (r != NULL && c->report.level > 0)
        tell_head(r, n, der[0], der[1], different);
    for (size_t i = 0; i < sides[0].n; i++)
        tell_field(c, r, differences, whole, &sides[0].groups[i], find(&sides[1], sides[0].groups[i].path));
    for (size_t i = 0; i < sides[1].n; i++)
        if (find(&sides[0], sides[1].groups[i].path) == NULL)
            tell_field(c, r, differences, whole, NULL, &sides[1].groups[i]);
    if (r == NULL) {
        json_t *o = json_pack("{s:i,s:b,s:b,s:b,s:b,s:O}", "number", (int)n, "in_a", der[0].len > 0, "in_b", der[1].len > 0, "equal",
                              different == 0, "same_key", same_key(der[0], der[1]), "differences", differences);
        json_array_append_new(list, o);
    }
    json_decref(differences);
    arena_end(&arena);
    return different;
}
