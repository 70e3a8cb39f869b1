/* cli/main.c: the table of commands; what stands before a command; version and help.

   Each command is a struct command in its own file. Exit codes are those of the table in help.c. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "fede/fede.h"

static const struct command *const commands[] = {&connect_command, &serve_command, &explain_command, &capture_command, &derive_command,
                                                 &diff_command, &keylog_command,  &lookup_command,  &cert_command,  &ca_command,
                                                 &lab_command};
enum { N_COMMANDS = sizeof commands / sizeof *commands };

static void open_standard_files(void);
static int before_command(int argc, char **argv);
static int finish(int code);
static const struct command *find(const char *name);
static int unknown_command(const char *word);
static void print_help(FILE *out);
static void print_version(void);
static int help_about(const char *word);

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* files that may grow no more: write says so */
    open_standard_files();
    if (argc < 2) {
        print_help(stderr);
        fputc('\n', stderr);
        return usage_error(NULL, "a command is needed");
    }
    if (argv[1][0] == '-')
        return finish(before_command(argc, argv));
    if (!strcmp(argv[1], "help")) {
        if (argc > 2)
            return finish(help_about(argv[2]));
        print_help(stdout);
        return finish(EXIT_DONE);
    }
    const struct command *command = find(argv[1]);
    return command ? finish(command->run(argc - 1, argv + 1)) : unknown_command(argv[1]);
}

/* Started without standard input or output, the next file opened would be taken for it. What is opened here can't be read
   (0) or written (1, 2), so that using it is an error as it should be. */
static void open_standard_files(void)
{
    for (int fd = 0; fd < 3; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd)
            exit(EXIT_INTERNAL);
    }
}

/* Output that could not be written is a failure, unless its reader just went away. */
static int finish(int code)
{
    return fflush(stdout) && code == EXIT_DONE ? EXIT_INTERNAL : code;
}

static int before_command(int argc, char **argv)
{
    const char *word = argv[1];

    if (!strcmp(word, "--version") || !strcmp(word, "-V")) {
        print_version();
        return EXIT_DONE;
    }
    if (!strcmp(word, "--help") || !strcmp(word, "-h")) {
        if (argc > 2)
            return help_about(argv[2]);
        print_help(stdout);
        return EXIT_DONE;
    }
    if (!strcmp(word, "--list-options") || !strcmp(word, "--list-commands")) {
        if (argc == 2) {
            for (size_t i = 0; i < N_COMMANDS; i++)
                printf("%s\t%s\n", commands[i]->name, commands[i]->summary);
            return EXIT_DONE;
        }
        const struct command *command = find(argv[2]);
        if (!command)
            return unknown_command(argv[2]);
        help_list_options(command);
        return EXIT_DONE;
    }
    char message[200];
    snprintf(message, sizeof message, "the command comes first, then its options: fede COMMAND %.100s", word);
    return usage_error(NULL, message);
}

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (!strcmp(commands[i]->name, name))
            return commands[i];
    }
    return NULL;
}

static int unknown_command(const char *word)
{
    const char *names[N_COMMANDS];
    char message[300];

    for (size_t i = 0; i < N_COMMANDS; i++)
        names[i] = commands[i]->name;
    const char *near = nearest(word, names, N_COMMANDS);
    if (strstr(word, "://") || strchr(word, '.'))
        snprintf(message, sizeof message, "\"%.100s\" is no command; did you mean: fede connect %.100s", word, word);
    else if (near)
        snprintf(message, sizeof message, "there is no command \"%.100s\"; did you mean %s?", word, near);
    else
        snprintf(message, sizeof message, "there is no command \"%.100s\"", word);
    return usage_error(NULL, message);
}

static int help_about(const char *word)
{
    const struct command *command = find(word);

    if (command) {
        help_command(command);
        return EXIT_DONE;
    }
    if (help_topic(word))
        return EXIT_DONE;
    char message[300];
    snprintf(message, sizeof message,
             "there is no help about \"%.100s\"; topics: connect, serve, explain, capture, derive, diff, keylog, lookup, cert, ca, lab, %s", word,
             help_topics());
    return usage_error(NULL, message);
}

static void print_help(FILE *out)
{
    fputs("fede makes TLS connections and shows every byte of them.\n\n"
          "Examples\n"
          "  fede connect https://www.example.org/     a request, and the story of its connection\n"
          "  fede connect -vv --head https://localhost:8443/\n"
          "  fede serve --cert site.pem --key site.key .\n"
          "  fede explain --keylog keys.txt capture.pcapng\n"
          "  fede lookup 0xc02b\n"
          "  fede cert --verify www.example.org\n\n"
          "Commands\n",
          out);
    for (size_t i = 0; i < N_COMMANDS; i++)
        fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fprintf(out,
            "\n  fede COMMAND --help   options of a command\n"
            "  fede --help TOPIC     one of: %s\n"
            "  fede --version        version and build\n",
            help_topics());
}

static void print_version(void)
{
    printf("%s\n", fede_library_version());
#if defined(__clang__)
    printf("compiler: clang %s\n", __clang_version__);
#elif defined(__GNUC__)
    printf("compiler: gcc %s\n", __VERSION__);
#endif
#if defined(NDEBUG)
    printf("build: release\n");
#else
    printf("build: with assertions\n");
#endif
    printf("protocols: TLS 1.2, HTTP/1.1, HTTP/2\nsuites:");
    for (size_t i = 0; fede_suite_list(i); i++)
        printf(" %s", fede_suite_name(fede_suite_list(i)));
    printf("\ngroups:");
    for (size_t i = 0; fede_group_list(i); i++)
        printf(" %s", fede_group_name(fede_group_list(i)));
    printf("\n");
}
