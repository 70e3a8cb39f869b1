/* A sealed text for lessons: AES-128-GCM with a key, a nonce and nothing around it. */
#ifndef EXPLAIN_LESSON_H
#define EXPLAIN_LESSON_H

#include "base/bytes.h"

enum { LESSON_KEY = 16, LESSON_NONCE = 12, LESSON_TAG = 16 };

/* text.len + LESSON_TAG bytes to out. */
bool lesson_seal(const uint8_t key[LESSON_KEY], const uint8_t nonce[LESSON_NONCE], bytes text, uint8_t *out);
/* In place; len with the tag. False: altered, or another key. */
bool lesson_open(const uint8_t key[LESSON_KEY], const uint8_t nonce[LESSON_NONCE], uint8_t *inout, size_t len);

#endif
