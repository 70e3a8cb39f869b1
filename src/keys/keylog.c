/* keys/keylog.c: the SSLKEYLOGFILE line of RFC 9850: label, client random, secret; both random and secret in
   hexadecimal.

   Writing makes the canonical form. Reading is for files from anywhere: CR LF, a byte order mark, upper case and
   spaces at the end pass; a line that is not an entry is FOREIGN, so that it can be reported instead of silently
   skipped. */
#include "keys/keylog.h"

#include "base/text.h"

static bytes trim(bytes line);
static bytes word(bytes *rest);
static bool unhex(bytes digits, uint8_t *out, size_t size, size_t *len);

size_t keylog_write(char *out, size_t size, const char *label, bytes random, bytes secret)
{
    struct text t = text_in(out, size);
    text_add(&t, label);
    text_char(&t, ' ');
    text_hex(&t, random);
    text_char(&t, ' ');
    text_hex(&t, secret);
    text_char(&t, '\n');
    if (t.len < size)
        return t.len;
    bytes_wipe(out, size); /* half a secret is no use to anyone */
    return 0;
}

enum keylog_kind keylog_read(bytes line, struct keylog_entry *out)
{
    *out = (struct keylog_entry){0};
    line = trim(line);
    if (line.len == 0 || line.data[0] == '#')
        return KEYLOG_EMPTY;
    struct keylog_entry entry = {0};
    entry.label = word(&line);
    bytes random = word(&line), secret = word(&line);
    bool good = line.len == 0 && unhex(random, entry.random, sizeof entry.random, &entry.random_len) &&
                unhex(secret, entry.secret, sizeof entry.secret, &entry.secret_len);
    if (good)
        *out = entry;
    bytes_wipe(entry.secret, sizeof entry.secret);
    return good ? KEYLOG_ENTRY : KEYLOG_FOREIGN;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Without byte order mark, and without space at either end. */
static bytes trim(bytes line)
{
    if (line.len >= 3 && memcmp(line.data, "\xef\xbb\xbf", 3) == 0)
        line = bytes_skip(line, 3);
    while (line.len > 0 && is_space(line.data[0]))
        line = bytes_skip(line, 1);
    while (line.len > 0 && is_space(line.data[line.len - 1]))
        line.len--;
    return line;
}

/* Takes the next word and the space behind it. */
static bytes word(bytes *rest)
{
    size_t n = 0;
    while (n < rest->len && !is_space(rest->data[n]))
        n++;
    bytes taken = bytes_first(*rest, n);
    while (n < rest->len && is_space(rest->data[n]))
        n++;
    *rest = bytes_skip(*rest, n);
    return taken;
}

static int digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool unhex(bytes digits, uint8_t *out, size_t size, size_t *len)
{
    if (digits.len == 0 || digits.len % 2 != 0 || digits.len / 2 > size)
        return false;
    for (size_t i = 0; i < digits.len / 2; i++) {
        int high = digit(digits.data[2 * i]), low = digit(digits.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    *len = digits.len / 2;
    return true;
}
