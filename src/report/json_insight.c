/* report/json_insight.c: offers and choice, verdicts, derived values, alert reasons and findings as JSON (story.schema.json).

   Verdicts stand in every story; derived values and the nonces of records only where secrets may be shown. */
#include "explain/alerts.h"
#include "explain/findings.h"
#include "explain/offers.h"
#include "report/report.h"

static void offers(struct report *r, struct json_text *w);
static void verdicts(struct json_text *w, const struct derived *d);
static void alerts(struct report *r, struct json_text *w, int64_t at);
static void findings(struct report *r, struct json_text *w, int64_t at);
static void parts(struct json_text *w, const char *key, const struct derived_part *list, size_t n);

void json_insight(struct report *r, struct json_text *w)
{
    if (r->d.role == 0)
        return;
    int64_t at = report_judged_at(r);
    const struct derived *d = report_derived(r);
    offers(r, w);
    verdicts(w, d);
    if (r->options.show_secrets && d != NULL) {
        put_list(w, "derived");
        for (size_t i = 0; i < d->n_values; i++)
            json_derivation(w, d->values[i]);
        put_list_end(w);
    }
    alerts(r, w, at);
    findings(r, w, at);
    r->broken = r->broken || (d == NULL && r->d.n_handshake > 0) || (d != NULL && d->cut);
}

static void offers(struct report *r, struct json_text *w)
{
    struct offers o = offers_make(&r->scratch, &r->d);
    r->broken = r->broken || o.cut;
    put_object(w, "offers");
    for (int kind = 0; kind < OFFER_KINDS; kind++) {
        put_list(w, offer_kind_name((enum offer_kind)kind));
        for (size_t i = 0; i < o.n; i++) {
            const struct offer *one = &o.rows[i];
            if (one->kind != kind)
                continue;
            if (one->names != NULL) {
                put_registered_open(w, NULL, one->names, one->number);
            } else {
                put_object(w, NULL);
                put_words(w, "name", one->text);
            }
            put_words(w, "state", offer_state_name(one->state));
            put_words(w, "why", one->why);
            put_object_end(w);
        }
        put_list_end(w);
    }
    put_object_end(w);
}

static void verdicts(struct json_text *w, const struct derived *d)
{
    put_list(w, "verdicts");
    for (size_t i = 0; d != NULL && i < d->n_verdicts; i++) {
        const struct derived_verdict *v = &d->verdicts[i];
        put_object(w, NULL);
        put_words(w, "check", v->name);
        put_words(w, "title", v->title);
        put_words(w, "from", json_side(v->from));
        put_words(w, "outcome", verdict_outcome_name(v->outcome));
        put_words(w, "text", v->text);
        put_words(w, "section", v->section);
        if (v->certificate >= 0)
            put_number(w, "certificate", (uint64_t)v->certificate);
        if (v->input.len > 0 && v->certificate < 0)
            put_hex(w, "input", v->input);
        put_object_end(w);
    }
    put_list_end(w);
}

void json_derivation(struct json_text *w, const struct derivation *v)
{
    put_object(w, NULL);
    put_words(w, "name", v->name);
    put_words(w, "title", v->title);
    put_words(w, "method", v->method);
    put_words(w, "section", v->section);
    parts(w, "inputs", v->inputs, v->n_inputs);
    parts(w, "steps", v->steps, v->n_steps);
    parts(w, "outputs", v->outputs, v->n_outputs);
    put_hex(w, "value", v->value);
    if (v->told.data != NULL) {
        put_hex(w, "told", v->told);
        put_flag(w, "agrees", bytes_equal_secret(v->told, v->value));
    }
    if (v->command != NULL)
        put_words(w, "command", v->command);
    put_object_end(w);
}

static void parts(struct json_text *w, const char *key, const struct derived_part *list, size_t n)
{
    put_list(w, key);
    for (size_t i = 0; i < n; i++) {
        put_object(w, NULL);
        put_words(w, "name", list[i].name);
        if (list[i].words != NULL)
            put_words(w, "text", list[i].words);
        else
            put_hex(w, "bytes", list[i].value);
        put_object_end(w);
    }
    put_list_end(w);
}

static void alerts(struct report *r, struct json_text *w, int64_t at)
{
    struct alert_reason reasons[2];
    put_list(w, "alert_reasons");
    size_t n = alert_reasons(&r->d, report_derived(r), at, reasons);
    for (size_t i = 0; i < n; i++) {
        put_object(w, NULL);
        put_words(w, "from", json_side(reasons[i].from));
        put_registered(w, "level", &alert_level_names, reasons[i].level);
        put_registered(w, "description", &alert_names, reasons[i].description);
        put_words(w, "certainty", certainty_name(reasons[i].certainty));
        put_words(w, "text", reasons[i].text);
        put_object_end(w);
    }
    put_list_end(w);
}

static void findings(struct report *r, struct json_text *w, int64_t at)
{
    struct findings f = findings_make(&r->scratch, &r->d, report_derived(r), at);
    put_list(w, "findings");
    r->broken = r->broken || f.cut;
    for (size_t i = 0; i < f.n; i++) {
        const struct finding *one = &f.rows[i];
        char name[60];
        struct text t = text_in(name, sizeof name);
        finding_name(one->row, &t);
        put_object(w, NULL);
        put_words(w, "finding", name);
        put_words(w, "severity", severity_name(one->row->severity));
        put_words(w, "sentence", finding_sentence(one->row, r->options.language));
        put_words(w, "section", one->row->section);
        if (one->detail[0] != '\0')
            put_words(w, "detail", one->detail);
        if (one->from != 0)
            put_words(w, "from", json_side(one->from));
        if (one->path[0] != '\0')
            put_words(w, "path", one->path);
        if (one->record != 0)
            put_number(w, "record", one->record);
        if (one->certificate >= 0)
            put_number(w, "certificate", (uint64_t)one->certificate);
        put_object_end(w);
    }
    put_list_end(w);
}

void json_protection(struct report *r, struct json_text *w, const fede_event *e)
{
    struct derived_record p;
    bytes keys = report_keys(r);
    if (!derived_record(&r->d, keys, e->from, e->bytes, e->number, &p))
        return;
    put_object(w, "protection");
    if (p.explicit_nonce.len > 0)
        put_hex(w, "nonce_explicit", p.explicit_nonce);
    if (r->options.show_secrets && p.nonce_len > 0) /* it has the secret IV in it */
        put_hex(w, "nonce", bytes_of(p.nonce, p.nonce_len));
    put_hex(w, "additional_data", bytes_of(p.additional, p.additional_len));
    if (p.tag.len > 0)
        put_hex(w, "tag", p.tag);
    if (p.mac_len > 0 && r->options.show_secrets)
        put_hex(w, "mac", bytes_of(p.mac, p.mac_len));
    if (p.padding_len > 0)
        put_number(w, "padding_length", p.padding_len);
    put_words(w, "outcome", verdict_outcome_name(p.outcome));
    put_object_end(w);
}
