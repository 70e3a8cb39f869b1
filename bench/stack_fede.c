/* fede, through its public interface and nothing else. */
#include "bench.h"

#include "fede/fede.h"

#include <stdlib.h>
#include <string.h>

/* A side is the connection itself and nothing more, so that no memory of the benchmark's own is counted; which one it is, is
   its user pointer. */
static char as_server;
static fede_conn *conn_of(struct side *side)
{
    return (fede_conn *)side;
}
static bool is_server(struct side *side)
{
    return fede_conn_user(conn_of(side)) == &as_server;
}

const char *const stack_name = "fede";
static fede_config *configs[2]; /* client, server */
static int resuming;
static uint8_t session[4096];
static size_t session_len;

static const uint16_t suites[2][3] = {{0xc02b, 0xc02c, 0xcca9}, {0xc02f, 0xc030, 0xcca8}};

static int failed(const char *what, const fede_error *error)
{
    char text[600] = "no error was kept";
    if (error != NULL)
        fede_error_text(error, text, sizeof text);
    return bench_why(what, text, 0);
}

const char *stack_version(void)
{
    return fede_library_version();
}

bool stack_resume(int how)
{
    resuming = how;
    return true;
}

static bool set_resumption(fede_config *config, bool server)
{
    if (!server)
        return fede_config_sessions(config, true) && (resuming == RESUME_TICKET || fede_config_tickets(config, 0));
    fede_store *store = fede_store_new(100);
    bool ok = store != NULL && fede_config_store(config, store);
    fede_store_free(store);
    return ok;
}

bool stack_setup(const struct scenario *s)
{
    uint16_t groups[2] = {0, 0x0017}; /* the certificate's curve, secp256r1, must be offered too (RFC 8422 5.1.1) */
    fede_bytes root, chain, key;
    if (!fede_group_by_name(s->group, &groups[0]))
        return false;
    root.data = bench_file(bench_path(s, "-root.pem"), &root.len);
    chain.data = bench_file(bench_path(s, "-chain.pem"), &chain.len);
    key.data = bench_file(bench_path(s, "-leaf.key"), &key.len);
    for (int i = 0; i < 2; i++) {
        configs[i] = fede_config_new();
        bool ok = configs[i] != NULL &&
                  fede_config_suites(configs[i], &suites[strcmp(s->key, "rsa") == 0][s->cipher], 1) &&
                  fede_config_groups(configs[i], groups, groups[0] == groups[1] ? 1 : 2) &&
                  fede_config_read_ahead(configs[i], true);
        ok = ok && (i == 0 ? fede_config_trust(configs[i], root) : fede_config_credential(configs[i], chain, key));
        if (ok && resuming != RESUME_NOT)
            ok = set_resumption(configs[i], i != 0);
        if (!ok)
            return failed("setup", configs[i] != NULL ? fede_config_error(configs[i]) : NULL) == 0;
    }
    return true;
}

struct side *stack_new(bool server)
{
    fede_conn *conn = server ? fede_server_new(configs[1]) : fede_client_new(configs[0], BENCH_HOST);
    if (server)
        fede_conn_set_user(conn, &as_server);
    else if (session_len > 0)
        fede_conn_resume(conn, (fede_bytes){session, session_len});
    return (struct side *)conn;
}

/* Sends what is to send. */
static void flush(struct side *side)
{
    fede_bytes out;
    while (fede_needs(conn_of(side)) & FEDE_SEND) {
        out = fede_to_send(conn_of(side));
        queue_put(is_server(side), out.data, out.len);
        fede_sent(conn_of(side), (ptrdiff_t)out.len);
    }
}

int stack_handshake(struct side *side)
{
    for (;;) {
        flush(side);
        unsigned needs = fede_needs(conn_of(side));
        if (needs & FEDE_OVER)
            return failed("handshake", fede_conn_error(conn_of(side)));
        if (needs & FEDE_WRITE)
            return 1;
        if (queue_waiting(is_server(side)) == 0)
            return 0;
        fede_room room = fede_to_fill(conn_of(side));
        fede_received(conn_of(side), (ptrdiff_t)queue_take(is_server(side), room.data, room.len));
    }
}

bool stack_write(struct side *side, const uint8_t *data, size_t len)
{
    while (len > 0) {
        size_t n = fede_write(conn_of(side), (fede_bytes){data, len});
        if (n == 0)
            return failed("write", fede_conn_error(conn_of(side))) == 0;
        flush(side);
        data += n;
        len -= n;
    }
    return true;
}

/* The data is looked at where it is. */
ptrdiff_t stack_read(struct side *side, uint8_t *out, size_t size)
{
    (void)out;
    for (;;) {
        unsigned needs = fede_needs(conn_of(side));
        if (needs & FEDE_READ) {
            fede_bytes data = fede_plaintext(conn_of(side));
            size_t n = data.len < size ? data.len : size;
            fede_consumed(conn_of(side), n);
            return (ptrdiff_t)n;
        }
        if (needs & FEDE_OVER)
            return failed("read", fede_conn_error(conn_of(side)));
        if (queue_waiting(is_server(side)) == 0)
            return 0;
        fede_room room = fede_to_fill(conn_of(side));
        fede_received(conn_of(side), (ptrdiff_t)queue_take(is_server(side), room.data, room.len));
    }
}

void stack_rest(struct side *side)
{
    fede_release_buffers(conn_of(side));
}

void stack_free(struct side *side)
{
    if (resuming != RESUME_NOT && !is_server(side)) {
        fede_info info;
        fede_conn_info(conn_of(side), &info);
        fede_bytes kept = fede_conn_session(conn_of(side));
        if (info.resumed != (session_len > 0) || kept.len == 0 || kept.len > sizeof session)
            failed("resumption", fede_conn_error(conn_of(side)));
        if (session_len == 0)
            memcpy(session, kept.data, session_len = kept.len);
    }
    fede_conn_free(conn_of(side));
}
