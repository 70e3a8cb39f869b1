/* Why an alert was sent, as far as the connection shows it. */
#ifndef EXPLAIN_ALERTS_H
#define EXPLAIN_ALERTS_H

#include "explain/derived.h"
#include "explain/dissection.h"

enum certainty { CERTAIN = 1, LIKELY, NOT_VISIBLE };

struct alert_reason {
    uint8_t from, level, description;
    uint8_t certainty;       /* enum certainty */
    char text[500];          /* one or two sentences */
};

/* The first alert of each side, in the order of sides; returns how many (0 to 2). derived may be NULL. */
size_t alert_reasons(const struct dissection *d, const struct derived *derived, int64_t at, struct alert_reason out[2]);

const char *certainty_name(enum certainty certainty); /* "certain", "likely", "not visible on the wire" */

#endif
