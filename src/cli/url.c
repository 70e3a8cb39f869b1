/* cli/url.c: a small strict URL parser, RFC 3986.

   Strict because a URL that two programs read differently is a way to mislead one of them. What is not a URL is refused
   with the reason; only bytes that a URL can't hold are percent-encoded, as browsers do (RFC 3987 3.1). Dot segments are
   removed (5.2.4). User names are refused: they are mostly used to make a host look like another. */
#include "cli/url.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/words.h"

static const struct scheme {
    const char *name, *port;
    bool tls, http;
} schemes[] = {
    {"https", "443", true, true},  {"http", "80", false, true},   {"tls", "443", true, false},
    {"smtps", "465", true, false}, {"imaps", "993", true, false}, {"pop3s", "995", true, false},
    {"ldaps", "636", true, false}, {"ftps", "990", true, false},  {"mqtts", "8883", true, false},
};

static const struct scheme *find_scheme(const char *name, size_t len);
static bool fill_scheme(struct url *out, const struct scheme *scheme);
static bool take_authority(struct url *out, const char *text, size_t len, struct text *why);
static bool take_target(struct url *out, const char *text, struct text *why);
static bool good_host(struct url *out, struct text *why);
static bool remove_dots(char *path);

bool url_parse(const char *text, struct url *out, struct text *why)
{
    const char *colon = strstr(text, "://"), *rest = text;

    *out = (struct url){0};
    for (const char *p = text; *p; p++) {
        if ((unsigned char)*p <= 0x20 || *p == 0x7f) {
            text_format(why, "it has a space or control character at position %d; a space is written %%20",
                        (int)(p - text + 1));
            return false;
        }
    }
    if (colon && strcspn(text, "/?#") > (size_t)(colon - text)) {
        const struct scheme *scheme = find_scheme(text, (size_t)(colon - text));
        if (!scheme) {
            text_format(why, "the scheme \"%.*s\" is not one of https, http, tls", (int)(colon - text), text);
            return false;
        }
        fill_scheme(out, scheme);
        rest = colon + 3;
    } else {
        bool path = text[strcspn(text, "/?#")] != 0;
        fill_scheme(out, find_scheme(path ? "https" : "tls", path ? 5 : 3));
        out->bare = true;
    }
    size_t len = strcspn(rest, "/?#");
    return take_authority(out, rest, len, why) && take_target(out, rest + len, why);
}

static const struct scheme *find_scheme(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t k = 0;
        while (k < len && (name[k] | 0x20) == schemes[i].name[k])
            k++;
        if (k == len && !schemes[i].name[k])
            return &schemes[i];
    }
    return NULL;
}

static bool fill_scheme(struct url *out, const struct scheme *scheme)
{
    snprintf(out->scheme, sizeof out->scheme, "%s", scheme->name);
    snprintf(out->port, sizeof out->port, "%s", scheme->port);
    out->tls = scheme->tls;
    out->http = scheme->http;
    return true;
}

static bool take_authority(struct url *out, const char *text, size_t len, struct text *why)
{
    char port[sizeof out->port];

    if (memchr(text, '@', len)) {
        text_add(why, "it names a user before the host; give user and password with -u USER:PASSWORD");
        return false;
    }
    if (!host_port(text, len, out->host, sizeof out->host, port, sizeof port, why))
        return false;
    out->default_port = !port[0];
    if (port[0])
        bytes_copy(out->port, port, sizeof port);
    return good_host(out, why);
}

bool host_port(const char *text, size_t len, char *host, size_t host_size, char *port, size_t port_size,
               struct text *why)
{
    const char *end = text + len, *colon = NULL;
    size_t host_len;
    struct in6_addr address;

    port[0] = 0;
    for (const char *p = text; p < end; p++)
        colon = *p == ':' ? p : colon;
    if (len && text[0] == '[') {
        const char *close = memchr(text, ']', len);
        if (!close || (close + 1 < end && close[1] != ':')) {
            text_add(why, "an IPv6 address is written [::1] or [::1]:443");
            return false;
        }
        host_len = (size_t)(close - text - 1);
        colon = close + 1 < end ? close + 1 : NULL;
        text++;
    } else {
        char whole[64];
        snprintf(whole, sizeof whole, "%.*s", (int)(len < sizeof whole ? len : 0), text);
        if (inet_pton(AF_INET6, whole, &address) == 1)
            colon = NULL; /* an IPv6 address without brackets has no port */
        host_len = colon ? (size_t)(colon - text) : len;
    }
    if (!host_len || host_len >= host_size) {
        text_add(why, host_len ? "the host name is too long" : "there is no host name in it");
        return false;
    }
    bytes_copy(host, text, host_len);
    host[host_len] = 0;
    if (!colon || colon + 1 == end)
        return true;
    unsigned long number = 0;
    for (const char *p = colon + 1; p < end; p++)
        number = *p >= '0' && *p <= '9' && number <= 65535 ? number * 10 + (unsigned long)(*p - '0') : 65536;
    if (!number || number > 65535) {
        text_format(why, "\"%.*s\" is no port: a number from 1 to 65535",
                    (int)(end - colon - 1 < 40 ? end - colon - 1 : 40), colon + 1);
        return false;
    }
    snprintf(port, port_size, "%lu", number);
    return true;
}

/* Letters, digits, hyphen, dot and underscore; or an address. */
static bool good_host(struct url *out, struct text *why)
{
    uint8_t address[16];
    size_t len = strlen(out->host);

    for (char *p = out->host; *p; p++)
        *p = *p >= 'A' && *p <= 'Z' ? (char)(*p | 0x20) : *p;
    if (inet_pton(AF_INET6, out->host, address) == 1 || inet_pton(AF_INET, out->host, address) == 1) {
        out->address = true;
        return true;
    }
    if (strchr(out->host, ':')) {
        text_format(why, "\"%s\" is no IPv6 address%s", out->host,
                    strchr(out->host, '%') ? " that can be used: leave out what follows %" : "");
        return false;
    }
    if (len > 1 && out->host[len - 1] == '.')
        out->host[--len] = 0;
    for (const char *p = out->host; *p; p++) {
        bool letter = (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '-' || *p == '_' || *p == '.';
        if ((unsigned char)*p >= 0x80) {
            text_add(why, "the host name has letters beyond ASCII; write it in its xn-- form (RFC 5891)");
            return false;
        }
        if (!letter || (*p == '.' && (p == out->host || p[-1] == '.'))) {
            text_format(why, "\"%s\" is no host name", out->host);
            return false;
        }
    }
    /* "1.2.3" or "0x7f.1" would be read as an address by some and as a name by others. */
    const char *last = strrchr(out->host, '.');
    last = last ? last + 1 : out->host;
    if (*last >= '0' && *last <= '9' && (!last[strspn(last, "0123456789")] || (last[0] == '0' && last[1] == 'x'))) {
        text_format(why, "\"%s\" is neither a host name nor a whole IPv4 address", out->host);
        return false;
    }
    return true;
}

static bool take_target(struct url *out, const char *text, struct text *why)
{
    struct text t = text_in(out->target, sizeof out->target);
    const char *other = "\"<>\\^`{|}";

    if (*text != '/')
        text_char(&t, '/');
    for (const char *p = text; *p; p++) {
        if (*p == '#') {
            out->had_fragment = true;
            break;
        }
        if (*p == '%' &&
            (!p[1] || !strchr("0123456789abcdefABCDEF", p[1]) || !p[2] || !strchr("0123456789abcdefABCDEF", p[2]))) {
            text_add(why, "a % must be followed by two hexadecimal digits; the sign itself is written %25");
            return false;
        }
        if ((unsigned char)*p >= 0x80 || strchr(other, *p)) {
            text_format(&t, "%%%02X", (unsigned char)*p);
            out->had_other_bytes = true;
        } else {
            text_char(&t, *p);
        }
    }
    if (t.len >= sizeof out->target) {
        text_format(why, "path and query are longer than %d bytes", TARGET_SIZE - 1);
        return false;
    }
    return remove_dots(out->target);
}

/* RFC 3986 5.2.4, in place: "/a/./b/../c" becomes "/a/c". */
static bool remove_dots(char *path)
{
    size_t len = strcspn(path, "?"), at = 0, to = 0;

    while (at < len) {
        size_t next = at + 1;
        while (next < len && path[next] != '/')
            next++;
        size_t piece = next - at; /* with its slash in front */
        bool last = next == len;
        if (piece == 2 && path[at + 1] == '.') {
            if (last)
                path[to++] = '/';
        } else if (piece == 3 && path[at + 1] == '.' && path[at + 2] == '.') {
            while (to && path[--to] != '/')
                continue;
            if (last)
                path[to++] = '/';
        } else {
            bytes_move(path + to, path + at, piece);
            to += piece;
        }
        at = next;
    }
    if (!to)
        path[to++] = '/';
    if (to < at)
        bytes_move(path + to, path + len, strlen(path + len) + 1);
    return true;
}

bool url_resolve(const struct url *base, const char *reference, struct url *out, struct text *why)
{
    char whole[2 * TARGET_SIZE], clean[TARGET_SIZE];
    struct text t = text_in(whole, sizeof whole), c = text_in(clean, sizeof clean);

    /* Servers send spaces in Location; no other repair is made. */
    for (const char *p = reference; *p; p++)
        text_add(&c, *p == ' ' ? "%20" : (char[2]){*p, 0});
    if (c.len >= sizeof clean) {
        text_add(why, "it is too long");
        return false;
    }
    const char *colon = strstr(clean, "://");
    if (colon && strcspn(clean, "/?#") > (size_t)(colon - clean))
        return url_parse(clean, out, why);
    if (strcspn(clean, ":") < strcspn(clean, "/?#")) {
        text_format(why, "the scheme \"%.*s\" is not one of https, http", (int)strcspn(clean, ":"), clean);
        return false;
    }
    text_add(&t, base->scheme);
    text_add(&t, ":");
    if (strncmp(clean, "//", 2) != 0) {
        text_add(&t, "//");
        url_authority(base, &t);
    }
    size_t keep = strcspn(base->target, "?"); /* of the base's target */
    if (clean[0] == '/')
        keep = 0;
    else if (clean[0] == '#' || !clean[0])
        keep = strlen(base->target);
    else if (clean[0] != '?')
        while (keep && base->target[keep - 1] != '/')
            keep--;
    for (size_t i = 0; i < keep; i++)
        text_char(&t, base->target[i]);
    text_add(&t, clean);
    return url_parse(whole, out, why);
}

void url_authority(const struct url *url, struct text *t)
{
    const struct scheme *scheme = find_scheme(url->scheme, strlen(url->scheme));
    bool brackets = strchr(url->host, ':') != NULL;

    text_format(t, "%s%s%s", brackets ? "[" : "", url->host, brackets ? "]" : "");
    if (!scheme || strcmp(scheme->port, url->port))
        text_format(t, ":%s", url->port);
}

void url_text(const struct url *url, struct text *t)
{
    text_add(t, url->scheme);
    text_add(t, "://");
    url_authority(url, t);
    if (url->http)
        text_add(t, url->target);
}

bool url_same_origin(const struct url *a, const struct url *b)
{
    return !strcmp(a->scheme, b->scheme) && !strcmp(a->host, b->host) && !strcmp(a->port, b->port);
}
