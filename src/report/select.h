/* Which parts of a story are shown (-Y), and as rows of chosen fields (-T fields -e): works on the lines of the JSON form,
   whether they are being made or were saved. */
#ifndef REPORT_SELECT_H
#define REPORT_SELECT_H

#include "report/filter.h"

enum { SELECT_FIELDS_MOST = 64 };
enum select_occurrence { OCCURRENCE_ALL, OCCURRENCE_FIRST, OCCURRENCE_LAST };

/* How it is asked for; all zero but the separators is everything, as lines. */
struct select_options {
    const char *filter;                     /* NULL: every line */
    const char *fields[SELECT_FIELDS_MOST]; /* -e */
    size_t n_fields;
    char separator, aggregator, quote;      /* quote '\0': none */
    bool header;
    enum select_occurrence occurrence;
};

/* One of tshark's -E: header=y, separator=/t, occurrence=f, aggregator=/s, quote=d. False: why says what is wrong. */
bool select_take(struct select_options *o, const char *value, struct text *why);

struct selection {
    const struct select_options *options;
    struct filter *filter;
    FILE *out;             /* NULL: only remembers which connections have a line that fits */
    bool rows;             /* of fields, not the lines themselves */
    uint64_t lines;        /* that fit */
    unsigned char *wanted; /* a bit for each connection */
    size_t n_wanted;
    bool failed;
};

/* False: why says what is wrong with the filter. */
bool select_start(struct selection *s, const struct select_options *options, FILE *out, struct text *why);
/* One line without its line end: a report's line function with the selection as arg. */
void select_line(void *selection, const char *text, size_t len);
bool select_wants(const struct selection *s, unsigned connection);
void select_end(struct selection *s);

#endif
