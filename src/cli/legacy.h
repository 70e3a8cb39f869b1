/* The options of the quarantine, the same for connect and serve: --legacy, --legacy-until, --legacy-reason, --legacy-peer. */
#ifndef CLI_LEGACY_H
#define CLI_LEGACY_H

#include "base/text.h"
#include "cli/options.h"
#include "fede/fede.h"

enum { LEGACY_WHAT = 900, LEGACY_UNTIL, LEGACY_REASON, LEGACY_PEER };

#define LEGACY_ROWS                                                                                                      \
    {"legacy",        0, LEGACY_WHAT,   "LIST", NULL, "Allow what RFC 9325 and RFC 10015 advise against: rsa (static RSA), dhe (finite fields), cbc, by comma. Needs the next two."}, \
    {"legacy-until",  0, LEGACY_UNTIL,  "DATE", NULL, "Last day of it, 2027-06-30; from the next on fede refuses to start."}, \
    {"legacy-reason", 0, LEGACY_REASON, "TEXT", NULL, "Why; the story of each connection that uses it says so."},       \
    {"legacy-peer",   0, LEGACY_PEER,   "PEER", NULL, "Only for this name, address or range (192.0.2.0/24); may be repeated."}

struct legacy_settings {
    unsigned what; /* FEDE_LEGACY_…; 0: none */
    int64_t until;
    const char *reason;
    const char *peers[16];
    size_t n_peers;
};

/* Is the row one of these? Then *taken says whether its value was good. */
bool legacy_option(struct legacy_settings *set, const struct option_row *row, const char *value, struct text *why,
                   bool *taken);
/* Are they all there? */
bool legacy_check(const struct legacy_settings *set, struct text *why);
/* otherwise: for whom, if --legacy-peer does not say. */
bool legacy_apply(const struct legacy_settings *set, fede_config *config, const char *otherwise);

#endif
