/* tls/limits.c: how long records may be, agreed upon in the hellos: record_size_limit (RFC 8449), where each side says what
   it takes, and max_fragment_length (RFC 6066 4), where the client asks for one of four lengths for both ways. A server that
   is asked for both answers the first alone; a client that is answered both ends the handshake. The second belongs to
   the session and holds from the ServerHello on, the first for protected records only.

   The config's own most (fede_config_max_fragment) is no matter of agreement and bounds what is sent in any case. */
#include "tls/handshake.h"

enum { LEAST_LIMIT = 64, CODES = 4 };

static size_t length_of(uint8_t code)
{
    return code > 0 ? (size_t)256 << code : RECORD_PLAIN_MAX;
}

/* ---- Settings. */

bool fede_config_max_fragment_length(fede_config *config, size_t n)
{
    if (!config_changeable(config))
        return false;
    uint8_t code = 0;
    while (n > 0 && code <= CODES && (code == 0 || length_of(code) != n))
        code++;
    if (code > CODES)
        return config_refuse(config, FEDE_CONFIG_BAD_VALUE, (int64_t)n, 0,
                             "max_fragment_length is 512, 1024, 2048 or 4096");
    config->fragment_code = code;
    return true;
}

bool fede_config_record_size_limit(fede_config *config, size_t n)
{
    if (!config_changeable(config))
        return false;
    if (n != 0 && (n < LEAST_LIMIT || n > RECORD_PLAIN_MAX))
        return config_refuse(config, FEDE_CONFIG_BAD_VALUE, (int64_t)n, 0,
                             "the limit of a record's size must lie between 64 and 16,384");
    config->record_limit = (uint16_t)n;
    return true;
}

/* ---- A client offers, and sees what came of it. */

void limits_offer(const struct handshake *hs, struct extensions *e)
{
    const struct fede_config *config = hs->conn->config;
    if (config->fragment_code > 0) {
        e->present |= 1u << HAS_MAX_FRAGMENT_LENGTH;
        e->max_fragment_length = config->fragment_code;
    }
    if (config->record_limit > 0) {
        e->present |= 1u << HAS_RECORD_SIZE_LIMIT;
        e->record_size_limit = config->record_limit;
    }
}

enum outcome limits_accept(struct handshake *hs, const struct extensions *e)
{
    struct fede_conn *conn = hs->conn;
    bool length = ext_has(e, HAS_MAX_FRAGMENT_LENGTH), limit = ext_has(e, HAS_RECORD_SIZE_LIMIT);
    if (length && limit)
        return handshake_fail_detail(hs, FEDE_FIELD_VALUE, "max_fragment_length", 0, MSG_SERVER_HELLO,
                                     "it answers both max_fragment_length and record_size_limit");
    if (length && e->max_fragment_length != conn->config->fragment_code)
        return handshake_fail_detail(hs, FEDE_FIELD_VALUE, "max_fragment_length", e->max_fragment_length,
                                     MSG_SERVER_HELLO, "max_fragment_length is not the one asked for");
    conn->fragment_code = length ? e->max_fragment_length : 0;
    conn->most_out = limit ? e->record_size_limit : 0;
    conn->most_in = limit ? conn->config->record_limit : 0;
    return DONE;
}

/* ---- A server answers. */

/* What it would agree to now: 0 when there is no max_fragment_length, or a record_size_limit too. */
uint8_t limits_code(const struct handshake *hs)
{
    const struct extensions *e = handshake_is_client(hs) ? NULL : &hs->offer.extensions;
    if (e == NULL)
        return hs->conn->config->fragment_code;
    return ext_has(e, HAS_MAX_FRAGMENT_LENGTH) && !ext_has(e, HAS_RECORD_SIZE_LIMIT) ? e->max_fragment_length : 0;
}

void limits_choose(struct handshake *hs)
{
    struct fede_conn *conn = hs->conn;
    const struct extensions *e = &hs->offer.extensions;
    conn->fragment_code = limits_code(hs);
    if (!ext_has(e, HAS_RECORD_SIZE_LIMIT))
        return;
    conn->most_out = e->record_size_limit;
    conn->most_in = conn->config->record_limit > 0 ? conn->config->record_limit : RECORD_PLAIN_MAX;
}

void limits_answer(const struct handshake *hs, struct extensions *e)
{
    const struct fede_conn *conn = hs->conn;
    if (conn->fragment_code > 0) {
        e->present |= 1u << HAS_MAX_FRAGMENT_LENGTH;
        e->max_fragment_length = conn->fragment_code;
    }
    if (conn->most_in > 0) {
        e->present |= 1u << HAS_RECORD_SIZE_LIMIT;
        e->record_size_limit = conn->most_in;
    }
}

/* ---- What holds. */

size_t limits_out(const struct fede_conn *conn)
{
    size_t most = conn->config->max_fragment;
    if (length_of(conn->fragment_code) < most)
        most = length_of(conn->fragment_code);
    if (conn->most_out > 0 && conn->out.suite != NULL && conn->most_out < most)
        most = conn->most_out;
    return most;
}

size_t limits_in(const struct fede_conn *conn)
{
    if (conn->most_in > 0 && conn->in.suite != NULL)
        return conn->most_in;
    return length_of(conn->fragment_code);
}
