/* The story as one HTML page: the JSON documents inside a static page with its own style and script (page/), and the same
   content written out for readers without script and for paper. Nothing is fetched from anywhere. */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/language.h"

/* A page is written front to back: the beginning, each story as it is complete, the end. All of them: false when something
   could not be written. */
bool html_begin(FILE *out, const char *title, enum language language);
bool html_story(FILE *out, json_t *story, enum language language);
bool html_end(FILE *out);

/* The one place where text becomes part of the page. TEXT is for between tags and for attribute values in double quotes;
   DATA for JSON inside the script element: there nothing may look like a tag, also not to an old parser. */
enum html_place { HTML_TEXT, HTML_DATA };
void html_put(FILE *out, enum html_place place, const char *text, size_t len);
/* The character at the start, and how many bytes it has. What is no UTF-8 counts as U+FFFD, each byte for itself. */
size_t html_character(const unsigned char *s, size_t len, uint32_t *character);

/* html_plain.c: a story without script, every section open, in reading order. language: of the words around its values. */
void html_plain(FILE *out, json_t *story, enum language language);

/* story_words.c: the story with fede's own words in that language, for the caller to drop; said, an object, gets each text of it
   that is another one there, with the English one as key. */
json_t *story_words(json_t *story, enum language language, json_t *said);

/* summary.c: what happened in plain sentences, and what a listener on the way learns of it; both made from the story's other
   parts. NULL without memory. */
json_t *summary_sentences(const json_t *story);
json_t *summary_observer(const json_t *story);

/* Made from page/ when fede is built (cmake/embed.cmake): the page up to its language, from there to its title, to the
   stories, to the end. */
extern const unsigned char html_page_start[], html_page_top[], html_page_middle[], html_page_bottom[];
extern const size_t html_page_start_len, html_page_top_len, html_page_middle_len, html_page_bottom_len;

#endif
