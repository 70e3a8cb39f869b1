/* From a host's name to a connected socket, for whoever tells no story of the way. */
#ifndef CLI_ARRIVE_H
#define CLI_ARRIVE_H

#include "base/text.h"
#include "cli/url.h"
#include "fede/error.h"

/* The way fede connect goes: the hosts file, localhost wherever there is none (RFC 6761 6.3), name servers; all addresses in
   turn. FEDE_OK: *fd is a non-blocking socket. Else FEDE_NAME_NOT_RESOLVED, FEDE_NOT_CONNECTED or FEDE_TIME_LIMIT, and why. */
fede_reason arrive(const struct url *url, uint64_t deadline_us, int *fd, struct text *why);

#endif
