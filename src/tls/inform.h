/* tls/inform.h: telling the trace function what happens. Each call costs one test when nobody listens. */
#ifndef TLS_INFORM_H
#define TLS_INFORM_H

#include "tls/handshake.h"

static inline bool inform_wanted(const struct fede_conn *conn)
{
    return conn->config->trace != NULL;
}
static inline bool inform_secrets(const struct fede_conn *conn)
{
    return inform_wanted(conn) && conn->config->reveal_secrets;
}

void inform_started(const struct fede_conn *conn);
void inform_record(const struct fede_conn *conn, bool ours, uint8_t type, bytes record, bytes plain, uint64_t number);
void inform_message(const struct fede_conn *conn, bool ours, bytes message);
void inform_ccs(const struct fede_conn *conn, bool ours, bytes content);
void inform_alert(const struct fede_conn *conn, bool ours, uint8_t level, uint8_t description);
void inform_step(const struct fede_conn *conn, uint8_t from, const char *label);
void inform_choice(const struct fede_conn *conn, const char *label, uint16_t what, bytes text);
void inform_legacy(const struct fede_conn *conn, uint16_t what, int64_t until, bytes reason);
void inform_resumption(const struct fede_conn *conn, bool resumed, bool verified, const char *why_not);
void inform_client_certificate(const struct fede_conn *conn, bool given, const char *why_not);
void inform_keys(const struct fede_conn *conn, uint8_t from);
void inform_secret(const struct handshake *hs, const char *label, bytes secret);
void inform_verdict(const struct fede_conn *conn, const fede_verdict *verdict, const fede_error *error);
void inform_opened(const struct fede_conn *conn);
void inform_ended(struct fede_conn *conn); /* once */

#endif
