/* report/progress.c: one line, drawn over itself at most five times a second. */
#define _POSIX_C_SOURCE 200809L

#include "report/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "report/phrases.h"

enum { FIRST_US = 1000000, AGAIN_US = 200000 };

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void progress_start(struct progress *p, bool wanted, enum language language)
{
    *p = (struct progress){.wanted = wanted && isatty(STDERR_FILENO), .began_us = now_us(), .language = language};
}

void progress_at(struct progress *p, uint64_t n, const char *what, uint64_t done, uint64_t whole)
{
    if (!p->wanted)
        return;
    uint64_t now = now_us();
    if (now - p->began_us < FIRST_US || now - p->shown_us < AGAIN_US)
        return;
    p->shown = true;
    p->shown_us = now;
    fprintf(stderr, "\r%" PRIu64 " %s", n, phrase(p->language, what));
    if (whole > 0)
        fprintf(stderr, ", %u %%", (unsigned)(100.0 * (double)done / (double)whole));
    fprintf(stderr, ", %.0f MB/s\033[K", (double)done / (double)(now - p->began_us));
    fflush(stderr);
}

void progress_end(struct progress *p)
{
    if (p->shown) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
    p->shown = false;
}
