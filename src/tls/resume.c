/* tls/resume.c: resumption in a handshake, both roles: offering a session and seeing whether it was taken; finding the one
   a client offers and judging it; NewSessionTicket; what is kept at the end. Whatever is wrong with a session leads to a
   full handshake, silently but for the trace, except where RFC 7627 5.3 wants the handshake to end.

   RFC 5246 7.3, 7.4.1.2, 7.4.1.3; RFC 5077 3; RFC 7627 5.3; RFC 6066 3 (server_name); RFC 7301 3.1 (the application
   protocol is chosen anew). What a session is stands in session.h. */
#include "tls/handshake.h"
#include "tls/inform.h"
#include "x509/x509.h"

enum { DAY = 24 * 3600, PLAIN_MAX = TICKET_PLAIN_MAX + 256 };

static const char *offer_problem(const struct handshake *hs);
static bool anchor_trusted(const struct fede_config *config, const struct session *s);
static const char *tie_broken(const struct handshake *hs); /* names, record lengths */
static enum outcome find_session(struct handshake *hs, const char **problem);
static bool open_ticket(struct handshake *hs, const char **problem);
static enum outcome look_up(struct handshake *hs, const char **problem);
static enum outcome judge(struct handshake *hs, const char **problem);
static bool could_do_better(const struct handshake *hs);
static const char *client_problem(const struct handshake *hs);
static bool copy_client(struct handshake *hs, struct session *s);
static void restore_client(struct handshake *hs);
static struct credential *credential_of(const struct fede_config *config, const uint8_t certificate[32]);
static bool describe(struct handshake *hs, int64_t now);
static bool describe_proof(struct handshake *hs);
static void keep_as_client(struct handshake *hs);
static void keep_as_server(struct handshake *hs);
static bool keep(struct handshake *hs, size_t front);
static bytes sent_name(const struct fede_conn *conn);
static uint8_t *id_behind_name(const struct fede_conn *conn);

/* ---- A client offers. */

bool fede_conn_resume(fede_conn *conn, fede_bytes session)
{
    struct handshake *hs = conn->handshake;
    if (conn->role != FEDE_CLIENT || conn->flags & CONN_STARTED)
        return conn_misuse(conn, "a session is offered before a client starts");
    if (conn->ending & FEDE_ENDED_BADLY)
        return false;
    conn_give_session(conn);
    uint8_t *copy = session.len > 0 ? memory_take(conn_memory(conn), session.len) : NULL;
    if (copy == NULL)
        return false;
    bytes_copy(copy, session.data, session.len);
    conn->session = copy;
    conn->session_len = (uint32_t)session.len;
    hs->offers = session_read(bytes_of(copy, session.len), &hs->session, hs->master) &&
                 hs->session.role == FEDE_CLIENT && session.len <= UINT32_MAX;
    if (!hs->offers)
        conn_give_session(conn);
    return hs->offers;
}

/* Puts the session into the ClientHello; fresh: 32 random bytes. A ticket goes with an id of our own: a server that takes
   the ticket returns it, which shows at once that it did (RFC 5077 3.4). */
void resume_offer(struct handshake *hs, struct client_hello *m, const uint8_t fresh[SESSION_ID_LEN])
{
    struct fede_conn *conn = hs->conn;
    const struct fede_config *config = conn->config;
    const char *problem = hs->offers ? offer_problem(hs) : NULL;
    if (problem != NULL) {
        inform_resumption(conn, false, false, problem);
        hs->offers = false;
        conn_give_session(conn);
    }
    if (config->sessions && config->ticket_lifetime > 0)
        m->extensions.present |= 1u << HAS_SESSION_TICKET;
    if (!hs->offers)
        return;
    bool ticket = hs->session.flags & SESSION_TICKET;
    bytes id = ticket ? bytes_of(fresh, SESSION_ID_LEN) : hs->session.handle;
    bytes_copy(hs->session_id, id.data, id.len);
    hs->session_id_len = (uint8_t)id.len;
    m->session_id = bytes_of(hs->session_id, hs->session_id_len);
    if (ticket) {
        m->extensions.present |= 1u << HAS_SESSION_TICKET;
        m->extensions.session_ticket = hs->session.handle;
    }
}

static const char *offer_problem(const struct handshake *hs)
{
    const struct fede_conn *conn = hs->conn;
    const struct fede_config *config = conn->config;
    const struct session *s = &hs->session;
    bool ems = s->flags & SESSION_EMS, verified = s->flags & SESSION_VERIFIED;
    if (!(s->flags & SESSION_TICKET) && s->handle.len > SESSION_ID_LEN)
        return "its id is too long";
    if (ems != (config->ems != FEDE_EMS_OFF)) /* what is offered decides, and it must agree: RFC 7627 5.3 */
        return ems ? "it needs the extended master secret" : "it has no extended master secret";
    const char *problem = tie_broken(hs);
    if (problem == NULL)
        problem = session_unfit(s, config, config_wall(config));
    if (problem == NULL && !config->unauthenticated && hs->host == NULL && !(config->questions & FEDE_ASK_VERDICT))
        problem = "there is no name to prove";
    if (problem == NULL && !config->unauthenticated && !verified)
        problem = "its server was not verified";
    if (problem == NULL && verified && !anchor_trusted(config, s))
        problem = "the trust anchor that proved its server is not trusted any more";
    return problem;
}

static const char *tie_broken(const struct handshake *hs)
{
    const struct session *s = &hs->session;
    bytes verified = hs->host != NULL ? bytes_text(hs->host->text) : BYTES_NONE;
    if (!bytes_equal(s->server_name, sent_name(hs->conn)))
        return "it belongs to another server name";
    if (handshake_is_client(hs) && !bytes_equal(s->verified_name, verified))
        return "its server was verified for another name";
    if (s->flags / SESSION_LENGTH != limits_code(hs))
        return "it was made with another max_fragment_length";
    return NULL;
}

static bytes sent_name(const struct fede_conn *conn)
{
    bool sent = conn->server_name != NULL && (conn->role == FEDE_SERVER || conn->flags & CONN_SEND_NAME);
    return sent ? bytes_text(conn->server_name) : BYTES_NONE;
}

static bytes tail_of(bytes der)
{
    return der.len > SESSION_TAIL ? bytes_skip(der, der.len - SESSION_TAIL) : BYTES_NONE;
}

static bool anchor_trusted(const struct fede_config *config, const struct session *s)
{
    const struct certificate *anchor;
    for (size_t i = 0; (anchor = anchors_find(config->trust->anchors, s->anchor, i)) != NULL; i++)
        if (bytes_equal(tail_of(anchor->der), BYTES_OF(s->anchor_tail)))
            return true;
    return false;
}

/* ---- A client sees the answer: version, suite and extensions of the ServerHello are judged already. */

enum outcome resume_accept(struct handshake *hs, const struct server_hello *m)
{
    struct fede_conn *conn = hs->conn;
    if (ext_has(&m->extensions, HAS_SESSION_TICKET))
        hs->facts |= FACT_TICKET;
    bool taken =
        hs->offers && m->session_id.len > 0 && bytes_equal(m->session_id, bytes_of(hs->session_id, hs->session_id_len));
    if (hs->offers)
        inform_resumption(conn, taken, hs->session.flags & SESSION_VERIFIED,
                          taken ? NULL : "the server wants a full handshake");
    if (!taken) {
        hs->offers = false;
        conn_give_session(conn);
        bytes_wipe(hs->master, sizeof hs->master);
        hs->session_id_len = (uint8_t)m->session_id.len;
        bytes_copy(hs->session_id, m->session_id.data, m->session_id.len);
        return DONE;
    }
    const struct session *s = &hs->session;
    if (m->suite != s->suite)
        return handshake_fail(hs, FEDE_RESUMED_SUITE, "cipher_suite", m->suite, s->suite);
    if (conn->version != s->version)
        return handshake_fail(hs, FEDE_VERSION_UNSUPPORTED, "server_version", conn->version, s->version);
    if (!(conn->flags & CONN_EMS) != !(s->flags & SESSION_EMS))
        return handshake_fail(hs, FEDE_RESUMED_EMS, "extended_master_secret", MSG_SERVER_HELLO, 0);
    hs->facts |= FACT_RESUMED;
    conn->flags |= CONN_RESUMED;
    conn->proofs |= PROOF_SIGNATURE; /* of the handshake the session comes from */
    conn->proofs |= s->flags & SESSION_VERIFIED ? PROOF_CHAIN : PROOF_WAIVED;
    restore_client(hs);
    return DONE;
}

/* ---- A server looks for what the client offers. Version, EMS and names are known, nothing else is chosen. */

enum outcome resume_find(struct handshake *hs)
{
    struct fede_conn *conn = hs->conn;
    const struct fede_config *config = conn->config;
    const struct client_hello *m = &hs->offer;
    const char *problem = NULL;
    enum outcome o = find_session(hs, &problem);
    if (o == DONE && hs->offers)
        o = judge(hs, &problem);
    if (o != DONE)
        return o;
    bool wants_ticket = ext_has(&m->extensions, HAS_SESSION_TICKET) && config->ticket_lifetime > 0;
    if (problem != NULL) {
        inform_resumption(conn, false, false, problem);
        bytes_wipe(hs->master, sizeof hs->master);
    }
    hs->session_id_len = 0;
    if (hs->offers) {
        inform_resumption(conn, true, false, NULL);
        restore_client(hs);
        hs->facts |= FACT_RESUMED | (hs->renew ? FACT_TICKET : 0);
        conn->flags |= CONN_RESUMED;
        conn->suite = suite_by_id(hs->session.suite);
        hs->session_id_len = (uint8_t)m->session_id.len;
        bytes_copy(hs->session_id, m->session_id.data, m->session_id.len);
        return DONE;
    }
    if (wants_ticket) {
        hs->facts |= FACT_TICKET;
    } else if (config->store != NULL || config->questions & FEDE_ASK_SESSION) {
        if (!crypto_random(&config->random, hs->session_id, SESSION_ID_LEN))
            return handshake_fail(hs, FEDE_NO_RANDOM, NULL, 0, 0);
        hs->session_id_len = SESSION_ID_LEN;
    }
    return DONE;
}

/* hs->offers: something was found. A ticket leaves the session id without meaning (RFC 5077 3.4). */
static enum outcome find_session(struct handshake *hs, const char **problem)
{
    const struct fede_config *config = hs->conn->config;
    const struct client_hello *m = &hs->offer;
    hs->offers = false;
    if (m->extensions.session_ticket.len > 0) {
        if (config->ticket_lifetime > 0)
            hs->offers = open_ticket(hs, problem);
        return DONE;
    }
    return resume_may_keep_id(hs) ? look_up(hs, problem) : DONE;
}

bool resume_may_keep_id(const struct handshake *hs)
{
    const struct fede_config *config = hs->conn->config;
    bool keeps = config->store != NULL || config->questions & FEDE_ASK_SESSION;
    return keeps && hs->offer.session_id.len > 0 && hs->offer.extensions.session_ticket.len == 0;
}

static bool open_ticket(struct handshake *hs, const char **problem)
{
    const struct fede_config *config = hs->conn->config;
    bytes ticket = hs->offer.extensions.session_ticket;
    uint8_t plain[TICKET_PLAIN_MAX + TICKET_TAG];
    size_t len = 0;
    bool opened = ticket.len <= TICKET_OVERHEAD + TICKET_PLAIN_MAX &&
                  tickets_open(config->tickets, &config->random, config_wall(config), ticket, plain, &len, &hs->renew);
    struct wire w = wire_reader(bytes_of(plain, len));
    hs->session = (struct session){.master = hs->master};
    if (opened)
        session_wire(&w, &hs->session);
    bool good = opened && wire_done(&w) && hs->session.role == FEDE_SERVER;
    if (!opened)
        *problem = "the ticket is not sealed with a key of this server";
    else if (!good)
        *problem = "the ticket can't be read";
    else if ((*problem = tie_broken(hs)) != NULL)
        good = false;
    good = good && copy_client(hs, &hs->session);
    hs->session.server_name = BYTES_NONE; /* borrowed from what ends here */
    bytes_wipe(plain, ticket.len < sizeof plain ? ticket.len : sizeof plain);
    return good;
}

/* In the config's own store, then elsewhere. */
static enum outcome look_up(struct handshake *hs, const char **problem)
{
    const struct fede_conn *conn = hs->conn;
    const struct fede_config *config = conn->config;
    uint8_t kept[PLAIN_MAX];
    bytes found = BYTES_NONE;
    if (hs->session_asked == ANSWER_OPEN)
        return WAIT;
    if (hs->session_asked == ANSWER_YES) {
        found = hs->answered;
    } else {
        if (config->store != NULL)
            found =
                bytes_of(kept, store_get(config->store, hs->offer.session_id, config_wall(config), kept, sizeof kept));
        if (found.len == 0 && config->questions & FEDE_ASK_SESSION) {
            hs->session_asked = ANSWER_OPEN;
            hs->question = (fede_question){.kind = FEDE_ASK_SESSION,
                                           .client_hello = hs->client_hello,
                                           .server_name = conn->server_name,
                                           .session_id = hs->offer.session_id};
            return WAIT;
        }
    }
    hs->offers = found.len > 0 && session_read(found, &hs->session, hs->master) && hs->session.role == FEDE_SERVER;
    if (!hs->offers)
        *problem = found.len > 0 ? "what is stored under the session id is no session"
                                 : "nothing is stored under the session id";
    else if ((*problem = tie_broken(hs)) != NULL)
        hs->offers = false;
    hs->offers = hs->offers && copy_client(hs, &hs->session);
    hs->session.server_name = BYTES_NONE;
    bytes_wipe(kept, found.data == kept ? found.len : 0);
    return DONE;
}

/* Does the client offer a suite that needs no quarantine? Whether a certificate fits it is seen in the full handshake. */
static bool could_do_better(const struct handshake *hs)
{
    struct u16s ours = codes_list(&hs->conn->config->suites);
    for (size_t i = 0; i < ours.n; i++) {
        const struct suite *suite = suite_by_id(u16s_at(ours, i));
        if (!suite_is_legacy(suite) && suite->version == hs->conn->version && u16s_has(hs->offer.suites, suite->id))
            return true;
    }
    return false;
}

static enum outcome judge(struct handshake *hs, const char **problem)
{
    struct fede_conn *conn = hs->conn;
    const struct fede_config *config = conn->config;
    const struct session *s = &hs->session;
    bool ems = s->flags & SESSION_EMS, here = conn->flags & CONN_EMS;
    *problem = session_unfit(s, config, config_wall(config));
    if (*problem == NULL && s->version != conn->version)
        *problem = "its version is not the one chosen now";
    if (*problem == NULL && !u16s_has(hs->offer.suites, s->suite))
        *problem = "the client does not offer its cipher suite";
    if (*problem == NULL && !quarantine_allows(conn, suite_by_id(s->suite)))
        *problem = "the quarantine is not for this peer, or not any more";
    if (*problem == NULL && suite_is_legacy(suite_by_id(s->suite)) && could_do_better(hs))
        *problem = "without it the connection need not use the quarantine";
    if (*problem == NULL)
        *problem = client_problem(hs);
    if (*problem == NULL && (hs->credential = credential_of(config, s->certificate)) == NULL)
        *problem = "the certificate of its server is not here any more";
    if (*problem == NULL && ems && !ext_has(&hs->offer.extensions, HAS_EXTENDED_MASTER_SECRET))
        return handshake_fail(hs, FEDE_RESUMED_EMS, "extended_master_secret", MSG_CLIENT_HELLO, 0);
    /* Without EMS on either side it would be the weakness that RFC 7627 is about: only where EMS is off on purpose. */
    if (*problem == NULL && (ems != here || (!ems && config->ems != FEDE_EMS_OFF)))
        *problem = ems ? "it needs the extended master secret" : "it has no extended master secret";
    hs->offers = *problem == NULL;
    return DONE;
}

/* The requirement of today must have been met then, and what proved it must still be believed. */
static const char *client_problem(const struct handshake *hs)
{
    const struct fede_config *config = hs->conn->config;
    const struct session *s = &hs->session;
    bool given = s->flags & SESSION_GIVEN, verified = s->flags & SESSION_VERIFIED;
    if (config->client_certificate == FEDE_CLIENT_CERTIFICATE_REQUIRED && !given)
        return "its client showed no certificate";
    if (given && !verified && !(config->questions & FEDE_ASK_VERDICT))
        return "its client was not verified";
    if (verified && !anchor_trusted(config, s))
        return "the trust anchor that proved its client is not trusted any more";
    return NULL;
}

/* What the session borrows from bytes that end soon. */
static bool copy_client(struct handshake *hs, struct session *s)
{
    bytes anchor = s->anchor, client = s->client;
    s->anchor = arena_copy(&hs->arena, anchor);
    s->client = arena_copy(&hs->arena, client);
    return s->anchor.len == anchor.len && s->client.len == client.len;
}

/* Who the client is: what the full handshake found. */
static void restore_client(struct handshake *hs)
{
    struct fede_conn *conn = hs->conn;
    struct session *s = &hs->session;
    conn->group = s->group; /* of the full handshake: what the keys still rest on */
    conn->scheme = s->scheme;
    conn->flags |=
        (uint16_t)((s->flags & SESSION_ASKED ? CONN_CERT_ASKED : 0) | (s->flags & SESSION_GIVEN ? CONN_CERT_GIVEN : 0));
    if (s->flags & SESSION_ASKED)
        inform_client_certificate(conn, s->flags & SESSION_GIVEN, "none was shown when the session began");
    if (handshake_is_client(hs) || !(s->flags & SESSION_GIVEN))
        return;
    conn->proofs |= PROOF_SIGNATURE;
    conn->proofs |= s->flags & SESSION_VERIFIED ? PROOF_CHAIN : PROOF_WAIVED;
    conn->client_scheme = s->client_scheme;
    hs->chain = &s->client;
    hs->n_chain = 1;
}

static struct credential *credential_of(const struct fede_config *config, const uint8_t certificate[32])
{
    for (size_t i = 0; i < config->n_credentials; i++)
        if (memcmp(config->credentials[i]->leaf_hash, certificate, 32) == 0)
            return config->credentials[i];
    return NULL;
}

bool fede_answer_session(fede_conn *conn, fede_bytes session)
{
    const fede_question *question = fede_ask(conn);
    struct handshake *hs = conn->handshake;
    if (question == NULL || question->kind != FEDE_ASK_SESSION)
        return conn_no_question(conn, "no session id waits for an answer");
    hs->answered = session; /* read before this call returns */
    hs->session_asked = ANSWER_YES;
    conn_drive(conn);
    if (conn->handshake == hs)
        hs->answered = BYTES_NONE;
    return !(conn->ending & FEDE_ENDED_BADLY);
}

/* ---- NewSessionTicket. */

/* A ticket that can't be made is sent empty: none was meant, after all (RFC 5077 3.3). */
enum written write_new_session_ticket(struct handshake *hs, size_t *room)
{
    const struct fede_config *config = hs->conn->config;
    struct new_session_ticket *m = &hs->msg.new_session_ticket;
    int64_t now = config_wall(config);
    uint8_t plain[TICKET_PLAIN_MAX];
    *m = (struct new_session_ticket){.ticket = BYTES_NONE};
    bool whole = describe(hs, now);
    struct wire w = wire_writer(plain, sizeof plain);
    session_wire(&w, &hs->session);
    uint8_t *ticket = whole && wire_done(&w) ? arena_take(&hs->arena, TICKET_OVERHEAD + w.at) : NULL;
    if (ticket != NULL && tickets_seal(config->tickets, &config->random, now, bytes_of(plain, w.at), ticket)) {
        m->lifetime_hint = hs->session.lifetime;
        m->ticket = bytes_of(ticket, TICKET_OVERHEAD + w.at);
    }
    bytes_wipe(plain, w.at);
    *room = 6 + m->ticket.len;
    return WRITTEN;
}

enum outcome read_new_session_ticket(struct handshake *hs)
{
    const struct new_session_ticket *m = &hs->msg.new_session_ticket;
    hs->ticket_hint = m->lifetime_hint;
    hs->ticket = arena_copy(&hs->arena, m->ticket);
    return hs->ticket.data != NULL || m->ticket.len == 0 ? DONE : handshake_no_memory(hs);
}

/* ---- What is kept. */

/* hs->session becomes this connection's: all anew after a full handshake, only the times after a resumed one. False: it can't
   be told under which conditions the peer counts as proved. */
static bool describe(struct handshake *hs, int64_t now)
{
    const struct fede_conn *conn = hs->conn;
    const struct fede_config *config = conn->config;
    struct session *s = &hs->session;
    if (!(hs->facts & FACT_RESUMED)) {
        *s = (struct session){
            .role = conn->role,
            .flags = (uint8_t)((conn->flags & CONN_EMS ? SESSION_EMS : 0) |
                               (conn->flags & CONN_CERT_ASKED ? SESSION_ASKED : 0) |
                               (conn->flags & CONN_CERT_GIVEN ? SESSION_GIVEN : 0) | SESSION_LENGTH * limits_code(hs)),
            .version = conn->version,
            .suite = conn->suite->id,
            .group = conn->group,
            .scheme = conn->scheme,
            .started = now,
        };
        session_policy_mark(config, conn->role, s->policy);
        if (conn->role == FEDE_SERVER)
            bytes_copy(s->certificate, hs->credential->leaf_hash, sizeof s->certificate);
        if ((conn->role == FEDE_CLIENT || conn->flags & CONN_CERT_GIVEN) && !describe_proof(hs))
            return false;
    }
    s->master = hs->master;
    s->issued = now;
    s->server_name = sent_name(conn);
    if (conn->role == FEDE_SERVER)
        s->lifetime = config->ticket_lifetime > 0 ? config->ticket_lifetime : FEDE_SESSION_LIFETIME;
    return true;
}

/* Called when every proof is there, before the handshake is forgotten. Nothing here can fail a connection. */
void resume_keep(struct handshake *hs)
{
    if (suite_is_legacy(hs->conn->suite) && !(hs->conn->config->legacy & FEDE_LEGACY_RESUMED))
        conn_give_session(hs->conn); /* negotiated anew each time */
    else if (handshake_is_client(hs))
        keep_as_client(hs);
    else
        keep_as_server(hs);
}

static void keep_as_client(struct handshake *hs)
{
    struct fede_conn *conn = hs->conn;
    struct session *s = &hs->session;
    bool resumed = hs->facts & FACT_RESUMED, ticket = hs->ticket.len > 0;
    if (!conn->config->sessions || (!resumed && !ticket && hs->session_id_len == 0)) {
        conn_give_session(conn);
        return;
    }
    if (resumed && !ticket)
        return; /* the same serves again */
    if (!describe(hs, config_wall(conn->config))) {
        conn_give_session(conn);
        return;
    }
    s->flags = (uint8_t)(ticket ? s->flags | SESSION_TICKET : s->flags & ~SESSION_TICKET);
    s->handle = ticket ? hs->ticket : bytes_of(hs->session_id, hs->session_id_len);
    s->lifetime = ticket ? hs->ticket_hint : DAY;
    keep(hs, 0);
}

/* Under which conditions the chain counts as proved later on. */
static bool describe_proof(struct handshake *hs)
{
    const struct fede_conn *conn = hs->conn;
    struct session *s = &hs->session;
    const fede_verdict *v = &hs->verdict;
    if (hs->n_chain == 0)
        return false;
    if (handshake_is_client(hs)) {
        crypto_hash_once(HASH_SHA256, hs->chain[0], s->certificate);
        s->verified_name = hs->host != NULL ? bytes_text(hs->host->text) : BYTES_NONE;
        uint8_t end_point[HASH_MAX];
        s->end_point = arena_copy(&hs->arena, bytes_of(end_point, identity_end_point(hs, end_point)));
    } else {
        s->client = hs->chain[0];
        s->client_scheme = conn->client_scheme;
    }
    if (!(conn->proofs & PROOF_CHAIN))
        return true;
    struct certificate *c = arena_take(&hs->arena, sizeof *c);
    s->not_after = INT64_MAX;
    for (size_t i = 0; c != NULL && i < v->path_len; i++) {
        fede_error ignored = {0};
        if (!certificate_read(v->path[i], c, &ignored))
            return false;
        if (i + 1 < v->path_len && c->not_after < s->not_after)
            s->not_after = c->not_after;
    }
    bytes tail = c != NULL ? tail_of(c->der) : BYTES_NONE;
    if (v->path_len < 2 || tail.len != SESSION_TAIL)
        return false;
    s->anchor = c->subject;
    bytes_copy(s->anchor_tail, tail.data, tail.len);
    s->flags |= SESSION_VERIFIED;
    return true;
}

/* By id: into the store, and into the application's hands where it keeps sessions itself. The id stays with the connection,
   because a connection that ends with an alert takes its session along (RFC 5246 7.2.2). */
static void keep_as_server(struct handshake *hs)
{
    struct fede_conn *conn = hs->conn;
    const struct fede_config *config = conn->config;
    bool by_ticket = hs->offer.extensions.session_ticket.len > 0 || hs->facts & FACT_TICKET;
    if (by_ticket || hs->session_id_len != SESSION_ID_LEN)
        return;
    if (hs->facts & FACT_RESUMED) {
        bool behind = conn->id_room > 0;
        conn->session = behind ? id_behind_name(conn) : memory_take(conn_memory(conn), SESSION_ID_LEN);
        conn->session_len = conn->session != NULL ? SESSION_ID_LEN : 0;
        bytes_copy(conn->session, hs->session_id, conn->session_len);
        return;
    }
    int64_t now = config_wall(config);
    if (!describe(hs, now) || !keep(hs, SESSION_ID_LEN))
        return;
    bytes_copy(conn->session, hs->session_id, SESSION_ID_LEN);
    if (config->store != NULL)
        store_put(config->store, hs->session_id, bytes_skip(bytes_of(conn->session, conn->session_len), SESSION_ID_LEN),
                  now + hs->session.lifetime);
}

/* As bytes into the connection, behind `front` bytes left free. What was there before may still be borrowed from. */
static bool keep(struct handshake *hs, size_t front)
{
    struct fede_conn *conn = hs->conn;
    size_t room = session_room(&hs->session);
    uint8_t *scratch = arena_take(&hs->arena, room);
    size_t len = scratch != NULL ? session_write(&hs->session, scratch, room) : 0;
    uint8_t *block = len > 0 ? memory_take(conn_memory(conn), front + len) : NULL;
    conn_give_session(conn);
    if (block == NULL)
        return false;
    bytes_copy(block + front, scratch, len);
    conn->session = block;
    conn->session_len = (uint32_t)(front + len);
    return true;
}

/* ---- For the application. */

static uint8_t *id_behind_name(const struct fede_conn *conn)
{
    return (uint8_t *)conn->server_name + strlen(conn->server_name) + 1;
}

void conn_give_session(struct fede_conn *conn)
{
    if (conn->session != NULL && conn->id_room > 0 && conn->session == id_behind_name(conn))
        bytes_wipe(conn->session, conn->session_len);
    else if (conn->session != NULL)
        memory_give(conn_memory(conn), conn->session, conn->session_len);
    conn->session = NULL;
    conn->session_len = 0;
}

fede_bytes fede_conn_session(const fede_conn *conn)
{
    bytes all = bytes_of(conn->session, conn->flags & CONN_OPEN ? conn->session_len : 0);
    bytes session = conn->role == FEDE_SERVER ? bytes_skip(all, SESSION_ID_LEN) : all;
    return session.len > 0 ? session : BYTES_NONE;
}

fede_bytes fede_conn_session_id(const fede_conn *conn)
{
    bool there = conn->role == FEDE_SERVER && conn->flags & CONN_OPEN;
    return there ? bytes_first(bytes_of(conn->session, conn->session_len), SESSION_ID_LEN) : BYTES_NONE;
}
