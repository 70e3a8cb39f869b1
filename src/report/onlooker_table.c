/* report/onlooker_table.c: the table of connections and what the captures hold in all, in text and in JSON.

   A row is kept of each connection when it ends. A story in JSON has the rows, the totals, the problems with files and the exit
   status behind the connections. */
#include "report/onlooker_parts.h"

#include <stdlib.h>

static char *kept(const char *text)
{
    size_t len = strlen(text) + 1;
    char *copy = malloc(len);
    if (copy != NULL)
        bytes_copy(copy, text, len);
    return copy;
}

void table_keep(struct look *l, struct session *s, const struct dissection *d, const char *words)
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

static int by_number(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

void table_sort(struct look *l)
{
    if (l->n_rows > 0)
        qsort(l->rows, l->n_rows, sizeof *l->rows, by_number);
}

/* What else is in the capture, where there is no table. */
void table_around(struct look *l)
{
    const struct report_options *o = &l->request->report;
    struct page p;
    if (o->level < 1 || o->diagram)
        return;
    page_start(&p, o->width, o->colour, o->utf8);
    p.language = o->language;
    around_text(&l->analysis, &l->comments, &p);
    if (p.len > 0)
        page_line(&p);
    page_write(&p, o->out);
    page_end(&p);
}

void table_tell(struct look *l)
{
    enum { AT_NUMBER = 5, AT_ROW = 7, AT_OUTCOME = 52 };
    const struct report_options *o = &l->request->report;
    struct page p;
    page_start(&p, o->width, o->colour, o->utf8);
    p.language = o->language;
    table_sort(l);
    for (size_t i = 0; i < l->n_rows; i++) {
        const struct row *r = &l->rows[i];
        char text[300], number[32];
        if (l->request->select != NULL && !select_wants(&l->selection, r->number))
            continue;
        snprintf(number, sizeof number, "%u", r->number);
        page_right(&p, FAINT, AT_NUMBER, number);
        page_to(&p, AT_ROW);
        page_value(&p, CLIENT_SIDE, r->client);
        page_put(&p, FAINT, " → ");
        page_value(&p, SERVER_SIDE, r->server);
        page_put(&p, PLAIN, "  ");
        if (r->name != NULL)
            page_value_words(&p, STRONG, AT_ROW, r->name);
        else
            page_words(&p, STRONG, AT_ROW, r->plain ? "" : "(no SNI)");
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
    table_totals(l, &t);
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

void table_totals(struct look *l, struct text *t)
{
    const struct analysis *a = &l->analysis;
    look_count(t, a->packets, "packet", "packets");
    look_count(t, l->secured, "TLS connection", "TLS connections");
    look_count(t, a->other, "TCP connection without TLS", "TCP connections without TLS");
    look_count(t, a->datagrams.n, "connection of DTLS or QUIC", "connections of DTLS or QUIC");
    look_count(t, a->layers.broken, "packet with broken headers", "packets with broken headers");
    look_count(t, a->layers.unknown_link, "packet of a link type that is not read",
          "packets of link types that are not read");
    look_count(t, a->left_out + a->layers.fragments_lost, "block or fragment left out", "blocks or fragments left out");
    look_count(t, a->dropped, "packet lost in capturing", "packets lost in capturing");
    look_count(t, l->secrets.used, "secret known", "secrets known");
    look_count(t, l->secrets.foreign, "line of key logs not understood", "lines of key logs not understood");
}

void whole_begin(struct look *l)
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

void whole_finish(struct look *l, enum onlooker_outcome outcome, const char *why)
{
    static const int codes[] = {0, 1, 3, 9, 12, 1, 13};
    FILE *out = l->request->report.out;
    bool lines = look_is_lines(l);
    if (l->request->follow != 0 || (!lines && l->request->report.form != REPORT_JSON))
        return;
    char words[400];
    struct text t = text_in(words, sizeof words);
    struct json_text end = {0}, *w = &end;
    table_sort(l);
    put_object(w, NULL);
    if (lines) {
        put_number(w, "story", 1);
        put_words(w, "event", "capture");
    }
    put_list(w, "table");
    for (size_t i = 0; i < l->n_rows; i++)
        put_row(w, &l->rows[i]);
    put_list_end(w);
    table_totals(l, &t);
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
