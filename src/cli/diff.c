/* fede diff A B: two connections compared, out of captures and saved stories. */
#include <stdio.h>

#include "cli/options.h"
#include "cli/output.h"
#include "report/diff.h"

enum key { KEY_CONN = 1, KEY_KEYLOG };
enum { KEYLOGS_MOST = 64 };

struct settings {
    struct story story;
    unsigned connections[2];
    const char *keylogs[KEYLOGS_MOST];
    size_t n_keylogs;
};

static bool diff_take(void *settings, const struct option_row *row, const char *value, struct text *why);
static int diff_run(int argc, char **argv);
static bool take_connections(struct settings *s, const char *value, struct text *why);

/* clang-format off */
static const struct option_row options[] = {
    {"conn",   0, KEY_CONN,   "N[,M]", "Choice", "Compare connection N of A with connection M of B; without M with that of the same number. 1 without this option."},
    {"keylog", 0, KEY_KEYLOG, "FILE",  "Keys",   "Secrets of the connections in captures, as SSLKEYLOGFILE has them; repeatable."},
};
/* clang-format on */

const struct command diff_command = {
    .name = "diff",
    .synopsis = "A [B]",
    .summary = "Compare two connections: offers, choices, messages, round trips, certificates, protection.",
    .examples = "  fede diff tls12.json tls13.json                stories saved with --json\n"
                "  fede diff --keylog keys.txt a.pcapng b.pcapng  captures\n"
                "  fede diff --conn 1,2 resumed.pcapng            two connections of one capture\n"
                "  fede diff -v a.json b.json                     what is equal too\n",
    .notes =
        "Only what means something is compared: randoms, keys, ports and times never make a difference, lengths of "
        "messages do not either. What differs but does not count is marked ~.\n"
        "The exit code is 0 when nothing differs, 10 when something does.\n",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .take = diff_take,
    .run = diff_run,
};

static int diff_run(int argc, char **argv)
{
    static const int codes[] = {
        [DIFF_EQUAL] = EXIT_DONE,       [DIFF_DIFFERENT] = EXIT_FINDINGS, [DIFF_FAILED] = EXIT_INTERNAL,
        [DIFF_UNREADABLE] = EXIT_INPUT, [DIFF_NOTHING] = EXIT_NOTHING,
    };
    static struct settings settings;
    struct diff_request request = {.command = "fede diff"};
    char reason[1000] = "";
    struct text why = text_in(reason, sizeof reason);
    int n = 0;
    story_defaults(&settings.story);
    settings.story.file = "-";
    settings.connections[0] = settings.connections[1] = 1;
    int code = options_parse(&diff_command, &settings, argc, argv, &n);
    if (code >= 0)
        return code;
    bool alone = n == 1 && settings.connections[0] != settings.connections[1];
    if (n != 2 && !alone)
        return usage_error(&diff_command, n == 1 ? "with what? Give a second file, or --conn N,M for two of one capture"
                                                 : "two files are compared");
    for (int i = 0; i < 2; i++)
        request.sides[i] = (struct diff_side){alone ? argv[1] : argv[1 + i], settings.connections[i]};
    request.keylogs = settings.keylogs;
    request.n_keylogs = settings.n_keylogs;
    if (!story_start(&settings.story, &request.report, &why)) {
        fprintf(stderr, "fede diff: %s\n", reason);
        return EXIT_INPUT;
    }
    enum diff_outcome outcome = diff_tell(&request, reason, sizeof reason);
    story_end(&request.report);
    if (outcome != DIFF_EQUAL || settings.story.level > 0)
        fprintf(stderr, "exit %d: %s\n", codes[outcome], reason);
    return codes[outcome];
}

static bool take_connections(struct settings *s, const char *value, struct text *why)
{
    char first[32];
    const char *comma = strchr(value, ',');
    long n[2];
    snprintf(first, sizeof first, "%.*s", comma != NULL ? (int)(comma - value) : 30, value);
    if (!value_number(first, 1, 1000000000, &n[0], why) ||
        !value_number(comma != NULL ? comma + 1 : first, 1, 1000000000, &n[1], why))
        return false;
    s->connections[0] = (unsigned)n[0];
    s->connections[1] = (unsigned)n[1];
    return true;
}

static bool diff_take(void *settings, const struct option_row *row, const char *value, struct text *why)
{
    struct settings *s = settings;
    if (row->key == KEY_CONN)
        return take_connections(s, value, why);
    if (row->key != KEY_KEYLOG)
        return story_option(&s->story, row, value, why);
    if (s->n_keylogs == KEYLOGS_MOST) {
        text_format(why, "at most %d key logs can be given", KEYLOGS_MOST);
        return false;
    }
    s->keylogs[s->n_keylogs++] = value;
    return true;
}
