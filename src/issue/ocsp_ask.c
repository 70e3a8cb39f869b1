/* issue/ocsp_ask.c: a question to an OCSP responder written (RFC 6960 4.1, RFC 9654), where to send it, and the nonce of what
   comes back (fede/verify.h). */
#include "issue/issue.h"
#include "x509/ocsp.h"

void ocsp_write_id(struct der_out *w, const struct certificate *issuer, bytes serial)
{
    uint8_t hash[HASH_MAX];
    size_t id = der_open(w, DER_SEQUENCE), algorithm = der_open(w, DER_SEQUENCE);
    der_put_oid(w, "1.3.14.3.2.26");
    der_put(w, DER_NULL, BYTES_NONE);
    der_close(w, algorithm);
    crypto_hash_once(HASH_SHA1, issuer->subject, hash);
    der_put(w, DER_OCTET_STRING, bytes_of(hash, hash_len(HASH_SHA1)));
    ocsp_key_hash(issuer, HASH_SHA1, hash);
    der_put(w, DER_OCTET_STRING, bytes_of(hash, hash_len(HASH_SHA1)));
    der_put(w, DER_INTEGER, serial);
    der_close(w, id);
}

void ocsp_write_nonce(struct der_out *w, uint8_t tag, bytes nonce)
{
    if (nonce.len == 0)
        return;
    size_t outer = der_open(w, tag), list = der_open(w, DER_SEQUENCE), one = der_open(w, DER_SEQUENCE);
    der_put_oid(w, "1.3.6.1.5.5.7.48.1.2");
    size_t value = der_open(w, DER_OCTET_STRING);
    der_put(w, DER_OCTET_STRING, nonce);
    der_close(w, value);
    der_close(w, one);
    der_close(w, list);
    der_close(w, outer);
}

size_t fede_ocsp_request(fede_bytes certificate, fede_bytes issuer_der, fede_bytes nonce, uint8_t *out, size_t size)
{
    struct certificate c, issuer;
    fede_error ignored = {0};
    if (!crypto_start() || !certificate_read(certificate, &c, &ignored) || !certificate_read(issuer_der, &issuer, &ignored))
        return 0;
    struct der_out w = der_to(out, size);
    size_t whole = der_open(&w, DER_SEQUENCE), tbs = der_open(&w, DER_SEQUENCE);
    size_t list = der_open(&w, DER_SEQUENCE), one = der_open(&w, DER_SEQUENCE);
    ocsp_write_id(&w, &issuer, c.serial);
    der_close(&w, one);
    der_close(&w, list);
    ocsp_write_nonce(&w, DER_CONTEXT_CONSTRUCTED(2), nonce);
    der_close(&w, tbs);
    der_close(&w, whole);
    return w.over ? 0 : w.len;
}

fede_bytes fede_ocsp_nonce(fede_bytes response)
{
    struct ocsp_response r;
    const char *problem;
    return ocsp_read(response, &r, &problem) ? r.nonce : BYTES_NONE;
}

/* AuthorityInfoAccess, RFC 5280 4.2.2.1: descriptions with the method id-ad-ocsp and a URI. */
fede_bytes fede_ocsp_url(fede_bytes certificate, size_t i)
{
    static const uint8_t method[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01};
    struct certificate c;
    fede_error ignored = {0};
    bytes list, description, oid, url;
    if (!certificate_read(certificate, &c, &ignored) || c.authority_info.data == NULL ||
        !der_only(c.authority_info, DER_SEQUENCE, &list))
        return BYTES_NONE;
    for (struct der d = der_in(list); der_more(&d) && der_read(&d, DER_SEQUENCE, &description);) {
        struct der a = der_in(description);
        if (der_oid(&a, &oid) && bytes_equal(oid, BYTES_OF(method)) && der_read(&a, DER_CONTEXT(NAME_URI), &url) && i-- == 0)
            return url;
    }
    return BYTES_NONE;
}
