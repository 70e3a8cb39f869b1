/* A dissection is a tree of named fields. The same tree comes from a live connection and from a capture, and is shown as
   text, JSON or a page. A field borrows its bytes from the message; the nodes live in the arena they were made in. */
#ifndef EXPLAIN_FIELD_H
#define EXPLAIN_FIELD_H

#include "base/arena.h"
#include "base/text.h"
#include "wire/names.h"
#include "wire/wire.h"

struct field {
    const char *name;          /* the standard's name: "cipher_suites", for an extension its registered name */
    const char *words;         /* the value in words, already escaped; NULL: made from the members below */
    const struct names *names; /* registry of number, or NULL */
    uint64_t number;           /* NUMBER, TIME; for an extension its code point */
    bytes value;               /* own bytes without length prefix */
    size_t offset, len;        /* in the message, length prefix included in both */
    uint8_t prefix;            /* bytes of length prefix */
    uint8_t kind;              /* enum wire_kind */
    bool numbered;             /* a STRUCT whose name stands for number in the registry names: an extension */
    unsigned n;                /* children */
    struct field *parent, *first, *last, *next;
};

/* A zeroed child at the end of parent's children (parent NULL: a root). NULL without memory. */
struct field *field_new(struct arena *arena, struct field *parent, const char *name, enum wire_kind kind);

/* The field's place in words: "client_hello.extensions.server_name.host_name". */
void field_path(const struct field *field, struct text *out);

/* The value in words: registry name and number, escaped text, hexadecimal. most: bytes shown of a value that has to be
   shown in hexadecimal, 0 for all of them; what is left out is counted. */
void field_text(const struct field *field, struct text *out, size_t most);

/* Value and all that lies inside it on one line: "h2, http/1.1". */
void field_brief(const struct field *field, struct text *out, size_t most);

/* First field of that path below root, path without the root's own name; NULL when there is none. */
const struct field *field_find(const struct field *root, const char *path);

/* The next field in reading order, parents before their children, within root; NULL at the end. */
const struct field *field_next(const struct field *field, const struct field *root);

/* Bytes of a field that belong to no child: up to the first child, all of them without children. */
size_t field_own_len(const struct field *field);

unsigned field_depth(const struct field *field);

/* "name (number)" as the registry has it, "unknown (number)" else. */
void field_registered(struct text *out, const struct names *names, uint64_t number);

#endif
