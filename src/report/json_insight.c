/* report/json_insight.c: offers and choice, verdicts, derived values, alert reasons and findings as JSON (story.schema.json).

   Verdicts stand in every story; derived values and the nonces of records only where secrets may be shown. */
#include "explain/alerts.h"
#include "explain/findings.h"
#include "explain/offers.h"
#include "report/report.h"

static json_t *offers(struct report *r);
static json_t *verdicts(struct report *r, const struct derived *d);
static json_t *alerts(struct report *r, int64_t at);
static json_t *findings(struct report *r, int64_t at);
static json_t *parts(struct report *r, const struct derived_part *list, size_t n);

void json_insight(struct report *r, json_t *story)
{
    if (r->d.role == 0)
        return;
    int64_t at = report_judged_at(r);
    const struct derived *d = report_derived(r);
    json_set(r, story, "offers", offers(r));
    json_set(r, story, "verdicts", verdicts(r, d));
    if (r->options.show_secrets && d != NULL) {
        json_t *list = json_array();
        for (size_t i = 0; i < d->n_values; i++)
            json_add(r, list, json_derivation(r, d->values[i]));
        json_set(r, story, "derived", list);
    }
    json_set(r, story, "alert_reasons", alerts(r, at));
    json_set(r, story, "findings", findings(r, at));
    r->broken = r->broken || (d == NULL && r->d.n_handshake > 0) || (d != NULL && d->cut);
}

static json_t *offers(struct report *r)
{
    json_t *all = json_object();
    struct offers o = offers_make(&r->scratch, &r->d);
    r->broken = r->broken || o.cut;
    for (int kind = 0; kind < OFFER_KINDS; kind++) {
        json_t *list = json_array();
        for (size_t i = 0; i < o.n; i++) {
            const struct offer *one = &o.rows[i];
            if (one->kind != kind)
                continue;
            json_t *row = one->names != NULL ? json_registered(r, one->names, one->number) : json_object();
            if (one->names == NULL)
                json_set(r, row, "name", json_words(r, one->text));
            json_set(r, row, "state", json_words(r, offer_state_name(one->state)));
            json_set(r, row, "why", json_words(r, one->why));
            json_add(r, list, row);
        }
        json_set(r, all, offer_kind_name((enum offer_kind)kind), list);
    }
    return all;
}

static json_t *verdicts(struct report *r, const struct derived *d)
{
    json_t *list = json_array();
    for (size_t i = 0; d != NULL && i < d->n_verdicts; i++) {
        const struct derived_verdict *v = &d->verdicts[i];
        json_t *o = json_object();
        json_set(r, o, "check", json_words(r, v->name));
        json_set(r, o, "title", json_words(r, v->title));
        json_set(r, o, "from", json_words(r, json_side(v->from)));
        json_set(r, o, "outcome", json_words(r, verdict_outcome_name(v->outcome)));
        json_set(r, o, "text", json_words(r, v->text));
        json_set(r, o, "section", json_words(r, v->section));
        if (v->certificate >= 0)
            json_set(r, o, "certificate", json_integer(v->certificate));
        if (v->input.len > 0 && v->certificate < 0)
            json_set(r, o, "input", json_hex(r, v->input));
        json_add(r, list, o);
    }
    return list;
}

json_t *json_derivation(struct report *r, const struct derivation *v)
{
    json_t *o = json_object();
    json_set(r, o, "name", json_words(r, v->name));
    json_set(r, o, "title", json_words(r, v->title));
    json_set(r, o, "method", json_words(r, v->method));
    json_set(r, o, "section", json_words(r, v->section));
    json_set(r, o, "inputs", parts(r, v->inputs, v->n_inputs));
    json_set(r, o, "steps", parts(r, v->steps, v->n_steps));
    json_set(r, o, "outputs", parts(r, v->outputs, v->n_outputs));
    json_set(r, o, "value", json_hex(r, v->value));
    if (v->told.data != NULL) {
        json_set(r, o, "told", json_hex(r, v->told));
        json_set(r, o, "agrees", json_boolean(bytes_equal_secret(v->told, v->value)));
    }
    if (v->command != NULL)
        json_set(r, o, "command", json_words(r, v->command));
    return o;
}

static json_t *parts(struct report *r, const struct derived_part *list, size_t n)
{
    json_t *array = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *o = json_object();
        json_set(r, o, "name", json_words(r, list[i].name));
        if (list[i].words != NULL)
            json_set(r, o, "text", json_words(r, list[i].words));
        else
            json_set(r, o, "bytes", json_hex(r, list[i].value));
        json_add(r, array, o);
    }
    return array;
}

static json_t *alerts(struct report *r, int64_t at)
{
    struct alert_reason reasons[2];
    json_t *list = json_array();
    size_t n = alert_reasons(&r->d, report_derived(r), at, reasons);
    for (size_t i = 0; i < n; i++) {
        json_t *o = json_object();
        json_set(r, o, "from", json_words(r, json_side(reasons[i].from)));
        json_set(r, o, "level", json_registered(r, &alert_level_names, reasons[i].level));
        json_set(r, o, "description", json_registered(r, &alert_names, reasons[i].description));
        json_set(r, o, "certainty", json_words(r, certainty_name(reasons[i].certainty)));
        json_set(r, o, "text", json_words(r, reasons[i].text));
        json_add(r, list, o);
    }
    return list;
}

static json_t *findings(struct report *r, int64_t at)
{
    struct findings f = findings_make(&r->scratch, &r->d, report_derived(r), at);
    json_t *list = json_array();
    r->broken = r->broken || f.cut;
    for (size_t i = 0; i < f.n; i++) {
        const struct finding *one = &f.rows[i];
        char name[60];
        struct text t = text_in(name, sizeof name);
        finding_name(one->row, &t);
        json_t *o = json_object();
        json_set(r, o, "finding", json_words(r, name));
        json_set(r, o, "severity", json_words(r, severity_name(one->row->severity)));
        json_set(r, o, "sentence", json_words(r, one->row->sentence));
        json_set(r, o, "section", json_words(r, one->row->section));
        if (one->detail[0] != '\0')
            json_set(r, o, "detail", json_words(r, one->detail));
        if (one->from != 0)
            json_set(r, o, "from", json_words(r, json_side(one->from)));
        if (one->path[0] != '\0')
            json_set(r, o, "path", json_words(r, one->path));
        if (one->record != 0)
            json_set(r, o, "record", json_number(one->record));
        if (one->certificate >= 0)
            json_set(r, o, "certificate", json_integer(one->certificate));
        json_add(r, list, o);
    }
    return list;
}

void json_protection(struct report *r, json_t *record, const fede_event *e)
{
    struct derived_record p;
    bytes keys = report_keys(r);
    if (keys.len == 0 || !derived_record(&r->d, keys, e->from, e->bytes, e->number, &p))
        return;
    json_t *o = json_object();
    if (p.explicit_nonce.len > 0)
        json_set(r, o, "nonce_explicit", json_hex(r, p.explicit_nonce));
    if (r->options.show_secrets) /* it has the secret IV in it */
        json_set(r, o, "nonce", json_hex(r, BYTES_OF(p.nonce)));
    json_set(r, o, "additional_data", json_hex(r, BYTES_OF(p.additional)));
    json_set(r, o, "tag", json_hex(r, p.tag));
    json_set(r, o, "outcome", json_words(r, verdict_outcome_name(p.outcome)));
    json_set(r, record, "protection", o);
}
