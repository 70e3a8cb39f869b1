/* Certificates and keys as the command line names them: PEM, DER, PKCS#12, encrypted or not, or on a token. */
#ifndef CLI_CREDENTIAL_H
#define CLI_CREDENTIAL_H

#include "base/text.h"
#include "fede/fede.h"

struct credential_files {
    const char *cert;
    const char *key;   /* NULL: it stands in cert */
    const char *chain; /* further certificates, or NULL */
    const char *pass;  /* --pass, or NULL */
};

enum credential_outcome {
    CREDENTIAL_ADDED,
    CREDENTIAL_UNREAD,  /* a file, a password or a token can't be read: *why says it */
    CREDENTIAL_REFUSED  /* by the config: fede_config_error says it */
};
enum credential_outcome credential_add(fede_config *config, const struct credential_files *files, struct text *why);

/* A password: env:NAME, file:FILE (its first line), pass:WORD, or the word itself as curl takes it. NULL: *why says it. Freed by
   password_free, which wipes. */
char *password_read(const char *source, struct text *why);
void password_free(char *password);

#endif
