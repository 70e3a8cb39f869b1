/* report/json_result.c: what a connection came to, in JSON: what was chosen, who the peer is and whether that was verified,
   what it is protected against, how much went over it, how it ended. */
#include "explain/ssl2.h"
#include "report/json_parts.h"
#include "report/report.h"

/* What a permission was needed for, its last day, and why it was given. */
static void put_quarantine(const struct dissection *d, struct json_text *w)
{
    char day[16];
    report_quarantine_day(d, day);
    put_object(w, "quarantine");
    put_list(w, "used");
    for (unsigned i = 0; i < QUARANTINE_PARTS; i++)
        if (report_quarantined(d, i) != NULL)
            put_words(w, NULL, report_quarantined(d, i));
    put_list_end(w);
    put_words(w, "until", day);
    put_words(w, "reason", d->legacy_reason != NULL ? d->legacy_reason : "");
    put_object_end(w);
}

void json_choice(struct report *r, struct json_text *w)
{
    const struct dissection *d = &r->d;
    if (d->version != 0)
        put_registered(w, "version", &version_names, d->version);
    if (d->suite != 0)
        put_registered(w, "cipher_suite", &suite_names, d->suite);
    if (d->group != 0)
        put_registered(w, "group", &group_names, d->group);
    if (d->scheme != 0)
        put_registered(w, "signature_scheme", &scheme_names, d->scheme);
    if (d->client_shown >= 0)
        put_flag(w, "client_certificate", d->client_shown);
    if (d->client_none != NULL)
        put_words(w, "no_client_certificate", d->client_none);
    if (d->client_scheme != 0)
        put_registered(w, "client_signature_scheme", &scheme_names, d->client_scheme);
    if (d->alpn != NULL)
        put_words(w, "alpn", d->alpn);
    if (d->extended >= 0)
        put_flag(w, "extended_master_secret", d->extended);
    if (d->false_start)
        put_flag(w, "false_start", true);
    if (d->renegotiations > 0)
        put_number(w, "renegotiations", d->renegotiations);
    if (d->legacy != 0)
        put_quarantine(d, w);
    if (d->resumed || d->not_resumed != NULL)
        put_flag(w, "resumed", d->resumed);
    if (d->not_resumed != NULL)
        put_words(w, "not_resumed", d->not_resumed);
}

void json_certificates(struct report *r, struct json_text *w)
{
    put_list(w, "certificates");
    for (size_t i = 0; i < r->d.n_certificates; i++) {
        struct card_row rows[CARD_ROWS];
        size_t n = certificate_card(r->d.certificates[i], report_judged_at(r), rows);
        put_object(w, NULL);
        for (size_t k = 0; k < n; k++)
            put_words(w, strcmp(rows[k].label, "SHA-256") == 0 ? "sha256" : rows[k].label, rows[k].value);
        put_hex(w, "der", r->d.certificates[i]);
        put_object_end(w);
    }
    put_list_end(w);
}

static void put_path(struct json_text *w, const fede_bytes *path, size_t n)
{
    put_list(w, "path");
    for (size_t i = 0; i < n; i++) {
        char title[300];
        struct text t = text_in(title, sizeof title);
        certificate_title(path[i], &t);
        put_object(w, NULL);
        put_words(w, "title", title);
        put_hex(w, "der", path[i]);
        put_object_end(w);
    }
    put_list_end(w);
}

static void put_checks(struct json_text *w, const fede_check *checks, size_t n)
{
    static const char *const outcomes[] = {"unknown", "passed", "failed", "not checked"};
    put_list(w, "checks");
    for (size_t i = 0; i < n; i++) {
        const fede_check *c = &checks[i];
        char detail[sizeof c->detail + 1];
        snprintf(detail, sizeof detail, "%.*s", (int)sizeof c->detail, c->detail);
        put_object(w, NULL);
        put_words(w, "check", fede_check_name(c->kind));
        put_number(w, "certificate", c->certificate);
        put_words(w, "outcome", outcomes[c->outcome < 4 ? c->outcome : 0]);
        if (c->outcome == FEDE_FAILED)
            put_words(w, "reason", fede_reason_name(c->reason));
        if (detail[0] != '\0')
            put_words(w, "detail", detail);
        put_object_end(w);
    }
    put_list_end(w);
}

void json_verification(struct json_text *w, const fede_verdict *v, bool client)
{
    char judged[JSON_ISO];
    json_iso(judged, v->at, -1);
    put_flag(w, "accepted", v->accepted);
    if (v->name != NULL)
        put_words(w, "name", v->name);
    put_words(w, "judged_at", judged);
    if (!v->accepted) {
        char sentence[900];
        struct text t = text_in(sentence, sizeof sentence);
        verdict_sentence(v, client, &t);
        put_words(w, "reason", fede_reason_name(v->reason));
        put_words(w, "text", sentence);
    }
    put_path(w, v->path, v->path_len);
    put_checks(w, v->checks, v->n_checks);
    if (v->n_attempts == 0 && v->attempts_more == 0)
        return;
    put_list(w, "attempts");
    for (size_t i = 0; i < v->n_attempts; i++) {
        const fede_attempt *a = &v->attempts[i];
        put_object(w, NULL);
        put_flag(w, "whole", a->whole);
        put_words(w, "why", a->why);
        if (a->reason != FEDE_OK)
            put_words(w, "reason", fede_reason_name(a->reason));
        put_path(w, a->path, a->path_len);
        put_checks(w, a->checks, a->n_checks);
        put_object_end(w);
    }
    put_list_end(w);
    if (v->attempts_more > 0)
        put_number(w, "attempts_more", v->attempts_more);
}

void json_aims(struct report *r, struct json_text *w)
{
    static const char *const states[] = {"undecided", "yes", "no", "undecided"};
    struct aim list[3];
    dissection_aims(&r->d, list);
    put_object(w, "protected_against");
    for (size_t i = 0; i < 3; i++) {
        put_object(w, list[i].against);
        put_words(w, "protected", states[list[i].state < 4 ? list[i].state : 0]);
        put_words(w, "text", list[i].text);
        put_object_end(w);
    }
    put_object_end(w);
}

void json_traffic(struct report *r, struct json_text *w, uint8_t from)
{
    const struct traffic *t = &r->d.traffic[from];
    put_object(w, json_side(from));
    put_number(w, "records", t->records);
    put_number(w, "bytes", t->bytes);
    put_number(w, "data_records", t->data_records);
    put_number(w, "data_bytes", t->data_bytes);
    put_object_end(w);
}

/* The engine opens a connection only with these in hand. */
void json_proofs(struct report *r, struct json_text *w)
{
    const struct dissection *d = &r->d;
    put_number(w, "round_trips", d->round_trips);
    put_number(w, "handshake_us", d->opened_us - d->begun_us);
    put_object(w, "proofs");
    if (d->role == FEDE_CLIENT && d->scheme != 0)
        put_words(w, "key_exchange_signature", "verified");
    if (d->version != SSL2_VERSION)
        put_words(w, "peer_finished", "verified");
    put_object_end(w);
}

void json_closing(struct json_text *w, unsigned ending)
{
    put_object(w, "ending");
    put_flag(w, "peer_close_notify", ending & FEDE_PEER_CLOSED);
    put_flag(w, "our_close_notify", ending & FEDE_WE_CLOSED);
    put_flag(w, "transport_ended", ending & FEDE_TRANSPORT_ENDED);
    put_flag(w, "failed", ending & FEDE_ENDED_BADLY);
    put_object_end(w);
}
