/* Texts that several files of the tool need. */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H

#include "base/text.h"

/* A time span in words: "0.8 ms", "12.3 ms", "1.20 s". */
void text_span(struct text *t, uint64_t us);
/* A number of bytes with thousands separated: "12,345". */
void text_bytes(struct text *t, uint64_t n);
/* Formatted, into the text; no control characters are escaped. */
void text_format(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

void text_base64(struct text *t, bytes b);

#endif
