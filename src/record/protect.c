/* record/protect.c: protection of one direction's records: RFC 5246 6.2.3.3, AES-GCM by RFC 5288, ChaCha20-Poly1305
   by RFC 7905; AES-CBC with HMAC by crypto/legacy.h.

   Nonce and additional data are put together in crypto_seal_record and crypto_open_record; here are the sequence
   number, the limits, and the life of the AEAD object, which is only a cache of the key: direction_rest drops it, the
   next record makes it anew. Records are sealed and opened in place and nothing is allocated for one. The explicit
   nonce of GCM is the sequence number, so it never repeats under a key. */
#include "base/error.h"
#include "record/record.h"

enum { TAG = 16, BLOCK = 16 };

static bool wake(struct direction *d, fede_error *error);
static bool may_protect(struct direction *d, size_t len, fede_error *error);

size_t record_seal(struct direction *d, enum content type, bytes plain, uint8_t *out, fede_error *error)
{
    const size_t at = record_plain_at(d), overhead = record_overhead(d);
    if (plain.len > RECORD_PLAIN_MAX) {
        error_set(error, FEDE_INTERNAL, FEDE_ORIGIN_INTERNAL, "record.length", (int64_t)plain.len, RECORD_PLAIN_MAX);
        return 0;
    }
    if (plain.data != out + at)
        bytes_move(out + at, plain.data, plain.len);
    size_t body = overhead - RECORD_HEADER + plain.len;
    if (d->suite != NULL) {
        if (!may_protect(d, plain.len, error) || !wake(d, error))
            return 0;
        struct crypto_record record = {.iv = d->iv, .sequence = d->sequence, .type = (uint8_t)type};
        bool sealed = d->cbc != NULL ? crypto_cbc_seal(d->cbc, &record, out + RECORD_HEADER, plain.len)
                                     : crypto_seal_record(&d->aead, &record, out + RECORD_HEADER, plain.len);
        body = d->cbc != NULL ? crypto_cbc_sealed_len(d->cbc, plain.len) : body;
        if (!sealed) {
            bytes_wipe(out, overhead + plain.len);
            error_set(error, FEDE_CRYPTO_FAILED, FEDE_ORIGIN_INTERNAL, "record", 0, 0);
            return 0;
        }
    }
    out[0] = (uint8_t)type;
    store16(out + 1, 0x0303);
    store16(out + 3, (uint16_t)body);
    d->sequence++;
    return RECORD_HEADER + body;
}

bool record_open(struct direction *d, uint8_t *record, const struct frame *frame, bytes *plain, fede_error *error)
{
    uint8_t *body = record + RECORD_HEADER;
    const size_t len = frame->header.len, more = d->cbc != NULL ? 0 : record_overhead(d) - RECORD_HEADER;
    size_t plain_len = len - more;
    *plain = BYTES_NONE;
    if (len < more)
        return error_set(error, FEDE_RECORD_TOO_SHORT, FEDE_ORIGIN_US, "record.length", (int64_t)len, (int64_t)more);
    if (d->sequence == UINT64_MAX) /* it may not come back to zero under the same key */
        return error_set(error, FEDE_RECORD_LIMIT, FEDE_ORIGIN_US, "record", INT64_MAX, 0);
    if (d->suite != NULL) {
        struct crypto_record r = {.iv = d->iv, .sequence = d->sequence, .type = frame->header.type};
        if (!wake(d, error))
            return false;
        /* Every fault of a CBC record, its length too, is this one error. */
        if (d->cbc != NULL ? !crypto_cbc_open(d->cbc, &r, body, len, &plain_len)
                           : !crypto_open_record(&d->aead, &r, body, len))
            return error_set(error, FEDE_RECORD_MAC, FEDE_ORIGIN_US, "record", (int64_t)d->sequence, 0);
    }
    if (plain_len > RECORD_PLAIN_MAX)
        return error_set(error, FEDE_RECORD_OVERFLOW, FEDE_ORIGIN_US, "record.length", (int64_t)plain_len,
                         RECORD_PLAIN_MAX);
    if (plain_len == 0 && frame->header.type != CONTENT_DATA)
        return error_set(error, FEDE_RECORD_EMPTY, FEDE_ORIGIN_US, "record.length", frame->header.type, 1);
    d->sequence++;
    *plain = bytes_of(record + record_plain_at(d), plain_len);
    return true;
}

void direction_set(struct direction *d, const struct suite *suite, const uint8_t *key, const uint8_t *iv)
{
    direction_end(d);
    d->suite = suite;
    bytes_copy(d->key, key, suite->key_len);
    bytes_copy(d->iv, iv, suite->iv_len);
}

bool direction_set_cbc(struct direction *d, const struct crypto_cbc_setup *setup)
{
    direction_end(d);
    d->suite = setup->suite;
    d->cbc = crypto_cbc_new(setup);
    return d->cbc != NULL;
}

void direction_rest(struct direction *d)
{
    crypto_aead_end(&d->aead);
}

void direction_take_over(struct direction *d, struct direction *other)
{
    if (d->suite != NULL && d->suite == other->suite && d->aead.cipher == NULL && other->aead.cipher != NULL)
        crypto_aead_take_over(&d->aead, &other->aead, bytes_of(d->key, d->suite->key_len));
}

void direction_end(struct direction *d)
{
    direction_rest(d);
    crypto_cbc_free(d->cbc);
    bytes_wipe(d, sizeof *d);
}

size_t record_overhead(const struct direction *d)
{
    if (d->cbc != NULL)
        return RECORD_HEADER + crypto_cbc_overhead(d->cbc);
    return d->suite == NULL ? RECORD_HEADER : record_plain_at(d) + TAG;
}

size_t record_plain_at(const struct direction *d)
{
    return RECORD_HEADER + (d->suite == NULL ? 0u : (size_t)d->suite->explicit_len);
}

static bool wake(struct direction *d, fede_error *error)
{
    if (d->cbc != NULL || d->aead.cipher != NULL ||
        crypto_aead_start(&d->aead, d->suite->aead, bytes_of(d->key, d->suite->key_len)))
        return true;
    return error_set(error, FEDE_OUT_OF_MEMORY, FEDE_ORIGIN_INTERNAL, "record", 0, 0);
}

/* Counts what the key has encrypted: small records cost what they cost, not a whole one. */
static bool may_protect(struct direction *d, size_t len, fede_error *error)
{
    const uint64_t blocks = d->suite->aead == AEAD_CHACHA20_POLY1305 ? 0 : (len + BLOCK - 1) / BLOCK + 1;
    if (d->sequence == UINT64_MAX || d->blocks > RECORD_BLOCKS_MAX - blocks)
        return error_set(error, FEDE_RECORD_LIMIT, FEDE_ORIGIN_US, "record", (int64_t)(d->sequence & INT64_MAX), 0);
    d->blocks += blocks;
    return true;
}
