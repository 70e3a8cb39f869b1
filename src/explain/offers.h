/* What the client offered, what the server took, and why the rest fell out, as far as that can be known from outside. */
#ifndef EXPLAIN_OFFERS_H
#define EXPLAIN_OFFERS_H

#include "explain/dissection.h"
#include "wire/names.h"

enum offer_kind { OFFER_VERSION, OFFER_SUITE, OFFER_GROUP, OFFER_SCHEME, OFFER_ALPN, OFFER_COMPRESSION, OFFER_EXTENSION,
                  OFFER_KINDS };
enum offer_state {
    OFFER_TAKEN = 1,  /* the server chose or answered it */
    OFFER_LEFT,       /* it could have been chosen, for all that can be seen */
    OFFER_EXCLUDED,   /* it could not be chosen, and the reason is on the wire */
    OFFER_SIGNAL,     /* no candidate: GREASE, signalling values, what needs no answer */
    OFFER_UNASKED,    /* the server has it although the client did not offer it */
    OFFER_UNANSWERED  /* no ServerHello came */
};

struct offer {
    uint8_t kind, state;         /* enum offer_kind, offer_state */
    uint16_t number;
    const struct names *names;   /* NULL: ALPN */
    const char *text;            /* ALPN: the protocol, escaped */
    const char *why;             /* one sentence without its full stop; never NULL */
};

struct offers {
    struct offer *rows;          /* by kind, each in the client's order; what was not offered last */
    size_t n;
    bool cut;                    /* memory did not suffice */
};

/* Rows live in the arena. Without a ClientHello there are none. */
struct offers offers_make(struct arena *arena, const struct dissection *d);

/* "cipher suites", "cipher_suites"; "taken". */
const char *offer_kind_title(enum offer_kind kind);
const char *offer_kind_name(enum offer_kind kind);
const char *offer_state_name(enum offer_state state);

#endif
