/* bogo/shim.h: what the parts of the shim share. BoringSSL's protocol runner starts the shim once for each test, as client or
   server, and judges it by the bytes on the wire, the exit status and the name of the error on stderr. Only fede's public
   headers are used here.

   flags.c     the runner's flags as one table, into struct options
   setup.c     options into a fede_config
   answers.c   what the application answers when the engine asks
   link.c      the socket, and fede's bytes through it
   issuers.c   which credentials a client may see
   checks.c    what must hold after the handshake
   names.c     fede's reasons by the names that the runner knows
   shim.c      the connections of one test, from start to end */
#ifndef BOGO_SHIM_H
#define BOGO_SHIM_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fede/fede.h"

enum { EXIT_FAILED = 1, EXIT_UNIMPLEMENTED = 89 };
enum { MOST_CODES = 32, MOST_CREDENTIALS = 8, MOST_BLOB = 4096 };

struct blob {
    uint8_t data[MOST_BLOB];
    size_t len;
    bool given;
};

struct codes16 {
    uint16_t ids[MOST_CODES];
    size_t n;
};

/* One certificate with its key: the default one, or one of -new-x509-credential. */
struct credential_options {
    const char *cert_file, *key_file;
    struct codes16 signing;
    struct blob staple;
    bool must_match_issuer;
};

struct options {
    /* The link. */
    int port, shim_id, resume_count;
    bool server, ipv6, async, is_handshaker_supported;
    /* What is offered and chosen. */
    int min_version, max_version;
    bool no_tls1, no_tls11, no_tls12, no_tls13, no_ticket, no_legacy_server_connect;
    struct codes16 curves, verify_prefs;
    const char *cipher, *host_name;
    struct credential_options credentials[MOST_CREDENTIALS]; /* [0]: the default one */
    size_t n_credentials;                                    /* beyond the default one */
    const char *advertise_alpn, *select_alpn;
    bool reject_alpn, select_empty_alpn, fallback_scsv;
    int max_send_fragment, max_cert_list;
    /* Callbacks. */
    bool use_early_callback, fail_early_callback, fail_cert_callback;
    bool verify_peer, require_any_client_certificate;
    bool verify_fail, use_custom_verify_callback, reverify_on_resume, use_old_client_cert_callback;
    const char *use_client_ca_list;
    bool enable_ocsp_stapling, use_ocsp_callback, set_ocsp_in_callback, decline_ocsp_callback, fail_ocsp_callback;
    /* What is said and done. */
    bool implicit_handshake, shim_writes_first, shim_shuts_down, check_close_notify, send_alert;
    bool no_op_extra_handshake, peek_then_read, read_with_unfinished_write;
    bool renegotiate_freely, renegotiate_once, renegotiate_ignore, renegotiate_explicit,
        forbid_renegotiation_after_handshake;
    bool use_exporter_between_reads, use_export_context, use_ticket_callback, renew_ticket;
    const char *export_label, *export_context;
    int read_size, resumption_delay, export_keying_material;
    /* What must be seen. */
    int expect_version, expect_cipher, expect_curve_id, expect_peer_signature_algorithm;
    const char *expect_server_name, *expect_alpn, *expect_early_data_reason, *expect_advertised_alpn,
        *expect_msg_callback;
    bool expect_session_miss, expect_extended_master_secret, expect_ticket_renewal, expect_no_session;
    bool expect_session_id, expect_no_session_id;
    bool expect_secure_renegotiation, expect_no_secure_renegotiation;
    int expect_selected_credential; /* -2: not asked */
    int expect_total_renegotiations;
    struct blob expect_ocsp_response, expect_certificate_types;
    const char *expect_client_ca_list, *expect_peer_cert_file;
    struct codes16 expect_peer_verify_prefs;
    bool expect_verify_result, expect_accept_early_data;
};

/* The three configurations of a test. False: something was said on stderr; *status is what to end with. */
bool flags_read(int argc, char **argv, struct options *initial, struct options *resumed, int *status);

int not_implemented(const char *what); /* EXIT_UNIMPLEMENTED */

/* One connection of a test. */
struct run {
    const struct options *options;
    fede_config *config; /* of this connection */
    fede_store *store;
    fede_conn *conn;
    int fd;
    bool resuming; /* not the first connection of the test */
    bool asked;    /* async: the open question was left for the next turn */
    /* Seen in the trace. */
    char messages[4096];
    size_t messages_len;
    bool got_ticket, ssl2_hello;
    bool refused_chain, judged_chain; /* the application's verdict on the peer's certificates */
    char why_not_resumed[128];        /* in the trace's words */
    size_t why_not_resumed_len;
};

enum { MOST_CAS = 8 };

/* setup.c: NULL when something was said on stderr. base: of the connection before, whose ticket keys and store go on. */
fede_config *setup_config(const struct options *o, const fede_config *base, fede_store *store, struct run *run,
                          int *status);
bool setup_staples(const struct options *o, fede_config *config);
bool setup_choice(const struct options *o, fede_config *config);
fede_bytes setup_file(const char *path); /* to be freed */
void setup_advance_clock(int seconds);

/* link.c */
bool link_open(struct run *run);
void link_close(struct run *run);
/* One step: a question answered, bytes sent, bytes received. False: nothing can be done any more. */
bool link_turn(struct run *run);
void link_flush(struct run *run);

/* issuers.c: the content of a ClientHello's extension. The options with the credentials that may be shown: how many. */
fede_bytes hello_extension(fede_bytes hello, unsigned id);
size_t issuers_left(const struct run *run, fede_bytes hello, struct options *left);

/* answers.c */
void answer(struct run *run);
/* Names of CAs as the runner writes them: DER in hexadecimal, commas between. How many; blobs: as much as fits. */
size_t names_of_cas(const char *text, struct blob *names, size_t most);

/* checks.c: false when something was said on stderr. */
bool checks_after_handshake(struct run *run);
bool checks_at_end(struct run *run);
void checks_trace(void *arg, const fede_event *event);

/* names.c: writes the error's name as the runner wants it. */
void names_print(const fede_error *error);

#endif
