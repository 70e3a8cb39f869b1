/* tls/conn.h: the long part of a connection: windows, directions, how it ends. Small, because idle ones are many. */
#ifndef TLS_CONN_H
#define TLS_CONN_H

#include "base/error.h"
#include "record/record.h"
#include "tls/config.h"

/* DONE: go on. WAIT: nothing more can happen until bytes or an answer come. FAIL: the connection's error is set. */
enum outcome { DONE, WAIT, FAIL };

/* Bytes between start and end. Begins in the small buffer beside it and moves to the heap when more is needed. */
struct window {
    uint8_t *data;
    uint32_t size, start, end;
    uint32_t used; /* what lies behind was not written to since the memory came */
};

enum {
    SMALL_IN = 16, SMALL_OUT = 40, /* a record header; one protected alert */
    WINDOW_FLIGHT = 4096           /* most flights of a handshake; both windows of this size share one block */
};

/* What has been proved about the peer. Application data opens only when the required ones are there. */
enum proof {
    PROOF_CHAIN = 1,     /* its certificate chain is good for the name */
    PROOF_SIGNATURE = 2, /* it owns that certificate's key, and used it for this handshake */
    PROOF_FINISHED = 4,  /* it saw the same handshake */
    PROOF_WAIVED = 8     /* the application gave up the proof of the chain, by name */
};

enum conn_flag {
    CONN_STARTED = 1 << 0,
    CONN_OPEN = 1 << 1,     /* application data may flow */
    CONN_BAD_SEND = 1 << 2, /* the transport takes nothing more */
    CONN_SEEN = 1 << 3,     /* a record has come */
    CONN_TOLD_END = 1 << 4, /* FEDE_EVENT_ENDED is out */
    CONN_EMS = 1 << 5,      /* extended master secret */
    CONN_SEND_NAME = 1 << 6, /* client: server_name goes into the extension */
    CONN_RESUMED = 1 << 7,   /* an abbreviated handshake */
    CONN_FALSE_START = 1 << 8, /* client: data may be written before the handshake is complete */
    CONN_CERT_ASKED = 1 << 9, /* of the client, by a CertificateRequest */
    CONN_CERT_GIVEN = 1 << 10, /* the client's list was not empty */
    CONN_BOUND = 1 << 11,      /* the peer knows RFC 5746: another handshake could be bound to this one */
    CONN_LEGACY = 1 << 12,     /* this peer may be met with what the quarantine allows */
    CONN_ETM = 1 << 13,        /* encrypt-then-MAC (RFC 7366) */
    CONN_WANTED = 1 << 14      /* client: a HelloRequest waits for the application */
};

struct fede_conn {
    struct fede_config *home;    /* whose allocator is used */
    struct fede_config *config;  /* whose settings are used: home, or the answer to the hello question */
    struct handshake *handshake; /* NULL once complete; kept after a failure, for whoever asks what was seen */
    const struct suite *suite;
    uint16_t version, group, scheme, client_scheme;
    uint16_t flags;                                  /* enum conn_flag */
    uint8_t ending;                                  /* FEDE_PEER_CLOSED … */
    uint8_t role;                                    /* FEDE_CLIENT or FEDE_SERVER */
    uint8_t proofs;                                  /* enum proof */
    uint8_t empty_records, warnings, renegotiations; /* in a row; in a row; refused in all */
    uint16_t alpn_at;                                /* in the config's list */
    uint8_t alpn_len;                                /* 0: none chosen */
    uint8_t fragment_code;                           /* max_fragment_length agreed on; 0: none (limits.c) */
    uint16_t most_out, most_in;                      /* record_size_limit, the peer's and ours; 0: none */
    uint16_t size;                                   /* of the block this lies in, a client's name behind it */
    uint8_t id_room;                                 /* behind server_name, for a session id that may be kept */
    uint32_t need;                                   /* bytes the current record takes in all, as far as known */
    uint8_t small_in[SMALL_IN], small_out[SMALL_OUT];
    struct window received, to_send;
    bytes plain; /* not yet consumed; borrows from received */
    struct direction in, out;
    struct fragments fragments;
    uint64_t sent_records, received_records;
    char *server_name; /* behind this struct, or a block of its own */
    uint8_t *session; /* a client's, to be resumed; a server's: session id, then the session if the application keeps it */
    uint32_t session_len;
    const struct credential *own; /* behind the handshake: what this side showed; the config holds it */
    struct kept *kept;            /* what fede_config_keep wants (identity.c); NULL: nothing */
    struct again *again; /* what another handshake is bound to; NULL: none is allowed (renegotiate.c) */
    void *user;
    fede_error error;
};

static inline const fede_allocator *conn_memory(const struct fede_conn *conn)
{
    return &conn->home->allocator;
}
/* Is what the peer sends still wanted? After our close only on an open connection that is not about to be negotiated anew, or
   by who closes one half of one that will open. */
static inline bool conn_listens(const struct fede_conn *conn)
{
    bool half = (conn->flags & CONN_OPEN && conn->handshake == NULL) || (conn->flags & CONN_FALSE_START && conn->config->half_close);
    return half || !(conn->ending & FEDE_WE_CLOSED);
}
static inline size_t window_len(const struct window *w)
{
    return w->end - w->start;
}

/* One record's content, alerts already dealt with. */
struct content_in {
    uint8_t type; /* CONTENT_HANDSHAKE, CONTENT_CCS or CONTENT_DATA */
    bytes plain;
};
enum outcome conn_next(struct fede_conn *conn, struct content_in *content);

/* Room for n more bytes at the end of the send window; NULL without memory (error set). The bytes count once conn_seal or
   conn_queue has been called. */
uint8_t *conn_room(struct fede_conn *conn, size_t n);
/* Seals plain as records of that type, at most limits_out bytes each, into the send window. in_place: plain stands at
   conn_room() + record_plain_at, and the room is large enough for all overheads (conn_sealed_len). */
bool conn_seal(struct fede_conn *conn, enum content type, bytes plain, bool in_place);
size_t conn_sealed_len(const struct fede_conn *conn, size_t plain);

/* Most bytes of content in a record, as agreed and set (limits.c). */
size_t limits_out(const struct fede_conn *conn);
size_t limits_in(const struct fede_conn *conn);

/* Makes the window hold n bytes from its start on; false without memory (error set). */
bool conn_reserve(struct fede_conn *conn, struct window *w, size_t n);
void conn_give_window(struct fede_conn *conn, struct window *w); /* back to the small buffer, which must suffice */
/* The transport ended and everything that came was used: was that an orderly end? */
void conn_transport_ended(struct fede_conn *conn);
void conn_give_session(struct fede_conn *conn);
void conn_give_name(struct fede_conn *conn);
void identity_give(struct fede_conn *conn);
void identity_forget(struct fede_conn *conn);          /* its secrets */
bool identity_exports(const struct fede_conn *conn);
/* A call that does not belong here; always false. */
bool conn_misuse(struct fede_conn *conn, const char *what);
bool conn_no_question(struct fede_conn *conn, const char *what); /* the same for answers */
bool conn_wants_bytes(const struct fede_conn *conn);

/* Goes on as far as the bytes here allow. */
void conn_drive(struct fede_conn *conn);
/* The error is set: queue its alert, forget secrets and data. Does nothing a second time. */
void conn_end_badly(struct fede_conn *conn);
/* Sets the error (origin: us, or internal where the reason says so). Always returns FAIL. */
enum outcome conn_fail(struct fede_conn *conn, fede_reason reason, const char *where, int64_t got, int64_t wanted);
/* Schemes that may be used with this peer: the configuration's, or those by which this credential signs (NULL: none). */
struct codes schemes_permitted(const struct fede_conn *conn, const struct credential *credential);
bool conn_alert(struct fede_conn *conn, bool fatal, uint8_t description);

#endif
