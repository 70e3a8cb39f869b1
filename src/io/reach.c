/* io/reach.c: from a host name and a port to a connected socket, within a deadline, through the system's resolver.

   Does not live here: Happy Eyeballs, proxies, and telling each step, which are the tool's own (cli/resolve.c, cli/tcp.c). */
#include "io/reach.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static bool port_possible(const char *port);
static int look_up(const char *host, const char *port, struct addrinfo **found, int64_t deadline);
static int connect_one(const struct addrinfo *address, int64_t deadline, int *connected);
static void add_attempt(struct text *t, const struct addrinfo *address, int number);

int reach_host(const char *host, const char *port, int64_t deadline, fede_reason *reason, struct text *detail)
{
    struct addrinfo *found = NULL;
    int status = port_possible(port) ? look_up(host, port, &found, deadline) : EAI_SERVICE, left = 0, fd = -1;

    if (status == EAI_AGAIN && deadline >= 0 && reach_now_ms() >= deadline) {
        text_add(detail, "the name look-up did not answer");
        *reason = FEDE_TIME_LIMIT;
        return -1;
    }
    if (status == EAI_SERVICE) {
        text_escaped(detail, bytes_text(port));
        text_add(detail, " is neither a port number nor the name of a service");
        *reason = FEDE_CONFIG_BAD_VALUE;
        return -1;
    }
    if (status) {
        text_escaped(detail, bytes_text(host));
        text_add(detail, " (");
        text_add(detail, gai_strerror(status));
        text_add(detail, ")");
        *reason = FEDE_NAME_NOT_RESOLVED;
        return -1;
    }
    for (const struct addrinfo *one = found; one; one = one->ai_next)
        left++;
    for (const struct addrinfo *one = found; one && fd < 0; one = one->ai_next, left--) {
        /* One silent address may not use up the time of the others. */
        int64_t now = reach_now_ms(), until = deadline < 0 ? -1 : now + (deadline - now) / left;
        int number = connect_one(one, until, &fd);
        if (number)
            add_attempt(detail, one, number);
    }
    freeaddrinfo(found);
    *reason = deadline >= 0 && reach_now_ms() >= deadline ? FEDE_TIME_LIMIT : FEDE_NOT_CONNECTED;
    return fd;
}

/* getaddrinfo takes any number and keeps its last 16 bits. */
static bool port_possible(const char *port)
{
    char *end;
    long number = strtol(port, &end, 10);
    return *end != '\0' || (number > 0 && number <= UINT16_MAX);
}

int64_t reach_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* 0 when *connected is a connected socket, else the system's error number. */
static int connect_one(const struct addrinfo *address, int64_t deadline, int *connected)
{
    int number = 0, one = 1, fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return errno;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, address->ai_addr, address->ai_addrlen) < 0)
        number = errno;
    while (number == EINPROGRESS || number == EINTR) {
        int64_t left = deadline < 0 ? -1 : deadline - reach_now_ms();
        struct pollfd wait = {fd, POLLOUT, 0};
        int n = deadline >= 0 && left <= 0 ? 0 : poll(&wait, 1, left < 0 ? -1 : left > 60000 ? 60000 : (int)left);
        if (n == 0 && deadline >= 0 && reach_now_ms() >= deadline) {
            number = ETIMEDOUT;
        } else if (n > 0) {
            socklen_t size = sizeof number;
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &size);
        } else if (n < 0 && errno != EINTR) {
            number = errno;
        }
    }
    if (number)
        close(fd);
    else
        *connected = fd;
    return number;
}

/* "127.0.0.1 port 443: Connection refused; …" */
static void add_attempt(struct text *t, const struct addrinfo *address, int number)
{
    char host[NI_MAXHOST], port[NI_MAXSERV];

    if (getnameinfo(address->ai_addr, address->ai_addrlen, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV))
        return;
    if (t->len)
        text_add(t, "; ");
    text_add(t, host);
    text_add(t, " port ");
    text_add(t, port);
    text_add(t, ": ");
    reach_why(t, number);
}

void reach_why(struct text *t, int number)
{
    char why[256];
    text_add(t, strerror_r(number, why, sizeof why) == 0 ? why : "error of a kind that the system has no name for");
}

/* getaddrinfo can't be given a time limit, so with one it runs on a thread of its own. A look-up that is given up on ends
   by itself later and frees what it holds: the last of the two users does that. */
struct lookup {
    pthread_mutex_t lock;
    pthread_cond_t done;
    int users;
    bool finished;
    int status;
    struct addrinfo *found;
    char *host, *port;
};

static void *lookup_thread(void *arg);
static void lookup_leave(struct lookup *look);
static int look_up_now(const char *host, const char *port, struct addrinfo **found);

static int look_up(const char *host, const char *port, struct addrinfo **found, int64_t deadline)
{
    struct lookup *look = deadline < 0 ? NULL : calloc(1, sizeof *look);
    pthread_condattr_t attributes;
    pthread_t thread;
    int status = EAI_AGAIN;

    if (look) {
        look->users = 2;
        look->host = strdup(host);
        look->port = strdup(port);
        pthread_mutex_init(&look->lock, NULL);
        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        pthread_cond_init(&look->done, &attributes);
        pthread_condattr_destroy(&attributes);
    }
    if (!look || !look->host || !look->port || pthread_create(&thread, NULL, lookup_thread, look)) {
        if (look) {
            look->users = 1;
            lookup_leave(look);
        }
        return look_up_now(host, port, found);
    }
    pthread_detach(thread);
    pthread_mutex_lock(&look->lock);
    struct timespec until = {(time_t)(deadline / 1000), (long)(deadline % 1000) * 1000000};
    while (!look->finished && pthread_cond_timedwait(&look->done, &look->lock, &until) != ETIMEDOUT)
        continue;
    if (look->finished) {
        status = look->status;
        *found = look->found;
        look->found = NULL;
    }
    pthread_mutex_unlock(&look->lock);
    lookup_leave(look);
    return status;
}

static void *lookup_thread(void *arg)
{
    struct lookup *look = arg;
    struct addrinfo *found = NULL;
    int status = look_up_now(look->host, look->port, &found);

    pthread_mutex_lock(&look->lock);
    look->status = status;
    look->found = found;
    look->finished = true;
    pthread_cond_signal(&look->done);
    pthread_mutex_unlock(&look->lock);
    lookup_leave(look);
    return NULL;
}

static void lookup_leave(struct lookup *look)
{
    pthread_mutex_lock(&look->lock);
    bool last = --look->users == 0;
    pthread_mutex_unlock(&look->lock);
    if (!last)
        return;
    if (look->found)
        freeaddrinfo(look->found);
    pthread_cond_destroy(&look->done);
    pthread_mutex_destroy(&look->lock);
    free(look->host);
    free(look->port);
    free(look);
}

static int look_up_now(const char *host, const char *port, struct addrinfo **found)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};

    return getaddrinfo(host, port, &hints, found);
}
