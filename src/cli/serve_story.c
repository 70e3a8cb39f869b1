/* What fede serve tells of each connection: one line when it ends, or its whole story as it happens (-v, --json); the key
   log; and, for --www, the handshake's story kept as text for the page. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/serve.h"

/* --www: the story of the handshake, kept as text. */
struct memoir {
    FILE *out;
    char *text;
    size_t size;
    struct report *report;
    bool over;
};

static void memoir_start(struct peer *peer);
static void page_start(struct peer *peer);
static const char *end_words(struct peer *peer, int *exit_code);
static void add_negotiated(struct text *t, struct peer *peer);

void peer_story_begin(struct peer *peer)
{
    struct server *server = peer->worker->server;
    if (server->report.form != REPORT_TEXT || server->report.level >= 2) {
        struct report_options options = server->report;
        options.number = peer->number;
        options.title = peer->name;
        peer->report = report_new(&options);
        if (peer->report)
            report_phase(peer->report, "tcp", true, "accepted", peer->began_us, clock_ticks(NULL));
    }
    if (server->settings.www && !server->settings.plain)
        memoir_start(peer);
    if (server->settings.report)
        page_start(peer);
}

void peer_trace(void *arg, const fede_event *event)
{
    struct server *server = arg;
    struct peer *peer = event->user;
    if (event->kind == FEDE_EVENT_SECRET) {
        char line[600];
        struct text why = text_in(line, sizeof line);
        if (!key_out_add(&server->keylog, event, &why))
            server_say(server, line);
    }
    if (!peer)
        return;
    if (peer->report && !peer->told)
        report_trace(peer->report, event);
    if (peer->page && !peer->told)
        report_trace(peer->page, event);
    if (peer->memoir && !peer->memoir->over) {
        report_trace(peer->memoir->report, event);
        peer->memoir->over = event->kind == FEDE_EVENT_OPENED;
    }
}

static void tell(struct peer *peer, const char *line)
{
    report_note(peer->report, 1, line);
    report_note(peer->page, 1, line);
    if (!peer->report && peer->worker->server->report.level >= 1)
        server_say(peer->worker->server, line);
}

void peer_story_open(struct peer *peer)
{
    enum { EXPORTED = 20 };
    const struct settings *settings = &peer->worker->server->settings;
    size_t len = settings->export_len ? (size_t)settings->export_len : EXPORTED;
    uint8_t out[EXPORT_MOST];
    char line[2 * EXPORT_MOST + 400];
    struct text t = text_in(line, sizeof line);
    if (!peer->tls || !settings->export_label)
        return;
    text_format(&t, "#%u exported under ", peer->number);
    text_escaped(&t, bytes_text(settings->export_label));
    text_add(&t, ": ");
    if (fede_export(peer->tls, settings->export_label, NULL, out, len))
        text_hex(&t, bytes_of(out, len));
    else
        text_add(&t, "nothing: the label is reserved, or there is no extended master secret (RFC 7627 5.4)");
    tell(peer, line);
    bytes_wipe(out, sizeof out);
    bytes_wipe(line, sizeof line);
}

void peer_tell_request(struct peer *peer, const char *line)
{
    uint64_t now = clock_ticks(NULL);
    peer->requests++;
    report_phase(peer->report, "request", true, line, now, now);
    report_phase(peer->page, "request", true, line, now, now);
}

/* One line, or the end of the story. */
void peer_story_end(struct peer *peer)
{
    struct server *server = peer->worker->server;
    const fede_error *error = peer_error(peer);
    int exit_code = EXIT_DONE;
    if (peer->told || !(peer->tls || peer->plain))
        return;
    peer->told = true;
    const char *words = end_words(peer, &exit_code);
    if (!peer->kind)
        atomic_fetch_add(&server->failed, 1);
    if (server->settings.once)
        atomic_store(&server->exit_code, exit_code);
    if (peer->page) {
        if (error && exit_code)
            report_error(peer->page, error);
        report_end(peer->page, peer->tls, exit_code, words);
    }
    if (peer->report) {
        if (error && exit_code)
            report_error(peer->report, error);
        report_end(peer->report, peer->tls, exit_code, words);
        return;
    }
    if (server->report.level < 1 && exit_code == EXIT_DONE)
        return;
    char line[1600];
    struct text t = text_in(line, sizeof line);
    text_format(&t, "#%u %s: ", peer->number, peer->name);
    if (peer->kind) {
        add_negotiated(&t, peer);
        text_format(&t, "; %u request%s, ", peer->requests, peer->requests == 1 ? "" : "s");
        text_bytes(&t, peer->in);
        text_add(&t, " bytes in, ");
        text_bytes(&t, peer->out);
        text_add(&t, " out; ");
    }
    text_add(&t, words);
    text_add(&t, " after ");
    text_span(&t, clock_ticks(NULL) - peer->began_us);
    if (error && exit_code) {
        char sentence[700], advice[400];
        fede_error_text(error, sentence, sizeof sentence);
        fede_error_advice(error, advice, sizeof advice);
        text_format(&t, ": %s%s%s", sentence, advice[0] ? " " : "", advice);
    }
    server_say(server, line);
}

/* How it ended, in words; *exit_code as in R70. */
static const char *end_words(struct peer *peer, int *exit_code)
{
    unsigned ending = peer_ending(peer);
    const fede_error *error = peer_error(peer);
    *exit_code = EXIT_DONE;
    if (peer->late && !peer->kind) {
        *exit_code = EXIT_TIME;
        return "handshake failed";
    }
    if (peer->late)
        return peer->blocked ? "the peer stopped reading (--idle-timeout)" : "quiet for too long (--idle-timeout)";
    if (!peer->kind) {
        *exit_code = EXIT_TLS;
        return "handshake failed";
    }
    if (error && error->reason == FEDE_TRUNCATED)
        return "the peer went away without close_notify";
    if (error && error->origin == FEDE_ORIGIN_TRANSPORT && (peer->problem == ECONNRESET || peer->problem == EPIPE)) {
        *exit_code = peer->kind->busy(peer) ? EXIT_TLS : EXIT_DONE;
        return "reset by the peer";
    }
    if (error) {
        *exit_code = EXIT_TLS;
        return "failed";
    }
    return ending & FEDE_PEER_CLOSED ? "closed in order" : ending & FEDE_WE_CLOSED ? "closed by us" : "cut off";
}

static void add_negotiated(struct text *t, struct peer *peer)
{
    fede_info info;
    if (!peer->tls) {
        text_add(t, "plain");
        return;
    }
    fede_conn_info(peer->tls, &info);
    const char *suite = fede_suite_name(info.suite), *group = fede_group_name(info.group);
    text_format(t, "%s, %s, %s", info.version == FEDE_TLS13 ? "TLS 1.3" : "TLS 1.2", suite ? suite : "?",
                group ? group : "?");
    if (info.alpn.len) {
        text_add(t, ", ");
        text_escaped(t, info.alpn);
    }
    if (info.client_certificate_given) {
        char who[300];
        report_certificate_name(fede_peer_certificate(peer->tls, 0), who, sizeof who);
        text_format(t, ", client %s", who);
    } else if (info.client_certificate_asked) {
        text_add(t, ", no client certificate");
    }
}

/* ---- The pages --- */

/* A page for each connection, named after its time and number, so that none is written over by a later run. */
static void page_start(struct peer *peer)
{
    struct server *server = peer->worker->server;
    char path[4200], reason[300];
    struct text why = text_in(reason, sizeof reason);
    time_t now = (time_t)clock_wall(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    snprintf(path, sizeof path, "%s/%04d-%02d-%02dT%02d-%02d-%02dZ-%u.html", server->settings.report,
             utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, peer->number);
    if (!story_page_start(&peer->paper, path, peer->name, server->report.show_secrets, server->report.language, &why)) {
        server_say(server, reason);
        return;
    }
    peer->paper.number = peer->number;
    peer->paper.command = server->command;
    peer->page = report_new(&peer->paper);
    report_phase(peer->page, "tcp", true, "accepted", peer->began_us, clock_ticks(NULL));
}

/* ---- The page's story --- */

static void memoir_start(struct peer *peer)
{
    struct memoir *memoir = calloc(1, sizeof *memoir);
    if (memoir)
        memoir->out = open_memstream(&memoir->text, &memoir->size);
    if (!memoir || !memoir->out) {
        free(memoir);
        return;
    }
    struct report_options options = {
        .out = memoir->out, .form = REPORT_TEXT, .level = 3, .utf8 = true, .width = 120, .title = peer->name};
    peer->memoir = memoir;
    memoir->report = report_new(&options);
    memoir->over = !memoir->report;
}

const char *peer_memoir(struct peer *peer)
{
    if (!peer->memoir || fflush(peer->memoir->out) != 0)
        return NULL;
    return peer->memoir->text;
}

void peer_story_free(struct peer *peer)
{
    struct memoir *memoir = peer->memoir;
    if (peer->report)
        report_free(peer->report);
    peer->report = NULL;
    report_free(peer->page);
    peer->page = NULL;
    if (peer->paper.out && !story_page_end(&peer->paper))
        server_say(peer->worker->server, "a page of --report could not be written whole");
    if (!memoir)
        return;
    if (memoir->report)
        report_free(memoir->report);
    fclose(memoir->out);
    free(memoir->text);
    free(memoir);
    peer->memoir = NULL;
}
