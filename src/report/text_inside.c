/* report/text_inside.c: HTTP, DNS and packets in the text story. At the default level a line for each request and answer and
   one for the names; -v adds headers, -vv frames and packets. */
#include "report/inside.h"

enum { FIELDS = 2, ALL = 3 };

static void row(struct report *r, uint8_t from, uint64_t at_us, bool in_clear)
{
    enum style style = from == FEDE_CLIENT ? CLIENT_SIDE : SERVER_SIDE;
    bool onlooker = r->options.onlooker;
    bool right = onlooker ? from == FEDE_CLIENT : from == r->d.role;
    text_title(r);
    text_row(r, at_us, true);
    page_put(&r->page, style, onlooker ? (right ? "CLI" : "SRV") : right ? "OUT" : "IN");
    text_sign(r, style, right ? (in_clear ? "→" : "⇒") : in_clear ? "←" : "⇐");
    page_to(&r->page, AT_TEXT);
}

static void parts(struct report *r, enum style style, unsigned column, const char *words)
{
    page_to(&r->page, column);
    page_parts(&r->page, style, column, words, "; ");
    page_line(&r->page);
}

static void done(struct report *r)
{
    page_write(&r->page, r->options.out);
}

void text_inside_head(struct report *r, const struct inside_story *s, const struct inside_message *m)
{
    char title[800], facts[1200];
    struct text t = text_in(title, sizeof title), f = text_in(facts, sizeof facts);
    if (!r->options.onlooker)
        return;
    inside_title(m, &t);
    inside_facts(m, &f);
    row(r, m->from, m->first.at_us, s->in_clear);
    page_value_words(&r->page, STRONG, AT_TEXT, title);
    if (r->page.column > AT_FACTS - 1)
        page_line(&r->page);
    parts(r, PLAIN, AT_FACTS, facts);
    for (size_t i = 0; r->options.level >= FIELDS && i < m->n_head; i++) {
        char words[1000];
        struct text w = text_in(words, sizeof words);
        text_add(&w, m->from == FEDE_CLIENT ? "> " : "< ");
        text_escaped(&w, m->headers[i].name);
        text_add(&w, ": ");
        bytes value = m->headers[i].value;
        if (inside_hidden(r, m->headers[i].name))
            text_add(&w, "(hidden)");
        else
            text_escaped(&w, bytes_first(value, 200));
        text_add(&w, value.len > 200 ? "..." : "");
        text_note(r, PLAIN, words);
    }
    if (r->options.level >= FIELDS && m->headers_cut)
        text_note(r, FAINT, "there are more headers than are kept");
    done(r);
}

void text_inside_message(struct report *r, const struct inside_story *s, const struct inside_message *m)
{
    char words[400];
    struct text t = text_in(words, sizeof words);
    if (!r->options.onlooker || (m->content == 0 && m->complete && m->problem == NULL))
        return;
    inside_content(m, &t);
    row(r, m->from, m->last.at_us, s->in_clear);
    parts(r, m->problem != NULL ? WARNING : PLAIN, AT_TEXT, words);
    done(r);
}

void text_inside_frame(struct report *r, const struct inside_frame *f)
{
    char words[800], digits[24];
    struct text t = text_in(words, sizeof words);
    row(r, f->from, f->place.at_us, false);
    page_put(&r->page, FAINT, "HTTP/2 ");
    if (f->name != NULL) {
        page_put(&r->page, FAINT, f->name);
    } else {
        page_put(&r->page, FAINT, "frame of type ");
        page_number(&r->page, FAINT, f->type);
    }
    snprintf(digits, sizeof digits, "%u", (unsigned)f->length);
    page_right(&r->page, FAINT, AT_BYTES, digits);
    text_add(&t, "stream ");
    text_number(&t, f->stream);
    if (f->detail[0] != '\0') {
        text_add(&t, "; ");
        text_add(&t, f->detail);
    }
    parts(r, FAINT, AT_FACTS, words);
    done(r);
}

void text_inside_line(struct report *r, const struct inside_story *s, uint8_t from, bytes line,
                      const struct inside_place *at)
{
    char words[600];
    struct text t = text_in(words, sizeof words);
    text_escaped(&t, bytes_first(line, 140));
    text_add(&t, line.len > 140 ? "..." : "");
    row(r, from, at->at_us, s->in_clear);
    page_value_words(&r->page, PLAIN, AT_TEXT, words);
    page_line(&r->page);
    done(r);
}

/* ---- DNS ---- */

static void took(struct text *t, uint64_t us)
{
    char number[32];
    snprintf(number, sizeof number, "%llu.%03u ms", (unsigned long long)(us / 1000), (unsigned)(us % 1000));
    text_add(t, number);
}

void text_dns(struct report *r, const struct dns_answer *const list[], size_t n)
{
    if (r->options.level < 1)
        return;
    for (size_t i = 0; i < n; i++) {
        const struct dns_answer *a = list[i];
        char words[3000];
        struct text t = text_in(words, sizeof words);
        dns_chain(a, &t);
        text_add(&t, "; ");
        dns_type_name(a->type, &t);
        text_add(&t, "; id ");
        text_hex_number(&t, a->id, 4);
        if (a->asked_us != 0) {
            text_add(&t, "; answered in ");
            took(&t, a->at_us - a->asked_us);
        }
        text_title(r);
        text_row(r, a->at_us, true);
        page_put(&r->page, PLAIN, "DNS");
        parts(r, a->rcode != 0 ? WARNING : PLAIN, AT_TEXT, words);
        if (r->options.level < FIELDS)
            continue;
        t = text_in(words, sizeof words);
        text_add(&t, "packet ");
        if (a->asked_packet != 0) {
            text_number(&t, (int64_t)a->asked_packet);
            text_add(&t, " asks, ");
        }
        text_number(&t, (int64_t)a->packet);
        text_add(&t, a->tcp ? " answers over TCP; " : " answers; ");
        dns_rcode_name(a->rcode, &t);
        text_add(&t, "; ");
        dns_flag_words(a->flags, &t);
        text_note(r, PLAIN, words);
        for (size_t k = 0; k < a->n; k++) {
            const struct dns_record *record = &a->records[k];
            t = text_in(words, sizeof words);
            text_add(&t, record->name[0] != '\0' ? record->name : ".");
            text_char(&t, ' ');
            dns_type_name(record->type, &t);
            text_char(&t, ' ');
            text_add(&t, record->text);
            text_add(&t, "; valid for ");
            text_number(&t, record->ttl);
            text_add(&t, " s");
            text_note(r, PLAIN, words);
        }
    }
    done(r);
}

/* ---- packets ---- */

static void mac(struct text *t, const uint8_t address[6])
{
    for (int i = 0; i < 6; i++) {
        text_add(t, i > 0 ? ":" : "");
        text_hex(t, bytes_of(address + i, 1));
    }
}

void text_packets(struct report *r, const struct stream *s, uint8_t client)
{
    const struct around *a = s->around;
    if (a == NULL || a->n == 0 || r->options.level < ALL)
        return;
    page_line(&r->page);
    page_put(&r->page, STRONG, "  packets");
    page_line(&r->page);
    if (a->packets[0].mac) {
        char words[100];
        struct text t = text_in(words, sizeof words);
        mac(&t, a->packets[0].mac_from);
        text_add(&t, " → ");
        mac(&t, a->packets[0].mac_to);
        page_to(&r->page, AT_TAG);
        page_put(&r->page, FAINT, words);
        page_line(&r->page);
    }
    for (size_t i = 0; i < a->n; i++) {
        const struct trail_packet *p = &a->packets[i];
        char words[300], number[32];
        uint32_t seq, ack;
        struct text t = text_in(words, sizeof words);
        around_relative(s, p, &seq, &ack);
        snprintf(number, sizeof number, "%llu", (unsigned long long)p->number);
        page_right(&r->page, FAINT, AT_TIME, number);
        page_to(&r->page, AT_TAG);
        page_put(&r->page, p->side == client ? CLIENT_SIDE : SERVER_SIDE, p->side == client ? "CLI" : "SRV");
        page_to(&r->page, AT_TEXT);
        tcp_flag_words(p->flags, &t);
        text_add(&t, "; sequence ");
        text_number(&t, seq);
        if (p->flags & TCP_ACK) {
            text_add(&t, "; acknowledges ");
            text_number(&t, ack);
        }
        text_add(&t, "; ");
        text_number(&t, p->len);
        text_add(&t, " bytes in ");
        text_number(&t, p->wire_len);
        text_add(&t, "; ");
        took(&t, report_since(r, p->at_us));
        page_parts(&r->page, PLAIN, AT_TEXT, words, "; ");
        page_line(&r->page);
    }
    if (a->left_out > 0) {
        page_to(&r->page, AT_TEXT);
        page_number(&r->page, FAINT, a->left_out);
        page_put(&r->page, FAINT, " more packets");
        page_line(&r->page);
    }
    done(r);
}
