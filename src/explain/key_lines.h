/* Key logs line by line (RFC 9850): kept in order, each judged, written again in the canonical form. */
#ifndef EXPLAIN_KEY_LINES_H
#define EXPLAIN_KEY_LINES_H

#include "base/text.h"
#include "explain/input.h"

enum line_trouble {
    LINE_GOOD,
    LINE_REPEATED,  /* the same entry stands further up: harmless */
    LINE_NO_ENTRY,  /* not a label and two strings of hexadecimal digits */
    LINE_LABEL,     /* a label that is not known */
    LINE_RANDOM,    /* a random of another length than the label's */
    LINE_SECRET,    /* a secret of a length that none has */
    LINE_CONFLICT   /* label and random stand further up with another secret */
};

struct key_line {
    uint64_t number;      /* of the line in its source, from 1 */
    size_t source;        /* which text it was read from */
    uint8_t trouble;      /* enum line_trouble */
    uint8_t random_len;   /* at most that of random is kept; 0 with LINE_NO_ENTRY */
    uint16_t secret_len;
    size_t before;        /* LINE_REPEATED, LINE_CONFLICT: index of that entry */
    char label[40];       /* escaped where it is not known */
    uint8_t random[64];
    uint8_t secret[];
};

/* All zero is an empty list. */
struct key_lines {
    struct key_line **list;
    size_t n, room;
    bool failed; /* memory was missing */
};

/* Reads to the end of the input; call key_lines_judge when all sources have been read. */
void key_lines_read(struct key_lines *k, size_t source, struct input *input);
/* Finds repeated entries and those that contradict each other. */
void key_lines_judge(struct key_lines *k);
void key_lines_end(struct key_lines *k);

/* Is it an entry that can open something? Repeated ones are not: they were said before. */
static inline bool key_line_counts(const struct key_line *l)
{
    return l->trouble == LINE_GOOD || l->trouble == LINE_CONFLICT;
}
/* The canonical line with its newline, at most size bytes; 0: it does not fit. The caller wipes it. */
enum { KEY_LINE_MOST = 40 + 2 * 64 + 2 * 1024 + 4 };
size_t key_line_write(const struct key_line *l, char *out, size_t size);
/* What is wrong, in words; "" when nothing is. */
void key_line_trouble(const struct key_lines *k, const struct key_line *l, struct text *out);

#endif
