/* The DER cursor against a reader that works from X.690 by splitting text: identifier (8.1.2), length (8.1.3, 10.1), and what each
   type allows (8.2, 8.3, 8.6, 8.19, 11.1, 11.2). */
#include "bounded.h"
#include "x509/der.h"

/* Length of the header, content's length; false: no element. All numbers are 64 bits wide, so nothing can wrap. */
static bool element(bytes in, uint64_t *header, uint64_t *len)
{
    if (in.len < 2 || (in.data[0] & 31) == 31) /* tags above 30 take more bytes */
        return false;
    uint64_t more = in.data[1] > 128 ? in.data[1] - 128u : 0, value = in.data[1];
    if (in.data[1] == 128 || more > 4 || in.len - 2 < more)
        return false;
    if (more > 0) {
        value = 0;
        for (uint64_t i = 0; i < more; i++)
            value = value * 256 + in.data[2 + i];
        uint64_t least = more == 1 ? 128 : (uint64_t)1 << 8 * (more - 1); /* no shorter form would do */
        if (value < least)
            return false;
    }
    *header = 2 + more;
    *len = value;
    return *header + *len <= in.len;
}

static bool good_integer(const uint8_t *p, uint64_t n)
{
    if (n == 0)
        return false;
    if (n == 1)
        return true;
    unsigned nine = (unsigned)p[0] << 1 | p[1] >> 7; /* the first nine bits are not all the same, 8.3.2 */
    return nine != 0 && nine != 0x1ff;
}

static bool good_bits(const uint8_t *p, uint64_t n)
{
    if (n == 0 || p[0] >= 8 || (n == 1 && p[0] > 0))
        return false;
    for (unsigned bit = 0; n > 1 && bit < p[0]; bit++)
        if (p[n - 1] >> bit & 1)
            return false;
    return true;
}

static bool good_oid(const uint8_t *p, uint64_t n)
{
    bool open = false; /* inside an arc */
    for (uint64_t i = 0; i < n; i++) {
        if (!open && p[i] == 0x80)
            return false;
        open = p[i] > 0x7f;
    }
    return n > 0 && !open;
}

static bool same(bytes a, const uint8_t *p, uint64_t n)
{
    return a.len == n && (n == 0 || a.data == p);
}

static void typed(bytes in, bool good, const uint8_t *p, uint64_t n)
{
    uint8_t tag = good ? in.data[0] : 0;
    struct der d = der_in(in), start = d;
    bytes v;
    unsigned unused = 99;
    int32_t count = -1;
    bool value = false, want;

    want = tag == DER_INTEGER && good_integer(p, n);
    check(der_integer(&d, &v) == want && (want ? same(v, p, n) : d.at == start.at), "der_integer", in);
    d = start;
    want = want && p[0] < 0x80;
    uint64_t sign = want && n > 1 && p[0] == 0;
    check(der_natural(&d, &v) == want && (want ? same(v, p + sign, n - sign) : d.at == start.at), "der_natural", in);
    d = start;
    int64_t number = 0;
    for (uint64_t i = 0; want && i < n; i++)
        number = number > INT32_MAX ? number : number * 256 + p[i];
    check(der_count(&d, &count) == want && (want ? count == (number > INT32_MAX ? INT32_MAX : number) : d.at == start.at),
          "der_count", in);
    d = start;
    want = tag == DER_BOOLEAN && n == 1 && (p[0] == 0 || p[0] == 255);
    check(der_boolean(&d, &value) == want && (want ? value == (p[0] == 255) : d.at == start.at), "der_boolean", in);
    d = start;
    want = tag == DER_BIT_STRING && good_bits(p, n);
    check(der_bits(&d, &v, &unused) == want && (want ? unused == p[0] && same(v, p + 1, n - 1) : d.at == start.at), "der_bits",
          in);
    d = start;
    want = tag == DER_OID && good_oid(p, n);
    check(der_oid(&d, &v) == want && (want ? same(v, p, n) : d.at == start.at), "der_oid", in);
}

static void one(bytes in)
{
    uint64_t header = 0, len = 0;
    bool good = element(in, &header, &len);
    struct der d = der_in(in), start = d;
    uint8_t tag;
    bytes content, whole;
    bool got = der_next(&d, &tag, &content);
    check(got == good && (good ? tag == in.data[0] && same(content, in.data + header, len) && d.at == in.data + header + len
                               : d.at == start.at), "der_next", in);
    d = start;
    uint8_t other = in.len > 0 ? in.data[0] ^ 1 : 0;
    check(!der_read(&d, other, &content) && d.at == start.at, "der_read of another tag", in);
    bool only = good && header + len == in.len;
    check(in.len == 0 || der_only(in, in.data[0], &content) == only, "der_only", in);
    check(in.len == 0 || (der_whole(&d, in.data[0], &whole, NULL) == good && (!good || same(whole, in.data, header + len))),
          "der_whole", in);
    typed(in, good, in.data + header, len);
}

/* Lengths around each change of form: the header, and as many bytes as it says, one fewer, one more. */
static void long_ones(void)
{
    static uint8_t room[70000] = {0};
    static const size_t lengths[] = {0, 1, 126, 127, 128, 129, 254, 255, 256, 257, 65534, 65535, 65536, 65537};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (unsigned form = 0; form <= 5; form++)
            for (int more = -1; more <= 1; more++) {
                size_t n = lengths[i], at = 2 + form;
                room[0] = DER_OCTET_STRING;
                room[1] = (uint8_t)(form == 0 ? (n < 128 ? n : 127) : 0x80 + form);
                for (unsigned k = 0; k < form; k++)
                    room[2 + k] = (uint8_t)((uint64_t)n >> 8 * (form - 1 - k));
                if (more < 0 && n == 0)
                    continue;
                one(at_the_edge(bytes_of(room, at + n + (size_t)more)));
            }
}

void bounded_der(bool all)
{
    static const uint8_t alphabet[] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x06, 0x07, 0x08, 0x1f, 0x30, 0x7f,
                                       0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0xff};
    static const uint8_t few[] = {0x00, 0x01, 0x02, 0x03, 0x06, 0x80, 0x81, 0xff};
    static uint8_t every[256];
    for (unsigned i = 0; i < 256; i++)
        every[i] = (uint8_t)i;
    every_string(BYTES_OF(every), 2, one);
    every_string(BYTES_OF(alphabet), all ? 5 : 4, one);
    every_string(BYTES_OF(few), all ? 7 : 5, one);
    long_ones();
}
