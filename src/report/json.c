/* report/json.c: the story as JSON: one document at the end, or a line for each event (docs/story.schema.json,
   fede-story(5)).

   Both forms are made of the same objects; what events become is json_events.c's, what stands at the end json_result.c's. Bytes are
   lower-case hexadecimal, times microseconds since the story's beginning and, beside them, ISO 8601 in UTC. Names are stable;
   readers have to bear new ones. What the network said is escaped before it gets here, so that also a JSON text can be
   shown on a terminal. Application data is counted; what lies in it is told by json_inside.c. */
#include <jansson.h>
#include <stdlib.h>

#include "explain/ssl2.h"
#include "report/html.h"
#include "report/json_parts.h"
#include "report/report.h"

enum { STORY = 1 /* version of the form */, NOTES_MOST = 256 };

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

static void document_end(struct report *r, struct json_text *w);
static void write_document(struct report *r);
static void write_line(struct report *r);
static void write_out(struct report *r, char *text, size_t len);

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
        json_record(r, e);
        break;
    case FEDE_EVENT_MESSAGE:
        if (!report_late(r))
            break;
        a = report_message_fields(r, e);
        json_message(r, e, (e->what & MSG_SSL2) != 0 ? "ssl2" : "handshake", message_title(e->what), &a);
        break;
    case FEDE_EVENT_CCS:
        a = annotate_ccs(&r->scratch, e->bytes);
        json_message(r, e, "change_cipher_spec", "ChangeCipherSpec", &a);
        break;
    case FEDE_EVENT_ALERT:
        if (!report_late(r))
            break;
        a = annotate_alert(&r->scratch, e->bytes);
        json_message(r, e, "alert", "Alert", &a);
        break;
    case FEDE_EVENT_SECRET:
        if (r->options.show_secrets)
            json_secret(r, e);
        break;
    case FEDE_EVENT_VERDICT:
        if (in_lines(r) && r->d.verdict != NULL) {
            struct json_text *w = json_entry(r, VERIFICATION);
            json_verification(w, r->d.verdict, r->d.role == FEDE_SERVER);
            json_entry_end(r, w);
        }
        break;
    case FEDE_EVENT_OPENED:
        if (in_lines(r)) {
            struct json_text *w = json_entry(r, OPENED);
            json_choice(r, w);
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
        char started[JSON_ISO];
        int64_t seconds;
        unsigned us;
        report_wall(r, r->zero_us, &seconds, &us);
        json_iso(started, seconds, (int)us);
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
            json_choice(r, w);
            put_object_end(w);
            json_certificates(r, w);
            if (d->verdict != NULL) {
                put_object(w, "verification");
                json_verification(w, d->verdict, d->role == FEDE_SERVER);
                put_object_end(w);
            }
        }
        put_object(w, "traffic");
        json_traffic(r, w, FEDE_CLIENT);
        json_traffic(r, w, FEDE_SERVER);
        put_object_end(w);
        if (d->opened)
            json_proofs(r, w);
        json_aims(r, w);
    }
    json_insight(r, w);
    if (conn != NULL)
        json_closing(w, fede_ending(conn));
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
        r->broken |= !html_story(r->options.out, story, r->options.language);
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
    char at[JSON_ISO];
    int64_t seconds;
    unsigned us;
    put_number(w, "at_us", report_since(r, at_us));
    report_wall(r, at_us, &seconds, &us);
    json_iso(at, seconds, (int)us);
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
void json_iso(char out[static JSON_ISO], int64_t seconds, int us)
{
    char text[64], fraction[16] = "";
    struct text t = text_in(text, sizeof text);
    text_time(&t, seconds);
    if (us >= 0)
        snprintf(fraction, sizeof fraction, ".%06d", us);
    if (strlen(text) == strlen("2026-05-01 00:00:00 UTC"))
        snprintf(out, JSON_ISO, "%.10sT%.8s%sZ", text, text + 11, fraction);
    else
        snprintf(out, JSON_ISO, "%s", text);
}

const char *json_side(uint8_t from)
{
    return from == FEDE_CLIENT ? "client" : "server";
}
