/* A writer of DER: elements are opened, filled, closed. The reader is x509/der.h. Overrunning the room is remembered, not done. */
#ifndef ISSUE_DER_WRITE_H
#define ISSUE_DER_WRITE_H

#include "x509/der.h"

struct der_out {
    uint8_t *base;
    size_t len, size;
    bool over;
};

static inline struct der_out der_to(uint8_t *room, size_t size)
{
    return (struct der_out){.base = room, .size = size};
}
/* Opens an element; der_close, given what was returned, puts its length in place. */
size_t der_open(struct der_out *w, uint8_t tag);
void der_close(struct der_out *w, size_t opened);
/* A whole element; whole DER made elsewhere. */
void der_put(struct der_out *w, uint8_t tag, bytes content);
void der_put_text(struct der_out *w, uint8_t tag, const char *content);
void der_add(struct der_out *w, bytes der);
void der_put_number(struct der_out *w, uint8_t tag, uint64_t n);
/* BIT STRING of whole bytes. */
void der_put_bits(struct der_out *w, bytes content);
/* UTCTime up to 2049, GeneralizedTime after that: RFC 5280 4.1.2.5; and GeneralizedTime always: RFC 6960. */
void der_put_time(struct der_out *w, int64_t seconds);
void der_put_general_time(struct der_out *w, int64_t seconds);
/* "2.23.140.1.2.1". False: it is no object identifier. */
bool der_put_oid(struct der_out *w, const char *dotted);

#endif
