/* Path building: from the leaf over the certificates sent, in whatever order, to a trust anchor. RFC 4158, RFC 5280 6.1.

   A depth-first search over all candidates whose subject is the issuer wanted, the likelier ones first: anchors, matching
   key identifiers, valid dates, names from which an anchor can be reached at all. Rules that need one certificate only
   are applied before its signature check, rules for the whole path at its end; when one is broken, the search goes on
   with the next candidate. Two budgets bound the work whatever was sent: signature checks and steps. A signature is
   checked once for each pair of certificates.

   When no path is acceptable, a second, short walk finds the one to report. */
#include "x509/path.h"

#include "x509/anchors.h"
#include "x509/certificate.h"
#include "x509/constraints.h"
#include "x509/policy.h"
#include "x509/revocation.h"

#define DEFAULT_INTERMEDIATES 10
#define DEFAULT_SIGNATURES    64
#define MAX_STEPS             4096
#define MAX_CANDIDATES        256
#define REPORT_SIGNATURES     8 /* beyond the budget, for a good report */

/* A certificate the peer sent. Only looked into when its name is needed. */
struct candidate {
    bytes der, subject, issuer;
    uint32_t subject_hash, issuer_hash;
    bool broken, reaches_anchor;
    struct certificate *read;
};
struct remembered {
    const struct certificate *c, *issuer;
    bool good;
};
struct search {
    const struct verify_request *request;
    struct arena *arena;
    struct candidate *candidates;
    size_t n;
    struct remembered *signatures;
    unsigned n_signatures, max_signatures, steps;
    size_t max_intermediates;
    struct path path;
    struct search_result *out;
    bool leaf_kept; /* the rules for the leaf alone, its name included */
    bool over;      /* give up: nothing can be found any more, a budget or memory is used up */
    bool no_memory, has_refused;
};
/* What may stand above the end of a path. */
struct option {
    struct link link;
    struct candidate *candidate; /* NULL: an anchor */
};

static bool prepare(struct search *s, const struct certificate *leaf);
static bool extend(struct search *s);
static bool complete(struct search *s);
static bool policies_and_revocation(struct search *s);
static unsigned ranks_present(struct search *s, uint32_t hash);
static bool next_option(struct search *s, uint32_t hash, size_t *i, int rank, struct option *out);
static bool try_option(struct search *s, struct option *option);
static int rank_of(const struct search *s, const struct option *option);
static bool in_path(const struct path *path, const struct certificate *c);
static bool check_signature(struct search *s, const struct certificate *c, const struct certificate *issuer,
                            bool *good);
static void report(struct search *s);

void path_find(const struct verify_request *request, const struct certificate *leaf, struct arena *arena,
               struct search_result *out)
{
    struct search s = {.request = request, .arena = arena, .out = out};
    *out = (struct search_result){.ending = PATH_UNFINISHED};
    s.max_signatures = request->budget ? request->budget : DEFAULT_SIGNATURES;
    s.max_intermediates = path_max_intermediates(request);
    if (!prepare(&s, leaf)) {
        out->ending = PATH_NO_MEMORY;
        return;
    }
    struct finding ignored;
    struct standing standing = path_standing(&s.path, 0, request);
    s.leaf_kept = rules_kept(&standing, &ignored) && (request->host == NULL || host_matches(leaf, request->host));
    if (extend(&s)) {
        out->path = s.path;
        out->ending = PATH_ACCEPTED;
    } else if (s.no_memory) {
        out->ending = PATH_NO_MEMORY;
    } else if (!s.has_refused) {
        report(&s);
    }
    out->signatures = s.n_signatures;
}

size_t path_max_intermediates(const struct verify_request *request)
{
    return request->direct ? 0 : request->max_path ? request->max_path : DEFAULT_INTERMEDIATES;
}

/* ---- Candidates ------------------------------------------------------------------------------------------------- */

static bool mark_reaching(struct search *s);

static bool prepare(struct search *s, const struct certificate *leaf)
{
    const struct verify_request *request = s->request;
    s->n = request->n > MAX_CANDIDATES ? MAX_CANDIDATES : request->n;
    s->candidates = arena_take(s->arena, s->n * sizeof *s->candidates);
    s->signatures = arena_take(s->arena, (s->max_signatures + REPORT_SIGNATURES) * sizeof *s->signatures);
    if (s->candidates == NULL || s->signatures == NULL)
        return false;
    for (size_t i = 1; i < s->n; i++) {
        struct candidate *c = &s->candidates[i];
        c->der = request->chain[i];
        c->broken = !certificate_peek(c->der, &c->issuer, &c->subject);
        c->reaches_anchor = true;
        if (!c->broken) {
            c->subject_hash = name_hash(c->subject);
            c->issuer_hash = name_hash(c->issuer);
        }
    }
    const struct certificate *anchor =
        anchors_same(request->anchors, leaf->der, leaf->subject, name_hash(leaf->subject));
    s->path.at[0] = (struct link){.c = leaf, .anchor = anchor != NULL, .sent = 0};
    s->path.n = 1;
    if (request->n_crls > 0 && (s->out->lists = revocation_lists_read(request, s->arena)) == NULL)
        return false;
    return s->n <= 3 || mark_reaching(s);
}

/* Finds the candidates from which an anchor can be reached by names, beginning at the anchors: each one found lets those
   be found that it may have issued. */
static bool mark_reaching(struct search *s)
{
    uint16_t *found = arena_take(s->arena, s->n * sizeof *found);
    size_t n = 0;
    if (found == NULL)
        return false;
    for (size_t i = 1; i < s->n; i++) {
        struct candidate *c = &s->candidates[i];
        c->reaches_anchor =
            !c->broken && anchors_find_hashed(s->request->anchors, c->issuer, c->issuer_hash, 0) != NULL;
        if (c->reaches_anchor)
            found[n++] = (uint16_t)i;
    }
    for (size_t k = 0; k < n; k++) {
        const struct candidate *issuer = &s->candidates[found[k]];
        for (size_t i = 1; i < s->n; i++) {
            struct candidate *c = &s->candidates[i];
            if (!c->broken && !c->reaches_anchor && c->issuer_hash == issuer->subject_hash) {
                c->reaches_anchor = true;
                found[n++] = (uint16_t)i;
            }
        }
    }
    return true;
}

/* ---- Search ----------------------------------------------------------------------------------------------------- */

enum { RANK_BEST = 7, RANK_DEAD_END = 0, RANK_ANY = -1 };

/* Tries every way to go on from the end of the path. */
static bool extend(struct search *s)
{
    if (s->path.at[s->path.n - 1].anchor)
        return complete(s);
    const uint32_t hash = name_hash(s->path.at[s->path.n - 1].c->issuer);
    const unsigned ranks = ranks_present(s, hash);
    for (int rank = RANK_BEST; rank > RANK_DEAD_END; rank--) {
        struct option option;
        for (size_t i = 0; (ranks >> rank & 1) != 0 && next_option(s, hash, &i, rank, &option);) {
            if (try_option(s, &option)) {
                s->path.at[s->path.n++] = option.link;
                if (extend(s))
                    return true;
                s->path.n--;
            }
            if (s->over)
                return false;
        }
    }
    return false;
}

static unsigned ranks_present(struct search *s, uint32_t hash)
{
    unsigned ranks = 0;
    struct option option;
    for (size_t i = 0; next_option(s, hash, &i, RANK_ANY, &option);)
        ranks |= 1u << rank_of(s, &option);
    return ranks;
}

/* The next option of this rank. *i counts through the anchors of the name, then through the candidates. */
static bool next_option(struct search *s, uint32_t hash, size_t *i, int rank, struct option *out)
{
    const struct certificate *end = s->path.at[s->path.n - 1].c;
    const size_t first_candidate = (size_t)1 << 20; /* from here on *i counts candidates */
    while (*i < first_candidate) {
        const struct certificate *anchor = anchors_find_hashed(s->request->anchors, end->issuer, hash, *i);
        if (anchor == NULL) {
            *i = first_candidate + 1;
            break;
        }
        ++*i;
        *out = (struct option){.link = {.c = anchor, .anchor = true, .sent = -1}};
        if (rank == RANK_ANY || rank_of(s, out) == rank)
            return true;
    }
    while (*i - first_candidate < s->n) {
        size_t k = (*i)++ - first_candidate;
        struct candidate *c = &s->candidates[k];
        if (c->broken || c->subject_hash != hash || !name_equal(c->subject, end->issuer))
            continue;
        if (c->read == NULL) {
            fede_error ignored = {0};
            struct certificate *room = arena_take(s->arena, sizeof *room);
            if (room == NULL) {
                s->no_memory = s->over = true;
                return false;
            }
            c->broken = !certificate_read(c->der, room, &ignored) ||
                        anchors_same(s->request->anchors, c->der, c->subject, c->subject_hash) != NULL;
            c->read = room;
        }
        *out = (struct option){.link = {.c = c->read, .sent = (int32_t)k}, .candidate = c};
        if (!c->broken && (rank == RANK_ANY || rank_of(s, out) == rank))
            return true;
    }
    return false;
}

/* How likely an option leads to a path: RANK_BEST first, RANK_DEAD_END only for reports. */
static int rank_of(const struct search *s, const struct option *option)
{
    const struct certificate *end = s->path.at[s->path.n - 1].c, *c = option->link.c;
    bool wanted = end->authority_key_id.data != NULL && c->subject_key_id.data != NULL;
    bool same_key = wanted && bytes_equal(end->authority_key_id, c->subject_key_id);
    bool valid = c->not_before <= s->request->at && s->request->at <= c->not_after;
    if (option->candidate != NULL && !option->candidate->reaches_anchor)
        return RANK_DEAD_END;
    return 1 + (option->link.anchor ? 1 : 0) + (same_key || !wanted ? 3 : 0) + (valid ? 1 : 0) + (same_key ? 1 : 0);
}

/* May the option be put on the path? Cheap rules first, the signature last. */
static bool try_option(struct search *s, struct option *option)
{
    const struct certificate *end = s->path.at[s->path.n - 1].c, *c = option->link.c;
    struct finding ignored;
    bool good;
    if (++s->steps > MAX_STEPS) {
        s->over = true;
        s->out->exhausted = FEDE_CERT_SEARCH_BUDGET;
        s->out->limit = MAX_STEPS;
        return false;
    }
    if (in_path(&s->path, c) || s->path.n == PATH_LIMIT)
        return false;
    s->path.at[s->path.n] = option->link;
    struct standing standing = path_standing(&s->path, s->path.n, s->request);
    size_t intermediates = (size_t)standing.below + (c->self_issued ? 0 : 1);
    if (!option->link.anchor && intermediates > s->max_intermediates)
        return false;
    if (!rules_kept(&standing, &ignored))
        return false;
    if (!check_signature(s, end, c, &good)) {
        s->over = true;
        s->out->exhausted = FEDE_CERT_BUDGET;
        s->out->limit = s->max_signatures;
        return false;
    }
    return good;
}

/* The same name with the same key twice leads nowhere that the first did not. */
static bool in_path(const struct path *path, const struct certificate *c)
{
    for (size_t i = 0; i < path->n; i++) {
        const struct certificate *other = path->at[i].c;
        if (other == c || (bytes_equal(other->key.spki, c->key.spki) && name_equal(other->subject, c->subject)))
            return true;
    }
    return false;
}

/* False: the budget is used up. */
static bool check_signature(struct search *s, const struct certificate *c, const struct certificate *issuer, bool *good)
{
    for (unsigned i = 0; i < s->n_signatures; i++) {
        if (s->signatures[i].c == c && s->signatures[i].issuer == issuer) {
            *good = s->signatures[i].good;
            return true;
        }
    }
    if (s->n_signatures >= s->max_signatures)
        return false;
    *good = signature_good(c, issuer);
    s->signatures[s->n_signatures++] = (struct remembered){c, issuer, *good};
    return true;
}

/* The path has reached an anchor. The first one refused is kept for the report. */
static bool complete(struct search *s)
{
    struct finding ignored;
    size_t at;
    bool kept = path_rules_kept(&s->path, s->request, &ignored, &at) && policies_and_revocation(s);
    if (s->no_memory)
        return false;
    if (kept && s->leaf_kept)
        return true;
    if (!s->has_refused || kept) {
        s->has_refused = true;
        s->out->path = s->path;
        s->out->ending = PATH_REFUSED;
    }
    s->over = kept; /* no other path could be better: it is the leaf that is refused */
    return false;
}

static bool policies_and_revocation(struct search *s)
{
    struct finding ignored;
    const char *problem;
    size_t at;
    if (policies_matter(&s->path, s->request) && !policies_kept(&s->path, s->request, s->arena, &problem, &at)) {
        s->no_memory = s->over = problem == NULL;
        return false;
    }
    for (size_t i = s->path.n - 1; s->out->lists != NULL && i-- > 0;) {
        enum revocation status = revocation_of(s->out->lists, &s->path, i, &ignored, NULL);
        if (status == REVOCATION_NO_MEMORY)
            s->no_memory = s->over = true;
        if (status != REVOCATION_GOOD)
            return false;
    }
    return true;
}

/* ---- Report ----------------------------------------------------------------------------------------------------- */

/* No path reached an anchor with every rule kept on the way. Walks up once more, now over certificates that break rules
   too, and takes at each step the option whose key verifies the signature, or else one that should. */
static void report(struct search *s)
{
    s->max_signatures += REPORT_SIGNATURES;
    s->path.n = 1;
    while (!s->path.at[s->path.n - 1].anchor && s->path.n < PATH_LIMIT) {
        const struct certificate *end = s->path.at[s->path.n - 1].c;
        const uint32_t hash = name_hash(end->issuer);
        struct option option, best = {0}, bad = {0};
        bool good;
        for (int rank = RANK_BEST; rank >= RANK_DEAD_END && best.link.c == NULL; rank--) {
            for (size_t i = 0; best.link.c == NULL && next_option(s, hash, &i, rank, &option);) {
                const struct certificate *c = option.link.c;
                /* What can't be checked is refused by another rule, with a better sentence. */
                good = !signature_checkable(end, c);
                if (in_path(&s->path, c) || (!good && !check_signature(s, end, c, &good)))
                    continue;
                bool other_key = end->authority_key_id.data != NULL && c->subject_key_id.data != NULL &&
                                 !bytes_equal(end->authority_key_id, c->subject_key_id);
                if (good)
                    best = option;
                else if (bad.link.c == NULL && !other_key)
                    bad = option;
            }
        }
        if (best.link.c == NULL && bad.link.c == NULL)
            break;
        s->path.at[s->path.n++] = best.link.c ? best.link : bad.link;
        if (best.link.c == NULL) {
            s->out->ending = PATH_BAD_SIGNATURE;
            break;
        }
    }
    if (s->path.at[s->path.n - 1].anchor && s->out->ending != PATH_BAD_SIGNATURE)
        s->out->ending = PATH_REFUSED;
    if (s->no_memory)
        s->out->ending = PATH_NO_MEMORY;
    s->out->path = s->path;
}

/* ---- Rules of a path -------------------------------------------------------------------------------------------- */

struct standing path_standing(const struct path *path, size_t i, const struct verify_request *request)
{
    struct standing s = {.c = path->at[i].c, .request = request, .position = i, .anchor = path->at[i].anchor};
    for (size_t k = 1; k < i; k++)
        s.below += path->at[k].c->self_issued ? 0 : 1;
    return s;
}

bool path_rules_kept(const struct path *path, const struct verify_request *request, struct finding *f, size_t *at)
{
    unsigned budget = CONSTRAINT_BUDGET;
    for (size_t i = path->n; i-- > 1;) {
        *at = i;
        if (!constraints_valid(path->at[i].c, request, f, NULL))
            return false;
        for (size_t below = i; below-- > 0;) {
            const struct certificate *c = path->at[below].c;
            *at = below;
            if ((below == 0 || !c->self_issued) && !constraints_allow(path->at[i].c, c, &budget, f, NULL))
                return false;
        }
    }
    return true;
}

bool signature_checkable(const struct certificate *c, const struct certificate *issuer)
{
    return c->scheme != 0 && issuer->key.kind != 0;
}

bool signature_good(const struct certificate *c, const struct certificate *issuer)
{
    uint16_t id = c->scheme;
    if (issuer->key.kind == KEY_RSA_PSS && id >= 0x0804 && id <= 0x0806)
        id = (uint16_t)(id + 5); /* rsa_pss_rsae_… to rsa_pss_pss_… */
    const struct scheme *scheme = id ? scheme_by_id(id) : NULL;
    return scheme != NULL && issuer->key.kind != 0 &&
           scheme_fits_key(scheme, (enum key_kind)issuer->key.kind, 0x0303) &&
           crypto_verify(&issuer->key, scheme, c->tbs, c->signature);
}
