/* fede/fede.h: configurations and connections. The engine does no I/O: it hands out bytes to send and room to fill.

   Two objects. A config is built once, then shared by any number of connections and threads; from the first connection
   on it can't be changed. A connection belongs to one thread at a time. Functions that return bool return false on
   failure and leave the reason in the object's error. No function blocks. Memory comes from the config's allocator.
   Lengths are in bytes, times in seconds since 1970 UTC unless said otherwise. An object handed in must not be NULL unless
   a function says that it may.

   A client that wants a socket handled for it uses fede/stream.h instead. */
#ifndef FEDE_FEDE_H
#define FEDE_FEDE_H

#include "fede/error.h"
#include "fede/trace.h"
#include "fede/types.h"
#include "fede/verify.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FEDE_VERSION "0.1.0"

typedef struct fede_config fede_config;
typedef struct fede_conn fede_conn;
typedef struct fede_store fede_store;

enum { FEDE_TLS12 = 0x0303, FEDE_TLS13 = 0x0304 };

/* ---- Configuration ---------------------------------------------------------------------------------------------- */

/* fede_config_new makes a configuration with the policy "default". With no further call a client made from it verifies
   nothing it can't: it fails until trust anchors are given. NULL only when there is no memory or libcrypto can't start.
   The caller owns it. */
FEDE_API fede_config *fede_config_new(void);

/* fede_config_new_with is fede_config_new with the caller's allocator, which must outlive everything made with it. */
FEDE_API fede_config *fede_config_new_with(const fede_allocator *allocator);

/* fede_config_derive makes a changeable copy that shares credentials and trust anchors with base; costs microseconds. */
FEDE_API fede_config *fede_config_derive(const fede_config *base);

/* fede_config_free gives up the caller's hold; connections keep the config alive as long as they need it. NULL is fine. */
FEDE_API void fede_config_free(fede_config *config);

/* fede_config_error is the first failed setting, or NULL. Owned by the config. A config with a failed setting makes no
   connections (they end at once with its error), nor do configs derived from it; that a setting came too late, when the
   config was in use already, does not count. */
FEDE_API const fede_error *fede_config_error(const fede_config *config);

/* fede_config_policy takes a named, dated set of versions, suites, groups and schemes: "default" (today
   "2026-11") or the narrower "modern" (today "modern-2026-11": extended master secret required, no RSA PKCS#1 v1.5).
   It replaces what was set of these before, and the use of the extended master secret: choose the policy first. */
FEDE_API bool fede_config_policy(fede_config *config, const char *name);

/* fede_config_versions narrows the range of protocol versions: FEDE_TLS12 to FEDE_TLS12 in this release. */
FEDE_API bool fede_config_versions(fede_config *config, uint16_t lowest, uint16_t highest);

/* fede_config_suites, _groups, _schemes: IANA code points in order of preference, replacing the policy's. Refuses what
   fede does not implement or the policy forbids. RFC 5246 A.5, RFC 8422 5.1.1, RFC 5246 7.4.1.4.1. */
FEDE_API bool fede_config_suites(fede_config *config, const uint16_t *ids, size_t n);
FEDE_API bool fede_config_groups(fede_config *config, const uint16_t *ids, size_t n);
FEDE_API bool fede_config_schemes(fede_config *config, const uint16_t *ids, size_t n);

/* fede_config_suites_equal: suites that stand side by side in the list and have the same number in groups (one for each, n in
   all) are equally good to a server, and of those the client's order decides: a phone without AES in hardware puts ChaCha20
   first. fede_config_suites and _policy undo it. RFC 5246 7.4.1.3 leaves the choice to the server. */
FEDE_API bool fede_config_suites_equal(fede_config *config, const uint8_t *groups, size_t n);

/* fede_config_trust adds trust anchors: one or more PEM certificates, or one DER certificate. The bytes are copied.
   fede_config_trust_file and _directory read them from files; _system takes the system's bundle. Each adds. */
FEDE_API bool fede_config_trust(fede_config *config, fede_bytes certificates);
FEDE_API bool fede_config_trust_file(fede_config *config, const char *path);
FEDE_API bool fede_config_trust_directory(fede_config *config, const char *path);
FEDE_API bool fede_config_trust_system(fede_config *config);

/* fede_config_credential adds a certificate chain (PEM, leaf first) and its private key (PEM or DER, PKCS#8 or
   traditional, unencrypted). Several may be added: the server chooses by server name, key kind and the client's schemes; the first
   is the default. The bytes are copied; the key is wiped when the last user is gone. */
FEDE_API bool fede_config_credential(fede_config *config, fede_bytes chain, fede_bytes key);

/* fede_config_credential_locked is the same for a key that a password opens: encrypted PKCS#8 (RFC 5958), or PEM with the
   headers of RFC 1421. A key that is not encrypted needs none and is taken too. fede_config_credential_p12 takes certificate,
   chain and key out of a PKCS#12 file (RFC 7292); password NULL: none. Roots in it are left out. */
FEDE_API bool fede_config_credential_locked(fede_config *config, fede_bytes chain, fede_bytes key, const char *password);
FEDE_API bool fede_config_credential_p12(fede_config *config, fede_bytes file, const char *password);

/* fede_config_sign_with: the schemes by which the credential added last signs, in order of preference, whatever
   fede_config_schemes says: that is then about the peer's signatures alone. Not for a credential that a derived config
   shares already. */
FEDE_API bool fede_config_sign_with(fede_config *config, const uint16_t *ids, size_t n);

/* fede_config_external_credential adds a chain whose private key the application keeps elsewhere (a token, another process):
   each signature by it is a question, FEDE_ASK_SIGNATURE, answered now or later by fede_answer_signature. */
FEDE_API bool fede_config_external_credential(fede_config *config, fede_bytes chain);

/* fede_config_certificate: DER of certificate i (0: the leaf) of credential number n, in the order they were added; empty
   beyond the last. Borrowed from the config. */
FEDE_API fede_bytes fede_config_certificate(const fede_config *config, size_t n, size_t i);

/* fede_config_staple: the OCSP response (DER) that a server sends with credential number n, in the order they were added, to
   clients that ask (RFC 6066 8); empty: none any more. Copied, not judged. It ends: replace it in time, in a derived
   config that the next connections are made from, or that answers FEDE_ASK_HELLO. */
FEDE_API bool fede_config_staple(fede_config *config, size_t n, fede_bytes response);

/* fede_config_status_request: a client asks the server for an OCSP response (status_request, RFC 6066 8). One that came is
   judged with the chain, one that can't count (altered, out of date, about another certificate) refuses it, and a
   certificate that promises one (must-staple, RFC 7633) must come with it. Off by default. */
FEDE_API bool fede_config_status_request(fede_config *config, bool on);

/* fede_config_ct_logs: timestamps of logs (RFC 6962) are judged by this list, each a check of the verdict; NULL: not.
   fede_config_scts: a client asks for them in the handshake too (signed_certificate_timestamp, RFC 6962 3.3.1).
   fede_config_sct_list: what a server sends with credential number n to clients that ask: a SignedCertificateTimestampList
   with its length; empty: none any more. Copied. */
FEDE_API bool fede_config_ct_logs(fede_config *config, fede_ct_logs *logs);
FEDE_API bool fede_config_scts(fede_config *config, bool ask);
FEDE_API bool fede_config_sct_list(fede_config *config, size_t n, fede_bytes list);

/* fede_config_revocation: what an unknown revocation status means to connections, FEDE_REVOCATION_IF_GIVEN without this
   call. fede_config_crls adds revocation lists (one in DER, or PEM with one or more; copied) that chains are judged by. */
FEDE_API bool fede_config_revocation(fede_config *config, fede_revocation unknown);
FEDE_API bool fede_config_crls(fede_config *config, fede_bytes lists);

/* fede_config_false_start: a client may write once its own Finished is queued, before the server's has come: a round trip
   less (RFC 7918). Only in full handshakes with an ephemeral key exchange and an AEAD, and only after the server's
   chain and signature were judged; fede_info.false_start tells when. What the server sends can't be read before
   its Finished is verified. Off by default. */
FEDE_API bool fede_config_false_start(fede_config *config, bool on);

/* fede_config_fallback: a client says with this hello that it offers less than it could, because more has just failed: a server
   that could do better then refuses (TLS_FALLBACK_SCSV, RFC 7507). */
FEDE_API bool fede_config_fallback(fede_config *config, bool on);

typedef enum fede_renegotiation {
    FEDE_RENEGOTIATION_WARN = 0,
    FEDE_RENEGOTIATION_END,
    FEDE_RENEGOTIATION_IGNORE,
    FEDE_RENEGOTIATION_WAIT
} fede_renegotiation;
/* fede_config_renegotiation: what a peer is answered that wants to negotiate anew where that is not allowed, as it never is
   to a server: the warning no_renegotiation (the default; the connection goes on, but whoever insists is cut off), a fatal
   alert, or for a client nothing at all. WAIT: a client that may have another handshake (fede_conn_allow_renegotiation) notes
   the request (fede_info.renegotiation_wanted) and begins when fede_conn_renegotiate is called; where it is not allowed
   WAIT is as END. RFC 5246 7.4.1.1, RFC 9325 3.5. */
FEDE_API bool fede_config_renegotiation(fede_config *config, fede_renegotiation answer);

/* fede_config_signatures: remember the signatures of certificates that were good (fede/verify.h). Without this call, or with
   NULL, each is verified each time. The config holds the table as long as it needs it. */
FEDE_API bool fede_config_signatures(fede_config *config, fede_signatures *signatures);

/* fede_config_alpn sets the application protocols in order of preference (RFC 7301). A server given this list and a
   client whose list has nothing in common with it do not connect; likewise if only one of them uses the extension, they
   connect without a protocol. */
FEDE_API bool fede_config_alpn(fede_config *config, const char *const *names, size_t n);

/* The quarantine: what RFC 9325 4.1 and RFC 10015 advise against and no policy contains, for peers that know nothing else. */
enum {
    FEDE_LEGACY_RSA = 1, /* premaster secret encrypted with the server's RSA key: no forward secrecy (RFC 5246 7.4.7.1) */
    FEDE_LEGACY_DHE = 2, /* ephemeral Diffie-Hellman in the finite fields of RFC 7919, 2048 bits and up */
    FEDE_LEGACY_CBC = 4, /* AES-CBC with HMAC; encrypt-then-MAC (RFC 7366) with whoever knows it */
    FEDE_LEGACY_NO_ETM = 8, /* together with CBC: MAC-then-encrypt even so, for peers that stumble over the extension */
    FEDE_LEGACY_RESUMED = 16, /* together with the first three: such connections may be resumed, and renegotiated */
    FEDE_LEGACY_SHA1 = 32, /* signatures with SHA-1 in the handshake (RFC 9155 forbids them), also for peers that name no schemes */
    FEDE_LEGACY_SSL2_HELLO = 64, /* server: a ClientHello in the format of SSL 2.0 (RFC 5246 E.2, RFC 6176 3) */
    FEDE_LEGACY_UNBOUND = 128 /* client: servers without RFC 5746 */
};
typedef struct fede_legacy {
    unsigned what;            /* FEDE_LEGACY_… */
    const char *const *peers; /* for whom, each one of: a server's name, "*.example.com" for all names below it, an address
                                 of the peer, a range of addresses ("192.0.2.0/24"), "*" for everyone */
    size_t n_peers;
    const char *reason;       /* why; every use is traced with it */
    int64_t until;            /* till when, seconds since 1970 UTC */
} fede_legacy;

/* fede_config_legacy adds suites and groups of the quarantine behind the others, for the peers named: fede_config_suites and
   _groups may then order or drop them, fede_config_policy takes them away. A client compares names with the one it connects
   to, a server with the one the client asks for; addresses are what fede_conn_peer_address told, for a client also the
   address it connects to. What it needs must be given, and `until` must lie ahead; past it no new connection uses any of
   it. Such connections are resumed only with FEDE_LEGACY_RESUMED. Refused by a build with FEDE_LEGACY=OFF. */
FEDE_API bool fede_config_legacy(fede_config *config, const fede_legacy *legacy);

typedef enum fede_ems { FEDE_EMS_OFFERED = 0, FEDE_EMS_REQUIRED, FEDE_EMS_OFF } fede_ems;
/* fede_config_extended_master_secret: whether RFC 7627 is required (peers without it are refused), offered (the
   default: used with every peer that can), or off (for demonstrations of the classic form only). */
FEDE_API bool fede_config_extended_master_secret(fede_config *config, fede_ems use);

/* fede_config_unauthenticated_encryption gives up the proof of the server's identity: unauthenticated, encrypted
   communication as RFC 7435 calls it. Anyone in the middle can read and alter everything. The chain is still judged and
   the verdict told to the trace. The only way to connect without verification. */
FEDE_API bool fede_config_unauthenticated_encryption(fede_config *config);

/* fede_config_trace sets the function that is told what happens (fede/trace.h). */
FEDE_API bool fede_config_trace(fede_config *config, fede_trace_fn *trace, void *arg);

/* fede_config_reveal_secrets makes the trace include keys (FEDE_EVENT_SECRET): whoever sees it can read the connections. */
FEDE_API bool fede_config_reveal_secrets(fede_config *config);

/* fede_config_clock replaces the clock: wall gives seconds since 1970, ticks monotonic microseconds. Either may be NULL. */
FEDE_API bool fede_config_clock(fede_config *config, int64_t (*wall)(void *arg), uint64_t (*ticks)(void *arg), void *arg);

/* fede_config_random replaces the source of random bytes, for reproducible handshakes in tests; it returns false when it
   fails. Never use it for real connections unless it is a cryptographic generator. */
FEDE_API bool fede_config_random(fede_config *config, bool (*fill)(void *arg, uint8_t *out, size_t n), void *arg);

/* fede_config_limits: most bytes in one handshake message (default 65,536), and most memory a handshake may take
   (default 131,072). 0 keeps the value. */
FEDE_API bool fede_config_limits(fede_config *config, size_t message, size_t handshake);

/* fede_config_handshake_limits: most bytes that the peer may send in a handshake (default 262,144, at least 512), and most
   time it may take (default 60,000 milliseconds), not counted while a question is open. 0 keeps the value. The clock is looked
   at when bytes come and by fede_needs: an application that waits for a silent peer calls that when its own alarm goes off. */
FEDE_API bool fede_config_handshake_limits(fede_config *config, size_t bytes, uint32_t milliseconds);

/* fede_config_max_fragment sets the most plaintext bytes put into one record, 64 to 16,384 (the default). */
FEDE_API bool fede_config_max_fragment(fede_config *config, size_t bytes);

/* fede_config_record_size_limit: a client tells the server to put at most so many bytes into a record, 64 to 16,384, and
   learns what the server takes (RFC 8449); 0, the default: it does not. A server always answers a client that says so, with
   16,384 or what is set here. fede_config_max_fragment_length: a client asks for records of at most 512, 1,024, 2,048 or
   4,096 bytes both ways (RFC 6066 4); 0, the default: it does not. Servers grant it, unless record_size_limit is there too. */
FEDE_API bool fede_config_record_size_limit(fede_config *config, size_t bytes);
FEDE_API bool fede_config_max_fragment_length(fede_config *config, size_t bytes);

/* fede_config_read_ahead lets fede_to_fill give room for more than the current record: fewer system calls, but bytes
   behind the connection's end may be taken too. Off by default. */
FEDE_API bool fede_config_read_ahead(fede_config *config, bool on);

/* fede_config_half_close: the peer's close_notify is not answered by itself; writing goes on until fede_close. */
FEDE_API bool fede_config_half_close(fede_config *config, bool on);

/* fede_config_ask chooses which questions connections put to the application (a set of FEDE_ASK_… bits). */
enum {
    FEDE_ASK_HELLO = 1,    /* server: a ClientHello is here and nothing has been chosen yet */
    FEDE_ASK_VERDICT = 2,  /* the chain was judged; may the connection go on? Asked even without verification. Not asked
                              when a session is resumed: no chain comes then */
    FEDE_ASK_SESSION = 4,  /* server: what session is stored under this id? (fede_answer_session) */
    FEDE_ASK_SELECTION = 8, /* client: the server asks for a certificate; which? (fede_answer_credential) */
    FEDE_ASK_SIGNATURE = 16 /* a signature by an external credential (fede_answer_signature); asked without this call */
};
FEDE_API bool fede_config_ask(fede_config *config, unsigned questions);

/* ---- Client certificates: mutual authentication (RFC 5246 7.4.4 to 7.4.8) -----------------------------------------

   A server that asks for a certificate names the CAs it knows. A client chooses among its credentials (fede_config_credential)
   the first whose key fits the server's kinds and schemes and whose chain leads to one of these CAs; with none it says so, with
   an empty list. The server judges the client's chain by its trust anchors, for the purpose clientAuth, without a name: who
   the client is and what it may do is the application's to decide (fede_peer_certificate). */
typedef enum fede_client_certificate {
    FEDE_CLIENT_CERTIFICATE_NONE = 0, /* not asked for */
    FEDE_CLIENT_CERTIFICATE_OPTIONAL, /* a client may do without; one that comes must be good */
    FEDE_CLIENT_CERTIFICATE_REQUIRED  /* no connection without a good one */
} fede_client_certificate;

/* fede_config_client_certificate: whether a server asks. It needs trust anchors then, unless it asks FEDE_ASK_VERDICT. */
FEDE_API bool fede_config_client_certificate(fede_config *config, fede_client_certificate wanted);

/* fede_config_client_authorities: the CAs that a server names, each a DER Name; n 0: none, which means any. Copied, 65,535 bytes
   at most with two bytes for each. Without this call the subjects of the trust anchors, or none if they do not fit. What is
   named has no part in judging a chain. */
FEDE_API bool fede_config_client_authorities(fede_config *config, const fede_bytes *names, size_t n);

/* fede_config_any_issuer: a client sends the credential added last also where the server names other CAs, if no other
   credential fits better. Not for a credential that a derived config shares already. */
FEDE_API bool fede_config_any_issuer(fede_config *config);

/* fede_config_keep: what connections keep behind the handshake, a set; without this call nothing. PEER: the peer's certificates
   and the path that was verified, as many bytes as they have. EXPORTER: what fede_export and fede_channel_binding need, 192
   bytes with the master secret among them. */
enum { FEDE_KEEP_PEER = 1, FEDE_KEEP_EXPORTER = 2 };
FEDE_API bool fede_config_keep(fede_config *config, unsigned what);

/* ---- Sessions: resuming without certificates and key exchange (RFC 5246 7.3, RFC 5077) ---------------------------

   A session is a value: bytes that any process may keep and use. They hold the master secret: whoever has them can read
   what resumed connections say and pretend to be either side. Keep them like private keys and wipe them. A session serves
   only for the same server name and the same name proved, the policy it was made under, a suite, group and scheme still
   allowed, within its lifetime, and to a verifying client only if its server was verified, by a trust anchor that is
   still trusted; the same holds for a client that a server verified, and both sides must ask and answer for client
   certificates as they did then: a server's session holds the client's certificate. Whatever is wrong with one leads to a full handshake; the trace says why (FEDE_EVENT_CHOICE). */

/* fede_config_sessions: clients ask for tickets, unless fede_config_tickets says 0, and keep what is needed to resume for
   fede_conn_session. Off by default. Servers need no such call. */
FEDE_API bool fede_config_sessions(fede_config *config, bool keep);

/* fede_config_tickets: how many seconds a server's tickets live, at most a week; 0: a server issues and takes none, a
   client asks for none. Without this call 7,200 seconds. Keys are random, shared with derived configs, and change by
   themselves after each lifetime; a ticket under an old key is renewed when it is used. */
enum { FEDE_SESSION_LIFETIME = 7200, FEDE_TICKET_KEY = 32, FEDE_TICKET_KEYS_MOST = 4 };
FEDE_API bool fede_config_tickets(fede_config *config, uint32_t lifetime);

/* fede_config_ticket_keys: one to four secrets of 32 random bytes, from which all servers that have them make the same
   ticket keys, new ones after each lifetime by the clock. The first seals, the others only open: to replace a secret put
   the new one in front and leave the old one for two lifetimes. Copied. Secrets on disk undo forward secrecy for as long
   as they exist: replace them often (RFC 9325 3.4). */
FEDE_API bool fede_config_ticket_keys(fede_config *config, fede_bytes keys);

/* fede_store_new makes a place for the sessions of servers by session id, most of them at a time, 1 to 16,777,216; the
   oldest goes first. Any number of configs and threads may share it. NULL: no memory, or not a number allowed. The caller
   owns it; configs hold it as long as they need it. fede_config_store: NULL for none, as without this call. */
FEDE_API fede_store *fede_store_new(size_t most);
FEDE_API fede_store *fede_store_new_with(size_t most, const fede_allocator *allocator);
FEDE_API void fede_store_free(fede_store *store);
FEDE_API bool fede_config_store(fede_config *config, fede_store *store);

/* fede_conn_resume offers a session before the first fede_needs of a client. True: it is a session, and will be offered if
   it fits; false: it is none, or there is no memory. No error either way, but for a call at the wrong time. Copied. */
FEDE_API bool fede_conn_resume(fede_conn *conn, fede_bytes session);

/* fede_conn_session: what resumes this connection later; borrowed from it, empty when there is nothing. A client has it
   once the connection is established (fede_config_sessions); a server that asks FEDE_ASK_SESSION too, to be stored under
   fede_conn_session_id before the last bytes are sent. A connection that failed has none: forget what was stored. */
FEDE_API fede_bytes fede_conn_session(const fede_conn *conn);
FEDE_API fede_bytes fede_conn_session_id(const fede_conn *conn);

typedef struct fede_session_facts {
    uint8_t role;                 /* whose it is: FEDE_CLIENT or FEDE_SERVER */
    bool extended_master_secret, verified, ticket; /* ticket: a client's is resumed by ticket, else by id */
    uint16_t version, suite;
    int64_t started, issued;      /* when the full handshake was; when the ticket came */
    uint32_t lifetime;            /* seconds after issued; 0: the server did not say */
    uint8_t certificate[32];      /* SHA-256 of the server's certificate */
    bool client_certificate;      /* the client showed one */
    fede_bytes server_name, handle; /* borrowed; handle: a client's ticket or session id */
    fede_bytes client;            /* borrowed; a server's: the client's certificate, DER */
} fede_session_facts;

/* fede_session_about: what a session says of itself; false: it is none. */
FEDE_API bool fede_session_about(fede_bytes session, fede_session_facts *out);

/* ---- Connections ------------------------------------------------------------------------------------------------ */

/* fede_client_new makes a client that wants to reach server_name: a host name (A-labels) or an IP address in text form.
   It is sent as server_name extension unless it is an address, and the certificate must have it. NULL only without
   memory; any other problem is in fede_conn_error. The caller owns it; the config may be freed before it. */
FEDE_API fede_conn *fede_client_new(fede_config *config, const char *server_name);

/* fede_server_new makes the server's side of one connection. */
FEDE_API fede_conn *fede_server_new(fede_config *config);

/* fede_conn_free wipes and frees, in whatever state. Sends nothing: call fede_close before, if wanted. NULL is fine. */
FEDE_API void fede_conn_free(fede_conn *conn);

/* Before the first fede_needs of a client: another name for the server_name extension (NULL: leave it out), or another
   name to be proved by the certificate. */
FEDE_API bool fede_conn_server_name(fede_conn *conn, const char *name);
FEDE_API bool fede_conn_verify_name(fede_conn *conn, const char *name);

/* fede_conn_allow_renegotiation lets the server of this connection ask for a new handshake, most times in all, 0 to 255; 0,
   which may also be said later, forbids it again. Before the first fede_needs. The new handshake is bound to the one before
   (RFC 5746; servers without it are refused), agrees with it on the extended master secret, meets the same certificate and is
   verified like the first. Nothing can be written while it lasts. Not over HTTP/2. */
FEDE_API bool fede_conn_allow_renegotiation(fede_conn *conn, unsigned most);

/* fede_conn_peer_address tells the address of the peer, as text, before the first fede_needs: the engine opens no sockets, and
   fede_config_legacy may be bound to addresses. False: too late, or no address; nothing
   else comes of it. Streams (fede/stream.h) call it themselves. */
FEDE_API bool fede_conn_peer_address(fede_conn *conn, const char *address);

/* fede_conn_renegotiate begins the handshake that the server asked for (FEDE_RENEGOTIATION_WAIT); false: it asked for none. */
FEDE_API bool fede_conn_renegotiate(fede_conn *conn);

/* One pointer for the caller. */
FEDE_API void fede_conn_set_user(fede_conn *conn, void *user);
FEDE_API void *fede_conn_user(const fede_conn *conn);

/* fede_needs says what can happen now, as a set. */
enum {
    FEDE_SEND = 1,    /* fede_to_send has bytes for the peer */
    FEDE_RECEIVE = 2, /* fede_to_fill has room: bytes from the peer can go on with things */
    FEDE_READ = 4,    /* fede_plaintext has data from the peer */
    FEDE_WRITE = 8,   /* fede_write takes data */
    FEDE_DECIDE = 16, /* fede_ask has a question */
    FEDE_OVER = 32    /* nothing is left to do, the last alert included; see fede_conn_error */
};
FEDE_API unsigned fede_needs(fede_conn *conn);

/* fede_to_send: bytes for the peer, valid until the next call on conn. fede_sent says what became of them: n > 0 bytes
   are on their way; n < 0 the transport failed for good (never hand in EAGAIN). */
FEDE_API fede_bytes fede_to_send(fede_conn *conn);
FEDE_API void fede_sent(fede_conn *conn, ptrdiff_t n);

/* fede_to_fill: where to put bytes from the peer; never more room than the current record still needs, unless read-ahead
   is on. fede_received says what came: n > 0 bytes, 0 end of stream, < 0 failed for good. */
FEDE_API fede_room fede_to_fill(fede_conn *conn);
FEDE_API void fede_received(fede_conn *conn, ptrdiff_t n);

/* fede_plaintext: data from the peer, valid until fede_consumed or fede_received. fede_consumed drops the first n bytes. */
FEDE_API fede_bytes fede_plaintext(fede_conn *conn);
FEDE_API void fede_consumed(fede_conn *conn, size_t n);

/* fede_write seals at most one record of data and returns how many bytes it took; 0 when FEDE_WRITE is not set. */
FEDE_API size_t fede_write(fede_conn *conn, fede_bytes data);

/* fede_close queues close_notify; the connection is over when it is sent and the peer's has come, or the stream ended. */
FEDE_API void fede_close(fede_conn *conn);

/* fede_abort queues a fatal alert of the caller's choice (user_canceled, access_denied …); then the connection is over. */
FEDE_API void fede_abort(fede_conn *conn, uint8_t alert);

/* fede_release_buffers gives back what a quiet connection does not need: empty windows and cipher objects. They are made
   anew, in under a microsecond, by the next record. */
FEDE_API void fede_release_buffers(fede_conn *conn);

/* Four separate facts about the end. */
enum {
    FEDE_PEER_CLOSED = 1,     /* the peer's close_notify came */
    FEDE_WE_CLOSED = 2,       /* our close_notify was queued */
    FEDE_TRANSPORT_ENDED = 4, /* fede_received was told 0 */
    FEDE_ENDED_BADLY = 8      /* fede_conn_error says why */
};
FEDE_API unsigned fede_ending(const fede_conn *conn);

typedef struct fede_info {
    bool established;            /* application data may flow */
    bool verified;               /* the peer's certificate was verified: a server's for the name, a client's by the anchors */
    bool extended_master_secret; /* RFC 7627 */
    bool false_start;            /* data could be, or can be, written before the handshake was complete */
    bool client_certificate_asked, client_certificate_given; /* the server asked for one; the client's list was not empty */
    bool exporter;               /* fede_export works: established, kept, with extended master secret */
    bool encrypt_then_mac;       /* RFC 7366, with a CBC suite */
    uint8_t legacy;              /* FEDE_LEGACY_… that this connection uses; 0: none */
    bool resumed;                /* by an earlier connection's session; group and scheme are those of its full handshake */
    bool secure_renegotiation;   /* the peer knows RFC 5746 */
    bool renegotiation_wanted;   /* the server asks, and fede_conn_renegotiate would begin */
    uint8_t renegotiations;      /* a client's, begun so far (fede_conn_allow_renegotiation) */
    uint16_t version;            /* FEDE_TLS12 */
    uint16_t suite, group, scheme; /* IANA code points; scheme is the server's signature */
    uint16_t client_scheme;      /* the client's, in CertificateVerify; 0: none */
    fede_bytes alpn;             /* borrowed from the connection; empty when none */
    const char *server_name;     /* client: the name wanted; server: what the client asked for, or NULL */
    uint16_t max_sent, max_received; /* most bytes of data in a record, each way */
    uint64_t sent_records, received_records;
} fede_info;

/* fede_conn_info fills out with what is known so far. */
FEDE_API void fede_conn_info(const fede_conn *conn, fede_info *out);

/* fede_peer_certificate: DER of the peer's certificate number i as it was sent (0: the leaf); fede_verified_certificate: of the
   path that was verified, the trust anchor last; fede_own_certificate: of the chain this side showed. Empty beyond the
   last. The peer's are there until the handshake is complete, i.e. in answers to questions and in trace functions, and
   after it with FEDE_KEEP_PEER; a resumed server has the client's leaf alone, a resumed client nothing of the server. */
FEDE_API fede_bytes fede_peer_certificate(const fede_conn *conn, size_t i);
FEDE_API fede_bytes fede_verified_certificate(const fede_conn *conn, size_t i);
FEDE_API fede_bytes fede_own_certificate(const fede_conn *conn, size_t i);

/* fede_peer_verdict: how the peer's chain was judged; NULL before that and when the handshake is complete. */
FEDE_API const fede_verdict *fede_peer_verdict(const fede_conn *conn);

/* What a CertificateRequest said, for a client until the handshake is complete: the i-th DER Name of a CA, empty beyond the
   last; the i-th signature scheme, 0 beyond the last; the types of certificates, one byte each (RFC 5246 7.4.4). */
FEDE_API fede_bytes fede_requested_authority(const fede_conn *conn, size_t i);
FEDE_API uint16_t fede_requested_scheme(const fede_conn *conn, size_t i);
FEDE_API fede_bytes fede_requested_types(const fede_conn *conn);

/* fede_export derives len bytes that both sides of an established connection can derive and nobody else (RFC 5705). label: as
   registered or beginning with EXPERIMENTAL, 255 bytes at most; context NULL: none, which is not the same as an empty one. Needs
   fede_config_keep, and the extended master secret: without it someone in the middle could have the same value on two
   connections, and RFC 7627 5.4 forbids it. False: not possible; out is zeroed. */
FEDE_API bool fede_export(const fede_conn *conn, const char *label, const fede_bytes *context, uint8_t *out, size_t len);

/* fede_channel_binding writes the connection's binding for authentication inside it and returns its length, 0 when there is
   none: tls-exporter (RFC 9266, 32 bytes) or tls-server-end-point (RFC 5929 4, the hash of the server's certificate, 64 bytes
   at most; not defined where the certificate is signed with EdDSA). Needs fede_config_keep. */
typedef enum fede_binding { FEDE_BINDING_EXPORTER = 1, FEDE_BINDING_SERVER_END_POINT } fede_binding;
enum { FEDE_BINDING_MOST = 64 };
FEDE_API size_t fede_channel_binding(const fede_conn *conn, fede_binding kind, uint8_t out[FEDE_BINDING_MOST]);

/* fede_conn_staple: the OCSP response (DER) that came with the peer's certificate; empty: none. Available as long as
   fede_peer_certificate. */
FEDE_API fede_bytes fede_conn_staple(const fede_conn *conn);

/* fede_conn_scts: the SignedCertificateTimestampList that the server sent in the handshake, with its length; empty: none.
   Until the handshake is complete, i.e. in answers to FEDE_ASK_VERDICT and in trace functions. */
FEDE_API fede_bytes fede_conn_scts(const fede_conn *conn);

/* fede_conn_error: NULL while all is well. Owned by the connection. */
FEDE_API const fede_error *fede_conn_error(const fede_conn *conn);

/* fede_client_hello: the raw ClientHello message, with its header, until the handshake is complete. */
FEDE_API fede_bytes fede_client_hello(const fede_conn *conn);

/* ---- Questions -------------------------------------------------------------------------------------------------- */

typedef struct fede_question {
    unsigned kind;               /* one FEDE_ASK_… bit */
    fede_bytes client_hello;     /* HELLO: the raw message */
    const char *server_name;     /* HELLO: what the client asks for, NULL when it does not say */
    const fede_verdict *verdict; /* VERDICT */
    fede_bytes staple;           /* VERDICT: the OCSP response that came with the chain; empty: none */
    fede_bytes session_id;       /* SESSION: what the client offers */
    size_t credential;           /* SELECTION: what fede would choose, SIGNATURE: whose key; in the order they were added */
    const char *why_not;         /* SELECTION: why there is none that fits, as text; NULL: there is one */
    uint16_t scheme;             /* SIGNATURE: how it must be made (IANA SignatureScheme) */
    fede_bytes to_sign;          /* SIGNATURE: what is signed, not hashed yet */
} fede_question;

/* fede_ask: the open question, or NULL. Answer it now or later with the call that fits; asking again is free. */
FEDE_API const fede_question *fede_ask(const fede_conn *conn);

/* fede_answer_config goes on with another config (HELLO), for instance by server name; NULL keeps the present one.
   fede_answer_refuse ends the handshake with that alert (any question).
   fede_answer_verdict goes on, whatever the verdict was (true), or refuses (false) (VERDICT). */
FEDE_API bool fede_answer_config(fede_conn *conn, fede_config *config);
FEDE_API bool fede_answer_verdict(fede_conn *conn, bool accept);
FEDE_API bool fede_answer_refuse(fede_conn *conn, uint8_t alert);
/* fede_answer_staple: a client has the chain judged again by an OCSP response (DER) about the leaf that it got elsewhere
   (fede_ocsp_request) in place of the server's; a response that the certificate promises with it (must-staple) must still come
   from the server. The question stays open, with the new verdict (VERDICT). */
FEDE_API bool fede_answer_staple(fede_conn *conn, fede_bytes response);
/* fede_answer_session: what fede_conn_session gave for that id, read before the call returns; empty: there is none. */
FEDE_API bool fede_answer_session(fede_conn *conn, fede_bytes session);

#define FEDE_NO_CREDENTIAL SIZE_MAX
/* fede_answer_credential goes on with credential n, whatever its issuer, or with none (FEDE_NO_CREDENTIAL). False, with the
   question still open: there is no such credential, or its key fits none of the server's schemes (SELECTION).
   fede_answer_signature: the signature, copied; checked with the certificate's key before it is sent (SIGNATURE). */
FEDE_API bool fede_answer_credential(fede_conn *conn, size_t n);
FEDE_API bool fede_answer_signature(fede_conn *conn, fede_bytes signature);

/* ---- Names ------------------------------------------------------------------------------------------------------ */

/* The registry's name of a code point, or NULL when unknown; and the other way: true when found. Accepted for suites: IANA
   and OpenSSL names; for groups: also P-256 and the like. fede_*_list gives what fede implements (a policy may allow less): the
   n-th, 0 at the end. */
FEDE_API const char *fede_suite_name(uint16_t id);
FEDE_API const char *fede_group_name(uint16_t id);
FEDE_API const char *fede_scheme_name(uint16_t id);
FEDE_API bool fede_suite_by_name(const char *name, uint16_t *id);
FEDE_API bool fede_group_by_name(const char *name, uint16_t *id);
FEDE_API bool fede_scheme_by_name(const char *name, uint16_t *id);
FEDE_API uint16_t fede_suite_list(size_t n);
FEDE_API uint16_t fede_group_list(size_t n);
FEDE_API uint16_t fede_scheme_list(size_t n);
/* The same for what the quarantine knows (fede_config_legacy). */
FEDE_API uint16_t fede_legacy_suite_list(size_t n);
FEDE_API uint16_t fede_legacy_group_list(size_t n);

/* fede_library_version: "fede 0.1.0, OpenSSL 3.0.22 …". */
FEDE_API const char *fede_library_version(void);

#ifdef __cplusplus
}
#endif
#endif
