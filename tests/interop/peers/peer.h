/* What the peers of the interoperability tests have in common: each library is one more file that supplies the six
   functions below; peer.c makes an echo server or an echo client of it. */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One configuration. A peer that can't have it says so before any connection is made. */
struct setup {
    bool server;
    const char *certs;     /* folder of KEY-chain.pem, KEY.key, KEY-root.pem and the like */
    const char *key;       /* rsa, p256, p384, ed25519 */
    const char *suite;     /* aes128, aes256, chacha, or the registry's name of one; "any" for a server */
    const char *curve;     /* x25519, secp256r1, secp384r1, secp521r1; "any" when it does not matter */
    const char *own_curve; /* the curve of the certificate's key when it is another one, else NULL */
    const char *manner;    /* echo, or what peer.c lists beside it */
};

struct peer;

#define PEER_HOST "localhost"
#define PEER_LABEL "EXPERIMENTAL-fede"
#define PEER_EXPORT 40

/* peer_configure prepares the process for connections of this kind; false: the library can't, see peer_why. */
bool peer_configure(const struct setup *setup);
/* peer_open makes the handshake over a connected socket. NULL: it failed. */
struct peer *peer_open(int fd);
/* peer_read: bytes, 0 after the other side's close_notify, -1 on failure. peer_write: all of it, or false. */
ptrdiff_t peer_read(struct peer *peer, uint8_t *out, size_t size);
bool peer_write(struct peer *peer, const uint8_t *data, size_t len);
/* peer_export: what RFC 5705 gives for PEER_LABEL without a context. */
bool peer_export(struct peer *peer, uint8_t out[PEER_EXPORT]);
/* peer_close sends close_notify and frees. */
void peer_close(struct peer *peer);

/* ---- what peer.c gives ------------------------------------------------------------------------------------ */

/* Keeps the reason of a failure; returns false. */
bool peer_why(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "folder/KEYsuffix"; four results are alive at a time. */
const char *peer_path(const struct setup *setup, const char *suffix);
/* The whole of a file, with a NUL behind it; exits when it can't be read. */
uint8_t *peer_file(const char *path, size_t *len);
/* The manner is this one, or this one with something behind a hyphen, which rest (may be NULL) is then set to. */
bool peer_manner(const struct setup *setup, const char *name, const char **rest);
/* The roots of all keys. */
const char *peer_all(const struct setup *setup);
/* "folder/KEY-client-chain.pem" and the like, for the key that a client with the manner auth-KEY shows. */
const char *peer_client_path(const struct setup *setup, const char *suffix);
/* Index of name in a NULL-ended list, -1 when missing. */
int peer_index(const char *const *list, const char *name);
extern const char *const peer_suites[], *const peer_curves[];

#endif
