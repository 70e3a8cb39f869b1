/* report/onlooker_story.c: each connection's story: begun when TLS or HTTP is found, fed with events, handed out when it ends.

   A story is gathered until its connection is over, so that stories don't mix; JSON lines name their connection and need not
   wait. One with much data in it goes on in a file. */
#include "report/onlooker_parts.h"

#include <stdlib.h>
#include <unistd.h>

#include "explain/hello.h"
#include "report/inside.h"
#include "report/prelude.h"

enum { STORY_MOST = 4 * 1024 * 1024 /* bytes of a text story in memory */ };

struct telling { /* one connection's story under way: the session's user pointer */
    struct report *report;
    char *text;
    size_t size;
    FILE *out;    /* NULL: straight to the output */
    bool spilled; /* it has grown, and is a file now */
    char title[160];
    struct follow *follow;     /* instead of the report */
    struct exporter *exporter; /* beside it */
    bool named;                /* the names that led here have been told */
};

static struct telling *telling_new(struct look *l, struct session *s);
static void telling_end(struct look *l, struct session *s, const char *outcome);
static void spill(struct look *l, struct telling *t);

/* Connections that the request means; in the last pass without those in which the filter found nothing. */
static bool wants(const struct look *l, unsigned number)
{
    const struct onlooker_request *q = l->request;
    if ((q->only != 0 && q->only != number) || (q->most != 0 && number > q->most))
        return false;
    return l->passes == 1 || q->select == NULL || select_wants(&l->selection, number);
}

void telling_begun(void *arg, struct session *s)
{
    if (s->user == NULL)
        telling_new(arg, s);
}

/* A story begins; what was said in the clear before belongs to it. */
static void replay(void *arg, int side, bytes data, uint64_t at_us, uint64_t packet)
{
    struct session *s = arg;
    struct telling *t = s->user;
    uint8_t from = session_from(s, side);
    report_plain(t->report, from, data, at_us, packet);
    follow_data(t->follow, from, false, data, at_us, 0, packet);
    exporter_data(t->exporter, from, false, data, at_us);
}

static struct telling *telling_new(struct look *l, struct session *s)
{
    const struct onlooker_request *q = l->request;
    s->number = ++l->found;
    bool wanted = q->follow == 0 && wants(l, s->number);
    struct telling *t = calloc(1, sizeof *t);
    if (t == NULL) {
        l->failed = true;
        return NULL;
    }
    struct report_options options = q->report;
    struct text title = text_in(t->title, sizeof t->title);
    text_add(&title, "connection ");
    text_number(&title, s->number);
    text_add(&title, s->found ? ": client " : ", without TLS: client ");
    endpoint_text(&s->stream->sides[s->client].address, &title);
    text_add(&title, ", server ");
    endpoint_text(&s->stream->sides[1 - s->client].address, &title);
    options.number = s->number;
    options.title = t->title;
    options.onlooker = true;
    if (!wanted || l->silent || (look_is_text(l) && l->no_text)) {
        options.form = REPORT_SILENT;
        options.diagram = false;
    }
    if (wanted && q->select != NULL && (l->silent || look_is_lines(l))) {
        options.form = REPORT_JSON_LINES;
        options.level = l->selection.rows && options.level < 3 ? 3 : options.level; /* records of data too */
        options.line = select_line;
        options.line_arg = &l->selection;
    }
    if (options.form == REPORT_TEXT || options.form == REPORT_JSON) {
        t->out = open_memstream(&t->text, &t->size);
        options.out = t->out;
        l->failed = l->failed || t->out == NULL;
    }
    if (options.form == REPORT_SILENT || options.out != NULL)
        t->report = report_new(&options);
    if (q->page.out != NULL && t->report != NULL && wanted && !l->silent) {
        struct report_options page = options;
        page.out = q->page.out;
        page.form = REPORT_HTML;
        page.diagram = false;
        page.line = NULL;
        page.command = q->page.command;
        report_also(t->report, report_new(&page));
    }
    if (q->follow != 0 && q->follow == s->number)
        t->follow = follow_new(&q->report, q->follow_form);
    bool first = l->passes == 1;
    if (q->folder != NULL && first && (q->only == 0 || q->only == s->number))
        t->exporter = exporter_new(q->folder, s->number);
    s->user = t;
    struct prelude *before = s->plain;
    s->plain = NULL;
    if (t->report != NULL) /* times are counted from the first packet */
        report_since(t->report, s->stream->begun_us);
    prelude_replay(&before, replay, s);
    return t;
}

void telling_plain(void *arg, struct session *s, int side, bytes data, uint64_t at_us, uint64_t packet)
{
    struct prelude *before = s->plain;
    if (s->found)
        return;
    if (s->user != NULL)
        replay(s, side, data, at_us, packet);
    else if (prelude_take(&before, side, data, at_us, packet)) {
        s->plain = before;
        telling_new(arg, s);
    } else {
        s->plain = before;
    }
}

/* The TCP connection is over without TLS: told when it was HTTP. */
void telling_unfound(void *arg, struct session *s)
{
    struct look *l = arg;
    struct prelude *before = s->plain;
    if (s->user == NULL && prelude_is_http(before))
        telling_new(l, s);
    else
        prelude_free(&before);
    if (s->user != NULL)
        telling_end(l, s, "nothing protected this connection: whoever was on the way could read and alter all of it");
}

/* The names by which the client came to this server: by the time its first message is read, it has said which it wants. */
static void tell_names(struct look *l, struct session *s, struct telling *t, const fede_event *e)
{
    enum { LIST = 2, CLIENT_HELLO = 1 };
    const struct dns_answer *list[LIST];
    char name[300] = "";
    if (t->named || l->silent || e->kind != FEDE_EVENT_MESSAGE)
        return;
    t->named = true;
    if (e->what == CLIENT_HELLO) {
        struct hello h = hello_read(e->bytes, true);
        struct text n = text_in(name, sizeof name);
        text_escaped(&n, h.host_name);
    }
    const struct address *server = &s->stream->sides[1 - s->client].address;
    size_t n = dns_led_to(&l->analysis.dns, server, name[0] != '\0' ? name : NULL, e->at_us, list, LIST);
    report_dns(t->report, list, n);
}

void telling_event(void *arg, struct session *s, const fede_event *e)
{
    struct telling *t = s->user;
    enum { APPLICATION_DATA = 23 };
    if (t == NULL || t->report == NULL)
        return;
    tell_names(arg, s, t, e);
    report_place(t->report, session_way(s, e->from)->record_packet, s->packet);
    report_trace(t->report, e);
    if (e->kind == FEDE_EVENT_RECORD && e->what == APPLICATION_DATA && e->plain.len > 0) {
        uint64_t record = t->report->d.traffic[e->from].records;
        follow_data(t->follow, e->from, true, e->plain, e->at_us, record, s->packet);
        exporter_data(t->exporter, e->from, true, e->plain, e->at_us);
    }
    if (t->out != NULL && !t->spilled && e->kind == FEDE_EVENT_RECORD && ftell(t->out) > STORY_MOST)
        spill(arg, t);
}

/* A story with much data in it (-vvv) goes on in a file without a name. */
static void spill(struct look *l, struct telling *t)
{
    FILE *file = tmpfile();
    if (file == NULL)
        return;
    fclose(t->out);
    if (fwrite(t->text, 1, t->size, file) != t->size)
        l->failed = true;
    bytes_wipe(t->text, t->size);
    free(t->text);
    t->text = NULL;
    t->size = 0;
    t->out = t->report->options.out = file;
    t->spilled = true;
}

/* A finished story to where all are told. */
static void hand_out(struct look *l, struct telling *t)
{
    FILE *out = l->request->report.out;
    char block[16384];
    size_t n;
    if (t->spilled) {
        rewind(t->out);
        while ((n = fread(block, 1, sizeof block, t->out)) > 0)
            fwrite(block, 1, n, out);
        l->failed = l->failed || ferror(t->out);
        fclose(t->out);
    } else {
        fclose(t->out);
        fwrite(t->text, 1, t->size, out);
        bytes_wipe(t->text, t->size);
        free(t->text);
    }
    if (l->request->live && (fflush(out) != 0 || ferror(out)))
        l->analysis.stop = true; /* nobody reads */
    l->failed = l->failed || ferror(out);
}

void telling_check(void *arg, struct session *s, const struct session_check *c)
{
    struct telling *t = s->user;
    (void)arg;
    if (t != NULL && t->report != NULL)
        report_check(t->report, c->name, c->outcome, c->text, c->at_us);
}

void telling_note(void *arg, struct session *s, uint64_t at_us, const char *text)
{
    struct telling *t = s->user;
    (void)arg;
    if (t == NULL || t->report == NULL)
        return;
    report_since(t->report, at_us);
    report_note(t->report, 1, text);
}

static void key_note(const struct session *s, struct telling *t)
{
    char line[200];
    struct text words = text_in(line, sizeof line);
    uint64_t opened = s->ways[0].opened + s->ways[1].opened, closed = s->ways[0].closed + s->ways[1].closed;
    const char *const more[] = {
        [KEYS_UNTOUCHED] = "nothing protected was seen",
        [KEYS_NO_LINE] = "no key source has this client random",
        [KEYS_WRONG] = "there is a secret for this client random, but it does not open the records",
        [KEYS_NO_HANDSHAKE] = "without the hellos it is not known which secret to look for",
        [KEYS_UNSUPPORTED] = s->missing,
    };
    text_add(&words, "keys: ");
    text_add(&words, key_state_text((enum key_state)s->keys));
    text_add(&words, "; ");
    if (s->keys == KEYS_USED || s->keys == KEYS_PARTIAL) {
        text_number(&words, (int64_t)opened);
        text_add(&words, " of ");
        text_number(&words, (int64_t)(opened + closed));
        text_add(&words, " protected records opened, each tag or MAC verified");
        if (s->key_source != NULL) {
            text_add(&words, "; from: ");
            text_add(&words, s->key_source);
        }
    } else {
        text_add(&words, more[s->keys] != NULL ? more[s->keys] : "");
    }
    report_note(t->report, 1, line);
}

void telling_ended(void *arg, struct session *s)
{
    char outcome[120];
    struct text words = text_in(outcome, sizeof outcome);
    session_outcome(s, &words);
    if (s->user != NULL)
        telling_end(arg, s, outcome);
}

static void telling_end(struct look *l, struct session *s, const char *outcome)
{
    struct telling *t = s->user;
    follow_end(t->follow, s->now_us);
    exporter_end(t->exporter, t->report != NULL ? &t->report->d : NULL);
    if (t->report != NULL) {
        report_since(t->report, s->now_us);
        report_inside_end(t->report);
        if ((t->report->options.form != REPORT_SILENT || t->report->also != NULL) && s->found)
            key_note(s, t);
        report_packets(t->report, s->stream, s->client);
        report_onlooker_facts(t->report, key_state_text((enum key_state)s->keys), s->resumed, outcome);
        if (l->passes == 1 && (l->request->most == 0 || s->number <= l->request->most))
            table_keep(l, s, &t->report->d, outcome);
        report_end(t->report, NULL, 0, outcome);
        report_free(t->report);
    }
    if (t->out != NULL) {
        FILE *out = l->request->report.out;
        if (l->request->report.form == REPORT_JSON)
            fputs(l->told > 0 ? "," : "", out);
        else
            fputs(l->told > 0 ? "\n" : "", out);
        hand_out(l, t);
        l->told++;
    }
    l->lossy += s->found && (s->ways[0].lost > 0 || s->ways[1].lost > 0);
    l->over += l->request->most != 0 && s->number <= l->request->most;
    l->analysis.stop = l->analysis.stop || (l->request->most != 0 && l->over == l->request->most);
    free(t);
    s->user = NULL;
}
