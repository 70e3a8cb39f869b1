/* What is wrong or unwise about a certificate, whoever judges it. */
#ifndef EXPLAIN_LINT_H
#define EXPLAIN_LINT_H

#include "base/bytes.h"

enum lint_level { LINT_NOTICE = 1, LINT_WARNING, LINT_ERROR };
enum { LINT_MOST = 64 };

struct lint_finding {
    uint8_t level;        /* enum lint_level */
    const char *field;    /* "subjectAltName" */
    const char *sentence;
    const char *section;  /* "RFC 5280 4.1.2.2"; "" where none */
    char detail[120];     /* values; "" when none */
};

/* place 0: a server's certificate, 1: an issuing CA, 2: a root. At most LINT_MOST. at: seconds since 1970. */
size_t certificate_lint(bytes der, unsigned place, int64_t at, struct lint_finding out[LINT_MOST]);
const char *lint_level_name(unsigned level);
/* Where it most likely stands: 2 when it is a CA issued by itself, 1 for other CAs. */
unsigned certificate_place(bytes der);

#endif
