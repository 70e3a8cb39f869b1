/* tls/config.h: the shared part. Built once, then never changed; counted; any number of threads may use it. */
#ifndef TLS_CONFIG_H
#define TLS_CONFIG_H

#include <stdatomic.h>

#include "base/memory.h"
#include "crypto/crypto.h"
#include "fede/fede.h"
#include "tls/session.h"
#include "wire/wire.h"
#include "x509/x509.h"

/* Code points in order of preference, kept as they stand in a message. */
enum { CODES_MAX = 32 };
struct codes {
    uint8_t data[2 * CODES_MAX];
    uint8_t n;
};
static inline struct u16s codes_list(const struct codes *c)
{
    return (struct u16s){c->data, c->n};
}
void codes_add(struct codes *c, uint16_t id); /* once each; more than CODES_MAX are left out */

/* A named, dated set of what may be negotiated (policy.c). */
struct policy {
    const char *name, *alias; /* "2026-11", "default" */
    uint16_t lowest, highest;
    bool need_extended_master_secret;
    bool need_secure_renegotiation[2];         /* of servers (we are the client), of clients (we are the server) */
    const uint16_t *suites, *groups, *schemes; /* 0 at the end */
};
const struct policy *policy_find(const char *name); /* NULL: there is none */

/* A certificate chain and its private key (credential.c). Counted; shared by derived configurations. */
struct credential {
    atomic_uint refs;
    fede_allocator allocator;
    uint8_t *list; /* content of the Certificate message's list, as sent */
    size_t list_len, n;
    struct certificate leaf; /* borrows from list */
    struct crypto_key *key;  /* NULL: the application signs */
    struct codes schemes;    /* by which it signs, in this order; none: the configuration's */
    bool any_issuer;         /* client: sent also where the server names other CAs */
    uint8_t kind; /* enum key_kind */
    uint8_t auth; /* enum suite_auth: which suites it can authenticate */
    uint8_t leaf_hash[HASH_MAX]; /* SHA-256 of the leaf: sessions are tied to it */
};
struct credential *credential_new(const fede_allocator *from, bytes chain, const bytes *key, fede_error *error); /* key NULL: elsewhere */
/* The scheme of ours by which it can sign and that the other side takes; NULL: none. */
const struct scheme *credential_scheme(const struct credential *credential, struct u16s ours, struct u16s theirs,
                                       uint16_t version);
bool credential_signs(const struct credential *credential, const struct scheme *scheme, uint16_t version);
struct credential *credential_hold(struct credential *credential);
void credential_free(struct credential *credential);

/* Trust anchors with a count: derived configurations share them (trust.c). */
struct trust {
    atomic_uint refs;
    fede_allocator allocator;
    struct anchors *anchors;
};
struct fede_config;
struct trust *trust_new(const fede_allocator *from);
struct trust *trust_hold(struct trust *trust);
void trust_free(struct trust *trust);
/* The config's anchors, to be added to: a copy if others hold them too. NULL: no memory. */
struct anchors *trust_own(struct fede_config *config);

/* Byte strings by number, counted and never changed: what a setting replaces is a new shelf (shelf.c). */
struct shelf;
/* As old (NULL: empty), but item i is value. NULL: no memory. old stays. */
struct shelf *shelf_put(const fede_allocator *from, const struct shelf *old, size_t i, bytes value);
void shelf_hold(struct shelf *shelf); /* NULL is fine, here and below */
void shelf_free(struct shelf *shelf);
bytes shelf_at(const struct shelf *shelf, size_t i); /* empty where nothing was put */
size_t shelf_count(const struct shelf *shelf);
const bytes *shelf_all(const struct shelf *shelf);

struct fede_config {
    atomic_uint refs;
    atomic_bool in_use;       /* a connection was made from it: nothing may change any more */
    fede_allocator allocator; /* from here on copied when deriving */
    const struct policy *policy;
    uint16_t lowest, highest;
    struct codes suites, groups, schemes;
    uint32_t suites_tied; /* bit i: suite i is as good as the one behind it */
    fede_ems ems;
    uint8_t legacy;             /* FEDE_LEGACY_…: what of the quarantine is allowed, for some peers, until a date */
    int64_t legacy_until;       /* seconds since 1970 UTC */
    struct shelf *legacy_words; /* 0: the reason, with a NUL; from 1 on: the peers */
    struct trust *trust;
    struct credential **credentials;
    size_t n_credentials;
    uint8_t *alpn; /* content of a ProtocolNameList */
    size_t alpn_len;
    uint8_t *authorities; /* content of certificate_authorities */
    size_t authorities_len;
    bool authorities_given;     /* else the subjects of the trust anchors */
    uint8_t client_certificate; /* fede_client_certificate: what a server asks for */
    uint8_t keeps;              /* FEDE_KEEP_… */
    struct tickets *tickets;  /* shared when derived */
    uint32_t ticket_lifetime; /* seconds; 0: no tickets */
    fede_signatures *signatures; /* verified before; NULL: not remembered */
    fede_store *store;        /* sessions by id; NULL: none */
    struct shelf *staples;    /* OCSP responses, by number of the credential; NULL: none */
    struct shelf *sct_lists;  /* SignedCertificateTimestampLists, by number of the credential; NULL: none */
    fede_ct_logs *ct_logs;    /* NULL: timestamps are not judged */
    struct shelf *crls;       /* revocation lists (DER); NULL: none */
    fede_revocation revocation; /* what an unknown status means */
    struct crypto_random random;
    fede_trace_fn *trace;
    void *trace_arg;
    int64_t (*wall)(void *arg);
    uint64_t (*ticks)(void *arg);
    void *clock_arg;
    size_t message_limit, handshake_limit, handshake_bytes;
    uint32_t handshake_ms;
    uint16_t max_fragment, record_limit; /* record_limit: RFC 8449; 0: not offered */
    uint8_t fragment_code;               /* max_fragment_length as in the extension; 0: not offered */
    uint8_t questions;
    bool fallback, reveal_secrets, unauthenticated, read_ahead, half_close, sessions;
    bool status_request, scts, false_start;
    uint8_t renegotiation; /* fede_renegotiation */
    bool failed; /* a setting did, while settings could change: no connection is made */
    fede_error error;
    char detail[160]; /* what error.detail points to */
};

/* For settings: false once a connection exists (error set). The first failed setting is kept. Always false. */
bool config_changeable(struct fede_config *config);
bool config_refuse(struct fede_config *config, fede_reason reason, int64_t got, int64_t wanted, const char *detail);
/* The quarantine (quarantine.c). Which of the FEDE_LEGACY_… a suite needs; 0: none. May a config name it, or the group? */
unsigned quarantine_needed(const struct suite *suite);
bool quarantine_suite(const struct fede_config *config, uint16_t id);
bool quarantine_group(const struct fede_config *config, uint16_t id);
bool quarantine_scheme(const struct fede_config *config, uint16_t id);
bool config_take_schemes(struct fede_config *config, struct codes *to, const uint16_t *ids, size_t n);
/* Counts one more user and ends the time in which settings may change. */
struct fede_config *config_hold(struct fede_config *config);
static inline bytes config_alpn(const struct fede_config *config)
{
    return bytes_of(config->alpn, config->alpn_len);
}
int64_t config_wall(const struct fede_config *config);   /* seconds since 1970 UTC */
uint64_t config_ticks(const struct fede_config *config); /* microseconds, monotonic */

#endif
