/* issue/der_write.c: DER written forwards. A length is put in place when its element is closed, which moves the content when it
   takes more than one byte: what is written here is small. */
#include "issue/der_write.h"

#include <stdlib.h>

static void add_byte(struct der_out *w, uint8_t b)
{
    if (w->len < w->size)
        w->base[w->len++] = b;
    else
        w->over = true;
}

size_t der_open(struct der_out *w, uint8_t tag)
{
    add_byte(w, tag);
    add_byte(w, 0);
    return w->len;
}

void der_close(struct der_out *w, size_t opened)
{
    size_t len = w->len - opened, more = len < 0x80 ? 0 : len < 0x100 ? 1 : len < 0x10000 ? 2 : 3;
    if (w->over || more > w->size - w->len) {
        w->over = true;
        return;
    }
    bytes_move(w->base + opened + more, w->base + opened, len);
    w->len += more;
    w->base[opened - 1] = (uint8_t)(more == 0 ? len : 0x80 | more);
    for (size_t i = 0; i < more; i++)
        w->base[opened + i] = (uint8_t)(len >> 8 * (more - 1 - i));
}

void der_add(struct der_out *w, bytes der)
{
    if (der.len > w->size - w->len) {
        w->over = true;
        return;
    }
    bytes_copy(w->base + w->len, der.data, der.len);
    w->len += der.len;
}

void der_put(struct der_out *w, uint8_t tag, bytes content)
{
    size_t at = der_open(w, tag);
    der_add(w, content);
    der_close(w, at);
}

void der_put_text(struct der_out *w, uint8_t tag, const char *content)
{
    der_put(w, tag, bytes_text(content));
}

void der_put_number(struct der_out *w, uint8_t tag, uint64_t n)
{
    size_t at = der_open(w, tag);
    int shift = 56;
    while (shift > 0 && n >> shift == 0)
        shift -= 8;
    if (n >> shift & 0x80)
        add_byte(w, 0);
    for (; shift >= 0; shift -= 8)
        add_byte(w, (uint8_t)(n >> shift));
    der_close(w, at);
}

void der_put_bits(struct der_out *w, bytes content)
{
    size_t at = der_open(w, DER_BIT_STRING);
    add_byte(w, 0);
    der_add(w, content);
    der_close(w, at);
}

static void put_time(struct der_out *w, int64_t seconds, bool general);

void der_put_time(struct der_out *w, int64_t seconds)
{
    put_time(w, seconds, false);
}

void der_put_general_time(struct der_out *w, int64_t seconds)
{
    put_time(w, seconds, true);
}

static void put_time(struct der_out *w, int64_t seconds, bool general)
{
    int64_t days = seconds / 86400, rest = seconds % 86400;
    if (rest < 0) {
        rest += 86400;
        days--;
    }
    int64_t year = 1970 + days / 366; /* not later than it is */
    while (days_from_civil(year + 1, 1, 1) <= days)
        year++;
    while (days_from_civil(year, 1, 1) > days)
        year--;
    unsigned month = 1;
    while (month < 12 && days_from_civil(year, month + 1, 1) <= days)
        month++;
    const unsigned parts[] = {(unsigned)(year / 100),
                              (unsigned)(year % 100),
                              month,
                              (unsigned)(days - days_from_civil(year, month, 1) + 1),
                              (unsigned)(rest / 3600),
                              (unsigned)(rest / 60 % 60),
                              (unsigned)(rest % 60)};
    bool utc = !general && year >= 1950 && year < 2050;
    size_t at = der_open(w, utc ? DER_UTC_TIME : DER_GENERAL_TIME);
    for (size_t i = utc ? 1 : 0; i < sizeof parts / sizeof *parts; i++) {
        add_byte(w, (uint8_t)('0' + parts[i] / 10 % 10));
        add_byte(w, (uint8_t)('0' + parts[i] % 10));
    }
    add_byte(w, 'Z');
    der_close(w, at);
}

static void add_arc(struct der_out *w, uint64_t arc)
{
    for (int shift = 63; shift >= 0; shift -= 7)
        if (shift == 0 || arc >> shift != 0)
            add_byte(w, (uint8_t)((arc >> shift & 0x7f) | (shift > 0 ? 0x80u : 0u)));
}

bool der_put_oid(struct der_out *w, const char *dotted)
{
    size_t at = der_open(w, DER_OID), n = 0;
    uint64_t first = 0;
    for (const char *p = dotted;; p++) {
        char *end;
        if (*p < '0' || *p > '9' || strspn(p, "0123456789") > 18)
            return false;
        uint64_t arc = strtoull(p, &end, 10);
        if ((n == 0 && arc > 2) || (n == 1 && first < 2 && arc > 39))
            return false;
        if (n == 0)
            first = arc;
        else
            add_arc(w, n == 1 ? first * 40 + arc : arc);
        n++;
        p = end;
        if (*p == '\0')
            break;
        if (*p != '.')
            return false;
    }
    der_close(w, at);
    return n >= 2;
}
