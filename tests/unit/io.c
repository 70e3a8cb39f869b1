/* Unit tests of src/io: streams over socket pairs and loopback TCP against the engine's own server, which runs in a thread;
   time limits, resets, cut connections, calls that would block. Certificates are those of tests/engine/data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "fede/stream.h"

enum { LIMIT = 10000 };

static char *file(const char *name, size_t *len)
{
    char path[200];
    snprintf(path, sizeof path, "tests/engine/data/%s", name);
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    char *all = calloc(1, 65536);
    *len = fread(all, 1, 65535, in);
    fclose(in);
    return all;
}

static fede_config *server_config(void)
{
    size_t chain_len, key_len;
    char *chain = file("p256.pem", &chain_len), *key = file("p256.key", &key_len);
    fede_config *config = fede_config_new();
    assert_true(fede_config_credential(config, (fede_bytes){(uint8_t *)chain, chain_len},
                                       (fede_bytes){(uint8_t *)key, key_len}));
    free(chain);
    free(key);
    return config;
}

static fede_config *client_config(void)
{
    fede_config *config = fede_config_new();
    assert_true(fede_config_trust_file(config, "tests/engine/data/root.pem"));
    return config;
}

/* ---- A peer in a thread ------------------------------------------------------------------------------------------- */

struct peer {
    pthread_t thread;
    int fd, listener; /* listener -1: fd is given */
    void (*act)(struct peer *peer);
    fede_stream *stream; /* for acts that speak TLS */
    size_t amount;
    int go[2]; /* a byte here lets the peer go on */
};

static void *peer_run(void *arg)
{
    struct peer *peer = arg;
    if (peer->listener >= 0)
        peer->fd = accept(peer->listener, NULL, NULL);
    peer->act(peer);
    return NULL;
}

static void peer_start(struct peer *peer, void (*act)(struct peer *))
{
    peer->act = act;
    assert_int_equal(pipe(peer->go), 0);
    assert_int_equal(pthread_create(&peer->thread, NULL, peer_run, peer), 0);
}

static void peer_end(struct peer *peer)
{
    assert_int_equal(pthread_join(peer->thread, NULL), 0);
    close(peer->go[0]);
    close(peer->go[1]);
    if (peer->listener >= 0)
        close(peer->listener);
}

static void peer_let_go(struct peer *peer)
{
    assert_int_equal(write(peer->go[1], "g", 1), 1);
}

static void peer_wait(struct peer *peer)
{
    char one;
    while (read(peer->go[0], &one, 1) != 1)
        continue;
}

static void peer_speak_tls(struct peer *peer)
{
    fede_config *config = server_config();
    peer->stream = fede_stream_over(peer->fd, fede_server_new(config));
    fede_stream_limit(peer->stream, LIMIT);
    fede_config_free(config);
    fede_stream_handshake(peer->stream);
}

/* Sends back what comes, until the peer closes. */
static void act_echo(struct peer *peer)
{
    char data[20000];
    ptrdiff_t n;
    peer_speak_tls(peer);
    while ((n = fede_stream_read(peer->stream, data, sizeof data)) > 0 &&
           fede_stream_write(peer->stream, data, (size_t)n) == n)
        continue;
    fede_stream_close(peer->stream);
}

/* "hello", then closes in order. */
static void act_hello(struct peer *peer)
{
    peer_speak_tls(peer);
    fede_stream_write(peer->stream, "hello", 5);
    fede_stream_close(peer->stream);
}

/* "hello", then the connection is cut without close_notify. */
static void act_cut(struct peer *peer)
{
    peer_speak_tls(peer);
    fede_stream_write(peer->stream, "hello", 5);
    shutdown(peer->fd, SHUT_WR);
    peer_wait(peer);
    fede_stream_close(peer->stream);
}

static void reset(int fd)
{
    struct linger hard = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(fd);
}

static void act_reset_after_handshake(struct peer *peer)
{
    peer_speak_tls(peer);
    int fd = dup(peer->fd);
    struct linger hard = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    peer_wait(peer);
    fede_conn_free(fede_stream_conn(peer->stream)); /* nothing orderly is said */
    close(peer->fd);
    close(fd);
    free(peer->stream);
}

static void act_reset(struct peer *peer)
{
    char hello[600];
    recv(peer->fd, hello, 5, 0);
    reset(peer->fd);
}

static void act_hang_up(struct peer *peer)
{
    char hello[600];
    recv(peer->fd, hello, sizeof hello, 0);
    close(peer->fd);
}

static void act_silent(struct peer *peer)
{
    peer_wait(peer);
    close(peer->fd);
}

/* A fatal alert in the clear, then a reset, because the rest of what the client sent was not read. */
static void act_alert(struct peer *peer)
{
    static const uint8_t alert[] = {21, 3, 3, 0, 2, 2, 40};
    char some[5];
    recv(peer->fd, some, sizeof some, 0);
    send(peer->fd, alert, sizeof alert, 0);
    usleep(50000);
    close(peer->fd);
}

/* Handshake, then nothing is read until told; then all of `amount` bytes. */
static void act_slow_reader(struct peer *peer)
{
    char data[20000];
    size_t got = 0;
    peer_speak_tls(peer);
    peer_wait(peer);
    for (ptrdiff_t n; got < peer->amount && (n = fede_stream_read(peer->stream, data, sizeof data)) > 0;)
        got += (size_t)n;
    fede_stream_write(peer->stream, got == peer->amount ? "all" : "few", 3);
    fede_stream_close(peer->stream);
}

/* Reads to the client's close_notify, then still says something. */
static void act_answer_after_close(struct peer *peer)
{
    char data[100];
    fede_config *config = server_config();
    fede_config_half_close(config, true);
    peer->stream = fede_stream_over(peer->fd, fede_server_new(config));
    fede_config_free(config);
    fede_stream_limit(peer->stream, LIMIT);
    size_t n = 0;
    for (ptrdiff_t got; (got = fede_stream_read(peer->stream, data + n, sizeof data - n)) > 0;)
        n += (size_t)got;
    fede_stream_write(peer->stream, data, n);
    fede_stream_close(peer->stream);
}

/* ---- Ends of a connection ----------------------------------------------------------------------------------------- */

static fede_stream *over_pair(struct peer *peer, void (*act)(struct peer *))
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    *peer = (struct peer){.fd = fds[1], .listener = -1};
    peer_start(peer, act);
    fede_config *config = client_config();
    fede_stream *stream = fede_stream_over(fds[0], fede_client_new(config, "server.test"));
    fede_config_free(config);
    assert_non_null(stream);
    fede_stream_limit(stream, LIMIT);
    return stream;
}

/* A listener on loopback; its port as text. */
static int listener(char port[8])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 5), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    snprintf(port, 8, "%u", ntohs(address.sin_port));
    return fd;
}

static fede_stream *over_tcp(struct peer *peer, void (*act)(struct peer *), fede_config *config, unsigned limit)
{
    char port[8];
    *peer = (struct peer){.fd = -1, .listener = listener(port)};
    peer_start(peer, act);
    return fede_connect("127.0.0.1", port, config, limit);
}

static unsigned reason_of(const fede_stream *stream)
{
    const fede_error *error = fede_stream_error(stream);
    return error ? error->reason : FEDE_OK;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- In order ----------------------------------------------------------------------------------------------------- */

static void test_hello_and_close(void **state)
{
    (void)state;
    struct peer peer;
    char data[100];
    fede_stream *stream = over_pair(&peer, act_hello);
    assert_int_equal(fede_stream_handshake(stream), 1);
    assert_int_equal(fede_stream_read(stream, data, 2), 2);
    assert_memory_equal(data, "he", 2);
    assert_int_equal(fede_stream_read(stream, data, sizeof data), 3);
    assert_memory_equal(data, "llo", 3);
    assert_int_equal(fede_stream_read(stream, data, sizeof data), 0);
    assert_int_equal(fede_stream_read(stream, data, sizeof data), 0);
    assert_null(fede_stream_error(stream));
    assert_true(fede_stream_close(stream));
    peer_end(&peer);
}

static void test_echo_of_much(void **state)
{
    (void)state;
    struct peer peer;
    enum { TOTAL = 4000000, PIECE = 50000 };
    static uint8_t sent[PIECE], back[PIECE];
    fede_stream *stream = over_pair(&peer, act_echo);
    for (size_t i = 0; i < TOTAL / PIECE; i++) {
        for (size_t k = 0; k < PIECE; k++)
            sent[k] = (uint8_t)(k * 7 + i);
        assert_int_equal(fede_stream_write(stream, sent, PIECE), PIECE);
        for (size_t got = 0; got < PIECE;) {
            ptrdiff_t n = fede_stream_read(stream, back + got, PIECE - got);
            assert_true(n > 0);
            got += (size_t)n;
        }
        assert_memory_equal(sent, back, PIECE);
    }
    assert_true(fede_stream_finish(stream));
    assert_int_equal(fede_stream_read(stream, back, PIECE), 0);
    assert_true(fede_stream_close(stream));
    peer_end(&peer);
}

static void test_half_close(void **state)
{
    (void)state;
    struct peer peer;
    char data[100];
    fede_stream *stream = over_pair(&peer, act_answer_after_close);
    assert_int_equal(fede_stream_write(stream, "question", 8), 8);
    assert_true(fede_stream_finish(stream));
    assert_int_equal(fede_stream_write(stream, "more", 4), FEDE_STREAM_FAILED); /* our side is closed */
    assert_int_equal(reason_of(stream), FEDE_CALL_ORDER);
    fede_stream_close(stream);
    peer_end(&peer);

    stream = over_pair(&peer, act_answer_after_close);
    assert_int_equal(fede_stream_write(stream, "question", 8), 8);
    assert_true(fede_stream_finish(stream));
    size_t n = 0;
    for (ptrdiff_t got; (got = fede_stream_read(stream, data + n, sizeof data - n)) > 0;)
        n += (size_t)got;
    assert_int_equal(n, 8);
    assert_memory_equal(data, "question", 8);
    assert_true(fede_stream_close(stream));
    peer_end(&peer);
}

static void test_small_calls(void **state)
{
    (void)state;
    struct peer peer;
    char one;
    fede_stream *stream = over_pair(&peer, act_echo);
    assert_int_equal(fede_stream_write(stream, "", 0), 0);
    assert_int_equal(fede_stream_read(stream, &one, 0), FEDE_STREAM_FAILED);
    assert_int_equal(reason_of(stream), FEDE_CALL_ORDER);
    assert_string_equal(fede_stream_error(stream)->detail, "a read needs room for one byte");
    assert_int_equal(fede_stream_write(stream, "x", 1), FEDE_STREAM_FAILED); /* the first failure sticks */
    assert_false(fede_stream_close(stream));
    peer_end(&peer);
    assert_true(fede_stream_close(NULL));
}

/* ---- fede_connect ------------------------------------------------------------------------------------------------- */

static void test_connect(void **state)
{
    (void)state;
    struct peer peer;
    char data[10];
    fede_config *config = fede_config_new();
    assert_true(fede_config_unauthenticated_encryption(config)); /* the certificate is for another name */
    fede_stream *stream = over_tcp(&peer, act_echo, config, LIMIT);
    assert_null(fede_stream_error(stream));
    assert_int_equal(fede_stream_write(stream, "abc", 3), 3);
    assert_int_equal(fede_stream_read(stream, data, sizeof data), 3);
    assert_true(fede_stream_close(stream));
    peer_end(&peer);
    fede_config_free(config);
}

/* Nothing has to be switched on to be safe. */
static void test_connect_is_verified(void **state)
{
    (void)state;
    struct peer peer;
    char data[10];
    fede_stream *stream = over_tcp(&peer, act_hello, NULL, LIMIT);
    unsigned reason = reason_of(stream);
    /* The test root is in no system store; a system without one is refused too. */
    assert_true(reason == FEDE_CERT_UNKNOWN_ISSUER || reason == FEDE_CERT_SELF_SIGNED ||
                reason == FEDE_CONFIG_NO_TRUST);
    assert_int_equal(fede_stream_read(stream, data, sizeof data), FEDE_STREAM_FAILED);
    assert_int_equal(fede_stream_write(stream, "x", 1), FEDE_STREAM_FAILED);
    assert_false(fede_stream_close(stream));
    if (reason == FEDE_CONFIG_NO_TRUST)
        close(peer.listener);
    peer_end(&peer);

    fede_config *empty = fede_config_new(); /* a config in which everything was forgotten */
    stream = over_tcp(&peer, act_hello, empty, LIMIT);
    assert_int_equal(reason_of(stream), FEDE_CONFIG_NO_TRUST);
    fede_stream_close(stream);
    peer_end(&peer);
    fede_config_free(empty);

    fede_config *config = client_config(); /* trusted, but the certificate is not for this address */
    stream = over_tcp(&peer, act_hello, config, LIMIT);
    reason = reason_of(stream);
    assert_true(reason == FEDE_CERT_NAME_MISMATCH || reason == FEDE_CERT_NO_NAMES);
    fede_stream_close(stream);
    peer_end(&peer);
    fede_config_free(config);
}

static void test_connect_refused(void **state)
{
    (void)state;
    char port[8], wanted[40];
    close(listener(port)); /* free now, and nobody listens */
    fede_config *config = client_config();
    fede_stream *stream = fede_connect("127.0.0.1", port, config, LIMIT);
    assert_int_equal(reason_of(stream), FEDE_NOT_CONNECTED);
    snprintf(wanted, sizeof wanted, "127.0.0.1 port %s: ", port);
    assert_non_null(strstr(fede_stream_error(stream)->detail, wanted));
    assert_int_equal(fede_stream_fd(stream), -1);
    assert_int_equal(fede_stream_wants(stream), 0);
    fede_stream_close(stream);
    fede_config_free(config);
}

static void test_connect_name_not_resolved(void **state)
{
    (void)state;
    fede_config *config = client_config();
    fede_stream *stream = fede_connect("nosuch.invalid", "443", config, 0);
    assert_int_equal(reason_of(stream), FEDE_NAME_NOT_RESOLVED);
    assert_non_null(strstr(fede_stream_error(stream)->detail, "nosuch.invalid"));
    fede_stream_close(stream);
    stream = fede_connect("no such name", "443", config, LIMIT);
    assert_int_equal(reason_of(stream), FEDE_CONFIG_BAD_NAME);
    fede_stream_close(stream);
    static const char *const ports[] = {"99999", "65536", "0", "-1", "", "no-such-service"};
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
        stream = fede_connect("127.0.0.1", ports[i], config, LIMIT);
        assert_int_equal(reason_of(stream), FEDE_CONFIG_BAD_VALUE);
        fede_stream_close(stream);
    }
    stream = fede_connect(NULL, NULL, config, LIMIT);
    assert_non_null(fede_stream_error(stream));
    fede_stream_close(stream);
    fede_config_free(config);
}

static void test_connect_limit(void **state)
{
    (void)state;
    struct peer peer;
    fede_config *config = client_config();
    int64_t began = now_ms();
    fede_stream *stream = over_tcp(&peer, act_silent, config, 150);
    int64_t took = now_ms() - began;
    assert_int_equal(reason_of(stream), FEDE_TIME_LIMIT);
    assert_int_equal(fede_stream_error(stream)->wanted, 150);
    assert_true(took >= 149 && took < 3000);
    fede_stream_close(stream);
    peer_let_go(&peer);
    peer_end(&peer);
    fede_config_free(config);
}

/* ---- Failures ----------------------------------------------------------------------------------------------------- */

static void test_truncated(void **state)
{
    (void)state;
    struct peer peer;
    char data[100];
    fede_stream *stream = over_pair(&peer, act_cut);
    assert_int_equal(fede_stream_read(stream, data, sizeof data), 5); /* what came before is not lost */
    assert_int_equal(fede_stream_read(stream, data, sizeof data), FEDE_STREAM_FAILED);
    assert_int_equal(reason_of(stream), FEDE_TRUNCATED);
    peer_let_go(&peer);
    assert_false(fede_stream_close(stream));
    peer_end(&peer);
}

/* Reads to the client's close_notify, answers, and goes without its own. */
static void act_answer_and_cut(struct peer *peer)
{
    char data[100];
    fede_config *config = server_config();
    fede_config_half_close(config, true);
    peer->stream = fede_stream_over(peer->fd, fede_server_new(config));
    fede_config_free(config);
    fede_stream_limit(peer->stream, LIMIT);
    while (fede_stream_read(peer->stream, data, sizeof data) > 0)
        continue;
    fede_stream_write(peer->stream, "ans", 3);
    shutdown(peer->fd, SHUT_WR);
    peer_wait(peer);
    fede_stream_close(peer->stream);
}

/* That we have closed does not make the end of the stream an orderly one: the answer may be cut. */
static void test_truncated_after_finish(void **state)
{
    (void)state;
    struct peer peer;
    char data[100];
    fede_stream *stream = over_pair(&peer, act_answer_and_cut);
    assert_int_equal(fede_stream_write(stream, "question", 8), 8);
    assert_true(fede_stream_finish(stream));
    assert_int_equal(fede_stream_read(stream, data, sizeof data), 3);
    assert_int_equal(fede_stream_read(stream, data, sizeof data), FEDE_STREAM_FAILED);
    assert_int_equal(reason_of(stream), FEDE_TRUNCATED);
    assert_int_equal(fede_stream_read(stream, data, sizeof data), FEDE_STREAM_FAILED);
    peer_let_go(&peer);
    assert_false(fede_stream_close(stream));
    peer_end(&peer);
}

/* A call that fails says why, also on a stream that was closed before it began. */
static void test_finished_first(void **state)
{
    (void)state;
    for (int call = 0; call < 3; call++) {
        struct peer peer;
        char data[10] = "x";
        fede_stream *stream = over_pair(&peer, act_hang_up);
        assert_true(fede_stream_finish(stream));
        if (call == 0)
            assert_int_equal(fede_stream_handshake(stream), -1);
        else if (call == 1)
            assert_int_equal(fede_stream_write(stream, data, 1), FEDE_STREAM_FAILED);
        else
            assert_int_equal(fede_stream_read(stream, data, 1), FEDE_STREAM_FAILED);
        assert_int_equal(reason_of(stream), FEDE_CALL_ORDER);
        assert_false(fede_stream_close(stream));
        peer_end(&peer);
    }
}

static void test_reset(void **state)
{
    (void)state;
    struct peer peer;
    char data[100];
    fede_config *config = client_config();
    fede_stream *stream = over_tcp(&peer, act_reset, config, LIMIT);
    assert_int_equal(reason_of(stream), FEDE_TRANSPORT_RESET);
    assert_non_null(fede_stream_error(stream)->detail);
    assert_int_equal(fede_stream_read(stream, data, sizeof data), FEDE_STREAM_FAILED);
    fede_stream_close(stream);
    peer_end(&peer);
    fede_config_free(config);

    config = fede_config_new();
    assert_true(fede_config_unauthenticated_encryption(config));
    stream = over_tcp(&peer, act_reset_after_handshake, config, LIMIT);
    assert_null(fede_stream_error(stream));
    fede_stream_limit(stream, LIMIT);
    peer_let_go(&peer);
    assert_int_equal(fede_stream_read(stream, data, sizeof data), FEDE_STREAM_FAILED);
    assert_int_equal(reason_of(stream), FEDE_TRANSPORT_RESET);
    assert_int_equal(fede_stream_write(stream, "x", 1), FEDE_STREAM_FAILED); /* and no SIGPIPE */
    fede_stream_close(stream);
    peer_end(&peer);
    fede_config_free(config);
}

static void test_closed_in_handshake(void **state)
{
    (void)state;
    struct peer peer;
    fede_stream *stream = over_pair(&peer, act_hang_up);
    assert_int_equal(fede_stream_handshake(stream), -1);
    assert_int_equal(reason_of(stream), FEDE_TRANSPORT_CLOSED_IN_HANDSHAKE);
    fede_stream_close(stream);
    peer_end(&peer);
}

/* The alert is the news, not the reset that follows it. */
static void test_alert_before_reset(void **state)
{
    (void)state;
    struct peer peer;
    fede_config *config = client_config();
    fede_stream *stream = over_tcp(&peer, act_alert, config, LIMIT);
    assert_int_equal(reason_of(stream), FEDE_PEER_ALERT);
    assert_int_equal(fede_stream_error(stream)->alert, FEDE_ALERT_HANDSHAKE_FAILURE);
    fede_stream_close(stream);
    peer_end(&peer);
    fede_config_free(config);
}

/* The same when it is a send that fails: the alert lies unread in the socket. */
static void test_alert_before_failed_send(void **state)
{
    (void)state;
    static const uint8_t alert[] = {21, 3, 3, 0, 2, 2, 70};
    char port[8];
    struct sockaddr_in address = {.sin_family = AF_INET};
    int listening = listener(port), fd = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)atoi(port));
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    int other = accept(listening, NULL, NULL);
    assert_int_equal(send(fd, "unread", 6, 0), 6);
    assert_int_equal(send(other, alert, sizeof alert, 0), sizeof alert);
    usleep(20000);
    close(other); /* with unread data: a reset, which makes our next send fail */
    usleep(20000);
    fede_config *config = client_config();
    fede_stream *stream = fede_stream_over(fd, fede_client_new(config, "server.test"));
    assert_int_equal(fede_stream_handshake(stream), -1);
    unsigned reason = reason_of(stream);
#ifdef __linux__
    assert_int_equal(reason, FEDE_PEER_ALERT);
#else
    assert_true(reason == FEDE_PEER_ALERT ||
                reason == FEDE_TRANSPORT_RESET); /* some systems drop what came before a reset */
#endif
    fede_stream_close(stream);
    fede_config_free(config);
    close(listening);
}

/* A peer that answers, closes, and is then sent more: the send fails, the answer is there all the same. */
static void act_answer_and_leave(struct peer *peer)
{
    char some[100];
    peer_speak_tls(peer);
    fede_stream_read(peer->stream, some, sizeof some);
    fede_stream_write(peer->stream, "answer", 6);
    fede_stream_finish(peer->stream);
    peer_wait(peer);
    fede_stream_close(peer->stream);
}

static void test_answer_before_failed_send(void **state)
{
    (void)state;
    struct peer peer;
    static uint8_t data[200000];
    fede_config *config = fede_config_new();
    assert_true(fede_config_unauthenticated_encryption(config));
    fede_stream *stream = over_tcp(&peer, act_answer_and_leave, config, LIMIT);
    assert_null(fede_stream_error(stream));
    fede_stream_limit(stream, LIMIT);
    assert_int_equal(fede_stream_write(stream, data, 1000), 1000);
    usleep(50000);
    peer_let_go(&peer); /* closes the socket with bytes unread: a reset */
    usleep(50000);
    ptrdiff_t n;
    for (int i = 0; i < 100 && (n = fede_stream_write(stream, data, sizeof data)) > 0; i++)
        usleep(1000);
    assert_int_equal(n, FEDE_STREAM_FAILED);
    assert_int_equal(reason_of(stream), FEDE_TRANSPORT_RESET);
#ifdef __linux__
    assert_int_equal(fede_stream_read(stream, data, sizeof data), 6);
    assert_memory_equal(data, "answer", 6);
    assert_int_equal(fede_stream_read(stream, data, sizeof data), 0);
#endif
    assert_false(fede_stream_close(stream));
    peer_end(&peer);
    fede_config_free(config);
}

/* The peer's close_notify has come: that is why nothing can be sent. */
static void test_write_after_close(void **state)
{
    (void)state;
    struct peer peer;
    char data[10];
    fede_stream *stream = over_pair(&peer, act_hello);
    assert_int_equal(fede_stream_read(stream, data, sizeof data), 5);
    assert_int_equal(fede_stream_read(stream, data, sizeof data), 0);
    assert_int_equal(fede_stream_write(stream, "x", 1), FEDE_STREAM_FAILED);
    assert_int_equal(reason_of(stream), FEDE_CLOSED_BY_PEER);
    assert_int_equal(fede_stream_read(stream, data, sizeof data), 0);
    fede_stream_close(stream);
    peer_end(&peer);
}

static void test_read_limit(void **state)
{
    (void)state;
    struct peer peer;
    char data[10];
    fede_stream *stream = over_pair(&peer, act_slow_reader);
    peer.amount = 0;
    assert_int_equal(fede_stream_handshake(stream), 1);
    fede_stream_limit(stream, 100);
    int64_t began = now_ms();
    assert_int_equal(fede_stream_read(stream, data, sizeof data), FEDE_STREAM_FAILED);
    int64_t took = now_ms() - began;
    assert_int_equal(reason_of(stream), FEDE_TIME_LIMIT);
    assert_true(took >= 99 && took < 3000);
    fede_stream_close(stream);
    peer_let_go(&peer);
    peer_end(&peer);
}

static void on_alarm(int number)
{
    (void)number;
}

/* A signal in the middle of waiting changes nothing. */
static void test_interrupted_calls(void **state)
{
    (void)state;
    struct peer peer;
    char data[10];
    struct sigaction action = {.sa_handler = on_alarm}, before;
    struct itimerval often = {{0, 5000}, {0, 5000}}, never = {{0, 0}, {0, 0}};
    fede_stream *stream = over_pair(&peer, act_slow_reader);
    peer.amount = 0;
    assert_int_equal(fede_stream_handshake(stream), 1);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    setitimer(ITIMER_REAL, &often, NULL);
    fede_stream_limit(stream, 100);
    int64_t began = now_ms();
    assert_int_equal(fede_stream_read(stream, data, sizeof data), FEDE_STREAM_FAILED);
    assert_true(now_ms() - began >= 99);
    assert_int_equal(reason_of(stream), FEDE_TIME_LIMIT);
    setitimer(ITIMER_REAL, &never, NULL);
    sigaction(SIGALRM, &before, NULL);
    fede_stream_close(stream);
    peer_let_go(&peer);
    peer_end(&peer);
}

/* ---- Without blocking --------------------------------------------------------------------------------------------- */

static void wait_for(fede_stream *stream)
{
    struct pollfd one = {fede_stream_fd(stream), fede_stream_wants(stream), 0};
    assert_true(one.events != 0);
    assert_true(poll(&one, 1, LIMIT) > 0);
}

static void test_would_block(void **state)
{
    (void)state;
    struct peer peer;
    static uint8_t data[100000];
    fede_stream *stream = over_pair(&peer, act_slow_reader);
    fede_stream_blocking(stream, false);
    int done, waits = 0;
    while ((done = fede_stream_handshake(stream)) == 0) {
        waits++;
        wait_for(stream);
    }
    assert_int_equal(done, 1);
    assert_true(waits > 0);
    assert_int_equal(fede_stream_read(stream, data, sizeof data), FEDE_WOULD_BLOCK);
    assert_int_equal(fede_stream_wants(stream), POLLIN);

    size_t total = 0;
    ptrdiff_t n;
    while ((n = fede_stream_write(stream, data, sizeof data)) > 0)
        total += (size_t)n; /* until the kernel's buffers are full */
    assert_int_equal(n, FEDE_WOULD_BLOCK);
    assert_true(total > 0);
    assert_int_equal(fede_stream_flush(stream), 0);
    assert_true(fede_stream_wants(stream) & POLLOUT);
    peer.amount = total;
    peer_let_go(&peer);
    while ((done = fede_stream_flush(stream)) == 0)
        wait_for(stream);
    assert_int_equal(done, 1);
    while ((n = fede_stream_read(stream, data, sizeof data)) == FEDE_WOULD_BLOCK)
        wait_for(stream);
    assert_int_equal(n, 3);
    assert_memory_equal(data, "all", 3); /* every byte said to be taken has arrived */
    assert_true(fede_stream_close(stream));
    peer_end(&peer);
}

/* A peer that does not read can't hold up closing for longer than the limit. */
static void test_close_does_not_hang(void **state)
{
    (void)state;
    struct peer peer;
    static uint8_t data[100000];
    fede_stream *stream = over_pair(&peer, act_slow_reader);
    peer.amount = 1;
    assert_int_equal(fede_stream_handshake(stream), 1);
    fede_stream_blocking(stream, false);
    while (fede_stream_write(stream, data, sizeof data) > 0)
        continue;
    fede_stream_blocking(stream, true);
    fede_stream_limit(stream, 100);
    int64_t began = now_ms();
    assert_false(fede_stream_close(stream));
    assert_true(now_ms() - began < 3000);
    peer_let_go(&peer);
    peer_end(&peer);
}

/* The application is asked about the chain: the stream waits for the answer and goes on. */
static void test_question(void **state)
{
    (void)state;
    struct peer peer;
    char data[10];
    int fds[2];
    for (int accept_it = 0; accept_it < 2; accept_it++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
        peer = (struct peer){.fd = fds[1], .listener = -1};
        peer_start(&peer, act_hello);
        fede_config *config = client_config();
        assert_true(fede_config_ask(config, FEDE_ASK_VERDICT));
        fede_stream *stream = fede_stream_over(fds[0], fede_client_new(config, "server.test"));
        fede_config_free(config);
        fede_stream_limit(stream, LIMIT);
        assert_int_equal(fede_stream_handshake(stream), 0);
        assert_non_null(fede_ask(fede_stream_conn(stream)));
        assert_true(fede_answer_verdict(fede_stream_conn(stream), accept_it));
        if (accept_it) {
            assert_int_equal(fede_stream_read(stream, data, sizeof data), 5);
        } else {
            assert_int_equal(fede_stream_handshake(stream), -1);
            assert_int_equal(reason_of(stream), FEDE_CERT_REFUSED);
        }
        fede_stream_close(stream);
        peer_end(&peer);
    }
}

int main(void)
{
    /* Whether SIGPIPE is ignored may not matter: the default would end the program. */
    signal(SIGPIPE, SIG_DFL);
    alarm(120);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hello_and_close),
        cmocka_unit_test(test_echo_of_much),
        cmocka_unit_test(test_half_close),
        cmocka_unit_test(test_small_calls),
        cmocka_unit_test(test_connect),
        cmocka_unit_test(test_connect_is_verified),
        cmocka_unit_test(test_connect_refused),
        cmocka_unit_test(test_connect_name_not_resolved),
        cmocka_unit_test(test_connect_limit),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_truncated_after_finish),
        cmocka_unit_test(test_finished_first),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_closed_in_handshake),
        cmocka_unit_test(test_alert_before_reset),
        cmocka_unit_test(test_alert_before_failed_send),
        cmocka_unit_test(test_answer_before_failed_send),
        cmocka_unit_test(test_write_after_close),
        cmocka_unit_test(test_read_limit),
        cmocka_unit_test(test_interrupted_calls),
        cmocka_unit_test(test_would_block),
        cmocka_unit_test(test_close_does_not_hang),
        cmocka_unit_test(test_question),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
