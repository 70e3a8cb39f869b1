/* Everything up to a bound: each small reader gets all inputs up to a length over an alphabet of the bytes that matter to it, and
   is compared with a second one, written here from the standards and in another way. Inputs end at a page that can't be read, so
   a byte too far ends the program. `bounded` is the quick form, `bounded --all` the long one (some minutes). */
#ifndef PROOFS_BOUNDED_H
#define PROOFS_BOUNDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

extern size_t passed, failed;
/* Counts; tells the first failures with the input. */
void check(bool good, const char *what, bytes input);

/* A copy that ends where readable memory ends; valid until the next call. */
bytes at_the_edge(bytes input);

/* Calls each with every string of 0 to longest bytes over the alphabet, at the edge. */
void every_string(bytes alphabet, size_t longest, void (*each)(bytes input));

void bounded_der(bool all);
void bounded_wire(bool all);
void bounded_frame(bool all);
void bounded_fragment(bool all);
void bounded_flow(bool all);

#endif
