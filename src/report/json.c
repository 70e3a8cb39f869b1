/* report/json.c: the story as JSON: one document at the end, or a line for each event (docs/story.schema.json,
   fede-story(5)).

   Both forms are made of the same objects. Bytes are lower-case hexadecimal, times microseconds since the story's beginning
   and, beside them, ISO 8601 in UTC. Names are stable; readers have to bear new ones. What the network said is escaped
   before it gets here, so that also a JSON text can be shown on a terminal. Application data is counted; what lies
   in it is told by json_inside.c. */
#include <jansson.h>
#include <stdlib.h>

#include "explain/glossary.h"
#include "report/html.h"
#include "report/report.h"

enum { STORY = 1 /* version of the form */, EVERY_BYTE = 4, ALL = 3, NOTES_MOST = 256, ISO = 96 };

static const struct {
    const char *key, *event;
    bool list, always;
} parts[] = {
    [PHASES] = {"phases", "phase", true, true},       [NOTES] = {"notes", "note", true, true},
    [MESSAGES] = {"messages", "message", true, true}, [RECORDS] = {"records", "record", true, true},
    [CHECKS] = {"checks", "check", true, false},      [SECRETS] = {"secrets", "secret", true, false},
    [HTTP] = {"http", "http", true, false},           [FRAMES] = {"http2_frames", "http2_frame", true, false},
    [DIALOGUE] = {"dialogue", "line", true, false},   [DNS] = {"dns", "dns", true, false},
    [PACKETS] = {"packets", "packet", true, false},
    [ONLOOKER] = {"onlooker", "onlooker", false, false}, [ERROR] = {"error", "error", false, false},
    /* Only in lines: a document tells them at its end. */
    [VERIFICATION] = {NULL, "verification", false, false}, [OPENED] = {NULL, "opened", false, false},
    [END] = {NULL, "end", false, false},
};

static void message(struct report *r, const fede_event *e, const char *protocol, const char *title,
                    const struct annotation *a);
static void record(struct report *r, const fede_event *e);
static struct annotation record_fields(struct report *r, const fede_event *e);
static void secret(struct report *r, const fede_event *e);
static void fields_of(struct report *r, struct json_text *w, const char *key, const struct field *parent);
static void field_of(struct report *r, struct json_text *w, const struct field *f);
static void certificates(struct report *r, struct json_text *w);
static void verification(struct json_text *w, const fede_verdict *v);
static void choice(struct report *r, struct json_text *w);
static void aims(struct report *r, struct json_text *w);
static void traffic(struct report *r, struct json_text *w, uint8_t from);
static void document_end(struct report *r, struct json_text *w);
static void write_document(struct report *r);
static void proofs(struct report *r, struct json_text *w);
static void closing(struct json_text *w, unsigned ending);
static void write_line(struct report *r);
static void write_out(struct report *r, char *text, size_t len);
static void iso(char out[static ISO], int64_t seconds, int us);

static bool in_lines(const struct report *r)
{
    return r->options.form == REPORT_JSON_LINES;
}

void json_story_start(struct report *r)
{
    struct json_text *w = &r->json;
    put_object(w, NULL);
    put_number(w, "story", STORY);
    if (in_lines(r))
        put_words(w, "event", "start");
    put_words(w, "tool", "fede " FEDE_VERSION);
    if (r->options.number != 0)
        put_number(w, "connection", r->options.number);
    if (r->options.title != NULL)
        put_words(w, "title", r->options.title);
    if (r->options.command != NULL)
        put_words(w, "command", r->options.command);
    put_flag(w, "secrets_shown", r->options.show_secrets);
    if (in_lines(r)) {
        put_object_end(w);
        write_line(r);
    }
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
        if (in_lines(r) && r->d.verdict != NULL) {
            struct json_text *w = json_entry(r, VERIFICATION);
            verification(w, r->d.verdict);
            json_entry_end(r, w);
        }
        break;
    case FEDE_EVENT_OPENED:
        if (in_lines(r)) {
            struct json_text *w = json_entry(r, OPENED);
            choice(r, w);
            json_entry_end(r, w);
        }
        break;
    default:
        break;
    }
}

void json_story_phase(struct report *r, const char *phase, bool ok, const char *text, uint64_t from_us, uint64_t to_us)
{
    struct json_text *w = json_entry(r, PHASES);
    put_words(w, "name", phase);
    put_flag(w, "ok", ok);
    put_words(w, "text", text);
    json_when(r, w, from_us);
    put_number(w, "took_us", to_us > from_us ? to_us - from_us : 0);
    json_entry_end(r, w);
}

void json_story_note(struct report *r, const char *text)
{
    if (!in_lines(r) && ++r->n_notes > NOTES_MOST)
        return;
    struct json_text *w = json_entry(r, NOTES);
    put_words(w, "text", text);
    json_when(r, w, r->now_us);
    json_entry_end(r, w);
}

void json_story_error(struct report *r, const fede_error *e)
{
    char advice[600];
    if (!in_lines(r) && r->parts[ERROR].len > 0)
        return; /* the first one counts */
    struct json_text *w = json_entry(r, ERROR);
    put_words(w, "reason", fede_reason_name(e->reason));
    put_words(w, "text", r->failure);
    fede_error_advice(e, advice, sizeof advice);
    if (advice[0] != '\0')
        put_words(w, "advice", advice);
    if (fede_reason_section(e->reason)[0] != '\0')
        put_words(w, "section", fede_reason_section(e->reason));
    static const char *const origins[] = {"", "us", "peer", "transport", "caller", "internal"};
    if (e->origin > 0 && e->origin < sizeof origins / sizeof *origins)
        put_words(w, "origin", origins[e->origin]);
    if (e->alert != FEDE_ALERT_NONE)
        put_registered(w, "alert", &alert_names, e->alert);
    if (e->where != NULL)
        put_words(w, "where", e->where);
    if (e->offset != UINT32_MAX)
        put_number(w, "offset", e->offset);
    if (e->certificate != UINT16_MAX)
        put_number(w, "certificate", e->certificate);
    json_entry_end(r, w);
}

void json_story_end(struct report *r, const fede_conn *conn, int exit_code, const char *why)
{
    struct json_text *w = in_lines(r) ? json_entry(r, END) : &r->json;
    const struct dissection *d = &r->d;
    if (!in_lines(r))
        document_end(r, w);
    if (r->zero_set) {
        char started[ISO];
        int64_t seconds;
        unsigned us;
        report_wall(r, r->zero_us, &seconds, &us);
        iso(started, seconds, (int)us);
        put_words(w, "started", started);
        put_number(w, "total_us", r->now_us - r->zero_us);
    }
    if (d->role != 0) {
        put_words(w, "role", r->options.onlooker ? "onlooker" : json_side(d->role));
        put_flag(w, "established", d->opened);
        if (d->server_name != NULL)
            put_words(w, "server_name", d->server_name);
        if (!in_lines(r)) {
            put_object(w, "choice");
            choice(r, w);
            put_object_end(w);
            certificates(r, w);
            if (d->verdict != NULL) {
                put_object(w, "verification");
                verification(w, d->verdict);
                put_object_end(w);
            }
        }
        put_object(w, "traffic");
        traffic(r, w, FEDE_CLIENT);
        traffic(r, w, FEDE_SERVER);
        put_object_end(w);
        if (d->opened)
            proofs(r, w);
        aims(r, w);
    }
    json_insight(r, w);
    if (conn != NULL)
        closing(w, fede_ending(conn));
    if (r->late_left_out > 0)
        put_number(w, "messages_left_out", r->late_left_out);
    put_object(w, "exit");
    put_number(w, "code", exit_code == REPORT_GOES_ON ? 0 : (uint64_t)exit_code);
    put_words(w, "reason", why != NULL && why[0] != '\0' ? why : exit_code == 0 ? "all done" : "failed");
    put_object_end(w);
    if (r->broken || w->failed || d->incomplete)
        put_flag(w, "incomplete", true);
    json_entry_end(r, w);
    if (!in_lines(r))
        write_document(r);
}

/* What was gathered, behind what json_story_start began. */
static void document_end(struct report *r, struct json_text *w)
{
    for (size_t i = 0; i < JSON_PARTS; i++) {
        struct json_text *part = &r->parts[i];
        if (part->len == 0 && parts[i].always)
            put_list(part, NULL);
        if (part->len == 0)
            continue;
        if (parts[i].list)
            put_list_end(part);
        put_text(w, parts[i].key, part);
        json_text_free(part);
    }
}

/* The engine opens a connection only with these in hand. */
static void proofs(struct report *r, struct json_text *w)
{
    const struct dissection *d = &r->d;
    put_number(w, "round_trips", d->round_trips);
    put_number(w, "handshake_us", d->opened_us - d->begun_us);
    put_object(w, "proofs");
    if (d->role == FEDE_CLIENT && d->scheme != 0)
        put_words(w, "key_exchange_signature", "verified");
    put_words(w, "peer_finished", "verified");
    put_object_end(w);
}

static void closing(struct json_text *w, unsigned ending)
{
    put_object(w, "ending");
    put_flag(w, "peer_close_notify", ending & FEDE_PEER_CLOSED);
    put_flag(w, "our_close_notify", ending & FEDE_WE_CLOSED);
    put_flag(w, "transport_ended", ending & FEDE_TRANSPORT_ENDED);
    put_flag(w, "failed", ending & FEDE_ENDED_BADLY);
    put_object_end(w);
}

/* Its last two parts are made of the others. */
static void write_document(struct report *r)
{
    json_t *story = r->json.failed ? NULL : json_loadb(r->json.out, r->json.len, 0, NULL);
    json_story_free(r);
    if (story == NULL || r->options.out == NULL) {
        r->broken = true;
        json_decref(story);
        return;
    }
    json_object_set_new(story, "summary", summary_sentences(story));
    json_t *observer = summary_observer(story);
    if (observer != NULL)
        json_object_set_new(story, "observer", observer);
    if (r->options.form == REPORT_HTML) {
        r->broken |= !html_story(r->options.out, story);
    } else {
        char *text = json_dumps(story, JSON_INDENT(1));
        if (text != NULL)
            write_out(r, text, strlen(text));
        r->broken = r->broken || text == NULL;
        free(text);
    }
    json_decref(story);
}

void json_story_free(struct report *r)
{
    json_text_free(&r->json);
    for (size_t i = 0; i < JSON_PARTS; i++)
        json_text_free(&r->parts[i]);
}

void json_story_check(struct report *r, const char *name, int outcome, const char *text)
{
    static const char *const outcomes[] = {"", "verified", "failed", "not checkable"};
    struct json_text *w = json_entry(r, CHECKS);
    put_words(w, "name", name);
    put_words(w, "outcome", outcomes[outcome]);
    put_words(w, "text", text);
    json_when(r, w, r->now_us);
    json_entry_end(r, w);
}

void json_story_onlooker(struct report *r, const char *keys, bool resumed, const char *outcome)
{
    struct json_text *w = json_entry(r, ONLOOKER);
    put_words(w, "keys", keys);
    put_flag(w, "resumed", resumed);
    if (r->d.ancestor != 0) {
        put_object(w, "resumes");
        put_number(w, "connection", r->d.ancestor);
        put_words(w, "by", r->d.by_ticket ? "ticket" : "session id");
        put_number(w, "use", r->d.ancestor_uses);
        if (r->d.ancestor_certificate != NULL)
            put_words(w, "certificate", r->d.ancestor_certificate);
        put_object_end(w);
    }
    put_words(w, "outcome", outcome);
    json_entry_end(r, w);
}

/* ---- events ---- */

static void message(struct report *r, const fede_event *e, const char *protocol, const char *title,
                    const struct annotation *a)
{
    struct json_text *w = json_entry(r, MESSAGES);
    char facts[800];
    struct text t = text_in(facts, sizeof facts);
    dissection_facts(&r->d, e, &t);
    put_words(w, "name", title);
    put_words(w, "protocol", protocol);
    if (e->kind == FEDE_EVENT_MESSAGE)
        put_number(w, "type", e->what);
    put_words(w, "from", json_side(e->from));
    put_flag(w, "ours", e->ours);
    /* What we send is told before its record, what we receive behind it. */
    put_number(w, "record", r->d.traffic[e->from % 3].records + (e->ours ? 1 : 0));
    put_flag(w, "encrypted", e->epoch != 0);
    json_packet(r, w);
    json_when(r, w, e->at_us);
    put_number(w, "length", e->bytes.len);
    put_words(w, "facts", facts);
    const struct glossary_row *row = NULL;
    if (r->options.level >= EVERY_BYTE)
        row = glossary_find(e->kind == FEDE_EVENT_MESSAGE ? message_path(e->what) : protocol);
    if (row != NULL)
        put_words(w, "sentence", glossary_sentence(row, r->options.language));
    put_hex(w, "bytes", e->bytes);
    if (a->bad_where != NULL) {
        put_object(w, "malformed");
        put_words(w, "field", a->bad_where);
        put_words(w, "why", a->bad_why);
        put_number(w, "offset", a->bad_at);
        put_object_end(w);
    }
    r->broken = r->broken || a->cut;
    fields_of(r, w, "fields", a->root);
    json_entry_end(r, w);
}

/* Records of application data are only counted; with -vv the line form has them, without their content. */
static void record(struct report *r, const fede_event *e)
{
    bool lines = r->options.form == REPORT_JSON_LINES;
    if (e->what == CONTENT_DATA ? !lines || r->options.level < ALL : r->d.opened && !lines && r->late >= LATE_MOST)
        return;
    struct json_text *w = json_entry(r, RECORDS);
    put_number(w, "number", r->d.traffic[e->from % 3].records);
    put_registered(w, "content", &content_type_names, e->what);
    put_words(w, "from", json_side(e->from));
    put_flag(w, "ours", e->ours);
    json_packet(r, w);
    json_when(r, w, e->at_us);
    if (e->bytes.len >= 5)
        put_registered(w, "version", &version_names, load16(e->bytes.data + 1));
    put_number(w, "length", e->bytes.len);
    put_number(w, "plain_length", e->plain.len);
    put_number(w, "epoch", e->epoch);
    put_number(w, "sequence_number", e->number);
    if (e->epoch != 0 || !lines || r->options.level >= ALL) {
        struct annotation a = record_fields(r, e);
        if (a.root != NULL)
            fields_of(r, w, "fields", a.root);
    }
    if (e->epoch != 0)
        json_protection(r, w, e);
    if (e->what == CONTENT_DATA && e->plain.len > 0)
        put_hex(w, "data", e->plain);
    json_entry_end(r, w);
}

/* In the clear only the header: what is behind it is shown as the messages it is made of. */
static struct annotation record_fields(struct report *r, const fede_event *e)
{
    enum { HEADER = 5 };
    if (e->epoch == 0 && e->bytes.len > HEADER)
        return annotate_record(&r->scratch, bytes_of(e->bytes.data, HEADER), report_protection(r, e));
    return annotate_record(&r->scratch, e->bytes, report_protection(r, e));
}

static void secret(struct report *r, const fede_event *e)
{
    struct json_text *w = json_entry(r, SECRETS);
    put_words(w, "label", e->label != NULL ? e->label : "secret");
    put_hex(w, "bytes", e->bytes);
    json_when(r, w, e->at_us);
    json_entry_end(r, w);
}

/* ---- fields ---- */

static void fields_of(struct report *r, struct json_text *w, const char *key, const struct field *parent)
{
    put_list(w, key);
    for (const struct field *f = parent != NULL ? parent->first : NULL; f != NULL; f = f->next)
        field_of(r, w, f);
    put_list_end(w);
}

static void field_of(struct report *r, struct json_text *w, const struct field *f)
{
    static const char *const kinds[] = {[FIELD_NUMBER] = "number", [FIELD_BYTES] = "bytes",   [FIELD_TEXT] = "text",
                                        [FIELD_LIST] = "list",     [FIELD_STRUCT] = "struct", [FIELD_TIME] = "time"};
    char path[1000], value[2000];
    struct text t = text_in(path, sizeof path), v = text_in(value, sizeof value);
    field_path(f, &t);
    put_object(w, NULL);
    put_words(w, "path", path);
    put_words(w, "name", f->name);
    put_words(w, "kind", f->kind < sizeof kinds / sizeof *kinds && kinds[f->kind] != NULL ? kinds[f->kind] : "bytes");
    /* Long values stand in "bytes" whole; in words their beginning will do. */
    field_text(f, &v, 32);
    if (v.len > 0)
        put_words(w, "text", value);
    if (f->kind == FIELD_NUMBER || f->kind == FIELD_TIME || f->numbered)
        put_number(w, "number", f->number);
    if (f->names != NULL)
        put_words(w, "registry", f->names->title);
    const struct name_row *named = f->names != NULL && r->options.level >= EVERY_BYTE && f->number <= UINT32_MAX
                                       ? names_row(f->names, (uint32_t)f->number)
                                       : NULL;
    if (named != NULL && named->section[0] != '\0')
        put_words(w, "section", named->section);
    put_number(w, "offset", f->offset);
    put_number(w, "length", f->len);
    const struct glossary_row *row = r->options.level >= EVERY_BYTE ? glossary_find(path) : NULL;
    if (row != NULL)
        put_words(w, "sentence", glossary_sentence(row, r->options.language));
    if (f->first != NULL)
        fields_of(r, w, "fields", f);
    else
        put_hex(w, "bytes", f->value);
    put_object_end(w);
}

/* ---- the end ---- */

static void choice(struct report *r, struct json_text *w)
{
    const struct dissection *d = &r->d;
    if (d->version != 0)
        put_registered(w, "version", &version_names, d->version);
    if (d->suite != 0)
        put_registered(w, "cipher_suite", &suite_names, d->suite);
    if (d->group != 0)
        put_registered(w, "group", &group_names, d->group);
    if (d->scheme != 0)
        put_registered(w, "signature_scheme", &scheme_names, d->scheme);
    if (d->client_shown >= 0)
        put_flag(w, "client_certificate", d->client_shown);
    if (d->client_none != NULL)
        put_words(w, "no_client_certificate", d->client_none);
    if (d->client_scheme != 0)
        put_registered(w, "client_signature_scheme", &scheme_names, d->client_scheme);
    if (d->alpn != NULL)
        put_words(w, "alpn", d->alpn);
    if (d->extended >= 0)
        put_flag(w, "extended_master_secret", d->extended);
    if (d->false_start)
        put_flag(w, "false_start", true);
    if (d->renegotiations > 0)
        put_number(w, "renegotiations", d->renegotiations);
    if (d->resumed || d->not_resumed != NULL)
        put_flag(w, "resumed", d->resumed);
    if (d->not_resumed != NULL)
        put_words(w, "not_resumed", d->not_resumed);
}

static void certificates(struct report *r, struct json_text *w)
{
    put_list(w, "certificates");
    for (size_t i = 0; i < r->d.n_certificates; i++) {
        struct card_row rows[CARD_ROWS];
        size_t n = certificate_card(r->d.certificates[i], report_judged_at(r), rows);
        put_object(w, NULL);
        for (size_t k = 0; k < n; k++)
            put_words(w, strcmp(rows[k].label, "SHA-256") == 0 ? "sha256" : rows[k].label, rows[k].value);
        put_hex(w, "der", r->d.certificates[i]);
        put_object_end(w);
    }
    put_list_end(w);
}

static void verification(struct json_text *w, const fede_verdict *v)
{
    static const char *const outcomes[] = {"unknown", "passed", "failed", "not checked"};
    char judged[ISO];
    iso(judged, v->at, -1);
    put_flag(w, "accepted", v->accepted);
    if (v->name != NULL)
        put_words(w, "name", v->name);
    put_words(w, "judged_at", judged);
    if (!v->accepted)
        put_words(w, "reason", fede_reason_name(v->reason));
    put_list(w, "path");
    for (size_t i = 0; i < v->path_len; i++) {
        char title[300];
        struct text t = text_in(title, sizeof title);
        certificate_title(v->path[i], &t);
        put_object(w, NULL);
        put_words(w, "title", title);
        put_hex(w, "der", v->path[i]);
        put_object_end(w);
    }
    put_list_end(w);
    put_list(w, "checks");
    for (size_t i = 0; i < v->n_checks; i++) {
        const fede_check *c = &v->checks[i];
        char detail[sizeof c->detail + 1];
        snprintf(detail, sizeof detail, "%.*s", (int)sizeof c->detail, c->detail);
        put_object(w, NULL);
        put_words(w, "check", fede_check_name(c->kind));
        put_number(w, "certificate", c->certificate);
        put_words(w, "outcome", outcomes[c->outcome < 4 ? c->outcome : 0]);
        if (c->outcome == FEDE_FAILED)
            put_words(w, "reason", fede_reason_name(c->reason));
        if (detail[0] != '\0')
            put_words(w, "detail", detail);
        put_object_end(w);
    }
    put_list_end(w);
}

static void aims(struct report *r, struct json_text *w)
{
    static const char *const states[] = {"undecided", "yes", "no", "undecided"};
    struct aim list[3];
    dissection_aims(&r->d, list);
    put_object(w, "protected_against");
    for (size_t i = 0; i < 3; i++) {
        put_object(w, list[i].against);
        put_words(w, "protected", states[list[i].state < 4 ? list[i].state : 0]);
        put_words(w, "text", list[i].text);
        put_object_end(w);
    }
    put_object_end(w);
}

static void traffic(struct report *r, struct json_text *w, uint8_t from)
{
    const struct traffic *t = &r->d.traffic[from];
    put_object(w, json_side(from));
    put_number(w, "records", t->records);
    put_number(w, "bytes", t->bytes);
    put_number(w, "data_records", t->data_records);
    put_number(w, "data_bytes", t->data_bytes);
    put_object_end(w);
}

/* ---- putting things in and out ---- */

/* An entry of that part, or a line; open until end. */
struct json_text *json_entry(struct report *r, enum json_part part)
{
    struct json_text *w = &r->json;
    if (!in_lines(r)) {
        w = &r->parts[part];
        if (parts[part].list && w->len == 0)
            put_list(w, NULL);
        put_object(w, NULL);
        return w;
    }
    put_object(w, NULL);
    put_number(w, "story", STORY);
    put_words(w, "event", parts[part].event);
    if (r->options.number != 0)
        put_number(w, "connection", r->options.number);
    return w;
}

void json_entry_end(struct report *r, struct json_text *w)
{
    put_object_end(w);
    if (in_lines(r))
        write_line(r);
}

static void write_line(struct report *r)
{
    if (r->json.failed || (r->options.out == NULL && r->options.line == NULL))
        r->broken = true;
    else if (r->options.line != NULL)
        r->options.line(r->options.line_arg, r->json.out, r->json.len);
    else
        write_out(r, r->json.out, r->json.len);
    json_text_clear(&r->json);
}

/* One line, or one document, never torn; wiped, for there may be secrets in it. */
static void write_out(struct report *r, char *text, size_t len)
{
    FILE *out = r->options.out;
    flockfile(out);
    fwrite(text, 1, len, out);
    putc_unlocked('\n', out);
    if (!r->options.onlooker) /* a capture is told as fast as it can be read */
        fflush(out);
    funlockfile(out);
    bytes_wipe(text, len);
}

void json_when(struct report *r, struct json_text *w, uint64_t at_us)
{
    char at[ISO];
    int64_t seconds;
    unsigned us;
    put_number(w, "at_us", report_since(r, at_us));
    report_wall(r, at_us, &seconds, &us);
    iso(at, seconds, (int)us);
    put_words(w, "at", at);
}

/* Where in the capture it came. */
void json_packet(struct report *r, struct json_text *w)
{
    if (r->packet == 0)
        return;
    if (r->first_packet != r->packet)
        put_number(w, "first_packet", r->first_packet);
    put_number(w, "packet", r->packet);
}

/* us below 0: whole seconds. */
static void iso(char out[static ISO], int64_t seconds, int us)
{
    char text[64], fraction[16] = "";
    struct text t = text_in(text, sizeof text);
    text_time(&t, seconds);
    if (us >= 0)
        snprintf(fraction, sizeof fraction, ".%06d", us);
    if (strlen(text) == strlen("2026-05-01 00:00:00 UTC"))
        snprintf(out, ISO, "%.10sT%.8s%sZ", text, text + 11, fraction);
    else
        snprintf(out, ISO, "%s", text);
}

const char *json_side(uint8_t from)
{
    return from == FEDE_CLIENT ? "client" : "server";
}
