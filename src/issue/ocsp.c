/* issue/ocsp.c: OCSP responses (RFC 6960 4.2): about one certificate, for a server to staple; in answer to a request. Signed by the
   CA, or by a certificate that it made for this and that goes along. What is written here is read by x509/ocsp.c. */
#include "issue/issue.h"

#include "base/error.h"
#include "base/memory.h"
#include "x509/ocsp.h"

enum { ANSWERS_MOST = 64, MALFORMED = 1, UNAUTHORIZED = 6 };

/* About one certificate. */
struct answer {
    bytes id; /* the CertID asked for; data NULL: by the serial number */
    bytes serial;
    fede_ocsp_status status;
    fede_revoked revoked;
};
/* A whole response. */
struct content {
    const struct certificate *issuer, *signer; /* signer: a delegate, or the issuer */
    const struct answer *answers;
    size_t n;
    int64_t this_update, next_update;
    bytes nonce;
};

static size_t respond(const struct content *content, const fede_key *key, uint8_t *out, size_t size, fede_error *error);
static void write_data(struct der_out *w, const struct content *content);
static void write_status(struct der_out *w, const struct answer *answer);
static bool wrap(bytes basic, const struct content *content, uint8_t *out, size_t size, size_t *len);
static size_t refuse(unsigned status, uint8_t *out, size_t size);

size_t fede_issue_response(fede_bytes issuer_der, const fede_key *issuer_key, fede_bytes serial, const fede_revoked *revoked,
                           int64_t this_update, int64_t next_update, uint8_t *out, size_t size, fede_error *error)
{
    struct certificate issuer;
    struct answer answer = {.serial = serial};
    if (!issue_read_issuer(issuer_der, issuer_key, &issuer, error))
        return 0;
    if (revoked != NULL) {
        answer.status = FEDE_OCSP_REVOKED;
        answer.revoked = *revoked;
    }
    const struct content content = {.issuer = &issuer,
                                    .signer = &issuer,
                                    .answers = &answer,
                                    .n = 1,
                                    .this_update = this_update,
                                    .next_update = next_update};
    return respond(&content, issuer_key, out, size, error);
}

size_t fede_issue_answer(const fede_responder *responder, fede_bytes request, uint8_t *out, size_t size, fede_error *error)
{
    struct certificate issuer, delegate;
    struct ocsp_request asked;
    struct answer answers[ANSWERS_MOST];
    fede_error unread = {0};
    bool own = responder->delegate.len == 0, malformed = false;
    if (!issue_read_issuer(own ? responder->issuer : responder->delegate, responder->key, own ? &issuer : &delegate, error))
        return 0;
    if (!own && !certificate_read(responder->issuer, &issuer, &unread)) {
        error_set(error, FEDE_CONFIG_PEM, FEDE_ORIGIN_CALLER, "issuer", 0, 0);
        error->detail = "certificate of the CA";
        return 0;
    }
    struct content content = {.issuer = &issuer,
                              .signer = own ? &issuer : &delegate,
                              .answers = answers,
                              .this_update = responder->this_update,
                              .next_update = responder->next_update};
    if (!ocsp_request_read(request, &asked) || asked.unknown_critical)
        return refuse(MALFORMED, out, size);
    content.nonce = asked.nonce;
    struct ocsp_single id;
    for (bytes rest = asked.questions, der; ocsp_request_next(&rest, &id, &der, &malformed); content.n++) {
        if (content.n == ANSWERS_MOST || id.unknown_critical)
            return refuse(MALFORMED, out, size);
        if (!ocsp_id_issued_by(&id, issuer.subject, &issuer))
            return refuse(UNAUTHORIZED, out, size);
        struct answer *answer = &answers[content.n];
        *answer = (struct answer){.id = der, .serial = id.serial};
        answer->status = responder->status(responder->arg, id.serial, &answer->revoked);
    }
    return malformed ? refuse(MALFORMED, out, size) : respond(&content, responder->key, out, size, error);
}

static size_t respond(const struct content *content, const fede_key *key, uint8_t *out, size_t size, fede_error *error)
{
    uint8_t *room = memory_take(&memory_standard, 2 * size);
    size_t len = 0;
    if (room == NULL) {
        error_set(error, FEDE_OUT_OF_MEMORY, FEDE_ORIGIN_CALLER, NULL, 0, 0);
        return 0;
    }
    struct der_out w = der_to(room, size);
    write_data(&w, content);
    size_t basic = issue_sign(&w, key, 0, room + size, size, error);
    if (basic > 0 && !wrap(bytes_of(room + size, basic), content, out, size, &len)) {
        error_set(error, FEDE_OUTPUT_FAILED, FEDE_ORIGIN_CALLER, NULL, 0, 0);
        error->detail = "the room for what is issued is too small";
        len = 0;
    }
    memory_give(&memory_standard, room, 2 * size);
    return len;
}

static void write_data(struct der_out *w, const struct content *content)
{
    size_t data = der_open(w, DER_SEQUENCE), by_name = der_open(w, DER_CONTEXT_CONSTRUCTED(1));
    der_add(w, content->signer->subject);
    der_close(w, by_name);
    der_put_general_time(w, content->this_update);
    size_t list = der_open(w, DER_SEQUENCE);
    for (size_t i = 0; i < content->n; i++) {
        size_t single = der_open(w, DER_SEQUENCE);
        if (content->answers[i].id.data != NULL)
            der_add(w, content->answers[i].id);
        else
            ocsp_write_id(w, content->issuer, content->answers[i].serial);
        write_status(w, &content->answers[i]);
        der_put_general_time(w, content->this_update);
        size_t next = der_open(w, DER_CONTEXT_CONSTRUCTED(0));
        der_put_general_time(w, content->next_update);
        der_close(w, next);
        der_close(w, single);
    }
    der_close(w, list);
    ocsp_write_nonce(w, DER_CONTEXT_CONSTRUCTED(1), content->nonce);
    der_close(w, data);
}

static void write_status(struct der_out *w, const struct answer *answer)
{
    if (answer->status != FEDE_OCSP_REVOKED) {
        der_put(w, answer->status == FEDE_OCSP_GOOD ? DER_CONTEXT(0) : DER_CONTEXT(2), BYTES_NONE);
        return;
    }
    size_t status = der_open(w, DER_CONTEXT_CONSTRUCTED(1));
    der_put_general_time(w, answer->revoked.at);
    if (answer->revoked.reason > 0) {
        size_t reason = der_open(w, DER_CONTEXT_CONSTRUCTED(0));
        der_put_number(w, DER_ENUMERATED, (uint64_t)answer->revoked.reason);
        der_close(w, reason);
    }
    der_close(w, status);
}

/* OCSPResponse: successful, and the BasicOCSPResponse inside, with the delegate's certificate behind the signature. */
static bool wrap(bytes basic, const struct content *content, uint8_t *out, size_t size, size_t *len)
{
    struct der_out w = der_to(out, size);
    bytes is_signed = BYTES_NONE;
    size_t whole = der_open(&w, DER_SEQUENCE);
    der_put_number(&w, DER_ENUMERATED, 0);
    size_t outer = der_open(&w, DER_CONTEXT_CONSTRUCTED(0)), typed = der_open(&w, DER_SEQUENCE);
    der_put_oid(&w, "1.3.6.1.5.5.7.48.1.1");
    size_t inner = der_open(&w, DER_OCTET_STRING), response = der_open(&w, DER_SEQUENCE);
    der_only(basic, DER_SEQUENCE, &is_signed);
    der_add(&w, is_signed);
    if (content->signer != content->issuer) {
        size_t certificates = der_open(&w, DER_CONTEXT_CONSTRUCTED(0)), list = der_open(&w, DER_SEQUENCE);
        der_add(&w, content->signer->der);
        der_close(&w, list);
        der_close(&w, certificates);
    }
    der_close(&w, response);
    der_close(&w, inner);
    der_close(&w, typed);
    der_close(&w, outer);
    der_close(&w, whole);
    *len = w.len;
    return !w.over;
}

/* An answer that is none, unsigned: RFC 6960 4.2.1. */
static size_t refuse(unsigned status, uint8_t *out, size_t size)
{
    const uint8_t der[] = {DER_SEQUENCE, 3, DER_ENUMERATED, 1, (uint8_t)status};
    if (size < sizeof der)
        return 0;
    bytes_copy(out, der, sizeof der);
    return sizeof der;
}
