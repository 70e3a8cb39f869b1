/* report/json.c: the story as JSON: one document at the end, or a line for each event (docs/story.schema.json,
   fede-story(5)).

   Both forms are made of the same objects. Bytes are lower-case hexadecimal, times microseconds since the story's beginning
   and, beside them, ISO 8601 in UTC. Names are stable; readers have to bear new ones. What the network said is escaped
   before it gets here, so that also a JSON text can be shown on a terminal. Application data is counted, never kept. */
#include <stdlib.h>

#include "explain/glossary.h"
#include "report/html.h"
#include "report/report.h"

enum { STORY = 1 /* version of the form */, EVERY_BYTE = 4, ALL = 3, NOTES_MOST = 256 };

static void message(struct report *r, const fede_event *e, const char *protocol, const char *title,
                    const struct annotation *a);
static void record(struct report *r, const fede_event *e);
static void secret(struct report *r, const fede_event *e);
static json_t *fields_of(struct report *r, const struct field *parent);
static json_t *field_of(struct report *r, const struct field *f);
static json_t *certificates(struct report *r);
static json_t *verification(struct report *r, const fede_verdict *v);
static json_t *choice(struct report *r);
static json_t *aims(struct report *r);
static json_t *traffic(struct report *r, uint8_t from);
static json_t *error_of(struct report *r, const fede_error *e);
static void tell(struct report *r, const char *list, const char *event, json_t *object);
static void write_out(struct report *r, json_t *object, size_t flags);
static void when(struct report *r, json_t *object, uint64_t at_us);
static json_t *iso(struct report *r, int64_t seconds, int us);

void json_story_start(struct report *r)
{
    r->document = json_object();
    if (r->document == NULL) {
        r->broken = true;
        return;
    }
    json_set(r, r->document, "story", json_integer(STORY));
    json_set(r, r->document, "tool", json_words(r, "fede " FEDE_VERSION));
    if (r->options.number != 0)
        json_set(r, r->document, "connection", json_integer(r->options.number));
    if (r->options.title != NULL)
        json_set(r, r->document, "title", json_words(r, r->options.title));
    if (r->options.command != NULL)
        json_set(r, r->document, "command", json_words(r, r->options.command));
    json_set(r, r->document, "secrets_shown", json_boolean(r->options.show_secrets));
    if (r->options.form == REPORT_JSON_LINES) {
        json_set(r, r->document, "event", json_words(r, "start"));
        write_out(r, r->document, JSON_COMPACT);
        json_decref(r->document);
        r->document = NULL;
        return;
    }
    static const char *const lists[] = {"phases", "notes", "messages", "records"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        json_set(r, r->document, lists[i], json_array());
}

void json_story_event(struct report *r, const fede_event *e)
{
    struct annotation a;
    switch (e->kind) {
    case FEDE_EVENT_RECORD:
        record(r, e);
        break;
    case FEDE_EVENT_MESSAGE:
        if (!report_late(r))
            break;
        a = annotate_message(&r->scratch, e->bytes, &r->d.context);
        message(r, e, "handshake", message_title(e->what), &a);
        break;
    case FEDE_EVENT_CCS:
        a = annotate_ccs(&r->scratch, e->bytes);
        message(r, e, "change_cipher_spec", "ChangeCipherSpec", &a);
        break;
    case FEDE_EVENT_ALERT:
        if (!report_late(r))
            break;
        a = annotate_alert(&r->scratch, e->bytes);
        message(r, e, "alert", "Alert", &a);
        break;
    case FEDE_EVENT_SECRET:
        if (r->options.show_secrets)
            secret(r, e);
        break;
    case FEDE_EVENT_VERDICT:
        if (r->options.form == REPORT_JSON_LINES && r->d.verdict != NULL)
            tell(r, NULL, "verification", verification(r, r->d.verdict));
        break;
    case FEDE_EVENT_OPENED:
        if (r->options.form == REPORT_JSON_LINES)
            tell(r, NULL, "opened", choice(r));
        break;
    default:
        break;
    }
}

void json_story_phase(struct report *r, const char *phase, bool ok, const char *text, uint64_t from_us, uint64_t to_us)
{
    json_t *o = json_object();
    json_set(r, o, "name", json_words(r, phase));
    json_set(r, o, "ok", json_boolean(ok));
    json_set(r, o, "text", json_words(r, text));
    when(r, o, from_us);
    json_set(r, o, "took_us", json_number(to_us > from_us ? to_us - from_us : 0));
    tell(r, "phases", "phase", o);
}

void json_story_note(struct report *r, const char *text)
{
    if (r->document != NULL && json_array_size(json_object_get(r->document, "notes")) >= NOTES_MOST)
        return;
    json_t *o = json_object();
    json_set(r, o, "text", json_words(r, text));
    when(r, o, r->now_us);
    tell(r, "notes", "note", o);
}

void json_story_error(struct report *r, const fede_error *error)
{
    json_t *o = error_of(r, error);
    if (r->options.form == REPORT_JSON_LINES)
        tell(r, NULL, "error", o);
    else if (r->document != NULL && json_object_get(r->document, "error") == NULL)
        json_set(r, r->document, "error", o);
    else
        json_decref(o);
}

void json_story_end(struct report *r, const fede_conn *conn, int exit_code, const char *why)
{
    bool lines = r->options.form == REPORT_JSON_LINES;
    json_t *o = lines ? json_object() : r->document;
    const struct dissection *d = &r->d;
    if (o == NULL)
        return;
    if (r->zero_set) {
        int64_t seconds;
        unsigned us;
        report_wall(r, r->zero_us, &seconds, &us);
        json_set(r, o, "started", iso(r, seconds, (int)us));
        json_set(r, o, "total_us", json_number(r->now_us - r->zero_us));
    }
    if (d->role != 0) {
        json_set(r, o, "role", json_words(r, r->options.onlooker ? "onlooker" : json_side(d->role)));
        json_set(r, o, "established", json_boolean(d->opened));
        if (d->server_name != NULL)
            json_set(r, o, "server_name", json_words(r, d->server_name));
        if (!lines) {
            json_set(r, o, "choice", choice(r));
            json_set(r, o, "certificates", certificates(r));
            if (d->verdict != NULL)
                json_set(r, o, "verification", verification(r, d->verdict));
        }
        json_t *both = json_object();
        json_set(r, both, "client", traffic(r, FEDE_CLIENT));
        json_set(r, both, "server", traffic(r, FEDE_SERVER));
        json_set(r, o, "traffic", both);
        if (d->opened) {
            json_set(r, o, "round_trips", json_integer(d->round_trips));
            json_set(r, o, "handshake_us", json_number(d->opened_us - d->begun_us));
            /* The engine opens a connection only with these in hand. */
            json_t *proofs = json_object();
            if (d->role == FEDE_CLIENT && d->scheme != 0)
                json_set(r, proofs, "key_exchange_signature", json_words(r, "verified"));
            json_set(r, proofs, "peer_finished", json_words(r, "verified"));
            json_set(r, o, "proofs", proofs);
        }
        json_set(r, o, "protected_against", aims(r));
    }
    json_insight(r, o);
    if (conn != NULL) {
        unsigned ending = fede_ending(conn);
        json_t *closed = json_object();
        json_set(r, closed, "peer_close_notify", json_boolean(ending & FEDE_PEER_CLOSED));
        json_set(r, closed, "our_close_notify", json_boolean(ending & FEDE_WE_CLOSED));
        json_set(r, closed, "transport_ended", json_boolean(ending & FEDE_TRANSPORT_ENDED));
        json_set(r, closed, "failed", json_boolean(ending & FEDE_ENDED_BADLY));
        json_set(r, o, "ending", closed);
    }
    if (r->late_left_out > 0)
        json_set(r, o, "messages_left_out", json_number(r->late_left_out));
    json_t *exit = json_object();
    json_set(r, exit, "code", json_integer(exit_code == REPORT_GOES_ON ? 0 : exit_code));
    json_set(r, exit, "reason", json_words(r, why != NULL && why[0] != '\0' ? why : exit_code == 0 ? "all done" : "failed"));
    json_set(r, o, "exit", exit);
    if (r->broken || d->incomplete)
        json_set(r, o, "incomplete", json_true());
    if (lines) {
        tell(r, NULL, "end", o);
    } else {
        json_set(r, o, "summary", summary_sentences(o));
        json_t *observer = summary_observer(o);
        if (observer != NULL)
            json_set(r, o, "observer", observer);
        if (r->options.form == REPORT_HTML)
            r->broken |= r->options.out == NULL || !html_story(r->options.out, o);
        else
            write_out(r, o, JSON_INDENT(1));
        json_story_free(r);
    }
}

void json_story_free(struct report *r)
{
    json_decref(r->document);
    r->document = NULL;
}

void json_story_check(struct report *r, const char *name, int outcome, const char *text)
{
    static const char *const outcomes[] = {"", "verified", "failed", "not checkable"};
    json_t *o = json_object();
    json_set(r, o, "name", json_words(r, name));
    json_set(r, o, "outcome", json_words(r, outcomes[outcome]));
    json_set(r, o, "text", json_words(r, text));
    when(r, o, r->now_us);
    if (r->document != NULL && json_object_get(r->document, "checks") == NULL)
        json_set(r, r->document, "checks", json_array());
    tell(r, "checks", "check", o);
}

void json_story_onlooker(struct report *r, const char *keys, bool resumed, const char *outcome)
{
    json_t *o = json_object();
    json_set(r, o, "keys", json_words(r, keys));
    json_set(r, o, "resumed", json_boolean(resumed));
    json_set(r, o, "outcome", json_words(r, outcome));
    if (r->options.form == REPORT_JSON_LINES)
        tell(r, NULL, "onlooker", o);
    else if (r->document != NULL)
        json_set(r, r->document, "onlooker", o);
    else
        json_decref(o);
}

/* ---- events ---- */

static void message(struct report *r, const fede_event *e, const char *protocol, const char *title,
                    const struct annotation *a)
{
    json_t *o = json_object();
    char facts[800];
    struct text t = text_in(facts, sizeof facts);
    dissection_facts(&r->d, e, &t);
    json_set(r, o, "name", json_words(r, title));
    json_set(r, o, "protocol", json_words(r, protocol));
    if (e->kind == FEDE_EVENT_MESSAGE)
        json_set(r, o, "type", json_integer(e->what));
    json_set(r, o, "from", json_words(r, json_side(e->from)));
    json_set(r, o, "ours", json_boolean(e->ours));
    /* What we send is told before its record, what we receive behind it. */
    json_set(r, o, "record", json_number(r->d.traffic[e->from % 3].records + (e->ours ? 1 : 0)));
    json_set(r, o, "encrypted", json_boolean(e->epoch != 0));
    when(r, o, e->at_us);
    json_set(r, o, "length", json_number(e->bytes.len));
    json_set(r, o, "facts", json_words(r, facts));
    const struct glossary_row *row = NULL;
    if (r->options.level >= EVERY_BYTE)
        row = glossary_find(e->kind == FEDE_EVENT_MESSAGE ? message_path(e->what) : protocol);
    if (row != NULL)
        json_set(r, o, "sentence", json_words(r, row->sentence));
    json_set(r, o, "bytes", json_hex(r, e->bytes));
    if (a->bad_where != NULL) {
        json_t *bad = json_object();
        json_set(r, bad, "field", json_words(r, a->bad_where));
        json_set(r, bad, "why", json_words(r, a->bad_why));
        json_set(r, bad, "offset", json_number(a->bad_at));
        json_set(r, o, "malformed", bad);
    }
    r->broken = r->broken || a->cut;
    json_set(r, o, "fields", a->root != NULL ? fields_of(r, a->root) : json_array());
    tell(r, "messages", "message", o);
}

/* Records of application data are only counted; with -vv the line form has them, without their content. */
static void record(struct report *r, const fede_event *e)
{
    bool lines = r->options.form == REPORT_JSON_LINES;
    if (e->what == CONTENT_DATA ? !lines || r->options.level < ALL : r->d.opened && !lines && r->late >= LATE_MOST)
        return;
    json_t *o = json_object();
    json_set(r, o, "number", json_number(r->d.traffic[e->from % 3].records));
    json_set(r, o, "content", json_registered(r, &content_type_names, e->what));
    json_set(r, o, "from", json_words(r, json_side(e->from)));
    json_set(r, o, "ours", json_boolean(e->ours));
    when(r, o, e->at_us);
    if (e->bytes.len >= 5)
        json_set(r, o, "version", json_registered(r, &version_names, load16(e->bytes.data + 1)));
    json_set(r, o, "length", json_number(e->bytes.len));
    json_set(r, o, "plain_length", json_number(e->plain.len));
    json_set(r, o, "epoch", json_integer(e->epoch));
    json_set(r, o, "sequence_number", json_number(e->number));
    if (e->what != CONTENT_DATA && e->epoch != 0) {
        struct annotation a = annotate_record(&r->scratch, e->bytes, r->d.suite != 0 ? r->d.suite : UINT16_MAX);
        if (a.root != NULL)
            json_set(r, o, "fields", fields_of(r, a.root));
        json_protection(r, o, e);
    }
    tell(r, "records", "record", o);
}

static void secret(struct report *r, const fede_event *e)
{
    json_t *o = json_object();
    json_set(r, o, "label", json_words(r, e->label != NULL ? e->label : "secret"));
    json_set(r, o, "bytes", json_hex(r, e->bytes));
    when(r, o, e->at_us);
    if (r->document != NULL && json_object_get(r->document, "secrets") == NULL)
        json_set(r, r->document, "secrets", json_array());
    tell(r, "secrets", "secret", o);
}

/* ---- fields ---- */

static json_t *fields_of(struct report *r, const struct field *parent)
{
    json_t *list = json_array();
    for (const struct field *f = parent->first; f != NULL; f = f->next)
        json_add(r, list, field_of(r, f));
    return list;
}

static json_t *field_of(struct report *r, const struct field *f)
{
    static const char *const kinds[] = {[FIELD_NUMBER] = "number", [FIELD_BYTES] = "bytes",   [FIELD_TEXT] = "text",
                                        [FIELD_LIST] = "list",     [FIELD_STRUCT] = "struct", [FIELD_TIME] = "time"};
    json_t *o = json_object();
    char path[1000], value[2000];
    struct text t = text_in(path, sizeof path), v = text_in(value, sizeof value);
    field_path(f, &t);
    json_set(r, o, "path", json_words(r, path));
    json_set(r, o, "name", json_words(r, f->name));
    json_set(r, o, "kind",
        json_words(r, f->kind < sizeof kinds / sizeof *kinds && kinds[f->kind] != NULL ? kinds[f->kind] : "bytes"));
    /* Long values stand in "bytes" whole; in words their beginning will do. */
    field_text(f, &v, 32);
    if (v.len > 0)
        json_set(r, o, "text", json_words(r, value));
    if (f->kind == FIELD_NUMBER || f->kind == FIELD_TIME || f->numbered)
        json_set(r, o, "number", json_number(f->number));
    if (f->names != NULL)
        json_set(r, o, "registry", json_words(r, f->names->title));
    json_set(r, o, "offset", json_number(f->offset));
    json_set(r, o, "length", json_number(f->len));
    const struct glossary_row *row = r->options.level >= EVERY_BYTE ? glossary_find(path) : NULL;
    if (row != NULL)
        json_set(r, o, "sentence", json_words(r, row->sentence));
    if (f->first != NULL)
        json_set(r, o, "fields", fields_of(r, f));
    else
        json_set(r, o, "bytes", json_hex(r, f->value));
    return o;
}

/* ---- the end ---- */

static json_t *choice(struct report *r)
{
    const struct dissection *d = &r->d;
    json_t *o = json_object();
    if (d->version != 0)
        json_set(r, o, "version", json_registered(r, &version_names, d->version));
    if (d->suite != 0)
        json_set(r, o, "cipher_suite", json_registered(r, &suite_names, d->suite));
    if (d->group != 0)
        json_set(r, o, "group", json_registered(r, &group_names, d->group));
    if (d->scheme != 0)
        json_set(r, o, "signature_scheme", json_registered(r, &scheme_names, d->scheme));
    if (d->alpn != NULL)
        json_set(r, o, "alpn", json_words(r, d->alpn));
    if (d->extended >= 0)
        json_set(r, o, "extended_master_secret", json_boolean(d->extended));
    if (d->resumed || d->not_resumed != NULL)
        json_set(r, o, "resumed", json_boolean(d->resumed));
    if (d->not_resumed != NULL)
        json_set(r, o, "not_resumed", json_words(r, d->not_resumed));
    return o;
}

static json_t *certificates(struct report *r)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->d.n_certificates; i++) {
        json_t *o = json_object();
        struct card_row rows[CARD_ROWS];
        size_t n = certificate_card(r->d.certificates[i], report_judged_at(r), rows);
        for (size_t k = 0; k < n; k++)
            json_set(r, o, strcmp(rows[k].label, "SHA-256") == 0 ? "sha256" : rows[k].label, json_words(r, rows[k].value));
        json_set(r, o, "der", json_hex(r, r->d.certificates[i]));
        json_add(r, list, o);
    }
    return list;
}

static json_t *verification(struct report *r, const fede_verdict *v)
{
    static const char *const outcomes[] = {"unknown", "passed", "failed", "not checked"};
    json_t *o = json_object();
    json_set(r, o, "accepted", json_boolean(v->accepted));
    if (v->name != NULL)
        json_set(r, o, "name", json_words(r, v->name));
    json_set(r, o, "judged_at", iso(r, v->at, -1));
    if (!v->accepted)
        json_set(r, o, "reason", json_words(r, fede_reason_name(v->reason)));
    json_t *path = json_array(), *checks = json_array();
    for (size_t i = 0; i < v->path_len; i++) {
        char title[300];
        struct text t = text_in(title, sizeof title);
        certificate_title(v->path[i], &t);
        json_t *c = json_object();
        json_set(r, c, "title", json_words(r, title));
        json_set(r, c, "der", json_hex(r, v->path[i]));
        json_add(r, path, c);
    }
    for (size_t i = 0; i < v->n_checks; i++) {
        const fede_check *c = &v->checks[i];
        char detail[sizeof c->detail + 1];
        json_t *k = json_object();
        snprintf(detail, sizeof detail, "%.*s", (int)sizeof c->detail, c->detail);
        json_set(r, k, "check", json_words(r, fede_check_name(c->kind)));
        json_set(r, k, "certificate", json_integer(c->certificate));
        json_set(r, k, "outcome", json_words(r, outcomes[c->outcome < 4 ? c->outcome : 0]));
        if (c->outcome == FEDE_FAILED)
            json_set(r, k, "reason", json_words(r, fede_reason_name(c->reason)));
        if (detail[0] != '\0')
            json_set(r, k, "detail", json_words(r, detail));
        json_add(r, checks, k);
    }
    json_set(r, o, "path", path);
    json_set(r, o, "checks", checks);
    return o;
}

static json_t *aims(struct report *r)
{
    static const char *const states[] = {"undecided", "yes", "no", "undecided"};
    struct aim list[3];
    json_t *o = json_object();
    dissection_aims(&r->d, list);
    for (size_t i = 0; i < 3; i++) {
        json_t *aim = json_object();
        json_set(r, aim, "protected", json_words(r, states[list[i].state < 4 ? list[i].state : 0]));
        json_set(r, aim, "text", json_words(r, list[i].text));
        json_set(r, o, list[i].against, aim);
    }
    return o;
}

static json_t *traffic(struct report *r, uint8_t from)
{
    const struct traffic *t = &r->d.traffic[from];
    json_t *o = json_object();
    json_set(r, o, "records", json_number(t->records));
    json_set(r, o, "bytes", json_number(t->bytes));
    json_set(r, o, "data_records", json_number(t->data_records));
    json_set(r, o, "data_bytes", json_number(t->data_bytes));
    return o;
}

static json_t *error_of(struct report *r, const fede_error *e)
{
    char advice[600];
    json_t *o = json_object();
    json_set(r, o, "reason", json_words(r, fede_reason_name(e->reason)));
    json_set(r, o, "text", json_words(r, r->failure));
    fede_error_advice(e, advice, sizeof advice);
    if (advice[0] != '\0')
        json_set(r, o, "advice", json_words(r, advice));
    if (fede_reason_section(e->reason)[0] != '\0')
        json_set(r, o, "section", json_words(r, fede_reason_section(e->reason)));
    static const char *const origins[] = {"", "us", "peer", "transport", "caller", "internal"};
    if (e->origin > 0 && e->origin < sizeof origins / sizeof *origins)
        json_set(r, o, "origin", json_words(r, origins[e->origin]));
    if (e->alert != FEDE_ALERT_NONE)
        json_set(r, o, "alert", json_registered(r, &alert_names, e->alert));
    if (e->where != NULL)
        json_set(r, o, "where", json_words(r, e->where));
    if (e->offset != UINT32_MAX)
        json_set(r, o, "offset", json_integer(e->offset));
    if (e->certificate != UINT16_MAX)
        json_set(r, o, "certificate", json_integer(e->certificate));
    return o;
}

/* ---- putting things in and out ---- */

/* Into the document's list, or as a line of its own. Takes the object. */
static void tell(struct report *r, const char *list, const char *event, json_t *object)
{
    if (r->options.form == REPORT_JSON_LINES) {
        json_t *line = json_object();
        json_set(r, line, "story", json_integer(STORY));
        json_set(r, line, "event", json_words(r, event));
        if (r->options.number != 0)
            json_set(r, line, "connection", json_integer(r->options.number));
        if (line == NULL || object == NULL || json_object_update(line, object) != 0)
            r->broken = true;
        else
            write_out(r, line, JSON_COMPACT);
        json_decref(line);
        json_decref(object);
        return;
    }
    json_t *array = json_object_get(r->document, list != NULL ? list : "");
    if (array != NULL)
        json_add(r, array, object);
    else
        json_decref(object);
}

static void write_out(struct report *r, json_t *object, size_t flags)
{
    char *text = json_dumps(object, flags);
    FILE *out = r->options.out;
    if (text == NULL || out == NULL) {
        r->broken = true;
        free(text);
        return;
    }
    size_t len = strlen(text);
    flockfile(out);
    fwrite(text, 1, len, out);
    fputc('\n', out);
    if (!r->options.onlooker) /* a capture is told as fast as it can be read */
        fflush(out);
    funlockfile(out);
    bytes_wipe(text, len);
    free(text);
}

void json_set(struct report *r, json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) != 0)
        r->broken = true;
}

void json_add(struct report *r, json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) != 0)
        r->broken = true;
}

/* Text that is no UTF-8 is escaped; all other has been already. */
json_t *json_words(struct report *r, const char *s)
{
    json_t *value = json_string(s != NULL ? s : "");
    if (value != NULL)
        return value;
    char escaped[2000];
    struct text t = text_in(escaped, sizeof escaped);
    text_escaped(&t, bytes_text(s));
    (void)r;
    return json_string(escaped);
}

json_t *json_hex(struct report *r, bytes b)
{
    char *text = malloc(2 * b.len + 1);
    if (text == NULL) {
        r->broken = true;
        return json_null();
    }
    struct text t = text_in(text, 2 * b.len + 1);
    text_hex(&t, b);
    json_t *value = json_stringn(text, 2 * b.len);
    bytes_wipe(text, 2 * b.len);
    free(text);
    return value;
}

json_t *json_number(uint64_t n)
{
    return json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n);
}

json_t *json_registered(struct report *r, const struct names *names, uint64_t number)
{
    json_t *o = json_object();
    const char *name = names_find(names, (uint32_t)number);
    json_set(r, o, "number", json_number(number));
    json_set(r, o, "name", json_words(r, name != NULL ? name : "unknown"));
    return o;
}

static void when(struct report *r, json_t *object, uint64_t at_us)
{
    int64_t seconds;
    unsigned us;
    json_set(r, object, "at_us", json_number(report_since(r, at_us)));
    report_wall(r, at_us, &seconds, &us);
    json_set(r, object, "at", iso(r, seconds, (int)us));
}

/* us below 0: whole seconds. */
static json_t *iso(struct report *r, int64_t seconds, int us)
{
    char text[64], fraction[16] = "";
    struct text t = text_in(text, sizeof text);
    text_time(&t, seconds);
    if (us >= 0)
        snprintf(fraction, sizeof fraction, ".%06d", us);
    char whole[96];
    if (strlen(text) == strlen("2026-05-01 00:00:00 UTC"))
        snprintf(whole, sizeof whole, "%.10sT%.8s%sZ", text, text + 11, fraction);
    else
        snprintf(whole, sizeof whole, "%s", text);
    return json_words(r, whole);
}

const char *json_side(uint8_t from)
{
    return from == FEDE_CLIENT ? "client" : "server";
}
