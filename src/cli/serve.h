/* fede serve: what its files share.

   serve.c starts and stops it all; serve_options.c holds the options; serve_identity.c makes configurations from files;
   serve_worker.c runs one event loop per worker and accepts; serve_peer.c drives one connection between socket, engine
   and talk; serve_story.c tells of it; serve_plain.c stands in for the engine where --plain leaves TLS out. What is said
   over a connection (a "talk") is in respond*.c. */
#ifndef CLI_SERVE_H
#define CLI_SERVE_H

#include <netdb.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <uv.h>

#include "cli/credential.h"
#include "cli/key_out.h"
#include "cli/legacy.h"
#include "cli/options.h"
#include "cli/output.h"
#include "fede/fede.h"

enum { LISTEN_MOST = 16, PAIRS_MOST = 32, WORKERS_MOST = 16, RECORD_MOST = 16384, CODES_MOST = 32, ALPN_MOST = 8, CAS_MOST = 16, EXPORT_MOST = 1024 };

/* ---- Settings: what the command line says ------------------------------------------------------------------------ */

/* A certificate chain and its key. */
struct pair {
    const char *cert, *key; /* key NULL: it stands in the certificate's file */
    const char *chain;      /* further certificates, or NULL */
    const char *pass;       /* where its password is, or NULL */
    const char *staple;     /* an OCSP response, or NULL */
    const char *scts;       /* timestamps of logs, or NULL */
    char *name; /* --sni: the name it is for (owned; cert and key point into it); NULL: from the certificate */
};

struct code_points {
    uint16_t ids[CODES_MOST];
    size_t n;
};

struct settings {
    struct story story;
    const char *directory; /* the files to serve; NULL: none */
    const char *listen[LISTEN_MOST];
    size_t n_listen;
    const char *unix_socket;
    struct pair pairs[PAIRS_MOST];
    size_t n_pairs, n_keys;
    struct code_points suites, groups, schemes;
    struct legacy_settings legacy;
    char *alpn_text; /* owned; alpn points into it */
    const char *alpn[ALPN_MOST];
    size_t n_alpn;
    const char *session_store; /* a Redis server, or NULL */
    const char *keylog, *ticket_key, *report; /* report: directory for pages, or NULL */
    const char *cas[CAS_MOST]; /* --ca */
    size_t n_cas;
    const char *export_label;
    long export_len;
    bool request_cert, require_cert;
    bool no_tickets, no_ems, no_alpn, http1, echo, www, once, plain;
    int reject; /* alert to refuse each ClientHello with, -1: none */
    long max_fragment, record_limit, workers, max_connections, session_cache, ticket_lifetime, handshake_limit; /* 0: not given */
    unsigned long handshake_ms, idle_ms, grace_ms;
};

void settings_defaults(struct settings *settings);
/* What no single option can say; false with the reason. */
bool settings_check(struct settings *settings, struct text *why);
void settings_free(struct settings *settings);
int serve_run(int argc, char **argv);
/* The same; when it listens one byte is written to the descriptor ready, which is closed then. */
int serve_told(int argc, char **argv, int ready);

/* ---- The server -------------------------------------------------------------------------------------------------- */

/* The configurations in use. Made whole at start and at each SIGHUP; counted, so that connections under way keep theirs. */
struct identity {
    atomic_int holders;
    struct token_key *keys[PAIRS_MOST]; /* of each pair of the settings: what signs when its key is on a token, else NULL */
    fede_config *standard; /* for every name without its own; NULL: such clients are refused */
    size_t n;
    struct named_config {
        const char *name; /* borrowed from the settings */
        fede_config *config;
    } named[PAIRS_MOST];
};

struct worker;

struct server {
    struct settings settings;
    struct report_options report; /* what each story is made with */
    char command[4096];           /* the command line, for pages */
    struct worker *workers;
    size_t n_workers;
    int listeners[LISTEN_MOST * 4];
    size_t n_listeners;
    int root;        /* the served directory, -1: none */
    struct key_out keylog;
    int ready;       /* as in serve_told */
    size_t fragment; /* most bytes in one record */
    uv_mutex_t identity_lock;
    struct identity *identity;
    fede_config *lasting;    /* all configurations come from it: it holds what outlives a SIGHUP, keys of tickets and sessions */
    uv_loop_t loop; /* of the main thread: signals and the workers' reports */
    uv_async_t worker_told;
    uv_signal_t signals[3];
    atomic_uint numbers;           /* of connections, from 1 */
    atomic_uint open;              /* connections at this moment */
    atomic_uint completed, failed; /* handshakes */
    atomic_bool descriptors_told, full_told;
    atomic_int exit_code; /* of --once */
    atomic_bool stop_wanted;
    atomic_bool hurry; /* a second signal: don't wait for anything */
    bool stopping;
};

/* One line on the story's stream; text has no line end. Lines of different threads never mix. */
void server_say(struct server *server, const char *text);
/* Asks the whole server to stop in order, from any thread. */
void server_stop(struct server *server);

struct identity *identity_load(struct server *server, struct text *why);
struct identity *identity_hold(struct server *server);
void identity_drop(struct identity *identity);
/* A line for each certificate in it. */
void identity_tell(struct server *server, const struct identity *identity);
/* Puts a new one in the server's place for it. */
void identity_replace(struct server *server, struct identity *identity);
/* What signs for credential number n of that config. */
struct token_key *identity_key(const struct server *server, const struct identity *identity, const fede_config *config, size_t n);
/* The config for a name the client asked for; NULL: refuse. */
fede_config *identity_choose(const struct identity *identity, const char *name);

/* ---- Workers ------------------------------------------------------------------------------------------------------ */

/* Where a connection stands; each phase has its list in the worker, oldest movement first. */
enum phase { PHASE_HANDSHAKE, PHASE_WARM, PHASE_IDLE, PHASE_CLOSING, PHASES };

struct peer_list {
    struct peer *first, *last;
};

struct worker {
    struct server *server;
    uv_thread_t thread;
    uv_loop_t loop;
    uv_async_t wake;
    uv_timer_t tick;      /* runs only while there are connections, or accepting pauses */
    uv_poll_t *listeners; /* one for each of the server's */
    struct peer_list lists[PHASES];
    size_t peers, given; /* connections now; how many gave memory back since the system got it */
    bool ticking, paused, stopping, closed_listeners;
    atomic_bool stop;                /* set by the main thread */
    atomic_bool deaf, over;          /* told to it: the listening sockets are no longer waited on; the thread ends */
    struct sessions *sessions;       /* --session-store: this worker's connection to it */
    uint64_t stopped_ms, trimmed_ms; /* when stopping began; when the system last got memory back */
    uint8_t scratch[RECORD_MOST];
};

bool worker_start(struct worker *worker, struct server *server);
void worker_join(struct worker *worker);
/* A connection has gone, its memory too. */
void worker_lost_peer(struct worker *worker);
void worker_list(struct worker *worker, struct peer *peer, enum phase phase);
void worker_unlist(struct worker *worker, struct peer *peer);

/* ---- Connections -------------------------------------------------------------------------------------------------- */

struct talk_kind;
struct plain;

struct peer {
    uv_poll_t poll;
    struct worker *worker;
    fede_conn *tls; /* one of these two */
    struct plain *plain;
    struct identity *identity;    /* until the handshake is complete */
    const struct talk_kind *kind; /* NULL until the handshake is complete */
    void *talk;
    struct report *report;       /* the story, NULL when none is told */
    struct memoir *memoir;       /* --www: the handshake's story as text */
    struct report *page;         /* --report: the story as a page */
    struct report_options paper; /* where that goes */
    struct peer *before, *after; /* neighbours in the worker's list */
    uint64_t moved_ms;           /* when the last byte came or went */
    uint64_t began_us, opened_us;
    uint64_t in, out; /* bytes of application data */
    unsigned number, requests;
    int fd, problem;       /* the socket; the error it had */
    fede_error failure;    /* what the engine can't know: why the transport failed, a time limit, a token */
    char trouble[200];     /* its detail, when that is no fixed text */
    uint8_t phase, events; /* enum phase; what the poll waits for */
    bool blocked, dry;     /* the socket takes, or has, nothing more for now */
    bool stopping, shut, over, told;
    struct errand *errand; /* waits for the session store */
    struct signing *signing; /* waits for a token's signature */
    fede_config *config;     /* the identity's that it goes on with */
    bool kept;     /* its session was stored */
    bool late;     /* a time limit ended it */
    char name[60]; /* address and port */
};

/* Takes a connected, non-blocking socket; owns it whatever happens. */
void peer_accept(struct worker *worker, int fd, const struct sockaddr *address);
/* Goes on as far as possible. The peer may be gone afterwards. */
void peer_go(struct peer *peer);
/* Its time is up, in whatever phase. The peer may be gone afterwards. */
void peer_time_up(struct peer *peer);
/* Quiet for a while: gives memory back. */
void peer_rest(struct peer *peer);
/* The server stops: true when nothing is open on this connection and it was told to close. */
void peer_stop(struct peer *peer, bool now);
unsigned peer_ending(const struct peer *peer);
const fede_error *peer_error(const struct peer *peer); /* NULL while all is well */

/* The story: peer_story_end tells once how it ended; peer_story_free keeps nothing. */
void peer_story_begin(struct peer *peer);
/* The handshake is complete: who the client is, what is exported. */
void peer_story_open(struct peer *peer);
void peer_story_end(struct peer *peer);
void peer_story_free(struct peer *peer);
/* A fede_trace_fn; arg is the server. */
void peer_trace(void *arg, const fede_event *event);

/* ---- --session-store ---------------------------------------------------------------------------------------------- */

/* Is this the name of a store? */
bool sessions_place(const char *text, struct text *why);
/* "redis://HOST:PORT" taken apart. */
bool sessions_address(const char *text, char *host, size_t size, int *port);
/* The engine asks for the session of this id; it is answered now or later, and the connection goes on then. */
void sessions_find(struct peer *peer, bytes id);
/* Stores the connection's session if it has one; while peer->errand is set nothing may be sent. */
void sessions_keep(struct peer *peer);
void sessions_forget(struct peer *peer); /* it failed */
void sessions_leave(struct peer *peer);  /* it goes: no answer is waited for */
void sessions_tick(struct worker *worker);
void sessions_close(struct worker *worker);

/* ---- Keys on tokens ------------------------------------------------------------------------------------------------ */

/* The engine asks for a signature: a thread of the pool has the token make it, and the connection goes on then. */
void sign_begin(struct peer *peer, const fede_question *question);
void sign_leave(struct peer *peer); /* the connection goes: the signature is thrown away */

/* For talks: at most one record is taken, and only in give or take. */
size_t peer_write(struct peer *peer, bytes data);
/* Close in order once everything written is sent. */
void peer_close(struct peer *peer);
/* The answer can't be completed: end without close_notify, so that the peer does not take it for whole. */
void peer_break(struct peer *peer);
/* One request was answered: a line in the story at -v. */
void peer_tell_request(struct peer *peer, const char *line);
/* The handshake's story so far, as text, for --www; NULL without one. Valid until the next event. */
const char *peer_memoir(struct peer *peer);

/* What is said over a connection, once the handshake is complete. */
struct talk_kind {
    const char *name;
    bool (*start)(struct peer *peer);
    /* Bytes from the peer; returns how many are done with. Those left are offered again later. */
    size_t (*take)(struct peer *peer, bytes in);
    /* There is room for one record; false: nothing to say now. */
    bool (*give)(struct peer *peer);
    /* In the middle of something that should be completed before closing. */
    bool (*busy)(const struct peer *peer);
    /* The server stops: finish what is open, take nothing new. */
    void (*stop)(struct peer *peer);
    void (*end)(struct peer *peer);
};
extern const struct talk_kind talk_echo, talk_http1, talk_http2;

/* ---- Plain: the engine's shape without TLS ------------------------------------------------------------------------- */

struct plain *plain_new(void);
void plain_free(struct plain *plain);
unsigned plain_needs(const struct plain *plain);
fede_bytes plain_to_send(struct plain *plain);
void plain_sent(struct plain *plain, ptrdiff_t n);
fede_room plain_to_fill(struct plain *plain);
void plain_received(struct plain *plain, ptrdiff_t n);
fede_bytes plain_plaintext(struct plain *plain);
void plain_consumed(struct plain *plain, size_t n);
size_t plain_write(struct plain *plain, fede_bytes data);
void plain_close(struct plain *plain);
unsigned plain_ending(const struct plain *plain);
const fede_error *plain_error(const struct plain *plain);
void plain_release_buffers(struct plain *plain);

#endif
