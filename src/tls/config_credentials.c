/* tls/config_credentials.c: who this side is: certificates with keys that are plain, behind a password, in PKCS#12 files, or kept
   elsewhere. What is locked is opened here once; the credential (credential.c) is made from what comes out. */
#include "base/text.h"
#include "tls/config.h"

static bool add_credential(fede_config *config, bytes chain, const bytes *key);
static bool refuse_lock(fede_config *config, enum crypto_lock lock, const char *what);

bool fede_config_credential(fede_config *config, fede_bytes chain, fede_bytes key)
{
    return add_credential(config, chain, &key);
}

bool fede_config_external_credential(fede_config *config, fede_bytes chain)
{
    return add_credential(config, chain, NULL);
}

bool fede_config_credential_locked(fede_config *config, fede_bytes chain, fede_bytes key, const char *password)
{
    struct crypto_opened opened;
    if (!config_changeable(config))
        return false;
    enum crypto_lock lock = crypto_open_key(key, password, &opened);
    if (lock > LOCK_OPENED)
        return refuse_lock(config, lock, "private key");
    bytes plain = lock == LOCK_OPENED ? bytes_of(opened.key, opened.key_len) : key;
    bool added = add_credential(config, chain, &plain);
    crypto_opened_free(&opened);
    return added;
}

bool fede_config_credential_p12(fede_config *config, fede_bytes file, const char *password)
{
    struct crypto_opened opened;
    if (!config_changeable(config))
        return false;
    enum crypto_lock lock = crypto_open_p12(file, password, &opened);
    if (lock == LOCK_NONE)
        return config_refuse(config, FEDE_CONFIG_PEM, 0, 0, "PKCS#12 file with a certificate and its key");
    if (lock > LOCK_OPENED)
        return refuse_lock(config, lock, "PKCS#12 file");
    bytes key = bytes_of(opened.key, opened.key_len);
    bool added = add_credential(config, bytes_of(opened.chain, opened.chain_len), &key);
    crypto_opened_free(&opened);
    return added;
}

static bool refuse_lock(fede_config *config, enum crypto_lock lock, const char *what)
{
    static const fede_reason reasons[] = {[LOCK_CLOSED] = FEDE_CONFIG_KEY_LOCKED,
                                          [LOCK_WRONG] = FEDE_CONFIG_PASSWORD,
                                          [LOCK_UNKNOWN] = FEDE_CONFIG_LOCK_UNKNOWN};
    return config_refuse(config, reasons[lock], 0, 0, what);
}

static bool add_credential(fede_config *config, bytes chain, const bytes *key)
{
    if (!config_changeable(config))
        return false;
    fede_error error = {0};
    struct credential *credential = credential_new(&config->allocator, chain, key, &error);
    if (credential == NULL) {
        char detail[sizeof config->detail];
        struct text t = text_in(detail, sizeof detail);
        text_add(&t, error.detail);
        if (error.reason == FEDE_CONFIG_KEY_UNUSABLE && error.got > 0) {
            text_add(&t, ", ");
            text_number(&t, error.got);
            text_add(&t, " bits");
        }
        return config_refuse(config, (fede_reason)error.reason, error.got, error.wanted, detail);
    }
    size_t n = config->n_credentials, one = sizeof(struct credential *);
    struct credential **all = memory_take(&config->allocator, (n + 1) * one);
    if (all == NULL) {
        credential_free(credential);
        return config_refuse(config, FEDE_OUT_OF_MEMORY, 0, 0, NULL);
    }
    bytes_copy(all, config->credentials, n * one);
    all[n] = credential;
    memory_give(&config->allocator, config->credentials, n * one);
    config->credentials = all;
    config->n_credentials = n + 1;
    return true;
}
