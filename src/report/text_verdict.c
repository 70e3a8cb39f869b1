/* report/text_verdict.c: the certificate card, the verification step by step, and the box at the end: the three aims with
   what protects each, round trips, times and traffic. */
#include "report/attempts.h"
#include "report/report.h"

static const struct check_look trail_look = {16, 17, 20, 40, "", "FAILED", FAINT};
static void checks(struct report *r, const fede_verdict *v);
static void san_line(struct report *r, const fede_verdict *v);
static void times(struct report *r);
static void traffic(struct report *r);
static void part(struct text *t, const char *name, uint64_t us);

void text_card(struct report *r)
{
    enum { VALUE = 25 };
    struct page *p = &r->page;
    if (r->carded || r->d.n_certificates == 0 || r->options.level < 1)
        return;
    r->carded = true;
    struct card_row rows[CARD_ROWS];
    size_t n = certificate_card(r->d.certificates[0], report_judged_at(r), rows);
    for (size_t i = 0; i < n; i++) {
        /* The serial number is for those who ask for more. */
        if (strcmp(rows[i].label, "serial") == 0 && r->options.level < 2)
            continue;
        page_to(p, AT_TAG);
        page_put(p, i == 0 ? SERVER_SIDE : PLAIN, i == 0 ? "CERT" : "");
        page_to(p, AT_TEXT);
        page_put(p, FAINT, rows[i].label);
        page_to(p, VALUE);
        bool named = strcmp(rows[i].label, "subject") == 0 || strcmp(rows[i].label, "names") == 0;
        (named ? page_value_parts : page_parts)(p, rows[i].bad ? BAD : PLAIN, VALUE, rows[i].value, "; ");
        page_line(p);
    }
    const fede_verdict *v = r->d.verdict;
    if (v == NULL)
        return;
    char line[1100];
    struct text t = text_in(line, sizeof line);
    bool client = r->d.role == FEDE_SERVER; /* the verdict is on the other side's certificate, the card on this one's */
    if (client && v->path_len > 0) {
        certificate_title(v->path[0], &t);
        text_add(&t, "; verified: ");
    }
    if (v->accepted && client) {
        text_add(&t, "yes");
    } else if (v->accepted) {
        text_add(&t, v->name != NULL ? "yes, for " : "yes, for any name");
        text_add(&t, v->name);
    }
    if (v->accepted) {
        if (v->path_len > 0) {
            text_add(&t, "; trust anchor ");
            certificate_title(v->path[v->path_len - 1], &t);
        }
    } else {
        text_add(&t, "NO: ");
        verdict_sentence(v, client, &t);
    }
    text_sign(r, v->accepted ? GOOD : BAD, v->accepted ? "✓" : "✗");
    page_to(p, AT_TEXT);
    page_put(p, FAINT, client ? "client" : "verified");
    page_to(p, VALUE);
    page_parts(p, v->accepted ? GOOD : BAD, VALUE, line, "; ");
    page_line(p);
}

void text_trail(struct report *r, const fede_verdict *v)
{
    char line[900], when[64];
    struct text t = text_in(line, sizeof line), w = text_in(when, sizeof when);
    text_time(&w, v->at);
    text_add(&t, "chain verification");
    if (v->name != NULL) {
        text_add(&t, " for ");
        text_escaped(&t, bytes_text(v->name));
    }
    text_add(&t, " at ");
    text_add(&t, when);
    text_note(r, STRONG, line);
    checks(r, v);
    if (v->n_attempts + v->attempts_more > 0)
        text_note(r, STRONG, ATTEMPTS_TITLE);
    text_attempts(r, v, &trail_look, r->options.level > 2);
    san_line(r, v);
    t = text_in(line, sizeof line);
    text_add(&t, v->accepted ? "SSL certificate verify ok." : "SSL certificate verify FAILED: ");
    if (!v->accepted)
        verdict_sentence(v, r->d.role == FEDE_SERVER, &t);
    text_note(r, v->accepted ? GOOD : BAD, line);
}

void text_box(struct report *r)
{
    enum { MARK = 2, LABEL = 5, VALUE = 20, WIDEST = 100 };
    struct page *p = &r->page;
    struct aim aims[3];
    dissection_aims(&r->d, aims);
    unsigned width = p->width;
    p->width = width > WIDEST ? WIDEST : width;
    page_box(p, FAINT, "Protected against");
    for (size_t i = 0; i < 3; i++) {
        static const struct {
            const char *sign, *word;
            enum style style;
        } marks[] = {
            [AIM_REACHED] = {"✓", "", GOOD}, [AIM_MISSED] = {"✗", "NO: ", BAD}, [AIM_OPEN] = {"–", "", WARNING}};
        page_to(p, MARK);
        page_put(p, marks[aims[i].state].style, marks[aims[i].state].sign);
        page_to(p, LABEL);
        page_put(p, STRONG, aims[i].against);
        page_to(p, VALUE);
        page_put(p, BAD, marks[aims[i].state].word);
        page_words(p, PLAIN, VALUE, aims[i].text);
        page_line(p);
    }
    times(r);
    traffic(r);
    if (r->d.incomplete || p->failed) {
        page_to(p, LABEL);
        page_put(p, WARNING, "This story has gaps: there was not enough memory.");
        page_line(p);
    }
    page_box_end(p, FAINT);
    p->width = width;
}

/* One line for a connection of a server. */
void text_connection_line(struct report *r, int exit_code, const char *why)
{
    struct page *p = &r->page;
    const struct dissection *d = &r->d;
    const struct traffic *in = &d->traffic[d->role == FEDE_SERVER ? FEDE_CLIENT : FEDE_SERVER],
                         *out = &d->traffic[d->role == FEDE_SERVER ? FEDE_SERVER : FEDE_CLIENT];
    bool good = exit_code == 0 && d->error == NULL && !r->failed_said;
    char line[300];
    struct text t = text_in(line, sizeof line);
    if (r->options.times)
        text_row(r, r->now_us, false);
    page_put(p, good ? GOOD : BAD, good ? "✓" : "✗");
    page_to(p, 2);
    page_value(p, PLAIN, r->options.title);
    if (d->version != 0) {
        text_add(&t, " ");
        text_add(&t, version_title(d->version));
    }
    if (d->suite != 0) {
        text_add(&t, " ");
        text_add(&t, suite_title(d->suite));
    }
    if (d->group != 0) {
        text_add(&t, " ");
        text_add(&t, group_title(d->group));
    }
    page_value(p, PLAIN, line);
    if (d->alpn != NULL) {
        page_put(p, PLAIN, " ");
        page_value(p, PLAIN, d->alpn);
    }
    if (d->server_name != NULL) {
        page_put(p, PLAIN, " ");
        page_value(p, STRONG, d->server_name);
    }
    page_put(p, FAINT, " · ");
    if (good)
        page_put(p, GOOD, "ok");
    else
        page_put(p, BAD, r->failure[0] != '\0' ? r->failure : why != NULL && why[0] != '\0' ? why : "failed");
    page_put(p, FAINT, " · ");
    page_number(p, FAINT, in->bytes);
    page_put(p, FAINT, " B in, ");
    page_number(p, FAINT, out->bytes);
    page_put(p, FAINT, " B out · ");
    t = text_in(line, sizeof line);
    part(&t, "", r->now_us > r->zero_us ? r->now_us - r->zero_us : 0);
    page_put(p, FAINT, line);
    page_line(p);
}

/* ---- the trail ---- */

static void checks(struct report *r, const fede_verdict *v)
{
    /* In the order of the path, and in each certificate in the order made. */
    size_t number = 0;
    for (unsigned at = 0; at <= UINT8_MAX; at++) {
        bool headed = false;
        for (size_t i = 0; i < v->n_checks; i++) {
            if (v->checks[i].certificate != at)
                continue;
            if (!headed) {
                char title[300];
                struct text t = text_in(title, sizeof title);
                if (at < v->path_len)
                    certificate_title(v->path[at], &t);
                page_to(&r->page, AT_TEXT);
                bool anchor = at > 0 && at + 1u == v->path_len && v->accepted;
                page_put(&r->page, FAINT, at == 0 ? "leaf" : anchor ? "anchor" : "issuer");
                page_to(&r->page, AT_TEXT + 7);
                page_value_words(&r->page, PLAIN, AT_TEXT + 7, title);
                page_line(&r->page);
                headed = true;
            }
            text_check(r, &v->checks[i], ++number, &trail_look);
        }
    }
}

void text_check(struct report *r, const fede_check *c, size_t number, const struct check_look *look)
{
    const struct {
        const char *sign, *word;
        enum style style;
    } outcomes[] = {
        {"–", "unknown", WARNING}, {"✓", look->passed, GOOD}, {"✗", look->failed, BAD}, {"–", "not checked", WARNING}};
    struct page *p = &r->page;
    unsigned outcome = c->outcome < sizeof outcomes / sizeof *outcomes ? c->outcome : 0;
    char digits[24], detail[sizeof c->detail + 1];
    snprintf(digits, sizeof digits, "%zu", number);
    page_right(p, FAINT, look->number, digits);
    page_to(p, look->sign);
    page_put(p, outcomes[outcome].style, outcomes[outcome].sign);
    page_to(p, look->name);
    page_put(p, PLAIN, fede_check_name(c->kind));
    page_to(p, look->detail);
    page_put(p, outcomes[outcome].style, outcomes[outcome].word);
    snprintf(detail, sizeof detail, "%.*s", (int)sizeof c->detail, c->detail);
    if (detail[0] == '\0' && c->outcome == FEDE_FAILED)
        snprintf(detail, sizeof detail, "%s", fede_reason_name(c->reason));
    if (detail[0] != '\0') {
        page_put(p, outcomes[outcome].style, outcomes[outcome].word[0] != '\0' ? ":" : "");
        page_to(p, p->column > look->detail ? p->column + 1 : look->detail);
        page_words(p, c->outcome == FEDE_FAILED ? BAD : look->style, look->detail, detail);
    }
    page_line(p);
}

/* As curl says it. */
static void san_line(struct report *r, const fede_verdict *v)
{
    for (size_t i = 0; i < v->n_checks; i++) {
        const fede_check *c = &v->checks[i];
        if (c->kind != FEDE_CHECK_NAME || c->outcome != FEDE_PASSED || v->name == NULL)
            continue;
        char line[700];
        struct text t = text_in(line, sizeof line);
        text_add(&t, "subjectAltName: host \"");
        text_add(&t, v->name);
        text_add(&t, "\" matched the certificate");
        text_note(r, PLAIN, line);
        return;
    }
}

/* ---- the box ---- */

static void times(struct report *r)
{
    char line[300];
    struct text t = text_in(line, sizeof line);
    if (r->d.opened) {
        text_number(&t, r->d.round_trips);
        text_add(&t, r->d.round_trips == 1 ? " round trip" : " round trips");
        part(&t, " · TLS ", r->d.opened_us - r->d.begun_us);
    } else {
        text_add(&t, "handshake not completed");
    }
    for (size_t i = 0; i < r->n_phases; i++) {
        if (r->phases[i].us < 20) /* an address was given, or a socket of this machine */
            continue;
        if (strcmp(r->phases[i].name, "dns") == 0)
            part(&t, " · DNS ", r->phases[i].us);
        if (strcmp(r->phases[i].name, "tcp") == 0)
            part(&t, " · TCP ", r->phases[i].us);
    }
    part(&t, " · total ", r->now_us > r->zero_us ? r->now_us - r->zero_us : 0);
    page_to(&r->page, 5);
    page_words(&r->page, PLAIN, 5, line);
    page_line(&r->page);
}

static void traffic(struct report *r)
{
    const struct dissection *d = &r->d;
    static const char *const says[][2] = {{"sent ", "received "}, {"client ", "server "}};
    uint8_t us = d->role == FEDE_SERVER ? FEDE_SERVER : FEDE_CLIENT;
    char line[300];
    struct text words = text_in(line, sizeof line);
    for (size_t i = 0; i < 2; i++) {
        const struct traffic *t = &d->traffic[i == 0 ? us : FEDE_CLIENT + FEDE_SERVER - us];
        char bytes_sent[32], records[32];
        text_add(&words, i == 0 ? "" : " · ");
        text_add(&words, says[r->options.onlooker][i]);
        text_add(&words, page_grouped(bytes_sent, t->bytes));
        text_add(&words, t->bytes == 1 ? " byte in " : " bytes in ");
        text_add(&words, page_grouped(records, t->records));
        text_add(&words, t->records == 1 ? " record" : " records");
    }
    page_to(&r->page, 5);
    page_words(&r->page, PLAIN, 5, line);
    page_line(&r->page);
}

static void part(struct text *t, const char *name, uint64_t us)
{
    text_add(t, name);
    if (us >= 10000000) {
        text_number(t, (int64_t)(us / 1000000));
        text_char(t, '.');
        text_char(t, (char)('0' + us / 100000 % 10));
        text_add(t, " s");
        return;
    }
    text_number(t, (int64_t)(us / 1000));
    text_char(t, '.');
    text_char(t, (char)('0' + us / 100 % 10));
    if (us < 1000)
        text_char(t, (char)('0' + us / 10 % 10));
    text_add(t, " ms");
}
