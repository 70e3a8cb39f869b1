/* What is remarkable about a connection: findings.def says what is looked for. Findings look at the finished dissection only;
   nothing here changes what is shown elsewhere. */
#ifndef EXPLAIN_FINDINGS_H
#define EXPLAIN_FINDINGS_H

#include "base/language.h"
#include "explain/derived.h"
#include "explain/dissection.h"

enum severity { SEVERITY_NOTE = 1, SEVERITY_WARNING, SEVERITY_ERROR };

enum finding_id {
#define FINDING(name, severity, sentence, section) FOUND_##name,
#include "explain/findings.def"
#undef FINDING
    FINDING_KINDS
};

struct finding_row {
    const char *name;        /* in capitals: see finding_name */
    const char *sentence, *section;
    uint8_t severity;        /* enum severity */
};

struct finding {
    const struct finding_row *row;
    const char *path;        /* evidence: a field's path, "" when it is no field */
    uint8_t from;            /* FEDE_CLIENT, FEDE_SERVER: whose message or record; 0: neither */
    uint64_t record;         /* number of the side's record that shows it; 0: none */
    int certificate;         /* place in the server's list; -1: none */
    char detail[480];        /* values in words; "" when there is nothing to add */
};

struct findings {
    struct finding *rows;    /* worst first */
    size_t n;
    bool cut;                /* memory did not suffice, or there are too many */
};

/* at: the time by which certificates and clocks are judged, seconds since 1970. derived: what was recomputed, or NULL. */
struct findings findings_make(struct arena *arena, const struct dissection *d, const struct derived *derived, int64_t at);

const char *severity_name(enum severity severity);
const struct finding_row *finding_row(enum finding_id id);
/* Its sentence in that language (findings.def, findings_zh.def). */
const char *finding_sentence(const struct finding_row *row, enum language language);
void finding_name(const struct finding_row *row, struct text *out); /* "suite_not_offered": stable */

#endif
