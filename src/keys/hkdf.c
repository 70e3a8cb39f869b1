/* keys/hkdf.c: HKDF-Expand (RFC 5869 2.3) and HKDF-Expand-Label (RFC 9846 7.1). */
#include "keys/hkdf.h"

void hkdf_expand(enum hash hash, bytes secret, bytes info, uint8_t *out, size_t len)
{
    const size_t unit = hash_len(hash);
    struct crypto_hmac keyed;
    uint8_t t[HASH_MAX];

    crypto_hmac_key(&keyed, hash, secret);
    for (uint8_t i = 1; len > 0; i++) {
        crypto_hmac_of(&keyed, i == 1 ? BYTES_NONE : bytes_of(t, unit), info, bytes_of(&i, 1), t);
        size_t n = len < unit ? len : unit;
        bytes_copy(out, t, n);
        out += n;
        len -= n;
    }
    bytes_wipe(&keyed, sizeof keyed);
    bytes_wipe(t, sizeof t);
}

void hkdf_expand_label(enum hash hash, bytes secret, const char *label, bytes context, uint8_t *out, size_t len)
{
    static const char prefix[] = "tls13 ";
    uint8_t info[2 + 1 + 255 + 1 + 255];
    const size_t name = sizeof prefix - 1 + strlen(label);
    size_t at = 3 + name;
    store16(info, (uint16_t)len);
    info[2] = (uint8_t)name;
    bytes_copy(info + 3, prefix, sizeof prefix - 1);
    bytes_copy(info + 3 + sizeof prefix - 1, label, strlen(label));
    info[at++] = (uint8_t)context.len;
    bytes_copy(info + at, context.data, context.len);
    hkdf_expand(hash, secret, bytes_of(info, at + context.len), out, len);
}
