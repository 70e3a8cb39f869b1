/* Which connection made the session that a later one resumes: by session id (RFC 5246 F.1.4), by ticket (RFC 5077), by the
   identity of a pre-shared key (RFC 9846 4.2.11). */
#ifndef EXPLAIN_LINEAGE_H
#define EXPLAIN_LINEAGE_H

#include "base/bytes.h"

enum lineage_kind { LINEAGE_SESSION_ID = 1, LINEAGE_TICKET, LINEAGE_PSK };

struct ancestor {
    uint8_t mark[32];          /* of kind and name; what is kept is no secret */
    unsigned connection;       /* its number; 0: the slot is free */
    unsigned uses;             /* connections that offered it and were resumed with it */
    bool has_master;
    uint8_t psk_len;           /* TLS 1.3: master begins with the pre-shared key of the ticket; 0: it is not known */
    uint8_t master[48];
    char certificate[160];     /* what the server showed there, in words; "" when it was not readable */
};

enum { LIFETIMES_KEPT = 8 };
struct lineage {
    uint32_t lifetimes[LIFETIMES_KEPT]; /* of tickets, as servers announced them */
    size_t n_lifetimes;
    struct ancestor *slots;    /* NULL before the first one */
};

/* Remembers what `name` stands for; an older entry in its place is given up. */
void lineage_add(struct lineage *l, enum lineage_kind kind, bytes name, const struct ancestor *a);
/* NULL: it was made before the capture, or so long ago that it is forgotten. */
struct ancestor *lineage_find(struct lineage *l, enum lineage_kind kind, bytes name);
void lineage_end(struct lineage *l);

#endif
