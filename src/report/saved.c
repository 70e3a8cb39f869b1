/* report/saved.c: from a story's JSON to the other forms.

   A document holds what its lines would have said, in lists by kind: a line is an entry with its event and connection before
   it. The page wants the glossary's sentences too, which a document has only when every byte was asked for; they are the same
   at any time and are put in here. */
#include "report/saved.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "explain/annotate.h"
#include "explain/glossary.h"
#include "explain/sections.h"
#include "explain/ssl2.h"
#include "report/html.h"
#include "wire/names.h"

struct saved {
    const struct onlooker_request *request;
    struct selection selection;
    bool rows; /* lines are shown */
    unsigned told;
    bool failed;
};

static void tell(struct saved *s, json_t *story);
static void lines_of(struct saved *s, const json_t *story);
static void line(struct saved *s, const char *event, const json_t *story, const json_t *entry);
static void sentences(json_t *fields, enum language language);
static void section_of(json_t *field);

bool saved_is(const char *path)
{
    FILE *in = strcmp(path, "-") == 0 ? NULL : fopen(path, "r");
    int c = ' ';
    while (in != NULL && isspace(c))
        c = fgetc(in);
    if (in != NULL)
        fclose(in);
    return c == '{';
}

enum onlooker_outcome saved_tell(const struct onlooker_request *request, char *why, size_t size)
{
    struct saved s = {.request = request, .rows = request->report.form == REPORT_JSON_LINES};
    struct text t = text_in(why, size);
    static const struct select_options everything = {.separator = '\t'};
    const struct select_options *select = request->select != NULL ? request->select : &everything;
    FILE *in = fopen(request->files[0], "r");
    if (in == NULL || (!s.rows && request->page.out == NULL)) {
        text_add(&t, in == NULL ? "the file can't be opened"
                                : "a saved story is told as -T html, lines or fields, or with --report");
        if (in != NULL)
            fclose(in);
        return ONLOOKER_UNREADABLE;
    }
    json_error_t error = {0};
    s.failed = !select_start(&s.selection, select, s.rows ? request->report.out : NULL, &t);
    for (json_t *story; !s.failed && (story = json_loadf(in, JSON_DISABLE_EOF_CHECK, &error)) != NULL;
         json_decref(story))
        tell(&s, story);
    bool read = fgetc(in) == EOF && feof(in) && (s.told > 0 || s.selection.lines > 0);
    fclose(in);
    bool failed = s.failed || s.selection.failed || (s.rows && fflush(request->report.out) != 0);
    bool nothing = select->filter != NULL && s.selection.lines == 0;
    select_end(&s.selection);
    text_add(&t, failed              ? "not enough memory, or the output could not be written"
                 : !read && !nothing ? error.text
                 : nothing           ? "nothing fits the filter"
                                     : "all done");
    return failed ? ONLOOKER_FAILED : nothing ? ONLOOKER_NOTHING : read ? ONLOOKER_DONE : ONLOOKER_UNREADABLE;
}

/* A document of several, a document, or a line. */
static void tell(struct saved *s, json_t *story)
{
    json_t *all = json_object_get(story, "connections");
    for (size_t i = 0; i < json_array_size(all); i++)
        tell(s, json_array_get(all, i));
    if (all != NULL)
        return;
    char *text = json_object_get(story, "event") != NULL ? json_dumps(story, JSON_COMPACT) : NULL;
    if (text != NULL) {
        select_line(&s->selection, text, strlen(text));
        free(text);
        return;
    }
    if (json_object_get(story, "messages") == NULL)
        return;
    unsigned number = (unsigned)json_integer_value(json_object_get(story, "connection"));
    if ((s->request->only != 0 && number != s->request->only) || (s->request->most != 0 && s->told == s->request->most))
        return;
    lines_of(s, story);
    bool fits = s->request->select == NULL || number == 0 || select_wants(&s->selection, number);
    s->told++;
    if (s->request->page.out == NULL || !fits)
        return;
    json_t *messages = json_object_get(story, "messages"), *records = json_object_get(story, "records");
    sentences(messages, s->request->page.language);
    sentences(records, s->request->page.language);
    s->failed = !html_story(s->request->page.out, story, s->request->page.language) || s->failed;
}

static void lines_of(struct saved *s, const json_t *story)
{
    static const struct {
        const char *key, *event;
    } lists[] = {{"phases", "phase"}, {"messages", "message"}, {"records", "record"},
                 {"checks", "check"}, {"secrets", "secret"},   {"notes", "note"}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        const json_t *list = json_object_get(story, lists[i].key);
        for (size_t k = 0; k < json_array_size(list); k++)
            line(s, lists[i].event, story, json_array_get(list, k));
    }
    json_t *end = json_copy((json_t *)(uintptr_t)story); /* shallow: what was told above is left out */
    for (size_t i = 0; end != NULL && i < sizeof lists / sizeof *lists; i++)
        json_object_del(end, lists[i].key);
    line(s, "end", story, end);
    json_decref(end);
}

static void line(struct saved *s, const char *event, const json_t *story, const json_t *entry)
{
    json_t *o = json_object(), *number = json_object_get(story, "connection");
    json_object_set_new(o, "story", json_integer(1));
    json_object_set_new(o, "event", json_string(event));
    if (number != NULL)
        json_object_set(o, "connection", number);
    bool good = o != NULL && entry != NULL && json_object_update_missing(o, (json_t *)(uintptr_t)entry) == 0;
    char *text = good ? json_dumps(o, JSON_COMPACT) : NULL;
    if (text != NULL)
        select_line(&s->selection, text, strlen(text));
    s->failed = s->failed || text == NULL;
    free(text);
    json_decref(o);
}

static const char *message_of(const json_t *type, const char *protocol)
{
    const bool old = protocol != NULL && strcmp(protocol, "ssl2") == 0;
    return json_is_integer(type) ? message_path((uint16_t)((old ? MSG_SSL2 : 0) | (uint8_t)json_integer_value(type))) : protocol;
}

static void sentences(json_t *list, enum language language)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *f = json_array_get(list, i);
        const char *path = json_string_value(json_object_get(f, "path"));
        const json_t *type = json_object_get(f, "type");
        if (path == NULL) /* a message */
            path = message_of(type, json_string_value(json_object_get(f, "protocol")));
        const struct glossary_row *row = path != NULL ? glossary_find(path) : NULL;
        if (row != NULL)
            json_object_set_new(f, "sentence", json_string(glossary_sentence(row, language)));
        section_of(f);
        sentences(json_object_get(f, "fields"), language);
        sentences(json_object_get(json_object_get(f, "unpacked"), "fields"), language);
    }
}

/* Where a registered number is defined, or else the field. */
static void section_of(json_t *field)
{
    static const struct names *const registries[] = {
        &content_type_names, &version_names, &handshake_names, &alert_names, &alert_level_names, &suite_names, &compression_names,
        &extension_names, &group_names, &scheme_names, &hash_names, &signature_names, &point_format_names, &curve_type_names,
        &name_type_names, &status_type_names, &certificate_type_names, &psk_mode_names, &certificate_compression_names,
        &key_update_names, &certificate_kind_names, &hpke_kem_names, &hpke_kdf_names, &hpke_aead_names};
    const char *title = json_string_value(json_object_get(field, "registry"));
    json_int_t number = json_integer_value(json_object_get(field, "number"));
    for (size_t i = 0; title != NULL && number >= 0 && number <= UINT32_MAX && i < sizeof registries / sizeof *registries; i++) {
        const struct name_row *row = strcmp(registries[i]->title, title) == 0 ? names_row(registries[i], (uint32_t)number) : NULL;
        if (row != NULL && row->section[0] != '\0')
            json_object_set_new(field, "section", json_string(row->section));
    }
    const char *path = json_string_value(json_object_get(field, "path"));
    if (path != NULL && json_object_get(field, "section") == NULL && section_of_path(path)[0] != '\0')
        json_object_set_new(field, "section", json_string(section_of_path(path)));
}
