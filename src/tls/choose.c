/* tls/choose.c: what a server selects from a ClientHello: version, extended master secret, suite with credential, group,
   scheme, application protocol; and the ServerHello that says so.

   The server's order counts, and among suites that it calls equal the client's. Suite, credential, group and scheme depend on each other, so they are found together: for the
   credentials that fit the name first, the first suite for which one of them can sign with a scheme the client takes.
   RFC 5246 7.4.1, RFC 8422 5.1, RFC 5746 3.6, RFC 7507 3, RFC 7627 5.1, RFC 7301 3.2, RFC 6066 3, RFC 9155. */
#include "base/text.h"
#include "tls/handshake.h"
#include "tls/inform.h"
#include "wire/names.h"

enum { SCSV_RENEGOTIATION = 0x00ff, SCSV_FALLBACK = 0x5600, GROUP_P256 = 0x0017 };

/* The circles of credentials that are tried, one after the other. */
enum circle { NAME_FITS, LIKE_THE_FIRST, ANY_CREDENTIAL, CIRCLES };

static enum outcome ask_hello(struct handshake *hs);
static enum outcome choose_version(struct handshake *hs);
static uint16_t client_highest(const struct client_hello *m);
static enum outcome choose_protection(struct handshake *hs);
static enum outcome choose_suite(struct handshake *hs);
static bool possible(const struct handshake *hs, const struct suite *suite);
static void take_suite(struct handshake *hs, const struct suite *suite);
static bool try_suite(struct handshake *hs, const struct suite *suite, enum circle circle);
static bool in_circle(const struct handshake *hs, const struct credential *credential, enum circle circle);
static bool curve_offered(const struct handshake *hs, uint8_t kind);
static const struct scheme *choose_scheme(const struct handshake *hs, const struct credential *credential);
static const struct group *choose_group(const struct handshake *hs);
static enum outcome refuse_versions(struct handshake *hs);
static const struct suite *first_of(struct handshake *hs, struct u16s equals, enum circle circle);
static enum outcome refuse_suites(struct handshake *hs);
static enum outcome refuse_curve(struct handshake *hs);
static void add_names(struct text *t, const struct names *names, struct u16s list);
static enum outcome refuse(struct handshake *hs, fede_reason reason, const struct names *names, struct u16s theirs,
                           struct u16s ours);
static bool keep_name(struct handshake *hs, const char *name);
static enum outcome choose_protocol(struct handshake *hs);
static void tell_choices(const struct handshake *hs);

/* ---- Hearing the ClientHello: only what concerns its form; nothing is chosen yet. */

enum outcome read_client_hello(struct handshake *hs)
{
    struct host host;
    hs->offer = hs->msg.client_hello;
    const struct extensions *e = &hs->offer.extensions;
    bytes_copy(hs->client_random, hs->offer.random, 32);
    /* A name that is no host name is treated as if it were not there. */
    if (ext_has(e, HAS_SERVER_NAME) && e->host_name.len > 0 && e->host_name.len < sizeof host.text) {
        char name[sizeof host.text];
        bytes_copy(name, e->host_name.data, e->host_name.len);
        name[e->host_name.len] = '\0';
        if (host_read(name, &host) == HOST_DNS) {
            if (!keep_name(hs, name))
                return handshake_fail(hs, FEDE_OUT_OF_MEMORY, NULL, 0, 0);
        }
    }
    return DONE;
}

/* With room for the session id, should the session be resumed: one block instead of two. */
static bool keep_name(struct handshake *hs, const char *name)
{
    struct fede_conn *conn = hs->conn;
    uint8_t room = resume_may_keep_id(hs) ? SESSION_ID_LEN : 0;
    size_t size = strlen(name) + 1;
    conn_give_name(conn);
    conn->server_name = memory_take(conn_memory(conn), size + room);
    if (conn->server_name == NULL)
        return false;
    bytes_copy(conn->server_name, name, size);
    conn->id_room = room;
    return true;
}

/* ---- Choosing. */

enum outcome act_choose(struct handshake *hs)
{
    enum outcome o = ask_hello(hs);
    if (o == DONE) {
        quarantine_judge(hs);
        o = choose_version(hs);
    }
    if (o == DONE)
        o = choose_protection(hs);
    if (o == DONE)
        o = resume_find(hs);
    if (o == DONE && !(hs->facts & FACT_RESUMED))
        o = choose_suite(hs);
    if (o == DONE)
        o = choose_protocol(hs);
    if (o != DONE)
        return o;
    struct fede_conn *conn = hs->conn;
    transcript_start(&hs->transcript, (enum hash)conn->suite->hash);
    messages_start(hs);
    if (messages_add(hs, hs->ssl2_hello.len > 0 ? hs->ssl2_hello : hs->client_hello) != DONE)
        return FAIL;
    if (!crypto_random(&conn->config->random, hs->server_random, sizeof hs->server_random))
        return handshake_fail(hs, FEDE_NO_RANDOM, NULL, 0, 0);
    hs->facts |= FACT_SERVER_AUTH | (conn->suite->kx == SUITE_RSA ? 0 : FACT_KEY_EXCHANGE);
    if (conn->suite->mac != 0 && ext_has(&hs->offer.extensions, HAS_ENCRYPT_THEN_MAC) &&
        !(conn->config->legacy & FEDE_LEGACY_NO_ETM))
        conn->flags |= CONN_ETM;
    status_choose(hs);
    limits_choose(hs);
    tell_choices(hs);
    quarantine_tell(hs);
    return DONE;
}

static enum outcome ask_hello(struct handshake *hs)
{
    const struct fede_conn *conn = hs->conn;
    if (!(conn->config->questions & FEDE_ASK_HELLO) || hs->hello_asked == ANSWER_YES)
        return DONE;
    if (hs->hello_asked == ANSWER_NONE) {
        hs->hello_asked = ANSWER_OPEN;
        hs->question =
            (fede_question){.kind = FEDE_ASK_HELLO, .client_hello = hs->client_hello, .server_name = conn->server_name};
    }
    return WAIT;
}

static enum outcome choose_version(struct handshake *hs)
{
    struct fede_conn *conn = hs->conn;
    const struct fede_config *config = conn->config;
    const struct client_hello *m = &hs->offer;
    uint16_t theirs = client_highest(m), chosen = 0;
    if (u16s_has(m->suites, SCSV_FALLBACK) && theirs < config->highest)
        return handshake_fail(hs, FEDE_FALLBACK, "cipher_suites", theirs, config->highest);
    if (ext_has(&m->extensions, HAS_SUPPORTED_VERSIONS)) {
        for (size_t i = 0; i < m->extensions.versions.n; i++) {
            uint16_t v = u16s_at(m->extensions.versions, i);
            if (!names_is_grease(v) && v >= config->lowest && v <= config->highest && v > chosen)
                chosen = v;
        }
        if (chosen == 0)
            return refuse_versions(hs);
    } else {
        if (theirs < config->lowest)
            return handshake_fail(hs, FEDE_VERSION_TOO_OLD, "client_version", theirs, config->lowest);
        chosen = theirs < config->highest ? theirs : config->highest;
    }
    conn->version = chosen;
    return DONE;
}

static enum outcome refuse_versions(struct handshake *hs)
{
    char detail[300];
    struct text t = text_in(detail, sizeof detail);
    add_names(&t, &version_names, hs->offer.extensions.versions);
    return handshake_fail_detail(hs, FEDE_VERSION_NO_COMMON, "supported_versions", client_highest(&hs->offer),
                                 hs->conn->config->lowest, detail);
}

/* The highest version the client says it can do. */
static uint16_t client_highest(const struct client_hello *m)
{
    uint16_t highest = 0;
    if (!ext_has(&m->extensions, HAS_SUPPORTED_VERSIONS))
        return m->legacy_version;
    for (size_t i = 0; i < m->extensions.versions.n; i++) {
        uint16_t v = u16s_at(m->extensions.versions, i);
        if (!names_is_grease(v) && v > highest)
            highest = v;
    }
    return highest;
}

/* Compression, renegotiation, extended master secret. */
static enum outcome choose_protection(struct handshake *hs)
{
    struct fede_conn *conn = hs->conn;
    const struct client_hello *m = &hs->offer;
    const struct extensions *e = &m->extensions;
    if (m->compressions.len == 0 || memchr(m->compressions.data, 0, m->compressions.len) == NULL)
        return handshake_fail(hs, FEDE_NO_NULL_COMPRESSION, "compression_methods", 0, 0);
    if (ext_has(e, HAS_RENEGOTIATION_INFO) && e->renegotiated_connection.len > 0)
        return handshake_fail(hs, FEDE_RENEGOTIATION_INFO, "renegotiation_info",
                              (int64_t)e->renegotiated_connection.len, 0);
    conn->flags |= ext_has(e, HAS_RENEGOTIATION_INFO) || u16s_has(m->suites, SCSV_RENEGOTIATION) ? CONN_BOUND : 0;
    hs->renegotiation_info = ext_has(e, HAS_RENEGOTIATION_INFO) || u16s_has(m->suites, SCSV_RENEGOTIATION);
    if (!hs->renegotiation_info && conn->config->policy->need_secure_renegotiation[1])
        return handshake_fail(hs, FEDE_NO_SECURE_RENEGOTIATION, "renegotiation_info", 0, 0);
    if (ext_has(e, HAS_EXTENDED_MASTER_SECRET) && conn->config->ems != FEDE_EMS_OFF)
        conn->flags |= CONN_EMS;
    else if (conn->config->ems == FEDE_EMS_REQUIRED)
        return handshake_fail(hs, FEDE_NO_EXTENDED_MASTER_SECRET, "extended_master_secret", 0, 0);
    if (ext_has(e, HAS_POINT_FORMATS) && memchr(e->point_formats.data, 0, e->point_formats.len) == NULL)
        return handshake_fail(hs, FEDE_POINT_FORMAT, "ec_point_formats", 0, 0);
    return DONE;
}

static enum outcome choose_suite(struct handshake *hs)
{
    struct fede_conn *conn = hs->conn;
    const struct fede_config *config = conn->config;
    if (config->n_credentials == 0) {
        handshake_fail(hs, FEDE_CONFIG_NO_CREDENTIAL, NULL, 0, 0);
        conn->error.alert = FEDE_ALERT_INTERNAL_ERROR;
        return FAIL;
    }
    hs->group = choose_group(hs);
    struct u16s ours = codes_list(&config->suites);
    for (unsigned circle = conn->server_name != NULL ? NAME_FITS : LIKE_THE_FIRST;
         circle < CIRCLES; circle++)
        for (size_t i = 0, n; i < ours.n; i += n) {
            for (n = 1; i + n < ours.n && config->suites_tied >> (i + n - 1) & 1;)
                n++;
            const struct suite *suite = first_of(hs, (struct u16s){ours.data + 2 * i, n}, (enum circle)circle);
            if (suite != NULL) {
                take_suite(hs, suite);
                hs->name_found = circle == NAME_FITS;
                return DONE;
            }
        }
    return refuse_suites(hs);
}

/* Of suites that are equally good to this side the one that stands first with the client. */
static const struct suite *first_of(struct handshake *hs, struct u16s equals, enum circle circle)
{
    struct u16s order = equals.n > 1 ? hs->offer.suites : equals;
    for (size_t i = 0; i < order.n; i++) {
        const struct suite *suite = u16s_has(equals, u16s_at(order, i)) ? suite_by_id(u16s_at(order, i)) : NULL;
        if (suite != NULL && possible(hs, suite) && try_suite(hs, suite, circle))
            return suite;
    }
    return NULL;
}

static bool possible(const struct handshake *hs, const struct suite *suite)
{
    return suite->version == hs->conn->version && u16s_has(hs->offer.suites, suite->id) &&
           quarantine_allows(hs->conn, suite);
}

static void take_suite(struct handshake *hs, const struct suite *suite)
{
    struct fede_conn *conn = hs->conn;
    conn->suite = suite;
    if (suite->kx == SUITE_DHE)
        hs->group = legacy_choose_group(hs);
    conn->group = suite->kx != SUITE_RSA ? hs->group->id : 0;
    conn->scheme = suite->kx != SUITE_RSA ? hs->scheme->id : 0;
    if (suite_is_legacy(suite) && !(conn->config->legacy & FEDE_LEGACY_RESUMED)) { /* not to be resumed */
        hs->facts &= (uint16_t)~FACT_TICKET;
        hs->session_id_len = 0;
    }
}

static bool try_suite(struct handshake *hs, const struct suite *suite, enum circle circle)
{
    const struct fede_config *config = hs->conn->config;
    if ((suite->kx == SUITE_DHE ? legacy_choose_group(hs) : hs->group) == NULL && suite->kx != SUITE_RSA)
        return false;
    for (size_t i = 0; i < config->n_credentials; i++) {
        struct credential *credential = config->credentials[i];
        if ((suite->auth != AUTH_ANY && credential->auth != suite->auth) || !curve_offered(hs, credential->kind) ||
            !in_circle(hs, credential, circle))
            continue;
        hs->scheme = choose_scheme(hs, credential);
        if (suite->kx == SUITE_RSA ? legacy_can_unwrap(credential) : hs->scheme != NULL) {
            hs->credential = credential;
            return true;
        }
    }
    return false;
}

static bool in_circle(const struct handshake *hs, const struct credential *credential, enum circle circle)
{
    const struct fede_config *config = hs->conn->config;
    struct host host;
    if (circle == NAME_FITS)
        return host_read(hs->conn->server_name, &host) == HOST_DNS && host_matches(&credential->leaf, &host);
    return circle == ANY_CREDENTIAL || bytes_equal(credential->leaf.alt_names, config->credentials[0]->leaf.alt_names);
}

/* RFC 8422 5.1: the list of groups bounds the curves of certificates too. */
static bool curve_offered(const struct handshake *hs, uint8_t kind)
{
    uint16_t curve = curve_of_key(kind);
    return curve == 0 || !ext_has(&hs->offer.extensions, HAS_GROUPS) || u16s_has(hs->offer.extensions.groups, curve);
}

/* 0: no curve for ECDSA. */
uint16_t curve_of_key(uint8_t kind)
{
    static const struct {
        uint8_t kind;
        uint16_t group;
    } curves[] = {{KEY_EC_P256, 0x0017}, {KEY_EC_P384, 0x0018}, {KEY_EC_P521, 0x0019}};
    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++)
        if (curves[i].kind == kind)
            return curves[i].group;
    return 0;
}

/* Without the extension a client accepts SHA-1 alone, which nobody may use any more (RFC 9155 3). */
static const struct scheme *choose_scheme(const struct handshake *hs, const struct credential *credential)
{
    static const uint8_t sha1[] = {2, 1, 2, 3}; /* what no extension means, RFC 5246 7.4.1.4.1 */
    const struct extensions *e = &hs->offer.extensions;
    struct codes ours = schemes_permitted(hs->conn, credential);
    struct u16s theirs = ext_has(e, HAS_SCHEMES) ? e->schemes : (struct u16s){sha1, sizeof sha1 / 2};
    return credential_scheme(credential, codes_list(&ours), theirs, hs->conn->version);
}

/* A client without the extension leaves the choice to the server (RFC 8422 4). */
static const struct group *choose_group(const struct handshake *hs)
{
    struct u16s ours = codes_list(&hs->conn->config->groups);
    bool listed = ext_has(&hs->offer.extensions, HAS_GROUPS);
    for (size_t i = 0; i < ours.n; i++) {
        uint16_t id = u16s_at(ours, i);
        if (group_is_legacy(group_by_id(id)))
            continue;
        if (listed ? u16s_has(hs->offer.extensions.groups, id) : id == GROUP_P256)
            return group_by_id(id);
    }
    return NULL;
}

/* Says which of the three lists has nothing in common. */
static enum outcome refuse_suites(struct handshake *hs)
{
    const struct fede_config *config = hs->conn->config;
    const struct extensions *e = &hs->offer.extensions;
    struct u16s ours = codes_list(&config->suites), none = {NULL, 0};
    bool common = false, key_fits = false, signs = false;
    for (size_t i = 0; i < ours.n; i++) {
        const struct suite *suite = suite_by_id(u16s_at(ours, i));
        if (!possible(hs, suite))
            continue;
        common = true;
        signs |= suite->kx != SUITE_RSA;
        for (size_t k = 0; k < config->n_credentials; k++)
            key_fits |= config->credentials[k]->auth == suite->auth;
    }
    if (!common)
        return refuse(hs, FEDE_NO_COMMON_SUITE, &suite_names, hs->offer.suites, ours);
    if (!key_fits)
        return handshake_fail_detail(
            hs, FEDE_NO_COMMON_SUITE, "cipher_suites", 0, 0,
            config->credentials[0]->auth == AUTH_RSA
                ? "the only common ones need an ECDSA or Ed25519 certificate, the certificate here is RSA"
                : "the only common ones need an RSA certificate, the certificate here is ECDSA or Ed25519");
    if (!signs)
        return handshake_fail_detail(hs, FEDE_NO_COMMON_SUITE, "cipher_suites", 0, 0,
                                     "the only common ones encrypt to the certificate's key, which its keyUsage forbids");
    if (hs->group == NULL)
        return refuse(hs, FEDE_NO_COMMON_GROUP, &group_names, ext_has(e, HAS_GROUPS) ? e->groups : none,
                      codes_list(&config->groups));
    bool curve_fits = false;
    for (size_t k = 0; k < config->n_credentials; k++)
        curve_fits |= curve_offered(hs, config->credentials[k]->kind);
    if (!curve_fits)
        return refuse_curve(hs);
    struct codes fitting = {.n = 0};
    for (size_t k = 0; k < config->n_credentials; k++) {
        struct codes own = schemes_permitted(hs->conn, config->credentials[k]);
        ours = codes_list(&own);
        for (size_t i = 0; i < ours.n; i++)
            if (credential_signs(config->credentials[k], scheme_any(u16s_at(ours, i)), hs->conn->version))
                codes_add(&fitting, u16s_at(ours, i));
    }
    return refuse(hs, FEDE_NO_COMMON_SCHEME, &scheme_names, ext_has(e, HAS_SCHEMES) ? e->schemes : none,
                  codes_list(&fitting));
}

/* RFC 8422 5.1: the client's groups are also the curves on which certificates may have their keys. */
static enum outcome refuse_curve(struct handshake *hs)
{
    const struct fede_config *config = hs->conn->config;
    size_t k = 0;
    while (k + 1 < config->n_credentials && curve_offered(hs, config->credentials[k]->kind))
        k++;
    char detail[300];
    struct text t = text_in(detail, sizeof detail);
    text_add(&t, "it offers ");
    add_names(&t, &group_names, hs->offer.extensions.groups);
    text_add(&t, "; the curve of the certificate's key, ");
    text_add(&t, names_find(&group_names, curve_of_key(config->credentials[k]->kind)));
    text_add(&t, ", must be among them too");
    return handshake_fail_detail(hs, FEDE_NO_COMMON_GROUP, "supported_groups", 0, 0, detail);
}

static void add_names(struct text *t, const struct names *names, struct u16s list)
{
    enum { MOST = 8 };
    for (size_t i = 0; i < list.n && i < MOST; i++) {
        const char *name = names_find(names, u16s_at(list, i));
        if (i > 0)
            text_add(t, ", ");
        if (name != NULL)
            text_add(t, name);
        else
            text_hex_number(t, u16s_at(list, i), 4);
    }
    if (list.n > MOST) {
        text_add(t, " and ");
        text_number(t, (int64_t)(list.n - MOST));
        text_add(t, " more");
    }
    if (list.n == 0)
        text_add(t, "nothing");
}

static enum outcome refuse(struct handshake *hs, fede_reason reason, const struct names *names, struct u16s theirs,
                           struct u16s ours)
{
    char detail[900];
    struct text t = text_in(detail, sizeof detail);
    text_add(&t, "it offers ");
    add_names(&t, names, theirs);
    text_add(&t, "; allowed here are ");
    add_names(&t, names, ours);
    return handshake_fail_detail(hs, reason, NULL, 0, 0, detail);
}

/* The first of ours that the client offers. With a list on one side only there is no protocol, and no failure. */
static enum outcome choose_protocol(struct handshake *hs)
{
    struct fede_conn *conn = hs->conn;
    bytes ours = config_alpn(conn->config), mine, theirs;
    if (ours.len == 0 || !ext_has(&hs->offer.extensions, HAS_ALPN))
        return DONE;
    while (alpn_next(&ours, &mine)) {
        bytes list = hs->offer.extensions.alpn;
        while (alpn_next(&list, &theirs))
            if (bytes_equal(mine, theirs)) {
                conn->alpn_at = (uint16_t)(mine.data - conn->config->alpn);
                conn->alpn_len = (uint8_t)mine.len;
                return DONE;
            }
    }
    char detail[400];
    struct text t = text_in(detail, sizeof detail);
    bytes lists[] = {hs->offer.extensions.alpn, config_alpn(conn->config)};
    for (int i = 0; i < 2; i++) {
        text_add(&t, i == 0 ? "it offers" : "; spoken here:");
        for (const char *before = " "; alpn_next(&lists[i], &mine); before = ", ") {
            text_add(&t, before);
            text_escaped(&t, mine);
        }
    }
    return handshake_fail_detail(hs, FEDE_ALPN_NO_COMMON, "application_layer_protocol_negotiation", 0, 0, detail);
}

static void tell_choices(const struct handshake *hs)
{
    const struct fede_conn *conn = hs->conn;
    inform_choice(conn, "version", conn->version, BYTES_NONE);
    inform_choice(conn, "cipher suite", conn->suite->id, BYTES_NONE);
    if (!(hs->facts & FACT_RESUMED)) {
        if (conn->group != 0)
            inform_choice(conn, "group", conn->group, BYTES_NONE);
        if (conn->scheme != 0)
            inform_choice(conn, "signature scheme", conn->scheme, BYTES_NONE);
    }
    inform_choice(conn, "extended master secret", (conn->flags & CONN_EMS) != 0, BYTES_NONE);
    if (conn->alpn_len > 0)
        inform_choice(conn, "application protocol", 0, bytes_of(conn->config->alpn + conn->alpn_at, conn->alpn_len));
}

/* ---- Saying so. */

enum written write_server_hello(struct handshake *hs, size_t *room)
{
    static const uint8_t uncompressed[] = {0};
    const struct fede_conn *conn = hs->conn;
    struct server_hello *m = &hs->msg.server_hello;
    *m = (struct server_hello){.legacy_version = conn->version, .suite = conn->suite->id};
    bytes_copy(m->random, hs->server_random, 32);
    m->session_id = bytes_of(hs->session_id, hs->session_id_len);
    struct extensions *e = &m->extensions;
    if (hs->facts & FACT_TICKET)
        e->present |= 1u << HAS_SESSION_TICKET;
    if (hs->renegotiation_info)
        e->present |= 1u << HAS_RENEGOTIATION_INFO;
    if (conn->flags & CONN_EMS)
        e->present |= 1u << HAS_EXTENDED_MASTER_SECRET;
    if (hs->name_found)
        e->present |= 1u << HAS_SERVER_NAME;
    if (ext_has(&hs->offer.extensions, HAS_POINT_FORMATS)) {
        e->present |= 1u << HAS_POINT_FORMATS;
        e->point_formats = BYTES_OF(uncompressed);
    }
    status_answer(hs, e);
    limits_answer(hs, e);
    if (conn->flags & CONN_ETM)
        e->present |= 1u << HAS_ENCRYPT_THEN_MAC;
    if (conn->alpn_len > 0) {
        e->present |= 1u << HAS_ALPN;
        e->alpn = bytes_of(conn->config->alpn + conn->alpn_at - 1, (size_t)conn->alpn_len + 1); /* with its length */
    }
    e->block = e->present != 0;
    *room = 128 + conn->alpn_len + hs->scts.len;
    return WRITTEN;
}

enum written write_server_hello_done(struct handshake *hs, size_t *room)
{
    (void)hs;
    *room = 0;
    return WRITTEN;
}
