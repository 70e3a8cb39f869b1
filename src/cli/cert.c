/* fede cert FILE... | HOST[:PORT]: certificates shown, judged, examined, converted.

   Telling is done by report/cert; here are the options, what is read and from where, and what an outcome means as an exit
   code. What is asked for goes to standard output, problems to standard error. */
#include "cli/cert.h"
#include "cli/responder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/options.h"
#include "cli/output.h"
#include "cli/trust.h"

enum { FILES_MOST = TRUST_FILES_MOST, FILE_MOST = 64 << 20, FETCH_MS = 15000 };
enum key {
    VERIFY = 1,
    NAME,
    AT_TIME,
    CACERT,
    CAPATH,
    CRL,
    STAPLE,
    MUST_STAPLE,
    CT_LOGS,
    REVOCATION,
    PURPOSE,
    PROFILE,
    DEPTH,
    LINT,
    FAIL_ON,
    STORE,
    PINS,
    TO_PEM,
    TO_DER,
    ONLY,
    OUTPUT,
    LIMIT,
    OCSP,
    COMPARE
};

struct settings {
    struct story story;
    const char *name, *output, *staple, *ct_logs, *compare;
    int64_t at; /* 0: now */
    struct trust_options trust;
    const char *crls[FILES_MOST];
    size_t n_crls;
    bool verify, lint, store, pins, pem, der;
    unsigned purpose, profile, revocation, depth, only, fail_on;
    bool depth_given, must_staple, ocsp;
    unsigned long limit_ms;
};
/* What the run holds, and gives back at its end. */
struct run {
    struct settings *s;
    struct certs *certs;
    fede_trust *trust;
    fede_verification *verification;
    char anchors[300], name[300], asked[1600]; /* asked: what became of --ocsp */
    bool live;
    struct cert_live sent;
    struct text *why;
};

static bool cert_take(void *settings, const struct option_row *row, const char *value, struct text *why);
static int cert_run(int argc, char **argv);
static int tell(struct run *run, int n, char **operands);
static int read_operands(struct run *run, int n, char **operands);
static bool looks_like_file(const char *operand);
static bool load_trust(struct run *run);
static bool load(struct run *run, const char *path, const char *label, fede_bytes *out);
static bool read_file(struct run *run, struct certs *into, const char *path);
static int compare(struct run *run, const char *source);
static int convert(struct run *run);
static int pins(struct run *run);
static int store(struct run *run, int n, char **operands);
static int judged(struct run *run, const char *source);

/* clang-format off */
static const struct option_row cert_options[] = {
    {"verify",     0,  VERIFY,     NULL,      "Judge",   "Judge the chain step by step: who issued whom, every check with its values, digests compared. Always done for HOST."},
    {"name",       0,  NAME,       "NAME",    NULL,      "The host name, address or mail address the certificate has to be for; implies --verify."},
    {"attime",     0,  AT_TIME,    "TIME",    NULL,      "Judge as of TIME: seconds since 1970 or 2026-05-01T12:00:00Z."},
    {"cacert",     0,  CACERT,     "FILE",    NULL,      "Trust the certificates in FILE (PEM or DER) instead of the system's; repeatable; implies --verify."},
    {"capath",     0,  CAPATH,     "DIRECTORY", NULL,    "Trust the certificates in DIRECTORY instead of the system's; repeatable; implies --verify."},
    {"crl",        0,  CRL,        "FILE",    NULL,      "A certificate revocation list (PEM or DER); repeatable; with one, every certificate of the path must be covered."},
    {"staple",     0,  STAPLE,     "FILE",    NULL,      "An OCSP response about the first certificate (DER or PEM)."},
    {"ocsp",       0,  OCSP,       NULL,      NULL,      "Ask the responder that the first certificate names, over HTTP, and judge by its answer; without a good one the certificate is refused, unless --revocation is soft."},
    {"ct-logs",    0,  CT_LOGS,    "FILE",    NULL,      "Judge the timestamps in the first certificate by the list of logs in FILE (log_list.json, version 3). They refuse nothing."},
    {"must-staple", 0, MUST_STAPLE, NULL,     NULL,      "Refuse a certificate that promises an OCSP response (must-staple) and comes without one."},
    {"revocation", 0,  REVOCATION, "WISH",    NULL,      "What an unknown status means: if-given (the default: a failure when lists or responses were given), soft (never), hard (always a failure)."},
    {"purpose",    0,  PURPOSE,    "PURPOSE", NULL,      "server (the default), client or any; implies --verify."},
    {"profile",    0,  PROFILE,    "RULES",   NULL,      "tls (the default: private CAs pass), web (also the Baseline Requirements) or rfc5280 (path validation alone)."},
    {"max-depth",  0,  DEPTH,      "N",       NULL,      "At most N intermediates between certificate and trust anchor; 10 without this option."},
    {"lint",       0,  LINT,       NULL,      "Examine", "Findings against RFC 5280 and the Baseline Requirements: errors, warnings, notices."},
    {"fail-on",    0,  FAIL_ON,    "LEVEL",   NULL,      "Exit with 10 when there is a finding of LEVEL (notice, warning, error) or above; implies --lint."},
    {"compare",    0,  COMPARE,    "OTHER",   NULL,      "Compare with OTHER, a file or HOST[:PORT], certificate by certificate and field by field; exit with 10 when something differs. -v shows what is equal too."},
    {"store",      0,  STORE,      NULL,      "Store",   "List the trust anchors of the system, or of --cacert, with their validity; operands are words to search for."},
    {"pins",       0,  PINS,       NULL,      "Convert", "Print only the pin of each key, as curl's --pinnedpubkey takes it."},
    {"pem",        0,  TO_PEM,     NULL,      NULL,      "Write the certificates as PEM and nothing else."},
    {"der",        0,  TO_DER,     NULL,      NULL,      "Write one certificate as DER and nothing else: the first, or that of --only."},
    {"only",       0,  ONLY,       "N",       NULL,      "Only certificate N of the list; 0 is the first."},
    {"output",    'o', OUTPUT,     "FILE",    NULL,      "Where --pem, --der and --pins write; without it standard output."},
    {"max-time",  'm', LIMIT,      "SECONDS", "Network", "Give up fetching, or asking a responder, after SECONDS; 15 without this option."},
};
/* clang-format on */

const struct command cert_command = {
    .name = "cert",
    .synopsis = "FILE... | HOST[:PORT]",
    .summary = "Show certificates byte by byte, verify chains step by step, examine, convert.",
    .examples = "  fede cert site.pem                            what it says, in short\n"
                "  fede cert -vv site.pem                        every byte of it\n"
                "  fede cert --verify -v www.example.org         the chain a server sends, step by step\n"
                "  fede cert --name localhost --cacert ca.pem chain.pem\n"
                "  fede cert --lint --fail-on warning site.pem\n"
                "  fede cert --compare old.pem www.example.org   what the new certificate has that the old had not\n"
                "  fede cert --store isrg                        trust anchors of the system\n",
    .notes =
        "Several files make one list: the certificate first, then intermediates. A server's chain is fetched over a\n"
        "connection that trusts nobody, and judged afterwards with the OCSP response and timestamps it sent.\n",
    .options = cert_options,
    .n_options = sizeof cert_options / sizeof *cert_options,
    .take = cert_take,
    .run = cert_run,
};

static int cert_run(int argc, char **argv)
{
    static struct settings settings;
    char reason[1400] = "";
    struct text why = text_in(reason, sizeof reason);
    int n_operands = 0;
    story_defaults(&settings.story);
    settings.story.file = "-";
    settings.limit_ms = FETCH_MS;
    int code = options_parse(&cert_command, &settings, argc, argv, &n_operands);
    if (code >= 0)
        return code;
    if (n_operands == 0 && !settings.store)
        return usage_error(&cert_command, "which certificate? Give a file, or HOST[:PORT]");
    if (settings.pem + settings.der + settings.pins + settings.store + (settings.compare != NULL) > 1)
        return usage_error(&cert_command, "only one of --pem, --der, --pins, --compare and --store can be given");
    if (settings.output != NULL && !settings.pem && !settings.der && !settings.pins)
        return usage_error(&cert_command, "--output is for --pem, --der and --pins; --stderr FILE takes the rest");
    struct run run = {.s = &settings, .certs = certs_new(), .trust = fede_trust_new(), .why = &why};
    if (run.certs == NULL || run.trust == NULL) {
        text_add(&why, "no memory, or libcrypto can't start");
        code = EXIT_INTERNAL;
    } else {
        code = tell(&run, n_operands, argv + 1);
    }
    fede_verification_free(run.verification);
    fede_trust_free(run.trust);
    certs_free(run.certs);
    if (code != EXIT_DONE)
        fprintf(stderr, "exit %d: %s\n", code, reason[0] != '\0' ? reason : exit_meaning(code));
    return code;
}

static int tell(struct run *run, int n, char **operands)
{
    struct settings *s = run->s;
    if (s->store)
        return store(run, n, operands);
    int code = read_operands(run, n, operands);
    if (code != EXIT_DONE)
        return code;
    if (s->only > certs_count(run->certs)) {
        text_format(run->why, "there is no certificate %u: the list has %zu", s->only - 1, certs_count(run->certs));
        return EXIT_NOTHING;
    }
    if (s->pem || s->der)
        return convert(run);
    if (s->compare != NULL)
        return compare(run, operands[0]);
    return s->pins ? pins(run) : judged(run, operands[0]);
}

/* A list out of files, or one host. */
static int read_operands(struct run *run, int n, char **operands)
{
    if (n == 1 && !looks_like_file(operands[0])) {
        run->live = true;
        run->s->verify = true;
        return cert_fetch(operands[0], run->s->limit_ms, run->certs, &run->sent, run->name, sizeof run->name, run->why);
    }
    for (int i = 0; i < n; i++)
        if (!read_file(run, run->certs, operands[i]))
            return EXIT_INPUT;
    return EXIT_DONE;
}

static bool read_file(struct run *run, struct certs *into, const char *path)
{
    size_t len;
    char *file = value_file(path, FILE_MOST, &len, run->why);
    if (file == NULL)
        return false;
    bool read = certs_add(into, (fede_bytes){(uint8_t *)file, len});
    free(file);
    if (!read)
        text_format(run->why, "%s holds no certificate, neither PEM nor DER", path);
    return read;
}

/* The list is A, the other one B. */
static int compare(struct run *run, const char *source)
{
    static const int codes[] = {
        [CERT_SAME] = EXIT_DONE, [CERT_DIFFERENT] = EXIT_FINDINGS, [CERT_NOT_COMPARED] = EXIT_INTERNAL};
    struct settings *s = run->s;
    struct cert_live sent = {.staple = {0}};
    char name[300], why[200] = "";
    struct certs *other = certs_new();
    int code = other == NULL                ? EXIT_INTERNAL
               : !looks_like_file(s->compare) ? cert_fetch(s->compare, s->limit_ms, other, &sent, name, sizeof name, run->why)
               : read_file(run, other, s->compare) ? EXIT_DONE
                                                   : EXIT_INPUT;
    struct cert_comparison c = {
        .lists = {run->certs, other}, .sources = {source, s->compare}, .only = s->only};
    if (code == EXIT_DONE && !story_start(&s->story, &c.report, run->why))
        code = EXIT_INPUT;
    else if (code == EXIT_DONE) {
        *run->why = text_in(run->why->out, run->why->size);
        code = codes[cert_compare(&c, why, sizeof why)];
        text_add(run->why, why);
        story_end(&c.report);
    }
    certs_free(other);
    return code;
}

/* What exists is a file; what is named like one too, so that a missing file is no host that can't be found. */
static bool looks_like_file(const char *operand)
{
    static const char *const ends[] = {".pem", ".crt", ".cer", ".der", ".cert", ".p7b"};
    size_t len = strlen(operand);
    if (!strcmp(operand, "-") || access(operand, F_OK) == 0)
        return true;
    if (strstr(operand, "://"))
        return false;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t end = strlen(ends[i]);
        if (len > end && !strcmp(operand + len - end, ends[i]))
            return true;
    }
    return operand[0] == '/' || operand[0] == '.';
}

static bool load_trust(struct run *run)
{
    struct text words = text_in(run->anchors, sizeof run->anchors);
    return trust_load(run->trust, &run->s->trust, &words, run->why);
}

static bool load(struct run *run, const char *path, const char *label, fede_bytes *out)
{
    size_t len;
    char *file = value_file(path, FILE_MOST, &len, run->why);
    if (file == NULL)
        return false;
    *out = certs_other(run->certs, (fede_bytes){(uint8_t *)file, len}, label);
    free(file);
    if (out->len == 0)
        text_format(run->why, "%s holds no %s, neither PEM nor DER", path, label);
    return out->len > 0;
}

static int64_t moment(const struct settings *s)
{
    return s->at != 0 ? s->at : (int64_t)time(NULL);
}

/* Judged once for the issuer, then again by what its responder says; by a later clock: the response may be new. */
static void ask_responder(struct run *run, fede_verify_request *request)
{
    static uint8_t answer[RESPONDER_ANSWER_MOST];
    struct text said = text_in(run->asked, sizeof run->asked);
    size_t len = 0;
    if (request->staple.len > 0)
        text_add(&said, "not asked: there is a response already");
    else if ((len = responder_ask(fede_verification_verdict(run->verification), run->s->limit_ms, answer, &said)) > 0)
        request->staple = certs_other(run->certs, bytes_of(answer, len), "OCSP RESPONSE");
    request->at = moment(run->s);
    if (request->revocation == FEDE_REVOCATION_IF_GIVEN)
        request->revocation = FEDE_REVOCATION_LEAF;
    fede_verification_free(run->verification);
    run->verification = fede_verify_chain(request);
}

/* Shows, and judges where that is asked. */
static int judged(struct run *run, const char *source)
{
    static const int codes[] = {[CERT_DONE] = EXIT_DONE,
                                [CERT_FAILED] = EXIT_INTERNAL,
                                [CERT_UNREADABLE] = EXIT_INPUT,
                                [CERT_REFUSED] = EXIT_CERTIFICATE,
                                [CERT_FINDINGS] = EXIT_FINDINGS};
    struct settings *s = run->s;
    fede_bytes chain[256], crls[FILES_MOST], staple = {0};
    size_t n = 0;
    for (size_t i = s->only > 0 ? s->only - 1 : 0; i < certs_count(run->certs) && n < 256; i++)
        chain[n++] = certs_at(run->certs, i);
    for (size_t i = 0; i < s->n_crls; i++)
        if (!load(run, s->crls[i], "X509 CRL", &crls[i]))
            return EXIT_INPUT;
    if (s->staple != NULL && !load(run, s->staple, "OCSP RESPONSE", &staple))
        return EXIT_INPUT;
    if (staple.len == 0 && s->only <= 1)
        staple = run->sent.staple;
    fede_verify_request request = {.chain = chain,
                                   .n_chain = n,
                                   .trust = run->trust,
                                   .name = s->name != NULL ? s->name
                                           : run->live     ? run->name
                                                           : NULL,
                                   .at = moment(s),
                                   .purpose = (uint8_t)s->purpose,
                                   .profile = (uint8_t)s->profile,
                                   .revocation = (uint8_t)s->revocation,
                                   .attempts = true,
                                   .direct = s->depth_given && s->depth == 0,
                                   .max_path = (uint16_t)s->depth,
                                   .crls = crls,
                                   .n_crls = s->n_crls,
                                   .staple = staple,
                                   .staple_asked = s->must_staple || staple.len > 0 || run->live,
                                   .scts = bytes_of(run->sent.scts, s->only <= 1 ? run->sent.scts_len : 0)};
    if (s->verify) {
        if (!load_trust(run))
            return EXIT_INPUT;
        fede_ct_logs *logs = NULL;
        if (s->ct_logs != NULL && (logs = trust_logs(s->ct_logs, run->why)) == NULL)
            return EXIT_INPUT;
        request.ct_logs = logs;
        run->verification = fede_verify_chain(&request);
        if (s->ocsp && run->verification != NULL)
            ask_responder(run, &request);
        fede_ct_logs_free(logs);
        if (run->verification == NULL)
            return EXIT_INTERNAL;
    }
    struct cert_request q = {.certs = run->certs,
                             .source = source,
                             .judged = &request,
                             .verification = run->verification,
                             .anchors = run->anchors,
                             .asked = run->asked,
                             .live = run->live,
                             .lint = s->lint,
                             .only = s->only,
                             .fail_on = s->fail_on,
                             .at = request.at};
    if (!story_start(&s->story, &q.report, run->why))
        return EXIT_INPUT;
    setvbuf(q.report.out, NULL, _IOFBF, 1 << 16);
    *run->why = text_in(run->why->out, run->why->size); /* a fetched chain's handshake may have failed later on */
    char why[1300] = "";
    int code = codes[cert_tell(&q, why, sizeof why)];
    text_add(run->why, why);
    story_end(&q.report);
    return code;
}

/* Opens where --pem, --der and --pins go. */
static FILE *open_output(struct run *run)
{
    const char *path = run->s->output;
    FILE *out = path == NULL || !strcmp(path, "-") ? stdout : fopen(path, "wb");
    if (out == NULL)
        text_format(run->why, "%s can't be written: %s", path, strerror(errno));
    return out;
}

static int close_output(struct run *run, FILE *out)
{
    bool failed = fflush(out) != 0 || ferror(out) != 0;
    if (failed)
        text_format(run->why, "the output can't be written: %s", strerror(errno));
    if (out != stdout)
        failed = fclose(out) != 0 || failed;
    return failed ? EXIT_INTERNAL : EXIT_DONE;
}

static int convert(struct run *run)
{
    FILE *out = open_output(run);
    if (out == NULL)
        return EXIT_INPUT;
    unsigned only = run->s->only > 0 ? run->s->only : run->s->der ? 1 : 0;
    for (size_t i = 0; i < certs_count(run->certs); i++) {
        fede_bytes der = certs_at(run->certs, i);
        if (only > 0 && i + 1 != only)
            continue;
        if (run->s->pem)
            write_pem(out, der);
        else
            fwrite(der.data, 1, der.len, out);
    }
    return close_output(run, out);
}

static int pins(struct run *run)
{
    FILE *out = open_output(run);
    if (out == NULL)
        return EXIT_INPUT;
    bool all = true;
    for (size_t i = 0; i < certs_count(run->certs); i++) {
        char pin[80], title[400];
        if (run->s->only > 0 && i + 1 != run->s->only)
            continue;
        bool known = certs_pin(run->certs, i, pin, sizeof pin, title, sizeof title);
        if (known)
            fprintf(out, "%s %s\n", pin, title);
        else
            text_format(run->why, "certificate %zu can't be read", i);
        all = all && known;
    }
    int code = close_output(run, out);
    return code != EXIT_DONE ? code : all ? EXIT_DONE : EXIT_INPUT;
}

static int store(struct run *run, int n, char **operands)
{
    struct report_options options;
    if (!load_trust(run) || !story_start(&run->s->story, &options, run->why))
        return EXIT_INPUT;
    setvbuf(options.out, NULL, _IOFBF, 1 << 16);
    long found = store_tell(&options, run->trust, run->anchors, (const char *const *)operands, (size_t)n, moment(run->s));
    story_end(&options);
    if (found == 0)
        text_add(run->why, "no trust anchor has all these words in its subject");
    return found < 0 ? EXIT_INTERNAL : found == 0 ? EXIT_NOTHING : EXIT_DONE;
}

/* ---- Options --------------------------------------------------------------------------------------------------- */

static bool choice(const char *value, const char *const *names, size_t n, unsigned *out, struct text *why)
{
    for (unsigned i = 0; i < n; i++) {
        if (!strcmp(value, names[i])) {
            *out = i;
            return true;
        }
    }
    text_format(why, "\"%s\" is not one of", value);
    for (size_t i = 0; i < n; i++)
        text_format(why, "%s %s", i ? "," : "", names[i]);
    return false;
}

static bool add(const char **list, size_t *n, const char *value, struct text *why)
{
    if (*n == FILES_MOST) {
        text_format(why, "at most %d can be given", FILES_MOST);
        return false;
    }
    list[(*n)++] = value;
    return true;
}

static bool cert_take(void *settings, const struct option_row *row, const char *value, struct text *why)
{
    static const char *const purposes[] = {"server", "client", "any"}, *const profiles[] = {"tls", "web", "rfc5280"},
                             *const wishes[] = {"if-given", "soft", "hard"},
                             *const levels[] = {"notice", "warning", "error"};
    struct settings *s = settings;
    long number;

    switch (row->key) {
    case NAME:
    case CACERT:
    case CAPATH:
    case CRL:
    case STAPLE:
    case CT_LOGS:
    case OCSP:
    case MUST_STAPLE:
    case REVOCATION:
    case PURPOSE:
    case PROFILE:
    case DEPTH:
    case VERIFY:
        s->verify = true;
        break;
    default:
        break;
    }
    switch (row->key) {
    case VERIFY:
        return true;
    case NAME:
        s->name = value;
        return true;
    case AT_TIME:
        return value_time(value, &s->at, why);
    case CACERT:
        return add(s->trust.files, &s->trust.n_files, value, why);
    case CAPATH:
        return add(s->trust.folders, &s->trust.n_folders, value, why);
    case CRL:
        return add(s->crls, &s->n_crls, value, why);
    case STAPLE:
        s->staple = value;
        return true;
    case CT_LOGS:
        s->ct_logs = value;
        return true;
    case OCSP:
        return s->ocsp = true;
    case MUST_STAPLE:
        s->must_staple = true;
        return true;
    case REVOCATION:
        return choice(value, wishes, 3, &s->revocation, why);
    case PURPOSE:
        return choice(value, purposes, 3, &s->purpose, why);
    case PROFILE:
        return choice(value, profiles, 3, &s->profile, why);
    case DEPTH:
        if (!value_number(value, 0, 30, &number, why))
            return false;
        s->depth = (unsigned)number;
        s->depth_given = true;
        return true;
    case LINT:
        s->lint = true;
        return true;
    case FAIL_ON:
        s->lint = true;
        if (!choice(value, levels, 3, &s->fail_on, why))
            return false;
        s->fail_on++;
        return true;
    case COMPARE:
        s->compare = value;
        return true;
    case STORE:
        s->store = true;
        return true;
    case PINS:
        s->pins = true;
        return true;
    case TO_PEM:
        s->pem = true;
        return true;
    case TO_DER:
        s->der = true;
        return true;
    case ONLY:
        if (!value_number(value, 0, 100000, &number, why))
            return false;
        s->only = (unsigned)number + 1;
        return true;
    case OUTPUT:
        s->output = value;
        return true;
    case LIMIT:
        return value_seconds(value, &s->limit_ms, why);
    default:
        return story_option(&s->story, row, value, why);
    }
}
