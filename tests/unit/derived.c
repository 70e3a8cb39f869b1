/* tests/unit/derived.c: derived values and verdicts: steps that add up, signatures of recorded connections, Finished made here,
   records sealed here, and each of them altered. What real connections have is computed by tests/cli/recompute.py. */
#include "played.h"

#include "explain/derived.h"
#include "explain/hello.h"

static struct dissection d;
static struct arena arena;

static void begin(void)
{
    dissection_start(&d);
    arena_start(&arena, &memory_standard, 16 * 1024 * 1024);
}

static void stop(void)
{
    dissection_end(&d);
    arena_end(&arena);
}

static bytes hex(struct buffer *b, const char *digits)
{
    b->len = 0;
    put_hex(b, digits);
    return bytes_of(b->data, b->len);
}

static void is_hex(bytes b, const char *digits)
{
    static struct buffer wanted;
    bytes w = hex(&wanted, digits);
    assert_int_equal(b.len, w.len);
    assert_memory_equal(b.data, w.data, w.len);
}

/* HMAC by its definition (RFC 2104 2), from the hash alone. */
static void hmac(enum hash hash, bytes key, bytes data, uint8_t *out)
{
    uint8_t pad[128] = {0}, inner[HASH_MAX], block = hash == HASH_SHA256 ? 64 : 128;
    struct crypto_hash h;
    if (key.len > block)
        crypto_hash_once(hash, key, pad);
    else
        bytes_copy(pad, key.data, key.len);
    for (int i = 0; i < block; i++)
        pad[i] ^= 0x36;
    crypto_hash_start(&h, hash);
    crypto_hash_add(&h, bytes_of(pad, block));
    crypto_hash_add(&h, data);
    crypto_hash_end(&h, inner);
    for (int i = 0; i < block; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    crypto_hash_start(&h, hash);
    crypto_hash_add(&h, bytes_of(pad, block));
    crypto_hash_add(&h, bytes_of(inner, hash_len(hash)));
    crypto_hash_end(&h, out);
}

/* The PRF of RFC 5246 5, by its definition. */
static void prf(enum hash hash, bytes secret, const char *label, bytes seed, uint8_t *out, size_t len)
{
    static struct buffer first, both;
    uint8_t a[HASH_MAX], p[HASH_MAX];
    first.len = 0;
    put(&first, label, strlen(label));
    put(&first, seed.data, seed.len);
    hmac(hash, secret, bytes_of(first.data, first.len), a);
    for (size_t at = 0; at < len; at += hash_len(hash)) {
        both.len = 0;
        put(&both, a, hash_len(hash));
        put(&both, first.data, first.len);
        hmac(hash, secret, bytes_of(both.data, both.len), p);
        bytes_copy(out + at, p, len - at < hash_len(hash) ? len - at : hash_len(hash));
        hmac(hash, secret, bytes_of(a, hash_len(hash)), a);
    }
}

/* ---- steps ---- */

static void steps_add_up(void **state)
{
    (void)state;
    static const enum hash hashes[] = {HASH_SHA256, HASH_SHA384, HASH_SHA512};
    uint8_t secret[48], seed[64], wanted[300], made[300 + HASH_MAX];
    for (size_t i = 0; i < sizeof seed; i++)
        seed[i] = (uint8_t)(7 * i);
    bytes_copy(secret, seed, sizeof secret);
    for (size_t h = 0; h < 3; h++) {
        for (size_t len = 1; len <= 300; len += 13) {
            begin();
            struct derivation *v = derive_prf(&arena, hashes[h], BYTES_OF(secret), "a label", BYTES_OF(seed), len);
            prf(hashes[h], BYTES_OF(secret), "a label", BYTES_OF(seed), wanted, len);
            assert_int_equal(v->value.len, len);
            assert_memory_equal(v->value.data, wanted, len);
            size_t n = 0, unit = hash_len(hashes[h]);
            for (size_t i = 0; i < v->n_steps; i++) {
                if (v->steps[i].name[0] != 'P')
                    continue;
                bytes_copy(made + n, v->steps[i].value.data, unit);
                n += unit;
            }
            assert_true(n >= len && n < len + unit);
            assert_memory_equal(made, v->value.data, len);
            assert_string_equal(v->steps[0].name, "A(0)");
            assert_int_equal(v->n_inputs, 3);
            stop();
        }
    }
}

static void vectors(void **state)
{
    (void)state;
    static struct buffer a, b, c;
    const char *why;
    begin();
    /* RFC 7748 6.1, RFC 5903 8.1 */
    struct derivation *v =
        derive_ecdh(&arena, 0x001d, hex(&a, "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"),
                    hex(&b, "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"), &why);
    is_hex(v->value, "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
    is_hex(v->inputs[1].value, "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    v = derive_ecdh(
        &arena, 0x0017, hex(&a, "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433"),
        hex(&b,
            "04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf6356fbf3ca366cc23e8157854c13c58d6aac23f046"
            "ada30f8353e74f33039872ab"),
        &why);
    is_hex(v->value, "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de");
    /* RFC 8448 3 */
    v = derive_hkdf_label(&arena, HASH_SHA256,
                          hex(&a, "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a"), "derived",
                          hex(&b, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"), 32, &why);
    is_hex(v->value, "6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba");
    v = derive_nonce(&arena, hex(&a, "000000000000000000000100"), BYTES_NONE, 0x0101, &why);
    is_hex(v->value, "000000000000000000000001");
    v = derive_nonce(&arena, hex(&a, "aabbccdd"), hex(&b, "0102030405060708"), 9, &why);
    is_hex(v->value, "aabbccdd0102030405060708");
    /* What can't be is refused with a reason. */
    assert_null(derive_ecdh(&arena, 0x001d, hex(&a, "00"), hex(&b, "00"), &why));
    assert_non_null(why);
    assert_null(derive_ecdh(&arena, 0x0100, hex(&a, "00"), hex(&b, "00"), &why));
    assert_non_null(why);
    assert_null(derive_nonce(&arena, hex(&a, "00"), BYTES_NONE, 0, &why));
    assert_non_null(why);
    assert_null(derive_key_block(&arena, 0x1301, 0x0303, hex(&a, "00"), hex(&b, "00"), &why));
    assert_non_null(why);
    assert_null(derive_key_block(&arena, 0xeeee, 0x0303, hex(&a, "00"), hex(&b, "00"), &why));
    assert_non_null(why);
    /* MAC keys; the IVs of CBC only before TLS 1.1 */
    v = derive_key_block(&arena, 0x002f, 0x0303, hex(&a, "0102"), hex(&c, "0304"), &why);
    assert_int_equal(v->value.len, 2 * (20 + 16));
    assert_int_equal(v->n_outputs, 4);
    v = derive_key_block(&arena, 0x002f, 0x0301, hex(&a, "0102"), hex(&c, "0304"), &why);
    assert_int_equal(v->value.len, 2 * (20 + 16 + 16));
    assert_int_equal(v->n_outputs, 6);
    assert_int_equal(hash_by_name("SHA-384"), HASH_SHA384);
    assert_int_equal(hash_by_name("md5"), 0);
    stop();
}

/* ---- verdicts ---- */

static const struct derived_verdict *verdict(const struct derived *v, const char *name, int certificate)
{
    for (size_t i = 0; i < v->n_verdicts; i++)
        if (strcmp(v->verdicts[i].name, name) == 0 && v->verdicts[i].certificate == certificate)
            return &v->verdicts[i];
    fail_msg("there is no verdict on %s", name);
    return NULL;
}

static void verdict_is(const char *path, const char *name, int certificate, enum verdict_outcome outcome,
                       const char *text)
{
    begin();
    assert_true(play_recording(&d, path, NULL, NULL));
    play_opened(&d);
    const struct derived_verdict *v = verdict(derived_make(&arena, &d, true), name, certificate);
    if (v->outcome != outcome || strstr(v->text, text) == NULL)
        fail_msg("%s: %s is %s: %s", path, name, verdict_outcome_name(v->outcome), v->text);
    stop();
}

static void recorded_signatures(void **state)
{
    (void)state;
    verdict_is("tests/unit/recorded/ecdsa.txt", "server_key_exchange", -1, VERDICT_VERIFIED, "ecdsa_secp256r1_sha256");
    verdict_is("tests/unit/recorded/ecdsa.txt", "certificate_signature", 0, VERDICT_VERIFIED, "by its own key");
    verdict_is("tests/unit/recorded/ecdsa.txt", "client_finished", -1, VERDICT_OPEN, "the master secret is not known");
    verdict_is("tests/unit/recorded/dhe.txt", "server_key_exchange", -1, VERDICT_VERIFIED, "rsa_pss_rsae_sha256");
    verdict_is("tests/unit/recorded/chromium.txt", "server_key_exchange", -1, VERDICT_VERIFIED, "both randoms");
    verdict_is("tests/unit/recorded/rsa_mutual.txt", "certificate_verify", -1, VERDICT_VERIFIED,
               "all messages before it");
    verdict_is("tests/wire/recorded/openssl-client-auth.hex", "certificate_verify", -1, VERDICT_VERIFIED,
               "client's certificate");
    verdict_is("tests/wire/recorded/gnutls-client-auth.hex", "certificate_verify", -1, VERDICT_VERIFIED,
               "client's certificate");
    verdict_is("tests/wire/recorded/openssl-ecdhe-ecdsa.hex", "certificate_status", -1, VERDICT_VERIFIED, "signed by the issuer");
    verdict_is("tests/wire/recorded/openssl-ecdhe-psk.hex", "server_key_exchange", -1, VERDICT_OPEN, "not signed");
}

struct damage {
    uint8_t type;
    size_t at;
    bool from_end;
};

static void damage(uint8_t *message, size_t len, void *arg)
{
    const struct damage *x = arg;
    if (message[0] == x->type && x->at < len)
        message[x->from_end ? len - 1 - x->at : x->at] ^= 1;
}

/* A bit in any of the parts that are signed. */
static void altered_signatures(void **state)
{
    (void)state;
    static const struct {
        struct damage damage;
        const char *name;
        int certificate;
    } rows[] = {
        {{MSG_CLIENT_HELLO, 20, false}, "server_key_exchange", -1},
        {{MSG_SERVER_HELLO, 20, false}, "server_key_exchange", -1},
        {{MSG_SERVER_KEY_EXCHANGE, 20, false}, "server_key_exchange", -1},
        {{MSG_SERVER_KEY_EXCHANGE, 5, true}, "server_key_exchange", -1},
        {{MSG_CERTIFICATE, 5, true}, "certificate_signature", 0},
        {{MSG_CLIENT_KEY_EXCHANGE, 20, false}, "certificate_verify", -1},
        {{MSG_CERTIFICATE_VERIFY, 5, true}, "certificate_verify", -1},
        {{MSG_SERVER_HELLO, 20, false}, "certificate_verify", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin();
        struct damage x = rows[i].damage;
        assert_true(play_recording(&d, "tests/unit/recorded/rsa_mutual.txt", damage, &x));
        const struct derived_verdict *v = verdict(derived_make(&arena, &d, true), rows[i].name, rows[i].certificate);
        if (v->outcome != VERDICT_FAILED)
            fail_msg("%s with a wrong byte in %u is %s", rows[i].name, x.type, verdict_outcome_name(v->outcome));
        stop();
    }
}

/* ---- a whole schedule ---- */

static const uint8_t premaster[32] = {9, 8, 7, 6, 5, 4, 3, 2, 1};
static struct damage none = {255, 0, false};

struct finish {
    struct crypto_hash transcript;
    uint8_t master[48], randoms[64];
    const struct damage *damage;
    bool made;
};

/* Goes along with the messages and puts Finished messages in that fit. */
static void make_finished(uint8_t *message, size_t len, void *arg)
{
    struct finish *f = arg;
    uint8_t hash[HASH_MAX];
    if (message[0] == MSG_CLIENT_HELLO) {
        crypto_hash_start(&f->transcript, HASH_SHA384);
        bytes_copy(f->randoms, message + 6, 32);
        f->made = false;
    }
    if (message[0] == MSG_SERVER_HELLO)
        bytes_copy(f->randoms + 32, message + 6, 32);
    if (message[0] == MSG_FINISHED) {
        crypto_hash_peek(&f->transcript, hash);
        prf(HASH_SHA384, BYTES_OF(f->master), f->made ? "server finished" : "client finished", bytes_of(hash, 48),
            message + 4, 12);
        f->made = true;
    }
    crypto_hash_add(&f->transcript, bytes_of(message, len));
    if (message[0] == MSG_CLIENT_KEY_EXCHANGE) {
        crypto_hash_peek(&f->transcript, hash);
        prf(HASH_SHA384, BYTES_OF(premaster), "extended master secret", bytes_of(hash, 48), f->master, 48);
    }
    damage(message, len, (void *)(uintptr_t)f->damage);
}

static const struct derivation *value(const struct derived *v, const char *name)
{
    for (size_t i = 0; i < v->n_values; i++)
        if (strcmp(v->values[i]->name, name) == 0)
            return v->values[i];
    fail_msg("there is no %s", name);
    return NULL;
}

static void schedule(void **state)
{
    (void)state;
    struct finish f = {.damage = &none};
    uint8_t block[72], randoms[64];
    begin();
    assert_true(play_recording(&d, "tests/unit/recorded/ecdsa.txt", make_finished, &f));
    play_secret(&d, "premaster secret", BYTES_OF(premaster));
    play_secret(&d, "CLIENT_RANDOM", BYTES_OF(f.master));
    play_opened(&d);
    const struct derived *v = derived_make(&arena, &d, true);
    assert_int_equal(verdict(v, "client_finished", -1)->outcome, VERDICT_VERIFIED);
    assert_int_equal(verdict(v, "server_finished", -1)->outcome, VERDICT_VERIFIED);
    assert_non_null(strstr(verdict(v, "server_finished", -1)->text, "NewSessionTicket"));
    assert_memory_equal(value(v, "master_secret")->value.data, f.master, 48);
    assert_memory_equal(v->master.data, f.master, 48);
    bytes_copy(randoms, f.randoms + 32, 32);
    bytes_copy(randoms + 32, f.randoms, 32);
    prf(HASH_SHA384, BYTES_OF(f.master), "key expansion", BYTES_OF(randoms), block, sizeof block);
    assert_memory_equal(v->keys.data, block, sizeof block);
    assert_non_null(strstr(value(v, "key_block")->command,
                           "fede derive key-block --suite TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 --master "));
    struct derived *without = derived_make(&arena, &d, false);
    assert_int_equal(without->n_verdicts, 0);
    assert_int_equal(without->n_values, v->n_values);
    stop();

    /* From the master secret alone, as a key log has it. */
    begin();
    assert_true(play_recording(&d, "tests/unit/recorded/ecdsa.txt", make_finished, &f));
    play_secret(&d, "CLIENT_RANDOM", BYTES_OF(f.master));
    play_opened(&d);
    v = derived_make(&arena, &d, true);
    assert_string_equal(value(v, "master_secret")->inputs[0].words, "not known, not needed");
    assert_int_equal(verdict(v, "server_finished", -1)->outcome, VERDICT_VERIFIED);
    stop();

    /* A wrong byte in a message, in verify_data, in the secret. */
    static const struct damage rows[] = {
        {MSG_SERVER_HELLO, 8, false}, {MSG_FINISHED, 6, false}, {MSG_NEW_SESSION_TICKET, 20, false}};
    for (size_t i = 0; i < 4; i++) {
        begin();
        f.damage = i < 3 ? &rows[i] : &none;
        assert_true(play_recording(&d, "tests/unit/recorded/ecdsa.txt", make_finished, &f));
        f.master[0] ^= i == 3;
        play_secret(&d, "CLIENT_RANDOM", BYTES_OF(f.master));
        play_opened(&d);
        v = derived_make(&arena, &d, true);
        assert_int_equal(verdict(v, "server_finished", -1)->outcome, VERDICT_FAILED);
        assert_int_equal(verdict(v, "client_finished", -1)->outcome, i == 2 ? VERDICT_VERIFIED : VERDICT_FAILED);
        stop();
    }
}

/* ---- records ---- */

static void records(void **state)
{
    (void)state;
    static const uint16_t suites[] = {0xc02b, 0xc02c, 0xcca9};
    for (size_t i = 0; i < 3; i++) {
        const struct suite *s = suite_by_id(suites[i]);
        uint8_t keys[88], record[5 + 8 + 40 + 16] = {23, 3, 3};
        for (size_t k = 0; k < sizeof keys; k++)
            keys[k] = (uint8_t)(3 * k + 1);
        bytes block = bytes_of(keys, 2 * ((size_t)s->key_len + s->iv_len));
        struct dissection seen = {.suite = suites[i], .version = 0x0303};
        for (uint8_t from = FEDE_CLIENT; from <= FEDE_SERVER; from++) {
            size_t side = from - 1u, len = s->explicit_len + 40u + 16u;
            struct crypto_aead *aead = crypto_aead_new(s->aead, bytes_of(keys + side * s->key_len, s->key_len));
            struct crypto_record r = {.iv = keys + 2 * s->key_len + side * s->iv_len, .sequence = 77, .type = 23};
            store16(record + 3, (uint16_t)len);
            memset(record + 5, 'x', sizeof record - 5);
            assert_true(crypto_seal_record(aead, &r, record + 5, 40));
            struct derived_record out;
            bytes whole = bytes_of(record, 5 + len);
            assert_true(derived_record(&seen, block, from, whole, 77, &out));
            assert_int_equal(out.outcome, VERDICT_VERIFIED);
            assert_int_equal(out.additional[7], 77);
            assert_int_equal(out.additional[12], 40);
            assert_int_equal(out.tag.len, 16);
            /* Each byte, the number, the side, the keys. */
            for (size_t at = 0; at < whole.len; at++) {
                if (at == 3 || at == 4)
                    continue; /* the length is what has come */
                record[at] ^= 0x20;
                assert_true(derived_record(&seen, block, from, whole, 77, &out));
                assert_int_equal(out.outcome, VERDICT_FAILED);
                record[at] ^= 0x20;
            }
            assert_true(derived_record(&seen, block, from, whole, 78, &out));
            assert_int_equal(out.outcome, VERDICT_FAILED);
            assert_true(derived_record(&seen, block, (uint8_t)(3 - from), whole, 77, &out));
            assert_int_equal(out.outcome, VERDICT_FAILED);
            assert_false(derived_record(&seen, block, from, bytes_of(record, 5 + s->explicit_len + 15u), 77, &out));
            assert_false(derived_record(&seen, bytes_of(keys, 20), from, whole, 77, &out));
            crypto_aead_free(aead);
        }
    }
}

static uint32_t seed = 123456789u;
static void spoil(uint8_t *message, size_t len, void *arg)
{
    (void)arg;
    for (int i = 0; len > 4 && i < 2; i++) {
        seed = seed * 1664525u + 1013904223u;
        message[4 + (seed >> 8) % (len - 4)] = (uint8_t)(seed >> 3);
    }
}

static void altered(void **state)
{
    (void)state;
    static const char *const paths[] = {"tests/unit/recorded/chromium.txt", "tests/unit/recorded/rsa_mutual.txt",
                                        "tests/wire/recorded/gnutls-client-auth.hex", "tests/unit/recorded/tls13.txt"};
    static const uint8_t master[48] = {1};
    for (unsigned i = 0; i < 600; i++) {
        dissection_start(&d);
        arena_start(&arena, &memory_standard, i % 7 == 0 ? 5000 + 300 * (size_t)i : 16 * 1024 * 1024);
        play_recording(&d, paths[i % 4], spoil, NULL);
        play_secret(&d, "premaster secret", BYTES_OF(premaster));
        play_secret(&d, "CLIENT_RANDOM", BYTES_OF(master));
        play_secret(&d, "private key", BYTES_OF(premaster));
        play_opened(&d);
        derived_make(&arena, &d, true);
        stop();
    }
}

int main(void)
{
    if (!crypto_start())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_add_up),
        cmocka_unit_test(vectors),
        cmocka_unit_test(recorded_signatures),
        cmocka_unit_test(altered_signatures),
        cmocka_unit_test(schedule),
        cmocka_unit_test(records),
        cmocka_unit_test(altered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
