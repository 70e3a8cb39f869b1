/* Unit tests of src/keys: published PRF vectors, the TLS 1.2 schedule against an independent computation, key log
   lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "keys/keylog.h"
#include "keys/schedule12.h"
#include "keys/transcript.h"

static size_t unhex(const char *hex, uint8_t *out)
{
    size_t n = 0;
    for (unsigned v; sscanf(hex + 2 * n, "%2x", &v) == 1; n++)
        out[n] = (uint8_t)v;
    return n;
}

/* The vectors of the TLS working group's list, 2009-02 ("test vectors for TLS 1.2 PRF"). */
static void test_prf_vectors(void **state)
{
    (void)state;
    static const struct {
        enum hash hash;
        const char *secret, *seed, *out;
    } rows[] = {
        {HASH_SHA256, "9bbe436ba940f017b17652849a71db35", "a0ba9f936cda311827a6f796ffd5198c",
         "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077de"
         "f17abf"
         "d3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66"},
        {HASH_SHA384, "b80b733d6ceefcdc71566ea48e5567df", "cd665cf6a8447dd6ff8b27555edb7465",
         "7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cde9ca0faa60be9fe34f82b1233c9146a0e534cb400fed2"
         "700884f"
         "9dc236f80edd8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d9184259b5bf8cd4d90fa0d31e2dec479e4f1a26"
         "066f2ee"
         "a9a69236a3e52655c9e9aee691c8f3a26854308d5eaa3be85e0990703d73e56f"},
        {HASH_SHA512, "b0323523c1853599584d88568bbb05eb", "d4640e12e4bcdbfb437f03e6ae418ee5",
         "1261f588c798c5c201ff036e7a9cb5edcd7fe3f94c669a122a4638d7d508b283042df6789875c7147e906d868bc75c45e20eb40c1cf4a"
         "1713b27"
         "371f68432592f7dc8ea8ef223e12ea8507841311bf68653d0cfc4056d811f025c45ddfa6e6fec702f054b409d6f28dd0a3233e498da41"
         "a3e75c5"
         "630eedbe22fe254e33a1b0e9f6b9826675bec7d01a845658dc9c397545401d40b9f46c7a400ee1b8f81ca0a60d1a397a1028bff5d2ef5"
         "0661268"
         "42fb8da4197632bdb54ff6633f86bbc836e640d4d898"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t secret[16], seed[16], want[200], got[200];
        size_t len = unhex(rows[i].out, want);
        assert_int_equal(unhex(rows[i].secret, secret), 16);
        assert_int_equal(unhex(rows[i].seed, seed), 16);
        for (size_t n = 1; n <= len; n++) { /* every length is a prefix, and nothing is written behind it */
            memset(got, 0xee, sizeof got);
            prf12(rows[i].hash, BYTES_OF(secret), "test label", BYTES_OF(seed), BYTES_NONE, got, n);
            assert_memory_equal(got, want, n);
            assert_int_equal(got[n], 0xee);
        }
        /* The seed may come in two parts. */
        for (size_t cut = 0; cut <= 16; cut++) {
            prf12(rows[i].hash, BYTES_OF(secret), "test label", bytes_of(seed, cut), bytes_of(seed + cut, 16 - cut),
                  got, len);
            assert_memory_equal(got, want, len);
        }
    }
}

/* The PRF once more, straight from the definition, to check the order of seeds and slices. */
static void naive_prf(enum hash hash, bytes secret, bytes label_and_seed, uint8_t *out, size_t len)
{
    struct crypto_hmac m;
    uint8_t a[256], block[HASH_MAX];
    size_t unit = hash_len(hash), a_len = label_and_seed.len;
    memcpy(a, label_and_seed.data, a_len);
    for (size_t at = 0; at < len; at += unit) {
        crypto_hmac_key(&m, hash, secret);
        crypto_hmac_of(&m, bytes_of(a, a_len), BYTES_NONE, BYTES_NONE, a);
        a_len = unit;
        crypto_hmac_key(&m, hash, secret);
        crypto_hmac_of(&m, bytes_of(a, a_len), label_and_seed, BYTES_NONE, block);
        memcpy(out + at, block, len - at < unit ? len - at : unit);
    }
}

static void test_schedule(void **state)
{
    (void)state;
    uint8_t premaster[66], client[32], server[32], hash[48], text[256];
    for (size_t i = 0; i < sizeof premaster; i++)
        premaster[i] = (uint8_t)(7 * i + 1);
    memset(client, 0xc1, sizeof client);
    memset(server, 0x5e, sizeof server);
    memset(hash, 0x77, sizeof hash);
    for (size_t n = 0; suite_at(n) != NULL; n++) {
        const struct suite *suite = suite_at(n);
        uint8_t master[MASTER_LEN], want[MASTER_LEN + 100];

        memcpy(text, "master secret", 13);
        memcpy(text + 13, client, 32);
        memcpy(text + 45, server, 32);
        naive_prf(suite->hash, BYTES_OF(premaster), bytes_of(text, 77), want, MASTER_LEN);
        master_classic(suite->hash, BYTES_OF(premaster), client, server, master);
        assert_memory_equal(master, want, MASTER_LEN);

        memcpy(text, "extended master secret", 22);
        memcpy(text + 22, hash, hash_len(suite->hash));
        naive_prf(suite->hash, BYTES_OF(premaster), bytes_of(text, 22 + hash_len(suite->hash)), want, MASTER_LEN);
        master_extended(suite->hash, BYTES_OF(premaster), bytes_of(hash, hash_len(suite->hash)), master);
        assert_memory_equal(master, want, MASTER_LEN);

        struct key_block keys;
        memcpy(text, "key expansion", 13);
        memcpy(text + 13, server, 32);
        memcpy(text + 45, client, 32);
        naive_prf(suite->hash, BYTES_OF(master), bytes_of(text, 77), want,
                  2u * (suite->key_len + (size_t)suite->iv_len));
        key_block_make(suite, master, client, server, &keys);
        const uint8_t *at = want;
        assert_int_equal(keys.key_len, suite->key_len);
        assert_int_equal(keys.iv_len, suite->iv_len);
        assert_memory_equal(keys.client_key, at, suite->key_len);
        assert_memory_equal(keys.server_key, at += suite->key_len, suite->key_len);
        assert_memory_equal(keys.client_iv, at += suite->key_len, suite->iv_len);
        assert_memory_equal(keys.server_iv, at += suite->iv_len, suite->iv_len);

        uint8_t verify[VERIFY_DATA_LEN];
        for (int client_side = 0; client_side < 2; client_side++) {
            memcpy(text, client_side ? "client finished" : "server finished", 15);
            memcpy(text + 15, hash, hash_len(suite->hash));
            naive_prf(suite->hash, BYTES_OF(master), bytes_of(text, 15 + hash_len(suite->hash)), want, VERIFY_DATA_LEN);
            verify_data_make(suite->hash, master, client_side, bytes_of(hash, hash_len(suite->hash)), verify);
            assert_memory_equal(verify, want, VERIFY_DATA_LEN);
        }
    }
}

static void test_transcript(void **state)
{
    (void)state;
    static const enum hash kinds[] = {HASH_SHA256, HASH_SHA384};
    const char *text = "one message and another";
    for (size_t i = 0; i < 2; i++) {
        struct transcript t = {0};
        uint8_t got[HASH_MAX], want[HASH_MAX];
        transcript_add(&t, bytes_text("before the start nothing counts"));
        assert_int_equal(transcript_so_far(&t, got), 0);
        transcript_start(&t, kinds[i]);
        for (size_t n = 0; n <= strlen(text); n++) {
            crypto_hash_once(kinds[i], bytes_of(text, n), want);
            assert_int_equal(transcript_so_far(&t, got), hash_len(kinds[i]));
            assert_memory_equal(got, want, hash_len(kinds[i]));
            transcript_add(&t, bytes_of(text + n, n < strlen(text) ? 1 : 0));
        }
    }
}

static void test_keylog(void **state)
{
    (void)state;
    char line[256];
    uint8_t random[32], secret[48];
    memset(random, 0xab, sizeof random);
    memset(secret, 0x0c, sizeof secret);
    size_t len = keylog_write(line, sizeof line, "CLIENT_RANDOM", BYTES_OF(random), BYTES_OF(secret));
    assert_int_equal(len, 13 + 1 + 64 + 1 + 96 + 1);
    assert_int_equal(strlen(line), len);
    assert_string_equal(line + len - 3, "0c\n");
    for (size_t room = 0; room <= len; room++)
        assert_int_equal(keylog_write(line, room, "CLIENT_RANDOM", BYTES_OF(random), BYTES_OF(secret)), 0);
    assert_int_equal(keylog_write(line, len + 1, "CLIENT_RANDOM", BYTES_OF(random), BYTES_OF(secret)), len);

    struct keylog_entry entry;
    assert_int_equal(keylog_read(bytes_of(line, len), &entry), KEYLOG_ENTRY);
    assert_true(bytes_equal(entry.label, bytes_text("CLIENT_RANDOM")));
    assert_true(bytes_equal(bytes_of(entry.random, entry.random_len), BYTES_OF(random)));
    assert_true(bytes_equal(bytes_of(entry.secret, entry.secret_len), BYTES_OF(secret)));

    static const struct {
        const char *line;
        enum keylog_kind kind;
    } rows[] = {
        {"", KEYLOG_EMPTY},
        {"\r\n", KEYLOG_EMPTY},
        {"# a comment", KEYLOG_EMPTY},
        {"\xef\xbb\xbf# a comment behind a byte order mark", KEYLOG_EMPTY},
        {"CLIENT_RANDOM 00 01", KEYLOG_ENTRY},
        {"\xef\xbb\xbf"
         "CLIENT_RANDOM aAbB Cc \r\n",
         KEYLOG_ENTRY},
        {"RSA 0011223344556677 00", KEYLOG_ENTRY},
        {"CLIENT_RANDOM 00", KEYLOG_FOREIGN},
        {"CLIENT_RANDOM 00 01 02", KEYLOG_FOREIGN},
        {"CLIENT_RANDOM 0 01", KEYLOG_FOREIGN},
        {"CLIENT_RANDOM 0g 01", KEYLOG_FOREIGN},
        {"hello", KEYLOG_FOREIGN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(keylog_read(bytes_text(rows[i].line), &entry), rows[i].kind);

    /* 64 bytes are the most either value may have. */
    char longest[300];
    for (int n = 64; n <= 65; n++) {
        snprintf(longest, sizeof longest, "X %0*d 00", 2 * n, 0);
        assert_int_equal(keylog_read(bytes_text(longest), &entry), n == 64 ? KEYLOG_ENTRY : KEYLOG_FOREIGN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prf_vectors),
        cmocka_unit_test(test_schedule),
        cmocka_unit_test(test_transcript),
        cmocka_unit_test(test_keylog),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
