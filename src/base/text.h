/* Bounded text building: never overruns, always ends in NUL, remembers the length it would have had. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/bytes.h"

struct text {
    char *out;
    size_t size; /* room, the NUL included */
    size_t len;  /* length of the whole text, even where it was cut */
};

struct text text_in(char *out, size_t size);
void text_add(struct text *t, const char *s);
void text_char(struct text *t, char c);
void text_number(struct text *t, int64_t n);
void text_hex_number(struct text *t, uint64_t n, int digits); /* "0x" and digits */
void text_hex(struct text *t, bytes b);                        /* lower case, no separators */
void text_time(struct text *t, int64_t seconds);               /* 2026-05-01 00:00:00 UTC, any year 1 to 9999 */
/* Text from the network: control characters, DEL, C1 and invalid UTF-8 become \x1b; a backslash is doubled. */
void text_escaped(struct text *t, bytes b);
/* Bytes of the character at the start of b, 1 to 4, and which it is; 0: this is no UTF-8 (RFC 3629: shortest form, no
   surrogates, up to U+10FFFF). */
size_t text_utf8(bytes b, uint32_t *c);

#endif
