/* cli/options.c: reads a command line by its command's option table.

   The table is the only description of an option: getopt_long's arrays are made from it here, help and completion lists in
   help.c. An option that fede knows of but can't do yet is a row with a refusal, so that it is never ignored in
   silence. Values of options are read by the value_ functions below. */
#define _XOPEN_SOURCE 700 /* strptime */

#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/output.h"

/* clang-format off */
const struct option_row common_options[] = {
    {"verbose",      'v', OPTION_VERBOSE,      NULL,       "Story", "Tell more: -v the fields that matter, -vv every field, -vvv every byte."},
    {"quiet",        'q', OPTION_QUIET,        NULL,       NULL,    "Tell only a failure."},
    {"json",          0,  OPTION_JSON,         "[=lines]", NULL,    "Tell the story as one JSON document, or as one JSON object a line."},
    {"stderr",        0,  OPTION_STDERR,       "FILE",     NULL,    "Write the story to FILE instead of standard error; - is standard output."},
    {"trace-time",    0,  OPTION_TRACE_TIME,   NULL,       NULL,    "Put the time in front of each line."},
    {"show-secrets",  0,  OPTION_SHOW_SECRETS, NULL,       NULL,    "Include keys and secrets in the story: whoever sees it can read the connection."},
    {"color",         0,  OPTION_COLOUR,       "WHEN",     NULL,    "Use colour: auto, always or never. NO_COLOR and CLICOLOR_FORCE are honoured."},
    {"lang",          0,  OPTION_LANG,         "LANGUAGE", NULL,    "Language of the explanations: en or zh (Chinese)."},
    {"width",         0,  OPTION_WIDTH,        "COLUMNS",  NULL,    "Width of the story in columns; without it that of the terminal."},
    {"help",         'h', OPTION_HELP,         NULL,       NULL,    "Print this text; with a topic behind it, that topic."},
};
/* clang-format on */
const size_t n_common_options = sizeof common_options / sizeof *common_options;

enum { ROWS_MAX = 256, LONG_FIRST = 256 };

struct parser {
    const struct option_row *rows[ROWS_MAX];
    size_t n;
    struct option longs[ROWS_MAX + 1];
    char shorts[3 * ROWS_MAX + 2];
};

static void parser_fill(struct parser *parser, const struct command *command);
static const struct option_row *parser_row(const struct parser *parser, int value);
static int refuse_unknown(const struct command *command, const struct parser *parser, int argc, char **argv);
static int help_asked(const struct command *command, int argc, char **argv);
static const char *option_label(const struct option_row *row, char *out, size_t size);

int options_parse(const struct command *command, void *settings, int argc, char **argv, int *n_operands)
{
    static struct parser parser;
    char message[512], reason[384], label[64];

    parser_fill(&parser, command);
    opterr = 0;
    optind = 1;
    for (int value; (value = getopt_long(argc, argv, parser.shorts, parser.longs, NULL)) != -1;) {
        if (value == '?')
            return refuse_unknown(command, &parser, argc, argv);
        if (value == ':') {
            const struct option_row *row = parser_row(&parser, optopt);
            snprintf(message, sizeof message, "%s needs a value: %s", option_label(row, label, sizeof label),
                     row->argument);
            return usage_error(command, message);
        }
        const struct option_row *row = parser_row(&parser, value);
        if (row->refusal) {
            snprintf(message, sizeof message, "%s can't be used: %s", option_label(row, label, sizeof label),
                     row->refusal);
            return usage_error(command, message);
        }
        if (row->key == OPTION_HELP)
            return help_asked(command, argc, argv);
        struct text why = text_in(reason, sizeof reason);
        if (!command->take(settings, row, optarg, &why)) {
            snprintf(message, sizeof message, "%s: %s", option_label(row, label, sizeof label), reason);
            return usage_error(command, message);
        }
    }
    *n_operands = argc - optind;
    for (int i = 0; i < *n_operands; i++)
        argv[1 + i] = argv[optind + i];
    return -1;
}

static void parser_fill(struct parser *parser, const struct command *command)
{
    char *at = parser->shorts;

    *at++ = ':';
    parser->n = 0;
    for (size_t i = 0; i < command->n_options + n_common_options && parser->n < ROWS_MAX; i++) {
        const struct option_row *row =
            i < command->n_options ? &command->options[i] : &common_options[i - command->n_options];
        int argument = !row->argument ? no_argument : row->argument[0] == '[' ? optional_argument : required_argument;
        parser->longs[parser->n] = (struct option){row->name, argument, NULL, LONG_FIRST + (int)parser->n};
        parser->rows[parser->n++] = row;
        if (!row->letter)
            continue;
        *at++ = row->letter;
        if (argument == required_argument)
            *at++ = ':';
    }
    *at = 0;
    parser->longs[parser->n] = (struct option){0};
}

static const struct option_row *parser_row(const struct parser *parser, int value)
{
    if (value >= LONG_FIRST)
        return parser->rows[value - LONG_FIRST];
    for (size_t i = 0; i < parser->n; i++) {
        if (parser->rows[i]->letter == value)
            return parser->rows[i];
    }
    return parser->rows[0]; /* not reached: getopt returns letters of the table only */
}

static const char *option_label(const struct option_row *row, char *out, size_t size)
{
    if (row->letter)
        snprintf(out, size, "-%c/--%s", row->letter, row->name);
    else
        snprintf(out, size, "--%s", row->name);
    return out;
}

/* An unknown letter, an unknown or shortened-to-ambiguous name, or a value given to an option that takes none. */
static int refuse_unknown(const struct command *command, const struct parser *parser, int argc, char **argv)
{
    char message[320], label[64];

    if (optopt >= LONG_FIRST) {
        snprintf(message, sizeof message, "%s takes no value",
                 option_label(parser_row(parser, optopt), label, sizeof label));
        return usage_error(command, message);
    }
    if (optopt) {
        snprintf(message, sizeof message, "there is no option -%c", optopt);
        return usage_error(command, message);
    }
    const char *names[ROWS_MAX] = {NULL}, *given = optind > 0 && optind <= argc ? argv[optind - 1] : "";
    size_t n = 0, len = strcspn(given, "=");
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)len, given);
    const char *word = strncmp(name, "--", 2) == 0 ? name + 2 : name;
    size_t alike = 0;
    for (size_t i = 0; i < parser->n; i++) {
        if (parser->rows[i]->refusal)
            continue;
        names[n++] = parser->rows[i]->name;
        alike += strncmp(parser->rows[i]->name, word, strlen(word)) == 0;
    }
    const char *near = nearest(word, names, n);
    if (alike > 1)
        snprintf(message, sizeof message, "--%s fits several options; write it out", word);
    else if (near)
        snprintf(message, sizeof message, "there is no option --%s; did you mean --%s?", word, near);
    else
        snprintf(message, sizeof message, "there is no option --%s", word);
    return usage_error(command, message);
}

/* --help, or --help TOPIC when a word follows that is one. */
static int help_asked(const struct command *command, int argc, char **argv)
{
    if (optind < argc && help_topic(argv[optind]))
        return EXIT_DONE;
    help_command(command);
    return EXIT_DONE;
}

int usage_error(const struct command *command, const char *message)
{
    const char *name = command ? command->name : NULL;
    char shown[640];
    struct text t = text_in(shown, sizeof shown);

    text_escaped(&t, bytes_text(message));
    fprintf(stderr, "fede%s%s: %s\n", name ? " " : "", name ? name : "", shown);
    fprintf(stderr, "Try: fede%s%s --help\n", name ? " " : "", name ? name : "");
    fprintf(stderr, "exit %d: %s\n", EXIT_USAGE, exit_meaning(EXIT_USAGE));
    return EXIT_USAGE;
}

int unwritten(const struct command *command, const char *message)
{
    char shown[640];
    struct text t = text_in(shown, sizeof shown);
    text_escaped(&t, bytes_text(message));
    fprintf(stderr, "fede %s: %s\nexit %d: %s\n", command->name, shown, EXIT_INTERNAL, exit_meaning(EXIT_INTERNAL));
    return EXIT_INTERNAL;
}

/* Levenshtein, for words up to 31 letters; near: at most a third of the letters differ. */
const char *nearest(const char *word, const char *const *names, size_t n)
{
    enum { MOST = 31 };
    size_t len = strlen(word), best = len < 3 ? 1 : len / 3 + 1;
    const char *found = NULL;

    if (!len || len > MOST)
        return NULL;
    for (size_t k = 0; k < n; k++) {
        size_t other = strlen(names[k]), row[MOST + 1];
        if (other > MOST)
            continue;
        for (size_t j = 0; j <= other; j++)
            row[j] = j;
        for (size_t i = 1; i <= len; i++) {
            size_t corner = row[0];
            row[0] = i;
            for (size_t j = 1; j <= other; j++) {
                size_t above = row[j], cost = corner + (word[i - 1] != names[k][j - 1]);
                if (above + 1 < cost)
                    cost = above + 1;
                if (row[j - 1] + 1 < cost)
                    cost = row[j - 1] + 1;
                row[j] = cost;
                corner = above;
            }
        }
        if (row[other] < best) {
            best = row[other];
            found = names[k];
        }
    }
    return found;
}

/* ---- Values ---------------------------------------------------------------------------------------------------- */

bool value_number(const char *value, long lowest, long highest, long *out, struct text *why)
{
    char *end;

    errno = 0;
    long n = strtol(value, &end, 10);
    if (end == value || *end || errno || n < lowest || n > highest) {
        text_format(why, "\"%s\" is not a number from %ld to %ld", value, lowest, highest);
        return false;
    }
    *out = n;
    return true;
}

bool value_seconds(const char *value, unsigned long *ms, struct text *why)
{
    unsigned long whole = 0, part = 0, scale = 100;
    const char *p = value;

    for (; *p >= '0' && *p <= '9' && whole < 315360000; p++)
        whole = whole * 10 + (unsigned long)(*p - '0');
    bool ok = p != value || (p[0] == '.' && p[1] >= '0' && p[1] <= '9');
    if (*p == '.') {
        for (p++; *p >= '0' && *p <= '9'; p++, scale /= 10)
            part += (unsigned long)(*p - '0') * scale;
    }
    if (!ok || *p || whole > 315360000 || (!whole && !part)) {
        text_format(why, "\"%s\" is not a number of seconds above 0, as 10 or 2.5", value);
        return false;
    }
    *ms = whole * 1000 + part;
    return true;
}

bool value_time(const char *value, int64_t *out, struct text *why)
{
    static const char *const forms[] = {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d"};
    char *end;

    errno = 0;
    long long seconds = strtoll(value, &end, 10);
    if (end != value && !*end && !errno) {
        *out = seconds;
        return true;
    }
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct tm tm = {0};
        const char *rest = strptime(value, forms[i], &tm);
        if (rest && !*rest) {
            *out = timegm(&tm);
            return true;
        }
    }
    text_format(why, "\"%s\" is not a time: seconds since 1970, 2026-05-01 or 2026-05-01T12:00:00Z (UTC)", value);
    return false;
}

bool value_code_points(const char *value, const char *kind, bool (*look_up)(const char *name, uint16_t *id),
                       uint16_t *ids, size_t size, size_t *n, struct text *why)
{
    *n = 0;
    for (const char *p = value; *p;) {
        char name[96];
        size_t len = strcspn(p, ":, ");
        if (len && len < sizeof name) {
            bytes_copy(name, p, len);
            name[len] = 0;
        }
        if (len && (len >= sizeof name || *n >= size || !look_up(name, &ids[*n]))) {
            text_format(why, "there is no %s named \"%.*s\" here; fede --help ciphers lists them", kind, (int)len, p);
            return false;
        }
        *n += len != 0;
        p += len + (p[len] != 0);
    }
    if (!*n)
        text_format(why, "at least one %s is needed; fede --help ciphers lists them", kind);
    return *n != 0;
}

char *value_file(const char *path, size_t most, size_t *len, struct text *why)
{
    FILE *file = strcmp(path, "-") ? fopen(path, "rb") : stdin;
    char *all = NULL;
    size_t room = 0, used = 0;

    if (!file) {
        text_format(why, "%s can't be read: %s", path, strerror(errno));
        return NULL;
    }
    for (;;) {
        if (room - used < 2) {
            room = room ? 2 * room : 4096;
            char *more = realloc(all, room);
            if (!more) {
                text_format(why, "%s: no memory left", path);
                break;
            }
            all = more;
        }
        size_t n = fread(all + used, 1, room - used - 1, file);
        used += n;
        if (used > most) {
            text_format(why, "%s is longer than %zu bytes", path, most);
            break;
        }
        if (n)
            continue;
        if (ferror(file)) {
            text_format(why, "%s can't be read: %s", path, strerror(errno));
            break;
        }
        if (file != stdin)
            fclose(file);
        all[used] = 0;
        *len = used;
        return all;
    }
    free(all);
    if (file != stdin)
        fclose(file);
    return NULL;
}
