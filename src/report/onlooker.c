/* report/onlooker.c: from capture files to stories.

   Secrets first: key logs, then the secrets blocks of all captures, wherever they stand. Text takes two passes over the packets:
   the first makes the table of connections and finds out how many there are, the second tells those that are wanted. JSON
   takes one; its last part holds what the table says. Each connection's story is gathered and handed out when it ends, so
   that stories don't mix; JSON lines name their connection and need not wait. */
#include "report/onlooker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "explain/analysis.h"
#include "explain/hello.h"
#include "report/inside.h"
#include "report/onlooker_around.h"
#include "report/onlooker_keys.h"
#include "report/prelude.h"
#include "report/progress.h"

enum { STORY_MOST = 4 * 1024 * 1024 /* bytes of a text story in memory */, SIGNATURES_KEPT = 4096 };

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

static bool open_files(struct look *l);
static int spool(struct look *l);
static bool read_keylogs(struct look *l);
static void read_secrets_blocks(struct look *l);
static bool pass(struct look *l, bool silent);
static void tell_chosen(struct look *l);
static void tell_file(struct look *l, size_t i);
static void tick(void *arg);
static uint64_t memory_used(void);
static void problem(struct look *l, const char *file, const char *text);
static void begun(void *arg, struct session *s);
static void event(void *arg, struct session *s, const fede_event *e);
static void check(void *arg, struct session *s, const struct session_check *c);
static void note(void *arg, struct session *s, uint64_t at_us, const char *text);
static void ended(void *arg, struct session *s);
static void plain(void *arg, struct session *s, int side, bytes data, uint64_t at_us, uint64_t packet);
static void unfound(void *arg, struct session *s);
static struct telling *telling_new(struct look *l, struct session *s);
static void telling_end(struct look *l, struct session *s, const char *outcome);
static void comment(void *arg, const struct capture_item *item);
static void around_line(struct look *l);
static void spill(struct look *l, struct telling *t);
static void keep_row(struct look *l, struct session *s, const struct dissection *d, const char *words);
static void table(struct look *l);
static void totals(struct look *l, struct text *out);
static void json_begin(struct look *l);
static void json_finish(struct look *l, enum onlooker_outcome outcome, const char *why);
static enum onlooker_outcome judge(const struct look *l, struct text *why);
static void free_look(struct look *l);

static bool is_text(const struct look *l)
{
    return l->request->report.form == REPORT_TEXT;
}

static bool is_lines(const struct look *l)
{
    return l->request->report.form == REPORT_JSON_LINES;
}

enum onlooker_outcome onlooker_tell(const struct onlooker_request *request, char *why, size_t size)
{
    struct look l = {.request = request,
                     .judging = {.trust = request->trust, .logs = request->ct_logs, .at = request->judged_at}};
    struct text t = text_in(why, size);
    enum onlooker_outcome outcome = ONLOOKER_UNREADABLE;
    FILE *rows = is_lines(&l) && request->page.out == NULL ? request->report.out : NULL;
    if (request->select != NULL && !select_start(&l.selection, request->select, rows, &t))
        return ONLOOKER_FAILED;
    if (!open_files(&l) || !read_keylogs(&l)) {
        text_add(&t, "input not readable");
        free_look(&l);
        return outcome;
    }
    if (!request->live)
        read_secrets_blocks(&l);
    if (request->trust != NULL)
        l.judging.signatures = fede_signatures_new(SIGNATURES_KEPT);
    bool chosen = request->select != NULL && rows == NULL;
    bool two = (is_text(&l) || chosen) && request->follow == 0 && !request->live;
    json_begin(&l);
    progress_start(&l.progress, request->progress);
    l.failed = !pass(&l, two) || l.failed;
    if (two && !l.failed && l.n_rows > 0)
        tell_chosen(&l);
    if (request->live && is_text(&l) && l.n_rows > 1 && request->report.level > 0)
        table(&l);
    progress_end(&l.progress);
    outcome = judge(&l, &t);
    json_finish(&l, outcome, why);
    free_look(&l);
    return outcome;
}

/* The last of two passes: what is wanted is known. */
static void tell_chosen(struct look *l)
{
    const struct onlooker_request *q = l->request;
    const int level = q->report.level;
    bool one = l->n_rows == 1 || q->only != 0;
    l->selection.out = is_lines(l) ? q->report.out : NULL;
    if (is_text(l) && one)
        around_line(l);
    if (is_text(l) && !one && level > 0)
        table(l);
    l->no_text = level == 0 || (!one && level == 1);
    if (!is_text(l) || !l->no_text || q->page.out != NULL)
        l->failed = !pass(l, false) || l->failed;
}

/* ---- files ---- */

static bool open_files(struct look *l)
{
    const struct onlooker_request *q = l->request;
    bool good = true;
    l->fds = calloc(q->n_files, sizeof *l->fds);
    if (q->live && l->fds != NULL) {
        l->fds[0] = dup(q->live_fd);
        return l->fds[0] >= 0;
    }
    for (size_t i = 0; l->fds != NULL && i < q->n_files; i++) {
        l->fds[i] = strcmp(q->files[i], "-") == 0 ? spool(l) : open(q->files[i], O_RDONLY | O_CLOEXEC);
        if (l->fds[i] < 0) {
            problem(l, q->files[i], strerror(errno));
            good = false;
        } else if (lseek(l->fds[i], 0, SEEK_CUR) < 0) { /* a pipe by name */
            int piped = l->fds[i];
            l->fds[i] = dup2(piped, STDIN_FILENO) < 0 ? -1 : spool(l);
            close(piped);
            good = good && l->fds[i] >= 0;
        }
    }
    /* What is no capture at all is said before anything else. */
    for (size_t i = 0; good && i < q->n_files; i++) {
        struct input *input = lseek(l->fds[i], 0, SEEK_SET) == 0 ? input_file(l->fds[i]) : NULL;
        struct capture c;
        char line[200];
        if (input == NULL)
            return false;
        capture_start(&c, input);
        c.secrets_only = true;
        bytes head = input_peek(input, 4);
        bool foreign = head.len < 4 || (load32(head.data) != 0x0a0d0d0a && capture_next(&c).what == CAPTURE_END &&
                                        c.form == CAPTURE_FOREIGN);
        struct text t = text_in(line, sizeof line);
        text_add(&t, head.len == 0  ? "it is empty"
                     : head.len < 4 ? "it is too short to be a capture"
                                    : "it is no capture: neither pcap nor pcapng (gzip of these is fine)");
        if (input_problem(input) != NULL) {
            text_add(&t, "; ");
            text_add(&t, input_problem(input));
        }
        if (head.len >= 4 && (memcmp(head.data, "CLIE", 4) == 0 || memcmp(head.data, "SERV", 4) == 0))
            text_add(&t, ". It looks like a key log: give it with --keylog");
        if (foreign)
            problem(l, q->files[i], line);
        good = !foreign;
        capture_end(&c);
        input_free(input);
    }
    return good && l->fds != NULL;
}

/* Standard input is read more than once: into a file without a name. */
static int spool(struct look *l)
{
    FILE *file = tmpfile();
    int fd = file != NULL ? dup(fileno(file)) : -1;
    char block[65536];
    ssize_t n = 0;
    (void)l;
    if (file != NULL)
        fclose(file);
    while (fd >= 0 && (n = read(STDIN_FILENO, block, sizeof block)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        ssize_t written = 0, more = 0;
        while (n > 0 && written < n && (more = write(fd, block + written, (size_t)(n - written))) > 0)
            written += more;
        if (n < 0 || more < 0) {
            close(fd);
            return -1;
        }
    }
    return fd;
}

static bool read_keylogs(struct look *l)
{
    const char *where = "", *refused = "";
    if (!onlooker_keys(l->request, &l->secrets, &where, &refused)) {
        problem(l, where, refused);
        return false;
    }
    for (size_t i = 0; i < l->request->n_keylogs; i++) {
        const char *path = l->request->keylogs[i];
        uint64_t lines = l->secrets.lines, foreign = l->secrets.foreign;
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        struct input *input = fd >= 0 ? input_file(fd) : NULL;
        if (input == NULL) {
            problem(l, path, fd < 0 ? strerror(errno) : "there is not enough memory");
            if (fd >= 0)
                close(fd);
            return false;
        }
        secrets_read(&l->secrets, input);
        const char *trouble = input_problem(input);
        if (trouble != NULL)
            problem(l, path, trouble);
        else if (l->secrets.lines == lines)
            problem(l, path,
                    l->secrets.foreign > foreign ? "no line of it is a key log entry" : "the key log has no entry");
        input_free(input);
        close(fd);
        if (trouble != NULL)
            return false;
    }
    return true;
}

static void read_secrets_blocks(struct look *l)
{
    for (size_t i = 0; i < l->request->n_files; i++) {
        struct input *input = lseek(l->fds[i], 0, SEEK_SET) == 0 ? input_file(l->fds[i]) : NULL;
        struct capture c;
        if (input == NULL)
            continue;
        capture_start(&c, input);
        analysis_secrets(&c, &l->secrets);
        capture_end(&c);
        input_free(input);
    }
}

static bool pass(struct look *l, bool silent)
{
    const struct session_listener listener = {
        .begun = begun, .event = event, .check = check, .note = note, .ended = ended,
        .plain = plain, .unfound = unfound, .arg = l, .secrets = &l->secrets, .judging = &l->judging};
    l->silent = silent;
    l->passes++;
    l->found = l->over = 0;
    l->lossy = 0;
    analysis_end(&l->analysis);
    if (!analysis_start(&l->analysis, &listener))
        return false;
    const struct report_options *o = &l->request->report;
    l->analysis.trails = !silent && (o->diagram || o->level >= 3 || l->request->page.out != NULL);
    comments_clear(&l->comments);
    l->analysis.tick = tick;
    l->analysis.tick_arg = l;
    l->analysis.live = l->request->live ? &l->secrets : NULL;
    for (l->file = 0; l->file < l->request->n_files && !l->analysis.stop; l->file++)
        tell_file(l, l->file);
    analysis_finish(&l->analysis);
    return !l->analysis.failed && !l->failed;
}

/* Between two packets: how far it is, and whether there is memory left. */
static void tick(void *arg)
{
    struct look *l = arg;
    struct stat file;
    off_t at = lseek(l->fds[l->file], 0, SEEK_CUR);
    if (at >= 0 && fstat(l->fds[l->file], &file) == 0)
        progress_at(&l->progress, l->analysis.packets, "packets", (uint64_t)at, (uint64_t)file.st_size);
    while (l->request->memory > 0 && memory_used() > l->request->memory && streams_give_up(&l->analysis.streams))
        ;
}

/* Bytes of the heap in use, where the C library tells. */
static uint64_t memory_used(void)
{
#if defined __GLIBC__ && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
#else
    return 0;
#endif
}

static void tell_file(struct look *l, size_t i)
{
    bool begun = l->request->live || lseek(l->fds[i], 0, SEEK_SET) == 0;
    struct input *input = begun ? input_file(l->fds[i]) : NULL;
    struct capture c;
    if (input == NULL) {
        l->failed = true;
        return;
    }
    capture_start(&c, input);
    analysis_file(&l->analysis, &c, comment, l);
    if (c.problem != NULL && l->passes == 1) {
        char line[300];
        struct text t = text_in(line, sizeof line);
        text_add(&t, c.problem);
        text_add(&t, " (byte ");
        text_number(&t, (int64_t)c.problem_at);
        text_add(&t, input_packed(input) ? " unpacked" : "");
        text_add(&t, "); the ");
        text_number(&t, (int64_t)c.packets);
        text_add(&t, c.packets == 1 ? " packet before is used" : " packets before are used");
        problem(l, l->request->files[i], line);
    }
    l->cut = l->cut || c.problem != NULL;
    capture_end(&c);
    input_free(input);
}

/* On standard error and, in JSON, in the list of problems. */
static void problem(struct look *l, const char *file, const char *text)
{
    char line[700];
    struct text t = text_in(line, sizeof line);
    text_escaped(&t, bytes_text(file));
    text_add(&t, ": ");
    text_add(&t, text);
    fprintf(stderr, "%s: %s\n", l->request->command, line);
    if (l->problems.len == 0)
        put_list(&l->problems, NULL);
    put_words(&l->problems, NULL, line);
}

/* ---- connections ---- */

/* Connections that the request means; in the last pass without those in which the filter found nothing. */
static bool wants(const struct look *l, unsigned number)
{
    const struct onlooker_request *q = l->request;
    if ((q->only != 0 && q->only != number) || (q->most != 0 && number > q->most))
        return false;
    return l->passes == 1 || q->select == NULL || select_wants(&l->selection, number);
}

static void begun(void *arg, struct session *s)
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
    if (!wanted || l->silent || (is_text(l) && l->no_text)) {
        options.form = REPORT_SILENT;
        options.diagram = false;
    }
    if (wanted && q->select != NULL && (l->silent || is_lines(l))) {
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

static void plain(void *arg, struct session *s, int side, bytes data, uint64_t at_us, uint64_t packet)
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
static void unfound(void *arg, struct session *s)
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

static void event(void *arg, struct session *s, const fede_event *e)
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

static void check(void *arg, struct session *s, const struct session_check *c)
{
    struct telling *t = s->user;
    (void)arg;
    if (t != NULL && t->report != NULL)
        report_check(t->report, c->name, c->outcome, c->text, c->at_us);
}

static void note(void *arg, struct session *s, uint64_t at_us, const char *text)
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

static void ended(void *arg, struct session *s)
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
            keep_row(l, s, &t->report->d, outcome);
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

static void comment(void *arg, const struct capture_item *item)
{
    struct look *l = arg;
    comments_add(&l->comments, item);
}

static char *kept(const char *text)
{
    size_t len = strlen(text) + 1;
    char *copy = malloc(len);
    if (copy != NULL)
        bytes_copy(copy, text, len);
    return copy;
}

static void keep_row(struct look *l, struct session *s, const struct dissection *d, const char *words)
{
    if (l->n_rows == l->room_rows) {
        size_t room = l->room_rows == 0 ? 64 : 2 * l->room_rows;
        struct row *larger = realloc(l->rows, room * sizeof *larger);
        if (larger == NULL) {
            l->failed = true;
            return;
        }
        l->rows = larger;
        l->room_rows = room;
    }
    char client[80], server[80];
    struct text c = text_in(client, sizeof client), v = text_in(server, sizeof server);
    endpoint_text(&s->stream->sides[s->client].address, &c);
    endpoint_text(&s->stream->sides[1 - s->client].address, &v);
    struct row *row = &l->rows[l->n_rows++];
    *row = (struct row){
        .number = s->number,
        .client = kept(client),
        .server = kept(server),
        .name = d->server_name != NULL ? kept(d->server_name) : NULL,
        .version = s->version,
        .suite = s->suite,
        .keys = s->keys,
        .resumed = s->resumed,
        .opened = s->opened,
        .bad = s->ways[0].fatal || s->ways[1].fatal || s->failed_checks > 0,
        .begun_us = s->begun_us,
        .client_bytes = d->traffic[FEDE_CLIENT].bytes,
        .server_bytes = d->traffic[FEDE_SERVER].bytes,
        .failed_checks = s->failed_checks,
    };
    struct text outcome = text_in(row->outcome, sizeof row->outcome);
    text_add(&outcome, words);
    if (!s->found) {
        row->plain = true;
        row->begun_us = s->stream->begun_us;
        row->client_bytes = s->stream->sides[s->client].payload;
        row->server_bytes = s->stream->sides[1 - s->client].payload;
        return;
    }
    l->secured++;
    l->failed_checks += s->failed_checks;
    l->unopened += s->keys != KEYS_USED && s->keys != KEYS_UNTOUCHED;
}

/* ---- the table ---- */

static int by_number(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* What else is in the capture, where there is no table. */
static void around_line(struct look *l)
{
    const struct report_options *o = &l->request->report;
    struct page p;
    if (o->level < 1 || o->diagram)
        return;
    page_start(&p, o->width, o->colour, o->utf8);
    around_text(&l->analysis, &l->comments, &p);
    if (p.len > 0)
        page_line(&p);
    page_write(&p, o->out);
    page_end(&p);
}

static void table(struct look *l)
{
    enum { AT_NUMBER = 5, AT_ROW = 7, AT_OUTCOME = 52 };
    const struct report_options *o = &l->request->report;
    struct page p;
    page_start(&p, o->width, o->colour, o->utf8);
    qsort(l->rows, l->n_rows, sizeof *l->rows, by_number);
    for (size_t i = 0; i < l->n_rows; i++) {
        const struct row *r = &l->rows[i];
        char text[300], number[32];
        if (l->request->select != NULL && !select_wants(&l->selection, r->number))
            continue;
        snprintf(number, sizeof number, "%u", r->number);
        page_right(&p, FAINT, AT_NUMBER, number);
        page_to(&p, AT_ROW);
        page_put(&p, CLIENT_SIDE, r->client);
        page_put(&p, FAINT, " → ");
        page_put(&p, SERVER_SIDE, r->server);
        page_put(&p, PLAIN, "  ");
        page_words(&p, STRONG, AT_ROW, r->name != NULL ? r->name : r->plain ? "" : "(no SNI)");
        page_line(&p);
        struct text t = text_in(text, sizeof text);
        text_add(&t, r->plain ? "HTTP without TLS" : r->version != 0 ? version_title(r->version) : "version not seen");
        if (r->suite != 0) {
            text_add(&t, "; ");
            text_add(&t, suite_title(r->suite));
        }
        text_add(&t, r->resumed ? "; resumed" : "");
        if (!r->plain) {
            text_add(&t, "; keys: ");
            text_add(&t, key_state_text((enum key_state)r->keys));
        }
        text_add(&t, "; ");
        text_add(&t, page_grouped(number, r->client_bytes + r->server_bytes));
        text_add(&t, " bytes; ");
        text_add(&t, r->outcome);
        if (r->failed_checks > 0) {
            text_add(&t, "; ");
            text_number(&t, (int64_t)r->failed_checks);
            text_add(&t, r->failed_checks == 1 ? " check FAILED" : " checks FAILED");
        }
        page_to(&p, AT_ROW);
        page_parts(&p, r->bad ? BAD : PLAIN, AT_ROW, text, "; ");
        page_line(&p);
    }
    char line[400];
    struct text t = text_in(line, sizeof line);
    totals(l, &t);
    page_parts(&p, FAINT, 0, line, "; ");
    page_line(&p);
    around_text(&l->analysis, &l->comments, &p);
    if (o->level <= 1 && !l->request->live) {
        page_words(&p, FAINT, 0, "--conn N tells the story of one of them, -v those of all.");
        page_line(&p);
    }
    page_line(&p);
    page_write(&p, o->out);
    page_end(&p);
    l->failed = l->failed || ferror(o->out);
}

static void count(struct text *t, uint64_t n, const char *one, const char *many)
{
    if (n == 0)
        return;
    text_add(t, t->len > 0 ? "; " : "");
    text_number(t, (int64_t)n);
    text_char(t, ' ');
    text_add(t, n == 1 ? one : many);
}

static void totals(struct look *l, struct text *t)
{
    const struct analysis *a = &l->analysis;
    count(t, a->packets, "packet", "packets");
    count(t, l->secured, "TLS connection", "TLS connections");
    count(t, a->other, "TCP connection without TLS", "TCP connections without TLS");
    count(t, a->layers.broken, "packet with broken headers", "packets with broken headers");
    count(t, a->layers.unknown_link, "packet of a link type that is not read",
          "packets of link types that are not read");
    count(t, a->left_out + a->layers.fragments_lost, "block or fragment left out", "blocks or fragments left out");
    count(t, a->dropped, "packet lost in capturing", "packets lost in capturing");
    count(t, l->secrets.used, "secret known", "secrets known");
    count(t, l->secrets.foreign, "line of key logs not understood", "lines of key logs not understood");
}

/* ---- the whole as JSON ---- */

static void json_begin(struct look *l)
{
    if (l->request->report.form == REPORT_JSON && l->request->follow == 0)
        fputs("{\"story\": 1, \"tool\": \"fede " FEDE_VERSION "\", \"connections\": [\n", l->request->report.out);
}

static void put_row(struct json_text *w, const struct row *r)
{
    put_object(w, NULL);
    put_number(w, "connection", r->number);
    put_words(w, "client", r->client);
    put_words(w, "server", r->server);
    if (r->name != NULL)
        put_words(w, "server_name", r->name);
    if (r->plain)
        put_flag(w, "plain", true);
    put_words(w, "version", r->version != 0 ? version_title(r->version) : "");
    put_words(w, "cipher_suite", r->suite != 0 ? suite_title(r->suite) : "");
    put_number(w, "cipher_suite_number", r->suite);
    put_flag(w, "resumed", r->resumed);
    put_flag(w, "established", r->opened);
    put_words(w, "keys", key_state_text((enum key_state)r->keys));
    put_number(w, "client_bytes", r->client_bytes);
    put_number(w, "server_bytes", r->server_bytes);
    put_number(w, "failed_checks", r->failed_checks);
    put_words(w, "outcome", r->outcome);
    put_object_end(w);
}

static void json_finish(struct look *l, enum onlooker_outcome outcome, const char *why)
{
    static const int codes[] = {0, 1, 3, 9, 12, 1, 13};
    FILE *out = l->request->report.out;
    bool lines = is_lines(l);
    if (l->request->follow != 0 || (!lines && l->request->report.form != REPORT_JSON))
        return;
    char words[400];
    struct text t = text_in(words, sizeof words);
    struct json_text end = {0}, *w = &end;
    if (l->n_rows > 0)
        qsort(l->rows, l->n_rows, sizeof *l->rows, by_number);
    put_object(w, NULL);
    if (lines) {
        put_number(w, "story", 1);
        put_words(w, "event", "capture");
    }
    put_list(w, "table");
    for (size_t i = 0; i < l->n_rows; i++)
        put_row(w, &l->rows[i]);
    put_list_end(w);
    totals(l, &t);
    put_words(w, "totals", words);
    put_number(w, "packets", l->analysis.packets);
    around_json(&l->analysis, &l->comments, w);
    if (l->problems.len == 0)
        put_list(&l->problems, NULL);
    put_list_end(&l->problems);
    put_text(w, "problems", &l->problems);
    put_object(w, "exit");
    put_number(w, "code", (uint64_t)codes[outcome]);
    put_words(w, "reason", why);
    put_object_end(w);
    put_object_end(w);
    if (!lines)
        fputs("],", out);
    if (lines && l->request->select != NULL)
        select_line(&l->selection, w->out, w->len);
    else
        l->failed = !json_text_write(w, out, lines ? JSON_LINE : JSON_DRAWN_ON) || l->failed;
    l->failed = l->failed || fflush(out) != 0;
    json_text_free(w);
}

/* ---- */

static enum onlooker_outcome judge(const struct look *l, struct text *why)
{
    unsigned only = l->request->follow != 0 ? l->request->follow : l->request->only;
    bool found = only == 0 ? l->secured > 0 : only <= l->n_rows;
    bool keys = l->request->live_keys || l->secrets.lines > 0 ||
                l->request->n_keylogs + l->request->n_rsa_keys + l->request->n_psks + l->request->n_ticket_keys > 0;
    if (l->failed) {
        text_add(why, "not enough memory, or the output could not be written");
        return ONLOOKER_FAILED;
    }
    if (!found) {
        text_add(why, only == 0 || l->n_rows == 0 ? "no TLS was found" : "there is no connection of that number");
        return ONLOOKER_NOTHING;
    }
    if (l->selection.filter != NULL && l->selection.lines == 0) {
        const char *unmet = filter_unmet(l->selection.filter);
        text_add(why, "nothing fits the filter");
        text_add(why, unmet != NULL ? "; nowhere is there a field " : "");
        text_add(why, unmet);
        return ONLOOKER_NOTHING;
    }
    if (l->failed_checks > 0) {
        count(why, l->failed_checks, "check failed", "checks failed");
        text_add(why, ": the capture contradicts itself");
        return ONLOOKER_CONTRADICTION;
    }
    if (l->cut || l->lossy > 0 || (keys && l->unopened > 0)) {
        if (l->cut)
            text_add(why, "the capture is cut or damaged");
        count(why, l->lossy, "connection with missing bytes", "connections with missing bytes");
        if (keys)
            count(why, l->unopened, "connection not opened by the keys given",
                  "connections not opened by the keys given");
        return ONLOOKER_INCOMPLETE;
    }
    const struct export_folder *folder = l->request->folder;
    if (folder != NULL && folder->refused + folder->failed > 0) {
        count(why, folder->refused, "file was not written: it exists", "files were not written: they exist");
        count(why, folder->failed, "file could not be written", "files could not be written");
        return ONLOOKER_UNWRITTEN;
    }
    text_add(why, "all done");
    return ONLOOKER_DONE;
}

static void free_look(struct look *l)
{
    for (size_t i = 0; l->fds != NULL && i < l->request->n_files; i++)
        if (l->fds[i] >= 0)
            close(l->fds[i]);
    free(l->fds);
    select_end(&l->selection);
    analysis_end(&l->analysis);
    secrets_end(&l->secrets);
    fede_signatures_free(l->judging.signatures);
    for (size_t i = 0; i < l->n_rows; i++) {
        free(l->rows[i].client);
        free(l->rows[i].server);
        free(l->rows[i].name);
    }
    free(l->rows);
    json_text_free(&l->problems);
    comments_clear(&l->comments);
}
