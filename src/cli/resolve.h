/* From a host name to addresses, with where they came from. */
#ifndef CLI_RESOLVE_H
#define CLI_RESOLVE_H

#include <sys/socket.h>

#include "base/text.h"

enum { ADDRESSES_MOST = 32 };

struct address {
    struct sockaddr_storage socket;
    socklen_t len;
};

struct resolution {
    struct address list[ADDRESSES_MOST];
    size_t n;
    char text[1024]; /* the story in one line: aliases, addresses, times to live, source; or why it failed */
};

struct resolve_order {
    const char *host, *port;
    int family;               /* AF_UNSPEC, AF_INET, AF_INET6 */
    const char *const *fixed; /* --resolve HOST:PORT:ADDRESS[,ADDRESS…] */
    size_t n_fixed;
    uint64_t deadline_us;     /* of clock_ticks; 0: none */
};

enum resolve_result { RESOLVED, RESOLVE_FAILED, RESOLVE_LATE };
enum resolve_result resolve(const struct resolve_order *order, struct resolution *out);

/* Checks one --resolve value. */
bool resolve_check_fixed(const char *value, struct text *why);

/* "127.0.0.1" and its port. */
void address_text(const struct sockaddr *address, socklen_t len, char *host, size_t host_size, unsigned *port);

#endif
