/* report/html_plain.c: a story written out as HTML, for readers without script and for paper: everything opened, in reading
   order, headings and details elements and tables, nothing to be clicked.

   It is made from the JSON story and shows all of it: the parts it knows under headings of their own, then whatever else
   stands in the story. Bytes of a message stand with the fields they belong to; a field that holds others shows only its own,
   its length for instance. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "report/html.h"
#include "report/phrases.h"

struct sheet {
    FILE *out;
    enum language language; /* of our words; values are in it already, or have none */
};

struct hexes {
    const char *digits; /* of a whole message */
    size_t n;           /* bytes */
};

static void header(const struct sheet *s, json_t *story);
static void messages(const struct sheet *s, json_t *list);
static void records(const struct sheet *s, json_t *list);
static void fields(const struct sheet *s, json_t *list, struct hexes all, size_t from, size_t to);
static void value(const struct sheet *s, const char *key, json_t *v, int depth);
static void table(const struct sheet *s, json_t *list);
static bool is_table(json_t *list);
static bool is_registered(json_t *v);
static void pair(const struct sheet *s, const char *key, json_t *v, int depth);
static void words(const struct sheet *s, const char *key);
static void say(const struct sheet *s, const char *text);
static void say_form(const struct sheet *s, const char *form, ...) __attribute__((format(printf, 2, 3)));
static void put(const struct sheet *s, const char *text);
static void hex(const struct sheet *s, const char *digits, size_t n);
static const char *string_of(json_t *object, const char *key);

/* In the order of the page; what is not named here follows. No title: part of the header. */
static const struct section {
    const char *key, *title;
    void (*show)(const struct sheet *s, json_t *list);
} sections[] = {
    {"summary", "In short", NULL},
    {"error", "What went wrong", NULL},
    {"protected_against", "What the connection is protected against", NULL},
    {"findings", "Findings", NULL},
    {"choice", "What was agreed on", NULL},
    {"offers", "Offers and choices", NULL},
    {"verdicts", "Signatures and proofs, computed again", NULL},
    {"checks", "Checked while reading", NULL},
    {"phases", "The way there and back", NULL},
    {"notes", "Notes", NULL},
    {"messages", "Messages", messages},
    {"certificates", "Certificates", NULL},
    {"verification", "Verification of the certificates", NULL},
    {"secrets", "Secrets", NULL},
    {"derived", "From the shares to the keys", NULL},
    {"alert_reasons", "Why alerts were sent", NULL},
    {"records", "Records", records},
    {"observer", "What a listener on the way learns", NULL},
};
enum {
    SECTIONS = sizeof sections / sizeof *sections,
    DEEPEST = 12,
    LONG = 100 /* bytes: on paper it gets a page of its own */
};
static const char *const in_header[] = {"story",         "title",   "tool", "command",
                                        "secrets_shown", "started", "exit", "connection"};

static const struct section *section_of(const char *key)
{
    for (size_t i = 0; i < SECTIONS; i++)
        if (strcmp(sections[i].key, key) == 0)
            return &sections[i];
    return NULL;
}

static bool is_in_header(const char *key)
{
    for (size_t i = 0; i < sizeof in_header / sizeof *in_header; i++)
        if (strcmp(in_header[i], key) == 0)
            return true;
    return false;
}

static void section(const struct sheet *s, const char *title, const char *key, json_t *v, const struct section *known)
{
    if ((json_is_array(v) && json_array_size(v) == 0) || (json_is_object(v) && json_object_size(v) == 0))
        return;
    fputs("<section>\n<h2>", s->out);
    if (title != NULL)
        say(s, title);
    else
        words(s, key);
    fputs("</h2>\n", s->out);
    if (known != NULL && known->show != NULL)
        known->show(s, v);
    else
        value(s, key, v, 0);
    fputs("</section>\n", s->out);
}

void html_plain(FILE *out, json_t *story, enum language language)
{
    const char *key;
    json_t *v;
    const struct sheet sheet = {out, language}, *s = &sheet;
    fputs("<article class=\"plain\">\n", s->out);
    header(s, story);
    for (size_t i = 0; i < SECTIONS; i++)
        if ((v = json_object_get(story, sections[i].key)) != NULL)
            section(s, sections[i].title, sections[i].key, v, &sections[i]);
    fputs("<section>\n<h2>", s->out);
    say(s, "Further facts");
    fputs("</h2>\n<dl>\n", s->out);
    json_object_foreach(story, key, v)
    {
        if (section_of(key) == NULL && !is_in_header(key) && !json_is_array(v))
            pair(s, key, v, 0);
    }
    fputs("</dl>\n</section>\n", s->out);
    json_object_foreach(story, key, v)
    {
        if (section_of(key) == NULL && !is_in_header(key) && json_is_array(v))
            section(s, NULL, key, v, NULL);
    }
    fputs("</article>\n", s->out);
}

static void header(const struct sheet *s, json_t *story)
{
    json_t *exit = json_object_get(story, "exit");
    json_int_t code = json_integer_value(json_object_get(exit, "code"));
    const char *title = string_of(story, "title"), *command = string_of(story, "command");
    fprintf(s->out, "<header>\n<h1>");
    say(s, title != NULL ? title : "A TLS connection");
    if (json_object_get(story, "connection") != NULL)
        say_form(s, " (connection %d)", (int)json_integer_value(json_object_get(story, "connection")));
    if (json_object_get(story, "onlooker") != NULL) { /* nobody's exit code */
        fputs("</h1>\n<p class=\"verdict\">", s->out);
    } else {
        fprintf(s->out, "</h1>\n<p class=\"verdict %s\">%s", code == 0 ? "good" : "bad", code == 0 ? "✓" : "✗");
        say_form(s, " exit code %d: ", (int)code);
    }
    put(s, string_of(exit, "reason") != NULL ? string_of(exit, "reason") : "");
    fputs("</p>\n<p class=\"secrecy\">", s->out);
    say(s, json_is_true(json_object_get(story, "secrets_shown"))
               ? "⚠ This page contains the keys of the connection: whoever has the page can read what was recorded of it."
               : "This page contains no keys.");
    fputs("</p>\n<dl>\n", s->out);
    if (command != NULL) {
        fputs("<dt>", s->out);
        say(s, "made by");
        fputs("</dt><dd><code>", s->out);
        put(s, command);
        fputs("</code></dd>\n", s->out);
    }
    if (json_object_get(story, "started") != NULL)
        pair(s, "started", json_object_get(story, "started"), 0);
    pair(s, "tool", json_object_get(story, "tool"), 0);
    pair(s, "version of the story's form", json_object_get(story, "story"), 0);
    fputs("</dl>\n</header>\n", s->out);
}

/* ---- messages and records ---- */

/* What has not been said by the head of a message, and its fields. */
static void rest_of(const struct sheet *s, json_t *object, const char *const *said, size_t n_said)
{
    const char *key;
    json_t *v;
    fputs("<dl class=\"facts\">\n", s->out);
    json_object_foreach(object, key, v)
    {
        bool known = false;
        for (size_t i = 0; i < n_said; i++)
            known = known || strcmp(said[i], key) == 0;
        if (!known)
            pair(s, key, v, 1);
    }
    fputs("</dl>\n", s->out);
}

static void messages(const struct sheet *s, json_t *list)
{
    static const char *const said[] = {"name",   "type",  "from",  "ours",   "encrypted",
                                       "length", "facts", "bytes", "fields", "sentence"};
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *m = json_array_get(list, i), *type = json_object_get(m, "type");
        const char *from = string_of(m, "from"), *facts = string_of(m, "facts"), *digits = string_of(m, "bytes");
        const char *sentence = string_of(m, "sentence");
        bool client = from != NULL && strcmp(from, "client") == 0;
        fprintf(s->out, "<details open class=\"message %s%s\">\n<summary><h3>%zu ", client ? "client" : "server",
                digits != NULL && strlen(digits) > (size_t)LONG * 2 ? " long" : "", i + 1);
        put(s, string_of(m, "name") != NULL ? string_of(m, "name") : "");
        if (type != NULL)
            fprintf(s->out, " (%d)", (int)json_integer_value(type));
        fputs("</h3> <span>", s->out);
        say(s, client ? "client → server" : "server → client");
        say(s, json_is_true(json_object_get(m, "ours")) ? " (ours)" : "");
        say_form(s, ", %d bytes", (int)json_integer_value(json_object_get(m, "length")));
        fputs(", ", s->out);
        say(s, json_is_true(json_object_get(m, "encrypted")) ? "encrypted" : "in the clear");
        fputs("</span></summary>\n", s->out);
        if (sentence != NULL) {
            fputs("<p class=\"sentence\">", s->out);
            put(s, sentence);
            fputs("</p>\n", s->out);
        }
        if (facts != NULL && facts[0] != '\0') {
            fputs("<p>", s->out);
            put(s, facts);
            fputs("</p>\n", s->out);
        }
        rest_of(s, m, said, sizeof said / sizeof *said);
        struct hexes all = {digits, digits != NULL ? strlen(digits) / 2 : 0};
        fields(s, json_object_get(m, "fields"), all, 0, all.n);
        fputs("</details>\n", s->out);
    }
}

static void records(const struct sheet *s, json_t *list)
{
    static const char *const said[] = {"number", "content", "from", "fields"};
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *r = json_array_get(list, i);
        const char *from = string_of(r, "from");
        fputs("<details open>\n<summary><h3>", s->out);
        say_form(s, from != NULL && strcmp(from, "client") == 0 ? "client record %d" : "server record %d",
                 (int)json_integer_value(json_object_get(r, "number")));
        fputs("</h3> <span>", s->out);
        value(s, "content", json_object_get(r, "content"), 1);
        fputs("</span></summary>\n", s->out);
        rest_of(s, r, said, sizeof said / sizeof *said);
        fields(s, json_object_get(r, "fields"), (struct hexes){NULL, 0}, 0, 0);
        fputs("</details>\n", s->out);
    }
}

/* ---- fields ---- */

static size_t place(json_t *f, const char *key)
{
    json_int_t n = json_integer_value(json_object_get(f, key));
    return n < 0 ? 0 : (size_t)n;
}

static void bytes_between(const struct sheet *s, struct hexes all, size_t from, size_t to)
{
    if (to > all.n)
        to = all.n;
    if (from >= to)
        return;
    fputs(" <code>", s->out);
    hex(s, all.digits + 2 * from, to - from);
    fputs("</code>", s->out);
}

/* Those of a list that lies from..to in the message; bytes that no field has are shown too. */
static void fields(const struct sheet *s, json_t *list, struct hexes all, size_t from, size_t to)
{
    const char *before = "";
    if (json_array_size(list) == 0) {
        bytes_between(s, all, from, to);
        return;
    }
    fputs("<ul class=\"fields\">\n", s->out);
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *f = json_array_get(list, i), *inner = json_object_get(f, "fields");
        const char *name = string_of(f, "name"), *text = string_of(f, "text"), *sentence = string_of(f, "sentence");
        const char *own = string_of(f, "bytes");
        size_t at = place(f, "offset"), end = at + place(f, "length");
        size_t first = json_array_size(inner) > 0 ? place(json_array_get(inner, 0), "offset") : end;
        if (at > from) {
            fputs("<li>", s->out);
            bytes_between(s, all, from, at);
            fputs("</li>\n", s->out);
        }
        fputs("<li><b>", s->out);
        put(s, name != NULL ? name : "");
        fputs("</b> ", s->out);
        if (text != NULL) {
            fputs("<span>", s->out);
            put(s, text);
            fputs("</span>", s->out);
        }
        if (all.digits != NULL)
            bytes_between(s, all, at, first);
        else if (own != NULL && own[0] != '\0') {
            fputs(" <code>", s->out);
            hex(s, own, strlen(own) / 2);
            fputs("</code>", s->out);
        }
        fputs(" <small>", s->out);
        say_form(s, end - at == 1 ? "at %zu, %zu byte" : "at %zu, %zu bytes", at, end - at);
        fputs("</small>", s->out);
        if (sentence != NULL && strcmp(sentence, before) != 0) {
            fputs("<p class=\"sentence\">", s->out);
            put(s, sentence);
            fputs("</p>", s->out);
        }
        before = sentence != NULL ? sentence : "";
        if (json_array_size(inner) > 0)
            fields(s, inner, all, first, end);
        fputs("</li>\n", s->out);
        from = end > from ? end : from;
    }
    if (to > from) {
        fputs("<li>", s->out);
        bytes_between(s, all, from, to);
        fputs("</li>\n", s->out);
    }
    fputs("</ul>\n", s->out);
}

/* ---- everything else ---- */

static bool is_hex(const char *key, const char *s)
{
    static const char *const keys[] = {"bytes", "der", "sha256"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (key != NULL && strcmp(key, keys[i]) == 0)
            return s[strspn(s, "0123456789abcdef")] == '\0';
    size_t n = strlen(s);
    return n >= 16 && n % 2 == 0 && s[strspn(s, "0123456789abcdef")] == '\0';
}

static void value(const struct sheet *s, const char *key, json_t *v, int depth)
{
    const char *inner_key;
    json_t *inner;
    if (depth > DEEPEST)
        return;
    if (is_registered(v)) {
        put(s, string_of(v, "name"));
        fprintf(s->out, " (%" JSON_INTEGER_FORMAT ")", json_integer_value(json_object_get(v, "number")));
    } else if (json_is_object(v)) {
        fputs("<dl>\n", s->out);
        json_object_foreach(v, inner_key, inner) pair(s, inner_key, inner, depth + 1);
        fputs("</dl>\n", s->out);
    } else if (json_is_array(v) && is_table(v)) {
        table(s, v);
    } else if (json_is_array(v)) {
        fputs("<ol>\n", s->out);
        for (size_t i = 0; i < json_array_size(v); i++) {
            fputs("<li>", s->out);
            value(s, key, json_array_get(v, i), depth + 1);
            fputs("</li>\n", s->out);
        }
        fputs("</ol>\n", s->out);
    } else if (json_is_string(v) && is_hex(key, json_string_value(v))) {
        fputs("<code>", s->out);
        hex(s, json_string_value(v), json_string_length(v) / 2);
        fputs("</code>", s->out);
    } else if (json_is_string(v)) {
        html_put(s->out, HTML_TEXT, json_string_value(v), json_string_length(v));
    } else if (json_is_boolean(v)) {
        say(s, json_is_true(v) ? "yes" : "no");
    } else if (json_is_integer(v)) {
        fprintf(s->out, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    } else if (json_is_real(v)) {
        fprintf(s->out, "%g", json_real_value(v));
    }
}

/* Rows of the same flat shape, without bytes. */
static bool is_table(json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *row = json_array_get(list, i);
        const char *key;
        json_t *v;
        if (!json_is_object(row) || is_registered(row))
            return false;
        json_object_foreach(row, key, v)
        {
            if (json_is_array(v) || (json_is_object(v) && !is_registered(v)) ||
                (json_is_string(v) && json_string_length(v) > 64 && is_hex(key, json_string_value(v))))
                return false;
        }
    }
    return json_array_size(list) > 0;
}

static void table(const struct sheet *s, json_t *list)
{
    json_t *columns = json_object(), *v;
    const char *key;
    for (size_t i = 0; i < json_array_size(list); i++)
        json_object_foreach(json_array_get(list, i), key, v) json_object_set_new(columns, key, json_true());
    fputs("<table>\n<thead><tr>", s->out);
    json_object_foreach(columns, key, v)
    {
        fputs("<th scope=\"col\">", s->out);
        words(s, key);
        fputs("</th>", s->out);
    }
    fputs("</tr></thead>\n<tbody>\n", s->out);
    for (size_t i = 0; i < json_array_size(list); i++) {
        fputs("<tr>", s->out);
        json_object_foreach(columns, key, v)
        {
            json_t *cell = json_object_get(json_array_get(list, i), key);
            fputs("<td>", s->out);
            if (cell != NULL)
                value(s, key, cell, DEEPEST);
            fputs("</td>", s->out);
        }
        fputs("</tr>\n", s->out);
    }
    fputs("</tbody>\n</table>\n", s->out);
    json_decref(columns);
}

static bool is_registered(json_t *v)
{
    return json_is_object(v) && json_object_size(v) == 2 && json_is_integer(json_object_get(v, "number")) &&
           json_is_string(json_object_get(v, "name"));
}

static void pair(const struct sheet *s, const char *key, json_t *v, int depth)
{
    fputs("<dt>", s->out);
    words(s, key);
    fputs("</dt><dd>", s->out);
    value(s, key, v, depth);
    fputs("</dd>\n", s->out);
}

/* data_records: data records */
static void words(const struct sheet *s, const char *key)
{
    char label[200];
    size_t n = 0;
    for (; key[n] != '\0' && n + 1 < sizeof label; n++)
        label[n] = (char)(key[n] == '_' ? ' ' : key[n]);
    label[n] = '\0';
    say(s, label);
}

/* A phrase of ours. */
static void say(const struct sheet *s, const char *text)
{
    put(s, phrase(s->language, text));
}

/* One with numbers in it. */
static void say_form(const struct sheet *s, const char *form, ...)
{
    char text[200], said[400];
    struct text t = text_in(said, sizeof said);
    va_list values;
    va_start(values, form);
    vsnprintf(text, sizeof text, form, values);
    va_end(values);
    phrase_text(s->language, text, &t);
    put(s, said);
}

static void put(const struct sheet *s, const char *text)
{
    html_put(s->out, HTML_TEXT, text, strlen(text));
}

static void hex(const struct sheet *s, const char *digits, size_t n)
{
    for (size_t i = 0; i < n; i++)
        fprintf(s->out, "%s%.2s", i > 0 ? " " : "", digits + 2 * i);
}

static const char *string_of(json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}
