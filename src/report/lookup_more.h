/* What fede lookup finds beside registries and glossary: versions, attacks, messages in the presentation language, OIDs. */
#ifndef REPORT_LOOKUP_MORE_H
#define REPORT_LOOKUP_MORE_H

#include "explain/suite_parts.h"
#include "report/json_write.h"
#include "report/page.h"

/* Where it goes: one of them is NULL. */
struct lookup_out {
    struct page *page;
    struct json_text *json;
};

/* By whole name or number (whole), or by a part of the name. How many were found. */
size_t lookup_more(const char *word, bool whole, const struct lookup_out *out);
/* The definition of a message, record or extension. */
size_t lookup_struct(const char *word, const struct lookup_out *out);
bool lookup_has_struct(const char *name);
/* "https://www.rfc-editor.org/rfc/rfc5246#section-7.4.1.2" for "RFC 5246 7.4.1.2, …"; empty for anything else. */
void lookup_link(const char *section, struct text *out);
/* What is thought of a cipher suite today: one sentence for each thing, the good news when there is nothing else. */
void lookup_judgement(const struct suite_parts *suite, struct text *out);
/* Names for suggestions; how many. */
size_t lookup_more_names(const char **names, size_t most);
/* The names are equal but for case, hyphens, underlines and blanks; or (not whole) one has the other in it. In lookup.c. */
bool lookup_fits(const char *name, const char *word, bool whole);

#endif
