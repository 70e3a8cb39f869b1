/* cli/help.c: --help and its topics, and the list of options that shell completion is made from.

   Options come from the tables, suites and groups from the library, variables of -w from write_out.c, so that help can't
   disagree with what the program does. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/options.h"
#include "cli/starttls.h"
#include "cli/write_out.h"
#include "fede/fede.h"

static void help_rows(const struct option_row *rows, size_t n, int width);
static void wrapped(const char *text, int indent, int width);
static int columns(const char *text, size_t len);
static int help_width(void);

static const struct {
    int code;
    const char *meaning;
} codes[] = {
    {EXIT_DONE, "all done, nothing failed"},
    {EXIT_INTERNAL, "internal error, or the output could not be written"},
    {EXIT_USAGE, "wrong usage"},
    {EXIT_INPUT, "input not readable"},
    {EXIT_NAME, "name not resolved"},
    {EXIT_TCP, "TCP not connected"},
    {EXIT_TLS, "TLS failed"},
    {EXIT_CERTIFICATE, "certificate not accepted"},
    {EXIT_HTTP, "HTTP status 400 or higher with --fail, or too many redirects"},
    {EXIT_NOTHING, "nothing to show"},
    {EXIT_FINDINGS, "findings at or above the level given"},
    {EXIT_PERMISSION, "permission missing"},
    {EXIT_CONTRADICTION, "the input contradicts itself"},
    {EXIT_INCOMPLETE, "data incomplete or not readable"},
    {EXIT_TIME, "time limit reached"},
    {EXIT_SIGNAL, "interrupted"},
};

const char *exit_meaning(int code)
{
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        if (codes[i].code == code)
            return codes[i].meaning;
    }
    return "unknown";
}

void help_command(const struct command *command)
{
    int width = help_width();

    int title = printf("fede %s: ", command->name);
    wrapped(command->summary, title, width);
    printf("\n  fede %s [OPTIONS] %s\n\nExamples\n%s", command->name, command->synopsis, command->examples);
    help_rows(command->options, command->n_options, width);
    help_rows(common_options, n_common_options, width);
    putchar('\n');
    for (const char *line = command->notes, *end; line && (end = strchr(line, '\n')) != NULL; line = end + 1)
        wrapped(line, 0, width);
    printf("\nTopics, with fede --help TOPIC: %s\n", help_topics());
}

static void help_rows(const struct option_row *rows, size_t n, int width)
{
    enum { COLUMN = 28 };

    for (size_t i = 0; i < n; i++) {
        const struct option_row *row = &rows[i];
        char left[80], letter[5] = "    ";
        if (row->group)
            printf("\n%s\n", row->group);
        if (row->refusal)
            continue;
        if (row->letter)
            snprintf(letter, sizeof letter, "-%c, ", row->letter);
        bool optional = row->argument && row->argument[0] == '[';
        snprintf(left, sizeof left, "  %s--%s%s%s", letter, row->name, row->argument && !optional ? " " : "",
                 row->argument ? row->argument : "");
        if (columns(left, strlen(left)) < COLUMN - 1)
            printf("%s%*s", left, COLUMN - columns(left, strlen(left)), "");
        else
            printf("%s\n%*s", left, COLUMN, "");
        wrapped(row->help, COLUMN, width);
    }
}

/* Prints text up to its end or line end, and a line end; later lines indented; the cursor stands at column indent. */
static void wrapped(const char *text, int indent, int width)
{
    int at = indent;

    for (const char *p = text; *p && *p != '\n';) {
        int len = (int)strcspn(p, " \n"), wide = columns(p, (size_t)len);
        if (at > indent && at + 1 + wide > width) {
            printf("\n%*s", indent, "");
            at = indent;
        } else if (at > indent) {
            putchar(' ');
            at++;
        }
        printf("%.*s", len, p);
        at += wide;
        p += len;
        while (*p == ' ')
            p++;
    }
    putchar('\n');
}

/* Characters, not bytes: texts have dots like … in them. */
static int columns(const char *text, size_t len)
{
    int n = 0;

    for (size_t i = 0; i < len; i++)
        n += (text[i] & 0xc0) != 0x80;
    return n;
}

static int help_width(void)
{
    struct winsize size;

    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 60)
        return size.ws_col < 110 ? size.ws_col : 110;
    return 80;
}

/* One line an option: name, letter, argument kind, help; tab separated, empty fields empty. */
void help_list_options(const struct command *command)
{
    for (size_t i = 0; i < command->n_options + n_common_options; i++) {
        const struct option_row *row =
            i < command->n_options ? &command->options[i] : &common_options[i - command->n_options];
        if (row->refusal)
            continue;
        printf("%s\t%.*s\t%s\t%s\n", row->name, row->letter ? 1 : 0, &row->letter, row->argument ? row->argument : "",
               row->help);
    }
}

/* ---- Topics ----------------------------------------------------------------------------------------------------- */

static void topic_times(void);
static void topic_ciphers(void);
static void topic_codes(void);
static void topic_starttls(void);
static void topic_input(void);

static const struct {
    const char *name;
    void (*print)(void);
} topics[] = {
    {"times", topic_times},       {"ciphers", topic_ciphers}, {"codes", topic_codes},
    {"starttls", topic_starttls}, {"input", topic_input},
};

const char *help_topics(void)
{
    return "times, ciphers, codes, starttls, input";
}

bool help_topic(const char *topic)
{
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
        if (!strcmp(topics[i].name, topic)) {
            topics[i].print();
            return true;
        }
    }
    return false;
}

static void topic_times(void)
{
    printf(
        "Variables for --write-out (-w), as in curl: fede connect -w '%%{time_total}\\n' URL\n"
        "Times are seconds with microseconds since the start of the last request, from the system's monotonic clock.\n"
        "A time is 0 when that point was not reached.\n\n");
    write_out_help();
}

static void topic_ciphers(void)
{
    printf("Cipher suites, strongest wish first (--ciphers NAME:NAME…; OpenSSL's names are understood too)\n");
    for (size_t i = 0; fede_suite_list(i); i++)
        printf("  0x%04x  %s\n", fede_suite_list(i), fede_suite_name(fede_suite_list(i)));
    printf("\nThe quarantine: only with --legacy, --legacy-until and --legacy-reason (RFC 9325, RFC 10015)\n");
    for (size_t i = 0; fede_legacy_suite_list(i); i++)
        printf("  0x%04x  %s\n", fede_legacy_suite_list(i), fede_suite_name(fede_legacy_suite_list(i)));
    for (size_t i = 0; fede_legacy_group_list(i); i++)
        printf("  0x%04x  %s\n", fede_legacy_group_list(i), fede_group_name(fede_legacy_group_list(i)));
    printf("\nGroups for the key exchange (--groups NAME:NAME…; P-256, P-384 and P-521 are understood too)\n");
    for (size_t i = 0; fede_group_list(i); i++)
        printf("  0x%04x  %s\n", fede_group_list(i), fede_group_name(fede_group_list(i)));
    printf("\nSignature schemes (--sigalgs NAME:NAME…)\n");
    fede_config *config = fede_config_new();
    for (size_t i = 0; config && fede_scheme_list(i); i++) {
        uint16_t id = fede_scheme_list(i);
        if (fede_config_schemes(config, &id, 1)) /* certificates may be signed with more than these */
            printf("  0x%04x  %s\n", id, fede_scheme_name(id));
    }
    fede_config_free(config);
}

static void topic_codes(void)
{
    printf("Exit codes. When several apply, the lowest of 3 to 7 counts.\n");
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        printf("  %3d  %s\n", codes[i].code, codes[i].meaning);
}

static void topic_starttls(void)
{
    printf("--starttls PROTOCOL speaks PROTOCOL in the clear until TLS may start. Protocols and their usual ports:\n");
    starttls_help();
}

static void topic_input(void)
{
    printf("fede connect URL           sends a request; the answer's content goes to standard output\n"
           "fede connect HOST[:PORT]   sends standard input through TLS; what the peer says goes to standard output\n\n"
           "After the end of standard input fede waits for the peer: until the peer closes, or has been silent for\n"
           "2 seconds (--linger SECONDS changes that; --interactive waits as long as the peer keeps the connection).\n"
           "It does not send close_notify at the end of input, because most peers drop their answer when they get it;\n"
           "close_notify goes out when the connection is closed.\n\n"
           "The story goes to standard error, never into the data.\n");
}
