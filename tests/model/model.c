/* The table of the order of messages against an independent list of the legal handshakes, and the answers to "what may come
   next" against the table's own sequences. With the argument "print", prints all legal sequences. */
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

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequences_equal_the_independent_list),
        cmocka_unit_test(expected_is_what_follows),
        cmocka_unit_test(rules),
    };
    if (argc == 2 && strcmp(argv[1], "print") == 0) {
        const struct list *list = table_list();
        for (size_t i = 0; i < list->n; i++)
            puts(list->text[i]);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
