/* The codec's vectors against a reader of RFC 5246 4.3: a length in so many bytes, within bounds, and that many bytes. What was read
   is written back, into exactly the room it takes and into each smaller one. */
#include "bounded.h"
#include "wire/wire.h"

enum form { OPAQUE, TEXT, U8_LIST, U16_LIST, FORMS };
struct kind {
    enum form form;
    size_t prefix, min, max;
};
static struct kind kind;

/* The vector's content; false: there is none at the start of in. */
static bool reference(bytes in, bytes *content)
{
    uint64_t n = 0;
    if (in.len < kind.prefix)
        return false;
    for (size_t i = 0; i < kind.prefix; i++)
        n = n * 256 + in.data[i];
    if (n < kind.min || n > kind.max || n > in.len - kind.prefix || (kind.form == U16_LIST && n % 2 != 0))
        return false;
    *content = bytes_of(in.data + kind.prefix, (size_t)n);
    return true;
}

static void run(struct wire *w, bytes *v)
{
    struct u16s list = {v->data, v->len / 2};
    if (kind.form == U8_LIST)
        wire_u8_list(w, "list", v, (int)kind.prefix, kind.min, kind.max, NULL);
    else if (kind.form == U16_LIST)
        wire_u16_list(w, "list", &list, (int)kind.prefix, kind.min, kind.max, NULL);
    else if (kind.prefix == 1)
        (kind.form == TEXT ? wire_text8 : wire_opaque8)(w, "vector", v, kind.min, kind.max);
    else if (kind.prefix == 2)
        (kind.form == TEXT ? wire_text16 : wire_opaque16)(w, "vector", v, kind.min, kind.max);
    else
        wire_opaque24(w, "vector", v, kind.min, kind.max);
    if (kind.form == U16_LIST)
        *v = bytes_of(list.data, 2 * list.n);
}

static void one(bytes in)
{
    bytes want = BYTES_NONE, got = BYTES_NONE;
    bool good = reference(in, &want);
    struct wire w = wire_reader(in);
    run(&w, &got);
    check(w.bad == !good, "accepted", in);
    check(w.end == in.len && w.at <= w.end, "the cursor", in);
    if (!good)
        return;
    check(got.len == want.len && (want.len == 0 || got.data == want.data) && w.at == kind.prefix + want.len, "content", in);
    uint8_t out[40];
    for (size_t room = 0; room <= w.at; room++) {
        memset(out, 0xaa, sizeof out);
        struct wire x = wire_writer(out, room);
        bytes from = want;
        run(&x, &from);
        check(x.bad == (room < w.at), "written", in);
        check(room < w.at || (x.at == w.at && memcmp(out, in.data, w.at) == 0), "written back", in);
        bool spilt = false;
        for (size_t i = room; i < sizeof out; i++)
            spilt = spilt || out[i] != 0xaa;
        check(!spilt, "nothing behind the room", in);
    }
}

/* A block with a vector and the rest in it: nothing inside reaches beyond it. RFC 5246 4.3, 7.4.1.4. */
static void nested(bytes in)
{
    bytes inner = BYTES_NONE, rest = BYTES_NONE;
    uint64_t whole = in.len >= 2 ? in.data[0] * 256u + in.data[1] : 0, part = in.len >= 3 ? in.data[2] : 0;
    bool good = in.len >= 2 && whole >= 1 && whole <= in.len - 2 && in.len >= 3 && part + 1 <= whole;
    struct wire w = wire_reader(in);
    struct wire_block block = wire_open(&w, "block", 2, 0, 65535, FIELD_STRUCT);
    wire_opaque8(&w, "inner", &inner, 0, 255);
    wire_rest(&w, "rest", &rest);
    wire_close(&w, &block);
    check(w.bad == !good, "nested", in);
    check(!good || (w.at == 2 + whole && inner.len == part && rest.len == whole - 1 - part && w.end == in.len), "nested parts", in);
}

void bounded_wire(bool all)
{
    static const uint8_t alphabet[] = {0, 1, 2, 3, 4, 5, 0xff};
    static const size_t bounds[][2] = {{0, 0}, {0, 3}, {1, 2}, {2, 2}, {2, 4}, {1, 0xff}, {0, 0xffffff}};
    for (kind.form = OPAQUE; kind.form < FORMS; kind.form++)
        for (kind.prefix = 1; kind.prefix <= (kind.form == OPAQUE ? 3 : 2); kind.prefix++)
            for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
                size_t most = ((size_t)1 << 8 * kind.prefix) - 1;
                kind.min = bounds[i][0];
                kind.max = bounds[i][1] < most ? bounds[i][1] : most;
                every_string(BYTES_OF(alphabet), all ? 6 : 4, one);
            }
    every_string(BYTES_OF(alphabet), all ? 8 : 6, nested);
}
