/* A client on another TLS stack (OpenSSL's libssl) that visits several servers in turn, at a pace, each time with a session that
   another of them made: for the tests of tickets and of session stores that servers share.

   visits CA tickets|ids RATE SECONDS LIFETIME PORT...

   RATE connections a second are begun, by several threads, so that one that waits for its server does not slow the others down.
   Each sends a byte, gets it back, and keeps its session; half a second later that session is offered to the next server, until
   LIFETIME is over since its full handshake, less a margin because servers count whole seconds. Prints "running" once a second,
   then "visits N offered N resumed N failed N rate N"; ends with 0 when none failed and all that was offered was resumed. */
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 16, KEPT = 4096, PORTS = 8 };
static const double REST = 0.5, MARGIN = 1.5;

struct kept {
    SSL_SESSION *session;
    double made, first; /* when it was got; when its full handshake was */
    int port;           /* index of the server it is from */
};

struct visitor {
    pthread_t thread;
    struct kept queue[KEPT];
    unsigned head, tail, at; /* at: visits so far */
};

static SSL_CTX *context;
static struct sockaddr_in addresses[PORTS];
static int n_ports;
static double began, rate, seconds, lifetime;
static struct visitor visitors[THREADS];
static atomic_uint visits, offered, resumed, failures;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void complain(const char *what)
{
    if (atomic_fetch_add(&failures, 1) < 5) {
        fprintf(stderr, "%s: %s\n", what, strerror(errno));
        ERR_print_errors_fp(stderr);
    }
    ERR_clear_error();
}

/* One connection; the session for the next, or NULL when it failed. */
static SSL_SESSION *visit(int port, SSL_SESSION *session, int *reused)
{
    SSL_SESSION *next = NULL;
    struct timeval limit = {20, 0};
    char byte = 'x';
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    SSL *ssl = SSL_new(context);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    SSL_set_fd(ssl, fd);
    SSL_set_tlsext_host_name(ssl, "localhost");
    SSL_set1_host(ssl, "localhost");
    if (session != NULL)
        SSL_set_session(ssl, session);
    if (connect(fd, (struct sockaddr *)&addresses[port], sizeof *addresses) != 0)
        complain("connect");
    else if (SSL_connect(ssl) != 1)
        complain("handshake");
    else if (SSL_write(ssl, &byte, 1) != 1 || SSL_read(ssl, &byte, 1) != 1 || byte != 'x')
        complain("echo");
    else
        next = SSL_get1_session(ssl);
    *reused = SSL_session_reused(ssl);
    if (next != NULL)
        SSL_shutdown(ssl); /* else libssl takes the session for a broken one */
    SSL_free(ssl);
    close(fd);
    return next;
}

/* The oldest session that has rested and lives long enough; what is too old is dropped. */
static struct kept take(struct visitor *v, double at)
{
    while (v->head != v->tail && at - v->queue[v->head % KEPT].made > REST) {
        struct kept k = v->queue[v->head++ % KEPT];
        if (at - k.first < lifetime - MARGIN)
            return k;
        SSL_SESSION_free(k.session);
    }
    return (struct kept){NULL, 0, at, (int)(v->at % (unsigned)n_ports)};
}

static void *run(void *argument)
{
    struct visitor *v = argument;
    double pause = THREADS / rate, due = began + pause * (double)(v - visitors) / THREADS;
    for (; due < began + seconds; due += pause, v->at++) {
        double at = now();
        if (at < due) {
            struct timespec rest = {(time_t)(due - at), (long)((due - at - (double)(time_t)(due - at)) * 1e9)};
            nanosleep(&rest, NULL);
            at = now();
        }
        if (at > began + seconds)
            break;
        int reused = 0;
        struct kept k = take(v, at);
        int port = (k.port + 1) % n_ports;
        SSL_SESSION *next = visit(port, k.session, &reused);
        atomic_fetch_add(&visits, 1);
        atomic_fetch_add(&offered, k.session != NULL);
        atomic_fetch_add(&resumed, k.session != NULL && reused);
        SSL_SESSION_free(k.session);
        if (next != NULL && v->tail - v->head < KEPT)
            v->queue[v->tail++ % KEPT] = (struct kept){next, now(), reused ? k.first : at, port};
        else
            SSL_SESSION_free(next);
    }
    while (v->head != v->tail)
        SSL_SESSION_free(v->queue[v->head++ % KEPT].session);
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc < 7 || argc - 6 > PORTS) {
        fprintf(stderr, "usage: visits CA tickets|ids RATE SECONDS LIFETIME PORT...\n");
        return 2;
    }
    rate = atof(argv[3]), seconds = atof(argv[4]), lifetime = atof(argv[5]);
    for (n_ports = 0; n_ports < argc - 6; n_ports++)
        addresses[n_ports] = (struct sockaddr_in){.sin_family = AF_INET,
                                                  .sin_port = htons((unsigned short)atoi(argv[6 + n_ports])),
                                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setvbuf(stdout, NULL, _IOLBF, 0);
    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    if (strcmp(argv[2], "ids") == 0)
        SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    if (SSL_CTX_load_verify_locations(context, argv[1], NULL) != 1) {
        ERR_print_errors_fp(stderr);
        return 2;
    }
    began = now();
    for (int i = 0; i < THREADS; i++)
        pthread_create(&visitors[i].thread, NULL, run, &visitors[i]);
    for (int i = 1; i < (int)seconds; i++) {
        sleep(1);
        puts("running");
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(visitors[i].thread, NULL);
    printf("visits %u offered %u resumed %u failed %u rate %.0f\n", visits, offered, resumed, failures,
           visits / (now() - began));
    SSL_CTX_free(context);
    return failures != 0 || resumed != offered;
}
