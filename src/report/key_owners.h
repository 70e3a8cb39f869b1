/* The connections of captures by what key logs know them by: client random, or the start of the encrypted premaster secret. */
#ifndef REPORT_KEY_OWNERS_H
#define REPORT_KEY_OWNERS_H

#include "explain/analysis.h"
#include "explain/key_lines.h"

struct key_owner {
    size_t file;         /* which capture */
    unsigned number;     /* of the connection in it, from 1 */
    size_t before;       /* place from 1 of the row of its handshake before this one; 0: this is its first */
    bool encrypted;      /* rsa is set */
    uint8_t keys;        /* enum key_state, with the secrets given */
    uint8_t random[32], rsa[8];
    char title[160];     /* "127.0.0.1:1 → 127.0.0.1:443" */
};

struct key_owners {
    struct key_owner *list;
    size_t n, room;
    size_t connections;
    uint64_t packets;
    bool failed;
};

/* Reads a capture from its start. False: it can't be read; *problem says why. */
bool key_owners_read(struct key_owners *k, size_t file, int fd, struct secrets *secrets, const char **problem);
bool key_owner_fits(const struct key_owner *o, const struct key_line *l);
void key_owners_end(struct key_owners *k);

#endif
