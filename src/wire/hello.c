/* The two hellos: ClientHello (RFC 5246 7.4.1.2, RFC 9846 4.1.2) and ServerHello (RFC 5246 7.4.1.3, RFC 9846 4.1.3), which
   is a HelloRetryRequest when its random says so (RFC 9846 4.1.4). Their shape is the same in both versions. What stands
   in their extensions is in extensions.c; what the values mean for the handshake is not decided here. */
#include "wire/messages.h"
#include "wire/names.h"

const uint8_t hello_retry_random[32] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
                                        0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
                                        0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

void wire_client_hello(struct wire *w, struct client_hello *m)
{
    wire_u16(w, "client_version", &m->legacy_version, &version_names);
    wire_fixed(w, "random", m->random, 32);
    wire_opaque8(w, "session_id", &m->session_id, 0, 32);
    wire_u16_list(w, "cipher_suites", &m->suites, 2, 2, 65534, &suite_names);
    wire_u8_list(w, "compression_methods", &m->compressions, 1, 1, 255, &compression_names);
    wire_extensions(w, IN_CLIENT_HELLO, &m->extensions);
}

void wire_server_hello(struct wire *w, struct server_hello *m)
{
    wire_u16(w, "server_version", &m->legacy_version, &version_names);
    wire_fixed(w, "random", m->random, 32);
    wire_opaque8(w, "session_id", &m->session_id, 0, 32);
    wire_u16(w, "cipher_suite", &m->suite, &suite_names);
    wire_u8(w, "compression_method", &m->compression, &compression_names);
    bool retry = bytes_equal(bytes_of(m->random, 32), BYTES_OF(hello_retry_random));
    wire_extensions(w, retry ? IN_HELLO_RETRY : IN_SERVER_HELLO, &m->extensions);
}
