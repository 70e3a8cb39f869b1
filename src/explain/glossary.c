/* explain/glossary.c: looking up sentences. The rows stand in glossary.def in an order made for reading; the first look-up
   would have to sort them, so they are compared one by one instead: a few hundred short comparisons for a field that is
   shown with its sentence, which happens once for each. */
#include "explain/glossary.h"

static const struct glossary_row rows[] = {
#define GLOSSARY(path, sentence) {path, sentence},
#include "explain/glossary.def"
#undef GLOSSARY
};

static const struct glossary_row rows_zh[] = {
#define GLOSSARY_ZH(path, sentence) {path, sentence},
#include "explain/glossary_zh.def"
#undef GLOSSARY_ZH
};

enum { ROWS = sizeof rows / sizeof *rows };

const struct glossary_row *glossary_find(const char *path)
{
    for (const char *end = path; end != NULL; end = strchr(end, '.'), end = end != NULL ? end + 1 : NULL)
        for (size_t i = 0; i < ROWS; i++)
            if (strcmp(rows[i].path, end) == 0)
                return &rows[i];
    return NULL;
}

const struct glossary_row *glossary_of(const struct field *field)
{
    char path[1000];
    struct text t = text_in(path, sizeof path);
    field_path(field, &t);
    return glossary_find(path);
}

const char *glossary_sentence(const struct glossary_row *row, enum language language)
{
    for (size_t i = 0; i < sizeof rows_zh / sizeof *rows_zh && language == CHINESE; i++)
        if (strcmp(rows_zh[i].path, row->path) == 0)
            return rows_zh[i].sentence;
    return row->sentence;
}

size_t glossary_count(void)
{
    return ROWS;
}

size_t glossary_index(const struct glossary_row *row)
{
    return (size_t)(row - rows);
}

const struct glossary_row *glossary_at(size_t index)
{
    return index < ROWS ? &rows[index] : NULL;
}
