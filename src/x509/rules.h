/* The rules for one certificate at one place in a path, as a table. */
#ifndef X509_RULES_H
#define X509_RULES_H

#include "base/text.h"
#include "x509/x509.h"

/* Where a certificate stands in a path. */
struct standing {
    const struct certificate *c;
    const struct verify_request *request;
    size_t position; /* 0: the leaf */
    bool anchor;
    int below; /* CA certificates between it and the leaf, those not counted whose issuer is themselves */
};

/* A broken rule. */
struct finding {
    uint16_t reason;   /* enum fede_reason */
    const char *where; /* the field */
    int64_t got, wanted;
};

enum place { AT_LEAF = 1, AT_ISSUER = 2, AT_ANCHOR = 4 };

/* True when kept. words (NULL: not wanted) gets the values looked at, or what is wrong with them. */
struct rule {
    uint8_t kind;     /* fede_check_kind */
    uint8_t places;   /* set of enum place */
    uint8_t profiles; /* set of 1 << enum profile */
    bool (*kept)(const struct standing *s, struct finding *f, struct text *words);
};

/* The n-th rule; NULL at the end. */
const struct rule *rule_at(size_t n);
bool rule_applies(const struct rule *rule, const struct standing *s);
/* All rules that apply, up to the first that is broken. */
bool rules_kept(const struct standing *s, struct finding *f);

/* profile.c: what RFC 5280 4 and the Baseline Requirements tell CAs to issue. */
bool profile_kept(const struct standing *s, struct finding *f, struct text *words);
/* The n-th rule of the profile, for those who want every broken one; false at the end. *sentence is NULL when it is kept or
   does not apply, *where its field. */
bool profile_rule(size_t n, const struct standing *s, const char **where, const char **sentence);

static inline bool broken(struct finding *f, uint16_t reason, const char *where, int64_t got, int64_t wanted)
{
    *f = (struct finding){.reason = reason, .where = where, .got = got, .wanted = wanted};
    return false;
}

#endif
