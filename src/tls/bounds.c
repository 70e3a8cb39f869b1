/* tls/bounds.c: how much time and how many bytes a peer may take for a handshake. The memory it may take is the arena's
   ceiling, the length of one message the fragments' limit; empty records, warning alerts and requests to negotiate anew are
   counted where they are heard.

   The engine has no timer. It looks at the clock whenever it is asked what it needs and whenever bytes come; whoever waits for
   a silent peer sets an alarm and asks then. Time in which the application holds a question is not the peer's, and a clock
   that goes backwards adds nothing. A renegotiation is the peer's by the application's leave, and among its data: no limit. */
#include "tls/handshake.h"

static bool first_handshake(const struct fede_conn *conn)
{
    return conn->handshake != NULL && conn->flags & CONN_STARTED && !(conn->flags & CONN_OPEN) &&
           !(conn->ending & FEDE_ENDED_BADLY);
}

bool bounds_time(struct fede_conn *conn)
{
    struct handshake *hs = conn->handshake;
    if (!first_handshake(conn))
        return true;
    const uint64_t now = config_ticks(conn->config), limit = conn->config->handshake_ms * UINT64_C(1000);
    if (hs->looked != 0 && now > hs->looked && fede_ask(conn) == NULL)
        hs->spent += now - hs->looked;
    hs->looked = now;
    if (hs->spent <= limit)
        return true;
    handshake_fail_detail(hs, FEDE_TIME_LIMIT, NULL, 0, conn->config->handshake_ms,
                          "the peer has not completed the handshake");
    return false;
}

bool bounds_bytes(struct fede_conn *conn, size_t n)
{
    struct handshake *hs = conn->handshake;
    if (!first_handshake(conn))
        return true;
    hs->received += n;
    if (hs->received <= conn->config->handshake_bytes)
        return true;
    handshake_fail(hs, FEDE_HANDSHAKE_TOO_LONG, NULL, (int64_t)hs->received, (int64_t)conn->config->handshake_bytes);
    return false;
}

bool fede_config_handshake_limits(fede_config *config, size_t n, uint32_t milliseconds)
{
    enum { LEAST = 512 };
    if (!config_changeable(config))
        return false;
    if (n != 0 && n < LEAST)
        return config_refuse(config, FEDE_CONFIG_BAD_VALUE, (int64_t)n, 0,
                             "a peer needs at least 512 bytes for its part of a handshake");
    config->handshake_bytes = n != 0 ? n : config->handshake_bytes;
    config->handshake_ms = milliseconds != 0 ? milliseconds : config->handshake_ms;
    return true;
}
