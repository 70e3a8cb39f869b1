/* report/json_events.c: what one event becomes in JSON: a message with its tree of fields, a record, a secret.

   Fields carry their path, which is what filters and the glossary name them by; sentences and sections only where every
   byte is wanted. */
#include "explain/glossary.h"
#include "explain/sections.h"
#include "report/json_parts.h"
#include "report/report.h"

enum { ALL = 3, EVERY_BYTE = 4 };

static void put_faults(struct json_text *w, const struct annotation *a);
static void put_fault(struct json_text *w, const struct fault *f);
static void fields_of(struct report *r, struct json_text *w, const char *key, const struct field *parent);
static void field_of(struct report *r, struct json_text *w, const struct field *f);

void json_message(struct report *r, const fede_event *e, const char *protocol, const char *title,
                  const struct annotation *a)
{
    struct json_text *w = json_entry(r, MESSAGES);
    char facts[800];
    struct text t = text_in(facts, sizeof facts);
    dissection_facts(&r->d, e, &t);
    put_words(w, "name", title);
    put_words(w, "protocol", protocol);
    if (e->kind == FEDE_EVENT_MESSAGE)
        put_number(w, "type", e->what & UINT8_MAX);
    put_words(w, "from", json_side(e->from));
    put_flag(w, "ours", e->ours);
    /* What we send is told before its record, what we receive behind it. */
    put_number(w, "record", r->d.traffic[e->from % 3].records + (e->ours ? 1 : 0));
    put_flag(w, "encrypted", e->epoch != 0);
    json_packet(r, w);
    json_when(r, w, e->at_us);
    put_number(w, "length", e->bytes.len);
    put_words(w, "facts", facts);
    const struct glossary_row *row = NULL;
    if (r->options.level >= EVERY_BYTE)
        row = glossary_find(e->kind == FEDE_EVENT_MESSAGE ? message_path(e->what) : protocol);
    if (row != NULL)
        put_words(w, "sentence", glossary_sentence(row, r->options.language));
    put_hex(w, "bytes", e->bytes);
    put_faults(w, a);
    r->broken = r->broken || a->cut;
    fields_of(r, w, "fields", a->root);
    if (a->inside != NULL || a->not_inside != NULL) {
        put_object(w, "unpacked");
        if (a->not_inside != NULL)
            put_words(w, "why_not", a->not_inside);
        if (a->inside != NULL && a->inside->root != NULL) {
            put_number(w, "length", a->inside->root->len);
            put_hex(w, "bytes", a->inside->root->value);
            put_faults(w, a->inside);
            fields_of(r, w, "fields", a->inside->root);
        }
        put_object_end(w);
    }
    json_entry_end(r, w);
}

static void put_faults(struct json_text *w, const struct annotation *a)
{
    if (a->faults.first == NULL)
        return;
    put_object(w, "malformed");
    put_fault(w, a->faults.first);
    put_object_end(w);
    put_list(w, "faults");
    for (const struct fault *f = a->faults.first; f != NULL; f = f->next) {
        put_object(w, NULL);
        put_fault(w, f);
        put_object_end(w);
    }
    put_list_end(w);
}

static void put_fault(struct json_text *w, const struct fault *f)
{
    put_words(w, "field", f->where);
    put_words(w, "path", f->path);
    put_words(w, "why", f->why);
    put_number(w, "offset", f->at);
    put_words(w, "section", f->section);
}

/* Records of application data are only counted; with -vv the line form has them, without their content. */
void json_record(struct report *r, const fede_event *e)
{
    bool lines = r->options.form == REPORT_JSON_LINES;
    if (e->what == CONTENT_DATA ? !lines || r->options.level < ALL : r->d.opened && !lines && r->late >= LATE_MOST)
        return;
    struct json_text *w = json_entry(r, RECORDS);
    put_number(w, "number", r->d.traffic[e->from % 3].records);
    put_registered(w, "content", &content_type_names, e->what);
    put_words(w, "from", json_side(e->from));
    put_flag(w, "ours", e->ours);
    json_packet(r, w);
    json_when(r, w, e->at_us);
    if (e->bytes.len >= 5)
        put_registered(w, "version", &version_names, report_record_version(e));
    put_number(w, "length", e->bytes.len);
    put_number(w, "plain_length", e->plain.len);
    put_number(w, "epoch", e->epoch);
    put_number(w, "sequence_number", e->number);
    if (e->epoch != 0 || !lines || r->options.level >= ALL) {
        /* In the clear only the header: what is behind it is shown as the messages it is made of. */
        struct annotation a = report_record_fields(r, e, e->epoch == 0);
        if (a.root != NULL)
            fields_of(r, w, "fields", a.root);
    }
    if (e->epoch != 0)
        json_protection(r, w, e);
    if (e->what == CONTENT_DATA && e->plain.len > 0)
        put_hex(w, "data", e->plain);
    json_entry_end(r, w);
}

void json_secret(struct report *r, const fede_event *e)
{
    struct json_text *w = json_entry(r, SECRETS);
    put_words(w, "label", e->label != NULL ? e->label : "secret");
    put_hex(w, "bytes", e->bytes);
    json_when(r, w, e->at_us);
    json_entry_end(r, w);
}

/* ---- fields ---- */

static void fields_of(struct report *r, struct json_text *w, const char *key, const struct field *parent)
{
    put_list(w, key);
    for (const struct field *f = parent != NULL ? parent->first : NULL; f != NULL; f = f->next)
        field_of(r, w, f);
    put_list_end(w);
}

static void field_of(struct report *r, struct json_text *w, const struct field *f)
{
    static const char *const kinds[] = {[FIELD_NUMBER] = "number", [FIELD_BYTES] = "bytes",   [FIELD_TEXT] = "text",
                                        [FIELD_LIST] = "list",     [FIELD_STRUCT] = "struct", [FIELD_TIME] = "time"};
    char path[1000], value[2000];
    struct text t = text_in(path, sizeof path), v = text_in(value, sizeof value);
    field_path(f, &t);
    put_object(w, NULL);
    put_words(w, "path", path);
    put_words(w, "name", f->name);
    put_words(w, "kind", f->kind < sizeof kinds / sizeof *kinds && kinds[f->kind] != NULL ? kinds[f->kind] : "bytes");
    /* Long values stand in "bytes" whole; in words their beginning will do. */
    field_text(f, &v, 32);
    if (v.len > 0)
        put_words(w, "text", value);
    if (f->kind == FIELD_NUMBER || f->kind == FIELD_TIME || f->numbered)
        put_number(w, "number", f->number);
    if (f->names != NULL)
        put_words(w, "registry", f->names->title);
    const struct name_row *named = f->names != NULL && r->options.level >= EVERY_BYTE && f->number <= UINT32_MAX
                                       ? names_row(f->names, (uint32_t)f->number)
                                       : NULL;
    if (named != NULL && named->section[0] != '\0')
        put_words(w, "section", named->section);
    else if (r->options.level >= EVERY_BYTE && section_of_path(path)[0] != '\0')
        put_words(w, "section", section_of_path(path));
    put_number(w, "offset", f->offset);
    put_number(w, "length", f->len);
    const struct glossary_row *row = r->options.level >= EVERY_BYTE ? glossary_find(path) : NULL;
    if (row != NULL)
        put_words(w, "sentence", glossary_sentence(row, r->options.language));
    if (f->first != NULL)
        fields_of(r, w, "fields", f);
    else
        put_hex(w, "bytes", f->value);
    put_object_end(w);
}
