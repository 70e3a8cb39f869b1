/* Bytes of a file, a pipe or memory, in order, gzip undone on the way. Memory does not grow with the file: only what is asked
   for in one piece has to fit. */
#ifndef EXPLAIN_INPUT_H
#define EXPLAIN_INPUT_H

#include "base/bytes.h"

enum { INPUT_PIECE_MOST = 64 * 1024 * 1024 /* largest piece that may be asked for */ };

struct input;

/* NULL without memory. The descriptor stays the caller's; the bytes have to stay where they are. */
struct input *input_file(int fd);
struct input *input_memory(bytes all);
void input_free(struct input *input);

/* The next n bytes, valid until the next call; data NULL when fewer than n are left (they stay) or n is too large. */
bytes input_take(struct input *input, size_t n);
/* The same without moving on: up to n bytes, fewer at the end. */
bytes input_peek(struct input *input, size_t n);
/* Moves on by n bytes; false when fewer were left. */
bool input_skip(struct input *input, uint64_t n);

/* Bytes moved over so far: where in the (unpacked) file we are. */
uint64_t input_at(const struct input *input);
/* Why no more comes, when that is not simply the end of the file: static text or a system error; NULL: nothing is wrong. */
const char *input_problem(const struct input *input);
bool input_packed(const struct input *input); /* it is gzip */

#endif
