/* report/derive.c: checks that everything a value needs was given, has it computed by explain/derive, and prints it.

   By default the value alone, in hexadecimal, so that it can be used in a script; a value of several parts with a line for
   each. From -v on every input and step; as JSON the object that stories have under "derived". */
#include "report/derive.h"

#include <stdlib.h>

#include "explain/derive.h"
#include "report/report.h"

struct job {
    const struct derive_request *q;
    struct arena *arena;
    enum hash hash;
    const char *problem; /* static */
    struct text *why;
    enum derive_result result; /* when there is no value */
};

static struct derivation *make(struct job *j);
static struct derivation *make_master(struct job *j);
static struct derivation *make_key_block(struct job *j);
static struct derivation *make_ecdh(struct job *j);
static bool needs(struct job *j, fede_bytes value, size_t len, const char *option);
static bool needs_hash(struct job *j);
static void refuse(struct job *j, const char *a, const char *b);
static bytes joined(struct job *j, bytes a, bytes b);
static void print(struct report *r, const struct derivation *v, enum report_form form);

enum derive_result report_derive(const struct derive_request *q, const struct report_options *options, char *why,
                                 size_t size)
{
    struct arena arena;
    struct text t = text_in(why, size);
    struct job j = {.q = q, .arena = &arena, .why = &t, .result = DERIVE_FAILED};
    struct report_options plain = *options;
    plain.form = REPORT_TEXT; /* no story begins here */
    struct report *r = report_new(&plain);
    arena_start(&arena, &memory_standard, SCRATCH_MOST);
    struct derivation *v = r != NULL ? make(&j) : NULL;
    if (v != NULL && v->value.len == 0)
        v = NULL;
    if (v != NULL) {
        print(r, v, options->form);
        j.result = DERIVE_DONE;
    } else if (j.problem != NULL) {
        text_add(&t, j.problem);
        j.result = DERIVE_CONTRADICTION;
    } else if (t.len == 0) {
        text_add(&t, "there is not enough memory, or libcrypto does not start");
    }
    arena_end(&arena);
    report_free(r);
    return j.result;
}

static struct derivation *make(struct job *j)
{
    enum { LENGTH_MOST = 1024 * 1024 };
    const struct derive_request *q = j->q;
    if (q->length > LENGTH_MOST) {
        refuse(j, "--length is at most 1048576", "");
        return NULL;
    }
    switch (q->what) {
    case DERIVE_PRF:
        if (!needs_hash(j) || !needs(j, q->secret, 0, "--secret") || !needs(j, q->seed, 0, "--seed"))
            return NULL;
        if (q->label == NULL || q->length == 0) {
            refuse(j, q->label == NULL ? "--label" : "--length", " is needed");
            return NULL;
        }
        return derive_prf(j->arena, j->hash, q->secret, q->label, q->seed, q->length);
    case DERIVE_MASTER:
        return make_master(j);
    case DERIVE_KEY_BLOCK:
        return make_key_block(j);
    case DERIVE_VERIFY_DATA: {
        bool client = q->side != NULL && strcmp(q->side, "client") == 0;
        if (!needs_hash(j) || !needs(j, q->master, 48, "--master") ||
            !needs(j, q->transcript_hash, hash_len(j->hash), "--transcript-hash"))
            return NULL;
        if (!client && (q->side == NULL || strcmp(q->side, "server") != 0)) {
            refuse(j, "--side client or --side server is needed", "");
            return NULL;
        }
        return derive_verify_data(j->arena, j->hash, q->master, client, q->transcript_hash);
    }
    case DERIVE_ECDH:
        return make_ecdh(j);
    case DERIVE_NONCE:
        if (!needs(j, q->iv, 0, "--iv"))
            return NULL;
        return derive_nonce(j->arena, q->iv, q->explicit_nonce, q->sequence, &j->problem);
    case DERIVE_HKDF_LABEL:
        if (!needs_hash(j) || !needs(j, q->secret, 0, "--secret"))
            return NULL;
        if (q->label == NULL || q->length == 0) {
            refuse(j, q->label == NULL ? "--label" : "--length", " is needed");
            return NULL;
        }
        return derive_hkdf_label(j->arena, j->hash, q->secret, q->label, q->context, q->length, &j->problem);
    }
    return NULL;
}

static struct derivation *make_master(struct job *j)
{
    const struct derive_request *q = j->q;
    bool extended = q->session_hash.data != NULL;
    if (!needs_hash(j) || !needs(j, q->premaster, 0, "--premaster"))
        return NULL;
    if (extended) {
        if (!needs(j, q->session_hash, hash_len(j->hash), "--session-hash"))
            return NULL;
        return derive_master(j->arena, j->hash, q->premaster, true, q->session_hash);
    }
    if (q->client_random.data == NULL && q->server_random.data == NULL) {
        refuse(j,
               "--session-hash (extended master secret), or --client-random and --server-random (classic) are needed",
               "");
        return NULL;
    }
    if (!needs(j, q->client_random, 32, "--client-random") || !needs(j, q->server_random, 32, "--server-random"))
        return NULL;
    return derive_master(j->arena, j->hash, q->premaster, false, joined(j, q->client_random, q->server_random));
}

static struct derivation *make_key_block(struct job *j)
{
    const struct derive_request *q = j->q;
    uint32_t suite = 0;
    char *end = NULL;
    if (q->suite == NULL) {
        refuse(j, "--suite", " is needed");
        return NULL;
    }
    uint16_t own = 0;
    if (fede_suite_by_name(q->suite, &own))
        suite = own;
    else if (!names_number(&suite_names, q->suite, &suite))
        suite = (uint32_t)strtoul(q->suite, &end, 0);
    if (end != NULL && (*end != '\0' || suite == 0 || suite > 0xffff)) {
        refuse(j, "there is no cipher suite of this name: ", q->suite);
        return NULL;
    }
    if (!needs(j, q->master, 48, "--master") || !needs(j, q->client_random, 32, "--client-random") ||
        !needs(j, q->server_random, 32, "--server-random"))
        return NULL;
    static const char *const versions[] = {"1.0", "1.1", "1.2"};
    uint16_t version = 0x0303;
    for (uint16_t v = 0; q->tls != NULL && v < 3; v++)
        version = strcmp(q->tls, versions[v]) == 0 ? (uint16_t)(0x0301 + v) : version;
    if (q->tls != NULL && strcmp(q->tls, versions[version - 0x0301]) != 0) {
        refuse(j, "--tls has to be 1.0, 1.1 or 1.2, not ", q->tls);
        return NULL;
    }
    return derive_key_block(j->arena, (uint16_t)suite, version, q->master, joined(j, q->server_random, q->client_random),
                            &j->problem);
}

static struct derivation *make_ecdh(struct job *j)
{
    static const struct {
        const char *name;
        uint16_t group;
    } curves[] = {{"x25519", 0x001d}, {"p256", 0x0017}, {"p384", 0x0018}, {"p521", 0x0019}};
    const struct derive_request *q = j->q;
    uint16_t group = 0;
    for (size_t i = 0; q->curve != NULL && i < sizeof curves / sizeof *curves; i++)
        if (strcmp(q->curve, curves[i].name) == 0)
            group = curves[i].group;
    if (q->curve == NULL || (group == 0 && !fede_group_by_name(q->curve, &group))) {
        refuse(j, "--curve has to be x25519, p256, p384 or p521", "");
        return NULL;
    }
    if (!needs(j, q->private_key, 0, "--private") || !needs(j, q->peer, 0, "--peer"))
        return NULL;
    return derive_ecdh(j->arena, group, q->private_key, q->peer, &j->problem);
}

/* len 0: any but none at all. */
static bool needs(struct job *j, fede_bytes value, size_t len, const char *option)
{
    if (value.data == NULL) {
        refuse(j, option, " is needed");
        return false;
    }
    if (len == 0 || value.len == len)
        return true;
    refuse(j, option, " has to be ");
    text_number(j->why, (int64_t)len);
    text_add(j->why, " bytes and is ");
    text_number(j->why, (int64_t)value.len);
    return false;
}

static bool needs_hash(struct job *j)
{
    j->hash = hash_by_name(j->q->hash != NULL ? j->q->hash : "sha256");
    if (j->hash != 0)
        return true;
    refuse(j, "--hash has to be sha256, sha384 or sha512", "");
    return false;
}

static void refuse(struct job *j, const char *a, const char *b)
{
    text_add(j->why, a);
    text_add(j->why, b);
    j->result = DERIVE_USAGE;
}

static bytes joined(struct job *j, bytes a, bytes b)
{
    uint8_t *p = arena_take(j->arena, a.len + b.len);
    if (p == NULL)
        return BYTES_NONE;
    bytes_copy(p, a.data, a.len);
    bytes_copy(p + a.len, b.data, b.len);
    return bytes_of(p, a.len + b.len);
}

static void print(struct report *r, const struct derivation *v, enum report_form form)
{
    FILE *out = r->options.out;
    if (form == REPORT_JSON || form == REPORT_JSON_LINES) {
        struct json_text t = {0};
        json_derivation(&t, v);
        json_text_write(&t, out, form == REPORT_JSON ? JSON_DRAWN : JSON_LINE);
        json_text_free(&t);
        return;
    }
    if (r->options.level >= 2) {
        text_derivation(r, v, true);
        page_write(&r->page, out);
        return;
    }
    for (size_t i = 0; i < v->n_outputs; i++) {
        if (v->n_outputs > 1)
            fprintf(out, "%s: ", v->outputs[i].name);
        for (size_t k = 0; k < v->outputs[i].value.len; k++)
            fprintf(out, "%02x", v->outputs[i].value.data[k]);
        fputc('\n', out);
    }
}
