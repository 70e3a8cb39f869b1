/* tls/sign.c: the signatures that this side makes: over the parameters of a server's key exchange, over all messages so far
   of a client that shows a certificate. With the credential's key, or by the application, which is asked and may take its
   time: then the handshake waits in the silent step "sign". RFC 5246 4.7, 7.4.3, 7.4.8. */
#include "tls/handshake.h"

static enum outcome ask_signature(struct handshake *hs, const struct scheme *scheme, bytes input);

enum outcome act_sign(struct handshake *hs)
{
    return handshake_is_client(hs) ? sign_messages(hs) : sign_exchange(hs);
}

enum outcome sign_input(struct handshake *hs, const struct scheme *scheme, bytes input)
{
    if (hs->credential->key == NULL)
        return ask_signature(hs, scheme, input);
    uint8_t *signature = arena_take(&hs->arena, SIGNATURE_MAX);
    if (signature == NULL)
        return handshake_no_memory(hs);
    size_t len = 0;
    bool made = scheme_is_legacy(scheme) ? crypto_sign_sha1(hs->credential->key, input, signature, &len)
                                         : crypto_sign(hs->credential->key, scheme, input, signature, &len);
    if (!made)
        return handshake_fail_detail(hs, FEDE_CRYPTO_FAILED, NULL, 0, 0, "sign the handshake");
    hs->signature = bytes_of(signature, len);
    return DONE;
}

/* A wrong answer would be told by the peer, in one word; here it is told with its name. */
static enum outcome ask_signature(struct handshake *hs, const struct scheme *scheme, bytes input)
{
    const struct fede_config *config = hs->conn->config;
    if (hs->signature_asked == ANSWER_OPEN)
        return WAIT;
    if (hs->signature_asked == ANSWER_YES)
        return signature_matches(&hs->credential->leaf.key, scheme, input, hs->signature)
                   ? DONE
                   : handshake_fail(hs, FEDE_SIGNER_BAD, NULL, scheme->id, 0);
    size_t n = 0;
    while (n < config->n_credentials && config->credentials[n] != hs->credential)
        n++;
    input = arena_copy(&hs->arena, input);
    if (input.data == NULL)
        return handshake_no_memory(hs);
    hs->signature_asked = ANSWER_OPEN;
    hs->question = (fede_question){.kind = FEDE_ASK_SIGNATURE,
                                   .server_name = hs->conn->server_name,
                                   .credential = n,
                                   .scheme = scheme->id,
                                   .to_sign = input};
    return WAIT;
}

bool fede_answer_signature(fede_conn *conn, fede_bytes signature)
{
    const fede_question *question = fede_ask(conn);
    struct handshake *hs = conn->handshake;
    if (question == NULL || question->kind != FEDE_ASK_SIGNATURE)
        return conn_no_question(conn, "no signature is wanted");
    hs->signature = arena_copy(&hs->arena, bytes_first(signature, SIGNATURE_MAX));
    if (hs->signature.data == NULL && signature.len > 0) {
        handshake_no_memory(hs);
        conn_end_badly(conn);
        return false;
    }
    hs->signature_asked = ANSWER_YES;
    conn_drive(conn);
    return !(conn->ending & FEDE_ENDED_BADLY);
}
