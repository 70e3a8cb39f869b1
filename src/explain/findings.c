/* explain/findings.c: looking for what findings.def lists, one routine for each part of a connection.

   Nothing is guessed: a finding stands for something that is in the messages, the records or the certificates as they were.
   What the missing of a message would prove is only said when the handshake was kept whole. */
#include "explain/findings.h"

#include "explain/annotate.h"
#include "explain/hello.h"
#include "explain/offers.h"
#include "explain/oids.h"
#include "explain/suite_parts.h"
#include "explain/ssl2.h"
#include "x509/x509.h"

enum { FINDINGS_MOST = 64, SHOWN_OF_A_KIND = 4, FAULTS_SHOWN = 8 };

struct job {
    struct arena *arena;
    const struct dissection *d;
    const struct derived *derived;
    int64_t at;
    struct hello client, server;
    uint16_t version; /* 0: no ServerHello */
    struct suite_parts suite;
    struct findings out;
    struct text detail; /* of the last finding */
};

static void choices(struct job *j);
static void extensions_of(struct job *j, uint8_t from, const struct hello *h);
static void malformed(struct job *j);
static unsigned faults_found(struct job *j, uint8_t from, const struct faults *faults, unsigned most);
static void randoms(struct job *j);
static void strength(struct job *j);
static void key_exchange(struct job *j);
static void bindings(struct job *j);
static void old_form(struct job *j);
static void certificates(struct job *j);
static const char *algorithm_name(const struct certificate *c);
static void leaf(struct job *j, const struct certificate *c);
static void chain(struct job *j, const struct certificate *list, size_t n);
static void recomputed(struct job *j);
static void course(struct job *j);
static struct finding *found(struct job *j, enum finding_id id, uint8_t from, const char *path);
static bool weak_hash(uint16_t scheme);
static void worst_first(struct findings *f);

static const struct finding_row rows[] = {
#define ERROR                                      SEVERITY_ERROR
#define WARNING                                    SEVERITY_WARNING
#define NOTE                                       SEVERITY_NOTE
#define FINDING(name, severity, sentence, section) {#name, sentence, section, severity},
#include "explain/findings.def"
#undef FINDING
#undef ERROR
#undef WARNING
#undef NOTE
};

static const char *const sentences_zh[FINDING_KINDS] = {
#define FINDING_ZH(name, sentence) [FOUND_##name] = (sentence),
#include "explain/findings_zh.def"
#undef FINDING_ZH
};

struct findings findings_make(struct arena *arena, const struct dissection *d, const struct derived *derived,
                              int64_t at)
{
    struct job j = {.arena = arena, .d = d, .derived = derived, .at = at};
    j.out.rows = arena_take(arena, FINDINGS_MOST * sizeof *j.out.rows);
    if (j.out.rows == NULL)
        return (struct findings){.cut = true};
    j.client = hello_of(d, FEDE_CLIENT);
    j.server = hello_of(d, FEDE_SERVER);
    if (j.server.read) {
        j.version = j.server.versions.n > 0 ? u16s_at(j.server.versions, 0) : j.server.legacy_version;
        j.suite = suite_parts(u16s_at(j.server.suites, 0));
    }
    choices(&j);
    extensions_of(&j, FEDE_CLIENT, &j.client);
    extensions_of(&j, FEDE_SERVER, &j.server);
    malformed(&j);
    randoms(&j);
    if (j.server.read) {
        strength(&j);
        key_exchange(&j);
        bindings(&j);
    }
    if (d->ssl2_hello.len > 0 || d->version == SSL2_VERSION)
        old_form(&j);
    certificates(&j);
    recomputed(&j);
    course(&j);
    worst_first(&j.out);
    return j.out;
}

const struct finding_row *finding_row(enum finding_id id)
{
    return &rows[id < FINDING_KINDS ? id : 0];
}

const char *finding_sentence(const struct finding_row *row, enum language language)
{
    const char *own = language == CHINESE ? sentences_zh[row - rows] : NULL;
    return own != NULL ? own : row->sentence;
}

void finding_name(const struct finding_row *row, struct text *out)
{
    for (const char *c = row->name; *c != '\0'; c++)
        text_char(out, (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c));
}

const char *severity_name(enum severity severity)
{
    static const char *const names[] = {"unknown", "note", "warning", "error"};
    return names[(size_t)severity < sizeof names / sizeof *names ? severity : 0];
}

/* ---- offers and hellos ---- */

static void choices(struct job *j)
{
    static const struct {
        enum finding_id id;
        const char *path;
    } kinds[OFFER_KINDS] = {
        [OFFER_VERSION] = {FOUND_VERSION_NOT_OFFERED, "server_hello.server_version"},
        [OFFER_SUITE] = {FOUND_SUITE_NOT_OFFERED, "server_hello.cipher_suite"},
        [OFFER_GROUP] = {FOUND_GROUP_NOT_OFFERED, "server_key_exchange.params.namedcurve"},
        [OFFER_SCHEME] = {FOUND_SCHEME_NOT_OFFERED, "server_key_exchange.signed_params.algorithm"},
        [OFFER_ALPN] = {FOUND_ALPN_NOT_OFFERED, "server_hello.extensions.application_layer_protocol_negotiation"},
        [OFFER_COMPRESSION] = {FOUND_COMPRESSION_NOT_OFFERED, "server_hello.compression_method"},
        [OFFER_EXTENSION] = {FOUND_EXTENSION_UNASKED, "server_hello.extensions"},
    };
    struct offers offers = offers_make(j->arena, j->d);
    bool protocol = false;
    unsigned told[OFFER_KINDS] = {0};
    for (size_t i = 0; i < offers.n; i++) {
        const struct offer *o = &offers.rows[i];
        protocol = protocol || (o->kind == OFFER_ALPN && o->state == OFFER_TAKEN);
        if (o->state != OFFER_UNASKED || told[o->kind]++ >= SHOWN_OF_A_KIND)
            continue;
        if (found(j, kinds[o->kind].id, FEDE_SERVER, kinds[o->kind].path) != NULL)
            field_registered(&j->detail, o->names, o->number);
    }
    bytes list = j->server.alpn, name;
    if (alpn_next(&list, &name) && !protocol && j->client.alpn.len > 0 &&
        found(j, FOUND_ALPN_NOT_OFFERED, FEDE_SERVER, kinds[OFFER_ALPN].path) != NULL)
        text_escaped(&j->detail, name);
}

static void extensions_of(struct job *j, uint8_t from, const struct hello *h)
{
    bytes rest = h->extensions, body;
    uint16_t id, other;
    unsigned told = 0;
    while (extensions_next(&rest, &id, &body)) {
        bytes later = rest;
        while (extensions_next(&later, &other, &body)) {
            if (other != id || told++ >= SHOWN_OF_A_KIND)
                continue;
            if (found(j, FOUND_EXTENSION_TWICE, from,
                      from == FEDE_CLIENT ? "client_hello.extensions" : "server_hello.extensions") != NULL)
                field_registered(&j->detail, &extension_names, id);
            break;
        }
    }
}

static void malformed(struct job *j)
{
    unsigned told = 0;
    for (size_t i = 0; i < j->d->n_handshake + j->d->n_broken && told < FAULTS_SHOWN; i++) {
        const struct kept_message *m = i < j->d->n_handshake ? &j->d->handshake[i] : &j->d->broken[i - j->d->n_handshake];
        if (m->bytes.data == NULL)
            continue;
        struct arena scratch;
        arena_start(&scratch, &memory_standard, (size_t)4 * 1024 * 1024);
        struct annotation a = annotate_message(&scratch, m->bytes, &j->d->context);
        told += faults_found(j, m->from, &a.faults, FAULTS_SHOWN - told);
        arena_end(&scratch);
    }
    for (uint8_t from = FEDE_CLIENT; from <= FEDE_SERVER; from++) {
        struct arena scratch;
        if (!j->d->observed.bad_ccs[from])
            continue;
        arena_start(&scratch, &memory_standard, 64 * 1024);
        struct annotation a = annotate_ccs(&scratch, bytes_of(&j->d->observed.ccs[from], 1));
        faults_found(j, from, &a.faults, 1);
        arena_end(&scratch);
    }
}

static unsigned faults_found(struct job *j, uint8_t from, const struct faults *faults, unsigned most)
{
    unsigned n = 0;
    for (const struct fault *f = faults->first; f != NULL && n < most; f = f->next, n++) {
        char *path = arena_take(j->arena, strlen(f->path) + 1);
        if (path != NULL)
            bytes_copy(path, f->path, strlen(f->path));
        if (found(j, FOUND_MALFORMED, from, path != NULL ? path : "") != NULL)
            fault_text(f, &j->detail);
    }
    return n;
}

static void randoms(struct job *j)
{
    enum { DAY = 86400 };
    static const uint8_t down12[] = {'D', 'O', 'W', 'N', 'G', 'R', 'D', 1},
                         down11[] = {'D', 'O', 'W', 'N', 'G', 'R', 'D', 0};
    const struct hello *both[] = {&j->client, &j->server};
    for (size_t i = 0; i < 2; i++) {
        if (!both[i]->read)
            continue;
        int64_t clock = load32(both[i]->random.data), off = clock - j->at;
        if (off > -DAY && off < DAY &&
            found(j, FOUND_CLOCK, i == 0 ? FEDE_CLIENT : FEDE_SERVER,
                  i == 0 ? "client_hello.random" : "server_hello.random") != NULL)
            text_time(&j->detail, clock);
    }
    if (!j->server.read)
        return;
    const uint8_t *end = j->server.random.data + 24;
    uint16_t can = memcmp(end, down12, 8) == 0 ? 0x0304 : memcmp(end, down11, 8) == 0 ? 0x0303 : 0;
    if (can <= j->version)
        return;
    uint16_t highest = j->client.legacy_version;
    for (size_t i = 0; i < j->client.versions.n; i++) {
        uint16_t v = u16s_at(j->client.versions, i);
        highest = v > highest && !names_is_grease(v) ? v : highest;
    }
    if (found(j, highest > j->version ? FOUND_SENTINEL : FOUND_SENTINEL_HARMLESS, FEDE_SERVER, "server_hello.random") !=
        NULL) {
        text_add(&j->detail, "chosen ");
        text_add(&j->detail, version_title(j->version));
        text_add(&j->detail, "; the client offers up to ");
        text_add(&j->detail, version_title(highest));
    }
}

/* ---- the suite ---- */

static void strength(struct job *j)
{
    const char *path = "server_hello.cipher_suite", *name = j->suite.name != NULL ? j->suite.name : "";
    const struct suite_parts *s = &j->suite;
    if (j->version < 0x0303 && found(j, j->version <= 0x0300 ? FOUND_VERSION_BROKEN : FOUND_VERSION_OLD, FEDE_SERVER,
                                     "server_hello.server_version"))
        text_add(&j->detail, version_title(j->version));
    const struct {
        enum finding_id id;
        bool here;
    } tests[] = {
        {FOUND_EXPORT_SUITE, s->export_grade},
        {FOUND_NULL_SUITE, s->known && strcmp(s->cipher, "none") == 0},
        {FOUND_ANONYMOUS_SUITE, s->proof == PROOF_NONE},
        {FOUND_RC4, s->known && strcmp(s->cipher, "RC4") == 0},
        {FOUND_SHORT_KEY, s->known && s->key_len > 0 && !s->export_grade && (s->key_bits < 128 || s->block == 8)},
        {FOUND_NO_FORWARD_SECRECY, s->name != NULL && s->known && !s->forward_secrecy},
    };
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        if (tests[i].here && found(j, tests[i].id, FEDE_SERVER, path))
            text_add(&j->detail, name);
    bool outside = hello_extension(&j->server, EXT_ENCRYPT_THEN_MAC).data != NULL;
    if (s->cbc && found(j, outside ? FOUND_CBC_ENCRYPT_THEN_MAC : FOUND_CBC, FEDE_SERVER, path))
        text_add(&j->detail, name);
    uint8_t compression = j->server.compressions.data[0];
    if (compression != 0 && found(j, FOUND_COMPRESSION, FEDE_SERVER, "server_hello.compression_method"))
        field_registered(&j->detail, &compression_names, compression);
    if (u16s_has(j->client.suites, 0x5600))
        found(j, FOUND_FALLBACK, FEDE_CLIENT, "client_hello.cipher_suites");
}

static void key_exchange(struct job *j)
{
    enum { BROKEN = 1024, SMALL = 2048 };
    const struct kept_message *m = dissection_message(j->d, FEDE_SERVER, MSG_SERVER_KEY_EXCHANGE, 0);
    if (m == NULL || j->version >= 0x0304)
        return;
    struct server_key_exchange s = {.kx = j->suite.kx, .unnamed = dissection_unnamed(j->d)};
    struct wire w = wire_reader(bytes_skip(m->bytes, 4));
    wire_server_key_exchange(&w, &s);
    if (!wire_done(&w))
        return;
    unsigned bits = (unsigned)s.p.len * 8;
    for (size_t i = 0; i < s.p.len && s.p.data[i] == 0; i++)
        bits -= 8;
    if (bits > 0 && bits < SMALL &&
        found(j, bits < BROKEN ? FOUND_DH_BROKEN : FOUND_DH_SMALL, FEDE_SERVER, "server_key_exchange.params.dh_p")) {
        text_number(&j->detail, bits);
        text_add(&j->detail, " bits");
    }
    if (s.is_signed && weak_hash(s.scheme) && j->version == 0x0303 &&
        found(j, FOUND_SHA1_SIGNATURE, FEDE_SERVER, "server_key_exchange.signed_params.algorithm"))
        field_registered(&j->detail, &scheme_names, s.scheme);
}

/* What ties the handshake to its connection. */
static void bindings(struct job *j)
{
    if (j->version >= 0x0304 || !j->client.read)
        return;
    bool asked = hello_extension(&j->client, EXT_EXTENDED_MASTER_SECRET).data != NULL,
         answered = hello_extension(&j->server, EXT_EXTENDED_MASTER_SECRET).data != NULL;
    if (!(asked && answered) && found(j, FOUND_NO_EXTENDED_MASTER_SECRET, asked ? FEDE_SERVER : FEDE_CLIENT,
                                      asked ? "server_hello.extensions" : "client_hello.extensions"))
        text_add(&j->detail, asked ? "the server does not answer it" : "the client does not offer it");
    const uint16_t encrypted = derived_rsa_version(j->d);
    if (encrypted != 0 && encrypted != j->client.legacy_version &&
        found(j, FOUND_PREMASTER_VERSION, FEDE_CLIENT, "client_key_exchange")) {
        text_add(&j->detail, version_title(encrypted));
        text_add(&j->detail, " in the secret; the ClientHello offers ");
        text_add(&j->detail, version_title(j->client.legacy_version));
    }
    bytes of_client = hello_extension(&j->client, EXT_RENEGOTIATION_INFO),
          of_server = hello_extension(&j->server, EXT_RENEGOTIATION_INFO);
    bool signals = of_client.data != NULL || u16s_has(j->client.suites, 0x00ff);
    if ((!signals || of_server.data == NULL) &&
        found(j, FOUND_RENEGOTIATION_MISSING, signals ? FEDE_SERVER : FEDE_CLIENT,
              signals ? "server_hello.extensions" : "client_hello.extensions"))
        text_add(&j->detail, signals ? "the server does not answer it" : "the client does not offer it");
    for (size_t i = 0; i < 2; i++) {
        bytes body = i == 0 ? of_client : of_server;
        if (body.data != NULL && (body.len != 1 || body.data[0] != 0) &&
            found(j, FOUND_RENEGOTIATION_WRONG, i == 0 ? FEDE_CLIENT : FEDE_SERVER,
                  i == 0 ? "client_hello.extensions.renegotiation_info"
                         : "server_hello.extensions.renegotiation_info")) {
            text_number(&j->detail, (int64_t)body.len);
            text_add(&j->detail, " bytes");
        }
    }
}

/* SSL 2.0, or its form alone. */
static void old_form(struct job *j)
{
    const bool old = j->d->version == SSL2_VERSION;
    struct ssl2_client_hello hello;
    if (old && found(j, FOUND_SSL2, FEDE_SERVER, "ssl2_server_hello.server_version") && j->d->ssl2_cipher != 0)
        field_registered(&j->detail, &ssl2_cipher_names, j->d->ssl2_cipher);
    if (!ssl2_client_hello_read(j->d->ssl2_hello, &hello) || !found(j, FOUND_SSL2_HELLO, FEDE_CLIENT, "ssl2_client_hello"))
        return;
    text_add(&j->detail, hello.version == SSL2_VERSION ? "it offers SSL 2.0 alone" : "it offers up to ");
    text_add(&j->detail, hello.version == SSL2_VERSION ? "" : version_title(hello.version));
}

/* ---- certificates ---- */

static void certificates(struct job *j)
{
    enum { READ_MOST = 10 };
    struct certificate list[READ_MOST];
    size_t n = 0, all = j->d->n_certificates;
    for (size_t i = 0; i < all && i < READ_MOST; i++, n++) {
        fede_error error = {0};
        struct certificate *c = &list[i];
        struct finding *f;
        if (!certificate_read(j->d->certificates[i], c, &error)) {
            *c = (struct certificate){0};
            if ((f = found(j, FOUND_CERTIFICATE_UNREADABLE, FEDE_SERVER, "certificate.certificate_list")) != NULL) {
                f->certificate = (int)i;
                text_add(&j->detail, error.where != NULL ? error.where : "");
            }
            continue;
        }
        bool late = c->not_after<j->at, early = c->not_before> j->at;
        if ((late || early) && (f = found(j, late ? FOUND_EXPIRED : FOUND_NOT_YET_VALID, FEDE_SERVER,
                                          "certificate.certificate_list")) != NULL) {
            f->certificate = (int)i;
            certificate_title(c->der, &j->detail);
            text_add(&j->detail, late ? ", until " : ", from ");
            text_time(&j->detail, late ? c->not_after : c->not_before);
        }
        const char *algorithm = algorithm_name(c);
        bool weak = strstr(algorithm, "SHA1") != NULL || strstr(algorithm, "sha1") != NULL ||
                    strstr(algorithm, "md5") != NULL || strstr(algorithm, "MD5") != NULL;
        if (weak && !c->self_issued && /* nobody relies on a root's own signature */
            (f = found(j, FOUND_SHA1_CERTIFICATE, FEDE_SERVER, "certificate.certificate_list")) != NULL) {
            f->certificate = (int)i;
            certificate_title(c->der, &j->detail);
            text_add(&j->detail, ", ");
            text_add(&j->detail, algorithm);
        }
    }
    if (n > 0 && list[0].der.len > 0)
        leaf(j, &list[0]);
    if (n > 0)
        chain(j, list, n);
}

/* An AlgorithmIdentifier begins with the OID; "" when it is not known. */
static const char *algorithm_name(const struct certificate *c)
{
    enum { SEQUENCE = 0x30, OID = 0x06 };
    bytes a = c->algorithm;
    if (a.len < 4 || a.data[0] != SEQUENCE || a.data[2] != OID || a.data[3] > a.len - 4)
        return "";
    const char *name = oid_name(bytes_of(a.data + 4, a.data[3]));
    return name != NULL ? name : "";
}

static void leaf(struct job *j, const struct certificate *c)
{
    enum { DAY = 86400, SOON = 14, LONG = 398, LONG_2026 = 200, SMALL = 2048 };
    const int64_t from_march_2026 = 1773532800; /* CA/Browser Forum ballot SC-081 */
    const char *path = "certificate.certificate_list";
    if ((c->key.kind == KEY_RSA || c->key.kind == KEY_RSA_PSS) && c->key.bits < SMALL &&
        found(j, FOUND_RSA_SMALL, FEDE_SERVER, path)) {
        text_number(&j->detail, c->key.bits);
        text_add(&j->detail, " bits");
    }
    int64_t left = c->not_after - j->at, life = c->not_after - c->not_before;
    if (left >= 0 && left < (int64_t)SOON * DAY && life > (int64_t)SOON * DAY &&
        found(j, FOUND_NEAR_END, FEDE_SERVER, path)) {
        text_add(&j->detail, "until ");
        text_time(&j->detail, c->not_after);
    }
    int64_t most = c->not_before >= from_march_2026 ? LONG_2026 : LONG;
    if (life > most * DAY && found(j, FOUND_LONG_LIFETIME, FEDE_SERVER, path)) {
        text_number(&j->detail, life / DAY);
        text_add(&j->detail, " days; public CAs may give ");
        text_number(&j->detail, most);
    }
    struct host host;
    if (c->alt_names.data == NULL)
        found(j, FOUND_NO_NAMES, FEDE_SERVER, path);
    else if (j->client.host_name.len > 0 && j->client.host_name.len < sizeof host.text) {
        char name[256] = "";
        bytes_copy(name, j->client.host_name.data, j->client.host_name.len);
        if (host_read(name, &host) == HOST_DNS && !host_matches(c, &host) &&
            found(j, FOUND_OTHER_NAME, FEDE_SERVER, path)) {
            text_add(&j->detail, "asked for ");
            text_escaped(&j->detail, j->client.host_name);
        }
    }
    if (c->self_issued && !(c->has_basic && c->is_ca && j->d->n_certificates > 1))
        found(j, FOUND_SELF_SIGNED, FEDE_SERVER, path);
    /* TLS features: a SEQUENCE of INTEGER; 5 is status_request. */
    static const uint8_t status[] = {0x02, 0x01, 0x05};
    bool must = false;
    for (size_t i = 0; i + sizeof status <= c->tls_features.len; i++)
        must = must || memcmp(c->tls_features.data + i, status, sizeof status) == 0;
    if (must && j->version < 0x0304 && hello_extension(&j->client, EXT_STATUS_REQUEST).data != NULL &&
        dissection_message(j->d, FEDE_SERVER, MSG_CERTIFICATE_STATUS, 0) == NULL && !j->d->handshake_cut)
        found(j, FOUND_STAPLE_MISSING, FEDE_SERVER, path);
}

static void chain(struct job *j, const struct certificate *list, size_t n)
{
    const char *path = "certificate.certificate_list";
    struct finding *f;
    bool ordered = true;
    for (size_t i = 1; i < n; i++) {
        if (list[i].der.len == 0 || list[i - 1].der.len == 0)
            continue;
        bool fits = name_equal(list[i].subject, list[i - 1].issuer), twice = false, related = false;
        for (size_t k = 0; k < n; k++) {
            twice = twice || (k < i && bytes_equal(list[k].der, list[i].der));
            related = related || (k != i && list[k].der.len > 0 && name_equal(list[k].issuer, list[i].subject));
        }
        enum finding_id id = twice || !related ? FOUND_SURPLUS_CERTIFICATE : FOUND_CHAIN_ORDER;
        if (!fits && (ordered || id == FOUND_SURPLUS_CERTIFICATE) && (f = found(j, id, FEDE_SERVER, path)) != NULL) {
            f->certificate = (int)i;
            certificate_title(list[i].der, &j->detail);
        }
        ordered = ordered && fits;
        if (list[i].self_issued && list[i].is_ca && !twice && related &&
            (f = found(j, FOUND_SURPLUS_ROOT, FEDE_SERVER, path)) != NULL) {
            f->certificate = (int)i;
            certificate_title(list[i].der, &j->detail);
        }
    }
}

static void recomputed(struct job *j)
{
    static const struct {
        const char *name, *path;
        enum finding_id id;
    } rows_of[] = {
        {"certificate_signature", "certificate.certificate_list", FOUND_SIGNATURE_WRONG},
        {"server_key_exchange", "server_key_exchange.signed_params.signature", FOUND_SIGNATURE_WRONG},
        {"certificate_verify", "certificate_verify.signature", FOUND_SIGNATURE_WRONG},
        {"client_finished", "finished.verify_data", FOUND_FINISHED_WRONG},
        {"server_finished", "finished.verify_data", FOUND_FINISHED_WRONG},
        {"certificate_status", "certificate_status.response", FOUND_STAPLE_WRONG},
    };
    static const struct {
        const char *name; /* a part of it */
        enum finding_id id;
    } checks_of[] = {{"Finished", FOUND_FINISHED_WRONG},
                     {"PSK binder", FOUND_BINDER_WRONG},
                     {"certificate chain", FOUND_CHAIN_REFUSED},
                     {"OCSP response", FOUND_STAPLE_WRONG},
                     {"", FOUND_SIGNATURE_WRONG}};
    for (size_t i = 0; j->derived != NULL && i < j->derived->n_verdicts; i++) {
        const struct derived_verdict *v = &j->derived->verdicts[i];
        struct finding *f = NULL;
        for (size_t k = 0; k < sizeof rows_of / sizeof *rows_of && v->outcome == VERDICT_FAILED; k++)
            if (strcmp(v->name, rows_of[k].name) == 0)
                f = found(j, rows_of[k].id, v->from, rows_of[k].path);
        if (f == NULL)
            continue;
        f->certificate = v->certificate;
        text_add(&j->detail, v->title);
        text_add(&j->detail, ": ");
        text_add(&j->detail, v->text);
    }
    for (size_t i = 0; i < j->d->n_failed; i++) {
        size_t k = 0;
        while (k < sizeof checks_of / sizeof *checks_of - 1 && strstr(j->d->failed[i].name, checks_of[k].name) == NULL)
            k++;
        if (found(j, checks_of[k].id, 0, "") == NULL)
            continue;
        text_add(&j->detail, j->d->failed[i].name);
        text_add(&j->detail, ": ");
        text_add(&j->detail, j->d->failed[i].text);
    }
}

/* ---- the connection's course ---- */

static void course(struct job *j)
{
    const struct observed *o = &j->d->observed;
    if (j->client.read && j->client.host_name.len == 0 && hello_extension(&j->client, EXT_ECH).data == NULL)
        found(j, FOUND_NO_SERVER_NAME, FEDE_CLIENT, "client_hello.extensions");
    if (j->client.read && hello_extension(&j->client, EXT_SESSION_TICKET).len > 0)
        found(j, FOUND_RESUMES, FEDE_CLIENT, "client_hello.extensions.session_ticket");
    else if (j->client.read && j->client.session_id.len > 0 && j->client.versions.n == 0)
        found(j, FOUND_RESUMES, FEDE_CLIENT, "client_hello.session_id");
    if (o->renegotiated)
        found(j, FOUND_RENEGOTIATED, 0, "");
    if (j->d->ancestor_uses > 1 && found(j, j->d->by_ticket ? FOUND_TICKET_TWICE : FOUND_SESSION_ID_TWICE, FEDE_CLIENT,
                                         j->d->by_ticket ? "client_hello.extensions" : "client_hello.session_id")) {
        text_add(&j->detail, "of connection ");
        text_number(&j->detail, j->d->ancestor);
    }
    if (j->d->fast_open)
        found(j, FOUND_FAST_OPEN, FEDE_CLIENT, "");
    if (o->false_start)
        found(j, FOUND_FALSE_START, FEDE_CLIENT, "");
    for (uint8_t from = FEDE_CLIENT; from <= FEDE_SERVER; from++) {
        struct finding *f;
        if (o->early_ccs[from])
            found(j, FOUND_EARLY_CCS, from, "change_cipher_spec");
        if (o->over_limit[from] != 0 && (f = found(j, FOUND_RECORD_OVER_LIMIT, from, "record.length")) != NULL)
            f->record = o->over_limit[from];
        bool data = o->empty_type[from] == CONTENT_DATA;
        if (o->empty[from] != 0 &&
            (f = found(j, data ? FOUND_RECORD_EMPTY_DATA : FOUND_RECORD_EMPTY, from, "record.length")) != NULL) {
            f->record = o->empty[from];
            field_registered(&j->detail, &content_type_names, o->empty_type[from]);
        }
        uint16_t first = from == FEDE_SERVER ? o->first_version[from] : 0,
                 wanted = j->version >= 0x0304 ? 0x0303 : j->version;
        bool other = first != 0 && wanted != 0 && first != wanted;
        if ((o->other_version[from] != 0 || other) &&
            (f = found(j, FOUND_RECORD_VERSION, from, "record.version")) != NULL)
            f->record = other ? 1 : o->other_version[from];
        if (o->heartbeats[from] != 0 && (f = found(j, FOUND_HEARTBEAT, from, "")) != NULL)
            f->record = o->heartbeats[from];
        if (o->over_read[from] != 0 && (f = found(j, FOUND_HEARTBEAT_OVER_READ, from, "")) != NULL)
            f->record = o->over_read[from];
    }
    uint8_t peer = j->d->role == FEDE_SERVER ? FEDE_CLIENT : FEDE_SERVER;
    if (j->d->opened && o->truncated && !o->closed[peer])
        found(j, FOUND_NO_CLOSE_NOTIFY, peer, "");
}

/* ---- parts ---- */

static struct finding *found(struct job *j, enum finding_id id, uint8_t from, const char *path)
{
    if (j->out.n == FINDINGS_MOST) {
        j->out.cut = true;
        return NULL;
    }
    struct finding *f = &j->out.rows[j->out.n++];
    *f = (struct finding){.row = &rows[id], .path = path, .from = from, .certificate = -1};
    j->detail = text_in(f->detail, sizeof f->detail);
    return f;
}

/* SHA-1 and MD5, as the first byte of a scheme of TLS 1.2 has them. */
static bool weak_hash(uint16_t scheme)
{
    return scheme >> 8 == 1 || scheme >> 8 == 2;
}

/* Keeps the order within a severity: that in which things were looked at. */
static void worst_first(struct findings *f)
{
    for (size_t i = 1; i < f->n; i++) {
        struct finding one = f->rows[i];
        size_t at = i;
        for (; at > 0 && f->rows[at - 1].row->severity < one.row->severity; at--)
            f->rows[at] = f->rows[at - 1];
        f->rows[at] = one;
    }
}
