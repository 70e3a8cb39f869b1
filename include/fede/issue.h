/* fede/issue.h: keys, certificates, revocation lists and OCSP responses made: for tests, laboratories and private CAs.

   Everything is given in one struct whose zeros are the usual choices; what comes out is DER in the caller's room. Certificates
   with flaws can be made on purpose, so that whoever verifies can be tested. RFC 5280 4 and 5, RFC 5958. */
#ifndef FEDE_ISSUE_H
#define FEDE_ISSUE_H

#include "fede/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Keys. */

typedef enum fede_key_kind {
    FEDE_KEY_P256 = 0, FEDE_KEY_P384, FEDE_KEY_P521, FEDE_KEY_ED25519, FEDE_KEY_RSA
} fede_key_kind;

/* A private key; wiped when freed. May be used by several threads at once. */
typedef struct fede_key fede_key;

/* fede_key_make makes a new key; bits is for RSA alone (1,024 to 8,192; 0: 2,048). NULL: a wrong number of bits, no memory, no
   randomness. The caller owns it. */
FEDE_API fede_key *fede_key_make(fede_key_kind kind, unsigned bits);

/* fede_key_read reads a key in PEM or DER (PKCS#8, PKCS#1, SEC1; not encrypted). NULL: it is none, or of another kind. */
FEDE_API fede_key *fede_key_read(fede_bytes pem_or_der);

/* fede_key_pem is a made key as PKCS#8 in PEM, "" for one that was read. Secret: wipe copies. Owned by the key. */
FEDE_API const char *fede_key_pem(const fede_key *key);
FEDE_API void fede_key_free(fede_key *key);

/* ---- Certificates. */

/* What is made wrong on purpose; a set. The names and dates given make the other flaws. */
enum {
    FEDE_FLAW_SHA1 = 1,          /* signed with SHA-1 */
    FEDE_FLAW_SIGNATURE = 2,     /* one bit of the signature is wrong */
    FEDE_FLAW_NO_NAMES = 4       /* names are left out: the common name stands alone */
};
/* For purposes; a set. None: server and client for certificates, none named for CAs. */
enum { FEDE_FOR_SERVER = 1, FEDE_FOR_CLIENT = 2, FEDE_FOR_OCSP = 4, FEDE_FOR_CODE = 8, FEDE_FOR_MAIL = 16 };

typedef struct fede_issue_request {
    const char *subject;          /* "C=NL, O=Example, CN=Name": C, ST, L, O, OU, CN; a backslash before a comma in a value */
    const char *const *names;     /* host names, "*.example.com", addresses, mail addresses (@), URIs (://) */
    size_t n_names;
    int64_t not_before, not_after; /* seconds since 1970 UTC */
    const fede_key *key;          /* the subject's: its public half goes in; NULL with a request */
    fede_bytes request;           /* a PKCS #10 request (DER) instead: its key, its subject unless one is given, and its
                                     alternative names unless names are; its signature is checked. RFC 2986 */
    fede_bytes issuer;            /* DER of the CA's certificate; empty: issued by itself */
    const fede_key *issuer_key;   /* NULL: key */
    fede_bytes serial;            /* 1 to 20 bytes, the first below 0x80; empty: 16 random ones */
    bool ca;
    int path_length;              /* for a CA: CAs below it plus 1; 0: no limit */
    unsigned purposes;            /* FEDE_FOR_… */
    const char *const *permitted, *const *excluded; /* for a CA: DNS names and addresses with /length, as name constraints */
    size_t n_permitted, n_excluded;
    const char *const *policies;  /* dotted object identifiers */
    size_t n_policies;
    const char *ocsp_url, *issuer_url, *crl_url; /* NULL: none */
    bool must_staple;             /* RFC 7633 */
    bool key_encipherment;        /* others may encrypt to the key (RSA): static RSA needs it. RFC 5280 4.2.1.3 */
    unsigned flaws;               /* FEDE_FLAW_… */
} fede_issue_request;

/* fede_issue writes the certificate's DER to out and returns its length. 0: *error says why, FEDE_OUTPUT_FAILED when size is
   too small (4,096 bytes suffice for a few dozen names). */
FEDE_API size_t fede_issue(const fede_issue_request *request, uint8_t *out, size_t size, fede_error *error);

/* ---- Revocation lists. */

typedef struct fede_revoked {
    fede_bytes serial; /* content of the INTEGER */
    int64_t at;
    int reason;        /* RFC 5280 5.3.1; 0: not given */
} fede_revoked;

/* fede_issue_list writes a complete revocation list of the CA whose certificate and key are given; as fede_issue. */
FEDE_API size_t fede_issue_list(fede_bytes issuer, const fede_key *issuer_key, const fede_revoked *revoked, size_t n,
                                uint64_t number, int64_t this_update, int64_t next_update, uint8_t *out, size_t size,
                                fede_error *error);

/* ---- OCSP responses. */

/* fede_issue_response writes an OCSP response (RFC 6960) of the CA whose certificate and key are given, about the certificate
   with that serial number (content of the INTEGER): good, or revoked as *revoked says; as fede_issue. A server staples it
   with fede_config_staple. */
FEDE_API size_t fede_issue_response(fede_bytes issuer, const fede_key *issuer_key, fede_bytes serial,
                                    const fede_revoked *revoked, int64_t this_update, int64_t next_update, uint8_t *out,
                                    size_t size, fede_error *error);

/* Who answers, and by what. */
typedef enum fede_ocsp_status { FEDE_OCSP_GOOD = 0, FEDE_OCSP_REVOKED, FEDE_OCSP_UNKNOWN } fede_ocsp_status;
typedef struct fede_responder {
    fede_bytes issuer;   /* DER of the CA's certificate */
    fede_bytes delegate; /* that of a certificate which the CA made for answering (FEDE_FOR_OCSP); empty: the CA answers itself */
    const fede_key *key; /* of whoever answers */
    fede_ocsp_status (*status)(void *arg, fede_bytes serial, fede_revoked *revoked); /* fills *revoked when REVOKED */
    void *arg;
    int64_t this_update, next_update;
} fede_responder;
/* fede_issue_answer answers a request of RFC 6960 4.1, as a responder gets it by HTTP. What can't be answered has an answer
   too: malformedRequest, or unauthorized for certificates of other CAs; 0 as fede_issue. The request's nonce is given back
   (RFC 9654). */
FEDE_API size_t fede_issue_answer(const fede_responder *responder, fede_bytes request, uint8_t *out, size_t size,
                                  fede_error *error);

/* ---- PKCS#12. */

/* fede_issue_p12 puts a chain (PEM, leaf first) and its key (PEM or DER) into a PKCS#12 file under a password: AES-256 in PBES2,
   HMAC-SHA-256 (RFC 7292, RFC 8018). name: what stores call it. As fede_issue; the key has to belong to the leaf. */
FEDE_API size_t fede_issue_p12(fede_bytes chain, fede_bytes key, const char *password, const char *name, uint8_t *out,
                               size_t size, fede_error *error);

#ifdef __cplusplus
}
#endif
#endif
