/* limbo_runner [--profile webpki|rfc5280] [--only PREFIX] FILE.json

   Runs the cases of an x509-limbo file through fede_verify_chain. A verdict depends on nothing but the validation kind, the
   anchors, intermediates and leaf, the time, the key usage and purposes required, the name, the depth and the revocation
   lists of a case; its id and what is expected of it are printed and compared, nothing else. One line for each case:

       id <TAB> expected <TAB> actual <TAB> reason

   then one line for each group and the total, and on standard error the slowest case. Exit status 0 when every case was run, 2 for bad usage or input. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fede/verify.h"

#define MAX_CHAIN    1024
#define MAX_SUFFIXES (4u << 20)
#define MAX_CRLS     64
#define MAX_GROUPS   64

_Static_assert(FEDE_PURPOSE_SERVER == 0, "a case without purpose is about a server");

struct group_count {
    char name[64];
    unsigned passed, failed, skipped;
};
struct settings {
    fede_profile profile;
    fede_bytes suffixes; /* Debian's package publicsuffix; empty: not installed */
    const char *only;
};

static fede_bytes read_suffixes(const char *path);
static const char *run_case(json_t *c, const struct settings *settings, char *reason, size_t size);
static const char *text(json_t *c, const char *field);
static bool read_time(const char *s, int64_t *at);
static struct group_count *group_of(struct group_count *groups, size_t *n, const char *id);

int main(int argc, char **argv)
{
    struct settings settings = {.profile = FEDE_PROFILE_WEB, .only = ""};
    const char *file = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--profile") == 0 && i + 1 < argc) {
            i++;
            bool rfc = strcmp(argv[i], "rfc5280") == 0;
            if (!rfc && strcmp(argv[i], "webpki") != 0)
                return 2;
            settings.profile = rfc ? FEDE_PROFILE_RFC5280 : FEDE_PROFILE_WEB;
        } else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc) {
            settings.only = argv[++i];
        } else if (file == NULL && argv[i][0] != '-') {
            file = argv[i];
        } else {
            file = NULL;
            break;
        }
    }
    json_error_t problem;
    json_t *root = file ? json_load_file(file, 0, &problem) : NULL;
    json_t *cases = json_object_get(root, "testcases");
    if (!json_is_array(cases)) {
        fprintf(stderr, "limbo_runner: %s\n",
                file == NULL ? "usage: limbo_runner [--profile webpki|rfc5280] [--only PREFIX] FILE.json"
                             : "unreadable file");
        json_decref(root);
        return 2;
    }
    settings.suffixes = read_suffixes("/usr/share/publicsuffix/public_suffix_list.dat");
    struct group_count groups[MAX_GROUPS] = {0}, all = {0};
    size_t i, n = 0;
    json_t *c;
    clock_t longest = 0;
    const char *slowest = "none";
    json_array_foreach(cases, i, c)
    {
        const char *id = text(c, "id"), *expected = text(c, "expected_result");
        char reason[256] = "";
        if (strncmp(id, settings.only, strlen(settings.only)) != 0)
            continue;
        clock_t before = clock();
        const char *actual = run_case(c, &settings, reason, sizeof reason);
        if (clock() - before > longest) {
            longest = clock() - before;
            slowest = id;
        }
        printf("%s\t%s\t%s\t%s\n", id, expected, actual, reason);
        struct group_count *group = group_of(groups, &n, id);
        bool skipped = strcmp(actual, "SKIPPED") == 0, passed = strcmp(actual, expected) == 0;
        group->skipped += skipped;
        group->passed += passed;
        group->failed += !skipped && !passed;
        all.skipped += skipped;
        all.passed += passed;
        all.failed += !skipped && !passed;
    }
    for (size_t k = 0; k < n; k++)
        printf("group %s: %u passed, %u failed, %u skipped\n", groups[k].name, groups[k].passed, groups[k].failed,
               groups[k].skipped);
    fprintf(stderr, "slowest: %s, %.1f ms of processor time\n", slowest, (double)longest * 1000 / CLOCKS_PER_SEC);
    printf("limbo: %u passed, %u failed, %u skipped\n", all.passed, all.failed, all.skipped);
    json_decref(root);
    free((void *)settings.suffixes.data);
    return 0;
}

static fede_bytes read_suffixes(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *list = f != NULL ? malloc(MAX_SUFFIXES) : NULL;
    fede_bytes read = {list, list != NULL ? fread(list, 1, MAX_SUFFIXES, f) : 0};
    if (f != NULL)
        fclose(f);
    return read;
}

static fede_bytes pem(json_t *value)
{
    const char *s = json_string_value(value);
    return (fede_bytes){(const uint8_t *)s, s ? strlen(s) : 0};
}

static uint16_t usage_of(const char *name)
{
    static const char *const names[] = {"digitalSignature", "contentCommitment", "keyEncipherment",
                                        "dataEncipherment", "keyAgreement",      "keyCertSign",
                                        "cRLSign",          "encipherOnly",      "decipherOnly"};
    for (unsigned k = 0; k < 9; k++)
        if (strcmp(names[k], name) == 0)
            return (uint16_t)(1u << k);
    return 0;
}

static const char *run_case(json_t *c, const struct settings *settings, char *reason, size_t size)
{
    static fede_bytes chain[MAX_CHAIN], crls[MAX_CRLS];
    fede_verify_request request = {.chain = chain, .n_chain = 1, .crls = crls, .profile = (uint8_t)settings->profile};
    size_t i;
    json_t *value;
    chain[0] = pem(json_object_get(c, "peer_certificate"));
    json_array_foreach(json_object_get(c, "untrusted_intermediates"), i, value)
    {
        if (request.n_chain < MAX_CHAIN)
            chain[request.n_chain++] = pem(value);
    }
    json_array_foreach(json_object_get(c, "crls"), i, value)
    {
        if (request.n_crls < MAX_CRLS)
            crls[request.n_crls++] = pem(value);
    }
    fede_trust *trust = fede_trust_new();
    if (settings->suffixes.len > 0)
        fede_trust_suffixes(trust, settings->suffixes);
    json_array_foreach(json_object_get(c, "trusted_certs"), i, value)
    {
        fede_trust_add(trust, pem(value));
    }
    request.trust = trust;
    request.purpose = strcmp(text(c, "validation_kind"), "CLIENT") == 0 ? FEDE_PURPOSE_CLIENT : FEDE_PURPOSE_SERVER;
    json_array_foreach(json_object_get(c, "extended_key_usage"), i, value)
    {
        const char *purpose = json_string_value(value);
        if (strcmp(purpose, "clientAuth") == 0)
            request.purpose = FEDE_PURPOSE_CLIENT;
        if (strcmp(purpose, "serverAuth") == 0)
            request.purpose = FEDE_PURPOSE_SERVER;
    }
    json_array_foreach(json_object_get(c, "key_usage"), i, value)
    {
        request.key_usage |= usage_of(json_string_value(value));
    }
    json_t *depth = json_object_get(c, "max_chain_depth");
    if (json_is_integer(depth)) {
        request.direct = json_integer_value(depth) == 0;
        request.max_path = (uint16_t)json_integer_value(depth);
    }
    json_t *name = json_object_get(c, "expected_peer_name");
    if (json_is_object(name))
        request.name = text(name, "value");
    if (!read_time(json_string_value(json_object_get(c, "validation_time")), &request.at)) {
        snprintf(reason, size, "bad_input");
        fede_trust_free(trust);
        return "FAILURE";
    }
    fede_verification *v = fede_verify_chain(&request);
    const fede_verdict *verdict = fede_verification_verdict(v);
    const fede_error *error = fede_verification_error(v);
    bool accepted = verdict->accepted;
    if (accepted)
        snprintf(reason, size, "%u", verdict->path_len);
    else
        snprintf(reason, size, "%s %u %s %s", fede_reason_name(error->reason), error->certificate,
                 error->where ? error->where : "-", error->detail ? error->detail : "");
    fede_verification_free(v);
    fede_trust_free(trust);
    return accepted ? "SUCCESS" : "FAILURE";
}

static const char *text(json_t *c, const char *field)
{
    const char *s = json_string_value(json_object_get(c, field));
    return s ? s : "";
}

/* "2024-04-01T00:00:00.005+00:00", fractions cut; NULL: now. */
static bool read_time(const char *s, int64_t *at)
{
    struct tm tm = {0};
    if (s == NULL) {
        *at = time(NULL);
        return true;
    }
    int n = 0;
    if (sscanf(s, "%d-%d-%dT%d:%d:%d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec,
               &n) != 6)
        return false;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    *at = timegm(&tm);
    return true;
}

static struct group_count *group_of(struct group_count *groups, size_t *n, const char *id)
{
    size_t len = strcspn(id, ":");
    len = len < sizeof groups->name - 1 ? len : sizeof groups->name - 1;
    for (size_t i = 0; i < *n; i++)
        if (strlen(groups[i].name) == len && strncmp(groups[i].name, id, len) == 0)
            return &groups[i];
    struct group_count *group = &groups[*n < MAX_GROUPS - 1 ? (*n)++ : *n - 1];
    memcpy(group->name, id, len);
    return group;
}
