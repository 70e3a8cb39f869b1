/* crypto/legacy_off.c: the build without RSA key transport and finite fields (FEDE_LEGACY=OFF). Nothing negotiates them
   there; a caller that asks all the same hears no. */
#include "crypto/legacy.h"

bool crypto_dh_public(const struct group *group, const uint8_t *exponent, uint8_t *out)
{
    (void)group, (void)exponent, (void)out;
    return false;
}

bool crypto_dh_agree(const struct group *group, const uint8_t *exponent, bytes peer, uint8_t *secret,
                     size_t *secret_len)
{
    (void)group, (void)exponent, (void)peer, (void)secret, (void)secret_len;
    return false;
}
