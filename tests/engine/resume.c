/* engine/resume.c: resumption in both roles, in one process: by ticket and by id, renewed, expired, under keys shared and
   changed; refused for every reason there is, each time with a full handshake instead; every byte of a ticket, of a session
   and of the abbreviated handshake altered; each allocation failing. RFC 5246 7.3, RFC 5077, RFC 7627 5.3. */
#include "check.h"
#include "pair.h"
#include "tls/conn.h"
#include "tls/session.h"

/* ---- A clock that the test moves, configurations, connections. */

static int64_t now = JUST_2030;
static char why_not[2][160]; /* what the traces say about resumption: client, server */
static int choices[2];

static int64_t wall(void *arg)
{
    (void)arg;
    return now;
}

static void hear(void *arg, const fede_event *event)
{
    int side = arg != NULL;
    if (event->kind != FEDE_EVENT_CHOICE || strcmp(event->label, "resumption") != 0)
        return;
    choices[side] = event->what;
    snprintf(why_not[side], sizeof why_not[side], "%.*s", (int)event->bytes.len, (const char *)event->bytes.data);
}

static fede_config *client_with(const fede_allocator *memory)
{
    fede_config *config = pair_client_config(memory);
    if (config != NULL) {
        fede_config_clock(config, wall, NULL, NULL);
        fede_config_sessions(config, true);
        fede_config_trace(config, hear, NULL);
    }
    return config;
}

static fede_config *server_with(const fede_allocator *memory, const char *key)
{
    static char yes;
    fede_config *config = pair_server_config(memory, key);
    if (config != NULL) {
        fede_config_clock(config, wall, NULL, NULL);
        fede_config_trace(config, hear, &yes);
    }
    return config;
}

struct kept_session {
    uint8_t data[4096];
    size_t len;
};

static fede_bytes bytes_kept(const struct kept_session *s)
{
    return (fede_bytes){s->data, s->len};
}

static void take(struct kept_session *s, fede_bytes from)
{
    s->len = from.len < sizeof s->data ? from.len : 0;
    if (s->len > 0)
        memcpy(s->data, from.data, s->len);
}

struct outcome_of {
    bool open, resumed, both, verified;
};

/* Both sides meet; session may be NULL; out, when not NULL, gets what the client can resume later. */
static struct outcome_of meet_as(fede_config *cc, fede_config *sc, const char *name, const struct kept_session *session,
                                 struct kept_session *out)
{
    struct pair pair = {0};
    why_not[0][0] = why_not[1][0] = '\0';
    choices[0] = choices[1] = -1;
    pair_start(&pair, cc, sc, name);
    if (session != NULL)
        fede_conn_resume(pair.client, bytes_kept(session));
    pair_pump(&pair);
    fede_info c, s;
    fede_conn_info(pair.client, &c);
    fede_conn_info(pair.server, &s);
    struct outcome_of o = {.open = c.established && s.established && pair_exchange(&pair, 1000),
                           .resumed = c.resumed,
                           .both = c.resumed == s.resumed,
                           .verified = c.verified};
    if (out != NULL)
        take(out, fede_conn_session(pair.client));
    pair_end(&pair);
    return o;
}

static struct outcome_of meet(fede_config *cc, fede_config *sc, const struct kept_session *session,
                              struct kept_session *out)
{
    return meet_as(cc, sc, NULL, session, out);
}

static bool whole(struct outcome_of o)
{
    return o.open && o.both && !o.resumed;
}

static bool resumed(struct outcome_of o)
{
    return o.open && o.both && o.resumed;
}

/* The session with one thing changed, its check made anew. */
static struct kept_session altered(const struct kept_session *session, void (*change)(struct session *s, size_t n),
                                   size_t n)
{
    struct session s;
    uint8_t master[SESSION_MASTER], handle[2048];
    struct kept_session out = {.len = 0};
    if (!session_read(bytes_kept(session), &s, master) || s.handle.len > sizeof handle)
        abort();
    memcpy(handle, s.handle.data, s.handle.len);
    s.handle.data = handle;
    change(&s, n);
    out.len = session_write(&s, out.data, sizeof out.data);
    return out;
}

/* ---- The good cases. */

static void by_ticket(void)
{
    const char *const keys[] = {"p256", "rsa", "ed25519"};
    for (size_t i = 0; i < 3; i++) {
        fede_config *cc = client_with(NULL), *sc = server_with(NULL, keys[i]);
        struct kept_session one, two;
        CHECK(whole(meet(cc, sc, NULL, &one)));
        CHECK(one.len > 0 && choices[0] == -1 && choices[1] == -1);
        struct outcome_of o = meet(cc, sc, &one, &two);
        CHECK(resumed(o) && o.verified);
        CHECK(choices[0] == 1 && choices[1] == 1);
        CHECK(two.len == one.len && memcmp(one.data, two.data, one.len) == 0); /* no new ticket */
        CHECK(resumed(meet(cc, sc, &two, NULL)));
        fede_session_facts facts;
        CHECK(fede_session_about(bytes_kept(&one), &facts) && facts.role == FEDE_CLIENT && facts.ticket &&
              facts.verified && facts.extended_master_secret && facts.lifetime == 7200 && facts.started == now &&
              facts.server_name.len == 11 && memcmp(facts.server_name.data, "server.test", 11) == 0);
        fede_config_free(cc);
        fede_config_free(sc);
    }
}

static void by_id(void)
{
    fede_store *store = fede_store_new(2);
    fede_config *cc = client_with(NULL), *sc = server_with(NULL, "p256");
    struct kept_session one, two;
    CHECK(fede_config_tickets(cc, 0) && fede_config_store(sc, store));
    fede_store_free(store); /* the config holds it */
    CHECK(whole(meet(cc, sc, NULL, &one)) && one.len > 0);
    CHECK(resumed(meet(cc, sc, &one, &two)));
    CHECK(resumed(meet(cc, sc, &two, NULL)));
    fede_session_facts facts;
    CHECK(fede_session_about(bytes_kept(&two), &facts) && !facts.ticket && facts.handle.len == 32);
    /* Two more push the first out. */
    CHECK(whole(meet(cc, sc, NULL, NULL)) && whole(meet(cc, sc, NULL, &two)) && store_count(store) == 2);
    CHECK(whole(meet(cc, sc, &one, NULL)) && strstr(why_not[1], "nothing is stored") != NULL);
    CHECK(resumed(meet(cc, sc, &two, NULL)));
    now += 7200;
    CHECK(whole(meet(cc, sc, &two, NULL)));
    now = JUST_2030;
    fede_config_free(cc);
    fede_config_free(sc);
}

static void storing(void)
{
    enum { MOST = 100 };
    fede_store *store = fede_store_new(MOST);
    uint8_t id[SESSION_ID_LEN] = {0}, out[64];
    CHECK(fede_store_new(0) == NULL && fede_store_new((size_t)1 << 30) == NULL);
    for (uint32_t i = 0; i < 1000; i++) {
        store16(id + 2, (uint16_t)i);
        CHECK(store_put(store, id, bytes_of(&i, sizeof i), i + 10));
        CHECK(store_count(store) <= MOST);
    }
    size_t there = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        store16(id + 2, (uint16_t)i);
        size_t len = store_get(store, BYTES_OF(id), 0, out, sizeof out);
        there += len == sizeof i && memcmp(out, &i, len) == 0;
        CHECK_AT((len > 0) == (i >= 900), i);
    }
    CHECK(there == MOST);
    CHECK(store_get(store, BYTES_OF(id), 1009, out, sizeof out) == 0 && store_count(store) == MOST - 1);
    store16(id + 2, 950);
    CHECK(store_get(store, BYTES_OF(id), 0, out, 3) == 0 && store_get(store, BYTES_OF(id), 0, out, 4) == 4);
    store_forget(store, BYTES_OF(id));
    CHECK(store_get(store, BYTES_OF(id), 0, out, sizeof out) == 0 && store_count(store) == MOST - 2);
    store_forget(store, bytes_of(id, 3));
    CHECK(store_get(store, bytes_of(id, 3), 0, out, sizeof out) == 0);
    fede_store_free(store);
    fede_store_free(NULL);
}

/* A store of the application's own: asked, answered at once or later. */
static void by_question(void)
{
    fede_config *cc = client_with(NULL), *sc = server_with(NULL, "rsa");
    struct kept_session client, server;
    CHECK(fede_config_tickets(sc, 0) && fede_config_ask(sc, FEDE_ASK_SESSION));
    struct pair pair = {0};
    pair_start(&pair, cc, sc, NULL);
    CHECK(pair_pump(&pair) && pair_established(pair.server));
    take(&server, fede_conn_session(pair.server));
    take(&client, fede_conn_session(pair.client));
    CHECK(server.len > 0 && client.len > 0 && fede_conn_session_id(pair.server).len == 32);
    fede_session_facts facts;
    CHECK(fede_session_about(bytes_kept(&client), &facts) && facts.handle.len == 32 &&
          memcmp(facts.handle.data, fede_conn_session_id(pair.server).data, 32) == 0);
    pair_end(&pair);
    for (int answer = 0; answer < 4; answer++) {
        struct kept_session bad = server;
        bad.data[20] ^= 1;
        pair = (struct pair){0};
        pair_start(&pair, cc, sc, NULL);
        CHECK(fede_conn_resume(pair.client, bytes_kept(&client)));
        CHECK(pair_pump(&pair) && !pair_established(pair.server) && fede_needs(pair.server) == FEDE_DECIDE);
        const fede_question *q = fede_ask(pair.server);
        CHECK(q != NULL && q->kind == FEDE_ASK_SESSION && q->session_id.len == 32 &&
              memcmp(q->session_id.data, facts.handle.data, 32) == 0 && q->client_hello.len > 40);
        fede_bytes answers[] = {bytes_kept(&server), {NULL, 0}, bytes_kept(&bad), bytes_kept(&client)};
        CHECK(fede_answer_session(pair.server, answers[answer]) && pair_pump(&pair));
        fede_info info;
        fede_conn_info(pair.client, &info);
        CHECK_AT(info.established && info.resumed == (answer == 0) && pair_exchange(&pair, 100), (size_t)answer);
        pair_end(&pair);
    }
    pair = (struct pair){0};
    pair_start(&pair, cc, sc, NULL);
    fede_conn_resume(pair.client, bytes_kept(&client));
    pair_pump(&pair);
    CHECK(fede_answer_refuse(pair.server, FEDE_ALERT_ACCESS_DENIED) && pair_pump(&pair) &&
          pair_alert(pair.client) == FEDE_ALERT_ACCESS_DENIED);
    CHECK(!fede_answer_session(pair.server, BYTES_NONE));
    pair_end(&pair);
    fede_config_free(cc);
    fede_config_free(sc);
}

/* ---- Time. */

static void time_passes(void)
{
    fede_config *cc = client_with(NULL), *sc = server_with(NULL, "p256");
    struct kept_session one, two, three;
    CHECK(fede_config_tickets(sc, 1000));
    now = JUST_2030 / 1000 * 1000 + 100;
    CHECK(whole(meet(cc, sc, NULL, &one)));
    now += 800;
    CHECK(resumed(meet(cc, sc, &one, &two)) && two.len == one.len && memcmp(one.data, two.data, one.len) == 0);
    now += 150; /* the next period: renewed */
    CHECK(resumed(meet(cc, sc, &one, &two)) && (two.len != one.len || memcmp(one.data, two.data, one.len) != 0));
    now += 60; /* 1010 after the first: its ticket is too old, the renewed one is good */
    CHECK(whole(meet(cc, sc, &one, NULL)));
    CHECK(strcmp(why_not[0], "it has expired") == 0);
    CHECK(resumed(meet(cc, sc, &two, &three)));
    now += 900; /* in the period after that, 1910 after the beginning */
    CHECK(resumed(meet(cc, sc, &two, &three)));
    now += 95; /* renewed, but its full handshake was two lifetimes ago */
    CHECK(whole(meet(cc, sc, &three, NULL)));
    CHECK(choices[0] == 0 && strcmp(why_not[1], "it has expired") == 0);
    /* A clock set back, in the server and in the client. */
    now = JUST_2030 + 500;
    CHECK(whole(meet(cc, sc, NULL, &one)));
    now -= 100;
    CHECK(whole(meet(cc, sc, &one, NULL)) && strcmp(why_not[0], "it comes from the future") == 0);
    now = JUST_2030;
    fede_config_free(cc);
    fede_config_free(sc);
}

/* The certificate's end ends the session too. */
static void set_not_after(struct session *s, size_t n)
{
    s->not_after = now - 1 + (int64_t)n;
}

static void set_lifetime(struct session *s, size_t n)
{
    s->lifetime = (uint32_t)n;
    s->issued = s->started = now - 1000;
}

/* ---- Shared keys. */

static void shared_keys(void)
{
    uint8_t roots[2 * FEDE_TICKET_KEY];
    for (size_t i = 0; i < sizeof roots; i++)
        roots[i] = (uint8_t)(i * 7 + 1);
    fede_config *cc = client_with(NULL);
    fede_config *a = server_with(NULL, "p256"), *b = server_with(NULL, "p256"), *c = server_with(NULL, "p256");
    struct kept_session one, two;
    CHECK(fede_config_ticket_keys(a, bytes_of(roots, 32)) && fede_config_ticket_keys(b, bytes_of(roots, 32)));
    CHECK(fede_config_ticket_keys(c, bytes_of(roots, 64)));
    fede_config *bad = fede_config_derive(c), *empty = fede_config_derive(c);
    CHECK(!fede_config_ticket_keys(bad, bytes_of(roots, 31)) && !fede_config_ticket_keys(empty, BYTES_NONE));
    fede_config_free(bad);
    fede_config_free(empty);
    for (int i = 0; i < 50; i++) { /* over seven changes of keys */
        CHECK_AT(whole(meet(cc, i % 2 ? a : b, NULL, &one)), (size_t)i);
        now += 1000;
        CHECK_AT(resumed(meet(cc, i % 2 ? b : a, &one, &two)), (size_t)i);
    }
    /* The second root opens what it sealed as the first, and the ticket is renewed; the other way round too. */
    fede_config *turned = server_with(NULL, "p256");
    memcpy(roots + 32, roots, 32);
    memset(roots, 0xee, 32);
    CHECK(fede_config_ticket_keys(turned, bytes_of(roots, 64)));
    CHECK(whole(meet(cc, c, NULL, &one)));
    CHECK(resumed(meet(cc, turned, &one, &two)) && (two.len != one.len || memcmp(one.data, two.data, one.len) != 0));
    CHECK(resumed(meet(cc, turned, &two, NULL)));
    CHECK(whole(meet(cc, a, &two, NULL)) && strstr(why_not[1], "not sealed with a key") != NULL);
    /* A clock that is behind by one period opens what the other sealed. */
    now = JUST_2030 / 7200 * 7200 + 10;
    CHECK(whole(meet(cc, a, NULL, &one)));
    now -= 30;
    CHECK(resumed(meet(cc, b, &one, NULL)));
    now = JUST_2030;
    fede_config_free(cc);
    fede_config_free(a);
    fede_config_free(b);
    fede_config_free(c);
    fede_config_free(turned);
}

/* ---- Refused: always a full handshake. */

static void set_unverified(struct session *s, size_t n)
{
    (void)n;
    s->flags &= (uint8_t)~SESSION_VERIFIED;
}

static void set_no_ems(struct session *s, size_t n)
{
    (void)n;
    s->flags &= (uint8_t)~SESSION_EMS;
}

static void set_long_id(struct session *s, size_t n)
{
    s->flags &= (uint8_t)~SESSION_TICKET;
    s->handle.len = n;
}

static void set_suite(struct session *s, size_t n)
{
    s->suite = (uint16_t)n;
}

static void set_role(struct session *s, size_t n)
{
    s->role = (uint8_t)n;
}

static void refused_by_client(void)
{
    const uint16_t chacha[] = {0xcca9}, p384[] = {0x0018, 0x0017}, rsa[] = {0x0804};
    fede_config *cc = client_with(NULL), *sc = server_with(NULL, "p256");
    struct kept_session one, other;
    CHECK(whole(meet(cc, sc, NULL, &one)));
    CHECK(resumed(meet(cc, sc, &one, NULL)));
    struct {
        void (*change)(struct session *s, size_t n);
        size_t n;
        const char *says;
    } changes[] = {
        {set_unverified, 0, "its server was not verified"},
        {set_no_ems, 0, "it has no extended master secret"},
        {set_not_after, 0, "a certificate that proved the server has expired"},
        {set_lifetime, 999, "it has expired"},
        {set_lifetime, 1000, "it has expired"},
        {set_long_id, 33, "its id is too long"},
        {set_suite, 0x1301, "its cipher suite is not allowed any more"},
        {set_suite, 0, "its cipher suite is not allowed any more"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        other = altered(&one, changes[i].change, changes[i].n);
        CHECK_AT(whole(meet(cc, sc, &other, NULL)), i);
        CHECK_AT(strcmp(why_not[0], changes[i].says) == 0 && choices[1] == -1, i);
    }
    /* The ticket is for another suite than the client thinks. */
    struct pair pair = {0};
    other = altered(&one, set_suite, 0xc02c);
    pair_start(&pair, cc, sc, NULL);
    CHECK(fede_conn_resume(pair.client, bytes_kept(&other)) && pair_pump(&pair));
    CHECK(fede_conn_error(pair.client) != NULL && fede_conn_error(pair.client)->reason == FEDE_RESUMED_SUITE &&
          pair_alert(pair.server) == FEDE_ALERT_ILLEGAL_PARAMETER);
    pair_end(&pair);
    other = altered(&one, set_lifetime, 1001);
    CHECK(resumed(meet(cc, sc, &other, NULL)));
    other = altered(&one, set_lifetime, 0); /* not said */
    CHECK(resumed(meet(cc, sc, &other, NULL)));
    other = altered(&one, set_not_after, 1);
    CHECK(resumed(meet(cc, sc, &other, NULL)));

    CHECK(!meet_as(cc, sc, "www.server.test", &one, NULL).resumed);
    CHECK(strcmp(why_not[0], "it belongs to another server name") == 0);
    pair_start(&pair, cc, sc, NULL);
    CHECK(fede_conn_resume(pair.client, bytes_kept(&one)) && fede_conn_server_name(pair.client, NULL));
    CHECK(pair_pump(&pair) && pair_established(pair.client));
    CHECK(strcmp(why_not[0], "it belongs to another server name") == 0);
    CHECK(!fede_conn_resume(pair.client, bytes_kept(&one))); /* too late */
    pair_end(&pair);

    fede_config *changed[5];
    const char *says[5] = {"its cipher suite is not allowed any more", "its group is not allowed any more",
                           "its signature scheme is not allowed any more",
                           "it was made under another policy, or with other client certificates",
                           "it needs the extended master secret"};
    for (int i = 0; i < 5; i++)
        changed[i] = fede_config_derive(cc);
    CHECK(fede_config_suites(changed[0], chacha, 1) && fede_config_groups(changed[1], p384, 2) &&
          fede_config_schemes(changed[2], rsa, 1) && fede_config_policy(changed[3], "modern") &&
          fede_config_extended_master_secret(changed[4], FEDE_EMS_OFF));
    for (size_t i = 0; i < 5; i++) {
        struct outcome_of o = meet(changed[i], sc, &one, NULL);
        CHECK_AT(!o.resumed && strcmp(why_not[0], says[i]) == 0, i);
        fede_config_free(changed[i]);
    }

    /* Other trust: nothing that was verified by the old anchor counts. */
    fede_config *trusts = fede_config_new();
    fede_config_clock(trusts, wall, NULL, NULL);
    fede_config_trace(trusts, hear, NULL);
    CHECK(fede_config_trust(trusts, pair_file("issuing.pem")) && fede_config_sessions(trusts, true));
    CHECK(!meet(trusts, sc, &one, NULL).resumed && strstr(why_not[0], "trust anchor") != NULL);
    fede_config_free(trusts);
    /* Without verification: the session is not verified, and serves only those who don't verify. */
    fede_config *open = fede_config_derive(cc);
    CHECK(fede_config_unauthenticated_encryption(open));
    CHECK(whole(meet_as(open, sc, "other.test", NULL, &other)) && other.len > 0);
    struct outcome_of o = meet_as(open, sc, "other.test", &other, NULL);
    CHECK(resumed(o) && !o.verified);
    CHECK(!meet_as(cc, sc, "other.test", &other, NULL).resumed && strstr(why_not[0], "not verified") != NULL);
    fede_config_free(open);
    fede_config_free(cc);
    fede_config_free(sc);
}

static void refused_by_server(void)
{
    const uint16_t chacha[] = {0xcca9}, p384[] = {0x0018, 0x0017};
    fede_config *cc = client_with(NULL), *sc = server_with(NULL, "p256");
    struct kept_session one;
    CHECK(whole(meet(cc, sc, NULL, &one)));
    fede_config *others[6];
    const char *says[6] = {"its cipher suite is not allowed any more",
                           "its group is not allowed any more",
                           "it was made under another policy, or with other client certificates",
                           "it needs the extended master secret",
                           "",
                           "the certificate of its server is not here any more"};
    for (int i = 0; i < 5; i++)
        others[i] = fede_config_derive(sc);
    others[5] = server_with(NULL, "rsa");
    CHECK(fede_config_suites(others[0], chacha, 1) && fede_config_groups(others[1], p384, 2) &&
          fede_config_policy(others[2], "modern") && fede_config_extended_master_secret(others[3], FEDE_EMS_OFF) &&
          fede_config_tickets(others[4], 0));
    uint8_t root[32] = {1};
    CHECK(fede_config_ticket_keys(others[5], BYTES_OF(root)));
    for (size_t i = 0; i < 5; i++) {
        CHECK_AT(whole(meet(cc, others[i], &one, NULL)), i);
        CHECK_AT(strcmp(why_not[1], says[i]) == 0, i);
    }
    fede_config *keyed = server_with(NULL, "p256");
    CHECK(fede_config_ticket_keys(keyed, BYTES_OF(root)) && whole(meet(cc, keyed, NULL, &one)));
    CHECK(whole(meet(cc, others[5], &one, NULL)) && strcmp(why_not[1], says[5]) == 0);
    CHECK(resumed(meet(cc, keyed, &one, NULL)));
    for (int i = 0; i < 6; i++)
        fede_config_free(others[i]);
    fede_config_free(keyed);
    /* A second server has other keys. */
    fede_config *second = server_with(NULL, "p256");
    CHECK(whole(meet(cc, second, &one, NULL)) && strstr(why_not[1], "not sealed with a key") != NULL);
    fede_config_free(second);
    fede_config_free(cc);
    fede_config_free(sc);
}

/* The server looks at names itself: a client that lies about its session's name gets nowhere. */
static void set_name(struct session *s, size_t n)
{
    s->server_name = n ? bytes_text("www.server.test") : BYTES_NONE;
}

static void names(void)
{
    fede_config *cc = client_with(NULL), *sc = server_with(NULL, "p256");
    struct kept_session one, lie;
    CHECK(whole(meet(cc, sc, NULL, &one)));
    lie = altered(&one, set_name, 0);
    struct pair pair = {0};
    pair_start(&pair, cc, sc, NULL);
    CHECK(fede_conn_resume(pair.client, bytes_kept(&lie)) && fede_conn_server_name(pair.client, NULL));
    CHECK(pair_pump(&pair) && pair_established(pair.client) &&
          strcmp(why_not[1], "it belongs to another server name") == 0);
    pair_end(&pair);
    lie = altered(&one, set_name, 1);
    pair_start(&pair, cc, sc, NULL);
    CHECK(fede_conn_resume(pair.client, bytes_kept(&lie)) && fede_conn_server_name(pair.client, "www.server.test"));
    CHECK(pair_pump(&pair) && pair_established(pair.client) &&
          strcmp(why_not[1], "it belongs to another server name") == 0);
    pair_end(&pair);
    fede_config_free(cc);
    fede_config_free(sc);
}

/* ---- Extended master secret: RFC 7627 5.3. */

static void drop_ems(struct pair *pair, uint8_t from, size_t index, uint8_t *record, size_t len)
{
    uint8_t which = *(uint8_t *)pair->arg;
    for (size_t i = 5; from == which && index == 0 && i + 4 <= len; i++)
        if (memcmp(record + i, "\x00\x17\x00\x00", 4) == 0) {
            record[i] = 0x5a; /* an extension that nobody knows */
            record[i + 1] = 0x5b;
            break;
        }
    pair_put(pair, from == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT, record, len);
}

static void extended_master_secret(void)
{
    fede_config *cc = client_with(NULL), *sc = server_with(NULL, "p256");
    fede_config *classic_c = fede_config_derive(cc), *classic_s = fede_config_derive(sc);
    struct kept_session extended, classic;
    CHECK(fede_config_extended_master_secret(classic_c, FEDE_EMS_OFF) &&
          fede_config_extended_master_secret(classic_s, FEDE_EMS_OFF));
    CHECK(whole(meet(cc, sc, NULL, &extended)));
    CHECK(whole(meet(classic_c, classic_s, NULL, &classic)));
    CHECK(resumed(meet(classic_c, classic_s, &classic, NULL))); /* both without, on purpose */
    CHECK(whole(meet(classic_c, sc, &classic, NULL)) && strcmp(why_not[1], "it has no extended master secret") == 0);
    CHECK(whole(meet(cc, sc, &classic, NULL)) && strcmp(why_not[0], "it has no extended master secret") == 0);
    /* The hello that resumes an extended session must have the extension: the server ends it. */
    uint8_t which = FEDE_CLIENT;
    struct pair pair = {.tap = drop_ems, .arg = &which};
    pair_start(&pair, cc, sc, NULL);
    CHECK(fede_conn_resume(pair.client, bytes_kept(&extended)) && pair_pump(&pair));
    CHECK(fede_conn_error(pair.server) != NULL && fede_conn_error(pair.server)->reason == FEDE_RESUMED_EMS &&
          pair_alert(pair.server) == FEDE_ALERT_HANDSHAKE_FAILURE);
    pair_end(&pair);
    fede_config_free(classic_c);
    fede_config_free(classic_s);
    fede_config_free(cc);
    fede_config_free(sc);
}

/* ---- Altered sessions and tickets. */

static void flip_handle(struct session *s, size_t n)
{
    ((uint8_t *)(uintptr_t)s->handle.data)[n / 3] ^= n % 3 == 0 ? 1 : n % 3 == 1 ? 0x80 : 0xff;
}

static void cut_handle(struct session *s, size_t n)
{
    s->handle.len = n;
}

static void altered_tickets(void)
{
    fede_config *cc = client_with(NULL), *sc = server_with(NULL, "p256");
    struct kept_session one, bad;
    fede_session_facts facts;
    CHECK(whole(meet(cc, sc, NULL, &one)) && fede_session_about(bytes_kept(&one), &facts));
    size_t len = facts.handle.len;
    CHECK(len > 100);
    for (size_t n = 0; n < 3 * len; n++) {
        bad = altered(&one, flip_handle, n);
        CHECK_AT(whole(meet(cc, sc, &bad, NULL)), n);
        CHECK_AT(choices[0] == 0 && choices[1] == 0 && why_not[1][0] != '\0', n);
    }
    for (size_t n = 1; n < len; n++) {
        bad = altered(&one, cut_handle, n);
        CHECK_AT(whole(meet(cc, sc, &bad, NULL)), n);
    }
    CHECK(resumed(meet(cc, sc, &one, NULL)));
    printf("resume: every byte of a ticket of %zu bytes altered three ways, and cut at each\n", len);
    fede_config_free(cc);
    fede_config_free(sc);
}

static void altered_sessions(void)
{
    fede_config *cc = client_with(NULL), *sc = server_with(NULL, "p256");
    struct kept_session one, bad;
    fede_session_facts facts;
    CHECK(whole(meet(cc, sc, NULL, &one)));
    for (size_t n = 0; n < one.len; n++) {
        struct pair pair = {0};
        bad = one;
        bad.data[n] ^= (uint8_t)(1 << n % 8);
        pair_start(&pair, cc, sc, NULL);
        CHECK_AT(!fede_conn_resume(pair.client, bytes_kept(&bad)) && !fede_session_about(bytes_kept(&bad), &facts), n);
        bad = one;
        bad.len = n;
        CHECK_AT(!fede_conn_resume(pair.client, bytes_kept(&bad)), n);
        pair_end(&pair);
    }
    bad = one;
    bad.data[bad.len++] = 0;
    CHECK(whole(meet(cc, sc, &bad, NULL)));
    bad = altered(&one, set_role, FEDE_SERVER); /* a server's session in a client's hands */
    CHECK(whole(meet(cc, sc, &bad, NULL)));
    fede_config_free(cc);
    fede_config_free(sc);
}

/* ---- The abbreviated handshake altered. */

struct damage {
    uint8_t from, pattern;
    size_t record, at;
    bool drop, seen;
    size_t lens[3][8], n[3];
};

static void harm(struct pair *pair, uint8_t from, size_t index, uint8_t *record, size_t len)
{
    struct damage *d = pair->arg;
    if (d->from == 0 && index < 8) {
        d->lens[from][index] = len;
        d->n[from] = index + 1;
    }
    if (from == d->from && index == d->record) {
        d->seen = true;
        if (d->drop)
            return;
        record[d->at] ^= d->pattern;
    }
    pair_put(pair, from == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT, record, len);
}

static void altered_handshakes(bool ticket)
{
    static const uint8_t patterns[] = {0x01, 0x80, 0xff};
    fede_store *store = fede_store_new(100000);
    fede_config *cc = client_with(NULL), *sc = server_with(NULL, "p256");
    fede_config_tickets(cc, ticket ? 7200 : 0);
    fede_config_store(sc, store);
    struct kept_session one;
    CHECK(whole(meet(cc, sc, NULL, &one)));
    struct damage plain = {0};
    struct pair pair = {.tap = harm, .arg = &plain};
    pair_start(&pair, cc, sc, NULL);
    fede_conn_resume(pair.client, bytes_kept(&one));
    CHECK(pair_pump(&pair) && pair_established(pair.client) && pair_established(pair.server));
    pair_end(&pair);
    CHECK(plain.n[FEDE_CLIENT] == 3 && plain.n[FEDE_SERVER] == 3);
    size_t runs = 0;
    for (uint8_t from = FEDE_CLIENT; from <= FEDE_SERVER; from++)
        for (size_t r = 0; r < plain.n[from]; r++)
            for (size_t n = 0; n <= 3 * plain.lens[from][r]; n++) {
                struct damage d = {.from = from, .record = r, .at = n / 3, .pattern = patterns[n % 3]};
                d.drop = n == 3 * plain.lens[from][r];
                if (r == 0 && d.at == 2 && !d.drop)
                    continue; /* the minor version of the first record is free, RFC 5246 E.1 */
                struct pair p = {.tap = harm, .arg = &d};
                pair_start(&p, cc, sc, NULL);
                fede_conn_resume(p.client, bytes_kept(&one));
                CHECK_AT(pair_pump(&p) && d.seen, n);
                fede_conn *victim = from == FEDE_CLIENT ? p.server : p.client;
                /* The side that is damaged never opens; the server's Finished goes first, so nobody opens before it. */
                CHECK_AT(!pair_established(victim), 10000 * from + 1000 * r + d.at);
                CHECK_AT(!pair_established(p.server), 10000 * from + 1000 * r + d.at);
                pair_cut(&p);
                CHECK_AT(fede_conn_error(victim) != NULL, 10000 * from + 1000 * r + d.at);
                CHECK_AT(fede_conn_session(victim).len == 0, n);
                pair_end(&p);
                runs++;
            }
    CHECK(resumed(meet(cc, sc, &one, NULL))); /* none of this took the session away */
    printf("resume: abbreviated handshake by %s altered %zu ways\n", ticket ? "ticket" : "id", runs);
    fede_store_free(store);
    fede_config_free(cc);
    fede_config_free(sc);
}

/* ---- An alert takes the session along: RFC 5246 7.2.2. */

static void after_an_alert(void)
{
    fede_store *store = fede_store_new(10);
    fede_config *cc = client_with(NULL), *sc = server_with(NULL, "p256");
    struct kept_session one;
    fede_config_tickets(cc, 0);
    fede_config_store(sc, store);
    for (int who = 0; who < 2; who++)
        for (int first = 0; first < 2; first++) { /* on the connection it comes from, or on one that resumed it */
            CHECK(whole(meet(cc, sc, NULL, &one)) && store_count(store) == 1);
            struct pair pair = {0};
            pair_start(&pair, cc, sc, NULL);
            if (!first)
                fede_conn_resume(pair.client, bytes_kept(&one));
            pair_pump(&pair);
            CHECK(pair_established(pair.server) && store_count(store) == (first ? 2 : 1));
            fede_abort(who ? pair.client : pair.server, FEDE_ALERT_INTERNAL_ERROR);
            pair_pump(&pair);
            CHECK(fede_conn_session(pair.client).len == 0 && fede_conn_session(pair.server).len == 0);
            pair_end(&pair);
            CHECK(store_count(store) == (first ? 1 : 0));
            if (!first)
                CHECK(whole(meet(cc, sc, &one, NULL)));
            fede_store_free(store);
            store = fede_store_new(10);
            fede_config *fresh = server_with(NULL, "p256");
            fede_config_store(fresh, store);
            fede_config_free(sc);
            sc = fresh;
        }
    fede_store_free(store);
    fede_config_free(cc);
    fede_config_free(sc);
}

/* ---- Memory. */

static void memory(bool ticket)
{
    for (int side = 0; side < 2; side++)
        for (size_t n = 0; n < 200; n++) {
            struct memory_meter meter;
            memory_meter_start(&meter);
            fede_store *store = fede_store_new(10);
            fede_config *cc = client_with(side == 0 ? &meter.allocator : NULL);
            fede_config *sc = server_with(side == 1 ? &meter.allocator : NULL, "p256");
            fede_config_tickets(cc, ticket ? 7200 : 0);
            fede_config_store(sc, store);
            struct kept_session one;
            CHECK(whole(meet(cc, sc, NULL, &one)));
            fede_config *quiet_c = fede_config_derive(cc), *quiet_s = fede_config_derive(sc);
            fede_config_trace(quiet_c, NULL, NULL);
            fede_config_trace(quiet_s, NULL, NULL);
            size_t live = meter.live, calls = meter.calls;
            meter.fail_at = n > 0 ? meter.calls + n : 0;
            struct pair pair = {0};
            pair_start(&pair, quiet_c, quiet_s, NULL);
            if (pair.client != NULL)
                fede_conn_resume(pair.client, bytes_kept(&one));
            CHECK_AT(pair_pump(&pair), n);
            bool reached = n > 0 && meter.calls >= meter.fail_at;
            fede_conn *victim = side == 0 ? pair.client : pair.server;
            if (n == 0) {
                fede_info info;
                fede_conn_info(victim, &info);
                CHECK(info.resumed && info.established);
                CHECK_AT(meter.calls - calls <= 6, meter.calls - calls);
                printf("resume: by %s, %s: %zu allocations\n", ticket ? "ticket" : "id", side ? "server" : "client",
                       meter.calls - calls);
            }
            if (reached && victim != NULL && !pair_established(victim))
                CHECK_AT(fede_conn_error(victim) != NULL && fede_conn_error(victim)->reason == FEDE_OUT_OF_MEMORY, n);
            meter.fail_at = 0;
            pair_end(&pair);
            CHECK_AT(meter.live == live, n);
            fede_config_free(quiet_c);
            fede_config_free(quiet_s);
            fede_config_free(cc);
            fede_config_free(sc);
            fede_store_free(store);
            CHECK_AT(meter.live == 0 && meter.blocks == 0, n);
            if (n > 0 && !reached)
                break;
        }
}

/* ---- What clients and servers that don't want it do. */

static void unwanted(void)
{
    fede_config *plain = pair_client_config(NULL), *cc = client_with(NULL), *sc = server_with(NULL, "p256");
    fede_config *none = server_with(NULL, "p256");
    struct kept_session one;
    fede_config_clock(plain, wall, NULL, NULL);
    CHECK(fede_config_tickets(none, 0));
    CHECK(whole(meet(plain, sc, NULL, &one)) && one.len == 0);
    CHECK(whole(meet(cc, none, NULL, &one)) && one.len == 0);
    CHECK(whole(meet(cc, sc, NULL, &one)) && one.len > 0);
    CHECK(resumed(meet(plain, sc, &one, NULL))); /* offered by hand, nothing kept */
    CHECK(whole(meet(cc, none, &one, NULL)));
    CHECK(!fede_config_tickets(none, 8 * 24 * 3600));
    struct pair pair = {0};
    pair_start(&pair, cc, sc, NULL);
    CHECK(!fede_conn_resume(pair.client, BYTES_NONE) && fede_conn_error(pair.client) == NULL);
    CHECK(!fede_conn_resume(pair.server, bytes_kept(&one)) && fede_conn_error(pair.server)->reason == FEDE_CALL_ORDER);
    pair_end(&pair);
    fede_config_free(plain);
    fede_config_free(cc);
    fede_config_free(sc);
    fede_config_free(none);
}

int main(void)
{
    by_ticket();
    by_id();
    storing();
    by_question();
    time_passes();
    shared_keys();
    refused_by_client();
    refused_by_server();
    names();
    extended_master_secret();
    altered_tickets();
    altered_sessions();
    altered_handshakes(true);
    altered_handshakes(false);
    after_an_alert();
    memory(true);
    memory(false);
    unwanted();
    printf("resume: %zu passed, %zu failed\n", passed, failed);
    return failed != 0;
}
