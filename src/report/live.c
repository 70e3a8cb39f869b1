/* report/live.c: the story of a live connection. Events go into the dissection first, then to the form chosen: text.c or
   json.c; a page is made of the JSON form (html.c). Nothing here is shared between reports but the stream, to which each
   writes whole lines at once. */
#include "report/live.h"

#include <stdlib.h>
#include <unistd.h>

#include "explain/glossary.h"
#include "explain/ssl2.h"
#include "report/inside.h"
#include "report/report.h"

static bool is_text(const struct report *r)
{
    return r->options.form == REPORT_TEXT;
}

static bool is_json(const struct report *r)
{
    return r->options.form == REPORT_JSON || r->options.form == REPORT_JSON_LINES || r->options.form == REPORT_HTML;
}

struct report *report_new(const struct report_options *options)
{
    struct report *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->options = *options;
    if (r->options.form == REPORT_HTML) /* a page has all there is */
        r->options.level = 4;
    r->seen = calloc(glossary_count(), sizeof *r->seen);
    r->whole = options->out == NULL || fileno(options->out) < 0 || !isatty(fileno(options->out));
    dissection_start(&r->d);
    arena_start(&r->scratch, &memory_standard, SCRATCH_MOST);
    arena_start(&r->insight, &memory_standard, SCRATCH_MOST);
    char prefix[32] = "";
    if (options->number != 0 && is_text(r) && !options->onlooker)
        snprintf(prefix, sizeof prefix, "[%u] ", options->number);
    unsigned width = options->width == 0 ? 80 : options->width, taken = (unsigned)strlen(prefix);
    if (options->times)
        taken += (unsigned)strlen("00:00:00.000000 ");
    page_start(&r->page, width > taken ? width - taken : 1, options->colour, options->utf8);
    bytes_copy(r->page.prefix, prefix, strlen(prefix));
    page_start(&r->held, r->page.width, options->colour, options->utf8);
    r->page.language = r->held.language = options->language;
    if (is_json(r))
        json_story_start(r);
    return r;
}

void report_also(struct report *r, struct report *other)
{
    if (r == NULL) {
        report_free(other);
        return;
    }
    while (r->also != NULL)
        r = r->also;
    r->also = other;
}

void report_trace(void *report, const fede_event *e)
{
    struct report *r = report;
    if (r == NULL || e == NULL)
        return;
    report_trace(r->also, e);
    report_since(r, e->at_us);
    dissection_event(&r->d, e);
    if (r->options.diagram)
        diagram_event(r, e);
    else if (is_text(r))
        text_story_event(r, e);
    else if (is_json(r))
        json_story_event(r, e);
    report_inside_event(r, e);
    arena_end(&r->scratch);
}

void report_phase(struct report *r, const char *phase, bool ok, const char *text, uint64_t from_us, uint64_t to_us)
{
    if (r == NULL || phase == NULL)
        return;
    report_phase(r->also, phase, ok, text, from_us, to_us);
    report_since(r, from_us);
    report_since(r, to_us);
    if (r->n_phases < PHASES_MOST) {
        snprintf(r->phases[r->n_phases].name, sizeof r->phases[0].name, "%s", phase);
        r->phases[r->n_phases++].us = to_us > from_us ? to_us - from_us : 0;
    }
    if (r->options.diagram)
        diagram_phase(r, phase, ok, text != NULL ? text : "", from_us, to_us);
    else if (is_text(r))
        text_story_phase(r, phase, ok, text != NULL ? text : "", from_us, to_us);
    else if (is_json(r))
        json_story_phase(r, phase, ok, text != NULL ? text : "", from_us, to_us);
}

void report_note(struct report *r, int level, const char *text)
{
    if (r == NULL || text == NULL)
        return;
    report_note(r->also, level, text);
    if (level > r->options.level || r->options.diagram)
        return;
    if (is_text(r))
        text_story_note(r, level, text);
    else if (is_json(r))
        json_story_note(r, text);
}

void report_check(struct report *r, const char *name, int outcome, const char *text, uint64_t at_us)
{
    if (r == NULL || name == NULL || text == NULL || outcome < 1 || outcome > 3)
        return;
    report_check(r->also, name, outcome, text, at_us);
    if (outcome == FEDE_FAILED)
        dissection_failed_check(&r->d, name, text);
    report_since(r, at_us);
    if (r->options.diagram)
        return;
    if (is_text(r))
        text_story_check(r, name, outcome, text);
    else if (is_json(r))
        json_story_check(r, name, outcome, text);
}

void report_onlooker_facts(struct report *r, const char *keys, bool resumed, const char *outcome)
{
    if (r == NULL)
        return;
    report_onlooker_facts(r->also, keys, resumed, outcome);
    if (is_json(r))
        json_story_onlooker(r, keys, resumed, outcome);
    else if (is_text(r) && !r->options.diagram)
        text_story_outcome(r, outcome);
}

void report_error(struct report *r, const fede_error *error)
{
    if (r == NULL || error == NULL || error->reason == FEDE_OK)
        return;
    report_error(r->also, error);
    fede_error_text(error, r->failure, sizeof r->failure);
    r->failed_said = true;
    if (is_text(r))
        text_story_error(r, error);
    else if (is_json(r))
        json_story_error(r, error);
}

void report_end(struct report *r, const fede_conn *conn, int exit_code, const char *why)
{
    if (r == NULL || r->ended)
        return;
    report_end(r->also, conn, exit_code, why);
    if (!r->failed_said && r->d.error != NULL)
        report_error(r, r->d.error);
    report_inside_end(r);
    r->ended = true;
    unsigned ending = conn != NULL ? fede_ending(conn) : 0;
    /* Whoever has sent close_notify need not wait for the answer, RFC 5246 7.2.1. */
    if ((ending & (FEDE_TRANSPORT_ENDED | FEDE_PEER_CLOSED | FEDE_WE_CLOSED)) == FEDE_TRANSPORT_ENDED)
        r->d.observed.truncated = true;
    if (r->options.diagram)
        diagram_end(r, exit_code, why);
    else if (is_text(r))
        text_story_end(r, conn, exit_code, why);
    else if (is_json(r))
        json_story_end(r, conn, exit_code, why);
    arena_end(&r->scratch);
}

void report_free(struct report *r)
{
    if (r == NULL)
        return;
    report_free(r->also);
    report_inside_free(r);
    diagram_free(r);
    json_story_free(r);
    page_end(&r->page);
    page_end(&r->held);
    arena_end(&r->scratch);
    arena_end(&r->insight);
    dissection_end(&r->d);
    free(r->seen);
    free(r->value);
    bytes_wipe(r, sizeof *r);
    free(r);
}

/* A reader of captures makes the checks on its way and tells them with report_check: here remain the values. */
struct record_protection report_protection(const struct report *r, const fede_event *e)
{
    uint16_t suite = e->epoch == 0 ? 0 : r->d.suite != 0 ? r->d.suite : UINT16_MAX;
    return (struct record_protection){.suite = suite, .version = r->d.version, .mac_last = r->d.mac_last};
}

struct annotation report_message_fields(struct report *r, const fede_event *e)
{
    return (e->what & MSG_SSL2) != 0 ? annotate_ssl2_message(&r->scratch, e->bytes)
                                     : annotate_message(&r->scratch, e->bytes, &r->d.context);
}

struct annotation report_record_fields(struct report *r, const fede_event *e, bool header)
{
    enum { HEADER = 5 };
    struct ssl2_record old;
    bytes record = e->bytes;
    if (!ssl2_is_record(e))
        return annotate_record(&r->scratch, header ? bytes_first(record, HEADER) : record, report_protection(r, e));
    if (header && ssl2_record_read(record, &old))
        record = bytes_first(record, old.header);
    return annotate_ssl2_record(&r->scratch, record, e->epoch != 0);
}

uint16_t report_record_version(const fede_event *e)
{
    return ssl2_is_record(e) ? SSL2_VERSION : e->bytes.len >= 3 ? load16(e->bytes.data + 1) : 0;
}

const struct derived *report_derived(struct report *r)
{
    if (!r->derived_made && (r->d.opened || r->ended)) {
        r->derived_made = true;
        r->derived = derived_make(&r->insight, &r->d, !r->options.onlooker);
    }
    return r->derived;
}

/* The client's Finished is protected already: then the keys are made from the messages so far. */
bytes report_keys(struct report *r)
{
    const struct dissection *d = &r->d;
    if (r->keys_len == 0 && (d->key_block.len > 0 || d->master.len > 0 || d->premaster.len > 0)) {
        struct arena arena;
        arena_start(&arena, &memory_standard, SCRATCH_MOST);
        const struct derived *now = d->key_block.len > 0 ? NULL : derived_make(&arena, d, false);
        bytes keys = now != NULL ? now->keys : d->key_block;
        if (keys.len <= sizeof r->keys) {
            bytes_copy(r->keys, keys.data, keys.len);
            r->keys_len = keys.len;
        }
        arena_end(&arena);
    }
    return bytes_of(r->keys, r->keys_len);
}

uint64_t report_since(struct report *r, uint64_t at_us)
{
    if (r->also != NULL)
        report_since(r->also, at_us);
    if (!r->zero_set) {
        /* A note may come before anything that has a time; it does not begin the count. */
        r->zero_us = at_us;
        r->zero_set = at_us != 0;
        if (r->also != NULL) /* reports of one connection agree to the microsecond */
            r->zero_wall = r->also->zero_wall;
        else if (r->zero_set || r->zero_wall.tv_sec == 0)
            clock_gettime(CLOCK_REALTIME, &r->zero_wall);
        if (r->options.wall != 0)
            r->zero_wall = (struct timespec){.tv_sec = (time_t)r->options.wall};
        if (r->options.onlooker)
            r->zero_wall = (struct timespec){(time_t)(at_us / 1000000), (long)(at_us % 1000000) * 1000};
    }
    if (at_us > r->now_us)
        r->now_us = at_us;
    return at_us > r->zero_us ? at_us - r->zero_us : 0;
}

void report_wall(const struct report *r, uint64_t at_us, int64_t *seconds, unsigned *us)
{
    uint64_t since = (uint64_t)r->zero_wall.tv_nsec / 1000 + (at_us > r->zero_us ? at_us - r->zero_us : 0);
    *seconds = (int64_t)r->zero_wall.tv_sec + (int64_t)(since / 1000000);
    *us = (unsigned)(since % 1000000);
}

int64_t report_judged_at(const struct report *r)
{
    if (r->d.verdict != NULL)
        return r->d.verdict->at;
    if (r->options.wall != 0)
        return r->options.wall;
    return r->options.onlooker && r->zero_set ? (int64_t)r->zero_wall.tv_sec : (int64_t)time(NULL);
}

bool report_late(struct report *r)
{
    if (!r->d.opened)
        return true;
    if (r->late < LATE_MOST) {
        r->late++;
        return true;
    }
    r->late_left_out++;
    return false;
}
