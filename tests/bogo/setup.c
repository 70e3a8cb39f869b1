/* bogo/setup.c: a test's options as a fede_config. What fede has no setting for ends the shim with 89: the test is then not
   counted. The defaults that the runner relies on: everything fede implements is offered, tickets and the store of
   sessions are on, Ed25519 and the P-521 scheme are not accepted unless asked for, any chain of certificates is good. */
#include <time.h>

#include "shim.h"

enum { TLS12 = FEDE_TLS12, ED25519 = 0x0807, ED448 = 0x0808, ECDSA_P521 = 0x0603, ECDSA_SHA1 = 0x0203 };
enum { GROUP_P521 = 0x0019, TEXT_MOST = 64 * 1024 };

static int64_t clock_ahead;

void setup_advance_clock(int seconds)
{
    clock_ahead += seconds;
}

static int64_t wall(void *arg)
{
    (void)arg;
    return (int64_t)time(NULL) + clock_ahead;
}

/* ---- Versions, suites, groups, schemes. */

static int set_versions(const struct options *o)
{
    int lowest = o->min_version > 0 ? o->min_version : TLS12, highest = o->max_version > 0 ? o->max_version : TLS12;
    if (lowest > TLS12)
        return not_implemented("TLS 1.3 alone");
    if (o->no_tls12 && (o->no_tls13 || o->max_version == TLS12)) {
        fputs(":NO_SUPPORTED_VERSIONS_ENABLED:\n", stderr);
        return EXIT_FAILED;
    }
    return highest < TLS12 || o->no_tls12 ? not_implemented("a test without TLS 1.2") : 0;
}

/* What no policy contains is switched on by name, for everyone: the runner's tests are about peers that know nothing else. */
static bool set_legacy(const struct options *o, fede_config *config)
{
    enum { DAY = 24 * 3600 };
    static const char *const everyone[] = {"*"};
    unsigned what = FEDE_LEGACY_RSA | FEDE_LEGACY_CBC | FEDE_LEGACY_RESUMED | FEDE_LEGACY_SHA1 | FEDE_LEGACY_SSL2_HELLO;
    fede_legacy legacy = {.what = o->no_legacy_server_connect ? what : what | FEDE_LEGACY_UNBOUND,
                          .peers = everyone,
                          .n_peers = 1,
                          .reason = "a test of conformance",
                          .until = wall(NULL) + DAY};
    return fede_config_legacy(config, &legacy);
}

/* A build may be without it (FEDE_LEGACY=OFF). */
static bool has_legacy(void)
{
    static const struct options usual;
    static int known = -1;
    fede_config *probe = known < 0 ? fede_config_new() : NULL;
    if (probe != NULL)
        known = set_legacy(&usual, probe);
    fede_config_free(probe);
    return known > 0;
}

/* What set_legacy adds: no list names it. In the runner's order where that matters. */
static const uint16_t quarantined[] = {0xc009, 0xc013, 0xc023, 0xc027, 0xc00a, 0xc014, 0xc024,
                                       0xc028, 0x009c, 0x009d, 0x002f, 0x003c, 0x0035, 0x003d};
enum { N_QUARANTINED = sizeof quarantined / sizeof *quarantined };

static uint16_t suite_at(size_t n)
{
    static size_t usual;
    while (fede_suite_list(usual) != 0)
        usual++;
    size_t more = has_legacy() ? N_QUARANTINED : 0;
    return n < usual ? fede_suite_list(n) : n - usual < more ? quarantined[n - usual] : 0;
}

static uint16_t scheme_at(size_t n)
{
    static const uint16_t sha1[] = {0x0203, 0x0201, 0};
    static size_t usual;
    while (fede_scheme_list(usual) != 0)
        usual++;
    size_t more = has_legacy() ? 2 : 0;
    return n < usual ? fede_scheme_list(n) : n - usual < more ? sha1[n - usual] : 0;
}

/* OpenSSL's words, as far as the runner uses them. */
static bool suite_matches(const char *word, size_t len, uint16_t id)
{
    char name[64];
    uint16_t named;
    const char *own = fede_suite_name(id);
    if (len >= sizeof name || own == NULL)
        return false;
    memcpy(name, word, len);
    name[len] = '\0';
    if (strcmp(name, "ALL") == 0 || strcmp(name, "DEFAULT") == 0)
        return true;
    if (strcmp(name, "3DES") == 0)
        return strstr(own, "3DES") != NULL;
    if (strcmp(name, "AES") == 0)
        return strstr(own, "AES_") != NULL;
    if (strcmp(name, "AES128") == 0)
        return strstr(own, "AES_128") != NULL;
    return fede_suite_by_name(name, &named) && named == id;
}

static void add_code(struct codes16 *codes, uint16_t id)
{
    for (size_t i = 0; i < codes->n; i++)
        if (codes->ids[i] == id)
            return;
    if (codes->n < MOST_CODES)
        codes->ids[codes->n++] = id;
}

static void drop_code(struct codes16 *codes, uint16_t id)
{
    size_t kept = 0;
    for (size_t i = 0; i < codes->n; i++)
        if (codes->ids[i] != id)
            codes->ids[kept++] = codes->ids[i];
    codes->n = kept;
}

static struct codes16 suites_of(const char *text)
{
    struct codes16 chosen = {.n = 0};
    while (*text != '\0') {
        size_t len = strcspn(text, ":|[]");
        bool without = *text == '!';
        for (size_t i = 0; len > 0 && suite_at(i) != 0; i++) {
            uint16_t id = suite_at(i);
            if (suite_matches(text + without, len - without, id))
                without ? drop_code(&chosen, id) : add_code(&chosen, id);
        }
        text += len;
        text += strspn(text, ":|[]");
    }
    return chosen;
}

/* Numbers for fede_config_suites_equal: the same for suites from between one pair of brackets. */
static void group_suites(const char *text, const struct codes16 *chosen, uint8_t *groups)
{
    for (size_t i = 0; i < chosen->n; i++)
        groups[i] = (uint8_t)(i + 1);
    for (uint8_t bracket = 200; *text != '\0'; bracket++) {
        text += strcspn(text, "[");
        size_t end = strcspn(text, "]");
        for (size_t at = 0; at < end;) {
            size_t len = strcspn(text + at, ":|[]");
            for (size_t i = 0; len > 0 && i < chosen->n; i++)
                if (suite_matches(text + at, len, chosen->ids[i]))
                    groups[i] = bracket;
            at += len + 1;
        }
        text += end;
    }
}

static struct codes16 all_of(uint16_t list(size_t n), const uint16_t *without, size_t n_without)
{
    struct codes16 all = {.n = 0};
    for (size_t i = 0; list(i) != 0; i++)
        add_code(&all, list(i));
    for (size_t i = 0; i < n_without; i++)
        drop_code(&all, without[i]);
    return all;
}

/* What TLS 1.2 can't have, whoever asks for it: key exchanges of TLS 1.3 alone, the scheme that stands for MD5 with SHA-1. */
static struct codes16 without_13(const struct codes16 *codes)
{
    static const uint16_t of_13[] = {0x0200, 0x0201, 0x0202, 0x11ec};
    struct codes16 kept = *codes;
    for (size_t i = 0; i < sizeof of_13 / sizeof *of_13; i++)
        drop_code(&kept, of_13[i]);
    return kept;
}

static struct codes16 without_md5(const struct codes16 *codes, const struct codes16 *instead)
{
    enum { MD5_SHA1 = 0xff01 };
    struct codes16 kept = *codes;
    drop_code(&kept, MD5_SHA1);
    return kept.n > 0 ? kept : *instead;
}

static bool all_known(const struct codes16 *codes, uint16_t list(size_t n))
{
    for (size_t i = 0; i < codes->n; i++) {
        size_t k = 0;
        while (list(k) != 0 && list(k) != codes->ids[i])
            k++;
        if (list(k) == 0)
            return false;
    }
    return true;
}

static int set_codes(const struct options *o, fede_config *config)
{
    static const uint16_t unusual_schemes[] = {ED25519, ED448, ECDSA_P521, ECDSA_SHA1}, unusual_groups[] = {GROUP_P521};
    struct codes16 suites = o->cipher != NULL ? suites_of(o->cipher) : all_of(suite_at, NULL, 0);
    struct codes16 all_groups = all_of(fede_group_list, unusual_groups, 1);
    struct codes16 all_schemes = all_of(scheme_at, unusual_schemes, 4);
    struct codes16 groups = o->curves.n > 0 ? without_13(&o->curves) : all_groups;
    struct codes16 schemes = without_md5(&o->verify_prefs, &all_schemes);
    if (groups.n == 0)
        return not_implemented("groups of TLS 1.3 alone");
    if (suites.n == 0)
        return not_implemented("these suites");
    if (!all_known(&groups, fede_group_list))
        return not_implemented("a group");
    if (!all_known(&schemes, scheme_at))
        return not_implemented("a signature scheme");
    fede_config_suites(config, suites.ids, suites.n);
    if (o->cipher != NULL && strchr(o->cipher, '[') != NULL) {
        uint8_t equal[sizeof suites.ids / sizeof *suites.ids];
        group_suites(o->cipher, &suites, equal);
        fede_config_suites_equal(config, equal, suites.n);
    }
    fede_config_groups(config, groups.ids, groups.n);
    fede_config_schemes(config, schemes.ids, schemes.n);
    return 0;
}

/* ---- Application protocols. */

static int set_alpn(const struct options *o, fede_config *config)
{
    static char text[TEXT_MOST];
    const char *names[64];
    size_t n = 0, at = 0;
    if (o->server && o->select_alpn != NULL)
        return fede_config_alpn(config, &o->select_alpn, 1) ? 0 : EXIT_FAILED;
    if (o->server && o->reject_alpn) {
        static const char *const none[] = {"a protocol that no test offers"};
        return fede_config_alpn(config, none, 1) ? 0 : EXIT_FAILED;
    }
    if (o->server || o->advertise_alpn == NULL)
        return 0;
    for (const char *wire = o->advertise_alpn; *wire != '\0' && n < 64; n++) { /* length, name, length, name … */
        size_t len = (unsigned char)*wire++;
        if (strlen(wire) < len || at + len + 1 > sizeof text)
            return not_implemented("this list of protocols");
        names[n] = memcpy(text + at, wire, len);
        text[at + len] = '\0';
        at += len + 1;
        wire += len;
    }
    return fede_config_alpn(config, names, n) ? 0 : EXIT_FAILED;
}

/* ---- Certificates and keys. */

fede_bytes setup_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(TEXT_MOST);
    size_t len = file != NULL && data != NULL ? fread(data, 1, TEXT_MOST, file) : 0;
    if (file != NULL)
        fclose(file);
    return (fede_bytes){data, len};
}

static int set_credential(const struct credential_options *credential, const struct options *o, fede_config *config)
{
    static const uint16_t ed448 = ED448; /* no policy has it */
    if (credential->cert_file == NULL && credential->key_file == NULL)
        return 0;
    if (credential->cert_file == NULL || credential->key_file == NULL)
        return not_implemented("half a credential");
    fede_bytes chain = setup_file(credential->cert_file), key = setup_file(credential->key_file);
    bool good = fede_config_credential(config, chain, key);
    free((void *)chain.data);
    free((void *)key.data);
    if (good && !o->server && !credential->must_match_issuer)
        good = fede_config_any_issuer(config);
    struct codes16 all = all_of(scheme_at, &ed448, 1), signing = without_md5(&credential->signing, &all);
    if (!all_known(&signing, scheme_at))
        return not_implemented("a signature scheme");
    return good && fede_config_sign_with(config, signing.ids, signing.n) ? 0 : EXIT_FAILED;
}

/* The default one stands behind the others: it is what is left. */
static int set_credentials(const struct options *o, fede_config *config)
{
    int status = 0;
    for (size_t i = 1; status == 0 && i <= o->n_credentials; i++)
        status = set_credential(&o->credentials[i], o, config);
    return status == 0 ? set_credential(&o->credentials[0], o, config) : status;
}

static int set_client_authentication(const struct options *o, fede_config *config)
{
    static struct blob names[MOST_CAS];
    fede_bytes list[MOST_CAS];
    size_t n = o->use_client_ca_list != NULL ? names_of_cas(o->use_client_ca_list, names, MOST_CAS) : 0;
    for (size_t i = 0; i < n; i++)
        list[i] = (fede_bytes){names[i].data, names[i].len};
    if (!o->server)
        return 0;
    if (o->require_any_client_certificate)
        fede_config_client_certificate(config, FEDE_CLIENT_CERTIFICATE_REQUIRED);
    else if (o->verify_peer)
        fede_config_client_certificate(config, FEDE_CLIENT_CERTIFICATE_OPTIONAL);
    return fede_config_client_authorities(config, list, n) ? 0 : EXIT_FAILED;
}

/* An application's own keys for tickets: the same for every connection of the test. To have a ticket renewed, the key
   that sealed it stands behind a newer one. */
static void set_ticket_keys(const struct options *o, fede_config *config)
{
    static uint8_t keys[2 * FEDE_TICKET_KEY];
    keys[FEDE_TICKET_KEY] = keys[0];
    keys[0] = (uint8_t)(keys[0] + o->renew_ticket);
    if (o->use_ticket_callback)
        fede_config_ticket_keys(config, (fede_bytes){keys, sizeof keys});
}

/* What an application decides on a ClientHello, as a configuration of its own. */
bool setup_choice(const struct options *o, fede_config *config)
{
    static const char *const empty[] = {""};
    if (o->select_empty_alpn)
        fede_config_alpn(config, empty, 1); /* refused: then the connection ends */
    return setup_staples(o, config);
}

bool setup_staples(const struct options *o, fede_config *config)
{
    const struct blob *staple = &o->credentials[0].staple;
    return staple->len == 0 || fede_config_staple(config, 0, (fede_bytes){staple->data, staple->len});
}

/* ---- All of it. */

static int set_all(const struct options *o, fede_config *config, struct run *run, fede_store *store)
{
    int status = set_versions(o);
    unsigned questions = FEDE_ASK_VERDICT | FEDE_ASK_SELECTION;
    if (!o->server) /* any chain is good; the question decides in its place */
        fede_config_unauthenticated_encryption(config);
    fede_config_clock(config, wall, NULL, NULL);
    fede_config_trace(config, checks_trace, run);
    if (status == 0 && has_legacy() && !set_legacy(o, config))
        status = EXIT_FAILED;
    if (status == 0)
        status = set_codes(o, config);
    if (status == 0)
        status = set_alpn(o, config);
    if (status == 0)
        status = set_credentials(o, config);
    if (status == 0)
        status = set_client_authentication(o, config);
    if (status == 0 && o->server && !o->set_ocsp_in_callback && !o->decline_ocsp_callback)
        setup_staples(o, config);
    fede_config_status_request(config, o->enable_ocsp_stapling);
    if (o->server)
        fede_config_store(config, store);
    else
        fede_config_sessions(config, true);
    set_ticket_keys(o, config);
    fede_config_fallback(config, o->fallback_scsv);
    fede_config_renegotiation(config, o->renegotiate_ignore     ? FEDE_RENEGOTIATION_IGNORE
                                      : o->renegotiate_explicit ? FEDE_RENEGOTIATION_WAIT
                                                                : FEDE_RENEGOTIATION_END);
    fede_config_half_close(config, true); /* how it ends is decided in shim.c */
    fede_config_keep(config, FEDE_KEEP_PEER | FEDE_KEEP_EXPORTER);
    if (o->no_ticket)
        fede_config_tickets(config, 0);
    if (o->max_send_fragment > 0)
        fede_config_max_fragment(config, (size_t)o->max_send_fragment);
    if (o->max_cert_list > 0)
        fede_config_limits(config, (size_t)o->max_cert_list, 0);
    if (o->server)
        questions |= FEDE_ASK_HELLO;
    fede_config_ask(config, questions);
    return status;
}

fede_config *setup_config(const struct options *o, const fede_config *base, fede_store *store, struct run *run,
                          int *status)
{
    fede_config *config = base != NULL ? fede_config_derive(base) : fede_config_new();
    if (config == NULL) {
        fputs("no configuration\n", stderr);
        *status = EXIT_FAILED;
        return NULL;
    }
    *status = set_all(o, config, run, store);
    if (*status == 0 && fede_config_error(config) == NULL)
        return config;
    if (fede_config_error(config) != NULL) {
        names_print(fede_config_error(config));
        *status = EXIT_FAILED;
    }
    fede_config_free(config);
    return NULL;
}
