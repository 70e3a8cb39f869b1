/* What the files of `fede cert` share. */
#ifndef CLI_CERT_H
#define CLI_CERT_H

#include "base/text.h"
#include "report/cert.h"

/* Fetches the chain of a server, whoever it is: nothing is trusted. Returns an exit code; why says what happened. The name
   that its certificate has to have goes to name. */
int cert_fetch(const char *operand, unsigned long limit_ms, struct certs *certs, char *name, size_t name_size,
               struct text *why);

#endif
