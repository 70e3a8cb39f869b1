/* wycheproof DIR: runs Project Wycheproof's vectors (C2SP, testvectors_v1) through crypto/crypto.h.

   A test passes when "valid" succeeds with the stated output and "invalid" is refused. "acceptable" may go either way
   and is counted apart. What TLS has no use for is skipped with its reason; where the interface could be asked
   anyway, the answer must still be a refusal (RSASSA-PSS with another salt length or mask hash), else it counts as
   failed. */
#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"

enum { MOST = 200000, SKIPPED_RUN = 77 };
enum outcome { ACCEPTED, REFUSED, SKIPPED, CONFUSED /* accepted under parameters that were not asked for */ };

struct count {
    unsigned passed, failed, skipped, acceptable;
    const char *why; /* of the last skipped */
};

struct buffer {
    uint8_t data[MOST];
    size_t len;
};
static struct buffer public_key, first, second, third, fourth, fifth;

static const char *why_skipped;

static enum outcome skip(const char *why)
{
    why_skipped = why;
    return SKIPPED;
}

static const char *text_of(json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s != NULL ? s : "";
}

static bytes hex_of(json_t *object, const char *key, struct buffer *out)
{
    const char *hex = text_of(object, key);
    out->len = 0;
    for (unsigned v; out->len < MOST && sscanf(hex + 2 * out->len, "%2x", &v) == 1; out->len++)
        out->data[out->len] = (uint8_t)v;
    return bytes_of(out->data, out->len);
}

static bool fill_from(void *arg, uint8_t *out, size_t n)
{
    const bytes *from = arg;
    memset(out, 0, n);
    if (from->len > n)
        return false;
    memcpy(out + n - from->len, from->data, from->len);
    return true;
}

static enum hash hash_named(const char *name)
{
    return strcmp(name, "SHA-256") == 0   ? HASH_SHA256
           : strcmp(name, "SHA-384") == 0 ? HASH_SHA384
           : strcmp(name, "SHA-512") == 0 ? HASH_SHA512
           : strcmp(name, "SHA-1") == 0   ? HASH_SHA1
                                          : 0;
}

static const struct scheme *scheme_for(enum key_kind key, enum hash hash, bool pss)
{
    for (size_t i = 0; scheme_at(i) != NULL; i++)
        if (scheme_at(i)->key == key && scheme_at(i)->hash == hash && scheme_at(i)->pss == pss)
            return scheme_at(i);
    return NULL;
}

/* ---- One function per kind of test. */

static enum outcome run_aead(const char *file, json_t *group, json_t *test)
{
    long long key_size = json_integer_value(json_object_get(group, "keySize"));
    if (json_integer_value(json_object_get(group, "ivSize")) != 96)
        return skip("nonce not of 96 bits");
    if (json_integer_value(json_object_get(group, "tagSize")) != 128)
        return skip("tag not of 128 bits");
    bool chacha = strncmp(file, "chacha", 6) == 0;
    if (!chacha && key_size == 192)
        return skip("AES-192");
    enum aead kind = chacha ? AEAD_CHACHA20_POLY1305 : key_size == 128 ? AEAD_AES_128_GCM : AEAD_AES_256_GCM;
    bytes key = hex_of(test, "key", &first), iv = hex_of(test, "iv", &second), aad = hex_of(test, "aad", &third);
    bytes text = hex_of(test, "msg", &fourth), sealed = hex_of(test, "ct", &fifth);
    size_t len = sealed.len;
    struct buffer *tag = &public_key;
    hex_of(test, "tag", tag);
    memcpy(fifth.data + len, tag->data, tag->len);
    len += tag->len;

    struct crypto_aead *a = crypto_aead_new(kind, key);
    if (a == NULL)
        return REFUSED;
    static uint8_t out[MOST];
    bool same = crypto_seal(a, iv.data, aad, text, out) && len == text.len + 16 && memcmp(out, fifth.data, len) == 0;
    bool opened = crypto_open(a, iv.data, aad, fifth.data, len);
    same = same && opened && memcmp(fifth.data, text.data, text.len) == 0;
    for (size_t i = 0; !opened && i < len; i++)
        if (fifth.data[i] != 0)
            same = true; /* a refused plaintext was left behind: shows as a failure, whatever was expected */
    crypto_aead_free(a);
    return same ? ACCEPTED : REFUSED;
}

/* The DER around a raw point that a certificate for this curve would have; anything else is refused as our parser
   does. */
static bool strip(bytes *key, const char *prefix_hex)
{
    size_t n = strlen(prefix_hex) / 2;
    for (size_t i = 0; i < n; i++) {
        unsigned v;
        if (i >= key->len || sscanf(prefix_hex + 2 * i, "%2x", &v) != 1 || key->data[i] != v)
            return false;
    }
    *key = bytes_skip(*key, n);
    return true;
}

static enum outcome agree(const struct group *group, bytes own, bytes peer, bytes shared)
{
    uint8_t out[SHARE_MAX], secret[SECRET_MAX];
    size_t out_len, secret_len = 0;
    struct crypto_random random = {fill_from, &own};
    while (own.len > 0 && own.data[0] == 0)
        own = bytes_skip(own, 1); /* numbers may be written with a leading zero */
    struct crypto_share *share = crypto_share_new(group, &random, out, &out_len);
    if (share == NULL)
        return REFUSED;
    bool same =
        crypto_share_finish(share, peer, secret, &secret_len) && bytes_equal(bytes_of(secret, secret_len), shared);
    crypto_share_free(share);
    return same ? ACCEPTED : REFUSED;
}

static enum outcome run_ecdh(const char *file, json_t *group, json_t *test)
{
    static const struct {
        const char *curve, *spki;
        uint16_t id;
    } rows[] = {
        {"secp256r1", "3059301306072a8648ce3d020106082a8648ce3d030107034200", 0x0017},
        {"secp384r1", "3076301006072a8648ce3d020106052b81040022036200", 0x0018},
        {"secp521r1", "30819b301006072a8648ce3d020106052b8104002303818600", 0x0019},
    };
    (void)file;
    bytes peer = hex_of(test, "public", &first), own = hex_of(test, "private", &second);
    bytes shared = hex_of(test, "shared", &third);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(text_of(group, "curve"), rows[i].curve) != 0)
            continue;
        if (strcmp(text_of(group, "encoding"), "asn") == 0 && !strip(&peer, rows[i].spki))
            return REFUSED;
        return agree(group_by_id(rows[i].id), own, peer, shared);
    }
    return skip("curve");
}

static enum outcome run_xdh(const char *file, json_t *group, json_t *test)
{
    (void)file;
    if (strcmp(text_of(group, "curve"), "curve25519") != 0)
        return skip("X448");
    bytes peer = hex_of(test, "public", &first), own = hex_of(test, "private", &second);
    bytes shared = hex_of(test, "shared", &third);
    if (strcmp(text_of(group, "type"), "XdhAsnComp") == 0 &&
        (!strip(&peer, "302a300506032b656e032100") || !strip(&own, "302e020100300506032b656e04220420")))
        return REFUSED;
    if (own.len != 32)
        return REFUSED;
    uint8_t out[SHARE_MAX], secret[SECRET_MAX];
    size_t out_len, secret_len = 0;
    struct crypto_random random = {fill_from, &own};
    struct crypto_share *share = crypto_share_new(group_by_id(0x001d), &random, out, &out_len);
    if (share == NULL)
        return REFUSED;
    bool same =
        crypto_share_finish(share, peer, secret, &secret_len) && bytes_equal(bytes_of(secret, secret_len), shared);
    crypto_share_free(share);
    return same ? ACCEPTED : REFUSED;
}

static enum outcome verify(const struct public_key *key, const struct scheme *scheme, json_t *test)
{
    bytes message = hex_of(test, "msg", &first), signature = hex_of(test, "sig", &second);
    return crypto_verify(key, scheme, message, signature) ? ACCEPTED : REFUSED;
}

static enum outcome run_ecdsa(const char *file, json_t *group, json_t *test)
{
    (void)file;
    json_t *key = json_object_get(group, "publicKey");
    const char *curve = text_of(key, "curve");
    struct public_key public = {.point = hex_of(key, "uncompressed", &public_key)};
    public.kind = strcmp(curve, "secp256r1") == 0   ? KEY_EC_P256
                  : strcmp(curve, "secp384r1") == 0 ? KEY_EC_P384
                  : strcmp(curve, "secp521r1") == 0 ? KEY_EC_P521
                                                    : 0;
    /* The scheme carries the hash; in TLS 1.2 and in certificates the curve is the key's. */
    static const uint16_t by_hash[] = {[HASH_SHA256] = 0x0403, [HASH_SHA384] = 0x0503, [HASH_SHA512] = 0x0603};
    enum hash hash = hash_named(text_of(group, "sha"));
    if (public.kind == 0 || hash == 0 || hash == HASH_SHA1)
        return skip("curve or hash");
    return verify(&public, scheme_by_id(by_hash[hash]), test);
}

static bool der_integer(bytes *in, bytes *number)
{
    if (in->len < 2 || in->data[0] != 0x02)
        return false;
    size_t header = in->data[1] < 0x80 ? 2 : 2 + (in->data[1] & 0x7fu), len = in->data[1];
    if (header > 2)
        len = 0;
    for (size_t i = 2; i < header; i++)
        len = len << 8 | in->data[i];
    *number = bytes_first(bytes_skip(*in, header), len);
    *in = bytes_skip(*in, header + len);
    while (number->len > 0 && number->data[0] == 0)
        *number = bytes_skip(*number, 1);
    return number->len > 0;
}

static bool rsa_key(json_t *group, struct public_key *key)
{
    bytes in = hex_of(group, "publicKeyAsn", &public_key);
    if (in.len < 4 || in.data[0] != 0x30)
        return false;
    in = bytes_skip(in, in.data[1] < 0x80 ? 2 : 2 + (in.data[1] & 0x7fu));
    return der_integer(&in, &key->modulus) && der_integer(&in, &key->exponent);
}

static enum outcome run_pkcs1(const char *file, json_t *group, json_t *test)
{
    (void)file;
    struct public_key key = {.kind = KEY_RSA};
    const struct scheme *scheme = scheme_for(KEY_RSA, hash_named(text_of(group, "sha")), false);
    if (scheme == NULL || !rsa_key(group, &key))
        return skip("hash");
    return verify(&key, scheme, test);
}

static enum outcome run_pss(const char *file, json_t *group, json_t *test)
{
    enum hash hash = hash_named(text_of(group, "sha"));
    bool with_parameters = strstr(file, "params") != NULL;
    struct public_key key = {.kind = with_parameters ? KEY_RSA_PSS : KEY_RSA,
                             .pss_hash = with_parameters ? (uint8_t)hash : 0};
    if (!rsa_key(group, &key))
        return REFUSED;
    bool ours = strcmp(text_of(group, "sha"), text_of(group, "mgfSha")) == 0 &&
                json_integer_value(json_object_get(group, "sLen")) == (long long)hash_len(hash);
    const struct scheme *scheme = scheme_for(key.kind, hash, true);
    if (scheme == NULL && hash == HASH_SHA1) {
        static const struct scheme sha1 = {0xffff, "pss with SHA-1", HASH_SHA1, KEY_RSA, true, AUTH_RSA};
        scheme = &sha1;
        ours = false;
    }
    if (scheme == NULL)
        return skip("hash");
    enum outcome outcome = verify(&key, scheme, test);
    if (ours)
        return outcome;
    /* Right under the group's parameters is wrong under TLS's. (Wrong under the group's may be right under ours.) */
    bool valid = strcmp(text_of(test, "result"), "valid") == 0;
    return valid && outcome == ACCEPTED ? CONFUSED : skip("salt or hash that TLS does not use: refused");
}

static enum outcome run_eddsa(const char *file, json_t *group, json_t *test)
{
    (void)file;
    json_t *key = json_object_get(group, "publicKey");
    bool small = strcmp(text_of(key, "curve"), "edwards25519") == 0;
    struct public_key public = {.kind = small ? KEY_ED25519 : KEY_ED448, .point = hex_of(key, "pk", &public_key)};
    return verify(&public, scheme_by_id(small ? 0x0807 : 0x0808), test);
}

static enum outcome run_mac(const char *file, json_t *group, json_t *test)
{
    enum hash hash = strstr(file, "sha256") != NULL   ? HASH_SHA256
                     : strstr(file, "sha384") != NULL ? HASH_SHA384
                     : strstr(file, "sha512") != NULL ? HASH_SHA512
                                                      : HASH_SHA1;
    size_t len = (size_t)json_integer_value(json_object_get(group, "tagSize")) / 8;
    bytes key = hex_of(test, "key", &first), text = hex_of(test, "msg", &second), tag = hex_of(test, "tag", &third);
    struct crypto_hmac m;
    uint8_t out[HASH_MAX];
    crypto_hmac_key(&m, hash, key);
    crypto_hmac_of(&m, bytes_first(text, text.len / 3), bytes_skip(text, text.len / 3), BYTES_NONE, out);
    return bytes_equal_secret(bytes_of(out, len), tag) ? ACCEPTED : REFUSED;
}

// clang-format off
static const struct {
    const char *type;
    enum outcome (*run)(const char *file, json_t *group, json_t *test);
} runners[] = {
    {"AeadTest", run_aead}, {"EcdhTest", run_ecdh}, {"EcdhEcpointTest", run_ecdh}, {"XdhComp", run_xdh},
    {"XdhAsnComp", run_xdh}, {"EcdsaVerify", run_ecdsa}, {"RsassaPkcs1Verify", run_pkcs1}, {"RsassaPssVerify", run_pss},
    {"RsassaPssWithParametersVerify", run_pss}, {"EddsaVerify", run_eddsa}, {"MacTest", run_mac},
};
static const struct { const char *start, *why; } left_out[] = {
    {"aes_ccm", "no CCM suite"}, {"hkdf", "TLS 1.3 key schedule"}, {"mlkem", "no ML-KEM in this libcrypto"},
    {"rsa_pkcs1", "no RSA key transport"}, {"ec_prime", "curve parameters: named curves only"},
};
// clang-format on

/* ---- Files. */

/* "acceptable" in general, but not here: a secret of zeros (RFC 7748 6.1), a point in compressed form (RFC 8422
   5.1.2), a DigestInfo without NULL (RFC 8017 A.2.4), curves and keys in odd encodings. */
static bool must_be_refused(json_t *test)
{
    static const char *const refused[] = {"ZeroSharedSecret", "CompressedPoint", "MissingNull", "UnnamedCurve",
                                          "InvalidAsn"};
    size_t i;
    json_t *flag;
    json_array_foreach(json_object_get(test, "flags"), i, flag)
    {
        for (size_t n = 0; n < sizeof refused / sizeof refused[0]; n++)
            if (strcmp(json_string_value(flag), refused[n]) == 0)
                return true;
    }
    return false;
}

static void run_file(const char *dir, const char *name, struct count *total)
{
    char path[4096];
    json_error_t error;
    struct count count = {0};
    snprintf(path, sizeof path, "%s/%s", dir, name);
    json_t *root = json_load_file(path, 0, &error);
    if (root == NULL) {
        printf("%-52s can't be read: %s\n", name, error.text);
        total->failed++;
        return;
    }
    const char *why = NULL;
    for (size_t i = 0; i < sizeof left_out / sizeof left_out[0]; i++)
        if (strncmp(name, left_out[i].start, strlen(left_out[i].start)) == 0)
            why = left_out[i].why;
    size_t g, t;
    json_t *group, *test;
    json_array_foreach(json_object_get(root, "testGroups"), g, group)
    {
        enum outcome (*run)(const char *, json_t *, json_t *) = NULL;
        for (size_t i = 0; why == NULL && i < sizeof runners / sizeof runners[0]; i++)
            if (strcmp(runners[i].type, text_of(group, "type")) == 0)
                run = runners[i].run;
        json_array_foreach(json_object_get(group, "tests"), t, test)
        {
            const char *want = text_of(test, "result");
            why_skipped = why != NULL ? why : "kind of test";
            enum outcome outcome = run != NULL ? run(name, group, test) : SKIPPED;
            if (outcome == SKIPPED) {
                count.skipped++;
                count.why = why_skipped;
            } else if (strcmp(want, "acceptable") == 0 && !must_be_refused(test)) {
                count.acceptable++;
            } else if (outcome == (strcmp(want, "valid") == 0 ? ACCEPTED : REFUSED)) {
                count.passed++;
            } else {
                count.failed++;
                printf("  %s, test %lld: %s, but was %s (%s)\n", name,
                       json_integer_value(json_object_get(test, "tcId")), want,
                       outcome == REFUSED ? "refused" : "accepted", text_of(test, "comment"));
            }
        }
    }
    json_decref(root);
    printf("%-52s %5u passed, %u failed, %u skipped, %u acceptable", name, count.passed, count.failed, count.skipped,
           count.acceptable);
    printf(count.why != NULL ? " (%s)\n" : "\n", count.why);
    total->passed += count.passed;
    total->failed += count.failed;
    total->skipped += count.skipped;
    total->acceptable += count.acceptable;
}

static int is_data(const struct dirent *entry)
{
    size_t n = strlen(entry->d_name);
    return n > 5 && strcmp(entry->d_name + n - 5, ".json") == 0;
}

int main(int argc, char **argv)
{
    struct dirent **names;
    struct count total = {0};
    if (argc != 2) {
        fprintf(stderr, "usage: wycheproof DIR\n");
        return 2;
    }
    int n = scandir(argv[1], &names, is_data, alphasort);
    if (n < 0) {
        printf("wycheproof: skipped, there is no folder %s\n", argv[1]);
        return SKIPPED_RUN;
    }
    if (!crypto_start())
        return 1;
    for (int i = 0; i < n; i++) {
        run_file(argv[1], names[i]->d_name, &total);
        free(names[i]);
    }
    free(names);
    printf("wycheproof: %u passed, %u failed, %u skipped, %u acceptable\n", total.passed, total.failed, total.skipped,
           total.acceptable);
    return total.failed == 0 && total.passed > 0 ? 0 : 1;
}
