/* tls/accept.c: what a client accepts of a server's answer: everything the server chose must have been offered. RFC 5246
   7.4.1.3, RFC 5746 3.4, RFC 7627 5.1, RFC 7301 3.1, RFC 8422 5.2, RFC 9846 4.1.3 (downgrade). Also the message
   of TLS 1.2 that holds nothing: ServerHelloDone. */
#include "base/text.h"
#include "tls/handshake.h"
#include "tls/inform.h"

static enum outcome accept_version(struct handshake *hs, const struct server_hello *m);
static enum outcome accept_suite(struct handshake *hs, const struct server_hello *m);
static enum outcome accept_extensions(struct handshake *hs, const struct extensions *e);
static enum outcome accept_protocol(struct handshake *hs, bytes list);
static void tell_choices(const struct handshake *hs);

enum outcome read_server_hello(struct handshake *hs)
{
    const struct server_hello *m = &hs->msg.server_hello;
    enum outcome o = accept_version(hs, m);
    if (o == DONE)
        o = accept_suite(hs, m);
    if (o == DONE)
        o = renegotiation_accept(hs, m);
    if (o == DONE)
        o = accept_extensions(hs, &m->extensions);
    if (o == DONE)
        o = resume_accept(hs, m);
    if (o != DONE)
        return o;
    bytes_copy(hs->server_random, m->random, 32);
    transcript_start(&hs->transcript, (enum hash)hs->conn->suite->hash);
    messages_start(hs);
    if (messages_add(hs, hs->client_hello) != DONE)
        return FAIL;
    hs->facts |= FACT_SERVER_AUTH | (hs->conn->suite->kx == SUITE_RSA ? 0 : FACT_KEY_EXCHANGE); /* without meaning when the session is resumed */
    tell_choices(hs);
    quarantine_tell(hs);
    return DONE;
}

static enum outcome accept_version(struct handshake *hs, const struct server_hello *m)
{
    static const uint8_t sentinels[2][8] = {{'D', 'O', 'W', 'N', 'G', 'R', 'D', 0},
                                            {'D', 'O', 'W', 'N', 'G', 'R', 'D', 1}};
    struct fede_conn *conn = hs->conn;
    const struct fede_config *config = conn->config;
    if (m->legacy_version < config->lowest || m->legacy_version > config->highest)
        return handshake_fail(hs, FEDE_VERSION_UNSUPPORTED, "server_version", m->legacy_version, config->highest);
    /* A server that could do better than what was offered says so too: only what was offered counts. */
    for (int i = 0; i < 2 && config->highest > m->legacy_version; i++)
        if (bytes_equal(bytes_of(m->random + 24, 8), BYTES_OF(sentinels[i])))
            return handshake_fail(hs, FEDE_DOWNGRADE_SENTINEL, "random", m->legacy_version, config->highest);
    conn->version = m->legacy_version;
    return DONE;
}

static enum outcome accept_suite(struct handshake *hs, const struct server_hello *m)
{
    struct fede_conn *conn = hs->conn;
    const struct suite *suite = u16s_has(codes_list(&conn->config->suites), m->suite) ? suite_by_id(m->suite) : NULL;
    if (suite == NULL || !quarantine_allows(conn, suite))
        return handshake_fail(hs, FEDE_SUITE_NOT_OFFERED, "cipher_suite", m->suite, 0);
    conn->suite = suite;
    if (conn->suite->version != conn->version)
        return handshake_fail(hs, FEDE_SUITE_WRONG_VERSION, "cipher_suite", m->suite, conn->version);
    if (m->compression != 0)
        return handshake_fail(hs, FEDE_COMPRESSION, "compression_method", m->compression, 0);
    return DONE;
}

static enum outcome accept_extensions(struct handshake *hs, const struct extensions *e)
{
    struct fede_conn *conn = hs->conn;
    const struct fede_config *config = conn->config;
    uint16_t id;
    bytes rest = e->all, body;
    while (extensions_next(&rest, &id, &body)) {
        int bit = ext_bit_of(id);
        if (bit < 0 || !ext_has(&hs->offer.extensions, (enum ext_bit)bit))
            return handshake_fail(hs, FEDE_EXTENSION_UNSOLICITED, "extensions", id, MSG_SERVER_HELLO);
    }
    if (ext_has(e, HAS_EXTENDED_MASTER_SECRET))
        conn->flags |= CONN_EMS;
    else if (config->ems == FEDE_EMS_REQUIRED)
        return handshake_fail(hs, FEDE_NO_EXTENDED_MASTER_SECRET, "extended_master_secret", 0, 0);
    if (ext_has(e, HAS_POINT_FORMATS) && memchr(e->point_formats.data, 0, e->point_formats.len) == NULL)
        return handshake_fail(hs, FEDE_POINT_FORMAT, "ec_point_formats", 0, 0);
    if (status_accept(hs, e) != DONE || limits_accept(hs, e) != DONE)
        return FAIL;
    bool etm = ext_has(e, HAS_ENCRYPT_THEN_MAC), cbc = conn->suite->mac != 0;
    if (cbc && !etm && conn->flags & CONN_ETM) /* of the handshake before: RFC 7366 3.1 */
        return handshake_fail_detail(hs, FEDE_FIELD_VALUE, "encrypt_then_mac", 0, MSG_SERVER_HELLO,
                                     "a new handshake may not give up encrypt-then-MAC");
    conn->flags = (uint16_t)(cbc && etm ? conn->flags | CONN_ETM : conn->flags & ~CONN_ETM);
    return ext_has(e, HAS_ALPN) ? accept_protocol(hs, e->alpn) : DONE;
}

static enum outcome accept_protocol(struct handshake *hs, bytes list)
{
    struct fede_conn *conn = hs->conn;
    bytes chosen = BYTES_NONE, ours = config_alpn(conn->config), name;
    if (!alpn_next(&list, &chosen) || list.len > 0)
        return handshake_fail_detail(hs, FEDE_DECODE, "protocol_name_list", MSG_SERVER_HELLO, 0,
                                     "it must have exactly one name");
    while (alpn_next(&ours, &name))
        if (bytes_equal(name, chosen)) {
            conn->alpn_at = (uint16_t)(name.data - conn->config->alpn);
            conn->alpn_len = (uint8_t)name.len;
            return DONE;
        }
    char detail[64];
    struct text t = text_in(detail, sizeof detail);
    text_escaped(&t, chosen);
    return handshake_fail_detail(hs, FEDE_ALPN_NOT_OFFERED, "application_layer_protocol_negotiation", 0, 0, detail);
}

static void tell_choices(const struct handshake *hs)
{
    const struct fede_conn *conn = hs->conn;
    inform_choice(conn, "version", conn->version, BYTES_NONE);
    inform_choice(conn, "cipher suite", conn->suite->id, BYTES_NONE);
    inform_choice(conn, "extended master secret", (conn->flags & CONN_EMS) != 0, BYTES_NONE);
    if (conn->alpn_len > 0)
        inform_choice(conn, "application protocol", 0, bytes_of(conn->config->alpn + conn->alpn_at, conn->alpn_len));
}

enum outcome read_server_hello_done(struct handshake *hs)
{
    hs->keeps_messages = hs->keeps_messages && hs->facts & FACT_CLIENT_AUTH; /* nothing is asked for: nothing to sign */
    return DONE;
}
