/* Keys and PKCS#12 files under arbitrary bytes, with libcrypto as it is: plain keys (0), encrypted ones (1), PKCS#12 (2), each with
   the password "word". Counts of iterations that would only take time are passed over. */
#include "crypto/crypto.h"
#include "fuzz/want.h"

/* An INTEGER of three bytes or more may be a count above 65,535. */
static bool slow(bytes in)
{
    for (size_t i = 0; i + 5 < in.len; i++)
        if (in.data[i] == 2 && in.data[i + 1] >= 3 && in.data[i + 1] <= 8)
            return true;
    return false;
}

/* What was opened is a key or it is not; never half of one. */
static void opened(enum crypto_lock lock, struct crypto_opened *o, bool with_chain)
{
    want((lock == LOCK_OPENED) == (o->key != NULL) && (o->key == NULL) == (o->key_len == 0));
    want(lock != LOCK_OPENED || !with_chain || o->chain_len > 0);
    if (lock == LOCK_OPENED)
        crypto_key_free(crypto_key_read(bytes_of(o->key, o->key_len)));
    crypto_opened_free(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct crypto_opened o;
    if (size == 0 || size > 8192 || !crypto_start())
        return 0;
    bytes in = {data + 1, size - 1};
    if (data[0] == 0) {
        struct crypto_key *key = crypto_key_read(in);
        want(key == NULL || (crypto_key_bits(key) > 0 && crypto_key_spki(key).len > 0));
        crypto_key_free(key);
    } else if (data[0] == 1) {
        enum crypto_lock lock = crypto_open_key(in, NULL, &o);
        want(lock != LOCK_OPENED && lock != LOCK_WRONG);
        opened(lock, &o, false);
        if (!slow(in))
            opened(crypto_open_key(in, "word", &o), &o, false);
    } else if (!slow(in)) {
        opened(crypto_open_p12(in, data[0] == 2 ? "word" : NULL, &o), &o, true);
    }
    return 0;
}
