/* Records sealed and opened again with every kind of protection there is, and with real keys. The first byte chooses the suite and
   the order of CBC and MAC; then steps: what, two bytes of place and length, more. A record that nothing happened to opens to
   what was put in, an altered one never opens. What the other side may not do is done by hand: a CBC record whose padding and
   MAC are the input's, which opens exactly when a plain reading of RFC 5246 6.2.3.2 says so. Between the steps come frames and
   fragments of any bytes. */
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/memory.h"
#include "fuzz/want.h"
#include "record/record.h"

enum { SUITES = 64, TEXT_MOST = 600, RECORD_ROOM = 2000 };
enum { GOOD, ALTERED, CUT_OFF, FRAME, MESSAGES, CRAFTED, STEPS };

struct ways {
    const struct suite *suite;
    bool encrypt_then_mac;
    uint8_t key[32], mac_key[64], iv[12];
    struct direction out, in;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct suite *choose(uint8_t n)
{
    const struct suite *all[SUITES];
    size_t count = 0;
    for (size_t i = 0; count < SUITES && suite_at(i) != NULL; i++)
        all[count++] = suite_at(i);
    for (size_t i = 0; count < SUITES && suite_legacy_at(i) != NULL; i++)
        all[count++] = suite_legacy_at(i);
    return all[n % count];
}

static bool set(struct ways *w, struct direction *d, bool seals)
{
    if (w->suite->mac == 0) {
        direction_set(d, w->suite, w->key, w->iv);
        return true;
    }
    return direction_set_cbc(d, &(struct crypto_cbc_setup){.suite = w->suite,
                                                          .key = bytes_of(w->key, w->suite->key_len),
                                                          .mac_key = bytes_of(w->mac_key, hash_len(w->suite->mac)),
                                                          .seals = seals,
                                                          .encrypt_then_mac = w->encrypt_then_mac,
                                                          .version = 0x0303});
}

static bool open_one(struct ways *w, uint8_t *record, size_t len, bytes *plain, fede_error *error)
{
    struct frame frame = {.header = {.type = record[0], .version = 0x0303, .len = (uint16_t)(len - RECORD_HEADER)}, .total = len};
    bool opened = record_open(&w->in, record, &frame, plain, error);
    want(opened == (error->reason == FEDE_OK));
    return opened;
}

/* Sealed; then left as it is, altered, or cut. */
static void sealed(struct ways *w, unsigned step, uint16_t number, bytes text)
{
    uint8_t record[RECORD_ROOM], copy[TEXT_MOST];
    fede_error error = {0};
    bytes plain, in = bytes_first(text, TEXT_MOST);
    bytes_copy(copy, in.data, in.len);
    size_t len = record_seal(&w->out, number & 1 ? CONTENT_DATA : CONTENT_HANDSHAKE, in, record, &error);
    want(len > 0 && len <= record_overhead(&w->out) + in.len);
    if (step == ALTERED)
        record[5 + number % (len - 5)] ^= (uint8_t)(1 + number / 256 % 255);
    else if (step == CUT_OFF)
        len = 5 + number % (len - 5);
    if (step != GOOD) {
        uint64_t at = w->in.sequence;
        want(!open_one(w, record, len, &plain, &error) && plain.len == 0 && w->in.sequence == at);
        w->in.sequence++; /* as if the good one had come */
        return;
    }
    bool opened = open_one(w, record, len, &plain, &error);
    want(opened == (in.len > 0 || number & 1));
    want(!opened || (plain.len == in.len && memcmp(plain.data, copy, in.len) == 0));
    if (!opened)
        w->in.sequence++;
}

/* What one side would have to send for the MAC to be right: HMAC(sequence, type, version, length, text). */
static size_t mac_of(const struct ways *w, bytes text, uint8_t *out)
{
    uint8_t message[13 + RECORD_ROOM];
    unsigned len = 0;
    const EVP_MD *const md = w->suite->mac == HASH_SHA1 ? EVP_sha1() : w->suite->mac == HASH_SHA256 ? EVP_sha256() : EVP_sha384();
    store64(message, w->in.sequence);
    message[8] = CONTENT_DATA;
    store16(message + 9, 0x0303);
    store16(message + 11, (uint16_t)text.len);
    bytes_copy(message + 13, text.data, text.len);
    want(HMAC(md, w->mac_key, (int)hash_len(w->suite->mac), message, 13 + text.len, out, &len) != NULL);
    return len;
}

/* in: text, then where the MAC would be wrong, then padding; all of them the input's. */
static void crafted(struct ways *w, uint16_t number, bytes in)
{
    uint8_t block[RECORD_ROOM], record[RECORD_ROOM] = {CONTENT_DATA, 3, 3}, *body = record + RECORD_HEADER, mac[64];
    if (w->suite->mac == 0 || w->encrypt_then_mac)
        return;
    size_t text_len = number % 300, mac_len = hash_len(w->suite->mac), n;
    bytes text = bytes_first(in, text_len), padding = bytes_first(bytes_skip(in, text.len), 300);
    bool wrong = number & 0x8000;
    bytes_copy(block, text.data, n = text.len);
    mac_of(w, text, mac);
    mac[number / 512 % mac_len] ^= wrong;
    bytes_copy(block + n, mac, mac_len);
    n += mac_len;
    bytes_copy(block + n, padding.data, padding.len);
    n += padding.len;
    if (number & 0x4000) /* up to a block, and right */
        for (uint8_t fill = (uint8_t)(15 - n % 16), k = 0; k <= fill; k++)
            block[n++] = fill;
    n -= n % 16;
    if (n == 0)
        return;
    /* Read as the standard says, without a thought for time. */
    size_t pad = block[n - 1] + 1u;
    bool good = n >= pad + mac_len;
    for (size_t i = 0; good && i < pad; i++)
        good = block[n - 1 - i] == block[n - 1];
    size_t len = good ? n - pad - mac_len : 0;
    uint8_t right[64];
    good = good && (mac_of(w, bytes_of(block, len), right), memcmp(right, block + len, mac_len) == 0);

    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    int out = 0;
    memset(body, 0x11, 16);
    want(cipher != NULL && EVP_EncryptInit_ex(cipher, w->suite->key_len == 16 ? EVP_aes_128_cbc() : EVP_aes_256_cbc(), NULL, w->key, body) &&
         EVP_CIPHER_CTX_set_padding(cipher, 0) && EVP_EncryptUpdate(cipher, body + 16, &out, block, (int)n) && (size_t)out == n);
    EVP_CIPHER_CTX_free(cipher);
    bytes plain;
    fede_error error = {0};
    bool opened = open_one(w, record, RECORD_HEADER + 16 + n, &plain, &error);
    want(opened == good && (!opened || (plain.len == len && memcmp(plain.data, block, len) == 0)));
    w->out.sequence += opened;
}

static void frames(uint16_t number, bytes in)
{
    static const uint16_t versions[] = {0, 0x0303, 0x0302, 0x0300};
    struct frame frame;
    size_t need = 0;
    fede_error error = {0};
    enum frame_outcome outcome = frame_next(in, number & 1, number & 2, versions[number / 4 % 4], &frame, &need, &error);
    want((outcome == FRAME_BAD) == (error.reason != FEDE_OK));
    want(outcome != FRAME_MORE || need > in.len);
    want(outcome != FRAME_WHOLE || (frame.total <= in.len && frame.header.len <= RECORD_CIPHER_MAX));
    size_t hello = ssl2_hello_len(in);
    uint8_t out[RECORD_ROOM * 2];
    if (hello > 0 && hello <= in.len && hello <= RECORD_ROOM)
        want(ssl2_hello_rewrite(bytes_first(in, hello), out) <= hello + 64);
}

/* However they are cut into records, the same messages come out. */
static void messages(uint16_t number, bytes in)
{
    size_t lengths[2][64], n[2] = {0};
    for (int way = 0; way < 2; way++) {
        struct fragments f = {0};
        fede_error error = {0};
        bytes rest = in, message;
        enum fragment_outcome outcome = FRAGMENT_MORE;
        while (rest.len > 0 && outcome != FRAGMENT_BAD && n[way] < 64) {
            bytes piece = bytes_first(rest, way == 0 ? rest.len : 1u + number % 50);
            rest = bytes_skip(rest, piece.len);
            fragment_feed(&f, piece);
            while (n[way] < 64 && (outcome = fragment_next(&f, &memory_standard, 4096, &message, &error)) == FRAGMENT_MESSAGE) {
                want(message.len >= 4);
                lengths[way][n[way]++] = message.len;
            }
        }
        want((outcome == FRAGMENT_BAD) == (error.reason != FEDE_OK));
        fragments_end(&f, &memory_standard);
    }
    want(n[0] == n[1] && memcmp(lengths[0], lengths[1], n[0] * sizeof lengths[0][0]) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ways w = {0};
    if (size < 2 || !crypto_start())
        return 0;
    w.suite = choose(data[0] & 127);
    w.encrypt_then_mac = data[0] & 128;
    memset(w.key, 1, sizeof w.key);
    memset(w.mac_key, 2, sizeof w.mac_key);
    memset(w.iv, 3, sizeof w.iv);
    want(set(&w, &w.out, true) && set(&w, &w.in, false));
    for (bytes in = {data + 1, size - 1}; in.len >= 4;) {
        unsigned step = in.data[0] % STEPS;
        uint16_t number = load16(in.data + 1);
        bytes text = bytes_first(bytes_skip(in, 4), (size_t)in.data[3] * 4);
        in = bytes_skip(in, 4 + text.len);
        if (step == FRAME)
            frames(number, text);
        else if (step == MESSAGES)
            messages(number, text);
        else if (step == CRAFTED)
            crafted(&w, number, text);
        else
            sealed(&w, step, number, text);
        if (number & 0x100) {
            direction_rest(&w.in);
            direction_rest(&w.out);
        }
    }
    direction_end(&w.in);
    direction_end(&w.out);
    return 0;
}
