/* tls/policy.c: named, dated sets of what may be negotiated. A name without a date stands for the newest of its kind; with
   the date it never changes, so that an update changes nothing for whoever pinned it. RFC 9325; what it advises against
   (RSA key transport, finite-field DH, CBC) is in none. */
#include "tls/config.h"

#include <string.h>

/* P-256 would be cheaper than X25519 on OpenSSL 3.0, but X25519 is what others put first, and safe by construction. */
static const uint16_t all_suites[] = {
    0xc02b, 0xc02f, /* ECDHE-ECDSA, ECDHE-RSA with AES-128-GCM-SHA256 */
    0xc02c, 0xc030, /* … AES-256-GCM-SHA384 */
    0xcca9, 0xcca8, /* … CHACHA20-POLY1305-SHA256 */
    0,
};
static const uint16_t all_groups[] = {0x001d, 0x0017, 0x0018, 0x0019, 0}; /* x25519, secp256r1, secp384r1, secp521r1 */
static const uint16_t all_schemes[] = {
    0x0403, 0x0503, 0x0603, /* ECDSA with P-256, P-384, P-521 and the hash of that size */
    0x0807,                 /* Ed25519 */
    0x0804, 0x0805, 0x0806, /* RSASSA-PSS with an ordinary RSA key */
    0x0809, 0x080a, 0x080b, /* RSASSA-PSS with a key for PSS alone */
    0x0401, 0x0501, 0x0601, /* RSASSA-PKCS1-v1_5 */
    0,
};
static const uint16_t modern_groups[] = {0x001d, 0x0017, 0x0018, 0};
static const uint16_t modern_schemes[] = {0x0403, 0x0503, 0x0807, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0};

/* Clients that don't know RFC 5746 are no danger to a server that never renegotiates; servers may be one to a client. */
static const struct policy policies[] = {
    {"2026-11", "default", FEDE_TLS12, FEDE_TLS12, false, {true, false}, all_suites, all_groups, all_schemes},
    {"modern-2026-11", "modern", FEDE_TLS12, FEDE_TLS12, true, {true, true}, all_suites, modern_groups, modern_schemes},
};

const struct policy *policy_find(const char *name)
{
    for (size_t i = 0; name != NULL && i < sizeof policies / sizeof policies[0]; i++)
        if (strcmp(policies[i].name, name) == 0 || strcmp(policies[i].alias, name) == 0)
            return &policies[i];
    return NULL;
}

void codes_add(struct codes *c, uint16_t id)
{
    if (c->n < CODES_MAX && !u16s_has(codes_list(c), id))
        store16(c->data + (size_t)2 * c->n++, id);
}
