/* Broken rules of one message: which field, at which byte, what is wrong, and the section of the standard that says so. */
#ifndef EXPLAIN_FAULTS_H
#define EXPLAIN_FAULTS_H

#include "explain/field.h"

struct fault {
    const char *path;    /* "client_hello.extensions.server_name.host_name" */
    const char *where;   /* its last part, as the codec names it */
    const char *why;     /* a predicate: "has an odd length" */
    const char *section; /* "RFC 6066 3" */
    size_t at;           /* offset in the message */
    const struct fault *next;
};

struct faults {
    struct arena *arena;
    struct fault *first, *last;
    size_t n;            /* FAULTS_MOST of them are kept */
    bool cut;            /* no memory for one */
};

enum { FAULTS_MOST = 32 };

/* The field `where` of `in`, or `in` itself when it has that name. section NULL: that of the reason, or of the field. */
void fault_add(struct faults *faults, const struct field *in, const struct wire_fault *fault, const char *section);

/* "client_hello.cipher_suites, byte 39: has an odd length (RFC 5246 7.4.1.2)" */
void fault_text(const struct fault *fault, struct text *out);

#endif
