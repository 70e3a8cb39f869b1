/* The story of a live connection, told while it happens: text at four levels, JSON, or a part of an HTML page. One struct per
   connection; writes whole lines to its stream, never interleaved in mid-line with other reports (R60). */
#ifndef REPORT_LIVE_H
#define REPORT_LIVE_H

#include <stdio.h>

#include "base/language.h"
#include "fede/fede.h"

enum report_form { REPORT_TEXT, REPORT_JSON /* one document at the end */, REPORT_JSON_LINES, REPORT_SILENT,
                   REPORT_HTML /* at the end a story into the page that html_begin (report/html.h) has begun */ };

struct report_options {
    FILE *out;
    enum report_form form;
    int level;             /* 0: -q only the failure; 1: default; 2: -v; 3: -vv every field; 4: -vvv every byte */
    bool colour;           /* decided by the caller: terminal, NO_COLOR, CLICOLOR_FORCE, --color */
    bool utf8;             /* else ASCII only */
    unsigned width;        /* columns */
    bool show_secrets;
    enum language language; /* of sentences and labels */
    bool times;            /* --trace-time: a time in front of each line */
    unsigned number;       /* connection number, 0: do not show (connect) */
    bool onlooker;         /* neither side is ours: from a capture; times are those of the packets */
    int64_t wall;          /* seconds since 1970 at its first moment; 0: what the clock says then */
    bool diagram;          /* TEXT: a sequence diagram at the end, nothing else */
    const char *title;     /* "https://…" or peer address */
    const char *command;   /* JSON, HTML: the command line that made the story; NULL: not said */
    /* Where JSON lines go instead of out; NULL: to out. */
    void (*line)(void *arg, const char *text, size_t len);
    void *line_arg;
};

struct report;
struct report *report_new(const struct report_options *options);
/* Whatever one report hears the other hears too, from now on; it is freed with the first. */
void report_also(struct report *report, struct report *other);
/* A fede_trace_fn with the report as arg: hand it to fede_config_trace, or call it from the caller's own. */
void report_trace(void *report, const fede_event *event);
/* A phase outside TLS: "url", "dns", "tcp", "request", "response", "close". text: what happened, one line, plain; ok; times in
   microseconds on the same clock as the events. */
void report_phase(struct report *report, const char *phase, bool ok, const char *text, uint64_t from_us, uint64_t to_us);
/* A plain note (a line with *), at level `level` and above. */
void report_note(struct report *report, int level, const char *text);
/* A value recomputed from what was seen: outcome 1 verified, 2 FAILED, 3 not checkable; text: over what, or why not. */
void report_check(struct report *report, const char *name, int outcome, const char *text, uint64_t at_us);
/* What only the reader of a capture knows, before report_end. */
void report_onlooker_facts(struct report *report, const char *keys, bool resumed, const char *outcome);
/* An error with its advice. */
void report_error(struct report *report, const fede_error *error);
/* The verdict box and the last line (R70): exit code and its reason; JSON document is written here. With REPORT_GOES_ON as
   exit_code there is no last line: another connection follows (a redirect), in a report of its own. */
enum { REPORT_GOES_ON = -1 };
void report_end(struct report *report, const fede_conn *conn, int exit_code, const char *why);
void report_free(struct report *report);
/* PEM of one certificate. */
void write_pem(FILE *out, fede_bytes der);
/* A certificate in one line, into out: its names, until when it is valid, its key. at: seconds since 1970. */
void report_certificate(fede_bytes der, int64_t at, char *out, size_t size);
void report_certificate_name(fede_bytes der, char *out, size_t size); /* whose it is */

#endif
