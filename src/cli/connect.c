/* cli/connect.c: `fede connect`, phase by phase: URL, name, TCP, what precedes TLS, TLS, the request or the raw pipe, the close.

   Each phase is told to the report as it happens, with its times; a failure names its phase and decides the exit code.
   Nothing is tried twice and no fallback is silent. Redirects are new visits of the same run. */
#include "cli/connect.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "cli/starttls.h"
#include "cli/write_out.h"

static bool take_operand(struct client *client, const char *operand, struct url *url);
static bool choose_output(struct client *client, const struct url *url, struct text *why);
static bool visits(struct client *client, struct url *url);
static void finish(struct client *client);

int connect_run(int argc, char **argv)
{
    static struct client client;
    static struct url url;
    struct connect_settings *set = &client.set;
    char reason[TARGET_SIZE];
    struct text why = text_in(reason, sizeof reason);
    int n;

    connect_defaults(set);
    client.keylog = client.channel.fd = client.sink.fd = -1;
    int code = options_parse(&connect_command, set, argc, argv, &n);
    if (code < 0 && n != 1)
        code = usage_error(&connect_command, n ? "one URL or HOST:PORT is enough; one too many is there"
                                               : "a URL or HOST[:PORT] is needed");
    if (code < 0 && !connect_check(set, &why))
        code = usage_error(&connect_command, reason);
    if (code < 0 && !story_start(&set->story, &client.story, &why))
        code = usage_error(&connect_command, reason);
    if (code >= 0) {
        connect_settings_free(set);
        return code;
    }
    if (set->silent && !set->show_error && set->story.level < 2)
        client.story.form = REPORT_SILENT;
    client.story.title = argv[1];
    client.report = report_new(&client.story);
    client.facts.start = client.facts.first_start = clock_ticks(NULL);
    if (set->max_ms)
        client.deadline_us = client.facts.start + 1000 * set->max_ms;
    if (!client.report) {
        fprintf(stderr, "fede connect: no memory left\n");
        client.code = EXIT_INTERNAL;
    } else if (take_operand(&client, argv[1], &url)) {
        if (choose_output(&client, &url, &why))
            visits(&client, &url);
        else
            usage_error(&connect_command, reason), client.code = EXIT_USAGE;
    }
    finish(&client);
    connect_settings_free(set);
    return client.code;
}

/* What the words on the command line mean: a URL to ask for, or a host to pass bytes to. */
static bool take_operand(struct client *client, const char *operand, struct url *url)
{
    struct connect_settings *set = &client->set;
    char line[600];
    struct text why = text_in(client->detail, sizeof client->detail);

    if (!url_parse(operand, url, &why))
        return client_fail(client, FEDE_URL_BAD, FEDE_ORIGIN_CALLER, 0, 0);
    if (url->bare && set->wants_http && !url->http) {
        url->http = true;
        snprintf(url->scheme, sizeof url->scheme, "https");
    }
    if (url->bare && url->http) {
        snprintf(line, sizeof line, "There is no scheme; https:// is taken");
        report_note(client->report, 1, line);
    }
    if (url->had_fragment)
        report_note(client->report, 1, "The fragment behind # is not sent to the server");
    if (url->had_other_bytes)
        report_note(client->report, 1, "Bytes that a URL can't hold were percent-encoded");
    if (set->starttls && url->http) {
        text_add(&why, "--starttls is for HOST[:PORT], not for a URL that is asked for by HTTP");
        return client_fail(client, FEDE_URL_BAD, FEDE_ORIGIN_CALLER, 0, 0);
    }
    if (!url->http && (set->remote_name || (set->wants_http && !url->bare))) {
        text_format(&why, "options for HTTP do not fit the scheme %s", url->scheme);
        return client_fail(client, FEDE_URL_BAD, FEDE_ORIGIN_CALLER, 0, 0);
    }
    if (set->starttls && url->default_port)
        snprintf(url->port, sizeof url->port, "%s", starttls_port(set->starttls));
    if (set->compressed)
        report_note(client->report, 1, "--compressed: the answer is asked for uncompressed; its content is the same");
    set->wants_http = url->http;
    if (set->get && set->body) {
        struct text t = {url->target, sizeof url->target, strlen(url->target)};
        text_char(&t, strchr(url->target, '?') ? '&' : '?');
        text_add(&t, set->body);
        connect_settings_free(set);
        if (t.len >= sizeof url->target) {
            text_format(&why, "with the data it is longer than %d bytes", TARGET_SIZE - 1);
            return client_fail(client, FEDE_URL_BAD, FEDE_ORIGIN_CALLER, 0, 0);
        }
    }
    return true;
}

static bool choose_output(struct client *client, const struct url *url, struct text *why)
{
    static char name[256];
    struct sink *sink = &client->sink;

    *sink = (struct sink){.fd = -1, .expected = -1};
    sink->path = client->set.output;
    if (sink->path && !strcmp(sink->path, "-")) {
        sink->path = NULL;
        sink->binary_ok = true;
    }
    if (client->set.remote_name) {
        size_t end = strcspn(url->target, "?"), start = end;
        while (start && url->target[start - 1] != '/')
            start--;
        snprintf(name, sizeof name, "%.*s", (int)(end - start < sizeof name ? end - start : 0), url->target + start);
        if (!name[0] || !strcmp(name, ".") || !strcmp(name, "..")) {
            text_add(why, "-O: the URL has no file name; give one with -o FILE");
            return false;
        }
        sink->path = name;
    }
    sink->binary_ok |= !url->http;
    sink->progress = sink->path && !client->set.silent && client->story.form == REPORT_TEXT && isatty(STDERR_FILENO) &&
                     client->story.level > 0;
    return true;
}

/* ---- Visits ------------------------------------------------------------------------------------------------------- */

static bool visit(struct client *client, const struct url *url, const char *method, bool with_body, bool same_origin,
                  char **location);
static bool arrive(struct client *client, const struct url *url);
static void leave(struct client *client);
static const char *first_method(const struct connect_settings *set);
static bool next_report(struct client *client, const struct url *url);
static bool redirect(struct client *client, const struct url *first, struct url *url, char *location,
                     const char **method, bool *with_body);

static bool visits(struct client *client, struct url *url)
{
    static struct url first;
    const char *method = first_method(&client->set);
    bool with_body = client->set.body != NULL, good = true;
    char *location = NULL;

    first = *url;
    if ((url->tls || client->set.follow) && !tls_prepare(client))
        return false;
    client->facts.start = client->facts.first_start = clock_ticks(NULL);
    do {
        if (location)
            good = redirect(client, &first, url, location, &method, &with_body);
        location = NULL;
        good = good && visit(client, url, method, with_body, url_same_origin(&first, url), &location);
    } while (good && location);
    return good;
}

static const char *first_method(const struct connect_settings *set)
{
    if (set->method)
        return set->method;
    return set->head ? "HEAD" : set->upload ? "PUT" : set->body ? "POST" : "GET";
}

static bool visit(struct client *client, const struct url *url, const char *method, bool with_body, bool same_origin,
                  char **location)
{
    bool good = arrive(client, url);

    if (good && url->http)
        good = request_run(client, url, method, with_body, same_origin, location);
    else if (good)
        good = pipe_run(client);
    leave(client);
    return good;
}

/* RFC 9110 15.4, and what everybody does: after 301, 302 and 303 a POST becomes a GET. */
static bool redirect(struct client *client, const struct url *first, struct url *url, char *location,
                     const char **method, bool *with_body)
{
    static struct url next;
    char line[1200];
    struct text why = text_in(client->detail, sizeof client->detail), t = text_in(line, sizeof line);
    int status = client->facts.status;

    if (client->facts.redirects >= client->set.redirects_most) {
        free(location);
        return client_fail(client, FEDE_HTTP_REDIRECTS, FEDE_ORIGIN_PEER, client->facts.redirects + 1,
                           client->set.redirects_most);
    }
    bool known = url_resolve(url, location, &next, &why);
    if (known && !next.http) {
        text_format(&why, "the server redirects to the scheme %s", next.scheme);
        known = false;
    }
    free(location);
    if (!known)
        return client_fail(client, FEDE_URL_BAD, FEDE_ORIGIN_PEER, status, 0);
    text_format(&t, "Redirect %d: status %d leads to ", client->facts.redirects + 1, status);
    url_text(&next, &t);
    report_note(client->report, 1, line);
    if (url->tls && !next.tls)
        report_note(client->report, 1, "WARNING: this redirect leaves TLS; what follows goes in the clear.");
    if (!url_same_origin(first, &next) && (client->set.user || client->set.cookie || client->set.n_fields))
        report_note(client->report, 1, "Another host: Authorization and Cookie are not sent to it");
    if (status <= 303 && strcmp(*method, "HEAD") != 0 && !client->set.method &&
        (status == 303 || !strcmp(*method, "POST"))) {
        *method = "GET";
        *with_body = false;
    }
    *url = next;
    client->facts.redirects++;
    return next_report(client, url);
}

/* The story of one connection ends, that of the next begins. Of the facts only the counts stay. */
static bool next_report(struct client *client, const struct url *url)
{
    static char title[TARGET_SIZE];
    struct facts *facts = &client->facts;
    struct text t = text_in(title, sizeof title);
    fede_conn *conn = client->channel.stream ? fede_stream_conn(client->channel.stream) : NULL;

    report_end(client->report, conn, REPORT_GOES_ON, "redirected");
    client->trace.told = true;
    channel_close(&client->channel);
    report_free(client->report);
    url_text(url, &t);
    client->story.title = title;
    client->report = report_new(&client->story);
    client->trace = (struct client_trace){0};
    uint64_t first = facts->first_start;
    int connects = facts->connects, redirects = facts->redirects;
    *facts = (struct facts){.first_start = first, .connects = connects, .redirects = redirects};
    facts->start = facts->redirected = clock_ticks(NULL);
    return client->report || client_fail(client, FEDE_OUT_OF_MEMORY, FEDE_ORIGIN_INTERNAL, 0, 0);
}

/* close_notify, and what is known about the peer's. The connection itself stays until the report is complete. */
static void leave(struct client *client)
{
    struct channel *channel = &client->channel;
    char line[200];
    struct text t = text_in(line, sizeof line);
    uint64_t began = clock_ticks(NULL);
    uint8_t rest[1024];

    if (channel->fd < 0)
        return;
    if (channel->stream && !channel_error(channel) && client->trace.opened) {
        bool before = fede_ending(fede_stream_conn(channel->stream)) & FEDE_PEER_CLOSED;
        bool sent = fede_stream_finish(channel->stream);
        while (fede_stream_read(channel->stream, rest, sizeof rest) > 0)
            continue;
        bool after = fede_ending(fede_stream_conn(channel->stream)) & FEDE_PEER_CLOSED;
        text_add(&t, before ? "the peer closed first, with close_notify; " : "");
        text_add(&t, sent ? "close_notify sent" : "close_notify could not be sent");
        text_add(&t, !before && after ? "; the peer had sent its own" : "");
        report_phase(client->report, "close", true, line, began, clock_ticks(NULL));
    } else if (!channel->stream) {
        report_phase(client->report, "close", true, "TCP closed", began, clock_ticks(NULL));
    }
}

/* ---- The way there ------------------------------------------------------------------------------------------------ */

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

static bool arrive(struct client *client, const struct url *url)
{
    struct connect_settings *set = &client->set;
    struct facts *facts = &client->facts;
    uint64_t deadline = facts->start + 1000 * set->connect_ms;
    unsigned long limit = set->connect_ms;
    struct text t = text_in(facts->url, sizeof facts->url);
    struct goal goal, asked;

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

    text_add(&t, doing);
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

/* ---- The end ------------------------------------------------------------------------------------------------------ */

static int code_of(const fede_error *error);

bool client_fail(struct client *client, fede_reason reason, uint8_t origin, int64_t got, int64_t wanted)
{
    fede_error error = {.reason = (uint16_t)reason,
                        .alert = FEDE_ALERT_NONE,
                        .origin = origin,
                        .message = 0xffff,
                        .certificate = 0xffff,
                        .offset = UINT32_MAX,
                        .detail = client->detail,
                        .got = got,
                        .wanted = wanted};

    return client_failed(client, &error);
}

bool client_failed(struct client *client, const fede_error *error)
{
    if (client->code)
        return false;
    client->code = code_of(error);
    fede_error_text(error, client->why, sizeof client->why);
    if (client->report)
        report_error(client->report, error);
    return false;
}

/* Reasons with an exit code of their own; certificates by their name; everything else is a failure of TLS. */
static int code_of(const fede_error *error)
{
    static const struct {
        uint16_t reason, code;
    } rows[] = {
        {FEDE_TIME_LIMIT, EXIT_TIME},
        {FEDE_NAME_NOT_RESOLVED, EXIT_NAME},
        {FEDE_NOT_CONNECTED, EXIT_TCP},
        {FEDE_PROXY_REFUSED, EXIT_TCP},
        {FEDE_URL_BAD, EXIT_USAGE},
        {FEDE_INPUT_FAILED, EXIT_INPUT},
        {FEDE_OUTPUT_FAILED, EXIT_INTERNAL},
        {FEDE_OUT_OF_MEMORY, EXIT_INTERNAL},
        {FEDE_CRYPTO_FAILED, EXIT_INTERNAL},
        {FEDE_INTERNAL, EXIT_INTERNAL},
        {FEDE_NO_RANDOM, EXIT_INTERNAL},
        {FEDE_HTTP_STATUS, EXIT_HTTP},
        {FEDE_HTTP_REDIRECTS, EXIT_HTTP},
        {FEDE_HTTP_INCOMPLETE, EXIT_INCOMPLETE},
        {FEDE_HTTP_MALFORMED, EXIT_INCOMPLETE},
        {FEDE_HTTP2_FAILED, EXIT_INCOMPLETE},
        {FEDE_INTERRUPTED, EXIT_SIGNAL},
        {FEDE_CONFIG_PEM, EXIT_INPUT},
        {FEDE_CONFIG_TRUST_SOURCE, EXIT_INPUT},
    };
    const char *name = fede_reason_name(error->reason);

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].reason == error->reason)
            return rows[i].code;
    }
    if (!strncmp(name, "cert_", 5))
        return EXIT_CERTIFICATE;
    return strncmp(name, "config_", 7) ? EXIT_TLS : EXIT_USAGE;
}

/* The sink is closed, the report complete with its last line, then -w; only then the connection is freed. */
static void finish(struct client *client)
{
    struct connect_settings *set = &client->set;
    struct text why = text_in(client->detail, sizeof client->detail);
    fede_conn *conn = client->channel.stream ? fede_stream_conn(client->channel.stream) : NULL;
    struct report *report = client->report;

    if (!sink_end(&client->sink, &why))
        client_fail(client, FEDE_OUTPUT_FAILED, FEDE_ORIGIN_CALLER, 0, 0);
    client->facts.end = clock_ticks(NULL);
    if (report)
        report_end(report, conn, client->code, exit_meaning(client->code));
    client->trace.told = true;
    channel_close(&client->channel);
    report_free(report);
    if (client->story.out)
        story_end(&client->story);
    if (set->write_out)
        write_out(stdout, set->write_out, client);
    tls_finish(client);
}
