/* Unit tests of src/crypto: known answers, each signature scheme with each kind of key, what must be refused, and
   several threads on one key. Wycheproof's vectors are in tests/vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/crypto.h"
#include "crypto_keys.h"

static size_t unhex(const char *hex, uint8_t *out)
{
    size_t n = 0;
    for (unsigned v; sscanf(hex + 2 * n, "%2x", &v) == 1; n++)
        out[n] = (uint8_t)v;
    return n;
}

static void assert_hex(const uint8_t *got, size_t len, const char *hex)
{
    uint8_t want[512];
    assert_int_equal(unhex(hex, want), len);
    assert_memory_equal(got, want, len);
}

/* ---- Tables. */

static void test_suites(void **state)
{
    (void)state;
    for (size_t i = 0; suite_at(i) != NULL; i++) {
        const struct suite *s = suite_at(i);
        assert_ptr_equal(suite_by_id(s->id), s);
        assert_int_equal(s->iv_len + s->explicit_len, 12);
    }
    for (size_t i = 0; group_at(i) != NULL; i++)
        assert_ptr_equal(group_by_id(group_at(i)->id), group_at(i));
    for (size_t i = 0; scheme_at(i) != NULL; i++)
        assert_ptr_equal(scheme_by_id(scheme_at(i)->id), scheme_at(i));
    assert_null(suite_by_id(0x000a));  /* RSA key transport with 3DES */
    assert_null(group_by_id(0x0015));  /* secp224r1 */
    assert_null(scheme_by_id(0x0201)); /* rsa_pkcs1_sha1 */
    assert_null(scheme_by_id(0x0203)); /* ecdsa_sha1 */

    const struct scheme *p256 = scheme_by_id(0x0403), *pkcs1 = scheme_by_id(0x0401), *pss = scheme_by_id(0x0804);
    assert_true(scheme_fits_key(p256, KEY_EC_P384, 0x0303)); /* TLS 1.2 does not tie the hash to the curve */
    assert_false(scheme_fits_key(p256, KEY_EC_P384, 0x0304));
    assert_true(scheme_fits_key(p256, KEY_EC_P256, 0x0304));
    assert_false(scheme_fits_key(p256, KEY_RSA, 0x0303));
    assert_true(scheme_fits_key(pkcs1, KEY_RSA, 0x0303));
    assert_false(scheme_fits_key(pkcs1, KEY_RSA, 0x0304));
    assert_true(scheme_fits_key(pss, KEY_RSA, 0x0304));
    assert_false(scheme_fits_key(pss, KEY_RSA_PSS, 0x0303));
    assert_false(scheme_fits_key(scheme_by_id(0x0807), KEY_ED448, 0x0303));
}

/* ---- Hashes and HMAC. */

static void test_hashes(void **state)
{
    (void)state;
    static const struct {
        enum hash kind;
        const char *abc;
    } rows[] = {
        {HASH_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {HASH_SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {HASH_SHA384,
         "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"},
        {HASH_SHA512,
         "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423"
         "643ce80e2a9ac94fa54ca49f"},
    };
    uint8_t out[HASH_MAX], again[HASH_MAX], text[300];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)i;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = hash_len(rows[i].kind);
        crypto_hash_once(rows[i].kind, bytes_text("abc"), out);
        assert_hex(out, len, rows[i].abc);
        /* A fork at every byte gives what hashing at once gives, and does not disturb the original. */
        struct crypto_hash running, fork;
        crypto_hash_start(&running, rows[i].kind);
        assert_int_equal(running.len, len);
        for (size_t n = 0; n <= sizeof text; n++) {
            crypto_hash_once(rows[i].kind, bytes_of(text, n), out);
            crypto_hash_peek(&running, again);
            assert_memory_equal(out, again, len);
            fork = running;
            crypto_hash_add(&fork, bytes_of(text + n, sizeof text - n));
            crypto_hash_end(&fork, again);
            crypto_hash_once(rows[i].kind, BYTES_OF(text), out);
            assert_memory_equal(out, again, len);
            if (n < sizeof text)
                crypto_hash_add(&running, bytes_of(text + n, 1));
        }
    }
}

/* RFC 4231: cases 1, 2, 6 (a key longer than the block), 7. */
static void test_hmac(void **state)
{
    (void)state;
    uint8_t key[131], out[HASH_MAX];
    struct crypto_hmac m;
    memset(key, 0x0b, 20);
    crypto_hmac_key(&m, HASH_SHA256, bytes_of(key, 20));
    for (int again = 0; again < 2; again++) { /* the key stays */
        crypto_hmac_of(&m, bytes_text("Hi"), bytes_text(" "), bytes_text("There"), out);
        assert_hex(out, 32, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    }
    crypto_hmac_key(&m, HASH_SHA384, bytes_of(key, 20));
    crypto_hmac_of(&m, bytes_text("Hi There"), BYTES_NONE, BYTES_NONE, out);
    assert_hex(out, 48,
               "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6");
    crypto_hmac_key(&m, HASH_SHA512, bytes_text("Jefe"));
    crypto_hmac_of(&m, BYTES_NONE, bytes_text("what do ya want for nothing?"), BYTES_NONE, out);
    assert_hex(out, 64,
               "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a"
               "34d4a6b4b"
               "636e070a38bce737");
    memset(key, 0xaa, sizeof key);
    crypto_hmac_key(&m, HASH_SHA256, BYTES_OF(key));
    crypto_hmac_of(&m, bytes_text("Test Using Larger Than Block-Size Key - Hash Key First"), BYTES_NONE, BYTES_NONE,
                   out);
    assert_hex(out, 32, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    crypto_hmac_of(
        &m, BYTES_NONE, BYTES_NONE,
        bytes_text("This is a test using a larger than block-size key and a larger than block-size data. The key "
                   "needs to be hashed before being used by the HMAC algorithm."),
        out);
    assert_hex(out, 32, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

/* ---- AEAD. */

static const struct {
    enum aead kind;
    size_t key_len;
} aeads[] = {{AEAD_AES_128_GCM, 16}, {AEAD_AES_256_GCM, 32}, {AEAD_CHACHA20_POLY1305, 32}};

/* The specification of GCM, test cases 4 and 16; RFC 8439 2.8.2. */
static void test_aead_vectors(void **state)
{
    (void)state;
    static const char *const text =
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
        "b16aedf5aa0de657ba637b39";
    static const char *const aad = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
    static const struct {
        enum aead kind;
        const char *key, *nonce, *aad, *text, *sealed;
    } rows[] = {
        {AEAD_AES_128_GCM, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", aad, text,
         "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aa"
         "c973d58e091"
         "5bc94fbc3221a5db94fae95ae7121a47"},
        {AEAD_AES_256_GCM, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
         "cafebabefacedbaddecaf888", aad, text,
         "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7"
         "a0abcc9f662"
         "76fc6ece0f4e1768cddf8853bb2d551b"},
        {AEAD_CHACHA20_POLY1305, "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
         "070000004041424344454647", "50515253c0c1c2c3c4c5c6c7",
         "4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a204966204920636f756c64206f6"
         "666657220796f"
         "75206f6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73637265656e20776f756c642062652069742e",
         "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060"
         "b2905d6a5b67e"
         "cd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae"
         "10b594f09e26a"
         "7e902ecbd0600691"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t key[32], nonce[12], more[32], plain[128], out[160];
        size_t key_len = unhex(rows[i].key, key), aad_len = unhex(rows[i].aad, more), len = unhex(rows[i].text, plain);
        unhex(rows[i].nonce, nonce);
        assert_null(crypto_aead_new(rows[i].kind, bytes_of(key, key_len - 1)));
        struct crypto_aead *a = crypto_aead_new(rows[i].kind, bytes_of(key, key_len));
        assert_non_null(a);
        for (int again = 0; again < 2; again++) { /* one object both ways, in any order */
            assert_true(crypto_seal(a, nonce, bytes_of(more, aad_len), bytes_of(plain, len), out));
            assert_hex(out, len + 16, rows[i].sealed);
            assert_true(crypto_open(a, nonce, bytes_of(more, aad_len), out, len + 16));
            assert_memory_equal(out, plain, len);
        }
        bytes_copy(out, plain, len);
        assert_true(crypto_seal(a, nonce, bytes_of(more, aad_len), bytes_of(out, len), out)); /* in place */
        assert_hex(out, len + 16, rows[i].sealed);
        crypto_aead_free(a);
    }
}

static void test_aead_tampering(void **state)
{
    (void)state;
    uint8_t key[32] = {1, 2, 3}, nonce[12] = {4}, aad[13] = {5}, sealed[40 + 16], work[sizeof sealed];
    static const uint8_t plain[40] = "some text that nobody may change at all", zero[sizeof sealed];
    for (size_t i = 0; i < 3; i++) {
        struct crypto_aead *a = crypto_aead_new(aeads[i].kind, bytes_of(key, aeads[i].key_len));
        assert_true(crypto_seal(a, nonce, BYTES_OF(aad), BYTES_OF(plain), sealed));
        for (size_t n = 0; n < 8 * sizeof sealed; n++) {
            bytes_copy(work, sealed, sizeof sealed);
            work[n / 8] ^= (uint8_t)(1 << n % 8);
            assert_false(crypto_open(a, nonce, BYTES_OF(aad), work, sizeof work));
            assert_memory_equal(work, zero, sizeof work); /* nothing of it is left */
        }
        for (size_t n = 0; n < sizeof sealed; n++) { /* cut */
            bytes_copy(work, sealed, sizeof sealed);
            assert_false(crypto_open(a, nonce, BYTES_OF(aad), work, n));
        }
        bytes_copy(work, sealed, sizeof sealed);
        aad[12] ^= 1;
        assert_false(crypto_open(a, nonce, BYTES_OF(aad), work, sizeof work));
        aad[12] ^= 1;
        bytes_copy(work, sealed, sizeof sealed);
        nonce[11] ^= 1;
        assert_false(crypto_open(a, nonce, BYTES_OF(aad), work, sizeof work));
        nonce[11] ^= 1;
        bytes_copy(work, sealed, sizeof sealed);
        assert_true(crypto_open(a, nonce, BYTES_OF(aad), work, sizeof work));
        crypto_aead_free(a);
    }
    crypto_aead_free(NULL);
}

/* The record calls must do exactly what RFC 5288, RFC 7905 and RFC 5246 6.2.3.3 say: compare with the general calls,
   with nonce and additional data put together here. */
static void test_aead_records(void **state)
{
    (void)state;
    static const uint64_t sequences[] = {0, 1, 2, 3, 7, 8, 5, 0xffffffff, 0x100000000, 0xfffffffffffffffe, 0};
    static const size_t lengths[] = {0, 1, 15, 16, 17, 63, 64, 65, 191, 192, 193, 1000, 16384};
    static uint8_t body[16384 + 64], again[16384 + 64], plain[16384];
    uint8_t key[32] = {9, 8, 7}, iv[12] = {0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab};
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = (uint8_t)(i * 7);
    for (size_t i = 0; i < 3; i++) {
        struct crypto_aead *general = crypto_aead_new(aeads[i].kind, bytes_of(key, aeads[i].key_len));
        struct crypto_aead *seals = crypto_aead_new(aeads[i].kind, bytes_of(key, aeads[i].key_len));
        struct crypto_aead *opens = crypto_aead_new(aeads[i].kind, bytes_of(key, aeads[i].key_len));
        size_t explicit_len = crypto_record_explicit(aeads[i].kind);
        for (size_t s = 0; s < sizeof sequences / sizeof sequences[0]; s++) {
            for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
                size_t len = lengths[l], whole = explicit_len + len + 16;
                struct crypto_record record = {iv, sequences[s], 23};
                uint8_t nonce[12], aad[13], count[8];
                store64(count, record.sequence);
                bytes_copy(nonce, iv, 12);
                for (size_t n = 0; n < 8; n++)
                    nonce[4 + n] = explicit_len != 0 ? count[n] : (uint8_t)(nonce[4 + n] ^ count[n]);
                bytes_copy(aad, count, 8);
                aad[8] = 23;
                store16(aad + 9, 0x0303);
                store16(aad + 11, (uint16_t)len);

                bytes_copy(body + explicit_len, plain, len);
                assert_true(crypto_seal_record(seals, &record, body, len));
                if (explicit_len != 0)
                    assert_memory_equal(body, count, 8);
                bytes_copy(again, body + explicit_len, len + 16);
                assert_true(crypto_open(general, nonce, BYTES_OF(aad), again, len + 16));
                assert_memory_equal(again, plain, len);

                if (explicit_len != 0)
                    bytes_copy(again, count, 8);
                assert_true(crypto_seal(general, nonce, BYTES_OF(aad), bytes_of(plain, len), again + explicit_len));
                assert_memory_equal(again, body, whole);
                assert_true(crypto_open_record(opens, &record, again, whole));
                assert_memory_equal(again + explicit_len, plain, len);
                /* A wrong record does not spoil the next. */
                body[whole - 1] ^= 1;
                assert_false(crypto_open_record(opens, &record, body, whole));
                for (size_t n = 0; n < whole; n++)
                    assert_int_equal(body[n], 0);
                assert_false(crypto_open_record(opens, &record, body, explicit_len + 15));
            }
        }
        /* One object for both, and another fixed part. */
        struct crypto_record record = {iv, 0, 22};
        for (int n = 0; n < 4; n++) {
            iv[0]++;
            record.sequence++;
            bytes_copy(body + explicit_len, plain, 33);
            assert_true(crypto_seal_record(general, &record, body, 33));
            assert_true(crypto_open_record(general, &record, body, explicit_len + 33 + 16));
            assert_memory_equal(body + explicit_len, plain, 33);
        }
        crypto_aead_free(general);
        crypto_aead_free(seals);
        crypto_aead_free(opens);
    }
}

/* ---- Key exchange. */

struct fixed {
    uint8_t data[66];
    size_t len;
    unsigned calls;
};

static bool fill_fixed(void *arg, uint8_t *out, size_t n)
{
    struct fixed *f = arg;
    f->calls++;
    if (n != f->len)
        return false;
    bytes_copy(out, f->data, n);
    return true;
}

static struct crypto_share *fixed_share(uint16_t group, const char *private, uint8_t *out, size_t *len)
{
    struct fixed f = {.len = 0};
    f.len = unhex(private, f.data);
    struct crypto_random source = {fill_fixed, &f};
    struct crypto_share *share = crypto_share_new(group_by_id(group), &source, out, len);
    assert_non_null(share);
    uint8_t again[66];
    assert_int_equal(crypto_share_private(share, again, sizeof again), f.len);
    assert_memory_equal(again, f.data, f.len);
    assert_int_equal(crypto_share_private(share, again, f.len - 1), 0);
    return share;
}

/* RFC 7748 6.1 (Bob); NIST's primitive vectors for P-256 (CAVS, KAS ECC CDH, count 0). */
static void test_share_vectors(void **state)
{
    (void)state;
    static const struct {
        uint16_t group;
        const char *private, *public, *peer, *secret;
    } rows[] = {
        {0x001d, "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
         "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
         "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
         "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
        {0x0017, "7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534",
         "04ead218590119e8876b29146ff89ca61770c4edbbf97d38ce385ed281d8a6b23028af61281fd35e2fa7002523acc85a429cb06ee6648"
         "325389f59edfc"
         "e1405141",
         "04700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf64"
         "0dfe0441782ca"
         "b85fa4ac",
         "46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t public[SHARE_MAX], peer[SHARE_MAX], secret[SECRET_MAX];
        size_t len, secret_len = 0, peer_len = unhex(rows[i].peer, peer);
        struct crypto_share *own = fixed_share(rows[i].group, rows[i].private, public, &len);
        assert_hex(public, len, rows[i].public);
        assert_true(crypto_share_finish(own, bytes_of(peer, peer_len), secret, &secret_len));
        assert_hex(secret, secret_len, rows[i].secret);
        crypto_share_free(own);
    }
}

static void test_share_agrees(void **state)
{
    (void)state;
    for (size_t i = 0; group_at(i) != NULL; i++) {
        const struct group *group = group_at(i);
        for (int n = 0; n < 20; n++) {
            uint8_t a[SHARE_MAX], b[SHARE_MAX], sa[SECRET_MAX], sb[SECRET_MAX];
            size_t a_len, b_len, sa_len = 0, sb_len = 0;
            struct crypto_share *one = crypto_share_new(group, NULL, a, &a_len),
                                *two = crypto_share_new(group, NULL, b, &b_len);
            assert_int_equal(a_len, group->share_len);
            assert_memory_not_equal(a, b, a_len);
            assert_true(crypto_share_finish(one, bytes_of(b, b_len), sa, &sa_len));
            assert_true(crypto_share_finish(two, bytes_of(a, a_len), sb, &sb_len));
            assert_int_equal(sa_len, group->secret_len);
            assert_int_equal(sb_len, group->secret_len);
            assert_memory_equal(sa, sb, sa_len);
            crypto_share_free(one);
            crypto_share_free(two);
        }
    }
    crypto_share_free(NULL);
}

static void assert_share_refused(uint16_t group, const uint8_t *peer, size_t len)
{
    uint8_t public[SHARE_MAX], secret[SECRET_MAX];
    static const uint8_t zero[SECRET_MAX];
    size_t public_len, secret_len = 1234;
    memset(secret, 0xee, sizeof secret);
    struct crypto_share *own = crypto_share_new(group_by_id(group), NULL, public, &public_len);
    assert_false(crypto_share_finish(own, bytes_of(peer, len), secret, &secret_len));
    assert_int_equal(secret_len, 1234);
    if (len == group_by_id(group)->share_len) /* zeroed, or untouched */
        assert_memory_equal(secret, zero, group_by_id(group)->secret_len);
    crypto_share_free(own);
}

static void test_share_refuses(void **state)
{
    (void)state;
    uint8_t peer[SHARE_MAX];
    /* X25519: points of small order give zeros (RFC 7748 6.1). */
    static const char *const low[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    for (size_t i = 0; i < sizeof low / sizeof low[0]; i++)
        assert_share_refused(0x001d, peer, unhex(low[i], peer));

    for (size_t i = 0; group_at(i) != NULL; i++) {
        const struct group *group = group_at(i);
        uint8_t public[SHARE_MAX];
        size_t len;
        struct crypto_share *other = crypto_share_new(group, NULL, public, &len);
        crypto_share_free(other);
        for (size_t n = 0; n < len; n++) /* cut */
            assert_share_refused(group->id, public, n);
        public[len] = 0;
        assert_share_refused(group->id, public, len + 1);
        if (group->id == 0x001d)
            continue;
        for (int form = 0; form < 256; form++) { /* infinity, compressed, hybrid, nonsense */
            public[0] = (uint8_t)form;
            if (form != 4)
                assert_share_refused(group->id, public, len);
        }
        public[0] = 3;
        assert_share_refused(group->id, public, 1 + (len - 1) / 2);
        public[0] = 4;
        for (size_t n = 1; n < len; n++) { /* off the curve */
            public[n] ^= 1;
            assert_share_refused(group->id, public, len);
            public[n] ^= 1;
        }
        memset(peer, 0, len);
        peer[0] = 4;
        assert_share_refused(group->id, peer, len);
        memset(peer + 1, 0xff, len - 1);
        assert_share_refused(group->id, peer, len);
    }
}

/* A source of random bytes that fails, or that never gives a usable number, must end in a clean refusal. */
static void test_share_bad_random(void **state)
{
    (void)state;
    uint8_t out[SHARE_MAX];
    size_t len;
    for (size_t i = 0; group_at(i) != NULL; i++) {
        struct fixed f = {.len = 1}; /* fails: wrong length */
        struct crypto_random source = {fill_fixed, &f};
        assert_null(crypto_share_new(group_at(i), &source, out, &len));
        if (group_at(i)->id == 0x001d)
            continue;
        for (int value = 0; value <= 0xff; value += 0xff) {
            f.len = group_at(i)->secret_len;
            f.calls = 0;
            memset(f.data, value, sizeof f.data);
            assert_null(crypto_share_new(group_at(i), &source, out, &len));
            assert_true(f.calls > 1 && f.calls < 1000);
        }
    }
    uint8_t random[40], zero[40] = {0};
    assert_true(crypto_random(NULL, random, sizeof random));
    assert_memory_not_equal(random, zero, sizeof random);
    struct fixed f = {.len = 1};
    struct crypto_random source = {fill_fixed, &f};
    assert_false(crypto_random(&source, random, sizeof random));
    assert_memory_equal(random, zero, sizeof random);
}

/* Private keys at the two ends of the range of P-256: 1 and the order less one are taken; 0, the order, and the order plus
   one are drawn again. 1 gives the generator. */
static void test_share_range(void **state)
{
    (void)state;
    static const struct {
        const char *private;
        bool taken;
    } rows[] = {
        {"0000000000000000000000000000000000000000000000000000000000000000", false},
        {"0000000000000000000000000000000000000000000000000000000000000001", true},
        {"0100000000000000000000000000000000000000000000000000000000000000", true},
        {"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550", true},
        {"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", false},
        {"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552", false},
        {"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc630000", true},
        {"ffffffff00000001000000000000000000000000000000000000000000000000", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t out[SHARE_MAX];
        size_t len = 0;
        struct fixed f = {.len = 32};
        struct crypto_random source = {fill_fixed, &f};
        unhex(rows[i].private, f.data);
        struct crypto_share *share = crypto_share_new(group_by_id(0x0017), &source, out, &len);
        assert_int_equal(share != NULL, rows[i].taken);
        assert_int_equal(f.calls == 1, rows[i].taken);
        if (i == 1)
            assert_hex(out, len,
                       "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9"
                       "e162bce3357"
                       "6b315ececbb6406837bf51f5");
        crypto_share_free(share);
    }
}

/* ---- Signatures. */

/* The parts of a SubjectPublicKeyInfo, by their known places in the keys of crypto_keys.h. */
static struct public_key parts(enum key_kind kind, const char *spki_hex, uint8_t *spki)
{
    static const uint8_t point_len[] = {
        [KEY_EC_P256] = 65, [KEY_EC_P384] = 97, [KEY_EC_P521] = 133, [KEY_ED25519] = 32, [KEY_ED448] = 57};
    struct public_key key = {.kind = (uint8_t)kind};
    size_t len = unhex(spki_hex, spki);
    key.spki = bytes_of(spki, len);
    if (kind == KEY_RSA || kind == KEY_RSA_PSS) {
        key.exponent = bytes_of(spki + len - 3, 3);
        key.modulus = bytes_of(spki + len - 5 - 256, 256);
        key.bits = 2048;
    } else {
        key.point = bytes_of(spki + len - point_len[kind], point_len[kind]);
    }
    return key;
}

static const struct key_row {
    const char *pem, *spki;
    enum key_kind kind;
    unsigned bits;
} keys[] = {
    {key_rsa, spki_rsa, KEY_RSA, 2048},          {key_rsa_pkcs1, spki_rsa, KEY_RSA, 2048},
    {key_pss, spki_pss, KEY_RSA_PSS, 2048},      {key_p256, spki_p256, KEY_EC_P256, 256},
    {key_sec1, spki_sec1, KEY_EC_P256, 256},     {key_compressed, spki_p256, KEY_EC_P256, 256},
    {key_p384, spki_p384, KEY_EC_P384, 384},     {key_p521, spki_p521, KEY_EC_P521, 521},
    {key_ed25519, spki_ed25519, KEY_ED25519, 0}, {key_ed448, spki_ed448, KEY_ED448, 0},
};

static void test_sign_and_verify(void **state)
{
    (void)state;
    uint8_t message[100], spki[600], signature[SIGNATURE_MAX];
    size_t len = 0;
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (uint8_t)(i * 3);
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        struct crypto_key *key = crypto_key_read(bytes_text(keys[k].pem));
        assert_non_null(key);
        assert_int_equal(crypto_key_kind(key), keys[k].kind);
        if (keys[k].bits != 0)
            assert_int_equal(crypto_key_bits(key), keys[k].bits);
        struct public_key public = parts(keys[k].kind, keys[k].spki, spki);
        assert_true(crypto_key_matches(key, public.spki));
        assert_true(crypto_public_key_usable(&public));
        unsigned fitting = 0;
        for (size_t s = 0; scheme_at(s) != NULL; s++) {
            const struct scheme *scheme = scheme_at(s);
            bool fits = scheme_fits_key(scheme, keys[k].kind, 0x0303);
            assert_int_equal(crypto_sign(key, scheme, BYTES_OF(message), signature, &len), fits);
            if (!fits) {
                assert_false(crypto_verify(&public, scheme, BYTES_OF(message), bytes_of(signature, len)));
                continue;
            }
            fitting++;
            assert_true(crypto_verify(&public, scheme, BYTES_OF(message), bytes_of(signature, len)));
            for (size_t n = 0; n<len; n += len> 200 ? 5 : 1) {
                signature[n] ^= 0x40;
                assert_false(crypto_verify(&public, scheme, BYTES_OF(message), bytes_of(signature, len)));
                signature[n] ^= 0x40;
            }
            signature[len] = 0;
            assert_false(crypto_verify(&public, scheme, BYTES_OF(message), bytes_of(signature, len + 1)));
            assert_false(crypto_verify(&public, scheme, BYTES_OF(message), bytes_of(signature, len - 1)));
            assert_false(crypto_verify(&public, scheme, BYTES_OF(message), BYTES_NONE));
            assert_false(crypto_verify(&public, scheme, bytes_of(message, 99), bytes_of(signature, len)));
            message[50] ^= 1;
            assert_false(crypto_verify(&public, scheme, BYTES_OF(message), bytes_of(signature, len)));
            message[50] ^= 1;
            for (size_t other = 0; scheme_at(other) != NULL; other++) /* no signature passes as one of another scheme */
                if (scheme_at(other) != scheme)
                    assert_false(crypto_verify(&public, scheme_at(other), BYTES_OF(message), bytes_of(signature, len)));
        }
        assert_true(fitting >= 1);
        crypto_key_free(key);
    }
    crypto_key_free(NULL);
}

/* SHA-1 is refused whatever the table of schemes says, to sign and to verify. These signatures over "x" are right ones,
   made by another tool with the keys of crypto_keys.h. */
static void test_sha1_is_refused(void **state)
{
    (void)state;
    static const struct scheme pkcs1 = {0x0201, "rsa_pkcs1_sha1", HASH_SHA1, KEY_RSA, false, AUTH_RSA};
    static const struct scheme ecdsa = {0x0203, "ecdsa_sha1", HASH_SHA1, KEY_EC_P256, false, AUTH_ECDSA};
    static const char *const rsa_signature =
        "6b55b7cd65926b1b4668083792f1c3ee6d4945188db1f7d5b728e66fa1cb49705269b44b446707234d7ea573aab56c6f5cb9"
        "a36bfed35a805a4ae0fc18d6a5ca14c5e7bfc0ead5a73ba4ca1110acff4083ee2f2026a9ff9e4957cbf2d4b7217257fb1148"
        "9447e4abc4243eb03042d31d95beecbf190d28c437fb2eaffa8f5e8118040cb33bf8dc0121a65bf0d878aceecbda473003dc"
        "a43801b35a457c810ae66e447492a97f8fe4f220b11ce9c07fbb1ebc33376059045c3ae7667bd05797220960c0343e1ad58f"
        "6163bb19ad1785a44b50757569ffc1c7a9bc78c214e03c1548bfd6f1414dafdd6df221bffb41aae4f92f58ec5a5722fae66f"
        "47d97dcd8dba";
    static const char *const ec_signature =
        "304502202b55b24c39af4c628ba75a4a1bd727fc313bc8349be984cfdfd0f3fb78bc94cf022100c29e49c931709830bbec76"
        "313b7767ee9066e752a2ae14e76c54713eae40be18";
    uint8_t spki[600], out[SIGNATURE_MAX];
    size_t len = 0;
    struct crypto_key *rsa = crypto_key_read(bytes_text(key_rsa)), *ec = crypto_key_read(bytes_text(key_p256));
    assert_false(crypto_sign(rsa, &pkcs1, bytes_text("x"), out, &len));
    assert_false(crypto_sign(ec, &ecdsa, bytes_text("x"), out, &len));
    crypto_key_free(rsa);
    crypto_key_free(ec);
    struct public_key public = parts(KEY_RSA, spki_rsa, spki);
    assert_false(crypto_verify(&public, &pkcs1, bytes_text("x"), bytes_of(out, unhex(rsa_signature, out))));
    public = parts(KEY_EC_P256, spki_p256, spki);
    assert_false(crypto_verify(&public, &ecdsa, bytes_text("x"), bytes_of(out, unhex(ec_signature, out))));
}

static void test_pss_restrictions(void **state)
{
    (void)state;
    uint8_t spki[600], out[SIGNATURE_MAX];
    size_t len = 0;
    struct crypto_key *key = crypto_key_read(bytes_text(key_pss_sha384));
    assert_non_null(key);
    assert_int_equal(crypto_key_kind(key), KEY_RSA_PSS);
    struct public_key public = parts(KEY_RSA_PSS, spki_pss_sha384, spki);
    public.pss_hash = HASH_SHA384;
    assert_true(crypto_key_matches(key, public.spki));
    assert_false(crypto_sign(key, scheme_by_id(0x0809), bytes_text("x"), out, &len));
    assert_false(crypto_sign(key, scheme_by_id(0x080b), bytes_text("x"), out, &len));
    assert_true(crypto_sign(key, scheme_by_id(0x080a), bytes_text("x"), out, &len));
    assert_true(crypto_verify(&public, scheme_by_id(0x080a), bytes_text("x"), bytes_of(out, len)));
    public.pss_hash = HASH_SHA256;
    assert_false(crypto_verify(&public, scheme_by_id(0x080a), bytes_text("x"), bytes_of(out, len)));
    crypto_key_free(key);
}

static void test_public_keys(void **state)
{
    (void)state;
    uint8_t spki[600], n[SIGNATURE_MAX + 1], e[9];
    struct public_key key = parts(KEY_EC_P384, spki_p384, spki);
    assert_true(crypto_public_key_usable(&key));
    spki[key.spki.len - 1] ^= 1; /* off the curve */
    assert_false(crypto_public_key_usable(&key));
    spki[key.spki.len - 1] ^= 1;
    key.point = bytes_first(key.point, 96);
    assert_false(crypto_public_key_usable(&key));
    key.point = BYTES_NONE;
    assert_false(crypto_public_key_usable(&key));
    assert_false(crypto_public_key_usable(&(struct public_key){.kind = 0}));
    assert_false(crypto_public_key_usable(&(struct public_key){.kind = KEY_ED25519, .point = bytes_of(spki, 31)}));
    assert_false(crypto_public_key_usable(&(struct public_key){.kind = KEY_ED448, .point = bytes_of(spki, 56)}));

    memset(n, 0xff, sizeof n);
    memset(e, 0xff, sizeof e);
    key = (struct public_key){.kind = KEY_RSA, .modulus = bytes_of(n, 256), .exponent = bytes_of(e, 3)};
    assert_true(crypto_public_key_usable(&key));
    key.modulus.len = SIGNATURE_MAX;
    assert_true(crypto_public_key_usable(&key));
    key.modulus.len = SIGNATURE_MAX + 1;
    assert_false(crypto_public_key_usable(&key));
    key.modulus.len = 63;
    assert_false(crypto_public_key_usable(&key));
    key.modulus.len = 256;
    n[255] = 0xfe; /* even */
    assert_false(crypto_public_key_usable(&key));
    n[255] = 0xff;
    key.exponent.len = 9;
    assert_false(crypto_public_key_usable(&key));
    key.exponent.len = 1;
    e[0] = 1;
    assert_false(crypto_public_key_usable(&key));
    e[0] = 2;
    assert_false(crypto_public_key_usable(&key));
    e[0] = 3;
    assert_true(crypto_public_key_usable(&key));
    key.exponent = BYTES_NONE;
    assert_false(crypto_public_key_usable(&key));
}

/* ---- Reading private keys. */

static size_t der_of(const char *pem, uint8_t *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = 0;
    size_t n = 0, have = 0;
    for (const char *at = strchr(pem, '\n'); *at != '-' && *at != '='; at++) {
        const char *digit = *at != '\0' ? strchr(digits, *at) : NULL;
        if (digit == NULL)
            continue;
        bits = bits << 6 | (uint32_t)(digit - digits);
        if ((have += 6) >= 8) {
            have -= 8;
            out[n++] = (uint8_t)(bits >> have);
        }
    }
    return n;
}

static void test_key_forms(void **state)
{
    (void)state;
    static const char *const refused[] = {
        key_explicit,
        key_secp256k1,
        key_x25519,
        key_encrypted_pkcs8,
        key_encrypted_sec1,
        "",
        "nonsense",
        "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\nMIG",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    };
    uint8_t der[2000], spki[600];
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_null(crypto_key_read(bytes_text(refused[i])));
    assert_null(crypto_key_read(BYTES_NONE));
    /* An encrypted key as DER must not ask for its password either. */
    assert_null(crypto_key_read(bytes_of(der, der_of(key_encrypted_pkcs8, der))));

    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        if (keys[k].pem == key_sec1) /* curve parameters come first there */
            continue;
        size_t len = der_of(keys[k].pem, der);
        struct crypto_key *key = crypto_key_read(bytes_of(der, len));
        assert_non_null(key);
        assert_int_equal(crypto_key_kind(key), keys[k].kind);
        crypto_key_free(key);
        der[len] = 0;
        assert_null(crypto_key_read(bytes_of(der, len + 1)));
        for (size_t n = 0; n<len; n += len> 300 ? 11 : 1)
            assert_null(crypto_key_read(bytes_of(der, n)));
    }

    /* Among other blocks and text; the first private key counts. */
    static char file[8192];
    snprintf(file, sizeof file, "some words\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n%s%s",
             key_p384, key_rsa);
    struct crypto_key *key = crypto_key_read(bytes_text(file));
    assert_non_null(key);
    assert_int_equal(crypto_key_kind(key), KEY_EC_P384);
    crypto_key_free(key);
    snprintf(file, sizeof file, "%s%s", key_encrypted_pkcs8, key_rsa);
    assert_null(crypto_key_read(bytes_text(file)));

    /* Halves that don't belong together: one byte of the private number, of the public point, of the modulus. */
    size_t len = der_of(key_p256, der);
    der[len - 1] ^= 1;
    assert_null(crypto_key_read(bytes_of(der, len)));
    der[len - 1] ^= 1;
    der[40] ^= 1;
    assert_null(crypto_key_read(bytes_of(der, len)));
    len = der_of(key_rsa_pkcs1, der);
    der[100] ^= 1;
    assert_null(crypto_key_read(bytes_of(der, len)));

    /* Each key matches its own public half alone. */
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        key = crypto_key_read(bytes_text(keys[k].pem));
        for (size_t other = 0; other < sizeof keys / sizeof keys[0]; other++) {
            bytes half = bytes_of(spki, unhex(keys[other].spki, spki));
            assert_int_equal(crypto_key_matches(key, half), strcmp(keys[k].spki, keys[other].spki) == 0);
        }
        assert_false(crypto_key_matches(key, BYTES_NONE));
        crypto_key_free(key);
    }
}

/* ---- Several threads on one key. */

struct thread {
    pthread_t id;
    const struct crypto_key *key;
    struct public_key public;
    const struct scheme *scheme;
    unsigned good;
};

static void *sign_many(void *arg)
{
    struct thread *t = arg;
    for (int i = 0; i < 25 && crypto_start(); i++) {
        uint8_t signature[SIGNATURE_MAX], message[8] = {(uint8_t)i};
        size_t len = 0;
        if (crypto_sign(t->key, t->scheme, BYTES_OF(message), signature, &len) &&
            crypto_verify(&t->public, t->scheme, BYTES_OF(message), bytes_of(signature, len)))
            t->good++;
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        uint8_t spki[600];
        struct thread threads[THREADS];
        struct crypto_key *key = crypto_key_read(bytes_text(keys[k].pem));
        const struct scheme *scheme = NULL;
        for (size_t s = 0; scheme_at(s) != NULL && scheme == NULL; s++)
            if (scheme_fits_key(scheme_at(s), keys[k].kind, 0x0303))
                scheme = scheme_at(s);
        const struct public_key public = parts(keys[k].kind, keys[k].spki, spki);
        for (size_t i = 0; i < THREADS; i++) {
            threads[i] = (struct thread){.key = key, .public = public, .scheme = scheme};
            assert_int_equal(pthread_create(&threads[i].id, NULL, sign_many, &threads[i]), 0);
        }
        for (size_t i = 0; i < THREADS; i++) {
            assert_int_equal(pthread_join(threads[i].id, NULL), 0);
            assert_int_equal(threads[i].good, 25);
        }
        crypto_key_free(key);
    }
}

static int start(void **state)
{
    (void)state;
    return crypto_start() && crypto_start() ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_suites),
        cmocka_unit_test(test_hashes),
        cmocka_unit_test(test_hmac),
        cmocka_unit_test(test_aead_vectors),
        cmocka_unit_test(test_aead_tampering),
        cmocka_unit_test(test_aead_records),
        cmocka_unit_test(test_share_vectors),
        cmocka_unit_test(test_share_agrees),
        cmocka_unit_test(test_share_refuses),
        cmocka_unit_test(test_share_bad_random),
        cmocka_unit_test(test_share_range),
        cmocka_unit_test(test_sign_and_verify),
        cmocka_unit_test(test_sha1_is_refused),
        cmocka_unit_test(test_pss_restrictions),
        cmocka_unit_test(test_public_keys),
        cmocka_unit_test(test_key_forms),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
