/* token/off.c: in place of the rest where fede was built without p11-kit. */
#include "token/token.h"

static bool not_built(struct text *why)
{
    text_add(why, "this fede was built without PKCS#11 (p11-kit)");
    return false;
}

struct token_key *token_key_open(const char *uri, const char *password, bytes certificate, struct text *why)
{
    (void)uri, (void)password, (void)certificate;
    not_built(why);
    return NULL;
}

struct token_key *token_key_hold(struct token_key *key)
{
    return key;
}

void token_key_free(struct token_key *key)
{
    (void)key;
}

size_t token_schemes(const struct token_key *key, uint16_t *ids, size_t most, bool *all)
{
    (void)key, (void)ids, (void)most;
    *all = false;
    return 0;
}

size_t token_sign(struct token_key *key, uint16_t scheme, bytes input, uint8_t *out, struct text *why)
{
    (void)key, (void)scheme, (void)input, (void)out;
    return not_built(why);
}

bool token_certificates(const char *uri, const char *password, void (*tell)(void *arg, bytes der), void *arg,
                        struct text *why)
{
    (void)uri, (void)password, (void)tell, (void)arg;
    return not_built(why);
}
