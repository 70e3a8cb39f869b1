/* Certificate revocation lists, RFC 5280 5, taken apart into borrowed fields. What they mean for a certificate is judged in
   revocation.c. */
#include "x509/crl.h"

#include "base/error.h"
#include "x509/certificate.h"
#include "x509/der.h"

static const char *read_list(struct crl *out, const char **where);
static const char *read_tbs(struct crl *out, const char **where);
static const char *read_extensions(struct crl *out, bytes list, const char **where);
static bool read_extension(struct crl *out, bytes oid, bool critical, bytes value);
static bool read_scope(struct crl *out, bytes value);
static bool next_extension(struct der *d, bytes *oid, bool *critical, bytes *value);

bool crl_read(bytes der, struct crl *out, fede_error *error)
{
    *out = (struct crl){.der = der, .reasons = REASONS_ALL};
    const char *where = "CertificateList", *problem = read_list(out, &where);
    if (problem == NULL)
        return true;
    if (error->reason == FEDE_OK) {
        error_set(error, FEDE_CRL_UNREADABLE, FEDE_ORIGIN_US, where, 0, 0);
        error->detail = problem;
    }
    return false;
}

static void note(struct crl *out, bool odd, const char *what)
{
    if (odd && out->oddity == NULL)
        out->oddity = what;
}

/* RFC 5280 5.1.2.4. */
static void note_date(struct crl *out, uint8_t tag, int64_t at)
{
    const int64_t year_2050 = 2524608000;
    note(out, tag == DER_GENERAL_TIME && at < year_2050, "a list writes a date before 2050 as GeneralizedTime");
}

/* Returns what is wrong; NULL: nothing. */
static const char *read_list(struct crl *out, const char **where)
{
    bytes outer;
    unsigned unused;
    if (!der_only(out->der, DER_SEQUENCE, &outer))
        return "it is not exactly one DER SEQUENCE";
    struct der d = der_in(outer);
    if (!der_whole(&d, DER_SEQUENCE, &out->tbs, NULL) || !der_whole(&d, DER_SEQUENCE, &out->algorithm, NULL) ||
        !der_bits(&d, &out->signature, &unused) || unused != 0 || !der_done(&d))
        return "it is not a list, an algorithm and a signature";
    out->scheme = algorithm_scheme(out->algorithm);
    return read_tbs(out, where);
}

static const char *read_tbs(struct crl *out, const char **where)
{
    bytes content, version, list;
    uint8_t tag;
    der_only(out->tbs, DER_SEQUENCE, &content);
    struct der d = der_in(content);
    bool v2 = der_at(&d, DER_INTEGER);
    *where = "version";
    if (v2 && (!der_integer(&d, &version) || version.len != 1 || version.data[0] != 1))
        return "it is neither left out nor v2";
    *where = "signature";
    if (!der_whole(&d, DER_SEQUENCE, &out->tbs_algorithm, NULL))
        return "it is not a complete SEQUENCE";
    *where = "issuer";
    if (!der_whole(&d, DER_SEQUENCE, &out->issuer, NULL) || !name_read(out->issuer))
        return "it is not a Name";
    *where = "thisUpdate";
    if (!der_time(&d, &tag, &out->this_update))
        return "it is not a date";
    note_date(out, tag, out->this_update);
    *where = "nextUpdate";
    out->has_next_update = der_at(&d, DER_UTC_TIME) || der_at(&d, DER_GENERAL_TIME);
    if (out->has_next_update && !der_time(&d, &tag, &out->next_update))
        return "it is not a date";
    if (out->has_next_update)
        note_date(out, tag, out->next_update);
    *where = "revokedCertificates";
    if (der_at(&d, DER_SEQUENCE)) {
        if (!der_read(&d, DER_SEQUENCE, &out->revoked))
            return "it is not a complete SEQUENCE";
        note(out, out->revoked.len == 0, "a list has an empty revokedCertificates where it should have none");
    }
    *where = "crlExtensions";
    if (der_at(&d, DER_CONTEXT_CONSTRUCTED(0))) {
        if (!v2 || !der_read(&d, DER_CONTEXT_CONSTRUCTED(0), &content) || !der_only(content, DER_SEQUENCE, &list))
            return "it is not a SEQUENCE in a list of version 2";
        const char *problem = read_extensions(out, list, where);
        if (problem != NULL)
            return problem;
    }
    note(out, out->number.data == NULL, "a list has no number");
    note(out, out->authority_key_id.data == NULL, "a list has no authority key identifier");
    return der_done(&d) ? NULL : "bytes are left over behind it";
}

static const char *read_extensions(struct crl *out, bytes list, const char **where)
{
    bytes seen[32], oid, value;
    size_t n = 0;
    bool critical;
    for (struct der d = der_in(list); der_more(&d);) {
        if (!next_extension(&d, &oid, &critical, &value))
            return "an extension is malformed";
        for (size_t i = 0; i < n; i++)
            if (bytes_equal(seen[i], oid))
                return "one extension stands twice";
        if (n == sizeof seen / sizeof *seen)
            return "there are more than 32 extensions";
        seen[n++] = oid;
        if (!read_extension(out, oid, critical, value))
            return "a known extension has a malformed value";
    }
    *where = "tbsCertList";
    return NULL;
}

/* SEQUENCE of OID, critical DEFAULT FALSE, OCTET STRING. */
static bool next_extension(struct der *d, bytes *oid, bool *critical, bytes *value)
{
    bytes content;
    *critical = false;
    if (!der_read(d, DER_SEQUENCE, &content))
        return false;
    struct der e = der_in(content);
    return der_oid(&e, oid) && (!der_at(&e, DER_BOOLEAN) || (der_boolean(&e, critical) && *critical)) &&
           der_read(&e, DER_OCTET_STRING, value) && der_done(&e);
}

/* The last byte of id-ce; 0: another object identifier. */
static uint8_t id_ce(bytes oid)
{
    return oid.len == 3 && oid.data[0] == 0x55 && oid.data[1] == 0x1d ? oid.data[2] : 0;
}

static bool read_extension(struct crl *out, bytes oid, bool critical, bytes value)
{
    bytes content;
    struct der d = der_in(value);
    switch (id_ce(oid)) {
    case 20: /* cRLNumber */
        note(out, critical, "the number of a list is critical");
        if (!der_natural(&d, &out->number) || !der_done(&d))
            return false;
        note(out, out->number.len > 20, "the number of a list is longer than 20 bytes");
        return true;
    case 27: /* deltaCRLIndicator */
        note(out, !critical, "a delta list's indicator is not critical");
        return der_natural(&d, &out->base_number) && der_done(&d);
    case 28: /* issuingDistributionPoint */
        out->scope = value;
        note(out, !critical, "the scope of a list is not critical");
        note(out, value.len <= 2, "the scope of a list is empty");
        return read_scope(out, value);
    case 35: /* authorityKeyIdentifier */
        if (!der_only(value, DER_SEQUENCE, &content))
            return false;
        d = der_in(content);
        return !der_at(&d, DER_CONTEXT(0)) || der_read(&d, DER_CONTEXT(0), &out->authority_key_id);
    case 18: /* issuerAltName */
    case 46: /* freshestCRL */
        return true;
    default:
        out->unknown_critical = out->unknown_critical || critical;
        return true;
    }
}

/* An optional BOOLEAN with implicit tag; FALSE is not written. */
static bool read_flag(struct der *d, unsigned tag, bool *out)
{
    bytes v;
    if (!der_at(d, DER_CONTEXT(tag)))
        return true;
    if (!der_read(d, DER_CONTEXT(tag), &v) || v.len != 1 || v.data[0] != 0xff)
        return false;
    *out = true;
    return true;
}

/* RFC 5280 5.2.5. */
static bool read_scope(struct crl *out, bytes value)
{
    bytes content, part;
    if (!der_only(value, DER_SEQUENCE, &content))
        return false;
    struct der d = der_in(content);
    if (der_at(&d, DER_CONTEXT_CONSTRUCTED(0)) && !der_read(&d, DER_CONTEXT_CONSTRUCTED(0), &out->point))
        return false;
    if (!read_flag(&d, 1, &out->users_only) || !read_flag(&d, 2, &out->cas_only))
        return false;
    if (der_at(&d, DER_CONTEXT(3)) && (!der_read(&d, DER_CONTEXT(3), &part) || !reasons_read(part, &out->reasons)))
        return false;
    return read_flag(&d, 4, &out->indirect) && read_flag(&d, 5, &out->attributes_only) && der_done(&d);
}

bool reasons_read(bytes content, uint16_t *out)
{
    bytes bits;
    unsigned unused, set = 0;
    if (!der_bits_of(content, &bits, &unused) || bits.len > 2)
        return false;
    for (unsigned i = 0; i < 9 && i / 8 < bits.len; i++)
        set |= ((unsigned)bits.data[i / 8] >> (7 - i % 8) & 1u) << i;
    *out = (uint16_t)(set & REASONS_ALL);
    return true;
}

bool crl_entry_next(bytes *rest, struct crl_entry *out, bool *malformed)
{
    struct der d = der_in(*rest);
    bytes content, list, oid, value;
    uint8_t tag;
    bool critical;
    *out = (struct crl_entry){.reason = 0};
    *malformed = false;
    if (!der_more(&d))
        return false;
    *malformed = true;
    if (!der_read(&d, DER_SEQUENCE, &content))
        return false;
    struct der e = der_in(content);
    if (!der_integer(&e, &out->serial) || !der_time(&e, &tag, &out->date))
        return false;
    if (der_more(&e)) {
        if (!der_read(&e, DER_SEQUENCE, &list) || !der_done(&e))
            return false;
        for (struct der x = der_in(list); der_more(&x);) {
            if (!next_extension(&x, &oid, &critical, &value))
                return false;
            struct der v = der_in(value);
            if (id_ce(oid) == 21) { /* reasonCode */
                if (!der_read(&v, DER_ENUMERATED, &content) || content.len != 1 || !der_done(&v))
                    return false;
                out->reason = content.data[0];
            } else if (id_ce(oid) == 29) { /* certificateIssuer */
                if (!der_only(value, DER_SEQUENCE, &out->issuer) || !general_names_valid(out->issuer))
                    return false;
            } else if (id_ce(oid) != 24 && id_ce(oid) != 23) { /* invalidityDate, holdInstructionCode */
                out->unknown_critical = out->unknown_critical || critical;
            }
        }
    }
    *rest = (bytes){d.at, (size_t)(d.end - d.at)};
    *malformed = false;
    return true;
}
