/* cli/output.c: where the story and the data go.

   The story is made by report/; here is decided on which stream, how wide, with which colours (NO_COLOR, CLICOLOR_FORCE,
   TERM=dumb, --color). The data is whatever the application on the other side said: it goes to standard output or -o FILE byte by byte as it
   came, without anything of ours in between. */
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "report/html.h"
#include "report/phrases.h"

static bool wants_colour(const struct story *story, int fd);
static unsigned columns(const struct story *story, int fd);

void story_defaults(struct story *story)
{
    *story = (struct story){.level = 1, .form = REPORT_TEXT};
}

bool story_option(struct story *story, const struct option_row *row, const char *value, struct text *why)
{
    static const char *const whens[] = {"auto", "always", "never"};
    long n;

    switch (row->key) {
    case OPTION_QUIET:
        story->level = 0;
        return true;
    case OPTION_VERBOSE:
        story->level = story->level < 2 ? 2 : story->level + (story->level < 4);
        return true;
    case OPTION_TRACE_TIME:
        story->times = true;
        return true;
    case OPTION_SHOW_SECRETS:
        story->show_secrets = true;
        return true;
    case OPTION_STDERR:
        story->file = value;
        return true;
    case OPTION_WIDTH:
        if (!value_number(value, 40, 1000, &n, why))
            return false;
        story->width = (unsigned)n;
        return true;
    case OPTION_LANG:
        if (strcmp(value, "en") && strcmp(value, "zh")) {
            text_format(why, "\"%s\" is not one of en, zh", value);
            return false;
        }
        story->language = value[0] == 'z' ? CHINESE : ENGLISH;
        return true;
    case OPTION_JSON:
        if (value && strcmp(value, "lines")) {
            text_format(why, "\"%s\" is no form of JSON: write --json or --json=lines", value);
            return false;
        }
        story->form = value ? REPORT_JSON_LINES : REPORT_JSON;
        return true;
    case OPTION_COLOUR:
        for (unsigned i = 0; i < 3; i++) {
            if (!strcmp(value, whens[i])) {
                story->colour = COLOUR_AUTO + i;
                return true;
            }
        }
        text_format(why, "\"%s\" is not one of auto, always, never", value);
        return false;
    }
    text_format(why, "not handled");
    return false;
}

bool story_start(const struct story *story, struct report_options *options, struct text *why)
{
    FILE *out = stderr;

    if (story->file && !strcmp(story->file, "-"))
        out = stdout;
    else if (story->file)
        out = fopen(story->file, "w");
    if (!out) {
        text_format(why, "%s can't be written: %s", story->file, strerror(errno));
        return false;
    }
    setvbuf(out, NULL, _IOLBF, 0);
    setlocale(LC_CTYPE, "");
    int fd = fileno(out);
    *options = (struct report_options){
        .out = out,
        .form = story->form,
        .level = story->level,
        .colour = wants_colour(story, fd),
        .utf8 = story->language != ENGLISH || !strcmp(nl_langinfo(CODESET), "UTF-8"),
        .language = story->language,
        .width = columns(story, fd),
        .show_secrets = story->show_secrets,
        .times = story->times,
    };
    return true;
}

void story_end(struct report_options *options)
{
    fflush(options->out);
    if (options->out != stderr && options->out != stdout)
        fclose(options->out);
    options->out = NULL;
}

bool story_page_start(struct report_options *page, const char *path, const char *title, bool secrets,
                      enum language language, struct text *why)
{
    bool stream = strcmp(path, "-") == 0;
    int fd = stream ? dup(STDOUT_FILENO) : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, secrets ? 0600 : 0666);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");

    if (!out || (secrets && !stream && fchmod(fd, 0600) < 0 && errno != EPERM) || !html_begin(out, title, language)) {
        text_format(why, "%s can't be written: %s", path, strerror(errno));
        if (out)
            fclose(out);
        else if (fd >= 0)
            close(fd);
        return false;
    }
    *page = (struct report_options){
        .out = out, .form = REPORT_HTML, .show_secrets = secrets, .title = title, .language = language};
    return true;
}

bool story_page_end(struct report_options *page)
{
    bool good = !page->out || html_end(page->out);

    if (page->out && fclose(page->out) != 0)
        good = false;
    page->out = NULL;
    return good;
}

/* https://no-color.org: set and not empty. CLICOLOR_FORCE: set, and neither empty nor 0. */
static bool wants_colour(const struct story *story, int fd)
{
    const char *none = getenv("NO_COLOR"), *force = getenv("CLICOLOR_FORCE"), *term = getenv("TERM");

    if (story->colour != COLOUR_AUTO)
        return story->colour == COLOUR_ALWAYS;
    if (none && *none)
        return false;
    if (force && *force && strcmp(force, "0"))
        return true;
    return isatty(fd) && term && *term && strcmp(term, "dumb");
}

static unsigned columns(const struct story *story, int fd)
{
    struct winsize size;

    if (story->width)
        return story->width;
    if (isatty(fd) && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
        return size.ws_col;
    return 80;
}

/* ---- Time --------------------------------------------------------------------------------------- */

uint64_t clock_ticks(void *unused)
{
    struct timespec now;

    (void)unused;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

int64_t clock_wall(void *unused)
{
    (void)unused;
    return (int64_t)time(NULL);
}

/* ---- The data --------------------------------------------------------------------------------------------------- */

static void progress_line(struct sink *sink);
static bool write_all(int fd, bytes data);

enum sink_result sink_write(struct sink *sink, bytes data, struct text *why)
{
    int fd = STDOUT_FILENO;

    if (sink->closed)
        return SINK_CLOSED;
    if (!sink->began_us)
        sink->began_us = clock_ticks(NULL);
    if (sink->path && sink->fd < 0)
        sink->fd = open(sink->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (sink->path)
        fd = sink->fd;
    if (fd < 0) {
        text_format(why, "%s: %s", sink->path, strerror(errno));
        return SINK_FAILED;
    }
    if (!sink->path && !sink->binary_ok && data.len && memchr(data.data, 0, data.len) && isatty(fd)) {
        text_add(why, "it is binary and would upset the terminal; -o FILE saves it, -o - prints it anyway");
        return SINK_FAILED;
    }
    if (!write_all(fd, data)) {
        if (errno == EPIPE && !sink->path) {
            sink->closed = true;
            return SINK_CLOSED;
        }
        text_format(why, "%s: %s", sink->path ? sink->path : "standard output", strerror(errno));
        return SINK_FAILED;
    }
    sink->written += data.len;
    if (sink->progress)
        progress_line(sink);
    return SINK_TAKEN;
}

bool sink_end(struct sink *sink, struct text *why)
{
    bool good = true;

    if (sink->shown) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
        sink->shown = false;
    }
    if (sink->fd >= 0 && close(sink->fd) < 0) {
        text_format(why, "%s: %s", sink->path, strerror(errno));
        good = false;
    }
    sink->fd = -1;
    return good;
}

static bool write_all(int fd, bytes data)
{
    while (data.len) {
        ssize_t n = write(fd, data.data, data.len);
        if (n < 0 && errno == EAGAIN) {
            /* Somebody else made the terminal or pipe non-blocking. */
            struct timespec pause = {0, 2000000};
            nanosleep(&pause, NULL);
        } else if (n < 0 && errno != EINTR) {
            return false;
        } else if (n > 0) {
            data = bytes_skip(data, (size_t)n);
        }
    }
    return true;
}

/* At most five times a second, from the second second on. */
static void progress_line(struct sink *sink)
{
    uint64_t now = clock_ticks(NULL);
    char line[120];
    struct text t = text_in(line, sizeof line);

    if (now - sink->began_us < 1000000 || now - sink->shown_us < 200000)
        return;
    sink->shown = true;
    sink->shown_us = now;
    text_bytes(&t, sink->written);
    if (sink->expected > 0) {
        text_add(&t, " of ");
        text_bytes(&t, (uint64_t)sink->expected);
    }
    text_format(&t, " bytes, %.1f MB/s", (double)sink->written / (double)(now - sink->began_us));
    fprintf(stderr, "\r%s\033[K", line);
    fflush(stderr);
}

void say_exit(int code, const char *reason, enum language language)
{
    char line[700], said[1400];
    struct text t = text_in(line, sizeof line), s = text_in(said, sizeof said);
    text_format(&t, "exit %d: %s", code, reason);
    phrase_text(language, line, &s);
    fprintf(stderr, "%s\n", said);
}
