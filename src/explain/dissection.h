/* One connection, dissected: what its events have told so far. Fed with events, live or from a capture; asked by whoever
   shows it. Keeps facts, certificates and the verdict, never application data: its memory does not grow with traffic. */
#ifndef EXPLAIN_DISSECTION_H
#define EXPLAIN_DISSECTION_H

#include "base/arena.h"
#include "base/text.h"
#include "fede/trace.h"
#include "wire/messages.h"

struct traffic {
    uint64_t records, bytes;           /* bytes on the wire, headers included */
    uint64_t data_records, data_bytes; /* application data, in the clear */
};

/* A message of the first handshake, as it was. */
struct kept_message {
    uint8_t from, type;
    bytes bytes; /* with its header; data NULL: there was no memory for it */
    bytes spoken; /* what counts in the transcript: the same, but for a ClientHello in the form of SSL 2.0 */
};

/* What can only be seen while it happens. Counted by side, FEDE_CLIENT and FEDE_SERVER; numbers of records from 1. */
struct observed {
    bool closed[3];               /* close_notify came from that side */
    bool truncated;               /* the transport ended without close_notify of the peer; set by whoever knows */
    bool early_ccs[3];            /* ChangeCipherSpec before its time */
    bool bad_ccs[3];              /* and one that is not the byte 1, but this */
    uint8_t ccs[3];
    bool false_start;             /* the client's data before the server's Finished */
    bool renegotiated;            /* a handshake, or a request for one, inside the connection */
    uint16_t first_version[3];    /* that its first record says */
    uint64_t other_version[3];    /* the first record that says another version than the one chosen */
    uint64_t over_limit[3], empty[3], heartbeats[3], over_read[3]; /* the first such record, 0: none */
    uint8_t empty_type[3];
};

enum { MESSAGES_KEPT = 48, BROKEN_KEPT = 4 };

enum traffic_secret {
    TOLD_CLIENT_EARLY, TOLD_CLIENT_HANDSHAKE, TOLD_SERVER_HANDSHAKE, TOLD_CLIENT_TRAFFIC, TOLD_SERVER_TRAFFIC,
    TRAFFIC_SECRETS
};

struct dissection {
    struct arena kept;
    bool incomplete;        /* memory did not suffice for everything */
    uint8_t role;           /* our side: FEDE_CLIENT, FEDE_SERVER; 0 before the first event */
    bool opened, ended;
    bool onlooker;          /* the events come from a capture: neither side is ours */
    bool finished[3];       /* by FEDE_CLIENT, FEDE_SERVER: its Finished was readable */
    bool named;             /* the client said which server it wants (server_name) */
    uint64_t begun_us, opened_us, last_us;
    const char *server_name; /* escaped; NULL: none */
    const char *alpn;        /* chosen, escaped; NULL: none */
    const char *alpn_offer;  /* "h2, http/1.1"; NULL: none */
    uint16_t version, suite, group, scheme;
    int8_t extended;         /* extended master secret: 1 yes, 0 no, -1 not known yet */
    struct message_context context;
    unsigned messages, round_trips;
    bytes ssl2_hello;        /* that ClientHello as it was, from its number on; empty: there was none */
    uint32_t ssl2_cipher;    /* of SSL 2.0, as CLIENT-MASTER-KEY says; 0: none */
    uint8_t flight_of;       /* who spoke last */
    bool client_spoke;
    bool protects[3];        /* by FEDE_CLIENT, FEDE_SERVER: has sent ChangeCipherSpec */
    struct traffic traffic[3];
    bytes *certificates;     /* the peer's or our own list, leaf first, as sent by the server */
    size_t n_certificates;
    bytes unpacked[3];       /* by side: the body of the Certificate out of its CompressedCertificate (RFC 8879) */
    bytes raw_key;           /* instead of certificates: the server's public key (RFC 7250) */
    bool client_certificate; /* the client sent one too */
    int8_t client_shown;     /* what the engine told: 1 a client certificate, 0 asked for and none, -1 nothing */
    uint16_t client_scheme;  /* of CertificateVerify */
    const char *client_none; /* why there was none */
    bool resumed;            /* an abbreviated handshake: no certificate, no key exchange */
    unsigned ancestor;       /* resumed: number of the connection that made the session; 0: not known */
    unsigned ancestor_uses;  /* how often its id or ticket was used by then */
    bool by_ticket;
    const char *ancestor_certificate; /* what the server showed there, escaped; NULL: not known */
    bool fast_open;          /* data in the SYN, RFC 7413 */
    bool resumed_verified;   /* client: the server was verified when the session was made */
    bool false_start;        /* the client wrote before the server's Finished */
    uint16_t renegotiations; /* begun */
    uint8_t legacy;             /* FEDE_LEGACY_… in use, with the date and the reason of their permission; 0: none */
    int64_t legacy_until;
    const char *legacy_reason;
    const char *not_resumed; /* why the session offered was not used; NULL: it was, or there was none */
    fede_verdict *verdict;   /* a copy; NULL before */
    const fede_error *error; /* a copy of what ended it; NULL: in order */
    struct { uint8_t from, level, description; } alerts[2]; /* the first of each side: by from - 1; from 0: none */
    struct { uint16_t messages; bool protects; } before_alert[2]; /* kept messages by then; it was protected */
    struct kept_message *handshake; /* MESSAGES_KEPT of them */
    size_t n_handshake;
    struct kept_message broken[BROKEN_KEPT]; /* of later messages those that can't be read */
    size_t n_broken;
    bool handshake_cut;      /* there were more, or there was no memory */
    struct observed observed;
    struct { const char *name, *text; } failed[4]; /* checks that others made and that failed */
    size_t n_failed;
    bytes premaster, master, key_block, private_key, rsa_block; /* what the events revealed; wiped with the rest */
    bytes block_now, block_of[3]; /* the key block of the last handshake; the one each side uses, renegotiation renews it */
    bytes traffic_secret[3]; /* TLS 1.3: the one in use, by side */
    bytes told[TRAFFIC_SECRETS]; /* TLS 1.3: by enum traffic_secret, the first of each */
    bool mac_last;           /* encrypt_then_mac */
    struct last_block {
        uint8_t bytes[16], len;
    } block_before[3], block_last[3]; /* CBC in TLS 1.0: the end of the protected record before, and of the last one */
};

void dissection_start(struct dissection *d);
void dissection_event(struct dissection *d, const fede_event *event);
void dissection_end(struct dissection *d);

/* The n-th kept message of that type by that side, NULL when there is none. */
const struct kept_message *dissection_message(const struct dissection *d, uint8_t from, uint8_t type, size_t n);

/* Before TLS 1.2, when signatures did not name their algorithm. */
static inline bool dissection_unnamed(const struct dissection *d) { return d->version != 0 && d->version < 0x0303; }

/* A check made by whoever feeds the dissection, and failed: becomes a finding. */
void dissection_failed_check(struct dissection *d, const char *name, const char *text);

/* What matters in one message, in a few words, parts set apart by "; ": for MESSAGE, CCS and ALERT events, after
   dissection_event has seen them. Empty where there is nothing to add. */
void dissection_facts(const struct dissection *d, const fede_event *event, struct text *out);

/* The three aims of the protocol: against listening, impersonation, alteration. */
enum aim_state { AIM_REACHED = 1, AIM_MISSED, AIM_OPEN /* not decided, or not asked for */ };
struct aim {
    const char *against; /* "listening" */
    uint8_t state;       /* enum aim_state */
    char text[400];      /* what protects, or why nothing does */
};
void dissection_aims(const struct dissection *d, struct aim aims[3]);
void reason_words(unsigned reason, struct text *out); /* the stable name of a fede_reason */

/* A certificate in a few lines: label and value. at: the time its validity is judged by. */
struct card_row {
    const char *label;
    char value[700];
    bool bad;
};
enum { CARD_ROWS = 8 };
size_t certificate_card(bytes der, int64_t at, struct card_row rows[CARD_ROWS]);
/* Its common name, else its first DNS name, else its whole subject. */
void certificate_title(bytes der, struct text *out);

/* Which key exchange a suite's name stands for. */
enum key_exchange suite_key_exchange(uint16_t suite);
/* "AES-256-GCM", "SHA-384"; the suite's name or "" when it is not known. */
const char *suite_cipher(uint16_t suite);
const char *suite_hash(uint16_t suite);

/* The key block cut into its parts (RFC 5246 6.3); returns how many, 0 when the suite is not known. */
struct key_slice {
    const char *name; /* "client write key" */
    bytes value;
};
enum { KEY_SLICES = 6 };
size_t key_block_slices(uint16_t suite, bytes block, struct key_slice slices[KEY_SLICES]);

/* Registry names for what was chosen; never NULL. */
const char *version_title(uint16_t version); /* "TLS 1.2" */
const char *group_title(uint16_t group);
const char *scheme_title(uint16_t scheme);
const char *suite_title(uint16_t suite);

#endif
