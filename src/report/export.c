/* report/export.c: files out of connections. A name that a peer chose becomes a harmless one (export_name) behind one that fede
   chose, and is opened inside the folder without following links; a file that is there already stays, unless --overwrite is
   given. Content is written as it comes, unpacked, so that its size does not matter. */
#include "report/export.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inside/inside.h"
#include "report/live.h"
#include "wire/messages.h"

enum { NAME_MOST = 80, FILES_MOST = 10000, ASKED_MOST = 256 };

struct exporter {
    struct export_folder *folder;
    unsigned connection;
    struct inside *sides[2];
    struct {
        uint64_t exchange;
        char name[NAME_MOST];
    } asked[ASKED_MOST]; /* the last requests' names */
};

struct file {
    FILE *out;
    char name[NAME_MOST + 64];
    bool failed;
};

static void head(void *arg, struct inside_message *m);
static void body(void *arg, struct inside_message *m, bytes data);
static void message(void *arg, struct inside_message *m);
static struct file *file_of(struct exporter *x, const struct inside_message *m);
static FILE *open_file(struct export_folder *folder, const char *name);
static void close_file(struct export_folder *folder, FILE *out, const char *name, bool good);
static void certificate(struct export_folder *folder, unsigned connection, const char *whose, size_t number, bytes der);

bool export_open(struct export_folder *folder, const char *path)
{
    folder->path = path;
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return false;
    folder->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return folder->fd >= 0;
}

void export_close(struct export_folder *folder)
{
    if (folder->fd >= 0)
        close(folder->fd);
    folder->fd = -1;
}

void export_name(bytes said, char *out, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < said.len && n + 1 < size; i++) {
        uint8_t c = said.data[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                     c == '_' || (c == '.' && n > 0);
        if (plain || n > 0)
            out[n++] = plain ? (char)c : '_';
    }
    while (n > 0 && (out[n - 1] == '_' || out[n - 1] == '.'))
        n--;
    out[n] = '\0';
    if (n == 0)
        snprintf(out, size, "content");
}

struct exporter *exporter_new(struct export_folder *folder, unsigned connection)
{
    struct exporter *x = calloc(1, sizeof *x);
    if (x != NULL) {
        x->folder = folder;
        x->connection = connection;
    }
    return x;
}

void exporter_data(struct exporter *x, uint8_t from, bool protects, bytes data, uint64_t at_us)
{
    const struct inside_listener listener = {.head = head, .body = body, .message = message, .arg = x};
    const struct inside_place at = {.at_us = at_us};
    if (x == NULL || !x->folder->bodies)
        return;
    struct inside **side = &x->sides[protects];
    if (*side == NULL && (*side = inside_new(&listener)) == NULL)
        return;
    if (data.data == NULL)
        inside_gap(*side, from, &at);
    else
        inside_data(*side, from, data, &at);
}

void exporter_end(struct exporter *x, const struct dissection *d)
{
    if (x == NULL)
        return;
    for (int i = 0; i < 2; i++) {
        if (x->sides[i] != NULL)
            inside_end(x->sides[i], &(struct inside_place){0});
        inside_free(x->sides[i]);
    }
    for (size_t i = 0; d != NULL && x->folder->certificates && i < d->n_certificates; i++)
        certificate(x->folder, x->connection, "server", i + 1, d->certificates[i]);
    free(x);
}

/* ---- content ---- */

static const char *extension_of(const struct inside_message *m)
{
    static const struct {
        const char *type, *extension;
    } types[] = {
        {"text/html", ".html"},
        {"text/plain", ".txt"},
        {"text/css", ".css"},
        {"text/javascript", ".js"},
        {"application/javascript", ".js"},
        {"application/json", ".json"},
        {"application/xml", ".xml"},
        {"text/xml", ".xml"},
        {"image/png", ".png"},
        {"image/jpeg", ".jpeg"},
        {"image/gif", ".gif"},
        {"image/svg+xml", ".svg"},
        {"image/webp", ".webp"},
        {"application/pdf", ".pdf"},
        {"application/ocsp-response", ".ocsp"},
        {"application/pkix-crl", ".crl"},
    };
    bytes type = inside_header(m, "content-type");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t n = strlen(types[i].type);
        if (type.len >= n && memcmp(type.data, types[i].type, n) == 0)
            return types[i].extension;
    }
    return ".bin";
}

/* The last part of the request's path names what comes back too. */
static void head(void *arg, struct inside_message *m)
{
    struct exporter *x = arg;
    if (!m->request)
        return;
    bytes path = m->target;
    for (size_t i = 0; i < path.len; i++)
        if (path.data[i] == '?' || path.data[i] == '#')
            path.len = i;
    size_t at = path.len;
    while (at > 0 && path.data[at - 1] != '/')
        at--;
    size_t slot = m->exchange % ASKED_MOST;
    x->asked[slot].exchange = m->exchange;
    x->asked[slot].name[0] = '\0';
    if (at < path.len)
        export_name(bytes_skip(path, at), x->asked[slot].name, sizeof x->asked[slot].name);
}

/* c1-request-2.bin, c1-answer-2-index.html */
static struct file *file_of(struct exporter *x, const struct inside_message *m)
{
    struct file *f = calloc(1, sizeof *f);
    if (f == NULL)
        return NULL;
    size_t slot = m->exchange % ASKED_MOST;
    const char *last = x->asked[slot].exchange == m->exchange ? x->asked[slot].name : "";
    snprintf(f->name, sizeof f->name, "c%u-%s-%llu%s%s%s", x->connection, m->request ? "request" : "answer",
             (unsigned long long)m->exchange, last[0] != '\0' ? "-" : "", last,
             strchr(last, '.') != NULL ? "" : extension_of(m));
    f->out = open_file(x->folder, f->name);
    f->failed = f->out == NULL;
    return f;
}

static void body(void *arg, struct inside_message *m, bytes data)
{
    struct exporter *x = arg;
    if (m->user == NULL)
        m->user = file_of(x, m);
    struct file *f = m->user;
    if (f != NULL && !f->failed && fwrite(data.data, 1, data.len, f->out) != data.len)
        f->failed = true;
}

static void message(void *arg, struct inside_message *m)
{
    struct exporter *x = arg;
    struct file *f = m->user;
    if (f == NULL)
        return;
    if (f->out != NULL)
        close_file(x->folder, f->out, f->name, !f->failed);
    free(f);
}

/* ---- files ---- */

static FILE *open_file(struct export_folder *folder, const char *name)
{
    if (folder->written >= FILES_MOST) {
        folder->refused++;
        return NULL;
    }
    if (folder->overwrite && unlinkat(folder->fd, name, 0) != 0 && errno != ENOENT) {
        folder->failed++;
        return NULL;
    }
    int fd = openat(folder->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    FILE *out = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (out == NULL) {
        if (errno == EEXIST)
            folder->refused++;
        else
            folder->failed++;
        if (folder->out != NULL)
            fprintf(folder->out, "not written: %s/%s: %s\n", folder->path, name,
                    errno == EEXIST ? "it exists (--overwrite replaces it)" : strerror(errno));
        if (fd >= 0)
            close(fd);
    }
    return out;
}

static void close_file(struct export_folder *folder, FILE *out, const char *name, bool good)
{
    good = fclose(out) == 0 && good;
    folder->written += good;
    folder->failed += !good;
    if (folder->out != NULL)
        fprintf(folder->out, "%s: %s/%s\n", good ? "written" : "not written whole", folder->path, name);
}

static void certificate(struct export_folder *folder, unsigned connection, const char *whose, size_t number, bytes der)
{
    static const char *const endings[] = {"pem", "der"};
    for (int i = 0; i < 2; i++) {
        char name[80];
        snprintf(name, sizeof name, "c%u-%s-certificate-%u.%s", connection, whose, (unsigned)number, endings[i]);
        FILE *out = open_file(folder, name);
        if (out == NULL)
            continue;
        if (i == 0)
            write_pem(out, der);
        else
            fwrite(der.data, 1, der.len, out);
        close_file(folder, out, name, !ferror(out));
    }
}
