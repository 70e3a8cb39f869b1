/* x509/legacy_off.c: the build without DSA and SHA-1 in certificates (FEDE_LEGACY=OFF). Requests can't ask for them. */
#include "x509/legacy.h"

bool legacy_built(void)
{
    return false;
}

bool legacy_algorithm(const struct verify_request *request, bytes algorithm)
{
    (void)request, (void)algorithm;
    return false;
}

bool legacy_key(const struct verify_request *request, bytes spki, unsigned *bits)
{
    (void)request, (void)spki, (void)bits;
    return false;
}

bool legacy_checkable(const struct verify_request *request, const struct certificate *c,
                      const struct certificate *issuer)
{
    (void)request, (void)c, (void)issuer;
    return false;
}

bool legacy_inherits(const struct certificate *c)
{
    (void)c;
    return false;
}

bool legacy_good(const struct certificate *c, const struct link *above, size_t n)
{
    (void)c, (void)above, (void)n;
    return false;
}
