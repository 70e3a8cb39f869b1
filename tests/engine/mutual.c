/* engine/mutual.c: client certificates in both roles, in one process: every kind of key, optional and required, refused with
   the right alert, chosen by names, schemes and by the application, signed elsewhere, kept in sessions; what is derived for
   others from a connection; each record of the client's flight altered, dropped and doubled; each allocation failing. RFC
   5246 7.4.4 to 7.4.8, RFC 5705, RFC 9266, RFC 5929 4. */
#include "check.h"
#include "fede/issue.h"
#include "pair.h"

/* ---- A CA of clients, and what it issues. */

enum { YEAR = 365 * 24 * 3600, DER_MOST = 4096 };

struct issued {
    uint8_t der[DER_MOST];
    size_t len;
    fede_key *key;
};

static fede_bytes der_of(const struct issued *i)
{
    return (fede_bytes){i->der, i->len};
}

static struct issued ca, other_ca;

static void make_ca(struct issued *out, const char *subject)
{
    fede_error error = {0};
    out->key = fede_key_make(FEDE_KEY_P256, 0);
    fede_issue_request request = {
        .subject = subject, .not_before = JUST_2030 - YEAR, .not_after = JUST_2030 + YEAR, .key = out->key, .ca = true};
    out->len = fede_issue(&request, out->der, sizeof out->der, &error);
    CHECK(out->len > 0);
}

static void issue(struct issued *out, const struct issued *from, fede_key_kind kind, fede_issue_request request)
{
    fede_error error = {0};
    if (out->key == NULL)
        out->key = fede_key_make(kind, 0);
    request.subject = "O=Clients, CN=someone";
    request.not_before = request.not_before != 0 ? request.not_before : JUST_2030 - YEAR;
    request.not_after = request.not_after != 0 ? request.not_after : JUST_2030 + YEAR;
    request.purposes = request.purposes != 0 ? request.purposes : FEDE_FOR_CLIENT;
    request.key = out->key;
    request.issuer = der_of(from);
    request.issuer_key = from->key;
    out->len = fede_issue(&request, out->der, sizeof out->der, &error);
    CHECK_AT(out->len > 0, error.reason);
}

static void add(fede_config *config, const struct issued *client)
{
    const char *pem = fede_key_pem(client->key);
    fede_config_credential(config, der_of(client), (fede_bytes){(const uint8_t *)pem, strlen(pem)});
}

static int64_t now = JUST_2030;

static int64_t wall(void *arg)
{
    (void)arg;
    return now;
}

static char told[2][120]; /* why no certificate was shown: client, server */

static void hear(void *arg, const fede_event *event)
{
    int side = arg != NULL;
    if (event->kind == FEDE_EVENT_CHOICE && strcmp(event->label, "client certificate") == 0)
        snprintf(told[side], sizeof told[side], "%.*s", (int)event->bytes.len, (const char *)event->bytes.data);
}

static fede_config *client_with(const fede_allocator *memory, const struct issued *client)
{
    fede_config *config = pair_client_config(memory);
    if (config == NULL)
        return NULL;
    fede_config_clock(config, wall, NULL, NULL);
    fede_config_trace(config, hear, NULL);
    if (client != NULL)
        add(config, client);
    return config;
}

static fede_config *server_with(const fede_allocator *memory, const char *key, fede_client_certificate wanted)
{
    static char yes;
    fede_config *config = pair_server_config(memory, key);
    if (config == NULL)
        return NULL;
    fede_config_clock(config, wall, NULL, NULL);
    fede_config_trace(config, hear, &yes);
    fede_config_client_certificate(config, wanted);
    fede_config_trust(config, der_of(&ca));
    return config;
}

static void run(struct pair *pair, fede_config *cc, fede_config *sc)
{
    told[0][0] = told[1][0] = '\0';
    pair_start(pair, cc, sc, NULL);
    CHECK(pair_pump(pair));
}

static void end(struct pair *pair, fede_config *cc, fede_config *sc)
{
    pair_end(pair);
    fede_config_free(cc);
    fede_config_free(sc);
}

static bool same(fede_bytes a, fede_bytes b)
{
    return a.len == b.len && a.len > 0 && memcmp(a.data, b.data, a.len) == 0;
}

/* ---- It works. */

static void every_key(void)
{
    static const struct {
        fede_key_kind kind;
        uint16_t scheme;
    } kinds[] = {{FEDE_KEY_P256, 0x0403},
                 {FEDE_KEY_P384, 0x0503},
                 {FEDE_KEY_P521, 0x0603},
                 {FEDE_KEY_ED25519, 0x0807},
                 {FEDE_KEY_RSA, 0x0804}};
    static const char *const servers[] = {"p256", "rsa", "ed25519"};
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        struct issued one = {0};
        issue(&one, &ca, kinds[k].kind, (fede_issue_request){0});
        for (size_t s = 0; s < 6; s++) {
            fede_config *cc = client_with(NULL, &one),
                        *sc = server_with(NULL, servers[s % 3], (fede_client_certificate)(1 + s / 3));
            fede_config_keep(sc, FEDE_KEEP_PEER);
            struct pair pair = {.chunk = s == 1};
            run(&pair, cc, sc);
            fede_info c, server;
            fede_conn_info(pair.client, &c);
            fede_conn_info(pair.server, &server);
            CHECK_AT(c.established && server.established && c.verified && server.verified, k);
            CHECK_AT(c.client_certificate_asked && c.client_certificate_given && server.client_certificate_given, k);
            CHECK_AT(c.client_scheme == kinds[k].scheme && server.client_scheme == kinds[k].scheme, c.client_scheme);
            CHECK(same(fede_peer_certificate(pair.server, 0), der_of(&one)));
            CHECK(same(fede_verified_certificate(pair.server, 1), der_of(&ca)));
            CHECK(fede_verified_certificate(pair.server, 2).len == 0);
            CHECK(same(fede_own_certificate(pair.client, 0), der_of(&one)));
            CHECK(same(fede_own_certificate(pair.server, 0), fede_config_certificate(sc, 0, 0)));
            CHECK(fede_peer_certificate(pair.client, 0).len == 0); /* not kept */
            CHECK(pair_exchange(&pair, 1000));
            end(&pair, cc, sc);
        }
        fede_key_free(one.key);
    }
}

static void none_given(void)
{
    for (int wanted = 0; wanted <= FEDE_CLIENT_CERTIFICATE_REQUIRED; wanted++) {
        fede_config *cc = client_with(NULL, NULL), *sc = server_with(NULL, "p256", (fede_client_certificate)wanted);
        struct pair pair = {0};
        run(&pair, cc, sc);
        fede_info c, s;
        fede_conn_info(pair.client, &c);
        fede_conn_info(pair.server, &s);
        CHECK_AT(c.client_certificate_asked == (wanted > 0) && s.client_certificate_asked == (wanted > 0), wanted);
        CHECK(!c.client_certificate_given && !s.client_certificate_given && !s.verified && s.client_scheme == 0);
        CHECK_AT(s.established == (wanted < FEDE_CLIENT_CERTIFICATE_REQUIRED) && c.established == s.established,
                 wanted);
        if (wanted == FEDE_CLIENT_CERTIFICATE_REQUIRED) {
            CHECK(fede_conn_error(pair.server)->reason == FEDE_CLIENT_CERT_MISSING);
            CHECK(pair_alert(pair.server) == FEDE_ALERT_HANDSHAKE_FAILURE &&
                  pair_alert(pair.client) == FEDE_ALERT_HANDSHAKE_FAILURE);
            CHECK(fede_conn_error(pair.client)->reason == FEDE_PEER_ALERT);
        }
        CHECK(strcmp(told[0], wanted ? "none is configured" : "") == 0);
        end(&pair, cc, sc);
    }
}

/* ---- Refused, and the client is told why. */

static void refusals(void)
{
    static const struct {
        fede_issue_request request;
        bool foreign;
        uint16_t reason;
        uint8_t alert;
    } rows[] = {
        {{.not_after = JUST_2030 - 10}, false, FEDE_CERT_EXPIRED, FEDE_ALERT_CERTIFICATE_EXPIRED},
        {{.not_before = JUST_2030 + 10}, false, FEDE_CERT_NOT_YET_VALID, FEDE_ALERT_BAD_CERTIFICATE},
        {{0}, true, FEDE_CERT_UNKNOWN_ISSUER, FEDE_ALERT_UNKNOWN_CA},
        {{.purposes = FEDE_FOR_SERVER}, false, FEDE_CERT_EXTENDED_KEY_USAGE, FEDE_ALERT_UNSUPPORTED_CERTIFICATE},
        {{.flaws = FEDE_FLAW_SIGNATURE}, false, FEDE_CERT_SIGNATURE, FEDE_ALERT_BAD_CERTIFICATE},
        {{.ca = true}, false, FEDE_CERT_CA_AS_LEAF, FEDE_ALERT_BAD_CERTIFICATE},
    };
    for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
        size_t row = i / 2;
        struct issued one = {0};
        issue(&one, rows[row].foreign ? &other_ca : &ca, FEDE_KEY_P256, rows[row].request);
        fede_config *cc = client_with(NULL, &one),
                    *sc = server_with(NULL, "p256", (fede_client_certificate)(1 + i % 2));
        fede_config_any_issuer(cc);
        struct pair pair = {0};
        run(&pair, cc, sc);
        char text[600];
        fede_error_text(fede_conn_error(pair.server), text, sizeof text);
        CHECK_AT(!pair_established(pair.client) && !pair_established(pair.server), i);
        CHECK_AT(fede_conn_error(pair.server)->reason == rows[row].reason, fede_conn_error(pair.server)->reason);
        CHECK_AT(pair_alert(pair.server) == rows[row].alert && pair_alert(pair.client) == rows[row].alert, i);
        CHECK_AT(strncmp(text, "The client's certificate", 24) == 0 || strstr(text, " the client's certificate"), i);
        end(&pair, cc, sc);
        fede_key_free(one.key);
    }
}

/* ---- Which credential. */

static fede_bytes subject_of(const struct issued *i)
{
    /* the Name behind serial and algorithm is easiest found by its bytes: it stands twice in what is issued by itself */
    for (size_t at = 0; at + 40 < i->len; at++) {
        size_t len = i->der[at] == 0x30 && i->der[at + 1] < 0x80 ? 2u + i->der[at + 1] : 0;
        for (size_t b = at + len; len > 20 && b + len < i->len; b++)
            if (memcmp(i->der + at, i->der + b, len) == 0)
                return (fede_bytes){i->der + at, len};
    }
    return (fede_bytes){NULL, 0};
}

static void choosing(void)
{
    struct issued rsa = {0}, ec = {0}, other = {0};
    issue(&rsa, &ca, FEDE_KEY_RSA, (fede_issue_request){0});
    issue(&ec, &ca, FEDE_KEY_P256, (fede_issue_request){0});
    issue(&other, &other_ca, FEDE_KEY_P256, (fede_issue_request){0});
    fede_bytes ca_name = subject_of(&ca), other_name = subject_of(&other_ca);
    static const uint8_t nobody_name[] = {0x30, 0x0c, 0x31, 0x0a, 0x30, 0x08, 6, 3, 0x55, 4, 3, 0x0c, 1, 'x'};
    fede_bytes nobody = {nobody_name, sizeof nobody_name};
    static const uint16_t ec_only[] = {0x0403, 0x0807}, rsa_only[] = {0x0804, 0x0401};
    struct {
        const fede_bytes *names;
        size_t n;
        const uint16_t *schemes;
        bool any;
        const struct issued *wanted;
        const char *why;
    } rows[] = {
        {&other_name, 1, NULL, false, &other, ""},
        {&ca_name, 1, NULL, false, &rsa, ""},
        {NULL, 0, NULL, false, &rsa, ""},
        {&ca_name, 1, ec_only, false, &ec, ""},
        {&nobody, 1, NULL, false, NULL, "it names other CAs"},
        {&nobody, 1, NULL, true, &other, ""},
        {&other_name, 1, rsa_only, false, NULL, "it names other CAs"},
        {NULL, 0, rsa_only, false, &rsa, ""},
    };
    CHECK(ca_name.len > 0 && other_name.len > 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fede_config *cc = client_with(NULL, &rsa),
                    *sc = server_with(NULL, rows[i].schemes == rsa_only ? "rsa" : "p256", 1);
        add(cc, &ec);
        add(cc, &other);
        if (rows[i].any)
            fede_config_any_issuer(cc);
        fede_config_trust(sc, der_of(&other_ca));
        CHECK(fede_config_client_authorities(sc, rows[i].names, rows[i].n));
        if (rows[i].schemes != NULL)
            fede_config_schemes(sc, rows[i].schemes, 2);
        fede_config *derived = fede_config_derive(sc); /* carries the names too */
        struct pair pair = {0};
        run(&pair, cc, derived);
        fede_bytes own = fede_own_certificate(pair.client, 0);
        CHECK_AT(pair_established(pair.client) && pair_established(pair.server), i);
        CHECK_AT(rows[i].wanted == NULL ? own.len == 0 : same(own, der_of(rows[i].wanted)), i);
        CHECK_AT(strcmp(told[0], rows[i].why) == 0, i);
        fede_config_free(derived);
        end(&pair, cc, sc);
    }
    fede_config *config = fede_config_new();
    CHECK(!fede_config_any_issuer(config) && fede_config_error(config)->reason == FEDE_CONFIG_BAD_VALUE);
    fede_config_free(config);
    fede_key_free(rsa.key);
    fede_key_free(ec.key);
    fede_key_free(other.key);
}

/* ---- Questions. */

static void selection(void)
{
    struct issued one = {0}, other = {0};
    issue(&one, &ca, FEDE_KEY_P256, (fede_issue_request){0});
    issue(&other, &other_ca, FEDE_KEY_ED25519, (fede_issue_request){0});
    static const size_t answers[] = {0, 1, FEDE_NO_CREDENTIAL};
    for (size_t i = 0; i < 3; i++) {
        fede_config *cc = client_with(NULL, &one), *sc = server_with(NULL, "p256", 1);
        add(cc, &other);
        fede_config_ask(cc, FEDE_ASK_SELECTION);
        fede_config_trust(sc, der_of(&other_ca));
        fede_bytes name = subject_of(&ca);
        fede_config_client_authorities(sc, &name, 1);
        struct pair pair = {0};
        run(&pair, cc, sc);
        const fede_question *q = fede_ask(pair.client);
        CHECK(q != NULL && q->kind == FEDE_ASK_SELECTION && q->credential == 0);
        CHECK(same(fede_requested_authority(pair.client, 0), name) &&
              fede_requested_authority(pair.client, 1).len == 0);
        CHECK(fede_requested_scheme(pair.client, 0) == 0x0403 && fede_requested_scheme(pair.client, 99) == 0);
        CHECK(fede_requested_types(pair.client).len == 2);
        CHECK(fede_needs(pair.client) & FEDE_DECIDE && !fede_answer_credential(pair.client, 2));
        CHECK(fede_answer_credential(pair.client, answers[i]) && pair_pump(&pair));
        CHECK_AT(pair_established(pair.client) && pair_established(pair.server), i);
        fede_bytes own = fede_own_certificate(pair.client, 0);
        CHECK_AT(i == 2 ? own.len == 0 : same(own, der_of(i == 0 ? &one : &other)), i);
        end(&pair, cc, sc);
    }
    fede_key_free(one.key);
    fede_key_free(other.key);
}

static void verdict(void)
{
    struct issued one = {0};
    issue(&one, &other_ca, FEDE_KEY_P256, (fede_issue_request){0});
    for (int accept = 0; accept < 2; accept++) {
        fede_config *cc = client_with(NULL, &one), *sc = pair_server_config(NULL, "p256");
        fede_config_client_certificate(sc, FEDE_CLIENT_CERTIFICATE_REQUIRED);
        fede_config_ask(sc, FEDE_ASK_VERDICT); /* no anchors are needed then, and none are named */
        struct pair pair = {0};
        run(&pair, cc, sc);
        const fede_question *q = fede_ask(pair.server);
        CHECK(q != NULL && q->kind == FEDE_ASK_VERDICT && !q->verdict->accepted &&
              q->verdict == fede_peer_verdict(pair.server));
        CHECK(same(fede_peer_certificate(pair.server, 0), der_of(&one)) &&
              fede_verified_certificate(pair.server, 0).len == 0);
        fede_answer_verdict(pair.server, accept);
        pair_pump(&pair);
        fede_info info;
        fede_conn_info(pair.server, &info);
        CHECK_AT(info.established == (accept == 1) && !info.verified, accept);
        CHECK_AT(accept || pair_alert(pair.client) == FEDE_ALERT_UNKNOWN_CA, pair_alert(pair.client));
        end(&pair, cc, sc);
    }
    fede_config *sc = pair_server_config(NULL, "p256");
    fede_config_client_certificate(sc, FEDE_CLIENT_CERTIFICATE_OPTIONAL);
    fede_conn *server = fede_server_new(sc);
    CHECK(fede_needs(server) == FEDE_OVER && fede_conn_error(server)->reason == FEDE_CONFIG_NO_TRUST);
    fede_conn_free(server);
    fede_config_free(sc);
    fede_key_free(one.key);
}

/* ---- Keys that are elsewhere: here libcrypto's, used by the test. */

#include "crypto/crypto.h"

static fede_bytes sign_elsewhere(fede_bytes key_pem, const fede_question *q)
{
    static uint8_t out[SIGNATURE_MAX];
    size_t len = 0;
    struct crypto_key *key = crypto_key_read(key_pem);
    CHECK(key != NULL && crypto_sign(key, scheme_by_id(q->scheme), q->to_sign, out, &len));
    crypto_key_free(key);
    return (fede_bytes){out, len};
}

static void elsewhere(fede_key_kind kind, const char *server_key)
{
    struct issued one = {0};
    char chain[64], private[64];
    snprintf(chain, sizeof chain, "%s.pem", server_key);
    snprintf(private, sizeof private, "%s.key", server_key);
    issue(&one, &ca, kind, (fede_issue_request){0});
    fede_bytes pem = {(const uint8_t *)fede_key_pem(one.key), strlen(fede_key_pem(one.key))};
    for (int wrong = 0; wrong < 4; wrong++) { /* none; the server's; the client's; the server's refused */
        fede_config *cc = client_with(NULL, NULL), *sc = fede_config_derive(cc);
        CHECK(fede_config_external_credential(cc, der_of(&one)));
        CHECK(fede_config_external_credential(sc, pair_file(chain)));
        fede_config_client_certificate(sc, FEDE_CLIENT_CERTIFICATE_REQUIRED);
        fede_config_trust(sc, der_of(&ca));
        struct pair pair = {0};
        run(&pair, cc, sc);
        const fede_question *q = fede_ask(pair.server);
        CHECK(q != NULL && q->kind == FEDE_ASK_SIGNATURE && q->credential == 0 && q->to_sign.len > 64);
        CHECK(fede_ask(pair.client) == NULL);
        if (wrong == 3) {
            fede_answer_refuse(pair.server, FEDE_ALERT_INTERNAL_ERROR);
        } else if (q != NULL) {
            fede_bytes signature = sign_elsewhere(pair_file(private), q);
            fede_answer_signature(pair.server,
                                  wrong == 1 ? (fede_bytes){signature.data, signature.len - 1} : signature);
        }
        pair_pump(&pair);
        q = fede_ask(pair.client);
        CHECK((q != NULL) == (wrong % 2 == 0));
        if (q != NULL) {
            CHECK(q->kind == FEDE_ASK_SIGNATURE && q->to_sign.len > 500);
            static uint8_t rubbish[70];
            fede_answer_signature(pair.client, wrong == 2 ? (fede_bytes){rubbish, 70} : sign_elsewhere(pem, q));
        }
        pair_pump(&pair);
        CHECK_AT(pair_established(pair.client) == (wrong == 0) && pair_established(pair.server) == (wrong == 0), wrong);
        fede_conn *at_fault = wrong == 2 ? pair.client : pair.server;
        CHECK_AT(wrong == 0 || wrong == 3 || fede_conn_error(at_fault)->reason == FEDE_SIGNER_BAD, wrong);
        CHECK_AT(wrong == 0 || pair_alert(wrong == 2 ? pair.server : pair.client) == FEDE_ALERT_INTERNAL_ERROR, wrong);
        CHECK(wrong != 0 || pair_exchange(&pair, 100));
        end(&pair, cc, sc);
    }
    fede_key_free(one.key);
}

/* ---- Sessions. */

struct kept_session {
    uint8_t data[8192];
    size_t len;
};

/* One connection; returns whether it was resumed, -1: it was not established. */
static int meet(fede_config *cc, fede_config *sc, const struct kept_session *in, struct kept_session *out,
                const struct issued *who)
{
    struct pair pair = {0};
    told[0][0] = told[1][0] = '\0';
    pair_start(&pair, cc, sc, NULL);
    if (in != NULL)
        fede_conn_resume(pair.client, (fede_bytes){in->data, in->len});
    pair_pump(&pair);
    fede_info c, s;
    fede_conn_info(pair.client, &c);
    fede_conn_info(pair.server, &s);
    int resumed = c.established && s.established ? s.resumed : -1;
    if (resumed >= 0 && who != NULL) {
        CHECK(s.client_certificate_given && c.client_certificate_given && s.client_certificate_asked && s.verified);
        CHECK(same(fede_peer_certificate(pair.server, 0), der_of(who)) && s.client_scheme != 0);
    }
    if (resumed >= 0 && who == NULL)
        CHECK(!s.client_certificate_given && fede_peer_certificate(pair.server, 0).len == 0);
    fede_bytes session = fede_conn_session(pair.client);
    if (out != NULL && session.len <= sizeof out->data) {
        out->len = session.len;
        if (session.len > 0)
            memcpy(out->data, session.data, session.len);
    }
    pair_end(&pair);
    return resumed;
}

static fede_config *keeping(fede_config *sc, fede_store *store, bool tickets)
{
    fede_config_keep(sc, FEDE_KEEP_PEER);
    fede_config_store(sc, store);
    if (!tickets)
        fede_config_tickets(sc, 0);
    return sc;
}

static void sessions(bool tickets)
{
    static struct kept_session one, again, without;
    struct issued client = {0}, second = {0}, brief = {0};
    fede_store *store = fede_store_new(100);
    issue(&client, &ca, FEDE_KEY_RSA, (fede_issue_request){0});
    issue(&second, &ca, FEDE_KEY_P256, (fede_issue_request){0});
    issue(&brief, &ca, FEDE_KEY_P256, (fede_issue_request){.not_after = JUST_2030 + 600});
    fede_config *cc = client_with(NULL, &client), *c2 = client_with(NULL, &second), *c0 = client_with(NULL, NULL),
                *cb = client_with(NULL, &brief);
    fede_config *all[] = {cc, c2, c0, cb};
    for (size_t i = 0; i < 4; i++)
        fede_config_sessions(all[i], true);
    fede_config *base = keeping(server_with(NULL, "p256", FEDE_CLIENT_CERTIFICATE_REQUIRED), store, tickets);
    fede_config *optional = fede_config_derive(base), *never = fede_config_derive(base),
                *bare = fede_config_derive(base), *asking = fede_config_derive(base);
    fede_config_client_certificate(optional, FEDE_CLIENT_CERTIFICATE_OPTIONAL);
    fede_config_client_certificate(never, FEDE_CLIENT_CERTIFICATE_NONE);
    /* The same certificate, another trust anchor. */
    fede_config *moved = keeping(pair_server_config(NULL, "p256"), store, tickets);
    fede_config_clock(moved, wall, NULL, NULL);
    fede_config_client_certificate(moved, FEDE_CLIENT_CERTIFICATE_REQUIRED);
    fede_config_trust(moved, der_of(&other_ca));
    fede_config_free(bare);

    CHECK(meet(cc, base, NULL, &one, &client) == 0 && one.len > 0);
    fede_session_facts facts;
    CHECK(fede_session_about((fede_bytes){one.data, one.len}, &facts) && facts.client_certificate &&
          facts.ticket == tickets);
    CHECK(meet(cc, base, &one, &again, &client) == 1 && again.len > 0);
    CHECK(meet(cc, base, &again, NULL, &client) == 1);
    CHECK(meet(c2, base, &one, NULL, &second) == 0);     /* other certificates: not offered */
    CHECK(meet(cc, optional, &one, NULL, &client) == 0); /* another requirement */
    CHECK(meet(cc, never, &one, NULL, NULL) == 0);
    if (!tickets) /* tickets of `moved` have keys of their own */
        CHECK(meet(cc, moved, &one, NULL, NULL) == -1);
    CHECK(meet(c0, optional, NULL, &without, NULL) == 0 && meet(c0, optional, &without, NULL, NULL) == 1);
    CHECK(meet(c0, base, &without, NULL, NULL) == -1); /* required now */
    CHECK(meet(c0, base, &one, NULL, NULL) == -1);     /* nobody resumes what is another's */
    CHECK(meet(cb, base, NULL, &one, &brief) == 0 && meet(cb, base, &one, NULL, &brief) == 1);
    now += 601;
    CHECK(meet(cb, base, &one, NULL, NULL) == -1); /* expired in between */
    now -= 601;
    fede_config_free(asking);
    fede_config_free(moved);
    fede_config_free(optional);
    fede_config_free(never);
    fede_config_free(base);
    for (size_t i = 0; i < 4; i++)
        fede_config_free(all[i]);
    fede_store_free(store);
    fede_key_free(client.key);
    fede_key_free(second.key);
    fede_key_free(brief.key);
}

/* ---- Keys for others. */

static void exports(void)
{
    static const uint8_t zeros[FEDE_BINDING_MOST];
    for (int way = 0; way < 5; way++) { /* P-256, RSA, resumed, without EMS, not kept */
        fede_config *cc = client_with(NULL, NULL), *sc = server_with(NULL, way == 1 ? "rsa" : "p256", 0);
        fede_config_keep(cc, way == 4 ? 0 : FEDE_KEEP_EXPORTER);
        fede_config_keep(sc, FEDE_KEEP_EXPORTER | FEDE_KEEP_PEER);
        fede_config_sessions(cc, true);
        if (way == 3)
            fede_config_extended_master_secret(sc, FEDE_EMS_OFF);
        static struct kept_session session;
        if (way == 2)
            CHECK(meet(cc, sc, NULL, &session, NULL) == 0);
        struct pair pair = {0};
        pair_start(&pair, cc, sc, NULL);
        uint8_t a[100], b[100], c[FEDE_BINDING_MOST] = {0}, d[FEDE_BINDING_MOST] = {0};
        if (way == 2)
            fede_conn_resume(pair.client, (fede_bytes){session.data, session.len});
        CHECK(!fede_export(pair.client, "EXPERIMENTAL x", NULL, a, 32)); /* too early */
        pair_pump(&pair);
        fede_info info;
        fede_conn_info(pair.client, &info);
        CHECK_AT(info.established && info.exporter == (way < 3) && info.resumed == (way == 2), way);
        fede_bytes context = {(const uint8_t *)"context", 7}, empty = {NULL, 0};
        const fede_bytes *contexts[] = {NULL, &empty, &context};
        uint8_t last[100] = {0};
        for (int i = 0; i < 3; i++) {
            CHECK_AT(fede_export(pair.client, "EXPERIMENTAL x", contexts[i], a, 100) == (way < 3), way);
            CHECK_AT(fede_export(pair.server, "EXPERIMENTAL x", contexts[i], b, 100) == (way != 3), way);
            if (way < 3)
                CHECK(memcmp(a, b, 100) == 0 && memcmp(a, last, 100) != 0);
            memcpy(last, a, 100);
        }
        CHECK(!fede_export(pair.server, "master secret", NULL, a, 32) && memcmp(a, zeros, 32) == 0);
        CHECK(fede_export(pair.server, "", NULL, a, 32) == (way != 3) && !fede_export(pair.server, NULL, NULL, a, 32));
        size_t n = fede_channel_binding(pair.client, FEDE_BINDING_EXPORTER, c);
        CHECK_AT(n == (way < 3 ? 32 : 0), n);
        CHECK_AT(fede_channel_binding(pair.server, FEDE_BINDING_EXPORTER, d) == (way != 3 ? 32 : 0), way);
        CHECK_AT(way > 2 || memcmp(c, d, 32) == 0, way);
        n = fede_channel_binding(pair.client, FEDE_BINDING_SERVER_END_POINT, c);
        CHECK_AT(n == (way == 4 ? 0 : 32) && fede_channel_binding(pair.server, FEDE_BINDING_SERVER_END_POINT, d) == 32,
                 way);
        crypto_hash_once(HASH_SHA256, fede_config_certificate(sc, 0, 0), a);
        CHECK_AT(memcmp(d, a, 32) == 0 && (way == 4 || memcmp(c, d, 32) == 0), way);
        fede_abort(pair.server, FEDE_ALERT_INTERNAL_ERROR);
        CHECK(!fede_export(pair.server, "EXPERIMENTAL x", NULL, a, 32));
        CHECK(fede_channel_binding(pair.server, FEDE_BINDING_SERVER_END_POINT, d) == 0);
        end(&pair, cc, sc);
    }
}

/* ---- Damage: records of the client's flight behind the hello: Certificate, ClientKeyExchange, CertificateVerify, CCS,
   Finished. */

struct damage {
    size_t record, at;
    int kind; /* 0: a byte altered; 1: dropped; 2: doubled; 3: after the next one */
    uint8_t held[4096];
    size_t held_len, size;
};

static void harm(struct pair *pair, uint8_t from, size_t index, uint8_t *record, size_t len)
{
    struct damage *d = pair->arg;
    bool chosen = from == FEDE_CLIENT && index == d->record;
    if (chosen)
        d->size = len;
    if (chosen && d->kind == 0 && d->at < len)
        record[d->at] ^= 0x40;
    if (chosen && d->kind == 3) {
        memcpy(d->held, record, d->held_len = len);
        return;
    }
    if (!chosen || d->kind != 1)
        pair_put(pair, from == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT, record, len);
    if (chosen && d->kind == 2)
        pair_put(pair, FEDE_SERVER, record, len);
    if (from == FEDE_CLIENT && index == d->record + 1 && d->kind == 3)
        pair_put(pair, FEDE_SERVER, d->held, d->held_len);
}

static void damaged(void)
{
    struct issued one = {0};
    issue(&one, &ca, FEDE_KEY_P256, (fede_issue_request){0});
    for (size_t record = 1; record <= 3; record++)
        for (int kind = 0; kind < 4; kind++) {
            size_t size = 1;
            for (size_t at = 0; at < size; at++) {
                static struct damage d;
                d = (struct damage){.record = record, .at = at, .kind = kind};
                fede_config *cc = client_with(NULL, &one), *sc = server_with(NULL, "p256", 2);
                struct pair pair = {.tap = harm, .arg = &d};
                run(&pair, cc, sc);
                pair_cut(&pair);
                size = kind == 0 ? d.size : 1;
                CHECK_AT(d.size > 0 && !pair_established(pair.server), record * 10000 + (size_t)kind * 1000 + at);
                CHECK_AT(fede_conn_error(pair.server) != NULL && fede_conn_error(pair.server)->reason != FEDE_INTERNAL,
                         at);
                end(&pair, cc, sc);
            }
        }
    static struct damage d;
    d = (struct damage){.record = 3, .at = 5 + 4 + 2 + 2 + 20};
    fede_config *cc = client_with(NULL, &one), *sc = server_with(NULL, "p256", 2);
    struct pair pair = {.tap = harm, .arg = &d};
    run(&pair, cc, sc);
    CHECK(fede_conn_error(pair.server)->reason == FEDE_SIGNATURE_BAD &&
          pair_alert(pair.client) == FEDE_ALERT_DECRYPT_ERROR);
    end(&pair, cc, sc);
    fede_key_free(one.key);
}

/* ---- Each allocation fails in turn. */

static struct {
    size_t calls, fail_at;
} memory;

static void *take(void *arg, size_t size)
{
    (void)arg;
    return ++memory.calls == memory.fail_at ? NULL : calloc(1, size);
}

static void give(void *arg, void *p, size_t size)
{
    (void)arg, (void)size;
    free(p);
}

static void no_memory(void)
{
    const fede_allocator failing = {take, give, NULL};
    struct issued one = {0};
    issue(&one, &ca, FEDE_KEY_P256, (fede_issue_request){0});
    fede_bytes names[] = {subject_of(&ca)};
    for (int side = 0; side < 2; side++)
        for (size_t n = 1; n < 1000; n++) {
            memory.fail_at = 0;
            fede_config *cc = client_with(side == 0 ? &failing : NULL, &one),
                        *sc = server_with(side == 1 ? &failing : NULL, "rsa", 2);
            fede_config_keep(cc, FEDE_KEEP_PEER | FEDE_KEEP_EXPORTER);
            fede_config_keep(sc, FEDE_KEEP_PEER | FEDE_KEEP_EXPORTER);
            fede_config_client_authorities(sc, names, n % 2);
            fede_config_sessions(cc, true);
            memory.fail_at = memory.calls + n;
            size_t before = memory.calls;
            struct pair pair = {0};
            pair_start(&pair, cc, sc, NULL);
            CHECK(pair_pump(&pair));
            bool reached = memory.calls >= memory.fail_at;
            memory.fail_at = 0;
            fede_conn *victim = side == 0 ? pair.client : pair.server;
            const fede_error *error = victim != NULL ? fede_conn_error(victim) : NULL;
            bool open = victim != NULL && pair_established(victim);
            /* What is kept for later may be missing without harm; all else is an error with its name. */
            CHECK_AT(victim == NULL || open || (error != NULL && error->reason == FEDE_OUT_OF_MEMORY), n);
            CHECK_AT(reached || open, n);
            if (!reached)
                printf("memory: %zu allocations of the %s\n", memory.calls - before, side == 0 ? "client" : "server");
            end(&pair, cc, sc);
            if (!reached)
                break;
        }
    fede_key_free(one.key);
}

int main(void)
{
    make_ca(&ca, "O=Tests, CN=client CA");
    make_ca(&other_ca, "O=Tests, CN=another client CA");
    every_key();
    none_given();
    refusals();
    choosing();
    selection();
    verdict();
    elsewhere(FEDE_KEY_P256, "rsa");
    elsewhere(FEDE_KEY_ED25519, "ed25519");
    elsewhere(FEDE_KEY_RSA, "p256");
    sessions(true);
    sessions(false);
    exports();
    damaged();
    no_memory();
    fede_key_free(ca.key);
    fede_key_free(other_ca.key);
    printf("mutual: %zu passed, %zu failed\n", passed, failed);
    return failed != 0;
}
