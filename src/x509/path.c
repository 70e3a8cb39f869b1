/* Path building: from the leaf over the certificates sent, in whatever order, to a trust anchor. RFC 4158, RFC 5280 6.1.

   A depth-first search over all candidates whose subject is the issuer wanted, the likelier ones first: anchors, matching
   key identifiers, valid dates, names from which an anchor can be reached at all. Rules that need one certificate only
   are applied before its signature check, rules for the whole path at its end; when one is broken, the search goes on
   with the next candidate.

   Whatever was sent, the work is bounded: signature checks (weighed by what they cost, made once for each pair of
   certificates), steps, and comparisons of names with name constraints each have a budget for the whole search. Names are
   compared with each other once, at the start; from then on they are numbers.

   When no path is acceptable, a second, short walk finds the one to report. */
#include "x509/path.h"

#include "x509/anchors.h"
#include "x509/certificate.h"
#include "x509/constraints.h"
#include "x509/legacy.h"
#include "x509/policy.h"
#include "x509/remember.h"
#include "x509/revocation.h"

#define DEFAULT_INTERMEDIATES 10
#define DEFAULT_SIGNATURES    128 /* in checks with a P-256 or RSA-2048 key */
#define MAX_STEPS             1000
#define STEPS_COMPLETE        8 /* what judging a complete path counts as */
#define MAX_CANDIDATES        256
#define HASHED_LIKE_A_CHECK   32768 /* bytes */
#define REPORT_SIGNATURES     16    /* beyond the budget, for a good report */

/* A certificate the peer sent. Only looked into when its name is needed. */
struct candidate {
    bytes der;
    uint16_t subject, issuer; /* numbers of names */
    bool broken, reaches_anchor;
};
/* What may stand above the end of a path. */
struct option {
    struct link link;
    bool reaches_anchor;
};
/* One name, in whatever spelling, and the certificates that have it as subject. */
struct name_entry {
    bytes name;
    uint32_t hash;
    bool listed; /* options are filled in */
    struct option *options;
    size_t n;
};
struct remembered {
    const struct certificate *c, *issuer;
    bool good;
};
struct search {
    const struct verify_request *request;
    struct arena *arena;
    struct candidate *candidates;
    struct name_entry *names;
    struct remembered *signatures;
    size_t n, n_names, max_intermediates;
    unsigned n_signatures, room_signatures, cost, max_cost, steps, comparisons;
    struct path path;
    struct search_result *out;
    bool leaf_kept; /* the rules for the leaf alone, its name included */
    bool over;      /* give up: nothing can be found any more, a budget or memory is used up */
    bool no_memory, has_refused;
};

static bool prepare(struct search *s, const struct certificate *leaf);
static bool extend(struct search *s);
static bool complete(struct search *s);
static bool put_off_good(struct search *s);
static bool policies_and_revocation(struct search *s);
static struct name_entry *options_above(struct search *s);
static bool has_option(const struct name_entry *name, bytes der);
static bool try_option(struct search *s, const struct option *option);
static bool give_up(struct search *s, const struct option *option, enum tried_why why);
static int rank_of(const struct search *s, const struct option *option);
static unsigned cost_of(const struct certificate *c, const struct public_key *key);
static bool in_path(const struct path *path, const struct link *link);
static void keep(struct search *s, size_t n, const struct option *option, enum tried_why why);
static void keep_rest(struct search *s, const struct name_entry *above, size_t n, int rank, size_t i);
static bool check_signature(struct search *s, const struct certificate *c, const struct certificate *issuer,
                            bool *good);
static void report(struct search *s);

void path_find(const struct verify_request *request, const struct certificate *leaf, struct arena *arena,
               struct search_result *out)
{
    struct search s = {.request = request, .arena = arena, .out = out, .comparisons = CONSTRAINT_BUDGET};
    *out = (struct search_result){.ending = PATH_UNFINISHED};
    s.max_cost = request->budget ? request->budget : DEFAULT_SIGNATURES;
    s.max_intermediates = path_max_intermediates(request);
    if (!prepare(&s, leaf)) {
        out->ending = PATH_NO_MEMORY;
        return;
    }
    if (request->attempts)
        out->tried.at = arena_take(arena, TRIED_MOST * sizeof *out->tried.at);
    struct finding ignored;
    struct standing standing = path_standing(&s.path, 0, request);
    s.leaf_kept = rules_kept(&standing, &ignored) &&
                  (request->host == NULL || host_matches_below(leaf, request->host, request->suffixes));
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

static uint16_t number_of_name(struct search *s, bytes name);
static bool mark_reaching(struct search *s);

static bool prepare(struct search *s, const struct certificate *leaf)
{
    const struct verify_request *request = s->request;
    s->n = request->n > MAX_CANDIDATES ? MAX_CANDIDATES : request->n;
    s->candidates = arena_take(s->arena, s->n * sizeof *s->candidates);
    s->names = arena_take(s->arena, 2 * s->n * sizeof *s->names);
    if (s->candidates == NULL || s->names == NULL)
        return false;
    struct link *first = &s->path.at[0];
    *first = (struct link){.c = leaf, .sent = 0};
    first->subject = number_of_name(s, leaf->subject);
    first->issuer = number_of_name(s, leaf->issuer);
    first->anchor = anchors_same(request->anchors, leaf->der, leaf->subject, s->names[first->subject].hash) != NULL;
    s->path.n = 1;
    for (size_t i = 1; i < s->n; i++) {
        struct candidate *c = &s->candidates[i];
        bytes issuer, subject;
        c->der = request->chain[i];
        c->broken = !certificate_peek(c->der, &issuer, &subject);
        c->reaches_anchor = true;
        if (!c->broken) {
            c->subject = number_of_name(s, subject);
            c->issuer = number_of_name(s, issuer);
        }
    }
    if (revocation_asked(request, leaf) && (s->out->lists = revocation_lists_read(request, s->arena)) == NULL)
        return false;
    return s->n <= 3 || mark_reaching(s);
}

static uint16_t number_of_name(struct search *s, bytes name)
{
    const uint32_t hash = name_hash(name);
    for (size_t i = 0; i < s->n_names; i++)
        if (s->names[i].hash == hash && name_equal(s->names[i].name, name))
            return (uint16_t)i;
    s->names[s->n_names] = (struct name_entry){.name = name, .hash = hash};
    return (uint16_t)s->n_names++;
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
        const struct name_entry *issuer = &s->names[c->issuer];
        c->reaches_anchor =
            !c->broken && anchors_find_hashed(s->request->anchors, issuer->name, issuer->hash, 0) != NULL;
        if (c->reaches_anchor)
            found[n++] = (uint16_t)i;
    }
    for (size_t k = 0; k < n; k++) {
        const struct candidate *issuer = &s->candidates[found[k]];
        for (size_t i = 1; i < s->n; i++) {
            struct candidate *c = &s->candidates[i];
            if (!c->broken && !c->reaches_anchor && c->issuer == issuer->subject) {
                c->reaches_anchor = true;
                found[n++] = (uint16_t)i;
            }
        }
    }
    return true;
}

/* All certificates whose subject is the issuer of the path's end: anchors, then candidates, read now and kept. NULL: no
   memory. */
static struct name_entry *options_above(struct search *s)
{
    const struct anchors *anchors = s->request->anchors;
    const uint16_t number = s->path.at[s->path.n - 1].issuer;
    struct name_entry *name = &s->names[number];
    size_t room = 0;
    if (name->listed)
        return name;
    while (anchors_find_hashed(anchors, name->name, name->hash, room) != NULL)
        room++;
    for (size_t i = 1; i < s->n; i++)
        room += !s->candidates[i].broken && s->candidates[i].subject == number ? 1 : 0;
    if (room > 0 && (name->options = arena_take(s->arena, room * sizeof *name->options)) == NULL)
        return NULL;
    const struct certificate *anchor;
    for (size_t i = 0; (anchor = anchors_find_hashed(anchors, name->name, name->hash, i)) != NULL; i++)
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): as many as were counted above */
        name->options[name->n++] = (struct option){{.c = anchor, .anchor = true, .sent = -1, .subject = number}, true};
    for (size_t i = 1; i < s->n; i++) {
        const struct candidate *c = &s->candidates[i];
        fede_error ignored = {0};
        if (c->broken || c->subject != number || has_option(name, c->der))
            continue;
        struct certificate *read = arena_take(s->arena, sizeof *read);
        if (read == NULL)
            return NULL;
        if (certificate_read(c->der, read, &ignored))
            name->options[name->n++] = (struct option){
                {.c = read, .sent = (int32_t)i, .subject = number, .issuer = c->issuer}, c->reaches_anchor};
    }
    name->listed = true;
    return name;
}

/* The same certificate again, sent twice or an anchor too. */
static bool has_option(const struct name_entry *name, bytes der)
{
    for (size_t i = 0; i < name->n; i++)
        if (bytes_equal(name->options[i].link.c->der, der))
            return true;
    return false;
}

/* ---- Search ----------------------------------------------------------------------------------------------------- */

enum { RANK_BEST = 7, RANK_DEAD_END = 0 };

/* Tries every way to go on from the end of the path. */
static bool extend(struct search *s)
{
    if (s->path.at[s->path.n - 1].anchor)
        return complete(s);
    const struct name_entry *above = options_above(s);
    const size_t n = s->path.n;
    unsigned ranks = 0;
    if (above == NULL) {
        s->no_memory = s->over = true;
        return false;
    }
    for (size_t i = 0; i < above->n; i++)
        ranks |= 1u << rank_of(s, &above->options[i]);
    for (int rank = RANK_BEST; rank > RANK_DEAD_END; rank--) {
        for (size_t i = 0; (ranks >> rank & 1) != 0 && i < above->n; i++) {
            const struct option *option = &above->options[i];
            if (rank_of(s, option) == rank && try_option(s, option)) {
                s->path.at[s->path.n++] = option->link;
                if (extend(s)) {
                    keep_rest(s, above, n, rank, i);
                    return true;
                }
                s->path.n--;
            }
            if (s->over)
                return false;
        }
    }
    for (size_t i = 0; (ranks >> RANK_DEAD_END & 1) != 0 && i < above->n; i++)
        if (rank_of(s, &above->options[i]) == RANK_DEAD_END)
            keep(s, n, &above->options[i], TRIED_DEAD_END);
    return false;
}

/* For the trail, if it is wanted: this stands where path and option are given up. */
static void keep(struct search *s, size_t n, const struct option *option, enum tried_why why)
{
    if (s->out->tried.at != NULL)
        tried_keep(s->out, s->arena, &s->path, n, option != NULL ? &option->link : NULL, why);
}

/* What was not looked at any more, behind option i of a rank above the first n links. */
static void keep_rest(struct search *s, const struct name_entry *above, size_t n, int rank, size_t i)
{
    const size_t len = s->path.n;
    s->path.n = n; /* ranks are those above this place */
    for (int r = rank; s->out->tried.at != NULL && r >= RANK_DEAD_END; r--)
        for (size_t k = r == rank ? i + 1 : 0; k < above->n; k++)
            if (rank_of(s, &above->options[k]) == r)
                keep(s, n, &above->options[k], r == RANK_DEAD_END ? TRIED_DEAD_END : TRIED_LATER);
    s->path.n = len;
}

/* How likely an option leads to a path: RANK_BEST first, RANK_DEAD_END only for reports. */
static int rank_of(const struct search *s, const struct option *option)
{
    const struct certificate *end = s->path.at[s->path.n - 1].c, *c = option->link.c;
    bool wanted = end->authority_key_id.data != NULL && c->subject_key_id.data != NULL;
    bool same_key = wanted && bytes_equal(end->authority_key_id, c->subject_key_id);
    bool valid = c->not_before <= s->request->at && s->request->at <= c->not_after;
    if (!option->reaches_anchor)
        return RANK_DEAD_END;
    return 1 + (option->link.anchor ? 1 : 0) + (same_key || !wanted ? 3 : 0) + (valid ? 1 : 0) + (same_key ? 1 : 0);
}

/* Counts work; false and the end of the search when there was too much of it. */
static bool spend(struct search *s, unsigned steps)
{
    s->steps += steps;
    if (s->steps <= MAX_STEPS)
        return true;
    s->over = true;
    s->out->exhausted = FEDE_CERT_SEARCH_BUDGET;
    s->out->limit = MAX_STEPS;
    return false;
}

/* May the option be put on the path? Cheap rules first, the signature last. */
static bool try_option(struct search *s, const struct option *option)
{
    const struct certificate *end = s->path.at[s->path.n - 1].c, *c = option->link.c;
    struct finding ignored;
    bool good;
    if (!spend(s, 1))
        return give_up(s, option, TRIED_BUDGET);
    if (in_path(&s->path, &option->link))
        return give_up(s, option, TRIED_AGAIN);
    if (s->path.n == PATH_LIMIT)
        return give_up(s, option, TRIED_TOO_LONG);
    s->path.at[s->path.n] = option->link;
    struct standing standing = path_standing(&s->path, s->path.n, s->request);
    size_t intermediates = (size_t)standing.below + (c->self_issued ? 0 : 1);
    if (!option->link.anchor && intermediates > s->max_intermediates)
        return give_up(s, option, TRIED_TOO_LONG);
    if (!rules_kept(&standing, &ignored))
        return give_up(s, option, TRIED_RULE);
    if (!check_signature(s, end, c, &good)) {
        s->over = true;
        s->out->exhausted = FEDE_CERT_BUDGET;
        s->out->limit = s->max_cost;
        return give_up(s, option, TRIED_BUDGET);
    }
    return good || give_up(s, option, TRIED_SIGNATURE);
}

static bool give_up(struct search *s, const struct option *option, enum tried_why why)
{
    keep(s, s->path.n, option, why);
    return false;
}

/* The same name with the same key twice leads nowhere that the first did not. */
static bool in_path(const struct path *path, const struct link *link)
{
    for (size_t i = 0; i < path->n; i++)
        if (path->at[i].subject == link->subject && bytes_equal(path->at[i].c->key.spki, link->c->key.spki))
            return true;
    return false;
}

/* What a signature check costs, in checks with P-256, roughly. Kind 0: DSA. */
static unsigned cost_of_key(const struct public_key *key)
{
    switch (key->kind) {
    case KEY_RSA:
    case KEY_RSA_PSS:
        return (key->bits <= 4096 ? 1u : 4u) * (key->exponent.len <= 4 ? 1u : 2u);
    case KEY_EC_P384:
        return 4;
    case KEY_EC_P521:
        return 8;
    case KEY_ED448:
        return 4;
    case 0:
        return 8;
    default:
        return 1;
    }
}

/* What is signed is hashed each time: 32 KB of it take as long as a check. */
static unsigned cost_of(const struct certificate *c, const struct public_key *key)
{
    return cost_of_key(key) + (unsigned)(c->tbs.len / HASHED_LIKE_A_CHECK);
}

/* Room for one more remembered signature; false: no memory. */
static bool remember_more(struct search *s)
{
    if (s->n_signatures < s->room_signatures)
        return true;
    const unsigned room = s->room_signatures == 0 ? 8 : s->room_signatures * 2;
    struct remembered *more = arena_take(s->arena, room * sizeof *more);
    if (more == NULL) {
        s->no_memory = true;
        return false;
    }
    bytes_copy(more, s->signatures, s->n_signatures * sizeof *more);
    s->signatures = more;
    s->room_signatures = room;
    return true;
}

/* False: the budget, or memory, is used up. */
static bool check_signature(struct search *s, const struct certificate *c, const struct certificate *issuer, bool *good)
{
    for (unsigned i = 0; i < s->n_signatures; i++) {
        if (s->signatures[i].c == c && s->signatures[i].issuer == issuer) {
            *good = s->signatures[i].good;
            return true;
        }
    }
    const unsigned cost = cost_of(c, &issuer->key);
    if (s->cost + cost > s->max_cost || !remember_more(s))
        return false;
    s->cost += cost;
    if (legacy_checkable(s->request, c, issuer)) {
        *good = legacy_inherits(issuer) || legacy_good(c, &(struct link){.c = issuer}, 1); /* put_off_good */
        s->signatures[s->n_signatures++] = (struct remembered){c, issuer, *good};
        return true;
    }
    fede_signatures *before = s->request->signatures;
    const bool known = before != NULL && signatures_has(before, c->der, issuer->key.spki);
    *good = known || signature_good(c, issuer);
    if (*good && before != NULL && !known)
        signatures_add(before, c->der, issuer->key.spki);
    s->signatures[s->n_signatures++] = (struct remembered){c, issuer, *good};
    return true;
}

/* The path has reached an anchor. The first one refused is kept for the report. */
static bool complete(struct search *s)
{
    struct finding ignored;
    size_t at;
    if (!spend(s, STEPS_COMPLETE))
        return false;
    bool kept = path_rules_kept(&s->path, s->request, &s->comparisons, &ignored, &at) && put_off_good(s) &&
                policies_and_revocation(s);
    if (!kept && s->comparisons == 0) {
        s->over = true;
        s->out->exhausted = FEDE_CERT_CONSTRAINT_BUDGET;
        s->out->limit = CONSTRAINT_BUDGET;
    }
    if (s->no_memory)
        return false;
    if (kept && s->leaf_kept)
        return true;
    keep(s, s->path.n, NULL, TRIED_WHOLE);
    if (!s->has_refused || kept) {
        s->has_refused = true;
        s->out->path = s->path;
        s->out->ending = PATH_REFUSED;
    }
    s->over = kept; /* no other path could be better: it is the leaf that is refused */
    return false;
}

/* Signatures by keys whose parameters stand further up the path. */
static bool put_off_good(struct search *s)
{
    for (size_t i = 0; i + 1 < s->path.n; i++) {
        const struct link *above = &s->path.at[i + 1];
        if (!legacy_checkable(s->request, s->path.at[i].c, above->c) || !legacy_inherits(above->c))
            continue;
        s->cost += cost_of(s->path.at[i].c, &above->c->key);
        if (s->cost > s->max_cost) {
            s->over = true;
            s->out->exhausted = FEDE_CERT_BUDGET;
            s->out->limit = s->max_cost;
            return false;
        }
        if (!legacy_good(s->path.at[i].c, above, s->path.n - i - 1))
            return false;
    }
    return true;
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
        if (status != REVOCATION_GOOD && status != REVOCATION_NOT_ASKED)
            return false;
    }
    return true;
}

/* ---- Report ----------------------------------------------------------------------------------------------------- */

static void best_of_rank(struct search *s, const struct name_entry *above, int rank, const struct option **best,
                         const struct option **bad);

/* No path reached an anchor with every rule kept on the way. Walks up once more, now over certificates that break rules
   too, and takes at each step the option whose key verifies the signature, or else one that should. */
static void report(struct search *s)
{
    s->max_cost += REPORT_SIGNATURES;
    s->path.n = 1;
    while (!s->path.at[s->path.n - 1].anchor && s->path.n < PATH_LIMIT) {
        const struct option *best = NULL, *bad = NULL;
        const struct name_entry *above = options_above(s);
        if (above == NULL) {
            s->no_memory = true;
            break;
        }
        for (int rank = RANK_BEST; rank >= RANK_DEAD_END && best == NULL; rank--)
            best_of_rank(s, above, rank, &best, &bad);
        if (best == NULL && bad == NULL)
            break;
        s->path.at[s->path.n++] = best ? best->link : bad->link;
        if (best == NULL) {
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

/* best: the first option of this rank whose key verifies the end's signature; bad: the first that should but does not. */
static void best_of_rank(struct search *s, const struct name_entry *above, int rank, const struct option **best,
                         const struct option **bad)
{
    const struct certificate *end = s->path.at[s->path.n - 1].c;
    for (size_t i = 0; i < above->n && *best == NULL; i++) {
        const struct option *option = &above->options[i];
        const struct certificate *c = option->link.c;
        if (rank_of(s, option) != rank || in_path(&s->path, &option->link))
            continue;
        /* What can't be checked is refused by another rule, with a better sentence. */
        bool good = !signature_checkable(end, c) && !legacy_checkable(s->request, end, c);
        if (!good && !check_signature(s, end, c, &good))
            continue;
        bool other_key = end->authority_key_id.data != NULL && c->subject_key_id.data != NULL &&
                         !bytes_equal(end->authority_key_id, c->subject_key_id);
        if (good)
            *best = option;
        else if (*bad == NULL && !other_key)
            *bad = option;
    }
}

/* ---- Rules of a path -------------------------------------------------------------------------------------------- */

struct standing path_standing(const struct path *path, size_t i, const struct verify_request *request)
{
    struct standing s = {.c = path->at[i].c, .request = request, .position = i, .anchor = path->at[i].anchor};
    for (size_t k = 1; k < i; k++)
        s.below += path->at[k].c->self_issued ? 0 : 1;
    return s;
}

bool path_rules_kept(const struct path *path, const struct verify_request *request, unsigned *comparisons,
                     struct finding *f, size_t *at)
{
    for (size_t i = path->n; i-- > 0;) {
        *at = i;
        if (!constraints_valid(path->at[i].c, request, f, NULL))
            return false;
        for (size_t below = i; below-- > 0;) {
            const struct certificate *c = path->at[below].c;
            *at = below;
            if ((below == 0 || !c->self_issued) && !constraints_allow(path->at[i].c, c, comparisons, f, NULL))
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
