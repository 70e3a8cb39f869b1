/* What the makers of derived values share. */
#ifndef EXPLAIN_DERIVED_PARTS_H
#define EXPLAIN_DERIVED_PARTS_H

#include "explain/derived.h"
#include "explain/hello.h"
#include "explain/suite_parts.h"

struct derived_job { /* one connection up to TLS 1.2 */
    struct arena *arena;
    const struct dissection *d;
    struct hello client, server;
    struct suite_parts suite;
    bool is_12;         /* up to TLS 1.2, with a PRF that is known */
    enum hash prf;
    struct derived *out;
};

/* ---- derived.c */
void derived_add(struct derived *out, struct derivation *v);
/* A new verdict, open; NULL: there are too many. */
struct derived_verdict *derived_judge(struct derived *out, const char *name, const char *title, const char *section,
                                      uint8_t from);
void derived_say(struct derived_verdict *v, enum verdict_outcome outcome, const char *text);
/* "fede derive WHAT OPTION value …" */
void derived_command(struct arena *arena, struct derivation *v, const char *what, const char *const options[],
                     const bytes values[]);
/* Why nothing is computed of this version or suite. */
const char *derived_not_computed(const struct derived_job *j);
/* All messages before `until`, or up to it, one after the other. */
bytes derived_transcript(const struct derived_job *j, const struct kept_message *until, bool inclusive);

/* ---- derived_signatures.c: verdicts on all of a handshake up to TLS 1.2, and on certificates and staple of any. */
void derived_signatures(struct derived_job *j);
/* The signature over input, by the key of that certificate: outcome and text of v. scheme 0: before TLS 1.2. */
void derived_signature(struct derived_verdict *v, bytes certificate, uint16_t scheme, bytes input, bytes signature,
                       const char *over);

/* ---- derived_rsa.c: the block that the server's RSA key decrypted, when it did. */
void derived_rsa(struct derived_job *j);

/* ---- derived13.c: all of TLS 1.3. verdicts: those too that need no secret. */
void derived13(struct arena *arena, const struct dissection *d, const struct suite_parts *suite, bool verdicts,
               struct derived *out);

#endif
