/* explain/field.c: the tree of named fields, and the value of a field in words.

   Values are made from what the codec told: the kind, the registry, the bytes. Nothing here knows a message. */
#include "explain/field.h"

static void value_bytes(struct text *out, bytes value, size_t most);
static bool is_part(const char *path, const char *name, size_t *len);

struct field *field_new(struct arena *arena, struct field *parent, const char *name, enum wire_kind kind)
{
    struct field *f = arena_take(arena, sizeof *f);
    if (f == NULL)
        return NULL;
    f->name = name;
    f->kind = (uint8_t)kind;
    f->parent = parent;
    if (parent != NULL) {
        if (parent->last != NULL)
            parent->last->next = f;
        else
            parent->first = f;
        parent->last = f;
        parent->n++;
    }
    return f;
}

void field_path(const struct field *field, struct text *out)
{
    enum { DEEPEST = 64 };
    const char *names[DEEPEST];
    size_t n = 0;
    for (; field != NULL && n < DEEPEST; field = field->parent)
        names[n++] = field->name;
    while (n > 0) {
        text_add(out, names[--n]);
        if (n > 0)
            text_char(out, '.');
    }
}

void field_registered(struct text *out, const struct names *names, uint64_t number)
{
    const char *name = names != NULL ? names_find(names, (uint32_t)number) : NULL;
    text_add(out, name != NULL ? name : "unknown");
    text_add(out, " (");
    if (names != NULL && names->digits > 0)
        text_hex_number(out, number, names->digits);
    else
        text_number(out, (int64_t)number);
    text_char(out, ')');
}

void field_text(const struct field *field, struct text *out, size_t most)
{
    if (field->words != NULL) {
        text_add(out, field->words);
        return;
    }
    switch (field->kind) {
    case FIELD_NUMBER:
        if (field->names != NULL)
            field_registered(out, field->names, field->number);
        else
            text_number(out, (int64_t)field->number);
        break;
    case FIELD_TIME:
        text_time(out, (int64_t)field->number);
        break;
    case FIELD_TEXT:
        if (field->value.len == 0)
            text_add(out, "empty");
        else
            text_escaped(out, field->value);
        break;
    case FIELD_LIST:
        if (field->n == 0) {
            text_add(out, "empty");
        } else {
            text_number(out, field->n);
            text_add(out, field->n == 1 ? " entry" : " entries");
        }
        break;
    case FIELD_STRUCT:
        if (field->n == 0)
            text_add(out, "empty");
        break;
    default:
        value_bytes(out, field->value, most);
    }
}

/* What has words says them; otherwise the parts in turn. An extension's number and a list's length say nothing new. */
void field_brief(const struct field *field, struct text *out, size_t most)
{
    if (field->n == 0 || field->words != NULL) {
        field_text(field, out, most);
        return;
    }
    bool started = false;
    for (const struct field *f = field->first; f != NULL; f = f->next) {
        bool of_form = f->names == &name_type_names || (field->numbered && f == field->first) ||
                       (field->numbered && f == field->first->next && strcmp(f->name, "length") == 0);
        if (of_form)
            continue;
        if (started)
            text_add(out, ", ");
        field_brief(f, out, most);
        started = true;
    }
    if (!started)
        text_add(out, "empty");
}

const struct field *field_find(const struct field *root, const char *path)
{
    while (root != NULL && *path != '\0') {
        const struct field *f = root->first;
        size_t len = 0;
        while (f != NULL && !is_part(path, f->name, &len))
            f = f->next;
        if (f == NULL)
            return NULL;
        root = f;
        path += len;
        if (*path == '.')
            path++;
    }
    return root;
}

const struct field *field_next(const struct field *field, const struct field *root)
{
    if (field->first != NULL)
        return field->first;
    while (field != NULL && field != root && field->next == NULL)
        field = field->parent;
    return field == NULL || field == root ? NULL : field->next;
}

size_t field_own_len(const struct field *field)
{
    if (field->first == NULL)
        return field->len;
    return field->first->offset > field->offset ? field->first->offset - field->offset : 0;
}

unsigned field_depth(const struct field *field)
{
    unsigned depth = 0;
    while ((field = field->parent) != NULL)
        depth++;
    return depth;
}

static void value_bytes(struct text *out, bytes value, size_t most)
{
    if (value.len == 0) {
        text_add(out, "empty");
        return;
    }
    if (most == 0 || value.len <= most) {
        text_hex(out, value);
        return;
    }
    text_hex(out, bytes_first(value, most));
    text_add(out, "… (");
    text_number(out, (int64_t)value.len);
    text_add(out, " bytes)");
}

static bool is_part(const char *path, const char *name, size_t *len)
{
    *len = strlen(name);
    return strncmp(path, name, *len) == 0 && (path[*len] == '.' || path[*len] == '\0');
}
