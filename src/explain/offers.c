/* explain/offers.c: offer and choice, one routine for each kind.

   A reason is given where the messages hold it: the version chosen, the kind of key in the certificate shown, a list that
   the client did not send. Which of two possible values a server prefers is its own matter and not visible on the wire;
   then the row says that, and nothing more. Versions: RFC 5246 E.1, RFC 9846 4.2.1; suites: RFC 5246 7.4.1.3, RFC 8422 2;
   groups: RFC 8422 4, RFC 7919; schemes: RFC 5246 7.4.1.4.1; ALPN: RFC 7301 3.2; extensions: RFC 5246 7.4.1.4. */
#include "explain/offers.h"

#include "explain/hello.h"
#include "explain/raw_key.h"
#include "explain/suite_parts.h"
#include "x509/x509.h"

struct job {
    struct arena *arena;
    const struct dissection *d;
    struct hello client, server;
    uint16_t version;         /* chosen; 0: no answer */
    struct suite_parts suite; /* chosen */
    uint8_t key;              /* enum key_kind of the server's certificate; 0: none shown, or unknown */
    bool shown;               /* a certificate was shown */
    size_t room;
    struct offers out;
};

static void versions(struct job *j);
static void suites(struct job *j);
static const char *suite_excluded(const struct job *j, uint16_t id);
static void groups(struct job *j);
static const char *group_excluded(const struct job *j, uint16_t id);
static void schemes(struct job *j);
static const char *scheme_excluded(const struct job *j, uint16_t id);
static bool scheme_for(uint16_t id, uint8_t proof);
static void protocols(struct job *j);
static void compressions(struct job *j);
static void extensions(struct job *j);
static void add(struct job *j, enum offer_kind kind, uint16_t number, enum offer_state state, const char *why);

#define GREASE_WHY "GREASE: means nothing, keeps servers from stumbling over new values (RFC 8701)"
#define BEFORE_WHY                                                                                                     \
    "stands before the chosen one in the client's list and could have been used; whether the server lacks it or "      \
    "prefers the other is not visible on the wire"
#define BEHIND_WHY "stands behind the chosen one in the client's list"

struct offers offers_make(struct arena *arena, const struct dissection *d)
{
    struct job j = {.arena = arena, .d = d, .client = hello_of(d, FEDE_CLIENT), .server = hello_of(d, FEDE_SERVER)};
    if (!j.client.read)
        return j.out;
    if (j.server.read) {
        j.version = j.server.versions.n > 0 ? u16s_at(j.server.versions, 0) : j.server.legacy_version;
        j.suite = suite_parts(u16s_at(j.server.suites, 0));
    }
    struct public_key key;
    j.shown = d->n_certificates > 0 || d->raw_key.len > 0;
    if (j.shown && shown_key(d->n_certificates > 0 ? d->certificates[0] : d->raw_key, &key))
        j.key = key.kind;
    size_t protocols_most = j.client.alpn.len,
           extensions_most = (j.client.extensions.len + j.server.extensions.len) / 4;
    j.room = j.client.versions.n + j.client.suites.n + j.client.groups.n + j.client.schemes.n + protocols_most +
             j.client.compressions.len + extensions_most + OFFER_KINDS + 2;
    j.out.rows = arena_take(arena, j.room * sizeof *j.out.rows);
    if (j.out.rows == NULL)
        return (struct offers){.cut = true};
    versions(&j);
    suites(&j);
    groups(&j);
    schemes(&j);
    protocols(&j);
    compressions(&j);
    extensions(&j);
    return j.out;
}

const char *offer_kind_title(enum offer_kind kind)
{
    static const char *const titles[] = {"versions", "cipher suites",       "groups",    "signature schemes",
                                         "ALPN",     "compression methods", "extensions"};
    return titles[kind < OFFER_KINDS ? kind : 0];
}

const char *offer_kind_name(enum offer_kind kind)
{
    static const char *const names[] = {"versions", "cipher_suites",       "groups",    "signature_schemes",
                                        "alpn",     "compression_methods", "extensions"};
    return names[kind < OFFER_KINDS ? kind : 0];
}

const char *offer_state_name(enum offer_state state)
{
    static const char *const names[] = {"unknown", "taken", "left", "excluded", "signal", "unasked", "unanswered"};
    return names[(size_t)state < sizeof names / sizeof *names ? state : 0];
}

/* ---- versions ---- */

static void versions(struct job *j)
{
    struct u16s list = j->client.versions;
    bool found = false;
    for (size_t i = 0; i < list.n; i++) {
        uint16_t v = u16s_at(list, i);
        found = found || v == j->version;
        if (names_is_grease(v))
            add(j, OFFER_VERSION, v, OFFER_SIGNAL, GREASE_WHY);
        else if (v == j->version)
            add(j, OFFER_VERSION, v, OFFER_TAKEN, "chosen by the server");
        else
            add(j, OFFER_VERSION, v, OFFER_LEFT,
                v > j->version
                    ? "higher than the one chosen; that the server can't speak it, or won't, is its own matter"
                    : "lower than the one chosen: servers take the highest they can");
    }
    uint16_t highest = j->client.legacy_version;
    if (list.n == 0) {
        found = highest == j->version;
        add(j, OFFER_VERSION, highest, found ? OFFER_TAKEN : OFFER_LEFT,
            found ? "chosen by the server: the highest that the client offers"
                  : "the highest that the client offers; the server chose a lower one");
    }
    if (j->server.read && !found) {
        bool below = list.n == 0 && j->version < highest;
        add(j, OFFER_VERSION, j->version, below ? OFFER_TAKEN : OFFER_UNASKED,
            below ? "chosen by the server: without supported_versions everything below the highest counts as offered"
                  : "chosen by the server although the client does not offer it");
    }
}

/* ---- cipher suites ---- */

static void suites(struct job *j)
{
    enum { RENEGOTIATION = 0x00ff, FALLBACK = 0x5600 };
    uint16_t chosen = j->server.read ? u16s_at(j->server.suites, 0) : 0;
    bool found = false;
    for (size_t i = 0; i < j->client.suites.n; i++) {
        uint16_t id = u16s_at(j->client.suites, i);
        const char *why;
        if (names_is_grease(id)) {
            add(j, OFFER_SUITE, id, OFFER_SIGNAL, GREASE_WHY);
        } else if (id == RENEGOTIATION) {
            add(j, OFFER_SUITE, id, OFFER_SIGNAL,
                "no suite: says that the client knows renegotiation_info (RFC 5746 3.3)");
        } else if (id == FALLBACK) {
            add(j, OFFER_SUITE, id, OFFER_SIGNAL,
                "no suite: says that this is a second attempt with a lower version (RFC 7507)");
        } else if (j->server.read && id == chosen) {
            add(j, OFFER_SUITE, id, OFFER_TAKEN, "chosen by the server");
            found = true;
        } else if (j->server.read && (why = suite_excluded(j, id)) != NULL) {
            add(j, OFFER_SUITE, id, OFFER_EXCLUDED, why);
        } else {
            add(j, OFFER_SUITE, id, OFFER_LEFT, found ? BEHIND_WHY : BEFORE_WHY);
        }
    }
    if (j->server.read && !found)
        add(j, OFFER_SUITE, chosen, OFFER_UNASKED, "chosen by the server although the client does not offer it");
}

static const char *suite_excluded(const struct job *j, uint16_t id)
{
    struct suite_parts p = suite_parts(id);
    bool scheme = j->client.schemes.n == 0;
    if (p.name == NULL)
        return "its number is in no registry known here";
    if (p.tls13 != (j->version >= 0x0304))
        return p.tls13 ? "a suite of TLS 1.3; the version chosen is older"
                       : "a suite of TLS 1.2 and before; TLS 1.3 was chosen";
    if (p.least > j->version)
        return "needs TLS 1.2; the version chosen is older";
    bool rsa = j->key == KEY_RSA || j->key == KEY_RSA_PSS;
    if (j->key != 0 && !j->suite.tls13) {
        if (p.proof == PROOF_RSA && !rsa)
            return "needs an RSA certificate; the one that the server showed has another kind of key";
        if (p.proof == PROOF_ECDSA && rsa)
            return "needs an ECDSA or EdDSA certificate; the one that the server showed has an RSA key";
        if (p.kx == KX_RSA && j->key == KEY_RSA_PSS)
            return "encrypts to the certificate's key; that one is for RSASSA-PSS signatures only";
        if (p.proof == PROOF_DSS)
            return "needs a DSA certificate; the one that the server showed has another kind of key";
    }
    for (size_t i = 0; i < j->client.schemes.n && !scheme; i++)
        scheme = scheme_for(u16s_at(j->client.schemes, i), p.proof);
    bool is_signed = p.kx == KX_ECDHE || p.kx == KX_DHE;
    if (is_signed && !scheme)
        return "the client offers no signature scheme for its kind of certificate";
    return NULL;
}

/* ---- groups ---- */

static void groups(struct job *j)
{
    bool found = false;
    uint16_t chosen = j->server.read ? j->d->group : 0;
    if (j->version >= 0x0304) {
        bytes share = hello_extension(&j->server, EXT_KEY_SHARE);
        chosen = share.len >= 2 ? load16(share.data) : 0;
    }
    for (size_t i = 0; i < j->client.groups.n; i++) {
        uint16_t id = u16s_at(j->client.groups, i);
        const char *why;
        if (names_is_grease(id)) {
            add(j, OFFER_GROUP, id, OFFER_SIGNAL, GREASE_WHY);
        } else if (chosen != 0 && id == chosen) {
            add(j, OFFER_GROUP, id, OFFER_TAKEN, "chosen by the server for the key exchange");
            found = true;
        } else if (j->server.read && (why = group_excluded(j, id)) != NULL) {
            add(j, OFFER_GROUP, id, OFFER_EXCLUDED, why);
        } else {
            add(j, OFFER_GROUP, id, OFFER_LEFT,
                chosen == 0 ? "no choice among the groups was seen"
                : found     ? BEHIND_WHY
                            : BEFORE_WHY);
        }
    }
    if (chosen != 0 && !found)
        add(j, OFFER_GROUP, chosen, j->client.groups.n > 0 ? OFFER_UNASKED : OFFER_TAKEN,
            j->client.groups.n > 0 ? "chosen by the server although the client does not offer it"
                                   : "chosen by the server: the client sent no list of groups, so any may be taken");
}

static const char *group_excluded(const struct job *j, uint16_t id)
{
    bool finite = id >= 0x0100 && id <= 0x01ff;
    bool new = id >= 0x0200 && id < 0xfe00; /* KEMs and hybrids have a form for TLS 1.3 alone */
    if (j->version >= 0x0304)
        return NULL;
    if (new)
        return "for TLS 1.3 only; the version chosen is older";
    if (j->suite.kx == KX_RSA || j->suite.kx == KX_PSK || j->suite.kx == KX_RSA_PSK)
        return "the suite chosen has no key exchange in a group";
    bool elliptic = j->suite.kx == KX_ECDHE || j->suite.kx == KX_ECDHE_PSK || j->suite.kx == KX_ECDH_ANON;
    bool modular = j->suite.kx == KX_DHE || j->suite.kx == KX_DHE_PSK || j->suite.kx == KX_DH_ANON;
    if (elliptic && finite)
        return "for DHE suites; the suite chosen uses curves";
    if (modular && !finite)
        return "a curve; the suite chosen uses a finite field";
    return NULL;
}

/* ---- signature schemes ---- */

static void schemes(struct job *j)
{
    bool found = false;
    uint16_t chosen = j->server.read && j->version < 0x0304 ? j->d->scheme : 0;
    const struct kept_message *verify = dissection_message(j->d, FEDE_SERVER, MSG_CERTIFICATE_VERIFY, 0);
    if (j->version >= 0x0304 && verify != NULL && verify->bytes.len >= 6)
        chosen = load16(verify->bytes.data + 4);
    for (size_t i = 0; i < j->client.schemes.n; i++) {
        uint16_t id = u16s_at(j->client.schemes, i);
        const char *why;
        if (names_is_grease(id)) {
            add(j, OFFER_SCHEME, id, OFFER_SIGNAL, GREASE_WHY);
        } else if (chosen != 0 && id == chosen) {
            add(j, OFFER_SCHEME, id, OFFER_TAKEN, "the server signed the key exchange with it");
            found = true;
        } else if (j->server.read && (why = scheme_excluded(j, id)) != NULL) {
            add(j, OFFER_SCHEME, id, OFFER_EXCLUDED, why);
        } else {
            add(j, OFFER_SCHEME, id, OFFER_LEFT,
                chosen == 0 ? "no signature of the server was seen"
                : found     ? BEHIND_WHY
                            : BEFORE_WHY);
        }
    }
    if (chosen != 0 && !found)
        add(j, OFFER_SCHEME, chosen, j->client.schemes.n > 0 ? OFFER_UNASKED : OFFER_TAKEN,
            j->client.schemes.n > 0 ? "used by the server although the client does not offer it"
                                    : "used by the server: the client sent no list of schemes (RFC 5246 7.4.1.4.1)");
}

static const char *scheme_excluded(const struct job *j, uint16_t id)
{
    const struct scheme *s = scheme_by_id(id);
    const char *name = names_find(&scheme_names, id);
    if (j->version < 0x0303)
        return "schemes can be chosen from TLS 1.2 on only";
    if (j->version < 0x0304 && j->suite.kx != KX_ECDHE && j->suite.kx != KX_DHE)
        return "with the suite chosen the server signs nothing; the list still holds for certificates";
    if (name != NULL && strncmp(name, "mldsa", 5) == 0 && j->version < 0x0304)
        return "for TLS 1.3 only; the version chosen is older";
    if (j->key == 0)
        return NULL;
    if (s != NULL)
        return scheme_fits_key(s, j->key, j->version)
                   ? NULL
                   : "does not go with the key in the certificate that the server showed";
    if (!scheme_for(id, j->key == KEY_RSA || j->key == KEY_RSA_PSS ? PROOF_RSA : PROOF_ECDSA))
        return "does not go with the key in the certificate that the server showed";
    return j->version >= 0x0304
               ? "not for handshakes of TLS 1.3 (RFC 9846 4.2.3); the list still holds for certificates"
               : NULL;
}

/* By name, so that those that are not implemented are known too. */
static bool scheme_for(uint16_t id, uint8_t proof)
{
    const char *name = names_find(&scheme_names, id);
    if (name == NULL)
        return false;
    if (proof == PROOF_RSA)
        return strncmp(name, "rsa_", 4) == 0;
    if (proof == PROOF_ECDSA)
        return strncmp(name, "ecdsa_", 6) == 0 || strncmp(name, "ed", 2) == 0;
    if (proof == PROOF_DSS)
        return strncmp(name, "dsa_", 4) == 0;
    return false;
}

/* ---- ALPN, compression, extensions ---- */

static void protocols(struct job *j)
{
    bytes rest = j->client.alpn, protocol, chosen = BYTES_NONE, list = j->server.alpn;
    alpn_next(&list, &chosen);
    /* In TLS 1.3 the answer is encrypted: it is known where that was opened. */
    bytes told = bytes_text(j->d->alpn);
    bool found = false, answered = chosen.len > 0 || told.len > 0;
    while (alpn_next(&rest, &protocol)) {
        char escaped[4 * 255 + 1];
        struct text t = text_in(escaped, sizeof escaped);
        text_escaped(&t, protocol);
        char *copy = arena_take(j->arena, strlen(escaped) + 1);
        if (copy == NULL) {
            j->out.cut = true;
            return;
        }
        bytes_copy(copy, escaped, strlen(escaped));
        bool same =
            chosen.len > 0 ? bytes_equal(chosen, protocol) : told.len > 0 && bytes_equal(told, bytes_text(copy));
        bool grease = protocol.len == 2 && names_is_grease(load16(protocol.data));
        found = found || same;
        if (grease)
            add(j, OFFER_ALPN, 0, OFFER_SIGNAL, GREASE_WHY);
        else if (same)
            add(j, OFFER_ALPN, 0, OFFER_TAKEN, "chosen by the server");
        else
            add(j, OFFER_ALPN, 0, OFFER_LEFT,
                !answered ? (j->version >= 0x0304 ? "the answer, if any, stands in EncryptedExtensions"
                                                  : "the server did not answer this extension: it chose no protocol")
                : found   ? BEHIND_WHY
                          : BEFORE_WHY);
        if (j->out.n > 0)
            j->out.rows[j->out.n - 1].text = copy;
    }
}

static void compressions(struct job *j)
{
    bool found = false;
    for (size_t i = 0; i < j->client.compressions.len; i++) {
        uint8_t id = j->client.compressions.data[i];
        bool same = j->server.read && j->server.compressions.data[0] == id;
        found = found || same;
        add(j, OFFER_COMPRESSION, id, same ? OFFER_TAKEN : OFFER_LEFT,
            same      ? "chosen by the server"
            : id != 0 ? "left out: compression inside TLS gives secrets away (CRIME)"
                      : "no compression: every client must offer it, few servers should take anything else");
    }
    if (j->server.read && !found)
        add(j, OFFER_COMPRESSION, j->server.compressions.data[0], OFFER_UNASKED,
            "chosen by the server although the client does not offer it");
}

static void extensions(struct job *j)
{
    uint32_t replies = ext_reply_in(IN_SERVER_HELLO);
    bytes rest = j->client.extensions, body;
    uint16_t id;
    bool new = j->version >= 0x0304;
    while (extensions_next(&rest, &id, &body)) {
        int bit = ext_bit_of(id);
        if (names_is_grease(id))
            add(j, OFFER_EXTENSION, id, OFFER_SIGNAL, GREASE_WHY);
        else if (hello_extension(&j->server, id).data != NULL)
            add(j, OFFER_EXTENSION, id, OFFER_TAKEN, "answered in the ServerHello");
        else if (id == EXT_SERVER_NAME)
            add(j, OFFER_EXTENSION, id, OFFER_SIGNAL, "for the server to read; it need not answer (RFC 6066 3)");
        else if (bit >= 0 && !(replies >> bit & 1) && !new)
            add(j, OFFER_EXTENSION, id, OFFER_SIGNAL, "for the server to read; it has no answer in a ServerHello");
        else if (id == EXT_SUPPORTED_GROUPS || id == EXT_EC_POINT_FORMATS)
            add(j, OFFER_EXTENSION, id, OFFER_SIGNAL, "for the server to read; most do not answer it");
        else if (new)
            add(j, OFFER_EXTENSION, id, OFFER_LEFT,
                "not in the ServerHello; in TLS 1.3 most answers stand in EncryptedExtensions or Certificate");
        else if (bit >= 0 && (id == EXT_KEY_SHARE || id == EXT_PRE_SHARED_KEY || id == EXT_SUPPORTED_VERSIONS))
            add(j, OFFER_EXTENSION, id, OFFER_EXCLUDED, "of TLS 1.3; the version chosen is older");
        else
            add(j, OFFER_EXTENSION, id, OFFER_LEFT,
                "not answered: the server does not know it, or does not use it in this connection");
    }
    rest = j->server.extensions;
    while (extensions_next(&rest, &id, &body)) {
        bool by_suite = id == EXT_RENEGOTIATION_INFO && u16s_has(j->client.suites, 0x00ff);
        if (hello_extension(&j->client, id).data == NULL)
            add(j, OFFER_EXTENSION, id, by_suite ? OFFER_TAKEN : OFFER_UNASKED,
                by_suite ? "answers the signalling suite TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746 3.3)"
                         : "in the ServerHello although the client does not offer it");
    }
}

static void add(struct job *j, enum offer_kind kind, uint16_t number, enum offer_state state, const char *why)
{
    static const struct names *const names[] = {&version_names, &suite_names,       &group_names,    &scheme_names,
                                                NULL,           &compression_names, &extension_names};
    if (j->out.n == j->room) {
        j->out.cut = true;
        return;
    }
    if (!j->server.read && state != OFFER_SIGNAL) {
        state = OFFER_UNANSWERED;
        why = "no ServerHello came";
    }
    j->out.rows[j->out.n++] = (struct offer){
        .kind = (uint8_t)kind, .state = (uint8_t)state, .number = number, .names = names[kind], .why = why};
}
