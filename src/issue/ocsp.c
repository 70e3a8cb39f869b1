/* issue/ocsp.c: an OCSP response (RFC 6960 4.2) about one certificate, signed by its CA: what a server staples. What is written
   here is read by x509/ocsp.c. Responders that the CA delegates, nonces and requests have no place here. */
#include "issue/issue.h"

#include "base/error.h"
#include "base/memory.h"

enum { SHA1_LEN = 20 };

static void write_data(struct der_out *w, const struct certificate *issuer, fede_bytes serial,
                       const fede_revoked *revoked, int64_t from, int64_t to);
static void write_id(struct der_out *w, const struct certificate *issuer, bytes serial);
static bool wrap(bytes basic, uint8_t *out, size_t size, size_t *len);

size_t fede_issue_response(fede_bytes issuer_der, const fede_key *issuer_key, fede_bytes serial,
                           const fede_revoked *revoked, int64_t this_update, int64_t next_update, uint8_t *out,
                           size_t size, fede_error *error)
{
    struct certificate issuer;
    if (!issue_read_issuer(issuer_der, issuer_key, &issuer, error))
        return 0;
    uint8_t *room = memory_take(&memory_standard, 2 * size);
    size_t len = 0;
    if (room == NULL) {
        error_set(error, FEDE_OUT_OF_MEMORY, FEDE_ORIGIN_CALLER, NULL, 0, 0);
        return 0;
    }
    struct der_out w = der_to(room, size);
    write_data(&w, &issuer, serial, revoked, this_update, next_update);
    size_t basic = issue_sign(&w, issuer_key, 0, room + size, size, error);
    if (basic > 0 && !wrap(bytes_of(room + size, basic), out, size, &len)) {
        error_set(error, FEDE_OUTPUT_FAILED, FEDE_ORIGIN_CALLER, NULL, 0, 0);
        error->detail = "the room for what is issued is too small";
    }
    memory_give(&memory_standard, room, 2 * size);
    return len;
}

static void write_data(struct der_out *w, const struct certificate *issuer, fede_bytes serial,
                       const fede_revoked *revoked, int64_t from, int64_t to)
{
    size_t data = der_open(w, DER_SEQUENCE), by_name = der_open(w, DER_CONTEXT_CONSTRUCTED(1));
    der_add(w, issuer->subject);
    der_close(w, by_name);
    der_put_general_time(w, from);
    size_t list = der_open(w, DER_SEQUENCE), single = der_open(w, DER_SEQUENCE);
    write_id(w, issuer, serial);
    if (revoked == NULL) {
        der_put(w, DER_CONTEXT(0), BYTES_NONE); /* good */
    } else {
        size_t status = der_open(w, DER_CONTEXT_CONSTRUCTED(1));
        der_put_general_time(w, revoked->at);
        if (revoked->reason > 0) {
            size_t reason = der_open(w, DER_CONTEXT_CONSTRUCTED(0));
            der_put_number(w, DER_ENUMERATED, (uint64_t)revoked->reason);
            der_close(w, reason);
        }
        der_close(w, status);
    }
    der_put_general_time(w, from);
    size_t next = der_open(w, DER_CONTEXT_CONSTRUCTED(0));
    der_put_general_time(w, to);
    der_close(w, next);
    der_close(w, single);
    der_close(w, list);
    der_close(w, data);
}

/* SHA-1 names the issuer here and protects nothing; it is the one hash that all clients know (RFC 5019 2.1.1). */
static void write_id(struct der_out *w, const struct certificate *issuer, bytes serial)
{
    uint8_t hash[HASH_MAX];
    bytes content = BYTES_NONE, bits = BYTES_NONE;
    unsigned unused;
    size_t id = der_open(w, DER_SEQUENCE), algorithm = der_open(w, DER_SEQUENCE);
    der_put_oid(w, "1.3.14.3.2.26");
    der_put(w, DER_NULL, BYTES_NONE);
    der_close(w, algorithm);
    crypto_hash_once(HASH_SHA1, issuer->subject, hash);
    der_put(w, DER_OCTET_STRING, bytes_of(hash, SHA1_LEN));
    if (der_only(issuer->key.spki, DER_SEQUENCE, &content)) {
        struct der d = der_in(content);
        if (der_read(&d, DER_SEQUENCE, &content))
            der_bits(&d, &bits, &unused);
    }
    crypto_hash_once(HASH_SHA1, bits, hash);
    der_put(w, DER_OCTET_STRING, bytes_of(hash, SHA1_LEN));
    der_put(w, DER_INTEGER, serial);
    der_close(w, id);
}

/* OCSPResponse: successful, and the BasicOCSPResponse inside. */
static bool wrap(bytes basic, uint8_t *out, size_t size, size_t *len)
{
    struct der_out w = der_to(out, size);
    size_t whole = der_open(&w, DER_SEQUENCE);
    der_put_number(&w, DER_ENUMERATED, 0);
    size_t outer = der_open(&w, DER_CONTEXT_CONSTRUCTED(0)), typed = der_open(&w, DER_SEQUENCE);
    der_put_oid(&w, "1.3.6.1.5.5.7.48.1.1");
    der_put(&w, DER_OCTET_STRING, basic);
    der_close(&w, typed);
    der_close(&w, outer);
    der_close(&w, whole);
    *len = w.len;
    return !w.over;
}
