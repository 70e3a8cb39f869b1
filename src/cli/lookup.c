/* fede lookup WORD…: what a number or a name of TLS stands for. The registries and the glossary are those of the story. */
#include <stdio.h>

#include "cli/options.h"
#include "cli/output.h"
#include "report/derive.h"

static bool lookup_take(void *settings, const struct option_row *row, const char *value, struct text *why);
static int lookup_run(int argc, char **argv);

enum key { REGISTRY = 1 };

struct settings {
    struct story story;
    const char *registry;
};

/* clang-format off */
static const struct option_row options[] = {
    {"registry", 0, REGISTRY, "NAME", "Choice", "Look only in registries of this name: suite, extension, alert, group, scheme, version, handshake …"},
};
/* clang-format on */

const struct command lookup_command = {
    .name = "lookup",
    .synopsis = "WORD | NUMBER...",
    .summary = "Say what a cipher suite, extension, alert, group, scheme, version or message is.",
    .examples = "  fede lookup 0xc02b                       every registry that has this number\n"
                "  fede lookup ECDHE-RSA-AES128-GCM-SHA256  OpenSSL's names too\n"
                "  fede lookup alpn                         a part of a name\n"
                "  fede lookup --json certificate_expired\n",
    .notes = "Numbers: 47, 0x2f, 0xC0,0x2B, or four hexadecimal digits. Names: case does not count, nor do - and _.\n",
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
        if (report_lookup(argv[i], settings.registry, &report) > 0)
            continue;
        char shown[200];
        struct text t = text_in(shown, sizeof shown);
        text_escaped(&t, bytes_text(argv[i]));
        fprintf(stderr, "fede lookup: \"%s\" is in no registry and not in the glossary\n", shown);
        code = EXIT_NOTHING;
    }
    story_end(&report);
    if (code != EXIT_DONE)
        fprintf(stderr, "exit %d: %s\n", code, exit_meaning(code));
    return code;
}

static bool lookup_take(void *settings, const struct option_row *row, const char *value, struct text *why)
{
    struct settings *s = settings;

    if (row->key != REGISTRY)
        return story_option(&s->story, row, value, why);
    s->registry = value;
    return true;
}
