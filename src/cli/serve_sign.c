/* Keys on tokens, for fede serve: --key pkcs11:…

   A token may take as long as it likes, so no event loop waits for one: a thread of libuv's pool has it sign, and the loop that
   the connection belongs to goes on with the others. A connection that goes meanwhile takes itself out of the work. */
#include <stdlib.h>

#include "cli/serve.h"

enum { SIGNATURE_MOST = 1024 };

struct signing {
    uv_work_t work;
    struct peer *peer; /* NULL: it has gone */
    struct token_key *key;
    uint16_t scheme;
    uint8_t signature[SIGNATURE_MOST];
    size_t len;
    char reason[200];
    size_t n;
    uint8_t to_sign[];
};

static void work(uv_work_t *work)
{
    struct signing *signing = work->data;
    struct text why = text_in(signing->reason, sizeof signing->reason);
    signing->len = token_sign(signing->key, signing->scheme, bytes_of(signing->to_sign, signing->n), signing->signature, &why);
}

/* The peer is told no more than that something here failed. */
static void refuse(struct peer *peer, const char *why)
{
    struct text detail = text_in(peer->trouble, sizeof peer->trouble);
    text_add(&detail, why);
    peer->failure = (fede_error){.reason = FEDE_TOKEN_FAILED,
                                 .alert = FEDE_ALERT_INTERNAL_ERROR,
                                 .origin = FEDE_ORIGIN_INTERNAL,
                                 .message = 0xffff,
                                 .certificate = FEDE_CERTIFICATE_NONE,
                                 .offset = UINT32_MAX,
                                 .detail = peer->trouble};
    fede_answer_refuse(peer->tls, FEDE_ALERT_INTERNAL_ERROR);
}

static void done(uv_work_t *work, int status)
{
    struct signing *signing = work->data;
    struct peer *peer = signing->peer;
    if (peer) {
        peer->signing = NULL;
        if (status == 0 && signing->len > 0)
            fede_answer_signature(peer->tls, bytes_of(signing->signature, signing->len));
        else
            refuse(peer, status == 0 ? signing->reason : uv_strerror(status));
        peer_go(peer);
    }
    token_key_free(signing->key);
    free(signing);
}

void sign_begin(struct peer *peer, const fede_question *question)
{
    struct token_key *key =
        identity_key(peer->worker->server, peer->identity, peer->config, question->credential);
    bytes input = question->to_sign;
    struct signing *signing = key ? malloc(sizeof *signing + input.len) : NULL;
    if (!signing) {
        refuse(peer, "no memory is left");
        return;
    }
    *signing = (struct signing){
        .work.data = signing, .peer = peer, .key = token_key_hold(key), .scheme = question->scheme, .n = input.len};
    bytes_copy(signing->to_sign, input.data, input.len);
    peer->signing = signing;
    if (uv_queue_work(&peer->worker->loop, &signing->work, work, done) != 0) {
        sign_leave(peer);
        token_key_free(signing->key);
        free(signing);
        refuse(peer, "no thread could be started");
    }
}

void sign_leave(struct peer *peer)
{
    if (peer->signing)
        peer->signing->peer = NULL;
    peer->signing = NULL;
}
