/* Object identifiers that occur in certificates: name, and how people abbreviate it. */
#ifndef EXPLAIN_OIDS_H
#define EXPLAIN_OIDS_H

#include "base/text.h"

/* The name of the OID with this DER content, NULL when unknown. */
const char *oid_name(bytes oid);

/* The n-th of those that are known; empty behind the last. */
bytes oid_at(size_t n);

/* "commonName (2.5.4.3)", or the dotted numbers alone; "unreadable" when it is none. */
void oid_text(struct text *out, bytes oid);

#endif
