/* fede keylog ACTION: key logs checked, merged, put into captures and taken out of them.

   What is written may hold secrets: files get mode 0600 and nothing is written over unless asked; a terminal is no place for
   them unless -o - says so. */
#include <stdio.h>
#include <unistd.h>

#include "cli/new_file.h"
#include "cli/options.h"
#include "cli/output.h"
#include "report/keylog.h"

enum key { KEY_OUT = 1, KEY_OVERWRITE, KEY_CAPTURE, KEY_ALL };
enum { CAPTURES_MOST = 64 };

struct settings {
    struct story story;
    const char *out;
    bool overwrite, all;
    const char *captures[CAPTURES_MOST];
    size_t n_captures;
};

static bool keylog_take(void *settings, const struct option_row *row, const char *value, struct text *why);
static int keylog_run(int argc, char **argv);
static enum keylog_outcome extract(const struct keylog_request *request, FILE *out, char *why, size_t size);
static int write_with(const struct settings *s, const struct keylog_request *request,
                      enum keylog_outcome (*work)(const struct keylog_request *, FILE *, char *, size_t));
static int check_with(const struct settings *s, struct keylog_request *request);
static int code_of(const struct settings *s, enum keylog_outcome outcome, const char *why);

/* clang-format off */
static const struct option_row options[] = {
    {"capture",   0,   KEY_CAPTURE,   "FILE", "Choice", "check: say which connections of this capture each line fits, and whether it opens them; repeatable."},
    {"all",       0,   KEY_ALL,       NULL,   NULL,     "inject: put in lines that fit no connection of the capture too. They are secrets of other connections."},
    {"output",    'o', KEY_OUT,       "FILE", "Output", "Write there, with mode 0600; - is standard output."},
    {"overwrite", 0,   KEY_OVERWRITE, NULL,   NULL,     "Replace the output file when it exists."},
};

static const struct {
    const char *name, *wants;
    enum keylog_outcome (*work)(const struct keylog_request *, FILE *, char *, size_t); /* NULL: check */
    bool capture_first; /* the first file is the capture to copy */
    int least, most;    /* files; most 0: any number */
} actions[] = {
    {"check",   "at least one key log",              NULL,          false, 1, 0},
    {"merge",   "at least one key log or capture",   keylog_merge,  false, 1, 0},
    {"inject",  "a capture, then key logs",          keylog_inject, true,  2, 0},
    {"extract", "at least one capture",              extract,       false, 1, 0},
    {"strip",   "one capture",                       keylog_strip,  true,  1, 1},
};
/* clang-format on */
enum { ACTIONS = sizeof actions / sizeof *actions };

const struct command keylog_command = {
    .name = "keylog",
    .synopsis = "check|merge|inject|extract|strip FILE...",
    .summary = "Check and merge key logs, put them into captures and take them out.",
    .examples = "  fede keylog check keys.txt                              each line, and what is wrong with it\n"
                "  fede keylog check keys.txt --capture day.pcapng         which connections it opens\n"
                "  fede keylog merge client.txt server.txt -o keys.txt     each entry once\n"
                "  fede keylog inject day.pcapng keys.txt -o open.pcapng   with a secrets block\n"
                "  fede keylog extract open.pcapng -o keys.txt             out of the secrets blocks\n"
                "  fede keylog strip open.pcapng -o closed.pcapng          without them\n",
    .notes =
        "A capture may be pcap or pcapng, packed with gzip or not; what is written is pcapng. inject takes only the "
        "lines that fit connections of the capture, unless --all is given.\n"
        "Whoever has a capture with its secrets can read it. Programs open it without further options.\n",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .take = keylog_take,
    .run = keylog_run,
};

static int keylog_run(int argc, char **argv)
{
    struct settings settings = {0};
    int n = 0, action = 0;
    story_defaults(&settings.story);
    settings.story.file = "-";
    int code = options_parse(&keylog_command, &settings, argc, argv, &n);
    if (code >= 0)
        return code;
    while (n > 0 && action < ACTIONS && strcmp(argv[1], actions[action].name) != 0)
        action++;
    if (n == 0 || action == ACTIONS)
        return usage_error(&keylog_command,
                           n == 0 ? "what is to be done? One of check, merge, inject, extract, strip"
                                  : "the first word says what to do: check, merge, inject, extract, strip");
    char reason[200], command[64];
    struct text why = text_in(reason, sizeof reason), name = text_in(command, sizeof command);
    text_format(&why, "%s needs %s", argv[1], actions[action].wants);
    text_format(&name, "fede keylog %s", argv[1]);
    n--;
    if (n < actions[action].least || (actions[action].most > 0 && n > actions[action].most))
        return usage_error(&keylog_command, reason);
    if (settings.n_captures > 0 && actions[action].work != NULL)
        return usage_error(&keylog_command, "--capture is for check");
    if (actions[action].work == NULL && (settings.out != NULL || settings.overwrite))
        return usage_error(&keylog_command, "check writes no file");
    const int first = actions[action].capture_first ? 1 : 0;
    struct keylog_request request = {
        .files = (const char *const *)argv + 2 + first,
        .n_files = (size_t)(n - first),
        .captures = first ? (const char *const *)argv + 2 : settings.captures,
        .n_captures = first ? 1 : settings.n_captures,
        .all = settings.all,
        .command = command,
    };
    return actions[action].work != NULL ? write_with(&settings, &request, actions[action].work)
                                        : check_with(&settings, &request);
}

static enum keylog_outcome extract(const struct keylog_request *request, FILE *out, char *why, size_t size)
{
    struct keylog_request blocks = *request;
    blocks.only_blocks = true;
    return keylog_merge(&blocks, out, why, size);
}

static int check_with(const struct settings *s, struct keylog_request *request)
{
    char reason[400] = "";
    struct text why = text_in(reason, sizeof reason);
    if (!story_start(&s->story, &request->report, &why)) {
        fprintf(stderr, "%s: %s\n", request->command, reason);
        return EXIT_INPUT;
    }
    enum keylog_outcome outcome = keylog_check(request, reason, sizeof reason);
    story_end(&request->report);
    return code_of(s, outcome, reason);
}

static int write_with(const struct settings *s, const struct keylog_request *request,
                      enum keylog_outcome (*work)(const struct keylog_request *, FILE *, char *, size_t))
{
    struct new_file file;
    char reason[5000] = "";
    struct text why = text_in(reason, sizeof reason);
    if (s->out == NULL && isatty(STDOUT_FILENO))
        return usage_error(&keylog_command,
                           "where to? Give -o FILE; the terminal is no place for secrets, unless with -o -");
    if (!new_file_open(&file, s->out, s->overwrite, &why)) {
        fprintf(stderr, "%s: %s\nexit %d: %s\n", request->command, reason, EXIT_INTERNAL, exit_meaning(EXIT_INTERNAL));
        return EXIT_INTERNAL;
    }
    enum keylog_outcome outcome = work(request, file.out, reason, sizeof reason);
    bool keep = outcome == KEYLOG_DONE || outcome == KEYLOG_INCOMPLETE;
    why = text_in(reason + strlen(reason) + 1, sizeof reason - strlen(reason) - 1);
    if (!new_file_close(&file, keep, &why))
        return code_of(s, KEYLOG_FAILED, why.out);
    return code_of(s, outcome, reason);
}

static int code_of(const struct settings *s, enum keylog_outcome outcome, const char *why)
{
    static const int codes[] = {
        [KEYLOG_DONE] = EXIT_DONE,       [KEYLOG_FAILED] = EXIT_INTERNAL,   [KEYLOG_UNREADABLE] = EXIT_INPUT,
        [KEYLOG_NOTHING] = EXIT_NOTHING, [KEYLOG_FINDINGS] = EXIT_FINDINGS, [KEYLOG_INCOMPLETE] = EXIT_INCOMPLETE,
    };
    if (outcome != KEYLOG_DONE || s->story.level > 0)
        fprintf(stderr, "exit %d: %s\n", codes[outcome], why);
    return codes[outcome];
}

static bool keylog_take(void *settings, const struct option_row *row, const char *value, struct text *why)
{
    struct settings *s = settings;
    switch (row->key) {
    case KEY_OUT:
        s->out = value;
        return true;
    case KEY_OVERWRITE:
        s->overwrite = true;
        return true;
    case KEY_ALL:
        s->all = true;
        return true;
    case KEY_CAPTURE:
        if (s->n_captures < CAPTURES_MOST)
            s->captures[s->n_captures++] = value;
        else
            text_format(why, "at most %d captures can be given", CAPTURES_MOST);
        return why->len == 0;
    default:
        return story_option(&s->story, row, value, why);
    }
}
