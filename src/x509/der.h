/* A reader of DER (X.690): definite minimal lengths, one-byte tags, nothing left over. Borrowed slices, no allocation,
   no recursion: each level is opened by whoever wants to look inside. */
#ifndef X509_DER_H
#define X509_DER_H

#include "base/bytes.h"

enum der_tag {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_NULL = 0x05,
    DER_OID = 0x06,
    DER_ENUMERATED = 0x0a,
    DER_UTF8 = 0x0c,
    DER_PRINTABLE = 0x13,
    DER_TELETEX = 0x14,
    DER_IA5 = 0x16,
    DER_UTC_TIME = 0x17,
    DER_GENERAL_TIME = 0x18,
    DER_VISIBLE = 0x1a,
    DER_UNIVERSAL = 0x1c,
    DER_BMP = 0x1e,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31
};
#define DER_CONTEXT(n)             (uint8_t)(0x80 | (n)) /* primitive, context-specific */
#define DER_CONTEXT_CONSTRUCTED(n) (uint8_t)(0xa0 | (n))

/* The unread part of one level. */
struct der {
    const uint8_t *at, *end;
};

static inline struct der der_in(bytes content)
{
    return (struct der){content.data, content.len > 0 ? content.data + content.len : content.data};
}
static inline bool der_more(const struct der *d)
{
    return d->at < d->end;
}
static inline bool der_done(const struct der *d)
{
    return d->at == d->end;
}
/* Is the next element's tag this one? */
static inline bool der_at(const struct der *d, uint8_t tag)
{
    return d->at < d->end && *d->at == tag;
}

/* der_next reads one element of any tag. All readers return false on broken input and then leave *d where it was. */
bool der_next(struct der *d, uint8_t *tag, bytes *content);
/* der_read reads one element that must have this tag. */
bool der_read(struct der *d, uint8_t tag, bytes *content);
/* der_whole is der_read that hands out the element with its tag and length; content may be NULL. */
bool der_whole(struct der *d, uint8_t tag, bytes *whole, bytes *content);
/* der_only: content holds exactly one element of this tag. */
bool der_only(bytes in, uint8_t tag, bytes *content);

/* der_integer reads an INTEGER in minimal form: two's complement, at least one byte. */
bool der_integer(struct der *d, bytes *content);
/* der_natural reads a non-negative INTEGER and strips the sign byte; zero is the one byte 0. */
bool der_natural(struct der *d, bytes *magnitude);
/* der_count reads a non-negative INTEGER; values above INT32_MAX are given as INT32_MAX. */
bool der_count(struct der *d, int32_t *n);
/* der_count_of is der_count for content that was already unwrapped (implicit tags). */
bool der_count_of(bytes content, int32_t *n);
/* der_boolean: 0x00 or 0xff. */
bool der_boolean(struct der *d, bool *value);
/* der_bits reads a BIT STRING whose padding bits are zero. */
bool der_bits(struct der *d, bytes *value, unsigned *unused);
/* der_bits_of is der_bits for content that was already unwrapped. */
bool der_bits_of(bytes content, bytes *value, unsigned *unused);
/* der_oid reads an OBJECT IDENTIFIER: arcs in minimal form. */
bool der_oid(struct der *d, bytes *content);
/* der_time reads UTCTime or GeneralizedTime in the one form RFC 5280 4.1.2.5 allows: to the second, in UTC, a real date.
   *tag tells which it was. */
bool der_time(struct der *d, uint8_t *tag, int64_t *seconds);

/* der_oid_text writes "1.2.840.113549" with a final NUL, cut at size. */
size_t der_oid_text(bytes oid, char *out, size_t size);

/* days_from_civil: days since 1970-01-01 of a date of the Gregorian calendar. */
int64_t days_from_civil(int64_t year, unsigned month, unsigned day);

#endif
