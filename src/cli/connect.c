/* cli/connect.c: `fede connect`, phase by phase: URL, name, TCP, what precedes TLS, TLS, the request or the raw pipe, the close.

   Each phase is told to the report as it happens, with its times; a failure names its phase and decides the exit code.
   Nothing is tried twice and no fallback is silent. Redirects are new visits of the same run. */
#include "cli/connect.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "cli/command_line.h"
#include "cli/starttls.h"
#include "cli/write_out.h"

static bool take_operand(struct client *client, const char *operand, struct url *url);
static bool choose_output(struct client *client, const struct url *url);
static bool visits(struct client *client, struct url *url);
static struct report *begin_report(const struct client *client);
static void finish(struct client *client);

int connect_run(int argc, char **argv)
{
    static struct client client;
    static struct url url;
    struct connect_settings *set = &client.set;
    char reason[TARGET_SIZE];
    struct text why = text_in(reason, sizeof reason);
    int n;

    struct text command = text_in(client.command, sizeof client.command);
    command_line(&command, &connect_command, argc, argv);
    connect_defaults(set);
    client.keylog.fd = client.channel.fd = client.sink.fd = -1;
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
    client.story.diagram = set->diagram && client.story.form == REPORT_TEXT;
    client.story.command = client.command;
    if (set->report && !story_page_start(&client.page, set->report, argv[1], set->story.show_secrets, set->story.language, &why)) {
        code = unwritten(&connect_command, reason);
        story_end(&client.story);
        connect_settings_free(set);
        return code;
    }
    client.report = begin_report(&client);
    client.facts.start = client.facts.first_start = clock_ticks(NULL);
    if (set->max_ms)
        client.deadline_us = client.facts.start + 1000 * set->max_ms;
    if (!client.report) {
        fprintf(stderr, "fede connect: no memory left\n");
        client.code = EXIT_INTERNAL;
    } else if (take_operand(&client, argv[1], &url) && choose_output(&client, &url)) {
        visits(&client, &url);
    }
    finish(&client);
    connect_settings_free(set);
    return client.code;
}

/* The story of one connection, and its part of the page. */
static struct report *begin_report(const struct client *client)
{
    struct report *report = report_new(&client->story);
    struct report_options page = client->page;

    page.title = client->story.title;
    page.command = client->story.command;
    if (report && page.out)
        report_also(report, report_new(&page));
    return report;
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

static bool choose_output(struct client *client, const struct url *url)
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
            struct text why = text_in(client->detail, sizeof client->detail);
            text_add(&why, "it has no file name for -O; -o FILE gives one");
            return client_fail(client, FEDE_URL_BAD, FEDE_ORIGIN_CALLER, 0, 0);
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
static void leave(struct client *client);
static const char *first_method(const struct connect_settings *set);
static bool next_report(struct client *client, const struct url *url, const char *why);
static bool again(struct client *client, const struct url *url);
static bool redirect(struct client *client, const struct url *first, struct url *url, char *location,
                     const char **method, bool *with_body);

static bool visits(struct client *client, struct url *url)
{
    static struct url first;
    const char *method = first_method(&client->set);
    bool with_body = client->set.body != NULL, good = true;
    char *location = NULL;

    first = *url;
    if ((url->tls || client->set.follow) && !tls_prepare(client, url->host))
        return false;
    client->facts.start = client->facts.first_start = clock_ticks(NULL);
    do {
        if (location)
            good = redirect(client, &first, url, location, &method, &with_body);
        location = NULL;
        good = good && visit(client, url, method, with_body, url_same_origin(&first, url), &location);
    } while (good && location);
    for (long i = 0; good && url->tls && i < client->set.reconnects; i++)
        good = again(client, url);
    return good;
}

/* --reconnect: a handshake that resumes the session before it. -w goes on telling of the visit. */
static bool again(struct client *client, const struct url *url)
{
    struct facts facts = client->facts;
    bool good = next_report(client, url, "connecting again") && connect_arrive(client, url);

    leave(client);
    if (good)
        client->facts = facts;
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
    bool good = connect_arrive(client, url);

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
    return next_report(client, url, "redirected");
}

/* The story of one connection ends, that of the next begins. Of the facts only the counts stay. */
static bool next_report(struct client *client, const struct url *url, const char *why)
{
    static char title[TARGET_SIZE];
    struct facts *facts = &client->facts;
    struct text t = text_in(title, sizeof title);
    fede_conn *conn = client->channel.stream ? fede_stream_conn(client->channel.stream) : NULL;

    report_end(client->report, conn, REPORT_GOES_ON, why);
    client->trace.told = true;
    channel_close(&client->channel);
    report_free(client->report);
    url_text(url, &t);
    client->story.title = title;
    client->report = begin_report(client);
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
        {FEDE_TOKEN_FAILED, EXIT_INPUT},
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
    bool file = error->reason == FEDE_CONFIG_TRUST_SOURCE || error->reason == FEDE_OUTPUT_FAILED;

    if (file && error->got == EACCES)
        return EXIT_PERMISSION;
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
    if (!story_page_end(&client->page)) {
        fprintf(stderr, "fede connect: %s could not be written whole\n", set->report);
        client->code = client->code ? client->code : EXIT_INTERNAL;
    }
    if (client->story.out)
        story_end(&client->story);
    if (set->write_out)
        write_out(stdout, set->write_out, client);
    tls_finish(client);
}
