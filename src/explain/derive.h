/* Recomputing single values of the key schedule, step by step: used for connections (derived.h) and for values that a user
   gives by hand (fede derive). RFC 5246 5, 6.3, 7.4.9, 8.1; RFC 7627 4; RFC 5288 3; RFC 7905 2; RFC 9846 5.3, 7.1;
   RFC 7748 5; RFC 8422 5.10. */
#ifndef EXPLAIN_DERIVE_H
#define EXPLAIN_DERIVE_H

#include "base/arena.h"
#include "base/bytes.h"
#include "crypto/crypto.h"

/* One named value of a derivation. */
struct derived_part {
    const char *name;        /* "secret", "A(1)", "client write key" */
    bytes value;
    const char *words;       /* instead of a value, or beside it: "not known, not needed"; NULL: none */
    bool secret;
};

enum { INPUTS_MOST = 8, OUTPUTS_MOST = 8 };

struct derivation {
    const char *name;        /* "master_secret": the same in text and JSON */
    const char *title;       /* "master secret" */
    const char *method;      /* "PRF with SHA-256, label \"extended master secret\"" */
    const char *section;
    struct derived_part inputs[INPUTS_MOST], outputs[OUTPUTS_MOST];
    struct derived_part *steps;
    size_t n_inputs, n_steps, n_outputs;
    bytes value;             /* the result as a whole */
    bytes told;              /* what the connection has in that place, to compare with; data NULL: nothing */
    const char *command;     /* the same by hand; NULL: none. Holds secrets */
};

/* All return NULL without memory; static problems are said in *why. */
struct derivation *derive_prf(struct arena *arena, enum hash hash, bytes secret, const char *label, bytes seed, size_t len);
/* seed: the session hash (extended), or both randoms (classic). */
struct derivation *derive_master(struct arena *arena, enum hash hash, bytes premaster, bool extended, bytes seed);
/* randoms: the server's first. suite: registered number. */
struct derivation *derive_key_block(struct arena *arena, uint16_t suite, uint16_t version, bytes master, bytes randoms,
                                    const char **why);
struct derivation *derive_verify_data(struct arena *arena, enum hash hash, bytes master, bool client, bytes transcript_hash);
struct derivation *derive_ecdh(struct arena *arena, uint16_t group, bytes private_key, bytes peer, const char **why);
/* iv: 4 bytes with an explicit part of 8 (GCM), or 12 bytes that the sequence number is added to. */
struct derivation *derive_nonce(struct arena *arena, bytes iv, bytes explicit_part, uint64_t sequence, const char **why);
struct derivation *derive_hkdf_label(struct arena *arena, enum hash hash, bytes secret, const char *label, bytes context,
                                     size_t len, const char **why);

/* "SHA-256"; HASH by name, with or without hyphen and in any case; 0: unknown. */
const char *hash_title(enum hash hash);
enum hash hash_by_name(const char *name);

#endif
