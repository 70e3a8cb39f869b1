/* explain/session_checks.c: what the two sides prove to each other, recomputed from the capture.

   Signatures of the certificates sent (each by the key of another one), of ServerKeyExchange (RFC 5246 7.4.3) and
   CertificateVerify (RFC 5246 7.4.8, RFC 9846 4.4.3), and verify_data of both Finished (RFC 5246 7.4.9, RFC 9846 4.4.4). Each
   ends in one of three verdicts: verified, FAILED, or not checkable because of something that is named. */
#include <stdlib.h>

#include "base/text.h"
#include "crypto/offline.h"
#include "explain/dissection.h"
#include "explain/pss.h"
#include "explain/raw_key.h"
#include "explain/session.h"
#include "explain/ssl3.h"
#include "explain/verified.h"
#include "keys/hkdf.h"
#include "keys/schedule12.h"
#include "x509/certificate.h"

static bool leaf_of(const struct session *s, uint8_t from, struct certificate *out);
static void check_signature(struct session *s, uint8_t from, const char *name, uint16_t scheme, bytes input,
                            bytes signature, const char *over);
static const char *no_finished(const struct session *s, enum hash prf);
static bool scheme_known(uint16_t id);

void session_tell_check(struct session *s, uint8_t from, enum check_outcome outcome, const char *name, const char *text)
{
    struct session_check c = {.outcome = (uint8_t)outcome, .from = from, .name = name, .at_us = s->now_us};
    struct text t = text_in(c.text, sizeof c.text);
    text_add(&t, text);
    s->failed_checks += outcome == CHECK_FAILED;
    s->listener->check(s->listener->arg, s, &c);
}

/* Each certificate's signature by the key of its issuer, when that was sent too. */
void check_certificates(struct session *s, uint8_t from, bytes der[], size_t n)
{
    struct certificate *list = calloc(n, sizeof *list);
    bool *read = calloc(n, sizeof *read);
    for (size_t i = 0; list != NULL && read != NULL && i < n; i++) {
        fede_error error = {0};
        read[i] = certificate_read(der[i], &list[i], &error);
    }
    for (size_t i = 0; list != NULL && read != NULL && i < n; i++) {
        char text[400];
        struct text t = text_in(text, sizeof text);
        enum check_outcome outcome = CHECK_IMPOSSIBLE;
        const struct certificate *c = &list[i], *issuer = NULL;
        certificate_title(der[i], &t);
        if (!read[i]) {
            text_add(&t, ": it can't be read as a certificate");
            session_tell_check(s, from, outcome, "certificate signature", text);
            continue;
        }
        for (size_t k = 0; k < n && outcome != CHECK_VERIFIED; k++) {
            if (!read[k] || !certificate_names_issuer(c, &list[k]) || list[k].key.kind == 0 ||
                !(scheme_known(c->scheme) || signature_is_pss(c)))
                continue;
            issuer = &list[k];
            bool good = verified_signature(s->listener->verified, c, issuer);
            outcome = good ? CHECK_VERIFIED : CHECK_FAILED;
        }
        if (issuer != NULL) {
            text_add(&t, issuer == c ? ": by its own key, " : ": by the key of ");
            if (issuer != c)
                certificate_title(issuer->der, &t);
            text_add(&t, issuer != c ? ", " : "");
            text_add(&t, scheme_known(c->scheme) ? scheme_title(c->scheme) : "RSASSA-PSS");
        } else if (!scheme_known(c->scheme) && !signature_is_pss(c)) {
            text_add(&t, ": its signature algorithm is not computed here");
        } else {
            char name[200];
            name_text(c->issuer, name, sizeof name);
            text_add(&t, ": its issuer is not among the certificates sent (");
            text_add(&t, name);
            text_add(&t, ")");
        }
        session_tell_check(s, from, outcome, "certificate signature", text);
    }
    free(list);
    free(read);
}

void check_key_exchange(struct session *s, bytes body)
{
    static const char name[] = "ServerKeyExchange signature";
    struct wire w = wire_reader(body);
    struct server_key_exchange m = {.kx = s->suite_parts.kx, .unnamed = s->version < 0x0303};
    wire_server_key_exchange(&w, &m);
    if (!wire_done(&w) || !m.is_signed) {
        if (!wire_done(&w))
            session_tell_check(s, FEDE_SERVER, CHECK_IMPOSSIBLE, name, "the message can't be read");
        return;
    }
    if (!s->answered || !s->hello) {
        session_tell_check(s, FEDE_SERVER, CHECK_IMPOSSIBLE, name, "not both hellos are in the capture");
        return;
    }
    uint8_t *input = malloc(64 + m.params.len);
    if (input == NULL)
        return;
    bytes_copy(input, s->randoms, 64);
    bytes_copy(input + 64, m.params.data, m.params.len);
    check_signature(s, FEDE_SERVER, name, m.scheme, bytes_of(input, 64 + m.params.len), m.signature,
                    "both randoms and the parameters");
    free(input);
}

void check_certificate_verify(struct session *s, uint8_t from, bytes body)
{
    static const char name[] = "CertificateVerify signature";
    struct wire w = wire_reader(body);
    struct certificate_verify m = {.unnamed = s->version < 0x0303};
    wire_certificate_verify(&w, &m);
    if (!wire_done(&w)) {
        session_tell_check(s, from, CHECK_IMPOSSIBLE, name, "the message can't be read");
        return;
    }
    if (s->spoken_lost || s->spoken_len == 0 || !s->hello) {
        session_tell_check(s, from, CHECK_IMPOSSIBLE, name, "not all messages before it are in the capture");
        return;
    }
    bytes spoken = bytes_of(s->spoken, s->spoken_len);
    if (s->version == SSL3_VERSION) {
        s->verify_at = s->spoken_len;
        return;
    }
    if (s->version < 0x0304) {
        check_signature(s, from, name, m.scheme, spoken, m.signature, "all messages before it");
        return;
    }
    const enum hash prf = suite_prf(&s->suite_parts, s->version);
    uint8_t input[64 + 64 + HASH_MAX];
    const char *context =
        from == FEDE_CLIENT ? "TLS 1.3, client CertificateVerify" : "TLS 1.3, server CertificateVerify";
    size_t at = 64;
    if (prf == 0)
        return;
    memset(input, ' ', 64);
    bytes_copy(input + at, context, strlen(context) + 1);
    at += strlen(context) + 1;
    crypto_hash_once(prf, spoken, input + at);
    check_signature(s, from, name, m.scheme, bytes_of(input, at + hash_len(prf)), m.signature,
                    "the transcript so far");
}

static void check_signature(struct session *s, uint8_t from, const char *name, uint16_t scheme, bytes input,
                            bytes signature, const char *over)
{
    struct certificate leaf;
    char text[400];
    struct text t = text_in(text, sizeof text);
    if (!leaf_of(s, from, &leaf) || leaf.key.kind == 0) {
        session_tell_check(s, from, CHECK_IMPOSSIBLE, name,
                           "the certificate with its key is not there, or can't be read");
        return;
    }
    const bool old = s->version < 0x0303 || scheme == 0x0201 || scheme == 0x0203; /* with SHA-1 */
    if (!old && !scheme_known(scheme)) {
        text_add(&t, scheme_title(scheme));
        text_add(&t, " is not computed here");
        session_tell_check(s, from, CHECK_IMPOSSIBLE, name, text);
        return;
    }
    bool fits = old ? leaf.key.kind <= KEY_EC_P521 && leaf.key.kind != KEY_RSA_PSS
                    : scheme_fits_key(scheme_by_id(scheme), (enum key_kind)leaf.key.kind, s->version);
    bool good = fits && (old ? offline_verify(&leaf.key, scheme, input, signature)
                             : crypto_verify(&leaf.key, scheme_by_id(scheme), input, signature));
    text_add(&t, s->version >= 0x0303         ? scheme_title(scheme)
                 : leaf.key.kind == KEY_RSA ? "RSA with MD5 and SHA-1"
                                              : "ECDSA with SHA-1");
    text_add(&t, " over ");
    text_add(&t, over);
    if (leaf.der.len > 0) {
        text_add(&t, ", by the key of ");
        certificate_title(leaf.der, &t);
    } else {
        text_add(&t, ", by the raw public key");
    }
    text_add(&t, fits ? "" : ", which is not of that kind");
    session_tell_check(s, from, good ? CHECK_VERIFIED : CHECK_FAILED, name, text);
}

/* In SSL 3.0 the master secret is signed too, and that is known only when a record has been opened. */
void check_ssl3_verify(struct session *s)
{
    static const char name[] = "CertificateVerify signature";
    const size_t at = s->verify_at;
    struct wire w = wire_reader(session_spoken(s, MSG_CERTIFICATE_VERIFY, at));
    struct certificate_verify m = {.unnamed = true};
    struct certificate leaf;
    uint8_t hashes[SSL3_HASHES];
    char text[400];
    struct text t = text_in(text, sizeof text);
    s->verify_at = 0;
    if (at == 0)
        return;
    wire_certificate_verify(&w, &m);
    const char *why = !wire_done(&w)                                           ? "the message can't be read"
                      : !s->keyed                                              ? "the master secret is not known: it is signed with the messages"
                      : !leaf_of(s, FEDE_CLIENT, &leaf) || leaf.key.kind == 0 ? "the certificate with its key is not there, or can't be read"
                                                                               : NULL;
    if (why != NULL) {
        session_tell_check(s, FEDE_CLIENT, CHECK_IMPOSSIBLE, name, why);
        return;
    }
    ssl3_hashes(BYTES_OF(s->master), 0, bytes_of(s->spoken, at), hashes);
    text_add(&t, "MD5 and SHA-1 over all messages before it and the master secret, by the key of ");
    certificate_title(leaf.der, &t);
    session_tell_check(s, FEDE_CLIENT, offline_verify_digest(&leaf.key, BYTES_OF(hashes), m.signature) ? CHECK_VERIFIED : CHECK_FAILED,
                       name, text);
}

void check_finished(struct session *s, uint8_t from, bytes body)
{
    if (from == FEDE_CLIENT)
        check_ssl3_verify(s);
    const char *name = from == FEDE_CLIENT ? "client Finished" : "server Finished";
    const enum hash prf = suite_prf(&s->suite_parts, s->version);
    const struct protection *key = &session_way(s, from)->key;
    const char *why = no_finished(s, prf);
    bool tls13 = s->version >= 0x0304;
    if (why == NULL && (tls13 ? key->secret_len == 0 : !s->keyed))
        why = "its secret is not known";
    if (why != NULL) {
        session_tell_check(s, from, CHECK_IMPOSSIBLE, name, why);
        return;
    }
    uint8_t hash[HASH_MAX], expected[HASH_MAX], finished_key[HASH_MAX];
    size_t len = hash_len(prf);
    crypto_hash_once(prf, bytes_of(s->spoken, s->spoken_len), hash);
    if (tls13) {
        struct crypto_hmac hmac;
        hkdf_expand_label(prf, bytes_of(key->secret, key->secret_len), "finished", BYTES_NONE, finished_key,
                          len);
        crypto_hmac_key(&hmac, prf, bytes_of(finished_key, len));
        crypto_hmac_of(&hmac, bytes_of(hash, len), BYTES_NONE, BYTES_NONE, expected);
        bytes_wipe(&hmac, sizeof hmac);
        bytes_wipe(finished_key, sizeof finished_key);
    } else if (s->version == SSL3_VERSION) {
        ssl3_hashes(BYTES_OF(s->master), from, bytes_of(s->spoken, s->spoken_len), expected);
        len = SSL3_HASHES;
    } else {
        verify_data_make(prf, s->master, from == FEDE_CLIENT, bytes_of(hash, len), expected);
        len = VERIFY_DATA_LEN;
    }
    char text[400];
    struct text t = text_in(text, sizeof text);
    bool good = bytes_equal(body, bytes_of(expected, len));
    text_add(&t, "verify_data ");
    text_add(&t, good ? "is" : "is not");
    text_add(&t, tls13 ? " what the handshake secret and the " : " what the master secret and the ");
    text_number(&t, s->n_messages);
    text_add(&t, " messages before it give");
    if (!good) {
        text_add(&t, ": it would be ");
        text_hex(&t, bytes_of(expected, len));
        text_add(&t, ", and is ");
        text_hex(&t, bytes_first(body, 64));
    }
    session_tell_check(s, from, good ? CHECK_VERIFIED : CHECK_FAILED, name, text);
}

/* Why verify_data can't be computed; NULL: it can. */
static const char *no_finished(const struct session *s, enum hash prf)
{
    if (prf == 0)
        return "the hash of this suite is not known here";
    if (s->ways[0].hidden_handshake || s->ways[1].hidden_handshake)
        return "a message before it could not be opened";
    return s->spoken_lost || !s->hello || !s->answered ? "not all messages before it are in the capture" : NULL;
}

/* Of a raw public key only the key is filled in. */
static bool leaf_of(const struct session *s, uint8_t from, struct certificate *out)
{
    fede_error error = {0};
    bytes leaf;
    if (raw_key_of(session_certificates(s, from), s->version >= 0x0304, &leaf)) {
        *out = (struct certificate){0};
        return shown_key(leaf, &out->key);
    }
    return session_chain(s, from, &leaf, 1) == 1 && certificate_read(leaf, out, &error);
}

/* Known, and something crypto/ verifies: SHA-1 is not. */
static bool scheme_known(uint16_t id)
{
    const struct scheme *scheme = scheme_by_id(id);
    return scheme != NULL && scheme->hash != HASH_SHA1;
}
