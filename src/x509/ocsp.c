/* x509/ocsp.c: what an OCSP response says about a certificate. RFC 6960 4.2, RFC 5019, RFC 7633.

   A response counts when it is successful and basic, has an entry for this very certificate (hashes of the issuer's name and
   key, serial number), is in force, says until when, and is signed by the issuer itself or by a certificate that the issuer
   made for this (id-kp-OCSPSigning), which is at most one step away. Not here: fetching, and responders named by other
   means ("trusted responders"). Whether a delegated signer is itself revoked is not asked: its own lifetime is the limit,
   which is what id-pkix-ocsp-nocheck says in words. */
#include "x509/ocsp.h"

#include "x509/certificate.h"
#include "x509/der.h"
#include "x509/path.h"

enum { MAX_SIGNERS = 4, SHA1_LEN = 20, STATUS_REQUEST = 5 };

static const char *read_basic(bytes basic, struct ocsp_response *out);
static const char *read_data(bytes tbs, struct ocsp_response *out);
static bool read_status(struct der *d, struct ocsp_single *out);
static bool is_about(const struct ocsp_single *s, const struct certificate *c, const struct certificate *issuer);
static const char *signer_problem(const struct ocsp_response *r, const struct certificate *issuer, int64_t at);

enum ocsp_answer ocsp_judge(bytes der, const struct certificate *c, const struct certificate *issuer, int64_t at,
                            struct ocsp_single *single, const char **problem)
{
    struct ocsp_response r;
    if (!ocsp_read(der, &r, problem))
        return 0;
    bytes rest = r.responses;
    bool malformed, found = false;
    struct ocsp_single next;
    while (ocsp_next(&rest, &next, &malformed)) {
        if (!is_about(&next, c, issuer) || (found && single->answer == OCSP_REVOKED))
            continue;
        *single = next; /* of two entries the worse one counts */
        found = true;
    }
    *problem = malformed ? "an entry of the response is malformed"
               : !found  ? "the response is about other certificates"
               : r.unknown_critical || single->unknown_critical
                   ? "the response has a critical extension that is not understood"
               : at < single->this_update ? "the response is not in force yet"
               : !single->has_next_update ? "the response does not say until when it is in force"
               : at > single->next_update ? "the response is out of date"
                                          : signer_problem(&r, issuer, at);
    return *problem == NULL ? (enum ocsp_answer)single->answer : 0;
}

/* ---- Who signed it -------------------------------------------------------------------------------------------- */

const char *ocsp_signer_problem(bytes der, const struct certificate *issuer, int64_t at)
{
    struct ocsp_response r;
    const char *problem;
    return ocsp_read(der, &r, &problem) ? signer_problem(&r, issuer, at) : problem;
}

bool ocsp_key_hash(const struct certificate *c, uint8_t hash, uint8_t out[HASH_MAX])
{
    bytes content, bits;
    unsigned unused;
    if (!der_only(c->key.spki, DER_SEQUENCE, &content))
        return false;
    struct der d = der_in(content);
    if (!der_read(&d, DER_SEQUENCE, &content) || !der_bits(&d, &bits, &unused))
        return false;
    crypto_hash_once(hash, bits, out);
    return true;
}

static bool is_responder(const struct ocsp_response *r, const struct certificate *c)
{
    uint8_t hash[HASH_MAX];
    if (r->responder_name.data != NULL)
        return name_equal(r->responder_name, c->subject);
    return ocsp_key_hash(c, HASH_SHA1, hash) && bytes_equal(r->responder_key, bytes_of(hash, SHA1_LEN));
}

static bool signed_by(const struct ocsp_response *r, const struct certificate *c)
{
    /* Only what signature_good looks at. */
    struct certificate as_signed = {.scheme = r->scheme, .tbs = r->tbs, .signature = r->signature};
    return signature_good(&as_signed, c);
}

static bool may_answer(const struct certificate *c)
{
    static const uint8_t ocsp_signing[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x09};
    bytes oid;
    for (struct der d = der_in(c->ext_key_usage); der_more(&d) && der_oid(&d, &oid);)
        if (bytes_equal(oid, BYTES_OF(ocsp_signing)))
            return true;
    return false;
}

/* A certificate made by the issuer for answering: RFC 6960 4.2.2.2. */
static const char *delegate_problem(const struct certificate *c, const struct certificate *issuer, int64_t at)
{
    return !name_equal(c->issuer, issuer->subject) ? "the signer of the response was not put in charge by the issuer"
           : !may_answer(c) ? "the signer of the response may not sign responses (no OCSPSigning)"
           : c->has_key_usage && (c->key_usage & USAGE_DIGITAL_SIGNATURE) == 0
               ? "the key usage of the response's signer does not allow it"
           : c->unknown_critical.data != NULL        ? "the response's signer has an unknown critical extension"
           : at < c->not_before || at > c->not_after ? "the certificate of the response's signer is not valid now"
           : (c->key.kind == KEY_RSA || c->key.kind == KEY_RSA_PSS) && c->key.bits < 2048
               ? "the key of the response's signer is too short"
           : !bytes_equal(c->algorithm, c->tbs_algorithm) ? "the response's signer names two algorithms"
           : !signature_good(c, issuer) ? "the certificate of the response's signer has a wrong signature"
                                        : NULL;
}

static const char *signer_problem(const struct ocsp_response *r, const struct certificate *issuer, int64_t at)
{
    const char *problem = "the signer of the response is unknown";
    if (r->scheme == 0)
        return "the response is signed with an algorithm that is not accepted";
    if (is_responder(r, issuer))
        return signed_by(r, issuer) ? NULL : "the signature of the response is wrong";
    struct der d = der_in(r->certificates);
    bytes der;
    for (int n = 0; n < MAX_SIGNERS && der_more(&d) && der_whole(&d, DER_SEQUENCE, &der, NULL); n++) {
        struct certificate c;
        fede_error ignored = {0};
        if (!certificate_read(der, &c, &ignored) || !is_responder(r, &c))
            continue;
        problem = delegate_problem(&c, issuer, at);
        if (problem == NULL)
            problem = signed_by(r, &c) ? NULL : "the signature of the response is wrong";
        if (problem == NULL)
            return NULL;
    }
    return problem;
}

/* ---- Is it about this certificate? ------------------------------------------------------------------------------- */

static bool is_about(const struct ocsp_single *s, const struct certificate *c, const struct certificate *issuer)
{
    return bytes_equal(s->serial, c->serial) && name_equal(c->issuer, issuer->subject) &&
           ocsp_id_issued_by(s, c->issuer, issuer);
}

/* name: the issuer's, as whoever hashed it had it. */
bool ocsp_id_issued_by(const struct ocsp_single *s, bytes name, const struct certificate *issuer)
{
    uint8_t hash[HASH_MAX];
    if (s->hash == 0)
        return false;
    crypto_hash_once(s->hash, name, hash);
    if (!bytes_equal(s->issuer_name_hash, bytes_of(hash, hash_len(s->hash))))
        return false;
    return ocsp_key_hash(issuer, s->hash, hash) && bytes_equal(s->issuer_key_hash, bytes_of(hash, hash_len(s->hash)));
}

bytes ocsp_scts(bytes der, const struct certificate *c, const struct certificate *issuer)
{
    struct ocsp_response r;
    struct ocsp_single single;
    const char *problem;
    bool malformed;
    if (der.len == 0 || !ocsp_read(der, &r, &problem))
        return BYTES_NONE;
    while (ocsp_next(&r.responses, &single, &malformed))
        if (is_about(&single, c, issuer))
            return single.scts;
    return BYTES_NONE;
}

bool promises_staple(const struct certificate *c)
{
    bytes content;
    int32_t feature;
    if (c->tls_features.data == NULL || !der_only(c->tls_features, DER_SEQUENCE, &content))
        return false;
    for (struct der d = der_in(content); der_more(&d) && der_count(&d, &feature);)
        if (feature == STATUS_REQUEST)
            return true;
    return false;
}

/* ---- Reading --------------------------------------------------------------------------------------------------- */

bool ocsp_read(bytes der, struct ocsp_response *out, const char **problem)
{
    static const uint8_t basic_type[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01};
    static const char *const refusals[] = {NULL,
                                           "the responder did not understand the question (malformedRequest)",
                                           "the responder failed (internalError)",
                                           "the responder asks to try later (tryLater)",
                                           NULL,
                                           "the responder wants a signed question (sigRequired)",
                                           "the responder refuses to answer (unauthorized)"};
    bytes outer, status, content, type, basic;
    *out = (struct ocsp_response){.produced = 0};
    *problem = "the response is not one DER SEQUENCE with a status";
    if (!der_only(der, DER_SEQUENCE, &outer))
        return false;
    struct der d = der_in(outer);
    if (!der_read(&d, DER_ENUMERATED, &status) || status.len != 1)
        return false;
    if (status.data[0] != 0) {
        bool known = status.data[0] < sizeof refusals / sizeof *refusals && refusals[status.data[0]] != NULL;
        *problem = known ? refusals[status.data[0]] : "the response has an unknown status";
        return false;
    }
    *problem = "the response has no readable responseBytes";
    if (!der_read(&d, DER_CONTEXT_CONSTRUCTED(0), &content) || !der_done(&d) ||
        !der_only(content, DER_SEQUENCE, &content))
        return false;
    d = der_in(content);
    if (!der_oid(&d, &type) || !der_read(&d, DER_OCTET_STRING, &basic) || !der_done(&d))
        return false;
    *problem = "the response is of a type that is not supported";
    if (!bytes_equal(type, BYTES_OF(basic_type)))
        return false;
    *problem = read_basic(basic, out);
    return *problem == NULL;
}

static const char *read_basic(bytes basic, struct ocsp_response *out)
{
    bytes content, list;
    unsigned unused;
    if (!der_only(basic, DER_SEQUENCE, &content))
        return "the basic response is not one DER SEQUENCE";
    struct der d = der_in(content);
    if (!der_whole(&d, DER_SEQUENCE, &out->tbs, NULL) || !der_whole(&d, DER_SEQUENCE, &out->algorithm, NULL) ||
        !der_bits(&d, &out->signature, &unused) || unused != 0)
        return "the basic response is not data, algorithm and signature";
    out->scheme = algorithm_scheme(out->algorithm);
    if (der_more(&d)) {
        if (!der_read(&d, DER_CONTEXT_CONSTRUCTED(0), &list) || !der_only(list, DER_SEQUENCE, &out->certificates) ||
            !der_done(&d))
            return "the certificates in the response are malformed";
    }
    return read_data(out->tbs, out);
}

static const char *read_data(bytes tbs, struct ocsp_response *out)
{
    bytes content, inner;
    uint8_t tag;
    der_only(tbs, DER_SEQUENCE, &content);
    struct der d = der_in(content);
    int32_t version = 0;
    if (der_at(&d, DER_CONTEXT_CONSTRUCTED(0))) {
        if (!der_read(&d, DER_CONTEXT_CONSTRUCTED(0), &inner))
            return "the response is not of version 1";
        struct der v = der_in(inner);
        if (!der_count(&v, &version) || !der_done(&v) || version != 0)
            return "the response is not of version 1";
    }
    if (der_at(&d, DER_CONTEXT_CONSTRUCTED(1))) {
        if (!der_read(&d, DER_CONTEXT_CONSTRUCTED(1), &out->responder_name) || !name_read(out->responder_name))
            return "the responder's name is malformed";
    } else if (!der_read(&d, DER_CONTEXT_CONSTRUCTED(2), &inner) ||
               !der_only(inner, DER_OCTET_STRING, &out->responder_key) || out->responder_key.len != SHA1_LEN) {
        return "the responder's key identifier is malformed";
    }
    if (!der_time(&d, &tag, &out->produced) || tag != DER_GENERAL_TIME)
        return "producedAt is not a date";
    if (!der_read(&d, DER_SEQUENCE, &out->responses))
        return "the entries of the response are malformed";
    if (der_more(&d) && (!der_read(&d, DER_CONTEXT_CONSTRUCTED(1), &inner) || !der_done(&d) ||
                         !ocsp_extensions(inner, &out->unknown_critical, &out->nonce, NULL)))
        return "the extensions of the response are malformed";
    return NULL;
}

/* Extensions: none but the nonce (RFC 9654) and timestamps of logs (RFC 6962 3.3) means anything here, so that another critical
   one is one not understood. */
bool ocsp_extensions(bytes wrapped, bool *unknown_critical, bytes *nonce, bytes *scts)
{
    static const uint8_t sct_type[] = {0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x05};
    static const uint8_t nonce_type[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x02};
    bytes list, content, oid, value;
    if (!der_only(wrapped, DER_SEQUENCE, &list))
        return false;
    for (struct der d = der_in(list); der_more(&d);) {
        bool critical = false;
        if (!der_read(&d, DER_SEQUENCE, &content))
            return false;
        struct der e = der_in(content);
        if (!der_oid(&e, &oid) || (der_at(&e, DER_BOOLEAN) && !der_boolean(&e, &critical)) ||
            !der_read(&e, DER_OCTET_STRING, &value) || !der_done(&e))
            return false;
        bool known = bytes_equal(oid, BYTES_OF(nonce_type));
        if (known && !der_only(value, DER_OCTET_STRING, nonce))
            return false;
        if (scts != NULL && bytes_equal(oid, BYTES_OF(sct_type)))
            known = der_only(value, DER_OCTET_STRING, scts);
        *unknown_critical = *unknown_critical || (critical && !known);
    }
    return true;
}

bool ocsp_next(bytes *rest, struct ocsp_single *out, bool *malformed)
{
    bytes content, inner, ignored;
    uint8_t tag;
    struct der d = der_in(*rest);
    *out = (struct ocsp_single){.reason = -1};
    *malformed = false;
    if (!der_more(&d))
        return false;
    *malformed = true;
    if (!der_read(&d, DER_SEQUENCE, &content))
        return false;
    struct der s = der_in(content);
    if (!ocsp_id_read(&s, out) || !read_status(&s, out) || !der_time(&s, &tag, &out->this_update) ||
        tag != DER_GENERAL_TIME)
        return false;
    if (der_at(&s, DER_CONTEXT_CONSTRUCTED(0))) {
        if (!der_read(&s, DER_CONTEXT_CONSTRUCTED(0), &inner))
            return false;
        struct der t = der_in(inner);
        if (!der_time(&t, &tag, &out->next_update) || tag != DER_GENERAL_TIME || !der_done(&t))
            return false;
        out->has_next_update = true;
    }
    if (der_more(&s) && (!der_read(&s, DER_CONTEXT_CONSTRUCTED(1), &inner) || !der_done(&s) ||
                         !ocsp_extensions(inner, &out->unknown_critical, &ignored, &out->scts)))
        return false;
    *rest = (bytes){d.at, (size_t)(d.end - d.at)};
    *malformed = false;
    return true;
}

bool ocsp_id_read(struct der *d, struct ocsp_single *out)
{
    static const struct {
        uint8_t len, oid[9], hash;
    } hashes[] = {{5, {0x2b, 0x0e, 0x03, 0x02, 0x1a}, HASH_SHA1},
                  {9, {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01}, HASH_SHA256},
                  {9, {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02}, HASH_SHA384},
                  {9, {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03}, HASH_SHA512}};
    bytes content, algorithm, oid, none;
    if (!der_read(d, DER_SEQUENCE, &content))
        return false;
    struct der i = der_in(content);
    if (!der_read(&i, DER_SEQUENCE, &algorithm) || !der_read(&i, DER_OCTET_STRING, &out->issuer_name_hash) ||
        !der_read(&i, DER_OCTET_STRING, &out->issuer_key_hash) || !der_integer(&i, &out->serial) || !der_done(&i))
        return false;
    struct der a = der_in(algorithm);
    if (!der_oid(&a, &oid))
        return false;
    for (size_t k = 0; k < sizeof hashes / sizeof *hashes; k++)
        if (bytes_equal(oid, bytes_of(hashes[k].oid, hashes[k].len)))
            out->hash = hashes[k].hash;
    /* A known one has no parameters: left out, or NULL. */
    return out->hash == 0 || !der_more(&a) || (der_read(&a, DER_NULL, &none) && none.len == 0 && der_done(&a));
}

static bool read_status(struct der *d, struct ocsp_single *out)
{
    bytes content, inner, reason;
    uint8_t tag;
    if (!der_next(d, &tag, &content))
        return false;
    if (tag == DER_CONTEXT(0) || tag == DER_CONTEXT(2)) {
        out->answer = tag == DER_CONTEXT(0) ? OCSP_GOOD : OCSP_UNKNOWN_TO_RESPONDER;
        return content.len == 0;
    }
    if (tag != DER_CONTEXT_CONSTRUCTED(1))
        return false;
    out->answer = OCSP_REVOKED;
    struct der r = der_in(content);
    if (!der_time(&r, &tag, &out->revoked_at) || tag != DER_GENERAL_TIME)
        return false;
    if (der_at(&r, DER_CONTEXT_CONSTRUCTED(0))) {
        if (!der_read(&r, DER_CONTEXT_CONSTRUCTED(0), &inner) || !der_only(inner, DER_ENUMERATED, &reason) ||
            reason.len != 1)
            return false;
        out->reason = reason.data[0];
    }
    return der_done(&r);
}
