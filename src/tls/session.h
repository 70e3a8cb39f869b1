/* tls/session.h: what is kept of a connection so that another can resume it; the keys that seal tickets; the store of
   sessions by id. RFC 5246 7.4.1.2, 7.4.1.3, F.1.4; RFC 5077; RFC 7627 5.3. */
#ifndef TLS_SESSION_H
#define TLS_SESSION_H

#include "crypto/crypto.h"
#include "fede/fede.h"
#include "wire/wire.h"

struct fede_config;

enum { SESSION_ID_LEN = 32, SESSION_MARK = 8, SESSION_TAIL = 32, SESSION_MASTER = 48 };
enum session_flag {
    SESSION_EMS = 1,      /* its master secret is an extended one */
    SESSION_VERIFIED = 2, /* the peer's chain was good: a server's for verified_name, a client's by the anchors */
    SESSION_TICKET = 4,   /* client: handle is a ticket, not a session id */
    SESSION_ASKED = 8,    /* the server asked for a client certificate … */
    SESSION_GIVEN = 16,   /* … and got one */
    SESSION_LENGTH = 32   /* times max_fragment_length as in the extension, which belongs to a session (RFC 6066 4) */
};

/* Slices borrow from the bytes it was read from, or from whoever fills them in. */
struct session {
    uint8_t role; /* whose it is: FEDE_CLIENT or FEDE_SERVER */
    uint8_t flags;
    uint16_t version, suite, group, scheme;
    uint8_t *master;               /* SESSION_MASTER bytes, kept elsewhere: they have one place, which is wiped */
    uint8_t policy[SESSION_MARK];  /* of the policy it was made under */
    uint8_t certificate[32];       /* SHA-256 of the server's leaf */
    int64_t started, issued;       /* the full handshake; the ticket, or the same */
    uint32_t lifetime;             /* seconds after issued; a client's: the server's hint, 0: not given */
    bytes server_name;             /* as in the extension; empty: it was left out */
    /* Of the side that saw a certificate: a client's, and a server's whose client showed one. */
    int64_t not_after;             /* the end of the first certificate of the path to end */
    bytes anchor;                  /* subject of the trust anchor that ended the path */
    uint8_t anchor_tail[SESSION_TAIL]; /* the end of that anchor's signature */
    /* A client's only. */
    bytes verified_name;           /* what the certificate had to be for; empty: nothing */
    bytes handle;                  /* ticket or session id */
    bytes end_point;               /* RFC 5929 4; empty: not defined */
    /* A server's only. */
    bytes client;                  /* the client's leaf; empty: it showed none */
    uint16_t client_scheme;
};

/* The form in which a session leaves the process, or lies in a ticket. */
void session_wire(struct wire *w, struct session *s);
bool session_read(bytes from, struct session *s, uint8_t master[SESSION_MASTER]);
size_t session_room(const struct session *s);                          /* at most so many bytes */
size_t session_write(struct session *s, uint8_t *out, size_t room);    /* 0: it does not fit */

/* What a session is tied to beside name, suite, group and scheme. */
void session_policy_mark(const struct fede_config *config, uint8_t role, uint8_t mark[SESSION_MARK]);
/* Why it can't be used under this config at this time: static text; NULL: it can. Names and EMS are the caller's. */
const char *session_unfit(const struct session *s, const struct fede_config *config, int64_t now);
const char *session_too_old(const struct session *s, int64_t now);

/* ---- Keys of tickets (ticket.c). Counted, with a lock of their own; derived configurations share them. */
enum { TICKET_NAME = 16, TICKET_NONCE = 12, TICKET_TAG = 16, TICKET_KEY = 32, TICKET_OVERHEAD = 44, TICKET_PLAIN_MAX = 4096 };
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
