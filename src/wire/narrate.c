/* One door for whoever has a handshake message's body and wants its fields named: the type chooses the routine. The engine
   does not use it; it knows which message it expects. A body whose layout is not known here is one field of bytes. */
#include "wire/messages.h"

enum { SSL3 = 0x0300, TLS12 = 0x0303, TLS13 = 0x0304 };

/* A raw public key in place of the list (RFC 7250 3): a SEQUENCE where the first certificate's length would be. A certificate
   of three megabytes would be taken for one. */
static bool is_raw_key(const struct wire *w)
{
    enum { LENGTH = 3, SEQUENCE = 0x30 };
    return !w->bad && wire_left(w) > LENGTH && w->base[w->at + LENGTH] == SEQUENCE;
}

void wire_narrate(struct wire *w, uint8_t type, const struct message_context *context)
{
    union {
        struct client_hello client_hello;
        struct server_hello server_hello;
        struct certificate_message certificate;
        struct server_key_exchange server_key_exchange;
        struct client_key_exchange client_key_exchange;
        struct certificate_request request;
        struct certificate_verify verify;
        struct certificate_status status;
        struct new_session_ticket ticket;
        struct certificate_request_13 request_13;
        struct new_session_ticket_13 ticket_13;
        struct key_update key_update;
        struct compressed_certificate compressed;
        struct next_protocol next_protocol;
        struct finished finished;
        struct extensions extensions;
        bytes raw;
    } m;
    memset(&m, 0, sizeof m);
    uint8_t kx = context && context->kx ? context->kx : KX_UNKNOWN;
    uint16_t version = context ? context->version : 0;
    const bool old = version != 0 && version < TLS12, new = version >= TLS13;
    switch (type) {
    case MSG_HELLO_REQUEST:
        wire_hello_request(w, NULL);
        break;
    case MSG_CLIENT_HELLO:
        wire_client_hello(w, &m.client_hello);
        break;
    case MSG_SERVER_HELLO:
        wire_server_hello(w, &m.server_hello);
        break;
    case MSG_NEW_SESSION_TICKET:
        if (new)
            wire_new_session_ticket_13(w, &m.ticket_13);
        else
            wire_new_session_ticket_12(w, &m.ticket);
        break;
    case MSG_ENCRYPTED_EXTENSIONS:
        wire_extensions(w, IN_ENCRYPTED_EXTENSIONS, &m.extensions);
        break;
    case MSG_CERTIFICATE:
        if (new)
            wire_certificate_13(w, &m.certificate);
        else if (is_raw_key(w))
            wire_opaque24(w, "subject_public_key_info", &m.raw, 1, 0xffffff);
        else
            wire_certificate_12(w, &m.certificate);
        break;
    case MSG_SERVER_KEY_EXCHANGE:
        m.server_key_exchange.kx = kx;
        m.server_key_exchange.unnamed = old;
        wire_server_key_exchange(w, &m.server_key_exchange);
        break;
    case MSG_CERTIFICATE_REQUEST:
        m.request.unnamed = old;
        if (new)
            wire_certificate_request_13(w, &m.request_13);
        else
            wire_certificate_request_12(w, &m.request);
        break;
    case MSG_SERVER_HELLO_DONE:
        wire_server_hello_done(w, NULL);
        break;
    case MSG_CERTIFICATE_VERIFY:
        m.verify.unnamed = old;
        wire_certificate_verify(w, &m.verify);
        break;
    case MSG_CLIENT_KEY_EXCHANGE:
        m.client_key_exchange.kx = kx;
        m.client_key_exchange.unprefixed = version == SSL3;
        wire_client_key_exchange(w, &m.client_key_exchange);
        break;
    case MSG_FINISHED:
        wire_finished(w, &m.finished);
        break;
    case MSG_CERTIFICATE_STATUS:
        wire_certificate_status(w, &m.status);
        break;
    case MSG_END_OF_EARLY_DATA:
        break;
    case MSG_KEY_UPDATE:
        wire_key_update(w, &m.key_update);
        break;
    case MSG_COMPRESSED_CERTIFICATE:
        wire_compressed_certificate(w, &m.compressed);
        break;
    case MSG_NEXT_PROTOCOL:
        wire_next_protocol(w, &m.next_protocol);
        break;
    default:
        wire_rest(w, "body", &m.raw);
        break;
    }
}
