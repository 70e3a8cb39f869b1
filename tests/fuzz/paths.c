/* The search for a path and name constraints, on certificates made from the input: 10 bytes each say who issued whom with which
   key, what the CA may do, which names it may or may not, so that every input is a graph of readable certificates: cross-signed,
   looped, of one name. The first byte holds options, the second says how many of the last are trusted. */
#include "fuzz/want.h"
#include "issue/der_write.h"
#include "x509/certificate.h"

enum { CERTIFICATES_MOST = 48, EACH = 10, DER_ROOM = 1024 };
enum { CA = 1, PATH_LENGTH = 2, PERMITTED = 4, EXCLUDED = 8, NAMES = 16, NO_KEY_ID = 32, OLD = 64 };

static const struct {
    uint8_t tag;
    const char *text;
    uint8_t len;
} names[] = {{0x82, "www.example.com", 15}, {0x82, "*.example.com", 13}, {0x82, "example.com", 11}, {0x82, ".com", 4},
             {0x82, "", 0}, {0x87, "\x7f\0\0\1", 4}, {0x87, "\x7f\0\0\0\xff\0\0\0", 8}, {0x81, "a@example.com", 13},
             {0x81, "example.com", 11}, {0x86, "https://example.com/", 20}, {0x86, ".example.com", 12}, {0xa4, "\x30\0", 2},
             {0x88, "\x2a\x03", 2}, {0x82, "xn--mnchen-3ya.example.com", 26}, {0x87, "\x7f", 1}, {0x82, "a..b", 4}};

static void write_name(struct der_out *w, unsigned id)
{
    char text[] = {(char)('A' + id % 8), '\0'};
    size_t name = der_open(w, DER_SEQUENCE), set = der_open(w, DER_SET), one = der_open(w, DER_SEQUENCE);
    der_put_oid(w, "2.5.4.3");
    der_put_text(w, DER_UTF8, text);
    der_close(w, one);
    der_close(w, set);
    der_close(w, name);
}

static void write_extension(struct der_out *w, const char *oid, bool critical, bytes value)
{
    size_t one = der_open(w, DER_SEQUENCE);
    der_put_oid(w, oid);
    if (critical)
        der_put(w, DER_BOOLEAN, bytes_of("\xff", 1));
    der_put(w, DER_OCTET_STRING, value);
    der_close(w, one);
}

static void write_subtrees(struct der_out *w, const uint8_t *in)
{
    for (unsigned which = 0; which < 2; which++) {
        if (!(in[4] & (which == 0 ? PERMITTED : EXCLUDED)))
            continue;
        size_t list = der_open(w, DER_CONTEXT_CONSTRUCTED(which));
        for (unsigned k = 0; k <= in[7] % 3; k++) {
            size_t subtree = der_open(w, DER_SEQUENCE), at = (in[7] >> 2 ^ which * 5 ^ k * 3) % 16;
            der_put(w, names[at].tag, bytes_of(names[at].text, names[at].len));
            der_close(w, subtree);
        }
        der_close(w, list);
    }
}

static void write_extensions(struct der_out *w, const uint8_t *in)
{
    uint8_t room[400], id[4] = {in[2], in[2], in[2], in[2]}, above[4] = {in[3], in[3], in[3], in[3]};
    size_t outer = der_open(w, DER_CONTEXT_CONSTRUCTED(3)), list = der_open(w, DER_SEQUENCE);
    struct der_out v = der_to(room, sizeof room);
    size_t at = der_open(&v, DER_SEQUENCE);
    if (in[4] & CA) {
        der_put(&v, DER_BOOLEAN, bytes_of("\xff", 1));
        if (in[4] & PATH_LENGTH)
            der_put_number(&v, DER_INTEGER, in[5] % 4);
    }
    der_close(&v, at);
    write_extension(w, "2.5.29.19", true, bytes_of(room, v.len));
    if (!(in[4] & NO_KEY_ID)) {
        v = der_to(room, sizeof room);
        der_put(&v, DER_OCTET_STRING, BYTES_OF(id));
        write_extension(w, "2.5.29.14", false, bytes_of(room, v.len));
        v = der_to(room, sizeof room);
        at = der_open(&v, DER_SEQUENCE);
        der_put(&v, DER_CONTEXT(0), BYTES_OF(above));
        der_close(&v, at);
        write_extension(w, "2.5.29.35", false, bytes_of(room, v.len));
    }
    if (in[4] & (PERMITTED | EXCLUDED)) {
        v = der_to(room, sizeof room);
        at = der_open(&v, DER_SEQUENCE);
        write_subtrees(&v, in);
        der_close(&v, at);
        write_extension(w, "2.5.29.30", true, bytes_of(room, v.len));
    }
    if (in[4] & NAMES) {
        v = der_to(room, sizeof room);
        at = der_open(&v, DER_SEQUENCE);
        for (unsigned k = 0; k <= in[8] % 4; k++) {
            size_t n = (in[8] >> 2 ^ k * 7) % 16;
            der_put(&v, names[n].tag, bytes_of(names[n].text, names[n].len));
        }
        der_close(&v, at);
        write_extension(w, "2.5.29.17", false, bytes_of(room, v.len));
    }
    der_close(w, list);
    der_close(w, outer);
}

static bytes make(const uint8_t *in, unsigned number, uint8_t *room)
{
    static const char ecdsa[] = "1.2.840.10045.4.3.2";
    uint8_t point[65], signature[8] = {0x30, 6, 2, 1, 1, 2, 1, in[6]};
    memset(point, in[2], sizeof point);
    point[0] = 4;
    struct der_out w = der_to(room, DER_ROOM);
    size_t whole = der_open(&w, DER_SEQUENCE), tbs = der_open(&w, DER_SEQUENCE);
    size_t at = der_open(&w, DER_CONTEXT_CONSTRUCTED(0));
    der_put_number(&w, DER_INTEGER, 2);
    der_close(&w, at);
    der_put_number(&w, DER_INTEGER, 1 + number);
    at = der_open(&w, DER_SEQUENCE);
    der_put_oid(&w, ecdsa);
    der_close(&w, at);
    write_name(&w, in[1]);
    at = der_open(&w, DER_SEQUENCE);
    der_put_time(&w, 1800000000);
    der_put_time(&w, in[4] & OLD ? 1890000000 : 1990000000);
    der_close(&w, at);
    write_name(&w, in[0]);
    size_t spki = der_open(&w, DER_SEQUENCE);
    at = der_open(&w, DER_SEQUENCE);
    der_put_oid(&w, "1.2.840.10045.2.1");
    der_put_oid(&w, "1.2.840.10045.3.1.7");
    der_close(&w, at);
    der_put_bits(&w, BYTES_OF(point));
    der_close(&w, spki);
    write_extensions(&w, in);
    der_close(&w, tbs);
    at = der_open(&w, DER_SEQUENCE);
    der_put_oid(&w, ecdsa);
    der_close(&w, at);
    der_put_bits(&w, BYTES_OF(signature));
    der_close(&w, whole);
    return w.over ? BYTES_NONE : bytes_of(room, w.len);
}

/* A path that was accepted is one: each issued the one before it, none expired, CAs above the leaf, an anchor at its end. */
static void check_path(const fede_verdict *v)
{
    struct certificate below, c;
    fede_error ignored = {0};
    for (size_t i = 0; i < v->path_len; i++) {
        want(certificate_read(v->path[i], &c, &ignored));
        want(i == 0 || (name_equal(below.issuer, c.subject) && (c.is_ca || i + 1u == v->path_len)));
        want(c.not_after >= 1893456000);
        want(i == 0 || (below.signature.data[below.signature.len - 1] & 7) != 0);
        below = c;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t rooms[CERTIFICATES_MOST][DER_ROOM];
    bytes all[CERTIFICATES_MOST];
    size_t n = size < 2 + 2 * EACH ? 0 : (size - 2) / EACH;
    n = n > CERTIFICATES_MOST ? CERTIFICATES_MOST : n;
    if (n < 2)
        return 0;
    unsigned options = data[0];
    size_t n_anchors = 1 + data[1] % (n - 1);
    struct anchors *anchors = anchors_new(&memory_standard);
    for (size_t i = 0; i < n; i++) {
        all[i] = make(data + 2 + i * EACH, (unsigned)i, rooms[i]);
        want(all[i].len > 0);
        if (i >= n - n_anchors)
            anchors_add(anchors, all[i]);
    }
    struct arena arena;
    struct host host;
    struct certificate leaf;
    bool leaf_read;
    fede_verdict verdict;
    fede_error error = {0};
    arena_start(&arena, &memory_standard, 1u << 18);
    host_read("www.example.com", &host);
    struct verify_request request = {.chain = all,
                                     .n = options & 1 ? n : n - n_anchors,
                                     .anchors = anchors,
                                     .purpose = (enum purpose)(1 + (options >> 1) % 3),
                                     .host = options & 8 ? &host : NULL,
                                     .at = 1893456000,
                                     .max_path = options & 16 ? 3 : 0,
                                     .attempts = options & 4,
                                     .profile = (enum profile)((options >> 5) % 3)};
    bool accepted = x509_verify(&request, &arena, &verdict, &leaf, &leaf_read, &error);
    want(accepted == verdict.accepted && error.reason != FEDE_INTERNAL && (error.reason == FEDE_OK) == accepted);
    if (accepted)
        check_path(&verdict);
    arena_end(&arena);
    anchors_free(anchors);
    return 0;
}
