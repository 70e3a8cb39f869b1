/* A load client on another TLS stack (OpenSSL's libssl), for the tests of fede serve.

   load HOST PORT CA seq N PATH SIZE      N connections one after the other, each with a request whose answer must have SIZE
                                          bytes of body
   load HOST PORT CA many N PATH SIZE     N connections at once, all handshakes in flight together; then, at each line on
                                          standard input: a request on every connection; a close of every connection
   load HOST PORT CA slow N PATH SIZE     N connections that ask for PATH and read 1 KB every 50 ms, until standard input ends

   The server's certificate must verify for HOST. Prints what it reached, a line each, and ends with 0 when all of it was
   good. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct client {
    SSL *ssl;
    int fd;
    int done;               /* with the present phase */
    size_t asked, got;      /* bytes of the request sent; of the answer received */
    size_t head, expected;  /* length of the answer's head; of the whole answer */
    char start[1024];       /* the answer's beginning */
};

static SSL_CTX *context;
static const char *host;
static struct sockaddr_in address;
static char request[512];
static size_t body_size;
static unsigned failures;

static void complain(const char *what, int number)
{
    if (failures++ < 5) {
        fprintf(stderr, "connection %d: %s: %s\n", number, what, strerror(errno));
        ERR_print_errors_fp(stderr);
    }
    ERR_clear_error();
}

static int open_client(struct client *c, int blocking)
{
    memset(c, 0, sizeof *c);
    c->fd = socket(AF_INET, SOCK_STREAM | (blocking ? 0 : SOCK_NONBLOCK), 0);
    if (c->fd < 0)
        return 0;
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS)
        return 0;
    c->ssl = SSL_new(context);
    SSL_set_fd(c->ssl, c->fd);
    SSL_set_tlsext_host_name(c->ssl, host);
    SSL_set1_host(c->ssl, host);
    SSL_set_connect_state(c->ssl);
    return 1;
}

static void close_client(struct client *c)
{
    if (c->ssl) {
        SSL_shutdown(c->ssl);
        SSL_free(c->ssl);
    }
    if (c->fd >= 0)
        close(c->fd);
    c->ssl = NULL;
    c->fd = -1;
}

/* One step of a request; 1 done, 0 would block, -1 failed. */
static int ask(struct client *c)
{
    char room[16384];
    size_t len = strlen(request);
    while (c->asked < len) {
        int n = SSL_write(c->ssl, request + c->asked, (int)(len - c->asked));
        if (n <= 0)
            return SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_WRITE || SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_READ ? 0 : -1;
        c->asked += (size_t)n;
    }
    for (;;) {
        int n = SSL_read(c->ssl, room, sizeof room);
        if (n <= 0)
            return SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_READ ? 0 : -1;
        if (c->got < sizeof c->start - 1) {
            size_t take = sizeof c->start - 1 - c->got < (size_t)n ? sizeof c->start - 1 - c->got : (size_t)n;
            memcpy(c->start + c->got, room, take);
        }
        c->got += (size_t)n;
        char *end = c->head ? NULL : strstr(c->start, "\r\n\r\n");
        if (end) {
            char *length = strstr(c->start, "content-length: ");
            c->head = (size_t)(end + 4 - c->start);
            c->expected = c->head + (length ? (size_t)atol(length + 16) : 0);
        }
        if (c->head && c->got >= c->expected) {
            int good = strncmp(c->start, "HTTP/1.1 200", 12) == 0 && c->got == c->expected && c->got - c->head == body_size;
            return good ? 1 : -1;
        }
    }
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void one_after_the_other(int n)
{
    double began = seconds();
    int good = 0;
    for (int i = 0; i < n; i++) {
        struct client c;
        if (!open_client(&c, 1))
            complain("connect", i);
        else if (SSL_connect(c.ssl) != 1)
            complain("handshake", i);
        else if (ask(&c) != 1)
            complain("request", i);
        else
            good++;
        close_client(&c);
    }
    printf("good %d of %d in %.2f s\n", good, n, seconds() - began);
}

enum phase { HANDSHAKES, REQUESTS };

static int advance(struct client *c, enum phase phase)
{
    if (phase == REQUESTS)
        return ask(c);
    int n = SSL_do_handshake(c->ssl);
    int why = n == 1 ? 0 : SSL_get_error(c->ssl, n);
    return n == 1 ? 1 : why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

/* Takes all clients through a phase at once. */
static void run_phase(struct client *clients, int n, enum phase phase, const char *name)
{
    int loop = epoll_create1(0), left = 0, good = 0;
    double began = seconds();
    for (int i = 0; i < n; i++) {
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.u32 = (unsigned)i};
        clients[i].done = clients[i].fd < 0;
        clients[i].asked = clients[i].got = clients[i].head = clients[i].expected = 0;
        memset(clients[i].start, 0, sizeof clients[i].start);
        if (!clients[i].done && epoll_ctl(loop, EPOLL_CTL_ADD, clients[i].fd, &event) == 0)
            left++;
    }
    while (left > 0 && seconds() - began < 60) {
        struct epoll_event events[256];
        int got = epoll_wait(loop, events, 256, 1000);
        for (int k = 0; k < got; k++) {
            struct client *c = &clients[events[k].data.u32];
            int result = c->done ? 0 : advance(c, phase);
            if (result == 0)
                continue;
            if (result < 0)
                complain(name, (int)events[k].data.u32);
            good += result > 0;
            c->done = 1;
            left--;
        }
    }
    failures += (unsigned)left;
    close(loop);
    printf("%s %d of %d in %.2f s\n", name, good, n, seconds() - began);
}

static int next_line(void)
{
    char line[64];
    return fgets(line, sizeof line, stdin) != NULL;
}

static void all_at_once(int n)
{
    struct client *clients = calloc((size_t)n, sizeof *clients);
    for (int i = 0; i < n; i++)
        if (!open_client(&clients[i], 0))
            complain("connect", i);
    run_phase(clients, n, HANDSHAKES, "handshakes");
    if (next_line())
        run_phase(clients, n, REQUESTS, "answers");
    next_line();
    for (int i = 0; i < n; i++)
        close_client(&clients[i]);
    printf("closed %d\n", n);
    free(clients);
}

static void slowly(int n)
{
    struct client *clients = calloc((size_t)n, sizeof *clients);
    int good = 0, small = 4096;
    for (int i = 0; i < n; i++) {
        struct client *c = &clients[i];
        if (!open_client(c, 1) || SSL_connect(c->ssl) != 1 || SSL_write(c->ssl, request, (int)strlen(request)) <= 0)
            complain("start", i);
        else
            good++;
        setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        fcntl(c->fd, F_SETFL, O_NONBLOCK);
    }
    printf("reading %d of %d\n", good, n);
    struct pollfd end = {.fd = 0, .events = POLLIN};
    while (poll(&end, 1, 50) == 0)
        for (int i = 0; i < n; i++) {
            char room[1024];
            struct pollfd ready = {.fd = clients[i].fd, .events = POLLIN};
            int n = clients[i].ssl && poll(&ready, 1, 0) > 0 ? SSL_read(clients[i].ssl, room, sizeof room) : 1;
            if (n <= 0 && SSL_get_error(clients[i].ssl, n) != SSL_ERROR_WANT_READ)
                complain("read", i);
        }
    for (int i = 0; i < n; i++)
        close_client(&clients[i]);
    printf("closed %d\n", n);
    free(clients);
}

int main(int argc, char **argv)
{
    if (argc != 8) {
        fprintf(stderr, "usage: load HOST PORT CA seq|many|slow N PATH SIZE\n");
        return 2;
    }
    host = argv[1];
    setvbuf(stdout, NULL, _IOLBF, 0);
    address.sin_family = AF_INET;
    address.sin_port = htons((unsigned short)atoi(argv[2]));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int n = atoi(argv[5]), sequential = strcmp(argv[4], "seq") == 0;
    body_size = (size_t)atol(argv[7]);
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: %s\r\n\r\n", argv[6], host,
             sequential ? "close" : "keep-alive");
    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    if (SSL_CTX_load_verify_locations(context, argv[3], NULL) != 1) {
        ERR_print_errors_fp(stderr);
        return 2;
    }
    if (sequential)
        one_after_the_other(n);
    else if (strcmp(argv[4], "many") == 0)
        all_at_once(n);
    else
        slowly(n);
    SSL_CTX_free(context);
    return failures != 0;
}
