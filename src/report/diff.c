/* report/diff.c: two stories side by side.

   Rows are made first, then told: as text only those that differ, unless more is asked for; as JSON all of them. Messages are
   laid side by side by their longest common course, so that a message that only one side has stands alone. */
#include "report/diff.h"

#include <stdlib.h>
#include <string.h>

#include "report/diff_rows.h"
#include "report/diff_story.h"
#include "report/json_write.h"
#include "report/page.h"

enum { ROWS_MOST = 64, MESSAGES_MOST = 400, MESSAGE_WORDS = 120, ENTRIES_MOST = 1000 };

struct told_row {
    const char *group, *label;
    bool counts, differs;
    char *sides[2];
};

struct message {
    char words[MESSAGE_WORDS];
    uint64_t length;
};

struct pair {
    const struct message *sides[2]; /* NULL: only the other has it */
};

struct comparison {
    const struct diff_request *request;
    json_t *stories[2];
    struct told_row rows[ROWS_MOST];
    size_t n_rows;
    struct message *messages[2];
    size_t n_messages[2];
    struct pair *pairs;
    size_t n_pairs;
    size_t differences;
    bool messages_differ, failed;
};

static void compare_row(struct comparison *c, const struct diff_row *row);
static void compare_list(struct comparison *c, const struct diff_list *list);
static struct told_row *add(struct comparison *c, const char *group, const char *label, const char *a, const char *b);
static void compare_messages(struct comparison *c);
static void pair_up(struct comparison *c, const unsigned short *common);
static void tell_text(struct comparison *c);
static void text_row_of(struct page *p, const struct told_row *row);
static void text_pairs(const struct comparison *c, struct page *p);
static void tell_json(struct comparison *c);
static void end(struct comparison *c);

enum diff_outcome diff_tell(const struct diff_request *request, char *why, size_t size)
{
    struct comparison *c = calloc(1, sizeof *c);
    struct text t = text_in(why, size);
    enum diff_outcome outcome = DIFF_FAILED;
    if (c == NULL) {
        text_add(&t, "not enough memory");
        return outcome;
    }
    c->request = request;
    for (int i = 0; i < 2; i++) {
        c->stories[i] = diff_story(request, &request->sides[i], &outcome, &t);
        if (c->stories[i] == NULL) {
            end(c);
            return outcome;
        }
    }
    for (size_t i = 0; i < n_diff_rows; i++)
        compare_row(c, &diff_rows[i]);
    compare_messages(c);
    for (size_t i = 0; i < n_diff_lists; i++)
        compare_list(c, &diff_lists[i]);
    if (request->report.form == REPORT_TEXT)
        tell_text(c);
    else
        tell_json(c);
    outcome = c->failed ? DIFF_FAILED : c->differences > 0 ? DIFF_DIFFERENT : DIFF_EQUAL;
    if (c->failed)
        text_add(&t, "not enough memory, or the output could not be written");
    else if (c->differences > 0)
        text_number(&t, (int64_t)c->differences);
    text_add(&t, c->failed             ? ""
                 : c->differences == 1 ? " difference"
                 : c->differences > 1  ? " differences"
                                       : "no difference");
    end(c);
    return outcome;
}

static void end(struct comparison *c)
{
    for (size_t i = 0; i < c->n_rows; i++) {
        free(c->rows[i].sides[0]);
        free(c->rows[i].sides[1]);
    }
    for (int i = 0; i < 2; i++) {
        json_decref(c->stories[i]);
        free(c->messages[i]);
    }
    free(c->pairs);
    free(c);
}

/* ---- comparing ---- */

static void compare_row(struct comparison *c, const struct diff_row *row)
{
    char words[2][DIFF_VALUE_MOST];
    for (int i = 0; i < 2; i++) {
        struct text t = text_in(words[i], sizeof words[i]);
        row->say(c->stories[i], row, &t);
    }
    if (words[0][0] == '\0' && words[1][0] == '\0')
        return;
    struct told_row *told =
        add(c, row->group, row->label, words[0][0] ? words[0] : "none", words[1][0] ? words[1] : "none");
    if (told != NULL) {
        told->counts = row->counts;
        c->differences += told->counts && told->differs;
    }
}

static struct told_row *add(struct comparison *c, const char *group, const char *label, const char *a, const char *b)
{
    struct told_row *row = c->n_rows < ROWS_MOST ? &c->rows[c->n_rows++] : NULL;
    if (row == NULL)
        return NULL;
    *row = (struct told_row){.group = group, .label = label, .counts = true, .differs = strcmp(a, b) != 0};
    row->sides[0] = strdup(a);
    row->sides[1] = strdup(b);
    c->failed = c->failed || row->sides[0] == NULL || row->sides[1] == NULL;
    return row;
}

static bool has(const struct diff_list *list, const json_t *story, const char *wanted)
{
    char words[DIFF_VALUE_MOST];
    for (size_t n = 0; n < ENTRIES_MOST; n++) {
        struct text t = text_in(words, sizeof words);
        if (!list->entry(story, list->arg, n, &t))
            return false;
        if (strcmp(words, wanted) == 0)
            return true;
    }
    return false;
}

/* Each side's row is what only it has; when both have the same, how many, and the first place where the order differs. */
static void compare_list(struct comparison *c, const struct diff_list *list)
{
    char words[2][DIFF_VALUE_MOST], only[2][DIFF_VALUE_MOST];
    struct text own[2];
    size_t n[2] = {0, 0};
    bool same = true, turned = false;
    for (int i = 0; i < 2; i++)
        if (list->always != NULL && json_object_get(c->stories[i], list->always) == NULL)
            return;
    for (int i = 0; i < 2; i++) {
        own[i] = text_in(only[i], sizeof only[i]);
        for (struct text t; t = text_in(words[0], sizeof words[0]),
                            n[i] < ENTRIES_MOST && list->entry(c->stories[i], list->arg, n[i], &t);
             n[i]++) {
            if (has(list, c->stories[1 - i], words[0]))
                continue;
            text_add(&own[i], own[i].len > 0 ? "; " : "only here: ");
            text_add(&own[i], words[0]);
            same = false;
        }
    }
    if (n[0] + n[1] == 0)
        return;
    for (size_t k = 0; list->ordered && same && !turned && k < n[0] && k < n[1]; k++) {
        for (int i = 0; i < 2; i++) {
            struct text t = text_in(words[i], sizeof words[i]);
            list->entry(c->stories[i], list->arg, k, &t);
        }
        turned = strcmp(words[0], words[1]) != 0;
        for (int i = 0; turned && i < 2; i++) {
            text_number(&own[i], (int64_t)k + 1);
            text_add(&own[i], ". is ");
            text_add(&own[i], words[i]);
        }
    }
    for (int i = 0; i < 2; i++) {
        if (own[i].len > 0)
            continue;
        if (n[i] == 0)
            text_add(&own[i], "none");
        else
            text_number(&own[i], (int64_t)n[i]);
        text_add(&own[i], same ? "" : n[i] > 0 ? ", all of them the other's too" : "");
    }
    struct told_row *told = add(c, list->group, list->label, only[0], only[1]);
    if (told != NULL)
        told->differs = !same || turned || n[0] != n[1];
    c->differences += told != NULL && told->differs;
}

static void compare_messages(struct comparison *c)
{
    for (int i = 0; i < 2; i++) {
        c->messages[i] = calloc(MESSAGES_MOST, sizeof **c->messages);
        for (size_t n = 0; c->messages[i] != NULL && n < MESSAGES_MOST; n++) {
            struct text t = text_in(c->messages[i][n].words, MESSAGE_WORDS);
            if (!diff_message(c->stories[i], n, &t, &c->messages[i][n].length))
                break;
            c->n_messages[i]++;
        }
    }
    /* How long the longest common course is from a, b on to the ends. */
    const size_t n = c->n_messages[0], m = c->n_messages[1];
    unsigned short *common = calloc((n + 1) * (m + 1), sizeof *common);
    c->pairs = calloc(n + m + 1, sizeof *c->pairs);
    c->failed = c->failed || c->messages[0] == NULL || c->messages[1] == NULL || common == NULL || c->pairs == NULL;
    for (size_t a = n; !c->failed && a-- > 0;) {
        for (size_t b = m; b-- > 0;) {
            unsigned short *here = &common[a * (m + 1) + b];
            unsigned short down = here[m + 1], right = here[1];
            bool equal = strcmp(c->messages[0][a].words, c->messages[1][b].words) == 0;
            *here = equal ? (unsigned short)(here[m + 2] + 1) : down > right ? down : right;
        }
    }
    if (!c->failed)
        pair_up(c, common);
    free(common);
    c->differences += c->messages_differ;
}

static void pair_up(struct comparison *c, const unsigned short *common)
{
    const size_t n = c->n_messages[0], m = c->n_messages[1];
    for (size_t a = 0, b = 0; a < n || b < m;) {
        const struct message *x = a < n ? &c->messages[0][a] : NULL, *y = b < m ? &c->messages[1][b] : NULL;
        const unsigned short *here = &common[a * (m + 1) + b];
        bool both = x != NULL && y != NULL && strcmp(x->words, y->words) == 0;
        bool first = both || y == NULL || (x != NULL && here[m + 1] >= here[1]);
        c->pairs[c->n_pairs++] = (struct pair){{both || first ? x : NULL, both || !first ? y : NULL}};
        c->messages_differ = c->messages_differ || !both;
        a += both || first;
        b += both || !first;
    }
}

/* ---- telling ---- */

static const char *title(const struct comparison *c, int side)
{
    const char *words = json_string_value(json_object_get(c->stories[side], "title"));
    return words != NULL ? words : "";
}

static void tell_text(struct comparison *c)
{
    const struct report_options *o = &c->request->report;
    const char *group = "";
    struct page p;
    page_start(&p, o->width, o->colour, o->utf8);
    for (int i = 0; i < 2; i++) {
        page_put(&p, i == 0 ? CLIENT_SIDE : SERVER_SIDE, i == 0 ? "A" : "B");
        page_to(&p, 3);
        page_words(&p, STRONG, 3, c->request->sides[i].path);
        page_put(&p, FAINT, "  ");
        page_words(&p, FAINT, 3, title(c, i));
        page_line(&p);
    }
    for (size_t i = 0; i < c->n_rows; i++) {
        const struct told_row *row = &c->rows[i];
        if (o->level < 2 && !row->differs)
            continue;
        if (strcmp(group, row->group) != 0) {
            page_line(&p);
            page_put(&p, STRONG, row->group);
            page_line(&p);
        }
        group = row->group;
        text_row_of(&p, row);
    }
    if (c->messages_differ || o->level >= 2)
        text_pairs(c, &p);
    page_line(&p);
    char line[80];
    snprintf(line, sizeof line, c->differences == 1 ? "%zu difference" : "%zu differences", c->differences);
    page_put(&p, c->differences > 0 ? WARNING : GOOD, c->differences > 0 ? line : "no difference that counts");
    page_line(&p);
    c->failed = c->failed || p.failed;
    if (o->level > 0)
        page_write(&p, o->out);
    c->failed = c->failed || fflush(o->out) != 0;
    page_end(&p);
}

static void text_row_of(struct page *p, const struct told_row *row)
{
    enum { AT_LABEL = 2, AT_SIDE = 26, AT_WORDS = 28 };
    page_put(p, !row->differs ? GOOD : row->counts ? WARNING : FAINT, !row->differs ? "=" : row->counts ? "≠" : "~");
    page_to(p, AT_LABEL);
    page_put(p, PLAIN, row->label);
    for (int i = 0; i < (row->differs ? 2 : 1); i++) {
        page_to(p, AT_SIDE);
        page_put(p, i == 0 ? CLIENT_SIDE : SERVER_SIDE, !row->differs ? "" : i == 0 ? "A" : "B");
        page_to(p, AT_WORDS);
        page_parts(p, row->differs ? PLAIN : FAINT, AT_WORDS, row->sides[i], "; ");
        page_line(p);
    }
}

/* Two columns of messages with their lengths. */
static void text_pairs(const struct comparison *c, struct page *p)
{
    page_line(p);
    page_put(p, STRONG, "messages");
    page_line(p);
    const unsigned half = p->width > 60 ? p->width / 2 : 30;
    for (size_t i = 0; i < c->n_pairs; i++) {
        const struct pair *pair = &c->pairs[i];
        bool both = pair->sides[0] != NULL && pair->sides[1] != NULL;
        page_put(p, both ? GOOD : WARNING, both ? "=" : "≠");
        for (unsigned k = 0; k < 2; k++) {
            char number[32];
            const struct message *m = pair->sides[k];
            if (m == NULL)
                continue;
            page_to(p, 2 + k * half);
            page_put(p, both ? PLAIN : k == 0 ? CLIENT_SIDE : SERVER_SIDE, m->words);
            page_right(p, FAINT, half - 2 + k * half, page_grouped(number, m->length));
        }
        page_line(p);
    }
}

static void tell_json(struct comparison *c)
{
    static const char *const names[] = {"a", "b"};
    struct json_text text = {0}, *w = &text;
    put_object(w, NULL);
    for (int i = 0; i < 2; i++) {
        put_object(w, names[i]);
        put_words(w, "file", c->request->sides[i].path);
        put_words(w, "title", title(c, i));
        put_object_end(w);
    }
    put_flag(w, "equal", c->differences == 0);
    put_number(w, "differences", c->differences);
    put_list(w, "rows");
    for (size_t i = 0; i < c->n_rows; i++) {
        put_object(w, NULL);
        put_words(w, "group", c->rows[i].group);
        put_words(w, "label", c->rows[i].label);
        put_flag(w, "differs", c->rows[i].differs);
        put_flag(w, "counts", c->rows[i].counts);
        for (int k = 0; k < 2; k++)
            put_words(w, names[k], c->rows[i].sides[k]);
        put_object_end(w);
    }
    put_list_end(w);
    put_list(w, "messages");
    for (size_t i = 0; i < c->n_pairs; i++) {
        put_object(w, NULL);
        for (int k = 0; k < 2; k++) {
            const struct message *m = c->pairs[i].sides[k];
            if (m == NULL)
                continue;
            put_object(w, names[k]);
            put_words(w, "message", m->words);
            put_number(w, "length", m->length);
            put_object_end(w);
        }
        put_object_end(w);
    }
    put_list_end(w);
    put_object_end(w);
    bool line = c->request->report.form == REPORT_JSON_LINES;
    c->failed = !json_text_write(w, c->request->report.out, line ? JSON_LINE : JSON_DRAWN) || c->failed;
    json_text_free(w);
}
