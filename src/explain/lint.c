/* explain/lint.c: findings about a certificate against RFC 5280 4, the CA/Browser Forum's Baseline Requirements (BR) and plain
   prudence. The rules of the web profile come from x509/profile.c, so that the linter and the verifier never differ; what no
   verifier refuses, but an issuer should know, is in the table here. */
#include "explain/lint.h"

#include "base/text.h"
#include "explain/oids.h"
#include "x509/certificate.h"
#include "x509/der.h"
#include "x509/host.h"
#include "x509/ocsp.h"
#include "x509/path.h"
#include "x509/rules.h"

#define DAY 86400

struct look {
    const struct certificate *c;
    unsigned place;
    int64_t at;
};

/* True: there is something to say; values may be added to t. */
typedef bool looks_odd(const struct look *l, struct text *t);

static looks_odd unreadable_key, weak_key, old_hash, long_life, expired, soon_over, not_yet, no_names, cn_not_in_names,
    serial_short, self_signed_leaf, no_revocation, no_timestamps, no_issuer_address, many_names, wildcard, inner_name,
    key_encipherment_ec, exponent, no_policy, staple_promise, two_algorithms, unknown_critical;

// clang-format off
static const struct lint_row {
    uint8_t level;
    uint8_t places; /* set of 1 << place */
    looks_odd *odd;
    const char *field, *sentence, *section;
} rows[] = {
    {LINT_ERROR,   7, two_algorithms,      "signatureAlgorithm", "two different signature algorithms are named", "RFC 5280 4.1.1.2"},
    {LINT_ERROR,   7, unreadable_key,      "subjectPublicKeyInfo", "the key is of a kind that TLS can't use here", "BR 6.1.5"},
    {LINT_ERROR,   7, weak_key,            "subjectPublicKeyInfo", "the key is too weak", "BR 6.1.5"},
    {LINT_WARNING, 7, exponent,            "subjectPublicKeyInfo", "the RSA exponent is below 65537", "BR 6.1.6"},
    {LINT_ERROR,   3, old_hash,            "signatureAlgorithm", "it is signed with a hash that is broken", "BR 7.1.3.2.1"},
    {LINT_ERROR,   7, expired,             "notAfter", "it has ended", "RFC 5280 4.1.2.5"},
    {LINT_ERROR,   7, not_yet,             "notBefore", "it is not valid yet", "RFC 5280 4.1.2.5"},
    {LINT_WARNING, 1, soon_over,           "notAfter", "it ends soon", ""},
    {LINT_WARNING, 1, long_life,           "validity", "it lives longer than the web allows", "BR 6.3.2"},
    {LINT_ERROR,   1, no_names,            "subjectAltName", "it has no name that a client would accept", "RFC 9525 6.3"},
    {LINT_WARNING, 1, cn_not_in_names,     "subject", "the common name is not among the alternative names: no client looks at it", "BR 7.1.4.3"},
    {LINT_WARNING, 3, serial_short,        "serialNumber", "the serial number is too short to hold 64 random bits", "BR 7.1.2.7"},
    {LINT_WARNING, 1, self_signed_leaf,    "issuer", "a server's certificate that issued itself: no client trusts it unless told to", "RFC 5280 6.1"},
    {LINT_ERROR,   7, unknown_critical,    "extensions", "a critical extension that clients do not know: they must refuse it", "RFC 5280 4.2"},
    {LINT_NOTICE,  3, no_revocation,       "cRLDistributionPoints", "it does not say where its revocation can be looked up", "BR 7.1.2.11.2"},
    {LINT_NOTICE,  3, no_issuer_address,   "authorityInfoAccess", "it does not say where its issuer's certificate can be fetched", "BR 7.1.2.7.7"},
    {LINT_NOTICE,  1, no_timestamps,       "signedCertificateTimestampList", "no log's timestamp is inside: browsers want them from public CAs", "RFC 9162"},
    {LINT_NOTICE,  1, no_policy,           "certificatePolicies", "no policy says how the owner was checked (DV, OV, EV)", "BR 7.1.6"},
    {LINT_NOTICE,  1, wildcard,            "subjectAltName", "it stands for every name of a level: whoever has its key can be each of them", "RFC 6125 7.2"},
    {LINT_NOTICE,  1, inner_name,          "subjectAltName", "a name without a dot, or of this machine: no public CA issues it", "BR 4.2.2"},
    {LINT_NOTICE,  1, many_names,          "subjectAltName", "it has very many names: every handshake carries them all", ""},
    {LINT_WARNING, 1, key_encipherment_ec, "keyUsage", "keyEncipherment with a key that can't encrypt", "RFC 5480 3"},
    {LINT_NOTICE,  1, staple_promise,      "tlsFeature", "must-staple: without a good OCSP response from the server clients refuse it", "RFC 7633"},
};
// clang-format on

size_t certificate_lint(bytes der, unsigned place, int64_t at, struct lint_finding out[LINT_MOST])
{
    struct certificate c;
    fede_error error = {0};
    size_t n = 0;
    if (!certificate_read(der, &c, &error)) {
        out[0] = (struct lint_finding){.level = LINT_ERROR,
                                       .field = error.where != NULL ? error.where : "certificate",
                                       .sentence = error.detail != NULL ? error.detail : "it can't be read",
                                       .section = "RFC 5280 4.1"};
        return 1;
    }
    struct look look = {.c = &c, .place = place, .at = at};
    for (size_t i = 0; i < sizeof rows / sizeof *rows && n < LINT_MOST; i++) {
        const struct lint_row *row = &rows[i];
        out[n] = (struct lint_finding){
            .level = row->level, .field = row->field, .sentence = row->sentence, .section = row->section};
        struct text t = text_in(out[n].detail, sizeof out[n].detail);
        if ((row->places >> place & 1) != 0 && row->odd(&look, &t))
            n++;
    }
    struct verify_request request = {.at = at, .purpose = PURPOSE_SERVER, .profile = PROFILE_WEB};
    struct standing s = {.c = &c, .request = &request, .position = place, .anchor = place == 2};
    const char *where, *sentence;
    for (size_t i = 0; profile_rule(i, &s, &where, &sentence) && n < LINT_MOST; i++) {
        if (sentence == NULL)
            continue;
        out[n++] = (struct lint_finding){
            .level = LINT_ERROR, .field = where, .sentence = sentence, .section = "RFC 5280 4.1, 4.2; BR 7.1.2"};
    }
    return n;
}

const char *lint_level_name(unsigned level)
{
    static const char *const names[] = {"nothing", "notice", "warning", "error"};
    return level < sizeof names / sizeof *names ? names[level] : "error";
}

unsigned certificate_place(bytes der)
{
    struct certificate c;
    fede_error ignored = {0};
    return !certificate_read(der, &c, &ignored) || !c.is_ca ? 0 : c.self_issued ? 2 : 1;
}

/* ---- What to look for ------------------------------------------------------------------------------------------ */

static bool is_rsa(const struct certificate *c)
{
    return c->key.kind == KEY_RSA || c->key.kind == KEY_RSA_PSS;
}

static bool two_algorithms(const struct look *l, struct text *t)
{
    (void)t;
    return !bytes_equal(l->c->algorithm, l->c->tbs_algorithm);
}

static bool unreadable_key(const struct look *l, struct text *t)
{
    if (l->c->key.kind == 0)
        text_add(t, l->c->key_problem);
    return l->c->key.kind == 0;
}

static bool weak_key(const struct look *l, struct text *t)
{
    if (!is_rsa(l->c) || l->c->key.bits >= 2048)
        return false;
    text_add(t, "RSA ");
    text_number(t, l->c->key.bits);
    text_add(t, " bits; 2048 are the least");
    return true;
}

static bool exponent(const struct look *l, struct text *t)
{
    bytes e = l->c->key.exponent;
    uint64_t n = 0;
    if (!is_rsa(l->c) || e.len > 2)
        return false;
    for (size_t i = 0; i < e.len; i++)
        n = n << 8 | e.data[i];
    text_number(t, (int64_t)n);
    return true;
}

static bool old_hash(const struct look *l, struct text *t)
{
    char name[100];
    algorithm_text(l->c->algorithm, name, sizeof name);
    if (strstr(name, "sha1") == NULL && strstr(name, "SHA1") == NULL && strstr(name, "md5") == NULL &&
        strstr(name, "md2") == NULL)
        return false;
    text_add(t, name);
    return true;
}

static void say_days(struct text *t, int64_t seconds, const char *after)
{
    int64_t days = (seconds + DAY - 1) / DAY;
    text_number(t, days);
    text_add(t, days == 1 ? " day" : " days");
    text_add(t, after);
}

static bool expired(const struct look *l, struct text *t)
{
    if (l->at <= l->c->not_after)
        return false;
    text_time(t, l->c->not_after);
    return true;
}

static bool not_yet(const struct look *l, struct text *t)
{
    if (l->at >= l->c->not_before)
        return false;
    text_time(t, l->c->not_before);
    return true;
}

static bool soon_over(const struct look *l, struct text *t)
{
    int64_t left = l->c->not_after - l->at, whole = l->c->not_after - l->c->not_before;
    if (left < 0 || left > 14 * (int64_t)DAY || left > whole / 3)
        return false;
    say_days(t, left, " left");
    return true;
}

/* BR 6.3.2: 398 days, then 200 for what is issued from 2026-03-15 on, 100 from 2027, 47 from 2029. */
static bool long_life(const struct look *l, struct text *t)
{
    const struct {
        int64_t from;
        int days;
    } steps[] = {{days_from_civil(2029, 3, 15), 47},  {days_from_civil(2027, 3, 15), 100},
                 {days_from_civil(2026, 3, 15), 200}, {days_from_civil(2020, 9, 1), 398},
                 {days_from_civil(2018, 3, 1), 825},  {INT64_MIN / DAY, 1200}};
    size_t i = 0;
    while (l->c->not_before < steps[i].from * DAY)
        i++;
    int64_t whole = l->c->not_after - l->c->not_before + 1; /* both ends are in it */
    if (whole <= (int64_t)steps[i].days * DAY)
        return false;
    say_days(t, whole, "; at most ");
    text_number(t, steps[i].days);
    text_add(t, " for its date of issue");
    return true;
}

static size_t count_names(const struct certificate *c, enum general_name wanted)
{
    bytes rest = c->alt_names, value;
    enum general_name kind;
    size_t n = 0;
    while (general_names_next(&rest, &kind, &value))
        n += kind == wanted;
    return n;
}

static bool no_names(const struct look *l, struct text *t)
{
    (void)t;
    return count_names(l->c, NAME_DNS) + count_names(l->c, NAME_IP) + count_names(l->c, NAME_EMAIL) == 0;
}

static bool cn_not_in_names(const struct look *l, struct text *t)
{
    static const uint8_t oid_cn[] = {0x55, 4, 3};
    struct name_walk walk = name_walk(l->c->subject);
    bytes type, value, name;
    uint8_t tag;
    while (name_next(&walk, &type, &tag, &value)) {
        if (!bytes_equal(type, BYTES_OF(oid_cn)))
            continue;
        bytes rest = l->c->alt_names;
        enum general_name kind;
        bool found = false;
        char text[64];
        while (general_names_next(&rest, &kind, &name)) {
            struct host host = {.kind = HOST_IP, .ip_len = (uint8_t)name.len};
            if (kind == NAME_IP && name.len <= sizeof host.ip) {
                bytes_copy(host.ip, name.data, name.len);
                found = found || (host_address_text(&host, text, sizeof text) && bytes_equal(value, bytes_text(text)));
            }
            found = found || ((kind == NAME_DNS || kind == NAME_EMAIL) && dns_equal(name, value));
        }
        if (!found) {
            text_escaped(t, bytes_first(value, 64));
            return true;
        }
    }
    return false;
}

static bool serial_short(const struct look *l, struct text *t)
{
    if (l->c->serial.len >= 8 || (l->place == 2))
        return false;
    text_number(t, (int64_t)l->c->serial.len);
    text_add(t, l->c->serial.len == 1 ? " byte" : " bytes");
    return true;
}

static bool self_signed_leaf(const struct look *l, struct text *t)
{
    (void)t;
    return l->c->self_issued;
}

static bool unknown_critical(const struct look *l, struct text *t)
{
    if (l->c->unknown_critical.data == NULL)
        return false;
    oid_text(t, l->c->unknown_critical);
    return true;
}

/* Does authorityInfoAccess have this method? */
static bool has_access(const struct certificate *c, const char *method)
{
    bytes content, access, oid;
    if (c->authority_info.data == NULL || !der_only(c->authority_info, DER_SEQUENCE, &content))
        return false;
    for (struct der d = der_in(content); der_more(&d) && der_read(&d, DER_SEQUENCE, &access);) {
        struct der a = der_in(access);
        const char *name = der_oid(&a, &oid) ? oid_name(oid) : NULL;
        if (name != NULL && strcmp(name, method) == 0)
            return true;
    }
    return false;
}

static bool no_revocation(const struct look *l, struct text *t)
{
    (void)t;
    return l->c->crl_points.data == NULL && !has_access(l->c, "id-ad-ocsp");
}

static bool no_issuer_address(const struct look *l, struct text *t)
{
    (void)t;
    return !l->c->self_issued && !has_access(l->c, "id-ad-caIssuers");
}

static bool no_timestamps(const struct look *l, struct text *t)
{
    (void)t;
    return l->c->sct_list.data == NULL;
}

static bool no_policy(const struct look *l, struct text *t)
{
    (void)t;
    return l->c->policies.data == NULL;
}

static bool wildcard(const struct look *l, struct text *t)
{
    bytes rest = l->c->alt_names, value, base;
    enum general_name kind;
    while (general_names_next(&rest, &kind, &value)) {
        if (kind == NAME_DNS && dns_wildcard(value, &base)) {
            text_escaped(t, bytes_first(value, 64));
            return true;
        }
    }
    return false;
}

static bool inner_name(const struct look *l, struct text *t)
{
    bytes rest = l->c->alt_names, value;
    enum general_name kind;
    while (general_names_next(&rest, &kind, &value)) {
        if (kind == NAME_DNS && memchr(value.data, '.', value.len) == NULL) {
            text_escaped(t, bytes_first(value, 64));
            return true;
        }
    }
    return false;
}

static bool many_names(const struct look *l, struct text *t)
{
    size_t n = count_names(l->c, NAME_DNS) + count_names(l->c, NAME_IP);
    text_number(t, (int64_t)n);
    return n > 100;
}

static bool key_encipherment_ec(const struct look *l, struct text *t)
{
    (void)t;
    return l->c->key.kind != 0 && !is_rsa(l->c) && l->c->has_key_usage &&
           (l->c->key_usage & (USAGE_KEY_ENCIPHERMENT | USAGE_DATA_ENCIPHERMENT)) != 0;
}

static bool staple_promise(const struct look *l, struct text *t)
{
    (void)t;
    return promises_staple(l->c);
}
