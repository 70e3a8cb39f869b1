/* JSON written as it is told, front to back, into memory that grows: no objects are made. A key of NULL is for what stands in
   a list. Reading JSON is jansson's work (docs/decisions/0024-json-written-by-hand.md). */
#ifndef REPORT_JSON_WRITE_H
#define REPORT_JSON_WRITE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/bytes.h"
#include "wire/names.h"

/* All zero is an empty text. */
struct json_text {
    char *out; /* no NUL at its end */
    size_t len, room;
    bool more;   /* the next one needs a comma before it */
    bool failed; /* memory was missing: the text is not whole */
};

void put_object(struct json_text *t, const char *key);
void put_object_end(struct json_text *t);
void put_list(struct json_text *t, const char *key);
void put_list_end(struct json_text *t);

/* NULL as words is an empty string. What is no UTF-8 is escaped as text from the network is (base/text.h). */
void put_words(struct json_text *t, const char *key, const char *words);
void put_hex(struct json_text *t, const char *key, bytes value);
void put_number(struct json_text *t, const char *key, uint64_t number);
void put_flag(struct json_text *t, const char *key, bool flag);
/* {"number": …, "name": …}, open for more: with put_object_end to follow. */
void put_registered_open(struct json_text *t, const char *key, const struct names *names, uint64_t number);
void put_registered(struct json_text *t, const char *key, const struct names *names, uint64_t number);
/* A value that is written already. */
void put_text(struct json_text *t, const char *key, const struct json_text *other);

/* Writes the text and a line end: as it is; drawn with a column of indentation a level; or drawn so, but without its opening
   brace, for it goes on with an object begun by others. False: it is not whole. */
enum json_look { JSON_LINE, JSON_DRAWN, JSON_DRAWN_ON };
bool json_text_write(const struct json_text *t, FILE *out, enum json_look look);
/* Empties it, wiping what was there; its memory stays for what comes. */
void json_text_clear(struct json_text *t);
void json_text_free(struct json_text *t);

#endif
