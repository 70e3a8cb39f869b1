/* tls/handshake.h: the short part of a connection. It lies in its own arena and dies with it, wiped, when the handshake is
   complete. Its state is one byte: `at`, a row of the flow table. */
#ifndef TLS_HANDSHAKE_H
#define TLS_HANDSHAKE_H

#include "flow/flow.h"
#include "keys/schedule12.h"
#include "keys/transcript.h"
#include "tls/conn.h"
#include "tls/session.h"

union message {
    struct client_hello client_hello;
    struct server_hello server_hello;
    struct certificate_message certificate;
    struct server_key_exchange server_key_exchange;
    struct client_key_exchange client_key_exchange;
    struct certificate_request certificate_request;
    struct certificate_verify certificate_verify;
    struct certificate_status certificate_status;
    struct new_session_ticket new_session_ticket;
    struct finished finished;
};

/* The answer to a question, as far as it has come. */
enum answer { ANSWER_NONE, ANSWER_OPEN, ANSWER_YES, ANSWER_NO };

struct handshake {
    struct fede_conn *conn;
    struct arena arena; /* this struct lies in it */
    const struct flow_step *flow;
    uint8_t steps;
    uint8_t at;     /* the one and only handshake state */
    uint8_t heard;  /* type of the peer's last message, for errors */
    uint16_t facts; /* enum fact */
    struct transcript transcript;
    bytes pending;             /* a message that the last row did not take: whole, borrowed from the fragments */
    union message msg;         /* the message being read or written */
    bytes ssl2_hello;          /* server: what client_hello was rewritten from; goes into the transcript in its place */
    bytes client_hello;        /* raw, header included */
    struct client_hello offer; /* what the client proposed; borrows from client_hello */
    uint8_t client_random[32], server_random[32];

    const struct group *group;
    const struct scheme *scheme;   /* the server's signature */
    struct credential *credential; /* server: the one chosen; client: the one shown, NULL: none; borrowed from the config */
    struct crypto_share *share;
    uint8_t *point;
    size_t point_len; /* own public share */
    bytes peer_point; /* the peer's */
    bytes params;     /* client: the signed stretch of ServerKeyExchange */
    bytes signature;  /* over the two randoms and params */
    bytes *chain;     /* the peer's certificates, leaf first */
    size_t n_chain;
    uint8_t peer_ip[16], peer_ip_len; /* its address, where the application told it; 0: not known */
    struct host *host;        /* client: the name to be proved; NULL: none */
    bytes scts;               /* SignedCertificateTimestampList: the server's own, or the one that came */
    bytes staple;             /* the OCSP response: the server's own, or the one that came */
    bytes fetched;            /* client: the one that the application got elsewhere; empty: none */
    struct certificate *leaf; /* the peer's, once judged; NULL: it could not be read */
    fede_verdict verdict;
    fede_error refusal; /* why the chain is not good */

    uint8_t hello_asked, verdict_asked, session_asked, selection_asked, signature_asked; /* enum answer */
    uint8_t ignored_requests;           /* client: HelloRequests during the handshake */
    bool renegotiation_info;            /* server: the client showed that it knows RFC 5746 */
    bool name_found;                    /* server: the credential has the name the client asked for */
    uint64_t looked, spent;             /* microseconds: when the clock was looked at last; the peer's time so far */
    size_t received;                    /* bytes, whole records or not */
    fede_question question;

    /* Client certificates (client_auth.c). */
    struct u16s requested_schemes;                /* client: the CertificateRequest */
    bytes requested_types, requested_authorities;
    const struct scheme *client_scheme;           /* client: of CertificateVerify */
    bool keeps_messages;
    uint8_t *messages; /* all so far, raw, for CertificateVerify */
    size_t messages_len, messages_size;

    /* Resumption (resume.c). */
    struct session session;  /* what is offered or found; in the end what is kept */
    bool offers;             /* client: session goes into the ClientHello; server: it was found and is good */
    bool renew;              /* server: the ticket's key is not the newest */
    uint8_t session_id_len;
    uint8_t session_id[SESSION_ID_LEN]; /* client: offered, then the server's; server: to be sent */
    bytes answered;          /* server: the answer to the question, while it is given */
    uint32_t ticket_hint;    /* client: NewSessionTicket */
    bytes ticket;

    uint8_t *premaster;
    size_t premaster_len, premaster_room;
    uint8_t master[MASTER_LEN];
    struct key_block keys;
    uint8_t verify_data[VERIFY_DATA_LEN]; /* own Finished while it is written */
};

static inline uint8_t exchange_of(const struct suite *suite)
{
    return suite->kx == SUITE_RSA ? KX_RSA : suite->kx == SUITE_DHE ? KX_DHE : KX_ECDHE;
}

/* LEFT_OUT: an optional message is not sent. */
enum written { WRITTEN, LEFT_OUT, NOT_WRITTEN };

/* What a row's message or step means: one table in handlers.c, filled from the files named in it. */
struct handler {
    void (*codec)(struct wire *w, union message *m);
    /* Fills hs->msg and says how many bytes its body takes at most. */
    enum written (*write)(struct handshake *hs, size_t *room);
    enum outcome (*read)(struct handshake *hs);
    enum outcome (*act)(struct handshake *hs);
};
const struct handler *handler_of(uint16_t what); /* never NULL; empty when the engine has no use for it */

/* NULL: no memory. */
struct handshake *handshake_new(struct fede_conn *conn);
void handshake_free(struct handshake *hs);
void handshake_forget(struct handshake *hs); /* wipes every secret, keeps what can be shown */
enum outcome handshake_run(struct handshake *hs);

/* As conn_fail; the row's message is added. handshake_no_memory tells the ceiling from a lack of memory. */
enum outcome handshake_fail(struct handshake *hs, fede_reason reason, const char *where, int64_t got, int64_t wanted);
enum outcome handshake_fail_detail(struct handshake *hs, fede_reason reason, const char *where, int64_t got,
                                   int64_t wanted, const char *detail);
enum outcome handshake_no_memory(struct handshake *hs);
/* Handshake bytes of the peer that wait although it is not its turn: true, and the error is set. */
bool handshake_early_bytes(struct handshake *hs);
bool handshake_is_client(const struct handshake *hs);

/* The handlers, by file. */
/* offer.c */
enum written write_client_hello(struct handshake *hs, size_t *room);
/* choose.c */
enum outcome read_client_hello(struct handshake *hs);
enum outcome act_choose(struct handshake *hs);
enum written write_server_hello(struct handshake *hs, size_t *room);
enum written write_server_hello_done(struct handshake *hs, size_t *room);
uint16_t curve_of_key(uint8_t kind); /* enum key_kind; 0: no curve for ECDSA */
/* accept.c */
enum outcome read_server_hello(struct handshake *hs);
enum outcome read_server_hello_done(struct handshake *hs);
/* authenticate.c */
enum written write_certificate(struct handshake *hs, size_t *room);
enum outcome read_certificate(struct handshake *hs);
enum outcome act_verify_peer(struct handshake *hs);
enum written write_finished(struct handshake *hs, size_t *room);
enum outcome read_finished(struct handshake *hs);
enum outcome act_false_start(struct handshake *hs);
enum outcome act_open(struct handshake *hs);
/* renegotiate.c */
enum outcome renegotiate(struct fede_conn *conn); /* the peer asks for it; it has begun when there is a handshake */
bool renegotiating(const struct handshake *hs);
void renegotiation_offer(const struct handshake *hs, struct extensions *e);
enum outcome renegotiation_accept(struct handshake *hs, const struct server_hello *m);
enum outcome renegotiation_same_server(struct handshake *hs);
void renegotiation_note(const struct handshake *hs, bool client, const uint8_t verify_data[VERIFY_DATA_LEN]);
void renegotiation_keep(const struct handshake *hs);
void renegotiation_forget(struct fede_conn *conn);
unsigned renegotiation_count(const struct fede_conn *conn);
/* limits.c */
void limits_offer(const struct handshake *hs, struct extensions *e);
enum outcome limits_accept(struct handshake *hs, const struct extensions *e);
uint8_t limits_code(const struct handshake *hs);
void limits_choose(struct handshake *hs);
void limits_answer(const struct handshake *hs, struct extensions *e);
/* bounds.c: false, with the error set: the peer takes too long, or too many bytes */
bool bounds_time(struct fede_conn *conn);
bool bounds_bytes(struct fede_conn *conn, size_t n);
/* status.c */
void status_offer(const struct handshake *hs, struct extensions *e);
enum outcome status_accept(struct handshake *hs, const struct extensions *e);
void status_choose(struct handshake *hs);
void status_answer(const struct handshake *hs, struct extensions *e);
void status_ask(const struct handshake *hs, struct verify_request *request);
enum written write_certificate_status(struct handshake *hs, size_t *room);
enum outcome read_certificate_status(struct handshake *hs);
/* The signature by the peer's leaf over input, and whether key and scheme fit; the proof of it. */
bool signature_matches(const struct public_key *key, const struct scheme *scheme, bytes input, bytes signature);
enum outcome verify_signature(struct handshake *hs, const struct scheme *scheme, uint8_t message, bytes input,
                              bytes signature);
/* client_auth.c */
void messages_start(struct handshake *hs);                    /* the transcript starts: must the messages be kept too? */
enum outcome messages_add(struct handshake *hs, bytes message); /* to the transcript, and to the messages kept */
bool client_auth_can_judge(const struct fede_config *config); /* false: a server asks and has nothing to judge by */
enum written write_certificate_request(struct handshake *hs, size_t *room);
enum outcome read_certificate_request(struct handshake *hs);
enum outcome act_select(struct handshake *hs);
enum outcome sign_messages(struct handshake *hs);
enum written write_certificate_verify(struct handshake *hs, size_t *room);
enum outcome read_certificate_verify(struct handshake *hs);
/* sign.c */
enum outcome act_sign(struct handshake *hs);
/* With hs->credential, into hs->signature; WAIT: the application signs. */
enum outcome sign_input(struct handshake *hs, const struct scheme *scheme, bytes input);
/* identity.c */
enum outcome identity_keep(struct handshake *hs);
size_t identity_end_point(const struct handshake *hs, uint8_t out[HASH_MAX]); /* RFC 5929 4; 0: not defined */
/* resume.c */
void resume_offer(struct handshake *hs, struct client_hello *m, const uint8_t fresh[SESSION_ID_LEN]);
enum outcome resume_accept(struct handshake *hs, const struct server_hello *m);
enum outcome resume_find(struct handshake *hs);
enum written write_new_session_ticket(struct handshake *hs, size_t *room);
enum outcome read_new_session_ticket(struct handshake *hs);
void resume_keep(struct handshake *hs);
bool resume_may_keep_id(const struct handshake *hs); /* server: the client offers a session by its id */
/* exchange12.c */
enum outcome act_share(struct handshake *hs);
enum outcome sign_exchange(struct handshake *hs);
enum written write_server_key_exchange(struct handshake *hs, size_t *room);
enum outcome read_server_key_exchange(struct handshake *hs);
enum written write_client_key_exchange(struct handshake *hs, size_t *room);
enum outcome read_client_key_exchange(struct handshake *hs);
enum outcome act_master_secret(struct handshake *hs);
enum outcome switch_keys(struct handshake *hs, uint8_t from);
bool premaster_room(struct handshake *hs, size_t n); /* false: no memory (error set) */
/* quarantine.c: whether this connection may use what is advised against, and saying that it does */
void quarantine_judge(struct handshake *hs);
bool quarantine_allows(const struct fede_conn *conn, const struct suite *suite);
void quarantine_tell(const struct handshake *hs);
bool quarantine_takes_ssl2(struct fede_conn *conn, bytes in);
enum outcome quarantine_read_ssl2(struct fede_conn *conn, bytes in, struct content_in *content);
/* legacy12.c: static RSA and DHE */
enum outcome legacy_read_group(struct handshake *hs, const struct server_key_exchange *m);
bool legacy_params(const struct handshake *hs, struct server_key_exchange *m);
const struct group *legacy_choose_group(const struct handshake *hs);
bool legacy_can_unwrap(const struct credential *credential);
enum written legacy_write_premaster(struct handshake *hs, size_t *room);
enum outcome legacy_read_premaster(struct handshake *hs);

#endif
