/* Private keys and certificates on tokens (smart cards, security modules, SoftHSM), named by PKCS#11 URIs (RFC 7512). A key
   never leaves its token: the token signs. */
#ifndef TOKEN_TOKEN_H
#define TOKEN_TOKEN_H

#include "base/text.h"

struct token_key; /* a private key; counted; may be used by several threads at once */

bool token_is_uri(const char *word);
/* Any text with the PIN of a URI in it left out: for logs, errors, reports. */
void token_shown(struct text *out, const char *word);

/* Finds the token and the key, logs in, and has the key sign something, which tells whether it is the certificate's (DER).
   The PIN: the URI's pin-value or pin-source, password (NULL: none), the environment's FEDE_PIN, the terminal. NULL: why says
   what is wrong. */
struct token_key *token_key_open(const char *uri, const char *password, bytes certificate, struct text *why);
struct token_key *token_key_hold(struct token_key *key);
void token_key_free(struct token_key *key);
/* The schemes that key and token can sign with, in order of preference; *all: they leave out none that a key of this kind
   could use. */
size_t token_schemes(const struct token_key *key, uint16_t *ids, size_t most, bool *all);
/* Blocks while the token works. Returns the length of the signature in the form that TLS has for the scheme; 0: why says what
   the token said. out has room for SIGNATURE_MAX bytes. */
size_t token_sign(struct token_key *key, uint16_t scheme, bytes input, uint8_t *out, struct text *why);

/* Tells the certificate that the URI names, then those of its issuers that lie on the same token. False: why. */
bool token_certificates(const char *uri, const char *password, void (*tell)(void *arg, bytes der), void *arg,
                        struct text *why);

#endif
