/* The echo server and the echo client around a TLS library (peer.h).

     peer server CERTS     listens once for each key and curve, and for each manner below; prints "listen KEY CURVE PORT MANNER" or
                           "unable KEY CURVE MANNER why" for each, then "ready"; ends when its standard input does
     peer client CERTS     reads jobs, one a line: "ID PORT KEY SUITE CURVE BYTES CHUNK [MANNER]"; answers "ID ok [EXPORTED]",
                           "ID failed why", or "ID unable why" when the library has no such configuration

   Manners: echo; staple (the server sends the OCSP response of CERTS/KEY-staple.der, the client insists on a good one); export
   (the server's first line, and the client's answer, is what is exported, in hex); auth (the server requires a client
   certificate), auth-KEY (the client shows that one); legacy (static RSA, DHE and CBC are allowed), legacy-no-etm (without
   encrypt-then-MAC), legacy-ffdhe3072 (DHE in that group); resume-id, resume-ticket (a client makes a connection to each port
   of the list PORT,PORT,... and offers the session of the one before; a server takes sessions back).

   Every connection has a process of its own, with an alarm: a hang or a crash is one failed case, not the end. */
#include "peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS = 60 };

static const char *const keys[] = {"rsa", "p256", "p384", "ed25519", NULL};
static const char *const key_curves[] = {NULL, "secp256r1", "secp384r1", NULL};
const char *const peer_suites[] = {"aes128", "aes256", "chacha", NULL};
const char *const peer_curves[] = {"x25519", "secp256r1", "secp384r1", "secp521r1", NULL};

static const struct {
    const char *key, *manner;
} manners[] = {{"p256", "staple"},       {"p256", "export"},        {"p256", "auth"},
               {"rsa", "auth"},          {"rsa", "legacy"},         {"p256", "legacy"},
               {"rsa", "legacy-no-etm"}, {"p256", "legacy-no-etm"}, {"rsa", "legacy-ffdhe3072"},
               {"p256", "resume-id"},    {"p256", "resume-ticket"}};

struct exchange {
    size_t bytes, chunk;
    char *exported; /* room for what say_exported writes */
};

static char reason[400];

static int serve(const char *certs);
static void begin(const char *certs, const char *key, const char *curve, const char *manner);
static int listener(const struct setup *setup, FILE *said);
static void echo(int fd, const struct setup *setup);
static bool say_exported(struct peer *peer, char text[2 * PEER_EXPORT + 2]);
static int client(const char *certs);
static int one_job(const char *certs, char *line);
static bool one_connection(const struct setup *setup, uint16_t port, const struct exchange *e);
static bool exchange(struct peer *peer, size_t bytes, size_t chunk);
static struct setup make_setup(bool server, const char *certs, const char *key, const char *suite, const char *curve,
                               const char *manner);

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc == 3 && strcmp(argv[1], "server") == 0)
        return serve(argv[2]);
    if (argc == 3 && strcmp(argv[1], "client") == 0)
        return client(argv[2]);
    fprintf(stderr, "usage: %s server|client CERTS\n", argv[0]);
    return 2;
}

static int serve(const char *certs)
{
    char line[600];
    for (int k = 0; keys[k] != NULL; k++)
        for (int c = 0; peer_curves[c] != NULL; c++)
            begin(certs, keys[k], peer_curves[c], "echo");
    for (size_t i = 0; i < sizeof manners / sizeof *manners; i++)
        begin(certs, manners[i].key, "any", manners[i].manner);
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL)
        ;
    return 0;
}

/* A process for one port. */
static void begin(const char *certs, const char *key, const char *curve, const char *manner)
{
    char line[600];
    int pipes[2];
    struct setup setup = make_setup(true, certs, key, "any", curve, manner);
    if (pipe(pipes) != 0)
        exit(1);
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        close(pipes[0]);
        _exit(listener(&setup, fdopen(pipes[1], "w")));
    }
    close(pipes[1]);
    FILE *heard = fdopen(pipes[0], "r");
    if (heard == NULL || fgets(line, sizeof line, heard) == NULL)
        snprintf(line, sizeof line, "unable %s %s %s the process ended\n", key, curve, manner);
    fputs(line, stdout);
    if (heard != NULL)
        fclose(heard);
}

/* One port: configured once, then a process for each connection; or all in this one, where sessions are remembered. */
static int listener(const struct setup *setup, FILE *said)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    if (!peer_configure(setup)) {
        fprintf(said, "unable %s %s %s %s\n", setup->key, setup->curve, setup->manner, reason);
        fclose(said);
        return 0;
    }
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) != 0 || listen(fd, 64) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0)
        return 1;
    fprintf(said, "listen %s %s %d %s\n", setup->key, setup->curve, ntohs(at.sin_port), setup->manner);
    fclose(said);
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int c = accept(fd, NULL, NULL);
        if (c < 0)
            continue;
        if (peer_manner(setup, "resume", NULL))
            echo(c, setup);
        else if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGTERM);
            alarm(SECONDS);
            echo(c, setup);
            _exit(0);
        }
        close(c);
    }
}

static void echo(int fd, const struct setup *setup)
{
    static uint8_t buffer[16384];
    char text[2 * PEER_EXPORT + 2];
    ptrdiff_t n = -1;
    struct peer *peer = peer_open(fd);
    if (peer == NULL) {
        fprintf(stderr, "server %s: %s\n", setup->manner, reason);
        return;
    }
    if (!peer_manner(setup, "export", NULL) ||
        (say_exported(peer, text) && peer_write(peer, (const uint8_t *)text, strlen(text))))
        while ((n = peer_read(peer, buffer, sizeof buffer)) > 0 && peer_write(peer, buffer, (size_t)n))
            ;
    if (n < 0)
        fprintf(stderr, "server %s: %s\n", setup->manner, reason);
    peer_close(peer);
    close(fd);
}

static bool say_exported(struct peer *peer, char text[2 * PEER_EXPORT + 2])
{
    uint8_t out[PEER_EXPORT];
    if (!peer_export(peer, out))
        return false;
    for (int i = 0; i < PEER_EXPORT; i++)
        snprintf(text + 2 * i, 3, "%02x", out[i]);
    snprintf(text + 2 * PEER_EXPORT, 2, "\n");
    return true;
}

static int client(const char *certs)
{
    char line[400];
    while (fgets(line, sizeof line, stdin) != NULL) {
        int status = 0;
        char id[16] = "";
        sscanf(line, "%15s", id);
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            alarm(SECONDS);
            int r = one_job(certs, line);
            fflush(stdout);
            _exit(r);
        }
        waitpid(child, &status, 0);
        if (WIFSIGNALED(status))
            printf("%s failed the peer's process ended by signal %d\n", id, WTERMSIG(status));
        fflush(stdout);
    }
    return 0;
}

static int one_job(const char *certs, char *line)
{
    char id[16], ports[64], key[16], suite[64], curve[16], manner[32] = "echo", exported[2 * PEER_EXPORT + 2] = "\n";
    struct exchange e = {.exported = exported};
    if (sscanf(line, "%15s %63s %15s %63s %15s %zu %zu %31s", id, ports, key, suite, curve, &e.bytes, &e.chunk, manner) < 7) {
        printf("%s failed the job can't be read\n", id);
        return 1;
    }
    struct setup setup = make_setup(false, certs, key, suite, curve, manner);
    if (!peer_configure(&setup)) {
        printf("%s unable %s\n", id, reason);
        return 0;
    }
    for (const char *port = ports; port != NULL; port = strchr(port, ',') == NULL ? NULL : strchr(port, ',') + 1)
        if (!one_connection(&setup, (uint16_t)atoi(port), &e)) {
            printf("%s failed %s\n", id, reason);
            return 1;
        }
    printf("%s ok %s", id, exported);
    return 0;
}

static bool one_connection(const struct setup *setup, uint16_t port, const struct exchange *e)
{
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    at.sin_port = htons(port);
    if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) != 0)
        return peer_why("no TCP connection");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct peer *peer = peer_open(fd);
    if (peer == NULL || (peer_manner(setup, "export", NULL) && !say_exported(peer, e->exported)) || !exchange(peer, e->bytes, e->chunk))
        return false;
    peer_close(peer);
    close(fd);
    return true;
}

/* Sends bytes in pieces of chunk and wants each back before the next. */
static bool exchange(struct peer *peer, size_t bytes, size_t chunk)
{
    static uint8_t out[16384], in[16384];
    uint32_t seed = 1;
    for (size_t done = 0; done < bytes; done += chunk) {
        size_t n = bytes - done < chunk ? bytes - done : chunk, got = 0;
        for (size_t i = 0; i < n; i++) {
            seed = seed * 1664525u + 1013904223u;
            out[i] = (uint8_t)(seed >> 24);
        }
        if (!peer_write(peer, out, n))
            return false;
        while (got < n) {
            ptrdiff_t r = peer_read(peer, in + got, n - got);
            if (r < 0)
                return false;
            if (r == 0)
                return peer_why("closed after %zu of %zu bytes", done + got, bytes);
            got += (size_t)r;
        }
        if (memcmp(in, out, n) != 0)
            return peer_why("other bytes came back than were sent, near %zu", done);
    }
    return true;
}

static struct setup make_setup(bool server, const char *certs, const char *key, const char *suite, const char *curve,
                               const char *manner)
{
    int k = peer_index(keys, key);
    const char *own = k < 0 ? NULL : key_curves[k];
    if (own != NULL && strcmp(own, curve) == 0)
        own = NULL;
    return (struct setup){server, certs, key, suite, curve, own, manner};
}

bool peer_why(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(reason, sizeof reason, format, list);
    va_end(list);
    for (char *p = reason; *p != '\0'; p++)
        if (*p == '\n')
            *p = ' ';
    return false;
}

const char *peer_path(const struct setup *setup, const char *suffix)
{
    static char paths[4][400];
    static unsigned n;
    char *path = paths[n++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s%s", setup->certs, setup->key, suffix);
    return path;
}

bool peer_manner(const struct setup *setup, const char *name, const char **rest)
{
    size_t len = strlen(name);
    if (strncmp(setup->manner, name, len) != 0 || (setup->manner[len] != '\0' && setup->manner[len] != '-'))
        return false;
    if (rest != NULL)
        *rest = setup->manner + len + (setup->manner[len] == '-');
    return true;
}

const char *peer_all(const struct setup *setup)
{
    static char path[400];
    snprintf(path, sizeof path, "%s/ca.pem", setup->certs);
    return path;
}

const char *peer_client_path(const struct setup *setup, const char *suffix)
{
    struct setup own = *setup;
    peer_manner(setup, "auth", &own.key);
    return peer_path(&own, suffix);
}

uint8_t *peer_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data = calloc(1, 65536);
    if (f == NULL || data == NULL) {
        perror(path);
        exit(1);
    }
    *len = fread(data, 1, 65535, f);
    fclose(f);
    return data;
}

int peer_index(const char *const *list, const char *name)
{
    for (int i = 0; list[i] != NULL; i++)
        if (strcmp(list[i], name) == 0)
            return i;
    return -1;
}
