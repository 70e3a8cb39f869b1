/* fede lookup WORD…: what a number or a name of TLS stands for. The registries and the glossary are those of the story. */
#include <stdio.h>

#include "cli/options.h"
#include "cli/output.h"
#include "report/derive.h"
#include "report/phrases.h"

static bool lookup_take(void *settings, const struct option_row *row, const char *value, struct text *why);
static int lookup_run(int argc, char **argv);
static const char *suggestion(const char *word);

enum key { REGISTRY = 1, STRUCT };
enum { NAMES_MOST = 2000, NAME_MOST = 40 };

struct settings {
    struct story story;
    const char *registry;
    bool definition;
};

/* clang-format off */
static const struct option_row options[] = {
    {"registry", 0, REGISTRY, "NAME", "Choice", "Look only in registries of this name: suite, extension, alert, group, scheme, version, handshake …"},
    {"struct",   0, STRUCT,   NULL,   NULL,     "Print how a message, record or extension is built, in the standards' presentation language."},
};
/* clang-format on */

const struct command lookup_command = {
    .name = "lookup",
    .synopsis = "WORD | NUMBER...",
    .summary = "Say what a cipher suite, extension, alert, group, scheme, version or message is.",
    .examples = "  fede lookup 0xc02b                       every registry that has this number\n"
                "  fede lookup ECDHE-RSA-AES128-GCM-SHA256  OpenSSL's names too\n"
                "  fede lookup alpn                         a part of a name\n"
                "  fede lookup 0xc030                       a suite taken apart, and what is thought of it\n"
                "  fede lookup versions                     SSL 2.0 to TLS 1.3, numbers on the wire\n"
                "  fede lookup POODLE                       an attack; attacks lists them\n"
                "  fede lookup client_hello --struct        how it is built\n"
                "  fede lookup 'RFC 7301'                   what that standard registered\n"
                "  fede lookup content-type                 a whole registry\n"
                "  fede lookup --json certificate_expired\n",
    .notes = "Numbers: 47, 0x2f, 0xC0,0x2B, or four hexadecimal digits. Names: case does not count, nor do - and _.\n"
             "The registries are IANA's of " LOOKUP_STATE ".\n",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .take = lookup_take,
    .run = lookup_run,
};

static int lookup_run(int argc, char **argv)
{
    struct settings settings = {0};
    struct report_options report;
    char reason[400] = "";
    struct text why = text_in(reason, sizeof reason);
    int n = 0;

    story_defaults(&settings.story);
    settings.story.file = "-";
    int code = options_parse(&lookup_command, &settings, argc, argv, &n);
    if (code >= 0)
        return code;
    if (n == 0)
        return usage_error(&lookup_command, "which word or number?");
    if (!story_start(&settings.story, &report, &why)) {
        fprintf(stderr, "fede lookup: %s\nexit %d: %s\n", reason, EXIT_INTERNAL, exit_meaning(EXIT_INTERNAL));
        return EXIT_INTERNAL;
    }
    code = EXIT_DONE;
    for (int i = 1; i <= n; i++) {
        if (report_lookup(argv[i], settings.registry, settings.definition, &report) > 0)
            continue;
        char shown[200];
        struct text t = text_in(shown, sizeof shown);
        text_escaped(&t, bytes_text(argv[i]));
        const char *near = suggestion(argv[i]);
        fprintf(stderr, "fede lookup: \"%s\" is in no registry and not in the glossary%s%s%s\n", shown,
                near != NULL ? "; did you mean " : "", near != NULL ? near : "", near != NULL ? "?" : "");
        code = EXIT_NOTHING;
    }
    if (code == EXIT_DONE && report.form == REPORT_TEXT && settings.story.level > 0 && !settings.definition)
        fprintf(report.out, "%s\n", phrase(report.language, "IANA's registries as of " LOOKUP_STATE));
    story_end(&report);
    if (code != EXIT_DONE)
        fprintf(stderr, "exit %d: %s\n", code, exit_meaning(code));
    return code;
}

static void small_letters(char to[NAME_MOST], const char *from)
{
    size_t k = 0;
    for (; k < NAME_MOST - 1 && from[k] != '\0'; k++)
        to[k] = (char)(from[k] >= 'A' && from[k] <= 'Z' ? from[k] + 32 : from[k]);
    to[k] = '\0';
}

/* The name with the fewest letters to change; names are looked at as they are and without their case. */
static const char *suggestion(const char *word)
{
    static const char *names[NAMES_MOST];
    static char lower[NAMES_MOST][NAME_MOST];
    const char *plain[NAMES_MOST];
    char typed[NAME_MOST];
    size_t n = report_lookup_names(names, NAMES_MOST);
    small_letters(typed, word);
    for (size_t i = 0; i < n; i++) {
        small_letters(lower[i], names[i]);
        plain[i] = lower[i];
    }
    const char *near = nearest(typed, plain, n);
    for (size_t i = 0; i < n && near != NULL; i++)
        if (plain[i] == near)
            return names[i];
    return NULL;
}

static bool lookup_take(void *settings, const struct option_row *row, const char *value, struct text *why)
{
    struct settings *s = settings;

    if (row->key == STRUCT)
        return s->definition = true;
    if (row->key != REGISTRY)
        return story_option(&s->story, row, value, why);
    s->registry = value;
    return true;
}
