/* Messages that prove who speaks: Certificate (RFC 5246 7.4.2), CertificateStatus (RFC 6066 8, RFC 6961), CertificateRequest
   (RFC 5246 7.4.4), CertificateVerify (RFC 5246 7.4.8), Finished (RFC 5246 7.4.9, RFC 9846 4.4.4). Certificates are handed
   on as DER; reading them is the business of x509/. */
#include "wire/messages.h"
#include "wire/names.h"

enum { STATUS_OCSP = 1, STATUS_OCSP_MULTI = 2 };

static void certificate(struct wire *w, struct wire_entry *entry);
static void authority(struct wire *w, struct wire_entry *entry);
static void ocsp_response(struct wire *w, struct wire_entry *entry);

void wire_certificate_12(struct wire *w, struct certificate_message *m)
{
    wire_list(w, "certificate_list", &m->list, 3, 0, 0xffffff, certificate);
}

bool certificates_next(bytes *rest, bytes *der)
{
    if (rest->len < 3 || load24(rest->data) > rest->len - 3)
        return false;
    *der = bytes_of(rest->data + 3, load24(rest->data));
    *rest = bytes_skip(*rest, 3 + der->len);
    return true;
}

void wire_certificate_status(struct wire *w, struct certificate_status *m)
{
    wire_u8(w, "status_type", &m->type, &status_type_names);
    if (m->type == STATUS_OCSP)
        wire_opaque24(w, "response", &m->response, 1, 0xffffff);
    else if (m->type == STATUS_OCSP_MULTI)
        wire_list(w, "ocsp_response_list", &m->response, 3, 1, 0xffffff, ocsp_response);
    else
        wire_rest(w, "response", &m->response);
}

/* The lower bound of the schemes is that of RFC 5246 7.4.1.4.1, where the same list is an extension. */
void wire_certificate_request_12(struct wire *w, struct certificate_request *m)
{
    wire_u8_list(w, "certificate_types", &m->types, 1, 1, 255, &certificate_type_names);
    if (!m->unnamed)
        wire_u16_list(w, "supported_signature_algorithms", &m->schemes, 2, 2, 65534, &scheme_names);
    wire_list(w, "certificate_authorities", &m->authorities, 2, 0, 65535, authority);
}

void wire_certificate_verify(struct wire *w, struct certificate_verify *m)
{
    if (!m->unnamed)
        wire_u16(w, "algorithm", &m->scheme, &scheme_names);
    wire_opaque16(w, "signature", &m->signature, 0, 65535);
}

/* 12 bytes for every suite of TLS 1.2 that names no other number; a hash in TLS 1.3. Its value is compared elsewhere. */
void wire_finished(struct wire *w, struct finished *m)
{
    size_t len = w->writing ? m->verify_data.len : wire_left(w);
    if (!w->bad && (len < 12 || len > 64))
        wire_flaw(w, w->at, "verify_data", len < 12 ? "is too short" : "is too long");
    wire_rest(w, "verify_data", &m->verify_data);
}

static void certificate(struct wire *w, struct wire_entry *entry)
{
    wire_opaque24(w, "certificate", &entry->body, 1, 0xffffff);
}

static void authority(struct wire *w, struct wire_entry *entry)
{
    wire_opaque16(w, "distinguished_name", &entry->body, 1, 65535);
}

/* May be empty: nothing known about this certificate of the chain (RFC 6961 2.2). */
static void ocsp_response(struct wire *w, struct wire_entry *entry)
{
    wire_opaque24(w, "ocsp_response", &entry->body, 0, 0xffffff);
}
