/* report/story_words.c: a finished story in another language.

   A story is made in English, and that is what --json tells and the page offers to save. What a page shows is the same story with
   fede's own words put into the page's language; values, which may come from the network, keys and identifiers stay. The
   page's script has a list of those texts beside the story it reads. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "report/html.h"
#include "report/phrases.h"

enum { DEEPEST = 20, SAID_MOST = 8192 };

/* Members whose texts are not ours, and what lies in them. */
static const char *const values[] = {
    "fields", "bytes", "der", "data", "command", "tool", "client", "server", "path", "headers", "target", "line",
    "lines", "subject", "names", "sha256", "registry", "kind", "section", "started", "at", "from", "origin", "where",
    "label", "value", "sentence", "dialogue", "dns", "packets", "coding"};

static json_t *in_language(json_t *v, enum language language, json_t *said, int depth);

static bool is_value(const char *key, const json_t *v)
{
    if (strcmp(key, "text") == 0)
        return json_is_array(v); /* lines of content */
    if (strcmp(key, "alpn") == 0 || strcmp(key, "server_name") == 0)
        return json_is_string(v); /* not the list of what was offered */
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (strcmp(values[i], key) == 0)
            return true;
    return false;
}

json_t *story_words(json_t *story, enum language language, json_t *said)
{
    return in_language(story, language, said, 0);
}

static json_t *text_of(json_t *v, enum language language, json_t *said)
{
    const char *english = json_string_value(v);
    char words[SAID_MOST];
    struct text t = text_in(words, sizeof words);
    if (json_string_length(v) >= sizeof words / 2)
        return json_incref(v);
    phrase_text(language, english, &t);
    if (strcmp(words, english) == 0)
        return json_incref(v);
    json_object_set_new(said, english, json_string(words));
    return json_string(words);
}

/* A new reference: to itself where nothing in it is said otherwise. */
static json_t *in_language(json_t *v, enum language language, json_t *said, int depth)
{
    const char *key;
    json_t *inner, *copy = NULL;
    if (depth > DEEPEST)
        return json_incref(v);
    if (json_is_string(v))
        return text_of(v, language, said);
    if (json_is_object(v) && (copy = json_object()) != NULL) {
        json_object_foreach(v, key, inner) json_object_set_new(
            copy, key, is_value(key, inner) ? json_incref(inner) : in_language(inner, language, said, depth + 1));
    } else if (json_is_array(v) && (copy = json_array()) != NULL) {
        for (size_t i = 0; i < json_array_size(v); i++)
            json_array_append_new(copy, in_language(json_array_get(v, i), language, said, depth + 1));
    }
    return copy != NULL ? copy : json_incref(v);
}
