/* The trail of a judgement under construction: check by check. verify.c makes it for the path that counts, attempts.c for
   those that were not taken. */
#ifndef X509_TRAIL_H
#define X509_TRAIL_H

#include "x509/path.h"

struct trail {
    const struct verify_request *request;
    struct arena *arena;
    const struct path *path;
    fede_check *checks;
    size_t n, room;
    fede_verdict *verdict; /* its reason is that of the first failed check */
    fede_error *error;
    unsigned comparisons; /* what comparing names with constraints may still cost */
    bool no_memory;
};

/* Checks of a path of n certificates: issuer, signature, nine rules at most, constraints, revocation of each; the rest. */
static inline size_t trail_room(size_t n) { return 13 * n + 6; }

/* Everything about the path. */
void trail_judge(struct trail *t, const struct search_result *found);
enum { ISSUER_TEXT = 300 };
/* Certificate i + 1 as issuer of certificate i, its subject as text to name; the same with the signature by its key; certificate i by itself. */
void trail_issuer(struct trail *t, size_t i, char name[ISSUER_TEXT]);
void trail_link(struct trail *t, const struct search_result *found, size_t i);
void trail_certificate(struct trail *t, size_t i);
/* Adds one check. words become its detail, whole in the error, cut in the trail. */
void trail_record(struct trail *t, fede_check_kind kind, size_t i, fede_outcome outcome, const struct finding *f,
                  struct text *words);

/* attempts.c: the paths that were not taken, into the verdict. False: no memory. */
bool attempts_fill(struct trail *t, const struct search_result *found);

#endif
