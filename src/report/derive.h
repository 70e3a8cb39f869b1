/* A value of the key schedule from values that a user gives: what fede derive prints. */
#ifndef REPORT_DERIVE_H
#define REPORT_DERIVE_H

#include "report/live.h"

enum derive_what { DERIVE_PRF = 1, DERIVE_MASTER, DERIVE_KEY_BLOCK, DERIVE_VERIFY_DATA, DERIVE_ECDH, DERIVE_NONCE,
                   DERIVE_HKDF_LABEL };

/* data NULL: not given. Names as the user wrote them; NULL: not given. */
struct derive_request {
    enum derive_what what;
    const char *hash, *suite, *curve, *label, *side, *tls;
    fede_bytes secret, seed, premaster, master, session_hash, client_random, server_random, transcript_hash;
    fede_bytes private_key, peer, iv, explicit_nonce, context;
    size_t length;          /* 0: not given */
    uint64_t sequence;
};

enum derive_result { DERIVE_DONE, DERIVE_USAGE /* something is missing or unknown */, DERIVE_CONTRADICTION, DERIVE_FAILED };

/* Writes the value to options->out: alone, with its steps from level 2 on, or as JSON. Otherwise says why not, in a sentence
   without its full stop. */
enum derive_result report_derive(const struct derive_request *request, const struct report_options *options, char *why,
                                 size_t size);

/* Registered numbers, versions, attacks, OIDs and terms by number, name or part of a name: what fede lookup prints. registry: a
   part of the name of those to look in ("suite"), NULL: all. definition: only the presentation-language struct of that
   name. Returns how many were found. */
size_t report_lookup(const char *word, const char *registry, bool definition, const struct report_options *options);
/* All names that could have been meant; how many. */
size_t report_lookup_names(const char **names, size_t most);
#define LOOKUP_STATE "2026" /* the year of IANA's registries as they are here */

#endif
