/* report/html_plain.c: a story written out as HTML, for readers without script and for paper: everything opened, in reading
   order, headings and details elements and tables, nothing to be clicked.

   It is made from the JSON story and shows all of it: the parts it knows under headings of their own, then whatever else
   stands in the story. Bytes of a message stand with the fields they belong to; a field that holds others shows only its own,
   its length for instance. */
#include <stdlib.h>
#include <string.h>

#include "report/html.h"

struct hexes {
    const char *digits; /* of a whole message */
    size_t n;           /* bytes */
};

static void header(FILE *out, json_t *story);
static void messages(FILE *out, json_t *list);
static void records(FILE *out, json_t *list);
static void fields(FILE *out, json_t *list, struct hexes all, size_t from, size_t to);
static void value(FILE *out, const char *key, json_t *v, int depth);
static void table(FILE *out, json_t *list);
static bool is_table(json_t *list);
static bool is_registered(json_t *v);
static void pair(FILE *out, const char *key, json_t *v, int depth);
static void words(FILE *out, const char *key);
static void put(FILE *out, const char *text);
static void hex(FILE *out, const char *digits, size_t n);
static const char *string_of(json_t *object, const char *key);

/* In the order of the page; what is not named here follows. No title: part of the header. */
static const struct section {
    const char *key, *title;
    void (*show)(FILE *out, json_t *list);
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

static void section(FILE *out, const char *title, const char *key, json_t *v, const struct section *known)
{
    if ((json_is_array(v) && json_array_size(v) == 0) || (json_is_object(v) && json_object_size(v) == 0))
        return;
    fputs("<section>\n<h2>", out);
    if (title != NULL)
        put(out, title);
    else
        words(out, key);
    fputs("</h2>\n", out);
    if (known != NULL && known->show != NULL)
        known->show(out, v);
    else
        value(out, key, v, 0);
    fputs("</section>\n", out);
}

void html_plain(FILE *out, json_t *story)
{
    const char *key;
    json_t *v;
    fputs("<article class=\"plain\">\n", out);
    header(out, story);
    for (size_t i = 0; i < SECTIONS; i++)
        if ((v = json_object_get(story, sections[i].key)) != NULL)
            section(out, sections[i].title, sections[i].key, v, &sections[i]);
    fputs("<section>\n<h2>Further facts</h2>\n<dl>\n", out);
    json_object_foreach(story, key, v)
    {
        if (section_of(key) == NULL && !is_in_header(key) && !json_is_array(v))
            pair(out, key, v, 0);
    }
    fputs("</dl>\n</section>\n", out);
    json_object_foreach(story, key, v)
    {
        if (section_of(key) == NULL && !is_in_header(key) && json_is_array(v))
            section(out, NULL, key, v, NULL);
    }
    fputs("</article>\n", out);
}

static void header(FILE *out, json_t *story)
{
    json_t *exit = json_object_get(story, "exit");
    json_int_t code = json_integer_value(json_object_get(exit, "code"));
    const char *title = string_of(story, "title"), *command = string_of(story, "command");
    fprintf(out, "<header>\n<h1>");
    put(out, title != NULL ? title : "A TLS connection");
    if (json_object_get(story, "connection") != NULL)
        fprintf(out, " (connection %d)", (int)json_integer_value(json_object_get(story, "connection")));
    if (json_object_get(story, "onlooker") != NULL) /* nobody's exit code */
        fputs("</h1>\n<p class=\"verdict\">", out);
    else
        fprintf(out, "</h1>\n<p class=\"verdict %s\">%s exit code %d: ", code == 0 ? "good" : "bad",
                code == 0 ? "✓" : "✗", (int)code);
    put(out, string_of(exit, "reason") != NULL ? string_of(exit, "reason") : "");
    fprintf(
        out, "</p>\n<p class=\"secrecy\">%s</p>\n<dl>\n",
        json_is_true(json_object_get(story, "secrets_shown"))
            ? "⚠ This page contains the keys of the connection: whoever has the page can read what was recorded of it."
            : "This page contains no keys.");
    if (command != NULL) {
        fputs("<dt>made by</dt><dd><code>", out);
        put(out, command);
        fputs("</code></dd>\n", out);
    }
    if (json_object_get(story, "started") != NULL)
        pair(out, "started", json_object_get(story, "started"), 0);
    pair(out, "tool", json_object_get(story, "tool"), 0);
    pair(out, "version of the story's form", json_object_get(story, "story"), 0);
    fputs("</dl>\n</header>\n", out);
}

/* ---- messages and records ---- */

/* What has not been said by the head of a message, and its fields. */
static void rest_of(FILE *out, json_t *object, const char *const *said, size_t n_said)
{
    const char *key;
    json_t *v;
    fputs("<dl class=\"facts\">\n", out);
    json_object_foreach(object, key, v)
    {
        bool known = false;
        for (size_t i = 0; i < n_said; i++)
            known = known || strcmp(said[i], key) == 0;
        if (!known)
            pair(out, key, v, 1);
    }
    fputs("</dl>\n", out);
}

static void messages(FILE *out, json_t *list)
{
    static const char *const said[] = {"name",   "type",  "from",  "ours",   "encrypted",
                                       "length", "facts", "bytes", "fields", "sentence"};
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *m = json_array_get(list, i), *type = json_object_get(m, "type");
        const char *from = string_of(m, "from"), *facts = string_of(m, "facts"), *bytes = string_of(m, "bytes");
        const char *sentence = string_of(m, "sentence");
        bool client = from != NULL && strcmp(from, "client") == 0;
        fprintf(out, "<details open class=\"message %s%s\">\n<summary><h3>%zu ", client ? "client" : "server",
                bytes != NULL && strlen(bytes) > (size_t)LONG * 2 ? " long" : "", i + 1);
        put(out, string_of(m, "name") != NULL ? string_of(m, "name") : "");
        if (type != NULL)
            fprintf(out, " (%d)", (int)json_integer_value(type));
        fprintf(out, "</h3> <span>%s%s, %d bytes, %s</span></summary>\n",
                client ? "client → server" : "server → client",
                json_is_true(json_object_get(m, "ours")) ? " (ours)" : "",
                (int)json_integer_value(json_object_get(m, "length")),
                json_is_true(json_object_get(m, "encrypted")) ? "encrypted" : "in the clear");
        if (sentence != NULL) {
            fputs("<p class=\"sentence\">", out);
            put(out, sentence);
            fputs("</p>\n", out);
        }
        if (facts != NULL && facts[0] != '\0') {
            fputs("<p>", out);
            put(out, facts);
            fputs("</p>\n", out);
        }
        rest_of(out, m, said, sizeof said / sizeof *said);
        struct hexes all = {bytes, bytes != NULL ? strlen(bytes) / 2 : 0};
        fields(out, json_object_get(m, "fields"), all, 0, all.n);
        fputs("</details>\n", out);
    }
}

static void records(FILE *out, json_t *list)
{
    static const char *const said[] = {"number", "content", "from", "fields"};
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *r = json_array_get(list, i);
        const char *from = string_of(r, "from");
        fputs("<details open>\n<summary><h3>", out);
        put(out, from != NULL ? from : "");
        fprintf(out, " record %d</h3> <span>", (int)json_integer_value(json_object_get(r, "number")));
        value(out, "content", json_object_get(r, "content"), 1);
        fputs("</span></summary>\n", out);
        rest_of(out, r, said, sizeof said / sizeof *said);
        fields(out, json_object_get(r, "fields"), (struct hexes){NULL, 0}, 0, 0);
        fputs("</details>\n", out);
    }
}

/* ---- fields ---- */

static size_t place(json_t *f, const char *key)
{
    json_int_t n = json_integer_value(json_object_get(f, key));
    return n < 0 ? 0 : (size_t)n;
}

static void bytes_between(FILE *out, struct hexes all, size_t from, size_t to)
{
    if (to > all.n)
        to = all.n;
    if (from >= to)
        return;
    fputs(" <code>", out);
    hex(out, all.digits + 2 * from, to - from);
    fputs("</code>", out);
}

/* Those of a list that lies from..to in the message; bytes that no field has are shown too. */
static void fields(FILE *out, json_t *list, struct hexes all, size_t from, size_t to)
{
    const char *before = "";
    if (json_array_size(list) == 0) {
        bytes_between(out, all, from, to);
        return;
    }
    fputs("<ul class=\"fields\">\n", out);
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *f = json_array_get(list, i), *inner = json_object_get(f, "fields");
        const char *name = string_of(f, "name"), *text = string_of(f, "text"), *sentence = string_of(f, "sentence");
        const char *own = string_of(f, "bytes");
        size_t at = place(f, "offset"), end = at + place(f, "length");
        size_t first = json_array_size(inner) > 0 ? place(json_array_get(inner, 0), "offset") : end;
        if (at > from) {
            fputs("<li>", out);
            bytes_between(out, all, from, at);
            fputs("</li>\n", out);
        }
        fputs("<li><b>", out);
        put(out, name != NULL ? name : "");
        fputs("</b> ", out);
        if (text != NULL) {
            fputs("<span>", out);
            put(out, text);
            fputs("</span>", out);
        }
        if (all.digits != NULL)
            bytes_between(out, all, at, first);
        else if (own != NULL && own[0] != '\0') {
            fputs(" <code>", out);
            hex(out, own, strlen(own) / 2);
            fputs("</code>", out);
        }
        fprintf(out, " <small>at %zu, %zu %s</small>", at, end - at, end - at == 1 ? "byte" : "bytes");
        if (sentence != NULL && strcmp(sentence, before) != 0) {
            fputs("<p class=\"sentence\">", out);
            put(out, sentence);
            fputs("</p>", out);
        }
        before = sentence != NULL ? sentence : "";
        if (json_array_size(inner) > 0)
            fields(out, inner, all, first, end);
        fputs("</li>\n", out);
        from = end > from ? end : from;
    }
    if (to > from) {
        fputs("<li>", out);
        bytes_between(out, all, from, to);
        fputs("</li>\n", out);
    }
    fputs("</ul>\n", out);
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

static void value(FILE *out, const char *key, json_t *v, int depth)
{
    const char *inner_key;
    json_t *inner;
    if (depth > DEEPEST)
        return;
    if (is_registered(v)) {
        put(out, string_of(v, "name"));
        fprintf(out, " (%" JSON_INTEGER_FORMAT ")", json_integer_value(json_object_get(v, "number")));
    } else if (json_is_object(v)) {
        fputs("<dl>\n", out);
        json_object_foreach(v, inner_key, inner) pair(out, inner_key, inner, depth + 1);
        fputs("</dl>\n", out);
    } else if (json_is_array(v) && is_table(v)) {
        table(out, v);
    } else if (json_is_array(v)) {
        fputs("<ol>\n", out);
        for (size_t i = 0; i < json_array_size(v); i++) {
            fputs("<li>", out);
            value(out, key, json_array_get(v, i), depth + 1);
            fputs("</li>\n", out);
        }
        fputs("</ol>\n", out);
    } else if (json_is_string(v) && is_hex(key, json_string_value(v))) {
        fputs("<code>", out);
        hex(out, json_string_value(v), json_string_length(v) / 2);
        fputs("</code>", out);
    } else if (json_is_string(v)) {
        html_put(out, HTML_TEXT, json_string_value(v), json_string_length(v));
    } else if (json_is_boolean(v)) {
        fputs(json_is_true(v) ? "yes" : "no", out);
    } else if (json_is_integer(v)) {
        fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    } else if (json_is_real(v)) {
        fprintf(out, "%g", json_real_value(v));
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

static void table(FILE *out, json_t *list)
{
    json_t *columns = json_object(), *v;
    const char *key;
    for (size_t i = 0; i < json_array_size(list); i++)
        json_object_foreach(json_array_get(list, i), key, v) json_object_set_new(columns, key, json_true());
    fputs("<table>\n<thead><tr>", out);
    json_object_foreach(columns, key, v)
    {
        fputs("<th scope=\"col\">", out);
        words(out, key);
        fputs("</th>", out);
    }
    fputs("</tr></thead>\n<tbody>\n", out);
    for (size_t i = 0; i < json_array_size(list); i++) {
        fputs("<tr>", out);
        json_object_foreach(columns, key, v)
        {
            json_t *cell = json_object_get(json_array_get(list, i), key);
            fputs("<td>", out);
            if (cell != NULL)
                value(out, key, cell, DEEPEST);
            fputs("</td>", out);
        }
        fputs("</tr>\n", out);
    }
    fputs("</tbody>\n</table>\n", out);
    json_decref(columns);
}

static bool is_registered(json_t *v)
{
    return json_is_object(v) && json_object_size(v) == 2 && json_is_integer(json_object_get(v, "number")) &&
           json_is_string(json_object_get(v, "name"));
}

static void pair(FILE *out, const char *key, json_t *v, int depth)
{
    fputs("<dt>", out);
    words(out, key);
    fputs("</dt><dd>", out);
    value(out, key, v, depth);
    fputs("</dd>\n", out);
}

/* data_records: data records */
static void words(FILE *out, const char *key)
{
    for (size_t len; *key != '\0'; key += len) {
        len = *key == '_' ? 1 : strcspn(key, "_");
        if (*key == '_')
            fputc(' ', out);
        else
            html_put(out, HTML_TEXT, key, len);
    }
}

static void put(FILE *out, const char *text)
{
    html_put(out, HTML_TEXT, text, strlen(text));
}

static void hex(FILE *out, const char *digits, size_t n)
{
    for (size_t i = 0; i < n; i++)
        fprintf(out, "%s%.2s", i > 0 ? " " : "", digits + 2 * i);
}

static const char *string_of(json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}
