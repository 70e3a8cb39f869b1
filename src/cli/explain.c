/* fede explain FILE...: the story of connections that others made, out of captures.

   Reading and telling is done by report/onlooker; here are the options, and what an outcome means as an exit code. The story
   goes to standard output, for it is what was asked for; problems with files go to standard error. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command_line.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/trust.h"
#include "report/onlooker.h"
#include "report/saved.h"

enum key {
    KEY_KEYLOG = 1, KEY_CONN, KEY_REPORT, KEY_RSA_KEY, KEY_PSK, KEY_DIAGRAM, KEY_FOLLOW, KEY_EXPORT, KEY_OVERWRITE,
    KEY_FORM, KEY_FILTER, KEY_FIELD, KEY_FIELDS, KEY_MOST, KEY_MEMORY,
    KEY_TICKET_KEY, KEY_VERIFY, KEY_CACERT, KEY_CAPATH, KEY_CT_LOGS, KEY_AT_TIME
};
enum { KEYLOGS_MOST = 64, RSA_KEYS_MOST = 16, PSKS_MOST = 32 };

struct settings {
    struct story story;
    const char *keylogs[KEYLOGS_MOST];
    size_t n_keylogs;
    const char *rsa_keys[RSA_KEYS_MOST], *psks[PSKS_MOST];
    size_t n_rsa_keys, n_psks;
    const char *ticket_keys[RSA_KEYS_MOST];
    size_t n_ticket_keys;
    struct trust_options trust;
    bool verify;
    const char *ct_logs;
    int64_t at;
    unsigned only, most;
    uint64_t memory;
    struct select_options select;
    bool page, rows; /* -T html, -T fields */
    const char *report;
    bool diagram;
    unsigned follow;
    enum follow_form follow_form;
    const char *folder;
    struct export_folder files;
    char command[4096]; /* for the page */
};

static bool explain_take(void *settings, const struct option_row *row, const char *value, struct text *why);
static int explain_run(int argc, char **argv);
static bool judge_by(struct settings *s, struct onlooker_request *request, struct text *why);
static void judge_no_more(struct onlooker_request *request);
static const char *choose(struct settings *s, struct onlooker_request *request);

/* clang-format off */
static const struct option_row explain_options[] = {
    {"keylog",    0, KEY_KEYLOG, "FILE", "Keys",   "Secrets of the connections, as SSLKEYLOGFILE has them; repeatable. Secrets blocks inside the captures are used too."},
    {"rsa-key",   0, KEY_RSA_KEY, "FILE", "Keys",  "A server's RSA private key: opens connections with static RSA key exchange; repeatable."},
    {"psk",       0, KEY_PSK, "IDENTITY:HEX", "Keys", "A pre-shared key, for that identity or (HEX alone) for any: opens connections with PSK key exchange; repeatable."},
    {"ticket-key", 0, KEY_TICKET_KEY, "FILE", "Keys", "The ticket keys of a fede serve (its --ticket-key): shows what is in its tickets, opens connections resumed by them; repeatable."},
    {"verify",    0, KEY_VERIFY, NULL,   "Judge",  "Judge chains of certificates by the system's trust anchors, for the name the client asked for, at the time of the packets."},
    {"cacert",    0, KEY_CACERT, "FILE", NULL,     "Trust the certificates in FILE (PEM or DER) instead of the system's; repeatable; implies --verify."},
    {"capath",    0, KEY_CAPATH, "DIRECTORY", NULL, "Trust the certificates in DIRECTORY instead of the system's; repeatable; implies --verify."},
    {"ct-logs",   0, KEY_CT_LOGS, "FILE", NULL,    "Judge the timestamps of certificates by the list of logs in FILE (log_list.json, version 3); implies --verify."},
    {"attime",    0, KEY_AT_TIME, "TIME", NULL,    "Judge as of TIME instead: seconds since 1970 or 2026-05-01T12:00:00Z."},
    {"conn",      0, KEY_CONN,   "N",    "Choice", "Tell only the story of connection N of the table."},
    {"display-filter", 'Y', KEY_FILTER, "FILTER", NULL, "Show only what fits: of JSON lines and of rows those that do, otherwise the connections that have such a line."},
    {"max-connections", 0, KEY_MOST, "N", NULL, "Read only the first N connections, and stop when they are over."},
    {"diagram",   0, KEY_DIAGRAM, NULL,  NULL, "Draw each connection as a sequence diagram instead: who says what when, packets, round trips."},
    {"follow",    0, KEY_FOLLOW, "N[,FORM]", NULL, "Print only the conversation inside connection N; FORM is http, http2 (frames too), raw (the bytes as they were) or hex."},
    {"export",    0, KEY_EXPORT, "DIRECTORY[,KIND]", "Output", "Write what was sent inside, unpacked, and the certificates into files there; KIND is objects or certificates."},
    {"overwrite", 0, KEY_OVERWRITE, NULL, NULL, "With --export: replace files that exist."},
    {"format",  'T', KEY_FORM,   "FORM", NULL, "text, json, lines (also called jsonl), fields (the fields named by -e) or html."},
    {"field",   'e', KEY_FIELD,  "FIELD", NULL, "Print this field, in a row for each line of the story that has it; repeatable. A path of the story, or Wireshark's name."},
    {"fields",  'E', KEY_FIELDS, "NAME=VALUE", NULL, "How rows look, as in tshark: header=y, separator=/t, occurrence=f, aggregator=/s, quote=d; repeatable."},
    {"report",    0, KEY_REPORT, "FILE", NULL, "Write the stories as one HTML page to FILE too: every byte with its meaning, for any browser, without network."},
    {"max-memory", 0, KEY_MEMORY, "BYTES", "Limits", "Above it the connections silent longest are told as far as they came, and let go; K, M or G may follow. 1G without it."},
};
/* clang-format on */

const struct command explain_command = {
    .name = "explain",
    .synopsis = "FILE...",
    .summary = "Tell the story of the TLS connections in capture files, decrypted where keys are known.",
    .examples = "  fede explain capture.pcapng\n"
                "  fede explain -vv --keylog keys.txt capture.pcap     every field, decrypted\n"
                "  fede explain --conn 3 -v day.pcapng.gz              one connection of many\n"
                "  fede explain --diagram --conn 3 capture.pcapng      who says what when\n"
                "  fede explain --follow 1 --keylog keys.txt a.pcap    requests and answers, unpacked\n"
                "  tcpdump -w - port 443 | fede explain -              from a pipe, when it ends\n",
    .notes =
        "FILE may also be a story saved with --json or -T lines: -T html, lines or fields make the same of it as of "
        "the capture.\n"
        "Captures are pcap or pcapng, plain or gzip, of any common link type. TLS is found on every port by what it "
        "looks like. With keys every tag, both Finished and all signatures that can be are recomputed.\n",
    .options = explain_options,
    .n_options = sizeof explain_options / sizeof *explain_options,
    .take = explain_take,
    .run = explain_run,
};

int outcome_exit(int outcome)
{
    static const int codes[] = {
        [ONLOOKER_DONE] = EXIT_DONE,
        [ONLOOKER_FAILED] = EXIT_INTERNAL,
        [ONLOOKER_UNREADABLE] = EXIT_INPUT,
        [ONLOOKER_NOTHING] = EXIT_NOTHING,
        [ONLOOKER_CONTRADICTION] = EXIT_CONTRADICTION,
        [ONLOOKER_UNWRITTEN] = EXIT_INTERNAL,
        [ONLOOKER_INCOMPLETE] = EXIT_INCOMPLETE,
    };
    return codes[outcome];
}

static int explain_run(int argc, char **argv)
{
    static struct settings settings;
    char reason[400] = "";
    struct text why = text_in(reason, sizeof reason);
    int n_files = 0;
    story_defaults(&settings.story);
    settings.story.file = "-";
    settings.memory = 1u << 30;
    settings.select = (struct select_options){.separator = '\t', .aggregator = ','};
    struct text command = text_in(settings.command, sizeof settings.command);
    command_line(&command, &explain_command, argc, argv);
    int code = options_parse(&explain_command, &settings, argc, argv, &n_files);
    if (code >= 0)
        return code;
    if (n_files == 0)
        return usage_error(&explain_command, "which capture? Give at least one file, or - for standard input");
    struct onlooker_request request = {
        .files = (const char *const *)argv + 1,
        .n_files = (size_t)n_files,
        .keylogs = settings.keylogs,
        .n_keylogs = settings.n_keylogs,
        .rsa_keys = settings.rsa_keys,
        .n_rsa_keys = settings.n_rsa_keys,
        .psks = settings.psks,
        .n_psks = settings.n_psks,
        .ticket_keys = settings.ticket_keys,
        .n_ticket_keys = settings.n_ticket_keys,
        .only = settings.only,
        .follow = settings.follow,
        .follow_form = settings.follow_form,
        .most = settings.most,
        .memory = settings.memory,
        .progress = settings.story.level > 0,
        .command = "fede explain",
    };
    const char *wrong = choose(&settings, &request);
    if (wrong != NULL)
        return usage_error(&explain_command, wrong);
    if (!judge_by(&settings, &request, &why) || !story_start(&settings.story, &request.report, &why)) {
        fprintf(stderr, "fede explain: %s\n", reason);
        return EXIT_INPUT;
    }
    request.report.diagram = settings.diagram && request.report.form == REPORT_TEXT;
    if (settings.folder != NULL) {
        if (!export_open(&settings.files, settings.folder)) {
            text_format(&why, "%s can't be written: %s", settings.folder, strerror(errno));
            story_end(&request.report);
            return unwritten(&explain_command, reason);
        }
        settings.files.out = settings.story.level > 0 ? stderr : NULL;
        request.folder = &settings.files;
    }
    setvbuf(request.report.out, NULL, _IOFBF, 1 << 16);
    /* Whoever brings the keys and asks for every byte wants to see them. */
    if (settings.story.level >= 4)
        request.report.show_secrets = true;
    if (settings.report != NULL) {
        if (!story_page_start(&request.page, settings.report, argv[1], request.report.show_secrets, request.report.language, &why)) {
            story_end(&request.report);
            return unwritten(&explain_command, reason);
        }
        request.page.command = settings.command;
    }
    code = outcome_exit(saved_is(argv[1]) ? (int)saved_tell(&request, reason, sizeof reason)
                                          : (int)onlooker_tell(&request, reason, sizeof reason));
    if (!story_page_end(&request.page)) {
        snprintf(reason, sizeof reason, "%.300s could not be written whole", settings.report);
        code = EXIT_INTERNAL;
    }
    if (settings.folder != NULL)
        export_close(&settings.files);
    story_end(&request.report);
    judge_no_more(&request);
    if (code != EXIT_DONE || settings.story.level > 0)
        say_exit(code, reason, settings.story.language);
    return code;
}

static void judge_no_more(struct onlooker_request *request)
{
    fede_trust_free(request->trust);
    fede_ct_logs_free(request->ct_logs);
    request->trust = NULL;
    request->ct_logs = NULL;
}

/* What chains are judged by. */
static bool judge_by(struct settings *s, struct onlooker_request *request, struct text *why)
{
    request->judged_at = s->at;
    if (!s->verify)
        return true;
    request->trust = fede_trust_new();
    request->ct_logs = s->ct_logs != NULL ? trust_logs(s->ct_logs, why) : NULL;
    if (request->trust != NULL && (s->ct_logs == NULL || request->ct_logs != NULL) &&
        trust_load(request->trust, &s->trust, NULL, why))
        return true;
    judge_no_more(request);
    return false;
}

static bool keep(const char **list, size_t *n, size_t most, const char *value, struct text *why)
{
    if (*n == most) {
        text_format(why, "at most %zu of them can be given", most);
        return false;
    }
    list[(*n)++] = value;
    return true;
}

/* Cuts ",WORD" off when WORD is one of the n words; returns which, from 1, else 0. */
static size_t cut_word(char *value, const char *const *list, size_t n)
{
    char *comma = strrchr(value, ',');
    for (size_t i = 0; comma != NULL && i < n; i++) {
        if (strcmp(comma + 1, list[i]) == 0) {
            *comma = '\0';
            return i + 1;
        }
    }
    return 0;
}

static bool take_follow(struct settings *s, const char *value, struct text *why)
{
    static const char *const forms[] = {"http", "http2", "raw", "hex"};
    char number[64];
    long n;
    snprintf(number, sizeof number, "%s", value);
    s->follow_form = (enum follow_form)cut_word(number, forms, sizeof forms / sizeof *forms);
    if (strchr(number, ',') != NULL) {
        text_format(why, "the forms are http, http2, raw and hex");
        return false;
    }
    if (!value_number(number, 1, 1000000000, &n, why))
        return false;
    s->follow = (unsigned)n;
    return true;
}

static bool take_folder(struct settings *s, const char *value, struct text *why)
{
    static const char *const kinds[] = {"objects", "certificates"};
    static char path[4096];
    if (strlen(value) >= sizeof path || value[0] == '\0') {
        text_format(why, "that is no name of a folder");
        return false;
    }
    snprintf(path, sizeof path, "%s", value);
    size_t kind = cut_word(path, kinds, 2);
    s->folder = path;
    s->files.bodies = kind != 2;
    s->files.certificates = kind != 1;
    return true;
}

/* What -T, -e and -Y come to; NULL, or what doesn't go together. */
static const char *choose(struct settings *s, struct onlooker_request *request)
{
    if (s->rows && s->select.n_fields == 0)
        return "-T fields prints the fields named by -e: name at least one";
    if (s->select.n_fields > 0 && !s->rows && (s->page || s->story.form != REPORT_TEXT))
        return "-e is for -T fields";
    if (s->page && s->report != NULL)
        return "-T html writes the page to standard output, --report to a file: one of them";
    if (s->select.n_fields > 0)
        s->story.form = REPORT_JSON_LINES;
    if (s->page) {
        s->report = "-";
        s->story.show_secrets |= s->story.level >= 4;
        s->story.level = 0;
    }
    if (s->select.n_fields > 0 || s->select.filter != NULL)
        request->select = &s->select;
    return NULL;
}

static bool form_take(struct settings *s, const char *value, struct text *why)
{
    static const struct {
        const char *name;
        enum report_form form;
    } forms[] = {{"text", REPORT_TEXT},        {"json", REPORT_JSON},         {"lines", REPORT_JSON_LINES},
                 {"jsonl", REPORT_JSON_LINES}, {"fields", REPORT_JSON_LINES}, {"html", REPORT_TEXT}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (strcmp(value, forms[i].name) != 0)
            continue;
        s->story.form = forms[i].form;
        s->page = strcmp(value, "html") == 0;
        s->rows = strcmp(value, "fields") == 0;
        return true;
    }
    text_format(why, "\"%s\" is none of text, json, lines, jsonl, fields, html", value);
    return false;
}

/* "300M"; at least what a handful of connections needs. */
static bool size_take(struct settings *s, const char *value, struct text *why)
{
    static const char units[] = "KMG";
    char *end = NULL;
    unsigned long long n = value[0] >= '0' && value[0] <= '9' ? strtoull(value, &end, 10) : 0;
    const char *unit = n > 0 && *end != '\0' ? strchr(units, *end & ~0x20) : NULL;
    unsigned shift = unit != NULL ? 10 * (unsigned)(unit - units + 1) : 0;
    bool whole = n > 0 && (*end == '\0' || (unit != NULL && end[1] == '\0'));
    if (!whole || n > UINT64_MAX >> shift || n << shift < 16u << 20) {
        text_format(why, "\"%s\" is no size of at least 16M", value);
        return false;
    }
    s->memory = n << shift;
    return true;
}

static bool explain_take(void *settings, const struct option_row *row, const char *value, struct text *why)
{
    struct settings *s = settings;
    long n;

    switch (row->key) {
    case KEY_KEYLOG:
        return keep(s->keylogs, &s->n_keylogs, KEYLOGS_MOST, value, why);
    case KEY_RSA_KEY:
        return keep(s->rsa_keys, &s->n_rsa_keys, RSA_KEYS_MOST, value, why);
    case KEY_PSK:
        return keep(s->psks, &s->n_psks, PSKS_MOST, value, why);
    case KEY_TICKET_KEY:
        return keep(s->ticket_keys, &s->n_ticket_keys, RSA_KEYS_MOST, value, why);
    case KEY_VERIFY:
        s->verify = true;
        return true;
    case KEY_CACERT:
        s->verify = true;
        return keep(s->trust.files, &s->trust.n_files, TRUST_FILES_MOST, value, why);
    case KEY_CAPATH:
        s->verify = true;
        return keep(s->trust.folders, &s->trust.n_folders, TRUST_FILES_MOST, value, why);
    case KEY_CT_LOGS:
        s->verify = true;
        s->ct_logs = value;
        return true;
    case KEY_AT_TIME:
        return value_time(value, &s->at, why);
    case KEY_REPORT:
        s->report = value;
        return true;
    case KEY_DIAGRAM:
        s->diagram = true;
        return true;
    case KEY_OVERWRITE:
        s->files.overwrite = true;
        return true;
    case KEY_FOLLOW:
        return take_follow(s, value, why);
    case KEY_EXPORT:
        return take_folder(s, value, why);
    case KEY_CONN:
    case KEY_MOST:
        if (!value_number(value, 1, 1000000000, &n, why))
            return false;
        *(row->key == KEY_CONN ? &s->only : &s->most) = (unsigned)n;
        return true;
    case KEY_FORM:
        return form_take(s, value, why);
    case KEY_MEMORY:
        return size_take(s, value, why);
    case KEY_FILTER:
        s->select.filter = value;
        return filter_check(value, why);
    case KEY_FIELDS:
        return select_take(&s->select, value, why);
    case KEY_FIELD:
        if (s->select.n_fields == SELECT_FIELDS_MOST) {
            text_format(why, "at most %d fields can be printed", SELECT_FIELDS_MOST);
            return false;
        }
        s->select.fields[s->select.n_fields++] = value;
        return true;
    default:
        return story_option(&s->story, row, value, why);
    }
}
