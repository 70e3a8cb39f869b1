/* report/diff_story.c: a story for comparing, from whatever it was kept in: a document, a document of several connections,
   lines, or a capture that is explained first. */
#include "report/diff_story.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "report/onlooker.h"
#include "report/saved.h"

static json_t *choose(json_t *story, unsigned connection);
static void gather(json_t *lines, json_t *line, unsigned connection);
static FILE *explained(const struct diff_request *request, const struct diff_side *side, enum diff_outcome *outcome,
                       struct text *why);

json_t *diff_story(const struct diff_request *request, const struct diff_side *side, enum diff_outcome *outcome,
                   struct text *why)
{
    FILE *in = saved_is(side->path) ? fopen(side->path, "r") : explained(request, side, outcome, why);
    json_t *found = NULL, *lines = NULL;
    json_error_t error = {0};
    bool any = false;
    if (in == NULL)
        return NULL;
    for (json_t *story; found == NULL && (story = json_loadf(in, JSON_DISABLE_EOF_CHECK, &error)) != NULL;
         json_decref(story)) {
        any = any || json_object_get(story, "story") != NULL;
        if (json_object_get(story, "event") != NULL) {
            lines = lines != NULL ? lines : json_object();
            gather(lines, story, side->connection);
        } else {
            found = json_incref(choose(story, side->connection));
        }
    }
    bool whole = fgetc(in) == EOF && feof(in);
    fclose(in);
    if (found == NULL && whole && lines != NULL && json_object_get(lines, "total_us") != NULL)
        found = json_incref(lines);
    json_decref(lines);
    if (found != NULL)
        return found;
    *outcome = any && whole ? DIFF_NOTHING : DIFF_UNREADABLE;
    text_escaped(why, bytes_text(side->path));
    text_add(why, any && whole ? ": there is no connection " : ": ");
    if (any && whole)
        text_number(why, side->connection);
    else
        text_add(why, any ? error.text : "it is neither a capture nor a story saved with --json");
    return NULL;
}

/* A story of a live connection has no number. */
static json_t *choose(json_t *story, unsigned connection)
{
    json_t *all = json_object_get(story, "connections"), *number;
    for (size_t i = 0; i < json_array_size(all); i++) {
        json_t *one = choose(json_array_get(all, i), connection);
        if (one != NULL)
            return one;
    }
    number = json_object_get(story, "connection");
    if (json_object_get(story, "messages") == NULL)
        return NULL;
    return number == NULL || json_integer_value(number) == (json_int_t)connection ? story : NULL;
}

/* A line is an entry of the list of its kind; some hold what stands beside the lists. */
static void gather(json_t *lines, json_t *line, unsigned connection)
{
    const char *event = json_string_value(json_object_get(line, "event"));
    json_t *number = json_object_get(line, "connection");
    char key[40];
    if ((number != NULL && json_integer_value(number) != (json_int_t)connection) || strlen(event) > sizeof key - 2)
        return;
    if (strcmp(event, "end") == 0 || strcmp(event, "start") == 0) {
        json_object_update(lines, line);
        return;
    }
    if (strcmp(event, "onlooker") == 0 || strcmp(event, "opened") == 0) {
        json_object_set(lines, strcmp(event, "opened") == 0 ? "choice" : event, line);
        return;
    }
    snprintf(key, sizeof key, strcmp(event, "http") == 0 ? "%s" : "%ss", event);
    json_t *list = json_object_get(lines, key);
    if (list == NULL)
        json_object_set_new(lines, key, list = json_array());
    json_array_append(list, line);
}

/* The capture's story as the document that --json makes. NULL: outcome and why are set. */
static FILE *explained(const struct diff_request *request, const struct diff_side *side, enum diff_outcome *outcome,
                       struct text *why)
{
    char reason[400] = "";
    struct onlooker_request look = {
        .files = &side->path,
        .n_files = 1,
        .keylogs = request->keylogs,
        .n_keylogs = request->n_keylogs,
        .only = side->connection,
        .memory = 1u << 30,
        .report = {.out = tmpfile(), .form = REPORT_JSON, .level = 1, .width = 80},
        .command = request->command,
    };
    *outcome = look.report.out == NULL ? DIFF_FAILED : DIFF_EQUAL;
    if (look.report.out == NULL) {
        text_add(why, "a temporary file can't be made");
        return NULL;
    }
    enum onlooker_outcome seen = onlooker_tell(&look, reason, sizeof reason);
    if (seen == ONLOOKER_FAILED || seen == ONLOOKER_UNREADABLE || seen == ONLOOKER_NOTHING) {
        *outcome = seen == ONLOOKER_FAILED ? DIFF_FAILED : seen == ONLOOKER_NOTHING ? DIFF_NOTHING : DIFF_UNREADABLE;
        text_escaped(why, bytes_text(side->path));
        text_add(why, ": ");
        text_add(why, reason);
        fclose(look.report.out);
        return NULL;
    }
    rewind(look.report.out);
    return look.report.out;
}
