/* cli/connect_way.c: the way of `fede connect` to the peer: URL, --connect-to, proxy, name, TCP, what precedes TLS, TLS.

   The connect time limit holds for all of it. Proxies are found as curl finds them. */
#include <stdlib.h>
#include <strings.h>

#include "cli/connect.h"
#include "cli/starttls.h"

/* Where TCP goes, which may be elsewhere than the URL says. */
struct goal {
    char host[256], port[6];
};

static bool detour(struct client *client, const struct url *url, struct goal *goal);
static bool find_proxy(struct client *client, const struct url *url, struct goal *goal);
static bool reach(struct client *client, const struct goal *goal, uint64_t deadline);
static bool before_tls(struct client *client, const struct url *url, const struct goal *through);
static void tell_url(struct client *client, const struct url *url);
static bool late(struct client *client, const char *doing);

bool connect_arrive(struct client *client, const struct url *url)
{
    struct connect_settings *set = &client->set;
    struct facts *facts = &client->facts;
    uint64_t deadline = facts->start + 1000 * set->connect_ms;
    unsigned long limit = set->connect_ms;
    struct text t = text_in(facts->url, sizeof facts->url);
    struct goal goal = {.host = ""}, asked;

    if (client->deadline_us && client->deadline_us < deadline) {
        deadline = client->deadline_us;
        limit = set->max_ms;
    }
    url_text(url, &t);
    tell_url(client, url);
    if (!detour(client, url, &goal))
        return false;
    asked = goal;
    if (!find_proxy(client, url, &goal) || !reach(client, &goal, deadline))
        return false;
    client->channel.deadline_us = deadline;
    client->channel.limit_ms = limit;
    if (!before_tls(client, url, &asked))
        return false;
    if (url->tls && !tls_start(client, url))
        return false;
    client->channel.deadline_us = client->deadline_us;
    client->channel.limit_ms = set->max_ms;
    return true;
}

static void tell_url(struct client *client, const struct url *url)
{
    char line[700];
    struct text t = text_in(line, sizeof line);
    uint64_t now = clock_ticks(NULL);

    text_format(&t, "%s%s, host %s, port %s", url->bare ? "" : "scheme ", url->bare ? "raw TLS" : url->scheme,
                url->host, url->port);
    if (url->bare && url->http)
        t = text_in(line, sizeof line),
        text_format(&t, "scheme https (default), host %s, port %s", url->host, url->port);
    if (url->default_port)
        text_add(&t, " (default)");
    if (url->http)
        text_format(&t, ", path %.200s%s", url->target, strlen(url->target) > 200 ? "…" : "");
    report_phase(client->report, "url", true, line, now, now);
    if (!url->tls)
        report_note(client->report, 1,
                    "http:// is plain text: without TLS the request goes out at once, and anyone on the way can read "
                    "and alter everything.");
}

/* --connect-to HOST1:PORT1:HOST2:PORT2; the first that fits counts. */
static bool detour(struct client *client, const struct url *url, struct goal *goal)
{
    const struct connect_settings *set = &client->set;
    struct text why = text_in(client->detail, sizeof client->detail);
    char host[256], port[6], line[700];

    snprintf(goal->host, sizeof goal->host, "%s", url->host);
    snprintf(goal->port, sizeof goal->port, "%s", url->port);
    for (size_t i = 0; i < set->n_detours; i++) {
        const char *from = set->detours[i], *colon;
        size_t len = from[0] == '[' ? strcspn(from, "]") + 1 : strcspn(from, ":");
        colon = strlen(from) >= len ? from + len : "";
        size_t port_len = *colon ? strcspn(colon + 1, ":") : 0;
        const char *to = *colon && colon[1 + port_len] ? colon + 2 + port_len : NULL;
        size_t bracket = from[0] == '[';
        if (!to) {
            text_format(&why, "--connect-to: \"%.300s\" is not HOST1:PORT1:HOST2:PORT2", from);
            return client_fail(client, FEDE_URL_BAD, FEDE_ORIGIN_CALLER, 0, 0);
        }
        bool fits = !len || (strlen(url->host) == len - 2 * bracket &&
                             !strncasecmp(from + bracket, url->host, len - 2 * bracket));
        fits = fits && (!port_len || (strlen(url->port) == port_len && !strncmp(colon + 1, url->port, port_len)));
        if (!fits)
            continue;
        host[0] = port[0] = 0;
        if (*to == ':' && to[1])
            snprintf(port, sizeof port, "%.5s", to + 1);
        else if (*to && strcmp(to, ":") != 0 && !host_port(to, strlen(to), host, sizeof host, port, sizeof port, &why))
            return client_fail(client, FEDE_URL_BAD, FEDE_ORIGIN_CALLER, 0, 0);
        if (host[0])
            snprintf(goal->host, sizeof goal->host, "%s", host);
        if (port[0])
            snprintf(goal->port, sizeof goal->port, "%s", port);
        snprintf(line, sizeof line, "--connect-to: goes to %s port %s instead", goal->host, goal->port);
        report_note(client->report, 1, line);
        break;
    }
    return true;
}

static bool host_listed(const char *list, const char *host);

/* --proxy, else the environment, as curl reads it: https_proxy, HTTPS_PROXY, http_proxy (lower case only), all_proxy, ALL_PROXY. */
static bool find_proxy(struct client *client, const struct url *url, struct goal *goal)
{
    static const char *const secure[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    static const char *const plain[] = {"http_proxy", "all_proxy", "ALL_PROXY"};
    struct client_proxy *proxy = &client->proxy;
    const char *given = client->set.proxy, *from = NULL, *but = client->set.no_proxy;
    struct text why = text_in(client->detail, sizeof client->detail);
    char line[600];

    *proxy = (struct client_proxy){0};
    for (size_t i = 0; !given && !client->set.unix_socket && i < (url->tls ? 4u : 3u); i++) {
        from = url->tls ? secure[i] : plain[i];
        given = getenv(from);
    }
    if (!but)
        but = getenv("no_proxy") ? getenv("no_proxy") : getenv("NO_PROXY");
    if (!given || !*given || (but && host_listed(but, url->host)))
        return true;
    const char *rest = given, *scheme = strstr(given, "://");
    if (scheme && strncasecmp(given, "http://", 7) != 0) {
        text_format(&why, "the proxy %.300s is not an HTTP proxy (http://HOST:PORT), the only kind supported", given);
        return client_fail(client, FEDE_URL_BAD, FEDE_ORIGIN_CALLER, 0, 0);
    }
    rest = scheme ? scheme + 3 : rest;
    size_t len = strcspn(rest, "/");
    const char *at = memchr(rest, '@', len);
    if (at)
        snprintf(proxy->credentials, sizeof proxy->credentials, "%.*s", (int)(at - rest), rest);
    if (client->set.proxy_user)
        snprintf(proxy->credentials, sizeof proxy->credentials, "%s", client->set.proxy_user);
    len -= at ? (size_t)(at + 1 - rest) : 0;
    rest = at ? at + 1 : rest;
    if (!host_port(rest, len, proxy->host, sizeof proxy->host, proxy->port, sizeof proxy->port, &why))
        return client_fail(client, FEDE_URL_BAD, FEDE_ORIGIN_CALLER, 0, 0);
    if (!proxy->port[0])
        snprintf(proxy->port, sizeof proxy->port, "1080"); /* curl's default */
    proxy->used = true;
    snprintf(line, sizeof line, "through the proxy %s port %s%s%s", proxy->host, proxy->port,
             from && !client->set.proxy ? ", from the environment's " : "", from && !client->set.proxy ? from : "");
    report_note(client->report, 1, line);
    snprintf(goal->host, sizeof goal->host, "%s", proxy->host);
    snprintf(goal->port, sizeof goal->port, "%s", proxy->port);
    return true;
}

/* "example.org,.local": the host itself or one below it; "*": every host. */
static bool host_listed(const char *list, const char *host)
{
    size_t host_len = strlen(host);

    if (!strcmp(list, "*"))
        return true;
    for (const char *p = list; *p; p += strspn(p, ", ")) {
        p += *p == '.';
        size_t len = strcspn(p, ", ");
        if (len && len <= host_len && !strncasecmp(host + host_len - len, p, len) &&
            (len == host_len || host[host_len - len - 1] == '.'))
            return true;
        p += len;
    }
    return false;
}

static bool reach(struct client *client, const struct goal *goal, uint64_t deadline)
{
    static struct resolution found;
    const struct connect_settings *set = &client->set;
    struct facts *facts = &client->facts;
    struct text why = text_in(client->detail, sizeof client->detail);
    struct tcp_order tcp = {
        .to = &found, .interface = set->interface, .deadline_us = deadline, .report = client->report};
    struct tcp_way way;
    enum tcp_result result;

    if (set->unix_socket) {
        facts->look_up = clock_ticks(NULL);
        result = tcp_connect_unix(&tcp, set->unix_socket, &way);
    } else {
        struct resolve_order order = {.host = goal->host,
                                      .port = goal->port,
                                      .family = set->family,
                                      .fixed = set->fixed,
                                      .n_fixed = set->n_fixed,
                                      .deadline_us = deadline};
        uint64_t began = clock_ticks(NULL);
        enum resolve_result resolved = resolve(&order, &found);
        facts->look_up = clock_ticks(NULL);
        report_phase(client->report, "dns", resolved == RESOLVED, found.text, began, facts->look_up);
        if (resolved == RESOLVE_LATE)
            return late(client, found.text);
        if (resolved != RESOLVED) {
            text_add(&why, found.text);
            return client_fail(client, FEDE_NAME_NOT_RESOLVED, FEDE_ORIGIN_TRANSPORT, 0, 0);
        }
        result = tcp_connect(&tcp, &way);
    }
    if (result == TCP_LATE)
        return late(client, way.text);
    if (result != TCP_CONNECTED) {
        text_add(&why, way.text);
        return client_fail(client, FEDE_NOT_CONNECTED, FEDE_ORIGIN_TRANSPORT, 0, 0);
    }
    facts->connected = clock_ticks(NULL);
    facts->connects++;
    facts->tcp_round_trips = 1;
    bytes_copy(facts->remote, way.remote, sizeof facts->remote);
    bytes_copy(facts->local, way.local, sizeof facts->local);
    facts->remote_port = way.remote_port;
    facts->local_port = way.local_port;
    channel_catch_signals();
    channel_open(&client->channel, way.fd);
    return true;
}

/* --connect-timeout or -m, whichever came first. */
static bool late(struct client *client, const char *doing)
{
    struct text t = text_in(client->detail, sizeof client->detail);
    bool all = client->deadline_us && clock_ticks(NULL) >= client->deadline_us;

    text_add(&t, doing[0] ? doing : "TCP is not connected");
    return client_fail(client, FEDE_TIME_LIMIT, FEDE_ORIGIN_TRANSPORT, 0,
                       (int64_t)(all ? client->set.max_ms : client->set.connect_ms));
}

/* What is said in the clear: to the proxy, and for STARTTLS. */
static bool before_tls(struct client *client, const struct url *url, const struct goal *through)
{
    struct client_proxy *proxy = &client->proxy;
    fede_error error = {0};
    char authority[300], line[400];
    struct text why = text_in(client->detail, sizeof client->detail);
    uint64_t began = clock_ticks(NULL);
    bool six = strchr(through->host, ':') != NULL, good = true;

    if (proxy->used && (url->tls || !url->http)) {
        snprintf(authority, sizeof authority, "%s%s%s:%s", six ? "[" : "", through->host, six ? "]" : "",
                 through->port);
        good = proxy_run(&client->channel, client->report, authority, proxy->credentials[0] ? proxy->credentials : NULL,
                         &error, &why);
        snprintf(line, sizeof line, "proxy %s a way to %s", good ? "opened" : "did not open", authority);
        report_phase(client->report, "proxy", good, line, began, clock_ticks(NULL));
    }
    if (good && client->set.starttls) {
        began = clock_ticks(NULL);
        good = starttls_run(&client->channel, client->report, client->set.starttls, url->host, &error, &why);
        snprintf(line, sizeof line, "%s, then TLS: %s", client->set.starttls,
                 good ? "the server agrees" : "the server does not agree");
        report_phase(client->report, "starttls", good, line, began, clock_ticks(NULL));
    }
    if (good)
        return true;
    if (error.reason != FEDE_TIME_LIMIT && error.reason != FEDE_INTERRUPTED)
        error.detail = client->detail;
    return client_failed(client, &error);
}
