/* Paths into a line of a story: keys of the JSON ("connection", "traffic.client.bytes"), fields of messages and records
   ("client_hello.cipher_suites.cipher_suite"), short names ("sni") and Wireshark's names ("tls.handshake.ciphersuite"). */
#ifndef REPORT_STORY_PATH_H
#define REPORT_STORY_PATH_H

#include <jansson.h>
#include <stdbool.h>

#include "base/text.h"

enum { STORY_VALUES_MOST = 256 };

struct story_values {
    const json_t *at[STORY_VALUES_MOST]; /* a JSON value, or the object of a field or of a registered number */
    size_t n;
};

/* What stands in the line under that path; n is 0 when nothing does. Of a field's path steps in between may be left out:
   "client_hello.host_name". More than STORY_VALUES_MOST are not found. */
void story_values(const json_t *line, const char *path, struct story_values *out);

/* Does every line of a connection have it: its number, the event, the time? */
bool story_path_common(const char *path);

/* The value in words, as -T fields prints it: a name of Wireshark's as tshark does, all others as the story has it. */
void story_value_words(const json_t *value, const char *path, struct text *out);

/* The ways in which a value can be compared; false: it has no such side. */
bool story_value_number(const json_t *value, int64_t *number);
/* The n-th of its texts: itself, a registered name without its number, its bytes in hexadecimal. Cut to size. */
bool story_value_text(const json_t *value, size_t n, struct text *out);

#endif
