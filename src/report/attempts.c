/* report/attempts.c: the paths that were not taken. A verdict says what is right or wrong with one path; whoever wonders why it
   was that one, or what a second intermediate of the same name is good for, reads here. */
#include "report/attempts.h"

void attempt_title(const fede_attempt *attempt, struct text *out)
{
    size_t from = attempt->whole || attempt->path_len < 2 ? 0 : attempt->path_len - 2u;
    for (size_t i = from; i < attempt->path_len; i++) {
        text_add(out, i > from ? " < " : "");
        certificate_title(attempt->path[i], out);
    }
}

void text_attempts(struct report *r, const fede_verdict *v, const struct check_look *look, bool all)
{
    struct page *p = &r->page;
    for (size_t i = 0; i < v->n_attempts; i++) {
        const fede_attempt *a = &v->attempts[i];
        char title[1200];
        struct text t = text_in(title, sizeof title);
        size_t number = 0;
        attempt_title(a, &t);
        text_add(&t, ": ");
        text_add(&t, a->why);
        page_to(p, look->sign);
        page_put(p, a->reason != FEDE_OK ? BAD : FAINT, a->reason != FEDE_OK ? "✗" : "–");
        page_to(p, look->name);
        page_words(p, PLAIN, look->name, title);
        page_line(p);
        for (size_t k = 0; k < a->n_checks; k++) {
            const fede_check *c = &a->checks[k];
            bool which = c->kind == FEDE_CHECK_ISSUER && !a->whole;
            number++;
            if (all || which || c->outcome == FEDE_FAILED)
                text_check(r, c, number, look);
        }
    }
    if (v->attempts_more > 0) {
        char line[100];
        snprintf(line, sizeof line, "and %zu more", v->attempts_more);
        page_to(p, look->name);
        page_put(p, FAINT, line);
        page_line(p);
    }
}
