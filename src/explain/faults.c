/* explain/faults.c: what the codec and the readers of DER complain about, made fit to be shown: the field by its whole path,
   and the section of the standard. A finer reason brings its own words and section (reasons.def); otherwise the section is
   the one that defines the field. */
#include "explain/faults.h"

#include "base/error.h"
#include "explain/sections.h"

static const char *path_of(struct arena *arena, const struct field *in, const char *where, size_t at);
static const char *why_of(struct arena *arena, const struct wire_fault *fault);
static const char *section_of_reason(uint16_t reason);
static const char *keep(struct arena *arena, const char *words, size_t len);

void fault_add(struct faults *faults, const struct field *in, const struct wire_fault *fault, const char *section)
{
    if (faults->n++ >= FAULTS_MOST)
        return;
    struct fault *f = arena_take(faults->arena, sizeof *f);
    if (f == NULL) {
        faults->cut = true;
        return;
    }
    f->where = fault->where;
    f->path = path_of(faults->arena, in, fault->where, fault->at);
    f->why = why_of(faults->arena, fault);
    section = section != NULL ? section : section_of_reason(fault->reason);
    f->section = section != NULL ? section : section_of_path(f->path);
    f->at = fault->at;
    if (faults->last != NULL)
        faults->last->next = f;
    else
        faults->first = f;
    faults->last = f;
}

void fault_text(const struct fault *fault, struct text *out)
{
    text_add(out, fault->path);
    text_add(out, ", byte ");
    text_number(out, (int64_t)fault->at);
    text_add(out, ": ");
    text_add(out, fault->why);
    if (fault->section[0] != '\0') {
        text_add(out, " (");
        text_add(out, fault->section);
        text_char(out, ')');
    }
}

/* A field that was read and is wrong is the last below `in`; one that could not be read is not there. */
static const char *path_of(struct arena *arena, const struct field *in, const char *where, size_t at)
{
    char path[1000];
    struct text t = text_in(path, sizeof path);
    if (in != NULL)
        field_path(in, &t);
    bool below = in != NULL && in->last != NULL && strcmp(in->last->name, where) == 0 && in->last->offset <= at &&
                 at < in->last->offset + in->last->len;
    /* A message that has no business here is called by its title. */
    bool itself = in == NULL || strcmp(in->name, where) == 0 || (where[0] >= 'A' && where[0] <= 'Z' && in->parent == NULL);
    if (below || !itself) {
        text_char(&t, '.');
        text_add(&t, where);
    }
    const char *kept = keep(arena, path, strlen(path));
    return kept != NULL ? kept : where;
}

static const char *why_of(struct arena *arena, const struct wire_fault *fault)
{
    char words[160];
    struct text t = text_in(words, sizeof words);
    switch (fault->reason) {
    case FEDE_EXTENSION_TWICE:
        return "stands twice";
    case FEDE_EXTENSION_MISPLACED:
        return "may not stand here";
    case FEDE_FIELD_VALUE:
    case FEDE_CURVE_TYPE:
    case FEDE_CCS_BAD:
        text_add(&t, fault->why);
        text_add(&t, ": ");
        text_number(&t, fault->got);
        const char *kept = keep(arena, words, strlen(words));
        return kept != NULL ? kept : fault->why;
    default:
        return fault->why;
    }
}

/* Where the standard forbids it; NULL where only the field's own definition does. */
static const char *section_of_reason(uint16_t reason)
{
    const char *section = reason_row(reason)->section;
    return reason == FEDE_DECODE || reason == FEDE_FIELD_VALUE || section[0] == '\0' ? NULL : section;
}

static const char *keep(struct arena *arena, const char *words, size_t len)
{
    char *copy = arena_take(arena, len + 1);
    if (copy != NULL)
        bytes_copy(copy, words, len);
    return copy;
}
