/* OCSP responses (RFC 6960) as borrowed fields, and what one says about a certificate. */
#ifndef X509_OCSP_H
#define X509_OCSP_H

#include "x509/der.h"
#include "x509/rules.h"

enum ocsp_answer { OCSP_GOOD = 1, OCSP_REVOKED, OCSP_UNKNOWN_TO_RESPONDER };

/* A successful basic response; all slices borrow from its DER. */
struct ocsp_response {
    bytes tbs;                /* the signed ResponseData, header included */
    bytes algorithm, signature;
    uint16_t scheme;          /* as in struct certificate; 0: not supported */
    bytes responder_name;     /* DER of the Name; data NULL: the key's hash stands for it */
    bytes responder_key;      /* SHA-1 of its key */
    int64_t produced;
    bytes responses;          /* content of the SEQUENCE of SingleResponse */
    bytes certificates;       /* content of the SEQUENCE of Certificate; data NULL: none */
    bytes nonce;              /* data NULL: none (RFC 9654) */
    bool unknown_critical;
};
/* What it says about one certificate. */
struct ocsp_single {
    uint8_t hash;             /* enum hash of the two below; 0: not supported */
    bytes issuer_name_hash, issuer_key_hash, serial;
    uint8_t answer;           /* enum ocsp_answer */
    int64_t revoked_at;
    int reason;               /* -1: none given */
    int64_t this_update, next_update;
    bool has_next_update, unknown_critical;
    bytes scts;               /* SignedCertificateTimestampList (RFC 6962 3.3); data NULL: none */
};

/* False: *problem says what is wrong (static text); also for responses that are none ("tryLater"). */
bool ocsp_read(bytes der, struct ocsp_response *out, const char **problem);
/* Takes the next SingleResponse. False at the end, or *malformed. */
bool ocsp_next(bytes *rest, struct ocsp_single *out, bool *malformed);

/* Judges c by a response, its issuer being known: is it about c, in force, signed by the issuer or one it put in charge?
   Returns an enum ocsp_answer; 0: it does not count, and *problem says why. *single is filled for answers. */
enum ocsp_answer ocsp_judge(bytes der, const struct certificate *c, const struct certificate *issuer, int64_t at,
                            struct ocsp_single *single, const char **problem);

/* The timestamps of logs that a response brings for c: a SignedCertificateTimestampList; empty: none. Whoever signed it: they speak
   for themselves. */
bytes ocsp_scts(bytes der, const struct certificate *c, const struct certificate *issuer);

/* Who signed alone: NULL, or why the signature is not the issuer's, nor of one it put in charge. For readers of old responses. */
const char *ocsp_signer_problem(bytes der, const struct certificate *issuer, int64_t at);

/* RFC 7633: does the certificate promise that a response comes with it? */
bool promises_staple(const struct certificate *c);

/* A question (RFC 6960 4.1), unsigned as nearly all are; slices borrow from its DER. ocsp_request.c */
struct ocsp_request {
    bytes questions;          /* content of the SEQUENCE of Request */
    bytes nonce;              /* data NULL: none */
    bool unknown_critical;
};
bool ocsp_request_read(bytes der, struct ocsp_request *out);
/* Takes the next; of *out hash, the two hashes and serial are filled; *id: the DER of the CertID. False at the end, or *malformed. */
bool ocsp_request_next(bytes *rest, struct ocsp_single *out, bytes *id, bool *malformed);

/* Parts that requests and responses share: Extensions behind their tag; CertID; the hash of an issuer's key. */
bool ocsp_extensions(bytes wrapped, bool *unknown_critical, bytes *nonce, bytes *scts);
bool ocsp_id_read(struct der *d, struct ocsp_single *out);
bool ocsp_id_issued_by(const struct ocsp_single *id, bytes name, const struct certificate *issuer);
bool ocsp_key_hash(const struct certificate *c, uint8_t hash, uint8_t out[HASH_MAX]);

#endif
