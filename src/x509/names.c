/* Distinguished names and GeneralNames: RFC 5280 4.1.2.4, 4.2.1.6 and 7.1.

   Two names are equal when their RDNs are, in order; two RDNs when their attributes are, in any order; two strings when
   their characters are, whatever string type carries them, with ASCII letters in either case, outer spaces dropped and
   inner ones folded into one. Letters beyond ASCII are compared as they are: folding them too could only make more names
   equal. Host names are in host.c, name constraints in constraints.c. */
#include "x509/certificate.h"

#include "base/text.h"
#include "x509/der.h"

static bool attribute_next(bytes *rest, bytes *type, uint8_t *tag, bytes *value);
static bool string_valid(uint8_t tag, bytes value);
static bool is_string(uint8_t tag);
static bool is_printable(uint8_t c);
static bool value_equal(uint8_t tag_a, bytes a, uint8_t tag_b, bytes b);
static const char *type_name(bytes type);
static void add_value(struct text *t, uint8_t tag, bytes value);

/* ---- Structure -------------------------------------------------------------------------------------------------- */

bool name_read(bytes name)
{
    bytes rdns, set, type, value;
    uint8_t tag;
    if (!der_only(name, DER_SEQUENCE, &rdns))
        return false;
    struct der d = der_in(rdns);
    while (der_more(&d)) {
        if (!der_read(&d, DER_SET, &set) || set.len == 0)
            return false;
        while (set.len > 0)
            if (!attribute_next(&set, &type, &tag, &value) || !string_valid(tag, value))
                return false;
    }
    return true;
}

/* Only what the string's type can hold (X.680 41, RFC 3629), and no types that no attribute has. PrintableString with * or &
   is met in certificates of public CAs. */
static bool string_valid(uint8_t tag, bytes value)
{
    uint32_t c;
    size_t n = 1;
    switch (tag) {
    case DER_UTF8:
        while (value.len > 0 && (n = text_utf8(value, &c)) > 0)
            value = bytes_skip(value, n);
        return n > 0;
    case DER_BMP:
        return value.len % 2 == 0;
    case DER_UNIVERSAL:
        return value.len % 4 == 0;
    case DER_PRINTABLE:
        for (size_t i = 0; i < value.len; i++)
            if (!is_printable(value.data[i]))
                return false;
        return true;
    case DER_IA5:
        for (size_t i = 0; i < value.len; i++)
            if (value.data[i] > 0x7f)
                return false;
        return true;
    case DER_BOOLEAN:
    case DER_INTEGER:
    case DER_BIT_STRING:
    case DER_OCTET_STRING:
    case DER_OID:
    case DER_UTC_TIME:
    case DER_GENERAL_TIME:
    case DER_SEQUENCE:
    case DER_SET:
        return true;
    default:
        return is_string(tag);
    }
}

static bool is_string(uint8_t tag)
{
    return tag == DER_UTF8 || tag == DER_PRINTABLE || tag == DER_IA5 || tag == DER_TELETEX || tag == DER_VISIBLE ||
           tag == DER_UNIVERSAL || tag == DER_BMP || tag == 0x12;
}

static bool is_printable(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && c < 0x80 && strchr(" '()+,-./:=?*&", c) != NULL);
}

static bool attribute_next(bytes *rest, bytes *type, uint8_t *tag, bytes *value)
{
    struct der d = der_in(*rest);
    bytes content;
    if (!der_read(&d, DER_SEQUENCE, &content))
        return false;
    struct der a = der_in(content);
    if (!der_oid(&a, type) || !der_next(&a, tag, value) || !der_done(&a))
        return false;
    *rest = (bytes){d.at, (size_t)(d.end - d.at)};
    return true;
}

struct name_walk name_walk(bytes name)
{
    struct name_walk walk = {BYTES_NONE, BYTES_NONE};
    der_only(name, DER_SEQUENCE, &walk.rdns);
    return walk;
}

bool name_next(struct name_walk *walk, bytes *type, uint8_t *tag, bytes *value)
{
    while (walk->attributes.len == 0) {
        struct der d = der_in(walk->rdns);
        if (!der_read(&d, DER_SET, &walk->attributes))
            return false;
        walk->rdns = (bytes){d.at, (size_t)(d.end - d.at)};
    }
    return attribute_next(&walk->attributes, type, tag, value);
}

/* ---- Comparison ------------------------------------------------------------------------------------------------- */

/* The characters of a string after folding, one at a time. */
struct folded {
    bytes rest;
    uint8_t tag;
    bool started, space; /* a character was given; spaces wait to be given */
    uint32_t held;       /* the character behind them; 0: none */
};

/* One character of a string as its type encodes it. Broken UTF-8 is taken byte by byte: equal only to itself. */
static bool character(bytes *rest, uint8_t tag, uint32_t *c)
{
    size_t n = tag == DER_BMP ? 2 : tag == DER_UNIVERSAL ? 4 : 1;
    if (rest->len < n)
        return false;
    const uint8_t *p = rest->data;
    *c = n == 1 ? p[0] : n == 2 ? load16(p) : load32(p);
    if (tag == DER_UTF8 && p[0] >= 0xc2 && p[0] < 0xf5) {
        size_t more = p[0] < 0xe0 ? 1 : p[0] < 0xf0 ? 2 : 3;
        uint32_t value = p[0] & (0x3fu >> more);
        size_t i = 1;
        for (; i <= more && i < rest->len && (p[i] & 0xc0) == 0x80; i++)
            value = value << 6 | (p[i] & 0x3f);
        if (i == more + 1) {
            *c = value;
            n = i;
        }
    }
    *rest = bytes_skip(*rest, n);
    return true;
}

/* 0 at the end. A NUL inside a string counts as a character of its own. */
static uint32_t folded_next(struct folded *f)
{
    uint32_t c;
    if (f->held != 0) {
        c = f->held;
        f->held = 0;
        return c;
    }
    while (character(&f->rest, f->tag, &c)) {
        if (c == ' ') {
            f->space = f->started;
            continue;
        }
        c = c >= 'A' && c <= 'Z' ? c + 32 : c == 0 ? 0xffffffff : c;
        f->started = true;
        if (f->space) {
            f->space = false;
            f->held = c;
            return ' ';
        }
        return c;
    }
    return 0;
}

static bool value_equal(uint8_t tag_a, bytes a, uint8_t tag_b, bytes b)
{
    if (tag_a == tag_b && bytes_equal(a, b))
        return true;
    if (!is_string(tag_a) || !is_string(tag_b))
        return false;
    struct folded x = {.rest = a, .tag = tag_a}, y = {.rest = b, .tag = tag_b};
    uint32_t c;
    do {
        c = folded_next(&x);
        if (c != folded_next(&y))
            return false;
    } while (c != 0);
    return true;
}

/* Each attribute of a is in b, and the other way round: RDNs have one or two attributes, seldom more. */
bool rdn_equal(bytes a, bytes b)
{
    if (bytes_equal(a, b))
        return true;
    for (int side = 0; side < 2; side++) {
        bytes left = side == 0 ? a : b, type, value, other_type, other_value;
        uint8_t tag, other_tag;
        unsigned budget = 256; /* an RDN of very many attributes is a trap */
        while (left.len > 0 && attribute_next(&left, &type, &tag, &value)) {
            bytes right = side == 0 ? b : a;
            bool found = false;
            while (!found && right.len > 0 && attribute_next(&right, &other_type, &other_tag, &other_value)) {
                if (budget-- == 0)
                    return false;
                found = bytes_equal(type, other_type) && value_equal(tag, value, other_tag, other_value);
            }
            if (!found)
                return false;
        }
    }
    return true;
}

bool name_within(bytes base, bytes name)
{
    bytes a, b, set_a, set_b;
    if (!der_only(base, DER_SEQUENCE, &a) || !der_only(name, DER_SEQUENCE, &b))
        return false;
    struct der x = der_in(a), y = der_in(b);
    while (der_more(&x))
        if (!der_read(&x, DER_SET, &set_a) || !der_read(&y, DER_SET, &set_b) || !rdn_equal(set_a, set_b))
            return false;
    return true;
}

static size_t rdn_count(bytes name)
{
    bytes content, set;
    size_t n = 0;
    if (der_only(name, DER_SEQUENCE, &content))
        for (struct der d = der_in(content); der_read(&d, DER_SET, &set);)
            n++;
    return n;
}

bool name_equal(bytes a, bytes b)
{
    return bytes_equal(a, b) || (rdn_count(a) == rdn_count(b) && name_within(a, b));
}

/* FNV-1a over the folded characters of all values, independent of the order inside an RDN. */
uint32_t name_hash(bytes name)
{
    struct name_walk walk = name_walk(name);
    bytes type, value;
    uint8_t tag;
    uint32_t sum = 0;
    while (name_next(&walk, &type, &tag, &value)) {
        uint32_t h = 2166136261u;
        struct folded f = {.rest = value, .tag = tag};
        for (uint32_t c = is_string(tag) ? folded_next(&f) : 0; c != 0; c = folded_next(&f))
            h = (h ^ c) * 16777619u;
        sum += h ^ (h >> 15);
    }
    return sum;
}

/* ---- GeneralNames ----------------------------------------------------------------------------------------------- */

bool general_names_next(bytes *rest, enum general_name *kind, bytes *value)
{
    struct der d = der_in(*rest);
    uint8_t tag;
    bytes content;
    if (!der_more(&d) || !der_next(&d, &tag, &content))
        return false;
    *kind = (enum general_name)(tag & 0x1f);
    *value = content;
    *rest = (bytes){d.at, (size_t)(d.end - d.at)};
    return true;
}

static bool ascii(bytes v)
{
    for (size_t i = 0; i < v.len; i++)
        if (v.data[i] >= 0x80)
            return false;
    return true;
}

bool general_names_valid(bytes names)
{
    struct der d = der_in(names);
    bytes v;
    uint8_t tag;
    while (der_more(&d)) {
        if (!der_next(&d, &tag, &v))
            return false;
        switch (tag) {
        case DER_CONTEXT(NAME_EMAIL):
        case DER_CONTEXT(NAME_DNS):
        case DER_CONTEXT(NAME_URI):
            if (!ascii(v))
                return false;
            break;
        case DER_CONTEXT(NAME_IP):
            if (v.len != 4 && v.len != 16)
                return false;
            break;
        case DER_CONTEXT_CONSTRUCTED(NAME_DIRECTORY):
            if (!name_read(v))
                return false;
            break;
        case DER_CONTEXT_CONSTRUCTED(NAME_OTHER):
        case DER_CONTEXT_CONSTRUCTED(NAME_X400):
        case DER_CONTEXT_CONSTRUCTED(NAME_EDI):
        case DER_CONTEXT(NAME_RID):
            break;
        default:
            return false;
        }
    }
    return true;
}

/* ---- As text ---------------------------------------------------------------------------------------------------- */

// clang-format off
static const struct type_row {
    uint8_t oid[10], len;
    const char *name;
} types[] = {
    {{0x55, 4, 3}, 3, "CN"}, {{0x55, 4, 6}, 3, "C"}, {{0x55, 4, 7}, 3, "L"}, {{0x55, 4, 8}, 3, "ST"},
    {{0x55, 4, 10}, 3, "O"}, {{0x55, 4, 11}, 3, "OU"}, {{0x55, 4, 5}, 3, "serialNumber"}, {{0x55, 4, 4}, 3, "SN"},
    {{0x55, 4, 42}, 3, "GN"}, {{0x55, 4, 9}, 3, "street"}, {{0x55, 4, 12}, 3, "title"}, {{0x55, 4, 15}, 3, "businessCategory"},
    {{0x55, 4, 17}, 3, "postalCode"}, {{0x55, 4, 46}, 3, "dnQualifier"}, {{0x55, 4, 65}, 3, "pseudonym"},
    {{0x55, 4, 97}, 3, "organizationIdentifier"},
    {{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1}, 9, "emailAddress"},
    {{0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25}, 10, "DC"},
    {{0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1}, 10, "UID"},
};
// clang-format on

static const char *type_name(bytes type)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (bytes_equal(type, (bytes){types[i].oid, types[i].len}))
            return types[i].name;
    return NULL;
}

size_t name_text(bytes name, char *out, size_t size)
{
    struct text t = text_in(out, size);
    struct name_walk walk = name_walk(name);
    bytes type, value;
    uint8_t tag;
    bool same_rdn = false;
    while (name_next(&walk, &type, &tag, &value)) {
        char number[64];
        const char *known = type_name(type);
        if (t.len > 0)
            text_add(&t, same_rdn ? "+" : ", ");
        if (known == NULL)
            der_oid_text(type, number, sizeof number);
        text_add(&t, known ? known : number);
        text_char(&t, '=');
        add_value(&t, tag, value);
        same_rdn = walk.attributes.len > 0;
    }
    if (t.len == 0)
        text_add(&t, "(empty name)");
    return t.len;
}

/* Any string type as UTF-8, escaped; other types as "#" and hexadecimal digits (RFC 4514 2.4). */
static void add_value(struct text *t, uint8_t tag, bytes value)
{
    if (!is_string(tag)) {
        text_char(t, '#');
        text_hex(t, bytes_first(value, 32));
        return;
    }
    if (tag != DER_TELETEX && tag != DER_BMP && tag != DER_UNIVERSAL) {
        text_escaped(t, value);
        return;
    }
    uint32_t c;
    while (character(&value, tag, &c)) {
        uint8_t utf8[4];
        size_t n = 0;
        if (c < 0x80) {
            utf8[n++] = (uint8_t)c;
        } else if (c < 0x800) {
            utf8[n++] = (uint8_t)(0xc0 | c >> 6);
            utf8[n++] = (uint8_t)(0x80 | (c & 0x3f));
        } else {
            c = c > 0xffff ? 0xfffd : c;
            utf8[n++] = (uint8_t)(0xe0 | c >> 12);
            utf8[n++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
            utf8[n++] = (uint8_t)(0x80 | (c & 0x3f));
        }
        text_escaped(t, (bytes){utf8, n});
    }
}

bool certificate_names_issuer(const struct certificate *c, const struct certificate *issuer)
{
    bool other_key = c->authority_key_id.data != NULL && issuer->subject_key_id.data != NULL &&
                     !bytes_equal(c->authority_key_id, issuer->subject_key_id);
    return name_equal(c->issuer, issuer->subject) && !other_key;
}
