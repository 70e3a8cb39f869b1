/* What the peers of the interoperability tests have in common: each library is one more file that supplies the five
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
    const char *suite;     /* aes128, aes256, chacha; "any" for a server */
    const char *curve;     /* x25519, secp256r1, secp384r1, secp521r1 */
    const char *own_curve; /* the curve of the certificate's key when it is another one, else NULL */
};

struct peer;

/* peer_configure prepares the process for connections of this kind; false: the library can't, see peer_why. */
bool peer_configure(const struct setup *setup);
/* peer_open makes the handshake over a connected socket. NULL: it failed. */
struct peer *peer_open(int fd);
/* peer_read: bytes, 0 after the other side's close_notify, -1 on failure. peer_write: all of it, or false. */
ptrdiff_t peer_read(struct peer *peer, uint8_t *out, size_t size);
bool peer_write(struct peer *peer, const uint8_t *data, size_t len);
/* peer_close sends close_notify and frees. */
void peer_close(struct peer *peer);

/* ---- what peer.c gives ------------------------------------------------------------------------------------ */

#define PEER_HOST "localhost"

/* Keeps the reason of a failure; returns false. */
bool peer_why(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "folder/KEYsuffix"; four results are alive at a time. */
const char *peer_path(const struct setup *setup, const char *suffix);
/* The whole of a file, with a NUL behind it; exits when it can't be read. */
uint8_t *peer_file(const char *path, size_t *len);
/* Index of name in a NULL-ended list, -1 when missing. */
int peer_index(const char *const *list, const char *name);
extern const char *const peer_suites[], *const peer_curves[];

#endif
