/* cli/connect_decide.c: what `fede connect` answers when the handshake asks: a signature by a key on a token; the verdict, once
   the responder of the certificate was asked (--ocsp). */
#include <stdlib.h>

#include "cli/connect.h"
#include "cli/responder.h"

enum { SIGNATURE_MOST = 1024, ASK_MS = 15000 };

static bool sign(struct client *client, struct channel *channel, fede_conn *conn);
static bool judge(struct client *client, struct channel *channel, fede_conn *conn);

bool connect_decide(void *client, struct channel *channel, fede_conn *conn)
{
    const fede_question *question = fede_ask(conn);

    switch (question ? question->kind : 0) {
    case FEDE_ASK_SIGNATURE:
        return sign(client, channel, conn);
    case FEDE_ASK_VERDICT:
        return judge(client, channel, conn);
    default:
        return false;
    }
}

static bool sign(struct client *client, struct channel *channel, fede_conn *conn)
{
    const fede_question *question = fede_ask(conn);
    struct token_key *key = question->credential < SHOWN_MOST ? client->tokens[question->credential] : NULL;
    uint8_t signature[SIGNATURE_MOST];
    struct text why = text_in(channel->detail, sizeof channel->detail);
    size_t len = key ? token_sign(key, question->scheme, question->to_sign, signature, &why) : 0;

    if (len)
        return fede_answer_signature(conn, (fede_bytes){signature, len});
    channel_failed(channel, FEDE_TOKEN_FAILED, FEDE_ORIGIN_CALLER);
    fede_answer_refuse(conn, FEDE_ALERT_INTERNAL_ERROR);
    return false;
}

/* Not when the chain is refused already for something that a responder does not know. */
static bool worth_asking(const fede_question *question)
{
    return question->staple.len == 0 && (question->verdict->accepted || question->verdict->reason == FEDE_CERT_REVOCATION_UNKNOWN);
}

/* The server waits meanwhile; a response of its own makes that needless. */
static bool judge(struct client *client, struct channel *channel, fede_conn *conn)
{
    const fede_question *question = fede_ask(conn);
    char line[2000];
    struct text said = text_in(line, sizeof line);
    unsigned long limit = ASK_MS;
    uint64_t now = clock_ticks(NULL);
    uint8_t *answer = worth_asking(question) ? malloc(RESPONDER_ANSWER_MOST) : NULL;
    bool good = true;

    text_add(&said, "OCSP: ");
    if (answer) {
        if (channel->deadline_us)
            limit = channel->deadline_us > now ? (unsigned long)(channel->deadline_us - now) / 1000 + 1 : 1;
        limit = limit < ASK_MS ? limit : ASK_MS;
        size_t len = responder_ask(question->verdict, limit, answer, &said);
        good = len == 0 || fede_answer_staple(conn, (fede_bytes){answer, len});
    } else {
        text_add(&said, question->staple.len ? "no responder is asked: the server sent a response"
                                             : "no responder is asked: the certificate is refused already");
    }
    free(answer);
    report_note(client->report, 1, line);
    question = fede_ask(conn);
    return good && question && fede_answer_verdict(conn, question->verdict->accepted || client->set.insecure);
}
