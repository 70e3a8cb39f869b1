/* limbo_runner [--profile webpki|rfc5280] [--only PREFIX] FILE.json

   Runs the cases of an x509-limbo file through x509_verify. A verdict depends on nothing but the validation kind, the
   anchors, intermediates and leaf, the time, the key usage and purposes required, the name, the depth and the revocation
   lists of a case; its id and what is expected of it are printed and compared, nothing else. One line for each case:

       id <TAB> expected <TAB> actual <TAB> reason

   then one line for each group and the total. Exit status 0 when every case was run, 2 for bad usage or input. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/error.h"
#include "x509/x509.h"

#define MAX_CHAIN    1024
#define MAX_SUFFIXES (4u << 20)
#define MAX_CRLS     64
#define MAX_GROUPS   64

struct group_count {
    char name[64];
    unsigned passed, failed, skipped;
};
struct settings {
    enum profile profile;
    struct suffixes *suffixes; /* Debian's package publicsuffix; NULL: not installed */
    const char *only;
};

static struct suffixes *read_suffixes(const char *path);
static const char *run_case(json_t *c, const struct settings *settings, char *reason, size_t size);
static const char *judge(json_t *c, const struct settings *settings, struct arena *arena, char *reason, size_t size);
static const char *text(json_t *c, const char *field);
static bool read_host(json_t *name, struct host *host, bool *has_host);
static bool read_time(const char *s, int64_t *at);
static struct group_count *group_of(struct group_count *groups, size_t *n, const char *id);

int main(int argc, char **argv)
{
    struct settings settings = {.profile = PROFILE_WEB, .only = ""};
    const char *file = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--profile") == 0 && i + 1 < argc) {
            i++;
            bool rfc = strcmp(argv[i], "rfc5280") == 0;
            if (!rfc && strcmp(argv[i], "webpki") != 0)
                return 2;
            settings.profile = rfc ? PROFILE_RFC5280 : PROFILE_WEB;
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
    if (!json_is_array(cases) || !crypto_start()) {
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
    json_array_foreach(cases, i, c)
    {
        const char *id = text(c, "id"), *expected = text(c, "expected_result");
        char reason[256] = "";
        if (strncmp(id, settings.only, strlen(settings.only)) != 0)
            continue;
        const char *actual = run_case(c, &settings, reason, sizeof reason);
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
    printf("limbo: %u passed, %u failed, %u skipped\n", all.passed, all.failed, all.skipped);
    json_decref(root);
    suffixes_free(settings.suffixes);
    return 0;
}

static struct suffixes *read_suffixes(const char *path)
{
    FILE *f = fopen(path, "rb");
    char *text_read = malloc(MAX_SUFFIXES);
    struct suffixes *suffixes = NULL;
    if (f != NULL && text_read != NULL)
        suffixes = suffixes_read(&memory_standard, bytes_of(text_read, fread(text_read, 1, MAX_SUFFIXES, f)));
    if (f != NULL)
        fclose(f);
    free(text_read);
    return suffixes;
}

static const char *run_case(json_t *c, const struct settings *settings, char *reason, size_t size)
{
    struct arena arena;
    arena_start(&arena, &memory_standard, 64u << 20);
    const char *actual = judge(c, settings, &arena, reason, size);
    arena_end(&arena);
    return actual;
}

/* Reads one PEM string of a case; false: no certificate in it. */
static bool read_pem(json_t *value, struct arena *arena, bytes *der)
{
    bytes pem = bytes_text(json_string_value(value));
    return pem_next(&pem, NULL, arena, der);
}

/* The name of a reason as fede_reason_name gives it. */
static const char *lower(const char *s, char *out, size_t size)
{
    size_t n = 0;
    for (; s[n] && n + 1 < size; n++)
        out[n] = (char)(s[n] >= 'A' && s[n] <= 'Z' ? s[n] + 32 : s[n]);
    out[n] = '\0';
    return out;
}

static const char *judge(json_t *c, const struct settings *settings, struct arena *arena, char *reason, size_t size)
{
    char name[64];
    static bytes chain[MAX_CHAIN];
    json_t *list = json_object_get(c, "untrusted_intermediates"), *value;
    size_t i;
    struct verify_request request = {.chain = chain, .profile = settings->profile, .suffixes = settings->suffixes};
    if (!read_pem(json_object_get(c, "peer_certificate"), arena, &chain[0])) {
        snprintf(reason, size, "bad_pem");
        return "FAILURE";
    }
    request.n = 1;
    json_array_foreach(list, i, value)
    {
        if (request.n < MAX_CHAIN && read_pem(value, arena, &chain[request.n]))
            request.n++;
    }
    static bytes crls[MAX_CRLS];
    request.crls = crls;
    json_array_foreach(json_object_get(c, "crls"), i, value)
    {
        /* What is no PEM stays an empty list: it must not turn the question off. */
        if (request.n_crls < MAX_CRLS && !read_pem(value, arena, &crls[request.n_crls++]))
            crls[request.n_crls - 1] = BYTES_NONE;
    }
    struct anchors *anchors = anchors_new(&memory_standard);
    json_array_foreach(json_object_get(c, "trusted_certs"), i, value)
    {
        anchors_add(anchors, bytes_text(json_string_value(value)));
    }
    request.anchors = anchors;
    request.purpose = strcmp(text(c, "validation_kind"), "CLIENT") == 0 ? PURPOSE_CLIENT : PURPOSE_SERVER;
    json_array_foreach(json_object_get(c, "extended_key_usage"), i, value)
    {
        const char *purpose = json_string_value(value);
        request.purpose = strcmp(purpose, "clientAuth") == 0   ? PURPOSE_CLIENT
                          : strcmp(purpose, "serverAuth") == 0 ? PURPOSE_SERVER
                                                               : request.purpose;
    }
    json_array_foreach(json_object_get(c, "key_usage"), i, value)
    {
        static const char *const names[] = {"digitalSignature", "contentCommitment", "keyEncipherment",
                                            "dataEncipherment", "keyAgreement",      "keyCertSign",
                                            "cRLSign",          "encipherOnly",      "decipherOnly"};
        for (unsigned k = 0; k < 9; k++)
            request.key_usage |= strcmp(names[k], json_string_value(value)) == 0 ? (uint16_t)(1u << k) : 0;
    }
    json_t *depth = json_object_get(c, "max_chain_depth");
    if (json_is_integer(depth)) {
        request.direct = json_integer_value(depth) == 0;
        request.max_path = (uint16_t)json_integer_value(depth);
    }
    struct host host;
    bool has_host = false, name_read = read_host(json_object_get(c, "expected_peer_name"), &host, &has_host);
    request.host = has_host ? &host : NULL;
    if (!read_time(json_string_value(json_object_get(c, "validation_time")), &request.at))
        name_read = false;

    struct certificate leaf;
    bool leaf_read = false, accepted = false;
    fede_verdict verdict = {0};
    fede_error error = {0};
    if (!name_read) {
        snprintf(reason, size, "bad_input");
    } else {
        accepted = x509_verify(&request, arena, &verdict, &leaf, &leaf_read, &error);
        if (accepted)
            snprintf(reason, size, "%u", verdict.path_len);
        else
            snprintf(reason, size, "%s %u %s %s", lower(reason_row(error.reason)->name, name, sizeof name),
                     error.certificate, error.where ? error.where : "-", error.detail ? error.detail : "");
    }
    anchors_free(anchors);
    return accepted ? "SUCCESS" : "FAILURE";
}

static const char *text(json_t *c, const char *field)
{
    const char *s = json_string_value(json_object_get(c, field));
    return s ? s : "";
}

/* False: a name that can't be one. */
static bool read_host(json_t *name, struct host *host, bool *has_host)
{
    const char *kind = text(name, "kind"), *value = text(name, "value");
    *has_host = json_is_object(name);
    if (!*has_host)
        return true;
    if (strcmp(kind, "RFC822") == 0)
        return mailbox_read(value, host) == HOST_MAILBOX;
    enum host_kind found = host_read(value, host);
    return strcmp(kind, "DNS") == 0 ? found == HOST_DNS : strcmp(kind, "IP") == 0 && found == HOST_IP;
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
