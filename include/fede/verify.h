/* fede/verify.h: judging chains of certificates, and what was checked about one, check by check.

   Connections judge their peer's chain by themselves; here is the same judgement for chains that come from elsewhere. A
   verdict is borrowed: it lives as long as the call, event or object that hands it over says. Everything in it points into
   the certificates. RFC 5280 6, RFC 9525, RFC 6960. */
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
    FEDE_CHECK_POLICY,        /* certificate policies */
    FEDE_CHECK_TRANSPARENCY   /* one timestamp of a log (RFC 6962): verified, failed, or of an unknown log (not checked).
                                 A failed one counts as none and refuses nothing */
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

/* Another path that was tried, or begun, and why it was not taken. */
typedef struct fede_attempt {
    uint8_t path_len;         /* certificates of it */
    bool whole;               /* it reaches a trust anchor and was judged whole; else its last certificate was not put on it */
    uint16_t reason;          /* what was found wrong first; 0: nothing, see why */
    const char *why;          /* static text */
    const fede_bytes *path;   /* their DER, leaf first */
    size_t n_checks;
    const fede_check *checks; /* whole: as of a verdict; else those of its last certificate, and of the signature by its key */
} fede_attempt;

typedef struct fede_verdict {
    bool accepted;            /* every required check passed */
    uint16_t reason;          /* the failure reported, when not accepted */
    uint8_t path_len;         /* certificates in the path, the anchor included */
    const fede_bytes *path;   /* their DER, leaf first; the last is the anchor when one was found */
    size_t n_checks;
    const fede_check *checks; /* in the order made */
    int64_t at;               /* the time judged by: seconds since 1970, UTC */
    const char *name;         /* the name wanted, NULL when none was */
    size_t n_attempts, attempts_more; /* other paths, in the order tried; how many more there were. Connections: when traced */
    const fede_attempt *attempts;
} fede_verdict;

/* fede_check_name is the kind in words ("path length"); never NULL. */
FEDE_API const char *fede_check_name(unsigned kind);

/* ---- Trust anchors -------------------------------------------------------------------------------------------- */

/* Trust anchors to judge by. Filled by one thread; from then on any number of threads may use it at once. */
typedef struct fede_trust fede_trust;

/* fede_trust_new makes an empty set: nothing is trusted. NULL: no memory, or libcrypto can't start. The caller owns it. */
FEDE_API fede_trust *fede_trust_new(void);

/* fede_trust_free ends it. Not before the last verification made with it has been freed. NULL is fine. */
FEDE_API void fede_trust_free(fede_trust *trust);

/* Each adds certificates (PEM, or one in DER; copied) and returns how many are new or known already: 0 when nothing could be
   used. Broken ones among others are skipped. fede_trust_system honours SSL_CERT_FILE and SSL_CERT_DIR. */
FEDE_API size_t fede_trust_add(fede_trust *trust, fede_bytes certificates);
FEDE_API size_t fede_trust_file(fede_trust *trust, const char *path);
FEDE_API size_t fede_trust_directory(fede_trust *trust, const char *path);
FEDE_API size_t fede_trust_system(fede_trust *trust);

/* fede_trust_suffixes takes the text of the Public Suffix List: from then on wildcards right below a public suffix
   ("*.co.uk") match nothing. False: no memory. */
FEDE_API bool fede_trust_suffixes(fede_trust *trust, fede_bytes list);

/* fede_trust_at: DER of anchor n, borrowed; empty beyond the last. */
FEDE_API fede_bytes fede_trust_at(const fede_trust *trust, size_t n);

/* Logs of certificates (RFC 6962), by which timestamps are judged. */
typedef struct fede_ct_logs fede_ct_logs;

/* fede_ct_logs_read takes a list of logs as browsers publish it (log_list.json, version 3: keys, descriptions and states count: what a log said after it was retired, or
   while it is pending or rejected, counts for nothing);
   NULL: no memory. Any number of threads may use it. The caller owns it; configs hold it. */
FEDE_API fede_ct_logs *fede_ct_logs_read(fede_bytes json);
/* fede_ct_logs_free: NULL is fine. fede_ct_logs_count: logs with a usable key. */
FEDE_API void fede_ct_logs_free(fede_ct_logs *logs);
FEDE_API size_t fede_ct_logs_count(const fede_ct_logs *logs);

/* ---- Signatures verified before -------------------------------------------------------------------------------- */

/* A table of (certificate, issuer's key) whose signature was good, so that a certificate met again costs two digests
   instead of a verification. Dates, names, constraints and revocation are judged each time. Any number of threads, configs
   (fede_config_signatures) and requests share one. */
typedef struct fede_signatures fede_signatures;

/* fede_signatures_new makes a table of most entries, 1 to 1,048,576, rounded up to a power of two; 32 bytes each. A new one
   may take an old one's place. NULL: no memory, no random bytes, or not a number allowed. The caller owns it. */
FEDE_API fede_signatures *fede_signatures_new(size_t most);
FEDE_API fede_signatures *fede_signatures_new_with(size_t most, const fede_allocator *allocator);

/* fede_signatures_free gives up the caller's hold. NULL is fine. */
FEDE_API void fede_signatures_free(fede_signatures *signatures);

/* ---- Judging a chain ------------------------------------------------------------------------------------------ */

typedef enum fede_purpose { FEDE_PURPOSE_SERVER = 0, FEDE_PURPOSE_CLIENT, FEDE_PURPOSE_ANY } fede_purpose;

/* Which rules hold beside those that every path must keep. */
typedef enum fede_profile {
    FEDE_PROFILE_TLS = 0, /* RFC 5280 6, and what RFC 9325 and browsers ask of keys and algorithms; what connections use */
    FEDE_PROFILE_WEB,     /* also what RFC 5280 4 and the Baseline Requirements tell CAs to issue */
    FEDE_PROFILE_RFC5280  /* path validation alone */
} fede_profile;

/* What an unknown revocation status means. A certificate known to be revoked is refused in any case. */
typedef enum fede_revocation {
    FEDE_REVOCATION_IF_GIVEN = 0, /* with lists every certificate must be covered, with a staple the leaf; with neither nothing
                                     is asked */
    FEDE_REVOCATION_SOFT,         /* unknown is no failure */
    FEDE_REVOCATION_HARD,         /* unknown is a failure, for every certificate but the anchor */
    FEDE_REVOCATION_LEAF          /* unknown is a failure for the leaf: what a staple can answer */
} fede_revocation;

/* Zero is the usual choice everywhere. All pointers are borrowed for the call. */
typedef struct fede_verify_request {
    const fede_bytes *chain; /* the leaf, then the rest in any order: each DER, or PEM with one or more certificates */
    size_t n_chain;
    const fede_trust *trust;
    fede_signatures *signatures; /* NULL: every signature is verified */
    const char *name;        /* host name, IP address, or mail address (with @); NULL: no name check */
    int64_t at;              /* judged by this time, seconds since 1970 UTC; 0: now */
    uint8_t purpose;         /* fede_purpose */
    uint8_t profile;         /* fede_profile */
    uint8_t revocation;      /* fede_revocation */
    bool direct;             /* an anchor itself must have issued the leaf */
    bool attempts;           /* tell also of the paths not taken (fede_verdict.attempts) */
    uint16_t max_path;       /* most certificates between leaf and anchor; 0: 10 */
    uint16_t key_usage;      /* keyUsage bits the leaf must have if it has that extension, digitalSignature being 1,
                                nonRepudiation 2 and so on; 0: by the purpose */
    const fede_bytes *crls;  /* revocation lists: each DER, or PEM with one or more */
    size_t n_crls;
    fede_bytes staple;       /* an OCSP response (DER) about the leaf; empty: none */
    bool staple_asked;       /* the server was asked for one: a leaf that promises it (RFC 7633) must come with it */
    const fede_ct_logs *ct_logs; /* NULL: timestamps are not looked at */
    fede_bytes scts;         /* a SignedCertificateTimestampList that came beside the leaf; empty: none */
    const fede_bytes *policies; /* contents of the OBJECT IDENTIFIERs of policies, one of which must hold; none: any */
    size_t n_policies;
    bool explicit_policy, inhibit_mapping, inhibit_any; /* RFC 5280 6.1.1 (e) to (g) */
    bool legacy_signatures;  /* also signatures with DSA (keys from 1024 bits on, parameters inherited, RFC 3279 2.3.2) and with
                                SHA-1, which prove little any more: for old archives, with FEDE_PROFILE_RFC5280 alone. In builds
                                with FEDE_LEGACY=OFF refused (FEDE_CONFIG_LEGACY_NOT_BUILT) */
} fede_verify_request;

typedef struct fede_verification fede_verification;

/* fede_verify_chain judges a chain. The result holds the verdict and everything it points to (copies of the certificates
   too; anchors belong to the trust object) until it is given to fede_verification_free. A chain without certificates, a
   name that is none, no memory for the search: all are verdicts that do not accept. NULL only when there is no memory for
   anything. Work is bounded for any chain (docs/certificates.md). Any number of threads at once. */
FEDE_API fede_verification *fede_verify_chain(const fede_verify_request *request);
FEDE_API void fede_verification_free(fede_verification *verification);

/* fede_verification_verdict: never NULL. fede_verification_error: why it was refused, NULL when it was accepted. Both are
   borrowed from the verification. */
FEDE_API const fede_verdict *fede_verification_verdict(const fede_verification *verification);
FEDE_API const fede_error *fede_verification_error(const fede_verification *verification);

/* ---- Asking a responder --------------------------------------------------------------------------------------- */

/* What it takes to ask for an OCSP response oneself; sending is the caller's (POST, application/ocsp-request, RFC 6960 A.1),
   and the answer goes into fede_verify_request.staple.
   fede_ocsp_url: the i-th address that the certificate (DER) gives for it, empty beyond the last; borrowed.
   fede_ocsp_request writes the request and returns its length, 0: a certificate can't be read, or size is too small (512 bytes
   and the nonce suffice). nonce empty: none.
   fede_ocsp_nonce: the nonce of a response; empty: it has none, or is no successful response. Borrowed. */
FEDE_API fede_bytes fede_ocsp_url(fede_bytes certificate, size_t i);
FEDE_API size_t fede_ocsp_request(fede_bytes certificate, fede_bytes issuer, fede_bytes nonce, uint8_t *out, size_t size);
FEDE_API fede_bytes fede_ocsp_nonce(fede_bytes response);

#ifdef __cplusplus
}
#endif
#endif
