/* fede/trace.h: what a connection tells while it runs.

   A trace function set with fede_config_trace is called at fixed places: each record, each handshake message, each
   step, choice, key change, verdict, alert, and the two ends of the story. All pointers are borrowed for the call.
   Nothing is formatted for it: whoever wants fields dissects the bytes. It may ask its connection (fede_conn_info,
   fede_peer_certificate and the like) but must not change or free it. Without a trace function the cost is one test at
   each place. */
#ifndef FEDE_TRACE_H
#define FEDE_TRACE_H

#include "fede/error.h"
#include "fede/verify.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fede_event_kind {
    FEDE_EVENT_STARTED = 1, /* what: role of our side; label: server name or NULL */
    FEDE_EVENT_RECORD,      /* what: content type; bytes: the whole record as on the wire, header included;
                               plain: its content in the clear; number: sequence number in this epoch */
    FEDE_EVENT_MESSAGE,     /* what: handshake type; bytes: whole message with its 4-byte header. Comes before it acts */
    FEDE_EVENT_CCS,         /* ChangeCipherSpec sent or received; bytes: its content */
    FEDE_EVENT_ALERT,       /* what: description; number: level; bytes: the two bytes */
    FEDE_EVENT_STEP,        /* label: name of the silent step ("verify certificate", "master secret") that ends now */
    FEDE_EVENT_CHOICE,      /* label: "version", "cipher suite", "group", "signature scheme", "extended master secret"
                               (what: the code point or 0/1), "renegotiation" (what: which; begins now), "application protocol" (bytes), "resumption" (what: 1,
                               or 0 with the reason as text in bytes; number: 1 when its server was verified; only when
                               a session was offered), "legacy" (what: FEDE_LEGACY_… in use; bytes: the reason given for
                               them; number: until when, seconds since 1970 UTC; only when they are used),
                               "client certificate" (what: 1 shown, or 0 with the reason as text in bytes; only when the
                               server asks), "client signature scheme" */
    FEDE_EVENT_KEYS,        /* from now on records sent by `from` use epoch */
    FEDE_EVENT_SECRET,      /* only after fede_config_reveal_secrets. label: key log label ("CLIENT_RANDOM"), or
                               "premaster secret", "key block", "private key"; bytes: it; random: the client random */
    FEDE_EVENT_VERDICT,     /* verdict: the certificate checks; error when refused */
    FEDE_EVENT_OPENED,      /* the handshake is complete */
    FEDE_EVENT_ENDED        /* nothing more will come; error: why, or NULL after an orderly close */
} fede_event_kind;

enum { FEDE_CLIENT = 1, FEDE_SERVER = 2 };

typedef struct fede_event {
    uint8_t kind;         /* fede_event_kind */
    uint8_t from;         /* FEDE_CLIENT or FEDE_SERVER: who sent or did it */
    uint8_t epoch;        /* 0 clear, 1 protected */
    bool ours;            /* from is our side */
    uint16_t version;     /* negotiated so far, 0 before */
    uint16_t what;        /* meaning by kind */
    uint64_t at_us;       /* the config's clock, microseconds, monotonic */
    uint64_t number;      /* meaning by kind */
    const char *label;    /* static text, NULL when none */
    fede_bytes bytes;     /* borrowed */
    fede_bytes plain;     /* borrowed; for RECORD only */
    fede_bytes random;    /* client random, 32 bytes, for SECRET */
    const fede_error *error;
    const fede_verdict *verdict;
    const void *connection; /* tells events of one connection from another's */
    void *user;             /* the connection's user pointer (fede_conn_set_user) */
} fede_event;

typedef void fede_trace_fn(void *arg, const fede_event *event);

/* fede_keylog_line writes the event's line in the SSLKEYLOGFILE format (RFC 9850), newline included, into out when event
   is a FEDE_EVENT_SECRET whose label is one of the format's. Returns its length, 0 when the event has no such line or
   the room is too small (256 bytes always suffice). */
FEDE_API size_t fede_keylog_line(const fede_event *event, char *out, size_t size);

#ifdef __cplusplus
}
#endif
#endif
