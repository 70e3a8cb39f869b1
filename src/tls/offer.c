/* tls/offer.c: what a client proposes: the ClientHello, filled from the configuration. RFC 5246 7.4.1.2; extensions of RFC
   6066 (server_name), 7301 (ALPN), 7627 (extended master secret), 5746 (renegotiation_info), 8422 (groups, point formats).
   GREASE (RFC 8701) stands among suites, groups and extensions, drawn from the connection's randomness, so that servers
   can't come to depend on knowing everything they are offered. */
#include "tls/handshake.h"
#include "tls/inform.h"

/* Bytes drawn beyond the client random: one for each GREASE value. */
enum { SCSV_FALLBACK = 0x5600 }; /* RFC 7507 */
enum { GREASE_SUITE, GREASE_GROUP, GREASE_FIRST, GREASE_LAST, GREASE_DRAWS };

static uint16_t grease(uint8_t drawn);
static struct codes permitted(const struct handshake *hs, const struct codes *codes, bool suites);
static bool with_grease(struct handshake *hs, struct u16s *list, const struct codes *codes, uint16_t value);
static void fill_extensions(struct handshake *hs, struct extensions *e, const uint8_t *draws);

enum written write_client_hello(struct handshake *hs, size_t *room)
{
    static const uint8_t null_compression[] = {0};
    struct fede_conn *conn = hs->conn;
    const struct fede_config *config = conn->config;
    struct client_hello *m = &hs->msg.client_hello;
    uint8_t drawn[32 + GREASE_DRAWS + SESSION_ID_LEN];
    size_t needed = hs->offers ? sizeof drawn : 32 + GREASE_DRAWS;
    if (!crypto_random(&config->random, drawn, needed)) {
        handshake_fail(hs, FEDE_NO_RANDOM, NULL, 0, 0);
        return NOT_WRITTEN;
    }
    const uint8_t *draws = drawn + 32;
    bytes_copy(hs->client_random, drawn, 32);
    *m = (struct client_hello){.legacy_version = config->highest < FEDE_TLS12 ? config->highest : FEDE_TLS12};
    bytes_copy(m->random, drawn, 32);
    m->compressions = BYTES_OF(null_compression);
    if (!renegotiating(hs)) /* nothing quarantined comes in by a second handshake: RFC 7366 3.1 among others */
        quarantine_judge(hs);
    else if (!(config->legacy & FEDE_LEGACY_RESUMED))
        conn->flags &= (uint16_t)~(CONN_LEGACY | CONN_ETM);
    struct codes schemes = schemes_permitted(conn, NULL);
    struct codes suites = permitted(hs, &config->suites, true), groups = permitted(hs, &config->groups, false);
    if (config->fallback)
        codes_add(&suites, SCSV_FALLBACK);
    if (!with_grease(hs, &m->suites, &suites, grease(draws[GREASE_SUITE])) ||
        !with_grease(hs, &m->extensions.groups, &groups, grease(draws[GREASE_GROUP]))) {
        handshake_no_memory(hs);
        return NOT_WRITTEN;
    }
    m->extensions.schemes = (struct u16s){arena_copy(&hs->arena, bytes_of(schemes.data, 2 * (size_t)schemes.n)).data, schemes.n};
    if (m->extensions.schemes.data == NULL) {
        handshake_no_memory(hs);
        return NOT_WRITTEN;
    }
    fill_extensions(hs, &m->extensions, draws);
    resume_offer(hs, m, draws + GREASE_DRAWS);
    hs->offer = *m;
    *room = 512 + config->alpn_len + m->extensions.host_name.len + m->extensions.session_ticket.len;
    return WRITTEN;
}

static void fill_extensions(struct handshake *hs, struct extensions *e, const uint8_t *draws)
{
    static const uint8_t uncompressed[] = {0}, one_zero[] = {0};
    const struct fede_conn *conn = hs->conn;
    const struct fede_config *config = conn->config;
    e->block = true;
    e->present = 1u << HAS_GROUPS | 1u << HAS_POINT_FORMATS | 1u << HAS_SCHEMES;
    e->point_formats = BYTES_OF(uncompressed);
    if (conn->flags & CONN_SEND_NAME) {
        e->present |= 1u << HAS_SERVER_NAME;
        e->host_name = bytes_text(conn->server_name);
    }
    renegotiation_offer(hs, e);
    if (config->alpn_len > 0 && !renegotiating(hs)) {
        e->present |= 1u << HAS_ALPN;
        e->alpn = config_alpn(config);
    }
    if (config->ems != FEDE_EMS_OFF)
        e->present |= 1u << HAS_EXTENDED_MASTER_SECRET;
    status_offer(hs, e);
    limits_offer(hs, e);
    if (conn->flags & CONN_LEGACY && config->legacy & FEDE_LEGACY_CBC && !(config->legacy & FEDE_LEGACY_NO_ETM))
        e->present |= 1u << HAS_ENCRYPT_THEN_MAC;
    /* The two differ; the last has a body, as some servers stumble over an empty last extension. */
    uint16_t first = grease(draws[GREASE_FIRST]), last = grease(draws[GREASE_LAST]);
    if (first == last)
        last ^= 0x1010;
    e->first = (struct extra_extension){first, BYTES_NONE};
    e->last = (struct extra_extension){last, BYTES_OF(one_zero)};
    e->has_first = e->has_last = true;
}

/* What the quarantine adds to a configuration is not for everyone. */
static struct codes permitted(const struct handshake *hs, const struct codes *codes, bool suites)
{
    const struct fede_conn *conn = hs->conn;
    struct codes taken = {.n = 0};
    for (size_t i = 0; i < codes->n; i++) {
        uint16_t id = u16s_at(codes_list(codes), i);
        bool allowed = suites ? quarantine_allows(conn, suite_by_id(id))
                              : conn->flags & CONN_LEGACY || !group_is_legacy(group_by_id(id));
        if (allowed)
            codes_add(&taken, id);
    }
    return taken;
}

/* 0x0a0a, 0x1a1a … 0xfafa. */
static uint16_t grease(uint8_t drawn)
{
    uint8_t byte = (uint8_t)((drawn & 0xf0) | 0x0a);
    return (uint16_t)(byte << 8 | byte);
}

static bool with_grease(struct handshake *hs, struct u16s *list, const struct codes *codes, uint16_t value)
{
    uint8_t *data = arena_take(&hs->arena, 2 + 2 * (size_t)codes->n);
    if (data == NULL)
        return false;
    store16(data, value);
    bytes_copy(data + 2, codes->data, 2 * (size_t)codes->n);
    *list = (struct u16s){data, (size_t)codes->n + 1};
    return true;
}
