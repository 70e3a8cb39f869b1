/* What the forms of a story say besides the glossary: labels, outcomes, notices, in the languages there are. */
#ifndef REPORT_PHRASES_H
#define REPORT_PHRASES_H

#include "base/language.h"
#include "base/text.h"
#include "report/json_write.h"

/* The English phrase in that language (phrases_zh.def, story_zh.def); itself where that has none. */
const char *phrase(enum language language, const char *english);
/* A whole text that was put together, as a phrase with values in it, or several with "; " between them. What is none stays as
   it is. */
void phrase_text(enum language language, const char *english, struct text *out);
/* Those of the page in that language as members of an object that is open, English as keys. */
void phrases_json(struct json_text *w, enum language language);

#endif
