/* explain/facts.c: what matters in one message, in a few words.

   One row for each kind of message. The words are made from the decoded message, not from its fields: here it is known
   what the values mean. A message that can't be decoded says so. */
#include "explain/annotate.h"
#include "explain/dissection.h"
#include "explain/raw_key.h"
#include "explain/ssl2.h"
#include "explain/ssl3.h"

static void client_hello(const struct dissection *d, struct wire *w, struct text *out);
static void server_hello(const struct dissection *d, struct wire *w, struct text *out);
static void certificates(const struct dissection *d, struct wire *w, struct text *out);
static void compressed_certificate(const struct dissection *d, struct wire *w, struct text *out);
static void server_key_exchange(const struct dissection *d, struct wire *w, struct text *out);
static void certificate_request(const struct dissection *d, struct wire *w, struct text *out);
static void server_hello_done(const struct dissection *d, struct wire *w, struct text *out);
static void certificate_verify(const struct dissection *d, struct wire *w, struct text *out);
static void client_key_exchange(const struct dissection *d, struct wire *w, struct text *out);
static void finished(const struct dissection *d, struct wire *w, struct text *out);
static void certificate_status(const struct dissection *d, struct wire *w, struct text *out);
static void new_session_ticket(const struct dissection *d, struct wire *w, struct text *out);
static void hello_request(const struct dissection *d, struct wire *w, struct text *out);
static void count(struct text *out, size_t n, const char *one, const char *many);
static uint16_t highest(struct u16s versions);
static size_t real(struct u16s list);

static const struct {
    uint8_t type;
    void (*say)(const struct dissection *d, struct wire *w, struct text *out);
} rows[] = {
    {MSG_HELLO_REQUEST, hello_request},
    {MSG_CLIENT_HELLO, client_hello},
    {MSG_SERVER_HELLO, server_hello},
    {MSG_NEW_SESSION_TICKET, new_session_ticket},
    {MSG_CERTIFICATE, certificates},
    {MSG_COMPRESSED_CERTIFICATE, compressed_certificate},
    {MSG_SERVER_KEY_EXCHANGE, server_key_exchange},
    {MSG_CERTIFICATE_REQUEST, certificate_request},
    {MSG_SERVER_HELLO_DONE, server_hello_done},
    {MSG_CERTIFICATE_VERIFY, certificate_verify},
    {MSG_CLIENT_KEY_EXCHANGE, client_key_exchange},
    {MSG_FINISHED, finished},
    {MSG_CERTIFICATE_STATUS, certificate_status},
};

void dissection_facts(const struct dissection *d, const fede_event *e, struct text *out)
{
    if (e->kind == FEDE_EVENT_CCS) {
        text_add(out, e->from == FEDE_CLIENT ? "client: encrypted from here on" : "server: encrypted from here on");
        return;
    }
    if (e->kind == FEDE_EVENT_ALERT) {
        const char *level = names_find(&alert_level_names, (uint32_t)e->number);
        text_add(out, level != NULL ? level : "unknown level");
        text_add(out, ": ");
        field_registered(out, &alert_names, e->what);
        return;
    }
    if ((e->what & MSG_SSL2) != 0) {
        ssl2_facts(e->bytes, out);
        return;
    }
    if (e->bytes.len < 4)
        return;
    /* TLS 1.3 gave these messages another form. */
    bool changed =
        e->what == MSG_CERTIFICATE || e->what == MSG_CERTIFICATE_REQUEST || e->what == MSG_NEW_SESSION_TICKET;
    if (changed && d->version >= 0x0304)
        return;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].type != e->what)
            continue;
        struct wire w = wire_reader(bytes_skip(e->bytes, 4));
        size_t before = out->len;
        rows[i].say(d, &w, out);
        if (wire_done(&w))
            return;
        text_add(out, out->len > before ? "; " : "");
        text_add(out, "malformed: ");
        text_add(out, w.bad_where != NULL ? w.bad_where : "bytes are left over at the end");
        text_add(out, w.bad_where != NULL ? " " : "");
        text_add(out, w.bad_why != NULL ? w.bad_why : "");
    }
}

static void client_hello(const struct dissection *d, struct wire *w, struct text *out)
{
    struct client_hello m = {0};
    wire_client_hello(w, &m);
    if (!wire_done(w))
        return;
    bool listed = ext_has(&m.extensions, HAS_SUPPORTED_VERSIONS);
    text_add(out, "up to ");
    text_add(out, version_title(listed ? highest(m.extensions.versions) : m.legacy_version));
    text_add(out, "; ");
    count(out, real(m.suites), "suite", "suites");
    if (m.extensions.host_name.len > 0) {
        text_add(out, "; SNI ");
        text_escaped(out, m.extensions.host_name);
    } else {
        text_add(out, "; no SNI");
    }
    if (d->alpn_offer != NULL) {
        text_add(out, "; ALPN ");
        text_add(out, d->alpn_offer);
    }
    if (m.session_id.len > 0)
        text_add(out, "; session ID");
    if (m.extensions.session_ticket.len > 0)
        text_add(out, "; session ticket");
}

/* The server returns the id that the client offered, RFC 5246 7.4.1.3; in TLS 1.3 it always does. */
static bool resumes(const struct dissection *d, bytes session_id)
{
    const struct kept_message *first = dissection_message(d, FEDE_CLIENT, MSG_CLIENT_HELLO, 0);
    if (first == NULL || first->bytes.len < 4 || session_id.len == 0 || d->version >= 0x0304)
        return false;
    struct client_hello m = {0};
    struct wire w = wire_reader(bytes_skip(first->bytes, 4));
    wire_client_hello(&w, &m);
    return wire_done(&w) && bytes_equal(m.session_id, session_id);
}

static void server_hello(const struct dissection *d, struct wire *w, struct text *out)
{
    struct server_hello m = {0};
    wire_server_hello(w, &m);
    if (!wire_done(w))
        return;
    text_add(out,
             version_title(ext_has(&m.extensions, HAS_SUPPORTED_VERSIONS) ? m.extensions.version : m.legacy_version));
    if (resumes(d, m.session_id))
        text_add(out, "; resumes the session");
    if (m.extensions.alpn.len > 0) {
        bytes rest = m.extensions.alpn, protocol;
        text_add(out, "; ALPN ");
        if (alpn_next(&rest, &protocol))
            text_escaped(out, protocol);
    }
    text_add(out, "; ");
    text_add(out, suite_title(m.suite));
    if (!ext_has(&m.extensions, HAS_EXTENDED_MASTER_SECRET) && m.legacy_version <= 0x0303 &&
        !ext_has(&m.extensions, HAS_SUPPORTED_VERSIONS))
        text_add(out, "; no extended master secret");
}

static void certificates(const struct dissection *d, struct wire *w, struct text *out)
{
    (void)d;
    struct certificate_message m = {0};
    bytes raw;
    if (raw_key_of(bytes_of(w->base, w->end), false, &raw)) {
        text_add(out, "a raw public key");
        w->at = w->end;
        return;
    }
    wire_certificate_12(w, &m);
    bytes rest = m.list, der, first = BYTES_NONE;
    size_t n = 0;
    while (certificates_next(&rest, &der))
        first = n++ == 0 ? der : first;
    if (n == 0) {
        text_add(out, "no certificate");
        return;
    }
    count(out, n, "certificate", "certificates");
    text_add(out, ": ");
    certificate_title(first, out);
}

static void compressed_certificate(const struct dissection *d, struct wire *w, struct text *out)
{
    struct compressed_certificate m = {0};
    (void)d;
    wire_compressed_certificate(w, &m);
    if (!wire_done(w))
        return;
    field_registered(out, &certificate_compression_names, m.algorithm);
    text_add(out, "; ");
    text_number(out, (int64_t)m.compressed.len);
    text_add(out, " bytes instead of ");
    text_number(out, m.uncompressed_len);
}

static void server_key_exchange(const struct dissection *d, struct wire *w, struct text *out)
{
    struct server_key_exchange m = {.kx = d->context.kx, .unnamed = dissection_unnamed(d)};
    wire_server_key_exchange(w, &m);
    if (!wire_done(w))
        return;
    if (m.group != 0) {
        text_add(out, group_title(m.group));
        text_add(out, " share");
    } else if (m.p.len > 0) {
        text_add(out, "DH share, ");
        text_number(out, (int64_t)m.p.len * 8);
        text_add(out, " bits");
    }
    if (m.is_signed) {
        text_add(out, m.unnamed ? "; signed" : "; signed ");
        text_add(out, m.unnamed ? "" : scheme_title(m.scheme));
    }
}

static void certificate_request(const struct dissection *d, struct wire *w, struct text *out)
{
    struct certificate_request m = {.unnamed = dissection_unnamed(d)};
    wire_certificate_request_12(w, &m);
    if (!wire_done(w))
        return;
    text_add(out, "asks for a client certificate");
    text_add(out, m.unnamed ? "" : "; ");
    if (!m.unnamed)
        count(out, m.schemes.n, "scheme", "schemes");
    text_add(out, m.authorities.len == 0 ? "; any issuer" : "; from named issuers");
}

static void server_hello_done(const struct dissection *d, struct wire *w, struct text *out)
{
    (void)d;
    (void)w;
    text_add(out, "the server waits for the client");
}

static void certificate_verify(const struct dissection *d, struct wire *w, struct text *out)
{
    struct certificate_verify m = {.unnamed = dissection_unnamed(d)};
    wire_certificate_verify(w, &m);
    if (!wire_done(w))
        return;
    text_add(out, m.unnamed ? "signed" : "signed ");
    text_add(out, m.unnamed ? "" : scheme_title(m.scheme));
}

static void client_key_exchange(const struct dissection *d, struct wire *w, struct text *out)
{
    struct client_key_exchange m = {.kx = d->context.kx, .unprefixed = d->version == SSL3_VERSION};
    wire_client_key_exchange(w, &m);
    if (!wire_done(w))
        return;
    if (m.point.len > 0) {
        text_add(out, d->group != 0 ? group_title(d->group) : "ECDH");
        text_add(out, " share");
    } else if (m.yc.len > 0) {
        text_add(out, "DH share");
    } else if (m.encrypted.len > 0) {
        text_add(out, m.kx == KX_RSA ? "premaster secret, encrypted to the server's key" : "");
    }
}

static void finished(const struct dissection *d, struct wire *w, struct text *out)
{
    struct finished m = {0};
    wire_finished(w, &m);
    if (!wire_done(w))
        return;
    text_add(out, "covers the ");
    count(out, d->messages > 0 ? d->messages - 1 : 0, "message", "messages");
    text_add(out, " before it");
}

static void certificate_status(const struct dissection *d, struct wire *w, struct text *out)
{
    (void)d;
    struct certificate_status m = {0};
    wire_certificate_status(w, &m);
    text_add(out, "OCSP response, ");
    count(out, m.response.len, "byte", "bytes");
}

static void new_session_ticket(const struct dissection *d, struct wire *w, struct text *out)
{
    (void)d;
    struct new_session_ticket m = {0};
    wire_new_session_ticket_12(w, &m);
    if (!wire_done(w))
        return;
    text_add(out, "ticket of ");
    count(out, m.ticket.len, "byte", "bytes");
    text_add(out, "; lifetime hint ");
    text_number(out, m.lifetime_hint);
    text_add(out, " s");
}

static void hello_request(const struct dissection *d, struct wire *w, struct text *out)
{
    (void)d;
    (void)w;
    text_add(out, "asks the client to renegotiate");
}

static void count(struct text *out, size_t n, const char *one, const char *many)
{
    text_number(out, (int64_t)n);
    text_char(out, ' ');
    text_add(out, n == 1 ? one : many);
}

static uint16_t highest(struct u16s versions)
{
    uint16_t best = 0;
    for (size_t i = 0; i < versions.n; i++)
        if (u16s_at(versions, i) > best && !names_is_grease(u16s_at(versions, i)))
            best = u16s_at(versions, i);
    return best;
}

/* Suites that are suites: neither GREASE nor signalling values (RFC 5746 3.3, RFC 7507 3). */
static size_t real(struct u16s list)
{
    size_t n = 0;
    for (size_t i = 0; i < list.n; i++) {
        uint16_t id = u16s_at(list, i);
        n += id != 0x00ff && id != 0x5600 && !names_is_grease(id);
    }
    return n;
}
