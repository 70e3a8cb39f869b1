/* x509/judge.c: the verifier as the library's users see it (fede/verify.h): trust anchors as an object, requests with PEM or
   DER in them, a result that owns what its verdict points to. */
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "x509/legacy.h"

/* What the search and the trail of one verification may take, beside copies of what was given. */
#define VERIFICATION_MAX (64u << 20)

struct fede_trust {
    struct anchors *anchors;
    struct suffixes *suffixes;
};
struct fede_verification {
    struct arena arena;
    fede_verdict verdict;
    fede_error error;
    struct host host;
};

static bool judge(fede_verification *v, const fede_verify_request *asked);
static size_t total(const bytes *items, size_t n);
static bool take_items(struct arena *arena, const bytes *items, size_t n, const char *label, bytes **out,
                       size_t *n_out);
static bool refuse(fede_verification *v, fede_reason reason, const char *where, const char *detail);

/* ---- Trust anchors. */

fede_trust *fede_trust_new(void)
{
    fede_trust *trust = crypto_start() ? memory_take(&memory_standard, sizeof *trust) : NULL;
    if (trust == NULL || (trust->anchors = anchors_new(&memory_standard)) != NULL)
        return trust;
    memory_give(&memory_standard, trust, sizeof *trust);
    return NULL;
}

void fede_trust_free(fede_trust *trust)
{
    if (trust == NULL)
        return;
    anchors_free(trust->anchors);
    suffixes_free(trust->suffixes);
    memory_give(&memory_standard, trust, sizeof *trust);
}

size_t fede_trust_add(fede_trust *trust, fede_bytes certificates)
{
    return anchors_add(trust->anchors, certificates);
}

size_t fede_trust_file(fede_trust *trust, const char *path)
{
    return anchors_add_file(trust->anchors, path);
}

size_t fede_trust_directory(fede_trust *trust, const char *path)
{
    return anchors_add_directory(trust->anchors, path);
}

size_t fede_trust_system(fede_trust *trust)
{
    return anchors_add_system(trust->anchors);
}

bool fede_trust_suffixes(fede_trust *trust, fede_bytes list)
{
    struct suffixes *read = suffixes_read(&memory_standard, list);
    if (read == NULL)
        return false;
    suffixes_free(trust->suffixes);
    trust->suffixes = read;
    return true;
}

fede_bytes fede_trust_at(const fede_trust *trust, size_t n)
{
    const struct certificate *anchor = anchors_at(trust->anchors, n);
    return anchor != NULL ? anchor->der : BYTES_NONE;
}

/* ---- Judging. */

fede_verification *fede_verify_chain(const fede_verify_request *request)
{
    fede_verification *v = memory_take(&memory_standard, sizeof *v);
    if (v == NULL)
        return NULL;
    arena_start(&v->arena, &memory_standard,
                VERIFICATION_MAX + total(request->chain, request->n_chain) + total(request->crls, request->n_crls));
    v->verdict.at = request->at != 0 ? request->at : (int64_t)time(NULL);
    judge(v, request);
    return v;
}

void fede_verification_free(fede_verification *v)
{
    if (v == NULL)
        return;
    arena_end(&v->arena);
    memory_give(&memory_standard, v, sizeof *v);
}

const fede_verdict *fede_verification_verdict(const fede_verification *v)
{
    return &v->verdict;
}

const fede_error *fede_verification_error(const fede_verification *v)
{
    return v->verdict.accepted ? NULL : &v->error;
}

static bool judge(fede_verification *v, const fede_verify_request *asked)
{
    static const enum purpose purposes[] = {[FEDE_PURPOSE_SERVER] = PURPOSE_SERVER,
                                            [FEDE_PURPOSE_CLIENT] = PURPOSE_CLIENT,
                                            [FEDE_PURPOSE_ANY] = PURPOSE_ANY};
    static const enum profile profiles[] = {
        [FEDE_PROFILE_TLS] = PROFILE_TLS, [FEDE_PROFILE_WEB] = PROFILE_WEB, [FEDE_PROFILE_RFC5280] = PROFILE_RFC5280};
    if (asked->trust == NULL || asked->purpose > FEDE_PURPOSE_ANY || asked->profile > FEDE_PROFILE_RFC5280 ||
        asked->revocation > FEDE_REVOCATION_LEAF)
        return refuse(v, FEDE_CONFIG_BAD_VALUE, "fede_verify_request",
                      "no trust anchors, or an unknown purpose or profile");
    if (asked->legacy_signatures && asked->profile != FEDE_PROFILE_RFC5280)
        return refuse(v, FEDE_CONFIG_BAD_VALUE, "fede_verify_request",
                      "DSA and SHA-1 are judged with the profile RFC 5280 alone");
    if (asked->legacy_signatures && !legacy_built())
        return refuse(v, FEDE_CONFIG_LEGACY_NOT_BUILT, "fede_verify_request", NULL);
    struct verify_request request = {.anchors = asked->trust->anchors,
                                     .suffixes = asked->trust->suffixes,
                                     .purpose = purposes[asked->purpose],
                                     .profile = profiles[asked->profile],
                                     .at = v->verdict.at,
                                     .max_path = asked->max_path,
                                     .leaf_key = true,
                                     .signatures = asked->signatures,
                                     .direct = asked->direct,
                                     .attempts = asked->attempts,
                                     .key_usage = asked->key_usage,
                                     .staple = asked->staple,
                                     .staple_asked = asked->staple_asked,
                                     .ct_logs = asked->ct_logs,
                                     .scts = asked->scts,
                                     .revocation = (fede_revocation)asked->revocation,
                                     .policies = asked->policies,
                                     .n_policies = asked->n_policies,
                                     .explicit_policy = asked->explicit_policy,
                                     .inhibit_mapping = asked->inhibit_mapping,
                                     .inhibit_any = asked->inhibit_any,
                                     .legacy_signatures = asked->legacy_signatures};
    bytes *chain, *crls;
    if (!take_items(&v->arena, asked->chain, asked->n_chain, "CERTIFICATE", &chain, &request.n) ||
        !take_items(&v->arena, asked->crls, asked->n_crls, "X509 CRL", &crls, &request.n_crls))
        return refuse(v, FEDE_OUT_OF_MEMORY, NULL, NULL);
    request.chain = chain;
    request.crls = crls;
    if (asked->name != NULL) {
        bool mail = strchr(asked->name, '@') != NULL;
        if ((mail ? mailbox_read(asked->name, &v->host) : host_read(asked->name, &v->host)) == HOST_BAD)
            return refuse(v, FEDE_CERT_NAME_MISMATCH, "subjectAltName",
                          "the name wanted is no name that could be in it");
        request.host = &v->host;
    }
    struct certificate *leaf = arena_take(&v->arena, sizeof *leaf);
    bool leaf_read;
    if (leaf == NULL)
        return refuse(v, FEDE_OUT_OF_MEMORY, NULL, NULL);
    return x509_verify(&request, &v->arena, &v->verdict, leaf, &leaf_read, &v->error);
}

static size_t total(const bytes *items, size_t n)
{
    size_t len = 0;
    for (size_t i = 0; i < n; i++)
        len += items[i].len < SIZE_MAX / 4 - len ? items[i].len : 0;
    return len;
}

static bool is_der(bytes b)
{
    return b.len > 1 && b.data[0] == 0x30 && b.data[1] >= 0x80; /* nothing shorter is a certificate or list */
}

/* What was given, PEM taken apart; copies of certificates, which the verdict points to, but not of lists. What holds nothing readable stays as one empty item: it must not vanish. */
static bool take_items(struct arena *arena, const bytes *items, size_t n, const char *label, bytes **out, size_t *n_out)
{
    const bool kept = strcmp(label, "CERTIFICATE") == 0;
    size_t most = n;
    bytes der, rest;
    for (size_t i = 0; i < n; i++) {
        for (size_t at = 0; !is_der(items[i]) && at + 5 <= items[i].len; at++)
            most += memcmp(items[i].data + at, "-----", 5) == 0; /* more than there are blocks */
    }
    *out = arena_take(arena, (most ? most : 1) * sizeof **out);
    *n_out = 0;
    if (*out == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        size_t before = *n_out;
        if (is_der(items[i])) {
            der = kept ? arena_copy(arena, items[i]) : items[i];
            if (der.data == NULL)
                return false;
            (*out)[(*n_out)++] = der;
            continue;
        }
        for (rest = items[i]; *n_out < most && pem_next(&rest, label, arena, &der);)
            (*out)[(*n_out)++] = der;
        if (arena->over)
            return false;
        if (*n_out == before)
            (*out)[(*n_out)++] = BYTES_NONE;
    }
    return true;
}

static bool refuse(fede_verification *v, fede_reason reason, const char *where, const char *detail)
{
    bool ours = reason == FEDE_OUT_OF_MEMORY;
    error_set(&v->error, reason, ours ? FEDE_ORIGIN_INTERNAL : FEDE_ORIGIN_CALLER, where, 0, 0);
    v->error.detail = detail;
    v->verdict.reason = (uint16_t)reason;
    return false;
}
