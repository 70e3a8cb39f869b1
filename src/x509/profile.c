/* What RFC 5280 4 and the CA/Browser Forum's Baseline Requirements (BR) tell CAs to issue, as far as a verifier may insist.

   PROFILE_WEB insists on all of it; PROFILE_TLS on the few rows marked so: private CAs leave out key identifiers and
   write extensions with the wrong criticality, and nothing is unsafe about it. Each rule is one row. */
#include "x509/certificate.h"
#include "x509/der.h"
#include "x509/host.h"
#include "x509/rules.h"

static bool is_critical(const struct certificate *c, enum known_extension x)
{
    return (c->critical >> x & 1) != 0;
}
static bool has(const struct certificate *c, enum known_extension x)
{
    return (c->present >> x & 1) != 0;
}
static bool empty_name(bytes name)
{
    return name.len <= 2;
}

/* ---- One function per rule: true when broken. ------------------------------------------------------------------- */

static bool serial_negative(const struct standing *s)
{
    return s->c->serial.data[0] >= 0x80;
}
static bool serial_long(const struct standing *s)
{
    return s->c->serial.len > 20;
}
/* 20 bytes of number, and the byte that only says that it is positive. */
static bool serial_too_long(const struct standing *s)
{
    return s->c->serial.len > 21 || (s->c->serial.len == 21 && s->c->serial.data[0] != 0);
}
static bool serial_zero(const struct standing *s)
{
    return s->c->serial.len == 1 && s->c->serial.data[0] == 0;
}
static bool not_version_3(const struct standing *s)
{
    return s->c->version != 3;
}
static bool issuer_empty(const struct standing *s)
{
    return empty_name(s->c->issuer);
}
static bool subject_empty(const struct standing *s)
{
    return empty_name(s->c->subject);
}
static bool early_general_time(const struct standing *s)
{
    return (s->c->oddities & ODD_EARLY_GENERAL_TIME) != 0;
}
static bool rsa_bits(const struct standing *s)
{
    return (s->c->key.kind == KEY_RSA || s->c->key.kind == KEY_RSA_PSS) && s->c->key.bits % 8 != 0;
}
static bool unique_ids(const struct standing *s)
{
    return s->c->issuer_unique_id.data != NULL || s->c->subject_unique_id.data != NULL;
}
static bool aki_critical(const struct standing *s)
{
    return is_critical(s->c, X_AUTHORITY_KEY_ID);
}
/* An anchor's own issuer does not matter: nobody looks for it. */
static bool aki_absent(const struct standing *s)
{
    return !has(s->c, X_AUTHORITY_KEY_ID) || s->c->authority_key_id.data == NULL;
}
static bool aki_incomplete(const struct standing *s)
{
    return has(s->c, X_AUTHORITY_KEY_ID) && s->c->authority_key_id.data == NULL;
}
static bool aki_issuer(const struct standing *s)
{
    return (s->c->oddities & (ODD_AKI_ISSUER | ODD_AKI_SERIAL)) != 0;
}
static bool aki_differs(const struct standing *s)
{
    return s->c->self_issued && s->c->authority_key_id.data != NULL && s->c->subject_key_id.data != NULL &&
           !bytes_equal(s->c->authority_key_id, s->c->subject_key_id);
}
static bool ski_critical(const struct standing *s)
{
    return is_critical(s->c, X_SUBJECT_KEY_ID);
}
static bool ski_absent(const struct standing *s)
{
    return !has(s->c, X_SUBJECT_KEY_ID);
}
static bool basic_not_critical(const struct standing *s)
{
    return s->c->has_basic && !is_critical(s->c, X_BASIC);
}
static bool path_len_without_ca(const struct standing *s)
{
    return (s->c->oddities & ODD_PATH_LEN_WITHOUT_CA) != 0;
}
static bool path_len_without_cert_sign(const struct standing *s)
{
    return s->c->path_len >= 0 && s->c->has_key_usage && (s->c->key_usage & USAGE_CERT_SIGN) == 0;
}
static bool cert_sign_without_ca(const struct standing *s)
{
    return (s->c->key_usage & USAGE_CERT_SIGN) != 0 && !s->c->is_ca;
}
static bool key_usage_absent(const struct standing *s)
{
    return !s->c->has_key_usage;
}
static bool key_usage_empty(const struct standing *s)
{
    return (s->c->oddities & ODD_NO_KEY_USAGE_BIT) != 0;
}
static bool eku_critical(const struct standing *s)
{
    return is_critical(s->c, X_EXT_KEY_USAGE);
}
static bool eku_absent(const struct standing *s)
{
    return s->request->purpose != PURPOSE_ANY && s->c->ext_key_usage.data == NULL;
}
static bool eku_present(const struct standing *s)
{
    return s->c->ext_key_usage.data != NULL;
}
static bool eku_any(const struct standing *s)
{
    static const uint8_t any[] = {0x55, 0x1d, 37, 0};
    bytes oid;
    for (struct der d = der_in(s->c->ext_key_usage); s->c->ext_key_usage.data != NULL && der_oid(&d, &oid);)
        if (bytes_equal(oid, BYTES_OF(any)))
            return true;
    return false;
}
static bool constraints_in_leaf(const struct standing *s)
{
    return has(s->c, X_NAME_CONSTRAINTS);
}
static bool policy_constraints_not_critical(const struct standing *s)
{
    return has(s->c, X_POLICY_CONSTRAINTS) && !is_critical(s->c, X_POLICY_CONSTRAINTS);
}
static bool inhibit_any_not_critical(const struct standing *s)
{
    return has(s->c, X_INHIBIT_ANY) && !is_critical(s->c, X_INHIBIT_ANY);
}
static bool info_critical(const struct standing *s)
{
    return is_critical(s->c, X_AUTHORITY_INFO) || is_critical(s->c, X_SUBJECT_INFO);
}
static bool alt_names_absent(const struct standing *s)
{
    return s->request->purpose == PURPOSE_SERVER && s->c->alt_names.data == NULL;
}
static bool alt_names_not_critical(const struct standing *s)
{
    return empty_name(s->c->subject) && s->c->alt_names.data != NULL && !s->c->alt_names_critical;
}
static bool alt_names_needlessly_critical(const struct standing *s)
{
    return !empty_name(s->c->subject) && s->c->alt_names_critical;
}

/* RFC 5280 4.2.2.1: SEQUENCE of (OID, GeneralName). */
static bool info_malformed(const struct standing *s)
{
    bytes list, one, oid, rest;
    if (s->c->authority_info.data == NULL)
        return false;
    if (!der_only(s->c->authority_info, DER_SEQUENCE, &list) || list.len == 0)
        return true;
    for (struct der d = der_in(list); der_more(&d);) {
        if (!der_read(&d, DER_SEQUENCE, &one))
            return true;
        struct der e = der_in(one);
        uint8_t tag;
        if (!der_oid(&e, &oid))
            return true;
        rest = (bytes){e.at, (size_t)(e.end - e.at)};
        if (!der_next(&e, &tag, &one) || !der_done(&e) || !general_names_valid(rest))
            return true;
    }
    return false;
}

/* A DNS name of the subject alternative names that is none (RFC 5280 4.2.1.6, RFC 1034 3.5). */
static bool alt_name_malformed(const struct standing *s)
{
    bytes rest = s->c->alt_names, value, base;
    enum general_name kind;
    while (general_names_next(&rest, &kind, &value))
        if (kind == NAME_DNS && dns_name_labels(dns_wildcard(value, &base) ? base : value) == 0)
            return true;
    return false;
}

/* BR 7.1.4.3 wants the common name to be one of the subject alternative names. Many certificates in use break that; what
   is refused here is a common name that could be taken for another name than the one it stands for: an address not in
   its one proper form, an internationalised name that is not among the alternative names, other letter case. */
static bool common_name_misleading(const struct standing *s);

/* ---- The table -------------------------------------------------------------------------------------------------- */

#define TLS (1 << PROFILE_TLS)
#define WEB (1 << PROFILE_WEB)
#define CA  (AT_ISSUER | AT_ANCHOR)
#define ANY (AT_LEAF | AT_ISSUER | AT_ANCHOR)

// clang-format off
static const struct profile_row {
    uint8_t places, profiles;
    bool (*is_broken)(const struct standing *s);
    const char *where, *sentence;
} rows[] = {
    {ANY,                 TLS | WEB, serial_negative,   "serialNumber", "the serial number is negative"},
    {ANY,                 TLS, serial_too_long,         "serialNumber", "the serial number is longer than 20 bytes"},
    {ANY,                 WEB, serial_long,             "serialNumber", "the serial number is longer than 20 bytes"},
    {AT_LEAF | AT_ISSUER, WEB, serial_zero,             "serialNumber", "the serial number is zero"},
    {ANY,                 WEB, not_version_3,           "version", "it is not of version 3"},
    {ANY,                 WEB, issuer_empty,            "issuer", "the issuer's name is empty"},
    {CA,                  TLS | WEB, subject_empty,     "subject", "the name of a CA is empty"},
    {ANY,                 WEB, early_general_time,      "validity", "a date before 2050 is written as GeneralizedTime"},
    {ANY,                 WEB, rsa_bits,                "subjectPublicKeyInfo", "the length of the RSA modulus is not a multiple of 8 bits"},
    {ANY,                 WEB, unique_ids,              "uniqueID", "it has unique identifiers"},
    {ANY,                 WEB, aki_critical,            "authorityKeyIdentifier", "the extension is critical"},
    {AT_LEAF | AT_ISSUER, WEB, aki_absent,              "authorityKeyIdentifier", "the key identifier is absent"},
    {AT_ANCHOR,           WEB, aki_incomplete,          "authorityKeyIdentifier", "the extension has no key identifier"},
    {AT_ANCHOR,           WEB, aki_differs,             "authorityKeyIdentifier", "it is not the certificate's own key identifier"},
    {CA,                  WEB, aki_issuer,              "authorityKeyIdentifier", "the issuer is named by name and serial number"},
    {ANY,                 WEB, ski_critical,            "subjectKeyIdentifier", "the extension is critical"},
    {CA,                  WEB, ski_absent,              "subjectKeyIdentifier", "the extension is absent"},
    {CA,                  WEB, basic_not_critical,      "basicConstraints", "the extension of a CA is not critical"},
    {ANY,                 WEB, path_len_without_ca,     "basicConstraints", "a path length is given although it is no CA"},
    {ANY,                 WEB, path_len_without_cert_sign, "keyUsage", "a path length is given although keyCertSign is not set"},
    {ANY,                 WEB, cert_sign_without_ca,       "keyUsage", "keyCertSign is set although it is no CA"},
    {CA,                  WEB, key_usage_absent,        "keyUsage", "the extension of a CA is absent"},
    {ANY,                 WEB, key_usage_empty,         "keyUsage", "no bit is set"},
    {ANY,                 WEB, eku_critical,            "extKeyUsage", "the extension is critical"},
    {AT_LEAF,             WEB, eku_absent,              "extKeyUsage", "the extension is absent"},
    {AT_LEAF,             WEB, eku_any,                 "extKeyUsage", "anyExtendedKeyUsage is given"},
    {AT_ANCHOR,           WEB, eku_present,             "extKeyUsage", "a root has the extension"},
    {AT_LEAF,             WEB, constraints_in_leaf,     "nameConstraints", "it is no CA and has the extension"},
    {ANY,                 WEB, policy_constraints_not_critical, "policyConstraints", "the extension is not critical"},
    {ANY,                 WEB, inhibit_any_not_critical, "inhibitAnyPolicy", "the extension is not critical"},
    {ANY,                 WEB, info_critical,           "authorityInfoAccess", "the extension is critical"},
    {ANY,                 WEB, info_malformed,          "authorityInfoAccess", "the value is malformed"},
    {AT_LEAF,             WEB, alt_names_absent,        "subjectAltName", "the extension is absent"},
    {AT_LEAF,             WEB, alt_names_not_critical,  "subjectAltName", "the subject is empty and the extension is not critical"},
    {AT_LEAF,             WEB, alt_names_needlessly_critical, "subjectAltName", "the extension is critical although there is a subject"},
    {AT_LEAF,             WEB, alt_name_malformed,      "subjectAltName", "a DNS name is malformed"},
    {AT_LEAF,             WEB, common_name_misleading,  "subject", "the common name could be taken for another name than the alternative names"},
};
// clang-format on

bool profile_kept(const struct standing *s, struct finding *f, struct text *words)
{
    unsigned place = s->position == 0 ? AT_LEAF : s->anchor ? AT_ANCHOR : AT_ISSUER;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct profile_row *row = &rows[i];
        if ((row->places & place) != 0 && (row->profiles >> s->request->profile & 1) != 0 && row->is_broken(s)) {
            if (words)
                text_add(words, row->sentence);
            return broken(f, FEDE_CERT_PROFILE, row->where, 0, 0);
        }
    }
    if (words) {
        text_add(words, s->request->profile == PROFILE_WEB ? "as RFC 5280 4 and the Baseline Requirements want it"
                                                           : "nothing that RFC 5280 forbids");
    }
    return true;
}

bool profile_rule(size_t n, const struct standing *s, const char **where, const char **sentence)
{
    if (n >= sizeof rows / sizeof *rows)
        return false;
    unsigned place = s->position == 0 ? AT_LEAF : s->anchor ? AT_ANCHOR : AT_ISSUER;
    const struct profile_row *row = &rows[n];
    bool applies = (row->places & place) != 0 && (row->profiles >> s->request->profile & 1) != 0;
    *where = row->where;
    *sentence = applies && row->is_broken(s) ? row->sentence : NULL;
    return true;
}

/* ---- The common name -------------------------------------------------------------------------------------------- */

static bool looks_like_address(bytes v, struct host *host)
{
    char text[64];
    if (v.len == 0 || v.len >= sizeof text)
        return false;
    bytes_copy(text, v.data, v.len);
    text[v.len] = '\0';
    return host_read(text, host) == HOST_IP;
}

/* Numbers joined by dots, decimal, octal or hexadecimal, as inet_aton takes them; or hexadecimal groups and colons. */
static bool looks_like_numbers(bytes v)
{
    bool digit = false, colon = false;
    for (size_t i = 0; i < v.len; i++) {
        uint8_t c = v.data[i];
        bool hex = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == 'x' || c == 'X';
        bool decimal = c >= '0' && c <= '9';
        colon = colon || c == ':';
        if (!decimal && !hex && c != '.' && c != ':')
            return false;
        digit = digit || decimal;
    }
    return digit && (colon || (v.data[0] >= '0' && v.data[0] <= '9'));
}

/* RFC 5952 for IPv6, dotted decimal for IPv4: exactly what inet_ntop would write. */
static bool is_proper_address(bytes v, const struct host *host);

static bool common_name_misleading(const struct standing *s)
{
    static const uint8_t oid_cn[] = {0x55, 4, 3};
    struct name_walk walk = name_walk(s->c->subject);
    bytes type, value;
    uint8_t tag;
    while (name_next(&walk, &type, &tag, &value)) {
        if (!bytes_equal(type, BYTES_OF(oid_cn)) || (tag != DER_UTF8 && tag != DER_PRINTABLE && tag != DER_IA5))
            continue;
        bytes rest = s->c->alt_names, name;
        enum general_name kind;
        struct host host;
        bool address = looks_like_address(value, &host), found = false, other_case = false;
        while (general_names_next(&rest, &kind, &name)) {
            found = found || (kind == NAME_DNS && bytes_equal(name, value));
            other_case = other_case || (kind == NAME_DNS && dns_equal(name, value));
        }
        if (address || looks_like_numbers(value)) {
            if (!address || !is_proper_address(value, &host))
                return true;
            continue;
        }
        bool dotted = memchr(value.data, '.', value.len) != NULL && memchr(value.data, ' ', value.len) == NULL;
        bool a_label = false, beyond_ascii = false;
        for (size_t i = 0; i < value.len; i++) {
            beyond_ascii = beyond_ascii || value.data[i] >= 0x80;
            a_label = a_label || (value.len - i >= 4 && dns_equal(bytes_of(value.data + i, 4), bytes_text("xn--")));
        }
        if (!found && (other_case || (dotted && (a_label || beyond_ascii))))
            return true;
    }
    return false;
}

static bool is_proper_address(bytes v, const struct host *host)
{
    char text[64];
    return host_address_text(host, text, sizeof text) && bytes_equal(v, bytes_text(text));
}
