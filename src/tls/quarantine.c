/* tls/quarantine.c: permission for what is advised against: static RSA, finite-field Diffie-Hellman, CBC (RFC 9325 4.1, RFC
   10015). One setting says what, for which peers, why, and until when; without any of these it fails. A connection is judged
   once, before it offers or chooses anything; what it then uses of the quarantine is told to the trace, with the reason. */
#include <ctype.h>
#include <stdio.h>
#include <strings.h>

#include "tls/handshake.h"
#include "tls/inform.h"

enum {
    ALL = FEDE_LEGACY_RSA | FEDE_LEGACY_DHE | FEDE_LEGACY_CBC | FEDE_LEGACY_NO_ETM | FEDE_LEGACY_RESUMED |
          FEDE_LEGACY_SHA1 | FEDE_LEGACY_SSL2_HELLO | FEDE_LEGACY_UNBOUND,
    HOW = FEDE_LEGACY_NO_ETM | FEDE_LEGACY_RESUMED, /* not what, but how */
    PEER_MAX = 255
};

static bool is_peer(const char *text);
static bool fits(const struct handshake *hs, bytes peer);
static bool name_fits(const char *wanted, const char *name);
static bool read_range(const char *text, struct host *address, unsigned *bits);
static bool in_range(const uint8_t *ip, size_t len, const struct host *range, unsigned bits);

/* ---- The setting. */

bool fede_config_legacy(fede_config *config, const fede_legacy *legacy)
{
    if (!config_changeable(config))
        return false;
    if ((legacy->what & ~(unsigned)HOW) == 0 || legacy->what & ~(unsigned)ALL)
        return config_refuse(config, FEDE_CONFIG_BAD_VALUE, legacy->what, ALL,
                             "the quarantine is RSA key transport, DHE, CBC, SHA-1, hellos of SSL 2.0 and servers without "
                             "RFC 5746, one of them at least");
    if (legacy->reason == NULL || legacy->reason[0] == '\0')
        return config_refuse(config, FEDE_CONFIG_BAD_VALUE, 0, 0, "what is quarantined needs a reason");
    if (legacy->n_peers == 0 || legacy->peers == NULL)
        return config_refuse(config, FEDE_CONFIG_BAD_VALUE, 0, 0,
                             "what is quarantined needs the peers it is meant for (names, addresses, ranges, or *)");
    if (config_wall(config) >= legacy->until)
        return config_refuse(config, FEDE_CONFIG_LEGACY_EXPIRED, legacy->until, config_wall(config), legacy->reason);
    struct shelf *words = shelf_put(&config->allocator, NULL, 0, bytes_of(legacy->reason, strlen(legacy->reason) + 1));
    for (size_t i = 0; words != NULL && i < legacy->n_peers; i++) {
        const char *peer = legacy->peers[i];
        struct shelf *shorter = words;
        bool good = peer != NULL && is_peer(peer);
        words = good ? shelf_put(&config->allocator, shorter, i + 1, bytes_of(peer, strlen(peer) + 1)) : NULL;
        shelf_free(shorter);
        if (!good)
            return config_refuse(config, FEDE_CONFIG_BAD_VALUE, 0, 0,
                                 "a peer of the quarantine is no name, no address and no range");
    }
    if (words == NULL)
        return config_refuse(config, FEDE_OUT_OF_MEMORY, 0, 0, NULL);
    shelf_free(config->legacy_words);
    config->legacy_words = words;
    config->legacy = (uint8_t)legacy->what;
    config->legacy_until = legacy->until;
    const struct suite *suite;
    for (size_t i = 0; (suite = suite_legacy_at(i)) != NULL; i++)
        if ((quarantine_needed(suite) & ~legacy->what) == 0)
            codes_add(&config->suites, suite->id);
    const struct group *group;
    for (size_t i = 0; (group = group_legacy_at(i)) != NULL && legacy->what & FEDE_LEGACY_DHE; i++)
        codes_add(&config->groups, group->id);
    const struct scheme *scheme;
    for (size_t i = 0; (scheme = scheme_legacy_at(i)) != NULL && legacy->what & FEDE_LEGACY_SHA1; i++)
        codes_add(&config->schemes, scheme->id);
    return true;
}

static bool is_peer(const char *text)
{
    struct host host;
    unsigned bits;
    if (strlen(text) > PEER_MAX)
        return false;
    if (strcmp(text, "*") == 0 || read_range(text, &host, &bits))
        return true;
    return host_read(text[0] == '*' && text[1] == '.' ? text + 2 : text, &host) == HOST_DNS;
}

bool fede_conn_peer_address(fede_conn *conn, const char *address)
{
    struct host host;
    if (conn->flags & CONN_STARTED || conn->handshake == NULL || address == NULL || host_read(address, &host) != HOST_IP)
        return false;
    conn->handshake->peer_ip_len = host.ip_len;
    bytes_copy(conn->handshake->peer_ip, host.ip, host.ip_len);
    return true;
}

/* ---- What it allows. */

unsigned quarantine_needed(const struct suite *suite)
{
    unsigned exchange = suite->kx == SUITE_RSA ? FEDE_LEGACY_RSA : suite->kx == SUITE_DHE ? FEDE_LEGACY_DHE : 0;
    return exchange | (suite->mac != 0 ? FEDE_LEGACY_CBC : 0);
}

bool quarantine_suite(const struct fede_config *config, uint16_t id)
{
    const struct suite *suite = suite_by_id(id);
    return suite != NULL && suite_is_legacy(suite) && (quarantine_needed(suite) & ~(unsigned)config->legacy) == 0;
}

bool quarantine_group(const struct fede_config *config, uint16_t id)
{
    const struct group *group = group_by_id(id);
    return group != NULL && group_is_legacy(group) && config->legacy & FEDE_LEGACY_DHE;
}

bool quarantine_scheme(const struct fede_config *config, uint16_t id)
{
    const struct scheme *scheme = scheme_any(id);
    return scheme != NULL && scheme_is_legacy(scheme) && config->legacy & FEDE_LEGACY_SHA1;
}

bool quarantine_allows(const struct fede_conn *conn, const struct suite *suite)
{
    return !suite_is_legacy(suite) || (conn->flags & CONN_LEGACY && quarantine_suite(conn->config, suite->id));
}

/* Is this one of the peers, and is it still time? */
void quarantine_judge(struct handshake *hs)
{
    struct fede_conn *conn = hs->conn;
    const struct fede_config *config = conn->config;
    if (config->legacy == 0 || config_wall(config) >= config->legacy_until)
        return;
    for (size_t i = 1; i < shelf_count(config->legacy_words); i++)
        if (fits(hs, shelf_at(config->legacy_words, i)))
            conn->flags |= CONN_LEGACY;
}

static bool fits(const struct handshake *hs, bytes peer)
{
    const char *text = (const char *)peer.data, *name = hs->conn->server_name;
    struct host range;
    unsigned bits;
    if (strcmp(text, "*") == 0)
        return true;
    if (hs->host != NULL && hs->host->kind == HOST_DNS)
        name = hs->host->text;
    if (!read_range(text, &range, &bits))
        return name != NULL && name_fits(text, name);
    bool told = hs->peer_ip_len > 0, wanted = hs->host != NULL && hs->host->kind == HOST_IP;
    return (told && in_range(hs->peer_ip, hs->peer_ip_len, &range, bits)) ||
           (wanted && in_range(hs->host->ip, hs->host->ip_len, &range, bits));
}

static bool name_fits(const char *wanted, const char *name)
{
    if (strncmp(wanted, "*.", 2) != 0)
        return strcasecmp(wanted, name) == 0;
    size_t len = strlen(name), tail = strlen(wanted + 1);
    return len > tail && strcasecmp(name + len - tail, wanted + 1) == 0;
}

/* An address, or one with the number of bits that count. */
static bool read_range(const char *text, struct host *address, unsigned *bits)
{
    char front[PEER_MAX + 1];
    const char *slash = strchr(text, '/');
    size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
    if (len > PEER_MAX)
        return false;
    bytes_copy(front, text, len);
    front[len] = '\0';
    if (host_read(front, address) != HOST_IP)
        return false;
    *bits = address->ip_len * 8u;
    if (slash == NULL)
        return true;
    unsigned given = 0;
    size_t digits = 0;
    for (const char *at = slash + 1; isdigit((unsigned char)*at) && digits < 4; at++, digits++)
        given = given * 10 + (unsigned)(*at - '0');
    bool good = digits > 0 && digits < 4 && slash[1 + digits] == '\0' && given <= *bits;
    *bits = given;
    return good;
}

static bool in_range(const uint8_t *ip, size_t len, const struct host *range, unsigned bits)
{
    if (len != range->ip_len)
        return false;
    for (unsigned i = 0; i < bits; i++)
        if ((ip[i / 8] ^ range->ip[i / 8]) >> (7 - i % 8) & 1)
            return false;
    return true;
}

/* ---- A ClientHello in the format of SSL 2.0. It names no server, so only "*" and addresses allow it. */

bool quarantine_takes_ssl2(struct fede_conn *conn, bytes in)
{
    if (conn->role != FEDE_SERVER || !(conn->config->legacy & FEDE_LEGACY_SSL2_HELLO) || ssl2_hello_len(in) == 0)
        return false;
    quarantine_judge(conn->handshake);
    return conn->flags & CONN_LEGACY;
}

enum outcome quarantine_read_ssl2(struct fede_conn *conn, bytes in, struct content_in *content)
{
    enum { MORE = 64 }; /* what the rewritten form may take beyond the other */
    struct handshake *hs = conn->handshake;
    size_t total = ssl2_hello_len(in);
    if (in.len < total) {
        conn->need = (uint32_t)total;
        return WAIT;
    }
    in = bytes_first(in, total);
    uint8_t *hello = arena_take(&hs->arena, total + MORE);
    hs->ssl2_hello = arena_copy(&hs->arena, bytes_skip(in, 2));
    if (hello == NULL || hs->ssl2_hello.data == NULL)
        return handshake_no_memory(hs);
    *content = (struct content_in){CONTENT_HANDSHAKE, bytes_of(hello, ssl2_hello_rewrite(bytes_skip(in, 2), hello))};
    inform_record(conn, false, CONTENT_HANDSHAKE, in, content->plain, 0);
    conn->received.start += (uint32_t)total;
    conn->need = RECORD_HEADER;
    conn->flags |= CONN_SEEN;
    conn->received_records++;
    return content->plain.len > 0 ? DONE : conn_fail(conn, FEDE_SSL2_HELLO, "first bytes", load32(in.data), 0);
}

void quarantine_tell(const struct handshake *hs)
{
    const struct fede_conn *conn = hs->conn;
    bytes reason = shelf_at(conn->config->legacy_words, 0);
    if (suite_is_legacy(conn->suite))
        inform_legacy(conn, (uint16_t)quarantine_needed(conn->suite), conn->config->legacy_until,
                      bytes_first(reason, reason.len - 1));
}
