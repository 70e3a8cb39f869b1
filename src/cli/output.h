/* Where things go: the story (a report, on stderr), the data (stdout or -o), the progress line, the clock. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "cli/options.h"
#include "cli/words.h"
#include "report/live.h"

/* How the story is told: the common options. All zero but level is what comes without options; see story_defaults. */
struct story {
    int level; /* as in struct report_options */
    enum report_form form;
    enum { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER } colour;
    enum language language;
    unsigned width;   /* 0: the terminal's */
    const char *file; /* --stderr: NULL the process's stderr, "-" stdout */
    bool times, show_secrets;
};

void story_defaults(struct story *story);
/* Takes one of the common options; false with a reason, as struct command's take. */
bool story_option(struct story *story, const struct option_row *row, const char *value, struct text *why);
/* Opens the stream and fills out all of options but title and number. false with a reason in *why. */
bool story_start(const struct story *story, struct report_options *options, struct text *why);
void story_end(struct report_options *options);
/* An HTML page that stories go into: begins it, and fills out *page for report_new. Readable by its owner alone when it will
   hold secrets. "-" is standard output. */
bool story_page_start(struct report_options *page, const char *path, const char *title, bool secrets,
                      enum language language, struct text *why);
/* Ends it; false when not all of it could be written. */
bool story_page_end(struct report_options *page);

/* The exit code of an enum onlooker_outcome (report/onlooker.h). In explain.c. */
int outcome_exit(int outcome);

/* Monotonic microseconds; usable as the ticks of fede_config_clock. */
uint64_t clock_ticks(void *unused);
/* Seconds since 1970. */
int64_t clock_wall(void *unused);

/* The data: what the peer's application says. */
struct sink {
    const char *path;     /* NULL: stdout */
    int fd;               /* of path, -1 until something is written: start with that */
    uint64_t written;
    bool progress;        /* show a progress line on stderr when it is a terminal and writing takes over a second */
    bool shown, closed;   /* a progress line stands; the reader went away (EPIPE) */
    bool binary_ok;       /* else NUL bytes are refused on a terminal */
    uint64_t began_us, shown_us;
    int64_t expected;     /* whole length, -1 unknown */
};
enum sink_result { SINK_TAKEN, SINK_CLOSED /* the reader went away: stop without complaint */, SINK_FAILED };
enum sink_result sink_write(struct sink *sink, bytes data, struct text *why);
bool sink_end(struct sink *sink, struct text *why);

/* The last line on standard error: the exit code and why, in that language. */
void say_exit(int code, const char *reason, enum language language);

#endif
