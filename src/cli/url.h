/* URLs and what stands for one on the command line. */
#ifndef CLI_URL_H
#define CLI_URL_H

#include "base/text.h"

enum { TARGET_SIZE = 8192 };

struct url {
    char scheme[16];          /* lower case; "tls" when only a host was given */
    char host[256];           /* lower case, IPv6 without brackets, no final dot */
    char port[6];             /* digits */
    char target[TARGET_SIZE]; /* path and query as sent in a request: begins with '/' */
    bool tls, http;           /* TLS wanted; HTTP spoken */
    bool address;             /* host is an IP address */
    bool default_port;        /* port was not written */
    bool bare;                /* there was no scheme */
    bool had_fragment, had_other_bytes; /* dropped; percent-encoded */
};

/* Reads an absolute URL, or HOST, HOST:PORT, HOST/PATH without scheme. RFC 3986, strictly: control characters, spaces,
   user names, wrong ports and half-written addresses are refused with the reason in *why. Bytes that a URL can't hold
   (non-ASCII and "<>\^`{|}) are percent-encoded in path and query. */
bool url_parse(const char *text, struct url *out, struct text *why);

/* Reads a reference as found in a Location field, relative to base. RFC 3986 5.2. */
bool url_resolve(const struct url *base, const char *reference, struct url *out, struct text *why);

/* "https://host:port/path", the port only when it is not the scheme's own; IPv6 with brackets. */
void url_text(const struct url *url, struct text *t);
/* "host:port" as in a Host field: the port only when it is not the scheme's own. */
void url_authority(const struct url *url, struct text *t);
/* Splits HOST:PORT with brackets for IPv6; port empty when there is none. */
bool host_port(const char *text, size_t len, char *host, size_t host_size, char *port, size_t port_size, struct text *why);

/* Same scheme, host and port. */
bool url_same_origin(const struct url *a, const struct url *b);

#endif
