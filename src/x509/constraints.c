/* Name constraints: RFC 5280 4.2.1.10.

   A CA's constraint applies to every certificate below it that is not an intermediate issued by itself: to its subject
   when that is not empty, to the mail addresses in it, and to each subject alternative name. A form that has permitted
   subtrees needs one that holds the name; an excluded subtree that holds it, or could hold one of the names that a wildcard
   stands for, forbids it. A constraint on a form that is not understood forbids every name of that form. */
#include "x509/constraints.h"

#include "x509/certificate.h"
#include "x509/der.h"
#include "x509/host.h"

struct subtree {
    bool permitted;
    uint8_t kind; /* enum general_name */
    bytes base;
};

/* The two lists of one extension, walked from the first permitted to the last excluded. */
struct subtrees {
    struct der permitted, excluded;
};

static bool subtrees_open(bytes extension, struct subtrees *out);
static bool subtrees_next(struct subtrees *all, struct subtree *out, bool *malformed);
static const char *base_problem(const struct subtree *t, bool lax);
static bool name_allowed(const struct certificate *ca, uint8_t kind, bytes value, unsigned *budget, bool *over);
static bool holds(const struct subtree *t, bytes value, bool *malformed);
static bool dns_holds(bytes base, bytes name, bool permitted, bool *malformed);
static bool ip_holds(bytes base, bytes address);
static bool email_holds(bytes base, bytes mailbox, bool *malformed);
static bool uri_holds(bytes base, bytes uri, bool *malformed);
static void add_name(struct text *words, uint8_t kind, bytes value);
static bool features_promised(const struct certificate *ca, const struct certificate *c, int32_t *feature);

bool constraints_valid(const struct certificate *c, const struct verify_request *request, struct finding *f,
                       struct text *words)
{
    struct subtrees all;
    struct subtree t;
    bool malformed = false;
    const char *problem = NULL;
    if (c->name_constraints.data == NULL)
        return true;
    if (!subtrees_open(c->name_constraints, &all))
        problem = "neither permitted nor excluded subtrees stand in it";
    while (problem == NULL && subtrees_next(&all, &t, &malformed))
        problem = base_problem(&t, request->profile == PROFILE_TLS);
    if (problem == NULL && malformed)
        problem = "a subtree is not properly encoded";
    if (problem == NULL)
        return true;
    if (words)
        text_add(words, problem);
    return broken(f, FEDE_CERT_NAME_CONSTRAINT_BAD, "nameConstraints", 0, 0);
}

bool constraints_allow(const struct certificate *ca, const struct certificate *c, unsigned *budget, struct finding *f,
                       struct text *words)
{
    int32_t feature;
    if (!features_promised(ca, c, &feature)) {
        if (words)
            text_number(words, feature);
        return broken(f, FEDE_CERT_FEATURE, "TLS feature", feature, 0);
    }
    static const uint8_t oid_email[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1};
    bytes value = c->subject, type, rest = c->alt_names;
    uint8_t tag;
    enum general_name kind = NAME_DIRECTORY;
    bool over = false;
    if (ca->name_constraints.data == NULL)
        return true;
    bool allowed = c->subject.len <= 2 || name_allowed(ca, NAME_DIRECTORY, c->subject, budget, &over);
    for (struct name_walk walk = name_walk(c->subject); allowed && name_next(&walk, &type, &tag, &value);) {
        if (bytes_equal(type, BYTES_OF(oid_email))) {
            kind = NAME_EMAIL;
            allowed = name_allowed(ca, NAME_EMAIL, value, budget, &over);
        }
    }
    while (allowed && general_names_next(&rest, &kind, &value))
        allowed = name_allowed(ca, (uint8_t)kind, value, budget, &over);
    if (allowed)
        return true;
    if (over)
        return broken(f, FEDE_CERT_CONSTRAINT_BUDGET, "nameConstraints", CONSTRAINT_BUDGET, CONSTRAINT_BUDGET);
    if (words)
        add_name(words, (uint8_t)kind, kind == NAME_DIRECTORY && rest.data == c->alt_names.data ? c->subject : value);
    return broken(f, FEDE_CERT_NAME_CONSTRAINT, "nameConstraints", 0, 0);
}

static bool has_feature(const struct certificate *c, int32_t feature)
{
    bytes content;
    int32_t own;
    if (!der_only(c->tls_features, DER_SEQUENCE, &content))
        return false;
    for (struct der d = der_in(content); der_more(&d) && der_count(&d, &own);)
        if (own == feature)
            return true;
    return false;
}

/* RFC 7633 4.2.2: what a CA's certificate promises, every certificate below it must promise too. */
static bool features_promised(const struct certificate *ca, const struct certificate *c, int32_t *feature)
{
    bytes content;
    if (ca->tls_features.data == NULL || !der_only(ca->tls_features, DER_SEQUENCE, &content))
        return true;
    for (struct der d = der_in(content); der_more(&d) && der_count(&d, feature);)
        if (!has_feature(c, *feature))
            return false;
    return true;
}

/* ---- The extension ---------------------------------------------------------------------------------------------- */

static bool subtrees_open(bytes extension, struct subtrees *out)
{
    bytes content, permitted = BYTES_NONE, excluded = BYTES_NONE;
    if (!der_only(extension, DER_SEQUENCE, &content))
        return false;
    struct der d = der_in(content);
    bool has_permitted = der_at(&d, DER_CONTEXT_CONSTRUCTED(0));
    if (has_permitted && (!der_read(&d, DER_CONTEXT_CONSTRUCTED(0), &permitted) || permitted.len == 0))
        return false;
    bool has_excluded = der_at(&d, DER_CONTEXT_CONSTRUCTED(1));
    if (has_excluded && (!der_read(&d, DER_CONTEXT_CONSTRUCTED(1), &excluded) || excluded.len == 0))
        return false;
    *out = (struct subtrees){der_in(permitted), der_in(excluded)};
    return der_done(&d) && (has_permitted || has_excluded);
}

/* minimum must be 0, which is not written; maximum must be absent. */
static bool subtrees_next(struct subtrees *all, struct subtree *out, bool *malformed)
{
    bool permitted = der_more(&all->permitted);
    struct der *list = permitted ? &all->permitted : &all->excluded;
    bytes content, base;
    uint8_t tag;
    if (!der_more(list))
        return false;
    if (!der_read(list, DER_SEQUENCE, &content)) {
        *malformed = true;
        return false;
    }
    struct der d = der_in(content);
    if (!der_next(&d, &tag, &base) || !der_done(&d) || (tag & 0xc0) != 0x80 || (tag & 0x1f) > NAME_RID) {
        *malformed = true;
        return false;
    }
    *out = (struct subtree){.permitted = permitted, .kind = tag & 0x1f, .base = base};
    return true;
}

/* Why the base of a subtree is no constraint of its form; NULL: it is one. lax: a DNS constraint may begin with a dot, as
   many private CAs write it. */
static const char *base_problem(const struct subtree *t, bool lax)
{
    bytes base = t->base, local, domain;
    bool dot = base.len > 1 && base.data[0] == '.';
    switch (t->kind) {
    case NAME_DNS:
        base = dot && lax ? bytes_skip(base, 1) : base;
        return base.len == 0 || dns_name_labels(base) > 0 ? NULL : "a DNS constraint is not a DNS name";
    case NAME_URI:
        base = dot ? bytes_skip(base, 1) : base;
        return base.len == 0 || dns_name_labels(base) > 0 ? NULL : "a URI constraint is not a host or domain";
    case NAME_EMAIL:
        if (memchr(base.data, '@', base.len) != NULL)
            return mailbox_split(base, &local, &domain) ? NULL : "a mail constraint is not a mail address";
        base = dot ? bytes_skip(base, 1) : base;
        return base.len == 0 || dns_name_labels(base) > 0 ? NULL : "a mail constraint is not a host or domain";
    case NAME_IP: {
        if (base.len != 8 && base.len != 32)
            return "an address constraint is not an address and a mask";
        bool ended = false; /* the mask is ones, then zeros */
        for (size_t bit = base.len * 4; bit < base.len * 8; bit++) {
            bool one = (base.data[bit / 8] >> (7 - bit % 8) & 1) != 0;
            if (one && ended)
                return "the mask of an address constraint has gaps";
            ended = !one;
        }
        return NULL;
    }
    case NAME_DIRECTORY:
        return name_read(base) ? NULL : "a directory name constraint is not a Name";
    default:
        return NULL;
    }
}

static bool name_allowed(const struct certificate *ca, uint8_t kind, bytes value, unsigned *budget, bool *over)
{
    struct subtrees all;
    struct subtree t;
    bool malformed = false, limited = false, permitted = false;
    if (!subtrees_open(ca->name_constraints, &all))
        return false;
    while (subtrees_next(&all, &t, &malformed)) {
        /* Long names cost more. */
        const size_t cost = 1 + (t.kind == kind ? (t.base.len + value.len) / 16 : 0);
        if (*budget < cost) {
            *budget = 0;
            *over = true;
            return false;
        }
        *budget -= (unsigned)cost;
        if (t.kind != kind)
            continue;
        bool held = holds(&t, value, &malformed);
        if (malformed || (held && !t.permitted))
            return false;
        limited = limited || t.permitted;
        permitted = permitted || held;
    }
    return !malformed && (permitted || !limited);
}

/* Whether the subtree holds the name. *malformed: the name or the form can't be judged, so it must be refused. */
static bool holds(const struct subtree *t, bytes value, bool *malformed)
{
    switch (t->kind) {
    case NAME_DNS:
        return dns_holds(t->base, value, t->permitted, malformed);
    case NAME_IP:
        return ip_holds(t->base, value);
    case NAME_EMAIL:
        return email_holds(t->base, value, malformed);
    case NAME_URI:
        return uri_holds(t->base, value, malformed);
    case NAME_DIRECTORY:
        return name_within(t->base, value);
    default:
        *malformed = true;
        return false;
    }
}

/* ---- Forms of names --------------------------------------------------------------------------------------------- */

/* name is base, or ends in a dot and base. */
static bool domain_within(bytes base, bytes name, bool itself)
{
    if (base.len == 0)
        return true;
    if (base.len >= name.len)
        return itself && dns_equal(base, name);
    size_t at = name.len - base.len;
    return name.data[at - 1] == '.' && dns_equal(base, bytes_skip(name, at));
}

static bool dns_holds(bytes base, bytes name, bool permitted, bool *malformed)
{
    bytes wild;
    bool itself = true;
    if (base.len > 0 && base.data[0] == '.') {
        base = bytes_skip(base, 1);
        itself = false;
    }
    bool wildcard = dns_wildcard(name, &wild);
    *malformed = dns_name_labels(wildcard ? wild : name) == 0;
    if (*malformed)
        return false;
    if (!wildcard)
        return domain_within(base, name, itself);
    if (domain_within(base, wild, true))
        return true;
    /* "*.example.com" stands for "foo.example.com" too: excluded together with it. */
    const uint8_t *dot = memchr(base.data, '.', base.len);
    return !permitted && itself && dot != NULL && dns_equal(wild, bytes_skip(base, (size_t)(dot - base.data) + 1));
}

static bool ip_holds(bytes base, bytes address)
{
    if (base.len != address.len * 2)
        return false;
    for (size_t i = 0; i < address.len; i++)
        if (((base.data[i] ^ address.data[i]) & base.data[address.len + i]) != 0)
            return false;
    return true;
}

/* RFC 5280: "user@host" is one mailbox, "host" all on it, ".domain" all on hosts inside the domain. The local part is
   compared byte by byte. */
static bool email_holds(bytes base, bytes mailbox, bool *malformed)
{
    bytes local, domain, base_local, base_domain;
    if (!mailbox_split(mailbox, &local, &domain)) {
        *malformed = true;
        return false;
    }
    if (mailbox_split(base, &base_local, &base_domain))
        return bytes_equal(local, base_local) && dns_equal(domain, base_domain);
    if (base.len > 0 && base.data[0] == '.')
        return domain_within(bytes_skip(base, 1), domain, false);
    return base.len == 0 || dns_equal(base, domain);
}

/* The host of scheme://user@host:port/…; a URI without host, or with an address as host, can't be judged. */
static bool uri_holds(bytes base, bytes uri, bool *malformed)
{
    bytes host = BYTES_NONE;
    for (size_t i = 0; i + 3 <= uri.len; i++) {
        if (memcmp(uri.data + i, "://", 3) == 0) {
            host = bytes_skip(uri, i + 3);
            break;
        }
    }
    size_t len = 0;
    while (len < host.len && host.data[len] != '/' && host.data[len] != '?' && host.data[len] != '#')
        len++;
    host = bytes_first(host, len);
    for (size_t i = host.len; i > 0; i--) {
        if (host.data[i - 1] == '@') {
            host = bytes_skip(host, i);
            break;
        }
    }
    const uint8_t *colon = host.len > 0 ? memchr(host.data, ':', host.len) : NULL;
    host = colon ? bytes_first(host, (size_t)(colon - host.data)) : host;
    if (dns_name_labels(host) == 0) {
        *malformed = true;
        return false;
    }
    if (base.len > 0 && base.data[0] == '.')
        return domain_within(bytes_skip(base, 1), host, false);
    return base.len == 0 || dns_equal(base, host);
}

static void add_name(struct text *words, uint8_t kind, bytes value)
{
    static const char *const kinds[] = {"other name",    "mail address ",   "DNS name ",
                                        "X.400 address", "directory name ", "EDI party name",
                                        "URI ",          "IP address ",     "registered identifier"};
    text_add(words, kind <= NAME_RID ? kinds[kind] : "name");
    if (kind == NAME_DIRECTORY) {
        char name[200];
        name_text(value, name, sizeof name);
        text_add(words, name);
    } else if (kind == NAME_IP) {
        struct host host = {.kind = HOST_IP, .ip_len = (uint8_t)value.len};
        char address[64];
        bytes_copy(host.ip, value.data, value.len <= 16 ? value.len : 16);
        text_add(words, host_address_text(&host, address, sizeof address) ? address : "");
    } else if (kind == NAME_DNS || kind == NAME_EMAIL || kind == NAME_URI) {
        text_escaped(words, value);
    }
}
