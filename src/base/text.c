/* base/text.c: bounded text building.

   Each function adds to the text and never beyond its room; the length goes on counting, so that a caller can see
   that the text was cut and how much room the whole would take. text_escaped is the only way for bytes from the
   network into anything that is shown: no byte a terminal could take for a command passes it. */
#include "base/text.h"

static size_t printable_length(bytes b);

struct text text_in(char *out, size_t size)
{
    if (size > 0)
        out[0] = '\0';
    return (struct text){.out = out, .size = size};
}

void text_add(struct text *t, const char *s)
{
    if (s == NULL)
        return;
    size_t len = strlen(s), room = t->len < t->size ? t->size - t->len - 1 : 0;
    if (room > 0) {
        size_t n = len < room ? len : room;
        bytes_copy(t->out + t->len, s, n);
        t->out[t->len + n] = '\0';
    }
    t->len += len;
}

void text_char(struct text *t, char c)
{
    if (t->size > 0 && t->len < t->size - 1) {
        t->out[t->len] = c;
        t->out[t->len + 1] = '\0';
    }
    t->len++;
}

void text_number(struct text *t, int64_t n)
{
    char digits[20];
    size_t i = 0;
    uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n; /* also right for INT64_MIN */
    do {
        digits[i++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (n < 0)
        text_char(t, '-');
    while (i > 0)
        text_char(t, digits[--i]);
}

static const char hex[] = "0123456789abcdef";

void text_hex_number(struct text *t, uint64_t n, int digits)
{
    text_add(t, "0x");
    int shown = 1;
    while (shown < 16 && (n >> (4 * shown)) != 0)
        shown++; /* a number is never cut: what needs more digits gets them */
    for (int i = (digits > shown ? digits : shown); i > 0; i--)
        text_char(t, i > 16 ? '0' : hex[n >> (4 * (i - 1)) & 15]);
}

void text_hex(struct text *t, bytes b)
{
    for (size_t i = 0; i < b.len; i++) {
        text_char(t, hex[b.data[i] >> 4]);
        text_char(t, hex[b.data[i] & 15]);
    }
}

static void two_digits(struct text *t, int64_t n)
{
    text_char(t, (char)('0' + n / 10 % 10));
    text_char(t, (char)('0' + n % 10));
}

void text_time(struct text *t, int64_t seconds)
{
    const int64_t first = -62135596800, last = 253402300799; /* 0001-01-01 and 9999-12-31 23:59:59 */
    if (seconds < first || seconds > last) {
        text_add(t, "out of range (");
        text_number(t, seconds);
        text_char(t, ')');
        return;
    }
    int64_t day = (seconds - first) / 86400, second = (seconds - first) % 86400;
    /* Days since 0000-03-01, so that the leap day ends the year: eras of 400 years, then centuries, 4 years, years. */
    int64_t d = day + 306;
    int64_t era = d / 146097, of_era = d % 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * of_year + 2) / 153; /* 0 is March */
    int64_t day_of_month = of_year - (153 * shifted + 2) / 5 + 1;
    int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
    int64_t year = era * 400 + year_of_era + (month <= 2 ? 1 : 0);

    two_digits(t, year / 100);
    two_digits(t, year % 100);
    text_char(t, '-');
    two_digits(t, month);
    text_char(t, '-');
    two_digits(t, day_of_month);
    text_char(t, ' ');
    two_digits(t, second / 3600);
    text_char(t, ':');
    two_digits(t, second / 60 % 60);
    text_char(t, ':');
    two_digits(t, second % 60);
    text_add(t, " UTC");
}

void text_escaped(struct text *t, bytes b)
{
    while (b.len > 0) {
        size_t n = printable_length(b);
        if (b.data[0] == '\\') {
            text_add(t, "\\\\");
        } else if (n == 0) { /* a control character, or not UTF-8: this one byte in hexadecimal */
            text_add(t, "\\x");
            text_hex(t, bytes_first(b, 1));
            n = 1;
        } else if (t->len + n < t->size || t->size == 0) {
            for (size_t i = 0; i < n; i++)
                text_char(t, (char)b.data[i]);
        } else { /* cut before a character, not inside it */
            t->len += n;
            if (t->size > 0)
                t->size = strlen(t->out) + 1;
        }
        b = bytes_skip(b, n);
    }
}

/* Bytes of the printable character at the start; 0 when it is a control character (C0, DEL, C1) or no UTF-8. Also 0 for
   the marks that turn or hide text (bidirectional controls, zero-width characters, line separators, byte order mark): a
   name must not look like another. */
static size_t printable_length(bytes b)
{
    uint32_t c;
    size_t n = text_utf8(b, &c);
    bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
    bool hides = (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
    return control || hides ? 0 : n;
}

size_t text_utf8(bytes b, uint32_t *c)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const uint8_t *p = b.data;
    size_t n = b.len == 0 ? 0 : p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
    *c = 0;
    if (n == 0 || b.len < n)
        return 0;
    *c = n == 1 ? p[0] : p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        *c = *c << 6 | (p[i] & 0x3f);
    }
    return *c < smallest[n] || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff) ? 0 : n;
}
