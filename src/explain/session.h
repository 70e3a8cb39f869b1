/* One TLS connection out of the bytes of a TCP connection: found by its content, record by record, decrypted where secrets
   are known, and told as the events of fede/trace.h, which are those of a live connection. */
#ifndef EXPLAIN_SESSION_H
#define EXPLAIN_SESSION_H

#include "base/text.h"
#include "crypto/crypto.h"
#include "explain/dissection.h"
#include "explain/lineage.h"
#include "explain/protection.h"
#include "explain/secrets.h"
#include "explain/streams.h"
#include "fede/trace.h"
#include "record/record.h"

/* What was recomputed, and how it came out. */
enum check_outcome { CHECK_VERIFIED = 1, CHECK_FAILED, CHECK_IMPOSSIBLE };
struct session_check {
    uint8_t outcome;   /* enum check_outcome */
    uint8_t from;      /* FEDE_CLIENT, FEDE_SERVER: whose it is */
    const char *name;  /* "ServerKeyExchange signature" */
    char text[400];    /* over what, by which key; or why it can't be checked. Escaped */
    uint64_t at_us;
};

/* What became of the keys. */
enum key_state {
    KEYS_UNTOUCHED,     /* nothing protected came */
    KEYS_USED,          /* at least one record was opened */
    KEYS_NO_LINE,       /* no key source has this connection's client random */
    KEYS_WRONG,         /* there is a secret for it, but it opens nothing */
    KEYS_NO_HANDSHAKE,  /* the hellos are not in the capture: not even known what to look for */
    KEYS_PARTIAL,       /* TLS 1.3: secrets for a part only */
    KEYS_UNSUPPORTED    /* this suite or version is not decrypted here, whatever the secrets; session.missing says why */
};

/* A ticket was opened with its key: that of the ClientHello, that of NewSessionTicket. */
enum ticketed { TICKET_CLOSED, TICKET_OFFERED, TICKET_MADE };

enum way_state { WAY_SEARCH /* no TLS yet */, WAY_RECORDS, WAY_LOST /* after a gap: looks for a record header */ };

struct way {
    uint8_t state;            /* enum way_state */
    bool touched;             /* bytes have come */
    bool protects;            /* records are protected from here on */
    bool data_seen, finished; /* application data; Finished seen */
    bool hidden_handshake;    /* a protected handshake record that could not be opened came behind ChangeCipherSpec */
    bool ssl2;                /* records of SSL 2.0 */
    bool ssl2_begun;          /* bytes are held that may become its first message */
    bool answer_begun;           /* the first bytes of a record header, the other side being TLS: more has to come */
    bool after_gap;           /* the sequence number is not certain */
    bool key_tried;           /* the key opened nothing yet, but was tried */
    uint8_t stage;            /* TLS 1.3: enum stage of its key */
    uint8_t *held;            /* the start of a record, or bytes in which TLS is looked for */
    size_t held_len, held_room;
    uint64_t before;          /* bytes before TLS began */
    uint64_t record_packet;   /* that brought the first byte of the record */
    uint8_t opening[64];      /* the first of them */
    uint8_t opening_len;
    uint64_t at;              /* offset in the stream of what is looked at */
    struct fragments fragments;
    struct protection key;
    uint64_t records, opened, closed; /* protected records: opened, not opened */
    uint64_t failed;          /* records whose tag is wrong although the key is right */
    uint64_t lost;            /* bytes that are not in the capture */
    bool alert_seen, close_notify, fatal;
    uint8_t alert;            /* description of the first fatal one */
};

struct session;
struct verified;
/* What chains of certificates are judged by. */
struct judging {
    const fede_trust *trust;     /* NULL: they are not judged */
    const fede_ct_logs *logs;    /* NULL: timestamps are not looked at */
    fede_signatures *signatures; /* verified before; may be NULL */
    int64_t at;                  /* seconds since 1970; 0: the time of the packet */
};
struct session_listener {
    void (*begun)(void *arg, struct session *s);
    void (*event)(void *arg, struct session *s, const fede_event *e);
    void (*check)(void *arg, struct session *s, const struct session_check *c);
    void (*note)(void *arg, struct session *s, uint64_t at_us, const char *text);
    void (*ended)(void *arg, struct session *s);
    /* May be NULL. Bytes in which no TLS was found, before it begins or at all; data NULL: there is a gap. */
    void (*plain)(void *arg, struct session *s, int side, bytes data, uint64_t at_us, uint64_t packet);
    /* May be NULL. The connection is over and no TLS was found in it; not followed by ended. */
    void (*unfound)(void *arg, struct session *s);
    void *arg;
    const struct secrets *secrets;
    struct lineage *lineage;  /* NULL: resumptions are not tied to their first connections */
    struct verified *verified; /* certificates met before; NULL: none are remembered */
    const struct judging *judging; /* NULL: chains are not judged */
};

struct session {
    const struct session_listener *listener;
    struct stream *stream;
    void *user, *plain;       /* the listener's */
    unsigned number;          /* of the TLS connection, from 1; the listener's to set */
    bool found, ended;
    uint8_t client;           /* side of the stream that is the client */
    uint8_t how;              /* enum stream_end, once ended */
    uint8_t keys;             /* enum key_state */
    uint64_t begun_us, now_us, packet, first_packet;
    struct way ways[2];       /* by side of the stream */
    /* The handshake that is going on, or was the last one. */
    bool hello, answered;     /* ClientHello, ServerHello seen */
    bool opened, extended, resumed, retried, keyed, given_up;
    bool ssl2_asked, ssl2_secret; /* a ClientHello in the form of SSL 2.0; all is encrypted by it */
    bool spoken_lost;         /* not all messages are in `spoken` */
    bool certified[3];        /* by FEDE_CLIENT, FEDE_SERVER: sent a certificate */
    uint16_t version, suite, offered; /* offered: client_version */
    struct suite_parts suite_parts;
    bool mac_last;            /* encrypt_then_mac, with CBC */
    const char *missing;      /* why records of this suite can't be opened; NULL: they can */
    const char *key_source;   /* where the master secret came from, in words */
    size_t handshake_end;     /* TLS 1.3: of spoken, where post-handshake authentication begins; 0: it has not */
    size_t exchange_at, exchange_end; /* ClientKeyExchange in spoken; 0, 0: not yet */
    bytes rsa_block;          /* while candidates are tried */
    bool key_noted;          /* a note on what a key given can't do has been told */
    bool rsa_unfit;           /* an RSA key was tried, and what it decrypts is no premaster secret */
    struct psk_schedule *psk; /* TLS 1.3: what a known pre-shared key gives; NULL: none is known */
    unsigned ancestor;        /* number of the connection it resumes; 0: none that is known */
    size_t hello_at;          /* of the last ClientHello in spoken */
    uint8_t offered_id[32], offered_id_len, made_id[32], made_id_len;
    bool offered_ticket, made_ticket;
    uint8_t ticket_mark[32], made_mark[32]; /* hashes of tickets */
    uint8_t ticketed;         /* enum ticketed: where ticket_master comes from */
    uint8_t ticket_master[TICKET_MASTER];
    bool inherited;           /* first_master is that of the connection this one resumes */
    uint8_t first_master[48];
    uint8_t randoms[64];      /* client's, server's */
    uint8_t master[48];
    uint8_t *spoken;          /* its messages, in order */
    size_t spoken_len, spoken_room;
    size_t verify_at;         /* SSL 3.0: of a CertificateVerify in spoken that waits for the master secret; 0: none */
    struct arena packed[3];   /* by side: a CompressedCertificate, unpacked */
    bytes unpacked[3];
    size_t shown_at[3];       /* where in spoken the Certificate messages lie, by side */
    bool unjudged[3];         /* a chain came, and what may come with it is still awaited */
    size_t answer_at, status_at; /* of ServerHello and CertificateStatus in spoken; status_at 0: none came */
    unsigned handshakes, n_messages;
    uint64_t failed_checks, tries;
    unsigned notes;
};

struct session *session_new(const struct session_listener *listener, struct stream *stream);
void session_data(struct session *s, int side, bytes data, uint64_t at_us, uint64_t packet);
void session_gap(struct session *s, int side, uint64_t len, uint64_t at_us);
void session_note(struct session *s, const char *text);
void session_tell(struct session *s, fede_event *e, uint8_t from, bool protects);
/* The TCP connection is over: tells the end. */
void session_end(struct session *s, enum stream_end how, int side, uint64_t at_us);
void session_free(struct session *s);

/* How it ended, in a few words. */
void session_outcome(const struct session *s, struct text *out);
const char *key_state_text(enum key_state state);
static inline uint8_t session_from(const struct session *s, int side)
{
    return side == s->client ? FEDE_CLIENT : FEDE_SERVER;
}
static inline struct way *session_way(struct session *s, uint8_t from)
{
    return &s->ways[from == FEDE_CLIENT ? s->client : 1 - s->client];
}

/* The handshake is complete, as far as can be seen. */
void session_opened(struct session *s);

/* ---- session_find.c: both return how many bytes of in are done with. */
/* TLS in what has come, segment_start: at a segment's start. Found: the way's state says so. */
size_t session_search(struct session *s, int side, bytes in, bool segment_start);
/* The next place where a record header stands and another one where it says. */
size_t session_resynchronise(struct session *s, int side, bytes in);

/* ---- session_messages.c: a whole handshake message, with its header. */
void session_message(struct session *s, int side, bytes m, bool protects);

/* ---- session_ssl2.c ---- */
enum ssl2_start { SSL2_NOT, SSL2_MORE /* more has to come */, SSL2_HERE };
/* At the start of a segment: a ClientHello in the form of SSL 2.0, or the answer to one. */
enum ssl2_start session_ssl2_starts(const struct session *s, int side, bytes in);
/* A record of SSL 2.0: its length, 0 when it is not whole. */
size_t session_ssl2_record(struct session *s, int side, bytes in);
/* session_messages.c: a new handshake begins with that ClientHello; that message counts in the transcript. */
void session_hear_client_hello(struct session *s, bytes body);
void session_remember(struct session *s, bytes message);

/* ---- session_keys.c ---- */
enum stage { STAGE_NONE, STAGE_EARLY, STAGE_HANDSHAKE, STAGE_TRAFFIC };
const struct suite_parts *session_suite(const struct session *s); /* NULL: not chosen, or can't be opened */
/* New keys for a direction: at ChangeCipherSpec (TLS 1.2); after a message that changes them (TLS 1.3). */
void session_keys12(struct session *s, uint8_t from);
void session_keys13(struct session *s, uint8_t from, enum stage stage);
void session_key_update(struct session *s, uint8_t from);
/* Opens a protected record into scratch (as long as the record). *type becomes the inner type. */
bool session_open(struct session *s, uint8_t from, bytes record, uint8_t *scratch, uint8_t *type, bytes *plain);

/* ---- What was spoken. The body of the message of that type at that offset; empty when it is not there. */
bytes session_spoken(const struct session *s, uint8_t type, size_t at);
bytes session_certificates(const struct session *s, uint8_t from); /* the body of its Certificate */
/* The certificates it shows, leaf first; returns how many, no more than most. */
size_t session_chain(const struct session *s, uint8_t from, bytes *out, size_t most);

/* ---- session_chain.c: judges the chain that side has shown, and what came with it. */
void session_judge(struct session *s, uint8_t from);

/* ---- session_lineage.c */
void session_offers(struct session *s, const struct client_hello *m);
void session_resumes12(struct session *s);
void session_resumes13(struct session *s, size_t n);
void session_ticket(struct session *s, bytes body);
void session_made(struct session *s);

/* ---- session_masters.c: what key sources have for a connection before TLS 1.3. */
struct session_master {
    const uint8_t *master;    /* 48 bytes */
    bytes premaster;          /* when it was made of one */
    bytes rsa_block;          /* when that was decrypted: with its padding */
    const char *source;
};
typedef bool session_try_master(struct session *s, const struct session_master *m, void *arg);
/* Hands them to try until it says that one was right. */
bool session_masters(struct session *s, session_try_master *try, void *arg);

/* ---- session_psk.c: pre-shared keys of TLS 1.3. A ClientHello came, and is not remembered yet; a ServerHello, a Finished have been
   remembered. */
void session_psk_offered(struct session *s, bytes hello);
void session_psk_answered(struct session *s, bytes body);
void session_psk_finished(struct session *s, uint8_t from);
bytes session_psk_secret(const struct session *s, enum secret_label label); /* empty: not known */
/* The key that a ticket with that nonce stands for: its length, 0: not known. */
uint8_t session_psk_of_ticket(const struct session *s, bytes nonce, uint8_t out[HASH_MAX]);
void session_psk_end(struct session *s);

/* ---- session_checks.c: recomputes what can be, and tells. */
void session_tell_check(struct session *s, uint8_t from, enum check_outcome outcome, const char *name, const char *text);
void check_certificates(struct session *s, uint8_t from, bytes list_of_der[], size_t n);
void check_key_exchange(struct session *s, bytes body);
void check_certificate_verify(struct session *s, uint8_t from, bytes body);
void check_finished(struct session *s, uint8_t from, bytes body);
void check_ssl3_verify(struct session *s);

#endif
