/* tls/session.h: what is kept of a connection so that another can resume it; the keys that seal tickets; the store of
   sessions by id. RFC 5246 7.4.1.2, 7.4.1.3, F.1.4; RFC 5077; RFC 7627 5.3. */
#ifndef TLS_SESSION_H
#define TLS_SESSION_H

#include "crypto/crypto.h"
#include "fede/fede.h"
#include "record/session_form.h"

struct fede_config;
_Static_assert((int)SESSION_OF_CLIENT == (int)FEDE_CLIENT, "one number for both");

bool session_read(bytes from, struct session *s, uint8_t master[SESSION_MASTER]);
size_t session_room(const struct session *s);                          /* at most so many bytes */
size_t session_write(struct session *s, uint8_t *out, size_t room);    /* 0: it does not fit */

/* What a session is tied to beside name, suite, group and scheme. */
void session_policy_mark(const struct fede_config *config, uint8_t role, uint8_t mark[SESSION_MARK]);
/* Why it can't be used under this config at this time: static text; NULL: it can. Names and EMS are the caller's. */
const char *session_unfit(const struct session *s, const struct fede_config *config, int64_t now);
const char *session_too_old(const struct session *s, int64_t now);

/* ---- Keys of tickets (ticket.c). Counted, with a lock of their own; derived configurations share them. */
struct tickets;
struct tickets *tickets_new(const fede_allocator *from, uint32_t lifetime, bytes roots);
struct tickets *tickets_hold(struct tickets *tickets);
void tickets_free(struct tickets *tickets);
struct tickets *tickets_with_lifetime(struct tickets *tickets, uint32_t lifetime); /* a new one with the same roots */
/* out: TICKET_OVERHEAD bytes more than plain. */
bool tickets_seal(struct tickets *tickets, const struct crypto_random *random, int64_t now, bytes plain, uint8_t *out);
/* plain: room for ticket.len. *old: it was sealed with a key that seals no more. */
bool tickets_open(struct tickets *tickets, const struct crypto_random *random, int64_t now, bytes ticket,
                  uint8_t *plain, size_t *len, bool *old);

/* ---- The store (store.c). Counted, with a lock of its own. */
fede_store *store_hold(fede_store *store);
bool store_put(fede_store *store, const uint8_t id[SESSION_ID_LEN], bytes session, int64_t until);
size_t store_get(fede_store *store, bytes id, int64_t now, uint8_t *out, size_t size); /* 0: it is not there */
void store_forget(fede_store *store, bytes id);
size_t store_count(fede_store *store);

#endif
