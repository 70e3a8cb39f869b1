/* STARTTLS and proxies: what is said in the clear before TLS starts. */
#ifndef CLI_STARTTLS_H
#define CLI_STARTTLS_H

#include "cli/channel.h"
#include "report/live.h"

/* true when the protocol is known; its usual port. */
const char *starttls_port(const char *protocol);
/* Speaks protocol until TLS may start. host: for protocols that name it. false: error set. */
bool starttls_run(struct channel *channel, struct report *report, const char *protocol, const char *host, fede_error *error, struct text *detail);
void starttls_help(void);

/* Asks an HTTP proxy for a way to authority, "host:port". credentials: "user:password" or NULL. */
bool proxy_run(struct channel *channel, struct report *report, const char *authority, const char *credentials, fede_error *error, struct text *detail);

/* "Basic dXNlcjpw…" for "user:password". */
void text_basic(struct text *t, const char *credentials);

#endif
