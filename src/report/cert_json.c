/* report/cert_json.c: what `fede cert` tells, as one JSON document: certificates with every field, the verification step by step
   with candidates and digests, findings. Bytes are lower-case hexadecimal, times ISO 8601 (R64). */
#include "report/certs.h"

static json_t *certificate(const struct cert_request *q, size_t n, struct arena *arena);
static json_t *fields_of(const struct field *parent);
static json_t *field_of(const struct field *f);
static json_t *verification(const struct cert_request *q);
static json_t *path_of(const struct cert_request *q, const fede_bytes *path, size_t n);
static json_t *attempts_of(const struct cert_request *q, const fede_verdict *v);
static json_t *plain_check(const fede_check *c);
static json_t *check_of(const struct cert_request *q, const fede_verdict *v, const fede_check *c);
static json_t *candidates_of(const struct cert_request *q, bytes der, bytes taken);
static json_t *signature_of(bytes der, bytes issuer);
static json_t *words(const char *s);
static json_t *hex(bytes b);
static json_t *iso(int64_t seconds);

bool cert_json(const struct cert_request *q, enum cert_outcome outcome, const char *why)
{
    static const char *const outcomes[] = {"done", "failed", "unreadable", "not accepted", "findings"};
    struct arena arena;
    json_t *o = json_object(), *list = json_array();
    arena_start(&arena, &memory_standard, SCRATCH_MOST);
    json_object_set_new(o, "source", words(q->source));
    json_object_set_new(o, "tool", words("fede " FEDE_VERSION));
    json_object_set_new(o, "unauthenticated_fetch", json_boolean(q->live));
    for (size_t n = 0; n < q->certs->chain.n; n++) {
        if (cert_chosen(q, n))
            json_array_append_new(list, certificate(q, n, &arena));
        arena_end(&arena);
    }
    json_object_set_new(o, "certificates", list);
    if (q->asked != NULL && q->asked[0] != '\0')
        json_object_set_new(o, "responder", words(q->asked));
    if (q->verification != NULL)
        json_object_set_new(o, "verification", verification(q));
    json_object_set_new(o, "outcome", words(outcomes[outcome]));
    json_object_set_new(o, "why", words(why));
    size_t flags = q->report.form == REPORT_JSON ? JSON_INDENT(2) : JSON_COMPACT;
    bool written = o != NULL && json_dumpf(o, q->report.out, flags) == 0 && fputc('\n', q->report.out) != EOF;
    json_decref(o);
    return written;
}

static json_t *certificate(const struct cert_request *q, size_t n, struct arena *arena)
{
    bytes der = q->certs->chain.at[n];
    json_t *o = json_object();
    struct card_row rows[CARD_ROWS];
    struct fact facts[FACTS_MOST];
    size_t n_rows = certificate_card(der, q->at, rows), n_facts = certificate_facts(der, facts);
    json_object_set_new(o, "number", json_integer((json_int_t)n));
    for (size_t i = 0; i < n_rows; i++)
        json_object_set_new(o, strcmp(rows[i].label, "SHA-256") == 0 ? "sha256" : rows[i].label, words(rows[i].value));
    for (size_t i = 0; i < n_facts; i++) {
        char key[40];
        snprintf(key, sizeof key, "%s", facts[i].label);
        for (char *at = key; *at != '\0'; at++)
            *at = *at == ' ' ? '_' : *at;
        json_object_set_new(o, key, words(facts[i].value));
    }
    const char *odd = cert_oddity(q, n);
    if (odd[0] != '\0')
        json_object_set_new(o, "place", words(odd));
    json_object_set_new(o, "der", hex(der));
    struct annotation a = annotate_certificate(arena, der);
    if (a.root != NULL)
        json_object_set_new(o, "fields", fields_of(a.root));
    if (q->lint) {
        struct lint_finding found[LINT_MOST];
        size_t n_found = cert_findings(q, n, found);
        json_t *list = json_array();
        for (size_t i = 0; i < n_found; i++) {
            json_t *f = json_object();
            json_object_set_new(f, "level", words(lint_level_name(found[i].level)));
            json_object_set_new(f, "field", words(found[i].field));
            json_object_set_new(f, "sentence", words(found[i].sentence));
            if (found[i].detail[0] != '\0')
                json_object_set_new(f, "detail", words(found[i].detail));
            json_object_set_new(f, "section", words(found[i].section));
            json_array_append_new(list, f);
        }
        json_object_set_new(o, "findings", list);
    }
    return o;
}

/* As in stories (json.c): path, name, text, offset, length, then fields or bytes. */
static json_t *fields_of(const struct field *parent)
{
    json_t *list = json_array();
    for (const struct field *f = parent->first; f != NULL; f = f->next)
        json_array_append_new(list, field_of(f));
    return list;
}

static json_t *field_of(const struct field *f)
{
    char path[1000], text[2000];
    struct text t = text_in(path, sizeof path), v = text_in(text, sizeof text);
    json_t *o = json_object();
    field_path(f, &t);
    field_text(f, &v, 32);
    json_object_set_new(o, "path", words(path));
    json_object_set_new(o, "name", words(f->name));
    if (v.len > 0)
        json_object_set_new(o, "text", words(text));
    json_object_set_new(o, "offset", json_integer((json_int_t)f->offset));
    json_object_set_new(o, "length", json_integer((json_int_t)f->len));
    if (f->first != NULL)
        json_object_set_new(o, "fields", fields_of(f));
    else
        json_object_set_new(o, "bytes", hex(f->value));
    return o;
}

static json_t *verification(const struct cert_request *q)
{
    static const char *const purposes[] = {"server", "client", "any"}, *const profiles[] = {"tls", "web", "rfc5280"};
    const fede_verdict *v = fede_verification_verdict(q->verification);
    json_t *o = json_object(), *checks = json_array();
    json_object_set_new(o, "accepted", json_boolean(v->accepted));
    if (q->judged->name != NULL)
        json_object_set_new(o, "name", words(q->judged->name));
    json_object_set_new(o, "judged_at", iso(v->at));
    json_object_set_new(o, "purpose", words(purposes[q->judged->purpose]));
    json_object_set_new(o, "profile", words(profiles[q->judged->profile]));
    json_object_set_new(o, "trusted", words(q->anchors));
    if (!v->accepted) {
        char text[1200];
        json_object_set_new(o, "reason", words(fede_reason_name(v->reason)));
        fede_error_text(fede_verification_error(q->verification), text, sizeof text);
        json_object_set_new(o, "text", words(text));
        fede_error_advice(fede_verification_error(q->verification), text, sizeof text);
        json_object_set_new(o, "advice", words(text));
    }
    for (size_t i = 0; i < v->n_checks; i++)
        json_array_append_new(checks, check_of(q, v, &v->checks[i]));
    json_object_set_new(o, "path", path_of(q, v->path, v->path_len));
    json_object_set_new(o, "checks", checks);
    json_object_set_new(o, "attempts", attempts_of(q, v));
    json_object_set_new(o, "attempts_more", json_integer((json_int_t)v->attempts_more));
    return o;
}

static json_t *path_of(const struct cert_request *q, const fede_bytes *path, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        char title[300], origin[100];
        struct text t = text_in(title, sizeof title), w = text_in(origin, sizeof origin);
        certificate_title(path[i], &t);
        cert_origin(q, path[i], &w);
        json_t *c = json_object();
        json_object_set_new(c, "title", words(title));
        json_object_set_new(c, "origin", words(origin));
        json_object_set_new(c, "der", hex(path[i]));
        json_array_append_new(list, c);
    }
    return list;
}

/* The paths that were not taken. */
static json_t *attempts_of(const struct cert_request *q, const fede_verdict *v)
{
    json_t *list = json_array();
    for (size_t i = 0; i < v->n_attempts; i++) {
        const fede_attempt *a = &v->attempts[i];
        json_t *o = json_object(), *checks = json_array();
        for (size_t k = 0; k < a->n_checks; k++)
            json_array_append_new(checks, plain_check(&a->checks[k]));
        json_object_set_new(o, "whole", json_boolean(a->whole));
        json_object_set_new(o, "why", words(a->why));
        if (a->reason != FEDE_OK)
            json_object_set_new(o, "reason", words(fede_reason_name(a->reason)));
        json_object_set_new(o, "path", path_of(q, a->path, a->path_len));
        json_object_set_new(o, "checks", checks);
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *check_of(const struct cert_request *q, const fede_verdict *v, const fede_check *c)
{
    json_t *k = plain_check(c);
    bool has_issuer = c->certificate + 1 < v->path_len;
    if (c->kind == FEDE_CHECK_ISSUER && has_issuer)
        json_object_set_new(k, "candidates", candidates_of(q, v->path[c->certificate], v->path[c->certificate + 1]));
    if (c->kind == FEDE_CHECK_SIGNATURE && has_issuer)
        json_object_set_new(k, "signature", signature_of(v->path[c->certificate], v->path[c->certificate + 1]));
    return k;
}

static json_t *plain_check(const fede_check *c)
{
    static const char *const outcomes[] = {"unknown", "passed", "failed", "not checked"};
    char detail[sizeof c->detail + 1];
    json_t *k = json_object();
    snprintf(detail, sizeof detail, "%.*s", (int)sizeof c->detail, c->detail);
    json_object_set_new(k, "check", words(fede_check_name(c->kind)));
    json_object_set_new(k, "certificate", json_integer(c->certificate));
    json_object_set_new(k, "outcome", words(outcomes[c->outcome < 4 ? c->outcome : 0]));
    if (c->outcome == FEDE_FAILED)
        json_object_set_new(k, "reason", words(fede_reason_name(c->reason)));
    if (detail[0] != '\0')
        json_object_set_new(k, "detail", words(detail));
    return k;
}

static json_t *candidates_of(const struct cert_request *q, bytes der, bytes taken)
{
    static const char *const outcomes[] = {"unknown", "verified", "FAILED", "not checkable"};
    struct issuer_candidate found[CANDIDATES_MOST];
    size_t n = issuer_candidates(der, &q->certs->chain, cert_anchor_at, q->judged->trust, found);
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *o = json_object();
        json_object_set_new(o, "anchor", json_boolean(found[i].anchor));
        if (!found[i].anchor)
            json_object_set_new(o, "number", json_integer((json_int_t)found[i].at));
        if (found[i].same_key_id >= 0)
            json_object_set_new(o, "key_identifier_equal", json_boolean(found[i].same_key_id));
        json_object_set_new(o, "signature", words(outcomes[found[i].signature <= 3 ? found[i].signature : 0]));
        json_object_set_new(o, "taken", json_boolean(bytes_equal(taken, found[i].der)));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *signature_of(bytes der, bytes issuer)
{
    static const char *const outcomes[] = {"unknown", "verified", "FAILED", "not checkable"};
    struct signature_story s;
    if (!certificate_signature(der, issuer, &s))
        return json_null();
    json_t *o = json_object();
    json_object_set_new(o, "algorithm", words(s.algorithm));
    json_object_set_new(o, "outcome", words(outcomes[s.outcome <= 3 ? s.outcome : 0]));
    if (s.digest_len > 0) {
        json_object_set_new(o, "hash", words(s.hash));
        json_object_set_new(o, "digest_b", hex(bytes_of(s.digest_b, s.digest_len)));
    }
    if (s.digest_a.data != NULL) {
        json_object_set_new(o, "digest_a", hex(s.digest_a));
        json_object_set_new(o, "digest_info", hex(s.digest_info));
    }
    if (s.recovered)
        json_object_set_new(o, "opened", hex(bytes_of(s.block, s.block_len)));
    if (s.why != NULL)
        json_object_set_new(o, "why", words(s.why));
    return o;
}

/* ---- parts ---- */

/* What is no UTF-8 would be refused by jansson; texts from certificates are escaped before, so that this loses nothing. */
static json_t *words(const char *s)
{
    json_t *o = json_string(s);
    return o != NULL ? o : json_string_nocheck("?");
}

static json_t *hex(bytes b)
{
    size_t size = 2 * b.len + 1;
    char *out = memory_take(&memory_standard, size);
    if (out == NULL)
        return NULL;
    struct text t = text_in(out, size);
    text_hex(&t, b);
    json_t *o = json_string(out);
    memory_give(&memory_standard, out, size);
    return o;
}

/* "2026-05-01T00:00:00Z" out of "2026-05-01 00:00:00 UTC". */
static json_t *iso(int64_t seconds)
{
    char out[64];
    struct text t = text_in(out, sizeof out);
    text_time(&t, seconds);
    char *space = strchr(out, ' '), *utc = strstr(out, " UTC");
    if (space == NULL || utc == NULL || space == utc)
        return words(out);
    *space = 'T';
    bytes_copy(utc, "Z", 2);
    return words(out);
}
