/* Messages whose layout TLS 1.3 changed or brought: Certificate (RFC 9846 4.4.2), CertificateRequest (4.3.2), NewSessionTicket
   (4.6.1), KeyUpdate (4.6.3); CompressedCertificate (RFC 8879 4). What stands in their extensions is in extensions.c. */
#include "base/error.h"
#include "wire/messages.h"
#include "wire/names.h"

static void certificate_entry(struct wire *w, struct wire_entry *entry);

void wire_certificate_13(struct wire *w, struct certificate_message *m)
{
    wire_opaque8(w, "certificate_request_context", &m->context, 0, 255);
    wire_list(w, "certificate_list", &m->list, 3, 0, 0xffffff, certificate_entry);
}

bool certificates_13_next(bytes *rest, bytes *der, bytes *extensions)
{
    if (!certificates_next(rest, der) || rest->len < 2 || load16(rest->data) > rest->len - 2)
        return false;
    *extensions = bytes_of(rest->data + 2, load16(rest->data));
    *rest = bytes_skip(*rest, 2 + extensions->len);
    return true;
}

void wire_certificate_request_13(struct wire *w, struct certificate_request_13 *m)
{
    wire_opaque8(w, "certificate_request_context", &m->context, 0, 255);
    wire_extensions(w, IN_CERTIFICATE_REQUEST, &m->extensions);
}

void wire_new_session_ticket_13(struct wire *w, struct new_session_ticket_13 *m)
{
    wire_u32(w, "ticket_lifetime", &m->lifetime, FIELD_NUMBER);
    wire_u32(w, "ticket_age_add", &m->age_add, FIELD_NUMBER);
    wire_opaque8(w, "ticket_nonce", &m->nonce, 0, 255);
    wire_opaque16(w, "ticket", &m->ticket, 1, 65535);
    wire_extensions(w, IN_NEW_SESSION_TICKET, &m->extensions);
}

void wire_key_update(struct wire *w, struct key_update *m)
{
    size_t start = w->at;
    wire_u8(w, "request_update", &m->request, &key_update_names);
    if (!w->bad && m->request > 1)
        wire_flaw_reason(w, start, "request_update", FEDE_FIELD_VALUE, m->request);
}

void wire_compressed_certificate(struct wire *w, struct compressed_certificate *m)
{
    wire_u16(w, "algorithm", &m->algorithm, &certificate_compression_names);
    wire_u24(w, "uncompressed_length", &m->uncompressed_len);
    wire_opaque24(w, "compressed_certificate_message", &m->compressed, 1, 0xffffff);
}

/* The extensions are checked when read and kept as bytes; they are written from these. */
static void certificate_entry(struct wire *w, struct wire_entry *entry)
{
    enum { LENGTH = 2 };
    struct wire_block block = wire_open(w, "certificate_entry", 0, 0, 0, FIELD_STRUCT);
    wire_opaque24(w, "cert_data", &entry->body, 1, 0xffffff);
    if (w->writing) {
        wire_opaque16(w, "extensions", &entry->name, 0, 65535);
    } else {
        size_t start = w->at;
        struct extensions extensions = {0};
        wire_extensions(w, IN_CERTIFICATE, &extensions);
        if (!w->bad)
            entry->name = bytes_of(w->base + start + LENGTH, w->at - start - LENGTH);
    }
    wire_close(w, &block);
}
