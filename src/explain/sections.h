/* The section of the standard that defines a field (sections.def). */
#ifndef EXPLAIN_SECTIONS_H
#define EXPLAIN_SECTIONS_H

#include "explain/field.h"

/* "RFC 6066 3" for a field's path and for all that lies inside that field; "" for a path that is no field's. */
const char *section_of_path(const char *path);
const char *section_of_field(const struct field *field);

#endif
