/* fede capture: packets from an interface, into files, told as stories while they come.

   Everything that needs rights is opened first: interfaces, files, the key log. Then rights are given up, and when stories are
   told a second process is begun: one captures and writes, the other reads what the first writes into a pipe and
   explains it. So the code that understands packets never has more rights than the user. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/capture.h"
#include "cli/output.h"
#include "report/onlooker.h"

enum key {
    KEY_INTERFACE = 1,
    KEY_FILTER,
    KEY_WRITE,
    KEY_COUNT,
    KEY_STOP,
    KEY_RING,
    KEY_SNAP,
    KEY_NO_PROMISC,
    KEY_LIST,
    KEY_EXPLAIN,
    KEY_KEYLOG,
    KEY_OVERWRITE,
    KEY_USER
};
enum { PATH_MOST = 4096, HOLD_MS = 400, SECOND = 1000000 };

struct settings {
    struct story story;
    struct capture_request capture;
    struct recorder_options recorder; /* outputs, ring */
    const char *write, *keylog, *user;
    bool list, explain, overwrite;
    unsigned ring;
    int fds[RECORDER_FILES_MOST + 1]; /* files, key log */
    size_t n_fds;
};

static volatile pid_t capturing; /* the child */

static bool capture_take(void *settings, const struct option_row *row, const char *value, struct text *why);
static int capture_run(int argc, char **argv);
static const char *choose(struct settings *s);
static bool open_files(struct settings *s, struct text *why);
static bool open_keylog(struct settings *s, struct text *why);
static int work(struct settings *s, struct capture_live *live, struct text *why);
static int tell(struct settings *s, int from, struct text *why);
static void pass_on(int signal);
static int fail(int code, const char *why);

/* clang-format off */
static const struct option_row options[] = {
    {"interface", 'i', KEY_INTERFACE,  "NAME",   "Choice", "Capture there; repeatable. \"any\" is all of them."},
    {"filter",    'f', KEY_FILTER,     "FILTER", NULL,     "Capture only what fits, in the language of pcap-filter(7): 'tcp port 443'."},
    {"list",      'D', KEY_LIST,       NULL,     NULL,     "List the interfaces."},
    {"snapshot-length", 's', KEY_SNAP, "BYTES",  NULL,     "Keep at most so many bytes of each packet; 262144 without it. TLS needs whole packets."},
    {"no-promiscuous", 'p', KEY_NO_PROMISC, NULL, NULL,    "Do not ask the interface for packets meant for others."},
    {"write",     'w', KEY_WRITE,      "FILE",   "Output", "Write the packets as pcapng to FILE, with mode 0600; \"-\" is standard output."},
    {"explain",   'l', KEY_EXPLAIN,    NULL,     NULL,     "With -w: tell the stories too, each when its connection is over. Without -w they always are."},
    {"keylog",    0,   KEY_KEYLOG,     "FILE",   NULL,     "A key log (SSLKEYLOGFILE) that programs write meanwhile: new lines open the connections, and go into the file as secrets blocks. It is made when it is missing."},
    {"overwrite", 0,   KEY_OVERWRITE,  NULL,     NULL,     "Replace files that exist."},
    {"count",     'c', KEY_COUNT,      "N",      "Limits", "Stop after N packets."},
    {"autostop",  'a', KEY_STOP,       "LIMIT",  NULL,     "Stop after duration:SECONDS, filesize:KB or packets:N; repeatable."},
    {"ring-buffer", 'b', KEY_RING,     "LIMIT",  NULL,     "With -w: go on to the next file after duration:SECONDS or filesize:KB; files:N of them are used in turn. Their names get _00001, _00002 …"},
    {"user",      0,   KEY_USER,       "NAME",   NULL,     "As root: go on as this user once all is open. Without it: whoever called sudo, else nobody."},
};
/* clang-format on */

const struct command capture_command = {
    .name = "capture",
    .synopsis = "-i INTERFACE",
    .summary = "Capture packets, and tell the stories of their TLS connections as they end.",
    .examples = "  fede capture -i lo -f 'tcp port 443'\n"
                "  fede capture -i eth0 --keylog keys.txt -w day.pcapng    file that opens by itself\n"
                "  fede capture -i any -w day.pcapng -a duration:60 -l     stories too\n"
                "  fede capture -i eth0 -w ring.pcapng -b filesize:10000 -b files:5\n"
                "  fede capture -D                                         which interfaces there are\n",
    .notes =
        "Capturing takes rights: sudo, or once sudo setcap cap_net_raw=ep \"$(command -v fede)\". They are given up "
        "as soon as interface and files are open.\n"
        "Ctrl-C ends it in order. Options mean what they mean to dumpcap and tshark.\n",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .take = capture_take,
    .run = capture_run,
};

static int capture_run(int argc, char **argv)
{
    static struct settings s;
    char reason[1000] = "";
    struct text why = text_in(reason, sizeof reason);
    int n = 0;
    story_defaults(&s.story);
    s.story.file = "-";
    s.capture.promiscuous = true;
    s.recorder.keylog = -1;
    int code = options_parse(&capture_command, &s, argc, argv, &n);
    if (code >= 0)
        return code;
    if (n > 0)
        return usage_error(&capture_command,
                           "what it captures is said with -i and -f, not with words behind the options");
    if (s.list)
        return capture_list(&why) ? EXIT_DONE : fail(EXIT_INPUT, reason);
    const char *wrong = choose(&s);
    if (wrong != NULL)
        return usage_error(&capture_command, wrong);
    struct capture_live *live = capture_open(&s.capture, &code, &why);
    if (live == NULL)
        return fail(code, reason);
    if (!open_files(&s, &why) || !open_keylog(&s, &why)) {
        capture_close(live);
        return fail(EXIT_INTERNAL, reason);
    }
    code = privileges_drop(s.user, s.fds, s.n_fds, &why) ? work(&s, live, &why) : EXIT_PERMISSION;
    capture_close(live);
    if (code != EXIT_DONE || s.story.level > 0)
        fprintf(stderr, "exit %d: %s\n", code, reason[0] != '\0' ? reason : exit_meaning(code));
    return code;
}

static int fail(int code, const char *why)
{
    fprintf(stderr, "fede capture: %s\nexit %d: %s\n", why, code, exit_meaning(code));
    return code;
}

static const char *choose(struct settings *s)
{
    const struct recorder_options *r = &s->recorder;
    if (s->capture.n_interfaces == 0)
        return "which interface? Give -i NAME; fede capture -D lists them";
    if (s->write == NULL && (s->ring > 0 || r->file_bytes > 0 || r->file_us > 0))
        return "-b is about files: give -w";
    if ((r->file_bytes > 0 || r->file_us > 0) != (s->ring > 1))
        return "a ring needs -b files:N with N of 2 or more, and -b duration:SECONDS or filesize:KB";
    if (s->write != NULL && strcmp(s->write, "-") == 0 && (s->explain || s->ring > 0 || isatty(STDOUT_FILENO)))
        return "packets on standard output: into a pipe or file, without -l and -b";
    s->explain = s->explain || s->write == NULL;
    return NULL;
}

/* ---- what is opened with all rights ---- */

/* "day.pcapng" of a ring: "day_00001.pcapng". */
static bool file_name(const struct settings *s, unsigned number, char out[PATH_MOST], struct text *why)
{
    const char *slash = strrchr(s->write, '/'), *dot = strrchr(slash != NULL ? slash : s->write, '.');
    struct text t = text_in(out, PATH_MOST);
    size_t stem = dot != NULL ? (size_t)(dot - s->write) : strlen(s->write);
    if (s->ring > 0)
        text_format(&t, "%.*s_%05u%s", (int)stem, s->write, number, s->write + stem);
    else
        text_add(&t, s->write);
    if (t.len >= PATH_MOST)
        text_add(why, "the name of the file is too long");
    return t.len < PATH_MOST;
}

static bool open_files(struct settings *s, struct text *why)
{
    struct recorder_options *r = &s->recorder;
    const unsigned n = s->write == NULL ? 0 : s->ring > 0 ? s->ring : 1;
    for (unsigned i = 0; i < n; i++) {
        char path[PATH_MOST];
        if (!file_name(s, i + 1, path, why))
            return false;
        bool out = strcmp(path, "-") == 0;
        int fd = out ? dup(STDOUT_FILENO)
                     : open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (s->overwrite ? O_TRUNC : O_EXCL), 0600);
        FILE *file = fd >= 0 ? fdopen(fd, "wb") : NULL;
        if (file == NULL || (!out && s->overwrite && fchmod(fd, 0600) != 0 && errno != EPERM)) {
            text_escaped(why, bytes_text(path));
            text_format(why, errno == EEXIST ? " exists already; --overwrite replaces it" : ": %s", strerror(errno));
            return false;
        }
        r->files[r->n_files++] = file;
        if (!out)
            s->fds[s->n_fds++] = fd;
    }
    return true;
}

static bool open_keylog(struct settings *s, struct text *why)
{
    if (s->keylog == NULL)
        return true;
    int fd = open(s->keylog, O_RDONLY | O_CLOEXEC);
    bool made = fd < 0 && errno == ENOENT;
    if (made)
        fd = open(s->keylog, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        text_escaped(why, bytes_text(s->keylog));
        text_format(why, ": %s", strerror(errno));
        return false;
    }
    s->recorder.keylog = fd;
    s->recorder.hold_ms = HOLD_MS;
    if (made)
        s->fds[s->n_fds++] = fd; /* to whom we become, so that their programs can write to it */
    return true;
}

/* ---- capturing and telling ---- */

static int work(struct settings *s, struct capture_live *live, struct text *why)
{
    const struct sigaction action = {.sa_handler = pass_on, .sa_flags = SA_RESTART};
    const bool say = s->story.level > 0;
    int ends[2];
    if (!s->explain) {
        if (capture_go(live, &s->recorder, say))
            return EXIT_DONE;
        text_add(why, "not everything could be written");
        return EXIT_INTERNAL;
    }
    pid_t child = pipe(ends) == 0 ? fork() : -1;
    if (child < 0) {
        text_format(why, "no second process can be begun: %s", strerror(errno));
        return EXIT_INTERNAL;
    }
    if (child == 0) {
        close(ends[0]);
        signal(SIGPIPE, SIG_IGN);
        s->recorder.live = fdopen(ends[1], "wb");
        _exit(s->recorder.live != NULL && capture_go(live, &s->recorder, say) ? EXIT_DONE : EXIT_INTERNAL);
    }
    close(ends[1]);
    capturing = child;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    int status = 0, code = tell(s, ends[0], why);
    close(ends[0]); /* when the story can't be written any more the child has to notice */
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    bool failed = !WIFEXITED(status) || WEXITSTATUS(status) != EXIT_DONE;
    if (failed && code != EXIT_INTERNAL)
        text_add(why, "; capturing ended early, or not everything could be written");
    return failed ? EXIT_INTERNAL : code;
}

/* The child ends, and then what it captured is told. */
static void pass_on(int signal)
{
    kill(capturing, signal);
}

static int tell(struct settings *s, int from, struct text *why)
{
    char reason[400] = "";
    const char *file = "-";
    struct onlooker_request request = {
        .files = &file,
        .n_files = 1,
        .live = true,
        .live_fd = from,
        .live_keys = s->keylog != NULL,
        .memory = 1u << 30,
        .command = "fede capture",
    };
    if (!story_start(&s->story, &request.report, why))
        return EXIT_INTERNAL;
    enum onlooker_outcome outcome = onlooker_tell(&request, reason, sizeof reason);
    story_end(&request.report);
    text_add(why, reason);
    return outcome_exit((int)outcome);
}

/* ---- options ---- */

/* "duration:5", "filesize:1000" and the like; the number of the word, from 0; -1: why. */
static int limit_take(const char *value, const char *const *words, size_t n, long *out, struct text *why)
{
    const char *colon = strchr(value, ':');
    for (size_t i = 0; colon != NULL && i < n; i++)
        if (strlen(words[i]) == (size_t)(colon - value) && strncmp(value, words[i], (size_t)(colon - value)) == 0)
            return value_number(colon + 1, 1, 1000000000, out, why) ? (int)i : -1;
    text_format(why, "\"%s\" is no limit: write", value);
    for (size_t i = 0; i < n; i++)
        text_format(why, "%s %s:N", i > 0 ? "," : "", words[i]);
    return -1;
}

static bool stop_take(struct settings *s, const char *value, struct text *why)
{
    static const char *const words[] = {"duration", "filesize", "packets"};
    uint64_t *const places[] = {&s->capture.most_us, &s->capture.most_bytes, &s->capture.most_packets};
    static const uint64_t units[] = {SECOND, 1000, 1};
    long n;
    int which = limit_take(value, words, 3, &n, why);
    if (which >= 0)
        *places[which] = (uint64_t)n * units[which];
    return which >= 0;
}

static bool ring_take(struct settings *s, const char *value, struct text *why)
{
    static const char *const words[] = {"duration", "filesize", "files"};
    struct recorder_options *r = &s->recorder;
    long n;
    int which = limit_take(value, words, 3, &n, why);
    if (which == 2 && n > RECORDER_FILES_MOST) {
        text_format(why, "at most %d files", RECORDER_FILES_MOST);
        return false;
    }
    if (which == 2)
        s->ring = (unsigned)n;
    else if (which >= 0)
        *(which == 0 ? &r->file_us : &r->file_bytes) = (uint64_t)n * (which == 0 ? SECOND : 1000);
    return which >= 0;
}

static bool capture_take(void *settings, const struct option_row *row, const char *value, struct text *why)
{
    struct settings *s = settings;
    struct capture_request *q = &s->capture;
    long n = 0;
    switch (row->key) {
    case KEY_INTERFACE:
        if (q->n_interfaces == RECORDER_INTERFACES_MOST)
            text_format(why, "at most %d interfaces", RECORDER_INTERFACES_MOST);
        else
            q->interfaces[q->n_interfaces++] = value;
        return why->len == 0;
    case KEY_FILTER:
        q->filter = value;
        return true;
    case KEY_WRITE:
        s->write = value;
        return true;
    case KEY_KEYLOG:
        s->keylog = value;
        return true;
    case KEY_USER:
        s->user = value;
        return true;
    case KEY_COUNT:
        if (!value_number(value, 1, 1000000000000, &n, why))
            return false;
        q->most_packets = (uint64_t)n;
        return true;
    case KEY_SNAP:
        if (!value_number(value, 16, 262144, &n, why))
            return false;
        q->snap = (int)n;
        return true;
    case KEY_STOP:
        return stop_take(s, value, why);
    case KEY_RING:
        return ring_take(s, value, why);
    case KEY_NO_PROMISC:
        q->promiscuous = false;
        return true;
    case KEY_LIST:
        return s->list = true;
    case KEY_EXPLAIN:
        return s->explain = true;
    case KEY_OVERWRITE:
        return s->overwrite = true;
    default:
        return story_option(&s->story, row, value, why);
    }
}
