/* fede's parsers beside OpenSSL's, under the same bytes: certificates (0), revocation lists (1), OCSP responses (2), by the first
   byte. What fede reads OpenSSL must read too, and both must have read the same: what fede alone would accept could be used
   to say different things to different verifiers. What OpenSSL alone reads is fede's business: it is stricter on purpose
   (docs/differential.md), and only counted in the corpus by reaching other code. */
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <time.h>

#include "fuzz/want.h"
#include "x509/crl.h"
#include "x509/ocsp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(bytes ours, const void *theirs, int len)
{
    return len >= 0 && bytes_equal(ours, bytes_of(theirs, (size_t)len));
}

/* Takes over what an i2d function has made. */
static bool same_der(bytes ours, unsigned char *der, int len)
{
    bool equal = der != NULL && same(ours, der, len);
    OPENSSL_free(der);
    return equal;
}

static bool same_time(int64_t ours, const ASN1_TIME *theirs)
{
    struct tm tm;
    return theirs != NULL && ASN1_TIME_to_tm(theirs, &tm) == 1 && timegm(&tm) == (time_t)ours;
}

static bool same_number(bytes ours, const ASN1_INTEGER *theirs)
{
    unsigned char *der = NULL;
    int len = i2d_ASN1_INTEGER((ASN1_INTEGER *)(uintptr_t)theirs, &der);
    /* Contents behind a header of two bytes: they are below 128 here. */
    bool equal = len < 2 || len > 129 || same(ours, der + 2, len - 2);
    OPENSSL_free(der);
    return equal;
}

static bool same_name(bytes ours, const X509_NAME *theirs)
{
    unsigned char *der = NULL;
    int len = i2d_X509_NAME(theirs, &der);
    return same_der(ours, der, len);
}

/* A value may be of any type (X.501 8.2); OpenSSL takes strings alone. */
static bool strings_only(bytes name)
{
    bytes type, value;
    uint8_t tag;
    for (struct name_walk walk = name_walk(name); name_next(&walk, &type, &tag, &value);)
        if (tag != V_ASN1_UTF8STRING && tag != V_ASN1_PRINTABLESTRING && tag != V_ASN1_IA5STRING && tag != V_ASN1_T61STRING)
            return false;
    return true;
}

static bool same_bits(bytes ours, const ASN1_BIT_STRING *theirs)
{
    return same(ours, theirs->data, theirs->length);
}

/* A signature of an algorithm that is known, named the same inside and outside: without it nothing is made of the rest. */
static bool checkable(uint16_t scheme, bytes inside, bytes outside)
{
    return scheme != 0 && bytes_equal(inside, outside);
}

/* ---- Certificates. */

static void extensions(const struct certificate *c, X509 *x)
{
    const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(x);
    uint32_t flags = X509_get_extension_flags(x);
    if (flags & EXFLAG_INVALID) /* of extensions that fede reads later, or not at all */
        return;
    want(c->is_ca == ((flags & EXFLAG_CA) != 0));
    if (c->has_basic && c->is_ca)
        want(c->path_len == (int)X509_get_pathlen(x));
    if (c->subject_key_id.data != NULL)
        want(id != NULL && same(c->subject_key_id, id->data, id->length));
    if (c->authority_key_id.data != NULL) {
        id = X509_get0_authority_key_id(x);
        want(id != NULL && same(c->authority_key_id, id->data, id->length));
    }
    if (c->has_key_usage) {
        static const uint32_t bits[] = {KU_DIGITAL_SIGNATURE, KU_NON_REPUDIATION, KU_KEY_ENCIPHERMENT, KU_DATA_ENCIPHERMENT, KU_KEY_AGREEMENT,
                                        KU_KEY_CERT_SIGN, KU_CRL_SIGN, KU_ENCIPHER_ONLY, KU_DECIPHER_ONLY};
        uint32_t usage = X509_get_key_usage(x);
        for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
            want(((c->key_usage >> i) & 1u) == ((usage & bits[i]) != 0));
    } else {
        want(X509_get_key_usage(x) == UINT32_MAX);
    }
    GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
    int n = 0;
    enum general_name kind;
    bytes value;
    for (bytes rest = c->alt_names; general_names_next(&rest, &kind, &value); n++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, n);
        want(name != NULL && name->type == (int)kind);
        if (kind == NAME_DNS || kind == NAME_EMAIL || kind == NAME_URI)
            want(same(value, name->d.ia5->data, name->d.ia5->length));
        else if (kind == NAME_IP)
            want(same(value, name->d.iPAddress->data, name->d.iPAddress->length));
    }
    want((names != NULL ? sk_GENERAL_NAME_num(names) : 0) == n);
    GENERAL_NAMES_free(names);
}

static void one_certificate(bytes der)
{
    struct certificate c;
    fede_error error = {0};
    const unsigned char *at = der.data;
    X509 *x = d2i_X509(NULL, &at, (long)der.len);
    bool ours = certificate_read(der, &c, &error) && c.key.kind != 0 && checkable(c.scheme, c.tbs_algorithm, c.algorithm) &&
                strings_only(c.issuer) && strings_only(c.subject);
    bool theirs = x != NULL && at == der.data + der.len;
    want(!ours || theirs);
    if (ours) {
        const ASN1_BIT_STRING *signature;
        const X509_ALGOR *algorithm;
        unsigned char *spki = NULL;
        int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &spki);
        X509_get0_signature(&signature, &algorithm, x);
        want(c.version == X509_get_version(x) + 1);
        want(same_number(c.serial, X509_get0_serialNumber(x)));
        want(same_name(c.issuer, X509_get_issuer_name(x)) && same_name(c.subject, X509_get_subject_name(x)));
        want(same_time(c.not_before, X509_get0_notBefore(x)) && same_time(c.not_after, X509_get0_notAfter(x)));
        want(same_bits(c.signature, signature));
        want(same_der(c.key.spki, spki, len));
        extensions(&c, x);
    }
    X509_free(x);
}

/* ---- Revocation lists. */

/* Read one by one, when they are looked through; a list with a broken one does not count. */
static bool entries_good(bytes rest)
{
    struct crl_entry entry;
    bool malformed;
    while (crl_entry_next(&rest, &entry, &malformed))
        continue;
    return !malformed;
}

static void one_list(bytes der)
{
    struct crl crl;
    fede_error error = {0};
    const unsigned char *at = der.data;
    X509_CRL *x = d2i_X509_CRL(NULL, &at, (long)der.len);
    bool ours = crl_read(der, &crl, &error) && checkable(crl.scheme, crl.tbs_algorithm, crl.algorithm) &&
                strings_only(crl.issuer) && entries_good(crl.revoked);
    bool theirs = x != NULL && at == der.data + der.len;
    want(!ours || theirs);
    if (ours) {
        const ASN1_BIT_STRING *signature;
        const X509_ALGOR *algorithm;
        X509_CRL_get0_signature(x, &signature, &algorithm);
        want(same_name(crl.issuer, X509_CRL_get_issuer(x)) && same_bits(crl.signature, signature));
        want(same_time(crl.this_update, X509_CRL_get0_lastUpdate(x)));
        want(crl.has_next_update == (X509_CRL_get0_nextUpdate(x) != NULL));
        want(!crl.has_next_update || same_time(crl.next_update, X509_CRL_get0_nextUpdate(x)));
        STACK_OF(X509_REVOKED) *revoked = X509_CRL_get_REVOKED(x);
        struct crl_entry entry;
        bool malformed;
        int n = 0;
        for (bytes rest = crl.revoked; crl_entry_next(&rest, &entry, &malformed); n++) {
            bool found = false;
            for (int i = 0; i < sk_X509_REVOKED_num(revoked) && !found; i++) {
                const X509_REVOKED *r = sk_X509_REVOKED_value(revoked, i);
                found = same_number(entry.serial, X509_REVOKED_get0_serialNumber(r)) && same_time(entry.date, X509_REVOKED_get0_revocationDate(r));
            }
            want(found);
        }
        want(n == (revoked != NULL ? sk_X509_REVOKED_num(revoked) : 0));
    }
    X509_CRL_free(x);
}

/* ---- OCSP responses. */

/* One with hashes of an unknown kind is about no certificate. */
static bool singles_good(bytes rest)
{
    struct ocsp_single single;
    bool malformed, known = true;
    while (ocsp_next(&rest, &single, &malformed))
        known = known && single.hash != 0;
    return known && !malformed;
}

static void one_response(bytes der)
{
    struct ocsp_response r;
    struct ocsp_single single;
    const char *problem;
    bool malformed;
    const unsigned char *at = der.data;
    OCSP_RESPONSE *x = d2i_OCSP_RESPONSE(NULL, &at, (long)der.len);
    bool ours = ocsp_read(der, &r, &problem) && r.scheme != 0 && strings_only(r.responder_name) && singles_good(r.responses);
    OCSP_BASICRESP *basic = x != NULL && at == der.data + der.len ? OCSP_response_get1_basic(x) : NULL;
    want(!ours || basic != NULL);
    if (ours) {
        int n = 0;
        for (bytes rest = r.responses; ocsp_next(&rest, &single, &malformed); n++) {
            OCSP_SINGLERESP *s = OCSP_resp_get0(basic, n);
            ASN1_GENERALIZEDTIME *revoked, *this_update, *next_update;
            ASN1_INTEGER *serial = NULL;
            int reason, status = s != NULL ? OCSP_single_get0_status(s, &reason, &revoked, &this_update, &next_update) : -1;
            want(status >= 0 && OCSP_id_get0_info(NULL, NULL, NULL, &serial, (OCSP_CERTID *)(uintptr_t)OCSP_SINGLERESP_get0_id(s)));
            want(same_number(single.serial, serial) && same_time(single.this_update, this_update));
            want((single.answer == OCSP_GOOD) == (status == V_OCSP_CERTSTATUS_GOOD) &&
                 (single.answer == OCSP_REVOKED) == (status == V_OCSP_CERTSTATUS_REVOKED));
        }
        want(n == OCSP_resp_count(basic));
    }
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > 20000)
        return 0;
    bytes der = {data + 1, size - 1};
    if (data[0] % 3 == 0)
        one_certificate(der);
    else if (data[0] % 3 == 1)
        one_list(der);
    else
        one_response(der);
    ERR_clear_error();
    return 0;
}
