/* What the forms of a report share: one connection's dissection, and how far it has been told. */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include <time.h>

#include "explain/annotate.h"
#include "explain/derived.h"
#include "explain/dissection.h"
#include "report/json_write.h"
#include "report/live.h"
#include "report/page.h"

enum { PHASES_MOST = 32, SCRATCH_MOST = 16 * 1024 * 1024, LATE_MOST = 64 };

/* Lists and objects of a document; in lines each entry is an event of that name. The last ones are in lines only: a document
   tells them at its end. */
enum json_part { PHASES, NOTES, MESSAGES, RECORDS, CHECKS, SECRETS, HTTP, FRAMES, DIALOGUE, DNS, PACKETS, ONLOOKER, ERROR,
                 VERIFICATION, OPENED, END, JSON_PARTS = VERIFICATION };

struct report {
    struct report_options options;
    struct report *also;      /* hears all that this one hears */
    struct dissection d;
    struct arena scratch;     /* the trees of one event */
    struct page page, held;   /* held: own messages until their record has been told (-vv) */
    uint64_t zero_us;         /* the first moment heard of: times are counted from here */
    struct timespec zero_wall;
    bool zero_set;
    bool titled, headed, carded; /* the title, the column heads, the certificate card are out */
    bool failed_said, ended;
    bool whole;               /* not a terminal: long values are not cut */
    bool *seen;               /* sentences of the glossary already given, by row */
    struct {
        char name[16];
        uint64_t us;
    } phases[PHASES_MOST];
    size_t n_phases;
    uint64_t now_us;          /* the last moment heard of */
    unsigned late;            /* messages and alerts after the handshake that were shown */
    uint64_t late_left_out;
    struct json_text json;    /* JSON: the line, or the document's beginning and end */
    struct json_text parts[JSON_PARTS]; /* of a document: what comes in turns */
    unsigned n_notes;         /* of a document */
    bool broken;              /* JSON: something is missing for lack of memory */
    char *value;              /* room for one field's value, grown as needed */
    size_t value_size;
    char no_value[1];
    struct arena insight;     /* what was recomputed */
    struct derived *derived;  /* NULL before, and without memory */
    bool derived_made, derived_told;
    uint8_t keys[256];        /* the key block, for records; recomputed when it was not told */
    size_t keys_len;
    struct inside_story *inside; /* HTTP and the like; NULL: nothing yet */
    struct diagram *diagram;     /* --diagram: what is to be drawn */
    uint64_t first_packet, packet; /* onlooker: those that brought the event; 0: not known */
    char failure[600];        /* the sentence of the error, for the line of one connection */
};

/* Microseconds since the report's beginning. */
uint64_t report_since(struct report *r, uint64_t at_us);
/* The wall clock then: seconds and microseconds. */
void report_wall(const struct report *r, uint64_t at_us, int64_t *seconds, unsigned *us);
/* Seconds by which a certificate is judged: the verdict's time, else now. */
int64_t report_judged_at(const struct report *r);
/* Says whether a message or alert is still to be shown: after the handshake only the first few are. */
bool report_late(struct report *r);

/* How that record is protected, for annotate_record. */
struct record_protection report_protection(const struct report *r, const fede_event *e);
/* The fields of a MESSAGE event; of a RECORD event, or of its header alone. */
struct annotation report_message_fields(struct report *r, const fede_event *e);
struct annotation report_record_fields(struct report *r, const fede_event *e, bool header);
/* The version that a record says; those of SSL 2.0 say none, and are known by that. */
uint16_t report_record_version(const fede_event *e);

/* What was recomputed: at the first call that comes after the handshake or at the end. */
const struct derived *report_derived(struct report *r);
/* The key block, empty as long as it is not known. */
bytes report_keys(struct report *r);

/* text_events.c */
void text_story_event(struct report *r, const fede_event *e);
/* Of the quarantine: its part i in words when this connection uses it, else NULL; the last day of the permission. */
enum { QUARANTINE_PARTS = 3 };
const char *report_quarantined(const struct dissection *d, unsigned i);
void report_quarantine_day(const struct dissection *d, char out[16]);

/* text.c */
void text_story_phase(struct report *r, const char *phase, bool ok, const char *text, uint64_t from_us, uint64_t to_us);
void text_story_note(struct report *r, int level, const char *text);
void text_story_error(struct report *r, const fede_error *error);
void text_story_check(struct report *r, const char *name, int outcome, const char *text);
void text_story_outcome(struct report *r, const char *outcome);
void text_story_end(struct report *r, const fede_conn *conn, int exit_code, const char *why);
void text_exit(struct report *r, int exit_code, const char *why);
bool text_one_line(const struct report *r); /* a server's connections at the default level take a line each */

/* text_line.c */
/* Columns: time, tag, sign, text, and the facts of a message. */
enum { AT_TIME = 7, AT_TAG = 8, AT_SIGN = 13, AT_TEXT = 14, AT_BYTES = 40, AT_FACTS = 41 };
void text_row(struct report *r, uint64_t at_us, bool timed);
/* A line with an asterisk, as curl has them. */
void text_note(struct report *r, enum style style, const char *text);
void text_title(struct report *r);
void text_sign(struct report *r, enum style style, const char *sign);
void text_took(struct text *t, uint64_t us); /* "12.34 ms" */

/* text_fields.c: the levels -v, -vv, -vvv of one thing's fields. */
void text_fields(struct report *r, const struct annotation *a);
void text_faults(struct report *r, const struct faults *faults);
void text_dump(struct report *r, bytes data);

/* text_verdict.c: certificates, their verification, the box at the end. */
void text_card(struct report *r);
void text_trail(struct report *r, const fede_verdict *verdict);
/* One check as a numbered row; what differs between the places that draw it: columns, words, the style of a detail. */
struct check_look {
    unsigned number, sign, name, detail; /* columns */
    const char *passed, *failed;         /* words behind the name; "" for none */
    enum style style;                    /* of a detail that is no failure */
};
void text_check(struct report *r, const fede_check *check, size_t number, const struct check_look *look);
void text_box(struct report *r);
/* verdict.c: why it was not accepted. client: it is on a client's chain. */
void verdict_sentence(const fede_verdict *v, bool client, struct text *out);
void text_connection_line(struct report *r, int exit_code, const char *why);

/* text_insight.c: offers and choice, verdicts, derived values, alert reasons, findings. */
void text_insight(struct report *r);
void text_derived(struct report *r);
void text_protection(struct report *r, const fede_event *record);
void text_derivation(struct report *r, const struct derivation *v, bool steps);

/* json_insight.c: the same */
void json_insight(struct report *r, struct json_text *w);
void json_protection(struct report *r, struct json_text *w, const fede_event *e);
void json_derivation(struct json_text *w, const struct derivation *v);

/* json.c; parts set r->broken where memory is missing */
const char *json_side(uint8_t from);
/* An entry of that part, or a line; open until json_entry_end. */
struct json_text *json_entry(struct report *r, enum json_part part);
void json_entry_end(struct report *r, struct json_text *w);
void json_when(struct report *r, struct json_text *w, uint64_t at_us); /* "at_us" and "at" of a moment */
void json_packet(struct report *r, struct json_text *w);               /* "packet": what brought the event */
void json_story_start(struct report *r);
void json_story_event(struct report *r, const fede_event *e);
void json_story_phase(struct report *r, const char *phase, bool ok, const char *text, uint64_t from_us, uint64_t to_us);
void json_story_note(struct report *r, const char *text);
void json_story_error(struct report *r, const fede_error *error);
void json_story_check(struct report *r, const char *name, int outcome, const char *text);
void json_story_onlooker(struct report *r, const char *keys, bool resumed, const char *outcome);
void json_story_end(struct report *r, const fede_conn *conn, int exit_code, const char *why);
void json_story_free(struct report *r);

#endif
