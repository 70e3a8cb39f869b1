/* The lessons before TLS: what one kind of cryptography alone can't do, with bytes that work. */
#ifndef REPORT_LESSONS_H
#define REPORT_LESSONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Prints the lesson of that name; false: there is none. */
bool lesson_print(const char *name, FILE *out);
/* Names in order, NULL beyond the last; *title in a few words. */
const char *lesson_at(size_t i, const char **title);

#endif
