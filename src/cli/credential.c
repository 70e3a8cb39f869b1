/* cli/credential.c: files of certificates and keys into a configuration, for every command that has --cert and --key. What a
   file is shows in its bytes, not in its name. */
#include "cli/credential.h"

#include <stdlib.h>

#include "cli/options.h"
#include "cli/words.h"

enum { FILE_MOST = 1 << 20, PASSWORD_MOST = 4096 };

/* One file as it was read, possibly secret. */
struct file {
    char *data;
    size_t len;
};

static bool read_all(const struct credential_files *files, struct file *cert, struct file *key, struct text *why);
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

enum credential_outcome credential_add(fede_config *config, const struct credential_files *files, struct text *why)
{
    struct file cert = {NULL, 0}, key = {NULL, 0};
    enum credential_outcome outcome = CREDENTIAL_UNREAD;
    char *password = files->pass ? password_read(files->pass, why) : NULL;
    if ((password || !files->pass) && read_all(files, &cert, &key, why)) {
        bool added = !files->key && is_p12(in(&cert))
                         ? fede_config_credential_p12(config, in(&cert), password)
                         : fede_config_credential_locked(config, in(&cert), in(files->key ? &key : &cert), password);
        outcome = added ? CREDENTIAL_ADDED : CREDENTIAL_REFUSED;
    }
    drop(&key);
    drop(&cert);
    password_free(password);
    return outcome;
}

static bool read_one(const char *path, struct file *out, struct text *why)
{
    out->data = value_file(path, FILE_MOST, &out->len, why);
    return out->data != NULL;
}

static bool read_all(const struct credential_files *files, struct file *cert, struct file *key, struct text *why)
{
    struct file chain = {NULL, 0};
    bool good = read_one(files->cert, cert, why) && (!files->key || read_one(files->key, key, why)) &&
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
