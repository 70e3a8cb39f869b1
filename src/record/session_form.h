/* What is kept of a connection so that another can resume it, as bytes; and the keys that seal it in tickets. */
#ifndef RECORD_SESSION_FORM_H
#define RECORD_SESSION_FORM_H

#include "crypto/crypto.h"
#include "wire/wire.h"

enum { SESSION_ID_LEN = 32, SESSION_MARK = 8, SESSION_TAIL = 32, SESSION_MASTER = 48 };
enum { SESSION_OF_CLIENT = 1 }; /* as FEDE_CLIENT */
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

/* A ticket is the name of a key, a nonce, the session sealed by AES-256-GCM with the name as additional data. */
enum { TICKET_NAME = 16, TICKET_NONCE = 12, TICKET_TAG = 16, TICKET_KEY = 32, TICKET_OVERHEAD = 44, TICKET_PLAIN_MAX = 4096 };
/* The key of one period, made of a root; RFC 5869 2.3. */
void ticket_key_of(const uint8_t root[TICKET_KEY], int64_t period, uint8_t name[TICKET_NAME], uint8_t key[TICKET_KEY]);

#endif
