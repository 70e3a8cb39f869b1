/* report/diagram.c: the story as a sequence diagram in text (R66): the client's line on the left, the server's on the right, time
   beside them, an arrow for each TCP packet that opens or closes, each message, each stretch of application data.

   Steps are gathered while the story goes on and drawn at its end, for those of TCP are known only then. Double arrows are
   protected. What one packet brought is bracketed at the right, with the packet's number; a message that took several packets
   names the first and the last. A round trip is counted where the server first answers something the client has said. */
#include <stdlib.h>

#include "explain/annotate.h"
#include "report/inside.h"
#include "report/phrases.h"

enum { STEPS_MOST = 2000, LABEL = 700, AT_LINE = 11, MARGIN = 18, INNER_LEAST = 24 };
enum step_kind { STEP_ARROW, STEP_DATA, STEP_ACROSS /* a remark over the whole width */ };

struct step {
    uint64_t at_us, first, packet, records, len;
    size_t turn; /* in which it was heard of */
    uint8_t kind, from;
    bool protects, bad, tcp, plain /* said before TLS */, silent /* an acknowledgement: nothing is asked */, completes;
    char *label;
};

struct diagram {
    struct step *steps;
    size_t n, room;
    uint64_t left_out;
    bool said[3]; /* that side's records are encrypted from here on */
    bool opened;
    bool tcp;          /* live: connecting was one round trip */
    unsigned trips[3]; /* of TCP, what came before TLS, TLS */
};

static struct step *add(struct report *r, enum step_kind kind, uint8_t from, uint64_t at_us, const char *label);
static void handshake(struct report *r, const fede_event *e, const char *title);
static void data(struct report *r, const fede_event *e);
static void draw(struct report *r, const struct step *s, const char *margin, bool timed);
static void arrow(struct report *r, const struct step *s, const char *label, bool last);
static void across(struct report *r, enum style style, const char *label, bool alone);
static void margin_of(const struct diagram *d, size_t i, bool wide, struct text *out);
static int by_time(const void *a, const void *b);

static unsigned right_line(const struct report *r)
{
    unsigned margin = r->page.width >= AT_LINE + INNER_LEAST + MARGIN ? MARGIN : 1;
    unsigned right = r->page.width > margin ? r->page.width - margin : 0;
    unsigned most = AT_LINE + 76; /* wider is no clearer */
    right = right < most ? right : most;
    return right > AT_LINE + INNER_LEAST ? right : AT_LINE + INNER_LEAST;
}

static struct diagram *diagram_of(struct report *r)
{
    if (r->diagram == NULL)
        r->diagram = calloc(1, sizeof *r->diagram);
    return r->diagram;
}

void diagram_free(struct report *r)
{
    if (r->diagram == NULL)
        return;
    for (size_t i = 0; i < r->diagram->n; i++)
        free(r->diagram->steps[i].label);
    free(r->diagram->steps);
    free(r->diagram);
    r->diagram = NULL;
}

static struct step *add(struct report *r, enum step_kind kind, uint8_t from, uint64_t at_us, const char *label)
{
    struct diagram *d = diagram_of(r);
    if (d == NULL)
        return NULL;
    if (d->n == STEPS_MOST) {
        d->left_out++;
        return NULL;
    }
    if (d->n == d->room) {
        size_t room = d->room == 0 ? 64 : 2 * d->room;
        struct step *larger = realloc(d->steps, room * sizeof *larger);
        if (larger == NULL)
            return NULL;
        d->steps = larger;
        d->room = room;
    }
    size_t len = strlen(label) + 1;
    char *copy = malloc(len);
    if (copy == NULL)
        return NULL;
    bytes_copy(copy, label, len);
    struct step *s = &d->steps[d->n++];
    *s = (struct step){.at_us = at_us, .kind = (uint8_t)kind, .from = from, .label = copy, .turn = d->n};
    return s;
}

/* ---- what happens ---- */

void diagram_event(struct report *r, const fede_event *e)
{
    char title[80];
    struct text t = text_in(title, sizeof title);
    enum { APPLICATION_DATA = 23, HANDSHAKE = 22 };
    switch (e->kind) {
    case FEDE_EVENT_MESSAGE:
        text_add(&t, message_title(e->what));
        text_add(&t, " (");
        text_number(&t, e->what & UINT8_MAX);
        text_char(&t, ')');
        handshake(r, e, title);
        break;
    case FEDE_EVENT_CCS:
        handshake(r, e, "ChangeCipherSpec");
        break;
    case FEDE_EVENT_ALERT:
        handshake(r, e, "Alert");
        break;
    case FEDE_EVENT_RECORD:
        if (e->what == APPLICATION_DATA)
            data(r, e);
        else if (e->plain.data == NULL && e->epoch != 0)
            handshake(r, e, e->what == HANDSHAKE ? "handshake message, encrypted" : "record, encrypted");
        break;
    case FEDE_EVENT_OPENED:
        if (diagram_of(r) != NULL && !r->diagram->opened) {
            r->diagram->opened = true;
            struct step *s = add(r, STEP_ACROSS, 0, e->at_us, "the handshake is complete");
            if (s != NULL) {
                s->completes = true;
                s->packet = r->packet;
            }
        }
        break;
    default:
        break;
    }
}

static const char *encrypted_from_here(uint8_t from)
{
    return from == FEDE_CLIENT ? "from here on the client's records are encrypted"
                               : "from here on the server's records are encrypted";
}

static void handshake(struct report *r, const fede_event *e, const char *title)
{
    char label[LABEL], facts[LABEL];
    struct text t = text_in(label, sizeof label), f = text_in(facts, sizeof facts);
    struct diagram *d = diagram_of(r);
    if (d == NULL || !report_late(r))
        return;
    /* TLS 1.2 changes with ChangeCipherSpec; in TLS 1.3 that one is only for the eyes of others. */
    if (e->epoch != 0 && !d->said[e->from]) {
        d->said[e->from] = true;
        struct step *s = add(r, STEP_ACROSS, e->from, e->at_us, encrypted_from_here(e->from));
        if (s != NULL)
            s->packet = r->packet;
    }
    text_add(&t, e->kind == FEDE_EVENT_RECORD ? phrase(r->page.language, title) : title);
    if (e->kind != FEDE_EVENT_RECORD)
        dissection_facts(&r->d, e, &f);
    if (e->kind == FEDE_EVENT_MESSAGE || e->kind == FEDE_EVENT_RECORD) {
        char size[40];
        snprintf(size, sizeof size, ", %zu bytes", e->bytes.len);
        phrase_text(r->page.language, size, &t);
    }
    if (f.len > 0) {
        text_add(&t, phrase(r->page.language, ": "));
        phrase_text(r->page.language, facts, &t);
    }
    struct step *s = add(r, STEP_ARROW, e->from, e->at_us, label);
    if (s == NULL)
        return;
    s->protects = e->epoch != 0;
    s->bad = e->kind == FEDE_EVENT_ALERT && e->what != FEDE_ALERT_CLOSE_NOTIFY;
    s->first = r->first_packet;
    s->packet = r->packet;
    if (e->kind == FEDE_EVENT_CCS && e->version < FEDE_TLS13 && !d->said[e->from]) {
        d->said[e->from] = true;
        s = add(r, STEP_ACROSS, e->from, e->at_us, encrypted_from_here(e->from));
        if (s != NULL)
            s->packet = r->packet;
    }
}

/* Records of one side that follow each other are one arrow. */
static void data(struct report *r, const fede_event *e)
{
    struct diagram *d = diagram_of(r);
    if (d == NULL)
        return;
    if (e->epoch != 0 && !d->said[e->from]) {
        d->said[e->from] = true;
        add(r, STEP_ACROSS, e->from, e->at_us, encrypted_from_here(e->from));
    }
    struct step *last = d->n > 0 ? &d->steps[d->n - 1] : NULL;
    if (last == NULL || last->kind != STEP_DATA || last->from != e->from || last->label[0] != '\0') {
        last = add(r, STEP_DATA, e->from, e->at_us, "");
        if (last == NULL)
            return;
        last->first = r->first_packet;
    }
    last->protects = e->epoch != 0;
    last->packet = r->packet;
    last->records++;
    last->len += e->plain.data != NULL ? e->plain.len : e->bytes.len;
}

static void words_of(struct report *r, uint8_t from, uint64_t at_us, bool in_clear, const char *label, uint64_t packet)
{
    struct diagram *d = diagram_of(r);
    struct step *last = d != NULL && d->n > 0 ? &d->steps[d->n - 1] : NULL;
    size_t len = strlen(label) + 1;
    char *copy;
    if (!in_clear && last != NULL && last->kind == STEP_DATA && last->from == from && last->label[0] == '\0' &&
        (copy = malloc(len)) != NULL) {
        bytes_copy(copy, label, len);
        free(last->label);
        last->label = copy;
        return;
    }
    struct step *s = add(r, STEP_ARROW, from, at_us, label);
    if (s == NULL)
        return;
    s->protects = !in_clear;
    s->plain = in_clear;
    s->first = s->packet = packet;
}

void diagram_message(struct report *r, const struct inside_message *m, bool in_clear)
{
    char label[2 * LABEL];
    struct text t = text_in(label, sizeof label);
    char facts[2 * LABEL];
    struct text f = text_in(facts, sizeof facts);
    inside_title(m, &t);
    text_add(&t, phrase(r->page.language, "; "));
    inside_facts(m, &f);
    phrase_text(r->page.language, facts, &t);
    words_of(r, m->from, m->first.at_us, in_clear, label, m->first.packet);
}

void diagram_line(struct report *r, uint8_t from, bytes line, const struct inside_place *at)
{
    char label[LABEL];
    struct text t = text_in(label, sizeof label);
    text_escaped(&t, bytes_first(line, 120));
    words_of(r, from, at->at_us, at->record == 0, label, at->packet);
}

void diagram_dns(struct report *r, const struct dns_answer *a)
{
    char label[2 * LABEL];
    struct text t = text_in(label, sizeof label);
    text_add(&t, "DNS: ");
    dns_chain(a, &t);
    struct step *s = add(r, STEP_ACROSS, 0, a->at_us, label);
    if (s != NULL)
        s->packet = a->packet;
}

void diagram_phase(struct report *r, const char *phase, bool ok, const char *text, uint64_t from_us, uint64_t to_us)
{
    char label[LABEL];
    struct text t = text_in(label, sizeof label);
    bool tcp = strcmp(phase, "tcp") == 0;
    if (strcmp(phase, "url") == 0)
        return;
    for (const char *c = phase; *c != '\0'; c++)
        text_char(&t, (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c));
    text_add(&t, ": ");
    text_add(&t, text);
    bool request = strcmp(phase, "request") == 0, response = strcmp(phase, "response") == 0;
    if ((request || response) && r->inside != NULL)
        return; /* what lies inside says it better */
    (void)from_us;
    struct step *s = add(r, STEP_ACROSS, 0, to_us, label);
    if (s != NULL)
        s->bad = !ok;
    if (tcp && ok && r->diagram != NULL)
        r->diagram->tcp = true;
}

void diagram_packets(struct report *r, const struct stream *s, uint8_t client)
{
    const struct around *a = s->around;
    bool answered = false, acknowledged = false;
    for (size_t i = 0; a != NULL && i < a->n; i++) {
        const struct trail_packet *p = &a->packets[i];
        char label[LABEL], flags[64];
        struct text t = text_in(label, sizeof label), f = text_in(flags, sizeof flags);
        bool third = answered && !acknowledged && p->side == client && p->flags & TCP_ACK && !(p->flags & TCP_SYN);
        if (!(p->flags & (TCP_SYN | TCP_FIN | TCP_RST)) && !third)
            continue;
        acknowledged = acknowledged || third;
        answered = answered || (p->flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK);
        if (third && p->len > 0 && !(p->flags & (TCP_FIN | TCP_RST)))
            continue; /* the acknowledgement came with the first data */
        tcp_flag_words(p->flags, &f);
        text_add(&t, "TCP ");
        text_add(&t, flags);
        if (p->flags & TCP_SYN && p->len > 0) {
            text_add(&t, ", with ");
            text_number(&t, p->len);
            text_add(&t, " bytes of data (TCP Fast Open, RFC 7413)");
        }
        struct step *step = add(r, STEP_ARROW, p->side == client ? FEDE_CLIENT : FEDE_SERVER, p->at_us, label);
        if (step == NULL)
            return;
        step->tcp = true;
        step->silent = !(p->flags & TCP_SYN);
        step->bad = p->flags & TCP_RST;
        step->first = step->packet = p->number;
    }
}

/* ---- drawing ---- */

static unsigned trips_of(const struct diagram *d)
{
    return d->trips[0] + d->trips[1] + d->trips[2];
}

static void trip(struct report *r)
{
    char line[40];
    snprintf(line, sizeof line, "round trip %u", trips_of(r->diagram));
    char said[2 * sizeof line];
    struct text t = text_in(said, sizeof said);
    phrase_text(r->page.language, line, &t);
    across(r, FAINT, said, true);
}

void diagram_end(struct report *r, int exit_code, const char *why)
{
    struct diagram *d = diagram_of(r);
    struct page *p = &r->page;
    unsigned right = right_line(r);
    if (d == NULL)
        return;
    bool client_spoke = false, over = false, answered = false;
    d->trips[0] = d->tcp;
    page_words(p, STRONG, 2, r->options.title != NULL ? r->options.title : "");
    page_line(p);
    page_line(p);
    page_to(p, AT_LINE - 3);
    page_put(p, CLIENT_SIDE, "client");
    page_to(p, right - 3);
    page_put(p, SERVER_SIDE, "server");
    page_line(p);
    qsort(d->steps, d->n, sizeof *d->steps, by_time);
    uint64_t before = UINT64_MAX;
    for (size_t i = 0; i < d->n; i++)
        r->zero_us = d->steps[i].at_us < r->zero_us ? d->steps[i].at_us : r->zero_us;
    for (size_t i = 0; i < d->n; i++) {
        const struct step *s = &d->steps[i];
        char margin[64];
        struct text m = text_in(margin, sizeof margin);
        bool speaks = s->kind != STEP_ACROSS && !s->silent;
        if (answered && (s->completes || (speaks && s->from == FEDE_CLIENT))) {
            trip(r);
            answered = false;
        }
        /* False Start: application data waits for no more. */
        over = over || s->completes || (s->kind == STEP_DATA && s->from == FEDE_CLIENT && r->d.version < FEDE_TLS13);
        client_spoke = client_spoke || (speaks && s->from == FEDE_CLIENT);
        if (speaks && s->from == FEDE_SERVER && client_spoke && !over) {
            client_spoke = false;
            answered = true;
            d->trips[s->tcp ? 0 : s->plain ? 1 : 2]++;
        }
        margin_of(d, i, right + MARGIN <= p->width, &m);
        draw(r, s, margin, s->at_us != before);
        before = s->at_us;
    }
    char line[200];
    struct text t = text_in(line, sizeof line);
    text_add(&t, d->opened ? "round trips before application data: " : "round trips: ");
    text_number(&t, trips_of(d));
    text_add(&t, " (TCP ");
    text_number(&t, d->trips[0]);
    if (d->trips[1] > 0) {
        text_add(&t, ", in the clear ");
        text_number(&t, d->trips[1]);
    }
    text_add(&t, ", TLS ");
    text_number(&t, d->trips[2]);
    text_add(&t, ")");
    page_line(p);
    page_words(p, PLAIN, 2, line);
    page_line(p);
    if (d->left_out > 0) {
        page_to(p, 2);
        page_number(p, FAINT, d->left_out);
        page_put(p, FAINT, " further steps are left out");
        page_line(p);
    }
    text_exit(r, exit_code, why);
    page_write(p, r->options.out);
}

/* At equal times by packet, then as they were heard of. */
static int by_time(const void *a, const void *b)
{
    const struct step *x = a, *y = b;
    if (x->at_us != y->at_us)
        return x->at_us < y->at_us ? -1 : 1;
    if (x->packet != y->packet && x->packet != 0 && y->packet != 0)
        return x->packet < y->packet ? -1 : 1;
    return x->turn < y->turn ? -1 : x->turn > y->turn;
}

/* What a packet brought: a bracket from the first to the last of its steps. */
static void margin_of(const struct diagram *d, size_t i, bool wide, struct text *out)
{
    const struct step *s = &d->steps[i];
    if (s->packet == 0 || s->kind == STEP_ACROSS || !wide)
        return;
    size_t first = i, last = i, n = 1;
    for (size_t k = i; k-- > 0 && (d->steps[k].kind == STEP_ACROSS || d->steps[k].packet == s->packet);)
        if (d->steps[k].kind != STEP_ACROSS && d->steps[k].from == s->from) {
            first = k;
            n++;
        }
    for (size_t k = i + 1; k < d->n && (d->steps[k].kind == STEP_ACROSS || d->steps[k].packet == s->packet); k++)
        if (d->steps[k].kind != STEP_ACROSS && d->steps[k].from == s->from) {
            last = k;
            n++;
        }
    text_add(out, n == 1 ? "  " : i == first ? " ┐" : i == last ? " ┘" : " ┤");
    if (i != last && n > 1)
        return;
    bool several = s->first != 0 && s->first != s->packet;
    text_add(out, several ? " packets " : " packet ");
    if (several) {
        text_number(out, (int64_t)s->first);
        text_add(out, "–");
    }
    text_number(out, (int64_t)s->packet);
}

static void timed_start(struct report *r, uint64_t at_us, bool timed)
{
    char number[40];
    uint64_t since = at_us > r->zero_us ? at_us - r->zero_us : 0;
    if (since < 1000000)
        snprintf(number, sizeof number, "%llu.%03u", (unsigned long long)(since / 1000), (unsigned)(since % 1000));
    else
        snprintf(number, sizeof number, "%llu.%03u s", (unsigned long long)(since / 1000000),
                 (unsigned)(since / 1000 % 1000));
    if (timed)
        page_right(&r->page, FAINT, AT_LINE - 1, number);
    page_to(&r->page, AT_LINE);
}

/* alone: all of the remark is on this line. */
static void across(struct report *r, enum style style, const char *label, bool alone)
{
    unsigned right = right_line(r);
    page_to(&r->page, AT_LINE);
    page_put(&r->page, FAINT, "│ ");
    unsigned inner = right - AT_LINE - 3, taken = page_cells(&r->page, label);
    for (unsigned i = 0; alone && taken < inner && i < (inner - taken) / 2; i++)
        page_put(&r->page, FAINT, i + 1 < (inner - taken) / 2 ? "╌" : " ");
    page_value(&r->page, style, label);
    for (unsigned i = 0; alone && r->page.column < right - 1 && i < inner; i++)
        page_put(&r->page, FAINT, i == 0 ? " " : "╌");
    page_to(&r->page, right);
    page_put(&r->page, FAINT, "│");
    page_line(&r->page);
}

static void draw(struct report *r, const struct step *s, const char *margin, bool timed)
{
    char whole[2 * LABEL + 100];
    struct text t = text_in(whole, sizeof whole);
    unsigned inner = right_line(r) - AT_LINE - 1, room = inner - 6;
    if (s->kind == STEP_ACROSS)
        phrase_text(r->page.language, s->label, &t);
    else
        text_add(&t, s->label);
    if (s->kind == STEP_DATA) {
        char amount[100];
        struct text a = text_in(amount, sizeof amount);
        text_number(&a, (int64_t)s->len);
        text_add(&a, s->len == 1 ? " byte of application data" : " bytes of application data");
        if (s->records > 1) {
            text_add(&a, " in ");
            text_number(&a, (int64_t)s->records);
            text_add(&a, " records");
        }
        text_add(&t, t.len > 0 ? phrase(r->page.language, "; ") : "");
        phrase_text(r->page.language, amount, &t);
    }
    const char *rest = whole;
    timed_start(r, s->at_us, timed);
    for (bool first = true;; first = false) {
        size_t n = page_fitting(&r->page, rest, s->kind == STEP_ACROSS ? inner - 2 : room);
        char line[2 * LABEL + 100];
        bytes_copy(line, rest, n);
        line[n] = '\0';
        rest += n;
        while (*rest == ' ')
            rest++;
        bool last = *rest == '\0';
        if (!first)
            page_to(&r->page, AT_LINE);
        if (s->kind == STEP_ACROSS) {
            across(r, s->bad ? BAD : STRONG, line, first && last);
        } else {
            arrow(r, s, line, last);
            page_put(&r->page, FAINT, last ? margin : "");
            page_line(&r->page);
        }
        if (last)
            return;
    }
}

static void arrow(struct report *r, const struct step *s, const char *label, bool last)
{
    enum style side = s->from == FEDE_CLIENT ? CLIENT_SIDE : SERVER_SIDE, style = s->bad ? BAD : side;
    const char *shaft = s->protects ? "═" : "─";
    unsigned right = right_line(r), inner = right - AT_LINE - 1, taken = page_cells(&r->page, label);
    unsigned dashes = inner > taken + 3 ? inner - taken - 3 : 0;
    page_put(&r->page, FAINT, "│");
    if (s->from == FEDE_SERVER && last) {
        page_put(&r->page, side, "◀");
        for (unsigned i = 0; i < dashes; i++)
            page_put(&r->page, side, shaft);
        page_to(&r->page, AT_LINE + 2 + dashes + 1);
    } else {
        page_to(&r->page, s->from == FEDE_SERVER ? AT_LINE + 3 + dashes : AT_LINE + 2);
    }
    page_value(&r->page, style, label);
    if (s->from == FEDE_CLIENT && last) {
        page_put(&r->page, side, " ");
        for (unsigned i = 0; i < dashes; i++)
            page_put(&r->page, side, shaft);
        page_put(&r->page, side, "▶");
    }
    page_to(&r->page, right);
    page_put(&r->page, FAINT, "│");
}
