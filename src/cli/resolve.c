/* cli/resolve.c: names to addresses, through c-ares because getaddrinfo tells neither aliases nor times to live nor the source.

   In this order: --resolve, an address itself, the hosts file, the name "localhost" (RFC 6761 6.3), the name servers. The
   order of the addresses is RFC 6724's, made by c-ares; which is tried when is tcp.c's. */
#include "cli/resolve.h"

#include <ares.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "cli/output.h"
#include "cli/url.h"

/* What a pass of c-ares brought. */
struct found {
    int status;
    bool done;
    struct ares_addrinfo *info;
};

static bool from_fixed(const struct resolve_order *order, struct resolution *out, struct text *t);
static bool from_literal(const struct resolve_order *order, struct resolution *out, struct text *t);
static bool from_loopback(const struct resolve_order *order, struct resolution *out, struct text *t);
static bool is_invalid(const char *host);
static int ask(const struct resolve_order *order, const char *sources, struct found *found, struct text *servers);
static void take_found(const struct resolve_order *order, struct resolution *out, struct ares_addrinfo *info,
                       struct text *t);
static bool add_literal(const struct resolve_order *order, struct resolution *out, const char *address);

enum resolve_result resolve(const struct resolve_order *order, struct resolution *out)
{
    struct text t = text_in(out->text, sizeof out->text);
    char server_list[256];
    struct text servers = text_in(server_list, sizeof server_list);
    struct found found = {0};

    out->n = 0;
    if (from_fixed(order, out, &t) || from_literal(order, out, &t))
        return out->n ? RESOLVED : RESOLVE_FAILED;
    if (ask(order, "f", &found, NULL) == ARES_SUCCESS && found.info) {
        take_found(order, out, found.info, &t);
        text_add(&t, ", from the hosts file");
        ares_freeaddrinfo(found.info);
        if (out->n)
            return RESOLVED;
    }
    t = text_in(out->text, sizeof out->text);
    if (from_loopback(order, out, &t))
        return RESOLVED;
    if (is_invalid(order->host)) {
        text_format(&t, "%s (names below .invalid never exist, RFC 6761 6.4)", order->host);
        return RESOLVE_FAILED;
    }
    found = (struct found){0};
    int status = ask(order, "b", &found, &servers);
    if (status == ARES_SUCCESS && found.info) {
        take_found(order, out, found.info, &t);
        text_format(&t, ", from the name server %s", server_list);
        ares_freeaddrinfo(found.info);
        if (out->n)
            return RESOLVED;
    }
    if (status == ARES_ECANCELLED) {
        text_format(&t, "the name server %s did not answer in time", server_list);
        return RESOLVE_LATE;
    }
    const char *kind = order->family == AF_INET ? "IPv4 " : order->family == AF_INET6 ? "IPv6 " : "";
    text_format(&t, "%s (no %saddress; %s; name server %s)", order->host, kind,
                status == ARES_SUCCESS ? "there is none of this kind" : ares_strerror(status),
                server_list[0] ? server_list : "none");
    return RESOLVE_FAILED;
}

/* HOST:PORT:ADDRESS[,ADDRESS]: true when one of them is for this host and port. "*" stands for any host. */
static bool from_fixed(const struct resolve_order *order, struct resolution *out, struct text *t)
{
    for (size_t i = order->n_fixed; i-- > 0;) {
        const char *entry = order->fixed[i] + (order->fixed[i][0] == '+');
        size_t host_len = strcspn(entry, ":");
        const char *port = entry + host_len + 1;
        size_t port_len = strcspn(port, ":");
        bool host_fits = (host_len == 1 && entry[0] == '*') ||
                         (host_len == strlen(order->host) && !strncasecmp(entry, order->host, host_len));
        if (!host_fits || port_len != strlen(order->port) || strncmp(port, order->port, port_len) != 0)
            continue;
        text_format(t, "%s is", order->host);
        for (const char *p = port + port_len + 1; *p;) {
            char one[64];
            size_t len = strcspn(p, ",");
            const char *from = *p == '[' ? p + 1 : p;
            size_t cut = *p == '[' && len > 2 ? len - 2 : len;
            snprintf(one, sizeof one, "%.*s", (int)cut, from);
            if (add_literal(order, out, one))
                text_format(t, "%s %s", out->n > 1 ? "," : "", one);
            p += len + (p[len] == ',');
        }
        text_add(t, out->n ? ", from --resolve" : " given by --resolve without an address of the family asked for");
        return true;
    }
    return false;
}

bool resolve_check_fixed(const char *value, struct text *why)
{
    const char *entry = value + (*value == '+');
    size_t host = strcspn(entry, ":"), port = entry[host] ? strcspn(entry + host + 1, ":") : 0;
    const char *address = entry[host] && entry[host + 1 + port] ? entry + host + port + 2 : "";

    for (const char *p = address; host && port && *p;) {
        char one[64];
        uint8_t raw[16];
        size_t len = strcspn(p, ","), cut = *p == '[' && len > 2 ? len - 2 : len;
        snprintf(one, sizeof one, "%.*s", (int)cut, *p == '[' ? p + 1 : p);
        if (inet_pton(AF_INET, one, raw) != 1 && inet_pton(AF_INET6, one, raw) != 1)
            break;
        p += len + (p[len] == ',');
        if (!*p)
            return true;
    }
    text_format(why, "\"%s\" is not HOST:PORT:ADDRESS", value);
    return false;
}

static bool from_literal(const struct resolve_order *order, struct resolution *out, struct text *t)
{
    uint8_t raw[16];
    bool four = inet_pton(AF_INET, order->host, raw) == 1, six = inet_pton(AF_INET6, order->host, raw) == 1;

    if (!four && !six)
        return false;
    if (add_literal(order, out, order->host))
        text_format(t, "%s is an address, no look-up is needed", order->host);
    else
        text_format(t, "%s is no %s address", order->host, order->family == AF_INET ? "IPv4" : "IPv6");
    return true;
}

static bool from_loopback(const struct resolve_order *order, struct resolution *out, struct text *t)
{
    size_t len = strlen(order->host);
    const char *tail = len > 10 ? order->host + len - 10 : "";

    if (strcasecmp(order->host, "localhost") != 0 && strcasecmp(tail, ".localhost") != 0)
        return false;
    add_literal(order, out, "::1");
    add_literal(order, out, "127.0.0.1");
    text_format(t, "%s is the loopback address (RFC 6761)", order->host);
    return true;
}

static bool is_invalid(const char *host)
{
    size_t len = strlen(host);

    return len > 8 && !strcasecmp(host + len - 8, ".invalid");
}

static bool add_literal(const struct resolve_order *order, struct resolution *out, const char *address)
{
    struct address *one = &out->list[out->n];
    struct sockaddr_in *four = (struct sockaddr_in *)&one->socket;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&one->socket;
    uint16_t port = htons((uint16_t)atoi(order->port));

    if (out->n == ADDRESSES_MOST)
        return false;
    *one = (struct address){0};
    if (order->family != AF_INET6 && inet_pton(AF_INET, address, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = port;
        one->len = sizeof *four;
    } else if (order->family != AF_INET && inet_pton(AF_INET6, address, &six->sin6_addr) == 1) {
        six->sin6_family = AF_INET6;
        six->sin6_port = port;
        one->len = sizeof *six;
    } else {
        return false;
    }
    out->n++;
    return true;
}

/* ---- c-ares ------------------------------------------------------------------------------------------------------ */

static void on_found(void *arg, int status, int timeouts, struct ares_addrinfo *info);
static void list_servers(ares_channel channel, struct text *t);
static void run_channel(ares_channel channel, struct found *found, uint64_t deadline_us);

/* sources: "f" the hosts file, "b" the name servers. */
static int ask(const struct resolve_order *order, const char *sources, struct found *found, struct text *servers)
{
    struct ares_addrinfo_hints hints = {
        .ai_family = order->family, .ai_socktype = SOCK_STREAM, .ai_flags = ARES_AI_NUMERICSERV};
    char *lookups = (char[2]){sources[0], 0};
    struct ares_options options = {.timeout = 3000, .tries = 2, .lookups = lookups};
    ares_channel channel;

    int status = ares_library_init(ARES_LIB_INIT_ALL);
    if (status == ARES_SUCCESS)
        status = ares_init_options(&channel, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS);
    if (status != ARES_SUCCESS)
        return status;
    if (servers)
        list_servers(channel, servers);
    ares_getaddrinfo(channel, order->host, order->port, &hints, on_found, found);
    run_channel(channel, found, order->deadline_us);
    ares_destroy(channel);
    ares_library_cleanup();
    return found->status;
}

static void on_found(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
    struct found *found = arg;

    (void)timeouts;
    found->done = true;
    found->status = status;
    found->info = info;
}

static void list_servers(ares_channel channel, struct text *t)
{
    struct ares_addr_node *servers = NULL;

    if (ares_get_servers(channel, &servers) != ARES_SUCCESS)
        return;
    for (const struct ares_addr_node *one = servers; one; one = one->next) {
        char name[64] = "?";
        inet_ntop(one->family, &one->addr, name, sizeof name);
        text_format(t, "%s%s", one == servers ? "" : " or ", name);
    }
    ares_free_data(servers);
}

static void run_channel(ares_channel channel, struct found *found, uint64_t deadline_us)
{
    while (!found->done) {
        ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
        struct pollfd polls[ARES_GETSOCK_MAXNUM];
        nfds_t n = 0;
        int bits = ares_getsock(channel, sockets, ARES_GETSOCK_MAXNUM);
        for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
            short events = (short)((ARES_GETSOCK_READABLE((unsigned)bits, i) ? POLLIN : 0) |
                                   (ARES_GETSOCK_WRITABLE((unsigned)bits, i) ? POLLOUT : 0));
            if (events)
                polls[n++] = (struct pollfd){sockets[i], events, 0};
        }
        struct timeval most = {1, 0}, wait;
        ares_timeout(channel, &most, &wait);
        int64_t ms = wait.tv_sec * 1000 + wait.tv_usec / 1000 + 1;
        if (deadline_us) {
            int64_t left = ((int64_t)deadline_us - (int64_t)clock_ticks(NULL)) / 1000;
            if (left <= 0) {
                ares_cancel(channel);
                continue; /* on_found was called */
            }
            ms = left < ms ? left + 1 : ms;
        }
        poll(polls, n, (int)ms);
        if (!n)
            ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        for (nfds_t i = 0; i < n; i++)
            ares_process_fd(channel, polls[i].revents & (POLLIN | POLLERR | POLLHUP) ? polls[i].fd : ARES_SOCKET_BAD,
                            polls[i].revents & POLLOUT ? polls[i].fd : ARES_SOCKET_BAD);
    }
}

static void take_found(const struct resolve_order *order, struct resolution *out, struct ares_addrinfo *info,
                       struct text *t)
{
    text_escaped(t, bytes_text(order->host));
    for (const struct ares_addrinfo_cname *c = info->cnames; c; c = c->next) {
        /* The last link may only repeat the name asked for. */
        if (!c->alias || !c->name || !strcasecmp(c->alias, c->name))
            continue;
        text_add(t, " is an alias of ");
        text_escaped(t, bytes_text(c->name));
        text_format(t, " (CNAME, TTL %d s),", c->ttl);
    }
    text_add(t, " is");
    for (const struct ares_addrinfo_node *node = info->nodes; node && out->n < ADDRESSES_MOST; node = node->ai_next) {
        char host[64];
        unsigned port;
        struct address *one = &out->list[out->n];
        if (node->ai_addrlen > sizeof one->socket)
            continue;
        bool again = false;
        for (size_t i = 0; i < out->n; i++)
            again |=
                out->list[i].len == node->ai_addrlen && !memcmp(&out->list[i].socket, node->ai_addr, node->ai_addrlen);
        if (again)
            continue;
        *one = (struct address){.len = node->ai_addrlen};
        bytes_copy(&one->socket, node->ai_addr, node->ai_addrlen);
        out->n++;
        address_text(node->ai_addr, node->ai_addrlen, host, sizeof host, &port);
        text_format(t, "%s %s (%s", out->n > 1 ? "," : "", host, node->ai_family == AF_INET6 ? "AAAA" : "A");
        if (node->ai_ttl > 0)
            text_format(t, ", TTL %d s", node->ai_ttl);
        text_add(t, ")");
    }
}

void address_text(const struct sockaddr *address, socklen_t len, char *host, size_t host_size, unsigned *port)
{
    char number[8] = "0";

    if (getnameinfo(address, len, host, (socklen_t)host_size, number, sizeof number, NI_NUMERICHOST | NI_NUMERICSERV))
        snprintf(host, host_size, "?");
    *port = (unsigned)atoi(number);
}
