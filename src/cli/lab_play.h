/* fede lab run: a client and a server in one process, and what is between them: every record can be read, altered, held back
   or made up on its way. Clock, randomness and keys are fixed: the same bytes in every run. lab_play.c moves the bytes,
   lab_identity.c makes keys and certificates, lab_cases.c is the table of cases, lab_damage.c what is done to records. */
#ifndef CLI_LAB_PLAY_H
#define CLI_LAB_PLAY_H

#include "cli/lab.h"
#include "fede/issue.h"

enum { LAB_DAY = 1893456000 /* 2030-01-01 */, QUEUE = 1 << 17 };

/* ---- Identities */

enum lab_who { LAB_ED25519, LAB_RSA, LAB_FOREIGN, LAB_EXPIRED, LAB_FUTURE, LAB_WRONG_NAME, LAB_SELF_SIGNED, LAB_CLIENT };

/* PEM texts, owned. anchor: the CA; NULL for the one that signed itself. */
struct lab_identity {
    char *chain, *key, *anchor;
};
bool lab_identity_make(struct lab_identity *out, enum lab_who who);
void lab_identity_free(struct lab_identity *identity);

/* ---- Cases */

enum {
    CASE_MUTUAL = 1,      /* the server requires a client certificate */
    CASE_NO_CLIENT = 2,   /* and the client has none */
    CASE_TRUSTING = 4,    /* in the second play the client verifies nothing (-k) */
    CASE_FALSE_START = 8,
    CASE_TICKET = 16,     /* two plays: the second resumes */
    CASE_ID = 32,
    CASE_CLASSIC = 64,    /* no extended master secret */
    CASE_OTHER_ALPN = 128
};

struct play;

struct lab_case {
    const char *name, *title;
    const char *what, *why, *section, *next;
    enum lab_who who;
    uint16_t suites[2]; /* offered and taken; 0: the standard ones */
    unsigned legacy, flags, plays; /* plays 0: one */
    void (*tap)(struct play *play, uint8_t from, uint8_t *record, size_t len);
    fede_reason client, server; /* how each side must end, in the first play; FEDE_OK: well */
};
const struct lab_case *lab_case_at(size_t i); /* NULL beyond the last */


/* ---- A play */

struct play_queue {
    uint8_t data[QUEUE];
    size_t len, at;
};

struct play {
    const struct lab_case *lab_case;
    fede_conn *client, *server;
    struct play_queue raw[3], on_way[3]; /* by whom it is for: as sent; let through */
    unsigned variant;                    /* of the damage, 0 in the first play */
    unsigned secured[3];                 /* ChangeCipherSpec records seen from each side */
    unsigned done;                       /* what a tap did once */
    uint8_t kept[1024];
    size_t kept_len;
    char answer[300];
    bool asked, answered;
};

/* A record goes on to its receiver. */
void play_put(struct play *play, uint8_t to, const uint8_t *record, size_t len);
/* The handshake message of that type in a record in the clear: its body; NULL: it is not there. */
uint8_t *play_message(const struct play *play, uint8_t from, uint8_t *record, size_t len, uint8_t type);
bool play_established(const fede_conn *conn);

/* lab_damage.c */
void tap_params(struct play *play, uint8_t from, uint8_t *record, size_t len);
void tap_cke(struct play *play, uint8_t from, uint8_t *record, size_t len);
void tap_ccs(struct play *play, uint8_t from, uint8_t *record, size_t len);
void tap_oracle(struct play *play, uint8_t from, uint8_t *record, size_t len);
void tap_weaker(struct play *play, uint8_t from, uint8_t *record, size_t len);
void tap_version(struct play *play, uint8_t from, uint8_t *record, size_t len);
void tap_splice(struct play *play, uint8_t from, uint8_t *record, size_t len);
void tap_data(struct play *play, uint8_t from, uint8_t *record, size_t len);
void tap_cut(struct play *play, uint8_t from, uint8_t *record, size_t len);

#endif
