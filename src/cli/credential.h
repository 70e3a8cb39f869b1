/* Certificates and keys as the command line names them: PEM, DER, PKCS#12, encrypted or not, or on a token. */
#ifndef CLI_CREDENTIAL_H
#define CLI_CREDENTIAL_H

#include "base/text.h"
#include "fede/fede.h"
#include "token/token.h"

struct credential_files { /* cert and key: files, or URIs of objects on a token (RFC 7512) */
    const char *cert;
    const char *key;   /* NULL: it stands in cert, or beside it on the token */
    const char *chain; /* further certificates, or NULL */
    const char *pass;  /* --pass, or NULL */
};

enum credential_outcome {
    CREDENTIAL_ADDED,
    CREDENTIAL_UNREAD,   /* a file or a password can't be read: *why says it */
    CREDENTIAL_NO_TOKEN, /* a token can't be used: *why says it */
    CREDENTIAL_REFUSED   /* by the config: fede_config_error says it */
};
/* *key: what signs in place of the config when the key is on a token, to be freed by token_key_free; else NULL. */
enum credential_outcome credential_add(fede_config *config, const struct credential_files *files, struct token_key **key,
                                       struct text *why);

/* A password: env:NAME, file:FILE (its first line), pass:WORD, or the word itself as curl takes it. NULL: *why says it. Freed by
   password_free, which wipes. */
char *password_read(const char *source, struct text *why);
void password_free(char *password);

#endif
