/* A plain sentence for every field and every term (glossary.def). */
#ifndef EXPLAIN_GLOSSARY_H
#define EXPLAIN_GLOSSARY_H

#include "base/language.h"
#include "explain/field.h"

struct glossary_row {
    const char *path, *sentence;
};

/* The sentence of a field's path, or of the longest end of it that has one ("extensions.server_name" serves both hellos);
   NULL when there is none. */
const struct glossary_row *glossary_find(const char *path);
const struct glossary_row *glossary_of(const struct field *field);

/* Its sentence in that language (glossary.def, glossary_zh.def); in English where that language has none. */
const char *glossary_sentence(const struct glossary_row *row, enum language language);

size_t glossary_count(void);
size_t glossary_index(const struct glossary_row *row);
const struct glossary_row *glossary_at(size_t index);

#endif
