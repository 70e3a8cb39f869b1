/* The two-way cursor: one routine per structure reads it, writes it, and narrates each field. The first error sticks;
   later calls do nothing; one check at the end. Writing never stores into the message. */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H

#include "base/bytes.h"

/* A registry: names for numbers (wire/names.c). */
struct names;

enum wire_kind {         /* how a field's value is to be shown */
    FIELD_NUMBER = 1, FIELD_BYTES, FIELD_TEXT /* host names, protocols */, FIELD_LIST, FIELD_STRUCT, FIELD_TIME
};

/* One narrated field. Fields nest: a LIST or STRUCT is announced by enter, its parts follow, leave ends it. */
struct wire_field {
    const char *name;            /* as in the RFC's struct: "cipher_suites" */
    const struct names *names;   /* registry for NUMBER, or NULL */
    uint64_t number;             /* NUMBER, TIME */
    bytes value;                 /* the field's own bytes, without length prefix */
    size_t offset, len;          /* in the buffer, length prefix included in both */
    uint8_t prefix;              /* bytes of length prefix at offset: 0, 1, 2 or 3 */
    uint8_t kind;
};

/* One broken rule: field, a predicate ("has an odd length"), offset, and the reason with its value when it is a finer one. */
struct wire_fault {
    const char *where, *why;
    size_t at;
    uint16_t reason; /* enum fede_reason */
    int64_t got;
};

struct narrator {
    void (*field)(struct narrator *n, const struct wire_field *field);
    void (*enter)(struct narrator *n, const struct wire_field *field); /* len may be 0: known at leave */
    void (*leave)(struct narrator *n, size_t end);                      /* offset behind the last byte */
    /* NULL: the first error ends everything. Otherwise each is told, and reading goes on: with the next field when this one
       could be read and only breaks a rule, behind the innermost vector around it when not. */
    void (*fault)(struct narrator *n, const struct wire_fault *fault);
};

struct wire {
    uint8_t *base;               /* offsets, not pointers: an empty input may have base NULL */
    size_t at, end;              /* next byte; end of the current enclosing structure */
    bool writing, bad;
    bool flawed;                 /* there was an error, and the narrator wanted to hear on; what follows tells of the first */
    const char *bad_where;       /* field name of the first error */
    const char *bad_in;          /* extension it stands in, or NULL */
    const char *bad_why;         /* static text, a predicate: "has an odd length" */
    size_t bad_at;               /* offset of the first error */
    uint16_t reason;             /* enum fede_reason of the first error; FEDE_DECODE unless finer */
    int64_t got;                 /* value for that reason */
    const char *in;              /* extension being read or written, or NULL */
    struct narrator *narrator;   /* NULL in the engine */
};

struct wire wire_reader(bytes in);
struct wire wire_narrating(bytes in, struct narrator *narrator);
struct wire wire_writer(uint8_t *out, size_t room);
/* Reader: no error and nothing left. Writer: not bad. */
bool wire_done(struct wire *w);

void wire_fail(struct wire *w, const char *where, const char *why);
void wire_fail_reason(struct wire *w, const char *where, uint16_t reason, int64_t got);
/* The same for what was read, or can be, but must not be so. at: where the field begins. */
void wire_flaw(struct wire *w, size_t at, const char *where, const char *why);
void wire_flaw_reason(struct wire *w, size_t at, const char *where, uint16_t reason, int64_t got);

/* Lists of 16-bit numbers as they stand in a message: big-endian pairs. */
struct u16s { const uint8_t *data; size_t n; };
static inline uint16_t u16s_at(struct u16s list, size_t i) { return load16(list.data + 2 * i); }
bool u16s_has(struct u16s list, uint16_t value);

void wire_u8(struct wire *w, const char *name, uint8_t *v, const struct names *names);
void wire_u16(struct wire *w, const char *name, uint16_t *v, const struct names *names);
void wire_u24(struct wire *w, const char *name, uint32_t *v);
void wire_u32(struct wire *w, const char *name, uint32_t *v, enum wire_kind kind);
void wire_fixed(struct wire *w, const char *name, uint8_t *v, size_t len);
/* Vectors with a length prefix of 1, 2, 3 bytes, and bounds from the RFC. */
void wire_opaque8(struct wire *w, const char *name, bytes *v, size_t min, size_t max);
void wire_opaque16(struct wire *w, const char *name, bytes *v, size_t min, size_t max);
void wire_opaque24(struct wire *w, const char *name, bytes *v, size_t min, size_t max);
void wire_text8(struct wire *w, const char *name, bytes *v, size_t min, size_t max);
void wire_text16(struct wire *w, const char *name, bytes *v, size_t min, size_t max);
void wire_u8_list(struct wire *w, const char *name, bytes *v, int prefix, size_t min, size_t max, const struct names *names);
void wire_u16_list(struct wire *w, const char *name, struct u16s *v, int prefix, size_t min, size_t max, const struct names *names);
void wire_rest(struct wire *w, const char *name, bytes *v);

/* A nested block with a length prefix of `prefix` bytes (0: none, only narration). Between open and close, w->end is the
   block's end when reading; when writing, close fills in the length. Kind LIST or STRUCT makes a level of its own for the
   narrator; with FIELD_NUMBER there is no level, and the length is a field named "length". */
struct wire_block { const char *name; size_t start, outer_end, min, max; int8_t prefix /* -1: never opened */; uint8_t kind; };
struct wire_block wire_open(struct wire *w, const char *name, int prefix, size_t min, size_t max, enum wire_kind kind);
void wire_close(struct wire *w, struct wire_block *block);
/* A vector of entries that are not plain numbers. `content` is the vector's content as it stands on the wire, both ways:
   reading checks and narrates each entry with `form`, writing takes the entries from it one by one. */
struct wire_entry { uint8_t type; uint16_t number, other; uint32_t count; bytes name, body; };
typedef void wire_form(struct wire *w, struct wire_entry *entry);
void wire_list(struct wire *w, const char *name, bytes *content, int prefix, size_t min, size_t max, wire_form *form);
/* One such entry, without a prefix, kept as the stretch of bytes it takes. */
void wire_slice(struct wire *w, bytes *content, wire_form *form);

static inline bool wire_more(const struct wire *w) { return !w->bad && w->at < w->end; }
static inline size_t wire_left(const struct wire *w) { return w->end - w->at; }

#endif
