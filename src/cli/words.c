/* cli/words.c: texts that several files of the tool need. */
#include "cli/words.h"

#include <stdarg.h>
#include <stdio.h>

void text_format(struct text *t, const char *format, ...)
{
    char piece[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(piece, sizeof piece, format, arguments);
    va_end(arguments);
    text_add(t, piece);
}

void text_span(struct text *t, uint64_t us)
{
    if (us < 10000)
        text_format(t, "%.2f ms", (double)us / 1e3);
    else if (us < 1000000)
        text_format(t, "%.1f ms", (double)us / 1e3);
    else
        text_format(t, "%.2f s", (double)us / 1e6);
}

void text_bytes(struct text *t, uint64_t n)
{
    if (n >= 1000) {
        text_bytes(t, n / 1000);
        text_format(t, ",%03u", (unsigned)(n % 1000));
    } else {
        text_format(t, "%u", (unsigned)n);
    }
}

void text_base64(struct text *t, bytes b)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (; b.len; b = bytes_skip(b, b.len < 3 ? b.len : 3)) {
        uint32_t group = (uint32_t)b.data[0] << 16;
        group |= b.len > 1 ? (uint32_t)b.data[1] << 8 : 0;
        group |= b.len > 2 ? b.data[2] : 0;
        text_char(t, digits[group >> 18]);
        text_char(t, digits[group >> 12 & 63]);
        text_char(t, b.len > 1 ? digits[group >> 6 & 63] : '=');
        text_char(t, b.len > 2 ? digits[group & 63] : '=');
    }
}
