/* What the files of this folder share. */
#ifndef TOKEN_INSIDE_H
#define TOKEN_INSIDE_H

#define CRYPTOKI_GNU /* PKCS#11 with names in lower case */
#include <stddef.h>

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>
#include <pthread.h>
#include <stdatomic.h>

#include "token/token.h"
#include "x509/x509.h"

enum { PIN_MOST = 256, IDLE_MOST = 8 };

/* A token that a URI names, with one session. */
struct token {
    P11KitUri *uri;
    CK_FUNCTION_LIST **modules; /* those loaded, NULL behind the last */
    CK_FUNCTION_LIST *alone[2]; /* the one that module-path names: then modules is this */
    CK_FUNCTION_LIST *module;   /* the token's */
    CK_SLOT_ID slot;
    CK_TOKEN_INFO info;
    ck_session_handle_t session;
};

/* How a token makes signatures of one family with one hash. */
struct way {
    ck_mechanism_type_t mechanism;
    bool possible, whole; /* whole: the token hashes */
};
enum family { FAMILY_PKCS1, FAMILY_PSS, FAMILY_EC, FAMILY_ED, FAMILIES };

struct token_key {
    atomic_int holders;
    struct token token;
    ck_object_handle_t object;
    uint8_t kind;                            /* enum key_kind */
    struct way ways[FAMILIES][HASH_SHA1 + 1]; /* by enum hash; 0: the key's own */
    char *pin; /* the token wants it for each signature; else NULL */
    pthread_mutex_t lock;
    ck_session_handle_t idle[IDLE_MOST];
    size_t n_idle;
};

/* pin.c: the PIN for this token, and where it is from; false: why. */
bool pin_read(const struct token *token, const char *password, char out[PIN_MOST], const char **from, struct text *why);
/* sign.c: what the token can do for a key of this kind. */
void ways_find(struct token_key *key);
/* "the token LABEL" */
void token_named(struct text *out, const struct token *token);

#endif
