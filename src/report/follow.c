/* report/follow.c: the conversation inside a connection. HTTP as heads and unpacked content, dialogues as lines, anything else in
   hexadecimal; or, when asked for, the bytes as they were. Text from the network is escaped in all forms but raw, and in that
   too when it goes to a terminal. Content is gathered up to a limit, so that streams of HTTP/2 don't mix. */
#include "report/follow.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "inside/inside.h"
#include "report/page.h"

enum { CONTENT_MOST = 4 * 1024 * 1024, ROW = 16 };

struct follow {
    struct report_options options;
    enum follow_form form;
    struct inside *sides[2]; /* in the clear, protected */
    struct page page;
    bool terminal;
    uint64_t offset[3], began_us;
};

struct content {
    uint8_t *data;
    size_t len, room;
    bool cut;
};

static void head(void *arg, struct inside_message *m);
static void body(void *arg, struct inside_message *m, bytes data);
static void message(void *arg, struct inside_message *m);
static void frame(void *arg, const struct inside_frame *f);
static void line(void *arg, uint8_t from, bytes text, const struct inside_place *at);
static void raw(void *arg, uint8_t from, bytes data, const struct inside_place *at);
static void note(void *arg, uint8_t from, const char *text, const struct inside_place *at);
static void hex(struct follow *f, uint8_t from, bytes data, uint64_t offset);
static void put_text(struct follow *f, enum style style, bytes text);

struct follow *follow_new(const struct report_options *options, enum follow_form form)
{
    struct follow *f = calloc(1, sizeof *f);
    if (f == NULL)
        return NULL;
    f->options = *options;
    f->form = form;
    f->terminal = fileno(options->out) >= 0 && isatty(fileno(options->out));
    page_start(&f->page, options->width == 0 ? 80 : options->width, options->colour, options->utf8);
    return f;
}

static void done(struct follow *f)
{
    page_write(&f->page, f->options.out);
}

static enum style style_of(uint8_t from)
{
    return from == FEDE_CLIENT ? CLIENT_SIDE : SERVER_SIDE;
}

void follow_data(struct follow *f, uint8_t from, bool protects, fede_bytes data, uint64_t at_us, uint64_t record,
                 uint64_t packet)
{
    const struct inside_listener listener = {.head = head,
                                             .body = body,
                                             .message = message,
                                             .frame = frame,
                                             .line = line,
                                             .raw = raw,
                                             .note = note,
                                             .arg = f};
    struct inside_place at = {at_us, record, packet};
    if (f == NULL)
        return;
    if (f->form == FOLLOW_RAW || f->form == FOLLOW_HEX) {
        if (f->form == FOLLOW_HEX)
            hex(f, from, data, f->offset[from]);
        else if (f->terminal)
            put_text(f, style_of(from), data);
        else
            fwrite(data.data, 1, data.len, f->options.out);
        f->offset[from] += data.len;
        done(f);
        return;
    }
    struct inside **x = &f->sides[protects];
    if (*x == NULL && (*x = inside_new(&listener)) == NULL)
        return;
    if (data.data == NULL)
        inside_gap(*x, from, &at);
    else
        inside_data(*x, from, data, &at);
    done(f);
}

void follow_end(struct follow *f, uint64_t at_us)
{
    struct inside_place at = {.at_us = at_us};
    if (f == NULL)
        return;
    for (int i = 0; i < 2; i++) {
        if (f->sides[i] != NULL)
            inside_end(f->sides[i], &at);
        inside_free(f->sides[i]);
    }
    done(f);
    page_end(&f->page);
    free(f);
}

/* ---- HTTP ---- */

static void head(void *arg, struct inside_message *m)
{
    (void)arg;
    m->user = calloc(1, sizeof(struct content));
}

static void body(void *arg, struct inside_message *m, bytes data)
{
    struct content *c = m->user;
    (void)arg;
    if (c == NULL || c->cut)
        return;
    if (c->len + data.len > CONTENT_MOST) {
        c->cut = true;
        return;
    }
    if (c->len + data.len > c->room) {
        size_t room = 2 * (c->len + data.len);
        uint8_t *larger = realloc(c->data, room);
        if (larger == NULL) {
            c->cut = true;
            return;
        }
        c->data = larger;
        c->room = room;
    }
    bytes_copy(c->data + c->len, data.data, data.len);
    c->len += data.len;
}

static bool is_readable(bytes b)
{
    for (size_t i = 0; i < b.len; i++)
        if (b.data[i] == 0)
            return false;
    return true;
}

static void title(struct follow *f, const struct inside_message *m)
{
    char words[200];
    struct text t = text_in(words, sizeof words);
    text_add(&t, m->request ? "request " : "answer ");
    text_number(&t, (int64_t)m->exchange);
    if (m->major >= 2) {
        text_add(&t, ", stream ");
        text_number(&t, m->stream);
    }
    if (m->first.record != 0) {
        text_add(&t, m->last.record != m->first.record ? ", records " : ", record ");
        text_number(&t, (int64_t)m->first.record);
        if (m->last.record != m->first.record) {
            text_add(&t, "–");
            text_number(&t, (int64_t)m->last.record);
        }
    }
    if (m->first.packet != 0) {
        text_add(&t, ", from packet ");
        text_number(&t, (int64_t)m->first.packet);
    }
    page_put(&f->page, FAINT, "─── ");
    page_put(&f->page, style_of(m->from), words);
    page_line(&f->page);
}

static void headers(struct follow *f, const struct inside_message *m, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        put_text(f, STRONG, m->headers[i].name);
        page_put(&f->page, PLAIN, ": ");
        put_text(f, PLAIN, m->headers[i].value);
        page_line(&f->page);
    }
}

static void message(void *arg, struct inside_message *m)
{
    struct follow *f = arg;
    struct content *c = m->user;
    bytes data = c != NULL ? bytes_of(c->data, c->len) : BYTES_NONE;
    char version[40];
    title(f, m);
    if (m->major < 2) {
        snprintf(version, sizeof version, "HTTP/%u.%u", m->major, m->minor);
        if (m->request) {
            put_text(f, style_of(m->from), m->method);
            page_put(&f->page, PLAIN, " ");
            put_text(f, style_of(m->from), m->target);
            page_put(&f->page, PLAIN, " ");
            page_put(&f->page, PLAIN, version);
        } else {
            page_put(&f->page, PLAIN, version);
            page_put(&f->page, PLAIN, " ");
            page_number(&f->page, style_of(m->from), m->status);
            page_put(&f->page, PLAIN, " ");
            put_text(f, style_of(m->from), m->reason);
        }
        page_line(&f->page);
    }
    headers(f, m, 0, m->n_head);
    if (m->content > 0) {
        page_line(&f->page);
        if (m->coding != NULL && m->problem == NULL) {
            page_put(&f->page, FAINT, "(unpacked: ");
            page_put(&f->page, FAINT, m->coding);
            page_put(&f->page, FAINT, ")");
            page_line(&f->page);
        }
        if (is_readable(data))
            put_text(f, PLAIN, data);
        else
            hex(f, m->from, data, 0);
        if (f->page.column > 0)
            page_line(&f->page);
    }
    if (m->n_headers > m->n_head) {
        page_line(&f->page);
        headers(f, m, m->n_head, m->n_headers);
    }
    const char *remark = m->problem != NULL ? m->problem : !m->complete ? "it is not complete" : NULL;
    if (c != NULL && c->cut)
        remark = "there is more of it than is shown here; --export writes all of it";
    if (remark != NULL) {
        page_put(&f->page, WARNING, "(");
        page_put(&f->page, WARNING, remark);
        page_put(&f->page, WARNING, ")");
        page_line(&f->page);
    }
    page_line(&f->page);
    if (c != NULL) {
        bytes_wipe(c->data, c->len);
        free(c->data);
    }
    free(c);
    done(f);
}

static void frame(void *arg, const struct inside_frame *i)
{
    struct follow *f = arg;
    char words[900], name[40];
    struct text t = text_in(words, sizeof words);
    if (f->form != FOLLOW_HTTP2)
        return;
    snprintf(name, sizeof name, "frame of type %u", i->type);
    text_add(&t, i->from == FEDE_CLIENT ? "→ " : "← ");
    text_add(&t, i->name != NULL ? i->name : name);
    text_add(&t, ", stream ");
    text_number(&t, i->stream);
    text_add(&t, ", ");
    text_number(&t, i->length);
    text_add(&t, " bytes");
    text_add(&t, i->detail[0] != '\0' ? ": " : "");
    text_add(&t, i->detail);
    page_put(&f->page, style_of(i->from), words);
    page_line(&f->page);
}

/* ---- anything else ---- */

static void line(void *arg, uint8_t from, bytes text, const struct inside_place *at)
{
    struct follow *f = arg;
    (void)at;
    page_put(&f->page, style_of(from), from == FEDE_CLIENT ? "> " : "< ");
    put_text(f, PLAIN, text);
    page_line(&f->page);
}

static void raw(void *arg, uint8_t from, bytes data, const struct inside_place *at)
{
    struct follow *f = arg;
    const struct inside *x = f->sides[at->record != 0];
    if (x == NULL || inside_form(x) != INSIDE_LINES)
        hex(f, from, data, f->offset[from]);
    f->offset[from] += data.len;
}

static void note(void *arg, uint8_t from, const char *text, const struct inside_place *at)
{
    struct follow *f = arg;
    (void)at;
    page_put(&f->page, WARNING, from == FEDE_CLIENT ? "(client: " : "(server: ");
    page_put(&f->page, WARNING, text);
    page_put(&f->page, WARNING, ")");
    page_line(&f->page);
}

static void hex(struct follow *f, uint8_t from, bytes data, uint64_t offset)
{
    for (size_t at = 0; at < data.len; at += ROW) {
        bytes row = bytes_first(bytes_skip(data, at), ROW);
        char words[40];
        snprintf(words, sizeof words, "%s%08llx  ", from == FEDE_CLIENT ? "> " : "< ",
                 (unsigned long long)offset + at);
        page_put(&f->page, style_of(from), words);
        page_hex(&f->page, PLAIN, row, " ");
        page_to(&f->page, 12 + 3 * ROW + 1);
        for (size_t i = 0; i < row.len; i++) {
            char c[2] = {row.data[i] >= 0x20 && row.data[i] < 0x7f ? (char)row.data[i] : '.', '\0'};
            page_put(&f->page, FAINT, c);
        }
        page_line(&f->page);
    }
}

/* Lines stay lines; everything else that could move a cursor is escaped. */
static void put_text(struct follow *f, enum style style, bytes text)
{
    while (text.len > 0) {
        const uint8_t *end = memchr(text.data, '\n', text.len);
        size_t len = end != NULL ? (size_t)(end - text.data) : text.len, kept = len;
        if (end != NULL && kept > 0 && text.data[kept - 1] == '\r')
            kept--;
        for (bytes rest = bytes_of(text.data, kept); rest.len > 0;) {
            char words[2100];
            struct text t = text_in(words, sizeof words);
            size_t n = rest.len < 500 ? rest.len : 500;
            while (n < rest.len && n > 490 && (rest.data[n] & 0xc0) == 0x80)
                n--;                     /* not within a character */
            for (size_t i = 0; i < n;) { /* tabs are of the text */
                size_t k = i;
                while (k < n && rest.data[k] != '\t' && rest.data[k] != '\\')
                    k++;
                text_escaped(&t, bytes_of(rest.data + i, k - i));
                if (k < n)
                    text_add(&t, rest.data[k] == '\t' ? "    " : "\\");
                i = k + (k < n);
            }
            page_put(&f->page, style, words);
            rest = bytes_skip(rest, n);
        }
        if (end != NULL)
            page_line(&f->page);
        text = bytes_skip(text, end != NULL ? len + 1 : len);
    }
}
