/* The OCSP response that came with a chain of certificates. */
#ifndef EXPLAIN_STAPLE_H
#define EXPLAIN_STAPLE_H

#include "base/text.h"
#include "explain/derived.h"

/* What it is worth at that time, in words to out. chain: leaf first. trust: where the issuer is looked for too; may be NULL. */
enum verdict_outcome staple_judge(bytes staple, const bytes *chain, size_t n, const fede_trust *trust, int64_t at,
                                  struct text *out);

#endif
