/* cli/command_line.c: the command line in words, for whoever is handed the report it made (R81). It can be pasted into a shell;
   what may be a password is left out. */
#include "cli/command_line.h"

#include <string.h>

#include "token/token.h"

static void quoted(struct text *out, const char *word);
static const struct option_row *row_of(const struct command *command, const char *name, size_t len, char letter,
                                       size_t nth);
static bool hides(const struct command *command, const char *name, size_t len, char letter);
static bool takes(const struct command *command, const char *name, size_t len, char letter);
static void value_of(struct text *out, const struct command *command, const char *name, size_t len, char letter,
                     const char *value);

void command_line(struct text *out, const struct command *command, int argc, char **argv)
{
    text_add(out, "fede ");
    text_add(out, command->name);
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        text_char(out, ' ');
        if (strncmp(word, "--", 2) == 0 && word[2] != '\0') {
            size_t len = strcspn(word + 2, "=");
            text_add(out, "--");
            for (size_t k = 0; k < len; k++)
                text_char(out, word[2 + k]);
            if (word[2 + len] == '=') {
                text_char(out, '=');
                value_of(out, command, word + 2, len, 0, word + 3 + len);
            } else if (takes(command, word + 2, len, 0) && i + 1 < argc) {
                text_char(out, ' ');
                value_of(out, command, word + 2, len, 0, argv[++i]);
            }
        } else if (word[0] == '-' && word[1] != '\0' && word[1] != '-') {
            /* -ko FILE, -oFILE: the first that takes a value takes the rest. */
            text_char(out, '-');
            for (const char *p = word + 1; *p != '\0'; p++) {
                text_char(out, *p);
                if (!takes(command, NULL, 0, *p))
                    continue;
                if (p[1] == '\0' && i + 1 < argc)
                    text_char(out, ' '), value_of(out, command, NULL, 0, *p, argv[++i]);
                else if (p[1] != '\0')
                    value_of(out, command, NULL, 0, *p, p + 1);
                break;
            }
        } else {
            quoted(out, word);
        }
    }
}

static void value_of(struct text *out, const struct command *command, const char *name, size_t len, char letter,
                     const char *value)
{
    if (hides(command, name, len, letter))
        text_add(out, "'…'");
    else
        quoted(out, value);
}

/* Single quotes where a shell would take something for its own. */
static void quoted(struct text *out, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_";
    char escaped[4096], shown[4096];
    struct text t = text_in(escaped, sizeof escaped), without = text_in(shown, sizeof shown);
    token_shown(&without, word);
    word = shown;
    if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
        text_add(out, word);
        return;
    }
    text_char(out, '\'');
    for (const char *p = word; *p != '\0'; p++) {
        if (*p == '\'')
            text_add(&t, "'\\''");
        else
            text_char(&t, *p);
    }
    text_add(out, escaped);
    text_char(out, '\'');
}

/* The nth row that the name, whole or its beginning, or the letter may mean. */
static const struct option_row *row_of(const struct command *command, const char *name, size_t len, char letter,
                                       size_t nth)
{
    const struct option_row *tables[] = {command->options, common_options};
    const size_t sizes[] = {command->n_options, n_common_options};
    for (size_t t = 0; t < 2; t++) {
        for (size_t i = 0; i < sizes[t]; i++) {
            const struct option_row *row = &tables[t][i];
            if (name != NULL ? strncmp(row->name, name, len) == 0 : row->letter == letter)
                if (nth-- == 0)
                    return row;
        }
    }
    return NULL;
}

static bool takes(const struct command *command, const char *name, size_t len, char letter)
{
    const struct option_row *row = row_of(command, name, len, letter, 0);
    for (size_t n = 0; row != NULL && name != NULL && strlen(row->name) != len; n++) {
        const struct option_row *next = row_of(command, name, len, letter, n);
        if (next == NULL)
            break;
        if (strlen(next->name) == len)
            row = next;
    }
    return row != NULL && row->argument != NULL && row->argument[0] != '[';
}

static bool hides(const struct command *command, const char *name, size_t len, char letter)
{
    static const char *const secret[] = {"user",       "proxy-user", "proxy",       "cookie", "header", "data",
                                         "data-ascii", "data-raw",   "data-binary", "pass",   "psk"};
    const struct option_row *row;
    for (size_t n = 0; (row = row_of(command, name, len, letter, n)) != NULL; n++)
        for (size_t i = 0; i < sizeof secret / sizeof *secret; i++)
            if (strcmp(row->name, secret[i]) == 0)
                return true;
    return false;
}
