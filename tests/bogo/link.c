/* bogo/link.c: the shim is a TCP client in both roles. It says the test's number in eight bytes, little-endian, then
   speaks TLS. With -async the transport takes and gives one byte at a time, so that the engine stops at every place where
   it can stop. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shim.h"

static bool connect_socket(struct run *run)
{
    const struct options *o = run->options;
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)o->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)o->port)};
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    v6.sin6_addr = in6addr_loopback;
    int one = 1;
    run->fd = socket(o->ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
    if (run->fd < 0)
        return false;
    setsockopt(run->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return connect(run->fd, o->ipv6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4,
                   o->ipv6 ? sizeof v6 : sizeof v4) == 0;
}

bool link_open(struct run *run)
{
    uint8_t number[8] = {0};
    for (size_t i = 0; i < 4; i++)
        number[i] = (uint8_t)((unsigned)run->options->shim_id >> 8 * i);
    if (connect_socket(run) && send(run->fd, number, sizeof number, 0) == sizeof number)
        return true;
    perror("connect");
    return false;
}

/* Half closed and read to its end first: a reset would swallow the alert that the runner waits for. */
void link_close(struct run *run)
{
    char rest[1024];
    if (run->fd < 0)
        return;
    shutdown(run->fd, SHUT_WR);
    while (recv(run->fd, rest, sizeof rest, 0) > 0)
        ;
    close(run->fd);
    run->fd = -1;
}

static void send_some(struct run *run)
{
    fede_bytes out = fede_to_send(run->conn);
    size_t n = run->options->async ? 1 : out.len;
    ssize_t sent = send(run->fd, out.data, n, MSG_NOSIGNAL);
    if (sent > 0)
        fede_sent(run->conn, sent);
    else if (errno != EINTR)
        fede_sent(run->conn, -1);
}

static void receive_some(struct run *run)
{
    fede_room room = fede_to_fill(run->conn);
    if (room.len == 0)
        return;
    ssize_t got = recv(run->fd, room.data, run->options->async ? 1 : room.len, 0);
    if (got >= 0)
        fede_received(run->conn, got);
    else if (errno != EINTR)
        fede_received(run->conn, -1);
}

bool link_turn(struct run *run)
{
    unsigned needs = fede_needs(run->conn);
    if (needs & FEDE_SEND)
        send_some(run);
    else if (needs & FEDE_DECIDE)
        answer(run);
    else if (needs & FEDE_RECEIVE)
        receive_some(run);
    else
        return false;
    return true;
}

void link_flush(struct run *run)
{
    while (fede_needs(run->conn) & FEDE_SEND)
        send_some(run);
}
