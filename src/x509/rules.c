/* Rules for one certificate at one place in a path: RFC 5280 6.1.3 to 6.1.5 without names and signatures, which need more
   than one certificate, and RFC 9325 4 on keys and algorithms.

   Each row of the table is one check of the verdict's trail. The same functions serve the search for a path, which only
   wants yes or no, and the trail, which wants the values in words. */
#include "x509/rules.h"

#include "crypto/crypto.h"
#include "x509/certificate.h"
#include "x509/der.h"
#include "x509/legacy.h"

static bool critical(const struct standing *s, struct finding *f, struct text *words);
static bool validity(const struct standing *s, struct finding *f, struct text *words);
static bool algorithm(const struct standing *s, struct finding *f, struct text *words);
static bool key(const struct standing *s, struct finding *f, struct text *words);
static bool is_ca(const struct standing *s, struct finding *f, struct text *words);
static bool is_no_ca(const struct standing *s, struct finding *f, struct text *words);
static bool path_length(const struct standing *s, struct finding *f, struct text *words);
static bool issuer_usage(const struct standing *s, struct finding *f, struct text *words);
static bool leaf_usage(const struct standing *s, struct finding *f, struct text *words);
static bool purpose(const struct standing *s, struct finding *f, struct text *words);

#define TLS (1 << PROFILE_TLS)
#define WEB (1 << PROFILE_WEB)
#define ALL (TLS | WEB | 1 << PROFILE_RFC5280)

// clang-format off
static const struct rule rules[] = {
    {FEDE_CHECK_CRITICAL,    AT_LEAF | AT_ISSUER | AT_ANCHOR, ALL,       critical},
    {FEDE_CHECK_VALIDITY,    AT_LEAF | AT_ISSUER | AT_ANCHOR, ALL,       validity},
    {FEDE_CHECK_ALGORITHM,   AT_LEAF | AT_ISSUER,             ALL,       algorithm},
    {FEDE_CHECK_KEY,         AT_LEAF | AT_ISSUER | AT_ANCHOR, ALL,       key},
    {FEDE_CHECK_CA,          AT_ISSUER | AT_ANCHOR,           ALL,       is_ca},
    {FEDE_CHECK_CA,          AT_LEAF,                         TLS | WEB, is_no_ca},
    {FEDE_CHECK_PATH_LENGTH, AT_ISSUER | AT_ANCHOR,           ALL,       path_length},
    {FEDE_CHECK_KEY_USAGE,   AT_ISSUER | AT_ANCHOR,           ALL,       issuer_usage},
    {FEDE_CHECK_KEY_USAGE,   AT_LEAF,                         ALL,       leaf_usage},
    {FEDE_CHECK_PURPOSE,     AT_LEAF | AT_ISSUER | AT_ANCHOR, ALL,       purpose},
    {FEDE_CHECK_PROFILE,     AT_LEAF | AT_ISSUER | AT_ANCHOR, TLS | WEB, profile_kept},
};
// clang-format on

const struct rule *rule_at(size_t n)
{
    return n < sizeof rules / sizeof *rules ? &rules[n] : NULL;
}

bool rule_applies(const struct rule *rule, const struct standing *s)
{
    unsigned place = s->position == 0 ? AT_LEAF : s->anchor ? AT_ANCHOR : AT_ISSUER;
    bool own_signature = place == AT_LEAF && s->anchor && rule->kind == FEDE_CHECK_ALGORITHM; /* is not checked */
    return (rule->places & place) != 0 && (rule->profiles >> s->request->profile & 1) != 0 && !own_signature;
}

bool rules_kept(const struct standing *s, struct finding *f)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rule_applies(&rules[i], s) && !rules[i].kept(s, f, NULL))
            return false;
    return true;
}

static bool critical(const struct standing *s, struct finding *f, struct text *words)
{
    bytes oid = s->c->unknown_critical;
    if (oid.data == NULL) {
        if (words)
            text_add(words, "every critical extension is understood");
        return true;
    }
    if (words) {
        char number[64];
        const char *name = extension_name(oid);
        der_oid_text(oid, number, sizeof number);
        text_add(words, name ? name : "object identifier ");
        text_add(words, name ? "" : number);
    }
    return broken(f, FEDE_CERT_CRITICAL_EXTENSION, "extensions", 0, 0);
}

static bool validity(const struct standing *s, struct finding *f, struct text *words)
{
    const struct certificate *c = s->c;
    if (words) {
        text_time(words, c->not_before);
        text_add(words, " to ");
        text_time(words, c->not_after);
    }
    if (s->request->at < c->not_before)
        return broken(f, FEDE_CERT_NOT_YET_VALID, "notBefore", c->not_before, s->request->at);
    if (s->request->at > c->not_after)
        return broken(f, FEDE_CERT_EXPIRED, "notAfter", c->not_after, s->request->at);
    return true;
}

static bool algorithm(const struct standing *s, struct finding *f, struct text *words)
{
    const struct certificate *c = s->c;
    if (words) {
        char name[96];
        algorithm_text(c->algorithm, name, sizeof name);
        text_add(words, name);
    }
    if (!bytes_equal(c->algorithm, c->tbs_algorithm))
        return broken(f, FEDE_CERT_ALGORITHM_MISMATCH, "signatureAlgorithm", 0, 0);
    if (c->scheme == 0 && !legacy_algorithm(s->request, c->algorithm))
        return broken(f, FEDE_CERT_ALGORITHM, "signatureAlgorithm", 0, 0);
    return true;
}

static const char *key_name(uint8_t kind)
{
    static const char *const names[] = {
        [KEY_RSA] = "RSA",       [KEY_RSA_PSS] = "RSASSA-PSS", [KEY_EC_P256] = "P-256", [KEY_EC_P384] = "P-384",
        [KEY_EC_P521] = "P-521", [KEY_ED25519] = "Ed25519",    [KEY_ED448] = "Ed448"};
    return kind < sizeof names / sizeof *names && names[kind] ? names[kind] : "unknown";
}

static bool key(const struct standing *s, struct finding *f, struct text *words)
{
    const struct public_key *k = &s->c->key;
    bool rsa = k->kind == KEY_RSA || k->kind == KEY_RSA_PSS;
    unsigned dsa_bits;
    if (k->kind == 0 && legacy_key(s->request, k->spki, &dsa_bits)) {
        if (words) {
            text_add(words, dsa_bits == 0 ? "DSA, with the parameters of the issuer's key" : "DSA, ");
            if (dsa_bits != 0)
                text_number(words, dsa_bits);
            text_add(words, dsa_bits == 0 ? "" : " bits");
        }
        return true;
    }
    if (words) {
        text_add(words, k->kind == 0 ? s->c->key_problem : key_name(k->kind));
        if (rsa) {
            text_add(words, ", ");
            text_number(words, k->bits);
            text_add(words, " bits");
        }
    }
    if (k->kind == 0)
        return broken(f, FEDE_CERT_KEY_UNSUPPORTED, "subjectPublicKeyInfo", 0, 0);
    if (rsa && k->bits < 2048)
        return broken(f, FEDE_CERT_WEAK_KEY, "subjectPublicKeyInfo", k->bits, 2048);
    if (s->c->key_unusable) {
        if (words)
            text_add(words, ", but its value is no such key");
        return broken(f, FEDE_CERT_KEY_UNSUPPORTED, "subjectPublicKeyInfo", 0, 0);
    }
    return true;
}

/* A certificate of version 1 or 2 can't say that it is a CA's; as an anchor the user's choice says it. */
static bool is_ca(const struct standing *s, struct finding *f, struct text *words)
{
    const struct certificate *c = s->c;
    bool old_anchor = s->anchor && c->version < 3 && s->request->profile != PROFILE_WEB;
    if (words) {
        text_add(words, c->is_ca         ? "cA is TRUE"
                        : c->has_basic   ? "cA is FALSE"
                        : c->version < 3 ? "a certificate without extensions, from before version 3"
                                         : "basicConstraints is absent");
    }
    return c->is_ca || old_anchor || broken(f, FEDE_CERT_NOT_CA, "basicConstraints", 0, 0);
}

static bool is_no_ca(const struct standing *s, struct finding *f, struct text *words)
{
    const struct certificate *c = s->c;
    bool any = s->request->purpose == PURPOSE_ANY;
    if (words)
        text_add(words, c->is_ca ? "cA is TRUE" : c->has_basic ? "cA is FALSE" : "basicConstraints is absent");
    return any || !c->is_ca || broken(f, FEDE_CERT_CA_AS_LEAF, "basicConstraints", 0, 0);
}

static bool path_length(const struct standing *s, struct finding *f, struct text *words)
{
    int limit = s->c->path_len;
    if (words) {
        text_number(words, s->below);
        text_add(words, " CA certificates below, ");
        if (limit >= 0) {
            text_number(words, limit);
            text_add(words, " allowed");
        } else {
            text_add(words, "no limit");
        }
    }
    return limit < 0 || s->below <= limit || broken(f, FEDE_CERT_PATH_LENGTH, "pathLenConstraint", s->below, limit);
}

static const char *const usage_names[] = {"digitalSignature", "nonRepudiation", "keyEncipherment",
                                          "dataEncipherment", "keyAgreement",   "keyCertSign",
                                          "cRLSign",          "encipherOnly",   "decipherOnly"};

/* The names of the bits, joined. */
static void add_usages(struct text *words, unsigned bits)
{
    bool more = false;
    for (unsigned i = 0; i < 9; i++) {
        if ((bits >> i & 1) != 0) {
            text_add(words, more ? ", " : "");
            text_add(words, usage_names[i]);
            more = true;
        }
    }
    text_add(words, more ? "" : "none");
}

static bool usage(const struct standing *s, unsigned needed, struct finding *f, struct text *words)
{
    const struct certificate *c = s->c;
    bool kept = !c->has_key_usage || (c->key_usage & needed) == needed;
    if (words && !kept)
        add_usages(words, needed & ~(unsigned)c->key_usage);
    else if (words && c->has_key_usage)
        add_usages(words, c->key_usage);
    else if (words)
        text_add(words, "keyUsage is absent");
    return kept || broken(f, FEDE_CERT_KEY_USAGE, "keyUsage", c->key_usage, needed);
}

static bool issuer_usage(const struct standing *s, struct finding *f, struct text *words)
{
    return usage(s, USAGE_CERT_SIGN, f, words);
}

static bool leaf_usage(const struct standing *s, struct finding *f, struct text *words)
{
    unsigned needed = s->request->key_usage;
    if (needed == 0 && s->request->purpose != PURPOSE_ANY)
        needed = USAGE_DIGITAL_SIGNATURE;
    return usage(s, needed, f, words);
}

/* Extended key usage of a CA limits what the certificates below may be used for: no standard says so, every
   implementation does, and CAs rely on it. */
static bool purpose(const struct standing *s, struct finding *f, struct text *words)
{
    static const uint8_t kp[] = {0x2b, 6, 1, 5, 5, 7, 3}, any[] = {0x55, 0x1d, 37, 0};
    uint8_t wanted = s->request->purpose == PURPOSE_CLIENT ? 2 : 1;
    bytes oid, list = s->c->ext_key_usage;
    bool found = list.data == NULL || s->request->purpose == PURPOSE_ANY;
    const char *name = wanted == 1 ? "serverAuth" : "clientAuth";
    for (struct der d = der_in(list); list.data != NULL && der_oid(&d, &oid);) {
        bool matches = oid.len == sizeof kp + 1 && oid.data[sizeof kp] == wanted &&
                       bytes_equal(bytes_first(oid, sizeof kp), BYTES_OF(kp));
        found = found || matches || bytes_equal(oid, BYTES_OF(any));
    }
    if (words)
        text_add(words, list.data == NULL ? "extKeyUsage is absent: any purpose" : name);
    return found || broken(f, FEDE_CERT_EXTENDED_KEY_USAGE, "extKeyUsage", 0, 0);
}
