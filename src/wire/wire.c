/* The two-way cursor (see wire.h). Every structure on the wire is described by one routine made of the calls below, and
   that routine reads it, writes it, and names each field to a narrator. Two rules hold for each call here:

   - reading fills the variable and never looks beyond `end`; writing takes from the variable and never stores into it;
   - after the first error nothing happens any more: no byte is read or written, no field is narrated. Only a narrator that
     asks for more than the first error (`fault`) makes reading go on behind it; the reader is still not done at the end.

   Vectors follow the presentation language of RFC 9846 3.4 (RFC 5246 4.3): a length in bytes in front, bounds on it.
   What the messages consist of is elsewhere: hello.c, extensions.c, exchange12.c, auth.c, after.c. */
#include "wire/wire.h"

#include "base/error.h"
#include "wire/names.h"

static bool take(struct wire *w, const char *name, size_t len, size_t *at);
static size_t load(const uint8_t *p, int n);
static void store(uint8_t *p, size_t value, int n);
static void number(struct wire *w, const char *name, size_t at, size_t len, uint64_t value, const struct names *names);
struct form {
    uint8_t prefix, kind;
};
static void vector(struct wire *w, const char *name, bytes *v, size_t min, size_t max, struct form form);
static bool length_fits(struct wire *w, const char *name, size_t len, size_t min, size_t max);
static bool hears_on(const struct wire *w);
static void fail(struct wire *w, const struct wire_fault *fault);

struct wire wire_reader(bytes in)
{
    return (struct wire){.base = (uint8_t *)(uintptr_t)in.data, .end = in.len};
}

struct wire wire_narrating(bytes in, struct narrator *narrator)
{
    struct wire w = wire_reader(in);
    w.narrator = narrator;
    return w;
}

struct wire wire_writer(uint8_t *out, size_t room)
{
    return (struct wire){.base = out, .end = room, .writing = true};
}

bool wire_done(struct wire *w)
{
    return !w->bad && !w->flawed && (w->writing || w->at == w->end);
}

void wire_fail(struct wire *w, const char *where, const char *why)
{
    fail(w, &(struct wire_fault){where, why, w->at, FEDE_DECODE, w->got});
}

void wire_fail_reason(struct wire *w, const char *where, uint16_t reason, int64_t got)
{
    fail(w, &(struct wire_fault){where, "has a value that is not allowed", w->at, reason, got});
}

void wire_flaw(struct wire *w, size_t at, const char *where, const char *why)
{
    bool before = w->bad;
    fail(w, &(struct wire_fault){where, why, at, FEDE_DECODE, w->got});
    w->bad = before || !hears_on(w);
}

void wire_flaw_reason(struct wire *w, size_t at, const char *where, uint16_t reason, int64_t got)
{
    bool before = w->bad;
    fail(w, &(struct wire_fault){where, "has a value that is not allowed", at, reason, got});
    w->bad = before || !hears_on(w);
}

bool u16s_has(struct u16s list, uint16_t value)
{
    for (size_t i = 0; i < list.n; i++)
        if (u16s_at(list, i) == value)
            return true;
    return false;
}

/* ---- numbers and fixed fields ---- */

void wire_u8(struct wire *w, const char *name, uint8_t *v, const struct names *names)
{
    size_t at;
    if (!take(w, name, 1, &at))
        return;
    if (w->writing)
        w->base[at] = *v;
    else
        *v = w->base[at];
    number(w, name, at, 1, *v, names);
}

void wire_u16(struct wire *w, const char *name, uint16_t *v, const struct names *names)
{
    size_t at;
    if (!take(w, name, 2, &at))
        return;
    if (w->writing)
        store16(w->base + at, *v);
    else
        *v = load16(w->base + at);
    number(w, name, at, 2, *v, names);
}

void wire_u24(struct wire *w, const char *name, uint32_t *v)
{
    size_t at;
    if (!take(w, name, 3, &at))
        return;
    if (w->writing)
        store24(w->base + at, *v);
    else
        *v = load24(w->base + at);
    number(w, name, at, 3, *v, NULL);
}

void wire_u32(struct wire *w, const char *name, uint32_t *v, enum wire_kind kind)
{
    size_t at;
    if (!take(w, name, 4, &at))
        return;
    if (w->writing)
        store(w->base + at, *v, 4);
    else
        *v = load32(w->base + at);
    if (w->narrator)
        w->narrator->field(w->narrator, &(struct wire_field){.name = name,
                                                             .number = *v,
                                                             .value = bytes_of(w->base + at, 4),
                                                             .offset = at,
                                                             .len = 4,
                                                             .kind = (uint8_t)kind});
}

void wire_fixed(struct wire *w, const char *name, uint8_t *v, size_t len)
{
    size_t at;
    if (!take(w, name, len, &at))
        return;
    if (w->writing)
        bytes_copy(w->base + at, v, len);
    else
        bytes_copy(v, w->base + at, len);
    if (w->narrator)
        w->narrator->field(
            w->narrator,
            &(struct wire_field){
                .name = name, .value = bytes_of(w->base + at, len), .offset = at, .len = len, .kind = FIELD_BYTES});
}

void wire_rest(struct wire *w, const char *name, bytes *v)
{
    vector(w, name, v, 0, SIZE_MAX, (struct form){0, FIELD_BYTES});
}

/* ---- vectors of bytes ---- */

void wire_opaque8(struct wire *w, const char *name, bytes *v, size_t min, size_t max)
{
    vector(w, name, v, min, max, (struct form){1, FIELD_BYTES});
}

void wire_opaque16(struct wire *w, const char *name, bytes *v, size_t min, size_t max)
{
    vector(w, name, v, min, max, (struct form){2, FIELD_BYTES});
}

void wire_opaque24(struct wire *w, const char *name, bytes *v, size_t min, size_t max)
{
    vector(w, name, v, min, max, (struct form){3, FIELD_BYTES});
}

void wire_text8(struct wire *w, const char *name, bytes *v, size_t min, size_t max)
{
    vector(w, name, v, min, max, (struct form){1, FIELD_TEXT});
}

void wire_text16(struct wire *w, const char *name, bytes *v, size_t min, size_t max)
{
    vector(w, name, v, min, max, (struct form){2, FIELD_TEXT});
}

/* The one routine behind opaque, text and rest (prefix 0). */
static void vector(struct wire *w, const char *name, bytes *v, size_t min, size_t max, struct form form)
{
    size_t prefix = form.prefix, at = w->at, left = wire_left(w), len;
    if (w->bad)
        return;
    if (w->writing) {
        len = v->len;
    } else if (left < prefix) {
        wire_fail(w, name, "is cut off within its length");
        return;
    } else {
        len = prefix ? load(w->base + at, form.prefix) : left;
    }
    if (!length_fits(w, name, len, min, max))
        return;
    if (left < prefix || left - prefix < len) {
        w->got = (int64_t)len;
        wire_fail(w, name, w->writing ? "does not fit the room given" : "is longer than what encloses it");
        return;
    }
    if (w->writing) {
        store(w->base + at, len, form.prefix);
        bytes_copy(w->base + at + prefix, v->data, len);
    } else {
        *v = bytes_of(len ? w->base + at + prefix : NULL, len);
    }
    w->at += prefix + len;
    if (w->narrator && prefix + len)
        w->narrator->field(w->narrator, &(struct wire_field){.name = name,
                                                             .value = bytes_of(len ? w->base + at + prefix : NULL, len),
                                                             .offset = at,
                                                             .len = prefix + len,
                                                             .prefix = form.prefix,
                                                             .kind = form.kind});
}

/* ---- vectors of numbers ---- */

void wire_u8_list(struct wire *w, const char *name, bytes *v, int prefix, size_t min, size_t max,
                  const struct names *names)
{
    struct wire_block block = wire_open(w, name, prefix, min, max, FIELD_LIST);
    if (w->writing) {
        size_t at;
        if (take(w, name, v->len, &at))
            bytes_copy(w->base + at, v->data, v->len);
    } else if (!w->bad) {
        *v = bytes_of(w->at < w->end ? w->base + w->at : NULL, wire_left(w));
        for (size_t i = 0; w->narrator && i < v->len; i++)
            number(w, names ? names->title : name, w->at + i, 1, v->data[i], names);
        w->at = w->end;
    }
    wire_close(w, &block);
}

void wire_u16_list(struct wire *w, const char *name, struct u16s *v, int prefix, size_t min, size_t max,
                   const struct names *names)
{
    struct wire_block block = wire_open(w, name, prefix, min, max, FIELD_LIST);
    if (w->writing) {
        size_t at;
        if (take(w, name, 2 * v->n, &at))
            bytes_copy(w->base + at, v->data, 2 * v->n);
    } else if (!w->bad) {
        if (wire_left(w) % 2) {
            w->got = (int64_t)wire_left(w);
            wire_flaw(w, block.start, name, "has an odd length");
        }
        if (!w->bad) {
            *v = (struct u16s){w->at < w->end ? w->base + w->at : NULL, wire_left(w) / 2};
            for (size_t i = 0; w->narrator && i < v->n; i++)
                number(w, names ? names->title : name, w->at + 2 * i, 2, u16s_at(*v, i), names);
            w->at = w->end;
        }
    }
    wire_close(w, &block);
}

/* ---- nested blocks ---- */

struct wire_block wire_open(struct wire *w, const char *name, int prefix, size_t min, size_t max, enum wire_kind kind)
{
    struct wire_block block = {
        .name = name, .start = w->at, .outer_end = w->end, .min = min, .max = max, .prefix = -1, .kind = (uint8_t)kind};
    size_t at, len = 0;
    if (!take(w, name, (size_t)prefix, &at))
        return block;
    if (!w->writing && prefix) {
        len = load(w->base + at, prefix);
        w->at = at; /* an error in the length is reported at the field's start */
        if (!length_fits(w, name, len, min, max))
            return block;
        if (wire_left(w) - (size_t)prefix < len) {
            w->got = (int64_t)len;
            wire_fail(w, name, "is longer than what encloses it");
            return block;
        }
        w->at = at + (size_t)prefix;
        w->end = w->at + len;
    }
    block.prefix = (int8_t)prefix;
    if (!w->narrator)
        return block;
    if (kind == FIELD_NUMBER)
        number(w, "length", at, (size_t)prefix, len, NULL);
    else
        w->narrator->enter(w->narrator, &(struct wire_field){.name = name,
                                                             .value = bytes_of(len ? w->base + w->at : NULL, len),
                                                             .offset = at,
                                                             .len = prefix ? (size_t)prefix + len : 0,
                                                             .prefix = (uint8_t)prefix,
                                                             .kind = (uint8_t)kind});
    return block;
}

void wire_close(struct wire *w, struct wire_block *block)
{
    if (block->prefix < 0)
        return;
    if (!w->bad && block->prefix) {
        if (w->writing) {
            size_t len = w->at - block->start - (size_t)block->prefix;
            if (length_fits(w, block->name, len, block->min, block->max))
                store(w->base + block->start, len, block->prefix);
        } else if (w->at < w->end) {
            w->got = (int64_t)wire_left(w);
            wire_flaw(w, w->at, block->name, "has bytes left over at its end");
        }
    }
    /* Behind this vector reading can go on, whatever was in it. */
    if (block->prefix > 0 && w->flawed) {
        w->bad = false;
        w->at = w->end;
    }
    w->end = block->outer_end;
    if (w->narrator && block->kind != FIELD_NUMBER)
        w->narrator->leave(w->narrator, w->at);
}

void wire_list(struct wire *w, const char *name, bytes *content, int prefix, size_t min, size_t max, wire_form *form)
{
    struct wire_block block = wire_open(w, name, prefix, min, max, FIELD_LIST);
    if (w->writing) {
        for (struct wire from = wire_reader(*content); wire_more(&from) && !w->bad;) {
            struct wire_entry entry = {0};
            form(&from, &entry);
            form(w, &entry);
            if (from.bad)
                wire_fail(w, from.bad_where, from.bad_why);
        }
    } else if (!w->bad) {
        *content = bytes_of(w->at < w->end ? w->base + w->at : NULL, wire_left(w));
        while (wire_more(w)) {
            struct wire_entry entry = {0};
            form(w, &entry);
        }
    }
    wire_close(w, &block);
}

void wire_slice(struct wire *w, bytes *content, wire_form *form)
{
    struct wire_entry entry = {0};
    size_t start = w->at;
    if (w->writing) {
        struct wire from = wire_reader(*content);
        form(&from, &entry);
        form(w, &entry);
        if (!wire_done(&from))
            wire_fail(w, from.bad ? from.bad_where : "extension_data", "can't be written: it is malformed itself");
    } else {
        form(w, &entry);
        if (!w->bad)
            *content = bytes_of(w->at > start ? w->base + start : NULL, w->at - start);
    }
}

/* ---- helpers ---- */

/* Moves on by len bytes and says where they begin. */
static bool take(struct wire *w, const char *name, size_t len, size_t *at)
{
    *at = w->at;
    if (w->bad)
        return false;
    if (wire_left(w) < len) {
        wire_fail(w, name, w->writing ? "does not fit the room given" : "is cut off");
        return false;
    }
    w->at += len;
    return true;
}

static size_t load(const uint8_t *p, int n)
{
    return n == 1 ? *p : n == 2 ? load16(p) : load24(p);
}

static void store(uint8_t *p, size_t value, int n)
{
    while (n-- > 0) {
        p[n] = (uint8_t)value;
        value >>= 8;
    }
}

static void number(struct wire *w, const char *name, size_t at, size_t len, uint64_t value, const struct names *names)
{
    if (w->narrator)
        w->narrator->field(w->narrator, &(struct wire_field){.name = name,
                                                             .names = names,
                                                             .number = value,
                                                             .value = bytes_of(w->base + at, len),
                                                             .offset = at,
                                                             .len = len,
                                                             .kind = FIELD_NUMBER});
}

static bool length_fits(struct wire *w, const char *name, size_t len, size_t min, size_t max)
{
    if (len >= min && len <= max)
        return true;
    if (!w->bad)
        w->got = (int64_t)len;
    wire_flaw(w, w->at, name, len == 0 ? "is empty" : len < min ? "is too short" : "is too long");
    return !w->bad;
}

static bool hears_on(const struct wire *w)
{
    return !w->writing && w->narrator && w->narrator->fault;
}

static void fail(struct wire *w, const struct wire_fault *fault)
{
    if (w->bad)
        return;
    w->bad = true;
    if (!w->flawed) {
        w->bad_where = fault->where;
        w->bad_in = w->in;
        w->bad_why = fault->why;
        w->bad_at = fault->at;
        w->reason = fault->reason;
        w->got = fault->got;
    }
    w->flawed = hears_on(w);
    if (w->flawed)
        w->narrator->fault(w->narrator, fault);
}
