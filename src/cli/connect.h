/* fede connect: what its files share.

   connect_options.c reads the command line; connect_auth.c reads client certificates; connect.c goes from visit to visit, connect_way.c to the peer; connect_tls.c
   makes the configuration and listens to the trace; request.c with request1.c and request2.c asks over HTTP; pipe.c is the raw connection. */
#ifndef CLI_CONNECT_H
#define CLI_CONNECT_H

#include "cli/channel.h"
#include "cli/credential.h"
#include "cli/key_out.h"
#include "cli/legacy.h"
#include "cli/output.h"
#include "cli/tcp.h"
#include "cli/url.h"

enum { FIELDS_GIVEN_MOST = 100, FIXED_MOST = 32, FILES_MOST = 16, SHOWN_MOST = 8, EXPORT_MOST = 1024, CODE_POINTS_MOST = 64, ALPN_NAMES_MOST = 16 };

/* ---- Settings: what the command line says ------------------------------------------------------------------------- */

struct code_point_list {
    uint16_t ids[CODE_POINTS_MOST];
    size_t n;
};

struct connect_settings {
    struct story story;
    bool silent, show_error; /* -s, -S */

    /* The request. */
    const char *method, *agent, *referer, *cookie, *range, *user;
    const char *fields[FIELDS_GIVEN_MOST];
    size_t n_fields;
    char *body; /* owned, NULL: none */
    size_t body_len;
    bool head, get, include, fail, follow, upload, compressed, wants_http;
    long redirects_most;

    /* The data. */
    const char *output, *write_out;
    bool remote_name;

    /* The way there. */
    unsigned long max_ms, connect_ms; /* 0: no limit */
    int family;
    const char *fixed[FIXED_MOST], *detours[FIXED_MOST]; /* --resolve, --connect-to */
    size_t n_fixed, n_detours;
    const char *unix_socket, *interface, *proxy, *no_proxy, *proxy_user, *starttls;

    /* TLS. */
    bool diagram;
    bool insecure, no_alpn, http1, http2, no_server_name, show_certificates, no_ems;
    const char *anchor_files[FILES_MOST], *anchor_directories[FILES_MOST];
    size_t n_anchor_files, n_anchor_directories;
    struct code_point_list suites, groups, schemes;
    struct legacy_settings legacy;
    char alpn_text[256];
    const char *alpn[ALPN_NAMES_MOST];
    size_t n_alpn;
    const char *server_name, *verify_name, *keylog, *report, *session_in, *session_out;
    long reconnects; /* --reconnect, 0: none */
    bool no_ticket, status, ocsp, false_start;
    bool scts;
    const char *ct_logs;
    fede_revocation revocation;
    const char *crl_files[FILES_MOST];
    size_t n_crl_files;
    long renegotiations, record_limit, fragment_length; /* 0: none */
    struct shown { /* client certificates */
        const char *cert, *key; /* key NULL: it stands in the certificate's file */
        const char *pass;       /* where its password is, or NULL */
    } shown[SHOWN_MOST];
    size_t n_shown;
    const char *export_label;
    long export_len; /* 0: not given */
    int64_t at_time; /* --attime, INT64_MIN: now */
    long max_fragment;

    /* The raw connection. */
    bool interactive, crlf;
    unsigned long linger_ms;
};

int connect_run(int argc, char **argv);
void connect_defaults(struct connect_settings *settings);
bool connect_take(void *settings, const struct option_row *row, const char *value, struct text *why);
/* What no single option can say. */
bool connect_check(struct connect_settings *settings, struct text *why);
void connect_settings_free(struct connect_settings *settings);

/* ---- One run ------------------------------------------------------------------------------------------------------ */

/* Moments of the last visit, of clock_ticks; 0: not reached. And what else -w can print. */
struct facts {
    uint64_t start, first_start, look_up, connected, secured, before_request, first_byte, end, redirected;
    int status, connects, redirects, http_version; /* 10, 11, 20; 0: none */
    int tcp_round_trips, tls_round_trips;
    uint64_t downloaded, uploaded, request_size, head_size;
    char url[TARGET_SIZE], content_type[256], remote[64], local[64];
    unsigned remote_port, local_port;
    bool tls, verified;
    char version[16], suite[64], group[32], scheme[40], alpn[40], reason[48];
};

struct client {
    struct connect_settings set;
    struct report_options story, page; /* page: --report; out NULL: none */
    struct report *report;
    struct facts facts;
    struct sink sink;
    struct channel channel;
    struct client_proxy {  /* of this visit */
        bool used;
        char host[256], port[6], credentials[256];
    } proxy;
    uint64_t deadline_us;  /* -m, 0: none */
    fede_config *config;
    struct key_out keylog;
    struct token_key *tokens[SHOWN_MOST]; /* owned: keys of certificates to show that are elsewhere; else NULL */
    uint8_t *session;      /* owned: what the next connection may resume; NULL: nothing */
    size_t session_len;
    struct client_trace {  /* filled while the trace is heard */
        fede_conn *conn;
        bool last_was_ours, opened;
        bool told; /* the report is complete */
    } trace;
    fede_error error;      /* the failure reported */
    char detail[1536];     /* for the tool's own errors */
    int code;              /* exit code so far */
    char why[512];         /* its reason in words */
    char command[4096];    /* the command line, without what may be a password */
};

/* Sets exit code and reason from an error and reports it; the first wins. Always false. */
bool client_failed(struct client *client, const fede_error *error);
/* The same for an error of the tool's own with detail in client->detail. */
bool client_fail(struct client *client, fede_reason reason, uint8_t origin, int64_t got, int64_t wanted);
/* connect_way.c: the channel to url's host is open, with TLS where it wants that. */
bool connect_arrive(struct client *client, const struct url *url);

/* connect_tls.c */
bool tls_prepare(struct client *client, const char *host); /* the configuration; false: exit code set */
bool tls_start(struct client *client, const struct url *url);
bool tls_refused(struct client *client); /* the configuration has an error: reported; always false */
void tls_finish(struct client *client);

/* connect_auth.c: certificates to show, before the configuration is used; what is exported, when the connection is there. */
bool auth_prepare(struct client *client);
void auth_finish(struct client *client);
void auth_export(struct client *client);

/* connect_decide.c: answers what the connection asks; client is a struct client. */
bool connect_decide(void *client, struct channel *channel, fede_conn *conn);

/* request.c: one request and its answer. *location: owned text of a redirect to follow, or NULL. */
bool request_run(struct client *client, const struct url *url, const char *method, bool with_body, bool same_origin, char **location);

/* pipe.c: standard input through the channel, the channel to the sink, until the end. */
bool pipe_run(struct client *client);

#endif
