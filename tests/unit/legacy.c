/* The quarantined primitives: AES-CBC with HMAC in both orders, the premaster secret out of RSA, finite fields.

   Records are also made by the plain way, with libcrypto's one-call HMAC and any padding that fits, so that what opens them
   is judged by something else than its own other half. */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/legacy.h"

enum { ROOM = 20000 };

static bool count_up(void *arg, uint8_t *out, size_t n)
{
    uint8_t *next = arg;
    for (size_t i = 0; i < n; i++)
        out[i] = (*next)++;
    return true;
}

static const uint8_t key[32] = "0123456789abcdef0123456789abcdef",
                     mac_key[48] = "a key for the hash, of any of them, long enough";

/* source: it seals. */
static struct crypto_cbc *make(const struct suite *suite, bool etm, const struct crypto_random *source)
{
    struct crypto_cbc_setup setup = {.suite = suite,
                                     .key = bytes_of(key, suite->key_len),
                                     .mac_key = bytes_of(mac_key, hash_len((enum hash)suite->mac)),
                                     .seals = source != NULL,
                                     .encrypt_then_mac = etm,
                                     .version = 0x0303,
                                     .source = source};
    struct crypto_cbc *c = crypto_cbc_new(&setup);
    assert_non_null(c);
    return c;
}

static const struct suite *cbc_suite(size_t n)
{
    const struct suite *s;
    for (size_t i = 0; (s = suite_legacy_at(i)) != NULL; i++)
        if (s->mac != 0 && n-- == 0)
            return s;
    return NULL;
}

/* One suite for each hash, with both lengths of key among them. */
static const uint16_t each_hash[] = {0x002f, 0x003d, 0xc028};

/* ---- The plain way. */

static void mac_of(const struct suite *s, uint64_t sequence, uint8_t type, bytes data, uint8_t *out)
{
    uint8_t input[13 + ROOM];
    unsigned len = 0;
    store64(input, sequence);
    input[8] = type;
    store16(input + 9, 0x0303);
    store16(input + 11, (uint16_t)data.len);
    bytes_copy(input + 13, data.data, data.len);
    const EVP_MD *md = s->mac == HASH_SHA1 ? EVP_sha1() : s->mac == HASH_SHA256 ? EVP_sha256() : EVP_sha384();
    assert_non_null(HMAC(md, mac_key, (int)hash_len((enum hash)s->mac), input, 13 + data.len, out, &len));
}

static void encrypt(const struct suite *s, uint8_t *body, size_t len)
{
    int n = 0;
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    assert_int_equal(
        EVP_EncryptInit_ex(cipher, s->key_len == 16 ? EVP_aes_128_cbc() : EVP_aes_256_cbc(), NULL, key, body), 1);
    EVP_CIPHER_CTX_set_padding(cipher, 0);
    assert_int_equal(EVP_EncryptUpdate(cipher, body + 16, &n, body + 16, (int)len), 1);
    EVP_CIPHER_CTX_free(cipher);
}

/* A record with `padding` bytes of padding (the length byte counts); alter, alter_by: of the padded text before encryption.
   Returns its length. */
static size_t plain_way(const struct suite *s, bool etm, bytes text, size_t padding, uint8_t *body, size_t alter,
                        uint8_t alter_by)
{
    size_t mac = hash_len((enum hash)s->mac), inside = text.len + (etm ? 0 : mac), whole = inside + padding;
    memset(body, 0x77, 16);
    bytes_copy(body + 16, text.data, text.len);
    if (!etm)
        mac_of(s, 7, 23, text, body + 16 + text.len);
    memset(body + 16 + inside, (int)padding - 1, padding);
    if (alter_by != 0)
        body[16 + alter] ^= alter_by;
    encrypt(s, body, whole);
    if (!etm)
        return 16 + whole;
    mac_of(s, 7, 23, bytes_of(body, 16 + whole), body + 16 + whole);
    return 16 + whole + mac;
}

static const struct crypto_record seventh = {.sequence = 7, .type = 23};

static bool opens(struct crypto_cbc *c, uint8_t *body, size_t len, bytes text)
{
    size_t n = 99;
    if (!crypto_cbc_open(c, &seventh, body, len, &n)) {
        assert_int_equal(n, 0);
        for (size_t i = 16; len > 32 && i < 32; i++) /* nothing of the plaintext is left */
            assert_int_equal(body[i], 0);
        return false;
    }
    assert_int_equal(n, text.len);
    assert_memory_equal(body + 16, text.data, n);
    return true;
}

/* ---- CBC. */

static void test_round_trip(void **state)
{
    (void)state;
    static uint8_t body[ROOM], text[16384];
    uint8_t next = 0;
    struct crypto_random source = {count_up, &next};
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(i * 31);
    for (size_t i = 0; cbc_suite(i) != NULL; i++)
        for (int etm = 0; etm < 2; etm++) {
            struct crypto_cbc *sealing = make(cbc_suite(i), etm, &source), *c = make(cbc_suite(i), etm, NULL);
            for (size_t len = 0; len <= sizeof text; len = len < 300 ? len + 1 : len * 3) {
                size_t n = crypto_cbc_sealed_len(c, len), wrong = 0;
                assert_true(n <= len + crypto_cbc_overhead(c));
                assert_int_equal((n - (etm ? hash_len((enum hash)cbc_suite(i)->mac) : 0)) % 16, 0);
                bytes_copy(body + 16, text, len);
                next = (uint8_t)len;
                assert_true(crypto_cbc_seal(sealing, &seventh, body, len));
                assert_int_equal(body[1], (uint8_t)(len + 1)); /* the IV comes from the source */
                struct crypto_record other = {.sequence = 8, .type = 23};
                static uint8_t copy[ROOM];
                bytes_copy(copy, body, n);
                assert_false(crypto_cbc_open(c, &other, copy, n, &wrong));
                bytes_copy(copy, body, n);
                other = (struct crypto_record){.sequence = 7, .type = 22};
                assert_false(crypto_cbc_open(c, &other, copy, n, &wrong));
                assert_true(opens(c, body, n, bytes_of(text, len)));
            }
            crypto_cbc_free(sealing);
            crypto_cbc_free(c);
        }
}

/* Every length of padding that fits, on texts around every block boundary of the hashes. */
static void test_paddings(void **state)
{
    (void)state;
    static uint8_t body[ROOM], text[700];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(i * 7 + 1);
    for (size_t i = 0; i < 3; i++)
        for (int etm = 0; etm < 2; etm++) {
            const struct suite *s = suite_by_id(each_hash[i]);
            struct crypto_cbc *c = make(s, etm, NULL);
            for (size_t len = 0; len < sizeof text; len += len < 300 ? 1 : 13) {
                size_t inside = len + (etm ? 0 : hash_len((enum hash)s->mac));
                for (size_t padding = 16 - inside % 16; padding <= 256; padding += 16) {
                    size_t n = plain_way(s, etm, bytes_of(text, len), padding, body, 0, 0);
                    assert_true(opens(c, body, n, bytes_of(text, len)));
                }
            }
            crypto_cbc_free(c);
        }
}

/* Any bit of text, MAC or padding altered under the cipher; POODLE's case, a padding whose bytes are anything, is among
   them. With encrypt-then-MAC only a padding that its maker got wrong comes so far. */
static void test_altered_inside(void **state)
{
    (void)state;
    static uint8_t body[ROOM], text[100] = "text";
    for (size_t i = 0; i < 3; i++)
        for (int etm = 0; etm < 2; etm++) {
            const struct suite *s = suite_by_id(each_hash[i]);
            struct crypto_cbc *c = make(s, etm, NULL);
            for (size_t len = 0; len <= sizeof text; len += 20) {
                size_t inside = len + (etm ? 0 : hash_len((enum hash)s->mac)), padding = 16 - inside % 16 + 48;
                for (size_t at = etm ? inside : 0; at < inside + padding; at++)
                    for (unsigned by = 1; by < 256; by = by == 1 || at + 1 == inside + padding ? by + 1 : by * 2) {
                        size_t n = plain_way(s, etm, bytes_of(text, len), padding, body, at, (uint8_t)by);
                        size_t got = 0, less = (padding - 1) ^ by;
                        bool opened = crypto_cbc_open(c, &seventh, body, n, &got);
                        /* with a valid MAC around it, less padding of the same value is none of the right kind */
                        assert_false(opened && !(etm && at + 1 == inside + padding && less == 0));
                    }
            }
            crypto_cbc_free(c);
        }
}

/* Any byte of the record, and any length, from outside. */
static void test_altered_outside(void **state)
{
    (void)state;
    static uint8_t body[ROOM], text[64];
    for (size_t i = 0; i < 3; i++)
        for (int etm = 0; etm < 2; etm++) {
            const struct suite *s = suite_by_id(each_hash[i]);
            struct crypto_cbc *c = make(s, etm, NULL);
            size_t padding = 16 - (sizeof text + (etm ? 0 : hash_len((enum hash)s->mac))) % 16;
            size_t whole = plain_way(s, etm, BYTES_OF(text), padding, body, 0, 0);
            for (size_t at = 0; at < whole; at++) {
                plain_way(s, etm, BYTES_OF(text), padding, body, 0, 0);
                body[at] ^= (uint8_t)(1 + at % 255);
                assert_false(opens(c, body, whole, BYTES_OF(text)));
            }
            for (size_t len = 0; len < whole; len++) {
                plain_way(s, etm, BYTES_OF(text), padding, body, 0, 0);
                assert_false(opens(c, body, len, BYTES_OF(text)));
            }
            plain_way(s, etm, BYTES_OF(text), padding, body, 0, 0);
            assert_true(opens(c, body, whole, BYTES_OF(text)));
            crypto_cbc_free(c);
        }
}

/* ---- RSA. */

static void test_premaster(void **state)
{
    (void)state;
    uint8_t encoded[256], instead[PREMASTER_LEN], premaster[PREMASTER_LEN], text[PREMASTER_LEN];
    memset(instead, 0xee, sizeof instead);
    memset(text, 0x11, sizeof text);
    store16(text, 0x0303);
    const size_t at = sizeof encoded - PREMASTER_LEN;
    for (size_t i = 0; i <= sizeof encoded; i++) { /* the last: nothing wrong */
        memset(encoded, 0x55, sizeof encoded);
        encoded[0] = 0;
        encoded[1] = 2;
        encoded[at - 1] = 0;
        bytes_copy(encoded + at, text, sizeof text);
        bool matters = i < at + 2;
        if (i < sizeof encoded)
            encoded[i] = i >= 2 && i < at - 1 ? 0 : (uint8_t)(encoded[i] + 1);
        crypto_rsa_take_premaster(BYTES_OF(encoded), 0x0303, instead, premaster);
        if (matters)
            assert_memory_equal(premaster, instead, PREMASTER_LEN);
        else
            assert_memory_equal(premaster, encoded + at, PREMASTER_LEN);
    }
}

static void test_rsa(void **state)
{
    (void)state;
    char pem[4096];
    struct crypto_key *own = crypto_key_make(KEY_RSA, 2048, pem, sizeof pem);
    assert_non_null(own);
    /* The modulus lies in the SubjectPublicKeyInfo: 2048 bits with the exponent 65537 always at the same place. */
    bytes spki = crypto_key_spki(own);
    static const uint8_t exponent[] = {1, 0, 1};
    struct public_key public = {.kind = KEY_RSA,
                                .bits = 2048,
                                .modulus = bytes_of(spki.data + spki.len - 5 - 256, 256),
                                .exponent = BYTES_OF(exponent),
                                .spki = spki};
    uint8_t mine[PREMASTER_LEN], theirs[PREMASTER_LEN], again[PREMASTER_LEN], sealed[SIGNATURE_MAX];
    assert_true(crypto_rsa_wrap(&public, 0x0303, NULL, mine, sealed));
    assert_int_equal(load16(mine), 0x0303);
    assert_true(crypto_rsa_unwrap(own, bytes_of(sealed, 256), 0x0303, NULL, theirs));
    assert_memory_equal(mine, theirs, sizeof mine);
    /* A wrong version, length or number: random bytes, other ones each time. */
    bytes wrong[] = {bytes_of(sealed, 255), bytes_of(sealed, 257), bytes_of(sealed, 0), bytes_of(spki.data, 256)};
    for (size_t i = 0; i <= 4; i++) {
        bytes c = i < 4 ? wrong[i] : bytes_of(sealed, 256);
        uint16_t version = i < 4 ? 0x0303 : 0x0302;
        assert_true(crypto_rsa_unwrap(own, c, version, NULL, theirs));
        assert_true(crypto_rsa_unwrap(own, c, version, NULL, again));
        assert_memory_not_equal(theirs, mine, sizeof mine);
        assert_memory_not_equal(theirs, again, sizeof again);
    }
    crypto_key_free(own);
    own = crypto_key_make(KEY_EC_P256, 0, pem, sizeof pem);
    assert_false(crypto_rsa_unwrap(own, bytes_of(sealed, 256), 0x0303, NULL, theirs));
    crypto_key_free(own);
}

/* ---- Finite fields. */

static void test_fields(void **state)
{
    (void)state;
    for (size_t i = 0; group_legacy_at(i) != NULL; i++) {
        const struct group *group = group_legacy_at(i);
        uint8_t a[SHARE_MAX], b[SHARE_MAX], sa[SECRET_MAX], sb[SECRET_MAX], again[SHARE_MAX];
        size_t a_len, b_len, sa_len, sb_len;
        struct crypto_share *x = crypto_share_new(group, NULL, a, &a_len),
                            *y = crypto_share_new(group, NULL, b, &b_len);
        assert_int_equal(a_len, group->share_len);
        assert_true(crypto_share_finish(x, bytes_of(b, b_len), sa, &sa_len));
        assert_true(crypto_share_finish(y, bytes_of(a, a_len), sb, &sb_len));
        assert_int_equal(sa_len, sb_len);
        assert_memory_equal(sa, sb, sa_len);
        struct crypto_share *fresh = crypto_share_new(group, NULL, again, &b_len);
        assert_memory_not_equal(again, a, a_len);
        crypto_share_free(fresh);
        crypto_share_free(y);

        /* 0, 1, p - 1, p and longer ones are no shares; 2 and p - 2 are. */
        bytes p, g;
        assert_true(crypto_dh_params(group, &p, &g));
        assert_int_equal(p.len, group->share_len);
        assert_ptr_equal(crypto_dh_find(p, g), group);
        uint8_t edge[SHARE_MAX] = {0};
        assert_false(crypto_share_finish(x, BYTES_NONE, sb, &sb_len));
        for (uint8_t n = 0; n < 3; n++)
            assert_int_equal(crypto_share_finish(x, BYTES_OF(((uint8_t[]){n})), sb, &sb_len), n == 2);
        for (uint8_t n = 0; n < 3; n++) {
            bytes_copy(edge, p.data, p.len);
            edge[p.len - 1] = (uint8_t)(edge[p.len - 1] - n);
            assert_int_equal(crypto_share_finish(x, bytes_of(edge, p.len), sb, &sb_len), n == 2);
        }
        assert_false(crypto_share_finish(x, bytes_of(edge, p.len + 1), sb, &sb_len));
        edge[1] ^= 1; /* not that prime any more */
        assert_null(crypto_dh_find(bytes_of(edge, p.len), g));
        assert_null(crypto_dh_find(p, bytes_of("\5", 1)));
        crypto_share_free(x);
    }
}

int main(void)
{
    if (!crypto_start())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),      cmocka_unit_test(test_paddings),  cmocka_unit_test(test_altered_inside),
        cmocka_unit_test(test_altered_outside), cmocka_unit_test(test_premaster), cmocka_unit_test(test_rsa),
        cmocka_unit_test(test_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
