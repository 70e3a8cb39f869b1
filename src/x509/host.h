/* DNS names as certificates hold them. */
#ifndef X509_HOST_H
#define X509_HOST_H

#include "x509/x509.h"

/* How many labels a DNS name in preferred syntax has (underscores allowed); 0: it is not one. */
size_t dns_name_labels(bytes name);
/* Without regard to the case of ASCII letters. */
bool dns_equal(bytes a, bytes b);
/* "user@example.com" taken apart: one @, something before it, a DNS name behind it. */
bool mailbox_split(bytes mailbox, bytes *local, bytes *domain);
/* "*.example.com": true, and base is "example.com". */
bool dns_wildcard(bytes name, bytes *base);
/* An address in its one proper form (dotted decimal, RFC 5952). */
bool host_address_text(const struct host *host, char *out, size_t size);

#endif
