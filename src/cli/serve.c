/* fede serve [DIR]: a server that tells its side of the story.

   This file starts and stops it: settings, listening sockets, workers, signals. SIGTERM and SIGINT end it in order: nothing
   new is accepted, what is open may be completed within --grace, every connection is closed with close_notify; a second
   one ends it at once. SIGHUP reads certificates and keys again. The other parts: serve.h lists them. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/command_line.h"
#include "cli/serve.h"

static int read_settings(struct server *server, int argc, char **argv);
static int open_all(struct server *server, struct text *why);
static int open_identity(struct server *server, struct text *why);
static int open_root(struct server *server, struct text *why);
static int open_keylog(struct server *server, struct text *why);
static int listen_all(struct server *server, struct text *why);
static int listen_at(struct server *server, const char *place, bool may_lack, struct text *why);
static int listen_local(struct server *server, const char *path, struct text *why);
static int serve_until_stopped(struct server *server, struct text *why);
static void announce(struct server *server);
static void on_signal(uv_signal_t *handle, int number);
static void on_worker_told(uv_async_t *handle);
static void close_listeners(struct server *server);
static void close_all(struct server *server);
static int explain_missing_certificate(void);

int serve_run(int argc, char **argv)
{
    return serve_told(argc, argv, -1);
}

int serve_told(int argc, char **argv, int ready)
{
    static struct server server;
    char reason[1200];
    struct text why = text_in(reason, sizeof reason);
    server.root = server.keylog.fd = -1;
    server.ready = ready;
    struct text command = text_in(server.command, sizeof server.command);
    command_line(&command, &serve_command, argc, argv);
    settings_defaults(&server.settings);
    int code = read_settings(&server, argc, argv);
    if (code < 0 && !story_start(&server.settings.story, &server.report, &why))
        code = EXIT_INPUT;
    else if (code >= 0) {
        settings_free(&server.settings);
        return code;
    } else {
        code = open_all(&server, &why);
        if (code == EXIT_DONE)
            code = serve_until_stopped(&server, &why);
        close_all(&server);
        story_end(&server.report);
    }
    settings_free(&server.settings);
    if (why.len > 0)
        fprintf(stderr, "fede serve: %s\n", reason);
    bool quiet = server.settings.story.level == 0 || server.settings.story.form != REPORT_TEXT;
    if (code != EXIT_DONE || !quiet)
        fprintf(stderr, "exit %d: %s\n", code, exit_meaning(code));
    return code;
}

/* -1 to go on, else the exit code. */
static int read_settings(struct server *server, int argc, char **argv)
{
    struct settings *settings = &server->settings;
    char reason[400];
    struct text why = text_in(reason, sizeof reason);
    int n = 0;
    int code = options_parse(&serve_command, settings, argc, argv, &n);
    if (code >= 0)
        return code;
    if (n > 1)
        return usage_error(&serve_command, "at most one directory can be served");
    if (n == 1)
        settings->directory = argv[1];
    if (!settings_check(settings, &why))
        return usage_error(&serve_command, reason);
    if (!settings->plain && settings->n_pairs == 0)
        return explain_missing_certificate();
    const char *wanted = getenv("SSLKEYLOGFILE");
    if (!settings->keylog && !settings->plain && wanted && wanted[0])
        settings->keylog = wanted;
    if (settings->workers == 0) {
        unsigned processors = uv_available_parallelism();
        settings->workers = processors < WORKERS_MOST ? (long)processors : WORKERS_MOST;
    }
    if (settings->once)
        settings->workers = 1;
    server->fragment = settings->max_fragment ? (size_t)settings->max_fragment : RECORD_MOST;
    return -1;
}

static int explain_missing_certificate(void)
{
    fputs(
        "For a try-out on this machine make a self-signed pair, and let the client trust it:\n\n"
        "  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost \\\n"
        "      -addext subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1 -addext basicConstraints=critical,CA:FALSE \\\n"
        "      -keyout key.pem -out cert.pem\n"
        "  fede serve --cert cert.pem --key key.pem\n"
        "  fede connect --cacert cert.pem https://localhost:8443/\n\n",
        stderr);
    return usage_error(&serve_command, "TLS needs a certificate and its key: --cert FILE --key FILE");
}

/* ---- Opening ----------------------------------------------------------------------------------------------------- */

static int open_all(struct server *server, struct text *why)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files); /* if not, fewer connections at once */
    }
    uv_mutex_init(&server->identity_lock);
    int code = open_root(server, why);
    if (code == EXIT_DONE && server->settings.report != NULL && access(server->settings.report, W_OK | X_OK) < 0) {
        text_format(why, "--report: %s can't be written to: %s", server->settings.report, strerror(errno));
        code = EXIT_INTERNAL;
    }
    if (code == EXIT_DONE)
        code = open_keylog(server, why);
    if (code == EXIT_DONE && !server->settings.plain)
        code = open_identity(server, why);
    return code == EXIT_DONE ? listen_all(server, why) : code;
}

static int open_identity(struct server *server, struct text *why)
{
    fede_config *any = fede_config_new();
    if (!any) {
        text_add(
            why,
            "libcrypto does not start, or there is no memory. Check the OpenSSL that is installed and its settings "
            "(openssl version -a, OPENSSL_CONF).");
        return EXIT_INTERNAL;
    }
    fede_config_free(any);
    errno = 0;
    server->identity = identity_load(server, why);
    return server->identity ? EXIT_DONE : errno == EACCES ? EXIT_PERMISSION : EXIT_INPUT;
}

static int open_root(struct server *server, struct text *why)
{
    const char *path = server->settings.directory;
    if (!path)
        return EXIT_DONE;
    server->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (server->root >= 0)
        return EXIT_DONE;
    text_format(why, "%s can't be served: %s", path, strerror(errno));
    return errno == EACCES ? EXIT_PERMISSION : EXIT_INPUT;
}

static int open_keylog(struct server *server, struct text *why)
{
    const char *path = server->settings.keylog;
    char line[600];
    struct text t = text_in(line, sizeof line);
    if (!path)
        return EXIT_DONE;
    int number = key_out_open(&server->keylog, path);
    if (number != 0) {
        text_format(why, "the key log %s can't be written: %s", path, strerror(number));
        return number == EACCES ? EXIT_PERMISSION : EXIT_INTERNAL;
    }
    text_add(&t, "Keys of all connections are written to ");
    text_escaped(&t, bytes_text(path));
    text_add(&t, ": whoever has that file can read them.");
    server_say(server, line);
    return EXIT_DONE;
}

static int listen_all(struct server *server, struct text *why)
{
    const struct settings *settings = &server->settings;
    int code = settings->unix_socket ? listen_local(server, settings->unix_socket, why) : EXIT_DONE;
    for (size_t i = 0; i < settings->n_listen && code == EXIT_DONE; i++)
        code = listen_at(server, settings->listen[i], false, why);
    if (settings->n_listen == 0 && !settings->unix_socket && code == EXIT_DONE)
        code = listen_at(server, "127.0.0.1:8443", false, why);
    if (settings->n_listen == 0 && !settings->unix_socket && code == EXIT_DONE)
        code = listen_at(server, "[::1]:8443", true, why); /* a machine without IPv6 is served too */
    return code;
}

/* A failed bind or listen in words, with what to do. */
static int listen_failed(const char *place, int error, struct text *why)
{
    text_format(why, "can't listen on %s: %s.", place, strerror(error));
    if (error == EADDRINUSE)
        text_add(why,
                 " Another process has that port (ss -ltnp shows which); end it, or choose another with --listen.");
    else if (error == EACCES)
        text_add(why, " Ports below 1024 need a privilege (CAP_NET_BIND_SERVICE); choose one above with --listen.");
    else if (error == EADDRNOTAVAIL)
        text_add(why, " This machine does not have that address.");
    return error == EACCES || error == EPERM ? EXIT_PERMISSION : EXIT_TCP;
}

static int listen_one(struct server *server, const struct addrinfo *address)
{
    int on = 1, fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(fd, address->ai_addr, address->ai_addrlen) != 0 || listen(fd, SOMAXCONN) != 0) {
        int error = errno;
        close(fd);
        return error;
    }
    server->listeners[server->n_listeners++] = fd;
    return 0;
}

/* "127.0.0.1:8443", "[::1]:8443", "localhost:8443", ":8443" or "8443". */
static int listen_at(struct server *server, const char *place, bool may_lack, struct text *why)
{
    char host[256] = "";
    const char *colon = strrchr(place, ':'), *port = colon ? colon + 1 : place;
    size_t len = colon ? (size_t)(colon - place) : 0;
    bool bracketed = len >= 2 && place[0] == '[' && place[len - 1] == ']';
    const char *from = bracketed ? place + 1 : place;
    len = bracketed ? len - 2 : len;
    if (len >= sizeof host || port[0] == '\0' || (!bracketed && memchr(from, ':', len))) {
        text_format(why, "--listen %s: give ADDRESS:PORT, an IPv6 address in brackets", place);
        return EXIT_USAGE;
    }
    bytes_copy(host, from, len);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found = NULL;
    /* getaddrinfo takes any number and keeps its last 16 bits. */
    bool number = strspn(port, "0123456789") == strlen(port);
    int error = number && strtoul(port, NULL, 10) > UINT16_MAX ? EAI_SERVICE
                                                               : getaddrinfo(len ? host : NULL, port, &hints, &found);
    if (error == EAI_SERVICE) {
        text_format(why, "--listen %s: \"%s\" is neither a port, 0 to 65535, nor the name of a service", place, port);
        return EXIT_USAGE;
    }
    if (error != 0) {
        text_format(why, "--listen %s: %s", place, gai_strerror(error));
        return EXIT_NAME;
    }
    size_t before = server->n_listeners;
    int failed = 0;
    for (struct addrinfo *at = found; at && server->n_listeners < (size_t)LISTEN_MOST * 4; at = at->ai_next) {
        int problem = listen_one(server, at);
        if (problem && (!failed || problem == EADDRINUSE || problem == EACCES))
            failed = problem;
    }
    freeaddrinfo(found);
    bool lacking = failed == EAFNOSUPPORT || failed == EADDRNOTAVAIL;
    if (!failed || (lacking && (may_lack || server->n_listeners > before)))
        return EXIT_DONE;
    return listen_failed(place, failed, why);
}

static int listen_local(struct server *server, const char *path, struct text *why)
{
    union {
        struct sockaddr any;
        struct sockaddr_un local;
    } address = {.local.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.local.sun_path) {
        text_format(why, "--unix-socket %s: the path is longer than %zu bytes", path,
                    sizeof address.local.sun_path - 1);
        return EXIT_USAGE;
    }
    bytes_copy(address.local.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool stale = fd >= 0 && connect(fd, &address.any, sizeof address.local) != 0 && errno == ECONNREFUSED;
    struct stat facts;
    if (stale && lstat(path, &facts) == 0 && S_ISSOCK(facts.st_mode))
        unlink(path);
    if (fd < 0 || bind(fd, &address.any, sizeof address.local) != 0 || listen(fd, SOMAXCONN) != 0) {
        int error = errno;
        if (fd >= 0)
            close(fd);
        return listen_failed(path, error, why);
    }
    server->listeners[server->n_listeners++] = fd;
    return EXIT_DONE;
}

/* ---- Running ----------------------------------------------------------------------------------------------------- */

static int serve_until_stopped(struct server *server, struct text *why)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    if (uv_loop_init(&server->loop) != 0 ||
        !(server->workers = calloc((size_t)server->settings.workers, sizeof *server->workers))) {
        text_add(why, "no memory is left");
        return EXIT_INTERNAL;
    }
    uv_async_init(&server->loop, &server->worker_told, on_worker_told);
    server->worker_told.data = server;
    for (int i = 0; i < 3; i++) {
        uv_signal_init(&server->loop, &server->signals[i]);
        server->signals[i].data = server;
        uv_signal_start(&server->signals[i], on_signal, numbers[i]);
    }
    while (server->n_workers < (size_t)server->settings.workers &&
           worker_start(&server->workers[server->n_workers], server))
        server->n_workers++;
    if (server->n_workers < (size_t)server->settings.workers) {
        text_format(why, "worker %zu can't be started: %s", server->n_workers + 1, strerror(errno));
        atomic_store(&server->exit_code, EXIT_INTERNAL);
        server_stop(server);
    } else {
        announce(server);
        if (server->ready >= 0) {
            atomic_store(&server->exit_code, write(server->ready, "+", 1) == 1 ? EXIT_DONE : EXIT_INTERNAL);
            close(server->ready);
        }
    }
    uv_run(&server->loop, UV_RUN_DEFAULT);
    for (size_t i = 0; i < server->n_workers; i++)
        worker_join(&server->workers[i]);
    uv_loop_close(&server->loop);
    char line[300];
    struct text t = text_in(line, sizeof line);
    text_format(&t, "Stopped after %u connections: %u handshakes completed, %u failed.", atomic_load(&server->numbers),
                atomic_load(&server->completed), atomic_load(&server->failed));
    if (server->report.level > 0)
        server_say(server, line);
    return atomic_load(&server->exit_code);
}

static void on_worker_told(uv_async_t *handle)
{
    struct server *server = handle->data;
    bool deaf = true, over = true, stop = atomic_load(&server->stop_wanted);
    for (size_t i = 0; i < server->n_workers; i++) {
        if (stop && !atomic_exchange(&server->workers[i].stop, true))
            uv_async_send(&server->workers[i].wake);
        deaf = deaf && atomic_load(&server->workers[i].deaf);
        over = over && atomic_load(&server->workers[i].over);
    }
    if (deaf)
        close_listeners(server);
    if (!over || uv_is_closing((uv_handle_t *)handle))
        return;
    for (int i = 0; i < 3; i++)
        uv_close((uv_handle_t *)&server->signals[i], NULL);
    uv_close((uv_handle_t *)handle, NULL);
}

void server_stop(struct server *server)
{
    atomic_store(&server->stop_wanted, true);
    uv_async_send(&server->worker_told);
}

static void reload(struct server *server)
{
    char reason[1200], line[1400];
    struct text why = text_in(reason, sizeof reason), t = text_in(line, sizeof line);
    if (server->settings.plain)
        return;
    struct identity *identity = identity_load(server, &why);
    if (identity) {
        identity_replace(server, identity);
        server_say(server, "SIGHUP: certificates and keys are read again; new connections use them.");
        identity_tell(server, identity); /* only this thread replaces it */
        return;
    }
    {
        text_format(&t, "SIGHUP: the certificates and keys in use stay, because the new ones can't be used: %s",
                    reason);
    }
    server_say(server, line);
}

/* Asked a second time. */
static void hurry(struct server *server)
{
    atomic_store(&server->hurry, true);
    for (size_t i = 0; i < server->n_workers; i++)
        if (!atomic_load(&server->workers[i].over))
            uv_async_send(&server->workers[i].wake);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct server *server = handle->data;
    if (number == SIGHUP && !server->stopping) {
        reload(server);
    } else if (number != SIGHUP) {
        if (server->stopping)
            hurry(server);
        else if (server->report.level > 0)
            server_say(server, "Stopping: nothing new is accepted; what is open is completed. Once more ends at once.");
        server->stopping = true;
        server_stop(server);
    }
}

static void close_listeners(struct server *server)
{
    if (server->settings.unix_socket && server->n_listeners > 0 && server->listeners[0] >= 0)
        unlink(server->settings.unix_socket); /* it is the first */
    for (size_t i = 0; i < server->n_listeners; i++) {
        if (server->listeners[i] >= 0)
            close(server->listeners[i]);
        server->listeners[i] = -1;
    }
}

static void close_all(struct server *server)
{
    close_listeners(server);
    if (server->root >= 0)
        close(server->root);
    key_out_close(&server->keylog);
    identity_drop(server->identity);
    fede_config_free(server->lasting);
    free(server->workers);
    uv_mutex_destroy(&server->identity_lock);
}

/* ---- Words ------------------------------------------------------------------------------------------------------- */

void server_say(struct server *server, const char *text)
{
    char line[2600];
    struct text t = text_in(line, sizeof line - 4);
    bool json = server->report.form == REPORT_JSON || server->report.form == REPORT_JSON_LINES;
    if (json)
        text_add(&t, "{\"story\":1,\"event\":\"notice\",\"text\":\"");
    for (const char *p = text; *p; p++) {
        if (json && (*p == '"' || *p == '\\'))
            text_char(&t, '\\');
        text_char(&t, json && (unsigned char)*p < 0x20 ? ' ' : *p);
    }
    size_t len = t.len < t.size ? t.len : t.size - 1;
    struct text end = text_in(line + len, sizeof line - len);
    text_add(&end, json ? "\"}\n" : "\n");
    fwrite(line, 1, len + end.len, server->report.out); /* one call: lines don't mix */
}

/* "127.0.0.1:8443" as it is in the end: port 0 has become a real one. */
static void add_place(struct text *t, int listener)
{
    union {
        struct sockaddr any;
        struct sockaddr_storage room;
    } address = {0};
    socklen_t len = sizeof address;
    char host[64] = "", port[16] = "";
    if (getsockname(listener, &address.any, &len) != 0 || address.any.sa_family == AF_UNIX ||
        getnameinfo(&address.any, len, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        text_add(t, "the local socket");
    else
        text_format(t, address.any.sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

/* What to type at a client: with the name localhost where the certificate has it and the address is of this machine. */
static void add_try(struct text *t, struct server *server)
{
    const struct settings *settings = &server->settings;
    char place[100], card[1800] = "";
    struct text where = text_in(place, sizeof place);
    add_place(&where, server->listeners[server->n_listeners > 1 && settings->unix_socket ? 1 : 0]);
    if (server->identity && server->identity->standard)
        report_certificate(fede_config_certificate(server->identity->standard, 0, 0), 0, card, sizeof card);
    bool here = strncmp(place, "127.", 4) == 0 || strncmp(place, "[::1]", 5) == 0;
    const char *port = strrchr(place, ':'), *scheme = settings->plain ? "http://" : "https://";
    text_format(t, "  try          fede connect %s", settings->echo ? "" : scheme);
    if (here && port && strstr(card, "localhost"))
        text_format(t, "localhost%s", port);
    else
        text_add(t, place);
    text_add(t, settings->echo ? "" : "/");
}

static void announce(struct server *server)
{
    const struct settings *settings = &server->settings;
    char line[2400];
    struct text t = text_in(line, sizeof line);
    if (server->report.level < 1)
        return;
    text_add(&t, "fede serve listens on ");
    for (size_t i = 0; i < server->n_listeners; i++) {
        text_add(&t, i == 0 ? "" : i + 1 < server->n_listeners ? ", " : " and ");
        add_place(&t, server->listeners[i]);
    }
    text_format(&t, "; %s, %ld worker%s, process %ld", settings->plain ? "plain HTTP without TLS" : "TLS 1.2",
                settings->workers, settings->workers == 1 ? "" : "s", (long)getpid());
    server_say(server, line);
    if (server->identity)
        identity_tell(server, server->identity);
    t = text_in(line, sizeof line);
    text_add(&t, "  serves       ");
    text_add(&t, settings->directory ? "the files of "
                 : settings->echo    ? "every byte back (echo)"
                                     : "a page about the connection");
    text_add(&t, settings->directory);
    server_say(server, line);
    t = text_in(line, sizeof line);
    add_try(&t, server);
    text_add(&t, settings->plain ? "" : "   (with --cacert FILE when the certificate is of your own making)");
    server_say(server, line);
    server_say(server, "  stop         Ctrl-C; SIGHUP reads certificates and keys again");
}
