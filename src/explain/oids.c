/* explain/oids.c: object identifiers (X.660) as names and as dotted numbers.

   The table has what occurs in certificates of the web: attributes of names, algorithms, extensions, purposes, policies.
   It is searched from the first row to the last: a few dozen short comparisons for each identifier shown. */
#include "explain/oids.h"

#define OID(content, name)                                                                                             \
    {                                                                                                                  \
        content, sizeof(content) - 1, name                                                                             \
    }

// clang-format off
static const struct {
    const char *content;
    size_t len;
    const char *name;
} oids[] = {
    /* Attributes of names, RFC 5280 A, RFC 4519, RFC 2985. */
    OID("\x55\x04\x03", "commonName"), OID("\x55\x04\x04", "surname"), OID("\x55\x04\x05", "serialNumber"),
    OID("\x55\x04\x06", "countryName"), OID("\x55\x04\x07", "localityName"), OID("\x55\x04\x08", "stateOrProvinceName"),
    OID("\x55\x04\x09", "streetAddress"), OID("\x55\x04\x0a", "organizationName"), OID("\x55\x04\x0b", "organizationalUnitName"),
    OID("\x55\x04\x0c", "title"), OID("\x55\x04\x0f", "businessCategory"), OID("\x55\x04\x11", "postalCode"),
    OID("\x55\x04\x2a", "givenName"), OID("\x55\x04\x61", "organizationIdentifier"),
    OID("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19", "domainComponent"), OID("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01", "userId"),
    OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01", "emailAddress"),
    OID("\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x01", "jurisdictionLocality"),
    OID("\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x02", "jurisdictionStateOrProvince"),
    OID("\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x03", "jurisdictionCountry"),
    /* Keys and signatures, RFC 3279, 4055, 5480, 5758, 8410, 8692, 9881. */
    OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", "rsaEncryption"), OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04", "md5WithRSAEncryption"),
    OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05", "sha1WithRSAEncryption"), OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08", "mgf1"),
    OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a", "rsassaPss"),
    OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", "sha256WithRSAEncryption"), OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", "sha384WithRSAEncryption"),
    OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d", "sha512WithRSAEncryption"), OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0e", "sha224WithRSAEncryption"),
    OID("\x2a\x86\x48\xce\x3d\x02\x01", "id-ecPublicKey"), OID("\x2a\x86\x48\xce\x3d\x04\x01", "ecdsa-with-SHA1"),
    OID("\x2a\x86\x48\xce\x3d\x04\x03\x01", "ecdsa-with-SHA224"), OID("\x2a\x86\x48\xce\x3d\x04\x03\x02", "ecdsa-with-SHA256"),
    OID("\x2a\x86\x48\xce\x3d\x04\x03\x03", "ecdsa-with-SHA384"), OID("\x2a\x86\x48\xce\x3d\x04\x03\x04", "ecdsa-with-SHA512"),
    OID("\x2a\x86\x48\xce\x3d\x03\x01\x07", "secp256r1"), OID("\x2b\x81\x04\x00\x22", "secp384r1"),
    OID("\x2b\x81\x04\x00\x23", "secp521r1"), OID("\x2b\x81\x04\x00\x0a", "secp256k1"),
    OID("\x2b\x24\x03\x03\x02\x08\x01\x01\x07", "brainpoolP256r1"), OID("\x2b\x24\x03\x03\x02\x08\x01\x01\x0b", "brainpoolP384r1"),
    OID("\x2b\x24\x03\x03\x02\x08\x01\x01\x0d", "brainpoolP512r1"),
    OID("\x2b\x65\x6e", "X25519"), OID("\x2b\x65\x6f", "X448"), OID("\x2b\x65\x70", "Ed25519"), OID("\x2b\x65\x71", "Ed448"),
    OID("\x2a\x86\x48\xce\x38\x04\x01", "id-dsa"), OID("\x60\x86\x48\x01\x65\x03\x04\x03\x02", "dsa-with-sha256"),
    OID("\x60\x86\x48\x01\x65\x03\x04\x02\x01", "sha256"), OID("\x60\x86\x48\x01\x65\x03\x04\x02\x02", "sha384"),
    OID("\x60\x86\x48\x01\x65\x03\x04\x02\x03", "sha512"), OID("\x2b\x0e\x03\x02\x1a", "sha1"),
    OID("\x60\x86\x48\x01\x65\x03\x04\x03\x11", "ML-DSA-44"), OID("\x60\x86\x48\x01\x65\x03\x04\x03\x12", "ML-DSA-65"),
    OID("\x60\x86\x48\x01\x65\x03\x04\x03\x13", "ML-DSA-87"), OID("\x2a\x81\x1c\xcf\x55\x01\x82\x2d", "sm2"),
    OID("\x2a\x81\x1c\xcf\x55\x01\x83\x75", "sm2-with-SM3"),
    /* Extensions, RFC 5280 4.2, RFC 6962 3.3, RFC 7633. */
    OID("\x55\x1d\x09", "subjectDirectoryAttributes"), OID("\x55\x1d\x0e", "subjectKeyIdentifier"), OID("\x55\x1d\x0f", "keyUsage"),
    OID("\x55\x1d\x10", "privateKeyUsagePeriod"), OID("\x55\x1d\x11", "subjectAltName"), OID("\x55\x1d\x12", "issuerAltName"),
    OID("\x55\x1d\x13", "basicConstraints"), OID("\x55\x1d\x1e", "nameConstraints"), OID("\x55\x1d\x1f", "cRLDistributionPoints"),
    OID("\x55\x1d\x20", "certificatePolicies"), OID("\x55\x1d\x21", "policyMappings"), OID("\x55\x1d\x23", "authorityKeyIdentifier"),
    OID("\x55\x1d\x24", "policyConstraints"), OID("\x55\x1d\x25", "extKeyUsage"), OID("\x55\x1d\x2e", "freshestCRL"),
    OID("\x55\x1d\x36", "inhibitAnyPolicy"), OID("\x2b\x06\x01\x05\x05\x07\x01\x01", "authorityInfoAccess"),
    OID("\x2b\x06\x01\x05\x05\x07\x01\x0b", "subjectInfoAccess"), OID("\x2b\x06\x01\x05\x05\x07\x01\x03", "qcStatements"),
    OID("\x2b\x06\x01\x05\x05\x07\x01\x18", "tlsFeature"),
    OID("\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02", "signedCertificateTimestampList"),
    OID("\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x03", "ctPoison"), OID("\x60\x86\x48\x01\x86\xf8\x42\x01\x01", "netscapeCertType"),
    OID("\x60\x86\x48\x01\x86\xf8\x42\x01\x0d", "netscapeComment"),
    /* Purposes, access methods, policies. */
    OID("\x2b\x06\x01\x05\x05\x07\x03\x01", "id-kp-serverAuth"), OID("\x2b\x06\x01\x05\x05\x07\x03\x02", "id-kp-clientAuth"),
    OID("\x2b\x06\x01\x05\x05\x07\x03\x03", "id-kp-codeSigning"), OID("\x2b\x06\x01\x05\x05\x07\x03\x04", "id-kp-emailProtection"),
    OID("\x2b\x06\x01\x05\x05\x07\x03\x08", "id-kp-timeStamping"), OID("\x2b\x06\x01\x05\x05\x07\x03\x09", "id-kp-OCSPSigning"),
    OID("\x55\x1d\x25\x00", "anyExtendedKeyUsage"), OID("\x2b\x06\x01\x05\x05\x07\x30\x01", "id-ad-ocsp"),
    OID("\x2b\x06\x01\x05\x05\x07\x30\x02", "id-ad-caIssuers"), OID("\x2b\x06\x01\x05\x05\x07\x02\x01", "id-qt-cps"),
    OID("\x2b\x06\x01\x05\x05\x07\x02\x02", "id-qt-unotice"), OID("\x55\x1d\x20\x00", "anyPolicy"),
    OID("\x67\x81\x0c\x01\x01", "extended-validation"), OID("\x67\x81\x0c\x01\x02\x01", "domain-validated"),
    OID("\x67\x81\x0c\x01\x02\x02", "organization-validated"), OID("\x67\x81\x0c\x01\x02\x03", "individual-validated"),
};
// clang-format on

static bool dotted(struct text *out, bytes oid);

bytes oid_at(size_t n)
{
    return n < sizeof oids / sizeof *oids ? bytes_of(oids[n].content, oids[n].len) : BYTES_NONE;
}

const char *oid_name(bytes oid)
{
    for (size_t i = 0; i < sizeof oids / sizeof *oids; i++)
        if (bytes_equal(oid, bytes_of(oids[i].content, oids[i].len)))
            return oids[i].name;
    return NULL;
}

void oid_text(struct text *out, bytes oid)
{
    const char *name = oid_name(oid);
    if (name != NULL) {
        text_add(out, name);
        text_add(out, " (");
    }
    if (!dotted(out, oid))
        text_add(out, "unreadable");
    if (name != NULL)
        text_char(out, ')');
}

/* X.690 8.19: base 128, first two numbers in one. */
static bool dotted(struct text *out, bytes oid)
{
    if (oid.len == 0 || (oid.data[oid.len - 1] & 0x80) != 0)
        return false;
    uint64_t n = 0;
    bool first = true;
    for (size_t i = 0; i < oid.len; i++) {
        if (n > INT64_MAX >> 7)
            return false;
        n = n << 7 | (oid.data[i] & 0x7f);
        if ((oid.data[i] & 0x80) != 0)
            continue;
        if (first) {
            uint64_t top = n < 40 ? 0 : n < 80 ? 1 : 2;
            text_number(out, (int64_t)top);
            n -= 40 * top;
        }
        text_char(out, '.');
        text_number(out, (int64_t)n);
        first = false;
        n = 0;
    }
    return true;
}
