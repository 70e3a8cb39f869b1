/* report/json_write.c: JSON as text, front to back (RFC 8259).

   A story of a capture is mostly JSON: a hundred thousand objects a second, each written once and never asked. So they are
   not built but written. Strings that are plain are copied whole; the others character by character. Secrets may pass through,
   hence the wiping. */
#include "report/json_write.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "report/html.h"

static const char digits[] = "0123456789abcdef";

/* Room for n more bytes; NULL without memory. */
static char *room(struct json_text *t, size_t n)
{
    if (n <= t->room - t->len)
        return t->out + t->len;
    size_t size = t->room < 4096 ? 4096 : t->room;
    while (size - t->len < n)
        size *= 2;
    char *larger = malloc(size);
    if (larger == NULL) {
        t->failed = true;
        return NULL;
    }
    if (t->len > 0) {
        bytes_copy(larger, t->out, t->len);
        bytes_wipe(t->out, t->len);
    }
    free(t->out);
    t->out = larger;
    t->room = size;
    return larger + t->len;
}

static void put(struct json_text *t, const char *s, size_t len)
{
    char *at = room(t, len);
    if (at == NULL)
        return;
    bytes_copy(at, s, len);
    t->len += len;
}

static void mark(struct json_text *t, char c)
{
    char *at = room(t, 1);
    if (at == NULL)
        return;
    *at = c;
    t->len++;
}

/* Keys are ours: nothing in them needs escaping. */
static void begin(struct json_text *t, const char *key)
{
    if (t->more)
        mark(t, ',');
    t->more = true;
    if (key == NULL)
        return;
    mark(t, '"');
    put(t, key, strlen(key));
    put(t, "\":", 2);
}

static void open(struct json_text *t, const char *key, char bracket)
{
    begin(t, key);
    mark(t, bracket);
    t->more = false;
}

static void close(struct json_text *t, char bracket)
{
    mark(t, bracket);
    t->more = true;
}

void put_object(struct json_text *t, const char *key)
{
    open(t, key, '{');
}

void put_object_end(struct json_text *t)
{
    close(t, '}');
}

void put_list(struct json_text *t, const char *key)
{
    open(t, key, '[');
}

void put_list_end(struct json_text *t)
{
    close(t, ']');
}

static bool is_utf8(const char *s, size_t len)
{
    const unsigned char *p = (const unsigned char *)s;
    for (size_t at = 0, n; at < len; at += n) {
        uint32_t c;
        n = 1;
        if (p[at] >= 0x80 && (n = html_character(p + at, len - at, &c)) == 1)
            return false;
    }
    return true;
}

static void escape(struct json_text *t, unsigned char c)
{
    static const char shorter[] = "btn\0fr"; /* 8 to 13 */
    char *at = room(t, 6);
    if (at == NULL)
        return;
    *at++ = '\\';
    t->len += 2;
    if (c >= 8 && c <= 13 && shorter[c - 8] != '\0') {
        *at = shorter[c - 8];
    } else if (c >= 0x20) {
        *at = (char)c;
    } else {
        bytes_copy(at, "u00", 3);
        at[3] = (char)('0' + (c >> 4));
        at[4] = "0123456789ABCDEF"[c & 15];
        t->len += 4;
    }
}

void put_words(struct json_text *t, const char *key, const char *words)
{
    char escaped[2000];
    if (words == NULL)
        words = "";
    size_t len = strlen(words), done = 0;
    bool plain = true;
    for (size_t i = 0; plain && i < len; i++)
        plain = (signed char)words[i] >= 0;
    if (!plain && !is_utf8(words, len)) {
        struct text e = text_in(escaped, sizeof escaped);
        text_escaped(&e, bytes_text(words));
        words = escaped;
        len = strlen(escaped);
    }
    begin(t, key);
    mark(t, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)words[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        put(t, words + done, i - done);
        escape(t, c);
        done = i + 1;
    }
    put(t, words + done, len - done);
    mark(t, '"');
}

void put_hex(struct json_text *t, const char *key, bytes value)
{
    begin(t, key);
    char *at = room(t, 2 * value.len + 2);
    if (at == NULL)
        return;
    *at++ = '"';
    for (size_t i = 0; i < value.len; i++) {
        *at++ = digits[value.data[i] >> 4];
        *at++ = digits[value.data[i] & 15];
    }
    *at = '"';
    t->len += 2 * value.len + 2;
}

void put_number(struct json_text *t, const char *key, uint64_t number)
{
    char figures[24];
    struct text n = text_in(figures, sizeof figures);
    text_number(&n, number > INT64_MAX ? INT64_MAX : (int64_t)number);
    begin(t, key);
    put(t, figures, n.len);
}

void put_flag(struct json_text *t, const char *key, bool flag)
{
    begin(t, key);
    put(t, flag ? "true" : "false", flag ? 4 : 5);
}

void put_registered_open(struct json_text *t, const char *key, const struct names *names, uint64_t number)
{
    const char *name = names_find(names, (uint32_t)number);
    put_object(t, key);
    put_number(t, "number", number);
    put_words(t, "name", name != NULL ? name : "unknown");
}

void put_registered(struct json_text *t, const char *key, const struct names *names, uint64_t number)
{
    put_registered_open(t, key, names, number);
    put_object_end(t);
}

void put_text(struct json_text *t, const char *key, const struct json_text *other)
{
    begin(t, key);
    put(t, other->out, other->len);
    t->failed = t->failed || other->failed;
}

bool json_text_write(const struct json_text *t, FILE *out, enum json_look look)
{
    if (t->failed || out == NULL)
        return false;
    if (look == JSON_LINE) {
        bool good = fwrite(t->out, 1, t->len, out) == t->len;
        return fputc('\n', out) != EOF && good;
    }
    json_t *parsed = json_loadb(t->out, t->len, 0, NULL);
    char *drawn = parsed != NULL ? json_dumps(parsed, JSON_INDENT(1)) : NULL;
    json_decref(parsed);
    if (drawn == NULL)
        return false;
    bool good = fprintf(out, "%s\n", drawn + (look == JSON_DRAWN_ON)) > 0;
    bytes_wipe(drawn, strlen(drawn));
    free(drawn);
    return good;
}

void json_text_clear(struct json_text *t)
{
    if (t->len > 0)
        bytes_wipe(t->out, t->len);
    t->len = 0;
    t->more = t->failed = false;
}

void json_text_free(struct json_text *t)
{
    json_text_clear(t);
    free(t->out);
    *t = (struct json_text){0};
}
