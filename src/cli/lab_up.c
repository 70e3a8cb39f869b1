/* cli/lab_up.c: fede lab up, down, list: a table of servers, each a `fede serve` of its own with the options of its row, all on
   loopback. They are processes, so that none can disturb another and each one's story is a file (PORT.log). The one that
   started them holds a lock on the folder as long as they run: that is how `down` finds it. */
#define _GNU_SOURCE /* pipe2 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/ca.h"
#include "cli/lab.h"
#include "cli/serve.h"

enum { WORDS_MOST = 48, LINE_MOST = 2048, DAY = 86400, LEGACY_DAYS = 30, START_SECONDS = 20, DOWN_SECONDS = 10 };

#define RSA_CERT     "--cert @rsa.pem --key @rsa.key "
#define ECDSA_CERT   "--cert @ecdsa.pem --key @ecdsa.key "
#define LEGACY(what) "--legacy " what " --legacy-until %until --legacy-reason fede-lab "
#define STATIC_RSA   RSA_CERT LEGACY("rsa") "--ciphers AES256-GCM-SHA384:AES128-GCM-SHA256 "
#define ECDHE_RSA                                                                                                      \
    RSA_CERT "--ciphers ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305 "

static const struct lab_server {
    int port; /* from the base; below 0: that port as it is, with --privileged-ports */
    const char *name, *about;
    const char *options; /* of fede serve: @ stands for the folder; NULL: not possible yet */
    bool legacy;         /* needs the quarantine */
} servers[] = {
    {0, "static-rsa", "static RSA: the client encrypts the premaster secret; no forward secrecy", STATIC_RSA, true},
    {1, "staple", "ECDHE-ECDSA, with an OCSP staple: connect --cert-status", ECDSA_CERT "--staple @ecdsa.ocsp ", false},
    {2, "dhe", "Diffie-Hellman in a finite field: p, g, Ys, Yc",
     RSA_CERT LEGACY("dhe") "--ciphers DHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES128-GCM-SHA256 ", true},
    {3, "ecdhe", "ECDHE-RSA with AES-256-GCM, as the lectures have it", ECDHE_RSA, false},
    {4, "mutual", "asks for a client certificate: connect --cert client.pem --key client.key",
     ECDHE_RSA "--require-cert --ca @ca.pem ", false},
    {5, "tls13", "TLS 1.3: fede does not speak it yet, nothing listens here", NULL, false},
    {6, "h2", "HTTP/2 and HTTP/1.1 by ALPN", ECDSA_CERT "--alpn h2,http/1.1 ", false},
    {7, "session-id", "resumes by session id alone: connect --sess-out, then --sess-in",
     ECDHE_RSA "--no-tickets --session-cache=1000 ", false},
    {8, "ticket", "resumes by ticket, 72000 seconds", ECDHE_RSA "--ticket-lifetime 72000 --ticket-key @ticket.key ",
     false},
    {9, "plain", "HTTP without TLS, to compare", "--plain ", false},
    {10 + FLAW_EXPIRED, "expired", "the certificate expired yesterday", NULL, false},
    {10 + FLAW_FUTURE, "future", "the certificate is not valid yet", NULL, false},
    {10 + FLAW_WRONG_NAME, "wrong-name", "the certificate is for another name", NULL, false},
    {10 + FLAW_SELF_SIGNED, "self-signed", "no CA has signed it", NULL, false},
    {10 + FLAW_NO_ISSUER, "no-issuer", "the intermediate is left out", NULL, false},
    {10 + FLAW_WEAK_KEY, "weak-key", "RSA with 1024 bits: fede does not serve it; fede cert --verify weak-key.pem",
     NULL, false},
    {10 + FLAW_SHA1, "sha1", "signed with SHA-1", NULL, false},
    {10 + FLAW_WRONG_ORDER, "wrong-order", "chain in the wrong order, with a needless root: most clients accept", NULL,
     false},
    {10 + FLAW_REVOKED, "revoked", "revoked: connect --crl revoked.crl", NULL, false},
    {10 + FLAW_NO_STAPLE, "no-staple", "promises an OCSP staple and sends none", NULL, false},
    {10 + FLAW_NO_SAN, "no-san", "the name is in the common name alone", NULL, false},
    {10 + FLAW_BAD_SIGNATURE, "bad-signature", "one bit of the CA's signature is altered", NULL, false},
    {10 + FLAW_NOT_A_CA, "not-a-ca", "issued by a certificate that is no CA", NULL, false},
    {10 + FLAW_PATH_TOO_LONG, "path-too-long", "a CA below one that allows none", NULL, false},
    {10 + FLAW_CONSTRAINT_BROKEN, "constraint-broken", "the CA may not issue for this name", NULL, false},
    {10 + FLAWS, "foreign", "for the right name, from a CA that nobody trusts: a man in the middle",
     "--cert @foreign.pem --key @foreign.key ", false},
    {11 + FLAWS, "address", "names the address 127.0.0.1 too", "--cert @address.pem --key @address.key ", false},
    {-443, "https", "as ecdhe, on the port of HTTPS", ECDHE_RSA, false},
    {-440, "lecture", "as static-rsa, on the lecture's port", STATIC_RSA, true},
};
enum { SERVERS = sizeof servers / sizeof *servers };

struct lab {
    const struct lab_settings *settings;
    const char *folder;
    pid_t pids[SERVERS];
    bool thrown_away; /* the folder goes when the lab stops */
};

/* What fede can't serve, or does not want to, has its port and its row all the same. */
static bool possible(const struct lab_server *server)
{
    return server->port != 5 && server->port != 10 + FLAW_WEAK_KEY;
}

static bool wanted(const struct lab_settings *s, const struct lab_server *server)
{
    return possible(server) && (server->port >= 0 || s->privileged) &&
           (!server->legacy || fede_legacy_suite_list(0) != 0);
}

static int port_of(const struct lab_settings *s, const struct lab_server *server)
{
    return server->port < 0 ? -server->port : (int)s->base + server->port;
}

static bool open_folder(struct lab *lab, char made[LAB_PATH], struct text *why);
static int hold_lock(const char *folder, struct text *why);
static int start_all(struct lab *lab, const sigset_t *before, struct text *why);
static pid_t start(struct lab *lab, size_t i, int ready, const sigset_t *before);
static int serve_child(const struct lab *lab, const struct lab_server *server, int ready);
static int wait_ready(struct lab *lab, int ready, size_t n, struct text *why);
static void tell_failed(const struct lab *lab, const struct lab_server *server, struct text *why);
static void print_table(const struct lab *lab, FILE *out);
static void wait_for_signal(struct lab *lab, const sigset_t *signals);
static void stop_all(struct lab *lab);

int lab_up(const struct lab_settings *s, struct text *why)
{
    struct lab lab = {.settings = s};
    char made[LAB_PATH];
    sigset_t signals, before;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, &before);
    if (!open_folder(&lab, made, why))
        return EXIT_INPUT;
    int lock = hold_lock(lab.folder, why), code = EXIT_INPUT;
    if (lock >= 0 && lab_files(lab.folder, why))
        code = start_all(&lab, &before, why);
    if (code == EXIT_DONE) {
        print_table(&lab, stdout);
        fflush(stdout);
        wait_for_signal(&lab, &signals);
    }
    stop_all(&lab);
    if (lab.thrown_away)
        lab_files_remove(lab.folder);
    if (lock >= 0)
        close(lock);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return code;
}

/* The folder given, made if it is not there, or one of its own that goes with the lab. */
static bool open_folder(struct lab *lab, char made[LAB_PATH], struct text *why)
{
    const char *given = lab->settings->folder, *temporary = getenv("TMPDIR");
    lab->folder = given;
    if (given) {
        if (mkdir(given, 0700) == 0 || errno == EEXIST)
            return true;
        text_format(why, "%s can't be made: %s", given, strerror(errno));
        return false;
    }
    snprintf(made, LAB_PATH, "%s/fede-lab-XXXXXX", temporary && temporary[0] == '/' ? temporary : "/tmp");
    lab->folder = mkdtemp(made);
    lab->thrown_away = lab->folder != NULL;
    if (!lab->folder)
        text_format(why, "no folder for the lab can be made: %s. Give one with --folder.", strerror(errno));
    return lab->folder != NULL;
}

/* The lock falls with the process, however it ends; -1: it is held by another. */
static int hold_lock(const char *folder, struct text *why)
{
    char path[LAB_PATH];
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = lab_path(path, folder, "lock", why) ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd >= 0 && fcntl(fd, F_SETLK, &whole) == 0)
        return fd;
    if (why->len == 0)
        text_format(why, fd >= 0 ? "a lab runs in %s already" : "%s can't be written to", folder);
    if (fd >= 0)
        close(fd);
    return -1;
}

/* ---- Starting ------------------------------------------------------------------------------------------------------ */

static int start_all(struct lab *lab, const sigset_t *before, struct text *why)
{
    int ready[2];
    size_t n = 0;
    if (pipe2(ready, O_CLOEXEC) != 0) {
        text_format(why, "no pipe: %s", strerror(errno));
        return EXIT_INTERNAL;
    }
    for (size_t i = 0; i < SERVERS; i++) {
        if (!wanted(lab->settings, &servers[i]))
            continue;
        lab->pids[i] = start(lab, i, ready[1], before);
        n += lab->pids[i] > 0;
    }
    close(ready[1]);
    int code = wait_ready(lab, ready[0], n, why);
    close(ready[0]);
    return code;
}

static pid_t start(struct lab *lab, size_t i, int ready, const sigset_t *before)
{
    pid_t own = getpid(), child = fork();
    if (child != 0)
        return child;
    /* Ctrl-C is for the one that started it: a group of its own. And nobody is left behind. */
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigprocmask(SIG_SETMASK, before, NULL);
    if (getppid() != own)
        _exit(EXIT_INTERNAL);
    int code = serve_child(lab, &servers[i], ready);
    fflush(NULL);
    _exit(code);
}

/* The words of the row's options, as a command line. */
static int serve_child(const struct lab *lab, const struct lab_server *server, int ready)
{
    char log[LAB_PATH], options[LINE_MOST], until[40], room[LINE_MOST * 4], reason[200], *words[WORDS_MOST];
    struct text why = text_in(reason, sizeof reason), t = text_in(room, sizeof room);
    time_t then = time(NULL) + LEGACY_DAYS * (time_t)DAY;
    struct tm utc;
    int n = 0, port = port_of(lab->settings, server);
    snprintf(options, sizeof options, "%d.log", port);
    int fd = lab_path(log, lab->folder, options, &why) ? open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
        return EXIT_INTERNAL;
    gmtime_r(&then, &utc);
    strftime(until, sizeof until, "%Y-%m-%d", &utc);
    snprintf(options, sizeof options, "serve -v --workers 1 --grace 1 --listen 127.0.0.1:%d ", port);
    size_t len = strlen(options);
    if (server->options)
        snprintf(options + len, sizeof options - len, "%s%s", server->options,
                 server->port == 9 ? "" : "--keylog @keys.log");
    else
        snprintf(options + len, sizeof options - len, "--cert @%s.pem --key @%s.key --keylog @keys.log", server->name,
                 server->name);
    for (char *rest = options, *word; n < WORDS_MOST - 1 && (word = strtok_r(rest, " ", &rest)); n++) {
        words[n] = room + t.len;
        if (word[0] == '@')
            text_format(&t, "%s/%s", lab->folder, word + 1);
        else
            text_add(&t, strcmp(word, "%until") == 0 ? until : word);
        text_char(&t, '\0');
    }
    words[n] = NULL;
    return serve_told(n, words, ready);
}

/* One byte of each server says that it listens. A server that ends before ends the lab. */
static int wait_ready(struct lab *lab, int ready, size_t n, struct text *why)
{
    struct pollfd waiting = {.fd = ready, .events = POLLIN};
    char said[SERVERS];
    ssize_t got = 1;
    for (size_t have = 0; got > 0 && poll(&waiting, 1, START_SECONDS * 1000) == 1; have += got > 0 ? (size_t)got : 0) {
        if (have == n)
            return EXIT_DONE;
        got = read(ready, said, sizeof said); /* 0: the others have ended */
    }
    for (int tries = 0; tries < 100; tries++) {
        for (size_t i = 0; i < SERVERS; i++) {
            int status = 0;
            if (lab->pids[i] <= 0 || waitpid(lab->pids[i], &status, WNOHANG) != lab->pids[i])
                continue;
            lab->pids[i] = 0;
            tell_failed(lab, &servers[i], why);
            return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_INTERNAL;
        }
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    text_format(why, "not all servers listen after %d seconds", START_SECONDS);
    return EXIT_TIME;
}

/* The reason is in the server's story. */
static void tell_failed(const struct lab *lab, const struct lab_server *server, struct text *why)
{
    char path[LAB_PATH], name[40], line[600], nobody[100];
    struct text ignored = text_in(nobody, sizeof nobody);
    snprintf(name, sizeof name, "%d.log", port_of(lab->settings, server));
    text_format(why, "the server %s did not start", server->name);
    FILE *log = lab_path(path, lab->folder, name, &ignored) ? fopen(path, "r") : NULL;
    while (log && fgets(line, sizeof line, log)) {
        line[strcspn(line, "\n")] = '\0';
        if (!strncmp(line, "fede serve: ", 12))
            text_format(why, ": %s", line + 12);
    }
    if (log)
        fclose(log);
}

/* ---- Running ------------------------------------------------------------------------------------------------------- */

static void print_table(const struct lab *lab, FILE *out)
{
    const struct lab_settings *s = lab->settings;
    if (s->story.level < 1)
        return;
    lab_list_servers(s, out);
    fprintf(out,
            "\nClients: trust the lab's CA, and go to this machine for the lab's name:\n"
            "  LAB=\"--cacert %s/ca.pem --connect-to %s::127.0.0.1:\"\n"
            "  fede connect -v $LAB https://%s:%ld/\n"
            "  curl -v $LAB https://%s:%ld/\n"
            "Client certificate: --cert %s/client.pem --key %s/client.key\n"
            "Keys of all connections: %s/keys.log; each server's story: %s/PORT.log\n"
            "%s\n",
            lab->folder, LAB_NAME, LAB_NAME, s->base + 3, LAB_NAME, s->base + 3, lab->folder, lab->folder, lab->folder,
            lab->folder,
            lab->thrown_away ? "Ctrl-C stops all and takes the folder away." : "Ctrl-C, or fede lab down, stops all.");
}

void lab_list_servers(const struct lab_settings *s, FILE *out)
{
    fprintf(out, "%5s  %-18s %s\n", "PORT", "NAME", "WHAT");
    for (size_t i = 0; i < SERVERS; i++)
        if (servers[i].port >= 0 || s->privileged)
            fprintf(out, "%5d  %-18s %s%s\n", port_of(s, &servers[i]), servers[i].name, servers[i].about,
                    possible(&servers[i]) && !wanted(s, &servers[i]) ? " (not in this build: FEDE_LEGACY=OFF)" : "");
}

/* A server that ends is told of; the others go on. */
static void wait_for_signal(struct lab *lab, const sigset_t *signals)
{
    for (int number = 0; sigwait(signals, &number) == 0;) {
        if (number != SIGCHLD)
            return;
        for (size_t i = 0; i < SERVERS; i++) {
            if (lab->pids[i] <= 0 || waitpid(lab->pids[i], NULL, WNOHANG) != lab->pids[i])
                continue;
            lab->pids[i] = 0;
            fprintf(stderr, "fede lab: the server %s has ended; its story is in %s/%d.log\n", servers[i].name,
                    lab->folder, port_of(lab->settings, &servers[i]));
        }
    }
}

static void stop_all(struct lab *lab)
{
    for (size_t i = 0; i < SERVERS; i++)
        if (lab->pids[i] > 0)
            kill(lab->pids[i], SIGTERM);
    for (size_t i = 0; i < SERVERS; i++)
        if (lab->pids[i] > 0)
            while (waitpid(lab->pids[i], NULL, 0) < 0 && errno == EINTR)
                ;
}

int lab_down(const struct lab_settings *s, struct text *why)
{
    char path[LAB_PATH];
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (!lab_path(path, s->folder, "lock", why))
        return EXIT_INPUT;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 || fcntl(fd, F_GETLK, &whole) != 0 || whole.l_type == F_UNLCK) {
        text_format(why, "no lab runs in %s", s->folder);
        if (fd >= 0)
            close(fd);
        return EXIT_NOTHING;
    }
    int code = kill(whole.l_pid, SIGTERM) == 0 ? EXIT_DONE : EXIT_PERMISSION;
    for (int i = 0; code == EXIT_DONE && i < DOWN_SECONDS * 100; i++) {
        struct flock left = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        if (fcntl(fd, F_GETLK, &left) != 0 || left.l_type == F_UNLCK)
            break;
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    close(fd);
    if (code != EXIT_DONE)
        text_format(why, "process %ld can't be told to stop: %s", (long)whole.l_pid, strerror(errno));
    return code;
}
