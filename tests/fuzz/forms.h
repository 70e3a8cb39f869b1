/* What reports look like, whatever they are about. */
#ifndef FUZZ_FORMS_H
#define FUZZ_FORMS_H

#include <jansson.h>
#include <string.h>

#include "fuzz/want.h"

/* Each line is one JSON object. */
static inline void want_json_lines(const char *out)
{
    for (const char *end; (end = strchr(out, '\n')) != NULL; out = end + 1) {
        json_t *line = json_loadb(out, (size_t)(end - out), JSON_ALLOW_NUL, NULL);
        want(json_is_object(line));
        json_decref(line);
    }
    want(*out == '\0');
}

/* Nothing that a terminal would obey. */
static inline void want_plain(const char *out)
{
    for (const char *c = out; *c != '\0'; c++)
        want((unsigned char)*c >= 0x20 || *c == '\n' || *c == '\t');
    want(strchr(out, 0x7f) == NULL);
}

static inline size_t times(const char *text, const char *part)
{
    size_t n = 0;
    for (; (text = strstr(text, part)) != NULL; text += strlen(part))
        n++;
    return n;
}

/* No element begins or ends but those of n stories. */
static inline void want_page(const char *out, size_t n)
{
    static const char *const once[] = {"<script", "</script", "<noscript", "</noscript", "<article", "</article"};
    for (size_t i = 0; i < sizeof once / sizeof *once; i++)
        want(times(out, once[i]) == n);
    want(times(out, "<!") == 0);
}

#endif
