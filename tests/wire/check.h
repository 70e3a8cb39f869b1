/* What must hold for every message, whatever its bytes: shared by the tests of the codec and by its fuzzer. */
#ifndef TESTS_WIRE_CHECK_H
#define TESTS_WIRE_CHECK_H

#include "wire/messages.h"

union any_message {
    struct client_hello client_hello;
    struct server_hello server_hello;
    struct certificate_message certificate;
    struct server_key_exchange server_key_exchange;
    struct client_key_exchange client_key_exchange;
    struct certificate_request request;
    struct certificate_verify verify;
    struct certificate_status status;
    struct new_session_ticket ticket;
    struct finished finished;
    struct alert_message alert;
    struct record_header record;
    struct certificate_request_13 request_13;
    struct new_session_ticket_13 ticket_13;
    struct compressed_certificate compressed;
    struct key_update update;
    struct extensions extensions;
    struct { uint8_t type; uint32_t len; } header;
    uint8_t ccs;
};

/* One routine of the codec with what it must be told beforehand: a key exchange, or a place for extensions. */
struct codec {
    const char *name;
    uint8_t type;  /* handshake message, UINT8_MAX: none */
    uint8_t kx;
    enum ext_place place;
    void (*run)(struct wire *w, union any_message *m);
};
extern const struct codec codecs[];
extern const size_t codecs_len;
const struct codec *codec_for(uint8_t type, uint8_t kx); /* NULL when there is none */

void codec_run(const struct codec *codec, struct wire *w, union any_message *m);

/* Reads, narrates, writes. The same bytes must come back; each byte must belong to exactly one field; nothing may be read,
   named or written outside. Returns NULL, or what does not hold. *accepted: whether the bytes were a message at all. */
const char *codec_check(const struct codec *codec, bytes in, bool *accepted);

/* Places of the length prefixes in a message that was accepted. Returns how many. */
struct length_at { size_t at; uint8_t size; };
size_t codec_lengths(const struct codec *codec, bytes in, struct length_at *lengths, size_t max);

#endif
