/* Reads the cases that generate.py wrote; every judge in C includes this and prints one line for each. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 64 };
struct der {
    unsigned char *data;
    unsigned len;
};
struct one_case {
    int64_t at;
    struct der name, roots[MOST], chain[MOST]; /* the name ends with a NUL behind len */
    unsigned n_roots, n_chain;
};

static int read_number(FILE *f, int size, uint64_t *out)
{
    *out = 0;
    while (size-- > 0) {
        int c = getc(f);
        if (c == EOF)
            return 0;
        *out = *out << 8 | (unsigned)c;
    }
    return 1;
}

static int read_block(FILE *f, struct der *out)
{
    uint64_t n;
    free(out->data);
    out->data = NULL;
    if (!read_number(f, 4, &n) || n > 1u << 24 || (out->data = malloc((size_t)n + 1)) == NULL)
        return 0;
    out->len = (unsigned)n;
    out->data[n] = 0;
    return fread(out->data, 1, (size_t)n, f) == n;
}

static int read_list(FILE *f, struct der *out, unsigned *count)
{
    uint64_t n;
    if (!read_number(f, 4, &n) || n > MOST)
        return 0;
    for (*count = 0; *count < n; ++*count)
        if (!read_block(f, &out[*count]))
            return 0;
    return 1;
}

static int read_case(FILE *f, struct one_case *c)
{
    uint64_t at;
    if (!read_number(f, 8, &at))
        return 0;
    c->at = (int64_t)at;
    if (!read_block(f, &c->name) || !read_list(f, c->roots, &c->n_roots) || !read_list(f, c->chain, &c->n_chain))
        exit(2);
    return 1;
}
