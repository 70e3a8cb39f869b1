/* One certificate: RFC 5280 4.1 and 4.2 taken apart into borrowed fields, in one pass, without allocation.

   What is refused here can't be read in one way only: broken DER, a version that contradicts the fields, an extension
   that stands twice, a known extension whose value is malformed. What can be read but is not acceptable (old algorithms,
   weak or unknown keys, unknown critical extensions, sentences of RFC 5280 about what CAs should issue) is noted in the
   struct and judged later, because it depends on where the certificate stands in a path. Public keys are taken apart in
   key.c, names in names.c. */
#include "x509/certificate.h"

#include "base/error.h"
#include "x509/der.h"

#define MAX_EXTENSIONS 64

/* What went wrong, for the error: the field and a static sentence. */
struct reading {
    struct certificate *out;
    const char *where, *why;
    const uint8_t *at;
};

static bool read_certificate(struct reading *r);
static bool read_tbs(struct reading *r);
static bool read_head(struct reading *r, struct der *d);
static bool read_validity(struct reading *r, struct der *d);
static bool read_tail(struct reading *r, struct der *d);
static bool read_extensions(struct reading *r, bytes list);
static bool read_extension(struct reading *r, bytes oid, bool critical, bytes value);
static bool bad(struct reading *r, const uint8_t *at, const char *where, const char *why);

bool certificate_read(bytes der, struct certificate *out, fede_error *error)
{
    *out = (struct certificate){.der = der, .path_len = -1};
    struct reading r = {.out = out, .at = der.data};
    if (read_certificate(&r))
        return true;
    if (error->reason == FEDE_OK) {
        error_set(error, FEDE_CERT_UNREADABLE, FEDE_ORIGIN_US, r.where, 0, 0);
        error->detail = r.why;
        error->offset = (uint32_t)(r.at - der.data);
    }
    return false;
}

bool certificate_peek(bytes der, bytes *issuer, bytes *subject)
{
    bytes content, skipped;
    struct der d = der_in(der);
    if (!der_read(&d, DER_SEQUENCE, &content))
        return false;
    d = der_in(content);
    if (!der_read(&d, DER_SEQUENCE, &content))
        return false;
    d = der_in(content);
    if (der_at(&d, DER_CONTEXT_CONSTRUCTED(0)) && !der_read(&d, DER_CONTEXT_CONSTRUCTED(0), &skipped))
        return false;
    return der_read(&d, DER_INTEGER, &skipped) && der_read(&d, DER_SEQUENCE, &skipped) &&
           der_whole(&d, DER_SEQUENCE, issuer, NULL) && name_read(*issuer) && der_read(&d, DER_SEQUENCE, &skipped) &&
           der_whole(&d, DER_SEQUENCE, subject, NULL) && name_read(*subject);
}

static bool bad(struct reading *r, const uint8_t *at, const char *where, const char *why)
{
    r->at = at;
    r->where = where;
    r->why = why;
    return false;
}

static bool read_certificate(struct reading *r)
{
    struct certificate *c = r->out;
    struct der d = der_in(c->der);
    bytes outer;
    unsigned unused;
    if (!der_read(&d, DER_SEQUENCE, &outer))
        return bad(r, c->der.data, "Certificate", "it is not a complete DER SEQUENCE");
    if (!der_done(&d))
        return bad(r, d.at, "Certificate", "bytes are left over behind its end");
    d = der_in(outer);
    if (!der_whole(&d, DER_SEQUENCE, &c->tbs, NULL))
        return bad(r, d.at, "tbsCertificate", "it is not a complete SEQUENCE");
    if (!der_whole(&d, DER_SEQUENCE, &c->algorithm, NULL))
        return bad(r, d.at, "signatureAlgorithm", "it is not a complete SEQUENCE");
    if (!der_bits(&d, &c->signature, &unused) || unused != 0)
        return bad(r, d.at, "signatureValue", "it is not a BIT STRING of whole bytes");
    if (!der_done(&d))
        return bad(r, d.at, "Certificate", "bytes are left over behind signatureValue");
    if (!read_tbs(r))
        return false;
    c->scheme = algorithm_scheme(c->algorithm);
    c->self_issued = name_equal(c->subject, c->issuer);
    return true;
}

static bool read_tbs(struct reading *r)
{
    bytes content;
    der_only(r->out->tbs, DER_SEQUENCE, &content);
    struct der d = der_in(content);
    return read_head(r, &d) && read_validity(r, &d) && read_tail(r, &d);
}

/* version, serialNumber, signature, issuer. */
static bool read_head(struct reading *r, struct der *d)
{
    struct certificate *c = r->out;
    bytes wrapped;
    c->version = 1;
    if (der_at(d, DER_CONTEXT_CONSTRUCTED(0))) {
        const uint8_t *at = d->at;
        bytes number;
        /* v1 is the default and therefore not written. */
        if (!der_read(d, DER_CONTEXT_CONSTRUCTED(0), &wrapped) || !der_only(wrapped, DER_INTEGER, &number) ||
            number.len != 1 || number.data[0] < 1 || number.data[0] > 2)
            return bad(r, at, "version", "it is neither v2 nor v3, nor left out for v1");
        c->version = (uint8_t)(number.data[0] + 1);
    }
    if (!der_integer(d, &c->serial))
        return bad(r, d->at, "serialNumber", "it is not an INTEGER in its shortest form");
    if (!der_whole(d, DER_SEQUENCE, &c->tbs_algorithm, NULL))
        return bad(r, d->at, "signature", "it is not a complete SEQUENCE");
    const uint8_t *at = d->at;
    if (!der_whole(d, DER_SEQUENCE, &c->issuer, NULL) || !name_read(c->issuer))
        return bad(r, at, "issuer", "it is not a Name");
    return true;
}

static bool read_validity(struct reading *r, struct der *d)
{
    struct certificate *c = r->out;
    bytes content;
    uint8_t tags[2] = {0, 0};
    if (!der_read(d, DER_SEQUENCE, &content))
        return bad(r, d->at, "validity", "it is not a complete SEQUENCE");
    struct der v = der_in(content);
    if (!der_time(&v, &tags[0], &c->not_before))
        return bad(r, v.at, "notBefore", "it is not a date of the form YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ");
    if (!der_time(&v, &tags[1], &c->not_after))
        return bad(r, v.at, "notAfter", "it is not a date of the form YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ");
    if (!der_done(&v))
        return bad(r, v.at, "validity", "bytes are left over behind notAfter");
    const int64_t year_2050 = 2524608000;
    if ((tags[0] == DER_GENERAL_TIME && c->not_before < year_2050) ||
        (tags[1] == DER_GENERAL_TIME && c->not_after < year_2050))
        c->oddities |= ODD_EARLY_GENERAL_TIME;
    return true;
}

/* subject, subjectPublicKeyInfo, the unique identifiers, extensions. */
static bool read_tail(struct reading *r, struct der *d)
{
    struct certificate *c = r->out;
    const uint8_t *at = d->at;
    bytes spki, list, unique;
    unsigned unused;
    if (!der_whole(d, DER_SEQUENCE, &c->subject, NULL) || !name_read(c->subject))
        return bad(r, at, "subject", "it is not a Name");
    at = d->at;
    if (!der_whole(d, DER_SEQUENCE, &spki, NULL) || !public_key_read(spki, &c->key, &c->key_problem))
        return bad(r, at, "subjectPublicKeyInfo", "it is not an algorithm and a BIT STRING of whole bytes");
    for (unsigned i = 1; i <= 2; i++) {
        at = d->at;
        if (der_at(d, DER_CONTEXT(i))) {
            bytes *to = i == 1 ? &c->issuer_unique_id : &c->subject_unique_id;
            if (c->version < 2)
                return bad(r, at, "version", "unique identifiers need version 2 or 3");
            if (!der_read(d, DER_CONTEXT(i), &unique) || !der_bits_of(unique, to, &unused))
                return bad(r, at, i == 1 ? "issuerUniqueID" : "subjectUniqueID", "it is not a BIT STRING");
        }
    }
    if (der_at(d, DER_CONTEXT_CONSTRUCTED(3))) {
        at = d->at;
        if (c->version != 3)
            return bad(r, at, "version", "extensions need version 3");
        if (!der_read(d, DER_CONTEXT_CONSTRUCTED(3), &list) || !der_only(list, DER_SEQUENCE, &c->extensions))
            return bad(r, at, "extensions", "it is not a SEQUENCE");
        if (!read_extensions(r, c->extensions))
            return false;
    }
    if (!der_done(d))
        return bad(r, d->at, "tbsCertificate", "bytes are left over behind its last field");
    return true;
}

static bool read_extensions(struct reading *r, bytes list)
{
    struct der d = der_in(list);
    bytes seen[MAX_EXTENSIONS];
    size_t n = 0;
    if (!der_more(&d))
        return bad(r, d.at, "extensions", "the list is empty");
    while (der_more(&d)) {
        const uint8_t *at = d.at;
        bytes content, oid, value;
        bool critical = false;
        if (!der_read(&d, DER_SEQUENCE, &content))
            return bad(r, at, "extensions", "an entry is not a complete SEQUENCE");
        struct der e = der_in(content);
        if (!der_oid(&e, &oid))
            return bad(r, at, "extensions", "an entry has no proper object identifier");
        if (der_at(&e, DER_BOOLEAN) && (!der_boolean(&e, &critical) || !critical))
            return bad(r, at, "extensions", "an entry has a mark \"critical\" other than TRUE");
        if (!der_read(&e, DER_OCTET_STRING, &value) || !der_done(&e))
            return bad(r, at, "extensions", "an entry has no OCTET STRING as its value and end");
        for (size_t i = 0; i < n; i++)
            if (bytes_equal(seen[i], oid))
                return bad(r, at, "extensions", "one extension stands twice");
        if (n == MAX_EXTENSIONS)
            return bad(r, at, "extensions", "there are more than 64 of them");
        seen[n++] = oid;
        if (!read_extension(r, oid, critical, value))
            return false;
    }
    return true;
}

/* ---- Known extensions ------------------------------------------------------------------------------------------- */

static bool read_basic(struct certificate *c, bytes value);
static bool read_key_usage(struct certificate *c, bytes value);
static bool read_ext_key_usage(struct certificate *c, bytes value);
static bool read_alt_names(struct certificate *c, bytes value);
static bool read_issuer_alt(struct certificate *c, bytes value);
static bool read_subject_key_id(struct certificate *c, bytes value);
static bool read_authority_key_id(struct certificate *c, bytes value);
static bool read_sequence(struct certificate *c, bytes value);

/* Read checks the form and fills fields; keep is for the value as it is. */
struct extension_row {
    uint8_t oid[9], oid_len;
    uint8_t bit;
    bool understood; /* may be critical */
    const char *name;
    bool (*read)(struct certificate *c, bytes value);
    size_t keep; /* offset of the bytes in struct certificate; 0: not kept */
};

// clang-format off
#define ID_CE(n) {0x55, 0x1d, n}, 3
#define ID_PE(n) {0x2b, 6, 1, 5, 5, 7, 1, n}, 8
#define KEEP(field) offsetof(struct certificate, field)

static const struct extension_row rows[] = {
    {ID_CE(14), X_SUBJECT_KEY_ID,     true,  "subjectKeyIdentifier",   read_subject_key_id,   0},
    {ID_CE(15), X_KEY_USAGE,          true,  "keyUsage",               read_key_usage,        0},
    {ID_CE(17), X_ALT_NAMES,          true,  "subjectAltName",         read_alt_names,        0},
    {ID_CE(18), X_ISSUER_ALT,         true,  "issuerAltName",          read_issuer_alt,       0},
    {ID_CE(19), X_BASIC,              true,  "basicConstraints",       read_basic,            0},
    {ID_CE(30), X_NAME_CONSTRAINTS,   true,  "nameConstraints",        NULL, KEEP(name_constraints)},
    {ID_CE(31), X_CRL_POINTS,         true,  "cRLDistributionPoints",  read_sequence, KEEP(crl_points)},
    {ID_CE(32), X_POLICIES,           true,  "certificatePolicies",    read_sequence, KEEP(policies)},
    {ID_CE(33), X_POLICY_MAPPINGS,    true , "policyMappings",         read_sequence, KEEP(policy_mappings)},
    {ID_CE(35), X_AUTHORITY_KEY_ID,   true,  "authorityKeyIdentifier", read_authority_key_id, 0},
    {ID_CE(36), X_POLICY_CONSTRAINTS, true , "policyConstraints",      read_sequence, KEEP(policy_constraints)},
    {ID_CE(37), X_EXT_KEY_USAGE,      true,  "extKeyUsage",            read_ext_key_usage,    0},
    {ID_CE(46), X_FRESHEST_CRL,       false, "freshestCRL",            read_sequence, 0},
    {ID_CE(54), X_INHIBIT_ANY,        true , "inhibitAnyPolicy",       NULL, KEEP(inhibit_any_policy)},
    {ID_PE(1),  X_AUTHORITY_INFO,     true,  "authorityInfoAccess",    read_sequence, KEEP(authority_info)},
    {ID_PE(11), X_SUBJECT_INFO,       true,  "subjectInfoAccess",      read_sequence, 0},
    {ID_PE(24), X_TLS_FEATURE,        false, "TLS feature",            read_sequence, KEEP(tls_features)},
    {{0x2b, 6, 1, 5, 5, 7, 48, 1, 5}, 9, X_NO_CHECK, false, "id-pkix-ocsp-nocheck", NULL, 0},
};
// clang-format on
static const uint8_t oid_sct[] = {0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 2};

static bool read_extension(struct reading *r, bytes oid, bool critical, bytes value)
{
    struct certificate *c = r->out;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct extension_row *row = &rows[i];
        if (!bytes_equal(oid, (bytes){row->oid, row->oid_len}))
            continue;
        c->present |= 1u << row->bit;
        c->critical |= critical ? 1u << row->bit : 0;
        if (row->keep != 0)
            *(bytes *)(void *)((char *)c + row->keep) = value;
        if (row->read && !row->read(c, value))
            return bad(r, value.data, row->name, "its value does not have the form of this extension");
        if (critical && !row->understood && c->unknown_critical.data == NULL)
            c->unknown_critical = oid;
        return true;
    }
    if (bytes_equal(oid, BYTES_OF(oid_sct))) {
        c->present |= 1u << X_SCT;
        c->sct_list = value;
    }
    if (critical && c->unknown_critical.data == NULL)
        c->unknown_critical = oid;
    return true;
}

static bool read_basic(struct certificate *c, bytes value)
{
    bytes content;
    int32_t n;
    if (!der_only(value, DER_SEQUENCE, &content))
        return false;
    struct der d = der_in(content);
    c->has_basic = true;
    /* FALSE is the default and should not be written, but many leaf certificates have it so. */
    if (der_at(&d, DER_BOOLEAN) && !der_boolean(&d, &c->is_ca))
        return false;
    if (der_at(&d, DER_INTEGER)) {
        if (!der_count(&d, &n))
            return false;
        c->path_len = n;
        c->oddities |= c->is_ca ? 0 : ODD_PATH_LEN_WITHOUT_CA;
    }
    return der_done(&d);
}

static bool read_key_usage(struct certificate *c, bytes value)
{
    struct der d = der_in(value);
    bytes bits;
    unsigned unused;
    if (!der_bits(&d, &bits, &unused) || !der_done(&d) || bits.len > 2)
        return false;
    c->has_key_usage = true;
    for (unsigned i = 0; i < 9 && i / 8 < bits.len; i++)
        c->key_usage = (uint16_t)(c->key_usage | ((unsigned)bits.data[i / 8] >> (7 - i % 8) & 1u) << i);
    c->oddities |= c->key_usage == 0 ? ODD_NO_KEY_USAGE_BIT : 0;
    return true;
}

static bool read_ext_key_usage(struct certificate *c, bytes value)
{
    bytes oid;
    if (!der_only(value, DER_SEQUENCE, &c->ext_key_usage) || c->ext_key_usage.len == 0)
        return false;
    struct der d = der_in(c->ext_key_usage);
    while (der_more(&d))
        if (!der_oid(&d, &oid))
            return false;
    return true;
}

static bool read_alt_names(struct certificate *c, bytes value)
{
    c->alt_names_critical = (c->critical & 1u << X_ALT_NAMES) != 0;
    return der_only(value, DER_SEQUENCE, &c->alt_names) && c->alt_names.len > 0 && general_names_valid(c->alt_names);
}

static bool read_issuer_alt(struct certificate *c, bytes value)
{
    bytes names;
    (void)c;
    return der_only(value, DER_SEQUENCE, &names) && names.len > 0 && general_names_valid(names);
}

/* What is in it is read by those who need it. */
static bool read_sequence(struct certificate *c, bytes value)
{
    bytes content;
    (void)c;
    return der_only(value, DER_SEQUENCE, &content);
}

static bool read_subject_key_id(struct certificate *c, bytes value)
{
    return der_only(value, DER_OCTET_STRING, &c->subject_key_id);
}

static bool read_authority_key_id(struct certificate *c, bytes value)
{
    bytes content, part;
    if (!der_only(value, DER_SEQUENCE, &content))
        return false;
    struct der d = der_in(content);
    if (der_at(&d, DER_CONTEXT(0)) && !der_read(&d, DER_CONTEXT(0), &c->authority_key_id))
        return false;
    if (der_at(&d, DER_CONTEXT_CONSTRUCTED(1))) {
        if (!der_read(&d, DER_CONTEXT_CONSTRUCTED(1), &part) || !general_names_valid(part))
            return false;
        c->oddities |= ODD_AKI_ISSUER;
    }
    if (der_at(&d, DER_CONTEXT(2))) {
        if (!der_read(&d, DER_CONTEXT(2), &part))
            return false;
        c->oddities |= ODD_AKI_SERIAL;
    }
    return der_done(&d);
}

const char *extension_name(bytes oid)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (bytes_equal(oid, (bytes){rows[i].oid, rows[i].oid_len}))
            return rows[i].name;
    return bytes_equal(oid, BYTES_OF(oid_sct)) ? "signed certificate timestamps" : NULL;
}
