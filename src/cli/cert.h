/* What the files of `fede cert` share. */
#ifndef CLI_CERT_H
#define CLI_CERT_H

#include "base/text.h"
#include "report/cert.h"

/* What a server sent beside its chain. */
struct cert_live {
    struct certs *certs;
    fede_bytes staple; /* kept by certs; empty: none */
    uint8_t scts[1 << 14];
    size_t scts_len;
};
/* Fetches the chain of a server, whoever it is: nothing is trusted; asks for an OCSP response and timestamps too. Returns an
   exit code; why says what happened. The name that its certificate has to have goes to name. */
int cert_fetch(const char *operand, unsigned long limit_ms, struct certs *certs, struct cert_live *live, char *name,
               size_t name_size, struct text *why);

#endif
