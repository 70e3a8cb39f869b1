/* The hellos read as far as they go. The codec refuses a hello as a whole when one extension in it is wrong; whoever looks
   for what is wrong wants the rest all the same. */
#ifndef EXPLAIN_HELLO_H
#define EXPLAIN_HELLO_H

#include "explain/dissection.h"

struct hello {
    bool read;              /* as far as the extensions: the members below hold */
    uint16_t legacy_version;
    bytes random, session_id;
    struct u16s suites;     /* ClientHello: the offer; ServerHello: one */
    bytes compressions;     /* likewise */
    bytes extensions;       /* content of the block: walk it with extensions_next; empty when there is none */
    /* Out of the extensions; empty where there is no such extension or it can't be read. */
    struct u16s versions, groups, schemes;
    bytes alpn;             /* walk it with alpn_next */
    bytes host_name;
};

/* The first hello of that side; a ServerHello that asks for another ClientHello does not count. */
struct hello hello_of(const struct dissection *d, uint8_t from);
struct hello hello_read(bytes message, bool client);
/* Content of the first extension with that number; data NULL when there is none (an empty one has data). */
bytes hello_extension(const struct hello *h, uint16_t id);

#endif
