/* Certificate revocation lists: parsed as borrowed fields without allocation. RFC 5280 5. */
#ifndef X509_CRL_H
#define X509_CRL_H

#include "x509/x509.h"

/* Reason flags (RFC 5280 4.2.1.13) as a set of 1 << bit; bit 0 is unused there. */
#define REASONS_ALL 0x1fe

struct crl {
    bytes der, tbs, issuer, tbs_algorithm, algorithm, signature;
    uint16_t scheme;
    int64_t this_update, next_update;
    bool has_next_update;
    bytes revoked;          /* content of revokedCertificates; may be empty */
    bytes authority_key_id; /* data NULL: absent */
    bytes number;           /* magnitude of cRLNumber; data NULL: absent */
    bytes base_number;      /* data NULL: not a delta list */
    bool unknown_critical;
    const char *oddity; /* what RFC 5280 5 tells issuers not to do, though the list can be understood; NULL: nothing */

    /* issuingDistributionPoint */
    bytes scope; /* the whole extension value; data NULL: absent */
    bytes point; /* content of its DistributionPointName; data NULL: absent */
    bool users_only, cas_only, attributes_only, indirect;
    uint16_t reasons; /* REASONS_ALL when not limited */
};

/* False: not one CRL and nothing else; error as for certificate_read. */
bool crl_read(bytes der, struct crl *out, fede_error *error);

/* One revoked certificate. */
struct crl_entry {
    bytes serial;
    int64_t date;
    int reason;   /* CRLReason, 0 when absent */
    bytes issuer; /* GeneralNames content of certificateIssuer; data NULL: absent */
    bool unknown_critical;
};
/* Walks revoked. False at the end, or, with *malformed set, at a broken entry. */
bool crl_entry_next(bytes *rest, struct crl_entry *out, bool *malformed);

enum { CRL_REMOVED = 8 /* CRLReason removeFromCRL */ };

/* ReasonFlags, content of the BIT STRING. */
bool reasons_read(bytes bits, uint16_t *out);

#endif
