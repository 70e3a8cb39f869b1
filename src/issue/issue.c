/* issue/issue.c: certificates and revocation lists written and signed (fede/issue.h). RFC 5280 4.1, 4.2, 5.1, 5.2; RFC 7093 for
   key identifiers. What is written here is read by certificate.c and crl.c; flaws are made where they are asked for, nowhere
   else. */
#include "fede/issue.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "issue/issue.h"
#include "x509/certificate.h"
#include "x509/host.h"

enum { TBS_SPARE = 1200, SERIAL_LEN = 16, SERIAL_MOST = 20, KEY_ID_LEN = 20 };

/* What is taken out of a request. */
struct taken {
    bytes spki, subject, alt_names; /* alt_names: the extension's value; data NULL: none */
};

static bool read_request(bytes der, struct taken *out, fede_error *error);
static void write_tbs(struct der_out *w, const fede_issue_request *q, const struct taken *taken,
                      const struct certificate *issuer, fede_error *error);
static bool write_name(struct der_out *w, const char *subject, fede_error *error);
static void write_extensions(struct der_out *w, const fede_issue_request *q, const struct taken *taken,
                             const struct certificate *issuer, fede_error *error);

/* ---- Keys. */

fede_key *fede_key_make(fede_key_kind kind, unsigned bits)
{
    static const uint8_t kinds[] = {[FEDE_KEY_P256] = KEY_EC_P256,
                                    [FEDE_KEY_P384] = KEY_EC_P384,
                                    [FEDE_KEY_P521] = KEY_EC_P521,
                                    [FEDE_KEY_ED25519] = KEY_ED25519,
                                    [FEDE_KEY_RSA] = KEY_RSA};
    fede_key *key = (unsigned)kind < sizeof kinds && crypto_start() ? memory_take(&memory_standard, sizeof *key) : NULL;
    if (key == NULL)
        return NULL;
    key->key = crypto_key_make((enum key_kind)kinds[kind], bits != 0 ? bits : 2048, key->pem, sizeof key->pem);
    if (key->key != NULL)
        return key;
    fede_key_free(key);
    return NULL;
}

fede_key *fede_key_read(fede_bytes pem_or_der)
{
    fede_key *key = crypto_start() ? memory_take(&memory_standard, sizeof *key) : NULL;
    if (key == NULL || (key->key = crypto_key_read(pem_or_der)) != NULL)
        return key;
    fede_key_free(key);
    return NULL;
}

const char *fede_key_pem(const fede_key *key)
{
    return key->pem;
}

void fede_key_free(fede_key *key)
{
    if (key == NULL)
        return;
    crypto_key_free(key->key);
    memory_give(&memory_standard, key, sizeof *key);
}

/* ---- Algorithms. */

static const struct algorithm {
    uint8_t kind; /* enum key_kind */
    bool sha1;
    uint16_t scheme; /* 0: SHA-1 */
    const char *oid;
    bool null; /* parameters NULL, else absent */
} algorithms[] = {
    {KEY_EC_P256, false, 0x0403, "1.2.840.10045.4.3.2", false},
    {KEY_EC_P384, false, 0x0503, "1.2.840.10045.4.3.3", false},
    {KEY_EC_P521, false, 0x0603, "1.2.840.10045.4.3.4", false},
    {KEY_RSA, false, 0x0401, "1.2.840.113549.1.1.11", true},
    {KEY_ED25519, false, 0x0807, "1.3.101.112", false},
    {KEY_RSA, true, 0, "1.2.840.113549.1.1.5", true},
    {KEY_EC_P256, true, 0, "1.2.840.10045.4.1", false},
    {KEY_EC_P384, true, 0, "1.2.840.10045.4.1", false},
    {KEY_EC_P521, true, 0, "1.2.840.10045.4.1", false},
};

static const struct algorithm *algorithm_of(const fede_key *key, unsigned flaws)
{
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
        if (algorithms[i].kind == crypto_key_kind(key->key) && algorithms[i].sha1 == ((flaws & FEDE_FLAW_SHA1) != 0))
            return &algorithms[i];
    return NULL;
}

static void write_algorithm(struct der_out *w, const struct algorithm *a)
{
    size_t at = der_open(w, DER_SEQUENCE);
    der_put_oid(w, a->oid);
    if (a->null)
        der_put(w, DER_NULL, BYTES_NONE);
    der_close(w, at);
}

static bool fail(fede_error *error, fede_reason reason, const char *where, const char *detail)
{
    error_set(error, reason, FEDE_ORIGIN_CALLER, where, 0, 0);
    error->detail = detail;
    return false;
}

/* ---- Certificates. */

size_t fede_issue(const fede_issue_request *q, uint8_t *out, size_t size, fede_error *error)
{
    const fede_key *signer = q->issuer_key != NULL ? q->issuer_key : q->key;
    struct certificate issuer;
    fede_error unread = {0};
    *error = (fede_error){.reason = FEDE_OK};
    if (signer == NULL || (q->key == NULL && q->request.len == 0) || algorithm_of(signer, q->flaws) == NULL) {
        fail(error, FEDE_CONFIG_KEY_UNUSABLE, NULL, "no key, or one that can't sign certificates like this");
        return 0;
    }
    struct taken taken = {.spki = BYTES_NONE};
    if (q->request.len > 0) {
        if (!read_request(q->request, &taken, error))
            return 0;
        if (q->subject != NULL)
            taken.subject = BYTES_NONE;
        if (q->n_names > 0)
            taken.alt_names = BYTES_NONE;
    } else {
        taken.spki = crypto_key_spki(q->key->key);
    }
    if (q->issuer.len > 0 && (!certificate_read(q->issuer, &issuer, &unread) || issuer.key.spki.len == 0)) {
        fail(error, FEDE_CONFIG_PEM, "issuer", "certificate of the CA");
        return 0;
    }
    if (q->issuer.len > 0 && !crypto_key_matches(signer->key, issuer.key.spki)) {
        fail(error, FEDE_CONFIG_KEY_MISMATCH, "issuer", NULL);
        return 0;
    }
    if (q->not_after < q->not_before || q->serial.len > SERIAL_MOST ||
        (q->serial.len > 0 && q->serial.data[0] >= 0x80)) {
        fail(error, FEDE_CONFIG_BAD_VALUE, "validity",
             "it ends before it begins, or the serial number is negative or too long");
        return 0;
    }
    uint8_t *room = memory_take(&memory_standard, size);
    if (room == NULL) {
        fail(error, FEDE_OUT_OF_MEMORY, NULL, NULL);
        return 0;
    }
    struct der_out tbs = der_to(room, size);
    write_tbs(&tbs, q, &taken, q->issuer.len > 0 ? &issuer : NULL, error);
    size_t len = error->reason == FEDE_OK ? issue_sign(&tbs, signer, q->flaws, out, size, error) : 0;
    memory_give(&memory_standard, room, size);
    return len;
}

static void write_tbs(struct der_out *w, const fede_issue_request *q, const struct taken *taken,
                      const struct certificate *issuer, fede_error *error)
{
    const fede_key *signer = q->issuer_key != NULL ? q->issuer_key : q->key;
    uint8_t random[SERIAL_LEN];
    bytes serial = q->serial;
    size_t tbs = der_open(w, DER_SEQUENCE), at = der_open(w, DER_CONTEXT_CONSTRUCTED(0));
    der_put_number(w, DER_INTEGER, 2);
    der_close(w, at);
    if (serial.len == 0) {
        if (!crypto_random(&(struct crypto_random){NULL, NULL}, random, sizeof random)) {
            fail(error, FEDE_NO_RANDOM, NULL, NULL);
            return;
        }
        random[0] = (uint8_t)((random[0] & 0x7f) | 0x40); /* positive, and as long as it looks */
        serial = BYTES_OF(random);
    }
    der_put(w, DER_INTEGER, serial);
    write_algorithm(w, algorithm_of(signer, q->flaws));
    if (issuer != NULL)
        der_add(w, issuer->subject);
    else if (!write_name(w, q->subject, error))
        return;
    at = der_open(w, DER_SEQUENCE);
    der_put_time(w, q->not_before);
    der_put_time(w, q->not_after);
    der_close(w, at);
    if (taken->subject.data != NULL)
        der_add(w, taken->subject);
    else if (!write_name(w, q->subject, error))
        return;
    der_add(w, taken->spki);
    write_extensions(w, q, taken, issuer, error);
    der_close(w, tbs);
}

/* The extension request among the attributes (RFC 2985 5.4.2): of it the alternative names alone are taken. */
static void take_names(bytes attributes, struct taken *out)
{
    static const uint8_t wish[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e}, alt[] = {0x55, 0x1d, 0x11};
    bytes attribute, values, list, extension, oid, value, names;
    bool critical;
    for (struct der d = der_in(attributes); der_more(&d) && der_read(&d, DER_SEQUENCE, &attribute);) {
        struct der a = der_in(attribute);
        if (!der_oid(&a, &oid) || !bytes_equal(oid, BYTES_OF(wish)) || !der_read(&a, DER_SET, &values) ||
            !der_only(values, DER_SEQUENCE, &list))
            continue;
        for (struct der e = der_in(list); der_more(&e) && der_read(&e, DER_SEQUENCE, &extension);) {
            struct der x = der_in(extension);
            if (!der_oid(&x, &oid) || (der_at(&x, DER_BOOLEAN) && !der_boolean(&x, &critical)) ||
                !der_read(&x, DER_OCTET_STRING, &value))
                continue;
            if (bytes_equal(oid, BYTES_OF(alt)) && der_only(value, DER_SEQUENCE, &names) && names.len > 0 &&
                general_names_valid(names))
                out->alt_names = value;
        }
    }
}

/* CertificationRequest, RFC 2986 4.2. Whoever asks has to hold the key: the signature is by it. */
static bool read_request(bytes der, struct taken *out, fede_error *error)
{
    bytes outer, info, content = BYTES_NONE, algorithm, signature, attributes = BYTES_NONE, version;
    struct public_key key;
    const char *problem;
    unsigned unused;
    *out = (struct taken){.spki = BYTES_NONE};
    if (!der_only(der, DER_SEQUENCE, &outer))
        return fail(error, FEDE_CONFIG_PEM, "CertificationRequest", "certificate request");
    struct der d = der_in(outer);
    bool read = der_whole(&d, DER_SEQUENCE, &info, &content) && der_whole(&d, DER_SEQUENCE, &algorithm, NULL) &&
                der_bits(&d, &signature, &unused) && unused == 0 && der_done(&d);
    struct der i = der_in(read ? content : BYTES_NONE);
    read = read && der_integer(&i, &version) && der_whole(&i, DER_SEQUENCE, &out->subject, NULL) &&
           name_read(out->subject) && der_whole(&i, DER_SEQUENCE, &out->spki, NULL) &&
           (!der_more(&i) || der_read(&i, DER_CONTEXT_CONSTRUCTED(0), &attributes)) && der_done(&i) &&
           public_key_read(out->spki, &key, &problem);
    if (!read)
        return fail(error, FEDE_CONFIG_PEM, "CertificationRequest", "certificate request");
    uint16_t id = algorithm_scheme(algorithm);
    const struct scheme *scheme = id != 0 ? scheme_by_id(id) : NULL;
    if (scheme == NULL || key.kind == 0 || !crypto_verify(&key, scheme, info, signature))
        return fail(error, FEDE_CONFIG_BAD_VALUE, "signature", "the request is not signed by the key it is for");
    take_names(attributes, out);
    return true;
}

/* Two letters of a country (ISO 3166), else UTF-8. */
static bool is_value(bytes text, uint8_t tag)
{
    uint32_t c;
    size_t n;
    if (tag == DER_PRINTABLE && text.len != 2)
        return false;
    for (; text.len > 0; text = bytes_skip(text, n))
        if ((n = text_utf8(text, &c)) == 0 || (tag == DER_PRINTABLE && ((c | 0x20) < 'a' || (c | 0x20) > 'z')))
            return false;
    return true;
}

/* "C=NL, O=Example, CN=Name" */
static bool write_name(struct der_out *w, const char *subject, fede_error *error)
{
    static const struct {
        const char *name, *oid;
        uint8_t tag;
    } types[] = {{"C", "2.5.4.6", DER_PRINTABLE}, {"ST", "2.5.4.8", DER_UTF8},  {"L", "2.5.4.7", DER_UTF8},
                 {"O", "2.5.4.10", DER_UTF8},     {"OU", "2.5.4.11", DER_UTF8}, {"CN", "2.5.4.3", DER_UTF8}};
    size_t name = der_open(w, DER_SEQUENCE);
    for (const char *p = subject != NULL ? subject : ""; *p != '\0';) {
        while (*p == ' ' || *p == ',')
            p++;
        size_t len = strcspn(p, "="), i = 0;
        while (i < sizeof types / sizeof *types &&
               (strlen(types[i].name) != len || strncmp(types[i].name, p, len) != 0))
            i++;
        if (i == sizeof types / sizeof *types || p[len] != '=')
            return fail(error, FEDE_CONFIG_BAD_VALUE, "subject", "a subject is written C=NL, O=Example, CN=Name");
        char value[256];
        size_t n = 0;
        for (p += len + 1; *p != '\0' && *p != ',' && n < sizeof value; p++) {
            if (*p == '\\' && p[1] != '\0')
                p++;
            value[n++] = *p;
        }
        if (n == 0 || n == sizeof value || !is_value(bytes_of(value, n), types[i].tag))
            return fail(error, FEDE_CONFIG_BAD_VALUE, "subject",
                        "a part of the subject is empty, too long or not UTF-8, or C is not two letters");
        size_t set = der_open(w, DER_SET), attribute = der_open(w, DER_SEQUENCE);
        der_put_oid(w, types[i].oid);
        der_put(w, types[i].tag, bytes_of(value, n));
        der_close(w, attribute);
        der_close(w, set);
    }
    der_close(w, name);
    return true;
}

/* ---- Extensions. */

struct open_extension {
    size_t whole, value;
};

static struct open_extension open_extension(struct der_out *w, const char *oid, bool critical)
{
    struct open_extension e = {.whole = der_open(w, DER_SEQUENCE)};
    der_put_oid(w, oid);
    if (critical)
        der_put(w, DER_BOOLEAN, bytes_of("\xff", 1));
    e.value = der_open(w, DER_OCTET_STRING);
    return e;
}

static void close_extension(struct der_out *w, struct open_extension e)
{
    der_close(w, e.value);
    der_close(w, e.whole);
}

static void key_id(bytes spki, uint8_t out[KEY_ID_LEN])
{
    uint8_t hash[HASH_MAX];
    bytes content, bits = spki;
    unsigned unused;
    if (der_only(spki, DER_SEQUENCE, &content)) {
        struct der d = der_in(content);
        if (der_read(&d, DER_SEQUENCE, &content))
            der_bits(&d, &bits, &unused);
    }
    crypto_hash_once(HASH_SHA256, bits, hash);
    bytes_copy(out, hash, KEY_ID_LEN);
}

/* One GeneralName; kinds are told by their look. */
/* Only of the characters that URIs and mail addresses have here (RFC 3986 2, RFC 5280 4.2.1.6); NULL is fine. */
static bool is_graphic(const char *text)
{
    while (text != NULL && *text > ' ' && *text < 0x7f)
        text++;
    return text == NULL || *text == '\0';
}

static bool write_general_name(struct der_out *w, const char *name)
{
    struct host host;
    bytes base, text = bytes_text(name);
    if (strstr(name, "://") != NULL) {
        if (!is_graphic(name))
            return false;
        der_put(w, DER_CONTEXT(NAME_URI), text);
    } else if (strchr(name, '@') != NULL) {
        if (!is_graphic(name) || mailbox_read(name, &host) != HOST_MAILBOX)
            return false;
        der_put(w, DER_CONTEXT(NAME_EMAIL), text);
    } else if (host_read(name, &host) == HOST_IP) {
        der_put(w, DER_CONTEXT(NAME_IP), bytes_of(host.ip, host.ip_len));
    } else {
        bool wildcard = dns_wildcard(text, &base);
        if (dns_name_labels(wildcard ? base : text) == 0)
            return false;
        der_put(w, DER_CONTEXT(NAME_DNS), text);
    }
    return true;
}

/* A base of name constraints: a DNS name, or an address with its prefix length. */
static bool write_subtree(struct der_out *w, const char *base)
{
    char address[64];
    struct host host;
    const char *slash = strchr(base, '/');
    size_t at = der_open(w, DER_SEQUENCE);
    if (slash == NULL) {
        if (dns_name_labels(bytes_text(base)) == 0)
            return false;
        der_put_text(w, DER_CONTEXT(NAME_DNS), base);
    } else {
        size_t len = (size_t)(slash - base);
        long prefix = strtol(slash + 1, NULL, 10);
        if (len >= sizeof address)
            return false;
        bytes_copy(address, base, len);
        address[len] = '\0';
        if (host_read(address, &host) != HOST_IP || prefix < 0 || prefix > 8 * (long)host.ip_len)
            return false;
        uint8_t both[32];
        for (long i = 0; i < host.ip_len; i++) {
            long bits = prefix - 8 * i;
            uint8_t mask = (uint8_t)(bits >= 8 ? 0xff : bits <= 0 ? 0 : 0xff00 >> bits);
            both[i] = host.ip[i] & mask;
            both[host.ip_len + i] = mask;
        }
        der_put(w, DER_CONTEXT(NAME_IP), bytes_of(both, (size_t)2 * host.ip_len));
    }
    der_close(w, at);
    return true;
}

static bool write_constraints(struct der_out *w, const fede_issue_request *q)
{
    struct open_extension e = open_extension(w, "2.5.29.30", true);
    size_t all = der_open(w, DER_SEQUENCE);
    for (unsigned which = 0; which < 2; which++) {
        size_t n = which == 0 ? q->n_permitted : q->n_excluded, at = 0;
        if (n > 0)
            at = der_open(w, DER_CONTEXT_CONSTRUCTED(which));
        for (size_t i = 0; i < n; i++)
            if (!write_subtree(w, which == 0 ? q->permitted[i] : q->excluded[i]))
                return false;
        if (n > 0)
            der_close(w, at);
    }
    der_close(w, all);
    close_extension(w, e);
    return true;
}

static void write_basic(struct der_out *w, const fede_issue_request *q)
{
    struct open_extension e = open_extension(w, "2.5.29.19", true);
    size_t at = der_open(w, DER_SEQUENCE);
    if (q->ca) {
        der_put(w, DER_BOOLEAN, bytes_of("\xff", 1));
        if (q->path_length > 0)
            der_put_number(w, DER_INTEGER, (uint64_t)q->path_length - 1);
    }
    der_close(w, at);
    close_extension(w, e);
    e = open_extension(w, "2.5.29.15", true);
    /* keyCertSign and cRLSign, or digitalSignature, also with keyEncipherment: unused bits and the first byte. */
    der_put(w, DER_BIT_STRING, bytes_of(q->ca ? "\x01\x06" : q->key_encipherment ? "\x05\xa0" : "\x07\x80", 2));
    close_extension(w, e);
}

static void write_purposes(struct der_out *w, const fede_issue_request *q)
{
    static const char *const oids[] = {"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.9",
                                       "1.3.6.1.5.5.7.3.3", "1.3.6.1.5.5.7.3.4"};
    unsigned purposes = q->purposes != 0 || q->ca ? q->purposes : FEDE_FOR_SERVER | FEDE_FOR_CLIENT;
    if (purposes == 0)
        return;
    struct open_extension e = open_extension(w, "2.5.29.37", false);
    size_t at = der_open(w, DER_SEQUENCE);
    for (unsigned i = 0; i < sizeof oids / sizeof *oids; i++)
        if (purposes >> i & 1)
            der_put_oid(w, oids[i]);
    der_close(w, at);
    close_extension(w, e);
}

static void write_key_ids(struct der_out *w, bytes spki, const struct certificate *issuer)
{
    uint8_t id[KEY_ID_LEN];
    key_id(spki, id);
    struct open_extension e = open_extension(w, "2.5.29.14", false);
    der_put(w, DER_OCTET_STRING, BYTES_OF(id));
    close_extension(w, e);
    bytes above = issuer != NULL && issuer->subject_key_id.data != NULL ? issuer->subject_key_id : BYTES_OF(id);
    e = open_extension(w, "2.5.29.35", false);
    size_t at = der_open(w, DER_SEQUENCE);
    der_put(w, DER_CONTEXT(0), above);
    der_close(w, at);
    close_extension(w, e);
}

static bool write_policies(struct der_out *w, const fede_issue_request *q)
{
    struct open_extension e = open_extension(w, "2.5.29.32", false);
    size_t all = der_open(w, DER_SEQUENCE);
    for (size_t i = 0; i < q->n_policies; i++) {
        size_t at = der_open(w, DER_SEQUENCE);
        if (!der_put_oid(w, q->policies[i]))
            return false;
        der_close(w, at);
    }
    der_close(w, all);
    close_extension(w, e);
    return true;
}

static void write_addresses(struct der_out *w, const fede_issue_request *q)
{
    const struct {
        const char *oid, *url;
    } accesses[] = {{"1.3.6.1.5.5.7.48.1", q->ocsp_url}, {"1.3.6.1.5.5.7.48.2", q->issuer_url}};
    if (q->ocsp_url != NULL || q->issuer_url != NULL) {
        struct open_extension e = open_extension(w, "1.3.6.1.5.5.7.1.1", false);
        size_t all = der_open(w, DER_SEQUENCE);
        for (size_t i = 0; i < 2; i++) {
            if (accesses[i].url == NULL)
                continue;
            size_t at = der_open(w, DER_SEQUENCE);
            der_put_oid(w, accesses[i].oid);
            der_put_text(w, DER_CONTEXT(NAME_URI), accesses[i].url);
            der_close(w, at);
        }
        der_close(w, all);
        close_extension(w, e);
    }
    if (q->crl_url != NULL) {
        struct open_extension e = open_extension(w, "2.5.29.31", false);
        size_t all = der_open(w, DER_SEQUENCE), point = der_open(w, DER_SEQUENCE);
        size_t name = der_open(w, DER_CONTEXT_CONSTRUCTED(0)), full = der_open(w, DER_CONTEXT_CONSTRUCTED(0));
        der_put_text(w, DER_CONTEXT(NAME_URI), q->crl_url);
        der_close(w, full);
        der_close(w, name);
        der_close(w, point);
        der_close(w, all);
        close_extension(w, e);
    }
}

static bool has_no_subject(const fede_issue_request *q, const struct taken *taken)
{
    static const uint8_t none[] = {DER_SEQUENCE, 0};
    if (taken->subject.data != NULL)
        return bytes_equal(taken->subject, BYTES_OF(none));
    return q->subject == NULL || q->subject[0] == '\0';
}

static void write_extensions(struct der_out *w, const fede_issue_request *q, const struct taken *taken,
                             const struct certificate *issuer, fede_error *error)
{
    size_t outer = der_open(w, DER_CONTEXT_CONSTRUCTED(3)), list = der_open(w, DER_SEQUENCE);
    bool nameless = has_no_subject(q, taken); /* then alternative names are critical: RFC 5280 4.1.2.6 */
    write_basic(w, q);
    write_purposes(w, q);
    write_key_ids(w, taken->spki, issuer);
    if (q->n_names > 0 && (q->flaws & FEDE_FLAW_NO_NAMES) == 0) {
        struct open_extension e = open_extension(w, "2.5.29.17", nameless);
        size_t at = der_open(w, DER_SEQUENCE);
        for (size_t i = 0; i < q->n_names; i++)
            if (!write_general_name(w, q->names[i]))
                fail(error, FEDE_CONFIG_BAD_VALUE, "subjectAltName",
                     "a name is neither host name, address, mail address nor URI");
        der_close(w, at);
        close_extension(w, e);
    }
    if (taken->alt_names.data != NULL) {
        struct open_extension e = open_extension(w, "2.5.29.17", nameless);
        der_add(w, taken->alt_names);
        close_extension(w, e);
    }
    if (q->n_permitted + q->n_excluded > 0 && !write_constraints(w, q))
        fail(error, FEDE_CONFIG_BAD_VALUE, "nameConstraints", "a constraint is a DNS name or an address with /length");
    if (q->n_policies > 0 && !write_policies(w, q))
        fail(error, FEDE_CONFIG_BAD_VALUE, "certificatePolicies",
             "a policy is an object identifier like 2.23.140.1.2.1");
    if (is_graphic(q->ocsp_url) && is_graphic(q->issuer_url) && is_graphic(q->crl_url))
        write_addresses(w, q);
    else
        fail(error, FEDE_CONFIG_BAD_VALUE, "URI", "an address where to ask has characters that no URI has (RFC 3986 2)");
    if (q->must_staple) {
        struct open_extension e = open_extension(w, "1.3.6.1.5.5.7.1.24", false);
        der_add(w, bytes_of("\x30\x03\x02\x01\x05", 5));
        close_extension(w, e);
    }
    der_close(w, list);
    der_close(w, outer);
}

/* ---- Signed whole. */

size_t issue_sign(struct der_out *tbs, const fede_key *key, unsigned flaws, uint8_t *out, size_t size, fede_error *error)
{
    const struct algorithm *a = algorithm_of(key, flaws);
    uint8_t signature[SIGNATURE_MAX];
    size_t len = sizeof signature;
    bytes input = bytes_of(tbs->base, tbs->len);
    struct der_out w = der_to(out, size);
    if (tbs->over || size < TBS_SPARE || tbs->len > size - TBS_SPARE) {
        fail(error, FEDE_OUTPUT_FAILED, NULL, "the room for what is issued is too small");
        return 0;
    }
    bool made = a->scheme != 0 ? crypto_sign(key->key, scheme_by_id(a->scheme), input, signature, &len)
                               : crypto_sign_sha1(key->key, input, signature, &len);
    if (!made) {
        fail(error, FEDE_CRYPTO_FAILED, NULL, "signing failed");
        return 0;
    }
    if (flaws & FEDE_FLAW_SIGNATURE)
        signature[len - 1] ^= 1;
    size_t whole = der_open(&w, DER_SEQUENCE);
    der_add(&w, input);
    write_algorithm(&w, a);
    der_put_bits(&w, bytes_of(signature, len));
    der_close(&w, whole);
    return w.over ? 0 : w.len;
}

/* ---- Revocation lists. */

bool issue_read_issuer(bytes der, const fede_key *key, struct certificate *out, fede_error *error)
{
    fede_error unread = {0};
    *error = (fede_error){.reason = FEDE_OK};
    if (!certificate_read(der, out, &unread))
        return fail(error, FEDE_CONFIG_PEM, "issuer", "certificate of the CA");
    if (key == NULL || !crypto_key_matches(key->key, out->key.spki) || algorithm_of(key, 0) == NULL)
        return fail(error, FEDE_CONFIG_KEY_MISMATCH, "issuer", NULL);
    return true;
}

size_t fede_issue_list(fede_bytes issuer_der, const fede_key *issuer_key, const fede_revoked *revoked, size_t n,
                       uint64_t number, int64_t this_update, int64_t next_update, uint8_t *out, size_t size,
                       fede_error *error)
{
    struct certificate issuer;
    if (!issue_read_issuer(issuer_der, issuer_key, &issuer, error))
        return 0;
    uint8_t *room = memory_take(&memory_standard, size);
    if (room == NULL) {
        fail(error, FEDE_OUT_OF_MEMORY, NULL, NULL);
        return 0;
    }
    struct der_out w = der_to(room, size);
    size_t tbs = der_open(&w, DER_SEQUENCE);
    der_put_number(&w, DER_INTEGER, 1);
    write_algorithm(&w, algorithm_of(issuer_key, 0));
    der_add(&w, issuer.subject);
    der_put_time(&w, this_update);
    der_put_time(&w, next_update);
    size_t list = n > 0 ? der_open(&w, DER_SEQUENCE) : 0;
    for (size_t i = 0; i < n; i++) {
        size_t entry = der_open(&w, DER_SEQUENCE);
        der_put(&w, DER_INTEGER, revoked[i].serial);
        der_put_time(&w, revoked[i].at);
        if (revoked[i].reason > 0) {
            size_t extensions = der_open(&w, DER_SEQUENCE);
            struct open_extension e = open_extension(&w, "2.5.29.21", false);
            der_put_number(&w, DER_ENUMERATED, (uint64_t)revoked[i].reason);
            close_extension(&w, e);
            der_close(&w, extensions);
        }
        der_close(&w, entry);
    }
    if (n > 0)
        der_close(&w, list);
    size_t outer = der_open(&w, DER_CONTEXT_CONSTRUCTED(0)), extensions = der_open(&w, DER_SEQUENCE);
    if (issuer.subject_key_id.data != NULL) {
        struct open_extension e = open_extension(&w, "2.5.29.35", false);
        size_t at = der_open(&w, DER_SEQUENCE);
        der_put(&w, DER_CONTEXT(0), issuer.subject_key_id);
        der_close(&w, at);
        close_extension(&w, e);
    }
    struct open_extension e = open_extension(&w, "2.5.29.20", false);
    der_put_number(&w, DER_INTEGER, number);
    close_extension(&w, e);
    der_close(&w, extensions);
    der_close(&w, outer);
    der_close(&w, tbs);
    size_t len = issue_sign(&w, issuer_key, 0, out, size, error);
    memory_give(&memory_standard, room, size);
    return len;
}
