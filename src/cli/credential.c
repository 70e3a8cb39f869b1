/* cli/credential.c: files of certificates and keys into a configuration, for every command that has --cert and --key. What a
   file is shows in its bytes, not in its name. pkcs11:… is on a token: the configuration then asks for each signature. */
#include "cli/credential.h"

#include <stdlib.h>

#include "cli/ca.h"
#include "cli/options.h"
#include "cli/words.h"

enum { FILE_MOST = 1 << 20, PASSWORD_MOST = 4096, SCHEMES_MOST = 16 };

/* One file as it was read, possibly secret. */
struct file {
    char *data;
    size_t len;
};

static enum credential_outcome open_key(fede_config *config, const char *uri, const char *password, struct token_key **token,
                                        struct text *why);
static bool read_all(const struct credential_files *files, const char *password, struct file *cert, struct file *key,
                     struct text *why);
static bool is_p12(bytes file);

static bytes in(const struct file *file)
{
    return bytes_of(file->data, file->len);
}

static void drop(struct file *file)
{
    if (file->data)
        bytes_wipe(file->data, file->len);
    free(file->data);
}

enum credential_outcome credential_add(fede_config *config, const struct credential_files *files, struct token_key **token,
                                       struct text *why)
{
    struct file cert = {NULL, 0}, key = {NULL, 0};
    const char *uri = files->key ? files->key : files->cert;
    bool elsewhere = token_is_uri(uri);
    enum credential_outcome outcome = token_is_uri(files->cert) ? CREDENTIAL_NO_TOKEN : CREDENTIAL_UNREAD;
    char *password = files->pass ? password_read(files->pass, why) : NULL;
    *token = NULL;
    if ((password || !files->pass) && read_all(files, password, &cert, &key, why)) {
        bool added = elsewhere ? fede_config_external_credential(config, in(&cert))
                     : !files->key && is_p12(in(&cert))
                         ? fede_config_credential_p12(config, in(&cert), password)
                         : fede_config_credential_locked(config, in(&cert), in(files->key ? &key : &cert), password);
        outcome = !added      ? CREDENTIAL_REFUSED
                  : elsewhere ? open_key(config, uri, password, token, why)
                              : CREDENTIAL_ADDED;
    }
    drop(&key);
    drop(&cert);
    password_free(password);
    return outcome;
}

/* The certificate was added last. What the token can't do is not offered. */
static enum credential_outcome open_key(fede_config *config, const char *uri, const char *password, struct token_key **token,
                                        struct text *why)
{
    uint16_t schemes[SCHEMES_MOST];
    size_t n = 0;
    bool all;
    while (fede_config_certificate(config, n, 0).len > 0)
        n++;
    *token = token_key_open(uri, password, fede_config_certificate(config, n - 1, 0), why);
    if (!*token)
        return CREDENTIAL_NO_TOKEN;
    n = token_schemes(*token, schemes, SCHEMES_MOST, &all);
    if (all || fede_config_sign_with(config, schemes, n))
        return CREDENTIAL_ADDED;
    token_key_free(*token);
    *token = NULL;
    return CREDENTIAL_REFUSED;
}

/* ---- Files -------------------------------------------------------------------------------------------------------- */

static void add_pem(void *arg, bytes der)
{
    struct file *chain = arg;
    char *pem = ca_pem("CERTIFICATE", der.data, der.len);
    if (pem && ca_join(&chain->data, pem))
        chain->len = strlen(chain->data);
    free(pem);
}

static bool read_one(const char *path, struct file *out, struct text *why)
{
    out->data = value_file(path, FILE_MOST, &out->len, why);
    return out->data != NULL;
}

static bool read_all(const struct credential_files *files, const char *password, struct file *cert, struct file *key,
                     struct text *why)
{
    struct file chain = {NULL, 0};
    bool read = token_is_uri(files->cert) ? token_certificates(files->cert, password, add_pem, cert, why)
                                          : read_one(files->cert, cert, why);
    bool good = read && (!files->key || token_is_uri(files->key) || read_one(files->key, key, why)) &&
                (!files->chain || read_one(files->chain, &chain, why));
    if (good && chain.data && is_p12(in(cert))) {
        text_format(why, "%s is a PKCS#12 file, which brings its chain along: --chain does not go with it", files->cert);
        good = false;
    }
    char *both = good && chain.data ? malloc(cert->len + chain.len + 1) : NULL;
    if (both) {
        bytes_copy(both, cert->data, cert->len);
        both[cert->len] = '\n';
        bytes_copy(both + cert->len + 1, chain.data, chain.len);
        struct file joined = {both, cert->len + chain.len + 1};
        drop(cert);
        *cert = joined;
    } else if (good && chain.data) {
        text_add(why, "no memory is left");
        good = false;
    }
    drop(&chain);
    return good;
}

/* PFX: a SEQUENCE that begins with version 3 (RFC 7292 4). A certificate begins with a SEQUENCE, a key with version 0 or 1. */
static bool is_p12(bytes file)
{
    if (file.len < 16 || file.data[0] != 0x30)
        return false;
    bytes inside = bytes_skip(file, file.data[1] < 0x80 ? 2 : 2 + (file.data[1] & 0x7fu));
    return inside.len > 3 && inside.data[0] == 0x02 && inside.data[1] == 1 && inside.data[2] == 3;
}

char *password_read(const char *source, struct text *why)
{
    const char *word = source;
    struct file file = {NULL, 0};
    if (!strncmp(source, "file:", 5)) {
        if (!read_one(source + 5, &file, why))
            return NULL;
        file.data[strcspn(file.data, "\r\n")] = '\0';
        word = file.data;
    } else if (!strncmp(source, "env:", 4)) {
        word = getenv(source + 4);
        if (!word)
            text_format(why, "there is no variable %s in the environment", source + 4);
    } else if (!strncmp(source, "pass:", 5)) {
        word = source + 5;
    }
    char *password = word && strlen(word) < PASSWORD_MOST ? strdup(word) : NULL;
    if (word && !password)
        text_add(why, "the password is too long, or no memory is left");
    drop(&file);
    return password;
}

void password_free(char *password)
{
    if (password)
        bytes_wipe(password, strlen(password));
    free(password);
}
