/* explain/key_lines.c: what each line of a key log is worth by itself (RFC 9850 2).

   The reader that opens connections (secrets.c) keeps what helps and counts the rest. Here every line is kept and judged:
   known label, lengths, said before, contradicting what was said before. A premaster secret of DHE may have any length; all
   others are as long as RFC 5246 8.1 (48 bytes) or a hash of TLS 1.3 (32 or 48) makes them. */
#include "explain/key_lines.h"

#include <stdlib.h>

#include "explain/secrets.h"
#include "keys/keylog.h"

enum length { ANY, MASTER, OF_HASH };
enum { RANDOM = 32, RSA_NAME = 8, MASTER_LEN = 48 };

// clang-format off
static const struct { const char *label; uint8_t random, secret; } labels[] = {
    {"CLIENT_RANDOM",                   RANDOM,   MASTER},
    {"CLIENT_EARLY_TRAFFIC_SECRET",     RANDOM,   OF_HASH},
    {"EARLY_EXPORTER_SECRET",           RANDOM,   OF_HASH},
    {"CLIENT_HANDSHAKE_TRAFFIC_SECRET", RANDOM,   OF_HASH},
    {"SERVER_HANDSHAKE_TRAFFIC_SECRET", RANDOM,   OF_HASH},
    {"CLIENT_TRAFFIC_SECRET_0",         RANDOM,   OF_HASH},
    {"SERVER_TRAFFIC_SECRET_0",         RANDOM,   OF_HASH},
    {"EXPORTER_SECRET",                 RANDOM,   OF_HASH},
    {"ECH_SECRET",                      RANDOM,   ANY},
    {"ECH_CONFIG",                      RANDOM,   ANY},
    {"PMS_CLIENT_RANDOM",               RANDOM,   ANY},
    {"RSA",                             RSA_NAME, MASTER},
};
static const char *const troubles[] = {
    [LINE_REPEATED] = "said before, in line ",
    [LINE_NO_ENTRY] = "no entry: a label, a random and a secret in hexadecimal are expected",
    [LINE_LABEL] = "a label that is not known",
    [LINE_RANDOM] = "the random has the wrong length: ",
    [LINE_SECRET] = "the secret has a length that none has: ",
    [LINE_CONFLICT] = "contradicts line ",
};
// clang-format on

/* A line and where it stands in the list. */
struct place {
    struct key_line *line;
    size_t at;
};

static void keep(void *arg, bytes line);
static void judge_equals(struct place *sorted, size_t n, size_t first);
static uint8_t judge(const struct keylog_entry *entry, char label[40]);
static int by_content(const void *a, const void *b);
static int by_name(const struct key_line *x, const struct key_line *y);

struct reading {
    struct key_lines *lines;
    size_t source;
    uint64_t number;
};

void key_lines_read(struct key_lines *k, size_t source, struct input *input)
{
    struct reading r = {.lines = k, .source = source};
    secrets_each_line(input, keep, &r);
}

static void keep(void *arg, bytes line)
{
    struct reading *r = arg;
    struct key_lines *k = r->lines;
    struct keylog_entry entry;
    enum keylog_kind kind = keylog_read(line, &entry);
    r->number++;
    if (kind == KEYLOG_EMPTY)
        return;
    if (k->n == k->room) {
        size_t room = k->room == 0 ? 64 : 2 * k->room;
        struct key_line **larger = realloc(k->list, room * sizeof(struct key_line *));
        if (larger != NULL) {
            k->list = larger;
            k->room = room;
        }
    }
    struct key_line *l = k->n < k->room ? calloc(1, sizeof *l + entry.secret_len) : NULL;
    k->failed = k->failed || l == NULL;
    if (l != NULL) {
        l->number = r->number;
        l->source = r->source;
        l->trouble = kind == KEYLOG_FOREIGN ? LINE_NO_ENTRY : judge(&entry, l->label);
        l->random_len = (uint8_t)entry.random_len;
        l->secret_len = (uint16_t)entry.secret_len;
        bytes_copy(l->random, entry.random, entry.random_len);
        bytes_copy(l->secret, entry.secret, entry.secret_len);
        k->list[k->n++] = l;
    }
    bytes_wipe(&entry, sizeof entry);
}

static uint8_t judge(const struct keylog_entry *entry, char label[40])
{
    struct text t = text_in(label, 40);
    size_t i = 0;
    text_escaped(&t, bytes_first(entry->label, 39));
    while (i < sizeof labels / sizeof *labels && !bytes_equal(entry->label, bytes_text(labels[i].label)))
        i++;
    if (i == sizeof labels / sizeof *labels)
        return LINE_LABEL;
    bool fits = labels[i].secret == ANY      ? entry->secret_len > 0
                : labels[i].secret == MASTER ? entry->secret_len == MASTER_LEN
                                             : entry->secret_len == 32 || entry->secret_len == 48;
    return entry->random_len != labels[i].random ? LINE_RANDOM : fits ? LINE_GOOD : LINE_SECRET;
}

/* Sorted by content, equals stand side by side; the list itself stays in the order it was read in, and what stands furthest up
   in it is what the others repeat or contradict. */
void key_lines_judge(struct key_lines *k)
{
    struct place *sorted = calloc(k->n + 1, sizeof *sorted);
    size_t n = 0;
    if (sorted == NULL) {
        k->failed = true;
        return;
    }
    for (size_t i = 0; i < k->n; i++)
        if (k->list[i]->trouble == LINE_GOOD)
            sorted[n++] = (struct place){k->list[i], i};
    qsort(sorted, n, sizeof *sorted, by_content);
    for (size_t i = 0, end; i < n; i = end) {
        size_t first = i;
        for (end = i; end < n && by_name(sorted[end].line, sorted[i].line) == 0; end++)
            if (sorted[end].at < sorted[first].at)
                first = end;
        judge_equals(sorted + i, end - i, sorted[first].at);
    }
    free(sorted);
}

/* Lines for the same thing; first: which of the list stands furthest up. */
static void judge_equals(struct place *sorted, size_t n, size_t first)
{
    for (size_t i = 0, same = 0; i < n; i++) {
        struct key_line *l = sorted[i].line, *other = sorted[same].line;
        if (!bytes_equal(bytes_of(l->secret, l->secret_len), bytes_of(other->secret, other->secret_len)))
            same = i;
        if (sorted[i].at == first)
            continue;
        l->trouble = same != i ? LINE_REPEATED : LINE_CONFLICT;
        l->before = same != i ? sorted[same].at : first;
    }
}

/* What it is for, then the secret, then who came first: lines are kept in order of reading, which their place in memory
   does not tell, but source and number do. */
static int by_content(const void *a, const void *b)
{
    const struct key_line *x = *(struct key_line *const *)a, *y = *(struct key_line *const *)b;
    int order = by_name(x, y);
    if (order == 0)
        order = x->secret_len - y->secret_len;
    if (order == 0)
        order = memcmp(x->secret, y->secret, x->secret_len);
    if (order == 0)
        order = x->source < y->source ? -1 : x->source > y->source;
    return order != 0 ? order : x->number < y->number ? -1 : x->number > y->number;
}

static int by_name(const struct key_line *x, const struct key_line *y)
{
    int order = memcmp(x->random, y->random, sizeof x->random);
    return order != 0 ? order : strcmp(x->label, y->label);
}

void key_lines_end(struct key_lines *k)
{
    for (size_t i = 0; i < k->n; i++) {
        bytes_wipe(k->list[i], sizeof **k->list + k->list[i]->secret_len);
        free(k->list[i]);
    }
    free(k->list);
    *k = (struct key_lines){0};
}

size_t key_line_write(const struct key_line *l, char *out, size_t size)
{
    return keylog_write(out, size, l->label, bytes_of(l->random, l->random_len), bytes_of(l->secret, l->secret_len));
}

void key_line_trouble(const struct key_lines *k, const struct key_line *l, struct text *out)
{
    const struct key_line *before = k->list[l->before];
    if (l->trouble == LINE_GOOD)
        return;
    text_add(out, troubles[l->trouble]);
    if (l->trouble == LINE_RANDOM || l->trouble == LINE_SECRET) {
        text_number(out, l->trouble == LINE_RANDOM ? l->random_len : l->secret_len);
        text_add(out, " bytes");
    }
    if (l->trouble == LINE_REPEATED || l->trouble == LINE_CONFLICT) {
        text_number(out, (int64_t)before->number);
        text_add(out, before->source != l->source ? " of an earlier file" : "");
        text_add(out, l->trouble == LINE_CONFLICT ? ", which has another secret for it" : "");
    }
}
