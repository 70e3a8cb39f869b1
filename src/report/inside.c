/* report/inside.c: what lies inside the connection, from its events to the forms of the story.

   Application data of the record events goes through inside/, which tells requests, answers, frames and lines; those go to the
   text, to JSON or into the diagram. Of one's own connections values that give access (Authorization, Cookie) and content are
   shown with secrets only; a capture is shown to whoever has it and its keys. */
#include "report/inside.h"

#include <stdlib.h>
#include <strings.h>

enum { TOLD_MOST = 1000, FRAMES_MOST = 2000, LINES_MOST = 100, INSIDE_NOTES_MOST = 20 };

static struct inside_story *story_of(struct report *r);
static void head(void *arg, struct inside_message *m);
static void body(void *arg, struct inside_message *m, bytes data);
static void message(void *arg, struct inside_message *m);
static void frame(void *arg, const struct inside_frame *f);
static void line(void *arg, uint8_t from, bytes text, const struct inside_place *at);
static void note(void *arg, uint8_t from, const char *text, const struct inside_place *at);

static bool is_text(const struct report *r)
{
    return r->options.form == REPORT_TEXT;
}

/* A live story in text tells requests and answers as they are made; for it there are only the frames, at -vv. */
static bool is_wanted(const struct report *r)
{
    if (r->options.form == REPORT_SILENT)
        return false;
    if (!is_text(r) || r->options.diagram)
        return true;
    return r->options.level >= (r->options.onlooker ? 1 : 3);
}

static struct inside *reader(struct inside_story *s)
{
    const struct inside_listener listener = {
        .head = head, .body = body, .message = message, .frame = frame, .line = line, .note = note, .arg = s};
    return inside_new(&listener);
}

static struct inside_story *story_of(struct report *r)
{
    if (r->inside == NULL && is_wanted(r) && (r->inside = calloc(1, sizeof *r->inside)) != NULL)
        r->inside->report = r;
    return r->inside;
}

static struct inside_place place_of(const struct report *r, uint8_t from, uint64_t at_us)
{
    return (struct inside_place){.at_us = at_us, .record = r->d.traffic[from].records, .packet = r->packet};
}

void report_inside_event(struct report *r, const fede_event *e)
{
    enum { APPLICATION_DATA = 23 };
    bool data = e->kind == FEDE_EVENT_RECORD && e->what == APPLICATION_DATA && e->plain.len > 0;
    if ((!data && e->kind != FEDE_EVENT_ENDED) || e->from < FEDE_CLIENT || e->from > FEDE_SERVER)
        return;
    struct inside_story *s = data ? story_of(r) : r->inside;
    if (s == NULL || s->ended)
        return;
    if (s->secured == NULL && data && (s->secured = reader(s)) != NULL)
        inside_expect(s->secured, r->d.alpn);
    if (s->secured == NULL)
        return;
    struct inside_place at = place_of(r, e->from, e->at_us);
    if (data)
        inside_data(s->secured, e->from, e->plain, &at);
    else
        report_inside_end(r);
}

void report_plain(struct report *r, uint8_t from, bytes data, uint64_t at_us, uint64_t packet)
{
    if (r == NULL)
        return;
    report_plain(r->also, from, data, at_us, packet);
    struct inside_story *s = story_of(r);
    if (s == NULL || (s->plain == NULL && (s->plain = reader(s)) == NULL))
        return;
    struct inside_place at = {.at_us = at_us, .packet = packet};
    report_since(r, at_us);
    s->in_clear = true;
    if (data.data != NULL)
        inside_data(s->plain, from, data, &at);
    else
        inside_gap(s->plain, from, &at);
    s->in_clear = false;
}

void report_inside_end(struct report *r)
{
    struct inside_story *s = r->inside;
    if (s == NULL || s->ended)
        return;
    struct inside_place at = {.at_us = r->now_us, .packet = r->packet};
    s->in_clear = true;
    if (s->plain != NULL)
        inside_end(s->plain, &at);
    s->in_clear = false;
    if (s->secured != NULL)
        inside_end(s->secured, &at);
    s->ended = true;
}

void report_inside_free(struct report *r)
{
    if (r->inside == NULL)
        return;
    inside_free(r->inside->plain);
    inside_free(r->inside->secured);
    free(r->inside);
    r->inside = NULL;
}

void report_place(struct report *r, uint64_t first_packet, uint64_t packet)
{
    for (; r != NULL; r = r->also) {
        r->first_packet = first_packet;
        r->packet = packet;
    }
}

void report_dns(struct report *r, const struct dns_answer *const list[], size_t n)
{
    if (r == NULL || n == 0)
        return;
    report_dns(r->also, list, n);
    report_since(r, list[0]->asked_us != 0 ? list[0]->asked_us : list[0]->at_us);
    if (r->options.diagram)
        diagram_dns(r, list[0]);
    else if (is_text(r))
        text_dns(r, list, n);
    else if (r->options.form != REPORT_SILENT)
        json_dns(r, list, n);
}

void report_packets(struct report *r, const struct stream *s, uint8_t client)
{
    if (r == NULL)
        return;
    report_packets(r->also, s, client);
    if (r->options.diagram)
        diagram_packets(r, s, client);
    else if (is_text(r))
        text_packets(r, s, client);
    else if (r->options.form != REPORT_SILENT)
        json_packets(r, s, client);
}

/* ---- what inside/ tells ---- */

static bool more(struct inside_story *s, unsigned *n, unsigned most)
{
    if (*n < most) {
        ++*n;
        return true;
    }
    s->left_out++;
    return false;
}

static void head(void *arg, struct inside_message *m)
{
    struct inside_story *s = arg;
    struct report *r = s->report;
    if (!more(s, &s->told, TOLD_MOST))
        return;
    m->user = s; /* it is one of those that are told */
    if (r->options.diagram)
        diagram_message(r, m, s->in_clear);
    else if (is_text(r))
        text_inside_head(r, s, m);
}

static void body(void *arg, struct inside_message *m, bytes data)
{
    struct inside_story *s = arg;
    if (m->user != NULL && !is_text(s->report))
        json_inside_body(s->report, m, data);
}

static void message(void *arg, struct inside_message *m)
{
    struct inside_story *s = arg;
    if (!m->headed)
        head(s, m);
    if (m->user == NULL || s->report->options.diagram)
        return;
    if (is_text(s->report))
        text_inside_message(s->report, s, m);
    else
        json_inside_message(s->report, s, m);
}

static void frame(void *arg, const struct inside_frame *f)
{
    struct inside_story *s = arg;
    struct report *r = s->report;
    /* As records of application data: in lines, of text or of JSON, from -vv on. */
    bool in_lines = is_text(r) || r->options.form == REPORT_JSON_LINES;
    if (r->options.diagram || (in_lines && r->options.level < 3) || !more(s, &s->frames, FRAMES_MOST))
        return;
    if (is_text(r))
        text_inside_frame(r, f);
    else
        json_inside_frame(r, f);
}

static void line(void *arg, uint8_t from, bytes text, const struct inside_place *at)
{
    struct inside_story *s = arg;
    struct report *r = s->report;
    if ((!r->options.onlooker && !r->options.show_secrets) || !more(s, &s->lines, LINES_MOST))
        return;
    if (r->options.diagram)
        diagram_line(r, from, text, at);
    else if (is_text(r))
        text_inside_line(r, s, from, text, at);
    else
        json_inside_line(r, s, from, text, at);
}

static void note(void *arg, uint8_t from, const char *text, const struct inside_place *at)
{
    struct inside_story *s = arg;
    char words[300];
    struct text t = text_in(words, sizeof words);
    if (s->report->options.diagram || !more(s, &s->notes, INSIDE_NOTES_MOST))
        return;
    text_add(&t, from == FEDE_CLIENT ? "client: " : "server: ");
    text_add(&t, text);
    report_since(s->report, at->at_us);
    struct report *also = s->report->also; /* it hears the same from its own reader */
    s->report->also = NULL;
    report_note(s->report, 1, words);
    s->report->also = also;
}

/* ---- in words ---- */

bool inside_hidden(const struct report *r, bytes name)
{
    static const char *const secret[] = {"authorization", "proxy-authorization", "cookie", "set-cookie"};
    if (r->options.onlooker || r->options.show_secrets)
        return false;
    for (size_t i = 0; i < sizeof secret / sizeof *secret; i++)
        if (name.len == strlen(secret[i]) && strncasecmp((const char *)name.data, secret[i], name.len) == 0)
            return true;
    return false;
}

void inside_title(const struct inside_message *m, struct text *out)
{
    if (m->request) {
        text_escaped(out, bytes_first(m->method, 40));
        bytes target = m->target.len > 0 ? m->target : inside_header(m, ":authority");
        text_char(out, ' ');
        text_escaped(out, bytes_first(target, 300));
        text_add(out, target.len > 300 ? "..." : "");
        return;
    }
    text_number(out, m->status);
    if (m->reason.len > 0) {
        text_char(out, ' ');
        text_escaped(out, bytes_first(m->reason, 100));
    }
}

void inside_facts(const struct inside_message *m, struct text *out)
{
    static const char *const telling[] = {":authority", "host", "content-type", "location"};
    text_add(out, "HTTP/");
    text_number(out, m->major);
    if (m->major < 2) {
        text_char(out, '.');
        text_number(out, m->minor);
    } else {
        text_add(out, "; stream ");
        text_number(out, m->stream);
    }
    text_add(out, m->pushed ? "; promised by the server" : m->interim ? "; an answer before the answer" : "");
    for (size_t i = 0; i < sizeof telling / sizeof *telling; i++) {
        bytes v = inside_header(m, telling[i]);
        if (v.len == 0)
            continue;
        text_add(out, "; ");
        text_escaped(out, bytes_first(v, 200));
    }
    if (m->becomes != NULL) {
        text_add(out, strcmp(m->becomes, "tunnel") == 0 ? "; from here on a " : "; from here on ");
        text_add(out, m->becomes);
    }
}

void inside_content(const struct inside_message *m, struct text *out)
{
    text_number(out, (int64_t)m->content);
    text_add(out, m->content == 1 ? " byte of content" : " bytes of content");
    text_add(out, m->chunked ? "; chunked" : "");
    if (m->coding != NULL) {
        text_add(out, "; ");
        text_add(out, m->coding);
        text_add(out, ": unpacked ");
        text_number(out, (int64_t)m->decoded);
        text_add(out, " bytes");
    }
    text_add(out, m->complete ? "" : "; not complete");
    if (m->problem != NULL) {
        text_add(out, "; ");
        text_add(out, m->problem);
    }
}
