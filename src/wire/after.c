/* What stands around the handshake proper: the handshake header (RFC 5246 7.4), the record header (RFC 5246 6.2.1), alerts
   (7.2), ChangeCipherSpec (7.1), HelloRequest (7.4.1.1), NewSessionTicket (RFC 5077 3.3), NextProtocol (draft-agl-tls-nextprotoneg-04 3). */
#include "base/error.h"
#include "wire/messages.h"
#include "wire/names.h"

void wire_header(struct wire *w, uint8_t *type, uint32_t *len)
{
    wire_u8(w, "msg_type", type, &handshake_names);
    wire_u24(w, "length", len);
}

void wire_record_header(struct wire *w, struct record_header *m)
{
    wire_u8(w, "type", &m->type, &content_type_names);
    wire_u16(w, "version", &m->version, &version_names);
    wire_u16(w, "length", &m->len, NULL);
}

void wire_alert(struct wire *w, struct alert_message *m)
{
    wire_u8(w, "level", &m->level, &alert_level_names);
    wire_u8(w, "description", &m->description, &alert_names);
}

void wire_ccs(struct wire *w, uint8_t *one)
{
    size_t start = w->at;
    wire_u8(w, "type", one, NULL);
    if (!w->bad && *one != 1)
        wire_flaw_reason(w, start, "type", FEDE_CCS_BAD, *one);
}

void wire_new_session_ticket_12(struct wire *w, struct new_session_ticket *m)
{
    wire_u32(w, "ticket_lifetime_hint", &m->lifetime_hint, FIELD_NUMBER);
    wire_opaque16(w, "ticket", &m->ticket, 0, 65535);
}

void wire_next_protocol(struct wire *w, struct next_protocol *m)
{
    wire_text8(w, "selected_protocol", &m->selected, 0, 255);
    wire_opaque8(w, "padding", &m->padding, 0, 255);
}

void wire_hello_request(struct wire *w, void *m)
{
    (void)w;
    (void)m;
}
