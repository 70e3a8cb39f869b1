/* Revocation: CRLs (RFC 5280 6.3), with the OCSP response for the leaf beside them (ocsp.c).

   Every list given is considered for every distribution point of the certificate, whatever way it came. A list counts when
   its scope covers the certificate, it is in force, and its signer, whose own path must end in the same trust anchor,
   has signed it. Reasons add up until all are covered; a delta list corrects the complete list it belongs to. What is
   not covered is unknown, and unknown is a failure: whoever gives lists wants them to decide. A response that counts
   decides about the leaf; one that does not is as good as none. Revoked by either is revoked.

   Not here: fetching (no I/O in this folder). */
#include "x509/revocation.h"

#include <stdlib.h>

#include "x509/anchors.h"
#include "x509/certificate.h"
#include "x509/crl_lookup.h"
#include "x509/der.h"
#include "x509/legacy.h"
#include "x509/ocsp.h"

#define MAX_SIGNATURES 64
#define MAX_POINTS     32          /* distribution points of one certificate */
#define MAX_NESTING    3           /* signers of lists that are judged by other lists */
#define HASHED_FREELY  (16u << 20) /* bytes of lists for signatures, beside four times what was given */

/* A list, and whether its signature is known to be good for paths that end in a certain anchor. */
struct list {
    struct crl crl;
    bool usable; /* readable, nothing unknown and critical in it, in force */
    const char *problem;
    struct crl_memory memory;
    const struct certificate *good_for; /* the anchor of paths for which its signer is known to be valid */
};
struct revocation_lists {
    const struct verify_request *request;
    struct arena *arena;
    struct list *at;
    size_t n;
    unsigned signatures;
    size_t to_hash; /* bytes left */
    bool no_memory;
    struct { /* the response judged, for one issuer */
        const struct certificate *issuer;
        uint8_t answer;
        const char *problem;
        struct ocsp_single single;
    } staple;
};
/* One DistributionPoint of a certificate. */
struct point {
    bytes name;    /* content of DistributionPointName; data NULL: absent */
    bytes issuers; /* GeneralNames content of cRLIssuer; data NULL: absent */
    uint16_t reasons;
};
/* What is known about one certificate so far. */
struct status {
    const struct certificate *c, *anchor;
    uint16_t covered;
    bool revoked;
    int reason;
    int64_t date;
    const char *problem; /* of the last list that did not count */
};

static enum revocation by_lists(struct revocation_lists *r, const struct path *path, size_t i, struct finding *f,
                                struct text *words);
static enum revocation by_staple(struct revocation_lists *r, const struct path *path, struct finding *f,
                                 struct text *words);
static bool unknown_matters(const struct verify_request *request, size_t i);
static void judge_point(struct revocation_lists *r, const struct path *path, size_t i, const struct point *p,
                        struct status *s);
static bool in_scope(const struct crl *crl, const struct point *p, const struct status *s);
static bool signer_valid(struct revocation_lists *r, const struct path *path, size_t i, struct list *list,
                         struct status *s);
static struct list *delta_of(struct revocation_lists *r, const struct path *path, size_t i, const struct list *base,
                             struct status *s);
static bool next_point(struct der *d, struct point *out);
static bool names_match(bytes a, bytes b, bytes base);
static bool usable(struct list *list, const struct verify_request *request);
static int by_age(const void *a, const void *b);

struct revocation_lists *revocation_lists_read(const struct verify_request *request, struct arena *arena)
{
    struct revocation_lists *r = arena_take(arena, sizeof *r);
    if (r == NULL || (r->at = arena_take(arena, (request->n_crls ? request->n_crls : 1) * sizeof *r->at)) == NULL)
        return NULL;
    r->request = request;
    r->arena = arena;
    r->n = request->n_crls;
    r->to_hash = HASHED_FREELY;
    for (size_t i = 0; i < r->n; i++) {
        fede_error error = {0};
        struct list *list = &r->at[i];
        if (!crl_read(request->crls[i], &list->crl, &error)) {
            list->problem = "a list can't be read";
            continue;
        }
        list->usable = usable(list, request);
        r->to_hash += 4 * list->crl.tbs.len;
    }
    qsort(r->at, r->n, sizeof *r->at, by_age); /* of two lists for the same, the newer one is asked */
    return r;
}

/* As numbers: magnitudes without leading zeros. */
static int compare(bytes a, bytes b)
{
    if (a.len != b.len)
        return a.len < b.len ? -1 : 1;
    return a.len > 0 ? memcmp(a.data, b.data, a.len) : 0;
}

/* The newest first; of one second, the higher number. */
static int by_age(const void *a, const void *b)
{
    const struct crl *x = &((const struct list *)a)->crl, *y = &((const struct list *)b)->crl;
    return x->this_update != y->this_update ? (x->this_update < y->this_update ? 1 : -1)
                                            : compare(y->number, x->number);
}

static bool usable(struct list *list, const struct verify_request *request)
{
    const struct crl *crl = &list->crl;
    bool known = crl->scheme != 0 || legacy_algorithm(request, crl->algorithm);
    list->problem = !bytes_equal(crl->algorithm, crl->tbs_algorithm) ? "a list names two signature algorithms"
                    : !known                          ? "a list is signed with an algorithm that is not accepted"
                    : crl->unknown_critical           ? "a list has a critical extension that is not understood"
                    : request->at < crl->this_update  ? "a list is not in force yet"
                    : !crl->has_next_update           ? "a list does not say until when it is in force"
                    : request->at > crl->next_update  ? "a list is out of date"
                    : request->profile == PROFILE_WEB ? crl->oddity
                                                      : NULL;
    return list->problem == NULL;
}

bool revocation_asked(const struct verify_request *request, const struct certificate *leaf)
{
    return request->n_crls > 0 || request->staple.len > 0 || request->revocation == FEDE_REVOCATION_HARD ||
           request->revocation == FEDE_REVOCATION_LEAF || (request->staple_asked && promises_staple(leaf));
}

enum revocation revocation_of(struct revocation_lists *r, const struct path *path, size_t i, struct finding *f,
                              struct text *words)
{
    const struct verify_request *request = r->request;
    const struct certificate *c = path->at[i].c;
    bool stapled = i == 0 && request->staple.len > 0;
    enum revocation status = stapled ? by_staple(r, path, f, words) : REVOCATION_UNKNOWN;
    if (status == REVOCATION_UNKNOWN && i == 0 && request->staple_asked && promises_staple(c)) {
        if (words && !stapled)
            text_add(words, "it promises an OCSP response with it, and none came");
        broken(f, FEDE_CERT_STAPLE_MISSING, "tlsFeature", 0, 0);
        return REVOCATION_UNKNOWN;
    }
    if (status == REVOCATION_REVOKED || request->n_crls == 0) {
        if (status == REVOCATION_UNKNOWN && !stapled) {
            if (words)
                text_add(words, i == 0 && request->staple_asked
                                    ? "the server was asked for an OCSP response and sent none"
                                    : "neither lists nor responses were given for it");
            broken(f, FEDE_CERT_REVOCATION_UNKNOWN, NULL, 0, 0);
        }
    } else {
        struct finding by_list;
        char room[300];
        struct text more = text_in(room, sizeof room);
        enum revocation listed = by_lists(r, path, i, &by_list, words && stapled ? &more : words);
        if (listed == REVOCATION_NO_MEMORY || listed == REVOCATION_REVOKED || status == REVOCATION_UNKNOWN) {
            status = listed;
            *f = by_list;
            if (words && stapled) {
                text_add(words, "; ");
                text_add(words, more.out);
            }
        }
    }
    return status == REVOCATION_UNKNOWN && !unknown_matters(request, i) ? REVOCATION_NOT_ASKED : status;
}

/* Lists are wanted for all, a response is one for the leaf. */
static bool unknown_matters(const struct verify_request *request, size_t i)
{
    switch (request->revocation) {
    case FEDE_REVOCATION_SOFT:
        return false;
    case FEDE_REVOCATION_HARD:
        return true;
    case FEDE_REVOCATION_LEAF:
        return i == 0 || request->n_crls > 0;
    case FEDE_REVOCATION_IF_GIVEN:
        break;
    }
    return request->n_crls > 0 || (i == 0 && request->staple.len > 0);
}

static enum revocation by_staple(struct revocation_lists *r, const struct path *path, struct finding *f,
                                 struct text *words)
{
    const struct certificate *issuer = path->at[1].c;
    if (r->staple.issuer != issuer) {
        r->staple.problem = "too many signatures had to be checked";
        r->staple.answer = 0;
        if (r->signatures < MAX_SIGNATURES) {
            r->signatures += 2;
            r->staple.answer = (uint8_t)ocsp_judge(r->request->staple, path->at[0].c, issuer, r->request->at,
                                                   &r->staple.single, &r->staple.problem);
        }
        r->staple.issuer = issuer;
    }
    const struct ocsp_single *single = &r->staple.single;
    switch (r->staple.answer) {
    case OCSP_GOOD:
        if (words) {
            text_add(words, "good by the OCSP response of ");
            text_time(words, single->this_update);
        }
        return REVOCATION_GOOD;
    case OCSP_REVOKED:
        if (words) {
            text_add(words, "revoked on ");
            text_time(words, single->revoked_at);
            text_add(words, " by the OCSP response");
        }
        broken(f, FEDE_CERT_REVOKED, "certStatus", single->revoked_at, single->reason < 0 ? 0 : single->reason);
        return REVOCATION_REVOKED;
    default:
        if (words)
            text_add(words, r->staple.answer == 0 ? r->staple.problem : "the responder does not know the certificate");
        broken(f, FEDE_CERT_STAPLE_BAD, "certStatus", 0, 0);
        return REVOCATION_UNKNOWN;
    }
}

/* ---- Lists ---------------------------------------------------------------------------------------------------- */

static enum revocation by_lists(struct revocation_lists *r, const struct path *path, size_t i, struct finding *f,
                                struct text *words)
{
    struct status s = {.c = path->at[i].c, .anchor = path->at[path->n - 1].c};
    struct point point;
    bytes points;
    if (s.c->crl_points.data != NULL && der_only(s.c->crl_points, DER_SEQUENCE, &points)) {
        struct der d = der_in(points);
        for (int n = 0; n < MAX_POINTS && s.covered != REASONS_ALL && !s.revoked && next_point(&d, &point); n++)
            judge_point(r, path, i, &point, &s);
    }
    point = (struct point){.reasons = REASONS_ALL}; /* the issuer's own list, whatever way it came */
    if (s.covered != REASONS_ALL && !s.revoked)
        judge_point(r, path, i, &point, &s);
    if (r->no_memory)
        return REVOCATION_NO_MEMORY;
    if (s.revoked) {
        if (words) {
            text_add(words, "revoked on ");
            text_time(words, s.date);
        }
        broken(f, FEDE_CERT_REVOKED, "revokedCertificates", s.date, s.reason);
        return REVOCATION_REVOKED;
    }
    if (s.covered != REASONS_ALL) {
        if (words)
            text_add(words, s.problem   ? s.problem
                            : s.covered ? "the lists given do not cover all reasons"
                                        : "none of the lists given covers it");
        broken(f, FEDE_CERT_REVOCATION_UNKNOWN, "cRLDistributionPoints", 0, 0);
        return REVOCATION_UNKNOWN;
    }
    if (words)
        text_add(words, "not on the revocation list of its issuer");
    return REVOCATION_GOOD;
}

static void judge_point(struct revocation_lists *r, const struct path *path, size_t i, const struct point *p,
                        struct status *s)
{
    for (size_t k = 0; k < r->n && !s->revoked && s->covered != REASONS_ALL; k++) {
        struct list *list = &r->at[k];
        if (list->crl.base_number.data != NULL || !in_scope(&list->crl, p, s))
            continue;
        uint16_t reasons = list->crl.reasons & p->reasons;
        if (!list->usable)
            s->problem = list->problem;
        if (!list->usable || (reasons & ~s->covered) == 0 || !signer_valid(r, path, i, list, s))
            continue;
        struct list *delta = delta_of(r, path, i, list, s);
        const struct crl_found *entry = crl_look_up(&list->crl, &list->memory, s->c, r->arena);
        const struct crl_found *newer = delta ? crl_look_up(&delta->crl, &delta->memory, s->c, r->arena) : NULL;
        if (entry == NULL || (delta != NULL && newer == NULL)) {
            s->problem = "too many certificates had to be looked up in one list";
            continue;
        }
        if (!entry->understood || (newer != NULL && !newer->understood)) {
            s->problem = "a list has an entry that is not understood";
            continue;
        }
        bool by_newer = newer != NULL && newer->listed;
        s->revoked = by_newer ? newer->reason != CRL_REMOVED : entry->listed;
        s->reason = by_newer ? newer->reason : entry->reason;
        s->date = by_newer ? newer->date : entry->date;
        s->covered |= reasons;
    }
}

/* ---- Scope ------------------------------------------------------------------------------------------------------ */

/* RFC 5280 6.3.3 (b). */
static bool in_scope(const struct crl *crl, const struct point *p, const struct status *s)
{
    const struct certificate *c = s->c;
    if (p->issuers.data != NULL ? !crl->indirect || !general_names_hold(p->issuers, crl->issuer)
                                : !name_equal(crl->issuer, c->issuer))
        return false;
    if (crl->attributes_only || (crl->users_only && c->is_ca) || (crl->cas_only && !c->is_ca))
        return false;
    if (crl->point.data == NULL)
        return true;
    if (p->name.data != NULL)
        return names_match(crl->point, p->name, crl->issuer);
    /* No name in the distribution point: its cRLIssuer, or the certificate's issuer, stands for it. */
    struct der d = der_in(crl->point);
    bytes full;
    if (!der_read(&d, DER_CONTEXT_CONSTRUCTED(0), &full))
        return false;
    if (p->issuers.data == NULL)
        return general_names_hold(full, c->issuer);
    bytes rest = p->issuers, value;
    enum general_name kind;
    while (general_names_next(&rest, &kind, &value))
        if (kind == NAME_DIRECTORY && general_names_hold(full, value))
            return true;
    return false;
}

/* A DistributionPointName: a list of full names, or one RDN below a base. */
struct point_name {
    bytes full, relative, base;
};

static bool point_name_read(bytes point, bytes base, struct point_name *out)
{
    struct der d = der_in(point);
    *out = (struct point_name){.base = base};
    bool full = der_at(&d, DER_CONTEXT_CONSTRUCTED(0));
    return der_read(&d, full ? DER_CONTEXT_CONSTRUCTED(0) : DER_CONTEXT_CONSTRUCTED(1),
                    full ? &out->full : &out->relative) &&
           der_done(&d);
}

/* Is the name the base and one more RDN? */
static bool name_extends(bytes name, bytes base, bytes relative)
{
    bytes rdns, set = BYTES_NONE, above;
    if (!name_within(base, name) || !der_only(name, DER_SEQUENCE, &rdns) || !der_only(base, DER_SEQUENCE, &above))
        return false;
    struct der d = der_in(rdns), b = der_in(above);
    while (der_read(&b, DER_SET, &set))
        der_read(&d, DER_SET, &set);
    return der_read(&d, DER_SET, &set) && der_done(&d) && rdn_equal(set, relative);
}

/* Do two distribution point names have one in common? */
static bool names_match(bytes a, bytes b, bytes base)
{
    struct point_name x, y;
    if (!point_name_read(a, base, &x) || !point_name_read(b, base, &y))
        return false;
    if (x.full.data == NULL && y.full.data == NULL)
        return rdn_equal(x.relative, y.relative);
    if (x.full.data == NULL) {
        struct point_name swapped = x;
        x = y;
        y = swapped;
    }
    enum general_name kind, other_kind;
    bytes value, other;
    while (general_names_next(&x.full, &kind, &value)) {
        if (y.full.data == NULL && kind == NAME_DIRECTORY && name_extends(value, y.base, y.relative))
            return true;
        bytes rest = y.full;
        while (general_names_next(&rest, &other_kind, &other)) {
            bool equal = kind == NAME_DIRECTORY ? name_equal(value, other) : bytes_equal(value, other);
            if (kind == other_kind && equal)
                return true;
        }
    }
    return false;
}

/* The next DistributionPoint of a certificate (RFC 5280 4.2.1.13). A malformed one ends the list. */
static bool next_point(struct der *d, struct point *out)
{
    bytes content, bits;
    *out = (struct point){.reasons = REASONS_ALL};
    if (!der_more(d) || !der_read(d, DER_SEQUENCE, &content))
        return false;
    struct der p = der_in(content);
    if (der_at(&p, DER_CONTEXT_CONSTRUCTED(0)) && !der_read(&p, DER_CONTEXT_CONSTRUCTED(0), &out->name))
        return false;
    if (der_at(&p, DER_CONTEXT(1)) && (!der_read(&p, DER_CONTEXT(1), &bits) || !reasons_read(bits, &out->reasons)))
        return false;
    if (der_at(&p, DER_CONTEXT_CONSTRUCTED(2)) &&
        (!der_read(&p, DER_CONTEXT_CONSTRUCTED(2), &out->issuers) || !general_names_valid(out->issuers)))
        return false;
    return der_done(&p);
}

/* ---- Who signed it ---------------------------------------------------------------------------------------------- */

static bool may_sign(const struct list *list, const struct certificate *c)
{
    bytes wanted = list->crl.authority_key_id, has = c->subject_key_id;
    bool other_key = wanted.data != NULL && has.data != NULL && !bytes_equal(wanted, has);
    return !other_key && (!c->has_key_usage || (c->key_usage & USAGE_CRL_SIGN) != 0);
}

/* By the first of n certificates; a DSA key may have its parameters from those behind it. */
static bool signed_by(struct revocation_lists *r, const struct list *list, const struct link *signer, size_t n)
{
    /* Only what is looked at. */
    struct certificate as_signed = {.scheme = list->crl.scheme,
                                    .algorithm = list->crl.algorithm,
                                    .tbs = list->crl.tbs,
                                    .signature = list->crl.signature};
    if (r->signatures >= MAX_SIGNATURES || r->to_hash < as_signed.tbs.len)
        return false;
    r->signatures++;
    r->to_hash -= as_signed.tbs.len;
    return legacy_checkable(r->request, &as_signed, signer->c) ? legacy_good(&as_signed, signer, n)
                                                               : signature_good(&as_signed, signer->c);
}

static bool other_signer(struct revocation_lists *r, struct list *list, const struct certificate *anchor);

/* RFC 5280 6.3.3 (f) and (g). The issuer of the certificate is judged already, as part of its path; any other signer
   needs a path of its own that ends in the same anchor. */
static bool signer_valid(struct revocation_lists *r, const struct path *path, size_t i, struct list *list,
                         struct status *s)
{
    const struct certificate *issuer = path->at[i + 1].c;
    /* The list's own signer is being judged, and its certificate says that this very list is the one that counts. */
    bool presumed = i == 0 && r->request->presumed.data == list->crl.der.data && list->crl.der.data != NULL;
    if (list->good_for == s->anchor || presumed)
        return true;
    bool own = name_equal(list->crl.issuer, issuer->subject) && may_sign(list, issuer) &&
               signed_by(r, list, &path->at[i + 1], path->n - i - 1);
    if (own || other_signer(r, list, s->anchor)) {
        list->good_for = s->anchor;
        return true;
    }
    s->problem = "the signer of a list is not allowed to sign it, unknown, or its signature is wrong";
    return false;
}

static bool path_ends_in(struct revocation_lists *r, const struct list *list, const struct certificate *c,
                         const struct certificate *anchor);

/* Looks among the certificates sent and the anchors. */
static bool other_signer(struct revocation_lists *r, struct list *list, const struct certificate *anchor)
{
    const struct verify_request *request = r->request;
    const struct certificate *found;
    for (size_t i = 0; (found = anchors_find(request->anchors, list->crl.issuer, i)) != NULL; i++)
        if (found == anchor && may_sign(list, found) && signed_by(r, list, &(struct link){.c = found}, 1))
            return true;
    for (size_t i = 0; i < request->n; i++) {
        bytes issuer, subject;
        fede_error ignored = {0};
        if (!certificate_peek(request->chain[i], &issuer, &subject) || !name_equal(subject, list->crl.issuer))
            continue;
        struct certificate *c = arena_take(r->arena, sizeof *c);
        if (c == NULL) {
            r->no_memory = true;
            return false;
        }
        if (certificate_read(request->chain[i], c, &ignored) && may_sign(list, c) &&
            signed_by(r, list, &(struct link){.c = c}, 1) && path_ends_in(r, list, c, anchor))
            return true;
    }
    return false;
}

/* The signer's own path, revocation included. */
static bool path_ends_in(struct revocation_lists *r, const struct list *list, const struct certificate *c,
                         const struct certificate *anchor)
{
    const struct verify_request *request = r->request;
    bytes *chain = arena_take(r->arena, (request->n + 1) * sizeof *chain);
    struct search_result *found = arena_take(r->arena, sizeof *found);
    if (chain == NULL || found == NULL) {
        r->no_memory = true;
        return false;
    }
    if (request->nesting >= MAX_NESTING)
        return false;
    chain[0] = c->der;
    bytes_copy(chain + 1, request->chain, request->n * sizeof *chain);
    struct verify_request own = {.chain = chain,
                                 .n = request->n + 1,
                                 .anchors = request->anchors,
                                 .purpose = PURPOSE_ANY,
                                 .at = request->at,
                                 .max_path = request->max_path,
                                 .budget = request->budget,
                                 .profile = PROFILE_RFC5280,
                                 .key_usage = USAGE_CRL_SIGN,
                                 .legacy_signatures = request->legacy_signatures,
                                 .crls = request->crls,
                                 .n_crls = request->n_crls,
                                 .presumed = list->crl.der,
                                 .nesting = (uint8_t)(request->nesting + 1)};
    path_find(&own, c, r->arena, found);
    return found->ending == PATH_ACCEPTED && found->path.at[found->path.n - 1].c == anchor;
}

/* ---- Delta lists ---------------------------------------------------------------------------------------------------- */

/* The newest delta list for a complete one: same issuer and scope, its base not newer than the complete list, itself newer
   (RFC 5280 5.2.4). */
static struct list *delta_of(struct revocation_lists *r, const struct path *path, size_t i, const struct list *base,
                             struct status *s)
{
    struct list *best = NULL;
    for (size_t k = 0; k < r->n; k++) {
        struct list *list = &r->at[k];
        const struct crl *d = &list->crl, *b = &base->crl;
        if (!list->usable || d->base_number.data == NULL || d->number.data == NULL || b->number.data == NULL)
            continue;
        bool same_scope = (d->scope.data == NULL) == (b->scope.data == NULL) && bytes_equal(d->scope, b->scope);
        if (!same_scope || !name_equal(d->issuer, b->issuer) || compare(b->number, d->base_number) < 0 ||
            compare(b->number, d->number) >= 0 || !signer_valid(r, path, i, list, s))
            continue;
        if (best == NULL || compare(d->number, best->crl.number) > 0)
            best = list;
    }
    return best;
}
