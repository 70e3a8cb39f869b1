/* explain/chain.c: certificates as people have them: in files, several in a row, in an order that may be wrong; who could have
   issued one; what a certificate says about itself beyond its card; pins (RFC 7469 2.4, as curl writes them). */
#include "explain/chain.h"

#include "explain/oids.h"
#include "explain/signature.h"
#include "x509/certificate.h"
#include "x509/der.h"
#include "x509/ocsp.h"
#include "x509/path.h"

static void say_kind(struct text *t, const struct certificate *c);
static void say_usage(struct text *t, const struct certificate *c);
static void say_oids(struct text *t, bytes list);
static void say_policies(struct text *t, const struct certificate *c);
static void say_revocation(struct text *t, const struct certificate *c);
static void say_timestamps(struct text *t, const struct certificate *c);

/* ---- Files ------------------------------------------------------------------------------------------------------ */

static bool is_der(bytes b)
{
    return b.len > 1 && b.data[0] == 0x30 && b.data[1] >= 0x80;
}

static void chain_add(struct chain *chain, bytes der)
{
    if (chain->n < CHAIN_MOST)
        chain->at[chain->n++] = der;
    else
        chain->left_out++;
}

bool chain_read(struct chain *chain, bytes file, struct arena *arena)
{
    size_t before = chain->n + chain->left_out;
    bytes der;
    if (is_der(file)) {
        struct certificate c;
        fede_error ignored = {0};
        der = arena_copy(arena, file);
        if (der.data == NULL || !certificate_read(der, &c, &ignored))
            return false;
        chain_add(chain, der);
        return true;
    }
    while (pem_next(&file, "CERTIFICATE", arena, &der))
        chain_add(chain, der);
    return chain->n + chain->left_out > before;
}

bytes chain_read_other(bytes file, const char *label, struct arena *arena)
{
    bytes der;
    if (file.len > 1 && file.data[0] == 0x30 && (file.data[1] >= 0x80 || file.data[1] == file.len - 2))
        return arena_copy(arena, file);
    return pem_next(&file, label, arena, &der) ? der : BYTES_NONE;
}

/* ---- Order ------------------------------------------------------------------------------------------------------ */

enum chain_oddity chain_oddity(const struct chain *chain, size_t n)
{
    struct certificate c, before;
    fede_error ignored = {0};
    if (!certificate_read(chain->at[n], &c, &ignored))
        return CHAIN_UNREADABLE;
    for (size_t i = 0; i < n; i++)
        if (bytes_equal(chain->at[i], chain->at[n]))
            return CHAIN_REPEATED;
    if (n > 0 && certificate_read(chain->at[n - 1], &before, &ignored) && !name_equal(before.issuer, c.subject))
        return CHAIN_OUT_OF_ORDER;
    return n > 0 && c.self_issued && signature_good(&c, &c) ? CHAIN_ROOT : CHAIN_IN_ORDER;
}

size_t issuer_candidates(bytes der, const struct chain *chain, bytes (*anchor_at)(const void *arg, size_t n),
                         const void *arg, struct issuer_candidate out[CANDIDATES_MOST])
{
    struct certificate c, issuer;
    fede_error ignored = {0};
    size_t n = 0;
    bool more_anchors = anchor_at != NULL;
    if (!certificate_read(der, &c, &ignored))
        return 0;
    for (size_t i = 0; n < CANDIDATES_MOST && (more_anchors || i < chain->n); i++) {
        /* Anchors first, then the list. */
        static const struct issuer_candidate none;
        struct issuer_candidate found = none;
        if (more_anchors) {
            found.der = anchor_at(arg, i);
            if (found.der.len == 0) {
                more_anchors = false;
                i = (size_t)-1;
                continue;
            }
        } else {
            found.der = chain->at[i];
        }
        found.anchor = more_anchors;
        found.at = i;
        if (!certificate_read(found.der, &issuer, &ignored) || !name_equal(issuer.subject, c.issuer))
            continue;
        bool known = false;
        for (size_t k = 0; k < n; k++)
            known = known || bytes_equal(out[k].der, found.der);
        if (known || (bytes_equal(found.der, der) && !c.self_issued))
            continue;
        bool given = c.authority_key_id.data != NULL && issuer.subject_key_id.data != NULL;
        found.same_key_id = (int8_t)(!given ? -1 : bytes_equal(c.authority_key_id, issuer.subject_key_id));
        found.signature = SIGNATURE_UNCHECKED;
        if (signature_checkable(&c, &issuer))
            found.signature = signature_good(&c, &issuer) ? SIGNATURE_VERIFIES : SIGNATURE_FAILS;
        out[n++] = found;
    }
    return n;
}

/* ---- Pins ------------------------------------------------------------------------------------------------------- */

bool certificate_pin(bytes der, uint8_t out[32])
{
    struct certificate c;
    fede_error ignored = {0};
    if (!certificate_read(der, &c, &ignored))
        return false;
    crypto_hash_once(HASH_SHA256, c.key.spki, out);
    return true;
}

void base64_text(struct text *t, bytes b)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < b.len; i += 3) {
        size_t have = b.len - i;
        uint32_t v = (uint32_t)b.data[i] << 16 | (have > 1 ? (uint32_t)b.data[i + 1] << 8 : 0) |
                     (have > 2 ? (uint32_t)b.data[i + 2] : 0);
        text_char(t, digits[v >> 18 & 63]);
        text_char(t, digits[v >> 12 & 63]);
        text_char(t, have > 1 ? digits[v >> 6 & 63] : '=');
        text_char(t, have > 2 ? digits[v & 63] : '=');
    }
}

/* ---- Facts ------------------------------------------------------------------------------------------------------ */

static struct text fact_start(struct fact *facts, size_t *n, const char *label)
{
    struct fact *fact = &facts[(*n)++];
    fact->label = label;
    return text_in(fact->value, sizeof fact->value);
}

size_t certificate_facts(bytes der, struct fact facts[FACTS_MOST])
{
    struct certificate c;
    fede_error ignored = {0};
    size_t n = 0;
    struct text t;
    if (!certificate_read(der, &c, &ignored))
        return 0;
    t = fact_start(facts, &n, "kind");
    say_kind(&t, &c);
    if (c.has_key_usage) {
        t = fact_start(facts, &n, "key usage");
        say_usage(&t, &c);
    }
    if (c.ext_key_usage.data != NULL) {
        t = fact_start(facts, &n, "purposes");
        say_oids(&t, c.ext_key_usage);
    }
    if (c.policies.data != NULL) {
        t = fact_start(facts, &n, "policies");
        say_policies(&t, &c);
    }
    t = fact_start(facts, &n, "revocation");
    say_revocation(&t, &c);
    t = fact_start(facts, &n, "transparency");
    say_timestamps(&t, &c);
    if (c.subject_key_id.data != NULL) {
        t = fact_start(facts, &n, "key id");
        text_hex(&t, c.subject_key_id);
    }
    if (c.authority_key_id.data != NULL) {
        t = fact_start(facts, &n, "issuer key id");
        text_hex(&t, c.authority_key_id);
    }
    if (c.issuer_unique_id.len > 0) {
        t = fact_start(facts, &n, "issuer uid");
        text_hex(&t, c.issuer_unique_id);
    }
    if (c.subject_unique_id.len > 0) {
        t = fact_start(facts, &n, "subject uid");
        text_hex(&t, c.subject_unique_id);
    }
    if (c.unknown_critical.data != NULL) {
        t = fact_start(facts, &n, "not understood");
        text_add(&t, "critical extension ");
        oid_text(&t, c.unknown_critical);
    }
    uint8_t pin[32];
    crypto_hash_once(HASH_SHA256, c.key.spki, pin);
    t = fact_start(facts, &n, "pin");
    text_add(&t, "sha256//");
    base64_text(&t, BYTES_OF(pin));
    return n;
}

static bool has_policy(const struct certificate *c, const char *name)
{
    bytes content, policy, oid;
    if (c->policies.data == NULL || !der_only(c->policies, DER_SEQUENCE, &content))
        return false;
    for (struct der d = der_in(content); der_more(&d) && der_read(&d, DER_SEQUENCE, &policy);) {
        struct der p = der_in(policy);
        const char *found = der_oid(&p, &oid) ? oid_name(oid) : NULL;
        if (found != NULL && strcmp(found, name) == 0)
            return true;
    }
    return false;
}

static void say_kind(struct text *t, const struct certificate *c)
{
    static const struct {
        const char *policy, *sentence;
    } kinds[] = {
        {"extended-validation", "EV, extended validation: the organisation was examined by the EV rules"},
        {"organization-validated", "OV, organisation validated: the CA checked the organisation in the subject"},
        {"individual-validated", "IV, individual validated: the CA checked the person in the subject"},
        {"domain-validated", "DV, domain validated: the CA checked control of the names, nothing else"},
    };
    text_add(t, "version ");
    text_number(t, c->version);
    text_add(t, c->is_ca ? ", a CA" : ", not a CA");
    if (c->is_ca && c->path_len >= 0) {
        text_add(t, " with at most ");
        text_number(t, c->path_len);
        text_add(t, c->path_len == 1 ? " CA below it" : " CAs below it");
    }
    text_add(t, c->self_issued ? ", issued by itself" : "");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (has_policy(c, kinds[i].policy)) {
            text_add(t, "; ");
            text_add(t, kinds[i].sentence);
            return;
        }
    }
    if (!c->is_ca)
        text_add(t, "; no policy says how its owner was checked (no DV, OV or EV)");
}

static void say_usage(struct text *t, const struct certificate *c)
{
    static const char *const names[] = {"digitalSignature", "nonRepudiation", "keyEncipherment",
                                        "dataEncipherment", "keyAgreement",   "keyCertSign",
                                        "cRLSign",          "encipherOnly",   "decipherOnly"};
    bool any = false;
    for (unsigned i = 0; i < 9; i++) {
        if ((c->key_usage & 1u << i) == 0)
            continue;
        text_add(t, any ? ", " : "");
        text_add(t, names[i]);
        any = true;
    }
    text_add(t, any ? "" : "none");
}

static void say_oids(struct text *t, bytes list)
{
    bytes oid;
    bool any = false;
    for (struct der d = der_in(list); der_more(&d) && der_oid(&d, &oid); any = true) {
        text_add(t, any ? ", " : "");
        const char *name = oid_name(oid);
        if (name != NULL)
            text_add(t, strncmp(name, "id-kp-", 6) == 0 ? name + 6 : name);
        else
            oid_text(t, oid);
    }
}

static void say_policies(struct text *t, const struct certificate *c)
{
    bytes content, policy, oid;
    bool any = false;
    if (!der_only(c->policies, DER_SEQUENCE, &content))
        return;
    for (struct der d = der_in(content); der_more(&d) && der_read(&d, DER_SEQUENCE, &policy);) {
        struct der p = der_in(policy);
        if (!der_oid(&p, &oid))
            return;
        text_add(t, any ? ", " : "");
        oid_text(t, oid);
        any = true;
    }
}

/* Every URI inside, at whatever depth: enough to show where lists and responders are. */
static void say_uris(struct text *t, bytes in, const char *before, bool *any, unsigned depth)
{
    uint8_t tag;
    bytes content;
    for (struct der d = der_in(in); depth < 8 && der_more(&d) && der_next(&d, &tag, &content);) {
        if (tag == DER_CONTEXT(6)) {
            text_add(t, *any ? ", " : "");
            text_add(t, before);
            text_escaped(t, content);
            *any = true;
        } else if ((tag & 0x20) != 0) {
            say_uris(t, content, before, any, depth + 1);
        }
    }
}

static void say_revocation(struct text *t, const struct certificate *c)
{
    bytes content, access, oid;
    bool any = false;
    if (c->authority_info.data != NULL && der_only(c->authority_info, DER_SEQUENCE, &content)) {
        for (struct der d = der_in(content); der_more(&d) && der_read(&d, DER_SEQUENCE, &access);) {
            struct der a = der_in(access);
            const char *name = der_oid(&a, &oid) ? oid_name(oid) : NULL;
            if (name != NULL && strcmp(name, "id-ad-ocsp") == 0)
                say_uris(t, bytes_of(a.at, (size_t)(a.end - a.at)), "OCSP ", &any, 0);
        }
    }
    if (c->crl_points.data != NULL)
        say_uris(t, c->crl_points, "CRL ", &any, 0);
    if (!any)
        text_add(t, "no address of a list or responder");
    if (promises_staple(c))
        text_add(t, "; must-staple: an OCSP response has to come with it (RFC 7633)");
}

/* RFC 6962 3.3: SignedCertificateTimestampList inside an OCTET STRING. */
static void say_timestamps(struct text *t, const struct certificate *c)
{
    enum { LOG_ID = 32, FIXED = 1 + LOG_ID + 8 };
    bytes list;
    size_t n = 0;
    char logs[400];
    struct text l = text_in(logs, sizeof logs);
    if (c->sct_list.data == NULL) {
        text_add(t, "no timestamps of logs inside (SCTs)");
        return;
    }
    if (!der_only(c->sct_list, DER_OCTET_STRING, &list) || list.len < 2 || load16(list.data) != list.len - 2) {
        text_add(t, "the timestamps of logs are malformed");
        return;
    }
    for (list = bytes_skip(list, 2); list.len >= 2; n++) {
        size_t len = load16(list.data);
        if (len < FIXED || len > list.len - 2)
            break;
        uint64_t ms = 0;
        for (size_t i = 0; i < 8; i++)
            ms = ms << 8 | list.data[2 + 1 + LOG_ID + i];
        text_add(&l, n > 0 ? "; " : "");
        text_add(&l, "log ");
        text_hex(&l, bytes_of(list.data + 3, 4));
        text_add(&l, "… on ");
        text_time(&l, ms / 1000 < 253402300800u ? (int64_t)(ms / 1000) : 0);
        list = bytes_skip(list, 2 + len);
    }
    text_number(t, (int64_t)n);
    text_add(t, n == 1 ? " timestamp of a log (SCT), signature not checked: "
                       : " timestamps of logs (SCTs), signatures not checked: ");
    text_add(t, logs);
}

void certificate_summary(bytes der, struct summary *out)
{
    static const char *const kinds[] = {
        [KEY_RSA] = "RSA ",         [KEY_RSA_PSS] = "RSA-PSS ", [KEY_EC_P256] = "EC P-256", [KEY_EC_P384] = "EC P-384",
        [KEY_EC_P521] = "EC P-521", [KEY_ED25519] = "Ed25519",  [KEY_ED448] = "Ed448"};
    struct certificate c;
    fede_error ignored = {0};
    *out = (struct summary){.readable = certificate_read(der, &c, &ignored)};
    crypto_hash_once(HASH_SHA256, der, out->sha256);
    if (!out->readable)
        return;
    name_text(c.subject, out->subject, sizeof out->subject);
    out->not_before = c.not_before;
    out->not_after = c.not_after;
    struct text t = text_in(out->key, sizeof out->key);
    uint8_t kind = c.key.kind;
    text_add(&t, kind != 0 && kind < sizeof kinds / sizeof *kinds ? kinds[kind] : "other");
    if (kind == KEY_RSA || kind == KEY_RSA_PSS)
        text_number(&t, c.key.bits);
}
