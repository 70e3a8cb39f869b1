/* SSL 2.0 as it is met in captures: the ClientHello in its form, with which a client may begin any later version (RFC 5246 E.2,
   RFC 6101 E), and connections of SSL 2.0 itself up to the point where they are encrypted. Nothing here is decrypted. */
#ifndef EXPLAIN_SSL2_H
#define EXPLAIN_SSL2_H

#include "explain/annotate.h"
#include "fede/trace.h"

enum { SSL2_VERSION = 0x0002 };
/* Messages are told as MESSAGE events whose bytes begin with the message's number, and whose `what` is that number with
   this bit: they have no four-byte header. */
enum { MSG_SSL2 = 0x200 };
enum ssl2_msg { SSL2_ERROR = 0, SSL2_CLIENT_HELLO = 1, SSL2_CLIENT_MASTER_KEY = 2, SSL2_SERVER_HELLO = 4 };

/* A record has no type and no version: two bytes of length with the top bit set, or three, of which the last is padding. */
struct ssl2_record {
    size_t header, len; /* len: of what follows the header */
    size_t padding;
};
/* False: the header is not there yet. */
bool ssl2_record_read(bytes in, struct ssl2_record *out);
/* A record event's bytes, told from TLS by their first one; encrypted records of SSL 2 by the event's version. */
static inline bool ssl2_is_record(const fede_event *e)
{
    return e->version == SSL2_VERSION || (e->bytes.len > 0 && (e->bytes.data[0] & 0x80) != 0);
}

struct ssl2_client_hello {
    uint16_t version;
    bytes suites, session_id, challenge; /* suites: three bytes each */
};
struct ssl2_server_hello {
    uint8_t session_id_hit, certificate_type;
    uint16_t version;
    bytes certificate, suites, connection_id;
};
struct ssl2_master_key {
    uint32_t cipher;
    bytes clear, encrypted, argument;
};
/* Messages, from their number on. False: malformed. */
bool ssl2_client_hello_read(bytes message, struct ssl2_client_hello *out);
bool ssl2_server_hello_read(bytes message, struct ssl2_server_hello *out);
bool ssl2_master_key_read(bytes message, struct ssl2_master_key *out);

struct annotation annotate_ssl2_record(struct arena *arena, bytes record, bool encrypted);
struct annotation annotate_ssl2_message(struct arena *arena, bytes message);
const char *ssl2_message_title(uint8_t type); /* "SSL 2 CLIENT-HELLO" */
const char *ssl2_message_path(uint8_t type);  /* "ssl2_client_hello" */
/* What matters in one, in a few words. */
void ssl2_facts(bytes message, struct text *out);

extern const struct names ssl2_cipher_names, ssl2_error_names, ssl2_message_names;

#endif
