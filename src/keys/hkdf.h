/* HKDF (RFC 5869) and the labels of TLS 1.3 (RFC 9846 7.1), over any hash of crypto/. */
#ifndef KEYS_HKDF_H
#define KEYS_HKDF_H

#include "crypto/crypto.h"

/* len: at most 255 times the hash's length. */
void hkdf_expand(enum hash hash, bytes secret, bytes info, uint8_t *out, size_t len);

/* HKDF-Expand-Label: label without "tls13 "; label and context short as the standard has them (255 bytes at most). */
void hkdf_expand_label(enum hash hash, bytes secret, const char *label, bytes context, uint8_t *out, size_t len);

#endif
