/* cli/arrive.c: name look-up and TCP in one call. */
#include "cli/arrive.h"

#include "cli/tcp.h"

fede_reason arrive(const struct url *url, uint64_t deadline_us, int *fd, struct text *why)
{
    static struct resolution found;
    struct tcp_way way;
    const struct resolve_order order = {.host = url->host, .port = url->port, .deadline_us = deadline_us};
    const struct tcp_order tcp = {.to = &found, .deadline_us = deadline_us};
    enum resolve_result resolved = resolve(&order, &found);
    enum tcp_result result = resolved == RESOLVED ? tcp_connect(&tcp, &way) : TCP_FAILED;
    if (result == TCP_CONNECTED) {
        *fd = way.fd;
        return FEDE_OK;
    }
    text_add(why, resolved != RESOLVED ? found.text : way.text);
    return resolved == RESOLVE_LATE || result == TCP_LATE ? FEDE_TIME_LIMIT
           : resolved != RESOLVED                         ? FEDE_NAME_NOT_RESOLVED
                                                          : FEDE_NOT_CONNECTED;
}
