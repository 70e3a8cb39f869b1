/* explain/suite_parts.c: a suite's name taken apart: TLS_key exchange_authentication_WITH_cipher_hash (RFC 5246 A.5, C).

   Works on the registered names, so that it also knows the suites that the engine does not implement. */
#include "explain/dissection.h"

#include "crypto/suites.h"
#include "wire/names.h"

enum key_exchange suite_key_exchange(uint16_t suite)
{
    /* Longer beginnings first. */
    static const struct {
        const char *begins;
        uint8_t kx;
    } rows[] = {
        {"TLS_ECDHE_PSK_", KX_ECDHE_PSK}, {"TLS_DHE_PSK_", KX_DHE_PSK}, {"TLS_RSA_PSK_", KX_RSA_PSK},
        {"TLS_ECDHE_", KX_ECDHE},         {"TLS_DHE_", KX_DHE},         {"TLS_ECDH_anon_", KX_ECDH_ANON},
        {"TLS_DH_anon_", KX_DH_ANON},     {"TLS_RSA_", KX_RSA},         {"TLS_PSK_", KX_PSK},
    };
    const char *name = names_find(&suite_names, suite);
    for (size_t i = 0; name != NULL && i < sizeof rows / sizeof *rows; i++)
        if (strncmp(name, rows[i].begins, strlen(rows[i].begins)) == 0)
            return rows[i].kx;
    return KX_UNKNOWN;
}

const char *suite_cipher(uint16_t suite)
{
    static const char *const names[] = {
        [AEAD_AES_128_GCM] = "AES-128-GCM",
        [AEAD_AES_256_GCM] = "AES-256-GCM",
        [AEAD_CHACHA20_POLY1305] = "ChaCha20-Poly1305",
    };
    const struct suite *s = suite_by_id(suite);
    return s != NULL && s->aead < sizeof names / sizeof *names && names[s->aead] != NULL ? names[s->aead]
                                                                                         : suite_title(suite);
}

const char *suite_hash(uint16_t suite)
{
    static const char *const names[] = {
        [HASH_SHA256] = "SHA-256", [HASH_SHA384] = "SHA-384", [HASH_SHA512] = "SHA-512"};
    const struct suite *s = suite_by_id(suite);
    return s != NULL && s->hash < sizeof names / sizeof *names && names[s->hash] != NULL ? names[s->hash] : "";
}

/* Both keys, then both IVs; AEAD suites have no MAC keys. */
size_t key_block_slices(uint16_t suite, bytes block, struct key_slice slices[KEY_SLICES])
{
    const struct suite *s = suite_by_id(suite);
    if (s == NULL || block.len < 2 * ((size_t)s->key_len + s->iv_len))
        return 0;
    static const char *const names[KEY_SLICES] = {"client write key", "server write key", "client write IV",
                                                  "server write IV"};
    for (size_t i = 0; i < KEY_SLICES; i++) {
        size_t len = i < 2 ? s->key_len : s->iv_len;
        slices[i] = (struct key_slice){names[i], bytes_first(block, len)};
        block = bytes_skip(block, len);
    }
    return KEY_SLICES;
}
