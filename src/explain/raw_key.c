/* explain/raw_key.c: raw public keys. In TLS 1.2 the message is the key alone, with a length in front (RFC 7250 3); in TLS 1.3 it is
   an entry of the list like a certificate (RFC 9846 4.4.2). What it is shows in its DER: the algorithm comes first. */
#include "explain/raw_key.h"

#include "wire/messages.h"
#include "x509/certificate.h"

static bool is_key(bytes spki);

bool raw_key_of(bytes body, bool new, bytes *spki)
{
    enum { LENGTH = 3 };
    if (new) {
        struct certificate_message m = {0};
        bytes extensions;
        struct wire w = wire_reader(body);
        wire_certificate_13(&w, &m);
        return wire_done(&w) && certificates_13_next(&m.list, spki, &extensions) && is_key(*spki);
    }
    if (body.len <= LENGTH || load24(body.data) != body.len - LENGTH)
        return false;
    *spki = bytes_skip(body, LENGTH);
    return is_key(*spki);
}

bool shown_key(bytes der, struct public_key *out)
{
    struct certificate c;
    fede_error ignored = {0};
    const char *problem;
    if (!certificate_read(der, &c, &ignored))
        return der.len > 0 && public_key_read(der, out, &problem);
    *out = c.key;
    return true;
}

static bool is_key(bytes spki)
{
    bytes oid, bits;
    struct der parameters;
    return public_key_open(spki, &oid, &parameters, &bits);
}
