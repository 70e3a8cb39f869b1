/* fede/verify.h: what was checked about a chain of certificates, check by check.

   A verdict is borrowed: it lives as long as the call or event that hands it over says. Everything in it points into
   the certificates. RFC 5280 6, RFC 9525. */
#ifndef FEDE_VERIFY_H
#define FEDE_VERIFY_H

#include "fede/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a check is about. Names by fede_check_name. */
typedef enum fede_check_kind {
    FEDE_CHECK_PARSE = 1,     /* the DER is a certificate */
    FEDE_CHECK_ISSUER,        /* an issuer was found: by name and key identifier */
    FEDE_CHECK_ANCHOR,        /* the path ends in a trust anchor */
    FEDE_CHECK_SIGNATURE,     /* the issuer's key verifies the signature */
    FEDE_CHECK_VALIDITY,      /* notBefore <= time <= notAfter */
    FEDE_CHECK_ALGORITHM,     /* signature algorithm is accepted */
    FEDE_CHECK_KEY,           /* key kind and size are accepted */
    FEDE_CHECK_CA,            /* basicConstraints: CA where it issues, no CA where it serves */
    FEDE_CHECK_PATH_LENGTH,   /* pathLenConstraint */
    FEDE_CHECK_KEY_USAGE,     /* keyUsage */
    FEDE_CHECK_PURPOSE,       /* extendedKeyUsage */
    FEDE_CHECK_CRITICAL,      /* no unknown critical extension */
    FEDE_CHECK_CONSTRAINTS,   /* name constraints */
    FEDE_CHECK_NAME,          /* subject alternative name matches the name wanted */
    FEDE_CHECK_REVOCATION,    /* CRL or OCSP */
    FEDE_CHECK_PROFILE,       /* issued as RFC 5280 4 and the Baseline Requirements want it */
    FEDE_CHECK_POLICY         /* certificate policies */
} fede_check_kind;

typedef enum fede_outcome { FEDE_PASSED = 1, FEDE_FAILED, FEDE_NOT_CHECKED } fede_outcome;

typedef struct fede_check {
    uint8_t kind;         /* fede_check_kind */
    uint8_t outcome;      /* fede_outcome */
    uint8_t certificate;  /* position in the path: 0 is the leaf */
    uint16_t reason;      /* enum fede_reason when failed */
    int64_t got, wanted;  /* as in fede_error */
    char detail[96];      /* values in words, escaped, cut with … ; "" when none */
} fede_check;

typedef struct fede_verdict {
    bool accepted;            /* every required check passed */
    uint16_t reason;          /* the failure reported, when not accepted */
    uint8_t path_len;         /* certificates in the path, the anchor included */
    const fede_bytes *path;   /* their DER, leaf first; the last is the anchor when one was found */
    size_t n_checks;
    const fede_check *checks; /* in the order made */
    int64_t at;               /* the time judged by: seconds since 1970, UTC */
    const char *name;         /* the name wanted, NULL when none was */
} fede_verdict;

/* fede_check_name is the kind in words ("path length"); never NULL. */
FEDE_API const char *fede_check_name(unsigned kind);

#ifdef __cplusplus
}
#endif
#endif
