/* tls/quarantine_off.c: the build without the quarantine (FEDE_LEGACY=OFF): the setting is refused, so nothing of it can come
   up in a handshake. */
#include "tls/handshake.h"

bool fede_config_legacy(fede_config *config, const fede_legacy *legacy)
{
    return config_changeable(config) && config_refuse(config, FEDE_CONFIG_LEGACY_NOT_BUILT, legacy->what, 0, NULL);
}

bool fede_conn_peer_address(fede_conn *conn, const char *address)
{
    (void)conn;
    return address != NULL; /* nothing depends on it */
}

unsigned quarantine_needed(const struct suite *suite)
{
    (void)suite;
    return 0;
}

bool quarantine_suite(const struct fede_config *config, uint16_t id)
{
    (void)config, (void)id;
    return false;
}

bool quarantine_group(const struct fede_config *config, uint16_t id)
{
    (void)config, (void)id;
    return false;
}

bool quarantine_scheme(const struct fede_config *config, uint16_t id)
{
    (void)config, (void)id;
    return false;
}

bool quarantine_allows(const struct fede_conn *conn, const struct suite *suite)
{
    (void)conn;
    return !suite_is_legacy(suite);
}

bool quarantine_takes_ssl2(struct fede_conn *conn, bytes in)
{
    (void)conn, (void)in;
    return false;
}

enum outcome quarantine_read_ssl2(struct fede_conn *conn, bytes in, struct content_in *content)
{
    (void)in, (void)content;
    return conn_fail(conn, FEDE_SSL2_HELLO, "first bytes", 0, 0);
}

void quarantine_judge(struct handshake *hs)
{
    (void)hs;
}

void quarantine_tell(const struct handshake *hs)
{
    (void)hs;
}

/* Rows that no handshake comes to. */

static enum outcome not_built(struct handshake *hs)
{
    return handshake_fail_detail(hs, FEDE_INTERNAL, NULL, 0, 0, "a key exchange that is not built in");
}

enum outcome legacy_read_group(struct handshake *hs, const struct server_key_exchange *m)
{
    (void)m;
    return not_built(hs);
}

bool legacy_params(const struct handshake *hs, struct server_key_exchange *m)
{
    (void)hs, (void)m;
    return false;
}

const struct group *legacy_choose_group(const struct handshake *hs)
{
    (void)hs;
    return NULL;
}

bool legacy_can_unwrap(const struct credential *credential)
{
    (void)credential;
    return false;
}

enum written legacy_write_premaster(struct handshake *hs, size_t *room)
{
    *room = 0;
    not_built(hs);
    return NOT_WRITTEN;
}

enum outcome legacy_read_premaster(struct handshake *hs)
{
    return not_built(hs);
}
