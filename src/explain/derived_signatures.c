/* explain/derived_signatures.c: who signed what in a handshake up to TLS 1.2, and whether it holds.

   The signature of ServerKeyExchange (RFC 5246 7.4.3) and of CertificateVerify (7.4.8), those of the certificates among each
   other (RFC 5280 6.1), that of a stapled OCSP response (RFC 6960 3.2). The issuer is looked for among the certificates sent and
   in the path that verification found. A signature that can't be checked says why. */
#include "explain/derived_parts.h"

#include <time.h>

#include "crypto/offline.h"
#include "explain/pss.h"
#include "explain/raw_key.h"
#include "explain/ssl3.h"
#include "explain/staple.h"
#include "x509/certificate.h"

static void certificates(struct derived_job *j);
static void key_exchange(struct derived_job *j);
static void certificate_verify(struct derived_job *j);
static void verify_ssl3(struct derived_job *j, struct derived_verdict *v, const struct public_key *key, bytes signature,
                        struct text *by);
static void staple(struct derived_job *j);
static bool computed(bool unnamed, uint16_t scheme);
static void verify(struct derived_verdict *v, const struct public_key *key, uint16_t scheme, bytes input,
                   bytes signature, struct text *by);

void derived_signatures(struct derived_job *j)
{
    certificates(j);
    key_exchange(j);
    if (j->d->version < 0x0304)
        certificate_verify(j);
    staple(j);
}

/* Each certificate by the next one, the last by itself or by the end of the path that verification found. */
static void certificates(struct derived_job *j)
{
    enum { SHOWN = 10 };
    const struct dissection *d = j->d;
    for (size_t i = 0; i < d->n_certificates && i < SHOWN; i++) {
        struct certificate c, issuer;
        fede_error error = {0};
        struct derived_verdict *v =
            derived_judge(j->out, "certificate_signature", "signature of a certificate", "RFC 5280 6.1.3", FEDE_SERVER);
        if (v == NULL)
            return;
        v->certificate = (int)i;
        struct text t = text_in(v->text, sizeof v->text);
        if (!certificate_read(d->certificates[i], &c, &error)) {
            derived_say(v, VERDICT_OPEN, "the certificate can't be read");
            continue;
        }
        bool found = false, itself = false;
        for (size_t k = 0; k < d->n_certificates && !found; k++) {
            size_t at = (i + 1 + k) % d->n_certificates; /* the next one first */
            found = certificate_read(d->certificates[at], &issuer, &error) && certificate_names_issuer(&c, &issuer);
            itself = found && at == i;
        }
        for (size_t k = 0; d->verdict != NULL && k < d->verdict->path_len && !found; k++)
            found = certificate_read(d->verdict->path[k], &issuer, &error) && certificate_names_issuer(&c, &issuer);
        const struct scheme *scheme = scheme_by_id(c.scheme);
        v->input = c.tbs;
        if (!found) {
            derived_say(v, VERDICT_OPEN, "the issuer's certificate was not sent and is not known here");
        } else if (scheme == NULL && !signature_is_pss(&c)) {
            derived_say(v, VERDICT_OPEN, "its signature algorithm is not computed here");
        } else if (issuer.key.kind == 0) {
            derived_say(v, VERDICT_OPEN, "the issuer's kind of key is not known here");
        } else {
            v->outcome = signature_computed(&c, &issuer) ? VERDICT_VERIFIED : VERDICT_FAILED;
            text_add(&t, scheme != NULL ? scheme->name : "RSASSA-PSS");
            text_add(&t, itself ? ", by its own key" : ", by the key of ");
            if (!itself)
                certificate_title(issuer.der, &t);
        }
    }
}

static void key_exchange(struct derived_job *j)
{
    const struct kept_message *m = dissection_message(j->d, FEDE_SERVER, MSG_SERVER_KEY_EXCHANGE, 0);
    if (m == NULL)
        return;
    struct derived_verdict *v =
        derived_judge(j->out, "server_key_exchange", "signature of ServerKeyExchange", "RFC 5246 7.4.3", FEDE_SERVER);
    if (v == NULL)
        return;
    struct server_key_exchange ske = {.kx = j->suite.kx, .unnamed = dissection_unnamed(j->d)};
    struct wire w = wire_reader(bytes_skip(m->bytes, 4));
    wire_server_key_exchange(&w, &ske);
    const bytes shown = j->d->n_certificates > 0 ? j->d->certificates[0] : j->d->raw_key;
    struct public_key key;
    if (!j->is_12) {
        derived_say(v, VERDICT_OPEN, derived_not_computed(j));
    } else if (!wire_done(&w)) {
        derived_say(v, VERDICT_OPEN, "the message can't be read");
    } else if (!ske.is_signed) {
        derived_say(v, VERDICT_OPEN, "with this key exchange it is not signed");
    } else if (!shown_key(shown, &key)) {
        derived_say(v, VERDICT_OPEN, "the server's certificate was not seen, or can't be read");
    } else if (!computed(ske.unnamed, ske.scheme) || key.kind == 0) {
        derived_say(v, VERDICT_OPEN,
                    key.kind != 0 ? "its signature scheme is not computed here"
                                       : "the certificate's kind of key is not known here");
    } else {
        uint8_t *in = arena_take(j->arena, 64 + ske.params.len);
        if (in == NULL) {
            derived_say(v, VERDICT_OPEN, "there was not enough memory");
            return;
        }
        bytes_copy(in, j->client.random.data, 32);
        bytes_copy(in + 32, j->server.random.data, 32);
        bytes_copy(in + 64, ske.params.data, ske.params.len);
        v->input = bytes_of(in, 64 + ske.params.len);
        struct text t = text_in(v->text, sizeof v->text);
        verify(v, &key, ske.unnamed ? 0 : ske.scheme, v->input, ske.signature, &t);
        text_add(&t, ", over both randoms and the parameters, by the key in the server's certificate");
    }
}

static void certificate_verify(struct derived_job *j)
{
    const struct kept_message *m = dissection_message(j->d, FEDE_CLIENT, MSG_CERTIFICATE_VERIFY, 0),
                              *list = dissection_message(j->d, FEDE_CLIENT, MSG_CERTIFICATE, 0);
    if (m == NULL)
        return;
    struct derived_verdict *v =
        derived_judge(j->out, "certificate_verify", "signature of CertificateVerify", "RFC 5246 7.4.8", FEDE_CLIENT);
    if (v == NULL)
        return;
    struct certificate_verify cv = {.unnamed = dissection_unnamed(j->d)};
    struct certificate_message cm = {0};
    struct public_key key;
    bytes der = BYTES_NONE, body = bytes_skip(list != NULL ? list->bytes : BYTES_NONE, 4);
    const bool raw = raw_key_of(body, false, &der);
    struct wire w = wire_reader(bytes_skip(m->bytes, 4)), of_list = wire_reader(body);
    wire_certificate_verify(&w, &cv);
    wire_certificate_12(&of_list, &cm);
    if (!j->is_12)
        derived_say(v, VERDICT_OPEN, derived_not_computed(j));
    else if (!wire_done(&w))
        derived_say(v, VERDICT_OPEN, "the message can't be read");
    else if ((!raw && (!wire_done(&of_list) || !certificates_next(&cm.list, &der))) || !shown_key(der, &key))
        derived_say(v, VERDICT_OPEN, "the client's certificate was not seen, or can't be read");
    else if (!computed(cv.unnamed, cv.scheme) || key.kind == 0)
        derived_say(v, VERDICT_OPEN, "its signature scheme is not computed here");
    else if (j->d->handshake_cut)
        derived_say(v, VERDICT_OPEN, "not all messages of the handshake are known");
    else {
        v->input = derived_transcript(j, m, false);
        struct text t = text_in(v->text, sizeof v->text);
        if (j->d->version == SSL3_VERSION) {
            verify_ssl3(j, v, &key, cv.signature, &t);
            return;
        }
        verify(v, &key, cv.unnamed ? 0 : cv.scheme, v->input, cv.signature, &t);
        text_add(&t, ", over all messages before it, by the key in the client's certificate");
    }
}

/* Over the messages and the master secret: both hashes for RSA, SHA-1 alone for ECDSA. */
static void verify_ssl3(struct derived_job *j, struct derived_verdict *v, const struct public_key *key, bytes signature,
                        struct text *by)
{
    uint8_t hashes[SSL3_HASHES];
    if (j->d->master.len == 0) {
        derived_say(v, VERDICT_OPEN, "the master secret is not known here: in SSL 3.0 it is signed with the messages");
        return;
    }
    ssl3_hashes(j->d->master, 0, v->input, hashes);
    v->input = arena_copy(j->arena, BYTES_OF(hashes));
    v->outcome = offline_verify_digest(key, v->input, signature) ? VERDICT_VERIFIED : VERDICT_FAILED;
    text_add(by, "MD5 and SHA-1 over all messages before it and the master secret, by the key in the client's certificate");
}

/* The issuer is among the certificates sent, or in the path that verification found. */
static void staple(struct derived_job *j)
{
    enum { MOST = 64 };
    const struct dissection *d = j->d;
    const struct kept_message *m = dissection_message(d, FEDE_SERVER, MSG_CERTIFICATE_STATUS, 0);
    struct derived_verdict *v =
        m != NULL ? derived_judge(j->out, "certificate_status", "signature of the stapled OCSP response",
                                  "RFC 6960 3.2", FEDE_SERVER)
                  : NULL;
    bytes chain[MOST];
    size_t n = 0;
    if (v == NULL)
        return;
    for (size_t i = 0; i < d->n_certificates && n < MOST; i++)
        chain[n++] = d->certificates[i];
    for (size_t i = 1; d->verdict != NULL && i < d->verdict->path_len && n < MOST; i++)
        chain[n++] = d->verdict->path[i];
    struct certificate_status status = {0};
    struct wire w = wire_reader(bytes_skip(m->bytes, 4));
    struct text t = text_in(v->text, sizeof v->text);
    wire_certificate_status(&w, &status);
    if (!wire_done(&w)) {
        derived_say(v, VERDICT_OPEN, "the message can't be read");
        return;
    }
    v->input = status.response;
    int64_t at = d->verdict != NULL ? d->verdict->at : (int64_t)time(NULL); /* a live connection: this is about now */
    v->outcome = (uint8_t)staple_judge(status.response, chain, n, NULL, at, &t);
}

static bool with_sha1(uint16_t scheme)
{
    return scheme == 0x0201 || scheme == 0x0203;
}

static bool computed(bool unnamed, uint16_t scheme)
{
    return unnamed || with_sha1(scheme) || scheme_by_id(scheme) != NULL;
}

/* scheme 0: before TLS 1.2, when the kind of key says it all. */
static void verify(struct derived_verdict *v, const struct public_key *key, uint16_t scheme, bytes input,
                   bytes signature, struct text *by)
{
    bool old = scheme == 0 || with_sha1(scheme);
    bool good = old ? offline_verify(key, scheme, input, signature)
                    : crypto_verify(key, scheme_by_id(scheme), input, signature);
    v->outcome = good ? VERDICT_VERIFIED : VERDICT_FAILED;
    text_add(by, scheme != 0            ? scheme_title(scheme)
                 : key->kind == KEY_RSA ? "RSA with MD5 and SHA-1"
                                        : "ECDSA with SHA-1");
}

void derived_signature(struct derived_verdict *v, bytes certificate, uint16_t scheme, bytes input, bytes signature,
                       const char *over)
{
    struct public_key key;
    struct text t = text_in(v->text, sizeof v->text);
    if (!shown_key(certificate, &key) || key.kind == 0) {
        text_add(&t, "the certificate can't be read, or its kind of key is not known here");
        return;
    }
    if (!computed(scheme == 0, scheme)) {
        text_add(&t, "its signature scheme is not computed here");
        return;
    }
    verify(v, &key, scheme, input, signature, &t);
    text_add(&t, ", over ");
    text_add(&t, over);
    text_add(&t, ", by the key in the certificate");
}
