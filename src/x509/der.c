/* DER, X.690 chapters 8 and 10, as far as certificates use it: one-byte tags, lengths up to four bytes.

   What is refused here is refused everywhere: indefinite lengths, lengths not in their shortest form, integers with
   useless leading bytes, booleans other than 0 and 255, padding bits that are not zero, object identifiers with padded
   arcs, dates that don't exist. What a structure means is not known here; see certificate.c. */
#include "x509/der.h"

#include "base/text.h"

static bool two_digits(const uint8_t *p, unsigned *value);

bool der_next(struct der *d, uint8_t *tag, bytes *content)
{
    size_t left = (size_t)(d->end - d->at);
    const uint8_t *p = d->at;
    size_t header = 2;
    if (left < 2 || (p[0] & 0x1f) == 0x1f)
        return false;
    size_t len = p[1];
    if (len >= 0x80) {
        size_t n = len & 0x7f;
        if (n == 0 || n > 4 || left < 2 + n || p[2] == 0)
            return false;
        len = 0;
        for (size_t i = 0; i < n; i++)
            len = len << 8 | p[2 + i];
        if (len < 0x80)
            return false;
        header = 2 + n;
    }
    if (len > left - header)
        return false;
    *tag = p[0];
    *content = (bytes){p + header, len};
    d->at = p + header + len;
    return true;
}

bool der_read(struct der *d, uint8_t tag, bytes *content)
{
    uint8_t found;
    return der_at(d, tag) && der_next(d, &found, content);
}

bool der_whole(struct der *d, uint8_t tag, bytes *whole, bytes *content)
{
    const uint8_t *start = d->at;
    bytes inside;
    if (!der_read(d, tag, &inside))
        return false;
    *whole = (bytes){start, (size_t)(d->at - start)};
    if (content)
        *content = inside;
    return true;
}

bool der_only(bytes in, uint8_t tag, bytes *content)
{
    struct der d = der_in(in);
    return der_read(&d, tag, content) && der_done(&d);
}

static bool integer_minimal(bytes v)
{
    if (v.len == 0)
        return false;
    return v.len == 1 || !((v.data[0] == 0 && v.data[1] < 0x80) || (v.data[0] == 0xff && v.data[1] >= 0x80));
}

bool der_integer(struct der *d, bytes *content)
{
    struct der ahead = *d;
    bytes v;
    if (!der_read(&ahead, DER_INTEGER, &v) || !integer_minimal(v))
        return false;
    *content = v;
    *d = ahead;
    return true;
}

bool der_natural(struct der *d, bytes *magnitude)
{
    struct der ahead = *d;
    bytes v;
    if (!der_integer(&ahead, &v) || v.data[0] >= 0x80)
        return false;
    *magnitude = v.len > 1 && v.data[0] == 0 ? bytes_skip(v, 1) : v;
    *d = ahead;
    return true;
}

bool der_count(struct der *d, int32_t *n)
{
    struct der ahead = *d;
    bytes v;
    if (!der_read(&ahead, DER_INTEGER, &v) || !der_count_of(v, n))
        return false;
    *d = ahead;
    return true;
}

bool der_count_of(bytes v, int32_t *n)
{
    if (!integer_minimal(v) || v.data[0] >= 0x80)
        return false;
    if (v.len > 4) {
        *n = INT32_MAX;
        return true;
    }
    uint32_t value = 0;
    for (size_t i = 0; i < v.len; i++)
        value = value << 8 | v.data[i];
    *n = (int32_t)value;
    return true;
}

bool der_boolean(struct der *d, bool *value)
{
    struct der ahead = *d;
    bytes v;
    if (!der_read(&ahead, DER_BOOLEAN, &v) || v.len != 1 || (v.data[0] != 0 && v.data[0] != 0xff))
        return false;
    *value = v.data[0] != 0;
    *d = ahead;
    return true;
}

bool der_bits(struct der *d, bytes *value, unsigned *unused)
{
    struct der ahead = *d;
    bytes v;
    if (!der_read(&ahead, DER_BIT_STRING, &v) || !der_bits_of(v, value, unused))
        return false;
    *d = ahead;
    return true;
}

bool der_bits_of(bytes v, bytes *value, unsigned *unused)
{
    if (v.len == 0 || v.data[0] > 7 || (v.len == 1 && v.data[0] != 0))
        return false;
    if ((v.data[v.len - 1] & ((1u << v.data[0]) - 1)) != 0 && v.len > 1)
        return false;
    *unused = v.data[0];
    *value = bytes_skip(v, 1);
    return true;
}

bool der_oid(struct der *d, bytes *content)
{
    struct der ahead = *d;
    bytes v;
    if (!der_read(&ahead, DER_OID, &v) || v.len == 0 || v.data[v.len - 1] >= 0x80)
        return false;
    for (size_t i = 0; i < v.len; i++) {
        bool first_of_arc = i == 0 || v.data[i - 1] < 0x80;
        if (first_of_arc && v.data[i] == 0x80)
            return false;
    }
    *content = v;
    *d = ahead;
    return true;
}

bool der_time(struct der *d, uint8_t *tag, int64_t *seconds)
{
    static const uint8_t days_in[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct der ahead = *d;
    bytes v;
    unsigned century = 0, part[6]; /* year of the century, month, day, hour, minute, second */
    if (!der_next(&ahead, tag, &v))
        return false;
    const uint8_t *p = v.data;
    if (*tag == DER_GENERAL_TIME && v.len == 15) {
        if (!two_digits(p, &century))
            return false;
        p += 2;
    } else if (*tag != DER_UTC_TIME || v.len != 13) {
        return false;
    }
    for (int i = 0; i < 6; i++, p += 2)
        if (!two_digits(p, &part[i]))
            return false;
    if (*tag == DER_UTC_TIME)
        century = part[0] >= 50 ? 19 : 20;
    unsigned year = century * 100 + part[0];
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (*p != 'Z' || part[1] < 1 || part[1] > 12 || part[3] > 23 || part[4] > 59 || part[5] > 59)
        return false;
    if (part[2] < 1 || part[2] > days_in[part[1]] + (part[1] == 2 && leap ? 1u : 0u))
        return false;
    *seconds = days_from_civil(year, part[1], part[2]) * 86400 + (int64_t)(part[3] * 3600 + part[4] * 60 + part[5]);
    *d = ahead;
    return true;
}

static bool two_digits(const uint8_t *p, unsigned *value)
{
    if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
        return false;
    *value = (unsigned)(p[0] - '0') * 10 + (unsigned)(p[1] - '0');
    return true;
}

/* Years begin in March, so that the leap day is the last; 400 years are one turn of the calendar. */
int64_t days_from_civil(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

size_t der_oid_text(bytes oid, char *out, size_t size)
{
    struct text t = text_in(out, size);
    uint64_t arc = 0;
    bool first = true;
    for (size_t i = 0; i < oid.len; i++) {
        if (arc > UINT64_MAX >> 8) {
            text_add(&t, "...");
            break;
        }
        arc = arc << 7 | (oid.data[i] & 0x7f);
        if (oid.data[i] >= 0x80)
            continue;
        if (first) {
            uint64_t top = arc < 40 ? 0 : arc < 80 ? 1 : 2;
            text_number(&t, (int64_t)top);
            arc -= top * 40;
            first = false;
        }
        text_char(&t, '.');
        text_number(&t, (int64_t)arc);
        arc = 0;
    }
    return t.len;
}
