/* Certificate policies: RFC 5280 6.1.2 to 6.1.5 as a graph, RFC 9618.

   Each level holds the policies that the certificates down to there are good for, as a set; a node remembers the policies
   of the level above that were mapped to it, so that the question "which of the policies the first CA asserted is
   this" is answered by walking up at the end. A set for each level instead of a tree keeps hostile mappings from
   doubling the work with each certificate. */
#include "x509/policy.h"

#include "x509/der.h"

#define MAX_POLICIES 64 /* in one certificate, mappings likewise */

static const uint8_t oid_any[] = {0x55, 0x1d, 32, 0};

struct node {
    bytes policy;
    uint16_t parents[MAX_POLICIES]; /* index in the level above */
    uint8_t n_parents;              /* 0: asserted under anyPolicy */
    bool reachable;
};
struct level {
    struct node *at;
    size_t n, room;
    bool any;
};
struct mapping {
    bytes from, to;
};
/* The state of RFC 5280 6.1.2 (d) to (f). */
struct processing {
    const struct verify_request *request;
    struct arena *arena;
    struct level levels[PATH_LIMIT + 1];
    size_t n_levels;
    size_t explicit_policy, mapping, any;
    const char *problem;
};

static bool process(struct processing *p, const struct certificate *c, bool leaf);
static bool apply_policies(struct processing *p, const struct certificate *c, bool any_allowed);
static bool apply_mappings(struct processing *p, const struct certificate *c);
static bool apply_constraints(struct processing *p, const struct certificate *c);
static bool wanted_policy_reached(struct processing *p);
static bool read_policies(const struct certificate *c, bytes *out, size_t *n);
static bool read_mappings(const struct certificate *c, struct mapping *out, size_t *n);
static struct node *add_node(struct processing *p, struct level *level, bytes policy);
static struct node *find_node(const struct level *level, bytes policy);

bool policies_matter(const struct path *path, const struct verify_request *request)
{
    const uint32_t set = 1u << X_POLICY_CONSTRAINTS | 1u << X_POLICY_MAPPINGS | 1u << X_INHIBIT_ANY;
    for (size_t i = 0; i + 1 < path->n; i++)
        if ((path->at[i].c->present & set) != 0)
            return true;
    return request->explicit_policy;
}

bool policies_kept(const struct path *path, const struct verify_request *request, struct arena *arena,
                   const char **problem, size_t *at)
{
    const size_t never = path->n + 1;
    struct processing *p = arena_take(arena, sizeof *p);
    *problem = NULL;
    if (p == NULL)
        return false;
    p->request = request;
    p->arena = arena;
    p->n_levels = 1;
    p->levels[0].any = true;
    p->explicit_policy = request->explicit_policy ? 0 : never;
    p->mapping = request->inhibit_mapping ? 0 : never;
    p->any = request->inhibit_any ? 0 : never;
    for (size_t i = path->n - 1; i-- > 0;) {
        *at = i;
        if (!process(p, path->at[i].c, i == 0)) {
            *problem = p->problem;
            return false;
        }
    }
    *at = 0;
    if (p->explicit_policy == 0 && !wanted_policy_reached(p)) {
        *problem = "none of the policies wanted holds for the whole path";
        return false;
    }
    return true;
}

static bool failed(struct processing *p, const char *problem)
{
    p->problem = problem;
    return false;
}

static void count_down(size_t *counter)
{
    *counter -= *counter > 0 ? 1 : 0;
}

/* RFC 5280 6.1.3 (d) to (f), then 6.1.4 (a), (b), (h) to (j) or 6.1.5 (a), (b). */
static bool process(struct processing *p, const struct certificate *c, bool leaf)
{
    const struct level *level;
    if (!apply_policies(p, c, p->any > 0 || (!leaf && c->self_issued)))
        return false;
    level = &p->levels[p->n_levels - 1];
    if (p->explicit_policy == 0 && level->n == 0 && !level->any)
        return failed(p, "a policy is required from here on, and none is left");
    if (leaf) {
        count_down(&p->explicit_policy);
    } else {
        if (!apply_mappings(p, c))
            return false;
        if (!c->self_issued) {
            count_down(&p->explicit_policy);
            count_down(&p->mapping);
            count_down(&p->any);
        }
    }
    return apply_constraints(p, c);
}

/* Keeps the policies of the level that the certificate asserts, and adds those it asserts under anyPolicy. */
static bool apply_policies(struct processing *p, const struct certificate *c, bool any_allowed)
{
    struct level *level = &p->levels[p->n_levels - 1];
    bytes policies[MAX_POLICIES];
    size_t n = 0, kept = 0;
    bool any = false;
    if (!read_policies(c, policies, &n))
        return failed(p, "certificatePolicies is malformed, names a policy twice or has more than 64");
    for (size_t i = 0; i < n; i++)
        any = any || (any_allowed && bytes_equal(policies[i], BYTES_OF(oid_any)));
    for (size_t i = 0; !any && i < level->n; i++) {
        bool found = false;
        for (size_t k = 0; k < n && !found; k++)
            found = bytes_equal(level->at[i].policy, policies[k]);
        if (found)
            level->at[kept++] = level->at[i];
    }
    level->n = any ? level->n : kept;
    for (size_t i = 0; level->any && i < n; i++) {
        if (bytes_equal(policies[i], BYTES_OF(oid_any)) || find_node(level, policies[i]) != NULL)
            continue;
        if (add_node(p, level, policies[i]) == NULL)
            return false;
    }
    level->any = level->any && any;
    return true;
}

/* Makes the level below: each policy stands for itself or for what it is mapped to. */
static bool apply_mappings(struct processing *p, const struct certificate *c)
{
    struct level *level = &p->levels[p->n_levels - 1], *next = &p->levels[p->n_levels];
    struct mapping mappings[MAX_POLICIES];
    size_t n = 0;
    if (!read_mappings(c, mappings, &n))
        return failed(p, "policyMappings is malformed, maps anyPolicy or has more than 64");
    for (size_t i = 0; p->mapping > 0 && level->any && i < n; i++)
        if (find_node(level, mappings[i].from) == NULL && add_node(p, level, mappings[i].from) == NULL)
            return false;
    *next = (struct level){.any = level->any};
    for (size_t i = 0; i < level->n; i++) {
        bool mapped = false;
        for (size_t k = 0; k < n; k++) {
            if (!bytes_equal(mappings[k].from, level->at[i].policy))
                continue;
            mapped = true;
            struct node *to = p->mapping > 0 ? find_node(next, mappings[k].to) : NULL;
            if (p->mapping > 0 && to == NULL && (to = add_node(p, next, mappings[k].to)) == NULL)
                return false;
            if (to != NULL && to->n_parents < MAX_POLICIES)
                to->parents[to->n_parents++] = (uint16_t)i;
        }
        if (!mapped) {
            struct node *to = find_node(next, level->at[i].policy);
            if (to == NULL && (to = add_node(p, next, level->at[i].policy)) == NULL)
                return false;
            if (to->n_parents < MAX_POLICIES)
                to->parents[to->n_parents++] = (uint16_t)i;
        }
    }
    p->n_levels++;
    return true;
}

static void lower(size_t *counter, int32_t n)
{
    *counter = (size_t)n < *counter ? (size_t)n : *counter;
}

/* policyConstraints (RFC 5280 4.2.1.11) and inhibitAnyPolicy (4.2.1.14). */
static bool apply_constraints(struct processing *p, const struct certificate *c)
{
    int32_t n;
    bytes content, part;
    if ((c->present >> X_POLICY_CONSTRAINTS & 1) != 0) {
        if (!der_only(c->policy_constraints, DER_SEQUENCE, &content) || content.len == 0)
            return failed(p, "policyConstraints is malformed");
        struct der d = der_in(content);
        for (unsigned tag = 0; tag <= 1; tag++) {
            if (!der_at(&d, DER_CONTEXT(tag)))
                continue;
            if (!der_read(&d, DER_CONTEXT(tag), &part) || !der_count_of(part, &n))
                return failed(p, "policyConstraints is malformed");
            lower(tag == 0 ? &p->explicit_policy : &p->mapping, n);
        }
        if (!der_done(&d))
            return failed(p, "policyConstraints is malformed");
    }
    if ((c->present >> X_INHIBIT_ANY & 1) != 0) {
        struct der d = der_in(c->inhibit_any_policy);
        if (!der_count(&d, &n) || !der_done(&d))
            return failed(p, "inhibitAnyPolicy is malformed");
        lower(&p->any, n);
    }
    return true;
}

/* RFC 5280 6.1.5 (g): does one of the wanted policies lead down to the leaf? */
static bool wanted_policy_reached(struct processing *p)
{
    const struct verify_request *request = p->request;
    struct level *last = &p->levels[p->n_levels - 1];
    bool any_wanted = request->n_policies == 0;
    for (size_t i = 0; i < request->n_policies; i++)
        any_wanted = any_wanted || bytes_equal(request->policies[i], BYTES_OF(oid_any));
    if (last->any || (any_wanted && last->n > 0))
        return true;
    for (size_t i = 0; i < last->n; i++)
        last->at[i].reachable = true;
    for (size_t l = p->n_levels; l-- > 0;) {
        for (size_t i = 0; i < p->levels[l].n; i++) {
            const struct node *node = &p->levels[l].at[i];
            for (size_t k = 0; node->reachable && k < node->n_parents; k++)
                p->levels[l - 1].at[node->parents[k]].reachable = true;
            for (size_t k = 0; node->reachable && node->n_parents == 0 && k < request->n_policies; k++)
                if (bytes_equal(node->policy, request->policies[k]))
                    return true;
        }
    }
    return false;
}

/* ---- Extensions and levels -------------------------------------------------------------------------------------- */

static bool read_policies(const struct certificate *c, bytes *out, size_t *n)
{
    bytes list, one;
    if (c->policies.data == NULL)
        return true;
    if (!der_only(c->policies, DER_SEQUENCE, &list) || list.len == 0)
        return false;
    for (struct der d = der_in(list); der_more(&d);) {
        if (*n == MAX_POLICIES || !der_read(&d, DER_SEQUENCE, &one))
            return false;
        struct der information = der_in(one);
        if (!der_oid(&information, &out[*n]))
            return false;
        for (size_t i = 0; i < *n; i++)
            if (bytes_equal(out[i], out[*n]))
                return false;
        ++*n;
    }
    return true;
}

/* RFC 5280 6.1.4 (a): anyPolicy on neither side. */
static bool read_mappings(const struct certificate *c, struct mapping *out, size_t *n)
{
    bytes list, one;
    if (c->policy_mappings.data == NULL)
        return true;
    if (!der_only(c->policy_mappings, DER_SEQUENCE, &list) || list.len == 0)
        return false;
    for (struct der d = der_in(list); der_more(&d); ++*n) {
        if (*n == MAX_POLICIES || !der_read(&d, DER_SEQUENCE, &one))
            return false;
        struct der pair = der_in(one);
        if (!der_oid(&pair, &out[*n].from) || !der_oid(&pair, &out[*n].to) || !der_done(&pair))
            return false;
        if (bytes_equal(out[*n].from, BYTES_OF(oid_any)) || bytes_equal(out[*n].to, BYTES_OF(oid_any)))
            return false;
    }
    return true;
}

static struct node *find_node(const struct level *level, bytes policy)
{
    for (size_t i = 0; i < level->n; i++)
        if (bytes_equal(level->at[i].policy, policy))
            return &level->at[i];
    return NULL;
}

static struct node *add_node(struct processing *p, struct level *level, bytes policy)
{
    if (level->n == level->room) {
        size_t room = level->room == 0 ? 8 : level->room * 2;
        struct node *at = arena_take(p->arena, room * sizeof *at);
        if (at == NULL)
            return NULL;
        bytes_copy(at, level->at, level->n * sizeof *at);
        level->at = at;
        level->room = room;
    }
    level->at[level->n] = (struct node){.policy = policy};
    return &level->at[level->n++];
}
