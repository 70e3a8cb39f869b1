/* tls/config_auth.c: settings about client certificates, keys that are elsewhere, and what is kept of a connection. */
#include "tls/config.h"

bool fede_config_client_certificate(fede_config *config, fede_client_certificate wanted)
{
    if (!config_changeable(config))
        return false;
    if ((unsigned)wanted > FEDE_CLIENT_CERTIFICATE_REQUIRED)
        return config_refuse(config, FEDE_CONFIG_BAD_VALUE, wanted, 0, "there is no such use of client certificates");
    config->client_certificate = (uint8_t)wanted;
    return true;
}

bool fede_config_client_authorities(fede_config *config, const fede_bytes *names, size_t n)
{
    enum { MOST = 65535 };
    size_t len = 0, at = 0;
    if (!config_changeable(config))
        return false;
    for (size_t i = 0; i < n; i++) {
        len += 2 + names[i].len;
        if (names[i].len == 0 || len > MOST)
            return config_refuse(config, FEDE_CONFIG_BAD_VALUE, (int64_t)len, MOST,
                                 "names of CAs must not be empty, nor longer than 65,535 bytes in all");
    }
    uint8_t *list = len > 0 ? memory_take(&config->allocator, len) : NULL;
    if (len > 0 && list == NULL)
        return config_refuse(config, FEDE_OUT_OF_MEMORY, 0, 0, NULL);
    for (size_t i = 0; list != NULL && i < n; i++) {
        store16(list + at, (uint16_t)names[i].len);
        bytes_copy(list + at + 2, names[i].data, names[i].len);
        at += 2 + names[i].len;
    }
    memory_give(&config->allocator, config->authorities, config->authorities_len);
    config->authorities = list;
    config->authorities_len = len;
    config->authorities_given = true;
    return true;
}

/* The credential added last, if no other configuration has it. */
static struct credential *last_credential(fede_config *config)
{
    struct credential *last = config->n_credentials > 0 ? config->credentials[config->n_credentials - 1] : NULL;
    if (last != NULL && atomic_load_explicit(&last->refs, memory_order_acquire) == 1)
        return last;
    config_refuse(config, FEDE_CONFIG_BAD_VALUE, 0, 0, "there is no credential, or another configuration has it too");
    return NULL;
}

bool fede_config_any_issuer(fede_config *config)
{
    struct credential *last = config_changeable(config) ? last_credential(config) : NULL;
    if (last == NULL)
        return false;
    last->any_issuer = true;
    return true;
}

bool fede_config_sign_with(fede_config *config, const uint16_t *ids, size_t n)
{
    struct credential *last = config_changeable(config) ? last_credential(config) : NULL;
    return last != NULL && config_take_schemes(config, &last->schemes, ids, n);
}

bool fede_config_keep(fede_config *config, unsigned what)
{
    if (!config_changeable(config))
        return false;
    if (what & ~(unsigned)(FEDE_KEEP_PEER | FEDE_KEEP_EXPORTER))
        return config_refuse(config, FEDE_CONFIG_BAD_VALUE, what, 0, "there is no such thing to keep");
    config->keeps = (uint8_t)what;
    return true;
}
