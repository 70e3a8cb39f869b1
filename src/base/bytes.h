/* Borrowed slices, constant-time compare, wiping. Knows nothing about TLS. The only places that call memcpy are base
   and wire. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <string.h>

#include "fede/types.h"

typedef fede_bytes bytes;

#define BYTES_NONE ((bytes){NULL, 0})
/* For string literals and arrays only. */
#define BYTES_OF(array) ((bytes){(const uint8_t *)(array), sizeof(array)})

static inline bytes bytes_of(const void *data, size_t len) { return (bytes){data, len}; }
static inline bytes bytes_text(const char *s) { return (bytes){(const uint8_t *)s, s ? strlen(s) : 0}; }
static inline bytes bytes_skip(bytes b, size_t n)
{
    return n > b.len ? BYTES_NONE : (bytes){b.len ? b.data + n : b.data, b.len - n};
}
static inline bytes bytes_first(bytes b, size_t n) { return (bytes){b.data, n < b.len ? n : b.len}; }

/* Not for secrets: ends at the first difference. */
static inline bool bytes_equal(bytes a, bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}
/* For secrets: time depends on the lengths only. */
bool bytes_equal_secret(bytes a, bytes b);
/* memcpy and memmove that accept len 0 with NULL. */
void bytes_copy(void *to, const void *from, size_t len);
void bytes_move(void *to, const void *from, size_t len);
/* Never optimised away. */
void bytes_wipe(void *p, size_t len);

static inline uint16_t load16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }
static inline uint32_t load24(const uint8_t *p) { return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2]; }
static inline uint32_t load32(const uint8_t *p) { return (uint32_t)p[0] << 24 | load24(p + 1); }
static inline void store16(uint8_t *p, uint16_t v) { p[0] = (uint8_t)(v >> 8); p[1] = (uint8_t)v; }
static inline void store24(uint8_t *p, uint32_t v) { p[0] = (uint8_t)(v >> 16); store16(p + 1, (uint16_t)v); }
static inline void store32(uint8_t *p, uint32_t v) { for (int i = 3; i >= 0; i--, v >>= 8) p[i] = (uint8_t)v; }
static inline void store64(uint8_t *p, uint64_t v) { for (int i = 7; i >= 0; i--, v >>= 8) p[i] = (uint8_t)v; }

#endif
