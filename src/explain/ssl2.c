/* explain/ssl2.c: records and messages of SSL 2.0, named field by field. The names are those of the protocol's specification of
   1995 and of RFC 5246 E.2, where the ClientHello is called V2ClientHello.

   All lengths of a message stand in front, then the parts: each reading routine sets them apart and narrates them, as those
   of src/wire do for TLS. The engine meets this form too (record/ssl2.c), but only to rewrite it. */
#include "explain/ssl2.h"

typedef void ssl2_form(struct wire *w);

static void narrate_client_hello(struct wire *w);
static void narrate_server_hello(struct wire *w);
static void narrate_master_key(struct wire *w);
static void narrate_error(struct wire *w);
static void narrate_unknown(struct wire *w);

// clang-format off
static const struct name_row cipher_rows[] = {
    {0x010080, "SSL_CK_RC4_128_WITH_MD5", "RFC 6101 E", "insecure"},
    {0x020080, "SSL_CK_RC4_128_EXPORT40_WITH_MD5", "RFC 6101 E", "insecure"},
    {0x030080, "SSL_CK_RC2_128_CBC_WITH_MD5", "RFC 6101 E", "insecure"},
    {0x040080, "SSL_CK_RC2_128_CBC_EXPORT40_WITH_MD5", "RFC 6101 E", "insecure"},
    {0x050080, "SSL_CK_IDEA_128_CBC_WITH_MD5", "RFC 6101 E", "insecure"},
    {0x060040, "SSL_CK_DES_64_CBC_WITH_MD5", "RFC 6101 E", "insecure"},
    {0x0700c0, "SSL_CK_DES_192_EDE3_CBC_WITH_MD5", "RFC 6101 E", "insecure"},
    {0x080080, "SSL_CK_RC4_64_WITH_MD5", "", "insecure"},
};
static const struct name_row error_rows[] = {
    {1, "NO-CIPHER-ERROR", "", ""}, {2, "NO-CERTIFICATE-ERROR", "", ""}, {4, "BAD-CERTIFICATE-ERROR", "", ""},
    {6, "UNSUPPORTED-CERTIFICATE-TYPE-ERROR", "", ""},
};
static const struct name_row message_rows[] = {
    {0, "ERROR", "", ""}, {1, "CLIENT-HELLO", "RFC 5246 E.2", ""}, {2, "CLIENT-MASTER-KEY", "", ""},
    {3, "CLIENT-FINISHED", "", ""}, {4, "SERVER-HELLO", "", ""}, {5, "SERVER-VERIFY", "", ""}, {6, "SERVER-FINISHED", "", ""},
    {7, "REQUEST-CERTIFICATE", "", ""}, {8, "CLIENT-CERTIFICATE", "", ""},
};
const struct names ssl2_cipher_names = {"SSL 2 cipher kind", cipher_rows, sizeof cipher_rows / sizeof *cipher_rows, 6, false};
const struct names ssl2_error_names = {"SSL 2 error", error_rows, sizeof error_rows / sizeof *error_rows, 4, false};
const struct names ssl2_message_names = {"SSL 2 message", message_rows, sizeof message_rows / sizeof *message_rows, 0, false};

static const struct {
    uint8_t type;
    const char *title, *path;
    ssl2_form *narrate;
} messages[] = {
    {SSL2_ERROR, "SSL 2 ERROR", "ssl2_error", narrate_error},
    {SSL2_CLIENT_HELLO, "SSL 2 CLIENT-HELLO", "ssl2_client_hello", narrate_client_hello},
    {SSL2_CLIENT_MASTER_KEY, "SSL 2 CLIENT-MASTER-KEY", "ssl2_client_master_key", narrate_master_key},
    {SSL2_SERVER_HELLO, "SSL 2 SERVER-HELLO", "ssl2_server_hello", narrate_server_hello},
};
// clang-format on

/* ---- records ---- */

bool ssl2_record_read(bytes in, struct ssl2_record *out)
{
    const size_t header = in.len > 0 && (in.data[0] & 0x80) != 0 ? 2 : 3;
    if (in.len < header)
        return false;
    const size_t len = load16(in.data) & (header == 2 ? 0x7fff : 0x3fff);
    *out = (struct ssl2_record){.header = header, .len = len, .padding = header == 3 ? in.data[2] : 0};
    return true;
}

static void narrate(struct wire *w, const struct wire_field *field)
{
    if (w->narrator != NULL && !w->bad)
        w->narrator->field(w->narrator, field);
}

/* The top bits of the length say what the header is like, and are no part of the number. */
static void narrate_header(struct wire *w)
{
    struct ssl2_record r;
    if (!ssl2_record_read(bytes_of(w->base, w->end), &r)) {
        wire_fail(w, "length", "is cut off");
        return;
    }
    narrate(w, &(struct wire_field){
                   .name = "length", .number = r.len, .value = bytes_of(w->base, 2), .len = 2, .kind = FIELD_NUMBER});
    w->at = 2;
    if (r.header == 3)
        wire_u8(w, "padding_length", &(uint8_t){0}, NULL);
}

static void narrate_clear(struct wire *w)
{
    bytes rest;
    narrate_header(w);
    if (wire_more(w))
        wire_rest(w, "fragment", &rest);
}

static void narrate_encrypted(struct wire *w)
{
    bytes rest;
    narrate_header(w);
    if (wire_more(w))
        wire_rest(w, "protected", &rest);
}

struct annotation annotate_ssl2_record(struct arena *arena, bytes record, bool encrypted)
{
    return annotate_form(arena, record, "ssl2_record", encrypted ? narrate_encrypted : narrate_clear);
}

/* ---- messages ---- */

struct annotation annotate_ssl2_message(struct arena *arena, bytes message)
{
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
        if (message.len > 0 && messages[i].type == message.data[0])
            return annotate_form(arena, message, messages[i].path, messages[i].narrate);
    return annotate_form(arena, message, "unknown_message", narrate_unknown);
}

const char *ssl2_message_title(uint8_t type)
{
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
        if (messages[i].type == type)
            return messages[i].title;
    return "unknown message of SSL 2";
}

const char *ssl2_message_path(uint8_t type)
{
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
        if (messages[i].type == type)
            return messages[i].path;
    return "unknown_message";
}

static void type(struct wire *w)
{
    wire_u8(w, "msg_type", &(uint8_t){0}, &ssl2_message_names);
}

/* A part whose length stood in front. */
static void part(struct wire *w, const char *name, size_t len, bytes *out)
{
    const size_t outer = w->end;
    if (w->bad)
        return;
    if (wire_left(w) < len) {
        wire_fail(w, name, "is longer than what encloses it");
        return;
    }
    w->end = w->at + len;
    wire_rest(w, name, out);
    w->end = outer;
}

/* Three bytes: with 0 in front it is a suite of SSL 3.0 or TLS, otherwise one of SSL 2.0's own. */
static uint32_t cipher_kind(struct wire *w, const char *name)
{
    struct narrator *narrator = w->narrator;
    const size_t at = w->at;
    uint32_t number = 0;
    w->narrator = NULL;
    wire_u24(w, name, &number);
    w->narrator = narrator;
    narrate(w, &(struct wire_field){.name = name,
                                    .names = number > 0xffff ? &ssl2_cipher_names : &suite_names,
                                    .number = number,
                                    .value = bytes_of(w->base + at, 3),
                                    .offset = at,
                                    .len = 3,
                                    .kind = FIELD_NUMBER});
    return number;
}

static void cipher_entry(struct wire *w, struct wire_entry *entry)
{
    entry->count = cipher_kind(w, "cipher_spec");
}

static void cipher_list(struct wire *w, const char *name, size_t len, bytes *out)
{
    const size_t outer = w->end;
    if (!w->bad && (wire_left(w) < len || len % 3 != 0))
        wire_fail(w, name, len % 3 != 0 ? "is no list of three bytes each" : "is longer than what encloses it");
    if (w->bad)
        return;
    w->end = w->at + len;
    if (len > 0)
        wire_list(w, name, out, 0, 0, len, cipher_entry);
    w->end = outer;
}

static void client_hello(struct wire *w, struct ssl2_client_hello *m)
{
    uint16_t suites = 0, id = 0, challenge = 0;
    type(w);
    wire_u16(w, "version", &m->version, &version_names);
    wire_u16(w, "cipher_spec_length", &suites, NULL);
    wire_u16(w, "session_id_length", &id, NULL);
    wire_u16(w, "challenge_length", &challenge, NULL);
    cipher_list(w, "cipher_specs", suites, &m->suites);
    part(w, "session_id", id, &m->session_id);
    part(w, "challenge", challenge, &m->challenge);
}

static void server_hello(struct wire *w, struct ssl2_server_hello *m)
{
    uint16_t certificate = 0, suites = 0, id = 0;
    type(w);
    wire_u8(w, "session_id_hit", &m->session_id_hit, NULL);
    wire_u8(w, "certificate_type", &m->certificate_type, NULL);
    wire_u16(w, "server_version", &m->version, &version_names);
    wire_u16(w, "certificate_length", &certificate, NULL);
    wire_u16(w, "cipher_specs_length", &suites, NULL);
    wire_u16(w, "connection_id_length", &id, NULL);
    part(w, "certificate", certificate, &m->certificate);
    cipher_list(w, "cipher_specs", suites, &m->suites);
    part(w, "connection_id", id, &m->connection_id);
}

static void master_key(struct wire *w, struct ssl2_master_key *m)
{
    uint16_t clear = 0, encrypted = 0, argument = 0;
    type(w);
    m->cipher = cipher_kind(w, "cipher_kind");
    wire_u16(w, "clear_key_length", &clear, NULL);
    wire_u16(w, "encrypted_key_length", &encrypted, NULL);
    wire_u16(w, "key_arg_length", &argument, NULL);
    part(w, "clear_key_data", clear, &m->clear);
    part(w, "encrypted_key_data", encrypted, &m->encrypted);
    part(w, "key_arg_data", argument, &m->argument);
}

static void narrate_client_hello(struct wire *w)
{
    client_hello(w, &(struct ssl2_client_hello){0});
}

static void narrate_server_hello(struct wire *w)
{
    server_hello(w, &(struct ssl2_server_hello){0});
}

static void narrate_master_key(struct wire *w)
{
    master_key(w, &(struct ssl2_master_key){0});
}

static void narrate_unknown(struct wire *w)
{
    bytes rest;
    type(w);
    if (wire_more(w))
        wire_rest(w, "body", &rest);
}

static void narrate_error(struct wire *w)
{
    type(w);
    wire_u16(w, "error_code", &(uint16_t){0}, &ssl2_error_names);
}

bool ssl2_client_hello_read(bytes message, struct ssl2_client_hello *out)
{
    struct wire w = wire_reader(message);
    *out = (struct ssl2_client_hello){0};
    client_hello(&w, out);
    return wire_done(&w);
}

bool ssl2_server_hello_read(bytes message, struct ssl2_server_hello *out)
{
    struct wire w = wire_reader(message);
    *out = (struct ssl2_server_hello){0};
    server_hello(&w, out);
    return wire_done(&w);
}

bool ssl2_master_key_read(bytes message, struct ssl2_master_key *out)
{
    struct wire w = wire_reader(message);
    *out = (struct ssl2_master_key){0};
    master_key(&w, out);
    return wire_done(&w);
}

/* ---- in words ---- */

static void count(struct text *out, size_t n, const char *one, const char *many)
{
    text_add(out, "; ");
    text_number(out, (int64_t)n);
    text_add(out, n == 1 ? one : many);
}

void ssl2_facts(bytes message, struct text *out)
{
    struct ssl2_client_hello client;
    struct ssl2_server_hello server;
    struct ssl2_master_key key;
    const unsigned number = message.len > 0 ? message.data[0] : UINT8_MAX;
    if (number == SSL2_CLIENT_HELLO && ssl2_client_hello_read(message, &client)) {
        text_add(out, "up to ");
        text_add(out, names_find(&version_names, client.version) != NULL ? names_find(&version_names, client.version)
                                                                         : "unknown");
        count(out, client.suites.len / 3, " suite", " suites");
        text_add(out, "; no extensions in this form");
    } else if (number == SSL2_SERVER_HELLO && ssl2_server_hello_read(message, &server)) {
        text_add(out, "SSL 2.0");
        count(out, server.suites.len / 3, " cipher", " ciphers");
        text_add(out, server.session_id_hit != 0 ? "; resumes the session" : "");
    } else if (number == SSL2_CLIENT_MASTER_KEY && ssl2_master_key_read(message, &key)) {
        field_registered(out, key.cipher > 0xffff ? &ssl2_cipher_names : &suite_names, key.cipher);
        count(out, key.clear.len, " byte of the key in the clear", " bytes of the key in the clear");
    } else if (number == SSL2_ERROR && message.len == 3) {
        field_registered(out, &ssl2_error_names, load16(message.data + 1));
    } else {
        text_add(out, "malformed");
    }
}
