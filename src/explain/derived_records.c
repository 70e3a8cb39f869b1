/* explain/derived_records.c: one protected record taken apart and opened again (RFC 5246 6.2.3, RFC 9846 5.2).

   Its nonce, what is authenticated beside the content, tag or MAC and padding, by the keys as they were when it came. */
#include "explain/derived.h"

#include "base/memory.h"
#include "explain/protection.h"
#include "explain/ssl3.h"

static void authenticated(const struct protection *p, bytes record, const struct record_parts *parts,
                          struct derived_record *out);
static bool protection_of(const struct dissection *d, bytes keys, uint8_t from, struct protection *p, bytes *iv);

bool derived_record(const struct dissection *d, bytes keys, uint8_t from, bytes record, uint64_t sequence,
                    struct derived_record *out)
{
    struct protection p = {0};
    struct record_parts parts;
    const bool mac_last = d->mac_last;
    *out = (struct derived_record){.sequence = sequence, .outcome = VERDICT_OPEN};
    if (!protection_of(d, keys, from, &p, &out->iv))
        return false;
    p.mac_last = mac_last;
    p.sequence = sequence;
    /* A stream cipher's state is that of all records before: only the first can be opened by itself. */
    const bool stream = !p.suite.aead && !p.suite.cbc && p.suite.key_len > 0;
    if ((stream && sequence > 0) || !protection_parts(&p.suite, p.version, mac_last, record.len, &parts)) {
        protection_end(&p);
        return false;
    }
    out->explicit_nonce = bytes_of(record.data + parts.nonce, parts.nonce_len);
    out->tag = bytes_of(record.data + parts.tag, parts.tag_len);
    uint8_t *copy = memory_take(&memory_standard, record.len);
    if (copy == NULL) {
        out->why = "there was not enough memory";
    } else {
        out->outcome = protection_open(&p, record, copy, &parts) ? VERDICT_VERIFIED : VERDICT_FAILED;
        out->why = parts.why;
        out->mac_len = (uint8_t)parts.mac_len;
        bytes_copy(out->mac, copy + parts.mac, parts.mac_len);
        out->padding_len = parts.padding_len;
        bytes_wipe(copy, record.len);
    }
    memory_give(&memory_standard, copy, record.len);
    authenticated(&p, record, &parts, out);
    protection_end(&p);
    return true;
}

/* Nonce, and what is authenticated beside the content. */
static void authenticated(const struct protection *p, bytes record, const struct record_parts *parts,
                          struct derived_record *out)
{
    enum { HEADER = 5 };
    size_t len = parts->plain_len;
    if (p->suite.cbc && p->mac_last)
        len = parts->nonce_len + parts->cipher_len;
    if (p->version >= 0x0304) {
        bytes_copy(out->additional, record.data, HEADER);
        out->additional_len = HEADER;
    } else {
        store64(out->additional, out->sequence);
        bytes_copy(out->additional + 8, record.data, 3);
        store16(out->additional + 11, (uint16_t)len);
        out->additional_len = sizeof out->additional;
        if (p->version == SSL3_VERSION) { /* without the version */
            store16(out->additional + 9, (uint16_t)len);
            out->additional_len = 11;
        }
    }
    if (!p->suite.aead)
        return;
    out->nonce_len = sizeof out->nonce;
    protection_nonce(p, out->explicit_nonce, out->nonce);
}

/* The keys as they were when this record came. iv: as borrowed from d or keys. */
static bool protection_of(const struct dissection *d, bytes keys, uint8_t from, struct protection *p, bytes *iv)
{
    struct suite_parts suite = suite_parts(d->suite);
    bytes mac_key = BYTES_NONE, key = BYTES_NONE;
    if (protection_missing(&suite, d->version) != NULL)
        return false;
    if (d->version >= 0x0304)
        return d->traffic_secret[from % 3].len > 0 && protection_set13(p, &suite, d->traffic_secret[from % 3]);
    if (d->observed.renegotiated)
        keys = d->block_of[from % 3];
    if (keys.len == 0 ||
        keys.len < protection_key_block(&suite, d->version, from == FEDE_CLIENT, keys, &mac_key, &key, iv))
        return false;
    if (suite.cbc && d->version < 0x0302 && d->block_before[from % 3].len > 0)
        *iv = bytes_of(d->block_before[from % 3].bytes, d->block_before[from % 3].len);
    return protection_set(p, &suite, d->version, mac_key, key, *iv);
}
