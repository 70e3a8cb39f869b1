/* From bytes to fields: each routine makes the tree of one thing seen on the wire. Names and values come from the codec's
   own narration, so what is shown is what the engine would read. Broken input gives the fields up to each error; what can't be
   read there is bytes called "unread", and goes on behind them. */
#ifndef EXPLAIN_ANNOTATE_H
#define EXPLAIN_ANNOTATE_H

#include "explain/faults.h"
#include "explain/field.h"
#include "wire/messages.h"

struct annotation {
    struct field *root;    /* NULL only without memory */
    struct faults faults;  /* every broken rule, in the order of reading; first NULL: all is well */
    const struct annotation *inside; /* the Certificate out of a CompressedCertificate; NULL: there is none */
    const char *not_inside; /* why there is none; NULL */
    bool cut;              /* memory did not suffice for all fields */
};

/* A whole handshake message with its 4-byte header. */
struct annotation annotate_message(struct arena *arena, bytes message, const struct message_context *context);

/* A whole record. suite 0: in the clear; otherwise the body is cut into nonce or IV, ciphertext and tag or MAC as that suite
   does in that version, when the suite is known. */
struct record_protection {
    uint16_t suite, version;
    bool mac_last; /* encrypt_then_mac */
};
struct annotation annotate_record(struct arena *arena, bytes record, struct record_protection protection);

/* Anything that one routine reads; root: its name. */
struct annotation annotate_form(struct arena *arena, bytes input, const char *root, void (*form)(struct wire *w));
struct annotation annotate_alert(struct arena *arena, bytes body);
struct annotation annotate_ccs(struct arena *arena, bytes body);

/* One certificate in DER. The second form adds what DER holds below parent, at that offset of its message. */
struct annotation annotate_certificate(struct arena *arena, bytes der);
enum der_kind { DER_CERTIFICATE /* or a raw public key, RFC 7250 */, DER_OCSP_RESPONSE, DER_NAME };
void annotate_der(struct faults *faults, struct field *parent, bytes der, size_t offset, enum der_kind kind);

/* What is called how: "ClientHello" and "client_hello" for 1; with the bit MSG_SSL2 (ssl2.h) those of SSL 2.0. Never NULL. */
const char *message_title(uint16_t type);
const char *message_path(uint16_t type);

#endif
