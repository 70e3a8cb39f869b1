/* What must hold whatever the input is. */
#ifndef FUZZ_WANT_H
#define FUZZ_WANT_H

#include <stdio.h>
#include <stdlib.h>

#define want(condition) ((condition) ? (void)0 : want_failed(__FILE__, __LINE__, #condition))

static inline void want_failed(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    abort();
}

#endif
