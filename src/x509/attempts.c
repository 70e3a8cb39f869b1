/* x509/attempts.c: the paths that were not taken, each with its checks (fede_verdict.attempts).

   The search remembers where it gave up; what there is to say about each place is found out here, afterwards, by the same
   rules: all of them, not the first alone that was broken. Hostile chains have a great many such places: the first are told,
   the others counted. So are those for which there is no room: what is told never decides. */
#include "x509/constraints.h"
#include "x509/trail.h"

#include "base/error.h"

enum { WHOLE_MOST = 4, /* paths judged whole */ LAST_CHECKS = 24 };

static bool describe(struct trail *main, const struct search_result *found, const struct tried *tried, fede_attempt *out);
static void describe_last(struct trail *t, const struct search_result *found, enum tried_why why);

/* Half of an arena with a ceiling is left to whoever comes after. */
static bool roomy(const struct arena *arena, size_t need)
{
    return arena->used + need <= arena->ceiling / 2;
}

void tried_keep(struct search_result *out, struct arena *arena, const struct path *path, size_t n, const struct link *more,
                enum tried_why why)
{
    struct tried_list *list = &out->tried;
    const size_t len = n + (more != NULL ? 1 : 0);
    struct link *links =
        list->n < TRIED_MOST && roomy(arena, len * sizeof *links) ? arena_take(arena, len * sizeof *links) : NULL;
    if (links == NULL) {
        list->more++;
        return;
    }
    bytes_copy(links, path->at, n * sizeof *links);
    if (more != NULL)
        links[n] = *more;
    list->at[list->n++] = (struct tried){.links = links, .n = (uint8_t)len, .why = (uint8_t)why};
}

/* The path that the verdict is about is told there. */
static bool is_told(const struct path *path, const struct tried *tried)
{
    if (path->n < tried->n || (tried->why == TRIED_WHOLE && path->n != tried->n))
        return false;
    for (size_t i = 0; i < tried->n; i++)
        if (path->at[i].c != tried->links[i].c)
            return false;
    return true;
}

bool attempts_fill(struct trail *t, const struct search_result *found)
{
    const struct tried_list *list = &found->tried;
    fede_verdict *verdict = t->verdict;
    verdict->attempts_more = list->more;
    if (list->at == NULL || list->n == 0)
        return true;
    fede_attempt *attempts = arena_take(t->arena, list->n * sizeof *attempts);
    if (attempts == NULL)
        return false;
    size_t n = 0, whole = 0;
    t->comparisons = CONSTRAINT_BUDGET; /* for all of them */
    for (size_t i = 0; i < list->n; i++) {
        if (is_told(t->path, &list->at[i]))
            continue;
        bool judged = list->at[i].why == TRIED_WHOLE;
        size_t checks = judged ? trail_room(list->at[i].n) : LAST_CHECKS;
        whole += judged;
        if (whole > WHOLE_MOST || !roomy(t->arena, 2 * checks * sizeof(fede_check))) {
            verdict->attempts_more++;
            whole -= judged;
        } else if (!describe(t, found, &list->at[i], &attempts[n++])) {
            return false;
        }
    }
    verdict->attempts = attempts;
    verdict->n_attempts = n;
    return true;
}

static bool describe(struct trail *main, const struct search_result *found, const struct tried *tried, fede_attempt *out)
{
    static const char *const whys[] = {[TRIED_WHOLE] = "it reaches a trust anchor, but not every rule is kept",
                                       [TRIED_RULE] = "the certificate may not stand there",
                                       [TRIED_SIGNATURE] = "its key does not verify the signature",
                                       [TRIED_TOO_LONG] = "the path would be too long",
                                       [TRIED_AGAIN] = "its name and key are on the path already",
                                       [TRIED_DEAD_END] = "no trust anchor can be reached from it",
                                       [TRIED_BUDGET] = "the work that a chain may cost was done",
                                       [TRIED_LATER] = "not tried: a path had been found"};
    fede_check few[LAST_CHECKS];
    fede_verdict verdict = {.accepted = false};
    fede_error error = {0};
    struct verify_request request = *main->request;
    struct search_result own = {.ending = PATH_REFUSED, .lists = found->lists};
    const bool whole = tried->why == TRIED_WHOLE;
    struct trail t = {.request = &request, .arena = main->arena, .path = &own.path, .verdict = &verdict, .error = &error,
                      .comparisons = main->comparisons};
    request.ct_logs = NULL; /* timestamps are told once */
    own.path.n = tried->n;
    bytes_copy(own.path.at, tried->links, tried->n * sizeof *tried->links);
    t.room = whole ? trail_room(tried->n) : LAST_CHECKS;
    t.checks = whole ? arena_take(main->arena, t.room * sizeof *t.checks) : few;
    fede_bytes *path = arena_take(main->arena, tried->n * sizeof *path);
    if (path == NULL || t.checks == NULL)
        return false;
    if (whole)
        trail_judge(&t, &own);
    else
        describe_last(&t, &own, (enum tried_why)tried->why);
    main->comparisons = t.comparisons;
    if (!whole) {
        t.checks = arena_take(main->arena, t.n * sizeof *few);
        if (t.checks == NULL)
            return false;
        bytes_copy(t.checks, few, t.n * sizeof *few);
    }
    for (size_t i = 0; i < tried->n; i++)
        path[i] = tried->links[i].c->der;
    *out = (fede_attempt){.path_len = tried->n,
                          .whole = tried->why == TRIED_WHOLE,
                          .reason = verdict.reason,
                          .why = whys[tried->why],
                          .path = path,
                          .n_checks = t.n,
                          .checks = t.checks};
    return !t.no_memory;
}

/* What was not looked at when it was given up is not looked at now. */
static void describe_last(struct trail *t, const struct search_result *found, enum tried_why why)
{
    const size_t last = t->path->n - 1;
    bool ruled = why == TRIED_RULE || why == TRIED_SIGNATURE;
    struct search_result as = *found;
    char name[ISSUER_TEXT];
    as.ending = PATH_BAD_SIGNATURE;
    if (why == TRIED_SIGNATURE)
        trail_link(t, &as, last - 1);
    else
        trail_issuer(t, last - 1, name);
    if (why == TRIED_TOO_LONG) {
        int64_t limit = (int64_t)path_max_intermediates(t->request);
        struct finding f = {.reason = FEDE_CERT_CHAIN_TOO_LONG, .where = "certificate_list", .got = limit + 1, .wanted = limit};
        trail_record(t, FEDE_CHECK_PATH_LENGTH, last, FEDE_FAILED, &f, NULL);
    }
    if (!ruled)
        return;
    if (why == TRIED_RULE)
        trail_record(t, FEDE_CHECK_SIGNATURE, last - 1, FEDE_NOT_CHECKED, NULL, NULL);
    trail_certificate(t, last);
}
