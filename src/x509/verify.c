/* Is this chain good for this purpose, name and time? A verdict with its trail. RFC 5280 6, RFC 9525.

   path.c looks for a path; here the path found, good or bad, is gone through once more, check by check, to say what was
   looked at and what came out of it. Checks that did not matter any more are made all the same: whoever repairs a
   certificate wants to know everything that is wrong with it. The first failed check of the trail is the error: whether
   the path is trusted comes first, then each certificate from the leaf up, then the name. */
#include "x509/constraints.h"
#include "x509/host.h"
#include "x509/legacy.h"
#include "x509/path.h"
#include "x509/policy.h"
#include "x509/revocation.h"
#include "x509/sct.h"
#include "x509/trail.h"

#include "base/error.h"

#define DETAIL_MAX 600

static const char *put_off_problem(const struct trail *t, size_t i, bool *bad);
static void check_end(struct trail *t, const struct search_result *found);
static void check_length(struct trail *t);
static void check_constraints(struct trail *t, size_t i);
static void check_policies(struct trail *t);
static void check_name(struct trail *t);
static void check_revocation(struct trail *t, struct revocation_lists *lists);
static void check_transparency(struct trail *t);
static void copy_cut(char *out, size_t size, const char *text);
static bool fill_verdict(struct trail *t, const struct search_result *found);
static bool unreadable(const struct verify_request *request, struct arena *arena, fede_verdict *verdict,
                       fede_error *error);
static bool no_memory(const struct arena *arena, fede_verdict *verdict, fede_error *error);

bool x509_verify(const struct verify_request *request, struct arena *arena, fede_verdict *verdict,
                 struct certificate *leaf, bool *leaf_read, fede_error *error)
{
    *verdict = (fede_verdict){.at = request->at, .name = request->host ? request->host->text : NULL};
    *leaf_read = false;
    if (request->n == 0) {
        error_set(error, FEDE_CERT_NONE, FEDE_ORIGIN_US, "certificate_list", 0, 0);
        verdict->reason = FEDE_CERT_NONE;
        return false;
    }
    fede_error reading = {0};
    struct certificate *own = arena_take(arena, sizeof *own);
    struct search_result *found = arena_take(arena, sizeof *found);
    if (own == NULL || found == NULL)
        return no_memory(arena, verdict, error);
    if (!certificate_read(request->chain[0], own, &reading)) {
        error_set(error, FEDE_CERT_UNREADABLE, FEDE_ORIGIN_US, reading.where, 0, 0);
        error->certificate = 0;
        error->detail = reading.detail;
        error->offset = reading.offset;
        return unreadable(request, arena, verdict, error);
    }
    own->key_unusable = request->leaf_key && own->key.kind != 0 && !crypto_public_key_usable(&own->key);
    *leaf = *own;
    *leaf_read = true;
    path_find(request, own, arena, found);
    if (found->ending == PATH_NO_MEMORY)
        return no_memory(arena, verdict, error);
    struct trail t = {.request = request,
                      .arena = arena,
                      .path = &found->path,
                      .verdict = verdict,
                      .error = error,
                      .comparisons = CONSTRAINT_BUDGET};
    t.room = trail_room(found->path.n) + (request->ct_logs != NULL ? SCT_MOST : 0);
    t.checks = arena_take(arena, t.room * sizeof *t.checks);
    if (t.checks == NULL)
        return no_memory(arena, verdict, error);
    trail_judge(&t, found);
    if (!fill_verdict(&t, found) || t.no_memory || !attempts_fill(&t, found))
        return no_memory(arena, verdict, error);
    return verdict->accepted;
}

/* There is none left, or the arena's ceiling is reached: the peer sent too much. */
static bool no_memory(const struct arena *arena, fede_verdict *verdict, fede_error *error)
{
    const fede_reason reason = arena->over ? FEDE_HANDSHAKE_TOO_BIG : FEDE_OUT_OF_MEMORY;
    *verdict = (fede_verdict){.at = verdict->at, .name = verdict->name, .reason = (uint16_t)reason};
    *error = (fede_error){.reason = FEDE_OK};
    return error_set(error, reason, arena->over ? FEDE_ORIGIN_US : FEDE_ORIGIN_INTERNAL, "certificate_list", 0,
                     (int64_t)arena->ceiling);
}

static bool unreadable(const struct verify_request *request, struct arena *arena, fede_verdict *verdict,
                       fede_error *error)
{
    fede_check *check = arena_take(arena, sizeof *check);
    fede_bytes *path = arena_take(arena, sizeof *path);
    if (check == NULL || path == NULL)
        return no_memory(arena, verdict, error);
    *check = (fede_check){.kind = FEDE_CHECK_PARSE, .outcome = FEDE_FAILED, .reason = FEDE_CERT_UNREADABLE};
    struct text words = text_in(check->detail, sizeof check->detail);
    text_add(&words, error->where);
    text_add(&words, ": ");
    text_add(&words, error->detail);
    *path = request->chain[0];
    verdict->path = path;
    verdict->path_len = 1;
    verdict->checks = check;
    verdict->n_checks = 1;
    verdict->reason = FEDE_CERT_UNREADABLE;
    return false;
}

/* ---- The trail -------------------------------------------------------------------------------------------------- */

void trail_judge(struct trail *t, const struct search_result *found)
{
    const struct path *path = t->path;
    if (found->exhausted != 0) {
        struct finding f = {.reason = found->exhausted, .where = "certificate_list", .wanted = found->limit};
        trail_record(t, FEDE_CHECK_ISSUER, path->n - 1, FEDE_FAILED, &f, NULL);
        if (t->error->reason == found->exhausted)
            t->error->certificate = FEDE_CERTIFICATE_NONE; /* none of them alone is to blame */
    }
    for (size_t i = 0; i + 1 < path->n; i++)
        trail_link(t, found, i);
    check_end(t, found);
    check_length(t);
    for (size_t i = 0; i < path->n; i++)
        trail_certificate(t, i);
    for (size_t i = 0; i < path->n; i++)
        check_constraints(t, i);
    check_policies(t);
    check_name(t);
    check_revocation(t, found->lists);
    check_transparency(t);
}

/* Adds one check. words become its detail, whole in the error, cut in the trail. */
void trail_record(struct trail *t, fede_check_kind kind, size_t i, fede_outcome outcome, const struct finding *f,
                  struct text *words)
{
    if (t->n == t->room) {
        t->no_memory = true;
        return;
    }
    fede_check *check = &t->checks[t->n++];
    *check = (fede_check){.kind = (uint8_t)kind, .outcome = (uint8_t)outcome, .certificate = (uint8_t)i};
    if (words)
        copy_cut(check->detail, sizeof check->detail, words->out);
    if (outcome != FEDE_FAILED)
        return;
    check->reason = f->reason;
    check->got = f->got;
    check->wanted = f->wanted;
    if (t->verdict->reason != FEDE_OK)
        return;
    t->verdict->reason = f->reason;
    if (t->error->reason != FEDE_OK)
        return;
    const struct link *link = &t->path->at[i];
    error_set(t->error, (fede_reason)f->reason, FEDE_ORIGIN_US, f->where, f->got, f->wanted);
    t->error->certificate = link->sent >= 0 ? (uint16_t)link->sent : FEDE_CERTIFICATE_ANCHOR;
    if (words && words->len > 0) {
        bytes copy = arena_copy(t->arena, (bytes){(const uint8_t *)words->out, strlen(words->out) + 1});
        t->no_memory = t->no_memory || copy.data == NULL;
        t->error->detail = (const char *)copy.data;
    }
}

/* As much of the text as fits, ended by "…" when cut; never cut inside a character. */
static void copy_cut(char *out, size_t size, const char *text)
{
    size_t len = strlen(text);
    if (len < size) {
        bytes_copy(out, text, len + 1);
        return;
    }
    len = size - sizeof "…";
    while (len > 0 && ((uint8_t)text[len] & 0xc0) == 0x80)
        len--;
    bytes_copy(out, text, len);
    bytes_copy(out + len, "…", sizeof "…");
}

void trail_issuer(struct trail *t, size_t i, char name[ISSUER_TEXT])
{
    const struct certificate *c = t->path->at[i].c;
    const struct link *issuer = &t->path->at[i + 1];
    bool same_key = c->authority_key_id.data != NULL && bytes_equal(c->authority_key_id, issuer->c->subject_key_id);
    char room[DETAIL_MAX];
    struct text words = text_in(room, sizeof room);
    name_text(issuer->c->subject, name, ISSUER_TEXT);
    text_add(&words, name);
    if (issuer->anchor) {
        text_add(&words, ": a trust anchor");
    } else {
        text_add(&words, ": certificate ");
        text_number(&words, issuer->sent);
        text_add(&words, " of the list");
    }
    text_add(&words, same_key                           ? ", key identifier equal"
                     : c->authority_key_id.data == NULL ? ", no key identifier given"
                                                        : ", key identifier different or absent");
    trail_record(t, FEDE_CHECK_ISSUER, i, FEDE_PASSED, NULL, &words);
}

/* Issuer found, and its signature on the certificate. */
void trail_link(struct trail *t, const struct search_result *found, size_t i)
{
    const struct certificate *c = t->path->at[i].c;
    const struct link *issuer = &t->path->at[i + 1];
    char room[DETAIL_MAX], name[ISSUER_TEXT];
    struct text words;
    trail_issuer(t, i, name);
    bool bad = found->ending == PATH_BAD_SIGNATURE && i + 2 == t->path->n;
    struct finding f = {.reason = FEDE_CERT_SIGNATURE, .where = "signatureValue"};
    words = text_in(room, sizeof room);
    bool checkable = signature_checkable(c, issuer->c) || legacy_checkable(t->request, c, issuer->c);
    const char *problem =
        checkable ? put_off_problem(t, i, &bad) : "the algorithm or the issuer's key is not supported";
    if (problem != NULL) {
        text_add(&words, problem);
        trail_record(t, FEDE_CHECK_SIGNATURE, i, FEDE_NOT_CHECKED, NULL, &words);
        return;
    }
    text_add(&words, bad ? "the key of " : "by the key of ");
    text_add(&words, name);
    text_add(&words, bad ? " does not verify it" : "");
    trail_record(t, FEDE_CHECK_SIGNATURE, i, bad ? FEDE_FAILED : FEDE_PASSED, &f, &words);
}

/* A signature by a key whose parameters stand further up the path; NULL: it is none, or checked here. */
static const char *put_off_problem(const struct trail *t, size_t i, bool *bad)
{
    const struct path *path = t->path;
    const struct link *above = &path->at[i + 1];
    if (!legacy_checkable(t->request, path->at[i].c, above->c) || !legacy_inherits(above->c))
        return NULL;
    bool good = legacy_good(path->at[i].c, above, path->n - i - 1), whole = path->at[path->n - 1].anchor;
    *bad = *bad || (!good && whole);
    return good || whole ? NULL : "the parameters of the issuer's key are not known";
}

/* Is the end of the path an anchor, and if not, what is missing? */
static void check_end(struct trail *t, const struct search_result *found)
{
    const struct link *end = &t->path->at[t->path->n - 1];
    char room[DETAIL_MAX];
    struct text words = text_in(room, sizeof room);
    if (end->anchor) {
        words.len = name_text(end->c->subject, room, sizeof room);
        trail_record(t, FEDE_CHECK_ANCHOR, t->path->n - 1, FEDE_PASSED, NULL, &words);
        return;
    }
    if (found->ending == PATH_BAD_SIGNATURE) {
        text_add(&words, "the path ends at a wrong signature");
        trail_record(t, FEDE_CHECK_ANCHOR, t->path->n - 1, FEDE_NOT_CHECKED, NULL, &words);
        return;
    }
    bool own_key = end->c->authority_key_id.data == NULL || end->c->subject_key_id.data == NULL ||
                   bytes_equal(end->c->authority_key_id, end->c->subject_key_id);
    struct finding f = {.reason = FEDE_CERT_UNKNOWN_ISSUER, .where = "issuer"};
    if (end->c->self_issued && own_key)
        f.reason = FEDE_CERT_SELF_SIGNED;
    name_text(end->c->issuer, room, sizeof room);
    words.len = strlen(room);
    trail_record(t, FEDE_CHECK_ANCHOR, t->path->n - 1, FEDE_FAILED, &f, &words);
}

/* The caller's own limit on intermediates, not counting those issued by themselves. */
static void check_length(struct trail *t)
{
    const struct path *path = t->path;
    int64_t n = 0, limit = (int64_t)path_max_intermediates(t->request);
    for (size_t i = 1; i < path->n; i++)
        n += path->at[i].anchor || path->at[i].c->self_issued ? 0 : 1;
    if (n > limit) {
        struct finding f = {.reason = FEDE_CERT_CHAIN_TOO_LONG, .where = "certificate_list", .got = n, .wanted = limit};
        trail_record(t, FEDE_CHECK_PATH_LENGTH, path->n - 1, FEDE_FAILED, &f, NULL);
    }
}

void trail_certificate(struct trail *t, size_t i)
{
    struct standing s = path_standing(t->path, i, t->request);
    const struct rule *rule;
    for (size_t n = 0; (rule = rule_at(n)) != NULL; n++) {
        if (!rule_applies(rule, &s))
            continue;
        char room[DETAIL_MAX];
        struct text words = text_in(room, sizeof room);
        struct finding f;
        bool kept = rule->kept(&s, &f, &words);
        trail_record(t, (fede_check_kind)rule->kind, i, kept ? FEDE_PASSED : FEDE_FAILED, &f, &words);
    }
}

/* The constraints that a certificate makes must be readable; its own names must be allowed by those above. */
static void check_constraints(struct trail *t, size_t i)
{
    const struct path *path = t->path;
    const struct certificate *c = path->at[i].c;
    char room[DETAIL_MAX];
    struct text words = text_in(room, sizeof room);
    struct finding f;
    if (!constraints_valid(c, t->request, &f, &words)) {
        trail_record(t, FEDE_CHECK_CONSTRAINTS, i, FEDE_FAILED, &f, &words);
        return;
    }
    if (i > 0 && c->self_issued)
        return;
    size_t constraining = 0;
    for (size_t above = i + 1; above < path->n; above++) {
        const struct certificate *ca = path->at[above].c;
        constraining += ca->name_constraints.data != NULL ? 1 : 0;
        if (!constraints_valid(ca, t->request, &f, NULL))
            continue; /* is recorded with that certificate */
        if (!constraints_allow(ca, c, &t->comparisons, &f, &words)) {
            trail_record(t, FEDE_CHECK_CONSTRAINTS, i, FEDE_FAILED, &f, &words);
            return;
        }
    }
    if (constraining > 0) {
        text_add(&words, "its names are allowed by the constraints of ");
        text_number(&words, (int64_t)constraining);
        text_add(&words, constraining == 1 ? " CA above it" : " CAs above it");
        trail_record(t, FEDE_CHECK_CONSTRAINTS, i, FEDE_PASSED, NULL, &words);
    }
}

static void check_policies(struct trail *t)
{
    const char *problem;
    size_t at = 0;
    char room[DETAIL_MAX];
    struct text words = text_in(room, sizeof room);
    struct finding f = {.reason = FEDE_CERT_POLICY, .where = "certificatePolicies"};
    if (!t->path->at[t->path->n - 1].anchor || !policies_matter(t->path, t->request))
        return;
    bool kept = policies_kept(t->path, t->request, t->arena, &problem, &at);
    t->no_memory = t->no_memory || (!kept && problem == NULL);
    text_add(&words, kept ? "a policy that is wanted holds for the whole path, or none is required" : problem);
    trail_record(t, FEDE_CHECK_POLICY, at, kept ? FEDE_PASSED : FEDE_FAILED, &f, &words);
}

/* Of every certificate but the anchor. */
static void check_revocation(struct trail *t, struct revocation_lists *lists)
{
    const struct path *path = t->path;
    bool finished = path->at[path->n - 1].anchor;
    char room[DETAIL_MAX];
    for (size_t i = 0; i + 1 < path->n; i++) {
        struct text words = text_in(room, sizeof room);
        struct finding f;
        if (lists == NULL || !finished) {
            text_add(&words, lists == NULL ? "neither lists nor responses were given" : "the path is not complete");
            trail_record(t, FEDE_CHECK_REVOCATION, i, FEDE_NOT_CHECKED, NULL, &words);
            continue;
        }
        enum revocation status = revocation_of(lists, path, i, &f, &words);
        t->no_memory = t->no_memory || status == REVOCATION_NO_MEMORY;
        fede_outcome outcome = status == REVOCATION_GOOD        ? FEDE_PASSED
                               : status == REVOCATION_NOT_ASKED ? FEDE_NOT_CHECKED
                                                                : FEDE_FAILED;
        trail_record(t, FEDE_CHECK_REVOCATION, i, outcome, &f, &words);
    }
}

/* A timestamp that does not verify counts as none: told as failed, no reason to refuse. */
static void check_transparency(struct trail *t)
{
    struct sct_finding found[SCT_MOST];
    size_t n = sct_judge(t->request, t->path, t->arena, found);
    for (size_t i = 0; i < n; i++) {
        char room[sizeof found[i].words];
        struct text words = text_in(room, sizeof room);
        text_add(&words, found[i].words);
        trail_record(t, FEDE_CHECK_TRANSPARENCY, 0, FEDE_PASSED, NULL, &words);
        if (t->no_memory)
            return;
        t->checks[t->n - 1].outcome = (uint8_t)found[i].outcome;
        t->checks[t->n - 1].reason = found[i].outcome == FEDE_FAILED ? FEDE_CERT_TIMESTAMP : FEDE_OK;
    }
}

/* Lists the names of the kind wanted: as many as there is room for. */
static size_t add_names(struct text *words, const struct certificate *c, uint8_t host_kind)
{
    bytes rest = c->alt_names, value;
    enum general_name kind;
    size_t n = 0;
    while (general_names_next(&rest, &kind, &value)) {
        if (kind != (host_kind == HOST_IP ? NAME_IP : host_kind == HOST_DNS ? NAME_DNS : NAME_EMAIL))
            continue;
        if (n++ >= 8)
            continue;
        text_add(words, n > 1 ? ", " : "");
        if (kind != NAME_IP) {
            text_escaped(words, bytes_first(value, 100));
        } else {
            struct host host = {.kind = HOST_IP, .ip_len = (uint8_t)value.len};
            char address[64];
            bytes_copy(host.ip, value.data, value.len);
            text_add(words, host_address_text(&host, address, sizeof address) ? address : "");
        }
    }
    if (n > 8) {
        text_add(words, " and ");
        text_number(words, (int64_t)n - 8);
        text_add(words, " more");
    }
    return n;
}

static void check_name(struct trail *t)
{
    const struct host *host = t->request->host;
    const struct certificate *leaf = t->path->at[0].c;
    char room[DETAIL_MAX], names[DETAIL_MAX - 300];
    struct text words = text_in(room, sizeof room), list = text_in(names, sizeof names);
    if (host == NULL) {
        text_add(&words, "no name was asked for");
        trail_record(t, FEDE_CHECK_NAME, 0, FEDE_NOT_CHECKED, NULL, &words);
        return;
    }
    bool matches = host_matches_below(leaf, host, t->request->suffixes);
    size_t n = add_names(&list, leaf, host->kind);
    text_add(&words, host->text);
    struct finding f = {.reason = FEDE_CERT_NO_NAMES, .where = "subjectAltName"};
    if (n > 0) {
        f.reason = FEDE_CERT_NAME_MISMATCH;
        text_add(&words, matches ? " is among its names: " : " is not among its names: ");
        text_add(&words, names);
    }
    trail_record(t, FEDE_CHECK_NAME, 0, matches ? FEDE_PASSED : FEDE_FAILED, &f, &words);
}

/* The search and the trail must agree; if they don't, the chain is refused. */
static bool fill_verdict(struct trail *t, const struct search_result *found)
{
    fede_verdict *verdict = t->verdict;
    fede_bytes *path = arena_take(t->arena, t->path->n * sizeof *path);
    if (path == NULL)
        return false;
    for (size_t i = 0; i < t->path->n; i++)
        path[i] = t->path->at[i].c->der;
    verdict->path = path;
    verdict->path_len = (uint8_t)t->path->n;
    verdict->checks = t->checks;
    verdict->n_checks = t->n;
    if (found->ending == PATH_ACCEPTED && verdict->reason == FEDE_OK) {
        verdict->accepted = true;
    } else if (verdict->reason == FEDE_OK || found->ending == PATH_ACCEPTED) {
        verdict->reason = FEDE_INTERNAL;
        error_set(t->error, FEDE_INTERNAL, FEDE_ORIGIN_INTERNAL, "certificates", 0, 0);
        t->error->detail = "the search for a path and its trail disagree";
    }
    return true;
}

const char *fede_check_name(unsigned kind)
{
    static const char *const names[] = {[FEDE_CHECK_PARSE] = "encoding",
                                        [FEDE_CHECK_ISSUER] = "issuer",
                                        [FEDE_CHECK_ANCHOR] = "trust anchor",
                                        [FEDE_CHECK_SIGNATURE] = "signature",
                                        [FEDE_CHECK_VALIDITY] = "validity",
                                        [FEDE_CHECK_ALGORITHM] = "signature algorithm",
                                        [FEDE_CHECK_KEY] = "key",
                                        [FEDE_CHECK_CA] = "CA",
                                        [FEDE_CHECK_PATH_LENGTH] = "path length",
                                        [FEDE_CHECK_KEY_USAGE] = "key usage",
                                        [FEDE_CHECK_PURPOSE] = "purpose",
                                        [FEDE_CHECK_CRITICAL] = "critical extensions",
                                        [FEDE_CHECK_CONSTRAINTS] = "name constraints",
                                        [FEDE_CHECK_NAME] = "name",
                                        [FEDE_CHECK_REVOCATION] = "revocation",
                                        [FEDE_CHECK_PROFILE] = "profile",
                                        [FEDE_CHECK_POLICY] = "policies",
                                        [FEDE_CHECK_TRANSPARENCY] = "transparency"};
    return kind < sizeof names / sizeof *names && names[kind] ? names[kind] : "unknown";
}
