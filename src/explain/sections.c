/* explain/sections.c: looking up where a field is defined. The field's own path is tried first, then that of what encloses
   it, and so on outwards; each as the glossary does it, by the longest end that has a row. */
#include "explain/sections.h"

static const struct section_row {
    const char *path, *section;
} rows[] = {
#define SECTION(path, section) {path, section},
#include "explain/sections.def"
#undef SECTION
};

static const char *of_end(const char *path, size_t len);

const char *section_of_path(const char *path)
{
    for (size_t len = strlen(path); len > 0;) {
        const char *section = of_end(path, len);
        if (section != NULL)
            return section;
        while (len > 0 && path[len - 1] != '.')
            len--;
        len -= len > 0;
    }
    return "";
}

const char *section_of_field(const struct field *field)
{
    char path[1000];
    struct text t = text_in(path, sizeof path);
    field_path(field, &t);
    return section_of_path(path);
}

/* Of the first len bytes of path. */
static const char *of_end(const char *path, size_t len)
{
    for (size_t at = 0; at < len;) {
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            if (strlen(rows[i].path) == len - at && memcmp(rows[i].path, path + at, len - at) == 0)
                return rows[i].section;
        while (at < len && path[at] != '.')
            at++;
        at++;
    }
    return NULL;
}
