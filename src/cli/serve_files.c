/* Files for HTTP answers: GET and HEAD below one directory (RFC 9110 8.8, 13, 14).

   A path is taken apart, decoded and put together anew before it meets the file system, and the kernel is told to stay
   beneath the served directory (openat2 with RESOLVE_BENEATH), so that neither ".." nor a symbolic link leads out of it.
   Kernels without openat2 get a walk that follows no link at all. Names that begin with a dot are not served, but
   /.well-known/ (RFC 8615). Bodies are read piece by piece in respond.c. */
#define _GNU_SOURCE /* scandirat */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/respond.h"

enum { SEGMENTS_MOST = 64, LISTING_MOST = 2000 };

/* A decoded path: segments one after the other in text, each ended by NUL. */
struct path {
    char text[TARGET_MOST];
    const char *segments[SEGMENTS_MOST];
    size_t n;
    bool directory; /* it ended with a slash */
};

static int path_read(struct path *path, const char *target);
static int open_beneath(int root, const struct path *path);
static int open_walking(int root, const struct path *path);
static void refuse_open(struct answer *answer, int why);
static void answer_directory(struct answer *answer, const struct request *request, int root, int directory,
                             const struct path *path);
static void answer_found(struct answer *answer, const struct request *request, int file, const struct stat *facts,
                         const char *name);
static bool range_read(const char *range, uint64_t whole, uint64_t *first, uint64_t *length);
static void answer_listing(struct answer *answer, int directory, const struct path *path);
static const char *content_type(const char *name);

void respond_file(struct answer *answer, const struct request *request, int root)
{
    struct path path;
    struct stat facts;
    int status = path_read(&path, request->target);
    if (status) {
        answer_message(answer, status, status == 400 ? "This is not a path.\n" : "There is nothing here.\n");
        return;
    }
    int file = open_beneath(root, &path);
    if (file < 0) {
        refuse_open(answer, errno);
    } else if (fstat(file, &facts) != 0 || !(S_ISREG(facts.st_mode) || S_ISDIR(facts.st_mode))) {
        close(file);
        answer_message(answer, 403, "This is neither a file nor a directory.\n");
    } else if (S_ISDIR(facts.st_mode)) {
        answer_directory(answer, request, root, file, &path);
    } else if (path.directory) {
        close(file);
        answer_message(answer, 404, "There is nothing here.\n");
    } else {
        answer_found(answer, request, file, &facts, path.segments[path.n - 1]);
    }
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static bool segment_allowed(const char *segment)
{
    return segment[0] != '.' || strcmp(segment, ".well-known") == 0;
}

/* Returns 0, or the status to refuse with. */
static int path_read(struct path *path, const char *target)
{
    if (strncmp(target, "http://", 7) == 0 || strncmp(target, "https://", 8) == 0) {
        target = strchr(strchr(target, '/') + 2, '/');
        target = target ? target : "/";
    }
    if (target[0] != '/')
        return 400;
    char *out = path->text, *segment = out;
    path->n = 0;
    for (const char *in = target + 1;; in++) {
        bool ends = *in == '\0' || *in == '?' || *in == '#';
        if (ends || *in == '/') {
            *out++ = '\0';
            path->directory = segment[0] == '\0' || strcmp(segment, ".") == 0;
            if (!path->directory) {
                if (!segment_allowed(segment) || path->n == SEGMENTS_MOST)
                    return 404;
                path->segments[path->n++] = segment;
            }
            if (ends)
                return 0;
            segment = out;
            continue;
        }
        int value = (unsigned char)*in;
        if (*in == '%') {
            int high = hex_digit(in[1]), low = high < 0 ? -1 : hex_digit(in[2]);
            if (low < 0)
                return 400;
            value = high << 4 | low;
            in += 2;
        }
        if (value < 0x20 || value == 0x7f || value == '/') /* "/" can only be an encoded one */
            return value == '/' ? 404 : 400;
        *out++ = (char)value;
    }
}

static int open_beneath(int root, const struct path *path)
{
    char joined[TARGET_MOST + 2];
    struct text t = text_in(joined, sizeof joined);
    text_add(&t, ".");
    for (size_t i = 0; i < path->n; i++) {
        text_char(&t, '/');
        text_add(&t, path->segments[i]);
    }
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    for (int tries = 0; tries < 4; tries++) { /* EAGAIN: something was renamed meanwhile */
        long fd = syscall(SYS_openat2, root, joined, &how, sizeof how);
        if (fd >= 0)
            return (int)fd;
        if (errno == ENOSYS || errno == EPERM || errno == E2BIG)
            return open_walking(root, path);
        if (errno != EAGAIN && errno != EINTR)
            break;
    }
    return -1;
}

static int open_walking(int root, const struct path *path)
{
    int at = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; i < path->n && at >= 0; i++) {
        int next = openat(at, path->segments[i], O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        int why = errno;
        close(at);
        errno = why;
        at = next;
    }
    return at;
}

static void refuse_open(struct answer *answer, int why)
{
    switch (why) {
    case EACCES:
    case EPERM:
        answer_message(answer, 403, "The server may not read this.\n");
        break;
    case EXDEV:
    case ELOOP:
        answer_message(answer, 403, "This link leads out of the served directory.\n");
        break;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
        answer_message(answer, 503, "The server has no means left to open this; try again.\n");
        break;
    case ENAMETOOLONG:
        answer_message(answer, 414, "The path is too long.\n");
        break;
    default:
        answer_message(answer, 404, "There is nothing here.\n");
    }
}

/* Made from the segments, never from what the client sent: "//host/" would lead elsewhere. */
static char *path_with_slash(const struct path *path)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    fputc('/', out);
    for (size_t i = 0; i < path->n; i++) {
        put_url(out, path->segments[i]);
        fputc('/', out);
    }
    fclose(out);
    return text;
}

/* Owns directory. */
static void answer_directory(struct answer *answer, const struct request *request, int root, int directory,
                             const struct path *path)
{
    struct path index = *path;
    struct stat facts;
    if (!path->directory) {
        close(directory);
        answer_message(answer, 301, "It is a directory; its path ends with a slash.\n");
        answer->location = path_with_slash(path);
        return;
    }
    for (size_t i = 0; i < index.n; i++) /* the copy's segments lie in the copy */
        index.segments[i] = index.text + (path->segments[i] - path->text);
    if (index.n < SEGMENTS_MOST) {
        index.segments[index.n++] = "index.html";
        int file = open_beneath(root, &index);
        if (file >= 0 && fstat(file, &facts) == 0 && S_ISREG(facts.st_mode)) {
            close(directory);
            answer_found(answer, request, file, &facts, "index.html");
            return;
        }
        if (file >= 0)
            close(file);
    }
    answer_listing(answer, directory, path);
}

/* Owns file. */
static void answer_found(struct answer *answer, const struct request *request, int file, const struct stat *facts,
                         const char *name)
{
    answer->status = 200;
    answer->type = content_type(name);
    answer->modified = facts->st_mtime;
    answer->whole = facts->st_size > 0 ? (uint64_t)facts->st_size : 0;
    answer->length = answer->whole;
    answer->ranges = true;
    time_t since = request->modified_since[0] && !request->range[0] ? http_date_read(request->modified_since) : -1;
    if (since >= 0 && facts->st_mtime <= since) {
        close(file);
        answer->status = 304;
        answer->bodiless = true;
        return;
    }
    answer->file = file;
    if (!request->range[0] || strcmp(request->method, "GET") != 0)
        return;
    /* A Range that is none, or several of them, may be ignored (RFC 9110 14.2); one beyond the end is refused. */
    if (strncmp(request->range, "bytes=", 6) != 0 || strchr(request->range, ',') ||
        !range_read(request->range + 6, answer->whole, &answer->first, &answer->length))
        return;
    if (answer->length == 0) {
        close(file);
        answer->file = -1;
        uint64_t whole = answer->whole;
        answer_message(answer, 416, "The file has %llu bytes.\n", (unsigned long long)whole);
        answer->whole = whole;
        return;
    }
    answer->status = 206;
}

/* "7-9", "7-" or "-3". False: not a range. A range with nothing in it has length 0. */
static bool range_read(const char *range, uint64_t whole, uint64_t *first, uint64_t *length)
{
    bool has_from = range[0] >= '0' && range[0] <= '9';
    char *end = NULL;
    errno = 0;
    uint64_t from = has_from ? strtoull(range, &end, 10) : 0;
    const char *dash = has_from ? end : range;
    if (*dash != '-' || errno)
        return false;
    const char *last = dash + 1;
    bool has_to = *last >= '0' && *last <= '9';
    uint64_t to = has_to ? strtoull(last, &end, 10) : UINT64_MAX;
    if ((has_to ? *end : *last) != '\0' || errno || (!has_from && !has_to) || (has_from && has_to && to < from))
        return false;
    if (!has_from) { /* the last `to` bytes */
        from = to < whole ? whole - to : 0;
        to = to ? UINT64_MAX : 0;
        if (to == 0 || whole == 0) {
            *length = 0;
            return true;
        }
    }
    *first = from < whole ? from : 0;
    *length = from >= whole ? 0 : (to < whole - 1 ? to + 1 : whole) - from;
    return true;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void put_entry(FILE *out, int directory, const char *name)
{
    struct stat facts;
    if (fstatat(directory, name, &facts, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    bool folder = S_ISDIR(facts.st_mode);
    char date[30];
    http_date(date, facts.st_mtime);
    fputs("<tr><td><a href=\"./", out);
    put_url(out, name);
    fprintf(out, "%s\">", folder ? "/" : "");
    put_html(out, name);
    fprintf(out, "%s</a></td><td>", folder ? "/" : "");
    if (S_ISREG(facts.st_mode))
        fprintf(out, "%lld", (long long)facts.st_size);
    fprintf(out, "</td><td>%s</td></tr>\n", date);
}

/* Owns directory. */
static void answer_listing(struct answer *answer, int directory, const struct path *path)
{
    struct dirent **entries = NULL;
    char *text = NULL;
    size_t size = 0;
    int n = scandirat(directory, ".", &entries, shown, by_name);
    FILE *out = n < 0 ? NULL : open_memstream(&text, &size);
    if (out) {
        char title[TARGET_MOST + 2];
        struct text t = text_in(title, sizeof title);
        text_char(&t, '/');
        for (size_t i = 0; i < path->n; i++) {
            text_add(&t, path->segments[i]);
            text_char(&t, '/');
        }
        put_page_start(out, title);
        fputs("<table>\n", out);
        if (path->n > 0)
            fputs("<tr><td><a href=\"../\">../</a></td><td></td><td></td></tr>\n", out);
        for (int i = 0; i < n && i < LISTING_MOST; i++)
            put_entry(out, directory, entries[i]->d_name);
        fputs("</table>\n", out);
        if (n > LISTING_MOST)
            fprintf(out, "<p>and %d more</p>\n", n - LISTING_MOST);
        put_page_end(out);
        fclose(out);
    }
    for (int i = 0; i < n; i++)
        free(entries[i]);
    free(entries);
    close(directory);
    if (!text) {
        answer_message(answer, 503, "The directory can't be listed now.\n");
        return;
    }
    answer->status = 200;
    answer->type = "text/html; charset=utf-8";
    answer->memory = text;
    answer->length = answer->whole = size;
}

// clang-format off
static const struct { const char *ending, *type; } types[] = {
    {"html", "text/html; charset=utf-8"},        {"htm", "text/html; charset=utf-8"},
    {"txt", "text/plain; charset=utf-8"},        {"md", "text/markdown; charset=utf-8"},
    {"css", "text/css; charset=utf-8"},          {"js", "text/javascript; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},   {"json", "application/json"},
    {"xml", "application/xml"},                  {"csv", "text/csv; charset=utf-8"},
    {"svg", "image/svg+xml"},                    {"png", "image/png"},
    {"jpg", "image/jpeg"},                       {"jpeg", "image/jpeg"},
    {"gif", "image/gif"},                        {"webp", "image/webp"},
    {"ico", "image/x-icon"},                     {"avif", "image/avif"},
    {"woff", "font/woff"},                       {"woff2", "font/woff2"},
    {"mp3", "audio/mpeg"},                       {"ogg", "audio/ogg"},
    {"mp4", "video/mp4"},                        {"webm", "video/webm"},
    {"pdf", "application/pdf"},                  {"zip", "application/zip"},
    {"gz", "application/gzip"},                  {"wasm", "application/wasm"},
    {"c", "text/plain; charset=utf-8"},          {"h", "text/plain; charset=utf-8"},
    {"pem", "application/x-pem-file"},           {"crt", "application/x-x509-ca-cert"},
    {"pcap", "application/vnd.tcpdump.pcap"},    {"pcapng", "application/octet-stream"},
    {"log", "text/plain; charset=utf-8"},
};
// clang-format on

static const char *content_type(const char *name)
{
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof types / sizeof types[0]; i++)
        if (strcasecmp(dot + 1, types[i].ending) == 0)
            return types[i].type;
    return "application/octet-stream";
}
