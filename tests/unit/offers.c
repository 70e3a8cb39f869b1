/* tests/unit/offers.c: offer and choice, on recorded connections of real peers and on altered ones. */
#include "played.h"

#include "explain/hello.h"
#include "explain/offers.h"
#include "explain/suite_parts.h"

static struct dissection d;
static struct arena arena;

static void begin(void)
{
    dissection_start(&d);
    arena_start(&arena, &memory_standard, 1024 * 1024);
}

static void end(void)
{
    dissection_end(&d);
    arena_end(&arena);
}

static const struct offer *find(const struct offers *o, enum offer_kind kind, uint16_t number)
{
    for (size_t i = 0; i < o->n; i++)
        if (o->rows[i].kind == kind && o->rows[i].number == number)
            return &o->rows[i];
    return NULL;
}

static void is(const struct offers *o, enum offer_kind kind, uint16_t number, enum offer_state state, const char *why)
{
    const struct offer *row = find(o, kind, number);
    if (row == NULL)
        fail_msg("%s %04x is missing", offer_kind_title(kind), number);
    if (row->state != state || strstr(row->why, why) == NULL)
        fail_msg("%s %04x is %s: %s", offer_kind_title(kind), number, offer_state_name(row->state), row->why);
}

static void an_ecdsa_server(void **state)
{
    (void)state;
    begin();
    assert_true(play_recording(&d, "tests/unit/recorded/ecdsa.txt", NULL, NULL));
    struct offers o = offers_make(&arena, &d);
    assert_false(o.cut);
    is(&o, OFFER_VERSION, 0x0303, OFFER_TAKEN, "the highest");
    is(&o, OFFER_SUITE, 0xc02c, OFFER_TAKEN, "chosen");
    is(&o, OFFER_SUITE, 0xc030, OFFER_EXCLUDED, "needs an RSA certificate");
    is(&o, OFFER_SUITE, 0x009f, OFFER_EXCLUDED, "needs an RSA certificate");
    is(&o, OFFER_SUITE, 0xc02b, OFFER_LEFT, "behind");
    is(&o, OFFER_SUITE, 0x00ff, OFFER_SIGNAL, "RFC 5746");
    is(&o, OFFER_GROUP, 0x001d, OFFER_TAKEN, "chosen");
    is(&o, OFFER_GROUP, 0x0018, OFFER_LEFT, "behind");
    is(&o, OFFER_SCHEME, 0x0403, OFFER_TAKEN, "signed");
    is(&o, OFFER_SCHEME, 0x0804, OFFER_EXCLUDED, "does not go with the key");
    is(&o, OFFER_SCHEME, 0x0402, OFFER_EXCLUDED, "does not go with the key"); /* DSA */
    is(&o, OFFER_COMPRESSION, 0, OFFER_TAKEN, "chosen");
    is(&o, OFFER_EXTENSION, EXT_ALPN, OFFER_TAKEN, "answered");
    is(&o, OFFER_EXTENSION, EXT_SERVER_NAME, OFFER_SIGNAL, "need not answer");
    is(&o, OFFER_EXTENSION, EXT_ENCRYPT_THEN_MAC, OFFER_LEFT, "not answered");
    unsigned alpn = 0;
    for (size_t i = 0; i < o.n; i++)
        if (o.rows[i].kind == OFFER_ALPN)
            assert_int_equal(o.rows[i].state, strcmp(o.rows[i].text, "h2") == 0 ? (alpn++, OFFER_TAKEN) : OFFER_LEFT);
    assert_int_equal(alpn, 1);
    end();
}

static void other_servers(void **state)
{
    (void)state;
    begin();
    assert_true(play_recording(&d, "tests/unit/recorded/rsa_kx.txt", NULL, NULL));
    struct offers o = offers_make(&arena, &d);
    is(&o, OFFER_SCHEME, 0x0401, OFFER_EXCLUDED, "signs nothing");
    end();
    begin();
    assert_true(play_recording(&d, "tests/unit/recorded/dhe.txt", NULL, NULL));
    o = offers_make(&arena, &d);
    for (size_t i = 0; i < o.n; i++)
        if (o.rows[i].kind == OFFER_GROUP)
            assert_int_not_equal(o.rows[i].state, OFFER_TAKEN);
    end();
    begin();
    assert_true(play_recording(&d, "tests/unit/recorded/tls13.txt", NULL, NULL));
    o = offers_make(&arena, &d);
    is(&o, OFFER_VERSION, 0x0304, OFFER_TAKEN, "chosen");
    is(&o, OFFER_SUITE, 0xc02b, OFFER_EXCLUDED, "TLS 1.3 was chosen");
    end();
    begin();
    assert_true(play_recording(&d, "tests/unit/recorded/chromium.txt", NULL, NULL));
    o = offers_make(&arena, &d);
    is(&o, OFFER_SUITE, 0x1301, OFFER_EXCLUDED, "a suite of TLS 1.3");
    is(&o, OFFER_GROUP, 0x11ec, OFFER_EXCLUDED, "TLS 1.3 only");
    is(&o, OFFER_VERSION, 0x0304, OFFER_LEFT, "higher than the one chosen");
    unsigned grease[OFFER_KINDS] = {0};
    for (size_t i = 0; i < o.n; i++)
        if (names_is_grease(o.rows[i].number) && o.rows[i].state == OFFER_SIGNAL)
            grease[o.rows[i].kind]++;
    assert_true(grease[OFFER_SUITE] == 1 && grease[OFFER_VERSION] == 1 && grease[OFFER_GROUP] == 1);
    assert_true(grease[OFFER_EXTENSION] >= 1);
    end();
    begin();
    assert_true(play_recording(&d, "tests/unit/recorded/refused.txt", NULL, NULL));
    o = offers_make(&arena, &d);
    assert_true(o.n > 30);
    for (size_t i = 0; i < o.n; i++)
        assert_true(o.rows[i].state == OFFER_SIGNAL || o.rows[i].state == OFFER_UNANSWERED);
    end();
}

/* Of every recorded connection: all that was offered stands there in its order, with a reason; one is taken. */
static void complete(const char *path)
{
    begin();
    assert_true(play_recording(&d, path, NULL, NULL));
    struct hello client = hello_of(&d, FEDE_CLIENT), server = hello_of(&d, FEDE_SERVER);
    struct offers o = offers_make(&arena, &d);
    assert_true(client.read && !o.cut);
    size_t suites = 0, groups = 0, schemes = 0, taken[OFFER_KINDS] = {0};
    for (size_t i = 0; i < o.n; i++) {
        const struct offer *row = &o.rows[i];
        assert_true(row->why != NULL && strlen(row->why) > 10);
        assert_true(i == 0 || o.rows[i - 1].kind <= row->kind);
        if (row->state == OFFER_UNASKED)
            fail_msg("%s: %s %04x was not offered", path, offer_kind_title(row->kind), row->number);
        taken[row->kind] += row->state == OFFER_TAKEN;
        if (row->kind == OFFER_SUITE)
            assert_int_equal(row->number, u16s_at(client.suites, suites++));
        if (row->kind == OFFER_GROUP && groups < client.groups.n)
            assert_int_equal(row->number, u16s_at(client.groups, groups++));
        if (row->kind == OFFER_SCHEME && schemes < client.schemes.n)
            assert_int_equal(row->number, u16s_at(client.schemes, schemes++));
    }
    assert_true(suites == client.suites.n && groups == client.groups.n && schemes == client.schemes.n);
    if (server.read)
        assert_true(taken[OFFER_VERSION] == 1 && taken[OFFER_SUITE] == 1 && taken[OFFER_COMPRESSION] == 1);
    for (int kind = OFFER_VERSION; kind < OFFER_EXTENSION; kind++)
        assert_true(taken[kind] <= 1);
    end();
}

static void recordings_are_complete(void **state)
{
    (void)state;
    assert_true(each_recording(complete) > 20);
}

static void other_choice(uint8_t *message, size_t len, void *arg)
{
    (void)arg;
    size_t at = 4 + 2 + 32;
    if (message[0] == MSG_SERVER_HELLO && len > at + 3 + message[at])
        store16(message + at + 1 + message[at], 0xc0ac); /* ECDHE_ECDSA_WITH_AES_128_CCM: not in OpenSSL's offer */
}

static void what_was_not_offered(void **state)
{
    (void)state;
    begin();
    assert_true(play_recording(&d, "tests/unit/recorded/ecdsa.txt", other_choice, NULL));
    struct offers o = offers_make(&arena, &d);
    is(&o, OFFER_SUITE, 0xc0ac, OFFER_UNASKED, "does not offer it");
    is(&o, OFFER_SUITE, 0xc02c, OFFER_LEFT, "not visible on the wire");
    end();
}

static void older_version(uint8_t *message, size_t len, void *arg)
{
    (void)arg;
    if (message[0] == MSG_SERVER_HELLO && len > 6)
        store16(message + 4, 0x0301);
}

static void an_older_version(void **state)
{
    (void)state;
    begin();
    assert_true(play_recording(&d, "tests/unit/recorded/rsa_kx.txt", older_version, NULL));
    struct offers o = offers_make(&arena, &d);
    is(&o, OFFER_VERSION, 0x0301, OFFER_TAKEN, "without supported_versions");
    is(&o, OFFER_VERSION, 0x0303, OFFER_LEFT, "a lower one");
    for (size_t i = 0; i < o.n; i++) {
        struct suite_parts p = suite_parts(o.rows[i].number);
        if (o.rows[i].kind != OFFER_SUITE || o.rows[i].state == OFFER_TAKEN || p.name == NULL)
            continue;
        assert_int_equal(p.least == 0x0303, strstr(o.rows[i].why, "needs TLS 1.2") != NULL);
    }
    end();
    begin();
    assert_true(play_recording(&d, "tests/unit/recorded/ecdsa.txt", older_version, NULL));
    o = offers_make(&arena, &d);
    is(&o, OFFER_SUITE, 0xc02f, OFFER_EXCLUDED, "needs TLS 1.2");
    is(&o, OFFER_SCHEME, 0x0401, OFFER_EXCLUDED, "from TLS 1.2 on");
    end();
}

static uint32_t seed = 2463534242u;
static uint32_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed;
}

static void spoil(uint8_t *message, size_t len, void *arg)
{
    (void)arg;
    if (len > 4)
        message[4 + next_random() % (len - 4)] = (uint8_t)next_random();
}

static void altered(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3000; i++) {
        dissection_start(&d);
        arena_start(&arena, &memory_standard, i % 10 == 0 ? 3000 : 1024 * 1024);
        play_recording(&d, i % 2 ? "tests/unit/recorded/chromium.txt" : "tests/wire/recorded/openssl-client-auth.hex",
                       spoil, NULL);
        offers_make(&arena, &d);
        end();
    }
}

/* Every registered suite: what its name says fits together, and what the engine implements agrees with the engine's table. */
static void suites_taken_apart(void **state)
{
    (void)state;
    unsigned known = 0;
    for (size_t i = 0; i < suite_names.n; i++) {
        struct suite_parts p = suite_parts((uint16_t)suite_names.rows[i].number);
        assert_string_equal(p.name, suite_names.rows[i].name);
        known += p.known;
        assert_true(!p.known || p.key_len * 8 >= p.key_bits || p.key_bits == 112);
        assert_true(!p.aead || p.mac_len == 0);
        if (strstr(p.name, "_anon_") != NULL)
            assert_int_equal(p.proof, PROOF_NONE);
        if (strncmp(p.name, "TLS_", 4) == 0 && strstr(p.name, "DHE_") != NULL)
            assert_true(p.forward_secrecy);
    }
    assert_true(known > 300);
    for (size_t i = 0; suite_at(i) != NULL; i++) {
        const struct suite *s = suite_at(i);
        struct suite_parts p = suite_parts(s->id);
        assert_true(p.key_len == s->key_len && p.iv_len == s->iv_len && p.explicit_len == s->explicit_len &&
                    p.hash == s->hash);
        assert_true(p.aead && p.forward_secrecy && p.least == 0x0303 && p.kx == KX_ECDHE && p.mac_len == 0);
        assert_int_equal(p.proof, s->auth == AUTH_RSA ? PROOF_RSA : PROOF_ECDSA);
    }
    struct suite_parts rc4 = suite_parts(0x0005), cbc = suite_parts(0xc028), old = suite_parts(0x000a),
                       new = suite_parts(0x1302);
    assert_true(rc4.mac_len == 20 && rc4.key_len == 16 && rc4.iv_len == 0 && !rc4.forward_secrecy);
    assert_true(cbc.cbc && cbc.mac_len == 48 && cbc.hash == HASH_SHA384 && cbc.least == 0x0303);
    assert_true(old.key_bits == 112 && old.block == 8 && old.mac_len == 20);
    assert_true(new.tls13 &&new.iv_len == 12 && new.hash == HASH_SHA384 &&new.explicit_len == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ecdsa_server),         cmocka_unit_test(other_servers),
        cmocka_unit_test(recordings_are_complete), cmocka_unit_test(what_was_not_offered),
        cmocka_unit_test(an_older_version),        cmocka_unit_test(altered),
        cmocka_unit_test(suites_taken_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
