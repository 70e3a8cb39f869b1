/* What the files of `fede ca` share: the request of a run, the folder of a CA. */
#ifndef CLI_CA_H
#define CLI_CA_H

#include <stdio.h>

#include "base/text.h"
#include "fede/issue.h"

enum { CA_MOST = 64, DER_MOST = 1 << 16, REVOKED_MOST = 4096 };

enum ca_flaw {
    FLAW_EXPIRED,
    FLAW_FUTURE,
    FLAW_WRONG_NAME,
    FLAW_SELF_SIGNED,
    FLAW_NO_ISSUER,
    FLAW_WEAK_KEY,
    FLAW_SHA1,
    FLAW_WRONG_ORDER,
    FLAW_REVOKED,
    FLAW_NO_STAPLE,
    FLAW_NO_SAN,
    FLAW_BAD_SIGNATURE,
    FLAW_NOT_A_CA,
    FLAW_PATH_TOO_LONG,
    FLAW_CONSTRAINT_BROKEN,
    FLAWS
};
extern const char *const ca_flaws[FLAWS]; /* as they are written */

struct ca_options {
    const char *folder, *out, *subject, *parent;
    const char *listen, *signer; /* ocsp: where it answers; NAME.pem and NAME.key of who signs, NULL: the CA */
    const char *pass;            /* p12: where its password is */
    const char *names[CA_MOST], *permitted[CA_MOST], *excluded[CA_MOST], *policies[CA_MOST];
    size_t n_names, n_permitted, n_excluded, n_policies;
    fede_key_kind kind;
    unsigned bits, purposes, flaws; /* flaws: a set of 1 << enum ca_flaw */
    bool must_staple, key_encipherment, times_given;
    int path_length;  /* as in fede_issue_request */
    int64_t from, to; /* 0: from an hour ago, for days */
    long days;
    const char *ocsp_url, *issuer_url, *crl_url;
    uint8_t serial[20];
    size_t serial_len;
};

/* A certificate with its key. */
struct ca_pair {
    fede_key *key;
    uint8_t der[DER_MOST];
    size_t len;
};

/* ca_files.c: the folder of a CA: ca.pem, ca.key, chain.pem (the intermediates above, root excluded), revoked.txt. */
bool ca_load(const char *folder, struct ca_pair *ca, char **above, struct text *why);
/* NAME.pem and NAME.key. */
bool ca_load_pair(const char *name, struct ca_pair *out, struct text *why);
/* Writes a new file, never over an old one; a key with mode 0600. */
bool ca_write(const char *folder, const char *name, const char *end, const char *text, bool secret, struct text *why);
bool ca_write_bytes(const char *folder, const char *name, const char *end, fede_bytes data, bool secret, struct text *why);
/* The PEM of a DER; freed by the caller with free(). NULL: no memory. */
char *ca_pem(const char *label, const uint8_t *der, size_t len);
/* Appends to a text that is kept with realloc; false: no memory. */
bool ca_join(char **text, const char *more);
bool ca_revoke(const char *folder, fede_bytes serial, int64_t at, int reason, struct text *why);
/* issued.txt: writes down what was issued; was it? Yes in a folder without that file. */
bool ca_note_issued(const char *folder, fede_bytes der, struct text *why);
bool ca_issued(const char *folder, fede_bytes serial);
/* Reads revoked.txt; *n entries, at most most. */
bool ca_revoked(const char *folder, fede_revoked *out, uint8_t (*serials)[20], size_t most, size_t *n,
                struct text *why);
/* The serial number of a certificate in DER; empty: unreadable. */
fede_bytes ca_serial(fede_bytes der);
/* The request (PKCS #10) in a PEM or DER file, as DER. */
size_t ca_read_request(const char *path, uint8_t *out, size_t size, struct text *why);
/* The first certificate of a PEM or DER file. */
size_t ca_read_certificate(const char *path, uint8_t *out, size_t size, struct text *why);

/* ca_issue.c */
int ca_init(const struct ca_options *o, struct text *why);
int ca_issue(const struct ca_options *o, struct text *why);
/* Where that goes: the name of the files without their end, and the folder, which is returned. */
enum { CA_NAME = 300 };
const char *ca_place(const struct ca_options *o, char file[CA_NAME]);
int ca_sign(const struct ca_options *o, const char *path, struct text *why);

/* ca_ocsp.c: an OCSP response about the certificate in that file, good or as revoked.txt says: to -o, or standard output. */
int ca_ocsp(const struct ca_options *o, const char *path, struct text *why);
/* ca_respond.c: the same for everyone who asks over HTTP, until a signal comes. */
int ca_respond(const struct ca_options *o, struct text *why);

/* ca_p12.c: NAME.pem and NAME.key in one encrypted file, NAME.p12. */
int ca_p12(const struct ca_options *o, const char *name, struct text *why);

#endif
