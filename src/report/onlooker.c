/* report/onlooker.c: from capture files to stories.

   Secrets first: key logs, then the secrets blocks of all captures, wherever they stand (onlooker_files.c). Text takes two passes
   over the packets: the first makes the table of connections (onlooker_table.c) and finds out how many there are, the second
   tells those that are wanted (onlooker_story.c). JSON takes one; its last part holds what the table says. */
#include "report/onlooker_parts.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "report/phrases.h"
#include "report/progress.h"

enum { SIGNATURES_KEPT = 4096 };

static bool pass(struct look *l, bool silent);
static void tell_chosen(struct look *l);
static void tell_file(struct look *l, size_t i);
static void tick(void *arg);
static uint64_t memory_used(void);
static void comment(void *arg, const struct capture_item *item);
static enum onlooker_outcome judge(const struct look *l, struct text *why);
static void free_look(struct look *l);

enum onlooker_outcome onlooker_tell(const struct onlooker_request *request, char *why, size_t size)
{
    struct look l = {.request = request,
                     .judging = {.trust = request->trust, .logs = request->ct_logs, .at = request->judged_at}};
    struct text t = text_in(why, size);
    enum onlooker_outcome outcome = ONLOOKER_UNREADABLE;
    FILE *rows = look_is_lines(&l) && request->page.out == NULL ? request->report.out : NULL;
    if (request->select != NULL && !select_start(&l.selection, request->select, rows, &t))
        return ONLOOKER_FAILED;
    if (!look_open(&l) || !look_keylogs(&l)) {
        text_add(&t, "input not readable");
        free_look(&l);
        return outcome;
    }
    if (!request->live)
        look_secrets_blocks(&l);
    if (request->trust != NULL)
        l.judging.signatures = fede_signatures_new(SIGNATURES_KEPT);
    bool chosen = request->select != NULL && rows == NULL;
    bool two = (look_is_text(&l) || chosen) && request->follow == 0 && !request->live;
    whole_begin(&l);
    progress_start(&l.progress, request->progress, request->report.language);
    l.failed = !pass(&l, two) || l.failed;
    if (two && !l.failed && l.n_rows > 0)
        tell_chosen(&l);
    else if (two && !l.failed && look_is_text(&l) && l.analysis.datagrams.n > 0)
        table_around(&l);
    if (request->live && look_is_text(&l) && l.n_rows > 1 && request->report.level > 0)
        table_tell(&l);
    progress_end(&l.progress);
    outcome = judge(&l, &t);
    whole_finish(&l, outcome, why);
    free_look(&l);
    return outcome;
}

/* The last of two passes: what is wanted is known. */
static void tell_chosen(struct look *l)
{
    const struct onlooker_request *q = l->request;
    const int level = q->report.level;
    bool one = l->n_rows == 1 || q->only != 0;
    l->selection.out = look_is_lines(l) ? q->report.out : NULL;
    if (look_is_text(l) && one)
        table_around(l);
    if (look_is_text(l) && !one && level > 0)
        table_tell(l);
    l->no_text = level == 0 || (!one && level == 1);
    if (!look_is_text(l) || !l->no_text || q->page.out != NULL)
        l->failed = !pass(l, false) || l->failed;
}

static bool pass(struct look *l, bool silent)
{
    const struct session_listener listener = {.begun = telling_begun,
                                              .event = telling_event,
                                              .check = telling_check,
                                              .note = telling_note,
                                              .ended = telling_ended,
                                              .plain = telling_plain,
                                              .unfound = telling_unfound,
                                              .arg = l,
                                              .secrets = &l->secrets,
                                              .judging = &l->judging};
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
        look_problem(l, l->request->files[i], line);
    }
    l->cut = l->cut || c.problem != NULL;
    capture_end(&c);
    input_free(input);
}

/* On standard error and, in JSON, in the list of problems. */
void look_problem(struct look *l, const char *file, const char *text)
{
    char line[700], said[1400];
    struct text t = text_in(line, sizeof line), s = text_in(said, sizeof said);
    text_escaped(&t, bytes_text(file));
    text_add(&t, ": ");
    text_add(&s, line);
    text_add(&t, text);
    phrase_text(l->request->report.language, text, &s);
    fprintf(stderr, "%s: %s\n", l->request->command, said);
    if (l->problems.len == 0)
        put_list(&l->problems, NULL);
    put_words(&l->problems, NULL, line);
}

static void comment(void *arg, const struct capture_item *item)
{
    struct look *l = arg;
    comments_add(&l->comments, item);
}

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
        if (l->n_rows == 0)
            look_count(why, l->analysis.datagrams.n, "connection of DTLS or QUIC over UDP, which is named and not taken apart",
                       "connections of DTLS or QUIC over UDP, which are named and not taken apart");
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
        look_count(why, l->failed_checks, "check failed", "checks failed");
        text_add(why, ": the capture contradicts itself");
        return ONLOOKER_CONTRADICTION;
    }
    if (l->cut || l->lossy > 0 || (keys && l->unopened > 0)) {
        if (l->cut)
            text_add(why, "the capture is cut or damaged");
        look_count(why, l->lossy, "connection with missing bytes", "connections with missing bytes");
        if (keys)
            look_count(why, l->unopened, "connection not opened by the keys given",
                  "connections not opened by the keys given");
        return ONLOOKER_INCOMPLETE;
    }
    const struct export_folder *folder = l->request->folder;
    if (folder != NULL && folder->refused + folder->failed > 0) {
        look_count(why, folder->refused, "file was not written: it exists", "files were not written: they exist");
        look_count(why, folder->failed, "file could not be written", "files could not be written");
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

void look_count(struct text *t, uint64_t n, const char *one, const char *many)
{
    if (n == 0)
        return;
    text_add(t, t->len > 0 ? "; " : "");
    text_number(t, (int64_t)n);
    text_char(t, ' ');
    text_add(t, n == 1 ? one : many);
}
