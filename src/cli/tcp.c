/* cli/tcp.c: TCP, as RFC 8305 ("Happy Eyeballs") section 5 has it, with each attempt told.

   IPv6 and IPv4 addresses take turns, beginning with the family that the address order (RFC 6724) put first. */
#include "cli/tcp.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/output.h"

enum { STAGGER_US = 250000 };

struct attempt {
    const struct address *to;
    int fd; /* -1: not begun, or over */
    uint64_t began_us;
    bool over, unbound; /* unbound: its own end of the connection could not be had */
};

struct race {
    const struct tcp_order *order;
    struct tcp_way *way;
    struct attempt attempts[ADDRESSES_MOST];
    size_t n, begun;
    uint64_t next_us; /* when the next attempt may begin */
    struct text why;
};

static void line_up(struct race *race);
static void begin_next(struct race *race);
static void look(struct race *race, struct attempt *attempt);
static void lost(struct race *race, struct attempt *attempt, int number);
static void won(struct race *race, struct attempt *attempt);
static void add_end(struct text *t, const char *host, unsigned port);
static size_t running(const struct race *race);
static int wait_ms(const struct race *race, uint64_t now);
static int bind_to(int fd, const char *interface, int family);

enum tcp_result tcp_connect(const struct tcp_order *order, struct tcp_way *way)
{
    struct race race = {.order = order, .way = way};
    enum tcp_result result = TCP_FAILED;

    *way = (struct tcp_way){.fd = -1};
    race.why = text_in(way->text, sizeof way->text);
    line_up(&race);
    while (way->fd < 0 && (race.begun < race.n || running(&race))) {
        uint64_t now = clock_ticks(NULL);
        if (order->deadline_us && now >= order->deadline_us) {
            result = TCP_LATE;
            break;
        }
        if (race.begun < race.n && (now >= race.next_us || !running(&race))) {
            begin_next(&race);
            continue;
        }
        struct pollfd polls[ADDRESSES_MOST];
        struct attempt *who[ADDRESSES_MOST];
        nfds_t n = 0;
        for (size_t i = 0; i < race.begun; i++) {
            if (race.attempts[i].fd >= 0) {
                who[n] = &race.attempts[i];
                polls[n++] = (struct pollfd){race.attempts[i].fd, POLLOUT, 0};
            }
        }
        if (poll(polls, n, wait_ms(&race, now)) <= 0)
            continue;
        for (nfds_t i = 0; i < n && way->fd < 0; i++) {
            if (polls[i].revents)
                look(&race, who[i]);
        }
    }
    for (size_t i = 0; i < race.begun; i++) {
        if (race.attempts[i].fd < 0)
            continue;
        if (way->fd < 0)
            lost(&race, &race.attempts[i], ETIMEDOUT);
        else
            close(race.attempts[i].fd);
    }
    return way->fd >= 0 ? TCP_CONNECTED : result;
}

/* The families take turns; within a family the order stays. */
static void line_up(struct race *race)
{
    const struct resolution *to = race->order->to;
    bool taken[ADDRESSES_MOST] = {false};
    int last = AF_UNSPEC;

    while (race->n < to->n) {
        size_t pick = to->n;
        for (size_t i = to->n; i-- > 0;) {
            if (!taken[i] &&
                (pick == to->n || to->list[i].socket.ss_family != last || to->list[pick].socket.ss_family == last))
                pick = i;
        }
        taken[pick] = true;
        last = to->list[pick].socket.ss_family;
        race->attempts[race->n++] = (struct attempt){.to = &to->list[pick], .fd = -1};
    }
}

static void begin_next(struct race *race)
{
    struct attempt *attempt = &race->attempts[race->begun++];
    const struct sockaddr *to = (const struct sockaddr *)&attempt->to->socket;
    char host[64], line[160];
    unsigned port;
    int one = 1, number = 0;

    address_text(to, attempt->to->len, host, sizeof host, &port);
    snprintf(line, sizeof line, "Trying %s port %u", host, port);
    report_note(race->order->report, 2, line);
    attempt->began_us = clock_ticks(NULL);
    race->next_us = attempt->began_us + STAGGER_US;
    attempt->fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (attempt->fd < 0) {
        lost(race, attempt, errno);
        return;
    }
    setsockopt(attempt->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (race->order->interface)
        number = bind_to(attempt->fd, race->order->interface, to->sa_family);
    attempt->unbound = number != 0;
    if (!number && connect(attempt->fd, to, attempt->to->len) == 0)
        won(race, attempt);
    else if (number || errno != EINPROGRESS)
        lost(race, attempt, number ? number : errno);
}

static void look(struct race *race, struct attempt *attempt)
{
    int number = 0;
    socklen_t size = sizeof number;

    getsockopt(attempt->fd, SOL_SOCKET, SO_ERROR, &number, &size);
    if (number)
        lost(race, attempt, number);
    else
        won(race, attempt);
}

static void lost(struct race *race, struct attempt *attempt, int number)
{
    char host[64], line[200];
    unsigned port;
    uint64_t now = clock_ticks(NULL);

    address_text((const struct sockaddr *)&attempt->to->socket, attempt->to->len, host, sizeof host, &port);
    snprintf(line, sizeof line, "%s port %u%s%.40s: %s", host, port, attempt->unbound ? " from " : "",
             attempt->unbound ? race->order->interface : "", number == ETIMEDOUT ? "no answer" : strerror(number));
    report_phase(race->order->report, "tcp", false, line, attempt->began_us, now);
    if (race->why.len)
        text_add(&race->why, "; ");
    text_add(&race->why, line);
    if (attempt->fd >= 0)
        close(attempt->fd);
    attempt->fd = -1;
    attempt->over = true;
    race->next_us = now; /* no reason to wait longer */
}

static void won(struct race *race, struct attempt *attempt)
{
    struct tcp_way *way = race->way;
    struct sockaddr_storage local;
    socklen_t len = sizeof local;
    char line[200];

    way->fd = attempt->fd;
    attempt->fd = -1;
    address_text((const struct sockaddr *)&attempt->to->socket, attempt->to->len, way->remote, sizeof way->remote,
                 &way->remote_port);
    if (getsockname(way->fd, (struct sockaddr *)&local, &len) == 0)
        address_text((struct sockaddr *)&local, len, way->local, sizeof way->local, &way->local_port);
    struct text t = text_in(line, sizeof line);
    text_add(&t, "connected to ");
    add_end(&t, way->remote, way->remote_port);
    text_add(&t, " from ");
    add_end(&t, way->local, way->local_port);
    report_phase(race->order->report, "tcp", true, line, attempt->began_us, clock_ticks(NULL));
}

/* "127.0.0.1:443", "[::1]:443" */
static void add_end(struct text *t, const char *host, unsigned port)
{
    bool six = strchr(host, ':') != NULL;

    text_format(t, "%s%s%s:%u", six ? "[" : "", host, six ? "]" : "", port);
}

static size_t running(const struct race *race)
{
    size_t n = 0;

    for (size_t i = 0; i < race->begun; i++)
        n += race->attempts[i].fd >= 0;
    return n;
}

/* Until the next attempt may begin or the time is up, at most a minute. */
static int wait_ms(const struct race *race, uint64_t now)
{
    uint64_t until = now + 60000000;

    if (race->begun < race->n && race->next_us < until)
        until = race->next_us;
    if (race->order->deadline_us && race->order->deadline_us < until)
        until = race->order->deadline_us;
    return until <= now ? 0 : (int)((until - now) / 1000 + 1);
}

/* An own address, or a device: bound to it where the system allows that, else to its first address of the family. */
static int bind_to(int fd, const char *interface, int family)
{
    struct resolution own;
    struct resolve_order order = {.host = interface, .port = "0", .family = family};
    struct ifaddrs *all = NULL;
    int number = ENODEV;

    if (!if_nametoindex(interface)) {
        if (resolve(&order, &own) != RESOLVED)
            return ENODEV;
        return bind(fd, (struct sockaddr *)&own.list[0].socket, own.list[0].len) ? errno : 0;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, (socklen_t)strlen(interface)) == 0)
        return 0;
    if (getifaddrs(&all) < 0)
        return errno;
    for (struct ifaddrs *one = all; one && number == ENODEV; one = one->ifa_next) {
        if (strcmp(one->ifa_name, interface) != 0 || !one->ifa_addr || one->ifa_addr->sa_family != family)
            continue;
        socklen_t len = family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
        number = bind(fd, one->ifa_addr, len) ? errno : 0;
    }
    freeifaddrs(all);
    return number;
}

enum tcp_result tcp_connect_unix(const struct tcp_order *order, const char *path, struct tcp_way *way)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char line[256];
    uint64_t began = clock_ticks(NULL);

    *way = (struct tcp_way){.fd = -1};
    struct text why = text_in(way->text, sizeof way->text);
    if (strlen(path) >= sizeof address.sun_path) {
        text_format(&why, "the path of the socket is longer than %zu bytes", sizeof address.sun_path - 1);
        return TCP_FAILED;
    }
    bytes_copy(address.sun_path, path, strlen(path));
    way->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = way->fd >= 0 && connect(way->fd, (struct sockaddr *)&address, sizeof address) == 0;
    snprintf(line, sizeof line, "%s %s%s%s", ok ? "connected to" : "socket", path, ok ? "" : ": ",
             ok ? "" : strerror(errno));
    report_phase(order->report, "tcp", ok, line, began, clock_ticks(NULL));
    if (ok) {
        snprintf(way->remote, sizeof way->remote, "%.60s", path);
        return TCP_CONNECTED;
    }
    text_add(&why, line);
    if (way->fd >= 0)
        close(way->fd);
    way->fd = -1;
    return TCP_FAILED;
}
