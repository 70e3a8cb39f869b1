/* explain/annotate_der.c: the fields of a certificate, an OCSP response, a name: every byte of the DER (RFC 5280, RFC 6960, X.690).

   One walker follows tables of rules: which tag may come here, what the RFC calls it, how its value reads, what lies inside
   it. Items that fit no rule are shown by their ASN.1 type. This is a reader for the eye: it accepts more than the verifier
   (x509/), which decides alone what is valid; of a certificate that the verifier can't read, the place is told. Bytes that are no
   DER item become a field "unread". */
#include "base/error.h"
#include "explain/annotate.h"
#include "explain/oids.h"
#include "x509/x509.h"

enum show {
    AS_BYTES,
    AS_INTEGER,
    AS_OID,
    AS_STRING,
    AS_TIME,
    AS_BOOLEAN,
    AS_BITS,
    AS_KEY_USAGE,
    AS_NAME,
    AS_FIRST_OID,
    AS_IP,
    AS_VERSION,
    AS_ATTRIBUTE,
    AS_EXTENSION,
    AS_NULL,
    AS_TYPED
};

struct rule {
    uint8_t tag;
    const char *name;
    uint8_t show;              /* enum show */
    const struct rule *inside; /* of a constructed item, or of the DER wrapped in a BIT or OCTET STRING */
    bool many;                 /* may come again, and does not stand in the way of the rules before it */
    bool by_oid;               /* an OCTET STRING whose content depends on the OID before it */
    bool through;              /* holds one item only, which gets no level of its own */
    bool der;                  /* an OCTET STRING that holds DER for certain */
};

enum {
    BOOLEAN = 0x01,
    INTEGER = 0x02,
    BIT_STRING = 0x03,
    OCTET_STRING = 0x04,
    NULL_ = 0x05,
    OID = 0x06,
    ENUMERATED = 0x0a,
    UTF8 = 0x0c,
    UTC_TIME = 0x17,
    GENERALIZED_TIME = 0x18,
    SEQUENCE = 0x30,
    SET = 0x31,
    ANY = 0xff,
    CONSTRUCTED = 0x20,
    DEEPEST = 24,
    WORDS_MAX = 600,
    LONG_NUMBER = 20 /* bytes; longer ones are shown as bytes */
};

// clang-format off
static const struct rule algorithm[] = {{OID, "algorithm", AS_OID}, {ANY, "parameters", AS_TYPED}, {0}};
static const struct rule attribute[] = {{OID, "type", AS_OID}, {ANY, "value", AS_TYPED}, {0}};
static const struct rule rdn[] = {{SEQUENCE, "attribute", AS_ATTRIBUTE, attribute, .many = true}, {0}};
static const struct rule name[] = {{SET, "relativeDistinguishedName", AS_BYTES, rdn, .many = true}, {0}};
static const struct rule validity[] = {
    {UTC_TIME, "notBefore", AS_TIME}, {UTC_TIME, "notAfter", AS_TIME}, {0}};
static const struct rule rsa_numbers[] = {{INTEGER, "modulus", AS_INTEGER}, {INTEGER, "publicExponent", AS_INTEGER}, {0}};
static const struct rule rsa_key[] = {{SEQUENCE, "rsaPublicKey", AS_BYTES, rsa_numbers}, {0}};
static const struct rule ecdsa_numbers[] = {{INTEGER, "r", AS_INTEGER}, {INTEGER, "s", AS_INTEGER}, {0}};
static const struct rule ecdsa_signature[] = {{SEQUENCE, "ecdsaSigValue", AS_BYTES, ecdsa_numbers}, {0}};
static const struct rule spki[] = {
    {SEQUENCE, "algorithm", AS_FIRST_OID, algorithm}, {BIT_STRING, "subjectPublicKey", AS_BITS, rsa_key, .through = true}, {0}};
static const struct rule extension[] = {
    {OID, "extnID", AS_OID}, {BOOLEAN, "critical", AS_BOOLEAN}, {OCTET_STRING, "extnValue", AS_BYTES, .by_oid = true}, {0}};
static const struct rule extension_list[] = {{SEQUENCE, "extension", AS_EXTENSION, extension, .many = true}, {0}};
static const struct rule extensions[] = {{SEQUENCE, "list", AS_BYTES, extension_list}, {0}};
static const struct rule version[] = {{INTEGER, "number", AS_VERSION}, {0}};
static const struct rule tbs[] = {
    {0xa0, "version", AS_BYTES, version, .through = true}, {INTEGER, "serialNumber", AS_INTEGER}, {SEQUENCE, "signature", AS_FIRST_OID, algorithm},
    {SEQUENCE, "issuer", AS_NAME, name}, {SEQUENCE, "validity", AS_BYTES, validity}, {SEQUENCE, "subject", AS_NAME, name},
    {SEQUENCE, "subjectPublicKeyInfo", AS_BYTES, spki}, {0x81, "issuerUniqueID", AS_BITS}, {0x82, "subjectUniqueID", AS_BITS},
    {0xa3, "extensions", AS_BYTES, extensions, .through = true}, {0}};
static const struct rule certificate_parts[] = {
    {SEQUENCE, "tbsCertificate", AS_BYTES, tbs}, {SEQUENCE, "signatureAlgorithm", AS_FIRST_OID, algorithm},
    {BIT_STRING, "signatureValue", AS_BITS, ecdsa_signature, .through = true}, {0}};

/* OCSP, RFC 6960 4.2.1. */
static const struct rule certificates[] = {{SEQUENCE, "certificate", AS_BYTES, certificate_parts, .many = true}, {0}};
static const struct rule certificates_list[] = {{SEQUENCE, "list", AS_BYTES, certificates}, {0}};
static const struct rule certificate_id[] = {{SEQUENCE, "hashAlgorithm", AS_FIRST_OID, algorithm}, {OCTET_STRING, "issuerNameHash", AS_BYTES},
    {OCTET_STRING, "issuerKeyHash", AS_BYTES}, {INTEGER, "serialNumber", AS_INTEGER}, {0}};
static const struct rule reason[] = {{ENUMERATED, "reason", AS_INTEGER}, {0}};
static const struct rule revoked[] = {{UTC_TIME, "revocationTime", AS_TIME}, {0xa0, "revocationReason", AS_BYTES, reason}, {0}};
static const struct rule next_update[] = {{UTC_TIME, "time", AS_TIME}, {0}};
static const struct rule single_response[] = {{SEQUENCE, "certID", AS_BYTES, certificate_id}, {0x80, "good", AS_NULL}, {0xa1, "revoked", AS_BYTES, revoked},
    {0x82, "unknown", AS_NULL}, {UTC_TIME, "thisUpdate", AS_TIME}, {0xa0, "nextUpdate", AS_BYTES, next_update},
    {0xa1, "singleExtensions", AS_BYTES, extensions, .through = true}, {0}};
static const struct rule responses[] = {{SEQUENCE, "singleResponse", AS_BYTES, single_response, .many = true}, {0}};
static const struct rule by_name[] = {{SEQUENCE, "name", AS_NAME, name}, {0}};
static const struct rule by_key[] = {{OCTET_STRING, "keyHash", AS_BYTES}, {0}};
static const struct rule response_data[] = {
    {0xa0, "version", AS_BYTES, version, .through = true}, {0xa1, "responderName", AS_BYTES, by_name, .through = true}, {0xa2, "responderKey", AS_BYTES, by_key},
    {UTC_TIME, "producedAt", AS_TIME}, {SEQUENCE, "responses", AS_BYTES, responses}, {0xa1, "responseExtensions", AS_BYTES, extensions, .through = true}, {0}};
static const struct rule basic_response_parts[] = {{SEQUENCE, "tbsResponseData", AS_BYTES, response_data},
    {SEQUENCE, "signatureAlgorithm", AS_FIRST_OID, algorithm}, {BIT_STRING, "responseSignature", AS_BITS, ecdsa_signature, .through = true},
    {0xa0, "certs", AS_BYTES, certificates_list, .through = true}, {0}};
static const struct rule basic_response[] = {{SEQUENCE, "basicOCSPResponse", AS_BYTES, basic_response_parts}, {0}};
static const struct rule response_bytes_parts[] = {{OID, "responseType", AS_OID}, {OCTET_STRING, "basicResponse", AS_BYTES, basic_response, .through = true, .der = true}, {0}};
static const struct rule response_bytes[] = {{SEQUENCE, "responseBytes", AS_BYTES, response_bytes_parts}, {0}};
static const struct rule ocsp_response[] = {{ENUMERATED, "responseStatus", AS_INTEGER}, {0xa0, "responseBytes", AS_BYTES, response_bytes, .through = true}, {0}};

/* Contents of extensions. */
static const struct rule directory[] = {{SEQUENCE, "name", AS_NAME, name}, {0}};
static const struct rule general_name[] = {
    {0xa0, "otherName", .many = true}, {0x81, "rfc822Name", AS_STRING, .many = true}, {0x82, "dNSName", AS_STRING, .many = true},
    {0xa4, "directoryName", AS_BYTES, directory, .many = true, .through = true}, {0x86, "uniformResourceIdentifier", AS_STRING, .many = true},
    {0x87, "iPAddress", AS_IP, .many = true}, {0x88, "registeredID", AS_OID, .many = true}, {0}};
static const struct rule general_names[] = {{SEQUENCE, "generalNames", AS_BYTES, general_name}, {0}};
static const struct rule key_id[] = {{OCTET_STRING, "keyIdentifier", AS_BYTES}, {0}};
static const struct rule authority_key_parts[] = {{0x80, "keyIdentifier", AS_BYTES}, {0xa1, "authorityCertIssuer", AS_BYTES, general_name},
    {0x82, "authorityCertSerialNumber", AS_BYTES}, {0}};
static const struct rule authority_key[] = {{SEQUENCE, "authorityKeyIdentifier", AS_BYTES, authority_key_parts}, {0}};
static const struct rule key_usage[] = {{BIT_STRING, "keyUsage", AS_KEY_USAGE}, {0}};
static const struct rule basic_parts[] = {{BOOLEAN, "cA", AS_BOOLEAN}, {INTEGER, "pathLenConstraint", AS_INTEGER}, {0}};
static const struct rule basic[] = {{SEQUENCE, "basicConstraints", AS_BYTES, basic_parts}, {0}};
static const struct rule purposes[] = {{OID, "keyPurposeId", AS_OID, .many = true}, {0}};
static const struct rule ext_key_usage[] = {{SEQUENCE, "extKeyUsage", AS_BYTES, purposes}, {0}};
static const struct rule policy[] = {{OID, "policyIdentifier", AS_OID}, {SEQUENCE, "policyQualifiers"}, {0}};
static const struct rule policy_list[] = {{SEQUENCE, "policyInformation", AS_BYTES, policy, .many = true}, {0}};
static const struct rule policies[] = {{SEQUENCE, "certificatePolicies", AS_BYTES, policy_list}, {0}};
static const struct rule point_name[] = {{0xa0, "fullName", AS_BYTES, general_name}, {0}};
static const struct rule point[] = {{0xa0, "distributionPoint", AS_BYTES, point_name}, {0x81, "reasons", AS_BYTES},
    {0xa2, "cRLIssuer", AS_BYTES, general_name}, {0}};
static const struct rule point_list[] = {{SEQUENCE, "distributionPoint", AS_BYTES, point, .many = true}, {0}};
static const struct rule points[] = {{SEQUENCE, "cRLDistributionPoints", AS_BYTES, point_list}, {0}};
static const struct rule access[] = {{OID, "accessMethod", AS_OID}, {0x86, "accessLocation", AS_STRING}, {0}};
static const struct rule access_list[] = {{SEQUENCE, "accessDescription", AS_BYTES, access, .many = true}, {0}};
static const struct rule accesses[] = {{SEQUENCE, "authorityInfoAccess", AS_BYTES, access_list}, {0}};
static const struct rule subtree[] = {
    {0x81, "rfc822Name", AS_STRING}, {0x82, "dNSName", AS_STRING}, {0xa4, "directoryName", AS_BYTES, directory, .through = true},
    {0x86, "uniformResourceIdentifier", AS_STRING}, {0x87, "iPAddress", AS_IP}, {0x80, "minimum", AS_INTEGER}, {0}};
static const struct rule subtree_list[] = {{SEQUENCE, "generalSubtree", AS_BYTES, subtree, .many = true}, {0}};
static const struct rule constraint_parts[] = {
    {0xa0, "permittedSubtrees", AS_BYTES, subtree_list}, {0xa1, "excludedSubtrees", AS_BYTES, subtree_list}, {0}};
static const struct rule constraints[] = {{SEQUENCE, "nameConstraints", AS_BYTES, constraint_parts}, {0}};
static const struct rule sct_list[] = {{OCTET_STRING, "sctList", AS_BYTES}, {0}};
static const struct rule features[] = {{INTEGER, "feature", AS_INTEGER, .many = true}, {0}};
static const struct rule tls_feature[] = {{SEQUENCE, "tlsFeature", AS_BYTES, features}, {0}};

static const struct {
    const char *extension;
    const struct rule *inside;
} contents[] = {
    {"subjectKeyIdentifier", key_id}, {"authorityKeyIdentifier", authority_key}, {"keyUsage", key_usage},
    {"subjectAltName", general_names}, {"issuerAltName", general_names}, {"basicConstraints", basic},
    {"extKeyUsage", ext_key_usage}, {"certificatePolicies", policies}, {"cRLDistributionPoints", points},
    {"authorityInfoAccess", accesses}, {"nameConstraints", constraints}, {"signedCertificateTimestampList", sct_list},
    {"tlsFeature", tls_feature},
};

/* How items that fit no rule are called and shown: by their universal type. */
static const struct rule types[] = {
    {BOOLEAN, "boolean", AS_BOOLEAN}, {INTEGER, "integer", AS_INTEGER}, {BIT_STRING, "bitString", AS_BITS},
    {OCTET_STRING, "octetString", AS_BYTES}, {NULL_, "null", AS_NULL}, {OID, "objectIdentifier", AS_OID},
    {ENUMERATED, "enumerated", AS_INTEGER}, {UTF8, "utf8String", AS_STRING}, {0x12, "numericString", AS_STRING},
    {0x13, "printableString", AS_STRING}, {0x14, "teletexString", AS_STRING}, {0x16, "ia5String", AS_STRING},
    {UTC_TIME, "utcTime", AS_TIME}, {GENERALIZED_TIME, "generalizedTime", AS_TIME}, {0x1a, "visibleString", AS_STRING},
    {0x1c, "universalString", AS_STRING}, {0x1e, "bmpString", AS_STRING}, {SEQUENCE, "sequence"}, {SET, "set"},
    {0x80, "context0"}, {0x81, "context1"}, {0x82, "context2"}, {0x83, "context3"}, {0x84, "context4"}, {0x85, "context5"},
    {0x86, "context6"}, {0xa0, "context0"}, {0xa1, "context1"}, {0xa2, "context2"}, {0xa3, "context3"}, {0xa4, "context4"}, {0}};
// clang-format on

struct walker {
    struct arena *arena;
    struct faults *faults;
    const uint8_t *base; /* stands at offset 0 of the message */
    bytes oid;           /* the last identifier seen: names attributes and extensions */
};

struct item {
    uint8_t tag;
    bytes whole, body;
};

static void walk(struct walker *w, struct field *parent, bytes in, const struct rule *rules, unsigned depth);
static bool item_next(bytes *rest, struct item *item);
static void no_item(struct walker *w, const struct field *in, bytes at);
static void judge(struct walker *w, const struct field *parent, bytes der);
static bool is_raw_key(bytes body);
static const struct rule *rule_for(const struct rule **rules, uint8_t tag);
static const struct rule *rule_of_type(uint8_t tag);
static bool wrapped(const struct rule *rule, const struct item *item, bytes *inside);
static const struct rule *content_of(bytes oid);
static bool through(const struct rule *rule, bytes *inside, const struct rule **content, struct item *item);
static void finish(struct walker *w, struct field *f, const struct rule *rule, const struct item *item);
static void say_extension(struct text *t, const struct field *value, const struct walker *w);
static void say(struct text *t, const struct rule *rule, const struct item *item);
static void say_time(struct text *t, bytes digits, bool long_year);
static void say_integer(struct text *t, bytes body);
static void say_key_usage(struct text *t, bytes body);
static void say_string(struct text *t, uint8_t tag, bytes body);
static void say_ip(struct text *t, bytes body);
static char *keep(struct walker *w, const struct text *t);

void annotate_der(struct faults *faults, struct field *parent, bytes der, size_t offset, enum der_kind kind)
{
    static const struct rule *const kinds[] = {
        [DER_CERTIFICATE] = certificate_parts, [DER_OCSP_RESPONSE] = ocsp_response, [DER_NAME] = name};
    if (der.len == 0)
        return;
    /* One field for the whole would say nothing that its parent doesn't: its parts go below parent. */
    struct walker w = {.arena = faults->arena, .faults = faults, .base = der.data - offset};
    bytes rest = der;
    struct item item;
    if (!item_next(&rest, &item) || item.tag != SEQUENCE || rest.len != 0) {
        no_item(&w, parent, der);
        return;
    }
    const struct rule *rules = kind == DER_CERTIFICATE && is_raw_key(item.body) ? spki : kinds[kind];
    size_t before = faults->n;
    walk(&w, parent, item.body, rules, 1);
    if (kind == DER_CERTIFICATE && rules != spki && faults->n == before)
        judge(&w, parent, der);
    char words[WORDS_MAX];
    struct text t = text_in(words, sizeof words);
    if (kind == DER_NAME)
        t.len = name_text(der, words, sizeof words);
    const struct field *subject = field_find(parent, "tbsCertificate.subject");
    if (subject != NULL && subject->words != NULL) {
        text_add(&t, subject->words);
    }
    if (t.len > 0)
        parent->words = keep(&w, &t);
}

/* A SubjectPublicKeyInfo begins with an algorithm, a certificate with what is signed of it. */
static bool is_raw_key(bytes body)
{
    struct item algorithm_item, first;
    return item_next(&body, &algorithm_item) && item_next(&algorithm_item.body, &first) && first.tag == OID;
}

static void walk(struct walker *w, struct field *parent, bytes in, const struct rule *rules, unsigned depth)
{
    struct item item;
    while (in.len > 0) {
        bytes before = in;
        bool good = depth < DEEPEST && item_next(&in, &item);
        const struct rule *rule = good ? rule_for(&rules, item.tag) : NULL;
        struct field *f = field_new(w->arena, parent, rule != NULL ? rule->name : "unread", FIELD_BYTES);
        if (f == NULL)
            return;
        if (rule == NULL) {
            f->offset = (size_t)(before.data - w->base);
            f->len = before.len;
            f->value = before;
            no_item(w, parent, before);
            return;
        }
        f->offset = (size_t)(item.whole.data - w->base);
        f->len = item.whole.len;
        f->prefix = (uint8_t)(item.whole.len - item.body.len);
        f->value = item.body;
        if (rule->show == AS_OID && item.tag == OID)
            w->oid = item.body;
        bytes inside = item.body;
        if ((item.tag & CONSTRUCTED) != 0 || wrapped(rule, &item, &inside)) {
            const struct rule *content = rule->by_oid ? content_of(w->oid) : rule->inside;
            f->kind = FIELD_STRUCT;
            if (!through(rule, &inside, &content, &item))
                walk(w, f, inside, content, depth + 1);
            else if (content == NULL)
                f->kind = FIELD_BYTES;
            else
                walk(w, f, inside, content->inside, depth + 1);
            if (rule->through && content == NULL)
                rule = rule->inside;
        }
        finish(w, f, rule, &item);
    }
}

/* What stands where an item should begin. */
static void no_item(struct walker *w, const struct field *in, bytes at)
{
    static const char *const whys[] = {"is no single item of DER", "holds an item without a length", "holds an item with a tag of several bytes",
                                       "holds an item with an indefinite length", "holds an item that is longer than what encloses it"};
    size_t why = at.len < 2 ? 1 : (at.data[0] & 0x1f) == 0x1f ? 2 : at.data[1] == 0x80 ? 3 : 4;
    bytes rest = at;
    struct item item;
    if (item_next(&rest, &item))
        why = 0;
    fault_add(w->faults, in, &(struct wire_fault){in->name, whys[why], (size_t)(at.data - w->base), FEDE_DECODE, 0},
              why == 0 ? "X.690 8.1.1, RFC 5280 4.1" : why == 2 ? "X.690 8.1.2, RFC 5280 4.1" : "X.690 8.1.3, RFC 5280 4.1");
}

/* All is DER, but is it a certificate? */
static void judge(struct walker *w, const struct field *parent, bytes der)
{
    struct certificate c;
    fede_error error = {0};
    if (certificate_read(der, &c, &error))
        return;
    size_t at = (size_t)(der.data - w->base) + error.offset;
    const struct field *in = parent;
    for (const struct field *f = parent; f != NULL; f = field_next(f, parent))
        if (error.where != NULL && strcmp(f->name, error.where) == 0 && f->offset <= at && at <= f->offset + f->len)
            in = f->parent;
    const char *where = error.where != NULL && strcmp(error.where, "Certificate") != 0 ? error.where : in->name;
    fault_add(w->faults, in, &(struct wire_fault){where, error.detail != NULL ? error.detail : "can't be read", at, FEDE_DECODE, 0}, NULL);
}

/* X.690 8.1: one-byte tags, definite lengths. */
static bool item_next(bytes *rest, struct item *item)
{
    bytes in = *rest;
    if (in.len < 2 || (in.data[0] & 0x1f) == 0x1f)
        return false;
    size_t len = in.data[1], header = 2;
    if (len >= 0x80) {
        size_t n = len & 0x7f;
        if (n == 0 || n > 4 || in.len < 2 + n)
            return false;
        len = 0;
        for (size_t i = 0; i < n; i++)
            len = len << 8 | in.data[2 + i];
        header += n;
    }
    if (in.len - header < len)
        return false;
    item->tag = in.data[0];
    item->whole = bytes_first(in, header + len);
    item->body = bytes_of(in.data + header, len);
    *rest = bytes_skip(in, header + len);
    return true;
}

/* The first rule from *rules on that fits; it is used up unless it may come again. */
static const struct rule *rule_for(const struct rule **rules, uint8_t tag)
{
    for (const struct rule *r = *rules; r != NULL && r->tag != 0; r++) {
        bool time = r->tag == UTC_TIME && tag == GENERALIZED_TIME;
        if (r->tag != tag && r->tag != ANY && !time)
            continue;
        if (!r->many)
            *rules = r + 1;
        return r;
    }
    return rule_of_type(tag);
}

static const struct rule *rule_of_type(uint8_t tag)
{
    static const struct rule other = {ANY, "otherType", AS_BYTES};
    for (const struct rule *r = types; r->tag != 0; r++)
        if (r->tag == tag)
            return r;
    return &other;
}

/* Whether a BIT STRING or OCTET STRING holds DER that the rule describes: one item, nothing behind it. */
static bool wrapped(const struct rule *rule, const struct item *item, bytes *inside)
{
    if (rule->inside == NULL && !rule->by_oid)
        return false;
    *inside = item->body;
    if (item->tag == BIT_STRING) {
        if (inside->len == 0 || inside->data[0] != 0)
            return false;
        *inside = bytes_skip(*inside, 1);
    }
    bytes rest = *inside;
    struct item first;
    if (!item_next(&rest, &first) || rest.len != 0)
        return false;
    if (rule->by_oid || rule->der)
        return true;
    /* A point of a curve or a plain signature may look like an item: its parts must be items too. */
    bytes parts = first.body;
    struct item a, b;
    return first.tag == SEQUENCE && item_next(&parts, &a) && item_next(&parts, &b) && parts.len == 0 &&
           a.tag == INTEGER && b.tag == INTEGER;
}

static const struct rule *content_of(bytes oid)
{
    const char *called = oid_name(oid);
    for (size_t i = 0; called != NULL && i < sizeof contents / sizeof *contents; i++)
        if (strcmp(contents[i].extension, called) == 0)
            return contents[i].inside;
    return NULL;
}

/* Steps over the level of a lone item: *inside becomes its body, *content its rule (NULL and *item the item itself when it
   has no parts). */
static bool through(const struct rule *rule, bytes *inside, const struct rule **content, struct item *item)
{
    bool of_extension = rule->by_oid && *content != NULL && (*content)->tag == SEQUENCE;
    bytes rest = *inside;
    struct item lone;
    if (*content == NULL || (!rule->through && !of_extension) || !item_next(&rest, &lone) || rest.len != 0 || lone.tag != (*content)->tag)
        return false;
    *inside = lone.body;
    if ((lone.tag & CONSTRUCTED) == 0) {
        *item = lone;
        *content = NULL;
    }
    return true;
}

/* Names and words that depend on what was found inside. */
static void finish(struct walker *w, struct field *f, const struct rule *rule, const struct item *item)
{
    char words[WORDS_MAX];
    struct text t = text_in(words, sizeof words);
    const struct field *id = f->first;
    if (rule->show == AS_TYPED)
        rule = rule_of_type(item->tag);
    bytes oid =
        id != NULL && id->kind == FIELD_BYTES && id->len > 0 && w->base[id->offset] == OID ? id->value : BYTES_NONE;
    switch (rule->show) {
    case AS_BYTES:
        return;
    case AS_BITS: /* the first byte counts the unused bits at the end; the value begins behind it */
        if (f->n == 0 && f->value.len > 0) {
            f->value = bytes_skip(f->value, 1);
            f->prefix++;
        }
        return;
    case AS_INTEGER:
        if (item->body.len > LONG_NUMBER)
            return;
        say_integer(&t, item->body);
        break;
    case AS_FIRST_OID:
        if (oid.len == 0)
            return;
        oid_text(&t, oid);
        break;
    case AS_ATTRIBUTE:
    case AS_EXTENSION:
        if (oid.len == 0)
            return;
        const char *called = oid_name(oid);
        f->name = called != NULL ? called : rule->show == AS_ATTRIBUTE ? "unknownAttribute" : "unknownExtension";
        if (rule->show == AS_EXTENSION && id->next != NULL && id->next != f->last && id->next->value.len == 1 &&
            id->next->value.data[0] != 0)
            text_add(&t, "critical: ");
        if (f->last != id && rule->show == AS_EXTENSION)
            say_extension(&t, f->last, w);
        else if (f->last != id)
            field_brief(f->last, &t, LONG_NUMBER);
        break;
    case AS_NAME: {
        size_t len = name_text(item->whole, words, sizeof words);
        t.len = len;
        if (len == 0)
            text_add(&t, "empty");
        break;
    }
    default:
        say(&t, rule, item);
    }
    f->words = keep(w, &t);
}

/* The parts of an extension's value; a truth value or a number needs its name to be understood. */
static void say_extension(struct text *t, const struct field *value, const struct walker *w)
{
    if (value->n == 0 && strcmp(value->parent->name, "basicConstraints") == 0)
        text_add(t, "no CA");
    else if (value->n == 0)
        field_text(value, t, LONG_NUMBER);
    for (const struct field *f = value->first; f != NULL; f = f->next) {
        text_add(t, f != value->first ? ", " : "");
        if (w->base[f->offset] == BOOLEAN || w->base[f->offset] == INTEGER) {
            text_add(t, f->name);
            text_char(t, ' ');
        }
        field_brief(f, t, LONG_NUMBER);
    }
}

static void say(struct text *t, const struct rule *rule, const struct item *item)
{
    switch (rule->show) {
    case AS_NULL:
        text_add(t, "NULL");
        break;
    case AS_VERSION:
        if (item->body.len == 1 && item->body.data[0] < 3) {
            text_char(t, 'v');
            text_number(t, item->body.data[0] + 1);
            text_add(t, " (");
        }
        say_integer(t, item->body);
        if (item->body.len == 1 && item->body.data[0] < 3)
            text_char(t, ')');
        break;
    case AS_OID:
        oid_text(t, item->body);
        break;
    case AS_TIME:
        say_time(t, item->body, item->tag == GENERALIZED_TIME);
        break;
    case AS_BOOLEAN:
        text_add(t, item->body.len == 1 && item->body.data[0] != 0 ? "true" : "false");
        break;
    case AS_KEY_USAGE:
        say_key_usage(t, item->body);
        break;
    case AS_STRING:
        say_string(t, item->tag, item->body);
        break;
    case AS_IP:
        say_ip(t, item->body);
        break;
    default:
        text_add(t, item->body.len == 0 ? "empty" : "");
        text_hex(t, item->body);
    }
}

static void say_time(struct text *t, bytes digits, bool long_year)
{
    size_t year = long_year ? 4 : 2;
    bool good = digits.len == year + 11 && digits.data[digits.len - 1] == 'Z';
    for (size_t i = 0; good && i < digits.len - 1; i++)
        good = digits.data[i] >= '0' && digits.data[i] <= '9';
    if (!good) {
        text_escaped(t, digits);
        return;
    }
    if (!long_year)
        text_add(t, digits.data[0] >= '5' ? "19" : "20"); /* RFC 5280 4.1.2.5.1 */
    static const char behind[] = "-- ::";
    for (size_t i = 0; i < digits.len - 1; i++) {
        text_char(t, (char)digits.data[i]);
        size_t pair = i + 1 - year;
        if (i + 1 >= year && pair % 2 == 0 && pair / 2 < sizeof behind - 1)
            text_char(t, behind[pair / 2]);
    }
    text_add(t, " UTC");
}

static void say_integer(struct text *t, bytes body)
{
    if (body.len == 0 || body.len > 4 || (body.data[0] & 0x80) != 0) {
        text_hex(t, body);
        return;
    }
    int64_t n = 0;
    for (size_t i = 0; i < body.len; i++)
        n = n << 8 | body.data[i];
    text_number(t, n);
}

static void say_key_usage(struct text *t, bytes body)
{
    static const char *const names[] = {"digitalSignature", "nonRepudiation", "keyEncipherment",
                                        "dataEncipherment", "keyAgreement",   "keyCertSign",
                                        "cRLSign",          "encipherOnly",   "decipherOnly"};
    bool any = false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t at = 1 + i / 8;
        if (at >= body.len || (body.data[at] & 0x80 >> i % 8) == 0)
            continue;
        text_add(t, any ? ", " : "");
        text_add(t, names[i]);
        any = true;
    }
    if (!any)
        text_add(t, "none");
}

/* BMPString and UniversalString have characters of two and four bytes; shown as far as they are below U+0080. */
static void say_string(struct text *t, uint8_t tag, bytes body)
{
    size_t width = tag == 0x1e ? 2 : tag == 0x1c ? 4 : 1;
    if (body.len == 0)
        text_add(t, "empty");
    if (width == 1) {
        text_escaped(t, body);
        return;
    }
    for (size_t i = 0; i + width <= body.len; i += width) {
        bytes one = bytes_of(body.data + i, width);
        bool plain = true;
        for (size_t j = 0; j + 1 < width; j++)
            plain = plain && one.data[j] == 0;
        text_escaped(t, plain ? bytes_skip(one, width - 1) : one);
    }
}

static void say_ip(struct text *t, bytes body)
{
    bool masked = body.len == 8 || body.len == 32;
    size_t len = masked ? body.len / 2 : body.len;
    if (len != 4 && len != 16) {
        text_hex(t, body);
        return;
    }
    for (size_t at = 0; at < body.len; at += len) {
        text_add(t, at > 0 ? "/" : "");
        for (size_t i = 0; i < len; i += len == 4 ? 1 : 2) {
            text_add(t, i == 0 ? "" : len == 4 ? "." : ":");
            if (len == 4) {
                text_number(t, body.data[at + i]);
                continue;
            }
            char group[8];
            struct text g = text_in(group, sizeof group);
            text_hex_number(&g, load16(body.data + at + i), 1);
            text_add(t, group + 2);
        }
    }
}

static char *keep(struct walker *w, const struct text *t)
{
    size_t len = t->len < t->size ? t->len : t->size - 1;
    char *copy = arena_take(w->arena, len + 4);
    if (copy == NULL)
        return NULL;
    bytes_copy(copy, t->out, len);
    bytes_copy(copy + len, t->len >= t->size ? "…" : "", t->len >= t->size ? 4 : 1);
    return copy;
}
