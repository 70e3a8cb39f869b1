/* Counting checks: one program, one count; the first failures are told. */
#ifndef ENGINE_CHECK_H
#define ENGINE_CHECK_H

#include <stdbool.h>
#include <stdio.h>

static size_t passed, failed;

#define CHECK(good)       check((good), #good, __func__, __LINE__, 0)
#define CHECK_AT(good, n) check((good), #good, __func__, __LINE__, (size_t)(n))

static void check(bool good, const char *what, const char *where, int line, size_t n)
{
    if (good)
        passed++;
    else if (++failed < 30)
        printf("not ok: %s:%d: %s (%zu)\n", where, line, what, n);
}

#endif
