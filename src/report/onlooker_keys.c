/* report/onlooker_keys.c: key sources that are no key logs: servers' RSA keys and ticket keys out of files, and pre-shared keys as given. */
#include "report/onlooker_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { KEY_FILE_MOST = 64 * 1024 };

/* NULL: read; otherwise what is wrong, static or of strerror. */
static const char *read_key(struct secrets *secrets, const char *path, bool (*take)(struct secrets *s, bytes file),
                            const char *refusal)
{
    uint8_t file[KEY_FILE_MOST];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t len = 0;
    ssize_t n = 0;
    if (fd < 0)
        return strerror(errno);
    while (len < sizeof file && (n = read(fd, file + len, sizeof file - len)) > 0)
        len += (size_t)n;
    const char *trouble = n < 0 ? strerror(errno) : NULL;
    close(fd);
    if (trouble == NULL && !take(secrets, bytes_of(file, len)))
        trouble = refusal;
    bytes_wipe(file, sizeof file);
    return trouble;
}

bool onlooker_keys(const struct onlooker_request *request, struct secrets *secrets, const char **where,
                   const char **trouble)
{
    for (size_t i = 0; i < request->n_rsa_keys; i++) {
        *where = request->rsa_keys[i];
        *trouble = read_key(secrets, *where, secrets_rsa_key,
                            "there is no RSA private key in it (PEM or DER, not encrypted), or too many keys were given");
        if (*trouble != NULL)
            return false;
    }
    for (size_t i = 0; i < request->n_ticket_keys; i++) {
        *where = request->ticket_keys[i];
        *trouble = read_key(secrets, *where, secrets_ticket_keys, "ticket keys are 32 bytes each, at most 16 in all");
        if (*trouble != NULL)
            return false;
    }
    for (size_t i = 0; i < request->n_psks; i++) {
        *where = "--psk";
        *trouble = "a pre-shared key is written HEX or IDENTITY:HEX, and at most 32 can be given";
        if (!secrets_psk_line(secrets, request->psks[i]))
            return false;
    }
    return true;
}
