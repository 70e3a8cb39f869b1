/* The table of the order of messages against an independent list of the legal handshakes, and the answers to "what may come
   next" against the table's own sequences. With the argument "print", prints all legal sequences; with "page", the page
   docs/flow12.md, which must be what the table says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"
#include "flow/flow.h"

enum { MOST = 200, LENGTH = 400 };

struct list {
    char text[MOST][LENGTH];
    size_t n;
    struct sequence {
        uint16_t kinds[32];
        uint8_t from[32];
        size_t n;
        uint16_t facts;
    } sequences[MOST];
};

static void collect(void *arg, const uint16_t *kinds, const uint8_t *from, size_t n, uint16_t facts)
{
    struct list *list = arg;
    assert_true(list->n < MOST && n <= 32);
    struct text t = text_in(list->text[list->n], LENGTH);
    struct sequence *s = &list->sequences[list->n++];
    s->n = n;
    s->facts = facts;
    for (size_t i = 0; i < n; i++) {
        s->kinds[i] = kinds[i];
        s->from[i] = from[i];
        if (i == 0 || from[i] != from[i - 1])
            text_add(&t, from[i] == FLOW_CLIENT ? &" > "[i == 0] : " < ");
        else
            text_add(&t, " ");
        text_add(&t, flow_step_name(kinds[i]));
    }
}

static struct list *table_list(void)
{
    static struct list list;
    list.n = 0;
    size_t n = flow_enumerate(flow_tls12, flow_tls12_len, collect, &list);
    assert_int_equal(n, list.n);
    return &list;
}

static bool has(const struct list *list, const char *line)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->text[i], line) == 0)
            return true;
    return false;
}

static void sequences_equal_the_independent_list(void **state)
{
    (void)state;
    static struct list written;
    const struct list *table = table_list();
    char line[LENGTH];
    FILE *file = fopen("tests/model/legal12.txt", "r");
    assert_non_null(file);
    written.n = 0;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        if (line[0] != '>')
            continue;
        assert_true(written.n < MOST);
        if (has(&written, line))
            fail_msg("stands twice in the list: %s", line);
        snprintf(written.text[written.n++], LENGTH, "%s", line);
        if (!has(table, line))
            fail_msg("legal, but not in the table: %s", line);
    }
    fclose(file);
    for (size_t i = 0; i < table->n; i++)
        if (!has(&written, table->text[i]))
            fail_msg("in the table, but not legal: %s", table->text[i]);
    assert_int_equal(written.n, 30);
    assert_int_equal(table->n, 30);
}

/* What a peer can know before message n of a sequence: the choice of the ServerHello once it is there, and what the messages
   so far have taught. Before, only that a hello comes. */
static uint16_t known_before(const struct sequence *s, size_t n)
{
    uint16_t facts = n >= 2 ? s->facts & (uint16_t) ~(FACT_CLIENT_AUTH | FACT_CLIENT_CERT) : 0;
    for (size_t i = 0; i < n; i++) {
        if (s->kinds[i] == MSG_CERTIFICATE_REQUEST)
            facts |= FACT_CLIENT_AUTH;
        if (s->kinds[i] == MSG_CERTIFICATE && s->from[i] == FLOW_CLIENT)
            facts |= s->facts & FACT_CLIENT_CERT;
    }
    return facts;
}

/* Walks a sequence as the engine does; returns the row where message n is expected. */
static size_t row_before(const struct sequence *s, size_t n)
{
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        uint16_t facts = known_before(s, i);
        while (!flow_applies(&flow_tls12[at], facts) || flow_tls12[at].what != s->kinds[i])
            assert_true(++at < flow_tls12_len);
        at++;
    }
    return at;
}

/* Same start of the sequence, and the same facts known there: no peer can tell the two apart yet. */
static bool same_so_far(const struct sequence *a, const struct sequence *b, size_t n)
{
    if (b->n < n || known_before(a, n) != known_before(b, n))
        return false;
    for (size_t i = 0; i < n; i++)
        if (a->kinds[i] != b->kinds[i] || a->from[i] != b->from[i])
            return false;
    return true;
}

/* At each place of each sequence, what flow_expected says is exactly what follows in some sequence that begins the same. */
static void expected_is_what_follows(void **state)
{
    (void)state;
    const struct list *list = table_list();
    size_t checked = 0;
    for (size_t i = 0; i < list->n; i++)
        for (size_t n = 0; n < list->sequences[i].n; n++) {
            const struct sequence *s = &list->sequences[i];
            uint16_t kinds[8];
            size_t count = flow_expected(flow_tls12, flow_tls12_len, row_before(s, n), known_before(s, n), kinds, 8);
            assert_true(count >= 1);
            for (unsigned kind = 0; kind < MSG_KINDS; kind++) {
                bool expected = false, follows = false;
                for (size_t k = 0; k < count; k++)
                    expected |= kinds[k] == kind;
                for (size_t j = 0; j < list->n; j++)
                    follows |= same_so_far(s, &list->sequences[j], n) && list->sequences[j].n > n &&
                               list->sequences[j].kinds[n] == kind;
                /* A staple that was announced may be left out: that sequence is listed as one without announcement. */
                if (s->facts & FACT_STAPLE && n >= 3 && s->kinds[n - 1] == MSG_CERTIFICATE && s->from[n] == FLOW_SERVER)
                    follows |= expected;
                if (expected != follows)
                    fail_msg("%s: message %zu, %s", list->text[i], n, flow_step_name((uint16_t)kind));
                checked++;
            }
        }
    assert_true(checked > 30 * 7 * MSG_KINDS);
}

/* Rules that hold in every handshake, whatever the table looks like. */
static void rules(void **state)
{
    (void)state;
    const struct list *list = table_list();
    for (size_t i = 0; i < list->n; i++) {
        const struct sequence *s = &list->sequences[i];
        unsigned ccs = 0, finished = 0;
        bool asked = false, given = false;
        for (size_t n = 0; n < s->n; n++) {
            ccs += s->kinds[n] == MSG_CCS;
            finished += s->kinds[n] == MSG_FINISHED;
            /* Finished comes right after the own ChangeCipherSpec, and nothing stands between (RFC 5246 7.4.9). */
            if (s->kinds[n] == MSG_FINISHED)
                assert_true(s->kinds[n - 1] == MSG_CCS && s->from[n - 1] == s->from[n]);
            asked |= s->kinds[n] == MSG_CERTIFICATE_REQUEST;
            given |= s->kinds[n] == MSG_CERTIFICATE && s->from[n] == FLOW_CLIENT;
            if (s->kinds[n] == MSG_CERTIFICATE_VERIFY)
                assert_true(given && s->kinds[n - 1] == MSG_CLIENT_KEY_EXCHANGE);
        }
        assert_int_equal(ccs, 2);
        assert_int_equal(finished, 2);
        assert_true(asked == given);
        assert_int_equal(s->kinds[s->n - 1], MSG_FINISHED);
    }
}

/* ---- docs/flow12.md: the table as text and as a diagram. */

static void print_facts(FILE *out, uint16_t facts)
{
    bool first = true;
    for (unsigned bit = 0; bit < 16; bit++)
        if (facts >> bit & 1) {
            fprintf(out, "%s%s", first ? "" : ", ", flow_fact_name((uint16_t)(1u << bit)));
            first = false;
        }
}

static void print_rows(FILE *out)
{
    fputs("| | Who | Message, or *step* | Only with | Not with | May be left out | Then known |\n|--:|---|---|---|---|---|---|\n", out);
    for (size_t i = 0; i < flow_tls12_len; i++) {
        const struct flow_step *row = &flow_tls12[i];
        static const char *const who[] = {"", "client", "server", "both"};
        bool silent = row->what >= ACT_CHOOSE;
        fprintf(out, "| %zu | %s | %s%s%s | ", i + 1, who[row->from], silent ? "*" : "", flow_step_name(row->what), silent ? "*" : "");
        print_facts(out, row->when);
        fputs(" | ", out);
        print_facts(out, row->unless);
        fprintf(out, " | %s | ", row->optional ? "yes" : "");
        print_facts(out, row->learn);
        fputs(" |\n", out);
    }
}

/* Messages that follow one another in any legal sequence, each pair once. */
static void print_diagram(FILE *out, const struct list *list)
{
    static char seen[MOST][LENGTH];
    size_t n = 0;
    fputs("```mermaid\nstateDiagram-v2\n", out);
    for (size_t i = 0; i < list->n; i++)
        for (size_t k = 0; k <= list->sequences[i].n; k++) {
            const struct sequence *s = &list->sequences[i];
            char line[LENGTH], ends[2][64] = {"[*]", "[*]"};
            for (size_t e = 0; e < 2; e++)
                if (k + e >= 1 && k + e <= s->n)
                    snprintf(ends[e], sizeof ends[e], "%s_%s", s->from[k + e - 1] == FLOW_CLIENT ? "client" : "server",
                             flow_step_name(s->kinds[k + e - 1]));
            snprintf(line, sizeof line, "    %s --> %s\n", ends[0], ends[1]);
            size_t at = 0;
            while (at < n && strcmp(seen[at], line) != 0)
                at++;
            if (at < n || n == MOST)
                continue;
            snprintf(seen[n++], LENGTH, "%s", line);
            fputs(line, out);
        }
    fputs("```\n", out);
}

static void print_page(FILE *out)
{
    const struct list *list = table_list();
    fputs("# The order of messages in TLS 1.2\n\nWhat `src/flow/flow12.c` says, walked by client, server and explainer alike. "
          "`tests/model` compares it with a list\nwritten from the RFCs and makes this page: `model page > docs/flow12.md`. "
          "Both roles go from top to bottom; a row whose\nconditions do not hold is passed over. HelloRequest may come at any time "
          "and is no row; alerts are records of their own.\n\n", out);
    print_rows(out);
    fprintf(out, "\n## What may follow what\n\n");
    print_diagram(out, list);
    fprintf(out, "\n## The %zu legal sequences\n\n`>` the client speaks, `<` the server speaks.\n\n", list->n);
    for (size_t i = 0; i < list->n; i++)
        fprintf(out, "    %s\n", list->text[i]);
}

static void page_is_what_the_table_says(void **state)
{
    (void)state;
    FILE *made = tmpfile(), *kept = fopen("docs/flow12.md", "r");
    assert_non_null(made);
    assert_non_null(kept);
    print_page(made);
    rewind(made);
    int a, b;
    do {
        a = fgetc(made);
        b = fgetc(kept);
        if (a != b)
            fail_msg("docs/flow12.md is not what the table says: model page > docs/flow12.md");
    } while (a != EOF);
    fclose(made);
    fclose(kept);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequences_equal_the_independent_list),
        cmocka_unit_test(expected_is_what_follows),
        cmocka_unit_test(rules),
        cmocka_unit_test(page_is_what_the_table_says),
    };
    if (argc == 2 && strcmp(argv[1], "page") == 0) {
        print_page(stdout);
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "print") == 0) {
        const struct list *list = table_list();
        for (size_t i = 0; i < list->n; i++)
            puts(list->text[i]);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
