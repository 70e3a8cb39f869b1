/* What key logs have told: secrets by label and client random. */
#ifndef EXPLAIN_SECRETS_H
#define EXPLAIN_SECRETS_H

#include "crypto/crypto.h"
#include "explain/input.h"
#include "explain/ticket.h"

/* The labels of RFC 9850 that open a connection, and two older ones. */
enum secret_label {
    SECRET_MASTER = 1,        /* CLIENT_RANDOM */
    SECRET_CLIENT_EARLY,
    SECRET_CLIENT_HANDSHAKE,
    SECRET_SERVER_HANDSHAKE,
    SECRET_CLIENT_TRAFFIC,
    SECRET_SERVER_TRAFFIC,
    SECRET_EXPORTER,
    SECRET_EARLY_EXPORTER,
    SECRET_PREMASTER,         /* PMS_CLIENT_RANDOM */
    SECRET_PREMASTER_RSA,     /* RSA: found by the first 8 bytes of the encrypted premaster secret */
    SECRET_MASTER_OF_ID       /* "RSA Session-ID:… Master-Key:…": the random is the session id */
};

struct secret {
    struct secret *next;
    uint8_t label;            /* enum secret_label */
    uint8_t random_len;
    uint16_t len;
    uint8_t random[32];
    uint8_t bytes[]; /* a premaster secret of DHE is as long as the prime */
};

enum { RSA_KEYS_MOST = 16, PSKS_MOST = 32, PSK_MOST = 256, TICKET_ROOTS_MOST = 16 };
struct psk {
    uint8_t identity_len, len; /* no identity: for any */
    uint8_t identity[128], bytes[PSK_MOST - 1];
};

struct secrets {
    struct secret **slots;    /* NULL before the first one */
    uint64_t lines, used, repeated, foreign; /* lines that are entries; kept; said before; something else */
    bool failed;              /* memory was missing */
    struct crypto_key *rsa[RSA_KEYS_MOST]; /* of servers: they decrypt premaster secrets */
    size_t n_rsa;
    struct psk *psks;
    size_t n_psks;
    uint8_t ticket_roots[TICKET_ROOTS_MOST][TICKET_ROOT]; /* of servers that are fede: see ticket.h */
    size_t n_ticket_roots;
};

/* Reads a key log to its end, or lines of one. */
void secrets_read(struct secrets *s, struct input *input);
void secrets_lines(struct secrets *s, bytes text);
/* Each line of a key log, its line end included; one too long to be an entry comes cut. */
void secrets_each_line(struct input *input, void (*line)(void *arg, bytes line), void *arg);
/* A server's private key, PEM or DER; false: no RSA key, or too many. */
bool secrets_rsa_key(struct secrets *s, bytes pem_or_der);
/* "HEX" or "IDENTITY:HEX"; false: it is neither, or there are too many. */
bool secrets_psk_line(struct secrets *s, const char *line);
/* The content of a file of ticket keys, 32 bytes each; false: it is none, or there are too many. */
bool secrets_ticket_keys(struct secrets *s, bytes keys);
/* The n-th, when it is for that identity; else empty. */
bytes secrets_psk(const struct secrets *s, size_t n, bytes identity);
void secrets_end(struct secrets *s);

/* The n-th secret with that label and random, in the order of the files; data NULL when there is none. */
bytes secrets_find(const struct secrets *s, enum secret_label label, bytes random, size_t n);
bool secrets_any(const struct secrets *s, bytes random); /* under any label */
const char *secret_label_name(enum secret_label label);

#endif
