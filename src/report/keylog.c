/* report/keylog.c: what fede keylog does: lines and connections brought together, told as text or JSON, or written.

   Only entries that can open something are ever written, in the canonical form: nothing else that a key log or a secrets
   block may hold reaches a file or a terminal. Without --all a capture gets the secrets of its own connections and no
   others, for it will be given to people. */
#include "report/keylog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "explain/secrets_blocks.h"
#include "fede/fede.h"
#include "report/key_owners.h"
#include "report/report.h"

struct work {
    const struct keylog_request *request;
    struct key_lines lines;
    struct secrets secrets;
    struct key_owners owners;
    uint64_t blocks;
    char *why;
    size_t size;
};

static bool load(struct work *w);
static bool load_file(struct work *w, size_t i, int fd);
static bool load_owners(struct work *w);
static bool complain(const struct work *w, const char *file, const char *text);
static int open_capture(const struct work *w, const char *path);
static enum keylog_outcome finish(struct work *w, enum keylog_outcome outcome, const char *words);
static bool fits_any(const struct work *w, const struct key_line *l);
static char *canonical(const struct work *w, bool fitting, size_t *len, size_t *n);
static enum keylog_outcome copy(struct work *w, FILE *out, bytes lines, bool strip, struct blocks_copied *copied);
static void text_check_lines(struct work *w, struct page *p);
static void text_check_owners(struct work *w, struct page *p);
static void json_check(struct work *w, const char *words);
static size_t count_lines(const struct work *w, bool (*is)(const struct key_line *l));
static bool is_wrong(const struct key_line *l);
static bool is_repeated(const struct key_line *l);

static struct work work_of(const struct keylog_request *request, char *why, size_t size)
{
    return (struct work){.request = request, .why = why, .size = size};
}

static void say(struct text *t, size_t n, const char *one, const char *many)
{
    text_add(t, t->len > 0 ? ", " : "");
    text_number(t, (int64_t)n);
    text_char(t, ' ');
    text_add(t, n == 1 ? one : many);
}

enum keylog_outcome keylog_check(const struct keylog_request *request, char *why, size_t size)
{
    struct work w = work_of(request, why, size);
    char words[300];
    struct text t = text_in(words, sizeof words);
    if (!load(&w) || !load_owners(&w))
        return finish(&w, KEYLOG_UNREADABLE, "input not readable");
    size_t wrong = count_lines(&w, is_wrong), repeated = count_lines(&w, is_repeated), closed = 0;
    for (size_t i = 0; i < w.owners.n; i++)
        closed += w.owners.list[i].before == 0 && w.owners.list[i].keys != KEYS_USED &&
                  w.owners.list[i].keys != KEYS_UNTOUCHED;
    say(&t, count_lines(&w, key_line_counts), "entry", "entries");
    if (repeated > 0)
        say(&t, repeated, "line repeated", "lines repeated");
    if (wrong > 0)
        say(&t, wrong, "line wrong", "lines wrong");
    if (request->n_captures > 0)
        say(&t, w.owners.connections, "connection", "connections");
    if (closed > 0)
        say(&t, closed, "not opened", "not opened");
    struct page p;
    page_start(&p, request->report.width, request->report.colour, request->report.utf8);
    if (request->report.form != REPORT_TEXT) {
        json_check(&w, words);
    } else if (request->report.level > 0) {
        text_check_lines(&w, &p);
        text_check_owners(&w, &p);
        page_words(&p, STRONG, 0, words);
        page_line(&p);
        page_write(&p, request->report.out);
    }
    w.lines.failed |= p.failed;
    page_end(&p);
    return finish(&w,
                  wrong > 0        ? KEYLOG_FINDINGS
                  : w.lines.n == 0 ? KEYLOG_NOTHING
                  : closed > 0     ? KEYLOG_INCOMPLETE
                                   : KEYLOG_DONE,
                  words);
}

enum keylog_outcome keylog_merge(const struct keylog_request *request, FILE *out, char *why, size_t size)
{
    struct work w = work_of(request, why, size);
    char words[300];
    struct text t = text_in(words, sizeof words);
    size_t len = 0, n = 0;
    if (!load(&w))
        return finish(&w, KEYLOG_UNREADABLE, "input not readable");
    char *text = canonical(&w, false, &len, &n);
    size_t repeated = count_lines(&w, is_repeated), left = w.lines.n - n - repeated;
    if (text != NULL) {
        fwrite(text, 1, len, out);
        bytes_wipe(text, len);
        free(text);
    }
    say(&t, n, "entry written", "entries written");
    if (repeated > 0)
        say(&t, repeated, "repeated", "repeated");
    if (left > 0)
        say(&t, left, "line left out: no entry, or of wrong length", "lines left out: no entry, or of wrong length");
    w.lines.failed |= text == NULL || fflush(out) != 0 || ferror(out);
    return finish(&w, n == 0 ? KEYLOG_NOTHING : KEYLOG_DONE, n > 0 ? words : "there is no key log entry");
}

enum keylog_outcome keylog_inject(const struct keylog_request *request, FILE *out, char *why, size_t size)
{
    struct work w = work_of(request, why, size);
    struct blocks_copied copied;
    char words[300];
    struct text t = text_in(words, sizeof words);
    size_t len = 0, n = 0;
    if (!load(&w) || !load_owners(&w))
        return finish(&w, KEYLOG_UNREADABLE, "input not readable");
    char *text = canonical(&w, !request->all, &len, &n);
    if (text == NULL || n == 0) {
        free(text);
        w.lines.failed |= text == NULL;
        return finish(&w, KEYLOG_NOTHING, "no line fits a connection of the capture (--all puts them in nevertheless)");
    }
    enum keylog_outcome outcome = copy(&w, out, bytes_of(text, len), false, &copied);
    bytes_wipe(text, len);
    free(text);
    say(&t, n, "secret put in", "secrets put in");
    if (w.lines.n > n)
        say(&t, w.lines.n - n, "line left out", "lines left out");
    say(&t, (size_t)copied.packets, "packet", "packets");
    return finish(&w, outcome, outcome == KEYLOG_DONE ? words : copied.problem);
}

enum keylog_outcome keylog_strip(const struct keylog_request *request, FILE *out, char *why, size_t size)
{
    struct work w = work_of(request, why, size);
    struct blocks_copied copied;
    char words[300];
    struct text t = text_in(words, sizeof words);
    enum keylog_outcome outcome = copy(&w, out, BYTES_NONE, true, &copied);
    if (outcome == KEYLOG_DONE && copied.secrets == 0)
        return finish(&w, KEYLOG_NOTHING, "there is no secrets block in it");
    say(&t, (size_t)copied.secrets, "secrets block taken out", "secrets blocks taken out");
    say(&t, (size_t)copied.packets, "packet", "packets");
    return finish(&w, outcome, outcome == KEYLOG_DONE ? words : copied.problem);
}

static enum keylog_outcome finish(struct work *w, enum keylog_outcome outcome, const char *words)
{
    struct text t = text_in(w->why, w->size);
    bool failed = w->lines.failed || w->owners.failed || w->secrets.failed;
    text_add(&t, failed ? "not enough memory, or the output could not be written" : words);
    key_lines_end(&w->lines);
    secrets_end(&w->secrets);
    key_owners_end(&w->owners);
    return failed ? KEYLOG_FAILED : outcome;
}

/* ---- reading ---- */

static bool load(struct work *w)
{
    for (size_t i = 0; i < w->request->n_files; i++) {
        const char *path = w->request->files[i];
        int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
        bool good = fd >= 0 ? load_file(w, i, fd) : complain(w, path, strerror(errno));
        if (fd >= 0)
            close(fd);
        if (!good)
            return false;
    }
    key_lines_judge(&w->lines);
    return true;
}

static bool is_capture(bytes head)
{
    static const uint32_t magics[] = {0x0a0d0d0a, 0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d,
                                      0x4d3cb2a1, 0xa1b2cd34, 0x34cdb2a1};
    for (size_t i = 0; head.len >= 4 && i < sizeof magics / sizeof *magics; i++)
        if (load32(head.data) == magics[i])
            return true;
    return false;
}

/* A key log, or the key logs in a capture's blocks. */
static bool load_file(struct work *w, size_t i, int fd)
{
    struct input *input = input_file(fd);
    struct capture c;
    const char *problem = input == NULL ? "there is not enough memory" : NULL;
    bool blocks = input != NULL && is_capture(input_peek(input, 4));
    if (problem == NULL && !blocks && w->request->only_blocks)
        problem = "it is no capture: neither pcap nor pcapng";
    else if (problem == NULL && !blocks)
        key_lines_read(&w->lines, i, input);
    if (blocks) {
        capture_start(&c, input);
        c.secrets_only = true;
        for (struct capture_item item; (item = capture_next(&c)).what == CAPTURE_SECRETS;) {
            struct input *block = input_memory(item.data);
            w->blocks++;
            if (block != NULL)
                key_lines_read(&w->lines, i, block);
            w->lines.failed |= block == NULL;
            input_free(block);
        }
        problem = c.problem;
        capture_end(&c);
    }
    if (problem == NULL && input_problem(input) != NULL)
        problem = input_problem(input);
    input_free(input);
    return problem == NULL || complain(w, w->request->files[i], problem);
}

/* The captures, opened by these lines as far as they go. */
static bool load_owners(struct work *w)
{
    const char *problem = NULL;
    size_t len = 0, n = 0;
    char *text = canonical(w, false, &len, &n);
    if (text != NULL) {
        secrets_lines(&w->secrets, bytes_of(text, len));
        bytes_wipe(text, len);
        free(text);
    }
    for (size_t i = 0; i < w->request->n_captures; i++) {
        int fd = open_capture(w, w->request->captures[i]);
        bool good = fd >= 0 && key_owners_read(&w->owners, i, fd, &w->secrets, &problem);
        if (fd >= 0)
            close(fd);
        if (fd >= 0 && problem != NULL)
            complain(w, w->request->captures[i], problem);
        if (!good)
            return false;
    }
    return true;
}

static int open_capture(const struct work *w, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        complain(w, path, strerror(errno));
    return fd;
}

static bool complain(const struct work *w, const char *file, const char *text)
{
    char line[700];
    struct text t = text_in(line, sizeof line);
    text_escaped(&t, bytes_text(file));
    fprintf(stderr, "%s: %s: %s\n", w->request->command, line, text);
    return false;
}

/* ---- writing ---- */

/* The entries as a key log; fitting: those that fit a connection. The caller wipes and frees. */
static char *canonical(const struct work *w, bool fitting, size_t *len, size_t *n)
{
    size_t room = 1;
    for (size_t i = 0; i < w->lines.n; i++)
        room += sizeof w->lines.list[i]->label +
                2 * (size_t)(w->lines.list[i]->random_len + w->lines.list[i]->secret_len) + 4;
    char *text = malloc(room);
    *len = *n = 0;
    for (size_t i = 0; text != NULL && i < w->lines.n; i++) {
        const struct key_line *l = w->lines.list[i];
        if (!key_line_counts(l) || (fitting && !fits_any(w, l)))
            continue;
        *len += key_line_write(l, text + *len, room - *len);
        ++*n;
    }
    return text;
}

static bool fits_any(const struct work *w, const struct key_line *l)
{
    for (size_t i = 0; i < w->owners.n; i++)
        if (key_owner_fits(&w->owners.list[i], l))
            return true;
    return false;
}

static enum keylog_outcome copy(struct work *w, FILE *out, bytes lines, bool strip, struct blocks_copied *copied)
{
    const char *path = w->request->captures[0];
    int fd = open_capture(w, path);
    struct input *input = fd >= 0 ? input_file(fd) : NULL;
    *copied = (struct blocks_copied){.problem = "input not readable"};
    bool good = input != NULL && secrets_blocks_copy(input, out, "fede " FEDE_VERSION, lines, strip, copied);
    if (fd >= 0 && !good)
        complain(w, path, copied->problem != NULL ? copied->problem : "it is no capture: neither pcap nor pcapng");
    copied->problem = !good ? "input not readable" : copied->problem;
    input_free(input);
    if (fd >= 0)
        close(fd);
    w->lines.failed |= fflush(out) != 0 || ferror(out);
    return !good ? KEYLOG_UNREADABLE : copied->problem != NULL ? KEYLOG_INCOMPLETE : KEYLOG_DONE;
}

/* ---- telling ---- */

static size_t count_lines(const struct work *w, bool (*is)(const struct key_line *l))
{
    size_t n = 0;
    for (size_t i = 0; i < w->lines.n; i++)
        n += is(w->lines.list[i]);
    return n;
}

static bool is_wrong(const struct key_line *l)
{
    return l->trouble > LINE_REPEATED;
}

static bool is_repeated(const struct key_line *l)
{
    return l->trouble == LINE_REPEATED;
}

static void text_check_lines(struct work *w, struct page *p)
{
    enum { AT_SIGN_ = 6, AT_LABEL = 8, AT_RANDOM = 41, AT_LENGTH = 61 };
    size_t source = SIZE_MAX;
    for (size_t i = 0; i < w->lines.n; i++) {
        const struct key_line *l = w->lines.list[i];
        char words[200], number[32];
        if (l->source != source) {
            source = l->source;
            page_put(p, STRONG, w->request->files[source]);
            page_line(p);
        }
        snprintf(number, sizeof number, "%llu", (unsigned long long)l->number);
        page_right(p, FAINT, AT_SIGN_ - 1, number);
        page_to(p, AT_SIGN_);
        page_put(p,
                 is_wrong(l)                   ? BAD
                 : l->trouble == LINE_REPEATED ? FAINT
                                               : GOOD,
                 is_wrong(l)  ? "✗"
                 : l->trouble ? "="
                              : "✓");
        page_to(p, AT_LABEL);
        page_put(p, PLAIN, l->label);
        page_to(p, AT_RANDOM);
        page_hex(p, FAINT, bytes_first(bytes_of(l->random, l->random_len), 8), "");
        page_put(p, FAINT, l->random_len > 8 ? "…" : "");
        page_to(p, AT_LENGTH);
        struct text t = text_in(words, sizeof words);
        if (l->secret_len > 0)
            say(&t, l->secret_len, "byte", "bytes");
        page_put(p, PLAIN, words);
        struct text u = text_in(words, sizeof words);
        for (size_t k = 0, told = 0; key_line_counts(l) && k < w->owners.n && told < 4; k++) {
            const struct key_owner *o = &w->owners.list[k];
            if (!key_owner_fits(o, l))
                continue;
            text_add(&u, told++ > 0 ? ", " : "; connection ");
            text_number(&u, o->number);
        }
        if (key_line_counts(l) && w->owners.n > 0 && u.len == 0)
            text_add(&u, "; fits no connection");
        page_put(p, FAINT, words);
        page_line(p);
        struct text v = text_in(words, sizeof words);
        key_line_trouble(&w->lines, l, &v);
        if (words[0] != '\0') {
            page_to(p, AT_LABEL);
            page_words(p, is_wrong(l) ? BAD : FAINT, AT_LABEL, words);
            page_line(p);
        }
    }
}

static void text_check_owners(struct work *w, struct page *p)
{
    enum { AT_SIGN_ = 6, AT_TITLE = 8 };
    size_t file = SIZE_MAX;
    for (size_t i = 0; i < w->owners.n; i++) {
        const struct key_owner *o = &w->owners.list[i];
        char number[32];
        if (o->before > 0)
            continue;
        if (o->file != file) {
            file = o->file;
            page_put(p, STRONG, w->request->captures[file]);
            page_line(p);
        }
        bool open = o->keys == KEYS_USED || o->keys == KEYS_UNTOUCHED;
        snprintf(number, sizeof number, "%u", o->number);
        page_right(p, FAINT, AT_SIGN_ - 1, number);
        page_to(p, AT_SIGN_);
        page_put(p, open ? GOOD : BAD, open ? "✓" : "✗");
        page_to(p, AT_TITLE);
        page_put(p, PLAIN, o->title);
        page_put(p, FAINT, "; keys: ");
        page_put(p, open ? PLAIN : BAD, key_state_text((enum key_state)o->keys));
        page_line(p);
    }
}

static void json_check(struct work *w, const char *words)
{
    static const char *const troubles[] = {"", "repeated", "no_entry", "label", "random", "secret", "conflict"};
    struct json_text text = {0}, *t = &text;
    put_object(t, NULL);
    put_list(t, "lines");
    for (size_t i = 0; i < w->lines.n; i++) {
        const struct key_line *l = w->lines.list[i];
        put_object(t, NULL);
        put_words(t, "file", w->request->files[l->source]);
        put_number(t, "line", l->number);
        put_words(t, "label", l->label);
        put_hex(t, "random", bytes_of(l->random, l->random_len));
        put_number(t, "secret_length", l->secret_len);
        put_words(t, "trouble", troubles[l->trouble]);
        if (l->trouble == LINE_REPEATED || l->trouble == LINE_CONFLICT)
            put_number(t, "before", w->lines.list[l->before]->number);
        put_list(t, "connections");
        for (size_t k = 0; k < w->owners.n; k++) {
            if (!key_owner_fits(&w->owners.list[k], l))
                continue;
            put_object(t, NULL);
            put_words(t, "capture", w->request->captures[w->owners.list[k].file]);
            put_number(t, "connection", w->owners.list[k].number);
            put_object_end(t);
        }
        put_list_end(t);
        put_object_end(t);
    }
    put_list_end(t);
    put_list(t, "connections");
    for (size_t k = 0; k < w->owners.n; k++) {
        const struct key_owner *o = &w->owners.list[k];
        if (o->before > 0)
            continue;
        put_object(t, NULL);
        put_words(t, "capture", w->request->captures[o->file]);
        put_number(t, "connection", o->number);
        put_words(t, "title", o->title);
        put_hex(t, "client_random", BYTES_OF(o->random));
        put_words(t, "keys", key_state_text((enum key_state)o->keys));
        put_object_end(t);
    }
    put_list_end(t);
    put_words(t, "summary", words);
    put_object_end(t);
    bool lines = w->request->report.form == REPORT_JSON_LINES;
    w->lines.failed |= !json_text_write(t, w->request->report.out, lines ? JSON_LINE : JSON_DRAWN);
    json_text_free(t);
}
