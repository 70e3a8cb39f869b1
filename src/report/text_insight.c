/* report/text_insight.c: what a look back at the connection shows, as text.

   From -v on: what was offered and what was taken, and which checks were made again; at every level why an alert came and
   what is remarkable (by default warnings and worse). With -vvv and --show-secrets the derived values, step by step, and
   the parts that protect each record. */
#include "explain/alerts.h"
#include "explain/findings.h"
#include "explain/offers.h"
#include "report/phrases.h"
#include "report/report.h"

enum { FIELDS = 2, EVERY_BYTE = 4, INSIDE = AT_TEXT + 2 };

static void offers(struct report *r);
static const char *alike(struct report *r, const struct offers *o, size_t first, bool *told);
static void alerts(struct report *r, int64_t at);
static void verdicts(struct report *r);
static void findings(struct report *r, int64_t at);
static void part(struct report *r, const struct derived_part *p);
static void hex_lines(struct report *r, enum style style, unsigned indent, bytes b);
static void heading(struct report *r, const char *tag, const char *text);

void text_insight(struct report *r)
{
    int64_t at = report_judged_at(r);
    if (r->options.level >= FIELDS) {
        offers(r);
        verdicts(r);
        text_derived(r);
    }
    alerts(r, at);
    findings(r, at);
}

/* ---- offer and choice ---- */

static void offers(struct report *r)
{
    static const struct {
        const char *sign;
        enum style style;
    } marks[] = {[OFFER_TAKEN] = {"✓", GOOD},   [OFFER_LEFT] = {"–", PLAIN},  [OFFER_EXCLUDED] = {"–", PLAIN},
                 [OFFER_SIGNAL] = {"–", FAINT}, [OFFER_UNASKED] = {"✗", BAD}, [OFFER_UNANSWERED] = {"–", WARNING}};
    struct page *p = &r->page;
    struct offers o = offers_make(&r->scratch, &r->d);
    bool *told = o.n > 0 ? arena_take(&r->scratch, o.n * sizeof *told) : NULL;
    if (told == NULL)
        return;
    heading(r, "", "Offered by the client, taken by the server");
    int kind = OFFER_KINDS;
    for (size_t i = 0; i < o.n; i++) {
        if (told[i])
            continue;
        if (o.rows[i].kind != kind) {
            kind = o.rows[i].kind;
            page_to(p, AT_TAG);
            page_put(p, STRONG, offer_kind_title((enum offer_kind)kind));
            page_line(p);
        }
        page_to(p, AT_SIGN - 1);
        page_put(p, marks[o.rows[i].state].style, marks[o.rows[i].state].sign);
        page_to(p, AT_TEXT);
        page_value_parts(p, o.rows[i].state == OFFER_TAKEN ? STRONG : PLAIN, AT_TEXT, alike(r, &o, i, told), ", ");
        page_line(p);
        page_to(p, INSIDE);
        page_words(p, FAINT, INSIDE, o.rows[i].why);
        page_line(p);
    }
    if (o.cut) {
        page_to(p, AT_TEXT);
        page_put(p, WARNING, "not all is shown: no memory");
        page_line(p);
    }
}

/* The names of all offers that fell out as this one did, and for the same reason. */
static const char *alike(struct report *r, const struct offers *o, size_t first, bool *told)
{
    enum { NAME_MOST = 120 };
    size_t size = 1;
    for (size_t i = first; i < o->n; i++)
        size += NAME_MOST + (o->rows[i].text != NULL ? strlen(o->rows[i].text) : 0);
    char *names = arena_take(&r->scratch, size);
    if (names == NULL)
        return "";
    struct text t = text_in(names, size);
    for (size_t i = first; i < o->n && o->rows[i].kind == o->rows[first].kind; i++) {
        if (o->rows[i].state != o->rows[first].state || o->rows[i].why != o->rows[first].why)
            continue;
        text_add(&t, t.len > 0 ? ", " : "");
        if (o->rows[i].text != NULL)
            text_add(&t, o->rows[i].text);
        else
            field_registered(&t, o->rows[i].names, o->rows[i].number);
        told[i] = true;
    }
    return names;
}

/* ---- verdicts, alerts, findings ---- */

static void verdicts(struct report *r)
{
    static const struct {
        const char *sign, *word;
        enum style style;
    } outcomes[] = {{"–", "", WARNING}, {"✓", "verified", GOOD}, {"✗", "FAILED", BAD}, {"–", "not checkable", WARNING}};
    const struct derived *d = report_derived(r);
    if (d == NULL || d->n_verdicts == 0)
        return;
    heading(r, "", "Checked again from the messages");
    for (size_t i = 0; i < d->n_verdicts; i++) {
        const struct derived_verdict *v = &d->verdicts[i];
        struct page *p = &r->page;
        char title[120];
        struct text t = text_in(title, sizeof title);
        text_add(&t, v->title);
        if (v->certificate >= 0) {
            text_char(&t, ' ');
            text_number(&t, v->certificate);
        }
        text_add(&t, ": ");
        text_add(&t, outcomes[v->outcome & 3].word);
        text_sign(r, outcomes[v->outcome & 3].style, outcomes[v->outcome & 3].sign);
        page_to(p, AT_TEXT);
        page_words(p, PLAIN, AT_TEXT, title);
        page_line(p);
        page_to(p, INSIDE);
        page_words(p, FAINT, INSIDE, v->text);
        page_line(p);
    }
}

static void alerts(struct report *r, int64_t at)
{
    struct alert_reason reasons[2];
    size_t n = alert_reasons(&r->d, report_derived(r), at, reasons);
    for (size_t i = 0; i < n; i++) {
        struct page *p = &r->page;
        const struct alert_reason *a = &reasons[i];
        /* That a connection closes in order needs no reason. */
        if (a->description == FEDE_ALERT_CLOSE_NOTIFY && a->certainty == CERTAIN)
            continue;
        char line[700];
        struct text t = text_in(line, sizeof line);
        text_add(&t, "Why the ");
        text_add(&t, json_side(a->from));
        text_add(&t, " sent ");
        field_registered(&t, &alert_names, a->description);
        text_add(&t, ", ");
        text_add(&t, certainty_name(a->certainty));
        text_add(&t, ": ");
        text_add(&t, a->text);
        page_to(p, AT_TAG);
        page_put(p, WARNING, "WHY");
        page_to(p, AT_TEXT);
        page_words(p, PLAIN, AT_TEXT, line);
        page_line(p);
    }
}

static void findings(struct report *r, int64_t at)
{
    static const struct {
        const char *tag;
        enum style style;
    } marks[] = {{"", PLAIN}, {"NOTE", FAINT}, {"WARN", WARNING}, {"FLAW", BAD}};
    struct findings f = findings_make(&r->scratch, &r->d, report_derived(r), at);
    for (size_t i = 0; i < f.n; i++) {
        const struct finding *one = &f.rows[i];
        struct page *p = &r->page;
        if (one->row->severity < SEVERITY_WARNING && r->options.level < FIELDS)
            continue;
        page_to(p, AT_TAG);
        page_put(p, marks[one->row->severity & 3].style, marks[one->row->severity & 3].tag);
        page_to(p, AT_TEXT);
        char line[700];
        struct text t = text_in(line, sizeof line);
        text_add(&t, finding_sentence(one->row, p->language));
        if (one->detail[0] != '\0') {
            text_add(&t, " (");
            phrase_text(p->language, one->detail, &t);
            text_char(&t, ')');
        }
        page_value_words(p, one->row->severity == SEVERITY_ERROR ? BAD : PLAIN, AT_TEXT, line);
        page_line(p);
        if (r->options.level < FIELDS)
            continue;
        t = text_in(line, sizeof line);
        if (one->record != 0) {
            text_add(&t, json_side(one->from));
            text_add(&t, "'s record ");
            text_number(&t, (int64_t)one->record);
            text_add(&t, ", ");
        }
        text_add(&t, one->path);
        if (one->certificate >= 0) {
            text_add(&t, " ");
            text_number(&t, one->certificate);
        }
        text_add(&t, one->path[0] != '\0' ? ", " : "");
        text_add(&t, one->row->section);
        page_to(p, INSIDE);
        page_words(p, FAINT, INSIDE, line);
        page_line(p);
    }
}

/* ---- derived values ---- */

void text_derived(struct report *r)
{
    if (r->options.level < EVERY_BYTE || !r->options.show_secrets || r->derived_told)
        return;
    const struct derived *d = report_derived(r);
    if (d == NULL || d->n_values == 0)
        return;
    r->derived_told = true;
    heading(r, "", "Derived values, computed again");
    for (size_t i = 0; i < d->n_values; i++)
        text_derivation(r, d->values[i], true);
}

void text_derivation(struct report *r, const struct derivation *v, bool steps)
{
    struct page *p = &r->page;
    page_to(p, AT_TAG);
    page_put(p, SECRET, "KEY");
    page_to(p, AT_TEXT);
    page_put(p, STRONG, v->title);
    page_line(p);
    page_to(p, AT_TEXT);
    page_words(p, FAINT, AT_TEXT, v->method);
    page_to(p, p->column + 1);
    char section[120];
    snprintf(section, sizeof section, "(%s)", v->section);
    page_value_words(p, FAINT, AT_TEXT, section);
    page_line(p);
    for (size_t i = 0; i < v->n_inputs && steps; i++)
        part(r, &v->inputs[i]);
    for (size_t i = 0; i < v->n_steps && steps; i++)
        part(r, &v->steps[i]);
    for (size_t i = 0; i < v->n_outputs; i++)
        part(r, &v->outputs[i]);
    if (v->told.data != NULL) {
        bool agrees = bytes_equal_secret(v->told, v->value);
        text_sign(r, agrees ? GOOD : BAD, agrees ? "✓" : "✗");
        page_to(p, AT_TEXT);
        page_words(p, agrees ? PLAIN : BAD, AT_TEXT,
                   agrees ? "the same as the connection has" : "NOT what the connection has:");
        page_line(p);
        if (!agrees)
            hex_lines(r, BAD, INSIDE, v->told);
    }
    if (v->command != NULL && steps) {
        page_to(p, AT_TEXT);
        page_value_words(p, FAINT, INSIDE, v->command);
        page_line(p);
    }
}

static void part(struct report *r, const struct derived_part *one)
{
    struct page *p = &r->page;
    bool printable = one->value.len > 0 && strcmp(one->name, "label") == 0;
    char line[400];
    struct text t = text_in(line, sizeof line);
    phrase_text(p->language, one->name, &t);
    if (one->words != NULL || printable) {
        text_add(&t, ": ");
        phrase_text(p->language, one->words != NULL ? one->words : "", &t);
        if (printable)
            text_escaped(&t, one->value);
    } else {
        char size[40];
        snprintf(size, sizeof size, one->value.len == 1 ? " (%zu byte)" : " (%zu bytes)", one->value.len);
        phrase_text(p->language, size, &t);
    }
    page_to(p, AT_TEXT);
    page_value_words(p, one->secret ? SECRET : PLAIN, AT_TEXT, line);
    page_line(p);
    if (one->words == NULL && !printable)
        hex_lines(r, one->secret ? SECRET : PLAIN, INSIDE, one->value);
}

/* The parts that protect one record, beside its bytes. */
void text_protection(struct report *r, const fede_event *e)
{
    struct derived_record parts;
    if (!r->options.show_secrets || e->epoch == 0)
        return;
    bytes keys = report_keys(r);
    if (!derived_record(&r->d, keys, e->from, e->bytes, e->number, &parts))
        return;
    struct page *p = &r->page;
    const struct {
        const char *name;
        bytes value;
    } rows[] = {{"nonce", bytes_of(parts.nonce, parts.nonce_len)},
                {parts.nonce_len > 0 ? "additional data" : "before the content in the MAC",
                 bytes_of(parts.additional, parts.additional_len)},
                {"MAC inside", bytes_of(parts.mac, parts.mac_len)}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].value.len == 0)
            continue;
        page_to(p, AT_TEXT);
        page_put(p, SECRET, rows[i].name);
        page_line(p);
        hex_lines(r, SECRET, INSIDE, rows[i].value);
    }
    bool good = parts.outcome == VERDICT_VERIFIED;
    text_sign(r, good ? GOOD : BAD, good ? "✓" : "✗");
    page_to(p, AT_TEXT);
    char line[200];
    struct text t = text_in(line, sizeof line);
    text_add(&t, parts.nonce_len > 0 ? "tag" : "MAC");
    text_add(&t, good                              ? " recomputed: verified"
                 : parts.outcome == VERDICT_FAILED ? " recomputed: FAILED: "
                                                   : " not recomputed: ");
    text_add(&t, good ? "" : parts.why);
    if (good && parts.padding_len > 0) {
        text_add(&t, "; bytes of padding: ");
        text_number(&t, (int64_t)parts.padding_len);
    }
    page_put(p, good ? PLAIN : BAD, line);
    page_line(p);
}

static void hex_lines(struct report *r, enum style style, unsigned indent, bytes b)
{
    for (size_t at = 0; at < b.len; at += 16) {
        page_to(&r->page, indent);
        page_hex(&r->page, style, bytes_first(bytes_skip(b, at), r->page.width >= indent + 48 ? 16 : 8), " ");
        page_line(&r->page);
        if (r->page.width < indent + 48 && at + 8 < b.len) {
            page_to(&r->page, indent);
            page_hex(&r->page, style, bytes_first(bytes_skip(b, at + 8), 8), " ");
            page_line(&r->page);
        }
    }
}

static void heading(struct report *r, const char *tag, const char *text)
{
    page_to(&r->page, AT_TAG);
    page_put(&r->page, FAINT, tag[0] != '\0' ? tag : "*");
    page_to(&r->page, AT_TEXT);
    page_words(&r->page, STRONG, AT_TEXT, text);
    page_line(&r->page);
}
