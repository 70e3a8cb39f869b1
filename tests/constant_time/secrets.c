/* constant_time/secrets.c: the quarantined primitives under valgrind with everything secret marked as undefined. memcheck
   follows undefined bits through all arithmetic and reports each branch and each address that depends on one: what it would
   report here, time would show to an attacker. Opening CBC records: the cipher's key is secret, so the padded plaintext is,
   so whether padding and MAC are right is, until the function has returned. Unwrapping RSA: what the private operation gave
   is secret, and so is what is taken instead.

   With the argument "broken" it does what must not be done, in the ways of the known attacks; then memcheck must report. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "crypto/legacy.h"

static const struct crypto_record first = {.sequence = 1, .type = 23};
static size_t runs, opened_in_all;

static struct crypto_cbc *make(const struct suite *suite, bool seals, bool etm)
{
    static uint8_t key[32] = "an AES key of 128 or of 256 bits", mac_key[48] = "a key for the hash";
    struct crypto_cbc_setup setup = {.suite = suite,
                                     .key = bytes_of(key, suite->key_len),
                                     .mac_key = bytes_of(mac_key, hash_len((enum hash)suite->mac)),
                                     .seals = seals,
                                     .encrypt_then_mac = etm,
                                     .version = 0x0303};
    if (!seals)
        VALGRIND_MAKE_MEM_UNDEFINED(key, sizeof key);
    if (!seals && !etm) /* the other way round, a wrong MAC is where the record ends, for all to see */
        VALGRIND_MAKE_MEM_UNDEFINED(mac_key, sizeof mac_key);
    struct crypto_cbc *c = crypto_cbc_new(&setup);
    VALGRIND_MAKE_MEM_DEFINED(key, sizeof key);
    VALGRIND_MAKE_MEM_DEFINED(mac_key, sizeof mac_key);
    if (c == NULL)
        exit(2);
    return c;
}

/* fault 0: none; else a byte of the padding, of the MAC, of the text is altered under the cipher. */
static void open_one(const struct suite *suite, bool etm, size_t len, int fault)
{
    static uint8_t body[2048];
    struct crypto_cbc *out = make(suite, true, etm), *in = make(suite, false, etm);
    const size_t n = crypto_cbc_sealed_len(out, len), mac = hash_len((enum hash)suite->mac);
    memset(body + CBC_BLOCK, 'x', len);
    if (!crypto_cbc_seal(out, &first, body, len))
        exit(2);
    const size_t places[] = {0, n - CBC_BLOCK - 1, n - CBC_BLOCK - 1 - mac / 2, CBC_BLOCK / 2};
    if (fault > 0 && !etm)
        body[places[fault]] ^= (uint8_t)(1 + 37 * fault);
    size_t plain_len;
    bool opened = crypto_cbc_open(in, &first, body, n, &plain_len);
    VALGRIND_MAKE_MEM_DEFINED(&opened, sizeof opened); /* from here on it is said with an alert, or with the data */
    VALGRIND_MAKE_MEM_DEFINED(&plain_len, sizeof plain_len);
    VALGRIND_MAKE_MEM_DEFINED(body, sizeof body);
    if (opened != (fault == 0 || etm) || (opened && plain_len != len))
        exit(3);
    opened_in_all += opened;
    runs++;
    crypto_cbc_free(out);
    crypto_cbc_free(in);
}

static void unwrap_one(int fault)
{
    uint8_t encoded[256], instead[PREMASTER_LEN], premaster[PREMASTER_LEN];
    memset(encoded, 7, sizeof encoded);
    memset(instead, 9, sizeof instead);
    encoded[0] = fault == 1;
    encoded[1] = 2 + (fault == 2);
    encoded[sizeof encoded - PREMASTER_LEN - 1] = fault == 3;
    encoded[20] = fault == 4 ? 0 : 1;
    store16(encoded + sizeof encoded - PREMASTER_LEN, fault == 5 ? 0x0302 : 0x0303);
    VALGRIND_MAKE_MEM_UNDEFINED(encoded, sizeof encoded);
    VALGRIND_MAKE_MEM_UNDEFINED(instead, sizeof instead);
    crypto_rsa_take_premaster(BYTES_OF(encoded), 0x0303, instead, premaster);
    VALGRIND_MAKE_MEM_DEFINED(premaster, sizeof premaster);
    if ((premaster[5] == 9) != (fault != 0))
        exit(4);
    runs++;
}

/* Vaudenay's padding check, which stops at the first wrong byte, and a table read at a secret place. */
static int broken(void)
{
    static const uint8_t table[256];
    static volatile uint8_t out;
    uint8_t secret[64];
    memset(secret, 3, sizeof secret);
    VALGRIND_MAKE_MEM_UNDEFINED(secret, sizeof secret);
    size_t wrong = 0;
    for (size_t i = 0; i < secret[63]; i++)
        if (secret[62 - i % 32] != secret[63])
            wrong++;
    out = table[secret[1]];
    return wrong > 100 && out == 1;
}

int main(int argc, char **argv)
{
    static const size_t lengths[] = {0, 1, 15, 40, 51, 52, 107, 300, 1000};
    static const uint16_t suites[] = {0x002f, 0x003d, 0xc024};
    if (argc > 1 && strcmp(argv[1], "broken") == 0)
        return broken();
    if (!crypto_start())
        return 2;
    for (size_t s = 0; s < sizeof suites / sizeof suites[0]; s++)
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
            for (int fault = 0; fault < 4; fault++) {
                open_one(suite_by_id(suites[s]), false, lengths[i], fault);
                if (fault == 0)
                    open_one(suite_by_id(suites[s]), true, lengths[i], fault);
            }
    for (int fault = 0; fault < 6; fault++)
        unwrap_one(fault);
    printf("constant time: %zu runs%s, %zu records opened\n", runs,
           RUNNING_ON_VALGRIND ? "" : " (without valgrind: nothing is shown)", opened_in_all);
    return 0;
}
