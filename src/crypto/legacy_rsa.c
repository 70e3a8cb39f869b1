/* crypto/legacy_rsa.c: a premaster secret encrypted with the server's RSA key: RFC 5246 7.4.7.1, RFC 8017 7.2.

   Whoever can tell a well padded ciphertext from another one, by an alert or by time, can decrypt with the server as an
   oracle (Bleichenbacher 1998, ROBOT 2017, Marvin 2023). So there is no wrong ciphertext: 48 random bytes are drawn before
   anything is looked at, and a mask takes them wherever anything does not fit. The handshake then goes on and fails at
   Finished, as it does with any wrong key. libcrypto's private operation is blinded and gives back all bytes, leading zeros
   too; the padding is looked at here. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "crypto/constant_time.h"
#include "crypto/legacy.h"
#include "crypto/openssl_key.h"

enum { LEAST_PADDING = 8 };

static bool pad(bytes premaster, size_t len, const struct crypto_random *source, uint8_t *out);

bool crypto_rsa_wrap(const struct public_key *key, uint16_t version, const struct crypto_random *source,
                     uint8_t premaster[PREMASTER_LEN], uint8_t out[SIGNATURE_MAX])
{
    uint8_t encoded[SIGNATURE_MAX];
    const size_t len = key->modulus.len;
    if (key->kind != KEY_RSA || len > sizeof encoded || !crypto_random(source, premaster, PREMASTER_LEN))
        return false;
    store16(premaster, version);
    bool done = pad(bytes_of(premaster, PREMASTER_LEN), len, source, encoded) &&
                crypto_rsa_recover(key, bytes_of(encoded, len), out); /* the public operation is one and the same */
    bytes_wipe(encoded, sizeof encoded);
    return done;
}

/* 0, 2, random bytes without zeros, 0, and the text. */
static bool pad(bytes premaster, size_t len, const struct crypto_random *source, uint8_t *out)
{
    enum { TRIES = 64 };
    if (len < 3 + LEAST_PADDING + premaster.len)
        return false;
    const size_t n = len - 3 - premaster.len;
    out[0] = 0;
    out[1] = 2;
    if (!crypto_random(source, out + 2, n))
        return false;
    for (size_t i = 0; i < n; i++)
        for (int tries = 0; out[2 + i] == 0; tries++)
            if (tries == TRIES || !crypto_random(source, out + 2 + i, 1))
                return false;
    out[2 + n] = 0;
    bytes_copy(out + 3 + n, premaster.data, premaster.len);
    return true;
}

bool crypto_rsa_unwrap(const struct crypto_key *key, bytes encrypted, uint16_t version,
                       const struct crypto_random *source, uint8_t premaster[PREMASTER_LEN])
{
    uint8_t instead[PREMASTER_LEN], encoded[SIGNATURE_MAX] = {0}, two[SIGNATURE_MAX] = {0};
    RSA *rsa = crypto_key_rsa(key);
    if (rsa == NULL || !crypto_random(source, instead, sizeof instead))
        return false;
    const size_t len = (size_t)RSA_size(rsa);
    ERR_set_mark();
    /* Too long, too short, not below the modulus: everyone can see that, and libcrypto decrypts nothing. The same work is done
       with another number, so that this takes no less time; what encoded holds then is no padding either. */
    bool right_len = encrypted.len == len;
    if (!right_len || RSA_private_decrypt((int)len, encrypted.data, encoded, rsa, RSA_NO_PADDING) != (int)len) {
        two[len - 1] = 2;
        RSA_private_decrypt((int)len, two, encoded, rsa, RSA_NO_PADDING);
        bytes_wipe(encoded, sizeof encoded);
    }
    ERR_pop_to_mark();
    crypto_rsa_take_premaster(bytes_of(encoded, len), version, instead, premaster);
    bytes_wipe(encoded, sizeof encoded);
    bytes_wipe(instead, sizeof instead);
    return true;
}

void crypto_rsa_take_premaster(bytes encoded, uint16_t version, const uint8_t instead[PREMASTER_LEN],
                               uint8_t premaster[PREMASTER_LEN])
{
    const uint8_t *e = encoded.data;
    const size_t text = encoded.len - PREMASTER_LEN; /* where it must begin: the length of an RSA key is no secret */
    uint32_t good = mask_zero(e[0]) & mask_equal(e[1], 2) & mask_zero(e[text - 1]) & mask_equal(e[text], version >> 8) &
                    mask_equal(e[text + 1], version & 0xff);
    for (size_t i = 2; i < text - 1; i++)
        good &= ~mask_zero(e[i]);
    for (size_t i = 0; i < PREMASTER_LEN; i++)
        premaster[i] = (uint8_t)mask_select(good, e[text + i], instead[i]);
}
