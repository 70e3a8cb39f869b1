/* What the fuzzers of client and server share: the meaning of an input's first byte, and one connection driven to its end by
   the bytes behind it. Whatever comes, the connection must end, keep its promises about room and counts, and not be open
   without proofs. */
#ifndef FUZZ_DRIVE_H
#define FUZZ_DRIVE_H

#include "../engine/pair.h"
#include "fuzz/want.h"

enum { KEYS = 3, CONFIGS = 256 };

static fede_bytes fede_server_session; /* what a server finds under any id */

/* A session of a connection between config_of(options) of both sides; the caller frees nothing. */
static inline fede_bytes session_of(fede_config *client, fede_config *server, bool clients)
{
    struct pair pair = {0};
    pair_seed(1);
    pair_start(&pair, client, server, NULL);
    for (int i = 0; i < 4; i++) {
        want(pair_pump(&pair));
        if (fede_needs(pair.server) & FEDE_DECIDE)
            fede_answer_config(pair.server, NULL);
        else if (fede_needs(pair.client) & FEDE_DECIDE)
            fede_answer_verdict(pair.client, true);
    }
    fede_bytes session = fede_conn_session(clients ? pair.client : pair.server);
    if (session.len == 0) { /* one signature of 256 ends in the byte that makes it a bad one */
        pair_end(&pair);
        return session_of(client, server, clients);
    }
    uint8_t *copy = malloc(session.len);
    memcpy(copy, session.data, session.len);
    pair_end(&pair);
    return (fede_bytes){copy, session.len};
}

static inline void no_trace(void *arg, const fede_event *event)
{
    char line[256];
    (void)arg;
    fede_keylog_line(event, line, sizeof line);
}

/* Bits of the first byte: 0-1 key, 2 application protocols, 3 read ahead, 4 half close, 5 questions and trace, 6-7 portions. */
static inline fede_config *config_of(uint8_t options, bool client)
{
    static const char *const keys[] = {"p256", "ed25519", "p384", "other"}, *const protocols[] = {"h2", "http/1.1"};
    static fede_config *configs[2][CONFIGS];
    fede_config **config = &configs[client][options & 0x3f];
    if (*config != NULL)
        return *config;
    *config = client ? pair_client_config(NULL) : pair_server_config(NULL, keys[options & 3]);
    want(*config != NULL && fede_config_error(*config) == NULL);
    if (options & 4)
        fede_config_alpn(*config, protocols, 2);
    fede_config_read_ahead(*config, options & 8);
    fede_config_half_close(*config, options & 16);
    if (options & 32) {
        fede_config_ask(*config, FEDE_ASK_HELLO | FEDE_ASK_VERDICT | FEDE_ASK_SESSION);
        fede_config_sessions(*config, true);
        static const uint8_t secret[FEDE_TICKET_KEY] = {1}; /* the corpus has tickets under it */
        fede_config_ticket_keys(*config, (fede_bytes){secret, sizeof secret});
        fede_config_trace(*config, no_trace, NULL);
        fede_config_reveal_secrets(*config);
    }
    return *config;
}

/* Every error has its sentence. */
static inline void say_error(const fede_error *error)
{
    char text[2000];
    if (error == NULL)
        return;
    want(fede_error_text(error, text, sizeof text) > 0);
    fede_error_advice(error, text, sizeof text);
}

static inline void drive(fede_conn *conn, uint8_t options, const uint8_t *data, size_t size)
{
    static const size_t chunks[] = {100000, 1, 7, 100};
    size_t chunk = chunks[options >> 6], at = 0;
    bool ended = false, closed = false;
    for (size_t rounds = 0;; rounds++) {
        unsigned needs = fede_needs(conn);
        want(rounds < 100 * size + 100000);
        if (needs & FEDE_OVER)
            break;
        if (needs & FEDE_DECIDE) {
            const fede_question *question = fede_ask(conn);
            want(question != NULL && fede_to_fill(conn).len == 0);
            if (question->kind == FEDE_ASK_HELLO)
                fede_answer_config(conn, NULL);
            else if (question->kind == FEDE_ASK_SESSION)
                fede_answer_session(conn, fede_server_session);
            else
                fede_answer_verdict(conn, (size & 7) != 0);
        } else if (needs & FEDE_SEND) {
            fede_bytes out = fede_to_send(conn);
            want(out.len > 0);
            fede_sent(conn, (ptrdiff_t)(out.len > chunk ? chunk : out.len));
        } else if (needs & FEDE_READ) {
            fede_bytes in = fede_plaintext(conn);
            fede_info info;
            fede_conn_info(conn, &info);
            want(in.len > 0 && info.established);
            if (needs & FEDE_WRITE)
                want(fede_write(conn, in) > 0);
            fede_consumed(conn, in.len > chunk ? chunk : in.len);
            fede_release_buffers(conn);
        } else if (needs & FEDE_RECEIVE && !ended) {
            fede_room room = fede_to_fill(conn);
            size_t n = size - at < room.len ? size - at : room.len;
            n = n < chunk ? n : chunk;
            want(room.len > 0 || fede_conn_error(conn) != NULL);
            memcpy(room.data, data + at, n);
            at += n;
            ended = n == 0;
            fede_received(conn, (ptrdiff_t)n);
        } else {
            want(!closed);
            closed = true;
            fede_close(conn);
        }
    }
    say_error(fede_conn_error(conn));
    fede_conn_free(conn);
}

#endif
