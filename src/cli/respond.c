/* What to answer to an HTTP request: a file, the page about the connection, a receipt for an upload, or a refusal
   (RFC 9110). Knows nothing of how HTTP/1.1 and HTTP/2 put it on the wire. */
#include "cli/respond.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

static void answer_upload(struct answer *answer, const struct request *request);
static void answer_page(struct answer *answer, const struct request *request, struct peer *peer);
static void put_facts(FILE *out, const struct request *request, struct peer *peer);

void respond(struct answer *answer, const struct request *request, struct peer *peer)
{
    const struct server *server = peer->worker->server;
    bool head = strcmp(request->method, "HEAD") == 0, get = head || strcmp(request->method, "GET") == 0;
    answer->file = -1;
    if (request->target_len >= TARGET_MOST)
        answer_message(answer, 414, "The path is longer than %d bytes.\n", TARGET_MOST - 1);
    else if (request->head_len > HEAD_MOST)
        answer_message(answer, 431, "The header fields are longer than %d bytes.\n", HEAD_MOST);
    else if (get && server->root >= 0)
        respond_file(answer, request, server->root);
    else if (get)
        answer_page(answer, request, peer);
    else if (strcmp(request->method, "PUT") == 0 || strcmp(request->method, "POST") == 0)
        answer_upload(answer, request);
    else if (strcmp(request->method, "OPTIONS") == 0)
        answer->status = 204;
    else
        answer_message(answer, 405, "The server answers GET, HEAD, PUT, POST and OPTIONS.\n");
    if (answer->status == 204 || answer->status == 405)
        answer->allow = "GET, HEAD, PUT, POST, OPTIONS";
    answer->bodiless = answer->bodiless || head || answer->status == 204;
}

void answer_end(struct answer *answer)
{
    free(answer->memory);
    free(answer->location);
    if (answer->file >= 0)
        close(answer->file);
    *answer = (struct answer){.file = -1};
}

ptrdiff_t answer_body(const struct answer *answer, uint8_t *out, size_t room)
{
    uint64_t left = answer->length - answer->at;
    size_t n = left < room ? (size_t)left : room;
    if (answer_complete(answer))
        return 0;
    if (answer->file < 0) {
        bytes_copy(out, answer->memory + answer->at, n);
        return (ptrdiff_t)n;
    }
    for (;;) {
        ssize_t got = pread(answer->file, out, n, (off_t)(answer->first + answer->at));
        if (got > 0 || errno != EINTR || got == 0)
            return got > 0 ? got : -1;
    }
}

bool answer_complete(const struct answer *answer)
{
    return answer->bodiless || answer->at >= answer->length;
}

static const char *keep(struct fields *fields, const char *format, ...) __attribute__((format(printf, 2, 3)));
static const char *keep(struct fields *fields, const char *format, ...)
{
    char *at = fields->room + fields->used;
    size_t left = sizeof fields->room - fields->used;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(at, left, format, args);
    va_end(args);
    fields->used += n < 0 || (size_t)n >= left ? left - 1 : (size_t)n + 1;
    return at;
}

static void add(struct fields *fields, const char *name, const char *value)
{
    if (value && fields->n < FIELDS_MOST)
        fields->list[fields->n++] = (struct field_line){name, value};
}

void answer_fields(const struct answer *answer, struct fields *fields)
{
    char date[30];
    unsigned long long first = answer->first, whole = answer->whole, length = answer->length;
    *fields = (struct fields){0};
    add(fields, "server", "fede/" FEDE_VERSION);
    http_date(date, time(NULL));
    add(fields, "date", keep(fields, "%s", date));
    add(fields, "content-type", answer->type);
    if (answer->status != 204 && answer->status != 304)
        add(fields, "content-length", keep(fields, "%llu", length));
    if (answer->status == 206)
        add(fields, "content-range", keep(fields, "bytes %llu-%llu/%llu", first, first + length - 1, whole));
    if (answer->status == 416)
        add(fields, "content-range", keep(fields, "bytes */%llu", whole));
    if (answer->modified) {
        http_date(date, answer->modified);
        add(fields, "last-modified", keep(fields, "%s", date));
    }
    if (answer->ranges)
        add(fields, "accept-ranges", "bytes");
    add(fields, "location", answer->location);
    add(fields, "allow", answer->allow);
}

void answer_message(struct answer *answer, int status, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    answer_end(answer);
    answer->status = status;
    answer->type = "text/plain; charset=utf-8";
    answer->memory = strdup(text);
    answer->length = answer->whole = answer->memory ? strlen(text) : 0;
}

bool request_field(struct request *request, bytes name, bytes value)
{
    static const struct {
        const char *name;
        size_t at, size;
    } kept[] = {
        {"range", offsetof(struct request, range), sizeof request->range},
        {"if-modified-since", offsetof(struct request, modified_since), sizeof request->modified_since},
    };
    request->head_len += name.len + value.len + 4;
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (name.len == strlen(kept[i].name) && strncasecmp(kept[i].name, (const char *)name.data, name.len) == 0 &&
            value.len < kept[i].size) {
            char *to = (char *)request + kept[i].at;
            bytes_copy(to, value.data, value.len);
            to[value.len] = '\0';
        }
    request->hosts += name.len == 4 && strncasecmp("host", (const char *)name.data, 4) == 0;
    if (name.len == 6 && strncasecmp("expect", (const char *)name.data, 6) == 0)
        request->expects_continue = value.len == 12 && strncasecmp("100-continue", (const char *)value.data, 12) == 0;
    return request->head_len <= HEAD_MOST;
}

void request_tell(const struct request *request, const struct answer *answer, struct peer *peer)
{
    char line[TARGET_MOST * 4 + 200];
    struct text t = text_in(line, sizeof line);
    text_escaped(&t, bytes_text(request->method));
    text_char(&t, ' ');
    text_escaped(&t, bytes_text(request->target));
    text_format(&t, ": %d %s, ", answer->status, status_words(answer->status));
    text_bytes(&t, answer->bodiless ? 0 : answer->length);
    text_add(&t, " bytes");
    if (request->body) {
        text_add(&t, "; received ");
        text_bytes(&t, request->body);
        text_add(&t, " bytes");
    }
    peer_tell_request(peer, line);
}

// clang-format off
static const struct { int status; const char *words; } statuses[] = {
    {200, "OK"}, {204, "No Content"}, {206, "Partial Content"}, {301, "Moved Permanently"}, {304, "Not Modified"},
    {400, "Bad Request"}, {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"}, {414, "URI Too Long"},
    {416, "Range Not Satisfiable"}, {431, "Request Header Fields Too Large"}, {503, "Service Unavailable"},
};
// clang-format on

const char *status_words(int status)
{
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        if (statuses[i].status == status)
            return statuses[i].words;
    return "";
}

static void answer_upload(struct answer *answer, const struct request *request)
{
    answer_message(answer, 200, "received %llu bytes\n", (unsigned long long)request->body);
}

/* ---- The page about the connection ------------------------------------------------------------------------------ */

static void answer_page(struct answer *answer, const struct request *request, struct peer *peer)
{
    size_t path = strcspn(request->target, "?#");
    if (path != 1 || request->target[0] != '/') {
        answer_message(answer, 404, "There is nothing here; see / for the page about this connection.\n");
        return;
    }
    size_t size = 0;
    FILE *out = open_memstream(&answer->memory, &size);
    if (!out) {
        answer_message(answer, 503, "No memory is left for the page.\n");
        return;
    }
    put_page_start(out, "This connection");
    put_facts(out, request, peer);
    const char *memoir = peer_memoir(peer);
    if (memoir) {
        fputs("<h2>The handshake, as the server saw it</h2>\n<pre>", out);
        put_html(out, memoir);
        fputs("</pre>\n", out);
    }
    put_page_end(out);
    fclose(out);
    answer->status = 200;
    answer->type = "text/html; charset=utf-8";
    answer->length = answer->whole = size;
}

static void put_fact(FILE *out, const char *name, const char *value)
{
    fprintf(out, "<tr><th>%s</th><td>", name);
    put_html(out, value ? value : "none");
    fputs("</td></tr>\n", out);
}

static void put_facts(FILE *out, const struct request *request, struct peer *peer)
{
    char line[600];
    struct text t;
    fputs("<table>\n", out);
    put_fact(out, "your address", peer->name);
    if (!peer->tls) {
        put_fact(out, "protection", "none: anyone on the way can read and alter this page");
    } else {
        fede_info info;
        fede_conn_info(peer->tls, &info);
        put_fact(out, "version", info.version == FEDE_TLS13 ? "TLS 1.3" : "TLS 1.2");
        put_fact(out, "cipher suite", fede_suite_name(info.suite));
        put_fact(out, "session resumed", info.resumed ? "yes: no certificate, no key exchange" : NULL);
        put_fact(out, "key exchange group", fede_group_name(info.group));
        put_fact(out, "server's signature", fede_scheme_name(info.scheme));
        put_fact(out, "extended master secret", info.extended_master_secret ? "yes (RFC 7627)" : "no");
        report_certificate_name(fede_peer_certificate(peer->tls, 0), line, sizeof line);
        put_fact(out, "client certificate",
                 info.client_certificate_given ? line : info.client_certificate_asked ? "none shown" : "not asked for");
        t = text_in(line, sizeof line);
        text_escaped(&t, info.alpn);
        put_fact(out, "application protocol (ALPN)", info.alpn.len ? line : NULL);
        t = text_in(line, sizeof line);
        text_escaped(&t, bytes_text(info.server_name));
        put_fact(out, "server name asked for (SNI)", info.server_name ? line : NULL);
    }
    t = text_in(line, sizeof line);
    text_escaped(&t, bytes_text(request->method));
    text_add(&t, " over ");
    text_add(&t, peer->kind->name);
    put_fact(out, "request", line);
    fputs("</table>\n", out);
}

void put_page_start(FILE *out, const char *title)
{
    fputs("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<title>", out);
    put_html(out, title);
    fputs("</title>\n<style>body{font:16px/1.5 system-ui,sans-serif;margin:2em;max-width:70em;color-scheme:light dark}"
          "td,th{text-align:left;padding:.1em 1.5em .1em 0;vertical-align:top}th{font-weight:600}"
          "pre{overflow:auto}</style>\n</head><body>\n<h1>",
          out);
    put_html(out, title);
    fputs("</h1>\n", out);
}

void put_page_end(FILE *out)
{
    fputs("</body></html>\n", out);
}

void put_html(FILE *out, const char *s)
{
    for (; *s; s++) {
        if (strchr("<>&\"'", *s))
            fprintf(out, "&#%d;", *s);
        else
            fputc(*s, out);
    }
}

void put_url(FILE *out, const char *s)
{
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~", c);
        fprintf(out, plain ? "%c" : "%%%02X", c);
    }
}

/* ---- Dates ------------------------------------------------------------------------------------------------------ */

static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void http_date(char *out, time_t at)
{
    struct tm tm = {.tm_mday = 1};
    if (!gmtime_r(&at, &tm) || tm.tm_year < -1900 || tm.tm_year > 8099)
        tm = (struct tm){.tm_mday = 1, .tm_year = 70, .tm_wday = 4};
    snprintf(out, 30, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT", days[tm.tm_wday % 7], (unsigned)tm.tm_mday % 100,
             months[tm.tm_mon % 12], (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)tm.tm_hour % 100,
             (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
}

time_t http_date_read(const char *text)
{
    char month[4] = "";
    struct tm tm = {0};
    int end = 0;
    if (sscanf(text, "%*3s, %2d %3s %4d %2d:%2d:%2d GMT%n", &tm.tm_mday, month, &tm.tm_year, &tm.tm_hour, &tm.tm_min,
               &tm.tm_sec, &end) != 6 ||
        end == 0 || text[end] != '\0' || tm.tm_year < 1970)
        return -1;
    for (tm.tm_mon = 0; tm.tm_mon < 12 && strcmp(months[tm.tm_mon], month) != 0;)
        tm.tm_mon++;
    tm.tm_year -= 1900;
    return tm.tm_mon < 12 ? timegm(&tm) : -1;
}
