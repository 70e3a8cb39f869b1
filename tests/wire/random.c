/* Every message the other way round: a struct filled at random is written, read back, and each field must be the same. The
   fields are listed in tables here, by hand, so that one the codec forgets is noticed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "check.h"

enum { ROUNDS = 400, POOL = 1 << 16 };

/* What a field holds: a number of 1, 2 or 4 bytes, 32 bytes, bytes, a list of numbers, or a vector of entries as on the wire. */
enum kind { U8 = 1, U16, U24, U32, RANDOM, BYTES, LIST, FORMED };

/* Makes well-formed content for a FORMED field. */
typedef bytes maker(void);

struct field {
    size_t at;
    enum kind kind;
    size_t min, max; /* of bytes, of list entries, or of the number */
    maker *make;
    int bit;        /* of an extension, -1: always there */
    uint8_t places; /* where the extension has this form */
};

static uint8_t pool[POOL];
static size_t pool_used;
static uint64_t seed = 0x9e3779b97f4a7c15;

static uint64_t any(void)
{
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return seed;
}

static size_t between(size_t min, size_t max)
{
    return min + any() % (max - min + 1);
}

static uint8_t *take(size_t len)
{
    uint8_t *p = pool + pool_used;
    assert_true(pool_used + len <= POOL);
    pool_used += len;
    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)any();
    return p;
}

/* ---- well-formed content ---- */

/* n entries, each a length of `prefix` bytes and min to max bytes. */
static bytes entries(size_t n, size_t prefix, size_t min, size_t max)
{
    size_t start = pool_used;
    for (; n > 0; n--) {
        size_t len = between(min, max);
        uint8_t *p = take(prefix + len);
        for (size_t i = 0; i < prefix; i++)
            p[i] = (uint8_t)(len >> 8 * (prefix - 1 - i));
    }
    return bytes_of(pool_used > start ? pool + start : NULL, pool_used - start);
}

static bytes names8(void)
{
    return entries(between(1, 5), 1, 1, 20);
}
static bytes one_name8(void)
{
    return entries(1, 1, 1, 20);
}
static bytes maybe_names8(void)
{
    return entries(between(0, 3), 1, 1, 20);
}
static bytes items16(void)
{
    return entries(between(1, 4), 2, 1, 30);
}
static bytes maybe_items16(void)
{
    return entries(between(0, 4), 2, 1, 30);
}
static bytes certificates(void)
{
    return entries(between(0, 4), 3, 1, 50);
}
static bytes shares(void)
{
    size_t start = pool_used;
    for (size_t n = between(0, 3); n > 0; n--) {
        size_t len = between(1, 40);
        uint8_t *p = take(4 + len);
        store16(p + 2, (uint16_t)len);
    }
    return bytes_of(pool_used > start ? pool + start : NULL, pool_used - start);
}
static bytes one_share(void)
{
    size_t len = between(1, 40);
    uint8_t *p = take(4 + len);
    store16(p + 2, (uint16_t)len);
    return bytes_of(p, 4 + len);
}
static bytes two_bytes(void)
{
    return bytes_of(take(2), 2);
}
static bytes eight_bytes(void)
{
    return bytes_of(take(8), 8);
}
static bytes psks(void)
{
    size_t start = pool_used, n = between(1, 3);
    uint8_t *length = take(2);
    for (size_t i = 0; i < n; i++) {
        size_t len = between(1, 40);
        uint8_t *p = take(2 + len + 4);
        store16(p, (uint16_t)len);
    }
    store16(length, (uint16_t)(pool_used - start - 2));
    length = take(2);
    bytes binders = entries(n, 1, 32, 48);
    store16(length, (uint16_t)binders.len);
    return bytes_of(pool + start, pool_used - start);
}
static bytes schemes_with_length(void)
{
    size_t n = between(1, 5);
    uint8_t *p = take(2 + 2 * n);
    store16(p, (uint16_t)(2 * n));
    return bytes_of(p, 2 + 2 * n);
}
static bytes ech_outer(void)
{
    size_t start = pool_used;
    take(6)[0] = 0;
    entries(1, 2, 0, 32);
    entries(1, 2, 1, 100);
    return bytes_of(pool + start, pool_used - start);
}
static bytes host(void)
{
    size_t len = between(1, 60);
    uint8_t *p = take(len);
    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)('a' + p[i] % 26);
    return bytes_of(p, len);
}

/* ---- the fields ---- */

#define AT(type, field) offsetof(struct type, field)
#define E(field)        offsetof(struct extensions, field)
enum {
    CH = IN_CLIENT_HELLO,
    SH = IN_SERVER_HELLO,
    EE = IN_ENCRYPTED_EXTENSIONS,
    HRR = IN_HELLO_RETRY,
    CR = IN_CERTIFICATE_REQUEST,
    CT = IN_CERTIFICATE,
    NST = IN_NEW_SESSION_TICKET
};

// clang-format off
static const struct field extension_fields[] = {
    {E(host_name), FORMED, 0, 0, host, HAS_SERVER_NAME, CH},
    {E(max_fragment_length), U8, 1, 4, NULL, HAS_MAX_FRAGMENT_LENGTH, CH | SH | EE},
    {E(status_type), U8, 1, 1, NULL, HAS_STATUS_REQUEST, CH | CT},
    {E(ocsp_responders), FORMED, 0, 0, maybe_items16, HAS_STATUS_REQUEST, CH},
    {E(ocsp_extensions), BYTES, 0, 30, NULL, HAS_STATUS_REQUEST, CH},
    {E(certificate_status), BYTES, 1, 90, NULL, HAS_STATUS_REQUEST, CT},
    {E(groups), LIST, 1, 20, NULL, HAS_GROUPS, CH | SH | EE},
    {E(point_formats), BYTES, 1, 4, NULL, HAS_POINT_FORMATS, CH | SH},
    {E(schemes), LIST, 1, 30, NULL, HAS_SCHEMES, CH | CR},
    {E(alpn), FORMED, 0, 0, names8, HAS_ALPN, CH},
    {E(alpn), FORMED, 0, 0, one_name8, HAS_ALPN, SH | EE},
    {E(sct), FORMED, 0, 0, items16, HAS_SCT, SH | CT},
    {E(padding), U16, 0, 700, NULL, HAS_PADDING, CH},
    {E(present), 0, 0, 0, NULL, HAS_ENCRYPT_THEN_MAC, CH | SH},
    {E(present), 0, 0, 0, NULL, HAS_EXTENDED_MASTER_SECRET, CH | SH},
    {E(present), 0, 0, 0, NULL, HAS_SERVER_NAME, SH | EE},
    {E(present), 0, 0, 0, NULL, HAS_STATUS_REQUEST, SH | CR},
    {E(present), 0, 0, 0, NULL, HAS_SCT, CH | CR},
    {E(compress_certificate), LIST, 1, 5, NULL, HAS_COMPRESS_CERTIFICATE, CH | CR},
    {E(record_size_limit), U16, 64, 65535, NULL, HAS_RECORD_SIZE_LIMIT, CH | SH | EE},
    {E(delegated_credential), FORMED, 0, 0, schemes_with_length, HAS_DELEGATED_CREDENTIAL, CH | CR},
    {E(session_ticket), BYTES, 0, 200, NULL, HAS_SESSION_TICKET, CH},
    {E(present), 0, 0, 0, NULL, HAS_SESSION_TICKET, SH},
    {E(pre_shared_key), FORMED, 0, 0, psks, HAS_PRE_SHARED_KEY, CH},
    {E(present), 0, 0, 0, NULL, HAS_EARLY_DATA, CH | EE},
    {E(max_early_data_size), U32, 0, 0xffffffff, NULL, HAS_EARLY_DATA, NST},
    {E(versions), LIST, 1, 9, NULL, HAS_SUPPORTED_VERSIONS, CH},
    {E(version), U16, 0, 0xffff, NULL, HAS_SUPPORTED_VERSIONS, HRR},
    {E(cookie), BYTES, 1, 90, NULL, HAS_COOKIE, CH | HRR},
    {E(psk_modes), BYTES, 1, 4, NULL, HAS_PSK_MODES, CH},
    {E(certificate_authorities), FORMED, 0, 0, items16, HAS_CERTIFICATE_AUTHORITIES, CH | CR},
    {E(present), 0, 0, 0, NULL, HAS_POST_HANDSHAKE_AUTH, CH},
    {E(schemes_cert), LIST, 1, 30, NULL, HAS_SCHEMES_CERT, CH | CR},
    {E(key_shares), FORMED, 0, 0, shares, HAS_KEY_SHARE, CH},
    {E(key_shares), FORMED, 0, 0, one_share, HAS_KEY_SHARE, SH},
    {E(key_shares), FORMED, 0, 0, two_bytes, HAS_KEY_SHARE, HRR},
    {E(present), 0, 0, 0, NULL, HAS_NPN, CH},
    {E(npn), FORMED, 0, 0, maybe_names8, HAS_NPN, SH},
    {E(application_settings_old), FORMED, 0, 0, names8, HAS_APPLICATION_SETTINGS_OLD, CH},
    {E(application_settings_old), BYTES, 0, 30, NULL, HAS_APPLICATION_SETTINGS_OLD, EE},
    {E(application_settings), FORMED, 0, 0, names8, HAS_APPLICATION_SETTINGS, CH},
    {E(application_settings), BYTES, 0, 30, NULL, HAS_APPLICATION_SETTINGS, EE},
    {E(present), 0, 0, 0, NULL, HAS_CHANNEL_ID, CH | SH},
    {E(trust_anchors), FORMED, 0, 0, maybe_names8, HAS_TRUST_ANCHORS, CH | CR},
    {E(ech), FORMED, 0, 0, ech_outer, HAS_ECH, CH},
    {E(ech), FORMED, 0, 0, eight_bytes, HAS_ECH, HRR},
    {E(renegotiated_connection), BYTES, 0, 24, NULL, HAS_RENEGOTIATION_INFO, CH | SH},
};
#define ALWAYS(type, field, kind, min, max) {AT(type, field), kind, min, max, NULL, -1, 0}
#define ALWAYS_FORMED(type, field, make) {AT(type, field), FORMED, 0, 0, make, -1, 0}
static const struct field client_hello_fields[] = {
    ALWAYS(client_hello, legacy_version, U16, 0, 0xffff), ALWAYS(client_hello, random, RANDOM, 32, 32),
    ALWAYS(client_hello, session_id, BYTES, 0, 32), ALWAYS(client_hello, suites, LIST, 1, 80),
    ALWAYS(client_hello, compressions, BYTES, 1, 3), {0},
};
static const struct field server_hello_fields[] = {
    ALWAYS(server_hello, legacy_version, U16, 0, 0xffff), ALWAYS(server_hello, random, RANDOM, 32, 32),
    ALWAYS(server_hello, session_id, BYTES, 0, 32), ALWAYS(server_hello, suite, U16, 0, 0xffff),
    ALWAYS(server_hello, compression, U8, 0, 0xff), {0},
};
static const struct field certificate_fields[] = {ALWAYS_FORMED(certificate_message, list, certificates), {0}};
static const struct field ske_ecdhe_fields[] = {
    ALWAYS(server_key_exchange, curve_type, U8, 3, 3), ALWAYS(server_key_exchange, group, U16, 0, 0xffff),
    ALWAYS(server_key_exchange, point, BYTES, 1, 255), ALWAYS(server_key_exchange, scheme, U16, 0, 0xffff),
    ALWAYS(server_key_exchange, signature, BYTES, 0, 600), {0},
};
static const struct field ske_dhe_fields[] = {
    ALWAYS(server_key_exchange, p, BYTES, 1, 600), ALWAYS(server_key_exchange, g, BYTES, 1, 600),
    ALWAYS(server_key_exchange, ys, BYTES, 1, 600), ALWAYS(server_key_exchange, scheme, U16, 0, 0xffff),
    ALWAYS(server_key_exchange, signature, BYTES, 0, 600), {0},
};
static const struct field ske_psk_fields[] = {ALWAYS(server_key_exchange, psk_hint, BYTES, 0, 100), {0}};
static const struct field ske_ecdhe_psk_fields[] = {
    ALWAYS(server_key_exchange, psk_hint, BYTES, 0, 100), ALWAYS(server_key_exchange, curve_type, U8, 3, 3),
    ALWAYS(server_key_exchange, group, U16, 0, 0xffff), ALWAYS(server_key_exchange, point, BYTES, 1, 255), {0},
};
static const struct field cke_ecdhe_fields[] = {ALWAYS(client_key_exchange, point, BYTES, 1, 255), {0}};
static const struct field cke_dhe_fields[] = {ALWAYS(client_key_exchange, yc, BYTES, 1, 600), {0}};
static const struct field cke_rsa_fields[] = {ALWAYS(client_key_exchange, encrypted, BYTES, 0, 600), {0}};
static const struct field cke_psk_fields[] = {ALWAYS(client_key_exchange, psk_identity, BYTES, 0, 100), {0}};
static const struct field cke_rsa_psk_fields[] = {
    ALWAYS(client_key_exchange, psk_identity, BYTES, 0, 100), ALWAYS(client_key_exchange, encrypted, BYTES, 0, 600), {0}};
static const struct field request_fields[] = {
    ALWAYS(certificate_request, types, BYTES, 1, 9), ALWAYS(certificate_request, schemes, LIST, 1, 30),
    ALWAYS_FORMED(certificate_request, authorities, maybe_items16), {0},
};
static const struct field verify_fields[] = {
    ALWAYS(certificate_verify, scheme, U16, 0, 0xffff), ALWAYS(certificate_verify, signature, BYTES, 0, 600), {0}};
static const struct field status_fields[] = {
    ALWAYS(certificate_status, type, U8, 1, 1), ALWAYS(certificate_status, response, BYTES, 1, 900), {0}};
static const struct field ticket_fields[] = {
    ALWAYS(new_session_ticket, lifetime_hint, U32, 0, 0xffffffff), ALWAYS(new_session_ticket, ticket, BYTES, 0, 400), {0}};
static const struct field finished_fields[] = {ALWAYS(finished, verify_data, BYTES, 12, 64), {0}};
static const struct field alert_fields[] = {
    ALWAYS(alert_message, level, U8, 0, 255), ALWAYS(alert_message, description, U8, 0, 255), {0}};
static const struct field ccs_fields[] = {{0, U8, 1, 1, NULL, -1, 0}, {0}};
static const struct field record_fields[] = {
    ALWAYS(record_header, type, U8, 0, 255), ALWAYS(record_header, version, U16, 0, 0xffff),
    ALWAYS(record_header, len, U16, 0, 0xffff), {0}};
static const struct field header_fields[] = {
    {offsetof(union any_message, header.type), U8, 0, 255, NULL, -1, 0},
    {offsetof(union any_message, header.len), U24, 0, 0xffffff, NULL, -1, 0}, {0}};
static const struct field no_fields[] = {{0}};

static const struct { const char *codec; const struct field *fields; } messages[] = {
    {"ClientHello", client_hello_fields}, {"ServerHello", server_hello_fields},
    {"HelloRequest", no_fields}, {"ServerHelloDone", no_fields}, {"Certificate", certificate_fields},
    {"ServerKeyExchange (ECDHE)", ske_ecdhe_fields}, {"ServerKeyExchange (DHE)", ske_dhe_fields},
    {"ServerKeyExchange (PSK)", ske_psk_fields}, {"ServerKeyExchange (ECDHE_PSK)", ske_ecdhe_psk_fields},
    {"ServerKeyExchange (RSA_PSK)", ske_psk_fields},
    {"ClientKeyExchange (ECDHE)", cke_ecdhe_fields}, {"ClientKeyExchange (DHE)", cke_dhe_fields},
    {"ClientKeyExchange (RSA)", cke_rsa_fields}, {"ClientKeyExchange (PSK)", cke_psk_fields},
    {"ClientKeyExchange (RSA_PSK)", cke_rsa_psk_fields}, {"ClientKeyExchange (DH_anon)", cke_dhe_fields},
    {"CertificateRequest", request_fields}, {"CertificateVerify", verify_fields}, {"CertificateStatus", status_fields},
    {"NewSessionTicket", ticket_fields}, {"Finished", finished_fields}, {"Alert", alert_fields},
    {"ChangeCipherSpec", ccs_fields}, {"record header", record_fields}, {"handshake header", header_fields},
    {"extensions of a ClientHello", no_fields}, {"extensions of a ServerHello", no_fields},
    {"EncryptedExtensions", no_fields}, {"extensions of a Certificate", no_fields},
    {"extensions of a CertificateRequest", no_fields}, {"extensions of a NewSessionTicket", no_fields},
    {"extensions of a HelloRetryRequest", no_fields},
};
// clang-format on

/* ---- filling and comparing ---- */

static void fill(uint8_t *m, const struct field *f)
{
    size_t number = between(f->min, f->max);
    uint8_t *at = m + f->at;
    switch (f->kind) {
    case U8:
        *at = (uint8_t)number;
        break;
    case U16:
        *(uint16_t *)(void *)at = (uint16_t)number;
        break;
    case U24:
    case U32:
        *(uint32_t *)(void *)at = (uint32_t)number;
        break;
    case RANDOM:
        bytes_copy(at, take(32), 32);
        break;
    case BYTES:
        *(bytes *)(void *)at = bytes_of(number ? take(number) : NULL, number);
        break;
    case LIST:
        *(struct u16s *)(void *)at = (struct u16s){take(2 * number), number};
        break;
    case FORMED:
        *(bytes *)(void *)at = f->make();
        break;
    }
}

static bool same(const uint8_t *a, const uint8_t *b, const struct field *f)
{
    static const size_t size[] = {[U8] = 1, [U16] = 2, [U24] = 4, [U32] = 4, [RANDOM] = 32};
    a += f->at, b += f->at;
    if (f->kind == LIST) {
        const struct u16s *x = (const void *)a, *y = (const void *)b;
        return x->n == y->n && memcmp(x->data, y->data, 2 * x->n) == 0;
    }
    if (f->kind == BYTES || f->kind == FORMED)
        return bytes_equal(*(const bytes *)(const void *)a, *(const bytes *)(const void *)b);
    return f->kind == 0 || memcmp(a, b, size[f->kind]) == 0;
}

static const size_t n_extension_fields = sizeof extension_fields / sizeof *extension_fields;

static void fill_extensions(struct extensions *e, enum ext_place place)
{
    uint32_t wanted = (uint32_t)any() & (uint32_t)any();
    for (size_t i = 0; i < n_extension_fields; i++)
        if (extension_fields[i].places & place && wanted >> extension_fields[i].bit & 1) {
            e->present |= 1u << extension_fields[i].bit;
            if (extension_fields[i].kind)
                fill((uint8_t *)e, &extension_fields[i]);
        }
    e->block = true;
    if (any() % 2)
        e->has_first = true, e->first = (struct extra_extension){0x0a0a, {take(3), 3}};
    if (any() % 2)
        e->has_last = true, e->last = (struct extra_extension){0xbaba, BYTES_NONE};
}

static void compare_extensions(const struct codec *codec, const struct extensions *sent, const struct extensions *got)
{
    assert_int_equal(sent->present, got->present);
    assert_int_equal(got->unknown, sent->has_first + sent->has_last);
    for (size_t i = 0; i < n_extension_fields; i++) {
        const struct field *f = &extension_fields[i];
        if (f->places & codec->place && sent->present >> f->bit & 1 &&
            !same((const uint8_t *)sent, (const uint8_t *)got, f))
            fail_msg("%s: extension %u differs", codec->name, ext_id((enum ext_bit)f->bit));
    }
}

static struct extensions *extensions_of(const struct codec *codec, union any_message *m)
{
    return !codec->place                     ? NULL
           : codec->type == MSG_CLIENT_HELLO ? &m->client_hello.extensions
           : codec->type == MSG_SERVER_HELLO ? &m->server_hello.extensions
                                             : &m->extensions;
}

static void one_round(const struct codec *codec, const struct field *fields)
{
    static uint8_t out[POOL];
    union any_message sent, got;
    memset(&sent, 0, sizeof sent);
    memset(&got, 0, sizeof got);
    pool_used = 0;
    for (const struct field *f = fields; f->kind; f++)
        fill((uint8_t *)&sent, f);
    struct extensions *e = extensions_of(codec, &sent);
    if (e)
        fill_extensions(e, codec->place);

    struct wire w = wire_writer(out, sizeof out);
    codec_run(codec, &w, &sent);
    if (!wire_done(&w))
        fail_msg("%s: not written: %s %s", codec->name, w.bad_where, w.bad_why);
    bytes written = bytes_of(w.at ? out : NULL, w.at);
    w = wire_reader(written);
    codec_run(codec, &w, &got);
    if (!wire_done(&w))
        fail_msg("%s: not read back: %s %s", codec->name, w.bad ? w.bad_where : "", w.bad ? w.bad_why : "left over");
    for (const struct field *f = fields; f->kind; f++)
        if (!same((const uint8_t *)&sent, (const uint8_t *)&got, f))
            fail_msg("%s: field %zu differs", codec->name, (size_t)(f - fields));
    if (e)
        compare_extensions(codec, e, extensions_of(codec, &got));
    bool accepted;
    const char *wrong = codec_check(codec, written, &accepted);
    if (wrong || !accepted)
        fail_msg("%s: %s", codec->name, wrong ? wrong : "refused");
}

static void structs_come_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        const struct codec *codec = NULL;
        for (size_t k = 0; k < codecs_len; k++)
            if (strcmp(codecs[k].name, messages[i].codec) == 0)
                codec = &codecs[k];
        assert_non_null(codec);
        for (int round = 0; round < ROUNDS; round++)
            one_round(codec, messages[i].fields);
    }
}

/* Every extension, in every place where it may stand, is in the table above; only forms that hold structs of their own are
   left to the unit test. */
static void table_is_complete(void **state)
{
    (void)state;
    const enum ext_place places[] = {IN_CLIENT_HELLO, IN_SERVER_HELLO,        IN_ENCRYPTED_EXTENSIONS,
                                     IN_CERTIFICATE,  IN_CERTIFICATE_REQUEST, IN_NEW_SESSION_TICKET,
                                     IN_HELLO_RETRY};
    for (size_t p = 0; p < sizeof places / sizeof *places; p++)
        for (unsigned bit = 0; bit < EXT_KNOWN; bit++) {
            bool listed =
                (bit == HAS_DELEGATED_CREDENTIAL && places[p] == IN_CERTIFICATE) ||
                (bit == HAS_TRUST_ANCHORS && places[p] != IN_CLIENT_HELLO && places[p] != IN_CERTIFICATE_REQUEST) ||
                (bit == HAS_ECH && places[p] == IN_ENCRYPTED_EXTENSIONS) ||
                /* these choose TLS 1.3 and with it fewer extensions, or have a form of their own there */
                (places[p] == IN_SERVER_HELLO && (bit == HAS_SUPPORTED_VERSIONS || bit == HAS_PRE_SHARED_KEY));
            for (size_t i = 0; i < n_extension_fields; i++)
                listed |= extension_fields[i].bit == (int)bit && extension_fields[i].places & places[p];
            if (ext_allowed_in(places[p]) >> bit & 1 && !listed)
                fail_msg("extension %u has no random form in place %d", ext_id((enum ext_bit)bit), places[p]);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(structs_come_back), cmocka_unit_test(table_is_complete)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
