/* bogo/issuers.c: a server that shows some credentials only to clients that know their issuers. The engine leaves that to the
   application: it reads the client's certificate_authorities (RFC 9846 4.2.4) when a ClientHello is here, and goes on with a
   configuration that has the credentials which are left. */
#include "shim.h"

enum { HELLO_HEADER = 4, RANDOM = 32, CERTIFICATE_AUTHORITIES = 47, SEQUENCE = 0x30 };

fede_bytes hello_extension(fede_bytes hello, unsigned id)
{
    size_t at = HELLO_HEADER + 2 + RANDOM;
    at += 1 + (size_t)hello.data[at];
    at += 2 + (size_t)(hello.data[at] << 8 | hello.data[at + 1]);
    at += 1 + (size_t)hello.data[at] + 2;
    while (at + 4 <= hello.len) {
        size_t len = (size_t)(hello.data[at + 2] << 8 | hello.data[at + 3]);
        if ((unsigned)(hello.data[at] << 8 | hello.data[at + 1]) == id)
            return (fede_bytes){hello.data + at + 4, len};
        at += 4 + len;
    }
    return (fede_bytes){NULL, 0};
}

/* ---- Enough of DER for an issuer: the certificate is one that fede has read. */

static fede_bytes element(fede_bytes *rest, bool inside)
{
    size_t head = 2, len = rest->data[1];
    if (len & 0x80)
        for (len = 0; head < 2 + (size_t)(rest->data[1] & 0x7f); head++)
            len = len << 8 | rest->data[head];
    fede_bytes whole = {rest->data, head + len}, content = {rest->data + head, len};
    *rest = (fede_bytes){rest->data + whole.len, rest->len - whole.len};
    return inside ? content : whole;
}

static fede_bytes issuer_of(fede_bytes der)
{
    fede_bytes certificate = element(&der, true), tbs = element(&certificate, true);
    if (tbs.data[0] == 0xa0)
        element(&tbs, false); /* version */
    element(&tbs, false);     /* serial number */
    element(&tbs, false);     /* algorithm */
    return element(&tbs, false);
}

/* ---- Who may be shown? */

static bool named(fede_bytes authorities, fede_bytes issuer)
{
    for (size_t at = 2; at + 2 <= authorities.len;) {
        size_t len = (size_t)(authorities.data[at] << 8 | authorities.data[at + 1]);
        if (len == issuer.len && memcmp(authorities.data + at + 2, issuer.data, len) == 0)
            return true;
        at += 2 + len;
    }
    return false;
}

static bool fits(const struct run *run, size_t n, fede_bytes authorities)
{
    fede_bytes der;
    for (size_t i = 0; (der = fede_config_certificate(run->config, n, i)).len > 0; i++)
        if (named(authorities, issuer_of(der)))
            return true;
    return false;
}

size_t issuers_left(const struct run *run, fede_bytes hello, struct options *left)
{
    const struct options *o = run->options;
    fede_bytes authorities = hello_extension(hello, CERTIFICATE_AUTHORITIES);
    size_t n = 0, kept = 0;
    *left = *o;
    left->n_credentials = 0;
    memset(left->credentials, 0, sizeof left->credentials);
    for (size_t i = 1; i <= o->n_credentials + 1; i++) { /* the default one is the last */
        const struct credential_options *c = &o->credentials[i <= o->n_credentials ? i : 0];
        if (c->cert_file == NULL)
            continue;
        if (!c->must_match_issuer || fits(run, n, authorities)) {
            left->credentials[++left->n_credentials] = *c;
            kept++;
        }
        n++;
    }
    return kept;
}
