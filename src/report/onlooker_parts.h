/* What the parts of an onlooker share: the request under way. */
#ifndef REPORT_ONLOOKER_PARTS_H
#define REPORT_ONLOOKER_PARTS_H

#include "explain/analysis.h"
#include "report/onlooker.h"
#include "report/onlooker_around.h"
#include "report/progress.h"

/* What is kept of each connection for the table. */
struct row {
    unsigned number;
    char *client, *server, *name; /* name: server_name or NULL */
    uint16_t version, suite;
    uint8_t keys;
    bool resumed, opened, bad;
    bool plain;                   /* without TLS */
    uint64_t begun_us, client_bytes, server_bytes, failed_checks;
    char outcome[80];
};

struct look {
    const struct onlooker_request *request;
    struct secrets secrets;
    struct judging judging;
    struct analysis analysis;
    int *fds;    /* of the files; -1 when it could not be opened */
    bool silent; /* the first of two passes: only rows, and what the filter chooses */
    bool no_text; /* the table was all; only the page is left to be told */
    size_t file; /* being read */
    unsigned passes, found, told, over;
    struct selection selection;
    struct progress progress;
    struct row *rows;
    size_t n_rows, room_rows;
    uint64_t unopened, failed_checks, lossy;
    bool cut, failed;
    struct json_text problems; /* a list, not closed yet */
    struct comments comments;
    size_t secured;            /* rows of TLS connections */
};

static inline bool look_is_text(const struct look *l)
{
    return l->request->report.form == REPORT_TEXT;
}

static inline bool look_is_lines(const struct look *l)
{
    return l->request->report.form == REPORT_JSON_LINES;
}

/* ---- onlooker.c */
/* On standard error and, in JSON, in the list of problems. */
void look_problem(struct look *l, const char *file, const char *text);
/* "3 packets", behind what is there; nothing for 0. */
void look_count(struct text *t, uint64_t n, const char *one, const char *many);

/* ---- onlooker_files.c */
bool look_open(struct look *l);
bool look_keylogs(struct look *l);
void look_secrets_blocks(struct look *l);

/* ---- onlooker_story.c: for struct session_listener. */
void telling_begun(void *arg, struct session *s);
void telling_event(void *arg, struct session *s, const fede_event *e);
void telling_check(void *arg, struct session *s, const struct session_check *c);
void telling_note(void *arg, struct session *s, uint64_t at_us, const char *text);
void telling_ended(void *arg, struct session *s);
void telling_plain(void *arg, struct session *s, int side, bytes data, uint64_t at_us, uint64_t packet);
void telling_unfound(void *arg, struct session *s);

/* ---- onlooker_table.c */
void table_keep(struct look *l, struct session *s, const struct dissection *d, const char *words);
void table_sort(struct look *l);
void table_tell(struct look *l);
void table_around(struct look *l); /* what else is in the captures, where there is no table */
void table_totals(struct look *l, struct text *out);
/* What stands around the connections in JSON. */
void whole_begin(struct look *l);
void whole_finish(struct look *l, enum onlooker_outcome outcome, const char *why);

#endif
