/* pkits_runner DIR [modern]

   Runs NIST's PKITS, as DIR/manifest.json describes it, through fede_verify_chain: purpose any, no name, profile RFC 5280,
   revocation by the lists given, DSA and SHA-1 judged too unless the second word is "modern". One line for each test, then the total:

       id <TAB> expected <TAB> actual <TAB> reason */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "fede/verify.h"

#define MAX_FILES 64
#define AT        1302825600 /* 2011-04-15: the same for every test */

static bool legacy = true;

static const char *run(json_t *test, json_t *policies, const char *folder, char *reason, size_t size);
static bytes load(const char *folder, const char *kind, const char *name, struct arena *arena);
static size_t load_all(json_t *names, const char *folder, const char *kind, struct arena *arena, bytes *out);
static bytes policy_of(json_t *policies, const char *name, struct arena *arena);

int main(int argc, char **argv)
{
    char path[1024];
    json_error_t problem;
    unsigned passed = 0, failed = 0;
    legacy = argc == 2;
    if (argc != 2 && (argc != 3 || strcmp(argv[2], "modern") != 0)) {
        fprintf(stderr, "usage: pkits_runner DIR [modern]\n");
        return 2;
    }
    snprintf(path, sizeof path, "%s/manifest.json", argv[1]);
    json_t *root = json_load_file(path, 0, &problem), *tests = json_object_get(root, "tests"), *test;
    size_t i;
    if (!json_is_array(tests)) {
        fprintf(stderr, "pkits_runner: %s can't be read\n", path);
        return 2;
    }
    json_array_foreach(tests, i, test)
    {
        char reason[256] = "";
        const char *expected = json_string_value(json_object_get(test, "expected"));
        const char *actual = run(test, json_object_get(root, "policies"), argv[1], reason, sizeof reason);
        printf("%s\t%s\t%s\t%s\n", json_string_value(json_object_get(test, "id")), expected, actual, reason);
        *(strcmp(expected, actual) == 0 ? &passed : &failed) += 1;
    }
    printf("pkits: %u passed, %u failed, 0 skipped\n", passed, failed);
    json_decref(root);
    return 0;
}

static const char *run(json_t *test, json_t *policies, const char *folder, char *reason, size_t size)
{
    struct arena arena;
    bytes chain[MAX_FILES], crls[MAX_FILES], wanted[MAX_FILES];
    arena_start(&arena, &memory_standard, 16u << 20);
    fede_trust *trust = fede_trust_new();
    fede_trust_add(trust, load(folder, "certs", json_string_value(json_object_get(test, "trust_anchor")), &arena));
    chain[0] = load(folder, "certs", json_string_value(json_object_get(test, "target")), &arena);
    fede_verify_request request = {.chain = chain,
                                   .n_chain = 1,
                                   .trust = trust,
                                   .purpose = FEDE_PURPOSE_ANY,
                                   .at = AT,
                                   .profile = FEDE_PROFILE_RFC5280,
                                   .revocation = FEDE_REVOCATION_HARD,
                                   .crls = crls,
                                   .policies = wanted,
                                   .legacy_signatures = legacy};
    request.n_chain += load_all(json_object_get(test, "intermediates"), folder, "certs", &arena, chain + 1);
    request.n_crls = load_all(json_object_get(test, "crls"), folder, "crls", &arena, crls);
    request.explicit_policy = json_is_true(json_object_get(test, "initial_explicit_policy"));
    request.inhibit_mapping = json_is_true(json_object_get(test, "initial_policy_mapping_inhibit"));
    request.inhibit_any = json_is_true(json_object_get(test, "initial_inhibit_any_policy"));
    size_t i;
    json_t *policy;
    json_array_foreach(json_object_get(test, "initial_policy_set"), i, policy)
    {
        wanted[request.n_policies++] = policy_of(policies, json_string_value(policy), &arena);
    }
    fede_verification *v = fede_verify_chain(&request);
    bool accepted = fede_verification_verdict(v)->accepted;
    const fede_error *error = fede_verification_error(v);
    if (accepted)
        snprintf(reason, size, "%u", fede_verification_verdict(v)->path_len);
    else
        snprintf(reason, size, "%s %u %s %s", fede_reason_name(error->reason), error->certificate,
                 error->where ? error->where : "-", error->detail ? error->detail : "");
    fede_verification_free(v);
    fede_trust_free(trust);
    arena_end(&arena);
    return accepted ? "SUCCESS" : "FAILURE";
}

static bytes load(const char *folder, const char *kind, const char *name, struct arena *arena)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s/%s", folder, kind, name);
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        fprintf(stderr, "pkits_runner: %s can't be read\n", path);
        exit(2);
    }
    uint8_t *data = arena_take(arena, 65536);
    size_t n = fread(data, 1, 65536, f);
    fclose(f);
    return (bytes){data, n};
}

static size_t load_all(json_t *names, const char *folder, const char *kind, struct arena *arena, bytes *out)
{
    size_t i;
    json_t *name;
    json_array_foreach(names, i, name)
    {
        out[i] = load(folder, kind, json_string_value(name), arena);
    }
    return json_array_size(names);
}

/* "2.16.840…" as the content of an OBJECT IDENTIFIER. */
static bytes policy_of(json_t *policies, const char *name, struct arena *arena)
{
    const char *text = json_string_value(json_object_get(policies, name));
    uint8_t *out = arena_take(arena, 32);
    size_t n = 0;
    unsigned long arcs[16];
    size_t n_arcs = 0;
    for (char *end = NULL; text != NULL && *text && n_arcs < 16; text = *end == '.' ? end + 1 : end)
        arcs[n_arcs++] = strtoul(text, &end, 10);
    arcs[1] += arcs[0] * 40;
    for (size_t i = 1; i < n_arcs; i++) {
        for (int shift = 28; shift >= 0; shift -= 7)
            if (shift == 0 || arcs[i] >> shift != 0)
                out[n++] = (uint8_t)((arcs[i] >> shift & 0x7f) | (shift ? 0x80u : 0u));
    }
    return (bytes){out, n};
}
