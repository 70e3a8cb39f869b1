/* The Public Suffix List (publicsuffix.org): below which names anyone may register a domain of their own.

   Used for one question: does a wildcard stand right below a public suffix, so that it would cover domains of different
   owners? A name is a public suffix when a rule has exactly its labels: the name itself, or "*." and its parent unless
   "!" and the name excepts it. Rules for internationalised names are kept as A-labels (RFC 3492).

   Not here: the list itself; Debian's package publicsuffix has it as a file. */
#include "x509/host.h"

enum { RULE_NAME = 1, RULE_WILDCARD, RULE_EXCEPTION };

struct rule_entry {
    bytes name; /* without "*." or "!" */
    uint8_t kind;
};
struct suffixes {
    const fede_allocator *from;
    struct arena names;
    struct rule_entry *at; /* a hash table; kind 0: free */
    size_t room;           /* a power of two */
};

static bool add_rule(struct suffixes *s, bytes line);
static bool to_a_labels(bytes name, uint8_t *out, size_t size, size_t *len);
static bool has_rule(const struct suffixes *s, bytes name, uint8_t kind);

struct suffixes *suffixes_read(const fede_allocator *from, bytes list)
{
    struct suffixes *s = memory_take(from, sizeof *s);
    size_t lines = 1;
    if (s == NULL)
        return NULL;
    for (size_t i = 0; i < list.len; i++)
        lines += list.data[i] == '\n' ? 1 : 0;
    s->from = from;
    for (s->room = 64; s->room < 2 * lines; s->room *= 2) {
    }
    arena_start(&s->names, from, SIZE_MAX / 2);
    s->at = memory_take(from, s->room * sizeof *s->at);
    bool fine = s->at != NULL;
    while (fine && list.len > 0) {
        const uint8_t *end = memchr(list.data, '\n', list.len);
        size_t len = end ? (size_t)(end - list.data) : list.len;
        fine = add_rule(s, bytes_first(list, len));
        list = bytes_skip(list, len < list.len ? len + 1 : len);
    }
    if (fine)
        return s;
    suffixes_free(s);
    return NULL;
}

void suffixes_free(struct suffixes *s)
{
    if (s == NULL)
        return;
    memory_give(s->from, s->at, s->room * sizeof *s->at);
    arena_end(&s->names);
    memory_give(s->from, s, sizeof *s);
}

bool suffix_is_public(const struct suffixes *s, bytes name)
{
    const uint8_t *dot = memchr(name.data, '.', name.len);
    if (dot == NULL || has_rule(s, name, RULE_NAME))
        return true;
    bytes parent = bytes_skip(name, (size_t)(dot - name.data) + 1);
    return has_rule(s, parent, RULE_WILDCARD) && !has_rule(s, name, RULE_EXCEPTION);
}

static uint32_t hash_of(bytes name, uint8_t kind)
{
    uint32_t h = 2166136261u ^ kind;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.data[i];
        h = (h ^ (c >= 'A' && c <= 'Z' ? c + 32u : c)) * 16777619u;
    }
    return h ^ h >> 15;
}

static bool has_rule(const struct suffixes *s, bytes name, uint8_t kind)
{
    for (size_t i = hash_of(name, kind) & (s->room - 1); s->at[i].kind != 0; i = (i + 1) & (s->room - 1))
        if (s->at[i].kind == kind && dns_equal(s->at[i].name, name))
            return true;
    return false;
}

/* False: no memory. Comments and lines that are no rule are passed over; a rule ends at white space. */
static bool add_rule(struct suffixes *s, bytes line)
{
    uint8_t kind = RULE_NAME, text[256];
    size_t len = 0;
    while (len < line.len && line.data[len] > ' ')
        len++;
    line = bytes_first(line, len);
    if (line.len == 0 || line.data[0] == '/')
        return true;
    if (line.data[0] == '!') {
        kind = RULE_EXCEPTION;
        line = bytes_skip(line, 1);
    } else if (line.len > 2 && line.data[0] == '*' && line.data[1] == '.') {
        kind = RULE_WILDCARD;
        line = bytes_skip(line, 2);
    }
    if (!to_a_labels(line, text, sizeof text, &len) || has_rule(s, (bytes){text, len}, kind))
        return true;
    bytes name = arena_copy(&s->names, (bytes){text, len});
    if (name.data == NULL)
        return false;
    size_t i = hash_of(name, kind) & (s->room - 1);
    while (s->at[i].kind != 0)
        i = (i + 1) & (s->room - 1);
    s->at[i] = (struct rule_entry){name, kind};
    return true;
}

/* ---- RFC 3492 --------------------------------------------------------------------------------------------------- */

static bool punycode(const uint32_t *in, size_t n, uint8_t *out, size_t size, size_t *len);

/* False: broken UTF-8, an empty label, or too long. */
static bool to_a_labels(bytes name, uint8_t *out, size_t size, size_t *len)
{
    *len = 0;
    for (;;) {
        uint32_t label[64];
        size_t n = 0, used = 0;
        bool beyond_ascii = false;
        while (used < name.len && name.data[used] != '.') {
            uint32_t c = name.data[used++];
            size_t more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
            beyond_ascii = beyond_ascii || more > 0;
            c &= more > 0 ? 0x3fu >> more : 0x7fu;
            for (; more > 0 && used < name.len; more--)
                c = c << 6 | (name.data[used++] & 0x3f);
            if (more > 0 || n == 64)
                return false;
            label[n++] = c;
        }
        if (n == 0 || *len + 70 > size)
            return false;
        if (beyond_ascii) {
            size_t encoded;
            bytes_copy(out + *len, "xn--", 4);
            if (!punycode(label, n, out + *len + 4, 59, &encoded))
                return false;
            *len += 4 + encoded;
        } else {
            for (size_t i = 0; i < n; i++)
                out[(*len)++] = (uint8_t)label[i];
        }
        if (used == name.len)
            return true;
        out[(*len)++] = '.';
        name = bytes_skip(name, used + 1);
    }
}

static uint32_t adapt(uint32_t delta, uint32_t points, bool first)
{
    uint32_t k = 0;
    delta = first ? delta / 700 : delta / 2;
    delta += delta / points;
    for (; delta > 35 * 26 / 2; k += 36)
        delta /= 35;
    return k + 36 * delta / (delta + 38);
}

/* RFC 3492 6.3. Labels have at most 64 characters, so that nothing overflows. */
static bool punycode(const uint32_t *in, size_t n, uint8_t *out, size_t size, size_t *len)
{
    uint32_t next = 128, delta = 0, bias = 72, basic, done = 0;
    *len = 0;
    for (size_t i = 0; i < n; i++) {
        if (in[i] >= 128)
            continue;
        if (*len == size)
            return false;
        out[(*len)++] = (uint8_t)in[i];
    }
    basic = done = (uint32_t)*len;
    if (basic > 0 && *len < size)
        out[(*len)++] = '-';
    while (done < n) {
        uint32_t least = UINT32_MAX;
        for (size_t i = 0; i < n; i++)
            least = in[i] >= next && in[i] < least ? in[i] : least;
        delta += (least - next) * (done + 1);
        next = least;
        for (size_t i = 0; i < n; i++) {
            delta += in[i] < next ? 1 : 0;
            if (in[i] != next)
                continue;
            uint32_t q = delta;
            for (uint32_t k = 36;; k += 36) {
                uint32_t t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
                uint32_t digit = q < t ? q : t + (q - t) % (36 - t);
                if (*len == size)
                    return false;
                out[(*len)++] = (uint8_t)(digit < 26 ? 'a' + digit : '0' + digit - 26);
                if (q < t)
                    break;
                q = (q - t) / (36 - t);
            }
            bias = adapt(delta, done + 1, done == basic);
            delta = 0;
            done++;
        }
        delta++;
        next++;
    }
    return true;
}
