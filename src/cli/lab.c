/* fede lab ACTION: TLS to be tried without a network: servers of every kind on loopback (up, down, list), and cases that are
   played in one process, with damage in between (run). Here are the options. */
#include "cli/lab.h"

#include "cli/command_line.h"
#include "cli/words.h"

enum key { FOLDER = 1, BASE, PRIVILEGED, REPORT, DIAGRAM };

static bool lab_take(void *settings, const struct option_row *row, const char *value, struct text *why);
static int lab_run(int argc, char **argv);

/* clang-format off */
static const struct option_row lab_options[] = {
    {"folder",           0, FOLDER,     "DIRECTORY", "Servers", "Where the CA, certificates, keys and stories go; it stays. Without this option a folder that goes with the lab."},
    {"base-port",        0, BASE,       "PORT",      NULL,      "The lowest of the ports; without it 8440."},
    {"privileged-ports", 0, PRIVILEGED, NULL,        NULL,      "Also 443, and the lecture's 440: ports below 1024 need a privilege."},
    {"report",           0, REPORT,     "FILE",      "Cases",   "run: write the story as an HTML page to FILE too."},
    {"diagram",          0, DIAGRAM,    NULL,        NULL,      "run: draw it as a sequence diagram instead."},
};
/* clang-format on */

const struct command lab_command = {
    .name = "lab",
    .synopsis = "up | down | list | run NAME...",
    .summary = "Try TLS without a network: servers of every kind, and attacks played step by step.",
    .examples =
        "  fede lab up                         every server, until Ctrl-C; prints what to type at clients\n"
        "  fede lab up --folder lab &          the same, in a folder that stays\n"
        "  fede connect --cacert lab/ca.pem --connect-to www.fede.test::127.0.0.1: https://www.fede.test:8443/\n"
        "  fede lab down --folder lab\n"
        "  fede lab run tampered-cke           a client, a server, and somebody in between\n"
        "  fede lab run mutual --diagram\n",
    .notes =
        "Everything stays on 127.0.0.1. The servers' keys are made anew each time; no store of the system is touched.\n"
        "run plays with fixed keys, clock and randomness: the same bytes each time. fede lab list names the cases.\n",
    .options = lab_options,
    .n_options = sizeof lab_options / sizeof *lab_options,
    .take = lab_take,
    .run = lab_run,
};

static int lab_run(int argc, char **argv)
{
    static struct lab_settings s;
    char reason[1000] = "";
    struct text why = text_in(reason, sizeof reason), command = text_in(s.command, sizeof s.command);
    int n = 0;
    story_defaults(&s.story);
    s.base = LAB_BASE;
    command_line(&command, &lab_command, argc, argv);
    int code = options_parse(&lab_command, &s, argc, argv, &n);
    if (code >= 0)
        return code;
    const char *action = n > 0 ? argv[1] : "";
    bool up = !strcmp(action, "up"), down = !strcmp(action, "down"), list = !strcmp(action, "list");
    bool play = !strcmp(action, "run");
    if (!up && !down && !list && !play)
        return usage_error(&lab_command, "what is to be done? up, down, list or run");
    if (play && n != 2)
        return usage_error(&lab_command, "which case? One name; fede lab list has them");
    if (!play && n > 1)
        return usage_error(&lab_command, "up, down and list take no operands; the folder is given with --folder");
    if (down && !s.folder)
        return usage_error(&lab_command, "which lab? Give its folder with --folder");
    code = EXIT_DONE;
    if (list) {
        puts("Servers of fede lab up");
        lab_list_servers(&s, stdout);
        puts("\nCases of fede lab run");
        lab_list_cases(stdout);
    } else if (play) {
        s.story.file = s.story.file ? s.story.file : "-";
        code = lab_run_case(&s, argv[2], &why);
    } else {
        code = up ? lab_up(&s, &why) : lab_down(&s, &why);
    }
    if (code != EXIT_DONE)
        fprintf(stderr, "fede lab: %s\nexit %d: %s\n", reason, code, exit_meaning(code));
    return code;
}

static bool lab_take(void *settings, const struct option_row *row, const char *value, struct text *why)
{
    struct lab_settings *s = settings;
    switch (row->key) {
    case FOLDER:
        s->folder = value;
        return true;
    case BASE:
        return value_number(value, 1, 65000, &s->base, why);
    case PRIVILEGED:
        return s->privileged = true;
    case REPORT:
        s->report = value;
        return true;
    case DIAGRAM:
        return s->diagram = true;
    default:
        return story_option(&s->story, row, value, why);
    }
}
