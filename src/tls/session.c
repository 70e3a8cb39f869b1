/* tls/session.c: a session as bytes, and whether it may still be used. The bytes hold the master secret: whoever has them
   can impersonate either side to the other and read what a resumed connection says. They begin with a mark and a version,
   and end with a check of themselves, so that a damaged file is no session instead of a failing handshake. What resumption
   does in a handshake is in resume.c. */
#include "tls/session.h"

#include "base/error.h"
#include "tls/config.h"

enum { MAGIC = 0xfede5e55, FORMAT = 2, CHECK_LEN = 8, FIXED_ROOM = 256, WEEK = 7 * 24 * 3600 };

static void check_of(bytes session, uint8_t check[CHECK_LEN]);

/* ---- Outside of tickets: with mark, version and check. */

size_t session_room(const struct session *s)
{
    return FIXED_ROOM + s->server_name.len + s->verified_name.len + s->anchor.len + s->handle.len + s->end_point.len +
           s->client.len;
}

size_t session_write(struct session *s, uint8_t *out, size_t room)
{
    struct wire w = wire_writer(out, room);
    uint32_t magic = MAGIC;
    uint8_t format = FORMAT, check[CHECK_LEN];
    wire_u32(&w, "magic", &magic, FIELD_NUMBER);
    wire_u8(&w, "format", &format, NULL);
    session_wire(&w, s);
    if (w.bad)
        return 0;
    check_of(bytes_of(out, w.at), check);
    wire_fixed(&w, "check", check, CHECK_LEN);
    return wire_done(&w) ? w.at : 0;
}

bool session_read(bytes from, struct session *s, uint8_t master[SESSION_MASTER])
{
    uint32_t magic = 0;
    uint8_t format = 0, check[CHECK_LEN];
    *s = (struct session){.master = master};
    if (from.len < CHECK_LEN)
        return false;
    bytes body = bytes_first(from, from.len - CHECK_LEN);
    check_of(body, check);
    if (!bytes_equal(bytes_skip(from, body.len), BYTES_OF(check)))
        return false;
    struct wire w = wire_reader(body);
    wire_u32(&w, "magic", &magic, FIELD_NUMBER);
    wire_u8(&w, "format", &format, NULL);
    if (w.bad || magic != MAGIC || format != FORMAT)
        return false;
    session_wire(&w, s);
    return wire_done(&w) && (s->role == FEDE_CLIENT || s->role == FEDE_SERVER);
}

static void check_of(bytes session, uint8_t check[CHECK_LEN])
{
    uint8_t hash[HASH_MAX];
    crypto_hash_once(HASH_SHA256, session, hash);
    bytes_copy(check, hash, CHECK_LEN);
    bytes_wipe(hash, sizeof hash);
}

bool fede_session_about(fede_bytes session, fede_session_facts *out)
{
    struct session s;
    uint8_t master[SESSION_MASTER];
    *out = (fede_session_facts){0};
    if (session_read(session, &s, master)) {
        *out = (fede_session_facts){
            .role = s.role,
            .version = s.version,
            .suite = s.suite,
            .extended_master_secret = s.flags & SESSION_EMS,
            .verified = s.flags & SESSION_VERIFIED,
            .ticket = s.flags & SESSION_TICKET,
            .started = s.started,
            .issued = s.issued,
            .lifetime = s.lifetime,
            .client_certificate = s.flags & SESSION_GIVEN,
            .server_name = s.server_name,
            .handle = s.handle,
            .client = s.client,
        };
        bytes_copy(out->certificate, s.certificate, sizeof out->certificate);
    }
    bytes_wipe(master, sizeof master);
    return out->role != 0;
}

/* ---- May it be used? */

/* With what either side would ask or show today: a server's session is for those who were asked the same, a client's for
   those who could show the same. */
void session_policy_mark(const struct fede_config *config, uint8_t role, uint8_t mark[SESSION_MARK])
{
    uint8_t out[HASH_MAX];
    struct crypto_hash hash;
    crypto_hash_start(&hash, HASH_SHA256);
    crypto_hash_add(&hash, bytes_text(config->policy->name));
    if (role == FEDE_SERVER)
        crypto_hash_add(&hash, bytes_of(&config->client_certificate, 1));
    for (size_t i = 0; role == FEDE_CLIENT && i < config->n_credentials; i++)
        crypto_hash_add(&hash, bytes_of(config->credentials[i]->leaf_hash, 32));
    crypto_hash_end(&hash, out);
    bytes_copy(mark, out, SESSION_MARK);
}

/* By the configuration, or to one of its credentials. */
static bool scheme_allowed(const struct fede_config *config, uint16_t scheme)
{
    bool allowed = u16s_has(codes_list(&config->schemes), scheme);
    for (size_t i = 0; i < config->n_credentials; i++)
        allowed |= u16s_has(codes_list(&config->credentials[i]->schemes), scheme);
    return allowed;
}

const char *session_unfit(const struct session *s, const struct fede_config *config, int64_t now)
{
    uint8_t mark[SESSION_MARK];
    session_policy_mark(config, s->role, mark);
    if (memcmp(mark, s->policy, SESSION_MARK) != 0)
        return "it was made under another policy, or with other client certificates";
    if (s->version < config->lowest || s->version > config->highest)
        return "its version is not allowed any more";
    const struct suite *suite = suite_by_id(s->suite);
    if (suite == NULL || suite->version != s->version || !u16s_has(codes_list(&config->suites), s->suite))
        return "its cipher suite is not allowed any more";
    if (suite_is_legacy(suite) && !(config->legacy & FEDE_LEGACY_RESUMED && quarantine_suite(config, suite->id)))
        return "what the quarantine allows is negotiated anew each time";
    if (s->group != 0 && !u16s_has(codes_list(&config->groups), s->group))
        return "its group is not allowed any more";
    if (s->scheme != 0 && !scheme_allowed(config, s->scheme))
        return "its signature scheme is not allowed any more";
    return session_too_old(s, now);
}

/* A clock that was set back makes sessions too young; a minute is forgiven between machines. */
const char *session_too_old(const struct session *s, int64_t now)
{
    enum { MINUTE = 60 };
    int64_t lifetime = s->lifetime == 0 || s->lifetime > WEEK ? WEEK : s->lifetime;
    if (s->started < 0 || s->issued < 0) /* of nobody's making; and the differences below stay within their type */
        return "it comes from before 1970";
    if (s->started - MINUTE > now || s->issued - MINUTE > now)
        return "it comes from the future";
    /* Renewed again and again, the keys of one handshake still end: RFC 9325 3.4. */
    if (now - s->issued >= lifetime || (s->role == FEDE_SERVER && now - s->started >= 2 * lifetime) ||
        now - s->started >= 2 * (int64_t)WEEK)
        return "it has expired";
    if (s->flags & SESSION_VERIFIED && now > s->not_after)
        return s->role == FEDE_CLIENT ? "a certificate that proved the server has expired"
                                      : "a certificate that proved the client has expired";
    return NULL;
}
