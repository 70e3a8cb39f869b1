/* Candidate paths from a leaf to a trust anchor. */
#ifndef X509_PATH_H
#define X509_PATH_H

#include "x509/rules.h"

#define PATH_LIMIT 32 /* certificates in one path, self-issued ones included */

/* One certificate of a path. */
struct link {
    const struct certificate *c;
    bool anchor;
    int32_t sent;             /* position in the peer's list; -1: not in it */
    uint16_t subject, issuer; /* equal for equal names, within one search */
};
struct path {
    struct link at[PATH_LIMIT];
    size_t n;
};

enum ending {
    PATH_ACCEPTED,      /* every rule is kept */
    PATH_REFUSED,       /* it reaches an anchor, but a rule is broken */
    PATH_UNFINISHED,    /* no issuer was found for its last certificate */
    PATH_BAD_SIGNATURE, /* the last certificate's name and key identifier fit, its key does not verify the one before */
    PATH_NO_MEMORY
};
/* A certificate that the search did not put on a path, or a path that it did not take. */
enum tried_why {
    TRIED_WHOLE,     /* the path reaches an anchor, and a rule is broken */
    TRIED_RULE,      /* a rule for the last certificate alone is broken */
    TRIED_SIGNATURE, /* its key does not verify the signature */
    TRIED_TOO_LONG,  /* one intermediate more than may be */
    TRIED_AGAIN,     /* its name and key are on the path already */
    TRIED_DEAD_END,  /* no anchor can be reached from it */
    TRIED_BUDGET,    /* the work allowed was done */
    TRIED_LATER      /* a path had been found */
};
struct tried {
    const struct link *links; /* leaf first; the last is what was tried */
    uint8_t n, why;
};
struct tried_list {
    struct tried *at;
    size_t n, more; /* more: there was no room for them */
};
enum { TRIED_MOST = 32 };

struct revocation_lists;
struct search_result {
    struct path path;
    enum ending ending;
    uint16_t exhausted; /* enum fede_reason of the budget that ran out; 0: none did */
    int64_t limit;
    unsigned signatures;            /* checks made */
    struct revocation_lists *lists; /* NULL: none were given */
    struct tried_list tried;        /* at NULL: not wanted */
};

/* attempts.c: remembers the first n links of the path, and one more if it is not NULL. */
void tried_keep(struct search_result *out, struct arena *arena, const struct path *path, size_t n, const struct link *more,
                enum tried_why why);

/* path_find looks for an acceptable path and otherwise hands out the one that says most. leaf is the first of
   request->chain, already read. */
void path_find(const struct verify_request *request, const struct certificate *leaf, struct arena *arena,
               struct search_result *out);
/* Rules that look at more than one certificate: name constraints. comparisons is a budget that is used up. False: *f,
   and *at is the certificate at fault. */
bool path_rules_kept(const struct path *path, const struct verify_request *request, unsigned *comparisons,
                     struct finding *f, size_t *at);
struct standing path_standing(const struct path *path, size_t i, const struct verify_request *request);
/* Most intermediates between leaf and anchor. */
size_t path_max_intermediates(const struct verify_request *request);
/* Are the algorithm and the issuer's key supported? */
bool signature_checkable(const struct certificate *c, const struct certificate *issuer);
/* Does issuer's key verify the signature of c? */
bool signature_good(const struct certificate *c, const struct certificate *issuer);

#endif
